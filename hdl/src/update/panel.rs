//! Panels of weights between the rings and the update unit.
//!
//! A panel is taken in two or three steps. In the first, W, V and dW go through the unit row by row, and FP16 copies of W into a buffer.
//! In each other step they come out of it along the input channels or the output channels, the unit prunes or copies them once more, and what
//! it gives, in K slots of one column after another, is gathered until all columns of a slot are there: a beat.

use super::{Shape, lane::UpdateLane};
use crate::dma::LANE_READ_CYCLES;
use crate::emit::{Module, NEVER, Wiring, part, side_by_side};
use satkit_spec::{PANEL_CHANNELS, PANEL_STEP_CYCLES};

const DATA: usize = 512;
/// Weights of a panel.
const WEIGHTS: usize = PANEL_CHANNELS * PANEL_CHANNELS;
/// A value of an operand, and its position.
const ITEM: usize = 20;
/// Bits of all columns of a slot.
const LINE: usize = PANEL_CHANNELS * ITEM;
/// Cycles from a step's last weights out of the buffer to the first in which their slots can be read.
const GATHER_CYCLES: usize = 12;

// Eight times the values of four slots, their positions, and the way into the ring.
const _: () = assert!(GATHER_CYCLES + 8 * 5 + 3 < PANEL_STEP_CYCLES);

/// What is put beside the first beat of a panel of W, V and dW: `(wire, begins at, is written)`.
const ROWS: [(&str, &str); 5] =
    [("w", "w_at"), ("v", "v_at"), ("dw", "dw_at"), ("w_back", "w_to"), ("v_back", "v_to")];

/// Module `update_panel`.
pub(super) fn module(shape: Shape, block_rows: usize) -> Module {
    let mut text = Wiring::new("update_panel");
    ports(&mut text, shape);
    REGISTERS.iter().for_each(|&(name, bits)| declare(&mut text, name, bits));
    steps(&mut text, shape.lanes);
    rows(&mut text, shape.lanes, block_rows);
    buffer(&mut text, shape.lanes);
    slots(&mut text, shape);
    beats(&mut text, shape.lanes);
    text.finish()
}

fn ports(text: &mut Wiring, shape: Shape) {
    let Shape { lanes, .. } = shape;
    let word = shape.word();
    for (name, bits) in [
        ("clock", 1),
        ("take", 1),
        ("panels", 1),
        ("updates", 1),
        ("makes_ff", 1),
        ("compact_ff", 1),
        ("compact_bp", 1),
        ("m_log2", 3),
        ("n", 5),
        ("base", 32),
        ("base_short", 32),
        ("short_from", 6),
        ("over", 32),
        ("pitch", 32),
        ("rows", 6),
        ("cols", 6),
        ("ff", 32),
        ("bp", 32),
        ("ff_slots", 6),
        ("bp_slots", 6),
        ("made_to_0", 30),
        ("made_to_1", 30),
        ("word_valid", 1),
        ("word_slots", 5),
        ("word_values", 16 * word),
        ("word_positions", 4 * word),
    ] {
        text.input(name, bits);
    }
    for (_, begin) in ROWS {
        text.input(begin, 30);
    }
    for (name, _) in ROWS {
        text.output(name, 32);
    }
    for (name, bits) in [
        ("fed", 1),
        ("offset", 9),
        ("columns", lanes),
        ("prunes", 1),
        ("compact", 1),
        ("half_valid", 1),
        ("half", 16 * lanes),
        ("made", 1),
        ("made_ring", 2),
        ("made_address", 32),
        ("made_data", DATA),
    ] {
        text.output(name, bits);
    }
}

/// The registers that are read before it is said what comes into them.
const REGISTERS: [(&str, usize); 7] =
    [("at", 9), ("phase", 2), ("slot", 5), ("filled", 5), ("drains", 1), ("step", 3), ("four", 3)];

/// A register of `bits` bits that is 0 at first.
fn register(text: &mut Wiring, name: &str, bits: usize, next: &str) {
    if !REGISTERS.contains(&(name, bits)) {
        declare(text, name, bits);
    }
    text.line(format_args!("always @(posedge clock) {name} <= {next};"));
}

fn declare(text: &mut Wiring, name: &str, bits: usize) {
    let range = if bits == 1 { String::new() } else { format!("[{}:0] ", bits - 1) };
    text.line(format_args!("reg {range}{name};"));
    text.line(format_args!("initial {name} = {bits}'h0;"));
}

/// Which step it is, and what cycle of it.
fn steps(text: &mut Wiring, lanes: usize) {
    let beats = WEIGHTS / lanes;
    let last = beats + PANEL_STEP_CYCLES - 1;
    text.value("runs", 1, "take & panels");
    text.value("ends", 1, &format!("at == 9'd{last}"));
    register(text, "at", 9, "(runs & ~ends) ? at + 9'd1 : 9'd0");
    register(text, "phase", 2, "runs ? (ends ? phase + 2'd1 : phase) : 2'd0");
    text.value("makes", 1, "|phase");
    text.value("early", 1, &format!("runs & (at < 9'd{beats})"));
    let zeros = lanes.ilog2();
    let bits = 10 - zeros as usize;
    text.value("place", 10, &format!("{{at[{}:0], {zeros}'h0}}", bits - 1));
    text.value("along_co", 1, "phase[1] | ~makes_ff");
    text.assign("prunes", "makes");
    text.assign("compact", "makes & (along_co ? compact_bp : compact_ff)");
}

/// W, V and dW, a part of a row after another, and where they go to.
fn rows(text: &mut Wiring, lanes: usize, block_rows: usize) {
    let pick = LANE_READ_CYCLES + 1;
    text.value("reads", 1, "early & ~makes");
    text.value("row", 5, "place[9:5]");
    text.value("column", 5, "place[4:0]");
    let row_ends = format!("reads & (column == 5'd{})", PANEL_CHANNELS - lanes);
    let block_ends = format!("(&row[{}:0])", block_rows.ilog2() - 1);
    let further = format!("run + ({block_ends} ? over : pitch)");
    register(text, "run", 32, &format!("runs ? (({row_ends}) ? {further} : run) : 32'h0"));
    text.value("is_short", 1, "{1'h0, row} >= short_from");
    text.assign("fed", "reads & ({1'h0, row} < rows)");
    text.assign("offset", "{column[3:0], 5'h0}");
    let here = side_by_side((0..lanes).map(|i| format!("(({{1'h0, column}} | 6'd{i}) < cols)")));
    text.delayed("columns_late", lanes, pick, &here, NEVER);
    text.assign("columns", "columns_late");
    // A beat of results is there a cycle after the last of them.
    let late = pick + UpdateLane::LATENCY_CYCLES + 1;
    text.delayed("late", 39, late, "{is_short, run, row, column[4]}", NEVER);
    for (name, begin) in ROWS {
        for base in ["base", "base_short"] {
            let first = format!("{name}_{base}");
            register(text, &first, 32, &format!("{{2'h0, {begin}}} + {base}"));
        }
        let back = name.ends_with("_back");
        let (short, run, low) = if back {
            ("late[38]", "late[37:6]", "late[5:0]")
        } else {
            ("is_short", "run", "row, column[4]")
        };
        let first = format!("({short} ? {name}_base_short : {name}_base)");
        text.value(&format!("{name}_row"), 32, &format!("{first} + {run}"));
        text.assign(name, &format!("{{{name}_row[31:6], {low}}}"));
        text.value(&format!("unused_{name}_row"), 6, &format!("{name}_row[5:0]"));
    }
}

/// Elements of `source` moved up by `amount` places, or down, around the end.
fn turned(
    text: &mut Wiring,
    (name, source): (&str, &str),
    (element, count): (usize, usize),
    amount: &str,
    up: bool,
) -> String {
    let bits = element * count;
    let mut from = source.to_owned();
    for k in 0..count.ilog2() {
        let to = format!("{name}_{k}");
        let moved = element << k;
        let high = if up { bits - moved } else { moved };
        text.value(
            &to,
            bits,
            &format!(
                "{amount}[{k}] ? {{{from}[{}:0], {from}[{}:{high}]}} : {from}",
                high - 1,
                bits - 1
            ),
        );
        from = to;
    }
    from
}

/// The FP16 weights: row R and column C in bank `(R + C) % lanes`, so that as many neighbours in a row or in a column are in
/// as many banks.
fn buffer(text: &mut Wiring, lanes: usize) {
    let log2 = lanes.ilog2() as usize;
    let bits = 10 - log2;
    text.value("copies", 1, "word_valid & ~makes");
    register(
        text,
        "copied",
        bits,
        &format!("runs ? (copies ? copied + {bits}'d1 : copied) : {bits}'d0"),
    );
    // Where a row begins, all bits of its number are above those of its parts.
    let row_low = 5 - log2;
    text.value("copied_turn", log2, &format!("copied[{}:{row_low}]", row_low + log2 - 1));
    text.value("copy", 16 * lanes, &format!("word_values[{}:0]", 16 * lanes - 1));
    let copy = turned(text, ("copy_turned", "copy"), (16, lanes), "copied_turn", true);
    text.value("picks", 1, "early & makes");
    for bank in 0..lanes {
        text.value(
            &format!("row_of_{bank}"),
            log2,
            &format!("{log2}'d{bank} - row[{}:0]", log2 - 1),
        );
        let across = format!("{{column[4:{log2}], row_of_{bank}, row[4:{log2}]}}");
        text.wire(&format!("bank_{bank}"), 16);
        text.instance(
            "block_ram",
            &format!("weights_{bank}"),
            &[("WIDTH", 16), ("ADDRESS", bits)],
            &[
                ("clock", "clock".into()),
                ("write", "copies".into()),
                ("write_address", "copied".into()),
                ("write_data", part(&copy, bank, 16)),
                ("read_address", format!("along_co ? at[{}:0] : {across}", bits - 1)),
                ("read_data", format!("bank_{bank}")),
            ],
        );
    }
    text.value("found", 16 * lanes, &side_by_side((0..lanes).map(|b| format!("bank_{b}"))));
    register(text, "turn", log2, &format!("row[{}:0]", log2 - 1));
    register(text, "absent", 1, "{1'h0, row} >= (along_co ? rows : cols)");
    let found = turned(text, ("found_turned", "found"), (16, lanes), "turn", false);
    let zeros = 16 * lanes;
    register(text, "given", zeros, &format!("absent ? {zeros}'h0 : {found}"));
    text.assign("half", "given");
    text.delayed("picked", 1, 2, "picks", NEVER);
    text.assign("half_valid", "picked");
}

/// Slots of one column after another: slot S of column C in bank `(S + C) % 32`.
fn slots(text: &mut Wiring, shape: Shape) {
    let word = shape.word();
    text.value("comes", 1, "word_valid & makes");
    text.value("slot_up", 6, "{1'h0, slot} + {1'h0, word_slots}");
    text.value("slots_full", 6, "compact ? ({1'h0, n} << (3'd5 - m_log2)) : 6'd32");
    text.value("column_ends", 1, "comes & (slot_up == slots_full)");
    text.value("begins", 1, "~runs | (at == 9'd0)");
    register(text, "slot", 5, "(begins | column_ends) ? 5'd0 : (comes ? slot_up[4:0] : slot)");
    register(text, "filled", 5, "begins ? 5'd0 : (column_ends ? filled + 5'd1 : filled)");
    text.value("none", 1, "{1'h0, filled} >= (along_co ? rows : cols)");
    let items = (0..word).map(|i| {
        let (value, position) = (part("word_values", i, 16), part("word_positions", i, 4));
        format!("({{{position}, {value}}} & {{{ITEM}{{~none}}}})")
    });
    let zeros = LINE - word * ITEM;
    text.value(
        "items",
        LINE,
        &side_by_side(items.chain([format!("{zeros}'h0")]).collect::<Vec<_>>().into_iter()),
    );
    let here = (0..word).map(|i| format!("(comes & (5'd{i} < word_slots))"));
    let zeros = PANEL_CHANNELS - word;
    text.value(
        "item_flags",
        PANEL_CHANNELS,
        &side_by_side(here.chain([format!("{zeros}'h0")]).collect::<Vec<_>>().into_iter()),
    );
    text.value("item_turn", 5, "slot + filled");
    let items = turned(text, ("items_turned", "items"), (ITEM, PANEL_CHANNELS), "item_turn", true);
    let flags =
        turned(text, ("flags_turned", "item_flags"), (1, PANEL_CHANNELS), "item_turn", true);
    register(text, "gathered", LINE, &items);
    register(text, "gathers", PANEL_CHANNELS, &flags);
    register(text, "gathered_of", 5, "filled");
    for bank in 0..PANEL_CHANNELS {
        text.value(&format!("slot_of_{bank}"), 5, &format!("5'd{bank} - gathered_of"));
        text.wire(&format!("line_{bank}"), ITEM);
        text.instance(
            "block_ram",
            &format!("slots_{bank}"),
            &[("WIDTH", ITEM), ("ADDRESS", 5)],
            &[
                ("clock", "clock".into()),
                ("write", part("gathers", bank, 1)),
                ("write_address", format!("slot_of_{bank}")),
                ("write_data", part("gathered", bank, ITEM)),
                ("read_address", "{four, step[1:0]}".into()),
                ("read_data", format!("line_{bank}")),
            ],
        );
    }
}

/// The beats of an operand: those of four slots, then that of their positions, which lies before them.
fn beats(text: &mut Wiring, lanes: usize) {
    // Of the cycle in which the first slot is read, less one.
    let before = WEIGHTS / lanes + GATHER_CYCLES - 1;
    text.value("opens", 1, &format!("makes & (at == 9'd{before})"));
    register(text, "drains", 1, "runs & (opens | (drains & ~((step == 3'd4) & (&four))))");
    register(text, "step", 3, "(drains & (step != 3'd4)) ? step + 3'd1 : 3'd0");
    register(text, "four", 3, "drains ? ((step == 3'd4) ? four + 3'd1 : four) : 3'd0");
    register(text, "line_turn", 5, "{four, step[1:0]}");
    let found = side_by_side((0..PANEL_CHANNELS).map(|bank| format!("line_{bank}")));
    text.value("found_line", LINE, &found);
    let line =
        turned(text, ("line_turned", "found_line"), (ITEM, PANEL_CHANNELS), "line_turn", false);
    register(text, "line", LINE, &line);
    text.delayed("drained", 7, 2, "{drains, step, four}", NEVER);
    text.value("slot_here", 5, "{drained[2:0], drained[4:3]}");
    text.value("slots_here", 6, "along_co ? bp_slots : ff_slots");
    text.value("used", 1, "{1'h0, slot_here} < slots_here");
    let all = |low: usize, bits: usize| {
        side_by_side(
            (0..PANEL_CHANNELS)
                .map(|c| format!("line[{}:{}]", ITEM * c + low + bits - 1, ITEM * c + low)),
        )
    };
    text.value("values", DATA, &all(0, 16));
    text.value("positions", 128, &format!("{} & {{128{{used}}}}", all(16, 4)));
    for k in 0..4 {
        register(
            text,
            &format!("positions_{k}"),
            128,
            &format!("(drained[5:3] == 3'd{k}) ? positions : positions_{k}"),
        );
    }
    text.value("closes", 1, "drained[5]");
    text.value("fives", 6, "{1'h0, drained[2:0], 2'h0} + {3'h0, drained[2:0]}");
    text.value(
        "beat",
        6,
        "closes ? fives : ({1'h0, slot_here} + (compact ? {3'h0, drained[2:0]} + 6'd1 : 6'd0))",
    );
    // The first slot of the four tells whether they have positions: they follow each other.
    text.value("any", 1, "{1'h0, drained[2:0], 2'h0} < slots_here");
    text.value("second", 1, "updates & makes_ff & along_co");
    register(
        text,
        "made_first",
        32,
        "{2'h0, second ? made_to_1 : made_to_0} + (along_co ? bp : ff)",
    );
    register(text, "made_now", 1, "drained[6] & (closes ? (compact & any) : used)");
    register(text, "made_at", 32, "made_first + {26'h0, beat}");
    let positions = side_by_side((0..4).map(|k| format!("positions_{k}")));
    register(text, "made_beat", DATA, &format!("closes ? {positions} : values"));
    text.assign("made", "made_now");
    text.assign("made_ring", "{updates, second}");
    text.assign("made_address", "made_at");
    text.assign("made_data", "made_beat");
}
