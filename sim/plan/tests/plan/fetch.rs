//! The fetch: a long program is dispatched at one instruction a cycle, wherever it lies.

use crate::given::config;
use crate::hand::{WAY, reads};
use proptest::prelude::*;
use satkit_memory::{
    AnyMemory, Fixed, FixedParameters, Memory, MemoryModel, Ports, Request, Statistics, Transfer,
};
use satkit_plan::{NoObserver, PlanError, Program, time, time_at, time_with};
use satkit_spec::{ArrayConfig, FETCH_BUFFER_BEATS, FETCH_BURST_BEATS};

fn program(count: usize) -> Program {
    Program::new(vec![reads([1, 0, 0]); count])
}

/// Keeps all requests.
struct Recording {
    memory: AnyMemory,
    all: Vec<(Request, Transfer)>,
}

impl Memory for Recording {
    fn transfer(&mut self, request: Request) -> Transfer {
        let transfer = self.memory.transfer(request);
        self.all.push((request, transfer));
        transfer
    }

    fn statistics(&self) -> &Statistics {
        self.memory.statistics()
    }
}

proptest! {
    #![proptest_config(config(200))]

    /// A beat has two instructions, and the buffer hides latencies of up to 200 cycles.
    #[test]
    fn a_long_program_never_waits_for_its_fetch(count in 1_usize..5000, latency in 0_u32..=200) {
        let array = ArrayConfig::vcu1525();
        let memory = MemoryModel::Fixed(FixedParameters { latency, bandwidth: 64 });
        let cycles = time_with(&array, &program(count), &memory, &mut NoObserver).unwrap().cycles;
        let first = (count.div_ceil(2)).min(FETCH_BURST_BEATS) as u64;
        prop_assert_eq!(cycles, 1 + u64::from(latency) + 1 + first + count as u64);
    }

    /// Its bursts are aligned to their size, cover the program once, and are never more than the buffer holds.
    #[test]
    fn bursts_are_aligned_and_fit_the_buffer(
        count in 1_usize..2000, first in 0_u64..100, latency in 0_u32..2000,
    ) {
        let array = ArrayConfig::vcu1525();
        let parameters = FixedParameters { latency, bandwidth: 64 };
        let memory = Fixed::new(parameters, &Ports::from(&array)).unwrap();
        let mut recording = Recording { memory: AnyMemory::Fixed(memory), all: Vec::new() };
        let address = first * 64;
        let program = program(count);
        time(&array, &program, address, &mut recording, &mut NoObserver).unwrap();
        let size = FETCH_BURST_BEATS as u64 * 64;
        let mut next = address;
        for (at, (request, _)) in recording.all.iter().enumerate() {
            prop_assert_eq!(request.address, next);
            next += u64::from(request.beats) * 64;
            let last = at + 1 == recording.all.len();
            prop_assert!(last || next.is_multiple_of(size));
            prop_assert_eq!(request.address / size, (next - 1) / size);
            // Whatever has not arrived is still in the buffer.
            let here = recording.all[..=at].iter().filter(|(_, t)| t.end_cycle > request.cycle);
            let beats: u32 = here.map(|(request, _)| request.beats).sum();
            prop_assert!(beats as usize <= FETCH_BUFFER_BEATS);
        }
        prop_assert_eq!(next, address + count.div_ceil(2) as u64 * 64);
    }
}

#[test]
fn a_place_that_starts_a_burst_on_the_same_channel_changes_no_cycle() {
    let array = ArrayConfig::vcu1525();
    let at = |memory: &MemoryModel, address| {
        time_at(&array, &program(3000), address, memory, &mut NoObserver).unwrap().cycles
    };
    for model in ["pool", "fixed", "pressure"] {
        let memory = model.parse().unwrap();
        let cycles = at(&memory, Program::DEFAULT_ADDRESS);
        for place in [0, 1 << 16, 5 << 16, 1 << 30] {
            assert_eq!(at(&memory, place), cycles, "{model} {place}");
        }
    }
    // A short first burst is there earlier.
    let fixed: MemoryModel = "fixed".parse().unwrap();
    assert_eq!(at(&fixed, 1024 - 64), WAY + 1 + 3000 + 14);
}

#[test]
fn a_program_lies_on_the_card_at_a_beat() {
    let array = ArrayConfig::vcu1525();
    for address in [32, 1 << 36, u64::MAX] {
        let error = time_at(&array, &program(1), address, &MemoryModel::default(), &mut NoObserver);
        assert_eq!(error, Err(PlanError::ProgramAddress { address }));
    }
}
