//! How the shell is wired.

use super::geometry::{GEOMETRY_CYCLES, geometry};
use super::{BLOCK, BLOCK_AND_WRITES, PAGE_BEATS, lanes};
use crate::emit::{Design, Direction, Module, NEVER, Wiring, part, side_by_side};
use crate::front::name_of;
use satkit_spec::isa::{self, Engine};
use satkit_spec::{
    ArrayConfig, PANEL_CHANNELS, PANEL_LATENCY_CYCLES, PANEL_STEP_CYCLES, UPDATE_BUFFER_CYCLES,
    UPDATE_DECODE_CYCLES, VECTOR_DECODE_CYCLES, VECTOR_LATENCY_CYCLES,
};

const DATA: usize = 512;
const ADDRESS: usize = 32;
/// Streams in a direction, of which VE has one less.
const STREAMS: usize = 4;
/// The stream with the numbers of an update, which is read with its first block.
const NUMBERS: usize = 3;
/// The same of rows, in VE.
const ROW_NUMBERS: usize = 2;
/// Bits of the beats of a stream that belong to a block.
const PORTION: usize = 9;

/// Where a panel lies, and what is made of it ([`super::PanelWalk`]).
const PLACES: [(&str, usize); 13] = [
    ("base", 32),
    ("base_short", 32),
    ("short_from", 6),
    ("over", 32),
    ("row", 32),
    ("rows", 6),
    ("cols", 6),
    ("ff", 32),
    ("bp", 32),
    ("ff_beats", 7),
    ("bp_beats", 7),
    ("ff_slots", 6),
    ("bp_slots", 6),
];
/// What of it only the lanes look at.
const OF_LANES: [&str; 3] = ["cols", "ff_slots", "bp_slots"];

fn own(name: &str) -> (&str, String) {
    (name, name.to_owned())
}

fn constant(bits: usize, value: usize) -> String {
    format!("{bits}'h{value:x}")
}

/// Opcode of an instruction.
fn opcode(mnemonic: &str) -> usize {
    row(mnemonic).0
}

/// Opcode and fields of an instruction.
fn row(mnemonic: &str) -> (usize, Vec<isa::Field>) {
    let mut rows = isa::reference();
    let row = rows.find(|row| row.0 == mnemonic).expect("a mnemonic of the table");
    (row.1.into(), row.3)
}

/// A field of an instruction's word that is on wire `word`.
fn field(mnemonic: &str, name: &str, word: &str) -> String {
    let fields = row(mnemonic).1;
    let field = fields.iter().find(|field| field.name == name).expect("a field of the table");
    if field.width == 1 {
        return format!("{word}[{}]", field.lsb);
    }
    format!("{word}[{}:{}]", field.lsb + field.width - 1, field.lsb)
}

/// The kept instructions that an engine's lanes are given, besides READS and WRITES.
fn given(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Update => &["WEIGHTS", "PARAMETERS"],
        _ => &["SHAPE", "TENSORS", "PARAMETERS"],
    }
}

/// Streams that an engine's lanes have in a direction.
const fn lane_streams(engine: Engine) -> usize {
    if matches!(engine, Engine::Update) { STREAMS } else { STREAMS - 1 }
}

/// The module of an engine whose buffers hold `capacity` beats.
pub(super) fn shell(config: &ArrayConfig, engine: Engine, capacity: usize) -> Module {
    let of = |signal: &str| format!("{}_{signal}", name_of(engine));
    let mut text = Wiring::new(&of("stream"));
    ports(&mut text, config, engine);
    text.value("clear", 1, "reset | flush");
    taken(&mut text, config, engine);
    decoded(&mut text, config, engine);
    blocks(&mut text, engine);
    panels(&mut text, config, engine);
    reads(&mut text, config, engine, capacity);
    lane_beats(&mut text, config, engine);
    writes(&mut text, config, engine, capacity);
    text.finish()
}

fn ports(text: &mut Wiring, config: &ArrayConfig, engine: Engine) {
    let of = |signal: &str| format!("{}_{signal}", name_of(engine));
    let channels = config.dram_channels;
    for (name, bits) in [
        ("clock".to_owned(), 1),
        ("reset".into(), 1),
        ("flush".into(), 1),
        (of("valid"), 1),
        (of("word"), 256),
        (of("go"), 1),
        (of("ar_ready"), 1),
        (of("r_valid"), channels),
        ("r_data".into(), DATA * channels),
        (of("aw_ready"), 1),
        (of("w_pull"), channels),
        (of("b_valid"), channels),
        ("b_error".into(), channels),
        (of("memory_fault"), 1),
        (of("memory_fault_address"), 38),
        (of("refuse"), 1),
    ] {
        text.input(&name, bits);
    }
    if engine == Engine::Vector {
        text.input(&of("next_reduces"), 1);
        text.input(&of("next_tail_cycles"), 17);
        text.input(&of("next_by_rows"), 1);
        text.input(&of("wrong"), 1);
    }
    for (name, bits) in [
        ("ready", 1),
        ("start", 1),
        ("end", 1),
        ("fault", 1),
        ("fault_axi", 1),
        ("fault_address", 38),
        ("ar_valid", 1),
        ("ar_address", ADDRESS),
        ("ar_beats", 7),
        ("aw_valid", 1),
        ("aw_address", ADDRESS),
        ("aw_beats", 7),
        ("w_data", DATA * channels),
        ("w_strobe", DATA / 8 * channels),
        ("take", 1),
        ("first", 40),
        ("count", 7),
        ("last", 1),
        ("own", 256),
        ("next_own", 256),
        ("has_next_own", 1),
    ] {
        text.output(&of(name), bits);
    }
    for kind in given(engine).iter().map(|kind| kind.to_ascii_lowercase()) {
        text.output(&of(&kind), 256);
        text.output(&of(&format!("has_{kind}")), 1);
        text.output(&of(&format!("next_{kind}")), 256);
        text.output(&of(&format!("has_next_{kind}")), 1);
    }
    if engine == Engine::Vector {
        text.output("vector_next_reads", 256);
        text.output("vector_has_next_reads", 1);
    } else {
        text.output("update_starts", 1);
        text.output("update_panels", 1);
        for (place, bits) in PLACES {
            text.output(&format!("update_panel_{place}"), bits);
        }
        for kind in ["reads", "writes"] {
            text.output(&of(&format!("next_{kind}")), 256);
            text.output(&of(&format!("has_next_{kind}")), 1);
        }
    }
    for k in 0..lane_streams(engine) {
        text.output(&of(&format!("read_at_{k}")), 30);
        text.output(&of(&format!("write_at_{k}")), 30);
        text.input(&of(&format!("read_address_{k}")), ADDRESS);
        text.output(&of(&format!("read_data_{k}")), DATA);
        text.input(&of(&format!("write_{k}")), 1);
        text.input(&of(&format!("write_address_{k}")), ADDRESS);
        text.input(&of(&format!("write_data_{k}")), DATA);
    }
}

/// What is taken from the queue, and the life of an instruction.
fn taken(text: &mut Wiring, config: &ArrayConfig, engine: Engine) {
    let of = |signal: &str| format!("{}_{signal}", name_of(engine));
    let (own_kinds, decode_cycles): (&[&str], _) = match engine {
        Engine::Update => (&["WU", "SORE"], UPDATE_DECODE_CYCLES),
        _ => (&["VE"], VECTOR_DECODE_CYCLES),
    };
    let is = |kind: &str| format!("is_{}", kind.to_ascii_lowercase());
    let kept = ["READS", "WRITES"].iter().chain(given(engine));
    for kind in own_kinds.iter().chain(kept.clone()) {
        text.wire(&is(kind), 1);
        text.instance(
            "stream_kind",
            &format!("{}_kind", is(kind)),
            &[],
            &[
                ("opcode", part(&of("word"), 0, 8)),
                ("kind", constant(8, opcode(kind))),
                ("is", is(kind)),
            ],
        );
    }
    let is_own = own_kinds.iter().map(|kind| is(kind)).collect::<Vec<_>>().join(" | ");
    text.value("is_own", 1, &is_own);
    // The sequencer says that it goes, of a start that it hears of.
    text.wire_between_blocks("starts", 1);
    for wire in ["takes", "waits", "leaves", "fault"] {
        text.wire(wire, 1);
    }
    text.wire("step", 6);
    text.wire("decoded_count", 27);
    text.wire("block_count", 27);
    let stops = match engine {
        // What it reads may make no sense.
        Engine::Vector => "vector_memory_fault | vector_wrong".to_owned(),
        _ => of("memory_fault"),
    };
    let four = |vector: &str| {
        let absent = 4 - config.dram_channels;
        if absent == 0 { vector.to_owned() } else { format!("{{{absent}'h0, {vector}}}") }
    };
    text.instance(
        "stream_control",
        "control",
        &[],
        &[
            own("clock"),
            ("reset", "clear".into()),
            ("decode_steps", constant(6, decode_cycles - 1)),
            ("valid", of("valid")),
            ("own", "is_own".into()),
            ("ready", of("ready")),
            own("takes"),
            ("go", of("go")),
            ("start", "starts".into()),
            ("ends", of("end")),
            own("fault"),
            own("step"),
            own("waits"),
            ("refuse", of("refuse")),
            ("blocks", "block_count".into()),
            own("leaves"),
            ("responses", four(&of("b_valid"))),
            ("errors", four("b_error")),
            ("memory_fault", stops),
        ],
    );
    text.assign(&of("start"), "starts");
    text.assign(&of("fault"), "fault");
    text.assign(&of("fault_axi"), &of("memory_fault"));
    text.assign(&of("fault_address"), &of("memory_fault_address"));
    for kind in kept.chain(&["OWN"]) {
        let low = kind.to_ascii_lowercase();
        let names = [
            ("following", format!("next_{low}"), 256),
            ("has_following", format!("has_next_{low}"), 1),
            ("current", low.clone(), 256),
            ("has_current", format!("has_{low}"), 1),
        ];
        let is_port = |name: &str| {
            given(engine).contains(kind)
                || (*kind == "OWN" && name != "has_own" && name != "has_next_own")
        };
        let mut connections = vec![
            own("clock"),
            ("reset", "clear".to_owned()),
            ("takes", format!("takes & is_{low}")),
            ("word", of("word")),
            ("start", "starts".into()),
        ];
        for (port, name, bits) in &names {
            let name = if is_port(name) { of(name) } else { format!("kept_{name}") };
            if name.starts_with("kept_") {
                text.wire(&name, *bits);
            }
            connections.push((port, name));
        }
        text.instance("stream_kept", &format!("keep_{low}"), &[], &connections);
    }
    text.assign(&of("has_next_own"), "waits");
}

/// What READS, WRITES and the instruction say of its streams.
fn decoded(text: &mut Wiring, config: &ArrayConfig, engine: Engine) {
    let of = |signal: &str| format!("{}_{signal}", name_of(engine));
    let places = ["first", "second", "third"];
    if engine == Engine::Update {
        for now in ["", "next_"] {
            let splits = format!("{now}updates");
            text.wire(&splits, 1);
            text.instance(
                "stream_kind",
                &format!("{splits}_kind"),
                &[],
                &[
                    ("opcode", part(&of(&format!("{now}own")), 0, 8)),
                    ("kind", constant(8, opcode("WU"))),
                    ("is", splits.clone()),
                ],
            );
        }
    }
    for (direction, kind) in [("read", "READS"), ("write", "WRITES")] {
        let low = kind.to_ascii_lowercase();
        let (now, next) = (format!("kept_{low}"), format!("kept_next_{low}"));
        // The stream of the table at each of ours.
        let order: &[usize] = if engine == Engine::Update { &[0, 0, 1, 2] } else { &[0, 1, 2] };
        if engine == Engine::Update {
            text.assign(&of(&format!("next_{low}")), &next);
            text.assign(&of(&format!("has_next_{low}")), &format!("kept_has_next_{low}"));
            for (word, prefix) in [(&now, "now_"), (&next, "")] {
                for (wire, bits) in [("beats_0", 32), ("beats_1", 32), ("begin_1", 30)] {
                    text.wire(&format!("{prefix}{direction}_{wire}"), bits);
                }
                let wire = |what: &str| format!("{prefix}{direction}_{what}");
                text.instance(
                    "stream_halves",
                    &format!("{prefix}{direction}_halves"),
                    &[],
                    &[
                        (
                            "splits",
                            if prefix.is_empty() { "next_updates" } else { "updates" }.into(),
                        ),
                        ("address", field(kind, "first", word)),
                        ("beats", field(kind, "first_beats", word)),
                        ("first_beats", wire("beats_0")),
                        ("second_beats", wire("beats_1")),
                        ("second", wire("begin_1")),
                    ],
                );
            }
            let unused = format!("{{now_{direction}_beats_0, now_{direction}_beats_1}}");
            text.value(&format!("unused_{direction}_halves"), 64, &unused);
        } else if direction == "read" {
            text.assign("vector_next_reads", &next);
            text.assign("vector_has_next_reads", "kept_has_next_reads");
        }
        for (k, &place) in order.iter().enumerate() {
            let place = places[place];
            let is_second_half = engine == Engine::Update && k == 1;
            let begin = format!("{direction}_begin_{k}");
            let at = of(&format!("{direction}_at_{k}"));
            if is_second_half {
                text.assign(&at, &format!("now_{begin}"));
            } else {
                text.assign(&at, &field(kind, place, &now));
                text.value(&begin, 30, &field(kind, place, &next));
            }
            if engine == Engine::Vector || k > 1 {
                let beats = field(kind, &format!("{place}_beats"), &next);
                text.value(&format!("{direction}_beats_{k}"), 32, &beats);
            }
        }
        if engine == Engine::Vector {
            text.value(&format!("{direction}_begin_3"), 30, "30'h0");
        }
        let fields = row(kind).1;
        let begin = fields[0].lsb;
        let end = fields.last().map_or(begin, |field| field.lsb + field.width);
        let unused = [format!("kept_{low}"), format!("kept_next_{low}")].map(|word| {
            let beats = places.map(|place| field(kind, &format!("{place}_beats"), &word));
            let [a, b, c] = beats;
            format!("{word}[255:{end}], {word}[{}:0], {a}, {b}, {c}", begin - 1)
        });
        let bits = 2 * (256 - (end - begin) as usize + 3 * 32);
        text.value(&format!("unused_{low}"), bits, &format!("{{{}, {}}}", unused[0], unused[1]));
        let unused = format!("{{kept_has_{low}, kept_has_next_{low}}}");
        text.value(&format!("unused_has_{low}"), 2, &unused);
    }
    text.value("unused_has_own", 2, "{kept_has_own, kept_has_next_own}");
    let (own_kind, elements) =
        if engine == Engine::Update { ("WU", "parameters") } else { ("VE", "elements") };
    text.value("elements", 40, &field(own_kind, elements, &of("next_own")));
    text.wire("longest", 32);
    text.wire("block_end", 15);
    let mut connections = vec![own("clock"), own("step"), own("elements"), own("longest")];
    // The second half of a stream is no longer than the first, and the numbers of an update are one beat.
    let compared: [(&str, usize); 6] = match engine {
        Engine::Update => {
            [("read", 0), ("read", 2), ("write", 0), ("write", 2), ("write", 3), ("write", 1)]
        }
        _ => [("read", 0), ("read", 1), ("read", 2), ("write", 0), ("write", 1), ("write", 2)],
    };
    let numbered: Vec<(String, String)> = compared
        .iter()
        .enumerate()
        .map(|(at, (direction, k))| {
            // The numbers of rows are one beat, too.
            let masked = engine == Engine::Vector && (*direction, *k) == ("read", ROW_NUMBERS);
            let mask = if masked { " & {32{~vector_next_by_rows}}" } else { "" };
            (format!("beats_{at}"), format!("{direction}_beats_{k}{mask}"))
        })
        .collect();
    connections.extend(numbered.iter().map(|(port, wire)| (port.as_str(), wire.clone())));
    let least = constant(15, PAGE_BEATS / lanes(config, engine));
    connections.push((
        "least",
        match engine {
            Engine::Vector => {
                format!("vector_next_by_rows ? {} : {least}", constant(15, PAGE_BEATS))
            }
            _ => least,
        },
    ));
    connections.push(("blocks", "decoded_count".into()));
    connections.push(own("block_end"));
    text.instance("stream_decode", "decode", &[], &connections);
}

/// The blocks, one after another.
fn blocks(text: &mut Wiring, engine: Engine) {
    let reduces = if engine == Engine::Vector { "vector_next_reduces" } else { NEVER }.to_owned();
    let by_rows = if engine == Engine::Vector { "vector_next_by_rows" } else { NEVER };
    for wire in ["load", "parts_last", "parts_step"] {
        text.wire_between_blocks(wire, 1);
    }
    for (wire, bits) in [
        ("parts", 32),
        ("block_holds", 1),
        ("block_pop", 1),
        ("block_reads", STREAMS * PORTION),
        ("block_about", BLOCK_AND_WRITES),
        ("read_idle", 1),
    ] {
        text.wire(wire, bits);
    }
    for direction in ["read", "write"] {
        for k in 0..STREAMS {
            let wire = |what: &str| format!("{direction}_{what}_{k}");
            if k >= lane_streams(engine) {
                text.value(&wire("portion"), PORTION, &constant(PORTION, 0));
                continue;
            }
            if k == NUMBERS && direction == "read" {
                text.wire(&wire("portion"), PORTION);
                text.instance(
                    "stream_first",
                    "numbers_of_block",
                    &[],
                    &[
                        own("clock"),
                        own("load"),
                        ("beats", wire("beats")),
                        ("step", "parts_step".into()),
                        ("portion", wire("portion")),
                    ],
                );
                continue;
            }
            text.wire(&wire("quotient"), 7);
            text.wire(&wire("remainder"), 32);
            text.wire(&wire("portion"), PORTION);
            text.instance(
                "stream_share",
                &wire("share"),
                &[],
                &[
                    own("clock"),
                    own("step"),
                    ("beats", wire("beats")),
                    own("longest"),
                    ("quotient", wire("quotient")),
                    ("remainder", wire("remainder")),
                ],
            );
            text.instance(
                "stream_portion",
                &format!("{}_of_block", wire("portion")),
                &[],
                &[
                    own("clock"),
                    own("load"),
                    ("at_end", if direction == "write" { reduces.clone() } else { NEVER.into() }),
                    (
                        "at_start",
                        if (direction, k) == ("read", ROW_NUMBERS) { by_rows } else { NEVER }
                            .into(),
                    ),
                    ("beats", wire("beats")),
                    ("quotient", wire("quotient")),
                    ("remainder", wire("remainder")),
                    ("longest", "parts".into()),
                    ("last", "parts_last".into()),
                    ("step", "parts_step".into()),
                    ("portion", wire("portion")),
                ],
            );
        }
    }
    let portions =
        |direction: &str| side_by_side((0..STREAMS).map(|k| format!("{direction}_portion_{k}")));
    text.instance(
        "stream_blocks_of",
        "blocks",
        &[],
        &[
            own("clock"),
            ("reset", "clear".into()),
            own("step"),
            ("start", "starts".into()),
            ("count", "block_count".into()),
            own("longest"),
            ("idle", "read_idle".into()),
            own("load"),
            own("parts"),
            ("last", "parts_last".into()),
            ("steps", "parts_step".into()),
            ("reads", portions("read")),
            ("writes", portions("write")),
            ("holds", "block_holds".into()),
            ("pop", "block_pop".into()),
            own("block_reads"),
            ("about", "block_about".into()),
        ],
    );
}

/// The wires of a direction's bursts.
fn burst_wires(text: &mut Wiring, direction: &str, about: usize) {
    for (wire, bits) in
        [("valid", 1), ("asks", 1), ("stream", 2), ("closes", 1), ("about", about), ("taken", 1)]
    {
        text.wire(&format!("{direction}_{wire}"), bits);
    }
}

fn requests<'a>(direction: &str, source: [(&'a str, String); 5]) -> Vec<(&'a str, String)> {
    let wire = |what: &str| format!("{direction}_{what}");
    let begin = |k: usize| format!("{{2'h0, {direction}_begin_{k}}}");
    let mut connections = vec![
        ("clock", "clock".to_owned()),
        ("reset", "clear".into()),
        ("begin_0", begin(0)),
        ("begin_1", begin(1)),
        ("begin_2", begin(2)),
        ("begin_3", begin(3)),
        ("valid", wire("block_valid")),
        ("asks", wire("block_asks")),
        ("stream", wire("block_stream")),
        ("address", wire("block_address")),
        ("beats", wire("block_beats")),
        ("closes", wire("block_closes")),
        ("block_about", wire("block_about_out")),
        ("taken", format!("{direction}_taken & {direction}_block_valid")),
        ("idle", wire("block_idle")),
    ];
    connections.extend(source);
    connections
}

/// Goes through the panels of a layer.
fn walk(text: &mut Wiring, name: &str, (load, step): (&str, &str), to: &dyn Fn(&str) -> String) {
    let layer = |name| field("WEIGHTS", name, "update_next_weights");
    let mut connections = vec![
        own("clock"),
        ("load", load.to_owned()),
        ("ci", layer("ci")),
        ("co", layer("co")),
        ("step", step.to_owned()),
    ];
    let geometry = [
        "pitch",
        "full",
        "rest",
        "tile",
        "taps",
        "block",
        "tap",
        "short_tap",
        "short",
        "jump",
        "bp_taps",
    ];
    connections.extend(geometry.map(|name| (name, format!("next_{name}"))));
    connections.extend(PLACES.map(|(place, _)| (place, to(place))));
    text.instance("panel_walk", &format!("{name}_walk"), &[], &connections);
}

/// The bursts of a direction: of blocks, or of panels.
fn bursts(
    text: &mut Wiring,
    direction: &str,
    engine: Engine,
    of: &dyn Fn(&str) -> String,
    channel: &str,
    (pop, about, source): (&str, usize, [(&str, String); 5]),
) {
    let wire = |what: &str| format!("{direction}_{what}");
    let outputs = [
        ("valid", 1),
        ("stream", 2),
        ("address", ADDRESS),
        ("beats", 7),
        ("closes", 1),
        ("about_out", about),
        ("idle", 1),
        ("pop", 1),
    ];
    let kinds: &[&str] = if engine == Engine::Update { &["block", "panel"] } else { &["block"] };
    for kind in kinds {
        for (output, bits) in outputs {
            text.wire(&wire(&format!("{kind}_{output}")), bits);
        }
    }
    text.wire(&wire("block_asks"), 1);
    let connections = requests(direction, source);
    let kind = format!("stream_{direction}_requests");
    text.instance(&kind, &format!("{direction}_requests"), &[], &connections);
    let merged = [
        ("stream", wire("stream")),
        ("address", of(&format!("{channel}_address"))),
        ("beats", of(&format!("{channel}_beats"))),
        ("closes", wire("closes")),
        ("about_out", wire("about")),
    ];
    text.wire(&wire("place"), ADDRESS);
    let address = of(&format!("{channel}_address"));
    if engine != Engine::Update {
        for (output, to) in merged {
            text.assign(&to, &wire(&format!("block_{output}")));
        }
        text.assign(&wire("valid"), &wire("block_valid"));
        text.assign(&wire("asks"), &wire("block_asks"));
        text.assign(pop, &wire("block_pop"));
        text.assign(&wire("place"), &address);
        if direction == "read" {
            text.assign("read_idle", "read_block_idle");
        } else {
            text.value("unused_write_idle", 1, "write_block_idle");
        }
        return;
    }
    let panel = |what: &str| wire(&format!("panel_{what}"));
    text.wire(&panel("place"), 6);
    text.wire_between_blocks(&panel("step"), 1);
    for (place, bits) in PLACES {
        text.wire(&panel(place), bits);
        if OF_LANES.contains(&place) {
            text.value(&format!("unused_{}", panel(place)), bits, &panel(place));
        }
    }
    let reads = direction == "read";
    let load = if reads { "load" } else { "starts" };
    walk(text, direction, (load, &panel("step")), &|place| panel(place));
    let begin = |k: usize| format!("{{2'h0, {direction}_begin_{k}}}");
    let (parts, begins, streams) = if reads {
        (
            "{next_is_wu, 1'b0, next_is_wu, next_is_wu, 1'b1}",
            [begin(2), begin(3)],
            ["2'd2".to_owned(), "2'd3".to_owned()],
        )
    } else {
        (
            "{next_makes_bp, next_makes_ff, 1'b0, next_is_wu, next_is_wu}",
            [
                format!("next_is_wu ? {} : {}", begin(2), begin(0)),
                format!(
                    "next_is_wu ? (next_makes_ff ? {} : {}) : {}",
                    begin(3),
                    begin(2),
                    begin(0)
                ),
            ],
            [
                "next_is_wu ? 2'd2 : 2'd0".to_owned(),
                "next_is_wu ? (next_makes_ff ? 2'd3 : 2'd2) : 2'd0".to_owned(),
            ],
        )
    };
    let (holds, about_in) = if reads {
        ("block_holds & read_panels", "block_about".to_owned())
    } else {
        ("opened_holds & write_panels", format!("opened[{}:0]", BLOCK - 1))
    };
    let [begin_3, begin_4] = begins;
    let [stream_3, stream_4] = streams;
    let mut connections = vec![
        own("clock"),
        ("reset", "clear".into()),
        ("load", load.into()),
        ("parts", parts.into()),
        ("numbers", if reads { "1'b1" } else { "1'b0" }.into()),
        ("block_rows", "block_rows".into()),
        ("begin_0", begin(0)),
        ("begin_1", begin(1)),
        ("begin_2", begin(2)),
        ("begin_3", begin_3),
        ("begin_4", begin_4),
        ("ff_stream", stream_3),
        ("bp_stream", stream_4),
        ("step", panel("step")),
        ("holds", holds.into()),
        ("about", about_in),
        ("pop", panel("pop")),
        ("valid", panel("valid")),
        ("stream", panel("stream")),
        ("address", panel("address")),
        ("place", panel("place")),
        ("beats", panel("beats")),
        ("closes", panel("closes")),
        ("block_about", panel("about_out")),
        ("taken", format!("{direction}_taken & {direction}_panel_valid")),
        ("idle", panel("idle")),
    ];
    let runs = PLACES.into_iter().filter(|(place, _)| !OF_LANES.contains(place));
    connections.extend(runs.map(|(place, _)| (place, panel(place))));
    text.instance(
        &format!("panel_{direction}s"),
        &format!("{direction}_panel_runs"),
        &[],
        &connections,
    );
    for (output, to) in merged {
        let (block, panel) = (wire(&format!("block_{output}")), panel(output));
        text.assign(&to, &format!("{direction}_panel_valid ? {panel} : {block}"));
    }
    text.assign(&wire("valid"), &format!("{direction}_block_valid | {direction}_panel_valid"));
    text.assign(&wire("asks"), &format!("{direction}_block_asks | {direction}_panel_valid"));
    text.assign(pop, &format!("{direction}_block_pop | {direction}_panel_pop"));
    let place = format!("{{{address}[31:6], {direction}_panel_place}}");
    text.assign(&wire("place"), &format!("{direction}_panel_valid ? {place} : {address}"));
    if reads {
        text.assign("read_idle", "read_block_idle & read_panel_idle");
    } else {
        text.value("unused_write_idle", 2, "{write_block_idle, write_panel_idle}");
    }
}

/// Which instructions are taken panel by panel, and how many panels they have.
fn panels(text: &mut Wiring, config: &ArrayConfig, engine: Engine) {
    if engine != Engine::Update {
        text.value("read_panels", 1, NEVER);
        text.value("write_panels", 1, NEVER);
        text.assign("block_count", "decoded_count");
        return;
    }
    let (own, weights) = ("update_next_own", "update_next_weights");
    geometry(text, "next_", own, weights, "update_has_next_weights", config.rows);
    text.value("block_rows", 6, &format!("6'd{}", config.rows - 1));
    text.delayed(
        "panel_blocks",
        27,
        GEOMETRY_CYCLES,
        "{11'h0, next_ci_blocks} * {11'h0, next_co_blocks}",
        NEVER,
    );
    let count = "panel_blocks * {17'h0, next_taps}";
    text.delayed("panel_count", 27, GEOMETRY_CYCLES, count, NEVER);
    text.assign("block_count", "next_panels ? panel_count : decoded_count");
    let step = (PANEL_CHANNELS * PANEL_CHANNELS).div_ceil(config.wuve_lanes) + PANEL_STEP_CYCLES;
    text.value(
        "panel_end",
        15,
        &format!("(next_makes_ff & next_makes_bp) ? 15'd{} : 15'd{}", 3 * step - 1, 2 * step - 1),
    );
    for (name, when) in [("read_panels", "load"), ("write_panels", "starts")] {
        text.line(format_args!("reg {name};"));
        text.line(format_args!("initial {name} = 1'b0;"));
        text.line(format_args!("always @(posedge clock) if ({when}) {name} <= next_panels;"));
    }
    text.assign("update_starts", "starts");
    text.assign("update_panels", "write_panels");
}

/// What is read, into the rings.
fn reads(text: &mut Wiring, config: &ArrayConfig, engine: Engine, capacity: usize) {
    let of = |signal: &str| format!("{}_{signal}", name_of(engine));
    burst_wires(text, "read", BLOCK_AND_WRITES);
    let source = [
        ("load", "load".to_owned()),
        ("holds", "block_holds & ~read_panels".into()),
        ("portions", "block_reads".into()),
        ("about", "block_about".into()),
        ("pop", "read_block_pop".into()),
    ];
    bursts(text, "read", engine, &of, "ar", ("block_pop", BLOCK_AND_WRITES, source));
    text.wire_between_blocks("room", 1);
    text.wire("opens", 1);
    text.value("read_granted", 1, &format!("{} & {}", of("ar_valid"), of("ar_ready")));
    text.instance(
        "stream_reading",
        "reading",
        &[],
        &[
            own("clock"),
            ("reset", "clear".into()),
            ("start", "starts".into()),
            ("fault", "fault".into()),
            ("valid", "read_valid".into()),
            ("asks", "read_asks".into()),
            ("closes", "read_closes".into()),
            ("last", "read_about[0]".into()),
            own("room"),
            ("request", of("ar_valid")),
            ("granted", of("ar_ready")),
            ("taken", "read_taken".into()),
            own("opens"),
        ],
    );
    text.wire("moved", 13 * config.dram_channels);
    let mut connections = vec![
        own("clock"),
        ("reset", "clear".to_owned()),
        ("request_taken", "read_granted".into()),
        ("request_ring", "read_stream".into()),
        ("request_address", "read_place".into()),
        ("request_beats", of("ar_beats")),
        ("r_valid", of("r_valid")),
        own("r_data"),
        own("moved"),
    ];
    if engine == Engine::Vector {
        text.wire("unused_read_data", DATA);
    }
    let ports = [("address", "read_address", "32'h0"), ("data", "read_data", "unused_read_data")];
    let lanes = lane_ports(engine, &ports, &of);
    connections.extend(lanes.iter().map(|(port, wire)| (port.as_str(), wire.clone())));
    text.instance(&format!("read_rings_{capacity}"), "read_rings", &[], &connections);
}

/// The lanes' ports of rings, and what is connected to those of a stream that they have not.
fn lane_ports(
    engine: Engine,
    ports: &[(&str, &str, &str)],
    of: &dyn Fn(&str) -> String,
) -> Vec<(String, String)> {
    let each = ports.iter().flat_map(|(port, wire, absent)| {
        (0..STREAMS).map(move |k| {
            let here = k < lane_streams(engine);
            let wire = if here { of(&format!("{wire}_{k}")) } else { (*absent).to_owned() };
            (format!("lane_{port}_{k}"), wire)
        })
    });
    each.collect()
}

/// What the lanes take.
fn lane_beats(text: &mut Wiring, config: &ArrayConfig, engine: Engine) {
    let of = |signal: &str| format!("{}_{signal}", name_of(engine));
    let panels = engine == Engine::Update;
    let (tail, by_rows) = match engine {
        Engine::Vector => ("vector_next_tail_cycles", "vector_next_by_rows"),
        _ => ("17'h0", NEVER),
    };
    for wire in ["arrived", "lanes_begin", "lanes_done"] {
        text.wire(wire, 1);
    }
    if panels {
        walk(text, "lane", ("starts", "lanes_done"), &|place| of(&format!("panel_{place}")));
    }
    text.instance(
        "stream_pace",
        "pace",
        &[],
        &[
            own("clock"),
            ("reset", "clear".into()),
            ("lanes", constant(7, lanes(config, engine))),
            ("start", "starts".into()),
            own("elements"),
            ("blocks", "block_count".into()),
            (
                "block_end",
                if panels { "next_panels ? panel_end : block_end" } else { "block_end" }.into(),
            ),
            ("even", if panels { "next_panels" } else { NEVER }.into()),
            ("by_rows", by_rows.into()),
            ("tail", tail.into()),
            own("arrived"),
            ("begins", "lanes_begin".into()),
            ("done", "lanes_done".into()),
            ("take", of("take")),
            ("first", of("first")),
            ("count", of("count")),
            ("last", of("last")),
        ],
    );
}

/// What is written, out of the rings, and the blocks in the buffers.
fn writes(text: &mut Wiring, config: &ArrayConfig, engine: Engine, capacity: usize) {
    let of = |signal: &str| format!("{}_{signal}", name_of(engine));
    burst_wires(text, "write", BLOCK);
    for (wire, bits) in [
        ("opened_holds", 1),
        ("opened_pop", 1),
        ("opened", BLOCK_AND_WRITES),
        ("unused_opened_room", 1),
        ("closes", 1),
    ] {
        text.wire(wire, bits);
    }
    // All blocks but an instruction's last have a page at least.
    let places = (capacity / PAGE_BEATS + 2).next_power_of_two().ilog2() as usize;
    text.instance(
        "fifo_ram",
        "opened_fifo",
        &[("WIDTH", BLOCK_AND_WRITES), ("ADDRESS", places)],
        &[
            own("clock"),
            ("reset", "clear".into()),
            ("push", "opens".into()),
            ("data", "read_about".into()),
            ("pop", "opened_pop".into()),
            ("holds", "opened_holds".into()),
            ("room", "unused_opened_room".into()),
            ("head", "opened".into()),
        ],
    );
    let source = [
        ("load", "starts".to_owned()),
        ("holds", "opened_holds & ~write_panels".into()),
        ("portions", format!("opened[{}:{BLOCK}]", BLOCK_AND_WRITES - 1)),
        ("about", format!("opened[{}:0]", BLOCK - 1)),
        ("pop", "write_block_pop".into()),
    ];
    bursts(text, "write", engine, &of, "aw", ("opened_pop", BLOCK, source));
    text.value("unused_write_last", 1, "write_about[0]");
    latency(text, config, engine);
    text.value("write_granted", 1, &format!("{} & {}", of("aw_valid"), of("aw_ready")));
    text.instance(
        "stream_writing",
        "writing",
        &[],
        &[
            own("clock"),
            ("reset", "clear".into()),
            ("start", "starts".into()),
            ("fault", "fault".into()),
            ("done", "lanes_done".into()),
            own("latency"),
            ("valid", "write_valid".into()),
            ("asks", "write_asks".into()),
            ("last", "write_closes".into()),
            ("request", of("aw_valid")),
            ("granted", of("aw_ready")),
            ("taken", "write_taken".into()),
            own("closes"),
        ],
    );
    let mut connections = vec![
        own("clock"),
        ("reset", "clear".to_owned()),
        ("request_taken", "write_granted".into()),
        ("request_ring", "write_stream".into()),
        ("request_address", "write_place".into()),
        ("request_beats", of("aw_beats")),
        ("w_pull", of("w_pull")),
        ("w_data", of("w_data")),
    ];
    let ports = [
        ("write", "write", "1'h0"),
        ("address", "write_address", "32'h0"),
        ("data", "write_data", "512'h0"),
    ];
    let lanes = lane_ports(engine, &ports, &of);
    connections.extend(lanes.iter().map(|(port, wire)| (port.as_str(), wire.clone())));
    text.instance(&format!("write_rings_{capacity}"), "write_rings", &[], &connections);
    let strobes = DATA / 8 * config.dram_channels;
    text.assign(&of("w_strobe"), &format!("{{{strobes}{{1'b1}}}}"));
    text.instance(
        &format!("stream_blocks_{capacity}"),
        "buffers",
        &[],
        &[
            own("clock"),
            ("reset", "clear".into()),
            ("read_taken", "read_granted".into()),
            ("read_address", of("ar_address")),
            ("read_beats", of("ar_beats")),
            own("moved"),
            ("beats", format!("read_panels ? 13'd{capacity} : {{2'h0, read_about[11:1]}}")),
            own("opens"),
            ("lanes_take", "lanes_begin".into()),
            ("write_taken", "write_granted".into()),
            ("write_address", of("aw_address")),
            own("closes"),
            (
                "closed_beats",
                format!("write_panels ? 13'd{capacity} : {{2'h0, write_about[11:1]}}"),
            ),
            ("b_valid", of("b_valid")),
            own("room"),
            own("arrived"),
            own("leaves"),
        ],
    );
}

/// Cycles from a block's last elements to its first write.
fn latency(text: &mut Wiring, config: &ArrayConfig, engine: Engine) {
    text.wire("latency", 6);
    if engine == Engine::Vector {
        text.assign("latency", &constant(6, VECTOR_LATENCY_CYCLES - 1));
        return;
    }
    let of = |signal: &str| format!("{}_{signal}", name_of(engine));
    let makes = ["make_bp", "make_ff"].map(|name| field("WU", name, &of("own")));
    text.instance(
        "stream_latency",
        "latency_of",
        &[],
        &[
            own("updates"),
            ("makes", format!("{{{}, {}}}", makes[0], makes[1])),
            ("wuve", constant(6, config.wuve_latency_cycles + UPDATE_BUFFER_CYCLES - 1)),
            ("sore", constant(6, config.sore_latency_cycles + UPDATE_BUFFER_CYCLES - 1)),
            ("sore_only", constant(6, config.sore_latency_cycles)),
            ("panels", "write_panels".into()),
            ("panel", constant(6, PANEL_LATENCY_CYCLES - 1)),
            own("latency"),
        ],
    );
}

/// What the shell says to sequencer and ports to memory.
const OUTWARDS: [&str; 14] = [
    "ready",
    "start",
    "end",
    "fault",
    "fault_axi",
    "fault_address",
    "ar_valid",
    "ar_address",
    "ar_beats",
    "aw_valid",
    "aw_address",
    "aw_beats",
    "w_data",
    "w_strobe",
];

/// A shell with its lanes. What these want of others than the shell is a port of the engine.
pub(super) fn engine(name: &str, engine: Engine, shell: &Design, lanes: &Design) -> Module {
    let prefix = format!("{}_", name_of(engine));
    let mut text = Wiring::new(name);
    let lane_ports = lanes.ports();
    let is_lanes = |name: &str| {
        let own = name.strip_prefix(&prefix);
        own.is_some_and(|own| lane_ports.iter().any(|port| port.name == own))
    };
    let ports = shell.ports();
    let mut connections = Vec::new();
    for port in &ports {
        let own = port.name.strip_prefix(&prefix).unwrap_or(&port.name);
        let mut wire = port.name.clone();
        match port.direction {
            _ if is_lanes(&port.name) => text.wire(&port.name, port.width),
            Direction::Input => text.input(&port.name, port.width),
            Direction::Output if OUTWARDS.contains(&own) => text.output(&port.name, port.width),
            // Not all lanes look at everything.
            Direction::Output => {
                wire = format!("unused_{}", port.name);
                text.wire(&wire, port.width);
            }
        }
        connections.push((port.name.as_str(), wire));
    }
    text.instance(shell.top(), "shell", &[], &connections);
    for port in &lane_ports {
        let wire = format!("{prefix}{}", port.name);
        let own = ["clock", "reset"].contains(&port.name.as_str());
        if own || ports.iter().any(|port| port.name == wire) {
            continue;
        }
        match port.direction {
            Direction::Input => text.input(&wire, port.width),
            Direction::Output => text.output(&wire, port.width),
        }
    }
    let connections: Vec<_> = lane_ports
        .iter()
        .map(|port| match port.name.as_str() {
            "clock" => own("clock"),
            "reset" => ("reset", "reset | flush".into()),
            name => (name, format!("{prefix}{name}")),
        })
        .collect();
    text.instance(lanes.top(), "lanes", &[], &connections);
    text.finish()
}
