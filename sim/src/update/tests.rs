//! The update against the contract's five lines.

use super::*;
use crate::elementwise::tests::{assert_bits, on_thread_counts, values};
use proptest::prelude::*;

/// The contract's five lines for one weight: new w and v.
fn reference([w, v, dw]: [f32; 3], sgd: &MomentumSgd, decay: Option<(f32, bool)>) -> (f32, f32) {
    let mut g = dw * (1.0 / sgd.loss_scale);
    if let Some((lambda, false)) = decay
        && lambda != 0.0
    {
        g += lambda * w;
    }
    if sgd.weight_decay != 0.0 {
        g += sgd.weight_decay * w;
    }
    let v = sgd.momentum * v + g;
    (w - sgd.learning_rate * v, v)
}

fn settings() -> impl Strategy<Value = (MomentumSgd, f32)> {
    let rate = || prop_oneof![Just(0.0_f32), 1e-6_f32..1.0, Just(1e-40_f32), Just(-0.0)];
    (rate(), rate(), rate(), -30_i32..31, rate()).prop_map(|(lr, mu, wd, exponent, lambda)| {
        let (learning_rate, momentum, weight_decay) = (lr, mu, wd);
        let loss_scale = 2_f32.powi(exponent);
        (MomentumSgd { learning_rate, momentum, weight_decay, loss_scale }, lambda)
    })
}

proptest! {
    #[test]
    fn updates(
        a in values(), b in values(), (sgd, lambda) in settings(), len in 1_usize..4000,
        masked: bool,
    ) {
        let [w, v, dw] = [a.floats(0, len), a.floats(1, len), b.floats(2, len)];
        let keep: Vec<bool> = b.below(3, len, 2).iter().map(|&bit| bit == 1).collect();
        let pruned = masked.then_some(PrunedDecay { lambda, keep: &keep });
        let (new_w, new_v): (Vec<f32>, Vec<f32>) = (0..len)
            .map(|i| reference([w[i], v[i], dw[i]], &sgd, masked.then_some((lambda, keep[i]))))
            .unzip();
        let (mut given_w, mut given_v) = (w, v);
        sgd.update(&mut given_w, &mut given_v, &dw, pruned).unwrap();
        assert_bits("v", &given_v, &new_v);
        assert_bits("w", &given_w, &new_w);
    }

    #[test]
    fn specials_are_found(at in 0_usize..40_000, special in prop::sample::select(vec![
        f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -f32::NAN, f32::from_bits(0x7F80_0001),
    ])) {
        let mut gradient = vec![f32::MAX; 40_000];
        prop_assert!(all_finite(&gradient));
        gradient[at] = special;
        prop_assert!(!all_finite(&gradient));
        prop_assert_eq!(all_finite(&gradient[..at]), true);
    }
}

#[test]
fn threads_change_no_bit() {
    let len = 3 * TASK + 17;
    let dw: Vec<f32> = (0..len).map(|i| (i as f32).sin()).collect();
    let keep: Vec<bool> = (0..len).map(|i| i % 3 == 0).collect();
    let sgd =
        MomentumSgd { learning_rate: 0.1, momentum: 0.9, weight_decay: 5e-4, loss_scale: 1024.0 };
    let decay = (2e-4, &keep);
    let results = on_thread_counts(|| {
        let (mut w, mut v) = (dw.clone(), dw.clone());
        let pruned = PrunedDecay { lambda: decay.0, keep: decay.1 };
        sgd.update(&mut w, &mut v, &dw, Some(pruned)).unwrap();
        (w, v)
    });
    let expected: Vec<f32> =
        (0..len).map(|i| reference([dw[i]; 3], &sgd, Some((decay.0, keep[i]))).0).collect();
    for (w, v) in &results {
        assert_bits("w", w, &expected);
        assert_bits("v", v, &results[0].1);
    }
}

#[test]
fn impossible_settings_change_nothing() {
    let good =
        MomentumSgd { learning_rate: 0.1, momentum: 0.9, weight_decay: 0.0, loss_scale: 1.0 };
    let (mut w, mut v) = ([1.0; 4], [1.0; 4]);
    for bad in [
        MomentumSgd { learning_rate: f32::NAN, ..good },
        MomentumSgd { momentum: f32::INFINITY, ..good },
        MomentumSgd { weight_decay: f32::NEG_INFINITY, ..good },
        MomentumSgd { loss_scale: 3.0, ..good },
        MomentumSgd { loss_scale: 0.0, ..good },
        MomentumSgd { loss_scale: -2.0, ..good },
        MomentumSgd { loss_scale: f32::INFINITY, ..good },
        MomentumSgd { loss_scale: 2_f32.powi(127), ..good },
    ] {
        let error = bad.update(&mut w, &mut v, &[1.0; 4], None).unwrap_err().to_string();
        assert!(error.contains("accepted: "), "{error}");
    }
    assert!(good.update(&mut w, &mut v, &[1.0; 3], None).is_err());
    assert!(good.update(&mut w, &mut v[1..], &[1.0; 4], None).is_err());
    let short = PrunedDecay { lambda: 1.0, keep: &[true; 3] };
    assert!(good.update(&mut w, &mut v, &[1.0; 4], Some(short)).is_err());
    let infinite = PrunedDecay { lambda: f32::INFINITY, keep: &[true; 4] };
    assert!(good.update(&mut w, &mut v, &[1.0; 4], Some(infinite)).is_err());
    assert_eq!((w, v), ([1.0; 4], [1.0; 4]));
}
