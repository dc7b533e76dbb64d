//! Operations as they come, and those that wait for the array.

use super::StepSettings;
use super::pruning::Pruning;
use super::value::{Gradient, Size, Value};
use super::values::{plain, shape_of};
use super::weights::Weights;
use crate::HostError;
use crate::network::MacLayer;
use satkit_plan::layout::{BEAT_BYTES, SINGLE_BYTES};
use satkit_plan::step::{
    DrainValues, Edge, MacOperation, StepOperation, StepWork, Stream, TensorId, UpdateOperation,
    VectorOperation,
};
use satkit_spec::Stage;
use satkit_spec::isa::VectorOp;

/// A step under way.
///
/// WU, and what hangs on it, waits until the next BP is ready to go or the step ends: meanwhile the elementwise unit
/// is sent what leads to that BP, and works on it beside WU.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) work: StepWork,
    pending: Vec<StepOperation>,
    pub(super) pruning: Pruning,
    pregenerate: bool,
    /// The step's numbers; none in a step that is only timed.
    pub(super) scalars: Option<TensorId>,
    /// Updates come last, and are left out where a gradient is not finite.
    pub(super) guarded: bool,
    /// Guarded updates, until the end.
    updates: Vec<StepOperation>,
}

/// A parameter that is no weight of a MAC layer.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    len: u64,
    pub(super) master: TensorId,
    pub(super) gradient: TensorId,
}

impl Recorder {
    pub(super) fn new(title: String, settings: &StepSettings) -> Self {
        let StepSettings { method, sparsity, pregenerate, .. } = *settings;
        Self {
            work: StepWork { title, ..StepWork::default() },
            pending: Vec::new(),
            pruning: Pruning { method, sparsity },
            pregenerate,
            scalars: None,
            guarded: settings.guarded,
            updates: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, operation: StepOperation) {
        self.work.operations.push(operation);
    }

    /// Sends what waits.
    pub(super) fn flush(&mut self) {
        self.work.operations.append(&mut self.pending);
    }

    /// A new tensor of that size.
    pub(super) fn value(&mut self, name: impl Into<String>, size: Size) -> Value {
        let tensor = self.work.tensor(name, size.bytes);
        Value { stream: Stream { tensor, bytes: size.bytes }, elements: size.elements }
    }

    /// A new tensor that lies like another value.
    pub(super) fn like(&mut self, name: impl Into<String>, other: Value) -> Value {
        let tensor = self.work.tensor(name, other.stream.bytes);
        Value { stream: Stream { tensor, ..other.stream }, ..other }
    }

    pub(super) fn parameter(&mut self, name: &str, len: usize) -> Parameter {
        // Values and momentum fill beats each: what an update takes behind them is 0, and stays it.
        let bytes = (len as u64 * SINGLE_BYTES).next_multiple_of(BEAT_BYTES);
        let master = self.work.tensor(name, 2 * bytes);
        let gradient = self.work.tensor(format!("{name}.gradient"), bytes);
        Parameter { name: name.into(), len: len as u64, master, gradient }
    }

    pub(super) fn weights(&mut self, layer: MacLayer) -> Result<Weights, HostError> {
        Weights::new(&mut self.work, &self.pruning, self.pregenerate, layer)
    }

    /// A stream whose images do not need each other.
    pub(super) fn stream(
        &mut self,
        name: &str,
        op: VectorOp,
        elements: u64,
        reads: Vec<Stream>,
        writes: Vec<Stream>,
    ) {
        let whole = vector(name, op, elements, reads, writes);
        self.push(StepOperation::Vector(VectorOperation { divisible: true, ..whole }));
    }

    /// A stream that one instruction does.
    pub(super) fn rows(
        &mut self,
        name: &str,
        op: VectorOp,
        elements: u64,
        reads: Vec<Stream>,
        writes: Vec<Stream>,
    ) {
        self.push(StepOperation::Vector(vector(name, op, elements, reads, writes)));
    }

    /// A stream that only sums.
    pub(super) fn sums(
        name: &str,
        op: VectorOp,
        elements: u64,
        reads: Vec<Stream>,
        writes: Vec<Stream>,
    ) -> StepOperation {
        StepOperation::Vector(vector(name, op, elements, reads, writes))
    }

    /// FF, its weights pruned before if they are not yet.
    pub(super) fn ff(
        &mut self,
        weights: &Weights,
        x: Value,
        out: Value,
        edge: Edge,
        bias: Option<&Parameter>,
    ) {
        self.prune(weights, Stage::Ff);
        let bias = bias.map(|bias| bias.master);
        self.push(StepOperation::Mac(MacOperation {
            name: weights.layer.name.clone(),
            stage: weights.ff.stage,
            a: x.stream.tensor,
            w: weights.ff.tensor,
            out: out.stream.tensor,
            edge,
            single: false,
            values: self.scalars.map(|_| DrainValues { bias, bias_gradient: None }),
        }));
    }

    /// What BP needs of the elementwise unit and the pruning unit, then what waits for the array, then BP into `dx`.
    /// A first layer has no BP: nothing. `bias_gradient` takes the sums of dX, if the drain makes them.
    pub(super) fn bp(
        &mut self,
        weights: &Weights,
        dy: Value,
        dx: Value,
        edge: Edge,
        bias_gradient: Option<TensorId>,
    ) {
        let Some(operand) = &weights.bp else { return };
        let layer = &weights.layer;
        let mut a = dy;
        if weights.prunes_gradient {
            a = self.like(format!("{}.dy.pruned", layer.name), dy);
            let op = VectorOp::PruneGradient;
            self.stream(&layer.name, op, dy.padded(), vec![dy.stream], vec![a.stream]);
            let shape = &layer.shape;
            let sides = [shape.co, shape.out_h(), shape.out_w()];
            let mut shape = shape_of(shape.batch, &sides);
            let sparsity = self.pruning.sparsity;
            (shape.n, shape.m) = (sparsity.n() as u8, sparsity.m() as u8);
            self.describe(plain(shape));
        }
        self.prune(weights, Stage::Bp);
        self.flush();
        self.push(StepOperation::Mac(MacOperation {
            name: layer.name.clone(),
            stage: operand.stage,
            a: a.stream.tensor,
            w: operand.tensor,
            out: dx.stream.tensor,
            edge,
            single: false,
            values: self.scalars.map(|_| DrainValues { bias: None, bias_gradient }),
        }));
    }

    /// Leaves WU, the bias gradient and the updates waiting.
    pub(super) fn wu(
        &mut self,
        weights: &Weights,
        x: Value,
        dy: Gradient,
        bias: Option<&Parameter>,
    ) {
        if let Some(bias) = bias
            && !dy.summed
        {
            let db = self.work.all(bias.gradient);
            let (op, dy) = (VectorOp::BiasGradient, dy.value);
            let mut sums = Self::sums(&bias.name, op, dy.padded(), vec![dy.stream], vec![db]);
            if let StepOperation::Vector(vector) = &mut sums {
                let shape = &weights.layer.shape;
                let sides = [shape.co, shape.out_h(), shape.out_w()];
                vector.values = self.scalars.map(|_| plain(shape_of(shape.batch, &sides)));
            }
            self.pending.push(sums);
        }
        self.pending.push(StepOperation::Mac(MacOperation {
            name: weights.layer.name.clone(),
            stage: weights.wu,
            a: x.stream.tensor,
            w: dy.value.stream.tensor,
            out: weights.gradient,
            edge: Edge::default(),
            single: false,
            values: self.scalars.map(|_| DrainValues::default()),
        }));
        // Behind the weights' update the sums of a drain are long there.
        let updates =
            std::iter::once(weights.update(self)).chain(bias.map(|bias| self.updated(bias)));
        let updates: Vec<_> = updates.collect();
        if self.guarded {
            self.updates.extend(updates);
        } else {
            self.pending.extend(updates);
        }
    }

    /// Leaves an operation waiting beside WU.
    pub(super) fn wait(&mut self, operation: StepOperation) {
        self.pending.push(operation);
    }

    /// Updates parameters whose gradients exist.
    pub(super) fn update(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            let operation = self.updated(parameter);
            if self.guarded {
                self.updates.push(operation);
            } else {
                self.push(operation);
            }
        }
    }

    fn updated(&self, parameter: &Parameter) -> StepOperation {
        StepOperation::Update(UpdateOperation {
            name: parameter.name.clone(),
            parameters: parameter.len.next_multiple_of(BEAT_BYTES / SINGLE_BYTES),
            master: self.work.all(parameter.master),
            gradient: self.work.all(parameter.gradient),
            ff: None,
            bp: None,
            weights: None,
            values: self.update_values(),
        })
    }

    /// The FP32 values of a parameter, without their momentum.
    pub(super) fn master(&self, parameter: &Parameter) -> Stream {
        Stream { tensor: parameter.master, bytes: parameter.len * SINGLE_BYTES }
    }

    /// Sends what waits, and the updates that wait for all gradients.
    pub(super) fn end(&mut self) {
        self.flush();
        self.work.operations.append(&mut self.updates);
    }

    /// The finished step.
    pub(super) fn finish(mut self) -> StepWork {
        self.end();
        self.work
    }
}

/// A stream that is not divided.
pub(super) fn vector(
    name: &str,
    op: VectorOp,
    elements: u64,
    reads: Vec<Stream>,
    writes: Vec<Stream>,
) -> VectorOperation {
    VectorOperation {
        name: name.into(),
        op,
        elements,
        reads,
        writes,
        barrier: Vec::new(),
        divisible: false,
        values: None,
    }
}
