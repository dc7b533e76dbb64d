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
    /// A program that has no timing.
    #[error(transparent)]
    Plan(#[from] satkit_plan::PlanError),
    /// A program that does what the core cannot.
    #[error("instruction {index} ({instruction}): {reason}")]
    Program {
        /// Index in the program.
        index: usize,
        /// The instruction.
        instruction: String,
        /// What is wrong.
        reason: String,
    },
    /// The core and the timing model do not agree: a defect of one of them.
    #[error("the RTL and the timing model differ in {instruction}: {rtl:?}, not {model:?}")]
    Differs {
        /// The instruction.
        instruction: String,
        /// The core's cycles.
        rtl: Box<crate::MmCycles>,
        /// The timing model's.
        model: Box<crate::MmCycles>,
    },
    /// The update unit does not do what the timing model says: a defect of one of them.
    #[error("the RTL's update unit differs: {reason}")]
    Update {
        /// What differs.
        reason: String,
    },
    /// A counter of the core that does not show the work: a defect of the core.
    #[error("the RTL counts {rtl} {counter}, not {expected}")]
    Counter {
        /// What it counts.
        counter: &'static str,
        /// What it has gone up by.
        rtl: u64,
        /// What the program says.
        expected: u64,
    },
    /// Nothing happens any more: a defect of the core.
    #[error("the RTL hangs before instruction {index}")]
    Hangs {
        /// The instruction that does not start or end.
        index: usize,
    },
    /// Outputs or ends that no instruction has: a defect of the core.
    #[error("the RTL went on after its last instruction: {events} more outputs or ends")]
    Surplus {
        /// Values of each column, and what MMs say.
        events: usize,
    },
    /// The build was asked to stop.
    #[error("interrupted while the RTL was compiled")]
    Interrupted,
}
