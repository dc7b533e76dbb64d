//! The MAC stages: FF, BP, WU and matrix products, bit for bit as `docs/contract.md` says.
//!
//! Each stage is a matrix problem ([`StageOperands`]). Operands are copied once into layouts in which the lanes of a
//! vector are neighbouring outputs; then register tiles run along K, each output's accumulator taking its terms in
//! contract order. Threads share outputs, never K. The functions here run a whole stage; [`StageOperands::accumulate`]
//! runs any part of one, which is what executing a program needs.

mod axis;
mod dense_tile;
mod entries;
mod kernel;
mod operands;
mod panels;
mod planes;
mod problem;
mod run;
mod simd;
mod sparse_tile;
mod store;
mod transfer;
mod transpose;

pub use operands::{StageOperands, Transposition};
pub use problem::ProblemSize;
pub(crate) use run::TileRun;

use crate::{SimError, Weights};
use half::f16;
use satkit_spec::ConvShape;

/// FF: `Y = X . W`. X is FP16 NCHW, Y FP32 NCHW before rounding.
///
/// # Errors
/// As [`StageOperands::ff`], and [`SimError::Length`] if Y is not of `shape`.
pub fn ff(shape: &ConvShape, x: &[f16], weights: &Weights, y: &mut [f32]) -> Result<(), SimError> {
    SimError::check_len("Y", y.len(), shape.y_len())?;
    StageOperands::ff(shape, x, weights)?.run_all(y)
}

/// BP: `dX = dY . W^T`. dY is FP16 NCHW, dX FP32 NCHW before rounding.
///
/// # Errors
/// As [`StageOperands::bp`], and [`SimError::Length`] if dX is not of `shape`.
pub fn bp(
    shape: &ConvShape,
    dy: &[f16],
    weights: &Weights,
    dx: &mut [f32],
) -> Result<(), SimError> {
    SimError::check_len("dX", dx.len(), shape.x_len())?;
    StageOperands::bp(shape, dy, weights)?.run_all(dx)
}

/// WU: `dW = X^T . dY`. X and dY are FP16 NCHW, dW FP32 OIHW.
///
/// # Errors
/// As [`StageOperands::wu`], and [`SimError::Length`] if dW is not of `shape`.
pub fn wu(shape: &ConvShape, x: &[f16], dy: &[f16], dw: &mut [f32]) -> Result<(), SimError> {
    SimError::check_len("dW", dw.len(), shape.w_len())?;
    StageOperands::wu(shape, x, dy)?.run_all(dw)
}

/// `C = A . B` of `(m, k)` and `(k, n)`, FP16, stored as `transposition` says; C is FP32 `(m, n)`.
///
/// # Errors
/// [`SimError::Length`] if a matrix has another size.
pub fn matmul(
    (m, n, k): (usize, usize, usize),
    a: &[f16],
    b: &[f16],
    transposition: Transposition,
    c: &mut [f32],
) -> Result<(), SimError> {
    StageOperands::matmul((m, n, k), a, b, transposition)?.run_all(c)
}
