//! From exact sums to the parameters of the lanes.

use super::{DivideSingle, ExactRatio, Microcode, RootSingle};
use crate::array::SmallRam;
use crate::float::{AddSingle, MultiplySingle};
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Statistics and gradients of one channel after another: runs a [`Program`](super::Program) on the channel's sums, one step at a
/// time, and gives each result as it comes.
///
/// Before the start, [`Register`](super::Register)s that the program reads are loaded. `start` begins;
/// [`Program::cycles`](super::Program::cycles) rising edges later, that one counted, the last result is in its register, and the next load or
/// start may come. Program, count and sums are held meanwhile, and nothing is loaded.
#[derive(Default, LogicBlock)]
pub struct Statistics {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Ends what runs.
    pub reset: Signal<In, Bit>,
    /// Writes a register.
    pub load: Signal<In, Bit>,
    /// Which register is written.
    pub load_register: Signal<In, Bits<4>>,
    /// FP32 value.
    pub load_value: Signal<In, Bits<32>>,
    /// Begins.
    pub start: Signal<In, Bit>,
    /// Which [`Program`](super::Program).
    pub job: Signal<In, Bits<3>>,
    /// Values per channel, 1 to 2^22.
    pub n: Signal<In, Bits<23>>,
    /// Sum of values (S1 or D1), as [`ExactSum`](super::ExactSum) gives it.
    pub left: Signal<In, Bits<64>>,
    /// What infinities and NaNs have made of it.
    pub left_special: Signal<In, Bits<2>>,
    /// Sum of values (S1).
    pub right: Signal<In, Bits<64>>,
    /// The same of it.
    pub right_special: Signal<In, Bits<2>>,
    /// Sum of products (S2 or D2).
    pub products: Signal<In, Bits<104>>,
    /// The same of it.
    pub products_special: Signal<In, Bits<2>>,
    /// A program runs.
    pub busy: Signal<Out, Bit>,
    /// A register gets a result with the next edge.
    pub valid: Signal<Out, Bit>,
    /// Which one.
    pub result_register: Signal<Out, Bits<4>>,
    /// FP32 result.
    pub value: Signal<Out, Bits<32>>,

    running: DFF<Bit>,
    step: DFF<Bits<4>>,
    count: DFF<Bits<8>>,
    is_first: Signal<Local, Bit>,
    is_due: Signal<Local, Bit>,
    microcode: Microcode,
    unit: Signal<Local, Bits<3>>,

    a_registers: SmallRam<4, 32>,
    b_registers: SmallRam<4, 32>,
    a: Signal<Local, Bits<32>>,
    b: Signal<Local, Bits<32>>,
    adder: AddSingle,
    multiplier: MultiplySingle,
    divider: DivideSingle,
    rooter: RootSingle,
    rounder: ExactRatio,
    result: Signal<Local, Bits<32>>,
    write: Signal<Local, Bit>,
    write_index: Signal<Local, Bits<4>>,
    write_data: Signal<Local, Bits<32>>,
}

impl Logic for Statistics {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, running, step, count);
        self.a_registers.clock.next = self.clock.val();
        self.b_registers.clock.next = self.clock.val();
        self.adder.clock.next = self.clock.val();
        self.multiplier.clock.next = self.clock.val();
        self.divider.clock.next = self.clock.val();
        self.rooter.clock.next = self.clock.val();
        self.rounder.clock.next = self.clock.val();

        self.microcode.address.next = (bit_cast::<7, 3>(self.job.val()) << bits::<3>(4))
            | bit_cast::<7, 4>(self.step.q.val());
        self.unit.next = self.microcode.word.val().get_bits::<3>(0);
        self.is_first.next = self.running.q.val() & !self.count.q.val().any();
        self.is_due.next = self.running.q.val()
            & (self.count.q.val() == self.microcode.word.val().get_bits::<8>(20));
        if self.running.q.val() {
            self.count.d.next = self.count.q.val() + bits::<8>(1);
        }
        if self.is_due.val() {
            self.count.d.next = bits::<8>(0);
            self.step.d.next = self.step.q.val() + bits::<4>(1);
            if self.microcode.word.val().get_bit(28) {
                self.running.d.next = false;
            }
        }
        if self.start.val() {
            self.running.d.next = true;
            self.step.d.next = bits::<4>(0);
            self.count.d.next = bits::<8>(0);
        }
        if self.reset.val() {
            self.running.d.next = false;
        }

        // Operands stay at the units until the result is there.
        self.a_registers.read_index.next = self.microcode.word.val().get_bits::<4>(8);
        self.b_registers.read_index.next = self.microcode.word.val().get_bits::<4>(12);
        self.a.next = self.a_registers.read_data.val();
        if self.microcode.word.val().get_bits::<4>(8) == bits::<4>(12) {
            self.a.next = bits::<32>(0x3F80_0000);
        }
        if self.microcode.word.val().get_bits::<4>(8) == bits::<4>(13) {
            self.a.next = bits::<32>(0x3727_C5AC);
        }
        if self.microcode.word.val().get_bits::<4>(8) == bits::<4>(14) {
            self.a.next = bits::<32>(0x3F66_6666);
        }
        if self.microcode.word.val().get_bits::<4>(8) == bits::<4>(15) {
            self.a.next = bits::<32>(0x3DCC_CCCD);
        }
        self.b.next = self.b_registers.read_data.val();
        self.adder.a.next = self.a.val();
        self.adder.b.next = self.b.val();
        if self.unit.val() == bits::<3>(1) {
            self.adder.b.next = self.b.val() ^ (bits::<32>(1) << bits::<5>(31));
        }
        self.multiplier.a.next = self.a.val();
        self.multiplier.b.next = self.b.val();
        self.divider.start.next = self.is_first.val() & (self.unit.val() == bits::<3>(3));
        self.divider.a.next = self.a.val();
        self.divider.b.next = self.b.val();
        self.rooter.start.next = self.is_first.val() & (self.unit.val() == bits::<3>(4));
        self.rooter.a.next = self.a.val();
        self.rounder.start.next = self.is_first.val() & (self.unit.val() == bits::<3>(5));
        self.rounder.source.next = self.microcode.word.val().get_bits::<3>(3);
        self.rounder.passes.next = self.microcode.word.val().get_bits::<2>(6);
        self.rounder.n.next = self.n.val();
        self.rounder.left.next = self.left.val();
        self.rounder.left_special.next = self.left_special.val();
        self.rounder.right.next = self.right.val();
        self.rounder.right_special.next = self.right_special.val();
        self.rounder.products.next = self.products.val();
        self.rounder.products_special.next = self.products_special.val();

        self.result.next = self.adder.sum.val();
        if self.unit.val() == bits::<3>(2) {
            self.result.next = self.multiplier.product.val();
        }
        if self.unit.val() == bits::<3>(3) {
            self.result.next = self.divider.quotient.val();
        }
        if self.unit.val() == bits::<3>(4) {
            self.result.next = self.rooter.root.val();
        }
        if self.unit.val() == bits::<3>(5) {
            self.result.next = self.rounder.ratio.val();
        }
        self.write.next = self.is_due.val() | self.load.val();
        self.write_index.next = self.load_register.val();
        self.write_data.next = self.load_value.val();
        if self.is_due.val() {
            self.write_index.next = self.microcode.word.val().get_bits::<4>(16);
            self.write_data.next = self.result.val();
        }
        self.a_registers.write.next = self.write.val();
        self.a_registers.write_index.next = self.write_index.val();
        self.a_registers.write_data.next = self.write_data.val();
        self.b_registers.write.next = self.write.val();
        self.b_registers.write_index.next = self.write_index.val();
        self.b_registers.write_data.next = self.write_data.val();

        self.busy.next = self.running.q.val();
        self.valid.next = self.is_due.val();
        self.result_register.next = self.microcode.word.val().get_bits::<4>(16);
        self.value.next = self.result.val();
    }
}
