//! Why a session refuses, or a card failed it.

use satkit_spec::SpecError;
use satkit_transport::CardError;

/// Result of a session's methods.
pub type SessionResult<T> = Result<T, SessionError>;

/// Why something could not be done with a card.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The card, or what it holds, is at fault.
    #[error(transparent)]
    Card(#[from] CardError),
    /// No hole is large enough.
    #[error(
        "no {bytes} bytes in a row are free in card memory, at most {largest}; free buffers or take a smaller batch"
    )]
    NoRoom {
        /// Bytes wanted, rounded up to the alignment.
        bytes: u64,
        /// Bytes of the largest hole.
        largest: u64,
    },
    /// A place that is not free, not aligned or not there.
    #[error("card memory {address:#x} with {bytes} bytes cannot be reserved: {reason}")]
    Place {
        /// First byte.
        address: u64,
        /// Bytes wanted.
        bytes: u64,
        /// What is in the way.
        reason: &'static str,
    },
    /// An instruction that cannot be encoded.
    #[error("instruction {index}: {source}")]
    Encoding {
        /// Index in the program.
        index: usize,
        /// What does not fit.
        source: SpecError,
    },
    /// More instructions than a program may have.
    #[error("a program of {given} instructions; accepted: 1 to {most}")]
    ProgramLength {
        /// Instructions given.
        given: usize,
        /// Most instructions.
        most: usize,
    },
    /// The card runs one job at a time.
    #[error("a job runs; wait for it, or recover the session, before the next is submitted")]
    JobRunning,
    /// The job that was waited for is no more.
    #[error("the job was ended by a recovery of its session; submit it again")]
    JobGone,
}
