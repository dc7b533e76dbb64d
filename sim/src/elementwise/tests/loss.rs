//! Softmax cross-entropy.

use super::{Flavour, Values, assert_bits, on_thread_counts, output, reference, values};
use crate::elementwise::{LogitGradient, cross_entropy};
use half::f16;
use proptest::prelude::*;

/// Compares loss, predictions and gradient with the contract.
fn check(classes: usize, logits: &[f16], labels: &[u32], loss_scale: f32) {
    let (loss, predicted, dx) = reference::cross_entropy(classes, logits, labels, loss_scale);
    let mut dlogits = output(logits.len());
    let gradient = LogitGradient { loss_scale, dlogits: &mut dlogits };
    let given = cross_entropy(labels.len(), classes, logits, labels, Some(gradient)).unwrap();
    assert_bits("loss", &[given.loss], &[loss]);
    assert_bits("dX", &dlogits, &dx);
    assert_eq!(given.predicted, predicted);
    let correct = labels.iter().zip(&predicted).filter(|(a, b)| a == b).count();
    assert_eq!(given.correct, correct);
    let evaluated = cross_entropy(labels.len(), classes, logits, labels, None).unwrap();
    assert_bits("evaluated loss", &[evaluated.loss], &[loss]);
    assert_eq!((evaluated.correct, evaluated.predicted), (correct, predicted));
}

proptest! {
    #[test]
    fn batches(v in values(), batch in 1_usize..40, classes in 1_usize..40, exponent in -2_i32..25) {
        let logits = v.halves(0, batch * classes);
        let labels: Vec<u32> = v.below(1, batch, classes as u64).iter().map(|&y| y as u32).collect();
        check(classes, &logits, &labels, 2_f32.powi(exponent));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn large_batches_on_any_threads(v in values()) {
        let logits = v.halves(0, 301 * 100);
        let labels: Vec<u32> = v.below(1, 301, 100).iter().map(|&y| y as u32).collect();
        on_thread_counts(|| check(100, &logits, &labels, 1024.0));
    }
}

#[test]
fn each_operation_is_rounded() {
    // Enough gradients that any other order of the division and the scaling shows in FP16.
    let v = Values { seed: 1, flavour: Flavour::Ordinary };
    let logits = v.halves(0, 3001 * 100);
    let labels: Vec<u32> = v.below(1, 3001, 100).iter().map(|&y| y as u32).collect();
    check(100, &logits, &labels, 2_f32.powi(22));
}

#[test]
fn impossible_arguments_are_refused() {
    let (logits, mut dlogits) = (output(6), output(6));
    let mut refused = |classes, labels: &[u32], loss_scale| {
        let gradient = LogitGradient { loss_scale, dlogits: &mut dlogits };
        let error = cross_entropy(2, classes, &logits, labels, Some(gradient)).unwrap_err();
        assert!(error.to_string().contains("accepted: "), "{error}");
    };
    refused(3, &[0, 3], 1.0);
    refused(3, &[0], 1.0);
    refused(2, &[0, 1], 1.0);
    refused(0, &[0, 0], 1.0);
    for loss_scale in [0.0, -1.0, 3.0, f32::INFINITY, f32::NAN, 1e-45] {
        refused(3, &[0, 1], loss_scale);
    }
    assert_bits("untouched", &dlogits, &output(6));
    assert!(cross_entropy(2, 3, &logits, &[0, 4], None).is_err());
}
