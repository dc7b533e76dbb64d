//! The counting semaphores that order the engines.

use super::FieldValue;
use std::fmt;

/// A counting semaphore. Full/free pairs guard the two halves of each double buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Semaphore {
    /// Free halves of the W2E row banks.
    ActivationsFree,
    /// Filled halves of the W2E row banks.
    ActivationsFull,
    /// Free halves of the N2S column banks.
    WeightsFree,
    /// Filled halves of the N2S column banks.
    WeightsFull,
    /// Free drain buffers.
    DrainFree,
    /// Drained tiles that wait to be stored.
    DrainFull,
}

impl Semaphore {
    /// All semaphores.
    pub const ALL: [Self; 6] = [
        Self::ActivationsFree,
        Self::ActivationsFull,
        Self::WeightsFree,
        Self::WeightsFull,
        Self::DrainFree,
        Self::DrainFull,
    ];

    /// Count at the start of a program: two halves of everything are free.
    #[must_use]
    pub const fn initial(self) -> u32 {
        match self {
            Self::ActivationsFree | Self::WeightsFree | Self::DrainFree => 2,
            Self::ActivationsFull | Self::WeightsFull | Self::DrainFull => 0,
        }
    }

    /// Name in listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActivationsFree => "a.free",
            Self::ActivationsFull => "a.full",
            Self::WeightsFree => "w.free",
            Self::WeightsFull => "w.full",
            Self::DrainFree => "d.free",
            Self::DrainFull => "d.full",
        }
    }
}

/// A set of semaphores, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct SemaphoreSet(u16);

impl SemaphoreSet {
    /// Width of the field in bits.
    pub const BITS: u32 = 16;
    /// No semaphore.
    pub const EMPTY: Self = Self(0);

    /// The set of these semaphores.
    #[must_use]
    pub const fn of(semaphores: &[Semaphore]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < semaphores.len() {
            bits |= 1 << semaphores[i] as u16;
            i += 1;
        }
        Self(bits)
    }

    /// The set with one more semaphore.
    #[must_use]
    pub const fn with(self, semaphore: Semaphore) -> Self {
        Self(self.0 | 1 << semaphore as u16)
    }

    /// True if the semaphore is in the set.
    #[must_use]
    pub const fn contains(self, semaphore: Semaphore) -> bool {
        self.0 >> semaphore as u16 & 1 == 1
    }

    /// The semaphores of the set.
    pub fn iter(self) -> impl Iterator<Item = Semaphore> {
        Semaphore::ALL.into_iter().filter(move |&semaphore| self.contains(semaphore))
    }
}

impl FieldValue for SemaphoreSet {
    fn to_bits(self) -> u64 {
        u64::from(self.0)
    }
    fn from_bits(bits: u64) -> Option<Self> {
        (bits >> Semaphore::ALL.len() == 0).then_some(Self(bits as u16))
    }
}

impl fmt::Display for SemaphoreSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Semaphore::name).collect();
        f.write_str(&names.join("+"))
    }
}
