//! The counting semaphores, and the instructions that wait for them.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// One semaphore. A token that is posted in a cycle can be taken from the next on.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Tokens {
    /// Clock of the counter.
    pub clock: Signal<In, Clock>,
    /// Back to the count at the start of a program.
    pub clear: Signal<In, Bit>,
    /// That count, constant.
    pub initial_count: Signal<In, Bits<26>>,
    /// A token is posted.
    pub post: Signal<In, Bit>,
    /// A token is taken; there is one.
    pub take: Signal<In, Bit>,
    /// There is none.
    pub empty: Signal<Out, Bit>,

    /// A program posts no more often than it has instructions.
    count: DFF<Bits<26>>,
    more: Signal<Local, Bits<26>>,
    less: Signal<Local, Bits<26>>,
}

impl Logic for Tokens {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, count);
        self.more.next = bits::<26>(0);
        if self.post.val() {
            self.more.next = bits::<26>(1);
        }
        self.less.next = bits::<26>(0);
        if self.take.val() {
            self.less.next = bits::<26>(1);
        }
        self.count.d.next = self.count.q.val() + self.more.val() - self.less.val();
        if self.clear.val() {
            self.count.d.next = self.initial_count.val();
        }
        self.empty.next = !self.count.q.val().any();
    }
}

/// The instruction that an engine has taken and not started.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Taken {
    /// Clock of the registers.
    pub clock: Signal<In, Clock>,
    /// Forgets it.
    pub clear: Signal<In, Bit>,
    /// Nothing starts any more.
    pub stop: Signal<In, Bit>,
    /// The engine takes one that it executes.
    pub takes: Signal<In, Bit>,
    /// Semaphores that this one waits for.
    pub waits: Signal<In, Bits<16>>,
    /// Semaphores without a token.
    pub empty: Signal<In, Bits<16>>,
    /// The engine starts it.
    pub start: Signal<In, Bit>,
    /// It has all its tokens.
    pub go: Signal<Out, Bit>,
    /// It starts: an engine starts nothing without `go`.
    pub starts: Signal<Out, Bit>,
    /// Semaphores of which a token is taken.
    pub taken: Signal<Out, Bits<16>>,

    pending: DFF<Bit>,
    wanted: DFF<Bits<16>>,
    lacks: Signal<Local, Bits<16>>,
    may: Signal<Local, Bit>,
    does: Signal<Local, Bit>,
}

impl Logic for Taken {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, pending, wanted);
        self.lacks.next = self.wanted.q.val() & self.empty.val();
        self.may.next = self.pending.q.val() & !self.lacks.val().any() & !self.stop.val();
        self.does.next = self.may.val() & self.start.val();
        self.taken.next = bits::<16>(0);
        if self.does.val() {
            self.taken.next = self.wanted.q.val();
            self.pending.d.next = false;
        }
        if self.takes.val() {
            self.pending.d.next = true;
            self.wanted.d.next = self.waits.val();
        }
        if self.clear.val() {
            self.pending.d.next = false;
        }
        self.go.next = self.may.val();
        self.starts.next = self.does.val();
    }
}
