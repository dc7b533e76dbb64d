//! Sequencer, ports to memory and the shells of WU and VE as one design, with the lanes' ports outside.

use satkit_hdl::emit::{Design, Direction, Port, Wiring};
use satkit_hdl::front::{self, Engines};
use satkit_hdl::{dma, stream, update};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Engine;
use std::collections::{BTreeMap, BTreeSet};

/// A part, and which wire a port of it is connected to.
type Part = (Design, fn(&Port) -> String);

/// The engines of the system.
pub(crate) const ENGINES: [Engine; 2] = [Engine::Update, Engine::Vector];

/// What a port of the ports to memory is connected to.
fn of_dma(port: &Port) -> String {
    match port.name.as_str() {
        "idle" => "dma_idle".into(),
        "hold" | "clear" => "flush".into(),
        "fetch_ar_address" => "{2'h0, fetch_ar_address}".into(),
        name if name.starts_with("m_axi") => name.into(),
        name => match name.split_once("_fault") {
            Some((client, rest)) => format!("{client}_memory_fault{rest}"),
            None => name.into(),
        },
    }
}

fn of_sequencer(port: &Port) -> String {
    match port.name.as_str() {
        name @ ("ar_valid" | "ar_address" | "ar_beats" | "ar_ready" | "r_valid") => {
            format!("fetch_{name}")
        }
        name => name.into(),
    }
}

/// Sequencer, ports to memory and both shells.
pub(crate) fn design(config: &ArrayConfig) -> Design {
    let shells = ENGINES.map(|engine| stream::design(config, engine).unwrap());
    join(config, &ENGINES, shells.into())
}

/// Sequencer, ports to memory and the engine of WU.
pub(crate) fn engine(config: &ArrayConfig) -> Design {
    join(config, &[Engine::Update], vec![update::engine(config).unwrap()])
}

/// The design, top `system`. Wires that nobody drives are its inputs, but for those of clients that are not there, which are 0; what
/// nobody else takes is an output.
fn join(config: &ArrayConfig, engines: &[Engine], designs: Vec<Design>) -> Design {
    let same = |port: &Port| port.name.clone();
    let mut parts: Vec<Part> = vec![
        (front::sequencer(config, &Engines::of(engines)).unwrap(), of_sequencer),
        (dma::design(config).unwrap(), of_dma),
    ];
    parts.extend(designs.into_iter().map(|design| -> Part { (design, same) }));
    let mut driven: BTreeMap<String, usize> = BTreeMap::new();
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for (part, to) in &parts {
        for port in part.ports() {
            let wires = if port.direction == Direction::Output { &mut driven } else { &mut taken };
            wires.insert(to(&port), port.width);
        }
    }
    taken.remove("{2'h0, fetch_ar_address}");
    let absent = |name: &str| {
        let clients = ["load_a_", "load_w_", "store_", "update_", "vector_"];
        let here = |at: &str| engines.iter().any(|&engine| at.starts_with(front::name_of(engine)));
        // The lanes' signals of a shell are inputs.
        clients.iter().any(|at| name.starts_with(at) && !here(at))
    };
    let mut text = Wiring::new("system");
    let mut zeros = BTreeSet::new();
    for (name, bits) in taken.iter().filter(|(name, _)| !driven.contains_key(*name)) {
        if absent(name) || name == "update_not_finite" {
            zeros.insert(name.clone());
        } else {
            text.input(name, *bits);
        }
    }
    // What the test looks at, though others take it.
    let seen = |name: &str| {
        name == "flush"
            || ["_start", "_end", "_fault", "_ar_valid", "_aw_valid"]
                .iter()
                .any(|end| name.ends_with(end))
    };
    for (name, bits) in &driven {
        if name == "fetch_ar_address" || (taken.contains_key(name) && !seen(name)) {
            text.wire(name, *bits);
        } else {
            text.output(name, *bits);
        }
    }
    for (part, to) in &parts {
        let ports = part.ports();
        let wire = |port: &Port| {
            let name = to(port);
            if zeros.contains(&name) { format!("{}'h0", port.width) } else { name }
        };
        let connections: Vec<_> =
            ports.iter().map(|port| (port.name.as_str(), wire(port))).collect();
        text.instance(part.top(), &format!("the_{}", part.top()), &[], &connections);
    }
    let parts = parts.into_iter().map(|(part, _)| part).collect();
    Design::join("system", parts, vec![text.finish()])
}
