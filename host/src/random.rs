//! Randomness that is the same on every machine and in every version.
//!
//! ChaCha8 is the generator: its stream is specified, and a (seed, stream) pair names a sequence
//! without any state to save. What is drawn from it uses integers and IEEE `* / sqrt` only,
//! never a library's sampling, which may change between versions, or `ln` and `cos`, which differ between
//! machines.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a sequence is for: sequences of different purposes never meet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Initial value of the parameter of that index.
    Parameter(usize),
    /// Order of the samples in the epoch of that index.
    Shuffle(u64),
    /// Splitting a dataset into training and test.
    Split,
    /// The random sample of that index.
    Sample(usize),
}

impl Purpose {
    /// 8 bits of purpose, 56 of index.
    fn stream(self) -> u64 {
        let (purpose, index) = match self {
            Self::Parameter(index) => (1, index as u64),
            Self::Shuffle(epoch) => (2, epoch),
            Self::Split => (3, 0),
            Self::Sample(index) => (4, index as u64),
        };
        purpose << 56 | index & ((1 << 56) - 1)
    }
}

/// One sequence of random numbers.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// The sequence of `purpose` for `seed`.
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(purpose.stream());
        Self(generator)
    }

    /// Uniform in -1 (included) to 1 (excluded), in steps of 2^-23: exact in FP32.
    pub(crate) fn symmetric(&mut self) -> f32 {
        // 24 bits fit FP32's significand.
        let steps = (self.0.next_u32() >> 8) as f32;
        steps * (1.0 / 8_388_608.0) - 1.0
    }

    /// Uniform below `bound`, which is at least 1, without bias: draws that would favour small numbers are
    /// repeated.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let unfair = u64::MAX % bound;
        loop {
            let draw = self.0.next_u64();
            if draw < u64::MAX - unfair {
                return draw % bound;
            }
        }
    }

    /// A random order of `0..len` (Fisher and Yates).
    pub(crate) fn permutation(&mut self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        for last in (1..len).rev() {
            order.swap(last, self.below(last as u64 + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_fixed_and_distinct() {
        let draw = |seed, purpose| {
            let mut random = Random::new(seed, purpose);
            [random.below(1 << 40), random.below(1 << 40)]
        };
        assert_eq!(draw(1, Purpose::Shuffle(0)), draw(1, Purpose::Shuffle(0)));
        assert_ne!(draw(1, Purpose::Shuffle(0)), draw(1, Purpose::Shuffle(1)));
        assert_ne!(draw(1, Purpose::Shuffle(0)), draw(2, Purpose::Shuffle(0)));
        assert_ne!(draw(1, Purpose::Parameter(7)), draw(1, Purpose::Sample(7)));
        // The numbers themselves: they are part of what "the same seed" promises.
        let mut random = Random::new(0, Purpose::Split);
        assert_eq!(random.permutation(8), [4, 1, 5, 0, 7, 2, 3, 6]);
    }

    #[test]
    fn a_permutation_holds_every_index_once() {
        for len in [0, 1, 2, 17, 1000] {
            let mut order = Random::new(3, Purpose::Split).permutation(len);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..len));
        }
    }

    #[test]
    fn symmetric_is_uniform_from_minus_one_to_one() {
        let mut random = Random::new(5, Purpose::Sample(0));
        let draws: Vec<f32> = (0..100_000).map(|_| random.symmetric()).collect();
        assert!(draws.iter().all(|draw| (-1.0..1.0).contains(draw)));
        let mean = draws.iter().map(|&draw| f64::from(draw)).sum::<f64>() / draws.len() as f64;
        let power =
            draws.iter().map(|&draw| f64::from(draw).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.01, "mean {mean}");
        assert!((power - 1.0 / 3.0).abs() < 0.01, "power {power}");
    }
}
