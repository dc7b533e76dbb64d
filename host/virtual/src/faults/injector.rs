//! Drawing faults: a function of seed, file, operation and kind, so that threads and time change nothing.

use super::{FaultKind, Faults};
use std::sync::atomic::{AtomicU64, Ordering};

/// Channels or lines of one sort that are counted apart.
const LINES: usize = 16;

/// What operations are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    RegisterReads,
    RegisterWrites,
    HostToCard(u8),
    CardToHost(u8),
    Events(u8),
}

impl Stream {
    const COUNT: usize = 2 + 3 * LINES;

    const fn number(self) -> usize {
        match self {
            Self::RegisterReads => 0,
            Self::RegisterWrites => 1,
            Self::HostToCard(channel) => 2 + channel as usize % LINES,
            Self::CardToHost(channel) => 2 + LINES + channel as usize % LINES,
            Self::Events(line) => 2 + 2 * LINES + line as usize % LINES,
        }
    }
}

/// Draws faults and counts them.
#[derive(Debug)]
pub(crate) struct Injector {
    faults: Faults,
    operations: [AtomicU64; Stream::COUNT],
    injected: [AtomicU64; FaultKind::ALL.len()],
}

impl Injector {
    pub(crate) const fn new(faults: Faults) -> Self {
        Self {
            faults,
            operations: [const { AtomicU64::new(0) }; Stream::COUNT],
            injected: [const { AtomicU64::new(0) }; FaultKind::ALL.len()],
        }
    }

    /// Begins the next operation of a stream.
    pub(crate) fn next(&self, stream: Stream) -> Draw<'_> {
        let number = stream.number();
        let operation = self.operations[number].fetch_add(1, Ordering::Relaxed);
        let state = mix(mix(mix(self.faults.seed()) ^ number as u64) ^ operation);
        Draw { injector: self, state }
    }

    /// Faults so far.
    pub(crate) fn count(&self, kind: FaultKind) -> u64 {
        self.injected[kind as usize].load(Ordering::Relaxed)
    }

    /// Operations so far.
    pub(crate) fn operations(&self) -> u64 {
        self.operations.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// The draws of one operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw<'a> {
    injector: &'a Injector,
    state: u64,
}

impl Draw<'_> {
    /// Whether the operation has this fault; counted if so.
    pub(crate) fn has(&self, kind: FaultKind) -> bool {
        // 53 bits: a number from 0 to 1, 1 excluded, so that a probability of 1 always hits.
        let drawn = (self.random(kind, 0) >> 11) as f64 / (1u64 << 53) as f64;
        let hit = drawn < self.injector.faults.probability(kind);
        if hit {
            self.injector.injected[kind as usize].fetch_add(1, Ordering::Relaxed);
        }
        hit
    }

    /// The first of these faults that the operation has.
    pub(crate) fn first_of(&self, kinds: &[FaultKind]) -> Option<FaultKind> {
        kinds.iter().copied().find(|&kind| self.has(kind))
    }

    /// A number below `limit`, for the details of a fault; 0 if there is none below.
    pub(crate) fn below(&self, kind: FaultKind, limit: usize) -> usize {
        (self.random(kind, 1) % limit.max(1) as u64) as usize
    }

    fn random(&self, kind: FaultKind, purpose: u64) -> u64 {
        mix(self.state ^ (kind as u64) << 1 ^ purpose)
    }
}

/// One step of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
const fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(spec: &str, stream: Stream, kind: FaultKind) -> Vec<bool> {
        let injector = Injector::new(spec.parse().unwrap());
        let hits: Vec<_> = (0..10_000).map(|_| injector.next(stream).has(kind)).collect();
        assert_eq!(injector.count(kind), hits.iter().filter(|&&hit| hit).count() as u64);
        assert_eq!(injector.operations(), 10_000);
        hits
    }

    #[test]
    fn draws_depend_on_seed_stream_and_kind_and_come_as_often_as_asked() {
        let spec = "seed=1,eio=0.1,short=0.1";
        let first = hits(spec, Stream::HostToCard(0), FaultKind::Eio);
        assert_eq!(first, hits(spec, Stream::HostToCard(0), FaultKind::Eio));
        assert_ne!(first, hits(spec, Stream::CardToHost(0), FaultKind::Eio));
        assert_ne!(first, hits(spec, Stream::HostToCard(0), FaultKind::Short));
        assert_ne!(first, hits("seed=2,eio=0.1", Stream::HostToCard(0), FaultKind::Eio));
        // 1,000 expected; five standard deviations are 150.
        let count = first.iter().filter(|&&hit| hit).count();
        assert!((850..1150).contains(&count), "{count}");
    }

    #[test]
    fn always_and_never_are_exact() {
        let all = hits("flip=1", Stream::RegisterReads, FaultKind::Flip);
        assert!(all.iter().all(|&hit| hit));
        let none = hits("flip=0", Stream::RegisterReads, FaultKind::Flip);
        assert!(!none.iter().any(|&hit| hit));
    }
}
