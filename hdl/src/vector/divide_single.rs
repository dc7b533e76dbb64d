//! FP32 division.

use super::NormalizeSingle;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// FP32 over FP32, one at a time.
///
/// `start` takes the operands; the quotient is there [`DivideSingle::LATENCY_CYCLES`] rising edges later, that one counted, and
/// stays until the next has been computed. The next may start with that edge.
///
/// | edge | what |
/// |---|---|
/// | 1 | take the operands |
/// | 2 | normalise subnormals, find out special values |
/// | 3 to 15 | two bits of the quotient each, by subtraction |
/// | 16 | normalise the quotient: that of two significands lies between 1/2 and 2 |
/// | 17 | shift a subnormal result into place, keeping whether a bit fell out |
/// | 18 | round, pack |
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct DivideSingle {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Takes the operands.
    pub start: Signal<In, Bit>,
    /// Dividend, FP32.
    pub a: Signal<In, Bits<32>>,
    /// Divisor, FP32.
    pub b: Signal<In, Bits<32>>,
    /// FP32 quotient.
    pub quotient: Signal<Out, Bits<32>>,

    state: DFF<Bits<5>>,
    iterates: Signal<Local, Bit>,
    s1_a: DFF<Bits<32>>,
    s1_b: DFF<Bits<32>>,

    dividend_parts: NormalizeSingle,
    divisor_parts: NormalizeSingle,
    remainder: DFF<Bits<25>>,
    divisor: DFF<Bits<24>>,
    s2_a_weight: DFF<Bits<10>>,
    s2_b_weight: DFF<Bits<10>>,
    s2_sign: DFF<Bit>,
    s2_nan: DFF<Bit>,
    s2_infinite: DFF<Bit>,
    s2_zero: DFF<Bit>,

    first_difference: Signal<Local, Bits<26>>,
    first_bit: Signal<Local, Bit>,
    between: Signal<Local, Bits<25>>,
    second_difference: Signal<Local, Bits<26>>,
    second_bit: Signal<Local, Bit>,
    rest: Signal<Local, Bits<25>>,
    bits: DFF<Bits<26>>,

    difference: Signal<Local, Bits<10>>,
    exponent: Signal<Local, Bits<10>>,
    distance: Signal<Local, Bits<10>>,
    is_low: Signal<Local, Bit>,
    s16_value: DFF<Bits<25>>,
    s16_sticky: DFF<Bit>,
    s16_exponent: DFF<Bits<9>>,
    s16_distance: DFF<Bits<5>>,
    s16_far: DFF<Bit>,

    lost_16: Signal<Local, Bit>,
    lost_8: Signal<Local, Bit>,
    lost_4: Signal<Local, Bit>,
    lost_2: Signal<Local, Bit>,
    lost_1: Signal<Local, Bit>,
    right_16: Signal<Local, Bits<25>>,
    right_8: Signal<Local, Bits<25>>,
    right_4: Signal<Local, Bits<25>>,
    right_2: Signal<Local, Bits<25>>,
    right_1: Signal<Local, Bits<25>>,
    s17_value: DFF<Bits<24>>,
    s17_sticky: DFF<Bit>,
    s17_exponent: DFF<Bits<8>>,
    s17_infinite: DFF<Bit>,

    up: Signal<Local, Bit>,
    exponent_bits: Signal<Local, Bits<32>>,
    truncated: Signal<Local, Bits<32>>,
    rounded: Signal<Local, Bits<32>>,
    sign_bit: Signal<Local, Bits<32>>,
    result: DFF<Bits<32>>,
}

impl DivideSingle {
    /// Rising edges from the operands to their quotient.
    pub const LATENCY_CYCLES: usize = 18;
}

impl Logic for DivideSingle {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, s1_a, s1_b, remainder, divisor, bits, result);
        dff_setup!(self, clock, s2_a_weight, s2_b_weight, s2_sign, s2_nan, s2_infinite, s2_zero);
        dff_setup!(self, clock, s16_value, s16_sticky, s16_exponent, s16_distance, s16_far);
        dff_setup!(self, clock, s17_value, s17_sticky, s17_exponent, s17_infinite);

        // The state is the number of edges since the start, 0 after the last.
        if self.state.q.val().any() {
            self.state.d.next = self.state.q.val() + bits::<5>(1);
        }
        if self.state.q.val() == bits::<5>(17) {
            self.state.d.next = bits::<5>(0);
        }
        if self.start.val() {
            self.state.d.next = bits::<5>(1);
            self.s1_a.d.next = self.a.val();
            self.s1_b.d.next = self.b.val();
        }
        self.iterates.next =
            (self.state.q.val() >= bits::<5>(2)) & (self.state.q.val() <= bits::<5>(14));

        self.dividend_parts.single.next = self.s1_a.q.val();
        self.divisor_parts.single.next = self.s1_b.q.val();
        self.s2_a_weight.d.next = self.dividend_parts.weight.val();
        self.s2_b_weight.d.next = self.divisor_parts.weight.val();
        self.s2_sign.d.next =
            self.dividend_parts.negative.val() ^ self.divisor_parts.negative.val();
        self.s2_nan.d.next = self.dividend_parts.nan.val()
            | self.divisor_parts.nan.val()
            | (self.dividend_parts.infinite.val() & self.divisor_parts.infinite.val())
            | (self.dividend_parts.zero.val() & self.divisor_parts.zero.val());
        self.s2_infinite.d.next =
            self.dividend_parts.infinite.val() | self.divisor_parts.zero.val();
        self.s2_zero.d.next = self.dividend_parts.zero.val() | self.divisor_parts.infinite.val();

        // The remainder stays below twice the divisor. What a subtraction leaves is kept if it is not negative.
        self.first_difference.next =
            bit_cast::<26, 25>(self.remainder.q.val()) - bit_cast::<26, 24>(self.divisor.q.val());
        self.first_bit.next = !self.first_difference.val().get_bit(25);
        self.between.next = self.remainder.q.val() << bits::<5>(1);
        if self.first_bit.val() {
            self.between.next = self.first_difference.val().get_bits::<25>(0) << bits::<5>(1);
        }
        self.second_difference.next =
            bit_cast::<26, 25>(self.between.val()) - bit_cast::<26, 24>(self.divisor.q.val());
        self.second_bit.next = !self.second_difference.val().get_bit(25);
        self.rest.next = self.between.val() << bits::<5>(1);
        if self.second_bit.val() {
            self.rest.next = self.second_difference.val().get_bits::<25>(0) << bits::<5>(1);
        }
        if self.state.q.val() == bits::<5>(1) {
            self.remainder.d.next = bit_cast::<25, 24>(self.dividend_parts.significand.val());
            self.divisor.d.next = self.divisor_parts.significand.val();
        }
        if self.iterates.val() {
            self.remainder.d.next = self.rest.val();
            self.bits.d.next = (self.bits.q.val() << bits::<5>(2))
                | (bit_cast::<26, 1>(self.first_bit.val().into()) << bits::<5>(1))
                | bit_cast::<26, 1>(self.second_bit.val().into());
        }

        // Exponents from -149 to 403 in ten bits, so that negative ones have the highest bit set.
        self.difference.next = self.s2_a_weight.q.val() - self.s2_b_weight.q.val();
        self.s16_sticky.d.next = self.remainder.q.val().any();
        self.s16_value.d.next = self.bits.q.val().get_bits::<25>(0);
        self.exponent.next = self.difference.val() + bits::<10>(126);
        if self.bits.q.val().get_bit(25) {
            self.s16_value.d.next = self.bits.q.val().get_bits::<25>(1);
            self.s16_sticky.d.next = self.remainder.q.val().any() | self.bits.q.val().get_bit(0);
            self.exponent.next = self.difference.val() + bits::<10>(127);
        }
        self.is_low.next = self.exponent.val().get_bit(9) | !self.exponent.val().any();
        self.distance.next = bits::<10>(1) - self.exponent.val();
        self.s16_exponent.d.next = self.exponent.val().get_bits::<9>(0);
        self.s16_distance.d.next = bits::<5>(0);
        self.s16_far.d.next = false;
        if self.is_low.val() {
            self.s16_distance.d.next = self.distance.val().get_bits::<5>(0);
            self.s16_far.d.next = self.distance.val().get_bits::<5>(5).any();
        }

        self.lost_16.next = self.s16_sticky.q.val();
        self.right_16.next = self.s16_value.q.val();
        if self.s16_distance.q.val().get_bit(4) {
            self.right_16.next = self.s16_value.q.val() >> bits::<5>(16);
            self.lost_16.next =
                self.s16_sticky.q.val() | self.s16_value.q.val().get_bits::<16>(0).any();
        }
        self.lost_8.next = self.lost_16.val();
        self.right_8.next = self.right_16.val();
        if self.s16_distance.q.val().get_bit(3) {
            self.right_8.next = self.right_16.val() >> bits::<5>(8);
            self.lost_8.next = self.lost_16.val() | self.right_16.val().get_bits::<8>(0).any();
        }
        self.lost_4.next = self.lost_8.val();
        self.right_4.next = self.right_8.val();
        if self.s16_distance.q.val().get_bit(2) {
            self.right_4.next = self.right_8.val() >> bits::<5>(4);
            self.lost_4.next = self.lost_8.val() | self.right_8.val().get_bits::<4>(0).any();
        }
        self.lost_2.next = self.lost_4.val();
        self.right_2.next = self.right_4.val();
        if self.s16_distance.q.val().get_bit(1) {
            self.right_2.next = self.right_4.val() >> bits::<5>(2);
            self.lost_2.next = self.lost_4.val() | self.right_4.val().get_bits::<2>(0).any();
        }
        self.lost_1.next = self.lost_2.val();
        self.right_1.next = self.right_2.val();
        if self.s16_distance.q.val().get_bit(0) {
            self.right_1.next = self.right_2.val() >> bits::<5>(1);
            self.lost_1.next = self.lost_2.val() | self.right_2.val().get_bit(0);
        }
        if self.s16_far.q.val() {
            // Not even the guard bit is left, so what was lost does not matter.
            self.right_1.next = bits::<25>(0);
        }
        self.s17_value.d.next = self.right_1.val().get_bits::<24>(0);
        self.s17_sticky.d.next = self.lost_1.val();
        // A subnormal result has been shifted, so its hidden bit is not there.
        self.s17_exponent.d.next = bits::<8>(0);
        self.s17_infinite.d.next = self.s2_infinite.q.val();
        if self.right_1.val().get_bit(24) {
            self.s17_exponent.d.next = self.s16_exponent.q.val().get_bits::<8>(0);
            self.s17_infinite.d.next =
                self.s2_infinite.q.val() | (self.s16_exponent.q.val() >= bits::<9>(255));
        }

        self.up.next = self.s17_value.q.val().get_bit(0)
            & (self.s17_sticky.q.val() | self.s17_value.q.val().get_bit(1));
        self.exponent_bits.next = bit_cast::<32, 8>(self.s17_exponent.q.val()) << bits::<5>(23);
        self.truncated.next =
            self.exponent_bits.val() | bit_cast::<32, 23>(self.s17_value.q.val().get_bits::<23>(1));
        // A carry out of the fraction raises the exponent, up to Inf.
        self.rounded.next = self.truncated.val() + bit_cast::<32, 1>(self.up.val().into());
        self.sign_bit.next = bit_cast::<32, 1>(self.s2_sign.q.val().into()) << bits::<5>(31);
        if self.state.q.val() == bits::<5>(17) {
            self.result.d.next = self.sign_bit.val() | self.rounded.val();
            if self.s2_zero.q.val() {
                self.result.d.next = self.sign_bit.val();
            }
            if self.s17_infinite.q.val() {
                self.result.d.next = self.sign_bit.val() | bits::<32>(0x7F80_0000);
            }
            if self.s2_nan.q.val() {
                self.result.d.next = bits::<32>(0x7FC0_0000);
            }
        }
        self.quotient.next = self.result.q.val();
    }
}
