//! How the engine of LD.W is wired.

use crate::dma::{Fifo, fifo};
use crate::emit::{Module, Wiring, part, side_by_side};
use crate::isa_bits;
use satkit_spec::{ArrayConfig, LOAD_DECODE_CYCLES, POSITION_SLOTS, WEIGHT_TILE_COLS};

const BEAT: usize = 512;
/// Bits of a load that is under way: tiles 1, compact 1, slots before its own 2, slots 16, groups 16, first group 4.
const JOB: usize = 40;
/// More loads than can be under way, to the power of two.
const JOBS_LOG2: usize = 8;

/// Groups of columns of a tile.
const fn groups(cols: usize) -> usize {
    WEIGHT_TILE_COLS / cols
}

/// The module `load_w`.
pub(super) fn weights(config: &ArrayConfig, in_order: &str) -> Module {
    let (cols, channels) = (config.cols, config.dram_channels);
    let mut text = Wiring::new("load_w");
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("load_w_valid", 1),
        ("load_w_word", 256),
        ("load_w_go", 1),
        ("load_w_ar_ready", 1),
        ("load_w_ar_refused", 1),
        ("load_w_r_valid", channels),
        ("r_data", BEAT * channels),
        ("r_error", channels),
        ("load_w_memory_fault_address", 38),
    ] {
        text.input(name, bits);
    }
    for (name, bits) in [
        ("load_w_ready", 1),
        ("load_w_start", 1),
        ("load_w_end", 1),
        ("load_w_fault", 1),
        ("load_w_fault_axi", 1),
        ("load_w_fault_address", 38),
        ("load_w_ar_valid", 1),
        ("load_w_ar_address", 32),
        ("load_w_ar_beats", 7),
        ("n2s_write", 1),
        ("n2s_entry", config.n2s_entries_per_col.ilog2() as usize),
        ("n2s_data", 20 * cols),
    ] {
        text.output(name, bits);
    }
    text.assign("load_w_fault_address", "load_w_memory_fault_address");
    text.value("start", 1, "load_w_start & load_w_go");
    decode(&mut text, config);
    ask(&mut text, config, in_order);
    steps(&mut text, config);
    columns(&mut text, cols);
    text.finish()
}

fn own(name: &str) -> (&str, String) {
    (name, name.to_owned())
}

/// Declares wires and connects ports of the same names to them.
fn wires(text: &mut Wiring, wires: &[(&'static str, usize)]) -> Vec<(&'static str, String)> {
    wires.iter().for_each(|&(name, bits)| text.wire(name, bits));
    wires.iter().map(|&(name, _)| own(name)).collect()
}

fn decode(text: &mut Wiring, config: &ArrayConfig) {
    let is = |mnemonic| format!("load_w_valid & {}", isa_bits::is("load_w_word", mnemonic));
    let field = |mnemonic, name| isa_bits::field("load_w_word", mnemonic, name);
    let mut connections = vec![
        own("clock"),
        own("reset"),
        ("decode_cycles", format!("4'd{}", LOAD_DECODE_CYCLES - 1)),
        ("cols_mask", format!("5'd{}", config.cols - 1)),
        ("most_entries", format!("17'd{}", config.n2s_entries_per_col / 2)),
        ("geometry", is("GEOMETRY")),
        ("operands", is("OPERANDS")),
        ("load", is("LD.W")),
        ("weight_source", field("GEOMETRY", "weight_source")),
        ("compact", field("GEOMETRY", "compact")),
        ("first_slot", field("GEOMETRY", "first_slot")),
        ("w", field("OPERANDS", "w")),
        ("w_pitch", field("OPERANDS", "w_pitch")),
        ("tile_beats", field("OPERANDS", "tile_beats")),
        ("group", field("LD.W", "group")),
        ("col_base", field("LD.W", "col_base")),
        ("cols", field("LD.W", "cols")),
        ("slot_base", field("LD.W", "slot_base")),
        ("slots", field("LD.W", "slots")),
        ("entries", field("LD.W", "entries")),
        ("start", "start".into()),
        ("ready", "load_w_ready".into()),
    ];
    connections.extend(wires(
        text,
        &[
            ("decoded", 1),
            ("illegal", 1),
            ("address", 32),
            ("runs", 16),
            ("beats", 32),
            ("stride", 32),
            ("is_tiles", 1),
            ("is_compact", 1),
            ("skipped", 2),
            ("slot_count", 16),
            ("cols_up", 17),
            ("first_col", 5),
        ],
    ));
    text.instance("load_w_decode", "decode", &[], &connections);
    text.value("unused_word", 1, "&load_w_word");
    text.value("unused_cols", 22, "{cols_up, first_col}");
}

/// The bursts of a load, and their beats in order.
fn ask(text: &mut Wiring, config: &ArrayConfig, in_order: &str) {
    text.wire("halted", 1);
    let mut connections = vec![
        own("clock"),
        ("reset", "reset | halted".into()),
        ("start", "start".into()),
        ("first", "{address, 2'd0}".into()),
        ("length", "{beats, 2'd0}".into()),
        own("runs"),
        ("stride", "{stride, 2'd0}".into()),
        ("lines", "16'd1".into()),
        ("line_stride", "34'd0".into()),
        ("burst", "burst_beats".into()),
        ("taken", "burst_taken".into()),
    ];
    text.wire("burst_beats", 7);
    text.wire("burst_taken", 1);
    for (wire, bits) in [("busy", 1), ("burst_address", 32), ("burst_left", 32)] {
        text.wire(wire, bits);
    }
    connections.extend([
        own("busy"),
        ("address", "burst_address".into()),
        ("left", "burst_left".into()),
        ("last_run", "unused_last_run".into()),
    ]);
    text.wire("unused_last_run", 1);
    text.instance("load_runs", "asks", &[], &connections);
    text.instance(
        "load_burst",
        "burst",
        &[],
        &[
            ("in_page", "burst_address[5:0]".into()),
            ("left", "burst_left".into()),
            ("beats", "burst_beats".into()),
        ],
    );
    text.instance(
        "load_start",
        "starts",
        &[],
        &[own("decoded"), own("busy"), own("halted"), ("can", "load_w_start".into())],
    );
    for (wire, bits) in [
        ("beat_valid", 1),
        ("beat_ready", 1),
        ("unused_beat_last", 1),
        ("beat_error", 1),
        ("beat_data", BEAT),
        ("idle", 1),
    ] {
        text.wire(wire, bits);
    }
    text.instance(
        in_order,
        "client",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("request_valid", "busy".into()),
            ("request_address", "burst_address".into()),
            ("request_beats", "burst_beats".into()),
            ("request_ready", "burst_taken".into()),
            ("ar_valid", "load_w_ar_valid".into()),
            ("ar_address", "load_w_ar_address".into()),
            ("ar_beats", "load_w_ar_beats".into()),
            ("ar_ready", "load_w_ar_ready".into()),
            ("r_valid", "load_w_r_valid".into()),
            own("r_data"),
            own("r_error"),
            own("beat_valid"),
            own("beat_ready"),
            ("beat_last", "unused_beat_last".into()),
            own("beat_error"),
            own("beat_data"),
            own("idle"),
        ],
    );
    let log2 = config.cols.ilog2() as usize;
    let first_group = match groups(config.cols) {
        1 => "4'd0".to_owned(),
        _ => widened(&format!("first_col[4:{log2}]"), 5 - log2, 4),
    };
    text.wire("job_ends", 1);
    text.wire("unused_job_room", 1);
    let groups = widened(&format!("cols_up[16:{log2}]"), 17 - log2, 16);
    let data = format!("{{{first_group}, {groups}, slot_count, skipped, is_compact, is_tiles}}");
    let job = Fifo {
        name: "job",
        bits: JOB,
        address: JOBS_LOG2,
        push: "start",
        data: &data,
        pop: "job_ends",
        room: "unused_job_room",
    };
    fifo(text, &job);
    text.wire("failed", 1);
    text.instance(
        "load_fault",
        "stopper",
        &[],
        &[
            own("clock"),
            own("reset"),
            own("illegal"),
            ("runs", "job_holds".into()),
            // The end is said in the cycle after the last step.
            ("ending", "1'b0".into()),
            ("refused", "load_w_ar_refused".into()),
            own("idle"),
            own("failed"),
            ("fault", "load_w_fault".into()),
            ("axi", "load_w_fault_axi".into()),
            own("halted"),
        ],
    );
}

fn steps(text: &mut Wiring, config: &ArrayConfig) {
    for (wire, bits) in [("keeps", 1), ("group", 4), ("quarter", 2), ("entry", 16), ("half", 1)] {
        text.wire(wire, bits);
    }
    text.instance(
        "load_w_steps",
        "steps",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("last_group", format!("4'd{}", groups(config.cols) - 1)),
            ("beat", "beat_valid".into()),
            ("error", "beat_error".into()),
            ("is_tiles", "job_head[0]".into()),
            ("is_compact", "job_head[1]".into()),
            ("skipped", "job_head[3:2]".into()),
            ("slots", "job_head[19:4]".into()),
            ("groups", "job_head[35:20]".into()),
            ("first_group", "job_head[39:36]".into()),
            ("ready", "beat_ready".into()),
            ("ends", "job_ends".into()),
            own("keeps"),
            own("group"),
            own("quarter"),
            ("write", "n2s_write".into()),
            own("entry"),
            own("half"),
            ("ended", "load_w_end".into()),
            own("failed"),
        ],
    );
    let bits = config.n2s_entries_per_col.ilog2() as usize - 1;
    text.assign("n2s_entry", &format!("{{half, entry[{}:0]}}", bits - 1));
    text.value("unused_entry", 1, "&{entry, group}");
}

/// What each column gets of a beat.
fn columns(text: &mut Wiring, cols: usize) {
    let groups = groups(cols);
    let bits = groups.ilog2() as usize;
    text.wire("positions", BEAT);
    text.instance(
        "load_w_positions",
        "keeper",
        &[],
        &[own("clock"), own("keeps"), ("beat", "beat_data".into()), ("kept", "positions".into())],
    );
    let value_at = if groups == 1 { "4'd0" } else { "group" };
    let position_at = match bits {
        0 => widened("quarter", 2, 6),
        bits => widened(&format!("{{quarter, group[{}:0]}}", bits - 1), 2 + bits, 6),
    };
    for c in 0..cols {
        let values = (0..groups).map(|g| part("beat_data", g * cols + c, 16));
        let quarters = (0..POSITION_SLOTS).flat_map(|quarter| {
            (0..groups)
                .map(move |g| part("positions", quarter * WEIGHT_TILE_COLS + g * cols + c, 4))
        });
        let quarters: Vec<String> = quarters.collect();
        text.wire(&format!("entry_{c}"), 20);
        text.instance(
            "load_w_column",
            &format!("column_{c}"),
            &[],
            &[
                own("clock"),
                ("values", filled(values.collect(), 16)),
                ("positions", filled(quarters, 4)),
                ("value_at", value_at.into()),
                ("position_at", position_at.clone()),
                ("is_compact", "job_head[1]".into()),
                ("entry", format!("entry_{c}")),
            ],
        );
    }
    text.gather("n2s_data", (0..cols).map(|c| format!("entry_{c}")));
}

/// A value with zeros above it.
fn widened(value: &str, bits: usize, to: usize) -> String {
    if bits == to { value.into() } else { format!("{{{}'d0, {value}}}", to - bits) }
}

/// 256 bits of choices of so many bits each, the first lowest.
fn filled(mut choices: Vec<String>, bits: usize) -> String {
    let missing = 256 - choices.len() * bits;
    if missing > 0 {
        choices.push(format!("{missing}'h0"));
    }
    side_by_side(choices.into_iter())
}
