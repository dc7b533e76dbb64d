//! N:M pruning (`docs/contract.md`, pruning): which values of a group stay, and whole tensors.

mod compact;

pub use compact::{PruneAxis, Pruned, unpack_positions};

use crate::error::{GoldenError, check_not_empty};
use crate::number::canon16;
use half::f16;
use ndarray::{Array2, Array4, ArrayView4, s};
use satkit_spec::Sparsity;

/// Positions of the `kept` values of largest magnitude, ascending; the lowest position wins a tie.
///
/// `group` holds one group of FP16 values. Magnitude is the low 15 bits as an unsigned integer, so that
/// any NaN, made canonical first, is larger than infinity.
#[must_use]
pub fn kept_positions(group: &[f16], kept: usize) -> Vec<usize> {
    let magnitude = |position: &usize| canon16(group[*position]).to_bits() & 0x7FFF;
    let mut ranked: Vec<usize> = (0..group.len()).collect();
    // A stable sort leaves equal magnitudes in ascending position.
    ranked.sort_by_key(|position| std::cmp::Reverse(magnitude(position)));
    ranked.truncate(kept);
    ranked.sort_unstable();
    ranked
}

/// Prunes FP16 weights OIHW along Ci, the operand of FF: groups in C order over (co, kh, kw, ci / M).
///
/// # Errors
/// [`GoldenError::Shape`] for an empty tensor, [`GoldenError::Groups`] if M does not divide Ci.
pub fn prune_ci(weights: ArrayView4<f16>, sparsity: Sparsity) -> Result<Pruned, GoldenError> {
    prune(weights, PruneAxis::Ci, sparsity)
}

/// Prunes FP16 weights OIHW along Co, the operand of BP: groups in C order over (ci, kh, kw, co / M).
///
/// # Errors
/// [`GoldenError::Shape`] for an empty tensor, [`GoldenError::Groups`] if M does not divide Co.
pub fn prune_co(weights: ArrayView4<f16>, sparsity: Sparsity) -> Result<Pruned, GoldenError> {
    prune(weights, PruneAxis::Co, sparsity)
}

fn prune(
    weights: ArrayView4<f16>,
    axis: PruneAxis,
    sparsity: Sparsity,
) -> Result<Pruned, GoldenError> {
    let (co, ci, kh, kw) = weights.dim();
    check_not_empty("W", weights.shape())?;
    // Whether a group runs along Ci or Co, the other one of the two is outermost.
    let (outer, reduced) = match axis {
        PruneAxis::Ci => (co, ci),
        PruneAxis::Co => (ci, co),
    };
    check_groups(axis.name(), reduced, sparsity)?;
    let mut values = Vec::new();
    let mut positions = Vec::new();
    for outer in 0..outer {
        for kh in 0..kh {
            for kw in 0..kw {
                for first in (0..reduced).step_by(sparsity.m()) {
                    let group: Vec<f16> = (first..first + sparsity.m())
                        .map(|channel| canon16(weights[axis.oihw([outer, kh, kw], channel)]))
                        .collect();
                    for position in kept_positions(&group, sparsity.n()) {
                        values.push(group[position]);
                        positions.push(position as u8);
                    }
                }
            }
        }
    }
    let groups = (values.len() / sparsity.n(), sparsity.n());
    let rows = |error: ndarray::ShapeError| GoldenError::Value {
        what: "the number of kept values",
        given: error.to_string(),
        accepted: "N per group".into(),
    };
    Pruned::new(
        axis,
        sparsity,
        [co, ci, kh, kw],
        Array2::from_shape_vec(groups, values).map_err(rows)?,
        Array2::from_shape_vec(groups, positions).map_err(rows)?,
    )
}

/// Prunes an FP16 gradient dY `(n, co, oh, ow)` along Co per pixel, as sdgp's BP takes it: a dense tensor with
/// +0.0 where a value was pruned.
///
/// # Errors
/// [`GoldenError::Shape`] for an empty tensor, [`GoldenError::Groups`] if M does not divide Co.
pub fn prune_gradient(dy: ArrayView4<f16>, sparsity: Sparsity) -> Result<Array4<f16>, GoldenError> {
    let (batch, co, out_h, out_w) = dy.dim();
    check_not_empty("dY", dy.shape())?;
    check_groups("Co", co, sparsity)?;
    let mut pruned = Array4::from_elem(dy.dim(), f16::ZERO);
    for n in 0..batch {
        for oh in 0..out_h {
            for ow in 0..out_w {
                for first in (0..co).step_by(sparsity.m()) {
                    let group = dy.slice(s![n, first..first + sparsity.m(), oh, ow]).to_vec();
                    for position in kept_positions(&group, sparsity.n()) {
                        pruned[[n, first + position, oh, ow]] = canon16(group[position]);
                    }
                }
            }
        }
    }
    Ok(pruned)
}

fn check_groups(
    axis: &'static str,
    channels: usize,
    sparsity: Sparsity,
) -> Result<(), GoldenError> {
    if channels.is_multiple_of(sparsity.m()) {
        return Ok(());
    }
    Err(GoldenError::Groups { axis, channels, sparsity })
}
