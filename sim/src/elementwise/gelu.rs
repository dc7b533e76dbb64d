//! GELU in its exact, erf form, by table: an FP16 input has 65,536 values.

use super::checks::check_length;
use super::vector::{CHUNK, for_each_chunk, vectorised};
use crate::SimError;
use crate::number::{narrow, to_f16, to_f32, widen};
use half::f16;
use rayon::prelude::*;
use std::sync::OnceLock;

/// Values of an FP16.
const VALUES: usize = 1 << 16;
/// `1 / sqrt(2)`.
const SQRT_HALF: f32 = 0.707_106_77;
/// `1 / sqrt(2 * pi)`.
const INV_SQRT_TWO_PI: f32 = 0.398_942_3;

/// `u = 1 + erf(x / sqrt(2))`.
fn one_plus_erf(x: f32) -> f32 {
    1.0 + libm::erff(x * SQRT_HALF)
}

/// `Y` of the input `x`.
fn value(x: f32) -> f16 {
    to_f16((0.5 * x) * one_plus_erf(x))
}

/// `cdf + x * pdf`, the factor of dY, at the input `x`.
fn slope(x: f32) -> f32 {
    let cdf = 0.5 * one_plus_erf(x);
    let p = libm::expf((x * x) * -0.5);
    let pdf = p * INV_SQRT_TWO_PI;
    cdf + x * pdf
}

/// A table over all FP16 inputs, indexed by their bits.
fn table<T: Send>(entry: impl Fn(f32) -> T + Sync) -> Vec<T> {
    (0..VALUES).into_par_iter().map(|bits| entry(to_f32(f16::from_bits(bits as u16)))).collect()
}

static FORWARD: OnceLock<Vec<f16>> = OnceLock::new();
static SLOPE: OnceLock<Vec<f32>> = OnceLock::new();

vectorised! {
    /// `v = v * factor`.
    fn multiply(v: &mut [f32], factor: &[f32]) {
        for (v, &factor) in v.iter_mut().zip(factor) {
            *v *= factor;
        }
    }
}

/// Forward pass: `Y = h((0.5 * x) * (1 + erf(x / sqrt(2))))`.
///
/// `x` and `out` are FP16 of one shape. Source: `docs/contract-elementwise.md`, GELU.
///
/// # Errors
/// [`SimError`] if the lengths disagree.
pub fn gelu(x: &[f16], out: &mut [f16]) -> Result<(), SimError> {
    check_length("out", out.len(), x.len())?;
    let table = FORWARD.get_or_init(|| table(value));
    for_each_chunk(out, |range, out| {
        for (out, x) in out.iter_mut().zip(&x[range]) {
            *out = table[usize::from(x.to_bits())];
        }
    });
    Ok(())
}

/// Backward pass: `dX = h(dY * (cdf + x * pdf))`.
///
/// `x` (the forward pass's input), `dy` and `dx` are FP16 of one shape.
/// Source: `docs/contract-elementwise.md`, GELU.
///
/// # Errors
/// [`SimError`] if the lengths disagree.
pub fn gelu_backward(x: &[f16], dy: &[f16], dx: &mut [f16]) -> Result<(), SimError> {
    check_length("dY", dy.len(), x.len())?;
    check_length("dX", dx.len(), x.len())?;
    let table = SLOPE.get_or_init(|| table(slope));
    for_each_chunk(dx, |range, dx| {
        let (mut factor, mut v) = ([0.0; CHUNK], [0.0; CHUNK]);
        let (factor, v) = (&mut factor[..dx.len()], &mut v[..dx.len()]);
        for (factor, x) in factor.iter_mut().zip(&x[range.clone()]) {
            *factor = table[usize::from(x.to_bits())];
        }
        widen(&dy[range], v);
        multiply(v, factor);
        narrow(v, dx);
    });
    Ok(())
}
