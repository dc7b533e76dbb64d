//! One lane of the elementwise unit, or of a column's drain.

use super::WidenHalf;
use crate::delay::Delay;
use crate::float::{AddSingle, MultiplySingle, NarrowSingle};
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Elementwise arithmetic on one element per cycle, each operation rounded on its own:
///
/// ```text
/// u = x                                     FP32, or rounded to FP16 first, or FP16
/// v = (u - mean) * factor + shift + f(b)    forwards, from left to right, then ReLU if fused
/// v = ((f(b) - shift) - (u - mean) * factor) * rate        backwards
/// half = h(v), or +0.0 where the gate is shut
/// ```
///
/// Three adders and two multipliers do all of it. Nothing is switched off: what a kind of element does not have is given as the
/// value that changes no bit, [`Lane::NO_MEAN`], [`Lane::NO_FACTOR`], [`Lane::NO_SHIFT`], [`Lane::NO_ADDEND`]. +0.0 as shift or addend would
/// turn a -0.0 into +0.0.
///
/// | work | `x` | `b` | parameters | settings |
/// |---|---|---|---|---|
/// | drain of FF | accumulator | residual | shift: bias; factor: scale of attention | `relu` |
/// | drain of BP | accumulator | gradient so far | | `round_first`, `gate_by_mask` |
/// | drain of WU | accumulator | | | |
/// | batch norm | y | residual | mean, factor: k, shift: beta | `from_half`, `relu` |
/// | batch norm backwards | y | dz | mean, factor: b, shift: a, rate: k | `from_half`, `backward` |
/// | the same in evaluation | dz | | factor: k | `from_half` |
/// | residual add, gradients that meet | A | B | | `from_half`, `relu` |
/// | ReLU backwards | dY | | | `from_half`, `gate_by_mask` |
/// | the same by the output | dY | Y | | `from_half`, `gate_by_output` |
///
/// Parameters come with their element, so that channels may change from cycle to cycle; settings are held while elements are in the
/// lane.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Lane {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Element: FP32, or FP16 in the low half.
    pub x: Signal<In, Bits<32>>,
    /// Second operand, FP16.
    pub b: Signal<In, Bits<16>>,
    /// ReLU's mask: 1 lets the gradient pass.
    pub mask: Signal<In, Bit>,
    /// Is subtracted from the element, FP32.
    pub mean: Signal<In, Bits<32>>,
    /// Multiplies it, FP32.
    pub factor: Signal<In, Bits<32>>,
    /// Is added, FP32; backwards it is subtracted from `b`.
    pub shift: Signal<In, Bits<32>>,
    /// Multiplies the result backwards, FP32.
    pub rate: Signal<In, Bits<32>>,
    /// The element is FP16.
    pub from_half: Signal<In, Bit>,
    /// The element is FP32 and is rounded to FP16 before anything else.
    pub round_first: Signal<In, Bit>,
    /// Batch norm's backward pass.
    pub backward: Signal<In, Bit>,
    /// ReLU before rounding.
    pub relu: Signal<In, Bit>,
    /// Elements whose mask is 0 become +0.0.
    pub gate_by_mask: Signal<In, Bit>,
    /// Elements whose `b` is not above 0 become +0.0, except for a NaN; `b` is not added then.
    pub gate_by_output: Signal<In, Bit>,
    /// Result, FP16.
    pub half: Signal<Out, Bits<16>>,
    /// Result before rounding to FP16 and before the gate.
    pub single: Signal<Out, Bits<32>>,
    /// The FP16 result is above zero, or NaN: the mask that ReLU's backward pass needs.
    pub passes: Signal<Out, Bit>,

    b_magnitude: Signal<Local, Bits<15>>,
    b_not_above: Signal<Local, Bit>,
    open: Signal<Local, Bit>,
    open_late: Delay<1, 27>,
    addend: Signal<Local, Bits<16>>,
    addend_late: Delay<16, 2>,
    widen_addend: WidenHalf,

    round: NarrowSingle,
    x_half: Delay<16, 2>,
    half_in: Signal<Local, Bits<16>>,
    widen: WidenHalf,
    x_late: Delay<32, 3>,
    element: Signal<Local, Bits<32>>,

    mean_late: Delay<32, 3>,
    center: AddSingle,
    factor_late: Delay<32, 8>,
    scale: MultiplySingle,

    shift_early: Delay<32, 3>,
    shift_late: Delay<32, 11>,
    addend_end: Delay<32, 16>,
    last_a: Signal<Local, Bits<32>>,
    last_b: Signal<Local, Bits<32>>,
    last: AddSingle,
    gradient_late: Delay<32, 6>,
    middle_a: Signal<Local, Bits<32>>,
    middle_b: Signal<Local, Bits<32>>,
    middle: AddSingle,

    rate_late: Delay<32, 19>,
    finish: MultiplySingle,
    activated: Signal<Local, Bits<32>>,
    s25: DFF<Bits<32>>,
    value: Signal<Local, Bits<32>>,
    narrow: NarrowSingle,
    single_late: Delay<32, 2>,
    gated: Signal<Local, Bits<16>>,
    gated_magnitude: Signal<Local, Bits<15>>,
    s28_half: DFF<Bits<16>>,
    s28_single: DFF<Bits<32>>,
    s28_passes: DFF<Bit>,
}

impl Lane {
    /// Rising edges from an element to its result, whatever the settings.
    pub const LATENCY_CYCLES: usize = NarrowSingle::LATENCY_CYCLES
        + WidenHalf::LATENCY_CYCLES
        + 2 * AddSingle::LATENCY_CYCLES
        + 2 * MultiplySingle::LATENCY_CYCLES
        + NarrowSingle::LATENCY_CYCLES
        + 1;
    /// A mean that changes nothing: x - (+0.0) is x.
    pub const NO_MEAN: u32 = 0;
    /// A factor, or rate, that changes nothing.
    pub const NO_FACTOR: u32 = 0x3F80_0000;
    /// A shift that changes nothing: x + (-0.0) is x.
    pub const NO_SHIFT: u32 = 0x8000_0000;
    /// A `b` that changes nothing if it is added.
    pub const NO_ADDEND: u16 = 0x8000;
}

impl Logic for Lane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, s25, s28_half, s28_single, s28_passes);
        self.open_late.clock.next = self.clock.val();
        self.addend_late.clock.next = self.clock.val();
        self.widen_addend.clock.next = self.clock.val();
        self.round.clock.next = self.clock.val();
        self.x_half.clock.next = self.clock.val();
        self.widen.clock.next = self.clock.val();
        self.x_late.clock.next = self.clock.val();
        self.mean_late.clock.next = self.clock.val();
        self.center.clock.next = self.clock.val();
        self.factor_late.clock.next = self.clock.val();
        self.scale.clock.next = self.clock.val();
        self.shift_early.clock.next = self.clock.val();
        self.shift_late.clock.next = self.clock.val();
        self.addend_end.clock.next = self.clock.val();
        self.last.clock.next = self.clock.val();
        self.gradient_late.clock.next = self.clock.val();
        self.middle.clock.next = self.clock.val();
        self.rate_late.clock.next = self.clock.val();
        self.finish.clock.next = self.clock.val();
        self.narrow.clock.next = self.clock.val();
        self.single_late.clock.next = self.clock.val();

        // Cycle 0: the gate, and both operands on their way to FP32.
        self.b_magnitude.next = self.b.val().get_bits::<15>(0);
        self.b_not_above.next = !self.b_magnitude.val().any()
            | (self.b.val().get_bit(15) & (self.b_magnitude.val() <= bits::<15>(0x7C00)));
        self.open.next = !((self.gate_by_mask.val() & !self.mask.val())
            | (self.gate_by_output.val() & self.b_not_above.val()));
        self.open_late.d.next = bit_cast::<1, 1>(self.open.val().into());
        self.addend.next = self.b.val();
        if self.gate_by_output.val() {
            self.addend.next = bits::<16>(0x8000);
        }
        self.addend_late.d.next = self.addend.val();
        self.round.single.next = self.x.val();
        self.x_half.d.next = self.x.val().get_bits::<16>(0);
        self.x_late.d.next = self.x.val();
        self.mean_late.d.next = self.mean.val();
        self.factor_late.d.next = self.factor.val();
        self.shift_early.d.next = self.shift.val();
        self.rate_late.d.next = self.rate.val();
        // Cycle 2.
        self.half_in.next = self.round.half.val();
        if self.from_half.val() {
            self.half_in.next = self.x_half.q.val();
        }
        self.widen.half.next = self.half_in.val();
        self.widen_addend.half.next = self.addend_late.q.val();
        // Cycle 3: x - y is x + (-y).
        self.element.next = self.x_late.q.val();
        if self.from_half.val() | self.round_first.val() {
            self.element.next = self.widen.single.val();
        }
        self.center.a.next = self.element.val();
        self.center.b.next = self.mean_late.q.val() ^ (bits::<32>(1) << bits::<5>(31));
        self.shift_late.d.next = self.shift_early.q.val();
        self.addend_end.d.next = self.widen_addend.single.val();
        // Cycle 8.
        self.scale.a.next = self.center.sum.val();
        self.scale.b.next = self.factor_late.q.val();
        // Cycle 14. Backwards the last adder has been used before, in cycle 3.
        self.gradient_late.d.next = self.last.sum.val();
        self.middle_a.next = self.shift_late.q.val();
        self.middle_b.next = self.scale.product.val();
        if self.backward.val() {
            self.middle_a.next = self.gradient_late.q.val();
            self.middle_b.next = self.scale.product.val() ^ (bits::<32>(1) << bits::<5>(31));
        }
        self.middle.a.next = self.middle_a.val();
        self.middle.b.next = self.middle_b.val();
        // Cycle 19.
        self.last_a.next = self.middle.sum.val();
        self.last_b.next = self.addend_end.q.val();
        if self.backward.val() {
            self.last_a.next = self.widen_addend.single.val();
            self.last_b.next = self.shift_early.q.val() ^ (bits::<32>(1) << bits::<5>(31));
        }
        self.last.a.next = self.last_a.val();
        self.last.b.next = self.last_b.val();
        self.finish.a.next = self.middle.sum.val();
        self.finish.b.next = self.rate_late.q.val();
        // Cycle 24: the adder's NaN is canonical, which has sign 0.
        self.activated.next = self.last.sum.val();
        if self.relu.val() & self.last.sum.val().get_bit(31) {
            self.activated.next = bits::<32>(0);
        }
        self.s25.d.next = self.activated.val();
        // Cycle 25: the multiplier takes one cycle more than the adder.
        self.value.next = self.s25.q.val();
        if self.backward.val() {
            self.value.next = self.finish.product.val();
        }
        self.narrow.single.next = self.value.val();
        self.single_late.d.next = self.value.val();
        // Cycle 27.
        self.gated.next = bits::<16>(0);
        if self.open_late.q.val().any() {
            self.gated.next = self.narrow.half.val();
        }
        self.gated_magnitude.next = self.gated.val().get_bits::<15>(0);
        self.s28_half.d.next = self.gated.val();
        self.s28_single.d.next = self.single_late.q.val();
        // The canonical NaN has sign 0.
        self.s28_passes.d.next = !self.gated.val().get_bit(15) & self.gated_magnitude.val().any();
        self.half.next = self.s28_half.q.val();
        self.single.next = self.s28_single.q.val();
        self.passes.next = self.s28_passes.q.val();
    }
}
