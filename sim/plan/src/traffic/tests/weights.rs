//! LD.W: every entry of the columns' operand, in the cycles that its beats take.

use super::{Touched, W, empty, operands};
use crate::MacStage;
use crate::given::{any_config, any_draw, any_stage, config, legal_mappings};
use crate::layout::{self, BEAT_BYTES, HALF_BYTES, OperandEntry, for_each_operand};
use crate::mapping::{Mapping, extents};
use crate::space::TileSpace;
use crate::traffic::{Requests, Steps, load_weights};
use crate::weight_source;
use proptest::prelude::*;
use satkit_spec::isa::LoadWeights;
use satkit_spec::{ArrayConfig, Sparsity, Stage};

/// All loads of one row tile.
fn loads(config: &ArrayConfig, space: &TileSpace, mapping: &Mapping) -> Vec<LoadWeights> {
    let chunk = match mapping {
        Mapping::Os(os) => os.chunk_slots,
        Mapping::Ws(_) => config.rows,
    };
    let mut loads = Vec::new();
    for cols in extents(space.problem.cols, mapping.tile_cols(config)) {
        for slots in extents(space.problem.slots, chunk) {
            loads.push(LoadWeights {
                group: 0,
                col_base: cols.base as u32,
                cols: cols.len as u32,
                slot_base: slots.base as u32,
                slots: slots.len as u32,
                entries: 0,
            });
        }
    }
    loads
}

fn requests(config: &ArrayConfig, space: &TileSpace, load: &LoadWeights) -> (Requests, Steps) {
    let (mut requests, mut steps) = (empty(), Steps::default());
    load_weights(space, &operands(space), load, config.cols, &mut requests, &mut steps);
    (requests, steps)
}

/// The bytes of an FF or BP problem's entries: columns and slots of the problem, and where they lie.
fn entries(mac: &MacStage, space: &TileSpace) -> Vec<(usize, usize, OperandEntry)> {
    let mut entries = Vec::new();
    // Of each column, the slots of all phases come one after another.
    let mut next = vec![0; space.problem.cols];
    for_each_operand(mac, |entry| {
        let slot = next[entry.column];
        next[entry.column] += 1;
        let first = space.problem.first_slot;
        if (first..first + space.problem.slots).contains(&slot) {
            entries.push((entry.column, slot - first, entry));
        }
    });
    entries
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn a_load_brings_its_entries_and_little_else(
        stage in any_stage(), config in any_config(), draw in any_draw(),
    ) {
        let Some(mappings) = legal_mappings(&config, &stage, &draw) else { return Ok(()) };
        let source = weight_source(stage.stage);
        let compact = stage.sparsity != Sparsity::DENSE;
        let bytes = match stage.stage {
            Stage::Wu => layout::tensor_bytes(stage.problems()[0].slots as u64, stage.shape.co),
            _ => layout::weight_bytes(&stage),
        };
        for (problem, mapping) in stage.problems().into_iter().zip(&mappings) {
            let space = mapping.space(&config, &problem, source).unwrap();
            let entries = if stage.stage == Stage::Wu { Vec::new() } else { entries(&stage, &space) };
            let mut seen = 0;
            for load in loads(&config, &space, mapping) {
                let (requests, steps) = requests(&config, &space, &load);
                let mut touched = Touched::new(W, bytes);
                touched.add(&requests);
                prop_assert!(touched.counts.iter().all(|&times| times <= 1));
                let cols = load.col_base as usize..(load.col_base + load.cols) as usize;
                let slots = load.slot_base as usize..(load.slot_base + load.slots) as usize;
                // What is written into the banks: as many rows as the load has entries, and more only where a beat's columns
                // are not all used or it holds positions.
                let rows = u64::from(load.slots) * (cols.len().div_ceil(config.cols) as u64);
                prop_assert!(steps.all() >= rows.max(requests.beats()));
                prop_assert!(steps.all() <= rows + requests.beats());
                if stage.stage == Stage::Wu {
                    let pitch = layout::pitch(problem.cols) as u64 * HALF_BYTES;
                    for row in slots {
                        let at = row as u64 * pitch + cols.start as u64 * HALF_BYTES;
                        prop_assert!(touched.has(at, cols.len() as u64 * HALF_BYTES), "row {}", row);
                    }
                    continue;
                }
                let tiles = (cols.end.div_ceil(32) - cols.start / 32) as u64;
                let positions = if compact { u64::from(load.slots).div_ceil(4) + 1 + 3 } else { 0 };
                let most = tiles * (u64::from(load.slots) + positions);
                prop_assert!(requests.beats() <= most, "{} of {}", requests.beats(), most);
                for (column, slot, entry) in &entries {
                    if cols.contains(column) && slots.contains(slot) {
                        seen += 1;
                        prop_assert!(touched.has(entry.value_byte as u64, HALF_BYTES));
                        prop_assert!(!compact || touched.has(entry.position_byte as u64, 1));
                    }
                }
            }
            prop_assert_eq!(seen, entries.len());
        }
    }

    /// No two entries of the weights of a stage share a bit, and their bytes are those that the stage is said to have.
    #[test]
    fn every_entry_has_its_own_bits(stage in any_stage()) {
        if stage.stage == Stage::Wu {
            return Ok(());
        }
        let compact = stage.sparsity != Sparsity::DENSE;
        let mut bits = vec![0_u8; layout::weight_bytes(&stage) as usize];
        let mut beats = std::collections::BTreeSet::new();
        let mut take = |byte: usize, mask: u8| {
            let free = bits[byte] & mask == 0;
            bits[byte] |= mask;
            beats.insert(byte as u64 / BEAT_BYTES);
            free
        };
        let mut all_free = true;
        for_each_operand(&stage, |entry| {
            all_free &= take(entry.value_byte, 0xFF) && take(entry.value_byte + 1, 0xFF);
            if compact {
                all_free &= take(entry.position_byte, 0xF << entry.position_bit);
            }
        });
        prop_assert!(all_free);
        prop_assert_eq!(beats.len() as u64 * BEAT_BYTES, bits.len() as u64);
    }
}
