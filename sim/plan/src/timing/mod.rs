//! The engines in time: in-order queues, ordered by semaphores, sharing the card's memory.
//!
//! Every cycle follows from the program, its place, the machine and the memory model; values play no part. Whoever moves data
//! acts one request at a time, the earliest first. Of one cycle reads come before writes, and the fetch before the engines in
//! the order of `Engine::ALL`: that is their priority where they ask for the same port, and the memory model sees requests in
//! the order of their cycles. What follows from a request is later than it; between two requests nothing changes and nothing
//! is simulated.

mod ahead;
mod array;
mod check;
mod dma;
mod fetch;
mod load;
mod panels;
mod queues;
mod record;
mod sequencer;
mod share;
mod store;
mod stream;
mod stream_job;

pub use check::check_array;
pub use record::{
    Issued, LaneBlock, NoObserver, Observer, Retired, SectionTiming, Span, Spans, StoreIssued,
    Timing, utilization,
};

use crate::layout::{BEAT_BYTES, CARD_BYTES};
use crate::{PlanError, Program};
use ahead::Ahead;
use array::Array;
use dma::Dma;
use fetch::Fetch;
use load::LoadEngine;
use queues::{Entry, Queues};
use record::Recorder;
use satkit_memory::Memory;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Instruction, Operation, Semaphore};
use sequencer::Sequencer;
use store::StoreEngine;
use stream::StreamEngine;

/// Times a program that lies at byte `address` of card memory, a multiple of a beat, on a machine with a memory, and tells
/// `observer` of each instruction as it retires.
///
/// # Errors
/// [`PlanError`] naming the first instruction that is impossible, or that never starts, or a place that is none.
pub fn time<M: Memory>(
    config: &ArrayConfig,
    program: &Program,
    address: u64,
    memory: &mut M,
    observer: &mut impl Observer,
) -> Result<Timing, PlanError> {
    config.validate()?;
    if !address.is_multiple_of(BEAT_BYTES) || address >= CARD_BYTES {
        return Err(PlanError::ProgramAddress { address });
    }
    let instructions = program.instructions();
    let Some(ahead) = Ahead::of(instructions, memory.paged()) else {
        return run(config, program, address, None, memory, observer);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| ahead.look(config, instructions));
        let timing = run(config, program, address, Some(&ahead), memory, observer);
        ahead.stop();
        timing
    })
}

fn run<M: Memory>(
    config: &ArrayConfig,
    program: &Program,
    address: u64,
    ahead: Option<&Ahead>,
    memory: &mut M,
    observer: &mut impl Observer,
) -> Result<Timing, PlanError> {
    let instructions = program.instructions();
    let has_walks =
        instructions.iter().any(|instruction| matches!(instruction.operation, Operation::Walk(_)));
    let mut run = Run {
        ahead,
        config,
        instructions,
        fetch: Fetch::new(address, instructions.len()),
        sequencer: Sequencer::new(has_walks),
        queues: Queues::new(config),
        array: Array::default(),
        loads: [Engine::LoadActivations, Engine::LoadWeights]
            .map(|e| LoadEngine::new(config, e, memory.paged())),
        store: StoreEngine::new(config, memory.paged()),
        streams: [Engine::Update, Engine::Vector]
            .map(|e| StreamEngine::new(config, e, memory.paged())),
        record: Recorder::new(instructions, program.sections(), observer),
    };
    run.all(&mut Dma::new(config, memory))?;
    Ok(run.record.finish())
}

struct Run<'p, 'o, O> {
    ahead: Option<&'p Ahead>,
    config: &'p ArrayConfig,
    instructions: &'p [Instruction],
    fetch: Fetch,
    sequencer: Sequencer,
    queues: Queues,
    array: Array,
    loads: [LoadEngine; 2],
    store: StoreEngine,
    streams: [StreamEngine; 2],
    record: Recorder<'p, 'o, O>,
}

/// Who asks for memory, in the order of a cycle: the fetch, LD.A and LD.W, then reads, then writes of ST, WU and VE.
const FETCH: u64 = 0;
const LOADS: u64 = 1;
const READS: u64 = 3;
const WRITES: u64 = 6;
/// Bits of a client in a key, and how many there are who move data.
const CLIENT: u64 = 15;
const MOVERS: usize = 6;

/// Orders requests by their cycles, and those of one cycle by their clients: cycles are below 2^48, so both fit one key.
const fn key(cycle: u64, client: u64) -> u64 {
    if cycle == u64::MAX { cycle } else { cycle << 4 | client }
}

impl<O: Observer> Run<'_, '_, O> {
    /// The key of the next request of each who moves data: the fetch, the loads, the streams.
    fn key(&self, mover: usize) -> u64 {
        match mover {
            0 => key(self.fetch.next_cycle, FETCH),
            1 | 2 => key(self.loads[mover - 1].next_cycle, LOADS + mover as u64 - 1),
            3 => key(self.store.read_cycle, READS).min(key(self.store.write_cycle, WRITES)),
            _ => {
                let (stream, at) = (&self.streams[mover - 4], mover as u64 - 3);
                key(stream.read_cycle, READS + at).min(key(stream.write_cycle, WRITES + at))
            }
        }
    }

    fn all<M: Memory>(&mut self, dma: &mut Dma<'_, M>) -> Result<(), PlanError> {
        let mut keys = [u64::MAX; MOVERS];
        loop {
            if self.queues.changed {
                self.advance()?;
                keys = std::array::from_fn(|mover| self.key(mover));
            }
            // The least of all, and that of the others.
            let (mut first, mut next) = (u64::MAX, u64::MAX);
            for key in keys {
                next = next.min(first.max(key));
                first = first.min(key);
            }
            if first == u64::MAX {
                return self.stuck();
            }
            let client = first & CLIENT;
            let mover = if client < WRITES { client } else { client - WRITES + READS } as usize;
            // Until an instruction ends or the program goes on, nobody else's next request changes.
            while first < next && !self.queues.changed {
                self.act(first >> 4, mover, first & CLIENT, dma)?;
                first = self.key(mover);
            }
            keys[mover] = first;
        }
    }

    /// The request that is due.
    #[inline]
    fn act<M: Memory>(
        &mut self,
        cycle: u64,
        mover: usize,
        client: u64,
        dma: &mut Dma<'_, M>,
    ) -> Result<(), PlanError> {
        let retired = match mover {
            0 => {
                self.record.asking(None);
                self.fetch.act(dma);
                self.queues.changed = true;
                None
            }
            1 | 2 => {
                let load = &mut self.loads[mover - 1];
                self.record.asking(Some(load.index));
                load.act(dma)
            }
            3 => {
                let retired = if client < WRITES {
                    self.record.asking(Some(self.store.reading()));
                    self.store.read(dma);
                    None
                } else {
                    self.record.asking(Some(self.store.writing()));
                    self.store.write(dma)
                };
                self.release();
                retired
            }
            _ => {
                let stream = &mut self.streams[mover - 4];
                self.record.asking(Some(stream.index));
                let retired = if client < WRITES { stream.read(dma) } else { stream.write(dma) };
                if !stream.worked.is_empty() {
                    self.report(mover - 4);
                }
                retired
            }
        };
        if let Some(retired) = retired {
            self.retire(retired);
            self.record.settle(cycle);
        }
        // Asked at every request: one instruction may have as many as a program.
        match self.record.stopped() {
            Some(retired) => Err(PlanError::Stopped { retired }),
            None => Ok(()),
        }
    }

    /// Dispatches and starts whatever can be, until nothing can.
    fn advance(&mut self) -> Result<(), PlanError> {
        if !self.queues.changed {
            return Ok(());
        }
        while self.queues.changed {
            self.queues.changed = false;
            let record = &mut self.record;
            self.sequencer.dispatch(
                self.config,
                self.instructions,
                self.ahead,
                &mut self.fetch,
                &mut self.queues,
                |index, cycle| record.kept(index, cycle),
            )?;
            while let Some((ready, entry)) = self.queues.start(Engine::Mm) {
                self.multiply(ready, entry);
            }
            for load in &mut self.loads {
                if load.is_idle()
                    && let Some((ready, entry)) = self.queues.start(load.engine)
                {
                    let context = self.sequencer.context(entry.context);
                    let instruction = &self.instructions[entry.index];
                    let start = load.start(self.config, ready, &entry, instruction, context);
                    self.queues.started(load.engine, start);
                }
            }
            while let Some(taken) = self.queues.taken(Engine::Store) {
                let (instruction, context) =
                    (&self.instructions[taken.index], self.sequencer.context(taken.context));
                if !self.store.is_free(instruction, context) {
                    break;
                }
                let Some((ready, entry)) = self.queues.start(Engine::Store) else { break };
                let start = self.store.start(self.config, ready, &entry, instruction, context);
                self.record.stored(&entry, start);
                self.queues.started(Engine::Store, start);
                self.release();
            }
            for at in 0..self.streams.len() {
                let stream = &mut self.streams[at];
                if stream.is_idle()
                    && let Some((ready, entry)) = self.queues.start(stream.engine)
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

    /// Posts that the drain buffer is free, if it is known from when on.
    fn release(&mut self) {
        let Some((index, cycle)) = self.store.released.take() else { return };
        // What else a store posts waits until its results have arrived.
        if self.instructions[index].post.contains(Semaphore::DrainFree) {
            self.queues.post(Semaphore::DrainFree, cycle);
        }
        self.queues.changed = true;
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
            queued_cycle: entry.queued_cycle,
            tokens_cycle: entry.tokens_cycle,
            first_out_cycle: busy.first_out,
            drained_cycle: busy.drained,
            read_cycle: busy.read,
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
            end_cycle: busy.retired,
            released_cycle: busy.end,
            busy_cycles: busy.array_cycles,
            read_beats: 0,
            write_beats: 0,
        });
    }

    fn retire(&mut self, retired: Retired) {
        let posted = self.instructions[retired.index].post.iter();
        // That of a drain buffer has been.
        for semaphore in posted.filter(|&semaphore| semaphore != Semaphore::DrainFree) {
            self.queues.post(semaphore, retired.end_cycle);
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
