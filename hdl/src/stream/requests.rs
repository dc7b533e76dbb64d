//! A block's requests.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Makes bursts of blocks: each stream's part of the block after the other, cut where a page of 4 KiB ends. The next
/// burst stands in a register, so that one can be taken in every cycle. A block without beats takes one that asks for nothing.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Requests<const A: usize> {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// The streams begin; only while there is no block.
    pub load: Signal<In, Bit>,
    /// Where one does, in beats.
    pub begin_0: Signal<In, Bits<32>>,
    /// The same of another.
    pub begin_1: Signal<In, Bits<32>>,
    /// The same of another.
    pub begin_2: Signal<In, Bits<32>>,
    /// The same of another.
    pub begin_3: Signal<In, Bits<32>>,

    /// There is a block.
    pub holds: Signal<In, Bit>,
    /// Its beats, 9 of each stream.
    pub portions: Signal<In, Bits<36>>,
    /// Whatever goes with it.
    pub about: Signal<In, Bits<A>>,
    /// It is taken.
    pub pop: Signal<Out, Bit>,

    /// There is a burst.
    pub valid: Signal<Out, Bit>,
    /// It has beats.
    pub asks: Signal<Out, Bit>,
    /// Its stream.
    pub stream: Signal<Out, Bits<2>>,
    /// Its first beat.
    pub address: Signal<Out, Bits<32>>,
    /// Its beats.
    pub beats: Signal<Out, Bits<7>>,
    /// It is the last of the block.
    pub closes: Signal<Out, Bit>,
    /// What goes with the block.
    pub block_about: Signal<Out, Bits<A>>,
    /// It is taken.
    pub taken: Signal<In, Bit>,
    /// There is neither a block nor a burst.
    pub idle: Signal<Out, Bit>,

    has: DFF<Bit>,
    left_0: DFF<Bits<9>>,
    left_1: DFF<Bits<9>>,
    left_2: DFF<Bits<9>>,
    left_3: DFF<Bits<9>>,
    at_0: DFF<Bits<32>>,
    at_1: DFF<Bits<32>>,
    at_2: DFF<Bits<32>>,
    at_3: DFF<Bits<32>>,
    kept_about: DFF<Bits<A>>,
    offers: DFF<Bit>,
    offer_asks: DFF<Bit>,
    offer_stream: DFF<Bits<2>>,
    offer_address: DFF<Bits<32>>,
    offer_beats: DFF<Bits<7>>,
    offer_closes: DFF<Bit>,
    offer_about: DFF<Bits<A>>,
    which: Signal<Local, Bits<2>>,
    left: Signal<Local, Bits<9>>,
    at: Signal<Local, Bits<32>>,
    behind: Signal<Local, Bit>,
    in_page: Signal<Local, Bits<9>>,
    here: Signal<Local, Bits<7>>,
    rest: Signal<Local, Bits<9>>,
    after: Signal<Local, Bits<32>>,
    moves: Signal<Local, Bit>,
    is_last: Signal<Local, Bit>,
    pops: Signal<Local, Bit>,
}

impl<const A: usize> Logic for Requests<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            has,
            left_0,
            left_1,
            left_2,
            left_3,
            at_0,
            at_1,
            at_2,
            at_3,
            kept_about,
            offers,
            offer_asks,
            offer_stream,
            offer_address,
            offer_beats,
            offer_closes,
            offer_about
        );
        self.which.next = bits::<2>(3);
        self.left.next = self.left_3.q.val();
        self.at.next = self.at_3.q.val();
        self.behind.next = false;
        if self.left_2.q.val().any() {
            self.which.next = bits::<2>(2);
            self.left.next = self.left_2.q.val();
            self.at.next = self.at_2.q.val();
            self.behind.next = self.left_3.q.val().any();
        }
        if self.left_1.q.val().any() {
            self.which.next = bits::<2>(1);
            self.left.next = self.left_1.q.val();
            self.at.next = self.at_1.q.val();
            self.behind.next = self.left_2.q.val().any() | self.left_3.q.val().any();
        }
        if self.left_0.q.val().any() {
            self.which.next = bits::<2>(0);
            self.left.next = self.left_0.q.val();
            self.at.next = self.at_0.q.val();
            self.behind.next =
                self.left_1.q.val().any() | self.left_2.q.val().any() | self.left_3.q.val().any();
        }
        self.in_page.next = bits::<9>(64) - bit_cast::<9, 6>(self.at.val().get_bits::<6>(0));
        self.here.next = self.left.val().get_bits::<7>(0);
        if self.left.val() > self.in_page.val() {
            self.here.next = self.in_page.val().get_bits::<7>(0);
        }
        self.rest.next = self.left.val() - bit_cast::<9, 7>(self.here.val());
        self.after.next = self.at.val() + bit_cast::<32, 7>(self.here.val());
        self.is_last.next = !self.behind.val() & (self.left.val() <= self.in_page.val());
        self.moves.next = self.has.q.val() & (!self.offers.q.val() | self.taken.val());
        self.pops.next =
            self.holds.val() & (!self.has.q.val() | (self.moves.val() & self.is_last.val()));
        if self.taken.val() {
            self.offers.d.next = false;
        }
        if self.moves.val() {
            self.offers.d.next = true;
            self.offer_asks.d.next = self.left.val().any();
            self.offer_stream.d.next = self.which.val();
            self.offer_address.d.next = self.at.val();
            self.offer_beats.d.next = self.here.val();
            self.offer_closes.d.next = self.is_last.val();
            self.offer_about.d.next = self.kept_about.q.val();
            if self.which.val() == bits::<2>(0) {
                self.left_0.d.next = self.rest.val();
                self.at_0.d.next = self.after.val();
            }
            if self.which.val() == bits::<2>(1) {
                self.left_1.d.next = self.rest.val();
                self.at_1.d.next = self.after.val();
            }
            if self.which.val() == bits::<2>(2) {
                self.left_2.d.next = self.rest.val();
                self.at_2.d.next = self.after.val();
            }
            if self.which.val() == bits::<2>(3) {
                self.left_3.d.next = self.rest.val();
                self.at_3.d.next = self.after.val();
            }
            if self.is_last.val() {
                self.has.d.next = false;
            }
        }
        if self.pops.val() {
            self.has.d.next = true;
            self.left_0.d.next = self.portions.val().get_bits::<9>(0);
            self.left_1.d.next = self.portions.val().get_bits::<9>(9);
            self.left_2.d.next = self.portions.val().get_bits::<9>(18);
            self.left_3.d.next = self.portions.val().get_bits::<9>(27);
            self.kept_about.d.next = self.about.val();
        }
        if self.load.val() {
            self.at_0.d.next = self.begin_0.val();
            self.at_1.d.next = self.begin_1.val();
            self.at_2.d.next = self.begin_2.val();
            self.at_3.d.next = self.begin_3.val();
        }
        if self.reset.val() {
            self.has.d.next = false;
            self.offers.d.next = false;
        }
        self.pop.next = self.pops.val();
        self.valid.next = self.offers.q.val();
        self.asks.next = self.offer_asks.q.val();
        self.stream.next = self.offer_stream.q.val();
        self.address.next = self.offer_address.q.val();
        self.beats.next = self.offer_beats.q.val();
        self.closes.next = self.offer_closes.q.val();
        self.block_about.next = self.offer_about.q.val();
        self.idle.next = !self.has.q.val() & !self.offers.q.val();
    }
}
