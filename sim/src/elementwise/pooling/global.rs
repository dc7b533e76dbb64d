//! Global average pooling.

use crate::SimError;
use crate::elementwise::Planes;
use crate::elementwise::channel_sums::channel_moments;
use crate::elementwise::checks::check_length;
use crate::elementwise::exact::VALUE_UNIT;
use crate::elementwise::planes::check_terms;
use crate::elementwise::vector::for_each_unit;
use crate::number::{to_f16, to_f32};
use half::f16;

/// Forward pass: `Y = h(r(xsum over the plane) / pixels)`.
///
/// `x` is FP16 `(batch, channels, pixels)`, `out` FP16 `(batch, channels)`.
/// Source: `docs/contract-elementwise.md`, pooling.
///
/// # Errors
/// [`SimError`] if a length disagrees, or a plane has more than
/// [`MAX_TERMS`](crate::elementwise::MAX_TERMS) pixels.
pub fn global_average_pool(planes: Planes, x: &[f16], out: &mut [f16]) -> Result<(), SimError> {
    planes.check("x", x.len())?;
    check_length("out", out.len(), planes.batch * planes.channels)?;
    check_terms(planes.pixels)?;
    let count = planes.pixels as f32;
    // Every plane is a channel of its own here.
    let planes = Planes { batch: 1, channels: out.len(), pixels: planes.pixels };
    for (out, moments) in out.iter_mut().zip(channel_moments(planes, x, None)) {
        *out = to_f16(moments.sum.round(VALUE_UNIT, 1) / count);
    }
    Ok(())
}

/// Backward pass: `dX = h(dY / pixels)` for every pixel of the plane.
///
/// `dy` is FP16 `(batch, channels)`, `dx` FP16 `(batch, channels, pixels)`.
/// Source: `docs/contract-elementwise.md`, pooling.
///
/// # Errors
/// As [`global_average_pool`].
pub fn global_average_pool_backward(
    planes: Planes,
    dy: &[f16],
    dx: &mut [f16],
) -> Result<(), SimError> {
    check_length("dY", dy.len(), planes.batch * planes.channels)?;
    planes.check("dX", dx.len())?;
    check_terms(planes.pixels)?;
    let count = planes.pixels as f32;
    for_each_unit(planes.pixels, dx, |plane, dx| dx.fill(to_f16(to_f32(dy[plane]) / count)));
    Ok(())
}
