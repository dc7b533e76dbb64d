//! The multiplier of the update's lanes.

use super::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// FP32 times FP32, for momentum SGD.
///
/// 1. unpack, add the exponents, find out special values
/// 2. multiply the 24-bit significands
/// 3. nothing: the second register of the product, for DSPs to take in
/// 4. normalise to the left, as far as the exponent allows
/// 5. shift a subnormal result to the right, keeping whether a bit fell out
/// 6. round, pack
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct MultiplySingle {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// One factor, FP32.
    pub a: Signal<In, Bits<32>>,
    /// The other, FP32.
    pub b: Signal<In, Bits<32>>,
    /// FP32 product.
    pub product: Signal<Out, Bits<32>>,

    a_exponent: Signal<Local, Bits<8>>,
    a_fraction: Signal<Local, Bits<23>>,
    a_weight: Signal<Local, Bits<9>>,
    a_significand: Signal<Local, Bits<24>>,
    a_special: Signal<Local, Bit>,
    a_zero: Signal<Local, Bit>,
    a_nan: Signal<Local, Bit>,
    b_exponent: Signal<Local, Bits<8>>,
    b_fraction: Signal<Local, Bits<23>>,
    b_weight: Signal<Local, Bits<9>>,
    b_significand: Signal<Local, Bits<24>>,
    b_special: Signal<Local, Bit>,
    b_zero: Signal<Local, Bit>,
    b_nan: Signal<Local, Bit>,
    s1_a: DFF<Bits<24>>,
    s1_b: DFF<Bits<24>>,
    s1_weight: DFF<Bits<9>>,
    s1_sign: DFF<Bit>,
    s1_nan: DFF<Bit>,
    s1_infinite: DFF<Bit>,

    multiplier: Product<24, 24, 48>,
    s2_product: DFF<Bits<48>>,
    s2_weight: DFF<Bits<9>>,
    s2_sign: DFF<Bit>,
    s2_nan: DFF<Bit>,
    s2_infinite: DFF<Bit>,

    s3_product: DFF<Bits<48>>,
    s3_weight: DFF<Bits<9>>,
    s3_sign: DFF<Bit>,
    s3_nan: DFF<Bit>,
    s3_infinite: DFF<Bit>,

    is_low: Signal<Local, Bit>,
    above: Signal<Local, Bits<9>>,
    below: Signal<Local, Bits<7>>,
    weight_low: Signal<Local, Bits<7>>,
    room: Signal<Local, Bits<6>>,
    left_32: Signal<Local, Bits<48>>,
    left_16: Signal<Local, Bits<48>>,
    left_8: Signal<Local, Bits<48>>,
    left_4: Signal<Local, Bits<48>>,
    left_2: Signal<Local, Bits<48>>,
    left_1: Signal<Local, Bits<48>>,
    by_32: Signal<Local, Bits<6>>,
    by_16: Signal<Local, Bits<6>>,
    by_8: Signal<Local, Bits<6>>,
    by_4: Signal<Local, Bits<6>>,
    by_2: Signal<Local, Bits<6>>,
    by_1: Signal<Local, Bits<6>>,
    try_16: Signal<Local, Bits<6>>,
    try_8: Signal<Local, Bits<6>>,
    try_4: Signal<Local, Bits<6>>,
    try_2: Signal<Local, Bits<6>>,
    try_1: Signal<Local, Bits<6>>,
    shifted_by: Signal<Local, Bits<9>>,
    exponent: Signal<Local, Bits<9>>,
    s4_value: DFF<Bits<48>>,
    s4_right: DFF<Bits<7>>,
    s4_exponent: DFF<Bits<9>>,
    s4_sign: DFF<Bit>,
    s4_nan: DFF<Bit>,
    s4_infinite: DFF<Bit>,

    right_32: Signal<Local, Bits<48>>,
    right_16: Signal<Local, Bits<48>>,
    right_8: Signal<Local, Bits<48>>,
    right_4: Signal<Local, Bits<48>>,
    right_2: Signal<Local, Bits<48>>,
    right_1: Signal<Local, Bits<48>>,
    lost_32: Signal<Local, Bit>,
    lost_16: Signal<Local, Bit>,
    lost_8: Signal<Local, Bit>,
    lost_4: Signal<Local, Bit>,
    lost_2: Signal<Local, Bit>,
    lost_1: Signal<Local, Bit>,
    kept: Signal<Local, Bits<25>>,
    sticky: Signal<Local, Bit>,
    s5_kept: DFF<Bits<23>>,
    s5_up: DFF<Bit>,
    s5_exponent: DFF<Bits<8>>,
    s5_sign: DFF<Bit>,
    s5_nan: DFF<Bit>,
    s5_infinite: DFF<Bit>,

    exponent_bits: Signal<Local, Bits<32>>,
    truncated: Signal<Local, Bits<32>>,
    rounded: Signal<Local, Bits<32>>,
    sign_bit: Signal<Local, Bits<32>>,
    s6: DFF<Bits<32>>,
}

impl MultiplySingle {
    /// Rising edges from the factors to their product.
    pub const LATENCY_CYCLES: usize = 6;
}

impl Logic for MultiplySingle {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, s1_a, s1_b, s1_weight, s1_sign, s1_nan, s1_infinite);
        dff_setup!(self, clock, s2_product, s2_weight, s2_sign, s2_nan, s2_infinite);
        dff_setup!(self, clock, s3_product, s3_weight, s3_sign, s3_nan, s3_infinite);
        dff_setup!(self, clock, s4_value, s4_right, s4_exponent, s4_sign, s4_nan, s4_infinite);
        dff_setup!(self, clock, s5_kept, s5_up, s5_exponent, s5_sign, s5_nan, s5_infinite, s6);

        // A subnormal has the weight of exponent 1, without the hidden bit.
        self.a_exponent.next = self.a.val().get_bits::<8>(23);
        self.a_fraction.next = self.a.val().get_bits::<23>(0);
        self.a_special.next = self.a_exponent.val().all();
        self.a_zero.next = !self.a_exponent.val().any() & !self.a_fraction.val().any();
        self.a_nan.next = self.a_special.val() & self.a_fraction.val().any();
        self.a_weight.next = bits::<9>(1);
        self.a_significand.next = bit_cast::<24, 23>(self.a_fraction.val());
        if self.a_exponent.val().any() {
            self.a_weight.next = bit_cast::<9, 8>(self.a_exponent.val());
            self.a_significand.next =
                bit_cast::<24, 23>(self.a_fraction.val()) | bits::<24>(0x80_0000);
        }
        self.b_exponent.next = self.b.val().get_bits::<8>(23);
        self.b_fraction.next = self.b.val().get_bits::<23>(0);
        self.b_special.next = self.b_exponent.val().all();
        self.b_zero.next = !self.b_exponent.val().any() & !self.b_fraction.val().any();
        self.b_nan.next = self.b_special.val() & self.b_fraction.val().any();
        self.b_weight.next = bits::<9>(1);
        self.b_significand.next = bit_cast::<24, 23>(self.b_fraction.val());
        if self.b_exponent.val().any() {
            self.b_weight.next = bit_cast::<9, 8>(self.b_exponent.val());
            self.b_significand.next =
                bit_cast::<24, 23>(self.b_fraction.val()) | bits::<24>(0x80_0000);
        }
        self.s1_a.d.next = self.a_significand.val();
        self.s1_b.d.next = self.b_significand.val();
        self.s1_weight.d.next = self.a_weight.val() + self.b_weight.val();
        self.s1_sign.d.next = self.a.val().get_bit(31) ^ self.b.val().get_bit(31);
        self.s1_nan.d.next = self.a_nan.val()
            | self.b_nan.val()
            | (self.a_special.val() & self.b_zero.val())
            | (self.b_special.val() & self.a_zero.val());
        self.s1_infinite.d.next = self.a_special.val() | self.b_special.val();

        self.multiplier.left.next = self.s1_a.q.val();
        self.multiplier.right.next = self.s1_b.q.val();
        self.s2_product.d.next = self.multiplier.product.val();
        self.s2_weight.d.next = self.s1_weight.q.val();
        self.s2_sign.d.next = self.s1_sign.q.val();
        self.s2_nan.d.next = self.s1_nan.q.val();
        self.s2_infinite.d.next = self.s1_infinite.q.val();

        self.s3_product.d.next = self.s2_product.q.val();
        self.s3_weight.d.next = self.s2_weight.q.val();
        self.s3_sign.d.next = self.s2_sign.q.val();
        self.s3_nan.d.next = self.s2_nan.q.val();
        self.s3_infinite.d.next = self.s2_infinite.q.val();

        // The product's top bit has exponent 1, the smallest, when the weights add up to 127. Above, there is room for a
        // shift to the left, of which 47 places are enough; below, the product is shifted to the right.
        self.is_low.next = self.s3_weight.q.val() < bits::<9>(127);
        self.above.next = self.s3_weight.q.val() - bits::<9>(127);
        self.weight_low.next = self.s3_weight.q.val().get_bits::<7>(0);
        self.below.next = bits::<7>(127) - self.weight_low.val();
        self.room.next = self.above.val().get_bits::<6>(0);
        if self.above.val().get_bits::<3>(6).any() {
            self.room.next = bits::<6>(63);
        }
        if self.is_low.val() {
            self.room.next = bits::<6>(0);
        }
        // From 32 down to 1, a shift is taken if it meets only zeros and there is room for it.
        self.by_32.next = bits::<6>(0);
        self.left_32.next = self.s3_product.q.val();
        if !self.s3_product.q.val().get_bits::<32>(16).any() & self.room.val().get_bit(5) {
            self.by_32.next = bits::<6>(32);
            self.left_32.next = self.s3_product.q.val() << bits::<6>(32);
        }
        self.try_16.next = self.by_32.val() | bits::<6>(16);
        self.by_16.next = self.by_32.val();
        self.left_16.next = self.left_32.val();
        if !self.left_32.val().get_bits::<16>(32).any() & (self.room.val() >= self.try_16.val()) {
            self.by_16.next = self.try_16.val();
            self.left_16.next = self.left_32.val() << bits::<6>(16);
        }
        self.try_8.next = self.by_16.val() | bits::<6>(8);
        self.by_8.next = self.by_16.val();
        self.left_8.next = self.left_16.val();
        if !self.left_16.val().get_bits::<8>(40).any() & (self.room.val() >= self.try_8.val()) {
            self.by_8.next = self.try_8.val();
            self.left_8.next = self.left_16.val() << bits::<6>(8);
        }
        self.try_4.next = self.by_8.val() | bits::<6>(4);
        self.by_4.next = self.by_8.val();
        self.left_4.next = self.left_8.val();
        if !self.left_8.val().get_bits::<4>(44).any() & (self.room.val() >= self.try_4.val()) {
            self.by_4.next = self.try_4.val();
            self.left_4.next = self.left_8.val() << bits::<6>(4);
        }
        self.try_2.next = self.by_4.val() | bits::<6>(2);
        self.by_2.next = self.by_4.val();
        self.left_2.next = self.left_4.val();
        if !self.left_4.val().get_bits::<2>(46).any() & (self.room.val() >= self.try_2.val()) {
            self.by_2.next = self.try_2.val();
            self.left_2.next = self.left_4.val() << bits::<6>(2);
        }
        self.try_1.next = self.by_2.val() | bits::<6>(1);
        self.by_1.next = self.by_2.val();
        self.left_1.next = self.left_2.val();
        if !self.left_2.val().get_bit(47) & (self.room.val() >= self.try_1.val()) {
            self.by_1.next = self.try_1.val();
            self.left_1.next = self.left_2.val() << bits::<6>(1);
        }
        self.shifted_by.next = bit_cast::<9, 6>(self.by_1.val());
        self.exponent.next = self.above.val() - self.shifted_by.val();
        self.s4_value.d.next = self.left_1.val();
        self.s4_exponent.d.next = self.exponent.val() + bits::<9>(1);
        self.s4_right.d.next = bits::<7>(0);
        if self.is_low.val() {
            self.s4_exponent.d.next = bits::<9>(1);
            self.s4_right.d.next = self.below.val();
        }
        self.s4_sign.d.next = self.s3_sign.q.val();
        self.s4_nan.d.next = self.s3_nan.q.val();
        self.s4_infinite.d.next = self.s3_infinite.q.val();

        self.lost_32.next = false;
        self.right_32.next = self.s4_value.q.val();
        if self.s4_right.q.val().get_bit(5) {
            self.right_32.next = self.s4_value.q.val() >> bits::<6>(32);
            self.lost_32.next = self.s4_value.q.val().get_bits::<32>(0).any();
        }
        self.lost_16.next = self.lost_32.val();
        self.right_16.next = self.right_32.val();
        if self.s4_right.q.val().get_bit(4) {
            self.right_16.next = self.right_32.val() >> bits::<6>(16);
            self.lost_16.next = self.lost_32.val() | self.right_32.val().get_bits::<16>(0).any();
        }
        self.lost_8.next = self.lost_16.val();
        self.right_8.next = self.right_16.val();
        if self.s4_right.q.val().get_bit(3) {
            self.right_8.next = self.right_16.val() >> bits::<6>(8);
            self.lost_8.next = self.lost_16.val() | self.right_16.val().get_bits::<8>(0).any();
        }
        self.lost_4.next = self.lost_8.val();
        self.right_4.next = self.right_8.val();
        if self.s4_right.q.val().get_bit(2) {
            self.right_4.next = self.right_8.val() >> bits::<6>(4);
            self.lost_4.next = self.lost_8.val() | self.right_8.val().get_bits::<4>(0).any();
        }
        self.lost_2.next = self.lost_4.val();
        self.right_2.next = self.right_4.val();
        if self.s4_right.q.val().get_bit(1) {
            self.right_2.next = self.right_4.val() >> bits::<6>(2);
            self.lost_2.next = self.lost_4.val() | self.right_4.val().get_bits::<2>(0).any();
        }
        self.lost_1.next = self.lost_2.val();
        self.right_1.next = self.right_2.val();
        if self.s4_right.q.val().get_bit(0) {
            self.right_1.next = self.right_2.val() >> bits::<6>(1);
            self.lost_1.next = self.lost_2.val() | self.right_2.val().get_bit(0);
        }
        if self.s4_right.q.val().get_bit(6) {
            // Not even the guard bit is left, so what was lost does not matter.
            self.right_1.next = bits::<48>(0);
        }
        self.kept.next = self.right_1.val().get_bits::<25>(23);
        self.sticky.next = self.right_1.val().get_bits::<23>(0).any() | self.lost_1.val();
        self.s5_kept.d.next = self.kept.val().get_bits::<23>(1);
        self.s5_up.d.next =
            self.kept.val().get_bit(0) & (self.sticky.val() | self.kept.val().get_bit(1));
        self.s5_exponent.d.next = bits::<8>(0);
        self.s5_infinite.d.next = self.s4_infinite.q.val();
        if self.kept.val().get_bit(24) {
            self.s5_exponent.d.next = self.s4_exponent.q.val().get_bits::<8>(0);
            self.s5_infinite.d.next =
                self.s4_infinite.q.val() | (self.s4_exponent.q.val() >= bits::<9>(255));
        }
        self.s5_sign.d.next = self.s4_sign.q.val();
        self.s5_nan.d.next = self.s4_nan.q.val();

        self.exponent_bits.next = bit_cast::<32, 8>(self.s5_exponent.q.val()) << bits::<5>(23);
        self.truncated.next = self.exponent_bits.val() | bit_cast::<32, 23>(self.s5_kept.q.val());
        // A carry out of the fraction raises the exponent, up to Inf.
        self.rounded.next = self.truncated.val() + bit_cast::<32, 1>(self.s5_up.q.val().into());
        self.sign_bit.next = bit_cast::<32, 1>(self.s5_sign.q.val().into()) << bits::<5>(31);
        if self.s5_nan.q.val() {
            self.s6.d.next = bits::<32>(0x7FC0_0000);
        } else if self.s5_infinite.q.val() {
            self.s6.d.next = self.sign_bit.val() | bits::<32>(0x7F80_0000);
        } else {
            self.s6.d.next = self.sign_bit.val() | self.rounded.val();
        }
        self.product.next = self.s6.q.val();
    }
}
