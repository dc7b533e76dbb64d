//! One operation of the accelerator on a card: operands up, the program, the doorbell, results down.
//!
//! [`KernelWork`] writes an operation down as a step of one operation; [`run_kernel`] takes it through a session.

mod run;
mod work;

pub use run::{KernelRun, run_kernel};
pub use work::{KernelPlan, KernelWork};

use crate::HostError;
use crate::backend::SgdStep;
use half::f16;
use satkit_spec::{ConvShape, Method, Sparsity, SpecError, WeightOperand};

/// An operation with its operands. All are in C order: NCHW, OIHW.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// The layer.
    pub shape: ConvShape,
    /// Which operands are pruned.
    pub method: Method,
    /// N:M of those.
    pub sparsity: Sparsity,
    /// The operation.
    pub operands: KernelOperands,
}

/// The operands of each operation. FP16 weights and gradients are dense; what the method prunes is pruned on the card.
#[derive(Clone, Debug, PartialEq)]
pub enum KernelOperands {
    /// N:M selection for FF and for BP, whatever the method is.
    Prune {
        /// Weights.
        w: Vec<f16>,
    },
    /// Y = X . W.
    Ff {
        /// Input.
        x: Vec<f16>,
        /// Weights.
        w: Vec<f16>,
    },
    /// dX = dY . W^T.
    Bp {
        /// Gradient of the output.
        dy: Vec<f16>,
        /// Weights.
        w: Vec<f16>,
    },
    /// dW = X^T . dY.
    Wu {
        /// Input.
        x: Vec<f16>,
        /// Gradient of the output.
        dy: Vec<f16>,
    },
    /// Momentum SGD.
    Update {
        /// Master weights.
        w: Vec<f32>,
        /// Momentum.
        v: Vec<f32>,
        /// Gradient, times the loss scale.
        dw: Vec<f32>,
        /// Learning rate and others.
        numbers: SgdStep,
    },
}

/// What an operation gives, in C order.
#[derive(Clone, Debug, PartialEq)]
pub enum KernelResults {
    /// Compact weights for FF, then for BP: values and positions, N of each group, groups over (Co, tap, Ci / M) and (Ci, tap,
    /// Co / M).
    Pruned([(Vec<f16>, Vec<u8>); 2]),
    /// Y, dX or dW: FP32 accumulators.
    Stage(Vec<f32>),
    /// Master weights and momentum.
    Updated(Vec<f32>, Vec<f32>),
}

impl Kernel {
    /// Name of the operation.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.operands {
            KernelOperands::Prune { .. } => "prune",
            KernelOperands::Ff { .. } => "ff",
            KernelOperands::Bp { .. } => "bp",
            KernelOperands::Wu { .. } => "wu",
            KernelOperands::Update { .. } => "update",
        }
    }

    /// N:M that the words of the machine have to hold: that of compact weights, or dense.
    #[must_use]
    pub fn compact(&self) -> Sparsity {
        let is_compact = match self.operands {
            KernelOperands::Prune { .. } => true,
            KernelOperands::Ff { .. } => self.method.ff_weight() == WeightOperand::PrunedCi,
            KernelOperands::Bp { .. } => self.method.bp_weight() == WeightOperand::PrunedCo,
            KernelOperands::Wu { .. } => false,
            KernelOperands::Update { .. } => self.method != Method::Dense,
        };
        if is_compact { self.sparsity } else { Sparsity::DENSE }
    }

    /// Refuses channels that M does not divide where the operation needs groups of them, and operands of another size than the
    /// layer's.
    ///
    /// # Errors
    /// [`HostError::Spec`], [`HostError::Setting`].
    pub fn check(&self) -> Result<(), HostError> {
        let (shape, m) = (&self.shape, self.sparsity.m());
        let channels = [("Ci", shape.ci), ("Co", shape.co)];
        for ((what, channels), grouped) in channels.into_iter().zip(self.groups()) {
            if grouped && !channels.is_multiple_of(m) {
                let reason = format!(
                    "{} prunes groups of M = {m} along {what}, and {m} does not divide {what} = {channels}",
                    self.method
                );
                return Err(SpecError::Sparsity { given: self.sparsity.to_string(), reason }.into());
            }
        }
        let (x, w, y) = (shape.x_len(), shape.w_len(), shape.y_len());
        let sizes = match &self.operands {
            KernelOperands::Prune { w: own } => vec![("W", own.len(), w)],
            KernelOperands::Ff { x: a, w: own } => vec![("X", a.len(), x), ("W", own.len(), w)],
            KernelOperands::Bp { dy, w: own } => vec![("dY", dy.len(), y), ("W", own.len(), w)],
            KernelOperands::Wu { x: a, dy } => vec![("X", a.len(), x), ("dY", dy.len(), y)],
            KernelOperands::Update { w: own, v, dw, .. } => {
                vec![("W", own.len(), w), ("V", v.len(), w), ("dW", dw.len(), w)]
            }
        };
        for (operand, found, expected) in sizes {
            if found != expected {
                let given = format!("{found} values of {operand}");
                return Err(HostError::setting("operands", given, format!("{expected}")));
            }
        }
        Ok(())
    }

    /// Whether groups along Ci, and along Co, are needed.
    fn groups(&self) -> [bool; 2] {
        let method = self.method;
        let along_ci = |operand: WeightOperand| {
            matches!(operand, WeightOperand::PrunedCi | WeightOperand::PrunedCiAsDense)
        };
        match &self.operands {
            KernelOperands::Prune { .. } => [true, true],
            KernelOperands::Ff { .. } => [along_ci(method.ff_weight()), false],
            KernelOperands::Bp { .. } => [along_ci(method.bp_weight()), method.prunes_co()],
            KernelOperands::Wu { .. } => [false, false],
            // Weights whose groups do not fit are made dense.
            KernelOperands::Update { .. } => [method.decays_pruned(), false],
        }
    }
}
