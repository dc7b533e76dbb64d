//! The simulated accelerator as the training loop's backend.

use super::charge::{Account, Book, Traffic};
use super::operands::Pruning;
use super::shapes::{attention_sizes, image, planes, pool_shape, rows, tokens};
use super::{elements, halves, tensor};
use half::f16;
use satkit_host::backend::{
    Accumulator, Backend, BackendError, BackendResult, EmbedGradient, Fused, LossOutput,
    NormGradient, NormParameters, PoolWindow, RunningStatistics, SgdStep, StepCycles, Tensor,
    UpdateTarget,
};
use satkit_host::network::MacLayer;
use satkit_plan::DataflowChoice;
use satkit_sim::elementwise::{
    self as kernels, AttentionShape, BatchStatistics, EmbeddingShape, LogitGradient, RowStatistics,
};
use satkit_sim::number::narrow;
use satkit_sim::update::{MomentumSgd, PrunedDecay};
use satkit_sim::{Accelerator, AcceleratorError, Weights, prune};
use satkit_spec::isa::VectorOp;
use satkit_spec::{ArrayConfig, BpGradient, Method, Sparsity, WeightOperand};

/// Trains on [`Accelerator`]: matrix stages are executed as the instruction programs that are timed, everything else
/// with the kernels of [`satkit_sim::elementwise`] at the elementwise unit's cost.
///
/// Attention's products are computed by its kernel and charged as matrix stages: `Q.K^T` and `P.V` to FF, `dP` and `dQ`
/// to BP, `dV` and `dK` to WU. sdgp's pruning of gradients is not charged.
#[derive(Debug)]
pub struct SimBackend {
    machine: Accelerator,
    pruning: Pruning,
    account: Account,
}

/// What a forward operation keeps for its backward one.
#[derive(Clone, Debug)]
pub enum SimSaved {
    /// Statistics of a batch.
    Batch(BatchStatistics),
    /// Statistics of rows.
    Rows(RowStatistics),
    /// Best pixel of each window, as its position in the plane.
    Best(Vec<u32>),
    /// Attention's probabilities, FP16 `(b, heads, t, t)`.
    Probabilities(Vec<f16>),
}

/// An operation was handed what another one kept.
fn foreign(operation: &str) -> BackendError {
    BackendError::new(format!("{operation} was given what another operation keeps"))
}

fn fused<'a>(fused: Fused<'a>) -> BackendResult<kernels::Fused<'a>> {
    let residual = fused.residual.map(elements).transpose()?;
    Ok(kernels::Fused { residual, relu: fused.relu })
}

impl SimBackend {
    /// A machine that trains with `method` and `sparsity`.
    ///
    /// # Errors
    /// [`AcceleratorError::Plan`] if the machine is impossible, or its words do not hold a group that `method` makes.
    pub fn new(
        config: ArrayConfig,
        dataflow: DataflowChoice,
        method: Method,
        sparsity: Sparsity,
    ) -> Result<Self, AcceleratorError> {
        let compact = method.ff_weight() == WeightOperand::PrunedCi
            || method.bp_weight() == WeightOperand::PrunedCo;
        if compact {
            config.check_sparsity(sparsity).map_err(satkit_plan::PlanError::from)?;
        }
        let machine = Accelerator::new(config, dataflow)?;
        Ok(Self { machine, pruning: Pruning { method, sparsity }, account: Account::new() })
    }

    /// The machine.
    #[must_use]
    pub const fn machine(&self) -> &Accelerator {
        &self.machine
    }

    fn weights(
        &self,
        layer: &MacLayer,
        w: &[f32],
        operand: WeightOperand,
    ) -> BackendResult<Weights> {
        let mut oihw = halves(w.len());
        narrow(w, &mut oihw);
        Weights::new(&layer.shape, &oihw, operand, self.pruning.sparsity).map_err(BackendError::new)
    }

    fn charge(&mut self, op: VectorOp, elements: usize, traffic: Traffic) -> BackendResult<()> {
        self.account.vector(&self.machine, op, elements, traffic).map_err(BackendError::new)
    }
}

/// The shape of a stage's result as the host wants it.
fn accumulator(
    layer: &MacLayer,
    image: [usize; 4],
    values: Vec<f32>,
) -> BackendResult<Accumulator> {
    let shape = if layer.is_linear { &image[..2] } else { &image[..] };
    tensor(shape, values)
}

impl Backend for SimBackend {
    type Saved = SimSaved;

    fn cycles(&self) -> StepCycles {
        self.account.cycles()
    }

    fn set_counting(&mut self, counting: bool) {
        self.account.set_counting(counting);
    }

    fn ff(&mut self, layer: &MacLayer, x: &Tensor, w: &[f32]) -> BackendResult<Accumulator> {
        let weights = self.weights(layer, w, self.pruning.ff_weight(layer))?;
        let shape = &layer.shape;
        let run = self.machine.ff(shape, elements(x)?, &weights).map_err(BackendError::new)?;
        self.account.stage(Book::Ff, run.report.cycles);
        accumulator(layer, [shape.batch, shape.co, shape.out_h(), shape.out_w()], run.values)
    }

    fn bp(&mut self, layer: &MacLayer, dy: &Tensor, w: &[f32]) -> BackendResult<Accumulator> {
        let weights = self.weights(layer, w, self.pruning.bp_weight(layer))?;
        let shape = &layer.shape;
        let dy = elements(dy)?;
        let run = match self.pruning.bp_gradient(layer) {
            BpGradient::Dense => self.machine.bp(shape, dy, &weights),
            BpGradient::PrunedCoAsDense => {
                let pixels = shape.out_h() * shape.out_w();
                let (batch, sparsity) = (shape.batch, self.pruning.sparsity);
                let dy = prune::prune_gradient(dy, batch, shape.co, pixels, sparsity)
                    .map_err(BackendError::new)?;
                self.machine.bp(shape, &dy, &weights)
            }
        };
        let run = run.map_err(BackendError::new)?;
        self.account.stage(Book::Bp, run.report.cycles);
        accumulator(layer, [shape.batch, shape.ci, shape.h, shape.w], run.values)
    }

    fn wu(&mut self, layer: &MacLayer, x: &Tensor, dy: &Tensor) -> BackendResult<Vec<f32>> {
        let run = self
            .machine
            .wu(&layer.shape, elements(x)?, elements(dy)?)
            .map_err(BackendError::new)?;
        self.account.stage(Book::Wu, run.report.cycles);
        Ok(run.values)
    }

    fn store(
        &mut self,
        acc: Accumulator,
        bias: Option<&[f32]>,
        fuse: Fused<'_>,
    ) -> BackendResult<Tensor> {
        let mut out = halves(acc.len());
        let planes = planes(acc.shape())?;
        kernels::store(planes, elements(&acc)?, bias, fused(fuse)?, &mut out)
            .map_err(BackendError::new)?;
        if fuse.residual.is_some() {
            // Everything else happens while results drain; the residual has to be fetched.
            self.charge(VectorOp::Add, acc.len(), Traffic::halves(acc.len(), 0))?;
        }
        tensor(acc.shape(), out)
    }

    fn bias_gradient(&mut self, dy: &Tensor) -> BackendResult<Vec<f32>> {
        let gradient = kernels::bias_gradient(planes(dy.shape())?, elements(dy)?)
            .map_err(BackendError::new)?;
        let traffic = Traffic::halves(dy.len(), 0).and_singles(0, gradient.len());
        self.charge(VectorOp::BiasGradient, dy.len(), traffic)?;
        Ok(gradient)
    }

    fn relu_backward(&mut self, y: &Tensor, dy: &Tensor) -> BackendResult<Tensor> {
        let mut dx = halves(dy.len());
        kernels::relu_backward(elements(y)?, elements(dy)?, &mut dx).map_err(BackendError::new)?;
        self.charge(VectorOp::ReluBackward, dy.len(), Traffic::halves(2 * dy.len(), dy.len()))?;
        tensor(dy.shape(), dx)
    }

    fn add(&mut self, a: &Tensor, b: &Tensor, relu: bool) -> BackendResult<Tensor> {
        let mut out = halves(a.len());
        kernels::residual_add(elements(a)?, elements(b)?, relu, &mut out)
            .map_err(BackendError::new)?;
        self.charge(VectorOp::Add, a.len(), Traffic::halves(2 * a.len(), a.len()))?;
        tensor(a.shape(), out)
    }

    fn merge(&mut self, sofar: &Tensor, new: &Tensor) -> BackendResult<Tensor> {
        let mut sum = elements(sofar)?.to_vec();
        kernels::merge_gradient(&mut sum, elements(new)?).map_err(BackendError::new)?;
        self.charge(VectorOp::Add, sum.len(), Traffic::halves(2 * sum.len(), sum.len()))?;
        tensor(sofar.shape(), sum)
    }

    fn batch_norm_train(
        &mut self,
        y: &Tensor,
        parameters: NormParameters<'_>,
        running: &mut RunningStatistics,
        fuse: Fused<'_>,
    ) -> BackendResult<(Tensor, SimSaved)> {
        let mut out = halves(y.len());
        let NormParameters { gamma, beta } = parameters;
        let RunningStatistics { mean, var } = running;
        let saved = kernels::batch_norm_train(
            planes(y.shape())?,
            elements(y)?,
            gamma,
            beta,
            mean,
            var,
            fused(fuse)?,
            &mut out,
        )
        .map_err(BackendError::new)?;
        let channels = gamma.len();
        let statistics = Traffic::halves(y.len(), 0).and_singles(0, 4 * channels);
        self.charge(VectorOp::BatchNormStatistics, y.len(), statistics)?;
        let read = y.len() * if fuse.residual.is_some() { 2 } else { 1 };
        let apply = Traffic::halves(read, y.len()).and_singles(4 * channels, 0);
        self.charge(VectorOp::BatchNormApply, y.len(), apply)?;
        Ok((tensor(y.shape(), out)?, SimSaved::Batch(saved)))
    }

    fn batch_norm_eval(
        &mut self,
        y: &Tensor,
        parameters: NormParameters<'_>,
        running: &RunningStatistics,
        fuse: Fused<'_>,
    ) -> BackendResult<Tensor> {
        let mut out = halves(y.len());
        let NormParameters { gamma, beta } = parameters;
        kernels::batch_norm_eval(
            planes(y.shape())?,
            elements(y)?,
            gamma,
            beta,
            &running.mean,
            &running.var,
            fused(fuse)?,
            &mut out,
        )
        .map_err(BackendError::new)?;
        let read = y.len() * if fuse.residual.is_some() { 2 } else { 1 };
        let traffic = Traffic::halves(read, y.len()).and_singles(4 * gamma.len(), 0);
        self.charge(VectorOp::BatchNormApply, y.len(), traffic)?;
        tensor(y.shape(), out)
    }

    fn batch_norm_backward(
        &mut self,
        y: &Tensor,
        dz: &Tensor,
        parameters: NormParameters<'_>,
        saved: &SimSaved,
    ) -> BackendResult<NormGradient> {
        let SimSaved::Batch(saved) = saved else { return Err(foreign("batch norm")) };
        let mut dx = halves(y.len());
        let gradient = kernels::batch_norm_train_backward(
            planes(y.shape())?,
            elements(y)?,
            elements(dz)?,
            parameters.gamma,
            saved,
            &mut dx,
        )
        .map_err(BackendError::new)?;
        let channels = parameters.gamma.len();
        let sums = Traffic::halves(2 * y.len(), 0).and_singles(0, 2 * channels);
        self.charge(VectorOp::BatchNormBackwardSums, y.len(), sums)?;
        let apply = Traffic::halves(2 * y.len(), y.len()).and_singles(5 * channels, 0);
        self.charge(VectorOp::BatchNormBackwardApply, y.len(), apply)?;
        let kernels::NormGradient { dgamma, dbeta } = gradient;
        Ok(NormGradient { dx: tensor(y.shape(), dx)?, dgamma, dbeta })
    }

    fn layer_norm(
        &mut self,
        x: &Tensor,
        parameters: NormParameters<'_>,
    ) -> BackendResult<(Tensor, SimSaved)> {
        let mut out = halves(x.len());
        let (rows, d) = rows(x.shape())?;
        let NormParameters { gamma, beta } = parameters;
        let saved = kernels::layer_norm(rows, d, elements(x)?, gamma, beta, &mut out)
            .map_err(BackendError::new)?;
        let traffic = Traffic::halves(x.len(), x.len()).and_singles(2 * d, 2 * rows);
        self.charge(VectorOp::LayerNorm, x.len(), traffic)?;
        Ok((tensor(x.shape(), out)?, SimSaved::Rows(saved)))
    }

    fn layer_norm_backward(
        &mut self,
        x: &Tensor,
        dy: &Tensor,
        parameters: NormParameters<'_>,
        saved: &SimSaved,
    ) -> BackendResult<NormGradient> {
        let SimSaved::Rows(saved) = saved else { return Err(foreign("layer norm")) };
        let mut dx = halves(x.len());
        let (rows, d) = rows(x.shape())?;
        let (x_values, dy_values) = (elements(x)?, elements(dy)?);
        let gamma = parameters.gamma;
        let gradient =
            kernels::layer_norm_backward(rows, d, x_values, dy_values, gamma, saved, &mut dx)
                .map_err(BackendError::new)?;
        let traffic = Traffic::halves(2 * x.len(), x.len()).and_singles(d + 2 * rows, 2 * d);
        self.charge(VectorOp::LayerNormBackward, x.len(), traffic)?;
        let kernels::NormGradient { dgamma, dbeta } = gradient;
        Ok(NormGradient { dx: tensor(x.shape(), dx)?, dgamma, dbeta })
    }

    fn gelu(&mut self, x: &Tensor) -> BackendResult<Tensor> {
        let mut out = halves(x.len());
        kernels::gelu(elements(x)?, &mut out).map_err(BackendError::new)?;
        self.charge(VectorOp::Gelu, x.len(), Traffic::halves(x.len(), x.len()))?;
        tensor(x.shape(), out)
    }

    fn gelu_backward(&mut self, x: &Tensor, dy: &Tensor) -> BackendResult<Tensor> {
        let mut dx = halves(x.len());
        kernels::gelu_backward(elements(x)?, elements(dy)?, &mut dx).map_err(BackendError::new)?;
        self.charge(VectorOp::GeluBackward, x.len(), Traffic::halves(2 * x.len(), x.len()))?;
        tensor(x.shape(), dx)
    }

    fn max_pool(&mut self, x: &Tensor, window: PoolWindow) -> BackendResult<(Tensor, SimSaved)> {
        let [n, c, h, w] = image(x.shape())?;
        let shape = pool_shape([n, c, h, w], window)?;
        let out_shape = [n, c, shape.out_h(), shape.out_w()];
        let len = out_shape.iter().product();
        let (mut out, mut best) = (halves(len), vec![0; len]);
        kernels::max_pool(shape, elements(x)?, &mut out, &mut best).map_err(BackendError::new)?;
        self.charge(VectorOp::Pool, x.len(), Traffic::halves(x.len(), len))?;
        Ok((tensor(&out_shape, out)?, SimSaved::Best(best)))
    }

    fn max_pool_backward(
        &mut self,
        x: &Tensor,
        dy: &Tensor,
        window: PoolWindow,
        saved: &SimSaved,
    ) -> BackendResult<Tensor> {
        let SimSaved::Best(best) = saved else { return Err(foreign("max pooling")) };
        let shape = pool_shape(image(x.shape())?, window)?;
        let mut dx = halves(x.len());
        kernels::max_pool_backward(shape, best, elements(dy)?, &mut dx)
            .map_err(BackendError::new)?;
        // The machine finds the best pixels again from X.
        let traffic = Traffic::halves(x.len() + dy.len(), x.len());
        self.charge(VectorOp::PoolBackward, x.len(), traffic)?;
        tensor(x.shape(), dx)
    }

    fn average_pool(&mut self, x: &Tensor, window: PoolWindow) -> BackendResult<Tensor> {
        let [n, c, h, w] = image(x.shape())?;
        let shape = pool_shape([n, c, h, w], window)?;
        let out_shape = [n, c, shape.out_h(), shape.out_w()];
        let mut out = halves(out_shape.iter().product());
        kernels::average_pool(shape, elements(x)?, &mut out).map_err(BackendError::new)?;
        self.charge(VectorOp::Pool, x.len(), Traffic::halves(x.len(), out.len()))?;
        tensor(&out_shape, out)
    }

    fn average_pool_backward(
        &mut self,
        x_shape: [usize; 4],
        dy: &Tensor,
        window: PoolWindow,
    ) -> BackendResult<Tensor> {
        let shape = pool_shape(x_shape, window)?;
        let mut dx = halves(x_shape.iter().product());
        kernels::average_pool_backward(shape, elements(dy)?, &mut dx).map_err(BackendError::new)?;
        self.charge(VectorOp::PoolBackward, dx.len(), Traffic::halves(dy.len(), dx.len()))?;
        tensor(&x_shape, dx)
    }

    fn global_average_pool(&mut self, x: &Tensor) -> BackendResult<Tensor> {
        let [n, c, ..] = image(x.shape())?;
        let mut out = halves(n * c);
        kernels::global_average_pool(planes(x.shape())?, elements(x)?, &mut out)
            .map_err(BackendError::new)?;
        self.charge(VectorOp::Pool, x.len(), Traffic::halves(x.len(), out.len()))?;
        tensor(&[n, c], out)
    }

    fn global_average_pool_backward(
        &mut self,
        x_shape: [usize; 4],
        dy: &Tensor,
    ) -> BackendResult<Tensor> {
        let mut dx = halves(x_shape.iter().product());
        kernels::global_average_pool_backward(planes(&x_shape)?, elements(dy)?, &mut dx)
            .map_err(BackendError::new)?;
        self.charge(VectorOp::PoolBackward, dx.len(), Traffic::halves(dy.len(), dx.len()))?;
        tensor(&x_shape, dx)
    }

    fn softmax_cross_entropy(
        &mut self,
        logits: &Tensor,
        labels: &[u32],
        loss_scale: Option<f32>,
    ) -> BackendResult<LossOutput> {
        let (batch, classes) = rows(logits.shape())?;
        let mut dlogits = loss_scale.map(|_| halves(logits.len()));
        let gradient = dlogits
            .as_mut()
            .zip(loss_scale)
            .map(|(dlogits, loss_scale)| LogitGradient { loss_scale, dlogits });
        let loss = kernels::cross_entropy(batch, classes, elements(logits)?, labels, gradient)
            .map_err(BackendError::new)?;
        let written = dlogits.as_ref().map_or(0, Vec::len);
        let traffic = Traffic::halves(logits.len(), written).and_singles(batch, 0);
        self.charge(VectorOp::CrossEntropy, logits.len(), traffic)?;
        let dlogits = dlogits.map(|dlogits| tensor(logits.shape(), dlogits)).transpose()?;
        Ok(LossOutput { loss: loss.loss, predicted: loss.predicted, dlogits })
    }

    fn attention(&mut self, qkv: &Tensor, heads: usize) -> BackendResult<(Tensor, SimSaved)> {
        let sizes @ [b, t, width] = attention_sizes(qkv.shape())?;
        let shape = AttentionShape::new(b, t, width, heads).map_err(BackendError::new)?;
        let mut probabilities = halves(shape.probabilities_len());
        let mut out = halves(shape.output_len());
        kernels::attention(shape, elements(qkv)?, &mut probabilities, &mut out)
            .map_err(BackendError::new)?;
        let d = width / heads;
        for size in [[t, t, d], [t, d, t]] {
            self.account
                .products(&self.machine, Book::Ff, b * heads, size)
                .map_err(BackendError::new)?;
        }
        let scores = probabilities.len();
        self.charge(VectorOp::Softmax, scores, Traffic::halves(scores, scores))?;
        Ok((tensor(&sizes, out)?, SimSaved::Probabilities(probabilities)))
    }

    fn attention_backward(
        &mut self,
        qkv: &Tensor,
        dout: &Tensor,
        heads: usize,
        saved: &SimSaved,
    ) -> BackendResult<Tensor> {
        let SimSaved::Probabilities(probabilities) = saved else {
            return Err(foreign("attention"));
        };
        let [b, t, width] = attention_sizes(qkv.shape())?;
        let shape = AttentionShape::new(b, t, width, heads).map_err(BackendError::new)?;
        let mut dqkv = halves(qkv.len());
        kernels::attention_backward(
            shape,
            elements(qkv)?,
            probabilities,
            elements(dout)?,
            &mut dqkv,
        )
        .map_err(BackendError::new)?;
        let d = width / heads;
        let (dp, from_scores) = ([t, t, d], [t, d, t]);
        for (book, size) in [
            (Book::Bp, dp),
            (Book::Bp, from_scores),
            (Book::Wu, from_scores),
            (Book::Wu, from_scores),
        ] {
            self.account
                .products(&self.machine, book, b * heads, size)
                .map_err(BackendError::new)?;
        }
        // dP comes as FP32 accumulators, P and dS are FP16.
        let scores = probabilities.len();
        let traffic = Traffic::halves(scores, scores).and_singles(scores, 0);
        self.charge(VectorOp::SoftmaxBackward, scores, traffic)?;
        tensor(qkv.shape(), dqkv)
    }

    fn embed(&mut self, x: &Tensor, cls: &[f32], pos: &[f32]) -> BackendResult<Tensor> {
        let [b, t, d] = tokens(x.shape())?;
        let shape = EmbeddingShape::new(b, t, d).map_err(BackendError::new)?;
        let mut out = halves(b * (t + 1) * d);
        kernels::embed(shape, elements(x)?, cls, pos, &mut out).map_err(BackendError::new)?;
        let traffic = Traffic::halves(x.len(), out.len()).and_singles(cls.len() + pos.len(), 0);
        self.charge(VectorOp::Embed, out.len(), traffic)?;
        tensor(&[b, t + 1, d], out)
    }

    fn embed_backward(&mut self, dy: &Tensor) -> BackendResult<EmbedGradient> {
        let [b, positions, d] = tokens(dy.shape())?;
        let Some(t) = positions.checked_sub(1).filter(|&t| t > 0) else {
            return Err(BackendError::new("an embedding without tokens; accepted: at least one"));
        };
        let shape = EmbeddingShape::new(b, t, d).map_err(BackendError::new)?;
        let mut dx = halves(b * t * d);
        let gradient =
            kernels::embed_backward(shape, elements(dy)?, &mut dx).map_err(BackendError::new)?;
        let parameters = gradient.dclass.len() + gradient.dposition.len();
        let traffic = Traffic::halves(dy.len(), dx.len()).and_singles(0, parameters);
        self.charge(VectorOp::EmbedBackward, dy.len(), traffic)?;
        let dx = tensor(&[b, t, d], dx)?;
        Ok(EmbedGradient { dx, dcls: gradient.dclass, dpos: gradient.dposition })
    }

    fn update(
        &mut self,
        target: UpdateTarget<'_>,
        w: &mut [f32],
        v: &mut [f32],
        dw: &[f32],
        step: &SgdStep,
    ) -> BackendResult<()> {
        let sgd = MomentumSgd {
            learning_rate: step.learning_rate,
            momentum: step.momentum,
            weight_decay: step.weight_decay,
            loss_scale: step.loss_scale,
        };
        let Pruning { method, sparsity } = self.pruning;
        let (keep, ff, bp) = match target {
            UpdateTarget::Plain(_) => (None, None, None),
            UpdateTarget::Weights(layer) => {
                let decays = method.decays_pruned() && self.pruning.along_ci(layer);
                let keep = if decays {
                    let mut oihw = halves(w.len());
                    narrow(w, &mut oihw);
                    let shape = &layer.shape;
                    let (co, ci, taps) = (shape.co, shape.ci, shape.taps());
                    let compact = prune::prune_ci(&oihw, co, ci, taps, sparsity);
                    Some(compact.map_err(BackendError::new)?.mask_oihw())
                } else {
                    None
                };
                let ff = self.pruning.compact(self.pruning.ff_weight(layer));
                let bp = self.pruning.compact(self.pruning.bp_weight(layer));
                (keep, Some(ff), (!layer.is_first).then_some(bp))
            }
        };
        let decay = keep.as_ref().map(|keep| PrunedDecay { lambda: step.lambda, keep });
        sgd.update(w, v, dw, decay).map_err(BackendError::new)?;
        self.account.update(&self.machine, w.len(), ff, bp).map_err(BackendError::new)
    }

    fn all_finite(&mut self, values: &[f32]) -> bool {
        satkit_sim::update::all_finite(values)
    }
}
