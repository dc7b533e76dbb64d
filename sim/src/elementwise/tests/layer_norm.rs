//! Layer norm, forward and backward.

use super::{assert_bits, on_thread_counts, output, reference, values};
use crate::elementwise::{layer_norm, layer_norm_backward};
use half::f16;
use proptest::prelude::*;

/// Compares both directions with the contract.
fn check(rows: usize, d: usize, x: &[f16], dy: &[f16], gamma: &[f32], beta: &[f32]) {
    let mut out = output(rows * d);
    let expected = reference::layer_norm(d, x, gamma, beta);
    let saved = layer_norm(rows, d, x, gamma, beta, &mut out).unwrap();
    assert_bits("mean", saved.mean(), &expected.1);
    assert_bits("inv", saved.inv(), &expected.2);
    assert_bits("Y", &out, &expected.0);
    let expected = reference::layer_norm_backward(d, x, dy, gamma);
    let gradient = layer_norm_backward(rows, d, x, dy, gamma, &saved, &mut out).unwrap();
    assert_bits("dX", &out, &expected.0);
    assert_bits("dgamma", &gradient.dgamma, &expected.1);
    assert_bits("dbeta", &gradient.dbeta, &expected.2);
}

proptest! {
    #[test]
    fn layers(v in values(), p in values(), rows in 1_usize..20, d in 1_usize..150) {
        let (x, dy) = (v.halves(0, rows * d), v.halves(1, rows * d));
        check(rows, d, &x, &dy, &p.floats(2, d), &p.floats(3, d));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn large_layers_on_any_threads(
        v in values(), p in values(),
        d in prop::sample::select(vec![63, 192, 513]),
    ) {
        let (x, dy) = (v.halves(0, 131 * d), v.halves(1, 131 * d));
        let (gamma, beta) = (p.floats(2, d), p.floats(3, d));
        on_thread_counts(|| check(131, d, &x, &dy, &gamma, &beta));
    }
}

#[test]
fn disagreeing_lengths_are_refused() {
    let (x, mut out) = (output(6), output(6));
    assert!(layer_norm(2, 3, &x[1..], &[1.0; 3], &[0.0; 3], &mut out).is_err());
    assert!(layer_norm(2, 3, &x, &[1.0; 2], &[0.0; 3], &mut out).is_err());
    assert!(layer_norm(2, 0, &[], &[], &[], &mut []).is_err());
    let saved = layer_norm(2, 3, &x, &[1.0; 3], &[0.0; 3], &mut out).unwrap();
    assert!(layer_norm_backward(3, 2, &x, &x, &[1.0; 2], &saved, &mut out).is_err());
    assert!(layer_norm_backward(2, 3, &x, &x[1..], &[1.0; 3], &saved, &mut out).is_err());
}
