//! The core behind the registers, and the thread that runs its jobs.

use super::SimCardOptions;
use super::digests::Digests;
use super::execute::execute;
use super::fetch::{Fetched, Recent};
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
    /// Of the last job, if they are kept.
    digests: Option<Mutex<Vec<u64>>>,
}

impl Core {
    pub(super) fn new(config: &ArrayConfig, options: &SimCardOptions) -> Self {
        Self {
            config: config.clone(),
            memory: CardMemory::new(options.memory_bytes),
            registers: Mutex::new(Registers::new(config, options.dram)),
            changed: Condvar::new(),
            stopped: AtomicBool::new(false),
            digests: options.keeps_digests.then(Mutex::default),
        }
    }

    pub(super) fn digests(&self) -> Vec<u64> {
        let digests = self.digests.as_ref();
        digests
            .map_or_else(Vec::new, |all| all.lock().unwrap_or_else(PoisonError::into_inner).clone())
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
        let mut recent = Recent::default();
        while let Some(job) = self.next() {
            let run = AssertUnwindSafe(|| self.run(&job, &mut recent));
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

    fn run(&self, job: &Watch, recent: &mut Recent) -> Result<Finished, Fault> {
        if job.cancelled() {
            return Err(Fault { instruction: 0, kind: FaultKind::Cancelled });
        }
        let fetched = Fetched::read(&self.memory, job, recent)?;
        recent.keep(&fetched);
        job.set_fetched(Arc::clone(&fetched));
        let mut digests =
            self.digests.as_ref().map(|_| Digests::of(&self.config, &fetched.program));
        let result = execute(&self.config, &self.memory, &fetched, job, digests.as_mut());
        if let (Some(kept), Some(digests)) = (&self.digests, digests) {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = digests.finish();
        }
        result
    }
}
