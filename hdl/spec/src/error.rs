//! The one error of this crate.

/// Why a configuration, shape, sparsity or instruction is impossible.
///
/// Each message names the value and what would be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// An N:M sparsity that the accelerator cannot run.
    #[error(
        "sparsity {given:?} is not possible: {reason}; accepted: `dense` or N:M with M in 1, 2, 4, 8, 16 and 1 <= N <= M, such as 2:8"
    )]
    Sparsity {
        /// What was given.
        given: String,
        /// Why it is refused.
        reason: String,
    },
    /// A layer shape without a meaning.
    #[error("layer shape is not possible: {0}")]
    Shape(String),
    /// An array configuration that cannot be built.
    #[error("array configuration {name:?} is not possible: {reason}")]
    Array {
        /// Name of the configuration.
        name: String,
        /// Why it is refused.
        reason: String,
    },
    /// A name that is not one of a list.
    #[error("{what} {given:?} is unknown; accepted: {accepted}")]
    Name {
        /// What kind of name.
        what: &'static str,
        /// What was given.
        given: String,
        /// The accepted names.
        accepted: String,
    },
    /// A field whose value does not fit its bits.
    #[error("instruction {mnemonic}: field {field} is {value}, but holds at most {max}")]
    FieldOverflow {
        /// Mnemonic of the instruction.
        mnemonic: &'static str,
        /// Name of the field.
        field: &'static str,
        /// The value that does not fit.
        value: u64,
        /// The largest value that does.
        max: u64,
    },
    /// A word that is no instruction.
    #[error("instruction word has the unknown opcode {0:#04x}")]
    UnknownOpcode(u8),
    /// A word with bits set outside its instruction's fields.
    #[error("instruction {mnemonic}: bit {bit} is set, but belongs to no field")]
    ReservedBit {
        /// Mnemonic of the instruction.
        mnemonic: &'static str,
        /// Lowest offending bit.
        bit: u32,
    },
    /// A field value inside its bits that means nothing.
    #[error("instruction {mnemonic}: field {field} has the meaningless value {value}")]
    FieldValue {
        /// Mnemonic of the instruction.
        mnemonic: &'static str,
        /// Name of the field.
        field: &'static str,
        /// The value.
        value: u64,
    },
}
