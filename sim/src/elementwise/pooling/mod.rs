//! Pooling over windows and over whole planes, forward and backward.

mod average;
mod global;
mod max;
mod phases;

pub use average::{average_pool, average_pool_backward};
pub use global::{global_average_pool, global_average_pool_backward};
pub use max::{max_pool, max_pool_backward};

use super::Planes;
use super::checks::{checked_product, refuse};
use super::planes::check_terms;
use crate::SimError;
use std::ops::Range;

/// Shape of a pooling layer: input `(batch, channels, h, w)`, output `(batch, channels, out_h, out_w)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PoolShape {
    batch: usize,
    channels: usize,
    h: usize,
    w: usize,
    window: usize,
    stride: usize,
    pad: usize,
}

impl PoolShape {
    /// Windows of `window x window` pixels, moved by `stride`, over planes padded by `pad` on every side.
    /// Source: `docs/contract-elementwise.md`, pooling.
    ///
    /// # Errors
    /// [`SimError`] if a size is zero or too large, `2 * pad > window` (a window could be empty), or
    /// a padded plane is smaller than the window.
    pub fn new(
        batch: usize,
        channels: usize,
        [h, w]: [usize; 2],
        window: usize,
        stride: usize,
        pad: usize,
    ) -> Result<Self, SimError> {
        checked_product(&[("batch", batch), ("channels", channels), ("height", h), ("width", w)])?;
        if u32::try_from(checked_product(&[("height", h), ("width", w)])?).is_err() {
            return Err(refuse(
                "a pooled plane",
                format!("{h} x {w} pixels"),
                "fewer than 2^32 pixels",
            ));
        }
        let terms = checked_product(&[("window", window), ("window", window)])?;
        check_terms(terms)?;
        if stride == 0 {
            return Err(refuse("the pooling stride", 0, "at least 1"));
        }
        // The window is at most 2^11 here, so neither side overflows unless `pad` is refused.
        if pad > window / 2 {
            return Err(refuse(
                "the pooling padding",
                format!("{pad} with a window of {window}"),
                format!("0 to {}, so that no window is empty", window / 2),
            ));
        }
        if h.saturating_add(2 * pad) < window || w.saturating_add(2 * pad) < window {
            return Err(refuse(
                "the pooling window",
                format!("{window} over {h} x {w} pixels padded by {pad}"),
                format!("1 to {}", h.min(w).saturating_add(2 * pad)),
            ));
        }
        let shape = Self { batch, channels, h, w, window, stride, pad };
        checked_product(&[
            ("batch", batch),
            ("channels", channels),
            ("output height", shape.out_h()),
            ("output width", shape.out_w()),
        ])?;
        Ok(shape)
    }

    /// Output height in pixels.
    #[must_use]
    pub const fn out_h(&self) -> usize {
        (self.h + 2 * self.pad - self.window) / self.stride + 1
    }

    /// Output width in pixels.
    #[must_use]
    pub const fn out_w(&self) -> usize {
        (self.w + 2 * self.pad - self.window) / self.stride + 1
    }

    /// The input's size.
    const fn input(&self) -> Planes {
        Planes { batch: self.batch, channels: self.channels, pixels: self.h * self.w }
    }

    /// The output's size.
    const fn output(&self) -> Planes {
        Planes { batch: self.batch, channels: self.channels, pixels: self.out_h() * self.out_w() }
    }

    /// Input rows that the windows of output row `oh` hold; never empty.
    fn rows(&self, oh: usize) -> Range<usize> {
        let start = oh * self.stride;
        start.saturating_sub(self.pad)..(start + self.window - self.pad).min(self.h)
    }
}
