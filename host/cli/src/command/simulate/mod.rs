//! `satkit simulate`: what a training step costs, and why.

mod arguments;
mod figures;
mod program;
mod rows;
mod subject;
mod trace;

pub(crate) use arguments::{SimulateArguments, StepArguments};
pub(crate) use rows::{Rows, time_step};
pub(crate) use subject::Subject;

use crate::output;
use figures::{Figures, Summary};
use satkit_host::step::StepSettings;
use satkit_plan::step::StepReport;
use satkit_spec::{Method, Sparsity};
use trace::Trace;

pub(crate) fn run(arguments: &SimulateArguments) -> anyhow::Result<()> {
    for (option, path) in [("--csv", &arguments.csv), ("--trace", &arguments.trace)] {
        if let Some(path) = path {
            output::check_writable(option, path)?;
        }
    }
    if let Some(path) = &arguments.program {
        return program::run(path, arguments);
    }
    let subject = Subject::new(&arguments.step)?;
    let memory = arguments.dram.unwrap_or_default();
    let (work, notes) = subject.work(&subject.settings)?;
    for note in notes {
        output::note(format_args!("note: {note}"));
    }
    let step = subject.compile(&work)?;
    let mut trace = arguments.trace.as_ref().map(|_| Trace::new(&subject.array, &step.program));
    let (csv, print) = (arguments.csv.as_deref(), !arguments.json);
    let rows = Rows::new(&step, &subject.array, csv, print, arguments.explain)?;
    let report = time_step(&subject.array, &step, &memory, rows, trace.as_mut())?;
    if let (Some(trace), Some(path)) = (&trace, &arguments.trace) {
        trace.write(path)?;
    }
    let dense = match arguments.compare {
        Some(_) => Some(dense_report(&subject, &memory)?),
        None => None,
    };
    let summary = Summary {
        subject: &subject,
        memory: &memory,
        host: &work.host,
        figures: Figures::of(&report),
        dense: dense.as_ref().map(Figures::of),
        report: &report,
    };
    if arguments.json {
        return Ok(output::json(&summary.json())?);
    }
    Ok(output::line(summary.table())?)
}

/// The same step without pruning.
fn dense_report(
    subject: &Subject,
    memory: &satkit_memory::MemoryModel,
) -> anyhow::Result<StepReport> {
    let settings =
        StepSettings { method: Method::Dense, sparsity: Sparsity::DENSE, ..subject.settings };
    let (work, _) = subject.work(&settings)?;
    let step = subject.compile(&work)?;
    let rows = Rows::silent(&step, &subject.array);
    time_step(&subject.array, &step, memory, rows, None)
}
