//! One program's use of one card: [`Session`].
//!
//! A session checks whom it talks to, hands out card memory, moves bytes, runs jobs, and brings the core back after whatever
//! went wrong. It knows [`Card`] alone, so the simulator and the hardware are the same to it. What lies in card memory, and what
//! a program does with it, is the business of those who call it.

mod allocator;
mod error;
mod job;
mod memory;
mod program;
mod ranges;
mod transfer;
mod window;

pub use error::{SessionError, SessionResult};
pub use job::{Job, JobReport};
pub use memory::CardBuffer;
pub use program::CardProgram;

use job::Running;
use memory::Space;
use satkit_spec::ArrayConfig;
use satkit_spec::regs::{self, control};
use satkit_transport::{Card, CardError, CardInfo, CardResult, ResetKind};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use transfer::Buffers;
use window::Window;

/// How long a core may take to stop when it is asked to.
const STOP: Duration = Duration::from_millis(100);

/// How a session goes about its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// Reads every upload back and compares its CRC-32.
    pub verify_uploads: bool,
    /// Reads every download twice and compares.
    pub verify_downloads: bool,
    /// Bytes of one transfer: whole blocks of 4 KiB, at least one and at most 1 GiB; others are rounded.
    pub chunk_bytes: usize,
    /// Cycles without a retired instruction until the core gives up on a program; 0 is never.
    pub watchdog_cycles: u32,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            verify_uploads: false,
            verify_downloads: false,
            chunk_bytes: 4 << 20,
            watchdog_cycles: 1 << 28,
        }
    }
}

/// What a session has done and met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionStats {
    /// Jobs started.
    pub jobs: u64,
    /// Jobs that were done without an interrupt.
    pub lost_interrupts: u64,
    /// Interrupts that came while the job was not done.
    pub spurious_interrupts: u64,
    /// Times that the core was stopped and reset after something went wrong.
    pub recoveries: u64,
    /// Transfers that failed once and were tried again.
    pub retried_transfers: u64,
    /// Uploads that came back with another checksum.
    pub corrupt_transfers: u64,
    /// Bytes that callers uploaded.
    pub uploaded_bytes: u64,
    /// Bytes that callers downloaded.
    pub downloaded_bytes: u64,
    /// Bytes that were filled with zeros before their first use.
    pub zeroed_bytes: u64,
}

/// A card in use. All methods may be called from several threads. Dropping it resets the core if a job runs.
pub struct Session {
    window: Window,
    config: ArrayConfig,
    settings: SessionSettings,
    space: Arc<Mutex<Space>>,
    buffers: Buffers,
    running: Mutex<Running>,
    stats: Mutex<SessionStats>,
}

impl Session {
    /// Takes a card into use whose core should have the array `expected`, and resets the core.
    ///
    /// # Errors
    /// [`CardError::DeviceLost`], [`CardError::IdMismatch`], [`CardError::ContractMismatch`], [`CardError::NotCalibrated`] and
    /// what the card says.
    pub fn open(card: Arc<dyn Card>, expected: &ArrayConfig) -> CardResult<Self> {
        Self::open_with(card, expected, SessionSettings::default())
    }

    /// As [`Session::open`], with other settings.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn open_with(
        card: Arc<dyn Card>,
        expected: &ArrayConfig,
        settings: SessionSettings,
    ) -> CardResult<Self> {
        let memory_bytes = card.info().memory_bytes;
        let session = Self {
            window: Window { card },
            config: expected.clone(),
            settings,
            space: Arc::new(Mutex::new(Space::new(memory_bytes))),
            buffers: Buffers::default(),
            running: Mutex::default(),
            stats: Mutex::default(),
        };
        session.window.check(expected)?;
        session.reset()?;
        Ok(session)
    }

    /// What is known of the card.
    #[must_use]
    pub fn info(&self) -> &CardInfo {
        self.window.card.info()
    }

    /// The array of the card's core.
    #[must_use]
    pub const fn config(&self) -> &ArrayConfig {
        &self.config
    }

    /// What the session has done so far.
    #[must_use]
    pub fn stats(&self) -> SessionStats {
        *lock(&self.stats)
    }

    /// Stops whatever the core does and resets it. Its job is gone; card memory stays.
    ///
    /// # Errors
    /// [`CardError::DeviceLost`], [`CardError::Timeout`] if the core does not stop, and what the card says.
    pub fn recover(&self) -> CardResult<()> {
        let mut running = lock(&self.running);
        running.current = None;
        lock(&self.stats).recoveries += 1;
        self.reset()
    }

    fn reset(&self) -> CardResult<()> {
        self.window.present()?;
        // A core that ends between two instructions leaves no transfer of its own on the bus half done.
        if self.window.read(regs::RUNNING)? != 0 {
            self.window.write(regs::CONTROL, control::CANCEL)?;
            self.stops_within(STOP)?;
        }
        self.window.card.reset(ResetKind::Core)?;
        if !self.stops_within(STOP)? {
            let done = self.window.read(regs::RETIRED)?.into();
            return Err(CardError::Timeout { operation: "reset", address: 0, done });
        }
        Ok(())
    }

    fn stops_within(&self, most: Duration) -> CardResult<bool> {
        let deadline = Instant::now() + most;
        while self.window.read(regs::RUNNING)? != 0 {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(true)
    }

    fn memory_bytes(&self) -> u64 {
        self.info().memory_bytes
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if lock(&self.running).current.is_some() {
            // Nobody is left to hear of a failure, and the next session resets the core again.
            let _ = self.reset();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("card", self.info()).field("stats", &self.stats()).finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
