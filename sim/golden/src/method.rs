//! What each of the five methods multiplies (`docs/contract.md`, stages and methods).

use crate::error::{GoldenError, check_shape};
use crate::mac::{self, Weight};
use crate::number::to_f16;
use crate::prune::{prune_ci, prune_co, prune_gradient};
use bitvec::vec::BitVec;
use half::f16;
use ndarray::{Array4, ArrayView4};
use satkit_spec::{BpGradient, ConvShape, Method, Sparsity, WeightOperand};

/// A linear or convolution layer under a sparse training method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its shape.
    pub shape: ConvShape,
    /// The method that trains it.
    pub method: Method,
    /// N:M of the stages that the method prunes.
    pub sparsity: Sparsity,
    /// False for a network's first and last layer, which stay dense.
    pub prunable: bool,
}

impl Layer {
    /// True if this layer may be pruned along Ci: it is prunable and M divides Ci.
    #[must_use]
    pub const fn groups_ci(&self) -> bool {
        self.prunable && self.shape.ci.is_multiple_of(self.sparsity.m())
    }

    /// True if this layer may be pruned along Co: it is prunable and M divides Co.
    #[must_use]
    pub const fn groups_co(&self) -> bool {
        self.prunable && self.shape.co.is_multiple_of(self.sparsity.m())
    }

    /// The weight operand of FF, from FP32 master weights OIHW.
    ///
    /// # Errors
    /// [`GoldenError::Shape`] if the weights are not the layer's.
    pub fn ff_weight(&self, master: ArrayView4<f32>) -> Result<Weight, GoldenError> {
        self.weight(self.method.ff_weight(), master)
    }

    /// The weight operand of BP, from FP32 master weights OIHW; always pruned from the dense weights.
    ///
    /// # Errors
    /// [`GoldenError::Shape`] if the weights are not the layer's.
    pub fn bp_weight(&self, master: ArrayView4<f32>) -> Result<Weight, GoldenError> {
        self.weight(self.method.bp_weight(), master)
    }

    fn weight(
        &self,
        operand: WeightOperand,
        master: ArrayView4<f32>,
    ) -> Result<Weight, GoldenError> {
        let weights = self.rounded(master)?;
        Ok(match operand {
            WeightOperand::PrunedCi if self.groups_ci() => {
                Weight::PrunedCi(prune_ci(weights.view(), self.sparsity)?)
            }
            WeightOperand::PrunedCiAsDense if self.groups_ci() => {
                Weight::Dense(prune_ci(weights.view(), self.sparsity)?.to_dense())
            }
            WeightOperand::PrunedCo if self.groups_co() => {
                Weight::PrunedCo(prune_co(weights.view(), self.sparsity)?)
            }
            _ => Weight::Dense(weights),
        })
    }

    /// The gradient operand of BP, FP16 `(n, co, oh, ow)`; WU always takes dY itself.
    ///
    /// # Errors
    /// [`GoldenError::Shape`] if dY is not the layer's.
    pub fn bp_gradient(&self, dy: ArrayView4<f16>) -> Result<Array4<f16>, GoldenError> {
        mac::check_dy(self.shape, dy)?;
        match self.method.bp_gradient() {
            BpGradient::PrunedCoAsDense if self.groups_co() => prune_gradient(dy, self.sparsity),
            _ => Ok(dy.to_owned()),
        }
    }

    /// `mask_FF` in OIHW order, where the update decays what it does not hold; `None` if the method does not
    /// decay or FF runs dense.
    ///
    /// # Errors
    /// [`GoldenError::Shape`] if the weights are not the layer's.
    pub fn decay_mask(&self, master: ArrayView4<f32>) -> Result<Option<BitVec>, GoldenError> {
        if !self.method.decays_pruned() || !self.groups_ci() {
            return Ok(None);
        }
        let pruned = prune_ci(self.rounded(master)?.view(), self.sparsity)?;
        Ok(Some(pruned.mask().to_bitvec()))
    }

    /// FF of FP16 X `(n, ci, h, w)`: FP32 accumulators `(n, co, oh, ow)`.
    ///
    /// # Errors
    /// [`GoldenError::Shape`] if a tensor is not the layer's.
    pub fn ff(
        &self,
        x: ArrayView4<f16>,
        master: ArrayView4<f32>,
    ) -> Result<Array4<f32>, GoldenError> {
        mac::ff(self.shape, x, &self.ff_weight(master)?)
    }

    /// BP of FP16 dY `(n, co, oh, ow)`: FP32 accumulators `(n, ci, h, w)`.
    ///
    /// # Errors
    /// [`GoldenError::Shape`] if a tensor is not the layer's.
    pub fn bp(
        &self,
        dy: ArrayView4<f16>,
        master: ArrayView4<f32>,
    ) -> Result<Array4<f32>, GoldenError> {
        mac::bp(self.shape, self.bp_gradient(dy)?.view(), &self.bp_weight(master)?)
    }

    /// WU of FP16 X and dY: FP32 dW, OIHW, dense in every method.
    ///
    /// # Errors
    /// [`GoldenError::Shape`] if a tensor is not the layer's.
    pub fn wu(&self, x: ArrayView4<f16>, dy: ArrayView4<f16>) -> Result<Array4<f32>, GoldenError> {
        mac::wu(self.shape, x, dy)
    }

    /// `FP16(W)`, which everything else starts from.
    fn rounded(&self, master: ArrayView4<f32>) -> Result<Array4<f16>, GoldenError> {
        let shape = self.shape;
        check_shape(
            "W",
            master.shape(),
            &[shape.co, shape.ci, shape.kh, shape.kw],
            "Co, Ci, kh, kw",
        )?;
        Ok(master.mapv(to_f16))
    }
}
