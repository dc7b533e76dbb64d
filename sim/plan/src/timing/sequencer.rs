//! The sequencer: dispatches one instruction a cycle, in order, when it is fetched and every queue that it goes to has room.

use super::ahead::Ahead;
use super::check::{self, Walks, Words};
use super::fetch::Fetch;
use super::queues::{Entry, Queues};
use crate::PlanError;
use crate::space::TileSpace;
use crate::traffic;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{
    Engine, Instruction, Operands, Operation, Parameters, Reads, Results, Weights, Writes,
};

/// What GEOMETRY, OPERANDS, RESULTS, READS, WRITES and PARAMETERS have set.
#[derive(Clone, Copy, Default)]
pub(super) struct Context {
    pub(super) space: Option<TileSpace>,
    pub(super) operands: Option<Operands>,
    pub(super) results: Option<Results>,
    pub(super) reads: Option<Reads>,
    pub(super) writes: Option<Writes>,
    pub(super) weights: Option<Weights>,
    /// With how many there have been before.
    pub(super) parameters: Option<(Parameters, usize)>,
    /// How many RESULTS there have been.
    pub(super) results_count: usize,
}

pub(super) struct Sequencer {
    /// Index of the next instruction.
    next: usize,
    /// First cycle in which it may be dispatched.
    cycle: u64,
    contexts: Vec<Context>,
    /// The last context is used by an instruction and must not change.
    shared: bool,
    words: Words,
    walks: Option<Walks>,
}

impl Sequencer {
    /// A sequencer of a program whose MMs have WALKs, or of one that only takes time and has none.
    pub(super) fn new(walks: bool) -> Self {
        Self {
            next: 0,
            cycle: 0,
            contexts: vec![Context::default()],
            shared: false,
            words: Words::default(),
            walks: walks.then(Walks::default),
        }
    }

    pub(super) fn context(&self, index: usize) -> &Context {
        &self.contexts[index]
    }

    /// Dispatches until the program ends, an instruction is not fetched or a queue is full. Tells `kept` of each kept
    /// instruction with the cycle of its dispatch.
    pub(super) fn dispatch(
        &mut self,
        config: &ArrayConfig,
        instructions: &[Instruction],
        ahead: Option<&Ahead>,
        fetch: &mut Fetch,
        queues: &mut Queues,
        mut kept: impl FnMut(usize, u64),
    ) -> Result<(), PlanError> {
        while let Some(instruction) = instructions.get(self.next) {
            let index = self.next;
            let Some(fetched) = fetch.ready_cycle() else { break };
            let engines = instruction.operation.queues();
            let Some(room) = queues.room_cycle(engines) else { break };
            let dispatch_cycle = self.cycle.max(fetched).max(room);
            let mut known = None;
            let engine = instruction.operation.engine();
            let refuse = |reason| PlanError::Instruction {
                index,
                instruction: instruction.to_string(),
                reason,
            };
            if let Some(engine) = engine {
                check::semaphores(index, instruction, engine)?;
                // Loads that are known have been checked.
                known = ahead.and_then(|ahead| ahead.known(index));
                if known.is_none() {
                    self.checked(config, index, instruction)?;
                }
                if let Operation::MatMul(mm) = &instruction.operation
                    && let Some(space) = &self.contexts[self.contexts.len() - 1].space
                    && let Some(walks) = &mut self.walks
                {
                    walks.take(config, space, mm).map_err(refuse)?;
                }
                self.shared = true;
            } else {
                if let (Operation::Walk(walk), Some(walks)) =
                    (&instruction.operation, &mut self.walks)
                {
                    walks.push(*walk).map_err(refuse)?;
                }
                self.set(&instruction.operation).map_err(refuse)?;
                check::no_semaphores(index, instruction)?;
                kept(index, dispatch_cycle);
            }
            let entry = Entry {
                index,
                kept: engine.is_none(),
                context: self.contexts.len() - 1,
                dispatch_cycle,
                queued_cycle: 0,
                taken_cycle: 0,
                tokens_cycle: 0,
                drained_cycle: 0,
                wait: instruction.wait,
                decode_cycles: self.decode_cycles(instruction),
                known,
            };
            for &engine in engines {
                queues.push(engine, entry);
            }
            fetch.dispatched(index, dispatch_cycle);
            self.cycle = dispatch_cycle + 1;
            self.next += 1;
        }
        Ok(())
    }

    /// Cycles from the one in which an engine takes an instruction of its own to the first in which it may start.
    fn decode_cycles(&self, instruction: &Instruction) -> usize {
        let context = &self.contexts[self.contexts.len() - 1];
        match (&instruction.operation, &context.space) {
            (Operation::LoadActivations(load), Some(space)) => {
                traffic::activation_decode_cycles(space, load)
            }
            (operation, _) => operation.engine().map_or(0, Engine::decode_cycles),
        }
    }

    /// Checks an instruction of an engine, and gives what it may rely on.
    pub(super) fn checked(
        &mut self,
        config: &ArrayConfig,
        index: usize,
        instruction: &Instruction,
    ) -> Result<&Context, PlanError> {
        let context = &self.contexts[self.contexts.len() - 1];
        check::operation(config, index, instruction, context, &mut self.words)?;
        Ok(context)
    }

    /// Keeps what an instruction says to those after it.
    pub(super) fn set(&mut self, operation: &Operation) -> Result<(), String> {
        if matches!(operation, Operation::Walk(_)) {
            return Ok(());
        }
        self.words = Words::default();
        if let Some(walks) = &mut self.walks {
            walks.forget();
        }
        let mut context = self.contexts[self.contexts.len() - 1];
        match operation {
            Operation::Geometry(geometry) => context.space = Some(TileSpace::read(geometry)?),
            Operation::Operands(operands) => context.operands = Some(*operands),
            Operation::Results(results) => {
                context.results = Some(*results);
                context.results_count += 1;
            }
            Operation::Parameters(parameters) => {
                let before = context.parameters.map_or(0, |(_, before)| before + 1);
                context.parameters = Some((*parameters, before));
            }
            Operation::Reads(r) => {
                let streams = [
                    (r.first, r.first_beats),
                    (r.second, r.second_beats),
                    (r.third, r.third_beats),
                ];
                check::streams(streams)?;
                context.reads = Some(*r);
            }
            Operation::Writes(w) => {
                let streams = [
                    (w.first, w.first_beats),
                    (w.second, w.second_beats),
                    (w.third, w.third_beats),
                ];
                check::streams(streams)?;
                context.writes = Some(*w);
            }
            Operation::Weights(weights) => context.weights = Some(*weights),
            _ => {}
        }
        if self.shared {
            self.contexts.push(context);
            self.shared = false;
        } else if let Some(last) = self.contexts.last_mut() {
            *last = context;
        }
        Ok(())
    }
}
