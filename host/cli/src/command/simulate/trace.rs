//! A trace of a program in simulated time: one track per engine.

use crate::CliError;
use crate::trace::{self, Process};
use satkit_plan::{Program, Retired};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Engine;
use std::path::Path;

/// Programs with more instructions get one event per engine and section instead of one per instruction.
const MOST_EVENTS: usize = 300_000;

struct Event {
    section: usize,
    engine: Engine,
    start_cycle: u64,
    end_cycle: u64,
    instructions: u64,
}

/// The events of a run.
pub(crate) struct Trace<'p> {
    program: &'p Program,
    clock_hz: u64,
    single: bool,
    /// The section that each engine is in.
    current: [usize; Engine::ALL.len()],
    last: [Option<usize>; Engine::ALL.len()],
    events: Vec<Event>,
}

impl<'p> Trace<'p> {
    pub(super) fn new(config: &ArrayConfig, program: &'p Program) -> Self {
        Self {
            program,
            clock_hz: config.clock_hz,
            single: program.instructions().len() <= MOST_EVENTS,
            current: Default::default(),
            last: Default::default(),
            events: Vec::new(),
        }
    }

    pub(super) fn retired(&mut self, retired: &Retired) {
        let engine = retired.engine as usize;
        let sections = self.program.sections();
        let current = &mut self.current[engine];
        while sections.get(*current).is_some_and(|s| s.first + s.count <= retired.index) {
            *current += 1;
        }
        if !self.single
            && let Some(last) = self.last[engine]
            && self.events[last].section == *current
        {
            let event = &mut self.events[last];
            event.end_cycle = event.end_cycle.max(retired.end_cycle);
            event.instructions += 1;
            return;
        }
        self.last[engine] = Some(self.events.len());
        self.events.push(Event {
            section: *current,
            engine: retired.engine,
            start_cycle: retired.start_cycle,
            end_cycle: retired.end_cycle,
            instructions: 1,
        });
    }

    /// Writes the trace.
    ///
    /// # Errors
    /// [`CliError::Write`].
    pub(super) fn write(&self, path: &Path) -> Result<(), CliError> {
        let process =
            Process { name: "satkit".into(), tracks: Engine::ALL.map(Engine::name).into() };
        let microseconds = |cycle: u64| cycle as f64 * 1e6 / self.clock_hz as f64;
        let events = self.events.iter().map(|event| {
            let section = self.program.sections().get(event.section);
            let (name, work) =
                section.map_or(("", ""), |section| (&section.name[..], section.work.name()));
            trace::Event {
                process: 0,
                track: event.engine as usize,
                name: format!("{name} {work}"),
                category: work,
                start_microseconds: microseconds(event.start_cycle),
                microseconds: microseconds(event.end_cycle - event.start_cycle),
                arguments: serde_json::json!({
                    "start_cycle": event.start_cycle, "end_cycle": event.end_cycle,
                    "instructions": event.instructions,
                }),
            }
        });
        trace::write(path, &[process], events)
    }
}
