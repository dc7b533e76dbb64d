//! Batch norm's channels, as Verilog: from exact sums to what each lane needs of its channels.

use super::{Lane, NormSteps, Program, Register, Statistics};
use crate::emit::{Design, Module, NEVER, Wiring, emit, side_by_side};
use crate::memory;

const SINGLE: usize = 32;
/// Most channels of a batch norm.
pub(super) const MOST_CHANNELS: usize = 1024;
/// Bits of a channel's exact sums, as they are kept: of values, of products, of the forward pass's values, each with its two special bits.
const SUMS: [(&str, usize); 3] = [("values", 66), ("products", 106), ("first", 66)];
/// What a lane needs of a channel.
const CONSTANTS: [&str; 4] = ["mean", "factor", "shift", "rate"];

/// The module `vector_norm`.
fn module(lanes: usize) -> Module {
    let mut text = Wiring::new("vector_norm");
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("start", 1),
        ("backward", 1),
        ("n", 23),
        ("channels", 11),
        ("given", SINGLE),
        ("sums_values", 64),
        ("sums_values_special", 2),
        ("sums_products", 104),
        ("sums_products_special", 2),
        ("first_values", 64),
        ("first_values_special", 2),
        ("slot", slots_log2(lanes)),
    ] {
        text.input(name, bits);
    }
    for (name, bits) in [
        ("busy", 1),
        ("kind", 2),
        ("channel", 11),
        ("result_valid", 1),
        ("result_register", 4),
        ("result_group", 9),
        ("results", SINGLE * lanes),
    ] {
        text.output(name, bits);
    }
    for name in CONSTANTS {
        text.output(name, SINGLE * lanes);
    }
    steps(&mut text, lanes);
    loads(&mut text, lanes);
    programs(&mut text, lanes);
    constants(&mut text, lanes);
    text.finish()
}

fn slots_log2(lanes: usize) -> usize {
    (MOST_CHANNELS / lanes).ilog2() as usize
}

fn steps(text: &mut Wiring, lanes: usize) {
    for (wire, bits) in [("asks", 1), ("lane", 3), ("begin_programs", 1), ("group", 9)] {
        text.wire(wire, bits);
    }
    text.wire_between_blocks("runs", lanes);
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
            ("lanes_log2", format!("2'd{}", lanes.ilog2())),
            ("runs", "runs[0]".into()),
            own("busy"),
            own("asks"),
            own("kind"),
            own("lane"),
            own("channel"),
            ("opens", "begin_programs".into()),
            own("group"),
        ],
    );
    text.value("unused_runs", lanes - 1, &format!("runs[{}:1]", lanes - 1));
    text.delayed("comes", 1, NormSteps::READ_CYCLES, "asks", "reset");
    text.delayed("kind_here", 2, NormSteps::READ_CYCLES, "kind", NEVER);
    text.delayed("lane_here", 3, NormSteps::READ_CYCLES, "lane", NEVER);
}

/// Which values go into registers of the programs, and the sums of each lane's channel.
fn loads(text: &mut Wiring, lanes: usize) {
    let register = |register: Register| format!("4'd{}", register as u8);
    text.value("is_loaded", 1, "comes & (backward ? kind_here == 2'd1 : kind_here != 2'd1)");
    let forward = format!(
        "kind_here == 2'd0 ? {} : kind_here == 2'd2 ? {} : {}",
        register(Register::Gamma),
        register(Register::RunningMean),
        register(Register::RunningVariance)
    );
    let inverse = register(Register::Inverse);
    text.value("load_register", 4, &format!("backward ? {inverse} : {forward}"));
    let given = [
        "{sums_values_special, sums_values}",
        "{sums_products_special, sums_products}",
        "{first_values_special, first_values}",
    ];
    for lane in 0..lanes {
        text.value(&format!("comes_{lane}"), 1, &format!("comes & (lane_here == 3'd{lane})"));
        for ((name, bits), given) in SUMS.into_iter().zip(given) {
            let high = bits - 1;
            text.line(format_args!("reg [{high}:0] {name}_{lane};"));
            text.line(format_args!("initial {name}_{lane} = {bits}'h0;"));
            text.line(format_args!(
                "always @(posedge clock) if (comes_{lane} & (kind_here == 2'd0)) {name}_{lane} <= {given};"
            ));
        }
    }
}

fn programs(text: &mut Wiring, lanes: usize) {
    text.value(
        "job",
        3,
        &format!("backward ? 3'd{} : 3'd{}", Program::Backward as u8, Program::Forward as u8),
    );
    for lane in 0..lanes {
        for (wire, bits) in [("valid", 1), ("register", 4), ("value", SINGLE)] {
            text.wire(&format!("{wire}_{lane}"), bits);
        }
        let right = format!("backward ? first_{lane} : values_{lane}");
        text.value(&format!("right_{lane}"), 66, &right);
        text.instance(
            "vector_statistics",
            &format!("statistics_{lane}"),
            &[],
            &[
                ("clock", "clock".into()),
                ("reset", "reset".into()),
                ("load", format!("is_loaded & comes_{lane}")),
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
        if lane > 0 {
            text.value(&format!("unused_{lane}"), 5, &format!("{{valid_{lane}, register_{lane}}}"));
        }
    }
    // All lanes are in step.
    text.assign("result_valid", "valid_0");
    text.assign("result_register", "register_0");
    text.assign("result_group", "group");
    text.gather("results", (0..lanes).map(|lane| format!("value_{lane}")));
}

/// The memories of what the lanes need: where each comes from, a result or a value that was read.
fn constants(text: &mut Wiring, lanes: usize) {
    let result = |register: Register| format!("(valid_0 & (register_0 == 4'd{}))", register as u8);
    let read = |kind: usize| format!("kind_here == 2'd{kind}");
    let slots = slots_log2(lanes);
    if slots < 9 {
        text.value("unused_group", 9 - slots, &format!("group[8:{slots}]"));
    }
    for lane in 0..lanes {
        let read = |kind: usize| format!("(comes_{lane} & ({}))", read(kind));
        let sources = [
            // Name, forwards, backwards: a result, or what was read.
            ("mean", result(Register::Mean), false, read(2), true),
            ("factor", result(Register::K), false, result(Register::B), false),
            ("shift", read(1), true, result(Register::A), false),
            ("rate", NEVER.to_owned(), true, read(0), true),
        ];
        for (name, forward, forward_reads, backward, backward_reads) in sources {
            let value = |reads: bool| {
                if reads { "given".to_owned() } else { format!("value_{lane}") }
            };
            let here = format!("{name}_of_{lane}");
            text.wire(&here, SINGLE);
            text.instance(
                "small_ram",
                &format!("{name}s_{lane}"),
                &[("WIDTH", SINGLE), ("ADDRESS", slots)],
                &[
                    ("clock", "clock".into()),
                    ("write", format!("backward ? {backward} : {forward}")),
                    ("write_address", format!("group[{}:0]", slots - 1)),
                    (
                        "write_data",
                        format!("backward ? {} : {}", value(backward_reads), value(forward_reads)),
                    ),
                    ("read_address", "slot".into()),
                    ("read_data", here),
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

/// `vector_norm`, top of a design.
pub(super) fn design(lanes: usize) -> Design {
    let parts = vec![
        emit("vector_norm_steps", NormSteps::default),
        emit("vector_statistics", Statistics::default),
    ];
    Design::join(
        "vector_norm",
        parts,
        vec![memory::delay_line(), memory::small_ram(), module(lanes)],
    )
}
