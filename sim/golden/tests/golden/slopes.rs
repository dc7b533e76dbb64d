//! Finite differences of the layers whose slope is 0 or 1: bias, ReLU, residual add and max pooling.
//!
//! Inputs are distinct odd multiples of 1/16, so that no difference crosses a kink: a zero or a tie.

use super::difference::gradient;
use super::values::{array, assert_close, small_f16, wide};
use half::f16;
use ndarray::{Array1, Array4};
use proptest::prelude::*;
use satkit_golden::elementwise::window::Window;
use satkit_golden::elementwise::{add, max_pool, relu, store};

/// Images, channels, rows, columns.
const DIMS: [usize; 4] = [2, 2, 4, 3];
const LEN: usize = 48;

/// Distinct values of both signs, in any order.
fn distinct() -> impl Strategy<Value = Array4<f16>> {
    Just((0..LEN as i32).collect::<Vec<_>>()).prop_shuffle().prop_map(|order| {
        let value = |step: i32| f16::from_f32((2 * step - LEN as i32 + 1) as f32 / 16.0);
        Array4::from_shape_vec(DIMS, order.into_iter().map(value).collect()).expect("LEN values")
    })
}

fn flat(values: &Array4<f16>) -> Vec<f64> {
    wide(values).into_iter().collect()
}

fn rectified(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| v.max(0.0)).collect()
}

/// `relu(x + bias of its channel + residual)`.
fn stored(x: &[f64], bias: &[f64], residual: &[f64]) -> Vec<f64> {
    let pixels = DIMS[2] * DIMS[3];
    let sum = |i: usize| x[i] + bias[i / pixels % DIMS[1]] + residual[i];
    rectified(&(0..LEN).map(sum).collect::<Vec<_>>())
}

/// The largest pixel of each 2 x 2 window at stride 1 with padding 1.
fn pooled(x: &[f64]) -> Vec<f64> {
    let [n, c, h, w] = DIMS;
    let mut y = Vec::new();
    for image in 0..n * c {
        for oh in 0..=h {
            for ow in 0..=w {
                let inside = [(oh, ow), (oh + 1, ow), (oh, ow + 1), (oh + 1, ow + 1)]
                    .into_iter()
                    .filter(|&(r, q)| r > 0 && q > 0 && r <= h && q <= w);
                let pixels = inside.map(|(r, q)| x[(image * h + r - 1) * w + q - 1]);
                y.push(pixels.fold(f64::NEG_INFINITY, f64::max));
            }
        }
    }
    y
}

proptest! {
    #[test]
    fn relu_has_its_slope(x in distinct(), dy in array(DIMS, small_f16(2.0))) {
        let dx = relu::backward(dy.view(), relu::forward(x.view()).view()).expect("one shape");
        assert_close("dX", flat(&dx), gradient(&flat(&x), &flat(&dy), rectified), 0.0, 1e-6);
    }

    #[test]
    fn bias_residual_and_relu_of_a_store_have_their_slopes(
        x in distinct(), residual in array(DIMS, (-3..=3i8).prop_map(|v| f16::from_f32(v.into()))),
        dy in array(DIMS, small_f16(2.0)),
    ) {
        // Whole numbers keep the sums odd multiples of 1/16.
        let bias = Array1::from(vec![1.0f32, -2.0]);
        let acc = x.mapv(f32::from);
        let y = store::forward(acc.view(), Some(bias.view()), Some(residual.view()), true);
        let dz = relu::backward(dy.view(), y.expect("one shape").view()).expect("one shape");
        let (x, r, d) = (flat(&x), flat(&residual), flat(&dy));
        let b = [1.0, -2.0];
        // The masked gradient is the accumulator's and the residual's.
        assert_close("dX", flat(&dz), gradient(&x, &d, |x| stored(x, &b, &r)), 0.0, 1e-6);
        assert_close("dR", flat(&dz), gradient(&r, &d, |r| stored(&x, &b, r)), 0.0, 1e-6);
        let db = store::bias_gradient(dz.view()).expect("few terms").mapv(f64::from);
        assert_close("db", db, gradient(&b, &d, |b| stored(&x, b, &r)), 1e-6, 1e-5);
    }

    #[test]
    fn a_residual_add_has_its_slope_in_both_inputs(
        a in distinct(), b in array(DIMS, (-3..=3i8).prop_map(|v| f16::from_f32(v.into()))),
        dy in array(DIMS, small_f16(2.0)), fused in any::<bool>(),
    ) {
        let y = add::forward(a.view(), b.view(), fused).expect("one shape");
        let dx = add::backward(dy.view(), fused.then_some(y.view())).expect("one shape");
        let sum = |a: &[f64], b: &[f64]| {
            let sum: Vec<f64> = a.iter().zip(b).map(|(a, b)| a + b).collect();
            if fused { rectified(&sum) } else { sum }
        };
        let (a, b, d) = (flat(&a), flat(&b), flat(&dy));
        assert_close("dA", flat(&dx), gradient(&a, &d, |a| sum(a, &b)), 0.0, 1e-6);
        assert_close("dB", flat(&dx), gradient(&b, &d, |b| sum(&a, b)), 0.0, 1e-6);
    }

    #[test]
    fn max_pooling_has_its_slope(
        x in distinct(), dy in array([2, 2, 5, 4], small_f16(2.0)),
    ) {
        let window = Window::new(2, 1, 1).expect("a window");
        let dx = max_pool::backward(dy.view(), x.view(), window).expect("the window fits");
        // Up to four windows share a best pixel; their sum is rounded once to FP16.
        let slope = gradient(&flat(&x), &flat(&dy), pooled);
        assert_close("dX", flat(&dx), slope, super::values::FP16_RELATIVE, 1e-6);
    }
}
