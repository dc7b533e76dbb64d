//! Operations as they come, and those that wait for the array.

use super::StepSettings;
use super::pruning::Pruning;
use super::value::{Gradient, Size, Value};
use super::weights::Weights;
use crate::HostError;
use crate::network::MacLayer;
use satkit_plan::layout::SINGLE_BYTES;
use satkit_plan::step::{
    Edge, MacOperation, StepOperation, StepWork, Stream, TensorId, UpdateOperation, VectorOperation,
};
use satkit_spec::isa::VectorOp;

/// A step under way.
///
/// WU, and what hangs on it, waits until the next BP is ready to go or the step ends: meanwhile the elementwise unit
/// is sent what leads to that BP, and works on it beside WU.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) work: StepWork,
    pending: Vec<StepOperation>,
    pruning: Pruning,
    pregenerate: bool,
}

/// A parameter that is no weight of a MAC layer.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    name: String,
    len: u64,
    master: TensorId,
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
        let bytes = len as u64 * SINGLE_BYTES;
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
        let name = name.into();
        let (barrier, divisible) = (Vec::new(), true);
        self.push(StepOperation::Vector(VectorOperation {
            name,
            op,
            elements,
            reads,
            writes,
            barrier,
            divisible,
        }));
    }

    /// A stream that only sums.
    pub(super) fn sums(
        name: &str,
        op: VectorOp,
        elements: u64,
        reads: Vec<Stream>,
        writes: Vec<Stream>,
    ) -> StepOperation {
        let (name, barrier) = (name.into(), Vec::new());
        let divisible = false;
        StepOperation::Vector(VectorOperation {
            name,
            op,
            elements,
            reads,
            writes,
            barrier,
            divisible,
        })
    }

    /// FF, its weights pruned before if they are not yet.
    pub(super) fn ff(&mut self, weights: &Weights, x: Value, out: Value, edge: Edge) {
        self.prune(&weights.layer, &weights.ff);
        self.push(StepOperation::Mac(MacOperation {
            name: weights.layer.name.clone(),
            stage: weights.ff.stage,
            a: x.stream.tensor,
            w: weights.ff.tensor,
            out: out.stream.tensor,
            edge,
        }));
    }

    /// What BP needs of the elementwise unit and the pruning unit, then what waits for the array, then BP into `dx`.
    /// A first layer has no BP: nothing.
    pub(super) fn bp(&mut self, weights: &Weights, dy: Value, dx: Value, edge: Edge) {
        let Some(operand) = &weights.bp else { return };
        let layer = &weights.layer;
        let mut a = dy;
        if weights.prunes_gradient {
            a = self.like(format!("{}.dy.pruned", layer.name), dy);
            let op = VectorOp::PruneGradient;
            self.stream(&layer.name, op, dy.elements, vec![dy.stream], vec![a.stream]);
        }
        self.prune(layer, operand);
        self.flush();
        self.push(StepOperation::Mac(MacOperation {
            name: layer.name.clone(),
            stage: operand.stage,
            a: a.stream.tensor,
            w: operand.tensor,
            out: dx.stream.tensor,
            edge,
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
            let sums = Self::sums(&bias.name, op, dy.elements, vec![dy.stream], vec![db]);
            self.pending.push(sums);
        }
        self.pending.push(StepOperation::Mac(MacOperation {
            name: weights.layer.name.clone(),
            stage: weights.wu,
            a: x.stream.tensor,
            w: dy.value.stream.tensor,
            out: weights.gradient,
            edge: Edge::default(),
        }));
        self.pending.push(weights.update(&self.work));
        // Behind the weights' update the sums of a drain are long there.
        self.pending.extend(bias.map(|bias| self.updated(bias)));
    }

    /// Leaves an operation waiting beside WU.
    pub(super) fn wait(&mut self, operation: StepOperation) {
        self.pending.push(operation);
    }

    /// Updates parameters whose gradients exist.
    pub(super) fn update(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            let operation = self.updated(parameter);
            self.push(operation);
        }
    }

    fn updated(&self, parameter: &Parameter) -> StepOperation {
        StepOperation::Update(UpdateOperation {
            name: parameter.name.clone(),
            parameters: parameter.len,
            master: self.work.all(parameter.master),
            gradient: self.work.all(parameter.gradient),
            ff: None,
            bp: None,
        })
    }

    /// The FP32 values of a parameter, without their momentum.
    pub(super) fn master(&self, parameter: &Parameter) -> Stream {
        Stream { tensor: parameter.master, bytes: parameter.len * SINGLE_BYTES }
    }

    /// The finished step.
    pub(super) fn finish(mut self) -> StepWork {
        self.flush();
        self.work
    }
}
