//! How the store engine is wired. `_12` and the like say how many cycles after a piece's step a wire is its.

use super::{Beat, Lane};
use crate::dma::W_DATA_CYCLES;
use crate::emit::{Module, NEVER, Wiring, part, side_by_side};
use satkit_spec::isa;
use satkit_spec::{ArrayConfig, MAX_INTERLEAVE, STORE_BURST_BEATS, STREAM_BUFFERS};

const DATA: usize = 512;
/// Values of 2 bytes in a beat.
const UNITS: usize = 32;
/// Bits of the drain buffer's address in [`super::Walk`].
const WORD: usize = 17;
/// From a piece's step to its value at the lanes: the step's register, the drain buffer, the choice of a half.
const VALUE: usize = 3;
const PIECE: usize = VALUE + Lane::LATENCY_CYCLES;
const OUT: usize = PIECE + Beat::LATENCY_CYCLES;

/// Beats that ST may have under way.
pub(super) const fn capacity_beats(config: &ArrayConfig) -> usize {
    STREAM_BUFFERS * config.axi_inflight_beats
}

/// Words of the drain buffer: two of the largest tiles.
fn words(config: &ArrayConfig) -> usize {
    (2 * (config.rows * MAX_INTERLEAVE).max(config.psum_depth)).next_power_of_two()
}

fn own(name: &str) -> (&str, String) {
    (name, name.to_owned())
}

/// A field of the instruction that comes.
fn field(mnemonic: &str, name: &str) -> String {
    let (.., fields) = isa::reference().find(|row| row.0 == mnemonic).expect("in the table");
    let field = fields.iter().find(|field| field.name == name).expect("a field of the table");
    let (low, high) = (field.lsb, field.lsb + field.width - 1);
    if low == high { format!("store_word[{low}]") } else { format!("store_word[{high}:{low}]") }
}

fn fifo(
    text: &mut Wiring,
    name: &str,
    bits: usize,
    depth: usize,
    push: &str,
    data: &str,
    pop: &str,
) {
    for (wire, bits) in [("holds", 1), ("head", bits), ("unused_room", 1)] {
        text.wire(&format!("{name}_{wire}"), bits);
    }
    text.instance(
        "fifo_ram",
        name,
        &[("WIDTH", bits), ("ADDRESS", depth.ilog2() as usize)],
        &[
            own("clock"),
            own("reset"),
            ("push", push.into()),
            ("data", data.into()),
            ("pop", pop.into()),
            ("holds", format!("{name}_holds")),
            ("room", format!("{name}_unused_room")),
            ("head", format!("{name}_head")),
        ],
    );
}

fn ports(text: &mut Wiring, config: &ArrayConfig) {
    let channels = config.dram_channels;
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("store_valid", 1),
        ("store_word", isa::Word::BITS as usize),
        ("store_go", 1),
        ("drain_valid", 1),
        ("drain", 32 * config.cols),
        ("aw_ready", 1),
        ("w_pull", channels),
        ("b_valid", channels),
        ("dma_fault", 1),
        ("dma_fault_address", 38),
    ] {
        text.input(name, bits);
    }
    for (name, bits) in [
        ("store_ready", 1),
        ("store_start", 1),
        ("store_released", 1),
        ("store_end", 1),
        ("store_fault", 1),
        ("store_fault_axi", 1),
        ("store_fault_address", 36),
        ("aw_valid", 1),
        ("aw_address", 32),
        ("aw_beats", 7),
        ("w_data", DATA * channels),
        ("w_strobe", DATA / 8 * channels),
    ] {
        text.output(name, bits);
    }
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
fn control(text: &mut Wiring, config: &ArrayConfig) {
    let (rows, cols) = (config.rows, config.cols);
    for mnemonic in ["GEOMETRY", "RESULTS", "ST"] {
        let (_, opcode, ..) = isa::reference().find(|row| row.0 == mnemonic).expect("in the table");
        let comes = format!("store_valid & store_ready & (store_word[7:0] == 8'd{opcode})");
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
    text.assign("store_fault_address", "dma_fault_address[35:0]");
    text.value("unused_fault_address", 2, "dma_fault_address[37:36]");
}

/// The drain buffer, and a lane for each of its columns.
fn lanes(text: &mut Wiring, config: &ArrayConfig) {
    let cols = config.cols;
    let address = words(config).ilog2() as usize;
    text.wire("values_2", 32 * cols);
    text.instance(
        "block_ram",
        "drain_buffer",
        &[("WIDTH", 32 * cols), ("ADDRESS", address)],
        &[
            own("clock"),
            ("write", "drain_valid".into()),
            ("write_address", format!("drained[{}:0]", address - 1)),
            ("write_data", "drain".into()),
            ("read_address", format!("word[{}:0]", address - 1)),
            ("read_data", "values_2".into()),
        ],
    );
    if address < WORD {
        let unused = format!("{{drained[{0}:{address}], word[{0}:{address}]}}", WORD - 1);
        text.value("unused_places", 2 * (WORD - address), &unused);
    }
    text.delayed("second_2", 1, 1, "second", NEVER);
    let half = 16 * cols;
    let chosen = if 2 * cols > UNITS {
        let upper = format!("values_2[{}:{half}]", 32 * cols - 1);
        format!("second_2 ? {{{half}'h0, {upper}}} : values_2")
    } else {
        text.value("unused_second", 1, "second_2");
        "values_2".into()
    };
    text.delayed("values_3", 32 * cols, 1, &chosen, NEVER);
    text.delayed("scale_3", 32, VALUE, "step_scale", NEVER);
    let rectified = VALUE + Lane::RELU_AFTER_CYCLES;
    text.delayed("relu_late", 1, rectified, "step_relu", NEVER);
    let counted = VALUE + Lane::VALUES_AFTER_CYCLES;
    text.delayed("count", 6, counted - 1, "values", NEVER);
    for c in 0..cols {
        text.wire(&format!("single_{c}"), 32);
        text.wire(&format!("half_{c}"), 16);
        text.instance(
            "store_lane",
            &format!("lane_{c}"),
            &[],
            &[
                own("clock"),
                ("value", part("values_3", c, 32)),
                ("scale", "scale_3".into()),
                ("relu", "relu_late".into()),
                ("number", format!("6'd{c}")),
                ("values", "count".into()),
                ("single", format!("single_{c}")),
                ("half", format!("half_{c}")),
            ],
        );
    }
    let singles = cols.min(UNITS / 2);
    for c in singles..cols {
        text.value(&format!("unused_single_{c}"), 32, &format!("single_{c}"));
    }
    let filled = |parts: usize, bits: usize, name: &str| {
        let zeros = DATA - parts * bits;
        let zeros = (zeros > 0).then(|| format!("{zeros}'h0"));
        let parts = (0..parts).map(|c| format!("{name}_{c}"));
        side_by_side(parts.chain(zeros).collect::<Vec<_>>().into_iter())
    };
    text.delayed("is_single", 1, PIECE - 1, "step_single", NEVER);
    text.wire("piece", DATA);
    let (singles, halves) = (filled(singles, 32, "single"), filled(cols, 16, "half"));
    text.assign("piece", &format!("is_single ? {singles} : {halves}"));
}

/// Beats, bursts, their way to the masters, and the ledger.
fn bursts(text: &mut Wiring, config: &ArrayConfig) {
    let (channels, depth) = (config.dram_channels, capacity_beats(config));
    for (name, bits) in [("length", 6), ("place", 5)] {
        text.delayed(&format!("{name}_12"), bits, PIECE - 1, name, NEVER);
    }
    for name in ["step", "emits"] {
        text.delayed(&format!("{name}_12"), 1, PIECE - 1, name, "reset");
    }
    text.wire("beat", DATA);
    text.wire("strobe", UNITS);
    text.instance(
        "store_beat",
        "place_piece",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("step", "step_12".into()),
            own("piece"),
            ("length", "length_12".into()),
            ("place", "place_12".into()),
            ("emits", "emits_12".into()),
            own("beat"),
            own("strobe"),
        ],
    );
    for name in ["emits", "closes"] {
        text.delayed(&format!("{name}_14"), 1, OUT - 1, name, "reset");
    }
    for (name, bits) in [("page", 2), ("burst_address", 30), ("burst_beats", 7), ("last", 1)] {
        text.delayed(&format!("{name}_14"), bits, OUT - 1, name, NEVER);
    }
    let master = match channels {
        1 => "2'd0",
        2 => "{1'd0, page_14[0]}",
        _ => "page_14",
    };
    text.value("master", 2, master);
    if channels < 4 {
        text.value("unused_page", 2, "page_14");
    }
    fifo(text, "bursts", 37, depth, "closes_14", "{burst_address_14, burst_beats_14}", "aw_ready");
    text.assign("aw_valid", "bursts_holds");
    text.assign("aw_address", "{2'h0, bursts_head[36:7]}");
    text.assign("aw_beats", "bursts_head[6:0]");
    fifo(text, "order", 10, depth, "closes_14", "{last_14, burst_beats_14, master}", "done");
    let absent = 4 - channels;
    let responses =
        if absent == 0 { "b_valid".into() } else { format!("{{{absent}'h0, b_valid}}") };
    text.instance(
        "store_ledger",
        "ledger",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("start", "store_start".into()),
            ("responses", responses),
            ("fault", "dma_fault".into()),
            ("holds", "order_holds".into()),
            ("head", "order_head".into()),
            own("done"),
            own("done_beats"),
            ("tile_ends", "store_end".into()),
            own("idle"),
        ],
    );
    for p in 0..channels {
        let name = format!("beats_{p}");
        let push = format!("emits_14 & (master == 2'd{p})");
        let pull = if channels == 1 { "w_pull".into() } else { format!("w_pull[{p}]") };
        fifo(text, &name, UNITS + DATA, depth, &push, "{strobe, beat}", &pull);
        text.value(&format!("unused_holds_{p}"), 1, &format!("beats_{p}_holds"));
        text.delayed(
            &format!("pulled_{p}"),
            UNITS + DATA,
            W_DATA_CYCLES,
            &format!("beats_{p}_head"),
            NEVER,
        );
        text.assign(&part("w_data", p, DATA), &format!("pulled_{p}[{}:0]", DATA - 1));
        let units = (0..UNITS).map(|unit| format!("{{2{{pulled_{p}[{}]}}}}", DATA + unit));
        text.assign(&part("w_strobe", p, 2 * UNITS), &side_by_side(units));
    }
}

/// The module `store`.
pub(super) fn store(config: &ArrayConfig) -> Module {
    let mut text = Wiring::new("store");
    ports(&mut text, config);
    control(&mut text, config);
    lanes(&mut text, config);
    bursts(&mut text, config);
    text.finish()
}
