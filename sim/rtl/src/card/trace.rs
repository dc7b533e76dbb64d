//! What the engines of a traced top do, instruction by instruction.

use super::axi::Violation;
use crate::{Model, PortId, RtlError};
use satkit_hdl::{accelerator, front};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Engine;
use satkit_transport::memory::CardMemory;
use std::collections::VecDeque;
use std::ops::Range;

/// One instruction of an engine that has ended, in cycles of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// The engine. Its instructions start and end in the order of the program, so that its n-th is the n-th here.
    pub engine: Engine,
    /// First cycle.
    pub start_cycle: u64,
    /// First cycle after its last.
    pub end_cycle: u64,
}

/// An instruction of an engine as it has to end, and what it has to have written then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Index in the program.
    pub index: usize,
    /// When.
    pub retirement: Retirement,
    /// The bytes of card memory that it writes.
    pub written: Vec<Range<u64>>,
    /// Their digest ([`CardMemory::digest`]).
    pub digest: u64,
}

/// One engine's signals.
#[derive(Debug)]
struct Signals {
    engine: Engine,
    start: PortId,
    end: PortId,
    started: VecDeque<u64>,
    /// What is still to come, if the job is compared.
    expected: VecDeque<Expected>,
}

/// What a top with trace outputs has shown since the job began.
#[derive(Debug)]
pub(super) struct Trace {
    engines: Vec<Signals>,
    retirements: Vec<Retirement>,
    /// What is expected of the next job.
    next: Vec<Expected>,
}

impl Trace {
    /// The trace outputs of a top made by [`accelerator::traced`].
    pub(super) fn of(config: &ArrayConfig, model: &Model) -> Result<Self, RtlError> {
        let signals = |engine: Engine| {
            let port =
                |event: &str| model.port(&format!("trace_{}_{event}", front::name_of(engine)));
            let (start, end) = (port("start")?, port("end")?);
            Ok::<_, RtlError>(Signals {
                engine,
                start,
                end,
                started: VecDeque::new(),
                expected: VecDeque::new(),
            })
        };
        let engines = accelerator::engines_of(config).map(signals).collect::<Result<_, _>>()?;
        Ok(Self { engines, retirements: Vec::new(), next: Vec::new() })
    }

    /// A job begins.
    pub(super) fn clear(&mut self) {
        self.retirements.clear();
        for engine in &mut self.engines {
            engine.started.clear();
            engine.expected.clear();
        }
        for expected in std::mem::take(&mut self.next) {
            let engine = expected.retirement.engine;
            if let Some(signals) = self.engines.iter_mut().find(|own| own.engine == engine) {
                signals.expected.push_back(expected);
            }
        }
    }

    /// Instructions of the next job as they have to end, in the order of the program.
    pub(super) fn expect(&mut self, expected: Vec<Expected>) {
        self.next = expected;
    }

    /// The outputs that are up in cycles in which something happens.
    pub(super) fn strobes(&self) -> impl Iterator<Item = PortId> {
        self.engines.iter().flat_map(|engine| [engine.start, engine.end])
    }

    /// Looks at a cycle of the job, before its edge.
    ///
    /// # Errors
    /// [`Violation::Differs`] for an instruction that ends otherwise than is expected of it.
    pub(super) fn observe(
        &mut self,
        model: &Model,
        memory: &CardMemory,
        cycle: u64,
    ) -> Result<(), Violation> {
        for signals in &mut self.engines {
            if model.get(signals.start) == 1 {
                signals.started.push_back(cycle);
            }
            // The pulse comes in the last cycle.
            if model.get(signals.end) == 1
                && let Some(start_cycle) = signals.started.pop_front()
            {
                let end_cycle = cycle + 1;
                let engine = signals.engine;
                let found = Retirement { engine, start_cycle, end_cycle };
                self.retirements.push(found);
                let Some(expected) = signals.expected.pop_front() else { continue };
                let Expected { index, retirement, ref written, digest: due } = expected;
                let digest = if written.is_empty() { due } else { memory.digest(written) };
                if (found, digest) != (retirement, due) {
                    let (found, expected) = ((found, digest).into(), (retirement, due).into());
                    return Err(Violation::Differs { index, engine, found, expected });
                }
            }
        }
        Ok(())
    }

    pub(super) fn retirements(&self) -> &[Retirement] {
        &self.retirements
    }
}
