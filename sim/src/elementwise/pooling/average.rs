//! Average pooling with exact sums.

use super::PoolShape;
use super::phases::Phases;
use crate::SimError;
use crate::elementwise::exact::{ExactSum, VALUE_UNIT};
use crate::elementwise::vector::{for_each_unit, vectorised};
use crate::number::{narrow, widen};
use half::f16;

/// Terms up to which an FP64 sum of FP16 values cannot round (`channel_sums`).
const FP64_TERMS: usize = 1 << 13;

/// A sum of FP16 values that does not round.
trait Accumulator: Clone + Send + Sync {
    /// The sum of no terms.
    const ZERO: Self;
    /// Adds FP16 values, given in FP32, to sums side by side.
    fn add_all(sums: &mut [Self], terms: &[f32]);
    /// `r(sum)`.
    fn round(&self) -> f32;
}

/// Exact for up to [`FP64_TERMS`] terms: every practical window.
impl Accumulator for f64 {
    const ZERO: Self = 0.0;
    fn add_all(sums: &mut [Self], terms: &[f32]) {
        add_all(sums, terms);
    }
    #[inline(always)]
    fn round(&self) -> f32 {
        *self as f32
    }
}

/// Exact for any number of terms, for windows beyond 90 x 90.
impl Accumulator for ExactSum {
    const ZERO: Self = Self::ZERO;
    fn add_all(sums: &mut [Self], terms: &[f32]) {
        for (sum, &term) in sums.iter_mut().zip(terms) {
            let units = f64::from(term) * f64::from(1 << 24);
            let term = Self::special(units).unwrap_or(Self::Integer(units as i128));
            *sum = sum.plus(term);
        }
    }
    fn round(&self) -> f32 {
        Self::round(*self, VALUE_UNIT, 1)
    }
}

vectorised! {
    /// `sum += term`, which does not round.
    fn add_all(sums: &mut [f64], terms: &[f32]) {
        for (sum, &term) in sums.iter_mut().zip(terms) {
            *sum += f64::from(term);
        }
    }
}

vectorised! {
    /// `v = v / divisor`.
    fn divide(v: &mut [f32], divisor: f32) {
        for v in v {
            *v /= divisor;
        }
    }
}

/// Forward pass: `Y = h(r(xsum of the window) / (k * k))`; padding counts as zeros.
///
/// `x` is FP16 of the input's shape, `out` FP16 of the output's.
/// Source: `docs/contract-elementwise.md`, pooling.
///
/// # Errors
/// [`SimError`] if a length disagrees with `shape`.
pub fn average_pool(shape: PoolShape, x: &[f16], out: &mut [f16]) -> Result<(), SimError> {
    shape.input().check("x", x.len())?;
    shape.output().check("out", out.len())?;
    if shape.window * shape.window <= FP64_TERMS {
        forward::<f64>(shape, x, out);
    } else {
        forward::<ExactSum>(shape, x, out);
    }
    Ok(())
}

fn forward<A: Accumulator>(shape: PoolShape, x: &[f16], out: &mut [f16]) {
    let pixels = shape.input().pixels;
    let phases = Phases::new(shape);
    let divisor = (shape.window * shape.window) as f32;
    for_each_unit(shape.output().pixels, out, |index, out| {
        let mut wide = vec![0.0; pixels];
        widen(&x[index * pixels..(index + 1) * pixels], &mut wide);
        let mut regrouped = vec![0.0; shape.h * phases.row_len()];
        phases.split(&wide, &mut regrouped);
        let mut sums = vec![A::ZERO; out.len()];
        for (oh, sums) in sums.chunks_exact_mut(shape.out_w()).enumerate() {
            for ih in shape.rows(oh) {
                let row = &regrouped[ih * phases.row_len()..(ih + 1) * phases.row_len()];
                for kw in 0..shape.window {
                    let (windows, taps) = phases.tap(kw);
                    A::add_all(&mut sums[windows], &row[taps]);
                }
            }
        }
        let mut values: Vec<f32> = sums.iter().map(A::round).collect();
        divide(&mut values, divisor);
        narrow(&values, out);
    });
}

/// Backward pass: `dX = h(r(xsum over the windows that hold the pixel, of dY) / (k * k))`.
///
/// `dy` is FP16 of the output's shape, `dx` FP16 of the input's.
/// Source: `docs/contract-elementwise.md`, pooling.
///
/// # Errors
/// [`SimError`] if a length disagrees with `shape`.
pub fn average_pool_backward(shape: PoolShape, dy: &[f16], dx: &mut [f16]) -> Result<(), SimError> {
    shape.output().check("dY", dy.len())?;
    shape.input().check("dX", dx.len())?;
    // A pixel lies in at most as many windows as a window has pixels.
    if shape.window * shape.window <= FP64_TERMS {
        backward::<f64>(shape, dy, dx);
    } else {
        backward::<ExactSum>(shape, dy, dx);
    }
    Ok(())
}

fn backward<A: Accumulator>(shape: PoolShape, dy: &[f16], dx: &mut [f16]) {
    let outputs = shape.output().pixels;
    let phases = Phases::new(shape);
    let divisor = (shape.window * shape.window) as f32;
    for_each_unit(shape.input().pixels, dx, |index, dx| {
        let mut gradient = vec![0.0; outputs];
        widen(&dy[index * outputs..(index + 1) * outputs], &mut gradient);
        let mut sums = vec![A::ZERO; shape.h * phases.row_len()];
        for (oh, gradient) in gradient.chunks_exact(shape.out_w()).enumerate() {
            for ih in shape.rows(oh) {
                let row = &mut sums[ih * phases.row_len()..(ih + 1) * phases.row_len()];
                for kw in 0..shape.window {
                    let (windows, taps) = phases.tap(kw);
                    A::add_all(&mut row[taps], &gradient[windows]);
                }
            }
        }
        let mut values = vec![0.0; dx.len()];
        phases.join(&sums, &mut values, A::round);
        divide(&mut values, divisor);
        narrow(&values, dx);
    });
}
