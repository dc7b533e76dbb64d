//! Timing a saved program.

use super::arguments::SimulateArguments;
use super::rows::{Rows, time_step};
use super::trace::Trace;
use crate::command::listing::read_program;
use crate::output::{self, duration, thousands};
use satkit_plan::step::{Step, StepSection};
use std::path::Path;

/// Times the program in `path` on the machine that it was planned for.
pub(super) fn run(path: &Path, arguments: &SimulateArguments) -> anyhow::Result<()> {
    let file = read_program(path)?;
    let memory = arguments.dram.unwrap_or_default();
    let sections = file.program.sections();
    let unknown = StepSection { dense_macs: 0, choices: Vec::new() };
    let step = Step {
        title: file.title.clone(),
        sections: vec![unknown; sections.len()],
        program: file.program,
        card_bytes: 0,
        addresses: Vec::new(),
        dense_macs: 0,
    };
    let mut trace = arguments.trace.as_ref().map(|_| Trace::new(&file.array, &step.program));
    let (csv, print) = (arguments.csv.as_deref(), !arguments.json);
    let rows = Rows::new(&step, &file.array, csv, print, false)?;
    let report = time_step(&file.array, &step, &memory, rows, trace.as_mut())?;
    if let (Some(trace), Some(path)) = (&trace, &arguments.trace) {
        trace.write(path)?;
    }
    if arguments.json {
        return Ok(output::json(&report)?);
    }
    Ok(output::line(format_args!(
        "\n{}: {} cycles, {} at {} MHz with {memory}; {:.1} % of the array's peak, {} of DRAM traffic",
        step.title,
        thousands(report.total_cycles),
        duration(report.seconds),
        file.array.clock_hz as f64 / 1e6,
        100.0 * report.utilization,
        output::bytes(report.dram_bytes)
    ))?)
}
