//! The walk through a tile, one piece per cycle, and the bursts that its pieces fill.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Reads a tile out of the drain buffer row by row, and a row in pieces: values of neighbouring columns that lie in one word, at most a
/// beat. Pieces fill beats from the lowest byte on. Rows that touch share a beat; else a row's last beat goes as it is, in a cycle of
/// its own if its last piece has filled the beat before. Beats one behind another in a page are a burst.
///
/// What is to happen with a piece leaves out of a register in the next cycle (`step`), for the data to follow. Addresses and lengths
/// are in units of 2 bytes.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Walk {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Length of a piece of FP16 values, constant: the array's columns.
    pub piece: Signal<In, Bits<6>>,
    /// Length of a piece of FP32 values, constant.
    pub single_piece: Signal<In, Bits<6>>,
    /// Values of a piece of FP32 values, constant.
    pub single_values: Signal<In, Bits<6>>,
    /// FP32 values of a word are two pieces, constant.
    pub splits: Signal<In, Bit>,
    /// Beats under way with which there is room for the longest burst, constant.
    pub room_beats: Signal<In, Bits<13>>,

    /// A tile starts; only while `free`.
    pub start: Signal<In, Bit>,
    /// The walk can take one.
    pub free: Signal<Out, Bit>,
    /// Address of the first row.
    pub address: Signal<In, Bits<35>>,
    /// From a row to the next.
    pub pitch: Signal<In, Bits<20>>,
    /// What is written of a row.
    pub row_length: Signal<In, Bits<20>>,
    /// Rows.
    pub row_count: Signal<In, Bits<21>>,
    /// Columns; behind them are zeros.
    pub cols: Signal<In, Bits<16>>,
    /// Words from a group of columns to the next.
    pub group_step: Signal<In, Bits<5>>,
    /// Rows before the outer step, less one.
    pub inner_last: Signal<In, Bits<5>>,
    /// Words from a row to the next.
    pub inner_step: Signal<In, Bits<5>>,
    /// Words of the outer step.
    pub outer_step: Signal<In, Bits<5>>,
    /// Words of the tile.
    pub words: Signal<In, Bits<17>>,
    /// Words that have to be there first.
    pub needed: Signal<In, Bits<17>>,
    /// FP32 values.
    pub single: Signal<In, Bit>,
    /// ReLU follows.
    pub relu: Signal<In, Bit>,
    /// Factor of all values.
    pub scale: Signal<In, Bits<32>>,
    /// The array drains a word.
    pub drains: Signal<In, Bit>,
    /// Words that it has drained before, modulo 2^17: the next one's place.
    pub drained: Signal<Out, Bits<17>>,
    /// A burst is done.
    pub done: Signal<In, Bit>,
    /// Its beats.
    pub done_beats: Signal<In, Bits<7>>,

    /// A piece is read, or the rest of one goes.
    pub step: Signal<Out, Bit>,
    /// Its word in the drain buffer, modulo 2^17.
    pub word: Signal<Out, Bits<17>>,
    /// Of two pieces it is the second.
    pub second: Signal<Out, Bit>,
    /// FP32 values.
    pub step_single: Signal<Out, Bit>,
    /// ReLU follows, with the piece.
    pub step_relu: Signal<Out, Bit>,
    /// Factor of the values, with the piece, not a cycle later.
    pub step_scale: Signal<Out, Bits<32>>,
    /// Values that are the tile's.
    pub values: Signal<Out, Bits<6>>,
    /// Length.
    pub length: Signal<Out, Bits<6>>,
    /// Place in the beat.
    pub place: Signal<Out, Bits<5>>,
    /// The beat is complete.
    pub emits: Signal<Out, Bit>,
    /// The beat's page, its lowest bits.
    pub page: Signal<Out, Bits<2>>,
    /// With it the burst is.
    pub closes: Signal<Out, Bit>,
    /// The burst's first beat.
    pub burst_address: Signal<Out, Bits<30>>,
    /// The burst's beats.
    pub burst_beats: Signal<Out, Bits<7>>,
    /// With it the tile is.
    pub last: Signal<Out, Bit>,

    active: DFF<Bit>,
    on_pitch: DFF<Bits<20>>,
    on_length: DFF<Bits<20>>,
    on_cols: DFF<Bits<16>>,
    on_group_step: DFF<Bits<5>>,
    on_inner_last: DFF<Bits<5>>,
    on_inner_step: DFF<Bits<5>>,
    on_outer_step: DFF<Bits<5>>,
    on_words: DFF<Bits<17>>,
    on_needed: DFF<Bits<17>>,
    on_single: DFF<Bit>,
    on_relu: DFF<Bit>,
    on_scale: DFF<Bits<32>>,
    count_drained: DFF<Bits<17>>,
    drained_up: Signal<Local, Bits<17>>,
    base: DFF<Bits<17>>,
    base_up: Signal<Local, Bits<17>>,

    // Where it is.
    here: DFF<Bits<35>>,
    next_row: DFF<Bits<35>>,
    first_next_row: Signal<Local, Bits<35>>,
    next_row_up: Signal<Local, Bits<35>>,
    here_up: Signal<Local, Bits<35>>,
    left: DFF<Bits<20>>,
    left_down: Signal<Local, Bits<20>>,
    rows_left: DFF<Bits<21>>,
    rows_down: Signal<Local, Bits<21>>,
    cols_left: DFF<Bits<16>>,
    cols_down: Signal<Local, Bits<16>>,
    entry: DFF<Bits<17>>,
    entry_up: Signal<Local, Bits<17>>,
    line: DFF<Bits<17>>,
    line_up: Signal<Local, Bits<17>>,
    outer: DFF<Bits<17>>,
    outer_up: Signal<Local, Bits<17>>,
    inner: DFF<Bits<5>>,
    inner_up: Signal<Local, Bits<5>>,
    is_second: DFF<Bit>,
    rest: DFF<Bit>,
    rest_beat: DFF<Bits<30>>,

    // This cycle's step.
    there: Signal<Local, Bits<17>>,
    opens: DFF<Bit>,
    goes: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    gives_rest: Signal<Local, Bit>,
    most: Signal<Local, Bits<6>>,
    most_values: Signal<Local, Bits<6>>,
    row_ends: Signal<Local, Bit>,
    taken: Signal<Local, Bits<6>>,
    of_tile: Signal<Local, Bits<6>>,
    filled: Signal<Local, Bits<7>>,
    fills: Signal<Local, Bit>,
    crosses: Signal<Local, Bit>,
    last_row: Signal<Local, Bit>,
    run_ends: Signal<Local, Bit>,
    beat: Signal<Local, Bits<30>>,
    beat_up: Signal<Local, Bits<30>>,
    emit: Signal<Local, Bit>,
    run_done: Signal<Local, Bit>,
    row_done: Signal<Local, Bit>,
    close: Signal<Local, Bit>,
    tile_done: Signal<Local, Bit>,
    splits_now: Signal<Local, Bit>,
    fresh: DFF<Bit>,
    burst_first: DFF<Bits<30>>,
    burst_count: DFF<Bits<7>>,
    first: Signal<Local, Bits<30>>,
    count: Signal<Local, Bits<7>>,
    held: DFF<Bits<13>>,
    held_up: Signal<Local, Bits<13>>,
    held_down: Signal<Local, Bits<13>>,

    // What leaves.
    step_now: DFF<Bit>,
    word_now: DFF<Bits<17>>,
    second_now: DFF<Bit>,
    single_now: DFF<Bit>,
    values_now: DFF<Bits<6>>,
    length_now: DFF<Bits<6>>,
    place_now: DFF<Bits<5>>,
    emits_now: DFF<Bit>,
    page_now: DFF<Bits<2>>,
    closes_now: DFF<Bit>,
    first_now: DFF<Bits<30>>,
    count_now: DFF<Bits<7>>,
    last_now: DFF<Bit>,
}

impl Logic for Walk {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, active, on_pitch, on_length, on_cols, on_group_step, on_inner_last);
        dff_setup!(self, clock, on_inner_step, on_outer_step, on_words, on_needed, on_single, base);
        dff_setup!(self, clock, here, next_row, left, rows_left, cols_left, entry, line, outer);
        dff_setup!(self, clock, inner, is_second, rest, rest_beat, opens, fresh, burst_first);
        dff_setup!(self, clock, burst_count, held, step_now, word_now, second_now, single_now);
        dff_setup!(self, clock, values_now, length_now, place_now, emits_now, page_now, closes_now);
        dff_setup!(self, clock, first_now, count_now, last_now, on_scale, on_relu, count_drained);

        self.drained_up.next = self.count_drained.q.val() + bits::<17>(1);
        if self.drains.val() {
            self.count_drained.d.next = self.drained_up.val();
        }
        self.drained.next = self.count_drained.q.val();

        // Whether there is a step: the words are there, and room for a burst that begins.
        self.there.next = self.count_drained.q.val() - self.base.q.val();
        self.goes.next = self.active.q.val()
            & (self.there.val() >= self.on_needed.q.val())
            & (!self.opens.q.val() | (self.held.q.val() <= self.room_beats.val()));
        self.takes.next = self.goes.val() & !self.rest.q.val();
        self.gives_rest.next = self.goes.val() & self.rest.q.val();

        // The piece.
        self.most.next = self.piece.val();
        self.most_values.next = self.piece.val();
        if self.on_single.q.val() {
            self.most.next = self.single_piece.val();
            self.most_values.next = self.single_values.val();
        }
        self.row_ends.next = self.left.q.val() <= bit_cast::<20, 6>(self.most.val());
        self.taken.next = self.most.val();
        if self.row_ends.val() {
            self.taken.next = self.left.q.val().get_bits::<6>(0);
        }
        self.of_tile.next = self.most_values.val();
        if self.cols_left.q.val() < bit_cast::<16, 6>(self.most_values.val()) {
            self.of_tile.next = self.cols_left.q.val().get_bits::<6>(0);
        }
        self.filled.next = bit_cast::<7, 5>(self.here.q.val().get_bits::<5>(0))
            + bit_cast::<7, 6>(self.taken.val());
        self.fills.next = self.filled.val() >= bits::<7>(32);
        self.crosses.next = self.filled.val() > bits::<7>(32);
        self.last_row.next = self.rows_left.q.val() == bits::<21>(1);
        self.run_ends.next = self.row_ends.val()
            & (self.last_row.val() | (self.on_length.q.val() != self.on_pitch.q.val()));

        // The beat, and the burst.
        self.beat.next = self.here.q.val().get_bits::<30>(5);
        if self.rest.q.val() {
            self.beat.next = self.rest_beat.q.val();
        }
        self.beat_up.next = self.beat.val() + bits::<30>(1);
        self.emit.next =
            (self.takes.val() & (self.fills.val() | self.run_ends.val())) | self.gives_rest.val();
        self.run_done.next =
            (self.takes.val() & self.run_ends.val() & !self.crosses.val()) | self.gives_rest.val();
        self.row_done.next =
            (self.takes.val() & self.row_ends.val() & !(self.run_ends.val() & self.crosses.val()))
                | self.gives_rest.val();
        self.close.next = self.emit.val()
            & (self.beat.val().get_bits::<6>(0).all()
                | (self.run_done.val()
                    & (self.last_row.val()
                        | (self.next_row.q.val().get_bits::<30>(5) != self.beat_up.val()))));
        self.tile_done.next = self.run_done.val() & self.last_row.val();
        self.first.next = self.burst_first.q.val();
        self.count.next = self.burst_count.q.val() + bits::<7>(1);
        if self.fresh.q.val() {
            self.first.next = self.beat.val();
            self.count.next = bits::<7>(1);
        }
        if self.emit.val() {
            self.burst_first.d.next = self.first.val();
            self.burst_count.d.next = self.count.val();
            self.fresh.d.next = self.close.val();
        }
        if self.goes.val() {
            self.opens.d.next = self.close.val();
        }
        self.held_up.next = self.held.q.val() + bit_cast::<13, 1>(self.emit.val().into());
        self.held_down.next = self.held_up.val() - bit_cast::<13, 7>(self.done_beats.val());
        self.held.d.next = self.held_up.val();
        if self.done.val() {
            self.held.d.next = self.held_down.val();
        }

        // The next piece.
        self.splits_now.next = self.splits.val() & self.on_single.q.val();
        self.here_up.next = self.here.q.val() + bit_cast::<35, 6>(self.taken.val());
        self.left_down.next = self.left.q.val() - bit_cast::<20, 6>(self.most.val());
        self.cols_down.next = self.cols_left.q.val() - bit_cast::<16, 6>(self.of_tile.val());
        self.entry_up.next = self.entry.q.val() + bit_cast::<17, 5>(self.on_group_step.q.val());
        self.next_row_up.next = self.next_row.q.val() + bit_cast::<35, 20>(self.on_pitch.q.val());
        self.rows_down.next = self.rows_left.q.val() - bits::<21>(1);
        self.line_up.next = self.line.q.val() + bit_cast::<17, 5>(self.on_inner_step.q.val());
        self.outer_up.next = self.outer.q.val() + bit_cast::<17, 5>(self.on_outer_step.q.val());
        self.inner_up.next = self.inner.q.val() + bits::<5>(1);
        self.base_up.next = self.base.q.val() + self.on_words.q.val();
        if self.takes.val() {
            self.here.d.next = self.here_up.val();
            self.left.d.next = self.left_down.val();
            self.cols_left.d.next = self.cols_down.val();
            self.is_second.d.next = self.splits_now.val() & !self.is_second.q.val();
            if !self.splits_now.val() | self.is_second.q.val() {
                self.entry.d.next = self.entry_up.val();
            }
            self.rest.d.next = self.run_ends.val() & self.crosses.val();
            self.rest_beat.d.next = self.beat_up.val();
        }
        if self.row_done.val() {
            self.here.d.next = self.next_row.q.val();
            self.next_row.d.next = self.next_row_up.val();
            self.left.d.next = self.on_length.q.val();
            self.cols_left.d.next = self.on_cols.q.val();
            self.rows_left.d.next = self.rows_down.val();
            self.is_second.d.next = false;
            self.rest.d.next = false;
            if self.inner.q.val() == self.on_inner_last.q.val() {
                self.inner.d.next = bits::<5>(0);
                self.outer.d.next = self.outer_up.val();
                self.line.d.next = self.outer_up.val();
                self.entry.d.next = self.outer_up.val();
            } else {
                self.inner.d.next = self.inner_up.val();
                self.line.d.next = self.line_up.val();
                self.entry.d.next = self.line_up.val();
            }
        }
        if self.tile_done.val() {
            self.active.d.next = false;
            self.base.d.next = self.base_up.val();
        }
        self.free.next = !self.active.q.val();
        self.first_next_row.next = self.address.val() + bit_cast::<35, 20>(self.pitch.val());
        if self.start.val() {
            self.active.d.next = true;
            self.on_pitch.d.next = self.pitch.val();
            self.on_length.d.next = self.row_length.val();
            self.on_cols.d.next = self.cols.val();
            self.on_group_step.d.next = self.group_step.val();
            self.on_inner_last.d.next = self.inner_last.val();
            self.on_inner_step.d.next = self.inner_step.val();
            self.on_outer_step.d.next = self.outer_step.val();
            self.on_words.d.next = self.words.val();
            self.on_needed.d.next = self.needed.val();
            self.on_single.d.next = self.single.val();
            self.on_relu.d.next = self.relu.val();
            self.on_scale.d.next = self.scale.val();
            self.here.d.next = self.address.val();
            self.next_row.d.next = self.first_next_row.val();
            self.left.d.next = self.row_length.val();
            self.rows_left.d.next = self.row_count.val();
            self.cols_left.d.next = self.cols.val();
            self.entry.d.next = self.base.q.val();
            self.line.d.next = self.base.q.val();
            self.outer.d.next = self.base.q.val();
            self.inner.d.next = bits::<5>(0);
            self.is_second.d.next = false;
            self.rest.d.next = false;
            self.opens.d.next = true;
            self.fresh.d.next = true;
        }
        if self.reset.val() {
            self.active.d.next = false;
            self.base.d.next = bits::<17>(0);
            self.count_drained.d.next = bits::<17>(0);
            self.held.d.next = bits::<13>(0);
        }

        self.step_now.d.next = self.goes.val() & !self.reset.val();
        self.word_now.d.next = self.entry.q.val();
        self.second_now.d.next = self.is_second.q.val();
        self.single_now.d.next = self.on_single.q.val();
        self.values_now.d.next = self.of_tile.val();
        self.length_now.d.next = self.taken.val();
        if self.rest.q.val() {
            self.values_now.d.next = bits::<6>(0);
            self.length_now.d.next = bits::<6>(0);
        }
        self.place_now.d.next = self.here.q.val().get_bits::<5>(0);
        self.emits_now.d.next = self.emit.val() & !self.reset.val();
        self.page_now.d.next = self.beat.val().get_bits::<2>(6);
        self.closes_now.d.next = self.close.val() & !self.reset.val();
        self.first_now.d.next = self.first.val();
        self.count_now.d.next = self.count.val();
        self.last_now.d.next = self.tile_done.val() & !self.reset.val();
        self.step.next = self.step_now.q.val();
        self.word.next = self.word_now.q.val();
        self.second.next = self.second_now.q.val();
        self.step_relu.next = self.on_relu.q.val();
        self.step_scale.next = self.on_scale.q.val();
        self.step_single.next = self.single_now.q.val();
        self.values.next = self.values_now.q.val();
        self.length.next = self.length_now.q.val();
        self.place.next = self.place_now.q.val();
        self.emits.next = self.emits_now.q.val();
        self.page.next = self.page_now.q.val();
        self.closes.next = self.closes_now.q.val();
        self.burst_address.next = self.first_now.q.val();
        self.burst_beats.next = self.count_now.q.val();
        self.last.next = self.last_now.q.val();
    }
}
