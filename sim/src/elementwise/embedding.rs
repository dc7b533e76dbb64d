//! Token embedding: class token and positions.

use super::Planes;
use super::channel_sums::rounded_channel_sums;
use super::checks::{check_length, checked_product};
use super::vector::{for_each_unit, vectorised};
use crate::SimError;
use crate::number::{canonical_f16, narrow, widen};
use half::f16;

/// Size of a token embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EmbeddingShape {
    batch: usize,
    tokens: usize,
    width: usize,
}

/// Gradients of an embedding's parameters, FP32, NaNs canonical.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddingGradient {
    /// Gradient of the class token, `(width)`.
    pub dclass: Vec<f32>,
    /// Gradient of the positions, `(tokens + 1, width)`.
    pub dposition: Vec<f32>,
}

impl EmbeddingShape {
    /// Input `(batch, tokens, width)`, output `(batch, tokens + 1, width)`.
    ///
    /// # Errors
    /// [`SimError`] if a size is zero or the output does not fit the address space.
    pub fn new(batch: usize, tokens: usize, width: usize) -> Result<Self, SimError> {
        checked_product(&[("batch", batch), ("tokens", tokens), ("width", width)])?;
        // The first check bounds `tokens` far below the largest integer.
        let outputs = tokens + 1;
        checked_product(&[
            ("batch", batch),
            ("tokens with the class token", outputs),
            ("width", width),
        ])?;
        Ok(Self { batch, tokens, width })
    }

    /// Elements of one output image.
    const fn output_image(&self) -> usize {
        (self.tokens + 1) * self.width
    }

    /// Checks both activations' lengths.
    fn check(
        &self,
        input: (&'static str, usize),
        output: (&'static str, usize),
    ) -> Result<(), SimError> {
        check_length(input.0, input.1, self.batch * self.tokens * self.width)?;
        check_length(output.0, output.1, self.batch * self.output_image())
    }
}

vectorised! {
    /// `v += position`.
    fn add(v: &mut [f32], position: &[f32]) {
        for (v, &position) in v.iter_mut().zip(position) {
            *v += position;
        }
    }
}

/// Forward pass: `Y[b][0] = h(class + position[0])`, `Y[b][1+i] = h(x[b][i] + position[1+i])`.
///
/// `x` is FP16 `(batch, tokens, width)`, `class` FP32 `(width)`, `position` FP32
/// `(tokens + 1, width)`, `out` FP16 `(batch, tokens + 1, width)`.
/// Source: `docs/contract-elementwise.md`, token embedding.
///
/// # Errors
/// [`SimError`] if a length disagrees.
pub fn embed(
    shape: EmbeddingShape,
    x: &[f16],
    class: &[f32],
    position: &[f32],
    out: &mut [f16],
) -> Result<(), SimError> {
    shape.check(("x", x.len()), ("out", out.len()))?;
    check_length("class token", class.len(), shape.width)?;
    check_length("positions", position.len(), shape.output_image())?;
    for_each_unit(shape.width, out, |row, out| {
        let (image, token) = (row / (shape.tokens + 1), row % (shape.tokens + 1));
        let mut v = vec![0.0; shape.width];
        if token == 0 {
            v.copy_from_slice(class);
        } else {
            let first = (image * shape.tokens + token - 1) * shape.width;
            widen(&x[first..first + shape.width], &mut v);
        }
        add(&mut v, &position[token * shape.width..(token + 1) * shape.width]);
        narrow(&v, out);
    });
    Ok(())
}

/// Backward pass: `dX[b][i] = dY[b][1+i]`, `dposition = r(xsum over b of dY)`, `dclass` its first row.
///
/// `dy` is FP16 `(batch, tokens + 1, width)`, `dx` FP16 `(batch, tokens, width)`.
/// Source: `docs/contract-elementwise.md`, token embedding.
///
/// # Errors
/// [`SimError`] if a length disagrees or the batch has more than [`MAX_TERMS`](super::MAX_TERMS) images.
pub fn embed_backward(
    shape: EmbeddingShape,
    dy: &[f16],
    dx: &mut [f16],
) -> Result<EmbeddingGradient, SimError> {
    shape.check(("dX", dx.len()), ("dY", dy.len()))?;
    let columns = Planes::rows(shape.batch, shape.output_image())?;
    columns.check_terms()?;
    let image = shape.tokens * shape.width;
    for_each_unit(image, dx, |index, dx| {
        let first = index * shape.output_image() + shape.width;
        for (dx, &dy) in dx.iter_mut().zip(&dy[first..first + image]) {
            *dx = canonical_f16(dy);
        }
    });
    let dposition = rounded_channel_sums(columns, dy);
    Ok(EmbeddingGradient { dclass: dposition[..shape.width].to_vec(), dposition })
}
