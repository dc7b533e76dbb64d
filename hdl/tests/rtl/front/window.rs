//! The register window under random AXI4-Lite traffic, cycle by cycle against plain Rust that is written from the register map.

use crate::support::Random;
use crate::trace::{Cycle, Replay};
use crate::verilog::has_verilog_tool;
use satkit_hdl::front;
use satkit_spec::regs::{self, control, status};
use satkit_spec::{ArrayConfig, CONTRACT_VERSION, contract_hash};

const COUNT: usize = 600_000;

const INPUTS: [&str; 21] = [
    "reset",
    "awaddr",
    "awvalid",
    "wdata",
    "wstrb",
    "wvalid",
    "bready",
    "araddr",
    "arvalid",
    "rready",
    "git_hash",
    "build_date",
    "ddr_calibrated",
    "cycles",
    "busy",
    "reset_done",
    "raised",
    "retired",
    "job_cycles",
    "fault_index",
    "fault_address",
];
const OUTPUTS: [&str; 15] = [
    "awready",
    "wready",
    "bresp",
    "bvalid",
    "arready",
    "rdata",
    "rresp",
    "rvalid",
    "signals",
    "start",
    "cancel",
    "resetting",
    "program_address",
    "length",
    "watchdog_cycles",
];

/// What the core and the board say in a cycle.
#[derive(Clone, Copy, Default)]
struct Core {
    git_hash: u32,
    build_date: u32,
    ddr_calibrated: u32,
    cycles: u64,
    busy: bool,
    reset_done: bool,
    set: u32,
    retired: u32,
    job_cycles: u64,
    fault_index: u32,
    fault_address: u64,
}

/// What the host's side says in a cycle.
#[derive(Clone, Copy, Default)]
struct Host {
    reset: bool,
    aw: Option<u32>,
    w: Option<(u32, u32)>,
    bready: bool,
    ar: Option<u32>,
    rready: bool,
}

/// The window as the register map describes it.
#[derive(Default)]
struct Window {
    configuration: u32,
    /// A write's address and its data, until it is answered.
    aw: Option<u32>,
    w: Option<(u32, u32)>,
    done: bool,
    answers: bool,
    ar: Option<u32>,
    shown: Option<u32>,
    scratch: u32,
    status: u32,
    enable: u32,
    line: bool,
    program: u64,
    length: u32,
    watchdog_cycles: u32,
    cycles_high: u32,
    job_cycles_high: u32,
    resetting: bool,
}

fn known_status() -> u32 {
    status::BITS.iter().map(|bit| 1 << bit.1).sum()
}

fn masked(old: u32, (data, strobes): (u32, u32)) -> u32 {
    let mask = (0..4)
        .filter(|byte| strobes >> byte & 1 == 1)
        .fold(0, |mask, byte| mask | 0xff << (8 * byte));
    old & !mask | data & mask
}

impl Window {
    /// The write that takes effect in this cycle.
    fn writes(&self) -> Option<(u32, (u32, u32))> {
        (!self.done && !self.answers).then_some(self.aw.zip(self.w)).flatten()
    }

    /// A strobe register's bits that are written in this cycle.
    fn strobed(&self, register: &regs::Register) -> u32 {
        self.writes()
            .map_or(0, |(at, data)| if at == register.offset { masked(0, data) } else { 0 })
    }

    fn read(&mut self, offset: u32, core: &Core) -> u32 {
        let Some(register) = regs::MAP.iter().find(|r| r.offset == offset) else { return 0 };
        match register.name {
            "IDENTITY_MAGIC" => regs::MAGIC,
            "CONTRACT_VERSION" => CONTRACT_VERSION,
            "CONTRACT_HASH" => contract_hash().first_word(),
            "CONFIGURATION_HASH" => self.configuration,
            "GIT_HASH" => core.git_hash,
            "BUILD_DATE" => core.build_date,
            "DDR_CALIBRATED" => core.ddr_calibrated,
            "SCRATCH" => self.scratch,
            "CYCLES_LOW" => {
                self.cycles_high = (core.cycles >> 32) as u32;
                core.cycles as u32
            }
            "CYCLES_HIGH" => self.cycles_high,
            "CONTROL" => 0,
            "STATUS" => self.status,
            "INTERRUPT_ENABLE" => self.enable,
            "PROGRAM_LOW" => self.program as u32,
            "PROGRAM_HIGH" => (self.program >> 32) as u32,
            "PROGRAM_LENGTH" => self.length,
            "FAULT_INSTRUCTION" => core.fault_index,
            "WATCHDOG_CYCLES" => self.watchdog_cycles,
            "RUNNING" => core.busy.into(),
            "RETIRED" => core.retired,
            "JOB_CYCLES_LOW" => {
                self.job_cycles_high = (core.job_cycles >> 32) as u32;
                core.job_cycles as u32
            }
            "JOB_CYCLES_HIGH" => self.job_cycles_high,
            "FAULT_ADDRESS_LOW" => core.fault_address as u32,
            "FAULT_ADDRESS_HIGH" => (core.fault_address >> 32) as u32,
            name => panic!("{name} is new; say what it holds"),
        }
    }

    fn write(&mut self, offset: u32, data: (u32, u32)) {
        let (low, high) = (self.program as u32, (self.program >> 32) as u32);
        match offset {
            o if o == regs::SCRATCH.offset => self.scratch = masked(self.scratch, data),
            o if o == regs::STATUS.offset => self.status &= !masked(0, data),
            o if o == regs::INTERRUPT_ENABLE.offset => {
                self.enable = masked(self.enable, data) & known_status();
            }
            o if o == regs::PROGRAM_LOW.offset => {
                self.program = u64::from(high) << 32 | u64::from(masked(low, data));
            }
            o if o == regs::PROGRAM_HIGH.offset => {
                self.program = u64::from(masked(high, data)) << 32 | u64::from(low);
            }
            o if o == regs::PROGRAM_LENGTH.offset => self.length = masked(self.length, data),
            o if o == regs::WATCHDOG_CYCLES.offset => {
                self.watchdog_cycles = masked(self.watchdog_cycles, data);
            }
            _ => {}
        }
    }

    /// What is due in this cycle.
    fn due(&self, cycle: &mut Cycle) {
        let strobes = self.strobed(&regs::CONTROL);
        let wish = |bit: u32| (strobes & bit != 0 && strobes & control::RESET == 0).into();
        let known = if self.shown.is_some() { u64::from(u32::MAX) } else { 0 };
        cycle
            .expect(1, self.aw.is_none().into())
            .expect(1, self.w.is_none().into())
            .expect(2, 0)
            .expect(1, self.answers.into())
            .expect(1, self.ar.is_none().into())
            .expect_bits(32, self.shown.unwrap_or(0).into(), known)
            .expect(2, 0)
            .expect(1, self.shown.is_some().into())
            .expect(1, self.line.into())
            .expect(1, wish(control::START))
            .expect(1, wish(control::CANCEL))
            .expect(1, self.resetting.into())
            .expect(64, self.program)
            .expect(32, self.length.into())
            .expect(32, self.watchdog_cycles.into());
    }

    fn step(&mut self, host: &Host, core: &Core) {
        if host.reset {
            *self = Self { configuration: self.configuration, ..Self::default() };
            return;
        }
        let writes = self.writes();
        let resets = self.strobed(&regs::CONTROL) & control::RESET != 0;
        let line = self.status & self.enable != 0;
        // A read waits for a write that is not complete.
        let reads = self.shown.is_none() && !self.resetting && !self.done && writes.is_none();
        let read = self.ar.filter(|_| reads).map(|offset| self.read(offset, core));
        // What the host takes, and what it gives.
        if self.answers && host.bready {
            (self.answers, self.aw, self.w) = (false, None, None);
        } else {
            if self.done && !self.resetting {
                (self.done, self.answers) = (false, true);
            }
            if writes.is_some() {
                self.done = true;
            }
            self.aw = self.aw.or(host.aw);
            self.w = self.w.or(host.w);
        }
        if self.shown.is_some() && host.rready {
            (self.shown, self.ar) = (None, None);
        } else {
            self.ar = self.ar.or(host.ar);
        }
        self.shown = read.or(self.shown);
        if let Some((offset, data)) = writes {
            self.write(offset, data);
        }
        self.status |= core.set;
        self.line = line;
        if resets {
            self.resetting = true;
        }
        if core.reset_done {
            self.resetting = false;
            (self.status, self.enable, self.program, self.length) = (0, 0, 0, 0);
            self.line = false;
        }
    }
}

fn offset(random: &mut Random) -> u32 {
    match random.below(8) {
        0 => random.below(1024) as u32 * 4,
        1 => regs::STATUS.offset,
        2 => regs::CONTROL.offset,
        _ => regs::MAP[random.below(regs::MAP.len() as u64) as usize].offset,
    }
}

fn cycles(seed: u64) -> impl Iterator<Item = Cycle> + Send {
    let config = ArrayConfig::tiny();
    let mut random = Random(seed);
    let mut window = Window { configuration: config.hash_word(), ..Window::default() };
    let (mut host, mut core) = (Host::default(), Core::default());
    std::iter::repeat_with(move || {
        host.reset = random.below(5000) == 0;
        // What is offered stays until it is taken.
        if window.aw.is_none() && host.aw.is_none() && random.below(3) == 0 {
            host.aw = Some(offset(&mut random));
        }
        if window.w.is_none() && host.w.is_none() && random.below(3) == 0 {
            let strobes = if random.below(4) == 0 { random.below(16) } else { 15 };
            let data = if random.below(2) == 0 { random.below(64) } else { random.next() };
            host.w = Some((data as u32, strobes as u32));
        }
        if window.ar.is_none() && host.ar.is_none() && random.below(3) == 0 {
            host.ar = Some(offset(&mut random));
        }
        (host.bready, host.rready) = (random.below(2) == 0, random.below(2) == 0);
        if random.below(20) == 0 {
            core = Core {
                git_hash: random.next() as u32,
                build_date: random.next() as u32,
                ddr_calibrated: random.below(16) as u32,
                busy: random.below(2) == 0,
                retired: random.next() as u32,
                job_cycles: random.next(),
                fault_index: random.next() as u32,
                fault_address: random.next(),
                ..core
            };
        }
        core.cycles = random.next();
        core.set = (1u64 << random.below(64)) as u32 & known_status();
        core.reset_done = window.resetting && random.below(4) == 0;
        let mut cycle = Cycle::default();
        let (wdata, wstrb) = host.w.unwrap_or((random.next() as u32, 15));
        cycle
            .give(1, host.reset.into())
            .give(12, (host.aw.unwrap_or(0) | random.below(4) as u32).into())
            .give(1, host.aw.is_some().into())
            .give(32, wdata.into())
            .give(4, wstrb.into())
            .give(1, host.w.is_some().into())
            .give(1, host.bready.into())
            .give(12, (host.ar.unwrap_or(0) | random.below(4) as u32).into())
            .give(1, host.ar.is_some().into())
            .give(1, host.rready.into())
            .give(32, core.git_hash.into())
            .give(32, core.build_date.into())
            .give(4, core.ddr_calibrated.into())
            .give(64, core.cycles)
            .give(1, core.busy.into())
            .give(1, core.reset_done.into())
            .give(32, core.set.into())
            .give(32, core.retired.into())
            .give(64, core.job_cycles)
            .give(32, core.fault_index.into())
            .give(64, core.fault_address);
        window.due(&mut cycle);
        let taken = (window.aw.is_none(), window.w.is_none(), window.ar.is_none());
        window.step(&host, &core);
        if taken.0 {
            host.aw = None;
        }
        if taken.1 {
            host.w = None;
        }
        if taken.2 {
            host.ar = None;
        }
        cycle
    })
}

#[test]
fn the_window_does_what_the_register_map_says() {
    if has_verilog_tool("verilator") {
        let design = front::registers(&ArrayConfig::tiny()).unwrap();
        Replay::of(&design, &INPUTS, &OUTPUTS).check(|| cycles(3), COUNT);
    }
}
