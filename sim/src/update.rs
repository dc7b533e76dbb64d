//! Momentum SGD on the dense FP32 master weights (`docs/contract-elementwise.md`, update).

use crate::SimError;
use crate::elementwise::{TASK, check_length, refuse, vectorised};
use crate::number::canonical;
use rayon::prelude::*;

/// Settings of an update. All FP32; each product and sum of the update is rounded on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MomentumSgd {
    /// Learning rate, `lr`.
    pub learning_rate: f32,
    /// Momentum, `mu`.
    pub momentum: f32,
    /// Weight decay, `wd`: 0 for biases, norm parameters and embeddings, for which the term is left out.
    pub weight_decay: f32,
    /// Loss scale of the gradients, a power of two.
    pub loss_scale: f32,
}

/// SR-STE's decay of the weights that the forward pass prunes.
#[derive(Clone, Copy, Debug)]
pub struct PrunedDecay<'a> {
    /// `lambda`; 0 leaves the term out.
    pub lambda: f32,
    /// One flag per weight, OIHW as the weights: true where `mask_FF(h(w))`, of the weights before this
    /// update, keeps the weight.
    pub keep: &'a [bool],
}

/// Checks that a loss scale is a power of two whose reciprocal is exact and normal.
pub(crate) fn check_loss_scale(loss_scale: f32) -> Result<(), SimError> {
    let power_of_two = loss_scale.to_bits() & 0x007F_FFFF == 0;
    if power_of_two && (f32::MIN_POSITIVE..=1.0 / f32::MIN_POSITIVE).contains(&loss_scale) {
        return Ok(());
    }
    Err(refuse("the loss scale", loss_scale, "a power of two from 2^-126 to 2^126, such as 1024"))
}

vectorised! {
    /// `g = dW * (1 / loss_scale)`, into `g`.
    fn unscale(dw: &[f32], inverse: f32, g: &mut [f32]) {
        for (g, &dw) in g.iter_mut().zip(dw) {
            *g = dw * inverse;
        }
    }
}

vectorised! {
    /// `g = g + lambda * w` where the weight is not kept.
    fn decay_pruned(w: &[f32], keep: &[bool], lambda: f32, g: &mut [f32]) {
        for ((g, &w), &keep) in g.iter_mut().zip(w).zip(keep) {
            let decayed = *g + lambda * w;
            *g = if keep { *g } else { decayed };
        }
    }
}

vectorised! {
    /// `g = g + wd * w`.
    fn decay(w: &[f32], weight_decay: f32, g: &mut [f32]) {
        for (g, &w) in g.iter_mut().zip(w) {
            *g += weight_decay * w;
        }
    }
}

vectorised! {
    /// `v = mu * v + g`, `w = w - lr * v`.
    fn step(w: &mut [f32], v: &mut [f32], g: &[f32], momentum: f32, learning_rate: f32) {
        for ((w, v), &g) in w.iter_mut().zip(v).zip(g) {
            *v = canonical(momentum * *v + g);
            *w = canonical(*w - learning_rate * *v);
        }
    }
}

/// Weights of one pass of the loops above: `g` stays in the L1 cache.
const CHUNK: usize = 1024;

impl MomentumSgd {
    /// Checks that every setting is possible.
    ///
    /// # Errors
    /// [`SimError`] naming a setting that is not finite, or a loss scale that is no power of two.
    pub fn validate(&self) -> Result<(), SimError> {
        for (what, value) in [
            ("the learning rate", self.learning_rate),
            ("the momentum", self.momentum),
            ("the weight decay", self.weight_decay),
        ] {
            if !value.is_finite() {
                return Err(refuse(what, value, "a finite number"));
            }
        }
        check_loss_scale(self.loss_scale)
    }

    /// Updates master weights `w` and momentum `v` from the gradient `dw`, all FP32 of one shape:
    ///
    /// ```text
    /// g = dW * (1 / loss_scale)
    /// g = g + lambda * w          where `pruned` says so
    /// g = g + wd * w
    /// v = mu * v + g
    /// w = w - lr * v
    /// ```
    ///
    /// On an error nothing is changed. NaNs stored are canonical.
    ///
    /// # Errors
    /// [`SimError`] if the lengths disagree or a setting is impossible ([`MomentumSgd::validate`]).
    pub fn update(
        &self,
        w: &mut [f32],
        v: &mut [f32],
        dw: &[f32],
        pruned: Option<PrunedDecay<'_>>,
    ) -> Result<(), SimError> {
        self.validate()?;
        check_length("V", v.len(), w.len())?;
        check_length("dW", dw.len(), w.len())?;
        if let Some(PrunedDecay { lambda, keep }) = pruned {
            check_length("keep flags", keep.len(), w.len())?;
            if !lambda.is_finite() {
                return Err(refuse("lambda", lambda, "a finite number"));
            }
        }
        let pruned = pruned.filter(|pruned| pruned.lambda != 0.0);
        let task = |first: usize, w: &mut [f32], v: &mut [f32]| {
            for (index, (w, v)) in w.chunks_mut(CHUNK).zip(v.chunks_mut(CHUNK)).enumerate() {
                let first = first + index * CHUNK;
                let range = first..first + w.len();
                let keep = pruned.map(|p| (p.lambda, &p.keep[range.clone()]));
                self.update_chunk(w, v, &dw[range], keep);
            }
        };
        if w.len() <= TASK {
            task(0, w, v);
        } else {
            w.par_chunks_mut(TASK)
                .zip(v.par_chunks_mut(TASK))
                .enumerate()
                .for_each(|(index, (w, v))| task(index * TASK, w, v));
        }
        Ok(())
    }

    fn update_chunk(&self, w: &mut [f32], v: &mut [f32], dw: &[f32], keep: Option<(f32, &[bool])>) {
        let mut g = [0.0; CHUNK];
        let g = &mut g[..w.len()];
        unscale(dw, 1.0 / self.loss_scale, g);
        if let Some((lambda, keep)) = keep {
            decay_pruned(w, keep, lambda, g);
        }
        if self.weight_decay != 0.0 {
            decay(w, self.weight_decay, g);
        }
        step(w, v, g, self.momentum, self.learning_rate);
    }
}

vectorised! {
    /// True if no value is an infinity or a NaN.
    fn all_finite_here(values: &[f32]) -> bool {
        // The largest magnitude as an integer: a maximum vectorises, an early exit does not.
        let largest = values.iter().fold(0, |largest, v| (v.to_bits() & 0x7FFF_FFFF).max(largest));
        largest < 0x7F80_0000
    }
}

/// True if no value of `gradient` (FP32, any shape) is an infinity or a NaN: the condition for a step of
/// the dynamic loss scale.
#[must_use]
pub fn all_finite(gradient: &[f32]) -> bool {
    if gradient.len() <= TASK {
        all_finite_here(gradient)
    } else {
        gradient.par_chunks(TASK).all(all_finite_here)
    }
}

#[cfg(test)]
mod tests;
