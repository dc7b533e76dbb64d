//! Exact sums against 128-bit integers.

use crate::support::Random;
use crate::trace::{Cycle, Replay, in_rusthdl, traced};
use crate::verilog::has_verilog_tool;
use half::f16;
use satkit_hdl::emit::emit;
use satkit_hdl::vector::ExactSum;

/// A sum as the contract has it: an integer, and what infinities and NaNs have made of it: bit 0 +Inf, bit 1 -Inf, both NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) units: i128,
    pub(crate) special: u64,
}

impl Sum {
    /// True if it is a number.
    pub(crate) const fn is_finite(self) -> bool {
        self.special == 0
    }
}

/// What a term that is no number does to a sum.
fn special(term: f32) -> Option<u64> {
    if term.is_nan() {
        Some(3)
    } else if term.is_infinite() {
        Some(if term > 0.0 { 1 } else { 2 })
    } else {
        None
    }
}

/// A finite FP16 value in units of 2^-24: FP32 and FP64 hold every such value and its multiple.
fn units(value: f16) -> i128 {
    (value.to_f64() * f64::from(1 << 24)) as i128
}

impl Sum {
    pub(crate) fn add_value(&mut self, value: f16) {
        match special(value.to_f32()) {
            Some(special) => self.special |= special,
            None => self.units += units(value),
        }
    }

    pub(crate) fn add_product(&mut self, a: f16, b: f16) {
        match special(a.to_f32() * b.to_f32()) {
            Some(special) => self.special |= special,
            None => self.units += units(a) * units(b),
        }
    }

    /// As an output of `bits` bits and the special bits behind it.
    fn expect(self, cycle: &mut Cycle, bits: usize) {
        let care = if self.special == 0 { u64::MAX } else { 0 };
        for low in (0..bits).step_by(32) {
            let width = 32.min(bits - low);
            let mask = u64::MAX >> (64 - width);
            cycle.expect_bits(width, (self.units >> low) as u64 & mask, care & mask);
        }
        cycle.expect(2, self.special);
    }
}

traced!(
    ExactSum<6>,
    [valid first channel a b],
    [sum sum_special products products_special]
);

/// Pairs whose channels repeat at all distances, with reads between them.
fn pairs(seed: u64) -> impl Iterator<Item = [u64; 5]> {
    let mut random = Random(seed);
    let mut channel = 0;
    let mut begun = [false; 64];
    let (mut kind, mut few) = (0, 1);
    std::iter::repeat_with(move || {
        if random.below(200) == 0 {
            kind = random.below(4);
            few = [1, 2, 3, 64][random.below(4) as usize];
        }
        if random.below(3) > 0 {
            channel = random.below(few);
        }
        let place = channel as usize;
        let valid = random.below(8) > 0;
        // A channel that has no sum yet begins one.
        let first = !begun[place] || random.below(300) == 0;
        begun[place] |= valid;
        let finite = |random: &mut Random| loop {
            let half = random.half();
            if half & 0x7C00 != 0x7C00 {
                break half;
            }
        };
        let [a, b] = match kind {
            // Special values are rare, or else every sum is NaN.
            0 if random.below(40) == 0 => [random.half(), random.half()],
            1 => {
                let extreme = [0x7BFF, 0xFBFF, 1, 0x8001, 0, 0x8000, 0x0400, 0x83FF];
                [0; 2].map(|_| extreme[random.below(8) as usize])
            }
            _ => [finite(&mut random), finite(&mut random)],
        };
        [u64::from(valid), u64::from(first), channel, u64::from(a), u64::from(b)]
    })
}

/// The same with the sums that are due.
fn cycles(pairs: impl Iterator<Item = [u64; 5]>) -> impl Iterator<Item = Cycle> {
    let latency = ExactSum::<6>::LATENCY_CYCLES;
    let mut sums = [None; 64];
    let mut due = std::collections::VecDeque::from(vec![None; latency]);
    pairs.map(move |[valid, first, channel, a, b]| {
        let mut cycle = Cycle::default();
        cycle.give(1, valid).give(1, first).give(6, channel).give(16, a).give(16, b);
        let sum = &mut sums[channel as usize];
        if valid == 1 {
            let [a, b] = [a, b].map(|bits| f16::from_bits(bits as u16));
            let [values, products]: &mut [Sum; 2] =
                if first == 1 { sum.insert(Default::default()) } else { sum.as_mut().unwrap() };
            values.add_value(a);
            products.add_product(a, b);
        }
        due.push_back(*sum);
        match due.pop_front().unwrap() {
            Some([values, products]) => {
                values.expect(&mut cycle, 64);
                products.expect(&mut cycle, 104);
                cycle
            }
            None => {
                Sum::default().expect(&mut cycle, 64);
                Sum::default().expect(&mut cycle, 104);
                cycle.unsaid()
            }
        }
    })
}

#[test]
fn exact_sums_in_rusthdl() {
    in_rusthdl::<ExactSum<6>>(cycles(pairs(1)).take(4_000));
}

#[test]
fn exact_sums_in_verilog() {
    if has_verilog_tool("verilator") {
        let replay = Replay::build::<ExactSum<6>>(&emit("exact_sum", ExactSum::<6>::default));
        replay.check(|| cycles(pairs(2)), 3_000_000);
        // As many terms as one sum may have, each as large as can be.
        let count = 1 << 22;
        for [a, b] in [[0x7BFF, 0x7BFF], [0xFBFF, 0x7BFF]] {
            let terms =
                (0..count + 5).map(|at| [u64::from(at < count), u64::from(at == 0), 7, a, b]);
            assert_eq!(replay.verdict(cycles(terms)), format!("0 of {} wrong", count + 5));
        }
    }
}
