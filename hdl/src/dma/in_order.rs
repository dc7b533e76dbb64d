//! A read client that gets its beats in the order in which it asked, whatever the masters do.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Decides from which master the next beat comes, and counts what is under way.
///
/// A request's beats are no longer under way from the cycle
/// after the last of them could be given on: the one in which that beat is given, out of a register.
///
/// A beat is given the cycle after it came, or later in its turn, when the one before has been taken. The requests under way and
/// the masters' beats stand in FIFOs beside this block. A beat that is given as it comes does not pass its FIFO.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct InOrder {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything; only while nothing is under way.
    pub reset: Signal<In, Bit>,
    /// Beats of the request that is to go.
    pub beats: Signal<In, Bits<7>>,
    /// It is taken.
    pub taken: Signal<In, Bit>,
    /// Beats that are under way.
    pub held: Signal<Out, Bits<13>>,

    /// The oldest request under way is there.
    pub order_holds: Signal<In, Bit>,
    /// The oldest: beats 7, master 2.
    pub order_head: Signal<In, Bits<9>>,
    /// It is complete.
    pub order_pop: Signal<Out, Bit>,
    /// A beat comes, one bit per master.
    pub comes: Signal<In, Bits<4>>,
    /// The masters' FIFOs hold beats.
    pub holds: Signal<In, Bits<4>>,
    /// A beat goes into its FIFO.
    pub push: Signal<Out, Bits<4>>,
    /// A beat leaves its FIFO.
    pub pop: Signal<Out, Bits<4>>,
    /// Master whose beat is given next.
    pub master: Signal<Out, Bits<2>>,
    /// It is the one that comes, not its FIFO's.
    pub direct: Signal<Out, Bit>,

    /// The engine takes the beat that is given.
    pub ready: Signal<In, Bit>,
    /// The next beat is given from the next cycle on.
    pub gives: Signal<Out, Bit>,
    /// A beat is given, out of a register.
    pub given: Signal<Out, Bit>,
    /// It is the last of its request.
    pub given_last: Signal<Out, Bit>,
    /// Nothing is under way.
    pub idle: Signal<Out, Bit>,

    under_way: DFF<Bits<13>>,
    sum: Signal<Local, Bits<13>>,
    released: Signal<Local, Bits<13>>,
    after: Signal<Local, Bits<13>>,
    beat_at: DFF<Bits<7>>,
    beat_up: Signal<Local, Bits<7>>,
    here: Signal<Local, Bits<4>>,
    kept_here: Signal<Local, Bits<4>>,
    comes_here: Signal<Local, Bits<4>>,
    comes_there: Signal<Local, Bits<4>>,
    there: Signal<Local, Bit>,
    kept: Signal<Local, Bit>,
    free: Signal<Local, Bit>,
    next: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    give: DFF<Bit>,
    give_last: DFF<Bit>,
}

impl Logic for InOrder {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, under_way, beat_at, give, give_last);
        // Which beat is next.
        self.here.next = bits::<4>(1) << self.order_head.val().get_bits::<2>(7);
        self.kept_here.next = self.holds.val() & self.here.val();
        self.comes_here.next = self.comes.val() & self.here.val();
        self.comes_there.next = self.comes.val() ^ self.comes_here.val();
        self.kept.next = self.kept_here.val().any();
        self.there.next = self.kept.val() | self.comes_here.val().any();
        self.free.next = self.ready.val() | !self.give.q.val();
        self.next.next = self.order_holds.val() & self.there.val() & self.free.val();
        self.gives.next = self.next.val();
        self.beat_up.next = self.beat_at.q.val() + bits::<7>(1);
        self.last.next = self.beat_up.val() == self.order_head.val().get_bits::<7>(0);
        self.order_pop.next = self.next.val() & self.last.val();
        self.master.next = self.order_head.val().get_bits::<2>(7);
        self.direct.next = !self.kept.val();
        self.push.next = self.comes.val();
        self.pop.next = bits::<4>(0);
        if self.next.val() {
            self.beat_at.d.next = self.beat_up.val();
            if self.last.val() {
                self.beat_at.d.next = bits::<7>(0);
            }
            if self.kept.val() {
                self.pop.next = self.here.val();
            } else {
                self.push.next = self.comes_there.val();
            }
        }
        if self.free.val() {
            self.give.d.next = self.next.val();
            self.give_last.d.next = self.last.val();
        }
        self.given.next = self.give.q.val();
        self.given_last.next = self.give_last.q.val();

        // Room.
        self.sum.next = self.under_way.q.val() + bit_cast::<13, 7>(self.beats.val());
        self.held.next = self.under_way.q.val();
        self.released.next = bits::<13>(0);
        if self.order_pop.val() {
            self.released.next = bit_cast::<13, 7>(self.order_head.val().get_bits::<7>(0));
        }
        self.after.next = self.under_way.q.val() - self.released.val();
        self.under_way.d.next = self.after.val();
        if self.taken.val() {
            self.under_way.d.next = self.sum.val() - self.released.val();
        }
        if self.reset.val() {
            self.under_way.d.next = bits::<13>(0);
            self.beat_at.d.next = bits::<7>(0);
            self.give.d.next = false;
        }
        self.idle.next = !self.under_way.q.val().any() & !self.give.q.val();
    }
}

/// Asks for a request if its beats and those under way are at most `capacity`. It stands apart, so that what is asked does not follow
/// from what is taken, not even to tools that look at whole blocks.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Room {
    /// Beats that may be under way, constant.
    pub capacity: Signal<In, Bits<13>>,
    /// Beats that are.
    pub held: Signal<In, Bits<13>>,
    /// A request is to go.
    pub valid: Signal<In, Bit>,
    /// Its beats.
    pub beats: Signal<In, Bits<7>>,
    /// It has room: it is asked for.
    pub ask: Signal<Out, Bit>,

    sum: Signal<Local, Bits<13>>,
}

impl Logic for Room {
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.held.val() + bit_cast::<13, 7>(self.beats.val());
        self.ask.next = self.valid.val() & (self.sum.val() <= self.capacity.val());
    }
}

/// The beat that is given, and whether it is an error.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Give {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Master whose beat is given next.
    pub master: Signal<In, Bits<2>>,
    /// It is the one that comes, not its FIFO's.
    pub direct: Signal<In, Bit>,
    /// It is given from the next cycle on, else the one before stays.
    pub gives: Signal<In, Bit>,
    /// A beat that comes, of a master: data 512, error 1.
    pub comes_0: Signal<In, Bits<513>>,
    /// The same of another.
    pub comes_1: Signal<In, Bits<513>>,
    /// The same of another.
    pub comes_2: Signal<In, Bits<513>>,
    /// The same of another.
    pub comes_3: Signal<In, Bits<513>>,
    /// The oldest beat of a master's FIFO.
    pub holds_0: Signal<In, Bits<513>>,
    /// The same of another.
    pub holds_1: Signal<In, Bits<513>>,
    /// The same of another.
    pub holds_2: Signal<In, Bits<513>>,
    /// The same of another.
    pub holds_3: Signal<In, Bits<513>>,
    /// The beat, one cycle later.
    pub beat: Signal<Out, Bits<513>>,

    kept: DFF<Bits<513>>,
    comes: Signal<Local, Bits<513>>,
    holds: Signal<Local, Bits<513>>,
}

impl Logic for Give {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, kept);
        self.comes.next = self.comes_0.val();
        self.holds.next = self.holds_0.val();
        if self.master.val() == bits::<2>(1) {
            self.comes.next = self.comes_1.val();
            self.holds.next = self.holds_1.val();
        }
        if self.master.val() == bits::<2>(2) {
            self.comes.next = self.comes_2.val();
            self.holds.next = self.holds_2.val();
        }
        if self.master.val() == bits::<2>(3) {
            self.comes.next = self.comes_3.val();
            self.holds.next = self.holds_3.val();
        }
        if self.gives.val() {
            self.kept.d.next = self.holds.val();
            if self.direct.val() {
                self.kept.d.next = self.comes.val();
            }
        }
        self.beat.next = self.kept.q.val();
    }
}
