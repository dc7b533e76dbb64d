//! Batch norm's channels, as Verilog: from exact sums to what each lane needs of its channels, and to what is kept of them.

use super::norm_drain::NormDrain;
use super::{Gather, Lane, NormSteps, Program, Register, Statistics};
use crate::emit::{Design, Module, NEVER, Wiring, emit, part, side_by_side};
use crate::memory;
use satkit_spec::isa::VectorOp;
use satkit_spec::{
    NORM_INVERSE, NORM_K, NORM_KEPT_WORDS, NORM_MEAN, NORM_PIECE_CHANNELS, NORM_RUNNING_WORDS,
    NORM_SUM_HIGH, NORM_SUM_LOW, NORM_SUM_SPECIAL, NORM_UNIT_CHANNELS, norm_lanes,
};

const SINGLE: usize = 32;
const BEAT: usize = 512;
/// Most channels of a batch norm.
pub(super) const MOST_CHANNELS: usize = 1024;
/// Bits of a channel's exact sums, as they are kept: of values, of products, each with its two special bits.
const SUMS: [(&str, usize); 2] = [("values", 66), ("products", 106)];
/// What a lane needs of a channel.
pub(super) const CONSTANTS: [&str; 4] = ["mean", "factor", "shift", "rate"];
/// Values of a channel that are read forwards: gamma, beta, running mean, running variance.
const FORWARD_KINDS: usize = 2 + NORM_RUNNING_WORDS;

// The charge of a group of channels: its values, its program, and its words as they are written.
const _: () = {
    let forward = NormSteps::cycles(4, FORWARD_KINDS) + Program::Forward.cycles();
    let written = NORM_RUNNING_WORDS + NORM_KEPT_WORDS;
    assert!(VectorOp::BatchNormScale.turn_cycles(4) == forward + written);
    let backward = NormSteps::cycles(4, NORM_KEPT_WORDS) + Program::Backward.cycles();
    assert!(VectorOp::BatchNormBackwardScale.turn_cycles(4) == backward + 2);
};

/// Bits of the number of a turn's channels among those of an instruction.
pub(super) fn group_bits(lanes: usize) -> usize {
    (NORM_PIECE_CHANNELS / norm_lanes(lanes)).ilog2() as usize
}

/// The same among those of a tensor.
pub(super) fn turn_bits(lanes: usize) -> usize {
    (MOST_CHANNELS / norm_lanes(lanes)).ilog2() as usize
}

/// Bits of the number of as many channels as there are lanes, among those of a tensor.
pub(super) fn slot_bits(lanes: usize) -> usize {
    (MOST_CHANNELS / lanes).ilog2() as usize
}

/// The module `vector_norm`.
fn module(lanes: usize) -> Module {
    // Channels that are computed at a time, of which each has a lane, or one of two lanes.
    let turn = norm_lanes(lanes);
    let mut text = Wiring::new("vector_norm");
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("start", 1),
        ("backward", 1),
        ("evaluates", 1),
        ("n", 23),
        ("channels", 11),
        ("present", 11),
        ("first_turn", turn_bits(lanes)),
        ("write_at_0", 32),
        ("write_at_1", 32),
        ("given", SINGLE),
        ("sums_values", 64),
        ("sums_values_special", 2),
        ("sums_products", 104),
        ("sums_products_special", 2),
        ("own", 1),
        ("own_values", 66 * turn),
        ("own_products", 106 * turn),
        ("slot", slot_bits(lanes)),
    ] {
        text.input(name, bits);
    }
    for (name, bits) in [
        ("busy", 1),
        ("comes", 1),
        ("kind", 3),
        ("channel", 11),
        ("group", group_bits(lanes)),
        ("write", 1),
        ("write_second", 1),
        ("write_address", 32),
        ("write_data", BEAT),
    ] {
        text.output(name, bits);
    }
    for name in CONSTANTS {
        text.output(name, SINGLE * lanes);
    }
    steps(&mut text, lanes);
    loads(&mut text, turn);
    programs(&mut text, turn);
    constants(&mut text, lanes);
    results(&mut text, turn);
    drain(&mut text, turn);
    text.finish()
}

fn steps(text: &mut Wiring, lanes: usize) {
    for (wire, bits) in
        [("steps_busy", 1), ("asks", 1), ("lane", 5), ("begin_programs", 1), ("ends", 1), ("at", 9)]
    {
        text.wire(wire, bits);
    }
    let turn = norm_lanes(lanes);
    text.wire_between_blocks("runs", turn);
    let last = |kinds: usize| format!("3'd{}", kinds - 1);
    let last_kind = format!("backward ? {} : {}", last(NORM_KEPT_WORDS), last(FORWARD_KINDS));
    let own = |port: &'static str| (port, port.to_owned());
    text.instance(
        "vector_norm_steps",
        "steps",
        &[],
        &[
            own("clock"),
            own("reset"),
            own("start"),
            own("channels"),
            ("last_kind", last_kind),
            ("lanes_log2", format!("3'd{}", turn.ilog2())),
            ("runs", "runs[0]".into()),
            ("busy", "steps_busy".into()),
            own("asks"),
            own("kind"),
            own("lane"),
            own("channel"),
            ("opens", "begin_programs".into()),
            ("group", "at".into()),
            own("ends"),
        ],
    );
    let bits = group_bits(lanes);
    text.value("unused_at", 9 - bits, &format!("at[8:{bits}]"));
    text.assign("group", &format!("at[{}:0]", bits - 1));
    text.value("unused_runs", turn - 1, &format!("runs[{}:1]", turn - 1));
    text.delayed("came", 1, NormSteps::READ_CYCLES, "asks", "reset");
    text.delayed("kind_here", 3, NormSteps::READ_CYCLES, "kind", NEVER);
    text.delayed("lane_here", 5, NormSteps::READ_CYCLES, "lane", NEVER);
    text.assign("comes", "came");
    // Where the channels of the turn are among those of the tensor.
    let turns = turn_bits(lanes);
    text.value("turn_here", turns, &format!("first_turn + {{{}'h0, group}}", turns - bits));
}

/// Which values go into registers of the programs, and the sums of each lane's channel.
fn loads(text: &mut Wiring, lanes: usize) {
    let register = |register: Register| format!("4'd{}", register as u8);
    let backward = format!("kind_here == 3'd{NORM_INVERSE}");
    text.value("is_loaded", 1, &format!("came & (backward ? {backward} : kind_here != 3'd1)"));
    let forward = format!(
        "kind_here == 3'd0 ? {} : kind_here == 3'd2 ? {} : {}",
        register(Register::Gamma),
        register(Register::RunningMean),
        register(Register::RunningVariance)
    );
    let inverse = register(Register::Inverse);
    text.value("load_register", 4, &format!("backward ? {inverse} : {forward}"));
    let given = ["{sums_values_special, sums_values}", "{sums_products_special, sums_products}"];
    let mut keep = |name: &str, bits: usize, lines: &[(String, String)]| {
        let high = bits - 1;
        text.line(format_args!("reg [{high}:0] {name};"));
        text.line(format_args!("initial {name} = {bits}'h0;"));
        let lines: Vec<String> =
            lines.iter().map(|(when, value)| format!("if ({when}) {name} <= {value};")).collect();
        text.line(format_args!("always @(posedge clock) begin {} end", lines.join(" ")));
    };
    for lane in 0..lanes {
        let comes =
            |kind: usize| format!("came & (lane_here == 5'd{lane}) & (kind_here == 3'd{kind})");
        for ((name, bits), given) in SUMS.into_iter().zip(given) {
            keep(
                &format!("{name}_{lane}"),
                bits,
                &[
                    (format!("~own & {}", comes(0)), given.into()),
                    ("own & begin_programs".into(), part(&format!("own_{name}"), lane, bits)),
                ],
            );
        }
        for (name, kind, bits, value) in [
            ("low", NORM_SUM_LOW, SINGLE, "given"),
            ("high", NORM_SUM_HIGH, SINGLE, "given"),
            ("odd", NORM_SUM_SPECIAL, 2, "given[1:0]"),
        ] {
            keep(&format!("{name}_{lane}"), bits, &[(comes(kind), value.into())]);
        }
    }
}

fn programs(text: &mut Wiring, lanes: usize) {
    let job = |program: Program| format!("3'd{}", program as u8);
    let forward = format!("evaluates ? {} : {}", job(Program::Evaluate), job(Program::Forward));
    text.value("job", 3, &format!("backward ? {} : {forward}", job(Program::Backward)));
    for lane in 0..lanes {
        for (wire, bits) in [("valid", 1), ("register", 4), ("value", SINGLE)] {
            text.wire(&format!("{wire}_{lane}"), bits);
        }
        let right = format!("backward ? {{odd_{lane}, high_{lane}, low_{lane}}} : values_{lane}");
        text.value(&format!("right_{lane}"), 66, &right);
        text.instance(
            "vector_statistics",
            &format!("statistics_{lane}"),
            &[],
            &[
                ("clock", "clock".into()),
                ("reset", "reset".into()),
                ("load", format!("is_loaded & (lane_here == 5'd{lane})")),
                ("load_register", "load_register".into()),
                ("load_value", "given".into()),
                ("start", "begin_programs".into()),
                ("job", "job".into()),
                ("n", "n".into()),
                ("left", format!("values_{lane}[63:0]")),
                ("left_special", format!("values_{lane}[65:64]")),
                ("right", format!("right_{lane}[63:0]")),
                ("right_special", format!("right_{lane}[65:64]")),
                ("products", format!("products_{lane}[103:0]")),
                ("products_special", format!("products_{lane}[105:104]")),
                ("busy", format!("runs[{lane}]")),
                ("valid", format!("valid_{lane}")),
                ("result_register", format!("register_{lane}")),
                ("value", format!("value_{lane}")),
            ],
        );
        // All lanes are in step.
        if lane > 0 {
            text.value(&format!("unused_{lane}"), 5, &format!("{{valid_{lane}, register_{lane}}}"));
        }
    }
}

/// The memories of what the lanes need: where each comes from, a result or a value that was read.
fn constants(text: &mut Wiring, lanes: usize) {
    let result = |register: Register| format!("(valid_0 & (register_0 == 4'd{}))", register as u8);
    let (slots, turns) = (slot_bits(lanes), turn_bits(lanes));
    for lane in 0..lanes {
        // The lanes that a turn has not belong to the channels of the next.
        let (own, half) = (lane % norm_lanes(lanes), lane / norm_lanes(lanes));
        let here =
            if turns > slots { format!("turn_here[0] == 1'b{half} & ") } else { String::new() };
        let read =
            |kind: usize| format!("(came & (lane_here == 5'd{own}) & (kind_here == 3'd{kind}))");
        let value = format!("value_{own}");
        let given = || "given".to_owned();
        let mean = format!("(evaluates ? {} : {})", read(2), result(Register::Mean));
        let sources = [
            // Name; forwards, when and what; backwards the same.
            ("mean", mean, format!("(evaluates ? given : {value})"), read(NORM_MEAN), given()),
            ("factor", result(Register::K), value.clone(), result(Register::B), value.clone()),
            ("shift", read(1), given(), result(Register::A), value.clone()),
            ("rate", NEVER.to_owned(), given(), read(NORM_K), given()),
        ];
        for (name, forward, forward_value, backward, backward_value) in sources {
            let read = format!("{name}_of_{lane}");
            text.wire(&read, SINGLE);
            text.instance(
                "small_ram",
                &format!("{name}s_{lane}"),
                &[("WIDTH", SINGLE), ("ADDRESS", slots)],
                &[
                    ("clock", "clock".into()),
                    ("write", format!("{here}(backward ? {backward} : {forward})")),
                    ("write_address", format!("turn_here[{}:{}]", turns - 1, turns - slots)),
                    ("write_data", format!("backward ? {backward_value} : {forward_value}")),
                    ("read_address", "slot".into()),
                    ("read_data", read),
                ],
            );
        }
    }
    let one = format!("32'h{:08x}", Lane::NO_FACTOR);
    for name in CONSTANTS {
        let all = (0..lanes).map(|lane| {
            let here = format!("{name}_of_{lane}");
            if name == "rate" { format!("(backward ? {here} : {one})") } else { here }
        });
        text.value(&format!("{name}_now"), SINGLE * lanes, &side_by_side(all));
        text.delayed(&format!("{name}_late"), SINGLE * lanes, 1, &format!("{name}_now"), NEVER);
        text.assign(name, &format!("{name}_late"));
    }
}

/// The memories of results that are written: those of the programs, and S1.
fn results(text: &mut Wiring, lanes: usize) {
    let bits = group_bits(lanes);
    // Before the first result comes S1, word by word.
    for (at, name) in ["sum_low", "sum_high", "sum_special"].into_iter().enumerate() {
        let before =
            if at == 0 { "begin_programs & ~backward" } else { ["", "sum_low", "sum_high"][at] };
        text.delayed(name, 1, 1, before, "reset");
    }
    text.value("is_result", 1, "valid_0 & ~register_0[3]");
    let word = |word: u8| format!("3'd{word}");
    text.value(
        "result_at",
        3,
        &format!(
            "sum_low ? {} : sum_high ? {} : sum_special ? {} : register_0[2:0]",
            word(NormDrain::SUM_LOW),
            word(NormDrain::SUM_HIGH),
            word(NormDrain::SUM_SPECIAL)
        ),
    );
    for (wire, width) in
        [("drains", 1), ("drain_register", 3), ("drain_group", 9), ("drain_second", 1)]
    {
        text.wire(wire, width);
    }
    text.value("unused_drain_group", 9 - bits, &format!("drain_group[8:{bits}]"));
    for lane in 0..lanes {
        // A sum that is no number has no bits.
        text.value(
            &format!("sum_{lane}"),
            64,
            &format!("|values_{lane}[65:64] ? 64'h0 : values_{lane}[63:0]"),
        );
        text.value(
            &format!("result_{lane}"),
            SINGLE,
            &format!(
                "sum_low ? sum_{lane}[31:0] : sum_high ? sum_{lane}[63:32] : \
                 sum_special ? {{30'h0, values_{lane}[65:64]}} : value_{lane}"
            ),
        );
        let read = format!("kept_{lane}");
        text.wire(&read, SINGLE);
        text.instance(
            "small_ram",
            &format!("results_{lane}"),
            &[("WIDTH", SINGLE), ("ADDRESS", 3 + bits)],
            &[
                ("clock", "clock".into()),
                ("write", "is_result | sum_low | sum_high | sum_special".into()),
                ("write_address", "{result_at, group}".into()),
                ("write_data", format!("result_{lane}")),
                ("read_address", format!("{{drain_register, drain_group[{}:0]}}", bits - 1)),
                ("read_data", read),
            ],
        );
    }
}

/// Results in beats.
fn drain(text: &mut Wiring, lanes: usize) {
    let own = |port: &'static str| (port, port.to_owned());
    for wire in ["opens", "opens_second"] {
        text.wire(wire, 1);
    }
    text.value("units", 7, "channels[10:4]");
    text.value("unused_channels", 4, "channels[3:0]");
    text.instance(
        "vector_norm_drain",
        "drain",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("start", "ends & ~(evaluates & ~backward)".into()),
            own("backward"),
            ("last_unit", "units - 7'd1".into()),
            ("last_part", format!("3'd{}", NORM_UNIT_CHANNELS / lanes - 1)),
            ("valid", "drains".into()),
            ("register", "drain_register".into()),
            ("group", "drain_group".into()),
            ("second", "drain_second".into()),
            own("opens"),
            own("opens_second"),
        ],
    );
    // Behind the last channel there are zeros.
    let log2 = lanes.ilog2() as usize;
    for lane in 0..lanes {
        let channel = format!("{{drain_group[{}:0], {log2}'d{lane}}}", 10 - log2);
        text.value(
            &format!("item_{lane}"),
            SINGLE,
            &format!("{channel} < present ? kept_{lane} : {SINGLE}'h0"),
        );
    }
    if 10 - log2 < 8 {
        text.value("unused_high_group", log2 - 2, &format!("drain_group[8:{}]", 11 - log2));
    }
    let items = side_by_side((0..lanes).map(|lane| format!("item_{lane}")));
    text.delayed("items_late", SINGLE * lanes, 1, &items, NEVER);
    text.delayed("drains_late", 1, 1, "drains", "reset");
    text.delayed("second_late", 1, 2, "drain_second", NEVER);
    text.delayed("opens_late", 1, 1, "opens", "reset");
    text.delayed("opens_second_late", 1, 1, "opens_second", NEVER);
    text.instance(
        "vector_gather_singles",
        "gather",
        &[],
        &[
            own("clock"),
            ("start", "opens_late".into()),
            ("base", "opens_second_late ? write_at_1 : write_at_0".into()),
            ("width", format!("9'd{}", SINGLE * lanes % BEAT)),
            ("valid", "drains_late".into()),
            ("last", NEVER.into()),
            ("item", "items_late".into()),
            ("write", "write".into()),
            ("address", "write_address".into()),
            ("data", "write_data".into()),
        ],
    );
    text.assign("write_second", "second_late");
    text.assign("busy", "steps_busy");
}

/// The leaf blocks of `vector_norm`, but for its gathering of beats, which the lanes have too.
pub(super) fn blocks() -> Vec<Design> {
    vec![
        emit("vector_norm_steps", NormSteps::default),
        emit("vector_norm_drain", NormDrain::default),
        emit("vector_statistics", Statistics::default),
    ]
}

/// `vector_norm`, without its leaf blocks.
pub(super) fn wiring(lanes: usize) -> Vec<Module> {
    vec![memory::small_ram(), module(lanes)]
}

/// `vector_norm`, top of a design.
pub(super) fn design(lanes: usize) -> Design {
    let mut parts = blocks();
    parts.push(match lanes {
        4 => emit("vector_gather_singles", Gather::<128>::default),
        8 => emit("vector_gather_singles", Gather::<256>::default),
        _ => emit("vector_gather_singles", Gather::<512>::default),
    });
    let mut modules = wiring(lanes);
    modules.insert(0, memory::delay_line());
    Design::join("vector_norm", parts, modules)
}
