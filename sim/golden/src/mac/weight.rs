//! The weight operand of FF and BP.

use crate::error::{GoldenError, check_shape};
use crate::prune::{PruneAxis, Pruned};
use half::f16;
use ndarray::Array4;
use satkit_spec::{ConvShape, Stage};
use std::ops::Range;

/// The weight operand of FF or BP, FP16.
#[derive(Clone, Debug)]
pub enum Weight {
    /// Every weight, OIHW; for FF and BP.
    Dense(Array4<f16>),
    /// N:M along Ci, pruned terms are skipped; for FF.
    PrunedCi(Pruned),
    /// N:M along Co, pruned terms are skipped; for BP.
    PrunedCo(Pruned),
}

impl Weight {
    /// Calls `term` with each kept channel of `channels` and its weight, ascending, where the reduced channel is Ci
    /// for FF and Co for BP and `outer` is `[the other channel, kh, kw]`.
    pub(super) fn each_kept(
        &self,
        axis: PruneAxis,
        outer: [usize; 3],
        channels: Range<usize>,
        mut term: impl FnMut(usize, f16),
    ) {
        match self {
            Self::Dense(weights) => {
                for channel in channels {
                    term(channel, weights[axis.oihw(outer, channel)]);
                }
            }
            Self::PrunedCi(pruned) | Self::PrunedCo(pruned) => {
                for (channel, value) in pruned.kept_channels(outer, channels) {
                    term(channel, value);
                }
            }
        }
    }

    /// Checks that this weight is one of the layer's, for a stage that reduces `axis`.
    pub(super) fn check(
        &self,
        shape: ConvShape,
        stage: Stage,
        axis: PruneAxis,
    ) -> Result<(), GoldenError> {
        let dims = [shape.co, shape.ci, shape.kh, shape.kw];
        match self {
            Self::Dense(weights) => check_shape("W", weights.shape(), &dims, "Co, Ci, kh, kw"),
            Self::PrunedCi(pruned) | Self::PrunedCo(pruned) => {
                check_shape("W", &pruned.dims(), &dims, "Co, Ci, kh, kw")?;
                if pruned.axis() == axis {
                    return Ok(());
                }
                Err(GoldenError::Operand {
                    stage: stage.name(),
                    given: pruned.axis().name(),
                    accepted: axis.name(),
                })
            }
        }
    }
}
