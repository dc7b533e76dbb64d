//! A row of logits: its greatest, and its elements one after another.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Finds the greatest of a row's elements in [`RowScan::CYCLES`] cycles, by the rule of max pooling, then gives one element every six
/// cycles, with the greatest beside it. The next row may be found meanwhile: rows start 192 cycles apart at least.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct RowScan {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets what is under way.
    pub reset: Signal<In, Bit>,
    /// A row is taken.
    pub start: Signal<In, Bit>,
    /// Its elements, FP16, the first lowest.
    pub beat: Signal<In, Bits<512>>,
    /// Its class.
    pub label: Signal<In, Bits<32>>,
    /// Elements of a row: 1 to 32. Held.
    pub channels: Signal<In, Bits<6>>,

    /// An element is given.
    pub valid: Signal<Out, Bit>,
    /// It, FP16.
    pub x: Signal<Out, Bits<16>>,
    /// The greatest of its row, FP16.
    pub greatest: Signal<Out, Bits<16>>,
    /// Where that is.
    pub position: Signal<Out, Bits<5>>,
    /// The element is that of the row's class.
    pub labelled: Signal<Out, Bit>,
    /// It is the row's first.
    pub first: Signal<Out, Bit>,
    /// It is the row's last.
    pub last: Signal<Out, Bit>,

    row: DFF<Bits<512>>,
    row_label: DFF<Bits<32>>,
    scans: DFF<Bit>,
    index: DFF<Bits<5>>,
    head: Signal<Local, Bits<16>>,
    magnitude: Signal<Local, Bits<16>>,
    key: Signal<Local, Bits<16>>,
    nan: Signal<Local, Bit>,
    counts: Signal<Local, Bit>,
    better: Signal<Local, Bit>,
    best: DFF<Bits<16>>,
    best_key: DFF<Bits<16>>,
    best_nan: DFF<Bit>,
    best_at: DFF<Bits<5>>,
    found: DFF<Bit>,
    wide_index: Signal<Local, Bits<6>>,

    out: DFF<Bits<512>>,
    out_label: DFF<Bits<32>>,
    out_best: DFF<Bits<16>>,
    out_at: DFF<Bits<5>>,
    gives: DFF<Bit>,
    phase: DFF<Bits<3>>,
    element: DFF<Bits<6>>,
    following: Signal<Local, Bits<6>>,
    ends: Signal<Local, Bit>,
}

impl RowScan {
    /// Rising edges from the row to its first element.
    pub const CYCLES: usize = 34;
}

impl Logic for RowScan {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, row, row_label, scans, index, best, best_key, best_nan, best_at);
        dff_setup!(self, clock, found, out, out_label, out_best, out_at, gives, phase, element);

        // Elements as numbers in their order, with one zero.
        self.head.next = self.row.q.val().get_bits::<16>(0);
        self.magnitude.next = self.head.val() & bits::<16>(0x7FFF);
        self.nan.next = self.magnitude.val() > bits::<16>(0x7C00);
        self.key.next = bits::<16>(0x8000) + self.magnitude.val();
        if self.head.val().get_bit(15) {
            self.key.next = bits::<16>(0x8000) - self.magnitude.val();
        }
        self.wide_index.next = bit_cast::<6, 5>(self.index.q.val());
        self.counts.next = self.wide_index.val() < self.channels.val();
        self.better.next = !self.index.q.val().any()
            | (self.counts.val()
                & !self.best_nan.q.val()
                & (self.nan.val() | (self.key.val() > self.best_key.q.val())));
        self.found.d.next = false;
        if self.scans.q.val() {
            self.row.d.next = (self.row.q.val() >> bits::<9>(16))
                | (bit_cast::<512, 16>(self.head.val()) << bits::<9>(496));
            self.index.d.next = self.index.q.val() + bits::<5>(1);
            if self.better.val() {
                self.best.d.next = self.head.val();
                self.best_key.d.next = self.key.val();
                self.best_nan.d.next = self.nan.val();
                self.best_at.d.next = self.index.q.val();
            }
            if self.index.q.val() == bits::<5>(31) {
                self.scans.d.next = false;
                self.found.d.next = true;
            }
        }
        if self.start.val() {
            self.row.d.next = self.beat.val();
            self.row_label.d.next = self.label.val();
            self.scans.d.next = true;
            self.index.d.next = bits::<5>(0);
        }

        self.following.next = self.element.q.val() + bits::<6>(1);
        self.ends.next = self.following.val() == self.channels.val();
        if self.gives.q.val() {
            self.phase.d.next = self.phase.q.val() + bits::<3>(1);
            if self.phase.q.val() == bits::<3>(5) {
                self.phase.d.next = bits::<3>(0);
                self.element.d.next = self.following.val();
                self.out.d.next = self.out.q.val() >> bits::<9>(16);
                if self.ends.val() {
                    self.gives.d.next = false;
                }
            }
        }
        if self.found.q.val() {
            self.out.d.next = self.row.q.val();
            self.out_label.d.next = self.row_label.q.val();
            self.out_best.d.next = self.best.q.val();
            self.out_at.d.next = self.best_at.q.val();
            self.gives.d.next = true;
            self.phase.d.next = bits::<3>(0);
            self.element.d.next = bits::<6>(0);
        }
        if self.reset.val() {
            self.scans.d.next = false;
            self.found.d.next = false;
            self.gives.d.next = false;
        }

        self.valid.next = self.gives.q.val() & !self.phase.q.val().any();
        self.x.next = self.out.q.val().get_bits::<16>(0);
        self.greatest.next = self.out_best.q.val();
        self.position.next = self.out_at.q.val();
        self.labelled.next = self.out_label.q.val() == bit_cast::<32, 6>(self.element.q.val());
        self.first.next = !self.element.q.val().any();
        self.last.next = self.ends.val();
    }
}
