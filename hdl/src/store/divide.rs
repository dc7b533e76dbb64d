//! Quotients: by sides of patches and strides, and by patches of an image.

use crate::float::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// A number below 2^17 by one of 1 to 16, rounded down: a multiplication by the reciprocal, `ceil(2^21 / divisor)`, which is
/// exact for these.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct SmallQuotient {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// What is divided.
    pub number: Signal<In, Bits<17>>,
    /// By what, an edge earlier.
    pub divisor: Signal<In, Bits<5>>,
    /// The quotient, an edge later.
    pub quotient: Signal<Out, Bits<17>>,

    reciprocal: DFF<Bits<22>>,
    scaled: Product<17, 22, 39>,
    shifted_unused: Signal<Local, Bits<39>>,
    kept: DFF<Bits<17>>,
}

impl Logic for SmallQuotient {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, reciprocal, kept);
        self.reciprocal.d.next = bits::<22>(0);
        if self.divisor.val() == bits::<5>(1) {
            self.reciprocal.d.next = bits::<22>(0x20_0000);
        }
        if self.divisor.val() == bits::<5>(2) {
            self.reciprocal.d.next = bits::<22>(0x10_0000);
        }
        if self.divisor.val() == bits::<5>(3) {
            self.reciprocal.d.next = bits::<22>(0x0A_AAAB);
        }
        if self.divisor.val() == bits::<5>(4) {
            self.reciprocal.d.next = bits::<22>(0x08_0000);
        }
        if self.divisor.val() == bits::<5>(5) {
            self.reciprocal.d.next = bits::<22>(0x06_6667);
        }
        if self.divisor.val() == bits::<5>(6) {
            self.reciprocal.d.next = bits::<22>(0x05_5556);
        }
        if self.divisor.val() == bits::<5>(7) {
            self.reciprocal.d.next = bits::<22>(0x04_924A);
        }
        if self.divisor.val() == bits::<5>(8) {
            self.reciprocal.d.next = bits::<22>(0x04_0000);
        }
        if self.divisor.val() == bits::<5>(9) {
            self.reciprocal.d.next = bits::<22>(0x03_8E39);
        }
        if self.divisor.val() == bits::<5>(10) {
            self.reciprocal.d.next = bits::<22>(0x03_3334);
        }
        if self.divisor.val() == bits::<5>(11) {
            self.reciprocal.d.next = bits::<22>(0x02_E8BB);
        }
        if self.divisor.val() == bits::<5>(12) {
            self.reciprocal.d.next = bits::<22>(0x02_AAAB);
        }
        if self.divisor.val() == bits::<5>(13) {
            self.reciprocal.d.next = bits::<22>(0x02_7628);
        }
        if self.divisor.val() == bits::<5>(14) {
            self.reciprocal.d.next = bits::<22>(0x02_4925);
        }
        if self.divisor.val() == bits::<5>(15) {
            self.reciprocal.d.next = bits::<22>(0x02_2223);
        }
        if self.divisor.val() == bits::<5>(16) {
            self.reciprocal.d.next = bits::<22>(0x02_0000);
        }
        self.scaled.left.next = self.number.val();
        self.scaled.right.next = self.reciprocal.q.val();
        self.shifted_unused.next = self.scaled.product.val() >> bits::<6>(21);
        self.kept.d.next = self.shifted_unused.val().get_bits::<17>(0);
        self.quotient.next = self.kept.q.val();
    }
}

/// A long division, two bits of the quotient per cycle, the highest first: what comes out may go into the next one.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Divide {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Two bits are divided.
    pub run: Signal<In, Bit>,
    /// They are the first.
    pub first: Signal<In, Bit>,
    /// The two bits.
    pub digit: Signal<In, Bits<2>>,
    /// By what is divided.
    pub divisor: Signal<In, Bits<16>>,
    /// Two bits of the quotient, an edge after those that were divided.
    pub quotient: Signal<Out, Bits<2>>,
    /// What is left, an edge after the last.
    pub remainder: Signal<Out, Bits<16>>,

    rest: DFF<Bits<16>>,
    digits: DFF<Bits<2>>,
    so_far: Signal<Local, Bits<17>>,
    upper: Signal<Local, Bits<17>>,
    upper_less_unused: Signal<Local, Bits<17>>,
    upper_fits: Signal<Local, Bit>,
    middle: Signal<Local, Bits<17>>,
    lower: Signal<Local, Bits<17>>,
    lower_less_unused: Signal<Local, Bits<17>>,
    lower_fits: Signal<Local, Bit>,
}

impl Logic for Divide {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, rest, digits);
        self.so_far.next = bit_cast::<17, 16>(self.rest.q.val());
        if self.first.val() {
            self.so_far.next = bits::<17>(0);
        }
        self.upper.next = (self.so_far.val() << bits::<5>(1))
            | bit_cast::<17, 1>(self.digit.val().get_bits::<1>(1));
        self.upper_less_unused.next = self.upper.val() - bit_cast::<17, 16>(self.divisor.val());
        self.upper_fits.next = self.upper.val() >= bit_cast::<17, 16>(self.divisor.val());
        self.middle.next = self.upper.val();
        if self.upper_fits.val() {
            self.middle.next = self.upper_less_unused.val();
        }
        self.lower.next = (self.middle.val() << bits::<5>(1))
            | bit_cast::<17, 1>(self.digit.val().get_bits::<1>(0));
        self.lower_less_unused.next = self.lower.val() - bit_cast::<17, 16>(self.divisor.val());
        self.lower_fits.next = self.lower.val() >= bit_cast::<17, 16>(self.divisor.val());
        if self.run.val() {
            self.rest.d.next = self.lower.val().get_bits::<16>(0);
            if self.lower_fits.val() {
                self.rest.d.next = self.lower_less_unused.val().get_bits::<16>(0);
            }
        }
        self.digits.d.next = (bit_cast::<2, 1>(self.upper_fits.val().into()) << bits::<2>(1))
            | bit_cast::<2, 1>(self.lower_fits.val().into());
        self.quotient.next = self.digits.q.val();
        self.remainder.next = self.rest.q.val();
    }
}
