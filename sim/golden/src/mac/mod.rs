//! The three matrix stages FF, BP and WU, and plain matrix products (`docs/contract.md`, numbers and K order).
//!
//! Each stage is one sum per output, spelled out in K order by `ff_at`, `bp_at` or `wu_at`, and the whole tensor is
//! that sum at every index. A linear layer is a convolution with `h = w = kh = kw = 1`.

mod weight;

pub use weight::Weight;

use crate::error::{GoldenError, check_shape, check_value};
use crate::number::{canon32, mac};
use crate::prune::PruneAxis;
use half::f16;
use ndarray::{Array2, Array4, ArrayView2, ArrayView4};
use satkit_spec::{ConvShape, K_BLOCK, Stage};
use std::ops::Range;

/// FF: `Y = X . W`, FP32 accumulators `(n, co, oh, ow)` from FP16 X `(n, ci, h, w)`.
///
/// # Errors
/// [`GoldenError::Shape`] if a tensor is not the layer's, [`GoldenError::Operand`] for weights pruned along Co.
pub fn ff(
    shape: ConvShape,
    x: ArrayView4<f16>,
    weight: &Weight,
) -> Result<Array4<f32>, GoldenError> {
    check_x(shape, x)?;
    weight.check(shape, Stage::Ff, PruneAxis::Ci)?;
    Ok(Array4::from_shape_fn(y_dims(shape), |(n, co, oh, ow)| {
        ff_sum(shape, x, weight, [n, co, oh, ow])
    }))
}

/// One output of [`ff`], at `[n, co, oh, ow]`.
///
/// # Errors
/// As [`ff`], and [`GoldenError::Value`] for an index outside Y.
pub fn ff_at(
    shape: ConvShape,
    x: ArrayView4<f16>,
    weight: &Weight,
    index: [usize; 4],
) -> Result<f32, GoldenError> {
    check_x(shape, x)?;
    weight.check(shape, Stage::Ff, PruneAxis::Ci)?;
    check_index(index, y_dims(shape))?;
    Ok(ff_sum(shape, x, weight, index))
}

/// Channel block -> kh -> kw -> channel inside the block.
fn ff_sum(
    shape: ConvShape,
    x: ArrayView4<f16>,
    weight: &Weight,
    [n, co, oh, ow]: [usize; 4],
) -> f32 {
    let mut acc = 0.0;
    for block in channel_blocks(shape.ci) {
        for kh in 0..shape.kh {
            for kw in 0..shape.kw {
                let pixel = input_pixel(shape, [oh, ow], [kh, kw]);
                weight.each_kept(PruneAxis::Ci, [co, kh, kw], block.clone(), |ci, w| {
                    // Padding takes part as +0.0.
                    let x = pixel.map_or(f16::ZERO, |[ih, iw]| x[[n, ci, ih, iw]]);
                    acc = mac(acc, x, w);
                });
            }
        }
    }
    canon32(acc)
}

/// BP: `dX = dY . W^T`, FP32 accumulators `(n, ci, h, w)` from FP16 dY `(n, co, oh, ow)`.
///
/// # Errors
/// [`GoldenError::Shape`] if a tensor is not the layer's, [`GoldenError::Operand`] for weights pruned along Ci.
pub fn bp(
    shape: ConvShape,
    dy: ArrayView4<f16>,
    weight: &Weight,
) -> Result<Array4<f32>, GoldenError> {
    check_dy(shape, dy)?;
    weight.check(shape, Stage::Bp, PruneAxis::Co)?;
    Ok(Array4::from_shape_fn(x_dims(shape), |(n, ci, ih, iw)| {
        bp_sum(shape, dy, weight, [n, ci, ih, iw])
    }))
}

/// One output of [`bp`], at `[n, ci, ih, iw]`.
///
/// # Errors
/// As [`bp`], and [`GoldenError::Value`] for an index outside dX.
pub fn bp_at(
    shape: ConvShape,
    dy: ArrayView4<f16>,
    weight: &Weight,
    index: [usize; 4],
) -> Result<f32, GoldenError> {
    check_dy(shape, dy)?;
    weight.check(shape, Stage::Bp, PruneAxis::Co)?;
    check_index(index, x_dims(shape))?;
    Ok(bp_sum(shape, dy, weight, index))
}

/// Channel block -> present kh -> present kw -> channel inside the block.
fn bp_sum(
    shape: ConvShape,
    dy: ArrayView4<f16>,
    weight: &Weight,
    [n, ci, ih, iw]: [usize; 4],
) -> f32 {
    let mut acc = 0.0;
    for block in channel_blocks(shape.co) {
        for kh in 0..shape.kh {
            let Some(oh) = output_side(shape, ih, kh) else { continue };
            for kw in 0..shape.kw {
                let Some(ow) = output_side(shape, iw, kw) else { continue };
                weight.each_kept(PruneAxis::Co, [ci, kh, kw], block.clone(), |co, w| {
                    // A present tap whose dY lies outside the image takes part as +0.0.
                    let inside = oh.inside(shape.out_h()).zip(ow.inside(shape.out_w()));
                    let dy = inside.map_or(f16::ZERO, |(oh, ow)| dy[[n, co, oh, ow]]);
                    acc = mac(acc, dy, w);
                });
            }
        }
    }
    canon32(acc)
}

/// WU: `dW = X^T . dY`, FP32 accumulators OIHW from FP16 X `(n, ci, h, w)` and dY `(n, co, oh, ow)`.
///
/// # Errors
/// [`GoldenError::Shape`] if a tensor is not the layer's.
pub fn wu(
    shape: ConvShape,
    x: ArrayView4<f16>,
    dy: ArrayView4<f16>,
) -> Result<Array4<f32>, GoldenError> {
    check_x(shape, x)?;
    check_dy(shape, dy)?;
    Ok(Array4::from_shape_fn(w_dims(shape), |(co, ci, kh, kw)| {
        wu_sum(shape, x, dy, [co, ci, kh, kw])
    }))
}

/// One output of [`wu`], at `[co, ci, kh, kw]`.
///
/// # Errors
/// As [`wu`], and [`GoldenError::Value`] for an index outside dW.
pub fn wu_at(
    shape: ConvShape,
    x: ArrayView4<f16>,
    dy: ArrayView4<f16>,
    index: [usize; 4],
) -> Result<f32, GoldenError> {
    check_x(shape, x)?;
    check_dy(shape, dy)?;
    check_index(index, w_dims(shape))?;
    Ok(wu_sum(shape, x, dy, index))
}

/// Image -> output row -> output column.
fn wu_sum(
    shape: ConvShape,
    x: ArrayView4<f16>,
    dy: ArrayView4<f16>,
    [co, ci, kh, kw]: [usize; 4],
) -> f32 {
    let mut acc = 0.0;
    for n in 0..shape.batch {
        for oh in 0..shape.out_h() {
            for ow in 0..shape.out_w() {
                let pixel = input_pixel(shape, [oh, ow], [kh, kw]);
                let x = pixel.map_or(f16::ZERO, |[ih, iw]| x[[n, ci, ih, iw]]);
                acc = mac(acc, x, dy[[n, co, oh, ow]]);
            }
        }
    }
    canon32(acc)
}

/// `A . B` in FP32 accumulators `(m, n)`, from FP16 A `(m, k)` and B `(k, n)`, k ascending.
///
/// # Errors
/// [`GoldenError::Shape`] if B does not have A's k rows.
pub fn matmul(a: ArrayView2<f16>, b: ArrayView2<f16>) -> Result<Array2<f32>, GoldenError> {
    let ((m, k), n) = (a.dim(), b.ncols());
    check_shape("B", b.shape(), &[k, n], "k, n")?;
    Ok(Array2::from_shape_fn((m, n), |(row, col)| {
        canon32((0..k).fold(0.0, |acc, k| mac(acc, a[[row, k]], b[[k, col]])))
    }))
}

/// The blocks of the K order.
fn channel_blocks(channels: usize) -> impl Iterator<Item = Range<usize>> {
    (0..channels).step_by(K_BLOCK).map(move |first| first..channels.min(first + K_BLOCK))
}

/// The input pixel that output `[oh, ow]` sees through tap `[kh, kw]`; `None` in the padding.
fn input_pixel(shape: ConvShape, [oh, ow]: [usize; 2], [kh, kw]: [usize; 2]) -> Option<[usize; 2]> {
    let ih = (oh * shape.stride + kh).checked_sub(shape.pad).filter(|&ih| ih < shape.h)?;
    let iw = (ow * shape.stride + kw).checked_sub(shape.pad).filter(|&iw| iw < shape.w)?;
    Some([ih, iw])
}

/// An output row or column, which may lie outside the image.
#[derive(Clone, Copy)]
struct OutputSide(isize);

impl OutputSide {
    fn inside(self, side: usize) -> Option<usize> {
        usize::try_from(self.0).ok().filter(|&index| index < side)
    }
}

/// The output row (column) that input row (column) `i` reaches through kernel row (column) `k`; `None` if the tap is
/// absent because the stride steps over it.
fn output_side(shape: ConvShape, i: usize, k: usize) -> Option<OutputSide> {
    let distance = (i + shape.pad) as isize - k as isize;
    let stride = shape.stride as isize;
    (distance % stride == 0).then_some(OutputSide(distance / stride))
}

fn x_dims(shape: ConvShape) -> [usize; 4] {
    [shape.batch, shape.ci, shape.h, shape.w]
}

fn y_dims(shape: ConvShape) -> [usize; 4] {
    [shape.batch, shape.co, shape.out_h(), shape.out_w()]
}

fn w_dims(shape: ConvShape) -> [usize; 4] {
    [shape.co, shape.ci, shape.kh, shape.kw]
}

fn check_x(shape: ConvShape, x: ArrayView4<f16>) -> Result<(), GoldenError> {
    check_shape("X", x.shape(), &x_dims(shape), "N, Ci, H, W")
}

pub(crate) fn check_dy(shape: ConvShape, dy: ArrayView4<f16>) -> Result<(), GoldenError> {
    check_shape("dY", dy.shape(), &y_dims(shape), "N, Co, out H, out W")
}

fn check_index(index: [usize; 4], dims: [usize; 4]) -> Result<(), GoldenError> {
    check_value(
        index.iter().zip(dims).all(|(&i, side)| i < side),
        "the output's index",
        format!("{index:?}"),
        format!("below {dims:?}"),
    )
}
