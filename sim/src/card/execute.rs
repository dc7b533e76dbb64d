//! The execution of a job's program: its time, and no values yet.

use super::memory::CardMemory;
use super::watch::{Fault, Finished, Watch};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Instruction;

/// Executes a program on the machine `config` with the card's memory.
///
/// # Errors
/// [`Fault`] with the first instruction that stops it.
pub(crate) fn execute(
    config: &ArrayConfig,
    _memory: &CardMemory,
    _program: &[Instruction],
    watch: &Watch,
) -> Result<Finished, Fault> {
    watch.time(config)
}
