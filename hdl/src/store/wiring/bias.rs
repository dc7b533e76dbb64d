//! The bias of a tile's columns.

use super::{DATA, own, pick};
use crate::emit::Wiring;
use satkit_spec::MAX_INTERLEAVE;

/// Beats of the bias that are kept: those of the most columns of a tile, or one more where they begin inside a beat.
const BIAS_BEATS: usize = 32;
const _: () = assert!(BIAS_BEATS == 32 * MAX_INTERLEAVE / 16);

/// The bias, in beats of 16 channels, those of 32 columns in two memories; and a piece's part of it.
pub(super) fn bias(text: &mut Wiring, cols: usize) {
    // Channels modulo those of all beats, in units of the array's columns.
    let bits = (16 * BIAS_BEATS / cols).ilog2() as usize;
    let shift = cols.ilog2() as usize;
    let from = |low: usize| format!("first_column[{}:{low}]", low + bits - 1);
    text.delayed(
        "column_now",
        bits,
        1,
        &format!("store_start ? {} : column_now", from(shift)),
        "1'b0",
    );
    let column = match bits {
        0..5 => format!("column_now + group[{}:0]", bits - 1),
        5 => "column_now + group".to_owned(),
        _ => format!("column_now + {{{}'h0, group}}", bits - 5),
    };
    text.value("column", bits, &column);
    if bits < 5 {
        text.value("unused_group", 5 - bits, &format!("group[4:{bits}]"));
    }
    // The first beat that comes is the first column's.
    text.delayed(
        "bias_at",
        5,
        1,
        "store_start ? first_column[8:4] : bias_at + {4'h0, comes_bias}",
        "1'b0",
    );
    text.wire("picked_bias", 32 * cols);
    let ram = |text: &mut Wiring, name: &str, address: usize, write: &str, at: [&str; 2]| {
        text.wire(&format!("bias_{name}"), DATA);
        let connections = [
            own("clock"),
            ("write", write.into()),
            ("write_address", at[0].into()),
            ("write_data", "beat_data".into()),
            ("read_address", at[1].into()),
            ("read_data", format!("bias_{name}")),
        ];
        let size = [("WIDTH", DATA), ("ADDRESS", address)];
        text.instance("small_ram", &format!("ram_{name}"), &size, &connections);
    };
    let comes = "comes_bias";
    if cols == 32 {
        for (name, low) in [("even", "~bias_at[0]"), ("odd", "bias_at[0]")] {
            ram(text, name, 4, &format!("{comes} & {low}"), ["bias_at[4:1]", "column"]);
        }
        text.delayed("bias_both", 2 * DATA, 1, "{bias_odd, bias_even}", "1'b0");
        text.assign("picked_bias", "bias_both");
        return;
    }
    let inside = 4 - shift;
    let beat = format!("column[{}:{inside}]", bits - 1);
    ram(text, "beats", 5, comes, ["bias_at", &beat]);
    text.wire("picked_channels", DATA);
    let offset = if inside == 0 {
        "9'h0".to_owned()
    } else {
        format!("{{column[{}:0], {}'h0}}", inside - 1, 9 - inside)
    };
    pick(text, "channels", "bias_beats", &offset);
    text.assign("picked_bias", &format!("picked_channels[{}:0]", 32 * cols - 1));
    if cols < 16 {
        text.value(
            "unused_channels",
            DATA - 32 * cols,
            &format!("picked_channels[{}:{}]", DATA - 1, 32 * cols),
        );
    }
}
