//! The CSV file: a row per step, written as it happens.

use crate::CliError;
use satkit_host::train::{EpochRecord, StepEvent};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A row. `test_accuracy` is there in the last step of an epoch.
#[derive(serde::Serialize, serde::Deserialize)]
struct Row {
    run: String,
    step: u64,
    epoch: u64,
    loss: f32,
    train_loss: f64,
    train_accuracy: f64,
    test_accuracy: Option<f64>,
    learning_rate: f32,
    loss_scale: f32,
    skipped: bool,
    cycles_ff: u64,
    cycles_bp: u64,
    cycles_wu: u64,
    cycles_other: u64,
    cycles_total: u64,
}

/// The file under way.
pub(super) struct Rows {
    path: PathBuf,
    writer: csv::Writer<File>,
    /// The last step's row, which may still get its epoch's test accuracy.
    pending: Option<Row>,
}

impl Rows {
    /// Opens the file. Of the rows that are there, those of the first steps of each run in `kept` stay: they are what
    /// was done before the checkpoint that is resumed.
    ///
    /// # Errors
    /// [`CliError::Write`] if it cannot be written, [`CliError::Input`] if rows should be kept and are not ours.
    pub(super) fn open(path: &Path, kept: &[(String, u64)]) -> Result<Self, CliError> {
        let failed = |source| CliError::Write { path: path.into(), source };
        let before = if kept.iter().any(|(_, steps)| *steps > 0) && path.exists() {
            read(path)?
        } else {
            Vec::new()
        };
        let writer = csv::Writer::from_writer(File::create(path).map_err(failed)?);
        let mut rows = Self { path: path.into(), writer, pending: None };
        for row in before {
            if kept.iter().any(|(run, steps)| *run == row.run && row.step <= *steps) {
                rows.write(&row)?;
            }
        }
        rows.flush()?;
        Ok(rows)
    }

    /// Notes a step of the run `run`.
    ///
    /// # Errors
    /// [`CliError::Write`].
    pub(super) fn step(&mut self, run: &str, event: &StepEvent) -> Result<(), CliError> {
        self.settle()?;
        let cycles = event.cycles;
        self.pending = Some(Row {
            run: run.into(),
            step: event.step,
            epoch: event.epoch,
            loss: event.loss,
            train_loss: event.train_loss,
            train_accuracy: event.train_accuracy,
            test_accuracy: None,
            learning_rate: event.learning_rate,
            loss_scale: event.loss_scale,
            skipped: event.skipped,
            cycles_ff: cycles.ff,
            cycles_bp: cycles.bp,
            cycles_wu: cycles.wu,
            cycles_other: cycles.other(),
            cycles_total: cycles.total(),
        });
        Ok(())
    }

    /// Notes the end of an epoch.
    ///
    /// # Errors
    /// [`CliError::Write`].
    pub(super) fn epoch(&mut self, record: &EpochRecord) -> Result<(), CliError> {
        if let Some(row) = &mut self.pending {
            row.test_accuracy = Some(record.test_accuracy);
        }
        self.flush()
    }

    /// Writes everything that is known.
    ///
    /// # Errors
    /// [`CliError::Write`].
    pub(super) fn flush(&mut self) -> Result<(), CliError> {
        self.settle()?;
        self.writer.flush().map_err(|source| CliError::Write { path: self.path.clone(), source })
    }

    fn settle(&mut self) -> Result<(), CliError> {
        self.pending.take().map_or(Ok(()), |row| self.write(&row))
    }

    fn write(&mut self, row: &Row) -> Result<(), CliError> {
        self.writer.serialize(row).map_err(|error| CliError::Write {
            path: self.path.clone(),
            source: io::Error::other(error),
        })
    }
}

fn read(path: &Path) -> Result<Vec<Row>, CliError> {
    let refuse = |error: csv::Error| CliError::Input {
        path: path.into(),
        reason: format!(
            "the rows of the run that is resumed cannot be read ({error}); name another file"
        ),
    };
    let rows = csv::Reader::from_path(path).map_err(refuse)?.into_deserialize();
    rows.collect::<Result<_, _>>().map_err(refuse)
}
