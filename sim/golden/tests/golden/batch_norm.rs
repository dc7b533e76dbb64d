//! Batch norm against its FP64 formula, its finite differences, and exact cases.

use super::difference::gradient;
use super::values::{
    FP16_RELATIVE, array, assert_close, bits16, bits32, integer_f16, small_f16, wide,
};
use half::f16;
use ndarray::{Array1, Array4, ArrayView1, Axis, array, s};
use proptest::prelude::*;
use satkit_golden::elementwise::batch_norm::{
    Statistics, batch_statistics, eval_backward, forward, train_backward, update_running,
};
use satkit_golden::elementwise::relu;

/// Two-pass batch norm of one channel; `fixed` replaces the batch's own mean and variance.
fn formula(y: &[f64], gamma: f64, beta: f64, fixed: Option<(f64, f64)>) -> Vec<f64> {
    let n = y.len() as f64;
    let (mean, var) = fixed.unwrap_or_else(|| {
        let mean = y.iter().sum::<f64>() / n;
        (mean, y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n)
    });
    y.iter().map(|y| (y - mean) / (var + 1e-5).sqrt() * gamma + beta).collect()
}

fn channel(values: &Array4<f16>, c: usize) -> Vec<f64> {
    wide(values).index_axis(Axis(1), c).iter().copied().collect()
}

type Case = (Array4<f16>, Array4<f16>, Array4<f16>, Array1<f32>, Array1<f32>);

fn cases() -> impl Strategy<Value = Case> {
    (1..4usize, 1..4usize, 2..5usize).prop_flat_map(|(n, c, side)| {
        let dims = [n, c, side, side];
        (
            array(dims, small_f16(2.0)),
            array(dims, small_f16(1.0)),
            array(dims, small_f16(1.0)),
            array([c], 0.5f32..2.0),
            array([c], -1.0f32..1.0),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn forward_is_the_formula((y, residual, _, gamma, beta) in cases(), fuse_relu: bool) {
        let batch = batch_statistics(y.view()).expect("a small batch");
        let running = Statistics { mean: &batch.mean + 0.25, var: &batch.var * 2.0 + 0.1 };
        for (statistics, fixed) in [(&batch, false), (&running, true)] {
            let got = forward(
                y.view(), statistics, gamma.view(), beta.view(), Some(residual.view()), fuse_relu,
            ).expect("parameters per channel");
            for c in 0..gamma.len() {
                let constants = (f64::from(statistics.mean[c]), f64::from(statistics.var[c]));
                let normal = formula(
                    &channel(&y, c), gamma[c].into(), beta[c].into(), fixed.then_some(constants),
                );
                let want = normal.iter().zip(channel(&residual, c)).map(|(v, r)| {
                    if fuse_relu { (v + r).max(0.0) } else { v + r }
                });
                assert_close("Y", channel(&got, c), want, FP16_RELATIVE, 4e-6);
            }
        }
    }

    #[test]
    fn backward_is_the_slope((y, _, dz, gamma, beta) in cases()) {
        let statistics = batch_statistics(y.view()).expect("a small batch");
        prop_assume!(statistics.var.iter().all(|&var| var > 0.05));
        let trained = train_backward(dz.view(), y.view(), &statistics, gamma.view()).expect("it fits");
        let running = Statistics { mean: &statistics.mean + 0.25, var: &statistics.var * 2.0 };
        let fixed = eval_backward(dz.view(), y.view(), &running, gamma.view()).expect("it fits");
        for c in 0..gamma.len() {
            let (y, dz) = (channel(&y, c), channel(&dz, c));
            let (gamma, beta) = (f64::from(gamma[c]), f64::from(beta[c]));
            let constants = (f64::from(running.mean[c]), f64::from(running.var[c]));
            for (got, constants) in [(&trained, None), (&fixed, Some(constants))] {
                let dx = gradient(&y, &dz, |y| formula(y, gamma, beta, constants));
                assert_close("dX", channel(&got.dx, c), dx, FP16_RELATIVE, 2e-5);
                let of = |p: &[f64]| formula(&y, p[0], p[1], constants);
                let parameters = gradient(&[gamma, beta], &dz, of);
                let got = [got.dgamma[c].into(), got.dbeta[c].into()];
                assert_close("dgamma, dbeta", got, parameters, 1e-5, 1e-5);
            }
        }
    }

    /// Nothing depends on the order of pixels.
    #[test]
    fn sums_do_not_depend_on_order((y, _, dz, gamma, _) in cases()) {
        let flip = |t: &Array4<f16>| t.slice(s![..;-1, .., ..;-1, ..;-1]).to_owned();
        let (a, b) = (batch_statistics(y.view()), batch_statistics(flip(&y).view()));
        let statistics = a.expect("a small batch");
        prop_assert_eq!(&statistics, &b.expect("a small batch"));
        let a = train_backward(dz.view(), y.view(), &statistics, gamma.view()).expect("it fits");
        let b = train_backward(flip(&dz).view(), flip(&y).view(), &statistics, gamma.view())
            .expect("it fits");
        prop_assert_eq!(bits32(&a.dgamma), bits32(&b.dgamma));
        prop_assert_eq!(bits16(&flip(&a.dx)), bits16(&b.dx));
    }

    /// Whole numbers, where mean and variance are fractions that FP64 rounds right.
    #[test]
    fn statistics_round_once(y in array([3, 1, 1, 5], integer_f16())) {
        let statistics = batch_statistics(y.view()).expect("a small batch");
        let (n, s1) = (15, wide(&y).sum() as i32);
        let s2 = wide(&y).mapv(|y| y * y).sum() as i32;
        prop_assert_eq!(statistics.mean[0], (f64::from(s1) / f64::from(n)) as f32);
        let var = f64::from(n * s2 - s1 * s1) / f64::from(n * n);
        prop_assert_eq!(statistics.var[0], var as f32);
    }
}

fn row(values: &[f16]) -> Array4<f16> {
    Array4::from_shape_fn((1, 1, 1, values.len()), |(.., w)| values[w])
}

#[test]
fn a_large_mean_does_not_hide_a_small_variance() {
    // 60000 and 60032 (neighbours in FP16): the variance is 256, far below the rounding of S2 / n.
    let y = row(&[60_000.0, 60_032.0].map(f16::from_f32));
    let statistics = batch_statistics(y.view()).expect("two values");
    assert_eq!((statistics.mean[0], statistics.var[0]), (60_016.0, 256.0));
    let dz = row(&[f16::ONE, -f16::ONE]);
    let got =
        train_backward(dz.view(), y.view(), &statistics, array![1.0].view()).expect("it fits");
    // cov = sum dz * (y - mean) = -16 - 16.
    assert_eq!(got.dgamma[0], -32.0 * (1.0 / (256.0f32 + 1e-5).sqrt()));
    assert_eq!(got.dbeta[0], 0.0);
}

#[test]
fn constant_channels_have_no_variance() {
    let y = row(&[f16::from_f32(0.1); 7]);
    let statistics = batch_statistics(y.view()).expect("seven values");
    assert_eq!(statistics.mean[0], f16::from_f32(0.1).to_f32());
    assert_eq!(statistics.var[0].to_bits(), 0);
    let one = array![1.0];
    let beta = array![0.5];
    let z = forward(y.view(), &statistics, one.view(), beta.view(), None, false).expect("it fits");
    assert!(z.iter().all(|&z| z == f16::from_f32(0.5)));
}

#[test]
fn infinities_follow_the_sticky_rules() {
    let y = row(&[f16::INFINITY, f16::ONE]);
    let statistics = batch_statistics(y.view()).expect("two values");
    assert_eq!(statistics.mean[0], f32::INFINITY);
    assert_eq!(statistics.var[0].to_bits(), 0x7FC0_0000);
    // D1 is a single infinite sum and stays infinite, cov is not a number.
    let finite = row(&[f16::ONE, f16::ZERO]);
    let plain = batch_statistics(finite.view()).expect("two values");
    let got = train_backward(y.view(), finite.view(), &plain, array![1.0].view()).expect("it fits");
    assert_eq!(got.dbeta[0], f32::INFINITY);
    assert_eq!(got.dgamma[0].to_bits(), 0x7FC0_0000);
    // In evaluation D2 = Inf * 1 + 1 * 0 is infinite too; Inf - 0 * Inf is NaN for mean 0, Inf for mean -1.
    for (mean, dgamma) in [(0.0, 0x7FC0_0000), (-1.0, f32::INFINITY.to_bits())] {
        let running = Statistics { mean: array![mean], var: array![1.0] };
        let got = eval_backward(y.view(), finite.view(), &running, array![1.0].view());
        assert_eq!(got.expect("it fits").dgamma[0].to_bits(), dgamma);
    }
}

#[test]
fn running_statistics_by_hand() {
    let running =
        Statistics { mean: array![1.0, f32::from_bits(0xFFC0_0001)], var: array![2.0, 0.0] };
    let batch = Statistics { mean: array![3.0, 0.0], var: array![4.0, 4.0] };
    let got = update_running(&running, &batch, 5).expect("two channels");
    assert_eq!(got.mean[0], 0.9f32 * 1.0 + 0.1f32 * 3.0);
    assert_eq!(got.mean[1].to_bits(), 0x7FC0_0000);
    assert_eq!(got.var[0], 0.9f32 * 2.0 + 0.1f32 * 5.0);
    let alone = update_running(&running, &batch, 1).expect("two channels");
    assert_eq!(alone.var[0], 0.9f32 * 2.0 + 0.1f32 * 4.0);
}

#[test]
fn the_mask_of_a_fused_relu_goes_first() {
    // What the caller does: mask dY by the stored output, then go backward.
    let y = row(&[-1.0, 1.0].map(f16::from_f32));
    let statistics = batch_statistics(y.view()).expect("two values");
    let (gamma, beta) = (array![1.0], array![0.0]);
    let z = forward(y.view(), &statistics, gamma.view(), beta.view(), None, true).expect("it fits");
    assert_eq!(z[[0, 0, 0, 0]].to_bits(), 0);
    let dz = relu::backward(row(&[f16::ONE; 2]).view(), z.view()).expect("one shape");
    let view: ArrayView1<f32> = gamma.view();
    let got = train_backward(dz.view(), y.view(), &statistics, view).expect("it fits");
    assert_eq!(got.dbeta[0], 1.0);
}
