//! The sequencer: fetches one instruction a cycle, in order, and waits while the queue that it goes to is full.

use super::ahead::Ahead;
use super::check::{self, Words};
use super::queues::{Entry, Queues};
use crate::PlanError;
use crate::space::TileSpace;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Instruction, Operands, Operation, Reads, Results, Writes};

/// What GEOMETRY, OPERANDS, RESULTS, READS and WRITES have set.
#[derive(Clone, Copy, Default)]
pub(super) struct Context {
    pub(super) space: Option<TileSpace>,
    pub(super) operands: Option<Operands>,
    pub(super) results: Option<Results>,
    pub(super) reads: Option<Reads>,
    pub(super) writes: Option<Writes>,
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
}

impl Sequencer {
    pub(super) fn new() -> Self {
        Self {
            next: 0,
            cycle: 0,
            contexts: vec![Context::default()],
            shared: false,
            words: Words::default(),
        }
    }

    pub(super) fn context(&self, index: usize) -> &Context {
        &self.contexts[index]
    }

    /// Dispatches until the program ends or a queue is full.
    pub(super) fn dispatch(
        &mut self,
        config: &ArrayConfig,
        instructions: &[Instruction],
        ahead: Option<&Ahead>,
        queues: &mut Queues,
    ) -> Result<(), PlanError> {
        while let Some(instruction) = instructions.get(self.next) {
            let index = self.next;
            let refuse = |reason: String| PlanError::Instruction {
                index,
                instruction: instruction.to_string(),
                reason,
            };
            let cycle = match instruction.operation.engine() {
                None => {
                    self.set(&instruction.operation).map_err(refuse)?;
                    check::no_semaphores(index, instruction)?;
                    self.cycle
                }
                Some(engine) => {
                    let Some(room) = queues.room_cycle(engine) else { break };
                    check::semaphores(index, instruction, engine)?;
                    // Loads whose beats are known have been checked.
                    let beats = ahead.and_then(|ahead| ahead.beats(index));
                    if beats.is_none() {
                        self.checked(config, index, instruction)?;
                    }
                    let context = self.contexts.len() - 1;
                    self.shared = true;
                    let dispatch_cycle = self.cycle.max(room);
                    queues.push(
                        engine,
                        Entry {
                            index,
                            context,
                            dispatch_cycle,
                            tokens_cycle: 0,
                            wait: instruction.wait,
                            beats,
                        },
                    );
                    dispatch_cycle
                }
            };
            self.cycle = cycle + 1;
            self.next += 1;
        }
        Ok(())
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

    /// Sets what an instruction that goes to no engine says.
    pub(super) fn set(&mut self, operation: &Operation) -> Result<(), String> {
        self.words = Words::default();
        let mut context = self.contexts[self.contexts.len() - 1];
        match operation {
            Operation::Geometry(geometry) => context.space = Some(TileSpace::read(geometry)?),
            Operation::Operands(operands) => context.operands = Some(*operands),
            Operation::Results(results) => context.results = Some(*results),
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
