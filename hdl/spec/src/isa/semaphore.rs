//! The counting semaphores that order the engines.

use super::{Engine, FieldValue};
use std::fmt;

macro_rules! semaphores {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $name:literal, $poster:ident => $taker:ident, initial $initial:literal; )*) => {
        /// A counting semaphore, with the one engine that posts it and the one that takes it. Full/free pairs guard the
        /// two halves of each double buffer; the others order what one engine writes to card memory and another reads.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Semaphore {
            $( $(#[doc = $doc])+ $variant, )*
        }

        impl Semaphore {
            /// All semaphores, in the order of their bits.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),*];

            /// Count at the start of a program: both halves of every double buffer are free.
            #[must_use]
            pub const fn initial(self) -> u32 {
                match self { $( Self::$variant => $initial, )* }
            }

            /// Name in listings.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }

            /// What it counts, in words.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $( Self::$variant => concat!($($doc),+).trim_ascii(), )* }
            }

            /// The engine that posts it.
            #[must_use]
            pub const fn poster(self) -> Engine {
                match self { $( Self::$variant => Engine::$poster, )* }
            }

            /// The engine that takes it.
            #[must_use]
            pub const fn taker(self) -> Engine {
                match self { $( Self::$variant => Engine::$taker, )* }
            }
        }
    };
}

semaphores! {
    /// Free halves of the W2E row banks.
    ActivationsFree = "a.free", Mm => LoadActivations, initial 2;
    /// Filled halves of the W2E row banks.
    ActivationsFull = "a.full", LoadActivations => Mm, initial 0;
    /// Free halves of the N2S column banks.
    WeightsFree = "w.free", Mm => LoadWeights, initial 2;
    /// Filled halves of the N2S column banks.
    WeightsFull = "w.full", LoadWeights => Mm, initial 0;
    /// Free drain buffers.
    DrainFree = "d.free", Store => Mm, initial 2;
    /// Drained tiles that wait to be stored.
    DrainFull = "d.full", Mm => Store, initial 0;
    /// Stored results that activations are loaded from.
    StoredForActivations = "st.a", Store => LoadActivations, initial 0;
    /// Stored results that column operands are loaded from.
    StoredForWeights = "st.w", Store => LoadWeights, initial 0;
    /// Stored results that the elementwise unit reads.
    StoredForVector = "st.ve", Store => Vector, initial 0;
    /// Stored gradients that the update reads.
    StoredForUpdate = "st.wu", Store => Update, initial 0;
    /// Elementwise results that activations are loaded from.
    VectorForActivations = "ve.a", Vector => LoadActivations, initial 0;
    /// Elementwise results that column operands are loaded from.
    VectorForWeights = "ve.w", Vector => LoadWeights, initial 0;
    /// Elementwise results that stores read.
    VectorForStore = "ve.st", Vector => Store, initial 0;
    /// Elementwise results that the update reads.
    VectorForUpdate = "ve.wu", Vector => Update, initial 0;
    /// Weights made by SORE that are loaded.
    UpdateForWeights = "wu.w", Update => LoadWeights, initial 0;
}

/// A set of semaphores: bit `i` of the field stands for `Semaphore::ALL[i]`.
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

    /// The semaphores of the set, in the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = Semaphore> {
        let mut bits = self.0;
        std::iter::from_fn(move || {
            let semaphore = *Semaphore::ALL.get(bits.trailing_zeros() as usize)?;
            bits &= bits - 1;
            Some(semaphore)
        })
    }

    /// True if no semaphore is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
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
