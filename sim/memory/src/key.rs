//! Parameters as `key=value`: one table per model reads, writes and checks them.

use crate::MemoryError;
use std::fmt;

/// One parameter of a model's parameters `P`.
pub(crate) struct Key<P> {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) min: u64,
    pub(crate) max: u64,
    pub(crate) get: fn(&P) -> u64,
    /// Called with a value from `min` to `max` only.
    pub(crate) set: fn(&mut P, u64),
}

impl<P> Key<P> {
    pub(crate) fn refuse(&self, model: &'static str, given: &str) -> MemoryError {
        MemoryError::Value {
            model,
            key: self.name,
            given: given.into(),
            accepted: format!("{} to {} {}", self.min, self.max, self.unit),
        }
    }

    const fn accepts(&self, value: u64) -> bool {
        self.min <= value && value <= self.max
    }
}

/// Parameters that a table describes.
pub(crate) trait Keyed: Default + 'static {
    /// Name of the model.
    const MODEL: &'static str;
    /// Its parameters, in the order of their text.
    const KEYS: &'static [Key<Self>];

    /// Checks values that did not come from text.
    fn check(&self) -> Result<(), MemoryError> {
        Self::KEYS.iter().try_for_each(|key| {
            let value = (key.get)(self);
            if key.accepts(value) {
                Ok(())
            } else {
                Err(key.refuse(Self::MODEL, &value.to_string()))
            }
        })
    }

    /// Reads `key=value,key=value`; what is not named keeps its default.
    fn read(text: &str) -> Result<Self, MemoryError> {
        let accepted = || Self::KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
        let mut parameters = Self::default();
        let mut seen = Vec::new();
        for pair in text.split(',') {
            let (name, value) = pair.split_once('=').ok_or_else(|| MemoryError::Pair {
                model: Self::MODEL,
                given: pair.into(),
                accepted: accepted(),
            })?;
            let key = Self::KEYS.iter().find(|key| key.name == name).ok_or_else(|| {
                MemoryError::Key { model: Self::MODEL, given: name.into(), accepted: accepted() }
            })?;
            if seen.contains(&key.name) {
                return Err(MemoryError::Duplicate { model: Self::MODEL, key: key.name });
            }
            seen.push(key.name);
            match value.parse() {
                Ok(number) if key.accepts(number) => (key.set)(&mut parameters, number),
                _ => return Err(key.refuse(Self::MODEL, value)),
            }
        }
        Ok(parameters)
    }

    /// Writes the name and every parameter that is not the default.
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::MODEL)?;
        let (default, mut separator) = (Self::default(), ':');
        for key in Self::KEYS {
            let value = (key.get)(self);
            if value != (key.get)(&default) {
                write!(f, "{separator}{}={value}", key.name)?;
                separator = ',';
            }
        }
        Ok(())
    }
}

/// A number of at most 32 bits, which every key but a seed is; larger ones were refused before.
pub(crate) fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
