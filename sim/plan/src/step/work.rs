//! What a training step does, before anything is scheduled: operations on tensors in card memory.

use crate::mapping::StoreWork;
use crate::problem::MacStage;
use crate::program::Work;
use crate::space::WeightSource;
use satkit_spec::isa::{self, VectorOp};
use satkit_spec::{Sparsity, Stage};

/// Index of a tensor of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub usize);

/// A tensor in card memory. What it holds is complete from its start on as far as it has been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Name.
    pub name: String,
    /// Bytes, by [`crate::layout`].
    pub bytes: u64,
}

/// A whole training step: forward, backward, update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepWork {
    /// A line for people: network, batch, method.
    pub title: String,
    /// Tensors.
    pub tensors: Vec<TensorSpec>,
    /// Operations, in the order in which the engines get them.
    pub operations: Vec<StepOperation>,
    /// What the host does beside the machine.
    pub host: Vec<HostWork>,
}

/// One operation of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum StepOperation {
    /// A MAC stage of a layer.
    Mac(MacOperation),
    /// Products of activations by activations.
    Products(ProductOperation),
    /// An elementwise stream.
    Vector(VectorOperation),
    /// An update of weights or other parameters.
    Update(UpdateOperation),
    /// Operand weights made from FP16 ones without an update.
    Prune(PruneOperation),
}

/// A MAC stage of a layer. FF streams X, BP and WU take dY; FF and BP take weights, WU takes X as the streamed operand and
/// dY in the columns.
#[derive(Clone, Debug, PartialEq)]
pub struct MacOperation {
    /// Name of the layer.
    pub name: String,
    /// The stage.
    pub stage: MacStage,
    /// The streamed operand: X in FF and WU, dY in BP.
    pub a: TensorId,
    /// The operand in the columns: operand weights in FF and BP, dY in WU.
    pub w: TensorId,
    /// The results.
    pub out: TensorId,
    /// What is fused at the drain; nothing where results are FP32.
    pub edge: Edge,
    /// FF and BP: the results are the FP32 accumulators instead of FP16. Those of WU always are.
    pub single: bool,
    /// The small vectors that the drain uses; none in a step that is only timed.
    pub values: Option<DrainValues>,
}

impl MacOperation {
    /// The fields of ST, without what the small vectors add.
    #[must_use]
    pub fn store_work(&self) -> StoreWork {
        self.edge.store_work(self.single || self.stage.stage == Stage::Wu)
    }
}

/// Small vectors that the drain of a MAC stage uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DrainValues {
    /// The bias, FP32.
    pub bias: Option<TensorId>,
    /// Where the rounded sums of the results go: a bias gradient, FP32.
    pub bias_gradient: Option<TensorId>,
}

/// Elementwise work at the drain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    /// Adds a bias.
    pub bias: bool,
    /// Adds this tensor: a residual, or the gradient so far.
    pub add: Option<TensorId>,
    /// Applies ReLU.
    pub relu: bool,
    /// Applies this ReLU mask, one bit per value.
    pub mask: Option<TensorId>,
    /// Sums values exactly: batch-norm statistics, bias gradients.
    pub sums: bool,
    /// Sums products with this tensor exactly: batch norm's backward sums.
    pub products: Option<TensorId>,
}

impl Edge {
    /// The fields of ST.
    #[must_use]
    pub const fn store_work(&self, single: bool) -> StoreWork {
        StoreWork {
            bias: self.bias,
            add: self.add.is_some(),
            relu: self.relu,
            mask: self.mask.is_some(),
            sums: self.sums,
            products: self.products.is_some(),
            bias_gradient: false,
            single,
        }
    }
}

/// One operand of a batched product: a part of each row of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProductOperand {
    /// The tensor.
    pub tensor: TensorId,
    /// Elements before the first product's part of a row, a multiple of 32.
    pub offset: usize,
    /// Elements from one row to the next, a multiple of 8.
    pub pitch: usize,
    /// Elements from one product's part of a row to the next's, a multiple of 8.
    pub head: usize,
}

/// `groups` products of activations, `heads` of them side by side in the rows of each tensor: those of image `g / heads`.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductOperation {
    /// Name, such as `blk0.qkT`.
    pub name: String,
    /// Under which stage it is counted.
    pub work: Work,
    /// One product: a linear layer's FF (rows by K times K by columns), or its WU (K is the rows of both operands).
    pub stage: MacStage,
    /// Whether the columns' operand lies `[K][columns]` or `[columns][K]`.
    pub source: WeightSource,
    /// Products.
    pub groups: usize,
    /// Products side by side.
    pub heads: usize,
    /// The streamed operand.
    pub a: ProductOperand,
    /// The operand in the columns.
    pub w: ProductOperand,
    /// The results.
    pub out: ProductOperand,
    /// The results are FP32 accumulators instead of FP16.
    pub single: bool,
    /// Multiplies the accumulators.
    pub scale: f32,
}

/// A contiguous part of a tensor that a stream reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The tensor.
    pub tensor: TensorId,
    /// Bytes, from the tensor's start.
    pub bytes: u64,
}

/// An elementwise stream.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorOperation {
    /// Name of the layer or node.
    pub name: String,
    /// What is computed.
    pub op: VectorOp,
    /// Elements that take a lane each.
    pub elements: u64,
    /// At most three streams that are read side by side, in proportion.
    pub reads: Vec<Stream>,
    /// At most three streams that are written side by side, in proportion.
    pub writes: Vec<Stream>,
    /// Tensors that must be complete before the first element: sums over them are used.
    pub barrier: Vec<TensorId>,
    /// True if values of one image need no other image's: the stream may be cut, and its readers follow piece by piece.
    pub divisible: bool,
    /// What the values are; none in a step that is only timed.
    pub values: Option<VectorValues>,
}

/// What an elementwise stream computes, beside its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VectorValues {
    /// Shape and kind.
    pub shape: isa::Shape,
    /// The step's numbers.
    pub scalars: Option<TensorId>,
    /// Bias or gamma.
    pub first: Option<TensorId>,
    /// Beta.
    pub second: Option<TensorId>,
    /// Running statistics.
    pub running: Option<TensorId>,
    /// The tensor of whose sums at the drain batch norm's channels are made; none where VE has summed.
    pub sums: Option<TensorId>,
    /// What TENSORS names, if that is not what the operation streams.
    pub tensors: Option<VectorTensors>,
}

/// The tensors of an elementwise operation, by the names that they have in TENSORS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VectorTensors {
    /// The first that is read.
    pub a: Option<TensorId>,
    /// The second.
    pub b: Option<TensorId>,
    /// The third.
    pub c: Option<TensorId>,
    /// The first that is written.
    pub x: Option<TensorId>,
    /// The second.
    pub y: Option<TensorId>,
    /// The third.
    pub z: Option<TensorId>,
}

/// Momentum SGD on parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateOperation {
    /// Name of the layer or parameter.
    pub name: String,
    /// Parameters updated.
    pub parameters: u64,
    /// Master values and momentum, FP32: read and written.
    pub master: Stream,
    /// The FP32 gradient.
    pub gradient: Stream,
    /// Operand weights of the next FF, and their sparsity along Ci.
    pub ff: Option<(Stream, Sparsity)>,
    /// Operand weights of the next BP, and their sparsity along Co.
    pub bp: Option<(Stream, Sparsity)>,
    /// The layer, if the parameters are its weights; operands are made of them panel by panel.
    pub weights: Option<isa::Weights>,
    /// What is updated; none in a step that is only timed.
    pub values: Option<UpdateValues>,
}

/// What an update computes, beside its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateValues {
    /// The step's numbers.
    pub scalars: TensorId,
    /// Left out if a gradient of the step is not finite.
    pub guarded: bool,
}

/// Operand weights made on the fly, before the stage that uses them.
#[derive(Clone, Debug, PartialEq)]
pub struct PruneOperation {
    /// Name of the layer.
    pub name: String,
    /// Weights read.
    pub parameters: u64,
    /// Along Co instead of Ci.
    pub along_co: bool,
    /// FP16 weights.
    pub from: Stream,
    /// Operand weights.
    pub to: Stream,
    /// Reads FP32 master weights.
    pub single: bool,
    /// The layer; none in a step that is only timed.
    pub values: Option<isa::Weights>,
}

/// Work of the host.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct HostWork {
    /// What it is.
    pub name: String,
    /// Bytes to the card.
    pub upload_bytes: u64,
    /// Bytes from the card.
    pub download_bytes: u64,
}

impl StepWork {
    /// Adds a tensor.
    pub fn tensor(&mut self, name: impl Into<String>, bytes: u64) -> TensorId {
        self.tensors.push(TensorSpec { name: name.into(), bytes });
        TensorId(self.tensors.len() - 1)
    }

    /// All of a tensor as a stream.
    #[must_use]
    pub fn all(&self, tensor: TensorId) -> Stream {
        Stream { tensor, bytes: self.tensors[tensor.0].bytes }
    }

    /// Multiply-accumulates with dense operands of all MAC stages and products.
    #[must_use]
    pub fn dense_macs(&self) -> u64 {
        self.operations.iter().map(StepOperation::dense_macs).sum()
    }
}

impl StepOperation {
    /// Name of the layer, node or parameter.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Mac(operation) => &operation.name,
            Self::Products(operation) => &operation.name,
            Self::Vector(operation) => &operation.name,
            Self::Update(operation) => &operation.name,
            Self::Prune(operation) => &operation.name,
        }
    }

    /// What it is counted as.
    #[must_use]
    pub fn work(&self) -> Work {
        match self {
            Self::Mac(operation) => operation.stage.stage.into(),
            Self::Products(operation) => operation.work,
            Self::Vector(_) => Work::Elementwise,
            Self::Update(_) | Self::Prune(_) => Work::Update,
        }
    }

    /// Multiply-accumulates with dense operands; 0 for what has none.
    #[must_use]
    pub fn dense_macs(&self) -> u64 {
        match self {
            Self::Mac(operation) => operation.stage.shape.dense_macs(operation.stage.stage),
            Self::Products(operation) => {
                let stage = &operation.stage;
                stage.shape.dense_macs(stage.stage) * operation.groups as u64
            }
            _ => 0,
        }
    }
}
