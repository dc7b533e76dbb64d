//! Checks of sizes, each with its error in words.

use crate::SimError;
use std::fmt::Display;

/// Largest count up to which every integer is exact in FP32.
const MAX_EXACT_COUNT: usize = 1 << 24;

/// The error "`what` cannot be `given`; accepted: `accepted`".
pub(crate) fn refuse(
    what: &'static str,
    given: impl Display,
    accepted: impl Into<String>,
) -> SimError {
    SimError::Operand { what, given: given.to_string(), accepted: accepted.into() }
}

/// Checks that a slice named `what` has the length that the other sizes imply.
pub(crate) fn check_length(what: &'static str, len: usize, needed: usize) -> Result<(), SimError> {
    SimError::check_len(what, len, needed)
}

/// The product of named sizes, none of which may be zero.
pub(crate) fn checked_product(sizes: &[(&'static str, usize)]) -> Result<usize, SimError> {
    if let Some((what, _)) = sizes.iter().find(|(_, size)| *size == 0) {
        return Err(refuse(what, 0, "at least 1"));
    }
    // Slices hold at most `isize::MAX` bytes; the widest element here has 16.
    sizes
        .iter()
        .try_fold(1_usize, |product, (_, size)| product.checked_mul(*size))
        .filter(|&product| product <= isize::MAX as usize / 16)
        .ok_or_else(|| {
            let list: Vec<String> =
                sizes.iter().map(|(what, size)| format!("{what} {size}")).collect();
            refuse(
                "a tensor's size",
                list.join(" x "),
                "sizes whose product fits the address space",
            )
        })
}

/// A count as FP32, which must be exact.
pub(crate) fn count_as_f32(what: &'static str, count: usize) -> Result<f32, SimError> {
    if count <= MAX_EXACT_COUNT {
        return Ok(count as f32);
    }
    Err(refuse(what, count, format!("1 to {MAX_EXACT_COUNT}, which FP32 holds exactly")))
}
