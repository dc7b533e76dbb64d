//! LD.A against the operand elements of each MAC.

use super::{A, Touched, channels, empty, operands, streamed};
use crate::given::{any_space, config};
use crate::layout::{self, HALF_BYTES};
use crate::space::TileSpace;
use crate::traffic::{Steps, load_activations};
use proptest::prelude::*;
use satkit_spec::isa::LoadActivations;
use satkit_spec::{K_BLOCK, Stage};
use std::ops::Range;

/// Pixel (image, y, x) of the streamed tensor and channels that K slot `slot` of problem row `row` takes; `None` in the
/// padding. Pruned operands need the whole group: which of it is kept is not known.
fn needed(
    space: &TileSpace,
    row: usize,
    slot: usize,
) -> Option<((usize, usize, usize), Range<usize>)> {
    let problem = &space.problem;
    let shape = &problem.mac.shape;
    let inside = |at: usize, side: usize| at.checked_sub(shape.pad).filter(|&at| at < side);
    if problem.mac.stage == Stage::Wu {
        let (tap, channel) = (row / shape.ci, row % shape.ci);
        let (kh, kw) = (tap / shape.kw, tap % shape.kw);
        let (oh, ow) = (slot / shape.out_w() % shape.out_h(), slot % shape.out_w());
        let image = slot / (shape.out_h() * shape.out_w());
        let y = inside(oh * shape.stride + kh, shape.h)?;
        let x = inside(ow * shape.stride + kw, shape.w)?;
        return Some(((image, y, x), channel..channel + 1));
    }
    // K order: channel block, tap, kept value.
    let (n, m) = (problem.mac.sparsity.n(), problem.mac.sparsity.m());
    let (all, taps) = match problem.phase {
        Some(phase) => (shape.co, phase.taps()),
        None => (shape.ci, shape.taps()),
    };
    let mut rest = slot;
    let mut block = 0;
    let kept = |block: usize| K_BLOCK.min(all - block) / m * n;
    while rest >= kept(block) * taps {
        rest -= kept(block) * taps;
        block += K_BLOCK;
    }
    let (tap, group) = (rest / kept(block), rest % kept(block) / n);
    let range = block + group * m..block + (group + 1) * m;
    match problem.phase {
        None => {
            let (oh, ow) = (row / shape.out_w() % shape.out_h(), row % shape.out_w());
            let image = row / (shape.out_h() * shape.out_w());
            let y = inside(oh * shape.stride + tap / shape.kw, shape.h)?;
            let x = inside(ow * shape.stride + tap % shape.kw, shape.w)?;
            Some(((image, y, x), range))
        }
        Some(phase) => {
            let image = row / phase.pixels();
            let (i, j) = (row % phase.pixels() / phase.cols, row % phase.cols);
            let (ih, iw) = (phase.first_ih + i * shape.stride, phase.first_iw + j * shape.stride);
            let kh = phase.phase_h + tap / phase.taps_w * shape.stride;
            let kw = phase.phase_w + tap % phase.taps_w * shape.stride;
            // ih = oh * stride + kh - pad.
            let output = |i: usize, k: usize, side: usize| {
                let at = (i + shape.pad).checked_sub(k)?;
                assert!(at.is_multiple_of(shape.stride), "a tap of another phase");
                Some(at / shape.stride).filter(|&o| o < side)
            };
            Some(((image, output(ih, kh, shape.out_h())?, output(iw, kw, shape.out_w())?), range))
        }
    }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn a_load_has_every_operand_of_its_tile_and_nothing_beyond_the_tensor(
        space in any_space(), row in any::<prop::sample::Index>(), rows in any::<prop::sample::Index>(),
        slot in any::<prop::sample::Index>(), slots in any::<prop::sample::Index>(), all in any::<bool>(),
    ) {
        if space.problem.slots == 0 {
            return Ok(());
        }
        let row_base = row.index(space.row_count());
        let rows = rows.index((space.row_count() - row_base).min(40)) + 1;
        let slot_base = if all { 0 } else { slot.index(space.problem.slots) };
        let left = space.problem.slots - slot_base;
        let slots = if all { left } else { slots.index(left.min(700)) + 1 };
        let load = LoadActivations {
            group: 0,
            row_base: row_base as u32,
            rows: rows as u32,
            slot_base: slot_base as u32,
            slots: slots as u32,
            words: 0,
        };
        let mut requests = empty();
        let steps = &mut Steps::default();
        load_activations(&space, &operands(&space), &load, 4, &mut requests, steps);
        let (h, w) = streamed(&space);
        let pitch = layout::pitch(channels(&space).0);
        let pixels = (space.problem.mac.shape.batch * h * w) as u64;
        let mut touched = Touched::new(A, pixels * pitch as u64 * HALF_BYTES);
        touched.add(&requests);
        let mut problem_rows = Vec::new();
        space.problem_rows(row_base, rows, |range| problem_rows.extend(range));
        for row in problem_rows {
            for slot in slot_base..slot_base + slots {
                let Some(((image, y, x), channels)) = needed(&space, row, slot) else { continue };
                let pixel = (image * h + y) * w + x;
                let offset = (pixel * pitch + channels.start) as u64 * HALF_BYTES;
                let has = touched.has(offset, channels.len() as u64 * HALF_BYTES);
                prop_assert!(has, "row {} slot {} needs {:?}", row, slot, (image, y, x, channels));
            }
        }
    }
}
