//! The engine of WU on what makes operand weights: random layers in the cycles of the timing model, and every byte as the contract has it.

use super::engine::{Bench, beat, numbers, step};
use super::memory::Beat;
use super::program::{layer, layer_beats, weights};
use super::random::Random;
use super::{expected, memory};
use crate::verilog::has_verilog_tool;
use satkit_memory::MemoryModel;
use satkit_spec::isa::{Instruction, Operation, Parameters, Prune, Reads, Update, Weights, Writes};
use satkit_spec::regs::status;
use satkit_spec::{K_BLOCK, WeightOperand, position_beat, weight_beat, weight_tile_beats};
use std::collections::HashMap;

/// An update that makes operand weights, or their making from W.
#[derive(Clone, Copy, Debug)]
struct Case {
    layer: Weights,
    updates: bool,
    make_ff: bool,
    make_bp: bool,
    master: u64,
    written: u64,
    gradient: u64,
    numbers: u64,
    ff: u64,
    bp: u64,
}

fn case(random: &mut Random, at: u64) -> Case {
    let layer = layer(random);
    let mut place = |kind: u64| (1 << 24) * (1 + kind) + (at << 16) + 2 * random.below(64);
    let [master, other, gradient, numbers, ff, bp] = std::array::from_fn(|k| place(k as u64));
    let updates = random.below(3) > 0;
    let written = if random.below(3) == 0 { other } else { master };
    let makes = if updates { random.below(3) } else { 1 + random.below(2) };
    let (make_ff, make_bp) = [(true, true), (true, false), (false, true)][makes as usize];
    // Operands begin anywhere.
    let (ff, bp) = (ff + random.below(2), bp + random.below(2));
    Case { layer, updates, make_ff, make_bp, master, written, gradient, numbers, ff, bp }
}

fn instructions(case: &Case) -> Vec<Instruction> {
    let [master, ff_beats, bp_beats] = layer_beats(&case.layer).map(|beats| beats as u32);
    let parameters = weights(&case.layer);
    let mut made = [(case.make_ff, case.ff, ff_beats), (case.make_bp, case.bp, bp_beats)]
        .into_iter()
        .filter(|made| made.0)
        .map(|(_, at, beats)| (at as u32, beats));
    let mut next = || made.next().unwrap_or((0, 0));
    let operations = if case.updates {
        let (second, third) = (next(), next());
        vec![
            Operation::Reads(Reads {
                first: case.master as u32,
                first_beats: 2 * master,
                second: case.gradient as u32,
                second_beats: master,
                third: case.numbers as u32,
                third_beats: 1,
            }),
            Operation::Writes(Writes {
                first: case.written as u32,
                first_beats: 2 * master,
                second: second.0,
                second_beats: second.1,
                third: third.0,
                third_beats: third.1,
            }),
            Operation::Weights(case.layer),
            Operation::Parameters(Parameters {
                scalars: case.numbers as u32,
                first: 0,
                second: 0,
                running: 0,
                sums: 0,
            }),
            Operation::Update(Update {
                parameters,
                make_ff: case.make_ff,
                make_bp: case.make_bp,
                weights: true,
                guarded: false,
            }),
        ]
    } else {
        let first = next();
        vec![
            Operation::Reads(Reads {
                first: case.master as u32,
                first_beats: master,
                second: 0,
                second_beats: 0,
                third: 0,
                third_beats: 0,
            }),
            Operation::Writes(Writes {
                first: first.0,
                first_beats: first.1,
                second: 0,
                second_beats: 0,
                third: 0,
                third_beats: 0,
            }),
            Operation::Weights(case.layer),
            Operation::Prune(Prune { parameters, along_co: case.make_bp, single: true }),
        ]
    };
    operations.into_iter().map(Instruction::new).collect()
}

/// FP32 to FP16, to nearest, ties to even.
fn half(value: f32) -> u16 {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = value.abs();
    if magnitude >= 65520.0 {
        return sign | 0x7C00;
    }
    // The step between neighbours.
    let exponent = ((magnitude.to_bits() >> 23) as i32 - 127).max(-14);
    let steps = f64::from(magnitude) / 2_f64.powi(exponent - 10);
    let steps = steps.round_ties_even() as u16;
    // A step over the end of a binade is the next exponent.
    sign | (steps + ((exponent + 14) as u16) * 1024)
}

/// The operand of FF or BP, from FP16 weights by input channel and output channel.
fn operand(layer: &Weights, is_ff: bool, weights: &HashMap<[usize; 3], u16>) -> Vec<Beat> {
    let taps = usize::from(layer.kh) * usize::from(layer.kw);
    let (ci, co) = (layer.ci as usize, layer.co as usize);
    let (columns, channels) = if is_ff { (co, ci) } else { (ci, co) };
    let kind = if is_ff { layer.ff } else { layer.bp };
    let (n, m) = (usize::from(layer.n), usize::from(layer.m));
    let compact = kind != WeightOperand::Dense && n != m;
    let (n, m) = if compact { (n, m) } else { (1, 1) };
    let tile = weight_tile_beats((taps * channels / m * n) as u64, compact) as usize;
    let mut beats = vec![[0; 16]; columns.div_ceil(32) * tile];
    for column in 0..columns {
        let (first, inside) = (column / 32 * tile, column % 32);
        for (group, tap) in (0..channels / m).flat_map(|g| (0..taps).map(move |tap| (g, tap))) {
            let value = |at: usize| {
                let channel = group * m + at;
                weights[&if is_ff { [channel, column, tap] } else { [column, channel, tap] }]
            };
            // Taps of a block of channels lie one after another.
            let block = group * m / K_BLOCK * K_BLOCK;
            let width = K_BLOCK.min(channels - block);
            let before = block * taps + tap * width + (group * m - block);
            // The largest, and of equals the earlier; in order.
            let mut order: Vec<usize> = (0..m).collect();
            order.sort_by_key(|&at| std::cmp::Reverse(value(at) & 0x7FFF));
            let mut kept = order[..n].to_vec();
            kept.sort_unstable();
            for (at, position) in kept.into_iter().enumerate() {
                let slot = before / m * n + at;
                let beat = &mut beats[first + weight_beat(slot as u64, compact) as usize];
                beat[inside / 2] |= u32::from(value(position)) << (inside % 2 * 16);
                if compact {
                    let beat = &mut beats[first + position_beat(slot as u64) as usize];
                    let bit = slot % 4 * 128 + inside * 4;
                    beat[bit / 32] |= (position as u32) << (bit % 32);
                }
            }
        }
    }
    beats
}

/// What a case makes of the memory.
fn apply(content: &mut HashMap<u64, Beat>, case: &Case, rows: usize) {
    let layer = &case.layer;
    let (ci, co) = (layer.ci as usize, layer.co as usize);
    let pitch = co.next_multiple_of(32);
    let taps = usize::from(layer.kh) * usize::from(layer.kw);
    let beats = (ci * taps * pitch / 16) as u64;
    let mut written: Vec<Beat> = vec![[0; 16]; 2 * beats as usize];
    let mut halves = HashMap::new();
    let channels = (0..ci).flat_map(|i| (0..co).map(move |o| (i, o)));
    for ((i, o), tap) in channels.flat_map(|both| (0..taps).map(move |tap| (both, tap))) {
        // Rows of a tap of as many channels as the array has rows lie one after another.
        let block = i / rows * rows;
        let row = block * taps + tap * rows.min(ci - block) + i % rows;
        let (at, inside) = ((row * pitch + o) / 16, o % 16);
        let read = |first: u64| f32::from_bits(content[&(first + at as u64)][inside]);
        let mut w = read(case.master);
        if case.updates {
            let (old_v, dw) = (read(case.master + beats), read(case.gradient));
            let v;
            (w, v) = step(&content[&case.numbers], true, w, old_v, dw);
            written[at][inside] = w.to_bits();
            written[at + beats as usize][inside] = v.to_bits();
        }
        halves.insert([i, o, tap], half(w));
    }
    if case.updates {
        content.extend((case.written..).zip(written));
    }
    for (is_ff, made, first) in [(true, case.make_ff, case.ff), (false, case.make_bp, case.bp)] {
        if made {
            content.extend((first..).zip(operand(layer, is_ff, &halves)));
        }
    }
}

fn agrees(bench: &mut Bench, cases: &[Case], random: &mut Random, memory: &MemoryModel) {
    let mut content = HashMap::new();
    for case in cases {
        let [master, ..] = layer_beats(&case.layer);
        for at in 0..2 * master {
            content.insert(case.master + at, beat(random));
            content.insert(case.gradient + at, beat(random));
        }
        content.insert(case.numbers, numbers(random));
    }
    let program: Vec<Instruction> = cases.iter().flat_map(instructions).collect();
    let ended = bench.run(&program, &content, memory);
    let model = expected(&bench.config, &program, memory);
    let say = || format!("{memory:?} {cases:#?}");
    assert_eq!(ended.raised, status::DONE, "{}", say());
    let pairs = ended.requests.iter().zip(&model.requests);
    let other = pairs.enumerate().find(|(_, (rtl, model))| rtl != model);
    assert!(other.is_none(), "request, in RTL and in the model: {other:?}, {}", say());
    assert_eq!(ended.requests.len(), model.requests.len(), "{}", say());
    assert_eq!(ended.starts, model.starts[0], "{}", say());
    assert_eq!(ended.ends, model.ends[0], "{}", say());
    assert_eq!(ended.cycles, model.cycles, "{}", say());
    for case in cases {
        apply(&mut content, case, bench.config.rows);
    }
    let place = |address: &u64| (address >> 24, address & 0xFFFF);
    for (address, beat) in &content {
        let found = bench.card.content.get(address);
        assert_eq!(found, Some(beat), "{:?}: {}", place(address), say());
    }
}

fn layers(name: &str, programs: u64) {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut bench = Bench::new(name);
    for seed in 0..programs {
        let mut random = Random(5000 + seed);
        let cases: Vec<Case> = (0..1 + random.below(3)).map(|at| case(&mut random, at)).collect();
        agrees(&mut bench, &cases, &mut random, &memory(seed));
    }
}

#[test]
fn operand_weights_of_four_lanes_are_those_of_model_and_contract() {
    layers("tiny", 60);
}

#[test]
fn operand_weights_of_sixteen_lanes_are_those_of_model_and_contract() {
    layers("narrow", 40);
}

/// What the engine cannot make stops the program, and the next one runs.
#[test]
fn operand_weights_that_the_engine_cannot_make_are_illegal() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut bench = Bench::new("tiny");
    for seed in 0..40 {
        let mut random = Random(7000 + seed);
        let mut case = case(&mut random, 0);
        let wrong = seed % 10;
        (case.updates, case.make_ff, case.make_bp) = (wrong != 7, true, wrong != 7);
        let layer = &mut case.layer;
        match wrong {
            0 => layer.co = 8,
            1 => layer.decays_pruned = true,
            2 => (layer.kh, layer.kw, layer.stride) = (2, 2, 2),
            3 => layer.ff = WeightOperand::PrunedCiAsDense,
            4 => (layer.ci, layer.co, layer.n, layer.m) = (32, 32, 2, 16),
            5 => case.master += 1,
            // Two slots of each tap.
            6 => (layer.ci, layer.kh, layer.n, layer.m) = (40, 2, 2, 8),
            _ => {}
        }
        if wrong == 4 || wrong == 6 {
            (layer.co, layer.ff, layer.bp) = (64, WeightOperand::PrunedCi, WeightOperand::Dense);
        }
        let mut program = instructions(&case);
        for instruction in &mut program {
            match &mut instruction.operation {
                Operation::Prune(prune) => prune.single = false,
                Operation::Update(update) if wrong == 8 => update.guarded = true,
                Operation::Weights(layer) if wrong == 9 => layer.ci += u32::from(layer.m),
                _ => {}
            }
        }
        let ended = bench.run(&program, &HashMap::new(), &memory(seed));
        assert_eq!(ended.raised, status::DONE | status::ILLEGAL_INSTRUCTION, "{wrong} {case:?}");
        assert_eq!(ended.fault_index as usize, program.len() - 1, "{wrong}");
        assert!(ended.starts.is_empty(), "{wrong}");
        let next = [self::case(&mut random, 0)];
        agrees(&mut bench, &next, &mut random, &memory(seed));
    }
}
