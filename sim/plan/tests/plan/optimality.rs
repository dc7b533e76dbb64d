//! The scheduler's choice against every legal mapping.

use crate::given::stage_of;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use satkit_memory::MemoryModel;
use satkit_plan::{
    DataflowChoice, Emitter, Mapping, NoObserver, Order, OsMapping, PlanError, Problem, Program,
    Scheduler, StoreWork, Task, TileSpace, WsMapping, emit, layout, time_with, weight_source,
};
use satkit_spec::isa::{Instruction, Operands, Operation, Results};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};

/// The largest share by which the choice may be slower than the best of all.
const LIMIT: f64 = 1.02;
const LAYERS: usize = 200;

/// Instructions in a list.
struct List(Vec<Instruction>);

impl Emitter for List {
    fn push(&mut self, _: &TileSpace, instruction: Instruction) -> Result<(), PlanError> {
        self.0.push(instruction);
        Ok(())
    }
}

/// OPERANDS and RESULTS of a problem: three tensors one behind another.
fn tensors(problem: &Problem) -> [Instruction; 2] {
    let shape = &problem.mac.shape;
    let x = layout::tensor_bytes((shape.batch * shape.h * shape.w) as u64, shape.ci);
    let y = layout::tensor_bytes((shape.batch * shape.out_h() * shape.out_w()) as u64, shape.co);
    let weights = layout::weight_bytes(&problem.mac);
    let ((a, a_channels), (w, w_channels), out_channels) = match problem.mac.stage {
        Stage::Ff => ((x, shape.ci), (weights, shape.co), shape.co),
        Stage::Bp => ((y, shape.co), (weights, shape.ci), shape.ci),
        Stage::Wu => ((x, shape.ci), (y, shape.co), shape.co),
    };
    let beats = |bytes: u64| (bytes.next_multiple_of(layout::TENSOR_ALIGN_BYTES) / 64) as u32;
    let eights = |channels: usize| (layout::pitch(channels) / 8) as u32;
    let operands = Operands {
        a: 0,
        w: beats(a),
        a_pitch: eights(a_channels),
        w_pitch: eights(w_channels),
        heads: 1,
        a_head: 0,
        w_head: 0,
        tile_beats: problem.tile_beats() as u32,
    };
    let (out, pitch) = (beats(a) + beats(w), eights(out_channels));
    let results =
        Results { out, add: 0, sum: 0, mask: 0, pitch, heads: 1, head: 0, scale: 1f32.to_bits() };
    [Instruction::new(Operation::Operands(operands)), Instruction::new(Operation::Results(results))]
}

/// Cycles of a problem under a mapping; none if it is not legal.
fn price(config: &ArrayConfig, problem: &Problem, mapping: &Mapping) -> Option<u64> {
    let space = mapping.space(config, problem, weight_source(problem.mac.stage)).ok()?;
    let mut list = List(tensors(problem).to_vec());
    emit(config, &space, mapping, StoreWork::default(), 1, &mut list).unwrap();
    let memory = MemoryModel::default();
    let timing = time_with(config, &Program::new(list.0), &memory, &mut NoObserver).unwrap();
    Some(timing.cycles)
}

/// Every mapping there is: those left out have the program of another.
fn every_mapping(config: &ArrayConfig, problem: &Problem) -> Vec<Mapping> {
    let mut all = Vec::new();
    let col_tiles = problem.cols.div_ceil(config.cols);
    let shape = &problem.mac.shape;
    let line = problem.mac.stage == Stage::Wu
        || (shape.kh, shape.kw, shape.stride, shape.pad) == (1, 1, 1, 0);
    for patch_h in 1..=if line { 1 } else { 16 } {
        for patch_w in 1..=16 / patch_h {
            for iq in 1..=(16 / (patch_h * patch_w)).min(col_tiles) {
                for chunk_slots in 1..=problem.slots.max(1) {
                    for order in [Order::Rows, Order::Columns] {
                        let os = OsMapping { patch_h, patch_w, iq, chunk_slots, order };
                        all.push(Mapping::Os(os));
                    }
                }
            }
        }
    }
    for col_group in 1..=col_tiles {
        for rows in 1..=(config.psum_depth / col_group).min(problem.rows) {
            all.push(Mapping::Ws(WsMapping { rows, col_group }));
        }
    }
    all
}

fn any_small_stage() -> impl Strategy<Value = (Stage, ConvShape, Sparsity)> {
    let conv = (
        (1_usize..4, 1_usize..25, 1_usize..25),
        (1_usize..7, 1_usize..7),
        (1_usize..4, 1_usize..4),
        (1_usize..3, 0_usize..2),
    )
        .prop_filter_map(
            "the kernel fits",
            |((batch, ci, co), sides, kernel, (stride, pad))| {
                ConvShape::new(batch, ci, sides, co, kernel, stride, pad).ok()
            },
        );
    let linear = (1_usize..60, 1_usize..100, 1_usize..60)
        .prop_map(|(rows, ci, co)| ConvShape::linear(rows, ci, co).unwrap());
    let sparsity = prop::sample::select(vec![(1, 1), (1, 4), (2, 8), (4, 8)])
        .prop_map(|(n, m)| Sparsity::new(n, m).unwrap());
    (prop::sample::select(Stage::ALL.to_vec()), prop_oneof![3 => conv, 1 => linear], sparsity)
}

#[test]
fn the_choice_is_within_two_percent_of_the_best_of_all_mappings() {
    let mut runner = TestRunner::deterministic();
    let strategy = (any_small_stage(), any::<bool>());
    let (mut layers, mut worst) = (0, (1.0, String::new()));
    while layers < LAYERS {
        let ((stage, shape, sparsity), tiny) = strategy.new_tree(&mut runner).unwrap().current();
        let stage = stage_of(shape, stage, sparsity);
        let config = if tiny { ArrayConfig::tiny() } else { ArrayConfig::small() };
        let problems = stage.problems();
        let problem = problems[problems.len() - 1];
        // All of them are priced: few tiles and slots.
        let ideal = problem.macs() / config.peak_macs_per_cycle();
        if problem.slots > 100 || ideal > 4000 {
            continue;
        }
        layers += 1;
        let source = weight_source(stage.stage);
        let task = Task { problem, source, work: StoreWork::default(), groups: 1 };
        let mut of_both = u64::MAX;
        for dataflow in [DataflowChoice::Os, DataflowChoice::Ws, DataflowChoice::Auto] {
            let wanted = |mapping: &Mapping| match dataflow {
                DataflowChoice::Os => matches!(mapping, Mapping::Os(_)),
                DataflowChoice::Ws => matches!(mapping, Mapping::Ws(_)),
                DataflowChoice::Auto => false,
            };
            let choice = Scheduler::new(&config, dataflow).unwrap().choose(&task).unwrap();
            let chosen = price(&config, &problem, &choice.mapping).unwrap();
            assert_eq!(chosen, choice.priced_cycles, "{problem:?}");
            let mut best = (u64::MAX, choice.mapping);
            for mapping in every_mapping(&config, &problem).into_iter().filter(wanted) {
                if let Some(cycles) = price(&config, &problem, &mapping)
                    && cycles < best.0
                {
                    best = (cycles, mapping);
                }
            }
            of_both = of_both.min(best.0);
            let best =
                if dataflow == DataflowChoice::Auto { (of_both, choice.mapping) } else { best };
            let ratio = chosen as f64 / best.0 as f64;
            if ratio > LIMIT {
                println!(
                    "{ratio:.4} {chosen} {} instead of {} {}: {problem:?} {}",
                    choice.mapping, best.0, best.1, config.name
                );
            }
            if ratio > worst.0 {
                worst = (ratio, format!("{problem:?} on {}: {}", config.name, choice.mapping));
            }
        }
    }
    println!("worst {worst:?}");
    assert!(worst.0 <= LIMIT, "{worst:?}");
}
