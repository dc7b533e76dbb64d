//! FP32 taken apart.

use rust_hdl_core::prelude::*;

/// An FP32 value in its parts, with subnormals normalised. Combinational.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct NormalizeSingle {
    /// FP32 value.
    pub single: Signal<In, Bits<32>>,
    /// Its highest bit is 1, unless the value is zero.
    pub significand: Signal<Out, Bits<24>>,
    /// FP32's exponent field, and on below 1 for subnormals: 0 down to -22, in two's complement.
    pub weight: Signal<Out, Bits<10>>,
    /// The sign bit.
    pub negative: Signal<Out, Bit>,
    /// Zero of either sign.
    pub zero: Signal<Out, Bit>,
    /// Inf of either sign.
    pub infinite: Signal<Out, Bit>,
    /// Any NaN.
    pub nan: Signal<Out, Bit>,

    exponent: Signal<Local, Bits<8>>,
    fraction: Signal<Local, Bits<23>>,
    shifted_16: Signal<Local, Bits<24>>,
    shifted_8: Signal<Local, Bits<24>>,
    shifted_4: Signal<Local, Bits<24>>,
    shifted_2: Signal<Local, Bits<24>>,
    shifted_1: Signal<Local, Bits<24>>,
    zeros: Signal<Local, Bits<5>>,
}

impl Logic for NormalizeSingle {
    #[hdl_gen]
    fn update(&mut self) {
        self.exponent.next = self.single.val().get_bits::<8>(23);
        self.fraction.next = self.single.val().get_bits::<23>(0);
        self.negative.next = self.single.val().get_bit(31);
        self.zero.next = !self.exponent.val().any() & !self.fraction.val().any();
        self.infinite.next = self.exponent.val().all() & !self.fraction.val().any();
        self.nan.next = self.exponent.val().all() & self.fraction.val().any();

        // The highest bit of a fraction without a hidden bit goes up one place in any case.
        self.zeros.next = bits::<5>(0);
        self.shifted_16.next = bit_cast::<24, 23>(self.fraction.val()) << bits::<5>(1);
        if !self.fraction.val().get_bits::<16>(7).any() {
            self.zeros.next = self.zeros.val() | bits::<5>(16);
            self.shifted_16.next = bit_cast::<24, 23>(self.fraction.val()) << bits::<5>(17);
        }
        self.shifted_8.next = self.shifted_16.val();
        if !self.shifted_16.val().get_bits::<8>(16).any() {
            self.zeros.next = self.zeros.val() | bits::<5>(8);
            self.shifted_8.next = self.shifted_16.val() << bits::<5>(8);
        }
        self.shifted_4.next = self.shifted_8.val();
        if !self.shifted_8.val().get_bits::<4>(20).any() {
            self.zeros.next = self.zeros.val() | bits::<5>(4);
            self.shifted_4.next = self.shifted_8.val() << bits::<5>(4);
        }
        self.shifted_2.next = self.shifted_4.val();
        if !self.shifted_4.val().get_bits::<2>(22).any() {
            self.zeros.next = self.zeros.val() | bits::<5>(2);
            self.shifted_2.next = self.shifted_4.val() << bits::<5>(2);
        }
        self.shifted_1.next = self.shifted_2.val();
        if !self.shifted_2.val().get_bit(23) {
            self.zeros.next = self.zeros.val() | bits::<5>(1);
            self.shifted_1.next = self.shifted_2.val() << bits::<5>(1);
        }
        self.weight.next = bits::<10>(0) - bit_cast::<10, 5>(self.zeros.val());
        self.significand.next = self.shifted_1.val();
        if self.exponent.val().any() {
            self.weight.next = bit_cast::<10, 8>(self.exponent.val());
            self.significand.next = bit_cast::<24, 23>(self.fraction.val()) | bits::<24>(0x80_0000);
        }
    }
}
