//! The stationary operand of a sparse problem: kept weights in the order in which the kernel meets them.

use super::kernel::{Entry, SPARSE_ROWS};
use crate::{buffer::Buffer, prune::Compact};
use rayon::prelude::*;
use satkit_spec::{K_BLOCK, Sparsity};
use std::ops::Range;

/// Channels that are packed at once: with SPARSE_ROWS rows they stay in the first-level cache.
const CHUNK_CHANNELS: usize = 64;

/// Kept weights `[channel block][tap][column][kept in block]` of one problem.
pub(super) struct Entries {
    values: Buffer<Entry>,
    sparsity: Sparsity,
    /// Reduced channels.
    channels: usize,
    taps: usize,
    cols: usize,
}

/// Slots of one (channel block, tap), as a part of the whole K order.
#[derive(Clone, Debug)]
pub(super) struct BlockSlots {
    /// First channel of the block.
    pub(super) channel: usize,
    /// Tap, counted within the problem.
    pub(super) tap: usize,
    /// Kept slots within the block.
    pub(super) kept: Range<usize>,
}

impl Entries {
    /// From compact weights whose groups run along the reduced channels; `kernel_taps` are the problem's taps as
    /// `kh * KW + kw`, ascending.
    pub(super) fn new(
        compact: &Compact,
        cols: usize,
        channels: usize,
        kernel_taps: &[usize],
    ) -> Self {
        let (sparsity, taps) = (compact.sparsity(), kernel_taps.len());
        let (_, _, all_taps) = compact.dims();
        let kept = sparsity.kept(channels);
        let mut values = Buffer::<Entry>::take(kept * taps * cols);
        let block_len = sparsity.kept(K_BLOCK) * taps * cols;
        values.par_chunks_mut(block_len.max(1)).enumerate().for_each(|(block, values)| {
            let first = block * sparsity.kept(K_BLOCK);
            let kept_here = sparsity.kept(K_BLOCK.min(channels - block * K_BLOCK));
            for (i, target) in values.chunks_exact_mut(kept_here).enumerate() {
                let (tap, col) = (i / cols, i % cols);
                // The compact form is [column][tap][group][N].
                let source = (col * all_taps + kernel_taps[tap]) * kept + first;
                let source = source..source + kept_here;
                let halves = &compact.values()[source.clone()];
                let positions = &compact.positions()[source];
                let groups = target
                    .chunks_exact_mut(sparsity.n())
                    .zip(halves.chunks_exact(sparsity.n()))
                    .zip(positions.chunks_exact(sparsity.n()));
                for (group, ((target, halves), positions)) in groups.enumerate() {
                    for ((target, half), position) in target.iter_mut().zip(halves).zip(positions) {
                        let channel = group * sparsity.m() + usize::from(*position);
                        *target = Entry {
                            value: crate::number::to_f32(*half),
                            offset: (channel * SPARSE_ROWS) as u32,
                        };
                    }
                }
            }
        });
        Self { values, sparsity, channels, taps, cols }
    }

    /// K steps of each output.
    pub(super) const fn slots(&self) -> usize {
        self.sparsity.kept(self.channels) * self.taps
    }

    /// Splits `slots` at the borders of (channel block, tap).
    pub(super) fn blocks(&self, slots: Range<usize>) -> impl Iterator<Item = BlockSlots> {
        let kept_block = self.sparsity.kept(K_BLOCK);
        let (channels, taps, sparsity) = (self.channels, self.taps, self.sparsity);
        let mut slot = slots.start;
        std::iter::from_fn(move || {
            if slot >= slots.end {
                return None;
            }
            let block = slot / (kept_block * taps);
            let kept_here = sparsity.kept(K_BLOCK.min(channels - block * K_BLOCK));
            let within = slot - block * kept_block * taps;
            let (tap, first) = (within / kept_here, within % kept_here);
            let chunk = sparsity.kept(CHUNK_CHANNELS);
            let len = (kept_here - first).min(slots.end - slot).min(chunk - first % chunk);
            slot += len;
            Some(BlockSlots { channel: block * K_BLOCK, tap, kept: first..first + len })
        })
    }

    /// Channels, counted within the block, that the groups of the slots lie in.
    pub(super) fn channels(&self, block: &BlockSlots) -> Range<usize> {
        let (n, m) = (self.sparsity.n(), self.sparsity.m());
        block.kept.start / n * m..block.kept.end.div_ceil(n) * m
    }

    /// The entries of `block` from column `col` on, and the distance to the next column's.
    pub(super) fn at(&self, block: &BlockSlots, col: usize) -> (&[Entry], usize) {
        let first = self.sparsity.kept(block.channel) * self.taps * self.cols;
        let kept_here = self.sparsity.kept(K_BLOCK.min(self.channels - block.channel));
        let line = block.tap * self.cols + col;
        (&self.values[first + line * kept_here + block.kept.start..], kept_here)
    }
}
