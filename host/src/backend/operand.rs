//! What operations take and return.

use crate::network::MacLayer;
use half::f16;
use ndarray::ArrayD;

/// FP16 activations or their gradients, in standard layout.
pub type Tensor = ArrayD<f16>;

/// FP32 accumulators after the last MAC, in standard layout, not yet stored.
pub type Accumulator = ArrayD<f32>;

/// Work fused into a forward store, in this order: residual, then ReLU.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fused<'a> {
    /// Tensor of the output's shape that is added in FP32.
    pub residual: Option<&'a Tensor>,
    /// True if ReLU is applied last.
    pub relu: bool,
}

/// Square window of a pooling layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PoolWindow {
    /// Side of the window in pixels.
    pub window: usize,
    /// Stride in both directions, in pixels.
    pub stride: usize,
    /// Padding on every side, in pixels; at most half the window.
    pub pad: usize,
}

/// Batch norm's parameters, FP32, one value per channel.
#[derive(Clone, Copy, Debug)]
pub struct NormParameters<'a> {
    /// Scale.
    pub gamma: &'a [f32],
    /// Shift.
    pub beta: &'a [f32],
}

/// Running statistics of a batch norm, FP32, one value per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningStatistics {
    /// Running mean.
    pub mean: Vec<f32>,
    /// Running unbiased variance.
    pub var: Vec<f32>,
}

/// Gradients of a norm layer.
#[derive(Clone, Debug)]
pub struct NormGradient {
    /// Gradient of the layer's input, of its shape.
    pub dx: Tensor,
    /// FP32 gradient of the scale.
    pub dgamma: Vec<f32>,
    /// FP32 gradient of the shift.
    pub dbeta: Vec<f32>,
}

/// Gradients of a token embedding.
#[derive(Clone, Debug)]
pub struct EmbedGradient {
    /// Gradient of the tokens, `(b, t, d)`.
    pub dx: Tensor,
    /// FP32 gradient of the class token, `d` values.
    pub dcls: Vec<f32>,
    /// FP32 gradient of the positions, `(t + 1) * d` values.
    pub dpos: Vec<f32>,
}

/// Softmax cross-entropy of one batch.
#[derive(Clone, Debug)]
pub struct LossOutput {
    /// Mean loss over the rows, without loss scale.
    pub loss: f32,
    /// Predicted class per row.
    pub predicted: Vec<u32>,
    /// Scaled gradient of the logits, `(b, classes)`, if one was asked for.
    pub dlogits: Option<Tensor>,
}

/// Settings of one update, all FP32 (`docs/contract-elementwise.md`, update).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    /// Learning rate `lr`.
    pub learning_rate: f32,
    /// Momentum `mu`.
    pub momentum: f32,
    /// Weight decay `wd`; the host passes 0 for everything but weights of linear and convolution layers.
    pub weight_decay: f32,
    /// `lambda` of srste; other methods ignore it.
    pub lambda: f32,
    /// Loss scale that the gradients carry, a power of two.
    pub loss_scale: f32,
}

/// What an update changes.
#[derive(Clone, Copy, Debug)]
pub enum UpdateTarget<'a> {
    /// Weights of a MAC layer, OIHW or (Co, Ci): may be pruned, so srste's lambda applies.
    Weights(&'a MacLayer),
    /// A bias, norm parameter or embedding, by name: never pruned, no lambda.
    Plain(&'a str),
}
