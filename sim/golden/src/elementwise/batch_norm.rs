//! Batch norm over images, in training and in evaluation (`docs/contract-elementwise.md`, batch norm).

use super::relu::relu;
use crate::error::{GoldenError, check_not_empty, check_shape};
use crate::exact::{Exact, MAX_TERMS, Unit, round_rational, round_sum, xsum, xsum_products};
use crate::number::{NAN32, canon32, to_f16, to_f32};
use half::f16;
use ndarray::{Array1, Array4, ArrayView1, ArrayView3, ArrayView4, Axis, Zip};
use std::num::NonZeroU64;

/// Added to the variance.
const EPS: f32 = 1e-5;

/// Mean and variance, FP32, one value per channel: of a batch, or running ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Mean.
    pub mean: Array1<f32>,
    /// Variance: the biased one of a batch, or the running unbiased one.
    pub var: Array1<f32>,
}

/// Gradients of a batch norm.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// FP16 gradient of the input, NCHW.
    pub dx: Array4<f16>,
    /// FP32 gradient of the scale, one value per channel.
    pub dgamma: Array1<f32>,
    /// FP32 gradient of the shift, one value per channel.
    pub dbeta: Array1<f32>,
}

/// Mean and biased variance of each channel of FP16 y, NCHW: exact sums, each rounded once.
///
/// # Errors
/// [`GoldenError::Shape`] for an empty y, [`GoldenError::TooManyTerms`] for more than 2^22 values per channel.
pub fn batch_statistics(y: ArrayView4<f16>) -> Result<Statistics, GoldenError> {
    let n = values_per_channel("Y", y)?;
    let mut mean = Vec::new();
    let mut var = Vec::new();
    for y in y.axis_iter(Axis(1)) {
        let s1 = xsum(y.iter().copied())?;
        let s2 = xsum_products(y.iter().map(|&y| (y, y)))?;
        mean.push(round_sum(s1, n, Unit::Value));
        // S1 * S1 counts units of 2^-48, as S2 does.
        var.push(match (s1.integer(), s2.integer()) {
            (Some(s1), Some(s2)) => {
                let centred = i128::from(n.get()) * s2 - s1 * s1;
                round_rational(centred, n.saturating_mul(n), Unit::Product)
            }
            _ => NAN32,
        });
    }
    Ok(Statistics { mean: mean.into(), var: var.into() })
}

/// The running statistics after a batch of `values_per_channel` values per channel: momentum 0.1, unbiased variance.
///
/// # Errors
/// [`GoldenError::Shape`] if the two differ in channels, [`GoldenError::Value`] for a count of 0 or above 2^22.
pub fn update_running(
    running: &Statistics,
    batch: &Statistics,
    values_per_channel: usize,
) -> Result<Statistics, GoldenError> {
    crate::error::check_value(
        (1..=MAX_TERMS).contains(&values_per_channel),
        "the number of values per channel",
        values_per_channel,
        format!("1 to {MAX_TERMS}"),
    )?;
    let channels = batch.mean.len();
    for (name, parameter) in [
        ("the batch variance", &batch.var),
        ("the running mean", &running.mean),
        ("the running variance", &running.var),
    ] {
        check_shape(name, parameter.shape(), &[channels], "a value per channel")?;
    }
    let n = values_per_channel as f32;
    let blend = |running: f32, new: f32| canon32(0.9 * running + 0.1 * new);
    let unbiased = |var: f32| if values_per_channel == 1 { var } else { (var * n) / (n - 1.0) };
    Ok(Statistics {
        mean: Zip::from(&running.mean).and(&batch.mean).map_collect(|&old, &new| blend(old, new)),
        var: Zip::from(&running.var)
            .and(&batch.var)
            .map_collect(|&old, &new| blend(old, unbiased(new))),
    })
}

/// FP16 output, NCHW, of FP16 y with the statistics of its batch (training) or running ones (evaluation); gamma and
/// beta are FP32 per channel, the residual FP16 of y's shape.
///
/// # Errors
/// [`GoldenError::Shape`] if parameters or residual do not fit y.
pub fn forward(
    y: ArrayView4<f16>,
    statistics: &Statistics,
    gamma: ArrayView1<f32>,
    beta: ArrayView1<f32>,
    residual: Option<ArrayView4<f16>>,
    fuse_relu: bool,
) -> Result<Array4<f16>, GoldenError> {
    check_parameters(y, statistics, gamma)?;
    check_shape("beta", beta.shape(), &[y.dim().1], "a value per channel")?;
    if let Some(residual) = residual {
        check_shape("the residual", residual.shape(), y.shape(), "the shape of Y")?;
    }
    Ok(Array4::from_shape_fn(y.dim(), |(n, c, h, w)| {
        let Channel { mean, k, .. } = Channel::new(statistics, gamma, c);
        let mut v = (to_f32(y[[n, c, h, w]]) - mean) * k + beta[c];
        if let Some(residual) = residual {
            v += to_f32(residual[[n, c, h, w]]);
        }
        to_f16(if fuse_relu { relu(v) } else { v })
    }))
}

/// Gradients in training. `dz` is dY after the fused ReLU's mask, `y` the layer's input, both FP16 NCHW;
/// `statistics` are those of the batch `y`. The residual's gradient is `dz` itself.
///
/// # Errors
/// [`GoldenError::Shape`] if the tensors do not fit each other, [`GoldenError::TooManyTerms`] for more than 2^22 values per
/// channel.
pub fn train_backward(
    dz: ArrayView4<f16>,
    y: ArrayView4<f16>,
    statistics: &Statistics,
    gamma: ArrayView1<f32>,
) -> Result<Gradients, GoldenError> {
    check_parameters(y, statistics, gamma)?;
    check_shape("dZ", dz.shape(), y.shape(), "the shape of Y")?;
    let n = values_per_channel("Y", y)?;
    // At most 2^22, so exact.
    let n_f32 = n.get() as f32;
    let mut gradients = Gradients::zero(y);
    for c in 0..y.dim().1 {
        let Channel { mean, inv, k } = Channel::new(statistics, gamma, c);
        let (dz, y) = (dz.index_axis(Axis(1), c), y.index_axis(Axis(1), c));
        let s1 = xsum(y.iter().copied())?;
        let (d1, d2) = gradient_sums(dz, y)?;
        let dbeta = round_sum(d1, NonZeroU64::MIN, Unit::Value);
        let cov = match (s1.integer(), d1.integer(), d2.integer()) {
            (Some(s1), Some(d1), Some(d2)) => {
                round_rational(i128::from(n.get()) * d2 - s1 * d1, n, Unit::Product)
            }
            _ => NAN32,
        };
        let dgamma = cov * inv;
        let a = dbeta / n_f32;
        let b = (dgamma * inv) / n_f32;
        let dx = Zip::from(dz)
            .and(y)
            .map_collect(|&dz, &y| to_f16(((to_f32(dz) - a) - (to_f32(y) - mean) * b) * k));
        gradients.dx.index_axis_mut(Axis(1), c).assign(&dx);
        gradients.dgamma[c] = canon32(dgamma);
        gradients.dbeta[c] = dbeta;
    }
    Ok(gradients)
}

/// Gradients in evaluation, where the running statistics are constants. Operands as in [`train_backward`].
///
/// # Errors
/// As [`train_backward`].
pub fn eval_backward(
    dz: ArrayView4<f16>,
    y: ArrayView4<f16>,
    running: &Statistics,
    gamma: ArrayView1<f32>,
) -> Result<Gradients, GoldenError> {
    check_parameters(y, running, gamma)?;
    check_shape("dZ", dz.shape(), y.shape(), "the shape of Y")?;
    let mut gradients = Gradients::zero(y);
    for c in 0..y.dim().1 {
        let Channel { mean, inv, k } = Channel::new(running, gamma, c);
        let (dz, y) = (dz.index_axis(Axis(1), c), y.index_axis(Axis(1), c));
        let (d1, d2) = gradient_sums(dz, y)?;
        let dbeta = round_sum(d1, NonZeroU64::MIN, Unit::Value);
        let dgamma = (round_sum(d2, NonZeroU64::MIN, Unit::Product) - mean * dbeta) * inv;
        let dx = dz.mapv(|dz| to_f16(to_f32(dz) * k));
        gradients.dx.index_axis_mut(Axis(1), c).assign(&dx);
        gradients.dgamma[c] = canon32(dgamma);
        gradients.dbeta[c] = dbeta;
    }
    Ok(gradients)
}

impl Gradients {
    fn zero(y: ArrayView4<f16>) -> Self {
        let channels = y.dim().1;
        Self {
            dx: Array4::from_elem(y.dim(), f16::ZERO),
            dgamma: Array1::zeros(channels),
            dbeta: Array1::zeros(channels),
        }
    }
}

/// What the formulas call `mean`, `inv` and `k`.
struct Channel {
    mean: f32,
    inv: f32,
    k: f32,
}

impl Channel {
    fn new(statistics: &Statistics, gamma: ArrayView1<f32>, c: usize) -> Self {
        let inv = 1.0 / (statistics.var[c] + EPS).sqrt();
        Self { mean: statistics.mean[c], inv, k: gamma[c] * inv }
    }
}

/// `D1` and `D2` of one channel.
fn gradient_sums(dz: ArrayView3<f16>, y: ArrayView3<f16>) -> Result<(Exact, Exact), GoldenError> {
    let d1 = xsum(dz.iter().copied())?;
    let d2 = xsum_products(dz.iter().copied().zip(y.iter().copied()))?;
    Ok((d1, d2))
}

/// `N * H * W`, which the exact sums bound.
fn values_per_channel(name: &'static str, y: ArrayView4<f16>) -> Result<NonZeroU64, GoldenError> {
    check_not_empty(name, y.shape())?;
    let (n, _, h, w) = y.dim();
    NonZeroU64::new((n * h * w) as u64)
        .filter(|count| count.get() <= MAX_TERMS as u64)
        .ok_or(GoldenError::TooManyTerms { limit: MAX_TERMS })
}

fn check_parameters(
    y: ArrayView4<f16>,
    statistics: &Statistics,
    gamma: ArrayView1<f32>,
) -> Result<(), GoldenError> {
    check_not_empty("Y", y.shape())?;
    let channels = [y.dim().1];
    check_shape("the mean", statistics.mean.shape(), &channels, "a value per channel")?;
    check_shape("the variance", statistics.var.shape(), &channels, "a value per channel")?;
    check_shape("gamma", gamma.shape(), &channels, "a value per channel")
}
