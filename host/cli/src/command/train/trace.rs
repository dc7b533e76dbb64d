//! A trace of training in wall time: what the host moves while the card works.

use crate::card::heading;
use crate::trace::{Event, Process};
use crate::{CliError, output, trace};
use satkit_host::card::{CardMachine, Timeline, Track};
use std::path::PathBuf;
use std::time::Instant;

/// The timelines of the runs, from one beginning on.
pub(super) struct Trace {
    path: PathBuf,
    begin: Instant,
    runs: Vec<(String, Timeline)>,
}

impl Trace {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, begin: Instant::now(), runs: Vec::new() }
    }

    /// The machine of a run that begins, with a timeline.
    pub(super) fn follow(&mut self, run: &str, machine: CardMachine) -> CardMachine {
        let timeline = Timeline::new(self.begin);
        let card = heading(machine.session().info());
        let name = format!("{run} on {card}");
        self.runs.push((name, timeline.clone()));
        machine.with_timeline(timeline)
    }

    /// Writes what was noted so far.
    ///
    /// # Errors
    /// [`CliError::Write`].
    pub(super) fn write(&self) -> Result<(), CliError> {
        let process = |(name, timeline): &(String, Timeline)| {
            if timeline.is_full() {
                output::note(format_args!("note: the trace of {name} has no room for its end"));
            }
            Process { name: name.clone(), tracks: Track::ALL.map(Track::name).into() }
        };
        let processes: Vec<_> = self.runs.iter().map(process).collect();
        let spans = self.runs.iter().enumerate().flat_map(|(process, (_, timeline))| {
            timeline.spans().into_iter().map(move |span| (process, span))
        });
        let events = spans.map(|(process, span)| {
            let step = span.step.map_or_else(String::new, |step| format!(" {step}"));
            Event {
                process,
                track: span.track as usize,
                name: format!("{}{step}", span.what),
                category: span.track.name(),
                start_microseconds: span.start.as_nanos() as f64 / 1e3,
                microseconds: (span.end - span.start).as_nanos() as f64 / 1e3,
                arguments: serde_json::json!({ "what": span.what, "step": span.step }),
            }
        });
        trace::write(&self.path, &processes, events)
    }
}
