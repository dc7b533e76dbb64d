//! The processing element at three levels, each from one stimulus: plain Rust is the truth, RustHDL simulates the block, and
//! Verilator simulates the Verilog that is emitted for it. Every output is compared in every cycle.

use crate::float::{canonical, normal};
use crate::support::Random;
use crate::trace::{Cycle, Replay, in_rusthdl, traced};
use crate::verilog::has_verilog_tool;
use satkit_hdl::array::{self, Uspe};
use std::collections::VecDeque;

const FEW: usize = 4_000;
const MANY: usize = 400_000;

traced!(
    Uspe,
    [row word token drain weight tag north_sum north_drained],
    [word_east token_east drain_east weight_south tag_south sum drained multiplies]
);

/// Edges from factors to their product, and from terms to their sum.
const MULTIPLIER: usize = 3;
const ADDER: usize = 5;

/// Value of a normalised half.
fn value(normal: u32) -> f32 {
    let sign = if normal >> 16 & 1 == 1 { -1.0 } else { 1.0 };
    let fraction = (normal & 0x3FF) as f32 / 1024.0;
    sign * match normal >> 10 & 0x3F {
        0 => 0.0,
        48 => f32::INFINITY,
        56 => f32::NAN,
        exponent => (1.0 + fraction) * (exponent as f32 - 32.0).exp2(),
    }
}

#[derive(Clone, Copy, Default)]
struct Token {
    index: usize,
    live: bool,
    first: bool,
    last: bool,
    streams: bool,
    lane: usize,
}

impl Token {
    fn bits(self) -> u64 {
        self.index as u64
            | u64::from(self.live) << 4
            | u64::from(self.first) << 5
            | u64::from(self.last) << 6
            | u64::from(self.streams) << 7
            | (self.lane as u64) << 8
    }
}

/// A weight with its tag.
#[derive(Clone, Copy, Default)]
struct Weight {
    normal: u32,
    position: usize,
    row: u64,
    live: bool,
    every_row: bool,
}

impl Weight {
    fn tag(self) -> u64 {
        self.position as u64
            | self.row << 3
            | u64::from(self.live) << 9
            | u64::from(self.every_row) << 10
    }
}

/// What an element is given in one cycle.
#[derive(Clone, Copy, Default)]
struct Given {
    lanes: [u32; 8],
    token: Token,
    drain: Option<usize>,
    weight: Weight,
    north_sum: u32,
    north_drained: u32,
}

impl Given {
    fn word(&self) -> Vec<u32> {
        let mut words = vec![0; 5];
        for (lane, normal) in self.lanes.iter().enumerate() {
            for bit in 0..17 {
                let at = 17 * lane + bit;
                words[at / 32] |= (normal >> bit & 1) << (at % 32);
            }
        }
        words
    }

    fn drain_bits(&self) -> u64 {
        self.drain.map_or(0, |index| index as u64 | 0x10)
    }
}

/// An element as documented.
struct Truth {
    row: u64,
    registers: Given,
    held: Weight,
    products: VecDeque<(f32, Token)>,
    sums: VecDeque<(f32, Token)>,
    /// With what is still in the adder: nothing reads it before it is out.
    ring: [f32; 16],
    drain_buffer: [f32; 16],
    drained: u32,
}

impl Truth {
    fn new(row: u64) -> Self {
        Self {
            row,
            registers: Given::default(),
            held: Weight::default(),
            products: vec![(0.0, Token::default()); MULTIPLIER].into(),
            sums: vec![(0.0, Token::default()); ADDER].into(),
            ring: [0.0; 16],
            drain_buffer: [0.0; 16],
            drained: 0,
        }
    }

    fn cycle(&mut self, given: Given) -> Cycle {
        let Given { token, .. } = self.registers;
        let (sum, summed) = self.sums.pop_front().unwrap();
        if summed.live && summed.last {
            self.drain_buffer[summed.index] = sum;
        }
        let mut cycle = Cycle::default();
        cycle
            .give(6, self.row)
            .give_words(&given.word())
            .give(11, given.token.bits())
            .give(5, given.drain_bits())
            .give(17, u64::from(given.weight.normal))
            .give(11, given.weight.tag())
            .give(32, u64::from(given.north_sum))
            .give(32, u64::from(given.north_drained));
        cycle
            .expect_words(&self.registers.word())
            .expect(11, token.bits())
            .expect(5, self.registers.drain_bits())
            .expect(17, u64::from(self.registers.weight.normal))
            .expect(11, self.registers.weight.tag())
            .expect(32, u64::from(canonical(sum)))
            .expect(32, u64::from(self.drained))
            .expect(1, u64::from(token.live && self.held.live));

        let (product, multiplied) = self.products.pop_front().unwrap();
        let accumulator = match multiplied {
            Token { streams: true, .. } => f32::from_bits(given.north_sum),
            Token { first: true, .. } => 0.0,
            Token { index, .. } => self.ring[index],
        };
        let sum = accumulator + product;
        if multiplied.live {
            self.ring[multiplied.index] = sum;
        }
        self.sums.push_back((sum, multiplied));

        let activation = self.registers.lanes[token.lane | self.held.position];
        let product =
            if self.held.live { value(activation) * value(self.held.normal) } else { 0.0 };
        self.products.push_back((product, token));
        self.drained = match self.registers.drain {
            Some(index) => canonical(self.drain_buffer[index]),
            None => given.north_drained,
        };
        if given.weight.every_row || given.weight.row == self.row {
            self.held = given.weight;
        }
        self.registers = given;
        cycle
    }
}

/// Cycles that respect how an element is used: no token meets an accumulator that is still in the adder, and no sum
/// from the north is -0.
fn cycles(seed: u64) -> impl Iterator<Item = Cycle> {
    let mut random = Random(seed);
    let row = random.below(32);
    let mut truth = Truth::new(row);
    let (mut tame, mut ring, mut stream) = (true, None, false);
    let mut used = [0; 16];
    // The adder's registers take some edges to hold a sum of zeros.
    let warm_up = MULTIPLIER + ADDER + 1;
    (0..).map(move |t: usize| {
        if t < warm_up {
            return truth.cycle(Given::default()).unsaid();
        }
        if random.below(48) == 0 {
            tame = random.below(4) != 0;
            ring = (random.below(4) != 0).then(|| ADDER + random.below(12) as usize);
            stream = random.below(3) == 0;
        }
        let half = |random: &mut Random| {
            // Small values keep accumulators finite.
            let half = if tame {
                (random.next() as u32 & 1) << 15 | (0x3400 + random.below(0x1400) as u32)
            } else {
                random.half()
            };
            normal(half as u16)
        };
        let mut given =
            Given { lanes: std::array::from_fn(|_| half(&mut random)), ..Given::default() };
        let index = match ring {
            Some(length) => t % length,
            None => random.below(16) as usize,
        };
        let streams = stream && random.below(8) != 0;
        if streams || used[index] + ADDER <= t {
            given.token = Token {
                index,
                live: random.below(8) != 0,
                first: random.below(8) == 0,
                last: random.below(4) == 0,
                streams,
                lane: random.below(8) as usize & random.below(8) as usize,
            };
        } else {
            let free = (0..16).find(|&index| used[index] + ADDER <= t).unwrap();
            given.token.index = free;
        }
        if given.token.live {
            used[given.token.index] = t;
        }
        given.drain = (random.below(3) == 0).then(|| random.below(16) as usize);
        given.weight = Weight {
            normal: half(&mut random),
            position: random.below(8) as usize & random.below(8) as usize,
            row: if random.below(4) == 0 { row } else { random.below(64) },
            live: random.below(4) != 0,
            every_row: random.below(4) == 0,
        };
        let single =
            if tame { random.below(0x100) as f32 - 100.0 } else { f32::from_bits(random.single()) };
        // Plus zero: -0 becomes +0.
        given.north_sum = canonical(single + 0.0);
        given.north_drained = random.next() as u32;
        truth.cycle(given)
    })
}

#[test]
fn an_element_in_rusthdl() {
    in_rusthdl::<Uspe>(cycles(1).take(FEW));
}

#[test]
fn an_element_in_verilog() {
    if has_verilog_tool("verilator") {
        let replay = Replay::build::<Uspe>(&array::uspe());
        for seed in 1..4 {
            replay.check(|| cycles(seed), MANY);
        }
    }
}
