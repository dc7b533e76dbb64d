//! The best pixel of a window, channel by channel, and the way back to it.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// One lane of the pooling of the greatest: the best of the pixels of a window as they come, and on the way back the window's gradient at its best
/// pixel, and zeros at the others.
///
/// The first pixel is the best; a later one replaces it if it is greater, or if it is NaN and the best is not.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PoolBest {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// There is a pixel.
    pub valid: Signal<In, Bit>,
    /// It is its window's first.
    pub first: Signal<In, Bit>,
    /// Which pixel of the window it is.
    pub tap: Signal<In, Bits<2>>,
    /// Its value, FP16.
    pub x: Signal<In, Bits<16>>,
    /// The window's gradient, FP16, with its last pixel.
    pub dy: Signal<In, Bits<16>>,
    /// The channel is no padding, with the last pixel.
    pub counts: Signal<In, Bit>,
    /// A cycle after a window's last pixel: it is complete.
    pub done: Signal<In, Bit>,
    /// The pixel whose gradient is wanted.
    pub phase: Signal<In, Bits<2>>,
    /// The best so far, a cycle after its pixel; +0.0 of padding.
    pub best: Signal<Out, Bits<16>>,
    /// The gradient of that pixel of the window that was complete last.
    pub dx: Signal<Out, Bits<16>>,

    magnitude: Signal<Local, Bits<16>>,
    is_nan: Signal<Local, Bit>,
    key: Signal<Local, Bits<16>>,
    better: Signal<Local, Bit>,
    value: DFF<Bits<16>>,
    value_key: DFF<Bits<16>>,
    nan: DFF<Bit>,
    at: DFF<Bits<2>>,
    counts_late: DFF<Bit>,

    dy_magnitude: Signal<Local, Bits<15>>,
    gradient: DFF<Bits<16>>,
    kept_at: DFF<Bits<2>>,
    kept_gradient: DFF<Bits<16>>,
}

impl Logic for PoolBest {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, value, value_key, nan, at, counts_late);
        dff_setup!(self, clock, gradient, kept_at, kept_gradient);

        // Values as numbers in their order, with one zero.
        self.magnitude.next = self.x.val() & bits::<16>(0x7FFF);
        self.is_nan.next = self.magnitude.val() > bits::<16>(0x7C00);
        self.key.next = bits::<16>(0x8000) + self.magnitude.val();
        if self.x.val().get_bit(15) {
            self.key.next = bits::<16>(0x8000) - self.magnitude.val();
        }
        self.better.next = self.first.val()
            | (!self.nan.q.val() & (self.is_nan.val() | (self.key.val() > self.value_key.q.val())));
        if self.valid.val() & self.better.val() {
            self.value.d.next = self.x.val();
            self.value_key.d.next = self.key.val();
            self.nan.d.next = self.is_nan.val();
            self.at.d.next = self.tap.val();
        }
        self.counts_late.d.next = self.counts.val();
        self.best.next = self.value.q.val();
        if self.nan.q.val() {
            self.best.next = bits::<16>(0x7E00);
        }
        if !self.counts_late.q.val() {
            self.best.next = bits::<16>(0);
        }

        // A sum of one gradient begins with +0.0.
        self.dy_magnitude.next = self.dy.val().get_bits::<15>(0);
        self.gradient.d.next = self.dy.val();
        if self.dy_magnitude.val() > bits::<15>(0x7C00) {
            self.gradient.d.next = bits::<16>(0x7E00);
        }
        if !self.dy_magnitude.val().any() | !self.counts.val() {
            self.gradient.d.next = bits::<16>(0);
        }
        if self.done.val() {
            self.kept_at.d.next = self.at.q.val();
            self.kept_gradient.d.next = self.gradient.q.val();
        }
        self.dx.next = bits::<16>(0);
        if self.kept_at.q.val() == self.phase.val() {
            self.dx.next = self.kept_gradient.q.val();
        }
    }
}

/// The pixels of a window of 2 x 2, one per cycle, from the cycle after it was complete on.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PoolSpread {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets what is under way.
    pub reset: Signal<In, Bit>,
    /// A window is complete: four cycles after the one before at the earliest.
    pub done: Signal<In, Bit>,
    /// Its first beat, counted from the stream's first.
    pub corner: Signal<In, Bits<32>>,
    /// First beat of the stream.
    pub base: Signal<In, Bits<32>>,
    /// Beats of a pixel, as a power of two.
    pub pixel: Signal<In, Bits<3>>,
    /// Beats of a row of windows, a beat of each counted, as a power of two.
    pub row: Signal<In, Bits<3>>,
    /// A pixel is given.
    pub gives: Signal<Out, Bit>,
    /// Which of the window.
    pub phase: Signal<Out, Bits<2>>,
    /// The beat in which it is, a cycle later.
    pub address: Signal<Out, Bits<32>>,

    goes: DFF<Bit>,
    index: DFF<Bits<2>>,
    kept: DFF<Bits<32>>,
    place: DFF<Bits<32>>,
    column_place: Signal<Local, Bits<32>>,
    row_up: Signal<Local, Bits<4>>,
    row_place: Signal<Local, Bits<32>>,
}

impl Logic for PoolSpread {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, goes, index, kept, place);
        self.column_place.next = bits::<32>(0);
        if self.index.q.val().get_bit(0) {
            self.column_place.next = bits::<32>(1) << self.pixel.val();
        }
        self.row_up.next = bit_cast::<4, 3>(self.row.val()) + bits::<4>(1);
        self.row_place.next = bits::<32>(0);
        if self.index.q.val().get_bit(1) {
            self.row_place.next = bits::<32>(1) << self.row_up.val();
        }
        self.place.d.next =
            self.base.val() + (self.kept.q.val() | self.column_place.val() | self.row_place.val());
        if self.goes.q.val() {
            self.index.d.next = self.index.q.val() + bits::<2>(1);
            if self.index.q.val() == bits::<2>(3) {
                self.goes.d.next = false;
            }
        }
        if self.done.val() {
            self.goes.d.next = true;
            self.index.d.next = bits::<2>(0);
            self.kept.d.next = self.corner.val();
        }
        if self.reset.val() {
            self.goes.d.next = false;
        }
        self.gives.next = self.goes.q.val();
        self.phase.next = self.index.q.val();
        self.address.next = self.place.q.val();
    }
}

/// An FP32 value over a power of two, one edge later. It is zero, or large enough to stay normal.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PoolShare {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Value.
    pub single: Signal<In, Bits<32>>,
    /// The power.
    pub log2: Signal<In, Bits<3>>,
    /// Their quotient.
    pub share: Signal<Out, Bits<32>>,

    exponent: Signal<Local, Bits<8>>,
    quotient: DFF<Bits<32>>,
}

impl Logic for PoolShare {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, quotient);
        self.exponent.next = self.single.val().get_bits::<8>(23);
        self.quotient.d.next = self.single.val();
        if self.exponent.val().any() & !self.exponent.val().all() {
            self.quotient.d.next =
                self.single.val() - (bit_cast::<32, 3>(self.log2.val()) << bits::<5>(23));
        }
        self.share.next = self.quotient.q.val();
    }
}
