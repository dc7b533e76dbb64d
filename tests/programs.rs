//! Programs of parts of the machine.

use satkit_plan::{BankLayout, DataflowChoice, MacStage, TileSpace, plan_stage};
use satkit_rtl::Psums;
use satkit_spec::isa::{Engine, Instruction, Operation, SemaphoreSet, Walk};
use satkit_spec::{ArrayConfig, Dataflow};
use std::ops::Range;

/// What some of the engines do in a stage's plan, with the WALKs of its MMs. It waits only for what these engines post, so that
/// nothing stands for want of the others.
///
/// # Panics
/// If the stage has no plan.
pub fn part_of(
    config: &ArrayConfig,
    stage: MacStage,
    choice: DataflowChoice,
    engines: &[Engine],
) -> Vec<Instruction> {
    let plan = plan_stage(config, stage, choice).unwrap();
    let is_kept_by = |any: &[Engine]| any.iter().any(|engine| engines.contains(engine));
    let mut space = None;
    let mut psums = Psums::default();
    let mut program = Vec::new();
    for instruction in plan.program.instructions() {
        let is_part = match &instruction.operation {
            Operation::Geometry(geometry) => {
                space = Some(TileSpace::read(geometry).unwrap());
                true
            }
            Operation::Operands(_) => is_kept_by(&[Engine::LoadActivations, Engine::LoadWeights]),
            Operation::Results(_) => is_kept_by(&[Engine::Store]),
            operation => operation.engine().is_some_and(|engine| engines.contains(&engine)),
        };
        if !is_part {
            continue;
        }
        if let Operation::MatMul(mm) = &instruction.operation {
            let space: TileSpace = space.unwrap();
            let range = |base: u32, len: u32| base as usize..(base + len) as usize;
            let (rows, slots): (Range<usize>, Range<usize>) =
                (range(mm.row_base, mm.rows), range(mm.slot_base, mm.slots));
            let layout = BankLayout::new(config, &space, rows, slots).unwrap();
            let psum = match space.dataflow {
                Dataflow::WeightStationary => psums.place(mm, config.psum_depth).unwrap() as u32,
                Dataflow::OutputStationary => 0,
            };
            for walk in layout.walks() {
                program.push(Instruction::new(Operation::Walk(Walk { psum, ..*walk })));
            }
        }
        let posted = instruction.wait.iter().filter(|token| engines.contains(&token.poster()));
        let wait = SemaphoreSet::of(&posted.collect::<Vec<_>>());
        program.push(Instruction { wait, ..*instruction });
    }
    program
}

/// The GEOMETRYs, WALKs and MMs of a stage's plan. MMs wait for nothing, so that they come one after another.
///
/// # Panics
/// As [`part_of`].
pub fn mms_of(config: &ArrayConfig, stage: MacStage, choice: DataflowChoice) -> Vec<Instruction> {
    part_of(config, stage, choice, &[Engine::Mm])
}
