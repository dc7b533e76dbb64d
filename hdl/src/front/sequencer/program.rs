//! The program's way from memory into the queues.

use super::{constant, own};
use crate::emit::{Wiring, bit, part, side_by_side};
use satkit_spec::isa::{self, MAX_WALKS};
use satkit_spec::{ArrayConfig, FETCH_BUFFER_BEATS};

/// Bits of a beat in the buffer: its data, and that it came with an error.
const BEAT_BITS: usize = 513;

/// The opcode of a mnemonic.
fn opcode_of(mnemonic: &str) -> u64 {
    let row = isa::reference().find(|(name, ..)| *name == mnemonic);
    row.map_or_else(
        || panic!("no instruction is called {mnemonic}"),
        |(_, opcode, ..)| opcode.into(),
    )
}

/// The program's beats, up to the instruction that is next.
pub(super) fn fetch(text: &mut Wiring, config: &ArrayConfig) {
    let channels = config.dram_channels;
    text.value("first_beat", 30, "program_address[35:6]");
    // Two instructions a beat.
    text.value("program_beats", 30, "{5'h0, length[25:1]} + {29'h0, length[0]}");
    text.value("last_beat", 30, "first_beat + program_beats - 30'h1");
    for (name, bits) in [
        ("load", 1),
        ("runs", 1),
        ("frees", 1),
        ("freed_beats", 8),
        ("next_place", 8),
        ("next_upper", 1),
        ("next_index", 32),
        ("takes", 1),
        ("all_dispatched", 1),
        ("next_queues", 6),
        ("next_own", 1),
        ("full", 6),
        ("opcode", 8),
    ] {
        text.wire(name, bits);
    }
    for (name, bits) in [("next_beat", 30), ("beats_left", 30), ("held_beats", 8)] {
        text.wire(name, bits);
    }
    let held = ["next_beat", "beats_left", "held_beats"].map(own);
    let mut connections = vec![
        own("runs"),
        ("buffer_beats", constant(8, FETCH_BUFFER_BEATS as u64)),
        own("ar_valid"),
        own("ar_address"),
        own("ar_beats"),
    ];
    connections.extend(held.clone());
    text.instance("front_ask", "ask", &[], &connections);
    let mut connections = vec![
        own("clock"),
        own("load"),
        own("first_beat"),
        own("program_beats"),
        own("frees"),
        own("freed_beats"),
        own("ar_valid"),
        own("ar_beats"),
        own("ar_ready"),
    ];
    connections.extend(held);
    text.instance("front_fetch", "fetch", &[], &connections);
    text.value("next_port", 2, &format!("next_place[7:6] & 2'h{:x}", channels - 1));
    for p in 0..channels {
        text.wire(&format!("arrived_place_{p}"), 7);
        text.wire(&format!("complete_{p}"), 1);
        text.wire(&format!("beat_{p}"), BEAT_BITS);
        text.instance(
            "front_arrivals",
            &format!("arrivals_{p}"),
            &[],
            &[
                own("clock"),
                own("load"),
                own("first_beat"),
                own("last_beat"),
                ("port", constant(2, p as u64)),
                ("other_ports", constant(2, channels as u64 - 1)),
                ("arrives", bit("r_valid", channels, p)),
                ("frees", format!("frees & (next_port == 2'h{p:x})")),
                ("place", format!("arrived_place_{p}")),
                ("complete", format!("complete_{p}")),
            ],
        );
        text.instance(
            "small_ram",
            &format!("buffer_{p}"),
            &[("WIDTH", BEAT_BITS), ("ADDRESS", FETCH_BUFFER_BEATS.ilog2() as usize)],
            &[
                own("clock"),
                ("write", bit("r_valid", channels, p)),
                ("write_address", format!("arrived_place_{p}")),
                (
                    "write_data",
                    format!("{{{}, {}}}", bit("r_error", channels, p), part("r_data", p, 512)),
                ),
                ("read_address", "next_place[6:0]".into()),
                ("read_data", format!("beat_{p}")),
            ],
        );
    }
    let complete = (0..4).map(|p| format!("complete_{}", p % channels));
    text.value("completes", 4, &side_by_side(complete));
    text.instance(
        "front_dispatch",
        "dispatch",
        &[],
        &[
            own("clock"),
            own("load"),
            own("first_beat"),
            own("length"),
            own("runs"),
            ("complete", "completes[next_port]".into()),
            ("queues", "next_queues".into()),
            own("full"),
            ("place", "next_place".into()),
            ("upper", "next_upper".into()),
            own("takes"),
            ("index", "next_index".into()),
            own("frees"),
            own("freed_beats"),
            ("all", "all_dispatched".into()),
        ],
    );
    for (name, bits) in [
        ("checks", 1),
        ("word", 256),
        ("word_error", 1),
        ("word_index", 32),
        ("word_queues", 6),
        ("word_own", 1),
    ] {
        text.wire(name, bits);
    }
    let mut connections =
        vec![own("clock"), ("port", "next_port".into()), ("upper", "next_upper".into())];
    let ports = ["beat_0", "beat_1", "beat_2", "beat_3"];
    connections.extend(
        ports.iter().enumerate().map(|(p, &port)| (port, format!("beat_{}", p % channels))),
    );
    connections.extend([
        own("opcode"),
        ("queues", "next_queues".into()),
        ("own", "next_own".into()),
        own("takes"),
        ("index", "next_index".into()),
        own("checks"),
        own("word"),
        ("error", "word_error".into()),
        ("checked_index", "word_index".into()),
        ("checked_queues", "word_queues".into()),
        ("checked_own", "word_own".into()),
    ]);
    text.instance("front_pick", "pick", &[], &connections);
}

/// What becomes of the instruction that was dispatched in the cycle before.
pub(super) fn check(text: &mut Wiring) {
    text.wire("legal", 1);
    text.instance(
        "decoder",
        "decoder",
        &[],
        &[
            own("opcode"),
            ("queues", "next_queues".into()),
            ("own", "next_own".into()),
            own("word"),
            own("legal"),
        ],
    );
    text.wire("walks_exceed", 1);
    text.instance(
        "front_walk_limit",
        "walk_limit",
        &[],
        &[
            own("clock"),
            own("load"),
            ("walk", constant(8, opcode_of("WALK"))),
            ("mm", constant(8, opcode_of("MM"))),
            ("most", constant(3, MAX_WALKS as u64)),
            own("checks"),
            ("opcode", "word[7:0]".into()),
            ("exceeds", "walks_exceed".into()),
        ],
    );
    for (name, bits) in
        [("arrives", 6), ("kept", 1), ("word_fault", 1), ("word_axi", 1), ("word_address", 38)]
    {
        text.wire(name, bits);
    }
    text.instance(
        "front_verdict",
        "verdict",
        &[],
        &[
            own("checks"),
            own("runs"),
            ("error", "word_error".into()),
            ("legal", "legal & ~walks_exceed".into()),
            ("queues", "word_queues".into()),
            ("own", "word_own".into()),
            ("beat", "word_index[30:1]".into()),
            own("first_beat"),
            own("arrives"),
            own("kept"),
            ("fault", "word_fault".into()),
            ("axi", "word_axi".into()),
            ("address", "word_address".into()),
        ],
    );
}
