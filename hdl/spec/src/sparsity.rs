//! N:M sparsity.

use crate::SpecError;
use std::{fmt, str::FromStr};

/// N of every M consecutive values are kept. `1 <= N <= M`, M in {1, 2, 4, 8, 16}.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sparsity {
    n: u8,
    m: u8,
}

impl Sparsity {
    /// 1:1, every value kept.
    pub const DENSE: Self = Self { n: 1, m: 1 };
    /// 2:8, the paper's and our default.
    pub const TWO_OF_EIGHT: Self = Self { n: 2, m: 8 };
    /// The group sizes that exist.
    pub const GROUP_SIZES: [usize; 5] = [1, 2, 4, 8, 16];

    /// Checks and makes an N:M sparsity.
    ///
    /// # Errors
    /// [`SpecError::Sparsity`] if M is not a supported group size or N is not in `1..=M`.
    pub fn new(n: usize, m: usize) -> Result<Self, SpecError> {
        let refuse = |reason: String| SpecError::Sparsity { given: format!("{n}:{m}"), reason };
        if !Self::GROUP_SIZES.contains(&m) {
            return Err(refuse(format!("M is {m}")));
        }
        if n == 0 || n > m {
            return Err(refuse(format!("N is {n} and M is {m}")));
        }
        Ok(Self { n: n as u8, m: m as u8 })
    }

    /// N, the values kept of each group.
    #[must_use]
    pub const fn n(self) -> usize {
        self.n as usize
    }

    /// M, the group size.
    #[must_use]
    pub const fn m(self) -> usize {
        self.m as usize
    }

    /// True if pruning keeps everything (N = M).
    #[must_use]
    pub const fn is_dense(self) -> bool {
        self.n == self.m
    }

    /// Kept values of `len` values, `len` a multiple of M.
    #[must_use]
    pub const fn kept(self, len: usize) -> usize {
        len / self.m() * self.n()
    }
}

impl fmt::Display for Sparsity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.m == 1 { f.write_str("dense") } else { write!(f, "{}:{}", self.n, self.m) }
    }
}

impl FromStr for Sparsity {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        if text.eq_ignore_ascii_case("dense") {
            return Ok(Self::DENSE);
        }
        let refuse =
            |reason: &str| SpecError::Sparsity { given: text.into(), reason: reason.into() };
        let (n, m) = text.split_once(':').ok_or_else(|| refuse("it has no colon"))?;
        let number = |part: &str| {
            part.parse::<usize>().map_err(|_| refuse(&format!("{part:?} is not a whole number")))
        };
        Self::new(number(n)?, number(m)?)
    }
}

impl serde::Serialize for Sparsity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Sparsity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
