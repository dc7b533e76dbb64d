//! The life of an instruction in a stream engine: taken, decoded, started, ended; or at fault.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Speaks with the sequencer.
///
/// One instruction runs, and the one after it is taken and decoded meanwhile. It starts in the first cycle in which it is decoded,
/// has its tokens, and the one before has ended. An instruction ends in the cycle in which its last block leaves the buffers. From a
/// fault on nothing is asked of the memory, and nothing starts or ends.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Control {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Cycles from the one in which an instruction is taken to its start, less one; constant.
    pub decode_steps: Signal<In, Bits<6>>,

    /// The queue has an instruction.
    pub valid: Signal<In, Bit>,
    /// The engine executes it, and does not only keep it.
    pub own: Signal<In, Bit>,
    /// It is taken, if there is one.
    pub ready: Signal<Out, Bit>,
    /// One is taken.
    pub takes: Signal<Out, Bit>,
    /// What is taken and has not started has its tokens.
    pub go: Signal<In, Bit>,
    /// It starts.
    pub start: Signal<Out, Bit>,
    /// The one that runs ends with this cycle.
    pub ends: Signal<Out, Bit>,
    /// The oldest that has not ended is at fault.
    pub fault: Signal<Out, Bit>,

    /// Cycles since one was taken, less one; stays at the last.
    pub step: Signal<Out, Bits<6>>,
    /// One is taken and has not started.
    pub waits: Signal<Out, Bit>,
    /// The lanes cannot do it.
    pub refuse: Signal<In, Bit>,
    /// Blocks of it.
    pub blocks: Signal<In, Bits<27>>,
    /// A block leaves the buffers.
    pub leaves: Signal<In, Bit>,
    /// Responses, one bit for each master, and which of them are errors.
    pub responses: Signal<In, Bits<4>>,
    /// The same.
    pub errors: Signal<In, Bits<4>>,
    /// Something went wrong on the way to the memory.
    pub memory_fault: Signal<In, Bit>,

    waiting: DFF<Bit>,
    running: DFF<Bit>,
    steps: DFF<Bits<6>>,
    steps_up: Signal<Local, Bits<6>>,
    left: DFF<Bits<27>>,
    left_down: Signal<Local, Bits<27>>,
    taken: Signal<Local, Bit>,
    decoded: Signal<Local, Bit>,
    begins: Signal<Local, Bit>,
    finishes: Signal<Local, Bit>,
    bad: Signal<Local, Bits<4>>,
}

impl Logic for Control {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, waiting, running, steps, left);
        self.taken.next = self.valid.val() & !self.waiting.q.val();
        self.decoded.next = self.waiting.q.val() & (self.steps.q.val() == self.decode_steps.val());
        self.begins.next = self.decoded.val()
            & self.go.val()
            & !self.running.q.val()
            & !self.refuse.val()
            & !self.memory_fault.val();
        self.bad.next = self.responses.val() & self.errors.val();
        self.finishes.next = self.leaves.val()
            & (self.left.q.val() == bits::<27>(1))
            & !self.bad.val().any()
            & !self.memory_fault.val();
        self.steps_up.next = self.steps.q.val() + bits::<6>(1);
        self.left_down.next = self.left.q.val() - bits::<27>(1);
        if self.waiting.q.val() {
            if !self.decoded.val() {
                self.steps.d.next = self.steps_up.val();
            }
        } else {
            self.steps.d.next = bits::<6>(0);
        }
        if self.taken.val() & self.own.val() {
            self.waiting.d.next = true;
        }
        if self.leaves.val() {
            self.left.d.next = self.left_down.val();
        }
        if self.finishes.val() {
            self.running.d.next = false;
        }
        if self.begins.val() {
            self.waiting.d.next = false;
            self.running.d.next = true;
            self.steps.d.next = bits::<6>(0);
            self.left.d.next = self.blocks.val();
        }
        if self.reset.val() {
            self.waiting.d.next = false;
            self.running.d.next = false;
            self.steps.d.next = bits::<6>(0);
        }
        self.ready.next = !self.waiting.q.val();
        self.takes.next = self.valid.val() & !self.waiting.q.val();
        self.start.next = self.begins.val();
        self.ends.next = self.finishes.val();
        // Who only waits is the oldest if nothing runs.
        self.fault.next = self.memory_fault.val()
            | (self.decoded.val() & self.refuse.val() & !self.running.q.val());
        self.step.next = self.steps.q.val();
        self.waits.next = self.waiting.q.val();
    }
}
