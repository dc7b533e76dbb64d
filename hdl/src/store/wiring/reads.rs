//! What is read: the bias, what is added, what is multiplied, the mask.

use super::{DATA, bias, capacity_beats, own, pick, read_beats};
use crate::emit::Wiring;
use crate::isa_bits;
use satkit_spec::{ArrayConfig, MAX_INTERLEAVE, STORE_BURST_BEATS};

/// Bits of a burst that is known: it is its tile's last, where it begins, its beats.
const KNOWN: usize = 38;

/// Bits of a request's number, of which so many are never under way that a difference would not show which of two is earlier.
const NUMBER: usize = 13;

/// What passes between the blocks that ask, with its bits.
const BETWEEN: [(&str, usize); 21] = [
    ("can", 1),
    ("nothing", 1),
    ("request_factor", 1),
    ("request_mask", 1),
    ("rest", 7),
    ("after", 30),
    ("factor_follows", 1),
    ("mask_follows", 1),
    ("mask_to", 30),
    ("runs", 1),
    ("phase", 3),
    ("on_add", 1),
    ("on_factor", 1),
    ("on_mask", 1),
    ("on_add_base", 30),
    ("on_factor_base", 30),
    ("on_mask_base", 30),
    ("at", 30),
    ("part_left", 7),
    ("last_mask", 30),
    ("has_last", 1),
];

/// A FIFO, and what of it nobody reads.
fn fifo(
    text: &mut Wiring,
    name: &str,
    (bits, depth): (usize, usize),
    [push, data, pop]: [&str; 3],
    holds: bool,
) {
    let held = if holds { format!("{name}_holds") } else { format!("unused_{name}_holds") };
    text.wire(&held, 1);
    text.wire(&format!("unused_{name}_room"), 1);
    text.instance(
        "fifo_ram",
        &format!("fifo_{name}"),
        &[("WIDTH", bits), ("ADDRESS", depth.next_power_of_two().ilog2() as usize)],
        &[
            own("clock"),
            own("reset"),
            ("push", push.into()),
            ("data", data.into()),
            ("pop", pop.into()),
            ("holds", held),
            ("room", format!("unused_{name}_room")),
            ("head", format!("{name}_head")),
        ],
    );
}

/// Bursts that are known ahead: those of a tile that is walked through and of the next one, two in a row of values at most.
fn known_bursts(config: &ArrayConfig) -> usize {
    4 * (config.rows * MAX_INTERLEAVE).max(config.psum_depth)
}

/// Wires between this and the walks.
pub(super) fn wires(text: &mut Wiring) {
    for (name, bits) in [
        ("waits", 1),
        ("opens_read", 1),
        ("read", 1),
        ("under_way", 13),
        ("burst_pop", 1),
        ("burst_head", KNOWN),
    ] {
        text.wire(name, bits);
    }
}

/// Requests, the beats that come, and where they wait.
pub(super) fn reads(text: &mut Wiring, config: &ArrayConfig) {
    for (name, bits) in [
        ("kind_head", 2),
        ("needs_head", NUMBER),
        ("add_head", DATA),
        ("factor_head", DATA),
        ("mask_head", DATA),
        ("asked", NUMBER),
        ("arrived", NUMBER),
        ("comes_bias", 1),
        ("request_valid", 1),
        ("request_address", 30),
        ("request_beats", 7),
        ("request_bias", 1),
        ("request_ready", 1),
        ("beat_valid", 1),
        ("beat_last", 1),
        ("unused_beat_error", 1),
        ("beat_data", DATA),
        ("unused_reads_idle", 1),
        ("mask_pop", 1),
        ("passes", 32),
    ]
    .into_iter()
    .chain(BETWEEN)
    {
        text.wire(name, bits);
    }
    // Bursts ahead of the walk, by where they begin in the results.
    text.delayed("ahead_out", 30, 1, "ahead ? out_beat : ahead_out", "1'b0");
    let known = "{ahead_last, ahead_burst_address - ahead_out, ahead_burst_beats}";
    let size = (KNOWN, known_bursts(config));
    fifo(text, "burst", size, ["ahead_closes", known, "burst_pop"], true);
    text.instance(
        "store_ask",
        "ask",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("parameters", "takes_parameters".into()),
            ("parameters_first", isa_bits::field("store_word", "PARAMETERS", "first")),
            ("start", "store_start".into()),
            ("with_bias", "work[0]".into()),
            ("with_add", "work[1]".into()),
            ("with_factor", "work[5]".into()),
            ("with_mask", "work[2]".into()),
            ("col_base", "first_column".into()),
            own("cols"),
            ("add_base", "add_beat".into()),
            ("factor_base", "factor_beat".into()),
            ("mask_base", "mask_beat".into()),
            ("burst_last", format!("burst_head[{}]", KNOWN - 1)),
            own("burst_pop"),
            own("asked"),
            ("ready", "request_ready".into()),
            own("comes_bias"),
            ("comes_last", "beat_valid & beat_last".into()),
            own("arrived"),
            own("waits"),
        ]
        .into_iter()
        .chain(BETWEEN.map(|(name, _)| own(name)))
        .collect::<Vec<_>>(),
    );
    let mut demand = vec![
        ("held", "under_way".into()),
        ("room_beats", format!("13'd{}", capacity_beats(config) - STORE_BURST_BEATS)),
        own("burst_holds"),
        ("burst", format!("burst_head[{}:0]", KNOWN - 2)),
        own("request_valid"),
        own("request_address"),
        own("request_beats"),
        own("request_bias"),
    ];
    demand.extend(BETWEEN.map(|(name, _)| own(name)));
    text.instance("store_demand", "demand", &[], &demand);
    text.instance(
        &format!("in_order_{}", read_beats(config)),
        "in_order",
        &[],
        &[
            own("clock"),
            own("reset"),
            own("request_valid"),
            ("request_address", "{2'h0, request_address}".into()),
            own("request_beats"),
            own("request_ready"),
            own("ar_valid"),
            own("ar_address"),
            own("ar_beats"),
            own("ar_ready"),
            ("beat_ready", "1'b1".into()),
            own("r_valid"),
            own("r_data"),
            own("r_error"),
            own("beat_valid"),
            own("beat_last"),
            ("beat_error", "unused_beat_error".into()),
            own("beat_data"),
            ("idle", "unused_reads_idle".into()),
        ],
    );
    // Bit 0 of what is added and of what is multiplied is 0, bit 1 of what is added and of the mask.
    let kind = ["request_valid & request_ready", "{request_bias | request_factor, request_mask}"];
    text.assign("comes_bias", "beat_valid & (&kind_head)");
    fifo(
        text,
        "kind",
        (2, read_beats(config)),
        [kind[0], kind[1], "beat_valid & beat_last"],
        false,
    );
    // What a burst waits for.
    let needs = ["burst_pop", "asked", "opens_read"];
    fifo(text, "needs", (NUMBER, capacity_beats(config)), needs, true);
    text.value("missing", NUMBER, "arrived - needs_head");
    text.value("unused_missing", NUMBER - 1, &format!("missing[{}:0]", NUMBER - 2));
    text.assign("read", &format!("needs_holds & ~missing[{}]", NUMBER - 1));
    // What is added and what is multiplied go beat by beat with the beats of results, the mask's beats as the gate takes them.
    let add = ["beat_valid & ~|kind_head", "beat_data", "emits & step_work[1]"];
    fifo(text, "add", (DATA, capacity_beats(config)), add, false);
    let factor = ["beat_valid & kind_head[1] & ~kind_head[0]", "beat_data", "emits & step_work[5]"];
    fifo(text, "factor", (DATA, capacity_beats(config)), factor, false);
    let mask = ["beat_valid & ~kind_head[1] & kind_head[0]", "beat_data", "mask_pop"];
    fifo(text, "mask", (DATA, capacity_beats(config)), mask, false);
    text.wire("picked_add", DATA);
    pick(text, "add", "add_head", "{place, 4'h0}");
    text.wire("picked_factor", DATA);
    pick(text, "factor", "factor_head", "{place, 4'h0}");
    text.instance(
        "store_gate",
        "gate",
        &[],
        &[
            own("clock"),
            ("start", "store_start".into()),
            ("out", "out_beat".into()),
            own("step"),
            ("masked", "step_work[2]".into()),
            ("beat", "step_beat".into()),
            own("place"),
            ("head", "mask_head".into()),
            ("pop", "mask_pop".into()),
            own("passes"),
        ],
    );
    bias::bias(text, config.cols);
}
