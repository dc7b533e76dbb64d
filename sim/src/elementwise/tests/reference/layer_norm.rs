//! Layer norm.

use super::batch_norm::NormGradient;
use super::{bias_gradient, f, h};
use half::f16;

/// Mean, inv and xh of one row.
fn row_statistics(x: &[f16]) -> (f32, f32, Vec<f32>) {
    let d = x.len() as f32;
    let mut sum = 0.0_f32;
    for &x in x {
        sum += f(x);
    }
    let mean = sum / d;
    let mut squares = 0.0_f32;
    for &x in x {
        let deviation = f(x) - mean;
        squares += deviation * deviation;
    }
    let inv = 1.0 / (squares / d + 1e-5).sqrt();
    (mean, inv, x.iter().map(|&x| (f(x) - mean) * inv).collect())
}

/// Y, mean, inv.
pub(in super::super) fn layer_norm(
    d: usize,
    x: &[f16],
    gamma: &[f32],
    beta: &[f32],
) -> (Vec<f16>, Vec<f32>, Vec<f32>) {
    let (mut y, mut means, mut invs) = (vec![], vec![], vec![]);
    for x in x.chunks(d) {
        let (mean, inv, xh) = row_statistics(x);
        y.extend((0..d).map(|i| h(xh[i] * gamma[i] + beta[i])));
        means.push(mean);
        invs.push(inv);
    }
    (y, means, invs)
}

pub(in super::super) fn layer_norm_backward(
    d: usize,
    x: &[f16],
    dy: &[f16],
    gamma: &[f32],
) -> NormGradient {
    let (mut dx, mut dgamma) = (vec![], vec![0.0_f32; d]);
    for (x, dy) in x.chunks(d).zip(dy.chunks(d)) {
        let (_, inv, xh) = row_statistics(x);
        let g: Vec<f32> = (0..d).map(|i| f(dy[i]) * gamma[i]).collect();
        let (mut s1, mut s2) = (0.0_f32, 0.0_f32);
        for i in 0..d {
            s1 += g[i];
            s2 += g[i] * xh[i];
            dgamma[i] += f(dy[i]) * xh[i];
        }
        let (s1, s2) = (s1 / d as f32, s2 / d as f32);
        dx.extend((0..d).map(|i| h(((g[i] - s1) - xh[i] * s2) * inv)));
    }
    let dbeta = bias_gradient([x.len() / d, d, 1], dy);
    (dx, dgamma, dbeta)
}
