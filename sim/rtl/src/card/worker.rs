//! The thread that owns the machine, and what it is asked.

use super::axi::Violation;
use super::machine::Machine;
use super::port::PortStatistics;
use super::trace::{Expected, Retirement};
use satkit_spec::regs::{self, control};
use satkit_transport::{CardError, CardResult, ResetKind};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Cycles between two looks at what is asked, while a program runs.
const BATCH_CYCLES: u64 = 256;
/// Cycles after a reset in which what is under way has to end: more than any memory model lets it wait.
const RESET_PATIENCE_CYCLES: u64 = 1 << 24;

/// What a card's methods ask of its thread; each answers once.
pub(super) enum Request {
    Read {
        offset: u32,
        reply: SyncSender<CardResult<u32>>,
    },
    Write {
        offset: u32,
        value: u32,
        reply: SyncSender<CardResult<()>>,
    },
    Reset {
        kind: ResetKind,
        reply: SyncSender<CardResult<()>>,
    },
    Requests {
        reply: SyncSender<CardResult<Vec<satkit_memory::Request>>>,
    },
    /// What engines have done in the job.
    Retirements {
        reply: SyncSender<CardResult<Vec<Retirement>>>,
    },
    /// How the instructions of the next job have to end.
    Expect {
        expected: Vec<Expected>,
        reply: SyncSender<CardResult<()>>,
    },
    Statistics {
        reply: SyncSender<CardResult<PortStatistics>>,
    },
    Stop,
}

/// What the thread tells those that wait for an event.
#[derive(Debug, Default)]
pub(super) struct Events {
    state: Mutex<State>,
    pub(super) changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// An interrupt came, and nobody has waited for it yet.
    pub(super) event: bool,
    /// Why the card does not answer any more.
    pub(super) broken: Option<String>,
}

impl Events {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a machine for those that ask.
pub(super) struct Worker {
    pub(super) machine: Machine,
    pub(super) requests: Receiver<Request>,
    pub(super) events: Arc<Events>,
}

impl Worker {
    /// Until it is stopped, or nobody can ask any more.
    pub(super) fn work(mut self) {
        loop {
            // The clock stands still while no program runs and no register is accessed.
            let request = if self.machine.running() && !self.is_broken() {
                match self.requests.try_recv() {
                    Ok(request) => Some(request),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                }
            } else {
                let Ok(request) = self.requests.recv() else { return };
                Some(request)
            };
            // Who asked may have gone.
            match request {
                None => {
                    let advanced = self.machine.advance(BATCH_CYCLES);
                    let _ = self.outcome(advanced);
                }
                Some(Request::Read { offset, reply }) => {
                    let _ = reply.send(self.guarded(|machine| machine.load(offset)));
                }
                Some(Request::Write { offset, value, reply }) => {
                    let _ = reply.send(self.write(offset, value));
                }
                Some(Request::Reset { kind, reply }) => {
                    let _ = reply.send(self.reset(kind));
                }
                Some(Request::Requests { reply }) => {
                    let _ = reply.send(Ok(self.machine.requests()));
                }
                Some(Request::Retirements { reply }) => {
                    let _ = reply.send(Ok(self.machine.retirements()));
                }
                Some(Request::Expect { expected, reply }) => {
                    self.machine.expect(expected);
                    let _ = reply.send(Ok(()));
                }
                Some(Request::Statistics { reply }) => {
                    let _ = reply.send(Ok(self.machine.statistics()));
                }
                Some(Request::Stop) => return,
            }
        }
    }

    fn is_broken(&self) -> bool {
        self.events.state().broken.is_some()
    }

    fn write(&mut self, offset: u32, value: u32) -> CardResult<()> {
        self.guarded(|machine| machine.store(offset, value))?;
        if offset == regs::CONTROL.offset && value & control::RESET != 0 {
            self.settle()?;
        }
        Ok(())
    }

    fn reset(&mut self, kind: ResetKind) -> CardResult<()> {
        let soft = self.write(regs::CONTROL.offset, control::RESET);
        match kind {
            ResetKind::Core => soft,
            ResetKind::DmaEngine => {
                soft?;
                self.events.state().event = false;
                Ok(())
            }
            // It takes nothing of the core to work.
            ResetKind::PciHot => {
                self.machine.power_on();
                *self.events.state() = State::default();
                Ok(())
            }
        }
    }

    /// Waits until a reset has ended the program.
    fn settle(&mut self) -> CardResult<()> {
        let mut cycles = 0;
        loop {
            self.guarded(|machine| machine.advance(BATCH_CYCLES))?;
            if !self.machine.running() {
                return Ok(());
            }
            cycles += BATCH_CYCLES;
            if cycles > RESET_PATIENCE_CYCLES {
                let operation = "reset";
                return Err(CardError::Timeout { operation, address: 0, done: cycles });
            }
        }
    }

    /// Does something with a machine that still answers.
    fn guarded<T>(
        &mut self,
        act: impl FnOnce(&mut Machine) -> Result<T, Violation>,
    ) -> CardResult<T> {
        if let Some(reason) = self.events.state().broken.clone() {
            return Err(CardError::DeviceLost { reason });
        }
        let result = act(&mut self.machine);
        self.outcome(result)
    }

    /// Tells of events, and of the end of the card.
    fn outcome<T>(&mut self, result: Result<T, Violation>) -> CardResult<T> {
        let fired = self.machine.take_event();
        if !fired && result.is_ok() {
            return result.map_err(lost);
        }
        let mut state = self.events.state();
        state.event |= fired;
        let result = result.map_err(|violation| {
            state.broken = Some(format!("a defect of the RTL: {violation}"));
            lost(violation)
        });
        drop(state);
        self.events.changed.notify_all();
        result
    }
}

fn lost(violation: Violation) -> CardError {
    CardError::DeviceLost { reason: format!("a defect of the RTL: {violation}") }
}
