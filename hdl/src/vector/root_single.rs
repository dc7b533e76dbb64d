//! FP32 square root.

use super::NormalizeSingle;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// The square root of FP32 values, one at a time.
///
/// `start` takes the operand; the root is there [`RootSingle::LATENCY_CYCLES`] rising edges later, that one counted, and stays
/// until the next has been computed. The next may start with that edge. The root of -0 is -0, that of less is NaN.
///
/// | edge | what |
/// |---|---|
/// | 1 | take the operand |
/// | 2 | normalise a subnormal, make the exponent even, find out special values |
/// | 3 to 15 | two bits of the root each, by subtraction |
/// | 16 | round, pack: a root is neither subnormal nor too large, and never a tie |
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct RootSingle {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Takes the operand.
    pub start: Signal<In, Bit>,
    /// Radicand, FP32.
    pub a: Signal<In, Bits<32>>,
    /// FP32 root.
    pub root: Signal<Out, Bits<32>>,

    state: DFF<Bits<5>>,
    iterates: Signal<Local, Bit>,
    s1_a: DFF<Bits<32>>,
    parts: NormalizeSingle,
    radicand: DFF<Bits<26>>,
    remainder: DFF<Bits<28>>,
    bits: DFF<Bits<26>>,
    doubled_unused: Signal<Local, Bits<10>>,
    s2_exponent: DFF<Bits<8>>,
    s2_sign: DFF<Bit>,
    s2_nan: DFF<Bit>,
    s2_infinite: DFF<Bit>,
    s2_zero: DFF<Bit>,

    first_rest: Signal<Local, Bits<29>>,
    first_trial: Signal<Local, Bits<29>>,
    first_difference: Signal<Local, Bits<29>>,
    first_bit: Signal<Local, Bit>,
    between: Signal<Local, Bits<28>>,
    first_bits: Signal<Local, Bits<26>>,
    second_rest: Signal<Local, Bits<29>>,
    second_trial: Signal<Local, Bits<29>>,
    second_difference: Signal<Local, Bits<29>>,
    second_bit: Signal<Local, Bit>,
    rest: Signal<Local, Bits<28>>,

    up: Signal<Local, Bit>,
    exponent_bits: Signal<Local, Bits<32>>,
    truncated: Signal<Local, Bits<32>>,
    rounded: Signal<Local, Bits<32>>,
    sign_bit: Signal<Local, Bits<32>>,
    result: DFF<Bits<32>>,
}

impl RootSingle {
    /// Rising edges from the operand to its root.
    pub const LATENCY_CYCLES: usize = 16;
}

impl Logic for RootSingle {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, s1_a, radicand, remainder, bits, result);
        dff_setup!(self, clock, s2_exponent, s2_sign, s2_nan, s2_infinite, s2_zero);

        // The state is the number of edges since the start, 0 after the last.
        if self.state.q.val().any() {
            self.state.d.next = self.state.q.val() + bits::<5>(1);
        }
        if self.state.q.val() == bits::<5>(15) {
            self.state.d.next = bits::<5>(0);
        }
        if self.start.val() {
            self.state.d.next = bits::<5>(1);
            self.s1_a.d.next = self.a.val();
        }
        self.iterates.next =
            (self.state.q.val() >= bits::<5>(2)) & (self.state.q.val() <= bits::<5>(14));

        // 1.f * 2^e with an even e, else 2 * 1.f * 2^(e - 1). Biased exponents are odd where e is even.
        self.parts.single.next = self.s1_a.q.val();
        self.doubled_unused.next = self.parts.weight.val() + bits::<10>(127);
        self.s2_exponent.d.next = self.doubled_unused.val().get_bits::<8>(1);
        self.s2_sign.d.next = self.parts.negative.val();
        self.s2_zero.d.next = self.parts.zero.val();
        self.s2_infinite.d.next = self.parts.infinite.val();
        self.s2_nan.d.next =
            self.parts.nan.val() | (self.parts.negative.val() & !self.parts.zero.val());

        // A step takes two bits of the radicand for one of the root; the remainder is at most twice the root.
        self.first_rest.next = (bit_cast::<29, 28>(self.remainder.q.val()) << bits::<5>(2))
            | bit_cast::<29, 2>(self.radicand.q.val().get_bits::<2>(24));
        self.first_trial.next =
            (bit_cast::<29, 26>(self.bits.q.val()) << bits::<5>(2)) | bits::<29>(1);
        self.first_difference.next = self.first_rest.val() - self.first_trial.val();
        self.first_bit.next = !self.first_difference.val().get_bit(28);
        self.between.next = self.first_rest.val().get_bits::<28>(0);
        if self.first_bit.val() {
            self.between.next = self.first_difference.val().get_bits::<28>(0);
        }
        self.first_bits.next =
            (self.bits.q.val() << bits::<5>(1)) | bit_cast::<26, 1>(self.first_bit.val().into());
        self.second_rest.next = (bit_cast::<29, 28>(self.between.val()) << bits::<5>(2))
            | bit_cast::<29, 2>(self.radicand.q.val().get_bits::<2>(22));
        self.second_trial.next =
            (bit_cast::<29, 26>(self.first_bits.val()) << bits::<5>(2)) | bits::<29>(1);
        self.second_difference.next = self.second_rest.val() - self.second_trial.val();
        self.second_bit.next = !self.second_difference.val().get_bit(28);
        self.rest.next = self.second_rest.val().get_bits::<28>(0);
        if self.second_bit.val() {
            self.rest.next = self.second_difference.val().get_bits::<28>(0);
        }
        if self.state.q.val() == bits::<5>(1) {
            self.radicand.d.next = bit_cast::<26, 24>(self.parts.significand.val()) << bits::<5>(2);
            if self.parts.weight.val().get_bit(0) {
                self.radicand.d.next =
                    bit_cast::<26, 24>(self.parts.significand.val()) << bits::<5>(1);
            }
            self.remainder.d.next = bits::<28>(0);
            self.bits.d.next = bits::<26>(0);
        }
        if self.iterates.val() {
            self.radicand.d.next = self.radicand.q.val() << bits::<5>(4);
            self.remainder.d.next = self.rest.val();
            self.bits.d.next = (self.first_bits.val() << bits::<5>(1))
                | bit_cast::<26, 1>(self.second_bit.val().into());
        }

        self.up.next = self.bits.q.val().get_bit(1)
            & (self.bits.q.val().get_bit(0)
                | self.bits.q.val().get_bit(2)
                | self.remainder.q.val().any());
        self.exponent_bits.next = bit_cast::<32, 8>(self.s2_exponent.q.val()) << bits::<5>(23);
        self.truncated.next =
            self.exponent_bits.val() | bit_cast::<32, 23>(self.bits.q.val().get_bits::<23>(2));
        self.rounded.next = self.truncated.val() + bit_cast::<32, 1>(self.up.val().into());
        self.sign_bit.next = bit_cast::<32, 1>(self.s2_sign.q.val().into()) << bits::<5>(31);
        if self.state.q.val() == bits::<5>(15) {
            self.result.d.next = self.rounded.val();
            if self.s2_zero.q.val() {
                self.result.d.next = self.sign_bit.val();
            }
            if self.s2_infinite.q.val() {
                self.result.d.next = bits::<32>(0x7F80_0000);
            }
            if self.s2_nan.q.val() {
                self.result.d.next = bits::<32>(0x7FC0_0000);
            }
        }
        self.root.next = self.result.q.val();
    }
}
