//! What can go wrong.

use satkit_hdl::HdlError;
use std::io;
use std::path::PathBuf;

/// Why there is no model, or why it cannot be driven so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RtlError {
    /// The configuration has no RTL.
    #[error(transparent)]
    Hdl(#[from] HdlError),
    /// The model is not part of this binary, and cannot be made.
    #[error("{reason}; to simulate the RTL, {}", crate::verilate::INSTALL)]
    NoVerilator {
        /// What is missing, or what forbids it.
        reason: String,
    },
    /// Verilator or the C++ compiler failed.
    #[error("{program} failed on the RTL of {top}:\n{output}")]
    Tool {
        /// The program.
        program: String,
        /// The design.
        top: String,
        /// The end of what it printed.
        output: String,
    },
    /// A file of the cache, or a program that could not be started.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or program.
        path: PathBuf,
        /// The reason of the operating system.
        source: io::Error,
    },
    /// A compiled model that cannot be loaded.
    #[error("{} cannot be loaded: {reason}", path.display())]
    Load {
        /// The shared object.
        path: PathBuf,
        /// What the loader says.
        reason: String,
    },
    /// Waves that cannot be written.
    #[error("waves cannot be written to {}: {reason}", path.display())]
    Waves {
        /// The file.
        path: PathBuf,
        /// What is wrong and what would be accepted.
        reason: String,
    },
    /// A port that the design does not have, or not so.
    #[error("port {name}: {reason}")]
    Port {
        /// What was asked for.
        name: String,
        /// What is wrong and what would be accepted.
        reason: String,
    },
    /// The build was asked to stop.
    #[error("interrupted while the RTL was compiled")]
    Interrupted,
}
