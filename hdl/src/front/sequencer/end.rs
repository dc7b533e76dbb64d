//! How a program goes on and ends: what has retired, what is at fault, and the run that they belong to.

use super::{Engines, INDEX_BITS, constant, of, own, vector};
use crate::emit::Wiring;
use satkit_spec::isa::{Engine, MAX_INSTRUCTIONS};
use satkit_spec::memory_map;
use satkit_spec::regs::status;

/// Who is at fault, which instruction is the oldest, and what has retired.
pub(super) fn retire(text: &mut Wiring, engines: &Engines) {
    let index = |engine: Engine| format!("{{{}'h0, {}}}", 32 - INDEX_BITS, of(engine, "index"));
    let if_there = |engine: Engine, signal: &str| {
        if engines.has(engine) { of(engine, signal) } else { "1'b0".into() }
    };
    text.assign("full", &vector(|engine| if_there(engine, "full")));
    for name in ["ends", "faulty", "running", "open"] {
        text.wire(name, 6);
    }
    text.assign("ends", &vector(|engine| if_there(engine, "end")));
    text.assign("faulty", &vector(|engine| if_there(engine, "fault")));
    text.assign("running", &vector(|engine| if_there(engine, "runs")));
    text.assign("open", &vector(|engine| if_there(engine, "open")));
    // What is checked comes after all that has been dispatched, and what is next after that.
    let mut oldest = ("1'b1".to_owned(), "checks ? word_index : next_index".to_owned());
    let mut fault = ["word_fault", "word_axi", "word_index", "word_address"].map(String::from);
    for &engine in engines.iter().rev() {
        let (any, least) = (of(engine, "oldest_any"), of(engine, "oldest"));
        text.wire(&any, 1);
        text.wire(&least, 32);
        text.instance(
            "front_older",
            &of(engine, "older"),
            &[],
            &[
                ("left", of(engine, "open")),
                ("left_index", index(engine)),
                ("right", oldest.0),
                ("right_index", oldest.1),
                ("any", any.clone()),
                ("index", least.clone()),
            ],
        );
        oldest = (any, least);
        let [second, second_axi, second_index, second_address] = fault;
        let wires =
            ["any", "axi", "index", "address"].map(|name| of(engine, &format!("first_{name}")));
        for (wire, bits) in wires.iter().zip([1, 1, 32, 38]) {
            text.wire(wire, bits);
        }
        let [any, axi, at, address] = wires.clone();
        text.instance(
            "front_fault_pair",
            &of(engine, "fault_pair"),
            &[],
            &[
                ("first", of(engine, "fault")),
                ("first_axi", of(engine, "fault_axi")),
                ("first_index", index(engine)),
                ("first_address", of(engine, "fault_address")),
                ("second", second),
                ("second_axi", second_axi),
                ("second_index", second_index),
                ("second_address", second_address),
                ("any", any),
                ("axi", axi),
                ("index", at),
                ("address", address),
            ],
        );
        fault = wires;
    }
    text.value("unused_oldest", 1, &oldest.0);
    text.value("oldest", 32, &oldest.1);
    for (name, value, bits) in [
        ("fault", &fault[0], 1),
        ("fault_axi", &fault[1], 1),
        ("fault_at", &fault[2], 32),
        ("fault_byte", &fault[3], 38),
    ] {
        text.value(name, bits, value);
    }
}

/// The run.
pub(super) fn run(text: &mut Wiring, engines: &Engines) {
    for (name, bits) in [("watchdog", 1), ("stops", 1), ("cycle", 64), ("last_end", 64)] {
        text.wire(name, bits);
    }
    text.instance(
        "front_progress",
        "progress",
        &[],
        &[
            own("clock"),
            ("load", "load | reset".into()),
            own("runs"),
            ("fault", "stops".into()),
            own("kept"),
            own("ends"),
            own("watchdog_cycles"),
            own("retired"),
            own("cycle"),
            own("last_end"),
            ("fires", "watchdog".into()),
        ],
    );
    let bit = |bit: u32| constant(32, bit.into());
    let not_finite = if engines.has(Engine::Update) { "update_not_finite" } else { "1'b0" };
    text.instance(
        "front_run",
        "run",
        &[],
        &[
            own("clock"),
            own("reset"),
            own("start"),
            own("cancel"),
            own("resetting"),
            own("program_address"),
            own("length"),
            ("most", constant(32, MAX_INSTRUCTIONS as u64)),
            ("memory_bytes", constant(40, memory_map::BYTES)),
            ("done_bit", bit(status::DONE)),
            ("illegal_bit", bit(status::ILLEGAL_INSTRUCTION)),
            ("axi_bit", bit(status::AXI_ERROR)),
            ("watchdog_bit", bit(status::WATCHDOG)),
            ("cancelled_bit", bit(status::CANCELLED)),
            ("not_finite_bit", bit(status::NOT_FINITE)),
            ("complete", "all_dispatched & ~checks & (open == 6'h0)".into()),
            own("running"),
            own("dma_idle"),
            own("faulty"),
            own("fault"),
            own("fault_axi"),
            ("fault_index", "fault_at".into()),
            ("fault_address", "fault_byte".into()),
            own("watchdog"),
            own("oldest"),
            own("cycle"),
            own("last_end"),
            ("not_finite", not_finite.into()),
            own("load"),
            own("runs"),
            own("stops"),
            own("stop"),
            own("flush"),
            own("busy"),
            own("reset_done"),
            own("raised"),
            ("shown_index", "fault_index".into()),
            ("shown_address", "fault_address".into()),
            ("shown_cycles", "job_cycles".into()),
        ],
    );
}
