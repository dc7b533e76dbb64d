//! One lane of the update unit.

use crate::delay::Delay;
use crate::float::{AddSingle, MultiplySingle};
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Momentum SGD on one weight per cycle, each operation rounded on its own:
///
/// ```text
/// g = dw * inverse_loss_scale
/// g = g + lambda * w             if `decays` says so
/// g = g + weight_decay * w       if `weight_decay` is not 0
/// v = momentum * v + g
/// w = w - learning_rate * v
/// ```
///
/// What is left out is left out, not added as zero: -0 and an overflow to Inf would tell. Settings are held while weights are
/// in the lane. With `skip` both values leave as they came.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct UpdateLane {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Gradient, FP32.
    pub dw: Signal<In, Bits<32>>,
    /// Master weight, FP32.
    pub w: Signal<In, Bits<32>>,
    /// Momentum, FP32.
    pub v: Signal<In, Bits<32>>,
    /// `lambda` decays this weight; given [`UpdateLane::DECAYS_AFTER_CYCLES`] after the weight.
    pub decays: Signal<In, Bit>,
    /// W and V stay what they are.
    pub skip: Signal<In, Bit>,
    /// 1 / loss scale, FP32.
    pub inverse_loss_scale: Signal<In, Bits<32>>,
    /// SR-STE's decay, FP32.
    pub lambda: Signal<In, Bits<32>>,
    /// Weight decay, FP32; 0 leaves it out.
    pub weight_decay: Signal<In, Bits<32>>,
    /// Momentum's factor, FP32.
    pub momentum: Signal<In, Bits<32>>,
    /// Learning rate, FP32.
    pub learning_rate: Signal<In, Bits<32>>,
    /// New master weight, FP32.
    pub new_w: Signal<Out, Bits<32>>,
    /// New momentum, FP32.
    pub new_v: Signal<Out, Bits<32>>,

    scale: MultiplySingle,
    pruned_term: MultiplySingle,
    decay_term: MultiplySingle,
    kept_momentum: MultiplySingle,
    add_pruned: AddSingle,
    add_decay: AddSingle,
    add_momentum: AddSingle,
    rate: MultiplySingle,
    subtract: AddSingle,

    decays_early: DFF<Bit>,
    decays_now: DFF<Bit>,
    gradient_early: Delay<32, 5>,
    gradient_pruned: Signal<Local, Bits<32>>,
    decay_late: Delay<32, 5>,
    gradient_late: Delay<32, 5>,
    has_decay: Signal<Local, Bit>,
    gradient: Signal<Local, Bits<32>>,
    momentum_late: Delay<32, 10>,
    old_v: Delay<32, 21>,
    v_now: Signal<Local, Bits<32>>,
    v_late: Delay<32, 11>,
    w_middle: Delay<32, 27>,
    w_late: Delay<32, 5>,
}

impl UpdateLane {
    /// Rising edges from a weight to its new value, whatever the settings.
    pub const LATENCY_CYCLES: usize =
        2 * MultiplySingle::LATENCY_CYCLES + 4 * AddSingle::LATENCY_CYCLES;
    /// Cycles from a weight to the `decays` that belongs to it: there is time to prune first.
    pub const DECAYS_AFTER_CYCLES: usize =
        MultiplySingle::LATENCY_CYCLES + AddSingle::LATENCY_CYCLES - 2;
}

impl Logic for UpdateLane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, decays_early, decays_now);
        self.scale.clock.next = self.clock.val();
        self.pruned_term.clock.next = self.clock.val();
        self.decay_term.clock.next = self.clock.val();
        self.kept_momentum.clock.next = self.clock.val();
        self.add_pruned.clock.next = self.clock.val();
        self.add_decay.clock.next = self.clock.val();
        self.add_momentum.clock.next = self.clock.val();
        self.rate.clock.next = self.clock.val();
        self.subtract.clock.next = self.clock.val();
        self.gradient_early.clock.next = self.clock.val();
        self.decay_late.clock.next = self.clock.val();
        self.gradient_late.clock.next = self.clock.val();
        self.momentum_late.clock.next = self.clock.val();
        self.old_v.clock.next = self.clock.val();
        self.v_late.clock.next = self.clock.val();
        self.w_middle.clock.next = self.clock.val();
        self.w_late.clock.next = self.clock.val();

        // Cycle 0: all products of what comes in.
        self.scale.a.next = self.dw.val();
        self.scale.b.next = self.inverse_loss_scale.val();
        self.pruned_term.a.next = self.lambda.val();
        self.pruned_term.b.next = self.w.val();
        self.decay_term.a.next = self.weight_decay.val();
        self.decay_term.b.next = self.w.val();
        self.kept_momentum.a.next = self.momentum.val();
        self.kept_momentum.b.next = self.v.val();
        // Cycle 6.
        self.add_pruned.a.next = self.scale.product.val();
        self.add_pruned.b.next = self.pruned_term.product.val();
        self.gradient_early.d.next = self.scale.product.val();
        self.decay_late.d.next = self.decay_term.product.val();
        self.momentum_late.d.next = self.kept_momentum.product.val();
        // Cycle 11.
        self.decays_early.d.next = self.decays.val();
        self.decays_now.d.next = self.decays_early.q.val();
        self.gradient_pruned.next = self.gradient_early.q.val();
        if self.decays_now.q.val() {
            self.gradient_pruned.next = self.add_pruned.sum.val();
        }
        self.add_decay.a.next = self.gradient_pruned.val();
        self.add_decay.b.next = self.decay_late.q.val();
        self.gradient_late.d.next = self.gradient_pruned.val();
        // Cycle 16.
        self.has_decay.next = self.weight_decay.val().get_bits::<31>(0).any();
        self.gradient.next = self.gradient_late.q.val();
        if self.has_decay.val() {
            self.gradient.next = self.add_decay.sum.val();
        }
        self.add_momentum.a.next = self.momentum_late.q.val();
        self.add_momentum.b.next = self.gradient.val();
        // Cycle 21.
        self.old_v.d.next = self.v.val();
        self.v_now.next = self.add_momentum.sum.val();
        if self.skip.val() {
            self.v_now.next = self.old_v.q.val();
        }
        self.v_late.d.next = self.v_now.val();
        self.rate.a.next = self.learning_rate.val();
        self.rate.b.next = self.add_momentum.sum.val();
        // Cycle 27: w - x is w + (-x).
        self.w_middle.d.next = self.w.val();
        self.w_late.d.next = self.w_middle.q.val();
        self.subtract.a.next = self.w_middle.q.val();
        self.subtract.b.next = self.rate.product.val() ^ (bits::<32>(1) << bits::<5>(31));
        // Cycle 32.
        self.new_v.next = self.v_late.q.val();
        self.new_w.next = self.subtract.sum.val();
        if self.skip.val() {
            self.new_w.next = self.w_late.q.val();
        }
    }
}
