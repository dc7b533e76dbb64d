//! Steps of training in a memory with holes: the Verilog and the simulated card stop at the same instruction, for the same address, or both
//! go on to the end.

use crate::given::{PLACE, try_run};
use crate::steps::{BEHIND, step};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use satkit_memory::{MemoryModel, PAGE_BYTES, Ports, Request, Told, Transfer};
use satkit_plan::layout::BEAT_BYTES;
use satkit_plan::{NoObserver, Program, time};
use satkit_rtl::card::{RtlCard, RtlCardOptions};
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::isa::Instruction;
use satkit_spec::regs::{self, status};
use satkit_spec::{ArrayConfig, Method};
use satkit_transport::{Card, DmaBuf};

/// How a job ended: its status, the instruction at fault, and the address.
#[derive(Debug, PartialEq, Eq)]
struct End {
    status: u32,
    instruction: u32,
    address: u64,
}

/// Runs a program with zeros in front of it, all but one page of them, on a card whose memory nobody has written.
fn run_with_hole(card: &dyn Card, program: &[Instruction], operands: &[u8], hole: u64) -> End {
    let (before, behind) = ((hole * PAGE_BYTES) as usize, ((hole + 1) * PAGE_BYTES) as usize);
    card.h2c(0, 0, &DmaBuf::copy_of(&operands[..before])).unwrap();
    card.h2c(0, behind as u64, &DmaBuf::copy_of(&operands[behind..])).unwrap();
    let end = try_run(card, program, BEHIND).unwrap();
    let read = |register: regs::Register| u64::from(card.read32(register.offset).unwrap());
    let address = read(regs::FAULT_ADDRESS_HIGH) << 32 | read(regs::FAULT_ADDRESS_LOW);
    End { status: end.status, instruction: end.instruction, address }
}

/// Pages in front of the program that it asks for.
fn pages_of(config: &ArrayConfig, dram: &MemoryModel, program: &[Instruction]) -> Vec<u64> {
    let mut pages: Vec<u64> = Vec::new();
    let hear = |request: &Request, _: &Transfer| pages.push(request.address / PAGE_BYTES);
    let mut memory = Told::new(dram.build(&Ports::from(config)).unwrap(), hear);
    let address = PLACE + BEHIND * BEAT_BYTES;
    time(config, &Program::new(program.to_vec()), address, &mut memory, &mut NoObserver).unwrap();
    pages.sort_unstable();
    pages.dedup();
    pages.retain(|page| page * PAGE_BYTES < PLACE + BEHIND * BEAT_BYTES);
    pages
}

/// Makes a hole at one of the pages that a step asks for, `cases` times, or at each if that is `None`.
fn holes(network: &str, batch: usize, dram: &str, cases: Option<u32>) {
    if !satkit_tests::has_verilog_tool("verilator") {
        return;
    }
    let config = ArrayConfig::tiny();
    let dram: MemoryModel = dram.parse().unwrap();
    let (program, operands) = step(&config, network, Method::Bdwp, batch);
    let pages = pages_of(&config, &dram, &program);
    let agree = |hole: u64| {
        let sim = SimCardOptions { dram, ..SimCardOptions::default() };
        let rtl = RtlCardOptions { dram, ..RtlCardOptions::default() };
        let (sim, rtl) =
            (SimCard::new(&config, &sim).unwrap(), RtlCard::new(&config, &rtl).unwrap());
        let due = run_with_hole(&sim, &program, &operands, hole);
        let found = run_with_hole(&rtl, &program, &operands, hole);
        let which = &program[found.instruction as usize];
        prop_assert_eq!(&due, &found, "{} of {} pages: {}", hole, pages.len(), which);
        println!("{network}, {dram:?}, page {hole}, {} pages: {due:?}", pages.len());
        // A page that the program writes as a whole may have been missing.
        if due.status != status::DONE {
            prop_assert_eq!(due.status, status::DONE | status::AXI_ERROR);
            prop_assert_eq!(due.address / PAGE_BYTES, hole);
        }
        Ok::<(), TestCaseError>(())
    };
    match cases {
        Some(cases) => {
            let mut runner =
                TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
            runner.run(&prop::sample::select(pages.clone()), agree).unwrap();
        }
        None => {
            let failed: Vec<_> = pages.iter().filter_map(|&page| agree(page).err()).collect();
            assert!(failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), pages.len());
        }
    }
}

#[test]
fn what_is_not_there_stops_both_cards_at_the_same_instruction() {
    holes("digits-mlp", 4, "ddr4", Some(8));
    holes("digits-cnn", 2, "pressure:seed=3", Some(6));
}

#[test]
#[ignore = "a step for each page of each memory, which takes hours"]
fn each_page_that_is_not_there_stops_both_cards_at_the_same_instruction() {
    for dram in ["ddr4", "fixed:latency=0", "pressure:seed=7"] {
        holes("digits-mlp", 4, dram, None);
        holes("digits-cnn", 2, dram, None);
    }
}
