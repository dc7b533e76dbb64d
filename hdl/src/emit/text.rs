//! Text of modules that only wire others together.

use super::Module;
use std::fmt::Write as _;

/// The reset of what keeps what it holds.
pub const NEVER: &str = "1'b0";

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

    /// A line as it is: what instances cannot say, such as registers.
    pub fn line(&mut self, line: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "    {line}");
    }

    /// An input of `bits` bits.
    pub fn input(&mut self, name: &str, bits: usize) {
        self.ports.push(format!("input wire {}{name}", range(bits)));
    }

    /// The input `clock`, of AXI interfaces that a block design of Vivado would otherwise know no clock of (UG994, "Referencing RTL
    /// Modules").
    pub fn clock_of(&mut self, interfaces: &[String]) {
        let all = interfaces.join(":");
        let attribute = format!("(* X_INTERFACE_PARAMETER = \"ASSOCIATED_BUSIF {all}\" *)");
        self.ports.push(format!("{attribute}\n    input wire clock"));
    }

    /// An output of `bits` bits.
    pub fn output(&mut self, name: &str, bits: usize) {
        self.ports.push(format!("output wire {}{name}", range(bits)));
    }

    /// An output of one bit whose name is a word of C++: Verilator says so, and calls it by another in its models.
    pub fn output_like_cpp(&mut self, name: &str) {
        self.ports.push(format!("/* verilator lint_off SYMRSVDWORD */ output wire {name}"));
    }

    /// A wire of `bits` bits.
    pub fn wire(&mut self, name: &str, bits: usize) {
        self.line(format_args!("wire {}{name};", range(bits)));
    }

    /// A wire of `bits` bits on a way between blocks that leads back to the block where it began, though no signal depends on itself:
    /// Verilator looks at a block as a whole, and says so.
    pub fn wire_between_blocks(&mut self, name: &str, bits: usize) {
        self.line(format_args!(
            "/* verilator lint_off UNOPTFLAT */ wire {}{name}; /* verilator lint_on UNOPTFLAT */",
            range(bits)
        ));
    }

    /// Drives a wire or an output.
    pub fn assign(&mut self, name: &str, value: &str) {
        self.line(format_args!("assign {name} = {value};"));
    }

    /// A wire of `bits` bits with a value.
    pub fn value(&mut self, name: &str, bits: usize, value: &str) {
        self.line(format_args!("wire {}{name} = {value};", range(bits)));
    }

    /// Drives a wire or an output with wires side by side, the first lowest.
    pub fn gather(&mut self, name: &str, parts: impl DoubleEndedIterator<Item = String>) {
        self.assign(name, &side_by_side(parts));
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

    /// A wire `name` that is `value`, `cycles` later; `reset` empties it.
    pub fn delayed(&mut self, name: &str, bits: usize, cycles: usize, value: &str, reset: &str) {
        self.wire(name, bits);
        self.instance(
            "delay_line",
            &format!("delay_{name}"),
            &[("WIDTH", bits), ("DEPTH", cycles)],
            &[
                ("clock", "clock".into()),
                ("reset", reset.into()),
                ("d", value.into()),
                ("q", name.into()),
            ],
        );
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

/// Wire `index` of a bus of `width` of them: one wire alone has no index.
#[must_use]
pub fn bit(bus: &str, width: usize, index: usize) -> String {
    if width == 1 { bus.to_owned() } else { part(bus, index, 1) }
}

/// Wires side by side as one vector, the first lowest.
#[must_use]
pub fn side_by_side(parts: impl DoubleEndedIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.rev().collect();
    if let [only] = &parts[..] { only.clone() } else { format!("{{{}}}", parts.join(", ")) }
}
