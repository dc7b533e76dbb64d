//! Jobs: one program at a time, started, waited for, ended.

use super::error::{SessionError, SessionResult};
use super::program::CardProgram;
use super::{Session, lock};
use satkit_spec::memory_map::STATUS_EVENT;
use satkit_spec::regs::{self, control, status};
use satkit_transport::{CardError, CardResult, Wait};
use std::time::{Duration, Instant};

/// Longest wait for an interrupt before the status is read again.
const POLL: Duration = Duration::from_millis(100);
/// How late an interrupt may be behind the status that it tells of.
const LATE: Duration = Duration::from_millis(20);
/// Bits of the status that say that a program was stopped.
const STOPPED: u32 =
    status::ILLEGAL_INSTRUCTION | status::AXI_ERROR | status::WATCHDOG | status::CANCELLED;

/// The job that a session believes to run.
#[derive(Debug, Default)]
pub(super) struct Running {
    last: u64,
    pub(super) current: Option<u64>,
}

/// A job under way. Dropping it leaves the job running, and the session waits for [`Session::recover`].
#[derive(Debug)]
#[must_use = "a job that nobody waits for keeps the session from the next one"]
pub struct Job {
    id: u64,
    program: CardProgram,
    started: Instant,
}

/// What a job that ran to its end came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobReport {
    /// Cycles of the core.
    pub cycles: u64,
    /// Instructions that retired.
    pub retired: u32,
    /// A gradient was not finite, and guarded updates were left out.
    pub not_finite: bool,
    /// True if the job was done and no interrupt had said so.
    pub lost_interrupt: bool,
    /// From the start to the moment in which the host knew of the end.
    pub wall: Duration,
}

impl Job {
    /// When it was started.
    #[must_use]
    pub const fn started(&self) -> Instant {
        self.started
    }
}

impl Session {
    /// Starts a program. The host may upload and download meanwhile.
    ///
    /// # Errors
    /// [`SessionError::JobRunning`], and what the card says.
    pub fn submit(&self, program: &CardProgram) -> SessionResult<Job> {
        let mut running = lock(&self.running);
        if running.current.is_some() {
            return Err(SessionError::JobRunning);
        }
        let address = program.address();
        let window = &self.window;
        window.write(regs::STATUS, u32::MAX)?;
        window.write(regs::INTERRUPT_ENABLE, status::DONE)?;
        window.write(regs::PROGRAM_LOW, address as u32)?;
        window.write(regs::PROGRAM_HIGH, (address >> 32) as u32)?;
        window.write(regs::PROGRAM_LENGTH, program.instructions())?;
        window.write(regs::WATCHDOG_CYCLES, self.settings.watchdog_cycles)?;
        running.last += 1;
        let id = running.last;
        running.current = Some(id);
        drop(running);
        lock(&self.stats).jobs += 1;
        let started = Instant::now();
        // Whether a start that fails has started anything is unknown, and it is not tried twice.
        self.or_recover(window.write(regs::CONTROL, control::START))?;
        Ok(Job { id, program: program.clone(), started })
    }

    /// Waits until a job has ended, at most `timeout` from now on. If it has not ended by itself, the core is reset, and the
    /// next job finds it as new.
    ///
    /// # Errors
    /// [`CardError::Fault`] if the core stopped the program, [`CardError::Timeout`] with the instructions that had retired,
    /// [`SessionError::JobGone`], and what the card says.
    pub fn wait(&self, job: Job, timeout: Duration) -> SessionResult<JobReport> {
        let deadline = Instant::now().checked_add(timeout);
        let mut fired = false;
        let status = loop {
            if lock(&self.running).current != Some(job.id) {
                return Err(SessionError::JobGone);
            }
            let status = self.or_recover(self.window.read(regs::STATUS))?;
            if status & status::DONE != 0 {
                break status;
            }
            if fired {
                lock(&self.stats).spurious_interrupts += 1;
            }
            let left = deadline.map_or(POLL, |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(self.timed_out(&job)?.into());
            }
            let waited = self.window.card.wait_event(STATUS_EVENT, left.min(POLL));
            fired = self.or_recover(waited)? == Wait::Fired;
        };
        let wall = job.started.elapsed();
        // Also takes the interrupt of this job away, so that the next one is not woken by it.
        let heard = fired
            || self.or_recover(self.window.card.wait_event(STATUS_EVENT, LATE))? == Wait::Fired;
        if !heard {
            lock(&self.stats).lost_interrupts += 1;
        }
        if status & STOPPED != 0 {
            let fault = self.or_recover(self.fault(status))?;
            self.recover()?;
            return Err(fault.into());
        }
        let report = self.or_recover(self.report(status, !heard, wall))?;
        self.end(&job)?;
        Ok(report)
    }

    /// Starts a program and waits for its end.
    ///
    /// # Errors
    /// As [`Session::submit`] and [`Session::wait`].
    pub fn run(&self, program: &CardProgram, timeout: Duration) -> SessionResult<JobReport> {
        self.wait(self.submit(program)?, timeout)
    }

    /// Asks the core to end its job before the next instruction; waiting for it then gives [`CardError::Fault`].
    ///
    /// # Errors
    /// What the card says.
    pub fn cancel(&self) -> CardResult<()> {
        self.window.write(regs::CONTROL, control::CANCEL)
    }

    fn report(&self, status: u32, lost: bool, wall: Duration) -> CardResult<JobReport> {
        Ok(JobReport {
            cycles: self.window.read64(regs::JOB_CYCLES_LOW, regs::JOB_CYCLES_HIGH)?,
            retired: self.window.read(regs::RETIRED)?,
            not_finite: status & status::NOT_FINITE != 0,
            lost_interrupt: lost,
            wall,
        })
    }

    fn fault(&self, status: u32) -> CardResult<CardError> {
        let said = status::BITS.iter().filter(|(_, bit, _)| status & STOPPED & 1 << bit != 0);
        let said: Vec<String> = said.map(|(name, _, doc)| format!("{name}: {doc}")).collect();
        let instruction = self.window.read(regs::FAULT_INSTRUCTION)?;
        let address = if status & status::AXI_ERROR == 0 {
            None
        } else {
            Some(self.window.read64(regs::FAULT_ADDRESS_LOW, regs::FAULT_ADDRESS_HIGH)?)
        };
        Ok(CardError::Fault { instruction, reason: said.join(" "), address })
    }

    fn timed_out(&self, job: &Job) -> SessionResult<CardError> {
        let done = self.or_recover(self.window.read(regs::RETIRED))?;
        self.recover()?;
        let address = job.program.address();
        Ok(CardError::Timeout { operation: "job", address, done: done.into() })
    }

    fn end(&self, job: &Job) -> SessionResult<()> {
        let mut running = lock(&self.running);
        if running.current != Some(job.id) {
            return Err(SessionError::JobGone);
        }
        running.current = None;
        Ok(())
    }

    /// Recovers the core if something went wrong while a job was under way. What went wrong first is what is told.
    fn or_recover<T>(&self, result: CardResult<T>) -> CardResult<T> {
        if result.is_err() {
            let _ = self.recover();
        }
        result
    }
}
