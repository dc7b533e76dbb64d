//! Store, ReLU, add and GELU.

use super::difference::gradient;
use super::values::{FP16_RELATIVE, any_f16, array, assert_close, bits16, bits32, small_f16, wide};
use half::f16;
use ndarray::{Array1, Array2, Array3, Array4, array};
use proptest::prelude::*;
use satkit_golden::elementwise::{add, gelu, relu, store};
use satkit_golden::number::to_f16;

/// All FP16 values.
fn everything() -> Array1<f16> {
    (0..=u16::MAX).map(f16::from_bits).collect()
}

#[test]
fn relu_of_every_value() {
    let x = everything();
    let y = relu::forward(x.view());
    // The gradient is a NaN with a payload: it passes canonical or becomes +0.0.
    let dy = Array1::from_elem(x.len(), f16::from_bits(0xFE01));
    let dx = relu::backward(dy.view(), y.view()).expect("one shape");
    for (bits, (y, dx)) in y.iter().zip(&dx).enumerate() {
        let (exponent, negative) = (bits & 0x7FFF, bits & 0x8000 != 0);
        let want = match exponent {
            0x7C01.. => 0x7E00,
            0 => 0,
            _ if negative => 0,
            _ => bits as u16,
        };
        assert_eq!(y.to_bits(), want, "{bits:#06x}");
        assert_eq!(dx.to_bits(), if want == 0 { 0 } else { 0x7E00 }, "{bits:#06x}");
    }
}

#[test]
fn relu_masks_negative_zero_and_keeps_the_sign_of_gradients() {
    let y = array![-0.0, 0.0, 1.0, -1.0].mapv(to_f16);
    let dy = array![1.0, 1.0, -0.0, 1.0].mapv(to_f16);
    let dx = relu::backward(dy.view(), y.view()).expect("one shape");
    assert_eq!(bits16(&dx), [0, 0, 0x8000, 0]);
}

#[test]
fn stores_round_once() {
    // 1 + 2^-11 is a tie: alone it rounds to 1, with a further 2^-20 to the value above.
    let tie = 1.0 + 2f32.powi(-11);
    let acc = Array4::from_elem((1, 2, 1, 1), tie);
    let bias = array![0.0, 2f32.powi(-20)];
    let y = store::forward(acc.view(), Some(bias.view()), None, false).expect("a bias per channel");
    assert_eq!(bits16(&y), [0x3C00, 0x3C01]);
    // Bias ahead of the residual: (2^24 + 1) - 2^24 is 0 where 2^24 + (1 - 2^24) would be 1.
    let acc = Array2::from_elem((1, 1), 16_777_216.0);
    let residual = Array2::from_elem((1, 1), f16::ONE);
    let bias = array![-16_777_216.0];
    let y = store::forward(acc.view(), Some(bias.view()), Some(residual.view()), false);
    assert_eq!(y.expect("one value")[[0, 0]], f16::ONE);
    // ReLU comes last and keeps NaN.
    let acc = array![[-1.0, f32::NAN, -3.0]];
    let residual = array![[f16::from_f32(3.0), f16::ONE, f16::ONE]];
    let y = store::forward(acc.view(), None, Some(residual.view()), true).expect("one shape");
    assert_eq!(bits16(&y), [0x4000, 0x7E00, 0]);
}

#[test]
fn the_channel_is_axis_one_of_images_and_the_last_axis_of_tokens() {
    let bias = array![1.0, 2.0];
    let image = store::forward(Array4::zeros((1, 2, 1, 3)).view(), Some(bias.view()), None, false)
        .expect("two channels");
    assert_eq!(image.iter().map(|v| v.to_f32()).collect::<Vec<_>>(), [1., 1., 1., 2., 2., 2.]);
    let tokens = store::forward(Array3::zeros((1, 3, 2)).view(), Some(bias.view()), None, false)
        .expect("two channels");
    assert_eq!(tokens.iter().map(|v| v.to_f32()).collect::<Vec<_>>(), [1., 2., 1., 2., 1., 2.]);
    let dy =
        Array4::from_shape_fn((2, 2, 1, 2), |(n, c, _, w)| f16::from_f32((n + 2 * c + w) as f32));
    assert_eq!(store::bias_gradient(dy.view()).expect("small"), array![4.0, 12.0]);
    let dy = array![[1.0, -1.0], [2.0, 4.0]].mapv(to_f16);
    assert_eq!(store::bias_gradient(dy.view()).expect("small"), array![3.0, 3.0]);
}

#[test]
fn bias_gradients_are_exact_and_canonical() {
    let column = |values: [f16; 3]| Array2::from_shape_fn((3, 1), |(row, _)| values[row]);
    let tiny = f16::from_bits(1);
    let got = store::bias_gradient(column([f16::MAX, tiny, f16::MIN]).view()).expect("small");
    assert_eq!(bits32(&got), [2f32.powi(-24).to_bits()]);
    let inf = f16::INFINITY;
    let got = store::bias_gradient(column([inf, -inf, tiny]).view()).expect("small");
    assert_eq!(bits32(&got), [0x7FC0_0000]);
    let got = store::bias_gradient(column([f16::NEG_ZERO; 3]).view()).expect("small");
    assert_eq!(bits32(&got), [0]);
}

proptest! {
    #[test]
    fn sums_of_two_round_once(a in array([7], any_f16()), b in array([7], any_f16()), relu: bool) {
        let y = add::forward(a.view(), b.view(), relu).expect("one shape");
        for i in 0..7 {
            // Exact in FP64; FP32 rounds it first, far below FP16's spacing.
            let sum = (f64::from(a[i]) + f64::from(b[i])) as f32;
            let sum = if relu && sum <= 0.0 { 0.0 } else { sum };
            prop_assert_eq!(y[i].to_bits(), to_f16(sum).to_bits());
        }
        let more = add::accumulate(a.view(), b.view()).expect("one shape");
        prop_assert_eq!(bits16(&more), bits16(&add::forward(a.view(), b.view(), false).expect("one shape")));
        let dx = add::backward(a.view(), relu.then(|| y.view())).expect("one shape");
        for i in 0..7 {
            let stopped = relu && f32::from(y[i]) <= 0.0;
            let want = if stopped { 0 } else { to_f16(f32::from(a[i])).to_bits() };
            prop_assert_eq!(dx[i].to_bits(), want);
        }
    }

    #[test]
    fn the_gradient_of_gelu_is_its_slope(x in array([9], small_f16(5.0)), dy in array([9], small_f16(2.0))) {
        let got = gelu::backward(dy.view(), x.view()).expect("one shape");
        let want = gradient(
            wide(&x).as_slice().expect("one axis"),
            wide(&dy).as_slice().expect("one axis"),
            |x| x.iter().map(|&x| gelu64(x)).collect(),
        );
        assert_close("dX", wide(&got), want, FP16_RELATIVE, 2e-6);
    }
}

/// GELU by the complementary error function, which does not cancel for negative x.
fn gelu64(x: f64) -> f64 {
    0.5 * x * libm::erfc(-x / 2f64.sqrt())
}

#[test]
fn gelu_of_every_value() {
    let x = everything();
    let finite: Array1<f16> = x.iter().copied().filter(|x| x.is_finite()).collect();
    let want: Vec<f64> = wide(&finite).iter().map(|&x| gelu64(x)).collect();
    assert_close("Y", wide(&gelu::forward(finite.view())), want, FP16_RELATIVE, 6e-7);
    // Negative infinity meets 1 + erf = 0; NaNs are canonical.
    let specials = array![f16::INFINITY, f16::NEG_INFINITY, f16::from_bits(0xFC01)];
    assert_eq!(bits16(&gelu::forward(specials.view())), [0x7C00, 0x7E00, 0x7E00]);
}
