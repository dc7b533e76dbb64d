//! Programs in card memory.

use super::Session;
use super::error::{SessionError, SessionResult};
use super::memory::CardBuffer;
use satkit_plan::Program;
use satkit_spec::isa::{Instruction, Word};
use std::sync::Arc;

/// A program that lies in card memory until this, and every job of it, is dropped.
#[derive(Clone, Debug)]
pub struct CardProgram {
    pub(super) memory: Arc<CardBuffer>,
    instructions: u32,
}

impl CardProgram {
    /// First byte in card memory.
    #[must_use]
    pub fn address(&self) -> u64 {
        self.memory.address()
    }

    /// Instructions of the program.
    #[must_use]
    pub const fn instructions(&self) -> u32 {
        self.instructions
    }
}

impl Session {
    /// Encodes a program and uploads it to where it fits. The tensors that it names are the caller's affair.
    ///
    /// # Errors
    /// [`SessionError::Encoding`], [`SessionError::ProgramLength`], and as [`Session::allocate`] and [`Session::upload`].
    pub fn load(&self, program: &[Instruction]) -> SessionResult<CardProgram> {
        let most = Program::MAX_INSTRUCTIONS;
        if program.is_empty() || program.len() > most {
            return Err(SessionError::ProgramLength { given: program.len(), most });
        }
        let mut words = Vec::with_capacity(program.len() * Word::BYTES);
        for (index, instruction) in program.iter().enumerate() {
            let word = instruction.encode();
            let word = word.map_err(|source| SessionError::Encoding { index, source })?;
            words.extend_from_slice(&word.to_bytes());
        }
        self.load_words(&words)
    }

    /// Uploads words that are encoded already, of `Word::BYTES` bytes each, whatever they say.
    ///
    /// # Errors
    /// As [`Session::load`].
    pub fn load_words(&self, words: &[u8]) -> SessionResult<CardProgram> {
        let memory = Arc::new(self.allocate(words.len() as u64)?);
        self.upload(memory.address(), words)?;
        // Card memory bounds it to 32 bits.
        Ok(CardProgram { memory, instructions: (words.len() / Word::BYTES) as u32 })
    }
}
