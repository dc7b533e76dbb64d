//! Decoding and walk.

use super::{UNITS, WORD, capacity_beats, own};
use crate::emit::{Wiring, side_by_side};
use crate::isa_bits;
use satkit_spec::{ArrayConfig, STORE_BURST_BEATS};

/// A field of the instruction that comes.
fn field(mnemonic: &str, name: &str) -> String {
    isa_bits::field("store_word", mnemonic, name)
}

/// What passes from the decoding to the walk, with its bits.
const TILE: [(&str, usize); 14] = [
    ("address", 35),
    ("pitch", 20),
    ("row_length", 20),
    ("row_count", 21),
    ("cols", 16),
    ("group_step", 5),
    ("inner_last", 5),
    ("inner_step", 5),
    ("outer_step", 5),
    ("words", WORD),
    ("needed", WORD),
    ("single", 1),
    ("relu", 1),
    ("scale", 32),
];
/// What leaves the walk with a step, with its bits.
const STEP: [(&str, usize); 15] = [
    ("step", 1),
    ("word", WORD),
    ("second", 1),
    ("step_single", 1),
    ("step_relu", 1),
    ("step_scale", 32),
    ("values", 6),
    ("length", 6),
    ("place", 5),
    ("emits", 1),
    ("page", 2),
    ("closes", 1),
    ("burst_address", 30),
    ("burst_beats", 7),
    ("last", 1),
];

/// Decoding and walk.
pub(super) fn control(text: &mut Wiring, config: &ArrayConfig) {
    let (rows, cols) = (config.rows, config.cols);
    for mnemonic in ["GEOMETRY", "RESULTS", "ST"] {
        let is = isa_bits::is("store_word", mnemonic);
        let comes = format!("store_valid & store_ready & {is}");
        text.value(&format!("takes_{}", mnemonic.to_lowercase()), 1, &comes);
    }
    text.value("unused_word", 1, "&store_word");
    for (name, bits) in TILE {
        text.wire(name, bits);
    }
    for (name, bits) in STEP {
        text.wire(name, bits);
    }
    for (name, bits) in [
        ("free", 1),
        ("idle", 1),
        ("illegal", 1),
        ("drained", WORD),
        ("done", 1),
        ("done_beats", 7),
    ] {
        text.wire(name, bits);
    }
    let work = ["bias", "add", "mask", "sums", "products", "bias_gradient"];
    let work = side_by_side(work.iter().map(|name| field("ST", name)));
    let geometry = |name| field("GEOMETRY", name);
    let results = |name| field("RESULTS", name);
    let store = |name| field("ST", name);
    let mut decode = vec![
        own("clock"),
        own("reset"),
        ("row_bits", format!("3'd{}", rows.ilog2())),
        ("col_bits", format!("3'd{}", cols.ilog2())),
        ("last_row", format!("5'd{}", rows - 1)),
        ("last_col", format!("5'd{}", cols - 1)),
        ("geometry", "takes_geometry".into()),
        ("geometry_stage", geometry("stage")),
        // 0 is weight-stationary.
        ("geometry_stays", geometry("dataflow")),
        ("geometry_batch", geometry("batch")),
        ("geometry_ci", geometry("ci")),
        ("geometry_co", geometry("co")),
        ("geometry_h", geometry("h")),
        ("geometry_w", geometry("w")),
        ("geometry_stride", geometry("stride")),
        ("geometry_flat", geometry("flat")),
        ("geometry_patch_h", geometry("patch_h")),
        ("geometry_patch_w", geometry("patch_w")),
        ("results", "takes_results".into()),
        ("results_out", results("out")),
        ("results_pitch", results("pitch")),
        ("results_heads", results("heads")),
        ("results_scale", results("scale")),
        ("store", "takes_st".into()),
        ("store_group", store("group")),
        ("store_row_base", store("row_base")),
        ("store_rows", store("rows")),
        ("store_col_base", store("col_base")),
        ("store_cols", store("cols")),
        ("store_fp32", store("fp32")),
        ("store_relu", store("relu")),
        ("store_work", work),
        ("go", "store_go".into()),
        own("free"),
        own("idle"),
        ("ready", "store_ready".into()),
        ("start", "store_start".into()),
        own("illegal"),
    ];
    decode.extend(TILE.map(|(name, _)| own(name)));
    text.instance("store_decode", "decode", &[], &decode);
    let mut walk = vec![
        own("clock"),
        own("reset"),
        ("piece", format!("6'd{cols}")),
        ("single_piece", format!("6'd{}", (2 * cols).min(UNITS))),
        ("single_values", format!("6'd{}", cols.min(UNITS / 2))),
        ("splits", format!("1'd{}", u8::from(2 * cols > UNITS))),
        ("room_beats", format!("13'd{}", capacity_beats(config) - STORE_BURST_BEATS)),
        ("start", "store_start".into()),
        own("free"),
        ("drains", "drain_valid".into()),
        own("drained"),
        own("done"),
        own("done_beats"),
    ];
    walk.extend(TILE.map(|(name, _)| own(name)));
    walk.extend(STEP.map(|(name, _)| own(name)));
    text.instance("store_walk", "walk", &[], &walk);
    text.assign("store_released", "last");
    text.assign("store_fault", "dma_fault | illegal");
    text.assign("store_fault_axi", "dma_fault");
    text.assign("store_fault_address", "dma_fault_address");
}
