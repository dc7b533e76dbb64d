//! The one error of this crate.

/// Why a memory cannot be built or its text not be read. Each message names the value and what is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// A model of another name.
    #[error("memory model {given:?} is unknown; accepted: {accepted}")]
    Name {
        /// What was given.
        given: String,
        /// The accepted names.
        accepted: String,
    },
    /// A parameter that is not `key=value`.
    #[error(
        "parameter {given:?} of memory model {model} is not written key=value; accepted keys: {accepted}"
    )]
    Pair {
        /// Name of the model.
        model: &'static str,
        /// What was given.
        given: String,
        /// The accepted keys.
        accepted: String,
    },
    /// A key that the model does not have.
    #[error("memory model {model} has no parameter {given:?}; accepted keys: {accepted}")]
    Key {
        /// Name of the model.
        model: &'static str,
        /// What was given.
        given: String,
        /// The accepted keys.
        accepted: String,
    },
    /// A key given twice.
    #[error("parameter {key} of memory model {model} is given twice; accepted: once")]
    Duplicate {
        /// Name of the model.
        model: &'static str,
        /// The key.
        key: &'static str,
    },
    /// A value that is no number, or out of range.
    #[error("parameter {key} of memory model {model} is {given:?}; accepted: {accepted}")]
    Value {
        /// Name of the model.
        model: &'static str,
        /// The key.
        key: &'static str,
        /// What was given.
        given: String,
        /// The accepted values with their unit.
        accepted: String,
    },
    /// Ports that the model cannot serve.
    #[error("memory with {given} {what} is not possible; accepted: {accepted}")]
    Ports {
        /// What is counted.
        what: &'static str,
        /// What was given.
        given: u64,
        /// The accepted values.
        accepted: String,
    },
}
