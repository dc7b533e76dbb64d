//! The block design that the recipe makes as Verilog, with a black box for each of the vendor's cores.

use crate::cores::{Port, Ports, fitted, is_vendors, may_be_zero, may_stay_open, pins};
use crate::recorded::Run;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Cells of the block design by name: kind and properties.
pub(crate) type Cells = BTreeMap<String, (String, BTreeMap<String, String>)>;

/// A cell's properties as the parameters of its module.
pub(crate) fn parameters(properties: &BTreeMap<String, String>) -> String {
    let set: Vec<_> = properties.iter().map(|(name, value)| format!(".{name}({value})")).collect();
    if set.is_empty() { String::new() } else { format!("#({}) ", set.join(", ")) }
}

/// Pins of all cells: a vendor's as the table has them, of ours the ports of that name or that it begins.
struct Pins<'a> {
    own: &'a BTreeMap<String, Vec<Port>>,
    vendors: BTreeMap<String, BTreeMap<String, Option<Ports>>>,
}

impl Pins<'_> {
    /// The ports of an end of a net, if it is of a cell. What is no pin becomes a port that the module has not.
    fn at(&self, end: &str) -> Option<Ports> {
        let (cell, pin) = end.split_once('/')?;
        let Some(ports) = self.own.get(cell) else {
            return match self.vendors[cell].get(pin) {
                Some(ports) => ports.clone(),
                None => Some(no_pin(pin)),
            };
        };
        let signal = |port: &Port| {
            let rest = port.name.strip_prefix(pin)?;
            let signal = if rest.is_empty() { rest } else { rest.strip_prefix('_')? };
            Some((signal.to_owned(), port.clone()))
        };
        let ports: Ports = ports.iter().filter_map(signal).collect();
        Some(if ports.is_empty() { no_pin(pin) } else { ports })
    }

    /// Gives the sides of SmartConnects the ports that the other ends of their buses need.
    fn fit(&mut self, nets: &[Vec<&str>]) {
        for ends in nets.iter().filter(|ends| ends.len() == 2) {
            for (end, other) in [(ends[0], ends[1]), (ends[1], ends[0])] {
                let Some((cell, pin)) = end.split_once('/') else { continue };
                let other = self.at(other);
                let Some(pins) = self.vendors.get_mut(cell) else { continue };
                if let Some(ports) = pins.get_mut(pin).filter(|ports| ports.is_none()) {
                    *ports = Some(fitted(pin, other.as_ref()));
                }
            }
        }
        for (pin, ports) in self.vendors.values_mut().flatten() {
            ports.get_or_insert_with(|| fitted(pin, None));
        }
    }

    /// All ports of a cell, each with its pin.
    fn of(&self, cell: &str) -> Vec<(&str, &Port)> {
        match self.own.get(cell) {
            Some(ports) => ports.iter().map(|port| (port.name.as_str(), port)).collect(),
            None => {
                let pins = self.vendors[cell].iter();
                pins.flat_map(|(pin, ports)| {
                    ports.iter().flat_map(Ports::values).map(move |port| (pin.as_str(), port))
                })
                .collect()
            }
        }
    }
}

/// The nets that the recipe's connections come to: those that share an end are one.
fn nets(run: &Run) -> Vec<Vec<&str>> {
    let mut nets: Vec<Vec<&str>> = Vec::new();
    for ends in run.nets() {
        let mut net: Vec<&str> = ends.iter().map(String::as_str).collect();
        for other in
            nets.extract_if(.., |other| other.iter().any(|end| ends.iter().any(|e| e == end)))
        {
            net.extend(other);
        }
        net.sort_unstable();
        net.dedup();
        nets.push(net);
    }
    nets
}

fn no_pin(pin: &str) -> Ports {
    Ports::from([(
        String::new(),
        Port { name: pin.to_owned(), direction: "input".to_owned(), bits: 1 },
    )])
}

/// The block design as Verilog: its top `card`, and the black boxes.
pub(crate) fn card(run: &Run, own: &BTreeMap<String, Vec<Port>>) -> String {
    let (cells, nets) = (run.cells(), nets(run));
    let vendors = cells.iter().filter(|(_, (kind, _))| is_vendors(kind));
    let vendors = vendors.map(|(name, (kind, properties))| (name.clone(), pins(kind, properties)));
    let mut pins = Pins { own, vendors: vendors.collect() };
    pins.fit(&nets);

    let (mut top, mut body, mut boxes) = (Vec::new(), String::new(), String::new());
    // What the ports of each cell are connected to.
    let mut connected: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for (nth, net) in nets.iter().enumerate() {
        let ends: Vec<_> = net.iter().filter_map(|end| Some((end, pins.at(end)?))).collect();
        let outside = net.iter().find(|end| !end.contains('/'));
        let signals: BTreeSet<_> = ends.iter().flat_map(|(_, ports)| ports.keys()).collect();
        for signal in signals {
            let ports: Vec<_> = ends
                .iter()
                .filter_map(|(end, ports)| {
                    Some((end.split_once('/').unwrap().0, ports.get(signal)?))
                })
                .collect();
            let driver = ports.iter().find(|(_, port)| port.direction != "input");
            let bits = driver.or(ports.first()).unwrap().1.bits;
            let mut wire = format!("net_{nth}_{signal}");
            if let Some(outside) = outside {
                wire = format!("{outside}_{signal}").trim_end_matches('_').to_owned();
                // The direction that the recipe gives a wire's port; an interface's signals have those of its core.
                let made = run
                    .of("create_bd_port")
                    .find(|call| call.last().is_some_and(|name| name == outside));
                let direction = match made {
                    Some(call) if call[1] == "O" => "output",
                    Some(_) => "input",
                    None => ports[0].1.direction.as_str(),
                };
                top.push(format!("{direction} [{}:0] {wire}", bits - 1));
            } else if driver.is_none() && may_be_zero(signal) {
                wire = format!("{bits}'d0");
            } else {
                let _ = writeln!(body, "wire [{}:0] {wire};", bits - 1);
            }
            for (cell, port) in ports {
                connected.entry(cell).or_default().insert(port.name.clone(), wire.clone());
            }
        }
    }
    for (name, (kind, properties)) in &cells {
        let connected = connected.entry(name).or_default();
        // An input that no net goes to is one of a net that nobody drives.
        for (pin, port) in pins.of(name) {
            if port.direction == "input"
                && !may_stay_open(kind, pin)
                && !connected.contains_key(&port.name)
            {
                let wire = format!("open_{name}_{}", port.name);
                let _ = writeln!(body, "wire [{}:0] {wire};", port.bits - 1);
                connected.insert(port.name.clone(), wire);
            }
        }
        let of = if own.contains_key(name) {
            format!("{kind} {}", parameters(properties))
        } else {
            let ports = pins.of(name).into_iter();
            let ports =
                ports.map(|(_, p)| format!("{} [{}:0] {}", p.direction, p.bits - 1, p.name));
            let ports = ports.collect::<Vec<_>>().join(", ");
            let _ = writeln!(boxes, "(* blackbox *) module box_{name} ({ports}); endmodule");
            format!("box_{name} ")
        };
        let ports = connected.iter().map(|(port, wire)| format!(".{port}({wire})"));
        let _ = writeln!(body, "{of}{name} ({});", ports.collect::<Vec<_>>().join(", "));
    }
    format!("{boxes}module card ({});\n{body}endmodule\n", top.join(", "))
}
