//! The sequencer, cycle by cycle against the model: random programs and memories, engines that take their time, and everything that
//! ends a program before its end.

use super::model::{Inputs, Job, Model, Says, State};
use super::program::{Programs, flip, pieces};
use crate::support::Random;
use crate::trace::{Cycle, Replay};
use crate::verilog::has_verilog_tool;
use satkit_hdl::front::{self, Engines, name_of};
use satkit_spec::isa::{Engine, Instruction, MAX_INSTRUCTIONS, Semaphore, Word};
use satkit_spec::regs::status;
use satkit_spec::{ArrayConfig, memory_map};
use std::collections::VecDeque;

const COUNT: usize = 200_000;
const PORTS: usize = 4;
/// Small, so that queues are often full.
const DEPTH: usize = 4;

/// What an engine is told, by its ports.
const TOLD: [&str; 3] = ["valid", "word", "go"];

fn inputs() -> Vec<String> {
    let plain = [
        "reset",
        "start",
        "cancel",
        "resetting",
        "program_address",
        "length",
        "watchdog_cycles",
        "ar_ready",
        "r_valid",
        "r_data",
        "r_error",
        "dma_idle",
    ];
    let mut names: Vec<String> = plain.map(String::from).into();
    for engine in Engine::ALL {
        let mut says = vec!["ready", "start", "end", "fault", "fault_axi", "fault_address"];
        match engine {
            Engine::Mm => says.extend(["first_out", "read"]),
            Engine::Store => says.push("released"),
            Engine::Update => says.push("not_finite"),
            _ => {}
        }
        names.extend(says.iter().map(|signal| format!("{}_{signal}", name_of(engine))));
    }
    names
}

fn outputs() -> Vec<String> {
    let plain = [
        "busy",
        "reset_done",
        "raised",
        "fault_index",
        "fault_address",
        "retired",
        "job_cycles",
        "ar_valid",
        "ar_address",
        "ar_beats",
        "stop",
        "flush",
    ];
    let mut names: Vec<String> = plain.map(String::from).into();
    for engine in Engine::ALL {
        names.extend(TOLD.map(|signal| format!("{}_{signal}", name_of(engine))));
    }
    names
}

/// A chance in so many.
#[derive(Clone, Copy, Default)]
struct Pace(u64);

impl Pace {
    fn random(random: &mut Random) -> Self {
        Self([1, 1, 2, 8][random.below(4) as usize])
    }

    fn comes(self, random: &mut Random) -> bool {
        random.below(self.0.max(1)) == 0
    }
}

/// Everybody around the sequencer.
struct World {
    random: Random,
    model: Model,
    /// Beats that are on their way, by port.
    memory: [VecDeque<usize>; PORTS],
    /// MMs that owe a first output.
    owed: usize,
    /// Engines that are at fault and end nothing more.
    dead: [bool; 6],
    resetting: bool,
    paces: [Pace; 5],
    /// Cycles between wishes to cancel or reset.
    patience: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            model: Model::new(&Engine::ALL, DEPTH),
            memory: Default::default(),
            owed: 0,
            dead: [false; 6],
            resetting: false,
            paces: Default::default(),
            patience: 1,
        }
    }

    /// A program, most often one that runs to its end.
    fn job(&mut self) -> Job {
        let random = &mut self.random;
        let length = match random.below(8) {
            0 => random.below(3),
            1..=4 => random.below(40),
            _ => random.below(500),
        } as usize;
        let mut programs =
            if random.below(10) == 0 { Programs::careless() } else { Programs::new() };
        let mut words: Vec<Word> = (0..length).map(|_| programs.next(random)).collect();
        if length > 0 && random.below(6) == 0 {
            flip(&mut words[random.below(length as u64) as usize], random.below(256));
        }
        let mut bad_beats = Vec::new();
        if length > 0 && random.below(8) == 0 {
            bad_beats.push(random.below(length as u64) as usize / 2);
        }
        let mut address = random.below(memory_map::BYTES / 64 - 1000) * 64;
        if random.below(3) == 0 {
            address = address / 4096 * 4096 + (4096 - 64 * (1 + random.below(4)));
        }
        let mut reported = length as u32;
        match random.below(60) {
            0 => address += 1 + random.below(63),
            1 => reported = MAX_INSTRUCTIONS as u32 + 1 + random.below(1 << 31) as u32,
            2 => address = memory_map::BYTES + random.below(1 << 20) * 64,
            3 => address = (random.next() / 64 * 64) | (1 << 60),
            // The last beats of memory, and one too few of them half of the time.
            4 | 5 => {
                let beats = (length as u64).div_ceil(2).saturating_sub(random.below(2));
                address = memory_map::BYTES - 64 * beats;
            }
            _ => {}
        }
        let watchdog_cycles = match random.below(4) {
            0 => 20 + random.below(100),
            1 => 500,
            _ => 0,
        } as u32;
        self.paces = [(); 5].map(|()| Pace::random(random));
        self.patience = if random.below(4) == 0 { 100 } else { 2000 };
        Job { address, length: reported, watchdog_cycles, words, bad_beats }
    }

    /// What an engine says; in a cycle of faults it may be at fault, and others with it.
    fn engine(&mut self, engine: Engine, of_faults: bool) -> Says {
        let lane = &self.model.lanes[engine as usize];
        let random = &mut self.random;
        let [ready, start, end, ..] = self.paces;
        let has_early = matches!(engine, Engine::Mm | Engine::Store);
        let mut says = Says {
            ready: lane.pending.is_none() && ready.comes(random),
            start: self.model.goes(engine) && lane.running < DEPTH - 1 && start.comes(random),
            ..Says::default()
        };
        if self.dead[engine as usize] {
            says.start = false;
            return says;
        }
        says.early = has_early && lane.late < lane.running && end.comes(random);
        let was_early = !has_early || lane.late + usize::from(says.early) > 0;
        says.end = lane.running > 0 && was_early && end.comes(random);
        if engine == Engine::Mm {
            says.first_out = self.owed > 0 && end.comes(random);
        }
        says.not_finite = engine == Engine::Update && random.below(500) == 0;
        let may_fault = lane.open.len() > usize::from(says.end) && !says.end;
        if may_fault && of_faults && random.below(2) == 0 {
            let address = random.below(1 << 38);
            says.fault = Some((random.below(2) == 0).then_some(address));
            self.dead[engine as usize] = random.below(2) == 0;
        }
        says
    }

    fn inputs(&mut self) -> Inputs {
        let mut inputs = Inputs::default();
        let idle = self.model.state == State::Idle;
        if idle && !self.resetting {
            let job = self.job();
            self.model.job = job;
        }
        let random = &mut self.random;
        inputs.reset = random.below(20_000) == 0;
        inputs.start = random.below(4) == 0;
        inputs.cancel = random.below(self.patience) == 0;
        if random.below(3 * self.patience) == 0 {
            self.resetting = true;
        }
        inputs.resetting = self.resetting;
        let [.., asks, arrives] = self.paces;
        inputs.ar_ready = asks.comes(random);
        for (beat, waiting) in inputs.beats.iter_mut().zip(&mut self.memory) {
            if arrives.comes(random) {
                *beat = waiting.pop_front();
            }
        }
        let silent =
            self.memory.iter().all(VecDeque::is_empty) && inputs.beats.iter().all(Option::is_none);
        inputs.dma_idle = silent && random.below(4) != 0;
        let of_faults = self.random.below(2000) == 0;
        for engine in Engine::ALL {
            inputs.engines[engine as usize] = self.engine(engine, of_faults);
        }
        inputs
    }

    /// What is due in this cycle.
    fn due(&self, inputs: &Inputs, cycle: &mut Cycle) {
        let model = &self.model;
        let asks = model.asks();
        let (first, beats) = asks.unwrap_or_default();
        let known = |is: bool, bits: u32| if is { u64::MAX >> (64 - bits) } else { 0 };
        let address = model.job.address / 64 + first as u64;
        cycle
            .expect(1, (model.state != State::Idle).into())
            .expect(1, (model.state == State::Idle && inputs.resetting).into())
            .expect(32, model.sets(inputs).into())
            .expect(32, model.fault_index.into())
            .expect(64, model.fault_address)
            .expect(32, model.retired().into())
            .expect(64, model.job_cycles)
            .expect(1, asks.is_some().into())
            .expect_bits(30, address % (1 << 30), known(asks.is_some(), 30))
            .expect_bits(7, beats as u64, known(asks.is_some(), 7))
            .expect(1, model.stop().into())
            .expect(1, model.flush(inputs).into());
        for engine in Engine::ALL {
            let first = model.lanes[engine as usize].queue.front();
            cycle.expect(1, first.is_some().into());
            match first {
                Some(&index) => cycle.expect_words(&pieces(&model.job.words[index])),
                None => cycle.unsaid_words(8),
            };
            cycle.expect(1, model.goes(engine).into());
        }
    }

    fn given(&self, inputs: &Inputs, cycle: &mut Cycle) {
        let job = &self.model.job;
        cycle
            .give(1, inputs.reset.into())
            .give(1, inputs.start.into())
            .give(1, inputs.cancel.into())
            .give(1, inputs.resetting.into())
            .give(64, job.address)
            .give(32, job.length.into())
            .give(32, job.watchdog_cycles.into())
            .give(1, inputs.ar_ready.into());
        let bits = |is: &dyn Fn(usize) -> bool| (0..PORTS).map(|p| u64::from(is(p)) << p).sum();
        cycle.give(PORTS, bits(&|p| inputs.beats[p].is_some()));
        for beat in inputs.beats {
            for half in 0..2 {
                let word = beat.and_then(|beat| job.words.get(2 * beat + half));
                // What lies behind the program, and on the bus when there is no beat, is anything.
                cycle.give_words(&pieces(&word.copied().unwrap_or(Word([0x5a5a_1111; 4]))));
            }
        }
        let bad = |p: usize| inputs.beats[p].is_some_and(|beat| job.bad_beats.contains(&beat));
        cycle.give(PORTS, bits(&bad)).give(1, inputs.dma_idle.into());
        for engine in Engine::ALL {
            let says = &inputs.engines[engine as usize];
            let address = says.fault.flatten();
            cycle
                .give(1, says.ready.into())
                .give(1, says.start.into())
                .give(1, says.end.into())
                .give(1, says.fault.is_some().into())
                .give(1, address.is_some().into())
                .give(38, address.unwrap_or(0x1234));
            match engine {
                Engine::Mm => {
                    cycle.give(1, says.first_out.into()).give(1, says.early.into());
                }
                Engine::Store => {
                    cycle.give(1, says.early.into());
                }
                Engine::Update => {
                    cycle.give(1, says.not_finite.into());
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Cycle {
        let inputs = self.inputs();
        let mut cycle = Cycle::default();
        self.given(&inputs, &mut cycle);
        self.due(&inputs, &mut cycle);
        let mm = Engine::Mm as usize;
        if inputs.engines[mm].start {
            let index = self.model.lanes[mm].pending.unwrap();
            let post = Instruction::decode(&self.model.job.words[index]).unwrap().post;
            self.owed += usize::from(post.contains(Semaphore::DrainFull));
        }
        self.owed -= usize::from(inputs.engines[mm].first_out);
        if let Some((first, beats)) = self.model.asks().filter(|_| inputs.ar_ready) {
            let page = (self.model.job.address / 64 + first as u64) / 64;
            self.memory[page as usize % PORTS].extend(first..first + beats);
        }
        if self.model.state == State::Idle {
            self.resetting = false;
        }
        if self.model.flush(&inputs) {
            (self.owed, self.dead) = (0, [false; 6]);
        }
        if inputs.reset {
            self.resetting = false;
            self.memory = Default::default();
        }
        self.model.step(&inputs);
        cycle
    }
}

fn cycles(seed: u64) -> impl Iterator<Item = Cycle> + Send {
    let mut world = World::new(seed);
    std::iter::repeat_with(move || world.next())
}

#[test]
fn the_sequencer_is_the_models_in_every_cycle() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut config = ArrayConfig::tiny();
    config.queue_depth = DEPTH;
    let design = front::sequencer(&config, &Engines::of(&Engine::ALL)).unwrap();
    let (inputs, outputs) = (inputs(), outputs());
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let replay = Replay::of(&design, &inputs, &outputs);
    replay.check(|| cycles(11), COUNT);
}

/// Programs end in every way there is, and many run to their end.
#[test]
fn the_programs_end_in_every_way() {
    let mut world = World::new(11);
    (0..COUNT).for_each(|_| drop(world.next()));
    let ended = &world.model.ended;
    for (bits, least) in [
        (status::DONE, 100),
        (status::DONE | status::NOT_FINITE, 5),
        (status::DONE | status::ILLEGAL_INSTRUCTION, 20),
        (status::DONE | status::AXI_ERROR, 20),
        (status::DONE | status::WATCHDOG, 20),
        (status::DONE | status::CANCELLED, 20),
        (0, 5),
    ] {
        let count = ended.get(&bits).copied().unwrap_or(0);
        assert!(count >= least, "{bits:#x}: {count} of {ended:x?}");
    }
}
