//! Softmax cross-entropy, row by row, against the lines of `docs/contract-elementwise.md`.

use crate::float::canonical;
use crate::support::{Bench, Random};
use crate::verilog::has_verilog_tool;
use half::f16;
use satkit_hdl::vector::{self, CountSingle};

const ROWS_APART: u32 = 192;

/// Rows of one instruction.
struct Case {
    channels: usize,
    count: f32,
    loss_scale: f32,
    rows: Vec<(u32, u32, [u16; 32])>,
}

/// What a row gives: dX, loss, predicted class.
#[derive(Debug, PartialEq)]
struct Given {
    gradient: Vec<u16>,
    loss: u32,
    class: u32,
}

fn expected(case: &Case, label: u32, row: &[u16]) -> Given {
    let x: Vec<f16> = row[..case.channels].iter().map(|&bits| f16::from_bits(bits)).collect();
    let mut best = 0;
    for (at, x_i) in x.iter().enumerate() {
        if *x_i > x[best] || (x_i.is_nan() && !x[best].is_nan()) {
            best = at;
        }
    }
    let m = x[best].to_f32();
    let e: Vec<f32> = x.iter().map(|x| libm::expf(x.to_f32() - m)).collect();
    let z = e.iter().fold(0.0, |z, e| z + e);
    let loss = libm::logf(z) - (x[label as usize].to_f32() - m);
    let half = |single: f32| {
        let half = f16::from_f32(single);
        if half.is_nan() { 0x7E00 } else { half.to_bits() }
    };
    let gradient = e.iter().enumerate().map(|(i, e)| {
        let target = if i == label as usize { 1.0 } else { 0.0 };
        half((((e / z) - target) / case.count) * case.loss_scale)
    });
    Given { gradient: gradient.collect(), loss: canonical(loss), class: best as u32 }
}

/// Any FP16 value, NaNs canonical.
fn any_half(random: &mut Random) -> u16 {
    let bits = random.next() as u16;
    if bits & 0x7FFF > 0x7C00 { 0x7E00 } else { bits }
}

fn row(random: &mut Random, channels: usize) -> [u16; 32] {
    let kind = random.below(12);
    let spread = f32::from_bits(((random.below(24) + 108) as u32) << 23);
    let middle = random.below(2001) as f32 / 10.0 - 100.0;
    let mut row: [u16; 32] = std::array::from_fn(|_| match kind {
        // Few values, so that the greatest is there more than once, both zeros among them.
        0 | 1 => [0x0000, 0x8000, 0x0001, 0x8001, 0xBC00][random.below(5) as usize],
        2 => [0x4900, 0x4901, 0xFBFF][random.below(3) as usize],
        // Subnormals.
        3 => random.next() as u16 & 0x83FF,
        // Whatever is finite.
        4 => any_half(random) & 0xFBFF,
        // From the greatest down to where the exponential is 0, and its subnormals.
        5 => f16::from_f32(-(random.below(110_000) as f32) / 1000.0).to_bits(),
        6 => f16::from_f32(-80.0 - random.below(26_000) as f32 / 1000.0).to_bits(),
        _ => {
            let unit = random.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0;
            f16::from_f32(middle + unit * spread).to_bits()
        }
    });
    if kind == 6 {
        row[random.below(channels as u64) as usize] = 0;
    }
    if random.below(16) == 0 {
        for _ in 0..=random.below(3) {
            let special = [0x7C00, 0xFC00, 0x7E00][random.below(3) as usize];
            row[random.below(channels as u64) as usize] = special;
        }
    }
    if random.below(64) == 0 {
        row = [0xFC00; 32];
    }
    // Padding says nothing.
    for padding in &mut row[channels..] {
        *padding = random.next() as u16;
    }
    row
}

fn case(random: &mut Random, rows: u64) -> Case {
    let channels = match random.below(4) {
        0 => 10,
        1 => 32,
        _ => random.below(32) as usize + 1,
    };
    let most = [8, 300, 1 << 24][random.below(3) as usize];
    let count = 1 + random.below(most) as u32;
    let power = random.below(25) as u32;
    let rows = (0..rows).map(|_| {
        let apart = if random.below(2) == 0 { 0 } else { random.below(400) as u32 };
        (ROWS_APART + apart, random.below(channels as u64) as u32, row(random, channels))
    });
    Case {
        channels,
        count: count as f32,
        loss_scale: f32::from_bits((power + 127) << 23),
        rows: rows.collect(),
    }
}

fn given(bench: &Bench, case: &Case) -> Vec<Given> {
    let output = bench.run(|input| {
        let mut words = vec![case.channels as u32, case.count.to_bits(), case.loss_scale.to_bits()];
        for (apart, label, row) in &case.rows {
            words.extend([*apart, *label]);
            let pairs = row.as_chunks::<2>().0.iter();
            words.extend(pairs.map(|&[low, high]| u32::from(low) | u32::from(high) << 16));
        }
        for word in words {
            input.write_all(&word.to_le_bytes()).unwrap();
        }
    });
    let mut words = output.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
    let (mut gradients, mut pairs) = (vec![Vec::new()], Vec::new());
    while let Some(kind) = words.next() {
        let mut word = || words.next().unwrap();
        if kind == 1 {
            pairs.push((word(), word()));
            continue;
        }
        let element = word();
        gradients.last_mut().unwrap().push(element as u16);
        if element >> 16 == 1 {
            gradients.push(Vec::new());
        }
    }
    assert_eq!(gradients.pop(), Some(Vec::new()));
    assert_eq!((gradients.len(), pairs.len()), (case.rows.len(), case.rows.len()));
    let given = gradients.into_iter().zip(pairs);
    given.map(|(gradient, (loss, class))| Given { gradient, loss, class }).collect()
}

fn compare(cases: u64, rows: u64) {
    if !has_verilog_tool("verilator") {
        return;
    }
    let flags = format!("-O2 -DLATENCY={}", vector::ROW_LATENCY_CYCLES);
    let bench = Bench::build(&vector::rows().unwrap(), "rows.cpp", &flags);
    for seed in 0..cases {
        let mut random = Random(seed);
        let case = case(&mut random, rows);
        let given = given(&bench, &case);
        for ((_, label, row), given) in case.rows.iter().zip(given) {
            let expected = expected(&case, *label, row);
            assert_eq!(
                given, expected,
                "{} channels, label {label}, B {}, scale {}: {row:04x?}",
                case.channels, case.count, case.loss_scale
            );
        }
    }
}

#[test]
fn rows_give_the_contract_s_bits() {
    compare(60, 40);
}

#[test]
#[ignore = "takes minutes"]
fn many_rows_give_the_contract_s_bits() {
    compare(2000, 200);
}

#[test]
fn counts_become_singles() {
    use crate::trace::settle;
    use rust_hdl_core::prelude::*;
    let mut block = CountSingle::default();
    block.connect_all();
    let mut random = Random(5);
    let some = (0..200).map(|_| random.below((1 << 24) - 1) as u32 + 1).collect::<Vec<_>>();
    for count in [1, 2, 3, 10, 64, (1 << 24) - 1].into_iter().chain(some) {
        for edge in 0..CountSingle::CYCLES {
            block.start.next = edge == 0;
            block.count.next = u64::from(count).to_bits();
            for clk in [false, true] {
                block.clock.next = Clock { clk };
                settle(&mut block);
            }
        }
        assert_eq!(block.single.val().to_u64() as u32, (count as f32).to_bits(), "{count}");
    }
}

/// Whole instructions, one after another: gradients in the first ring, losses and classes in the second, or those alone.
#[test]
fn streams_give_the_contract_s_beats() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let flags = format!("-O2 -DLATENCY={}", vector::ROW_LATENCY_CYCLES + 8);
    let bench = Bench::build(&vector::loss().unwrap(), "loss.cpp", &flags);
    let mut random = Random(77);
    let instructions: Vec<(bool, u32, Case)> = (0..30)
        .map(|_| {
            let rows = 1 + random.below(40);
            let mut case = case(&mut random, rows);
            case.count = rows as f32;
            (random.below(4) > 0, 4 << random.below(2), case)
        })
        .collect();
    let output = bench.run(|input| {
        for (has_gradient, lanes, case) in &instructions {
            let rows = case.rows.len();
            let apart = ROWS_APART * lanes / 32;
            let mut words =
                vec![case.channels as u32, rows as u32, (*has_gradient).into(), *lanes, apart];
            for (_, _, row) in &case.rows {
                let pairs = row.as_chunks::<2>().0.iter();
                words.extend(pairs.map(|&[low, high]| u32::from(low) | u32::from(high) << 16));
            }
            words.extend(case.rows.iter().map(|(_, label, _)| label));
            words.extend(std::iter::repeat_n(0xFFFF_FFFF, rows.next_multiple_of(16) - rows));
            let mut numbers = [0x5555_5555; 16];
            numbers[satkit_spec::isa::scalar::LOSS_SCALE] = case.loss_scale.to_bits();
            words.extend(numbers);
            for word in words {
                input.write_all(&word.to_le_bytes()).unwrap();
            }
        }
    });
    let mut beats = output.as_chunks::<72>().0.iter().map(|bytes| {
        let mut words = bytes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        let place = (words.next().unwrap(), words.next().unwrap());
        (place, words.collect::<Vec<u32>>())
    });
    for (has_gradient, _, case) in &instructions {
        let mut due = std::collections::BTreeMap::new();
        let mut pairs = Vec::new();
        for (at, (_, label, row)) in case.rows.iter().enumerate() {
            let given = expected(case, *label, row);
            let mut halves = given.gradient;
            halves.resize(32, 0);
            let words = halves.as_chunks::<2>().0.iter();
            let words = words.map(|&[low, high]| u32::from(low) | u32::from(high) << 16);
            if *has_gradient {
                due.insert((0, at as u32), words.collect::<Vec<u32>>());
            }
            pairs.extend([given.loss, given.class]);
        }
        for (at, pairs) in pairs.chunks(16).enumerate() {
            let mut beat = pairs.to_vec();
            beat.resize(16, 0);
            due.insert((u32::from(*has_gradient), at as u32), beat);
        }
        for _ in 0..due.len() {
            let (place, beat) = beats.next().expect("a beat for each that is due");
            assert_eq!(due.remove(&place), Some(beat), "{place:?}");
        }
    }
    assert_eq!(beats.next(), None);
}
