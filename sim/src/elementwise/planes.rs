//! The size of a tensor whose values belong to channels.

use super::MAX_TERMS;
use super::checks::{check_length, checked_product, refuse};
use crate::SimError;

/// A tensor `(batch, channels, pixels)`, its last axis contiguous.
///
/// An image NCHW has `pixels = h * w`. Rows `(rows, d)` and tokens `(b, t, d)` are
/// `batch = rows`, `channels = d`, `pixels = 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Planes {
    pub(crate) batch: usize,
    pub(crate) channels: usize,
    pub(crate) pixels: usize,
}

impl Planes {
    /// A tensor of that size.
    ///
    /// # Errors
    /// [`SimError`] if a size is zero or their product does not fit the address space.
    pub fn new(batch: usize, channels: usize, pixels: usize) -> Result<Self, SimError> {
        checked_product(&[("batch", batch), ("channels", channels), ("pixels", pixels)])?;
        Ok(Self { batch, channels, pixels })
    }

    /// A matrix `(rows, d)` whose columns are the channels.
    ///
    /// # Errors
    /// As [`Planes::new`].
    pub fn rows(rows: usize, d: usize) -> Result<Self, SimError> {
        Self::new(rows, d, 1)
    }

    /// Elements of the tensor.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // No size is zero.
    pub const fn len(&self) -> usize {
        self.batch * self.channels * self.pixels
    }

    /// Elements of one channel: terms of an exact sum over it.
    #[must_use]
    pub const fn terms(&self) -> usize {
        self.batch * self.pixels
    }

    /// Checks that a tensor named `what` has this size.
    pub(crate) fn check(&self, what: &'static str, len: usize) -> Result<(), SimError> {
        check_length(what, len, self.len())
    }

    /// Checks that a parameter named `what` has one value per channel.
    pub(crate) fn check_channels(&self, what: &'static str, len: usize) -> Result<(), SimError> {
        check_length(what, len, self.channels)
    }

    /// Checks that an exact sum over a channel is allowed.
    pub(crate) fn check_terms(&self) -> Result<(), SimError> {
        check_terms(self.terms())
    }
}

/// Checks that an exact sum of `terms` terms is allowed.
pub(crate) fn check_terms(terms: usize) -> Result<(), SimError> {
    if terms <= MAX_TERMS {
        return Ok(());
    }
    Err(refuse(
        "the number of terms of an exact sum",
        terms,
        format!("at most {MAX_TERMS}; use a smaller batch or image"),
    ))
}
