//! How a load's lines follow from GEOMETRY, OPERANDS and LD.A: the steps of [`Reckoner`](super::Reckoner).

mod halos;
mod images;
mod ways;

use super::Divide;
use rust_hdl_core::prelude::*;
use satkit_spec::{
    ACTIVATION_DECODE_CYCLES, ACTIVATION_IMAGE_DECODE_CYCLES, ACTIVATION_STRIPE_DECODE_CYCLES,
};
use std::sync::OnceLock;

/// A field that the steps can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// Of the instruction with this mnemonic, by its name.
    Field(&'static str, &'static str),
    /// Rows of the array.
    ArrayRows,
    /// Words of half a row bank.
    HalfWords,
}

/// A number that a step writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number(usize);

/// What a stripe is: each a number that the steps give, in this order, with its bits.
pub(super) const STRIPE: &[(&str, usize)] = &[
    ("first_beat", 32),
    ("lead", 2),
    ("length", 32),
    ("runs", 16),
    ("stride", 32),
    ("ask_lines", 16),
    ("lines", 16),
    ("line_stride", 32),
    ("at", 16),
    ("line_words", 16),
    ("patch_words", 16),
    ("pixel", 16),
    ("pixels", 16),
    ("words", 16),
    ("pixel_step", 16),
    ("row_first", 7),
    ("row_end", 7),
    ("streams", 1),
    ("packed", 1),
    ("skipped", 5),
    ("share", 12),
    ("lane", 3),
    ("group_log2", 2),
    ("is_first", 1),
    ("is_last", 1),
    ("scatters", 1),
    ("channels", 5),
    ("narrow", 1),
];

/// What a load's table of offsets is made of: numbers that the steps give behind those of a stripe.
pub(super) const TABLE: &[(&str, usize)] = &[
    ("across", 20),
    ("down", 20),
    ("patch_width", 5),
    ("by_taps", 1),
    ("tap_h", 8),
    ("tap_w", 8),
    ("kernel_h", 8),
    ("kernel_w", 8),
    ("weight_rows", 9),
    ("width_0", 16),
    ("width_1", 16),
    ("width_2", 16),
    ("begin_0", 20),
    ("begin_1", 20),
    ("begin_2", 20),
];

/// Place of a number that is given.
fn place(name: &str) -> u32 {
    let place = STRIPE.iter().chain(TABLE).position(|&(known, _)| known == name);
    place.unwrap_or_else(|| panic!("a load has no {name}")) as u32
}

const ADD: u32 = 0;
const SUBTRACT: u32 = 1;
const MULTIPLY: u32 = 2;
const DIVIDE: u32 = 4;
const REMAINDER: u32 = 5;
const CONSTANT: u32 = 6;
const FIELD: u32 = 7;
const DOWN: u32 = 8;
const UP: u32 = 9;
const SELECT: u32 = 10;
const LESS: u32 = 11;
const EQUAL: u32 = 12;
const GIVE: u32 = 14;
const CONTROL: u32 = 15;
const LAST: u32 = 1 << 29;
/// Cycles that go by behind a jump until the step that it leads to acts.
const JUMP_CYCLES: usize = 2;

/// A step before its numbers have places.
#[derive(Clone, Copy, Debug)]
struct Step {
    operation: u32,
    /// A number that it writes, or what it controls.
    to: Result<Number, u32>,
    a: Option<Number>,
    b: Option<Number>,
    /// Constant in the place of `a` and `b`.
    constant: u32,
    /// What of a stripe its number is, too.
    gives: Option<u32>,
    /// Nothing follows.
    is_last: bool,
}

/// The steps, as they are written down.
#[derive(Default)]
struct Writer {
    steps: Vec<Step>,
    given: Vec<Given>,
    numbers: usize,
    /// First step of the way that is written down.
    way: usize,
    /// Cycles that have gone by before it.
    before: usize,
    /// First and last steps of what is done again and again.
    rounds: Vec<(usize, usize)>,
}

impl Writer {
    fn step(
        &mut self,
        operation: u32,
        to: Result<Number, u32>,
        read: [Option<Number>; 2],
        constant: u32,
    ) {
        let [a, b] = read;
        self.steps.push(Step { operation, to, a, b, constant, gives: None, is_last: false });
    }

    fn number(&mut self) -> Number {
        self.numbers += 1;
        Number(self.numbers - 1)
    }

    fn of(&mut self, operation: u32, a: Number, b: Number) -> Number {
        let to = self.number();
        self.step(operation, Ok(to), [Some(a), Some(b)], 0);
        to
    }

    /// A number of a step that reads no other.
    fn plain(&mut self, operation: u32, constant: u32) -> Number {
        let to = self.number();
        self.step(operation, Ok(to), [None; 2], constant);
        to
    }

    /// A step that writes no number.
    fn act(&mut self, operation: u32, to: u32, a: Option<Number>, b: Option<Number>) {
        self.step(operation, Err(to), [a, b], 0);
    }

    /// The words of all steps, with numbers in places that are free again after they are last read.
    fn words(&self) -> Vec<u32> {
        let mut last = vec![0; self.numbers];
        for (at, step) in self.steps.iter().enumerate() {
            for number in step.a.iter().chain(&step.b).chain(step.to.as_ref().ok()) {
                last[number.0] = at;
            }
        }
        // What is read in rounds and written before is there for all of them.
        for &(first, end) in &self.rounds {
            for (number, last) in last.iter_mut().enumerate() {
                let written = self.steps.iter().position(|step| step.to == Ok(Number(number)));
                if written.is_some_and(|at| at < first) && (first..=end).contains(&*last) {
                    *last = end;
                }
            }
        }
        let mut places: Vec<Option<u32>> = vec![None; self.numbers];
        let mut free: Vec<u32> = (0..64).rev().collect();
        let word = |(at, step): (usize, &Step)| {
            let of = |number: Option<Number>, places: &[Option<u32>]| {
                number.map_or(0, |number| places[number.0].expect("it is written before"))
            };
            let (a, b) = (of(step.a, &places), of(step.b, &places));
            for number in step.a.iter().chain(&step.b) {
                if last[number.0] == at && step.to != Ok(*number) {
                    free.extend(places[number.0].take());
                }
            }
            let to = match step.to {
                Ok(number) => *places[number.0]
                    .get_or_insert_with(|| free.pop().expect("at most 64 numbers at a time")),
                Err(control) => control,
            };
            for (place, &last) in places.iter_mut().zip(&last) {
                if last == at {
                    free.extend(place.take());
                }
            }
            let gives = step.gives.map_or(0, |place| 1 << 22 | place << 23);
            let last = if step.is_last { LAST } else { 0 };
            step.operation | to << 4 | a << 10 | b << 16 | step.constant << 10 | gives | last
        };
        self.steps.iter().enumerate().map(word).collect()
    }

    fn add(&mut self, a: Number, b: Number) -> Number {
        self.of(ADD, a, b)
    }

    fn subtract(&mut self, a: Number, b: Number) -> Number {
        self.of(SUBTRACT, a, b)
    }

    /// The product with a number of 16 bits.
    fn times(&mut self, a: Number, b: Number) -> Number {
        self.of(MULTIPLY, a, b)
    }

    fn quotient(&mut self, a: Number, b: Number) -> Number {
        self.of(DIVIDE, a, b)
    }

    fn divide(&mut self, a: Number, b: Number) -> (Number, Number) {
        let quotient = self.of(DIVIDE, a, b);
        (quotient, self.plain(REMAINDER, 0))
    }

    fn constant(&mut self, value: u32) -> Number {
        assert!(value < 1 << 12, "a constant of {value}");
        self.plain(CONSTANT, value)
    }

    fn given(&mut self, given: Given) -> Number {
        let known = self.given.iter().position(|&known| known == given);
        let place = known.unwrap_or_else(|| {
            self.given.push(given);
            self.given.len() - 1
        });
        assert!(place < 32, "more than 32 fields");
        self.plain(FIELD, (place as u32) << 6)
    }

    fn shifted(&mut self, operation: u32, a: Number, by: u32) -> Number {
        let to = self.number();
        self.step(operation, Ok(to), [Some(a), None], by << 6);
        to
    }

    fn down(&mut self, a: Number, by: u32) -> Number {
        self.shifted(DOWN, a, by)
    }

    fn up(&mut self, a: Number, by: u32) -> Number {
        self.shifted(UP, a, by)
    }

    /// The lowest bits.
    fn low(&mut self, a: Number, bits: u32) -> Number {
        let up = self.up(a, 32 - bits);
        self.down(up, 32 - bits)
    }

    fn if_less(&mut self, a: Number, b: Number) {
        self.act(LESS, 0, Some(a), Some(b));
    }

    fn if_equal(&mut self, a: Number, b: Number) {
        self.act(EQUAL, 0, Some(a), Some(b));
    }

    fn select(&mut self, then: Number, other: Number) -> Number {
        self.of(SELECT, then, other)
    }

    /// The load is none if a number is less than another.
    fn refuse_if_less(&mut self, a: Number, b: Number) {
        self.act(LESS, 1, Some(a), Some(b));
    }

    /// The same if they are equal.
    fn refuse_if_equal(&mut self, a: Number, b: Number) {
        self.act(EQUAL, 1, Some(a), Some(b));
    }

    fn give(&mut self, name: &str, value: Number) {
        let place = place(name);
        // The step that wrote it last gives it, if that gives nothing else, and is none of another way, too.
        let own = &mut self.steps[self.way..];
        let written = own.iter_mut().rfind(|step| step.to == Ok(value));
        match written {
            Some(step) if step.gives.is_none() => step.gives = Some(place),
            _ => self.act(GIVE, place, Some(value), None),
        }
    }

    /// Gives a number here and now.
    fn give_now(&mut self, name: &str, value: Number) {
        self.act(GIVE, place(name), Some(value), None);
    }

    fn push(&mut self) {
        self.act(CONTROL, 1, None, None);
    }

    /// Pushes if the flag is set.
    fn push_if(&mut self) {
        self.act(CONTROL, 2, None, None);
    }

    /// From here on nothing is given if the flag is set, and all is if not.
    fn mute_if(&mut self) {
        self.act(CONTROL, 3, None, None);
    }

    /// A number of its own that can be set to others.
    fn variable(&mut self, value: Number, zero: Number) -> Number {
        self.add(value, zero)
    }

    fn set(&mut self, number: Number, operation: u32, a: Number, b: Number) {
        self.step(operation, Ok(number), [Some(a), Some(b)], 0);
    }

    /// What begins at step `first` is done once more if a number is less than another. Each time takes the cycles of
    /// [`ACTIVATION_STRIPE_DECODE_CYCLES`].
    fn again_if_less(&mut self, first: usize, a: Number, b: Number) {
        let cycles = self.cycles(first) + 2 + JUMP_CYCLES;
        assert!(cycles <= ACTIVATION_STRIPE_DECODE_CYCLES, "a stripe takes {cycles} cycles");
        for _ in cycles..ACTIVATION_STRIPE_DECODE_CYCLES {
            self.act(GIVE, 63, None, None);
        }
        self.if_less(a, b);
        self.act(CONTROL, 0, None, None);
        let end = self.steps.len() - 1;
        self.steps[end].constant = first as u32;
        self.rounds.push((first, end));
    }

    /// Cycles of the steps from one on.
    fn cycles(&self, from: usize) -> usize {
        let steps = &self.steps[from..];
        let divisions = steps.iter().filter(|step| step.operation == DIVIDE).count();
        steps.len() + divisions * Divide::CYCLES
    }

    /// Goes another way if a number is less than another. Gives what [`Writer::other_way`] goes on with.
    fn branch_if_less(&mut self, a: Number, b: Number) -> (usize, usize) {
        self.if_less(a, b);
        self.act(CONTROL, 0, None, None);
        (self.steps.len() - 1, self.before + self.cycles(self.way) + JUMP_CYCLES)
    }

    /// What is written down from here on is done behind a branch.
    fn other_way(&mut self, (branch, before): (usize, usize)) {
        self.way = self.steps.len();
        self.before = before;
        self.steps[branch].constant = self.way as u32;
    }

    /// The way ends, when decoding has taken its cycles: its last steps do nothing.
    fn end(&mut self) {
        self.end_after(ACTIVATION_DECODE_CYCLES);
    }

    /// The same of a way with rounds, of which there is one at least.
    fn end_with_rounds(&mut self) {
        self.end_after(ACTIVATION_IMAGE_DECODE_CYCLES + ACTIVATION_STRIPE_DECODE_CYCLES);
    }

    fn end_after(&mut self, all: usize) {
        // Three cycles from the one in which the load is taken to the first step's own.
        let cycles = 3 + self.before + self.cycles(self.way);
        assert!(cycles <= all, "decoding takes {cycles} cycles, not {all}");
        for _ in cycles..all {
            self.act(GIVE, 63, None, None);
        }
        self.steps.last_mut().expect("it has steps").is_last = true;
    }
}

/// What the steps read of instructions and of the array, in the order of their places.
pub(super) fn given() -> Vec<Given> {
    ways::ways().given
}

/// The words of all steps. Each way takes the cycles of [`ACTIVATION_DECODE_CYCLES`].
fn words() -> &'static [u32] {
    static WORDS: OnceLock<Vec<u32>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let words = ways::ways().words();
        assert!(words.len() <= 1024, "{} steps", words.len());
        words
    })
}

/// The steps as a memory.
///
/// | bits | what |
/// |---|---|
/// | 3..0 | operation, see [`Reckoner`](super::Reckoner) |
/// | 9..4 | place of the number that it writes, or what it gives |
/// | 15..10 | of the first that it reads |
/// | 21..16 | of the second; a field, or how far is shifted |
/// | 21..10 | a constant |
/// | 22 | its number is given, too |
/// | 28..23 | as what |
/// | 29 | it is the last |
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct ProgramSteps {
    /// The step.
    pub at: Signal<In, Bits<10>>,
    /// What it does.
    pub word: Signal<Out, Bits<30>>,
}

impl Logic for ProgramSteps {
    fn update(&mut self) {
        let word = words().get(self.at.val().index()).copied().unwrap_or_default();
        self.word.next = u64::from(word).to_bits();
    }

    fn connect(&mut self) {
        self.word.connect();
    }

    fn hdl(&self) -> Verilog {
        let line = |(at, word): (usize, &u32)| format!("    10'h{at:x}: word = 30'h{word:x};\n");
        let lines: String = words().iter().enumerate().map(line).collect();
        Verilog::Custom(format!(
            "always @(*) case (at)\n{lines}    default: word = 30'h0;\nendcase"
        ))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_ways_take_their_cycles() {
        assert!(super::words().len() > 512);
    }
}
