//! Max pooling (`docs/contract-elementwise.md`, pooling).

use super::softmax::best_of;
use super::window::Window;
use crate::error::{GoldenError, check_shape};
use crate::number::{canon16, to_f16, to_f32};
use half::f16;
use ndarray::{Array4, ArrayView4};

/// FP16 Y `(n, c, oh, ow)` of FP16 x NCHW: the largest pixel of each window, padding left out.
///
/// # Errors
/// [`GoldenError::Shape`] if x is empty or smaller than the window.
pub fn forward(x: ArrayView4<f16>, window: Window) -> Result<Array4<f16>, GoldenError> {
    let [out_h, out_w] = window.output_size(x)?;
    let (batch, channels, ..) = x.dim();
    Ok(Array4::from_shape_fn((batch, channels, out_h, out_w), |(n, c, oh, ow)| {
        canon16(x[best_pixel(x, window, [n, c, oh, ow])])
    }))
}

/// FP16 dX of FP16 dY and the layer's FP16 input x: each window's gradient goes to its best pixel.
///
/// # Errors
/// [`GoldenError::Shape`] if x is empty or smaller than the window, or dY is not the output's shape.
pub fn backward(
    dy: ArrayView4<f16>,
    x: ArrayView4<f16>,
    window: Window,
) -> Result<Array4<f16>, GoldenError> {
    let [out_h, out_w] = window.output_size(x)?;
    let (batch, channels, ..) = x.dim();
    check_shape("dY", dy.shape(), &[batch, channels, out_h, out_w], "N, C, out H, out W")?;
    let mut sums = Array4::<f32>::zeros(x.dim());
    // In C order, so each pixel's windows come in ascending (oh, ow).
    for ((n, c, oh, ow), &dy) in dy.indexed_iter() {
        sums[best_pixel(x, window, [n, c, oh, ow])] += to_f32(dy);
    }
    Ok(sums.mapv(to_f16))
}

/// Index in x of the best pixel of output `[n, c, oh, ow]`.
fn best_pixel(x: ArrayView4<f16>, window: Window, [n, c, oh, ow]: [usize; 4]) -> [usize; 4] {
    let (_, _, h, w) = x.dim();
    let pixels: Vec<[usize; 4]> =
        window.pixels([oh, ow], [h, w]).map(|[ih, iw]| [n, c, ih, iw]).collect();
    // A window always holds a pixel (2 * padding <= side), so there is a best one.
    pixels[best_of(pixels.iter().map(|&index| to_f32(x[index])))]
}
