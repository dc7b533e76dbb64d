//! Arithmetic as a chain of blocks, written operation by operation.

use super::DivideSingle;
use crate::emit::{NEVER, Wiring};
use crate::float::{AddSingle, MultiplySingle};
use std::collections::BTreeSet;

/// An FP32 value, and the cycle of its element in which it is there; a constant is always there.
#[derive(Clone, Debug)]
pub(super) struct Value {
    name: String,
    at: Option<usize>,
}

impl Value {
    /// The wire `name`, in cycle `at` of its element.
    pub(super) fn wire(name: &str, at: usize) -> Self {
        Self { name: name.into(), at: Some(at) }
    }

    /// What holds from before its first use to after its last.
    pub(super) fn held(name: &str) -> Self {
        Self { name: name.into(), at: None }
    }

    /// A constant.
    pub(super) fn constant(value: f32) -> Self {
        Self { name: format!("32'h{:08x}", value.to_bits()), at: None }
    }

    /// The cycle in which it is there.
    pub(super) fn cycle(&self) -> usize {
        self.at.unwrap_or(0)
    }
}

/// Writes blocks of FP32 arithmetic into a module, each value delayed to where the others are.
pub(super) struct Flow<'t> {
    pub(super) text: &'t mut Wiring,
    /// A pulse goes with each element: the wire of cycle 0.
    pulse: String,
    known: BTreeSet<String>,
    /// Dividers take turns: elements are further apart than a third of a quotient's cycles.
    turns: bool,
}

impl<'t> Flow<'t> {
    /// Values of elements whose pulse is `pulse`. With `turns` they come every [`Flow::APART`] cycles at most.
    pub(super) fn new(text: &'t mut Wiring, pulse: &str, turns: bool) -> Self {
        Self { text, pulse: pulse.into(), known: BTreeSet::new(), turns }
    }

    /// Cycles from one element to the next, at least: three dividers in turn.
    pub(super) const APART: usize = DivideSingle::LATENCY_CYCLES / 3;

    /// A wire of `bits` bits that is `name` of cycle `from`, in cycle `to`.
    pub(super) fn late(&mut self, name: &str, bits: usize, from: usize, to: usize) -> String {
        assert!(from <= to, "{name} is there in cycle {from}, not in {to}");
        if from == to {
            return name.into();
        }
        let late = format!("{name}_in_{to}");
        if self.known.insert(late.clone()) {
            self.text.delayed(&late, bits, to - from, name, NEVER);
        }
        late
    }

    /// The element's pulse in cycle `at`.
    pub(super) fn pulse(&mut self, at: usize) -> String {
        if at == 0 {
            return self.pulse.clone();
        }
        let late = format!("{}_in_{at}", self.pulse);
        if self.known.insert(late.clone()) {
            self.text.delayed(&late, 1, at, &self.pulse.clone(), "reset");
        }
        late
    }

    /// A value's wire in cycle `at`.
    pub(super) fn wire(&mut self, value: &Value, at: usize) -> String {
        match value.at {
            Some(from) => self.late(&value.name, 32, from, at),
            None => value.name.clone(),
        }
    }

    fn operands(&mut self, a: &Value, b: &Value) -> (usize, String, String) {
        let at = a.cycle().max(b.cycle());
        (at, self.wire(a, at), self.wire(b, at))
    }

    fn pipelined(
        &mut self,
        [kind, port]: [&str; 2],
        name: &str,
        cycles: usize,
        (at, a, b): (usize, String, String),
    ) -> Value {
        self.text.wire(name, 32);
        let connections =
            [("clock", "clock".to_owned()), ("a", a), ("b", b), (port, name.to_owned())];
        self.text.instance(kind, &format!("make_{name}"), &[], &connections);
        Value::wire(name, at + cycles)
    }

    /// `a + b`.
    pub(super) fn add(&mut self, name: &str, a: &Value, b: &Value) -> Value {
        let operands = self.operands(a, b);
        let cycles = AddSingle::LATENCY_CYCLES;
        self.pipelined(["vector_add_single", "sum"], name, cycles, operands)
    }

    /// `a - b`.
    pub(super) fn subtract(&mut self, name: &str, a: &Value, b: &Value) -> Value {
        let (at, a, b) = self.operands(a, b);
        let cycles = AddSingle::LATENCY_CYCLES;
        let operands = (at, a, format!("{b} ^ 32'h80000000"));
        self.pipelined(["vector_add_single", "sum"], name, cycles, operands)
    }

    /// `a * b`.
    pub(super) fn multiply(&mut self, name: &str, a: &Value, b: &Value) -> Value {
        let operands = self.operands(a, b);
        let cycles = MultiplySingle::LATENCY_CYCLES;
        self.pipelined(["vector_multiply_single", "product"], name, cycles, operands)
    }

    /// `a / b`, where the element's pulse is: all its cycles are known.
    pub(super) fn divide(&mut self, name: &str, a: &Value, b: &Value) -> Value {
        let (at, a, b) = self.operands(a, b);
        let (start, cycles) = (self.pulse(at), DivideSingle::LATENCY_CYCLES);
        self.text.wire(name, 32);
        let kind = if self.turns { "vector_divide_turns" } else { "vector_divide_single" };
        let mut connections = vec![
            ("clock", "clock".to_owned()),
            ("start", start),
            ("a", a),
            ("b", b),
            ("quotient", name.to_owned()),
        ];
        if self.turns {
            connections.push(("reset", "reset".into()));
        }
        self.text.instance(kind, &format!("make_{name}"), &[], &connections);
        Value::wire(name, at + cycles)
    }

    /// Whatever `expression` of wires in cycle `at` gives, one cycle later.
    pub(super) fn register(
        &mut self,
        name: &str,
        bits: usize,
        at: usize,
        expression: &str,
    ) -> Value {
        self.text.value(&format!("{name}_before"), bits, expression);
        self.text.delayed(name, bits, 1, &format!("{name}_before"), NEVER);
        Value::wire(name, at + 1)
    }
}

/// Three dividers in turn, so that a quotient can be begun every [`Flow::APART`] cycles.
pub(super) fn divide_turns() -> crate::emit::Module {
    let mut text = Wiring::new("vector_divide_turns");
    for (name, bits) in [("clock", 1), ("reset", 1), ("start", 1), ("a", 32), ("b", 32)] {
        text.input(name, bits);
    }
    text.output("quotient", 32);
    text.line("reg [1:0] turn;");
    text.line("initial turn = 2'd0;");
    text.line("always @(posedge clock) turn <= reset ? 2'd0 : !start ? turn : turn == 2'd2 ? 2'd0 : turn + 2'd1;");
    text.delayed("turn_late", 2, DivideSingle::LATENCY_CYCLES, "turn", NEVER);
    for at in 0..3 {
        text.wire(&format!("quotient_{at}"), 32);
        text.instance(
            "vector_divide_single",
            &format!("divider_{at}"),
            &[],
            &[
                ("clock", "clock".into()),
                ("start", format!("start & (turn == 2'd{at})")),
                ("a", "a".into()),
                ("b", "b".into()),
                ("quotient", format!("quotient_{at}")),
            ],
        );
    }
    let chosen = "turn_late == 2'd0 ? quotient_0 : turn_late == 2'd1 ? quotient_1 : quotient_2";
    text.assign("quotient", chosen);
    text.finish()
}
