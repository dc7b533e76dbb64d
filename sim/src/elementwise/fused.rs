//! What a store does besides its own operation.

use super::checks::check_length;
use crate::SimError;
use half::f16;

/// Work fused into a forward store, in this order: residual, then ReLU.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fused<'a> {
    /// FP16 tensor of the output's shape that is added in FP32.
    pub residual: Option<&'a [f16]>,
    /// True if ReLU is applied last.
    pub relu: bool,
}

impl Fused<'_> {
    /// Neither residual nor ReLU.
    pub const NOTHING: Self = Self { residual: None, relu: false };

    /// ReLU alone.
    pub const RELU: Self = Self { residual: None, relu: true };

    /// Checks the residual against the output's length.
    pub(crate) fn check(&self, len: usize) -> Result<(), SimError> {
        self.residual.map_or(Ok(()), |residual| check_length("residual", residual.len(), len))
    }
}
