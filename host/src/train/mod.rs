//! The training loop: momentum SGD over shuffled batches, with evaluation after each epoch.

mod backward;
mod evaluate;
mod forward;
mod loss_scale;
mod progress;
mod settings;
mod trainer;

pub use evaluate::{Evaluation, evaluate};
pub use loss_scale::{LossScale, LossScaleState};
pub use progress::{EpochRecord, Observer, Progress, Silent, StepEvent, TrainReport};
pub use settings::{RunLength, Schedule, TrainSettings};
pub use trainer::Trainer;
