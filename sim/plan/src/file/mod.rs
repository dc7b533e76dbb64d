//! Programs in files: a checked binary form, and a listing to read and edit.
//!
//! The two hold the same: the array that the program was planned for, a title, the named sections of the program
//! (such as one stage of one layer), and the instructions. Either refuses to be read by a build that keeps
//! another contract.

mod binary;
mod disassemble;
mod error;
mod listing;
mod word;

pub use disassemble::disassemble;
pub use error::{ListingError, ListingProblem, ProgramFileError};
pub use listing::assemble;

use crate::{Program, Section};
use satkit_spec::ArrayConfig;

/// A program with what is needed to run it and to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFile {
    /// A line for people, such as network, method and batch.
    pub title: String,
    /// The machine that the program was planned for, name and all sizes.
    pub array: ArrayConfig,
    /// The instructions and their sections.
    pub program: Program,
}

/// The header of a file as JSON.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    title: String,
    array: ArrayConfig,
    sections: Vec<Section>,
}

impl ProgramFile {
    /// Checks what writing and reading demand, except that every instruction encodes.
    ///
    /// # Errors
    /// [`ProgramFileError::TooLong`], [`ProgramFileError::Array`] if the array is impossible.
    pub fn check(&self) -> Result<(), ProgramFileError> {
        let length = self.program.instructions().len();
        if length > Program::MAX_INSTRUCTIONS {
            return Err(ProgramFileError::too_long(length as u64));
        }
        self.array.validate().map_err(ProgramFileError::Array)
    }
}
