//! Text of modules that only wire others together.

use super::Module;
use std::fmt::Write as _;

/// A module of ports, wires, assignments and instances, in the order they are given.
#[derive(Debug)]
pub struct Wiring {
    name: String,
    ports: Vec<String>,
    body: String,
}

/// `[7:0] ` of 8 bits; nothing of one.
fn range(bits: usize) -> String {
    if bits == 1 { String::new() } else { format!("[{}:0] ", bits - 1) }
}

impl Wiring {
    /// An empty module.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), ports: Vec::new(), body: String::new() }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "    {line}");
    }

    /// An input of `bits` bits.
    pub fn input(&mut self, name: &str, bits: usize) {
        self.ports.push(format!("input wire {}{name}", range(bits)));
    }

    /// An output of `bits` bits.
    pub fn output(&mut self, name: &str, bits: usize) {
        self.ports.push(format!("output wire {}{name}", range(bits)));
    }

    /// A wire of `bits` bits.
    pub fn wire(&mut self, name: &str, bits: usize) {
        self.line(format_args!("wire {}{name};", range(bits)));
    }

    /// Drives a wire or an output.
    pub fn assign(&mut self, name: &str, value: &str) {
        self.line(format_args!("assign {name} = {value};"));
    }

    /// Drives a wire or an output with wires side by side, the first lowest.
    pub fn gather(&mut self, name: &str, parts: impl DoubleEndedIterator<Item = String>) {
        let parts: Vec<String> = parts.rev().collect();
        self.assign(name, &format!("{{{}}}", parts.join(", ")));
    }

    /// An instance of `kind` with its parameters and connections.
    pub fn instance(
        &mut self,
        kind: &str,
        name: &str,
        parameters: &[(&str, usize)],
        connections: &[(&str, String)],
    ) {
        let list = |pairs: Vec<String>| pairs.join(", ");
        let parameters =
            parameters.iter().map(|(name, value)| format!(".{name}({value})")).collect::<Vec<_>>();
        let connections = connections.iter().map(|(port, to)| format!(".{port}({to})")).collect();
        let parameters =
            if parameters.is_empty() { String::new() } else { format!("#({}) ", list(parameters)) };
        self.line(format_args!("{kind} {parameters}{name} ({});", list(connections)));
    }

    /// The module.
    #[must_use]
    pub fn finish(self) -> Module {
        let ports: Vec<String> = self.ports.iter().map(|port| format!("    {port}")).collect();
        let text =
            format!("module {} (\n{}\n);\n{}endmodule\n", self.name, ports.join(",\n"), self.body);
        Module { name: self.name, text }
    }
}

/// Bits `index * width` and up of a bus of parts.
#[must_use]
pub fn part(bus: &str, index: usize, width: usize) -> String {
    if width == 1 {
        return format!("{bus}[{index}]");
    }
    format!("{bus}[{}:{}]", (index + 1) * width - 1, index * width)
}
