//! The one error of this crate.

use satkit_spec::{Sparsity, SpecError};

/// Why an operation of the reference refuses its operands.
///
/// Each message names the value and what would be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// A tensor whose shape does not fit the layer or the other tensors.
    #[error("{tensor} has shape {given:?}; accepted: {accepted}")]
    Shape {
        /// Name of the tensor, as the contract writes it.
        tensor: &'static str,
        /// Its shape.
        given: Vec<usize>,
        /// The shape that would be accepted.
        accepted: String,
    },
    /// A number that means nothing here.
    #[error("{what} is {given}; accepted: {accepted}")]
    Value {
        /// What the number is.
        what: &'static str,
        /// Its value.
        given: String,
        /// The values that would be accepted.
        accepted: String,
    },
    /// Channels that do not make whole groups of M.
    #[error(
        "{channels} {axis} channels do not make whole groups of {sparsity}; accepted: a multiple of {}",
        sparsity.m()
    )]
    Groups {
        /// `Ci` or `Co`.
        axis: &'static str,
        /// Channels along that axis.
        channels: usize,
        /// The sparsity whose M does not divide them.
        sparsity: Sparsity,
    },
    /// Compact weights along the wrong axis for the stage.
    #[error(
        "{stage} got weights pruned along {given}; accepted: dense weights, or weights pruned along {accepted}"
    )]
    Operand {
        /// `FF` or `BP`.
        stage: &'static str,
        /// Axis that the weights are pruned along.
        given: &'static str,
        /// Axis that the stage reduces.
        accepted: &'static str,
    },
    /// An exact sum that could leave 128 bits.
    #[error("an exact sum has more than {limit} terms; accepted: at most {limit}")]
    TooManyTerms {
        /// The most terms that one sum takes.
        limit: usize,
    },
    /// A shape, sparsity or name that the spec refuses.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

/// Checks that `tensor` has exactly the shape `wanted`, whose axes are called `axes`.
pub(crate) fn check_shape(
    tensor: &'static str,
    given: &[usize],
    wanted: &[usize],
    axes: &str,
) -> Result<(), GoldenError> {
    if given == wanted {
        return Ok(());
    }
    Err(GoldenError::Shape {
        tensor,
        given: given.to_vec(),
        accepted: format!("{wanted:?} ({axes})"),
    })
}

/// Checks that no axis of `tensor` is empty.
pub(crate) fn check_not_empty(tensor: &'static str, given: &[usize]) -> Result<(), GoldenError> {
    if !given.contains(&0) {
        return Ok(());
    }
    Err(GoldenError::Shape {
        tensor,
        given: given.to_vec(),
        accepted: "a shape without a zero".into(),
    })
}

/// Checks a number against a condition.
pub(crate) fn check_value(
    ok: bool,
    what: &'static str,
    given: impl std::fmt::Display,
    accepted: impl Into<String>,
) -> Result<(), GoldenError> {
    if ok {
        return Ok(());
    }
    Err(GoldenError::Value { what, given: given.to_string(), accepted: accepted.into() })
}
