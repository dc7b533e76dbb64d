//! Batch norm with exact statistics.
//!
//! Source: `docs/contract-elementwise.md`, batch norm.

mod backward;
mod forward;

pub use backward::{NormGradient, batch_norm_eval_backward, batch_norm_train_backward};
pub(crate) use backward::{apply_backward, gradient};
pub(crate) use forward::{apply, statistics};
pub use forward::{batch_norm_eval, batch_norm_train};

use super::ExactSum;

/// Added to the variance, in layer norm too.
pub(crate) const EPSILON: f32 = 1e-5;

/// What the training forward pass leaves for the backward pass, one value per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchStatistics {
    /// `S1 = xsum(y)`.
    sums: Vec<ExactSum>,
    /// `r(S1 / n)`, canonical.
    mean: Vec<f32>,
    /// `1 / sqrt(var + eps)`, canonical.
    inv: Vec<f32>,
}

impl BatchStatistics {
    /// Statistics that were kept elsewhere: of each channel `S1`, mean, `1 / deviation`.
    pub(crate) const fn from_parts(sums: Vec<ExactSum>, mean: Vec<f32>, inv: Vec<f32>) -> Self {
        Self { sums, mean, inv }
    }

    /// `S1` per channel.
    pub(crate) fn sums(&self) -> &[ExactSum] {
        &self.sums
    }

    /// Mean of the batch per channel, FP32.
    #[must_use]
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// `1 / sqrt(var + eps)` per channel, FP32.
    #[must_use]
    pub fn inv(&self) -> &[f32] {
        &self.inv
    }
}

/// `1 / sqrt(var + eps)`.
pub(crate) fn inverse_deviation(var: f32) -> f32 {
    1.0 / (var + EPSILON).sqrt()
}

/// Elementwise product of two parameter vectors.
pub(crate) fn product(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}
