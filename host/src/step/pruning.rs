//! Which operand each stage of a layer multiplies (`docs/contract.md`, stages and methods).

use crate::network::MacLayer;
use satkit_spec::{BpGradient, Method, Sparsity, WeightOperand};

/// How a network is pruned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruning {
    /// The method.
    pub method: Method,
    /// Its sparsity.
    pub sparsity: Sparsity,
}

impl Pruning {
    /// True if FF's groups fit the layer.
    #[must_use]
    pub const fn along_ci(&self, layer: &MacLayer) -> bool {
        layer.prunable && layer.shape.ci.is_multiple_of(self.sparsity.m())
    }

    /// True if BP's groups fit the layer.
    #[must_use]
    pub const fn along_co(&self, layer: &MacLayer) -> bool {
        layer.prunable && layer.shape.co.is_multiple_of(self.sparsity.m())
    }

    /// The weight operand of FF; dense where M does not divide Ci and in the first and the last layer.
    #[must_use]
    pub const fn ff_weight(&self, layer: &MacLayer) -> WeightOperand {
        if self.along_ci(layer) { self.method.ff_weight() } else { WeightOperand::Dense }
    }

    /// The weight operand of BP; srste's follows FF's groups, the others their own.
    #[must_use]
    pub const fn bp_weight(&self, layer: &MacLayer) -> WeightOperand {
        let operand = self.method.bp_weight();
        let fits = match operand {
            WeightOperand::Dense => true,
            WeightOperand::PrunedCi | WeightOperand::PrunedCiAsDense => self.along_ci(layer),
            WeightOperand::PrunedCo => self.along_co(layer),
        };
        if fits { operand } else { WeightOperand::Dense }
    }

    /// The gradient operand of BP.
    #[must_use]
    pub const fn bp_gradient(&self, layer: &MacLayer) -> BpGradient {
        if self.along_co(layer) { self.method.bp_gradient() } else { BpGradient::Dense }
    }

    /// True if BP takes a gradient that pruning changes.
    pub(super) const fn prunes_gradient(&self, layer: &MacLayer) -> bool {
        matches!(self.bp_gradient(layer), BpGradient::PrunedCoAsDense) && !self.sparsity.is_dense()
    }

    /// N:M of the compact form of an operand.
    #[must_use]
    pub const fn compact(&self, operand: WeightOperand) -> Sparsity {
        match operand {
            WeightOperand::PrunedCi | WeightOperand::PrunedCo => self.sparsity,
            WeightOperand::Dense | WeightOperand::PrunedCiAsDense => Sparsity::DENSE,
        }
    }
}
