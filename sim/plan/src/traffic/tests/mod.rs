//! Loads and stores against the definition of the stages, byte by byte.

mod activations;
mod products;
mod results;
mod weights;

use super::{Bursts, PageRequest, Requests};
use crate::layout::{self, BEAT_BYTES};
use crate::space::TileSpace;
use satkit_memory::PAGE_BYTES;
use satkit_spec::Stage;
use satkit_spec::isa::{Operands, Results};
use std::ops::Range;

/// Where the tests' tensors begin: anywhere, and far enough from 0 to notice what lies before them.
const A: u64 = 1 << 20;
const W: u64 = 3 << 30;
const OUT: u64 = 5 << 30;

const fn field(address: u64) -> u32 {
    (address / BEAT_BYTES) as u32
}

/// Channels of the streamed operand, of the columns' operand and of the results.
fn channels(space: &TileSpace) -> (usize, usize, usize) {
    layout::channels(&space.problem.mac)
}

fn operands(space: &TileSpace) -> Operands {
    Operands { a: field(A), w: field(W), ..layout::operands(&space.problem.mac).0 }
}

fn results(space: &TileSpace) -> Results {
    Results { out: field(OUT), ..layout::operands(&space.problem.mac).1 }
}

/// Height and width of the streamed tensor.
fn streamed(space: &TileSpace) -> (usize, usize) {
    let shape = &space.problem.mac.shape;
    match space.problem.mac.stage {
        Stage::Ff | Stage::Wu => (shape.h, shape.w),
        Stage::Bp => (shape.out_h(), shape.out_w()),
    }
}

fn empty() -> Requests {
    let mut requests = Requests::default();
    requests.clear();
    requests
}

/// How often each byte of a tensor is touched.
struct Touched {
    base: u64,
    counts: Vec<u8>,
}

impl Touched {
    fn new(base: u64, bytes: u64) -> Self {
        Self { base, counts: vec![0; bytes as usize] }
    }

    /// Adds what the requests move, after a look at them; all of it lies inside the tensor.
    fn add(&mut self, requests: &Requests) {
        check_bursts(&requests.runs, &requests.parts, requests.list(), requests.beats());
        self.add_runs(&requests.runs);
    }

    /// The same of a tile that is stored.
    fn add_tile(&mut self, bursts: &Bursts) {
        let list: Vec<PageRequest> = bursts.list().iter().map(|burst| burst.request).collect();
        check_bursts(bursts.runs(), &[], &list, bursts.beats());
        self.add_runs(bursts.runs());
    }

    fn add_runs(&mut self, runs: &[Range<u64>]) {
        for run in runs {
            let end = self.base + self.counts.len() as u64;
            assert!(self.base <= run.start && run.end <= end, "{run:?} of {}..{end}", self.base);
            for count in
                &mut self.counts[(run.start - self.base) as usize..(run.end - self.base) as usize]
            {
                *count = count.saturating_add(1);
            }
        }
    }

    /// How often bytes `offset..offset + bytes` are touched, if all of them as often.
    fn times(&self, offset: u64, bytes: u64) -> Option<u8> {
        let counts = &self.counts[offset as usize..(offset + bytes) as usize];
        let first = *counts.first()?;
        counts.iter().all(|&count| count == first).then_some(first)
    }

    /// True if all bytes `offset..offset + bytes` are touched.
    fn has(&self, offset: u64, bytes: u64) -> bool {
        !self.counts[offset as usize..(offset + bytes) as usize].contains(&0)
    }
}

/// Requests are the beats of the runs in their order, one that touching runs share once, as bursts in one page each that are
/// as long as can be; but a run that begins a part begins a burst.
fn check_bursts(runs: &[Range<u64>], parts: &[usize], list: &[PageRequest], count: u64) {
    let mut expected: Vec<PageRequest> = Vec::new();
    let mut end = None;
    for (index, run) in runs.iter().enumerate() {
        let begins = parts.contains(&index);
        let shared = !begins && end == Some(run.start) && !run.start.is_multiple_of(BEAT_BYTES);
        let first = run.start / BEAT_BYTES + u64::from(shared);
        for beat in first..run.end.div_ceil(BEAT_BYTES) {
            let address = beat * BEAT_BYTES;
            let goes_on = |last: &&mut PageRequest| {
                last.address + u64::from(last.beats) * BEAT_BYTES == address
                    && !address.is_multiple_of(PAGE_BYTES)
                    && !(begins && beat == first)
            };
            match expected.last_mut().filter(goes_on) {
                Some(last) => last.beats += 1,
                None => expected.push(PageRequest { address, beats: 1 }),
            }
        }
        end = Some(run.end);
    }
    assert_eq!(list, expected);
    assert_eq!(count, expected.iter().map(|request| u64::from(request.beats)).sum::<u64>());
}
