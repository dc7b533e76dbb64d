//! The blocks at the edges of rows and columns at three levels, each from one stimulus: plain Rust is the truth, RustHDL
//! simulates the block, and Verilator simulates the Verilog that is emitted for it.

use crate::float::normal;
use crate::support::Random;
use crate::trace::{Cycle, Replay, in_rusthdl, traced};
use crate::verilog::has_verilog_tool;
use satkit_hdl::array::{ColumnFoot, ColumnHead, RowEdge};
use satkit_hdl::emit::emit;

const FEW: usize = 3_000;
const MANY: usize = 200_000;

traced!(
    RowEdge,
    [token drain north_valid table_offset bank_data],
    [table_entry bank_word token_south drain_south word token_east drain_east valid]
);
traced!(
    ColumnHead,
    [token bank_data psum_data],
    [bank_entry psum_read token_east weight tag sum]
);
traced!(ColumnFoot, [token sum drained], [token_east psum_write psum_word out]);

/// What came in so many cycles ago; nothing before the first.
struct History<T>(Vec<T>);

impl<T: Copy + Default> History<T> {
    fn push(&mut self, value: T) {
        self.0.push(value);
    }

    /// 0 is the value that was pushed last.
    fn ago(&self, cycles: usize) -> T {
        self.0.iter().rev().nth(cycles).copied().unwrap_or_default()
    }
}

fn field(token: u64, low: u32, width: u32) -> u64 {
    token >> low & ((1 << width) - 1)
}

fn half(random: &mut Random) -> u16 {
    if random.below(2) == 0 { random.next() as u16 } else { random.half() as u16 }
}

/// From the token's register to the first element's input: address, bank, bank's output register, normalised.
const READ: usize = 4;
const ADDER: usize = 5;

fn row_edges(seed: u64) -> impl Iterator<Item = Cycle> {
    let mut random = Random(seed);
    let mut tokens = History(Vec::<u64>::new());
    let mut offsets = History(Vec::<u64>::new());
    let mut words = History(Vec::<[u16; 8]>::new());
    let mut valids = History(Vec::<bool>::new());
    // Starts of drains with the number of outputs.
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut next_start = 5;
    let (mut streams, mut dry) = (false, 0);
    (0..).map(move |t: usize| {
        if random.below(40) == 0 {
            // The rows run dry before an output-stationary tile.
            if streams {
                dry = ADDER;
            }
            streams = !streams;
        }
        dry = dry.saturating_sub(1);
        let live = dry == 0 && random.below(4) != 0;
        let mut token = random.next() & ((1 << 51) - 1) & !(1 << 4 | 1 << 7);
        token |= u64::from(live) << 4 | u64::from(streams) << 7;
        tokens.push(token);
        offsets.push(random.next() & 0xF_FFFF);
        words.push(std::array::from_fn(|_| half(&mut random)));
        valids.push(random.below(4) == 0);
        let start =
            (t >= next_start && random.below(8) == 0).then(|| 1 + random.below(16) as usize);
        if let Some(outputs) = start {
            starts.push((t, outputs));
            // The smallest array has two rows.
            next_start = t + 2 * outputs;
        }
        // Only what is recent matters.
        for history in [&mut tokens.0, &mut offsets.0] {
            history.drain(..history.len().saturating_sub(32));
        }
        words.0.drain(..words.0.len().saturating_sub(32));
        valids.0.drain(..valids.0.len().saturating_sub(32));
        starts.drain(..starts.len().saturating_sub(8));

        let drain = start.map_or(0, |outputs| (outputs as u64 - 1) | 0x10);
        let lanes = words.ago(0);
        let bank: Vec<u32> =
            lanes.chunks(2).map(|pair| u32::from(pair[0]) | u32::from(pair[1]) << 16).collect();
        let mut cycle = Cycle::default();
        cycle
            .give(51, token)
            .give(5, drain)
            .give(1, u64::from(valids.ago(0)))
            .give(20, offsets.ago(0))
            .give_words(&bank);

        // Half, segment and output of the row, from the top down.
        let entry = field(token, 14, 1) << 6 | field(token, 12, 2) << 4 | field(token, 8, 4);
        cycle.expect(7, entry);
        let element = |ago| (field(tokens.ago(ago), 15, 20) + offsets.ago(ago)) % (1 << 20);
        cycle.expect(18, field(tokens.ago(1), 14, 1) << 17 | element(1) >> 3);
        let south = |ago: usize, streams: u64| {
            let token = tokens.ago(ago);
            (field(token, 4, 1) == 1 && field(token, 7, 1) == streams).then_some(token)
        };
        match south(1, 0).or_else(|| south(ADDER, 1)) {
            Some(token) => cycle.expect(51, token),
            None => cycle.expect_bits(51, 0, 1 << 4),
        };
        // The drain goes on when the last output is one element further.
        let went_on = starts.iter().find(|(start, outputs)| start + outputs + 1 == t);
        match went_on {
            Some((_, outputs)) => cycle.expect(5, (*outputs as u64 - 1) | 0x10),
            None => cycle.expect_bits(5, 0, 0x10),
        };
        let mut word = vec![0_u32; 5];
        for (lane, half) in words.ago(1).into_iter().enumerate() {
            let normal = if t > 0 { normal(half) } else { 0 };
            (0..17).for_each(|bit| {
                let at = 17 * lane + bit;
                word[at / 32] |= (normal >> bit & 1) << (at % 32);
            });
        }
        cycle.expect_words(&word);
        let own = tokens.ago(READ);
        let last = field(own, 6, 1) & !field(own, 7, 1) & 1;
        let own = field(own, 0, 6) | last << 6 | field(own, 7, 1) << 7 | (element(READ) % 8) << 8;
        cycle.expect(11, own);
        let draining = |t: usize| {
            starts.iter().find_map(|&(start, outputs)| {
                let count = t.checked_sub(start + 1)?;
                (count < outputs).then_some(count as u64)
            })
        };
        match draining(t) {
            Some(count) => cycle.expect(5, count | 0x10),
            None => cycle.expect_bits(5, 0, 0x10),
        };
        let own_valid = t >= 2 && draining(t - 2).is_some();
        cycle.expect(1, u64::from(own_valid || valids.ago(1)));
        cycle
    })
}

fn column_heads(seed: u64) -> impl Iterator<Item = Cycle> {
    let mut random = Random(seed);
    let mut tokens = History(Vec::<u64>::new());
    let mut data = History(Vec::<u64>::new());
    (0..).map(move |_: usize| {
        tokens.push(random.next() & ((1 << 42) - 1));
        data.push(u64::from(half(&mut random)) | random.below(8) << 16);
        for history in [&mut tokens.0, &mut data.0] {
            history.drain(..history.len().saturating_sub(32));
        }
        let sum = random.next() & 0xFFFF_FFFF;
        let mut cycle = Cycle::default();
        cycle.give(42, tokens.ago(0)).give(20, data.ago(0)).give(32, sum);
        let token = tokens.ago(READ);
        let tag = field(data.ago(1), 16, 3)
            | field(token, 19, 6) << 3
            | field(token, 17, 1) << 9
            | field(token, 18, 1) << 10;
        // The weight of a token goes with its tag; the sum meets the product in the first element.
        let product = READ + 3 + 1;
        cycle
            .expect(17, field(tokens.ago(1), 0, 17))
            .expect(16, field(tokens.ago(product - 1), 26, 16))
            .expect(42, tokens.ago(1))
            .expect(17, u64::from(normal(data.ago(1) as u16)))
            .expect(11, tag)
            .expect(32, if field(tokens.ago(product), 25, 1) == 1 { 0 } else { sum });
        cycle
    })
}

fn column_feet(seed: u64) -> impl Iterator<Item = Cycle> {
    let mut random = Random(seed);
    let (mut before, mut out) = (0, 0);
    (0..).map(move |_: usize| {
        let token = random.next() & ((1 << 18) - 1);
        let [sum, drained] = [(); 2].map(|()| random.next() & 0xFFFF_FFFF);
        let (live, drains) = (field(token, 16, 1) == 1, field(token, 17, 1) == 1);
        let mut cycle = Cycle::default();
        cycle.give(18, token).give(32, sum).give(32, drained);
        cycle
            .expect(18, before)
            .expect(1, u64::from(live && !drains))
            .expect(16, field(token, 0, 16))
            .expect(32, out);
        before = token;
        out = if live && drains { sum } else { drained };
        cycle
    })
}

#[test]
fn a_row_edge_in_rusthdl() {
    in_rusthdl::<RowEdge>(row_edges(1).take(FEW));
}

#[test]
fn a_column_head_in_rusthdl() {
    in_rusthdl::<ColumnHead>(column_heads(1).take(FEW));
}

#[test]
fn a_column_foot_in_rusthdl() {
    in_rusthdl::<ColumnFoot>(column_feet(1).take(FEW));
}

#[test]
fn a_row_edge_in_verilog() {
    if has_verilog_tool("verilator") {
        let design = emit("row_edge", RowEdge::default);
        Replay::build::<RowEdge>(&design).check(|| row_edges(1), MANY);
    }
}

#[test]
fn a_column_head_in_verilog() {
    if has_verilog_tool("verilator") {
        let design = emit("column_head", ColumnHead::default);
        Replay::build::<ColumnHead>(&design).check(|| column_heads(1), MANY);
    }
}

#[test]
fn a_column_foot_in_verilog() {
    if has_verilog_tool("verilator") {
        let design = emit("column_foot", ColumnFoot::default);
        Replay::build::<ColumnFoot>(&design).check(|| column_feet(1), MANY);
    }
}
