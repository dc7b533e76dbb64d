//! The register window: what each register holds, and what writing it does.

use super::watch::{Fault, FaultKind, Finished, Watch};
use satkit_memory::MemoryModel;
use satkit_spec::regs::{self, Register, control, status};
use satkit_spec::{ArrayConfig, CONTRACT_VERSION, contract_hash, memory_map};
use std::sync::Arc;
use std::time::Duration;

/// All bits of `STATUS`.
const STATUS_BITS: u32 = {
    let (mut bits, mut at) = (0, 0);
    while at < status::BITS.len() {
        bits |= 1 << status::BITS[at].1;
        at += 1;
    }
    bits
};

/// What of the window does not change.
#[derive(Clone, Copy, Debug)]
struct Identity {
    contract: u32,
    configuration: u32,
}

/// A 64-bit counter of which the low half is read first.
#[derive(Clone, Copy, Debug, Default)]
struct Latched {
    value: u64,
    high: u32,
}

impl Latched {
    const fn low(&mut self) -> u32 {
        self.high = (self.value >> 32) as u32;
        self.value as u32
    }
}

/// All state of the window.
#[derive(Debug)]
pub(super) struct Registers {
    identity: Identity,
    dram: MemoryModel,
    scratch: u32,
    /// The simulator has no time but that of jobs: this stands still between them.
    cycles: Latched,
    status: u32,
    interrupt_enable: u32,
    program: u64,
    program_length: u32,
    watchdog_cycles: u32,
    fault_instruction: u32,
    fault_address: u64,
    retired: u32,
    job_cycles: Latched,
    /// The job that runs.
    pub(super) job: Option<Arc<Watch>>,
    /// It, until the worker takes it.
    pub(super) pending: Option<Arc<Watch>>,
    /// The last fault in words.
    pub(super) fault: Option<String>,
    /// An interrupt came, and nobody has waited for it yet.
    pub(super) event: bool,
    /// Wall time of all jobs, each from its start to its end.
    pub(super) job_time: Duration,
}

impl Registers {
    /// The window after power-on.
    pub(super) fn new(config: &ArrayConfig, dram: MemoryModel) -> Self {
        let identity =
            Identity { contract: contract_hash().first_word(), configuration: config.hash_word() };
        Self::with(identity, dram)
    }

    fn with(identity: Identity, dram: MemoryModel) -> Self {
        Self {
            identity,
            dram,
            scratch: 0,
            cycles: Latched::default(),
            status: 0,
            interrupt_enable: 0,
            program: 0,
            program_length: 0,
            watchdog_cycles: 0,
            fault_instruction: 0,
            fault_address: 0,
            retired: 0,
            job_cycles: Latched::default(),
            job: None,
            pending: None,
            fault: None,
            event: false,
            job_time: Duration::ZERO,
        }
    }

    /// Reads a register; what is none reads as 0.
    pub(super) fn read(&mut self, offset: u32) -> u32 {
        let Some(register) = at(offset) else { return 0 };
        match *register {
            regs::IDENTITY_MAGIC => regs::MAGIC,
            regs::CONTRACT_VERSION => CONTRACT_VERSION,
            regs::CONTRACT_HASH => self.identity.contract,
            regs::CONFIGURATION_HASH => self.identity.configuration,
            // The simulated core was generated from no commit; a bitstream's recipe wires both in.
            regs::GIT_HASH | regs::BUILD_DATE => 0,
            regs::DDR_CALIBRATED => memory_map::ALL_CALIBRATED,
            regs::SCRATCH => self.scratch,
            regs::CYCLES_LOW => self.cycles.low(),
            regs::CYCLES_HIGH => self.cycles.high,
            regs::STATUS => self.status,
            regs::INTERRUPT_ENABLE => self.interrupt_enable,
            regs::PROGRAM_LOW => self.program as u32,
            regs::PROGRAM_HIGH => (self.program >> 32) as u32,
            regs::PROGRAM_LENGTH => self.program_length,
            regs::FAULT_INSTRUCTION => self.fault_instruction,
            regs::WATCHDOG_CYCLES => self.watchdog_cycles,
            regs::RUNNING => u32::from(self.job.is_some()),
            regs::RETIRED => self.job.as_ref().map_or(self.retired, |job| job.retired()),
            regs::JOB_CYCLES_LOW => self.job_cycles.low(),
            regs::JOB_CYCLES_HIGH => self.job_cycles.high,
            regs::FAULT_ADDRESS_LOW => self.fault_address as u32,
            regs::FAULT_ADDRESS_HIGH => (self.fault_address >> 32) as u32,
            _ => 0,
        }
    }

    /// Writes a register, other than a reset, which takes until the job has ended. What cannot be written stays as it is.
    pub(super) fn write(&mut self, offset: u32, value: u32) {
        let Some(register) = at(offset) else { return };
        let line = self.line();
        match *register {
            regs::SCRATCH => self.scratch = value,
            regs::CONTROL => self.control(value),
            regs::STATUS => self.status &= !value,
            regs::INTERRUPT_ENABLE => self.interrupt_enable = value & STATUS_BITS,
            regs::PROGRAM_LOW => self.program = self.program >> 32 << 32 | u64::from(value),
            regs::PROGRAM_HIGH => {
                self.program = u64::from(value) << 32 | self.program & u64::from(u32::MAX);
            }
            regs::PROGRAM_LENGTH => self.program_length = value,
            regs::WATCHDOG_CYCLES => self.watchdog_cycles = value,
            _ => {}
        }
        self.follow(line);
    }

    fn control(&mut self, value: u32) {
        if value & control::CANCEL != 0
            && let Some(job) = &self.job
        {
            job.cancel();
        }
        if value & control::START != 0 && self.job.is_none() {
            let (address, length) = (self.program, self.program_length);
            let job = Arc::new(Watch::new(address, length, self.watchdog_cycles, self.dram));
            self.pending = Some(Arc::clone(&job));
            self.job = Some(job);
        }
    }

    /// Books the end of the job.
    pub(super) fn ended(&mut self, result: Result<Finished, Fault>) {
        let Some(job) = self.job.take() else { return };
        let line = self.line();
        let (cycles, bits) = match result {
            Ok(finished) => {
                self.retired = finished.retired;
                let not_finite = if finished.not_finite { status::NOT_FINITE } else { 0 };
                (finished.cycles, not_finite)
            }
            Err(fault) => {
                self.retired = job.retired();
                (job.cycles(), self.faulted(fault, job.was_reset()))
            }
        };
        self.cycles.value = self.cycles.value.wrapping_add(cycles);
        self.job_cycles.value = cycles;
        self.job_time += job.started.elapsed();
        if !job.was_reset() {
            self.status |= status::DONE | bits;
        }
        self.follow(line);
    }

    /// Keeps what is known of a fault, and gives its status bit.
    fn faulted(&mut self, fault: Fault, was_reset: bool) -> u32 {
        let instruction = fault.instruction;
        let (bit, words) = match fault.kind {
            FaultKind::Illegal(reason) => (status::ILLEGAL_INSTRUCTION, reason),
            FaultKind::Axi { address } => {
                self.fault_address = address;
                (status::AXI_ERROR, format!("card memory at {address:#x} answers with an error"))
            }
            FaultKind::Watchdog => (status::WATCHDOG, "the watchdog fired".into()),
            FaultKind::Cancelled => (status::CANCELLED, "the host ended the program".into()),
        };
        if !was_reset {
            self.fault_instruction = u32::try_from(instruction).unwrap_or(u32::MAX);
            self.fault = Some(format!("instruction {instruction}: {words}"));
        }
        bit
    }

    /// Resets the core; its job has ended.
    pub(super) fn reset(&mut self) {
        (self.status, self.interrupt_enable) = (0, 0);
        (self.program, self.program_length) = (0, 0);
    }

    /// Resets all that a reset of the PCI slot resets.
    pub(super) fn power_on(&mut self) {
        *self = Self { job_time: self.job_time, ..Self::with(self.identity, self.dram) };
    }

    const fn line(&self) -> bool {
        self.status & self.interrupt_enable != 0
    }

    /// An interrupt is the rising edge of the line; however many come before somebody waits, they count as one.
    const fn follow(&mut self, before: bool) {
        if self.line() && !before {
            self.event = true;
        }
    }
}

fn at(offset: u32) -> Option<&'static Register> {
    regs::MAP.iter().find(|register| register.offset == offset)
}
