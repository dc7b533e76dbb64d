//! The way of an interrupt: status, enable, event.

use super::{Checked, Failure};
use satkit_spec::memory_map::{self, STATUS_EVENT};
use satkit_spec::regs::{self, control, status};
use satkit_transport::{Card, Wait};
use std::time::{Duration, Instant};

/// How long an event may take to come. It takes microseconds, or never comes.
const PATIENCE: Duration = Duration::from_secs(2);
const NO_INTERRUPT: &str = "the program ended, but no interrupt came: look for the card's MSI-X vectors in /proc/interrupts, and load \
     the driver with interrupts, not polling (poll_mode=0)";

/// Runs a program of no instructions, which is done at once, and waits for its interrupt.
pub(super) fn check(card: &dyn Card) -> Checked {
    let outcome = run(card);
    // Whatever happened, nothing is left enabled.
    card.write32(regs::INTERRUPT_ENABLE.offset, 0)?;
    card.write32(regs::STATUS.offset, u32::MAX)?;
    outcome
}

fn run(card: &dyn Card) -> Checked {
    let write = |register: regs::Register, value| card.write32(register.offset, value);
    write(regs::INTERRUPT_ENABLE, 0)?;
    write(regs::STATUS, u32::MAX)?;
    // Events of earlier programs count no more: there is one at most, as they saturate.
    card.wait_event(STATUS_EVENT, Duration::ZERO)?;
    write(regs::PROGRAM_LOW, memory_map::BASE as u32)?;
    write(regs::PROGRAM_HIGH, (memory_map::BASE >> 32) as u32)?;
    write(regs::PROGRAM_LENGTH, 0)?;
    write(regs::INTERRUPT_ENABLE, status::DONE)?;
    write(regs::CONTROL, control::START)?;
    // An event is a hint: one without a reason may come before that of the program.
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = card.wait_event(STATUS_EVENT, left)?;
        let found = card.read32(regs::STATUS.offset)?;
        match (waited, found & status::DONE != 0) {
            (Wait::Fired, true) => return Ok("an empty program ended with its interrupt".into()),
            (Wait::Fired, false) if !left.is_zero() => {}
            (_, true) => return Err(Failure::Wrong(NO_INTERRUPT.into())),
            (_, false) => {
                let reason = format!(
                    "an empty program does not end: STATUS reads {found:#x}; try `satkit card reset`"
                );
                return Err(Failure::Wrong(reason));
            }
        }
    }
}
