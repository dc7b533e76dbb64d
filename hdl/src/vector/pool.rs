//! Pooling between rings of beats, as Verilog: what leads elements to their windows, and what these give into beats.

use super::lanes::is_beat;
use super::{ExactSum, PoolOrder, RoundSum, WidenHalf};
use crate::dma::LANE_READ_CYCLES;
use crate::emit::{Module, NEVER, Wiring, part, side_by_side};
use crate::float::NarrowSingle;
use crate::isa_bits::{field, low_bits};

const BEAT: usize = 512;
const HALF: usize = 16;
const SINGLE: usize = 32;
/// Cycles from that in which elements are taken to that in which they are picked out of their beats.
const PICKED_CYCLES: usize = PoolOrder::CYCLES + LANE_READ_CYCLES + 1;
/// Cycles from a sum's last value to its rounding, which the lanes' sums give.
const ROUNDED_CYCLES: usize = ExactSum::<1>::LATENCY_CYCLES + RoundSum::LATENCY_CYCLES;
/// Cycles from an FP32 value to its share in FP16.
const SHARE_CYCLES: usize = 1 + NarrowSingle::LATENCY_CYCLES;

/// Cycles from that in which elements are taken to the last in which their results are written into a ring: averages, or the last pixel
/// of a window's gradient.
pub(super) const LATENCY_CYCLES: usize = PICKED_CYCLES + ROUNDED_CYCLES + SHARE_CYCLES + 1;

/// Connections of `vector_pool_kind` to a SHAPE.
pub(super) fn kind_of(shape: &str) -> Vec<(&'static str, String)> {
    let names = ["channels", "h", "w", "window", "stride", "pad", "pooling"];
    names.map(|name| (name, field(shape, "SHAPE", name))).into()
}

/// The module `vector_pool`: `take` comes with elements of a pooling alone. `sum_*` go to the lanes' sums, whose roundings come back as
/// `rounded`.
pub(super) fn module(lanes: usize) -> Module {
    let mut text = Wiring::new("vector_pool");
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("take", 1),
        ("starts", 1),
        ("position", 37),
        ("shape", 256),
        ("backward", 1),
        ("read_at_0", 30),
        ("read_at_1", 30),
        ("write_at_0", 30),
        ("read_data_0", BEAT),
        ("read_data_1", BEAT),
        ("rounded", SINGLE * lanes),
    ] {
        text.input(name, bits);
    }
    for (name, bits) in [
        ("read_address_0", 32),
        ("read_address_1", 32),
        ("sum_valid", 1),
        ("sum_first", 1),
        ("sum_items", HALF * lanes),
        ("write", 1),
        ("write_address", 32),
        ("write_data", BEAT),
    ] {
        text.output(name, bits);
    }
    order(&mut text, lanes);
    picks(&mut text, lanes);
    best(&mut text, lanes);
    shares(&mut text, lanes);
    results(&mut text, lanes);
    text.finish()
}

/// Which elements are taken.
fn order(text: &mut Wiring, lanes: usize) {
    text.value("unused_shape", 256, "shape");
    for (wire, bits) in [("is_greatest", 1), ("taps_of", 3), ("pixel_of", 3), ("row_of", 3)] {
        text.wire(wire, bits);
    }
    text.wire("unused_known", 1);
    let mut kind = kind_of("shape");
    kind.extend([
        ("known", "unused_known".to_owned()),
        ("greatest", "is_greatest".into()),
        ("taps", "taps_of".into()),
        ("pixel", "pixel_of".into()),
        ("row", "row_of".into()),
    ]);
    text.instance("vector_pool_kind", "kind", &[], &kind);
    text.delayed("greatest", 1, 1, "is_greatest", NEVER);
    text.delayed("natural", 1, 1, "~is_greatest & backward", NEVER);
    text.delayed("spreads", 1, 1, "is_greatest & backward", NEVER);
    text.delayed("averages", 1, 1, "~is_greatest & ~backward", NEVER);
    text.delayed("taps", 3, 1, "taps_of", NEVER);
    text.delayed("pixel", 3, 1, "pixel_of", NEVER);
    text.delayed("row", 3, 1, "row_of", NEVER);
    text.delayed("channels", 11, 1, &low_bits("shape", "SHAPE", "channels", 11), NEVER);
    for (wire, bits) in
        [("offset", 5), ("corner", 32), ("tap", 2), ("first", 1), ("last", 1), ("valid", 32)]
    {
        text.wire(wire, bits);
    }
    let own = |port: &'static str| (port, port.to_owned());
    text.instance(
        "vector_pool_order",
        "order",
        &[],
        &[
            own("clock"),
            ("step_log2", format!("3'd{}", lanes.ilog2())),
            ("groups", format!("5'd{}", 32 - lanes)),
            own("position"),
            own("channels"),
            own("greatest"),
            own("natural"),
            own("taps"),
            own("pixel"),
            own("row"),
            ("a_base", "{2'h0, read_at_0}".into()),
            ("b_base", "{2'h0, read_at_1}".into()),
            ("a_address", "read_address_0".into()),
            ("b_address", "read_address_1".into()),
            own("offset"),
            own("corner"),
            own("tap"),
            own("first"),
            own("last"),
            own("valid"),
        ],
    );
}

/// Elements out of the beats, and what is known of them.
fn picks(text: &mut Wiring, lanes: usize) {
    let offset = if is_beat(lanes) {
        text.value("unused_offset", 5, "offset");
        "9'h0"
    } else {
        text.delayed("offset_late", 5, LANE_READ_CYCLES, "offset", NEVER);
        "{offset_late, 4'h0}"
    };
    for (name, ring) in [("x", 0), ("dy", 1)] {
        text.wire(name, HALF * lanes);
        text.instance(
            "vector_pick",
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
    if lanes < 32 {
        text.value("unused_valid", 32 - lanes, &format!("valid[31:{lanes}]"));
    }
    let picked = LANE_READ_CYCLES + 1;
    text.delayed("take_here", 1, PICKED_CYCLES, "take", "reset");
    text.delayed("valid_here", lanes, picked, &format!("valid[{}:0]", lanes - 1), NEVER);
    text.delayed("first_here", 1, picked, "first", NEVER);
    text.delayed("last_here", 1, picked, "last", NEVER);
    text.delayed("tap_here", 2, picked, "tap", NEVER);
    text.delayed("corner_late", 32, picked + 1, "corner", NEVER);
    text.delayed("done", 1, 1, "take_here & last_here & greatest", "reset");
}

/// The best pixels, and the gradients that go back to them.
fn best(text: &mut Wiring, lanes: usize) {
    text.wire("gives", 1);
    text.wire("phase", 2);
    text.wire("spread_address", 32);
    let own = |port: &'static str| (port, port.to_owned());
    text.instance(
        "vector_pool_spread",
        "spread",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("done", "done & spreads".into()),
            ("corner", "corner_late".into()),
            ("base", "{2'h0, write_at_0}".into()),
            own("pixel"),
            own("row"),
            own("gives"),
            own("phase"),
            ("address", "spread_address".into()),
        ],
    );
    for lane in 0..lanes {
        text.wire(&format!("best_{lane}"), HALF);
        text.wire(&format!("dx_{lane}"), HALF);
        text.instance(
            "vector_pool_best",
            &format!("best_of_{lane}"),
            &[],
            &[
                own("clock"),
                ("valid", "take_here".into()),
                ("first", "first_here".into()),
                ("tap", "tap_here".into()),
                ("x", part("x", lane, HALF)),
                ("dy", part("dy", lane, HALF)),
                ("counts", part("valid_here", lane, 1)),
                own("done"),
                own("phase"),
                ("best", format!("best_{lane}")),
                ("dx", format!("dx_{lane}")),
            ],
        );
    }
    text.value("bests", HALF * lanes, &side_by_side((0..lanes).map(|lane| format!("best_{lane}"))));
    text.value("pixels", HALF * lanes, &side_by_side((0..lanes).map(|lane| format!("dx_{lane}"))));
}

/// Averages, and gradients that are shared by all pixels.
fn shares(text: &mut Wiring, lanes: usize) {
    text.assign("sum_valid", "take_here & averages");
    text.assign("sum_first", "first_here");
    text.assign("sum_items", "x");
    for lane in 0..lanes {
        for (wire, bits) in [("widened", SINGLE), ("share", SINGLE), ("narrowed", HALF)] {
            text.wire(&format!("{wire}_{lane}"), bits);
        }
        let clock = || ("clock", "clock".to_owned());
        let rounded = part("rounded", lane, SINGLE);
        text.instance(
            "vector_pool_widen",
            &format!("widen_{lane}"),
            &[],
            &[clock(), ("half", part("x", lane, HALF)), ("single", format!("widened_{lane}"))],
        );
        text.instance(
            "vector_pool_share",
            &format!("share_of_{lane}"),
            &[],
            &[
                clock(),
                ("single", format!("natural ? widened_{lane} : {rounded}")),
                ("log2", "taps".into()),
                ("share", format!("share_{lane}")),
            ],
        );
        text.instance(
            "vector_pool_narrow",
            &format!("narrow_{lane}"),
            &[],
            &[clock(), ("single", format!("share_{lane}")), ("half", format!("narrowed_{lane}"))],
        );
    }
    let back = WidenHalf::LATENCY_CYCLES + SHARE_CYCLES;
    let forth = ROUNDED_CYCLES + SHARE_CYCLES;
    text.delayed("take_back", 1, back, "take_here & natural", "reset");
    text.delayed("take_forth", 1, forth, "sum_valid & last_here", "reset");
    text.delayed("valid_back", lanes, back, "valid_here", NEVER);
    text.delayed("valid_forth", lanes, forth - back, "valid_back", NEVER);
    text.value("counted", lanes, "natural ? valid_back : valid_forth");
    let narrowed =
        (0..lanes).map(|lane| format!("narrowed_{lane} & {{{HALF}{{counted[{lane}]}}}}"));
    text.value("narrowed", HALF * lanes, &side_by_side(narrowed));
}

/// Results in beats: one after another, or the four pixels of a window each in its own.
fn results(text: &mut Wiring, lanes: usize) {
    let valid = "greatest ? done & ~spreads : take_back | take_forth";
    let gathers =
        (0..4).map(|at| (format!("pixel_{at}"), "pixels", format!("gives & (phase == 2'd{at})")));
    let one = ("out".to_owned(), "greatest ? bests : narrowed", valid.to_owned());
    for (name, item, valid) in gathers.chain([one]) {
        for (what, bits) in [("write", 1), ("address", 32), ("data", BEAT)] {
            text.wire(&format!("{name}_{what}"), bits);
        }
        text.instance(
            "vector_gather_halves",
            &format!("gather_{name}"),
            &[],
            &[
                ("clock", "clock".into()),
                ("start", "take & starts".into()),
                ("base", "{2'h0, write_at_0}".into()),
                ("width", format!("9'd{}", HALF * lanes % BEAT)),
                ("valid", valid),
                ("last", NEVER.into()),
                ("item", item.into()),
                ("write", format!("{name}_write")),
                ("address", format!("{name}_address")),
                ("data", format!("{name}_data")),
            ],
        );
    }
    let unused = side_by_side((0..4).map(|at| format!("pixel_{at}_address")));
    text.value("unused_addresses", 4 * 32, &unused);
    let writes = side_by_side((0..4).map(|at| format!("pixel_{at}_write")));
    text.value("pixel_write", 4, &writes);
    text.assign("write", "out_write | (|pixel_write)");
    text.assign("write_address", "spreads ? spread_address : out_address");
    let pixels = "pixel_write[0] ? pixel_0_data : pixel_write[1] ? pixel_1_data : pixel_write[2] ? pixel_2_data : pixel_3_data";
    text.assign("write_data", &format!("spreads ? ({pixels}) : out_data"));
}
