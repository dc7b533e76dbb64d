//! Reproducible values that provoke disagreement: ties, subnormals, the largest numbers, infinities, NaNs.

use half::f16;
use proptest::prelude::*;

/// A source of values of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Samples {
    seed: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Magnitudes as in training.
    Ordinary,
    /// The integers -2 to 2.
    SmallIntegers,
    /// Zeros and FP16 subnormals.
    Subnormals,
    /// Ordinary values, one in thirty an infinity, a NaN or -0.
    Specials,
    /// Any bits.
    AnyBits,
}

/// Sources of every kind; half of them are ordinary.
pub(crate) fn samples() -> impl Strategy<Value = Samples> {
    let kind = prop_oneof![
        4 => Just(Kind::Ordinary),
        1 => Just(Kind::SmallIntegers),
        1 => Just(Kind::Subnormals),
        1 => Just(Kind::Specials),
        1 => Just(Kind::AnyBits),
    ];
    (any::<u64>(), kind).prop_map(|(seed, kind)| Samples { seed, kind })
}

impl Samples {
    /// Random words, another sequence for each `stream`.
    fn words(self, stream: u64) -> impl Iterator<Item = u64> {
        let mut state = (self.seed ^ (stream << 56)) | 1;
        std::iter::repeat_with(move || {
            // xorshift64*, whose high bits are good.
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            state.wrapping_mul(0x2545_F491_4F6C_DD1D)
        })
    }

    /// `count` FP16 values.
    pub(crate) fn halves(self, stream: u64, count: usize) -> Vec<f16> {
        let half = |word: u64| match self.kind {
            Kind::Subnormals => f16::from_bits((word >> 40) as u16 & 0x83FF),
            Kind::AnyBits => f16::from_bits((word >> 40) as u16),
            _ => f16::from_f32(self.float(word)),
        };
        self.words(stream).take(count).map(half).collect()
    }

    /// `count` FP32 values.
    pub(crate) fn floats(self, stream: u64, count: usize) -> Vec<f32> {
        self.words(stream).take(count).map(|word| self.float(word)).collect()
    }

    /// `count` integers below `limit`.
    pub(crate) fn below(self, stream: u64, count: usize, limit: usize) -> Vec<usize> {
        self.words(stream).take(count).map(|word| (word >> 20) as usize % limit).collect()
    }

    fn float(self, word: u64) -> f32 {
        let bits = (word >> 32) as u32;
        // Either sign, 2^-10 to 2^3.
        let exponent = 117 + (word >> 10) as u32 % 13;
        let ordinary = f32::from_bits((bits & 0x807F_FFFF) | exponent << 23);
        match self.kind {
            Kind::SmallIntegers => (bits % 5) as f32 - 2.0,
            Kind::Subnormals => ordinary * 1e-40,
            Kind::AnyBits => f32::from_bits(bits),
            Kind::Specials if (word >> 14).is_multiple_of(30) => {
                [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -0.0][(bits % 4) as usize]
            }
            Kind::Ordinary | Kind::Specials => ordinary,
        }
    }
}

/// A stored number, compared by its bits.
pub(crate) trait Bits: Copy {
    /// Its bits. Both sides must store canonical NaNs, so no NaN is excused.
    fn bits(self) -> u32;
}

impl Bits for f16 {
    fn bits(self) -> u32 {
        self.to_bits().into()
    }
}

impl Bits for f32 {
    fn bits(self) -> u32 {
        self.to_bits()
    }
}

/// Demands that the simulator's `sim` has golden's bits, naming the first difference.
#[track_caller]
pub(crate) fn same<'a, T: Bits + 'a>(
    what: &str,
    sim: &[T],
    golden: impl IntoIterator<Item = &'a T, IntoIter: ExactSizeIterator>,
) {
    let golden = golden.into_iter();
    assert_eq!(sim.len(), golden.len(), "{what}: length");
    for (i, (sim, golden)) in sim.iter().zip(golden).enumerate() {
        let (sim, golden) = (sim.bits(), golden.bits());
        assert_eq!(sim, golden, "{what}[{i}]: sim {sim:08x}, golden {golden:08x}");
    }
}
