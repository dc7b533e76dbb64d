//! What happens to the values of a column.

use crate::delay::Delay;
use crate::float::{AddSingle, MultiplySingle, NarrowSingle};
use crate::vector::WidenHalf;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// A value on its way from the drain buffer to its place: `value * scale + bias + addend`, each step rounded, then ReLU, and rounded to
/// FP16 too. A gradient is rounded to FP16 before the addend comes. NaNs leave canonical.
///
/// What a store has not is given as what changes no bit: a scale of 1.0, a bias and an addend of -0.0.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Lane {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// FP32 value.
    pub value: Signal<In, Bits<32>>,
    /// Factor, FP32.
    pub scale: Signal<In, Bits<32>>,
    /// Bias, FP32; given [`Lane::BIAS_AFTER_CYCLES`] after the value.
    pub bias: Signal<In, Bits<32>>,
    /// Addend, FP16; given [`Lane::ADD_AFTER_CYCLES`] after the value.
    pub addend: Signal<In, Bits<16>>,
    /// The value is rounded to FP16 before; given [`Lane::ROUNDS_AFTER_CYCLES`] after it.
    pub rounds: Signal<In, Bit>,
    /// ReLU follows; given [`Lane::RELU_AFTER_CYCLES`] after the value.
    pub relu: Signal<In, Bit>,
    /// This lane's number, constant.
    pub number: Signal<In, Bits<6>>,
    /// Lanes that have a value of the tile; given [`Lane::VALUES_AFTER_CYCLES`] after the value. The others leave +0.0.
    pub values: Signal<In, Bits<6>>,
    /// The mask lets the value pass; given with `values`. Else +0.0 leaves.
    pub passes: Signal<In, Bit>,
    /// FP32 result.
    pub single: Signal<Out, Bits<32>>,
    /// FP16 result.
    pub half: Signal<Out, Bits<16>>,

    scaled: MultiplySingle,
    biased: AddSingle,
    round: NarrowSingle,
    widen: WidenHalf,
    biased_late: Delay<32, 3>,
    widen_addend: WidenHalf,
    rounded: Signal<Local, Bits<32>>,
    added: AddSingle,
    rectified: Signal<Local, Bits<32>>,
    narrow: NarrowSingle,
    single_late: Delay<32, 2>,
    single_now: DFF<Bits<32>>,
    half_now: DFF<Bits<16>>,
}

impl Lane {
    /// From a value to its bias.
    pub const BIAS_AFTER_CYCLES: usize = MultiplySingle::LATENCY_CYCLES;
    const BIASED: usize = Self::BIAS_AFTER_CYCLES + AddSingle::LATENCY_CYCLES;
    /// From a value to whether it is rounded.
    pub const ROUNDS_AFTER_CYCLES: usize =
        Self::BIASED + NarrowSingle::LATENCY_CYCLES + WidenHalf::LATENCY_CYCLES;
    /// From a value to what is added.
    pub const ADD_AFTER_CYCLES: usize = Self::ROUNDS_AFTER_CYCLES - WidenHalf::LATENCY_CYCLES;
    /// From a value to whether ReLU follows.
    pub const RELU_AFTER_CYCLES: usize = Self::ROUNDS_AFTER_CYCLES + AddSingle::LATENCY_CYCLES;
    /// From a value to the number of lanes that have one.
    pub const VALUES_AFTER_CYCLES: usize = Self::RELU_AFTER_CYCLES + NarrowSingle::LATENCY_CYCLES;
    /// From a value to its results.
    pub const LATENCY_CYCLES: usize = Self::VALUES_AFTER_CYCLES + 1;
    /// A bias that changes nothing.
    pub const NO_BIAS: u32 = 0x8000_0000;
    /// An addend that changes nothing.
    pub const NO_ADDEND: u16 = 0x8000;
}

impl Logic for Lane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, single_now, half_now);
        self.scaled.clock.next = self.clock.val();
        self.biased.clock.next = self.clock.val();
        self.round.clock.next = self.clock.val();
        self.widen.clock.next = self.clock.val();
        self.biased_late.clock.next = self.clock.val();
        self.widen_addend.clock.next = self.clock.val();
        self.added.clock.next = self.clock.val();
        self.narrow.clock.next = self.clock.val();
        self.single_late.clock.next = self.clock.val();
        self.scaled.a.next = self.value.val();
        self.scaled.b.next = self.scale.val();
        self.biased.a.next = self.scaled.product.val();
        self.biased.b.next = self.bias.val();
        self.round.single.next = self.biased.sum.val();
        self.widen.half.next = self.round.half.val();
        self.biased_late.d.next = self.biased.sum.val();
        self.widen_addend.half.next = self.addend.val();
        self.rounded.next = self.biased_late.q.val();
        if self.rounds.val() {
            self.rounded.next = self.widen.single.val();
        }
        self.added.a.next = self.rounded.val();
        self.added.b.next = self.widen_addend.single.val();
        // NaNs have no sign here, so that they pass.
        self.rectified.next = self.added.sum.val();
        if self.relu.val() & self.added.sum.val().get_bit(31) {
            self.rectified.next = bits::<32>(0);
        }
        self.narrow.single.next = self.rectified.val();
        self.single_late.d.next = self.rectified.val();
        self.single_now.d.next = bits::<32>(0);
        self.half_now.d.next = bits::<16>(0);
        if (self.number.val() < self.values.val()) & self.passes.val() {
            self.single_now.d.next = self.single_late.q.val();
            self.half_now.d.next = self.narrow.half.val();
        }
        self.single.next = self.single_now.q.val();
        self.half.next = self.half_now.q.val();
    }
}
