//! The USPE's adder.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// An FP32 accumulator plus a product of [`MultiplyHalf`](super::MultiplyHalf), in FP32.
/// [`AccumulateSingle::LATENCY_CYCLES`] is `adder_latency_cycles` of the configurations.
///
/// 1. compare the exponents, exchange the terms, normalise the product
/// 2. align the lesser one, keeping whether a bit fell out
/// 3. add or subtract
/// 4. normalise to an even place
/// 5. normalise by one place, round, pack
///
/// The accumulator is any FP32 value, subnormals included, but neither -0 nor a NaN other than the canonical one: an
/// accumulator starts at +0 and a sum is never one of these. What makes the block smaller than [`AddSingle`](super::AddSingle):
///
/// - A product that is not zero is at least 2^-48. So a sum with one is never subnormal (a subnormal accumulator is far below
///   it), and the shift to the left needs no limit.
/// - Only exponents are compared. With equal ones the difference may turn out negative; it is exact then. Its complement is one
///   too small, but has ones in all lower places, so rounding it to nearest adds that one.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct AccumulateSingle {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Product, as the multiplier gives it.
    pub product: Signal<In, Bits<33>>,
    /// Accumulator, FP32.
    pub accumulator: Signal<In, Bits<32>>,
    /// FP32 sum.
    pub sum: Signal<Out, Bits<32>>,
    /// The sum one edge earlier, combinational: what its register takes at the next edge.
    pub early: Signal<Out, Bits<32>>,

    exponent: Signal<Local, Bits<8>>,
    product_exponent: Signal<Local, Bits<8>>,
    significand: Signal<Local, Bits<22>>,
    is_high: Signal<Local, Bit>,
    special: Signal<Local, Bit>,
    signs_differ: Signal<Local, Bit>,
    not_exponent: Signal<Local, Bits<8>>,
    compared: Signal<Local, Bits<9>>,
    distance: Signal<Local, Bits<8>>,
    is_behind: Signal<Local, Bit>,
    behind: Signal<Local, Bits<8>>,
    hidden: Signal<Local, Bit>,
    own: Signal<Local, Bits<24>>,
    others: Signal<Local, Bits<24>>,
    s1_greater: DFF<Bits<24>>,
    s1_lesser: DFF<Bits<24>>,
    s1_exponent: DFF<Bits<8>>,
    s1_carry: DFF<Bit>,
    s1_distance: DFF<Bits<5>>,
    s1_far: DFF<Bit>,
    s1_sign: DFF<Bit>,
    s1_subtract: DFF<Bit>,
    s1_nan: DFF<Bit>,
    s1_special: DFF<Bit>,
    s1_high: DFF<Bit>,

    unaligned: Signal<Local, Bits<26>>,
    aligned_8: Signal<Local, Bits<26>>,
    aligned_2: Signal<Local, Bits<26>>,
    by_8: Signal<Local, Bits<2>>,
    by_2: Signal<Local, Bits<2>>,
    lost_8: Signal<Local, Bit>,
    lost_2: Signal<Local, Bit>,
    any_8: Signal<Local, Bit>,
    any_16: Signal<Local, Bit>,
    any_24: Signal<Local, Bit>,
    s2_greater: DFF<Bits<24>>,
    s2_lesser: DFF<Bits<26>>,
    s2_sticky: DFF<Bit>,
    s2_odd: DFF<Bit>,
    s2_exponent: DFF<Bits<8>>,
    s2_carry: DFF<Bit>,
    s2_sign: DFF<Bit>,
    s2_subtract: DFF<Bit>,
    s2_high: DFF<Bit>,

    aligned_1: Signal<Local, Bits<27>>,
    sticky: Signal<Local, Bit>,
    carry_in: Signal<Local, Bit>,
    inversion: Signal<Local, Bits<27>>,
    left: Signal<Local, Bits<27>>,
    right: Signal<Local, Bits<27>>,
    total: Signal<Local, Bits<27>>,
    s3_raw: DFF<Bits<26>>,
    s3_over: DFF<Bit>,
    s3_negative: DFF<Bit>,
    s3_sticky: DFF<Bit>,
    s3_subnormal: DFF<Bit>,
    s3_exponent: DFF<Bits<8>>,
    s3_carry: DFF<Bit>,
    s3_sign: DFF<Bit>,
    s3_high: DFF<Bit>,

    raw: Signal<Local, Bits<28>>,
    flip: Signal<Local, Bits<28>>,
    magnitude: Signal<Local, Bits<28>>,
    top_8: Signal<Local, Bit>,
    top_16: Signal<Local, Bit>,
    top_24: Signal<Local, Bit>,
    is_zero: Signal<Local, Bit>,
    coarse: Signal<Local, Bits<2>>,
    fine: Signal<Local, Bits<2>>,
    shifted_8: Signal<Local, Bits<28>>,
    window: Signal<Local, Bits<6>>,
    window_flip: Signal<Local, Bits<6>>,
    shifted_2: Signal<Local, Bits<28>>,
    places: Signal<Local, Bits<8>>,
    not_places: Signal<Local, Bits<8>>,
    s4_value: DFF<Bits<26>>,
    s4_low: DFF<Bit>,
    s4_negative: DFF<Bit>,
    s4_exponent: DFF<Bits<8>>,
    s4_sign: DFF<Bit>,

    value_flip: Signal<Local, Bits<26>>,
    value: Signal<Local, Bits<26>>,
    fraction: Signal<Local, Bits<23>>,
    guard: Signal<Local, Bit>,
    below: Signal<Local, Bit>,
    up: Signal<Local, Bit>,
    truncated: Signal<Local, Bits<31>>,
    leading: Signal<Local, Bits<31>>,
    rounded: Signal<Local, Bits<31>>,
    sign_bit: Signal<Local, Bits<32>>,
    s5: DFF<Bits<32>>,
}

impl AccumulateSingle {
    /// Rising edges from the terms to their sum.
    pub const LATENCY_CYCLES: usize = 5;
}

impl Logic for AccumulateSingle {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, s1_greater, s1_lesser, s1_exponent, s1_carry, s1_distance);
        dff_setup!(self, clock, s1_far, s1_sign, s1_subtract, s1_nan, s1_special, s1_high);
        dff_setup!(self, clock, s2_greater, s2_lesser, s2_sticky, s2_odd, s2_exponent);
        dff_setup!(self, clock, s2_carry, s2_sign, s2_subtract, s2_high);
        dff_setup!(self, clock, s3_raw, s3_over, s3_negative, s3_sticky, s3_subnormal);
        dff_setup!(self, clock, s3_exponent, s3_carry, s3_sign, s3_high);
        dff_setup!(self, clock, s4_value, s4_low, s4_negative, s4_exponent, s4_sign, s5);

        self.exponent.next = self.accumulator.val().get_bits::<8>(23);
        self.product_exponent.next = self.product.val().get_bits::<8>(22);
        self.significand.next = self.product.val().get_bits::<22>(0);
        self.is_high.next = self.accumulator.val().get_bits::<7>(24).all();
        self.special.next = self.product.val().get_bit(31);
        self.signs_differ.next =
            self.accumulator.val().get_bit(31) ^ self.product.val().get_bit(30);
        // The product's exponent is one less if its leading one is in bit 20, so bit 21 is the carry of the subtraction.
        self.not_exponent.next = !self.exponent.val();
        self.compared.next = bit_cast::<9, 8>(self.product_exponent.val())
            + bit_cast::<9, 8>(self.not_exponent.val())
            + bit_cast::<9, 1>(self.significand.val().get_bit(21).into());
        self.is_behind.next = !self.compared.val().get_bit(8);
        // If the accumulator's exponent is the greater one, the complement of the difference is one short of it. The product is
        // shifted by that one already.
        self.behind.next = bits::<8>(0);
        self.own.next = bit_cast::<24, 22>(self.significand.val()) << bits::<5>(3);
        self.others.next = bit_cast::<24, 22>(self.significand.val()) << bits::<5>(2);
        if self.significand.val().get_bit(21) {
            self.own.next = bit_cast::<24, 22>(self.significand.val()) << bits::<5>(2);
            self.others.next = bit_cast::<24, 22>(self.significand.val()) << bits::<5>(1);
        }
        // A term that is far below the other, or zero, is cleared; what is not has a hidden bit.
        self.hidden.next = !self.is_behind.val() | self.exponent.val().any();
        self.s1_greater.d.next = self.own.val() | bits::<24>(0x80_0000);
        self.s1_lesser.d.next =
            bit_cast::<24, 23>(self.accumulator.val().get_bits::<23>(0)) | bits::<24>(0x80_0000);
        self.s1_exponent.d.next = self.product_exponent.val();
        self.s1_carry.d.next = self.significand.val().get_bit(21);
        if self.is_behind.val() {
            self.behind.next = bits::<8>(0xFF);
            self.s1_greater.d.next = bit_cast::<24, 23>(self.accumulator.val().get_bits::<23>(0))
                | (bit_cast::<24, 1>(self.hidden.val().into()) << bits::<5>(23));
            self.s1_lesser.d.next = self.others.val();
            self.s1_exponent.d.next = self.exponent.val();
            self.s1_carry.d.next = true;
        }
        self.distance.next = self.compared.val().get_bits::<8>(0) ^ self.behind.val();
        self.s1_distance.d.next = self.distance.val().get_bits::<5>(0);
        self.s1_far.d.next = self.distance.val().get_bits::<3>(5).any() | self.special.val();
        self.s1_sign.d.next = self.product.val().get_bit(30);
        if self.is_behind.val() & !self.special.val() {
            self.s1_sign.d.next = self.accumulator.val().get_bit(31);
        }
        self.s1_subtract.d.next = self.signs_differ.val();
        self.s1_special.d.next = self.special.val();
        self.s1_nan.d.next = self.product.val().get_bit(32)
            | (self.special.val()
                & self.is_high.val()
                & self.exponent.val().get_bit(0)
                & (self.accumulator.val().get_bit(22) | self.signs_differ.val()));
        self.s1_high.d.next = self.is_high.val();

        // Two bits below the last place, guard and round; the third, sticky, is apart.
        self.unaligned.next = bit_cast::<26, 24>(self.s1_lesser.q.val()) << bits::<5>(2);
        self.by_8.next = self.s1_distance.q.val().get_bits::<2>(3);
        self.by_2.next = self.s1_distance.q.val().get_bits::<2>(1);
        self.any_8.next = self.unaligned.val().get_bits::<8>(0).any();
        self.any_16.next = self.any_8.val() | self.unaligned.val().get_bits::<8>(8).any();
        self.any_24.next = self.any_16.val() | self.unaligned.val().get_bits::<8>(16).any();
        self.aligned_8.next = self.unaligned.val();
        self.lost_8.next = false;
        if self.by_8.val() == bits::<2>(1) {
            self.aligned_8.next = self.unaligned.val() >> bits::<5>(8);
            self.lost_8.next = self.any_8.val();
        } else if self.by_8.val() == bits::<2>(2) {
            self.aligned_8.next = self.unaligned.val() >> bits::<5>(16);
            self.lost_8.next = self.any_16.val();
        } else if self.by_8.val() == bits::<2>(3) {
            self.aligned_8.next = self.unaligned.val() >> bits::<5>(24);
            self.lost_8.next = self.any_24.val();
        }
        self.aligned_2.next = self.aligned_8.val();
        self.lost_2.next = false;
        if self.by_2.val() == bits::<2>(1) {
            self.aligned_2.next = self.aligned_8.val() >> bits::<5>(2);
            self.lost_2.next = self.aligned_8.val().get_bits::<2>(0).any();
        } else if self.by_2.val() == bits::<2>(2) {
            self.aligned_2.next = self.aligned_8.val() >> bits::<5>(4);
            self.lost_2.next = self.aligned_8.val().get_bits::<4>(0).any();
        } else if self.by_2.val() == bits::<2>(3) {
            self.aligned_2.next = self.aligned_8.val() >> bits::<5>(6);
            self.lost_2.next = self.aligned_8.val().get_bits::<6>(0).any();
        }
        self.s2_greater.d.next = self.s1_greater.q.val();
        self.s2_lesser.d.next = self.aligned_2.val();
        self.s2_sticky.d.next = self.lost_8.val() | self.lost_2.val();
        self.s2_odd.d.next = self.s1_distance.q.val().get_bit(0);
        self.s2_exponent.d.next = self.s1_exponent.q.val();
        self.s2_carry.d.next = self.s1_carry.q.val();
        self.s2_sign.d.next = self.s1_sign.q.val() & !self.s1_nan.q.val();
        self.s2_subtract.d.next = self.s1_subtract.q.val();
        self.s2_high.d.next = self.s1_high.q.val() & !self.s1_special.q.val();
        if self.s1_far.q.val() {
            self.s2_lesser.d.next = bits::<26>(0);
            self.s2_sticky.d.next = false;
        }
        if self.s1_special.q.val() {
            // From here on Inf and NaN are like other values.
            self.s2_greater.d.next = bits::<24>(0x80_0000)
                | (bit_cast::<24, 1>(self.s1_nan.q.val().into()) << bits::<5>(22));
            self.s2_exponent.d.next = bits::<8>(0xFF);
            self.s2_carry.d.next = true;
        }

        self.aligned_1.next = bit_cast::<27, 26>(self.s2_lesser.q.val());
        self.sticky.next = self.s2_sticky.q.val();
        if self.s2_odd.q.val() {
            self.aligned_1.next = bit_cast::<27, 26>(self.s2_lesser.q.val()) >> bits::<5>(1);
            self.sticky.next = self.s2_sticky.q.val() | self.s2_lesser.q.val().get_bit(0);
        }
        self.inversion.next = bits::<27>(0);
        if self.s2_subtract.q.val() {
            self.inversion.next = bits::<27>(0x7FF_FFFF);
        }
        self.carry_in.next = self.s2_subtract.q.val() & !self.sticky.val();
        self.left.next = bit_cast::<27, 24>(self.s2_greater.q.val()) << bits::<5>(2);
        self.right.next = self.aligned_1.val() ^ self.inversion.val();
        self.total.next =
            self.left.val() + self.right.val() + bit_cast::<27, 1>(self.carry_in.val().into());
        self.s3_raw.d.next = self.total.val().get_bits::<26>(0);
        self.s3_over.d.next = self.total.val().get_bit(26);
        self.s3_negative.d.next = self.total.val().get_bit(26) & self.s2_subtract.q.val();
        self.s3_sticky.d.next = self.sticky.val();
        self.s3_subnormal.d.next = !self.s2_greater.q.val().get_bit(23);
        self.s3_exponent.d.next = self.s2_exponent.q.val();
        self.s3_carry.d.next = self.s2_carry.q.val();
        self.s3_sign.d.next = self.s2_sign.q.val();
        self.s3_high.d.next = self.s2_high.q.val();

        self.raw.next = (bit_cast::<28, 1>(self.s3_over.q.val().into()) << bits::<5>(27))
            | (bit_cast::<28, 26>(self.s3_raw.q.val()) << bits::<5>(1))
            | bit_cast::<28, 1>(self.s3_sticky.q.val().into());
        self.flip.next = bits::<28>(0);
        self.window_flip.next = bits::<6>(0);
        if self.s3_negative.q.val() {
            self.flip.next = bits::<28>(0xFFF_FFFF);
            self.window_flip.next = bits::<6>(0x3F);
        }
        self.magnitude.next = self.raw.val() ^ self.flip.val();
        self.top_8.next = self.magnitude.val().get_bits::<8>(20).any() | self.s3_subnormal.q.val();
        self.top_16.next = self.magnitude.val().get_bits::<8>(12).any();
        self.top_24.next = self.magnitude.val().get_bits::<8>(4).any();
        self.is_zero.next = !self.top_8.val()
            & !self.top_16.val()
            & !self.top_24.val()
            & !self.magnitude.val().get_bits::<4>(0).any();
        // The two lowest bits are not zero only if the shift is less than four.
        self.shifted_8.next = self.raw.val();
        self.coarse.next = bits::<2>(0);
        if !self.top_8.val() {
            self.shifted_8.next = ((self.raw.val() >> bits::<5>(2)) << bits::<5>(10))
                | (self.raw.val() & bits::<28>(3));
            self.coarse.next = bits::<2>(1);
            if !self.top_16.val() {
                self.shifted_8.next = ((self.raw.val() >> bits::<5>(2)) << bits::<5>(18))
                    | (self.raw.val() & bits::<28>(3));
                self.coarse.next = bits::<2>(2);
                if !self.top_24.val() {
                    self.shifted_8.next = ((self.raw.val() >> bits::<5>(2)) << bits::<5>(26))
                        | (self.raw.val() & bits::<28>(3));
                    self.coarse.next = bits::<2>(3);
                }
            }
        }
        self.window.next = self.shifted_8.val().get_bits::<6>(22) ^ self.window_flip.val();
        self.shifted_2.next = self.shifted_8.val();
        self.fine.next = bits::<2>(0);
        if !self.window.val().get_bits::<2>(4).any() & !self.s3_subnormal.q.val() {
            self.shifted_2.next = self.shifted_8.val() << bits::<5>(2);
            self.fine.next = bits::<2>(1);
            if !self.window.val().get_bits::<2>(2).any() {
                self.shifted_2.next = self.shifted_8.val() << bits::<5>(4);
                self.fine.next = bits::<2>(2);
                if !self.window.val().get_bits::<2>(0).any() {
                    self.shifted_2.next = self.shifted_8.val() << bits::<5>(6);
                    self.fine.next = bits::<2>(3);
                }
            }
        }
        self.places.next = (bit_cast::<8, 2>(self.coarse.val()) << bits::<4>(3))
            | (bit_cast::<8, 2>(self.fine.val()) << bits::<4>(1));
        self.not_places.next = !self.places.val();
        self.s4_exponent.d.next = self.s3_exponent.q.val()
            + self.not_places.val()
            + bit_cast::<8, 1>(self.s3_carry.q.val().into());
        self.s4_sign.d.next = self.s3_sign.q.val() ^ self.s3_negative.q.val();
        if self.is_zero.val() | self.s3_subnormal.q.val() {
            self.s4_exponent.d.next = bits::<8>(0);
        }
        if self.is_zero.val() {
            self.s4_sign.d.next = false;
        }
        self.s4_value.d.next = self.shifted_2.val().get_bits::<26>(2);
        self.s4_low.d.next = self.shifted_2.val().get_bits::<2>(0).any() | self.s3_negative.q.val();
        self.s4_negative.d.next = self.s3_negative.q.val();
        if self.s3_high.q.val() & self.s3_over.q.val() {
            // Beyond the largest value: a fraction of zero, and the leading one raises the exponent to that of Inf.
            self.s4_value.d.next = bits::<26>(0x200_0000);
            self.s4_low.d.next = false;
        }

        self.value_flip.next = bits::<26>(0);
        if self.s4_negative.q.val() {
            self.value_flip.next = bits::<26>(0x3FF_FFFF);
        }
        self.value.next = self.s4_value.q.val() ^ self.value_flip.val();
        self.fraction.next = self.value.val().get_bits::<23>(1);
        self.guard.next = self.value.val().get_bit(0);
        self.below.next = self.s4_low.q.val();
        if self.value.val().get_bit(25) {
            self.fraction.next = self.value.val().get_bits::<23>(2);
            self.guard.next = self.value.val().get_bit(1);
            self.below.next = self.s4_low.q.val() | self.value.val().get_bit(0);
        }
        self.up.next = self.guard.val() & (self.below.val() | self.fraction.val().get_bit(0));
        // A carry out of the fraction raises the exponent, up to Inf, as does a leading one in the highest place.
        self.truncated.next = (bit_cast::<31, 8>(self.s4_exponent.q.val()) << bits::<5>(23))
            | bit_cast::<31, 23>(self.fraction.val());
        self.leading.next = bit_cast::<31, 1>(self.value.val().get_bit(25).into()) << bits::<5>(23);
        self.rounded.next =
            self.truncated.val() + self.leading.val() + bit_cast::<31, 1>(self.up.val().into());
        self.sign_bit.next = bit_cast::<32, 1>(self.s4_sign.q.val().into()) << bits::<5>(31);
        self.s5.d.next = bit_cast::<32, 31>(self.rounded.val()) | self.sign_bit.val();
        self.early.next = self.s5.d.val();
        self.sum.next = self.s5.q.val();
    }
}
