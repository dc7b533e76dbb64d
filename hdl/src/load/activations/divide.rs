//! Division of whole numbers.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Quotient and remainder of unsigned numbers, a bit of the quotient per cycle. It begins in the first cycle with `start`, which stays until
/// `done`; both stay after it. A division by 0 gives all ones.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Divide {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Begins, or goes on.
    pub start: Signal<In, Bit>,
    /// Dividend.
    pub a: Signal<In, Bits<32>>,
    /// Divisor.
    pub b: Signal<In, Bits<32>>,
    /// Quotient and remainder are there.
    pub done: Signal<Out, Bit>,
    /// Quotient.
    pub quotient: Signal<Out, Bits<32>>,
    /// Remainder.
    pub remainder: Signal<Out, Bits<32>>,

    left: DFF<Bits<6>>,
    left_down: Signal<Local, Bits<6>>,
    bits: DFF<Bits<32>>,
    rest: DFF<Bits<32>>,
    trial: Signal<Local, Bits<33>>,
    difference: Signal<Local, Bits<33>>,
}

impl Divide {
    /// Cycles from the first with `start` to the one with `done`.
    pub const CYCLES: usize = 33;
}

impl Logic for Divide {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, left, bits, rest);
        self.left_down.next = self.left.q.val() - bits::<6>(1);
        self.trial.next = (bit_cast::<33, 32>(self.rest.q.val()) << bits::<6>(1))
            | bit_cast::<33, 1>(self.bits.q.val().get_bits::<1>(31));
        self.difference.next = self.trial.val() - bit_cast::<33, 32>(self.b.val());
        self.done.next = self.left.q.val() == bits::<6>(1);
        if self.start.val() {
            if self.left.q.val().any() {
                self.left.d.next = self.left_down.val();
            } else {
                self.left.d.next = bits::<6>(33);
                self.bits.d.next = self.a.val();
                self.rest.d.next = bits::<32>(0);
            }
            if self.left.q.val() > bits::<6>(1) {
                self.bits.d.next = self.bits.q.val() << bits::<6>(1);
                self.rest.d.next = self.trial.val().get_bits::<32>(0);
                if !self.difference.val().get_bit(32) {
                    self.bits.d.next = (self.bits.q.val() << bits::<6>(1)) | bits::<32>(1);
                    self.rest.d.next = self.difference.val().get_bits::<32>(0);
                }
            }
        } else {
            self.left.d.next = bits::<6>(0);
        }
        self.quotient.next = self.bits.q.val();
        self.remainder.next = self.rest.q.val();
    }
}
