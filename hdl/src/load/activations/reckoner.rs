//! Computes where the lines of a load lie: a small machine of 32-bit numbers.

use super::{Divide, ProgramSteps};
use crate::array::SmallRam;
use crate::float::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Goes through the steps of [`ProgramSteps`], one per cycle, a division in [`Divide::CYCLES`] more. A step reads its numbers in one
/// cycle and writes its own in the next; one that reads what the step before it writes gets it before it is written. What a step writes
/// it may give, too.
///
/// | operation | what |
/// |---|---|
/// | 0, 1 | sum, difference |
/// | 2 | `a` times the lowest 16 bits of `b` |
/// | 4, 5 | quotient; remainder of the last division |
/// | 6, 7 | a constant, a field |
/// | 8, 9 | `a` shifted down or up by a constant |
/// | 10 | `a` if the flag is set, else `b` |
/// | 11, 12 | to 0: sets the flag if `a` is less, or equal; to 1: the load is none then |
/// | 14 | gives `a` |
/// | 15 | to 0: goes to another step if the flag is set, and the load is one so far; to 1: the stripe is complete; to 2: it is if the flag is set; to 3: gives nothing from here on if it is, else goes on giving |
#[derive(LogicBlock, Default)]
pub struct Reckoner {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Stops.
    pub reset: Signal<In, Bit>,
    /// Begins with the first step.
    pub start: Signal<In, Bit>,
    /// Fields of instructions, 32 bits each.
    pub fields: Signal<In, Bits<1024>>,
    /// A number is given.
    pub gives: Signal<Out, Bit>,
    /// Which.
    pub place: Signal<Out, Bits<6>>,
    /// The number.
    pub value: Signal<Out, Bits<32>>,
    /// All numbers of a stripe have been given.
    pub pushes: Signal<Out, Bit>,
    /// It has not done its last step.
    pub busy: Signal<Out, Bit>,
    /// The load is none, from here to the next start.
    pub refused: Signal<Out, Bit>,

    steps: ProgramSteps,
    at: DFF<Bits<10>>,
    at_up: Signal<Local, Bits<10>>,
    runs: DFF<Bit>,
    read: DFF<Bits<29>>,
    reads: DFF<Bit>,
    numbers_a: SmallRam<6, 32>,
    numbers_b: SmallRam<6, 32>,
    unused_fields: Signal<Local, Bits<1024>>,
    shift: Signal<Local, Bits<10>>,

    acts: DFF<Bit>,
    operation: DFF<Bits<4>>,
    to: DFF<Bits<6>>,
    also_gives: DFF<Bit>,
    gives_as: DFF<Bits<6>>,
    a: DFF<Bits<32>>,
    b: DFF<Bits<32>>,
    constant: DFF<Bits<12>>,
    field: DFF<Bits<32>>,
    flag: DFF<Bit>,
    wrong: DFF<Bit>,
    mutes: DFF<Bit>,

    low: Product<16, 16, 32>,
    high: Product<16, 16, 32>,
    divide: Divide,
    divides: Signal<Local, Bit>,
    waits: Signal<Local, Bit>,
    jumps: Signal<Local, Bit>,
    forwards_a: Signal<Local, Bit>,
    forwards_b: Signal<Local, Bit>,
    holds: Signal<Local, Bit>,
    product: Signal<Local, Bits<32>>,
    sum: Signal<Local, Bits<32>>,
    difference: Signal<Local, Bits<32>>,
    result: Signal<Local, Bits<32>>,
    writes: Signal<Local, Bit>,
}

impl Logic for Reckoner {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, at, runs, read, reads, acts, operation, to, a, b, constant, field);
        dff_setup!(self, clock, flag, wrong, also_gives, gives_as, mutes);
        self.numbers_a.clock.next = self.clock.val();
        self.numbers_b.clock.next = self.clock.val();
        self.divide.clock.next = self.clock.val();

        // The step is read, then its numbers.
        self.steps.at.next = self.at.q.val();
        self.at_up.next = self.at.q.val() + bits::<10>(1);
        self.numbers_a.read_index.next = self.read.q.val().get_bits::<6>(10);
        self.numbers_b.read_index.next = self.read.q.val().get_bits::<6>(16);
        self.shift.next = bit_cast::<10, 5>(self.read.q.val().get_bits::<5>(16)) << bits::<3>(5);
        self.unused_fields.next = self.fields.val() >> self.shift.val();
        // A division holds all up.
        self.divides.next = self.acts.q.val() & (self.operation.q.val() == bits::<4>(4));
        self.divide.start.next = self.divides.val();
        self.divide.a.next = self.a.q.val();
        self.divide.b.next = self.b.q.val();
        self.waits.next = self.divides.val() & !self.divide.done.val();
        if !self.waits.val() {
            self.at.d.next = self.at_up.val();
            self.read.d.next = self.steps.word.val().get_bits::<29>(0);
            self.reads.d.next = self.runs.q.val();
            if self.runs.q.val() & self.steps.word.val().get_bit(29) {
                self.runs.d.next = false;
            }
            self.acts.d.next = self.reads.q.val();
            self.operation.d.next = self.read.q.val().get_bits::<4>(0);
            self.to.d.next = self.read.q.val().get_bits::<6>(4);
            self.also_gives.d.next = self.read.q.val().get_bit(22);
            self.gives_as.d.next = self.read.q.val().get_bits::<6>(23);
            self.constant.d.next = self.read.q.val().get_bits::<12>(10);
            self.field.d.next = self.unused_fields.val().get_bits::<32>(0);
        }

        // It acts.
        self.low.left.next = self.a.q.val().get_bits::<16>(0);
        self.low.right.next = self.b.q.val().get_bits::<16>(0);
        self.high.left.next = self.a.q.val().get_bits::<16>(16);
        self.high.right.next = self.b.q.val().get_bits::<16>(0);
        self.product.next = self.low.product.val() + (self.high.product.val() << bits::<5>(16));
        self.sum.next = self.a.q.val() + self.b.q.val();
        self.difference.next = self.a.q.val() - self.b.q.val();
        self.result.next = self.sum.val();
        self.writes.next = self.acts.q.val() & !self.waits.val();
        self.jumps.next = false;
        self.gives.next = false;
        self.pushes.next = false;
        if self.operation.q.val() == bits::<4>(1) {
            self.result.next = self.difference.val();
        }
        if self.operation.q.val() == bits::<4>(2) {
            self.result.next = self.product.val();
        }
        if self.operation.q.val() == bits::<4>(4) {
            self.result.next = self.divide.quotient.val();
        }
        if self.operation.q.val() == bits::<4>(5) {
            self.result.next = self.divide.remainder.val();
        }
        if self.operation.q.val() == bits::<4>(6) {
            self.result.next = bit_cast::<32, 12>(self.constant.q.val());
        }
        if self.operation.q.val() == bits::<4>(7) {
            self.result.next = self.field.q.val();
        }
        if self.operation.q.val() == bits::<4>(8) {
            self.result.next = self.a.q.val() >> self.constant.q.val().get_bits::<5>(6);
        }
        if self.operation.q.val() == bits::<4>(9) {
            self.result.next = self.a.q.val() << self.constant.q.val().get_bits::<5>(6);
        }
        if self.operation.q.val() == bits::<4>(10) {
            self.result.next = self.b.q.val();
            if self.flag.q.val() {
                self.result.next = self.a.q.val();
            }
        }
        // What follows writes no number.
        if self.operation.q.val() >= bits::<4>(11) {
            self.writes.next = false;
        }
        self.holds.next = self.a.q.val() < self.b.q.val();
        if self.operation.q.val() == bits::<4>(12) {
            self.holds.next = self.a.q.val() == self.b.q.val();
        }
        if self.acts.q.val() {
            if (self.operation.q.val() == bits::<4>(11)) | (self.operation.q.val() == bits::<4>(12))
            {
                if self.to.q.val().any() {
                    self.wrong.d.next = self.wrong.q.val() | self.holds.val();
                } else {
                    self.flag.d.next = self.holds.val();
                }
            }
            self.gives.next = ((self.operation.q.val() == bits::<4>(14))
                | (self.writes.val() & self.also_gives.q.val()))
                & !self.mutes.q.val();
            if self.operation.q.val() == bits::<4>(15) {
                self.pushes.next = (self.to.q.val() == bits::<6>(1))
                    | ((self.to.q.val() == bits::<6>(2)) & self.flag.q.val());
                self.jumps.next = self.flag.q.val() & !self.wrong.q.val() & !self.to.q.val().any();
                if self.to.q.val() == bits::<6>(3) {
                    self.mutes.d.next = self.flag.q.val();
                }
            }
        }
        // What is written is read at once.
        self.forwards_a.next =
            self.writes.val() & (self.to.q.val() == self.read.q.val().get_bits::<6>(10));
        self.forwards_b.next =
            self.writes.val() & (self.to.q.val() == self.read.q.val().get_bits::<6>(16));
        if !self.waits.val() {
            self.a.d.next = self.numbers_a.read_data.val();
            if self.forwards_a.val() {
                self.a.d.next = self.result.val();
            }
            self.b.d.next = self.numbers_b.read_data.val();
            if self.forwards_b.val() {
                self.b.d.next = self.result.val();
            }
        }
        // Behind a jump nothing acts of what has been read.
        if self.jumps.val() {
            self.at.d.next = self.constant.q.val().get_bits::<10>(0);
            self.runs.d.next = true;
            self.reads.d.next = false;
            self.acts.d.next = false;
        }
        self.numbers_a.write.next = self.writes.val();
        self.numbers_a.write_index.next = self.to.q.val();
        self.numbers_a.write_data.next = self.result.val();
        self.numbers_b.write.next = self.writes.val();
        self.numbers_b.write_index.next = self.to.q.val();
        self.numbers_b.write_data.next = self.result.val();
        if self.start.val() {
            self.at.d.next = bits::<10>(0);
            self.runs.d.next = true;
            self.wrong.d.next = false;
            self.mutes.d.next = false;
        }
        if self.reset.val() {
            self.runs.d.next = false;
            self.reads.d.next = false;
            self.acts.d.next = false;
        }
        self.place.next = self.gives_as.q.val();
        self.value.next = self.result.val();
        if self.operation.q.val() == bits::<4>(14) {
            self.place.next = self.to.q.val();
            self.value.next = self.a.q.val();
        }
        self.busy.next = self.runs.q.val() | self.reads.q.val() | self.acts.q.val();
        self.refused.next = self.wrong.q.val();
    }
}
