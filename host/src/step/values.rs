//! What the operations of a step compute, as instructions say it.

use super::graph::Graph;
use super::pruning::Pruning;
use super::recorder::{Parameter, Recorder};
use crate::backend::PoolWindow;
use crate::network::{MacLayer, NodeId};
use satkit_plan::step::{StepOperation, UpdateValues, VectorValues};
use satkit_spec::isa::{Shape, Weights};
use satkit_spec::{ConvShape, Sparsity, WeightOperand};

/// A size in an instruction's field. One that is too large becomes a value that no field holds, and the encoder refuses it.
fn field(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn small(size: usize) -> u8 {
    u8::try_from(size).unwrap_or(u8::MAX)
}

/// The shape of `batch` values of a node: `[c, h, w]`, `[t, d]` or `[c]`.
pub(crate) fn shape_of(batch: usize, shape: &[usize]) -> Shape {
    let [channels, h, w] = match *shape {
        [c, h, w] => [c, h, w],
        [t, d] => [d, t, 1],
        [c] => [c, 1, 1],
        _ => [0; 3],
    };
    Shape {
        batch: field(batch),
        channels: field(channels),
        h: field(h),
        w: field(w),
        window: 0,
        stride: 0,
        pad: 0,
        pooling: 0,
        relu: false,
        residual: false,
        running: false,
        bits: false,
        gradient: false,
        n: 1,
        m: 1,
        heads: 0,
        scale: 1f32.to_bits(),
    }
}

/// A kind of pooling, as the field `pooling` of SHAPE numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pooling {
    Greatest(PoolWindow),
    Average(PoolWindow),
    AverageOfAll,
}

impl Pooling {
    /// Puts it into the shape of the pooling's input.
    pub(super) fn describe(self, shape: &mut Shape) {
        let window = match self {
            Self::Greatest(window) | Self::Average(window) => window,
            Self::AverageOfAll => PoolWindow { window: 0, stride: 0, pad: 0 },
        };
        shape.pooling = match self {
            Self::Greatest(_) => 0,
            Self::Average(_) => 1,
            Self::AverageOfAll => 2,
        };
        (shape.window, shape.stride, shape.pad) =
            (small(window.window), small(window.stride), small(window.pad));
    }
}

/// Values of a shape, without vectors beside them.
pub(crate) const fn plain(shape: Shape) -> VectorValues {
    VectorValues {
        shape,
        scalars: None,
        first: None,
        second: None,
        running: None,
        sums: None,
        tensors: None,
    }
}

/// The layer of WU and SORE, with these operands.
pub(super) fn weights_of(
    layer: &MacLayer,
    pruning: &Pruning,
    operands: [WeightOperand; 2],
) -> Weights {
    let decays_pruned = pruning.method.decays_pruned() && pruning.along_ci(layer);
    weight_fields(&layer.shape, pruning.sparsity, operands, decays_pruned)
}

/// WEIGHTS for a layer, with the operands of FF and BP.
pub(crate) fn weight_fields(
    shape: &ConvShape,
    sparsity: Sparsity,
    [ff, bp]: [WeightOperand; 2],
    decays_pruned: bool,
) -> Weights {
    Weights {
        ci: field(shape.ci),
        co: field(shape.co),
        h: field(shape.h),
        w: field(shape.w),
        kh: small(shape.kh),
        kw: small(shape.kw),
        stride: small(shape.stride),
        pad: small(shape.pad),
        n: small(sparsity.n()),
        m: small(sparsity.m()),
        ff,
        bp,
        decays_pruned,
    }
}

impl Recorder {
    /// Says what the stream that was pushed last computes.
    pub(super) fn describe(&mut self, values: VectorValues) {
        if self.scalars.is_some()
            && let Some(StepOperation::Vector(vector)) = self.work.operations.last_mut()
        {
            vector.values = Some(values);
        }
    }

    /// What an update computes; none in a step that is only timed.
    pub(super) fn update_values(&self) -> Option<UpdateValues> {
        let guarded = self.guarded;
        self.scalars.map(|scalars| UpdateValues { scalars, guarded })
    }
}

impl Graph<'_> {
    /// The shape of a node's value.
    pub(super) fn shape(&self, node: NodeId) -> Shape {
        shape_of(self.batch, &self.network.nodes()[node.0].shape)
    }

    /// Values of a layer norm.
    pub(super) fn norm_values(&self, shape: Shape, [gamma, beta]: &[Parameter; 2]) -> VectorValues {
        VectorValues { first: Some(gamma.master), second: Some(beta.master), ..plain(shape) }
    }
}
