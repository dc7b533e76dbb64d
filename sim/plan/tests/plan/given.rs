//! Stages, machines and mappings to test with.

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use satkit_memory::{FixedParameters, MemoryModel};
use satkit_plan::{
    DataflowChoice, Mapping, Order, OsMapping, PlanError, Problem, Program, Spans, Timing,
    WsMapping, time_with, weight_source,
};
use satkit_plan::{MacStage, TileSpace};
use satkit_spec::isa::{Instruction, Store};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};

/// `cases` cases, or as many as `PROPTEST_CASES` says; failures persist beside the test's source, to be committed.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(cases);
    let persistence = FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(persistence)),
        ..ProptestConfig::with_cases(cases)
    }
}

/// Small layers of every kind: kernels, strides, paddings, linear ones; channels sometimes above one K block.
pub(crate) fn any_shape() -> impl Strategy<Value = ConvShape> {
    let channels =
        || prop_oneof![4 => 1_usize..40, 2 => (1_usize..5).prop_map(|c| c * 8), 1 => 60_usize..140];
    let side = || prop_oneof![1 => Just(1_usize), 4 => 1_usize..10];
    let conv = (
        1_usize..4,
        channels(),
        side(),
        side(),
        channels(),
        (1_usize..5, 1_usize..5),
        1_usize..4,
        0_usize..3,
    )
        .prop_filter_map("the kernel fits", |(n, ci, h, w, co, kernel, stride, pad)| {
            ConvShape::new(n, ci, (h, w), co, kernel, stride, pad).ok()
        });
    let linear = (1_usize..100, channels(), channels())
        .prop_map(|(rows, ci, co)| ConvShape::linear(rows, ci, co).unwrap());
    prop_oneof![4 => conv, 1 => linear]
}

/// Any N:M that the committed machines run.
pub(crate) fn any_sparsity() -> impl Strategy<Value = Sparsity> {
    prop::sample::select(vec![(1, 1), (1, 2), (2, 4), (1, 4), (3, 4), (1, 8), (2, 8), (5, 8)])
        .prop_map(|(n, m)| Sparsity::new(n, m).unwrap())
}

/// A stage of `shape`, the channels that it sums over rounded up to whole groups.
pub(crate) fn stage_of(shape: ConvShape, stage: Stage, sparsity: Sparsity) -> MacStage {
    let sparsity = if stage == Stage::Wu { Sparsity::DENSE } else { sparsity };
    let (mut ci, mut co) = (shape.ci, shape.co);
    match stage {
        Stage::Ff => ci = ci.next_multiple_of(sparsity.m()),
        _ => co = co.next_multiple_of(sparsity.m()),
    }
    let (sides, kernel) = ((shape.h, shape.w), (shape.kh, shape.kw));
    let shape =
        ConvShape::new(shape.batch, ci, sides, co, kernel, shape.stride, shape.pad).unwrap();
    MacStage::new(shape, stage, sparsity).unwrap()
}

/// Any stage of any small layer.
pub(crate) fn any_stage() -> impl Strategy<Value = MacStage> {
    (any_shape(), prop::sample::select(Stage::ALL.to_vec()), any_sparsity())
        .prop_map(|(shape, stage, sparsity)| stage_of(shape, stage, sparsity))
}

/// A committed machine.
pub(crate) fn any_config() -> impl Strategy<Value = ArrayConfig> {
    prop::sample::select(ArrayConfig::all())
}

/// A machine with the smallest buffers that there are, so that chunks have to fit.
pub(crate) fn any_tight_config() -> impl Strategy<Value = ArrayConfig> {
    (any_config(), prop::sample::select(vec![256_usize, 512]), any::<bool>()).prop_map(
        |(mut config, words, both)| {
            config.w2e_words_per_row = words;
            if both {
                config.n2s_entries_per_col = 256;
            }
            config
        },
    )
}

pub(crate) fn any_choice() -> impl Strategy<Value = DataflowChoice> {
    prop::sample::select(DataflowChoice::ALL.to_vec())
}

/// Numbers from which [`mapping`] makes a mapping.
pub(crate) type Draw = (bool, (usize, usize, usize), prop::sample::Index, bool);

pub(crate) fn any_draw() -> impl Strategy<Value = Draw> {
    (
        any::<bool>(),
        (1_usize..17, 1_usize..17, 1_usize..17),
        any::<prop::sample::Index>(),
        any::<bool>(),
    )
}

/// A mapping of a problem, seldom a good one, and often not a legal one.
pub(crate) fn mapping(config: &ArrayConfig, problem: &Problem, draw: &Draw) -> Mapping {
    let (ws, (a, b, c), index, columns) = draw;
    if *ws {
        let rows = index.index(problem.rows.clamp(1, config.psum_depth)) + 1;
        return Mapping::Ws(WsMapping { rows, col_group: a % 5 + 1 });
    }
    let shape = &problem.mac.shape;
    let one = problem.mac.stage == Stage::Wu
        || (shape.kh, shape.kw, shape.stride, shape.pad) == (1, 1, 1, 0);
    let patch_h = if one { 1 } else { (*a).min(5) };
    let patch_w = (16 / patch_h).min(*b);
    let iq = (16 / (patch_h * patch_w)).min(*c);
    let chunk_slots = index.index(problem.slots.max(1)) + 1;
    let order = if *columns { Order::Columns } else { Order::Rows };
    Mapping::Os(OsMapping { patch_h, patch_w, iq, chunk_slots, order })
}

/// The first legal mapping of each problem among what the draw gives with ever smaller chunks and rows.
pub(crate) fn legal_mappings(
    config: &ArrayConfig,
    stage: &MacStage,
    draw: &Draw,
) -> Option<Vec<Mapping>> {
    let source = weight_source(stage.stage);
    let legal = |problem: Problem| {
        let mut mapping = mapping(config, &problem, draw);
        loop {
            if mapping.space(config, &problem, source).is_ok() {
                return Some(mapping);
            }
            match &mut mapping {
                Mapping::Os(os) if os.chunk_slots > 1 => os.chunk_slots = os.chunk_slots * 3 / 4,
                Mapping::Ws(ws) if ws.col_group > 1 => ws.col_group -= 1,
                Mapping::Ws(ws) if ws.rows > 1 => ws.rows = ws.rows * 3 / 4,
                _ => return None,
            }
        }
    };
    stage.problems().into_iter().map(legal).collect()
}

/// Any legal mapping's space of any problem of a stage.
pub(crate) fn any_space() -> impl Strategy<Value = TileSpace> {
    (any_stage(), any_config(), any_draw(), any::<prop::sample::Index>()).prop_filter_map(
        "it is legal",
        |(stage, config, draw, index)| {
            let problems = stage.problems();
            let problem = problems[index.index(problems.len())];
            let mapping = mapping(&config, &problem, &draw);
            mapping.space(&config, &problem, weight_source(stage.stage)).ok()
        },
    )
}

/// The largest machine with one fact changed.
pub(crate) fn changed(change: impl Fn(&mut ArrayConfig)) -> ArrayConfig {
    let mut config = ArrayConfig::vcu1525();
    change(&mut config);
    config
}

pub(crate) fn fixed(latency: u32, bandwidth: u32) -> MemoryModel {
    MemoryModel::Fixed(FixedParameters { latency, bandwidth })
}

/// A store of nothing, without fused work.
pub(crate) const PLAIN_STORE: Store = Store {
    group: 0,
    row_base: 0,
    rows: 0,
    col_base: 0,
    cols: 0,
    fp32: false,
    bias: false,
    add: false,
    relu: false,
    mask: false,
    sums: false,
    products: false,
    bias_gradient: false,
};

/// Times instructions against a model.
pub(crate) fn timed(
    config: &ArrayConfig,
    instructions: &[Instruction],
    memory: &MemoryModel,
) -> Result<(Timing, Spans), PlanError> {
    let mut spans = Spans::default();
    let program = Program::new(instructions.to_vec());
    let timing = time_with(config, &program, memory, &mut spans)?;
    Ok((timing, spans))
}
