//! The USPE's adder.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// An FP32 accumulator plus a product of [`MultiplyHalf`](super::MultiplyHalf), in FP32.
/// [`AccumulateSingle::LATENCY_CYCLES`] is `adder_latency_cycles` of the configurations.
///
/// 1. compare the exponents, exchange the terms, normalise the product
/// 2. align the lesser one, keeping whether a bit fell out
/// 3. add or subtract
/// 4. find the leading one, normalise by eights
/// 5. normalise by what is left, round, pack
///
/// The accumulator is any FP32 value, subnormals included, but neither -0 nor a NaN other than the canonical one: an
/// accumulator starts at +0 and a sum is never one of these. What makes the block smaller than [`AddSingle`](super::AddSingle):
///
/// - A product that is not zero is at least 2^-48. So a sum with one is never subnormal (a subnormal accumulator is far below
///   it), and the shift to the left needs no limit. It is also less than 2^32, too little to take a finite accumulator to Inf.
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
    special: Signal<Local, Bit>,
    signs_differ: Signal<Local, Bit>,
    not_exponent: Signal<Local, Bits<8>>,
    compared: Signal<Local, Bits<9>>,
    distance: Signal<Local, Bits<8>>,
    is_behind: Signal<Local, Bit>,
    is_tall: Signal<Local, Bit>,
    ahead: Signal<Local, Bits<24>>,
    behind: Signal<Local, Bits<24>>,
    tall_ahead: Signal<Local, Bits<24>>,
    flat_ahead: Signal<Local, Bits<24>>,
    tall_behind: Signal<Local, Bits<24>>,
    flat_behind: Signal<Local, Bits<24>>,
    own: Signal<Local, Bits<24>>,
    widened: Signal<Local, Bits<24>>,
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
    s2_lost_8: DFF<Bit>,
    s2_lost_2: DFF<Bit>,
    s2_odd: DFF<Bit>,
    s2_exponent: DFF<Bits<8>>,
    s2_carry: DFF<Bit>,
    s2_sign: DFF<Bit>,
    s2_subtract: DFF<Bit>,

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
    s3_exponent: DFF<Bits<8>>,
    s3_carry: DFF<Bit>,
    s3_sign: DFF<Bit>,

    raw: Signal<Local, Bits<28>>,
    flip: Signal<Local, Bits<28>>,
    magnitude: Signal<Local, Bits<28>>,
    fine_4_a: Signal<Local, Bit>,
    fine_4_b: Signal<Local, Bit>,
    fine_4_c: Signal<Local, Bit>,
    fine_2_a: Signal<Local, Bit>,
    fine_2_b: Signal<Local, Bit>,
    fine_2_c: Signal<Local, Bit>,
    none_a: Signal<Local, Bit>,
    none_b: Signal<Local, Bit>,
    none_c: Signal<Local, Bit>,
    coarse_16: Signal<Local, Bit>,
    coarse_8: Signal<Local, Bit>,
    is_zero: Signal<Local, Bit>,
    body: Signal<Local, Bits<26>>,
    shifted_8: Signal<Local, Bits<18>>,
    places: Signal<Local, Bits<8>>,
    not_places: Signal<Local, Bits<8>>,
    s4_high: DFF<Bits<18>>,
    s4_low: DFF<Bits<8>>,
    s4_lowest: DFF<Bits<2>>,
    s4_negative: DFF<Bit>,
    s4_fine_4: DFF<Bit>,
    s4_fine_2: DFF<Bit>,
    s4_exponent: DFF<Bits<8>>,
    s4_sign: DFF<Bit>,

    value_flip: Signal<Local, Bits<28>>,
    unshifted: Signal<Local, Bits<28>>,
    shifted_2: Signal<Local, Bits<28>>,
    fine_exponent: Signal<Local, Bits<8>>,
    value: Signal<Local, Bits<28>>,
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
        dff_setup!(self, clock, s1_far, s1_sign, s1_subtract, s1_nan, s1_special);
        dff_setup!(self, clock, s2_greater, s2_lesser, s2_lost_8, s2_lost_2, s2_odd, s2_exponent);
        dff_setup!(self, clock, s2_carry, s2_sign, s2_subtract);
        dff_setup!(self, clock, s3_raw, s3_over, s3_negative, s3_sticky);
        dff_setup!(self, clock, s3_exponent, s3_carry, s3_sign);
        dff_setup!(self, clock, s4_high, s4_low, s4_lowest, s4_negative);
        dff_setup!(self, clock, s4_fine_4, s4_fine_2, s4_exponent, s4_sign, s5);

        self.exponent.next = self.accumulator.val().get_bits::<8>(23);
        self.product_exponent.next = self.product.val().get_bits::<8>(22);
        self.significand.next = self.product.val().get_bits::<22>(0);
        self.special.next = self.product.val().get_bit(31);
        self.signs_differ.next =
            self.accumulator.val().get_bit(31) ^ self.product.val().get_bit(30);
        self.is_tall.next = self.significand.val().get_bit(21);
        // The product's exponent is one less if its leading one is in bit 20, so bit 21 is the carry of the subtraction.
        self.not_exponent.next = !self.exponent.val();
        self.compared.next = bit_cast::<9, 8>(self.product_exponent.val())
            + (bit_cast::<9, 8>(self.not_exponent.val()) | bits::<9>(0x100))
            + bit_cast::<9, 1>(self.is_tall.val().into());
        self.is_behind.next = self.compared.val().get_bit(8);
        // If the accumulator's exponent is the greater one, the complement of the difference is one short of it, and the product
        // is shifted by that one here. A zero or subnormal accumulator gets a hidden bit as well: beside a product it is too far
        // below to matter, and beside zero the bit is dropped in the end.
        self.ahead.next = bits::<24>(0xFF_FFFF);
        self.tall_ahead.next = bits::<24>(0);
        self.flat_ahead.next = bits::<24>(0);
        self.tall_behind.next = bits::<24>(0);
        self.flat_behind.next = bits::<24>(0);
        self.behind.next = bits::<24>(0);
        if self.is_behind.val() {
            self.behind.next = bits::<24>(0xFF_FFFF);
            self.ahead.next = bits::<24>(0);
        }
        if self.is_tall.val() & !self.is_behind.val() {
            self.tall_ahead.next = bits::<24>(0xFF_FFFF);
        }
        if !self.is_tall.val() & !self.is_behind.val() {
            self.flat_ahead.next = bits::<24>(0xFF_FFFF);
        }
        if self.is_tall.val() & self.is_behind.val() {
            self.tall_behind.next = bits::<24>(0xFF_FFFF);
        }
        if !self.is_tall.val() & self.is_behind.val() {
            self.flat_behind.next = bits::<24>(0xFF_FFFF);
        }
        self.widened.next = bit_cast::<24, 22>(self.significand.val());
        self.own.next =
            bit_cast::<24, 23>(self.accumulator.val().get_bits::<23>(0)) | bits::<24>(0x80_0000);
        self.s1_greater.d.next = (self.own.val() & self.behind.val())
            | ((self.widened.val() << bits::<5>(2)) & self.tall_ahead.val())
            | ((self.widened.val() << bits::<5>(3)) & self.flat_ahead.val())
            | bits::<24>(0x80_0000);
        self.s1_lesser.d.next = (self.own.val() & self.ahead.val())
            | ((self.widened.val() << bits::<5>(1)) & self.tall_behind.val())
            | ((self.widened.val() << bits::<5>(2)) & self.flat_behind.val());
        self.s1_exponent.d.next = self.product_exponent.val();
        self.s1_carry.d.next = self.is_tall.val();
        if self.is_behind.val() {
            self.s1_exponent.d.next = self.exponent.val();
            self.s1_carry.d.next = true;
        }
        self.distance.next =
            self.compared.val().get_bits::<8>(0) ^ self.behind.val().get_bits::<8>(0);
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
                & self.exponent.val().all()
                & (self.accumulator.val().get_bit(22) | self.signs_differ.val()));

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
        self.s2_lost_8.d.next = self.lost_8.val();
        self.s2_lost_2.d.next = self.lost_2.val();
        self.s2_odd.d.next = self.s1_distance.q.val().get_bit(0);
        self.s2_exponent.d.next = self.s1_exponent.q.val();
        self.s2_carry.d.next = self.s1_carry.q.val();
        self.s2_sign.d.next = self.s1_sign.q.val() & !self.s1_nan.q.val();
        self.s2_subtract.d.next = self.s1_subtract.q.val();
        if self.s1_far.q.val() {
            self.s2_lesser.d.next = bits::<26>(0);
            self.s2_lost_8.d.next = false;
            self.s2_lost_2.d.next = false;
        }
        if self.s1_special.q.val() {
            // From here on Inf and NaN are like other values.
            self.s2_greater.d.next = bits::<24>(0x80_0000)
                | (bit_cast::<24, 1>(self.s1_nan.q.val().into()) << bits::<5>(22));
            self.s2_exponent.d.next = bits::<8>(0xFF);
            self.s2_carry.d.next = true;
        }

        self.aligned_1.next = bit_cast::<27, 26>(self.s2_lesser.q.val());
        self.sticky.next = self.s2_lost_8.q.val() | self.s2_lost_2.q.val();
        if self.s2_odd.q.val() {
            self.aligned_1.next = bit_cast::<27, 26>(self.s2_lesser.q.val()) >> bits::<5>(1);
            self.sticky.next =
                self.s2_lost_8.q.val() | self.s2_lost_2.q.val() | self.s2_lesser.q.val().get_bit(0);
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
        self.s3_exponent.d.next = self.s2_exponent.q.val();
        self.s3_carry.d.next = self.s2_carry.q.val();
        self.s3_sign.d.next = self.s2_sign.q.val();

        self.raw.next = (bit_cast::<28, 1>(self.s3_over.q.val().into()) << bits::<5>(27))
            | (bit_cast::<28, 26>(self.s3_raw.q.val()) << bits::<5>(1))
            | bit_cast::<28, 1>(self.s3_sticky.q.val().into());
        self.flip.next = bits::<28>(0);
        if self.s3_negative.q.val() {
            self.flip.next = bits::<28>(0xFFF_FFFF);
        }
        self.magnitude.next = self.raw.val() ^ self.flip.val();
        // The leading one of each group of eight places: how far it is from the group's top in pairs (their number's upper bit,
        // then its lower one), and whether there is none.
        self.fine_4_a.next = !self.magnitude.val().get_bits::<4>(24).any();
        self.fine_4_b.next = !self.magnitude.val().get_bits::<4>(16).any();
        self.fine_4_c.next = !self.magnitude.val().get_bits::<4>(8).any();
        self.fine_2_a.next = !self.magnitude.val().get_bits::<2>(26).any();
        self.fine_2_b.next = !self.magnitude.val().get_bits::<2>(18).any();
        self.fine_2_c.next = !self.magnitude.val().get_bits::<2>(10).any();
        if self.fine_4_a.val() {
            self.fine_2_a.next = !self.magnitude.val().get_bits::<2>(22).any();
        }
        if self.fine_4_b.val() {
            self.fine_2_b.next = !self.magnitude.val().get_bits::<2>(14).any();
        }
        if self.fine_4_c.val() {
            self.fine_2_c.next = !self.magnitude.val().get_bits::<2>(6).any();
        }
        self.none_a.next = self.fine_4_a.val() & !self.magnitude.val().get_bits::<4>(20).any();
        self.none_b.next = self.fine_4_b.val() & !self.magnitude.val().get_bits::<4>(12).any();
        self.none_c.next = self.fine_4_c.val() & !self.magnitude.val().get_bits::<4>(4).any();
        self.coarse_16.next = self.none_a.val() & self.none_b.val();
        self.coarse_8.next = self.none_a.val();
        if self.coarse_16.val() {
            self.coarse_8.next = self.none_c.val();
        }
        self.is_zero.next =
            self.coarse_16.val() & self.none_c.val() & !self.magnitude.val().get_bits::<4>(0).any();
        // The two lowest bits are zeros if there is a shift of more than two places, so they stay out of the coarse one.
        self.body.next = self.raw.val().get_bits::<26>(2);
        self.shifted_8.next = self.body.val().get_bits::<18>(8);
        self.s4_fine_4.d.next = self.fine_4_a.val();
        self.s4_fine_2.d.next = self.fine_2_a.val();
        if self.none_a.val() {
            self.shifted_8.next = self.body.val().get_bits::<18>(0);
            self.s4_fine_4.d.next = self.fine_4_b.val();
            self.s4_fine_2.d.next = self.fine_2_b.val();
            if self.none_b.val() {
                self.shifted_8.next = self.body.val().get_bits::<18>(0) << bits::<5>(8);
                self.s4_fine_4.d.next = self.fine_4_c.val();
                self.s4_fine_2.d.next = self.fine_2_c.val();
                if self.none_c.val() {
                    self.shifted_8.next = self.body.val().get_bits::<18>(0) << bits::<5>(16);
                    self.s4_fine_4.d.next = false;
                    self.s4_fine_2.d.next = !self.magnitude.val().get_bits::<2>(2).any();
                }
            }
        }
        self.places.next = (bit_cast::<8, 1>(self.coarse_16.val().into()) << bits::<4>(4))
            | (bit_cast::<8, 1>(self.coarse_8.val().into()) << bits::<4>(3));
        self.not_places.next = !self.places.val();
        self.s4_exponent.d.next = self.s3_exponent.q.val()
            + self.not_places.val()
            + bit_cast::<8, 1>(self.s3_carry.q.val().into());
        self.s4_sign.d.next = self.s3_sign.q.val() ^ self.s3_negative.q.val();
        if self.is_zero.val() {
            // The fine shift takes the two away.
            self.s4_exponent.d.next = bits::<8>(2);
            self.s4_sign.d.next = false;
        }
        self.s4_high.d.next = self.shifted_8.val();
        self.s4_low.d.next = self.body.val().get_bits::<8>(0);
        self.s4_lowest.d.next = self.raw.val().get_bits::<2>(0);
        self.s4_negative.d.next = self.s3_negative.q.val();
        if self.none_a.val() {
            self.s4_low.d.next = bits::<8>(0);
        }

        self.value_flip.next = bits::<28>(0);
        if self.s4_negative.q.val() {
            self.value_flip.next = bits::<28>(0xFFF_FFFF);
        }
        self.unshifted.next = (bit_cast::<28, 18>(self.s4_high.q.val()) << bits::<5>(10))
            | (bit_cast::<28, 8>(self.s4_low.q.val()) << bits::<5>(2))
            | bit_cast::<28, 2>(self.s4_lowest.q.val());
        self.shifted_2.next = self.unshifted.val();
        self.fine_exponent.next = bits::<8>(0);
        if self.s4_fine_4.q.val() {
            if self.s4_fine_2.q.val() {
                self.shifted_2.next = self.unshifted.val() << bits::<5>(6);
                self.fine_exponent.next = bits::<8>(0xFA);
            } else {
                self.shifted_2.next = self.unshifted.val() << bits::<5>(4);
                self.fine_exponent.next = bits::<8>(0xFC);
            }
        } else if self.s4_fine_2.q.val() {
            self.shifted_2.next = self.unshifted.val() << bits::<5>(2);
            self.fine_exponent.next = bits::<8>(0xFE);
        }
        self.value.next = self.shifted_2.val() ^ self.value_flip.val();
        self.fraction.next = self.value.val().get_bits::<23>(3);
        self.guard.next = self.value.val().get_bit(2);
        self.below.next = self.value.val().get_bits::<2>(0).any();
        if self.value.val().get_bit(27) {
            self.fraction.next = self.value.val().get_bits::<23>(4);
            self.guard.next = self.value.val().get_bit(3);
            self.below.next = self.value.val().get_bits::<3>(0).any();
        }
        self.up.next = self.guard.val() & (self.below.val() | self.fraction.val().get_bit(0));
        // A carry out of the fraction raises the exponent, as does a leading one in the highest place.
        self.truncated.next = (bit_cast::<31, 8>(self.s4_exponent.q.val()) << bits::<5>(23))
            | bit_cast::<31, 23>(self.fraction.val());
        self.leading.next = (bit_cast::<31, 8>(self.fine_exponent.val()) << bits::<5>(23))
            | (bit_cast::<31, 1>(self.value.val().get_bit(27).into()) << bits::<5>(23));
        self.rounded.next =
            self.truncated.val() + self.leading.val() + bit_cast::<31, 1>(self.up.val().into());
        self.sign_bit.next = bit_cast::<32, 1>(self.s4_sign.q.val().into()) << bits::<5>(31);
        self.s5.d.next = bit_cast::<32, 31>(self.rounded.val()) | self.sign_bit.val();
        self.early.next = self.s5.d.val();
        self.sum.next = self.s5.q.val();
    }
}
