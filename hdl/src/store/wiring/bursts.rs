//! Beats, bursts, and what is under way.

use super::{DATA, OUT, PIECE, UNITS, capacity_beats, own};
use crate::dma::W_DATA_CYCLES;
use crate::emit::{NEVER, Wiring, part, side_by_side};
use satkit_spec::ArrayConfig;

fn fifo(
    text: &mut Wiring,
    name: &str,
    bits: usize,
    depth: usize,
    push: &str,
    data: &str,
    pop: &str,
) {
    for (wire, bits) in [("holds", 1), ("head", bits), ("unused_room", 1)] {
        text.wire(&format!("{name}_{wire}"), bits);
    }
    text.instance(
        "fifo_ram",
        name,
        &[("WIDTH", bits), ("ADDRESS", depth.ilog2() as usize)],
        &[
            own("clock"),
            own("reset"),
            ("push", push.into()),
            ("data", data.into()),
            ("pop", pop.into()),
            ("holds", format!("{name}_holds")),
            ("room", format!("{name}_unused_room")),
            ("head", format!("{name}_head")),
        ],
    );
}

/// Beats, bursts, their way to the masters, and the ledger.
pub(super) fn bursts(text: &mut Wiring, config: &ArrayConfig) {
    let (channels, depth) = (config.dram_channels, capacity_beats(config));
    for (name, bits) in [("length", 6), ("place", 5)] {
        text.delayed(&format!("{name}_12"), bits, PIECE - 1, name, NEVER);
    }
    for name in ["step", "emits"] {
        text.delayed(&format!("{name}_12"), 1, PIECE - 1, name, "reset");
    }
    text.wire("beat", DATA);
    text.wire("strobe", UNITS);
    text.instance(
        "store_beat",
        "place_piece",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("step", "step_12".into()),
            own("piece"),
            ("length", "length_12".into()),
            ("place", "place_12".into()),
            ("emits", "emits_12".into()),
            own("beat"),
            own("strobe"),
        ],
    );
    for name in ["emits", "closes"] {
        text.delayed(&format!("{name}_14"), 1, OUT - 1, name, "reset");
    }
    for (name, bits) in [("page", 2), ("burst_address", 30), ("burst_beats", 7), ("last", 1)] {
        text.delayed(&format!("{name}_14"), bits, OUT - 1, name, NEVER);
    }
    let master = match channels {
        1 => "2'd0",
        2 => "{1'd0, page_14[0]}",
        _ => "page_14",
    };
    text.value("master", 2, master);
    if channels < 4 {
        text.value("unused_page", 2, "page_14");
    }
    fifo(text, "bursts", 37, depth, "closes_14", "{burst_address_14, burst_beats_14}", "aw_ready");
    text.assign("aw_valid", "bursts_holds");
    text.assign("aw_address", "{2'h0, bursts_head[36:7]}");
    text.assign("aw_beats", "bursts_head[6:0]");
    fifo(text, "order", 10, depth, "closes_14", "{last_14, burst_beats_14, master}", "done");
    let absent = 4 - channels;
    let responses =
        if absent == 0 { "b_valid".into() } else { format!("{{{absent}'h0, b_valid}}") };
    text.instance(
        "store_ledger",
        "ledger",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("start", "store_start".into()),
            ("responses", responses),
            ("fault", "dma_fault".into()),
            ("holds", "order_holds".into()),
            ("head", "order_head".into()),
            own("done"),
            own("done_beats"),
            ("tile_ends", "store_end".into()),
            own("idle"),
        ],
    );
    for p in 0..channels {
        let name = format!("beats_{p}");
        let push = format!("emits_14 & (master == 2'd{p})");
        let pull = if channels == 1 { "w_pull".into() } else { format!("w_pull[{p}]") };
        fifo(text, &name, UNITS + DATA, depth, &push, "{strobe, beat}", &pull);
        text.value(&format!("unused_holds_{p}"), 1, &format!("beats_{p}_holds"));
        text.delayed(
            &format!("pulled_{p}"),
            UNITS + DATA,
            W_DATA_CYCLES,
            &format!("beats_{p}_head"),
            NEVER,
        );
        text.assign(&part("w_data", p, DATA), &format!("pulled_{p}[{}:0]", DATA - 1));
        let units = (0..UNITS).map(|unit| format!("{{2{{pulled_{p}[{}]}}}}", DATA + unit));
        text.assign(&part("w_strobe", p, 2 * UNITS), &side_by_side(units));
    }
}
