//! What a program computes: the values of card memory after each of its operations.
//!
//! Timing is `satkit_plan`'s; here a program is walked in its order, which every engine's order agrees with, and operations are
//! computed in bulk: a MAC stage when its last tile is stored, an elementwise operation with its last piece. What a
//! program means is all in its instructions and in card memory; between operations the machine keeps the channels of a batch
//! norm, and whether a gradient was not finite.

mod norm;
mod products;
mod stage;
mod tensor;
mod update;
mod vector;
mod weights;

use super::memory::{CardMemory, MemoryFault};
use crate::SimError;
use crate::exec::{ExecError, Lowered};
use norm::Norm;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{
    ADDRESS_UNIT_BYTES, Instruction, Operation, Parameters, Reads, Shape, Tensors, Weights, Writes,
};
use stage::Stage;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Why values cannot be computed.
#[derive(Debug)]
pub(super) enum ValueFault {
    /// An instruction that makes no sense where it stands, with the reason.
    Illegal(String),
    /// A read or write of card memory failed.
    Memory(MemoryFault),
}

impl From<MemoryFault> for ValueFault {
    fn from(fault: MemoryFault) -> Self {
        Self::Memory(fault)
    }
}

impl From<SimError> for ValueFault {
    fn from(error: SimError) -> Self {
        Self::Illegal(error.to_string())
    }
}

impl From<String> for ValueFault {
    fn from(reason: String) -> Self {
        Self::Illegal(reason)
    }
}

impl From<weights::ReadError> for ValueFault {
    fn from(error: weights::ReadError) -> Self {
        match error {
            weights::ReadError::Memory(fault) => Self::Memory(fault),
            other => Self::Illegal(other.to_string()),
        }
    }
}

/// The MAC stages of a program as tiles, by the index of their first instruction: they are the same in every run.
#[derive(Debug, Default)]
pub(super) struct LoweredStages(Mutex<HashMap<usize, Arc<Lowered>>>);

impl LoweredStages {
    /// The stage that starts at instruction `first`, as it is or as `lower` makes it.
    fn get(
        &self,
        first: usize,
        lower: impl FnOnce() -> Result<Lowered, ExecError>,
    ) -> Result<Arc<Lowered>, ExecError> {
        let mut stages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lowered) = stages.get(&first) {
            return Ok(Arc::clone(lowered));
        }
        let lowered = Arc::new(lower()?);
        stages.insert(first, Arc::clone(&lowered));
        Ok(lowered)
    }
}

/// Byte address of an address field.
const fn at(field: u32) -> u64 {
    field as u64 * ADDRESS_UNIT_BYTES
}

fn missing<T>(what: Option<T>, name: &str) -> Result<T, ValueFault> {
    what.ok_or_else(|| ValueFault::Illegal(format!("there is no {name} before it")))
}

/// A machine in the middle of a program.
struct Machine<'a> {
    config: &'a ArrayConfig,
    memory: &'a CardMemory,
    lowered: &'a LoweredStages,
    shape: Option<Shape>,
    tensors: Option<Tensors>,
    parameters: Option<Parameters>,
    weights: Option<Weights>,
    reads: Option<Reads>,
    writes: Option<Writes>,
    /// The MAC stage whose instructions are being read.
    stage: Stage,
    /// The channels of the last batch norm.
    norm: Option<Norm>,
    /// A gradient was not finite.
    not_finite: bool,
}

/// Computes `program`. `go_on` is asked before each operation, with the index of its first instruction; false ends the program.
/// `done` is told of each instruction whose values are all in memory. Gives whether a gradient was not finite.
///
/// # Errors
/// The index of the instruction at which it stops, and why. What was written before stays.
pub(super) fn compute(
    config: &ArrayConfig,
    memory: &CardMemory,
    program: &[Instruction],
    lowered: &LoweredStages,
    go_on: &mut dyn FnMut(usize) -> bool,
    done: &mut dyn FnMut(usize),
) -> Result<bool, (usize, ValueFault)> {
    let mut machine = Machine {
        config,
        memory,
        lowered,
        shape: None,
        tensors: None,
        parameters: None,
        weights: None,
        reads: None,
        writes: None,
        stage: Stage::default(),
        norm: None,
        not_finite: false,
    };
    // Tiles of the stage, and pieces of the stream, whose values come with the last of them.
    let (mut tiles, mut pieces) = (Vec::new(), Vec::new());
    for (index, instruction) in program.iter().enumerate() {
        if machine.ends_stage(&instruction.operation) {
            if !go_on(index) {
                return Ok(machine.not_finite);
            }
            machine.finish_stage(program)?;
            tiles.drain(..).for_each(&mut *done);
        }
        machine.step(index, instruction).map_err(|fault| (index, fault))?;
        match &instruction.operation {
            Operation::Store(_) => tiles.push(index),
            Operation::Update(_) | Operation::Prune(_) => done(index),
            Operation::Vector(vector) => {
                pieces.push(index);
                if vector.last {
                    pieces.drain(..).for_each(&mut *done);
                }
            }
            _ => {}
        }
    }
    if go_on(program.len()) {
        machine.finish_stage(program)?;
        tiles.drain(..).for_each(done);
    }
    Ok(machine.not_finite)
}

impl Machine<'_> {
    /// True if the instruction belongs to no MAC stage, or to the next.
    fn ends_stage(&self, operation: &Operation) -> bool {
        let next = match operation {
            Operation::Operands(_) => self.stage.has_started(),
            operation => !Stage::takes(operation),
        };
        next && !self.stage.is_empty()
    }

    fn finish_stage(&mut self, program: &[Instruction]) -> Result<(), (usize, ValueFault)> {
        let stage = std::mem::take(&mut self.stage);
        stage.compute(self, program)
    }

    fn step(&mut self, index: usize, instruction: &Instruction) -> Result<(), ValueFault> {
        match &instruction.operation {
            Operation::Shape(shape) => self.shape = Some(*shape),
            Operation::Tensors(tensors) => self.tensors = Some(*tensors),
            Operation::Parameters(parameters) => self.parameters = Some(*parameters),
            Operation::Weights(weights) => self.weights = Some(*weights),
            Operation::Reads(reads) => self.reads = Some(*reads),
            Operation::Writes(writes) => self.writes = Some(*writes),
            Operation::Vector(vector) => {
                if vector.last {
                    self.vector(vector.op)?;
                }
            }
            Operation::Update(update) => self.update(update)?,
            Operation::Prune(prune) => self.prune(prune)?,
            operation => self.stage.note(index, operation),
        }
        Ok(())
    }

    /// Remembers whether these gradients are finite.
    fn watch(&mut self, gradients: &[f32]) {
        self.not_finite |= !crate::update::all_finite(gradients);
    }
}
