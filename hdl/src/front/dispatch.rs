//! Dispatch: one instruction per cycle out of the buffer, in order, once every queue that it goes to has room.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Walks through the program. What it dispatches is checked one cycle later, while the walk goes on: [`super::decode`].
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Dispatch {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Takes the program over and forgets what was.
    pub load: Signal<In, Bit>,
    /// First beat of the program.
    pub first_beat: Signal<In, Bits<30>>,
    /// Instructions of the program.
    pub length: Signal<In, Bits<32>>,
    /// The program runs, and nothing is at fault.
    pub runs: Signal<In, Bit>,
    /// The burst of the next instruction is complete.
    pub complete: Signal<In, Bit>,
    /// Queues that the next instruction goes to.
    pub queues: Signal<In, Bits<6>>,
    /// Queues that have no room.
    pub full: Signal<In, Bits<6>>,
    /// Place of its beat in the buffer, and above it the port's place among four.
    pub place: Signal<Out, Bits<8>>,
    /// It is the upper half of the beat.
    pub upper: Signal<Out, Bit>,
    /// It is dispatched in this cycle.
    pub takes: Signal<Out, Bit>,
    /// Its index.
    pub index: Signal<Out, Bits<32>>,
    /// It is the last of its burst.
    pub frees: Signal<Out, Bit>,
    /// Beats of that burst.
    pub freed_beats: Signal<Out, Bits<8>>,
    /// All are dispatched.
    pub all: Signal<Out, Bit>,

    beat: DFF<Bits<30>>,
    half: DFF<Bit>,
    at: DFF<Bits<32>>,
    /// Beats of the burst before this one.
    earlier_beats: DFF<Bits<8>>,
    goes: Signal<Local, Bit>,
    blocked: Signal<Local, Bits<6>>,
    done: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    at_up: Signal<Local, Bits<32>>,
    beat_up: Signal<Local, Bits<30>>,
    earlier_up: Signal<Local, Bits<8>>,
}

impl Logic for Dispatch {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, beat, half, at, earlier_beats);
        self.blocked.next = self.queues.val() & self.full.val();
        self.done.next = self.at.q.val() == self.length.val();
        self.goes.next =
            self.runs.val() & self.complete.val() & !self.done.val() & !self.blocked.val().any();
        self.at_up.next = self.at.q.val() + bits::<32>(1);
        self.beat_up.next = self.beat.q.val() + bits::<30>(1);
        self.earlier_up.next = self.earlier_beats.q.val() + bits::<8>(1);
        self.ends.next = self.goes.val()
            & ((self.half.q.val() & self.beat.q.val().get_bits::<4>(0).all())
                | (self.at_up.val() == self.length.val()));
        if self.goes.val() {
            self.at.d.next = self.at_up.val();
            self.half.d.next = !self.half.q.val();
            if self.half.q.val() {
                self.beat.d.next = self.beat_up.val();
                self.earlier_beats.d.next = self.earlier_up.val();
            }
        }
        if self.ends.val() {
            self.earlier_beats.d.next = bits::<8>(0);
        }
        if self.load.val() {
            self.beat.d.next = self.first_beat.val();
            self.half.d.next = false;
            self.at.d.next = bits::<32>(0);
            self.earlier_beats.d.next = bits::<8>(0);
        }
        self.place.next = self.beat.q.val().get_bits::<8>(0);
        self.upper.next = self.half.q.val();
        self.takes.next = self.goes.val();
        self.index.next = self.at.q.val();
        self.frees.next = self.ends.val();
        self.freed_beats.next = self.earlier_up.val();
        self.all.next = self.done.val();
    }
}

/// Picks the next instruction out of what the ports' buffers show, with the error that its beat came with.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Pick {
    /// Clock of the register behind.
    pub clock: Signal<In, Clock>,
    /// The port that the instruction came through.
    pub port: Signal<In, Bits<2>>,
    /// It is the upper half of the beat.
    pub upper: Signal<In, Bit>,
    /// The beat that each port's buffer shows, and above it its error.
    pub beat_0: Signal<In, Bits<513>>,
    /// The same.
    pub beat_1: Signal<In, Bits<513>>,
    /// The same.
    pub beat_2: Signal<In, Bits<513>>,
    /// The same.
    pub beat_3: Signal<In, Bits<513>>,
    /// The opcode.
    pub opcode: Signal<Out, Bits<8>>,
    /// Queues that it goes to.
    pub queues: Signal<In, Bits<6>>,
    /// It is executed by an engine, not kept.
    pub own: Signal<In, Bit>,
    /// It is dispatched.
    pub takes: Signal<In, Bit>,
    /// Its index.
    pub index: Signal<In, Bits<32>>,
    /// There is an instruction to check: in the cycle after it was dispatched.
    pub checks: Signal<Out, Bit>,
    /// It.
    pub word: Signal<Out, Bits<256>>,
    /// Card memory answered with an error.
    pub error: Signal<Out, Bit>,
    /// Its index.
    pub checked_index: Signal<Out, Bits<32>>,
    /// Queues that it goes to.
    pub checked_queues: Signal<Out, Bits<6>>,
    /// It is executed by an engine, not kept.
    pub checked_own: Signal<Out, Bit>,

    is_there: DFF<Bit>,
    held: DFF<Bits<256>>,
    bad: DFF<Bit>,
    number: DFF<Bits<32>>,
    to: DFF<Bits<6>>,
    executes: DFF<Bit>,
    beat: Signal<Local, Bits<513>>,
    chosen: Signal<Local, Bits<256>>,
}

impl Logic for Pick {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, is_there, held, bad, number, to, executes);
        self.beat.next = self.beat_0.val();
        if self.port.val() == bits::<2>(1) {
            self.beat.next = self.beat_1.val();
        }
        if self.port.val() == bits::<2>(2) {
            self.beat.next = self.beat_2.val();
        }
        if self.port.val() == bits::<2>(3) {
            self.beat.next = self.beat_3.val();
        }
        self.chosen.next = self.beat.val().get_bits::<256>(0);
        if self.upper.val() {
            self.chosen.next = self.beat.val().get_bits::<256>(256);
        }
        self.opcode.next = self.chosen.val().get_bits::<8>(0);
        self.is_there.d.next = self.takes.val();
        self.held.d.next = self.chosen.val();
        self.bad.d.next = self.beat.val().get_bit(512);
        self.number.d.next = self.index.val();
        self.to.d.next = self.queues.val();
        self.executes.d.next = self.own.val();
        self.checks.next = self.is_there.q.val();
        self.word.next = self.held.q.val();
        self.error.next = self.bad.q.val();
        self.checked_index.next = self.number.q.val();
        self.checked_queues.next = self.to.q.val();
        self.checked_own.next = self.executes.q.val();
    }
}

/// Counts the WALKs since the last MM: one more than an MM may have would wait for ever in front of the store of walks.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct WalkLimit {
    /// Clock of the register.
    pub clock: Signal<In, Clock>,
    /// Forgets the program before.
    pub load: Signal<In, Bit>,
    /// Opcode of WALK, constant.
    pub walk: Signal<In, Bits<8>>,
    /// Opcode of MM, constant.
    pub mm: Signal<In, Bits<8>>,
    /// Walks that one MM may have, constant.
    pub most: Signal<In, Bits<3>>,
    /// There is an instruction to check.
    pub checks: Signal<In, Bit>,
    /// Its opcode.
    pub opcode: Signal<In, Bits<8>>,
    /// It is one WALK too many.
    pub exceeds: Signal<Out, Bit>,

    given: DFF<Bits<3>>,
    is_walk: Signal<Local, Bit>,
    is_full: Signal<Local, Bit>,
    given_up: Signal<Local, Bits<3>>,
}

impl Logic for WalkLimit {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, given);
        self.is_walk.next = self.opcode.val() == self.walk.val();
        self.is_full.next = self.given.q.val() == self.most.val();
        self.given_up.next = self.given.q.val() + bits::<3>(1);
        self.exceeds.next = self.is_walk.val() & self.is_full.val();
        if self.checks.val() {
            if self.is_walk.val() & !self.is_full.val() {
                self.given.d.next = self.given_up.val();
            }
            if self.opcode.val() == self.mm.val() {
                self.given.d.next = bits::<3>(0);
            }
        }
        if self.load.val() {
            self.given.d.next = bits::<3>(0);
        }
    }
}

/// What becomes of a dispatched instruction once it is checked.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Verdict {
    /// There is an instruction to check.
    pub checks: Signal<In, Bit>,
    /// The program runs: else it is forgotten.
    pub runs: Signal<In, Bit>,
    /// Card memory answered with an error.
    pub error: Signal<In, Bit>,
    /// It is one.
    pub legal: Signal<In, Bit>,
    /// Queues that it goes to.
    pub queues: Signal<In, Bits<6>>,
    /// It is executed by an engine, not kept.
    pub own: Signal<In, Bit>,
    /// Its beat, counted from the program's first.
    pub beat: Signal<In, Bits<30>>,
    /// First beat of the program.
    pub first_beat: Signal<In, Bits<30>>,
    /// It arrives in these queues.
    pub arrives: Signal<Out, Bits<6>>,
    /// It is kept, and so has retired.
    pub kept: Signal<Out, Bit>,
    /// It is at fault.
    pub fault: Signal<Out, Bit>,
    /// Of AXI, else an illegal instruction.
    pub axi: Signal<Out, Bit>,
    /// Byte of card memory of its beat.
    pub address: Signal<Out, Bits<38>>,

    good: Signal<Local, Bit>,
    place: Signal<Local, Bits<30>>,
}

impl Logic for Verdict {
    #[hdl_gen]
    fn update(&mut self) {
        self.good.next = self.checks.val() & self.runs.val() & self.legal.val() & !self.error.val();
        self.arrives.next = bits::<6>(0);
        if self.good.val() {
            self.arrives.next = self.queues.val();
        }
        self.kept.next = self.good.val() & !self.own.val();
        self.fault.next = self.checks.val() & self.runs.val() & !self.good.val();
        self.axi.next = self.error.val();
        self.place.next = self.first_beat.val() + self.beat.val();
        self.address.next = bit_cast::<38, 30>(self.place.val()) << bits::<5>(6);
    }
}
