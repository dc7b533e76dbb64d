//! FP16 for the multipliers of the array.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// FP16 to the 17 bits that [`MultiplyHalf`](super::MultiplyHalf) takes: done once at the edge of the array instead of in every
/// element, so that an element sees no subnormals and finds the class of a value in three bits.
///
/// | bits | what |
/// |---|---|
/// | 16 | sign |
/// | 15..10 | exponent |
/// | 9..0 | fraction |
///
/// | exponent | value |
/// |---|---|
/// | 0 | zero |
/// | 8 (2^-24) to 47 (2^15) | 1.fraction * 2^(exponent - 32) |
/// | 48 | infinite |
/// | 56 | NaN, with sign 0 |
///
/// The fraction of zero, Inf and NaN is 0.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct NormalizeHalf {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// FP16 value.
    pub half: Signal<In, Bits<16>>,
    /// The same value, normalised.
    pub normal: Signal<Out, Bits<17>>,

    exponent: Signal<Local, Bits<5>>,
    fraction: Signal<Local, Bits<10>>,
    shifted_8: Signal<Local, Bits<10>>,
    shifted_4: Signal<Local, Bits<10>>,
    shifted_2: Signal<Local, Bits<10>>,
    shifted_1: Signal<Local, Bits<10>>,
    zeros: Signal<Local, Bits<6>>,
    normal_exponent: Signal<Local, Bits<6>>,
    normal_fraction: Signal<Local, Bits<10>>,
    sign_bit: Signal<Local, Bits<17>>,
    exponent_bits: Signal<Local, Bits<17>>,
    result: DFF<Bits<17>>,
}

impl NormalizeHalf {
    /// Rising edges from a value to its other form.
    pub const LATENCY_CYCLES: usize = 1;
}

impl Logic for NormalizeHalf {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, result);
        self.exponent.next = self.half.val().get_bits::<5>(10);
        self.fraction.next = self.half.val().get_bits::<10>(0);
        self.zeros.next = bits::<6>(0);
        self.shifted_8.next = self.fraction.val();
        if !self.fraction.val().get_bits::<8>(2).any() {
            self.shifted_8.next = self.fraction.val() << bits::<4>(8);
            self.zeros.next = self.zeros.val() | bits::<6>(8);
        }
        self.shifted_4.next = self.shifted_8.val();
        if !self.shifted_8.val().get_bits::<4>(6).any() {
            self.shifted_4.next = self.shifted_8.val() << bits::<4>(4);
            self.zeros.next = self.zeros.val() | bits::<6>(4);
        }
        self.shifted_2.next = self.shifted_4.val();
        if !self.shifted_4.val().get_bits::<2>(8).any() {
            self.shifted_2.next = self.shifted_4.val() << bits::<4>(2);
            self.zeros.next = self.zeros.val() | bits::<6>(2);
        }
        self.shifted_1.next = self.shifted_2.val();
        if !self.shifted_2.val().get_bit(9) {
            self.shifted_1.next = self.shifted_2.val() << bits::<4>(1);
            self.zeros.next = self.zeros.val() | bits::<6>(1);
        }
        self.normal_exponent.next = bit_cast::<6, 5>(self.exponent.val()) + bits::<6>(17);
        self.normal_fraction.next = self.fraction.val();
        if !self.exponent.val().any() {
            // The highest subnormal bit is 2^-15; the leading one becomes the hidden bit.
            self.normal_exponent.next = bits::<6>(17) - self.zeros.val();
            self.normal_fraction.next = self.shifted_1.val() << bits::<4>(1);
            if !self.fraction.val().any() {
                self.normal_exponent.next = bits::<6>(0);
            }
        }
        self.sign_bit.next = bit_cast::<17, 1>(self.half.val().get_bit(15).into()) << bits::<5>(16);
        if self.exponent.val().all() {
            self.normal_exponent.next = bits::<6>(48);
            self.normal_fraction.next = bits::<10>(0);
            if self.fraction.val().any() {
                self.normal_exponent.next = bits::<6>(56);
                self.sign_bit.next = bits::<17>(0);
            }
        }
        self.exponent_bits.next = bit_cast::<17, 6>(self.normal_exponent.val()) << bits::<5>(10);
        self.result.d.next = self.sign_bit.val()
            | self.exponent_bits.val()
            | bit_cast::<17, 10>(self.normal_fraction.val());
        self.normal.next = self.result.q.val();
    }
}
