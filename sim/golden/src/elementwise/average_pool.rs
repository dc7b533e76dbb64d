//! Average pooling over windows and over whole images (`docs/contract-elementwise.md`, pooling).

use super::exact_f32;
use super::window::Window;
use crate::error::{GoldenError, check_not_empty};
use crate::exact::{Unit, round_sum, xsum};
use crate::number::{to_f16, to_f32};
use half::f16;
use ndarray::{Array2, Array4, ArrayView2, ArrayView4, s};
use std::num::NonZeroU64;

/// FP16 Y `(n, c, oh, ow)` of FP16 x NCHW: the exact sum of each window, rounded, over `k*k`; padding counts as zeros.
///
/// # Errors
/// [`GoldenError::Shape`] if x is empty or smaller than the window.
pub fn forward(x: ArrayView4<f16>, window: Window) -> Result<Array4<f16>, GoldenError> {
    let [out_h, out_w] = window.output_size(x)?;
    let (batch, channels, h, w) = x.dim();
    let mut y = Array4::from_elem((batch, channels, out_h, out_w), f16::ZERO);
    for ((n, c, oh, ow), y) in y.indexed_iter_mut() {
        let pixels = window.pixels([oh, ow], [h, w]).map(|[ih, iw]| x[[n, c, ih, iw]]);
        *y = to_f16(rounded_sum(pixels)? / window.area());
    }
    Ok(y)
}

/// FP16 dX of shape `x_dims` (NCHW) from FP16 dY: the exact sum over the windows that hold a pixel, rounded, over `k*k`.
///
/// # Errors
/// [`GoldenError::Shape`] if dY is not the output's shape for such an input.
pub fn backward(
    dy: ArrayView4<f16>,
    x_dims: [usize; 4],
    window: Window,
) -> Result<Array4<f16>, GoldenError> {
    window.check_gradient(x_dims, dy)?;
    let [batch, channels, h, w] = x_dims;
    let (_, _, out_h, out_w) = dy.dim();
    let mut dx = Array4::from_elem(x_dims, f16::ZERO);
    for n in 0..batch {
        for c in 0..channels {
            // Gradients of the windows that hold each pixel.
            let mut holding = Array2::<Vec<f16>>::default((h, w));
            for oh in 0..out_h {
                for ow in 0..out_w {
                    for pixel in window.pixels([oh, ow], [h, w]) {
                        holding[pixel].push(dy[[n, c, oh, ow]]);
                    }
                }
            }
            for ((ih, iw), windows) in holding.indexed_iter() {
                let sum = rounded_sum(windows.iter().copied())?;
                dx[[n, c, ih, iw]] = to_f16(sum / window.area());
            }
        }
    }
    Ok(dx)
}

/// FP16 Y `(n, c)` of FP16 x NCHW: the exact sum of each image and channel, rounded, over `H*W`.
///
/// # Errors
/// [`GoldenError::Shape`] if x is empty, [`GoldenError::TooManyTerms`] for more than 2^22 pixels.
pub fn global_forward(x: ArrayView4<f16>) -> Result<Array2<f16>, GoldenError> {
    check_not_empty("X", x.shape())?;
    let (batch, channels, h, w) = x.dim();
    let mut y = Array2::from_elem((batch, channels), f16::ZERO);
    for ((n, c), y) in y.indexed_iter_mut() {
        // The sum refuses more pixels than FP32 counts exactly.
        let sum = rounded_sum(x.slice(s![n, c, .., ..]).iter().copied())?;
        *y = to_f16(sum / (h * w) as f32);
    }
    Ok(y)
}

/// FP16 dX `(n, c, h, w)` from FP16 dY `(n, c)` and the input's height and width.
///
/// # Errors
/// [`GoldenError::Shape`] if dY is empty, [`GoldenError::Value`] if `h * w` is 0 or above 2^24.
pub fn global_backward(
    dy: ArrayView2<f16>,
    [h, w]: [usize; 2],
) -> Result<Array4<f16>, GoldenError> {
    check_not_empty("dY", dy.shape())?;
    let pixels = exact_f32("the number of pixels", h.saturating_mul(w))?;
    let (batch, channels) = dy.dim();
    Ok(Array4::from_shape_fn((batch, channels, h, w), |(n, c, ..)| {
        to_f16(to_f32(dy[[n, c]]) / pixels)
    }))
}

/// `r(xsum)` of FP16 values.
fn rounded_sum(values: impl Iterator<Item = f16>) -> Result<f32, GoldenError> {
    Ok(round_sum(xsum(values)?, NonZeroU64::MIN, Unit::Value))
}
