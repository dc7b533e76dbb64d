//! What a range of K slots of FF or BP needs: channels and kernel taps.

use crate::Problem;
use satkit_spec::{K_BLOCK, Stage};
use std::ops::Range;

/// A rectangle of kernel taps, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taps {
    pub(crate) first_h: usize,
    pub(crate) last_h: usize,
    pub(crate) first_w: usize,
    pub(crate) last_w: usize,
}

impl Taps {
    /// The smallest rectangle around taps `first..=last` of a kernel of that width.
    pub(crate) fn between(first: usize, last: usize, kernel_w: usize) -> Self {
        let (first_h, last_h) = (first / kernel_w, last / kernel_w);
        let (first_w, last_w) =
            if first_h == last_h { (first % kernel_w, last % kernel_w) } else { (0, kernel_w - 1) };
        Self { first_h, last_h, first_w, last_w }
    }

    pub(crate) const fn span_h(&self) -> usize {
        self.last_h - self.first_h + 1
    }

    pub(crate) const fn span_w(&self) -> usize {
        self.last_w - self.first_w + 1
    }
}

/// Channels that are needed at a rectangle of taps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) channels: Range<usize>,
    pub(crate) taps: Taps,
}

impl Piece {
    /// Words of a pixel, of so many lanes, that have these channels.
    pub(crate) const fn words(&self, lanes: usize) -> Range<usize> {
        self.channels.start / lanes..self.channels.end.div_ceil(lanes)
    }
}

impl Problem {
    /// Reduced channels of FF and BP.
    pub(crate) const fn channels(&self) -> usize {
        match self.mac.stage {
            Stage::Ff => self.mac.shape.ci,
            _ => self.mac.shape.co,
        }
    }

    /// Kernel height and width that FF or BP sums over.
    pub(crate) fn kernel(&self) -> (usize, usize) {
        self.phase
            .map_or((self.mac.shape.kh, self.mac.shape.kw), |phase| (phase.taps_h, phase.taps_w))
    }

    /// Slots of one whole channel block over all taps.
    pub(crate) fn block_slots(&self) -> usize {
        let (h, w) = self.kernel();
        self.mac.sparsity.kept(self.channels().min(K_BLOCK)) * h * w
    }

    /// Calls `visit` with the pieces of slots `base..base + len` of FF or BP: whole blocks with all taps in one piece, a part
    /// of a block with the rectangle around its taps, a part of one tap with its own channels. A piece may hold more than
    /// the slots need (docs/machine.md, loads).
    pub(crate) fn pieces(&self, base: usize, len: usize, mut visit: impl FnMut(&Piece)) {
        let (kernel_h, kernel_w) = self.kernel();
        let taps = kernel_h * kernel_w;
        let (channels, sparsity) = (self.channels(), self.mac.sparsity);
        let block_slots = self.block_slots();
        let mut before: Option<Piece> = None;
        let (mut at, end) = (base, base + len);
        while at < end {
            let block = at / block_slots;
            let first = block * K_BLOCK;
            let width = K_BLOCK.min(channels - first);
            let tap_slots = sparsity.kept(width);
            let start = block * block_slots;
            let stop = end.min(start + tap_slots * taps);
            let (from, to) = (at - start, stop - start);
            let (first_tap, last_tap) = if to - from == tap_slots * taps {
                (0, taps - 1)
            } else {
                (from / tap_slots, (to - 1) / tap_slots)
            };
            let own = if first_tap == last_tap {
                // Groups are loaded whole.
                let group = |slot: usize| slot / sparsity.n() * sparsity.m();
                let low = group(from - first_tap * tap_slots);
                let high = group(to - 1 - first_tap * tap_slots) + sparsity.m();
                first + low..first + high
            } else {
                first..first + width
            };
            let piece = Piece { channels: own, taps: Taps::between(first_tap, last_tap, kernel_w) };
            match &mut before {
                Some(last)
                    if last.taps == piece.taps && last.channels.end == piece.channels.start =>
                {
                    last.channels.end = piece.channels.end;
                }
                _ => {
                    if let Some(last) = before.replace(piece) {
                        visit(&last);
                    }
                }
            }
            at = stop;
        }
        if let Some(last) = before {
            visit(&last);
        }
    }
}
