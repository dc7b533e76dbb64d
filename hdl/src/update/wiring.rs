//! The arrays of the update unit as Verilog: instances of leaf blocks, delay lines and the registers of a block that is transposed.

use super::{Shape, lane::UpdateLane, select::Source};
use crate::emit::Module;
use std::fmt::Write as _;

/// The modules that are text, for one shape; each is in [`crate::memory::WRAPPERS`].
pub(super) fn modules(shape: Shape) -> Vec<Module> {
    let mut modules = vec![delay(), rank(shape), select(shape)];
    if shape.collects() {
        modules.push(collect(shape));
    }
    modules.extend([transpose(shape), top(shape)]);
    modules
}

/// A module's text while it is written.
struct Text {
    name: &'static str,
    text: String,
}

/// A connection or port list: `.name(value)` each.
type Connections<'a> = &'a [(&'a str, String)];

impl Text {
    /// Begins a module with `ports`, given as `(direction, bits, name)`.
    fn new(name: &'static str, ports: &[(&str, usize, &str)]) -> Self {
        let ports: Vec<String> = ports
            .iter()
            .map(|(direction, width, port)| format!("    {direction} wire {}{port}", range(*width)))
            .collect();
        Self { name, text: format!("module {name}(\n{}\n);\n", ports.join(",\n")) }
    }

    fn line(&mut self, line: impl std::fmt::Display) {
        writeln!(self.text, "    {line}").expect("a string takes all");
    }

    fn wire(&mut self, width: usize, name: &str) {
        self.line(format_args!("wire {}{name};", range(width)));
    }

    /// A wire with a value.
    fn assign(&mut self, width: usize, name: &str, value: &str) {
        self.line(format_args!("wire {}{name} = {value};", range(width)));
    }

    /// An instance; every kind has a clock.
    fn instance(&mut self, kind: &str, name: &str, connections: Connections<'_>) {
        let list: Vec<String> = std::iter::once("        .clock(clock)".to_owned())
            .chain(connections.iter().map(|(port, value)| format!("        .{port}({value})")))
            .collect();
        self.line(format_args!("{kind} {name}(\n{}\n    );", list.join(",\n")));
    }

    /// `to` is `from`, `cycles` later; `reset` is what empties it.
    fn delay(&mut self, width: usize, cycles: usize, reset: &str, from: &str, to: &str) {
        self.wire(width, to);
        let kind = format!("update_delay #(.WIDTH({width}), .CYCLES({cycles}))");
        let connections = [("reset", reset.into()), ("from", from.into()), ("to", to.into())];
        self.instance(&kind, &format!("delay_{to}"), &connections);
    }

    fn end(self) -> Module {
        Module { name: self.name.into(), text: self.text + "endmodule\n" }
    }
}

fn range(width: usize) -> String {
    if width == 1 { String::new() } else { format!("[{}:0] ", width - 1) }
}

/// Element `index` of a vector of elements of `width` bits.
fn element(vector: &str, index: usize, width: usize) -> String {
    if width == 1 {
        format!("{vector}[{index}]")
    } else {
        format!("{vector}[{}:{}]", index * width + width - 1, index * width)
    }
}

/// A concatenation of single bits, the first of them bit 0, with zeros up to `width`.
fn bits(width: usize, from_bit_0: &[String]) -> String {
    let zeros = width - from_bit_0.len();
    let mut parts: Vec<String> = from_bit_0.iter().rev().cloned().collect();
    if zeros > 0 {
        parts.insert(0, format!("{zeros}'h0"));
    }
    if parts.len() == 1 { parts.remove(0) } else { format!("{{{}}}", parts.join(", ")) }
}

/// A vector of `width` bits as `wide`.
fn padded(vector: &str, width: usize, wide: usize) -> String {
    if width == wide { vector.into() } else { format!("{{{}'h0, {vector}}}", wide - width) }
}

fn delay() -> Module {
    let text = "\
module update_delay #(
    parameter WIDTH = 1,
    parameter CYCLES = 1
) (
    input wire clock,
    input wire reset,
    input wire [WIDTH-1:0] from,
    output wire [WIDTH-1:0] to
);
    reg [WIDTH-1:0] stage [0:CYCLES-1];
    integer i;
    initial for (i = 0; i < CYCLES; i = i + 1) stage[i] = {WIDTH{1'b0}};
    always @(posedge clock) begin
        stage[0] <= reset ? {WIDTH{1'b0}} : from;
        for (i = 1; i < CYCLES; i = i + 1) stage[i] <= reset ? {WIDTH{1'b0}} : stage[i - 1];
    end
    assign to = stage[CYCLES - 1];
endmodule
";
    Module { name: "update_delay".into(), text: text.into() }
}

/// Flags of the values of a word that are among the N largest of their group, two edges later.
fn rank(shape: Shape) -> Module {
    let word = shape.word();
    let mut text = Text::new(
        "update_rank",
        &[
            ("input", 1, "clock"),
            ("input", 16 * word, "values"),
            ("input", word, "valid"),
            ("input", 4, "group"),
            ("input", 5, "n"),
            ("output", word, "kept"),
        ],
    );
    // Magnitudes are compared.
    let signs: Vec<String> = (0..word).map(|i| format!("values[{}]", 16 * i + 15)).collect();
    text.assign(word, "unused_signs", &bits(word, &signs));
    if word < 16 {
        text.assign(1, "unused_group", "group[3]");
    }
    text.delay(word, 1, "1'h0", "valid", "valid_1");
    for later in 0..word {
        for earlier in 0..later {
            let wires = [format!("wins_{earlier}_{later}"), format!("wins_{later}_{earlier}")];
            wires.iter().for_each(|wire| text.wire(1, wire));
            let magnitude = |i: usize| format!("values[{}:{}]", 16 * i + 14, 16 * i);
            text.instance(
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
        text.instance(
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
    text.end()
}

/// Rising edges from a word to its slots.
pub(super) const SELECT_CYCLES: usize = 5;

/// A word's kept values and their positions, without gaps.
fn select(shape: Shape) -> Module {
    let word = shape.word();
    let mut text = Text::new(
        "update_select",
        &[
            ("input", 1, "clock"),
            ("input", 1, "reset"),
            ("input", 16 * word, "values"),
            ("input", word, "valid"),
            ("input", 4, "group"),
            ("input", 5, "n"),
            ("input", 1, "dense"),
            ("output", 16, "groups"),
            ("output", 1, "out_valid"),
            ("output", 5, "out_slots"),
            ("output", 16 * word, "out_values"),
            ("output", 4 * word, "out_positions"),
        ],
    );
    let firsts: Vec<String> =
        (0..word).map(|i| format!("valid[{i}] & ~|(4'd{i} & group)")).collect();
    text.line(format_args!("assign groups = {};", bits(16, &firsts)));
    text.wire(word, "kept");
    text.instance(
        "update_rank",
        "rank",
        &["values", "valid", "group", "n", "kept"].map(|port| (port, port.into())),
    );
    text.delay(16 * word, 2, "1'h0", "values", "values_2");
    text.delay(word, 2, "1'h0", "valid", "valid_2");
    text.assign(word, "stays", &format!("kept | (valid_2 & {{{word}{{dense}}}})"));
    for i in 0..word {
        text.wire(25, &format!("depart_{i}"));
        let dropped: Vec<String> = (0..i).map(|before| format!("~stays[{before}]")).collect();
        text.instance(
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
        text.wire(23, &format!("near_{i}"));
        text.instance(
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
        text.instance(
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
    text.instance(
        "update_slot_count",
        "slot_count",
        &[("stays", padded("stays", word, 16)), ("slots", "out_slots".into())],
    );
    text.delay(1, SELECT_CYCLES, "reset", "|valid", "valid_5");
    text.line("assign out_valid = valid_5;");
    text.end()
}

/// Gathers the beats of a group that is longer than a beat into a word, one edge after the last.
fn collect(shape: Shape) -> Module {
    let Shape { lanes, .. } = shape;
    let (word, parts) = (shape.word(), shape.word() / lanes);
    let mut text = Text::new(
        "update_collect",
        &[
            ("input", 1, "clock"),
            ("input", 1, "reset"),
            ("input", 16 * lanes, "values"),
            ("input", lanes, "valid"),
            ("input", 4, "group"),
            ("output", 16 * word, "word"),
            ("output", word, "word_valid"),
        ],
    );
    text.assign(1, "beat", "|valid");
    text.wire(8, "position");
    text.wire(1, "completes");
    text.instance("update_walk", "walk", &walk(lanes, "{4'h0, group}"));
    for part in 0..parts {
        text.wire(17 * lanes, &format!("part_{part}"));
        text.instance(
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
    let all = |high: usize, low: usize| -> Vec<String> {
        (0..parts).rev().map(|part| format!("part_{part}[{high}:{low}]")).collect()
    };
    let values = format!("{{{}}}", all(16 * lanes - 1, 0).join(", "));
    let valid =
        format!("{{{}}} & {{{word}{{completes}}}}", all(17 * lanes - 1, 16 * lanes).join(", "));
    text.delay(16 * word, 1, "1'h0", &values, "word_1");
    text.delay(word, 1, "reset", &valid, "valid_1");
    text.line("assign word = word_1;");
    text.line("assign word_valid = valid_1;");
    text.end()
}

fn walk(lanes: usize, mask: &str) -> [(&'static str, String); 6] {
    [
        ("reset", "reset".into()),
        ("beat", "beat".into()),
        ("step", format!("8'd{lanes}")),
        ("mask", mask.into()),
        ("position", "position".into()),
        ("completes", "completes".into()),
    ]
}

/// Gives blocks of M x M, or several of them in one beat, column by column, from the second edge after the last beat on.
fn transpose(shape: Shape) -> Module {
    let Shape { lanes, m_lanes } = shape;
    let elements = m_lanes * m_lanes;
    let mut text = Text::new(
        "update_transpose",
        &[
            ("input", 1, "clock"),
            ("input", 1, "reset"),
            ("input", 16 * lanes, "values"),
            ("input", lanes, "valid"),
            ("input", 8, "block"),
            ("output", 16 * lanes, "out_values"),
            ("output", lanes, "out_valid"),
        ],
    );
    text.assign(1, "beat", "|valid");
    for (width, wire) in
        [(8, "write_position"), (1, "write_bank"), (8, "read_position"), (1, "reads")]
    {
        text.wire(width, wire);
    }
    text.instance(
        "update_ping_pong",
        "control",
        &[
            ("reset", "reset".into()),
            ("beat", "beat".into()),
            ("step", format!("8'd{lanes}")),
            ("mask", "block".into()),
            ("write_position", "write_position".into()),
            ("write_bank", "write_bank".into()),
            ("read_position", "read_position".into()),
            ("reads", "reads".into()),
        ],
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
    let lanes_of = |bank: usize| -> String {
        let lanes: Vec<String> = (0..lanes).rev().map(|i| format!("lane_{i}_{bank}")).collect();
        format!("{{{}}}", lanes.join(", "))
    };
    let read = format!("write_bank ? {} : {}", lanes_of(0), lanes_of(1));
    text.delay(16 * lanes, 1, "1'h0", &read, "read_values");
    let valid = format!("(write_bank ? valid_0 : valid_1) & {{{lanes}{{reads}}}}");
    text.delay(lanes, 1, "reset", &valid, "read_valid");
    text.line("assign out_values = read_values;");
    text.line("assign out_valid = read_valid;");
    text.end()
}

/// Where the element that comes at place `index`, column by column, lies in blocks that are stored row by row.
const fn transposed(m: usize, index: usize) -> usize {
    let (block, within) = (index / (m * m), index % (m * m));
    block * m * m + (within % m) * m + within / m
}

fn top(shape: Shape) -> Module {
    let Shape { lanes, .. } = shape;
    let word = shape.word();
    let mut ports = vec![("input", 1, "clock"), ("input", 1, "reset")];
    for flag in
        ["prune_only", "skip", "srste", "make_ff", "make_bp", "prune_ff", "prune_bp", "mask_bp"]
    {
        ports.push(("input", 1, flag));
    }
    ports.extend([("input", 3, "m_log2"), ("input", 5, "n")]);
    for setting in ["inverse_loss_scale", "lambda", "weight_decay", "momentum", "learning_rate"] {
        ports.push(("input", 32, setting));
    }
    ports.push(("input", lanes, "valid"));
    for stream in ["w", "v", "dw"] {
        ports.push(("input", 32 * lanes, stream));
    }
    ports.extend([
        ("input", 16 * lanes, "half"),
        ("output", lanes, "new_valid"),
        ("output", 32 * lanes, "new_w"),
        ("output", 32 * lanes, "new_v"),
        ("output", 1, "ff_valid"),
        ("output", 5, "ff_slots"),
        ("output", 16 * word, "ff_values"),
        ("output", 4 * word, "ff_positions"),
        ("output", 1, "bp_valid"),
        ("output", 5, "bp_slots"),
        ("output", 16 * word, "bp_values"),
        ("output", 4 * word, "bp_positions"),
        ("output", 64, "parameters"),
        ("output", 64, "groups"),
    ]);
    let mut text = Text::new("update", &ports);
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
        text.instance("update_lane", &format!("lane{lane}"), &connections);
    }
    let updated = format!("valid & {{{lanes}{{~prune_only}}}}");
    text.delay(lanes, UpdateLane::LATENCY_CYCLES, "reset", &updated, "updated");
    text.line("assign new_valid = updated;");

    text.wire(16 * lanes, "values");
    for lane in 0..lanes {
        text.instance(
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
    text.delay(lanes, Source::LATENCY_CYCLES, "reset", "prune_only ? valid : updated", "made");
    text.assign(lanes, "ff_made", &format!("made & {{{lanes}{{make_ff}}}}"));
    text.assign(lanes, "bp_made", &format!("made & {{{lanes}{{make_bp}}}}"));
    text.wire(16 * lanes, "across");
    text.wire(lanes, "across_valid");
    text.instance(
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
    text.assign(16 * lanes, "bp_source", "transpose_bp ? across : values");
    text.assign(lanes, "bp_source_valid", "transpose_bp ? across_valid : bp_made");
    for (side, values, valid, dense) in
        [("ff", "values", "ff_made", "1'h0"), ("bp", "bp_source", "bp_source_valid", "mask_bp")]
    {
        let group = format!("{side}_group");
        let (values, valid) = word_of(&mut text, shape, side, values, valid, &group);
        text.wire(16, &format!("{side}_groups"));
        let own = |port: &str| format!("{side}_{port}");
        text.instance(
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
    text.assign(lanes, "counted", &counted);
    for (total, first, second) in [
        ("parameters", padded("counted", lanes, 16), "16'h0"),
        ("groups", "ff_groups & {16{selects_ff}}".into(), "bp_groups & {16{selects_bp}}"),
    ] {
        text.instance(
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
    text.end()
}

fn settings(text: &mut Text) {
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
        text.wire(width, wire);
        connections.push((port, wire.into()));
    }
    let list: Vec<String> =
        connections.iter().map(|(port, value)| format!("        .{port}({value})")).collect();
    text.line(format_args!("update_settings settings(\n{}\n    );", list.join(",\n")));
}

/// The word of each beat, or of several.
fn word_of(
    text: &mut Text,
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
    text.wire(16 * shape.word(), &word.0);
    text.wire(shape.word(), &word.1);
    text.instance(
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
fn old_masks(text: &mut Text, shape: Shape) {
    let Shape { lanes, .. } = shape;
    let word = shape.word();
    text.wire(16 * lanes, "old_values");
    for lane in 0..lanes {
        text.instance(
            "narrow_single",
            &format!("old{lane}"),
            &[("single", element("w", lane, 32)), ("half", element("old_values", lane, 16))],
        );
    }
    // Others than SR-STE's instructions may end inside a group; the next one's begin at its start.
    let masked = format!("valid & {{{lanes}{{srste}}}}");
    text.delay(lanes, 2, "reset", &masked, "old_valid");
    let (values, valid) = word_of(text, shape, "old", "old_values", "old_valid", "group");
    text.wire(word, "old_kept");
    text.instance(
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
        text.wire(lanes, "kept_9");
        text.delay(1, 2, "reset", &format!("|{valid}"), "old_kept_valid");
        let more = if lanes == 4 { "group[3:2]" } else { "{1'h0, group[3]}" };
        text.instance(
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
        text.delay(lanes, UpdateLane::DECAYS_AFTER_CYCLES - 4, "1'h0", "old_kept", "kept_9");
    }
}
