//! The whole accelerator's Verilog as a card.
//!
//! [`RtlCard`] is driven through [`Card`] alone, as the simulator and hardware are. A thread owns the Verilated top and its clock;
//! registers are accessed by AXI4-Lite, and behind each AXI4 master lies the card's memory, whose bytes are the same sparse ones as
//! the simulator's and whose cycles are those of a memory model (`bus`). What it does in its own way, because it is a model:
//!
//! - Its clock stands still but for jobs and register accesses. The first request of a job finds the memory as new,
//!   so that a job takes the same cycles whenever it runs.
//! - Writing the reset bit returns when the job has ended.
//! - DMA takes the time of a copy, and none of the clock's.
//! - A mistake of the RTL on a bus makes it a lost device, with the reason; a reset of the slot brings it back.

mod axi;
mod bus;
mod machine;
mod port;
mod top;
mod trace;
mod worker;

pub use port::PortStatistics;
pub use trace::{Expected, Retirement};

use crate::{Build, Model, RtlError};
use bus::Bus;
use machine::Machine;
use satkit_hdl::emit::Design;
use satkit_memory::{MemoryError, MemoryModel, Ports};
use satkit_spec::{ArrayConfig, SpecError, memory_map, regs};
use satkit_transport::memory::CardMemory;
use satkit_transport::{
    Card, CardError, CardInfo, CardResult, DmaBuf, ResetKind, Wait, check_index, check_register,
};
use std::ops::Range;
use std::sync::mpsc::{self, Sender, SyncSender};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use worker::{Events, Request, Worker};

/// What a card of RTL is made with, besides its array.
#[derive(Clone, Debug)]
pub struct RtlCardOptions<'a> {
    /// The timing model of the memory.
    pub dram: MemoryModel,
    /// Bytes of the memory that DMA and the core reach.
    pub memory_bytes: u64,
    /// Keeps what a job asks of memory, for [`RtlCard::job_requests`].
    pub keeps_requests: bool,
    /// Keeps when instructions start and end, which [`RtlCard::retirements`] gives; the Verilog then has outputs for it.
    pub keeps_retirements: bool,
    /// How the model is made, and whether it writes waves.
    pub build: Build<'a>,
    /// The cycles of a job of which it writes them [default: all, and what is between jobs].
    pub wave_cycles: Option<Range<u64>>,
}

impl Default for RtlCardOptions<'_> {
    /// DDR4-2400, and as much of it as the card has.
    fn default() -> Self {
        let build = Build::default();
        let (dram, memory_bytes) = (MemoryModel::ddr4(), memory_map::BYTES);
        Self {
            dram,
            memory_bytes,
            keeps_requests: false,
            keeps_retirements: false,
            build,
            wave_cycles: None,
        }
    }
}

/// Why there is no such card.
#[derive(Debug, thiserror::Error)]
pub enum RtlCardError {
    /// The array cannot be built.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The memory model does not fit the array.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// There is no model of the Verilog.
    #[error(transparent)]
    Rtl(#[from] RtlError),
    /// The system gives no thread.
    #[error("no thread for the card of RTL: {0}; close other programs and try again")]
    Thread(std::io::Error),
}

/// The Verilated accelerator as a card. Dropping it ends its job and its thread.
#[derive(Debug)]
pub struct RtlCard {
    info: CardInfo,
    memory: Arc<CardMemory>,
    requests: Sender<Request>,
    events: Arc<Events>,
    worker: Option<JoinHandle<()>>,
}

impl RtlCard {
    /// Name in [`CardInfo`].
    pub const NAME: &'static str = "Verilated RTL";

    /// The accelerator with the array `config`, as after power-on. Models of the arrays tiny and small may be part of this binary;
    /// others are compiled once, which takes minutes.
    ///
    /// # Errors
    /// [`RtlCardError`].
    pub fn new(config: &ArrayConfig, options: &RtlCardOptions<'_>) -> Result<Self, RtlCardError> {
        config.validate()?;
        let design = if options.keeps_retirements {
            satkit_hdl::accelerator::traced(config)
        } else {
            satkit_hdl::accelerator::design(config)
        };
        let design = design.map_err(RtlError::from)?;
        Self::of(&design, config, options)
    }

    /// A card whose top is `design`, with the ports of the module `satkit` (`hdl/boards/vcu1525/top.tcl`).
    ///
    /// # Errors
    /// [`RtlCardError`]; [`RtlError::Port`] if the design lacks a port.
    pub fn of(
        design: &Design,
        config: &ArrayConfig,
        options: &RtlCardOptions<'_>,
    ) -> Result<Self, RtlCardError> {
        config.validate()?;
        let memory = Arc::new(CardMemory::new(options.memory_bytes));
        let mut bus = Bus::new(Arc::clone(&memory), options.dram, Ports::from(config))?;
        if options.keeps_requests {
            bus.keep_requests();
        }
        let clock_hz = options.build.clock_hz.or(Some(config.clock_hz));
        let model = Model::of(design, &Build { clock_hz, ..options.build })?;
        let traced = options.keeps_retirements;
        let machine = Machine::new(config, model, bus, traced, options.wave_cycles.clone())?;
        let (requests, receiver) = mpsc::channel();
        let events = Arc::new(Events::default());
        let worker = Worker { machine, requests: receiver, events: Arc::clone(&events) };
        let worker = std::thread::Builder::new()
            .name("satkit-rtl-card".into())
            .spawn(move || worker.work())
            .map_err(RtlCardError::Thread)?;
        let info = CardInfo::in_process(
            Self::NAME,
            regs::WINDOW_BYTES,
            options.memory_bytes,
            memory_map::DMA_CHANNELS,
            memory_map::EVENTS,
        );
        Ok(Self { info, memory, requests, events, worker: Some(worker) })
    }

    /// How well the core's masters have kept to the memory model's cycles since the card was made.
    ///
    /// # Errors
    /// [`CardError::DeviceLost`] if the card's thread has ended.
    pub fn port_statistics(&self) -> CardResult<PortStatistics> {
        self.ask(|reply| Request::Statistics { reply })
    }

    /// What the running or last job has asked of memory, in the order and the cycles (of the job) in which it did; empty unless
    /// [`RtlCardOptions::keeps_requests`] is set.
    ///
    /// # Errors
    /// As [`RtlCard::port_statistics`].
    pub fn job_requests(&self) -> CardResult<Vec<satkit_memory::Request>> {
        self.ask(|reply| Request::Requests { reply })
    }

    /// The instructions of engines that have ended in the running or last job, in the order of their ends; none unless they are kept.
    ///
    /// # Errors
    /// [`CardError::DeviceLost`] if the card's thread has ended.
    pub fn retirements(&self) -> CardResult<Vec<Retirement>> {
        self.ask(|reply| Request::Retirements { reply })
    }

    /// Compares the instructions of the next job with `expected`, engine by engine in the order of the program, while it runs. The first that
    /// ends in another cycle, or has written anything else, stops the clock: the card is lost ([`CardError::DeviceLost`]) until
    /// [`ResetKind::PciHot`], with the instruction and both endings as the reason. Compares nothing unless retirements are kept.
    ///
    /// # Errors
    /// As [`RtlCard::retirements`].
    pub fn expect(&self, expected: Vec<Expected>) -> CardResult<()> {
        self.ask(|reply| Request::Expect { expected, reply })
    }

    fn ask<T>(&self, request: impl FnOnce(SyncSender<CardResult<T>>) -> Request) -> CardResult<T> {
        let (reply, answer) = mpsc::sync_channel(1);
        let ended = || CardError::DeviceLost { reason: "the thread of the RTL has ended".into() };
        self.requests.send(request(reply)).map_err(|_| ended())?;
        answer.recv().map_err(|_| ended())?
    }
}

impl Drop for RtlCard {
    fn drop(&mut self) {
        // It may have ended of itself.
        let _ = self.requests.send(Request::Stop);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

impl Card for RtlCard {
    fn info(&self) -> &CardInfo {
        &self.info
    }

    fn read32(&self, offset: u32) -> CardResult<u32> {
        check_register(offset, self.info.register_bytes)?;
        self.ask(|reply| Request::Read { offset, reply })
    }

    fn write32(&self, offset: u32, value: u32) -> CardResult<()> {
        check_register(offset, self.info.register_bytes)?;
        self.ask(|reply| Request::Write { offset, value, reply })
    }

    fn h2c(&self, channel: u8, address: u64, buffer: &DmaBuf) -> CardResult<()> {
        self.memory.h2c(&self.info, channel, address, buffer)
    }

    fn c2h(&self, channel: u8, address: u64, buffer: &mut DmaBuf) -> CardResult<()> {
        self.memory.c2h(&self.info, channel, address, buffer)
    }

    fn wait_event(&self, irq: u8, timeout: Duration) -> CardResult<Wait> {
        check_index("interrupt line", irq, self.info.events)?;
        let (mut state, _) = self
            .events
            .changed
            .wait_timeout_while(self.events.state(), timeout, |state| {
                !state.event && state.broken.is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = state.broken.clone() {
            return Err(CardError::DeviceLost { reason });
        }
        let fired = std::mem::take(&mut state.event);
        Ok(if fired { Wait::Fired } else { Wait::TimedOut })
    }

    fn reset(&self, kind: ResetKind) -> CardResult<()> {
        self.ask(|reply| Request::Reset { kind, reply })
    }
}
