//! The five sparse training methods and what each stage of them multiplies.

use crate::SpecError;
use crate::described::described;
use std::{fmt, str::FromStr};

/// The MAC stages of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Forward: `Y = X . W`.
    Ff,
    /// Backward: `dX = dY . W^T`.
    Bp,
    /// Weight gradient: `dW = X^T . dY`.
    Wu,
}

impl Stage {
    /// All stages, in the order of a training step.
    pub const ALL: [Self; 3] = [Self::Ff, Self::Bp, Self::Wu];

    /// The field's name: `FF`, `BP` or `WU`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ff => "FF",
            Self::Bp => "BP",
            Self::Wu => "WU",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

described! {
    /// The weight operand of FF or BP.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum WeightOperand {
        /// All of `FP16(W)`.
        Dense = "dense",
        /// Compact N:M along Ci: pruned terms are skipped.
        PrunedCi = "pruned-ci",
        /// Compact N:M along Co: pruned terms are skipped.
        PrunedCo = "pruned-co",
        /// Pruned N:M along Ci, multiplied as a dense operand with +0.0 in the gaps.
        PrunedCiAsDense = "pruned-ci-as-dense",
    }
}

/// The gradient operand of BP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BpGradient {
    /// dY as it is.
    Dense,
    /// dY pruned N:M along Co per pixel, multiplied as a dense operand.
    PrunedCoAsDense,
}

/// A sparse training method (`docs/contract.md`, stages and methods).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// No pruning anywhere.
    Dense,
    /// Sparse-refined straight-through: FF-pruned weights, decay of the pruned ones.
    Srste,
    /// Sparse weights in BP only.
    Sdwp,
    /// Sparse gradients in BP only.
    Sdgp,
    /// Bidirectional weight pruning, the paper's method.
    Bdwp,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 5] = [Self::Dense, Self::Srste, Self::Sdwp, Self::Sdgp, Self::Bdwp];

    /// The name used on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Srste => "srste",
            Self::Sdwp => "sdwp",
            Self::Sdgp => "sdgp",
            Self::Bdwp => "bdwp",
        }
    }

    /// The weight operand of FF in a prunable layer whose Ci is a multiple of M.
    #[must_use]
    pub const fn ff_weight(self) -> WeightOperand {
        match self {
            Self::Srste | Self::Bdwp => WeightOperand::PrunedCi,
            Self::Dense | Self::Sdwp | Self::Sdgp => WeightOperand::Dense,
        }
    }

    /// The weight operand of BP in a prunable layer whose channels M divides.
    #[must_use]
    pub const fn bp_weight(self) -> WeightOperand {
        match self {
            Self::Srste => WeightOperand::PrunedCiAsDense,
            Self::Sdwp | Self::Bdwp => WeightOperand::PrunedCo,
            Self::Dense | Self::Sdgp => WeightOperand::Dense,
        }
    }

    /// The gradient operand of BP in a prunable layer whose Co is a multiple of M.
    #[must_use]
    pub const fn bp_gradient(self) -> BpGradient {
        match self {
            Self::Sdgp => BpGradient::PrunedCoAsDense,
            _ => BpGradient::Dense,
        }
    }

    /// True if the update decays the weights that FF prunes (`lambda`).
    #[must_use]
    pub const fn decays_pruned(self) -> bool {
        matches!(self, Self::Srste)
    }

    /// True if FF prunes along Ci, so that M must divide Ci.
    #[must_use]
    pub const fn prunes_ci(self) -> bool {
        matches!(self, Self::Srste | Self::Bdwp)
    }

    /// True if BP prunes along Co (weights or gradients), so that M must divide Co.
    #[must_use]
    pub const fn prunes_co(self) -> bool {
        matches!(self, Self::Sdwp | Self::Sdgp | Self::Bdwp)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        Self::ALL.into_iter().find(|m| m.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
            SpecError::Name {
                what: "method",
                given: text.into(),
                accepted: Self::ALL.map(Self::name).join(", "),
            }
        })
    }
}
