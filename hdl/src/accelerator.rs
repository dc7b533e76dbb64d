//! The accelerator as an IP core, top `satkit`: AXI4-Lite in, one AXI4 master per DRAM channel out, an interrupt.
//!
//! | ports | meaning |
//! |---|---|
//! | `clock`, `reset` | one clock; `reset` is high while it is to be reset, in step with the clock |
//! | `s_axi_control_*` | the register window ([`satkit_spec::regs`]): AXI4-Lite, 32 bits |
//! | `m_axi_k_*` | AXI4 without identifiers, 512 bits: pages of 4 KiB of which `page % channels == k` |
//! | `interrupt` | level: a bit of `STATUS` that `INTERRUPT_ENABLE` has is set |
//! | `ddr_calibrated`, `git_hash`, `build_date` | what the identity registers say of board and build |
//!
//! Inside, the parts are joined by the names of their ports: what one of them drives, all others see under that name. A new engine says
//! its own ports ([`front`] and [`dma`] say what they are called) and stands in [`ENGINES`]; nothing else is wired for it.
//! What nobody drives, because its engine is not there yet, is 0.

use crate::core::Counter;
use crate::emit::{Design, Direction, Port, Wiring, check_stack, emit};
use crate::front::{self, Engines};
use crate::{HdlError, array, dma, load, store, update, vector};
use satkit_spec::isa::Engine;
use satkit_spec::{ArrayConfig, memory_map};
use std::collections::BTreeSet;

/// The engines that the accelerator has; instructions of the others are illegal to it.
pub const ENGINES: &[Engine] = &[
    Engine::LoadActivations,
    Engine::LoadWeights,
    Engine::Mm,
    Engine::Store,
    Engine::Update,
    Engine::Vector,
];

/// Modules that are counted by themselves when the accelerator's size is estimated, and what they are. Those of an engine stand in front of
/// its own, which is what is left of it.
pub const BLOCKS: &[(&str, &str)] = &[
    ("registers", "the register window"),
    ("sequencer", "fetch, decoder, queues, semaphores"),
    ("dma", "the ports to memory"),
    ("load_a_row", "LD.A's part of one row's banks"),
    ("load_a_bank", "LD.A's side of one bank"),
    ("load_a_lane", "one lane of LD.A"),
    ("load_a", "the rest of LD.A"),
    ("load_w_column", "LD.W's part of one column's banks"),
    ("load_w", "the rest of LD.W"),
    ("uspe", "one processing element"),
    ("row_edge", "one row's edge"),
    ("w2e_row", "one row's banks"),
    ("column_head", "one column's north edge"),
    ("column_foot", "one column's south edge"),
    ("controller", "the MM engine's controller"),
    ("mm_engine", "the rest of the MM engine"),
    ("store_lane", "one lane of the drain"),
    ("store_exact_sum", "exact sums of one column"),
    ("store", "the rest of ST"),
    ("update_lane", "one lane of WUVE"),
    ("update_rank", "the ranks of one block's weights"),
    ("update_select", "SORE's selection in one direction"),
    ("update_transpose", "SORE's turning of blocks"),
    ("wu", "the rest of WU and SORE"),
    ("vector_lane", "one lane of VE"),
    ("vector_exact_sum", "exact sums of one lane"),
    ("vector_statistics", "one channel's statistics"),
    ("vector_norm", "the rest of batch norm's channels"),
    ("vector_divide_turns", "one division of VE"),
    ("vector_loss", "the rest of the cross-entropy"),
    ("vector_pool", "pooling"),
    ("ve", "the rest of VE"),
];

/// What a step of training needs, and the engines take for illegal.
pub const MISSING: &[&str] = &[
    "LD.A of strided BP, of strides that skip pixels, of images in WS, and of WU of larger kernels with odd channels",
    "ST that writes bias gradients",
    "WU of strided BP's operand, and of guarded updates",
    "VE beyond batch norm, additions, pooling, gradients of ReLU and biases, and cross-entropy of 9 to 32 classes",
];

/// The engines of a configuration: [`ENGINES`], but for VE where it has no lanes ([`vector::has_lanes`]).
pub fn engines_of(config: &ArrayConfig) -> impl Iterator<Item = Engine> {
    let has_lanes = vector::has_lanes(config);
    ENGINES.iter().copied().filter(move |&engine| engine != Engine::Vector || has_lanes)
}

/// The modules of the engines.
fn engines(config: &ArrayConfig) -> Result<Vec<(Engine, Design)>, HdlError> {
    let mut engines = Vec::new();
    for engine in engines_of(config) {
        let design = match engine {
            Engine::LoadActivations => load::activations(config)?,
            Engine::LoadWeights => load::weights(config)?,
            Engine::Mm => array::engine(config)?,
            Engine::Store => store::design(config)?,
            Engine::Update => update::engine(config)?,
            Engine::Vector => vector::engine(config)?,
        };
        engines.push((engine, design));
    }
    Ok(engines)
}

/// What stands in the top, and which of its wires a port is connected to.
struct Part {
    design: Design,
    wire: fn(&Port) -> String,
}

/// The accelerator of a configuration, top `satkit`.
///
/// # Errors
/// [`HdlError`] if the array is impossible, or has what the hardware has not.
pub fn design(config: &ArrayConfig) -> Result<Design, HdlError> {
    top(config, engines(config)?, false)
}

/// The accelerator with further outputs that a lockstep test watches: `trace_E_start` and `trace_E_end` of each engine E, as the
/// sequencer hears them.
///
/// # Errors
/// As [`design`].
pub fn traced(config: &ArrayConfig) -> Result<Design, HdlError> {
    top(config, engines(config)?, true)
}

fn top(
    config: &ArrayConfig,
    engines: Vec<(Engine, Design)>,
    traced: bool,
) -> Result<Design, HdlError> {
    check_stack()?;
    let present: Vec<Engine> = engines.iter().map(|(engine, _)| *engine).collect();
    let mut parts = vec![
        Part { design: front::registers(config)?, wire: of_window },
        Part { design: front::sequencer(config, &Engines::of(&present))?, wire: of_sequencer },
        Part { design: dma::design(config)?, wire: of_dma },
    ];
    for (engine, design) in engines {
        let wire = if engine == Engine::Store { of_store } else { of_engine };
        parts.push(Part { design, wire });
    }
    let mut top = Wiring::new("satkit");
    outside(&mut top, &parts, config.dram_channels);
    top.wire("cycles", 64);
    top.wire("forget", 1);
    connect(&mut top, &parts);
    // After a program that was stopped engines begin anew.
    top.assign("forget", "reset | flush");
    let count =
        [("clock", "clock".to_owned()), ("count", "~reset".into()), ("value", "cycles".into())];
    top.instance("counter", "count_cycles", &[], &count);
    if traced {
        for engine in present {
            for event in ["start", "end"] {
                let signal = format!("{}_{event}", front::name_of(engine));
                let go = format!("{}_go", front::name_of(engine));
                let happens =
                    if event == "start" { format!("{signal} & {go}") } else { signal.clone() };
                top.output(&format!("trace_{signal}"), 1);
                top.assign(&format!("trace_{signal}"), &happens);
            }
        }
    }
    let mut designs: Vec<Design> = parts.into_iter().map(|part| part.design).collect();
    designs.push(emit("counter", Counter::default));
    Ok(Design::join("satkit", designs, vec![top.finish()]))
}

/// The ports of the top, of which those to the outside belong to window and masters.
fn outside(top: &mut Wiring, parts: &[Part], channels: usize) {
    let masters = (0..channels).map(|k| format!("m_axi_{k}"));
    top.clock_of(&std::iter::once("s_axi_control".into()).chain(masters).collect::<Vec<_>>());
    for (name, bits) in [
        ("reset", 1),
        ("ddr_calibrated", memory_map::CHANNELS as usize),
        ("git_hash", 32),
        ("build_date", 32),
    ] {
        top.input(name, bits);
    }
    top.output_like_cpp("interrupt");
    for part in parts {
        for port in part.design.ports() {
            let name = (part.wire)(&port);
            match port.direction {
                _ if !name.contains("_axi_") => {}
                Direction::Input => top.input(&name, port.width),
                Direction::Output => top.output(&name, port.width),
            }
        }
    }
}

/// Connects what has one name.
fn connect(top: &mut Wiring, parts: &[Part]) {
    let is_outside = |name: &str| name == "interrupt" || name.contains("_axi_");
    let mut driven: BTreeSet<String> =
        ["clock", "reset", "forget", "ddr_calibrated", "git_hash", "build_date", "cycles"]
            .map(String::from)
            .into();
    let mut read = BTreeSet::new();
    for part in parts {
        for port in part.design.ports() {
            let name = (part.wire)(&port);
            match port.direction {
                Direction::Input => read.insert(wire_in(&name).to_owned()),
                Direction::Output => driven.insert(name),
            };
        }
    }
    let inside = |port: &Port, name: &str| {
        if port.direction == Direction::Output && !is_outside(name) && !read.contains(name) {
            format!("unused_{name}")
        } else {
            name.to_owned()
        }
    };
    for part in parts {
        for port in part.design.ports() {
            let name = (part.wire)(&port);
            match port.direction {
                Direction::Output if is_outside(&name) => {}
                Direction::Output if is_between_blocks(&name) => top.wire_between_blocks(&name, 1),
                Direction::Output => top.wire(&inside(&port, &name), port.width),
                Direction::Input => {}
            }
        }
    }
    for part in parts {
        let ports = part.design.ports();
        let connections: Vec<(&str, String)> = ports
            .iter()
            .map(|port| {
                let name = (part.wire)(port);
                let absent = port.direction == Direction::Input
                    && !is_outside(&name)
                    && !driven.contains(wire_in(&name));
                let to = if absent { format!("{}'h0", port.width) } else { inside(port, &name) };
                (port.name.as_str(), to)
            })
            .collect();
        let kind = part.design.top();
        top.instance(kind, &format!("the_{kind}"), &[], &connections);
    }
}

/// What sequencer and engine ask and answer in the same cycle, out of blocks that do both.
fn is_between_blocks(name: &str) -> bool {
    ENGINES.iter().any(|&engine| {
        ["ready", "go", "start"]
            .iter()
            .any(|signal| name == format!("{}_{signal}", front::name_of(engine)))
    })
}

/// The wire in a connection that may be a wider vector around it.
fn wire_in(connection: &str) -> &str {
    connection.rsplit_once(", ").map_or(connection, |(_, wire)| wire.trim_end_matches('}'))
}

/// What a port of the window is connected to.
fn of_window(port: &Port) -> String {
    match port.name.as_str() {
        "signals" => "interrupt".into(),
        name if front::is_lite(name) => format!("s_axi_control_{name}"),
        name => name.into(),
    }
}

/// What a port of the sequencer is connected to.
fn of_sequencer(port: &Port) -> String {
    match port.name.as_str() {
        name @ ("ar_valid" | "ar_address" | "ar_beats" | "ar_ready" | "r_valid") => {
            format!("fetch_{name}")
        }
        name => name.into(),
    }
}

/// What a port of the ports to memory is connected to.
fn of_dma(port: &Port) -> String {
    match port.name.as_str() {
        // The fetch stays in card memory, which the run has looked at.
        "fetch_ar_address" => {
            let zeros = port.width - FETCH_ADDRESS_BITS;
            format!("{{{zeros}'h0, fetch_ar_address}}")
        }
        "idle" => "dma_idle".into(),
        // Engines that run when a program is stopped still have to end; after that nobody asks.
        "hold" | "clear" => "flush".into(),
        name if name.starts_with("fetch_") => name.into(),
        // The sequencer hears of it from the engine.
        name => match name.strip_suffix("_fault").or(name.strip_suffix("_fault_address")) {
            Some(client) => format!("{client}_memory{}", &name[client.len()..]),
            None => name.into(),
        },
    }
}

/// What a port of an engine is connected to.
fn of_engine(port: &Port) -> String {
    match port.name.as_str() {
        "reset" => "forget".into(),
        // VE's channels of a batch norm ask ST for their sums.
        name if name.starts_with("vector_sums_") => name.replace("vector_", ""),
        name => name.into(),
    }
}

/// What a port of ST is connected to: as a client of the memory it has no name.
fn of_store(port: &Port) -> String {
    match port.name.as_str() {
        name @ ("dma_fault" | "dma_fault_address") => name.replace("dma", "store_memory"),
        name if ["ar_", "r_valid", "aw_", "w_", "b_valid"]
            .iter()
            .any(|begin| name.starts_with(begin)) =>
        {
            format!("store_{name}")
        }
        _ => of_engine(port),
    }
}

/// Bits of a beat's number in card memory.
const FETCH_ADDRESS_BITS: usize = 30;
