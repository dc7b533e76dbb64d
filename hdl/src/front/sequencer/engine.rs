//! What the sequencer has for each engine, and the semaphores between them.

use super::{Engines, INDEX_BITS, SEMAPHORES, constant, of, own};
use crate::emit::{Wiring, part, side_by_side};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, OPCODE_BITS, Semaphore, Word};

/// Bits of a queue's word: the instruction, and that the engine executes it.
const QUEUE_BITS: usize = Word::BITS as usize + 1;
/// Bits of a ledger's word: the instruction's index, and what it posts.
const LEDGER_BITS: usize = INDEX_BITS + SEMAPHORES;
/// First bit of the semaphores that an instruction posts.
const POST: usize = OPCODE_BITS as usize + SEMAPHORES;

/// Bits of the counts and places of `queue::Queue` and `queue::Ledger`.
const PLACE_BITS: usize = 9;

/// Semaphores that are posted before the instruction ends, with its early event; [`Semaphore::DrainFull`] has its own.
fn early(engine: Engine) -> Option<(&'static str, &'static [Semaphore])> {
    match engine {
        Engine::Mm => Some(("read", &[Semaphore::ActivationsFree, Semaphore::WeightsFree])),
        Engine::Store => Some(("released", &[Semaphore::DrainFree])),
        _ => None,
    }
}

/// An engine's queue, the instruction that it has taken, and its ledger.
pub(super) fn queue(text: &mut Wiring, config: &ArrayConfig, engine: Engine) {
    let of = |signal: &str| of(engine, signal);
    let number = engine as usize;
    let address = config.queue_depth.next_power_of_two().ilog2().max(1) as usize;
    for (signal, bits) in [
        ("write_at", PLACE_BITS),
        ("read_at", PLACE_BITS),
        ("full", 1),
        ("own", 1),
        ("starts", 1),
        ("taken", SEMAPHORES),
        ("ledger_write", PLACE_BITS),
        ("ledger_early", PLACE_BITS),
        ("ledger_read", PLACE_BITS),
        ("open", 1),
        ("runs", 1),
    ] {
        text.wire(&of(signal), bits);
    }
    text.instance(
        "front_queue",
        &of("queue"),
        &[],
        &[
            own("clock"),
            ("clear", "flush".into()),
            ("depth", constant(PLACE_BITS, config.queue_depth as u64)),
            ("dispatched", format!("takes & next_queues[{number}]")),
            ("arrives", format!("arrives[{number}]")),
            ("ready", of("ready")),
            ("full", of("full")),
            ("valid", of("valid")),
            ("write", of("write_at")),
            ("read", of("read_at")),
        ],
    );
    ram(
        text,
        &of("queue_ram"),
        QUEUE_BITS,
        address,
        &[
            ("write", format!("arrives[{number}]")),
            ("write_address", of("write_at")),
            ("write_data", "{word_own, word}".into()),
            ("read_address", of("read_at")),
            ("read_data", format!("{{{}, {}}}", of("own"), of("word"))),
        ],
    );
    text.instance(
        "front_taken",
        &of("taken_one"),
        &[],
        &[
            own("clock"),
            ("clear", "flush".into()),
            own("stop"),
            ("takes", format!("{} & {} & {}", of("valid"), of("ready"), of("own"))),
            ("waits", format!("{}[{}:{OPCODE_BITS}]", of("word"), POST - 1)),
            ("empty", "empty".into()),
            ("start", of("start")),
            ("go", of("go")),
            ("starts", of("starts")),
            ("taken", of("taken")),
        ],
    );
    let early = early(engine);
    let event = early.map_or("1'b0".into(), |(event, _)| of(event));
    text.instance(
        "front_ledger",
        &of("ledger"),
        &[],
        &[
            own("clock"),
            ("clear", "flush".into()),
            ("arrives", format!("arrives[{number}] & word_own")),
            ("start", of("starts")),
            ("early", event),
            ("ends", of("end")),
            ("write", of("ledger_write")),
            ("early_read", of("ledger_early")),
            ("read", of("ledger_read")),
            ("open", of("open")),
            ("runs", of("runs")),
        ],
    );
    text.wire(&of("index"), INDEX_BITS);
    text.wire(&of("posts"), SEMAPHORES);
    let written =
        format!("{{word_index[{}:0], word[{}:{POST}]}}", INDEX_BITS - 1, POST + SEMAPHORES - 1);
    let ports = |read: &str, data: String| {
        [
            ("write", format!("arrives[{number}] & word_own")),
            ("write_address", of("ledger_write")),
            ("write_data", written.clone()),
            ("read_address", of(read)),
            ("read_data", data),
        ]
    };
    let data = format!("{{{}, {}}}", of("index"), of("posts"));
    ram(text, &of("ledger_ram"), LEDGER_BITS, address + 1, &ports("ledger_read", data));
    if early.is_some() {
        text.wire(&of("unused_early_index"), INDEX_BITS);
        text.wire(&of("early_posts"), SEMAPHORES);
        let data = format!("{{{}, {}}}", of("unused_early_index"), of("early_posts"));
        ram(text, &of("early_ram"), LEDGER_BITS, address + 1, &ports("ledger_early", data));
    }
    // The memories have as many places as there can be, and no more bits of an address.
    let places = ["write_at", "read_at", "ledger_write", "ledger_read", "ledger_early"];
    let bits = PLACE_BITS * places.len();
    text.value(&of("unused_places"), bits, &side_by_side(places.iter().map(|place| of(place))));
    // An engine takes and posts few of the semaphores.
    let mut sets = vec!["taken", "posts"];
    sets.extend(early.map(|_| "early_posts"));
    let bits = SEMAPHORES * sets.len();
    text.value(&of("unused_sets"), bits, &side_by_side(sets.iter().map(|set| of(set))));
}

/// A memory whose places are counted with [`PLACE_BITS`].
fn ram(text: &mut Wiring, name: &str, width: usize, address: usize, ports: &[(&str, String)]) {
    let mut connections = vec![own("clock")];
    for (port, to) in ports {
        let to = if port.ends_with("_address") { part(to, 0, address) } else { to.clone() };
        connections.push((port, to));
    }
    text.instance("small_ram", name, &[("WIDTH", width), ("ADDRESS", address)], &connections);
}

/// One counter per semaphore.
pub(super) fn semaphores(text: &mut Wiring, engines: &Engines) {
    let mut empties = Vec::new();
    for (bit, semaphore) in Semaphore::ALL.iter().enumerate() {
        let name = format!("empty_{bit}");
        text.wire(&name, 1);
        let poster = semaphore.poster();
        let post = match early(poster) {
            _ if !engines.has(poster) => "1'b0".into(),
            _ if *semaphore == Semaphore::DrainFull => of(poster, "first_out"),
            Some((event, early)) if early.contains(semaphore) => {
                format!("{} & {}[{bit}]", of(poster, event), of(poster, "early_posts"))
            }
            _ => format!("{} & {}[{bit}]", of(poster, "end"), of(poster, "posts")),
        };
        let taker = semaphore.taker();
        let take = if engines.has(taker) {
            format!("{}[{bit}]", of(taker, "taken"))
        } else {
            "1'b0".into()
        };
        text.instance(
            "front_tokens",
            &format!("tokens_{bit}"),
            &[],
            &[
                own("clock"),
                ("clear", "flush".into()),
                ("initial_count", constant(26, semaphore.initial().into())),
                ("post", post),
                ("take", take),
                ("empty", name.clone()),
            ],
        );
        empties.push(name);
    }
    // Bits that stand for no semaphore.
    empties.resize(SEMAPHORES, "1'b1".into());
    text.gather("empty", empties.into_iter());
}
