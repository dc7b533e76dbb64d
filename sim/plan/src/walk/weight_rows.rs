//! OS in WU: an array row owns weight rows; its bank has a run of pixels of each channel that they have.

use super::{Element, side, step};
use crate::space::{Grid, Taps, TileSpace};
use crate::traffic::first_seen;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Walk;
use std::ops::Range;

/// Pixels of whole images, or of a part of one, in each run.
#[derive(Clone, Copy, Debug)]
struct Part {
    image: usize,
    images: usize,
    /// First output row and column that it sees the pixels of.
    top: usize,
    left: usize,
    /// Pixels of an image of it.
    h: usize,
    w: usize,
    /// First element of it in a run.
    base: usize,
}

#[derive(Clone, Debug)]
pub(super) struct WeightRows {
    array_rows: usize,
    rows: Range<usize>,
    /// Channel and tap of each weight row.
    places: Vec<(usize, usize)>,
    kernel_w: usize,
    taps: Taps,
    /// The channels of each array row, in the order of their runs.
    channels: Vec<Vec<usize>>,
    /// Elements of a run: an odd number of words, so that neighbouring runs have a pixel in different memories of a bank.
    run: usize,
    lanes: usize,
    parts: Vec<Part>,
    flat: bool,
    first_pixel: usize,
}

impl WeightRows {
    pub(super) fn new(
        config: &ArrayConfig,
        space: &TileSpace,
        block: usize,
        rows: Range<usize>,
        slots: Range<usize>,
    ) -> Self {
        let mut channels: Vec<Vec<usize>> = vec![Vec::new(); config.rows];
        let places: Vec<(usize, usize)> =
            rows.clone().map(|row| space.weight_row(block, row)).collect();
        for (at, &(channel, _)) in places.iter().enumerate() {
            let own = &mut channels[at % config.rows];
            if !own.contains(&channel) {
                own.push(channel);
            }
        }
        let taps = taps_of(space, block, &rows);
        let flat = Grid::may_be_flat(&space.problem);
        let (parts, _) = parts(space, &taps, &slots);
        let pixels = parts.last().map_or(0, |part| part.base + part.images * part.h * part.w);
        Self {
            array_rows: config.rows,
            rows,
            places,
            kernel_w: space.problem.mac.shape.kw,
            taps,
            channels,
            run: if pixels == 0 {
                0
            } else {
                (pixels.div_ceil(config.m_lanes) | 1) * config.m_lanes
            },
            lanes: config.m_lanes,
            parts,
            flat,
            first_pixel: slots.start,
        }
    }

    pub(super) fn words(&self) -> usize {
        self.channels.iter().map(Vec::len).max().unwrap_or(0) * self.run / self.lanes
    }

    pub(super) fn offset(&self, row: usize, segment: usize, output: usize) -> usize {
        let weight_row = self.rows.start + output * self.array_rows + row;
        let Some(part) = self.parts.get(segment).filter(|_| weight_row < self.rows.end) else {
            return 0;
        };
        let (channel, tap) = self.places[weight_row - self.rows.start];
        let run = self.channels[row].iter().position(|&own| own == channel).unwrap_or(0);
        let (y, x) = (tap / self.kernel_w, tap % self.kernel_w);
        run * self.run + (y - self.taps.first_h) * part.w + (x - self.taps.first_w)
    }

    pub(super) fn elements(&self, space: &TileSpace, row: usize, mut visit: impl FnMut(Element)) {
        for (run, &channel) in self.channels[row].iter().enumerate() {
            for part in &self.parts {
                let place = |at: usize, local: usize, horizontal: bool| {
                    let taps = &self.taps;
                    let span = if horizontal { taps.span_w() } else { taps.span_h() };
                    let (first, stride) = first_seen(space, at, horizontal, taps);
                    if stride <= span {
                        return first + local as isize;
                    }
                    first + (local / span * stride + local % span) as isize
                };
                let pixels = part.images * part.h * part.w;
                for pixel in 0..pixels {
                    let source = if self.flat {
                        space.flat_source(self.first_pixel + pixel, channel)
                    } else {
                        let (image, inside) =
                            (pixel / (part.h * part.w), pixel % (part.h * part.w));
                        let y = place(part.top, inside / part.w, false);
                        let x = place(part.left, inside % part.w, true);
                        space.source(part.image + image, y, x, channel)
                    };
                    visit(Element { element: run * self.run + part.base + pixel, source });
                }
            }
        }
    }
}

/// The taps that weight rows span.
fn taps_of(space: &TileSpace, block: usize, rows: &Range<usize>) -> Taps {
    if rows.is_empty() {
        return Taps::between(0, 0, 1);
    }
    space.weight_row_span(block, rows.start, rows.len()).1
}

/// The walks through the pixels of a chunk: all array rows walk alike.
pub(super) fn walks(
    space: &TileSpace,
    block: usize,
    rows: Range<usize>,
    slots: &Range<usize>,
) -> Vec<Walk> {
    parts(space, &taps_of(space, block, &rows), slots).1
}

/// The parts of a chunk, each with its walk.
fn parts(space: &TileSpace, taps: &Taps, slots: &Range<usize>) -> (Vec<Part>, Vec<Walk>) {
    if Grid::may_be_flat(&space.problem) {
        flat_parts(slots)
    } else {
        image_parts(space, taps, slots)
    }
}

/// 1 x 1 kernels without stride or padding: pixels are one line.
fn flat_parts(slots: &Range<usize>) -> (Vec<Part>, Vec<Walk>) {
    if slots.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let part = Part { image: 0, images: 1, top: 0, left: 0, h: 1, w: slots.len(), base: 0 };
    let walk = pixel_walk(slots.len(), 0, (slots.len(), slots.len()), (1, 1), [1, 0, 0]);
    (vec![part], vec![walk])
}

/// A walk over pixels: columns with those left of the first row, rows with those left of the first image; steps to the next
/// column, row and image.
fn pixel_walk(
    slots: usize,
    start: usize,
    columns: (usize, usize),
    rows: (usize, usize),
    steps: [isize; 3],
) -> Walk {
    Walk {
        slots: slots as u32,
        start: start as u32,
        kept: 1,
        kept_left: 1,
        groups: columns.0 as u32,
        groups_left: columns.1 as u32,
        taps: 1,
        taps_left: 1,
        lines: rows.0 as u32,
        lines_left: rows.1 as u32,
        group_step: step(steps[0]),
        tap_step: 0,
        line_step: step(steps[1]),
        block_step: step(steps[2]),
        psum: 0,
    }
}

fn image_parts(space: &TileSpace, taps: &Taps, slots: &Range<usize>) -> (Vec<Part>, Vec<Walk>) {
    let shape = &space.problem.mac.shape;
    let (out_h, out_w, stride) = (shape.out_h(), shape.out_w(), shape.stride);
    let per_image = out_h * out_w;
    let (step_h, step_w) = (stride.min(taps.span_h()), stride.min(taps.span_w()));
    let (mut parts, mut walks): (Vec<Part>, Vec<Walk>) = (Vec::new(), Vec::new());
    let (mut at, mut base) = (slots.start, 0);
    while at < slots.end {
        let image = at / per_image;
        let stop = slots.end.min((image + 1) * per_image);
        let (first, last) = (at % per_image, (stop - 1) % per_image);
        let (top, bottom) = (first / out_w, last / out_w);
        let (left, width) =
            if top == bottom { (first % out_w, last - first + 1) } else { (0, out_w) };
        let (h, w) =
            (side(bottom - top + 1, taps.span_h(), stride), side(width, taps.span_w(), stride));
        let is_whole = stop - at == per_image;
        match (parts.last_mut(), walks.last_mut()) {
            (Some(part), Some(walk))
                if is_whole && walk.slots as usize == part.images * per_image =>
            {
                part.images += 1;
                walk.slots += per_image as u32;
            }
            _ => {
                let line = (width as isize - 1) * step_w as isize;
                let down = (step_h * w) as isize;
                let all = line + (out_h as isize - 1) * down;
                let skipped = first % out_w - left;
                parts.push(Part { image, images: 1, top, left, h, w, base });
                walks.push(pixel_walk(
                    stop - at,
                    base + skipped * step_w,
                    (width, width - skipped),
                    (out_h, out_h - top),
                    [step_w as isize, down - line, (h * w) as isize - all],
                ));
            }
        }
        base += h * w;
        at = stop;
    }
    (parts, walks)
}
