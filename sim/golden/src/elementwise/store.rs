//! The store of a matrix stage (`docs/contract-elementwise.md`, store).

use super::relu::relu;
use crate::error::{GoldenError, check_not_empty, check_shape, check_value};
use crate::exact::{Unit, round_sum, xsum};
use crate::number::{to_f16, to_f32};
use half::f16;
use ndarray::{Array, Array1, ArrayView, ArrayView1, Axis, RemoveAxis, Zip};
use std::num::NonZeroU64;

/// Stores FP32 accumulators as FP16: bias, residual and ReLU in FP32, in this order, and one rounding.
///
/// `acc` is an image, tokens or rows; `bias` has one FP32 value per channel, `residual` is FP16 of the shape of
/// `acc`. Without any of the three this is `h(acc)`, the store ahead of batch norm and of dX.
///
/// # Errors
/// [`GoldenError::Shape`] if bias or residual do not fit `acc`, [`GoldenError::Value`] for a bias on a tensor that is not an
/// image, tokens or rows.
pub fn forward<D: RemoveAxis>(
    acc: ArrayView<f32, D>,
    bias: Option<ArrayView1<f32>>,
    residual: Option<ArrayView<f16, D>>,
    fuse_relu: bool,
) -> Result<Array<f16, D>, GoldenError> {
    let mut v = acc.to_owned();
    if let Some(bias) = bias {
        let channel = channel_axis(acc.ndim())?;
        check_shape("the bias", bias.shape(), &[acc.len_of(channel)], "a value per channel")?;
        for (mut slice, &bias) in v.axis_iter_mut(channel).zip(bias) {
            slice.mapv_inplace(|v| v + bias);
        }
    }
    if let Some(residual) = residual {
        check_shape("the residual", residual.shape(), acc.shape(), "the shape of the output")?;
        Zip::from(&mut v).and(&residual).for_each(|v, &residual| *v += to_f32(residual));
    }
    if fuse_relu {
        v.mapv_inplace(relu);
    }
    Ok(v.mapv(to_f16))
}

/// FP32 bias gradient, one value per channel: the exact sum of FP16 dY (after the ReLU mask), rounded once.
///
/// # Errors
/// [`GoldenError::Shape`] for an empty dY, [`GoldenError::Value`] for one that is not an image, tokens or rows,
/// [`GoldenError::TooManyTerms`] for too many values per channel.
pub fn bias_gradient<D: RemoveAxis>(dy: ArrayView<f16, D>) -> Result<Array1<f32>, GoldenError> {
    check_not_empty("dY", dy.shape())?;
    let channel = channel_axis(dy.ndim())?;
    dy.axis_iter(channel)
        .map(|dy| Ok(round_sum(xsum(dy.iter().copied())?, NonZeroU64::MIN, Unit::Value)))
        .collect()
}

/// Axis 1 of an image, the last axis of tokens and rows.
fn channel_axis(dimensions: usize) -> Result<Axis, GoldenError> {
    check_value(
        (2..=4).contains(&dimensions),
        "the number of axes",
        dimensions,
        "4 for an image (n, c, h, w), 3 for tokens (b, t, d), 2 for rows (rows, c)",
    )?;
    Ok(Axis(if dimensions == 4 { 1 } else { dimensions - 1 }))
}
