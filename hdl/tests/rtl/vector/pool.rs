//! Pooling in VE's lanes against `docs/contract-elementwise.md`, pixel by pixel: whole instructions, their beats as they lie in memory.

use super::wide;
use crate::support::{Bench, Random};
use crate::verilog::has_verilog_tool;
use half::f16;
use satkit_hdl::vector;
use satkit_spec::isa::{Instruction, Operation, Shape, Vector, VectorOp};
use satkit_spec::{ArrayConfig, VECTOR_LATENCY_CYCLES};
use std::collections::BTreeMap;

const BEAT: usize = 32;

/// An instruction, and the FP16 values of its streams.
struct Case {
    op: VectorOp,
    shape: Shape,
    pace: u32,
    a: Vec<u16>,
    b: Vec<u16>,
}

fn shape(batch: u32, [h, w]: [u32; 2], channels: u32, greatest: bool) -> Shape {
    Shape {
        batch,
        channels,
        h,
        w,
        window: if greatest { 2 } else { 0 },
        stride: if greatest { 2 } else { 0 },
        pad: 0,
        pooling: if greatest { 0 } else { 2 },
        relu: false,
        residual: false,
        running: false,
        bits: false,
        gradient: false,
        n: 1,
        m: 1,
        heads: 0,
        scale: 1f32.to_bits(),
    }
}

fn pitch(shape: &Shape) -> usize {
    (shape.channels as usize).next_multiple_of(BEAT)
}

fn f(bits: u16) -> f32 {
    f16::from_bits(bits).to_f32()
}

fn h(value: f32) -> u16 {
    if value.is_nan() { 0x7E00 } else { f16::from_f32(value).to_bits() }
}

/// Values that are close to each other, few, or anything; what is stored has canonical NaNs, padding is anything.
fn tensor(random: &mut Random, pixels: usize, shape: &Shape) -> Vec<u16> {
    let kind = random.below(5);
    let near = random.next() as u16 & 0x7BFF;
    let padding = shape.channels as usize;
    (0..pixels * pitch(shape))
        .map(|at| {
            let any = random.next() as u16;
            if at % pitch(shape) >= padding {
                return any;
            }
            let value = match kind {
                0 => [0, 0x8000, 1, 0x8001, 0x7C00, 0xFC00, 0x7E00][random.below(7) as usize],
                1 => near ^ any & 0x8003,
                2 => any & 0x83FF,
                _ => any,
            };
            if f(value).is_nan() { 0x7E00 } else { value }
        })
        .collect()
}

/// Which of the pixels of a window is the best.
fn best(values: [u16; 4]) -> usize {
    let mut best = 0;
    for at in 1..4 {
        let (value, so_far) = (f(values[at]), f(values[best]));
        if value > so_far || (value.is_nan() && !so_far.is_nan()) {
            best = at;
        }
    }
    best
}

/// `r` of an exact sum.
fn sum(values: impl Iterator<Item = u16>) -> f32 {
    let mut units = 0i64;
    let mut special = 0.0f32;
    for value in values.map(f) {
        if value.is_finite() {
            units += (f64::from(value) * f64::from(1 << 24)) as i64;
        } else {
            special += value;
        }
    }
    // Fewer than 53 bits.
    if special == 0.0 { (units as f64 / f64::from(1 << 24)) as f32 } else { special }
}

/// What is written.
fn expected(case: &Case) -> Vec<u16> {
    let Shape { batch, channels, h: rows, w, pooling, .. } = case.shape;
    let [batch, channels, rows, w] = [batch, channels, rows, w].map(|size| size as usize);
    let pitch = pitch(&case.shape);
    let input = |n: usize, y: usize, x: usize, c: usize| ((n * rows + y) * w + x) * pitch + c;
    let output =
        |n: usize, y: usize, x: usize, c: usize| ((n * (rows / 2) + y) * (w / 2) + x) * pitch + c;
    let backward = case.op == VectorOp::PoolBackward;
    let pixels = batch * rows * w;
    if pooling == 2 {
        let count = (rows * w) as f32;
        let mut written = vec![0; if backward { pixels } else { batch } * pitch];
        for n in 0..batch {
            for c in 0..channels {
                let all = || (0..rows * w).map(|at| input(n, at / w, at % w, c));
                if backward {
                    all().for_each(|at| written[at] = h(f(case.a[n * pitch + c]) / count));
                } else {
                    written[n * pitch + c] = h(sum(all().map(|at| case.a[at])) / count);
                }
            }
        }
        return written;
    }
    let mut written = vec![0; if backward { pixels } else { pixels / 4 } * pitch];
    for n in 0..batch {
        for y in 0..rows / 2 {
            for x in 0..w / 2 {
                for c in 0..channels {
                    let at = |tap: usize| input(n, 2 * y + tap / 2, 2 * x + tap % 2, c);
                    let found = best(std::array::from_fn(|tap| case.a[at(tap)]));
                    if backward {
                        written[at(found)] = h(0.0 + f(case.b[output(n, y, x, c)]));
                    } else {
                        written[output(n, y, x, c)] = h(f(case.a[at(found)]));
                    }
                }
            }
        }
    }
    written
}

fn case(random: &mut Random) -> Case {
    let greatest = random.below(2) == 0;
    let op = [VectorOp::Pool, VectorOp::PoolBackward][random.below(2) as usize];
    let beats_log2 = random.below(4) as u32;
    let most = 32 << beats_log2;
    let least = if beats_log2 == 0 { 9 } else { most - 31 };
    let channels = if random.below(3) == 0 {
        most
    } else {
        least + random.below(u64::from(most - least) + 1) as u32
    };
    let batch = 1 + random.below(3) as u32;
    let (rows, w) = if greatest {
        let w = 2 << random.below(u64::from(5 - beats_log2));
        (2 + 2 * random.below(4) as u32, w)
    } else {
        let log2 = random.below(u64::from(7 - beats_log2)) as u32;
        let w = random.below(u64::from(log2) + 1) as u32;
        (1 << (log2 - w), 1 << w)
    };
    let shape = shape(batch, [rows, w], channels, greatest);
    let pixels = (batch * rows * w) as usize;
    let backward = op == VectorOp::PoolBackward;
    let of_a = if backward && !greatest { batch as usize } else { pixels };
    let of_b = if backward && greatest { pixels / 4 } else { 0 };
    let pace = if random.below(2) == 0 { 0xFFFF } else { random.next() as u32 & 0xFFFF | 1 };
    let a = tensor(random, of_a, &shape);
    let b = tensor(random, of_b, &shape);
    Case { op, shape, pace, a, b }
}

fn words(operation: Operation) -> Vec<u32> {
    let bytes = Instruction::new(operation).encode().unwrap().to_bytes();
    bytes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
}

fn feed(lanes: usize, case: &Case) -> Vec<u32> {
    let pixels = (case.shape.batch * case.shape.h * case.shape.w) as usize;
    let elements = pixels * pitch(&case.shape);
    let own = Vector { op: case.op, elements: elements as u64, last: true };
    let mut all = words(Operation::Shape(case.shape));
    all.extend(words(Operation::Vector(own)));
    all.extend([lanes as u32, case.pace, elements as u32]);
    all.extend([&case.a, &case.b].map(|values| (values.len() / BEAT) as u32));
    for values in [&case.a, &case.b] {
        let pairs = values.as_chunks::<2>().0.iter();
        all.extend(pairs.map(|&[low, high]| u32::from(low) | u32::from(high) << 16));
    }
    all
}

/// Instructions, and what is to be written of each; none where it is to be refused.
fn check(config: &ArrayConfig, cases: &[(Case, Option<Vec<u16>>)]) {
    let flags = format!("-O1 -DLATENCY={VECTOR_LATENCY_CYCLES}");
    let bench = Bench::build(&vector::design(config).unwrap(), "lanes.cpp", &flags);
    let output = bench.run(|input| {
        for word in cases.iter().flat_map(|(case, _)| feed(config.ve_lanes, case)) {
            input.write_all(&word.to_le_bytes()).unwrap();
        }
    });
    let mut output = output.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
    for (case, due) in cases {
        let refused = output.next().expect("a word for each instruction");
        assert_eq!(refused == 1, due.is_none(), "{:?} {:?}", case.op, case.shape);
        let mut written = BTreeMap::new();
        loop {
            let ring = output.next().unwrap();
            if ring == u32::MAX {
                break;
            }
            assert_eq!(ring, 0, "{:?}", case.shape);
            let beat = output.next().unwrap();
            let halves =
                output.by_ref().take(16).flat_map(|word| [word as u16, (word >> 16) as u16]);
            assert!(written.insert(beat, halves.collect::<Vec<_>>()).is_none(), "{beat} twice");
        }
        let due = due.iter().flatten().copied().collect::<Vec<u16>>();
        assert_eq!(written.len(), due.len() / BEAT, "{:?} {:?}", case.op, case.shape);
        for (at, due) in due.chunks(BEAT).enumerate() {
            let found = &written[&(at as u32)];
            assert_eq!(found, due, "beat {at} of {:?} {:?}", case.op, case.shape);
        }
    }
    assert_eq!(output.next(), None);
}

fn pools(config: &ArrayConfig, seed: u64) {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut random = Random(seed);
    let mut cases: Vec<_> = (0..400)
        .map(|_| {
            let case = case(&mut random);
            let due = expected(&case);
            (case, Some(due))
        })
        .collect();
    // What is refused leaves nothing behind.
    let refused: [fn(&mut Shape); 9] = [
        |shape| shape.channels = 8,
        |shape| shape.channels = 96,
        |shape| shape.pooling = 1,
        |shape| shape.pad = 1,
        |shape| shape.window = 3,
        |shape| shape.stride = 1,
        |shape| shape.h = 3,
        |shape| shape.w = 12,
        |shape| shape.w = 64,
    ];
    for (at, change) in refused.into_iter().enumerate() {
        let mut shape = shape(1, [2, 4], 32, true);
        change(&mut shape);
        let op = [VectorOp::Pool, VectorOp::PoolBackward][at % 2];
        cases.insert(40 * at, (Case { op, shape, pace: 0xFFFF, a: vec![], b: vec![] }, None));
    }
    for image in [[3, 4], [8, 16]] {
        let shape = shape(1, image, 32, false);
        let case = Case { op: VectorOp::Pool, shape, pace: 0xFFFF, a: vec![], b: vec![] };
        cases.push((case, None));
    }
    check(config, &cases);
}

#[test]
fn four_lanes_pool_as_the_contract_says() {
    pools(&ArrayConfig::tiny(), 1);
}

#[test]
fn eight_lanes_pool_as_the_contract_says() {
    pools(&ArrayConfig::small(), 2);
}

#[test]
fn thirty_two_lanes_pool_as_the_contract_says() {
    pools(&wide(), 3);
}
