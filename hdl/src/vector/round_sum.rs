//! The rounding of an exact sum, one per cycle.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// An exact sum of FP16 values, in units of 2^-24 as [`ExactSum`](super::ExactSum) gives it, rounded to FP32: `r(s)` of the contract.
///
/// 1. magnitude and sign
/// 2. shift to the left by 32, 16 and 8, as far as only zeros are met
/// 3. by 4, 2 and 1
/// 4. round to nearest even, pack
///
/// At most 2^22 terms are in a sum, so that a result is neither subnormal nor too large.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct RoundSum {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Sum in two's complement.
    pub sum: Signal<In, Bits<64>>,
    /// Bit 0: it is +Inf; bit 1: -Inf; both: NaN.
    pub special: Signal<In, Bits<2>>,
    /// The nearest FP32 value.
    pub single: Signal<Out, Bits<32>>,

    turned: Signal<Local, Bits<64>>,
    opposite: Signal<Local, Bits<64>>,
    s1_magnitude: DFF<Bits<64>>,
    s1_negative: DFF<Bit>,
    s1_special: DFF<Bits<2>>,

    shifted_32: Signal<Local, Bits<64>>,
    shifted_16: Signal<Local, Bits<64>>,
    shifted_8: Signal<Local, Bits<64>>,
    passed_32: Signal<Local, Bit>,
    passed_16: Signal<Local, Bit>,
    passed_8: Signal<Local, Bit>,
    s2_magnitude: DFF<Bits<64>>,
    s2_zeros: DFF<Bits<3>>,
    s2_negative: DFF<Bit>,
    s2_special: DFF<Bits<2>>,

    shifted_4: Signal<Local, Bits<64>>,
    shifted_2: Signal<Local, Bits<64>>,
    shifted_1: Signal<Local, Bits<64>>,
    passed_4: Signal<Local, Bit>,
    passed_2: Signal<Local, Bit>,
    passed_1: Signal<Local, Bit>,
    s3_magnitude: DFF<Bits<64>>,
    s3_zeros: DFF<Bits<6>>,
    s3_negative: DFF<Bit>,
    s3_special: DFF<Bits<2>>,

    exponent: Signal<Local, Bits<8>>,
    up: Signal<Local, Bit>,
    truncated: Signal<Local, Bits<32>>,
    rounded: Signal<Local, Bits<32>>,
    sign_bit: Signal<Local, Bits<32>>,
    s4: DFF<Bits<32>>,
}

impl RoundSum {
    /// Rising edges from a sum to its rounding.
    pub const LATENCY_CYCLES: usize = 4;
}

impl Logic for RoundSum {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, s1_magnitude, s1_negative, s1_special);
        dff_setup!(self, clock, s2_magnitude, s2_zeros, s2_negative, s2_special);
        dff_setup!(self, clock, s3_magnitude, s3_zeros, s3_negative, s3_special, s4);

        self.turned.next = !self.sum.val();
        self.opposite.next = self.turned.val() + bits::<64>(1);
        self.s1_magnitude.d.next = self.sum.val();
        if self.sum.val().get_bit(63) {
            self.s1_magnitude.d.next = self.opposite.val();
        }
        self.s1_negative.d.next = self.sum.val().get_bit(63);
        self.s1_special.d.next = self.special.val();

        self.passed_32.next = !self.s1_magnitude.q.val().get_bits::<32>(32).any();
        self.shifted_32.next = self.s1_magnitude.q.val();
        if self.passed_32.val() {
            self.shifted_32.next = self.s1_magnitude.q.val() << bits::<6>(32);
        }
        self.passed_16.next = !self.shifted_32.val().get_bits::<16>(48).any();
        self.shifted_16.next = self.shifted_32.val();
        if self.passed_16.val() {
            self.shifted_16.next = self.shifted_32.val() << bits::<6>(16);
        }
        self.passed_8.next = !self.shifted_16.val().get_bits::<8>(56).any();
        self.shifted_8.next = self.shifted_16.val();
        if self.passed_8.val() {
            self.shifted_8.next = self.shifted_16.val() << bits::<6>(8);
        }
        self.s2_magnitude.d.next = self.shifted_8.val();
        self.s2_zeros.d.next = (bit_cast::<3, 1>(self.passed_32.val().into()) << bits::<2>(2))
            | (bit_cast::<3, 1>(self.passed_16.val().into()) << bits::<2>(1))
            | bit_cast::<3, 1>(self.passed_8.val().into());
        self.s2_negative.d.next = self.s1_negative.q.val();
        self.s2_special.d.next = self.s1_special.q.val();

        self.passed_4.next = !self.s2_magnitude.q.val().get_bits::<4>(60).any();
        self.shifted_4.next = self.s2_magnitude.q.val();
        if self.passed_4.val() {
            self.shifted_4.next = self.s2_magnitude.q.val() << bits::<6>(4);
        }
        self.passed_2.next = !self.shifted_4.val().get_bits::<2>(62).any();
        self.shifted_2.next = self.shifted_4.val();
        if self.passed_2.val() {
            self.shifted_2.next = self.shifted_4.val() << bits::<6>(2);
        }
        self.passed_1.next = !self.shifted_2.val().get_bit(63);
        self.shifted_1.next = self.shifted_2.val();
        if self.passed_1.val() {
            self.shifted_1.next = self.shifted_2.val() << bits::<6>(1);
        }
        self.s3_magnitude.d.next = self.shifted_1.val();
        self.s3_zeros.d.next = (bit_cast::<6, 3>(self.s2_zeros.q.val()) << bits::<3>(3))
            | (bit_cast::<6, 1>(self.passed_4.val().into()) << bits::<3>(2))
            | (bit_cast::<6, 1>(self.passed_2.val().into()) << bits::<3>(1))
            | bit_cast::<6, 1>(self.passed_1.val().into());
        self.s3_negative.d.next = self.s2_negative.q.val();
        self.s3_special.d.next = self.s2_special.q.val();

        // A magnitude whose highest bit is 1 is at least 2^63 units: 2^39, with exponent 127 + 39.
        self.exponent.next = bits::<8>(166) - bit_cast::<8, 6>(self.s3_zeros.q.val());
        self.up.next = self.s3_magnitude.q.val().get_bit(39)
            & (self.s3_magnitude.q.val().get_bits::<39>(0).any()
                | self.s3_magnitude.q.val().get_bit(40));
        self.truncated.next = (bit_cast::<32, 8>(self.exponent.val()) << bits::<5>(23))
            | bit_cast::<32, 23>(self.s3_magnitude.q.val().get_bits::<23>(40));
        self.rounded.next = self.truncated.val() + bit_cast::<32, 1>(self.up.val().into());
        self.sign_bit.next = bit_cast::<32, 1>(self.s3_negative.q.val().into()) << bits::<5>(31);
        self.s4.d.next = self.sign_bit.val() | self.rounded.val();
        // Where shifts meet only zeros there is nothing but zeros.
        if !self.s3_magnitude.q.val().get_bit(63) {
            self.s4.d.next = bits::<32>(0);
        }
        if self.s3_special.q.val() == bits::<2>(1) {
            self.s4.d.next = bits::<32>(0x7F80_0000);
        }
        if self.s3_special.q.val() == bits::<2>(2) {
            self.s4.d.next = bits::<32>(0x1FF) << bits::<5>(23);
        }
        if self.s3_special.q.val() == bits::<2>(3) {
            self.s4.d.next = bits::<32>(0x7FC0_0000);
        }
        self.single.next = self.s4.q.val();
    }
}
