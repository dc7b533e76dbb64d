//! An engine's queue, and the ledger of what it has not ended. Their memories stand beside them.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Places of a queue.
///
/// Dispatch takes a place at once; the instruction arrives in it a cycle later, checked, and can be taken from the next cycle on. Its
/// place is free in the cycle after it was taken.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Queue {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub clear: Signal<In, Bit>,
    /// Places, constant.
    pub depth: Signal<In, Bits<9>>,
    /// An instruction is dispatched to this queue.
    pub dispatched: Signal<In, Bit>,
    /// One arrives.
    pub arrives: Signal<In, Bit>,
    /// The engine takes the first, if there is one.
    pub ready: Signal<In, Bit>,
    /// There is no room for a dispatch.
    pub full: Signal<Out, Bit>,
    /// There is one to take.
    pub valid: Signal<Out, Bit>,
    /// Place of the one that arrives.
    pub write: Signal<Out, Bits<9>>,
    /// Place of the first.
    pub read: Signal<Out, Bits<9>>,

    used: DFF<Bits<9>>,
    waiting: DFF<Bits<9>>,
    write_at: DFF<Bits<9>>,
    read_at: DFF<Bits<9>>,
    takes: Signal<Local, Bit>,
    less: Signal<Local, Bits<9>>,
    more: Signal<Local, Bits<9>>,
    arrived: Signal<Local, Bits<9>>,
}

impl Logic for Queue {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, used, waiting, write_at, read_at);
        self.takes.next = self.ready.val() & self.waiting.q.val().any();
        self.less.next = bits::<9>(0);
        if self.takes.val() {
            self.less.next = bits::<9>(1);
        }
        self.more.next = bits::<9>(0);
        if self.dispatched.val() {
            self.more.next = bits::<9>(1);
        }
        self.arrived.next = bits::<9>(0);
        if self.arrives.val() {
            self.arrived.next = bits::<9>(1);
        }
        self.used.d.next = self.used.q.val() + self.more.val() - self.less.val();
        self.waiting.d.next = self.waiting.q.val() + self.arrived.val() - self.less.val();
        self.write_at.d.next = self.write_at.q.val() + self.arrived.val();
        self.read_at.d.next = self.read_at.q.val() + self.less.val();
        if self.clear.val() {
            self.used.d.next = bits::<9>(0);
            self.waiting.d.next = bits::<9>(0);
            self.write_at.d.next = bits::<9>(0);
            self.read_at.d.next = bits::<9>(0);
        }
        self.full.next = self.used.q.val() >= self.depth.val();
        self.valid.next = self.waiting.q.val().any();
        self.write.next = self.write_at.q.val();
        self.read.next = self.read_at.q.val();
    }
}

/// Places of what an engine executes, from its arrival in the queue to its end, in order.
///
/// `early` is an event before the end at which some semaphores are posted: of MM that the banks are read, of ST that the drain
/// buffer is. Both come once for each instruction, in order.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Ledger {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub clear: Signal<In, Bit>,
    /// An instruction arrives in the queue.
    pub arrives: Signal<In, Bit>,
    /// The one that the engine has taken starts.
    pub start: Signal<In, Bit>,
    /// The oldest that has not posted early does.
    pub early: Signal<In, Bit>,
    /// The oldest ends.
    pub ends: Signal<In, Bit>,
    /// Place of the one that arrives.
    pub write: Signal<Out, Bits<9>>,
    /// Place of the one that posts early.
    pub early_read: Signal<Out, Bits<9>>,
    /// Place of the oldest.
    pub read: Signal<Out, Bits<9>>,
    /// There is one that has not ended.
    pub open: Signal<Out, Bit>,
    /// There is one that has started and not ended.
    pub runs: Signal<Out, Bit>,

    write_at: DFF<Bits<9>>,
    started: DFF<Bits<9>>,
    early_at: DFF<Bits<9>>,
    read_at: DFF<Bits<9>>,
    write_up: Signal<Local, Bits<9>>,
    started_up: Signal<Local, Bits<9>>,
    early_up: Signal<Local, Bits<9>>,
    read_up: Signal<Local, Bits<9>>,
}

impl Logic for Ledger {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, write_at, started, early_at, read_at);
        self.write_up.next = self.write_at.q.val() + bits::<9>(1);
        self.started_up.next = self.started.q.val() + bits::<9>(1);
        self.early_up.next = self.early_at.q.val() + bits::<9>(1);
        self.read_up.next = self.read_at.q.val() + bits::<9>(1);
        if self.arrives.val() {
            self.write_at.d.next = self.write_up.val();
        }
        if self.start.val() {
            self.started.d.next = self.started_up.val();
        }
        if self.early.val() {
            self.early_at.d.next = self.early_up.val();
        }
        if self.ends.val() {
            self.read_at.d.next = self.read_up.val();
        }
        if self.clear.val() {
            self.write_at.d.next = bits::<9>(0);
            self.started.d.next = bits::<9>(0);
            self.early_at.d.next = bits::<9>(0);
            self.read_at.d.next = bits::<9>(0);
        }
        self.write.next = self.write_at.q.val();
        self.early_read.next = self.early_at.q.val();
        self.read.next = self.read_at.q.val();
        self.open.next = self.write_at.q.val() != self.read_at.q.val();
        self.runs.next = self.started.q.val() != self.read_at.q.val();
    }
}
