//! LD.W: every entry of the columns' operand once.

use super::{Touched, W, channels, empty, operands};
use crate::given::{any_config, any_draw, any_stage, config, legal_mappings};
use crate::layout::{self, HALF_BYTES};
use crate::mapping::{Mapping, extents};
use crate::space::TileSpace;
use crate::traffic::load_weights;
use crate::weight_source;
use proptest::prelude::*;
use satkit_spec::isa::LoadWeights;
use satkit_spec::{ArrayConfig, Sparsity, Stage};

/// Touches everything that the column tiles of one row tile load.
fn load_all(config: &ArrayConfig, space: &TileSpace, mapping: &Mapping, touched: &mut Touched) {
    let chunk = match mapping {
        Mapping::Os(os) => os.chunk_slots,
        Mapping::Ws(_) => config.rows,
    };
    for cols in extents(space.problem.cols, mapping.tile_cols(config)) {
        for slots in extents(space.problem.slots, chunk) {
            let load = LoadWeights {
                group: 0,
                col_base: cols.base as u32,
                cols: cols.len as u32,
                slot_base: slots.base as u32,
                slots: slots.len as u32,
                entries: 0,
            };
            let mut requests = empty();
            load_weights(space, &operands(space), &load, config.cols, &mut requests);
            touched.add(&requests);
        }
    }
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn every_entry_is_loaded_once(
        stage in any_stage(), config in any_config(), draw in any_draw(),
    ) {
        let Some(mappings) = legal_mappings(&config, &stage, &draw) else { return Ok(()) };
        let source = weight_source(stage.stage);
        let bytes = match stage.stage {
            Stage::Wu => layout::tensor_bytes(stage.problems()[0].slots as u64, stage.shape.co),
            _ => layout::weight_bytes(&stage),
        };
        let mut touched = Touched::new(W, bytes);
        let mut base = 0;
        for (problem, mapping) in stage.problems().into_iter().zip(&mappings) {
            let space = mapping.space(&config, &problem, source).unwrap();
            load_all(&config, &space, mapping, &mut touched);
            let entries = (problem.cols * problem.slots) as u64;
            if stage.stage == Stage::Wu {
                let (cols, pitch) = (channels(&space).1 as u64, layout::pitch(problem.cols) as u64);
                for row in 0..problem.slots as u64 {
                    let once = touched.times(row * pitch * HALF_BYTES, cols * HALF_BYTES);
                    prop_assert_eq!(once, Some(1), "row {}", row);
                }
                continue;
            }
            if entries > 0 {
                prop_assert_eq!(touched.times(base, entries * HALF_BYTES), Some(1));
            }
            base += (entries * HALF_BYTES).next_multiple_of(64);
            if stage.sparsity != Sparsity::DENSE {
                // Two positions share a byte, and so may two chunks.
                let positions = &touched.counts[base as usize..][..entries.div_ceil(2) as usize];
                prop_assert!(positions.iter().all(|&times| times == 1 || times == 2));
                base += entries.div_ceil(2).next_multiple_of(64);
            }
        }
        if stage.stage != Stage::Wu {
            prop_assert_eq!(base, bytes);
        }
    }

    /// The last half byte of a chunk that begins in the middle of one.
    #[test]
    fn positions_come_with_their_values(
        stage in any_stage(), config in any_config(), draw in any_draw(),
        base in any::<prop::sample::Index>(), len in any::<prop::sample::Index>(),
    ) {
        let Some(mappings) = legal_mappings(&config, &stage, &draw) else { return Ok(()) };
        let problem = stage.problems()[0];
        if stage.sparsity == Sparsity::DENSE || problem.slots == 0 {
            return Ok(());
        }
        let space = mappings[0].space(&config, &problem, weight_source(stage.stage)).unwrap();
        let (slot_base, cols) = (base.index(problem.slots), config.cols.min(problem.cols));
        let slots = len.index(problem.slots - slot_base) + 1;
        let (slot_base, slots, cols) = (slot_base as u32, slots as u32, cols as u32);
        let load = LoadWeights { group: 0, col_base: 0, cols, slot_base, slots, entries: 0 };
        let mut requests = empty();
        load_weights(&space, &operands(&space), &load, config.cols, &mut requests);
        let mut touched = Touched::new(W, layout::weight_bytes(&stage));
        touched.add(&requests);
        let first = u64::from(slot_base * cols);
        let entries = u64::from(slots * cols);
        prop_assert_eq!(touched.times(first * HALF_BYTES, entries * HALF_BYTES), Some(1));
        let positions = ((problem.cols * problem.slots) as u64 * HALF_BYTES).next_multiple_of(64);
        for entry in first..first + entries {
            prop_assert_eq!(touched.times(positions + entry / 2, 1), Some(1), "position {}", entry);
        }
    }
}
