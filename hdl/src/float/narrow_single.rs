//! FP32 to FP16.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// FP32 to FP16: to nearest, ties to even, beyond the largest to Inf, below half the smallest subnormal to zero.
///
/// 1. shift a subnormal result into place, keeping whether a bit fell out
/// 2. round, pack
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct NarrowSingle {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// FP32 value.
    pub single: Signal<In, Bits<32>>,
    /// The nearest FP16 value.
    pub half: Signal<Out, Bits<16>>,

    exponent: Signal<Local, Bits<8>>,
    fraction: Signal<Local, Bits<23>>,
    significand: Signal<Local, Bits<24>>,
    exponent_low_5: Signal<Local, Bits<5>>,
    exponent_low_4: Signal<Local, Bits<4>>,
    shift: Signal<Local, Bits<4>>,
    base: Signal<Local, Bits<5>>,
    tiny: Signal<Local, Bit>,
    lost_8: Signal<Local, Bit>,
    lost_4: Signal<Local, Bit>,
    lost_2: Signal<Local, Bit>,
    lost_1: Signal<Local, Bit>,
    shifted_8: Signal<Local, Bits<24>>,
    shifted_4: Signal<Local, Bits<24>>,
    shifted_2: Signal<Local, Bits<24>>,
    shifted_1: Signal<Local, Bits<24>>,
    s1_kept: DFF<Bits<11>>,
    s1_base: DFF<Bits<5>>,
    s1_guard: DFF<Bit>,
    s1_sticky: DFF<Bit>,
    s1_sign: DFF<Bit>,
    s1_nan: DFF<Bit>,
    s1_infinite: DFF<Bit>,

    up: Signal<Local, Bit>,
    sign_bit: Signal<Local, Bits<16>>,
    base_bits: Signal<Local, Bits<16>>,
    kept_bits: Signal<Local, Bits<16>>,
    truncated: Signal<Local, Bits<16>>,
    rounded: Signal<Local, Bits<16>>,
    s2: DFF<Bits<16>>,
}

impl NarrowSingle {
    /// Rising edges from a value to its conversion.
    pub const LATENCY_CYCLES: usize = 2;
}

impl Logic for NarrowSingle {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, s1_kept, s1_base, s1_guard, s1_sticky, s1_sign);
        dff_setup!(self, clock, s1_nan, s1_infinite, s2);
        self.exponent.next = self.single.val().get_bits::<8>(23);
        self.fraction.next = self.single.val().get_bits::<23>(0);
        self.significand.next = bit_cast::<24, 23>(self.fraction.val()) | bits::<24>(0x80_0000);
        // Exponent 113 is the smallest of a normal FP16 value. The base is how far above it is, and the hidden bit adds
        // one; below, a shift makes up for it. Of both differences only the low bits matter: 17 is 113 modulo 32, 1 is
        // 113 modulo 16.
        self.exponent_low_5.next = self.single.val().get_bits::<5>(23);
        self.exponent_low_4.next = self.single.val().get_bits::<4>(23);
        self.base.next = self.exponent_low_5.val() - bits::<5>(17);
        self.shift.next = bits::<4>(0);
        if self.exponent.val() < bits::<8>(113) {
            self.base.next = bits::<5>(0);
            self.shift.next = bits::<4>(1) - self.exponent_low_4.val();
        }
        self.tiny.next = self.exponent.val() < bits::<8>(101);
        self.lost_8.next = false;
        self.shifted_8.next = self.significand.val();
        if self.shift.val().get_bit(3) {
            self.shifted_8.next = self.significand.val() >> bits::<5>(8);
            self.lost_8.next = self.significand.val().get_bits::<8>(0).any();
        }
        self.lost_4.next = self.lost_8.val();
        self.shifted_4.next = self.shifted_8.val();
        if self.shift.val().get_bit(2) {
            self.shifted_4.next = self.shifted_8.val() >> bits::<5>(4);
            self.lost_4.next = self.lost_8.val() | self.shifted_8.val().get_bits::<4>(0).any();
        }
        self.lost_2.next = self.lost_4.val();
        self.shifted_2.next = self.shifted_4.val();
        if self.shift.val().get_bit(1) {
            self.shifted_2.next = self.shifted_4.val() >> bits::<5>(2);
            self.lost_2.next = self.lost_4.val() | self.shifted_4.val().get_bits::<2>(0).any();
        }
        self.lost_1.next = self.lost_2.val();
        self.shifted_1.next = self.shifted_2.val();
        if self.shift.val().get_bit(0) {
            self.shifted_1.next = self.shifted_2.val() >> bits::<5>(1);
            self.lost_1.next = self.lost_2.val() | self.shifted_2.val().get_bit(0);
        }
        self.s1_kept.d.next = self.shifted_1.val().get_bits::<11>(13);
        self.s1_guard.d.next = self.shifted_1.val().get_bit(12);
        self.s1_sticky.d.next = self.lost_1.val() | self.shifted_1.val().get_bits::<12>(0).any();
        self.s1_base.d.next = self.base.val();
        if self.tiny.val() {
            self.s1_kept.d.next = bits::<11>(0);
            self.s1_guard.d.next = false;
        }
        self.s1_sign.d.next = self.single.val().get_bit(31);
        self.s1_nan.d.next = self.exponent.val().all() & self.fraction.val().any();
        self.s1_infinite.d.next = self.exponent.val() > bits::<8>(142);

        self.up.next =
            self.s1_guard.q.val() & (self.s1_sticky.q.val() | self.s1_kept.q.val().get_bit(0));
        self.base_bits.next = bit_cast::<16, 5>(self.s1_base.q.val()) << bits::<4>(10);
        self.kept_bits.next = bit_cast::<16, 11>(self.s1_kept.q.val());
        self.truncated.next = self.base_bits.val() + self.kept_bits.val();
        self.rounded.next = self.truncated.val() + bit_cast::<16, 1>(self.up.val().into());
        self.sign_bit.next = bit_cast::<16, 1>(self.s1_sign.q.val().into()) << bits::<4>(15);
        if self.s1_nan.q.val() {
            self.s2.d.next = bits::<16>(0x7E00);
        } else if self.s1_infinite.q.val() {
            self.s2.d.next = self.sign_bit.val() | bits::<16>(0x7C00);
        } else {
            // A carry out of the largest value gives Inf by itself.
            self.s2.d.next = self.sign_bit.val() | self.rounded.val();
        }
        self.half.next = self.s2.q.val();
    }
}
