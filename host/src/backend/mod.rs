//! What the training loop asks of the machine that it trains on.
//!
//! A [`Backend`] computes single operations of `docs/contract.md` and
//! `docs/contract-elementwise.md`, bit for bit, and counts their cycles. It is built for one method and one
//! sparsity: it rounds the FP32 master weights to FP16, prunes them, and runs a stage dense where M does
//! not divide the channels or where the layer is not prunable. The host knows none of that.
//!
//! Tensors are in standard (C) layout: images `(n, c, h, w)`, tokens `(b, t, d)`, rows `(rows, c)`. The channel of
//! a per-channel operation is axis 1 of an image and the last axis of tokens and rows. A linear layer
//! takes tokens or rows: all axes but the last count rows.

mod cycles;
mod error;
mod operand;

pub use cycles::StepCycles;
pub use error::{BackendError, BackendResult};
pub use operand::{
    Accumulator, EmbedGradient, Fused, LossOutput, NormGradient, NormParameters, PoolWindow,
    RunningStatistics, SgdStep, Tensor, UpdateTarget,
};

use crate::network::{MacLayer, Network};

/// A machine that computes the contract's operations and counts their cycles.
///
/// Every operation returns [`BackendError`] for shapes that disagree and for what the contract calls an error; none
/// panics. The host passes what its shape inference has checked.
pub trait Backend {
    /// What a forward operation keeps for its backward one: statistics of a batch or layer norm, positions of
    /// a max pooling's best pixels, attention's probabilities. The host only hands it back.
    type Saved;

    /// Cycles since the backend was built, of operations that ran while counting was on.
    fn cycles(&self) -> StepCycles;

    /// Turns counting on or off. A new backend counts; the host turns it off during evaluation.
    fn set_counting(&mut self, counting: bool);

    /// Gets ready to train `network` with `batch` images a step: called once, before the first step.
    ///
    /// # Errors
    /// If the machine cannot run such a step.
    fn prepare(&mut self, network: &Network, batch: usize) -> BackendResult<()> {
        let _ = (network, batch);
        Ok(())
    }

    /// A training step has ended; `applied` is false if its updates were skipped.
    ///
    /// # Errors
    /// If the step was not the one that the backend had prepared for.
    fn finish_step(&mut self, applied: bool) -> BackendResult<()> {
        let _ = applied;
        Ok(())
    }

    /// FF. `x` is `(n, ci, h, w)` or, for a linear layer, tokens or rows of `ci` channels; `w` the FP32 master, OIHW or
    /// (Co, Ci). Returns `(n, co, out_h, out_w)` or `(rows, co)`, which the host reshapes.
    ///
    /// # Errors
    /// See [`Backend`].
    fn ff(&mut self, layer: &MacLayer, x: &Tensor, w: &[f32]) -> BackendResult<Accumulator>;

    /// BP. `dy` is `(n, co, out_h, out_w)`, tokens or rows. Returns `(n, ci, h, w)` or `(rows, ci)`. Never asked
    /// of the first layer.
    ///
    /// # Errors
    /// See [`Backend`].
    fn bp(&mut self, layer: &MacLayer, dy: &Tensor, w: &[f32]) -> BackendResult<Accumulator>;

    /// WU: the dense FP32 `dW`, in the order of FF's `w`. `x` and `dy` as in [`Backend::ff`] and [`Backend::bp`].
    ///
    /// # Errors
    /// See [`Backend`].
    fn wu(&mut self, layer: &MacLayer, x: &Tensor, dy: &Tensor) -> BackendResult<Vec<f32>>;

    /// Store of a matrix stage: `h(relu(acc + bias + residual))`, bias per channel. With no bias and nothing
    /// fused it stores a `Y` that feeds batch norm, or a `dX`.
    ///
    /// # Errors
    /// See [`Backend`].
    fn store(
        &mut self,
        acc: Accumulator,
        bias: Option<&[f32]>,
        fused: Fused<'_>,
    ) -> BackendResult<Tensor>;

    /// Bias gradient of `dy`, images, tokens or rows: one FP32 value per channel.
    ///
    /// # Errors
    /// See [`Backend`].
    fn bias_gradient(&mut self, dy: &Tensor) -> BackendResult<Vec<f32>>;

    /// ReLU's mask on a gradient, from the stored output `y`.
    ///
    /// # Errors
    /// See [`Backend`].
    fn relu_backward(&mut self, y: &Tensor, dy: &Tensor) -> BackendResult<Tensor>;

    /// Residual add, `h(a + b)` or, with `relu`, `h(relu(a + b))`.
    ///
    /// # Errors
    /// See [`Backend`].
    fn add(&mut self, a: &Tensor, b: &Tensor, relu: bool) -> BackendResult<Tensor>;

    /// Merges two gradients of one tensor, `h(sofar + new)`.
    ///
    /// # Errors
    /// See [`Backend`].
    fn merge(&mut self, sofar: &Tensor, new: &Tensor) -> BackendResult<Tensor>;

    /// Batch norm in training: statistics of this batch, and the running ones updated.
    ///
    /// # Errors
    /// See [`Backend`].
    fn batch_norm_train(
        &mut self,
        y: &Tensor,
        parameters: NormParameters<'_>,
        running: &mut RunningStatistics,
        fused: Fused<'_>,
    ) -> BackendResult<(Tensor, Self::Saved)>;

    /// Batch norm in evaluation: the running statistics.
    ///
    /// # Errors
    /// See [`Backend`].
    fn batch_norm_eval(
        &mut self,
        y: &Tensor,
        parameters: NormParameters<'_>,
        running: &RunningStatistics,
        fused: Fused<'_>,
    ) -> BackendResult<Tensor>;

    /// Batch norm's backward pass in training. `y` is the norm's input, `dz` its output's gradient after the ReLU mask.
    ///
    /// # Errors
    /// See [`Backend`].
    fn batch_norm_backward(
        &mut self,
        y: &Tensor,
        dz: &Tensor,
        parameters: NormParameters<'_>,
        saved: &Self::Saved,
    ) -> BackendResult<NormGradient>;

    /// Layer norm over the last axis.
    ///
    /// # Errors
    /// See [`Backend`].
    fn layer_norm(
        &mut self,
        x: &Tensor,
        parameters: NormParameters<'_>,
    ) -> BackendResult<(Tensor, Self::Saved)>;

    /// Layer norm's backward pass; `x` is its input.
    ///
    /// # Errors
    /// See [`Backend`].
    fn layer_norm_backward(
        &mut self,
        x: &Tensor,
        dy: &Tensor,
        parameters: NormParameters<'_>,
        saved: &Self::Saved,
    ) -> BackendResult<NormGradient>;

    /// GELU.
    ///
    /// # Errors
    /// See [`Backend`].
    fn gelu(&mut self, x: &Tensor) -> BackendResult<Tensor>;

    /// GELU's backward pass; `x` is its input.
    ///
    /// # Errors
    /// See [`Backend`].
    fn gelu_backward(&mut self, x: &Tensor, dy: &Tensor) -> BackendResult<Tensor>;

    /// Max pooling of `(n, c, h, w)`.
    ///
    /// # Errors
    /// See [`Backend`].
    fn max_pool(&mut self, x: &Tensor, window: PoolWindow) -> BackendResult<(Tensor, Self::Saved)>;

    /// Max pooling's backward pass; `x` is its input.
    ///
    /// # Errors
    /// See [`Backend`].
    fn max_pool_backward(
        &mut self,
        x: &Tensor,
        dy: &Tensor,
        window: PoolWindow,
        saved: &Self::Saved,
    ) -> BackendResult<Tensor>;

    /// Average pooling of `(n, c, h, w)`; padding counts as zeros.
    ///
    /// # Errors
    /// See [`Backend`].
    fn average_pool(&mut self, x: &Tensor, window: PoolWindow) -> BackendResult<Tensor>;

    /// Average pooling's backward pass; `x_shape` is its input's `[n, c, h, w]`.
    ///
    /// # Errors
    /// See [`Backend`].
    fn average_pool_backward(
        &mut self,
        x_shape: [usize; 4],
        dy: &Tensor,
        window: PoolWindow,
    ) -> BackendResult<Tensor>;

    /// Global average pooling, `(n, c, h, w)` to `(n, c)`.
    ///
    /// # Errors
    /// See [`Backend`].
    fn global_average_pool(&mut self, x: &Tensor) -> BackendResult<Tensor>;

    /// Global average pooling's backward pass, `(n, c)` to `x_shape`.
    ///
    /// # Errors
    /// See [`Backend`].
    fn global_average_pool_backward(
        &mut self,
        x_shape: [usize; 4],
        dy: &Tensor,
    ) -> BackendResult<Tensor>;

    /// Softmax cross-entropy of FP16 `logits` `(b, classes)`. With `loss_scale`, a power of two, the scaled
    /// gradient too.
    ///
    /// # Errors
    /// See [`Backend`]; also a label that is no class.
    fn softmax_cross_entropy(
        &mut self,
        logits: &Tensor,
        labels: &[u32],
        loss_scale: Option<f32>,
    ) -> BackendResult<LossOutput>;

    /// Multi-head attention, `qkv` `(b, t, 3 * d)` to `(b, t, d)`.
    ///
    /// # Errors
    /// See [`Backend`].
    fn attention(&mut self, qkv: &Tensor, heads: usize) -> BackendResult<(Tensor, Self::Saved)>;

    /// Attention's backward pass: the gradient of `qkv`. `dout` is `(b, t, d)`.
    ///
    /// # Errors
    /// See [`Backend`].
    fn attention_backward(
        &mut self,
        qkv: &Tensor,
        dout: &Tensor,
        heads: usize,
        saved: &Self::Saved,
    ) -> BackendResult<Tensor>;

    /// Token embedding, `(b, t, d)` to `(b, t + 1, d)`; `cls` has `d` values, `pos` `(t + 1) * d`, FP32.
    ///
    /// # Errors
    /// See [`Backend`].
    fn embed(&mut self, x: &Tensor, cls: &[f32], pos: &[f32]) -> BackendResult<Tensor>;

    /// Token embedding's backward pass, from `(b, t + 1, d)`.
    ///
    /// # Errors
    /// See [`Backend`].
    fn embed_backward(&mut self, dy: &Tensor) -> BackendResult<EmbedGradient>;

    /// Momentum SGD in place: `w` and its momentum `v` from the gradient `dw`, all of one length. srste masks by the
    /// weights before the update.
    ///
    /// # Errors
    /// See [`Backend`].
    fn update(
        &mut self,
        target: UpdateTarget<'_>,
        w: &mut [f32],
        v: &mut [f32],
        dw: &[f32],
        step: &SgdStep,
    ) -> BackendResult<()>;

    /// True if no value is infinite or NaN. The dynamic loss scale asks it of every gradient of a step. A
    /// machine finds out while it stores them, so it costs no cycles of its own.
    fn all_finite(&mut self, values: &[f32]) -> bool {
        values.iter().all(|value| value.is_finite())
    }
}
