//! Requests to try, and what a memory answers.

use proptest::prelude::*;
use satkit_memory::{
    BackPressureParameters, Ddr4Parameters, Direction, FixedParameters, Memory, MemoryModel,
    PAGE_BYTES, Ports, Request, Transfer,
};

pub(crate) const PORTS: Ports = Ports { channels: 4, beat_bytes: 64, clock_hz: 200_000_000 };

pub(crate) fn read(cycle: u64, address: u64, beats: u32) -> Request {
    Request { cycle, address, beats, direction: Direction::Read }
}

pub(crate) fn write(cycle: u64, address: u64, beats: u32) -> Request {
    Request { cycle, address, beats, direction: Direction::Write }
}

pub(crate) fn channel(request: &Request, ports: &Ports) -> usize {
    (request.address / PAGE_BYTES) as usize % ports.channels
}

pub(crate) fn run(model: &MemoryModel, ports: &Ports, requests: &[Request]) -> Vec<Transfer> {
    let mut memory = model.build(ports).unwrap();
    requests.iter().map(|request| memory.transfer(*request)).collect()
}

/// Requests of any kind in the order of their cycles; pages from few rows, so that rows are met again.
pub(crate) fn requests(beat_bytes: usize) -> impl Strategy<Value = Vec<Request>> {
    let beats_per_page = (PAGE_BYTES as usize / beat_bytes) as u64;
    let gap = prop_oneof![4 => Just(0_u64), 4 => 0_u64..100, 1 => 0_u64..10_000];
    let one = (gap, 0_u64..512, any::<u64>(), any::<u64>(), any::<bool>());
    prop::collection::vec(one, 1..200).prop_map(move |items| {
        let mut cycle = 0;
        let request = |(gap, page, first, count, writes): (u64, u64, u64, u64, bool)| {
            cycle += gap;
            let first = first % beats_per_page;
            Request {
                cycle,
                address: page * PAGE_BYTES + first * beat_bytes as u64,
                beats: (1 + count % (beats_per_page - first)) as u32,
                direction: if writes { Direction::Write } else { Direction::Read },
            }
        };
        items.into_iter().map(request).collect()
    })
}

pub(crate) fn ports() -> impl Strategy<Value = Ports> {
    let clock = prop_oneof![
        Just(200_000_000_u64),
        Just(300_000_000),
        Just(322_265_625),
        1_000_000_u64..=1_000_000_000
    ];
    (0_u32..4, 3_u32..8, clock).prop_map(|(channels, beat, clock_hz)| Ports {
        channels: 1 << channels,
        beat_bytes: 1 << beat,
        clock_hz,
    })
}

pub(crate) fn ports_and_requests() -> impl Strategy<Value = (Ports, Vec<Request>)> {
    ports().prop_flat_map(|ports| (Just(ports), requests(ports.beat_bytes)))
}

/// Any model that can be built behind beats of at least 8 bytes.
pub(crate) fn model() -> impl Strategy<Value = MemoryModel> {
    prop_oneof![
        (0_u32..200, 1_u32..=8).prop_map(|(latency, bandwidth)| MemoryModel::Fixed(
            FixedParameters { latency, bandwidth }
        )),
        (any::<u64>(), 0_u32..200, 1_u32..=8, 0_u32..100, 0_u32..100).prop_map(
            |(seed, latency, bandwidth, jitter, stall)| {
                MemoryModel::BackPressure(BackPressureParameters {
                    seed,
                    latency,
                    bandwidth,
                    jitter,
                    stall,
                })
            }
        ),
        ddr4().prop_map(MemoryModel::Ddr4),
    ]
}

pub(crate) fn ddr4() -> impl Strategy<Value = Ddr4Parameters> {
    let clocks = (9_u32..=64, 1_u32..=64, 1_u32..=64, 1_u32..=128);
    let rest = (0_u32..1000, 1950_u32..20_000, 0_u32..=1000, 1_u32..=1024);
    prop_oneof![
        Just(Ddr4Parameters::default()),
        (clocks, rest).prop_map(
            |((cl, trcd, trp, tras), (latency_ns, trefi_ns, trfc_ns, write_batch))| {
                Ddr4Parameters { latency_ns, cl, trcd, trp, tras, trefi_ns, trfc_ns, write_batch }
            }
        )
    ]
}
