//! A network on its way to a step.

use super::alias;
use super::calls::{Call, Calls};
use super::norm::Norm;
use super::recorder::{Parameter, Recorder};
use super::value::{Gradient, Size, Value};
use super::values::plain;
use super::weights::Weights;
use super::{NetworkPrograms, NetworkStep, ParameterPlace, StepIo, StepSettings};
use crate::HostError;
use crate::network::{Network, NodeId, Op};
use satkit_plan::layout::{BEAT_BYTES, running_bytes};
use satkit_plan::step::{HostWork, StepWork, Stream, TensorId};
use satkit_spec::isa::{Shape, VectorOp};

/// Bytes of a label that the host uploads.
const LABEL_BYTES: u64 = 4;
/// Bytes of a row's loss and of its predicted class, which the host downloads.
const LOSS_BYTES: u64 = 8;

/// What has been made of a network so far. Vectors are indexed as its nodes, layers and parameters are.
#[derive(Debug)]
pub(super) struct Graph<'a> {
    pub(super) network: &'a Network,
    pub(super) batch: usize,
    pub(super) recorder: Recorder,
    pub(super) calls: Calls,
    pub(super) weights: Vec<Weights>,
    /// None for weights of layers.
    pub(super) parameters: Vec<Option<Parameter>>,
    pub(super) sizes: Vec<Size>,
    pub(super) values: Vec<Value>,
    /// The ReLU mask that was stored with a value.
    pub(super) masks: Vec<Option<Stream>>,
    /// What else a forward operation keeps for its backward one.
    pub(super) kept: Vec<Option<Value>>,
    /// The gradient so far.
    pub(super) gradients: Vec<Option<Gradient>>,
    /// The step's numbers: learning rate and others.
    numbers: TensorId,
    /// Running statistics of each batch norm.
    running: Vec<TensorId>,
    /// All tensors of each batch norm that has come up.
    norms: Vec<Option<Norm>>,
    /// The pass that tests the network: running statistics, nothing kept.
    pub(super) evaluates: bool,
    /// Uses of each value.
    pub(super) uses: Vec<usize>,
    /// Uses that have not yet contributed to the gradient.
    pub(super) awaited: Vec<usize>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(network: &'a Network, settings: &StepSettings) -> Result<Self, HostError> {
        let (batch, count) = (settings.batch, network.nodes().len());
        let layers = network.mac_layers(batch)?;
        let sizes = alias::sizes(network, batch)?;
        let mut recorder = Recorder::new(settings.title(network.name()), settings);
        let weights: Result<_, HostError> =
            layers.into_iter().map(|layer| recorder.weights(layer)).collect();
        let parameters = network.parameters().iter();
        let parameters = parameters
            .map(|spec| spec.layer.is_none().then(|| recorder.parameter(&spec.name, spec.len())))
            .collect();
        let numbers = recorder.work.tensor("numbers", BEAT_BYTES);
        recorder.scalars = Some(numbers);
        let running = network.norms().iter().enumerate().map(|(index, norm)| {
            recorder.work.tensor(format!("running {index}"), running_bytes(norm.channels))
        });
        let running = running.collect();
        let mut uses = vec![0; count];
        for input in network.nodes().iter().flat_map(|node| node.op.inputs()) {
            uses[input.0] += 1;
        }
        Ok(Self {
            network,
            batch,
            recorder,
            calls: Calls::new(),
            weights: weights?,
            parameters,
            sizes,
            values: Vec::with_capacity(count),
            masks: vec![None; count],
            kept: vec![None; count],
            numbers,
            running,
            norms: vec![None; network.norms().len()],
            evaluates: false,
            gradients: vec![None; count],
            awaited: uses.clone(),
            uses,
        })
    }

    /// Forward, loss, backward, updates.
    pub(super) fn step(mut self) -> Result<NetworkStep, HostError> {
        let io = self.train()?;
        Ok(NetworkStep { work: self.recorder.finish(), calls: self.calls, io })
    }

    /// The step, what makes its first operands, and the test of the network, on one set of tensors.
    pub(super) fn programs(mut self) -> Result<NetworkPrograms, HostError> {
        let io = self.train()?;
        self.recorder.end();
        let operations = std::mem::take(&mut self.recorder.work.operations);
        let host = self.recorder.work.host.clone();
        let calls = self.calls.clone();
        let load: Vec<_> =
            self.weights.iter().flat_map(|weights| weights.load(&self.recorder)).collect();
        self.evaluates = true;
        self.values.clear();
        for index in 0..self.network.nodes().len() {
            self.forward(index)?;
        }
        let evaluation_io = self.loss();
        self.recorder.end();
        let evaluation = std::mem::take(&mut self.recorder.work.operations);
        let parameters = self.network.parameters().iter().zip(&self.parameters);
        let parameters = parameters.map(|(spec, plain)| match (plain, spec.layer) {
            (Some(plain), _) => Ok(ParameterPlace::Plain(plain.master)),
            (None, Some(layer)) => Ok(ParameterPlace::Weights {
                master: self.weights[layer].master,
                shape: self.weights[layer].layer.shape,
            }),
            (None, None) => Err(self.error(0, "a parameter that belongs to nothing")),
        });
        let parameters = parameters.collect::<Result<_, HostError>>()?;
        let work = StepWork { operations, host, ..self.recorder.work };
        Ok(NetworkPrograms {
            step: NetworkStep { work, calls, io },
            load,
            evaluation,
            evaluation_io,
            parameters,
            running: self.running,
        })
    }

    /// Forward, loss, backward, updates: the operations, and the tensors that the host moves.
    fn train(&mut self) -> Result<StepIo, HostError> {
        let count = self.network.nodes().len();
        for index in 0..count {
            self.forward(index)?;
        }
        let io = self.loss();
        for index in (0..count).rev() {
            if self.network.nodes()[index].needs_gradient {
                let Some(gradient) = self.gradients[index].take() else {
                    return Err(self.error(index, "its gradient is used before it is made"));
                };
                self.backward(index, gradient)?;
            }
        }
        for spec in self.network.parameters() {
            self.call(Call::Update, spec.len() as u64);
        }
        Ok(io)
    }

    /// Cross-entropy and its gradient, and what the host has to do with the card.
    fn loss(&mut self) -> StepIo {
        let last = self.values.len() - 1;
        let (logits, batch) = (self.values[last], self.batch as u64);
        let small = |bytes| Size { elements: batch, bytes: batch * bytes };
        let labels = self.recorder.value("labels", small(LABEL_BYTES));
        let loss = self.recorder.value("loss", small(LOSS_BYTES));
        self.call(Call::SoftmaxCrossEntropy, logits.elements);
        let mut reads = vec![logits.stream, labels.stream];
        let mut writes = vec![loss.stream];
        if !self.evaluates {
            let dlogits = self.recorder.like("dlogits", logits);
            writes.insert(0, dlogits.stream);
            let numbers = |tensor| Stream { tensor, bytes: BEAT_BYTES };
            reads.extend(self.recorder.scalars.map(numbers));
            self.gradients[last] = Some(dlogits.into());
        }
        self.recorder.rows("loss", VectorOp::CrossEntropy, logits.padded(), reads, writes);
        self.describe_loss();
        let images = (0..=last).filter(|&node| alias::is_uploaded(self.network, node));
        let images: Vec<(usize, Stream)> =
            images.map(|node| (node, self.values[node].stream)).collect();
        let bytes: u64 = images.iter().map(|(_, stream)| stream.bytes).sum();
        self.recorder.work.host.push(HostWork {
            name: "images and labels up, losses and predictions down".into(),
            upload_bytes: bytes + labels.stream.bytes,
            download_bytes: loss.stream.bytes,
        });
        StepIo {
            numbers: self.numbers,
            images: images.into_iter().map(|(node, stream)| (node, stream.tensor)).collect(),
            labels: labels.stream.tensor,
            loss: loss.stream.tensor,
        }
    }

    fn describe_loss(&mut self) {
        let shape = self.shape(NodeId(self.network.nodes().len() - 1));
        let shape = Shape { gradient: !self.evaluates, ..shape };
        self.recorder.describe(plain(shape));
    }

    pub(super) fn call(&mut self, call: Call, elements: u64) {
        *self.calls.entry((call, elements as usize)).or_default() += 1;
    }

    /// The value of a node; nodes only use values of nodes before them.
    pub(super) fn value(&self, node: NodeId) -> Value {
        self.values[node.0]
    }

    /// A node's parameter that is no weight.
    pub(super) fn parameter(&self, node: usize, index: usize) -> Result<Parameter, HostError> {
        let parameter = self.parameters.get(index).cloned().flatten();
        parameter.ok_or_else(|| self.error(node, "a parameter that is the weight of a layer"))
    }

    /// The tensors of batch norm `norm`, which is at a node.
    pub(super) fn norm(
        &mut self,
        node: usize,
        [gamma, beta]: [usize; 2],
        norm: usize,
    ) -> Result<Norm, HostError> {
        if let Some(Some(known)) = self.norms.get(norm) {
            return Ok(known.clone());
        }
        let parameters = [self.parameter(node, gamma)?, self.parameter(node, beta)?];
        let (Some(&running), Some(spec)) = (self.running.get(norm), self.network.norms().get(norm))
        else {
            return Err(self.error(node, "a batch norm without running statistics"));
        };
        let name = &self.network.nodes()[node].name;
        let tensors = self.recorder.norm_tensors(name, &parameters, running, spec.channels);
        self.norms[norm] = Some(tensors.clone());
        Ok(tensors)
    }

    /// True if a batch norm takes the value of this node.
    pub(super) fn feeds_norm(&self, node: usize) -> bool {
        self.network
            .nodes()
            .iter()
            .any(|other| matches!(other.op, Op::BatchNorm { x, .. } if x.0 == node))
    }

    pub(super) fn error(&self, node: usize, reason: &str) -> HostError {
        HostError::Network {
            network: self.network.name().into(),
            reason: format!("node {:?}: {reason}", self.network.nodes()[node].name),
        }
    }
}
