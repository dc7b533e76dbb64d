//! Building a graph, with shapes checked as it grows.

mod elementwise;
mod mac;
mod tokens;

use super::{Init, LayerSpec, Network, Node, NodeId, NormSpec, Op, ParameterSpec};
use crate::HostError;

/// Kernel of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Output channels.
    pub co: usize,
    /// Side in pixels.
    pub side: usize,
    /// Stride in pixels.
    pub stride: usize,
    /// Padding on every side, in pixels.
    pub pad: usize,
}

impl Kernel {
    /// A kernel of an odd `side` with the padding that keeps the image's size at stride 1.
    #[must_use]
    pub const fn same(co: usize, side: usize, stride: usize) -> Self {
        Self { co, side, stride, pad: side / 2 }
    }
}

/// What the store of a layer or of a batch norm does after its own operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epilogue {
    /// True if a bias is learnt and added; batch norm has its own shift and no bias.
    pub bias: bool,
    /// A value of the output's shape that is added.
    pub residual: Option<NodeId>,
    /// True if ReLU is applied last.
    pub relu: bool,
}

impl Epilogue {
    /// Nothing.
    pub const NONE: Self = Self { bias: false, residual: None, relu: false };
    /// ReLU.
    pub const RELU: Self = Self { bias: false, residual: None, relu: true };
    /// A bias.
    pub const BIAS: Self = Self { bias: true, residual: None, relu: false };
    /// A bias, then ReLU.
    pub const BIAS_RELU: Self = Self { bias: true, residual: None, relu: true };

    /// The same with a residual.
    #[must_use]
    pub const fn with_residual(self, residual: NodeId) -> Self {
        Self { residual: Some(residual), ..self }
    }
}

/// Builds a [`Network`] node by node.
///
/// Each method returns the value of the new node, or [`HostError::Network`] naming the node, the shape and what would be
/// accepted. Sizes are those of one image.
#[derive(Debug)]
pub struct Builder {
    name: String,
    nodes: Vec<Node>,
    layers: Vec<LayerSpec>,
    parameters: Vec<ParameterSpec>,
    norms: Vec<NormSpec>,
}

type Built = Result<NodeId, HostError>;

impl Builder {
    /// Starts a network for images of `[c, h, w]`; returns the images' value too.
    ///
    /// # Errors
    /// [`HostError::Network`] if a size is zero.
    pub fn new(name: &str, input: [usize; 3]) -> Result<(Self, NodeId), HostError> {
        let mut builder = Self {
            name: name.into(),
            nodes: Vec::new(),
            layers: Vec::new(),
            parameters: Vec::new(),
            norms: Vec::new(),
        };
        if input.contains(&0) {
            return Err(
                builder.refuse("input", format!("{input:?}; accepted: sizes of at least 1"))
            );
        }
        let images = builder.push("input", Op::Input, input.to_vec());
        Ok((builder, images))
    }

    /// Finishes the network; the last node's `[classes]` are the logits.
    ///
    /// # Errors
    /// [`HostError::Network`] if the last node makes no logits, two nodes have one name, or a value is
    /// never used.
    pub fn finish(mut self) -> Result<Network, HostError> {
        let (Some(Node { shape, op: Op::Mac { .. }, .. }), Some(_)) =
            (self.nodes.last(), self.layers.first())
        else {
            return Err(self.refuse("output", "no layer at the end; accepted: a linear layer"));
        };
        let [classes] = shape[..] else {
            return Err(self.refuse("output", format!("{shape:?}; accepted: one axis of classes")));
        };
        let mut names: Vec<&str> = self.nodes.iter().map(|node| node.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(self.refuse(pair[0], "two nodes of this name; accepted: one"));
        }
        let mut used: Vec<NodeId> = self.nodes.iter().flat_map(|node| node.op.inputs()).collect();
        used.sort_unstable();
        let idle = (0..self.nodes.len() - 1).find(|&id| used.binary_search(&NodeId(id)).is_err());
        if let Some(idle) = idle {
            let reason = "its value is never used; accepted: nodes on the way to the logits";
            return Err(self.refuse(&self.nodes[idle].name, reason));
        }
        let last = self.layers.len() - 1;
        for end in [0, last] {
            self.layers[end].prunable = false;
        }
        // Small logits, variance 1 / (3 * fan_in): the first loss is then about ln(classes).
        let (fan_in, weight) = (self.layers[last].shape.ci, self.layers[last].weight);
        self.parameters[weight].init = Init::Deviation(1.0 / (3.0 * fan_in as f32).sqrt());
        let Self { name, nodes, layers, parameters, norms } = self;
        Ok(Network { name, classes, nodes, layers, parameters, norms })
    }

    fn push(&mut self, name: &str, op: Op, shape: Vec<usize>) -> NodeId {
        let learns = matches!(
            op,
            Op::Mac { .. } | Op::BatchNorm { .. } | Op::LayerNorm { .. } | Op::Embed { .. }
        );
        let needs_gradient = learns || op.inputs().iter().any(|x| self.nodes[x.0].needs_gradient);
        self.nodes.push(Node { name: name.into(), op, shape, needs_gradient });
        NodeId(self.nodes.len() - 1)
    }

    fn parameter(&mut self, name: &str, shape: Vec<usize>, init: Init) -> usize {
        self.parameters.push(ParameterSpec { name: name.into(), shape, init, layer: None });
        self.parameters.len() - 1
    }

    fn scale_and_shift(&mut self, name: &str, channels: usize) -> (usize, usize) {
        let gamma = self.parameter(&format!("{name}.gamma"), vec![channels], Init::Constant(1.0));
        let beta = self.parameter(&format!("{name}.beta"), vec![channels], Init::ZERO);
        (gamma, beta)
    }

    fn check_residual(
        &self,
        name: &str,
        residual: Option<NodeId>,
        output: &[usize],
    ) -> Result<(), HostError> {
        match residual.map(|residual| self.shape(residual)) {
            Some(shape) if shape != output => {
                Err(self.refuse(name, format!("a residual of {shape:?}; accepted: {output:?}")))
            }
            _ => Ok(()),
        }
    }

    fn shape(&self, value: NodeId) -> &[usize] {
        &self.nodes[value.0].shape
    }

    fn image(&self, name: &str, x: NodeId) -> Result<[usize; 3], HostError> {
        <[usize; 3]>::try_from(self.shape(x)).map_err(|_| {
            self.refuse(name, format!("input {:?}; accepted: images [c, h, w]", self.shape(x)))
        })
    }

    fn tokens(&self, name: &str, x: NodeId) -> Result<[usize; 2], HostError> {
        <[usize; 2]>::try_from(self.shape(x)).map_err(|_| {
            self.refuse(name, format!("input {:?}; accepted: tokens [t, d]", self.shape(x)))
        })
    }

    fn refuse(&self, node: &str, reason: impl Into<String>) -> HostError {
        HostError::Network {
            network: self.name.clone(),
            reason: format!("node {node:?}: {}", reason.into()),
        }
    }
}
