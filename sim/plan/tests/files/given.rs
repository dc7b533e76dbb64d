//! Program files to test with.

use proptest::prelude::*;
use satkit_plan::{DataflowChoice, MacStage, Program, ProgramFile, Section, Work, plan_stage};
use satkit_spec::isa::{
    Instruction, Operation, Parameters, Prune, Reads, Semaphore, SemaphoreSet, Shape, Tensors,
    Update, Vector, VectorOp, Walk, Weights, Writes,
};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage, WeightOperand};
use std::sync::LazyLock;

/// Instructions of every kind: those of real stages, then updates and elementwise streams.
pub(crate) fn instructions() -> &'static [Instruction] {
    static INSTRUCTIONS: LazyLock<Vec<Instruction>> = LazyLock::new(|| {
        let mut instructions = stages();
        instructions.extend(streams());
        instructions
    });
    &INSTRUCTIONS
}

fn stages() -> Vec<Instruction> {
    let config = ArrayConfig::tiny();
    let shape = ConvShape::new(2, 8, (5, 5), 8, (3, 3), 2, 1).unwrap();
    let mut instructions = Vec::new();
    for (stage, sparsity, choice) in [
        (Stage::Ff, Sparsity::TWO_OF_EIGHT, DataflowChoice::Ws),
        (Stage::Bp, Sparsity::TWO_OF_EIGHT, DataflowChoice::Os),
        (Stage::Wu, Sparsity::DENSE, DataflowChoice::Auto),
    ] {
        let mac = MacStage::new(shape, stage, sparsity).unwrap();
        let plan = plan_stage(&config, mac, choice).unwrap();
        instructions.extend_from_slice(plan.program.instructions());
    }
    instructions
}

fn streams() -> [Instruction; 10] {
    let reads = Reads {
        first: 1 << 20,
        first_beats: 72,
        second: (1 << 30) - 1,
        second_beats: u32::MAX,
        third: 0,
        third_beats: 0,
    };
    let writes =
        Writes { first: 5, first_beats: 36, second: 6, second_beats: 1, third: 7, third_beats: 2 };
    let update =
        Update { parameters: 576, make_ff: true, make_bp: false, weights: true, guarded: false };
    let vector = Vector { op: VectorOp::BatchNormApply, elements: 144, last: true };
    let walk = Walk {
        slots: 100,
        start: 72,
        kept: 2,
        kept_left: 1,
        groups: 8,
        groups_left: 3,
        taps: 3,
        taps_left: 2,
        lines: 3,
        lines_left: 3,
        group_step: 8,
        tap_step: 8,
        line_step: (1 << 20) - 200,
        block_step: 1 << 10,
        psum: 0,
    };
    let weights = Weights {
        ci: 8,
        co: 16,
        h: 9,
        w: 9,
        kh: 3,
        kw: 3,
        stride: 2,
        pad: 1,
        n: 2,
        m: 8,
        ff: WeightOperand::PrunedCi,
        bp: WeightOperand::PrunedCo,
        decays_pruned: true,
    };
    let shape = Shape {
        batch: 4,
        channels: 16,
        h: 9,
        w: 9,
        window: 3,
        stride: 2,
        pad: 1,
        pooling: 1,
        relu: true,
        residual: true,
        running: false,
        bits: true,
        gradient: false,
        n: 2,
        m: 8,
        heads: 1,
        scale: 0.25_f32.to_bits(),
    };
    let tensors = Tensors { a: 1024, b: 2048, c: 0, x: 4096, y: 8192, z: 0 };
    let parameters =
        Parameters { scalars: 1, first: 2, second: 3, running: 4, sums: (1 << 30) - 1 };
    [
        Instruction::new(Operation::Weights(weights)),
        Instruction::new(Operation::Shape(shape)),
        Instruction::new(Operation::Tensors(tensors)),
        Instruction::new(Operation::Parameters(parameters)),
        Instruction::new(Operation::Walk(walk)),
        Instruction::new(Operation::Reads(reads)),
        Instruction::new(Operation::Writes(writes)),
        Instruction {
            wait: SemaphoreSet::of(&[Semaphore::StoredForUpdate, Semaphore::VectorForUpdate]),
            post: SemaphoreSet::of(&[Semaphore::UpdateForWeights]),
            operation: Operation::Update(update),
        },
        Instruction::new(Operation::Prune(Prune {
            parameters: 576,
            along_co: true,
            single: false,
        })),
        Instruction {
            wait: SemaphoreSet::of(&[Semaphore::StoredForVector]),
            post: SemaphoreSet::of(&[Semaphore::VectorForActivations]),
            operation: Operation::Vector(vector),
        },
    ]
}

/// The program of `instructions` with these sections: name, work, first, count.
pub(crate) fn program(
    instructions: &[Instruction],
    sections: &[(&str, Work, usize, usize)],
) -> Program {
    let section = |&(name, work, first, count): &(&str, Work, usize, usize)| Section {
        name: name.into(),
        work,
        first,
        count,
    };
    Program::with_sections(instructions.to_vec(), sections.iter().map(section).collect()).unwrap()
}

/// A file of a few instructions in two sections.
pub(crate) fn file() -> ProgramFile {
    let sections = [("conv1", Work::Ff, 0, 4), ("conv 2", Work::Bp, 5, 2)];
    ProgramFile {
        title: "a test".into(),
        array: ArrayConfig::tiny(),
        program: program(&instructions()[..9], &sections),
    }
}

/// Any file: instructions picked from real ones, any names, sections with gaps and without instructions.
pub(crate) fn any_file() -> impl Strategy<Value = ProgramFile> {
    let picked = proptest::collection::vec(proptest::sample::select(instructions()), 0..40);
    let work = proptest::sample::select(Work::ALL.to_vec());
    let sections = proptest::collection::vec((any::<String>(), work, 0..4usize, 0..6usize), 0..6);
    let arrays = proptest::sample::select(ArrayConfig::all());
    (picked, sections, arrays, any::<String>()).prop_map(|(picked, given, array, title)| {
        let mut sections = Vec::new();
        let mut free = 0;
        for (name, work, gap, count) in given {
            let first = free + gap;
            if first + count <= picked.len() {
                free = first + count;
                sections.push(Section { name, work, first, count });
            }
        }
        let program = Program::with_sections(picked, sections).unwrap();
        ProgramFile { title, array, program }
    })
}

#[test]
fn the_instructions_are_of_every_kind() {
    for (mnemonic, ..) in satkit_spec::isa::reference() {
        assert!(instructions().iter().any(|i| i.mnemonic() == mnemonic), "no {mnemonic}");
    }
}
