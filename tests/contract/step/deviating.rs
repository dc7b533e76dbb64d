//! A backend that trains on the simulator, except for one thing.

use satkit::backend::{SimBackend, SimSaved};
use satkit_host::backend::{
    Accumulator, Backend, BackendResult, EmbedGradient, Fused, LossOutput, NormGradient,
    NormParameters, PoolWindow, RunningStatistics, SgdStep, StepCycles, Tensor, UpdateTarget,
};
use satkit_host::network::{MacLayer, Network};

/// What is done otherwise.
#[derive(Debug)]
pub(crate) enum Deviation {
    None,
    /// The step of this network and batch is prepared.
    Prepared(Box<Network>, usize),
    Unprepared,
    /// The logits are added to themselves.
    ExtraAdd,
    /// Each weight gradient is computed twice.
    ExtraBackward,
    /// Plain parameters are not updated.
    MissingUpdate,
    /// Bias gradients are zeros.
    MissingBias,
    /// No gradient counts as finite.
    NothingIsFinite,
}

pub(crate) struct Deviating {
    sim: SimBackend,
    deviation: Deviation,
}

impl Deviating {
    pub(crate) const fn new(sim: SimBackend, deviation: Deviation) -> Self {
        Self { sim, deviation }
    }
}

/// Methods that the simulator answers.
macro_rules! forward {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {$(
        fn $name(&mut self, $($argument: $kind),*) -> BackendResult<$result> {
            self.sim.$name($($argument),*)
        }
    )*};
}

impl Backend for Deviating {
    type Saved = SimSaved;

    fn cycles(&self) -> StepCycles {
        self.sim.cycles()
    }

    fn set_counting(&mut self, counting: bool) {
        self.sim.set_counting(counting);
    }

    fn prepare(&mut self, network: &Network, batch: usize) -> BackendResult<()> {
        match &self.deviation {
            Deviation::Prepared(other, batch) => self.sim.prepare(other, *batch),
            Deviation::Unprepared => Ok(()),
            _ => self.sim.prepare(network, batch),
        }
    }

    fn wu(&mut self, layer: &MacLayer, x: &Tensor, dy: &Tensor) -> BackendResult<Vec<f32>> {
        if matches!(self.deviation, Deviation::ExtraBackward) {
            self.sim.wu(layer, x, dy)?;
        }
        self.sim.wu(layer, x, dy)
    }

    fn bias_gradient(&mut self, dy: &Tensor) -> BackendResult<Vec<f32>> {
        if matches!(self.deviation, Deviation::MissingBias) {
            return Ok(vec![0.0; dy.shape()[1]]);
        }
        self.sim.bias_gradient(dy)
    }

    fn softmax_cross_entropy(
        &mut self,
        logits: &Tensor,
        labels: &[u32],
        loss_scale: Option<f32>,
    ) -> BackendResult<LossOutput> {
        if matches!(self.deviation, Deviation::ExtraAdd) {
            self.sim.add(logits, logits, false)?;
        }
        self.sim.softmax_cross_entropy(logits, labels, loss_scale)
    }

    fn update(
        &mut self,
        target: UpdateTarget<'_>,
        w: &mut [f32],
        v: &mut [f32],
        dw: &[f32],
        step: &SgdStep,
    ) -> BackendResult<()> {
        let plain = matches!(target, UpdateTarget::Plain(_));
        if plain && matches!(self.deviation, Deviation::MissingUpdate) {
            return Ok(());
        }
        self.sim.update(target, w, v, dw, step)
    }

    fn all_finite(&mut self, values: &[f32]) -> bool {
        !matches!(self.deviation, Deviation::NothingIsFinite) && self.sim.all_finite(values)
    }

    forward! {
        finish_step(applied: bool) -> ();
        ff(layer: &MacLayer, x: &Tensor, w: &[f32]) -> Accumulator;
        bp(layer: &MacLayer, dy: &Tensor, w: &[f32]) -> Accumulator;
        store(acc: Accumulator, bias: Option<&[f32]>, fused: Fused<'_>) -> Tensor;
        relu_backward(y: &Tensor, dy: &Tensor) -> Tensor;
        add(a: &Tensor, b: &Tensor, relu: bool) -> Tensor;
        merge(sofar: &Tensor, new: &Tensor) -> Tensor;
        batch_norm_train(
            y: &Tensor,
            parameters: NormParameters<'_>,
            running: &mut RunningStatistics,
            fused: Fused<'_>
        ) -> (Tensor, SimSaved);
        batch_norm_eval(
            y: &Tensor,
            parameters: NormParameters<'_>,
            running: &RunningStatistics,
            fused: Fused<'_>
        ) -> Tensor;
        batch_norm_backward(
            y: &Tensor,
            dz: &Tensor,
            parameters: NormParameters<'_>,
            saved: &SimSaved
        ) -> NormGradient;
        layer_norm(x: &Tensor, parameters: NormParameters<'_>) -> (Tensor, SimSaved);
        layer_norm_backward(
            x: &Tensor,
            dy: &Tensor,
            parameters: NormParameters<'_>,
            saved: &SimSaved
        ) -> NormGradient;
        gelu(x: &Tensor) -> Tensor;
        gelu_backward(x: &Tensor, dy: &Tensor) -> Tensor;
        max_pool(x: &Tensor, window: PoolWindow) -> (Tensor, SimSaved);
        max_pool_backward(
            x: &Tensor,
            dy: &Tensor,
            window: PoolWindow,
            saved: &SimSaved
        ) -> Tensor;
        average_pool(x: &Tensor, window: PoolWindow) -> Tensor;
        average_pool_backward(x_shape: [usize; 4], dy: &Tensor, window: PoolWindow) -> Tensor;
        global_average_pool(x: &Tensor) -> Tensor;
        global_average_pool_backward(x_shape: [usize; 4], dy: &Tensor) -> Tensor;
        attention(qkv: &Tensor, heads: usize) -> (Tensor, SimSaved);
        attention_backward(
            qkv: &Tensor,
            dout: &Tensor,
            heads: usize,
            saved: &SimSaved
        ) -> Tensor;
        embed(x: &Tensor, cls: &[f32], pos: &[f32]) -> Tensor;
        embed_backward(dy: &Tensor) -> EmbedGradient;
    }
}
