//! The engine of WU: random updates in the cycles of the timing model, and every byte as the contract has it.

use super::memory::{Beat, Card};
use super::random::Random;
use super::{PROGRAM, config, expected, memory, sorted, system};
use crate::verilog::has_verilog_tool;
use satkit_memory::{MemoryModel, Request};
use satkit_rtl::{Build, Model, PortId};
use satkit_spec::isa::{
    Instruction, Operation, Parameters, Prune, Reads, Update, Weights, Writes, scalar,
};
use satkit_spec::regs::status;
use satkit_spec::{ArrayConfig, WeightOperand};
use std::collections::HashMap;
use std::path::Path;

/// An update: where its streams begin, in beats, and how many beats W has.
#[derive(Clone, Copy, Debug)]
struct Work {
    index: usize,
    master: u64,
    written: u64,
    gradient: u64,
    numbers: u64,
    beats: u64,
    weights: bool,
}

/// A layer; which one an update without operand weights does not care.
const fn layer(decays_pruned: bool) -> Weights {
    Weights {
        ci: 400,
        co: 32,
        h: 1,
        w: 1,
        kh: 1,
        kw: 1,
        stride: 1,
        pad: 0,
        n: 2,
        m: 8,
        ff: WeightOperand::PrunedCi,
        bp: WeightOperand::PrunedCo,
        decays_pruned,
    }
}

struct Made {
    instructions: Vec<Instruction>,
    works: Vec<Work>,
}

fn single(random: &mut Random) -> f32 {
    match random.below(12) {
        0 => 0.0,
        1 => -0.0,
        2 => f32::from_bits(random.below(1 << 23) as u32),
        _ => (random.below(1 << 25) as f32 - 16_777_216.0) / 4_194_304.0,
    }
}

pub(super) fn beat(random: &mut Random) -> Beat {
    std::array::from_fn(|_| single(random).to_bits())
}

pub(super) fn numbers(random: &mut Random) -> Beat {
    let mut beat = beat(random);
    beat[scalar::LEARNING_RATE] = 0.037_f32.to_bits();
    beat[scalar::MOMENTUM] = 0.9_f32.to_bits();
    beat[scalar::WEIGHT_DECAY] = [0.0, 5e-4_f32][random.below(2) as usize].to_bits();
    beat[scalar::LOSS_SCALE] = 2_f32.powi(random.below(21) as i32 - 4).to_bits();
    beat
}

/// Updates; most in place, some to a place of their own.
fn program(random: &mut Random, most_beats: u64) -> Made {
    let mut made = Made { instructions: Vec::new(), works: Vec::new() };
    for at in 0..1 + random.below(5) {
        let beats = match random.below(4) {
            0 => random.below(3),
            1 => 63 + random.below(3),
            _ => 1 + random.below(most_beats),
        };
        let place = |kind: u64, offset: u64| (1 << 24) * (1 + kind) + (at << 16) + offset;
        let master = place(0, random.below(128));
        let written = if random.below(3) == 0 { place(1, random.below(128)) } else { master };
        let (gradient, numbers) = (place(2, random.below(128)), place(3, random.below(128)));
        let weights = random.below(2) == 0;
        let mut kept = vec![
            Operation::Reads(Reads {
                first: master as u32,
                first_beats: 2 * beats as u32,
                second: gradient as u32,
                second_beats: beats as u32,
                third: numbers as u32,
                third_beats: 1,
            }),
            Operation::Writes(Writes {
                first: written as u32,
                first_beats: 2 * beats as u32,
                second: 0,
                second_beats: 0,
                third: 0,
                third_beats: 0,
            }),
            Operation::Parameters(Parameters {
                scalars: numbers as u32,
                first: 0,
                second: 0,
                running: 0,
                sums: 0,
            }),
        ];
        if weights || at == 0 {
            kept.push(Operation::Weights(layer(false)));
        }
        let turn = random.below(kept.len() as u64) as usize;
        kept.rotate_left(turn);
        made.instructions.extend(kept.into_iter().map(Instruction::new));
        made.instructions.push(Instruction::new(Operation::Update(Update {
            parameters: 16 * beats,
            make_ff: false,
            make_bp: false,
            weights,
            guarded: false,
        })));
        let index = made.instructions.len() - 1;
        made.works.push(Work { index, master, written, gradient, numbers, beats, weights });
    }
    made
}

/// What is in memory before, at the works' streams.
fn content(random: &mut Random, works: &[Work]) -> HashMap<u64, Beat> {
    let mut content = HashMap::new();
    for work in works {
        for at in 0..2 * work.beats {
            content.insert(work.master + at, beat(random));
            content.insert(work.gradient + at, beat(random));
        }
        content.insert(work.numbers, numbers(random));
    }
    content
}

/// Momentum SGD as the contract has it, each operation rounded: new W and V, with the step's numbers.
pub(super) fn step(numbers: &Beat, weights: bool, w: f32, v: f32, dw: f32) -> (f32, f32) {
    let number = |at: usize| f32::from_bits(numbers[at]);
    let decay = if weights { number(scalar::WEIGHT_DECAY) } else { 0.0 };
    let mut g = dw * (1.0 / number(scalar::LOSS_SCALE));
    if decay != 0.0 {
        g += decay * w;
    }
    let v = number(scalar::MOMENTUM) * v + g;
    (w - number(scalar::LEARNING_RATE) * v, v)
}

fn update(content: &mut HashMap<u64, Beat>, work: &Work) {
    let numbers = content[&work.numbers];
    for at in 0..work.beats {
        let read = |address: u64| content[&address].map(f32::from_bits);
        let (mut w, mut v) = (read(work.master + at), read(work.master + work.beats + at));
        let dw = read(work.gradient + at);
        for ((w, v), dw) in w.iter_mut().zip(&mut v).zip(dw) {
            (*w, *v) = step(&numbers, work.weights, *w, *v, dw);
        }
        content.insert(work.written + at, w.map(f32::to_bits));
        content.insert(work.written + work.beats + at, v.map(f32::to_bits));
    }
}

#[derive(Debug, Default)]
pub(super) struct Ended {
    pub(super) starts: Vec<u64>,
    pub(super) ends: Vec<u64>,
    pub(super) requests: Vec<Request>,
    pub(super) cycles: u64,
    pub(super) raised: u32,
    pub(super) fault_index: u64,
}

pub(super) struct Bench {
    pub(super) config: ArrayConfig,
    model: Model,
    pins: HashMap<String, PortId>,
    pub(super) card: Card,
    now: u64,
}

impl Bench {
    pub(super) fn new(name: &str) -> Self {
        let config = config(name);
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let build = Build { cache: Some(cache), ..Build::default() };
        let mut model = Model::of(&system::engine(&config), &build).unwrap();
        let pins: HashMap<String, PortId> = model
            .ports()
            .iter()
            .map(|port| port.name.clone())
            .map(|name| (name.clone(), model.port(&name).unwrap()))
            .collect();
        let card = Card::new(&model, &config, &"fixed".parse().unwrap());
        model.set(pins["reset"], 1);
        model.tick(pins["clock"]);
        model.set(pins["reset"], 0);
        Self { config, model, pins, card, now: 1 }
    }

    fn get(&self, name: &str) -> u64 {
        self.model.get(self.pins[name])
    }

    fn set(&mut self, name: &str, value: u64) {
        self.model.set(self.pins[name], value);
    }

    /// Runs a program to its end.
    pub(super) fn run(
        &mut self,
        instructions: &[Instruction],
        content: &HashMap<u64, Beat>,
        memory: &MemoryModel,
    ) -> Ended {
        self.card.restart(&self.config, memory);
        self.card.content.clone_from(content);
        let bytes: Vec<u8> = instructions
            .iter()
            .flat_map(|instruction| instruction.encode().unwrap().to_bytes())
            .collect();
        for (at, bytes) in bytes.chunks(64).enumerate() {
            let mut beat = Beat::default();
            for (word, bytes) in beat.iter_mut().zip(bytes.chunks_exact(4)) {
                *word = u32::from_le_bytes(bytes.try_into().unwrap());
            }
            self.card.content.insert(PROGRAM / 64 + at as u64, beat);
        }
        self.set("program_address", PROGRAM);
        self.set("length", instructions.len() as u64);
        self.set("start", 1);
        let mut ended = Ended::default();
        for _ in 0..400_000 {
            self.model.eval();
            self.card.speak(&mut self.model, self.now);
            self.model.eval();
            self.card.listen(&self.model, self.now);
            let job = self.card.origin.map_or(0, |origin| self.now - origin);
            if self.get("update_start") == 1 {
                ended.starts.push(job);
            }
            if self.get("update_end") == 1 {
                ended.ends.push(job + 1);
            }
            ended.raised |= self.get("raised") as u32;
            self.model.tick(self.pins["clock"]);
            self.now += 1;
            self.set("start", 0);
            self.model.eval();
            if ended.raised != 0 && self.get("busy") == 0 {
                ended.fault_index = self.get("fault_index");
                ended.cycles = self.get("job_cycles");
                ended.requests = sorted(self.card.requests.clone());
                return ended;
            }
        }
        panic!("a job does not end: {ended:?}");
    }

    /// Runs updates, and compares them with the timing model and the contract.
    fn agrees(&mut self, made: &Made, random: &mut Random, memory: &MemoryModel) {
        let mut content = content(random, &made.works);
        let ended = self.run(&made.instructions, &content, memory);
        let model = expected(&self.config, &made.instructions, memory);
        let say = || format!("{memory:?} {:#?}", made.works);
        assert_eq!(ended.raised, status::DONE, "{}", say());
        let pairs = ended.requests.iter().zip(&model.requests);
        let other = pairs.enumerate().find(|(_, (rtl, model))| rtl != model);
        assert!(other.is_none(), "request, in RTL and in the model: {other:?}, {}", say());
        assert_eq!(ended.requests.len(), model.requests.len(), "{}", say());
        assert_eq!(ended.starts, model.starts[0], "{}", say());
        assert_eq!(ended.ends, model.ends[0], "{}", say());
        assert_eq!(ended.cycles, model.cycles, "{}", say());
        for work in &made.works {
            update(&mut content, work);
        }
        for (address, beat) in &content {
            assert_eq!(self.card.content.get(address), Some(beat), "{address:#x}: {}", say());
        }
    }
}

fn updates(name: &str, programs: u64, most_beats: u64) {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut bench = Bench::new(name);
    for seed in 0..programs {
        let mut random = Random(seed);
        let made = program(&mut random, most_beats);
        bench.agrees(&made, &mut random, &memory(seed));
    }
}

#[test]
fn updates_of_four_lanes_are_those_of_model_and_contract() {
    updates("tiny", 90, 200);
}

#[test]
fn updates_of_sixteen_lanes_are_those_of_model_and_contract() {
    updates("narrow", 60, 300);
}

/// What the engine cannot do stops the program at it, when the updates before have ended, and the next program runs.
#[test]
fn what_the_engine_cannot_do_is_illegal() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut bench = Bench::new("tiny");
    for seed in 0..48 {
        let mut random = Random(2000 + seed);
        let mut made = program(&mut random, 80);
        let at = random.below(made.works.len() as u64) as usize;
        let index = made.works[at].index;
        let first = if at == 0 { 0 } else { made.works[at - 1].index + 1 };
        let (kept, own) = made.instructions[first..=index].split_at_mut(index - first);
        let Operation::Update(update) = &mut own[0].operation else { unreachable!() };
        let wrong = seed % 12;
        match wrong {
            0 => update.make_ff = true,
            1 => update.make_bp = true,
            2 => update.guarded = true,
            3 => update.parameters += 1,
            4 => {
                let parameters = update.parameters;
                let prune = Prune { parameters, along_co: false, single: true };
                own[0].operation = Operation::Prune(prune);
            }
            5 => {
                update.weights = true;
                kept.last_mut().unwrap().operation = Operation::Weights(layer(true));
            }
            _ => {}
        }
        for instruction in kept {
            match &mut instruction.operation {
                Operation::Reads(reads) if wrong == 6 => reads.second_beats += 1,
                Operation::Reads(reads) if wrong == 7 => reads.third_beats = 0,
                Operation::Reads(reads) if wrong == 8 => reads.third += 1,
                Operation::Writes(writes) if wrong == 9 => writes.first_beats += 2,
                Operation::Writes(writes) if wrong == 10 => writes.third_beats = 1,
                Operation::Parameters(parameters) if wrong == 11 => parameters.scalars += 1,
                _ => {}
            }
        }
        let before = content(&mut random, &made.works);
        let ended = bench.run(&made.instructions, &before, &memory(seed));
        assert_eq!(ended.raised, status::DONE | status::ILLEGAL_INSTRUCTION, "{wrong}");
        assert_eq!(ended.fault_index as usize, index, "{wrong}");
        assert_eq!((ended.starts.len(), ended.ends.len()), (at, at), "{wrong}");
        let next = program(&mut random, 80);
        bench.agrees(&next, &mut random, &memory(seed));
    }
}
