//! How far a run is, and who is told.

use super::LossScaleState;
use crate::backend::StepCycles;
use std::path::Path;

/// One finished epoch, or the part of one at the end of a run of so many steps.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct EpochRecord {
    /// Number of the epoch, from 1.
    pub epoch: u64,
    /// Steps since the start of the run.
    pub steps: u64,
    /// Mean loss over the epoch's steps.
    pub train_loss: f64,
    /// Share of the epoch's images whose class was predicted, each before its own update. 0 to 1.
    pub train_accuracy: f64,
    /// Share of the test images whose class was predicted. 0 to 1.
    pub test_accuracy: f64,
    /// Learning rate of the epoch's last step.
    pub learning_rate: f32,
    /// Simulated cycles since the start of the run.
    pub cycles: StepCycles,
}

/// How far a run is: everything but the model that the next step depends on. The order of an epoch's images
/// follows from the seed and the epoch's number, so there is no state of a generator.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Epochs done.
    pub epoch: u64,
    /// Batches done of the current epoch.
    pub batch: u64,
    /// Sum of the current epoch's losses.
    pub loss_sum: f64,
    /// Correct predictions in the current epoch.
    pub correct: u64,
    /// Steps of the run whose update was left out because a gradient was not finite.
    pub skipped_steps: u64,
    /// Loss scale of the next step.
    pub loss_scale: LossScaleState,
    /// Simulated cycles of all steps.
    pub cycles: StepCycles,
    /// Epochs done, one by one.
    pub history: Vec<EpochRecord>,
}

impl Progress {
    /// The start of a run.
    #[must_use]
    pub fn start(loss_scale: LossScaleState) -> Self {
        Self {
            step: 0,
            epoch: 0,
            batch: 0,
            loss_sum: 0.0,
            correct: 0,
            skipped_steps: 0,
            loss_scale,
            cycles: StepCycles::default(),
            history: Vec::new(),
        }
    }

    /// Mean loss of the current epoch so far.
    #[must_use]
    pub fn train_loss(&self) -> f64 {
        self.loss_sum / self.batch.max(1) as f64
    }
}

/// A step was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepEvent {
    /// Number of the step, from 1.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Number of the epoch, from 1.
    pub epoch: u64,
    /// Loss of the step's batch.
    pub loss: f32,
    /// Mean loss of the epoch so far.
    pub train_loss: f64,
    /// Share of the epoch's images so far whose class was predicted. 0 to 1.
    pub train_accuracy: f64,
    /// Learning rate of the step.
    pub learning_rate: f32,
    /// Loss scale of the step.
    pub loss_scale: f32,
    /// True if the update was left out because a gradient was not finite.
    pub skipped: bool,
    /// Simulated cycles of the step.
    pub cycles: StepCycles,
    /// Simulated cycles of all steps so far.
    pub cycles_so_far: StepCycles,
}

/// Who is told of a run's events. Every method does nothing unless it is written.
pub trait Observer {
    /// A step was done.
    fn step(&mut self, _event: &StepEvent) {}

    /// An epoch was done and evaluated.
    fn epoch(&mut self, _record: &EpochRecord) {}

    /// A checkpoint was written to this file.
    fn saved(&mut self, _file: &Path) {}
}

/// An observer that says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainReport {
    /// True if the stop flag ended the run; resuming its checkpoint goes on to the same bits.
    pub interrupted: bool,
    /// Steps done.
    pub steps: u64,
    /// Epochs begun.
    pub epochs: u64,
    /// Steps whose update was left out because a gradient was not finite.
    pub skipped_steps: u64,
    /// Mean loss of the last epoch, or of what was done of it.
    pub train_loss: f64,
    /// Share of the test images whose class was predicted, after the last finished epoch. 0 to 1.
    pub test_accuracy: Option<f64>,
    /// Simulated cycles of all steps.
    pub cycles: StepCycles,
    /// Finished epochs, one by one.
    pub history: Vec<EpochRecord>,
}

impl TrainReport {
    pub(super) fn new(progress: &Progress, interrupted: bool) -> Self {
        let last = progress.history.last();
        Self {
            interrupted,
            steps: progress.step,
            epochs: progress.epoch + u64::from(progress.batch > 0),
            skipped_steps: progress.skipped_steps,
            train_loss: match last {
                Some(record) if progress.batch == 0 => record.train_loss,
                _ => progress.train_loss(),
            },
            test_accuracy: last.map(|record| record.test_accuracy),
            cycles: progress.cycles,
            history: progress.history.clone(),
        }
    }
}
