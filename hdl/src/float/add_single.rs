//! The adder of the vector lanes.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// FP32 plus FP32, whatever they are.
///
/// 1. unpack, put the larger magnitude first, find out special values
/// 2. align the smaller one, keeping whether a bit fell out
/// 3. add or subtract
/// 4. normalise, as far as the exponent allows
/// 5. round, pack
///
/// A sum of exactly zero is +0 unless both terms are -0.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct AddSingle {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// One term, FP32.
    pub a: Signal<In, Bits<32>>,
    /// The other, FP32.
    pub b: Signal<In, Bits<32>>,
    /// FP32 sum.
    pub sum: Signal<Out, Bits<32>>,

    a_magnitude: Signal<Local, Bits<31>>,
    b_magnitude: Signal<Local, Bits<31>>,
    greater: Signal<Local, Bits<32>>,
    lesser: Signal<Local, Bits<32>>,
    greater_exponent: Signal<Local, Bits<8>>,
    lesser_exponent: Signal<Local, Bits<8>>,
    greater_fraction: Signal<Local, Bits<23>>,
    lesser_fraction: Signal<Local, Bits<23>>,
    greater_weight: Signal<Local, Bits<8>>,
    lesser_weight: Signal<Local, Bits<8>>,
    greater_significand: Signal<Local, Bits<24>>,
    lesser_significand: Signal<Local, Bits<24>>,
    signs_differ: Signal<Local, Bit>,
    s1_greater: DFF<Bits<24>>,
    s1_lesser: DFF<Bits<24>>,
    s1_weight: DFF<Bits<8>>,
    s1_distance: DFF<Bits<8>>,
    s1_sign: DFF<Bit>,
    s1_subtract: DFF<Bit>,
    s1_nan: DFF<Bit>,
    s1_infinite: DFF<Bit>,

    unaligned: Signal<Local, Bits<27>>,
    aligned_16: Signal<Local, Bits<27>>,
    aligned_8: Signal<Local, Bits<27>>,
    aligned_4: Signal<Local, Bits<27>>,
    aligned_2: Signal<Local, Bits<27>>,
    aligned_1: Signal<Local, Bits<27>>,
    lost_16: Signal<Local, Bit>,
    lost_8: Signal<Local, Bit>,
    lost_4: Signal<Local, Bit>,
    lost_2: Signal<Local, Bit>,
    lost_1: Signal<Local, Bit>,
    s2_greater: DFF<Bits<24>>,
    s2_lesser: DFF<Bits<27>>,
    s2_weight: DFF<Bits<8>>,
    s2_sign: DFF<Bit>,
    s2_subtract: DFF<Bit>,
    s2_nan: DFF<Bit>,
    s2_infinite: DFF<Bit>,

    greater_wide: Signal<Local, Bits<28>>,
    lesser_wide: Signal<Local, Bits<28>>,
    room: Signal<Local, Bits<8>>,
    s3_raw: DFF<Bits<28>>,
    s3_room: DFF<Bits<5>>,
    s3_weight: DFF<Bits<8>>,
    s3_sign: DFF<Bit>,
    s3_subtract: DFF<Bit>,
    s3_nan: DFF<Bit>,
    s3_infinite: DFF<Bit>,

    low: Signal<Local, Bits<27>>,
    halved: Signal<Local, Bits<27>>,
    shifted_16: Signal<Local, Bits<27>>,
    shifted_8: Signal<Local, Bits<27>>,
    shifted_4: Signal<Local, Bits<27>>,
    shifted_2: Signal<Local, Bits<27>>,
    shifted_1: Signal<Local, Bits<27>>,
    by_16: Signal<Local, Bits<5>>,
    by_8: Signal<Local, Bits<5>>,
    by_4: Signal<Local, Bits<5>>,
    by_2: Signal<Local, Bits<5>>,
    by_1: Signal<Local, Bits<5>>,
    try_8: Signal<Local, Bits<5>>,
    try_4: Signal<Local, Bits<5>>,
    try_2: Signal<Local, Bits<5>>,
    try_1: Signal<Local, Bits<5>>,
    raised: Signal<Local, Bits<8>>,
    lowered: Signal<Local, Bits<8>>,
    s4_value: DFF<Bits<27>>,
    s4_exponent: DFF<Bits<8>>,
    s4_sign: DFF<Bit>,
    s4_nan: DFF<Bit>,
    s4_infinite: DFF<Bit>,

    up: Signal<Local, Bit>,
    exponent_bits: Signal<Local, Bits<32>>,
    fraction_bits: Signal<Local, Bits<32>>,
    truncated: Signal<Local, Bits<32>>,
    rounded: Signal<Local, Bits<32>>,
    sign_bit: Signal<Local, Bits<32>>,
    s5: DFF<Bits<32>>,
}

impl AddSingle {
    /// Rising edges from the terms to their sum.
    pub const LATENCY_CYCLES: usize = 5;
}

impl Logic for AddSingle {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, s1_greater, s1_lesser, s1_weight, s1_distance, s1_sign);
        dff_setup!(self, clock, s1_subtract, s1_nan, s1_infinite);
        dff_setup!(self, clock, s2_greater, s2_lesser, s2_weight, s2_sign, s2_subtract);
        dff_setup!(self, clock, s2_nan, s2_infinite);
        dff_setup!(self, clock, s3_raw, s3_room, s3_weight, s3_sign, s3_subtract);
        dff_setup!(self, clock, s3_nan, s3_infinite);
        dff_setup!(self, clock, s4_value, s4_exponent, s4_sign, s4_nan, s4_infinite, s5);

        self.a_magnitude.next = self.a.val().get_bits::<31>(0);
        self.b_magnitude.next = self.b.val().get_bits::<31>(0);
        self.greater.next = self.a.val();
        self.lesser.next = self.b.val();
        if self.b_magnitude.val() > self.a_magnitude.val() {
            self.greater.next = self.b.val();
            self.lesser.next = self.a.val();
        }
        self.greater_exponent.next = self.greater.val().get_bits::<8>(23);
        self.lesser_exponent.next = self.lesser.val().get_bits::<8>(23);
        self.greater_fraction.next = self.greater.val().get_bits::<23>(0);
        self.lesser_fraction.next = self.lesser.val().get_bits::<23>(0);
        // A subnormal has the weight of exponent 1, without the hidden bit.
        self.greater_weight.next = bits::<8>(1);
        self.greater_significand.next = bit_cast::<24, 23>(self.greater_fraction.val());
        if self.greater_exponent.val().any() {
            self.greater_weight.next = self.greater_exponent.val();
            self.greater_significand.next =
                bit_cast::<24, 23>(self.greater_fraction.val()) | bits::<24>(0x80_0000);
        }
        self.lesser_weight.next = bits::<8>(1);
        self.lesser_significand.next = bit_cast::<24, 23>(self.lesser_fraction.val());
        if self.lesser_exponent.val().any() {
            self.lesser_weight.next = self.lesser_exponent.val();
            self.lesser_significand.next =
                bit_cast::<24, 23>(self.lesser_fraction.val()) | bits::<24>(0x80_0000);
        }
        self.signs_differ.next = self.greater.val().get_bit(31) ^ self.lesser.val().get_bit(31);
        self.s1_greater.d.next = self.greater_significand.val();
        self.s1_lesser.d.next = self.lesser_significand.val();
        self.s1_weight.d.next = self.greater_weight.val();
        self.s1_distance.d.next = self.greater_weight.val() - self.lesser_weight.val();
        self.s1_sign.d.next = self.greater.val().get_bit(31);
        self.s1_subtract.d.next = self.signs_differ.val();
        // The larger magnitude is a NaN if one of them is; Inf - Inf is one too.
        self.s1_nan.d.next = self.greater_exponent.val().all()
            & (self.greater_fraction.val().any()
                | (self.lesser_exponent.val().all() & self.signs_differ.val()));
        self.s1_infinite.d.next = self.greater_exponent.val().all();

        // Three bits below the last place: guard, round and sticky.
        self.unaligned.next = bit_cast::<27, 24>(self.s1_lesser.q.val()) << bits::<5>(3);
        self.lost_16.next = false;
        self.aligned_16.next = self.unaligned.val();
        if self.s1_distance.q.val().get_bit(4) {
            self.aligned_16.next = self.unaligned.val() >> bits::<5>(16);
            self.lost_16.next = self.unaligned.val().get_bits::<16>(0).any();
        }
        self.lost_8.next = self.lost_16.val();
        self.aligned_8.next = self.aligned_16.val();
        if self.s1_distance.q.val().get_bit(3) {
            self.aligned_8.next = self.aligned_16.val() >> bits::<5>(8);
            self.lost_8.next = self.lost_16.val() | self.aligned_16.val().get_bits::<8>(0).any();
        }
        self.lost_4.next = self.lost_8.val();
        self.aligned_4.next = self.aligned_8.val();
        if self.s1_distance.q.val().get_bit(2) {
            self.aligned_4.next = self.aligned_8.val() >> bits::<5>(4);
            self.lost_4.next = self.lost_8.val() | self.aligned_8.val().get_bits::<4>(0).any();
        }
        self.lost_2.next = self.lost_4.val();
        self.aligned_2.next = self.aligned_4.val();
        if self.s1_distance.q.val().get_bit(1) {
            self.aligned_2.next = self.aligned_4.val() >> bits::<5>(2);
            self.lost_2.next = self.lost_4.val() | self.aligned_4.val().get_bits::<2>(0).any();
        }
        self.lost_1.next = self.lost_2.val();
        self.aligned_1.next = self.aligned_2.val();
        if self.s1_distance.q.val().get_bit(0) {
            self.aligned_1.next = self.aligned_2.val() >> bits::<5>(1);
            self.lost_1.next = self.lost_2.val() | self.aligned_2.val().get_bit(0);
        }
        if self.s1_distance.q.val().get_bits::<3>(5).any() {
            self.aligned_1.next = bits::<27>(0);
            self.lost_1.next = self.s1_lesser.q.val().any();
        }
        self.s2_lesser.d.next = self.aligned_1.val() | bit_cast::<27, 1>(self.lost_1.val().into());
        self.s2_greater.d.next = self.s1_greater.q.val();
        self.s2_weight.d.next = self.s1_weight.q.val();
        self.s2_sign.d.next = self.s1_sign.q.val();
        self.s2_subtract.d.next = self.s1_subtract.q.val();
        self.s2_nan.d.next = self.s1_nan.q.val();
        self.s2_infinite.d.next = self.s1_infinite.q.val();

        self.greater_wide.next = bit_cast::<28, 24>(self.s2_greater.q.val()) << bits::<5>(3);
        self.lesser_wide.next = bit_cast::<28, 27>(self.s2_lesser.q.val());
        if self.s2_subtract.q.val() {
            self.s3_raw.d.next = self.greater_wide.val() - self.lesser_wide.val();
        } else {
            self.s3_raw.d.next = self.greater_wide.val() + self.lesser_wide.val();
        }
        // A left shift may take the exponent down to 1, and more than 31 places are never needed.
        self.room.next = self.s2_weight.q.val() - bits::<8>(1);
        self.s3_room.d.next = self.room.val().get_bits::<5>(0);
        if self.room.val().get_bits::<3>(5).any() {
            self.s3_room.d.next = bits::<5>(31);
        }
        self.s3_weight.d.next = self.s2_weight.q.val();
        self.s3_sign.d.next = self.s2_sign.q.val();
        self.s3_subtract.d.next = self.s2_subtract.q.val();
        self.s3_nan.d.next = self.s2_nan.q.val();
        self.s3_infinite.d.next = self.s2_infinite.q.val();

        self.low.next = self.s3_raw.q.val().get_bits::<27>(0);
        self.halved.next = self.s3_raw.q.val().get_bits::<27>(1)
            | bit_cast::<27, 1>(self.s3_raw.q.val().get_bit(0).into());
        // From 16 down to 1, a shift is taken if it meets only zeros and there is room for it.
        self.by_16.next = bits::<5>(0);
        self.shifted_16.next = self.low.val();
        if !self.low.val().get_bits::<16>(11).any() & self.s3_room.q.val().get_bit(4) {
            self.by_16.next = bits::<5>(16);
            self.shifted_16.next = self.low.val() << bits::<5>(16);
        }
        self.try_8.next = self.by_16.val() | bits::<5>(8);
        self.by_8.next = self.by_16.val();
        self.shifted_8.next = self.shifted_16.val();
        if !self.shifted_16.val().get_bits::<8>(19).any()
            & (self.s3_room.q.val() >= self.try_8.val())
        {
            self.by_8.next = self.try_8.val();
            self.shifted_8.next = self.shifted_16.val() << bits::<5>(8);
        }
        self.try_4.next = self.by_8.val() | bits::<5>(4);
        self.by_4.next = self.by_8.val();
        self.shifted_4.next = self.shifted_8.val();
        if !self.shifted_8.val().get_bits::<4>(23).any()
            & (self.s3_room.q.val() >= self.try_4.val())
        {
            self.by_4.next = self.try_4.val();
            self.shifted_4.next = self.shifted_8.val() << bits::<5>(4);
        }
        self.try_2.next = self.by_4.val() | bits::<5>(2);
        self.by_2.next = self.by_4.val();
        self.shifted_2.next = self.shifted_4.val();
        if !self.shifted_4.val().get_bits::<2>(25).any()
            & (self.s3_room.q.val() >= self.try_2.val())
        {
            self.by_2.next = self.try_2.val();
            self.shifted_2.next = self.shifted_4.val() << bits::<5>(2);
        }
        self.try_1.next = self.by_2.val() | bits::<5>(1);
        self.by_1.next = self.by_2.val();
        self.shifted_1.next = self.shifted_2.val();
        if !self.shifted_2.val().get_bit(26) & (self.s3_room.q.val() >= self.try_1.val()) {
            self.by_1.next = self.try_1.val();
            self.shifted_1.next = self.shifted_2.val() << bits::<5>(1);
        }
        self.raised.next = self.s3_weight.q.val() + bits::<8>(1);
        self.lowered.next = self.s3_weight.q.val() - bit_cast::<8, 5>(self.by_1.val());
        self.s4_infinite.d.next = self.s3_infinite.q.val();
        if self.s3_raw.q.val().get_bit(27) {
            self.s4_value.d.next = self.halved.val();
            self.s4_exponent.d.next = self.raised.val();
            self.s4_infinite.d.next = self.s3_infinite.q.val() | self.raised.val().all();
        } else {
            self.s4_value.d.next = self.shifted_1.val();
            self.s4_exponent.d.next = bits::<8>(0);
            if self.shifted_1.val().get_bit(26) {
                self.s4_exponent.d.next = self.lowered.val();
            }
        }
        self.s4_sign.d.next =
            self.s3_sign.q.val() & (!self.s3_subtract.q.val() | self.s3_raw.q.val().any());
        self.s4_nan.d.next = self.s3_nan.q.val();

        self.up.next = self.s4_value.q.val().get_bit(2)
            & (self.s4_value.q.val().get_bits::<2>(0).any() | self.s4_value.q.val().get_bit(3));
        self.exponent_bits.next = bit_cast::<32, 8>(self.s4_exponent.q.val()) << bits::<5>(23);
        self.fraction_bits.next = bit_cast::<32, 23>(self.s4_value.q.val().get_bits::<23>(3));
        self.truncated.next = self.exponent_bits.val() | self.fraction_bits.val();
        // A carry out of the fraction raises the exponent, up to Inf.
        self.rounded.next = self.truncated.val() + bit_cast::<32, 1>(self.up.val().into());
        self.sign_bit.next = bit_cast::<32, 1>(self.s4_sign.q.val().into()) << bits::<5>(31);
        if self.s4_nan.q.val() {
            self.s5.d.next = bits::<32>(0x7FC0_0000);
        } else if self.s4_infinite.q.val() {
            self.s5.d.next = self.sign_bit.val() | bits::<32>(0x7F80_0000);
        } else {
            self.s5.d.next = self.sign_bit.val() | self.rounded.val();
        }
        self.sum.next = self.s5.q.val();
    }
}
