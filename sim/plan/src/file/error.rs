//! Why a program file or a listing cannot be read or written.

use crate::Program;
use satkit_spec::SpecError;
use std::io;

/// Why a program file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramFileError {
    /// Something else than a program.
    #[error("not a program of satkit: it does not start with {:?}", super::binary::MAGIC_TEXT)]
    NotAProgram,
    /// A program in another format.
    #[error(
        "the program file has version {found}; accepted: {accepted}; write it again with this build"
    )]
    Version {
        /// Version of the file.
        found: u32,
        /// The version that this build reads.
        accepted: u32,
    },
    /// A program for another contract.
    #[error(
        "the program keeps contract {file}, this build keeps {build}; plan it again, or use the build it is from"
    )]
    Contract {
        /// Contract hash of the file, in hexadecimal.
        file: String,
        /// Contract hash of this build.
        build: String,
    },
    /// The data end too early.
    #[error("the program file is truncated: it ends after {bytes} bytes, in its {part}")]
    Truncated {
        /// The part that is cut.
        part: &'static str,
        /// Bytes that are there.
        bytes: u64,
    },
    /// The data do not end where they should.
    #[error(
        "the program file goes on after its digest, at byte {bytes}; it is no single program file"
    )]
    Trailing {
        /// Bytes of the program file proper.
        bytes: u64,
    },
    /// Contents and digest disagree.
    #[error("the program file's digest is wrong: it is corrupted; use another copy")]
    Digest,
    /// A header that cannot be read or written.
    #[error("the program file's header is not valid: {0}")]
    Header(String),
    /// A header with an array that cannot exist.
    #[error("the program file's header is not valid: {0}")]
    Array(SpecError),
    /// A section outside of the program or over another one.
    #[error(
        "section {index} ({name:?}) has {count} instructions from {first}; accepted: within {free}..{length}, behind the \
         section before it and inside the program"
    )]
    Section {
        /// Index of the section.
        index: usize,
        /// Its name.
        name: String,
        /// Its first instruction.
        first: usize,
        /// Its instructions.
        count: usize,
        /// First instruction behind the sections before it.
        free: usize,
        /// Instructions of the program.
        length: usize,
    },
    /// An instruction that is none.
    #[error("instruction {index}: {source}")]
    Instruction {
        /// Index of the instruction.
        index: usize,
        /// What is wrong with it.
        source: SpecError,
    },
    /// More instructions than a program may have.
    #[error("the program has {count} instructions; accepted: up to {limit}")]
    TooLong {
        /// Its instructions.
        count: u64,
        /// The limit.
        limit: usize,
    },
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ProgramFileError {
    pub(super) fn too_long(count: u64) -> Self {
        Self::TooLong { count, limit: Program::MAX_INSTRUCTIONS }
    }
}

/// Why a listing cannot be assembled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ListingError {
    /// Number of the line, from 1; one after the last line if something is missing from the whole.
    pub line: usize,
    /// What is wrong in it.
    pub problem: ListingProblem,
}

/// What is wrong in a line of a listing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListingProblem {
    /// Neither directive nor instruction.
    #[error(transparent)]
    Instruction(SpecError),
    /// An instruction with an index that is not its own.
    #[error("the instruction is labelled {given:?}; accepted: {expected}, or no label")]
    Index {
        /// The label.
        given: String,
        /// Its index.
        expected: usize,
    },
    /// An unknown directive.
    #[error("directive {given:?} is unknown; accepted: {accepted}")]
    Directive {
        /// The directive.
        given: String,
        /// The known ones.
        accepted: &'static str,
    },
    /// A directive with other words than it takes.
    #[error("{directive}: {reason}; accepted: {accepted}")]
    Argument {
        /// The directive.
        directive: &'static str,
        /// What is wrong.
        reason: String,
        /// What it takes.
        accepted: &'static str,
    },
    /// A directive that may stand once only.
    #[error("{directive} stands here for the second time; accepted: once")]
    Twice {
        /// The directive.
        directive: &'static str,
    },
    /// `.end` without a section.
    #[error(".end closes no section; accepted: behind .section and its instructions")]
    End,
    /// No array in the whole listing.
    #[error("the listing names no array; accepted: a line such as `.array vcu1525`")]
    NoArray,
    /// An impossible array.
    #[error(transparent)]
    Array(SpecError),
    /// A listing of another contract.
    #[error(
        "the listing keeps contract {listing}, this build keeps {build}; disassemble it again, or leave .contract out to \
         assemble it for this build"
    )]
    Contract {
        /// Contract hash of the listing.
        listing: String,
        /// Contract hash of this build.
        build: String,
    },
    /// More instructions than a program may have.
    #[error("the listing goes on after {limit} instructions; accepted: up to {limit}")]
    TooLong {
        /// The limit.
        limit: usize,
    },
}
