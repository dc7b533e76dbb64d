//! Training steps as work for the machine: what [`crate::train::Trainer`] asks of a backend, operation by operation, on
//! tensors in card memory.
//!
//! Sizes are those of `satkit_plan::layout`; elements of an elementwise stream are values with their padding. Per-channel
//! values (scale, shift, bias, statistics of a batch norm) are kilobytes that the machine keeps by it: their reads are not
//! among the streams, their gradients and updates are.

mod alias;
mod attention;
mod backward;
mod calls;
mod chain;
mod forward;
mod gradient;
mod graph;
mod norm;
mod pruning;
mod recorder;
mod value;
mod values;
mod weights;

pub use calls::{Call, Calls};
pub use pruning::Pruning;
pub(crate) use values::{plain, shape_of, weight_fields};

use crate::HostError;
use crate::network::Network;
use crate::topology::Topology;
use graph::Graph;
use satkit_plan::step::{StepOperation, StepWork, TensorId};
use satkit_spec::{ConvShape, Method, Sparsity};

/// How a step trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepSettings {
    /// Images per step.
    pub batch: usize,
    /// The method.
    pub method: Method,
    /// Its sparsity; the dense method ignores it.
    pub sparsity: Sparsity,
    /// True if each update makes the pruned operands of the next step. False if it leaves FP16 weights, which are pruned
    /// before each stage that uses them.
    pub pregenerate: bool,
    /// True if updates wait for all gradients and are left out where one is not finite (dynamic loss scale).
    pub guarded: bool,
}

impl StepSettings {
    /// A step that makes the next one's operands in its updates.
    #[must_use]
    pub const fn new(batch: usize, method: Method, sparsity: Sparsity) -> Self {
        Self { batch, method, sparsity, pregenerate: true, guarded: false }
    }

    fn title(&self, name: &str) -> String {
        let Self { batch, method, sparsity, pregenerate, .. } = self;
        let pruned = if *method == Method::Dense { String::new() } else { format!(" {sparsity}") };
        let fly = if *pregenerate || *method == Method::Dense { "" } else { ", pruned on the fly" };
        format!("{name}, batch {batch}, {method}{pruned}{fly}")
    }
}

/// A step of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkStep {
    /// The work, in the order in which the engines get it.
    pub work: StepWork,
    /// The backend calls of the same step: what the work stands for.
    pub calls: Calls,
    /// What the host uploads and downloads.
    pub io: StepIo,
}

/// Tensors that the host moves in each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepIo {
    /// The step's numbers, [`satkit_spec::isa::scalar`].
    pub numbers: TensorId,
    /// Indices of nodes whose values are uploaded, with their tensors.
    pub images: Vec<(usize, TensorId)>,
    /// Labels, 32 bits each.
    pub labels: TensorId,
    /// For each row its loss, FP32, and its predicted class, 32 bits.
    pub loss: TensorId,
}

/// Where a parameter and its momentum lie in card memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterPlace {
    /// FP32 values, then from the next beat on their momentum.
    Plain(TensorId),
    /// Weights of a layer, in the rows of `satkit_plan::layout`, then their momentum.
    Weights {
        /// The tensor.
        master: TensorId,
        /// The layer.
        shape: ConvShape,
    },
}

/// All that a card does for a network, on one set of tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkPrograms {
    /// A training step.
    pub step: NetworkStep,
    /// What makes the operands of the first step from the master weights.
    pub load: Vec<StepOperation>,
    /// A forward pass with the running statistics, and its loss.
    pub evaluation: Vec<StepOperation>,
    /// What the host moves for that.
    pub evaluation_io: StepIo,
    /// For each parameter of the network its place.
    pub parameters: Vec<ParameterPlace>,
    /// For each batch norm its running means and variances, each from a beat on.
    pub running: Vec<TensorId>,
}

/// One training step of `network`: forward, backward with each layer's WU behind the BP that it runs beside, updates
/// included.
///
/// What goes with the results of a MAC stage is fused at its drain: bias, residual, ReLU and batch-norm statistics in
/// FF; in BP the sum with the gradient so far and, behind the last contribution to a value, the ReLU mask, batch
/// norm's backward sums and bias gradients. All else is a stream of the elementwise unit.
///
/// # Errors
/// [`HostError::Setting`] for a batch that is not possible, [`HostError::Network`] for attention whose parts of a row do
/// not lie where the machine can fetch them.
pub fn network_step(network: &Network, settings: &StepSettings) -> Result<NetworkStep, HostError> {
    Graph::new(network, settings)?.step()
}

/// The programs that train and test `network` on a card.
///
/// # Errors
/// As [`network_step`].
pub fn network_programs(
    network: &Network,
    settings: &StepSettings,
) -> Result<NetworkPrograms, HostError> {
    Graph::new(network, settings)?.programs()
}

/// One training step of a layer table, as a chain of its rows, and what was inferred, one sentence each.
///
/// # Errors
/// [`HostError::Setting`] for a batch that is not possible, [`HostError::Spec`] for a product that is none.
pub fn topology_step(
    topology: &Topology,
    settings: &StepSettings,
) -> Result<(StepWork, Vec<String>), HostError> {
    chain::step(topology, settings)
}
