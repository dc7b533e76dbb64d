//! The accelerator as an IP core, top `satkit`: AXI4-Lite in, one AXI4 master per DRAM channel out, an interrupt.
//!
//! | ports | meaning |
//! |---|---|
//! | `clock`, `reset` | one clock; `reset` is high while it is to be reset, in step with the clock |
//! | `s_axi_control_*` | the register window ([`satkit_spec::regs`]): AXI4-Lite, 32 bits |
//! | `m_axi_k_*` | AXI4 without identifiers, 512 bits: pages of 4 KiB of which `page % channels == k` |
//! | `interrupt` | level: a bit of `STATUS` that `INTERRUPT_ENABLE` has is set |
//! | `ddr_calibrated`, `git_hash`, `build_date` | what the identity registers say of board and build |

use crate::HdlError;
use crate::core::Counter;
use crate::dma;
use crate::emit::{Design, Direction, Port, Wiring, check_stack, emit};
use crate::front::{self, Engines};
use satkit_spec::isa::Engine;
use satkit_spec::{ArrayConfig, memory_map};

/// The engines that the accelerator has; instructions of the others are illegal to it.
pub const ENGINES: &[Engine] = &[];

/// The accelerator of a configuration, top `satkit`.
///
/// # Errors
/// [`HdlError`] if the array is impossible, or has what the hardware has not.
pub fn design(config: &ArrayConfig) -> Result<Design, HdlError> {
    join(config, Vec::new())
}

/// The accelerator with these engines. A module of an engine calls its ports as sequencer and ports to memory do, but for
/// `e_memory_fault` and `e_memory_fault_address`, which the latter says as its client's `fault`.
///
/// # Errors
/// As [`design`].
pub fn join(config: &ArrayConfig, engines: Vec<(Engine, Design)>) -> Result<Design, HdlError> {
    check_stack()?;
    let window = front::registers(config)?;
    let present: Vec<Engine> = engines.iter().map(|(engine, _)| *engine).collect();
    let sequencer = front::sequencer(config, &Engines::of(&present))?;
    let dma = dma::design(config)?;
    let clients: Vec<&str> = present.iter().map(|&engine| front::name_of(engine)).collect();
    let speaks = engines.iter().any(|(_, engine)| engine.ports().iter().any(|p| p.name == "stop"));
    let mut top = Wiring::new("satkit");
    ports(&mut top, &window, &dma);
    top.wire("cycles", 64);
    type Names<'a> = Box<dyn Fn(&Port) -> String + 'a>;
    let mut parts: Vec<(&Design, Names<'_>)> = vec![
        (&window, Box::new(of_window)),
        (&sequencer, Box::new(|port| of_sequencer(port, speaks))),
        (&dma, Box::new(|port| of_dma(port, &clients))),
    ];
    for (_, engine) in &engines {
        parts.push((engine, Box::new(|port| port.name.clone())));
    }
    for (part, to) in &parts {
        let ports = part.ports();
        for port in ports.iter().filter(|port| port.direction == Direction::Output) {
            let name = to(port);
            if name != "interrupt" && !name.contains("_axi_") {
                top.wire(&name, port.width);
            }
        }
    }
    for (part, to) in &parts {
        let ports = part.ports();
        let connections: Vec<(&str, String)> =
            ports.iter().map(|port| (port.name.as_str(), to(port))).collect();
        top.instance(part.top(), &format!("the_{}", part.top()), &[], &connections);
    }
    let count =
        [("clock", "clock".to_owned()), ("count", "~reset".into()), ("value", "cycles".into())];
    top.instance("counter", "count_cycles", &[], &count);
    let counter = emit("counter", Counter::default);
    drop(parts);
    let mut parts = vec![window, sequencer, dma, counter];
    parts.extend(engines.into_iter().map(|(_, engine)| engine));
    Ok(Design::join("satkit", parts, vec![top.finish()]))
}

/// The ports of the top, of which those to the outside belong to the parts.
fn ports(top: &mut Wiring, window: &Design, dma: &Design) {
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("ddr_calibrated", memory_map::CHANNELS as usize),
        ("git_hash", 32),
        ("build_date", 32),
    ] {
        top.input(name, bits);
    }
    top.output_like_cpp("interrupt");
    let lite = window.ports().into_iter().filter(|port| front::is_lite(&port.name));
    let masters = dma.ports().into_iter().filter(|port| port.name.starts_with("m_axi_"));
    for (name, port) in lite
        .map(|port| (of_window(&port), port))
        .chain(masters.map(|port| (port.name.clone(), port)))
    {
        match port.direction {
            Direction::Input => top.input(&name, port.width),
            Direction::Output => top.output(&name, port.width),
        }
    }
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
fn of_sequencer(port: &Port, engines_listen: bool) -> String {
    match port.name.as_str() {
        name @ ("ar_valid" | "ar_address" | "ar_beats" | "ar_ready" | "r_valid") => {
            format!("fetch_{name}")
        }
        // What it says to engines alone.
        "stop" if !engines_listen => "unused_stop".into(),
        name => name.into(),
    }
}

/// What a port of the ports to memory is connected to.
fn of_dma(port: &Port, clients: &[&str]) -> String {
    if let Some(client) = clients.iter().find(|client| port.name.starts_with(&format!("{client}_")))
    {
        let signal = &port.name[client.len()..];
        return match signal {
            "_ar_refused" | "_aw_refused" => format!("unused_{}", port.name),
            // The sequencer hears of it from the engine.
            "_fault" | "_fault_address" => format!("{client}_memory{signal}"),
            _ => port.name.clone(),
        };
    }
    match port.name.as_str() {
        "b_error" if !clients.is_empty() => "b_error".into(),
        name @ ("clock" | "reset" | "r_data" | "r_error" | "fetch_ar_valid" | "fetch_ar_beats"
        | "fetch_ar_ready" | "fetch_r_valid") => name.into(),
        // The fetch stays in card memory, which the run has looked at.
        "fetch_ar_address" => {
            let zeros = port.width - FETCH_ADDRESS_BITS;
            format!("{{{zeros}'h0, fetch_ar_address}}")
        }
        "idle" => "dma_idle".into(),
        // Engines that run when a program is stopped still have to end; after that nobody asks.
        "hold" | "clear" => "flush".into(),
        name if name.starts_with("m_axi_") => name.into(),
        // Of clients that are not there.
        name if port.direction == Direction::Output => format!("unused_{name}"),
        _ => format!("{}'h0", port.width),
    }
}

/// Bits of a beat's number in card memory.
const FETCH_ADDRESS_BITS: usize = 30;
