//! The core behind the registers, and the thread that runs its jobs.

use super::SimCardOptions;
use super::execute::execute;
use super::fetch::Fetched;
use super::memory::CardMemory;
use super::registers::Registers;
use super::watch::{Fault, FaultKind, Finished, Watch};
use satkit_spec::ArrayConfig;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What the card's methods and its thread share.
#[derive(Debug)]
pub(super) struct Core {
    config: ArrayConfig,
    pub(super) memory: CardMemory,
    registers: Mutex<Registers>,
    /// A job starts or ends, an event comes, or the card is dropped.
    pub(super) changed: Condvar,
    stopped: AtomicBool,
}

impl Core {
    pub(super) fn new(config: &ArrayConfig, options: &SimCardOptions) -> Self {
        Self {
            config: config.clone(),
            memory: CardMemory::new(options.memory_bytes),
            registers: Mutex::new(Registers::new(config, options.dram)),
            changed: Condvar::new(),
            stopped: AtomicBool::new(false),
        }
    }

    pub(super) fn registers(&self) -> MutexGuard<'_, Registers> {
        self.registers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn notify(&self) {
        self.changed.notify_all();
    }

    /// Ends the job and resets the core.
    pub(super) fn reset(&self) -> MutexGuard<'_, Registers> {
        let mut registers = self.registers();
        while let Some(job) = &registers.job {
            job.reset();
            registers = self.changed.wait(registers).unwrap_or_else(PoisonError::into_inner);
        }
        registers.reset();
        registers
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        let registers = self.registers();
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(job) = &registers.job {
            job.reset();
        }
        drop(registers);
        self.notify();
    }

    /// Runs one job after the other.
    pub(super) fn work(&self) {
        let mut last = None;
        while let Some(job) = self.next() {
            let run = AssertUnwindSafe(|| self.run(&job, &mut last));
            // A mistake in the simulator ends the job, not the card.
            let result = catch_unwind(run).unwrap_or_else(|_| {
                let kind = FaultKind::Illegal("the simulator failed on this program".into());
                Err(Fault { instruction: job.retired() as usize, kind })
            });
            self.registers().ended(result);
            self.notify();
        }
    }

    fn next(&self) -> Option<Arc<Watch>> {
        let idle = |registers: &mut Registers| {
            registers.pending.is_none() && !self.stopped.load(Ordering::Relaxed)
        };
        let waited = self.changed.wait_while(self.registers(), idle);
        let mut registers = waited.unwrap_or_else(PoisonError::into_inner);
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        registers.pending.take()
    }

    fn run(&self, job: &Watch, last: &mut Option<Arc<Fetched>>) -> Result<Finished, Fault> {
        if job.cancelled() {
            return Err(Fault { instruction: 0, kind: FaultKind::Cancelled });
        }
        let fetched = Fetched::read(&self.memory, job, last.as_ref())?;
        *last = Some(Arc::clone(&fetched));
        job.set_fetched(Arc::clone(&fetched));
        execute(&self.config, &self.memory, fetched.program.instructions(), job)
    }
}
