//! The arrays of the update unit as Verilog: instances of leaf blocks, delay lines and the registers of a block that is transposed.

use super::{Shape, lane::UpdateLane, select::Source};
use crate::emit::Direction::{self, Input, Output};
use crate::emit::{Module, NEVER, Wiring, part as element, side_by_side};
use crate::memory;

/// The modules that are text, for one shape; each is in [`crate::memory::WRAPPERS`].
pub(super) fn modules(shape: Shape) -> Vec<Module> {
    let mut modules = vec![memory::delay_line(), rank(shape), select(shape)];
    if shape.collects() {
        modules.push(collect(shape));
    }
    modules.extend([transpose(shape), top(shape)]);
    modules
}

/// An instance without parameters; every kind has a clock.
fn instance(text: &mut Wiring, kind: &str, name: &str, connections: &[(&str, String)]) {
    let clock = [("clock", "clock".to_owned())];
    text.instance(kind, name, &[], &[&clock, connections].concat());
}

/// A module with a clock and `ports`, given as `(direction, bits, name)`.
fn module(name: &str, ports: &[(Direction, usize, &str)]) -> Wiring {
    let mut text = Wiring::new(name);
    text.input("clock", 1);
    for &(direction, bits, port) in ports {
        match direction {
            Input => text.input(port, bits),
            Output => text.output(port, bits),
        }
    }
    text
}

/// A concatenation of single bits, the first of them bit 0, with zeros up to `width`.
fn bits(width: usize, from_bit_0: &[String]) -> String {
    let zeros = width - from_bit_0.len();
    let zeros = (zeros > 0).then(|| format!("{zeros}'h0"));
    side_by_side(from_bit_0.iter().cloned().chain(zeros))
}

/// A vector of `width` bits as `wide`.
fn padded(vector: &str, width: usize, wide: usize) -> String {
    if width == wide { vector.into() } else { format!("{{{}'h0, {vector}}}", wide - width) }
}

/// Flags of the values of a word that are among the N largest of their group, two edges later.
fn rank(shape: Shape) -> Module {
    let word = shape.word();
    let mut text = module(
        "update_rank",
        &[
            (Input, 16 * word, "values"),
            (Input, word, "valid"),
            (Input, 4, "group"),
            (Input, 5, "n"),
            (Output, word, "kept"),
        ],
    );
    // Magnitudes are compared.
    let signs: Vec<String> = (0..word).map(|i| format!("values[{}]", 16 * i + 15)).collect();
    text.value("unused_signs", word, &bits(word, &signs));
    if word < 16 {
        text.value("unused_group", 1, "group[3]");
    }
    text.delayed("valid_1", word, 1, "valid", NEVER);
    for later in 0..word {
        for earlier in 0..later {
            let wires = [format!("wins_{earlier}_{later}"), format!("wins_{later}_{earlier}")];
            wires.iter().for_each(|wire| text.wire(wire, 1));
            let magnitude = |i: usize| format!("values[{}:{}]", 16 * i + 14, 16 * i);
            instance(
                &mut text,
                "update_compare",
                &format!("compare_{earlier}_{later}"),
                &[
                    ("earlier", magnitude(earlier)),
                    ("later", magnitude(later)),
                    ("earlier_wins", wires[0].clone()),
                    ("later_wins", wires[1].clone()),
                ],
            );
        }
    }
    for own in 0..word {
        // Two positions are in one group if they differ in no bit above those that number its members.
        let beaten: Vec<String> = (0..word)
            .filter(|&other| other != own)
            .map(|other| format!("wins_{other}_{own} & group[{}]", (own ^ other).ilog2()))
            .collect();
        instance(
            &mut text,
            "update_keep",
            &format!("keep_{own}"),
            &[
                ("beaten_by", bits(15, &beaten)),
                ("n", "n".into()),
                ("valid", format!("valid_1[{own}]")),
                ("kept", format!("kept[{own}]")),
            ],
        );
    }
    text.finish()
}

/// Rising edges from a word to its slots.
pub(super) const SELECT_CYCLES: usize = 5;

/// A word's kept values and their positions, without gaps.
fn select(shape: Shape) -> Module {
    let word = shape.word();
    let mut text = module(
        "update_select",
        &[
            (Input, 1, "reset"),
            (Input, 16 * word, "values"),
            (Input, word, "valid"),
            (Input, 4, "group"),
            (Input, 5, "n"),
            (Input, 1, "dense"),
            (Output, 16, "groups"),
            (Output, 1, "out_valid"),
            (Output, 5, "out_slots"),
            (Output, 16 * word, "out_values"),
            (Output, 4 * word, "out_positions"),
        ],
    );
    let firsts: Vec<String> =
        (0..word).map(|i| format!("valid[{i}] & ~|(4'd{i} & group)")).collect();
    text.assign("groups", &bits(16, &firsts));
    text.wire("kept", word);
    instance(
        &mut text,
        "update_rank",
        "rank",
        &["values", "valid", "group", "n", "kept"].map(|port| (port, port.into())),
    );
    text.delayed("values_2", 16 * word, 2, "values", NEVER);
    text.delayed("valid_2", word, 2, "valid", NEVER);
    text.value("stays", word, &format!("kept | (valid_2 & {{{word}{{dense}}}})"));
    for i in 0..word {
        text.wire(&format!("depart_{i}"), 25);
        let dropped: Vec<String> = (0..i).map(|before| format!("~stays[{before}]")).collect();
        instance(
            &mut text,
            "update_depart",
            &format!("depart{i}"),
            &[
                ("value", element("values_2", i, 16)),
                ("position", format!("4'd{i} & group")),
                ("kept", format!("kept[{i}]")),
                ("stays", format!("stays[{i}]")),
                ("dropped_before", bits(15, &dropped)),
                ("traveller", format!("depart_{i}")),
            ],
        );
    }
    let place = |name: &str, index: usize, width: usize| {
        if index < word { format!("{name}_{index}") } else { format!("{width}'h0") }
    };
    for i in 0..word {
        text.wire(&format!("near_{i}"), 23);
        instance(
            &mut text,
            "update_gather_near",
            &format!("near{i}"),
            &[
                ("from_0", place("depart", i, 25)),
                ("from_1", place("depart", i + 1, 25)),
                ("from_2", place("depart", i + 2, 25)),
                ("from_3", place("depart", i + 3, 25)),
                ("traveller", format!("near_{i}")),
            ],
        );
    }
    for i in 0..word {
        instance(
            &mut text,
            "update_gather_far",
            &format!("far{i}"),
            &[
                ("from_0", place("near", i, 23)),
                ("from_4", place("near", i + 4, 23)),
                ("from_8", place("near", i + 8, 23)),
                ("from_12", place("near", i + 12, 23)),
                ("value", element("out_values", i, 16)),
                ("position", element("out_positions", i, 4)),
            ],
        );
    }
    instance(
        &mut text,
        "update_slot_count",
        "slot_count",
        &[("stays", padded("stays", word, 16)), ("slots", "out_slots".into())],
    );
    text.delayed("valid_5", 1, SELECT_CYCLES, "|valid", "reset");
    text.assign("out_valid", "valid_5");
    text.finish()
}

/// Gathers the beats of a group that is longer than a beat into a word, one edge after the last.
fn collect(shape: Shape) -> Module {
    let Shape { lanes, .. } = shape;
    let (word, parts) = (shape.word(), shape.word() / lanes);
    let mut text = of_beats(
        "update_collect",
        lanes,
        &[(Input, 4, "group"), (Output, 16 * word, "word"), (Output, word, "word_valid")],
    );
    counter(
        &mut text,
        ("update_walk", "walk"),
        (lanes, "{4'h0, group}"),
        &[(8, "position"), (1, "completes")],
    );
    for part in 0..parts {
        text.wire(&format!("part_{part}"), 17 * lanes);
        instance(
            &mut text,
            "update_part",
            &format!("part{part}"),
            &[
                ("beat", "{valid, values}".into()),
                ("is_here", format!("beat & (position == 8'd{})", part * lanes)),
                ("is_past", format!("position > 8'd{}", part * lanes)),
                ("part", format!("part_{part}")),
            ],
        );
    }
    let all = |high: usize, low: usize| {
        side_by_side((0..parts).map(|part| format!("part_{part}[{high}:{low}]")))
    };
    let values = all(16 * lanes - 1, 0);
    let valid = format!("{} & {{{word}{{completes}}}}", all(17 * lanes - 1, 16 * lanes));
    text.delayed("word_1", 16 * word, 1, &values, NEVER);
    text.delayed("valid_1", word, 1, &valid, "reset");
    text.assign("word", "word_1");
    text.assign("word_valid", "valid_1");
    text.finish()
}

/// A module that takes values in beats, with a reset and `ports`; its `beat` is high with each of them.
fn of_beats(name: &str, lanes: usize, ports: &[(Direction, usize, &str)]) -> Wiring {
    let beats = [(Input, 1, "reset"), (Input, 16 * lanes, "values"), (Input, lanes, "valid")];
    let mut text = module(name, &[&beats, ports].concat());
    text.value("beat", 1, "|valid");
    text
}

/// A block that counts the values of the beats up to `mask`, with a wire for each `(bits, output)`.
fn counter(
    text: &mut Wiring,
    (kind, name): (&str, &str),
    (lanes, mask): (usize, &str),
    outputs: &[(usize, &'static str)],
) {
    let inputs = [("reset", "reset".into()), ("beat", "beat".into())];
    let step = [("step", format!("8'd{lanes}")), ("mask", mask.into())];
    outputs.iter().for_each(|&(bits, output)| text.wire(output, bits));
    let outputs: Vec<_> = outputs.iter().map(|&(_, output)| (output, output.into())).collect();
    instance(text, kind, name, &[&inputs[..], &step, &outputs].concat());
}

/// Gives blocks of M x M, or several of them in one beat, column by column, from the second edge after the last beat on.
fn transpose(shape: Shape) -> Module {
    let Shape { lanes, m_lanes } = shape;
    let elements = m_lanes * m_lanes;
    let mut text = of_beats(
        "update_transpose",
        lanes,
        &[(Input, 8, "block"), (Output, 16 * lanes, "out_values"), (Output, lanes, "out_valid")],
    );
    counter(
        &mut text,
        ("update_ping_pong", "control"),
        (lanes, "block"),
        &[(8, "write_position"), (1, "write_bank"), (8, "read_position"), (1, "reads")],
    );
    for bank in 0..2 {
        text.line(format_args!("reg [{}:0] bank_{bank};", 16 * elements - 1));
        text.line(format_args!("reg [{}:0] valid_{bank};", lanes - 1));
        let own = if bank == 0 { "~write_bank" } else { "write_bank" };
        text.line(format_args!("always @(posedge clock) if (beat & {own}) begin"));
        text.line(format_args!("    valid_{bank} <= valid;"));
        text.line("    case (write_position)");
        for first in (0..elements).step_by(lanes) {
            let (high, low) = (16 * (first + lanes) - 1, 16 * first);
            text.line(format_args!("        8'd{first}: bank_{bank}[{high}:{low}] <= values;"));
        }
        text.line("        default: ;");
        text.line("    endcase");
        text.line("end");
    }
    for lane in 0..lanes {
        for bank in 0..2 {
            text.line(format_args!("reg [15:0] lane_{lane}_{bank};"));
            text.line("always @(*)");
            text.line("    case ({block, read_position})");
            for m in (0..5).map(|log2| 1 << log2).filter(|&m| m <= m_lanes) {
                let block = m * m;
                for first in (0..block).step_by(lanes) {
                    let source = transposed(m, first + lane);
                    let value = element(&format!("bank_{bank}"), source, 16);
                    text.line(format_args!(
                        "        {{8'd{}, 8'd{first}}}: lane_{lane}_{bank} = {value};",
                        block - 1
                    ));
                }
            }
            text.line(format_args!("        default: lane_{lane}_{bank} = 16'h0;"));
            text.line("    endcase");
        }
    }
    let lanes_of = |bank: usize| side_by_side((0..lanes).map(|lane| format!("lane_{lane}_{bank}")));
    let read = format!("write_bank ? {} : {}", lanes_of(0), lanes_of(1));
    text.delayed("read_values", 16 * lanes, 1, &read, NEVER);
    let valid = format!("(write_bank ? valid_0 : valid_1) & {{{lanes}{{reads}}}}");
    text.delayed("read_valid", lanes, 1, &valid, "reset");
    text.assign("out_values", "read_values");
    text.assign("out_valid", "read_valid");
    text.finish()
}

/// Where the element that comes at place `index`, column by column, lies in blocks that are stored row by row.
const fn transposed(m: usize, index: usize) -> usize {
    let (block, within) = (index / (m * m), index % (m * m));
    block * m * m + (within % m) * m + within / m
}

fn top(shape: Shape) -> Module {
    let Shape { lanes, .. } = shape;
    let word = shape.word();
    let mut ports = vec![(Input, 1, "reset")];
    for flag in
        ["prune_only", "skip", "srste", "make_ff", "make_bp", "prune_ff", "prune_bp", "mask_bp"]
    {
        ports.push((Input, 1, flag));
    }
    ports.extend([(Input, 3, "m_log2"), (Input, 5, "n")]);
    for setting in ["inverse_loss_scale", "lambda", "weight_decay", "momentum", "learning_rate"] {
        ports.push((Input, 32, setting));
    }
    ports.push((Input, lanes, "valid"));
    for stream in ["w", "v", "dw"] {
        ports.push((Input, 32 * lanes, stream));
    }
    ports.extend([
        (Input, 16 * lanes, "half"),
        (Output, lanes, "new_valid"),
        (Output, 32 * lanes, "new_w"),
        (Output, 32 * lanes, "new_v"),
        (Output, 1, "ff_valid"),
        (Output, 5, "ff_slots"),
        (Output, 16 * word, "ff_values"),
        (Output, 4 * word, "ff_positions"),
        (Output, 1, "bp_valid"),
        (Output, 5, "bp_slots"),
        (Output, 16 * word, "bp_values"),
        (Output, 4 * word, "bp_positions"),
        (Output, 64, "parameters"),
        (Output, 64, "groups"),
    ]);
    let mut text = module("update", &ports);
    settings(&mut text);
    old_masks(&mut text, shape);

    for lane in 0..lanes {
        let mut connections: Vec<(&str, String)> =
            ["dw", "w", "v", "new_w", "new_v"].map(|port| (port, element(port, lane, 32))).to_vec();
        connections.push(("decays", format!("decays & ~kept_9[{lane}]")));
        for setting in
            ["skip", "inverse_loss_scale", "lambda", "weight_decay", "momentum", "learning_rate"]
        {
            connections.push((setting, setting.into()));
        }
        instance(&mut text, "update_lane", &format!("lane{lane}"), &connections);
    }
    let updated = format!("valid & {{{lanes}{{~prune_only}}}}");
    text.delayed("updated", lanes, UpdateLane::LATENCY_CYCLES, &updated, "reset");
    text.assign("new_valid", "updated");

    text.wire("values", 16 * lanes);
    for lane in 0..lanes {
        instance(
            &mut text,
            "update_source",
            &format!("source{lane}"),
            &[
                ("from_half", "prune_only".into()),
                ("single", element("new_w", lane, 32)),
                ("half", element("half", lane, 16)),
                ("value", element("values", lane, 16)),
            ],
        );
    }
    text.delayed("made", lanes, Source::LATENCY_CYCLES, "prune_only ? valid : updated", "reset");
    text.value("ff_made", lanes, &format!("made & {{{lanes}{{make_ff}}}}"));
    text.value("bp_made", lanes, &format!("made & {{{lanes}{{make_bp}}}}"));
    text.wire("across", 16 * lanes);
    text.wire("across_valid", lanes);
    instance(
        &mut text,
        "update_transpose",
        "transpose",
        &[
            ("reset", "reset".into()),
            ("values", "values".into()),
            ("valid", format!("bp_made & {{{lanes}{{transpose_bp}}}}")),
            ("block", "block".into()),
            ("out_values", "across".into()),
            ("out_valid", "across_valid".into()),
        ],
    );
    text.value("bp_source", 16 * lanes, "transpose_bp ? across : values");
    text.value("bp_source_valid", lanes, "transpose_bp ? across_valid : bp_made");
    for (side, values, valid, dense) in
        [("ff", "values", "ff_made", "1'h0"), ("bp", "bp_source", "bp_source_valid", "mask_bp")]
    {
        let group = format!("{side}_group");
        let (values, valid) = word_of(&mut text, shape, side, values, valid, &group);
        text.wire(&format!("{side}_groups"), 16);
        let own = |port: &str| format!("{side}_{port}");
        instance(
            &mut text,
            "update_select",
            &format!("select_{side}"),
            &[
                ("reset", "reset".into()),
                ("values", values),
                ("valid", valid),
                ("group", group),
                ("n", own("n")),
                ("dense", dense.into()),
                ("groups", own("groups")),
                ("out_valid", own("valid")),
                ("out_slots", own("slots")),
                ("out_values", own("values")),
                ("out_positions", own("positions")),
            ],
        );
    }
    let counted = format!("updated & {{{lanes}{{~skip}}}}");
    text.value("counted", lanes, &counted);
    for (total, first, second) in [
        ("parameters", padded("counted", lanes, 16), "16'h0"),
        ("groups", "ff_groups & {16{selects_ff}}".into(), "bp_groups & {16{selects_bp}}"),
    ] {
        instance(
            &mut text,
            "update_total",
            &format!("total_{total}"),
            &[
                ("reset", "reset".into()),
                ("first", first),
                ("second", second.into()),
                ("total", total.into()),
            ],
        );
    }
    text.finish()
}

fn settings(text: &mut Wiring) {
    let outputs = [
        (4, "group", "group"),
        (8, "block", "block"),
        (4, "ff_group", "ff_group"),
        (5, "ff_n", "ff_n"),
        (4, "bp_group", "bp_group"),
        (5, "bp_n", "bp_n"),
        (1, "transpose", "transpose_bp"),
        (1, "selects_ff", "selects_ff"),
        (1, "selects_bp", "selects_bp"),
        (1, "decays", "decays"),
    ];
    let mut connections: Vec<(&str, String)> =
        ["m_log2", "n", "prune_ff", "prune_bp", "mask_bp", "srste"]
            .map(|port| (port, port.to_owned()))
            .to_vec();
    connections.push(("lambda", "lambda[30:0]".into()));
    for (width, port, wire) in outputs {
        text.wire(wire, width);
        connections.push((port, wire.into()));
    }
    text.instance("update_settings", "settings", &[], &connections);
}

/// The word of each beat, or of several.
fn word_of(
    text: &mut Wiring,
    shape: Shape,
    name: &str,
    values: &str,
    valid: &str,
    group: &str,
) -> (String, String) {
    if !shape.collects() {
        return (values.into(), valid.into());
    }
    let word = (format!("{name}_word"), format!("{name}_word_valid"));
    text.wire(&word.0, 16 * shape.word());
    text.wire(&word.1, shape.word());
    instance(
        text,
        "update_collect",
        &format!("collect_{name}"),
        &[
            ("reset", "reset".into()),
            ("values", values.into()),
            ("valid", valid.into()),
            ("group", group.into()),
            ("word", word.0.clone()),
            ("word_valid", word.1.clone()),
        ],
    );
    word
}

/// Which of the old weights FF kept, when the lanes ask for it.
fn old_masks(text: &mut Wiring, shape: Shape) {
    let Shape { lanes, .. } = shape;
    let word = shape.word();
    text.wire("old_values", 16 * lanes);
    for lane in 0..lanes {
        instance(
            text,
            "narrow_single",
            &format!("old{lane}"),
            &[("single", element("w", lane, 32)), ("half", element("old_values", lane, 16))],
        );
    }
    // Others than SR-STE's instructions may end inside a group; the next one's begin at its start.
    let masked = format!("valid & {{{lanes}{{srste}}}}");
    text.delayed("old_valid", lanes, 2, &masked, "reset");
    let (values, valid) = word_of(text, shape, "old", "old_values", "old_valid", "group");
    text.wire("old_kept", word);
    instance(
        text,
        "update_rank",
        "old_rank",
        &[
            ("values", values),
            ("valid", valid.clone()),
            ("group", "group".into()),
            ("n", "n".into()),
            ("kept", "old_kept".into()),
        ],
    );
    if shape.collects() {
        text.wire("kept_9", lanes);
        text.delayed("old_kept_valid", 1, 2, &format!("|{valid}"), "reset");
        let more = if lanes == 4 { "group[3:2]" } else { "{1'h0, group[3]}" };
        instance(
            text,
            "update_serial",
            "serial",
            &[
                ("flags", "old_kept".into()),
                ("valid", "old_kept_valid".into()),
                ("more_beats", more.into()),
                ("step", format!("5'd{lanes}")),
                ("beat", "kept_9".into()),
            ],
        );
    } else {
        text.delayed("kept_9", lanes, UpdateLane::DECAYS_AFTER_CYCLES - 4, "old_kept", NEVER);
    }
}
