//! OS in FF and BP: a patch of output pixels per array row, its input pixels with their halo in the row's bank.

use super::{Element, side, step};
use crate::space::{Grid, Piece, TileSpace};
use crate::traffic::first_seen;
use satkit_spec::isa::Walk;
use satkit_spec::{ArrayConfig, K_BLOCK};
use std::ops::Range;

/// Channels at a rectangle of taps, and where their pixels lie.
#[derive(Clone, Debug)]
struct Area {
    piece: Piece,
    base: usize,
    /// Pixels of the rectangle that a patch sees.
    h: usize,
    w: usize,
    /// Pixels from an output to the next.
    step_h: usize,
    step_w: usize,
    /// Elements of a pixel.
    pixel: usize,
    /// Channel of its first element.
    first: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Patches {
    grid: Grid,
    rows: Range<usize>,
    areas: Vec<Area>,
    /// Each with the area that it walks through.
    walks: Vec<(Walk, usize)>,
    words: usize,
}

impl Patches {
    pub(super) fn new(
        config: &ArrayConfig,
        space: &TileSpace,
        grid: Grid,
        rows: Range<usize>,
        slots: Range<usize>,
    ) -> Self {
        let (areas, words) = areas(config, space, grid, &slots);
        let walks = area_walks(space, &areas, slots);
        Self { grid, rows, areas, walks, words }
    }

    pub(super) const fn words(&self) -> usize {
        self.words
    }

    pub(super) fn offset(&self, segment: usize, output: usize) -> usize {
        let Some(&(_, area)) = self.walks.get(segment) else { return 0 };
        let area = &self.areas[area];
        let (y, x) = (output / self.grid.patch_w, output % self.grid.patch_w);
        (y * area.step_h * area.w + x * area.step_w) * area.pixel
    }

    pub(super) fn elements(&self, space: &TileSpace, row: usize, mut visit: impl FnMut(Element)) {
        let Some(patch) = self.grid.stripes(self.rows.start + row, 1).next() else { return };
        if row >= self.rows.len() {
            return;
        }
        for area in &self.areas {
            let taps = &area.piece.taps;
            let place = |at: usize, local: usize, horizontal: bool| {
                let span = if horizontal { taps.span_w() } else { taps.span_h() };
                let (first, stride) = first_seen(space, at, horizontal, taps);
                if stride <= span {
                    return first + local as isize;
                }
                first + (local / span * stride + local % span) as isize
            };
            // Of a patch that the image's edge cuts off outputs see less.
            let stride = space.problem.phase.map_or(space.problem.mac.shape.stride, |_| 1);
            let seen = (side(patch.h, taps.span_h(), stride), side(patch.w, taps.span_w(), stride));
            for (y, x) in (0..area.h).flat_map(|y| (0..area.w).map(move |x| (y, x))) {
                let pixel = area.base + (y * area.w + x) * area.pixel;
                let (input_y, input_x) = (place(patch.y, y, false), place(patch.x, x, true));
                for channel in area.piece.channels.clone() {
                    let source = if y >= seen.0 || x >= seen.1 {
                        None
                    } else if self.grid.flat {
                        space.flat_source(patch.x + x, channel)
                    } else {
                        space.source(patch.image, input_y, input_x, channel)
                    };
                    visit(Element { element: pixel + channel - area.first, source });
                }
            }
        }
    }
}

/// The areas of a chunk, and the words of them all.
fn areas(
    config: &ArrayConfig,
    space: &TileSpace,
    grid: Grid,
    slots: &Range<usize>,
) -> (Vec<Area>, usize) {
    let problem = &space.problem;
    let stride = problem.phase.map_or(problem.mac.shape.stride, |_| 1);
    let mut areas: Vec<Area> = Vec::new();
    let mut words = 0;
    problem.pieces(slots.start, slots.len(), |piece| {
        let (span_h, span_w) = (piece.taps.span_h(), piece.taps.span_w());
        let pixel_words = piece.words(config.m_lanes).len();
        let area = Area {
            piece: piece.clone(),
            base: words * config.m_lanes,
            h: side(grid.patch_h, span_h, stride),
            w: side(grid.patch_w, span_w, stride),
            step_h: stride.min(span_h),
            step_w: stride.min(span_w),
            pixel: pixel_words * config.m_lanes,
            first: piece.words(config.m_lanes).start * config.m_lanes,
        };
        words += area.h * area.w * pixel_words;
        areas.push(area);
    });
    (areas, words)
}

/// The walks through the patches of a chunk: all array rows walk alike.
pub(super) fn walks(
    config: &ArrayConfig,
    space: &TileSpace,
    grid: Grid,
    slots: Range<usize>,
) -> Vec<Walk> {
    let (areas, _) = areas(config, space, grid, &slots);
    area_walks(space, &areas, slots).into_iter().map(|(walk, _)| walk).collect()
}

/// One walk for each run of channel blocks of the same width in the same area.
fn area_walks(space: &TileSpace, areas: &[Area], slots: Range<usize>) -> Vec<(Walk, usize)> {
    let problem = &space.problem;
    let (kernel_h, kernel_w) = problem.kernel();
    let sparsity = problem.mac.sparsity;
    let (n, m) = (sparsity.n(), sparsity.m());
    let block_slots = problem.block_slots();
    // Taps of BP ascend while its dY pixels descend.
    let sign: isize = if problem.phase.is_some() { -1 } else { 1 };
    let mut walks: Vec<(Walk, usize)> = Vec::new();
    let (mut at, mut area) = (slots.start, 0);
    while at < slots.end {
        let block = at / block_slots;
        let first = block * K_BLOCK;
        let width = K_BLOCK.min(problem.channels() - first);
        let groups = width / m;
        let tap_slots = groups * n;
        let start = block * block_slots;
        let stop = slots.end.min(start + tap_slots * kernel_h * kernel_w);
        let from = at - start;
        let (tap, inside) = (from / tap_slots, from % tap_slots);
        let (group, kept) = (inside / n, inside % n);
        let channel = first + group * m;
        while area + 1 < areas.len() && !areas[area].piece.channels.contains(&channel) {
            area += 1;
        }
        let here = &areas[area];
        match walks.last_mut() {
            Some((walk, before)) if *before == area && walk.groups as usize == groups => {
                walk.slots += (stop - at) as u32;
            }
            _ => {
                let taps = &here.piece.taps;
                let (y, x) = if sign > 0 {
                    (tap / kernel_w - taps.first_h, tap % kernel_w - taps.first_w)
                } else {
                    (taps.last_h - tap / kernel_w, taps.last_w - tap % kernel_w)
                };
                let right = sign * here.pixel as isize;
                let down = sign * (here.w * here.pixel) as isize;
                let back = ((groups - 1) * m) as isize;
                let line = back + (kernel_w as isize - 1) * right;
                let all = line + (kernel_h as isize - 1) * down;
                let pixel = here.base + (y * here.w + x) * here.pixel;
                walks.push((
                    Walk {
                        slots: (stop - at) as u32,
                        start: (pixel + channel - here.first) as u32,
                        kept: n as u8,
                        kept_left: (n - kept) as u8,
                        groups: groups as u32,
                        groups_left: (groups - group) as u32,
                        taps: kernel_w as u8,
                        taps_left: (kernel_w - tap % kernel_w) as u8,
                        lines: kernel_h as u32,
                        lines_left: (kernel_h - tap / kernel_w) as u32,
                        group_step: step(m as isize),
                        tap_step: step(right - back),
                        line_step: step(down - line),
                        block_step: step(K_BLOCK as isize - all),
                        psum: 0,
                    },
                    area,
                ));
            }
        }
        at = stop;
    }
    walks
}
