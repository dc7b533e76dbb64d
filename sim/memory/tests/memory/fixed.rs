//! Fixed latency and bandwidth.

use crate::requests::{PORTS, read, requests, run, write};
use proptest::prelude::*;
use satkit_memory::{FixedParameters, MemoryModel, Request};

fn times(latency: u32, bandwidth: u32, requests: &[Request]) -> Vec<(u64, u64)> {
    let model = MemoryModel::Fixed(FixedParameters { latency, bandwidth });
    let transfers = run(&model, &PORTS, requests);
    transfers.iter().map(|transfer| (transfer.start_cycle, transfer.end_cycle)).collect()
}

#[test]
fn a_read_waits_for_latency_or_port() {
    let requests = [read(0, 0, 64), read(1, 0, 64), read(200, 0, 1)];
    assert_eq!(times(80, 64, &requests), [(80, 144), (144, 208), (280, 281)]);
}

#[test]
fn a_write_is_taken_at_once_and_done_a_latency_later() {
    let requests = [write(0, 0, 64), write(1, 0, 64), write(200, 0, 1)];
    assert_eq!(times(80, 64, &requests), [(0, 144), (64, 208), (200, 281)]);
}

#[test]
fn directions_and_channels_have_their_own_servers() {
    let requests = [read(0, 0, 64), write(0, 0, 64), read(0, 4096, 64), read(0, 4 * 4096, 64)];
    assert_eq!(times(0, 64, &requests), [(0, 64), (0, 64), (0, 64), (64, 128)]);
}

#[test]
fn fractions_of_a_cycle_add_up() {
    // 48 of 64 bytes per cycle: 4/3 cycles per beat. 3 beats end at 14, the next at 15 1/3 and 16 2/3.
    let requests = [read(0, 0, 3), read(0, 0, 1), read(0, 0, 1), read(0, 0, 1)];
    assert_eq!(times(10, 48, &requests), [(10, 14), (14, 16), (16, 17), (17, 18)]);
}

#[test]
fn one_byte_per_cycle_is_a_beat_in_64() {
    assert_eq!(times(0, 1, &[read(7, 0, 2)]), [(7, 135)]);
}

proptest! {
    #[test]
    fn more_bandwidth_is_never_later(latency in 0_u32..100, low in 1_u32..=64, high in 1_u32..=64, requests in requests(64)) {
        let (low, high) = (low.min(high), low.max(high));
        for (slow, fast) in times(latency, low, &requests).iter().zip(times(latency, high, &requests)) {
            prop_assert!(fast.0 <= slow.0 && fast.1 <= slow.1);
        }
    }

    #[test]
    fn less_latency_is_never_later(low in 0_u32..100, high in 0_u32..100, requests in requests(64)) {
        let (low, high) = (low.min(high), low.max(high));
        for (fast, slow) in times(low, 48, &requests).iter().zip(times(high, 48, &requests)) {
            prop_assert!(fast.0 <= slow.0 && fast.1 <= slow.1);
        }
    }
}
