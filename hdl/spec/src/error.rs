//! The one error of this crate.

/// Why a configuration, shape, sparsity, name or instruction is refused.
///
/// Each message names what was given and, where there is a choice, what would be accepted; messages are for people, the
/// variants for code.
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
    /// A layer shape that means nothing or is beyond the limits of [`ConvShape`](crate::ConvShape); the text says which
    /// dimension, and why.
    #[error("layer shape is not possible: {0}")]
    Shape(String),
    /// An array configuration that cannot be built, or that is too small for what is asked of it.
    #[error("array configuration {name:?} is not possible: {reason}")]
    Array {
        /// Name of the configuration.
        name: String,
        /// Why it is refused, and what would be accepted.
        reason: String,
    },
    /// A name that is not in its list.
    #[error("{what} {given:?} is unknown; accepted: {accepted}")]
    Name {
        /// What it should name, such as `method`.
        what: &'static str,
        /// What was given.
        given: String,
        /// The accepted names, joined by commas.
        accepted: String,
    },
    /// Encoding: a value does not fit the bits of its field.
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
    /// Decoding: the opcode, which is held here, is that of no instruction.
    #[error("instruction word has the unknown opcode {0:#04x}")]
    UnknownOpcode(u8),
    /// Decoding: a bit above the instruction's fields is set.
    #[error("instruction {mnemonic}: bit {bit} is set, but belongs to no field")]
    ReservedBit {
        /// Mnemonic of the instruction.
        mnemonic: &'static str,
        /// The lowest such bit of the word.
        bit: u32,
    },
    /// Decoding: the bits of a field stand for no value, such as a stage or a semaphore that does not exist.
    #[error("instruction {mnemonic}: field {field} has the meaningless value {value}")]
    FieldValue {
        /// Mnemonic of the instruction.
        mnemonic: &'static str,
        /// Name of the field; `wait` or `post` in the header.
        field: &'static str,
        /// The value of its bits.
        value: u64,
    },
    /// Text that is no instruction.
    #[error("instruction text: {given:?} {problem}; accepted: {accepted}")]
    Text {
        /// The offending word, cut if it is long.
        given: String,
        /// What is wrong with it, as the predicate of a sentence.
        problem: String,
        /// What would be accepted.
        accepted: String,
    },
}
