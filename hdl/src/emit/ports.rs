//! The ports of a module, read from its text.

use regex::Regex;
use std::sync::LazyLock;

/// What one line declares, once each direction begins a line.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?m)^(?<direction>input|output) (?:(?:wire|reg|logic) )? ?(?:\[(?<high>\d+):0\] ?)?(?<names>[A-Za-z_][\w$]*(?: ?, ?[A-Za-z_][\w$]*)*)",
    )
    .expect("a valid pattern")
});
static DIRECTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:input|output)\b").expect("a valid pattern"));
static BLANKS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\s+").expect("a valid pattern"));
static COMMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)//[^\n]*|/\*.*?\*/").expect("a valid pattern"));

/// Which way a port looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Driven from outside.
    Input,
    /// Driven by the module.
    Output,
}

/// One port of a module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Port {
    /// Its name in Verilog.
    pub name: String,
    /// Bits.
    pub width: usize,
    /// Which way it looks.
    pub direction: Direction,
}

/// The ports of the module that `text` holds, in the order of their declarations. Ranges are numbers, as RustHDL and everything
/// in this crate writes them.
pub(super) fn ports(text: &str) -> Vec<Port> {
    let text = COMMENT.replace_all(text, "");
    let text = BLANKS.replace_all(&text, " ");
    let text = DIRECTION.replace_all(&text, "\n$0");
    let mut ports = Vec::new();
    for found in LINE.captures_iter(&text) {
        let high = found.name("high").map_or(0, |high| high.as_str().parse().expect("digits"));
        let direction =
            if &found["direction"] == "input" { Direction::Input } else { Direction::Output };
        ports.extend(found["names"].split(',').map(|name| Port {
            name: name.trim().to_owned(),
            width: high + 1,
            direction,
        }));
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::{Direction, ports};

    #[test]
    fn both_styles_of_declaration_are_read() {
        let old = "module a(clock,x,y$z);\n    // input wire  gone;\n    input wire  clock;\n    input wire  [7:0] x;\n    \
                   output reg  [127:0] y$z;\n    reg [3:0] inner;\nendmodule\n";
        let new =
            "module a(input wire clock, input wire [7:0] x, output reg [127:0] y$z);\nendmodule\n";
        let grouped = "module a(\n  input wire clock,\n  input [7:0] x, /* output q, */\n  output reg [127:0] y$z\n);\nendmodule\n";
        for text in [old, new, grouped] {
            let found: Vec<_> =
                ports(text).into_iter().map(|p| (p.name, p.width, p.direction)).collect();
            let expected = [
                ("clock".to_owned(), 1, Direction::Input),
                ("x".to_owned(), 8, Direction::Input),
                ("y$z".to_owned(), 128, Direction::Output),
            ];
            assert_eq!(found, expected, "{text}");
        }
        let shared = ports("module a(input wire [3:0] x, y, output z);\nendmodule\n");
        assert_eq!(shared.iter().map(|p| p.width).collect::<Vec<_>>(), [4, 4, 1]);
    }
}
