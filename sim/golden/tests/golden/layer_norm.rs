//! Layer norm against its FP64 formula, its finite differences, and exact cases.

use super::difference::gradient;
use super::values::{FP16_RELATIVE, array, assert_close, bits16, bits32, small_f16, wide};
use half::f16;
use ndarray::{Array1, Array2, Array3, array};
use proptest::prelude::*;
use satkit_golden::elementwise::layer_norm::{backward, forward};
use satkit_golden::number::to_f16;

/// Layer norm of rows of `gamma.len()` values.
fn formula(x: &[f64], gamma: &[f64], beta: &[f64]) -> Vec<f64> {
    let d = gamma.len();
    x.chunks(d)
        .flat_map(|row| {
            let mean = row.iter().sum::<f64>() / d as f64;
            let var = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / d as f64;
            let normal = row.iter().map(move |x| (x - mean) / (var + 1e-5).sqrt());
            normal.zip(gamma).zip(beta).map(|((x, g), b)| x * g + b).collect::<Vec<_>>()
        })
        .collect()
}

type Case = (Array3<f16>, Array3<f16>, Array1<f32>, Array1<f32>);

fn cases() -> impl Strategy<Value = Case> {
    (1..3usize, 1..4usize, 3..7usize).prop_flat_map(|(b, t, d)| {
        (
            array([b, t, d], small_f16(2.0)),
            array([b, t, d], small_f16(1.0)),
            array([d], 0.5f32..2.0),
            array([d], -1.0f32..1.0),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn both_directions_are_the_formula((x, dy, gamma, beta) in cases()) {
        let spread = |row: ndarray::ArrayView1<f16>| {
            let row = row.mapv(f64::from);
            row.iter().fold(f64::MIN, |a, &b| a.max(b)) - row.iter().fold(f64::MAX, |a, &b| a.min(b))
        };
        prop_assume!(x.rows().into_iter().all(|row| spread(row) > 0.5));
        let (x64, dy64) = (wide(&x).into_raw_vec_and_offset().0, wide(&dy).into_raw_vec_and_offset().0);
        let (g64, b64) = (gamma.mapv(f64::from).to_vec(), beta.mapv(f64::from).to_vec());
        let y = forward(x.view(), gamma.view(), beta.view()).expect("a value per feature");
        assert_close("Y", wide(&y), formula(&x64, &g64, &b64), FP16_RELATIVE, 4e-6);
        let got = backward(dy.view(), x.view(), gamma.view()).expect("a value per feature");
        let dx = gradient(&x64, &dy64, |x| formula(x, &g64, &b64));
        assert_close("dX", wide(&got.dx), dx, FP16_RELATIVE, 2e-5);
        let dgamma = gradient(&g64, &dy64, |g| formula(&x64, g, &b64));
        assert_close("dgamma", got.dgamma.mapv(f64::from), dgamma, 1e-5, 1e-5);
        let dbeta = gradient(&b64, &dy64, |b| formula(&x64, &g64, b));
        assert_close("dbeta", got.dbeta.mapv(f64::from), dbeta, 1e-6, 1e-9);
    }

    /// Tokens are their rows, in ascending (b, t).
    #[test]
    fn tokens_are_rows((x, dy, gamma, beta) in cases()) {
        let rows = |t: &Array3<f16>| {
            let (b, t_len, d) = t.dim();
            t.to_shape((b * t_len, d)).expect("the same values").to_owned()
        };
        let y = forward(x.view(), gamma.view(), beta.view()).expect("a value per feature");
        let y2 = forward(rows(&x).view(), gamma.view(), beta.view()).expect("a value per feature");
        prop_assert_eq!(bits16(&y), bits16(&y2));
        let a = backward(dy.view(), x.view(), gamma.view()).expect("a value per feature");
        let b = backward(rows(&dy).view(), rows(&x).view(), gamma.view()).expect("a value per feature");
        prop_assert_eq!(bits16(&a.dx), bits16(&b.dx));
        prop_assert_eq!(bits32(&a.dgamma), bits32(&b.dgamma));
        prop_assert_eq!(bits32(&a.dbeta), bits32(&b.dbeta));
    }
}

#[test]
fn rows_by_hand() {
    // Mean 0, variance 1: inv = 1 / sqrt(1 + 1e-5).
    let x = array![[1.0, -1.0], [-1.0, 1.0]].mapv(to_f16);
    let inv = 1.0 / (1.0f32 + 1e-5).sqrt();
    let (gamma, beta) = (array![2.0, 1.0], array![0.0, 0.5]);
    let y = forward(x.view(), gamma.view(), beta.view()).expect("two features");
    let want = [inv * 2.0, -inv + 0.5, -inv * 2.0, inv + 0.5].map(|v| to_f16(v).to_bits());
    assert_eq!(bits16(&y), want);
    let dy = array![[1.0, 3.0], [2.0, 3.0]].mapv(to_f16);
    let got = backward(dy.view(), x.view(), gamma.view()).expect("two features");
    assert_eq!(got.dgamma, array![(0.0 + inv) - 2.0 * inv, (0.0 - 3.0 * inv) + 3.0 * inv]);
    assert_eq!(got.dbeta, array![3.0, 6.0]);
}

#[test]
fn constant_rows_and_specials() {
    let (gamma, beta) = (array![1.0, 1.0], array![0.25, -0.25]);
    let x: Array2<f16> = array![[3.0, 3.0], [f32::INFINITY, 0.0]].mapv(to_f16);
    let y = forward(x.view(), gamma.view(), beta.view()).expect("two features");
    let quarter = to_f16(0.25).to_bits();
    assert_eq!(bits16(&y), [quarter, quarter | 0x8000, 0x7E00, 0x7E00]);
    let dy = Array2::from_elem((2, 2), f16::ONE);
    let got = backward(dy.view(), x.view(), gamma.view()).expect("two features");
    assert_eq!(bits16(&got.dx)[2..], [0x7E00, 0x7E00]);
    assert_eq!(bits32(&got.dgamma), [0x7FC0_0000; 2]);
    assert_eq!(got.dbeta, array![2.0, 2.0]);
}
