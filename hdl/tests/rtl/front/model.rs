//! The sequencer in plain Rust, written from the timing rules: what is due in each cycle, and what follows from what it is told.

use super::program::meaning;
use satkit_spec::isa::{
    Engine, Instruction, MAX_INSTRUCTIONS, MAX_WALKS, Operation, Semaphore, SemaphoreSet, Word,
};
use satkit_spec::regs::status;
use satkit_spec::{FETCH_BUFFER_BEATS, FETCH_BURST_BEATS, memory_map};
use std::collections::VecDeque;

/// A program in card memory.
#[derive(Clone, Default)]
pub(super) struct Job {
    pub(super) address: u64,
    pub(super) length: u32,
    pub(super) watchdog_cycles: u32,
    pub(super) words: Vec<Word>,
    /// Beats that come with an error, from the program's first.
    pub(super) bad_beats: Vec<usize>,
}

/// What one engine says in a cycle.
#[derive(Clone, Copy, Default)]
pub(super) struct Says {
    pub(super) ready: bool,
    pub(super) start: bool,
    pub(super) end: bool,
    /// The early event of MM and ST.
    pub(super) early: bool,
    pub(super) first_out: bool,
    pub(super) not_finite: bool,
    /// A fault, and the address if it is of AXI.
    pub(super) fault: Option<Option<u64>>,
}

/// What everybody says in a cycle.
#[derive(Clone, Default)]
pub(super) struct Inputs {
    pub(super) reset: bool,
    pub(super) start: bool,
    pub(super) cancel: bool,
    pub(super) resetting: bool,
    pub(super) ar_ready: bool,
    /// Of each port, the beat that arrives, from the program's first.
    pub(super) beats: [Option<usize>; 4],
    pub(super) dma_idle: bool,
    pub(super) engines: [Says; 6],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    Check,
    Run,
    Drain,
    Book,
}

/// A burst that has been asked for.
struct Burst {
    beats: usize,
    arrived: usize,
    /// Its last instruction.
    last: usize,
}

/// What the sequencer knows of an engine.
#[derive(Default)]
pub(super) struct Lane {
    /// Places that dispatch has taken.
    used: usize,
    /// Instructions that can be taken.
    pub(super) queue: VecDeque<usize>,
    /// Taken and not started.
    pub(super) pending: Option<usize>,
    /// Arrived and not ended, the engine's own.
    pub(super) open: VecDeque<usize>,
    /// How many of them have started, and how many have had their early event.
    pub(super) running: usize,
    pub(super) late: usize,
}

/// How a program ends.
#[derive(Clone, Copy, Default)]
struct Why {
    bits: u32,
    index: u32,
    address: Option<u64>,
    cycles: u64,
    is_fault: bool,
}

pub(super) struct Model {
    pub(super) engines: Vec<Engine>,
    pub(super) depth: usize,
    pub(super) job: Job,
    pub(super) state: State,
    bursts: VecDeque<Burst>,
    asked: usize,
    held: usize,
    next: usize,
    checks: Option<usize>,
    pub(super) lanes: [Lane; 6],
    tokens: Vec<u32>,
    cycle: u64,
    since: u64,
    last_end: u64,
    retired: u32,
    why: Why,
    lost: [bool; 6],
    unseen: bool,
    not_finite: bool,
    pub(super) fault_index: u32,
    pub(super) fault_address: u64,
    pub(super) job_cycles: u64,
    /// How often a program ended with these bits.
    pub(super) ended: std::collections::BTreeMap<u32, usize>,
}

fn tokens() -> Vec<u32> {
    Semaphore::ALL.iter().map(|semaphore| semaphore.initial()).collect()
}

impl Model {
    pub(super) fn new(engines: &[Engine], depth: usize) -> Self {
        Self {
            engines: engines.to_vec(),
            depth,
            job: Job::default(),
            state: State::Idle,
            bursts: VecDeque::new(),
            asked: 0,
            held: 0,
            next: 0,
            checks: None,
            lanes: Default::default(),
            tokens: tokens(),
            cycle: 0,
            since: 0,
            last_end: 0,
            retired: 0,
            why: Why::default(),
            lost: [false; 6],
            unseen: false,
            not_finite: false,
            fault_index: 0,
            fault_address: 0,
            job_cycles: 0,
            ended: Default::default(),
        }
    }

    fn instruction(&self, index: usize) -> Option<Instruction> {
        meaning(&self.job.words[index], &self.engines)
    }

    /// A WALK after as many as an MM may have.
    fn is_one_walk_too_many(&self, index: usize) -> bool {
        let of = |index: usize| self.instruction(index).map(|instruction| instruction.operation);
        let is_walk = |index: usize| matches!(of(index), Some(Operation::Walk(_)));
        let since_mm =
            (0..index).rev().take_while(|&i| !matches!(of(i), Some(Operation::MatMul(_))));
        is_walk(index) && since_mm.filter(|&i| is_walk(i)).count() >= MAX_WALKS
    }

    fn first_beat(&self) -> usize {
        (self.job.address / 64) as usize
    }

    fn beats(&self) -> usize {
        (self.job.length as usize).div_ceil(2)
    }

    /// The burst that is asked for: its first beat from the program's, and its beats.
    pub(super) fn asks(&self) -> Option<(usize, usize)> {
        if self.state != State::Run || self.asked == self.beats() {
            return None;
        }
        let to_boundary = FETCH_BURST_BEATS - (self.first_beat() + self.asked) % FETCH_BURST_BEATS;
        let beats = to_boundary.min(self.beats() - self.asked);
        (self.held + beats <= FETCH_BUFFER_BEATS).then_some((self.asked, beats))
    }

    /// Queues that an opcode names; a word that is no instruction otherwise still finds its way.
    fn queues(&self, index: usize) -> Vec<Engine> {
        let plain = Word([self.job.words[index].0[0] & 0xff, 0, 0, 0]);
        let Some(instruction) = meaning(&plain, &self.engines) else { return Vec::new() };
        let queues = instruction.operation.queues().iter();
        queues.copied().filter(|engine| self.engines.contains(engine)).collect()
    }

    /// The burst of the next instruction is complete, and every queue that it goes to has room.
    fn dispatches(&self) -> bool {
        let complete = self.bursts.front().is_some_and(|burst| burst.arrived == burst.beats);
        let has_room = |engine: Engine| self.lanes[engine as usize].used < self.depth;
        self.state == State::Run
            && self.next < self.job.length as usize
            && complete
            && self.queues(self.next).into_iter().all(has_room)
    }

    /// The instruction that the engine has taken has all its tokens.
    pub(super) fn goes(&self, engine: Engine) -> bool {
        let Some(index) = self.lanes[engine as usize].pending else { return false };
        let wait = self.instruction(index).unwrap().wait;
        self.state == State::Run && wait.iter().all(|s| self.tokens[s as usize] > 0)
    }

    pub(super) fn stop(&self) -> bool {
        self.state != State::Run
    }

    pub(super) fn flush(&self, inputs: &Inputs) -> bool {
        inputs.reset || matches!(self.state, State::Idle | State::Check | State::Book)
    }

    pub(super) fn retired(&self) -> u32 {
        self.retired
    }

    /// Bits of STATUS that are set in this cycle.
    pub(super) fn sets(&self, inputs: &Inputs) -> u32 {
        if self.state != State::Book || self.unseen || inputs.resetting {
            return 0;
        }
        let not_finite = self.not_finite && !self.why.is_fault;
        status::DONE | self.why.bits | if not_finite { status::NOT_FINITE } else { 0 }
    }

    fn oldest(&self) -> usize {
        let fronts = self.lanes.iter().filter_map(|lane| lane.open.front().copied());
        fronts.chain([self.checks.unwrap_or(self.next)]).min().unwrap()
    }

    /// Why the program cannot be fetched.
    fn refusal(&self) -> Option<Why> {
        let Job { address, length, .. } = self.job;
        let why =
            |bits, index, address| Some(Why { bits, index, address, cycles: 0, is_fault: true });
        if address % 64 != 0 {
            return why(status::AXI_ERROR, 0, Some(address));
        }
        if length as usize > MAX_INSTRUCTIONS {
            return why(status::ILLEGAL_INSTRUCTION, MAX_INSTRUCTIONS as u32, None);
        }
        let end = u128::from(address) + 32 * u128::from(length);
        if end > u128::from(memory_map::BYTES) {
            let outside = address.max(memory_map::BYTES);
            return why(status::AXI_ERROR, ((outside - address) / 32) as u32, Some(outside));
        }
        None
    }

    /// The cycle is over.
    pub(super) fn step(&mut self, inputs: &Inputs) {
        let (flush, wanted) = (self.flush(inputs), inputs.cancel || inputs.resetting);
        let state = self.state;
        let in_run = state == State::Run;
        // What happens in this cycle follows from what was before it.
        let (goes, asks, arrives) = (self.dispatches(), self.asks(), self.arrives());
        let faults = self.faults(inputs);
        let complete = in_run
            && self.next == self.job.length as usize
            && self.checks.is_none()
            && self.lanes.iter().all(|lane| lane.open.is_empty());
        let barks = in_run
            && self.job.watchdog_cycles != 0
            && self.since == u64::from(self.job.watchdog_cycles);
        let stops = !complete && (wanted || faults.is_some());
        if inputs.engines.iter().any(|says| says.not_finite) {
            self.not_finite = true;
        }
        if inputs.resetting {
            self.unseen = true;
        }
        match state {
            State::Idle => {
                self.why = Why::default();
                (self.unseen, self.not_finite, self.lost) = (false, false, [false; 6]);
                if inputs.start && !inputs.resetting {
                    self.state = State::Check;
                }
            }
            State::Check => {
                let refusal = self.refusal();
                let cancelled = Why { bits: status::CANCELLED, is_fault: true, ..Why::default() };
                self.why = if wanted { cancelled } else { refusal.unwrap_or_default() };
                self.state = if self.why.is_fault { State::Drain } else { State::Run };
            }
            State::Run => {
                self.why.cycles = self.last_end;
                if complete {
                    self.state = State::Drain;
                } else if wanted || barks || faults.is_some() {
                    let oldest = self.oldest() as u32;
                    let (last_end, cycle) = (self.last_end, self.cycle);
                    let why = |bits, cycles| Why {
                        bits,
                        index: oldest,
                        address: None,
                        cycles,
                        is_fault: true,
                    };
                    self.why = if let Some(fault) = faults {
                        Why { cycles: last_end, ..fault }
                    } else if barks {
                        why(status::WATCHDOG, cycle)
                    } else {
                        why(status::CANCELLED, last_end)
                    };
                    self.lost = inputs.engines.map(|says| says.fault.is_some());
                    self.state = State::Drain;
                }
            }
            State::Drain => {
                let waits = (0..6).any(|e| self.lanes[e].running > 0 && !self.lost[e]);
                if inputs.dma_idle && !waits {
                    self.state = State::Book;
                }
                for e in 0..6 {
                    self.lost[e] |= inputs.engines[e].fault.is_some();
                }
            }
            State::Book => {
                self.job_cycles = self.why.cycles;
                *self.ended.entry(self.sets(inputs)).or_default() += 1;
                self.fault_address = self.why.address.unwrap_or(self.fault_address);
                if !self.unseen && self.why.is_fault {
                    self.fault_index = self.why.index;
                }
                self.state = State::Idle;
            }
        }
        let kept = arrives.is_some_and(|(_, instruction)| instruction.operation.engine().is_none());
        self.progress(inputs, kept, in_run, in_run && !stops && !barks);
        self.post_and_take(inputs);
        self.take(inputs);
        self.arrive(arrives);
        self.dispatch(goes);
        self.fetch(inputs, asks);
        if flush {
            self.lanes = Default::default();
            self.tokens = tokens();
        }
        if state == State::Check {
            self.load();
        }
        if inputs.reset {
            self.load();
            (self.state, self.fault_index, self.fault_address, self.job_cycles) =
                (State::Idle, 0, 0, 0);
        }
    }

    fn load(&mut self) {
        self.bursts.clear();
        (self.asked, self.held, self.next) = (0, 0, 0);
        (self.cycle, self.since, self.last_end, self.retired) = (0, 0, 0, 0);
    }

    /// The fault of a cycle: the first engine's, else that of the instruction that is checked.
    fn faults(&self, inputs: &Inputs) -> Option<Why> {
        let why = |address: Option<u64>, index: usize| {
            let bits =
                if address.is_some() { status::AXI_ERROR } else { status::ILLEGAL_INSTRUCTION };
            Why { bits, index: index as u32, address, cycles: 0, is_fault: true }
        };
        for (says, lane) in inputs.engines.iter().zip(&self.lanes) {
            if let Some(address) = says.fault {
                return Some(why(address, lane.open[0]));
            }
        }
        let index = self.checks.filter(|_| self.state == State::Run)?;
        if self.job.bad_beats.contains(&(index / 2)) {
            return Some(why(Some(self.job.address + (index as u64 / 2) * 64), index));
        }
        let is_legal = self.instruction(index).is_some() && !self.is_one_walk_too_many(index);
        (!is_legal).then(|| why(None, index))
    }

    /// The instruction that is checked in this cycle, if it arrives in its queues.
    fn arrives(&self) -> Option<(usize, Instruction)> {
        let index = self.checks.filter(|_| self.state == State::Run)?;
        if self.job.bad_beats.contains(&(index / 2)) {
            return None;
        }
        Some((index, self.instruction(index)?)).filter(|_| !self.is_one_walk_too_many(index))
    }

    fn progress(&mut self, inputs: &Inputs, kept: bool, runs: bool, counts: bool) {
        let ends = inputs.engines.iter().filter(|says| says.end).count() as u32;
        if counts {
            self.retired += ends + u32::from(kept);
            self.since += 1;
            if ends > 0 {
                (self.last_end, self.since) = (self.cycle + 1, 0);
            }
        }
        if runs {
            self.cycle += 1;
        }
    }

    fn post_and_take(&mut self, inputs: &Inputs) {
        let mut posts = SemaphoreSet::EMPTY;
        let early = [Semaphore::ActivationsFree, Semaphore::WeightsFree, Semaphore::DrainFree];
        for (e, says) in inputs.engines.iter().enumerate() {
            let lane = &mut self.lanes[e];
            let start = says.start.then(|| lane.pending.take().unwrap());
            lane.running += usize::from(says.start);
            let late = says.early.then(|| lane.open[lane.late]);
            lane.late += usize::from(says.early);
            let ended = says.end.then(|| lane.open.pop_front().unwrap());
            if says.end {
                lane.running -= 1;
                lane.late = lane.late.saturating_sub(1);
            }
            let of = |index: usize| meaning(&self.job.words[index], &self.engines).unwrap();
            if let Some(index) = start {
                of(index).wait.iter().for_each(|s| self.tokens[s as usize] -= 1);
            }
            if let Some(index) = ended {
                let own = of(index).post;
                let at_end = |s: &Semaphore| !early.contains(s) && *s != Semaphore::DrainFull;
                posts = own.iter().filter(at_end).fold(posts, SemaphoreSet::with);
            }
            if let Some(index) = late {
                let own = of(index).post;
                posts = own.iter().filter(|s| early.contains(s)).fold(posts, SemaphoreSet::with);
            }
            if says.first_out {
                posts = posts.with(Semaphore::DrainFull);
            }
        }
        posts.iter().for_each(|s| self.tokens[s as usize] += 1);
    }

    fn take(&mut self, inputs: &Inputs) {
        for (e, says) in inputs.engines.iter().enumerate() {
            if says.ready
                && let Some(index) = self.lanes[e].queue.pop_front()
            {
                self.lanes[e].used -= 1;
                if self.instruction(index).unwrap().operation.engine().is_some() {
                    self.lanes[e].pending = Some(index);
                }
            }
        }
    }

    fn arrive(&mut self, arrives: Option<(usize, Instruction)>) {
        let Some((index, instruction)) = arrives else { return };
        for engine in self.queues(index) {
            self.lanes[engine as usize].queue.push_back(index);
        }
        if let Some(engine) = instruction.operation.engine() {
            self.lanes[engine as usize].open.push_back(index);
        }
    }

    fn dispatch(&mut self, goes: bool) {
        self.checks = goes.then_some(self.next);
        if !goes {
            return;
        }
        for engine in self.queues(self.next) {
            self.lanes[engine as usize].used += 1;
        }
        if self.bursts[0].last == self.next {
            self.held -= self.bursts[0].beats;
            self.bursts.pop_front();
        }
        self.next += 1;
    }

    fn fetch(&mut self, inputs: &Inputs, asks: Option<(usize, usize)>) {
        for beat in inputs.beats.into_iter().flatten() {
            let burst = self.bursts.iter_mut().find(|burst| burst.last / 2 >= beat);
            burst.unwrap().arrived += 1;
        }
        if let Some((first, beats)) = asks.filter(|_| inputs.ar_ready) {
            let last = (2 * (first + beats) - 1).min(self.job.length as usize - 1);
            self.bursts.push_back(Burst { beats, arrived: 0, last });
            self.asked += beats;
            self.held += beats;
        }
    }
}
