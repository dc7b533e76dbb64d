//! What a user chooses about a training run.

use super::LossScale;
use crate::HostError;
use satkit_spec::{Method, Sparsity, SpecError};
use std::fmt;
use std::str::FromStr;

/// How the learning rate goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// From the given rate to 0 in half a cosine over all steps (Loshchilov and Hutter, arXiv 1608.03983,
    /// without restarts).
    Cosine,
    /// The given rate.
    Constant,
}

impl Schedule {
    /// All schedules.
    pub const ALL: [Self; 2] = [Self::Cosine, Self::Constant];

    /// The name used on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Constant => "constant",
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Schedule {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        Self::ALL.into_iter().find(|s| s.name() == text).ok_or_else(|| SpecError::Name {
            what: "schedule",
            given: text.into(),
            accepted: Self::ALL.map(Self::name).join(", "),
        })
    }
}

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunLength {
    /// After this many passes over the training images.
    Epochs(u64),
    /// After this many steps, wherever in an epoch that is.
    Steps(u64),
}

impl RunLength {
    /// Longest run, in epochs or steps.
    pub const MAX: u64 = 1 << 40;

    /// Steps of the run. Cannot overflow once checked.
    #[must_use]
    pub const fn steps(self, steps_per_epoch: u64) -> u64 {
        match self {
            Self::Epochs(epochs) => epochs.saturating_mul(steps_per_epoch),
            Self::Steps(steps) => steps,
        }
    }
}

/// A training run's settings. [`TrainSettings::check`] says what is possible.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TrainSettings {
    /// Sparse training method that the backend was built for.
    pub method: Method,
    /// N:M that the backend was built for.
    pub sparsity: Sparsity,
    /// When the run ends.
    pub length: RunLength,
    /// Images per step.
    pub batch: usize,
    /// Learning rate at the start.
    pub learning_rate: f32,
    /// Momentum.
    pub momentum: f32,
    /// Weight decay of the weights of linear and convolution layers.
    pub weight_decay: f32,
    /// srste's decay of pruned weights; other methods do not use it.
    pub lambda: f32,
    /// Factor on the loss that keeps small gradients above FP16's zero.
    pub loss_scale: LossScale,
    /// How the learning rate goes on.
    pub schedule: Schedule,
    /// Seed of the initial parameters and of the order of the images.
    pub seed: u64,
}

impl Default for TrainSettings {
    /// What `satkit train` does without options.
    fn default() -> Self {
        Self {
            method: Method::Bdwp,
            sparsity: Sparsity::TWO_OF_EIGHT,
            length: RunLength::Epochs(20),
            batch: 32,
            learning_rate: 0.05,
            momentum: 0.9,
            weight_decay: 5e-4,
            lambda: 2e-4,
            loss_scale: LossScale::Static(1024.0),
            schedule: Schedule::Cosine,
            seed: 0,
        }
    }
}

impl TrainSettings {
    /// Largest batch.
    pub const MAX_BATCH: usize = 1 << 16;

    /// Checks every setting.
    ///
    /// # Errors
    /// [`HostError::Setting`] naming the first one that is not possible.
    pub fn check(&self) -> Result<(), HostError> {
        let require = |ok: bool, setting, given: &dyn fmt::Display, accepted: &str| {
            if ok { Ok(()) } else { Err(HostError::setting(setting, given, accepted)) }
        };
        let (what, length) = match self.length {
            RunLength::Epochs(epochs) => ("number of epochs", epochs),
            RunLength::Steps(steps) => ("number of steps", steps),
        };
        let possible = (1..=RunLength::MAX).contains(&length);
        require(possible, what, &length, &format!("1 to {}", RunLength::MAX))?;
        let possible = (1..=Self::MAX_BATCH).contains(&self.batch);
        require(possible, "batch", &self.batch, &format!("1 to {}", Self::MAX_BATCH))?;
        let rate = self.learning_rate;
        require(rate.is_finite() && rate > 0.0, "learning rate", &rate, "a number above 0")?;
        let momentum = self.momentum;
        require((0.0..1.0).contains(&momentum), "momentum", &momentum, "0 to below 1")?;
        for (what, value) in [("weight decay", self.weight_decay), ("lambda", self.lambda)] {
            require(value.is_finite() && value >= 0.0, what, &value, "a number of at least 0")?;
        }
        self.loss_scale.check()
    }

    /// Learning rate of the step with this index out of `steps`. In FP64 by a fixed `cos`, so that it is the same
    /// on every machine, then rounded to FP32.
    #[must_use]
    pub fn learning_rate_at(&self, step: u64, steps: u64) -> f32 {
        match self.schedule {
            Schedule::Constant => self.learning_rate,
            Schedule::Cosine => {
                let done = step as f64 / steps.max(1) as f64;
                let factor = 0.5 * (1.0 + libm::cos(std::f64::consts::PI * done));
                (f64::from(self.learning_rate) * factor) as f32
            }
        }
    }
}
