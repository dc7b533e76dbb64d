//! Instructions that an engine keeps.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Whether an instruction is of a kind.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Kind {
    /// Its opcode.
    pub opcode: Signal<In, Bits<8>>,
    /// Opcode of the kind, constant.
    pub kind: Signal<In, Bits<8>>,
    /// It is.
    pub is: Signal<Out, Bit>,
}

impl Logic for Kind {
    #[hdl_gen]
    fn update(&mut self) {
        self.is.next = self.opcode.val() == self.kind.val();
    }
}

/// The last instruction of a kind, for the one that is decoded, and as it was when the one that runs started.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Kept {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets it.
    pub reset: Signal<In, Bit>,
    /// One of the kind is taken.
    pub takes: Signal<In, Bit>,
    /// It.
    pub word: Signal<In, Bits<256>>,
    /// An instruction starts.
    pub start: Signal<In, Bit>,
    /// The last one; 0 before any.
    pub following: Signal<Out, Bits<256>>,
    /// There was one.
    pub has_following: Signal<Out, Bit>,
    /// That of the instruction that runs.
    pub current: Signal<Out, Bits<256>>,
    /// It has one.
    pub has_current: Signal<Out, Bit>,

    last: DFF<Bits<256>>,
    has_last: DFF<Bit>,
    runs: DFF<Bits<256>>,
    has_runs: DFF<Bit>,
}

impl Logic for Kept {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, last, has_last, runs, has_runs);
        if self.takes.val() {
            self.last.d.next = self.word.val();
            self.has_last.d.next = true;
        }
        if self.start.val() {
            self.runs.d.next = self.last.q.val();
            self.has_runs.d.next = self.has_last.q.val();
        }
        if self.reset.val() {
            self.last.d.next = bits::<256>(0);
            self.has_last.d.next = false;
        }
        self.following.next = self.last.q.val();
        self.has_following.next = self.has_last.q.val();
        self.current.next = self.runs.q.val();
        self.has_current.next = self.has_runs.q.val();
    }
}
