//! What happens to the values of a column.

use crate::delay::Delay;
use crate::float::{MultiplySingle, NarrowSingle};
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// A value on its way from the drain buffer to its place: scaled, through ReLU, and rounded to FP16 too. NaNs leave canonical.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Lane {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// FP32 value.
    pub value: Signal<In, Bits<32>>,
    /// Factor, FP32: 1.0 changes nothing.
    pub scale: Signal<In, Bits<32>>,
    /// ReLU follows; given [`Lane::RELU_AFTER_CYCLES`] after the value.
    pub relu: Signal<In, Bit>,
    /// This lane's number, constant.
    pub number: Signal<In, Bits<6>>,
    /// Lanes that have a value of the tile; given [`Lane::VALUES_AFTER_CYCLES`] after the value. The others leave +0.0.
    pub values: Signal<In, Bits<6>>,
    /// FP32 result.
    pub single: Signal<Out, Bits<32>>,
    /// FP16 result.
    pub half: Signal<Out, Bits<16>>,

    scaled: MultiplySingle,
    rectified: Signal<Local, Bits<32>>,
    narrow: NarrowSingle,
    single_late: Delay<32, 2>,
    single_now: DFF<Bits<32>>,
    half_now: DFF<Bits<16>>,
}

impl Lane {
    /// From a value to whether ReLU follows.
    pub const RELU_AFTER_CYCLES: usize = MultiplySingle::LATENCY_CYCLES;
    /// From a value to the number of lanes that have one.
    pub const VALUES_AFTER_CYCLES: usize =
        MultiplySingle::LATENCY_CYCLES + NarrowSingle::LATENCY_CYCLES;
    /// From a value to its results.
    pub const LATENCY_CYCLES: usize = Self::VALUES_AFTER_CYCLES + 1;
}

impl Logic for Lane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, single_now, half_now);
        self.scaled.clock.next = self.clock.val();
        self.narrow.clock.next = self.clock.val();
        self.single_late.clock.next = self.clock.val();
        self.scaled.a.next = self.value.val();
        self.scaled.b.next = self.scale.val();
        // NaNs have no sign here, so that they pass.
        self.rectified.next = self.scaled.product.val();
        if self.relu.val() & self.scaled.product.val().get_bit(31) {
            self.rectified.next = bits::<32>(0);
        }
        self.narrow.single.next = self.rectified.val();
        self.single_late.d.next = self.rectified.val();
        self.single_now.d.next = bits::<32>(0);
        self.half_now.d.next = bits::<16>(0);
        if self.number.val() < self.values.val() {
            self.single_now.d.next = self.single_late.q.val();
            self.half_now.d.next = self.narrow.half.val();
        }
        self.single.next = self.single_now.q.val();
        self.half.next = self.half_now.q.val();
    }
}
