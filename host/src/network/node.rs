//! The nodes of a network's graph.

use crate::backend::PoolWindow;

/// Index of a node, and name of the value it makes. A node only uses values of nodes before it, so the list of
/// nodes is an order in which the network can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) usize);

/// One node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Name for messages, such as `layer1.0.bn2`.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Shape of its value for one image: `[c, h, w]`, `[t, d]` or `[c]`. Tensors have the batch before.
    pub shape: Vec<usize>,
    /// True if a parameter lies at or before it, so that its gradient is needed.
    pub needs_gradient: bool,
}

/// What a node computes (`docs/contract-elementwise.md`). Indices named `weight`, `bias`, `gamma`, `beta`,
/// `cls` and `pos` are those of the network's parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The images, `[c, h, w]`.
    Input,
    /// Cuts `[c, h, w]` into squares of `side` pixels, row by row: `[t, c * side * side]`, the values of a
    /// square in the order (c, h, w). Moves data only.
    Patches {
        /// The images.
        x: NodeId,
        /// Side of a square in pixels.
        side: usize,
    },
    /// `[c, h, w]` as `[c * h * w]`. Moves data only.
    Flatten {
        /// The images.
        x: NodeId,
    },
    /// The first token of `[t, d]`, as `[d]`. Moves data only.
    ClassToken {
        /// The tokens.
        x: NodeId,
    },
    /// A convolution or linear layer and its store.
    Mac {
        /// The input.
        x: NodeId,
        /// Index of the layer.
        layer: usize,
        /// The bias, if it has one.
        bias: Option<usize>,
        /// A value that the store adds.
        residual: Option<NodeId>,
        /// True if the store applies ReLU.
        relu: bool,
    },
    /// Batch norm with what its store fuses.
    BatchNorm {
        /// The output of a convolution or linear layer.
        x: NodeId,
        /// Scale.
        gamma: usize,
        /// Shift.
        beta: usize,
        /// Index of its running statistics.
        norm: usize,
        /// A value that the store adds.
        residual: Option<NodeId>,
        /// True if the store applies ReLU.
        relu: bool,
    },
    /// Layer norm over the last axis.
    LayerNorm {
        /// The input.
        x: NodeId,
        /// Scale.
        gamma: usize,
        /// Shift.
        beta: usize,
    },
    /// GELU.
    Gelu {
        /// The input.
        x: NodeId,
    },
    /// Residual add.
    Add {
        /// One input.
        a: NodeId,
        /// The other.
        b: NodeId,
        /// True if ReLU follows.
        relu: bool,
    },
    /// Max pooling.
    MaxPool {
        /// The images.
        x: NodeId,
        /// The window.
        window: PoolWindow,
    },
    /// Average pooling.
    AveragePool {
        /// The images.
        x: NodeId,
        /// The window.
        window: PoolWindow,
    },
    /// Global average pooling, `[c, h, w]` to `[c]`.
    GlobalAveragePool {
        /// The images.
        x: NodeId,
    },
    /// Multi-head attention, `[t, 3 * d]` to `[t, d]`.
    Attention {
        /// Queries, keys and values.
        qkv: NodeId,
        /// Number of heads.
        heads: usize,
    },
    /// Class token and positions, `[t, d]` to `[t + 1, d]`.
    Embed {
        /// The tokens.
        x: NodeId,
        /// The class token.
        cls: usize,
        /// The positions.
        pos: usize,
    },
}

impl Op {
    /// The values that the node uses.
    #[must_use]
    pub fn inputs(&self) -> Vec<NodeId> {
        match self {
            Self::Input => Vec::new(),
            Self::Patches { x, .. }
            | Self::Flatten { x }
            | Self::ClassToken { x }
            | Self::LayerNorm { x, .. }
            | Self::Gelu { x }
            | Self::MaxPool { x, .. }
            | Self::AveragePool { x, .. }
            | Self::GlobalAveragePool { x }
            | Self::Embed { x, .. } => vec![*x],
            Self::Attention { qkv, .. } => vec![*qkv],
            Self::Add { a, b, .. } => vec![*a, *b],
            Self::Mac { x, residual, .. } | Self::BatchNorm { x, residual, .. } => {
                std::iter::once(*x).chain(*residual).collect()
            }
        }
    }
}
