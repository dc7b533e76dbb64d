//! Files in the Trace Event Format, which Perfetto and Chrome show.

use crate::{CliError, output};
use std::io::{BufWriter, Write};
use std::path::Path;

/// A process of the trace with its tracks; their places are their numbers.
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) tracks: Vec<&'static str>,
}

/// A bar on a track.
pub(crate) struct Event<'a> {
    pub(crate) process: usize,
    pub(crate) track: usize,
    pub(crate) name: String,
    pub(crate) category: &'a str,
    pub(crate) start_microseconds: f64,
    pub(crate) microseconds: f64,
    pub(crate) arguments: serde_json::Value,
}

/// Writes a trace, whole or not at all.
///
/// # Errors
/// [`CliError::Write`].
pub(crate) fn write<'a>(
    path: &Path,
    processes: &[Process],
    events: impl Iterator<Item = Event<'a>>,
) -> Result<(), CliError> {
    // The format takes numbers from 1 on for processes.
    let number = |process: usize| process + 1;
    output::write_atomically(path, |file| {
        let mut out = BufWriter::new(file);
        write!(out, "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
        let mut comma = "";
        let mut line = |value: serde_json::Value| {
            let written = write!(out, "{comma}\n{value}");
            comma = ",";
            written
        };
        for (process, Process { name, tracks }) in processes.iter().enumerate() {
            let pid = number(process);
            line(serde_json::json!({
                "ph": "M", "pid": pid, "name": "process_name", "args": { "name": name },
            }))?;
            for (track, name) in tracks.iter().enumerate() {
                line(serde_json::json!({
                    "ph": "M", "pid": pid, "tid": track, "name": "thread_name",
                    "args": { "name": name },
                }))?;
            }
        }
        for event in events {
            line(serde_json::json!({
                "ph": "X", "pid": number(event.process), "tid": event.track,
                "name": event.name, "cat": event.category,
                "ts": event.start_microseconds, "dur": event.microseconds,
                "args": event.arguments,
            }))?;
        }
        writeln!(out, "\n]}}")?;
        out.flush()
    })
}
