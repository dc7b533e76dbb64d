//! Two registers towards AXI.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// What is pushed in one cycle is offered from the next on until it is taken, in order. The second register keeps `ready` from
/// reaching back: with `ready` high there is room in every cycle.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Outlet<const W: usize> {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets what it holds.
    pub reset: Signal<In, Bit>,
    /// `data` comes in; only with `room`.
    pub push: Signal<In, Bit>,
    /// What comes in.
    pub data: Signal<In, Bits<W>>,
    /// There is room in this cycle.
    pub room: Signal<Out, Bit>,
    /// Something is offered.
    pub valid: Signal<Out, Bit>,
    /// It is taken in this cycle.
    pub ready: Signal<In, Bit>,
    /// What is offered.
    pub offer: Signal<Out, Bits<W>>,

    first: DFF<Bits<W>>,
    second: DFF<Bits<W>>,
    has_first: DFF<Bit>,
    has_second: DFF<Bit>,
}

impl<const W: usize> Logic for Outlet<W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, first, second, has_first, has_second);
        if !self.has_first.q.val() | self.ready.val() {
            self.first.d.next = self.data.val();
            self.has_first.d.next = self.push.val();
            if self.has_second.q.val() {
                self.first.d.next = self.second.q.val();
                self.has_first.d.next = true;
            }
            self.has_second.d.next = false;
        } else {
            if self.push.val() {
                self.second.d.next = self.data.val();
                self.has_second.d.next = true;
            }
        }
        if self.reset.val() {
            self.has_first.d.next = false;
            self.has_second.d.next = false;
        }
        self.room.next = !self.has_second.q.val();
        self.valid.next = self.has_first.q.val();
        self.offer.next = self.first.q.val();
    }
}
