//! A card over a small top of the tests' own, with the ports of the accelerator: its masters note in which cycle each handshake
//! was, so the memory behind the buses is seen from the Verilog's side.

mod given;
#[path = "../../../../tests/verilog.rs"]
mod verilog;

use given::{Kind, Notes, card, cycles, start, wait};
use satkit_memory::{Direction, Memory as _, MemoryModel, Ports, Request, Transfer};
use satkit_rtl::card::RtlCard;
use satkit_spec::{ArrayConfig, regs};
use satkit_transport::{Card, CardError, DmaBuf, ResetKind, Wait};
use std::time::Duration;
use verilog::has_verilog_tool;

const PAGE_BYTES: u64 = 4096;
/// Pages that the masters use.
const PAGES: u64 = 128;
const SHORT: Duration = Duration::from_millis(20);
/// Longer than any job here takes: only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

fn filled(card: &RtlCard, pages: u64) -> Vec<u8> {
    let bytes: Vec<u8> = (0..pages * PAGE_BYTES).map(|at| (at / 5 + (at >> 9)) as u8).collect();
    card.h2c(0, 0, &DmaBuf::copy_of(&bytes)).unwrap();
    bytes
}

/// The answers of a fresh model to the requests that the masters noted, master by master and direction.
fn answers(model: &MemoryModel, notes: &[Notes]) -> Vec<[Vec<Transfer>; 2]> {
    let mut asked = Vec::new();
    for (port, notes) in notes.iter().enumerate() {
        for (kind, direction) in [(Kind::Ar, Direction::Read), (Kind::Aw, Direction::Write)] {
            for note in notes.of(kind) {
                asked.push((note.cycle, port, direction == Direction::Write, *note));
            }
        }
    }
    asked.sort_by_key(|&(cycle, port, writes, _)| (cycle, writes, port));
    let mut memory = model.build(&Ports::from(&ArrayConfig::tiny())).unwrap();
    let origin = u64::from(asked[0].0) - 1;
    let mut transfers = vec![[vec![], vec![]]; notes.len()];
    for (cycle, port, writes, note) in asked {
        let direction = if writes { Direction::Write } else { Direction::Read };
        let cycle = u64::from(cycle) - origin;
        let (address, beats) = (note.address(), note.beats());
        let transfer = memory.transfer(Request { cycle, address, beats, direction });
        let (start_cycle, end_cycle) = (transfer.start_cycle + origin, transfer.end_cycle + origin);
        transfers[port][usize::from(writes)].push(Transfer { start_cycle, end_cycle });
    }
    transfers
}

#[test]
fn every_handshake_of_the_verilog_is_in_the_models_cycle() {
    if !has_verilog_tool("verilator") {
        return;
    }
    for (at, model) in [
        "fixed:latency=0,bandwidth=64",
        "fixed:latency=37,bandwidth=48",
        "pressure:seed=1",
        "pressure:seed=2,latency=5,bandwidth=20,jitter=30,stall=40",
        "ddr4",
        "ddr4:write-batch=3,latency-ns=20",
        "pool",
    ]
    .into_iter()
    .enumerate()
    {
        let dram: MemoryModel = model.parse().unwrap();
        let card = card(dram, PAGES * PAGE_BYTES);
        filled(&card, PAGES);
        let seed = 77 + at as u32;
        start(&card, seed, 60);
        wait(&card);
        let notes = Notes::all(&card);
        let paged = dram.build(&Ports::from(&ArrayConfig::tiny())).unwrap().paged();
        for (notes, [reads, writes]) in notes.iter().zip(answers(&dram, &notes)) {
            assert_eq!((reads.len(), writes.len()), (60, 60), "{model}");
            let cycles = |kind: Kind| notes.of(kind).iter().map(|note| u64::from(note.cycle));
            let mut expected = Vec::new();
            let mut free = 0;
            for (transfer, ask) in reads.iter().zip(notes.of(Kind::Ar)) {
                let beats = u64::from(ask.beats());
                let first = transfer.start_cycle.max(free);
                let last = (transfer.end_cycle - 1).max(first + beats - 1);
                assert!(!paged || (first, last + 1) == (transfer.start_cycle, transfer.end_cycle));
                expected.extend((first..first + beats - 1).chain([last]));
                free = last + 1;
            }
            assert!(cycles(Kind::R).eq(expected), "{model}: read beats");
            let mut expected = Vec::new();
            for (transfer, ask) in writes.iter().zip(notes.of(Kind::Aw)) {
                let first = transfer.start_cycle;
                expected.extend(first..first + u64::from(ask.beats()));
            }
            assert!(cycles(Kind::W).eq(expected), "{model}: write beats");
            let responses = writes.iter().map(|transfer| transfer.end_cycle);
            assert!(!paged || cycles(Kind::B).eq(responses), "{model}: responses");
            assert!(
                notes.of(Kind::R).iter().chain(notes.of(Kind::B)).all(|note| note.response() == 0)
            );
        }
        let statistics = card.port_statistics().unwrap();
        assert_eq!(
            (statistics.reads, statistics.writes, statistics.late),
            (240, 240, 0),
            "{model}"
        );
        assert!(!paged || statistics.displaced == 0, "{model}");
        // A job's cycles do not depend on when it runs.
        cycles(&card);
        start(&card, seed, 60);
        wait(&card);
        let again = Notes::all(&card);
        let shift = again[0].of(Kind::Ar)[0].cycle - notes[0].of(Kind::Ar)[0].cycle;
        for (one, other) in notes.iter().zip(&again) {
            for kind in Kind::ALL {
                let shifted = one.of(kind).iter().map(|note| note.cycle + shift);
                assert!(shifted.eq(other.of(kind).iter().map(|note| note.cycle)), "{model}");
            }
        }
    }
}

#[test]
fn bytes_and_errors_arrive() {
    if !has_verilog_tool("verilator") {
        return;
    }
    // Of the masters' pages some are written, some never, and some do not exist.
    let (written, there) = (40, 90);
    let card = card("pressure:seed=9".parse().unwrap(), there * PAGE_BYTES);
    let before = filled(&card, written);
    start(&card, 5, 80);
    wait(&card);
    let notes = Notes::all(&card);
    let expected = |note: &given::Note, covers: bool| match note.address() / PAGE_BYTES {
        page if page >= there => 3,
        page if page >= written && !covers => 2,
        _ => 0,
    };
    let mut memory = before;
    let mut seen = [0; 4];
    for notes in &notes {
        let mut answers = notes.of(Kind::B).iter();
        for ask in notes.of(Kind::Aw) {
            let response = answers.next().unwrap().response();
            // A page that one burst has covered is there from then on.
            let covered = ask.address() / PAGE_BYTES < there && response == 0;
            assert!(response == expected(ask, ask.beats() == 64) || covered, "{ask:?}");
            seen[response as usize] += 1;
            if response == 0 && ask.address() / PAGE_BYTES < written {
                for at in (0..u64::from(ask.beats()) * 64).step_by(4) {
                    let address = ask.address() + at;
                    let word = address as u32 ^ 5;
                    memory[address as usize..][..4].copy_from_slice(&word.to_le_bytes());
                }
            }
        }
        let mut beats = notes.of(Kind::R).iter();
        for ask in notes.of(Kind::Ar) {
            for _ in 0..ask.beats() {
                let response = beats.next().unwrap().response();
                // A whole page may have been written before.
                assert!(response == expected(ask, false) || response == 0, "{ask:?}");
                seen[response as usize] += 1;
            }
        }
    }
    assert!(seen[0] > 100 && seen[2] > 100 && seen[3] > 100, "{seen:?}");
    let mut after = DmaBuf::zeroed(memory.len());
    card.c2h(0, 0, &mut after).unwrap();
    assert!(*after == *memory, "every written byte is in its place, and no other is touched");
}

#[test]
fn data_reach_the_masters_unchanged() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let card = card("ddr4".parse().unwrap(), PAGES * PAGE_BYTES);
    let memory = filled(&card, PAGES);
    start(&card, 1234, 50);
    wait(&card);
    let notes = Notes::all(&card);
    for (notes, found) in notes.iter().zip(Notes::checksums(&card)) {
        // Reads are of the moment in which they are asked for, writes of their last beat.
        let mut memory = memory.clone();
        let mut given = notes.of(Kind::W).iter();
        let mut writes = notes.of(Kind::Aw).iter().map(|ask| {
            let last = given.by_ref().nth(ask.beats() as usize - 1).unwrap();
            (last.cycle, *ask)
        });
        let mut next = writes.next();
        let mut sum = 0u32;
        for ask in notes.of(Kind::Ar) {
            while let Some((cycle, write)) = next
                && cycle < ask.cycle
            {
                for at in (0..u64::from(write.beats()) * 64).step_by(4) {
                    let address = write.address() + at;
                    let word = address as u32 ^ 1234;
                    memory[address as usize..][..4].copy_from_slice(&word.to_le_bytes());
                }
                next = writes.next();
            }
            let bytes = &memory[ask.address() as usize..][..ask.beats() as usize * 64];
            for beat in bytes.chunks(64) {
                let words = beat.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
                sum = sum.rotate_left(1) ^ words.fold(0, |a, b| a ^ b);
            }
        }
        assert_eq!(found, sum);
    }
}

#[test]
fn registers_hold_events_fire_and_the_clock_stands_still_between() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let card = card(MemoryModel::default(), PAGES * PAGE_BYTES);
    filled(&card, PAGES);
    assert_eq!(card.read32(regs::GIT_HASH.offset).unwrap(), 0);
    for value in [0, u32::MAX, 0xA5A5_5A5A] {
        card.write32(regs::SCRATCH.offset, value).unwrap();
        assert_eq!(card.read32(regs::SCRATCH.offset).unwrap(), value);
    }
    // Each access takes the same few cycles, whatever time passes between.
    let reads: Vec<u32> = (0..4)
        .map(|at| {
            std::thread::sleep(Duration::from_millis(at * 3));
            cycles(&card)
        })
        .collect();
    assert_eq!(reads[1] - reads[0], reads[3] - reads[2]);
    assert!(reads[1] - reads[0] < 10, "{reads:?}");
    for bad in [1, regs::WINDOW_BYTES] {
        assert!(card.read32(bad).is_err() && card.write32(bad, 0).is_err());
    }
    start(&card, 3, 10);
    wait(&card);
    assert_eq!(card.wait_event(0, SHORT).unwrap(), Wait::TimedOut);
    card.write32(regs::INTERRUPT_ENABLE.offset, 1).unwrap();
    assert_eq!(card.wait_event(0, PATIENCE).unwrap(), Wait::Fired);
    assert_eq!(card.wait_event(0, SHORT).unwrap(), Wait::TimedOut);
    card.write32(regs::STATUS.offset, 1).unwrap();
    // Nobody polls: the event alone says that the job has ended.
    start(&card, 4, 10);
    assert_eq!(card.wait_event(0, PATIENCE).unwrap(), Wait::Fired);
    assert_eq!(card.read32(regs::STATUS.offset).unwrap(), 1);
}

#[test]
fn a_reset_ends_a_job_in_the_middle_of_its_bursts() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let card = card("pressure:seed=3,latency=400".parse().unwrap(), PAGES * PAGE_BYTES);
    filled(&card, PAGES);
    for kind in [ResetKind::Core, ResetKind::DmaEngine, ResetKind::PciHot] {
        start(&card, 3, 40_000);
        while Notes::count(&card, 0, Kind::R) < 100 {
            std::thread::yield_now();
        }
        assert_eq!(card.read32(regs::RUNNING.offset).unwrap(), 1);
        card.reset(kind).unwrap();
        assert_eq!(card.read32(regs::RUNNING.offset).unwrap(), 0, "{kind:?}");
        let hot = kind == ResetKind::PciHot;
        assert_eq!(cycles(&card) < 100, hot, "{kind:?}");
        start(&card, 3, 20);
        wait(&card);
        assert_eq!(Notes::count(&card, 0, Kind::B), 20, "{kind:?}");
    }
    // One that hangs without any burst, and one that is left alone with its card.
    start(&card, 3, 0);
    card.write32(regs::CONTROL.offset, regs::control::RESET).unwrap();
    assert_eq!(card.read32(regs::RUNNING.offset).unwrap(), 0);
    start(&card, 3, 0);
    drop(card);
}

#[test]
fn a_defect_of_the_rtl_is_a_lost_device_until_the_slot_is_reset() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let card = card(MemoryModel::default(), PAGES * PAGE_BYTES);
    filled(&card, PAGES);
    let lost = |error: CardError, what: &str| match error {
        CardError::DeviceLost { reason } => assert!(reason.contains(what), "{reason}"),
        other => panic!("{other}"),
    };
    lost(card.read32(0x3FC).unwrap_err(), "no answer");
    lost(card.read32(0).unwrap_err(), "no answer");
    lost(card.wait_event(0, PATIENCE).unwrap_err(), "no answer");
    lost(card.reset(ResetKind::Core).unwrap_err(), "no answer");
    card.reset(ResetKind::PciHot).unwrap();
    card.write32(regs::PROGRAM_LOW.offset, 1 << 31).unwrap();
    card.write32(regs::PROGRAM_LENGTH.offset, 3).unwrap();
    card.write32(regs::CONTROL.offset, 1).unwrap();
    lost(card.wait_event(0, PATIENCE).unwrap_err(), "crosses 4 KiB");
    card.reset(ResetKind::PciHot).unwrap();
    start(&card, 8, 20);
    wait(&card);
    assert_eq!(Notes::count(&card, 2, Kind::Ar), 20);
}

#[test]
fn a_design_without_the_ports_is_refused() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let error = given::without_interrupt().unwrap_err();
    assert!(error.to_string().contains("port interrupt"), "{error}");
}
