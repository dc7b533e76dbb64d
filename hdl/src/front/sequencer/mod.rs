//! How the sequencer is wired: one queue, ledger and waiting place per engine, one counter per semaphore, one rule per row of the
//! instruction table.

mod end;
mod engine;
mod program;

use super::{Engines, NEWS, ORDERS, name_of};
use crate::emit::{Module, Wiring, side_by_side};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, MAX_INSTRUCTIONS, SemaphoreSet};

/// Bits of an instruction's index.
const INDEX_BITS: usize = MAX_INSTRUCTIONS.ilog2() as usize;
/// Bits of a set of semaphores.
const SEMAPHORES: usize = SemaphoreSet::BITS as usize;

fn own(name: &str) -> (&str, String) {
    (name, name.to_owned())
}

fn constant(bits: usize, value: u64) -> String {
    format!("{bits}'h{value:x}")
}

/// A signal of one engine.
fn of(engine: Engine, signal: &str) -> String {
    format!("{}_{signal}", name_of(engine))
}

/// One bit per engine, the first lowest.
fn vector(value: impl Fn(Engine) -> String) -> String {
    side_by_side(Engine::ALL.iter().map(|&engine| value(engine)))
}

/// The sequencer of a configuration with these engines.
pub(super) fn module(config: &ArrayConfig, engines: &Engines) -> Module {
    let channels = config.dram_channels;
    let mut text = Wiring::new("sequencer");
    text.input("clock", 1);
    text.input("reset", 1);
    ORDERS.iter().for_each(|&(name, bits)| text.input(name, bits));
    for (name, bits) in [
        ("ar_ready", 1),
        ("r_valid", channels),
        ("r_data", 512 * channels),
        ("r_error", channels),
        ("dma_idle", 1),
    ] {
        text.input(name, bits);
    }
    NEWS.iter().for_each(|&(name, bits)| text.output(name, bits));
    for (name, bits) in
        [("ar_valid", 1), ("ar_address", 30), ("ar_beats", 7), ("stop", 1), ("flush", 1)]
    {
        text.output(name, bits);
    }
    for &engine in engines.iter() {
        for (signal, bits) in [("valid", 1), ("word", 256), ("go", 1)] {
            text.output(&of(engine, signal), bits);
        }
        for (signal, bits) in engine_says(engine) {
            text.input(&of(engine, signal), bits);
        }
    }
    program::fetch(&mut text, config);
    program::check(&mut text);
    text.wire("empty", SEMAPHORES);
    for &engine in engines.iter() {
        engine::queue(&mut text, config, engine);
    }
    // Nobody looks at them where there is no engine.
    text.value("unused_queues", 6, "arrives");
    text.value("unused_tokens", SEMAPHORES, "empty");
    engine::semaphores(&mut text, engines);
    end::retire(&mut text, engines);
    end::run(&mut text, engines);
    text.finish()
}

/// What an engine says to the sequencer, with its bits.
pub(super) fn engine_says(engine: Engine) -> Vec<(&'static str, usize)> {
    let mut says = vec![
        ("ready", 1),
        ("start", 1),
        ("end", 1),
        ("fault", 1),
        ("fault_axi", 1),
        ("fault_address", 38),
    ];
    match engine {
        Engine::Mm => says.extend([("first_out", 1), ("read", 1)]),
        Engine::Store => says.push(("released", 1)),
        Engine::Update => says.push(("not_finite", 1)),
        _ => {}
    }
    says
}
