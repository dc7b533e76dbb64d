//! A trace in the Trace Event Format, which Perfetto and Chrome show: one track per engine.

use crate::{CliError, output};
use satkit_plan::{Program, Retired};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Engine;
use std::io::{BufWriter, Write};
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
        output::write_atomically(path, |file| {
            let mut out = BufWriter::new(file);
            writeln!(out, "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
            for engine in Engine::ALL {
                let name = serde_json::json!({
                    "ph": "M", "pid": 1, "tid": engine as usize, "name": "thread_name",
                    "args": { "name": engine.name() },
                });
                writeln!(out, "{name},")?;
            }
            let process = serde_json::json!({
                "ph": "M", "pid": 1, "name": "process_name", "args": { "name": "satkit" },
            });
            write!(out, "{process}")?;
            let microseconds = |cycle: u64| cycle as f64 * 1e6 / self.clock_hz as f64;
            for event in &self.events {
                let (name, work) = self
                    .program
                    .sections()
                    .get(event.section)
                    .map_or(("", ""), |section| (&section.name[..], section.work.name()));
                let event = serde_json::json!({
                    "ph": "X", "pid": 1, "tid": event.engine as usize,
                    "name": format!("{name} {work}"), "cat": work,
                    "ts": microseconds(event.start_cycle),
                    "dur": microseconds(event.end_cycle - event.start_cycle),
                    "args": {
                        "start_cycle": event.start_cycle, "end_cycle": event.end_cycle,
                        "instructions": event.instructions,
                    },
                });
                write!(out, ",\n{event}")?;
            }
            writeln!(out, "\n]}}")?;
            out.flush()
        })
    }
}
