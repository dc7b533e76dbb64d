//! Places in card memory for the tensors of a step.

use super::work::{StepWork, TensorId};
use crate::PlanError;
use crate::layout::{BEAT_BYTES, CARD_BYTES, TENSOR_ALIGN_BYTES};

/// Byte address of each tensor. Tensors lie one behind another; everything that the forward pass makes is needed until the
/// backward pass has been there, so places are not used twice.
pub(super) struct Places {
    addresses: Vec<u64>,
    /// First byte after the last tensor.
    pub(super) end: u64,
}

impl Places {
    pub(super) fn of(work: &StepWork, base: u64) -> Result<Self, PlanError> {
        let mut end = base;
        let mut addresses = Vec::with_capacity(work.tensors.len());
        for tensor in &work.tensors {
            addresses.push(end);
            let bytes = tensor.bytes.checked_next_multiple_of(TENSOR_ALIGN_BYTES);
            end = bytes.and_then(|bytes| end.checked_add(bytes)).unwrap_or(u64::MAX);
            if end > CARD_BYTES {
                let needed = work.tensors.iter().map(|t| u128::from(t.bytes)).sum::<u128>();
                let needed = u64::try_from(needed).unwrap_or(u64::MAX).max(end.min(u64::MAX - 1));
                return Err(PlanError::CardMemory { needed, available: CARD_BYTES });
            }
        }
        Ok(Self { addresses, end })
    }

    pub(super) fn bytes(&self, tensor: TensorId) -> u64 {
        self.addresses[tensor.0]
    }

    /// The address field of a tensor.
    pub(super) fn field(&self, tensor: TensorId) -> u32 {
        // CARD_BYTES bounds it to the field's 30 bits.
        (self.addresses[tensor.0] / BEAT_BYTES) as u32
    }

    /// The address field of an optional tensor; 0 is never read.
    pub(super) fn optional(&self, tensor: Option<TensorId>) -> u32 {
        tensor.map_or(0, |tensor| self.field(tensor))
    }
}
