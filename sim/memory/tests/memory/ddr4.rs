//! DDR4 by hand. At 200 MHz a core cycle is 30 ticks, a DRAM clock 5 and a burst 20; the latency is 900.

use crate::requests::{PORTS, read, run, write};
use satkit_memory::{Ddr4Parameters, Memory, MemoryModel, Request, Statistics};

/// Addresses of channel 0: bank 1 of the same row number, and another row of bank 0.
const BANK_1: u64 = 4 * 32 * 1024;
const ROW_1: u64 = 4 * BANK_1;

fn times(requests: &[Request]) -> Vec<(u64, u64)> {
    let transfers = run(&MemoryModel::ddr4(), &PORTS, requests);
    transfers.iter().map(|transfer| (transfer.start_cycle, transfer.end_cycle)).collect()
}

fn statistics(requests: &[Request]) -> Statistics {
    let mut memory = MemoryModel::ddr4().build(&PORTS).unwrap();
    for request in requests {
        memory.transfer(*request);
    }
    *memory.statistics()
}

#[test]
fn a_first_read_activates() {
    // tRCD + CL = 34 clocks = 170 ticks; 1070 with the latency is cycle 35.67.
    assert_eq!(times(&[read(0, 0, 64)]), [(36, 100)]);
}

#[test]
fn an_open_row_saves_the_activation() {
    // Cycle 100 is tick 3000; + CL 85 + 900 = 3985, cycle 132.83.
    assert_eq!(times(&[read(0, 0, 64), read(100, 64, 1)])[1], (133, 134));
}

#[test]
fn another_row_closes_the_first() {
    // Tick 6000; + tRP + tRCD + CL = 255, + 900 = 7155, cycle 238.5.
    assert_eq!(times(&[read(0, 0, 64), read(200, ROW_1, 1)])[1], (239, 240));
}

#[test]
fn a_row_stays_open_for_tras() {
    // Activated at 0: precharge at 39 clocks = 195, + 255 + 900 = 1350, cycle 45.
    assert_eq!(times(&[read(0, 0, 1), read(0, ROW_1, 1)]), [(36, 37), (45, 46)]);
}

#[test]
fn another_bank_opens_behind_the_data() {
    // The port is free at cycle 100, and the second row is open long before.
    assert_eq!(times(&[read(0, 0, 64), read(0, BANK_1, 64)]), [(36, 100), (100, 164)]);
}

#[test]
fn banks_open_no_faster_than_tfaw() {
    // Activated at 0 and 80; 80 + 170 + 900 = 1150, cycle 38.33.
    assert_eq!(times(&[read(0, 0, 1), read(0, BANK_1, 1)])[1], (39, 40));
}

#[test]
fn a_refresh_closes_and_delays() {
    // Channel 0 refreshes first at a quarter of tREFI: tick 11700, cycle 390. + tRFC 2100 + 170 + 900 = 14870, 495.67.
    assert_eq!(times(&[read(390, 0, 1)]), [(496, 497)]);
    // With a row open, tRP comes first: 14955, cycle 498.5.
    let requests = [read(0, 0, 1), read(390, 0, 1)];
    assert_eq!(times(&requests)[1], (499, 500));
    let statistics = statistics(&requests);
    assert_eq!((statistics.refreshes, statistics.row_misses, statistics.row_hits), (1, 2, 0));
}

#[test]
fn the_refreshes_of_idle_time_pass() {
    // 1560 cycles per tREFI: 390 + 10 * 1560 = 15990 is the 11th; cycle 16500 is long after it.
    let requests = [read(0, 0, 1), read(16_500, 0, 1)];
    assert_eq!(times(&requests)[1], (16_536, 16_537));
    assert_eq!(statistics(&requests).refreshes, 11);
}

#[test]
fn refreshes_are_staggered_over_the_channels() {
    assert_eq!(times(&[read(390, 4096, 1)]), [(426, 427)]);
}

#[test]
fn writes_are_posted_at_the_port_s_rate() {
    let requests: Vec<_> = (0..8).map(|i| write(0, i * 4 * 4096, 64)).collect();
    let expected: Vec<_> = (0..8).map(|i| (i * 64, i * 64 + 64)).collect();
    assert_eq!(times(&requests), expected);
}

#[test]
fn a_read_before_the_drain_passes_the_writes() {
    assert_eq!(times(&[write(0, 0, 64), read(10, BANK_1, 1)])[1], (46, 47));
}

#[test]
fn a_read_behind_the_drain_pays_it_and_the_turnaround() {
    // Full at tick 1920, with the row open by then: + 64 bursts 1280 = 3200. + tWTR_L 45 + CL 85 = 3330, + 900 = 4230,
    // cycle 141; the read's own activation is hidden.
    let requests = [write(0, 0, 64), read(64, BANK_1, 1)];
    assert_eq!(times(&requests)[1], (141, 142));
    assert_eq!(statistics(&requests).turnarounds, 2);
}

#[test]
fn a_full_buffer_waits_for_the_dram() {
    // One burst per half, all in other rows of one bank. The first is drained when the second fills: activated at 0, data
    // 85 + 60 = 145 to 165, cycle 5.5: the third waits for 6.
    let model = MemoryModel::Ddr4(Ddr4Parameters { write_batch: 1, ..Ddr4Parameters::default() });
    let requests: Vec<_> = (0..4).map(|i| write(0, i * ROW_1, 1)).collect();
    let transfers = run(&model, &PORTS, &requests);
    assert_eq!(transfers[..3].iter().map(|t| t.start_cycle).collect::<Vec<_>>(), [0, 1, 6]);
    // The second's row: precharge at max(165 + tWR 90, tRAS 195) = 255, + 85 + 85 + 60 = 485 to 505, 16.83.
    assert_eq!(transfers[3].start_cycle, 17);
}

#[test]
fn a_port_narrower_than_a_burst_shares_it() {
    // 16 bytes per beat: 4 beats are one burst, and the port is the slower: 36 + 4.
    let ports = satkit_memory::Ports { beat_bytes: 16, ..PORTS };
    let transfer = run(&MemoryModel::ddr4(), &ports, &[read(0, 0, 4)])[0];
    assert_eq!((transfer.start_cycle, transfer.end_cycle), (36, 40));
}
