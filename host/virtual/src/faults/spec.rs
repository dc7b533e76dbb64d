//! Faults as they are asked for: `seed=7,eio=0.01,lost-irq=0.1`.

use super::FaultKind;
use std::fmt;
use std::str::FromStr;

/// How faults are asked for.
pub const FAULTS_HELP: &str = "\
Faults are asked for as SPEC = ITEM,ITEM,... with each ITEM once:
  seed=N          number that all random draws come from (default 0)
  eio=P           a transfer moves a part and ends with EIO, as after an AXI error
  etimedout=P     a transfer moves a part and ends with ETIMEDOUT
  short=P         a transfer moves fewer bytes than asked for, whole pages where it can and now and then none, and says so
  ones=P          a register reads as all-ones
  lost-irq=P      an interrupt is not seen
  spurious-irq=P  an interrupt comes without a reason, after a register write or a transfer
  flip=P          one bit of a transfer is wrong, and nothing says so
  die=P           the card dies in the middle of a transfer; afterwards everything ends with ENOTCONN
P is a probability from 0 to 1 per operation. Operations are register reads, register writes, interrupts, and transfers as the
kernel hands them over: 1 MiB or less. One transfer has at most one of die, etimedout, eio, short and flip, drawn in this order.
Each file counts its own operations, and a draw depends on the seed, the file, the operation's number and the kind alone: the
same seed and the same operations give the same faults.
Example: seed=7,eio=0.01,etimedout=0.01,short=0.05,ones=0.001,lost-irq=0.1,spurious-irq=0.1,flip=0.01,die=0.0005";

/// Which faults a virtual card has, and how often. Parsed from text as [`FAULTS_HELP`] says; the default has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    seed: u64,
    probabilities: [f64; FaultKind::ALL.len()],
}

impl Faults {
    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// How likely an operation has a fault of this kind.
    #[must_use]
    pub const fn probability(&self, kind: FaultKind) -> f64 {
        self.probabilities[kind as usize]
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed={}", self.seed)?;
        for kind in FaultKind::ALL {
            if self.probability(kind) > 0.0 {
                write!(f, ",{}={}", kind.name(), self.probability(kind))?;
            }
        }
        Ok(())
    }
}

/// A specification that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{item:?}: {reason}")]
pub struct FaultsError {
    item: String,
    reason: String,
}

impl FromStr for Faults {
    type Err = FaultsError;

    fn from_str(text: &str) -> Result<Self, FaultsError> {
        let mut faults = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for item in text.split(',').map(str::trim) {
            let refuse = |reason: String| FaultsError { item: item.into(), reason };
            let (name, value) = item.split_once('=').ok_or_else(|| {
                refuse("accepted: NAME=VALUE, such as eio=0.01; `help` lists the names".into())
            })?;
            if seen.contains(&name) {
                return Err(refuse(format!("{name} is given twice")));
            }
            seen.push(name);
            if name == "seed" {
                let seed = value.parse();
                faults.seed = seed
                    .map_err(|_| refuse("accepted for seed: a whole number below 2^64".into()))?;
                continue;
            }
            let kind = FaultKind::ALL.into_iter().find(|kind| kind.name() == name);
            let kind = kind.ok_or_else(|| {
                let names = FaultKind::ALL.map(FaultKind::name).join(", ");
                refuse(format!("unknown; accepted: seed, {names}"))
            })?;
            let probability = value.parse().ok().filter(|p| (0.0..=1.0).contains(p));
            faults.probabilities[kind as usize] = probability
                .ok_or_else(|| refuse(format!("accepted for {name}: a number from 0 to 1")))?;
        }
        Ok(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_help_is_read_and_written_back() {
        let example = FAULTS_HELP.split("Example: ").nth(1).unwrap();
        let faults: Faults = example.parse().unwrap();
        assert_eq!(faults.to_string(), example);
        assert_eq!(faults.seed(), 7);
        assert_eq!(faults.probability(FaultKind::LostIrq), 0.1);
        for kind in FaultKind::ALL {
            assert!(FAULTS_HELP.contains(&format!("\n  {}=P ", kind.name())), "{kind:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_words() {
        for (text, words) in [
            ("", "NAME=VALUE"),
            ("eio", "eio=0.01"),
            ("eoi=0.1", "accepted: seed, eio, etimedout"),
            ("eio=1.5", "a number from 0 to 1"),
            ("eio=-0.1", "a number from 0 to 1"),
            ("eio=NaN", "a number from 0 to 1"),
            ("seed=-1", "a whole number"),
            ("eio=0.1,eio=0.2", "given twice"),
        ] {
            let error = text.parse::<Faults>().unwrap_err().to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
