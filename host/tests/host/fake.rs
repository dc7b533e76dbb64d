//! A backend with shapes, an order of calls and cycles, but no mathematics: each value is a cheap mixture of the operands, so
//! that a wrong operand, a missing call or a lost bit of state changes the result.

use half::f16;
use ndarray::{ArrayD, IxDyn};
use satkit_host::backend::*;
use satkit_host::network::MacLayer;
use satkit_host::step::{Call, Calls};
use satkit_spec::Stage;
use std::collections::VecDeque;

/// See the module.
#[derive(Default)]
pub(crate) struct Fake {
    /// Calls in order: operation, then layer or shape.
    pub(crate) calls: Vec<String>,
    /// Losses that are returned instead of the mixture's, first to last.
    pub(crate) losses: VecDeque<f32>,
    /// Weight gradients that are made infinite: 1 for the next WU, and so on.
    pub(crate) infinite_wu: Option<usize>,
    /// Settings of the updates.
    pub(crate) updates: Vec<(String, SgdStep)>,
    /// Labels of the training steps.
    pub(crate) labels: Vec<u32>,
    /// Calls of the training steps, with their elements.
    pub(crate) counted: Calls,
    pub(crate) cycles: StepCycles,
    pub(crate) quiet: bool,
}

impl Fake {
    fn note(&mut self, call: String, cycles: impl FnOnce(&mut StepCycles)) {
        self.calls.push(call);
        if !self.quiet {
            cycles(&mut self.cycles);
        }
    }

    fn count(&mut self, call: Call, elements: usize) {
        if !self.quiet {
            *self.counted.entry((call, elements)).or_default() += 1;
        }
    }

    fn count_macs(&mut self, call: Call, layer: &MacLayer, stage: Stage) {
        self.count(call, layer.shape.dense_macs(stage) as usize);
    }

    fn elementwise(&mut self, call: impl Into<String>) {
        self.note(call.into(), |cycles| cycles.elementwise += 1);
    }
}

/// `len` values between about -1 and 1 that depend on every value of `a` and `b`.
fn mix(len: usize, a: &[f32], b: &[f32]) -> Vec<f32> {
    let fold = |values: &[f32]| {
        values.iter().fold(17u32, |hash, value| hash.rotate_left(5) ^ value.to_bits())
    };
    let seed = fold(a).wrapping_mul(31) ^ fold(b);
    (0..len as u32)
        .map(|i| {
            let hash = (seed ^ i.wrapping_mul(0x9E37_79B9)).wrapping_mul(0x85EB_CA6B);
            ((hash >> 16) as f32 / 32768.0 - 1.0) * 0.5
        })
        .collect()
}

fn wide(x: &Tensor) -> Vec<f32> {
    x.iter().map(|x| x.to_f32()).collect()
}

fn tensor(shape: &[usize], values: Vec<f32>) -> Tensor {
    let values = values.into_iter().map(f16::from_f32).collect();
    ArrayD::from_shape_vec(IxDyn(shape), values).unwrap()
}

fn like(x: &Tensor, b: &[f32]) -> Tensor {
    tensor(x.shape(), mix(x.len(), &wide(x), b))
}

fn channels(x: &Tensor) -> usize {
    if x.ndim() == 4 { x.shape()[1] } else { x.shape()[x.ndim() - 1] }
}

impl Backend for Fake {
    type Saved = Vec<f32>;

    fn cycles(&self) -> StepCycles {
        self.cycles
    }

    fn set_counting(&mut self, counting: bool) {
        self.quiet = !counting;
    }

    fn ff(&mut self, layer: &MacLayer, x: &Tensor, w: &[f32]) -> BackendResult<Accumulator> {
        self.count_macs(Call::Ff, layer, Stage::Ff);
        let s = layer.shape;
        assert_eq!((x.len(), w.len()), (s.x_len(), s.w_len()), "{}", layer.name);
        if layer.is_linear {
            assert_eq!(x.shape()[x.ndim() - 1], s.ci, "{}", layer.name);
        } else {
            assert_eq!(x.shape(), [s.batch, s.ci, s.h, s.w], "{}", layer.name);
        }
        self.note(format!("ff {}", layer.name), |cycles| cycles.ff += 10);
        let shape = if layer.is_linear {
            vec![s.batch, s.co]
        } else {
            vec![s.batch, s.co, s.out_h(), s.out_w()]
        };
        let values = mix(s.y_len(), &wide(x), w);
        Ok(ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap())
    }

    fn bp(&mut self, layer: &MacLayer, dy: &Tensor, w: &[f32]) -> BackendResult<Accumulator> {
        self.count_macs(Call::Bp, layer, Stage::Bp);
        let s = layer.shape;
        assert!(!layer.is_first, "{}", layer.name);
        assert_eq!((dy.len(), w.len()), (s.y_len(), s.w_len()), "{}", layer.name);
        self.note(format!("bp {}", layer.name), |cycles| cycles.bp += 20);
        let shape =
            if layer.is_linear { vec![s.batch, s.ci] } else { vec![s.batch, s.ci, s.h, s.w] };
        let values = mix(s.x_len(), &wide(dy), w);
        Ok(ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap())
    }

    fn wu(&mut self, layer: &MacLayer, x: &Tensor, dy: &Tensor) -> BackendResult<Vec<f32>> {
        self.count_macs(Call::Wu, layer, Stage::Wu);
        let s = layer.shape;
        assert_eq!((x.len(), dy.len()), (s.x_len(), s.y_len()), "{}", layer.name);
        self.note(format!("wu {}", layer.name), |cycles| cycles.wu += 30);
        let mut dw = mix(s.w_len(), &wide(x), &wide(dy));
        if let Some(left) = &mut self.infinite_wu {
            *left -= 1;
            if *left == 0 {
                self.infinite_wu = None;
                dw[0] = f32::INFINITY;
            }
        }
        Ok(dw)
    }

    fn store(
        &mut self,
        acc: Accumulator,
        bias: Option<&[f32]>,
        fused: Fused<'_>,
    ) -> BackendResult<Tensor> {
        self.count(Call::Store, acc.len());
        let shape = acc.shape().to_vec();
        let acc: Vec<f32> = acc.into_iter().collect();
        let y = tensor(&shape, mix(acc.len(), &acc, bias.unwrap_or(&[])));
        if let Some(bias) = bias {
            assert_eq!(bias.len(), channels(&y));
        }
        let mut call = format!("store{}", if bias.is_some() { " bias" } else { "" });
        let y = match fused.residual {
            Some(residual) => {
                assert_eq!(residual.shape(), y.shape());
                call += " residual";
                like(&y, &wide(residual))
            }
            None => y,
        };
        if fused.relu {
            call += " relu";
        }
        self.elementwise(call);
        Ok(y)
    }

    fn bias_gradient(&mut self, dy: &Tensor) -> BackendResult<Vec<f32>> {
        self.count(Call::BiasGradient, dy.len());
        self.elementwise("bias_gradient");
        Ok(mix(channels(dy), &wide(dy), &[]))
    }

    fn relu_backward(&mut self, y: &Tensor, dy: &Tensor) -> BackendResult<Tensor> {
        self.count(Call::ReluBackward, dy.len());
        assert_eq!(y.shape(), dy.shape());
        self.elementwise("relu_backward");
        Ok(like(dy, &wide(y)))
    }

    fn add(&mut self, a: &Tensor, b: &Tensor, _: bool) -> BackendResult<Tensor> {
        self.count(Call::Add, a.len());
        assert_eq!(a.shape(), b.shape());
        self.elementwise("add");
        Ok(like(a, &wide(b)))
    }

    fn merge(&mut self, sofar: &Tensor, new: &Tensor) -> BackendResult<Tensor> {
        self.count(Call::Merge, new.len());
        assert_eq!(sofar.shape(), new.shape());
        self.elementwise("merge");
        Ok(like(sofar, &wide(new)))
    }

    fn batch_norm_train(
        &mut self,
        y: &Tensor,
        parameters: NormParameters<'_>,
        running: &mut RunningStatistics,
        fused: Fused<'_>,
    ) -> BackendResult<(Tensor, Self::Saved)> {
        self.count(Call::BatchNorm, y.len());
        self.elementwise(format!("bn {:?}", fused.residual.is_some()));
        let saved = mix(channels(y), &wide(y), parameters.gamma);
        for (mean, saved) in running.mean.iter_mut().zip(&saved) {
            *mean = *mean * 0.9 + saved;
        }
        let residual = fused.residual.map(wide).unwrap_or_default();
        Ok((like(&like(y, parameters.beta), &residual), saved))
    }

    fn batch_norm_eval(
        &mut self,
        y: &Tensor,
        _: NormParameters<'_>,
        running: &RunningStatistics,
        _: Fused<'_>,
    ) -> BackendResult<Tensor> {
        self.elementwise("bn_eval");
        Ok(like(y, &running.mean))
    }

    fn batch_norm_backward(
        &mut self,
        y: &Tensor,
        dz: &Tensor,
        _: NormParameters<'_>,
        saved: &Self::Saved,
    ) -> BackendResult<NormGradient> {
        self.count(Call::BatchNormBackward, y.len());
        assert_eq!(y.shape(), dz.shape());
        self.elementwise("bn_backward");
        let dgamma = mix(channels(y), &wide(dz), saved);
        Ok(NormGradient { dx: like(dz, &wide(y)), dbeta: dgamma.clone(), dgamma })
    }

    fn layer_norm(
        &mut self,
        x: &Tensor,
        parameters: NormParameters<'_>,
    ) -> BackendResult<(Tensor, Self::Saved)> {
        self.count(Call::LayerNorm, x.len());
        assert_eq!(parameters.gamma.len(), channels(x));
        self.elementwise("ln");
        Ok((like(x, parameters.gamma), vec![0.5]))
    }

    fn layer_norm_backward(
        &mut self,
        x: &Tensor,
        dy: &Tensor,
        _: NormParameters<'_>,
        saved: &Self::Saved,
    ) -> BackendResult<NormGradient> {
        self.count(Call::LayerNormBackward, x.len());
        self.elementwise("ln_backward");
        let dgamma = mix(channels(x), &wide(dy), saved);
        Ok(NormGradient { dx: like(dy, &wide(x)), dbeta: dgamma.clone(), dgamma })
    }

    fn gelu(&mut self, x: &Tensor) -> BackendResult<Tensor> {
        self.count(Call::Gelu, x.len());
        self.elementwise("gelu");
        Ok(like(x, &[]))
    }

    fn gelu_backward(&mut self, x: &Tensor, dy: &Tensor) -> BackendResult<Tensor> {
        self.count(Call::GeluBackward, x.len());
        self.elementwise("gelu_backward");
        Ok(like(dy, &wide(x)))
    }

    fn max_pool(&mut self, x: &Tensor, window: PoolWindow) -> BackendResult<(Tensor, Self::Saved)> {
        self.count(Call::MaxPool, x.len());
        self.elementwise("max_pool");
        Ok((pooled(x, window), vec![1.0]))
    }

    fn max_pool_backward(
        &mut self,
        x: &Tensor,
        dy: &Tensor,
        _: PoolWindow,
        saved: &Self::Saved,
    ) -> BackendResult<Tensor> {
        self.count(Call::MaxPoolBackward, x.len());
        assert_eq!(saved, &[1.0]);
        self.elementwise("max_pool_backward");
        Ok(like(x, &wide(dy)))
    }

    fn average_pool(&mut self, x: &Tensor, window: PoolWindow) -> BackendResult<Tensor> {
        self.count(Call::AveragePool, x.len());
        self.elementwise("average_pool");
        Ok(pooled(x, window))
    }

    fn average_pool_backward(
        &mut self,
        x_shape: [usize; 4],
        dy: &Tensor,
        _: PoolWindow,
    ) -> BackendResult<Tensor> {
        self.count(Call::AveragePoolBackward, x_shape.iter().product());
        self.elementwise("average_pool_backward");
        Ok(tensor(&x_shape, mix(x_shape.iter().product(), &wide(dy), &[])))
    }

    fn global_average_pool(&mut self, x: &Tensor) -> BackendResult<Tensor> {
        self.count(Call::GlobalAveragePool, x.len());
        self.elementwise("global_average_pool");
        let shape = &x.shape()[..2];
        Ok(tensor(shape, mix(shape.iter().product(), &wide(x), &[])))
    }

    fn global_average_pool_backward(
        &mut self,
        x_shape: [usize; 4],
        dy: &Tensor,
    ) -> BackendResult<Tensor> {
        self.count(Call::GlobalAveragePoolBackward, x_shape.iter().product());
        self.elementwise("global_average_pool_backward");
        Ok(tensor(&x_shape, mix(x_shape.iter().product(), &wide(dy), &[])))
    }

    fn softmax_cross_entropy(
        &mut self,
        logits: &Tensor,
        labels: &[u32],
        loss_scale: Option<f32>,
    ) -> BackendResult<LossOutput> {
        self.count(Call::SoftmaxCrossEntropy, logits.len());
        assert_eq!(logits.shape()[0], labels.len());
        self.elementwise(format!("loss {loss_scale:?}"));
        if loss_scale.is_some() {
            self.labels.extend_from_slice(labels);
        }
        let labels: Vec<f32> = labels.iter().map(|&label| label as f32).collect();
        let loss = mix(1, &wide(logits), &labels)[0] + 1.0;
        let loss =
            if loss_scale.is_some() { self.losses.pop_front().unwrap_or(loss) } else { loss };
        let predicted = (0..labels.len()).map(|row| row as u32 % 2).collect();
        Ok(LossOutput { loss, predicted, dlogits: loss_scale.map(|scale| like(logits, &[scale])) })
    }

    fn attention(&mut self, qkv: &Tensor, heads: usize) -> BackendResult<(Tensor, Self::Saved)> {
        self.count(Call::Attention, qkv.len());
        self.elementwise(format!("attention {heads}"));
        let shape = [qkv.shape()[0], qkv.shape()[1], qkv.shape()[2] / 3];
        Ok((tensor(&shape, mix(shape.iter().product(), &wide(qkv), &[])), vec![2.0]))
    }

    fn attention_backward(
        &mut self,
        qkv: &Tensor,
        dout: &Tensor,
        _: usize,
        saved: &Self::Saved,
    ) -> BackendResult<Tensor> {
        self.count(Call::AttentionBackward, qkv.len());
        assert_eq!(saved, &[2.0]);
        self.elementwise("attention_backward");
        Ok(like(qkv, &wide(dout)))
    }

    fn embed(&mut self, x: &Tensor, cls: &[f32], pos: &[f32]) -> BackendResult<Tensor> {
        self.elementwise("embed");
        let shape = [x.shape()[0], x.shape()[1] + 1, x.shape()[2]];
        assert_eq!((cls.len(), pos.len()), (shape[2], shape[1] * shape[2]));
        self.count(Call::Embed, shape.iter().product());
        Ok(tensor(&shape, mix(shape.iter().product(), &wide(x), pos)))
    }

    fn embed_backward(&mut self, dy: &Tensor) -> BackendResult<EmbedGradient> {
        self.count(Call::EmbedBackward, dy.len());
        self.elementwise("embed_backward");
        let shape = [dy.shape()[0], dy.shape()[1] - 1, dy.shape()[2]];
        Ok(EmbedGradient {
            dx: tensor(&shape, mix(shape.iter().product(), &wide(dy), &[])),
            dcls: mix(shape[2], &wide(dy), &[1.0]),
            dpos: mix(dy.shape()[1] * shape[2], &wide(dy), &[2.0]),
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
        self.count(Call::Update, w.len());
        assert_eq!((w.len(), v.len()), (dw.len(), dw.len()));
        let name = match target {
            UpdateTarget::Weights(layer) => format!("weights {}", layer.name),
            UpdateTarget::Plain(name) => name.to_string(),
        };
        self.note(format!("update {name}"), |cycles| cycles.update += 5);
        self.updates.push((name, *step));
        for ((w, v), dw) in w.iter_mut().zip(v).zip(dw) {
            *v = *v * step.momentum + *dw;
            *w -= *v * step.learning_rate;
        }
        Ok(())
    }
}

fn pooled(x: &Tensor, window: PoolWindow) -> Tensor {
    let out = |side: usize| (side + 2 * window.pad - window.window) / window.stride + 1;
    let shape = [x.shape()[0], x.shape()[1], out(x.shape()[2]), out(x.shape()[3])];
    tensor(&shape, mix(shape.iter().product(), &wide(x), &[]))
}
