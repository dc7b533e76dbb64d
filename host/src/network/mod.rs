//! Networks as small graphs: nodes in the order in which they run, each making one value.
//!
//! [`Network::named`] gives the networks that come with satkit, [`Builder`] any other. Shapes are inferred and
//! checked while a network is built, so one that exists can run.

mod builder;
mod describe;
mod layer;
mod node;
mod parameter;
mod zoo;

pub use builder::{Builder, Epilogue, Kernel};
pub use describe::{MacKind, MacRow, NetworkSummary};
pub use layer::{LayerSpec, MacLayer};
pub use node::{Node, NodeId, Op};
pub use parameter::{Init, ModelState, ParameterSpec};

use crate::HostError;
use crate::data::Dataset;
use satkit_spec::SpecError;

/// Name and size of a batch norm's running statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormSpec {
    /// Name of the norm's node.
    pub name: String,
    /// Channels.
    pub channels: usize,
}

/// A network: what it computes, not what it has learnt (that is a [`ModelState`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    name: String,
    classes: usize,
    nodes: Vec<Node>,
    layers: Vec<LayerSpec>,
    parameters: Vec<ParameterSpec>,
    norms: Vec<NormSpec>,
}

impl Network {
    /// Names of the networks that come with satkit; the first is the default.
    pub const NAMES: [&'static str; 7] = zoo::NAMES;

    /// The network of that name, for the images that it was made for.
    ///
    /// # Errors
    /// [`HostError::Spec`] listing the names.
    pub fn named(name: &str) -> Result<Self, HostError> {
        let Some(input) = zoo::input(name) else {
            let accepted = Self::NAMES.join(", ");
            return Err(SpecError::Name { what: "network", given: name.into(), accepted }.into());
        };
        zoo::build(name, input)
    }

    /// The network of that name for images of `[c, h, w]`. Only digits-cnn and digits-mlp change with them: they
    /// take grey images of 8 to 64 pixels a side.
    ///
    /// # Errors
    /// [`HostError::Spec`] listing the names, [`HostError::Network`] if it does not take such images.
    pub fn named_for(name: &str, input: [usize; 3]) -> Result<Self, HostError> {
        let own = Self::named(name)?;
        if own.input() == input {
            return Ok(own);
        }
        zoo::build(name, input)
    }

    /// The network of that name for the images of `data`.
    ///
    /// # Errors
    /// [`HostError::Spec`] listing the names, [`HostError::Fit`] if images or classes disagree.
    pub fn for_data(name: &str, data: &Dataset) -> Result<Self, HostError> {
        // The name comes first: an unknown network fits nothing.
        Self::named(name)?;
        let network = Self::named_for(name, data.image()).map_err(|error| HostError::Fit {
            data: data.name().into(),
            network: name.into(),
            reason: match error {
                HostError::Network { reason, .. } => reason,
                other => other.to_string(),
            },
        })?;
        data.check_fits(&network)?;
        Ok(network)
    }

    /// Name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Shape of an image, `[c, h, w]`.
    #[must_use]
    pub fn input(&self) -> [usize; 3] {
        // The first node is the input, and its shape has three sizes, by `Builder::new`.
        let shape = &self.nodes[0].shape;
        [shape[0], shape[1], shape[2]]
    }

    /// Classes that it tells apart.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Nodes in forward order; the first is the input, the last makes the logits.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// MAC layers in forward order.
    #[must_use]
    pub fn layers(&self) -> &[LayerSpec] {
        &self.layers
    }

    /// Parameters.
    #[must_use]
    pub fn parameters(&self) -> &[ParameterSpec] {
        &self.parameters
    }

    /// Batch norms.
    #[must_use]
    pub fn norms(&self) -> &[NormSpec] {
        &self.norms
    }

    /// The MAC layers for a batch of `batch` images.
    ///
    /// # Errors
    /// [`HostError::Setting`] if a layer of that batch is not possible.
    pub fn mac_layers(&self, batch: usize) -> Result<Vec<MacLayer>, HostError> {
        self.layers.iter().enumerate().map(|(id, layer)| layer.with_batch(id, batch)).collect()
    }
}
