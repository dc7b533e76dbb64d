//! A MAC stage as matrix problems: output rows x output columns, each a sum over K slots.

use crate::PlanError;
use satkit_spec::{BpPhase, ConvShape, K_BLOCK, Sparsity, Stage};

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
                shape.bp_phases().into_iter().enumerate().map(make).collect()
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

    /// Activation words of `lanes` lanes that `slots` slots of one output row touch, at most.
    #[must_use]
    pub fn words(&self, slots: usize, lanes: usize) -> usize {
        let sparsity = self.mac.sparsity;
        let dense = slots.div_ceil(sparsity.n()) * sparsity.m();
        match self.mac.stage {
            // Every (block, tap) run starts a word of its own.
            Stage::Ff | Stage::Bp => {
                let runs = slots.div_ceil(self.unit_slots().max(1));
                dense.div_ceil(lanes) + runs
            }
            // Rows read pixels that are shifted by kw, so a run may start inside a word.
            Stage::Wu => dense.div_ceil(lanes) + 1,
        }
    }

    /// Bytes of the activations that rows `row..row + rows` need for slots `slot..slot + slots`, each read once.
    #[must_use]
    pub fn activation_bytes(&self, row: usize, rows: usize, slots: usize) -> u64 {
        let shape = &self.mac.shape;
        let taps = self.phase.map_or(shape.taps(), |phase| phase.taps()).max(1);
        let sparsity = self.mac.sparsity;
        let dense = (slots.div_ceil(sparsity.n()) * sparsity.m()) as u64;
        match self.mac.stage {
            Stage::Ff | Stage::Bp => {
                let channels = match self.mac.stage {
                    Stage::Ff => shape.ci,
                    _ => shape.co,
                };
                // Whole blocks share a pixel over the taps; a part of a block reads each tap's pixels.
                let block = (channels.min(K_BLOCK) * taps) as u64;
                let shared = self.patch_pixels(row, rows).min((rows * taps) as u64);
                let whole = dense / block * (block / taps as u64) * shared;
                let part = (dense % block) * rows as u64;
                2 * (whole + part.min(block / taps as u64 * shared))
            }
            Stage::Wu => {
                let channels = rows.min(shape.ci) as u64;
                let stride = shape.stride.min(shape.kh.max(shape.kw)) as u64;
                2 * channels * dense * stride * stride
            }
        }
    }

    /// Bytes of the weights (WU: of dY) for `cols` columns and `slots` slots, positions included.
    #[must_use]
    pub fn weight_bytes(&self, cols: usize, slots: usize) -> u64 {
        let elements = (cols * slots) as u64;
        let positions = if self.mac.sparsity == Sparsity::DENSE { 0 } else { elements.div_ceil(2) };
        2 * elements + positions
    }

    /// Input pixels that the output pixels `row..row + rows` see, overlaps counted once, padding not counted.
    fn patch_pixels(&self, row: usize, rows: usize) -> u64 {
        let shape = &self.mac.shape;
        let (out_h, out_w, in_h, in_w, kh, kw, stride) = match self.phase {
            None => {
                let (h, w) = (shape.out_h(), shape.out_w());
                (h, w, shape.h, shape.w, shape.kh, shape.kw, shape.stride)
            }
            // Inside a phase BP is a convolution of stride 1 over dY.
            Some(phase) => {
                let (h, w) = (shape.out_h(), shape.out_w());
                (phase.rows, phase.cols, h, w, phase.taps_h, phase.taps_w, 1)
            }
        };
        let image = out_h * out_w;
        let mut total = 0u64;
        let (mut at, end) = (row, row + rows);
        while at < end {
            let image_end = (at / image + 1) * image;
            let stop = end.min(image_end);
            let (first, last) = (at % image, (stop - 1) % image);
            let (top, bottom) = (first / out_w, last / out_w);
            let seen_h = ((bottom - top) * stride + kh).min(in_h);
            let seen_w = if top == bottom { (last - first) * stride + kw } else { in_w };
            total += (seen_h * seen_w.min(in_w)) as u64;
            at = stop;
        }
        total
    }
}
