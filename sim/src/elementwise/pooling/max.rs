//! Max pooling.

use super::PoolShape;
use super::phases::Phases;
use crate::SimError;
use crate::elementwise::checks::refuse;
use crate::elementwise::vector::{TASK, for_each_unit, vectorised};
use crate::number::{narrow, widen};
use half::f16;
use rayon::prelude::*;

/// Position of the best pixel of a window without one: planes have fewer pixels.
const NONE: u32 = u32::MAX;

/// Forward pass: the largest pixel of each window; padding does not take part.
///
/// `x` is FP16 of the input's shape; `out` FP16 and `best` are of the output's. `best` receives the
/// position `ih * w + iw` of each window's best pixel in its plane, for the backward pass. In ascending
/// (kh, kw) the first pixel is the best; a later one replaces it if it is greater, or if it is NaN and
/// the best is not. Source: `docs/contract-elementwise.md`, pooling.
///
/// # Errors
/// [`SimError`] if a length disagrees with `shape`.
pub fn max_pool(
    shape: PoolShape,
    x: &[f16],
    out: &mut [f16],
    best: &mut [u32],
) -> Result<(), SimError> {
    let (input, output) = (shape.input(), shape.output());
    input.check("x", x.len())?;
    output.check("out", out.len())?;
    output.check("best", best.len())?;
    let phases = Phases::new(shape);
    out.par_chunks_exact_mut(output.pixels)
        .zip(best.par_chunks_exact_mut(output.pixels))
        .zip(x.par_chunks_exact(input.pixels))
        .with_min_len(TASK.div_ceil(input.pixels))
        .for_each_init(
            || {
                let regrouped = vec![0.0; shape.h * phases.row_len()];
                (vec![0.0; input.pixels], regrouped, vec![0.0; output.pixels])
            },
            |(wide, regrouped, values), ((out, best), x)| {
                widen(x, wide);
                phases.split(wide, regrouped);
                plane(shape, phases, regrouped, values, best);
                narrow(values, out);
            },
        );
    Ok(())
}

vectorised! {
    /// Compares one tap of neighbouring windows: `pixels` at the positions `position`,
    /// `position + stride`, ... . `best` is [`NONE`] before a window's first pixel.
    fn compare(pixels: &[f32], position: u32, stride: u32, values: &mut [f32], best: &mut [u32]) {
        let mut position = position;
        for ((value, best), &pixel) in values.iter_mut().zip(best).zip(pixels) {
            // No short circuit: the outcome depends on data and would be mispredicted.
            let replaces =
                (*best == NONE) | (pixel > *value) | (pixel.is_nan() & !value.is_nan());
            *value = if replaces { pixel } else { *value };
            *best = if replaces { position } else { *best };
            position = position.wrapping_add(stride);
        }
    }
}

/// One plane; `x` is regrouped by `phases`.
fn plane(shape: PoolShape, phases: Phases, x: &[f32], values: &mut [f32], best: &mut [u32]) {
    best.fill(NONE);
    let out_w = shape.out_w();
    for (oh, (values, best)) in
        values.chunks_exact_mut(out_w).zip(best.chunks_exact_mut(out_w)).enumerate()
    {
        for ih in shape.rows(oh) {
            let row = &x[ih * phases.row_len()..(ih + 1) * phases.row_len()];
            for kw in 0..shape.window {
                let (windows, taps) = phases.tap(kw);
                // Both terms fit: planes have fewer than 2^32 pixels, and the tap lies inside.
                let first = ih * shape.w + windows.start * shape.stride + kw;
                let position = first.saturating_sub(shape.pad) as u32;
                compare(
                    &row[taps],
                    position,
                    shape.stride as u32,
                    &mut values[windows.clone()],
                    &mut best[windows],
                );
            }
        }
    }
}

/// Backward pass: each pixel gets `h` of the FP32 sum, over the windows in ascending (oh, ow), of the
/// dY of the windows whose best it is.
///
/// `best` is the forward pass's; `dy` FP16 is of the output's shape, `dx` FP16 of the input's.
/// Source: `docs/contract-elementwise.md`, pooling.
///
/// # Errors
/// [`SimError`] if a length disagrees with `shape`, or a position of `best` lies outside its plane.
pub fn max_pool_backward(
    shape: PoolShape,
    best: &[u32],
    dy: &[f16],
    dx: &mut [f16],
) -> Result<(), SimError> {
    let (input, output) = (shape.input(), shape.output());
    output.check("best", best.len())?;
    output.check("dY", dy.len())?;
    input.check("dX", dx.len())?;
    if let Some(&outside) = best.iter().find(|&&position| position as usize >= input.pixels) {
        return Err(refuse("a position of `best`", outside, format!("0 to {}", input.pixels - 1)));
    }
    for_each_unit(input.pixels, dx, |index, dx| {
        let range = index * output.pixels..(index + 1) * output.pixels;
        let mut gradient = vec![0.0; output.pixels];
        widen(&dy[range.clone()], &mut gradient);
        let mut sums = vec![0.0; input.pixels];
        for (&position, gradient) in best[range].iter().zip(gradient) {
            sums[position as usize] += gradient;
        }
        narrow(&sums, dx);
    });
    Ok(())
}
