//! Programs that a card must not execute to their end: the simulator and the Verilog stop at the same instruction, for the same
//! reason, with the same address, and the next job runs.

use crate::given::{
    PATIENCE, Ready, array, fault, flat_program, kept_program, ready, rtl_card, rtl_card_with,
    runs_a_good_job, sim_card,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use satkit_host::session::{Session, SessionError, SessionSettings};
use satkit_memory::{Direction, MemoryModel};
use satkit_rtl::card::RtlCardOptions;
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::REQUEST_CYCLES;
use satkit_spec::isa::{self, Engine, Instruction, MAX_WALKS, Operation, Word};
use satkit_spec::regs::{self, Register, control, status};
use satkit_transport::{Card, CardError, DmaBuf, ResetKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where programs are written here.
const PLACE: u64 = 1 << 20;
const PAGE_BYTES: u64 = 4096;

fn words_of(program: &[Instruction]) -> Vec<Word> {
    program.iter().map(|instruction| instruction.encode().unwrap()).collect()
}

fn bytes_of(words: &[Word]) -> Vec<u8> {
    words.iter().flat_map(Word::to_bytes).collect()
}

/// How a job ended, by the registers.
#[derive(Debug, PartialEq, Eq)]
struct End {
    status: u32,
    instruction: u32,
    address: u64,
    retired: u32,
}

fn read64(card: &dyn Card, low: Register, high: Register) -> u64 {
    let low = card.read32(low.offset).unwrap();
    u64::from(card.read32(high.offset).unwrap()) << 32 | u64::from(low)
}

fn start(card: &dyn Card, address: u64, instructions: u32) {
    for (register, value) in [
        (regs::STATUS, u32::MAX),
        (regs::PROGRAM_LOW, address as u32),
        (regs::PROGRAM_HIGH, (address >> 32) as u32),
        (regs::PROGRAM_LENGTH, instructions),
        (regs::CONTROL, control::START),
    ] {
        card.write32(register.offset, value).unwrap();
    }
}

fn end_of(card: &dyn Card) -> End {
    let deadline = Instant::now() + PATIENCE;
    while card.read32(regs::RUNNING.offset).unwrap() != 0 {
        assert!(Instant::now() < deadline, "the job does not end");
    }
    End {
        status: card.read32(regs::STATUS.offset).unwrap(),
        instruction: card.read32(regs::FAULT_INSTRUCTION.offset).unwrap(),
        address: read64(card, regs::FAULT_ADDRESS_LOW, regs::FAULT_ADDRESS_HIGH),
        retired: card.read32(regs::RETIRED.offset).unwrap(),
    }
}

/// Writes a program to `address`, with zeros in the rest of its pages.
fn put(card: &dyn Card, address: u64, words: &[Word]) {
    let first = address / PAGE_BYTES * PAGE_BYTES;
    let mut bytes = vec![0; (address - first) as usize];
    bytes.extend(bytes_of(words));
    bytes.resize(bytes.len().next_multiple_of(PAGE_BYTES as usize), 0);
    card.h2c(0, first, &DmaBuf::copy_of(&bytes)).unwrap();
}

/// The simulator and the Verilog.
fn both() -> Option<[Arc<dyn Card>; 2]> {
    Some([sim_card(), rtl_card()?])
}

/// A program of kept instructions, and how one of its words is spoilt.
fn spoilt() -> impl Strategy<Value = (usize, usize, Vec<u32>)> {
    let lengths = prop_oneof![1usize..40, 100usize..700];
    (lengths, 0usize..8, prop::collection::vec(0u32..Word::BITS, 1..4))
        .prop_flat_map(|(length, offset, bits)| (0..length, Just((length, offset, bits))))
        .prop_map(|(at, (_, offset, bits))| (at, offset, bits))
}

#[test]
fn illegal_words_stop_both_cards_at_the_same_instruction() {
    let Some(cards) = both() else { return };
    let mut runner = TestRunner::new(Config { cases: 48, ..Config::default() });
    let stops = |(at, offset, bits): (usize, usize, Vec<u32>)| {
        let mut words = words_of(&kept_program(at + 30));
        for bit in bits {
            words[at].0[bit as usize / 64] ^= 1 << (bit % 64);
        }
        // What a word means that is one, engines and timing model say; the suite has those of missing engines.
        prop_assume!(Instruction::decode(&words[at]).is_err());
        let address = PLACE + offset as u64 * 64;
        let ends = cards.each_ref().map(|card| {
            put(card.as_ref(), address, &words);
            start(card.as_ref(), address, words.len() as u32);
            end_of(card.as_ref())
        });
        let seen = ends.each_ref().map(|end| (end.status, end.instruction, end.address));
        prop_assert_eq!(seen[0], seen[1]);
        prop_assert_eq!(seen[1].0, status::DONE | status::ILLEGAL_INSTRUCTION);
        prop_assert_eq!(seen[1].1 as usize, at);
        Ok(())
    };
    runner.run(&spoilt(), stops).unwrap();
    for card in &cards {
        runs_a_good_job(&ready(card));
    }
}

/// A WALK more than an MM may have, at once or with other kept instructions between.
#[test]
fn one_walk_too_many_is_illegal_on_both_cards() {
    let Some(cards) = both() else { return };
    let is_walk = |i: &&Instruction| matches!(i.operation, Operation::Walk(_));
    let walk = *flat_program().iter().find(is_walk).unwrap();
    for between in [0, 1, 40] {
        let mut program = kept_program(1);
        for _ in 0..=MAX_WALKS {
            program.extend(kept_program(between));
            program.push(walk);
        }
        let at = program.len() - 1;
        program.extend(kept_program(30));
        let words = words_of(&program);
        for card in &cards {
            // As many as an MM may have are not too many.
            for (length, illegal) in [(at, None), (words.len(), Some(at))] {
                put(card.as_ref(), PLACE, &words);
                start(card.as_ref(), PLACE, length as u32);
                let end = end_of(card.as_ref());
                let Some(at) = illegal else {
                    assert_eq!(end.status, status::DONE, "{between}");
                    continue;
                };
                let expected = (status::DONE | status::ILLEGAL_INSTRUCTION, at);
                assert_eq!((end.status, end.instruction as usize), expected, "{between}");
            }
            runs_a_good_job(&ready(card));
        }
    }
}

/// Every opcode that there is not, and every bit that has to be zero.
#[test]
fn each_reserved_bit_and_opcode_is_illegal() {
    let Some(card) = rtl_card() else { return };
    let kept: Vec<Word> = words_of(&kept_program(40));
    let mut seen: Vec<u8> = Vec::new();
    let mut illegal: Vec<Word> = Vec::new();
    for word in &kept {
        let opcode = word.get(0, isa::OPCODE_BITS) as u8;
        if seen.contains(&opcode) {
            continue;
        }
        seen.push(opcode);
        let (.., fields) = isa::reference().find(|(_, code, ..)| *code == opcode).unwrap();
        let end = fields.last().map_or(isa::HEADER_BITS, |field| field.lsb + field.width);
        for bit in (end..Word::BITS).chain(isa::OPCODE_BITS..isa::HEADER_BITS) {
            let mut spoilt = *word;
            spoilt.0[bit as usize / 64] |= 1 << (bit % 64);
            if Instruction::decode(&spoilt).is_err() {
                illegal.push(spoilt);
            }
        }
    }
    let known: Vec<u8> = isa::reference().map(|(_, opcode, ..)| opcode).collect();
    illegal.extend(
        (0..=255).filter(|code| !known.contains(code)).map(|code| Word([code.into(), 0, 0, 0])),
    );
    assert!(illegal.len() > 300, "{}", illegal.len());
    for word in illegal {
        put(card.as_ref(), PLACE, &[kept[0], word, kept[0]]);
        start(card.as_ref(), PLACE, 3);
        let end = end_of(card.as_ref());
        let expected = (status::DONE | status::ILLEGAL_INSTRUCTION, 1);
        assert_eq!((end.status, end.instruction), expected, "{word:x?}");
    }
}

#[test]
fn programs_in_unwritten_memory_or_none_are_axi_errors_of_both_cards() {
    let options = SimCardOptions::default();
    // A card with so much memory that its end is an address, and one whose addresses end with it.
    for memory_bytes in [options.memory_bytes, 64 << 20] {
        let rtl = RtlCardOptions { memory_bytes, ..RtlCardOptions::default() };
        let Some(rtl) = rtl_card_with(&rtl) else { return };
        let sim =
            SimCard::new(&array(), &SimCardOptions { memory_bytes, ..options.clone() }).unwrap();
        let cards: [Arc<dyn Card>; 2] = [Arc::new(sim), Arc::new(rtl)];
        let words = words_of(&kept_program(2000));
        for address in [
            // Inside, and over the end of what is written.
            PLACE,
            PLACE + PAGE_BYTES - 64,
            PLACE + 7 * 64,
            // Nothing of it was ever written.
            48 << 20,
            // Over the end, at it, and far behind.
            memory_bytes - 64,
            memory_bytes - PAGE_BYTES,
            memory_bytes,
            memory_bytes + 64,
            u64::MAX - 63,
            // No beat starts there.
            PLACE + 32,
            PLACE + 1,
        ] {
            let ends = cards.each_ref().map(|card| {
                put(card.as_ref(), PLACE, &words[..256]);
                put(card.as_ref(), memory_bytes - PAGE_BYTES, &words[..128]);
                start(card.as_ref(), address, 1000);
                let end = end_of(card.as_ref());
                assert_eq!(end.status, status::DONE | status::AXI_ERROR, "{address:#x}");
                (end.instruction, end.address)
            });
            assert_eq!(ends[0], ends[1], "{address:#x}");
        }
        for card in &cards {
            runs_a_good_job(&ready(card));
        }
    }
}

/// A program of kept instructions that takes its time.
const LONG: usize = 1_000_000;

#[test]
fn a_program_that_is_under_way_is_cancelled_and_reset() {
    let Some(card) = rtl_card() else { return };
    let session = ready(&card);
    let program = session.load(&kept_program(LONG)).unwrap();
    let under_way = || {
        let job = session.submit(&program).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while card.read32(regs::RETIRED.offset).unwrap() == 0 {
            assert!(Instant::now() < deadline, "nothing retires");
        }
        job
    };
    let job = under_way();
    session.cancel().unwrap();
    let (instruction, reason, _) = fault(session.wait(job, PATIENCE));
    assert!(reason.contains("CANCELLED") && (instruction as usize) < LONG, "{reason}");
    // Those before it have retired, and none behind.
    assert_eq!(card.read32(regs::RETIRED.offset).unwrap(), instruction);
    runs_a_good_job(&session);
    for kind in [ResetKind::Core, ResetKind::DmaEngine, ResetKind::PciHot] {
        let job = under_way();
        card.reset(kind).unwrap();
        let seen = [regs::RUNNING, regs::STATUS, regs::PROGRAM_LENGTH];
        let seen = seen.map(|register| card.read32(register.offset).unwrap());
        assert_eq!(seen, [0, 0, 0], "{kind:?}");
        session.recover().unwrap();
        assert!(matches!(session.wait(job, PATIENCE), Err(SessionError::JobGone)));
        runs_a_good_job(&session);
    }
    // A deadline of the host's.
    let job = under_way();
    let error = session.wait(job, Duration::from_millis(1)).unwrap_err();
    assert!(matches!(error, SessionError::Card(CardError::Timeout { .. })), "{error}");
    runs_a_good_job(&session);
    // One that is left alone with its card.
    let job = under_way();
    drop((job, program, session, card));
}

/// Loads, MMs and stores, over and over, are reset at many moments, most of them with bursts of several engines under way. The next
/// job takes the cycles that it takes on a new card, so nothing of them is left.
#[test]
fn a_reset_in_the_middle_of_bursts_leaves_nothing_on_either_card() {
    let Some(cards) = both() else { return };
    for card in cards {
        let session = ready(&card);
        let undisturbed = runs_a_good_job(&session).cycles;
        let long: Vec<_> = flat_program().into_iter().cycle().take(LONG / 4).collect();
        let program = session.load(&long).unwrap();
        for moment in 0..24 {
            let job = session.submit(&program).unwrap();
            let deadline = Instant::now() + PATIENCE;
            while card.read32(regs::RETIRED.offset).unwrap() < 1 + 37 * moment {
                assert!(Instant::now() < deadline, "nothing retires");
            }
            assert_eq!(card.read32(regs::RUNNING.offset).unwrap(), 1, "{moment}");
            let kinds = [ResetKind::Core, ResetKind::DmaEngine, ResetKind::PciHot];
            card.reset(kinds[moment as usize % kinds.len()]).unwrap();
            session.recover().unwrap();
            assert!(matches!(session.wait(job, PATIENCE), Err(SessionError::JobGone)));
            let after = runs_a_good_job(&session).cycles;
            assert_eq!(after, undisturbed, "{}, {moment}", card.info().name);
        }
    }
}

/// A load or a store whose tensor lies behind the memory: memory's ports answer with
/// DECERR. Both cards name the instruction and the address.
#[test]
fn loads_and_stores_out_of_memory_are_axi_errors_of_both_cards() {
    // The memory of a card in full ends where addresses do.
    let memory_bytes = 64 << 20;
    let rtl = RtlCardOptions { memory_bytes, ..RtlCardOptions::default() };
    let Some(rtl) = rtl_card_with(&rtl) else { return };
    let sim = SimCardOptions { memory_bytes, ..SimCardOptions::default() };
    let sim = SimCard::new(&array(), &sim).unwrap();
    let cards: [Arc<dyn Card>; 2] = [Arc::new(sim), Arc::new(rtl)];
    let behind = (memory_bytes / isa::ADDRESS_UNIT_BYTES) as u32;
    for engine in [Engine::LoadActivations, Engine::LoadWeights, Engine::Store] {
        let ends = cards.each_ref().map(|card| {
            let session = ready(card);
            let mut program = flat_program();
            let at = program.iter().position(|i| i.operation.engine() == Some(engine)).unwrap();
            for instruction in &mut program {
                match (&mut instruction.operation, engine) {
                    (Operation::Operands(operands), Engine::LoadActivations) => {
                        operands.a = behind;
                    }
                    (Operation::Operands(operands), Engine::LoadWeights) => {
                        operands.w = behind;
                    }
                    (Operation::Results(results), Engine::Store) => results.out = behind,
                    _ => {}
                }
            }
            let program = session.load(&program).unwrap();
            let (instruction, reason, address) = fault(session.run(&program, PATIENCE));
            assert!(reason.contains("AXI_ERROR"), "{engine:?}: {reason}");
            assert_eq!(instruction as usize, at, "{engine:?} of {}", card.info().name);
            runs_a_good_job(&session);
            address.map(|address| address - memory_bytes)
        });
        assert_eq!(ends[0], ends[1], "{engine:?}");
    }
}

#[test]
fn the_watchdog_fires_when_nothing_retires() {
    let Some(card) = rtl_card() else { return };
    // Less than the first fetch takes.
    let settings = SessionSettings { watchdog_cycles: 20, ..SessionSettings::default() };
    let session = Ready::new(Arc::clone(&card), settings);
    let program = session.load(&kept_program(50)).unwrap();
    let (instruction, reason, _) = fault(session.run(&program, PATIENCE));
    assert!(reason.contains("WATCHDOG") && instruction == 0, "{reason}");
    drop((program, session));
    // It is patient enough for a program that goes on.
    let settings = SessionSettings { watchdog_cycles: 2000, ..SessionSettings::default() };
    runs_a_good_job(&Ready::new(card, settings));
}

#[test]
fn a_card_of_another_array_is_refused_by_name() {
    let Some(card) = rtl_card() else { return };
    let error = Session::open(card, &satkit_spec::ArrayConfig::small()).unwrap_err();
    assert!(matches!(error, CardError::ContractMismatch { .. }), "{error}");
}

/// A job asks the same of memory in the same cycles, however often the host looks, and whatever ran before: its program, once, in
/// bursts that do not cross 1 KiB, from its first cycle on.
#[test]
fn a_job_asks_for_its_program_in_the_same_cycles() {
    for dram in ["fixed:latency=80", "fixed:latency=0", "pressure:seed=4", "ddr4", "pool"] {
        let dram: MemoryModel = dram.parse().unwrap();
        let options = RtlCardOptions { dram, keeps_requests: true, ..RtlCardOptions::default() };
        let Some(card) = rtl_card_with(&options) else { return };
        for length in [1, 2, 3, 31, 32, 33, 256, 257, 3000] {
            for offset in [0, 64, 1024 - 64, PAGE_BYTES - 64] {
                let (address, words) = (PLACE + offset, words_of(&kept_program(length)));
                put(&card, address, &words);
                let run = |polls: bool| {
                    start(&card, address, length as u32);
                    while polls && card.read32(regs::RUNNING.offset).unwrap() != 0 {}
                    let end = end_of(&card);
                    assert_eq!((end.status, end.retired), (status::DONE, length as u32));
                    card.job_requests().unwrap()
                };
                let requests = run(true);
                assert_eq!(requests, run(false), "{length} at {offset:#x}, {dram}");
                assert_eq!(requests[0].cycle, REQUEST_CYCLES as u64);
                let mut next = address;
                for request in &requests {
                    let bytes = u64::from(request.beats) * 64;
                    assert_eq!((request.address, request.direction), (next, Direction::Read));
                    assert!(request.address % 1024 + bytes <= 1024, "{request:?}");
                    next += bytes;
                }
                assert_eq!(next, address + (length as u64 * 32).next_multiple_of(64));
            }
        }
        let statistics = card.port_statistics().unwrap();
        assert_eq!((statistics.writes, statistics.late), (0, 0));
    }
}
