//! Division and square root, which take one operation at a time, against Rust's; and FP16 to FP32.

use crate::float::canonical;
use crate::pipeline::{Pipeline, Record, in_rusthdl, piped};
use crate::support::{Bench, Random};
use crate::trace::settle;
use crate::verilog::has_verilog_tool;
use half::f16;
use rust_hdl_core::prelude::*;
use satkit_hdl::emit::emit;
use satkit_hdl::vector::{DivideSingle, RootSingle, WidenHalf};

/// Vectors for RustHDL's own simulation, which is slow.
const FEW: usize = 1_500;
/// Vectors for Verilator, in each of two tests.
const MANY: usize = 5_000_000;

fn sign(random: &mut Random) -> u32 {
    (random.next() as u32 & 1) << 31
}

/// Dividend and divisor: of any kind, with a quotient near the middle between two values, or exactly there among subnormals.
fn operands(random: &mut Random) -> [u32; 2] {
    match random.below(8) {
        0 | 1 => [random.single(), random.single()],
        2 | 3 => {
            // The quotient's exponent is near the smallest, near the largest, or in the subnormals.
            let b = random.single();
            let target = [1_i64, 254, -12][random.below(3) as usize] + random.below(27) as i64 - 13;
            let exponent = (target - 127 + i64::from(b >> 23 & 0xFF)).clamp(0, 254) as u32;
            [sign(random) | exponent << 23 | random.fraction(23), b]
        }
        4 | 5 => {
            // 25 bits of a quotient, times a divisor: the dividend next to it.
            let b = 1 << 23 | u64::from(random.fraction(23));
            let middle = 1 << 24 | u64::from(random.fraction(23)) << 1 | 1;
            let product = middle * b;
            let a = (product >> (product.ilog2() - 23)) as u32 + random.below(2) as u32;
            let exponents = [0; 2].map(|_| 40 + random.below(170) as u32);
            let signs = [sign(random), sign(random)];
            [
                signs[0] | exponents[0] << 23 | a & 0x7F_FFFF,
                signs[1] | exponents[1] << 23 | b as u32 & 0x7F_FFFF,
            ]
        }
        kind => {
            // Few bits each: exact quotients, and exact ties in the subnormals. The divisor may be subnormal too.
            let quotient = (random.below(1 << 12) | 1) as f32;
            let divisor = (random.below(1 << 11) + 1) as f32;
            let scale = if kind == 6 { -150 + random.below(12) as i32 } else { 40 };
            let two = |power: i32| f32::from_bits(((power + 127) as u32) << 23);
            let b = divisor * two(20);
            let a = quotient * divisor * two(20 + scale / 2) * two(scale - scale / 2);
            [a.to_bits() ^ sign(random), b.to_bits() ^ sign(random)]
        }
    }
}

fn quotients(seed: u64) -> impl Iterator<Item = Record> + Send {
    let mut random = Random(seed);
    std::iter::repeat_with(move || {
        let [a, b] = operands(&mut random);
        [a, b, canonical(f32::from_bits(a) / f32::from_bits(b))]
    })
}

fn root(a: u32) -> Record {
    [a, 0, canonical(f32::from_bits(a).sqrt())]
}

/// Radicands of any kind, squares and the values next to a square of a middle between two values.
fn roots(seed: u64) -> impl Iterator<Item = Record> + Send {
    let mut random = Random(seed);
    std::iter::repeat_with(move || {
        let any = random.single();
        let exponent = random.below(250) as u32 + 1;
        let near = |square: u64, step: u32| {
            let top = (u128::from(square) << 24 >> (square.ilog2() + 1)) as u32;
            exponent << 23 | top.wrapping_add(step) & 0x7F_FFFF
        };
        root(match random.below(4) {
            0 => any,
            1 => any & 0x7FFF_FFFF,
            2 => {
                let middle = 1 << 24 | u64::from(random.fraction(23)) << 1 | 1;
                near(middle * middle, random.below(2) as u32)
            }
            _ => {
                let exact = random.below(1 << 12) + 1;
                near(exact * exact, random.below(3) as u32 / 2)
            }
        })
    })
}

/// Every significand, with an even and with an odd exponent: all that a root's digits depend on.
fn every_root() -> impl Iterator<Item = Record> + Send {
    (0..1 << 24).map(|low: u32| root(0x3F00_0000 + low))
}

/// All of FP16.
fn widened() -> impl Iterator<Item = Record> {
    (0..=u16::MAX).map(|bits| [u32::from(bits), 0, canonical(f16::from_bits(bits).to_f32())])
}

piped!(WidenHalf, "widen_half", [half], single);

/// Gives every operation as soon as the one before may be followed, and takes the operands away after the start.
macro_rules! one_at_a_time {
    ($block:ty, $records:expr, [$($input:ident)+], $output:ident) => {{
        let mut block = <$block>::default();
        block.connect_all();
        let mut due: Option<Record> = None;
        for record in $records.chain([[0; 3]]) {
            for cycle in 1..<$block>::LATENCY_CYCLES {
                let mut words = record.iter().map(|word| if cycle == 1 { *word } else { !*word });
                $( block.$input.next = u64::from(words.next().unwrap()).to_bits(); )+
                block.start.next = cycle == 1;
                for clk in [false, true] {
                    block.clock.next = Clock { clk };
                    settle(&mut block);
                }
                if let (1, Some([a, b, expected])) = (cycle, due) {
                    let got = block.$output.val().to_u32();
                    assert_eq!(got, expected, "{a:08x}, {b:08x}: got {got:08x}, expected {expected:08x}");
                }
            }
            due = Some(record);
        }
    }};
}

#[test]
fn divide_single_in_rusthdl() {
    one_at_a_time!(DivideSingle, quotients(1).take(FEW), [a b], quotient);
}

#[test]
fn root_single_in_rusthdl() {
    one_at_a_time!(RootSingle, roots(1).take(FEW), [a], root);
}

#[test]
fn widen_half_in_rusthdl() {
    in_rusthdl::<WidenHalf>(widened());
}

#[test]
fn widen_half_in_verilog() {
    if has_verilog_tool("verilator") {
        assert_eq!(Pipeline::build::<WidenHalf>().verdict(widened()), "0 of 65536 wrong");
    }
}

fn verdict(bench: &Bench, records: impl Iterator<Item = Record> + Send) -> String {
    let output = bench.run(|input| {
        for word in records.flatten() {
            input.write_all(&word.to_le_bytes()).unwrap();
        }
    });
    String::from_utf8(output).unwrap().trim().to_owned()
}

fn divide_bench() -> Bench {
    let latency = DivideSingle::LATENCY_CYCLES;
    let flags = format!("-O2 -DLATENCY={latency} -DINPUT_B=b -DOUTPUT=quotient");
    Bench::build(&emit("divide_single", DivideSingle::default), "sequential.cpp", &flags)
}

fn root_bench() -> Bench {
    let flags = format!("-O2 -DLATENCY={} -DOUTPUT=root", RootSingle::LATENCY_CYCLES);
    Bench::build(&emit("root_single", RootSingle::default), "sequential.cpp", &flags)
}

#[test]
fn divide_single_in_verilog() {
    if has_verilog_tool("verilator") {
        let bench = divide_bench();
        assert_eq!(verdict(&bench, quotients(2).take(MANY)), format!("0 of {MANY} wrong"));
        // The bench itself sees a wrong bit, in the last one too.
        let spoilt = quotients(3).take(9).enumerate();
        let spoilt = spoilt.map(|(at, [a, b, due])| [a, b, due ^ u32::from(at % 8 == 0)]);
        assert!(verdict(&bench, spoilt).ends_with("2 of 9 wrong"));
    }
}

#[test]
fn divide_single_in_verilog_again() {
    if has_verilog_tool("verilator") {
        let bench = divide_bench();
        assert_eq!(verdict(&bench, quotients(4).take(MANY)), format!("0 of {MANY} wrong"));
    }
}

#[test]
fn root_single_in_verilog() {
    if has_verilog_tool("verilator") {
        let bench = root_bench();
        assert_eq!(verdict(&bench, roots(2).take(MANY)), format!("0 of {MANY} wrong"));
    }
}

#[test]
fn root_single_in_verilog_again() {
    if has_verilog_tool("verilator") {
        let bench = root_bench();
        assert_eq!(verdict(&bench, roots(4).take(MANY)), format!("0 of {MANY} wrong"));
    }
}

#[test]
#[ignore = "takes minutes: all 2^24 of them"]
fn root_single_of_every_significand() {
    if has_verilog_tool("verilator") {
        let all = 1 << 24;
        assert_eq!(verdict(&root_bench(), every_root()), format!("0 of {all} wrong"));
    }
}

#[test]
#[ignore = "takes minutes: 200 million vectors"]
fn divide_single_at_length() {
    if has_verilog_tool("verilator") {
        let all = 200_000_000;
        assert_eq!(verdict(&divide_bench(), quotients(5).take(all)), format!("0 of {all} wrong"));
    }
}
