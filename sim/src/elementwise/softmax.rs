//! Softmax of one row, shared by attention and by the loss.

use super::vector::vectorised;

/// Position and value of a row's maximum by the rule of max pooling: the first value is the best; a later
/// one replaces it if it is greater, or if it is NaN and the best is not. `row` is not empty.
pub(crate) fn maximum(row: &[f32]) -> (usize, f32) {
    let mut best = (0, row[0]);
    for (index, &value) in row.iter().enumerate().skip(1) {
        if value > best.1 || (value.is_nan() && !best.1.is_nan()) {
            best = (index, value);
        }
    }
    best
}

vectorised! {
    /// A stand-in for the value of [`maximum`] that gives the same softmax: it passes over NaNs, since
    /// a NaN anywhere in the row makes `z` and with it every result NaN, and the sign of a zero is
    /// open, since `exp(x - m)` does not depend on it.
    pub(crate) fn softmax_maximum(row: &[f32]) -> f32 {
        const LANES: usize = 16;
        let larger = |m: f32, value: f32| if value > m { value } else { m };
        let mut largest = [f32::NEG_INFINITY; LANES];
        let (whole, rest) = row.as_chunks::<LANES>();
        for values in whole {
            for (largest, &value) in largest.iter_mut().zip(values) {
                *largest = larger(*largest, value);
            }
        }
        for (largest, &value) in largest.iter_mut().zip(rest) {
            *largest = larger(*largest, value);
        }
        largest.into_iter().fold(f32::NEG_INFINITY, larger)
    }
}

/// Replaces a row `x_i` by `e_i = exp(x_i - m)`; returns `z`, their sum in ascending index.
pub(crate) fn exponentials(row: &mut [f32], m: f32) -> f32 {
    let mut z = 0.0;
    for value in row {
        *value = libm::expf(*value - m);
        z += *value;
    }
    z
}
