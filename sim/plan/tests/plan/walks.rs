//! Walked as the array walks, a chunk in the row banks gives each output the input values that the contract names, in its
//! order.

use crate::given::{any_config, any_shape, any_sparsity, config, stage_of, timed};
use proptest::prelude::*;
use proptest::sample::Index;
use satkit_memory::MemoryModel;
use satkit_plan::{
    BankLayout, Grid, MacStage, Patch, Rows, Source, TileSpace, layout, weight_source,
};
use satkit_spec::isa::{
    ELEMENT_BITS, Instruction, LoadActivations, MAX_WALKS, Operands, Operation, Walk,
};
use satkit_spec::{ArrayConfig, ConvShape, Dataflow, Sparsity, Stage};
use std::ops::Range;

/// A chunk: any rows and slots of any space.
#[derive(Clone, Debug)]
struct Chunk {
    config: ArrayConfig,
    space: TileSpace,
    rows: Range<usize>,
    slots: Range<usize>,
}

/// Some of `count` from anywhere on, `most` at most; empty if there are none.
fn part(count: usize, most: usize, (at, len): (Index, Index)) -> Range<usize> {
    if count == 0 {
        return 0..0;
    }
    let base = at.index(count);
    base..base + 1 + len.index(most.min(count - base))
}

/// Layers of several channel blocks, with kernels of several taps and images of several patches.
fn any_wide_shape() -> impl Strategy<Value = ConvShape> {
    let channels = || prop_oneof![(1_usize..40).prop_map(|c| c * 8), 1_usize..300];
    let sizes = (1_usize..5, channels(), (3_usize..13, 3_usize..13), channels());
    let kernel = ((1_usize..5, 1_usize..5), 1_usize..4, 0_usize..3);
    (sizes, kernel).prop_filter_map(
        "the kernel fits",
        |((n, ci, sides, co), (kernel, stride, pad))| {
            ConvShape::new(n, ci, sides, co, kernel, stride, pad).ok()
        },
    )
}

fn any_chunk() -> impl Strategy<Value = Chunk> {
    let sparsity = prop_oneof![4 => any_sparsity(), 1 => Just(Sparsity::new(3, 16).unwrap())];
    let shape = prop_oneof![any_shape(), any_wide_shape()];
    let stage = (shape, prop::sample::select(Stage::ALL.to_vec()), sparsity)
        .prop_map(|(shape, stage, sparsity)| stage_of(shape, stage, sparsity));
    let tile = (1_usize..6, 1_usize..17, any::<bool>(), 1_usize..17);
    let block = prop_oneof![1_usize..40, Just(0_usize)];
    let ends = || (any::<Index>(), any::<Index>());
    let draw = (any::<bool>(), any::<Index>(), tile, block);
    (stage, any_config(), draw, ends(), ends()).prop_filter_map(
        "words hold groups",
        |(stage, mut config, (streamed, phase, tile, block), row_ends, slot_ends)| {
            if stage.sparsity.m() > config.m_lanes {
                return None;
            }
            config.w2e_words_per_row = 65_536;
            let problems = stage.problems();
            let problem = problems[phase.index(problems.len())];
            let (patch_h, patch_w, flat, interleave) = tile;
            let (rows, most) = if stage.stage == Stage::Wu {
                let block = if block == 0 { config.rows } else { block };
                (Rows::WeightRows { block }, config.rows * interleave)
            } else {
                let flat = flat && Grid::may_be_flat(&problem);
                let patch_h = if flat || streamed { 1 } else { patch_h };
                let patch_w = if streamed { 1 } else { patch_w.min(16 / patch_h) };
                let grid = Grid::new(&problem, flat, patch_h, patch_w).unwrap();
                (Rows::Patches(grid), config.rows)
            };
            let dataflow =
                if streamed { Dataflow::WeightStationary } else { Dataflow::OutputStationary };
            let source = weight_source(stage.stage);
            let space = TileSpace { problem, dataflow, rows, source };
            let (most_rows, most_slots) =
                if streamed { (config.psum_depth, config.rows) } else { (most, usize::MAX) };
            Some(Chunk {
                config,
                space,
                rows: part(space.row_count(), most_rows, row_ends),
                slots: part(problem.slots, most_slots, slot_ends),
            })
        },
    )
}

/// The layout, or nothing if the chunk is too large for a bank, for which there is no other reason to be refused.
fn laid_out(chunk: &Chunk) -> Option<BankLayout> {
    let Chunk { config, space, rows, slots } = chunk;
    match BankLayout::new(config, space, rows.clone(), slots.clone()) {
        Ok(layout) => Some(layout),
        Err(reason) => {
            assert!(reason.contains("words in half a bank"), "{reason}");
            None
        }
    }
}

/// The elements that the array's counters go through.
fn walked(walk: &Walk) -> Vec<usize> {
    let mut element = walk.start;
    let (mut kept, mut groups) = (walk.kept_left, walk.groups_left);
    let (mut taps, mut lines) = (walk.taps_left, walk.lines_left);
    let mut elements = Vec::new();
    for _ in 0..walk.slots {
        elements.push(element as usize);
        let mut step = 0;
        kept -= 1;
        if kept == 0 {
            (kept, step) = (walk.kept, walk.group_step);
            groups -= 1;
            if groups == 0 {
                (groups, step) = (walk.groups, walk.tap_step);
                taps -= 1;
                if taps == 0 {
                    (taps, step) = (walk.taps, walk.line_step);
                    lines -= 1;
                    if lines == 0 {
                        (lines, step) = (walk.lines, walk.block_step);
                    }
                }
            }
        }
        element = (element + step) % (1 << ELEMENT_BITS);
    }
    elements
}

/// The first channel of the group and the tap of every K slot of FF or BP, by the contract's K order.
fn slots_in_order(space: &TileSpace) -> Vec<(usize, usize)> {
    let problem = &space.problem;
    let shape = &problem.mac.shape;
    let (channels, taps) = match problem.phase {
        None => (shape.ci, shape.taps()),
        Some(phase) => (shape.co, phase.taps()),
    };
    let (n, m) = (problem.mac.sparsity.n(), problem.mac.sparsity.m());
    let groups = ConvShape::k_order(channels, taps).filter(|at| at.channel % m == 0);
    groups.flat_map(|at| std::iter::repeat_n((at.channel, at.tap), n)).collect()
}

/// The input pixel that an output pixel of FF or BP sees at a tap, by the definition of the stage.
fn seen(space: &TileSpace, (oy, ox): (usize, usize), tap: usize) -> (isize, isize) {
    let shape = &space.problem.mac.shape;
    let (stride, pad) = (shape.stride as isize, shape.pad as isize);
    let axis = |out: usize, tap: usize| out as isize * stride + tap as isize - pad;
    let Some(phase) = space.problem.phase else {
        return (axis(oy, tap / shape.kw), axis(ox, tap % shape.kw));
    };
    let axis = |first: usize, at: usize, residue: usize, tap: usize| {
        let input = first as isize + at as isize * stride;
        let kernel = residue as isize + tap as isize * stride;
        assert_eq!((input + pad - kernel) % stride, 0, "the tap is present");
        (input + pad - kernel) / stride
    };
    (
        axis(phase.first_ih, oy, phase.phase_h, tap / phase.taps_w),
        axis(phase.first_iw, ox, phase.phase_w, tap % phase.taps_w),
    )
}

/// The value there, or +0.0 outside the image.
fn value(space: &TileSpace, image: usize, at: (isize, isize), channel: usize) -> Option<Source> {
    let shape = &space.problem.mac.shape;
    let (h, w) = match space.problem.mac.stage {
        Stage::Bp => (shape.out_h(), shape.out_w()),
        _ => (shape.h, shape.w),
    };
    let (y, x) = (usize::try_from(at.0).ok()?, usize::try_from(at.1).ok()?);
    (y < h && x < w).then_some(Source { image, y, x, channel })
}

/// Image and pixel of output pixel `pixel`, counted through the batch.
fn pixel(space: &TileSpace, pixel: usize) -> (usize, (usize, usize)) {
    let shape = &space.problem.mac.shape;
    let (h, w) = space
        .problem
        .phase
        .map_or((shape.out_h(), shape.out_w()), |phase| (phase.rows, phase.cols));
    (pixel / (h * w), (pixel % (h * w) / w, pixel % w))
}

/// What output `pixel` of FF or BP takes in a slot, for each position in the slot's group.
fn taken(space: &TileSpace, at: usize, (channel, tap): (usize, usize)) -> Vec<Option<Source>> {
    let (image, at) = pixel(space, at);
    let place = seen(space, at, tap);
    let m = space.problem.mac.sparsity.m();
    (channel..channel + m).map(|channel| value(space, image, place, channel)).collect()
}

/// What a weight row takes in a slot of WU.
fn taken_by_weight(space: &TileSpace, row: usize, slot: usize) -> Vec<Option<Source>> {
    let shape = &space.problem.mac.shape;
    let mut rows = Vec::new();
    space.problem_rows(row, 1, |range| rows.extend(range));
    let [row] = rows[..] else { panic!("{rows:?}") };
    let (tap, channel) = (row / shape.ci, row % shape.ci);
    let (image, at) = pixel(space, slot);
    vec![value(space, image, seen(space, at, tap), channel)]
}

/// The outputs of array row `row`, each with its pixel or weight row.
fn outputs(chunk: &Chunk, row: usize) -> Vec<(usize, usize)> {
    let Chunk { config, space, rows, .. } = chunk;
    match space.rows {
        Rows::Patches(grid) => {
            let at = rows.start + row;
            let patch = grid.stripes(at, 1).next().filter(|_| at < rows.end);
            let places = patch.into_iter().flat_map(|patch| {
                (0..patch.h).flat_map(move |y| (0..patch.w).map(move |x| (patch, y, x)))
            });
            let place = |(patch, y, x): (Patch, usize, usize)| {
                let line = patch.image * grid.image_h + patch.y + y;
                (y * grid.patch_w + x, line * grid.image_w + patch.x + x)
            };
            places.map(place).collect()
        }
        Rows::WeightRows { .. } => {
            (rows.start + row..rows.end).step_by(config.rows).enumerate().collect()
        }
    }
}

/// What each element of a bank holds, `None` where nothing was said; one thing each.
fn bank(chunk: &Chunk, layout: &BankLayout, row: usize) -> Vec<Option<Option<Source>>> {
    let mut held = vec![None; layout.words() * chunk.config.m_lanes];
    layout.elements(&chunk.space, row, |element| {
        let place = held.get_mut(element.element).expect("inside the words");
        assert!(place.is_none_or(|before| before == element.source), "{element:?}, {place:?}");
        *place = Some(element.source);
    });
    held
}

/// Finds at `element` and behind it what is taken, all in one word.
fn finds(
    chunk: &Chunk,
    held: &[Option<Option<Source>>],
    element: usize,
    taken: &[Option<Source>],
) -> Result<(), TestCaseError> {
    let lanes = chunk.config.m_lanes;
    prop_assert_eq!(element / lanes, (element + taken.len() - 1) / lanes);
    for (at, source) in taken.iter().enumerate() {
        prop_assert_eq!(held.get(element + at), Some(&Some(*source)));
    }
    Ok(())
}

fn checked(chunk: &Chunk, picked: [Index; 2]) -> Result<(), TestCaseError> {
    let Chunk { config, space, rows, slots } = chunk;
    let Some(layout) = laid_out(chunk) else { return Ok(()) };
    prop_assert!(layout.words() <= config.w2e_words_per_row / 2);
    prop_assert!(layout.walks().len() <= MAX_WALKS);
    let is_wu = space.problem.mac.stage == Stage::Wu;
    let order = if is_wu { Vec::new() } else { slots_in_order(space) };
    prop_assert!(is_wu || order.len() == space.problem.slots);
    let take = |output: usize, slot: usize| {
        if is_wu { taken_by_weight(space, output, slot) } else { taken(space, output, order[slot]) }
    };
    // The first, the last and two others of the array rows that have something to do.
    let streamed = space.dataflow == Dataflow::WeightStationary;
    let busy = if streamed { slots.len() } else { rows.len() }.min(config.rows).max(1);
    let mut array_rows = vec![0, busy - 1];
    array_rows.extend(picked.map(|index| index.index(busy)));
    for row in array_rows {
        let held = bank(chunk, &layout, row);
        if streamed {
            let [walk] = layout.walks() else { panic!("{:?}", layout.walks()) };
            let elements = walked(walk);
            prop_assert_eq!(elements.len(), rows.len());
            let Some(slot) = slots.clone().nth(row) else { continue };
            for (element, streamed) in elements.into_iter().zip(rows.clone()) {
                finds(chunk, &held, element + layout.offset(row, 0, 0), &take(streamed, slot))?;
            }
            continue;
        }
        let mut slot = slots.start;
        for (segment, walk) in layout.walks().iter().enumerate() {
            for element in walked(walk) {
                for (output, place) in outputs(chunk, row) {
                    let element = element + layout.offset(row, segment, output);
                    finds(chunk, &held, element, &take(place, slot))?;
                }
                slot += 1;
            }
        }
        prop_assert_eq!(slot, slots.end);
    }
    Ok(())
}

/// A load of the chunk that says it fills so many words.
fn load(chunk: &Chunk, words: usize) -> Result<(), String> {
    let Chunk { config, space, rows, slots } = chunk;
    let shape = &space.problem.mac.shape;
    let channels = if space.problem.mac.stage == Stage::Bp { shape.co } else { shape.ci };
    let a_pitch = (layout::pitch(channels) / 8) as u32;
    let w_pitch = a_pitch;
    let (heads, a_head, w_head, tile_beats) = (1, 0, 0, 0);
    let operands = Operands { a: 0, w: 0, a_pitch, w_pitch, heads, a_head, w_head, tile_beats };
    let load = LoadActivations {
        group: 0,
        row_base: rows.start as u32,
        rows: rows.len() as u32,
        slot_base: slots.start as u32,
        slots: slots.len() as u32,
        words: words as u32,
    };
    let program = [
        Operation::Geometry(space.geometry()),
        Operation::Operands(operands),
        Operation::LoadActivations(load),
    ];
    let result = timed(config, &program.map(Instruction::new), &MemoryModel::default());
    result.map(drop).map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn every_output_finds_its_values_in_the_order_of_the_contract(
        chunk in any_chunk(), picked in any::<[Index; 2]>(),
    ) {
        checked(&chunk, picked)?;
    }

    #[test]
    fn a_load_that_is_accepted_has_a_layout_within_its_words(chunk in any_chunk(), bits in 7_u32..10) {
        let mut chunk = chunk;
        let half = 1 << bits;
        chunk.config.w2e_words_per_row = half * 2;
        match laid_out(&chunk) {
            Some(layout) if layout.words() > 0 => {
                let refusal = load(&chunk, layout.words() - 1).unwrap_err();
                prop_assert!(refusal.contains(", but needs ") || refusal.contains("into half a bank"), "{refusal}");
            }
            Some(_) => {}
            None => {
                let refusal = load(&chunk, half).unwrap_err();
                prop_assert!(refusal.contains("into half a bank"), "{refusal}");
            }
        }
    }
}

/// WU of a layer of 4 x 4 pixels with kernels of 1 x 3, whose 8 output pixels see all 16, on 4 rows with words of 8 lanes.
fn weight_rows(ci: usize, block: usize, rows: Range<usize>) -> Chunk {
    let shape = ConvShape::new(1, ci, (4, 4), 4, (1, 3), 1, 0).unwrap();
    let mac = MacStage::new(shape, Stage::Wu, Sparsity::DENSE).unwrap();
    let space = TileSpace {
        problem: mac.problems()[0],
        dataflow: Dataflow::OutputStationary,
        rows: Rows::WeightRows { block },
        source: weight_source(Stage::Wu),
    };
    Chunk { config: ArrayConfig::tiny(), space, rows, slots: 0..8 }
}

#[test]
fn a_bank_has_a_run_for_each_channel_that_comes_by() {
    // Runs of two words, and of one more so that their number is odd.
    let needs = |chunk: &Chunk, channels: usize| {
        assert_eq!(laid_out(chunk).unwrap().words(), channels * 3);
        assert_eq!(load(chunk, channels * 3), Ok(()));
        let refusal = load(chunk, channels * 3 - 1).unwrap_err();
        assert!(refusal.contains(&format!("needs {}", channels * 3)), "{refusal}");
    };
    // Whole blocks of 4 channels: a bank has one of each, at all three taps.
    needs(&weight_rows(8, 4, 0..12), 1);
    needs(&weight_rows(8, 4, 0..24), 2);
    // The last of 7 channels are a block of 3, rows 12 to 20: bank 0 has rows 12, 16 and 20, which are of channels 4, 5, 6.
    needs(&weight_rows(7, 4, 12..21), 3);
    // Before them channel 0 comes by.
    needs(&weight_rows(7, 4, 0..21), 4);
    // A block of 6 on 4 rows: bank 0 has rows 0, 4, 8, 12 and 16, of channels 0, 4, 2, 0 and 4.
    needs(&weight_rows(6, 6, 0..18), 3);
    // From row 3 on, at two taps, of which 8 pixels see 12: bank 0 has channels 3 and 1, bank 3 only 0.
    needs(&weight_rows(6, 6, 3..10), 2);
}
