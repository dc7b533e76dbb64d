//! The engines in time: in-order queues, ordered by semaphores.

use crate::cost;
use crate::{PlanError, Program};
use satkit_spec::isa::{Engine, Instruction, Operation, Semaphore};
use satkit_spec::{ArrayConfig, Dataflow};
use std::collections::VecDeque;

/// When an instruction ran: `start_cycle` is its first cycle, `end_cycle` the first after its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// First cycle.
    pub start_cycle: u64,
    /// First cycle after the last.
    pub end_cycle: u64,
}

/// What timing a program gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Cycles from the program's start to the end of its last instruction.
    pub cycles: u64,
    /// Cycles each engine was taken, in the order of `Engine::ALL`.
    pub busy_cycles: [u64; Engine::ALL.len()],
    /// Useful multiply-accumulates of all MMs.
    pub useful_macs: u64,
    /// Bytes read from DRAM.
    pub dram_read_bytes: u64,
    /// Bytes written to DRAM.
    pub dram_write_bytes: u64,
    /// One span per instruction.
    pub spans: Vec<Span>,
}

impl Timing {
    /// Useful MACs per USPE and cycle, 0 to 1.
    #[must_use]
    pub fn utilization(&self, config: &ArrayConfig) -> f64 {
        if self.cycles == 0 {
            return 0.0;
        }
        self.useful_macs as f64 / (config.peak_macs_per_cycle() as f64 * self.cycles as f64)
    }

    /// Busy cycles of one engine.
    #[must_use]
    pub fn busy(&self, engine: Engine) -> u64 {
        self.busy_cycles[engine as usize]
    }
}

/// Cycles of one instruction, from its start.
struct Occupancy {
    /// Until its engine can start the next.
    engine: u64,
    /// Until its work is done and its semaphores are posted.
    done: u64,
    /// Until its drain semaphores are posted.
    drained: u64,
}

/// A counting semaphore as the times at which its tokens appear.
#[derive(Default)]
struct Tokens {
    available: VecDeque<u64>,
    poster: Option<Engine>,
    taker: Option<Engine>,
}

struct Queue<'p> {
    engine: Engine,
    entries: VecDeque<(usize, &'p Instruction, Dataflow)>,
    free_cycle: u64,
}

/// The drain path of the array: when the last drained tile's last round began, and for how long it takes the path.
#[derive(Default)]
struct DrainPath {
    free_cycle: u64,
}

/// Times a program on a machine. The result depends on the two and nothing else.
///
/// # Errors
/// [`PlanError::Deadlock`] naming the first instruction that never starts, [`PlanError::SharedSemaphore`],
/// [`PlanError::NoGeometry`], [`PlanError::BankOverflow`].
pub fn time(config: &ArrayConfig, program: &Program) -> Result<Timing, PlanError> {
    let mut tokens = initial_tokens();
    let mut queues = dispatch(config, program, &mut tokens)?;
    let mut drain = DrainPath::default();
    let mut timing = Timing {
        cycles: 0,
        busy_cycles: [0; Engine::ALL.len()],
        useful_macs: 0,
        dram_read_bytes: 0,
        dram_write_bytes: 0,
        spans: vec![Span::default(); program.instructions().len()],
    };
    loop {
        let mut progress = false;
        for queue in &mut queues {
            while let Some(&(index, instruction, dataflow)) = queue.entries.front() {
                let Some(ready) = take_tokens(&mut tokens, instruction) else { break };
                queue.entries.pop_front();
                progress = true;
                let mut start = ready.max(queue.free_cycle);
                let occupancy = occupancy(config, instruction, dataflow, &mut start, &mut drain);
                queue.free_cycle = start + occupancy.engine;
                for semaphore in instruction.post.iter() {
                    let after = match semaphore {
                        Semaphore::DrainFull | Semaphore::DrainFree => occupancy.drained,
                        _ => occupancy.done,
                    };
                    tokens[semaphore as usize].available.push_back(start + after);
                }
                let end = start + occupancy.done.max(occupancy.drained);
                timing.spans[index] = Span { start_cycle: start, end_cycle: end };
                timing.cycles = timing.cycles.max(end);
                timing.busy_cycles[queue.engine as usize] += occupancy.engine;
                timing.account(&instruction.operation);
            }
        }
        if !progress {
            break;
        }
    }
    let stuck = queues.iter().filter_map(|queue| queue.entries.front()).min_by_key(|entry| entry.0);
    match stuck {
        None => Ok(timing),
        Some(&(index, instruction, _)) => {
            let starved = |s: &Semaphore| tokens[*s as usize].available.is_empty();
            let semaphore = instruction.wait.iter().find(starved).map_or("?", Semaphore::name);
            Err(PlanError::Deadlock { index, instruction: instruction.to_string(), semaphore })
        }
    }
}

fn initial_tokens() -> Vec<Tokens> {
    let tokens = |semaphore: Semaphore| Tokens {
        available: std::iter::repeat_n(0, semaphore.initial() as usize).collect(),
        ..Tokens::default()
    };
    Semaphore::ALL.into_iter().map(tokens).collect()
}

/// Sorts the instructions into their engines' queues and checks who uses which semaphore.
fn dispatch<'p>(
    config: &ArrayConfig,
    program: &'p Program,
    tokens: &mut [Tokens],
) -> Result<Vec<Queue<'p>>, PlanError> {
    let mut queues: Vec<Queue<'p>> = Engine::ALL
        .into_iter()
        .map(|engine| Queue { engine, entries: VecDeque::new(), free_cycle: 0 })
        .collect();
    let mut dataflow = None;
    for (index, instruction) in program.instructions().iter().enumerate() {
        let Some(engine) = instruction.operation.engine() else {
            if let Operation::Geometry(geometry) = instruction.operation {
                dataflow = Some(geometry.dataflow);
            }
            continue;
        };
        check_banks(config, index, instruction)?;
        let own = |owner: &mut Option<Engine>, semaphore: Semaphore| match *owner {
            Some(other) if other != engine => Err(PlanError::SharedSemaphore {
                index,
                semaphore: semaphore.name(),
                engine: engine.name(),
                owner: other.name(),
            }),
            _ => {
                *owner = Some(engine);
                Ok(())
            }
        };
        instruction.wait.iter().try_for_each(|s| own(&mut tokens[s as usize].taker, s))?;
        instruction.post.iter().try_for_each(|s| own(&mut tokens[s as usize].poster, s))?;
        let needs_geometry = matches!(
            instruction.operation,
            Operation::LoadActivations(_)
                | Operation::LoadWeights(_)
                | Operation::MatMul(_)
                | Operation::Store(_)
        );
        let flow = match dataflow {
            Some(flow) => flow,
            None if needs_geometry => {
                let instruction = instruction.to_string();
                return Err(PlanError::NoGeometry { index, instruction });
            }
            None => Dataflow::OutputStationary,
        };
        queues[engine as usize].entries.push_back((index, instruction, flow));
    }
    Ok(queues)
}

/// Checks that a load fits the half of the bank that it fills.
fn check_banks(
    config: &ArrayConfig,
    index: usize,
    instruction: &Instruction,
) -> Result<(), PlanError> {
    let (needed, unit, available) = match &instruction.operation {
        Operation::LoadActivations(load) => {
            (load.words as usize, "words", config.w2e_words_per_row / 2)
        }
        Operation::LoadWeights(load) => {
            (load.entries as usize, "entries", config.n2s_entries_per_col / 2)
        }
        _ => return Ok(()),
    };
    if needed <= available {
        return Ok(());
    }
    let instruction = instruction.to_string();
    Err(PlanError::BankOverflow { index, instruction, unit, needed, available })
}

/// Takes one token of each awaited semaphore, or none: the cycle in which the last of them appears.
fn take_tokens(tokens: &mut [Tokens], instruction: &Instruction) -> Option<u64> {
    let mut ready = 0;
    for semaphore in instruction.wait.iter() {
        ready = ready.max(*tokens[semaphore as usize].available.front()?);
    }
    for semaphore in instruction.wait.iter() {
        tokens[semaphore as usize].available.pop_front();
    }
    Some(ready)
}

/// What an instruction occupies; an MM that drains may have to start later than `start`.
fn occupancy(
    config: &ArrayConfig,
    instruction: &Instruction,
    dataflow: Dataflow,
    start: &mut u64,
    drain: &mut DrainPath,
) -> Occupancy {
    let latency = config.dram_latency_cycles as u64;
    let load = |bytes: u32| {
        let beats = cost::port_beats(config, u64::from(bytes));
        Occupancy { engine: beats, done: latency + beats, drained: latency + beats }
    };
    let plain = |cycles: u64| Occupancy { engine: cycles, done: cycles, drained: cycles };
    match &instruction.operation {
        Operation::Geometry(_) => plain(0),
        Operation::LoadActivations(load_a) => load(load_a.bytes),
        Operation::LoadWeights(load_w) => load(load_w.bytes),
        Operation::Store(store) => plain(cost::port_beats(config, u64::from(store.bytes))),
        Operation::Update(update) => plain(cost::update(config, update)),
        Operation::Vector(vector) => plain(cost::vector(config, vector)),
        Operation::MatMul(mm) => {
            let cost = cost::matmul(config, dataflow, mm);
            let array = cost.array_cycles;
            if !mm.drain {
                return plain(array);
            }
            // The last round may not begin before the tile drained before has left the path; the wait goes
            // before the first slot.
            let before_last = array.saturating_sub(cost.last_round_cycles);
            *start = (*start).max(drain.free_cycle.saturating_sub(before_last));
            drain.free_cycle = *start + before_last + cost.drain_busy_cycles;
            Occupancy { engine: array, done: array, drained: array + cost.drain_cycles }
        }
    }
}

impl Timing {
    fn account(&mut self, operation: &Operation) {
        match operation {
            Operation::Geometry(_) => {}
            Operation::LoadActivations(load) => self.dram_read_bytes += u64::from(load.bytes),
            Operation::LoadWeights(load) => self.dram_read_bytes += u64::from(load.bytes),
            Operation::MatMul(mm) => {
                self.useful_macs += u64::from(mm.rows) * u64::from(mm.cols) * u64::from(mm.slots);
            }
            Operation::Store(store) => self.dram_write_bytes += u64::from(store.bytes),
            Operation::Update(update) => {
                self.dram_read_bytes += update.read_bytes;
                self.dram_write_bytes += update.write_bytes;
            }
            Operation::Vector(vector) => {
                self.dram_read_bytes += vector.read_bytes;
                self.dram_write_bytes += vector.write_bytes;
            }
        }
    }
}
