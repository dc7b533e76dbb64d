//! Updates and pruning on the Verilated core.

use crate::{bits, can_simulate, cases, settings};
use half::f16;
use ndarray::{ArrayView4, ArrayViewMut4};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use satkit_golden::number::to_f16;
use satkit_golden::prune::{Pruned, prune_ci, prune_co};
use satkit_golden::update::Update;
use satkit_memory::MemoryModel;
use satkit_plan::{prune_program, update_program};
use satkit_rtl::{Build, Core, Groups, Made, Sgd};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};
use satkit_tests::any_f16;
use std::cell::RefCell;

/// What the update makes: FF pruned, BP pruned, or their FP16 copies; or SR-STE's mask.
#[derive(Clone, Copy, Debug)]
enum Method {
    Dense,
    Ff,
    Bp,
    Both,
    Srste,
}

#[derive(Clone, Debug)]
struct Case {
    shape: ConvShape,
    sparsity: Sparsity,
    method: Method,
    w: Vec<f32>,
    v: Vec<f32>,
    dw: Vec<f32>,
    settings: [f32; 4],
    scale: f32,
    skip: bool,
    memory: &'static str,
}

/// FP32 values around those of FP16, special ones among them.
fn any_f32() -> impl Strategy<Value = f32> {
    prop_oneof![
        6 => -4.0f32..4.0,
        3 => any_f16().prop_map(f16::to_f32),
        1 => any::<u32>().prop_map(f32::from_bits),
    ]
}

fn any_case() -> impl Strategy<Value = Case> {
    let sparsity = proptest::sample::select(vec![2, 4, 8])
        .prop_flat_map(|m| (1..m, Just(m)))
        .prop_map(|(n, m)| Sparsity::new(n, m).unwrap());
    let method = proptest::sample::select(vec![
        Method::Dense,
        Method::Ff,
        Method::Bp,
        Method::Both,
        Method::Srste,
    ]);
    let memory =
        proptest::sample::select(vec!["pool", "ddr4", "fixed:latency=0", "pressure:seed=5"]);
    (sparsity, method, 1usize..5, 1usize..5, 1usize..4, 1usize..4, memory).prop_flat_map(
        |(sparsity, method, co, ci, kh, kw, memory)| {
            let m = sparsity.m();
            let side = (kh.max(kw), kh.max(kw));
            // Dense weights may be of any number: blocks end inside a beat.
            let (ci, co) = match method {
                Method::Dense => (ci * m + 1, 4 * co * m + 1),
                _ => (ci * m, co * m),
            };
            let shape = ConvShape::new(1, ci, side, co, (kh, kw), 1, 0).unwrap();
            let values = || proptest::collection::vec(any_f32(), shape.w_len());
            let setting = || prop_oneof![Just(0.0f32), 0.001f32..1.0];
            let settings = [setting(), setting(), setting(), setting()];
            let scale = proptest::sample::select(vec![1.0f32, 1024.0]);
            (values(), values(), values(), settings, scale, proptest::bool::weighted(0.1)).prop_map(
                move |(w, v, dw, settings, scale, skip)| Case {
                    shape,
                    sparsity,
                    method,
                    w,
                    v,
                    dw,
                    settings,
                    scale,
                    skip,
                    memory,
                },
            )
        },
    )
}

fn groups(pruned: &Pruned) -> Groups {
    let values = pruned.values().iter().map(|v| v.to_bits()).collect();
    (values, pruned.positions().iter().copied().collect())
}

fn check(core: &mut Core, case: &Case) -> Result<(), TestCaseError> {
    let Case { shape: s, sparsity, method, .. } = case;
    let sizes = (s.co, s.ci, s.kh, s.kw);
    let [learning_rate, momentum, weight_decay, lambda] = case.settings;
    let halves = |w: &[f32]| -> Vec<f16> { w.iter().copied().map(to_f16).collect() };
    fn view(sizes: (usize, usize, usize, usize), w: &[f16]) -> ArrayView4<'_, f16> {
        ArrayView4::from_shape(sizes, w).unwrap()
    }

    // The reference.
    let old = halves(&case.w);
    let is_srste = matches!(method, Method::Srste);
    let mask = is_srste.then(|| prune_ci(view(sizes, &old), *sparsity).unwrap());
    let (mut w, mut v) = (case.w.clone(), case.v.clone());
    if !case.skip {
        let lambda = if is_srste { lambda } else { 0.0 };
        let loss_scale = case.scale;
        let update = Update { learning_rate, momentum, weight_decay, lambda, loss_scale };
        let dw = ArrayView4::from_shape(sizes, &case.dw[..]).unwrap();
        let w_view = ArrayViewMut4::from_shape(sizes, &mut w[..]).unwrap();
        let v_view = ArrayViewMut4::from_shape(sizes, &mut v[..]).unwrap();
        update.apply(w_view, v_view, dw, mask.as_ref().map(Pruned::mask)).unwrap();
    }
    let new = halves(&w);
    let dense = || (bits(&new), Vec::new());
    let by_ci = || groups(&prune_ci(view(sizes, &new), *sparsity).unwrap());
    let by_co = || groups(&prune_co(view(sizes, &new), *sparsity).unwrap());
    let (ff, bp) = match method {
        Method::Dense => (dense(), dense()),
        Method::Ff | Method::Srste => (by_ci(), dense()),
        Method::Bp => (dense(), by_co()),
        Method::Both => (by_ci(), by_co()),
    };

    // The core.
    let config = core.config().clone();
    let made = |pruned: bool| Some(if pruned { *sparsity } else { Sparsity::DENSE });
    let made = Made {
        ff: made(matches!(method, Method::Ff | Method::Both | Method::Srste)),
        bp: made(matches!(method, Method::Bp | Method::Both)),
    };
    let program = update_program(&config, s, made.ff, made.bp).unwrap();
    let sgd = Sgd {
        learning_rate,
        momentum,
        weight_decay,
        lambda: is_srste.then_some(lambda),
        loss_scale: case.scale,
        skip: case.skip,
    };
    // What is stored has canonical NaNs.
    let stored = |values: &[f32]| -> Vec<u32> {
        values.iter().map(|v| if v.is_nan() { 0x7FC0_0000 } else { v.to_bits() }).collect()
    };
    let [old_w, old_v, dw] = [&case.w, &case.v, &case.dw].map(|values| stored(values));
    let memory: MemoryModel = case.memory.parse().unwrap();
    let run = core.update(s, [&old_w, &old_v, &dw], &sgd, made, &program, &memory);
    let run = run.map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(run.w, stored(&w), "W");
    prop_assert_eq!(run.v, stored(&v), "V");
    prop_assert_eq!(run.ff, ff, "FF weights");
    prop_assert_eq!(run.bp, bp, "BP weights");
    Ok(())
}

fn random_updates(config: &ArrayConfig, default: u32) {
    if !can_simulate() {
        return;
    }
    let core = RefCell::new(Core::new(config, &Build::default()).unwrap());
    let verdict = TestRunner::new(settings(cases(default), 0))
        .run(&any_case(), |case| check(&mut core.borrow_mut(), &case));
    if let Err(error) = verdict {
        panic!("{error}");
    }
}

#[test]
fn random_updates_on_the_tiny_array() {
    random_updates(&ArrayConfig::tiny(), 3000);
}

#[test]
fn random_updates_on_the_small_array() {
    random_updates(&ArrayConfig::small(), 400);
}

/// Weights of a layer, pruned in SORE for a stage.
#[derive(Clone, Debug)]
struct Pruning {
    shape: ConvShape,
    sparsity: Sparsity,
    stage: Stage,
    w: Vec<f16>,
    memory: &'static str,
}

fn any_pruning() -> impl Strategy<Value = Pruning> {
    let sparsity = proptest::sample::select(vec![2, 4, 8])
        .prop_flat_map(|m| (1..=m, Just(m)))
        .prop_map(|(n, m)| Sparsity::new(n, m).unwrap());
    let stage = prop_oneof![Just(Stage::Ff), Just(Stage::Bp)];
    let memory = proptest::sample::select(vec!["pool", "ddr4", "pressure:seed=7"]);
    (sparsity, stage, memory, 1usize..6, 1usize..6, 1usize..4).prop_flat_map(
        |(sparsity, stage, memory, co, ci, kernel)| {
            let (m, side) = (sparsity.m(), (kernel, kernel));
            let shape = ConvShape::new(1, ci * m, side, co * m, side, 1, 0).unwrap();
            proptest::collection::vec(any_f16(), shape.w_len()).prop_map(move |w| Pruning {
                shape,
                sparsity,
                stage,
                w,
                memory,
            })
        },
    )
}

fn check_pruning(core: &mut Core, case: &Pruning) -> Result<(), TestCaseError> {
    let Pruning { shape: s, sparsity, stage, w, memory } = case;
    let view = ArrayView4::from_shape((s.co, s.ci, s.kh, s.kw), w).unwrap();
    let is_ff = *stage == Stage::Ff;
    let pruned = if is_ff { prune_ci(view, *sparsity) } else { prune_co(view, *sparsity) }.unwrap();
    // Group by group, as the reference has them.
    let stored = bits(w);
    let (outer, inner) = if is_ff { (s.co, s.ci) } else { (s.ci, s.co) };
    let mut values = Vec::with_capacity(s.w_len());
    for (a, tap) in (0..outer).flat_map(|a| (0..s.taps()).map(move |tap| (a, tap))) {
        values.extend((0..inner).map(|b| {
            let (co, ci) = if is_ff { (a, b) } else { (b, a) };
            stored[(co * s.ci + ci) * s.taps() + tap]
        }));
    }
    let program = prune_program(core.config(), s, *stage, *sparsity).unwrap();
    let made = core.prune_timed(&values, *sparsity, &program, &memory.parse().unwrap());
    let made = made.map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(made, groups(&pruned));
    Ok(())
}

#[test]
fn random_prunings_on_the_tiny_array() {
    random_prunings(&ArrayConfig::tiny(), 1000);
}

#[test]
fn random_prunings_on_the_small_array() {
    random_prunings(&ArrayConfig::small(), 100);
}

fn random_prunings(config: &ArrayConfig, default: u32) {
    if !can_simulate() {
        return;
    }
    let core = RefCell::new(Core::new(config, &Build::default()).unwrap());
    let verdict = TestRunner::new(settings(cases(default), 0))
        .run(&any_pruning(), |case| check_pruning(&mut core.borrow_mut(), &case));
    if let Err(error) = verdict {
        panic!("{error}");
    }
}
