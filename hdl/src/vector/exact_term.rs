//! FP16 values and products in fixed point.

use crate::float::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// An FP16 value in units of 2^-24, and its product with another one in units of 2^-48, both as magnitude and sign.
///
/// 1. unpack, find out special values
/// 2. multiply the 11-bit significands
/// 3. shift by multiples of 8 and 16
/// 4. shift by what is left
///
/// Special is two bits: bit 0 for what makes a sum +Inf, bit 1 for -Inf, both for NaN. So the sticky rules of an exact sum are an OR.
/// The magnitude of a special value means nothing.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct ExactTerm {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// FP16 value.
    pub a: Signal<In, Bits<16>>,
    /// FP16 factor of its product.
    pub b: Signal<In, Bits<16>>,
    /// Magnitude of `a`, in units of 2^-24.
    pub value: Signal<Out, Bits<40>>,
    /// `a` is less than zero.
    pub value_negative: Signal<Out, Bit>,
    /// `a` is infinite or NaN.
    pub value_special: Signal<Out, Bits<2>>,
    /// Magnitude of `a * b`, in units of 2^-48.
    pub product: Signal<Out, Bits<80>>,
    /// `a * b` is less than zero.
    pub product_negative: Signal<Out, Bit>,
    /// `a * b` is infinite or NaN.
    pub product_special: Signal<Out, Bits<2>>,

    a_exponent: Signal<Local, Bits<5>>,
    a_fraction: Signal<Local, Bits<10>>,
    a_zero: Signal<Local, Bit>,
    a_special: Signal<Local, Bit>,
    a_nan: Signal<Local, Bit>,
    a_places: Signal<Local, Bits<5>>,
    a_significand: Signal<Local, Bits<11>>,
    b_exponent: Signal<Local, Bits<5>>,
    b_fraction: Signal<Local, Bits<10>>,
    b_zero: Signal<Local, Bit>,
    b_special: Signal<Local, Bit>,
    b_nan: Signal<Local, Bit>,
    b_places: Signal<Local, Bits<5>>,
    b_significand: Signal<Local, Bits<11>>,
    is_nan: Signal<Local, Bit>,
    is_infinite: Signal<Local, Bit>,
    is_negative: Signal<Local, Bit>,
    positive_value: Signal<Local, Bit>,
    negative_value: Signal<Local, Bit>,
    positive_product: Signal<Local, Bit>,
    negative_product: Signal<Local, Bit>,
    s1_a: DFF<Bits<11>>,
    s1_b: DFF<Bits<11>>,
    s1_a_places: DFF<Bits<5>>,
    s1_b_places: DFF<Bits<5>>,
    s1_negative: DFF<Bits<2>>,
    s1_special: DFF<Bits<4>>,

    multiplier: Product<11, 11, 22>,
    s2_value: DFF<Bits<11>>,
    s2_product: DFF<Bits<22>>,
    s2_value_places: DFF<Bits<5>>,
    s2_product_places: DFF<Bits<6>>,
    s2_negative: DFF<Bits<2>>,
    s2_special: DFF<Bits<4>>,

    value_16: Signal<Local, Bits<35>>,
    product_32: Signal<Local, Bits<78>>,
    product_16: Signal<Local, Bits<78>>,
    s3_value: DFF<Bits<35>>,
    s3_product: DFF<Bits<78>>,
    s3_value_places: DFF<Bits<3>>,
    s3_product_places: DFF<Bits<3>>,
    s3_negative: DFF<Bits<2>>,
    s3_special: DFF<Bits<4>>,

    value_4: Signal<Local, Bits<40>>,
    value_2: Signal<Local, Bits<40>>,
    product_4: Signal<Local, Bits<80>>,
    product_2: Signal<Local, Bits<80>>,
    s4_value: DFF<Bits<40>>,
    s4_product: DFF<Bits<80>>,
    s4_negative: DFF<Bits<2>>,
    s4_special: DFF<Bits<4>>,
}

impl ExactTerm {
    /// Rising edges from the values to their terms.
    pub const LATENCY_CYCLES: usize = 4;
}

impl Logic for ExactTerm {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, s1_a, s1_b, s1_a_places, s1_b_places, s1_negative, s1_special);
        dff_setup!(self, clock, s2_value, s2_product, s2_value_places, s2_product_places);
        dff_setup!(self, clock, s2_negative, s2_special);
        dff_setup!(self, clock, s3_value, s3_product, s3_value_places, s3_product_places);
        dff_setup!(self, clock, s3_negative, s3_special);
        dff_setup!(self, clock, s4_value, s4_product, s4_negative, s4_special);

        // A subnormal is its fraction in units; with each exponent from 2 on a significand is worth twice as much.
        self.a_exponent.next = self.a.val().get_bits::<5>(10);
        self.a_fraction.next = self.a.val().get_bits::<10>(0);
        self.a_zero.next = !self.a.val().get_bits::<15>(0).any();
        self.a_special.next = self.a_exponent.val().all();
        self.a_nan.next = self.a_exponent.val().all() & self.a_fraction.val().any();
        self.a_places.next = bits::<5>(0);
        self.a_significand.next = bit_cast::<11, 10>(self.a_fraction.val());
        if self.a_exponent.val().any() {
            self.a_places.next = self.a_exponent.val() - bits::<5>(1);
            self.a_significand.next = bit_cast::<11, 10>(self.a_fraction.val()) | bits::<11>(0x400);
        }
        self.b_exponent.next = self.b.val().get_bits::<5>(10);
        self.b_fraction.next = self.b.val().get_bits::<10>(0);
        self.b_zero.next = !self.b.val().get_bits::<15>(0).any();
        self.b_special.next = self.b_exponent.val().all();
        self.b_nan.next = self.b_exponent.val().all() & self.b_fraction.val().any();
        self.b_places.next = bits::<5>(0);
        self.b_significand.next = bit_cast::<11, 10>(self.b_fraction.val());
        if self.b_exponent.val().any() {
            self.b_places.next = self.b_exponent.val() - bits::<5>(1);
            self.b_significand.next = bit_cast::<11, 10>(self.b_fraction.val()) | bits::<11>(0x400);
        }
        self.is_nan.next = self.a_nan.val()
            | self.b_nan.val()
            | (self.a_special.val() & self.b_zero.val())
            | (self.b_special.val() & self.a_zero.val());
        self.is_infinite.next = self.a_special.val() | self.b_special.val();
        self.is_negative.next = self.a.val().get_bit(15) ^ self.b.val().get_bit(15);
        self.positive_value.next =
            self.a_nan.val() | (self.a_special.val() & !self.a.val().get_bit(15));
        self.negative_value.next =
            self.a_nan.val() | (self.a_special.val() & self.a.val().get_bit(15));
        self.positive_product.next =
            self.is_nan.val() | (self.is_infinite.val() & !self.is_negative.val());
        self.negative_product.next =
            self.is_nan.val() | (self.is_infinite.val() & self.is_negative.val());
        self.s1_a.d.next = self.a_significand.val();
        self.s1_b.d.next = self.b_significand.val();
        self.s1_a_places.d.next = self.a_places.val();
        self.s1_b_places.d.next = self.b_places.val();
        self.s1_negative.d.next = bit_cast::<2, 1>(self.a.val().get_bit(15).into())
            | (bit_cast::<2, 1>(self.is_negative.val().into()) << bits::<2>(1));
        self.s1_special.d.next = bit_cast::<4, 1>(self.positive_value.val().into())
            | (bit_cast::<4, 1>(self.negative_value.val().into()) << bits::<2>(1))
            | (bit_cast::<4, 1>(self.positive_product.val().into()) << bits::<2>(2))
            | (bit_cast::<4, 1>(self.negative_product.val().into()) << bits::<2>(3));

        self.multiplier.left.next = self.s1_a.q.val();
        self.multiplier.right.next = self.s1_b.q.val();
        self.s2_value.d.next = self.s1_a.q.val();
        self.s2_product.d.next = self.multiplier.product.val();
        self.s2_value_places.d.next = self.s1_a_places.q.val();
        self.s2_product_places.d.next =
            bit_cast::<6, 5>(self.s1_a_places.q.val()) + bit_cast::<6, 5>(self.s1_b_places.q.val());
        self.s2_negative.d.next = self.s1_negative.q.val();
        self.s2_special.d.next = self.s1_special.q.val();

        self.value_16.next = bit_cast::<35, 11>(self.s2_value.q.val());
        if self.s2_value_places.q.val().get_bit(4) {
            self.value_16.next = bit_cast::<35, 11>(self.s2_value.q.val()) << bits::<5>(16);
        }
        self.s3_value.d.next = self.value_16.val();
        if self.s2_value_places.q.val().get_bit(3) {
            self.s3_value.d.next = self.value_16.val() << bits::<5>(8);
        }
        // Of at most 58 places of a finite product at most 56 are taken here.
        self.product_32.next = bit_cast::<78, 22>(self.s2_product.q.val());
        if self.s2_product_places.q.val().get_bit(5) {
            self.product_32.next = bit_cast::<78, 22>(self.s2_product.q.val()) << bits::<6>(32);
        }
        self.product_16.next = self.product_32.val();
        if self.s2_product_places.q.val().get_bit(4) {
            self.product_16.next = self.product_32.val() << bits::<6>(16);
        }
        self.s3_product.d.next = self.product_16.val();
        if self.s2_product_places.q.val().get_bit(3) {
            self.s3_product.d.next = self.product_16.val() << bits::<6>(8);
        }
        self.s3_value_places.d.next = self.s2_value_places.q.val().get_bits::<3>(0);
        self.s3_product_places.d.next = self.s2_product_places.q.val().get_bits::<3>(0);
        self.s3_negative.d.next = self.s2_negative.q.val();
        self.s3_special.d.next = self.s2_special.q.val();

        self.value_4.next = bit_cast::<40, 35>(self.s3_value.q.val());
        if self.s3_value_places.q.val().get_bit(2) {
            self.value_4.next = bit_cast::<40, 35>(self.s3_value.q.val()) << bits::<3>(4);
        }
        self.value_2.next = self.value_4.val();
        if self.s3_value_places.q.val().get_bit(1) {
            self.value_2.next = self.value_4.val() << bits::<3>(2);
        }
        self.s4_value.d.next = self.value_2.val();
        if self.s3_value_places.q.val().get_bit(0) {
            self.s4_value.d.next = self.value_2.val() << bits::<3>(1);
        }
        self.product_4.next = bit_cast::<80, 78>(self.s3_product.q.val());
        if self.s3_product_places.q.val().get_bit(2) {
            self.product_4.next = bit_cast::<80, 78>(self.s3_product.q.val()) << bits::<3>(4);
        }
        self.product_2.next = self.product_4.val();
        if self.s3_product_places.q.val().get_bit(1) {
            self.product_2.next = self.product_4.val() << bits::<3>(2);
        }
        self.s4_product.d.next = self.product_2.val();
        if self.s3_product_places.q.val().get_bit(0) {
            self.s4_product.d.next = self.product_2.val() << bits::<3>(1);
        }
        self.s4_negative.d.next = self.s3_negative.q.val();
        self.s4_special.d.next = self.s3_special.q.val();

        self.value.next = self.s4_value.q.val();
        self.value_negative.next = self.s4_negative.q.val().get_bit(0);
        self.value_special.next = self.s4_special.q.val().get_bits::<2>(0);
        self.product.next = self.s4_product.q.val();
        self.product_negative.next = self.s4_negative.q.val().get_bit(1);
        self.product_special.next = self.s4_special.q.val().get_bits::<2>(2);
    }
}
