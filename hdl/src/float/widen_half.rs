//! FP16 to FP32.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// FP16 to FP32, exact; a subnormal becomes a normal number.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct WidenHalf {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// FP16 value.
    pub half: Signal<In, Bits<16>>,
    /// The same value in FP32.
    pub single: Signal<Out, Bits<32>>,

    exponent: Signal<Local, Bits<5>>,
    fraction: Signal<Local, Bits<10>>,
    shifted_8: Signal<Local, Bits<10>>,
    shifted_4: Signal<Local, Bits<10>>,
    shifted_2: Signal<Local, Bits<10>>,
    shifted_1: Signal<Local, Bits<10>>,
    zeros: Signal<Local, Bits<8>>,
    single_fraction: Signal<Local, Bits<10>>,
    single_exponent: Signal<Local, Bits<8>>,
    sign_bit: Signal<Local, Bits<32>>,
    exponent_bits: Signal<Local, Bits<32>>,
    fraction_bits: Signal<Local, Bits<32>>,
    result: DFF<Bits<32>>,
}

impl WidenHalf {
    /// Rising edges from a value to its conversion.
    pub const LATENCY_CYCLES: usize = 1;
}

impl Logic for WidenHalf {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, result);
        self.exponent.next = self.half.val().get_bits::<5>(10);
        self.fraction.next = self.half.val().get_bits::<10>(0);
        self.zeros.next = bits::<8>(0);
        self.shifted_8.next = self.fraction.val();
        if !self.fraction.val().get_bits::<8>(2).any() {
            self.shifted_8.next = self.fraction.val() << bits::<4>(8);
            self.zeros.next = self.zeros.val() | bits::<8>(8);
        }
        self.shifted_4.next = self.shifted_8.val();
        if !self.shifted_8.val().get_bits::<4>(6).any() {
            self.shifted_4.next = self.shifted_8.val() << bits::<4>(4);
            self.zeros.next = self.zeros.val() | bits::<8>(4);
        }
        self.shifted_2.next = self.shifted_4.val();
        if !self.shifted_4.val().get_bits::<2>(8).any() {
            self.shifted_2.next = self.shifted_4.val() << bits::<4>(2);
            self.zeros.next = self.zeros.val() | bits::<8>(2);
        }
        self.shifted_1.next = self.shifted_2.val();
        if !self.shifted_2.val().get_bit(9) {
            self.shifted_1.next = self.shifted_2.val() << bits::<4>(1);
            self.zeros.next = self.zeros.val() | bits::<8>(1);
        }
        self.single_fraction.next = self.fraction.val();
        self.single_exponent.next = bit_cast::<8, 5>(self.exponent.val()) + bits::<8>(112);
        if !self.exponent.val().any() {
            // The highest subnormal bit is 2^-15; the leading one becomes the hidden bit.
            self.single_exponent.next = bits::<8>(112) - self.zeros.val();
            self.single_fraction.next = self.shifted_1.val() << bits::<4>(1);
            if !self.fraction.val().any() {
                self.single_exponent.next = bits::<8>(0);
            }
        }
        if self.exponent.val().all() {
            self.single_exponent.next = bits::<8>(255);
        }
        self.sign_bit.next = bit_cast::<32, 1>(self.half.val().get_bit(15).into()) << bits::<5>(31);
        self.exponent_bits.next = bit_cast::<32, 8>(self.single_exponent.val()) << bits::<5>(23);
        self.fraction_bits.next = bit_cast::<32, 10>(self.single_fraction.val()) << bits::<5>(13);
        self.result.d.next =
            self.sign_bit.val() | self.exponent_bits.val() | self.fraction_bits.val();
        if self.exponent.val().all() & self.fraction.val().any() {
            self.result.d.next = bits::<32>(0x7FC0_0000);
        }
        self.single.next = self.result.q.val();
    }
}
