//! The update, operation by operation, and the dynamic loss scale.

use bitvec::prelude::*;
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;
use satkit_golden::GoldenError;
use satkit_golden::loss_scale::DynamicLossScale;
use satkit_golden::update::Update;

const PLAIN: Update =
    Update { learning_rate: 0.1, momentum: 0.9, weight_decay: 0.0, lambda: 0.0, loss_scale: 1.0 };

fn step(update: Update, w: f32, v: f32, dw: f32, mask: Option<bool>) -> (u32, u32) {
    let (mut w, mut v) = (array![w], array![v]);
    let mask: Option<BitVec> = mask.map(|kept| std::iter::once(kept).collect());
    update
        .apply(w.view_mut(), v.view_mut(), array![dw].view(), mask.as_deref())
        .expect("one weight");
    (w[0].to_bits(), v[0].to_bits())
}

/// FP32 rounding of an FP64 result, which is exact for a product and correctly rounds one sum of FP32 values.
fn round(value: f64) -> f64 {
    f64::from(value as f32)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Each operation in FP64, rounded to FP32 on its own (double rounding is harmless at this width).
    #[test]
    fn operations_round_one_by_one(
        (w, v, dw) in (-2.0f32..2.0, -2.0f32..2.0, -2000.0f32..2000.0),
        (lr, mu, wd, lambda) in (0.0f32..1.0, 0.0f32..1.0, 0.0f32..1e-2, 0.0f32..1e-2),
        scale in 0..24i32,
        mask in prop::option::of(any::<bool>()),
    ) {
        let loss_scale = 2f32.powi(scale);
        let update = Update {
            learning_rate: lr, momentum: mu, weight_decay: wd, lambda, loss_scale,
        };
        let [w64, v64, lr64, mu64, wd64, lambda64] = [w, v, lr, mu, wd, lambda].map(f64::from);
        let mut g = round(f64::from(dw) / f64::from(loss_scale));
        if mask == Some(false) {
            g = round(g + round(lambda64 * w64));
        }
        g = round(g + round(wd64 * w64));
        let v_new = round(round(mu64 * v64) + g);
        let w_new = round(w64 - round(lr64 * v_new));
        let want = ((w_new as f32).to_bits(), (v_new as f32).to_bits());
        let got = step(update, w, v, dw, mask);
        // FP64 loses the sign of a zero product in a sum only where both are zero; values agree always.
        prop_assert_eq!(f32::from_bits(got.0), f32::from_bits(want.0));
        prop_assert_eq!(f32::from_bits(got.1), f32::from_bits(want.1));
    }
}

#[test]
fn zero_settings_leave_their_term_out() {
    // With the term left in, 0 * Inf would make NaNs.
    let (w, v) = step(PLAIN, f32::INFINITY, 0.0, 1.0, Some(false));
    assert_eq!((f32::from_bits(w), f32::from_bits(v)), (f32::INFINITY, 1.0));
    let decayed = Update { weight_decay: 0.5, ..PLAIN };
    assert_eq!(f32::from_bits(step(decayed, 2.0, 0.0, 1.0, None).1), 2.0);
}

#[test]
fn lambda_reaches_only_pruned_weights() {
    let update = Update { lambda: 0.5, ..PLAIN };
    let (mut w, mut v) = (Array2::from_elem((2, 2), 2.0f32), Array2::zeros((2, 2)));
    let mask = bitvec![1, 0, 0, 1];
    let dw = Array2::zeros((2, 2));
    update.apply(w.view_mut(), v.view_mut(), dw.view(), Some(&mask)).expect("one shape");
    assert_eq!(v, array![[0.0, 1.0], [1.0, 0.0]]);
    // The mask is in C order whatever the memory layout is.
    let (mut w, mut v) = (Array2::from_elem((2, 3), 2.0f32), Array2::zeros((3, 2)).reversed_axes());
    let mask = bitvec![1, 0, 1, 1, 1, 0];
    let dw = Array2::zeros((2, 3));
    update.apply(w.view_mut(), v.view_mut(), dw.view(), Some(&mask)).expect("one shape");
    assert_eq!(v, array![[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
}

#[test]
fn stored_nans_are_canonical() {
    let payload = f32::from_bits(0xFFC0_1234);
    assert_eq!(step(PLAIN, 1.0, 0.0, payload, None), (0x7FC0_0000, 0x7FC0_0000));
    assert_eq!(step(PLAIN, payload, 1.0, 1.0, None).0, 0x7FC0_0000);
}

#[test]
fn bad_settings_are_refused_and_nothing_changes() {
    let nan = f32::NAN;
    let bad = [
        Update { loss_scale: 0.0, ..PLAIN },
        Update { loss_scale: 3.0, ..PLAIN },
        Update { loss_scale: -2.0, ..PLAIN },
        Update { loss_scale: f32::INFINITY, ..PLAIN },
        Update { loss_scale: f32::MIN_POSITIVE / 2.0, ..PLAIN },
        Update { loss_scale: 2f32.powi(127), ..PLAIN },
        Update { learning_rate: nan, ..PLAIN },
        Update { momentum: f32::INFINITY, ..PLAIN },
        Update { weight_decay: nan, ..PLAIN },
        Update { lambda: nan, ..PLAIN },
    ];
    for update in bad {
        let (mut w, mut v) = (array![1.0], array![1.0]);
        let refused = update.apply(w.view_mut(), v.view_mut(), array![1.0].view(), None);
        assert!(matches!(refused, Err(GoldenError::Value { .. })), "{update:?}: {refused:?}");
        assert_eq!((w[0], v[0]), (1.0, 1.0));
    }
    let (mut w, mut v) = (array![1.0], array![1.0, 2.0]);
    let dw: Array1<f32> = array![1.0];
    assert!(PLAIN.apply(w.view_mut(), v.view_mut(), dw.view(), None).is_err());
    let mut v = array![1.0];
    let mask = bitvec![1, 0];
    assert!(PLAIN.apply(w.view_mut(), v.view_mut(), dw.view(), Some(&mask)).is_err());
    assert_eq!((w[0], v[0]), (1.0, 1.0));
}

#[test]
fn the_loss_scale_halves_at_once_and_doubles_after_two_thousand_steps() {
    let mut scale = DynamicLossScale::new();
    assert_eq!(scale.scale(), 65_536.0);
    assert!(!scale.end_step(false));
    assert_eq!(scale.scale(), 32_768.0);
    for _ in 0..1_999 {
        assert!(scale.end_step(true));
    }
    assert_eq!(scale.scale(), 32_768.0);
    // A bad step breaks the row of good ones.
    scale.end_step(false);
    for _ in 0..1_999 {
        scale.end_step(true);
    }
    assert_eq!(scale.scale(), 16_384.0);
    scale.end_step(true);
    assert_eq!(scale.scale(), 32_768.0);
    for _ in 0..40 {
        scale.end_step(false);
    }
    assert_eq!(scale.scale(), 1.0);
    for _ in 0..30 * 2_000 {
        scale.end_step(true);
    }
    assert_eq!(scale.scale(), 16_777_216.0);
}
