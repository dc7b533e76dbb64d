//! Fields of instructions and the values they hold.

use super::HEADER_BITS;
use crate::{Dataflow, Stage};

/// One field of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: &'static str,
    /// Lowest bit in the word.
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
pub(super) struct Layout {
    pub(super) mnemonic: &'static str,
    pub(super) opcode: u8,
    pub(super) doc: &'static str,
    pub(super) widths: &'static [(&'static str, u32, &'static str)],
}

impl Layout {
    pub(super) fn fields(&self) -> Vec<Field> {
        let mut lsb = HEADER_BITS;
        let place = |&(name, width, doc): &(&'static str, u32, &'static str)| {
            let field = Field { name, lsb, width, doc: doc.trim_ascii() };
            lsb += width;
            field
        };
        self.widths.iter().map(place).collect()
    }
}

/// A value that an instruction field can hold.
pub trait FieldValue: Sized + Copy {
    /// The bits of the value.
    fn to_bits(self) -> u64;
    /// The value of these bits, `None` if they mean nothing.
    fn from_bits(bits: u64) -> Option<Self>;
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
}

impl FieldValue for Dataflow {
    fn to_bits(self) -> u64 {
        self as u64
    }
    fn from_bits(bits: u64) -> Option<Self> {
        [Self::WeightStationary, Self::OutputStationary].into_iter().find(|d| *d as u64 == bits)
    }
}
