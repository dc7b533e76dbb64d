//! The 256-bit instruction word.

/// An instruction word; bit 0 is the lowest bit of the first `u64`. In memory: 32 bytes, little endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Word(pub [u64; 4]);

impl Word {
    /// Bits of a word.
    pub const BITS: u32 = 256;
    /// Bytes of a word in memory.
    pub const BYTES: usize = 32;

    /// The `width` (1..=64) bits from bit `lsb` upwards; bits beyond the word read as 0.
    #[must_use]
    pub fn get(&self, lsb: u32, width: u32) -> u64 {
        let part = |index: usize| u128::from(self.0.get(index).copied().unwrap_or(0));
        let index = (lsb / 64) as usize;
        let pair = part(index) | part(index + 1) << 64;
        (pair >> (lsb % 64)) as u64 & (u64::MAX >> (64 - width))
    }

    /// Ors `value` into the bits from `lsb` upwards. The value fits `width` bits, and they lie in the word.
    pub(super) fn set(&mut self, lsb: u32, width: u32, value: u64) {
        debug_assert!(lsb + width <= Self::BITS && value <= u64::MAX >> (64 - width));
        let index = (lsb / 64) as usize;
        let pair = u128::from(value) << (lsb % 64);
        self.0[index] |= pair as u64;
        if let Some(next) = self.0.get_mut(index + 1) {
            *next |= (pair >> 64) as u64;
        }
    }

    /// The lowest set bit at or above `from`.
    pub(super) fn lowest_set_bit_from(&self, from: u32) -> Option<u32> {
        (from..Self::BITS).find(|&bit| self.get(bit, 1) == 1)
    }

    /// The word as it lies in memory.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (chunk, part) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&part.to_le_bytes());
        }
        bytes
    }

    /// The word that lies in memory as `bytes`.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let mut parts = [0; 4];
        for (part, chunk) in parts.iter_mut().zip(bytes.chunks_exact(8)) {
            let mut eight = [0; 8];
            eight.copy_from_slice(chunk);
            *part = u64::from_le_bytes(eight);
        }
        Self(parts)
    }
}
