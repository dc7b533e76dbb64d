//! What LD.A takes from its queue, and which stripe it asks for.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Takes instructions from the queue: one after another until a load, and the next when that has started.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct ActivationTake {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// GEOMETRY is at the queue's head.
    pub geometry: Signal<In, Bit>,
    /// OPERANDS is.
    pub operands: Signal<In, Bit>,
    /// LD.A is.
    pub load: Signal<In, Bit>,
    /// The load that has been taken starts.
    pub start: Signal<In, Bit>,
    /// Decoding goes on.
    pub decodes: Signal<In, Bit>,
    /// It has found no load.
    pub refused: Signal<In, Bit>,

    /// The queue's head is taken, if there is one.
    pub ready: Signal<Out, Bit>,
    /// A load is taken.
    pub takes: Signal<Out, Bit>,
    /// A load has been decoded and may start.
    pub decoded: Signal<Out, Bit>,
    /// A load has been decoded that is none.
    pub illegal: Signal<Out, Bit>,

    has_geometry: DFF<Bit>,
    has_operands: DFF<Bit>,
    pending: DFF<Bit>,
    done: Signal<Local, Bit>,
    bad: Signal<Local, Bit>,
}

impl Logic for ActivationTake {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, has_geometry, has_operands, pending);
        if !self.pending.q.val() & self.geometry.val() {
            self.has_geometry.d.next = true;
        }
        if !self.pending.q.val() & self.operands.val() {
            self.has_operands.d.next = true;
        }
        if self.start.val() {
            self.pending.d.next = false;
        }
        self.takes.next = !self.pending.q.val() & self.load.val();
        if self.takes.val() {
            self.pending.d.next = true;
        }
        if self.reset.val() {
            self.has_geometry.d.next = false;
            self.has_operands.d.next = false;
            self.pending.d.next = false;
        }
        self.ready.next = !self.pending.q.val();
        self.done.next = self.pending.q.val() & !self.decodes.val();
        self.bad.next =
            self.refused.val() | !self.has_geometry.q.val() | !self.has_operands.q.val();
        self.decoded.next = self.done.val() & !self.bad.val();
        self.illegal.next = self.done.val() & self.bad.val();
    }
}

/// An instruction that has been taken.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Taken {
    /// Clock of the register.
    pub clock: Signal<In, Clock>,
    /// It is at the queue's head.
    pub is_there: Signal<In, Bit>,
    /// The head is taken.
    pub ready: Signal<In, Bit>,
    /// The head.
    pub word: Signal<In, Bits<256>>,
    /// The last that was taken.
    pub taken: Signal<Out, Bits<256>>,

    held: DFF<Bits<256>>,
}

impl Logic for Taken {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        if self.is_there.val() & self.ready.val() {
            self.held.d.next = self.word.val();
        }
        self.taken.next = self.held.q.val();
    }
}

/// A number of a stripe, from when it is given to when the next is.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Given {
    /// Clock of the register.
    pub clock: Signal<In, Clock>,
    /// A number is given.
    pub gives: Signal<In, Bit>,
    /// Which.
    pub place: Signal<In, Bits<6>>,
    /// Which this is, constant.
    pub own: Signal<In, Bits<6>>,
    /// The number.
    pub value: Signal<In, Bits<32>>,
    /// The last that was this one.
    pub given: Signal<Out, Bits<32>>,

    held: DFF<Bits<32>>,
}

impl Logic for Given {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        if self.gives.val() & (self.place.val() == self.own.val()) {
            self.held.d.next = self.value.val();
        }
        self.given.next = self.held.q.val();
    }
}

/// Takes the stripes of a load one after another: the first with its start, each other in the cycle in which the last burst of the one before
/// is taken, or after its own if it has none.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Stripes {
    /// Clock of the register.
    pub clock: Signal<In, Clock>,
    /// Forgets everything, or asks for nothing more.
    pub reset: Signal<In, Bit>,
    /// A load starts, only while there is none.
    pub start: Signal<In, Bit>,
    /// The stripe that is next is its load's last.
    pub is_last: Signal<In, Bit>,
    /// There is something left to ask for of the one before.
    pub asks: Signal<In, Bit>,
    /// The last of it is taken.
    pub ends: Signal<In, Bit>,
    /// The next is taken.
    pub takes: Signal<Out, Bit>,
    /// There is a load.
    pub busy: Signal<Out, Bit>,

    more: DFF<Bit>,
}

impl Logic for Stripes {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, more);
        self.takes.next =
            self.start.val() | (self.more.q.val() & (!self.asks.val() | self.ends.val()));
        if self.takes.val() {
            self.more.d.next = !self.is_last.val();
        }
        if self.reset.val() {
            self.more.d.next = false;
        }
        self.busy.next = self.more.q.val() | self.asks.val();
    }
}
