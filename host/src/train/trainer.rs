//! One training run.

use super::evaluate::count_correct;
use super::machine::{Batch, StepMachine, StepOrder};
use super::{EpochRecord, LossScale, Observer, Progress, StepEvent, TrainReport, TrainSettings};
use crate::HostError;
use crate::backend::SgdStep;
use crate::checkpoint::{Checkpoint, DataIdentity};
use crate::data::Dataset;
use crate::network::{ModelState, Network};
use crate::random::{Purpose, Random};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// A training run: a network, its state, data, and the machine that computes.
///
/// Each epoch takes the training images in a new random order, in batches of equal size. Images that do not
/// fill the last batch are left out of that epoch, so that every step has the same shapes and costs the same cycles;
/// the order changes, so other images are left out the next time.
#[derive(Debug)]
pub struct Trainer<'a, B> {
    machine: B,
    network: &'a Network,
    data: &'a Dataset,
    identity: DataIdentity,
    settings: TrainSettings,
    state: ModelState,
    progress: Progress,
    /// Images of the epoch of that number, in order.
    order: (u64, Vec<usize>),
}

impl<'a, B: StepMachine> Trainer<'a, B> {
    /// A new run, from the initial state for the settings' seed. `machine` is built for their method and
    /// sparsity.
    ///
    /// # Errors
    /// [`HostError::Setting`] for a setting that is not possible or a batch larger than the training set,
    /// [`HostError::Fit`] if data and network do not belong together.
    pub fn new(
        network: &'a Network,
        data: &'a Dataset,
        settings: TrainSettings,
        mut machine: B,
    ) -> Result<Self, HostError> {
        settings.check()?;
        data.check_fits(network)?;
        let images = data.train().len();
        if settings.batch > images {
            let accepted = format!("1 to {images}, the images to train on");
            return Err(HostError::setting("batch", settings.batch, accepted));
        }
        machine.prepare(network, &settings)?;
        let state = ModelState::initial(network, settings.seed);
        machine.load(&state)?;
        Ok(Self {
            machine,
            network,
            data,
            identity: DataIdentity::of(data),
            settings,
            state,
            progress: Progress::start(settings.loss_scale.start()),
            order: (u64::MAX, Vec::new()),
        })
    }

    /// A run that goes on where `checkpoint` was written, to the same bits as if it had not stopped there.
    ///
    /// # Errors
    /// Those of [`Trainer::new`]; [`HostError::Checkpoint`] if it was written by another contract, or with another network or
    /// other data.
    pub fn resume(
        network: &'a Network,
        data: &'a Dataset,
        checkpoint: Checkpoint,
        machine: B,
    ) -> Result<Self, HostError> {
        checkpoint.check_resumable(network, data)?;
        let mut trainer = Self::new(network, data, checkpoint.settings, machine)?;
        checkpoint.check_progress(trainer.steps_per_epoch(), trainer.steps())?;
        trainer.state = checkpoint.state;
        trainer.machine.load(&trainer.state)?;
        trainer.progress = checkpoint.progress;
        Ok(trainer)
    }

    /// Steps of one epoch.
    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        (self.data.train().len() / self.settings.batch) as u64
    }

    /// Steps of the whole run.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.settings.length.steps(self.steps_per_epoch())
    }

    /// How far the run is.
    #[must_use]
    pub const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// What the network has learnt, as of the last end of [`Trainer::run`] or save.
    #[must_use]
    pub const fn state(&self) -> &ModelState {
        &self.state
    }

    /// The machine.
    #[must_use]
    pub const fn machine(&self) -> &B {
        &self.machine
    }

    /// Everything that a later run needs to go on.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint::new(
            self.network,
            self.identity.clone(),
            self.settings,
            self.progress.clone(),
            self.state.clone(),
        )
    }

    /// Runs to the end, or until `stop` is set: the flag is looked at after each step. With a `checkpoint` directory the
    /// run is saved there after each epoch and when it ends or stops.
    ///
    /// # Errors
    /// [`HostError::NonFiniteLoss`] if training diverges, [`HostError::Backend`] if the backend refuses an operation,
    /// [`HostError::Io`] if a checkpoint cannot be written. What was saved before stays.
    pub fn run(
        &mut self,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
        checkpoint: Option<&Path>,
    ) -> Result<TrainReport, HostError> {
        let (steps, steps_per_epoch) = (self.steps(), self.steps_per_epoch());
        loop {
            let Progress { step, batch, .. } = self.progress;
            let interrupted = if batch > 0 && (batch == steps_per_epoch || step == steps) {
                // Evaluating a large test set takes long, so it can be stopped too: the epoch stays open.
                !self.close_epoch(observer, stop)?
            } else if step < steps {
                let event = self.step()?;
                observer.step(&event);
                stop.load(Ordering::Relaxed)
            } else {
                return Ok(TrainReport::new(&self.progress, false));
            };
            if interrupted || self.progress.batch == 0 {
                self.machine.read(&mut self.state)?;
            }
            if (interrupted || self.progress.batch == 0)
                && let Some(directory) = checkpoint
            {
                observer.saved(&self.checkpoint().save(directory)?);
            }
            if interrupted {
                return Ok(TrainReport::new(&self.progress, true));
            }
        }
    }

    /// One step: forward, loss, backward, update.
    fn step(&mut self) -> Result<StepEvent, HostError> {
        let (step, steps) = (self.progress.step, self.steps());
        let learning_rate = self.settings.learning_rate_at(step, steps);
        let loss_scale = self.progress.loss_scale.scale;
        let batch = self.batch(self.progress.batch)?;
        let is_last = step + 1 == steps || self.progress.batch + 1 == self.steps_per_epoch();
        let next = if is_last { None } else { Some(self.batch(self.progress.batch + 1)?) };
        let labels = batch.labels.clone();
        let Self { machine, state, settings, .. } = self;
        let guarded = settings.loss_scale == LossScale::Dynamic;
        let numbers = SgdStep {
            learning_rate,
            momentum: settings.momentum,
            weight_decay: settings.weight_decay,
            lambda: settings.lambda,
            loss_scale,
        };
        let order = StepOrder { step, batch, next, numbers, guarded };
        let output = machine.step(state, order)?;
        let (loss, apply, cycles) = (output.loss, output.applied, output.cycles);
        if guarded {
            self.progress.loss_scale.note(apply);
        }

        let progress = &mut self.progress;
        progress.step += 1;
        progress.batch += 1;
        progress.loss_sum += f64::from(loss);
        progress.correct += count_correct(&output.predicted, &labels);
        progress.skipped_steps += u64::from(!apply);
        progress.cycles = progress.cycles.plus(&cycles);
        Ok(StepEvent {
            step: progress.step,
            steps,
            epoch: self.progress.epoch + 1,
            loss,
            train_loss: self.progress.train_loss(),
            train_accuracy: self.train_accuracy(),
            learning_rate,
            loss_scale,
            skipped: !apply,
            cycles,
            cycles_so_far: self.progress.cycles,
        })
    }

    /// The images of a batch of this epoch, in the epoch's order.
    fn batch(&mut self, index: u64) -> Result<Batch, HostError> {
        let Self { settings, progress, data, .. } = self;
        if self.order.0 != progress.epoch {
            let purpose = Purpose::Shuffle(progress.epoch);
            let order = Random::new(settings.seed, purpose).permutation(data.train().len());
            self.order = (progress.epoch, order);
        }
        let first = index as usize * settings.batch;
        let (x, labels) = data.train().batch(&self.order.1[first..first + settings.batch])?;
        Ok(Batch { x, labels })
    }

    /// Share of the epoch's images so far whose class was predicted.
    fn train_accuracy(&self) -> f64 {
        let images = self.progress.batch.max(1) * self.settings.batch as u64;
        self.progress.correct as f64 / images as f64
    }

    /// Evaluates and records an epoch whose steps are done. False if `stop` ended the evaluation.
    fn close_epoch(
        &mut self,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<bool, HostError> {
        let (test, batch) = (self.data.test(), self.settings.batch);
        let evaluation = self.machine.evaluate(&self.state, test, batch, stop)?;
        let Some(evaluation) = evaluation else { return Ok(false) };
        let record = EpochRecord {
            epoch: self.progress.epoch + 1,
            steps: self.progress.step,
            train_loss: self.progress.train_loss(),
            train_accuracy: self.train_accuracy(),
            test_accuracy: evaluation.accuracy,
            learning_rate: self.settings.learning_rate_at(self.progress.step - 1, self.steps()),
            cycles: self.progress.cycles,
        };
        observer.epoch(&record);
        let progress = &mut self.progress;
        progress.history.push(record);
        progress.epoch += 1;
        progress.batch = 0;
        progress.loss_sum = 0.0;
        progress.correct = 0;
        Ok(true)
    }
}
