//! Sequencer, ports to memory and a load engine as one design.

use satkit_hdl::emit::{Design, Direction, Port, Wiring};
use satkit_hdl::front::{self, Engines};
use satkit_hdl::{dma, load};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Engine;

/// Inputs and outputs of the bench that are the parts' own.
fn is_outside(port: &str) -> bool {
    let reads = ["araddr", "arlen", "arvalid", "arready", "rdata", "rresp", "rlast", "rvalid"];
    let plain = [
        "clock",
        "reset",
        "start",
        "cancel",
        "resetting",
        "program_address",
        "length",
        "watchdog_cycles",
        "busy",
        "raised",
        "fault_index",
        "fault_address",
        "retired",
        "job_cycles",
        "n2s_write",
        "n2s_entry",
        "n2s_data",
        "w2e_write",
        "w2e_lines",
        "w2e_data",
        "w2e_tag",
        "w2e_tags",
        "table_write",
        "table_entry",
        "table_values",
        "load_w_start",
        "load_w_go",
        "load_w_end",
        "load_a_start",
        "load_a_go",
        "load_a_end",
    ];
    plain.contains(&port)
        || port.strip_prefix("m_axi_").is_some_and(|rest| reads.contains(&&rest[2..]))
}

fn name(part: &str, port: &Port) -> String {
    let name = port.name.as_str();
    match (part, name) {
        ("sequencer", "ar_valid" | "ar_address" | "ar_beats" | "ar_ready" | "r_valid") => {
            format!("fetch_{name}")
        }
        ("load_w" | "load_a", "reset") | ("dma", "hold" | "clear") => "flush".into(),
        ("dma", "fetch_ar_address") => "{2'h0, fetch_ar_address}".into(),
        ("dma", "load_w_fault_address") => "load_w_memory_fault_address".into(),
        ("dma", "load_w_fault") => "unused_load_w_bad".into(),
        ("dma", "load_a_fault_address") => "load_a_memory_fault_address".into(),
        ("dma", "load_a_fault") => "unused_load_a_bad".into(),
        ("dma", "idle") => "dma_idle".into(),
        _ => name.into(),
    }
}

/// The design with one engine, top `bench`.
pub(super) fn design(config: &ArrayConfig, engine: Engine) -> Design {
    let load = match engine {
        Engine::LoadActivations => ("load_a", load::activations(config).unwrap()),
        _ => ("load_w", load::weights(config).unwrap()),
    };
    let parts = [
        ("sequencer", front::sequencer(config, &Engines::of(&[engine])).unwrap()),
        ("dma", dma::design(config).unwrap()),
        load,
    ];
    let mut top = Wiring::new("bench");
    let mut driven = vec!["flush".to_owned()];
    let mut seen = Vec::new();
    for (part, design) in &parts {
        for port in design.ports() {
            let name = name(part, &port);
            let outside = is_outside(&name);
            match port.direction {
                Direction::Output if outside => top.output(&name, port.width),
                Direction::Output => top.wire(&name, port.width),
                Direction::Input if outside && !seen.contains(&name) => {
                    // What one part says to another is an output of the bench.
                    let says = parts.iter().any(|(_, other)| {
                        let mut ports = other.ports().into_iter();
                        ports.any(|p| p.direction == Direction::Output && p.name == name)
                    });
                    if !says {
                        top.input(&name, port.width);
                    }
                }
                Direction::Input => {}
            }
            if port.direction == Direction::Output {
                driven.push(name.clone());
            }
            seen.push(name);
        }
    }
    for (part, design) in &parts {
        let ports = design.ports();
        let connections: Vec<(&str, String)> = ports
            .iter()
            .map(|port| {
                let name = name(part, port);
                let is_there = is_outside(&name) || driven.contains(&name) || name.starts_with('{');
                let to = if is_there { name } else { format!("{}'h0", port.width) };
                (port.name.as_str(), to)
            })
            .collect();
        top.instance(part, &format!("the_{part}"), &[], &connections);
    }
    Design::join("bench", parts.into_iter().map(|(_, design)| design).collect(), vec![top.finish()])
}
