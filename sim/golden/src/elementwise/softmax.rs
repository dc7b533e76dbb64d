//! Softmax of one row, as cross-entropy and attention share it (`docs/contract-elementwise.md`, softmax).

use crate::number::to_f32;
use half::f16;
use ndarray::ArrayView1;

/// What the formulas call `m`, `e` and `z`, of one row.
#[derive(Clone, Debug)]
pub struct Softmax {
    /// Position of the largest value.
    pub best: usize,
    /// The largest value, `m`.
    pub max: f32,
    /// `exp(x_i - m)`.
    pub exps: Vec<f32>,
    /// Sum of `exps` in ascending index, `z`.
    pub sum: f32,
}

impl Softmax {
    /// Softmax of a row of FP16 values that is not empty.
    #[must_use]
    pub fn new(row: ArrayView1<f16>) -> Self {
        let best = best_of(row.iter().map(|&x| to_f32(x)));
        let max = row.get(best).map_or(f32::NEG_INFINITY, |&x| to_f32(x));
        let exps: Vec<f32> = row.iter().map(|&x| libm::expf(to_f32(x) - max)).collect();
        let sum = exps.iter().fold(0.0, |sum, e| sum + e);
        Self { best, max, exps, sum }
    }
}

/// Position of the best value by the rule of max pooling: the first is the best, a later one replaces it if it is
/// greater, or if it is NaN and the best is not. 0 if there is none.
pub(super) fn best_of(values: impl Iterator<Item = f32>) -> usize {
    let mut best = (0, None);
    for (position, value) in values.enumerate() {
        let better = match best.1 {
            None => true,
            Some(sofar) => value > sofar || (value.is_nan() && !f32::is_nan(sofar)),
        };
        if better {
            best = (position, Some(value));
        }
    }
    best.0
}
