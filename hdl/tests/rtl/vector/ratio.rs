//! The rounding of exact integers against a search among neighbouring FP32 values.

use super::exact::Sum;
use crate::support::Random;
use crate::trace::{Cycle, Replay, in_rusthdl, traced};
use crate::verilog::has_verilog_tool;
use satkit_hdl::emit::emit;
use satkit_hdl::vector::{ExactRatio, RoundSum};
use std::collections::VecDeque;

/// `r(numerator * 2^unit / denominator)`: of the FP32 values next to an approximation the one that is nearest, exactly; of two
/// the even one.
pub(crate) fn rounded(numerator: i128, denominator: u128, unit: i32) -> u32 {
    if numerator == 0 {
        return 0;
    }
    let magnitude = numerator.unsigned_abs();
    let guess = (magnitude as f64 / denominator as f64) as f32;
    let candidates = (guess.to_bits() - 1)..=(guess.to_bits() + 1);
    // All of them in units of the last place of the least.
    let place = |bits: u32| (bits >> 23) as i32 - 150;
    let least = place(*candidates.start());
    let best = candidates
        .min_by_key(|&bits| {
            let steps = u128::from(bits & 0x7F_FFFF | 0x80_0000) << (place(bits) - least);
            let distance = if least >= 0 {
                magnitude.abs_diff((steps * denominator) << least)
            } else {
                (magnitude << -least).abs_diff(steps * denominator)
            };
            (distance, bits & 1)
        })
        .unwrap();
    let sign = u32::from(numerator < 0) << 31;
    sign | best.wrapping_add_signed(unit << 23)
}

/// What goes into the block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sums {
    pub(crate) n: u64,
    pub(crate) left: Sum,
    pub(crate) right: Sum,
    pub(crate) products: Sum,
}

fn single(sum: Sum, denominator: u128, unit: i32) -> u32 {
    match sum.special {
        0 => rounded(sum.units, denominator, unit),
        1 => f32::INFINITY.to_bits(),
        2 => f32::NEG_INFINITY.to_bits(),
        _ => 0x7FC0_0000,
    }
}

impl Sums {
    /// r(left / n^passes)
    pub(crate) fn values(&self, passes: u32) -> u32 {
        single(self.left, u128::from(self.n).pow(passes), -24)
    }

    /// r(products / n^passes)
    pub(crate) fn of_products(&self, passes: u32) -> u32 {
        single(self.products, u128::from(self.n).pow(passes), -48)
    }

    /// r((n * products - left * right) / n^passes)
    pub(crate) fn centred(&self, passes: u32) -> u32 {
        if [self.left, self.right, self.products].iter().any(|sum| sum.special != 0) {
            return 0x7FC0_0000;
        }
        let numerator =
            i128::from(self.n) * self.products.units - self.left.units * self.right.units;
        rounded(numerator, u128::from(self.n).pow(passes), -48)
    }

    fn result(&self, source: u8, passes: u32) -> u32 {
        let count = |n: u64| rounded(i128::from(n), u128::from(self.n).pow(passes), 0);
        match source {
            ExactRatio::VALUES => self.values(passes),
            ExactRatio::PRODUCTS => self.of_products(passes),
            ExactRatio::CENTRED => self.centred(passes),
            ExactRatio::COUNT => count(self.n),
            _ => count((self.n - 1).max(1)),
        }
    }

    pub(crate) fn give(&self, cycle: &mut Cycle) {
        cycle.give(23, self.n);
        for sum in [self.left, self.right] {
            cycle.give(64, sum.units as u64).give(2, sum.special);
        }
        let words: Vec<u32> =
            (0..4).map(|word| (self.products.units >> (32 * word)) as u32).collect();
        cycle.give_words(&[words[0], words[1], words[2], words[3] & 0xFF]);
        cycle.give(2, self.products.special);
    }

    /// Sums of all sizes; with `near_tie` the quotient of `source` lies on the middle between two values or next to it.
    fn any(random: &mut Random, source: u8, passes: u32, near_tie: bool) -> Self {
        let n = match random.below(4) {
            0 => [1, 2, 3, 1 << 22][random.below(4) as usize],
            1 => 1 << random.below(23),
            _ => {
                let bits = 1 + random.below(22);
                1 + random.below(1 << bits)
            }
        };
        let mut signed = |bits: u64| {
            let bits = random.below(bits + 1);
            let magnitude = u128::from(random.next()) << 64 | u128::from(random.next());
            let magnitude = if bits == 0 { 0 } else { magnitude >> (128 - bits) };
            if random.next() & 1 == 0 { magnitude as i128 } else { -(magnitude as i128) }
        };
        let units = [signed(62), signed(62), signed(102)];
        let [left, right, products] = units.map(|units| Sum { units, special: 0 });
        let mut sums = Self { n, left, right, products };
        if near_tie {
            let middle = i128::from(1 << 24 | random.fraction(23) << 1 | 1);
            let tie = middle * i128::from(n).pow(passes);
            let room = |bits: u32| u64::from(bits.saturating_sub(tie.ilog2() + 1));
            match source {
                ExactRatio::VALUES if tie < 1 << 62 => {
                    sums.left.units =
                        (tie << random.below(room(62) + 1)) + random.below(3) as i128 - 1;
                }
                ExactRatio::PRODUCTS => {
                    let tie = tie << random.below(room(102) + 1);
                    sums.products.units = -(tie + random.below(3) as i128 - 1);
                }
                ExactRatio::CENTRED => {
                    // left * right divides by n, and so does what is to be left of it.
                    let n = i128::from(n);
                    sums.left.units = sums.left.units / n * n;
                    let tie = (middle * n.pow(passes.max(1))) << random.below(room(100) / 2 + 1);
                    let products = (tie + sums.left.units * sums.right.units) / n;
                    if products.unsigned_abs() < 1 << 102 {
                        sums.products.units = products + random.below(3) as i128 - 1;
                    }
                }
                _ => {}
            }
        }
        if random.below(16) == 0 {
            for sum in [&mut sums.left, &mut sums.right, &mut sums.products] {
                sum.special = random.below(8) & random.below(4);
            }
        }
        sums
    }
}

traced!(
    ExactRatio,
    [start source passes n left left_special right right_special products products_special],
    [ratio]
);

/// Each starts in the cycle in which the result of the one before is there.
fn cycles(seed: u64) -> impl Iterator<Item = Cycle> {
    let mut random = Random(seed);
    let mut due = None;
    std::iter::repeat_with(move || {
        let source = random.below(5) as u8;
        let passes = random.below(if source < 3 { 3 } else { 1 }) as u8;
        let near_tie = random.below(2) == 0;
        let sums = Sums::any(&mut random, source, u32::from(passes), near_tie);
        let due = due.replace(sums.result(source, u32::from(passes)));
        (0..ExactRatio::cycles(source, passes)).map(move |at| {
            let mut cycle = Cycle::default();
            cycle.give(1, u64::from(at == 0)).give(3, source.into()).give(2, passes.into());
            sums.give(&mut cycle);
            cycle.expect(32, due.unwrap_or(0).into());
            cycle
        })
    })
    .flatten()
}

#[test]
fn ratios_in_rusthdl() {
    in_rusthdl::<ExactRatio>(cycles(1).take(12_000));
}

#[test]
fn ratios_in_verilog() {
    if has_verilog_tool("verilator") {
        let replay = Replay::build::<ExactRatio>(&emit("exact_ratio", ExactRatio::default));
        replay.check(|| cycles(2), 6_000_000);
    }
}

/// The search itself, where the answer is known.
#[test]
fn the_search_knows_ties() {
    for (numerator, denominator, expected) in [
        ((1 << 24) + 1, 1, 16_777_216.0_f32),
        ((1 << 24) + 3, 1, 16_777_220.0),
        (1, 3, 1.0 / 3.0),
        (-7, 1 << 44, -7.0 / 17_592_186_044_416.0),
        ((1 << 25) - 1, 1, 33_554_432.0),
    ] {
        assert_eq!(rounded(numerator, denominator, 0), expected.to_bits());
        assert_eq!(rounded(numerator, denominator, -24), (expected / 16_777_216.0).to_bits());
    }
}

traced!(RoundSum, [sum special], [single]);

/// Sums of values one after another, and their roundings when they are due.
fn roundings(seed: u64) -> impl Iterator<Item = Cycle> {
    let mut random = Random(seed);
    let mut due = VecDeque::from(vec![None; RoundSum::LATENCY_CYCLES]);
    std::iter::repeat_with(move || {
        let near_tie = random.below(3) == 0;
        let mut sum = Sums::any(&mut random, ExactRatio::VALUES, 0, near_tie).left;
        if random.below(8) == 0 {
            sum.special = random.below(4);
        }
        due.push_back(Some(single(sum, 1, -24)));
        let mut cycle = Cycle::default();
        cycle.give(64, sum.units as u64).give(2, sum.special);
        let expected = due.pop_front().flatten();
        cycle.expect(32, expected.unwrap_or(0).into());
        if expected.is_some() { cycle } else { cycle.unsaid() }
    })
}

#[test]
fn sums_are_rounded_in_rusthdl() {
    in_rusthdl::<RoundSum>(roundings(1).take(20_000));
}

#[test]
fn sums_are_rounded_in_verilog() {
    if has_verilog_tool("verilator") {
        let replay = Replay::build::<RoundSum>(&emit("round_sum", RoundSum::default));
        replay.check(|| roundings(2), 3_000_000);
    }
}
