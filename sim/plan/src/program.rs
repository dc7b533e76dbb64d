//! Programs: instruction lists that build up in order.

use crate::PlanError;
use satkit_spec::isa::{Instruction, Operation, Semaphore, SemaphoreSet};

/// A list of instructions, as the sequencer fetches them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    instructions: Vec<Instruction>,
}

impl Program {
    /// Most instructions that a program may have (128 MiB of card memory).
    pub const MAX_INSTRUCTIONS: usize = 4 << 20;

    /// The program of these instructions.
    #[must_use]
    pub const fn new(instructions: Vec<Instruction>) -> Self {
        Self { instructions }
    }

    /// The instructions, in the order of fetch.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    pub(crate) fn push(
        &mut self,
        operation: Operation,
        wait: &[Semaphore],
        post: &[Semaphore],
    ) -> Result<(), PlanError> {
        if self.instructions.len() >= Self::MAX_INSTRUCTIONS {
            let limit = Self::MAX_INSTRUCTIONS;
            return Err(PlanError::TooLong { what: "this stage".into(), limit });
        }
        let (wait, post) = (SemaphoreSet::of(wait), SemaphoreSet::of(post));
        self.instructions.push(Instruction { wait, post, operation });
        Ok(())
    }
}
