//! The banks and blocks of stream engines under Verilator, against plain Rust.

use super::config;
use super::memory::Beat;
use crate::live::Live;
use crate::support::Random;
use crate::verilog::has_verilog_tool;
use satkit_hdl::dma::{self, LANE_READ_CYCLES, W_DATA_CYCLES};
use std::collections::{HashMap, VecDeque};

const CAPACITY: u64 = 256;

fn beat(random: &mut Random) -> Beat {
    std::array::from_fn(|_| random.next() as u32)
}

/// Beats of three streams come in over all masters in any order between them, and lanes read them while more come.
#[test]
fn lanes_read_what_came() {
    if !has_verilog_tool("verilator") {
        return;
    }
    for channels in [1, 2, 4] {
        let design = dma::read_rings(&config(channels), CAPACITY as usize).unwrap();
        let live = Live::build(&design);
        let mut pins = live.start();
        let mut random = Random(channels as u64);
        // Each stream's window: its first beat that is kept, the end of what was asked for.
        let mut windows: [(u64, u64); 3] = std::array::from_fn(|_| {
            let first = random.below(1 << 30);
            (first, first)
        });
        let mut open: Vec<VecDeque<(usize, u64, u64)>> = vec![VecDeque::new(); channels];
        let mut content: [HashMap<u64, Beat>; 3] = Default::default();
        let mut reads: VecDeque<[Option<Beat>; 3]> = VecDeque::new();
        let mut moved = vec![0_u64; channels];
        let mut checked = 0;
        for _ in 0..20_000 {
            for ring in 0..3 {
                // Some old beats are given up.
                let (first, end) = &mut windows[ring];
                while *first < *end && content[ring].contains_key(first) && random.below(8) == 0 {
                    content[ring].remove(first);
                    *first += 1;
                }
            }
            let ring = random.below(3) as usize;
            let (first, end) = windows[ring];
            let most = (64 - end % 64).min(first + CAPACITY - end);
            let taken = most > 0 && random.below(4) == 0;
            let beats = if taken { 1 + random.below(most) } else { random.below(128) };
            pins.put("request_taken", taken.into());
            pins.put("request_ring", ring as u64);
            pins.put("request_address", end);
            pins.put("request_beats", beats);
            let mut valid = 0;
            let mut came = Vec::new();
            for (master, open) in open.iter_mut().enumerate() {
                let data = beat(&mut random);
                pins.put_words("r_data", 16 * master, &data);
                if let Some((ring, address, left)) = open.front_mut()
                    && random.below(3) > 0
                {
                    valid |= 1 << master;
                    came.push((*ring, *address, data));
                    (*address, *left) = (*address + 1, *left - 1);
                    if *left == 0 {
                        open.pop_front();
                    }
                }
            }
            pins.put("r_valid", valid);
            reads.push_back(std::array::from_fn(|ring| {
                let (first, end) = windows[ring];
                let address = first + random.below(end - first + 1);
                pins.put(&format!("lane_address_{ring}"), address);
                content[ring].get(&address).copied()
            }));
            pins.step();
            for (master, moved) in moved.iter().enumerate() {
                assert_eq!(pins.get("moved") >> (13 * master) & 8191, moved % 8192);
            }
            if reads.len() > LANE_READ_CYCLES {
                for (ring, expected) in reads.pop_front().unwrap().into_iter().enumerate() {
                    if let Some(expected) = expected {
                        let data = pins.get_words(&format!("lane_data_{ring}"), 0, 16);
                        assert_eq!(data, expected);
                        checked += 1;
                    }
                }
            }
            for (ring, address, data) in came {
                content[ring].insert(address, data);
                moved[address as usize / 64 % channels] += 1;
            }
            if taken {
                open[end as usize / 64 % channels].push_back((ring, end, beats));
                windows[ring].1 += beats;
            }
        }
        println!("{channels} channels: {moved:?} beats, {checked} read by lanes");
        assert!(checked > 10_000 && moved.iter().all(|&count| count > 1_000));
    }
}

/// Masters pull what lanes wrote, each in the order of the bursts on it.
#[test]
fn masters_pull_what_lanes_wrote() {
    if !has_verilog_tool("verilator") {
        return;
    }
    for channels in [1, 2, 4] {
        let design = dma::write_rings(&config(channels), CAPACITY as usize).unwrap();
        let live = Live::build(&design);
        let mut pins = live.start();
        let mut random = Random(channels as u64);
        // Each stream's first beat that is kept, the first that was not asked for, and the first that was not written.
        let mut windows: [[u64; 3]; 3] = std::array::from_fn(|_| [random.below(1 << 30); 3]);
        let mut open: Vec<VecDeque<(usize, u64, u64)>> = vec![VecDeque::new(); channels];
        let mut content: [HashMap<u64, Beat>; 3] = Default::default();
        let mut pulls: VecDeque<Vec<Option<Beat>>> = VecDeque::new();
        let mut pulled = vec![0; channels];
        for _ in 0..20_000 {
            let mut wrote = Vec::new();
            for (ring, [first, _, written]) in windows.iter_mut().enumerate() {
                while *first < *written && !content[ring].contains_key(first) {
                    *first += 1;
                }
                let writes = *written < *first + CAPACITY && random.below(2) == 0;
                let data = beat(&mut random);
                pins.put(&format!("lane_write_{ring}"), writes.into());
                let address = if writes { *written } else { random.below(1 << 32) };
                pins.put(&format!("lane_address_{ring}"), address);
                pins.put_words(&format!("lane_data_{ring}"), 0, &data);
                if writes {
                    wrote.push((ring, data));
                }
            }
            let ring = random.below(3) as usize;
            let [_, asked, written] = windows[ring];
            let most = (64 - asked % 64).min(written - asked);
            let taken = most > 0 && random.below(4) == 0;
            let beats = if taken { 1 + random.below(most) } else { random.below(128) };
            pins.put("request_taken", taken.into());
            pins.put("request_ring", ring as u64);
            pins.put("request_address", asked);
            pins.put("request_beats", beats);
            let mut pull = 0;
            let mut due = Vec::new();
            for (master, open) in open.iter_mut().enumerate() {
                due.push(None);
                if let Some((ring, address, left)) = open.front_mut()
                    && random.below(3) > 0
                {
                    pull |= 1 << master;
                    due[master] = content[*ring].remove(address);
                    assert!(due[master].is_some());
                    pulled[master] += 1;
                    (*address, *left) = (*address + 1, *left - 1);
                    if *left == 0 {
                        open.pop_front();
                    }
                }
            }
            pins.put("w_pull", pull);
            pulls.push_back(due);
            pins.step();
            if pulls.len() > W_DATA_CYCLES {
                for (master, due) in pulls.pop_front().unwrap().into_iter().enumerate() {
                    if let Some(due) = due {
                        assert_eq!(pins.get_words("w_data", 16 * master, 16), due);
                    }
                }
            }
            for (ring, data) in wrote {
                content[ring].insert(windows[ring][2], data);
                windows[ring][2] += 1;
            }
            if taken {
                open[asked as usize / 64 % channels].push_back((ring, asked, beats));
                windows[ring][1] += beats;
            }
        }
        println!("{channels} channels: {pulled:?} beats pulled");
        assert!(pulled.iter().all(|&count| count > 1_000));
    }
}

/// A block of reads and writes by the engine's own plan.
struct Block {
    reads: Vec<(usize, u64)>,
    writes: Vec<usize>,
    beats: u64,
}

/// A block that has its room.
struct Held {
    beats: u64,
    /// Responses of each master in all, with which it is free; once its last write was asked for.
    writes: Option<Vec<u64>>,
}

/// Room and arrivals are those of the timing model (`sim/plan/src/timing/stream.rs`): a block takes its room until the last
/// response of its writes, and blocks leave in order, one per cycle.
#[test]
fn blocks_have_room_until_their_responses() {
    if !has_verilog_tool("verilator") {
        return;
    }
    for channels in [1, 2, 4] {
        let design = dma::blocks(&config(channels), CAPACITY as usize).unwrap();
        let live = Live::build(&design);
        for (seed, stalls) in [0, 2, 6].into_iter().enumerate() {
            let mut pins = live.start();
            let mut random = Random(seed as u64);
            let stalled = |random: &mut Random| random.below(8) < stalls;
            let zeros = || vec![0_u64; channels];
            // In all, by master: beats asked for and given, bursts written and answered.
            let (mut asked, mut moved, mut written, mut answered) =
                (zeros(), zeros(), zeros(), zeros());
            // Blocks that have their room; those that the lanes have not taken are the last `unread`, those with lanes done
            // and writes to come are in `doing`.
            let mut held: VecDeque<Held> = VecDeque::new();
            let mut unread: VecDeque<(Vec<u64>, Block)> = VecDeque::new();
            let mut doing: VecDeque<Block> = VecDeque::new();
            let mut closed = 0;
            let mut next: Option<Block> = None;
            let mut begun = false;
            let (mut blocks, mut waits) = (0, 0);
            for now in 0..6_000_u64 {
                let block = next.get_or_insert_with(|| {
                    let reads = (0..random.below(7))
                        .map(|_| (random.below(channels as u64) as usize, 1 + random.below(24)));
                    let reads: Vec<_> = reads.collect();
                    let writes =
                        (0..random.below(4)).map(|_| random.below(channels as u64) as usize);
                    let sum = reads.iter().map(|read| read.1).sum::<u64>();
                    Block { writes: writes.collect(), beats: sum.max(1 + random.below(40)), reads }
                });
                // Responses of this cycle count.
                let mut responses = 0;
                for master in 0..channels {
                    if answered[master] < written[master] && random.below(8) >= stalls {
                        answered[master] += 1;
                        responses |= 1 << master;
                    }
                }
                pins.put("b_valid", responses);
                let reached = |now: &[u64], due: &[u64]| now.iter().zip(due).all(|(n, d)| n >= d);
                let leaves = held.front().is_some_and(|held| {
                    held.writes.as_ref().is_some_and(|due| reached(&answered, due))
                });
                // What closes in this cycle is seen from the next on.
                let leaving = if leaves { held[0].beats } else { 0 };
                let taken: u64 = held.iter().map(|held| held.beats).sum::<u64>() - leaving;
                let room = taken + block.beats <= CAPACITY;
                pins.put("beats", block.beats);
                let arrived = unread.front().is_some_and(|(due, _)| reached(&moved, due));
                // The engine reads the block, one request per cycle, once there is room for all of it.
                let goes = (begun || room) && !stalled(&mut random);
                waits += u64::from(!begun && !room);
                let read = block.reads.first().copied().filter(|_| goes);
                let opens = goes && block.reads.len() <= 1;
                pins.put("read_taken", read.is_some().into());
                let (master, beats) = read.unwrap_or((0, random.below(128)));
                pins.put(
                    "read_address",
                    random.below(1 << 20) * 64 * channels as u64 + master as u64 * 64,
                );
                pins.put("read_beats", beats);
                pins.put("opens", opens.into());
                // Lanes, then writes.
                let takes = arrived && !stalled(&mut random);
                pins.put("lanes_take", takes.into());
                let writes = !doing.is_empty() && !stalled(&mut random);
                let write =
                    doing.front().and_then(|b| b.writes.first().copied()).filter(|_| writes);
                let closes = writes && doing[0].writes.len() <= 1;
                pins.put("write_taken", write.is_some().into());
                let address = random.below(1 << 20) * 64 * channels as u64;
                pins.put(
                    "write_address",
                    address + 64 * write.unwrap_or(0) as u64 + random.below(64),
                );
                pins.put("closes", closes.into());
                pins.put("closed_beats", doing.front().map_or(0, |block| block.beats));
                let counts = moved.iter().enumerate();
                pins.put(
                    "moved",
                    counts.map(|(master, moved)| (moved % 8192) << (13 * master)).sum(),
                );
                pins.step();
                assert_eq!(
                    pins.get("room"),
                    u64::from(room),
                    "cycle {now}: {taken} + {}",
                    block.beats
                );
                assert_eq!(pins.get("arrived"), u64::from(arrived), "cycle {now}");
                if leaves {
                    held.pop_front();
                    closed -= 1;
                }
                if let Some(master) = write {
                    written[master] += 1;
                    doing[0].writes.remove(0);
                }
                if closes {
                    held[closed].writes = Some(written.clone());
                    closed += 1;
                    doing.pop_front();
                }
                if takes {
                    doing.push_back(unread.pop_front().unwrap().1);
                }
                begun |= goes;
                if let Some((master, beats)) = read {
                    asked[master] += beats;
                    block.reads.remove(0);
                }
                for master in 0..channels {
                    if moved[master] < asked[master] && random.below(8) >= stalls {
                        moved[master] += 1;
                    }
                }
                if opens {
                    let block = next.take().unwrap();
                    held.push_back(Held { beats: block.beats, writes: None });
                    unread.push_back((asked.clone(), block));
                    begun = false;
                    blocks += 1;
                }
            }
            println!("{channels} channels: {blocks} blocks, {waits} cycles without room");
            assert!(blocks > 30 && waits > 100);
        }
    }
}
