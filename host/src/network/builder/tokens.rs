//! Tokens: patches, embedding, attention.

use super::{Builder, Built};
use crate::network::{Init, NodeId, Op};

impl Builder {
    /// Cuts the images into squares of `side` pixels: `[t, c * side * side]`.
    ///
    /// # Errors
    /// See [`Builder`]; also if a parameter lies before, because patches have no gradient.
    pub fn patches(&mut self, name: &str, x: NodeId, side: usize) -> Built {
        let [c, h, w] = self.image(name, x)?;
        if side == 0 || !h.is_multiple_of(side) || !w.is_multiple_of(side) {
            let reason =
                format!("patches of {side} pixels on {h} x {w}; accepted: a divisor of both");
            return Err(self.refuse(name, reason));
        }
        if self.nodes[x.0].needs_gradient {
            return Err(self.refuse(name, "patches of a learnt value; accepted: the input"));
        }
        let shape = vec![(h / side) * (w / side), c * side * side];
        Ok(self.push(name, Op::Patches { x, side }, shape))
    }

    /// Multi-head attention, `[t, 3 * d]` to `[t, d]`.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn attention(&mut self, name: &str, qkv: NodeId, heads: usize) -> Built {
        let [t, width] = self.tokens(name, qkv)?;
        if heads == 0 || !width.is_multiple_of(3 * heads) {
            let reason = format!(
                "{heads} heads over {width} values of q, k and v; accepted: a divisor of a third"
            );
            return Err(self.refuse(name, reason));
        }
        Ok(self.push(name, Op::Attention { qkv, heads }, vec![t, width / 3]))
    }

    /// A learnt class token ahead of `[t, d]`, then learnt positions: `[t + 1, d]`.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn embed(&mut self, name: &str, x: NodeId) -> Built {
        let [t, d] = self.tokens(name, x)?;
        let init = Init::Deviation(0.02);
        let cls = self.parameter(&format!("{name}.cls"), vec![d], init);
        let pos = self.parameter(&format!("{name}.pos"), vec![t + 1, d], init);
        Ok(self.push(name, Op::Embed { x, cls, pos }, vec![t + 1, d]))
    }

    /// The first token of `[t, d]`: `[d]`.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn class_token(&mut self, name: &str, x: NodeId) -> Built {
        let [_, d] = self.tokens(name, x)?;
        Ok(self.push(name, Op::ClassToken { x }, vec![d]))
    }
}
