//! A count as FP32.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// A count below 2^24 as FP32, exact; [`CountSingle::CYCLES`] rising edges after the start, and until the next one.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct CountSingle {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// The count is taken.
    pub start: Signal<In, Bit>,
    /// It, above 0.
    pub count: Signal<In, Bits<24>>,
    /// The same as FP32.
    pub single: Signal<Out, Bits<32>>,

    significand: DFF<Bits<24>>,
    exponent: DFF<Bits<8>>,
    unused_hidden: Signal<Local, Bit>,
}

impl CountSingle {
    /// Rising edges from the start to the value: a bit each.
    pub const CYCLES: usize = 24;
}

impl Logic for CountSingle {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, significand, exponent);
        if !self.significand.q.val().get_bit(23) & self.significand.q.val().any() {
            self.significand.d.next = self.significand.q.val() << bits::<5>(1);
            self.exponent.d.next = self.exponent.q.val() - bits::<8>(1);
        }
        if self.start.val() {
            self.significand.d.next = self.count.val();
            self.exponent.d.next = bits::<8>(150);
        }
        self.unused_hidden.next = self.significand.q.val().get_bit(23);
        self.single.next = (bit_cast::<32, 8>(self.exponent.q.val()) << bits::<5>(23))
            | bit_cast::<32, 23>(self.significand.q.val().get_bits::<23>(0));
    }
}
