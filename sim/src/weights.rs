//! The weight operand of FF and BP, with its data.

use crate::{
    SimError,
    number::canonical_f16,
    prune::{Along, Compact, prune_ci, prune_co},
};
use half::f16;
use satkit_spec::{ConvShape, Sparsity, WeightOperand};

/// FP16 weights in the form that a stage multiplies.
#[derive(Clone, Debug, PartialEq)]
pub enum Weights {
    /// All values, OIHW. Pruned weights multiplied as a dense operand have +0.0 in the gaps.
    Dense(Vec<f16>),
    /// Compact along Ci (FF) or Co (BP): pruned terms are skipped.
    Pruned(Compact),
}

impl Weights {
    /// Makes the operand from OIHW weights (`(Co, Ci, KH, KW)` of `shape`, FP16); NaNs become canonical.
    ///
    /// # Errors
    /// [`SimError::Length`] if `oihw` is not of that shape, [`SimError::Groups`] if M does not divide the
    /// pruned channels.
    pub fn new(
        shape: &ConvShape,
        oihw: &[f16],
        operand: WeightOperand,
        sparsity: Sparsity,
    ) -> Result<Self, SimError> {
        SimError::check_len("W", oihw.len(), shape.w_len())?;
        let (co, ci, taps) = (shape.co, shape.ci, shape.taps());
        Ok(match operand {
            WeightOperand::Dense => Self::Dense(oihw.iter().copied().map(canonical_f16).collect()),
            WeightOperand::PrunedCi => Self::Pruned(prune_ci(oihw, co, ci, taps, sparsity)?),
            WeightOperand::PrunedCo => Self::Pruned(prune_co(oihw, co, ci, taps, sparsity)?),
            WeightOperand::PrunedCiAsDense => {
                Self::Dense(prune_ci(oihw, co, ci, taps, sparsity)?.to_dense_oihw())
            }
        })
    }

    /// N:M of the terms that are multiplied: 1:1 for a dense operand.
    #[must_use]
    pub const fn sparsity(&self) -> Sparsity {
        match self {
            Self::Dense(_) => Sparsity::DENSE,
            Self::Pruned(compact) => compact.sparsity(),
        }
    }

    /// Checks that the operand is of `shape` and, if it is pruned, along the channels that the stage reduces.
    pub(crate) fn check(&self, shape: &ConvShape, along: Along) -> Result<(), SimError> {
        match self {
            Self::Dense(values) => SimError::check_len("W", values.len(), shape.w_len()),
            Self::Pruned(compact) => {
                let dims = (shape.co, shape.ci, shape.taps());
                if compact.dims() == dims && compact.along() == along {
                    return Ok(());
                }
                Err(SimError::Operand {
                    what: "the pruned weight operand",
                    given: format!(
                        "(Co, Ci, taps) = {:?} along {:?}",
                        compact.dims(),
                        compact.along()
                    ),
                    accepted: format!("{dims:?} along {along:?}, or a dense operand"),
                })
            }
        }
    }
}
