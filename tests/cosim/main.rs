//! The Verilated core against the reference and the timing model: every bit and every cycle.
//!
//! `SATKIT_CASES=N` runs N kernels on the tiny array, half of them in each of two tests, and N / 10 on the small one.

mod update;

use half::f16;
use ndarray::ArrayView4;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use satkit_golden::mac::{self as golden, Weight};
use satkit_golden::prune::{Pruned, prune_ci, prune_co};
use satkit_memory::MemoryModel;
use satkit_plan::{MacStage, candidates, plan_mapped, weight_source};
use satkit_rtl::{Build, Core, HAS_BUILT_IN_MODELS, Operands, Weights};
use satkit_spec::{ArrayConfig, ConvShape, Dataflow, Sparsity, Stage};
use satkit_tests::{any_shape, first_difference, values};
use std::cell::RefCell;

/// One stage of one layer, with its operands and a choice of mapping and memory.
#[derive(Clone, Debug)]
struct Kernel {
    shape: ConvShape,
    stage: Stage,
    sparsity: Sparsity,
    dataflow: Dataflow,
    streamed: Vec<f16>,
    held: Vec<f16>,
    mapping: Vec<proptest::sample::Index>,
    memory: String,
}

/// Small layers of any kind; kernels of 5 x 5; more channels than one block of 64 has.
fn any_layer(m: usize) -> impl Strategy<Value = ConvShape> {
    let channels = |most: usize| (1..=most / m).prop_map(move |count| count * m);
    let wide_kernel = (1usize..3, channels(24), channels(24), 3usize..7, 1usize..4, 1usize..3);
    let many_channels = (1usize..3, channels(160), channels(24), 1usize..4, 1usize..3, 0usize..2);
    let wide_kernel = wide_kernel.prop_map(|(batch, ci, co, side, stride, pad)| {
        ConvShape::new(batch, ci, (side, side + 1), co, (5, 5), stride, pad)
    });
    let many_channels = (many_channels, any::<bool>()).prop_map(
        |((batch, many, few, side, kernel, pad), of_input)| {
            let (ci, co) = if of_input { (many, few) } else { (few, many) };
            ConvShape::new(batch, ci, (side, side), co, (kernel, kernel), 1, pad)
        },
    );
    let is_one = |shape: Result<ConvShape, _>| shape.ok();
    prop_oneof![
        14 => any_shape(m, 24),
        1 => wide_kernel.prop_filter_map("the kernel is larger than the padded image", is_one),
        1 => many_channels.prop_filter_map("the kernel is larger than the padded image", is_one),
    ]
}

fn any_kernel() -> impl Strategy<Value = Kernel> {
    let sparsity = proptest::sample::select(vec![1, 2, 4, 8])
        .prop_flat_map(|m| (1..=m, Just(m)))
        .prop_map(|(n, m)| Sparsity::new(n, m).unwrap());
    let stage = proptest::sample::select(Stage::ALL.to_vec());
    let dataflow =
        proptest::sample::select(vec![Dataflow::OutputStationary, Dataflow::WeightStationary]);
    let memory = proptest::sample::select(vec![
        "pool",
        "ddr4",
        "fixed:latency=0",
        "fixed:latency=80",
        "pressure:seed=3",
    ]);
    (sparsity, stage, dataflow, memory)
        .prop_flat_map(|(sparsity, stage, dataflow, memory)| {
            (any_layer(sparsity.m()), Just((sparsity, stage, dataflow, memory)))
        })
        .prop_flat_map(|(shape, (sparsity, stage, dataflow, memory))| {
            let (streamed, held) = match stage {
                Stage::Ff => (shape.x_len(), shape.w_len()),
                Stage::Bp => (shape.y_len(), shape.w_len()),
                Stage::Wu => (shape.x_len(), shape.y_len()),
            };
            let mapping = proptest::collection::vec(any::<proptest::sample::Index>(), 16);
            (values(streamed), values(held), mapping).prop_map(move |(streamed, held, mapping)| {
                let memory = memory.to_owned();
                Kernel { shape, stage, sparsity, dataflow, streamed, held, mapping, memory }
            })
        })
}

fn bits(values: &[f16]) -> Vec<u16> {
    // The core takes stored values, whose NaNs are canonical.
    values.iter().map(|v| if v.is_nan() { 0x7E00 } else { v.to_bits() }).collect()
}

fn compact(pruned: &Pruned, sparsity: Sparsity) -> Weights {
    Weights::Compact {
        values: pruned.values().iter().map(|v| v.to_bits()).collect(),
        positions: pruned.positions().iter().copied().collect(),
        sparsity,
    }
}

fn run(core: &mut Core, kernel: &Kernel) -> Result<(), TestCaseError> {
    let Kernel { shape: s, stage, sparsity, streamed, held, .. } = kernel;
    let dense = sparsity.is_dense() || *stage == Stage::Wu;
    let x_sizes = (s.batch, s.ci, s.h, s.w);
    let y_sizes = (s.batch, s.co, s.out_h(), s.out_w());
    let w_sizes = (s.co, s.ci, s.kh, s.kw);
    let view = |sizes, values| ArrayView4::from_shape(sizes, values).unwrap();
    let streamed_bits = bits(streamed);
    let (operands, expected) = match stage {
        Stage::Ff | Stage::Bp => {
            let w = view(w_sizes, &held[..]);
            let ff = *stage == Stage::Ff;
            let (weights, weight) = if dense {
                (Weights::Dense(bits(held)), Weight::Dense(w.to_owned()))
            } else if ff {
                let pruned = prune_ci(w, *sparsity).unwrap();
                (compact(&pruned, *sparsity), Weight::PrunedCi(pruned))
            } else {
                let pruned = prune_co(w, *sparsity).unwrap();
                (compact(&pruned, *sparsity), Weight::PrunedCo(pruned))
            };
            if ff {
                let y = golden::ff(*s, view(x_sizes, &streamed[..]), &weight).unwrap();
                (Operands::Ff(streamed_bits, weights), y)
            } else {
                let dx = golden::bp(*s, view(y_sizes, &streamed[..]), &weight).unwrap();
                (Operands::Bp(streamed_bits, weights), dx)
            }
        }
        Stage::Wu => {
            let dw = golden::wu(*s, view(x_sizes, &streamed[..]), view(y_sizes, &held[..]));
            (Operands::Wu(streamed_bits, bits(held)), dw.unwrap())
        }
    };
    let config = core.config().clone();
    let mac = MacStage::new(*s, *stage, operands.sparsity()).unwrap();
    let mappings: Vec<_> = mac
        .problems()
        .iter()
        .zip(&kernel.mapping)
        .map(|(problem, index)| {
            let all = candidates(&config, problem, weight_source(*stage), kernel.dataflow);
            *index.get(&all)
        })
        .collect();
    let plan = plan_mapped(&config, mac, &mappings).unwrap();
    let memory: MemoryModel = kernel.memory.parse().unwrap();
    let before = core.counters();
    let outcome = core.execute(&mac, &plan.program, &memory, &operands);
    let run = outcome.map_err(|error| TestCaseError::fail(format!("{error} {mappings:?}")))?;
    let rtl: Vec<f32> = run.values.iter().map(|&bits| f32::from_bits(bits)).collect();
    let difference = first_difference(&rtl, expected.as_slice().unwrap());
    prop_assert!(difference.is_none(), "{} {:?}", difference.unwrap_or_default(), mappings);
    let after = core.counters();
    prop_assert_eq!(after.mac_slots - before.mac_slots, run.mac_slots, "{:?}", mappings);
    prop_assert_eq!(after.busy_cycles - before.busy_cycles, run.busy_cycles, "{:?}", mappings);
    Ok(())
}

fn cases(default: u32) -> u32 {
    let given = std::env::var("SATKIT_CASES").ok().and_then(|cases| cases.parse().ok());
    given.map_or(default, |cases: u32| if default < 500 { cases.div_ceil(10) } else { cases })
}

fn can_simulate() -> bool {
    if !HAS_BUILT_IN_MODELS {
        println!("skipped: built without models of the RTL");
    }
    HAS_BUILT_IN_MODELS
}

/// Proptest's settings for one of several tests that share their cases. A seed that is given (`PROPTEST_RNG_SEED`) is another
/// one in each of them.
fn settings(cases: u32, test: u64) -> Config {
    let config = Config::default();
    let rng_seed = match config.rng_seed {
        RngSeed::Fixed(seed) => RngSeed::Fixed(seed.wrapping_add(test)),
        RngSeed::Random => RngSeed::Random,
    };
    Config { cases, rng_seed, max_shrink_iters: 200, ..config }
}

fn random_kernels(config: &ArrayConfig, cases: u32, test: u64) {
    if !can_simulate() {
        return;
    }
    // One core for all kernels, so that what one leaves behind meets the next.
    let core = RefCell::new(Core::new(config, &Build::default()).unwrap());
    let mut runner = TestRunner::new(settings(cases, test));
    let verdict = runner.run(&any_kernel(), |kernel| {
        let outcome = run(&mut core.borrow_mut(), &kernel);
        if outcome.is_err() {
            core.replace(Core::new(config, &Build::default()).unwrap());
        }
        outcome
    });
    if let Err(error) = verdict {
        panic!("{error}");
    }
}

// The longest test there is, so that it is two: each takes a core of the machine.
#[test]
fn random_kernels_on_the_tiny_array() {
    random_kernels(&ArrayConfig::tiny(), cases(1000).div_ceil(2), 0);
}

#[test]
fn more_random_kernels_on_the_tiny_array() {
    random_kernels(&ArrayConfig::tiny(), cases(1000) / 2, 1);
}

#[test]
fn random_kernels_on_the_small_array() {
    random_kernels(&ArrayConfig::small(), cases(100), 2);
}
