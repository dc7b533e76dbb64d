//! The USPE's multiplier.

use super::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// FP16 times FP16, exact, from factors that [`NormalizeHalf`](super::NormalizeHalf) has prepared to a product that
/// [`AccumulateSingle`](super::AccumulateSingle) takes. [`MultiplyHalf::LATENCY_CYCLES`] is `multiplier_latency_cycles` of the
/// configurations.
///
/// 1. add the exponents, find out special values
/// 2. multiply the 11-bit significands
/// 3. nothing: one DSP has its input, product and output registers
///
/// The product is left as it comes out of the DSP, because the adder can normalise it on the way:
///
/// | bits | what |
/// |---|---|
/// | 32 | is NaN; `special` is set too, and the sign is 0 |
/// | 31 | `special`: Inf or NaN, exponent and significand mean nothing |
/// | 30 | sign |
/// | 29..22 | exponent; the value is significand * 2^(exponent - 148) |
/// | 21..0 | significand, its leading one in bit 21 or 20 |
///
/// Zero has the exponent 0 and the significand 0.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct MultiplyHalf {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// One factor, normalised.
    pub a: Signal<In, Bits<17>>,
    /// The other, normalised.
    pub b: Signal<In, Bits<17>>,
    /// Makes the product +0, whatever the factors are.
    pub idle: Signal<In, Bit>,
    /// The product.
    pub product: Signal<Out, Bits<33>>,

    a_class: Signal<Local, Bits<3>>,
    b_class: Signal<Local, Bits<3>>,
    a_special: Signal<Local, Bit>,
    b_special: Signal<Local, Bit>,
    a_zero: Signal<Local, Bit>,
    b_zero: Signal<Local, Bit>,
    a_exponent: Signal<Local, Bits<7>>,
    b_exponent: Signal<Local, Bits<7>>,
    s1_a: DFF<Bits<11>>,
    s1_b: DFF<Bits<11>>,
    s1_exponent: DFF<Bits<7>>,
    s1_zero: DFF<Bit>,
    s1_sign: DFF<Bit>,
    s1_nan: DFF<Bit>,
    s1_special: DFF<Bit>,

    multiplier: Product<11, 11, 22>,
    biased: Signal<Local, Bits<8>>,
    s2_product: DFF<Bits<22>>,
    s2_exponent: DFF<Bits<8>>,
    s2_zero: DFF<Bit>,
    s2_sign: DFF<Bit>,
    s2_nan: DFF<Bit>,
    s2_special: DFF<Bit>,

    s3_product: DFF<Bits<22>>,
    s3_exponent: DFF<Bits<8>>,
    s3_sign: DFF<Bit>,
    s3_nan: DFF<Bit>,
    s3_special: DFF<Bit>,
    nan_bit: Signal<Local, Bits<33>>,
    special_bit: Signal<Local, Bits<33>>,
    sign_bit: Signal<Local, Bits<33>>,
    exponent_bits: Signal<Local, Bits<33>>,
}

impl MultiplyHalf {
    /// Rising edges from the factors to their product.
    pub const LATENCY_CYCLES: usize = 3;
}

impl Logic for MultiplyHalf {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, s1_a, s1_b, s1_exponent, s1_zero, s1_sign, s1_nan, s1_special);
        dff_setup!(self, clock, s2_product, s2_exponent, s2_zero, s2_sign, s2_nan, s2_special);
        dff_setup!(self, clock, s3_product, s3_exponent, s3_sign, s3_nan, s3_special);

        self.a_class.next = self.a.val().get_bits::<3>(13);
        self.b_class.next = self.b.val().get_bits::<3>(13);
        self.a_special.next = self.a_class.val().get_bit(2) & self.a_class.val().get_bit(1);
        self.b_special.next = self.b_class.val().get_bit(2) & self.b_class.val().get_bit(1);
        self.a_zero.next = !self.a_class.val().any();
        self.b_zero.next = !self.b_class.val().any();
        self.a_exponent.next = bit_cast::<7, 6>(self.a.val().get_bits::<6>(10));
        self.b_exponent.next = bit_cast::<7, 6>(self.b.val().get_bits::<6>(10));
        self.s1_a.d.next = bit_cast::<11, 10>(self.a.val().get_bits::<10>(0)) | bits::<11>(0x400);
        self.s1_b.d.next = bit_cast::<11, 10>(self.b.val().get_bits::<10>(0)) | bits::<11>(0x400);
        self.s1_exponent.d.next = self.a_exponent.val() + self.b_exponent.val();
        self.s1_zero.d.next = self.a_zero.val() | self.b_zero.val() | self.idle.val();
        self.s1_sign.d.next = self.a.val().get_bit(16) ^ self.b.val().get_bit(16);
        self.s1_nan.d.next = (self.a_special.val()
            & (self.a_class.val().get_bit(0) | self.b_zero.val()))
            | (self.b_special.val() & (self.b_class.val().get_bit(0) | self.a_zero.val()));
        self.s1_special.d.next = self.a_special.val() | self.b_special.val();
        if self.idle.val() {
            self.s1_sign.d.next = false;
            self.s1_nan.d.next = false;
            self.s1_special.d.next = false;
        }

        self.multiplier.left.next = self.s1_a.q.val();
        self.multiplier.right.next = self.s1_b.q.val();
        self.s2_product.d.next = self.multiplier.product.val();
        // Both exponents are biased by 32, and bit 21 stands for 2: 127 - 64 + 1 is one more in bit 6.
        self.biased.next = bit_cast::<8, 7>(self.s1_exponent.q.val()) + bits::<8>(64);
        self.s2_exponent.d.next = self.biased.val();
        self.s2_zero.d.next = self.s1_zero.q.val();
        if self.s1_zero.q.val() {
            self.s2_exponent.d.next = bits::<8>(0);
        }
        self.s2_sign.d.next = self.s1_sign.q.val() & !self.s1_nan.q.val();
        self.s2_nan.d.next = self.s1_nan.q.val();
        self.s2_special.d.next = self.s1_special.q.val();

        self.s3_product.d.next = self.s2_product.q.val();
        if self.s2_zero.q.val() {
            self.s3_product.d.next = bits::<22>(0);
        }
        self.s3_exponent.d.next = self.s2_exponent.q.val();
        self.s3_sign.d.next = self.s2_sign.q.val();
        self.s3_nan.d.next = self.s2_nan.q.val();
        self.s3_special.d.next = self.s2_special.q.val();

        self.nan_bit.next = bit_cast::<33, 1>(self.s3_nan.q.val().into()) << bits::<6>(32);
        self.special_bit.next = bit_cast::<33, 1>(self.s3_special.q.val().into()) << bits::<6>(31);
        self.sign_bit.next = bit_cast::<33, 1>(self.s3_sign.q.val().into()) << bits::<6>(30);
        self.exponent_bits.next = bit_cast::<33, 8>(self.s3_exponent.q.val()) << bits::<6>(22);
        self.product.next = self.nan_bit.val()
            | self.special_bit.val()
            | self.sign_bit.val()
            | self.exponent_bits.val()
            | bit_cast::<33, 22>(self.s3_product.q.val());
    }
}
