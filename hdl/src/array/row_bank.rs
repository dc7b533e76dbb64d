//! The bank of a row with the table of its outputs' offsets.

use crate::emit::{Design, Wiring};
use crate::memory;
use satkit_spec::ArrayConfig;

/// Segments of the table of offsets.
pub(crate) const SEGMENTS: usize = 4;
/// Bits of an offset.
pub(crate) const OFFSET: usize = 20;

/// Bits of an address inside of a sub-bank, the half among them.
pub(crate) const fn line_bits(config: &ArrayConfig) -> usize {
    config.w2e_words_per_row.ilog2() as usize - 2
}

/// Bits of a tag.
pub(crate) const fn tag_bits(config: &ArrayConfig) -> usize {
    line_bits(config) - 1
}

/// What the west edge of a row reads: module `w2e_row`. Ports from `write` to `table_values` are the row's parts of the array's write ports (see
/// [`load::activations`](mod@crate::load::activations)); the others are those of [`RowEdge`](super::RowEdge), of its word only as many bits as the bank has.
#[must_use]
pub fn row_bank(config: &ArrayConfig) -> Design {
    let address = config.w2e_words_per_row.ilog2() as usize;
    let mut text = Wiring::new("w2e_row");
    for (name, bits) in [
        ("clock", 1),
        ("run", 1),
        ("write", 4),
        ("lines", 4 * line_bits(config)),
        ("data", 512),
        ("tag", tag_bits(config)),
        ("tags", 2 * tag_bits(config)),
        ("table_write", 1),
        ("table_entry", 5),
        ("table_values", SEGMENTS * OFFSET),
        ("bank_word", address),
        ("read_entry", 7),
    ] {
        text.input(name, bits);
    }
    text.output("bank_data", 128);
    text.output("table_offset", OFFSET);
    text.instance(
        "tagged_bank",
        "bank",
        &[("WIDTH", 128), ("TAG", tag_bits(config)), ("ADDRESS", address)],
        &[
            ("clock", "clock".into()),
            ("run", "run".into()),
            ("write", "write".into()),
            ("write_lines", "lines".into()),
            ("write_data", "data".into()),
            ("write_tag", "tag".into()),
            ("tags", "tags".into()),
            ("read_address", "bank_word".into()),
            ("read_data", "bank_data".into()),
        ],
    );
    // Segments beside each other: output 4, segment 2, half 1 of the entry that is read.
    text.wire("offsets", SEGMENTS * OFFSET);
    text.instance(
        "small_ram",
        "offset_table",
        &[("WIDTH", SEGMENTS * OFFSET), ("ADDRESS", 5)],
        &[
            ("clock", "clock".into()),
            ("write", "table_write".into()),
            ("write_address", "table_entry".into()),
            ("write_data", "table_values".into()),
            ("read_address", "{read_entry[6], read_entry[3:0]}".into()),
            ("read_data", "offsets".into()),
        ],
    );
    text.assign("table_offset", &format!("offsets[{OFFSET}*read_entry[5:4] +: {OFFSET}]"));
    let memories = vec![memory::tagged_bank(), memory::small_ram(), text.finish()];
    Design::join("w2e_row", Vec::new(), memories)
}
