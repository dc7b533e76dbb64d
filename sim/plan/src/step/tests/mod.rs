//! In a step, nothing is read before it is written, under any memory.

mod mix;
mod moved;
mod order;

use super::{
    Edge, MacOperation, StepOperation, StepWork, TensorId, UpdateOperation, VectorOperation,
    compile,
};
use crate::given::{any_choice, config, stage_of};
use crate::{DataflowChoice, Scheduler, layout};
use order::{check_in_time, check_semaphores};
use proptest::prelude::*;
use satkit_memory::{BackPressureParameters, MemoryModel};
use satkit_spec::isa::{Operation, VectorOp};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};

/// Two convolutions, directly or with an elementwise stream between them, then the backward pass of the second and its update.
fn work(
    first: ConvShape,
    second: ConvShape,
    sparsity: Sparsity,
    edges: (bool, bool),
    direct: bool,
) -> StepWork {
    let mut work = StepWork::default();
    let pixels = |s: &ConvShape| (s.batch * s.out_h() * s.out_w()) as u64;
    let (one, two) =
        (stage_of(first, Stage::Ff, Sparsity::DENSE), stage_of(second, Stage::Ff, sparsity));
    let back = stage_of(second, Stage::Bp, Sparsity::DENSE);
    let wu = stage_of(second, Stage::Wu, Sparsity::DENSE);
    let x =
        work.tensor("x", layout::tensor_bytes((first.batch * first.h * first.w) as u64, first.ci));
    let middle = layout::tensor_bytes(pixels(&first), first.co);
    let y = work.tensor("y", middle);
    let z = if direct { y } else { work.tensor("z", middle) };
    let end = layout::tensor_bytes(pixels(&second), second.co);
    let (out, d_out, d_z) =
        (work.tensor("out", end), work.tensor("dout", end), work.tensor("dz", middle));
    let w1 = work.tensor("w1", layout::weight_bytes(&one));
    let w2 = work.tensor("w2", layout::weight_bytes(&two));
    let w2_bp = work.tensor("w2 bp", layout::weight_bytes(&back));
    let master = work.tensor("master", 2 * layout::master_bytes(&second));
    let gradient = work.tensor("dw2", layout::master_bytes(&second));
    let mac = |name: &str, stage, [a, w, out]: [TensorId; 3], edge| {
        StepOperation::Mac(MacOperation {
            name: name.into(),
            stage,
            a,
            w,
            out,
            edge,
            single: false,
            values: None,
        })
    };
    let vector = |work: &StepWork, from, to, divisible: bool| {
        let barrier = if divisible { Vec::new() } else { vec![from] };
        StepOperation::Vector(VectorOperation {
            name: "ve".into(),
            op: VectorOp::BatchNormApply,
            elements: work.all(from).bytes / 2,
            reads: vec![work.all(from)],
            writes: vec![work.all(to)],
            barrier,
            divisible,
            values: None,
        })
    };
    let add = (edges.0 && first.co == second.co && middle == end).then_some(y);
    let mask = edges.1.then_some(z);
    let master = work.all(master);
    let (gradient_stream, ff) = (work.all(gradient), work.all(w2));
    let bp = work.all(w2_bp);
    work.operations = vec![
        mac("one", one, [x, w1, y], Edge::default()),
        vector(&work, y, z, true),
        mac("two", two, [z, w2, out], Edge { add, ..Edge::default() }),
        vector(&work, out, d_out, false),
        mac("back", back, [d_out, w2_bp, d_z], Edge { mask, ..Edge::default() }),
        mac("wu", wu, [z, d_out, gradient], Edge::default()),
        StepOperation::Update(UpdateOperation {
            name: "update".into(),
            parameters: second.w_len() as u64,
            master,
            gradient: gradient_stream,
            ff: Some((ff, sparsity)),
            bp: Some((bp, Sparsity::DENSE)),
            weights: None,
            values: None,
        }),
    ];
    if direct {
        work.operations.remove(1);
    }
    work
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn nothing_is_read_before_it_is_written(
        batch in 1_usize..5, channels in (1_usize..9, 1_usize..5, 1_usize..5), side in 3_usize..10,
        kernels in (1_usize..4, 1_usize..4), stride in 1_usize..3, edges in any::<(bool, bool)>(),
        sparse in any::<bool>(), small in any::<bool>(), direct in any::<bool>(), choice in any_choice(),
        seed in any::<u64>(), jitter in 0_u32..5000, bandwidth in 2_u32..65,
    ) {
        let (ci, middle, co) = (channels.0 * 8, channels.1 * 16, channels.2 * 16);
        let (pad, sides) = (kernels.0 / 2, (side, side));
        let first = ConvShape::new(batch, ci, sides, middle, (kernels.0, kernels.0), 1, pad).unwrap();
        let sides = (first.out_h(), first.out_w());
        let kernel = (kernels.1, kernels.1);
        let second = ConvShape::new(batch, middle, sides, co, kernel, stride, kernels.1 / 2).unwrap();
        let sparsity = if sparse { Sparsity::TWO_OF_EIGHT } else { Sparsity::DENSE };
        let config = if small { ArrayConfig::small() } else { ArrayConfig::tiny() };
        let scheduler = Scheduler::new(&config, choice).unwrap();
        let step = compile(&work(first, second, sparsity, edges, direct), &scheduler, &|_: &str| ()).unwrap();
        let program = step.program.instructions();
        let pressure = BackPressureParameters { seed, jitter, bandwidth, ..Default::default() };
        check_semaphores(&config, program)?;
        check_in_time(&config, program, &MemoryModel::BackPressure(pressure))?;
        check_in_time(&config, program, &MemoryModel::default())?;
        // The cycles of the sections are those of the step.
        let memory = MemoryModel::BackPressure(pressure);
        let timing = crate::time_with(&config, &step.program, &memory, &mut crate::NoObserver).unwrap();
        let sum: u64 = timing.sections.iter().map(|section| section.cycles).sum();
        prop_assert_eq!(sum, timing.cycles);
        prop_assert_eq!(timing.useful_macs, timing.sections.iter().map(|s| s.useful_macs).sum::<u64>());
        prop_assert!(timing.busy_cycles.iter().all(|&busy| busy <= timing.cycles));
    }
}

/// Tensors of several pieces, whose readers follow piece by piece.
#[test]
fn long_streams_are_followed_piece_by_piece() {
    let config = ArrayConfig::vcu1525();
    for (kernel, stride, choice) in [
        (1, 1, DataflowChoice::Os),
        (1, 1, DataflowChoice::Ws),
        (3, 1, DataflowChoice::Os),
        (3, 2, DataflowChoice::Auto),
        (3, 1, DataflowChoice::Ws),
    ] {
        let first = ConvShape::new(6, 32, (24, 24), 64, (1, 1), 1, 0).unwrap();
        let (kernel, pad) = ((kernel, kernel), kernel / 2);
        let second = ConvShape::new(6, 64, (24, 24), 64, kernel, stride, pad).unwrap();
        let scheduler = Scheduler::new(&config, choice).unwrap();
        let work = work(first, second, Sparsity::DENSE, (true, true), false);
        let step = compile(&work, &scheduler, &|_: &str| ()).unwrap();
        let program = step.program.instructions();
        let vectors = program.iter().filter(|i| matches!(i.operation, Operation::Vector(_)));
        assert!(vectors.count() > 2, "no stream is cut");
        check_semaphores(&config, program).unwrap();
        let pressure = BackPressureParameters { jitter: 3000, ..Default::default() };
        check_in_time(&config, program, &MemoryModel::BackPressure(pressure)).unwrap();
        check_in_time(&config, program, &MemoryModel::default()).unwrap();
    }
}

/// The tiles of neither begin where those of the other do.
#[test]
fn linear_layers_follow_each_other_pixel_by_pixel() {
    let config = ArrayConfig::tiny();
    for case in 0..40 {
        let (rows, channels) = (50 + 7 * case, [16, 24, 40, 8, 56][case % 5]);
        let first = ConvShape::linear(rows, 32, channels).unwrap();
        let second = ConvShape::linear(rows, channels, [24, 8, 40][case % 3]).unwrap();
        let choice = DataflowChoice::ALL[case % 3];
        let scheduler = Scheduler::new(&config, choice).unwrap();
        let work = work(first, second, Sparsity::DENSE, (false, false), true);
        let step = compile(&work, &scheduler, &|_: &str| ()).unwrap();
        check_semaphores(&config, step.program.instructions()).unwrap();
    }
}
