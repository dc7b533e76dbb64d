//! Momentum SGD on the FP32 master weights (`docs/contract-elementwise.md`, update).

use crate::error::{GoldenError, check_shape, check_value};
use crate::number::canon32;
use bitvec::slice::BitSlice;
use ndarray::{ArrayView, ArrayViewMut, Dimension};

/// Settings of one update, all FP32.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// Learning rate `lr`.
    pub learning_rate: f32,
    /// Momentum `mu`.
    pub momentum: f32,
    /// Weight decay `wd`; 0 for biases, norm parameters and embeddings.
    pub weight_decay: f32,
    /// `lambda` of srste, for the weights that FF pruned.
    pub lambda: f32,
    /// Loss scale that `dW` carries, a power of two.
    pub loss_scale: f32,
}

impl Update {
    /// Updates master weights `w` and momentum `v` in place from `dw`, three FP32 tensors of one shape.
    ///
    /// `mask` is `mask_FF(FP16(w))` of the weights before the update in C order, from
    /// [`Layer::decay_mask`](crate::method::Layer::decay_mask); `None` where nothing decays by `lambda`. Whether the whole step is left out
    /// because a gradient is not finite is decided before, over all tensors
    /// ([`DynamicLossScale`](crate::loss_scale::DynamicLossScale)). NaNs are stored canonical.
    ///
    /// # Errors
    /// [`GoldenError::Shape`] if the tensors or the mask differ in size, [`GoldenError::Value`] for a setting that is not
    /// finite or a loss scale that is no power of two. Nothing is changed then.
    pub fn apply<D: Dimension>(
        &self,
        mut w: ArrayViewMut<f32, D>,
        mut v: ArrayViewMut<f32, D>,
        dw: ArrayView<f32, D>,
        mask: Option<&BitSlice>,
    ) -> Result<(), GoldenError> {
        self.check()?;
        check_shape("V", v.shape(), w.shape(), "the shape of W")?;
        check_shape("dW", dw.shape(), w.shape(), "the shape of W")?;
        if let Some(mask) = mask {
            check_shape("the mask", &[mask.len()], &[w.len()], "a bit per weight")?;
        }
        // Iterators of ndarray walk in C order, whatever the memory layout is.
        for (index, ((w, v), &dw)) in w.iter_mut().zip(v.iter_mut()).zip(dw.iter()).enumerate() {
            let pruned = mask.is_some_and(|mask| !mask[index]);
            (*w, *v) = self.one(*w, *v, dw, pruned);
        }
        Ok(())
    }

    /// New weight and momentum of one parameter; each operation rounds on its own.
    fn one(&self, w: f32, v: f32, dw: f32, pruned: bool) -> (f32, f32) {
        let mut g = dw * (1.0 / self.loss_scale);
        if self.lambda != 0.0 && pruned {
            g += self.lambda * w;
        }
        if self.weight_decay != 0.0 {
            g += self.weight_decay * w;
        }
        let v = self.momentum * v + g;
        let w = w - self.learning_rate * v;
        (canon32(w), canon32(v))
    }

    fn check(&self) -> Result<(), GoldenError> {
        for (what, value) in [
            ("the learning rate", self.learning_rate),
            ("the momentum", self.momentum),
            ("the weight decay", self.weight_decay),
            ("lambda", self.lambda),
        ] {
            check_value(value.is_finite(), what, value, "a finite number")?;
        }
        check_loss_scale(self.loss_scale)
    }
}

/// Checks that a loss scale is a power of two whose inverse is exact.
pub(crate) fn check_loss_scale(scale: f32) -> Result<(), GoldenError> {
    // A positive normal number whose fraction is zero; its inverse is then exact and normal too, but for 2^127.
    let power_of_two = scale.is_normal() && scale > 0.0 && scale.to_bits() & 0x007F_FFFF == 0;
    check_value(
        power_of_two && (1.0 / scale).is_normal(),
        "the loss scale",
        scale,
        "a power of two from 2^-126 to 2^126, such as 1024",
    )
}
