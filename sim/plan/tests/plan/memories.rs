//! The same program against different memories and machines.

use crate::given::{
    any_config, any_draw, any_stage, config, fixed, legal_mappings, stage_of, timed,
};
use proptest::prelude::*;
use satkit_memory::{BackPressureParameters, MemoryModel, PAGE_BYTES};
use satkit_plan::{DataflowChoice, Mapping, plan_mapped, plan_stage, weight_source};
use satkit_spec::isa::Engine;
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};

fn pressure(seed: u64) -> MemoryModel {
    MemoryModel::BackPressure(BackPressureParameters { seed, ..Default::default() })
}

/// Cycles in which every port passes a page once, at `bandwidth` bytes a cycle.
///
/// A memory that answers each request no later may still end a program later: an answer that comes early lets its engine ask ahead of
/// another, whose burst then waits for the port, and the program for it. What is lost so are bursts in the wrong order, not the time
/// of a program: no more than this is allowed for it.
fn anomaly_cycles(config: &ArrayConfig, bandwidth: u32) -> u64 {
    config.dram_channels as u64 * PAGE_BYTES.div_ceil(u64::from(bandwidth))
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn a_faster_memory_is_not_slower(
        stage in any_stage(), config in any_config(), draw in any_draw(),
        latencies in (0_u32..200, 0_u32..200), bandwidths in (1_u32..65, 1_u32..65),
    ) {
        let Some(mappings) = legal_mappings(&config, &stage, &draw) else { return Ok(()) };
        let program = plan_mapped(&config, stage, &mappings).unwrap().program;
        let cycles = |latency, bandwidth| {
            timed(&config, program.instructions(), &fixed(latency, bandwidth)).unwrap().0.cycles
        };
        let (low, high) = (latencies.0.min(latencies.1), latencies.0.max(latencies.1));
        let (wide, narrow) = (bandwidths.0.max(bandwidths.1), bandwidths.0.min(bandwidths.1));
        let anomaly = anomaly_cycles(&config, narrow);
        prop_assert!(cycles(low, narrow) <= cycles(high, narrow) + anomaly);
        prop_assert!(cycles(low, wide) <= cycles(low, narrow) + anomaly);
    }

    #[test]
    fn pressure_follows_its_seed_and_only_slows(
        stage in any_stage(), config in any_config(), draw in any_draw(), seed in any::<u64>(),
    ) {
        let Some(mappings) = legal_mappings(&config, &stage, &draw) else { return Ok(()) };
        let program = plan_mapped(&config, stage, &mappings).unwrap().program;
        let run = |memory| timed(&config, program.instructions(), &memory).unwrap();
        prop_assert_eq!(run(pressure(seed)), run(pressure(seed)));
        let (calm, pressed) = (run(fixed(80, 64)).0, run(pressure(seed)).0);
        prop_assert!(calm.cycles <= pressed.cycles + anomaly_cycles(&config, 64));
        prop_assert_eq!(pressed.useful_macs, calm.useful_macs);
        prop_assert_eq!(pressed.dram_read_bytes, calm.dram_read_bytes);
        prop_assert_eq!(pressed.dram_write_bytes, calm.dram_write_bytes);
        prop_assert_eq!(pressed.busy(Engine::Mm), calm.busy(Engine::Mm));
    }

    /// The default memory has the latency of the fixed one or more, and no port is faster than a beat a cycle.
    #[test]
    fn ddr4_is_not_faster_than_the_beats(
        stage in any_stage(), config in any_config(), draw in any_draw(),
    ) {
        let Some(mappings) = legal_mappings(&config, &stage, &draw) else { return Ok(()) };
        let program = plan_mapped(&config, stage, &mappings).unwrap().program;
        let (timing, spans) = timed(&config, program.instructions(), &MemoryModel::default()).unwrap();
        prop_assert!(timing.busy_cycles.iter().all(|&busy| busy <= timing.cycles));
        let last = spans.0.iter().map(|span| span.end_cycle).max();
        prop_assert_eq!(last, Some(timing.cycles));
    }

    /// The same schedule with fewer kept values, both with positions. OS takes all of K in one chunk; WS cuts K at the array's
    /// rows, which are the same cuts only where N is a power of two.
    #[test]
    fn fewer_kept_values_are_never_slower(
        rows in 1_usize..200, ci in 1_usize..9, co in 1_usize..60, draw in any_draw(),
        kernel in 1_usize..4, ns in (1_usize..8, 1_usize..8), config in any_config(),
    ) {
        let shape = ConvShape::new(1, ci * 8, (rows.min(12), 4), co, (kernel, kernel), 1, 1).unwrap();
        let of = |n: usize| stage_of(shape, Stage::Ff, Sparsity::new(n, 8).unwrap());
        let (few_n, many_n) = (ns.0.min(ns.1), ns.0.max(ns.1));
        let (few, many) = (of(few_n), of(many_n));
        let Some(mappings) = legal_mappings(&config, &many, &draw) else { return Ok(()) };
        let mut fewer = mappings[0];
        if let (Mapping::Os(os), Mapping::Os(whole)) = (&mut fewer, &mappings[0]) {
            // One chunk of everything in both, so that no cut falls elsewhere.
            if whole.chunk_slots < many.problems()[0].slots {
                return Ok(());
            }
            os.chunk_slots = few.problems()[0].slots;
        }
        if fewer.space(&config, &few.problems()[0], weight_source(Stage::Ff)).is_err() {
            return Ok(());
        }
        let powers = few_n.is_power_of_two() && many_n.is_power_of_two();
        if matches!(fewer, Mapping::Ws(_)) && !powers {
            return Ok(());
        }
        let cycles = |stage, mapping| plan_mapped(&config, stage, &[mapping]).unwrap().report.cycles;
        let pair = (cycles(few, fewer), cycles(many, mappings[0]));
        prop_assert!(pair.0 <= pair.1, "{pair:?}");
    }
}

#[test]
fn seeds_usually_differ() {
    let config = ArrayConfig::vcu1525();
    let shape = ConvShape::new(2, 64, (14, 14), 64, (3, 3), 1, 1).unwrap();
    let stage = stage_of(shape, Stage::Ff, Sparsity::TWO_OF_EIGHT);
    let program = plan_stage(&config, stage, DataflowChoice::Auto).unwrap().program;
    let cycles = |seed| timed(&config, program.instructions(), &pressure(seed)).unwrap().0.cycles;
    let different: std::collections::HashSet<u64> = (0..32).map(cycles).collect();
    assert!(different.len() > 8, "{different:?}");
}

#[test]
fn a_large_dense_layer_keeps_the_array_busy_and_2_of_8_is_nearly_four_times_faster() {
    let config = ArrayConfig::vcu1525();
    let shape = ConvShape::new(8, 128, (32, 32), 128, (3, 3), 1, 1).unwrap();
    let report = |sparsity| {
        let stage = stage_of(shape, Stage::Ff, sparsity);
        plan_stage(&config, stage, DataflowChoice::Auto).unwrap().report
    };
    let (dense, sparse) = (report(Sparsity::DENSE), report(Sparsity::TWO_OF_EIGHT));
    assert!(dense.utilization > 0.95, "{dense:?}");
    let speed_up = dense.cycles as f64 / sparse.cycles as f64;
    assert!((3.0..=4.0).contains(&speed_up), "{speed_up} {sparse:?}");
}
