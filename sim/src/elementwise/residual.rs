//! ReLU's backward pass, the residual add and the merge of gradients: one FP16 result per element.

use super::Fused;
use super::checks::check_length;
use super::store::finish;
use super::vector::{CHUNK, for_each_chunk, vectorised};
use crate::SimError;
use crate::number::{NAN_F16, widen};
use half::f16;

/// FP16 magnitude bits of infinity: anything above is a NaN.
const INFINITY_BITS: u16 = 0x7C00;

vectorised! {
    /// Masks in the domain of bits, without a conversion: `dx = dy where not (y <= 0)`.
    fn mask(y: &[f16], dy: &[f16], dx: &mut [f16]) {
        for ((dx, y), dy) in dx.iter_mut().zip(y).zip(dy) {
            let (y, dy) = (y.to_bits(), dy.to_bits());
            // y <= 0: +0, or from -0 (8000) up to -Inf (FC00). No short circuit, no branch.
            let stops = (y == 0) | (y.wrapping_sub(0x8000) <= INFINITY_BITS);
            let gradient = if dy & 0x7FFF > INFINITY_BITS { NAN_F16.to_bits() } else { dy };
            *dx = f16::from_bits(if stops { 0 } else { gradient });
        }
    }
}

/// Backward pass of ReLU from the stored output: `dX = dY where not (Y <= 0)`, else +0.0.
///
/// `y`, `dy`, `dx` are FP16 of one shape. A NaN output passes the gradient, a stored zero stops it.
/// Source: `docs/contract-elementwise.md`, ReLU.
///
/// # Errors
/// [`SimError`] if the lengths disagree.
pub fn relu_backward(y: &[f16], dy: &[f16], dx: &mut [f16]) -> Result<(), SimError> {
    check_length("dY", dy.len(), y.len())?;
    check_length("dX", dx.len(), y.len())?;
    for_each_chunk(dx, |range, dx| mask(&y[range.clone()], &dy[range], dx));
    Ok(())
}

/// Residual add: `Y = h(f(A) + f(B))`, with ReLU before the rounding if `relu`.
///
/// `a`, `b`, `out` are FP16 of one shape. The gradient of both inputs is the masked dY.
/// Source: `docs/contract-elementwise.md`, residual add.
///
/// # Errors
/// [`SimError`] if the lengths disagree.
pub fn residual_add(a: &[f16], b: &[f16], relu: bool, out: &mut [f16]) -> Result<(), SimError> {
    check_length("B", b.len(), a.len())?;
    check_length("out", out.len(), a.len())?;
    for_each_chunk(out, |range, out| {
        let mut v = [0.0; CHUNK];
        let v = &mut v[..out.len()];
        widen(&a[range.clone()], v);
        finish(v, Fused { residual: Some(b), relu }, range.start, out);
    });
    Ok(())
}

/// Merges two gradients of one tensor: `sofar = h(f(sofar) + f(new))`.
///
/// Both are FP16 of one shape; the consumer that is last in the network comes first.
/// Source: `docs/contract-elementwise.md`, residual add.
///
/// # Errors
/// [`SimError`] if the lengths disagree.
pub fn merge_gradient(sofar: &mut [f16], new: &[f16]) -> Result<(), SimError> {
    check_length("new gradient", new.len(), sofar.len())?;
    for_each_chunk(sofar, |range, sofar| {
        let mut v = [0.0; CHUNK];
        let v = &mut v[..sofar.len()];
        widen(sofar, v);
        finish(v, Fused { residual: Some(new), relu: false }, range.start, sofar);
    });
    Ok(())
}
