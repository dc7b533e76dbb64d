//! GELU, exact erf form (`docs/contract-elementwise.md`, GELU).

use crate::error::{GoldenError, check_shape};
use crate::number::{to_f16, to_f32};
use half::f16;
use ndarray::{Array, ArrayView, Dimension, Zip};

/// `1 / sqrt(2)`, the binary32 nearest to 0.70710678118654752440.
const INV_SQRT_2: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// `1 / sqrt(2 * pi)`, the binary32 nearest to 0.39894228040143267794.
const INV_SQRT_2_PI: f32 = 0.398_942_3;

/// Twice the normal distribution function at x.
fn one_plus_erf(x: f32) -> f32 {
    1.0 + libm::erff(x * INV_SQRT_2)
}

/// FP16 Y of FP16 x.
#[must_use]
pub fn forward<D: Dimension>(x: ArrayView<f16, D>) -> Array<f16, D> {
    x.mapv(|x| {
        let x = to_f32(x);
        to_f16((0.5 * x) * one_plus_erf(x))
    })
}

/// FP16 dX of FP16 dY and the layer's FP16 input x.
///
/// # Errors
/// [`GoldenError::Shape`] if dY and x differ in shape.
pub fn backward<D: Dimension>(
    dy: ArrayView<f16, D>,
    x: ArrayView<f16, D>,
) -> Result<Array<f16, D>, GoldenError> {
    check_shape("dY", dy.shape(), x.shape(), "the shape of X")?;
    Ok(Zip::from(&dy).and(&x).map_collect(|&dy, &x| {
        let x = to_f32(x);
        let cdf = 0.5 * one_plus_erf(x);
        let p = libm::expf((x * x) * -0.5);
        let pdf = p * INV_SQRT_2_PI;
        to_f16(to_f32(dy) * (cdf + x * pdf))
    }))
}
