//! One pool of bandwidth.

use crate::requests::{PORTS, requests, run};
use proptest::prelude::*;
use satkit_memory::{Direction, MemoryModel, PoolParameters, Request};

fn pool(latency: u32, bandwidth: u32) -> MemoryModel {
    MemoryModel::Pool(PoolParameters { latency, bandwidth })
}

fn read(cycle: u64, beats: u32) -> Request {
    Request { cycle, address: 0, beats, direction: Direction::Read }
}

#[test]
fn requests_queue_for_the_bandwidth_of_all_channels() {
    // 128 bytes per cycle are two beats of 64.
    let given = [read(0, 100), read(0, 10), read(200, 3)];
    let spans: Vec<_> = run(&pool(80, 128), &PORTS, &given)
        .iter()
        .map(|transfer| (transfer.start_cycle, transfer.end_cycle))
        .collect();
    assert_eq!(spans, [(80, 130), (130, 135), (280, 282)]);
}

proptest! {
    #[test]
    fn no_window_has_more_than_the_bandwidth(
        latency in 0_u32..200, bandwidth in 1_u32..1000, given in requests(64),
    ) {
        let transfers = run(&pool(latency, bandwidth), &PORTS, &given);
        for first in 0..given.len() {
            let mut beats = 0_u64;
            for last in first..given.len() {
                beats += u64::from(given[last].beats);
                // Both ends are rounded up to a cycle.
                let cycles = transfers[last].end_cycle + 1 - transfers[first].start_cycle;
                prop_assert!(beats * 64 <= cycles * u64::from(bandwidth));
            }
        }
    }

    #[test]
    fn more_bandwidth_and_less_latency_are_never_later(
        latency in 1_u32..200, bandwidth in 1_u32..500, given in requests(64),
    ) {
        let slow = run(&pool(latency, bandwidth), &PORTS, &given);
        for faster in [pool(latency, bandwidth + 1), pool(latency - 1, bandwidth)] {
            for (slow, fast) in slow.iter().zip(run(&faster, &PORTS, &given)) {
                prop_assert!(fast.end_cycle <= slow.end_cycle);
            }
        }
    }
}
