//! Token embedding: class token and positions (`docs/contract-elementwise.md`, token embedding).

use crate::error::{GoldenError, check_not_empty, check_shape};
use crate::exact::{Unit, round_sum, xsum};
use crate::number::{canon16, to_f16, to_f32};
use half::f16;
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayView3, s};
use std::num::NonZeroU64;

/// Gradients of a token embedding.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// FP16 gradient of the tokens, `(b, t, D)`.
    pub dx: Array3<f16>,
    /// FP32 gradient of the class token, `(D)`.
    pub dcls: Array1<f32>,
    /// FP32 gradient of the positions, `(t + 1, D)`.
    pub dpos: Array2<f32>,
}

/// FP16 Y `(b, t + 1, D)` of FP16 tokens x `(b, t, D)`, FP32 class token `(D)` and FP32 positions `(t + 1, D)`.
///
/// # Errors
/// [`GoldenError::Shape`] if x is empty or the parameters do not fit it.
pub fn forward(
    x: ArrayView3<f16>,
    cls: ArrayView1<f32>,
    pos: ArrayView2<f32>,
) -> Result<Array3<f16>, GoldenError> {
    check_not_empty("X", x.shape())?;
    let (batch, tokens, width) = x.dim();
    check_shape("the class token", cls.shape(), &[width], "D")?;
    check_shape("the positions", pos.shape(), &[tokens + 1, width], "t + 1, D")?;
    Ok(Array3::from_shape_fn((batch, tokens + 1, width), |(b, t, i)| {
        // Token 0 is the class token, so token 1 is the first of x.
        let token = if t == 0 { cls[i] } else { to_f32(x[[b, t - 1, i]]) };
        to_f16(token + pos[[t, i]])
    }))
}

/// Gradients from FP16 dY `(b, t + 1, D)`, t at least 1.
///
/// # Errors
/// [`GoldenError::Shape`] if dY is empty or has the class token alone, [`GoldenError::TooManyTerms`] for a batch above 2^22.
pub fn backward(dy: ArrayView3<f16>) -> Result<Gradients, GoldenError> {
    check_not_empty("dY", dy.shape())?;
    let (_, tokens, width) = dy.dim();
    if tokens == 1 {
        return Err(GoldenError::Shape {
            tensor: "dY",
            given: dy.shape().to_vec(),
            accepted: "(b, t + 1, D) with t at least 1".into(),
        });
    }
    let mut dpos = Array2::zeros((tokens, width));
    for ((t, i), dpos) in dpos.indexed_iter_mut() {
        let sum = xsum(dy.slice(s![.., t, i]).iter().copied())?;
        *dpos = round_sum(sum, NonZeroU64::MIN, Unit::Value);
    }
    let dx = dy.slice(s![.., 1.., ..]).mapv(canon16);
    Ok(Gradients { dx, dcls: dpos.row(0).to_owned(), dpos })
}
