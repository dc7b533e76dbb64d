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
use crate::emit::{Design, Direction, Wiring, emit};
use crate::front::{self, AXI, Engines};
use satkit_spec::isa::Engine;
use satkit_spec::{ArrayConfig, memory_map};

/// The engines that the accelerator has; instructions of the others are illegal to it.
pub const ENGINES: &[Engine] = &[];

/// The accelerator of a configuration, top `satkit`.
///
/// # Errors
/// [`HdlError`] if the array is impossible, or has what the hardware has not.
pub fn design(config: &ArrayConfig) -> Result<Design, HdlError> {
    let window = front::registers(config)?;
    let sequencer = front::sequencer(config, &Engines::of(ENGINES))?;
    let dma = front::fetch_ports(config)?;
    let channels = config.dram_channels;
    let mut top = Wiring::new("satkit");
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("ddr_calibrated", memory_map::CHANNELS as usize),
        ("git_hash", 32),
        ("build_date", 32),
    ] {
        top.input(name, bits);
    }
    top.output("interrupt", 1);
    for port in window.ports().iter().filter(|port| front::is_lite(&port.name)) {
        let name = format!("s_axi_control_{}", port.name);
        match port.direction {
            Direction::Input => top.input(&name, port.width),
            Direction::Output => top.output(&name, port.width),
        }
    }
    for p in 0..channels {
        for (name, bits, drives) in AXI {
            let name = format!("m_axi_{p}_{name}");
            if drives { top.output(&name, bits) } else { top.input(&name, bits) }
        }
    }
    // One wire per signal between the parts, called as the sequencer calls it.
    let outer = ["clock", "reset", "ddr_calibrated", "git_hash", "build_date", "interrupt"];
    let renamed = |name: &str| match name {
        "ar_valid" | "ar_address" | "ar_beats" | "ar_ready" | "r_valid" => format!("fetch_{name}"),
        "idle" => "dma_idle".into(),
        // What the sequencer says to engines alone.
        "stop" | "flush" => format!("unused_{name}"),
        _ if front::is_lite(name) => format!("s_axi_control_{name}"),
        _ => name.into(),
    };
    top.wire("cycles", 64);
    for part in [&window, &sequencer, &dma] {
        for port in part.ports() {
            let name = renamed(&port.name);
            let is_port = outer.contains(&name.as_str()) || name.contains("_axi_");
            if port.direction == Direction::Output && !is_port {
                top.wire(&name, port.width);
            }
        }
    }
    for (kind, part) in [("registers", &window), ("sequencer", &sequencer), ("dma", &dma)] {
        let ports = part.ports();
        let connections: Vec<(&str, String)> =
            ports.iter().map(|port| (port.name.as_str(), renamed(&port.name))).collect();
        top.instance(kind, &format!("the_{kind}"), &[], &connections);
    }
    top.instance(
        "counter",
        "count_cycles",
        &[],
        &[("clock", "clock".into()), ("count", "~reset".into()), ("value", "cycles".into())],
    );
    let counter = emit("counter", Counter::default);
    Ok(Design::join("satkit", vec![window, sequencer, dma, counter], vec![top.finish()]))
}
