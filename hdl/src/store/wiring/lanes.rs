//! The drain buffer and the lanes.

use super::super::Gate;
use super::{DATA, Lane, PIECE, UNITS, VALUE, WORD, own};
use crate::emit::{NEVER, Wiring, part, side_by_side};
use satkit_spec::{ArrayConfig, MAX_INTERLEAVE};

/// From a piece's step to its bias and what is added: the step's register, the one behind the choice out of a beat.
const PICKED: usize = 2;

/// Words of the drain buffer: two of the largest tiles.
fn words(config: &ArrayConfig) -> usize {
    (2 * (config.rows * MAX_INTERLEAVE).max(config.psum_depth)).next_power_of_two()
}

/// The drain buffer, and a lane for each of its columns.
pub(super) fn lanes(text: &mut Wiring, config: &ArrayConfig) {
    let cols = config.cols;
    let address = words(config).ilog2() as usize;
    text.wire("values_2", 32 * cols);
    text.instance(
        "block_ram",
        "drain_buffer",
        &[("WIDTH", 32 * cols), ("ADDRESS", address)],
        &[
            own("clock"),
            ("write", "drain_valid".into()),
            ("write_address", format!("drained[{}:0]", address - 1)),
            ("write_data", "drain".into()),
            ("read_address", format!("word[{}:0]", address - 1)),
            ("read_data", "values_2".into()),
        ],
    );
    if address < WORD {
        let unused = format!("{{drained[{0}:{address}], word[{0}:{address}]}}", WORD - 1);
        text.value("unused_places", 2 * (WORD - address), &unused);
    }
    text.delayed("second_2", 1, 1, "second", NEVER);
    let half = 16 * cols;
    let chosen = if 2 * cols > UNITS {
        let upper = format!("values_2[{}:{half}]", 32 * cols - 1);
        format!("second_2 ? {{{half}'h0, {upper}}} : values_2")
    } else {
        text.value("unused_second", 1, "second_2");
        "values_2".into()
    };
    text.delayed("values_3", 32 * cols, 1, &chosen, NEVER);
    text.delayed("scale_3", 32, VALUE, "step_scale", NEVER);
    let rectified = VALUE + Lane::RELU_AFTER_CYCLES;
    text.delayed("relu_late", 1, rectified, "step_relu", NEVER);
    let counted = VALUE + Lane::VALUES_AFTER_CYCLES;
    text.delayed("count", 6, counted - 1, "values", NEVER);
    let [biased, added, rounded] =
        [Lane::BIAS_AFTER_CYCLES, Lane::ADD_AFTER_CYCLES, Lane::ROUNDS_AFTER_CYCLES];
    let late = |text: &mut Wiring, name: &str, bits: usize, cycles: usize, value: &str| {
        text.delayed(name, bits, cycles, value, NEVER);
    };
    late(text, "biases", 32 * cols, VALUE + biased - PICKED, "picked_bias");
    late(text, "with_bias", 1, VALUE + biased, "step_work[0]");
    late(
        text,
        "addends",
        16 * cols,
        VALUE + added - PICKED,
        &format!("picked_add[{}:0]", 16 * cols - 1),
    );
    late(text, "with_add", 1, VALUE + added, "step_work[1]");
    late(text, "rounds", 1, VALUE + rounded, "step_work[3]");
    late(text, "passing", 32, counted - 1 - Gate::LATENCY_CYCLES, "passes");
    for c in cols..32 {
        text.value(&format!("unused_passing_{c}"), 1, &format!("passing[{c}]"));
    }
    if cols < 32 {
        text.value(
            "unused_addends",
            DATA - 16 * cols,
            &format!("picked_add[{}:{}]", DATA - 1, 16 * cols),
        );
    }
    for c in 0..cols {
        text.wire(&format!("single_{c}"), 32);
        text.wire(&format!("half_{c}"), 16);
        text.instance(
            "store_lane",
            &format!("lane_{c}"),
            &[],
            &[
                own("clock"),
                ("value", part("values_3", c, 32)),
                ("scale", "scale_3".into()),
                (
                    "bias",
                    format!("with_bias ? {} : 32'h{:08x}", part("biases", c, 32), Lane::NO_BIAS),
                ),
                (
                    "addend",
                    format!("with_add ? {} : 16'h{:04x}", part("addends", c, 16), Lane::NO_ADDEND),
                ),
                own("rounds"),
                ("passes", format!("passing[{c}]")),
                ("relu", "relu_late".into()),
                ("number", format!("6'd{c}")),
                ("values", "count".into()),
                ("single", format!("single_{c}")),
                ("half", format!("half_{c}")),
            ],
        );
    }
    let singles = cols.min(UNITS / 2);
    for c in singles..cols {
        text.value(&format!("unused_single_{c}"), 32, &format!("single_{c}"));
    }
    let filled = |parts: usize, bits: usize, name: &str| {
        let zeros = DATA - parts * bits;
        let zeros = (zeros > 0).then(|| format!("{zeros}'h0"));
        let parts = (0..parts).map(|c| format!("{name}_{c}"));
        side_by_side(parts.chain(zeros).collect::<Vec<_>>().into_iter())
    };
    text.delayed("is_single", 1, PIECE - 1, "step_single", NEVER);
    text.wire("piece", DATA);
    let (singles, halves) = (filled(singles, 32, "single"), filled(cols, 16, "half"));
    text.assign("piece", &format!("is_single ? {singles} : {halves}"));
}
