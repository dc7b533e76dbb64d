//! LD.A: the streamed operand.

use super::{Requests, Steps, bytes_at, group_offset, half_pitch, row_bytes};
use crate::layout::{BEAT_BYTES, HALF_BYTES};
use crate::space::{Grid, Patch, Piece, Rows, Taps, TileSpace};
use satkit_spec::isa::{LoadActivations, Operands};
use satkit_spec::{
    ACTIVATION_DECODE_CYCLES, ACTIVATION_IMAGE_DECODE_CYCLES, ACTIVATION_STRIPE_DECODE_CYCLES,
    ACTIVATION_TABLE_CYCLES, ACTIVATION_TABLE_ROW_CYCLES, ArrayConfig, Dataflow, Stage,
};
use std::ops::Range;

/// Bytes of a word of 8 FP16 values, the smallest pixel.
const WORD_BYTES: u64 = 8 * HALF_BYTES;

/// The tensor that is streamed, as an image.
struct Image {
    base: u64,
    /// Bytes of a pixel.
    pixel: u64,
    h: usize,
    w: usize,
    /// Channels of a pixel, and products side by side in it.
    channels: usize,
    heads: u8,
}

impl Image {
    /// Where channels begin in a pixel, and how many bytes of it are read: whole beats, and pixels of one word whole.
    fn span(&self, channels: &Range<usize>) -> (u64, u64) {
        let offset = channels.start as u64 * HALF_BYTES;
        if !self.base.is_multiple_of(BEAT_BYTES) {
            let bytes = row_bytes(channels, self.channels, self.heads, HALF_BYTES, self.pixel);
            return (offset, bytes);
        }
        if self.pixel == WORD_BYTES {
            return (0, self.pixel);
        }
        if !self.pixel.is_multiple_of(BEAT_BYTES) {
            let bytes = row_bytes(channels, self.channels, self.heads, HALF_BYTES, self.pixel);
            return (offset, bytes);
        }
        let first = offset / BEAT_BYTES * BEAT_BYTES;
        let end = (channels.end as u64 * HALF_BYTES).next_multiple_of(BEAT_BYTES);
        (first, end - first)
    }

    /// Appends rows `ys` of columns `xs` of one image, channels `channels`, cut at the image's edges. Each row is for itself,
    /// but whole rows of whole beats.
    fn read(
        &self,
        requests: &mut Requests,
        image: usize,
        ys: Range<isize>,
        xs: Range<isize>,
        channels: &Range<usize>,
    ) {
        let clip = |range: Range<isize>, side: usize| {
            range.start.max(0) as usize..range.end.clamp(0, side as isize) as usize
        };
        let (ys, xs) = (clip(ys, self.h), clip(xs, self.w));
        if xs.is_empty() || ys.is_empty() {
            return;
        }
        let (offset, bytes) = self.span(channels);
        let address = |y: usize| {
            let first = ((image * self.h + y) * self.w + xs.start) as u64;
            self.base + first * self.pixel + offset
        };
        if requests.is_whole() {
            return requests.counted(address(ys.start), bytes, self.pixel, xs.len(), ys.len());
        }
        let touch = bytes == self.pixel && bytes.is_multiple_of(BEAT_BYTES);
        if touch && xs == (0..self.w) {
            requests.part();
            return requests.run(address(ys.start), bytes * (xs.len() * ys.len()) as u64);
        }
        for y in ys {
            requests.part();
            requests.strided(address(y), bytes, self.pixel, xs.len());
        }
    }
}

/// Memories of a row bank that are written apart, each of every fourth word.
const SUB_BANKS: usize = 4;

/// Appends what the load reads, and how long its beats take on the way into the banks of `array_rows` rows. The tile lies within
/// the space.
pub(crate) fn load_activations(
    space: &TileSpace,
    operands: &Operands,
    load: &LoadActivations,
    array_rows: usize,
    requests: &mut Requests,
    steps: &mut Steps,
) {
    if load.slots == 0 || load.rows == 0 {
        return;
    }
    let problem = &space.problem;
    let shape = &problem.mac.shape;
    let pixel = half_pitch(operands.a_pitch);
    let (h, w, channels) = match problem.mac.stage {
        Stage::Ff | Stage::Wu => (shape.h, shape.w, shape.ci),
        Stage::Bp => (shape.out_h(), shape.out_w(), shape.co),
    };
    let rows = shape.batch * h * w;
    let base = bytes_at(operands.a)
        + group_offset(load.group, operands.heads, operands.a_head, rows, pixel);
    let image = Image { base, pixel, h, w, channels, heads: operands.heads };
    let (row_base, count) = (load.row_base as usize, load.rows as usize);
    let (slot_base, slots) = (load.slot_base as usize, load.slots as usize);
    match space.rows {
        Rows::Patches(grid) => {
            problem.pieces(slot_base, slots, |piece| {
                patches(space, &image, &grid, row_base..row_base + count, piece, requests);
            });
        }
        Rows::WeightRows { block } => {
            let (channels, taps) = space.weight_row_span(block, row_base, count);
            pixels(space, &image, slot_base..slot_base + slots, &channels, taps, requests);
            if space.dataflow == Dataflow::OutputStationary {
                let of_beat = scattered_steps(pixel, array_rows);
                steps.run(requests, of_beat, |_| of_beat);
            }
        }
    }
}

/// Cycles of decoding of a load. Where patches are not flat each stripe of neighbouring ones takes cycles of its own, for each piece of the
/// chunk; so does each image of weight rows of larger kernels. What the hardware does not do is charged as if it were flat.
pub(crate) fn decode_cycles(space: &TileSpace, load: &LoadActivations) -> usize {
    if space.dataflow == Dataflow::WeightStationary {
        return ACTIVATION_DECODE_CYCLES;
    }
    let stripes = match space.rows {
        Rows::Patches(grid) if grid.flat => return ACTIVATION_DECODE_CYCLES,
        Rows::Patches(grid) => {
            let stripes = grid.stripe_count(load.row_base as usize, load.rows as usize);
            let mut pieces = 0;
            space.problem.pieces(load.slot_base as usize, load.slots as usize, |_| pieces += 1);
            stripes * pieces
        }
        Rows::WeightRows { .. } if Grid::may_be_flat(&space.problem) || load.slots == 0 => {
            return ACTIVATION_DECODE_CYCLES;
        }
        Rows::WeightRows { .. } => {
            let shape = &space.problem.mac.shape;
            let of_image = shape.out_h() * shape.out_w();
            let (first, slots) = (load.slot_base as usize, load.slots as usize);
            (first + slots - 1) / of_image - first / of_image + 1
        }
    };
    ACTIVATION_IMAGE_DECODE_CYCLES + stripes * ACTIVATION_STRIPE_DECODE_CYCLES
}

/// Cycles from a load's start until its offsets can be read: weight rows of a single channel have one each.
pub(crate) fn table_cycles(space: &TileSpace, load: &LoadActivations) -> usize {
    let narrow = matches!(space.rows, Rows::WeightRows { .. })
        && space.dataflow == Dataflow::OutputStationary
        && space.problem.mac.shape.ci == 1
        && !Grid::may_be_flat(&space.problem);
    let apart = if narrow { load.rows as usize + ACTIVATION_TABLE_ROW_CYCLES } else { 0 };
    ACTIVATION_TABLE_CYCLES.max(apart)
}

/// Steps of a beat whose values go to lanes of words of their own: a step takes a pixel of those that share a beat; of one of more
/// channels each row takes as many in a step as it has memories.
const fn scattered_steps(pixel: u64, array_rows: usize) -> u32 {
    if pixel == WORD_BYTES {
        return (BEAT_BYTES / WORD_BYTES) as u32;
    }
    let values = (BEAT_BYTES / HALF_BYTES) as usize;
    values.div_ceil(array_rows * SUB_BANKS) as u32
}

/// FF and BP: neighbouring patches with their halo, image row by image row. A pixel that several of them hold is read once;
/// its beats go into all their banks.
fn patches(
    space: &TileSpace,
    image: &Image,
    grid: &Grid,
    range: Range<usize>,
    piece: &Piece,
    requests: &mut Requests,
) {
    if grid.flat {
        let first = range.start * grid.patch_w;
        let end = (range.end * grid.patch_w).min(grid.image_w);
        let flat = Image { h: 1, w: grid.image_w, ..*image };
        return flat.read(requests, 0, 0..1, first as isize..end as isize, &piece.channels);
    }
    for patch in grid.stripes(range.start, range.len()) {
        patch_halo(space, image, &patch, piece, requests);
    }
}

/// The first input row or column that output `at` sees, and the distance from one output to the next.
pub(crate) fn first_seen(
    space: &TileSpace,
    at: usize,
    horizontal: bool,
    taps: &Taps,
) -> (isize, usize) {
    let problem = &space.problem;
    let shape = &problem.mac.shape;
    let (first_tap, last_tap) =
        if horizontal { (taps.first_w, taps.last_w) } else { (taps.first_h, taps.last_h) };
    match problem.phase {
        None => ((at * shape.stride + first_tap) as isize - shape.pad as isize, shape.stride),
        // Inside a phase BP is a convolution of stride 1 over dY: tap t of pixel r sees dY row r + offset - t.
        Some(phase) => {
            let (first, residue) = if horizontal {
                (phase.first_iw, phase.phase_w)
            } else {
                (phase.first_ih, phase.phase_h)
            };
            let offset = (first + shape.pad - residue) / shape.stride;
            ((at + offset) as isize - last_tap as isize, 1)
        }
    }
}

/// The input ranges that `count` outputs from `at` on see: one if neighbours touch, one each if the stride skips
/// over some.
fn seen(
    space: &TileSpace,
    at: usize,
    count: usize,
    horizontal: bool,
    taps: &Taps,
) -> impl Iterator<Item = Range<isize>> + use<> {
    let span = if horizontal { taps.span_w() } else { taps.span_h() };
    let (first, step) = first_seen(space, at, horizontal, taps);
    let (ranges, len) = if step <= span { (1, (count - 1) * step + span) } else { (count, span) };
    (0..ranges).map(move |index| {
        let start = first + (index * step) as isize;
        start..start + len as isize
    })
}

fn patch_halo(
    space: &TileSpace,
    image: &Image,
    patch: &Patch,
    piece: &Piece,
    requests: &mut Requests,
) {
    for ys in seen(space, patch.y, patch.h, false, &piece.taps) {
        let columns = || seen(space, patch.x, patch.w, true, &piece.taps);
        if requests.is_whole() || columns().nth(1).is_none() {
            for xs in columns() {
                image.read(requests, patch.image, ys.clone(), xs, &piece.channels);
            }
            continue;
        }
        for y in ys {
            for xs in columns() {
                image.read(requests, patch.image, y..y + 1, xs, &piece.channels);
            }
        }
    }
}

/// WU: the input pixels that output pixels `range` see at these taps. A range inside one output row reads its
/// own columns, a longer one whole rows.
fn pixels(
    space: &TileSpace,
    image: &Image,
    range: Range<usize>,
    channels: &Range<usize>,
    taps: Taps,
    requests: &mut Requests,
) {
    let shape = &space.problem.mac.shape;
    let (out_h, out_w) = (shape.out_h(), shape.out_w());
    if Grid::may_be_flat(&space.problem) {
        let w = shape.batch * out_h * out_w;
        let flat = Image { h: 1, w, ..*image };
        let xs = range.start as isize..range.end as isize;
        return flat.read(requests, 0, 0..1, xs, channels);
    }
    let (mut at, per_image) = (range.start, out_h * out_w);
    while at < range.end {
        let number = at / per_image;
        let stop = range.end.min((number + 1) * per_image);
        let (first, last) = (at % per_image, (stop - 1) % per_image);
        let (top, bottom) = (first / out_w, last / out_w);
        let (left, width) =
            if top == bottom { (first % out_w, last - first + 1) } else { (0, out_w) };
        for ys in seen(space, top, bottom - top + 1, false, &taps) {
            let columns = || seen(space, left, width, true, &taps);
            if requests.is_whole() || columns().nth(1).is_none() {
                for xs in columns() {
                    image.read(requests, number, ys.clone(), xs, channels);
                }
                continue;
            }
            for y in ys {
                for xs in columns() {
                    image.read(requests, number, y..y + 1, xs, channels);
                }
            }
        }
        at = stop;
    }
}

/// Words of one row bank that a load fills: what `LD.A words=` holds.
pub(crate) fn words(
    config: &ArrayConfig,
    space: &TileSpace,
    rows: Range<usize>,
    slots: Range<usize>,
) -> usize {
    let lanes = config.m_lanes;
    let (slot_base, slots) = (slots.start, slots.len());
    if slots == 0 || rows.is_empty() {
        return 0;
    }
    let problem = &space.problem;
    match (space.rows, space.dataflow) {
        // Each streamed output has one word per row bank: that of the bank's own slot, of which a pass has one.
        (_, Dataflow::WeightStationary) => rows.len() * slots.div_ceil(config.rows),
        (Rows::Patches(grid), Dataflow::OutputStationary) => {
            let side = |count: usize, span: usize, step: usize| {
                if step <= span { (count - 1) * step + span } else { count * span }
            };
            let step = problem.phase.map_or(problem.mac.shape.stride, |_| 1);
            let mut words = 0;
            problem.pieces(slot_base, slots, |piece| {
                let pixels = side(grid.patch_h, piece.taps.span_h(), step)
                    * side(grid.patch_w, piece.taps.span_w(), step);
                words += pixels * piece.words(lanes).len();
            });
            words
        }
        (Rows::WeightRows { block }, Dataflow::OutputStationary) => {
            let kind = WeightRowKind::of(config, space, block, &rows);
            kind.words(config, space, slot_base, slots)
        }
    }
}

/// What of a tile of weight rows decides how many words its loads fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WeightRowKind {
    /// Channels of the row bank that has the most: it holds pixels of each channel that its weight rows have.
    channels: usize,
    taps: Taps,
}

impl WeightRowKind {
    /// That of weight rows `rows`, at least one.
    pub(crate) fn of(
        config: &ArrayConfig,
        space: &TileSpace,
        block: usize,
        rows: &Range<usize>,
    ) -> Self {
        let (_, taps) = space.weight_row_span(block, rows.start, rows.len());
        Self { channels: most_channels(config.rows, space, block, rows), taps }
    }

    /// Words for `slots` output pixels from `slot_base` on.
    pub(crate) fn words(
        &self,
        config: &ArrayConfig,
        space: &TileSpace,
        slot_base: usize,
        slots: usize,
    ) -> usize {
        let pixels = seen_pixels(space, slot_base, slots, &self.taps);
        self.channels * (pixels.div_ceil(config.m_lanes) + 1)
    }
}

/// The most channels that the weight rows of one of `banks` row banks have. Weight row `i` of a tile is in bank `i % banks`,
/// so that inside a channel block a bank's channels are `banks` apart and come round.
fn most_channels(banks: usize, space: &TileSpace, block: usize, rows: &Range<usize>) -> usize {
    let (ci, taps) = (space.problem.mac.shape.ci, space.problem.mac.shape.taps());
    // The rows of each channel block, counted from the tile's first, and after how many of a bank its channels come round.
    let first = rows.start / (block * taps);
    let blocks = (first..).map_while(|at| {
        let start = rows.start.max(at * block * taps);
        let width = block.min(ci.checked_sub(at * block)?);
        let end = rows.end.min((at * block + width) * taps);
        (start < end).then(|| (start - rows.start, end - rows.start, width / gcd(banks, width)))
    });
    let channels = |bank: usize| -> usize {
        let before = |end: usize| (end + banks - 1).saturating_sub(bank) / banks;
        blocks.clone().map(|(start, end, round)| (before(end) - before(start)).min(round)).sum()
    };
    // Where all blocks begin at bank 0, that one has the most.
    if blocks.clone().all(|(start, ..)| start.is_multiple_of(banks)) {
        return channels(0);
    }
    (0..banks.min(rows.len())).map(channels).max().unwrap_or(0)
}

/// The greatest common divisor of two numbers above 0.
pub(crate) const fn gcd(mut a: usize, mut b: usize) -> usize {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Input pixels, padding included, that `slots` output pixels see at these taps.
fn seen_pixels(space: &TileSpace, slot_base: usize, slots: usize, taps: &Taps) -> usize {
    let shape = &space.problem.mac.shape;
    if Grid::may_be_flat(&space.problem) {
        return slots;
    }
    let side = |count: usize, span: usize| {
        if shape.stride <= span { (count - 1) * shape.stride + span } else { count * span }
    };
    let (out_w, per_image) = (shape.out_w(), shape.out_h() * shape.out_w());
    let (mut at, end, mut total) = (slot_base, slot_base + slots, 0);
    while at < end {
        let stop = end.min((at / per_image + 1) * per_image);
        let (first, last) = (at % per_image, (stop - 1) % per_image);
        let (top, bottom) = (first / out_w, last / out_w);
        let width = if top == bottom { last - first + 1 } else { out_w };
        total += side(bottom - top + 1, taps.span_h()) * side(width, taps.span_w());
        at = stop;
    }
    total
}
