//! Batch norm, forward, with fused residual and ReLU.

use super::{BatchStatistics, inverse_deviation, product};
use crate::SimError;
use crate::elementwise::channel_sums::channel_moments;
use crate::elementwise::exact::{VALUE_UNIT, round_central_moment};
use crate::elementwise::store::finish;
use crate::elementwise::vector::{CHUNK, for_each_chunk_by_channel, vectorised};
use crate::elementwise::{Fused, Planes};
use crate::number::{canonical, widen};
use half::f16;

/// Weight of the old value in the running statistics.
const RUNNING_KEEP: f32 = 0.9;
/// Weight of the new value in the running statistics.
const RUNNING_TAKE: f32 = 0.1;

vectorised! {
    /// `v = (v - mean) * k + beta`.
    fn scale_and_shift(v: &mut [f32], mean: &[f32], k: &[f32], beta: &[f32]) {
        for (((v, &mean), &k), &beta) in v.iter_mut().zip(mean).zip(k).zip(beta) {
            *v = (*v - mean) * k + beta;
        }
    }
}

/// Normalises `y` with the given mean, `k` and beta of each channel, and stores it.
///
/// # Errors
/// [`SimError`] if a length disagrees.
pub(crate) fn apply(
    planes: Planes,
    y: &[f16],
    [mean, k, beta]: [&[f32]; 3],
    fused: Fused<'_>,
    out: &mut [f16],
) -> Result<(), SimError> {
    planes.check("y", y.len())?;
    planes.check("out", out.len())?;
    planes.check_channels("mean", mean.len())?;
    planes.check_channels("k", k.len())?;
    planes.check_channels("beta", beta.len())?;
    fused.check(planes.len())?;
    for_each_chunk_by_channel(planes, [mean, k, beta], out, |range, [mean, k, beta], out| {
        let mut v = [0.0; CHUNK];
        let v = &mut v[..out.len()];
        widen(&y[range.clone()], v);
        scale_and_shift(v, mean, k, beta);
        finish(v, fused, range.start, out);
    });
    Ok(())
}

/// Statistics of the batch's `y`, FP16 `(batch, channels, pixels)`, which enter the running ones, FP32 `(channels)`.
///
/// # Errors
/// [`SimError`] if a length disagrees, or a channel has more than [`MAX_TERMS`](crate::elementwise::MAX_TERMS) values.
pub(crate) fn statistics(
    planes: Planes,
    y: &[f16],
    running_mean: &mut [f32],
    running_var: &mut [f32],
) -> Result<BatchStatistics, SimError> {
    planes.check("y", y.len())?;
    planes.check_channels("running mean", running_mean.len())?;
    planes.check_channels("running variance", running_var.len())?;
    planes.check_terms()?;
    let terms = planes.terms() as u64;
    let n = terms as f32;
    let mut statistics = BatchStatistics {
        sums: Vec::with_capacity(planes.channels),
        mean: Vec::with_capacity(planes.channels),
        inv: Vec::with_capacity(planes.channels),
    };
    let running = running_mean.iter_mut().zip(running_var.iter_mut());
    for (moments, (running_mean, running_var)) in
        channel_moments(planes, y, Some(y)).iter().zip(running)
    {
        let mean = moments.sum.round(VALUE_UNIT, terms);
        let var =
            round_central_moment(terms, moments.products, moments.sum, moments.sum, terms * terms);
        let unbiased = if terms == 1 { var } else { (var * n) / (n - 1.0) };
        *running_mean = canonical(RUNNING_KEEP * *running_mean + RUNNING_TAKE * mean);
        *running_var = canonical(RUNNING_KEEP * *running_var + RUNNING_TAKE * unbiased);
        statistics.sums.push(moments.sum);
        statistics.mean.push(canonical(mean));
        statistics.inv.push(canonical(inverse_deviation(var)));
    }
    Ok(statistics)
}

/// Training forward pass: normalises with the batch's statistics, updates the running ones.
///
/// `y` (the stored matrix stage) and `out` are FP16 `(batch, channels, pixels)`; `gamma`, `beta`,
/// `running_mean`, `running_var` are FP32 `(channels)`. On an error nothing is changed.
/// Source: `docs/contract-elementwise.md`, batch norm.
///
/// # Errors
/// [`SimError`] if a length disagrees, or a channel has more than
/// [`MAX_TERMS`](crate::elementwise::MAX_TERMS) values.
pub fn batch_norm_train(
    planes: Planes,
    y: &[f16],
    gamma: &[f32],
    beta: &[f32],
    running_mean: &mut [f32],
    running_var: &mut [f32],
    fused: Fused<'_>,
    out: &mut [f16],
) -> Result<BatchStatistics, SimError> {
    planes.check("y", y.len())?;
    planes.check("out", out.len())?;
    planes.check_channels("gamma", gamma.len())?;
    planes.check_channels("beta", beta.len())?;
    planes.check_channels("running mean", running_mean.len())?;
    planes.check_channels("running variance", running_var.len())?;
    fused.check(planes.len())?;
    let statistics = statistics(planes, y, running_mean, running_var)?;
    let k = product(gamma, &statistics.inv);
    apply(planes, y, [&statistics.mean, &k, beta], fused, out)?;
    Ok(statistics)
}

/// Evaluation forward pass: normalises with the running statistics.
///
/// Shapes as in [`batch_norm_train`].
///
/// # Errors
/// [`SimError`] if a length disagrees.
pub fn batch_norm_eval(
    planes: Planes,
    y: &[f16],
    gamma: &[f32],
    beta: &[f32],
    running_mean: &[f32],
    running_var: &[f32],
    fused: Fused<'_>,
    out: &mut [f16],
) -> Result<(), SimError> {
    planes.check_channels("gamma", gamma.len())?;
    planes.check_channels("running variance", running_var.len())?;
    let inv: Vec<f32> = running_var.iter().map(|&var| inverse_deviation(var)).collect();
    apply(planes, y, [running_mean, &product(gamma, &inv), beta], fused, out)
}
