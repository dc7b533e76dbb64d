//! The one error of this crate.

use crate::backend::BackendError;
use crate::session::SessionError;
use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be built, loaded, trained or saved. Each message names the value and what would be
/// accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// A card failed.
    #[error("{what}: {source}")]
    Card {
        /// What was done with it.
        what: &'static str,
        /// Why it failed.
        source: SessionError,
    },
    /// A simulated card took other cycles than the model says.
    #[error(
        "{what} took {card} cycles on the card, {model} by the model: was the card started with another memory model?"
    )]
    Cycles {
        /// The work, such as `step 3`.
        what: String,
        /// What the card says.
        card: u64,
        /// What the model says.
        model: u64,
    },
    /// A network that cannot be built.
    #[error("network {network:?}: {reason}")]
    Network {
        /// Name of the network.
        network: String,
        /// What is wrong and what would be accepted.
        reason: String,
    },
    /// A shape, method or sparsity that does not exist.
    #[error(transparent)]
    Spec(#[from] satkit_spec::SpecError),
    /// A stage that cannot be planned.
    #[error(transparent)]
    Plan(#[from] satkit_plan::PlanError),
    /// A training setting that means nothing.
    #[error("{setting} {given} is not possible; accepted: {accepted}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// What was given.
        given: String,
        /// What would be accepted.
        accepted: String,
    },
    /// A data file that is not what it should be.
    #[error("{}: {reason}", path.display())]
    Data {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong and what would be accepted.
        reason: String,
    },
    /// A layer table that cannot be read.
    #[error("{}: {source}", path.display())]
    Topology {
        /// The file.
        path: PathBuf,
        /// What is wrong and what would be accepted.
        source: crate::topology::TopologyError,
    },
    /// Data and a network that do not belong together.
    #[error("data {data} does not fit network {network}: {reason}")]
    Fit {
        /// The data's name.
        data: String,
        /// The network's name.
        network: String,
        /// What disagrees and what would be accepted.
        reason: String,
    },
    /// A checkpoint that cannot be used.
    #[error("checkpoint {}: {reason}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The reason of the operating system.
        source: io::Error,
    },
    /// The backend refused an operation.
    #[error("{operation}: {source}")]
    Backend {
        /// Layer or operation of the network.
        operation: String,
        /// The backend's own error.
        source: BackendError,
    },
    /// The loss left the numbers.
    #[error(
        "the loss became {loss} in step {step}: training has diverged; try a learning rate below {learning_rate}, \
         or a loss scale below {loss_scale}"
    )]
    NonFiniteLoss {
        /// Steps that were finished before.
        step: u64,
        /// The loss.
        loss: f32,
        /// Learning rate of the step.
        learning_rate: f32,
        /// Loss scale of the step.
        loss_scale: f32,
    },
}

impl HostError {
    /// True if the user's input is at fault (options, data, checkpoints), false if the run itself failed.
    #[must_use]
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Network { .. }
            | Self::Spec(_)
            | Self::Plan(_)
            | Self::Setting { .. }
            | Self::Data { .. }
            | Self::Topology { .. }
            | Self::Fit { .. }
            | Self::Checkpoint { .. } => true,
            // A file that cannot be read is the wrong file; one that cannot be written is a failed run.
            Self::Io { action, .. } => *action == READ,
            Self::Backend { .. }
            | Self::NonFiniteLoss { .. }
            | Self::Card { .. }
            | Self::Cycles { .. } => false,
        }
    }

    /// For `map_err`: a card failed while `what` was done with it.
    pub(crate) fn card<E: Into<SessionError>>(what: &'static str) -> impl Fn(E) -> Self {
        move |source| Self::Card { what, source: source.into() }
    }

    pub(crate) fn data(path: &Path, reason: impl Into<String>) -> Self {
        Self::Data { path: path.into(), reason: reason.into() }
    }

    pub(crate) fn checkpoint(path: &Path, reason: impl Into<String>) -> Self {
        Self::Checkpoint { path: path.into(), reason: reason.into() }
    }

    pub(crate) fn setting(
        setting: &'static str,
        given: impl ToString,
        accepted: impl Into<String>,
    ) -> Self {
        Self::Setting { setting, given: given.to_string(), accepted: accepted.into() }
    }

    /// For `map_err`: the operating system refused `action` on `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// For `map_err`: the backend refused `operation`.
    pub(crate) fn backend(operation: &str) -> impl FnOnce(BackendError) -> Self {
        move |source| Self::Backend { operation: operation.into(), source }
    }
}

/// The action of reading a file.
pub(crate) const READ: &str = "read";
