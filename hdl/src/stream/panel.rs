//! Panels of weights: 32 input channels by 32 output channels, one after another, and their bursts.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Where one panel after another lies: output channels outside, then input channels, taps inside.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PanelWalk {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// A layer's panels begin.
    pub load: Signal<In, Bit>,
    /// Its input channels.
    pub ci: Signal<In, Bits<20>>,
    /// Its output channels.
    pub co: Signal<In, Bits<20>>,
    /// Beats from one row of weights to the next.
    pub pitch: Signal<In, Bits<16>>,
    /// Operand weights of a full panel: beats of FF 7, of BP 7, K slots of FF 6, of BP 6.
    pub full: Signal<In, Bits<26>>,
    /// The same of the last channels of each direction.
    pub rest: Signal<In, Bits<26>>,
    /// Beats of a tile of BP's operand.
    pub tile: Signal<In, Bits<32>>,
    /// Taps of the kernel.
    pub taps: Signal<In, Bits<10>>,
    /// Beats from 32 input channels to the next.
    pub block: Signal<In, Bits<32>>,
    /// Beats from a tap of a block of rows to the next.
    pub tap: Signal<In, Bits<32>>,
    /// The same of the last block, if it has fewer rows.
    pub short_tap: Signal<In, Bits<32>>,
    /// The first row of that block among those of its panel; 32 if there is none.
    pub short: Signal<In, Bits<6>>,
    /// Beats from the last row of a block to the first of the next.
    pub jump: Signal<In, Bits<32>>,
    /// Beats of BP's operand of all taps of a full panel.
    pub bp_taps: Signal<In, Bits<17>>,
    /// On to the next panel.
    pub step: Signal<In, Bit>,
    /// First beat of the panel, from the tensor's first on.
    pub base: Signal<Out, Bits<32>>,
    /// The same, as if its rows began where those of the last block do.
    pub base_short: Signal<Out, Bits<32>>,
    /// First row of the last block.
    pub short_from: Signal<Out, Bits<6>>,
    /// Beats from a block's last row to the next block's first.
    pub over: Signal<Out, Bits<32>>,
    /// Beats from one row to the next.
    pub row: Signal<Out, Bits<32>>,
    /// Input channels, 1 to 32.
    pub rows: Signal<Out, Bits<6>>,
    /// Output channels, 1 to 32.
    pub cols: Signal<Out, Bits<6>>,
    /// First beat of FF's operand, from the operand's first on.
    pub ff: Signal<Out, Bits<32>>,
    /// The same of BP's.
    pub bp: Signal<Out, Bits<32>>,
    /// Beats of FF's operand.
    pub ff_beats: Signal<Out, Bits<7>>,
    /// The same of BP's.
    pub bp_beats: Signal<Out, Bits<7>>,
    /// K slots of FF's.
    pub ff_slots: Signal<Out, Bits<6>>,
    /// The same of BP's.
    pub bp_slots: Signal<Out, Bits<6>>,

    taps_now: DFF<Bits<10>>,
    taps_left: DFF<Bits<10>>,
    block_now: DFF<Bits<32>>,
    tap_now: DFF<Bits<32>>,
    short_tap_now: DFF<Bits<32>>,
    short_now: DFF<Bits<6>>,
    jump_now: DFF<Bits<32>>,
    bp_taps_now: DFF<Bits<17>>,
    first: DFF<Bits<32>>,
    at_short: DFF<Bits<32>>,
    bp_first: DFF<Bits<32>>,
    ff_first: DFF<Bits<32>>,
    bp_block: DFF<Bits<32>>,
    ci_odd: DFF<Bit>,
    co_odd: DFF<Bit>,
    all: DFF<Bits<20>>,
    ci_left: DFF<Bits<20>>,
    co_left: DFF<Bits<20>>,
    pitch_now: DFF<Bits<16>>,
    full_now: DFF<Bits<26>>,
    rest_now: DFF<Bits<26>>,
    tile_now: DFF<Bits<32>>,
    at: DFF<Bits<32>>,
    column: DFF<Bits<32>>,
    ff_at: DFF<Bits<32>>,
    bp_at: DFF<Bits<32>>,
    bp_column: DFF<Bits<32>>,
    ends_ci: Signal<Local, Bit>,
    ends_co: Signal<Local, Bit>,
    ff_here: Signal<Local, Bits<7>>,
    bp_here: Signal<Local, Bits<7>>,
    ff_full: Signal<Local, Bits<7>>,
    bp_full: Signal<Local, Bits<7>>,
    ff_other: Signal<Local, Bits<7>>,
    bp_other: Signal<Local, Bits<7>>,
    ff_pair: Signal<Local, Bits<8>>,
    bp_pair: Signal<Local, Bits<8>>,
    ff_up: Signal<Local, Bits<32>>,
    next_first: Signal<Local, Bits<32>>,
    next_column: Signal<Local, Bits<32>>,
    next_bp_first: Signal<Local, Bits<32>>,
    next_bp: Signal<Local, Bits<32>>,
}

impl Logic for PanelWalk {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            taps_now,
            taps_left,
            block_now,
            tap_now,
            short_tap_now,
            short_now,
            jump_now,
            bp_taps_now,
            first,
            at_short,
            bp_first,
            ff_first,
            bp_block,
            ci_odd,
            co_odd,
            all,
            ci_left,
            co_left,
            pitch_now,
            full_now,
            rest_now,
            tile_now,
            at,
            column,
            ff_at,
            bp_at,
            bp_column
        );
        self.ends_ci.next = self.ci_left.q.val() <= bits::<20>(32);
        self.ends_co.next = self.co_left.q.val() <= bits::<20>(32);
        self.short_from.next = bits::<6>(32);
        self.rows.next = bits::<6>(32);
        self.ff_here.next = self.full_now.q.val().get_bits::<7>(0);
        self.ff_slots.next = self.full_now.q.val().get_bits::<6>(14);
        if self.ends_ci.val() {
            self.short_from.next = self.short_now.q.val();
            self.rows.next = self.ci_left.q.val().get_bits::<6>(0);
            self.ff_here.next = self.rest_now.q.val().get_bits::<7>(0);
            self.ff_slots.next = self.rest_now.q.val().get_bits::<6>(14);
        }
        self.cols.next = bits::<6>(32);
        self.bp_here.next = self.full_now.q.val().get_bits::<7>(7);
        self.bp_slots.next = self.full_now.q.val().get_bits::<6>(20);
        if self.ends_co.val() {
            self.cols.next = self.co_left.q.val().get_bits::<6>(0);
            self.bp_here.next = self.rest_now.q.val().get_bits::<7>(7);
            self.bp_slots.next = self.rest_now.q.val().get_bits::<6>(20);
        }
        self.ff_beats.next = self.ff_here.val();
        self.bp_beats.next = self.bp_here.val();
        self.next_column.next = self.column.q.val() + bits::<32>(2);
        self.next_first.next = self.first.q.val() + self.block_now.q.val();
        // K goes through the taps of 64 channels: two panels beside each other.
        self.ff_full.next = self.full_now.q.val().get_bits::<7>(0);
        self.bp_full.next = self.full_now.q.val().get_bits::<7>(7);
        self.ff_other.next = self.ff_full.val();
        if !self.ci_odd.q.val() & (self.ci_left.q.val() <= bits::<20>(64)) {
            self.ff_other.next = self.rest_now.q.val().get_bits::<7>(0);
            if self.ends_ci.val() {
                self.ff_other.next = bits::<7>(0);
            }
        }
        self.bp_other.next = self.bp_full.val();
        if !self.co_odd.q.val() & (self.co_left.q.val() <= bits::<20>(64)) {
            self.bp_other.next = self.rest_now.q.val().get_bits::<7>(7);
            if self.ends_co.val() {
                self.bp_other.next = bits::<7>(0);
            }
        }
        self.ff_pair.next =
            bit_cast::<8, 7>(self.ff_here.val()) + bit_cast::<8, 7>(self.ff_other.val());
        self.bp_pair.next =
            bit_cast::<8, 7>(self.bp_here.val()) + bit_cast::<8, 7>(self.bp_other.val());
        self.ff_up.next = self.ff_at.q.val() + bit_cast::<32, 7>(self.ff_here.val());
        self.next_bp.next = self.bp_column.q.val() + bit_cast::<32, 7>(self.bp_full.val());
        if self.co_odd.q.val() {
            self.next_bp.next = self.bp_block.q.val()
                + (bit_cast::<32, 17>(self.bp_taps_now.q.val()) << bits::<5>(1));
        }
        self.next_bp_first.next = self.bp_first.q.val() + self.tile_now.q.val();
        if self.step.val() {
            self.ff_at.d.next = self.ff_at.q.val() + bit_cast::<32, 8>(self.ff_pair.val());
            self.taps_left.d.next = self.taps_left.q.val() - bits::<10>(1);
            self.at.d.next = self.at.q.val() + self.tap_now.q.val();
            self.at_short.d.next = self.at_short.q.val() + self.short_tap_now.q.val();
            self.bp_at.d.next = self.bp_at.q.val() + bit_cast::<32, 8>(self.bp_pair.val());
            if self.taps_left.q.val() == bits::<10>(1) {
                self.taps_left.d.next = self.taps_now.q.val();
                self.ci_left.d.next = self.ci_left.q.val() - bits::<20>(32);
                self.first.d.next = self.next_first.val();
                self.at.d.next = self.next_first.val();
                self.at_short.d.next = self.next_first.val();
                self.bp_first.d.next = self.next_bp_first.val();
                self.bp_at.d.next = self.next_bp_first.val();
                self.ci_odd.d.next = true;
                self.ff_at.d.next = self.ff_first.q.val() + bit_cast::<32, 7>(self.ff_full.val());
                if self.ci_odd.q.val() | self.ends_ci.val() {
                    self.ci_odd.d.next = false;
                    self.ff_first.d.next = self.ff_up.val();
                    self.ff_at.d.next = self.ff_up.val();
                }
                if self.ends_ci.val() {
                    self.ci_left.d.next = self.all.q.val();
                    self.co_left.d.next = self.co_left.q.val() - bits::<20>(32);
                    self.column.d.next = self.next_column.val();
                    self.first.d.next = self.next_column.val();
                    self.at.d.next = self.next_column.val();
                    self.at_short.d.next = self.next_column.val();
                    self.bp_column.d.next = self.next_bp.val();
                    self.co_odd.d.next = true;
                    if self.co_odd.q.val() {
                        self.co_odd.d.next = false;
                        self.bp_block.d.next = self.next_bp.val();
                    }
                    self.bp_first.d.next = self.next_bp.val();
                    self.bp_at.d.next = self.next_bp.val();
                }
            }
        }
        if self.load.val() {
            self.all.d.next = self.ci.val();
            self.ci_left.d.next = self.ci.val();
            self.co_left.d.next = self.co.val();
            self.pitch_now.d.next = self.pitch.val();
            self.full_now.d.next = self.full.val();
            self.rest_now.d.next = self.rest.val();
            self.tile_now.d.next = self.tile.val();
            self.taps_now.d.next = self.taps.val();
            self.taps_left.d.next = self.taps.val();
            self.block_now.d.next = self.block.val();
            self.tap_now.d.next = self.tap.val();
            self.short_tap_now.d.next = self.short_tap.val();
            self.short_now.d.next = self.short.val();
            self.jump_now.d.next = self.jump.val();
            self.bp_taps_now.d.next = self.bp_taps.val();
            self.first.d.next = bits::<32>(0);
            self.at_short.d.next = bits::<32>(0);
            self.bp_first.d.next = bits::<32>(0);
            self.ff_first.d.next = bits::<32>(0);
            self.bp_block.d.next = bits::<32>(0);
            self.ci_odd.d.next = false;
            self.co_odd.d.next = false;
            self.at.d.next = bits::<32>(0);
            self.column.d.next = bits::<32>(0);
            self.ff_at.d.next = bits::<32>(0);
            self.bp_at.d.next = bits::<32>(0);
            self.bp_column.d.next = bits::<32>(0);
        }
        self.base.next = self.at.q.val();
        self.base_short.next = self.at_short.q.val();
        self.over.next = self.jump_now.q.val();
        self.row.next = bit_cast::<32, 16>(self.pitch_now.q.val());
        self.ff.next = self.ff_at.q.val();
        self.bp.next = self.bp_at.q.val();
    }
}

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
    /// Where panels lie ([`PanelWalk`]).
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
