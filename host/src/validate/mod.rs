//! Whether a card works, checked through [`Card`] alone: identity, registers, memory, interrupt, jobs, speed.
//!
//! It overwrites card memory and resets the core.

mod identity;
mod interrupt;
mod job;
mod memory;
#[cfg(test)]
mod tests;

pub use identity::Identity;

use satkit_spec::regs::SCRATCH;
use satkit_transport::{Card, CardError, Direction, ResetKind};
use std::fmt::Display;
use std::sync::Arc;

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Passed,
    /// Not as it should.
    Failed,
    /// Not done, because an earlier check failed.
    Skipped,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen, or what is wrong and what to do.
    pub detail: String,
}

/// How fast one channel moved a large buffer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bandwidth {
    /// Which way.
    pub direction: Direction,
    /// The channel.
    pub channel: u8,
    /// Bytes moved.
    pub bytes: u64,
    /// Time that it took.
    pub seconds: f64,
}

impl Bandwidth {
    /// Speed in 10^6 bytes per second.
    #[must_use]
    pub fn megabytes_per_second(&self) -> f64 {
        self.bytes as f64 / self.seconds / 1e6
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// All checks in their order.
    pub checks: Vec<Check>,
    /// The speed of each channel.
    pub bandwidths: Vec<Bandwidth>,
}

impl Report {
    /// True if every check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.outcome == Outcome::Passed)
    }
}

/// Why a check failed: the card's error, or what was read instead of what was written.
enum Failure {
    Card(CardError),
    Wrong(String),
}

impl From<CardError> for Failure {
    fn from(error: CardError) -> Self {
        Self::Card(error)
    }
}

type Checked = Result<String, Failure>;

/// Checks a card. `seen` hears of each check as it ends; `bandwidth_bytes` is the size of the transfers that are timed.
///
/// A card that is none of satkit's, or is lost, is left alone after the check that shows it.
pub fn validate(
    shared: &Arc<dyn Card>,
    bandwidth_bytes: usize,
    mut seen: impl FnMut(&Check),
) -> Report {
    let card = shared.as_ref();
    type Step<'a> = (&'static str, Box<dyn FnMut(&mut Vec<Bandwidth>) -> Checked + 'a>);
    let steps: Vec<Step<'_>> = vec![
        ("identity", Box::new(|_| identity::check(card))),
        ("core reset", Box::new(|_| reset(card))),
        ("scratch register", Box::new(|_| scratch(card))),
        ("address patterns", Box::new(|_| memory::addresses(card))),
        ("data patterns", Box::new(|_| memory::patterns(card))),
        ("odd sizes", Box::new(|_| memory::odd_sizes(card))),
        ("boundaries", Box::new(|_| memory::boundaries(card))),
        ("interrupt", Box::new(|_| interrupt::check(card))),
        ("jobs", Box::new(|_| job::check(shared))),
        ("bandwidth", Box::new(|speeds| memory::bandwidth(card, bandwidth_bytes, speeds))),
    ];
    let mut report = Report::default();
    let mut stopped_by = None;
    for (name, mut step) in steps {
        let (outcome, detail) = match stopped_by {
            Some(earlier) => (Outcome::Skipped, format!("not done after {earlier}")),
            None => match step(&mut report.bandwidths) {
                Ok(detail) => (Outcome::Passed, detail),
                Err(failure) => {
                    let lost = matches!(failure, Failure::Card(CardError::DeviceLost { .. }));
                    stopped_by = (lost || name == "identity").then_some(name);
                    let reason = match failure {
                        Failure::Card(error) => error.to_string(),
                        Failure::Wrong(reason) => reason,
                    };
                    (Outcome::Failed, reason)
                }
            },
        };
        let check = Check { name, outcome, detail };
        seen(&check);
        report.checks.push(check);
    }
    report
}

fn reset(card: &dyn Card) -> Checked {
    card.reset(ResetKind::Core)?;
    Ok("the core is idle".into())
}

/// Each bit alone, each bit missing, and words that a shorted bus would change.
fn scratch(card: &dyn Card) -> Checked {
    let single = (0..32).map(|bit| 1u32 << bit);
    let words: Vec<u32> =
        single.flat_map(|word| [word, !word]).chain([0, 0x5555_5555, 0xAAAA_AAAA]).collect();
    for &word in &words {
        card.write32(SCRATCH.offset, word)?;
        same("SCRATCH", word, card.read32(SCRATCH.offset)?)?;
    }
    card.write32(SCRATCH.offset, 0)?;
    Ok(format!("{} words", words.len()))
}

fn same(what: impl Display, expected: u32, found: u32) -> Result<(), Failure> {
    if expected == found {
        return Ok(());
    }
    Err(Failure::Wrong(format!("{what} reads {found:#010x} instead of {expected:#010x}")))
}
