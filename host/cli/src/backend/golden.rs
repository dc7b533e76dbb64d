//! The reference as the training loop's backend: slow, without time, and the truth.

use super::{elements, tensor};
use half::f16;
use ndarray::{
    ArrayD, ArrayView1, ArrayView2, ArrayView3, ArrayView4, ArrayViewMut1, Ix2, Ix3, Ix4,
};
use satkit_golden::elementwise::window::Window;
use satkit_golden::elementwise::{
    add, attention, average_pool, batch_norm, cross_entropy, embedding, gelu, layer_norm, max_pool,
    relu, store,
};
use satkit_golden::mac::{self, Weight};
use satkit_golden::method::Layer;
use satkit_golden::update::Update;
use satkit_host::backend::{
    Accumulator, Backend, BackendError, BackendResult, EmbedGradient, Fused, LossOutput,
    NormGradient, NormParameters, PoolWindow, RunningStatistics, SgdStep, StepCycles, Tensor,
    UpdateTarget,
};
use satkit_host::network::MacLayer;
use satkit_spec::{Method, Sparsity};

/// Trains on satkit-golden. It counts no cycles: the reference has no time. Backward operations that need
/// what the forward one found compute it again, so nothing is kept between them.
#[derive(Clone, Copy, Debug)]
pub struct GoldenBackend {
    method: Method,
    sparsity: Sparsity,
}

/// Single outputs of one matrix operation, each at the cost of its own terms.
pub(super) enum MacAt<'a> {
    Ff { layer: &'a MacLayer, x: ArrayView4<'a, f16>, weight: Weight },
    Bp { layer: &'a MacLayer, dy: ndarray::Array4<f16>, weight: Weight },
    Wu { layer: &'a MacLayer, x: ArrayView4<'a, f16>, dy: ArrayView4<'a, f16> },
}

impl MacAt<'_> {
    /// The four axes of the result: Y, dX or dW.
    pub(super) const fn dims(&self) -> [usize; 4] {
        match self {
            Self::Ff { layer, .. } => y_dims(layer),
            Self::Bp { layer, .. } => x_dims(layer),
            Self::Wu { layer, .. } => w_dims(layer),
        }
    }

    /// The FP32 output at `index`.
    pub(super) fn at(&self, index: [usize; 4]) -> BackendResult<f32> {
        match self {
            Self::Ff { layer, x, weight } => mac::ff_at(layer.shape, *x, weight, index),
            Self::Bp { layer, dy, weight } => mac::bp_at(layer.shape, dy.view(), weight, index),
            Self::Wu { layer, x, dy } => mac::wu_at(layer.shape, *x, *dy, index),
        }
        .map_err(BackendError::new)
    }
}

const fn x_dims(layer: &MacLayer) -> [usize; 4] {
    let s = &layer.shape;
    [s.batch, s.ci, s.h, s.w]
}

const fn y_dims(layer: &MacLayer) -> [usize; 4] {
    let s = &layer.shape;
    [s.batch, s.co, s.out_h(), s.out_w()]
}

const fn w_dims(layer: &MacLayer) -> [usize; 4] {
    let s = &layer.shape;
    [s.co, s.ci, s.kh, s.kw]
}

fn view4<T>(dims: [usize; 4], values: &[T]) -> BackendResult<ArrayView4<'_, T>> {
    ArrayView4::from_shape(dims, values).map_err(BackendError::new)
}

/// An image; rows are images of one pixel.
fn image(tensor: &Tensor) -> BackendResult<ArrayView4<'_, f16>> {
    match *tensor.shape() {
        [n, c] => view4([n, c, 1, 1], elements(tensor)?),
        _ => tensor.view().into_dimensionality::<Ix4>().map_err(BackendError::new),
    }
}

fn tokens(tensor: &Tensor) -> BackendResult<ArrayView3<'_, f16>> {
    tensor.view().into_dimensionality::<Ix3>().map_err(BackendError::new)
}

fn rows(tensor: &Tensor) -> BackendResult<ArrayView2<'_, f16>> {
    tensor.view().into_dimensionality::<Ix2>().map_err(BackendError::new)
}

fn window(window: PoolWindow) -> BackendResult<Window> {
    Window::new(window.window, window.stride, window.pad).map_err(BackendError::new)
}

/// A result in C order and in the shape that the host wants.
fn shaped<T: Clone, D: ndarray::Dimension>(
    shape: &[usize],
    array: ndarray::Array<T, D>,
) -> BackendResult<ArrayD<T>> {
    tensor(shape, array.iter().cloned().collect())
}

impl GoldenBackend {
    /// The reference for `method` and `sparsity`.
    #[must_use]
    pub const fn new(method: Method, sparsity: Sparsity) -> Self {
        Self { method, sparsity }
    }

    const fn layer(&self, layer: &MacLayer) -> Layer {
        let Self { method, sparsity } = *self;
        Layer { shape: layer.shape, method, sparsity, prunable: layer.prunable }
    }

    /// Single outputs of FF.
    pub(super) fn ff_at<'a>(
        &self,
        layer: &'a MacLayer,
        x: &'a Tensor,
        w: &[f32],
    ) -> BackendResult<MacAt<'a>> {
        let weight = self.layer(layer).ff_weight(view4(w_dims(layer), w)?);
        let x = view4(x_dims(layer), elements(x)?)?;
        Ok(MacAt::Ff { layer, x, weight: weight.map_err(BackendError::new)? })
    }

    /// Single outputs of BP.
    pub(super) fn bp_at<'a>(
        &self,
        layer: &'a MacLayer,
        dy: &'a Tensor,
        w: &[f32],
    ) -> BackendResult<MacAt<'a>> {
        let reference = self.layer(layer);
        let weight = reference.bp_weight(view4(w_dims(layer), w)?).map_err(BackendError::new)?;
        let dy = reference.bp_gradient(view4(y_dims(layer), elements(dy)?)?);
        Ok(MacAt::Bp { layer, dy: dy.map_err(BackendError::new)?, weight })
    }

    /// Single outputs of WU.
    pub(super) fn wu_at<'a>(
        &self,
        layer: &'a MacLayer,
        x: &'a Tensor,
        dy: &'a Tensor,
    ) -> BackendResult<MacAt<'a>> {
        let x = view4(x_dims(layer), elements(x)?)?;
        Ok(MacAt::Wu { layer, x, dy: view4(y_dims(layer), elements(dy)?)? })
    }
}

/// The axes of a stage's result as the host wants them.
fn stage_shape(layer: &MacLayer, dims: &[usize; 4]) -> Vec<usize> {
    if layer.is_linear { dims[..2].to_vec() } else { dims.to_vec() }
}

impl Backend for GoldenBackend {
    type Saved = ();

    fn cycles(&self) -> StepCycles {
        StepCycles::default()
    }

    fn set_counting(&mut self, _counting: bool) {}

    fn ff(&mut self, layer: &MacLayer, x: &Tensor, w: &[f32]) -> BackendResult<Accumulator> {
        let (x, w) = (view4(x_dims(layer), elements(x)?)?, view4(w_dims(layer), w)?);
        let y = self.layer(layer).ff(x, w).map_err(BackendError::new)?;
        shaped(&stage_shape(layer, &y_dims(layer)), y)
    }

    fn bp(&mut self, layer: &MacLayer, dy: &Tensor, w: &[f32]) -> BackendResult<Accumulator> {
        let (dy, w) = (view4(y_dims(layer), elements(dy)?)?, view4(w_dims(layer), w)?);
        let dx = self.layer(layer).bp(dy, w).map_err(BackendError::new)?;
        shaped(&stage_shape(layer, &x_dims(layer)), dx)
    }

    fn wu(&mut self, layer: &MacLayer, x: &Tensor, dy: &Tensor) -> BackendResult<Vec<f32>> {
        let (x, dy) = (view4(x_dims(layer), elements(x)?)?, view4(y_dims(layer), elements(dy)?)?);
        let dw = self.layer(layer).wu(x, dy).map_err(BackendError::new)?;
        Ok(dw.iter().copied().collect())
    }

    fn store(
        &mut self,
        acc: Accumulator,
        bias: Option<&[f32]>,
        fused: Fused<'_>,
    ) -> BackendResult<Tensor> {
        let residual = fused.residual.map(|residual| residual.view());
        store::forward(acc.view(), bias.map(ArrayView1::from), residual, fused.relu)
            .map_err(BackendError::new)
    }

    fn bias_gradient(&mut self, dy: &Tensor) -> BackendResult<Vec<f32>> {
        store::bias_gradient(dy.view()).map(|db| db.to_vec()).map_err(BackendError::new)
    }

    fn relu_backward(&mut self, y: &Tensor, dy: &Tensor) -> BackendResult<Tensor> {
        relu::backward(dy.view(), y.view()).map_err(BackendError::new)
    }

    fn add(&mut self, a: &Tensor, b: &Tensor, relu: bool) -> BackendResult<Tensor> {
        add::forward(a.view(), b.view(), relu).map_err(BackendError::new)
    }

    fn merge(&mut self, sofar: &Tensor, new: &Tensor) -> BackendResult<Tensor> {
        add::accumulate(sofar.view(), new.view()).map_err(BackendError::new)
    }

    fn batch_norm_train(
        &mut self,
        y: &Tensor,
        NormParameters { gamma, beta }: NormParameters<'_>,
        running: &mut RunningStatistics,
        fused: Fused<'_>,
    ) -> BackendResult<(Tensor, ())> {
        let image = image(y)?;
        let batch = batch_norm::batch_statistics(image).map_err(BackendError::new)?;
        let count = image.len() / gamma.len().max(1);
        let now = batch_norm::update_running(&statistics(running), &batch, count)
            .map_err(BackendError::new)?;
        let out = norm_forward(image, &batch, gamma, beta, fused)?;
        *running = RunningStatistics { mean: now.mean.to_vec(), var: now.var.to_vec() };
        Ok((shaped(y.shape(), out)?, ()))
    }

    fn batch_norm_eval(
        &mut self,
        y: &Tensor,
        NormParameters { gamma, beta }: NormParameters<'_>,
        running: &RunningStatistics,
        fused: Fused<'_>,
    ) -> BackendResult<Tensor> {
        let out = norm_forward(image(y)?, &statistics(running), gamma, beta, fused)?;
        shaped(y.shape(), out)
    }

    fn batch_norm_backward(
        &mut self,
        y: &Tensor,
        dz: &Tensor,
        parameters: NormParameters<'_>,
        (): &(),
    ) -> BackendResult<NormGradient> {
        let batch = batch_norm::batch_statistics(image(y)?).map_err(BackendError::new)?;
        let gamma = ArrayView1::from(parameters.gamma);
        let gradient = batch_norm::train_backward(image(dz)?, image(y)?, &batch, gamma)
            .map_err(BackendError::new)?;
        Ok(NormGradient {
            dx: shaped(y.shape(), gradient.dx)?,
            dgamma: gradient.dgamma.to_vec(),
            dbeta: gradient.dbeta.to_vec(),
        })
    }

    fn layer_norm(
        &mut self,
        x: &Tensor,
        NormParameters { gamma, beta }: NormParameters<'_>,
    ) -> BackendResult<(Tensor, ())> {
        let y = layer_norm::forward(x.view(), gamma.into(), beta.into());
        Ok((y.map_err(BackendError::new)?, ()))
    }

    fn layer_norm_backward(
        &mut self,
        x: &Tensor,
        dy: &Tensor,
        parameters: NormParameters<'_>,
        (): &(),
    ) -> BackendResult<NormGradient> {
        let gradient = layer_norm::backward(dy.view(), x.view(), parameters.gamma.into())
            .map_err(BackendError::new)?;
        let layer_norm::Gradients { dx, dgamma, dbeta } = gradient;
        Ok(NormGradient { dx, dgamma: dgamma.to_vec(), dbeta: dbeta.to_vec() })
    }

    fn gelu(&mut self, x: &Tensor) -> BackendResult<Tensor> {
        Ok(gelu::forward(x.view()))
    }

    fn gelu_backward(&mut self, x: &Tensor, dy: &Tensor) -> BackendResult<Tensor> {
        gelu::backward(dy.view(), x.view()).map_err(BackendError::new)
    }

    fn max_pool(&mut self, x: &Tensor, size: PoolWindow) -> BackendResult<(Tensor, ())> {
        let y = max_pool::forward(image(x)?, window(size)?).map_err(BackendError::new)?;
        Ok((y.into_dyn(), ()))
    }

    fn max_pool_backward(
        &mut self,
        x: &Tensor,
        dy: &Tensor,
        size: PoolWindow,
        (): &(),
    ) -> BackendResult<Tensor> {
        let dx = max_pool::backward(image(dy)?, image(x)?, window(size)?);
        Ok(dx.map_err(BackendError::new)?.into_dyn())
    }

    fn average_pool(&mut self, x: &Tensor, size: PoolWindow) -> BackendResult<Tensor> {
        let y = average_pool::forward(image(x)?, window(size)?).map_err(BackendError::new)?;
        Ok(y.into_dyn())
    }

    fn average_pool_backward(
        &mut self,
        x_shape: [usize; 4],
        dy: &Tensor,
        size: PoolWindow,
    ) -> BackendResult<Tensor> {
        let dx = average_pool::backward(image(dy)?, x_shape, window(size)?);
        Ok(dx.map_err(BackendError::new)?.into_dyn())
    }

    fn global_average_pool(&mut self, x: &Tensor) -> BackendResult<Tensor> {
        let y = average_pool::global_forward(image(x)?).map_err(BackendError::new)?;
        Ok(y.into_dyn())
    }

    fn global_average_pool_backward(
        &mut self,
        [_, _, h, w]: [usize; 4],
        dy: &Tensor,
    ) -> BackendResult<Tensor> {
        let dx = average_pool::global_backward(rows(dy)?, [h, w]).map_err(BackendError::new)?;
        Ok(dx.into_dyn())
    }

    fn softmax_cross_entropy(
        &mut self,
        logits: &Tensor,
        labels: &[u32],
        loss_scale: Option<f32>,
    ) -> BackendResult<LossOutput> {
        let labels: Vec<usize> = labels.iter().map(|&label| label as usize).collect();
        let loss = cross_entropy::cross_entropy(rows(logits)?, &labels, loss_scale.unwrap_or(1.0))
            .map_err(BackendError::new)?;
        Ok(LossOutput {
            loss: loss.loss,
            predicted: loss.predicted.iter().map(|&class| class as u32).collect(),
            dlogits: loss_scale.map(|_| loss.dlogits.into_dyn()),
        })
    }

    fn attention(&mut self, qkv: &Tensor, heads: usize) -> BackendResult<(Tensor, ())> {
        let forward = attention::forward(tokens(qkv)?, heads).map_err(BackendError::new)?;
        Ok((forward.output.into_dyn(), ()))
    }

    fn attention_backward(
        &mut self,
        qkv: &Tensor,
        dout: &Tensor,
        heads: usize,
        (): &(),
    ) -> BackendResult<Tensor> {
        let (qkv, dout) = (tokens(qkv)?, tokens(dout)?);
        let forward = attention::forward(qkv, heads).map_err(BackendError::new)?;
        let dqkv = attention::backward(dout, qkv, forward.probabilities.view(), heads);
        Ok(dqkv.map_err(BackendError::new)?.into_dyn())
    }

    fn embed(&mut self, x: &Tensor, cls: &[f32], pos: &[f32]) -> BackendResult<Tensor> {
        let width = cls.len().max(1);
        let pos = ArrayView2::from_shape((pos.len() / width, width), pos);
        let y = embedding::forward(tokens(x)?, cls.into(), pos.map_err(BackendError::new)?);
        Ok(y.map_err(BackendError::new)?.into_dyn())
    }

    fn embed_backward(&mut self, dy: &Tensor) -> BackendResult<EmbedGradient> {
        let gradient = embedding::backward(tokens(dy)?).map_err(BackendError::new)?;
        Ok(EmbedGradient {
            dx: gradient.dx.into_dyn(),
            dcls: gradient.dcls.to_vec(),
            dpos: gradient.dpos.iter().copied().collect(),
        })
    }

    fn update(
        &mut self,
        target: UpdateTarget<'_>,
        w: &mut [f32],
        v: &mut [f32],
        dw: &[f32],
        step: &SgdStep,
    ) -> BackendResult<()> {
        let mask = match target {
            UpdateTarget::Plain(_) => None,
            UpdateTarget::Weights(layer) => {
                let master = view4(w_dims(layer), &*w)?;
                self.layer(layer).decay_mask(master).map_err(BackendError::new)?
            }
        };
        let update = Update {
            learning_rate: step.learning_rate,
            momentum: step.momentum,
            weight_decay: step.weight_decay,
            lambda: step.lambda,
            loss_scale: step.loss_scale,
        };
        let (w, v) = (ArrayViewMut1::from(w), ArrayViewMut1::from(v));
        update.apply(w, v, dw.into(), mask.as_deref()).map_err(BackendError::new)
    }
}

fn statistics(running: &RunningStatistics) -> batch_norm::Statistics {
    batch_norm::Statistics { mean: running.mean.clone().into(), var: running.var.clone().into() }
}

fn norm_forward(
    y: ArrayView4<'_, f16>,
    statistics: &batch_norm::Statistics,
    gamma: &[f32],
    beta: &[f32],
    fused: Fused<'_>,
) -> BackendResult<ndarray::Array4<f16>> {
    let residual = fused.residual.map(image).transpose()?;
    batch_norm::forward(y, statistics, gamma.into(), beta.into(), residual, fused.relu)
        .map_err(BackendError::new)
}
