//! Decoding and walk.

use super::super::{Grid, Place};
use super::{UNITS, WORD, capacity_beats, own};
use crate::emit::Wiring;
use crate::isa_bits;
use satkit_spec::{ArrayConfig, STORE_BURST_BEATS, STORE_DECODE_CYCLES};

/// Cycles of an ST until the grid of patches stands, even of a GEOMETRY right before it, which is kept two cycles before the ST is known.
const GRID_AGE: usize = Grid::LATENCY_CYCLES - 1;
// Two registers behind what the place of patches gives.
const _: () = assert!(GRID_AGE + Place::LATENCY_CYCLES + 2 < STORE_DECODE_CYCLES);

/// A field of the instruction that comes.
fn field(mnemonic: &str, name: &str) -> String {
    isa_bits::field("store_word", mnemonic, name)
}

/// What passes from the decoding to the walk, with its bits.
const TILE: [(&str, usize); 24] = [
    ("address", 35),
    ("pitch", 24),
    ("row_length", 20),
    ("width", 21),
    ("lines", 5),
    ("beyond", 21),
    ("block_next", 35),
    ("image_next", 35),
    ("line_pitch", 35),
    ("block_pitch", 35),
    ("image_pitch", 35),
    ("line_step", 5),
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
    ("reads", 1),
    ("work", 7),
];
/// What the grid of patches says, with its bits.
const GRID: [(&str, usize); 14] = [
    ("full_h", 16),
    ("full_w", 16),
    ("apart", 4),
    ("top", 4),
    ("left", 4),
    ("image_h", 16),
    ("image_w", 16),
    ("patches_h", 16),
    ("patches_w", 16),
    ("row_pixels", 17),
    ("patch_h", 5),
    ("patch_w", 5),
    ("last_lines", 5),
    ("odd", 1),
];
/// Where a tile of patches is, with its bits: what the walk has to know of it passes through the decoding.
const PLACE: [(&str, usize); 10] = [
    ("first", 32),
    ("block_next", 32),
    ("image_next", 32),
    ("distance", 20),
    ("line", 32),
    ("block", 32),
    ("image", 32),
    ("width", 21),
    ("lines", 5),
    ("rest", 21),
];
/// What leaves the walk with a step, with its bits.
const STEP: [(&str, usize); 18] = [
    ("step", 1),
    ("word", WORD),
    ("second", 1),
    ("group", 5),
    ("step_beat", 30),
    ("step_work", 7),
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
    for mnemonic in ["GEOMETRY", "RESULTS", "PARAMETERS", "ST"] {
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
    for (name, bits) in GRID {
        let wire = if name == "image_h" { "unused_image_h" } else { name };
        text.wire(wire, bits);
    }
    for (name, bits) in PLACE {
        text.wire(&format!("place_{name}"), bits);
    }
    for (name, bits) in [
        ("begins", 1),
        ("patch", 32),
        ("patches", 16),
        ("eights", 16),
        ("blocks_last", 16),
        ("blocks_left", 16),
        ("ahead", 1),
        ("ahead_free", 1),
        ("first_column", 20),
        ("out_beat", 30),
        ("add_beat", 30),
        ("factor_beat", 30),
        ("mask_beat", 30),
        ("begins_sums", 1),
        ("free", 1),
        ("idle", 1),
        ("illegal", 1),
        ("drained", WORD),
        ("done", 1),
        ("done_beats", 7),
    ] {
        text.wire(name, bits);
    }
    let geometry = |name| field("GEOMETRY", name);
    let results = |name| field("RESULTS", name);
    let store = |name| field("ST", name);
    let mut decode = vec![
        own("clock"),
        own("reset"),
        ("last_age", format!("6'd{}", STORE_DECODE_CYCLES - 1)),
        ("grid_age", format!("6'd{GRID_AGE}")),
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
        ("results_add", results("add")),
        ("results_sum", results("sum")),
        ("results_mask", results("mask")),
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
        ("store_bias", store("bias")),
        ("store_add", store("add")),
        ("store_mask", store("mask")),
        ("store_sums", store("sums")),
        ("store_products", store("products")),
        ("store_bias_gradient", store("bias_gradient")),
        ("go", "store_go".into()),
        own("free"),
        own("idle"),
        ("ready", "store_ready".into()),
        ("start", "store_start".into()),
        own("illegal"),
    ];
    decode.extend(["ahead", "ahead_free", "first_column", "begins_sums"].map(own));
    decode.extend(["out_beat", "add_beat", "factor_beat", "mask_beat"].map(own));
    decode.extend(["begins", "patch", "patches", "eights", "odd"].map(own));
    let places = PLACE.map(|(name, _)| format!("place_{name}"));
    decode.extend(places.iter().map(|name| own(name)));
    decode.extend(TILE.map(|(name, _)| own(name)));
    text.instance("store_decode", "decode", &[], &decode);
    let kept = ["stage", "h", "w", "kh", "kw", "stride", "pad", "phase", "patch_h", "patch_w"];
    let names = kept.map(|name| format!("geometry_{name}"));
    let mut grid = vec![own("clock"), ("geometry", "takes_geometry".into())];
    grid.extend(names.iter().zip(kept).map(|(port, name)| (port.as_str(), geometry(name))));
    grid.extend(GRID.map(|(name, _)| match name {
        "image_h" => (name, "unused_image_h".into()),
        _ => own(name),
    }));
    text.instance("store_grid", "grid", &[], &grid);
    let mut place = vec![own("clock"), own("begins")];
    place.extend(["patch", "patches", "eights", "blocks_last", "blocks_left"].map(own));
    let unused = ["image_h", "odd"];
    place.extend(GRID.iter().filter(|(name, _)| !unused.contains(name)).map(|(name, _)| own(name)));
    place.extend(PLACE.iter().zip(&places).map(|((name, _), wire)| (*name, wire.clone())));
    text.instance("store_place", "place_patches", &[], &place);
    let constants = [
        own("clock"),
        own("reset"),
        ("piece", format!("6'd{cols}")),
        ("single_piece", format!("6'd{}", (2 * cols).min(UNITS))),
        ("single_values", format!("6'd{}", cols.min(UNITS / 2))),
        ("splits", format!("1'd{}", u8::from(2 * cols > UNITS))),
    ];
    let around = ["image_w", "row_pixels", "last_lines", "blocks_last", "blocks_left"].map(own);
    let lines = ("block_lines", "patch_h".to_owned());
    let mut walk = constants.to_vec();
    walk.extend([
        ("room_beats", format!("13'd{}", capacity_beats(config) - STORE_BURST_BEATS)),
        own("under_way"),
        ("reserves", "burst_pop".into()),
        ("reserved_beats", "burst_head[6:0]".into()),
        own("read"),
        own("opens_read"),
        own("waits"),
        ("start", "store_start".into()),
        own("free"),
        ("drains", "drain_valid".into()),
        own("drained"),
        own("done"),
        own("done_beats"),
    ]);
    walk.extend(TILE.map(|(name, _)| own(name)));
    walk.extend(around.clone());
    walk.push(lines.clone());
    walk.extend(STEP.map(|(name, _)| own(name)));
    text.instance("store_walk", "walk", &[], &walk);
    // The same walk ahead of it, for what is read: nothing holds it up.
    let mut ahead = constants.to_vec();
    ahead.extend([
        ("room_beats", "13'h1fff".into()),
        ("under_way", "unused_ahead_under_way".into()),
        ("reserves", "1'b0".into()),
        ("reserved_beats", "7'h0".into()),
        ("read", "1'b1".into()),
        ("opens_read", "unused_ahead_opens_read".into()),
        ("waits", "1'b0".into()),
        ("start", "ahead".into()),
        ("free", "ahead_free".into()),
        ("drains", "1'b0".into()),
        ("drained", "unused_ahead_drained".into()),
        ("done", "1'b0".into()),
        ("done_beats", "7'h0".into()),
    ]);
    ahead.extend(TILE.map(|(name, _)| match name {
        "needed" => (name, format!("{WORD}'h0")),
        "reads" => (name, "1'b0".into()),
        _ => own(name),
    }));
    ahead.extend(around);
    ahead.push(lines);
    let known = ["closes", "burst_address", "burst_beats", "last"];
    let of_step = STEP.map(|(name, bits)| {
        let is_known = known.contains(&name);
        let wire = if is_known { format!("ahead_{name}") } else { format!("unused_ahead_{name}") };
        (name, wire, bits)
    });
    for (_, wire, bits) in &of_step {
        text.wire(wire, *bits);
    }
    for (name, bits) in [("under_way", 13), ("opens_read", 1), ("drained", WORD)] {
        text.wire(&format!("unused_ahead_{name}"), bits);
    }
    ahead.extend(of_step.iter().map(|(name, wire, _)| (*name, wire.clone())));
    text.instance("store_walk", "walk_ahead", &[], &ahead);
    text.assign("store_released", "last");
    text.assign("store_fault", "dma_fault | illegal");
    text.assign("store_fault_axi", "dma_fault");
    text.assign("store_fault_address", "dma_fault_address");
}
