//! The engines in time: in-order queues, ordered by semaphores, sharing the card's memory.
//!
//! Every cycle follows from the program, the machine and the memory model; values play no part. Engines that move data
//! act one request at a time, the earliest first and ties in the order of `Engine::ALL`, so the memory model sees requests
//! in the order of their cycles. Between two requests nothing changes and nothing is simulated.

mod ahead;
mod array;
mod check;
mod load;
mod queues;
mod record;
mod sequencer;
mod stream;
mod stream_job;

pub use check::check_array;
pub use record::{
    Issued, LaneBlock, NoObserver, Observer, Retired, SectionTiming, Span, Spans, Timing,
    utilization,
};

use crate::{PlanError, Program};
use ahead::Ahead;
use array::Array;
use load::LoadEngine;
use queues::{Entry, Queues};
use record::Recorder;
use satkit_memory::Memory;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Instruction, Operation, Semaphore};
use sequencer::Sequencer;
use stream::StreamEngine;

/// Times a program on a machine with a memory, and tells `observer` of each instruction as it retires.
///
/// # Errors
/// [`PlanError`] naming the first instruction that is impossible, or that never starts.
pub fn time<M: Memory>(
    config: &ArrayConfig,
    program: &Program,
    memory: &mut M,
    observer: &mut impl Observer,
) -> Result<Timing, PlanError> {
    config.validate()?;
    let instructions = program.instructions();
    let Some(ahead) = Ahead::of(instructions, memory.paged()) else {
        return run(config, program, None, memory, observer);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| ahead.look(config, instructions));
        let timing = run(config, program, Some(&ahead), memory, observer);
        ahead.stop();
        timing
    })
}

fn run<M: Memory>(
    config: &ArrayConfig,
    program: &Program,
    ahead: Option<&Ahead>,
    memory: &mut M,
    observer: &mut impl Observer,
) -> Result<Timing, PlanError> {
    let mut run = Run {
        ahead,
        config,
        instructions: program.instructions(),
        sequencer: Sequencer::new(),
        queues: Queues::new(config),
        array: Array::default(),
        loads: [Engine::LoadActivations, Engine::LoadWeights]
            .map(|e| LoadEngine::new(config, e, memory.paged())),
        streams: [Engine::Store, Engine::Update, Engine::Vector]
            .map(|e| StreamEngine::new(config, e, memory.paged())),
        record: Recorder::new(program.instructions(), program.sections(), observer),
    };
    run.all(memory)?;
    Ok(run.record.finish())
}

struct Run<'p, 'o, O> {
    ahead: Option<&'p Ahead>,
    config: &'p ArrayConfig,
    instructions: &'p [Instruction],
    sequencer: Sequencer,
    queues: Queues,
    array: Array,
    loads: [LoadEngine; 2],
    streams: [StreamEngine; 3],
    record: Recorder<'p, 'o, O>,
}

impl<O: Observer> Run<'_, '_, O> {
    fn all<M: Memory>(&mut self, memory: &mut M) -> Result<(), PlanError> {
        loop {
            self.advance()?;
            // The earliest, and of those the first: cycles are below 2^60, so both fit one key.
            let key =
                |cycle: u64, mover: u64| if cycle == u64::MAX { cycle } else { cycle << 3 | mover };
            let first = key(self.loads[0].next_cycle, 0)
                .min(key(self.loads[1].next_cycle, 1))
                .min(key(self.streams[0].next_cycle, 2))
                .min(key(self.streams[1].next_cycle, 3))
                .min(key(self.streams[2].next_cycle, 4));
            if first == u64::MAX {
                break;
            }
            let first = (first & 7) as usize;
            let retired = match first {
                0 | 1 => self.loads[first].act(memory),
                _ => {
                    let retired = self.streams[first - 2].act(memory);
                    self.report(first - 2);
                    retired
                }
            };
            if let Some(retired) = retired {
                self.retire(retired);
            }
            // Asked at every request: one instruction may have as many as a program.
            if let Some(retired) = self.record.stopped() {
                return Err(PlanError::Stopped { retired });
            }
        }
        self.stuck()
    }

    /// Dispatches and starts whatever can be, until nothing can.
    fn advance(&mut self) -> Result<(), PlanError> {
        if !self.queues.changed {
            return Ok(());
        }
        while self.queues.changed {
            self.queues.changed = false;
            self.sequencer.dispatch(
                self.config,
                self.instructions,
                self.ahead,
                &mut self.queues,
            )?;
            while let Some((ready, entry)) =
                self.queues.take(Engine::Mm, |cycle| self.array.decoded(cycle))
            {
                self.multiply(ready, entry);
            }
            for load in &mut self.loads {
                if load.is_idle()
                    && let Some((ready, entry)) = self.queues.take(load.engine, |cycle| cycle)
                {
                    let context = self.sequencer.context(entry.context);
                    let instruction = &self.instructions[entry.index];
                    let start = load.start(self.config, ready, &entry, instruction, context);
                    self.queues.started(load.engine, start);
                }
            }
            for at in 0..self.streams.len() {
                let stream = &mut self.streams[at];
                if stream.is_idle()
                    && let Some((ready, entry)) = self.queues.take(stream.engine, |cycle| cycle)
                {
                    let context = self.sequencer.context(entry.context);
                    let instruction = &self.instructions[entry.index];
                    let start = stream.start(self.config, ready, entry.index, instruction, context);
                    self.queues.started(stream.engine, start);
                    self.report(at);
                }
            }
        }
        Ok(())
    }

    /// Tells the observer what the lanes of a stream engine have been given.
    fn report(&mut self, at: usize) {
        for block in self.streams[at].worked.drain(..) {
            self.record.lanes(&block);
        }
    }

    /// An MM needs no memory: all its cycles are known when it starts.
    fn multiply(&mut self, ready: u64, entry: Entry) {
        let instruction = &self.instructions[entry.index];
        let Operation::MatMul(mm) = &instruction.operation else { return };
        let Some(space) = self.sequencer.context(entry.context).space else { return };
        let busy = self.array.multiply(self.config, space.dataflow, mm, ready);
        self.queues.started(Engine::Mm, busy.start);
        self.record.issued(Issued {
            index: entry.index,
            queued_cycle: entry.dispatch_cycle,
            tokens_cycle: entry.tokens_cycle,
            first_out_cycle: busy.first_out,
        });
        for semaphore in instruction.post.iter() {
            let cycle = match semaphore {
                Semaphore::DrainFull => busy.first_out,
                Semaphore::ActivationsFree | Semaphore::WeightsFree => busy.read,
                _ => busy.end,
            };
            self.queues.post(semaphore, cycle);
        }
        let outputs = space.outputs(mm.row_base as usize, mm.rows as usize);
        self.record.array(busy, outputs * u64::from(mm.cols) * u64::from(mm.slots));
        self.record.retire(Retired {
            index: entry.index,
            engine: Engine::Mm,
            start_cycle: busy.start,
            end_cycle: busy.drained.max(busy.end),
            released_cycle: busy.end,
            busy_cycles: busy.array_cycles,
            read_beats: 0,
            write_beats: 0,
        });
    }

    fn retire(&mut self, retired: Retired) {
        for semaphore in self.instructions[retired.index].post.iter() {
            // A drain buffer is free when its last output is on its way; the others wait until it has arrived.
            let released = semaphore == Semaphore::DrainFree;
            let cycle = if released { retired.released_cycle } else { retired.end_cycle };
            self.queues.post(semaphore, cycle);
        }
        self.queues.changed = true;
        self.record.retire(retired);
    }

    /// Nothing moves any more: either everything is done, or the first instruction that waits for ever is at fault.
    fn stuck(&self) -> Result<(), PlanError> {
        let Some((index, semaphore)) = self.queues.first_waiting() else {
            return Ok(());
        };
        Err(PlanError::Deadlock {
            index,
            instruction: self.instructions[index].to_string(),
            semaphore: semaphore.name(),
        })
    }
}
