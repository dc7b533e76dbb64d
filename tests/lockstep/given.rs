//! Running a program on the Verilog and in the timing model.

use satkit_memory::{
    AnyMemory, Memory, MemoryModel, PAGE_BYTES, Ports, Request, Statistics, Transfer,
};
use satkit_plan::{Observer, Program, Retired, time};
use satkit_rtl::card::{Retirement, RtlCard, RtlCardOptions};
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Instruction, Word};
use satkit_spec::regs::{self, Register, control, status};
use satkit_transport::{Card, DmaBuf};
use std::time::{Duration, Instant};

/// Longer than any job here takes: only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(120);
/// Where programs lie, apart from a few beats. What they work on lies before it.
pub(crate) const PLACE: u64 = 1 << 20;

/// A Verilated accelerator whose engines are watched, with operands in its memory; `None` without Verilator, which fails under
/// `RTL_SIM=require`.
pub(crate) fn card(config: &ArrayConfig, dram: MemoryModel) -> Option<RtlCard> {
    if !satkit_tests::has_verilog_tool("verilator") {
        return None;
    }
    let options = RtlCardOptions {
        dram,
        keeps_retirements: true,
        keeps_requests: true,
        ..RtlCardOptions::default()
    };
    let card = RtlCard::new(config, &options).unwrap();
    // FP16 numbers of some kind.
    let operands: Vec<u8> = (0..PLACE).map(|at| ((at * 0x9E37) >> 7) as u8 & 0x3F).collect();
    card.h2c(0, 0, &DmaBuf::copy_of(&operands)).unwrap();
    Some(card)
}

fn read(card: &impl Card, register: Register) -> u32 {
    card.read32(register.offset).unwrap()
}

/// How a job ended: its status, the instruction at fault, its cycles and its retired instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) status: u32,
    pub(crate) instruction: u32,
    pub(crate) cycles: u64,
    pub(crate) retired: u32,
}

/// Runs a program to its end.
pub(crate) fn run(card: &impl Card, program: &[Instruction], offset_beats: u64) -> End {
    let words: Vec<Word> = program.iter().map(|i| i.encode().unwrap()).collect();
    let address = PLACE + 64 * offset_beats;
    // Memory that was never written is written a page at a time.
    let page = address / PAGE_BYTES * PAGE_BYTES;
    let mut bytes = vec![0; (address - page) as usize];
    bytes.extend(words.iter().flat_map(Word::to_bytes));
    bytes.resize(bytes.len().next_multiple_of(PAGE_BYTES as usize), 0);
    card.h2c(0, page, &DmaBuf::copy_of(&bytes)).unwrap();
    for (register, value) in [
        (regs::STATUS, u32::MAX),
        (regs::PROGRAM_LOW, address as u32),
        (regs::PROGRAM_HIGH, (address >> 32) as u32),
        (regs::PROGRAM_LENGTH, program.len() as u32),
        (regs::CONTROL, control::START),
    ] {
        card.write32(register.offset, value).unwrap();
    }
    let deadline = Instant::now() + PATIENCE;
    while read(card, regs::STATUS) & status::DONE == 0 {
        assert!(Instant::now() < deadline, "the program does not end");
        std::thread::sleep(Duration::from_micros(200));
    }
    let low = u64::from(read(card, regs::JOB_CYCLES_LOW));
    End {
        status: read(card, regs::STATUS),
        instruction: read(card, regs::FAULT_INSTRUCTION),
        cycles: u64::from(read(card, regs::JOB_CYCLES_HIGH)) << 32 | low,
        retired: read(card, regs::RETIRED),
    }
}

/// What the model says of each instruction of an engine.
#[derive(Default)]
struct Expected(Vec<Retired>);

impl Observer for Expected {
    fn retired(&mut self, retired: &Retired) {
        self.0.push(*retired);
    }
}

/// A memory that keeps what it is asked for.
struct Asked {
    memory: AnyMemory,
    requests: Vec<Request>,
}

impl Memory for Asked {
    fn transfer(&mut self, request: Request) -> Transfer {
        self.requests.push(request);
        self.memory.transfer(request)
    }

    fn paged(&self) -> bool {
        self.memory.paged()
    }

    fn statistics(&self) -> &Statistics {
        self.memory.statistics()
    }
}

/// Runs a program on both and compares each instruction, and each request to memory; the first that differs is named.
pub(crate) fn in_lockstep(
    card: &RtlCard,
    config: &ArrayConfig,
    dram: &MemoryModel,
    program: Vec<Instruction>,
    offset_beats: u64,
) -> Result<(), String> {
    let end = run(card, &program, offset_beats);
    let of_rtl = card.retirements().unwrap();
    let listing = |index: usize| format!("instruction {index} ({})", program[index]);
    let mut expected = Expected::default();
    let timed = Program::new(program.clone());
    let address = PLACE + 64 * offset_beats;
    let memory = dram.build(&Ports::from(config)).map_err(|error| error.to_string())?;
    let mut memory = Asked { memory, requests: Vec::new() };
    let timing = time(config, &timed, address, &mut memory, &mut expected)
        .map_err(|error| format!("the model refuses it: {error}"))?;
    // The masters of one cycle are asked one after another; each has a memory of its own.
    let by_port = |mut requests: Vec<Request>| {
        let port = |request: &Request| request.address / PAGE_BYTES % config.dram_channels as u64;
        requests.sort_by_key(|request| (request.cycle, port(request)));
        requests
    };
    let (of_bus, due) = (by_port(card.job_requests().unwrap()), by_port(memory.requests));
    if let Some((nth, (rtl, due))) =
        of_bus.iter().zip(&due).enumerate().find(|(_, (rtl, due))| rtl != due)
    {
        return Err(format!("request {nth}: RTL {rtl:?}, model {due:?}; {end:?}"));
    }
    // Instructions of one engine come in the order of the program.
    expected.0.sort_by_key(|retired| retired.index);
    for retired in &expected.0 {
        let before = expected
            .0
            .iter()
            .filter(|other| other.engine == retired.engine && other.index < retired.index);
        let nth = before.count();
        let of_engine = |r: &&Retirement| r.engine == retired.engine;
        let modelled = (retired.start_cycle, retired.end_cycle);
        match of_rtl.iter().filter(of_engine).nth(nth) {
            Some(rtl) if (rtl.start_cycle, rtl.end_cycle) == modelled => {}
            other => {
                let found = other.map(|rtl| (rtl.start_cycle, rtl.end_cycle));
                let what = listing(retired.index);
                return Err(format!("{what}: RTL {found:?}, model {modelled:?}; {end:?}"));
            }
        }
    }
    let due = End {
        status: status::DONE,
        instruction: end.instruction,
        cycles: timing.cycles,
        retired: program.len() as u32,
    };
    if end == due { Ok(()) } else { Err(format!("RTL {end:?}, model {due:?}")) }
}

/// Runs a program on the Verilog and on the simulated card, with the same operands in front of it, and compares every byte that is there
/// then; [`in_lockstep`] besides.
pub(crate) fn with_values(
    card: &RtlCard,
    config: &ArrayConfig,
    dram: &MemoryModel,
    program: Vec<Instruction>,
    offset_beats: u64,
    operands: &[u8],
) -> Result<(), String> {
    card.h2c(0, 0, &DmaBuf::copy_of(operands)).unwrap();
    in_lockstep(card, config, dram, program.clone(), offset_beats)?;
    let simulated = SimCard::new(config, &SimCardOptions::default()).unwrap();
    simulated.h2c(0, 0, &DmaBuf::copy_of(operands)).unwrap();
    let end = run(&simulated, &program, offset_beats);
    if end.status != status::DONE {
        return Err(format!("the simulator stops: {:?}, {end:?}", simulated.last_fault()));
    }
    let [mut due, mut found] = [(); 2].map(|()| DmaBuf::zeroed(operands.len()));
    simulated.c2h(0, 0, &mut due).unwrap();
    card.c2h(0, 0, &mut found).unwrap();
    match due.chunks(2).zip(found.chunks(2)).position(|(due, found)| due != found) {
        None => Ok(()),
        Some(at) => {
            let half = |bytes: &[u8]| u16::from_le_bytes([bytes[2 * at], bytes[2 * at + 1]]);
            let (found, due) = (half(&found), half(&due));
            Err(format!("byte {:#x}: RTL {found:#06x}, simulator {due:#06x}", 2 * at))
        }
    }
}
