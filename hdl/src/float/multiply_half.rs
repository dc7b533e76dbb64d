//! The USPE's multiplier.

use super::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// FP16 times FP16, exact in FP32: no product of two halves needs more than 22 bits or a subnormal FP32.
/// [`MultiplyHalf::LATENCY_CYCLES`] is `multiplier_latency_cycles` of the configurations.
///
/// 1. unpack, add the exponents, find out special values
/// 2. multiply the 11-bit significands (one DSP with its input and output registers)
/// 3. normalise, pack
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct MultiplyHalf {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// One factor, FP16.
    pub a: Signal<In, Bits<16>>,
    /// The other, FP16.
    pub b: Signal<In, Bits<16>>,
    /// FP32 product.
    pub product: Signal<Out, Bits<32>>,

    a_exponent: Signal<Local, Bits<5>>,
    b_exponent: Signal<Local, Bits<5>>,
    a_fraction: Signal<Local, Bits<10>>,
    b_fraction: Signal<Local, Bits<10>>,
    a_weight: Signal<Local, Bits<5>>,
    b_weight: Signal<Local, Bits<5>>,
    a_wide: Signal<Local, Bits<6>>,
    b_wide: Signal<Local, Bits<6>>,
    a_significand: Signal<Local, Bits<11>>,
    b_significand: Signal<Local, Bits<11>>,
    a_special: Signal<Local, Bit>,
    b_special: Signal<Local, Bit>,
    a_zero: Signal<Local, Bit>,
    b_zero: Signal<Local, Bit>,
    a_nan: Signal<Local, Bit>,
    b_nan: Signal<Local, Bit>,
    s1_a: DFF<Bits<11>>,
    s1_b: DFF<Bits<11>>,
    s1_weight: DFF<Bits<6>>,
    s1_sign: DFF<Bit>,
    s1_nan: DFF<Bit>,
    s1_infinite: DFF<Bit>,

    multiplier: Product<11, 11, 22>,
    s2_product: DFF<Bits<22>>,
    s2_weight: DFF<Bits<6>>,
    s2_sign: DFF<Bit>,
    s2_nan: DFF<Bit>,
    s2_infinite: DFF<Bit>,

    shifted_16: Signal<Local, Bits<22>>,
    shifted_8: Signal<Local, Bits<22>>,
    shifted_4: Signal<Local, Bits<22>>,
    shifted_2: Signal<Local, Bits<22>>,
    shifted_1: Signal<Local, Bits<22>>,
    zeros: Signal<Local, Bits<8>>,
    biased: Signal<Local, Bits<8>>,
    exponent: Signal<Local, Bits<8>>,
    sign_bit: Signal<Local, Bits<32>>,
    exponent_bits: Signal<Local, Bits<32>>,
    fraction_bits: Signal<Local, Bits<32>>,
    s3: DFF<Bits<32>>,
}

impl MultiplyHalf {
    /// Rising edges from the factors to their product.
    pub const LATENCY_CYCLES: usize = 3;
}

impl Logic for MultiplyHalf {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, s1_a, s1_b, s1_weight, s1_sign, s1_nan, s1_infinite);
        dff_setup!(self, clock, s2_product, s2_weight, s2_sign, s2_nan, s2_infinite, s3);

        self.a_exponent.next = self.a.val().get_bits::<5>(10);
        self.b_exponent.next = self.b.val().get_bits::<5>(10);
        self.a_fraction.next = self.a.val().get_bits::<10>(0);
        self.b_fraction.next = self.b.val().get_bits::<10>(0);
        self.a_special.next = self.a_exponent.val().all();
        self.b_special.next = self.b_exponent.val().all();
        self.a_zero.next = !self.a_exponent.val().any() & !self.a_fraction.val().any();
        self.b_zero.next = !self.b_exponent.val().any() & !self.b_fraction.val().any();
        self.a_nan.next = self.a_special.val() & self.a_fraction.val().any();
        self.b_nan.next = self.b_special.val() & self.b_fraction.val().any();
        // A subnormal has the weight of exponent 1, without the hidden bit.
        self.a_weight.next = bits::<5>(1);
        self.a_significand.next = bit_cast::<11, 10>(self.a_fraction.val());
        if self.a_exponent.val().any() {
            self.a_weight.next = self.a_exponent.val();
            self.a_significand.next = bit_cast::<11, 10>(self.a_fraction.val()) | bits::<11>(0x400);
        }
        self.b_weight.next = bits::<5>(1);
        self.b_significand.next = bit_cast::<11, 10>(self.b_fraction.val());
        if self.b_exponent.val().any() {
            self.b_weight.next = self.b_exponent.val();
            self.b_significand.next = bit_cast::<11, 10>(self.b_fraction.val()) | bits::<11>(0x400);
        }
        self.a_wide.next = bit_cast::<6, 5>(self.a_weight.val());
        self.b_wide.next = bit_cast::<6, 5>(self.b_weight.val());
        self.s1_a.d.next = self.a_significand.val();
        self.s1_b.d.next = self.b_significand.val();
        self.s1_weight.d.next = self.a_wide.val() + self.b_wide.val();
        self.s1_sign.d.next = self.a.val().get_bit(15) ^ self.b.val().get_bit(15);
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

        self.zeros.next = bits::<8>(0);
        self.shifted_16.next = self.s2_product.q.val();
        if !self.s2_product.q.val().get_bits::<16>(6).any() {
            self.shifted_16.next = self.s2_product.q.val() << bits::<5>(16);
            self.zeros.next = self.zeros.val() | bits::<8>(16);
        }
        self.shifted_8.next = self.shifted_16.val();
        if !self.shifted_16.val().get_bits::<8>(14).any() {
            self.shifted_8.next = self.shifted_16.val() << bits::<5>(8);
            self.zeros.next = self.zeros.val() | bits::<8>(8);
        }
        self.shifted_4.next = self.shifted_8.val();
        if !self.shifted_8.val().get_bits::<4>(18).any() {
            self.shifted_4.next = self.shifted_8.val() << bits::<5>(4);
            self.zeros.next = self.zeros.val() | bits::<8>(4);
        }
        self.shifted_2.next = self.shifted_4.val();
        if !self.shifted_4.val().get_bits::<2>(20).any() {
            self.shifted_2.next = self.shifted_4.val() << bits::<5>(2);
            self.zeros.next = self.zeros.val() | bits::<8>(2);
        }
        self.shifted_1.next = self.shifted_2.val();
        if !self.shifted_2.val().get_bit(21) {
            self.shifted_1.next = self.shifted_2.val() << bits::<5>(1);
            self.zeros.next = self.zeros.val() | bits::<8>(1);
        }
        // Both weights are biased by 15, and the leading one of 1.0 x 1.0 has one zero before it: 127 - 30 + 1.
        self.biased.next = bit_cast::<8, 6>(self.s2_weight.q.val()) + bits::<8>(98);
        self.exponent.next = self.biased.val() - self.zeros.val();
        self.sign_bit.next = bit_cast::<32, 1>(self.s2_sign.q.val().into()) << bits::<5>(31);
        self.exponent_bits.next = bit_cast::<32, 8>(self.exponent.val()) << bits::<5>(23);
        self.fraction_bits.next =
            bit_cast::<32, 21>(self.shifted_1.val().get_bits::<21>(0)) << bits::<5>(2);
        if self.s2_nan.q.val() {
            self.s3.d.next = bits::<32>(0x7FC0_0000);
        } else if self.s2_infinite.q.val() {
            self.s3.d.next = self.sign_bit.val() | bits::<32>(0x7F80_0000);
        } else if self.shifted_1.val().get_bit(21) {
            self.s3.d.next =
                self.sign_bit.val() | self.exponent_bits.val() | self.fraction_bits.val();
        } else {
            self.s3.d.next = self.sign_bit.val();
        }
        self.product.next = self.s3.q.val();
    }
}
