//! FP16 to FP32.

use crate::float::NormalizeHalf;
use rust_hdl_core::prelude::*;

/// FP16 to FP32, exact; any NaN becomes the canonical one.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct WidenHalf {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// FP16 value.
    pub half: Signal<In, Bits<16>>,
    /// The same value, FP32.
    pub single: Signal<Out, Bits<32>>,

    normalize: NormalizeHalf,
    normal_exponent: Signal<Local, Bits<6>>,
    exponent: Signal<Local, Bits<8>>,
    fraction: Signal<Local, Bits<32>>,
    sign_bit: Signal<Local, Bits<32>>,
}

impl WidenHalf {
    /// Rising edges from a value to its other form.
    pub const LATENCY_CYCLES: usize = NormalizeHalf::LATENCY_CYCLES;
}

impl Logic for WidenHalf {
    #[hdl_gen]
    fn update(&mut self) {
        self.normalize.clock.next = self.clock.val();
        self.normalize.half.next = self.half.val();
        self.normal_exponent.next = self.normalize.normal.val().get_bits::<6>(10);
        self.fraction.next =
            bit_cast::<32, 10>(self.normalize.normal.val().get_bits::<10>(0)) << bits::<5>(13);
        // 2^0 has exponent 32 in the normalised form and 127 in FP32; 48 is Inf, 56 NaN, 0 zero.
        self.exponent.next = bit_cast::<8, 6>(self.normal_exponent.val()) + bits::<8>(95);
        if self.normal_exponent.val().get_bits::<2>(4).all() {
            self.exponent.next = bits::<8>(255);
            if self.normal_exponent.val().get_bit(3) {
                self.fraction.next = bits::<32>(0x40_0000);
            }
        }
        if !self.normal_exponent.val().any() {
            self.exponent.next = bits::<8>(0);
        }
        self.sign_bit.next =
            bit_cast::<32, 1>(self.normalize.normal.val().get_bit(16).into()) << bits::<5>(31);
        self.single.next = self.sign_bit.val()
            | (bit_cast::<32, 8>(self.exponent.val()) << bits::<5>(23))
            | self.fraction.val();
    }
}
