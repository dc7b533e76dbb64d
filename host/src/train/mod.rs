//! The training loop: momentum SGD over shuffled batches, with evaluation after each epoch.

mod backward;
mod evaluate;
mod forward;
mod loss_scale;
mod machine;
mod progress;
mod settings;
mod trainer;

pub use evaluate::{Evaluation, evaluate};
pub(crate) use forward::patches;
pub use loss_scale::{LossScale, LossScaleState};
pub(crate) use machine::check_loss;
pub use machine::{Batch, Operations, StepMachine, StepOrder, StepOutput};
pub use progress::{EpochRecord, Observer, Progress, Silent, StepEvent, TrainReport};
pub use settings::{RunLength, Schedule, TrainSettings};
pub use trainer::Trainer;
