//! ReLU (`docs/contract-elementwise.md`, ReLU).

use crate::error::{GoldenError, check_shape};
use crate::number::{canon16, canon32, to_f16, to_f32};
use half::f16;
use ndarray::{Array, ArrayView, Dimension, Zip};

/// ReLU of one FP32 value: NaN stays, everything that is not greater than zero becomes +0.0.
#[must_use]
pub fn relu(value: f32) -> f32 {
    if value.is_nan() {
        canon32(value)
    } else if value > 0.0 {
        value
    } else {
        0.0
    }
}

/// `Y = h(relu(f(x)))` of FP16 x, as a layer of its own.
#[must_use]
pub fn forward<D: Dimension>(x: ArrayView<f16, D>) -> Array<f16, D> {
    x.mapv(|x| to_f16(relu(to_f32(x))))
}

/// FP16 dX: `dY` where the stored output is not `<= 0`, +0.0 elsewhere. Serves fused ReLUs too.
///
/// # Errors
/// [`GoldenError::Shape`] if dY and Y differ in shape.
pub fn backward<D: Dimension>(
    dy: ArrayView<f16, D>,
    y: ArrayView<f16, D>,
) -> Result<Array<f16, D>, GoldenError> {
    check_shape("dY", dy.shape(), y.shape(), "the shape of Y")?;
    Ok(Zip::from(&dy).and(&y).map_collect(|&dy, &y| {
        // False for a NaN output, which lets the gradient pass.
        let stopped = to_f32(y) <= 0.0;
        if stopped { f16::ZERO } else { canon16(dy) }
    }))
}
