//! Which operand each stage of a layer multiplies (`docs/contract.md`, stages and methods).

use satkit_host::network::MacLayer;
use satkit_spec::{BpGradient, Method, Sparsity, WeightOperand};

/// How a network is pruned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pruning {
    pub(super) method: Method,
    pub(super) sparsity: Sparsity,
}

impl Pruning {
    /// True if FF's groups fit the layer.
    pub(super) const fn along_ci(&self, layer: &MacLayer) -> bool {
        layer.prunable && layer.shape.ci.is_multiple_of(self.sparsity.m())
    }

    /// True if BP's groups fit the layer.
    pub(super) const fn along_co(&self, layer: &MacLayer) -> bool {
        layer.prunable && layer.shape.co.is_multiple_of(self.sparsity.m())
    }

    /// The weight operand of FF; dense where M does not divide Ci and in the first and the last layer.
    pub(super) const fn ff_weight(&self, layer: &MacLayer) -> WeightOperand {
        if self.along_ci(layer) { self.method.ff_weight() } else { WeightOperand::Dense }
    }

    /// The weight operand of BP; srste's follows FF's groups, the others their own.
    pub(super) const fn bp_weight(&self, layer: &MacLayer) -> WeightOperand {
        let operand = self.method.bp_weight();
        let fits = match operand {
            WeightOperand::Dense => true,
            WeightOperand::PrunedCi | WeightOperand::PrunedCiAsDense => self.along_ci(layer),
            WeightOperand::PrunedCo => self.along_co(layer),
        };
        if fits { operand } else { WeightOperand::Dense }
    }

    /// The gradient operand of BP.
    pub(super) const fn bp_gradient(&self, layer: &MacLayer) -> BpGradient {
        if self.along_co(layer) { self.method.bp_gradient() } else { BpGradient::Dense }
    }

    /// N:M that the update makes of the next step's weights for an operand.
    pub(super) const fn compact(&self, operand: WeightOperand) -> Sparsity {
        match operand {
            WeightOperand::PrunedCi | WeightOperand::PrunedCo => self.sparsity,
            WeightOperand::Dense | WeightOperand::PrunedCiAsDense => Sparsity::DENSE,
        }
    }
}
