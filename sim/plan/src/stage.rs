//! The program of one stage of one layer on its own.

use crate::PlanError;
use crate::layout::{self, BEAT_BYTES, TENSOR_ALIGN_BYTES};
use crate::mapping::Emitter;
use crate::program::{Program, Section};
use crate::space::{TileSpace, WeightSource};
use satkit_spec::Stage;
use satkit_spec::isa::{Instruction, Operands, Operation, Results};

/// Collects a stage's instructions; its tensors lie one behind another from address 0.
pub(crate) struct StageEmitter {
    instructions: Vec<Instruction>,
}

impl StageEmitter {
    pub(crate) const fn new() -> Self {
        Self { instructions: Vec::new() }
    }

    /// Sets the tensors of a space, at their natural pitch.
    pub(crate) fn tensors(&mut self, space: &TileSpace) -> Result<(), PlanError> {
        let mac = &space.problem.mac;
        let shape = &mac.shape;
        let (x_pixels, y_pixels) = (
            (shape.batch * shape.h * shape.w) as u64,
            (shape.batch * shape.out_h() * shape.out_w()) as u64,
        );
        let x = layout::tensor_bytes(x_pixels, shape.ci);
        let y = layout::tensor_bytes(y_pixels, shape.co);
        let (a, out) = match mac.stage {
            Stage::Ff => ((x, shape.ci), (y, shape.co)),
            Stage::Bp => ((y, shape.co), (x, shape.ci)),
            Stage::Wu => ((x, shape.ci), (layout::master_bytes(shape), shape.co)),
        };
        let (slots, cols) = (space.problem.slots, space.problem.cols);
        let w = match space.source {
            WeightSource::Tiles => (layout::weight_bytes(mac), cols),
            WeightSource::Rows => (layout::tensor_bytes(slots as u64, cols), cols),
            WeightSource::Columns => (layout::tensor_bytes(cols as u64, slots), slots),
        };
        let mut next = 0u64;
        let mut place = |bytes: u64| -> Result<u32, PlanError> {
            let address = next;
            next += bytes.next_multiple_of(TENSOR_ALIGN_BYTES);
            if next > layout::CARD_BYTES {
                return Err(PlanError::CardMemory { needed: next, available: layout::CARD_BYTES });
            }
            Ok((address / BEAT_BYTES) as u32)
        };
        let eights = |channels: usize| (layout::pitch(channels) / 8) as u32;
        let operands = Operands {
            a: place(a.0)?,
            w: place(w.0)?,
            a_pitch: eights(a.1),
            w_pitch: eights(w.1),
            heads: 1,
            a_head: 0,
            w_head: 0,
            tile_beats: match space.source {
                WeightSource::Tiles => space.problem.tile_beats() as u32,
                WeightSource::Rows | WeightSource::Columns => 0,
            },
        };
        let (out_at, pitch) = (place(out.0)?, eights(out.1));
        let (add, sum) = (place(out.0)?, place(out.0)?);
        let results = Results {
            out: out_at,
            add,
            sum,
            mask: place(out.0 / 16)?,
            pitch,
            heads: 1,
            head: 0,
            scale: 1f32.to_bits(),
        };
        self.instructions.push(Instruction::new(Operation::Operands(operands)));
        self.instructions.push(Instruction::new(Operation::Results(results)));
        Ok(())
    }

    pub(crate) fn finish(self, name: &str, stage: Stage) -> Program {
        let count = self.instructions.len();
        let section = Section { name: name.into(), work: stage.into(), first: 0, count };
        let whole = self.instructions;
        // One section that holds everything is always in order.
        Program::with_sections(whole, vec![section]).unwrap_or_default()
    }
}

impl Emitter for StageEmitter {
    fn push(&mut self, _: &TileSpace, instruction: Instruction) -> Result<(), PlanError> {
        if self.instructions.len() >= Program::MAX_INSTRUCTIONS {
            let limit = Program::MAX_INSTRUCTIONS;
            return Err(PlanError::TooLong { what: "this stage".into(), limit });
        }
        self.instructions.push(instruction);
        Ok(())
    }
}
