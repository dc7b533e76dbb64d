//! How many bytes DDR4 moves.

use crate::requests::{PORTS, ddr4, read, requests, run, write};
use proptest::prelude::*;
use satkit_memory::{Direction, MemoryModel, Ports, Request};

const PEAK_BYTES_PER_SECOND: u128 = 19_200_000_000;

/// Bytes that the bus of one channel moves in `cycles`, rounded up.
fn peak_bytes(cycles: u64, ports: &Ports) -> u64 {
    (u128::from(cycles) * PEAK_BYTES_PER_SECOND).div_ceil(u128::from(ports.clock_hz)) as u64
}

/// Cycles of a stream over all channels that asks as early as it can.
fn stream(ports: &Ports, pages: u64, request: fn(u64, u64, u32) -> Request) -> u64 {
    let beats = (4096 / ports.beat_bytes) as u32;
    let requests: Vec<_> = (0..pages).map(|page| request(0, page * 4096, beats)).collect();
    run(&MemoryModel::ddr4(), ports, &requests).iter().map(|t| t.end_cycle).max().unwrap()
}

#[test]
fn a_sequential_stream_loses_only_the_refresh() {
    for clock_hz in [200_000_000, 250_000_000, 300_000_000, 322_265_625, 450_000_000] {
        let ports = Ports { clock_hz, ..PORTS };
        let bytes = 4096 * 2000_u64;
        let port_cycles = bytes / 64;
        let bus_cycles = (u128::from(bytes) * u128::from(clock_hz) / PEAK_BYTES_PER_SECOND) as u64;
        let peak = port_cycles.max(bus_cycles);
        for (name, cycles) in
            [("read", stream(&ports, 8000, read)), ("write", stream(&ports, 8000, write))]
        {
            assert!(cycles >= peak * 99 / 100, "{name} at {clock_hz} Hz: {cycles} of {peak}");
            // tRFC of tREFI is 4.5 %; closing and opening around it and the first latency stay below 2 %.
            assert!(cycles <= peak * 1065 / 1000, "{name} at {clock_hz} Hz: {cycles} of {peak}");
        }
    }
}

#[test]
fn conflicts_are_slower_than_hits() {
    let time = |stride: u64| {
        let requests: Vec<_> = (0..1000).map(|i| read(0, i % 2 * stride, 4)).collect();
        run(&MemoryModel::ddr4(), &PORTS, &requests)[999].end_cycle
    };
    let (hits, banks, conflicts) = (time(256), time(4 * 32 * 1024), time(16 * 32 * 1024));
    assert_eq!(hits, banks, "two open rows are as good as one");
    assert!(conflicts > 2 * hits, "{conflicts} and {hits}");
    // tRC, 56 clocks or 280 ticks, from each to the next.
    assert!(conflicts >= 999 * 280 / 30, "{conflicts}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn reads_never_exceed_the_peak(parameters in ddr4(), fast: bool, mut requests in requests(64)) {
        let ports = Ports { channels: 1, clock_hz: if fast { 800_000_000 } else { 200_000_000 }, ..PORTS };
        for request in &mut requests {
            request.direction = Direction::Read;
        }
        let transfers = run(&MemoryModel::Ddr4(parameters), &ports, &requests);
        for first in 0..requests.len() {
            let mut bytes = 0;
            for last in first..requests.len() {
                bytes += u64::from(requests[last].beats) * 64;
                let cycles = transfers[last].end_cycle - transfers[first].start_cycle;
                prop_assert!(bytes <= cycles * 64);
                // The window's start was rounded up.
                prop_assert!(bytes <= peak_bytes(cycles + 1, &ports));
            }
        }
    }

    #[test]
    fn all_traffic_stays_below_the_peak_but_for_the_buffer(parameters in ddr4(), requests in requests(64)) {
        let ports = Ports { channels: 1, clock_hz: 800_000_000, ..PORTS };
        let transfers = run(&MemoryModel::Ddr4(parameters), &ports, &requests);
        let buffered = (u64::from(parameters.write_batch) + 63) * 2 * 64;
        let (mut bytes, mut end) = (0, 0);
        for (request, transfer) in requests.iter().zip(&transfers) {
            bytes += u64::from(request.beats) * 64;
            end = end.max(transfer.end_cycle);
            prop_assert!(bytes <= peak_bytes(end, &ports) + buffered);
        }
    }
}
