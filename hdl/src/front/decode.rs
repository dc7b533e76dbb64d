//! What is an instruction: one block per row of the instruction table, whose constants say what its words look like.
//!
//! The constants come from [`satkit_spec::isa`]: [`table`] asks [`Instruction::decode`] itself which bits and which values it
//! accepts, so that the hardware accepts the same.

use rust_hdl_core::prelude::*;
use satkit_spec::isa::{
    self, Engine, HEADER_BITS, Instruction, OPCODE_BITS, Semaphore, SemaphoreSet, Word,
};

/// Where an instruction goes, by its opcode.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Route {
    /// Opcode of the row, constant.
    pub row: Signal<In, Bits<8>>,
    /// Queues of the row, constant.
    pub to: Signal<In, Bits<6>>,
    /// An engine executes instructions of the row, constant; else they are kept.
    pub executed: Signal<In, Bit>,
    /// Opcode of the instruction.
    pub opcode: Signal<In, Bits<8>>,
    /// Queues that the instruction goes to, if it is of this row.
    pub queues: Signal<Out, Bits<6>>,
    /// It is of this row, and an engine executes it.
    pub own: Signal<Out, Bit>,
}

impl Logic for Route {
    #[hdl_gen]
    fn update(&mut self) {
        self.queues.next = bits::<6>(0);
        self.own.next = false;
        if self.opcode.val() == self.row.val() {
            self.queues.next = self.to.val();
            self.own.next = self.executed.val();
        }
    }
}

/// Whether a word is an instruction of one row.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Rule {
    /// Opcode of the row, constant.
    pub row: Signal<In, Bits<8>>,
    /// Bits that are 0 in every word of the row, constant: reserved ones, semaphores that its engine does not take or post.
    pub zeros: Signal<In, Bits<256>>,
    /// The word.
    pub word: Signal<In, Bits<256>>,
    /// It is an instruction of the row, its fields' values aside.
    pub accepts: Signal<Out, Bit>,

    set: Signal<Local, Bits<256>>,
}

impl Logic for Rule {
    #[hdl_gen]
    fn update(&mut self) {
        self.set.next = self.word.val() & self.zeros.val();
        self.accepts.next =
            (self.word.val().get_bits::<8>(0) == self.row.val()) & !self.set.val().any();
    }
}

/// Whether a field holds a value that means nothing.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct FieldRule {
    /// Opcode of the row, constant.
    pub row: Signal<In, Bits<8>>,
    /// One bit per value of the field, constant: it means something.
    pub values: Signal<In, Bits<64>>,
    /// Opcode of the instruction.
    pub opcode: Signal<In, Bits<8>>,
    /// The field's bits.
    pub field: Signal<In, Bits<6>>,
    /// The instruction is of this row, and the value means nothing.
    pub refuses: Signal<Out, Bit>,

    found: Signal<Local, Bits<64>>,
}

impl Logic for FieldRule {
    #[hdl_gen]
    fn update(&mut self) {
        self.found.next = (bits::<64>(1) << self.field.val()) & self.values.val();
        self.refuses.next = (self.opcode.val() == self.row.val()) & !self.found.val().any();
    }
}

/// One row of the instruction table as the hardware needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Mnemonic.
    pub mnemonic: &'static str,
    /// Opcode.
    pub opcode: u8,
    /// The engine that executes it; `None` for kept instructions.
    pub engine: Option<Engine>,
    /// Engines whose queues take it.
    pub queues: &'static [Engine],
    /// Bits that are 0, as in [`Word`].
    pub zeros: Word,
    /// Fields of which some values mean nothing: lowest bit, width, one bit per value that does.
    pub fields: Vec<(u32, u32, u64)>,
}

/// Widest field with a value that means nothing; wider ones hold numbers.
pub(super) const FIELD_BITS: u32 = 6;

/// The rows of all instructions, in the order of the instruction table.
#[must_use]
pub fn table() -> Vec<Row> {
    isa::reference().map(|(mnemonic, opcode, _, fields)| row(mnemonic, opcode, &fields)).collect()
}

fn row(mnemonic: &'static str, opcode: u8, fields: &[isa::Field]) -> Row {
    let accepts = |lsb: u32, value: u64| {
        let mut word = Word([u64::from(opcode), 0, 0, 0]);
        place(&mut word, lsb, value);
        Instruction::decode(&word)
    };
    let plain = accepts(HEADER_BITS, 0);
    let operation = plain.unwrap_or_else(|error| panic!("{mnemonic} of zeros: {error}")).operation;
    let engine = operation.engine();
    let end = fields.last().map_or(HEADER_BITS, |field| field.lsb + field.width);
    let mut zeros = Word::default();
    (end..Word::BITS).for_each(|bit| place(&mut zeros, bit, 1));
    // Of 16 bits each, all that are no semaphore of this engine.
    for bit in 0..SemaphoreSet::BITS {
        let semaphore = Semaphore::ALL.get(bit as usize);
        let takes = semaphore.is_some_and(|s| Some(s.taker()) == engine);
        let posts = semaphore.is_some_and(|s| Some(s.poster()) == engine);
        place(&mut zeros, OPCODE_BITS + bit, u64::from(!takes));
        place(&mut zeros, OPCODE_BITS + SemaphoreSet::BITS + bit, u64::from(!posts));
    }
    let narrow = fields.iter().filter(|field| field.width <= FIELD_BITS);
    let fields = narrow.filter_map(|field| {
        let values = (0..=field.max()).filter(|&value| accepts(field.lsb, value).is_ok());
        let values = values.fold(0u64, |set, value| set | 1 << value);
        let all = u64::MAX >> (64 - (1u32 << field.width));
        (values != all).then_some((field.lsb, field.width, values))
    });
    Row { mnemonic, opcode, engine, queues: operation.queues(), zeros, fields: fields.collect() }
}

/// Ors a value into a word.
fn place(word: &mut Word, lsb: u32, value: u64) {
    for bit in (0..64).filter(|bit| value >> bit & 1 == 1) {
        let bit = lsb + bit;
        word.0[(bit / 64) as usize] |= 1 << (bit % 64);
    }
}
