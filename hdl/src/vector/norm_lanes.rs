//! Batch norm's channels beside the lanes: what of an instruction they are told, where their values are read, and whose sums they take.

use super::NormSteps;
use super::norm::{self, CONSTANTS, MOST_CHANNELS};
use crate::dma::LANE_READ_CYCLES;
use crate::emit::{NEVER, Wiring, part, side_by_side};
use crate::isa_bits::{field, low_bits};
use satkit_spec::isa::{VectorOp, Word};
use satkit_spec::{
    NORM_KEPT_WORDS, NORM_PIECE_CHANNELS, NORM_RUNNING_WORDS, NORM_UNIT_CHANNELS, norm_lanes,
};

const BEAT: usize = 512;
const SINGLE: usize = 32;
/// Cycles from a channel to where its value is, and from its beat to the value.
const PLACE_CYCLES: usize = 1;
const PICK_CYCLES: usize = 2;

const _: () = assert!(PLACE_CYCLES + LANE_READ_CYCLES + PICK_CYCLES == NormSteps::READ_CYCLES);
const _: () = assert!(PLACE_CYCLES + crate::store::SUMS_READ_CYCLES == NormSteps::READ_CYCLES);

/// Ports of the lanes that batch norm has for itself.
pub(super) fn ports(text: &mut Wiring) {
    for (name, bits) in [
        ("parameters", Word::BITS as usize),
        ("next_tensors", Word::BITS as usize),
        ("next_parameters", Word::BITS as usize),
        ("has_next_parameters", 1),
        ("sums_found", 1),
        ("sums_values", 64),
        ("sums_values_special", 2),
        ("sums_products", 104),
        ("sums_products_special", 2),
    ] {
        text.input(name, bits);
    }
    text.output("sums_tensor", 30);
    text.output("sums_channel", 11);
}

/// Whether the next instruction is of a batch norm that there is, as `no_norm`; how long its channels take, as `channel_cycles`.
pub(super) fn next(text: &mut Wiring, lanes: usize) {
    // Whose the last channels were.
    text.line("reg norm_holds; initial norm_holds = 1'b0;");
    text.line("reg norm_is_backward; initial norm_is_backward = 1'b0;");
    text.line("reg [29:0] norm_tensor; initial norm_tensor = 30'h0;");
    text.value("unused_next_norm", 2 * Word::BITS as usize, "{next_tensors, next_parameters}");
    text.value("next_is_channels", 1, "next_is_bn_scale | next_is_bn_backward_scale");
    text.value("next_applies", 1, "next_is_bn_apply | next_is_bn_backward_apply");
    text.value(
        "next_is_norm",
        1,
        "next_is_channels | next_applies | next_is_bn_statistics | next_is_bn_backward_sums",
    );
    let unit = NORM_UNIT_CHANNELS.ilog2();
    let tensor = field("next_tensors", "TENSORS", "a");
    let wrong = [
        format!("next_channels > 20'd{MOST_CHANNELS}"),
        "~|next_channels".into(),
        // Lanes that take several pixels have no channels of their own.
        (if lanes > 8 { "next_channels <= 20'd8" } else { NEVER }).into(),
        format!("next_is_channels & (next_elements > 40'd{NORM_PIECE_CHANNELS})"),
        format!("next_is_channels & (|next_elements[{}:0])", unit - 1),
        "next_is_channels & (~|next_elements)".into(),
        "next_is_channels & ~has_next_parameters".into(),
        // Those that are applied are the last channels.
        format!(
            "next_applies & (~norm_holds | norm_is_backward != next_is_bn_backward_apply | norm_tensor != {tensor})"
        ),
    ];
    let wrong: Vec<String> = wrong.iter().map(|wrong| format!("({wrong})")).collect();
    text.value("no_norm", 1, &format!("next_is_norm & ({})", wrong.join(" | ")));
    let log2 = norm_lanes(lanes).ilog2() as usize;
    let bits = NORM_PIECE_CHANNELS.ilog2() as usize + 1 - log2;
    let turns = format!("{{{}'h0, next_elements[{}:{log2}]}}", 17 - bits, log2 + bits - 1);
    let cycles = |op: VectorOp| format!("17'd{}", op.turn_cycles(lanes));
    text.value(
        "turn_cycles",
        17,
        &format!(
            "next_is_bn_backward_scale ? {} : {}",
            cycles(VectorOp::BatchNormBackwardScale),
            cycles(VectorOp::BatchNormScale)
        ),
    );
    text.value("channel_cycles", 17, &format!("{turns} * turn_cycles"));
}

/// What the channels of the running instruction are, and which were the last.
pub(super) fn settings(text: &mut Wiring, lanes: usize) {
    text.value("unused_parameters", Word::BITS as usize, "parameters");
    text.value("is_channels", 1, "is_bn_scale | is_bn_backward_scale");
    text.value("is_applied", 1, "is_bn_apply | is_bn_backward_apply");
    text.value("norm_starts", 1, "take & starts & is_channels");
    let tensor = field("tensors", "TENSORS", "a");
    text.line(format_args!(
        "always @(posedge clock) begin if (norm_starts) begin norm_holds <= 1'b1; norm_is_backward <= is_bn_backward_scale; \
         norm_tensor <= {tensor}; end if (reset) norm_holds <= 1'b0; end"
    ));
    // Values of a channel.
    let shape = |name: &str| field("shape", "SHAPE", name);
    text.value("pixels", 32, &format!("{{16'h0, {}}} * {{16'h0, {}}}", shape("h"), shape("w")));
    text.delayed("pixels_late", 32, 1, "pixels", NEVER);
    text.value(
        "terms",
        23,
        &format!("pixels_late[22:0] * {}", low_bits("shape", "SHAPE", "batch", 23)),
    );
    text.value("unused_pixels", 9, "pixels_late[31:23]");
    text.delayed("terms_late", 23, 1, "terms", NEVER);
    // Units before those of this instruction: gamma has a beat for each, and its gradient.
    let gamma = field("parameters", "PARAMETERS", "first");
    let gradient = field("tensors", "TENSORS", "y");
    text.value(
        "units_before_unused",
        30,
        &format!("is_bn_backward_scale ? write_at_0 - {gradient} : read_at_0 - {gamma}"),
    );
    let unit = NORM_UNIT_CHANNELS.ilog2() as usize;
    let units = MOST_CHANNELS.ilog2() as usize - unit;
    text.value(
        "channels_before",
        11,
        &format!("{{1'b0, units_before_unused[{}:0], 4'h0}}", units - 1),
    );
    text.value("norm_present", 11, "channels[10:0] - channels_before");
    text.value("norm_elements", 11, &low_bits("own", "VE", "elements", 11));
    let log2 = norm_lanes(lanes).ilog2() as usize;
    text.value("first_turn", norm::turn_bits(lanes), &format!("channels_before[9:{log2}]"));
}

/// The channels, their values and sums; what the lanes need of them.
pub(super) fn channels(text: &mut Wiring, lanes: usize, pick_cycles: usize) {
    let own = |port: &'static str| (port, port.to_owned());
    let slots = norm::slot_bits(lanes);
    let groups = norm::group_bits(lanes);
    for (wire, bits) in [
        ("norm_busy", 1),
        ("norm_comes", 1),
        ("norm_kind", 3),
        ("norm_channel", 11),
        ("norm_group", groups),
        ("norm_write", 1),
        ("norm_write_second", 1),
        ("norm_write_address", 32),
        ("norm_write_data", BEAT),
    ] {
        text.wire(wire, bits);
    }
    text.value("norm_is_backward_now", 1, "is_bn_backward_scale | is_bn_backward_apply");
    let turns = norm::turn_bits(lanes);
    let above = turns - groups;
    text.value("norm_turn", turns, &format!("first_turn + {{{above}'h0, norm_group}}"));
    text.value("sums_field", 30, &field("parameters", "PARAMETERS", "sums"));
    text.value("own_sums", 1, "~|sums_field");
    text.assign("sums_tensor", "sums_field");
    text.delayed("channel_asked", 11, PLACE_CYCLES, "channels_before + norm_channel", NEVER);
    text.assign("sums_channel", "channel_asked");
    text.value("evaluates", 1, &format!("is_bn_scale & {}", field("shape", "SHAPE", "running")));
    // Sums that ST has not are nobody's.
    text.value("norm_fails", 1, "norm_comes & ~own_sums & ~sums_found & ~evaluates");
    text.line("reg norm_wrong; initial norm_wrong = 1'b0;");
    text.line("always @(posedge clock) norm_wrong <= ~reset & (norm_wrong | norm_fails);");
    values(text);
    text.delayed("slot_before", slots, pick_cycles - 1, &format!("slot[{}:0]", slots - 1), NEVER);
    let mut connections = vec![
        own("clock"),
        own("reset"),
        ("start", "norm_starts".into()),
        ("backward", "norm_is_backward_now".into()),
        own("evaluates"),
        ("n", "terms_late".into()),
        ("channels", "norm_elements".into()),
        ("present", "norm_present".into()),
        own("first_turn"),
        ("write_at_0", "{2'h0, write_at_0}".into()),
        ("write_at_1", "{2'h0, write_at_1}".into()),
        ("given", "norm_given".into()),
        own("sums_values"),
        own("sums_values_special"),
        own("sums_products"),
        own("sums_products_special"),
        ("own", "own_sums".into()),
        (
            "own_values",
            side_by_side((0..norm_lanes(lanes)).map(|lane| of_turn(lanes, lane, "special", "sum"))),
        ),
        (
            "own_products",
            side_by_side(
                (0..norm_lanes(lanes))
                    .map(|lane| of_turn(lanes, lane, "products_special", "products")),
            ),
        ),
        ("slot", "slot_before".into()),
        ("busy", "norm_busy".into()),
        ("comes", "norm_comes".into()),
        ("kind", "norm_kind".into()),
        ("channel", "norm_channel".into()),
        ("group", "norm_group".into()),
        ("write", "norm_write".into()),
        ("write_second", "norm_write_second".into()),
        ("write_address", "norm_write_address".into()),
        ("write_data", "norm_write_data".into()),
    ];
    for name in CONSTANTS {
        let wire = format!("norm_{name}");
        text.wire(&wire, SINGLE * lanes);
        connections.push((name, wire));
    }
    text.instance("vector_norm", "norm", &[], &connections);
}

/// The sums of a channel whose turn it is: with more lanes than a turn has channels, those of one lane or another.
fn of_turn(lanes: usize, lane: usize, special: &str, sum: &str) -> String {
    let of = |lane: usize| format!("{{{special}_{lane}, {sum}_{lane}}}");
    let other = lane + norm_lanes(lanes);
    if other >= lanes { of(lane) } else { format!("norm_turn[0] ? {} : {}", of(other), of(lane)) }
}

/// The value that is asked for: the beat that has it, and the word of the beat.
fn values(text: &mut Wiring) {
    text.value("norm_unit", 7, "norm_channel[10:4]");
    let times = |words: usize| format!("{{25'h0, norm_unit}} * 32'd{words}");
    let kind = "{29'h0, norm_kind}";
    let kept = times(NORM_KEPT_WORDS);
    let running = times(NORM_RUNNING_WORDS);
    let places = [
        format!(
            "is_bn_backward_scale ? {{2'h0, read_at_0}} + {kept} + {kind} : {{2'h0, read_at_0}} + {{25'h0, norm_unit}}"
        ),
        "{2'h0, read_at_1} + {25'h0, norm_unit}".into(),
        // Kinds 2 and 3 are its words 0 and 1.
        format!("{{2'h0, read_at_2}} + {running} + {{31'h0, norm_kind[0]}}"),
    ];
    for (ring, place) in places.iter().enumerate() {
        text.delayed(&format!("norm_read_address_{ring}"), 32, PLACE_CYCLES, place, NEVER);
    }
    let until_beat = PLACE_CYCLES + LANE_READ_CYCLES;
    text.delayed("norm_kind_there", 3, until_beat, "norm_kind", NEVER);
    text.delayed("norm_word_there", 4, until_beat + 1, "norm_channel[3:0]", NEVER);
    text.value(
        "norm_beat",
        BEAT,
        "is_bn_backward_scale | norm_kind_there == 3'd0 ? read_data_0 : \
         norm_kind_there == 3'd1 ? read_data_1 : read_data_2",
    );
    text.delayed("norm_beat_late", BEAT, 1, "norm_beat", NEVER);
    let words: Vec<String> = (0..BEAT / SINGLE)
        .map(|word| {
            format!(
                "({{{SINGLE}{{norm_word_there == 4'd{word}}}}} & {})",
                part("norm_beat_late", word, SINGLE)
            )
        })
        .collect();
    text.value("norm_word", SINGLE, &words.join(" | "));
    text.delayed("norm_given", SINGLE, PICK_CYCLES - 1, "norm_word", NEVER);
}
