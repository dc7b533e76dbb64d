//! The one error of this crate.

use satkit_spec::SpecError;

/// Why a kernel or a simulated operation refuses its input.
///
/// Each message names the value and what would be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// A shape, sparsity or name that the specification refuses.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A tensor whose number of elements is not that of its shape.
    #[error("{what} has {given} elements; accepted: {expected}")]
    Length {
        /// Name of the tensor, such as `X`.
        what: &'static str,
        /// Elements given.
        given: usize,
        /// Elements that the shape has.
        expected: usize,
    },
    /// Channels that do not fall into whole groups.
    #[error(
        "{what} is {channels}, which groups of M = {m} do not divide; accepted: a multiple of {m}, or the dense operand"
    )]
    Groups {
        /// The grouped channels, `Ci` or `Co`.
        what: &'static str,
        /// How many there are.
        channels: usize,
        /// Group size M.
        m: usize,
    },
    /// An operand that the operation cannot use.
    #[error("{what} cannot be {given}; accepted: {accepted}")]
    Operand {
        /// The operand.
        what: &'static str,
        /// What was given.
        given: String,
        /// What would be accepted.
        accepted: String,
    },
    /// A range that leaves its axis.
    #[error("{what} {start}..{end} are out of range; accepted: ranges within 0..{len}")]
    Range {
        /// The axis: `rows`, `cols` or `slots`.
        what: &'static str,
        /// First index.
        start: usize,
        /// End index, exclusive.
        end: usize,
        /// Length of the axis.
        len: usize,
    },
}

impl SimError {
    /// Checks the number of elements of a tensor.
    pub(crate) fn check_len(what: &'static str, given: usize, expected: usize) -> Result<(), Self> {
        if given == expected { Ok(()) } else { Err(Self::Length { what, given, expected }) }
    }
}
