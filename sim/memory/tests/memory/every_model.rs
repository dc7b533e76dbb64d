//! What holds for every model.

use crate::requests::{PORTS, channel, model, ports_and_requests, requests, run};
use proptest::prelude::*;
use satkit_memory::{Direction, Memory, MemoryModel, Ports, Request};

/// Cycles that a read, and a write's response, waits at least.
fn latencies(model: &MemoryModel, ports: &Ports) -> (u64, u64) {
    match model {
        MemoryModel::Pool(p) => (p.latency.into(), p.latency.into()),
        MemoryModel::Fixed(p) => (p.latency.into(), p.latency.into()),
        MemoryModel::BackPressure(p) => (p.latency.into(), p.latency.into()),
        MemoryModel::Ddr4(p) => {
            let ticks = u128::from(p.latency_ns) * 6 + u128::from(p.cl) * 5;
            ((ticks * u128::from(ports.clock_hz) / 6_000_000_000) as u64, 0)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn equal_memories_give_equal_transfers(model in model(), (ports, requests) in ports_and_requests()) {
        prop_assert_eq!(run(&model, &ports, &requests), run(&model, &ports, &requests));
    }

    #[test]
    fn a_transfer_takes_its_latency_and_its_beats(model in model(), (ports, requests) in ports_and_requests()) {
        let (read, response) = latencies(&model, &ports);
        for (request, transfer) in requests.iter().zip(run(&model, &ports, &requests)) {
            let beats = u64::from(request.beats);
            match request.direction {
                Direction::Read => {
                    prop_assert!(transfer.start_cycle >= request.cycle + read);
                    prop_assert!(transfer.end_cycle >= transfer.start_cycle + beats);
                }
                Direction::Write => {
                    prop_assert!(transfer.start_cycle >= request.cycle);
                    prop_assert!(transfer.end_cycle >= transfer.start_cycle + beats + response);
                }
            }
        }
    }

    #[test]
    fn one_port_and_direction_never_overlaps(model in model(), (ports, requests) in ports_and_requests()) {
        // A write's beats end before its response.
        let (_, response) = latencies(&model, &ports);
        let mut free = vec![[0; 2]; ports.channels];
        for (request, transfer) in requests.iter().zip(run(&model, &ports, &requests)) {
            let writes = request.direction == Direction::Write;
            let free = &mut free[channel(request, &ports)][usize::from(writes)];
            prop_assert!(transfer.start_cycle >= *free);
            *free = transfer.end_cycle - if writes { response } else { 0 };
        }
    }

    #[test]
    fn channels_are_independent(model in model(), (ports, requests) in ports_and_requests()) {
        let all = run(&model, &ports, &requests);
        for wanted in 0..ports.channels {
            let is_wanted = |request: &Request| channel(request, &ports) == wanted;
            let alone: Vec<_> = requests.iter().copied().filter(is_wanted).collect();
            let answers: Vec<_> = requests.iter().zip(&all).filter(|(r, _)| is_wanted(r)).map(|(_, t)| *t).collect();
            prop_assert_eq!(run(&model, &ports, &alone), answers);
        }
    }

    #[test]
    fn every_beat_is_counted_once(model in model(), requests in requests(64)) {
        let mut memory = model.build(&PORTS).unwrap();
        for request in &requests {
            memory.transfer(*request);
        }
        let sum = |direction| {
            let some = requests.iter().filter(|request| request.direction == direction);
            some.fold((0, 0), |(count, beats), r| (count + 1, beats + u64::from(r.beats)))
        };
        let s = memory.statistics();
        prop_assert_eq!(sum(Direction::Read), (s.read_requests, s.read_beats));
        prop_assert_eq!(sum(Direction::Write), (s.write_requests, s.write_beats));
        let rows = s.row_hits + s.row_misses + s.row_conflicts;
        // Writes in the buffer have met no row yet.
        prop_assert!(rows <= s.read_requests + s.write_requests);
        if matches!(model, MemoryModel::Ddr4(_)) {
            prop_assert!(rows >= s.read_requests);
        }
    }
}
