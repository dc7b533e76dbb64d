//! The shells of WU and VE with sequencer and ports, under Verilator, against the timing model: every request, start and end of random
//! programs in its cycle, and every byte in its place.

mod engine;
mod lanes;
mod memory;
mod panels;
mod program;
mod random;
mod system;
#[path = "../../../../tests/verilog.rs"]
mod verilog;

use lanes::{Lanes, truth};
use memory::{Beat, Card, untouched};
use program::{Made, Sizes, program};
use random::Random;
use satkit_memory::{AnyMemory, Memory, MemoryModel, Ports, Request, Statistics, Transfer};
use satkit_plan::{Observer, Program, Retired, time};
use satkit_rtl::{Build, Model, PortId};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Instruction};
use satkit_spec::regs::status;
use std::collections::HashMap;
use std::path::Path;
use system::ENGINES;
use verilog::has_verilog_tool;

/// Where programs lie, in bytes.
const PROGRAM: u64 = 40 << 30;

fn config(name: &str) -> ArrayConfig {
    let mut config = match name {
        "small" => ArrayConfig::small(),
        _ => ArrayConfig::tiny(),
    };
    config.queue_depth = 64;
    if name == "narrow" {
        // Few channels, small buffers, as many lanes as a beat of FP32 has values.
        (config.dram_channels, config.axi_inflight_beats) = (2, 64);
        (config.wuve_lanes, config.ve_lanes) = (16, 16);
        config.sore_latency_cycles = ArrayConfig::sore_latency(16, 8);
    }
    config
}

/// What a job did, in its own cycles.
#[derive(Debug, Default, PartialEq)]
struct Done {
    /// Starts and ends of WU's and VE's instructions.
    starts: [Vec<u64>; 2],
    ends: [Vec<u64>; 2],
    requests: Vec<Request>,
    cycles: u64,
}

fn sorted(mut requests: Vec<Request>) -> Vec<Request> {
    requests.sort_by_key(|r| (r.cycle, r.direction as u8, r.address));
    requests
}

struct Recording {
    memory: AnyMemory,
    requests: Vec<Request>,
}

impl Memory for Recording {
    fn transfer(&mut self, request: Request) -> Transfer {
        self.requests.push(request);
        self.memory.transfer(request)
    }

    fn statistics(&self) -> &Statistics {
        self.memory.statistics()
    }
}

impl Observer for Done {
    fn retired(&mut self, retired: &Retired) {
        let at = usize::from(retired.engine == Engine::Vector);
        self.starts[at].push(retired.start_cycle);
        self.ends[at].push(retired.end_cycle);
    }
}

/// What the timing model says.
fn expected(config: &ArrayConfig, instructions: &[Instruction], memory: &MemoryModel) -> Done {
    let mut done = Done::default();
    let memory = memory.build(&Ports::from(config)).unwrap();
    let mut recording = Recording { memory, requests: Vec::new() };
    let program = Program::new(instructions.to_vec());
    done.cycles = time(config, &program, PROGRAM, &mut recording, &mut done).unwrap().cycles;
    done.requests = sorted(recording.requests);
    done
}

/// What happens to a job from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meddling {
    None,
    /// It is cancelled in a cycle.
    Cancel(u64),
    /// The card is reset, with its memory.
    Reset(u64),
    /// The lanes refuse this instruction of VE's.
    Refuse(usize),
    /// What this instruction of VE's reads makes no sense, so many cycles after its start.
    Wrong(usize, u64),
}

/// How a job ended.
#[derive(Debug, Default)]
struct Ended {
    done: Done,
    raised: u32,
    fault_index: u64,
    fault_address: u64,
    /// Which engines were at fault.
    faulty: [bool; 2],
}

struct Bench {
    config: ArrayConfig,
    model: Model,
    pins: HashMap<String, PortId>,
    card: Card,
    lanes: [Lanes; 2],
    now: u64,
}

impl Bench {
    fn new(name: &str) -> Self {
        let config = config(name);
        let design = system::design(&config);
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let build = Build { cache: Some(cache), ..Build::default() };
        let mut model = Model::of(&design, &build).unwrap();
        let pins: HashMap<String, PortId> = model
            .ports()
            .iter()
            .map(|port| port.name.clone())
            .map(|name| (name.clone(), model.port(&name).unwrap()))
            .collect();
        let card = Card::new(&model, &config, &"fixed".parse().unwrap());
        let lanes = [Lanes::new(&model, "update"), Lanes::new(&model, "vector")];
        model.set(pins["reset"], 1);
        model.tick(pins["clock"]);
        model.set(pins["reset"], 0);
        Self { config, model, pins, card, lanes, now: 1 }
    }

    fn set(&mut self, name: &str, value: u64) {
        self.model.set(self.pins[name], value);
    }

    fn get(&self, name: &str) -> u64 {
        self.model.get(self.pins[name])
    }

    /// Runs a program to whatever end.
    fn run(&mut self, made: &Made, memory: &MemoryModel, meddling: Meddling) -> Ended {
        self.card.restart(&self.config, memory);
        self.card.content.clear();
        let words: Vec<u32> = made
            .instructions
            .iter()
            .flat_map(|instruction| instruction.encode().unwrap().to_bytes())
            .collect::<Vec<u8>>()
            .chunks_exact(4)
            .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        for (at, words) in words.chunks(16).enumerate() {
            let mut beat = Beat::default();
            beat[..words.len()].copy_from_slice(words);
            self.card.content.insert(PROGRAM / 64 + at as u64, beat);
        }
        for (at, lanes) in self.lanes.iter_mut().enumerate() {
            lanes.forget();
            lanes.elements = 0;
            let own = made.works.iter().filter(|work| work.engine == ENGINES[at]);
            lanes.instructions.extend(own.map(|work| work.widths));
        }
        self.set("program_address", PROGRAM);
        self.set("length", made.instructions.len() as u64);
        self.set("start", 1);
        let mut ended = Ended::default();
        let mut started = 0;
        let mut wait = 0;
        loop {
            let job = self.card.origin.map_or(0, |origin| self.now - origin);
            self.set("cancel", (meddling == Meddling::Cancel(job) && job > 0).into());
            let refused = matches!(meddling, Meddling::Refuse(index) if index == started);
            self.set("vector_refuse", (refused && self.get("vector_has_next_own") == 1).into());
            let mut own = made.works.iter().filter(|work| work.engine == Engine::Vector);
            let next = own.nth(started);
            self.set("vector_next_reduces", next.is_some_and(|work| work.reduces).into());
            self.set("vector_next_by_rows", next.is_some_and(|work| work.by_rows).into());
            self.set("vector_next_tail_cycles", next.map_or(0, |work| work.tail_cycles));
            let wrong = match meddling {
                Meddling::Wrong(nth, cycles) if started == nth + 1 => {
                    let [starts, ends] = [&ended.done.starts[1], &ended.done.ends[1]];
                    ends.len() == nth && job >= starts[nth] + cycles
                }
                _ => false,
            };
            self.set("vector_wrong", wrong.into());
            if meddling == Meddling::Reset(job) && job > 0 {
                self.reset();
                return ended;
            }
            self.model.eval();
            self.card.speak(&mut self.model, self.now);
            self.model.eval();
            self.card.listen(&self.model, self.now);
            let job = self.card.origin.map_or(0, |origin| self.now - origin);
            for (at, name) in ["update", "vector"].into_iter().enumerate() {
                if self.get(&format!("{name}_start")) == 1 {
                    ended.done.starts[at].push(job);
                    started += at;
                }
                if self.get(&format!("{name}_end")) == 1 {
                    ended.done.ends[at].push(job + 1);
                }
                if self.get(&format!("{name}_fault")) == 1 {
                    ended.faulty[at] = true;
                    for asks in ["ar_valid", "aw_valid", "start", "end"] {
                        assert_eq!(self.get(&format!("{name}_{asks}")), 0, "{asks} after a fault");
                    }
                }
                self.lanes[at].step(&mut self.model);
            }
            let raised = self.get("raised") as u32;
            if raised != 0 {
                ended.raised = raised;
            }
            self.model.tick(self.pins["clock"]);
            self.now += 1;
            self.set("start", 0);
            self.model.eval();
            wait += 1;
            assert!(wait < 400_000, "a job does not end: {:?}", ended.done.starts);
            if ended.raised != 0 && self.get("busy") == 0 {
                break;
            }
        }
        ended.fault_index = self.get("fault_index");
        ended.fault_address = self.get("fault_address");
        ended.done.cycles = self.get("job_cycles");
        ended.done.requests = sorted(self.card.requests.clone());
        ended
    }

    fn reset(&mut self) {
        self.set("reset", 1);
        self.card.forget();
        for _ in 0..2 {
            self.card.speak(&mut self.model, self.now);
            self.model.tick(self.pins["clock"]);
            self.now += 1;
        }
        self.set("reset", 0);
    }

    /// Runs a program, and compares it with the timing model, and what it wrote.
    fn compare(&mut self, made: &Made, memory: &MemoryModel) -> Done {
        let expected = expected(&self.config, &made.instructions, memory);
        let ended = self.run(made, memory, Meddling::None);
        assert_eq!(ended.raised, status::DONE);
        let Done { starts, ends, requests, cycles } = ended.done;
        let say = || format!("{memory:?} {:#?}", made.instructions);
        if let Some((at, (rtl, model))) =
            requests.iter().zip(&expected.requests).enumerate().find(|(_, (a, b))| a != b)
        {
            panic!(
                "request {at}: {rtl:?} in RTL, {model:?} in the model\n{starts:?} {ends:?}\n{:?} {:?}\n{}",
                expected.starts,
                expected.ends,
                say()
            );
        }
        assert_eq!(requests.len(), expected.requests.len(), "{}", say());
        assert_eq!(starts, expected.starts, "{}", say());
        assert_eq!(ends, expected.ends, "{}", say());
        assert_eq!(cycles, expected.cycles);
        for (at, lanes) in self.lanes.iter().enumerate() {
            let own = made.works.iter().filter(|work| work.engine == ENGINES[at]);
            assert_eq!(lanes.elements, own.map(|work| work.elements).sum::<u64>());
        }
        for work in made.works.iter().filter(|work| work.is_whole) {
            let content = truth(work.widths, work.elements, work.reads, work.writes, untouched);
            for (address, beat) in content {
                assert_eq!(self.card.content.get(&address), Some(&beat), "{address:#x} {work:?}");
            }
        }
        Done { starts, ends, requests, cycles }
    }
}

const MEMORIES: [&str; 6] = [
    "fixed:latency=80,bandwidth=64",
    "fixed:latency=12,bandwidth=64",
    "fixed:latency=37,bandwidth=24",
    "pressure:seed=",
    "pressure:latency=20,bandwidth=40,jitter=60,stall=30,seed=",
    "ddr4",
];

fn memory(seed: u64) -> MemoryModel {
    let text = MEMORIES[seed as usize % MEMORIES.len()];
    let seed = if text.ends_with('=') { seed.to_string() } else { String::new() };
    format!("{text}{seed}").parse().unwrap()
}

fn random_programs(name: &str, count: u64, most_beats: u64) {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut bench = Bench::new(name);
    let lanes = [bench.config.wuve_lanes, bench.config.ve_lanes];
    let (mut cycles, mut requests, mut instructions) = (0, 0, 0);
    for seed in 0..count {
        let sizes = Sizes { instructions: 8, most_beats };
        let made = program(&mut Random(seed), sizes, lanes);
        let done = bench.compare(&made, &memory(seed));
        cycles += done.cycles;
        requests += done.requests.len();
        instructions += made.works.len();
    }
    println!(
        "{name}: {count} programs, {instructions} instructions, {requests} requests, {cycles} cycles"
    );
}

#[test]
fn programs_of_the_tiny_array_take_the_cycles_of_the_timing_model() {
    random_programs("tiny", 240, 400);
}

#[test]
fn programs_of_the_small_array_take_the_cycles_of_the_timing_model() {
    random_programs("small", 60, 600);
}

#[test]
fn small_buffers_and_two_channels_take_the_cycles_of_the_timing_model() {
    random_programs("narrow", 120, 700);
}

/// Whatever ends a program before its end, the next one is as new.
#[test]
fn programs_end_early_and_the_next_is_as_new() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut bench = Bench::new("tiny");
    let lanes = [bench.config.wuve_lanes, bench.config.ve_lanes];
    let sizes = Sizes { instructions: 6, most_beats: 300 };
    let mut counts = [0; 6];
    for seed in 0..120 {
        let mut random = Random(1000 + seed);
        let made = program(&mut random, sizes, lanes);
        let memory = memory(seed);
        let cycles = expected(&bench.config, &made.instructions, &memory).cycles;
        match seed % 6 {
            kind @ (0 | 1) => {
                // A beat of an instruction is an error, read or written.
                let side = kind as usize;
                let works: Vec<_> =
                    made.works.iter().filter(|work| work.beats[side] != [0; 3]).collect();
                if works.is_empty() {
                    continue;
                }
                let work = works[random.below(works.len() as u64) as usize];
                let k = (0..3).find(|&k| work.beats[side][k] > 0).unwrap();
                let at = [work.reads, work.writes][side][k] + random.below(work.beats[side][k]);
                bench.card.bad = [at].into();
                let ended = bench.run(&made, &memory, Meddling::None);
                bench.card.bad.clear();
                assert_eq!(ended.raised, status::DONE | status::AXI_ERROR, "{work:?}");
                assert_eq!(ended.fault_address / 4096, at / 64, "{work:?}");
                // Another may have read the same beat before.
                let index = ended.fault_index as usize;
                let guilty = made.works.iter().find(|work| work.index == index).unwrap();
                assert!((0..3).any(|k| {
                    let begin = [guilty.reads, guilty.writes][side][k];
                    (begin..begin + guilty.beats[side][k]).contains(&at)
                }));
                assert!(ended.faulty[usize::from(guilty.engine == Engine::Vector)]);
                counts[side] += 1;
            }
            2 => {
                let at = 1 + random.below(cycles);
                let ended = bench.run(&made, &memory, Meddling::Cancel(at));
                assert!(
                    ended.raised == status::DONE | status::CANCELLED
                        || ended.raised == status::DONE
                );
                for at in 0..2 {
                    assert_eq!(ended.done.starts[at].len(), ended.done.ends[at].len());
                }
                counts[2] += usize::from(ended.raised != status::DONE);
            }
            3 => {
                let at = 1 + random.below(cycles);
                bench.run(&made, &memory, Meddling::Reset(at));
                counts[3] += 1;
            }
            kind => {
                let own: Vec<_> =
                    made.works.iter().filter(|work| work.engine == Engine::Vector).collect();
                if own.is_empty() {
                    continue;
                }
                let nth = random.below(own.len() as u64) as usize;
                let refuses = kind == 4;
                let meddling = if refuses {
                    Meddling::Refuse(nth)
                } else {
                    Meddling::Wrong(nth, 1 + random.below(20))
                };
                let ended = bench.run(&made, &memory, meddling);
                assert_eq!(ended.raised, status::DONE | status::ILLEGAL_INSTRUCTION);
                assert_eq!(ended.fault_index as usize, own[nth].index);
                let starts = if refuses { nth } else { nth + 1 };
                assert_eq!((ended.done.starts[1].len(), ended.done.ends[1].len()), (starts, nth));
                counts[kind as usize] += 1;
            }
        }
        let next = program(&mut random, sizes, lanes);
        bench.compare(&next, &memory);
    }
    println!("errors read and written, cancels, resets, refusals, nonsense: {counts:?}");
    assert!(counts.iter().all(|&count| count >= 10), "{counts:?}");
}
