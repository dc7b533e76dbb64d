//! What can go wrong, and what the process exits with.

use crate::output;
use satkit_hdl::HdlError;
use satkit_host::HostError;
use satkit_host::session::SessionError;
use satkit_plan::PlanError;
use satkit_sim::{AcceleratorError, SimError};
use satkit_spec::SpecError;
use satkit_transport::CardError;
use std::io;
use std::path::PathBuf;

/// The run failed.
pub(crate) const FAILED: u8 = 1;
/// The input is at fault.
pub(crate) const BAD_INPUT: u8 = 2;
/// The user interrupted the run.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command stopped.
///
/// Each message names the value and what would be accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// An option that means nothing here.
    #[error("{option} {given}: {reason}")]
    Option {
        /// The option, such as `--lambda`.
        option: &'static str,
        /// What was given.
        given: String,
        /// What is wrong and what would be accepted.
        reason: String,
    },
    /// An input file that is not what it should be.
    #[error("{}: {reason}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What is wrong and what would be accepted.
        reason: String,
    },
    /// An output that could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file, or `standard output`.
        path: PathBuf,
        /// The reason of the operating system.
        source: io::Error,
    },
    /// The reader of standard output is gone; nothing is wrong.
    #[error("standard output is closed")]
    ClosedPipe,
    /// The user asked to stop.
    #[error("interrupted{0}")]
    Interrupted(String),
}

/// Says on standard error what went wrong, and returns the exit code for it.
pub(crate) fn report(error: &anyhow::Error) -> u8 {
    let code = exit_code(error);
    if code != 0 {
        let word = if code == INTERRUPTED { "satkit" } else { "error" };
        output::note(format_args!("{word}: {}", message(error)));
    }
    code
}

/// The chain of causes in one line, and where to read on. An error that is only a wrapper of the next repeats its text, which is
/// left out.
fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if !text.ends_with(&cause) {
            text = if text.is_empty() { cause } else { format!("{text}: {cause}") };
        }
    }
    if let Some(error) = error.chain().find_map(card_error) {
        text = format!("{text} (docs/guide-card.md, section {})", error.section());
    }
    text
}

/// The error of a card that a cause is.
fn card_error<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a CardError> {
    // A session passes it on as if it were its own, so that it is no link of the chain then.
    match cause.downcast_ref::<SessionError>() {
        Some(SessionError::Card(error)) => Some(error),
        _ => cause.downcast_ref::<CardError>(),
    }
}

/// The instruction that a card has stopped at because it is none to it.
pub(crate) fn illegal_instruction(error: &anyhow::Error) -> Option<u32> {
    error.chain().find_map(card_error).and_then(|error| match error {
        CardError::Fault { instruction, reason, .. } if reason.contains("ILLEGAL_INSTRUCTION") => {
            Some(*instruction)
        }
        _ => None,
    })
}

fn exit_code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if let Some(error) = cause.downcast_ref::<CliError>() {
            return match error {
                CliError::Option { .. } | CliError::Input { .. } => BAD_INPUT,
                CliError::Write { .. } => FAILED,
                CliError::ClosedPipe => 0,
                CliError::Interrupted(_) => INTERRUPTED,
            };
        }
        if let Some(error) = cause.downcast_ref::<HostError>() {
            return host_code(error);
        }
        if let Some(error) = cause.downcast_ref::<CardError>() {
            return card_code(error);
        }
        #[cfg(target_os = "linux")]
        if let Some(error) = cause.downcast_ref::<satkit_virtual_card::MountError>() {
            return mount_code(error);
        }
        // The devices refuse shapes, sparsities and configurations, all of which the user chose, and so are bitstreams.
        if cause.is::<SpecError>()
            || cause.is::<PlanError>()
            || cause.is::<SimError>()
            || cause.is::<satkit_golden::GoldenError>()
            || cause.is::<satkit_host::bitstream::BitstreamError>()
        {
            return BAD_INPUT;
        }
        if let Some(error) = cause.downcast_ref::<HdlError>() {
            return hdl_code(error);
        }
        if let Some(error) = cause.downcast_ref::<AcceleratorError>() {
            return accelerator_code(error);
        }
        #[cfg(feature = "rtl")]
        if let Some(error) = cause.downcast_ref::<satkit_rtl::RtlError>() {
            return rtl_code(error);
        }
    }
    FAILED
}

const fn hdl_code(error: &HdlError) -> u8 {
    match error {
        HdlError::Spec(_) | HdlError::Unbuildable { .. } => BAD_INPUT,
        HdlError::Stack { .. } => FAILED,
    }
}

fn host_code(error: &HostError) -> u8 {
    if error.is_bad_input() {
        return BAD_INPUT;
    }
    // A machine that cannot run the layer was chosen by the user; anything else a backend says is a failed run.
    match error {
        HostError::Backend { source, .. } => {
            source.inner().downcast_ref::<AcceleratorError>().map_or(FAILED, accelerator_code)
        }
        _ => FAILED,
    }
}

/// A card that is not there, may not be opened or cannot do it was chosen by the user; anything else is a failed run.
const fn card_code(error: &CardError) -> u8 {
    match error {
        CardError::NoDevice { .. }
        | CardError::Permission { .. }
        | CardError::WrongDriver { .. }
        | CardError::OutOfRange { .. }
        | CardError::Misaligned { .. }
        | CardError::Unsupported { .. } => BAD_INPUT,
        _ => FAILED,
    }
}

#[cfg(target_os = "linux")]
const fn mount_code(error: &satkit_virtual_card::MountError) -> u8 {
    use satkit_virtual_card::MountError;
    match error {
        MountError::NoFuse | MountError::Mount { .. } => FAILED,
        _ => BAD_INPUT,
    }
}

#[cfg(feature = "rtl")]
const fn rtl_code(error: &satkit_rtl::RtlError) -> u8 {
    use satkit_rtl::RtlError;
    match error {
        RtlError::Hdl(error) => hdl_code(error),
        RtlError::Waves { .. } => BAD_INPUT,
        RtlError::Interrupted => INTERRUPTED,
        _ => FAILED,
    }
}

const fn accelerator_code(error: &AcceleratorError) -> u8 {
    match error {
        AcceleratorError::Plan(_) | AcceleratorError::Operands(_) => BAD_INPUT,
        AcceleratorError::Program(_) => FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use satkit_transport::Direction;
    use std::collections::BTreeSet;

    /// One error of each kind.
    fn card_errors() -> [CardError; 17] {
        let (path, reason) = (PathBuf::from("/dev/xdma0_user"), || "because".to_owned());
        let direction = Direction::HostToCard;
        [
            CardError::NoDevice { path: path.clone() },
            CardError::Permission { path: path.clone() },
            CardError::WrongDriver { path, reason: reason() },
            CardError::IdMismatch { found: 1, expected: 2 },
            CardError::ContractMismatch { what: "contract hash", found: 1, expected: 2 },
            CardError::NotCalibrated { found: 1, expected: 2 },
            CardError::OutOfRange { what: "register", address: 1, bytes: 2, limit: 3 },
            CardError::Misaligned { what: "register", address: 1, align: 4 },
            CardError::Timeout { operation: "job", address: 1, done: 2 },
            CardError::Axi { direction, address: 1, done: 2 },
            CardError::DeviceLost { reason: reason() },
            CardError::ShortTransfer { direction, address: 1, done: 2, bytes: 3 },
            CardError::Corrupt { address: 1, bytes: 2, found: 3, expected: 4 },
            CardError::Busy { name: "xdma0".into() },
            CardError::Unsupported { name: "xdma0".into(), what: "fly" },
            CardError::Fault { instruction: 1, reason: reason(), address: None },
            CardError::Io { what: "open".into(), source: io::Error::other("no") },
        ]
    }

    /// However far from the top an error of a card is, its message ends with the section of the guide that is about it.
    #[test]
    fn every_error_of_a_card_says_where_to_read_on() {
        let guide = include_str!("../../../docs/guide-card.md");
        let (_, sections) = guide.split_once("\n## Troubleshooting").unwrap();
        let sections: BTreeSet<_> =
            sections.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let mut named = BTreeSet::new();
        for error in card_errors() {
            let section = error.section();
            named.insert(section);
            assert!(format!("{error:?}").starts_with(section), "{error:?}");
            let end = format!(" (docs/guide-card.md, section {section})");
            let said = error.to_string();
            let session = SessionError::from(error);
            let host = HostError::Card { what: "upload", source: session };
            let said_far = message(&anyhow::Error::from(host).context("training"));
            assert!(said_far.starts_with("training: "), "{said_far}");
            assert!(said_far.contains(&said) && said_far.ends_with(&end), "{said_far}");
        }
        // All of them: the guide has a section for each.
        assert_eq!(named, sections);
        let [near, ..] = card_errors();
        let said = message(&near.into());
        assert!(said.ends_with(" (docs/guide-card.md, section NoDevice)"), "{said}");
        assert_eq!(message(&anyhow::anyhow!("another")), "another");
    }
}
