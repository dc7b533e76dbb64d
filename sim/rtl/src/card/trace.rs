//! What the engines of a traced top do, instruction by instruction.

use crate::{Model, PortId, RtlError};
use satkit_hdl::{accelerator, front};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Engine;
use std::collections::VecDeque;

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

/// One engine's signals.
#[derive(Debug)]
struct Signals {
    engine: Engine,
    start: PortId,
    end: PortId,
    started: VecDeque<u64>,
}

/// What a top with trace outputs has shown since the job began.
#[derive(Debug)]
pub(super) struct Trace {
    engines: Vec<Signals>,
    retirements: Vec<Retirement>,
}

impl Trace {
    /// The trace outputs of a top made by [`accelerator::traced`].
    pub(super) fn of(config: &ArrayConfig, model: &Model) -> Result<Self, RtlError> {
        let signals = |engine: Engine| {
            let port =
                |event: &str| model.port(&format!("trace_{}_{event}", front::name_of(engine)));
            let (start, end) = (port("start")?, port("end")?);
            Ok::<_, RtlError>(Signals { engine, start, end, started: VecDeque::new() })
        };
        let engines = accelerator::engines_of(config).map(signals).collect::<Result<_, _>>()?;
        Ok(Self { engines, retirements: Vec::new() })
    }

    /// A job begins.
    pub(super) fn clear(&mut self) {
        self.retirements.clear();
        self.engines.iter_mut().for_each(|engine| engine.started.clear());
    }

    /// The outputs that are up in cycles in which something happens.
    pub(super) fn strobes(&self) -> impl Iterator<Item = PortId> {
        self.engines.iter().flat_map(|engine| [engine.start, engine.end])
    }

    /// Looks at a cycle of the job, before its edge.
    pub(super) fn observe(&mut self, model: &Model, cycle: u64) {
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
                self.retirements.push(Retirement { engine, start_cycle, end_cycle });
            }
        }
    }

    pub(super) fn retirements(&self) -> &[Retirement] {
        &self.retirements
    }
}
