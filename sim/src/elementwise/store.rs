//! Store of a matrix stage: FP32 accumulators become FP16 activations, and the bias gradient.

use super::channel_sums::rounded_channel_sums;
use super::vector::{CHUNK, for_each_chunk, for_each_chunk_by_channel, vectorised};
use super::{Fused, Planes};
use crate::SimError;
use crate::number::{narrow, widen};
use half::f16;

/// `relu(v)` of the contract: NaN stays, everything not above zero becomes +0.0.
#[inline(always)]
pub(crate) fn relu(v: f32) -> f32 {
    // One comparison and one select: a NaN is not below or equal to zero.
    if v <= 0.0 { 0.0 } else { v }
}

vectorised! {
    /// `v += addend`, each on its own.
    fn add(v: &mut [f32], addend: &[f32]) {
        for (v, &addend) in v.iter_mut().zip(addend) {
            *v += addend;
        }
    }
}

vectorised! {
    /// `v = relu(v)`.
    fn apply_relu(v: &mut [f32]) {
        for v in v {
            *v = relu(*v);
        }
    }
}

/// Finishes `v`: residual and ReLU, each if fused, then the one rounding to FP16.
///
/// `residual` is the whole tensor, `first` the index of `v[0]` in it.
pub(crate) fn finish(v: &mut [f32], fused: Fused<'_>, first: usize, out: &mut [f16]) {
    if let Some(residual) = fused.residual {
        let mut wide = [0.0; CHUNK];
        let wide = &mut wide[..v.len()];
        widen(&residual[first..first + v.len()], wide);
        add(v, wide);
    }
    if fused.relu {
        apply_relu(v);
    }
    narrow(v, out);
}

/// Stores the accumulators of a matrix stage without batch norm: bias, residual and ReLU act on
/// FP32, one rounding to FP16 follows.
///
/// `acc` FP32 and `out` FP16 are `(batch, channels, pixels)`; `bias` is FP32 `(channels)`. A stage that
/// feeds batch norm, and dX, use no bias and [`Fused::NOTHING`].
/// Source: `docs/contract-elementwise.md`, store of a matrix stage.
///
/// # Errors
/// [`SimError`] if a length disagrees with `planes`.
pub fn store(
    planes: Planes,
    acc: &[f32],
    bias: Option<&[f32]>,
    fused: Fused<'_>,
    out: &mut [f16],
) -> Result<(), SimError> {
    planes.check("acc", acc.len())?;
    planes.check("out", out.len())?;
    fused.check(planes.len())?;
    let Some(bias) = bias else {
        for_each_chunk(out, |range, out| {
            let mut v = [0.0; CHUNK];
            let v = &mut v[..out.len()];
            v.copy_from_slice(&acc[range.clone()]);
            finish(v, fused, range.start, out);
        });
        return Ok(());
    };
    planes.check_channels("bias", bias.len())?;
    for_each_chunk_by_channel(planes, [bias], out, |range, [bias], out| {
        let mut v = [0.0; CHUNK];
        let v = &mut v[..out.len()];
        v.copy_from_slice(&acc[range.clone()]);
        add(v, bias);
        finish(v, fused, range.start, out);
    });
    Ok(())
}

/// Gradient of a bias: `r(xsum over batch and pixels of dY)`, FP32 `(channels)`.
///
/// `dy` is FP16 `(batch, channels, pixels)`, after the mask of a fused ReLU.
/// Source: `docs/contract-elementwise.md`, store of a matrix stage.
///
/// # Errors
/// [`SimError`] if a length disagrees, or a channel has more than [`MAX_TERMS`](super::MAX_TERMS)
/// values.
pub fn bias_gradient(planes: Planes, dy: &[f16]) -> Result<Vec<f32>, SimError> {
    planes.check("dY", dy.len())?;
    planes.check_terms()?;
    Ok(rounded_channel_sums(planes, dy))
}
