//! WS: one K slot per array row; the bank has one word per streamed output: that of the pixel which has the slot's group. Where
//! in it the group begins is the row's offset.

use super::{Element, step};
use crate::space::{Rows, Taps, TileSpace};
use crate::traffic::first_seen;
use satkit_spec::isa::Walk;
use satkit_spec::{ArrayConfig, K_BLOCK};
use std::ops::Range;

#[derive(Clone, Debug)]
pub(super) struct Streamed {
    rows: Range<usize>,
    slots: Range<usize>,
    lanes: usize,
    /// Lane in which each array row's group begins; pixels of WU stand in the first.
    offsets: Vec<usize>,
}

impl Streamed {
    pub(super) fn new(
        config: &ArrayConfig,
        space: &TileSpace,
        rows: Range<usize>,
        slots: Range<usize>,
    ) -> Self {
        let lanes = config.m_lanes;
        let lane = |slot: usize| match space.rows {
            Rows::Patches(_) => group(space, slot).0.start % lanes,
            Rows::WeightRows { .. } => 0,
        };
        let offsets = slots.clone().take(config.rows).map(lane).collect();
        Self { rows, slots, lanes, offsets }
    }

    pub(super) fn words(&self) -> usize {
        if self.slots.is_empty() { 0 } else { self.rows.len() }
    }

    pub(super) fn offset(&self, row: usize) -> usize {
        self.offsets.get(row).copied().unwrap_or_default()
    }

    pub(super) fn elements(&self, space: &TileSpace, row: usize, mut visit: impl FnMut(Element)) {
        if row >= self.slots.len() {
            return;
        }
        let slot = self.slots.start + row;
        for (at, output) in self.rows.clone().enumerate() {
            let word = at * self.lanes;
            match space.rows {
                Rows::Patches(grid) => {
                    let Some(patch) = grid.stripes(output, 1).next() else { continue };
                    let (channels, tap) = group(space, slot);
                    let (_, kernel_w) = space.problem.kernel();
                    let taps = Taps::between(tap, tap, kernel_w);
                    let (y, _) = first_seen(space, patch.y, false, &taps);
                    let (x, _) = first_seen(space, patch.x, true, &taps);
                    for channel in channels {
                        let source = if grid.flat {
                            space.flat_source(patch.x, channel)
                        } else {
                            space.source(patch.image, y, x, channel)
                        };
                        visit(Element { element: word + channel % self.lanes, source });
                    }
                }
                Rows::WeightRows { block } => {
                    let (channel, tap) = space.weight_row(block, output);
                    let shape = &space.problem.mac.shape;
                    let (out_h, out_w) = (shape.out_h(), shape.out_w());
                    let taps = Taps::between(tap, tap, shape.kw);
                    let (image, inside) = (slot / (out_h * out_w), slot % (out_h * out_w));
                    let (y, _) = first_seen(space, inside / out_w, false, &taps);
                    let (x, _) = first_seen(space, inside % out_w, true, &taps);
                    let source = space.source(image, y, x, channel);
                    visit(Element { element: word, source });
                }
            }
        }
    }
}

/// The walk through `rows` streamed rows.
pub(super) fn walk(config: &ArrayConfig, rows: usize) -> Walk {
    let rows = rows as u32;
    Walk {
        slots: rows,
        start: 0,
        kept: 1,
        kept_left: 1,
        groups: rows,
        groups_left: rows,
        taps: 1,
        taps_left: 1,
        lines: 1,
        lines_left: 1,
        group_step: step(config.m_lanes as isize),
        tap_step: 0,
        line_step: 0,
        block_step: 0,
        psum: 0,
    }
}

/// The channels of the group that a slot of FF or BP is kept of, and its tap.
fn group(space: &TileSpace, slot: usize) -> (Range<usize>, usize) {
    let problem = &space.problem;
    let (n, m) = (problem.mac.sparsity.n(), problem.mac.sparsity.m());
    let block_slots = problem.block_slots();
    let (block, inside) = (slot / block_slots, slot % block_slots);
    let first = block * K_BLOCK;
    let tap_slots = K_BLOCK.min(problem.channels() - first) / m * n;
    let channel = first + inside % tap_slots / n * m;
    (channel..channel + m, inside / tap_slots)
}
