//! The floating point blocks at three levels, each from one stimulus: plain Rust arithmetic is the truth, RustHDL simulates the
//! block, and Verilator simulates the Verilog that is emitted for it.

use crate::pipeline::{Piped, Pipeline, Record, in_rusthdl, piped};
use crate::support::{Random, accepted_by_the_tools, synthesize};
use crate::verilog::has_verilog_tool;
use half::f16;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};
use satkit_hdl::emit::{Design, emit};
use satkit_hdl::float::{
    AccumulateSingle, AddSingle, MultiplyHalf, MultiplySingle, NarrowSingle, NormalizeHalf,
};
use satkit_spec::ArrayConfig;

/// Vectors for RustHDL's own simulation, which is slow.
const FEW: usize = 20_000;
/// Vectors for Verilator.
const MANY: usize = 10_000_000;

pub(crate) fn canonical(value: f32) -> u32 {
    if value.is_nan() { 0x7FC0_0000 } else { value.to_bits() }
}

fn canonical_half(value: f16) -> u32 {
    if value.is_nan() { 0x7E00 } else { u32::from(value.to_bits()) }
}

impl Random {
    /// A fraction field: any, one or two bits set, or one or two clear, so that ties and carries happen.
    pub(crate) fn fraction(&mut self, bits: u32) -> u32 {
        let mask = (1u32 << bits) - 1;
        let any = self.next() as u32 & mask;
        let second = 1u32 << self.below(u64::from(bits));
        let few = (1u32 << self.below(u64::from(bits))) ^ (second * (self.next() as u32 & 1));
        match self.below(4) {
            0 | 1 => any,
            2 => few & mask,
            _ => !few & mask,
        }
    }

    pub(crate) fn half(&mut self) -> u32 {
        let sign = (self.next() as u32 & 1) << 15;
        let magnitude = match self.below(16) {
            0 => [0, 1, 0x3FF, 0x400, 0x7BFF, 0x7C00, 0x7C01, 0x7FFF][self.below(8) as usize],
            1..4 => self.fraction(10),
            4..8 => ((self.below(30) as u32 + 1) << 10) | self.fraction(10),
            _ => self.next() as u32 & 0x7FFF,
        };
        sign | magnitude
    }

    pub(crate) fn single(&mut self) -> u32 {
        let sign = (self.next() as u32 & 1) << 31;
        let specials =
            [0, 1, 0x007F_FFFF, 0x0080_0000, 0x7F7F_FFFF, 0x7F80_0000, 0x7F80_0001, 0x7FFF_FFFF];
        let magnitude = match self.below(16) {
            0 => specials[self.below(8) as usize],
            1 | 2 => self.fraction(23),
            3 => (self.below(4) as u32) << 23 | self.fraction(23),
            4 => (251 + self.below(4) as u32) << 23 | self.fraction(23),
            5..8 => self.next() as u32 & 0x7FFF_FFFF,
            _ => (97 + self.below(60) as u32) << 23 | self.fraction(23),
        };
        sign | magnitude
    }

    /// Two terms that meet: exponents near each other, or one almost the other's negative.
    pub(crate) fn terms(&mut self) -> [u32; 2] {
        let a = self.single();
        let b = match self.below(8) {
            0 | 1 => self.single(),
            2 => (a ^ 0x8000_0000).wrapping_add(self.below(9) as u32).wrapping_sub(4),
            3 => a ^ ((self.next() as u32 & 1) << 31),
            _ => {
                let exponent = (a >> 23 & 0xFF) as i64 + self.below(61) as i64 - 30;
                let exponent = exponent.clamp(0, 254) as u32;
                (self.next() as u32 & 1) << 31 | exponent << 23 | self.fraction(23)
            }
        };
        if self.below(2) == 0 { [a, b] } else { [b, a] }
    }
}

/// What [`NormalizeHalf`] is to make of a half.
pub(crate) fn normal(bits: u16) -> u32 {
    let value = f16::from_bits(bits);
    let magnitude = value.to_f32().abs();
    let sign = u32::from(value.is_sign_negative() && !value.is_nan()) << 16;
    sign | if value.is_nan() {
        56 << 10
    } else if value.is_infinite() {
        48 << 10
    } else if magnitude == 0.0 {
        0
    } else {
        // In FP32 it is normal, and 2^0 has exponent 127 there and 32 here.
        ((magnitude.to_bits() >> 23) - 95) << 10 | (magnitude.to_bits() >> 13 & 0x3FF)
    }
}

/// All of FP16.
fn normalized() -> impl Iterator<Item = Record> {
    (0..=u16::MAX).map(|bits| [u32::from(bits), 0, normal(bits)])
}

/// Two normalised halves, `idle` above the first, and their product.
fn products() -> impl Iterator<Item = Record> {
    let mut random = Random(1);
    std::iter::repeat_with(move || {
        let [a, b] = [random.half(), random.half()].map(|bits| bits as u16);
        let idle = random.below(16) == 0;
        let [x, y] = [a, b].map(|bits| f16::from_bits(bits).to_f32());
        let product = if idle { 0.0 } else { x * y };
        [normal(a) | u32::from(idle) << 17, normal(b), canonical(product)]
    })
}

/// Two halves, one in the upper part of the word, an accumulator, and the sum of it and the product.
fn accumulations() -> impl Iterator<Item = Record> {
    let mut random = Random(5);
    std::iter::repeat_with(move || {
        let [a, b] = [random.half(), random.half()].map(|bits| bits as u16);
        let [x, y] = [a, b].map(|bits| f16::from_bits(bits).to_f32());
        let product = (x * y).to_bits();
        let accumulator = match random.below(8) {
            0 => random.single(),
            1 => (product ^ 0x8000_0000).wrapping_add(random.below(9) as u32).wrapping_sub(4),
            // Almost the product's negative, by any number of places.
            2 => (product ^ 0x8000_0000) ^ (random.next() as u32 & 0x7F_FFFF) >> random.below(24),
            3 => product ^ ((random.next() as u32 & 1) << 31),
            _ => {
                let exponent = (product >> 23 & 0xFF) as i64 + random.below(61) as i64 - 30;
                let exponent = exponent.clamp(0, 254) as u32;
                (random.next() as u32 & 1) << 31 | exponent << 23 | random.fraction(23)
            }
        };
        // Every NaN that can be there is canonical, and no sum is -0.
        let accumulator = canonical(f32::from_bits(accumulator) + 0.0);
        let sum = canonical(f32::from_bits(accumulator) + x * y);
        [u32::from(a) << 16 | u32::from(b), accumulator, sum]
    })
}

/// A multiplier whose product is brought to FP32.
#[derive(Clone, Debug, Default, LogicBlock)]
struct PackedProduct {
    clock: Signal<In, Clock>,
    /// One factor, with `idle` above it.
    a: Signal<In, Bits<18>>,
    b: Signal<In, Bits<17>>,
    product: Signal<Out, Bits<32>>,
    multiplier: MultiplyHalf,
    exponent: Signal<Local, Bits<8>>,
    fraction: Signal<Local, Bits<22>>,
    sign_bit: Signal<Local, Bits<32>>,
    exponent_bits: Signal<Local, Bits<32>>,
}

impl Logic for PackedProduct {
    #[hdl_gen]
    fn update(&mut self) {
        self.multiplier.clock.next = self.clock.val();
        self.multiplier.a.next = self.a.val().get_bits::<17>(0);
        self.multiplier.idle.next = self.a.val().get_bit(17);
        self.multiplier.b.next = self.b.val();
        self.exponent.next = self.multiplier.product.val().get_bits::<8>(22);
        self.fraction.next = self.multiplier.product.val().get_bits::<22>(0) << bits::<5>(1);
        if !self.multiplier.product.val().get_bit(21)
            & self.multiplier.product.val().get_bits::<22>(0).any()
        {
            self.exponent.next = self.multiplier.product.val().get_bits::<8>(22) - bits::<8>(1);
            self.fraction.next = self.multiplier.product.val().get_bits::<22>(0) << bits::<5>(2);
        }
        self.sign_bit.next =
            bit_cast::<32, 1>(self.multiplier.product.val().get_bit(30).into()) << bits::<5>(31);
        self.exponent_bits.next = bit_cast::<32, 8>(self.exponent.val()) << bits::<5>(23);
        self.product.next = self.sign_bit.val()
            | self.exponent_bits.val()
            | (bit_cast::<32, 22>(self.fraction.val()) << bits::<5>(1));
        if self.multiplier.product.val().get_bit(31) {
            self.product.next = self.sign_bit.val() | bits::<32>(0x7F80_0000);
        }
        if self.multiplier.product.val().get_bit(32) {
            self.product.next = self.sign_bit.val() | bits::<32>(0x7FC0_0000);
        }
    }
}

/// From two halves and an accumulator to their sum. What `early` was one edge ago must be the sum, or the output is spoilt.
#[derive(Clone, Debug, Default, LogicBlock)]
struct MultiplyAccumulate {
    clock: Signal<In, Clock>,
    halves: Signal<In, Bits<32>>,
    accumulator: Signal<In, Bits<32>>,
    sum: Signal<Out, Bits<32>>,
    left: NormalizeHalf,
    right: NormalizeHalf,
    multiplier: MultiplyHalf,
    adder: AccumulateSingle,
    accumulators: [DFF<Bits<32>>; 4],
    early: DFF<Bits<32>>,
}

impl PackedProduct {
    const LATENCY_CYCLES: usize = MultiplyHalf::LATENCY_CYCLES;
}

impl MultiplyAccumulate {
    const LATENCY_CYCLES: usize = NormalizeHalf::LATENCY_CYCLES
        + MultiplyHalf::LATENCY_CYCLES
        + AccumulateSingle::LATENCY_CYCLES;
}

impl Logic for MultiplyAccumulate {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, early);
        for i in 0..4 {
            self.accumulators[i].clock.next = self.clock.val();
        }
        self.left.clock.next = self.clock.val();
        self.right.clock.next = self.clock.val();
        self.multiplier.clock.next = self.clock.val();
        self.adder.clock.next = self.clock.val();
        self.left.half.next = self.halves.val().get_bits::<16>(16);
        self.right.half.next = self.halves.val().get_bits::<16>(0);
        self.multiplier.a.next = self.left.normal.val();
        self.multiplier.b.next = self.right.normal.val();
        self.multiplier.idle.next = false;
        self.accumulators[0].d.next = self.accumulator.val();
        for i in 1..4 {
            self.accumulators[i].d.next = self.accumulators[i - 1].q.val();
        }
        self.adder.product.next = self.multiplier.product.val();
        self.adder.accumulator.next = self.accumulators[3].q.val();
        self.early.d.next = self.adder.early.val();
        self.sum.next = self.adder.sum.val();
        if self.early.q.val() != self.adder.sum.val() {
            self.sum.next = !self.adder.sum.val();
        }
    }
}

/// Two factors whose product lies on a tie or just above it, also among subnormals: only its lowest bits tell.
fn factors_near_tie(random: &mut Random) -> [u32; 2] {
    let guard = 22 + random.below(25);
    let weight = if guard == 22 { 128 + random.below(200) } else { 150 - guard };
    let top = (1 << 46) | (random.next() & ((1 << 46) - 1));
    let tie = (top >> (guard + 1) << (guard + 1)) | 1 << guard;
    let x = (1 << 23) | u64::from(random.fraction(23));
    let y = tie.div_ceil(x).clamp(1 << 23, (1 << 24) - 1);
    let exponent = 1 + random.below((weight - 1).min(254));
    let other = (weight - exponent).clamp(1, 254);
    [(x, exponent), (y, other)].map(|(significand, exponent)| {
        (random.next() as u32 & 1) << 31 | (exponent as u32) << 23 | significand as u32 & 0x7F_FFFF
    })
}

fn single_products() -> impl Iterator<Item = Record> {
    let mut random = Random(4);
    std::iter::repeat_with(move || {
        if random.below(4) == 0 {
            let [a, b] = factors_near_tie(&mut random);
            return [a, b, canonical(f32::from_bits(a) * f32::from_bits(b))];
        }
        let a = random.single();
        let b = match random.below(4) {
            0 => random.single(),
            // The product's exponent is near the smallest, near the largest, or in the subnormals.
            kind => {
                let target = [0, 1, 254, -12][kind as usize] + 127 + random.below(25) as i64 - 12;
                let exponent = (target - (a >> 23 & 0xFF) as i64).clamp(0, 254) as u32;
                (random.next() as u32 & 1) << 31 | exponent << 23 | random.fraction(23)
            }
        };
        let [a, b] = if random.below(2) == 0 { [a, b] } else { [b, a] };
        [a, b, canonical(f32::from_bits(a) * f32::from_bits(b))]
    })
}

fn sums() -> impl Iterator<Item = Record> {
    let mut random = Random(2);
    std::iter::repeat_with(move || {
        let [a, b] = random.terms();
        [a, b, canonical(f32::from_bits(a) + f32::from_bits(b))]
    })
}

fn narrowed(single: u32) -> Record {
    [single, 0, canonical_half(f16::from_f32(f32::from_bits(single)))]
}

/// Where the result changes: around each FP16 value and around the middle between it and the next one.
fn narrow_boundaries() -> impl Iterator<Item = Record> {
    (0..=u16::MAX).flat_map(|bits| {
        let value = f16::from_bits(bits).to_f32().to_bits();
        // Between neighbours in FP16 lie 2^13 steps in FP32, or more among subnormals: the middle from arithmetic.
        let next = f16::from_bits(bits.wrapping_add(1)).to_f32();
        let middle = (f32::from_bits(value) / 2.0 + next / 2.0).to_bits();
        [value, middle, value + (1 << 12)].into_iter().flat_map(|around| {
            (0..3).map(move |step| narrowed(around.wrapping_add(step).wrapping_sub(1)))
        })
    })
}

fn narrow_values() -> impl Iterator<Item = Record> {
    let mut random = Random(3);
    std::iter::repeat_with(move || {
        let single = random.single();
        // Half of them near the range of FP16, with few low bits, so that ties are met.
        let near = (single & 0x807F_FFFF) | (98 + random.below(50) as u32) << 23;
        let low = [0x1FFF, 0xFFF, 0x3FFF, 0xF_FFFF][random.below(4) as usize];
        narrowed(match random.below(4) {
            0 => single,
            1 => near,
            2 => (near & !low) | (low + 1) >> 1,
            _ => near & !low,
        })
    })
}

piped!(NormalizeHalf, "normalize_half", [half], normal);
piped!(PackedProduct, "packed_product", [a b], product);
piped!(MultiplyAccumulate, "multiply_accumulate", [halves accumulator], sum);
piped!(MultiplySingle, "multiply_single", [a b], product);
piped!(AddSingle, "add_single", [a b], sum);
piped!(NarrowSingle, "narrow_single", [single], half);

#[test]
fn latencies_are_those_of_the_configurations() {
    for config in ArrayConfig::all() {
        assert_eq!(config.multiplier_latency_cycles, MultiplyHalf::LATENCY_CYCLES);
        assert_eq!(config.adder_latency_cycles, AccumulateSingle::LATENCY_CYCLES);
    }
}

#[test]
fn normalize_half_in_rusthdl() {
    in_rusthdl::<NormalizeHalf>(normalized());
}

#[test]
fn multiply_half_in_rusthdl() {
    in_rusthdl::<PackedProduct>(products().take(FEW));
}

#[test]
fn accumulate_single_in_rusthdl() {
    in_rusthdl::<MultiplyAccumulate>(accumulations().take(FEW));
}

#[test]
fn multiply_single_in_rusthdl() {
    in_rusthdl::<MultiplySingle>(single_products().take(FEW));
}

#[test]
fn add_single_in_rusthdl() {
    in_rusthdl::<AddSingle>(sums().take(FEW));
}

#[test]
fn narrow_single_in_rusthdl() {
    in_rusthdl::<NarrowSingle>(narrow_values().take(FEW));
}

#[test]
fn normalize_half_in_verilog() {
    if has_verilog_tool("verilator") {
        let pipeline = Pipeline::build::<NormalizeHalf>();
        assert_eq!(pipeline.verdict(normalized()), "0 of 65536 wrong");
        // The bench itself: a wrong expectation is seen, at whatever place.
        for place in [0, 1, 40_000, 65_535] {
            let spoilt = normalized()
                .map(|[a, b, expected]| [a, b, if a == place { expected ^ 1 } else { expected }]);
            let verdict = pipeline.verdict(spoilt);
            assert!(verdict.starts_with(&format!("{place:08x}, 00000000: got ")), "{verdict}");
            assert!(verdict.ends_with("1 of 65536 wrong"), "{verdict}");
        }
    }
}

#[test]
fn multiply_half_in_verilog() {
    if has_verilog_tool("verilator") {
        let pipeline = Pipeline::build::<PackedProduct>();
        assert_eq!(pipeline.verdict(products().take(MANY)), format!("0 of {MANY} wrong"));
    }
}

#[test]
fn accumulate_single_in_verilog() {
    if has_verilog_tool("verilator") {
        let pipeline = Pipeline::build::<MultiplyAccumulate>();
        assert_eq!(pipeline.verdict(accumulations().take(MANY)), format!("0 of {MANY} wrong"));
    }
}

#[test]
fn multiply_single_in_verilog() {
    if has_verilog_tool("verilator") {
        let pipeline = Pipeline::build::<MultiplySingle>();
        assert_eq!(pipeline.verdict(single_products().take(MANY)), format!("0 of {MANY} wrong"));
    }
}

#[test]
fn add_single_in_verilog() {
    if has_verilog_tool("verilator") {
        let pipeline = Pipeline::build::<AddSingle>();
        assert_eq!(pipeline.verdict(sums().take(MANY)), format!("0 of {MANY} wrong"));
    }
}

#[test]
fn narrow_single_in_verilog() {
    if has_verilog_tool("verilator") {
        let pipeline = Pipeline::build::<NarrowSingle>();
        let boundaries = 65_536 * 9;
        assert_eq!(pipeline.verdict(narrow_boundaries()), format!("0 of {boundaries} wrong"));
        assert_eq!(pipeline.verdict(narrow_values().take(MANY)), format!("0 of {MANY} wrong"));
    }
}

/// Takes minutes: `RTL_SIM=require cargo test --release -p satkit-hdl --test rtl float:: -- --ignored`.
#[test]
#[ignore = "takes minutes"]
fn every_single_is_narrowed_in_verilog() {
    if has_verilog_tool("verilator") {
        let pipeline = Pipeline::build::<NarrowSingle>();
        let all = 1_u64 << 32;
        assert_eq!(pipeline.verdict((0..=u32::MAX).map(narrowed)), format!("0 of {all} wrong"));
    }
}

fn multiply_half() -> Design {
    emit("multiply_half", MultiplyHalf::default)
}

fn accumulate_single() -> Design {
    emit("accumulate_single", AccumulateSingle::default)
}

fn designs() -> [Design; 6] {
    [
        NormalizeHalf::emitted(),
        multiply_half(),
        accumulate_single(),
        MultiplySingle::emitted(),
        AddSingle::emitted(),
        NarrowSingle::emitted(),
    ]
}

accepted_by_the_tools!(designs);

/// What leaves room in an element of 600 LUTs for its registers, its memories and its ports.
#[test]
fn multiplier_and_adder_of_an_element_fit() {
    if has_verilog_tool("yosys") {
        let mut luts = 0;
        let mut dsps = 0;
        for design in [multiply_half(), accumulate_single()] {
            let cells = synthesize(&design);
            let is_lut =
                |kind: &str| kind.starts_with("LUT") || kind.starts_with("SRL") || kind == "INV";
            luts += cells
                .iter()
                .filter(|(kind, _)| is_lut(kind))
                .map(|(_, count)| count)
                .sum::<usize>();
            dsps += cells.get("DSP48E2").copied().unwrap_or(0);
        }
        assert_eq!(dsps, 1);
        assert!((100..=320).contains(&luts), "{luts} LUTs");
    }
}
