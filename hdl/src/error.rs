//! What cannot be built.

use satkit_spec::SpecError;

/// Why there is no RTL of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HdlError {
    /// The configuration is impossible.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The RTL does not have what the configuration asks for.
    #[error("array {array}: no RTL for {what} {given}; accepted: {accepted}")]
    Unbuildable {
        /// Name of the configuration.
        array: String,
        /// What of it.
        what: &'static str,
        /// Its value.
        given: String,
        /// What the RTL has.
        accepted: String,
    },
    /// The system gives no thread to generate Verilog on.
    #[error(
        "no thread with a stack of {} MiB, which Verilog is generated on: {reason}; allow the process more memory (ulimit -v)",
        bytes >> 20
    )]
    Stack {
        /// Bytes of the stack.
        bytes: usize,
        /// What the system says.
        reason: String,
    },
}
