//! How the clients' FIFOs and banks are wired.

use super::W_DATA_CYCLES;
use super::wiring::{DATA, Fifo, PAGE_BITS, fifo};
use crate::emit::{Module, NEVER, Wiring, bit, part, side_by_side};

const ERROR_DATA: usize = DATA + 1;
/// Rings of an engine: its streams in a direction.
pub(super) const RINGS: usize = 4;
/// Bits of `Steer`'s word.
const WORD: usize = 10;
const COUNT: usize = 13;

fn bits_of(count: usize) -> usize {
    count.next_power_of_two().ilog2() as usize
}

/// Wires of ports as a vector of four, where there may be fewer.
fn four(channels: usize, of: impl Fn(usize) -> String) -> String {
    let absent = (channels < 4).then(|| format!("{}'h0", 4 - channels));
    side_by_side((0..channels).map(of).chain(absent).collect::<Vec<_>>().into_iter())
}

/// The master that serves an address in beats.
fn master(channels: usize, address: &str) -> Option<String> {
    match channels {
        1 => None,
        2 => Some(format!("{address}[{PAGE_BITS}]")),
        _ => Some(format!("{address}[{}:{PAGE_BITS}]", PAGE_BITS + channels.ilog2() as usize - 1)),
    }
}

/// Whether the master of an address is `p`.
fn is_master(channels: usize, address: &str, p: usize) -> String {
    let bits = channels.ilog2();
    master(channels, address).map_or("1'b1".into(), |master| format!("({master} == {bits}'d{p})"))
}

/// The module of an in-order client that may have `capacity` beats under way.
pub(super) fn in_order(name: &str, channels: usize, capacity: usize) -> Module {
    let mut text = Wiring::new(name);
    text.input("clock", 1);
    text.input("reset", 1);
    for (port, bits) in [("request_valid", 1), ("request_address", 32), ("request_beats", 7)] {
        text.input(port, bits);
    }
    text.output("request_ready", 1);
    for (port, bits) in [("ar_valid", 1), ("ar_address", 32), ("ar_beats", 7)] {
        text.output(port, bits);
    }
    text.input("ar_ready", 1);
    text.input("beat_ready", 1);
    text.input("r_valid", channels);
    text.input("r_data", DATA * channels);
    text.input("r_error", channels);
    for (port, bits) in
        [("beat_valid", 1), ("beat_last", 1), ("beat_error", 1), ("beat_data", DATA), ("idle", 1)]
    {
        text.output(port, bits);
    }
    text.assign("ar_address", "request_address");
    text.assign("ar_beats", "request_beats");
    text.assign("request_ready", "ar_ready");
    for (wire, bits) in [
        ("order_pop", 1),
        ("push", 4),
        ("pop", 4),
        ("master", 2),
        ("direct", 1),
        ("gives", 1),
        ("held", COUNT),
        ("unused_room", 1),
    ] {
        text.wire(wire, bits);
    }
    let number = master(channels, "request_address");
    let number = match channels.ilog2() {
        0 => "2'h0".to_owned(),
        1 => format!("{{1'h0, {}}}", number.unwrap_or_default()),
        _ => number.unwrap_or_default(),
    };
    fifo(
        &mut text,
        &Fifo {
            name: "order",
            bits: 9,
            address: bits_of(capacity),
            push: "ar_ready",
            data: &format!("{{{number}, request_beats}}"),
            pop: "order_pop",
            room: "unused_room",
        },
    );
    for p in 0..channels {
        text.wire(&format!("unused_room_{p}"), 1);
        let comes = format!("{{{}, {}}}", bit("r_error", channels, p), part("r_data", p, DATA));
        text.value(&format!("comes_{p}"), ERROR_DATA, &comes);
        fifo(
            &mut text,
            &Fifo {
                name: &format!("beats_{p}"),
                bits: ERROR_DATA,
                address: bits_of(capacity),
                push: &format!("push[{p}]"),
                data: &format!("comes_{p}"),
                pop: &format!("pop[{p}]"),
                room: &format!("unused_room_{p}"),
            },
        );
    }
    if channels < 4 {
        let unused = format!("{{push[3:{channels}], pop[3:{channels}]}}");
        text.value("unused_masters", 2 * (4 - channels), &unused);
    }
    text.instance(
        "dma_in_order",
        "control",
        &[],
        &[
            ("clock", "clock".into()),
            ("reset", "reset".into()),
            ("beats", "request_beats".into()),
            ("taken", "ar_ready".into()),
            ("held", "held".into()),
            ("order_holds", "order_holds".into()),
            ("order_head", "order_head".into()),
            ("order_pop", "order_pop".into()),
            ("comes", four(channels, |p| bit("r_valid", channels, p))),
            ("holds", four(channels, |p| format!("beats_{p}_holds"))),
            ("push", "push".into()),
            ("pop", "pop".into()),
            ("master", "master".into()),
            ("direct", "direct".into()),
            ("ready", "beat_ready".into()),
            ("gives", "gives".into()),
            ("given", "beat_valid".into()),
            ("given_last", "beat_last".into()),
            ("idle", "idle".into()),
        ],
    );
    text.instance(
        "dma_room",
        "room",
        &[],
        &[
            ("capacity", format!("{COUNT}'d{capacity}")),
            ("held", "held".into()),
            ("valid", "request_valid".into()),
            ("beats", "request_beats".into()),
            ("ask", "ar_valid".into()),
        ],
    );
    let of = |wire: &str, p: usize, rest: &str| {
        if p < channels { format!("{wire}_{p}{rest}") } else { format!("{ERROR_DATA}'h0") }
    };
    let comes = ["comes_0", "comes_1", "comes_2", "comes_3"];
    let holds = ["holds_0", "holds_1", "holds_2", "holds_3"];
    let mut connections = vec![
        ("clock", "clock".to_owned()),
        ("master", "master".into()),
        ("direct", "direct".into()),
        ("gives", "gives".into()),
        ("beat", "{beat_error, beat_data}".into()),
    ];
    for p in 0..4 {
        connections.push((comes[p], of("comes", p, "")));
        connections.push((holds[p], of("beats", p, "_head")));
    }
    text.instance("dma_give", "give", &[], &connections);
    text.finish()
}

/// Bits of a word of a bank, of rings of `capacity` beats.
fn word_bits(channels: usize, capacity: usize) -> usize {
    bits_of(capacity) - channels.ilog2() as usize
}

/// The word of a bank where the beat of an address lies: what is left of the address without the master's number.
fn word_of(channels: usize, capacity: usize, address: &str) -> String {
    let bits = word_bits(channels, capacity);
    if bits <= PAGE_BITS {
        return format!("{address}[{}:0]", bits - 1);
    }
    let page = PAGE_BITS + channels.ilog2() as usize;
    let high = page + bits - PAGE_BITS - 1;
    let high = if high == page {
        format!("{address}[{page}]")
    } else {
        format!("{address}[{high}:{page}]")
    };
    format!("{{{high}, {address}[{}:0]}}", PAGE_BITS - 1)
}

/// Which bits of an address no bank looks at.
fn unused_bits(text: &mut Wiring, channels: usize, capacity: usize, address: &str) {
    let used = channels.ilog2() as usize + word_bits(channels, capacity);
    text.value(&format!("unused_{address}"), 32 - used, &format!("{address}[31:{used}]"));
}

fn bank(text: &mut Wiring, name: &str, address: usize, write: [String; 3], read: [String; 2]) {
    let [write, write_address, write_data] = write;
    let [read_address, read_data] = read;
    text.instance(
        "block_ram",
        name,
        &[("WIDTH", DATA), ("ADDRESS", address)],
        &[
            ("clock", "clock".into()),
            ("write", write),
            ("write_address", write_address),
            ("write_data", write_data),
            ("read_address", read_address),
            ("read_data", read_data),
        ],
    );
}

/// The bursts that an engine has on each master, and where their next beats lie: `rings_p`, `word_p`, `moved_p`.
fn steers(text: &mut Wiring, channels: usize, capacity: usize, step: &str) {
    for (port, bits) in [
        ("request_taken", 1),
        ("request_ring", 2),
        ("request_address", 32),
        ("request_beats", 7),
        (step, channels),
    ] {
        text.input(port, bits);
    }
    text.value("less", 7, "request_beats - 7'd1");
    text.value("unused_less", 1, "less[6]");
    unused_bits(text, channels, capacity, "request_address");
    let bits = word_bits(channels, capacity);
    let word = word_of(channels, capacity, "request_address");
    let word = if bits < WORD { format!("{{{}'h0, {word}}}", WORD - bits) } else { word };
    text.value("request_word", WORD, &word);
    for p in 0..channels {
        for (wire, bits) in [("pop", 1), ("rings", RINGS), ("word", WORD), ("moved", COUNT)] {
            text.wire(&format!("{wire}_{p}"), bits);
        }
        text.wire(&format!("unused_room_{p}"), 1);
        text.value(&format!("unused_holds_{p}"), 1, &format!("steer_{p}_holds"));
        if bits < WORD {
            text.value(
                &format!("unused_word_{p}"),
                WORD - bits,
                &format!("word_{p}[{}:{bits}]", WORD - 1),
            );
        }
        let here = is_master(channels, "request_address", p);
        fifo(
            text,
            &Fifo {
                name: &format!("steer_{p}"),
                bits: 2 + WORD + PAGE_BITS,
                address: bits_of(capacity),
                push: &format!("request_taken & {here}"),
                data: "{request_ring, request_word, less[5:0]}",
                pop: &format!("pop_{p}"),
                room: &format!("unused_room_{p}"),
            },
        );
        text.instance(
            "dma_steer",
            &format!("steer_control_{p}"),
            &[],
            &[
                ("clock", "clock".into()),
                ("reset", "reset".into()),
                ("step", bit(step, channels, p)),
                ("head", format!("steer_{p}_head")),
                ("pop", format!("pop_{p}")),
                ("rings", format!("rings_{p}")),
                ("word", format!("word_{p}")),
                ("moved", format!("moved_{p}")),
            ],
        );
    }
}

/// The module that keeps what a stream engine reads.
pub(super) fn read_rings(name: &str, channels: usize, capacity: usize) -> Module {
    let mut text = Wiring::new(name);
    text.input("clock", 1);
    text.input("reset", 1);
    steers(&mut text, channels, capacity, "r_valid");
    text.input("r_data", DATA * channels);
    text.output("moved", COUNT * channels);
    text.gather("moved", (0..channels).map(|p| format!("moved_{p}")));
    let bits = word_bits(channels, capacity);
    for ring in 0..RINGS {
        let (address, data) = (format!("lane_address_{ring}"), format!("lane_data_{ring}"));
        text.input(&address, 32);
        text.output(&data, DATA);
        unused_bits(&mut text, channels, capacity, &address);
        for p in 0..channels {
            text.wire(&format!("read_{ring}_{p}"), DATA);
            bank(
                &mut text,
                &format!("bank_{ring}_{p}"),
                bits,
                [
                    format!("rings_{p}[{ring}]"),
                    format!("word_{p}[{}:0]", bits - 1),
                    part("r_data", p, DATA),
                ],
                [word_of(channels, capacity, &address), format!("read_{ring}_{p}")],
            );
        }
        let chosen = match master(channels, &address) {
            None => format!("read_{ring}_0"),
            Some(master) => {
                let width = channels.ilog2() as usize;
                text.delayed(&format!("master_{ring}"), width, 1, &master, NEVER);
                let each = (0..channels).map(|p| {
                    format!("(read_{ring}_{p} & {{{DATA}{{master_{ring} == {width}'d{p}}}}})")
                });
                each.collect::<Vec<_>>().join(" | ")
            }
        };
        text.delayed(&format!("chosen_{ring}"), DATA, 1, &chosen, NEVER);
        text.assign(&data, &format!("chosen_{ring}"));
    }
    text.finish()
}

/// The module that keeps what a stream engine writes.
pub(super) fn write_rings(name: &str, channels: usize, capacity: usize) -> Module {
    let mut text = Wiring::new(name);
    text.input("clock", 1);
    text.input("reset", 1);
    steers(&mut text, channels, capacity, "w_pull");
    text.output("w_data", DATA * channels);
    let unused = (0..channels).map(|p| format!("moved_{p}"));
    text.value("unused_moved", COUNT * channels, &side_by_side(unused));
    let bits = word_bits(channels, capacity);
    for ring in 0..RINGS {
        let own = |what: &str| format!("lane_{what}_{ring}");
        text.input(&own("write"), 1);
        text.input(&own("address"), 32);
        text.input(&own("data"), DATA);
        unused_bits(&mut text, channels, capacity, &own("address"));
        for p in 0..channels {
            text.wire(&format!("read_{ring}_{p}"), DATA);
            let here = is_master(channels, &own("address"), p);
            bank(
                &mut text,
                &format!("bank_{ring}_{p}"),
                bits,
                [
                    format!("{} & {here}", own("write")),
                    word_of(channels, capacity, &own("address")),
                    own("data"),
                ],
                [format!("word_{p}[{}:0]", bits - 1), format!("read_{ring}_{p}")],
            );
        }
    }
    for p in 0..channels {
        text.delayed(&format!("ring_{p}"), RINGS, 1, &format!("rings_{p}"), NEVER);
        let each =
            (0..RINGS).map(|ring| format!("(read_{ring}_{p} & {{{DATA}{{ring_{p}[{ring}]}}}})"));
        let each = each.collect::<Vec<_>>().join(" | ");
        text.delayed(&format!("pulled_{p}"), DATA, W_DATA_CYCLES - 1, &each, NEVER);
        text.assign(&part("w_data", p, DATA), &format!("pulled_{p}"));
    }
    text.finish()
}

/// The module that knows an engine's blocks.
pub(super) fn blocks(name: &str, channels: usize, capacity: usize) -> Module {
    let mut text = Wiring::new(name);
    for (port, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("read_taken", 1),
        ("read_address", 32),
        ("read_beats", 7),
        ("moved", COUNT * channels),
        ("beats", COUNT),
        ("opens", 1),
        ("lanes_take", 1),
        ("write_taken", 1),
        ("write_address", 32),
        ("closes", 1),
        ("closed_beats", COUNT),
        ("b_valid", channels),
    ] {
        text.input(port, bits);
    }
    text.output("room", 1);
    text.output("arrived", 1);
    text.output("leaves", 1);
    let absent = 4 - channels;
    let wide = |vector: &str| {
        if absent == 0 { vector.to_owned() } else { format!("{{{}'h0, {vector}}}", COUNT * absent) }
    };
    for (asked, count) in [("read", "read_beats"), ("write", "7'd1")] {
        let address = format!("{asked}_address");
        let low = [0, PAGE_BITS][usize::from(channels > 1)];
        let high = low + channels.ilog2() as usize;
        text.value(&format!("unused_{address}_high"), 32 - high, &format!("{address}[31:{high}]"));
        if low > 0 {
            text.value(&format!("unused_{address}_low"), low, &format!("{address}[{}:0]", low - 1));
        }
        text.wire(&format!("{asked}_total"), 4 * COUNT);
        text.instance(
            "dma_asked",
            &format!("{asked}_asked"),
            &[],
            &[
                ("clock", "clock".into()),
                ("reset", "reset".into()),
                (
                    "masters",
                    four(channels, |p| {
                        format!("({asked}_taken & {})", is_master(channels, &address, p))
                    }),
                ),
                ("count", count.into()),
                ("total", format!("{asked}_total")),
            ],
        );
    }
    text.wire("unused_read_room", 1);
    text.wire("unused_written_room", 1);
    text.wire_between_blocks("written_pop", 1);
    text.assign("leaves", "written_pop");
    fifo(
        &mut text,
        &Fifo {
            name: "read",
            bits: 4 * COUNT,
            address: bits_of(capacity),
            push: "opens",
            data: "read_total",
            pop: "lanes_take",
            room: "unused_read_room",
        },
    );
    fifo(
        &mut text,
        &Fifo {
            name: "written",
            bits: 5 * COUNT,
            address: bits_of(capacity),
            push: "closes",
            data: "{closed_beats, write_total}",
            pop: "written_pop",
            room: "unused_written_room",
        },
    );
    text.instance(
        "dma_book",
        "book",
        &[],
        &[
            ("clock", "clock".into()),
            ("reset", "reset".into()),
            ("capacity", format!("{COUNT}'d{capacity}")),
            ("beats", "beats".into()),
            ("room", "room".into()),
            ("opens", "opens".into()),
            ("read_holds", "read_holds".into()),
            ("read_head", "read_head".into()),
            ("moved", wide("moved")),
            ("arrived", "arrived".into()),
            ("written_holds", "written_holds".into()),
            ("written_head", "written_head".into()),
            ("written_pop", "written_pop".into()),
            ("responses", four(channels, |p| bit("b_valid", channels, p))),
        ],
    );
    text.finish()
}
