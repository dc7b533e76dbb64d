//! Norms, activations, residuals and pooling.

use super::{Builder, Built, Epilogue};
use crate::HostError;
use crate::backend::PoolWindow;
use crate::network::{NodeId, NormSpec, Op};
use satkit_spec::ConvShape;

impl Builder {
    /// Batch norm over `[c, h, w]` or `[c]`.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn batch_norm(&mut self, name: &str, x: NodeId, epilogue: Epilogue) -> Built {
        let shape = self.shape(x).to_vec();
        if shape.len() == 2 {
            return Err(self.refuse(name, format!("input {shape:?}; accepted: [c, h, w] or [c]")));
        }
        if epilogue.bias {
            return Err(self.refuse(name, "a bias besides the norm's own shift; accepted: none"));
        }
        self.check_residual(name, epilogue.residual, &shape)?;
        let (gamma, beta) = self.scale_and_shift(name, shape[0]);
        self.norms.push(NormSpec { name: name.into(), channels: shape[0] });
        let norm = self.norms.len() - 1;
        let Epilogue { residual, relu, .. } = epilogue;
        Ok(self.push(name, Op::BatchNorm { x, gamma, beta, norm, residual, relu }, shape))
    }

    /// Layer norm over the last axis of `[t, d]` or `[c]`.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn layer_norm(&mut self, name: &str, x: NodeId) -> Built {
        let shape = self.shape(x).to_vec();
        if shape.len() == 3 {
            return Err(self.refuse(name, format!("input {shape:?}; accepted: [t, d] or [c]")));
        }
        let (gamma, beta) = self.scale_and_shift(name, shape[shape.len() - 1]);
        Ok(self.push(name, Op::LayerNorm { x, gamma, beta }, shape))
    }

    /// GELU.
    pub fn gelu(&mut self, name: &str, x: NodeId) -> NodeId {
        let shape = self.shape(x).to_vec();
        self.push(name, Op::Gelu { x }, shape)
    }

    /// Residual add.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn add(&mut self, name: &str, a: NodeId, b: NodeId, relu: bool) -> Built {
        let shape = self.shape(a).to_vec();
        self.check_residual(name, Some(b), &shape)?;
        Ok(self.push(name, Op::Add { a, b, relu }, shape))
    }

    /// Max pooling.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn max_pool(&mut self, name: &str, x: NodeId, window: PoolWindow) -> Built {
        let shape = self.pooled(name, x, window)?;
        Ok(self.push(name, Op::MaxPool { x, window }, shape))
    }

    /// Average pooling.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn average_pool(&mut self, name: &str, x: NodeId, window: PoolWindow) -> Built {
        let shape = self.pooled(name, x, window)?;
        Ok(self.push(name, Op::AveragePool { x, window }, shape))
    }

    fn pooled(&self, name: &str, x: NodeId, window: PoolWindow) -> Result<Vec<usize>, HostError> {
        let [c, h, w] = self.image(name, x)?;
        let PoolWindow { window: side, stride, pad } = window;
        let fits = |pixels: usize| pixels + 2 * pad >= side;
        let small = side <= ConvShape::MAX_SIDE && pad <= ConvShape::MAX_SIDE;
        if side == 0 || stride == 0 || !small || 2 * pad > side || !fits(h) || !fits(w) {
            return Err(self.refuse(
                name,
                format!(
                    "a window of {side} pixels, stride {stride}, padding {pad} on {h} x {w} pixels; accepted: a \
                     window of 1 to {} pixels, a stride of at least 1, a padding of at most half the window",
                    h.min(w)
                ),
            ));
        }
        let out = |pixels: usize| (pixels + 2 * pad - side) / stride + 1;
        Ok(vec![c, out(h), out(w)])
    }

    /// Global average pooling, `[c, h, w]` to `[c]`.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn global_average_pool(&mut self, name: &str, x: NodeId) -> Built {
        let [c, ..] = self.image(name, x)?;
        Ok(self.push(name, Op::GlobalAveragePool { x }, vec![c]))
    }

    /// `[c, h, w]` as `[c * h * w]`.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn flatten(&mut self, name: &str, x: NodeId) -> Built {
        let [c, h, w] = self.image(name, x)?;
        Ok(self.push(name, Op::Flatten { x }, vec![c * h * w]))
    }
}
