//! Every layer against the literal transcription in [`reference`], bit for bit.

mod attention;
mod batch_norm;
mod embedding;
mod exact;
mod gelu;
mod layer_norm;
mod loss;
mod pooling;
mod reference;
mod stores;

use half::f16;
use proptest::prelude::*;

/// A reproducible source of test values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values {
    seed: u64,
    flavour: Flavour,
}

/// What the values are like.
#[derive(Clone, Copy, Debug)]
enum Flavour {
    /// Small ordinary numbers, as in training.
    Ordinary,
    /// Few distinct small integers: ties and exact zeros.
    Ties,
    /// Any finite bit pattern, subnormals and the largest numbers included.
    Finite,
    /// Subnormals and zeros of both signs.
    Tiny,
    /// Ordinary numbers with a few infinities and NaNs.
    Specials,
    /// Any bit pattern: many infinities and NaNs of any payload.
    AnyBits,
}

/// Values of every flavour.
pub(crate) fn values() -> impl Strategy<Value = Values> {
    use Flavour::{AnyBits, Finite, Ordinary, Specials, Ties, Tiny};
    let flavour = prop::sample::select(vec![Ordinary, Ties, Finite, Tiny, Specials, AnyBits]);
    (any::<u64>(), flavour).prop_map(|(seed, flavour)| Values { seed, flavour })
}

impl Values {
    /// SplitMix64 from the seed, one stream per `stream`.
    fn random(self, stream: u64) -> impl Iterator<Item = u64> {
        let mut state = self.seed ^ stream.wrapping_mul(0xA076_1D64_78BD_642F);
        std::iter::repeat_with(move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        })
    }

    /// `count` FP16 values.
    pub(crate) fn halves(self, stream: u64, count: usize) -> Vec<f16> {
        self.random(stream).take(count).map(|bits| self.flavour.half(bits)).collect()
    }

    /// `count` FP32 values.
    pub(crate) fn floats(self, stream: u64, count: usize) -> Vec<f32> {
        self.random(stream).take(count).map(|bits| self.flavour.float(bits)).collect()
    }

    /// `count` integers below `limit`.
    pub(crate) fn below(self, stream: u64, count: usize, limit: u64) -> Vec<u64> {
        self.random(stream).take(count).map(|bits| bits % limit).collect()
    }
}

impl Flavour {
    fn half(self, bits: u64) -> f16 {
        let low = bits as u16;
        match self {
            Self::Ordinary => f16::from_f32(ordinary(bits)),
            Self::Ties => f16::from_f32((bits % 5) as f32 - 2.0),
            Self::Finite if low & 0x7C00 == 0x7C00 => f16::from_bits(low ^ 0x4000),
            Self::Tiny => f16::from_bits(low & 0x83FF),
            Self::Specials if (bits >> 32).is_multiple_of(37) => {
                [f16::INFINITY, f16::NEG_INFINITY, f16::from_bits(0xFD01), f16::NEG_ZERO]
                    [(low % 4) as usize]
            }
            Self::Specials => f16::from_f32(ordinary(bits)),
            Self::Finite | Self::AnyBits => f16::from_bits(low),
        }
    }

    fn float(self, bits: u64) -> f32 {
        let low = bits as u32;
        match self {
            Self::Ordinary => ordinary(bits),
            Self::Ties => (bits % 5) as f32 - 2.0,
            Self::Finite if low & 0x7F80_0000 == 0x7F80_0000 => f32::from_bits(low ^ 0x4000_0000),
            // Around the smallest FP16 and the smallest FP32.
            Self::Tiny if bits >> 63 == 0 => ordinary(bits) * 1e-7,
            Self::Tiny => f32::from_bits(low & 0x807F_FFFF),
            Self::Specials if (bits >> 32).is_multiple_of(37) => {
                [f32::INFINITY, f32::NEG_INFINITY, f32::from_bits(0xFFC0_0001), -0.0]
                    [(low % 4) as usize]
            }
            Self::Specials => ordinary(bits),
            Self::Finite | Self::AnyBits => f32::from_bits(low),
        }
    }
}

/// A number of either sign from about 0.002 to 8.
fn ordinary(bits: u64) -> f32 {
    let sign = (bits >> 63) as u32;
    let exponent = 118 + (bits >> 40) as u32 % 12;
    f32::from_bits(sign << 31 | exponent << 23 | (bits as u32 & 0x007F_FFFF))
}

/// Bits of a result, which must hold no other NaN than the canonical one.
pub(crate) trait Stored: Copy {
    /// The bits, any NaN as the canonical one.
    fn expected_bits(self) -> u32;
    /// The bits as they are.
    fn stored_bits(self) -> u32;
}

impl Stored for f16 {
    fn expected_bits(self) -> u32 {
        if self.is_nan() { 0x7E00 } else { self.to_bits().into() }
    }
    fn stored_bits(self) -> u32 {
        self.to_bits().into()
    }
}

impl Stored for f32 {
    fn expected_bits(self) -> u32 {
        if self.is_nan() { 0x7FC0_0000 } else { self.to_bits() }
    }
    fn stored_bits(self) -> u32 {
        self.to_bits()
    }
}

/// Demands equal bits, naming the first difference.
#[track_caller]
pub(crate) fn assert_bits<T: Stored>(what: &str, given: &[T], expected: &[T]) {
    assert_eq!(given.len(), expected.len(), "{what}: length");
    for (i, (given, expected)) in given.iter().zip(expected).enumerate() {
        let (given, expected) = (given.stored_bits(), expected.expected_bits());
        assert_eq!(given, expected, "{what}[{i}]: {given:08x}, contract {expected:08x}");
    }
}

/// Runs `test` on one thread and on three.
pub(crate) fn on_thread_counts<T: Send>(test: impl Fn() -> T + Sync) -> [T; 2] {
    [1, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a small thread pool").install(&test)
    })
}

/// FP16 zeros for an output, poisoned so that an element left out is seen.
pub(crate) fn output(count: usize) -> Vec<f16> {
    vec![f16::from_bits(0xABCD); count]
}
