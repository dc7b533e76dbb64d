//! A lane against the lines of `docs/contract-elementwise.md`, each kind of work written out: what a layer does not have is left out
//! here, and given as a value that changes no bit there.

use crate::float::canonical;
use crate::support::Random;
use crate::trace::{Cycle, Replay, in_rusthdl, traced};
use crate::verilog::has_verilog_tool;
use half::f16;
use satkit_hdl::emit::emit;
use satkit_hdl::vector::Lane;

traced!(
    Lane,
    [x b mask mean factor shift rate from_half round_first backward relu gate_by_mask gate_by_output],
    [half single passes]
);

/// What is held: from_half, round_first, backward, relu, gate_by_mask, gate_by_output.
type Settings = [bool; 6];

/// Inputs and outputs of one element.
#[derive(Clone, Copy, Debug)]
struct Element {
    x: u32,
    b: u16,
    mask: bool,
    mean: u32,
    factor: u32,
    shift: u32,
    rate: u32,
    half: u16,
    single: u32,
}

const PLAIN: Element = Element {
    x: 0,
    b: Lane::NO_ADDEND,
    mask: false,
    mean: Lane::NO_MEAN,
    factor: Lane::NO_FACTOR,
    shift: Lane::NO_SHIFT,
    rate: Lane::NO_FACTOR,
    half: 0,
    single: 0,
};

/// `h` of the contract.
fn h(v: f32) -> u16 {
    if v.is_nan() { 0x7E00 } else { f16::from_f32(v).to_bits() }
}

/// `f` of the contract.
fn f(v: u16) -> f32 {
    f16::from_bits(v).to_f32()
}

fn relu(v: f32) -> f32 {
    if v.is_nan() || v > 0.0 { v } else { 0.0 }
}

fn half(random: &mut Random) -> u16 {
    random.half() as u16
}

/// FP32 near the range of FP16, or anything.
fn single(random: &mut Random) -> f32 {
    let any = random.single();
    let near = any & 0x807F_FFFF | (100 + random.below(45) as u32) << 23;
    f32::from_bits(if random.below(4) == 0 { any } else { near })
}

/// FP32 of any kind, often next to the negative of `value`.
fn opposite(random: &mut Random, value: f32) -> f32 {
    let near = (-value).to_bits().wrapping_add(random.below(5) as u32).wrapping_sub(2);
    if random.below(3) == 0 { f32::from_bits(near) } else { single(random) }
}

/// The same in FP16.
fn opposite_half(random: &mut Random, value: f32) -> u16 {
    let near = h(-value).wrapping_add(random.below(3) as u16).wrapping_sub(1);
    if random.below(3) == 0 { near } else { half(random) }
}

const KINDS: usize = 9;

/// Draws a layer's elements.
type Elements = Box<dyn FnMut(&mut Random) -> Element + Send>;

/// Elements of one kind of work: its settings, and how elements are made.
fn work(random: &mut Random, kind: usize) -> (Settings, Elements) {
    // What the layer has.
    let has = [0; 4].map(|_| random.below(2) == 0);
    let fused = has[2];
    let [from_half, round_first, backward, by_mask, by_output] =
        [kind >= 3, kind == 1, kind == 4, matches!(kind, 1 | 7), kind == 8];
    let gate_by_mask = by_mask && (kind == 7 || has[1]);
    let fuses_relu = matches!(kind, 0 | 3 | 6) && fused;
    let settings = [from_half, round_first, backward, fuses_relu, gate_by_mask, by_output];
    let activate = move |v: f32| if fuses_relu { relu(v) } else { v };
    let element: Box<dyn FnMut(&mut Random) -> Element + Send> = match kind {
        // The store of a matrix stage without batch norm; attention's scale stands where there is no bias.
        0 => Box::new(move |random| {
            let mut element = PLAIN;
            let mut v = single(random);
            element.x = v.to_bits();
            if has[0] {
                let bias = opposite(random, v);
                element.shift = bias.to_bits();
                v += bias;
            } else if has[3] {
                let scale = single(random);
                element.factor = scale.to_bits();
                v *= scale;
            }
            if has[1] {
                element.b = opposite_half(random, v);
                v += f(element.b);
            }
            let v = activate(v);
            Element { half: h(v), single: canonical(v), ..element }
        }),
        // The store of a gradient, with the gradient so far and the mask of the layer below.
        1 => Box::new(move |random| {
            let mut element = PLAIN;
            let acc = single(random);
            element.x = acc.to_bits();
            let mut v = f(h(acc));
            if has[0] {
                element.b = opposite_half(random, v);
                v += f(element.b);
            }
            element.mask = random.below(2) == 0;
            let dx = if gate_by_mask && !element.mask { 0 } else { h(v) };
            Element { half: dx, single: canonical(v), ..element }
        }),
        // The store of dW.
        2 => Box::new(|random| {
            let acc = single(random);
            Element { x: acc.to_bits(), half: h(acc), single: canonical(acc), ..PLAIN }
        }),
        // Batch norm.
        3 => Box::new(move |random| {
            let mut element = PLAIN;
            let y = half(random);
            let mean = -opposite(random, f(y));
            let k = single(random);
            let beta = opposite(random, (f(y) - mean) * k);
            let mut v = (f(y) - mean) * k + beta;
            if has[1] {
                element.b = opposite_half(random, v);
                v += f(element.b);
            }
            let [mean, factor, shift] = [mean, k, beta].map(f32::to_bits);
            let v = activate(v);
            Element {
                x: y.into(),
                mean,
                factor,
                shift,
                half: h(v),
                single: canonical(v),
                ..element
            }
        }),
        // Batch norm backwards.
        4 => Box::new(|random| {
            let (y, dz) = (half(random), half(random));
            let mean = -opposite(random, f(y));
            let a = -opposite(random, f(dz));
            let factor =
                if random.below(3) == 0 { (f(dz) - a) / (f(y) - mean) } else { single(random) };
            let k = single(random);
            let v = ((f(dz) - a) - (f(y) - mean) * factor) * k;
            let [mean, factor, shift, rate] = [mean, factor, a, k].map(f32::to_bits);
            let (half, single) = (h(v), canonical(v));
            Element { x: y.into(), b: dz, mean, factor, shift, rate, half, single, ..PLAIN }
        }),
        // Batch norm backwards in evaluation.
        5 => Box::new(|random| {
            let (dz, k) = (half(random), single(random));
            let v = f(dz) * k;
            let (x, factor) = (dz.into(), k.to_bits());
            Element { x, factor, half: h(v), single: canonical(v), ..PLAIN }
        }),
        // Residual add, and gradients that meet.
        6 => Box::new(move |random| {
            let a = half(random);
            let b = opposite_half(random, f(a));
            let v = activate(f(a) + f(b));
            Element { x: a.into(), b, half: h(v), single: canonical(v), ..PLAIN }
        }),
        // ReLU backwards, by the mask.
        7 => Box::new(|random| {
            let dy = half(random);
            let mask = random.below(2) == 0;
            let dx = if mask { h(f(dy)) } else { 0 };
            Element { x: dy.into(), mask, half: dx, single: canonical(f(dy)), ..PLAIN }
        }),
        // ReLU backwards, by the output: a NaN passes the gradient, a zero of either sign does not.
        _ => Box::new(|random| {
            let (dy, y) = (half(random), half(random));
            let y = if random.below(8) == 0 {
                [0, 0x8000, 0x7E00, 0xFE00][random.below(4) as usize]
            } else {
                y
            };
            let stops = f(y) <= 0.0;
            let dx = if stops { 0 } else { h(f(dy)) };
            Element { x: dy.into(), b: y, half: dx, single: canonical(f(dy)), ..PLAIN }
        }),
    };
    (settings, element)
}

/// Runs of `length` elements, each of another kind of work. What a lane does not look at is anything: the high half of an FP16
/// element, the rate forwards, the mask without its gate.
fn cycles(seed: u64, length: usize) -> impl Iterator<Item = Cycle> {
    let mut random = Random(seed);
    let mut kind = 0;
    std::iter::repeat_with(move || {
        let (settings, mut element) = work(&mut random, kind % KINDS);
        kind += 1;
        let elements: Vec<Element> = (0..length).map(|_| element(&mut random)).collect();
        (0..length + Lane::LATENCY_CYCLES)
            .map(|at| {
                let given = elements.get(at).copied().unwrap_or(PLAIN);
                let [from_half, _, backward, _, gate_by_mask, _] = settings;
                let noise = random.next() as u32;
                let x = if from_half { given.x | noise << 16 } else { given.x };
                let mask = if gate_by_mask { given.mask } else { noise >> 16 & 1 == 1 };
                let rate = if backward { given.rate } else { noise };
                let mut cycle = Cycle::default();
                cycle.give(32, x.into()).give(16, given.b.into()).give(1, mask.into());
                for parameter in [given.mean, given.factor, given.shift, rate] {
                    cycle.give(32, parameter.into());
                }
                for setting in settings {
                    cycle.give(1, setting.into());
                }
                let due = at.checked_sub(Lane::LATENCY_CYCLES).map(|at| elements[at]);
                let Element { half, single, .. } = due.unwrap_or(PLAIN);
                // Of a NaN, too.
                let passes = f(half).is_nan() || f(half) > 0.0;
                cycle.expect(16, half.into()).expect(32, single.into()).expect(1, passes.into());
                if due.is_some() { cycle } else { cycle.unsaid() }
            })
            .collect::<Vec<Cycle>>()
    })
    .flatten()
}

#[test]
fn latency_is_what_is_written() {
    assert_eq!(Lane::LATENCY_CYCLES, 28);
}

#[test]
fn a_lane_in_rusthdl() {
    let kinds = 4 * KINDS;
    in_rusthdl::<Lane>(cycles(1, 150).take(kinds * (150 + Lane::LATENCY_CYCLES)));
}

#[test]
fn a_lane_in_verilog() {
    if has_verilog_tool("verilator") {
        let replay = Replay::build::<Lane>(&emit("vector_lane", Lane::default));
        replay.check(|| cycles(2, 2_000), 2_500_000);
    }
}

#[test]
fn a_lane_in_verilog_again() {
    if has_verilog_tool("verilator") {
        let replay = Replay::build::<Lane>(&emit("vector_lane", Lane::default));
        replay.check(|| cycles(3, 2_000), 2_500_000);
    }
}
