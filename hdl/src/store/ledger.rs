//! Bursts and tiles that have not ended.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Takes the responses to bursts. Those that are under way stand in a FIFO beside this block, in the order in which they were made; they
/// leave it in that order, one per cycle, in the cycle after their response has come at the earliest. A tile ends with its last burst.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Ledger {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A tile starts.
    pub start: Signal<In, Bit>,
    /// Responses, one bit for each master.
    pub responses: Signal<In, Bits<4>>,
    /// A burst has gone wrong: nothing leaves any more.
    pub fault: Signal<In, Bit>,
    /// There is a burst under way.
    pub holds: Signal<In, Bit>,
    /// The oldest: it is its tile's last 1, beats 7, master 2.
    pub head: Signal<In, Bits<10>>,
    /// It is done.
    pub done: Signal<Out, Bit>,
    /// Its beats.
    pub done_beats: Signal<Out, Bits<7>>,
    /// Its tile ends with this cycle.
    pub tile_ends: Signal<Out, Bit>,
    /// No tile is under way.
    pub idle: Signal<Out, Bit>,

    count_0: DFF<Bits<11>>,
    count_1: DFF<Bits<11>>,
    count_2: DFF<Bits<11>>,
    count_3: DFF<Bits<11>>,
    after_0: Signal<Local, Bits<11>>,
    after_1: Signal<Local, Bits<11>>,
    after_2: Signal<Local, Bits<11>>,
    after_3: Signal<Local, Bits<11>>,
    answered: Signal<Local, Bit>,
    here: Signal<Local, Bits<4>>,
    leaves: Signal<Local, Bit>,
    left: Signal<Local, Bits<4>>,
    ends: Signal<Local, Bit>,
    tiles: DFF<Bits<11>>,
    tiles_up: Signal<Local, Bits<11>>,
    tiles_down: Signal<Local, Bits<11>>,
}

impl Logic for Ledger {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, count_0, count_1, count_2, count_3, tiles);
        self.answered.next = false;
        if self.head.val().get_bits::<2>(0) == bits::<2>(0) {
            self.answered.next = self.count_0.q.val().any();
        }
        if self.head.val().get_bits::<2>(0) == bits::<2>(1) {
            self.answered.next = self.count_1.q.val().any();
        }
        if self.head.val().get_bits::<2>(0) == bits::<2>(2) {
            self.answered.next = self.count_2.q.val().any();
        }
        if self.head.val().get_bits::<2>(0) == bits::<2>(3) {
            self.answered.next = self.count_3.q.val().any();
        }
        self.here.next = bits::<4>(1) << self.head.val().get_bits::<2>(0);
        self.left.next = bits::<4>(0);
        self.leaves.next = self.holds.val() & !self.fault.val() & self.answered.val();
        if self.leaves.val() {
            self.left.next = self.here.val();
        }
        self.after_0.next =
            self.count_0.q.val() - bit_cast::<11, 1>(self.left.val().get_bits::<1>(0));
        self.after_1.next =
            self.count_1.q.val() - bit_cast::<11, 1>(self.left.val().get_bits::<1>(1));
        self.after_2.next =
            self.count_2.q.val() - bit_cast::<11, 1>(self.left.val().get_bits::<1>(2));
        self.after_3.next =
            self.count_3.q.val() - bit_cast::<11, 1>(self.left.val().get_bits::<1>(3));
        self.count_0.d.next =
            self.after_0.val() + bit_cast::<11, 1>(self.responses.val().get_bits::<1>(0));
        self.count_1.d.next =
            self.after_1.val() + bit_cast::<11, 1>(self.responses.val().get_bits::<1>(1));
        self.count_2.d.next =
            self.after_2.val() + bit_cast::<11, 1>(self.responses.val().get_bits::<1>(2));
        self.count_3.d.next =
            self.after_3.val() + bit_cast::<11, 1>(self.responses.val().get_bits::<1>(3));
        self.done.next = self.leaves.val();
        self.done_beats.next = self.head.val().get_bits::<7>(2);
        self.ends.next = self.leaves.val() & self.head.val().get_bit(9);
        self.tile_ends.next = self.ends.val();
        self.tiles_up.next = self.tiles.q.val() + bits::<11>(1);
        self.tiles_down.next = self.tiles.q.val() - bits::<11>(1);
        if self.start.val() & !self.ends.val() {
            self.tiles.d.next = self.tiles_up.val();
        }
        if self.ends.val() & !self.start.val() {
            self.tiles.d.next = self.tiles_down.val();
        }
        self.idle.next = !self.tiles.q.val().any();
        if self.reset.val() {
            self.count_0.d.next = bits::<11>(0);
            self.count_1.d.next = bits::<11>(0);
            self.count_2.d.next = bits::<11>(0);
            self.count_3.d.next = bits::<11>(0);
            self.tiles.d.next = bits::<11>(0);
        }
    }
}
