//! Fields of instructions and the values they hold.

use super::{HEADER_BITS, Route};
use crate::{Dataflow, Stage, WeightOperand};

/// One field of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: &'static str,
    /// Its lowest bit in the word.
    pub lsb: u32,
    /// Width in bits.
    pub width: u32,
    /// What it means.
    pub doc: &'static str,
}

impl Field {
    /// The largest value that fits.
    #[must_use]
    pub const fn max(&self) -> u64 {
        u64::MAX >> (64 - self.width)
    }
}

/// The table of one instruction: its fields lie one after another above the header.
pub(crate) struct Layout {
    pub(crate) mnemonic: &'static str,
    pub(crate) opcode: u8,
    /// The queues that take it.
    pub(crate) route: Route,
    pub(crate) doc: &'static str,
    /// Name, width in bits and documentation of each field, from the lowest up.
    pub(crate) widths: &'static [(&'static str, u32, &'static str)],
    /// The words of each field's values, in the order of `widths`.
    pub(crate) words: &'static [fn() -> FieldWords],
}

impl Layout {
    /// The fields with their places.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let mut lsb = HEADER_BITS;
        let place = |&(name, width, doc): &(&'static str, u32, &'static str)| {
            let field = Field { name, lsb, width, doc: doc.trim_ascii() };
            lsb += width;
            field
        };
        self.widths.iter().map(place).collect()
    }
}

/// Words that stand for values of a field in text, each with the bits of its value.
pub type FieldWords = Vec<(String, u64)>;

/// A value that an instruction field can hold.
pub trait FieldValue: Sized + Copy {
    /// The bits of the value.
    fn to_bits(self) -> u64;
    /// The value of these bits, `None` if they mean nothing.
    fn from_bits(bits: u64) -> Option<Self>;
    /// The words that stand for values in text, each with its bits; none for numbers, which are written in decimal.
    #[must_use]
    fn words() -> FieldWords {
        Vec::new()
    }
}

/// The words of an enumerated field: the values' names in lower case.
pub(super) fn words_of<T: FieldValue>(
    values: &[T],
    name: impl Fn(T) -> &'static str,
) -> FieldWords {
    values.iter().map(|&value| (name(value).to_ascii_lowercase(), value.to_bits())).collect()
}

macro_rules! unsigned_field {
    ($($ty:ty),*) => { $(
        impl FieldValue for $ty {
            fn to_bits(self) -> u64 {
                u64::from(self)
            }
            fn from_bits(bits: u64) -> Option<Self> {
                Self::try_from(bits).ok()
            }
        }
    )* };
}
unsigned_field!(u8, u32, u64);

impl FieldValue for bool {
    fn to_bits(self) -> u64 {
        u64::from(self)
    }
    fn from_bits(bits: u64) -> Option<Self> {
        (bits < 2).then_some(bits == 1)
    }
}

impl FieldValue for Stage {
    fn to_bits(self) -> u64 {
        self as u64
    }
    fn from_bits(bits: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage as u64 == bits)
    }
    fn words() -> FieldWords {
        words_of(&Self::ALL, Self::name)
    }
}

impl FieldValue for Dataflow {
    fn to_bits(self) -> u64 {
        self as u64
    }
    fn from_bits(bits: u64) -> Option<Self> {
        [Self::WeightStationary, Self::OutputStationary].into_iter().find(|d| *d as u64 == bits)
    }
    fn words() -> FieldWords {
        words_of(&[Self::WeightStationary, Self::OutputStationary], Self::name)
    }
}

impl FieldValue for WeightOperand {
    fn to_bits(self) -> u64 {
        self as u64
    }
    fn from_bits(bits: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|operand| *operand as u64 == bits)
    }
    fn words() -> FieldWords {
        words_of(&Self::ALL, Self::name)
    }
}
