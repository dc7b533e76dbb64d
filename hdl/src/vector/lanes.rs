//! The lanes as Verilog: instances of leaf blocks between the rings that are read and those that are written.

use super::rows::{ROW, TAKEN_CYCLES};
use super::{
    Cursor, ExactSum, Gather, Lane, Pick, PoolBest, PoolKind, PoolOrder, PoolShare, PoolSpread,
    ROW_LATENCY_CYCLES, RoundSum, Tail, WidenHalf, loss, norm, norm_lanes, pool,
};
use crate::dma::LANE_READ_CYCLES;
use crate::emit::{Design, Module, NEVER, Wiring, emit, part, side_by_side};
use crate::float::NarrowSingle;
use crate::isa_bits::{field, low_bits};
use satkit_spec::isa::{VectorOp, Word};
use satkit_spec::{ROW_TAIL_CYCLES, VECTOR_LATENCY_CYCLES};

const BEAT: usize = 512;
const HALF: usize = 16;
const SINGLE: usize = 32;
/// Cycles from the address of a beat to the elements that are picked out of it.
const PICK_CYCLES: usize = LANE_READ_CYCLES + 1;

/// Cycles from that in which elements are taken to the last in which their results are written into a ring.
pub(super) const LATENCY_CYCLES: usize = PICK_CYCLES + Lane::LATENCY_CYCLES + 1;

// The last row of a block has given all when the timing model says so.
const _: () = assert!(
    ROW_LATENCY_CYCLES + loss::RING_CYCLES
        == TAKEN_CYCLES + ROW_TAIL_CYCLES + VECTOR_LATENCY_CYCLES
);

/// Ports of a ring that is read: where it begins, the beat that is asked for, that beat.
const READS: [[&str; 3]; 3] = [
    ["read_at_0", "read_address_0", "read_data_0"],
    ["read_at_1", "read_address_1", "read_data_1"],
    ["read_at_2", "read_address_2", "read_data_2"],
];
/// Ports of a ring that is written: where it begins, a beat is complete, which one, the beat.
const WRITES: [[&str; 4]; 2] = [
    ["write_at_0", "write_0", "write_address_0", "write_data_0"],
    ["write_at_1", "write_1", "write_address_1", "write_data_1"],
];

/// An operation that the lanes do, as a wire.
const OPS: [(&str, VectorOp); 12] = [
    ("cross_entropy", VectorOp::CrossEntropy),
    ("add", VectorOp::Add),
    ("relu_backward", VectorOp::ReluBackward),
    ("bias_gradient", VectorOp::BiasGradient),
    ("pool", VectorOp::Pool),
    ("pool_backward", VectorOp::PoolBackward),
    ("bn_statistics", VectorOp::BatchNormStatistics),
    ("bn_scale", VectorOp::BatchNormScale),
    ("bn_apply", VectorOp::BatchNormApply),
    ("bn_backward_sums", VectorOp::BatchNormBackwardSums),
    ("bn_backward_scale", VectorOp::BatchNormBackwardScale),
    ("bn_backward_apply", VectorOp::BatchNormBackwardApply),
];

/// The module `vector_lanes`.
pub(super) fn module(lanes: usize) -> Module {
    let mut text = Wiring::new("vector_lanes");
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("take", 1),
        ("first", 40),
        ("count", 7),
        ("last", 1),
        ("own", Word::BITS as usize),
        ("shape", Word::BITS as usize),
        ("tensors", Word::BITS as usize),
        ("next_own", Word::BITS as usize),
        ("next_shape", Word::BITS as usize),
        ("has_next_shape", 1),
        ("has_next_tensors", 1),
    ] {
        text.input(name, bits);
    }
    text.input("next_reads", Word::BITS as usize);
    text.input("has_next_reads", 1);
    for name in ["refuse", "next_reduces", "next_by_rows", "wrong"] {
        text.output(name, 1);
    }
    norm_lanes::ports(&mut text);
    text.output("next_tail_cycles", 17);
    for ring in 0..3 {
        text.input(&format!("read_at_{ring}"), 30);
        text.input(&format!("write_at_{ring}"), 30);
        text.output(&format!("read_address_{ring}"), 32);
        text.input(&format!("read_data_{ring}"), BEAT);
        text.output(&format!("write_{ring}"), 1);
        text.output(&format!("write_address_{ring}"), 32);
        text.output(&format!("write_data_{ring}"), BEAT);
    }
    next(&mut text, lanes);
    settings(&mut text, lanes);
    cursor(&mut text, lanes);
    picks(&mut text, lanes);
    for lane in 0..lanes {
        for (wire, bits) in [
            ("sum", 64),
            ("special", 2),
            ("products", 104),
            ("products_special", 2),
            ("rounded", SINGLE),
        ] {
            text.wire(&format!("{wire}_{lane}"), bits);
        }
    }
    norm_lanes::channels(&mut text, lanes, PICK_CYCLES);
    elements(&mut text, lanes);
    sums(&mut text, lanes);
    pooled(&mut text, lanes);
    rows(&mut text);
    results(&mut text);
    text.finish()
}

/// Wires that say which operation a word of VE is, and whether it is one that sums.
fn operations(text: &mut Wiring, prefix: &str, word: &str) {
    for (wire, op) in OPS {
        let is = format!("{} == 6'd{}", field(word, "VE", "op"), op as u8);
        text.value(&format!("{prefix}{wire}"), 1, &is);
    }
    let sums = OPS.iter().filter(|(_, op)| op.reduces()).map(|(wire, _)| format!("{prefix}{wire}"));
    text.value(&format!("{prefix}sums"), 1, &sums.collect::<Vec<_>>().join(" | "));
    text.value(&format!("{prefix}pooling"), 1, &format!("{prefix}pool | {prefix}pool_backward"));
}

/// What the shell is told of the instruction that it decodes.
fn next(text: &mut Wiring, lanes: usize) {
    operations(text, "next_is_", "next_own");
    text.value("unused_next", 3 * Word::BITS as usize, "{next_own, next_shape, next_reads}");
    let known = OPS.map(|(wire, _)| format!("next_is_{wire}")).join(" | ");
    // The memories of sums have room for so many channels, and a pixel for no part of 8 elements.
    text.value("next_channels", 20, &field("next_shape", "SHAPE", "channels"));
    let most = VectorOp::MOST_SUMS;
    text.value("too_many", 1, &format!("next_is_sums & (next_channels > 20'd{most})"));
    // Lanes that take several pixels have no channels of their own.
    let few = pitch_of_eight();
    let too_few = format!("next_is_sums & (next_channels <= 20'd{few})");
    text.value("too_few", 1, if lanes > few { &too_few } else { NEVER });
    text.value("next_elements", 40, &field("next_own", "VE", "elements"));
    text.value("unknown", 1, "~has_next_shape | ~has_next_tensors");
    pool_kind(text);
    text.value("no_pooling", 1, "next_is_pooling & ~pool_known");
    next_rows(text);
    norm_lanes::next(text, lanes);
    let other =
        "unknown | too_many | too_few | no_pooling | no_rows | no_norm | (|next_elements[2:0])";
    text.assign("refuse", &format!("~({known}) | {other}"));
    text.assign("next_reduces", "next_is_sums");
    text.assign("next_by_rows", "next_is_cross_entropy");
    text.wire("sum_cycles", 17);
    let tail = format!(
        "next_by_rows ? 17'd{ROW_TAIL_CYCLES} : next_is_channels ? channel_cycles : sum_cycles"
    );
    text.assign("next_tail_cycles", &tail);
    text.instance(
        "vector_tail",
        "tail",
        &[],
        &[
            ("channels", "next_channels".into()),
            ("reduces", "next_is_sums".into()),
            ("beat_log2", beat_log2(lanes)),
            ("cycles", "sum_cycles".into()),
        ],
    );
}

/// Whether the next instruction's pooling is one that there is.
fn pool_kind(text: &mut Wiring) {
    let mut kind = pool::kind_of("next_shape");
    for (port, bits) in [("known", 1), ("greatest", 1), ("taps", 3), ("pixel", 3), ("row", 3)] {
        let wire = format!("{}pool_{port}", if port == "known" { "" } else { "unused_" });
        text.wire(&wire, bits);
        kind.push((port, wire));
    }
    text.instance("vector_pool_kind", "next_pool_kind", &[], &kind);
}

/// Rows that the unit cannot do: each has a beat of its own, all of a batch are one instruction's, and gradients want the step's numbers.
fn next_rows(text: &mut Wiring) {
    let shape = |name: &str| field("next_shape", "SHAPE", name);
    let least = pitch_of_eight() + 1;
    let numbers = field("next_reads", "READS", "third_beats");
    let wrong = [
        format!("next_channels < 20'd{least}"),
        format!("next_channels > 20'd{ROW}"),
        format!("{} != 16'd1", shape("h")),
        format!("{} != 16'd1", shape("w")),
        format!("~|{}", shape("batch")),
        format!("next_elements != {{11'h0, {}, 5'h0}}", shape("batch")),
        format!("{} & (~has_next_reads | ~|{numbers})", shape("gradient")),
    ];
    let wrong: Vec<String> = wrong.iter().map(|wrong| format!("({wrong})")).collect();
    text.value("no_rows", 1, &format!("next_is_cross_entropy & ({})", wrong.join(" | ")));
}

/// Most channels of a pixel, or of a row, that has no beat of its own.
const fn pitch_of_eight() -> usize {
    8
}

/// True if the lanes take a beat of FP16 in a cycle.
pub(super) const fn is_beat(lanes: usize) -> bool {
    lanes == BEAT / HALF
}

/// The cycles in which the lanes give a beat of sums, as a power of two.
fn beat_log2(lanes: usize) -> String {
    format!("2'd{}", (BEAT / SINGLE / lanes).max(1).ilog2())
}

/// What the fields of the instruction mean that runs.
fn settings(text: &mut Wiring, lanes: usize) {
    operations(text, "is_", "own");
    text.value("unused_words", 3 * Word::BITS as usize, "{own, shape, tensors}");
    let shape = |name: &str| field("shape", "SHAPE", name);
    text.value("channels", 20, &shape("channels"));
    text.value("by_mask", 1, &format!("is_relu_backward & {}", shape("bits")));
    text.value("by_output", 1, &format!("is_relu_backward & ~{}", shape("bits")));
    text.value("activates", 1, &format!("(is_add | is_bn_apply) & {}", shape("relu")));
    // Where the second stream is a mask, or there is none, there is nothing to add.
    let alone = format!("by_mask | (is_bn_apply & ~{})", shape("residual"));
    text.value("adds_nothing", 1, &alone);
    text.value("writes_mask", 1, &format!("activates & {}", shape("bits")));
    // A piece that begins where its tensor does is the first.
    text.value("begins", 1, &format!("read_at_0 == {}", field("tensors", "TENSORS", "a")));
    text.value("starts", 1, "~|first");
    text.value("takes", 1, "take & ~is_cross_entropy & ~is_channels");
    text.value("gives", 1, "is_add | is_relu_backward | is_applied");
    text.value("accumulates", 1, "is_sums | is_bn_statistics | is_bn_backward_sums");
    norm_lanes::settings(text, lanes);
}

fn cursor(text: &mut Wiring, lanes: usize) {
    for (wire, bits) in [
        ("a_address", 32),
        ("b_address", 32),
        ("valid", 32),
        ("slot", 10),
        ("first_pixel", 1),
        ("drains", 1),
        ("upper", 1),
    ] {
        text.wire(wire, bits);
    }
    let own = |port: &'static str| (port, port.to_owned());
    text.instance(
        "vector_cursor",
        "cursor",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("step", format!("6'd{lanes}")),
            ("wide", format!("1'b{}", u8::from(is_beat(lanes)))),
            ("beat_log2", beat_log2(lanes)),
            ("take", "takes".into()),
            ("position", "first[8:0]".into()),
            own("starts"),
            own("begins"),
            own("last"),
            own("channels"),
            ("reduces", "is_sums".into()),
            ("b_is_bits", "by_mask".into()),
            ("a_base", "{2'h0, read_at_0}".into()),
            ("b_base", "{2'h0, read_at_1}".into()),
            ("a_address", "a_address".into()),
            ("b_address", "b_address".into()),
            own("valid"),
            own("slot"),
            ("first", "first_pixel".into()),
            own("drains"),
            own("upper"),
        ],
    );
    text.value("unused_third", 30, "write_at_2");
}

/// Elements out of the beats, and what is known of them.
fn picks(text: &mut Wiring, lanes: usize) {
    text.delayed("position_here", 9, LANE_READ_CYCLES, "first[8:0]", NEVER);
    let offset = if is_beat(lanes) { "9'h0" } else { "{position_here[4:0], 4'h0}" };
    let picks = [
        ("a", 0, HALF * lanes, offset),
        ("b", 1, HALF * lanes, offset),
        ("mask", 1, lanes, "position_here"),
    ];
    for (name, ring, width, offset) in picks {
        text.wire(name, width);
        let kind = if width == lanes { "vector_pick_bits" } else { "vector_pick" };
        text.instance(
            kind,
            &format!("pick_{name}"),
            &[],
            &[
                ("clock", "clock".into()),
                ("beat", format!("read_data_{ring}")),
                ("offset", offset.into()),
                ("elements", name.into()),
            ],
        );
    }
    if is_beat(lanes) {
        // The last pixels of up to 8 channels are no whole beat.
        let taken = "valid & ({32{~takes}} | (32'hffffffff >> (7'd32 - count)))";
        text.value("valid_taken", lanes, taken);
    } else {
        text.value("unused_count", 7, "count");
        text.value("unused_valid", 32 - lanes, &format!("valid[31:{lanes}]"));
        text.value("valid_taken", lanes, &format!("valid[{}:0]", lanes - 1));
    }
    text.delayed("valid_here", lanes, PICK_CYCLES, "valid_taken", NEVER);
    text.delayed("take_here", 1, PICK_CYCLES, "takes", "reset");
    text.delayed("last_here", 1, PICK_CYCLES, "takes & last", "reset");
    text.delayed("slot_here", 10, PICK_CYCLES, "slot", NEVER);
    text.delayed("first_here", 1, PICK_CYCLES, "first_pixel", NEVER);
}

/// The lanes, and their results in beats: FP16 values, and the bits of a mask.
fn elements(text: &mut Wiring, lanes: usize) {
    text.delayed("take_late", 1, Lane::LATENCY_CYCLES, "take_here", "reset");
    text.delayed("last_late", 1, Lane::LATENCY_CYCLES, "last_here", "reset");
    text.delayed("valid_late", lanes, Lane::LATENCY_CYCLES, "valid_here", NEVER);
    for lane in 0..lanes {
        text.wire(&format!("half_{lane}"), HALF);
        text.wire(&format!("passes_{lane}"), 1);
        text.wire(&format!("unused_single_{lane}"), SINGLE);
        let constant = |name: &str, none: u32| {
            let of_norm = part(&format!("norm_{name}"), lane, SINGLE);
            format!("is_applied ? {of_norm} : 32'h{none:08x}")
        };
        let none = format!("16'h{:04x}", Lane::NO_ADDEND);
        text.value(
            &format!("addend_{lane}"),
            HALF,
            &format!("adds_nothing ? {none} : {}", part("b", lane, HALF)),
        );
        text.instance(
            "vector_lane",
            &format!("lane_{lane}"),
            &[],
            &[
                ("clock", "clock".into()),
                ("x", format!("{{16'h0, {}}}", part("a", lane, HALF))),
                ("b", format!("addend_{lane}")),
                ("mask", part("mask", lane, 1)),
                ("mean", constant("mean", Lane::NO_MEAN)),
                ("factor", constant("factor", Lane::NO_FACTOR)),
                ("shift", constant("shift", Lane::NO_SHIFT)),
                ("rate", constant("rate", Lane::NO_FACTOR)),
                ("from_half", "1'b1".into()),
                ("round_first", NEVER.into()),
                ("backward", "is_bn_backward_apply".into()),
                ("relu", "activates".into()),
                ("gate_by_mask", "by_mask".into()),
                ("gate_by_output", "by_output".into()),
                ("half", format!("half_{lane}")),
                ("single", format!("unused_single_{lane}")),
                ("passes", format!("passes_{lane}")),
            ],
        );
    }
    // Padding is +0.0 whatever was read there, and stops gradients.
    let halves = (0..lanes).map(|lane| format!("half_{lane} & {{{HALF}{{valid_late[{lane}]}}}}"));
    let passes = (0..lanes).map(|lane| format!("passes_{lane} & valid_late[{lane}]"));
    text.value("halves", HALF * lanes, &side_by_side(halves));
    text.value("masks", lanes, &side_by_side(passes));
    let items = [
        ("halves", "write_at_0", HALF * lanes, "take_late & gives"),
        ("masks", "write_at_1", lanes, "take_late & writes_mask"),
    ];
    for (items, base, width, valid) in items {
        gather(text, items, base, width, [valid, "last_late"]);
    }
}

/// Sums of the channels, and their roundings in beats.
fn sums(text: &mut Wiring, lanes: usize) {
    for (wire, bits) in [
        ("pool_address_0", 32),
        ("pool_address_1", 32),
        ("pool_sum_valid", 1),
        ("pool_sum_first", 1),
        ("pool_sum_items", HALF * lanes),
        ("pool_write", 1),
        ("pool_write_address", 32),
        ("pool_write_data", BEAT),
    ] {
        text.wire(wire, bits);
    }
    let address = (VectorOp::MOST_SUMS / lanes).ilog2() as usize;
    if address < 10 {
        text.value("unused_slot", 10 - address, &format!("slot_here[9:{address}]"));
    }
    let (slots, turns) = (norm::slot_bits(lanes), norm::turn_bits(lanes));
    let own = format!("{{{}'h0, norm_turn[{}:{}]}}", address - slots, turns - 1, turns - slots);
    for lane in 0..lanes {
        text.instance(
            "vector_exact_sum",
            &format!("exact_sum_{lane}"),
            &[],
            &[
                ("clock", "clock".into()),
                ("valid", "(take_here & accumulates) | pool_sum_valid".into()),
                ("first", "is_pooling ? pool_sum_first : first_here".into()),
                (
                    "channel",
                    format!(
                        "is_pooling ? {address}'h0 : norm_busy ? {own} : slot_here[{}:0]",
                        address - 1
                    ),
                ),
                (
                    "a",
                    format!(
                        "is_pooling ? {} : is_bn_backward_sums ? {} : {}",
                        part("pool_sum_items", lane, HALF),
                        part("b", lane, HALF),
                        part("a", lane, HALF)
                    ),
                ),
                // Squares, and products of gradients with values.
                ("b", part("a", lane, HALF)),
                ("sum", format!("sum_{lane}")),
                ("sum_special", format!("special_{lane}")),
                ("products", format!("products_{lane}")),
                ("products_special", format!("products_special_{lane}")),
            ],
        );
        text.instance(
            "vector_round_sum",
            &format!("round_sum_{lane}"),
            &[],
            &[
                ("clock", "clock".into()),
                ("sum", format!("sum_{lane}")),
                ("special", format!("special_{lane}")),
                ("single", format!("rounded_{lane}")),
            ],
        );
    }
    let cycles = ExactSum::<1>::LATENCY_CYCLES + RoundSum::LATENCY_CYCLES;
    text.delayed("drains_late", 1, PICK_CYCLES + cycles, "drains", "reset");
    text.delayed("counted_late", lanes, cycles, "valid_here", NEVER);
    let singles =
        (0..lanes).map(|lane| format!("rounded_{lane} & {{{SINGLE}{{counted_late[{lane}]}}}}"));
    // Sums fill whole beats. Those of as many channels as a beat of FP16 has are two, which are given one after another.
    if is_beat(lanes) {
        text.value("both_singles", SINGLE * lanes, &side_by_side(singles));
        text.delayed("upper_late", 1, PICK_CYCLES + cycles, "upper", NEVER);
        let of = |at| part("both_singles", at, BEAT);
        text.value("singles", BEAT, &format!("upper_late ? {} : {}", of(1), of(0)));
    } else {
        text.value("singles", SINGLE * lanes, &side_by_side(singles));
        text.value("unused_upper", 1, "upper");
    }
    let width = BEAT.min(SINGLE * lanes);
    gather(text, "singles", "write_at_0", width, ["drains_late", NEVER]);
}

/// Beats of `items`: `items_write`, `items_address`, `items_data`.
fn gather(text: &mut Wiring, items: &str, base: &str, width: usize, [valid, last]: [&str; 2]) {
    let own = |what: &str| format!("{items}_{what}");
    for (what, bits) in [("write", 1), ("address", 32), ("data", BEAT)] {
        text.wire(&own(what), bits);
    }
    text.instance(
        &format!("vector_gather_{items}"),
        &format!("gather_{items}"),
        &[],
        &[
            ("clock", "clock".into()),
            ("start", "takes & starts".into()),
            ("base", format!("{{2'h0, {base}}}")),
            ("width", format!("9'd{}", width % BEAT)),
            ("valid", valid.into()),
            ("last", last.into()),
            ("item", items.into()),
            ("write", own("write")),
            ("address", own("address")),
            ("data", own("data")),
        ],
    );
}

/// Pooling, which has an order of its own; its averages are sums of the lanes.
fn pooled(text: &mut Wiring, lanes: usize) {
    text.value(
        "rounded",
        SINGLE * lanes,
        &side_by_side((0..lanes).map(|lane| format!("rounded_{lane}"))),
    );
    let own = |port: &'static str| (port, port.to_owned());
    text.instance(
        "vector_pool",
        "pool",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("take", "take & is_pooling".into()),
            own("starts"),
            ("position", "first[36:0]".into()),
            own("shape"),
            ("backward", "is_pool_backward".into()),
            own("read_at_0"),
            own("read_at_1"),
            own("write_at_0"),
            own("read_data_0"),
            own("read_data_1"),
            own("rounded"),
            ("read_address_0", "pool_address_0".into()),
            ("read_address_1", "pool_address_1".into()),
            ("sum_valid", "pool_sum_valid".into()),
            ("sum_first", "pool_sum_first".into()),
            ("sum_items", "pool_sum_items".into()),
            ("write", "pool_write".into()),
            ("write_address", "pool_write_address".into()),
            ("write_data", "pool_write_data".into()),
        ],
    );
}

/// The unit of rows, which has rings and instruction while a cross-entropy runs.
fn rows(text: &mut Wiring) {
    let own = |port: &'static str| (port, port.to_owned());
    let shape = |name: &str| field("shape", "SHAPE", name);
    let mut connections = vec![
        own("clock"),
        own("reset"),
        ("take", "take & is_cross_entropy".into()),
        own("starts"),
        ("position", "first[4:0]".into()),
        ("channels", low_bits("shape", "SHAPE", "channels", 6)),
        ("batch", shape("batch")),
        ("has_gradient", shape("gradient")),
        ("wrong", "row_wrong".into()),
    ];
    text.wire("row_wrong", 1);
    text.assign("wrong", "row_wrong | norm_wrong");
    let mut wires = Vec::new();
    for [at, address, data] in READS {
        connections.extend([own(at), own(data)]);
        wires.push((address, 32));
    }
    for [at, write, address, data] in WRITES {
        connections.push(own(at));
        wires.extend([(write, 1), (address, 32), (data, BEAT)]);
    }
    for (port, bits) in wires {
        let wire = format!("row_{port}");
        text.wire(&wire, bits);
        connections.push((port, wire));
    }
    text.instance("vector_loss", "loss", &[], &connections);
    for (ring, address) in [(0, "a_address"), (1, "b_address")] {
        let other = format!(
            "is_pooling ? pool_address_{ring} : is_channels ? norm_read_address_{ring} : {address}"
        );
        let from = format!("is_cross_entropy ? row_read_address_{ring} : {other}");
        text.assign(READS[ring][1], &from);
    }
    text.assign("read_address_2", "is_channels ? norm_read_address_2 : row_read_address_2");
}

fn results(text: &mut Wiring) {
    text.assign(
        "write_0",
        "halves_write | singles_write | pool_write | row_write_0 | (norm_write & ~norm_write_second)",
    );
    for what in ["address", "data"] {
        let of_lanes =
            format!("is_sums ? singles_{what} : is_pooling ? pool_write_{what} : halves_{what}");
        let norm = format!("is_channels ? norm_write_{what} :");
        text.assign(
            &format!("write_{what}_0"),
            &format!("is_cross_entropy ? row_write_{what}_0 : {norm} {of_lanes}"),
        );
        text.assign(
            &format!("write_{what}_1"),
            &format!("is_cross_entropy ? row_write_{what}_1 : {norm} masks_{what}"),
        );
    }
    text.assign("write_1", "masks_write | row_write_1 | (norm_write & norm_write_second)");
    text.assign("write_2", NEVER);
    text.assign("write_address_2", "32'h0");
    text.assign("write_data_2", "512'h0");
}

/// The leaf blocks of so many lanes.
pub(super) fn parts(lanes: usize) -> Vec<Design> {
    let mut parts = vec![
        loss::design(),
        emit("vector_cursor", Cursor::default),
        emit("vector_tail", Tail::default),
        emit("vector_lane", Lane::default),
        emit("vector_round_sum", RoundSum::default),
        emit("vector_pool_kind", PoolKind::default),
        emit("vector_pool_order", PoolOrder::default),
        emit("vector_pool_best", PoolBest::default),
        emit("vector_pool_spread", PoolSpread::default),
        emit("vector_pool_share", PoolShare::default),
        emit("vector_pool_widen", WidenHalf::default),
        emit("vector_pool_narrow", NarrowSingle::default),
    ];
    parts.extend(norm::blocks());
    if lanes == 4 {
        parts.extend([
            emit("vector_pick", Pick::<64>::default),
            emit("vector_pick_bits", Pick::<4>::default),
            emit("vector_exact_sum", ExactSum::<10>::default),
            emit("vector_gather_halves", Gather::<64>::default),
            emit("vector_gather_masks", Gather::<4>::default),
            emit("vector_gather_singles", Gather::<128>::default),
        ]);
    } else if is_beat(lanes) {
        parts.extend([
            emit("vector_pick", Pick::<512>::default),
            emit("vector_pick_bits", Pick::<32>::default),
            emit("vector_exact_sum", ExactSum::<7>::default),
            emit("vector_gather_halves", Gather::<512>::default),
            emit("vector_gather_masks", Gather::<32>::default),
            emit("vector_gather_singles", Gather::<512>::default),
        ]);
    } else {
        parts.extend([
            emit("vector_pick", Pick::<128>::default),
            emit("vector_pick_bits", Pick::<8>::default),
            emit("vector_exact_sum", ExactSum::<9>::default),
            emit("vector_gather_halves", Gather::<128>::default),
            emit("vector_gather_masks", Gather::<8>::default),
            emit("vector_gather_singles", Gather::<256>::default),
        ]);
    }
    parts
}
