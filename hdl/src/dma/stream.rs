//! Blocks of streams between the masters and an engine's lanes.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Where in its banks a master's next beat lies: the bursts that an engine has on this master stand in a FIFO beside this block, in
/// order.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Steer {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything; only while nothing is under way.
    pub reset: Signal<In, Bit>,
    /// A beat comes, or is pulled.
    pub step: Signal<In, Bit>,
    /// The oldest burst: beats less one 6, word of the bank 10, ring 2.
    pub head: Signal<In, Bits<18>>,
    /// With this beat it is complete.
    pub pop: Signal<Out, Bit>,
    /// The beat is of this ring, one bit for each.
    pub rings: Signal<Out, Bits<4>>,
    /// Its word in the ring's bank.
    pub word: Signal<Out, Bits<10>>,
    /// Beats before this cycle, modulo 2^13.
    pub moved: Signal<Out, Bits<13>>,

    count: DFF<Bits<13>>,
    count_up: Signal<Local, Bits<13>>,
    beat_at: DFF<Bits<6>>,
    beat_up: Signal<Local, Bits<6>>,
    last: Signal<Local, Bit>,
}

impl Logic for Steer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, count, beat_at);
        self.count_up.next = self.count.q.val() + bits::<13>(1);
        self.beat_up.next = self.beat_at.q.val() + bits::<6>(1);
        self.last.next = self.beat_at.q.val() == self.head.val().get_bits::<6>(0);
        self.pop.next = self.step.val() & self.last.val();
        self.rings.next = bits::<4>(0);
        if self.step.val() {
            self.rings.next = bits::<4>(1) << self.head.val().get_bits::<2>(16);
            self.count.d.next = self.count_up.val();
            self.beat_at.d.next = self.beat_up.val();
            if self.last.val() {
                self.beat_at.d.next = bits::<6>(0);
            }
        }
        if self.reset.val() {
            self.count.d.next = bits::<13>(0);
            self.beat_at.d.next = bits::<6>(0);
        }
        self.word.next =
            self.head.val().get_bits::<10>(6) + bit_cast::<10, 6>(self.beat_at.q.val());
        self.moved.next = self.count.q.val();
    }
}

/// What of a kind has been asked of each master, in all: beats, or bursts.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Asked {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// The master that is asked in this cycle, one bit for each.
    pub masters: Signal<In, Bits<4>>,
    /// For how many.
    pub count: Signal<In, Bits<7>>,
    /// In all, this cycle's too, modulo 2^13 each, the first master's lowest.
    pub total: Signal<Out, Bits<52>>,

    total_0: DFF<Bits<13>>,
    total_1: DFF<Bits<13>>,
    total_2: DFF<Bits<13>>,
    total_3: DFF<Bits<13>>,
    next_0: Signal<Local, Bits<13>>,
    next_1: Signal<Local, Bits<13>>,
    next_2: Signal<Local, Bits<13>>,
    next_3: Signal<Local, Bits<13>>,
}

impl Logic for Asked {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, total_0, total_1, total_2, total_3);
        self.next_0.next = self.total_0.q.val();
        self.next_1.next = self.total_1.q.val();
        self.next_2.next = self.total_2.q.val();
        self.next_3.next = self.total_3.q.val();
        if self.masters.val().get_bit(0) {
            self.next_0.next = self.total_0.q.val() + bit_cast::<13, 7>(self.count.val());
        }
        if self.masters.val().get_bit(1) {
            self.next_1.next = self.total_1.q.val() + bit_cast::<13, 7>(self.count.val());
        }
        if self.masters.val().get_bit(2) {
            self.next_2.next = self.total_2.q.val() + bit_cast::<13, 7>(self.count.val());
        }
        if self.masters.val().get_bit(3) {
            self.next_3.next = self.total_3.q.val() + bit_cast::<13, 7>(self.count.val());
        }
        self.total_0.d.next = self.next_0.val();
        self.total_1.d.next = self.next_1.val();
        self.total_2.d.next = self.next_2.val();
        self.total_3.d.next = self.next_3.val();
        if self.reset.val() {
            self.total_0.d.next = bits::<13>(0);
            self.total_1.d.next = bits::<13>(0);
            self.total_2.d.next = bits::<13>(0);
            self.total_3.d.next = bits::<13>(0);
        }
        self.total.next = bit_cast::<52, 13>(self.next_0.val())
            | (bit_cast::<52, 13>(self.next_1.val()) << bits::<6>(13))
            | (bit_cast::<52, 13>(self.next_2.val()) << bits::<6>(26))
            | (bit_cast::<52, 13>(self.next_3.val()) << bits::<6>(39));
    }
}

/// The blocks in an engine's buffers: which has arrived, and for which there is room.
///
/// A block takes its room from the cycle after its last read was taken on. It is free again in the cycle in which the last response
/// of its writes is there, but no earlier than the cycle after the one in which the block before it was: blocks leave in order. Blocks
/// that are read, and those that are written, stand in FIFOs beside this block, with what had been asked of each master by then.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Book {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything; only while nothing is under way.
    pub reset: Signal<In, Bit>,
    /// Beats that the buffers hold, constant.
    pub capacity: Signal<In, Bits<13>>,
    /// Beats that the next block takes.
    pub beats: Signal<In, Bits<13>>,
    /// There is room for it.
    pub room: Signal<Out, Bit>,
    /// It takes its room.
    pub opens: Signal<In, Bit>,

    /// There is a block that the lanes have not taken.
    pub read_holds: Signal<In, Bit>,
    /// The oldest: beats asked of each master, 13 each.
    pub read_head: Signal<In, Bits<52>>,
    /// Beats that came from each master, 13 each.
    pub moved: Signal<In, Bits<52>>,
    /// All that has been read of the oldest block is there.
    pub arrived: Signal<Out, Bit>,

    /// There is a block that has been written, with responses due.
    pub written_holds: Signal<In, Bit>,
    /// The oldest: bursts asked of each master, 13 each; beats that it takes 13.
    pub written_head: Signal<In, Bits<65>>,
    /// It is free.
    pub written_pop: Signal<Out, Bit>,
    /// Responses, one bit for each master.
    pub responses: Signal<In, Bits<4>>,

    held: DFF<Bits<13>>,
    sum: Signal<Local, Bits<13>>,
    sum_after: Signal<Local, Bits<13>>,
    held_after: Signal<Local, Bits<13>>,
    free: Signal<Local, Bits<13>>,
    behind_0: Signal<Local, Bits<13>>,
    behind_1: Signal<Local, Bits<13>>,
    behind_2: Signal<Local, Bits<13>>,
    behind_3: Signal<Local, Bits<13>>,
    unused_behind: Signal<Local, Bits<48>>,
    done_0: DFF<Bits<13>>,
    done_1: DFF<Bits<13>>,
    done_2: DFF<Bits<13>>,
    done_3: DFF<Bits<13>>,
    now_0: Signal<Local, Bits<13>>,
    now_1: Signal<Local, Bits<13>>,
    now_2: Signal<Local, Bits<13>>,
    now_3: Signal<Local, Bits<13>>,
    ahead_0: Signal<Local, Bits<13>>,
    ahead_1: Signal<Local, Bits<13>>,
    ahead_2: Signal<Local, Bits<13>>,
    ahead_3: Signal<Local, Bits<13>>,
    unused_ahead: Signal<Local, Bits<48>>,
    leaves: Signal<Local, Bit>,
}

impl Logic for Book {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held, done_0, done_1, done_2, done_3);
        // Differences of counters are small, so that the highest bit is their sign.
        self.behind_0.next =
            self.moved.val().get_bits::<13>(0) - self.read_head.val().get_bits::<13>(0);
        self.behind_1.next =
            self.moved.val().get_bits::<13>(13) - self.read_head.val().get_bits::<13>(13);
        self.behind_2.next =
            self.moved.val().get_bits::<13>(26) - self.read_head.val().get_bits::<13>(26);
        self.behind_3.next =
            self.moved.val().get_bits::<13>(39) - self.read_head.val().get_bits::<13>(39);
        self.unused_behind.next = bit_cast::<48, 12>(self.behind_0.val().get_bits::<12>(0))
            | (bit_cast::<48, 12>(self.behind_1.val().get_bits::<12>(0)) << bits::<6>(12))
            | (bit_cast::<48, 12>(self.behind_2.val().get_bits::<12>(0)) << bits::<6>(24))
            | (bit_cast::<48, 12>(self.behind_3.val().get_bits::<12>(0)) << bits::<6>(36));
        self.arrived.next = self.read_holds.val()
            & !self.behind_0.val().get_bit(12)
            & !self.behind_1.val().get_bit(12)
            & !self.behind_2.val().get_bit(12)
            & !self.behind_3.val().get_bit(12);

        // Responses, this cycle's too.
        self.now_0.next =
            self.done_0.q.val() + bit_cast::<13, 1>(self.responses.val().get_bits::<1>(0));
        self.now_1.next =
            self.done_1.q.val() + bit_cast::<13, 1>(self.responses.val().get_bits::<1>(1));
        self.now_2.next =
            self.done_2.q.val() + bit_cast::<13, 1>(self.responses.val().get_bits::<1>(2));
        self.now_3.next =
            self.done_3.q.val() + bit_cast::<13, 1>(self.responses.val().get_bits::<1>(3));
        self.done_0.d.next = self.now_0.val();
        self.done_1.d.next = self.now_1.val();
        self.done_2.d.next = self.now_2.val();
        self.done_3.d.next = self.now_3.val();
        self.ahead_0.next = self.now_0.val() - self.written_head.val().get_bits::<13>(0);
        self.ahead_1.next = self.now_1.val() - self.written_head.val().get_bits::<13>(13);
        self.ahead_2.next = self.now_2.val() - self.written_head.val().get_bits::<13>(26);
        self.ahead_3.next = self.now_3.val() - self.written_head.val().get_bits::<13>(39);
        self.unused_ahead.next = bit_cast::<48, 12>(self.ahead_0.val().get_bits::<12>(0))
            | (bit_cast::<48, 12>(self.ahead_1.val().get_bits::<12>(0)) << bits::<6>(12))
            | (bit_cast::<48, 12>(self.ahead_2.val().get_bits::<12>(0)) << bits::<6>(24))
            | (bit_cast::<48, 12>(self.ahead_3.val().get_bits::<12>(0)) << bits::<6>(36));
        self.leaves.next = self.written_holds.val()
            & !self.ahead_0.val().get_bit(12)
            & !self.ahead_1.val().get_bit(12)
            & !self.ahead_2.val().get_bit(12)
            & !self.ahead_3.val().get_bit(12);
        self.written_pop.next = self.leaves.val();

        // Room, without what leaves and with it.
        self.free.next = self.capacity.val() - self.beats.val();
        self.held_after.next = self.held.q.val() - self.written_head.val().get_bits::<13>(52);
        self.room.next = self.held.q.val() <= self.free.val();
        self.sum.next = self.held.q.val() + self.beats.val();
        self.sum_after.next = self.held_after.val() + self.beats.val();
        if self.opens.val() {
            self.held.d.next = self.sum.val();
        }
        if self.leaves.val() {
            self.room.next = self.held_after.val() <= self.free.val();
            self.held.d.next = self.held_after.val();
            if self.opens.val() {
                self.held.d.next = self.sum_after.val();
            }
        }
        if self.reset.val() {
            self.held.d.next = bits::<13>(0);
            self.done_0.d.next = bits::<13>(0);
            self.done_1.d.next = bits::<13>(0);
            self.done_2.d.next = bits::<13>(0);
            self.done_3.d.next = bits::<13>(0);
        }
    }
}
