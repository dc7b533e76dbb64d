//! What only the simulator promises: cycles of the timing model, unreadable memory, and no program that it does not survive.

use crate::given::{
    PATIENCE, Ready, array, fault, good_program, hanging_job, ready, runs_a_good_job, sim_card,
};
use proptest::prelude::*;
use satkit_host::session::SessionSettings;
use satkit_host::validate::Identity;
use satkit_memory::MemoryModel;
use satkit_plan::{NoObserver, Observer, Program, Retired, time_at};
use satkit_sim::card::{SimCard, SimCardError, SimCardOptions};
use satkit_spec::isa::{self, Engine, HEADER_BITS, Instruction, Operation, Vector, VectorOp, Word};
use satkit_spec::{ArrayConfig, regs};
use satkit_transport::{Card, CardError, DmaBuf, ResetKind};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn a_job_takes_the_cycles_of_the_timing_model() {
    let program = Program::new(good_program());
    let mut cycles = Vec::new();
    for dram in [MemoryModel::ddr4(), MemoryModel::default()] {
        let options = SimCardOptions { dram, ..SimCardOptions::default() };
        let card: Arc<dyn Card> = Arc::new(SimCard::new(&array(), &options).unwrap());
        let session = ready(&card);
        // Where the session puts every program while none is loaded.
        let place = session.load(program.instructions()).unwrap().address();
        let timing = time_at(&array(), &program, place, &dram, &mut NoObserver).unwrap();
        // The second time from what is known of the first.
        for _ in 0..2 {
            assert_eq!(runs_a_good_job(&session).cycles, timing.cycles);
        }
        let total = card.read32(regs::CYCLES_LOW.offset).unwrap();
        assert_eq!(u64::from(total), 2 * timing.cycles);
        cycles.push(timing.cycles);
    }
    assert_ne!(cycles[0], cycles[1]);
}

/// The cycles in which instructions end: kept ones in the cycle after their dispatch.
#[derive(Default)]
struct Ends(Vec<u64>);

impl Observer for Ends {
    fn retired(&mut self, retired: &Retired) {
        self.0.push(retired.end_cycle);
    }

    fn kept(&mut self, _: usize, cycle: u64) {
        self.0.push(cycle + 1);
    }
}

#[test]
fn the_watchdog_fires_in_the_first_pause_that_is_too_long() {
    let instructions = good_program();
    let dram = SimCardOptions::default().dram;
    let mut ends = Ends::default();
    let place = ready(&sim_card()).load(&instructions).unwrap().address();
    let program = Program::new(instructions.clone());
    time_at(&array(), &program, place, &dram, &mut ends).unwrap();
    ends.0.sort_unstable();
    ends.0.insert(0, 0);
    let pauses: Vec<u64> = ends.0.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let longest = *pauses.iter().max().unwrap();
    for limit in [1, longest / 2, longest - 1, longest] {
        let card = sim_card();
        let settings =
            SessionSettings { watchdog_cycles: limit as u32, ..SessionSettings::default() };
        let session = Ready::new(Arc::clone(&card), settings);
        let program = session.load(&instructions).unwrap();
        let result = session.run(&program, PATIENCE);
        let Some(at) = pauses.iter().position(|&pause| pause > limit) else {
            result.unwrap();
            continue;
        };
        let (_, reason, _) = fault(result);
        assert!(reason.contains("WATCHDOG"), "{reason}");
        let cycles = card.read32(regs::JOB_CYCLES_LOW.offset).unwrap();
        assert_eq!(u64::from(cycles), ends.0[at] + limit);
        assert_eq!(card.read32(regs::RETIRED.offset).unwrap() as usize, at);
    }
}

/// It is built with whatever drives it; only a bitstream is of a commit and of a day that its user does not know.
#[test]
fn its_core_was_generated_from_no_commit() {
    let identity = Identity::read(sim_card().as_ref()).unwrap();
    assert_eq!((identity.git_hash, identity.build_date), (0, 0));
}

#[test]
fn memory_is_unreadable_until_it_is_written() {
    let card = sim_card();
    card.h2c(0, 8192, &DmaBuf::zeroed(4096)).unwrap();
    let error = card.c2h(0, 9000, &mut DmaBuf::zeroed(4096)).unwrap_err();
    assert!(matches!(error, CardError::Axi { address: 9000, done: 3288, .. }), "{error}");
    let error = card.h2c(0, 0, &DmaBuf::zeroed(100)).unwrap_err();
    assert!(matches!(error, CardError::Axi { address: 0, done: 0, .. }), "{error}");
    // A program there is not fetched.
    for (register, value) in [(regs::PROGRAM_LOW, 8192 + 4096 - 64), (regs::PROGRAM_LENGTH, 3)] {
        card.write32(register.offset, value).unwrap();
    }
    card.write32(regs::CONTROL.offset, regs::control::START).unwrap();
    while card.read32(regs::RUNNING.offset).unwrap() != 0 {
        std::thread::yield_now();
    }
    assert_eq!(card.read32(regs::FAULT_ADDRESS_LOW.offset).unwrap(), 8192 + 4096);
    assert_eq!(card.read32(regs::FAULT_INSTRUCTION.offset).unwrap(), 2);
}

#[test]
fn an_instruction_without_end_is_ended_by_the_host() {
    let card = sim_card();
    let session = ready(&card);
    let reads = isa::Reads {
        first: 0,
        first_beats: u32::MAX >> 3,
        second: 0,
        second_beats: 0,
        third: 0,
        third_beats: 0,
    };
    let vector = Vector { op: VectorOp::Gelu, elements: (1 << 40) - 1, last: false };
    let program: Vec<Instruction> = [Operation::Reads(reads)]
        .into_iter()
        .chain(std::iter::repeat_n(Operation::Vector(vector), 64))
        .map(Instruction::new)
        .collect();
    let program = session.load(&program).unwrap();
    let job = session.submit(&program).unwrap();
    let error = session.wait(job, Duration::from_millis(50)).unwrap_err();
    assert!(error.to_string().contains("job"), "{error}");
    runs_a_good_job(&session);
}

#[test]
fn a_card_that_is_dropped_ends_its_job() {
    let card = sim_card();
    let session = ready(&card);
    let (_, job) = hanging_job(&session);
    let weak = Arc::downgrade(&card);
    drop((job, card));
    // The session resets the core and lets go of the card, whose drop waits for its thread.
    drop(session);
    assert!(weak.upgrade().is_none());
    let card = SimCard::new(&array(), &SimCardOptions::default()).unwrap();
    card.write32(regs::PROGRAM_LENGTH.offset, 1).unwrap();
    card.write32(regs::CONTROL.offset, regs::control::START).unwrap();
    drop(card);
}

/// The time of jobs is the card's own: a host that comes late for the end of one does not make it longer.
#[test]
fn the_time_of_jobs_is_from_their_start_to_their_end() {
    let card = Arc::new(SimCard::new(&array(), &SimCardOptions::default()).unwrap());
    let session = ready(&(Arc::clone(&card) as _));
    assert_eq!(card.job_time(), Duration::ZERO);
    let program = session.load(&good_program()).unwrap();
    let job = session.submit(&program).unwrap();
    while card.read32(regs::RUNNING.offset).unwrap() != 0 {
        std::thread::yield_now();
    }
    let time = card.job_time();
    assert!(time > Duration::ZERO);
    let late = Duration::from_millis(50);
    std::thread::sleep(late);
    let report = session.wait(job, PATIENCE).unwrap();
    assert_eq!(card.job_time(), time);
    assert!(report.wall >= time + late, "{report:?} {time:?}");
    // One that hangs takes time until it is ended.
    let (_, job) = hanging_job(&session);
    let error = session.wait(job, late).unwrap_err();
    assert!(error.to_string().contains("job"), "{error}");
    assert!(card.job_time() >= time + late);
}

#[test]
fn a_reset_of_the_slot_resets_all_registers() {
    let card = sim_card();
    runs_a_good_job(&ready(&card));
    card.write32(regs::SCRATCH.offset, 5).unwrap();
    card.reset(ResetKind::PciHot).unwrap();
    for register in [regs::SCRATCH, regs::CYCLES_LOW, regs::RETIRED, regs::JOB_CYCLES_LOW] {
        assert_eq!(card.read32(register.offset).unwrap(), 0, "{}", register.name);
    }
    runs_a_good_job(&ready(&card));
}

#[test]
fn impossible_cards_are_refused() {
    let mut array = ArrayConfig::tiny();
    array.rows = 3;
    let error = SimCard::new(&array, &SimCardOptions::default()).unwrap_err();
    assert!(matches!(error, SimCardError::Spec(_)), "{error}");
}

/// Words of real opcodes with any bits in their fields, among those of a good program.
fn words() -> impl Strategy<Value = Vec<[u64; 4]>> {
    let ends: Vec<(u8, u32)> = isa::reference()
        .map(|(_, opcode, _, fields)| {
            (opcode, fields.last().map_or(HEADER_BITS, |field| field.lsb + field.width))
        })
        .collect();
    let random = (prop::sample::select(ends), any::<[u64; 4]>(), any::<[u64; 4]>(), any::<bool>())
        .prop_map(|((opcode, end), bits, sparse, ties)| {
            let mut word = [0; 4];
            for at in 0..4u32 {
                let kept = (end.saturating_sub(64 * at)).min(64);
                let mask = if kept == 0 { 0 } else { u64::MAX >> (64 - kept) };
                word[at as usize] = bits[at as usize] & sparse[at as usize] & mask;
            }
            word[0] = word[0] & !0xFF | u64::from(opcode);
            if !ties {
                // No semaphores.
                word[0] &= !((1 << HEADER_BITS) - 1) | 0xFF;
            }
            word
        });
    let good: Vec<[u64; 4]> = good_program().iter().map(|i| i.encode().unwrap().0).collect();
    prop::collection::vec(prop_oneof![random, prop::sample::select(good)], 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_program_takes_the_card_with_it(words in words()) {
        let session = Ready::new(sim_card(), SessionSettings::default());
        let bytes: Vec<u8> = words.iter().flat_map(|&word| Word(word).to_bytes()).collect();
        let program = session.load_words(&bytes).unwrap();
        // Whatever it says: done, a fault, or a deadline.
        let _ = session.run(&program, Duration::from_millis(20));
        runs_a_good_job(&session);
    }
}

/// With a memory that is asked for many pages at once too.
#[test]
fn an_axi_error_names_who_asked_whatever_the_memory() {
    let memory_bytes = 64 << 20;
    for dram in ["pool", "fixed:latency=0", "ddr4"] {
        let options = SimCardOptions {
            dram: dram.parse().unwrap(),
            memory_bytes,
            ..SimCardOptions::default()
        };
        let card: Arc<dyn Card> = Arc::new(SimCard::new(&array(), &options).unwrap());
        let session = ready(&card);
        // Its last page is there, and what follows is not.
        let last = ((memory_bytes - 4096) / isa::ADDRESS_UNIT_BYTES) as u32;
        for beat in [last, last + 64] {
            for engine in [Engine::LoadActivations, Engine::LoadWeights, Engine::Store] {
                let mut program = good_program();
                for instruction in &mut program {
                    match &mut instruction.operation {
                        Operation::Operands(operands) if engine == Engine::LoadActivations => {
                            operands.a = beat
                        }
                        Operation::Operands(operands) if engine == Engine::LoadWeights => {
                            operands.w = beat
                        }
                        Operation::Results(results) if engine == Engine::Store => {
                            results.out = beat
                        }
                        _ => {}
                    }
                }
                card.h2c(0, memory_bytes - 4096, &DmaBuf::zeroed(4096)).unwrap();
                let loaded = session.load(&program).unwrap();
                let ended = session.run(&loaded, PATIENCE);
                if beat == last && ended.is_ok() {
                    continue;
                }
                let (instruction, reason, address) = fault(ended);
                assert!(reason.contains("AXI_ERROR"), "{dram}, {beat:#x}: {reason}");
                assert_eq!(
                    program[instruction as usize].operation.engine(),
                    Some(engine),
                    "{dram}, {beat:#x}"
                );
                let first = memory_bytes.max(u64::from(beat) * isa::ADDRESS_UNIT_BYTES);
                assert!(address.is_some_and(|address| address >= first), "{dram}: {address:?}");
            }
        }
        runs_a_good_job(&session);
    }
}
