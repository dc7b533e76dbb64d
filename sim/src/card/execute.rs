//! The execution of a job's program: its time, then its values.

use super::digests::Digests;
use super::fetch::Fetched;
use super::memory::CardMemory;
use super::values::{self, ValueFault};
use super::watch::{Fault, FaultKind, Finished, Watch};
use satkit_spec::ArrayConfig;

/// Executes a program on the machine `config` with the card's memory. A program that the timing model stops, or whose requests
/// memory does not answer, computes no value; one that stops at a value leaves what it had computed before. `digests` are taken of what is written.
///
/// # Errors
/// [`Fault`] with the first instruction that stops it.
pub(super) fn execute(
    config: &ArrayConfig,
    memory: &CardMemory,
    fetched: &Fetched,
    watch: &Watch,
    mut digests: Option<&mut Digests>,
) -> Result<Finished, Fault> {
    let finished = watch.time(config, memory)?;
    let program = fetched.program.instructions();
    let (mut reached, mut cancelled) = (0, false);
    let go_on = &mut |index| {
        cancelled = watch.cancelled();
        reached = index;
        !cancelled
    };
    let done = &mut |index| {
        if let Some(digests) = &mut digests {
            digests.take(memory, index);
        }
    };
    let computed = values::compute(config, memory, program, &fetched.lowered, go_on, done);
    let stopped = |instruction: usize, kind| {
        watch.progress(instruction as u32, finished.cycles);
        Err(Fault { instruction, kind })
    };
    match computed {
        _ if cancelled => stopped(reached, FaultKind::Cancelled),
        Ok(not_finite) => Ok(Finished { not_finite, ..finished }),
        Err((index, ValueFault::Illegal(reason))) => stopped(index, FaultKind::Illegal(reason)),
        Err((index, ValueFault::Memory(fault))) => {
            stopped(index, FaultKind::Axi { address: fault.address })
        }
    }
}
