//! The exact sums of each column's values, and how they are read.

use super::{DATA, PIECE, own};
use crate::emit::{NEVER, Wiring, part, side_by_side};
use crate::store::{SUMS_READ_CYCLES, Sums};
use satkit_spec::ArrayConfig;

/// Bits of a channel's number: 64 for each of up to 32 columns.
pub(super) const CHANNEL: usize = 11;
/// Bits of a sum of values, of one of products, and of what infinities and NaNs have made of each.
pub(super) const VALUES_SUM: usize = 64;
pub(super) const PRODUCTS_SUM: usize = 104;
pub(super) const SPECIAL: usize = 2;
/// Of a channel: products, values.
const ENTRY: usize = PRODUCTS_SUM + VALUES_SUM + 2 * SPECIAL;
/// Bits of a word's number in a bank.
const WORD: usize = 6;
/// Columns among which one is chosen in a cycle.
const CHOICE: usize = 8;
/// From a piece's step to what it is multiplied by: the step's register, the one behind the choice out of a beat.
const PICKED: usize = 2;

/// Sums of a column for every column of the array, two sets of them, and a port that reads them.
pub(super) fn sums(text: &mut Wiring, config: &ArrayConfig) {
    let cols = config.cols;
    let shift = cols.ilog2() as usize;
    let late = |text: &mut Wiring, name: &str, bits: usize, cycles: usize, value: &str| {
        text.delayed(name, bits, cycles, value, NEVER);
    };
    // Where a piece's channels are, as far as the piece has values at all.
    let base = format!("first_column[{}:{shift}]", shift + WORD - 1);
    late(text, "sums_base", WORD, 1, &format!("store_start ? {base} : sums_base"));
    late(text, "sums_word", WORD, PIECE - 1, "sums_base + {1'h0, group}");
    late(text, "sums_bank", 1, PIECE, "step_work[6]");
    late(text, "with_factor", 1, PIECE, "step_work[5]");
    late(text, "with_sums", 1, PIECE, "step_work[4]");
    late(text, "sums_count", 6, PIECE - 1, "values");
    text.value("sums_valid", 1, "step_12 & with_sums & (|sums_count)");
    if cols < 32 {
        let unused = format!("picked_factor[{}:{}]", DATA - 1, 16 * cols);
        text.value("unused_factors", DATA - 16 * cols, &unused);
    }
    for name in ["sums_first", "found_1", "found_bank"] {
        text.wire(name, 1);
    }
    text.instance(
        "store_sets",
        "sets",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("begins", "begins_sums".into()),
            ("begins_bank", "work[6]".into()),
            ("tensor", "out_beat".into()),
            ("valid", "sums_valid".into()),
            ("bank", "sums_bank".into()),
            ("word", "sums_word".into()),
            ("first", "sums_first".into()),
            ("sought", "sums_tensor".into()),
            ("found", "found_1".into()),
            own("found_bank"),
        ],
    );
    let summed = Sums::LATENCY_CYCLES;
    text.delayed("sums_write", 1, summed, "sums_valid", "reset");
    late(text, "sums_write_at", WORD + 1, summed, "{sums_bank, sums_word}");
    late(text, "channel_1", CHANNEL, 1, "sums_channel");
    for c in 0..cols {
        // Columns that have no value add nothing.
        let factor = part("picked_factor", c, 16);
        late(text, &format!("factor_late_{c}"), 16, PIECE - PICKED, &factor);
        let own_factor = format!("(6'd{c} < sums_count) ? factor_late_{c} : 16'h0");
        text.value(&format!("factor_{c}"), 16, &format!("with_factor ? ({own_factor}) : half_{c}"));
        let parts = [
            ("sum", VALUES_SUM),
            ("sum_special", SPECIAL),
            ("products", PRODUCTS_SUM),
            ("products_special", SPECIAL),
        ];
        for (name, bits) in parts {
            text.wire(&format!("{name}_{c}"), bits);
        }
        let mut connections = vec![
            own("clock"),
            ("valid", "sums_valid".into()),
            ("first", "sums_first".into()),
            ("channel", "{sums_bank, sums_word}".into()),
            ("a", format!("half_{c}")),
            ("b", format!("factor_{c}")),
        ];
        connections.extend(parts.map(|(name, _)| (name, format!("{name}_{c}"))));
        text.instance("store_exact_sum", &format!("exact_sum_{c}"), &[], &connections);
        // What is summed is kept once more, for reads at any time.
        text.wire(&format!("entry_2_{c}"), ENTRY);
        let connections = [
            own("clock"),
            ("write", "sums_write".into()),
            ("write_address", "sums_write_at".into()),
            ("write_data", side_by_side(parts.iter().map(|(name, _)| format!("{name}_{c}")))),
            ("read_address", format!("{{found_bank, channel_1[{}:{shift}]}}", shift + WORD - 1)),
            ("read_data", format!("entry_2_{c}")),
        ];
        let size = [("WIDTH", ENTRY), ("ADDRESS", WORD + 1)];
        text.instance("block_ram", &format!("sums_{c}"), &size, &connections);
    }
    if shift + WORD < CHANNEL {
        let unused = format!("channel_1[{}:{}]", CHANNEL - 1, shift + WORD);
        text.value("unused_channel", CHANNEL - shift - WORD, &unused);
    }
    // Out of the columns, in two steps.
    late(text, "column_2", 5, 1, &format!("channel_1[4:0] & 5'd{}", cols - 1));
    let groups = cols.div_ceil(CHOICE);
    for group in 0..groups {
        let columns: Vec<usize> = (group * CHOICE..cols.min((group + 1) * CHOICE)).collect();
        let last = columns[columns.len() - 1];
        let chosen =
            columns[..columns.len() - 1].iter().rev().fold(format!("entry_2_{last}"), |rest, c| {
                format!("(column_2[2:0] == 3'd{}) ? entry_2_{c} : {rest}", c % CHOICE)
            });
        late(text, &format!("entry_3_{group}"), ENTRY, 1, &chosen);
    }
    late(text, "group_3", 2, 1, "column_2[4:3]");
    let chosen = (0..groups - 1).rev().fold(format!("entry_3_{}", groups - 1), |rest, group| {
        format!("(group_3 == 2'd{group}) ? entry_3_{group} : {rest}")
    });
    if groups == 1 {
        text.value("unused_group_3", 2, "group_3");
    }
    late(text, "entry_4", ENTRY, 1, &chosen);
    late(text, "found_4", 1, SUMS_READ_CYCLES - 1, "found_1");
    text.assign("sums_found", "found_4");
    let mut low = 0;
    for (name, bits) in [
        ("sums_values", VALUES_SUM),
        ("sums_values_special", SPECIAL),
        ("sums_products", PRODUCTS_SUM),
        ("sums_products_special", SPECIAL),
    ] {
        text.assign(name, &format!("entry_4[{}:{low}]", low + bits - 1));
        low += bits;
    }
}
