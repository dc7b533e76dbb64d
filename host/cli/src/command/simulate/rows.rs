//! A row per stage of a layer, printed and written as it is known.

use super::trace::Trace;
use crate::output::{self, thousands};
use crate::{CliError, interrupt};
use indicatif::ProgressBar;
use satkit_memory::MemoryModel;
use satkit_plan::step::{Step, StepReport, StepRow};
use satkit_plan::{Observer, Retired, SectionTiming, time_with};
use satkit_spec::ArrayConfig;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Widths of the columns of the running table; the first is as wide as the step's names, within limits.
const WIDTHS: [usize; 9] = [0, 11, 4, 7, 13, 7, 7, 7, 11];
const NAME_WIDTHS: std::ops::RangeInclusive<usize> = 10..=40;
const HEADER: [&str; 9] =
    ["layer", "stage", "flow", "Ip x Iq", "cycles", "util", "read", "written", "bound"];

/// A row of the CSV file: the JSON row's figures.
#[derive(serde::Serialize)]
struct CsvRow<'a> {
    name: &'a str,
    stage: &'a str,
    dataflow: &'a str,
    ip: Option<usize>,
    iq: Option<usize>,
    cycles: u64,
    span_cycles: u64,
    useful_macs: u64,
    utilization: f64,
    dram_read_bytes: u64,
    dram_write_bytes: u64,
    bound: &'a str,
    mapping: &'a str,
    priced_cycles: Option<u64>,
    runner_up: &'a str,
    runner_up_cycles: Option<u64>,
}

/// Where rows go.
pub(crate) struct Rows<'s> {
    step: &'s Step,
    config: &'s ArrayConfig,
    bar: ProgressBar,
    print: bool,
    explain: bool,
    widths: [usize; 9],
    csv: Option<(PathBuf, csv::Writer<File>)>,
    failure: Option<CliError>,
}

impl<'s> Rows<'s> {
    /// Rows on standard output if `print`, with the reasons of each mapping if `explain`, and in a CSV file.
    ///
    /// # Errors
    /// [`CliError::Write`] if the file cannot be made.
    pub(crate) fn new(
        step: &'s Step,
        config: &'s ArrayConfig,
        csv: Option<&Path>,
        print: bool,
        explain: bool,
    ) -> Result<Self, CliError> {
        let csv = csv
            .map(|path| {
                let failed = |source| CliError::Write { path: path.into(), source };
                let file = File::create(path).map_err(failed)?;
                Ok::<_, CliError>((path.to_owned(), csv::Writer::from_writer(file)))
            })
            .transpose()?;
        let rows = Self { print, explain, csv, ..Self::silent(step, config) };
        if print {
            output::line(format_args!("{} on {}", step.title, config.name))?;
            output::line(rows.line(&HEADER.map(String::from)))?;
        }
        Ok(rows)
    }

    /// Rows that nobody sees.
    pub(crate) fn silent(step: &'s Step, config: &'s ArrayConfig) -> Self {
        let bar = output::progress_bar(step.program.instructions().len() as u64, "simulating");
        let names = step.program.sections().iter().map(|section| section.name.chars().count());
        let longest = names.max().unwrap_or(0);
        let mut widths = WIDTHS;
        widths[0] = longest.clamp(*NAME_WIDTHS.start(), *NAME_WIDTHS.end());
        let (print, explain) = (false, false);
        Self { step, config, bar, print, explain, widths, csv: None, failure: None }
    }

    /// Cells in a line: the first three on the left, numbers on the right.
    fn line(&self, cells: &[String; 9]) -> String {
        let mut text = String::new();
        for (index, (cell, width)) in cells.iter().zip(self.widths).enumerate() {
            let cell = if index < 3 || index == 8 {
                format!("{cell:<width$}  ")
            } else {
                format!("{cell:>width$}  ")
            };
            text.push_str(&cell);
        }
        text.trim_end().to_owned()
    }

    fn row(&mut self, row: &StepRow) -> Result<(), CliError> {
        if let Some((path, writer)) = &mut self.csv {
            let failed = |error: csv::Error| CliError::Write {
                path: path.clone(),
                source: std::io::Error::other(error),
            };
            let (runner_up, runner_up_cycles) =
                row.runner_up.as_ref().map_or(("", None), |(m, cycles)| (&m[..], Some(*cycles)));
            let csv_row = CsvRow {
                name: &row.name,
                stage: row.stage,
                dataflow: row.dataflow.map_or("", |dataflow| dataflow.name()),
                ip: row.ip,
                iq: row.iq,
                cycles: row.cycles,
                span_cycles: row.span_cycles,
                useful_macs: row.useful_macs,
                utilization: row.utilization,
                dram_read_bytes: row.dram_read_bytes,
                dram_write_bytes: row.dram_write_bytes,
                bound: row.bound.name(),
                mapping: row.mapping.as_deref().unwrap_or(""),
                priced_cycles: row.priced_cycles,
                runner_up,
                runner_up_cycles,
            };
            writer.serialize(csv_row).map_err(failed)?;
            writer.flush().map_err(|source| CliError::Write { path: path.clone(), source })?;
        }
        if self.print {
            let mut text = self.line(&cells(row));
            if self.explain
                && let Some(reason) = reason(row)
            {
                text = format!("{text}\n{reason}");
            }
            self.bar.suspend(|| output::line(text))?;
        }
        Ok(())
    }
}

fn cells(row: &StepRow) -> [String; 9] {
    let interleave = match (row.ip, row.iq) {
        (Some(ip), Some(iq)) => format!("{ip} x {iq}"),
        _ => "-".into(),
    };
    let utilization =
        if row.useful_macs == 0 { "-".into() } else { format!("{:.1} %", 100.0 * row.utilization) };
    [
        row.name.clone(),
        row.stage.into(),
        row.dataflow.map_or("-", |dataflow| dataflow.name()).into(),
        interleave,
        if row.cycles == 0 { "hidden".into() } else { thousands(row.cycles) },
        utilization,
        output::bytes(row.dram_read_bytes),
        output::bytes(row.dram_write_bytes),
        row.bound.name().into(),
    ]
}

/// Why the row's mapping was chosen, if it has one.
fn reason(row: &StepRow) -> Option<String> {
    let (mapping, priced) = (row.mapping.as_ref()?, row.priced_cycles?);
    let next = match &row.runner_up {
        None => "the only one that fits".to_owned(),
        Some((next, cycles)) => {
            let percent = 100.0 * (*cycles as f64 / priced.max(1) as f64 - 1.0);
            if *cycles < priced {
                // The scheduler gives away what a first load costs, and half a percent, for fewer bytes.
                format!("next {next}: {:.1} % faster, but with more traffic", -percent)
            } else {
                format!("next {next}: {percent:.1} % slower")
            }
        }
    };
    Some(format!("    {mapping}: {} cycles in the search; {next}", thousands(priced)))
}

struct Watch<'r, 's, 't> {
    rows: &'r mut Rows<'s>,
    trace: Option<&'t mut Trace<'s>>,
    retired: u64,
    stop: &'static AtomicBool,
}

impl Observer for Watch<'_, '_, '_> {
    fn retired(&mut self, retired: &Retired) {
        self.retired += 1;
        if self.retired.is_multiple_of(4096) {
            self.rows.bar.set_position(self.retired);
        }
        if let Some(trace) = &mut self.trace {
            trace.retired(retired);
        }
    }

    fn section(&mut self, index: usize, timing: &SectionTiming) {
        let row = StepRow::of(self.rows.config, self.rows.step, timing, index);
        if let Err(error) = self.rows.row(&row) {
            self.rows.failure.get_or_insert(error);
        }
    }

    fn stops(&self) -> bool {
        // A reader that is gone needs no further rows.
        self.rows.failure.is_some() || self.stop.load(Ordering::Relaxed)
    }
}

/// Times a step; rows appear as its sections end.
///
/// # Errors
/// Those of the timing and of writing rows; [`CliError::Interrupted`] after Ctrl-C.
pub(crate) fn time_step<'s>(
    config: &'s ArrayConfig,
    step: &'s Step,
    memory: &MemoryModel,
    mut rows: Rows<'s>,
    trace: Option<&mut Trace<'s>>,
) -> anyhow::Result<StepReport> {
    let stop = interrupt::stop_flag();
    let mut watch = Watch { rows: &mut rows, trace, retired: 0, stop };
    let timing = time_with(config, &step.program, memory, &mut watch);
    rows.bar.finish_and_clear();
    if let Some(failure) = rows.failure {
        return Err(failure.into());
    }
    if stop.load(Ordering::Relaxed) {
        return Err(CliError::Interrupted(" while simulating".into()).into());
    }
    Ok(StepReport::new(config, step, &timing?))
}
