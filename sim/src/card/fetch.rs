//! A program as it comes out of card memory.

use super::memory::CardMemory;
use super::timing::Schedule;
use super::values::LoweredStages;
use super::watch::{Fault, FaultKind, Watch};
use satkit_plan::Program;
use satkit_spec::isa::{ADDRESS_UNIT_BYTES, Instruction, Word};
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

/// A decoded program with the words that it comes from.
#[derive(Debug)]
pub(super) struct Fetched {
    /// First byte in card memory.
    address: u64,
    words: Vec<u8>,
    pub(super) program: Program,
    /// Its timing, once it has been asked for.
    pub(super) schedule: OnceLock<Schedule>,
    /// Its MAC stages, once they have been computed.
    pub(super) lowered: LoweredStages,
}

/// The programs that came last, so that those which take turns are decoded and timed once.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Arc<Fetched>>);

impl Recent {
    const MOST: usize = 4;

    pub(super) fn keep(&mut self, fetched: &Arc<Fetched>) {
        self.0.retain(|kept| !Arc::ptr_eq(kept, fetched));
        self.0.truncate(Self::MOST - 1);
        self.0.push_front(Arc::clone(fetched));
    }
}

impl Fetched {
    /// Reads and decodes a job's program, or gives the one of `recent` back that has the same words in the same
    /// place.
    ///
    /// # Errors
    /// [`FaultKind::Axi`] where memory does not answer, and for an address that is not one of a beat;
    /// [`FaultKind::Illegal`] for a word that is no instruction, and at the end of the longest program.
    pub(super) fn read(
        memory: &CardMemory,
        watch: &Watch,
        recent: &Recent,
    ) -> Result<Arc<Self>, Fault> {
        let (address, length) = (watch.address, watch.length as usize);
        let axi = |at: u64| {
            let instruction = (at.saturating_sub(address) / Word::BYTES as u64) as usize;
            Fault { instruction, kind: FaultKind::Axi { address: at } }
        };
        if !address.is_multiple_of(ADDRESS_UNIT_BYTES) {
            return Err(axi(address));
        }
        if length > Program::MAX_INSTRUCTIONS {
            let instruction = Program::MAX_INSTRUCTIONS;
            let reason = format!("a program of {length}; accepted: up to {instruction}");
            return Err(Fault { instruction, kind: FaultKind::Illegal(reason) });
        }
        let mut words = vec![0; length * Word::BYTES];
        memory.read(address, &mut words).map_err(|fault| axi(fault.address))?;
        if let Some(kept) =
            recent.0.iter().find(|kept| kept.address == address && kept.words == words)
        {
            return Ok(Arc::clone(kept));
        }
        let mut instructions = Vec::with_capacity(length);
        for (index, word) in words.as_chunks::<{ Word::BYTES }>().0.iter().enumerate() {
            let instruction = Instruction::decode(&Word::from_bytes(word)).map_err(|error| {
                Fault { instruction: index, kind: FaultKind::Illegal(error.to_string()) }
            })?;
            instructions.push(instruction);
        }
        let program = Program::new(instructions);
        let (schedule, lowered) = (OnceLock::new(), LoweredStages::default());
        Ok(Arc::new(Self { address, words, program, schedule, lowered }))
    }
}
