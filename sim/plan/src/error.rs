//! Why something cannot be planned or timed.

use satkit_spec::SpecError;

/// Why a stage cannot be planned or a program not be timed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A fact that the spec refuses.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Sparsity along channels that M does not divide.
    #[error(
        "{stage} of a layer with {channels} reduced channels cannot run {sparsity}: {m} does not divide {channels}; \
         accepted: channels that are a multiple of {m}, or dense"
    )]
    Channels {
        /// Name of the stage.
        stage: &'static str,
        /// The reduced channels.
        channels: usize,
        /// The sparsity asked for.
        sparsity: String,
        /// Its group size.
        m: usize,
    },
    /// Instructions that wait for each other.
    #[error("instruction {index} ({instruction}) never starts: nothing posts {semaphore} for it")]
    Deadlock {
        /// Index of the first instruction that never starts.
        index: usize,
        /// The instruction.
        instruction: String,
        /// The semaphore that it waits for in vain.
        semaphore: &'static str,
    },
    /// A program where none can lie.
    #[error(
        "a program at byte {address} of card memory; accepted: a multiple of 64 bytes on the card"
    )]
    ProgramAddress {
        /// Its first byte.
        address: u64,
    },
    /// The observer asked to stop.
    #[error("stopped after {retired} instructions")]
    Stopped {
        /// Instructions that were done.
        retired: usize,
    },
    /// A semaphore used by another engine than its own.
    #[error(
        "instruction {index} {does} semaphore {semaphore} on engine {engine}, but only {owner} {does} it"
    )]
    WrongSemaphore {
        /// Index of the instruction.
        index: usize,
        /// The semaphore.
        semaphore: &'static str,
        /// Engine of the instruction.
        engine: &'static str,
        /// `takes` or `posts`.
        does: &'static str,
        /// The engine that may.
        owner: &'static str,
    },
    /// An instruction that makes no sense where it stands.
    #[error("instruction {index} ({instruction}): {reason}")]
    Instruction {
        /// Index of the instruction.
        index: usize,
        /// The instruction.
        instruction: String,
        /// What is wrong.
        reason: String,
    },
    /// A memory that cannot be built.
    #[error(transparent)]
    Memory(#[from] satkit_memory::MemoryError),
    /// Tensors that do not fit the card.
    #[error(
        "the step's tensors take {needed} bytes, but the card has {available}; accepted: a smaller batch"
    )]
    CardMemory {
        /// Bytes needed.
        needed: u64,
        /// Bytes that there are.
        available: u64,
    },
    /// A mapping that the machine cannot run.
    #[error("mapping {mapping} of {problem}: {reason}")]
    Mapping {
        /// The mapping.
        mapping: String,
        /// The problem.
        problem: String,
        /// What is wrong.
        reason: String,
    },
    /// An engine instruction before any GEOMETRY.
    #[error("instruction {index} ({instruction}) comes before any GEOMETRY")]
    NoGeometry {
        /// Index of the instruction.
        index: usize,
        /// The instruction.
        instruction: String,
    },
    /// A load that does not fit half of its banks.
    #[error(
        "instruction {index} ({instruction}) puts {needed} {unit} into half a bank of {available}"
    )]
    BankOverflow {
        /// Index of the instruction.
        index: usize,
        /// The instruction.
        instruction: String,
        /// What the bank holds.
        unit: &'static str,
        /// What the instruction needs.
        needed: usize,
        /// What half a bank has.
        available: usize,
    },
    /// More work than a program can hold.
    #[error(
        "a program for {what} would need more than {limit} instructions; accepted: a smaller batch"
    )]
    TooLong {
        /// The stage.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// A count that does not fit its instruction field.
    #[error(
        "{what} is {value}, but an instruction holds at most {max}; accepted: a smaller layer or batch"
    )]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// The count.
        value: u64,
        /// The limit.
        max: u64,
    },
}
