//! The rows of a geometry are the rows of its matrix problem, each once.

use crate::given::{any_space, config};
use proptest::prelude::*;
use satkit_plan::{Grid, MacStage, Rows, TileSpace, WeightSource};
use satkit_spec::isa::Geometry;
use satkit_spec::{ConvShape, Dataflow, Sparsity, Stage};

/// Problem rows that a range of rows of the geometry are.
fn problem_rows(space: &TileSpace, base: usize, count: usize) -> Vec<usize> {
    let mut rows = Vec::new();
    space.problem_rows(base, count, |range| rows.extend(range));
    rows
}

/// Fields that often make sense together, and sometimes not at all.
fn any_geometry() -> impl Strategy<Value = Geometry> {
    let small = |max: u32| prop_oneof![6 => 0..max, 1 => any::<u32>()];
    let tiny = |max: u8| prop_oneof![6 => 0..max, 1 => any::<u8>()];
    let sides = (small(9), small(70), small(70), small(12), small(12));
    let kernel = (tiny(5), tiny(5), tiny(4), tiny(3));
    let sparse = (any::<bool>(), tiny(9), tiny(9), tiny(5));
    let layout = (any::<bool>(), tiny(6), tiny(6), tiny(9), tiny(4));
    let kind = (prop::sample::select(Stage::ALL.to_vec()), any::<bool>());
    (kind, sides, kernel, sparse, layout).prop_map(|(kind, sides, kernel, sparse, layout)| {
        Geometry {
            stage: kind.0,
            dataflow: if kind.1 { Dataflow::WeightStationary } else { Dataflow::OutputStationary },
            compact: sparse.0,
            n: sparse.1,
            m: sparse.2,
            phase: sparse.3,
            batch: sides.0,
            ci: sides.1,
            co: sides.2,
            h: sides.3,
            w: sides.4,
            kh: kernel.0,
            kw: kernel.1,
            stride: kernel.2,
            pad: kernel.3,
            flat: layout.0,
            patch_h: layout.1,
            patch_w: layout.2,
            block: layout.3,
            weight_source: layout.4,
            first_slot: 0,
        }
    })
}

/// A geometry that makes sense with one field replaced.
fn damaged(mut geometry: Geometry, field: usize, value: u32) -> Geometry {
    let byte = value as u8;
    match field {
        0 => geometry.compact = !geometry.compact,
        1 => geometry.n = byte,
        2 => geometry.m = byte,
        3 => geometry.phase = byte,
        4 => geometry.batch = value,
        5 => geometry.ci = value,
        6 => geometry.co = value,
        7 => geometry.h = value,
        8 => geometry.w = value,
        9 => geometry.kh = byte,
        10 => geometry.kw = byte,
        11 => geometry.stride = byte,
        12 => geometry.pad = byte,
        13 => geometry.flat = !geometry.flat,
        14 => geometry.patch_h = byte,
        15 => geometry.patch_w = byte,
        16 => geometry.block = byte,
        17 => geometry.weight_source = byte,
        18 => geometry.stage = Stage::ALL[value as usize % 3],
        19 => geometry.first_slot = value,
        _ => {}
    }
    geometry
}

/// What is read means one thing: it is written as it was read.
fn refused_or_whole(geometry: &Geometry) -> Result<(), TestCaseError> {
    if let Ok(space) = TileSpace::read(geometry) {
        prop_assert_eq!(space.geometry(), *geometry);
        prop_assert!(space.row_count() <= space.problem.rows);
        prop_assert!(space.outputs(0, space.row_count().min(1000)) <= space.problem.rows as u64);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn every_problem_row_belongs_to_one_row(space in any_space()) {
        let mut seen = vec![false; space.problem.rows];
        for row in 0..space.row_count() {
            let rows = problem_rows(&space, row, 1);
            prop_assert_eq!(space.outputs(row, 1), rows.len() as u64);
            for row in rows {
                prop_assert!(!std::mem::replace(&mut seen[row], true), "row {} twice", row);
            }
        }
        prop_assert!(seen.into_iter().all(|seen| seen));
    }

    #[test]
    fn a_range_is_the_rows_in_it(
        space in any_space(), at in any::<prop::sample::Index>(), len in any::<prop::sample::Index>(),
    ) {
        let base = at.index(space.row_count());
        let count = len.index(space.row_count() - base) + 1;
        // Neighbouring patches go image row by image row, so only the order differs.
        let mut rows = problem_rows(&space, base, count);
        let mut single: Vec<usize> =
            (base..base + count).flat_map(|row| problem_rows(&space, row, 1)).collect();
        rows.sort_unstable();
        single.sort_unstable();
        prop_assert_eq!(&rows, &single);
        prop_assert_eq!(space.outputs(base, count), rows.len() as u64);
        prop_assert_eq!(space.outputs(base, 0), 0);
    }

    #[test]
    fn a_space_is_read_from_its_geometry(space in any_space()) {
        prop_assert_eq!(TileSpace::read(&space.geometry()), Ok(space));
    }

    #[test]
    fn patches_are_rectangles_inside_their_image(space in any_space()) {
        let Rows::Patches(grid) = space.rows else { return Ok(()) };
        for row in 0..grid.patches() {
            let patches: Vec<_> = grid.stripes(row, 1).collect();
            let [patch] = patches[..] else { panic!("{patches:?}") };
            prop_assert!((1..=grid.patch_h).contains(&patch.h) && (1..=grid.patch_w).contains(&patch.w));
            prop_assert!(patch.y + patch.h <= grid.image_h && patch.x + patch.w <= grid.image_w);
            let pixel = |y: usize, x: usize| (patch.image * grid.image_h + y) * grid.image_w + x;
            let pixels: Vec<usize> = (patch.y..patch.y + patch.h)
                .flat_map(|y| (patch.x..patch.x + patch.w).map(move |x| pixel(y, x)))
                .collect();
            prop_assert_eq!(problem_rows(&space, row, 1), pixels);
        }
    }

    #[test]
    fn weight_rows_go_block_by_block(space in any_space()) {
        let Rows::WeightRows { block } = space.rows else { return Ok(()) };
        let (ci, taps) = (space.problem.mac.shape.ci, space.problem.mac.shape.taps());
        let mut expected = Vec::new();
        for first in (0..ci).step_by(block) {
            for tap in 0..taps {
                expected.extend((first..ci.min(first + block)).map(|channel| tap * ci + channel));
            }
        }
        prop_assert_eq!(problem_rows(&space, 0, space.row_count()), expected);
    }

    #[test]
    fn random_geometries_are_refused_or_whole(geometry in any_geometry()) {
        refused_or_whole(&geometry)?;
    }

    #[test]
    fn damaged_geometries_are_refused_or_whole(
        space in any_space(), field in 0_usize..20, value in prop_oneof![3 => 0_u32..20, 1 => any::<u32>()],
    ) {
        refused_or_whole(&damaged(space.geometry(), field, value))?;
    }
}

#[test]
fn geometries_that_make_no_sense_are_refused_in_words() {
    let shape = ConvShape::new(2, 16, (6, 6), 16, (3, 3), 2, 1).unwrap();
    let mac = MacStage::new(shape, Stage::Bp, Sparsity::TWO_OF_EIGHT).unwrap();
    let problem = mac.problems()[3];
    let rows = Rows::Patches(Grid::new(&problem, false, 1, 3).unwrap());
    let (dataflow, source) = (Dataflow::OutputStationary, WeightSource::Tiles);
    let good = TileSpace { problem, dataflow, rows, source }.geometry();
    TileSpace::read(&good).unwrap();
    let refused = |geometry: Geometry, words: &str| {
        let reason = TileSpace::read(&geometry).unwrap_err();
        assert!(reason.contains(words), "{reason:?} does not say {words:?}");
    };
    refused(Geometry { batch: 0, ..good }, "batch is 0");
    refused(Geometry { kh: 9, ..good }, "kernel's height 9 does not fit");
    refused(Geometry { m: 3, ..good }, "M is 3");
    refused(Geometry { n: 8, ..good }, "compact weights");
    refused(Geometry { compact: false, ..good }, "not compact");
    refused(Geometry { co: 12, ..good }, "12 reduced channels");
    refused(Geometry { phase: 4, ..good }, "no phase 4");
    refused(Geometry { flat: true, patch_h: 1, ..good }, "flat");
    refused(Geometry { patch_h: 6, ..good }, "patches of 6 x 3");
    refused(Geometry { patch_w: 0, ..good }, "patches of 1 x 0");
    refused(Geometry { weight_source: 3, ..good }, "weight source 3");
    refused(Geometry { weight_source: 1, ..good }, "compact");
    refused(Geometry { block: 4, ..good }, "block");
    refused(Geometry { first_slot: good.first_slot + 1, ..good }, "phase 3 after");
    let dense = Geometry { compact: false, n: 1, m: 1, phase: 0, first_slot: 0, ..good };
    let wu = Geometry { stage: Stage::Wu, patch_w: 1, weight_source: 1, ..dense };
    TileSpace::read(&wu).unwrap();
    refused(Geometry { block: 0, ..wu }, "block of at least 1");
    refused(Geometry { patch_w: 2, ..wu }, "patches of 1 x 1");
    refused(Geometry { weight_source: 0, ..wu }, "columns from activations");
    refused(Geometry { phase: 1, ..wu }, "no phase 1");
}
