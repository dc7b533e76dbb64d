//! How the engine of LD.A is wired.

mod scatter;

use super::program::{self, STRIPE, TABLE};
use crate::array::{OFFSET, SEGMENTS, line_bits, tag_bits};
use crate::dma::{Fifo, fifo};
use crate::emit::{Module, NEVER, Wiring, part};
use crate::isa_bits;
use satkit_spec::{ACTIVATION_TABLE_CYCLES, ACTIVATION_WRITE_CYCLES, ArrayConfig};

const BEAT: usize = 512;
/// Bits of a line's address as the rows count it.
const LINE: usize = 14;
/// More stripes than can be under way or decoded, to the power of two.
const STRIPES_LOG2: usize = 9;

fn own(name: &str) -> (&str, String) {
    (name, name.to_owned())
}

/// The module `load_a`.
pub(super) fn activations(config: &ArrayConfig, in_order: &str) -> Module {
    let (rows, channels) = (config.rows, config.dram_channels);
    let mut text = Wiring::new("load_a");
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("load_a_valid", 1),
        ("load_a_word", 256),
        ("load_a_go", 1),
        ("load_a_ar_ready", 1),
        ("load_a_ar_refused", 1),
        ("load_a_r_valid", channels),
        ("r_data", BEAT * channels),
        ("r_error", channels),
        ("load_a_memory_fault_address", 38),
    ] {
        text.input(name, bits);
    }
    for (name, bits) in [
        ("load_a_ready", 1),
        ("load_a_start", 1),
        ("load_a_end", 1),
        ("load_a_fault", 1),
        ("load_a_fault_axi", 1),
        ("load_a_fault_address", 38),
        ("load_a_ar_valid", 1),
        ("load_a_ar_address", 32),
        ("load_a_ar_beats", 7),
        ("w2e_write", 4 * rows),
        ("w2e_lines", 4 * line_bits(config) * rows),
        ("w2e_data", BEAT * rows),
        ("w2e_tag", tag_bits(config)),
        ("w2e_tags", 2 * tag_bits(config)),
        ("table_write", 1),
        ("table_entry", 5),
        ("table_values", SEGMENTS * OFFSET * rows),
    ] {
        text.output(name, bits);
    }
    text.assign("load_a_fault_address", "load_a_memory_fault_address");
    text.value("start", 1, "load_a_start & load_a_go");
    text.wire("halted", 1);
    take(&mut text, config);
    stripes(&mut text);
    ask(&mut text, in_order);
    steps(&mut text, config);
    banks(&mut text, config);
    table(&mut text, config);
    text.finish()
}

/// The kept instructions, the load, and the numbers that follow from them.
fn take(text: &mut Wiring, config: &ArrayConfig) {
    let kept = ["GEOMETRY", "OPERANDS", "LD.A"];
    let names = ["geometry", "operands", "load"];
    for (name, mnemonic) in names.iter().zip(kept) {
        let is = isa_bits::is("load_a_word", mnemonic);
        text.value(&format!("is_{name}"), 1, &format!("load_a_valid & {is}"));
        text.wire(&format!("taken_{name}"), 256);
        text.instance(
            "load_a_taken",
            &format!("keeper_{name}"),
            &[],
            &[
                own("clock"),
                ("is_there", format!("is_{name}")),
                ("ready", "load_a_ready".into()),
                ("word", "load_a_word".into()),
                ("taken", format!("taken_{name}")),
            ],
        );
        text.value(&format!("unused_{name}"), 1, &format!("&taken_{name}"));
    }
    for wire in ["takes", "decodes", "refused", "decoded", "illegal", "gives", "pushes"] {
        text.wire(wire, 1);
    }
    text.wire("place", 6);
    text.wire("value", 32);
    text.instance(
        "load_a_take",
        "taker",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("geometry", "is_geometry".into()),
            ("operands", "is_operands".into()),
            ("load", "is_load".into()),
            own("start"),
            own("decodes"),
            own("refused"),
            ("ready", "load_a_ready".into()),
            own("takes"),
            own("decoded"),
            own("illegal"),
        ],
    );
    // All that the steps read, 32 bits each.
    text.wire("fields", 1024);
    let mut fields: Vec<String> = program::given()
        .into_iter()
        .map(|given| match given {
            program::Given::ArrayRows => format!("32'd{}", config.rows),
            program::Given::HalfWords => format!("32'd{}", config.w2e_words_per_row / 2),
            program::Given::Field(mnemonic, name) => {
                let at = kept.iter().position(|&known| known == mnemonic).unwrap_or_default();
                let bits = isa_bits::bits(mnemonic, name);
                let field = isa_bits::field(&format!("taken_{}", names[at]), mnemonic, name);
                if bits == 32 { field } else { format!("{{{}'d0, {field}}}", 32 - bits) }
            }
        })
        .collect();
    fields.resize(32, "32'd0".into());
    text.gather("fields", fields.into_iter());
    text.instance(
        "load_a_reckoner",
        "reckoner",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("start", "takes".into()),
            own("fields"),
            own("gives"),
            own("place"),
            own("value"),
            own("pushes"),
            ("busy", "decodes".into()),
            own("refused"),
        ],
    );
}

/// The first bit of a number of a stripe.
fn first_bit(name: &str) -> usize {
    let before = STRIPE.iter().take_while(|(known, _)| *known != name);
    before.map(|(_, bits)| bits).sum()
}

/// A number of the stripe on a bus.
fn number(bus: &str, name: &str) -> String {
    let (low, bits) = (first_bit(name), bits_of(name));
    if bits == 1 { format!("{bus}[{low}]") } else { format!("{bus}[{}:{low}]", low + bits - 1) }
}

/// The lowest two bits of one.
fn lowest_two(bus: &str, name: &str) -> String {
    let low = first_bit(name);
    format!("{bus}[{}:{low}]", low + 1)
}

fn bits_of(name: &str) -> usize {
    let found = STRIPE.iter().chain(TABLE).find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("a load has no {name}")).1
}

/// A number that was given last. What the table of offsets is made of stays until the load has started.
fn given(name: &str) -> String {
    match bits_of(name) {
        32 => format!("given_{name}"),
        1 => format!("given_{name}[0]"),
        bits => format!("given_{name}[{}:0]", bits - 1),
    }
}

/// The stripes that have been decoded, and those whose beats have not come.
fn stripes(text: &mut Wiring) {
    let bits = STRIPE.iter().map(|(_, bits)| bits).sum();
    for (place, (name, bits)) in STRIPE.iter().chain(TABLE).enumerate() {
        text.wire(&format!("given_{name}"), 32);
        text.instance(
            "load_a_given",
            &format!("keeper_{name}"),
            &[],
            &[
                own("clock"),
                own("gives"),
                own("place"),
                ("own", format!("6'd{place}")),
                own("value"),
                ("given", format!("given_{name}")),
            ],
        );
        if *bits < 32 {
            text.value(&format!("unused_{name}"), 1, &format!("&given_{name}"));
        }
    }
    text.wire("stripe", bits);
    text.gather("stripe", STRIPE.iter().map(|(name, _)| given(name)));
    for wire in ["stripe_taken", "stripe_leaves", "unused_decoded_room", "unused_job_room"] {
        text.wire(wire, 1);
    }
    for (name, push, data, pop, room) in [
        ("decoded_stripe", "pushes", "stripe", "stripe_taken", "unused_decoded_room"),
        ("job", "stripe_taken", "decoded_stripe_head", "stripe_leaves", "unused_job_room"),
    ] {
        fifo(text, &Fifo { name, bits, address: STRIPES_LOG2, push, data, pop, room });
    }
    text.value("unused_stripe", 2, "{decoded_stripe_holds, &{decoded_stripe_head, job_head}}");
}

/// The bursts of a load, and their beats in order.
fn ask(text: &mut Wiring, in_order: &str) {
    let head = |name| number("decoded_stripe_head", name);
    for (wire, bits) in [
        ("burst_beats", 7),
        ("burst_taken", 1),
        ("asks", 1),
        ("busy", 1),
        ("burst_address", 32),
        ("burst_left", 32),
        ("last_run", 1),
        ("ends", 1),
    ] {
        text.wire(wire, bits);
    }
    text.instance(
        "load_runs_end",
        "ender",
        &[],
        &[
            ("taken", "burst_taken".into()),
            own("last_run"),
            ("left", "burst_left".into()),
            ("beats", "burst_beats".into()),
            own("ends"),
        ],
    );
    text.instance(
        "load_a_stripes",
        "stripes",
        &[],
        &[
            own("clock"),
            ("reset", "reset | halted".into()),
            own("start"),
            ("is_last", head("is_last")),
            own("asks"),
            own("ends"),
            ("takes", "stripe_taken".into()),
            own("busy"),
        ],
    );
    text.instance(
        "load_runs",
        "asker",
        &[],
        &[
            own("clock"),
            ("reset", "reset | halted".into()),
            ("start", "stripe_taken".into()),
            ("first", format!("{{{}, {}}}", head("first_beat"), head("lead"))),
            ("length", format!("{{2'd0, {}}}", head("length"))),
            ("runs", head("runs")),
            ("stride", format!("{{2'd0, {}}}", head("stride"))),
            ("lines", head("ask_lines")),
            ("line_stride", format!("{{2'd0, {}}}", head("line_stride"))),
            ("burst", "burst_beats".into()),
            ("taken", "burst_taken".into()),
            ("busy", "asks".into()),
            ("address", "burst_address".into()),
            ("left", "burst_left".into()),
            own("last_run"),
        ],
    );
    text.instance(
        "load_burst",
        "burst",
        &[],
        &[
            ("in_page", "burst_address[5:0]".into()),
            ("left", "burst_left".into()),
            ("beats", "burst_beats".into()),
        ],
    );
    text.instance(
        "load_start",
        "starts",
        &[],
        &[own("decoded"), own("busy"), own("halted"), ("can", "load_a_start".into())],
    );
    for (wire, bits) in [
        ("beat_valid", 1),
        ("beat_ready", 1),
        ("unused_beat_last", 1),
        ("beat_error", 1),
        ("beat_data", BEAT),
        ("idle", 1),
    ] {
        text.wire(wire, bits);
    }
    text.instance(
        in_order,
        "client",
        &[],
        &[
            own("clock"),
            own("reset"),
            ("request_valid", "asks".into()),
            ("request_address", "burst_address".into()),
            ("request_beats", "burst_beats".into()),
            ("request_ready", "burst_taken".into()),
            ("ar_valid", "load_a_ar_valid".into()),
            ("ar_address", "load_a_ar_address".into()),
            ("ar_beats", "load_a_ar_beats".into()),
            ("ar_ready", "load_a_ar_ready".into()),
            ("r_valid", "load_a_r_valid".into()),
            own("r_data"),
            own("r_error"),
            own("beat_valid"),
            own("beat_ready"),
            ("beat_last", "unused_beat_last".into()),
            own("beat_error"),
            own("beat_data"),
            own("idle"),
        ],
    );
    text.wire("failed", 1);
    text.wire("ending", 1);
    text.instance(
        "load_fault",
        "stopper",
        &[],
        &[
            own("clock"),
            own("reset"),
            own("illegal"),
            ("runs", "job_holds".into()),
            own("ending"),
            ("refused", "load_a_ar_refused".into()),
            own("idle"),
            own("failed"),
            ("fault", "load_a_fault".into()),
            ("axi", "load_a_fault_axi".into()),
            own("halted"),
        ],
    );
}

fn steps(text: &mut Wiring, config: &ArrayConfig) {
    let head = |name| number("job_head", name);
    for (wire, bits) in [
        ("ended", 1),
        ("clears_1", 1),
        ("scatters_1", 1),
        ("part_1", 2),
        ("mask_1", 4),
        ("line_at_1", 16),
        ("pixel_at_1", 24),
        ("word_at_1", 24),
        ("half_1", 1),
        ("tag_1", LINE),
        ("lower_tag", LINE),
        ("upper_tag", LINE),
    ] {
        text.wire(wire, bits);
    }
    text.wire("may", 1);
    let mut connections = vec![
        own("clock"),
        own("reset"),
        own("may"),
        ("beat", "beat_valid".into()),
        ("error", "beat_error".into()),
        ("holds", "job_holds".into()),
        ("ready", "beat_ready".into()),
        ("leaves", "stripe_leaves".into()),
        own("ended"),
        own("failed"),
        ("clears", "clears_1".into()),
        ("shares_beat", head("packed")),
        ("parts", format!("2'd{}", 8_usize.div_ceil(config.rows) - 1)),
        ("scattered", "scatters_1".into()),
        ("part", "part_1".into()),
        ("mask", "mask_1".into()),
        ("line_at", "line_at_1".into()),
        ("pixel_at", "pixel_at_1".into()),
        ("word_at", "word_at_1".into()),
        ("half", "half_1".into()),
        ("tag", "tag_1".into()),
        own("lower_tag"),
        own("upper_tag"),
    ];
    for name in
        ["is_first", "is_last", "lines", "pixels", "words", "at", "line_words", "pixel", "scatters"]
    {
        connections.push((name, head(name)));
    }
    for name in ["pixel_step", "lead", "line_lead", "pixel_lead"] {
        let value = match name {
            "line_lead" => lowest_two("job_head", "line_stride"),
            "pixel_lead" => lowest_two("job_head", "stride"),
            name => head(name),
        };
        connections.push((name, value));
    }
    text.instance("load_a_steps", "steps", &[], &connections);
    let tags = tag_bits(config);
    text.assign("w2e_tags", &format!("{{upper_tag[{0}:0], lower_tag[{0}:0]}}", tags - 1));
    if tags < LINE {
        let above = |tag: &str| format!("{tag}[{}:{tags}]", LINE - 1);
        let unused = format!("&{{{}, {}}}", above("upper_tag"), above("lower_tag"));
        text.value("unused_tags", 1, &unused);
    }
    // The end is said when all is written; until then nothing is at fault.
    let ends = 1..ACTIVATION_WRITE_CYCLES;
    text.value("end_1", 1, "ended");
    for cycle in ends.clone().skip(1) {
        text.delayed(&format!("end_{cycle}"), 1, 1, &format!("end_{}", cycle - 1), "reset");
    }
    text.assign("load_a_end", &format!("end_{}", ACTIVATION_WRITE_CYCLES - 1));
    let under_way: Vec<String> =
        ends.take(ACTIVATION_WRITE_CYCLES - 2).map(|cycle| format!("end_{cycle}")).collect();
    text.assign("ending", &under_way.join(" | "));
}

/// What each row bank gets.
fn banks(text: &mut Wiring, config: &ArrayConfig) {
    let mut connections = vec![own("clock")];
    // The stripe of a step goes with it.
    for (port, name, cycle) in [
        ("row_first_1", "row_first", 1),
        ("row_end_1", "row_end", 1),
        ("skipped_1", "skipped", 1),
        ("patch_words_2", "patch_words", 2),
        ("share_2", "share", 2),
        ("streams_3", "streams", 3),
        ("packed_3", "packed", 3),
        ("line_words_3", "line_words", 3),
        ("lane_3", "lane", 3),
        ("group_log2_3", "group_log2", 3),
    ] {
        text.delayed(port, bits_of(name), cycle, &number("job_head", name), NEVER);
        connections.push(own(port));
    }
    for (port, from, bits, cycles) in [
        ("mask_3", "mask_1", 4, 2),
        ("at_3", "line_at_1", 16, 2),
        ("pixel_3", "pixel_at_1", 24, 2),
        ("word_3", "word_at_1", 24, 2),
        ("beat_4", "beat_data", BEAT, 4),
        ("clear_4", "clears_1", 1, 3),
        ("clear_line_4", "tag_1", LINE, 3),
    ] {
        text.delayed(port, bits, cycles, from, NEVER);
        connections.push(own(port));
    }
    text.delayed("scatters_4", 1, 3, "scatters_1", NEVER);
    connections.push(own("scatters_4"));
    scatter::steps(text, config);
    text.delayed("half_5", 1, 4, "half_1", NEVER);
    let tags = tag_bits(config);
    text.delayed("tag_5", tags, 4, &format!("tag_1[{}:0]", tags - 1), NEVER);
    text.assign("w2e_tag", "tag_5");
    let lines = line_bits(config);
    for r in 0..config.rows {
        text.wire(&format!("write_{r}"), 4);
        text.wire(&format!("lines_{r}"), 4 * LINE);
        text.wire(&format!("data_{r}"), BEAT);
        scatter::row(text, config, r);
        let mut own_connections = connections.clone();
        own_connections.extend([
            ("scattered_write_4", format!("scattered_write_{r}")),
            ("scattered_lines_4", format!("scattered_lines_{r}")),
            ("scattered_4", format!("scattered_{r}")),
            ("row", format!("6'd{r}")),
            ("write", format!("write_{r}")),
            ("lines", format!("lines_{r}")),
            ("data", format!("data_{r}")),
        ]);
        text.instance("load_a_row", &format!("bank_{r}"), &[], &own_connections);
        text.value(&format!("unused_lines_{r}"), 1, &format!("&lines_{r}"));
    }
    text.gather("w2e_write", (0..config.rows).map(|r| format!("write_{r}")));
    text.gather("w2e_data", (0..config.rows).map(|r| format!("data_{r}")));
    let line = |r: usize, b: usize| {
        format!("{{half_5, lines_{r}[{}:{}]}}", b * LINE + lines - 2, b * LINE)
    };
    text.gather("w2e_lines", (0..4 * config.rows).map(|at| line(at / 4, at % 4)));
}

/// The offsets of the outputs.
fn table(text: &mut Wiring, config: &ArrayConfig) {
    for (wire, bits) in [
        ("offset", OFFSET),
        ("offset_write", 1),
        ("offset_entry", 5),
        ("by_taps", 1),
        ("tap_gives", 1),
        ("tap_all", 1),
        ("tap_row", 5),
        ("tap_offsets", SEGMENTS * OFFSET),
        ("tap_write", 1),
        ("tap_entry", 5),
    ] {
        text.wire(wire, bits);
    }
    text.instance(
        "load_a_table",
        "offsets",
        &[],
        &[
            own("clock"),
            own("reset"),
            own("start"),
            ("across", given("across")),
            ("down", given("down")),
            ("width", given("patch_width")),
            ("write", "offset_write".into()),
            ("entry", "offset_entry".into()),
            own("offset"),
        ],
    );
    let segments = |name: &str, bits: usize| {
        let of = |k| format!("{{{}'h0, {}}}", OFFSET - bits, given(&format!("{name}_{k}")));
        let of = |k| if bits == OFFSET { given(&format!("{name}_{k}")) } else { of(k) };
        format!("{{{OFFSET}'h0, {}, {}, {}}}", of(2), of(1), of(0))
    };
    // So that a load does not end before its offsets are there.
    let least = ACTIVATION_TABLE_CYCLES - ACTIVATION_WRITE_CYCLES - 1;
    let mut connections = vec![
        own("clock"),
        own("reset"),
        own("start"),
        ("half", "offset_entry[4]".into()),
        ("by_taps", format!("{} & {}", given("scatters"), given("by_taps"))),
        ("narrow", given("narrow")),
        ("rows", given("weight_rows")),
        ("last_row", format!("5'd{}", config.rows - 1)),
        ("run_words", given("patch_words")),
        ("widths", segments("width", 16)),
        ("begins", segments("begin", OFFSET)),
        ("least", format!("9'd{least}")),
        own("may"),
        ("own", "by_taps".into()),
        ("gives", "tap_gives".into()),
        ("all", "tap_all".into()),
        ("row", "tap_row".into()),
        ("offsets", "tap_offsets".into()),
        ("write", "tap_write".into()),
        ("entry", "tap_entry".into()),
    ];
    for name in ["tap_h", "tap_w", "kernel_h", "kernel_w"] {
        connections.push((name, given(name)));
    }
    text.instance("load_a_taps", "taps", &[], &connections);
    text.assign("table_write", "by_taps ? tap_write : offset_write");
    text.assign("table_entry", "by_taps ? tap_entry : offset_entry");
    let head = |name| number("decoded_stripe_head", name);
    for r in 0..config.rows {
        let mut connections = vec![
            own("clock"),
            own("start"),
            ("row", format!("6'd{r}")),
            ("offsets", format!("{{{SEGMENTS}{{offset}}}}")),
            own("by_taps"),
            ("gives", "tap_gives".into()),
            ("all", "tap_all".into()),
            ("gives_row", "tap_row".into()),
            ("given", "tap_offsets".into()),
            ("values", part("table_values", r, SEGMENTS * OFFSET)),
        ];
        for name in ["streams", "skipped", "share", "lane", "group_log2"] {
            connections.push((name, head(name)));
        }
        text.instance("load_a_lane", &format!("own_lane_{r}"), &[], &connections);
    }
}
