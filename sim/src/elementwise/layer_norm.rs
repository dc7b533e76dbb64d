//! Layer norm over rows, its FP32 sums in ascending index.
//!
//! A row's sum is one chain of dependent additions, so several rows advance together.

use super::Planes;
use super::batch_norm::{EPSILON, NormGradient};
use super::channel_sums::rounded_channel_sums;
use super::checks::{check_length, count_as_f32};
use super::vector::{for_each_unit, map_indices, vectorised};
use crate::SimError;
use crate::number::{canonical, narrow, widen};
use half::f16;

/// Rows whose sums advance together.
const ROWS: usize = 8;

/// Columns of dgamma that one task sums over all rows.
const COLUMNS: usize = 64;

/// What the forward pass leaves for the backward pass, one value per row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowStatistics {
    mean: Vec<f32>,
    inv: Vec<f32>,
}

impl RowStatistics {
    /// Statistics that were kept elsewhere, one mean and one `1 / deviation` per row.
    pub(crate) const fn from_parts(mean: Vec<f32>, inv: Vec<f32>) -> Self {
        Self { mean, inv }
    }

    /// Mean per row, FP32.
    #[must_use]
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// `1 / sqrt(var + eps)` per row, FP32.
    #[must_use]
    pub fn inv(&self) -> &[f32] {
        &self.inv
    }
}

/// `ROWS` sums side by side, each from +0.0 in ascending index; `term(row, index)`.
#[inline(always)]
fn sum_rows(d: usize, term: impl Fn(usize, usize) -> f32) -> [f32; ROWS] {
    let mut sums = [0.0; ROWS];
    for index in 0..d {
        for (row, sum) in sums.iter_mut().enumerate() {
            *sum += term(row, index);
        }
    }
    sums
}

/// Cuts `rows`, `ROWS * d` values, into its rows.
fn split_rows(rows: &[f32], d: usize) -> [&[f32]; ROWS] {
    std::array::from_fn(|row| &rows[row * d..(row + 1) * d])
}

/// Mean and `1 / sqrt(var + eps)` of `ROWS` rows of `d` values.
fn statistics(rows: &[f32], d: usize, count: f32) -> [[f32; ROWS]; 2] {
    let x = split_rows(rows, d);
    let mean = sum_rows(d, |row, i| x[row][i]).map(|sum| sum / count);
    let var = sum_rows(d, |row, i| {
        let deviation = x[row][i] - mean[row];
        deviation * deviation
    })
    .map(|sum| sum / count);
    [mean, var.map(|var| 1.0 / (var + EPSILON).sqrt())]
}

vectorised! {
    /// `x = ((x - mean) * inv) * gamma + beta`.
    fn normalise(x: &mut [f32], mean: f32, inv: f32, gamma: &[f32], beta: &[f32]) {
        for ((x, &gamma), &beta) in x.iter_mut().zip(gamma).zip(beta) {
            *x = ((*x - mean) * inv) * gamma + beta;
        }
    }
}

vectorised! {
    /// `x = (x - mean) * inv`.
    fn standardise(x: &mut [f32], mean: f32, inv: f32) {
        for x in x {
            *x = (*x - mean) * inv;
        }
    }
}

vectorised! {
    /// `g = g * gamma`.
    fn scale(g: &mut [f32], gamma: &[f32]) {
        for (g, &gamma) in g.iter_mut().zip(gamma) {
            *g *= gamma;
        }
    }
}

vectorised! {
    /// `g = ((g - s1) - xh * s2) * inv`.
    fn centre_gradient(g: &mut [f32], xh: &[f32], s1: f32, s2: f32, inv: f32) {
        for (g, &xh) in g.iter_mut().zip(xh) {
            *g = ((*g - s1) - xh * s2) * inv;
        }
    }
}

vectorised! {
    /// `sum += dy * xh`.
    fn add_products(sum: &mut [f32], dy: &[f32], xh: &[f32]) {
        for ((sum, &dy), &xh) in sum.iter_mut().zip(dy).zip(xh) {
            *sum += dy * xh;
        }
    }
}

/// Forward pass: `Y = h((x - mean) * inv * gamma + beta)` per row.
///
/// `x` and `out` are FP16 `(rows, d)`; `gamma` and `beta` FP32 `(d)`.
/// Source: `docs/contract-elementwise.md`, layer norm.
///
/// # Errors
/// [`SimError`] if a length disagrees or is zero, or `d` is not exact in FP32.
pub fn layer_norm(
    rows: usize,
    d: usize,
    x: &[f16],
    gamma: &[f32],
    beta: &[f32],
    out: &mut [f16],
) -> Result<RowStatistics, SimError> {
    let planes = Planes::rows(rows, d)?;
    planes.check("x", x.len())?;
    planes.check("out", out.len())?;
    planes.check_channels("gamma", gamma.len())?;
    planes.check_channels("beta", beta.len())?;
    let count = count_as_f32("the number of values per row", d)?;

    let per_row: Vec<[[f32; ROWS]; 2]> = map_indices(rows.div_ceil(ROWS), x.len(), |group| {
        let first = group * ROWS * d;
        let values = &x[first..x.len().min(first + ROWS * d)];
        // Rows that are missing in the last group stay zero.
        let mut wide = vec![0.0; ROWS * d];
        widen(values, &mut wide[..values.len()]);
        statistics(&wide, d, count)
    });
    let column = |which: usize| -> Vec<f32> {
        per_row.iter().flat_map(|group| group[which]).take(rows).map(canonical).collect()
    };
    let saved = RowStatistics { mean: column(0), inv: column(1) };
    for_each_unit(d, out, |row, out| {
        let mut v = vec![0.0; d];
        widen(&x[row * d..(row + 1) * d], &mut v);
        normalise(&mut v, saved.mean[row], saved.inv[row], gamma, beta);
        narrow(&v, out);
    });
    Ok(saved)
}

/// Backward pass: dX and the gradients of gamma (FP32 sums) and beta (exact sums).
///
/// `x`, `dy`, `dx` are FP16 `(rows, d)`; `gamma` is FP32 `(d)`; `saved` is the forward pass's result.
/// Source: `docs/contract-elementwise.md`, layer norm.
///
/// # Errors
/// [`SimError`] if a length disagrees or is zero, `d` is not exact in FP32, or there are more than
/// [`MAX_TERMS`](super::MAX_TERMS) rows.
pub fn layer_norm_backward(
    rows: usize,
    d: usize,
    x: &[f16],
    dy: &[f16],
    gamma: &[f32],
    saved: &RowStatistics,
    dx: &mut [f16],
) -> Result<NormGradient, SimError> {
    let planes = Planes::rows(rows, d)?;
    planes.check("x", x.len())?;
    planes.check("dY", dy.len())?;
    planes.check("dX", dx.len())?;
    planes.check_channels("gamma", gamma.len())?;
    check_length("saved statistics", saved.mean.len(), rows)?;
    planes.check_terms()?;
    let count = count_as_f32("the number of values per row", d)?;

    for_each_unit(ROWS * d, dx, |group, dx| {
        let first = group * ROWS * d;
        let range = first..first + dx.len();
        let (mut g, mut xh) = (vec![0.0; ROWS * d], vec![0.0; ROWS * d]);
        widen(&dy[range.clone()], &mut g[..dx.len()]);
        widen(&x[range], &mut xh[..dx.len()]);
        let rows_here = dx.len() / d;
        for row in 0..rows_here {
            let index = group * ROWS + row;
            scale(&mut g[row * d..(row + 1) * d], gamma);
            standardise(&mut xh[row * d..(row + 1) * d], saved.mean[index], saved.inv[index]);
        }
        let (g_rows, xh_rows) = (split_rows(&g, d), split_rows(&xh, d));
        let s1 = sum_rows(d, |row, i| g_rows[row][i]).map(|sum| sum / count);
        let s2 = sum_rows(d, |row, i| g_rows[row][i] * xh_rows[row][i]).map(|sum| sum / count);
        for (row, dx) in dx.chunks_exact_mut(d).enumerate() {
            let (g, xh) = (&mut g[row * d..(row + 1) * d], &xh[row * d..(row + 1) * d]);
            centre_gradient(g, xh, s1[row], s2[row], saved.inv[group * ROWS + row]);
            narrow(g, dx);
        }
    });
    Ok(NormGradient {
        dgamma: gamma_gradient(planes, x, dy, saved),
        dbeta: rounded_channel_sums(planes, dy),
    })
}

/// `sum over rows, ascending, of f(dY_i) * xh_i`: parallel over columns, never over rows.
fn gamma_gradient(planes: Planes, x: &[f16], dy: &[f16], saved: &RowStatistics) -> Vec<f32> {
    let d = planes.channels;
    map_indices(d.div_ceil(COLUMNS), x.len(), |block| {
        let first = block * COLUMNS;
        let width = COLUMNS.min(d - first);
        let mut sums = vec![0.0; width];
        let (mut wide_dy, mut xh) = ([0.0; COLUMNS], [0.0; COLUMNS]);
        let (wide_dy, xh) = (&mut wide_dy[..width], &mut xh[..width]);
        for row in 0..planes.batch {
            let range = row * d + first..row * d + first + width;
            widen(&dy[range.clone()], wide_dy);
            widen(&x[range], xh);
            standardise(xh, saved.mean[row], saved.inv[row]);
            add_products(&mut sums, wide_dy, xh);
        }
        sums.into_iter().map(canonical).collect::<Vec<f32>>()
    })
    .concat()
}
