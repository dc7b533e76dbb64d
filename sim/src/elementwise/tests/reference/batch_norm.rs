//! Batch norm.

use super::stores::{at, channel, finish};
use super::xsum::r_moment;
use super::{Xsum, f, h};
use half::f16;

/// Results of a training batch norm.
pub(in super::super) struct BatchNorm {
    pub(in super::super) y: Vec<f16>,
    pub(in super::super) mean: Vec<f32>,
    pub(in super::super) inv: Vec<f32>,
    pub(in super::super) running_mean: Vec<f32>,
    pub(in super::super) running_var: Vec<f32>,
}

pub(in super::super) fn batch_norm_train(
    size: [usize; 3],
    y: &[f16],
    [gamma, beta, running_mean, running_var]: [&[f32]; 4],
    residual: Option<&[f16]>,
    fuse_relu: bool,
) -> BatchNorm {
    let terms = size[0] * size[2];
    let n = terms as f32;
    let mut out = BatchNorm {
        y: y.to_vec(),
        mean: vec![],
        inv: vec![],
        running_mean: vec![],
        running_var: vec![],
    };
    for c in 0..size[1] {
        let s1 = Xsum::of(channel(size, y, c));
        let s2 = Xsum::of_products(channel(size, y, c).map(|v| (v, v)));
        let mean = s1.r_values(terms);
        let var = r_moment(terms, s2, s1, s1, terms * terms);
        let inv = 1.0 / (var + 1e-5).sqrt();
        let k = gamma[c] * inv;
        for image in 0..size[0] {
            for p in 0..size[2] {
                let i = at(size, image, c, p);
                let v = (f(y[i]) - mean) * k + beta[c];
                out.y[i] = finish(v, residual.map(|r| r[i]), fuse_relu);
            }
        }
        let unbiased = if terms == 1 { var } else { (var * n) / (n - 1.0) };
        out.running_mean.push(0.9 * running_mean[c] + 0.1 * mean);
        out.running_var.push(0.9 * running_var[c] + 0.1 * unbiased);
        out.mean.push(mean);
        out.inv.push(inv);
    }
    out
}

pub(in super::super) fn batch_norm_eval(
    size: [usize; 3],
    y: &[f16],
    [gamma, beta, running_mean, running_var]: [&[f32]; 4],
    residual: Option<&[f16]>,
    fuse_relu: bool,
) -> Vec<f16> {
    (0..y.len())
        .map(|i| {
            let c = i / size[2] % size[1];
            let inv = 1.0 / (running_var[c] + 1e-5).sqrt();
            let k = gamma[c] * inv;
            let v = (f(y[i]) - running_mean[c]) * k + beta[c];
            finish(v, residual.map(|r| r[i]), fuse_relu)
        })
        .collect()
}

/// dX, dgamma, dbeta.
pub(in super::super) type NormGradient = (Vec<f16>, Vec<f32>, Vec<f32>);

pub(in super::super) fn batch_norm_train_backward(
    size: [usize; 3],
    y: &[f16],
    dz: &[f16],
    gamma: &[f32],
) -> NormGradient {
    let terms = size[0] * size[2];
    let n = terms as f32;
    let (mut dx, mut dgammas, mut dbetas) = (y.to_vec(), vec![], vec![]);
    for (c, &gamma) in gamma.iter().enumerate() {
        let s1 = Xsum::of(channel(size, y, c));
        let s2 = Xsum::of_products(channel(size, y, c).map(|v| (v, v)));
        let mean = s1.r_values(terms);
        let var = r_moment(terms, s2, s1, s1, terms * terms);
        let inv = 1.0 / (var + 1e-5).sqrt();
        let k = gamma * inv;
        let d1 = Xsum::of(channel(size, dz, c));
        let d2 = Xsum::of_products(channel(size, dz, c).zip(channel(size, y, c)));
        let dbeta = d1.r_values(1);
        let cov = r_moment(terms, d2, s1, d1, terms);
        let dgamma = cov * inv;
        let a = dbeta / n;
        let b = (dgamma * inv) / n;
        for image in 0..size[0] {
            for p in 0..size[2] {
                let i = at(size, image, c, p);
                dx[i] = h(((f(dz[i]) - a) - (f(y[i]) - mean) * b) * k);
            }
        }
        dgammas.push(dgamma);
        dbetas.push(dbeta);
    }
    (dx, dgammas, dbetas)
}

pub(in super::super) fn batch_norm_eval_backward(
    size: [usize; 3],
    y: &[f16],
    dz: &[f16],
    [gamma, mean, var]: [&[f32]; 3],
) -> NormGradient {
    let (mut dx, mut dgammas, mut dbetas) = (y.to_vec(), vec![], vec![]);
    for c in 0..size[1] {
        let inv = 1.0 / (var[c] + 1e-5).sqrt();
        let k = gamma[c] * inv;
        let dbeta = Xsum::of(channel(size, dz, c)).r_values(1);
        let d2 = Xsum::of_products(channel(size, dz, c).zip(channel(size, y, c)));
        dgammas.push((d2.r_products() - mean[c] * dbeta) * inv);
        dbetas.push(dbeta);
        for image in 0..size[0] {
            for p in 0..size[2] {
                let i = at(size, image, c, p);
                dx[i] = h(f(dz[i]) * k);
            }
        }
    }
    (dx, dgammas, dbetas)
}
