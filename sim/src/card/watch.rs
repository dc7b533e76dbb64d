//! What a running job tells the registers, and what they tell it.

use super::asked;
use super::fetch::Fetched;
use super::memory::CardMemory;
use super::timing::Schedule;
use satkit_memory::MemoryModel;
use satkit_spec::ArrayConfig;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// How a job ends that nothing stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    /// Cycles from the start to the end of the last instruction.
    pub(crate) cycles: u64,
    /// Instructions of the program.
    pub(crate) retired: u32,
    /// A gradient was not finite, and guarded updates were left out.
    pub(crate) not_finite: bool,
}

/// Why a job was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Index of the instruction that is at fault, or that had not retired.
    pub(crate) instruction: usize,
    /// What happened.
    pub(crate) kind: FaultKind,
}

/// What stops a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The instruction cannot be decoded or executed, in words.
    Illegal(String),
    /// Card memory answered with an error.
    Axi {
        /// First byte that it concerns.
        address: u64,
    },
    /// No instruction retired for too long.
    Watchdog,
    /// The host asked for it, by cancelling or by a reset.
    Cancelled,
}

/// One job, seen from both sides: progress goes out, the wish to end comes in.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Byte address of the program.
    pub(super) address: u64,
    /// Instructions of the program.
    pub(super) length: u32,
    pub(super) dram: MemoryModel,
    watchdog_cycles: u32,
    fetched: OnceLock<Arc<Fetched>>,
    retired: AtomicU32,
    cycles: AtomicU64,
    cancelled: AtomicBool,
    reset: AtomicBool,
    hanging: Mutex<()>,
    wanted: Condvar,
    /// When the host rang the doorbell.
    pub(super) started: Instant,
}

impl Watch {
    /// A job that is started now and has not begun.
    pub(super) fn new(address: u64, length: u32, watchdog_cycles: u32, dram: MemoryModel) -> Self {
        Self {
            address,
            length,
            dram,
            watchdog_cycles,
            fetched: OnceLock::new(),
            retired: AtomicU32::new(0),
            cycles: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            reset: AtomicBool::new(false),
            hanging: Mutex::new(()),
            wanted: Condvar::new(),
            started: Instant::now(),
        }
    }

    /// Times the job's program, which takes no time if the job before had the same one and all that it asks for is in `memory`. Progress
    /// is told on the way. A program that waits for itself ends by the watchdog, or hangs here until the host ends it.
    ///
    /// # Errors
    /// [`Fault`] if the program is not one that the machine runs to its end.
    pub(crate) fn time(
        &self,
        config: &ArrayConfig,
        memory: &CardMemory,
    ) -> Result<Finished, Fault> {
        let Some(fetched) = self.fetched.get() else {
            let kind = FaultKind::Illegal("no program was fetched".into());
            return Err(Fault { instruction: 0, kind });
        };
        let schedule = match fetched.schedule.get() {
            Some(schedule) => schedule,
            None => {
                let new = Schedule::of(config, &fetched.program, self.address, &self.dram, self)?;
                fetched.schedule.get_or_init(|| new)
            }
        };
        if !schedule.is_there(memory) {
            let until = schedule.watchdog_cycle(self.watchdog_cycles);
            asked::check(config, &fetched.program, memory, until, self)?;
        }
        schedule.run(self.watchdog_cycles, self)
    }

    /// So many instructions have retired after so many cycles.
    pub(crate) fn progress(&self, retired: u32, cycles: u64) {
        self.retired.store(retired, Ordering::Relaxed);
        self.cycles.store(cycles, Ordering::Relaxed);
    }

    /// True once the job is to end before its next instruction.
    pub(crate) fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Waits until the job is cancelled, as a program does that waits for itself.
    pub(super) fn hang(&self) {
        let mut guard = self.hanging.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.cancelled() {
            guard = self.wanted.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn set_fetched(&self, fetched: Arc<Fetched>) {
        // A job is fetched once.
        let _ = self.fetched.set(fetched);
    }

    pub(super) fn retired(&self) -> u32 {
        self.retired.load(Ordering::Relaxed)
    }

    pub(super) fn cycles(&self) -> u64 {
        self.cycles.load(Ordering::Relaxed)
    }

    pub(super) fn cancel(&self) {
        let _guard = self.hanging.lock().unwrap_or_else(PoisonError::into_inner);
        self.cancelled.store(true, Ordering::Relaxed);
        self.wanted.notify_all();
    }

    /// Cancels, and nothing of the job is to be seen any more.
    pub(super) fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
        self.cancel();
    }

    pub(super) fn was_reset(&self) -> bool {
        self.reset.load(Ordering::Relaxed)
    }
}
