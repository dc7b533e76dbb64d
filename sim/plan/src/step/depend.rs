//! Who has to wait for whom.
//!
//! A tensor grows from its start while one engine writes it; the writer leaves marks: so many bytes are complete after
//! this instruction. A reader that needs the first bytes waits for the first mark that covers them. Engines work in order,
//! so whoever has waited for an instruction has waited for all before it, and one token per wait is enough. Tokens of a
//! semaphore are posted and taken in the same order, because both follow the order of the posting instructions.

use super::work::TensorId;
use crate::PlanError;
use crate::program::Program;
use satkit_spec::isa::{Engine, Instruction, Semaphore};

/// So many bytes of a tensor are complete when instruction `index` is done.
#[derive(Clone, Copy)]
struct Mark {
    bytes: u64,
    index: usize,
}

#[derive(Default)]
struct Written {
    engine: Option<Engine>,
    marks: Vec<Mark>,
}

/// What an instruction needs: the last instruction of each engine that must be done before it starts.
#[derive(Default)]
pub(super) struct Needs {
    last: [Option<usize>; Engine::ALL.len()],
}

/// The instructions of a step and the state of its tensors.
pub(super) struct Ledger {
    instructions: Vec<Instruction>,
    tensors: Vec<Written>,
    /// For each reading and writing engine, the last instruction of the writer that the reader has waited for.
    waited: [[Option<usize>; Engine::ALL.len()]; Engine::ALL.len()],
}

impl Ledger {
    pub(super) fn new(tensors: usize) -> Self {
        Self {
            instructions: Vec::new(),
            tensors: (0..tensors).map(|_| Written::default()).collect(),
            waited: Default::default(),
        }
    }

    /// Index of the next instruction.
    pub(super) const fn len(&self) -> usize {
        self.instructions.len()
    }

    pub(super) fn finish(self) -> Vec<Instruction> {
        self.instructions
    }

    /// The first `bytes` bytes of `tensor` are needed. What nobody writes in this step is there.
    pub(super) fn need(&self, needs: &mut Needs, tensor: TensorId, bytes: u64) {
        let written = &self.tensors[tensor.0];
        let Some(engine) = written.engine else { return };
        let at = written.marks.partition_point(|mark| mark.bytes < bytes);
        let mark = written.marks.get(at).or(written.marks.last());
        if let Some(mark) = mark {
            let last = &mut needs.last[engine as usize];
            *last = (*last).max(Some(mark.index));
        }
    }

    /// Appends an instruction of `engine` that starts when its needs are met.
    pub(super) fn push(
        &mut self,
        mut instruction: Instruction,
        needs: &Needs,
    ) -> Result<(), PlanError> {
        if self.instructions.len() >= Program::MAX_INSTRUCTIONS {
            let limit = Program::MAX_INSTRUCTIONS;
            return Err(PlanError::TooLong { what: "this step".into(), limit });
        }
        if let Some(reader) = instruction.operation.engine() {
            for writer in Engine::ALL {
                let Some(index) = needs.last[writer as usize] else { continue };
                // An engine's own results are there in order.
                if writer == reader {
                    continue;
                }
                let waited = &mut self.waited[reader as usize][writer as usize];
                if waited.is_some_and(|waited| waited >= index) {
                    continue;
                }
                let Some(semaphore) = between(writer, reader) else { continue };
                *waited = Some(index);
                let posting = &mut self.instructions[index];
                posting.post = posting.post.with(semaphore);
                instruction.wait = instruction.wait.with(semaphore);
            }
        }
        self.instructions.push(instruction);
        Ok(())
    }

    /// The instruction appended last completes the first `bytes` bytes of `tensor`.
    pub(super) fn mark(&mut self, tensor: TensorId, engine: Engine, bytes: u64) {
        let index = self.instructions.len().saturating_sub(1);
        let written = &mut self.tensors[tensor.0];
        if written.engine != Some(engine) {
            *written = Written { engine: Some(engine), marks: Vec::new() };
        }
        match written.marks.last_mut() {
            Some(last) if last.bytes >= bytes => last.index = index,
            _ => written.marks.push(Mark { bytes, index }),
        }
    }
}

/// The semaphore by which `reader` waits for what `writer` has put into memory.
fn between(writer: Engine, reader: Engine) -> Option<Semaphore> {
    let found = |semaphore: &Semaphore| {
        semaphore.initial() == 0
            && semaphore.poster() == writer
            && semaphore.taker() == reader
            && writer != Engine::LoadActivations
            && writer != Engine::LoadWeights
            && writer != Engine::Mm
    };
    Semaphore::ALL.iter().copied().find(found)
}
