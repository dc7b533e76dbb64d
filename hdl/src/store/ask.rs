//! What a store reads: its bias, and for each burst what is added and the mask.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Asks for what a tile reads, a request per cycle, each within a page: the bias of its columns if it is not kept from the tile
/// before, then for each burst, as soon as it is known and has room, what is added to it, what it is multiplied by for sums of products, and
/// the beats of the mask that it has more than the burst before. Addresses are in beats.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Ask {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A PARAMETERS is taken: the bias is another one.
    pub parameters: Signal<In, Bit>,
    /// Its `first`.
    pub parameters_first: Signal<In, Bits<30>>,
    /// A tile starts.
    pub start: Signal<In, Bit>,
    /// It adds a bias.
    pub with_bias: Signal<In, Bit>,
    /// It adds a tensor.
    pub with_add: Signal<In, Bit>,
    /// It sums products with a tensor.
    pub with_factor: Signal<In, Bit>,
    /// It applies a mask.
    pub with_mask: Signal<In, Bit>,
    /// Its first column.
    pub col_base: Signal<In, Bits<20>>,
    /// Its columns.
    pub cols: Signal<In, Bits<16>>,
    /// Where the tensor lies.
    pub add_base: Signal<In, Bits<30>>,
    /// Where the tensor lies whose products are summed.
    pub factor_base: Signal<In, Bits<30>>,
    /// Where the mask lies.
    pub mask_base: Signal<In, Bits<30>>,
    /// The first burst that nothing has been asked for is its tile's last.
    pub burst_last: Signal<In, Bit>,
    /// All is asked for, from this cycle on it takes room.
    pub burst_pop: Signal<Out, Bit>,
    /// Requests up to it.
    pub asked: Signal<Out, Bits<13>>,

    /// See [`super::Demand`].
    pub can: Signal<In, Bit>,
    /// See [`super::Demand`].
    pub nothing: Signal<In, Bit>,
    /// See [`super::Demand`].
    pub request_mask: Signal<In, Bit>,
    /// See [`super::Demand`].
    pub rest: Signal<In, Bits<7>>,
    /// See [`super::Demand`].
    pub after: Signal<In, Bits<30>>,
    /// See [`super::Demand`].
    pub request_factor: Signal<In, Bit>,
    /// See [`super::Demand`].
    pub factor_follows: Signal<In, Bit>,
    /// See [`super::Demand`].
    pub mask_follows: Signal<In, Bit>,
    /// See [`super::Demand`].
    pub mask_to: Signal<In, Bits<30>>,
    /// Bursts of the tile are to come.
    pub runs: Signal<Out, Bit>,
    /// What is asked for next: of a burst of which nothing is 0, the rest of what is added, in the next page, 1, the mask 2, its rest 3,
    /// the bias 4, the tensor whose products are summed 5, its rest 6.
    pub phase: Signal<Out, Bits<3>>,
    /// A tensor is added.
    pub on_add: Signal<Out, Bit>,
    /// Products with a tensor are summed.
    pub on_factor: Signal<Out, Bit>,
    /// A mask is applied.
    pub on_mask: Signal<Out, Bit>,
    /// Where the tensor lies.
    pub on_add_base: Signal<Out, Bits<30>>,
    /// Where the tensor lies whose products are summed.
    pub on_factor_base: Signal<Out, Bits<30>>,
    /// Where the mask lies.
    pub on_mask_base: Signal<Out, Bits<30>>,
    /// Where what is left of a part lies.
    pub at: Signal<Out, Bits<30>>,
    /// Its beats.
    pub part_left: Signal<Out, Bits<7>>,
    /// The mask's beat that was asked for last.
    pub last_mask: Signal<Out, Bits<30>>,
    /// There is one in this tile.
    pub has_last: Signal<Out, Bit>,
    /// The request is taken.
    pub ready: Signal<In, Bit>,
    /// A beat of the bias comes.
    pub comes_bias: Signal<In, Bit>,
    /// The last beat of a request comes.
    pub comes_last: Signal<In, Bit>,
    /// Requests that have come.
    pub arrived: Signal<Out, Bits<13>>,
    /// The bias has not come yet.
    pub waits: Signal<Out, Bit>,

    first: DFF<Bits<30>>,
    column_beat: Signal<Local, Bits<16>>,
    end_column_unused: Signal<Local, Bits<20>>,
    end_beat: Signal<Local, Bits<16>>,
    bias_beats_unused: Signal<Local, Bits<16>>,
    bias_beat: DFF<Bits<30>>,
    bias_beats: DFF<Bits<7>>,
    kept: DFF<Bit>,
    kept_base: DFF<Bits<20>>,
    kept_cols: DFF<Bits<16>>,
    needs_bias: Signal<Local, Bit>,
    bias_left: DFF<Bits<7>>,
    bias_left_down: Signal<Local, Bits<7>>,

    runs_now: DFF<Bit>,
    on_add_now: DFF<Bit>,
    on_factor_now: DFF<Bit>,
    on_mask_now: DFF<Bit>,
    on_add_base_now: DFF<Bits<30>>,
    on_factor_base_now: DFF<Bits<30>>,
    on_mask_base_now: DFF<Bits<30>>,
    phase_now: DFF<Bits<3>>,
    at_now: DFF<Bits<30>>,
    left_now: DFF<Bits<7>>,
    last_mask_now: DFF<Bits<30>>,
    has_last_now: DFF<Bit>,

    granted: Signal<Local, Bit>,
    part_ends: Signal<Local, Bit>,
    pops: Signal<Local, Bit>,
    count_asked: DFF<Bits<13>>,
    asked_up: Signal<Local, Bits<13>>,
    count_arrived: DFF<Bits<13>>,
    arrived_up: Signal<Local, Bits<13>>,
}

impl Logic for Ask {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, first, bias_beat, bias_beats, kept, kept_base, kept_cols, bias_left
        );
        dff_setup!(
            self,
            clock,
            runs_now,
            on_add_now,
            on_factor_now,
            on_mask_now,
            on_add_base_now,
            on_factor_base_now,
            on_mask_base_now,
            phase_now,
            at_now,
            left_now
        );
        dff_setup!(self, clock, last_mask_now, has_last_now, count_asked, count_arrived);

        // The bias of the tile's columns.
        self.column_beat.next = self.col_base.val().get_bits::<16>(4);
        self.end_column_unused.next =
            self.col_base.val() + bit_cast::<20, 16>(self.cols.val()) - bits::<20>(1);
        self.end_beat.next = self.end_column_unused.val().get_bits::<16>(4);
        self.bias_beats_unused.next = self.end_beat.val() - self.column_beat.val() + bits::<16>(1);
        self.bias_beats.d.next = self.bias_beats_unused.val().get_bits::<7>(0);
        self.bias_beat.d.next = self.first.q.val() + bit_cast::<30, 16>(self.column_beat.val());
        self.needs_bias.next = self.with_bias.val()
            & !(self.kept.q.val()
                & (self.kept_base.q.val() == self.col_base.val())
                & (self.kept_cols.q.val() == self.cols.val()));
        self.bias_left_down.next = self.bias_left.q.val() - bits::<7>(1);
        if self.comes_bias.val() {
            self.bias_left.d.next = self.bias_left_down.val();
        }
        self.waits.next = self.bias_left.q.val().any();

        self.granted.next = self.can.val() & !self.nothing.val() & self.ready.val();
        self.part_ends.next = self.granted.val() & !self.rest.val().any();
        self.pops.next = (self.part_ends.val()
            & !self.factor_follows.val()
            & !self.mask_follows.val()
            & (self.phase_now.q.val() != bits::<3>(4)))
            | (self.can.val() & self.nothing.val());
        self.burst_pop.next = self.pops.val();
        if self.granted.val() {
            self.at_now.d.next = self.after.val();
            self.left_now.d.next = self.rest.val();
            if self.rest.val().any() {
                if self.request_mask.val() {
                    if self.phase_now.q.val() != bits::<3>(4) {
                        self.phase_now.d.next = bits::<3>(3);
                    }
                } else {
                    self.phase_now.d.next = bits::<3>(1);
                    if self.request_factor.val() {
                        self.phase_now.d.next = bits::<3>(6);
                    }
                }
            } else {
                self.phase_now.d.next = bits::<3>(0);
                if self.mask_follows.val() {
                    self.phase_now.d.next = bits::<3>(2);
                }
                if self.factor_follows.val() {
                    self.phase_now.d.next = bits::<3>(5);
                }
            }
        }
        if self.pops.val() {
            self.last_mask_now.d.next = self.mask_to.val();
            self.has_last_now.d.next = true;
            if self.burst_last.val() {
                self.runs_now.d.next = false;
            }
        }

        self.runs.next = self.runs_now.q.val();
        self.phase.next = self.phase_now.q.val();
        self.on_add.next = self.on_add_now.q.val();
        self.on_factor.next = self.on_factor_now.q.val();
        self.on_mask.next = self.on_mask_now.q.val();
        self.on_add_base.next = self.on_add_base_now.q.val();
        self.on_factor_base.next = self.on_factor_base_now.q.val();
        self.on_mask_base.next = self.on_mask_base_now.q.val();
        self.at.next = self.at_now.q.val();
        self.part_left.next = self.left_now.q.val();
        self.last_mask.next = self.last_mask_now.q.val();
        self.has_last.next = self.has_last_now.q.val();

        // Counts, by which a burst knows that all has come.
        self.asked_up.next = self.count_asked.q.val() + bits::<13>(1);
        self.asked.next = self.count_asked.q.val();
        if self.granted.val() {
            self.count_asked.d.next = self.asked_up.val();
            self.asked.next = self.asked_up.val();
        }
        self.arrived_up.next = self.count_arrived.q.val() + bits::<13>(1);
        if self.comes_last.val() {
            self.count_arrived.d.next = self.arrived_up.val();
        }
        self.arrived.next = self.count_arrived.q.val();

        if self.start.val() {
            self.runs_now.d.next =
                self.with_add.val() | self.with_factor.val() | self.with_mask.val();
            self.on_add_now.d.next = self.with_add.val();
            self.on_factor_now.d.next = self.with_factor.val();
            self.on_mask_now.d.next = self.with_mask.val();
            self.on_add_base_now.d.next = self.add_base.val();
            self.on_factor_base_now.d.next = self.factor_base.val();
            self.on_mask_base_now.d.next = self.mask_base.val();
            self.has_last_now.d.next = false;
            if self.needs_bias.val() {
                self.phase_now.d.next = bits::<3>(4);
                self.at_now.d.next = self.bias_beat.q.val();
                self.left_now.d.next = self.bias_beats.q.val();
                self.bias_left.d.next = self.bias_beats.q.val();
                self.kept.d.next = true;
                self.kept_base.d.next = self.col_base.val();
                self.kept_cols.d.next = self.cols.val();
            }
        }
        if self.parameters.val() {
            self.first.d.next = self.parameters_first.val();
            self.kept.d.next = false;
        }
        if self.reset.val() {
            self.runs_now.d.next = false;
            self.phase_now.d.next = bits::<3>(0);
            self.kept.d.next = false;
            self.bias_left.d.next = bits::<7>(0);
            self.count_asked.d.next = bits::<13>(0);
            self.count_arrived.d.next = bits::<13>(0);
        }
    }
}
