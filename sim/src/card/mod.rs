//! A card in this process: registers, memory and jobs as the hardware shows them.
//!
//! [`SimCard`] is driven through [`Card`] alone, by the registers and the memory map of `satkit-spec`. What it does in its own
//! way, because it is a simulator:
//!
//! - It has no time but that of its jobs: the cycle counter goes on by a job's cycles when the job ends, and stands still
//!   between jobs.
//! - It fetches and decodes the whole program before it starts, and finds an impossible instruction before any other has
//!   moved a value. A program starts at a multiple of 64 bytes; elsewhere its fetch is an AXI error.
//! - It asks its memory for all that a program asks for before it moves a value, so that a job that ends with `AXI_ERROR` moves none.
//!   Instruction and address are those of the hardware; `RETIRED` and `JOB_CYCLES` are of the moment in which the answer comes. Hardware
//!   counts on until the engine has it, and tells of a load when those before it have ended.
//! - Writing the reset bit returns when the job has ended.
//! - DMA takes the time of a copy, and concurrent transfers do not wait for each other.

mod asked;
mod digests;
mod execute;
mod fetch;
mod registers;
mod timing;
mod values;
mod watch;
mod worker;

pub use memory::{CardMemory, MemoryFault, MemoryFaultKind};

use satkit_memory::{MemoryError, MemoryModel, Ports};
use satkit_spec::regs::{self, control};
use satkit_spec::{ArrayConfig, SpecError, memory_map};
use satkit_transport::{
    Card, CardInfo, CardResult, DmaBuf, ResetKind, Wait, check_index, check_register, memory,
};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use worker::Core;

/// What a simulated card is made with, besides its array.
#[derive(Clone, Debug)]
pub struct SimCardOptions {
    /// The timing model of the memory.
    pub dram: MemoryModel,
    /// Bytes of the memory that DMA and the core reach.
    pub memory_bytes: u64,
    /// Keeps what each instruction has written, for [`SimCard::digests`].
    pub keeps_digests: bool,
}

impl Default for SimCardOptions {
    /// DDR4-2400, and as much of it as the card has.
    fn default() -> Self {
        Self { dram: MemoryModel::ddr4(), memory_bytes: memory_map::BYTES, keeps_digests: false }
    }
}

/// Why there is no simulated card.
#[derive(Debug, thiserror::Error)]
pub enum SimCardError {
    /// The array cannot be built.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The memory model does not fit the array.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The system gives no thread.
    #[error("no thread for the simulated card: {0}; close other programs and try again")]
    Thread(std::io::Error),
}

/// The simulated accelerator as a card. Dropping it ends its job and its thread.
#[derive(Debug)]
pub struct SimCard {
    info: CardInfo,
    core: Arc<Core>,
    worker: Option<JoinHandle<()>>,
}

impl SimCard {
    /// A card with the array `config`, as after power-on.
    ///
    /// # Errors
    /// [`SimCardError`].
    pub fn new(config: &ArrayConfig, options: &SimCardOptions) -> Result<Self, SimCardError> {
        config.validate()?;
        options.dram.build(&Ports::from(config))?;
        let core = Arc::new(Core::new(config, options));
        let of = Arc::clone(&core);
        let worker = std::thread::Builder::new()
            .name("satkit-sim-card".into())
            .spawn(move || of.work())
            .map_err(SimCardError::Thread)?;
        let info = CardInfo::in_process(
            "simulator",
            regs::WINDOW_BYTES,
            options.memory_bytes,
            memory_map::DMA_CHANNELS,
            memory_map::EVENTS,
        );
        Ok(Self { info, core, worker: Some(worker) })
    }

    /// The last fault in words, for logs and tests: the registers can only number it.
    #[must_use]
    pub fn last_fault(&self) -> Option<String> {
        self.core.registers().fault.clone()
    }

    /// The digest of what each instruction of the last job has written ([`CardMemory::digest`] of [`satkit_plan::written`]), when all was
    /// there; 0 where it writes nothing. Empty unless [`SimCardOptions::keeps_digests`] is set.
    #[must_use]
    pub fn digests(&self) -> Vec<u64> {
        self.core.digests()
    }

    /// Wall time of all jobs so far, each from the write that starts it until its status says that it has ended. For measurements: what a
    /// host takes beyond it is the host's.
    #[must_use]
    pub fn job_time(&self) -> Duration {
        self.core.registers().job_time
    }
}

impl Drop for SimCard {
    fn drop(&mut self) {
        self.core.stop();
        if let Some(worker) = self.worker.take() {
            // A worker catches what panics in a job.
            let _ = worker.join();
        }
    }
}

impl Card for SimCard {
    fn info(&self) -> &CardInfo {
        &self.info
    }

    fn read32(&self, offset: u32) -> CardResult<u32> {
        check_register(offset, self.info.register_bytes)?;
        Ok(self.core.registers().read(offset))
    }

    fn write32(&self, offset: u32, value: u32) -> CardResult<()> {
        check_register(offset, self.info.register_bytes)?;
        if offset == regs::CONTROL.offset && value & control::RESET != 0 {
            drop(self.core.reset());
            return Ok(());
        }
        let mut registers = self.core.registers();
        registers.write(offset, value);
        drop(registers);
        self.core.notify();
        Ok(())
    }

    fn h2c(&self, channel: u8, address: u64, buffer: &DmaBuf) -> CardResult<()> {
        self.core.memory.h2c(&self.info, channel, address, buffer)
    }

    fn c2h(&self, channel: u8, address: u64, buffer: &mut DmaBuf) -> CardResult<()> {
        self.core.memory.c2h(&self.info, channel, address, buffer)
    }

    fn wait_event(&self, irq: u8, timeout: Duration) -> CardResult<Wait> {
        check_index("interrupt line", irq, self.info.events)?;
        let (mut registers, _) = self
            .core
            .changed
            .wait_timeout_while(self.core.registers(), timeout, |registers| !registers.event)
            .unwrap_or_else(PoisonError::into_inner);
        let fired = std::mem::take(&mut registers.event);
        Ok(if fired { Wait::Fired } else { Wait::TimedOut })
    }

    fn reset(&self, kind: ResetKind) -> CardResult<()> {
        let mut registers = self.core.reset();
        match kind {
            ResetKind::Core => {}
            // No transfer is under way that outlives its call.
            ResetKind::DmaEngine => registers.event = false,
            ResetKind::PciHot => registers.power_on(),
        }
        Ok(())
    }
}
