//! How a load's lines follow from GEOMETRY, OPERANDS and LD.A: the steps of [`Reckoner`](super::Reckoner).

use super::Divide;
use rust_hdl_core::prelude::*;
use satkit_spec::ACTIVATION_DECODE_CYCLES;
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
    ("across", 20),
    ("down", 20),
    ("patch_width", 5),
];

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
}

/// The steps, as they are written down.
#[derive(Default)]
struct Writer {
    steps: Vec<Step>,
    given: Vec<Given>,
    numbers: usize,
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
        self.steps.push(Step { operation, to, a, b, constant, gives: None });
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
        let mut places = vec![None; self.numbers];
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
            let gives = step.gives.map_or(0, |place| 1 << 22 | place << 23);
            step.operation | to << 4 | a << 10 | b << 16 | step.constant << 10 | gives
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
        let place = STRIPE.iter().position(|&(known, _)| known == name);
        let place = place.unwrap_or_else(|| panic!("a stripe has no {name}"));
        let place = place as u32;
        // The step that wrote it last gives it, if that gives nothing else.
        let written = self.steps.iter_mut().rfind(|step| step.to == Ok(value));
        match written {
            Some(step) if step.gives.is_none() => step.gives = Some(place),
            _ => self.act(GIVE, place, Some(value), None),
        }
    }

    fn push(&mut self) {
        self.act(CONTROL, 1, None, None);
    }
}

/// What a load of flat patches is.
fn flat() -> Writer {
    let mut w = Writer::default();
    let field = |w: &mut Writer, mnemonic, name| w.given(Given::Field(mnemonic, name));
    let zero = w.constant(0);
    let one = w.constant(1);
    let seven = w.constant(7);

    // What it does not do: WU, patches that are not flat, products of a batch.
    let stage = field(&mut w, "GEOMETRY", "stage");
    w.refuse_if_less(one, stage);
    let is_flat = field(&mut w, "GEOMETRY", "flat");
    w.refuse_if_equal(is_flat, zero);
    let group = field(&mut w, "LD.A", "group");
    w.refuse_if_less(zero, group);
    let pitch = field(&mut w, "OPERANDS", "a_pitch");
    let ragged = w.low(pitch, 2);
    w.if_equal(pitch, one);
    let rest = w.select(zero, ragged);
    w.refuse_if_less(zero, rest);
    w.refuse_if_equal(pitch, zero);

    // Channels, from groups that K slots are kept of.
    let ci = field(&mut w, "GEOMETRY", "ci");
    let co = field(&mut w, "GEOMETRY", "co");
    w.if_equal(stage, one);
    let channels = w.select(co, ci);
    let n = field(&mut w, "GEOMETRY", "n");
    let m = field(&mut w, "GEOMETRY", "m");
    let slot = field(&mut w, "LD.A", "slot_base");
    let slots = field(&mut w, "LD.A", "slots");
    w.refuse_if_equal(slots, zero);
    let (first_group, skipped) = w.divide(slot, n);
    let end_slot = w.add(slot, slots);
    let last_slot = w.subtract(end_slot, one);
    let (last_group, _) = w.divide(last_slot, n);
    let end_group = w.add(last_group, one);
    let first_channel = w.times(first_group, m);
    let end_channel = w.times(end_group, m);
    w.refuse_if_less(channels, end_channel);
    let first_word = w.down(first_channel, 3);
    let up = w.add(end_channel, seven);
    let end_word = w.down(up, 3);
    let words = w.subtract(end_word, first_word);

    // Pixels.
    let batch = field(&mut w, "GEOMETRY", "batch");
    let h = field(&mut w, "GEOMETRY", "h");
    let width = field(&mut w, "GEOMETRY", "w");
    let lines = w.times(batch, h);
    let all = w.times(lines, width);
    let patch_width = field(&mut w, "GEOMETRY", "patch_w");
    let row = field(&mut w, "LD.A", "row_base");
    let rows = field(&mut w, "LD.A", "rows");
    let first_pixel = w.times(row, patch_width);
    let end_row = w.add(row, rows);
    let end_pixel = w.times(end_row, patch_width);
    w.if_less(all, end_pixel);
    let end_pixel = w.select(all, end_pixel);
    let least = w.add(first_pixel, one);
    w.refuse_if_less(end_pixel, least);
    let pixels = w.subtract(end_pixel, first_pixel);

    // Where they lie. Whole pixels are one run, and those of a word are always read whole.
    let offset = w.times(first_pixel, pitch);
    let offset = w.add(offset, first_word);
    let beats = w.down(offset, 2);
    let a = field(&mut w, "OPERANDS", "a");
    let first_beat = w.add(a, beats);
    w.give("first_beat", first_beat);
    let lead = w.low(offset, 2);
    w.give("lead", lead);
    // Do the beats that have the channels make up the pixel?
    let three = w.constant(3);
    let up = w.add(end_word, three);
    let end_beat = w.down(up, 2);
    let end = w.up(end_beat, 2);
    w.if_equal(end, pitch);
    let whole = w.select(one, zero);
    let first = w.down(first_word, 2);
    w.if_equal(first, zero);
    let whole = w.select(whole, zero);
    w.if_equal(pitch, one);
    let packed = w.select(one, zero);
    w.give("packed", packed);
    let before = w.select(zero, lead);
    let whole = w.select(one, whole);
    let all_words = w.times(pixels, pitch);
    let all_words = w.subtract(all_words, before);
    w.if_equal(whole, one);
    let length = w.select(all_words, words);
    w.give("length", length);
    let runs = w.select(one, pixels);
    w.give("runs", runs);
    w.give("stride", pitch);
    w.give("lines", one);
    w.give("line_stride", zero);

    // What the rows hold of them.
    let streams = field(&mut w, "GEOMETRY", "dataflow");
    w.if_equal(streams, zero);
    let streams = w.select(one, zero);
    w.give("streams", streams);
    w.if_equal(packed, one);
    let runs = w.select(one, pixels);
    w.give("pixels", runs);
    let run_words = w.select(pixels, words);
    w.give("words", run_words);
    w.give("at", zero);
    w.give("pixel", zero);
    let patch_words = w.times(patch_width, words);
    w.give("patch_words", patch_words);
    w.give("line_words", patch_words);
    w.give("row_first", zero);
    w.if_equal(streams, one);
    let step = w.select(one, words);
    w.give("pixel_step", step);
    let end = w.select(slots, rows);
    w.give("row_end", end);
    let needed = w.select(pixels, patch_words);
    let array_rows = w.given(Given::ArrayRows);
    w.refuse_if_less(array_rows, end);
    let half = w.given(Given::HalfWords);
    w.refuse_if_less(half, needed);
    let said = field(&mut w, "LD.A", "words");
    w.refuse_if_less(said, needed);
    w.refuse_if_less(half, said);
    // In WS a row is a pixel, and a word has one group.
    let patch_height = field(&mut w, "GEOMETRY", "patch_h");
    w.refuse_if_less(one, patch_height);
    w.if_equal(streams, one);
    let side = w.select(patch_width, one);
    w.refuse_if_less(one, side);
    let eight = w.constant(8);
    w.refuse_if_less(eight, m);
    w.give("skipped", skipped);
    let most = w.constant(2047);
    let most = w.add(most, n);
    let (share, _) = w.divide(most, n);
    w.give("share", share);
    let lane = w.low(first_channel, 3);
    w.give("lane", lane);
    let two = w.constant(2);
    let four = w.constant(4);
    w.if_less(one, m);
    let log2 = w.select(one, zero);
    for power in [two, four] {
        w.if_less(power, m);
        let more = w.select(one, zero);
        w.step(ADD, Ok(log2), [Some(log2), Some(more)], 0);
    }
    w.give("group_log2", log2);

    // Where outputs of a row are read.
    let across = w.up(words, 3);
    w.give("across", across);
    let down = w.up(patch_words, 3);
    w.give("down", down);
    w.give("patch_width", patch_width);
    w.give("is_first", one);
    w.give("is_last", one);
    w.push();
    w
}

/// What the steps read of instructions and of the array, in the order of their places.
pub(super) fn given() -> Vec<Given> {
    flat().given
}

/// The words of all steps. They take the cycles of [`ACTIVATION_DECODE_CYCLES`]: the last ones do nothing.
fn words() -> &'static [u32] {
    static WORDS: OnceLock<Vec<u32>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let mut words = flat().words();
        let divisions = words.iter().filter(|&&word| word & 15 == DIVIDE).count();
        // Three cycles from the one in which the load is taken to the first step's own.
        let cycles = 3 + words.len() + divisions * Divide::CYCLES;
        assert!(cycles <= ACTIVATION_DECODE_CYCLES, "decoding takes {cycles} cycles");
        words.extend((cycles..ACTIVATION_DECODE_CYCLES).map(|_| GIVE | 63 << 4));
        assert!(words.len() <= 256, "{} steps", words.len());
        if let Some(last) = words.last_mut() {
            *last |= LAST;
        }
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
    pub at: Signal<In, Bits<8>>,
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
        let line = |(at, word): (usize, &u32)| format!("    8'h{at:x}: word = 30'h{word:x};\n");
        let lines: String = words().iter().enumerate().map(line).collect();
        Verilog::Custom(format!(
            "always @(*) case (at)\n{lines}    default: word = 30'h0;\nendcase"
        ))
    }
}
