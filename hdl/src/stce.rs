//! STAND-IN, to be replaced: the array alone is the same as the core.

use crate::HdlError;
use crate::emit::Design;
use satkit_spec::ArrayConfig;

/// Verilog of the array.
///
/// # Errors
/// [`HdlError`] if the RTL does not have what the configuration asks for.
pub fn design(config: &ArrayConfig) -> Result<Design, HdlError> {
    crate::core::make(config, "stce")
}
