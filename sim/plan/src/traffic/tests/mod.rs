//! Loads and stores against the definition of the stages, byte by byte.

mod activations;
mod products;
mod results;
mod weights;

use super::Requests;
use crate::layout::{self, BEAT_BYTES};
use crate::space::TileSpace;
use satkit_memory::PAGE_BYTES;
use satkit_spec::Stage;
use satkit_spec::isa::{Operands, Results};
use std::collections::BTreeSet;

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
        check_pages(requests);
        for run in &requests.runs {
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

/// Requests are the pages of the runs in their order, with at least their beats.
fn check_pages(requests: &Requests) {
    let mut pages: Vec<u64> = Vec::new();
    let (mut beats, mut most) = (BTreeSet::new(), 0);
    for run in &requests.runs {
        let (first, last) = (run.start / BEAT_BYTES, (run.end - 1) / BEAT_BYTES);
        beats.extend(first..=last);
        most += last - first + 1;
        for page in run.start / PAGE_BYTES..=(run.end - 1) / PAGE_BYTES {
            if pages.last() != Some(&page) {
                pages.push(page);
            }
        }
    }
    let mut listed: Vec<u64> = requests.list().iter().map(|r| r.address / PAGE_BYTES).collect();
    listed.dedup();
    assert_eq!(listed, pages);
    assert!(requests.list().iter().all(|r| u64::from(r.beats) * BEAT_BYTES <= PAGE_BYTES));
    assert!(requests.list().iter().all(|r| r.beats > 0 && r.address.is_multiple_of(BEAT_BYTES)));
    let total: u64 = requests.list().iter().map(|r| u64::from(r.beats)).sum();
    assert_eq!(total, requests.beats());
    assert!((beats.len() as u64..=most).contains(&total), "{total} of {} to {most}", beats.len());
}
