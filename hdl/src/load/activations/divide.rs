//! Division of whole numbers.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// One bit of a quotient: what is left of the dividend's upper bits, and its next bit, against the divisor.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct DivideBit {
    /// What is left.
    pub rest: Signal<In, Bits<32>>,
    /// The next bit.
    pub coming: Signal<In, Bits<1>>,
    /// Divisor.
    pub divisor: Signal<In, Bits<32>>,
    /// What is left after it.
    pub less: Signal<Out, Bits<32>>,
    /// The quotient's bit.
    pub fits: Signal<Out, Bits<1>>,

    trial: Signal<Local, Bits<33>>,
    difference: Signal<Local, Bits<33>>,
}

impl Logic for DivideBit {
    #[hdl_gen]
    fn update(&mut self) {
        self.trial.next = (bit_cast::<33, 32>(self.rest.val()) << bits::<6>(1))
            | bit_cast::<33, 1>(self.coming.val());
        self.difference.next = self.trial.val() - bit_cast::<33, 32>(self.divisor.val());
        self.less.next = self.trial.val().get_bits::<32>(0);
        self.fits.next = bits::<1>(0);
        if !self.difference.val().get_bit(32) {
            self.less.next = self.difference.val().get_bits::<32>(0);
            self.fits.next = bits::<1>(1);
        }
    }
}

/// Quotient and remainder of unsigned numbers, four bits of the quotient per cycle. It begins in the first cycle with `start`, which stays
/// until `done`; both stay after it. A division by 0 gives all ones.
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

    left: DFF<Bits<4>>,
    left_down: Signal<Local, Bits<4>>,
    bits: DFF<Bits<32>>,
    rest: DFF<Bits<32>>,
    first: DivideBit,
    second: DivideBit,
    third: DivideBit,
    fourth: DivideBit,
    digit: Signal<Local, Bits<4>>,
}

impl Divide {
    /// Cycles from the first with `start` to the one with `done`.
    pub const CYCLES: usize = 9;
}

impl Logic for Divide {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, left, bits, rest);
        self.left_down.next = self.left.q.val() - bits::<4>(1);
        self.done.next = self.left.q.val() == bits::<4>(1);
        self.first.divisor.next = self.b.val();
        self.second.divisor.next = self.b.val();
        self.third.divisor.next = self.b.val();
        self.fourth.divisor.next = self.b.val();
        self.first.coming.next = self.bits.q.val().get_bits::<1>(31);
        self.second.coming.next = self.bits.q.val().get_bits::<1>(30);
        self.third.coming.next = self.bits.q.val().get_bits::<1>(29);
        self.fourth.coming.next = self.bits.q.val().get_bits::<1>(28);
        self.first.rest.next = self.rest.q.val();
        self.second.rest.next = self.first.less.val();
        self.third.rest.next = self.second.less.val();
        self.fourth.rest.next = self.third.less.val();
        self.digit.next = (bit_cast::<4, 1>(self.first.fits.val()) << bits::<3>(3))
            | (bit_cast::<4, 1>(self.second.fits.val()) << bits::<3>(2))
            | (bit_cast::<4, 1>(self.third.fits.val()) << bits::<3>(1))
            | bit_cast::<4, 1>(self.fourth.fits.val());
        if self.start.val() {
            if self.left.q.val().any() {
                self.left.d.next = self.left_down.val();
            } else {
                self.left.d.next = bits::<4>(9);
                self.bits.d.next = self.a.val();
                self.rest.d.next = bits::<32>(0);
            }
            if self.left.q.val() > bits::<4>(1) {
                self.bits.d.next =
                    (self.bits.q.val() << bits::<6>(4)) | bit_cast::<32, 4>(self.digit.val());
                self.rest.d.next = self.fourth.less.val();
            }
        } else {
            self.left.d.next = bits::<4>(0);
        }
        self.quotient.next = self.bits.q.val();
        self.remainder.next = self.rest.q.val();
    }
}
