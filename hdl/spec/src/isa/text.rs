//! Instructions as text: `MNEMONIC field=value ... wait=a.full+w.full post=d.full`.
//!
//! What is printed is read back. Enumerated fields stand by name (`stage=ff`), everything else in decimal, booleans
//! as 0 or 1. The fields are written in the order of the instruction's table and read in any order; `wait` and
//! `post` are left out where they are empty.

use super::{Field, Instruction, LAYOUTS, Operation, Semaphore, SemaphoreSet};
use crate::SpecError;
use std::fmt;
use std::str::FromStr;

/// The longest part of a given word that an error repeats, in characters.
const QUOTED: usize = 64;

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layout = self.operation.layout();
        f.write_str(layout.mnemonic)?;
        let values = self.operation.values();
        for ((field, words), value) in layout.fields().iter().zip(layout.words).zip(values) {
            match words().into_iter().find(|(_, bits)| *bits == value) {
                Some((word, _)) => write!(f, " {}={word}", field.name)?,
                None => write!(f, " {}={value}", field.name)?,
            }
        }
        for (name, set) in [("wait", self.wait), ("post", self.post)] {
            if set != SemaphoreSet::EMPTY {
                write!(f, " {name}={set}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Instruction {
    type Err = SpecError;

    /// Reads what [`Display`](fmt::Display) writes; the words are separated by any white space.
    ///
    /// # Errors
    /// [`SpecError::Text`] naming the word and what would be accepted, [`SpecError::FieldValue`] if a number
    /// inside a field's bits means nothing.
    fn from_str(text: &str) -> Result<Self, SpecError> {
        let mut given = text.split_whitespace();
        let mnemonic = given.next().unwrap_or("");
        let layout =
            LAYOUTS.iter().find(|layout| layout.mnemonic == mnemonic).ok_or_else(|| {
                let known: Vec<_> = LAYOUTS.iter().map(|layout| layout.mnemonic).collect();
                refused(mnemonic, "is no mnemonic", known.join(", "))
            })?;
        let fields = layout.fields();
        let mut values = vec![None; fields.len()];
        let (mut wait, mut post) = (None, None);
        for word in given {
            let (name, value) = word.split_once('=').ok_or_else(|| {
                refused(word, "has no value", "name=value, separated by spaces".into())
            })?;
            let known = fields.iter().zip(layout.words).zip(&mut values);
            let known = known.into_iter().find(|((field, _), _)| field.name == name);
            let twice = match (name, known) {
                ("wait", _) => wait.replace(semaphores(word, value)?).is_some(),
                ("post", _) => post.replace(semaphores(word, value)?).is_some(),
                (_, Some(((field, words), slot))) => {
                    slot.replace(field_bits(word, value, field, &words())?).is_some()
                }
                (_, None) => {
                    let problem = format!("is no field of {mnemonic}");
                    return Err(refused(name, &problem, names(&fields) + ", wait, post"));
                }
            };
            if twice {
                return Err(refused(word, "is the second of its name", "each name once".into()));
            }
        }
        let missing: Vec<Field> = fields
            .iter()
            .zip(&values)
            .filter_map(|(field, value)| value.is_none().then_some(*field))
            .collect();
        if !missing.is_empty() {
            let problem = format!("lacks {}", names(&missing));
            return Err(refused(mnemonic, &problem, format!("all of {}", names(&fields))));
        }
        let values: Vec<u64> = values.into_iter().flatten().collect();
        Ok(Self {
            wait: wait.unwrap_or(SemaphoreSet::EMPTY),
            post: post.unwrap_or(SemaphoreSet::EMPTY),
            operation: Operation::from_values(layout.opcode, &values)?,
        })
    }
}

fn refused(given: &str, problem: &str, accepted: String) -> SpecError {
    let given = given.chars().take(QUOTED).collect();
    SpecError::Text { given, problem: problem.into(), accepted }
}

fn names(fields: &[Field]) -> String {
    fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ")
}

/// The bits of the value of `field`, which stands in `word`.
fn field_bits(
    word: &str,
    value: &str,
    field: &Field,
    words: &[(String, u64)],
) -> Result<u64, SpecError> {
    if !words.is_empty() {
        return words.iter().find(|(known, _)| known == value).map(|(_, bits)| *bits).ok_or_else(
            || {
                let known: Vec<_> = words.iter().map(|(word, _)| word.as_str()).collect();
                refused(word, "names no value", known.join(", "))
            },
        );
    }
    let accepted = || format!("0 to {}", field.max());
    // `parse` alone would take a sign.
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused(word, "is no decimal number", accepted()));
    }
    value
        .parse()
        .ok()
        .filter(|&number| number <= field.max())
        .ok_or_else(|| refused(word, "does not fit its field", accepted()))
}

/// The set of `value`, which stands in `word`.
fn semaphores(word: &str, value: &str) -> Result<SemaphoreSet, SpecError> {
    let mut set = SemaphoreSet::EMPTY;
    for name in value.split('+') {
        let known = Semaphore::ALL.iter().copied().find(|semaphore| semaphore.name() == name);
        let Some(semaphore) = known else {
            let known = Semaphore::ALL.iter().map(|s| s.name()).collect::<Vec<_>>().join(", ");
            return Err(refused(word, "names no semaphore", format!("{known}, joined by +")));
        };
        if set.contains(semaphore) {
            return Err(refused(word, "names a semaphore twice", "each once".into()));
        }
        set = set.with(semaphore);
    }
    Ok(set)
}
