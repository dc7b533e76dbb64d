//! Softmax cross-entropy against its FP64 formula, its finite differences, and exact cases.

use super::difference::gradient;
use super::values::{FP16_RELATIVE, array, assert_close, bits16, small_f16, wide};
use half::f16;
use ndarray::{Array2, array};
use proptest::prelude::*;
use satkit_golden::elementwise::cross_entropy::cross_entropy;
use satkit_golden::number::to_f16;

/// Mean loss of rows of `classes` logits.
fn formula(logits: &[f64], classes: usize, labels: &[usize]) -> f64 {
    let rows = logits.chunks(classes).zip(labels);
    let losses =
        rows.map(|(row, &label)| row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[label]);
    losses.sum::<f64>() / labels.len() as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn loss_and_gradient_are_the_formula(
        (logits, labels) in (1..5usize, 1..7usize).prop_flat_map(|(rows, classes)| {
            (array([rows, classes], small_f16(6.0)), prop::collection::vec(0..classes, rows))
        }),
        scale in 0..12i32,
    ) {
        let classes = logits.ncols();
        let scale = 2f32.powi(scale);
        let got = cross_entropy(logits.view(), &labels, scale).expect("labels are classes");
        let x: Vec<f64> = wide(&logits).iter().copied().collect();
        assert_close("loss", [f64::from(got.loss)], [formula(&x, classes, &labels)], 1e-5, 2e-6);
        let slope = gradient(&x, &[f64::from(scale)], |x| vec![formula(x, classes, &labels)]);
        // e / z - 1 cancels in FP32, by at most 2^-24, which the scale magnifies.
        let absolute = 2e-7 * f64::from(scale) + 1e-6;
        assert_close("dX", wide(&got.dlogits), slope, FP16_RELATIVE, absolute);
        let best = |row: ndarray::ArrayView1<f16>| {
            (0..classes).find(|&i| row.iter().all(|x| *x <= row[i])).expect("finite logits")
        };
        let predicted: Vec<usize> = logits.rows().into_iter().map(best).collect();
        prop_assert_eq!(got.correct, predicted.iter().zip(&labels).filter(|(a, b)| a == b).count());
        prop_assert_eq!(got.predicted, predicted);
    }
}

#[test]
fn equal_logits_by_hand() {
    let logits = Array2::from_elem((2, 4), f16::from_f32(7.0));
    let got = cross_entropy(logits.view(), &[0, 3], 1024.0).expect("labels are classes");
    assert_eq!(got.loss, libm::logf(4.0));
    // Ties go to the lowest class.
    assert_eq!(got.predicted, [0, 0]);
    assert_eq!(got.correct, 1);
    let (hit, miss) = (to_f16(-0.75 / 2.0 * 1024.0), to_f16(0.25 / 2.0 * 1024.0));
    assert_eq!(got.dlogits, array![[hit, miss, miss, miss], [miss, miss, miss, hit]]);
}

#[test]
fn specials_make_canonical_nans() {
    let logits =
        array![[0.0, f32::NAN, f32::NAN], [f32::INFINITY, 0.0, f32::INFINITY]].mapv(to_f16);
    let got = cross_entropy(logits.view(), &[1, 2], 1.0).expect("labels are classes");
    assert_eq!(got.predicted, [1, 0]);
    assert_eq!(got.loss.to_bits(), 0x7FC0_0000);
    // Row 1: exp(Inf - Inf) is NaN and so is z.
    assert_eq!(bits16(&got.dlogits), [0x7E00; 6]);
    // Inf - Inf makes a NaN of the other sign on some CPUs.
    let got = cross_entropy(logits.slice(ndarray::s![1.., ..]), &[0], 1.0).expect("a class");
    assert_eq!(got.loss.to_bits(), 0x7FC0_0000);
    // A logit of -Inf is a class without probability.
    let logits = array![[0.0, f32::NEG_INFINITY]].mapv(to_f16);
    let got = cross_entropy(logits.view(), &[1], 2.0).expect("labels are classes");
    assert_eq!(got.loss, f32::INFINITY);
    assert_eq!(got.dlogits, array![[2.0, -2.0]].mapv(to_f16));
}
