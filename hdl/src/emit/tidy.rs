//! Makes widths explicit in the text of one RustHDL module.
//!
//! RustHDL writes each literal with 32 bits and each cast as a mask, `((x) & 8'hff)`, and leaves it to Verilog to extend
//! or cut operands. That works, but it drowns a linter's width warnings, and those are where real mistakes show. Here a literal gets
//! the width it is cast to, a cast of a name or of a slice becomes a concatenation or a slice, and a clock that is only passed
//! on is connected directly. Nothing else is touched: a cast of anything more is left as it is, for the linter to complain about.

use regex::{Captures, Regex};
use std::collections::BTreeMap;
use std::sync::LazyLock;

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

static DECLARATION: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?m)^\s*(?:input wire|output reg|output wire|reg|wire)\s+(?:\[(\d+):0\] )?([\w$]+);$")
});
static SLICE: LazyLock<Regex> = LazyLock::new(|| regex(r"\[\(32'h([0-9a-f]+)\)\+:\((\d+)\)\]"));
static INDEX: LazyLock<Regex> = LazyLock::new(|| regex(r"\[32'h([0-9a-f]+)\]"));
static CAST: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\(\((?:32'h(?<literal>[0-9a-f]+)|(?<name>[A-Za-z_][\w$]*)(?:\[(?<high>\d+)(?::(?<low>\d+))?\])?)\) & (?<width>\d+)'h[0-9a-f]+\)",
    )
});
static CLOCK: LazyLock<Regex> = LazyLock::new(|| regex(r"(?m)^ *([\w$]+\$clock) = ([\w$]+);\n"));

/// The same module with explicit widths.
pub(super) fn tidy(text: &str) -> String {
    direct_clocks(&explicit_widths(text))
}

fn number(captures: &Captures<'_>, name: &str) -> Option<usize> {
    captures.name(name).map(|digits| digits.as_str().parse().expect("digits"))
}

fn hexadecimal(digits: &str) -> usize {
    usize::from_str_radix(digits, 16).expect("hexadecimal digits")
}

fn explicit_widths(text: &str) -> String {
    let widths: BTreeMap<String, usize> = DECLARATION
        .captures_iter(text)
        .map(|found| {
            let width = found.get(1).map_or(1, |high| high.as_str().parse::<usize>().unwrap() + 1);
            (found[2].to_owned(), width)
        })
        .collect();
    let text = SLICE.replace_all(text, |found: &Captures<'_>| {
        let low = hexadecimal(&found[1]);
        let width: usize = found[2].parse().expect("digits");
        if width == 1 { format!("[{low}]") } else { format!("[{}:{low}]", low + width - 1) }
    });
    let text =
        INDEX.replace_all(&text, |found: &Captures<'_>| format!("[{}]", hexadecimal(&found[1])));
    let text = CAST.replace_all(&text, |found: &Captures<'_>| {
        let width = number(found, "width").expect("a cast has a width");
        if let Some(literal) = found.name("literal") {
            return format!("{width}'h{}", literal.as_str());
        }
        let name = &found["name"];
        let (high, low) = match (number(found, "high"), number(found, "low")) {
            (Some(high), Some(low)) => (high, low),
            (Some(bit), None) => (bit, bit),
            (None, _) => match widths.get(name) {
                Some(declared) => (declared - 1, 0),
                None => return found[0].to_owned(),
            },
        };
        resize(name, widths.get(name).copied(), high, low, width)
    });
    text.into_owned()
}

/// Bits `high` down to `low` of `name`, which is `declared` bits wide, as `width` bits.
fn resize(name: &str, declared: Option<usize>, high: usize, low: usize, width: usize) -> String {
    let kept = (high - low + 1).min(width);
    let part = if low == 0 && declared == Some(kept) {
        name.to_owned()
    } else if kept == 1 {
        format!("{name}[{low}]")
    } else {
        format!("{name}[{}:{low}]", low + kept - 1)
    };
    if kept == width { part } else { format!("{{{}'h0, {part}}}", width - kept) }
}

/// Connects a submodule's clock to the input that is passed on to it, where RustHDL copies it in the update block.
fn direct_clocks(text: &str) -> String {
    let mut direct = text.to_owned();
    for found in CLOCK.captures_iter(text) {
        let (line, stub, source) = (&found[0], &found[1], &found[2]);
        let is_input = text.contains(&format!("input wire  {source};"));
        let declaration = format!("    reg  {stub};\n");
        let connection = format!(".clock({stub})");
        let once = |pattern: &str| text.matches(pattern).count() == 1;
        if is_input && once(line) && once(&declaration) && once(&connection) {
            direct = direct.replace(line, "");
            direct = direct.replace(&declaration, "");
            direct = direct.replace(&connection, &format!(".clock({source})"));
        }
    }
    direct
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn casts_become_slices_and_concatenations() {
        let module = |line: &str| format!("    reg  [7:0] a;\n    reg  b;\n        {line}\n");
        for (given, expected) in [
            ("x = ((32'h1f) & 5'h1f);", "x = 5'h1f;"),
            ("x = ((a) & 12'hfff);", "x = {4'h0, a};"),
            ("x = ((a) & 8'hff);", "x = a;"),
            ("x = ((a) & 3'h7);", "x = a[2:0];"),
            ("x = ((b) & 2'h3);", "x = {1'h0, b};"),
            ("x = ((a[32'h2]) & 2'h3);", "x = {1'h0, a[2]};"),
            ("x = ((a[(32'h2)+:(4)]) & 6'h3f);", "x = {2'h0, a[5:2]};"),
            ("x = ((a[(32'h2)+:(4)]) & 2'h3);", "x = a[3:2];"),
            ("x = a[(32'h3)+:(1)];", "x = a[3];"),
            // What has no width of its own stays, and the linter sees it.
            ("x = ((a + b) & 8'hff);", "x = ((a + b) & 8'hff);"),
            ("x = ((unknown) & 8'hff);", "x = ((unknown) & 8'hff);"),
        ] {
            assert_eq!(tidy(&module(given)), module(expected), "{given}");
        }
    }
}
