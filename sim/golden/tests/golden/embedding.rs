//! Token embedding.

use super::difference::gradient;
use super::values::{any_f16, array, assert_close, bits16, small_f16, wide};
use half::f16;
use ndarray::{Array3, array};
use proptest::prelude::*;
use satkit_golden::elementwise::embedding::{backward, forward};
use satkit_golden::number::to_f16;

/// Embedding of `(b, t, D)`; `parameters` are cls, then pos.
fn formula(x: &[f64], parameters: &[f64], [batch, tokens, width]: [usize; 3]) -> Vec<f64> {
    let (cls, pos) = parameters.split_at(width);
    let mut y = Vec::new();
    for b in 0..batch {
        y.extend((0..width).map(|i| cls[i] + pos[i]));
        let values = &x[b * tokens * width..(b + 1) * tokens * width];
        y.extend(values.iter().zip(&pos[width..]).map(|(x, p)| x + p));
    }
    y
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn both_directions_are_the_formula(
        (x, parameters, dy) in (1..4usize, 1..4usize, 1..4usize).prop_flat_map(|(b, t, d)| (
            array([b, t, d], small_f16(1.0)),
            array([t + 2, d], -1.0f32..1.0),
            array([b, t + 1, d], small_f16(1.0)),
        )),
    ) {
        let sizes = [x.dim().0, x.dim().1, x.dim().2];
        let cls = parameters.row(0);
        let pos = parameters.slice(ndarray::s![1.., ..]);
        let x64: Vec<f64> = wide(&x).iter().copied().collect();
        let p64: Vec<f64> = parameters.iter().map(|&p| f64::from(p)).collect();
        let dy64: Vec<f64> = wide(&dy).iter().copied().collect();
        let y = forward(x.view(), cls, pos).expect("it fits");
        assert_close("Y", wide(&y), formula(&x64, &p64, sizes), 5e-4, 1e-7);
        let got = backward(dy.view()).expect("a token");
        let dx = gradient(&x64, &dy64, |x| formula(x, &p64, sizes));
        assert_close("dX", wide(&got.dx), dx, 0.0, 1e-8);
        let dp = gradient(&p64, &dy64, |p| formula(&x64, p, sizes));
        let parameters = got.dcls.iter().chain(&got.dpos).map(|&g| f64::from(g));
        assert_close("dcls, dpos", parameters, dp, 1e-7, 1e-8);
    }

    #[test]
    fn gradients_of_tokens_pass_unchanged(dy in array([2, 3, 2], any_f16())) {
        let got = backward(dy.view()).expect("two tokens");
        let want: Array3<f16> = dy.slice(ndarray::s![.., 1.., ..]).mapv(|v| to_f16(f32::from(v)));
        prop_assert_eq!(bits16(&got.dx), bits16(&want));
    }
}

#[test]
fn sums_over_the_batch_are_exact() {
    let tiny = f16::from_bits(1);
    let dy = Array3::from_shape_fn((3, 2, 1), |(b, t, _)| {
        if t == 0 { [f16::MAX, tiny, f16::MIN][b] } else { f16::INFINITY }
    });
    let got = backward(dy.view()).expect("one token");
    assert_eq!(got.dcls, array![2f32.powi(-24)]);
    assert_eq!(got.dpos, array![[2f32.powi(-24)], [f32::INFINITY]]);
}
