//! Programs of parts of the machine.

use satkit_plan::{BankLayout, DataflowChoice, MacStage, TileSpace, plan_stage};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Instruction, Operation, SemaphoreSet};
use std::ops::Range;

/// The GEOMETRYs, WALKs and MMs of a stage's plan. MMs wait for nothing, so that they come one after another.
///
/// # Panics
/// If the stage has no plan.
pub fn mms_of(config: &ArrayConfig, stage: MacStage, choice: DataflowChoice) -> Vec<Instruction> {
    let plan = plan_stage(config, stage, choice).unwrap();
    let mut space = None;
    let mut program = Vec::new();
    for instruction in plan.program.instructions() {
        match &instruction.operation {
            Operation::Geometry(geometry) => {
                space = Some(TileSpace::read(geometry).unwrap());
                program.push(*instruction);
            }
            Operation::MatMul(mm) => {
                let space: TileSpace = space.unwrap();
                let range = |base: u32, len: u32| base as usize..(base + len) as usize;
                let (rows, slots): (Range<usize>, Range<usize>) =
                    (range(mm.row_base, mm.rows), range(mm.slot_base, mm.slots));
                let layout = BankLayout::new(config, &space, rows, slots).unwrap();
                for walk in layout.walks() {
                    program.push(Instruction::new(Operation::Walk(*walk)));
                }
                program.push(Instruction { wait: SemaphoreSet::EMPTY, ..*instruction });
            }
            _ => {}
        }
    }
    program
}
