//! Batch norm, backward.

use super::{BatchStatistics, inverse_deviation, product};
use crate::SimError;
use crate::elementwise::Planes;
use crate::elementwise::channel_sums::channel_moments;
use crate::elementwise::exact::{PRODUCT_UNIT, VALUE_UNIT, round_central_moment};
use crate::elementwise::vector::{CHUNK, for_each_chunk_by_channel, vectorised};
use crate::number::{canonical, narrow, widen};
use half::f16;

/// Gradients of a norm's parameters, FP32, one per channel, NaNs canonical.
#[derive(Clone, Debug, PartialEq)]
pub struct NormGradient {
    /// Gradient of gamma.
    pub dgamma: Vec<f32>,
    /// Gradient of beta.
    pub dbeta: Vec<f32>,
}

vectorised! {
    /// `dz = ((dz - a) - (y - mean) * b) * k`.
    fn centre_gradient(dz: &mut [f32], y: &[f32], mean: &[f32], a: &[f32], b: &[f32], k: &[f32]) {
        let rest = y.iter().zip(mean).zip(a).zip(b).zip(k);
        for (dz, ((((&y, &mean), &a), &b), &k)) in dz.iter_mut().zip(rest) {
            *dz = ((*dz - a) - (y - mean) * b) * k;
        }
    }
}

vectorised! {
    /// `dz = dz * k`.
    fn scale(dz: &mut [f32], k: &[f32]) {
        for (dz, &k) in dz.iter_mut().zip(k) {
            *dz *= k;
        }
    }
}

/// Training backward pass: dX and the gradients of gamma and beta.
///
/// `y` (the forward pass's input), `dz` (dY after the mask of the fused ReLU) and `dx` are FP16
/// `(batch, channels, pixels)`; `gamma` is FP32 `(channels)`; `saved` is the forward pass's result.
/// Source: `docs/contract-elementwise.md`, batch norm.
///
/// # Errors
/// [`SimError`] if a length disagrees, or a channel has more than
/// [`MAX_TERMS`](crate::elementwise::MAX_TERMS) values.
pub fn batch_norm_train_backward(
    planes: Planes,
    y: &[f16],
    dz: &[f16],
    gamma: &[f32],
    saved: &BatchStatistics,
    dx: &mut [f16],
) -> Result<NormGradient, SimError> {
    planes.check("dX", dx.len())?;
    planes.check_channels("gamma", gamma.len())?;
    let (gradient, [a, b]) = gradient(planes, y, dz, saved)?;
    let k = product(gamma, &saved.inv);
    apply_backward(planes, [y, dz], [&saved.mean, &a, &b, &k], dx)?;
    Ok(gradient)
}

/// The gradients of gamma and beta, and `a` and `b` of each channel.
///
/// Shapes as in [`batch_norm_train_backward`].
///
/// # Errors
/// As [`batch_norm_train_backward`].
pub(crate) fn gradient(
    planes: Planes,
    y: &[f16],
    dz: &[f16],
    saved: &BatchStatistics,
) -> Result<(NormGradient, [Vec<f32>; 2]), SimError> {
    planes.check("y", y.len())?;
    planes.check("dz", dz.len())?;
    planes.check_channels("saved statistics", saved.sums.len())?;
    planes.check_terms()?;

    let terms = planes.terms() as u64;
    let n = terms as f32;
    let mut gradient = NormGradient { dgamma: Vec::new(), dbeta: Vec::new() };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for (channel, moments) in channel_moments(planes, dz, Some(y)).iter().enumerate() {
        let inv = saved.inv[channel];
        let dbeta = moments.sum.round(VALUE_UNIT, 1);
        let cov =
            round_central_moment(terms, moments.products, saved.sums[channel], moments.sum, terms);
        let dgamma = cov * inv;
        a.push(dbeta / n);
        b.push((dgamma * inv) / n);
        gradient.dgamma.push(canonical(dgamma));
        gradient.dbeta.push(canonical(dbeta));
    }
    Ok((gradient, [a, b]))
}

/// `dX` from `y` and `dz` with mean, `a`, `b` and `k` of each channel.
///
/// # Errors
/// [`SimError`] if a length disagrees.
pub(crate) fn apply_backward(
    planes: Planes,
    [y, dz]: [&[f16]; 2],
    [mean, a, b, k]: [&[f32]; 4],
    dx: &mut [f16],
) -> Result<(), SimError> {
    planes.check("y", y.len())?;
    planes.check("dz", dz.len())?;
    planes.check("dX", dx.len())?;
    planes.check_channels("mean", mean.len())?;
    planes.check_channels("k", k.len())?;
    for_each_chunk_by_channel(planes, [mean, a, b, k], dx, |range, [mean, a, b, k], dx| {
        let (mut wide_dz, mut wide_y) = ([0.0; CHUNK], [0.0; CHUNK]);
        let (wide_dz, wide_y) = (&mut wide_dz[..dx.len()], &mut wide_y[..dx.len()]);
        widen(&dz[range.clone()], wide_dz);
        widen(&y[range], wide_y);
        centre_gradient(wide_dz, wide_y, mean, a, b, k);
        narrow(wide_dz, dx);
    });
    Ok(())
}

/// Evaluation backward pass: the running statistics are constants.
///
/// Shapes as in [`batch_norm_train_backward`]; `running_mean` and `running_var` are FP32 `(channels)`.
///
/// # Errors
/// As [`batch_norm_train_backward`].
pub fn batch_norm_eval_backward(
    planes: Planes,
    y: &[f16],
    dz: &[f16],
    gamma: &[f32],
    running_mean: &[f32],
    running_var: &[f32],
    dx: &mut [f16],
) -> Result<NormGradient, SimError> {
    planes.check("y", y.len())?;
    planes.check("dz", dz.len())?;
    planes.check("dX", dx.len())?;
    planes.check_channels("gamma", gamma.len())?;
    planes.check_channels("running mean", running_mean.len())?;
    planes.check_channels("running variance", running_var.len())?;
    planes.check_terms()?;

    let inv: Vec<f32> = running_var.iter().map(|&var| inverse_deviation(var)).collect();
    let mut gradient = NormGradient { dgamma: Vec::new(), dbeta: Vec::new() };
    for (channel, moments) in channel_moments(planes, dz, Some(y)).iter().enumerate() {
        let dbeta = moments.sum.round(VALUE_UNIT, 1);
        let products = moments.products.round(PRODUCT_UNIT, 1);
        let dgamma = (products - running_mean[channel] * dbeta) * inv[channel];
        gradient.dgamma.push(canonical(dgamma));
        gradient.dbeta.push(canonical(dbeta));
    }
    let k = product(gamma, &inv);
    for_each_chunk_by_channel(planes, [&k], dx, |range, [k], dx| {
        let mut v = [0.0; CHUNK];
        let v = &mut v[..dx.len()];
        widen(&dz[range], v);
        scale(v, k);
        narrow(v, dx);
    });
    Ok(gradient)
}
