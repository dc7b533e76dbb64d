//! A MAC stage as matrix problems: output rows x output columns, each a sum over K slots.

use crate::PlanError;
use satkit_spec::{BpPhase, ConvShape, K_BLOCK, Sparsity, Stage, weight_tile_beats};

/// One MAC stage of one layer, with the sparsity of its weight operand (WU: always dense).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MacStage {
    /// The layer.
    pub shape: ConvShape,
    /// The stage.
    pub stage: Stage,
    /// Sparsity of the compact weights along the reduced channels; [`Sparsity::DENSE`] for dense operands.
    pub sparsity: Sparsity,
}

/// A matrix problem that one GEOMETRY describes. FF and WU have one, a strided BP has one per phase.
///
/// | stage | rows | columns | slots |
/// |---|---|---|---|
/// | FF | output pixels (n, oh, ow) | Co | kept (Ci block, kh, kw, Ci) |
/// | BP | input pixels of the phase (n, ih, iw) | Ci | kept (Co block, tap, Co) |
/// | WU | weight rows (kh, kw, ci) | Co | pixels (n, oh, ow) |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The stage it belongs to.
    pub mac: MacStage,
    /// Index among `ConvShape::bp_phases`; 0 in FF and WU.
    pub phase_index: usize,
    /// The phase, in BP.
    pub phase: Option<BpPhase>,
    /// Output rows.
    pub rows: usize,
    /// Output columns.
    pub cols: usize,
    /// K slots of each output.
    pub slots: usize,
    /// K slots of the phases before it.
    pub first_slot: usize,
    /// K slots of a tile of operand weights: those of all phases; 0 in WU.
    pub tile_slots: usize,
}

impl MacStage {
    /// Checks and makes a stage.
    ///
    /// # Errors
    /// [`PlanError::Channels`] if M does not divide the reduced channels (Ci in FF, Co in BP), or if WU
    /// is asked to be sparse.
    pub fn new(shape: ConvShape, stage: Stage, sparsity: Sparsity) -> Result<Self, PlanError> {
        // N = M keeps everything; the dense stream does the same without positions.
        let sparsity = if sparsity.is_dense() { Sparsity::DENSE } else { sparsity };
        let channels = match stage {
            Stage::Ff => shape.ci,
            Stage::Bp => shape.co,
            Stage::Wu => 1,
        };
        if !channels.is_multiple_of(sparsity.m()) {
            return Err(PlanError::Channels {
                stage: stage.name(),
                channels,
                sparsity: sparsity.to_string(),
                m: sparsity.m(),
            });
        }
        Ok(Self { shape, stage, sparsity })
    }

    /// The matrix problems of the stage, in program order.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let shape = &self.shape;
        let problem = |phase_index, phase, rows, cols, slots| Problem {
            mac: *self,
            phase_index,
            phase,
            rows,
            cols,
            slots,
            first_slot: 0,
            tile_slots: if self.stage == Stage::Wu { 0 } else { slots },
        };
        let pixels = shape.batch * shape.out_h() * shape.out_w();
        match self.stage {
            Stage::Ff => {
                let slots = ConvShape::slots(shape.ci, shape.taps(), self.sparsity);
                vec![problem(0, None, pixels, shape.co, slots)]
            }
            Stage::Bp => {
                let make = |(index, phase): (usize, BpPhase)| {
                    let slots = ConvShape::slots(shape.co, phase.taps(), self.sparsity);
                    problem(index, Some(phase), shape.batch * phase.pixels(), shape.ci, slots)
                };
                let mut problems: Vec<Problem> =
                    shape.bp_phases().into_iter().enumerate().map(make).collect();
                let mut first_slot = 0;
                for problem in &mut problems {
                    problem.first_slot = first_slot;
                    first_slot += problem.slots;
                }
                for problem in &mut problems {
                    problem.tile_slots = first_slot;
                }
                problems
            }
            Stage::Wu => vec![problem(0, None, shape.ci * shape.taps(), shape.co, pixels)],
        }
    }
}

impl Problem {
    /// Multiply-accumulates of the problem: every one of them useful.
    #[must_use]
    pub fn macs(&self) -> u64 {
        self.rows as u64 * self.cols as u64 * self.slots as u64
    }

    /// Beats of a column tile of its operand weights, all phases'; 0 in WU.
    #[must_use]
    pub fn tile_beats(&self) -> u64 {
        weight_tile_beats(self.tile_slots as u64, self.mac.sparsity != Sparsity::DENSE)
    }

    /// Kept slots of one unit of K: a (channel block, tap) run in FF and BP, one pixel in WU. The last block may be
    /// shorter; the units are those of a full one.
    #[must_use]
    pub fn unit_slots(&self) -> usize {
        match self.mac.stage {
            Stage::Ff => self.mac.sparsity.kept(self.mac.shape.ci.min(K_BLOCK)),
            Stage::Bp => self.mac.sparsity.kept(self.mac.shape.co.min(K_BLOCK)),
            Stage::Wu => 1,
        }
    }
}
