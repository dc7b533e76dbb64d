//! Operations of the elementwise unit.

use super::FieldValue;
use super::field::{FieldWords, words_of};
use crate::{NORM_BACKWARD_CYCLES, NORM_FORWARD_CYCLES, NORM_KEPT_WORDS, norm_lanes};

macro_rules! vector_ops {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $code:literal, $name:literal, passes $passes:literal; )*) => {
        /// One elementwise operation over a stream (`docs/contract-elementwise.md`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum VectorOp {
            $( $(#[doc = $doc])+ $variant = $code, )*
        }

        impl VectorOp {
            /// All operations.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),*];

            /// Name in listings.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }

            /// What it computes, in words.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $( Self::$variant => concat!($($doc),+).trim_ascii(), )* }
            }

            /// Cycles that each element of the stream occupies a lane; all of them, if it [`is_by_rows`](Self::is_by_rows).
            #[must_use]
            pub const fn passes(self) -> u64 {
                match self { $( Self::$variant => $passes, )* }
            }
        }
    };
}

vector_ops! {
    /// Residual add, with or without ReLU.
    Add = 0, "add", passes 1;
    /// ReLU mask on a gradient.
    ReluBackward = 1, "relu-backward", passes 1;
    /// Exact sums over pixels and batch: batch-norm statistics.
    BatchNormStatistics = 2, "bn-statistics", passes 1;
    /// Batch norm applied, with fused residual and ReLU.
    BatchNormApply = 3, "bn-apply", passes 1;
    /// Exact sums of batch norm's backward pass.
    BatchNormBackwardSums = 4, "bn-backward-sums", passes 1;
    /// Batch norm's dX.
    BatchNormBackwardApply = 5, "bn-backward-apply", passes 1;
    /// Layer norm: mean, variance, apply.
    LayerNorm = 6, "layer-norm", passes 3;
    /// Layer norm's backward pass.
    LayerNormBackward = 7, "layer-norm-backward", passes 3;
    /// GELU.
    Gelu = 8, "gelu", passes 4;
    /// GELU's backward pass.
    GeluBackward = 9, "gelu-backward", passes 4;
    /// Pooling; elements are the input's.
    Pool = 10, "pool", passes 1;
    /// Pooling's backward pass; elements are the input's.
    PoolBackward = 11, "pool-backward", passes 1;
    /// Softmax over rows: maximum, exponentials and their sum, division.
    Softmax = 12, "softmax", passes 3;
    /// Softmax's backward pass.
    SoftmaxBackward = 13, "softmax-backward", passes 2;
    /// Softmax cross-entropy with its gradient, row by row; reads logits, labels, and for a gradient the step's numbers.
    CrossEntropy = 14, "cross-entropy", passes 6;
    /// Exact bias-gradient sums.
    BiasGradient = 15, "bias-gradient", passes 1;
    /// Class token and positions.
    Embed = 16, "embed", passes 1;
    /// Gradients of class token and positions.
    EmbedBackward = 17, "embed-backward", passes 1;
    /// N:M pruning of gradients along their channels (sdgp).
    PruneGradient = 18, "prune-gradient", passes 1;
    /// Zeros.
    Fill = 19, "fill", passes 1;
    /// Pixels with their channels to one row in the order of channels: what a linear layer takes.
    Flatten = 20, "flatten", passes 1;
    /// The way back, for a gradient.
    Unflatten = 21, "unflatten", passes 1;
    /// The first token of each image.
    FirstToken = 22, "first-token", passes 1;
    /// Batch norm's channels forwards, channels instead of elements: out of S1 and S2, gamma, beta and the running statistics, what `bn-apply` needs,
    /// the new running statistics, and what the backward pass needs. Up to 128 channels.
    BatchNormScale = 23, "bn-scale", passes 1;
    /// Batch norm's channels backwards: out of D1, D2 and what the forward pass kept, what `bn-backward-apply` needs, and the gradients of gamma and
    /// beta.
    BatchNormBackwardScale = 24, "bn-backward-scale", passes 1;
}

impl VectorOp {
    /// Most channels of an operation that [`reduces`](Self::reduces), in the lanes of the hardware.
    pub const MOST_SUMS: usize = 4096;

    /// What it writes are sums over the whole stream: all of it comes with the last element, and none before.
    #[must_use]
    pub const fn reduces(self) -> bool {
        matches!(self, Self::BiasGradient)
    }

    /// Channels are computed instead of elements, in turns of [`norm_lanes`], and what that takes comes after the last has been taken.
    #[must_use]
    pub const fn is_by_channels(self) -> bool {
        matches!(self, Self::BatchNormScale | Self::BatchNormBackwardScale)
    }

    /// Cycles of a turn of channels; 0 where there are none.
    #[must_use]
    pub const fn turn_cycles(self, lanes: usize) -> usize {
        match self {
            // Gamma, beta, running mean, running variance.
            Self::BatchNormScale => 4 * norm_lanes(lanes) + NORM_FORWARD_CYCLES,
            Self::BatchNormBackwardScale => {
                NORM_KEPT_WORDS * norm_lanes(lanes) + NORM_BACKWARD_CYCLES
            }
            _ => 0,
        }
    }

    /// Rows follow each other element by element, whatever the lanes; what it reads third are the step's numbers, a beat.
    #[must_use]
    pub const fn is_by_rows(self) -> bool {
        matches!(self, Self::CrossEntropy)
    }
}

impl FieldValue for VectorOp {
    fn to_bits(self) -> u64 {
        self as u64
    }
    fn from_bits(bits: u64) -> Option<Self> {
        Self::ALL.iter().copied().find(|op| *op as u64 == bits)
    }
    fn words() -> FieldWords {
        words_of(Self::ALL, Self::name)
    }
}
