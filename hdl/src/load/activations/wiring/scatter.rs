//! Values that go to lanes of their own.

use super::{BEAT, LINE, bits_of, number, own};
use crate::emit::{NEVER, Wiring, part};
use satkit_spec::ArrayConfig;

/// What all rows have of a step of which each value goes to a lane of its own.
pub(super) fn steps(text: &mut Wiring, config: &ArrayConfig) {
    let head = |name| number("job_head", name);
    let log2 = config.rows.ilog2();
    for (port, name, cycle) in [
        ("packed_1", "packed", 1),
        ("lane_1", "lane", 1),
        ("run_words_3", "patch_words", 3),
        ("channels_3", "channels", 3),
    ] {
        text.delayed(port, bits_of(name), cycle, &head(name), NEVER);
    }
    for (wire, bits) in
        [("inside_3", 1), ("turn_3", 5), ("number_3", 7), ("base_3", 16), ("lane_of_pixel_3", 3)]
    {
        text.wire(wire, bits);
    }
    text.instance(
        "load_a_scatter",
        "scatterer",
        &[],
        &[
            own("clock"),
            ("rows_log2", format!("3'd{log2}")),
            ("rows_mask", format!("5'd{}", config.rows - 1)),
            own("scatters_1"),
            own("packed_1"),
            own("part_1"),
            own("mask_1"),
            own("line_at_1"),
            ("pixel_at_1", "pixel_at_1[15:0]".into()),
            ("word_at_1", "word_at_1[15:0]".into()),
            own("lane_1"),
            ("run_words_2", "patch_words_2".into()),
            own("inside_3"),
            own("turn_3"),
            own("number_3"),
            own("base_3"),
            ("lane_3", "lane_of_pixel_3".into()),
        ],
    );
    let width = turned(config);
    text.delayed("part_3", 2, 2, "part_1", NEVER);
    text.delayed("beat_3", BEAT, 3, "beat_data", NEVER);
    text.delayed("lane_4", 3, 1, "lane_of_pixel_3", NEVER);
    text.delayed("narrow_4", 1, 4, &head("narrow"), NEVER);
    text.wire("turned_4", BEAT);
    let (none, all) = (BEAT - 16 * width, 16 * width);
    let mask = format!("{{{{{all}{{1'b1}}}}}}");
    let mask = if none == 0 { mask } else { format!("{{{none}'h0, {mask}}}") };
    text.instance(
        "load_a_turn",
        "turner",
        &[],
        &[
            own("clock"),
            ("width_log2", format!("3'd{}", width.ilog2())),
            ("mask", mask),
            own("beat_3"),
            own("packed_3"),
            own("part_3"),
            own("turn_3"),
            ("values_4", "turned_4".into()),
        ],
    );
    if width < VALUES {
        text.value("unused_values", 1, &format!("&turned_4[{}:{all}]", BEAT - 1));
    }
}

/// Values of a beat.
const VALUES: usize = 32;

/// Values of a step that is one of values for lanes.
fn turned(config: &ArrayConfig) -> usize {
    VALUES.min(4 * config.rows)
}

/// What one row has of it.
pub(super) fn row(text: &mut Wiring, config: &ArrayConfig, r: usize) {
    let places = turned(config) / config.rows;
    text.wire(&format!("scattered_write_{r}"), 4);
    text.wire(&format!("scattered_lines_{r}"), 4 * LINE);
    text.wire(&format!("scattered_{r}"), BEAT);
    text.wire(&format!("row_values_{r}"), 64);
    // A single channel is that of all rows.
    let value = |place: usize| match place {
        0 if r > 0 => format!("(narrow_4 ? turned_4[15:0] : {})", part("turned_4", r, 16)),
        place if place < places => part("turned_4", r + place * config.rows, 16),
        _ => "16'h0".into(),
    };
    text.gather(&format!("row_values_{r}"), (0..4).map(value));
    for b in 0..4 {
        text.instance(
            "load_a_bank",
            &format!("scattered_{r}_{b}"),
            &[],
            &[
                own("clock"),
                ("row", format!("5'd{r}")),
                ("bank", format!("2'd{b}")),
                ("places", format!("2'd{}", places - 1)),
                ("bias", format!("8'd{}", VALUES / config.rows)),
                own("inside_3"),
                own("turn_3"),
                own("number_3"),
                own("base_3"),
                own("run_words_3"),
                own("channels_3"),
                own("lane_4"),
                own("clear_4"),
                ("values_4", format!("row_values_{r}")),
                ("write", format!("scattered_write_{r}[{b}]")),
                ("line", part(&format!("scattered_lines_{r}"), b, LINE)),
                ("data", part(&format!("scattered_{r}"), b, 128)),
            ],
        );
    }
}
