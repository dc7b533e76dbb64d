//! Why a bitstream is refused.

use std::io;
use std::path::PathBuf;

/// Why a bitstream or its manifest is refused. Nothing is loaded then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BitstreamError {
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason of the operating system.
        source: io::Error,
    },
    /// A folder, a device or a pipe.
    #[error("{}: not a regular file; accepted: a file", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// A file that is larger than any of its kind.
    #[error("{}: {bytes} bytes; accepted: up to {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// Bytes that are accepted.
        limit: u64,
    },
    /// A manifest that is not one.
    #[error("{}: {source}", path.display())]
    Syntax {
        /// The manifest.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A manifest whose last line does not seal it.
    #[error(
        "{}: {reason}; it is truncated, edited or corrupt: build the bitstream again, or fetch its manifest again", path.display()
    )]
    Seal {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A value that means nothing.
    #[error("{}: {field} = {given}; accepted: {accepted}", path.display())]
    Field {
        /// The manifest.
        path: PathBuf,
        /// Name of the field.
        field: &'static str,
        /// What it says.
        given: String,
        /// What would be accepted.
        accepted: String,
    },
    /// A bitstream that is not the manifest's, by its size.
    #[error(
        "{} has {found} bytes, its manifest says {expected}: it is truncated or of another build; fetch it again", path.display()
    )]
    Size {
        /// The bitstream.
        path: PathBuf,
        /// Its bytes.
        found: u64,
        /// Bytes in the manifest.
        expected: u64,
    },
    /// A bitstream that is not the manifest's, by its hash.
    #[error(
        "{} has SHA-256 {found}, its manifest says {expected}: it is corrupt or of another build; fetch it again", path.display()
    )]
    Hash {
        /// The bitstream.
        path: PathBuf,
        /// Its hash.
        found: String,
        /// The hash in the manifest.
        expected: String,
    },
    /// A bitstream that was built from other definitions.
    #[error(
        "the bitstream keeps contract {found}, this program {expected}: build both from one commit"
    )]
    Contract {
        /// Contract hash of the bitstream.
        found: String,
        /// That of this program.
        expected: String,
    },
    /// A configuration that this program does not know, or not so.
    #[error("the bitstream's configuration {name} {reason}: build both from one commit")]
    Configuration {
        /// Its name.
        name: String,
        /// What is wrong, with both values.
        reason: String,
    },
    /// A bitstream for another FPGA.
    #[error("the bitstream is for {found}, the {board} has {expected}")]
    Part {
        /// The bitstream's FPGA.
        found: String,
        /// The board.
        board: String,
        /// The board's FPGA.
        expected: String,
    },
    /// A bitstream that may be too slow.
    #[error(
        "the bitstream misses its timing by {} ns at {clock_mhz} MHz: it may compute wrong values; build it again", -slack_ns
    )]
    Slack {
        /// Worst slack in nanoseconds.
        slack_ns: f64,
        /// Core clock in megahertz.
        clock_mhz: f64,
    },
    /// More than the device has: nothing that was built says so.
    #[error(
        "the manifest counts {used} {what}, the {board} has {available}: it is of another device or corrupt"
    )]
    Resources {
        /// What is counted.
        what: &'static str,
        /// Count in the manifest.
        used: f64,
        /// The board.
        board: String,
        /// What the device has.
        available: f64,
    },
}
