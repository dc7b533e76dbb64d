//! The in-order client under Verilator: when requests may go and when beats come is what the timing model of the load engines
//! counts (`sim/plan/src/timing/load.rs`), whatever order the masters answer in.

use super::config;
use super::memory::Beat;
use crate::live::Live;
use crate::support::Random;
use crate::verilog::has_verilog_tool;
use satkit_hdl::dma;
use std::collections::VecDeque;

/// A beat that is due: from which master, and what it is when it has come.
struct Due {
    master: usize,
    last: bool,
    came: Option<(Beat, bool)>,
}

/// The timing model's account of a request: when it started and ended at the client, and its beats.
struct Account {
    master: usize,
    beats: u64,
    seen: u64,
    first: u64,
    end: u64,
}

/// How a run is.
struct Run {
    channels: usize,
    capacity: u64,
    /// Of 100 cycles, those in which a master gives nothing, no request is taken, none is there, and the engine takes no beat.
    stalls: [u64; 4],
    most_beats: u64,
}

/// Returns requests, those that waited for room, and beats.
fn run(live: &Live, run: &Run, seed: u64, cycles: u64) -> [u64; 3] {
    let &Run { channels, capacity, stalls, most_beats } = run;
    let mut pins = live.start();
    let mut random = Random(seed);
    let mut wants: Option<(u64, u64)> = None;
    let mut due: VecDeque<Due> = VecDeque::new();
    // Beats by master that it still has to give.
    let mut given = vec![0_u64; channels];
    let mut accounts: VecDeque<Account> = VecDeque::new();
    // Requests under way as the timing model has them: arrival (not known before), beats.
    let mut under_way: VecDeque<u64> = VecDeque::new();
    // First cycle in which the next beat may be given.
    let mut free = 0;
    let mut expected: Option<(Beat, bool, bool)> = None;
    let mut counts = [0; 3];
    let mut slow = vec![0; channels];
    for now in 0_u64.. {
        let ends = now >= cycles;
        if ends && due.is_empty() && expected.is_none() && wants.is_none() {
            break;
        }
        assert!(now < 20 * cycles, "does not end");
        if wants.is_none() && !ends && random.below(100) >= stalls[2] {
            let page = random.below(1 << 20);
            let inside = random.below(64);
            wants = Some((page * 64 + inside, 1 + random.below(most_beats.min(64 - inside))));
        }
        let (address, beats) = wants.unwrap_or((random.below(1 << 32), random.below(128)));
        pins.put("request_valid", wants.is_some().into());
        pins.put("request_address", address);
        pins.put("request_beats", beats);
        // A request goes with as many beats under way as there is room for: what arrived before this cycle is not.
        let held: u64 = under_way.iter().sum();
        let asks = wants.is_some() && held + beats <= capacity;
        counts[1] += u64::from(wants.is_some() && !asks);
        let taken = asks && random.below(100) >= stalls[1];
        pins.put("ar_ready", taken.into());
        let (mut valid, mut errors) = (0, 0);
        for master in 0..channels {
            let beat: Beat = std::array::from_fn(|_| random.next() as u32);
            pins.put_words("r_data", 16 * master, &beat);
            let error = random.below(16) == 0;
            errors |= u64::from(error) << master;
            // Masters have slow times, so that beats of the others pile up.
            slow[master] = if random.below(50) == 0 { random.below(100) } else { slow[master] };
            if given[master] == 0
                || random.below(100) < stalls[0].max(slow[master] * stalls[0]).min(98)
            {
                continue;
            }
            given[master] -= 1;
            valid |= 1 << master;
            let next = due.iter_mut().find(|due| due.master == master && due.came.is_none());
            next.unwrap().came = Some((beat, error));
            let account =
                accounts.iter_mut().find(|a| a.master == master && a.seen < a.beats).unwrap();
            if account.seen == 0 {
                account.first = now;
            }
            account.seen += 1;
            account.end = now + 1;
        }
        pins.put("r_valid", valid);
        pins.put("r_error", errors);
        let ready = random.below(100) >= stalls[3];
        pins.put("beat_ready", ready.into());
        pins.step();
        assert_eq!(pins.get("ar_valid"), u64::from(asks), "cycle {now}: {held} + {beats}");
        assert_eq!(pins.get("request_ready"), u64::from(taken));
        if asks {
            assert_eq!((pins.get("ar_address"), pins.get("ar_beats")), (address, beats));
        }
        assert_eq!(pins.get("beat_valid"), u64::from(expected.is_some()), "cycle {now}");
        if let Some((beat, last, error)) = expected {
            assert_eq!(pins.get_words("beat_data", 0, 16), beat, "cycle {now}");
            let pins = (pins.get("beat_last") == 1, pins.get("beat_error") == 1);
            assert_eq!(pins, (last, error));
            counts[2] += u64::from(ready);
        }
        assert_eq!(pins.get("idle") == 1, held == 0 && expected.is_none());
        // The next beat is given from the cycle after it came on, when the one before has been taken.
        if expected.is_some() && ready {
            expected = None;
        }
        if let (None, Some((beat, error))) = (expected, due.front().and_then(|due| due.came)) {
            let last = due.pop_front().unwrap().last;
            expected = Some((beat, last, error));
            if last {
                // What is over in this cycle is not under way in the next, in which its last beat is given.
                let account = accounts.pop_front().unwrap();
                under_way.pop_front();
                // Where every beat is taken at once, that is the timing model's formula, in cycles of the client.
                if run.stalls[3] == 0 {
                    let first = free.max(account.first);
                    free = (first + account.beats).max(account.end);
                    assert_eq!(free, now + 1, "{} beats", account.beats);
                }
            }
        }
        if taken {
            let master = address as usize / 64 % channels;
            given[master] += beats;
            due.extend((1..=beats).map(|at| Due { master, last: at == beats, came: None }));
            accounts.push_back(Account { master, beats, seen: 0, first: 0, end: 0 });
            under_way.push_back(beats);
            counts[0] += 1;
            wants = None;
        }
    }
    counts
}

#[test]
fn requests_and_beats_are_those_of_the_timing_model() {
    if !has_verilog_tool("verilator") {
        return;
    }
    for (channels, capacity) in [(4, 256), (4, 64), (2, 64), (1, 64)] {
        let live = Live::build(&dma::in_order(&config(channels), capacity as usize).unwrap());
        let mut total = [0; 3];
        for (seed, (stalls, most_beats)) in [
            ([0, 0, 0, 0], 64),
            ([0, 0, 0, 0], 1),
            ([60, 0, 0, 0], 8),
            ([40, 50, 50, 0], 64),
            ([90, 20, 0, 0], 16),
            ([20, 0, 0, 60], 16),
            ([80, 0, 0, 80], 64),
        ]
        .into_iter()
        .enumerate()
        {
            let how = Run { channels, capacity, stalls, most_beats };
            let counts = run(&live, &how, seed as u64, 3_000);
            total = std::array::from_fn(|at| total[at] + counts[at]);
        }
        println!("{channels} channels, {capacity} beats: {total:?} requests, waits, beats");
        assert!(total[0] > 1_000 && total[1] > 1_000 && total[2] > 4_000, "{total:?}");
    }
}
