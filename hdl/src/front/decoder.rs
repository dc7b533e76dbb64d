//! How the decoder is wired: three blocks per row of the instruction table.

use super::Engines;
use super::decode::{self, Row};
use crate::emit::{Module, Wiring};

fn own(name: &str) -> (&str, String) {
    (name, name.to_owned())
}

/// The decoder of a machine with these engines: where an instruction goes, and whether a word is one.
pub(super) fn module(engines: &Engines) -> Module {
    let mut text = Wiring::new("decoder");
    text.input("opcode", 8);
    text.output("queues", 6);
    text.output("own", 1);
    text.input("word", 256);
    text.output("legal", 1);
    let rows = decode::table();
    // What no engine executes is no instruction.
    let rows: Vec<&Row> =
        rows.iter().filter(|row| row.engine.is_none_or(|engine| engines.has(engine))).collect();
    rows.iter().for_each(|row| routes(&mut text, row, engines));
    let any = |output: &str| {
        rows.iter().map(|row| wire(output, row)).collect::<Vec<String>>().join(" | ")
    };
    let (queues, own, accepted) = (any("queues"), any("own"), any("accepted"));
    let refused: Vec<String> = rows.iter().flat_map(|row| fields(&mut text, row)).collect();
    text.assign("queues", &queues);
    text.assign("own", &own);
    text.assign("legal", &format!("({accepted}) & ~({})", refused.join(" | ")));
    text.finish()
}

/// A row's part of an output.
fn wire(output: &str, row: &Row) -> String {
    format!("{output}_{:02x}", row.opcode)
}

fn opcode(row: &Row) -> (&'static str, String) {
    ("row", format!("8'h{:02x}", row.opcode))
}

/// Where words of a row go, and which bits they have.
fn routes(text: &mut Wiring, row: &Row, engines: &Engines) {
    for (output, bits) in [("queues", 6), ("own", 1), ("accepted", 1)] {
        text.wire(&wire(output, row), bits);
    }
    let to = row.queues.iter().filter(|engine| engines.has(**engine));
    let to = to.fold(0u64, |to, &engine| to | 1 << engine as u64);
    text.instance(
        "front_route",
        &wire("route", row),
        &[],
        &[
            opcode(row),
            ("to", format!("6'h{to:x}")),
            ("executed", format!("1'b{}", u8::from(row.engine.is_some()))),
            own("opcode"),
            ("queues", wire("queues", row)),
            ("own", wire("own", row)),
        ],
    );
    let [a, b, c, d] = row.zeros.0;
    text.instance(
        "front_rule",
        &wire("rule", row),
        &[],
        &[
            opcode(row),
            ("zeros", format!("256'h{d:016x}{c:016x}{b:016x}{a:016x}")),
            own("word"),
            ("accepts", wire("accepted", row)),
        ],
    );
}

/// The fields of a row of which some values mean nothing; gives the wires that say that one holds such a value.
fn fields(text: &mut Wiring, row: &Row) -> Vec<String> {
    let mut wires = Vec::new();
    for &(lsb, width, values) in &row.fields {
        let refuses = format!("{}_{lsb}", wire("refuses", row));
        text.wire(&refuses, 1);
        let field = format!("word[{}:{lsb}]", lsb + width - 1);
        let zeros = decode::FIELD_BITS - width;
        let field = if zeros == 0 { field } else { format!("{{{zeros}'h0, {field}}}") };
        text.instance(
            "front_field_rule",
            &format!("{}_{lsb}", wire("rule", row)),
            &[],
            &[
                opcode(row),
                ("values", format!("64'h{values:x}")),
                ("opcode", "word[7:0]".into()),
                ("field", field),
                ("refuses", refuses.clone()),
            ],
        );
        wires.push(refuses);
    }
    wires
}
