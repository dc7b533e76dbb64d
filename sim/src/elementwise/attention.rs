//! Multi-head attention, full (unmasked), forward and backward.

use super::checks::{check_length, checked_product, count_as_f32, refuse};
use super::matmul::{Panel, multiply, multiply_transposed};
use super::softmax::{exponentials, softmax_maximum};
use super::vector::vectorised;
use crate::SimError;
use crate::number::{narrow, widen};
use half::f16;
use rayon::prelude::*;

/// Shape of an attention layer: `qkv` `(batch, tokens, 3 * width)`, output `(batch, tokens, width)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionShape {
    batch: usize,
    tokens: usize,
    heads: usize,
    /// Width of one head, `d`.
    head_width: usize,
    /// `1 / sqrt(d)`.
    scale: f32,
}

impl AttentionShape {
    /// `heads` heads over `width = heads * d` features.
    ///
    /// # Errors
    /// [`SimError`] if a size is zero, `heads` does not divide `width`, or a tensor does not fit the
    /// address space.
    pub fn new(batch: usize, tokens: usize, width: usize, heads: usize) -> Result<Self, SimError> {
        if heads == 0 || !width.is_multiple_of(heads) {
            return Err(refuse(
                "the number of attention heads",
                format!("{heads} over {width} features"),
                format!("a divisor of {width}"),
            ));
        }
        checked_product(&[
            ("batch", batch),
            ("tokens", tokens),
            ("width", width),
            ("q, k and v", 3),
        ])?;
        checked_product(&[
            ("batch", batch),
            ("heads", heads),
            ("tokens", tokens),
            ("tokens", tokens),
        ])?;
        let head_width = width / heads;
        let scale = 1.0 / count_as_f32("the number of features per head", head_width)?.sqrt();
        Ok(Self { batch, tokens, heads, head_width, scale })
    }

    /// Elements of `qkv`.
    #[must_use]
    pub const fn qkv_len(&self) -> usize {
        self.batch * self.qkv_image()
    }

    /// Elements of the output.
    #[must_use]
    pub const fn output_len(&self) -> usize {
        self.batch * self.output_image()
    }

    /// Elements of the probabilities `(batch, heads, tokens, tokens)`.
    #[must_use]
    pub const fn probabilities_len(&self) -> usize {
        self.batch * self.probabilities_image()
    }

    const fn width(&self) -> usize {
        self.heads * self.head_width
    }

    const fn qkv_image(&self) -> usize {
        self.tokens * 3 * self.width()
    }

    const fn output_image(&self) -> usize {
        self.tokens * self.width()
    }

    const fn probabilities_image(&self) -> usize {
        self.heads * self.tokens * self.tokens
    }

    /// Offset of head `head` of q (`part` 0), k (1) or v (2) in a token of `qkv`.
    const fn offset(&self, part: usize, head: usize) -> usize {
        part * self.width() + head * self.head_width
    }
}

vectorised! {
    /// `v = v * factor`.
    fn scale_by(v: &mut [f32], factor: f32) {
        for v in v {
            *v *= factor;
        }
    }
}

vectorised! {
    /// `v = v / divisor`.
    fn divide_by(v: &mut [f32], divisor: f32) {
        for v in v {
            *v /= divisor;
        }
    }
}

vectorised! {
    /// `dp = (p * (dp - r)) * scale`.
    fn score_gradient(dp: &mut [f32], p: &[f32], r: f32, scale: f32) {
        for (dp, &p) in dp.iter_mut().zip(p) {
            *dp = (p * (*dp - r)) * scale;
        }
    }
}

/// One row of scores: `S = h(acc * scale)`, then `P = h(softmax(S))`. `acc` FP32 is overwritten by
/// `f(P)`, `p` FP16 receives P.
fn probability_row(acc: &mut [f32], scale: f32, p: &mut [f16]) {
    scale_by(acc, scale);
    narrow(acc, p);
    widen(p, acc);
    probabilities(acc);
    narrow(acc, p);
    widen(p, acc);
}

/// Replaces a row of scores by its softmax.
fn probabilities(row: &mut [f32]) {
    let m = softmax_maximum(row);
    let z = exponentials(row, m);
    divide_by(row, z);
}

/// `P = h(softmax(S))` of one row of FP16 scores.
pub(crate) fn softmax_row(scores: &[f16], p: &mut [f16]) {
    let mut row = vec![0.0; scores.len()];
    widen(scores, &mut row);
    probabilities(&mut row);
    narrow(&row, p);
}

/// One row of score gradients: `r = sum_j dP_j * P_j`, `dS = h((P * (dP - r)) * scale)`. `dp` FP32 is
/// overwritten by `f(dS)`; `rounded` is scratch of the same length.
fn score_gradient_row(dp: &mut [f32], p: &[f32], scale: f32, rounded: &mut [f16]) {
    let r = dp.iter().zip(p).fold(0.0, |sum, (dp, p)| sum + dp * p);
    score_gradient(dp, p, r, scale);
    narrow(dp, rounded);
    widen(rounded, dp);
}

/// Forward pass: `O = h(P . V)`, `P = h(softmax(h((Q . K^T) * scale)))` per image and head.
///
/// `qkv` FP16 `(batch, tokens, 3 * width)` holds q, k, v in that order, each `heads` slices of `d`;
/// `probabilities` FP16 `(batch, heads, tokens, tokens)` receives P for the backward pass; `out` is FP16
/// `(batch, tokens, width)`. Source: `docs/contract-elementwise.md`, multi-head attention.
///
/// # Errors
/// [`SimError`] if a length disagrees with `shape`.
pub fn attention(
    shape: AttentionShape,
    qkv: &[f16],
    probabilities: &mut [f16],
    out: &mut [f16],
) -> Result<(), SimError> {
    check_length("qkv", qkv.len(), shape.qkv_len())?;
    check_length("probabilities", probabilities.len(), shape.probabilities_len())?;
    check_length("out", out.len(), shape.output_len())?;
    let (t, d, pitch) = (shape.tokens, shape.head_width, 3 * shape.width());
    let scratch = || {
        let token_matrix = || Panel::zeros(t, d);
        ([token_matrix(), token_matrix(), token_matrix()], Panel::zeros(d, t), Panel::zeros(t, t))
    };
    out.par_chunks_exact_mut(shape.output_image())
        .zip(probabilities.par_chunks_exact_mut(shape.probabilities_image()))
        .zip(qkv.par_chunks_exact(shape.qkv_image()))
        .for_each_init(scratch, |(token_matrices, transposed, scores), ((out, p), qkv)| {
            let [q, kv, o] = token_matrices;
            for (head, p) in p.chunks_exact_mut(t * t).enumerate() {
                q.load(qkv, shape.offset(0, head), pitch);
                kv.load(qkv, shape.offset(1, head), pitch);
                transposed.transpose(kv);
                multiply(q, transposed, scores);
                for (row, p) in p.chunks_exact_mut(t).enumerate() {
                    probability_row(scores.row_mut(row), shape.scale, p);
                }
                kv.load(qkv, shape.offset(2, head), pitch);
                multiply(scores, kv, o);
                store_head(o, out, shape.offset(0, head), shape.width());
            }
        });
    Ok(())
}

/// Backward pass: the gradient of `qkv` from `dout`.
///
/// `qkv` and `probabilities` are the forward pass's; `dout` FP16 `(batch, tokens, width)`, `dqkv` FP16
/// `(batch, tokens, 3 * width)`. Source: `docs/contract-elementwise.md`, multi-head attention.
///
/// # Errors
/// [`SimError`] if a length disagrees with `shape`.
pub fn attention_backward(
    shape: AttentionShape,
    qkv: &[f16],
    probabilities: &[f16],
    dout: &[f16],
    dqkv: &mut [f16],
) -> Result<(), SimError> {
    check_length("qkv", qkv.len(), shape.qkv_len())?;
    check_length("probabilities", probabilities.len(), shape.probabilities_len())?;
    check_length("dO", dout.len(), shape.output_len())?;
    check_length("dqkv", dqkv.len(), shape.qkv_len())?;
    let (t, d, pitch) = (shape.tokens, shape.head_width, 3 * shape.width());
    let scratch = || {
        let token_matrix = || Panel::zeros(t, d);
        let token_matrices = [token_matrix(), token_matrix(), token_matrix()];
        let score_matrices = [Panel::zeros(t, t), Panel::zeros(t, t)];
        (token_matrices, Panel::zeros(d, t), score_matrices, vec![f16::ZERO; t])
    };
    dqkv.par_chunks_exact_mut(shape.qkv_image())
        .zip(qkv.par_chunks_exact(shape.qkv_image()))
        .zip(probabilities.par_chunks_exact(shape.probabilities_image()))
        .zip(dout.par_chunks_exact(shape.output_image()))
        .for_each_init(
            scratch,
            |(token_matrices, transposed, score_matrices, rounded), (((dqkv, qkv), p16), dout)| {
                let [operand, d_o, result] = token_matrices;
                let [p, ds] = score_matrices;
                for (head, p16) in p16.chunks_exact(t * t).enumerate() {
                    p.load(p16, 0, t);
                    d_o.load(dout, shape.offset(0, head), shape.width());
                    multiply_transposed(p, d_o, result);
                    store_head(result, dqkv, shape.offset(2, head), pitch);

                    operand.load(qkv, shape.offset(2, head), pitch);
                    transposed.transpose(operand);
                    multiply(d_o, transposed, ds);
                    for row in 0..t {
                        score_gradient_row(ds.row_mut(row), p.row(row), shape.scale, rounded);
                    }

                    operand.load(qkv, shape.offset(1, head), pitch);
                    multiply(ds, operand, result);
                    store_head(result, dqkv, shape.offset(0, head), pitch);

                    operand.load(qkv, shape.offset(0, head), pitch);
                    multiply_transposed(ds, operand, result);
                    store_head(result, dqkv, shape.offset(1, head), pitch);
                }
            },
        );
    Ok(())
}

/// Rounds one head's matrix into its slice of each token.
fn store_head(from: &Panel, into: &mut [f16], first: usize, pitch: usize) {
    for (row, token) in into.chunks_exact_mut(pitch).enumerate() {
        let values = from.row(row);
        narrow(values, &mut token[first..first + values.len()]);
    }
}
