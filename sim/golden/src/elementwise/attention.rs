//! Multi-head attention, unmasked (`docs/contract-elementwise.md`, multi-head attention).

use super::exact_f32;
use super::softmax::Softmax;
use crate::error::{GoldenError, check_not_empty, check_shape, check_value};
use crate::mac::matmul;
use crate::number::{to_f16, to_f32};
use half::f16;
use ndarray::{Array2, Array3, Array4, ArrayView2, ArrayView3, ArrayView4, s};

/// What the forward pass of attention leaves behind.
#[derive(Clone, Debug)]
pub struct Attention {
    /// FP16 output O, `(b, t, D)`.
    pub output: Array3<f16>,
    /// FP16 probabilities P, `(b, heads, t, t)`, which the backward pass takes.
    pub probabilities: Array4<f16>,
}

/// Attention of FP16 `qkv` `(b, t, 3 * D)`: q, k and v in that order, each `heads` slices of `D / heads`.
///
/// # Errors
/// [`GoldenError::Shape`] if `qkv` is empty or its last axis is no multiple of 3, [`GoldenError::Value`] if `heads` does not divide D.
pub fn forward(qkv: ArrayView3<f16>, heads: usize) -> Result<Attention, GoldenError> {
    let Sizes { batch, tokens, width, depth, scale } = Sizes::new(qkv, heads)?;
    let mut output = Array3::from_elem((batch, tokens, width), f16::ZERO);
    let mut probabilities = Array4::from_elem((batch, heads, tokens, tokens), f16::ZERO);
    for b in 0..batch {
        for head in 0..heads {
            let [q, k, v] = head_operands(qkv, b, head, width, depth);
            let scores = matmul(q, k.t())?.mapv(|acc| to_f16(acc * scale));
            let mut p = probabilities.slice_mut(s![b, head, .., ..]);
            for (scores, mut p) in scores.rows().into_iter().zip(p.rows_mut()) {
                let Softmax { exps, sum, .. } = Softmax::new(scores);
                for (p, e) in p.iter_mut().zip(exps) {
                    *p = to_f16(e / sum);
                }
            }
            let o = matmul(p.view(), v)?.mapv(to_f16);
            output.slice_mut(s![b, .., head * depth..(head + 1) * depth]).assign(&o);
        }
    }
    Ok(Attention { output, probabilities })
}

/// FP16 gradient of `qkv`, `(b, t, 3 * D)`, from FP16 dO `(b, t, D)`, the input and the forward pass's probabilities.
///
/// # Errors
/// As [`forward`], and [`GoldenError::Shape`] if dO or the probabilities do not fit.
pub fn backward(
    d_output: ArrayView3<f16>,
    qkv: ArrayView3<f16>,
    probabilities: ArrayView4<f16>,
    heads: usize,
) -> Result<Array3<f16>, GoldenError> {
    let Sizes { batch, tokens, width, depth, scale } = Sizes::new(qkv, heads)?;
    check_shape("dO", d_output.shape(), &[batch, tokens, width], "b, t, D")?;
    let p_dims = [batch, heads, tokens, tokens];
    check_shape("P", probabilities.shape(), &p_dims, "b, heads, t, t")?;
    let mut dqkv = Array3::from_elem(qkv.dim(), f16::ZERO);
    for b in 0..batch {
        for head in 0..heads {
            let [q, k, v] = head_operands(qkv, b, head, width, depth);
            let columns = head * depth..(head + 1) * depth;
            let d_o = d_output.slice(s![b, .., columns]);
            let p = probabilities.slice(s![b, head, .., ..]);
            let ds = score_gradient(matmul(d_o, v.t())?.view(), p, scale);
            let dq = matmul(ds.view(), k)?;
            let dk = matmul(ds.t(), q)?;
            let dv = matmul(p.t(), d_o)?;
            for (part, gradient) in [dq, dk, dv].into_iter().enumerate() {
                let first = part * width + head * depth;
                dqkv.slice_mut(s![b, .., first..first + depth]).assign(&gradient.mapv(to_f16));
            }
        }
    }
    Ok(dqkv)
}

/// dS of one head, FP16 `(t, t)`, from the FP32 accumulators dP and the FP16 probabilities P.
fn score_gradient(dp: ArrayView2<f32>, p: ArrayView2<f16>, scale: f32) -> Array2<f16> {
    let mut ds = Array2::from_elem(p.dim(), f16::ZERO);
    for ((mut ds, dp), p) in ds.rows_mut().into_iter().zip(dp.rows()).zip(p.rows()) {
        let r = dp.iter().zip(p).fold(0.0, |r, (dp, &p)| r + dp * to_f32(p));
        for ((ds, dp), &p) in ds.iter_mut().zip(dp).zip(p) {
            *ds = to_f16((to_f32(p) * (dp - r)) * scale);
        }
    }
    ds
}

/// Q, K and V of one image and head, each `(t, depth)`.
fn head_operands(
    qkv: ArrayView3<'_, f16>,
    b: usize,
    head: usize,
    width: usize,
    depth: usize,
) -> [ArrayView2<'_, f16>; 3] {
    [0, 1, 2].map(|part| {
        let first = part * width + head * depth;
        qkv.slice_move(s![b, .., first..first + depth])
    })
}

/// The sizes of an attention: `width` is D, `depth` is d.
struct Sizes {
    batch: usize,
    tokens: usize,
    width: usize,
    depth: usize,
    scale: f32,
}

impl Sizes {
    fn new(qkv: ArrayView3<f16>, heads: usize) -> Result<Self, GoldenError> {
        check_not_empty("QKV", qkv.shape())?;
        let (batch, tokens, columns) = qkv.dim();
        if !columns.is_multiple_of(3) {
            return Err(GoldenError::Shape {
                tensor: "QKV",
                given: qkv.shape().to_vec(),
                accepted: "(b, t, 3 * D)".into(),
            });
        }
        let width = columns / 3;
        check_value(
            heads > 0 && width.is_multiple_of(heads),
            "the number of heads",
            heads,
            format!("a divisor of {width}"),
        )?;
        let depth = width / heads;
        let scale = 1.0 / exact_f32("the depth of a head", depth)?.sqrt();
        Ok(Self { batch, tokens, width, depth, scale })
    }
}
