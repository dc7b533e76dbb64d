//! Residual add, and gradients that meet (`docs/contract-elementwise.md`, residual add).

use super::relu::{self, relu};
use crate::error::{GoldenError, check_shape};
use crate::number::{canon16, to_f16, to_f32};
use half::f16;
use ndarray::{Array, ArrayView, Dimension, Zip};

/// `Y = h(f(A) + f(B))` of FP16 tensors of one shape, with ReLU before the rounding if it is fused.
///
/// # Errors
/// [`GoldenError::Shape`] if A and B differ in shape.
pub fn forward<D: Dimension>(
    a: ArrayView<f16, D>,
    b: ArrayView<f16, D>,
    fuse_relu: bool,
) -> Result<Array<f16, D>, GoldenError> {
    check_shape("B", b.shape(), a.shape(), "the shape of A")?;
    Ok(Zip::from(&a).and(&b).map_collect(|&a, &b| {
        let sum = to_f32(a) + to_f32(b);
        to_f16(if fuse_relu { relu(sum) } else { sum })
    }))
}

/// FP16 gradient of both inputs: dY, masked by the stored output `y` if ReLU was fused.
///
/// # Errors
/// [`GoldenError::Shape`] if dY and Y differ in shape.
pub fn backward<D: Dimension>(
    dy: ArrayView<f16, D>,
    fused_relu_output: Option<ArrayView<f16, D>>,
) -> Result<Array<f16, D>, GoldenError> {
    match fused_relu_output {
        Some(y) => relu::backward(dy, y),
        None => Ok(dy.mapv(canon16)),
    }
}

/// Two FP16 gradients of one tensor: `h(f(sofar) + f(new))`. The gradient of the consumer that is last in the
/// network comes first.
///
/// # Errors
/// [`GoldenError::Shape`] if the two differ in shape.
pub fn accumulate<D: Dimension>(
    sofar: ArrayView<f16, D>,
    new: ArrayView<f16, D>,
) -> Result<Array<f16, D>, GoldenError> {
    forward(sofar, new, false)
}
