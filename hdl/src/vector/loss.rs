//! Cross-entropy between rings of beats, as Verilog: what leads rows to [`rows`](super::rows) and results from it.

use super::{CountSingle, Gather, Pick, rows};
use crate::dma::LANE_READ_CYCLES;
use crate::emit::{Design, Module, NEVER, Wiring, emit};
use crate::memory;
use satkit_spec::isa::scalar;

const BEAT: usize = 512;
/// Cycles from the one in which a row is taken to that in which the unit has it, and from its results to beats that are written.
pub(super) const RING_CYCLES: usize = LANE_READ_CYCLES + 2;

/// The module `vector_loss`: streams of logits (a row of up to 32 classes is a beat), labels and the step's numbers; of gradients, if
/// there are any, and of losses. One instruction has all rows. A row is taken with its first elements, every 192 cycles at most.
fn module() -> Module {
    let mut text = Wiring::new("vector_loss");
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("take", 1),
        ("starts", 1),
        ("position", 5),
        ("channels", 6),
        ("batch", 24),
        ("has_gradient", 1),
    ] {
        text.input(name, bits);
    }
    text.output("wrong", 1);
    for ring in 0..3 {
        text.input(&format!("read_at_{ring}"), 30);
        text.output(&format!("read_address_{ring}"), 32);
        text.input(&format!("read_data_{ring}"), BEAT);
    }
    for ring in 0..2 {
        text.input(&format!("write_at_{ring}"), 30);
        text.output(&format!("write_{ring}"), 1);
        text.output(&format!("write_address_{ring}"), 32);
        text.output(&format!("write_data_{ring}"), BEAT);
    }
    places(&mut text);
    taken(&mut text);
    results(&mut text);
    text.finish()
}

/// Which beats a row is in.
fn places(text: &mut Wiring) {
    text.value("row_begins", 1, "take & ~|position");
    text.line("reg [23:0] following;");
    text.line("initial following = 24'h0;");
    text.value("row", 24, "starts ? 24'h0 : following");
    text.line("always @(posedge clock) if (row_begins) following <= row + 24'h1;");
    text.assign("read_address_0", "{2'h0, read_at_0} + {8'h0, row}");
    text.assign("read_address_1", "{2'h0, read_at_1} + {12'h0, row[23:4]}");
    text.assign("read_address_2", "{2'h0, read_at_2}");
}

/// Rows, labels and numbers out of the beats.
fn taken(text: &mut Wiring) {
    text.delayed("row_late", 1, LANE_READ_CYCLES, "row_begins", "reset");
    text.delayed("row_here", 1, 1, "row_late", "reset");
    text.delayed("first_late", 1, LANE_READ_CYCLES, "row_begins & starts", "reset");
    text.delayed("label_late", 4, LANE_READ_CYCLES, "row[3:0]", NEVER);
    text.delayed("logits", BEAT, 1, "read_data_0", NEVER);
    text.wire("label", 32);
    let pick = [
        ("clock", "clock".into()),
        ("beat", "read_data_1".into()),
        ("offset", "{label_late, 5'h0}".into()),
        ("elements", "label".into()),
    ];
    text.instance("vector_pick_label", "pick_label", &[], &pick);
    let low = scalar::LOSS_SCALE * 32;
    text.line("reg [31:0] loss_scale;");
    text.line("initial loss_scale = 32'h0;");
    text.line(format_args!(
        "always @(posedge clock) if (first_late) loss_scale <= read_data_2[{}:{low}];",
        low + 31
    ));
    text.value(
        "unused_numbers",
        BEAT - 32,
        &format!("{{read_data_2[511:{}], read_data_2[{}:0]}}", low + 32, low - 1),
    );
    wrong(text);
    text.wire("count", 32);
    let count = [
        ("clock", "clock".into()),
        ("start", "row_begins & starts".into()),
        ("count", "batch".into()),
        ("single", "count".into()),
    ];
    text.instance("vector_count_single", "count_rows", &[], &count);
    for (wire, bits) in [
        ("gradient_valid", 1),
        ("gradient", 16),
        ("gradient_last", 1),
        ("pair_valid", 1),
        ("pair", 64),
    ] {
        text.wire(wire, bits);
    }
    let own = |port: &'static str| (port, port.to_owned());
    let rows = [
        own("clock"),
        own("reset"),
        ("start", "row_here".into()),
        ("beat", "logits".into()),
        own("label"),
        own("channels"),
        own("count"),
        own("loss_scale"),
        own("gradient_valid"),
        own("gradient"),
        own("gradient_last"),
        own("pair_valid"),
        own("pair"),
    ];
    text.instance("vector_rows", "rows", &[], &rows);
}

/// A label is no class, or the loss scale no power of two from 2^-126 to 2^126; held until the reset.
fn wrong(text: &mut Wiring) {
    text.value("no_class", 1, "row_here & (label >= {26'h0, channels})");
    text.delayed("first_here", 1, 1, "first_late", "reset");
    text.value("exponent", 8, "loss_scale[30:23]");
    text.value(
        "no_power",
        1,
        "loss_scale[31] | (|loss_scale[22:0]) | ~|exponent | (exponent > 8'd253)",
    );
    text.line("reg is_wrong;");
    text.line("initial is_wrong = 1'b0;");
    text.line("always @(posedge clock)");
    text.line(
        "    is_wrong <= ~reset & (is_wrong | no_class | first_here & has_gradient & no_power);",
    );
    text.assign("wrong", "is_wrong");
}

/// Gradients, losses and classes in beats.
fn results(text: &mut Wiring) {
    text.line("reg [23:0] pairs_left;");
    text.line("initial pairs_left = 24'h0;");
    text.line("always @(posedge clock) if (row_begins & starts) pairs_left <= batch;");
    text.line("    else if (pair_valid) pairs_left <= pairs_left - 24'h1;");
    text.value("last_pair", 1, "pairs_left == 24'h1");
    let items = [
        ("gradient", "write_at_0", 16, "gradient_valid & has_gradient", "gradient_last"),
        ("pair", "(has_gradient ? write_at_1 : write_at_0)", 64, "pair_valid", "last_pair"),
    ];
    for (item, base, width, valid, last) in items {
        for (what, bits) in [("write", 1), ("address", 32), ("data", BEAT)] {
            text.wire(&format!("{item}_{what}"), bits);
        }
        let gather = [
            ("clock", "clock".into()),
            ("start", "row_begins & starts".into()),
            ("base", format!("{{2'h0, {base}}}")),
            ("width", format!("9'd{width}")),
            ("valid", valid.into()),
            ("last", last.into()),
            ("item", item.into()),
            ("write", format!("{item}_write")),
            ("address", format!("{item}_address")),
            ("data", format!("{item}_data")),
        ];
        text.instance(&format!("vector_gather_{item}"), &format!("gather_{item}"), &[], &gather);
    }
    text.assign("write_0", "has_gradient ? gradient_write : pair_write");
    text.assign("write_1", "has_gradient & pair_write");
    for what in ["address", "data"] {
        let first = format!("has_gradient ? gradient_{what} : pair_{what}");
        text.assign(&format!("write_{what}_0"), &first);
        text.assign(&format!("write_{what}_1"), &format!("pair_{what}"));
    }
}

/// `vector_loss`, top of a design.
pub(super) fn design() -> Design {
    let parts = vec![
        rows::design(),
        emit("vector_pick_label", Pick::<32>::default),
        emit("vector_count_single", CountSingle::default),
        emit("vector_gather_gradient", Gather::<16>::default),
        emit("vector_gather_pair", Gather::<64>::default),
    ];
    Design::join("vector_loss", parts, vec![memory::delay_line(), module()])
}
