//! Layer norm over the last axis (`docs/contract-elementwise.md`, layer norm).

use super::exact_f32;
use crate::error::{GoldenError, check_not_empty, check_shape};
use crate::exact::{Unit, round_sum, xsum};
use crate::number::{canon32, to_f16, to_f32};
use half::f16;
use ndarray::{Array, Array1, ArrayView, ArrayView1, Axis, Dimension};
use std::num::NonZeroU64;

/// Added to the variance.
const EPS: f32 = 1e-5;

/// Gradients of a layer norm.
#[derive(Clone, Debug)]
pub struct Gradients<D: Dimension> {
    /// FP16 gradient of the input, of its shape.
    pub dx: Array<f16, D>,
    /// FP32 gradient of the scale, one value per feature.
    pub dgamma: Array1<f32>,
    /// FP32 gradient of the shift, one value per feature.
    pub dbeta: Array1<f32>,
}

/// FP16 Y of FP16 x (tokens `(b, t, d)` or rows `(rows, d)`), normalised over d; gamma and beta are FP32 per feature.
///
/// # Errors
/// [`GoldenError::Shape`] if x is empty or the parameters do not have d values, [`GoldenError::Value`] for d above 2^24.
pub fn forward<D: Dimension>(
    x: ArrayView<f16, D>,
    gamma: ArrayView1<f32>,
    beta: ArrayView1<f32>,
) -> Result<Array<f16, D>, GoldenError> {
    let (features, axis) = features(&x)?;
    check_shape("gamma", gamma.shape(), &[features], "a value per feature")?;
    check_shape("beta", beta.shape(), &[features], "a value per feature")?;
    let mut y = Array::from_elem(x.raw_dim(), f16::ZERO);
    for (x, mut y) in x.lanes(axis).into_iter().zip(y.lanes_mut(axis)) {
        let row = Row::new(x)?;
        for i in 0..features {
            y[i] = to_f16(row.normalised[i] * gamma[i] + beta[i]);
        }
    }
    Ok(y)
}

/// Gradients from FP16 dY and the layer's FP16 input x; FP32 sums over rows go in ascending row.
///
/// # Errors
/// As [`forward`], and [`GoldenError::TooManyTerms`] for more than 2^22 rows.
pub fn backward<D: Dimension>(
    dy: ArrayView<f16, D>,
    x: ArrayView<f16, D>,
    gamma: ArrayView1<f32>,
) -> Result<Gradients<D>, GoldenError> {
    let (features, axis) = features(&x)?;
    let d = exact_f32("the number of features", features)?;
    check_shape("dY", dy.shape(), x.shape(), "the shape of X")?;
    check_shape("gamma", gamma.shape(), &[features], "a value per feature")?;
    let mut dx = Array::from_elem(x.raw_dim(), f16::ZERO);
    let mut dgamma = Array1::<f32>::zeros(features);
    let rows = x.lanes(axis).into_iter().zip(dy.lanes(axis)).zip(dx.lanes_mut(axis));
    for ((x, dy), mut dx) in rows {
        let Row { normalised: xh, inv } = Row::new(x)?;
        let g: Vec<f32> = (0..features).map(|i| to_f32(dy[i]) * gamma[i]).collect();
        let s1 = sum(g.iter().copied()) / d;
        let s2 = sum(g.iter().zip(&xh).map(|(g, xh)| g * xh)) / d;
        for i in 0..features {
            dx[i] = to_f16(((g[i] - s1) - xh[i] * s2) * inv);
            dgamma[i] += to_f32(dy[i]) * xh[i];
        }
    }
    let dbeta = (0..features)
        .map(|i| {
            let column = dy.lanes(axis).into_iter().map(|row| row[i]);
            Ok(round_sum(xsum(column)?, NonZeroU64::MIN, Unit::Value))
        })
        .collect::<Result<Array1<f32>, GoldenError>>()?;
    Ok(Gradients { dx, dgamma: dgamma.mapv(canon32), dbeta })
}

/// What the formulas call `xh` and `inv`, of one row.
struct Row {
    normalised: Vec<f32>,
    inv: f32,
}

impl Row {
    fn new(x: ArrayView1<f16>) -> Result<Self, GoldenError> {
        let d = exact_f32("the number of features", x.len())?;
        let mean = sum(x.iter().map(|&x| to_f32(x))) / d;
        let centred: Vec<f32> = x.iter().map(|&x| to_f32(x) - mean).collect();
        let var = sum(centred.iter().map(|d| d * d)) / d;
        let inv = 1.0 / (var + EPS).sqrt();
        Ok(Self { normalised: centred.iter().map(|d| d * inv).collect(), inv })
    }
}

/// An FP32 sum from +0.0 in ascending index.
fn sum(terms: impl Iterator<Item = f32>) -> f32 {
    terms.fold(0.0, |sum, term| sum + term)
}

fn features<D: Dimension>(x: &ArrayView<f16, D>) -> Result<(usize, Axis), GoldenError> {
    check_not_empty("X", x.shape())?;
    let axes = x.ndim();
    crate::error::check_value(axes > 0, "the number of axes of X", axes, "at least 1")?;
    let axis = Axis(axes - 1);
    Ok((x.len_of(axis), axis))
}
