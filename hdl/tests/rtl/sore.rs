//! The leaf blocks of SORE at three levels from one stimulus: plain Rust, RustHDL's simulation, and the emitted Verilog under
//! Icarus. How they are wired is tested with the whole unit.

use crate::support::{Random, accepted, replay};
use crate::verilog::has_verilog_tool;
use half::f16;
use rust_hdl_core::prelude::*;
use satkit_hdl::emit::emit;
use satkit_hdl::update::control::{Part, PingPong, Serial, Settings, Walk};
use satkit_hdl::update::count::{Popcount, SlotCount, Total};
use satkit_hdl::update::select::{Compare, Depart, GatherFar, GatherNear, Keep, Source};

/// A block under test: its ports with their widths, and how RustHDL's simulation reaches them.
struct Leaf<U> {
    name: &'static str,
    inputs: &'static [(&'static str, usize)],
    outputs: &'static [(&'static str, usize)],
    has_clock: bool,
    set: fn(&mut U, &[u64], bool),
    get: fn(&U) -> Vec<u64>,
}

/// Ports of a block: `bit` ports are `Bit`, the others `Bits` of a width. Values are 64 bits at most.
macro_rules! leaf {
    ($block:ty, $name:literal, $clock:ident, in [$($input:ident: $input_kind:tt),+], out [$($output:ident: $output_kind:tt),+]) => {
        Leaf::<$block> {
            name: $name,
            inputs: &[$((stringify!($input), leaf!(width $input_kind))),+],
            outputs: &[$((stringify!($output), leaf!(width $output_kind))),+],
            has_clock: leaf!(has $clock),
            set: |block, row, _high| {
                let mut row = row.iter().copied();
                $(leaf!(set block, $input, row.next().unwrap(), $input_kind);)+
                leaf!(tick block, _high, $clock);
            },
            get: |block| vec![$(leaf!(get block, $output, $output_kind)),+],
        }
    };
    (width bit) => { 1 };
    (width $width:literal) => { $width };
    (has clocked) => { true };
    (has at_once) => { false };
    (set $block:ident, $port:ident, $value:expr, bit) => { $block.$port.next = $value == 1 };
    (set $block:ident, $port:ident, $value:expr, $width:literal) => { $block.$port.next = $value.to_bits() };
    (get $block:ident, $port:ident, bit) => { u64::from($block.$port.val()) };
    (get $block:ident, $port:ident, $width:literal) => { $block.$port.val().to_u64() };
    (tick $block:ident, $high:ident, clocked) => { $block.clock.next = Clock { clk: $high } };
    (tick $block:ident, $high:ident, at_once) => {};
}

impl<U: Block + Default + Send> Leaf<U> {
    /// Compares `rows` at all levels: outputs are those of the cycle in which the row is at the inputs.
    fn check(self, rows: &[Vec<u64>], mut truth: impl FnMut(&[u64]) -> Vec<u64>) {
        let expected: Vec<Vec<u64>> = rows.iter().map(|row| truth(row)).collect();
        let mut block = U::default();
        block.connect_all();
        for (row, expected) in rows.iter().zip(&expected) {
            (self.set)(&mut block, row, false);
            assert!(simulate(&mut block, 100), "{} does not settle", self.name);
            assert_eq!(&(self.get)(&block), expected, "{} of {row:x?} in RustHDL", self.name);
            (self.set)(&mut block, row, true);
            assert!(simulate(&mut block, 100), "{} does not settle", self.name);
        }
        let design = emit(self.name, U::default);
        if has_verilog_tool("iverilog") {
            let verdict =
                replay(&design, self.inputs, self.outputs, self.has_clock, rows, &expected);
            assert_eq!(verdict, format!("0 of {} wrong", rows.len()), "{}", self.name);
        }
        accepted("verilator", [&design]);
        accepted("yosys", [&design]);
    }
}

/// What `function` gives, `cycles` later; registers hold zeros before.
fn late(
    cycles: usize,
    mut function: impl FnMut(&[u64]) -> Vec<u64>,
    first: Vec<u64>,
) -> impl FnMut(&[u64]) -> Vec<u64> {
    let mut line = std::collections::VecDeque::from(vec![first; cycles]);
    move |row| {
        line.push_back(function(row));
        line.pop_front().unwrap()
    }
}

fn rows(count: usize, mut row: impl FnMut(&mut Random) -> Vec<u64>) -> Vec<Vec<u64>> {
    let mut random = Random(9);
    (0..count).map(|_| row(&mut random)).collect()
}

const COUNT: usize = 4_000;

#[test]
fn popcount() {
    let all: Vec<Vec<u64>> = (0..1 << 15).map(|word| vec![word]).collect();
    leaf!(Popcount, "u_popcount", at_once, in [word: 15], out [count: 4])
        .check(&all, |row| vec![u64::from(row[0].count_ones())]);
}

#[test]
fn compare() {
    let near = |random: &mut Random| {
        let a = random.below(1 << 15);
        let b = match random.below(3) {
            0 => random.below(1 << 15),
            1 => a,
            _ => (a + random.below(3)).saturating_sub(1) & 0x7FFF,
        };
        vec![a, b]
    };
    // At the start the later one wins: the register holds 0.
    leaf!(Compare, "u_compare", clocked, in [earlier: 15, later: 15], out [earlier_wins: bit, later_wins: bit])
        .check(
            &rows(COUNT, near),
            late(1, |row| vec![u64::from(row[0] >= row[1]), u64::from(row[0] < row[1])], vec![0, 1]),
        );
}

#[test]
fn keep() {
    leaf!(Keep, "u_keep", clocked, in [beaten_by: 15, n: 5, valid: bit], out [kept: bit]).check(
        &rows(COUNT, |random| {
            let few = random.next() & random.next() & 0x7FFF;
            vec![few, 1 + random.below(16), random.below(4).min(1)]
        }),
        late(
            1,
            |row| vec![u64::from(row[2] == 1 && u64::from(row[0].count_ones()) < row[1])],
            vec![0],
        ),
    );
}

#[test]
fn depart() {
    leaf!(Depart, "u_depart", clocked,
        in [value: 16, position: 4, kept: bit, stays: bit, dropped_before: 15], out [traveller: 25])
    .check(
        &rows(COUNT, |random| {
            let bit = |random: &mut Random| random.below(2);
            let dropped = random.next() & 0x7FFF;
            vec![random.below(1 << 16), random.below(16), bit(random), bit(random), dropped]
        }),
        late(
            1,
            |row| {
                let value = if row[2] == 1 { row[0] } else { 0 };
                let distance = u64::from(row[4].count_ones());
                vec![value | row[1] << 16 | row[3] << 20 | distance << 21]
            },
            vec![0],
        ),
    );
}

/// Four travellers, at most one of which arrives: its distance, modulo 4, is how many places up it is.
fn travellers(random: &mut Random, distance_bits: u64) -> Vec<u64> {
    let arrives = random.below(5);
    (0..4)
        .map(|place| {
            let (payload, far) = (random.below(1 << 20), random.below(1 << distance_bits >> 2));
            let (present, near) = if place == arrives {
                (1, place)
            } else if random.below(2) == 0 {
                (0, random.below(4))
            } else {
                (1, (place + 1 + random.below(3)) % 4)
            };
            payload | present << 20 | (near | far << 2) << 21
        })
        .collect()
}

fn arrived(row: &[u64]) -> u64 {
    let here = row.iter().enumerate().find(|(place, t)| *t >> 20 & 7 == 1 | (*place as u64) << 1);
    here.map_or(0, |(_, traveller)| *traveller)
}

#[test]
fn gather() {
    leaf!(GatherNear, "u_near", clocked,
        in [from_0: 25, from_1: 25, from_2: 25, from_3: 25], out [traveller: 23])
    .check(
        &rows(COUNT, |random| travellers(random, 4)),
        late(1, |row| vec![arrived(row) & 0x1F_FFFF | arrived(row) >> 23 << 21], vec![0]),
    );
    leaf!(GatherFar, "u_far", clocked,
        in [from_0: 23, from_4: 23, from_8: 23, from_12: 23], out [value: 16, position: 4])
    .check(
        &rows(COUNT, |random| travellers(random, 2)),
        late(1, |row| vec![arrived(row) & 0xFFFF, arrived(row) >> 16 & 0xF], vec![0, 0]),
    );
}

#[test]
fn counts() {
    leaf!(SlotCount, "u_slot_count", clocked, in [stays: 16], out [slots: 5]).check(
        &rows(COUNT, |random| vec![random.next() & 0xFFFF | [0, 0xFFFF][random.below(2) as usize]]),
        late(3, |row| vec![u64::from(row[0].count_ones())], vec![0]),
    );
    let (mut sum, mut total) = (0, 0);
    leaf!(Total, "u_total", clocked, in [reset: bit, first: 16, second: 16], out [total: 64])
        .check(
            &rows(COUNT, |random| {
                vec![
                    u64::from(random.below(500) == 0),
                    random.next() & 0xFFFF,
                    random.next() & 0xFFFF,
                ]
            }),
            |row| {
                let now = total;
                total = if row[0] == 1 { 0 } else { total + sum };
                sum = u64::from(row[1].count_ones() + row[2].count_ones());
                sum = if row[0] == 1 { 0 } else { sum };
                vec![now]
            },
        );
}

#[test]
fn settings() {
    let kinds = rows(COUNT, |random| {
        let m_log2 = random.below(5);
        let mut row = vec![m_log2, 1 + random.below(1 << m_log2)];
        row.extend((0..4).map(|_| random.below(2)));
        row.push([0, 1, 1 << 30, random.next() & 0x7FFF_FFFF][random.below(4) as usize]);
        row
    });
    leaf!(Settings, "u_settings", at_once,
        in [m_log2: 3, n: 5, prune_ff: bit, prune_bp: bit, mask_bp: bit, srste: bit, lambda: 31],
        out [group: 4, block: 8, ff_group: 4, ff_n: 5, bp_group: 4, bp_n: 5, transpose: bit, selects_ff: bit, selects_bp: bit, decays: bit])
    .check(&kinds, |row| {
        let &[m_log2, n, prune_ff, prune_bp, mask_bp, srste, lambda] = row else { unreachable!() };
        let m = 1 << m_log2;
        let (ff_m, ff_n) = if prune_ff == 1 { (m, n) } else { (1, 1) };
        let selects_bp = prune_bp | mask_bp;
        let (bp_m, bp_n) = if selects_bp == 1 { (m, n) } else { (1, 1) };
        let transpose = prune_ff & prune_bp & (1 - mask_bp);
        let decays = u64::from(srste == 1 && lambda != 0);
        vec![
            m - 1, m * m - 1, ff_m - 1, ff_n, bp_m - 1, bp_n, transpose, prune_ff, selects_bp, decays,
        ]
    });
}

/// Rows of reset, beat, step and mask; the step and the mask change after a reset only.
fn walks(random: &mut Random, held: &mut (u64, u64), first: bool) -> Vec<u64> {
    let reset = first || random.below(100) == 0;
    let (step, mask) = *held;
    if reset {
        let m = 1_u64 << random.below(5);
        *held = (4 << random.below(3), m * m - 1);
    }
    vec![u64::from(reset), u64::from(!reset && random.below(4) > 0), step, mask]
}

#[test]
fn walk() {
    let (mut held, mut first) = ((4, 0), true);
    let rows = rows(COUNT, |random| walks(random, &mut held, std::mem::take(&mut first)));
    let mut position = 0;
    leaf!(Walk, "u_walk", clocked, in [reset: bit, beat: bit, step: 8, mask: 8], out [position: 8, completes: bit])
        .check(&rows, |row| {
            let &[reset, beat, step, mask] = row else { unreachable!() };
            let now = position;
            // The whole has `mask + 1` elements, or a beat holds several wholes.
            let completes = now + step > mask;
            if beat == 1 {
                position = if completes { 0 } else { now + step };
            }
            if reset == 1 {
                position = 0;
            }
            vec![now, beat & u64::from(completes)]
        });
}

#[test]
fn ping_pong() {
    let (mut held, mut first) = ((4, 0), true);
    let rows = rows(COUNT, |random| walks(random, &mut held, std::mem::take(&mut first)));
    // Beats written of this block, the bank, and beats read of the one before, if any is left.
    let (mut written, mut bank, mut reading) = (0, 0, None);
    leaf!(PingPong, "u_ping_pong", clocked, in [reset: bit, beat: bit, step: 8, mask: 8],
        out [write_position: 8, write_bank: bit, read_position: 8, reads: bit])
    .check(&rows, |row| {
        let &[reset, beat, step, mask] = row else { unreachable!() };
        let beats = (mask + 1).div_ceil(step);
        let now =
            vec![written * step, bank, reading.unwrap_or(0) * step, u64::from(reading.is_some())];
        reading = reading.map(|read| read + 1).filter(|&read| read < beats);
        written += beat;
        if written == beats {
            assert_eq!(reading, None, "a block leaves before the next is there");
            (written, bank, reading) = (0, 1 - bank, Some(0));
        }
        if reset == 1 {
            (written, bank, reading) = (0, 0, None);
        }
        now
    });
}

#[test]
fn part() {
    let mut stored = 0;
    leaf!(Part<34>, "u_part", clocked, in [beat: 34, is_here: bit, is_past: bit], out [part: 34])
        .check(
            &rows(COUNT, |random| {
                let [here, past] = [[0, 0], [0, 1], [1, 0]][random.below(3) as usize];
                vec![random.next() >> 30, here, past]
            }),
            |row| {
                if row[1] == 1 {
                    stored = row[0];
                }
                vec![if row[1] | row[2] == 1 { stored } else { 0 }]
            },
        );
}

/// Groups of one, two or four beats of four flags, with idle cycles between groups: the word of a group is there five cycles
/// after its last beat, and its flags are due nine after each beat.
#[test]
fn serial() {
    let mut random = Random(11);
    let mut rows = Vec::new();
    let mut due = Vec::new();
    for more_beats in [0, 1, 3, 1, 0, 3] {
        let beats = more_beats + 1;
        let (mut input, mut output) = (Vec::new(), std::collections::BTreeMap::new());
        let mut cycle = 0;
        while cycle < 500 {
            cycle += if random.below(3) == 0 { random.below(6) as usize } else { 0 };
            let word = random.next() & 0xFFFF;
            for beat in 0..beats {
                output.insert(cycle + beat + 9, word >> (4 * beat) & 0xF);
            }
            cycle += beats;
            input.resize(cycle + 5, [0, 0]);
            input[cycle + 4] = [word & ((1 << (4 * beats)) - 1), 1];
        }
        input.resize(cycle + 20, [0, 0]);
        for (cycle, [flags, valid]) in input.into_iter().enumerate() {
            rows.push(vec![flags, valid, more_beats as u64, 4]);
            due.push(output.get(&cycle).copied());
        }
    }
    // Between beats the flags are of no use, and free: the model fills in what a shift leaves.
    let mut block = Serial::<16, 4>::default();
    block.connect_all();
    let mut outputs = Vec::new();
    for (row, due) in rows.iter().zip(&due) {
        block.flags.next = row[0].to_bits();
        block.valid.next = row[1] == 1;
        block.more_beats.next = row[2].to_bits();
        block.step.next = row[3].to_bits();
        block.clock.next = Clock { clk: false };
        assert!(simulate(&mut block, 100));
        let got = block.beat.val().to_u64();
        assert!(due.is_none_or(|due| due == got), "{due:?} is due, not {got}");
        outputs.push(vec![got]);
        block.clock.next = Clock { clk: true };
        assert!(simulate(&mut block, 100));
    }
    let design = emit("u_serial", Serial::<16, 4>::default);
    if has_verilog_tool("iverilog") {
        let inputs = [("flags", 16), ("valid", 1), ("more_beats", 2), ("step", 5)];
        let verdict = replay(&design, &inputs, &[("beat", 4)], true, &rows, &outputs);
        assert_eq!(verdict, format!("0 of {} wrong", rows.len()));
    }
}

#[test]
fn source() {
    let canonical = |value: f16| if value.is_nan() { 0x7E00 } else { u64::from(value.to_bits()) };
    // The choice is held while weights are on their way.
    for from_half in [0, 1] {
        leaf!(Source, "u_source", clocked, in [from_half: bit, single: 32, half: 16], out [value: 16])
            .check(
                &rows(COUNT, |random| {
                    let exponent = 97 + random.below(50) as u32;
                    let near = random.next() as u32 & 0x807F_FFFF | exponent << 23;
                    let single = if random.below(4) == 0 { random.single() } else { near };
                    vec![from_half, u64::from(single), u64::from(random.half())]
                }),
                late(
                    2,
                    move |row| {
                        vec![canonical(if row[0] == 1 {
                            f16::from_bits(row[2] as u16)
                        } else {
                            f16::from_f32(f32::from_bits(row[1] as u32))
                        })]
                    },
                    vec![0],
                ),
            );
    }
}

/// The bench itself: a wrong expectation is seen.
#[test]
fn replay_sees_a_wrong_bit() {
    if has_verilog_tool("iverilog") {
        let design = emit("u_popcount", Popcount::default);
        let ports = (&[("word", 15)], &[("count", 4)]);
        let verdict =
            replay(&design, ports.0, ports.1, false, &[vec![3], vec![7]], &[vec![2], vec![2]]);
        assert_eq!(verdict, "row 1: got 3, expected 2\n1 of 2 wrong");
    }
}
