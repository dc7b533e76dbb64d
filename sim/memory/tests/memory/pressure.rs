//! Seeded back-pressure.

use crate::requests::{PORTS, read, requests, run};
use proptest::prelude::*;
use satkit_memory::{BackPressureParameters, FixedParameters, Memory, MemoryModel};

fn pressure(seed: u64, jitter: u32, stall: u32) -> MemoryModel {
    let default = BackPressureParameters::default();
    MemoryModel::BackPressure(BackPressureParameters { seed, jitter, stall, ..default })
}

#[test]
fn other_seeds_and_other_channels_disturb_otherwise() {
    // Far apart, so that only the disturbance shows.
    let requests: Vec<_> = (0..64).map(|i| read(i * 1000, i * 4096 % 16384, 64)).collect();
    let a = run(&pressure(1, 64, 32), &PORTS, &requests);
    let b = run(&pressure(2, 64, 32), &PORTS, &requests);
    assert_ne!(a, b);
    let offsets = |channel: usize| -> Vec<u64> {
        (channel..64).step_by(4).map(|i| a[i].start_cycle - i as u64 * 1000).collect()
    };
    assert_ne!(offsets(0), offsets(1));
}

#[test]
fn both_bounds_are_reached_and_kept() {
    let mut memory = pressure(3, 4, 4).build(&PORTS).unwrap();
    let (mut jitters, mut stalls) = ([0; 5], [0; 5]);
    for i in 0..1000 {
        let transfer = memory.transfer(read(i * 1000, 0, 8));
        jitters[(transfer.start_cycle - i * 1000 - 80) as usize] += 1;
        stalls[(transfer.end_cycle - transfer.start_cycle - 8) as usize] += 1;
    }
    // 200 each on average.
    assert!(jitters.iter().chain(&stalls).all(|count| (140..260).contains(count)));
}

#[test]
fn one_beat_has_no_gap_to_stall_in() {
    let transfer = run(&pressure(5, 0, 1000), &PORTS, &[read(0, 0, 1)])[0];
    assert_eq!((transfer.start_cycle, transfer.end_cycle), (80, 81));
}

proptest! {
    #[test]
    fn pressure_only_delays(seed: u64, jitter in 0_u32..100, stall in 0_u32..100, requests in requests(64)) {
        let fixed = run(&MemoryModel::Fixed(FixedParameters::default()), &PORTS, &requests);
        let disturbed = run(&pressure(seed, jitter, stall), &PORTS, &requests);
        for (fixed, disturbed) in fixed.iter().zip(&disturbed) {
            prop_assert!(fixed.start_cycle <= disturbed.start_cycle && fixed.end_cycle <= disturbed.end_cycle);
        }
        if jitter == 0 && stall == 0 {
            prop_assert_eq!(fixed, disturbed);
        }
    }
}
