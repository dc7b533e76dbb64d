//! Values in card memory, and their sizes.

use crate::HostError;
use satkit_plan::layout;
use satkit_plan::step::Stream;

/// Most elements of one tensor that are counted; far above what a card holds, and far below the end of 64 bits.
const MAX_ELEMENTS: u64 = 1 << 48;

/// An activation, or a gradient of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    /// Where it lies.
    pub(super) stream: Stream,
    /// Values, without padding.
    pub(super) elements: u64,
}

impl Value {
    /// Values with padding: what the elementwise unit takes of it.
    pub(super) const fn padded(&self) -> u64 {
        self.stream.bytes / layout::HALF_BYTES
    }
}

/// A gradient on its way to a node or layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gradient {
    pub(super) value: Value,
    /// The value's ReLU mask is applied already.
    pub(super) masked: bool,
    /// The sums that the way back needs were taken at the drain.
    pub(super) summed: bool,
}

impl From<Value> for Gradient {
    fn from(value: Value) -> Self {
        Self { value, masked: false, summed: false }
    }
}

/// Elements and bytes of a tensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) elements: u64,
    pub(super) bytes: u64,
}

impl Size {
    /// `batch` values of `shape`, `[c, h, w]`, `[t, d]` or `[c]`.
    ///
    /// # Errors
    /// [`HostError::Setting`] if they are too many to count.
    pub(super) fn of(name: &str, batch: usize, shape: &[usize]) -> Result<Self, HostError> {
        let factors = std::iter::once(batch).chain(shape.iter().copied());
        let elements = product(name, batch, factors)?;
        let channels = match *shape {
            [c, _, _] | [_, c] | [c] => c,
            _ => 1,
        };
        let pixels = elements / (channels as u64).max(1);
        Ok(Self { elements, bytes: layout::tensor_bytes(pixels, channels) })
    }
}

/// The product of `factors`, checked to be countable.
///
/// # Errors
/// [`HostError::Setting`] if it is not.
pub(super) fn product(
    name: &str,
    batch: usize,
    mut factors: impl Iterator<Item = usize>,
) -> Result<u64, HostError> {
    factors
        .try_fold(1_u64, |product, factor| product.checked_mul(factor as u64))
        .filter(|&product| product <= MAX_ELEMENTS)
        .ok_or_else(|| {
            let accepted =
                format!("a smaller one: {name} has more than {MAX_ELEMENTS} values in it");
            HostError::setting("batch", batch, accepted)
        })
}
