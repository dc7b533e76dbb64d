//! Whole training steps: the simulator and the reference, driven by the same loop, end with the same bits.

use proptest::prelude::*;
use satkit::backend::{GoldenBackend, SimBackend};
use satkit_golden::loss_scale::DynamicLossScale;
use satkit_host::backend::Backend;
use satkit_host::data::Dataset;
use satkit_host::network::{ModelState, Network};
use satkit_host::train::{
    LossScale, Operations, RunLength, Silent, TrainReport, TrainSettings, Trainer,
};
use satkit_plan::DataflowChoice;
use satkit_spec::{ArrayConfig, Method, Sparsity};
use std::sync::atomic::AtomicBool;

fn settings(method: Method, sparsity: Sparsity) -> TrainSettings {
    TrainSettings {
        method,
        sparsity,
        length: RunLength::Steps(3),
        batch: 4,
        // Large, so that the decay of pruned weights reaches the bits within three steps.
        lambda: 0.25,
        loss_scale: LossScale::Static(1024.0),
        ..TrainSettings::default()
    }
}

fn train<B: Backend>(
    network: &Network,
    data: &Dataset,
    settings: TrainSettings,
    backend: B,
) -> (ModelState, TrainReport) {
    let mut trainer =
        Trainer::new(network, data, settings, Operations::new(backend, network)).unwrap();
    let report = trainer.run(&mut Silent, &AtomicBool::new(false), None).unwrap();
    (trainer.state().clone(), report)
}

/// Every FP32 of a state, as bits.
fn bits(state: &ModelState) -> Vec<u32> {
    let running = state.running.iter().flat_map(|r| [&r.mean, &r.var]);
    let all = state.values.iter().chain(&state.momentum).chain(running);
    all.flatten().map(|value| value.to_bits()).collect()
}

#[test]
fn every_method_trains_to_the_same_bits_on_sim_and_golden() {
    for name in ["digits-mlp", "digits-cnn"] {
        let network = Network::named(name).unwrap();
        let data = Dataset::random(&network, 8, 4, 7);
        let mut ends = Vec::new();
        for method in Method::ALL {
            let sparsity = Sparsity::TWO_OF_EIGHT;
            let settings = settings(method, sparsity);
            let config = ArrayConfig::vcu1525();
            let sim = SimBackend::new(config, DataflowChoice::Auto, method, sparsity).unwrap();
            let (state, report) = train(&network, &data, settings, sim);
            let (reference, judged) =
                train(&network, &data, settings, GoldenBackend::new(method, sparsity));
            assert_eq!(bits(&state), bits(&reference), "{name} {method}");
            assert_eq!(report.train_loss.to_bits(), judged.train_loss.to_bits());
            assert_eq!(report.test_accuracy, judged.test_accuracy);
            assert!(report.cycles.total() > 0);
            ends.push((method, bits(&state)));
        }
        // The methods are different methods: no two end alike.
        for (i, (a, end)) in ends.iter().enumerate() {
            for (b, other) in &ends[i + 1..] {
                assert_ne!(end, other, "{name}: {a} and {b} train alike");
            }
        }
    }
}

#[test]
fn dataflow_array_and_threads_change_cycles_but_no_bits() {
    let network = Network::named("digits-cnn").unwrap();
    let data = Dataset::random(&network, 64, 4, 3);
    let sparsity = Sparsity::TWO_OF_EIGHT;
    let settings = TrainSettings { batch: 16, ..settings(Method::Bdwp, sparsity) };
    let run = |config: ArrayConfig, dataflow, threads| {
        let backend = SimBackend::new(config, dataflow, Method::Bdwp, sparsity).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (state, report) = pool.install(|| train(&network, &data, settings, backend));
        (bits(&state), report.cycles)
    };
    let (expected, cycles) = run(ArrayConfig::vcu1525(), DataflowChoice::Auto, 2);
    let (one_thread, same) = run(ArrayConfig::vcu1525(), DataflowChoice::Auto, 1);
    assert_eq!((&one_thread, same), (&expected, cycles));
    for config in [ArrayConfig::small(), ArrayConfig::vcu1525()] {
        let (state, auto) = run(config.clone(), DataflowChoice::Auto, 2);
        assert_eq!(state, expected, "{} auto", config.name);
        for dataflow in [DataflowChoice::Ws, DataflowChoice::Os] {
            let (state, other) = run(config.clone(), dataflow, 2);
            assert_eq!(state, expected, "{} {dataflow}", config.name);
            assert!(other.total() >= auto.total(), "{} {dataflow}", config.name);
        }
    }
}

#[test]
fn two_of_eight_takes_fewer_cycles_than_dense_and_each_step_the_same() {
    let network = Network::named("digits-cnn").unwrap();
    let data = Dataset::random(&network, 64, 4, 3);
    let run = |method, steps| {
        let sparsity = Sparsity::TWO_OF_EIGHT;
        let settings = TrainSettings {
            batch: 32,
            length: RunLength::Steps(steps),
            ..settings(method, sparsity)
        };
        let config = ArrayConfig::vcu1525();
        let backend = SimBackend::new(config, DataflowChoice::Auto, method, sparsity).unwrap();
        train(&network, &data, settings, backend).1.cycles
    };
    let (sparse, dense) = (run(Method::Bdwp, 1), run(Method::Dense, 1));
    // Evaluation is not counted: two steps take twice the cycles of one, stage by stage.
    assert_eq!(run(Method::Bdwp, 2), sparse.plus(&sparse));
    // The weight gradient is dense in both; what it waits for beside its own MACs depends on its neighbours.
    assert!(sparse.wu.abs_diff(dense.wu) * 20 <= dense.wu, "{dense:?} {sparse:?}");
    // The target is 1.3x for the whole step.
    assert!(dense.total() * 10 >= sparse.total() * 13, "{dense:?} {sparse:?}");
}

proptest! {
    /// Runs of good steps long enough to double the scale, with bad steps between them.
    #[test]
    fn the_dynamic_loss_scale_is_the_reference_s(
        good_runs in proptest::collection::vec(0usize..4_100, 1..12),
        bad_runs in proptest::collection::vec(0usize..20, 12),
    ) {
        let mut host = LossScale::Dynamic.start();
        let mut golden = DynamicLossScale::new();
        for (good, bad) in good_runs.into_iter().zip(bad_runs) {
            for finite in std::iter::repeat_n(true, good).chain(std::iter::repeat_n(false, bad)) {
                prop_assert_eq!(host.scale, golden.scale());
                host.note(finite);
                prop_assert_eq!(golden.end_step(finite), finite);
            }
        }
        prop_assert_eq!(host.scale, golden.scale());
    }
}
