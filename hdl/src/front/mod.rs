//! What stands in front of the engines: the register window and the sequencer.
//!
//! | module | what |
//! |---|---|
//! | [`lite`], [`word`] | AXI4-Lite, and what each kind of register does |
//! | [`fetch`], [`dispatch`], [`decode`] | the program's way from card memory into the queues |
//! | [`queue`], [`semaphores`] | an engine's instructions up to their start |
//! | [`retire`], [`run`] | ends, faults, watchdog; the life of a program |
//!
//! **Dispatch.** An instruction leaves the buffer once all its queues have room (cycle d). In d + 1 it is checked and written, from
//! d + 2 on an engine may take it. One that is illegal, or whose beat came with an error, stops the program when it is checked:
//! those before it are dispatched, those after it are forgotten. So does the WALK after as many as an MM may have.
//!
//! **An engine** `e` has these signals at the sequencer:
//!
//! | signal | by | meaning |
//! |---|---|---|
//! | `e_valid`, `e_word` | sequencer | the first instruction of its queue |
//! | `e_ready` | engine | takes it in this cycle; from registers alone |
//! | `e_go` | sequencer | the instruction that it has taken and not started has all its tokens |
//! | `e_start` | engine | that one can start: it does in a cycle with `e_go` |
//! | `e_end` | engine | the oldest that has started ends with this cycle: its end cycle is the next |
//! | `e_fault`, `e_fault_axi`, `e_fault_address` | engine | the oldest that has not ended is at fault, one that is only taken among them; it need not end |
//! | `mm_read` | engine | once for each MM, in order: its operands have been read; posts `a.free`, `w.free` |
//! | `mm_first_out` | engine | once for each MM that posts `d.full`: does so |
//! | `store_released` | engine | once for each ST, in order, with its end at the latest: posts `d.free` |
//! | `update_not_finite` | engine | a gradient is not finite |
//! | `stop` | sequencer | nothing starts any more; what runs ends |
//! | `flush` | sequencer | everything has ended: forget all |
//!
//! An engine takes the next instruction that it executes when it has started the one before, at the earliest in the cycle after; kept
//! ones in any cycle in which it has none that waits. Fewer than `queue_depth` of an engine's instructions run at once.
//!
//! **Ends.** A program that is done has dispatched all of its instructions, and all have ended. Whatever else stops it, nothing starts
//! from the next cycle on, what runs ends, memory falls silent; then registers say what stopped it. `RETIRED` and `JOB_CYCLES` are
//! those of the cycle that stopped it.
//!
//! An instruction of an engine that is not there is an illegal one.

pub mod decode;
mod decoder;
pub mod dispatch;
pub mod fetch;
pub mod lite;
pub mod queue;
mod registers;
pub mod retire;
pub mod run;
pub mod semaphores;
mod sequencer;
pub mod word;

use crate::HdlError;
use crate::emit::{Design, emit};
use crate::memory;
use satkit_spec::isa::Engine;
use satkit_spec::{ArrayConfig, FETCH_BUFFER_BEATS, FETCH_BURST_BEATS, QUEUE_CYCLES};

// The blocks have these numbers in their widths and stages.
const _: () = assert!(FETCH_BURST_BEATS == 16 && FETCH_BUFFER_BEATS == 128 && QUEUE_CYCLES == 2);

/// What the window tells the sequencer, with its bits.
const ORDERS: [(&str, usize); 6] = [
    ("start", 1),
    ("cancel", 1),
    ("resetting", 1),
    ("program_address", 64),
    ("length", 32),
    ("watchdog_cycles", 32),
];
/// What the sequencer tells the window.
const NEWS: [(&str, usize); 7] = [
    ("busy", 1),
    ("reset_done", 1),
    ("raised", 32),
    ("fault_index", 32),
    ("fault_address", 64),
    ("retired", 32),
    ("job_cycles", 64),
];

/// The engines that a sequencer has, in the order of [`Engine::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engines(Vec<Engine>);

impl Engines {
    /// These.
    #[must_use]
    pub fn of(engines: &[Engine]) -> Self {
        Self(Engine::ALL.into_iter().filter(|engine| engines.contains(engine)).collect())
    }

    /// True if it is among them.
    #[must_use]
    pub fn has(&self, engine: Engine) -> bool {
        self.0.contains(&engine)
    }

    fn iter(&self) -> std::slice::Iter<'_, Engine> {
        self.0.iter()
    }
}

/// What an engine's signals begin with.
#[must_use]
pub const fn name_of(engine: Engine) -> &'static str {
    match engine {
        Engine::LoadActivations => "load_a",
        Engine::LoadWeights => "load_w",
        Engine::Mm => "mm",
        Engine::Store => "store",
        Engine::Update => "update",
        Engine::Vector => "vector",
    }
}

/// Checks that the front of a configuration can be built.
fn check(config: &ArrayConfig) -> Result<(), HdlError> {
    config.validate()?;
    let refuse = |what, given: usize, accepted: &str| {
        let (array, given) = (config.name.clone(), given.to_string());
        Err(HdlError::Unbuildable { array, what, given, accepted: accepted.into() })
    };
    if !matches!(config.dram_channels, 1 | 2 | 4) {
        return refuse("DRAM channels", config.dram_channels, "1, 2 or 4");
    }
    if !(2..=256).contains(&config.queue_depth) {
        return refuse("instructions per queue", config.queue_depth, "2 to 256");
    }
    Ok(())
}

/// The register window, top `registers`: AXI4-Lite and the interrupt on one side, the sequencer on the other.
///
/// # Errors
/// [`HdlError`] if the array is impossible.
pub fn registers(config: &ArrayConfig) -> Result<Design, HdlError> {
    check(config)?;
    Ok(Design::join("registers", registers::parts(), vec![registers::window(config)]))
}

/// Whether a port of the window is of AXI4-Lite.
pub(crate) fn is_lite(port: &str) -> bool {
    registers::is_lite(port)
}

/// The decoder of a machine with these engines, top `decoder`.
///
/// `queues` and `own` say where the instruction of an opcode goes, one bit per engine, and whether an engine executes it; `legal`
/// says whether a `word` is an instruction.
#[must_use]
pub fn decoder(engines: &Engines) -> Design {
    let parts = vec![
        emit("front_route", decode::Route::default),
        emit("front_rule", decode::Rule::default),
        emit("front_field_rule", decode::FieldRule::default),
    ];
    Design::join("decoder", parts, vec![decoder::module(engines)])
}

/// The sequencer with these engines, top `sequencer`.
///
/// # Errors
/// [`HdlError`] if the array is impossible, or its ports or queues are not those that can be built.
pub fn sequencer(config: &ArrayConfig, engines: &Engines) -> Result<Design, HdlError> {
    check(config)?;
    let parts = vec![
        decoder(engines),
        emit("front_ask", fetch::Ask::default),
        emit("front_fetch", fetch::Fetch::default),
        emit("front_arrivals", fetch::Arrivals::default),
        emit("front_dispatch", dispatch::Dispatch::default),
        emit("front_pick", dispatch::Pick::default),
        emit("front_walk_limit", dispatch::WalkLimit::default),
        emit("front_verdict", dispatch::Verdict::default),
        emit("front_queue", queue::Queue::default),
        emit("front_ledger", queue::Ledger::default),
        emit("front_tokens", semaphores::Tokens::default),
        emit("front_taken", semaphores::Taken::default),
        emit("front_progress", retire::Progress::default),
        emit("front_older", retire::Older::default),
        emit("front_fault_pair", retire::FaultPair::default),
        emit("front_run", run::Run::default),
    ];
    let wiring = vec![memory::small_ram(), sequencer::module(config, engines)];
    Ok(Design::join("sequencer", parts, wiring))
}
