//! The bursts of panels.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Makes the bursts of panels: two beats of each row of up to three tensors that lie like the master weights, then a run of FF's operand and
/// one of BP's, cut where a page ends; or, of what is read, a beat of numbers with the first panel. The next burst stands in a register.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PanelRuns<const A: usize> {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A layer's panels begin; only while there is none.
    pub load: Signal<In, Bit>,
    /// What there is of a panel: three tensors of rows, FF's operand, BP's operand or numbers.
    pub parts: Signal<In, Bits<5>>,
    /// The last of these are numbers, with the first panel alone. Constant.
    pub numbers: Signal<In, Bit>,
    /// First beats of the tensors.
    pub begin_0: Signal<In, Bits<32>>,
    /// The same of another.
    pub begin_1: Signal<In, Bits<32>>,
    /// The same of another.
    pub begin_2: Signal<In, Bits<32>>,
    /// The same of FF's operand.
    pub begin_3: Signal<In, Bits<32>>,
    /// The same of BP's, or of the numbers.
    pub begin_4: Signal<In, Bits<32>>,
    /// Stream of FF's operand.
    pub ff_stream: Signal<In, Bits<2>>,
    /// Stream of BP's, or of the numbers.
    pub bp_stream: Signal<In, Bits<2>>,
    /// Rows of a block, less one; constant.
    pub block_rows: Signal<In, Bits<6>>,
    /// Where panels lie ([`super::PanelWalk`]).
    pub base: Signal<In, Bits<32>>,
    /// The same.
    pub base_short: Signal<In, Bits<32>>,
    /// The same.
    pub short_from: Signal<In, Bits<6>>,
    /// The same.
    pub over: Signal<In, Bits<32>>,
    /// The same.
    pub row: Signal<In, Bits<32>>,
    /// The same.
    pub rows: Signal<In, Bits<6>>,
    /// The same.
    pub ff: Signal<In, Bits<32>>,
    /// The same.
    pub bp: Signal<In, Bits<32>>,
    /// The same.
    pub ff_beats: Signal<In, Bits<7>>,
    /// The same.
    pub bp_beats: Signal<In, Bits<7>>,
    /// On to the next of them.
    pub step: Signal<Out, Bit>,

    /// There is a panel.
    pub holds: Signal<In, Bit>,
    /// Whatever goes with it.
    pub about: Signal<In, Bits<A>>,
    /// It is taken.
    pub pop: Signal<Out, Bit>,

    /// There is a burst.
    pub valid: Signal<Out, Bit>,
    /// Its stream.
    pub stream: Signal<Out, Bits<2>>,
    /// Its first beat.
    pub address: Signal<Out, Bits<32>>,
    /// The lowest bits of where it lies in its ring.
    pub place: Signal<Out, Bits<6>>,
    /// Its beats.
    pub beats: Signal<Out, Bits<7>>,
    /// It is the last of the panel.
    pub closes: Signal<Out, Bit>,
    /// What goes with the panel.
    pub block_about: Signal<Out, Bits<A>>,
    /// It is taken.
    pub taken: Signal<In, Bit>,
    /// There is neither a panel nor a burst.
    pub idle: Signal<Out, Bit>,

    has: DFF<Bit>,
    mask: DFF<Bits<5>>,
    todo: DFF<Bits<5>>,
    at_0: DFF<Bits<32>>,
    at_1: DFF<Bits<32>>,
    at_2: DFF<Bits<32>>,
    at_3: DFF<Bits<32>>,
    at_4: DFF<Bits<32>>,
    stream_3: DFF<Bits<2>>,
    stream_4: DFF<Bits<2>>,
    row_at: DFF<Bits<6>>,
    run: DFF<Bits<32>>,
    done: DFF<Bits<7>>,
    kept_about: DFF<Bits<A>>,
    offers: DFF<Bit>,
    offer_stream: DFF<Bits<2>>,
    offer_address: DFF<Bits<32>>,
    offer_place: DFF<Bits<6>>,
    offer_beats: DFF<Bits<7>>,
    offer_closes: DFF<Bit>,
    offer_about: DFF<Bits<A>>,
    which: Signal<Local, Bits<5>>,
    which_stream: Signal<Local, Bits<2>>,
    first: Signal<Local, Bits<32>>,
    offset: Signal<Local, Bits<32>>,
    at: Signal<Local, Bits<32>>,
    is_rows: Signal<Local, Bit>,
    size: Signal<Local, Bits<7>>,
    left: Signal<Local, Bits<7>>,
    in_page: Signal<Local, Bits<7>>,
    here: Signal<Local, Bits<7>>,
    low: Signal<Local, Bits<6>>,
    part_ends: Signal<Local, Bit>,
    rest: Signal<Local, Bits<5>>,
    moves: Signal<Local, Bit>,
    is_last: Signal<Local, Bit>,
    pops: Signal<Local, Bit>,
    row_up: Signal<Local, Bits<6>>,
}

impl<const A: usize> Logic for PanelRuns<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            has,
            mask,
            todo,
            at_0,
            at_1,
            at_2,
            at_3,
            at_4,
            stream_3,
            stream_4,
            row_at,
            run,
            done,
            kept_about,
            offers,
            offer_stream,
            offer_address,
            offer_place,
            offer_beats,
            offer_closes,
            offer_about
        );
        self.which.next = bits::<5>(16);
        self.which_stream.next = self.stream_4.q.val();
        self.first.next = self.at_4.q.val();
        self.offset.next = self.bp.val() + bit_cast::<32, 7>(self.done.q.val());
        self.size.next = self.bp_beats.val();
        if self.numbers.val() {
            self.offset.next = bits::<32>(0);
            self.size.next = bits::<7>(1);
        }
        self.is_rows.next = false;
        if self.todo.q.val().get_bit(3) {
            self.which.next = bits::<5>(8);
            self.which_stream.next = self.stream_3.q.val();
            self.first.next = self.at_3.q.val();
            self.offset.next = self.ff.val() + bit_cast::<32, 7>(self.done.q.val());
            self.size.next = self.ff_beats.val();
        }
        if self.todo.q.val().get_bits::<3>(0).any() {
            self.is_rows.next = true;
            self.offset.next = self.base.val() + self.run.q.val();
            if self.row_at.q.val() >= self.short_from.val() {
                self.offset.next = self.base_short.val() + self.run.q.val();
            }
            self.size.next = bits::<7>(2);
        }
        if self.todo.q.val().get_bit(2) {
            self.which.next = bits::<5>(4);
            self.which_stream.next = bits::<2>(2);
            self.first.next = self.at_2.q.val();
        }
        if self.todo.q.val().get_bit(1) {
            self.which.next = bits::<5>(2);
            self.which_stream.next = bits::<2>(1);
            self.first.next = self.at_1.q.val();
        }
        if self.todo.q.val().get_bit(0) {
            self.which.next = bits::<5>(1);
            self.which_stream.next = bits::<2>(0);
            self.first.next = self.at_0.q.val();
        }
        self.at.next = self.first.val() + self.offset.val();
        self.left.next = self.size.val() - self.done.q.val();
        self.in_page.next = bits::<7>(64) - bit_cast::<7, 6>(self.at.val().get_bits::<6>(0));
        self.here.next = self.left.val();
        if self.left.val() > self.in_page.val() {
            self.here.next = self.in_page.val();
        }
        self.low.next = self.at.val().get_bits::<6>(0);
        self.row_up.next = self.row_at.q.val() + bits::<6>(1);
        self.part_ends.next = self.left.val() <= self.in_page.val();
        if self.is_rows.val() {
            self.here.next = bits::<7>(2);
            self.low.next = self.row_at.q.val() << bits::<3>(1);
            self.part_ends.next = self.row_up.val() == self.rows.val();
        }
        self.rest.next = self.todo.q.val() ^ self.which.val();
        self.is_last.next = self.part_ends.val() & !self.rest.val().any();
        self.moves.next = self.has.q.val() & (!self.offers.q.val() | self.taken.val());
        self.pops.next =
            self.holds.val() & (!self.has.q.val() | (self.moves.val() & self.is_last.val()));
        if self.taken.val() {
            self.offers.d.next = false;
        }
        if self.moves.val() {
            self.offers.d.next = true;
            self.offer_stream.d.next = self.which_stream.val();
            self.offer_address.d.next = self.at.val();
            self.offer_place.d.next = self.low.val();
            self.offer_beats.d.next = self.here.val();
            self.offer_closes.d.next = self.is_last.val();
            self.offer_about.d.next = self.kept_about.q.val();
            self.done.d.next = self.done.q.val() + self.here.val();
            if self.is_rows.val() {
                self.done.d.next = bits::<7>(0);
                self.row_at.d.next = self.row_up.val();
                self.run.d.next = self.run.q.val() + self.row.val();
                if (self.row_at.q.val() & self.block_rows.val()) == self.block_rows.val() {
                    self.run.d.next = self.run.q.val() + self.over.val();
                }
            }
            if self.part_ends.val() {
                self.done.d.next = bits::<7>(0);
                self.row_at.d.next = bits::<6>(0);
                self.run.d.next = bits::<32>(0);
                self.todo.d.next = self.rest.val();
            }
            if self.is_last.val() {
                self.has.d.next = false;
                self.todo.d.next = self.mask.q.val();
                if self.numbers.val() {
                    self.todo.d.next = self.mask.q.val() & bits::<5>(15);
                }
            }
        }
        if self.pops.val() {
            self.has.d.next = true;
            self.kept_about.d.next = self.about.val();
        }
        if self.load.val() {
            self.mask.d.next = self.parts.val();
            self.todo.d.next = self.parts.val();
            self.at_0.d.next = self.begin_0.val();
            self.at_1.d.next = self.begin_1.val();
            self.at_2.d.next = self.begin_2.val();
            self.at_3.d.next = self.begin_3.val();
            self.at_4.d.next = self.begin_4.val();
            self.stream_3.d.next = self.ff_stream.val();
            self.stream_4.d.next = self.bp_stream.val();
            self.row_at.d.next = bits::<6>(0);
            self.run.d.next = bits::<32>(0);
            self.done.d.next = bits::<7>(0);
        }
        if self.reset.val() {
            self.has.d.next = false;
            self.offers.d.next = false;
        }
        self.step.next = self.moves.val() & self.is_last.val();
        self.pop.next = self.pops.val();
        self.valid.next = self.offers.q.val();
        self.stream.next = self.offer_stream.q.val();
        self.address.next = self.offer_address.q.val();
        self.place.next = self.offer_place.q.val();
        self.beats.next = self.offer_beats.q.val();
        self.closes.next = self.offer_closes.q.val();
        self.block_about.next = self.offer_about.q.val();
        self.idle.next = !self.has.q.val() & !self.offers.q.val();
    }
}
