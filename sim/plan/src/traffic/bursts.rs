//! The bursts of a tile that ST writes, and how long the drain buffer takes to give each.
//!
//! A row of the tile leaves the buffer in pieces, one per cycle: the values of all columns that lie in one word of it, at most a
//! beat. Pieces fill beats from the lowest byte on. Rows that touch share the beat between them; else a row's last beat goes as it
//! is, and takes a cycle of its own if the last piece has filled the beat before, too.

use super::PageRequest;
use crate::layout::BEAT_BYTES;
use satkit_memory::PAGE_BYTES;
use std::ops::Range;

const PAGE_BEATS: u64 = PAGE_BYTES / BEAT_BYTES;

/// A burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Burst {
    pub(crate) request: PageRequest,
    /// Cycles of the drain buffer from the burst before to this one's last beat.
    pub(crate) cycles: u64,
}

/// The bursts of one tile, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bursts {
    list: Vec<Burst>,
    /// All of the tile is one burst: the memory is not paged.
    whole: bool,
    piece_bytes: u64,
    beats: u64,
    cycles: u64,
    /// Rows that touch, and have not become bursts yet.
    open: Rows,
    /// The runs of bytes, as they came, if they are kept.
    runs: Option<Vec<Range<u64>>>,
}

/// Rows of `bytes` bytes one after another.
#[derive(Clone, Copy, Debug, Default)]
struct Rows {
    address: u64,
    bytes: u64,
    count: u64,
}

impl Rows {
    const fn end(&self) -> u64 {
        self.address + self.bytes * self.count
    }

    /// Cycles until the first `bytes` bytes are in beats.
    fn cycles(&self, piece_bytes: u64, bytes: u64) -> u64 {
        let pieces = self.bytes.div_ceil(piece_bytes);
        let (row, inside) = ((bytes - 1) / self.bytes, (bytes - 1) % self.bytes);
        let given = row * pieces + inside / piece_bytes + 1;
        // What the last piece has of a beat of its own.
        let last = self.address + row * self.bytes + (pieces - 1) * piece_bytes;
        let ends = bytes == self.bytes * self.count;
        let rest = ends && (self.end() - 1) / BEAT_BYTES != last / BEAT_BYTES;
        given + u64::from(rest)
    }
}

impl Bursts {
    pub(crate) fn new(paged: bool) -> Self {
        Self { whole: !paged, ..Self::default() }
    }

    /// Those of a paged memory, which keep their runs of bytes.
    pub(crate) fn with_runs() -> Self {
        Self { runs: Some(Vec::new()), ..Self::new(true) }
    }

    /// The runs of bytes of the tile, if they are kept.
    pub(crate) fn runs(&self) -> &[Range<u64>] {
        self.runs.as_deref().unwrap_or_default()
    }

    /// Forgets all; pieces are of `piece_bytes` bytes from now on.
    pub(crate) fn clear(&mut self, piece_bytes: u64) {
        self.list.clear();
        (self.beats, self.cycles) = (0, 0);
        self.piece_bytes = piece_bytes;
        self.open = Rows::default();
        self.runs.iter_mut().for_each(Vec::clear);
    }

    /// Appends `count` rows of `bytes` bytes, `pitch` bytes apart.
    pub(crate) fn rows(&mut self, address: u64, bytes: u64, pitch: u64, count: usize) {
        if bytes == 0 || count == 0 {
            return;
        }
        let count = count as u64;
        if bytes == pitch {
            return self.touching(Rows { address, bytes, count });
        }
        if self.whole && (address | bytes | pitch).is_multiple_of(BEAT_BYTES) {
            self.close();
            let cycles = bytes.div_ceil(self.piece_bytes);
            return self.push(address / BEAT_BYTES, count * bytes / BEAT_BYTES, count * cycles);
        }
        for row in 0..count {
            self.touching(Rows { address: address + row * pitch, bytes, count: 1 });
        }
    }

    fn touching(&mut self, rows: Rows) {
        if let Some(runs) = &mut self.runs {
            runs.push(rows.address..rows.end());
        }
        if self.open.count > 0 && self.open.end() == rows.address && self.open.bytes == rows.bytes {
            self.open.count += rows.count;
            return;
        }
        self.close();
        self.open = rows;
    }

    /// Makes bursts of the rows that touch.
    pub(crate) fn close(&mut self) {
        let rows = std::mem::take(&mut self.open);
        if rows.count == 0 {
            return;
        }
        let (mut beat, stop) = (rows.address / BEAT_BYTES, rows.end().div_ceil(BEAT_BYTES));
        let mut done = 0;
        while beat < stop {
            let page_stop = (beat / PAGE_BEATS + 1) * PAGE_BEATS;
            let next = if self.whole { stop } else { stop.min(page_stop) };
            let bytes = (next * BEAT_BYTES).min(rows.end()) - rows.address;
            let cycles = rows.cycles(self.piece_bytes, bytes);
            self.push(beat, next - beat, cycles - done);
            (beat, done) = (next, cycles);
        }
    }

    fn push(&mut self, beat: u64, beats: u64, cycles: u64) {
        self.beats += beats;
        self.cycles += cycles;
        let all = self.whole;
        match self.list.last_mut() {
            Some(Burst { request, cycles: before })
                if all
                    || (!beat.is_multiple_of(PAGE_BEATS)
                        && request.address / BEAT_BYTES + u64::from(request.beats) == beat) =>
            {
                request.beats += beats as u32;
                *before += cycles;
            }
            _ => {
                let request = PageRequest { address: beat * BEAT_BYTES, beats: beats as u32 };
                self.list.push(Burst { request, cycles });
            }
        }
    }

    /// Cuts the one burst of a memory that is not paged into at most `most` even ones.
    pub(crate) fn cut(&mut self, most: u64) {
        if !self.whole || self.list.is_empty() {
            return;
        }
        let address = self.list[0].request.address;
        let parts = most.min(self.beats).max(1);
        self.list.clear();
        for part in 0..parts {
            let share = |all: u64| [all * part / parts, all * (part + 1) / parts];
            let ([from, to], [before, after]) = (share(self.beats), share(self.cycles));
            let address = address + from * BEAT_BYTES;
            let request = PageRequest { address, beats: (to - from) as u32 };
            self.list.push(Burst { request, cycles: after - before });
        }
    }

    pub(crate) fn list(&self) -> &[Burst] {
        &self.list
    }

    /// Beats of the tile.
    pub(crate) const fn beats(&self) -> u64 {
        self.beats
    }

    /// Cycles of the drain buffer for the tile: at least its beats.
    pub(crate) const fn cycles(&self) -> u64 {
        self.cycles
    }
}

#[cfg(test)]
mod tests {
    use super::{BEAT_BYTES, Burst, Bursts, PAGE_BEATS, PageRequest};
    use proptest::prelude::*;

    /// Piece by piece, as the description says.
    fn bursts(piece_bytes: u64, rows: &[(u64, u64)]) -> Vec<Burst> {
        let mut list: Vec<Burst> = Vec::new();
        let mut cycles = 0;
        let mut emit = |beat: u64, cycles: &mut u64| {
            let taken = std::mem::take(cycles);
            match list.last_mut() {
                Some(Burst { request, cycles })
                    if request.address / BEAT_BYTES + u64::from(request.beats) == beat
                        && !beat.is_multiple_of(PAGE_BEATS) =>
                {
                    request.beats += 1;
                    *cycles += taken;
                }
                _ => list.push(Burst {
                    request: PageRequest { address: beat * BEAT_BYTES, beats: 1 },
                    cycles: taken,
                }),
            }
        };
        for (at, &(address, bytes)) in rows.iter().enumerate() {
            let touches = rows.get(at + 1).is_some_and(|next| next.0 == address + bytes);
            let mut from = address;
            while from < address + bytes {
                let to = (from + piece_bytes).min(address + bytes);
                cycles += 1;
                let (first, last) = (from / BEAT_BYTES, (to - 1) / BEAT_BYTES);
                if first != last {
                    emit(first, &mut cycles);
                }
                let ends = to == address + bytes && !touches;
                if to.is_multiple_of(BEAT_BYTES) || ends {
                    cycles += u64::from(first != last);
                    emit(last, &mut cycles);
                }
                from = to;
            }
        }
        list
    }

    proptest! {
        #[test]
        fn rows_are_their_pieces_one_by_one(
            first in 0_u64..300, unit in prop_oneof![Just(64_u64), Just(16), Just(2)], bytes in 1_u64..90,
            gap in prop_oneof![Just(0_u64), 0_u64..20], count in 1_usize..60, power in 3_u32..7, more in any::<bool>(),
        ) {
            let (address, bytes, piece) = (first * unit, bytes * unit, 1 << power);
            let pitch = bytes + gap * unit;
            let mut rows: Vec<_> = (0..count as u64).map(|i| (address + i * pitch, bytes)).collect();
            let mut made = Bursts::new(true);
            made.clear(piece);
            made.rows(address, bytes, pitch, count);
            if more {
                let next = rows[count - 1].0 + pitch;
                made.rows(next, bytes, pitch, 2);
                rows.extend([(next, bytes), (next + pitch, bytes)]);
            }
            made.close();
            let expected = bursts(piece, &rows);
            prop_assert_eq!(made.list(), &expected);
            prop_assert!(expected.iter().all(|burst| burst.cycles >= u64::from(burst.request.beats)));
            prop_assert_eq!(made.cycles(), expected.iter().map(|burst| burst.cycles).sum::<u64>());
            let mut whole = Bursts::new(false);
            whole.clear(piece);
            whole.rows(address, bytes, pitch, count);
            whole.close();
            prop_assert!(whole.list().len() == 1 && whole.cycles() <= made.cycles());
        }
    }
}
