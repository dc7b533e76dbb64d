//! Running a program on the Verilog and in the timing model.

use satkit_memory::{MemoryModel, PAGE_BYTES, Ports, Request, Told, Transfer};
use satkit_plan::{Observer, Program, Retired, time};
use satkit_rtl::card::{Retirement, RtlCard, RtlCardOptions};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Instruction, Word};
use satkit_spec::regs::{self, Register, control, status};
use satkit_transport::{Card, CardResult, DmaBuf};
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
    try_run(card, program, offset_beats).unwrap()
}

/// Runs a program to its end, or until the card is lost.
pub(crate) fn try_run(
    card: &(impl Card + ?Sized),
    program: &[Instruction],
    offset_beats: u64,
) -> CardResult<End> {
    let words: Vec<Word> = program.iter().map(|i| i.encode().unwrap()).collect();
    let address = PLACE + 64 * offset_beats;
    // Memory that was never written is written a page at a time.
    let page = address / PAGE_BYTES * PAGE_BYTES;
    let mut bytes = vec![0; (address - page) as usize];
    bytes.extend(words.iter().flat_map(Word::to_bytes));
    bytes.resize(bytes.len().next_multiple_of(PAGE_BYTES as usize), 0);
    card.h2c(0, page, &DmaBuf::copy_of(&bytes))?;
    for (register, value) in [
        (regs::STATUS, u32::MAX),
        (regs::PROGRAM_LOW, address as u32),
        (regs::PROGRAM_HIGH, (address >> 32) as u32),
        (regs::PROGRAM_LENGTH, program.len() as u32),
        (regs::CONTROL, control::START),
    ] {
        card.write32(register.offset, value)?;
    }
    let deadline = Instant::now() + PATIENCE;
    let read = |register: Register| card.read32(register.offset);
    while read(regs::STATUS)? & status::DONE == 0 {
        assert!(Instant::now() < deadline, "the program does not end");
        std::thread::sleep(Duration::from_micros(200));
    }
    let low = u64::from(read(regs::JOB_CYCLES_LOW)?);
    Ok(End {
        status: read(regs::STATUS)?,
        instruction: read(regs::FAULT_INSTRUCTION)?,
        cycles: u64::from(read(regs::JOB_CYCLES_HIGH)?) << 32 | low,
        retired: read(regs::RETIRED)?,
    })
}

/// What the model says of each instruction of an engine.
#[derive(Default)]
pub(crate) struct Modelled(pub(crate) Vec<Retired>);

impl Observer for Modelled {
    fn retired(&mut self, retired: &Retired) {
        self.0.push(*retired);
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
    let end = try_run(card, &program, offset_beats).map_err(|error| error.to_string())?;
    let of_rtl = card.retirements().unwrap();
    let listing = |index: usize| format!("instruction {index} ({})", program[index]);
    let mut expected = Modelled::default();
    let timed = Program::new(program.clone());
    let address = PLACE + 64 * offset_beats;
    let memory = dram.build(&Ports::from(config)).map_err(|error| error.to_string())?;
    let mut asked: Vec<Request> = Vec::new();
    let mut memory = Told::new(memory, |request: &Request, _: &Transfer| asked.push(*request));
    let timing = time(config, &timed, address, &mut memory, &mut expected)
        .map_err(|error| format!("the model refuses it: {error}"))?;
    // The masters of one cycle are asked one after another; each has a memory of its own.
    let by_port = |mut requests: Vec<Request>| {
        let port = |request: &Request| request.address / PAGE_BYTES % config.dram_channels as u64;
        requests.sort_by_key(|request| (request.cycle, port(request)));
        requests
    };
    let (of_bus, due) = (by_port(card.job_requests().unwrap()), by_port(asked));
    if let Some((nth, (rtl, due))) =
        of_bus.iter().zip(&due).enumerate().find(|(_, (rtl, due))| rtl != due)
    {
        let fault = if end.status == status::DONE {
            String::new()
        } else {
            format!(", stopped at {}", listing(end.instruction as usize))
        };
        return Err(format!("request {nth}: RTL {rtl:?}, model {due:?}; {end:?}{fault}"));
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
