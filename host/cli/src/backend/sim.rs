//! The simulated accelerator as the training loop's backend.

use super::shapes::{attention_sizes, image, planes, pool_shape, rows, tokens};
use super::step::StepProgram;
use super::{elements, halves, tensor};
use half::f16;
use satkit_host::backend::{
    Accumulator, Backend, BackendError, BackendResult, EmbedGradient, Fused, LossOutput,
    NormGradient, NormParameters, PoolWindow, RunningStatistics, SgdStep, StepCycles, Tensor,
    UpdateTarget,
};
use satkit_host::network::{MacLayer, Network};
use satkit_host::step::{Call, Pruning, StepSettings};
use satkit_memory::MemoryModel;
use satkit_plan::{DataflowChoice, MacStage, Scheduler};
use satkit_sim::elementwise::{
    self as kernels, AttentionShape, BatchStatistics, EmbeddingShape, LogitGradient, RowStatistics,
};
use satkit_sim::mac::StageOperands;
use satkit_sim::number::narrow;
use satkit_sim::update::{MomentumSgd, PrunedDecay};
use satkit_sim::{Accelerator, AcceleratorError, Weights, prune};
use satkit_spec::{ArrayConfig, BpGradient, Method, Sparsity, Stage, WeightOperand};
use std::borrow::Cow;

/// Trains on the simulated accelerator. Once it is prepared for a network, the MAC stages of a training step are
/// executed as sections of the step's instruction program, and each finished step costs that program's cycles.
/// Everything else is computed by the kernels of [`satkit_sim::elementwise`], attention's products included; the program
/// has an instruction for each of them, and a step that differs from the program is an error.
#[derive(Debug)]
pub struct SimBackend {
    machine: Accelerator,
    pruning: Pruning,
    step: Option<StepProgram>,
    cycles: StepCycles,
    counting: bool,
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
        Ok(Self {
            machine,
            pruning: Pruning { method, sparsity },
            step: None,
            cycles: StepCycles::default(),
            counting: true,
        })
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

    /// A training step made a call.
    fn note(&mut self, call: Call, elements: usize) {
        if let Some(step) = self.step.as_mut().filter(|_| self.counting) {
            step.note(call, elements);
        }
    }

    /// Executes a MAC stage: the section of the step's program while training, the kernels else.
    fn stage(
        &mut self,
        layer: &MacLayer,
        stage: Stage,
        sparsity: Sparsity,
        operands: &StageOperands,
    ) -> BackendResult<Vec<f32>> {
        let refuse = |error: AcceleratorError| BackendError::new(error);
        let counting = self.counting;
        if let Some(step) = self.step.as_mut().filter(|_| counting) {
            let call = match stage {
                Stage::Ff => Call::Ff,
                Stage::Bp => Call::Bp,
                Stage::Wu => Call::Wu,
            };
            step.note(call, layer.shape.dense_macs(stage) as usize);
            let mac = MacStage::new(layer.shape, stage, sparsity)
                .map_err(|error| refuse(error.into()))?;
            if let Some(values) = step.run(layer, &mac, operands).map_err(refuse)? {
                return Ok(values);
            }
            return Err(BackendError::new(format!(
                "{stage} of layer {} is not in the step's program as {mac:?}",
                layer.name
            )));
        }
        let mut values = vec![0.0; operands.out_len()];
        operands.run_all(&mut values).map_err(BackendError::new)?;
        Ok(values)
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
        self.cycles
    }

    fn set_counting(&mut self, counting: bool) {
        self.counting = counting;
    }

    fn prepare(&mut self, network: &Network, batch: usize) -> BackendResult<()> {
        let Pruning { method, sparsity } = self.pruning;
        let settings = StepSettings::new(batch, method, sparsity);
        let dataflow = self.machine.dataflow();
        let scheduler = Scheduler::new(self.machine.config(), dataflow)
            .map_err(|error| BackendError::new(AcceleratorError::from(error)))?;
        let memory = MemoryModel::default();
        self.step = Some(StepProgram::new(network, &settings, &scheduler, &memory)?);
        Ok(())
    }

    fn finish_step(&mut self, applied: bool) -> BackendResult<()> {
        let Some(step) = &mut self.step else {
            return Err(BackendError::new(
                "a training step without its program; accepted: after `prepare`",
            ));
        };
        self.cycles = self.cycles.plus(&step.finish(applied)?);
        Ok(())
    }

    fn ff(&mut self, layer: &MacLayer, x: &Tensor, w: &[f32]) -> BackendResult<Accumulator> {
        let weights = self.weights(layer, w, self.pruning.ff_weight(layer))?;
        let shape = &layer.shape;
        let operands =
            StageOperands::ff(shape, elements(x)?, &weights).map_err(BackendError::new)?;
        let values = self.stage(layer, Stage::Ff, weights.sparsity(), &operands)?;
        accumulator(layer, [shape.batch, shape.co, shape.out_h(), shape.out_w()], values)
    }

    fn bp(&mut self, layer: &MacLayer, dy: &Tensor, w: &[f32]) -> BackendResult<Accumulator> {
        let weights = self.weights(layer, w, self.pruning.bp_weight(layer))?;
        let shape = &layer.shape;
        let mut dy = Cow::Borrowed(elements(dy)?);
        if self.pruning.bp_gradient(layer) == BpGradient::PrunedCoAsDense {
            let pixels = shape.out_h() * shape.out_w();
            let (batch, sparsity) = (shape.batch, self.pruning.sparsity);
            let pruned = prune::prune_gradient(&dy, batch, shape.co, pixels, sparsity);
            dy = Cow::Owned(pruned.map_err(BackendError::new)?);
        }
        let operands = StageOperands::bp(shape, &dy, &weights).map_err(BackendError::new)?;
        let values = self.stage(layer, Stage::Bp, weights.sparsity(), &operands)?;
        accumulator(layer, [shape.batch, shape.ci, shape.h, shape.w], values)
    }

    fn wu(&mut self, layer: &MacLayer, x: &Tensor, dy: &Tensor) -> BackendResult<Vec<f32>> {
        let operands = StageOperands::wu(&layer.shape, elements(x)?, elements(dy)?)
            .map_err(BackendError::new)?;
        self.stage(layer, Stage::Wu, Sparsity::DENSE, &operands)
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
        self.note(Call::Store, acc.len());
        tensor(acc.shape(), out)
    }

    fn bias_gradient(&mut self, dy: &Tensor) -> BackendResult<Vec<f32>> {
        let gradient = kernels::bias_gradient(planes(dy.shape())?, elements(dy)?)
            .map_err(BackendError::new)?;
        self.note(Call::BiasGradient, dy.len());
        Ok(gradient)
    }

    fn relu_backward(&mut self, y: &Tensor, dy: &Tensor) -> BackendResult<Tensor> {
        let mut dx = halves(dy.len());
        kernels::relu_backward(elements(y)?, elements(dy)?, &mut dx).map_err(BackendError::new)?;
        self.note(Call::ReluBackward, dy.len());
        tensor(dy.shape(), dx)
    }

    fn add(&mut self, a: &Tensor, b: &Tensor, relu: bool) -> BackendResult<Tensor> {
        let mut out = halves(a.len());
        kernels::residual_add(elements(a)?, elements(b)?, relu, &mut out)
            .map_err(BackendError::new)?;
        self.note(Call::Add, a.len());
        tensor(a.shape(), out)
    }

    fn merge(&mut self, sofar: &Tensor, new: &Tensor) -> BackendResult<Tensor> {
        let mut sum = elements(sofar)?.to_vec();
        kernels::merge_gradient(&mut sum, elements(new)?).map_err(BackendError::new)?;
        self.note(Call::Merge, sum.len());
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
        self.note(Call::BatchNorm, y.len());
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
        self.note(Call::BatchNormBackward, y.len());
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
        self.note(Call::LayerNorm, x.len());
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
        self.note(Call::LayerNormBackward, x.len());
        let kernels::NormGradient { dgamma, dbeta } = gradient;
        Ok(NormGradient { dx: tensor(x.shape(), dx)?, dgamma, dbeta })
    }

    fn gelu(&mut self, x: &Tensor) -> BackendResult<Tensor> {
        let mut out = halves(x.len());
        kernels::gelu(elements(x)?, &mut out).map_err(BackendError::new)?;
        self.note(Call::Gelu, x.len());
        tensor(x.shape(), out)
    }

    fn gelu_backward(&mut self, x: &Tensor, dy: &Tensor) -> BackendResult<Tensor> {
        let mut dx = halves(x.len());
        kernels::gelu_backward(elements(x)?, elements(dy)?, &mut dx).map_err(BackendError::new)?;
        self.note(Call::GeluBackward, x.len());
        tensor(x.shape(), dx)
    }

    fn max_pool(&mut self, x: &Tensor, window: PoolWindow) -> BackendResult<(Tensor, SimSaved)> {
        let [n, c, h, w] = image(x.shape())?;
        let shape = pool_shape([n, c, h, w], window)?;
        let out_shape = [n, c, shape.out_h(), shape.out_w()];
        let len = out_shape.iter().product();
        let (mut out, mut best) = (halves(len), vec![0; len]);
        kernels::max_pool(shape, elements(x)?, &mut out, &mut best).map_err(BackendError::new)?;
        self.note(Call::MaxPool, x.len());
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
        self.note(Call::MaxPoolBackward, x.len());
        tensor(x.shape(), dx)
    }

    fn average_pool(&mut self, x: &Tensor, window: PoolWindow) -> BackendResult<Tensor> {
        let [n, c, h, w] = image(x.shape())?;
        let shape = pool_shape([n, c, h, w], window)?;
        let out_shape = [n, c, shape.out_h(), shape.out_w()];
        let mut out = halves(out_shape.iter().product());
        kernels::average_pool(shape, elements(x)?, &mut out).map_err(BackendError::new)?;
        self.note(Call::AveragePool, x.len());
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
        self.note(Call::AveragePoolBackward, dx.len());
        tensor(&x_shape, dx)
    }

    fn global_average_pool(&mut self, x: &Tensor) -> BackendResult<Tensor> {
        let [n, c, ..] = image(x.shape())?;
        let mut out = halves(n * c);
        kernels::global_average_pool(planes(x.shape())?, elements(x)?, &mut out)
            .map_err(BackendError::new)?;
        self.note(Call::GlobalAveragePool, x.len());
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
        self.note(Call::GlobalAveragePoolBackward, dx.len());
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
        self.note(Call::SoftmaxCrossEntropy, logits.len());
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
        self.note(Call::Attention, qkv.len());
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
        self.note(Call::AttentionBackward, qkv.len());
        tensor(qkv.shape(), dqkv)
    }

    fn embed(&mut self, x: &Tensor, cls: &[f32], pos: &[f32]) -> BackendResult<Tensor> {
        let [b, t, d] = tokens(x.shape())?;
        let shape = EmbeddingShape::new(b, t, d).map_err(BackendError::new)?;
        let mut out = halves(b * (t + 1) * d);
        kernels::embed(shape, elements(x)?, cls, pos, &mut out).map_err(BackendError::new)?;
        self.note(Call::Embed, out.len());
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
        self.note(Call::EmbedBackward, dy.len());
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
        let keep = match target {
            UpdateTarget::Plain(_) => None,
            UpdateTarget::Weights(layer) => {
                let decays = method.decays_pruned() && self.pruning.along_ci(layer);
                if decays {
                    let mut oihw = halves(w.len());
                    narrow(w, &mut oihw);
                    let shape = &layer.shape;
                    let (co, ci, taps) = (shape.co, shape.ci, shape.taps());
                    let compact = prune::prune_ci(&oihw, co, ci, taps, sparsity);
                    Some(compact.map_err(BackendError::new)?.mask_oihw())
                } else {
                    None
                }
            }
        };
        let decay = keep.as_ref().map(|keep| PrunedDecay { lambda: step.lambda, keep });
        sgd.update(w, v, dw, decay).map_err(BackendError::new)?;
        self.note(Call::Update, w.len());
        Ok(())
    }

    fn all_finite(&mut self, values: &[f32]) -> bool {
        satkit_sim::update::all_finite(values)
    }
}
