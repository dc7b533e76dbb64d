//! Random masters on the bus: every beat and every response in the cycle that the memory model says, and every byte in its place.

use super::super::axi::{BEAT_BYTES, Burst, Response, Violation};
use super::{Bus, FIRST_REQUEST_CYCLE};
use proptest::prelude::*;
use satkit_memory::{Direction, Memory, MemoryModel, PAGE_BYTES, Ports, Request, Transfer};
use satkit_transport::memory::CardMemory;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const CHANNELS: usize = 4;
const PORTS: Ports = Ports { channels: CHANNELS, beat_bytes: BEAT_BYTES, clock_hz: 200_000_000 };
/// Pages of the memory; the last one is cut off in its middle.
const PAGES: u64 = 24;
const MEMORY_BYTES: u64 = PAGES * PAGE_BYTES - 17 * BEAT_BYTES as u64;
/// Pages from here on are not written before the run.
const WRITTEN_PAGES: u64 = 16;

/// A request of the master that its page belongs to, `gap` cycles after the one before.
#[derive(Clone, Copy, Debug)]
struct Wish {
    gap: u64,
    address: u64,
    beats: u32,
    direction: Direction,
    /// Bytes of each beat that are written.
    strobe: u64,
    seed: u8,
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let gap = prop_oneof![6 => Just(0u64), 3 => 0u64..20, 1 => 0u64..500];
    let beats = prop_oneof![Just(1u32), Just(64u32), 1u32..=64];
    let strobe = prop_oneof![8 => Just(u64::MAX), 1 => any::<u64>(), 1 => Just(0u64)];
    // One page more than there is.
    let wish = (gap, 0..=PAGES, 0u32..64, beats, any::<bool>(), strobe, any::<u8>());
    let wish = wish.prop_map(|(gap, page, first, beats, reads, strobe, seed)| {
        let address = page * PAGE_BYTES + u64::from(first) * BEAT_BYTES as u64;
        let direction = if reads { Direction::Read } else { Direction::Write };
        Wish { gap, address, beats: beats.min(64 - first), direction, strobe, seed }
    });
    prop::collection::vec(wish, 1..60)
}

fn models() -> impl Strategy<Value = MemoryModel> {
    let text = prop_oneof![
        Just("pool".to_owned()),
        (0u32..200, 16u32..400).prop_map(|(l, b)| format!("pool:latency={l},bandwidth={b}")),
        (0u32..200, 8u32..=64).prop_map(|(l, b)| format!("fixed:latency={l},bandwidth={b}")),
        Just("fixed:latency=0,bandwidth=64".to_owned()),
        (any::<u64>(), 0u32..100, 8u32..=64, 0u32..100, 0u32..60).prop_map(|(s, l, b, j, t)| {
            format!("pressure:seed={s},latency={l},bandwidth={b},jitter={j},stall={t}")
        }),
        Just("ddr4".to_owned()),
        (0u32..300, 1u32..64).prop_map(|(l, w)| format!("ddr4:latency-ns={l},write-batch={w}")),
    ];
    text.prop_map(|text| text.parse().unwrap())
}

/// A byte of write data.
fn byte(wish: &Wish, at: usize) -> u8 {
    (at as u8).wrapping_mul(31) ^ wish.seed
}

/// What became of a request: the cycle in which it was made, those of its beats, that of its response, and its bytes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    request: u64,
    beats: Vec<u64>,
    response: u64,
    data: Vec<u8>,
    answers: Vec<Response>,
}

fn loaded() -> Arc<CardMemory> {
    let memory = Arc::new(CardMemory::new(MEMORY_BYTES));
    for page in 0..WRITTEN_PAGES {
        let bytes: Vec<u8> = (0..PAGE_BYTES).map(|at| (at / 7 + page * 13) as u8).collect();
        memory.write(page * PAGE_BYTES, &bytes).unwrap();
    }
    memory
}

/// Runs masters from cycle `from` on: they ask when they wish, one read and one write each per cycle, and take and give beats in all
/// cycles but those that `stalls` says.
fn run(bus: &mut Bus, wishes: &[Wish], from: u64, stalls: impl Fn(u64) -> bool) -> Vec<Seen> {
    let mut seen = vec![Seen::default(); wishes.len()];
    let mut waiting: BTreeMap<(usize, bool), VecDeque<(u64, usize)>> = BTreeMap::new();
    let mut at = from;
    for (index, wish) in wishes.iter().enumerate() {
        at += wish.gap;
        let port = (wish.address / PAGE_BYTES) as usize % CHANNELS;
        let key = (port, wish.direction == Direction::Write);
        waiting.entry(key).or_default().push_back((at, index));
    }
    let mut reading: Vec<VecDeque<usize>> = vec![VecDeque::new(); CHANNELS];
    let (mut writing, mut answering) = (reading.clone(), reading.clone());
    let mut cycle = from;
    loop {
        // A quiet cycle is quiet: nothing is due before the bus says.
        let quiet = bus.next_due().is_none_or(|due| due > cycle);
        for direction in [Direction::Read, Direction::Write] {
            for port in 0..CHANNELS {
                let key = (port, direction == Direction::Write);
                let Some(queue) = waiting.get_mut(&key) else { continue };
                if queue.front().is_none_or(|(at, _)| *at > cycle) {
                    continue;
                }
                let (_, index) = queue.pop_front().unwrap();
                let Wish { address, beats, .. } = wishes[index];
                let burst = Burst { address, len: (beats - 1) as u8, size: 6, kind: 1 };
                bus.request(port, direction, burst, cycle).unwrap();
                seen[index].request = cycle;
                if direction == Direction::Read {
                    reading[port].push_back(index);
                } else {
                    writing[port].push_back(index);
                    answering[port].push_back(index);
                }
            }
        }
        for port in 0..CHANNELS {
            if let Some(beat) = bus.offered(port, cycle)
                && !stalls(cycle)
            {
                assert!(!quiet || seen[reading[port][0]].request == cycle);
                let of = &mut seen[reading[port][0]];
                of.beats.push(cycle);
                of.data.extend_from_slice(beat.data);
                of.answers.push(beat.response);
                assert_eq!(beat.last, of.beats.len() == wishes[reading[port][0]].beats as usize);
                if beat.last {
                    reading[port].pop_front();
                }
                bus.beat_taken(port, cycle);
            }
            if bus.ready(port, cycle) && !stalls(cycle) {
                let index = writing[port][0];
                let wish = &wishes[index];
                let done = seen[index].beats.len();
                let data = std::array::from_fn(|at| byte(wish, done * BEAT_BYTES + at));
                let last = done + 1 == wish.beats as usize;
                bus.beat_given(port, cycle, &data, wish.strobe, last).unwrap();
                seen[index].beats.push(cycle);
                if last {
                    writing[port].pop_front();
                }
            }
            if let Some(response) = bus.response(port, cycle)
                && !stalls(cycle)
            {
                let index = answering[port].pop_front().unwrap();
                seen[index].response = cycle;
                seen[index].answers.push(response);
                bus.response_taken(port, cycle);
            }
        }
        cycle += 1;
        assert!(cycle < from + 1_000_000, "the bus hangs");
        if bus.next_due().is_none() && waiting.values().all(VecDeque::is_empty) {
            return seen;
        }
    }
}

/// The same requests in the same order, straight to the model.
fn answers(model: &MemoryModel, wishes: &[Wish], seen: &[Seen]) -> Vec<Transfer> {
    let mut memory = model.build(&PORTS).unwrap();
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    let port = |wish: &Wish| (wish.address / PAGE_BYTES) as usize % CHANNELS;
    order.sort_by_key(|&at| {
        (seen[at].request, wishes[at].direction == Direction::Write, port(&wishes[at]))
    });
    let origin = seen[order[0]].request - FIRST_REQUEST_CYCLE;
    let mut transfers = vec![Transfer { start_cycle: 0, end_cycle: 0 }; wishes.len()];
    for at in order {
        let Wish { address, beats, direction, .. } = wishes[at];
        let request = Request { cycle: seen[at].request - origin, address, beats, direction };
        let Transfer { start_cycle, end_cycle } = memory.transfer(request);
        transfers[at] =
            Transfer { start_cycle: origin + start_cycle, end_cycle: origin + end_cycle };
    }
    transfers
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn every_handshake_is_in_the_models_cycle(
        model in models(),
        wishes in wishes(),
        from in 1u64..1_000_000,
    ) {
        let paged = model.build(&PORTS).unwrap().paged();
        let mut bus = Bus::new(loaded(), model, PORTS).unwrap();
        let seen = run(&mut bus, &wishes, from, |_| false);
        let transfers = answers(&model, &wishes, &seen);
        // What a port can pass that has one beat per cycle; a paged model never asks for more.
        let (mut read_free, mut write_free, mut answer_free) = ([0; 4], [0; 4], [0; 4]);
        for ((wish, seen), transfer) in wishes.iter().zip(&seen).zip(&transfers) {
            let port = (wish.address / PAGE_BYTES) as usize % CHANNELS;
            let beats = u64::from(wish.beats);
            let Transfer { start_cycle, end_cycle } = *transfer;
            if wish.direction == Direction::Read {
                let first = start_cycle.max(read_free[port]);
                let last = (end_cycle - 1).max(first + beats - 1);
                let expected = (first..first + beats - 1).chain([last]);
                prop_assert_eq!(&seen.beats, &expected.collect::<Vec<_>>());
                prop_assert!(!paged || (first, last) == (start_cycle, end_cycle - 1));
                read_free[port] = last + 1;
            } else {
                let first = start_cycle.max(write_free[port]);
                prop_assert_eq!(&seen.beats, &(first..first + beats).collect::<Vec<_>>());
                write_free[port] = first + beats;
                let response = end_cycle.max(first + beats).max(answer_free[port]);
                prop_assert_eq!(seen.response, response);
                prop_assert!(!paged || (first, response) == (start_cycle, end_cycle));
                answer_free[port] = response + 1;
            }
        }
        let statistics = bus.statistics();
        prop_assert_eq!(statistics.reads + statistics.writes, wishes.len() as u64);
        prop_assert!(!paged || statistics.displaced == 0);

        // The next job finds the memory as the first one did, however long after.
        bus.restart();
        let after = seen.iter().map(|seen| seen.request.max(seen.response)).max().unwrap();
        let again = run(&mut bus, &wishes, after + 50_000, |_| false);
        let shift = again[0].request - seen[0].request;
        for (one, other) in seen.iter().zip(&again) {
            let shifted = one.beats.iter().map(|cycle| cycle + shift).collect::<Vec<_>>();
            prop_assert_eq!(shifted, other.beats.clone());
        }
    }

    #[test]
    fn bytes_and_errors_are_those_of_the_memory(
        model in models(),
        wishes in wishes(),
        stall in 0u64..u64::MAX,
    ) {
        let memory = loaded();
        let mut bus = Bus::new(Arc::clone(&memory), model, PORTS).unwrap();
        // A master that lets beats wait gets the same ones.
        let stalls = |cycle: u64| (stall | 7).rotate_left((cycle * 7 % 64) as u32) & 3 == 0;
        let seen = run(&mut bus, &wishes, 5, stalls);
        // A read's data are of the cycle in which it is asked for, a write's are there with its last beat.
        let mut events: Vec<(u64, bool, usize)> = Vec::new();
        for (at, (wish, seen)) in wishes.iter().zip(&seen).enumerate() {
            match wish.direction {
                Direction::Read => events.push((seen.request, false, at)),
                Direction::Write => events.push((*seen.beats.last().unwrap(), true, at)),
            }
        }
        events.sort_unstable();
        let truth = loaded();
        for (_, is_write, at) in events {
            let (wish, seen) = (&wishes[at], &seen[at]);
            let beat = |index: u32| wish.address + u64::from(index) * BEAT_BYTES as u64;
            if is_write {
                let bytes: Vec<u8> =
                    (0..wish.beats as usize * BEAT_BYTES).map(|at| byte(wish, at)).collect();
                let all = wish.strobe == u64::MAX;
                let mut expected = Response::Okay;
                let runs = if all { vec![(0, bytes.len())] } else {
                    (0..bytes.len())
                        .filter(|at| wish.strobe >> (at % BEAT_BYTES) & 1 == 1)
                        .map(|at| (at, 1))
                        .collect()
                };
                for (first, len) in runs {
                    let written =
                        truth.write(wish.address + first as u64, &bytes[first..first + len]);
                    if let (Err(fault), Response::Okay) = (written, expected) {
                        let outside = fault.address >= MEMORY_BYTES;
                        expected =
                            if outside { Response::DecodeError } else { Response::SlaveError };
                    }
                }
                prop_assert_eq!(&seen.answers, &[expected]);
                continue;
            }
            for index in 0..wish.beats {
                let mut bytes = [0; BEAT_BYTES];
                let place = index as usize * BEAT_BYTES;
                let expected = match truth.read(beat(index), &mut bytes) {
                    Ok(()) => Response::Okay,
                    Err(_) if beat(index) >= MEMORY_BYTES => Response::DecodeError,
                    Err(_) => Response::SlaveError,
                };
                prop_assert_eq!(seen.answers[index as usize], expected);
                let found = &seen.data[place..place + BEAT_BYTES];
                let nothing = [0; BEAT_BYTES];
                let there = if expected == Response::Okay { &bytes } else { &nothing };
                prop_assert_eq!(found, &there[..]);
            }
        }
        for page in 0..PAGES {
            let (mut one, mut other) = ([0; 4096], [0; 4096]);
            let both = [memory.read(page * PAGE_BYTES, &mut one), truth.read(page * PAGE_BYTES, &mut other)];
            prop_assert_eq!(both[0], both[1]);
            prop_assert!(both[0].is_err() || one == other);
        }
    }
}

#[test]
fn what_no_master_may_ask_is_a_violation() {
    let burst = |address, len, size, kind| Burst { address, len, size, kind };
    for (port, burst, reason) in [
        (0, burst(0, 0, 5, 1), "incrementing beats"),
        (0, burst(0, 0, 6, 2), "incrementing beats"),
        (0, burst(32, 0, 6, 1), "start at a beat"),
        (0, burst(64, 63, 6, 1), "crosses 4 KiB"),
        (0, burst(0, 64, 6, 1), "crosses 4 KiB"),
        (1, burst(0, 0, 6, 1), "another port"),
        (0, burst(4096, 0, 6, 1), "another port"),
    ] {
        let mut bus = Bus::new(loaded(), MemoryModel::default(), PORTS).unwrap();
        let error = bus.request(port, Direction::Read, burst, 3).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    let mut bus = Bus::new(loaded(), "fixed:latency=0".parse().unwrap(), PORTS).unwrap();
    bus.request(0, Direction::Write, burst(0, 1, 6, 1), 3).unwrap();
    assert!(bus.ready(0, 3));
    let error = bus.beat_given(0, 3, &[0; BEAT_BYTES], u64::MAX, true).unwrap_err();
    assert!(matches!(error, Violation::Last { found: true, beat: 0, beats: 2, .. }), "{error}");
}
