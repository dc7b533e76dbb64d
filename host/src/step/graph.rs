//! A network on its way to a step.

use super::alias;
use super::calls::{Call, Calls};
use super::recorder::{Parameter, Recorder};
use super::value::{Gradient, Size, Value};
use super::weights::Weights;
use super::{NetworkStep, StepSettings};
use crate::HostError;
use crate::network::{Network, NodeId, Op};
use satkit_plan::step::{HostWork, Stream};
use satkit_spec::isa::VectorOp;

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
            gradients: vec![None; count],
            awaited: uses.clone(),
            uses,
        })
    }

    /// Forward, loss, backward, updates.
    pub(super) fn step(mut self) -> Result<NetworkStep, HostError> {
        let count = self.network.nodes().len();
        for index in 0..count {
            self.forward(index)?;
        }
        self.loss();
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
        Ok(NetworkStep { work: self.recorder.finish(), calls: self.calls })
    }

    /// Cross-entropy and its gradient, and what the host has to do with the card.
    fn loss(&mut self) {
        let last = self.values.len() - 1;
        let (logits, batch) = (self.values[last], self.batch as u64);
        let small = |bytes| Size { elements: batch, bytes: batch * bytes };
        let labels = self.recorder.value("labels", small(LABEL_BYTES));
        let loss = self.recorder.value("loss", small(LOSS_BYTES));
        let dlogits = self.recorder.like("dlogits", logits);
        self.call(Call::SoftmaxCrossEntropy, logits.elements);
        let (reads, writes) =
            (vec![logits.stream, labels.stream], vec![dlogits.stream, loss.stream]);
        self.recorder.stream("loss", VectorOp::CrossEntropy, logits.elements, reads, writes);
        self.gradients[last] = Some(dlogits.into());
        let images = (0..=last).filter(|&node| alias::is_uploaded(self.network, node));
        let images: u64 = images.map(|node| self.values[node].stream.bytes).sum();
        self.recorder.work.host.push(HostWork {
            name: "images and labels up, losses and predictions down".into(),
            upload_bytes: images + labels.stream.bytes,
            download_bytes: loss.stream.bytes,
        });
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
