//! The walk through a tile, one piece per cycle, and the bursts that its pieces fill.
//!
//! Patches beside each other in an image are a stripe, whose pixels are read line by line. A row is what is written of a pixel; weight rows and
//! pixels without patches are the rows of one line.

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
    /// Beats under way.
    pub under_way: Signal<Out, Bits<13>>,
    /// A burst takes room before its pieces are read, because tensors are read for it.
    pub reserves: Signal<In, Bit>,
    /// Its beats.
    pub reserved_beats: Signal<In, Bits<7>>,
    /// What is read for the next burst is there.
    pub read: Signal<In, Bit>,
    /// That burst begins.
    pub opens_read: Signal<Out, Bit>,
    /// The bias is not there yet.
    pub waits: Signal<In, Bit>,

    /// A tile starts; only while `free`.
    pub start: Signal<In, Bit>,
    /// The walk can take one.
    pub free: Signal<Out, Bit>,
    /// Address of the first row.
    pub address: Signal<In, Bits<35>>,
    /// From a row to the next of its line.
    pub pitch: Signal<In, Bits<24>>,
    /// What is written of a row.
    pub row_length: Signal<In, Bits<20>>,
    /// Rows of a line of the first stripe.
    pub width: Signal<In, Bits<21>>,
    /// Lines of the first stripe.
    pub lines: Signal<In, Bits<5>>,
    /// Rows that the patches behind the first stripe would have in one line.
    pub beyond: Signal<In, Bits<21>>,
    /// Stripes below the first in its image.
    pub blocks_left: Signal<In, Bits<16>>,
    /// First row of the stripe below.
    pub block_next: Signal<In, Bits<35>>,
    /// First row of the next image.
    pub image_next: Signal<In, Bits<35>>,
    /// From a line to the next.
    pub line_pitch: Signal<In, Bits<35>>,
    /// From a stripe to the one below.
    pub block_pitch: Signal<In, Bits<35>>,
    /// From an image to the next.
    pub image_pitch: Signal<In, Bits<35>>,
    /// Rows of a line of a whole image.
    pub image_w: Signal<In, Bits<16>>,
    /// Rows that its patches would have.
    pub row_pixels: Signal<In, Bits<17>>,
    /// Lines of a stripe.
    pub block_lines: Signal<In, Bits<5>>,
    /// Lines of the lowest stripe of an image.
    pub last_lines: Signal<In, Bits<5>>,
    /// Stripes of an image less one.
    pub blocks_last: Signal<In, Bits<16>>,
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
    /// Words from a line to the next.
    pub line_step: Signal<In, Bits<5>>,
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
    /// Tensors are read for each burst.
    pub reads: Signal<In, Bit>,
    /// The work, for the lanes.
    pub work: Signal<In, Bits<7>>,
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
    /// Which of the words of its row it is.
    pub group: Signal<Out, Bits<5>>,
    /// The beat that it goes to.
    pub step_beat: Signal<Out, Bits<30>>,
    /// The work, with the piece.
    pub step_work: Signal<Out, Bits<7>>,
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
    on_pitch: DFF<Bits<24>>,
    on_line_pitch: DFF<Bits<35>>,
    on_block_pitch: DFF<Bits<35>>,
    on_image_pitch: DFF<Bits<35>>,
    on_image_w: DFF<Bits<16>>,
    on_row_pixels: DFF<Bits<17>>,
    on_block_lines: DFF<Bits<5>>,
    on_last_lines: DFF<Bits<5>>,
    on_blocks_last: DFF<Bits<16>>,
    on_line_step: DFF<Bits<5>>,
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
    on_reads: DFF<Bit>,
    on_work: DFF<Bits<7>>,
    column: DFF<Bits<5>>,
    column_up: Signal<Local, Bits<5>>,
    group_now: DFF<Bits<5>>,
    beat_now: DFF<Bits<30>>,
    has_room: Signal<Local, Bit>,
    may_open: Signal<Local, Bit>,
    own_emit: Signal<Local, Bit>,
    own_beats: Signal<Local, Bits<13>>,
    count_drained: DFF<Bits<17>>,
    drained_up: Signal<Local, Bits<17>>,
    base: DFF<Bits<17>>,
    base_up: Signal<Local, Bits<17>>,

    // Where it is.
    here: DFF<Bits<35>>,
    row_end: DFF<Bits<35>>,
    first_row_end: Signal<Local, Bits<35>>,
    row_end_up: Signal<Local, Bits<35>>,
    next_pixel: DFF<Bits<35>>,
    next_line: DFF<Bits<35>>,
    next_block: DFF<Bits<35>>,
    next_image: DFF<Bits<35>>,
    first_next_pixel: Signal<Local, Bits<35>>,
    first_next_line: Signal<Local, Bits<35>>,
    next_row: Signal<Local, Bits<35>>,
    next_pixel_up: Signal<Local, Bits<35>>,
    next_line_up: Signal<Local, Bits<35>>,
    next_block_up: Signal<Local, Bits<35>>,
    next_image_up: Signal<Local, Bits<35>>,
    here_up: Signal<Local, Bits<35>>,
    left: DFF<Bits<20>>,
    left_down: Signal<Local, Bits<20>>,
    line_rows: DFF<Bits<21>>,
    rows_left: DFF<Bits<21>>,
    rows_down: Signal<Local, Bits<21>>,
    lines_left: DFF<Bits<5>>,
    lines_down: Signal<Local, Bits<5>>,
    rest_rows: DFF<Bits<21>>,
    rest_down: Signal<Local, Bits<21>>,
    whole_line: Signal<Local, Bit>,
    next_width: Signal<Local, Bits<21>>,
    under: DFF<Bits<16>>,
    under_down: Signal<Local, Bits<16>>,
    next_under: Signal<Local, Bits<16>>,
    line_ends: Signal<Local, Bit>,
    stripe_ends: Signal<Local, Bit>,
    image_ends: Signal<Local, Bit>,
    cols_left: DFF<Bits<16>>,
    cols_down: Signal<Local, Bits<16>>,
    entry: DFF<Bits<17>>,
    entry_up: Signal<Local, Bits<17>>,
    line: DFF<Bits<17>>,
    line_up: Signal<Local, Bits<17>>,
    outer: DFF<Bits<17>>,
    outer_up: Signal<Local, Bits<17>>,
    first_line: DFF<Bits<17>>,
    this_line: DFF<Bits<17>>,
    this_line_up: Signal<Local, Bits<17>>,
    patch: DFF<Bits<17>>,
    patch_up: Signal<Local, Bits<17>>,
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
        dff_setup!(self, clock, on_line_pitch, on_block_pitch, on_image_pitch, on_image_w);
        dff_setup!(self, clock, on_row_pixels, on_block_lines, on_last_lines, on_blocks_last);
        dff_setup!(self, clock, on_line_step, row_end, next_pixel, next_line, next_block);
        dff_setup!(self, clock, next_image, line_rows, lines_left, rest_rows, under, first_line);
        dff_setup!(self, clock, this_line, patch, on_reads, on_work, column, group_now, beat_now);
        dff_setup!(self, clock, here, left, rows_left, cols_left, entry, line, outer);
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
        self.has_room.next = self.held.q.val() <= self.room_beats.val();
        self.under_way.next = self.held.q.val();
        self.may_open.next = self.has_room.val();
        if self.on_reads.q.val() {
            self.may_open.next = self.read.val();
        }
        self.goes.next = self.active.q.val()
            & !self.waits.val()
            & (self.there.val() >= self.on_needed.q.val())
            & (!self.opens.q.val() | self.may_open.val());
        self.opens_read.next = self.goes.val() & self.opens.q.val() & self.on_reads.q.val();
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
        // The row that follows: of the line, of the next line, of the next stripe.
        self.line_ends.next = self.rows_left.q.val() == bits::<21>(1);
        self.stripe_ends.next = self.line_ends.val() & (self.lines_left.q.val() == bits::<5>(1));
        self.image_ends.next = !self.under.q.val().any();
        self.last_row.next = self.stripe_ends.val() & !self.rest_rows.q.val().any();
        self.next_row.next = self.next_pixel.q.val();
        if self.line_ends.val() {
            self.next_row.next = self.next_line.q.val();
        }
        if self.stripe_ends.val() {
            self.next_row.next = self.next_block.q.val();
            if self.image_ends.val() {
                self.next_row.next = self.next_image.q.val();
            }
        }
        self.run_ends.next = self.row_ends.val()
            & (self.last_row.val() | (self.next_row.val() != self.row_end.q.val()));

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
                        | (self.next_row.val().get_bits::<30>(5) != self.beat_up.val()))));
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
        self.own_emit.next = self.emit.val() & !self.on_reads.q.val();
        self.own_beats.next = bit_cast::<13, 1>(self.own_emit.val().into());
        if self.reserves.val() {
            self.own_beats.next = bit_cast::<13, 7>(self.reserved_beats.val());
        }
        self.held_up.next = self.held.q.val() + self.own_beats.val();
        self.held_down.next = self.held_up.val() - bit_cast::<13, 7>(self.done_beats.val());
        self.held.d.next = self.held_up.val();
        if self.done.val() {
            self.held.d.next = self.held_down.val();
        }

        // The next piece.
        self.column_up.next = self.column.q.val() + bits::<5>(1);
        self.splits_now.next = self.splits.val() & self.on_single.q.val();
        self.here_up.next = self.here.q.val() + bit_cast::<35, 6>(self.taken.val());
        self.left_down.next = self.left.q.val() - bit_cast::<20, 6>(self.most.val());
        self.cols_down.next = self.cols_left.q.val() - bit_cast::<16, 6>(self.of_tile.val());
        self.entry_up.next = self.entry.q.val() + bit_cast::<17, 5>(self.on_group_step.q.val());
        self.row_end_up.next = self.next_row.val() + bit_cast::<35, 20>(self.on_length.q.val());
        self.next_pixel_up.next = self.next_row.val() + bit_cast::<35, 24>(self.on_pitch.q.val());
        self.next_line_up.next = self.next_row.val() + self.on_line_pitch.q.val();
        self.next_block_up.next = self.next_row.val() + self.on_block_pitch.q.val();
        self.next_image_up.next = self.next_image.q.val() + self.on_image_pitch.q.val();
        self.lines_down.next = self.lines_left.q.val() - bits::<5>(1);
        self.whole_line.next =
            self.rest_rows.q.val() >= bit_cast::<21, 17>(self.on_row_pixels.q.val());
        self.rest_down.next = bits::<21>(0);
        self.next_width.next = self.rest_rows.q.val();
        if self.whole_line.val() {
            self.rest_down.next =
                self.rest_rows.q.val() - bit_cast::<21, 17>(self.on_row_pixels.q.val());
            self.next_width.next = bit_cast::<21, 16>(self.on_image_w.q.val());
        }
        self.under_down.next = self.under.q.val() - bits::<16>(1);
        self.next_under.next = self.under_down.val();
        if self.image_ends.val() {
            self.next_under.next = self.on_blocks_last.q.val();
        }
        self.this_line_up.next =
            self.this_line.q.val() + bit_cast::<17, 5>(self.on_line_step.q.val());
        self.patch_up.next = self.patch.q.val() + bit_cast::<17, 5>(self.on_outer_step.q.val());
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
                self.column.d.next = self.column_up.val();
            }
            self.rest.d.next = self.run_ends.val() & self.crosses.val();
            self.rest_beat.d.next = self.beat_up.val();
        }
        if self.row_done.val() {
            self.here.d.next = self.next_row.val();
            self.row_end.d.next = self.row_end_up.val();
            self.next_pixel.d.next = self.next_pixel_up.val();
            self.left.d.next = self.on_length.q.val();
            self.cols_left.d.next = self.on_cols.q.val();
            self.rows_left.d.next = self.rows_down.val();
            self.column.d.next = bits::<5>(0);
            self.is_second.d.next = false;
            self.rest.d.next = false;
            if self.inner.q.val() == self.on_inner_last.q.val() {
                self.inner.d.next = bits::<5>(0);
                self.outer.d.next = self.outer_up.val();
                self.line.d.next = self.outer_up.val();
                self.entry.d.next = self.outer_up.val();
                self.patch.d.next = self.patch_up.val();
            } else {
                self.inner.d.next = self.inner_up.val();
                self.line.d.next = self.line_up.val();
                self.entry.d.next = self.line_up.val();
            }
            // Another line of the same patches, or the patches behind them.
            if self.line_ends.val() {
                self.inner.d.next = bits::<5>(0);
                self.rows_left.d.next = self.line_rows.q.val();
                self.lines_left.d.next = self.lines_down.val();
                self.next_line.d.next = self.next_line_up.val();
                self.this_line.d.next = self.this_line_up.val();
                self.outer.d.next = self.this_line_up.val();
                self.line.d.next = self.this_line_up.val();
                self.entry.d.next = self.this_line_up.val();
                self.patch.d.next = self.first_line.q.val();
            }
            if self.stripe_ends.val() {
                self.rows_left.d.next = self.next_width.val();
                self.line_rows.d.next = self.next_width.val();
                self.rest_rows.d.next = self.rest_down.val();
                self.lines_left.d.next = self.on_block_lines.q.val();
                if !self.next_under.val().any() {
                    self.lines_left.d.next = self.on_last_lines.q.val();
                }
                self.under.d.next = self.next_under.val();
                self.next_block.d.next = self.next_block_up.val();
                if self.image_ends.val() {
                    self.next_image.d.next = self.next_image_up.val();
                }
                self.first_line.d.next = self.patch_up.val();
                self.this_line.d.next = self.patch_up.val();
                self.patch.d.next = self.patch_up.val();
                self.outer.d.next = self.patch_up.val();
                self.line.d.next = self.patch_up.val();
                self.entry.d.next = self.patch_up.val();
            }
        }
        if self.tile_done.val() {
            self.active.d.next = false;
            self.base.d.next = self.base_up.val();
        }
        self.free.next = !self.active.q.val();
        self.first_row_end.next = self.address.val() + bit_cast::<35, 20>(self.row_length.val());
        self.first_next_pixel.next = self.address.val() + bit_cast::<35, 24>(self.pitch.val());
        self.first_next_line.next = self.address.val() + self.line_pitch.val();
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
            self.on_reads.d.next = self.reads.val();
            self.on_work.d.next = self.work.val();
            self.column.d.next = bits::<5>(0);
            self.here.d.next = self.address.val();
            self.row_end.d.next = self.first_row_end.val();
            self.next_pixel.d.next = self.first_next_pixel.val();
            self.next_line.d.next = self.first_next_line.val();
            self.next_block.d.next = self.block_next.val();
            self.next_image.d.next = self.image_next.val();
            self.on_line_pitch.d.next = self.line_pitch.val();
            self.on_block_pitch.d.next = self.block_pitch.val();
            self.on_image_pitch.d.next = self.image_pitch.val();
            self.on_image_w.d.next = self.image_w.val();
            self.on_row_pixels.d.next = self.row_pixels.val();
            self.on_block_lines.d.next = self.block_lines.val();
            self.on_last_lines.d.next = self.last_lines.val();
            self.on_blocks_last.d.next = self.blocks_last.val();
            self.on_line_step.d.next = self.line_step.val();
            self.left.d.next = self.row_length.val();
            self.line_rows.d.next = self.width.val();
            self.rows_left.d.next = self.width.val();
            self.lines_left.d.next = self.lines.val();
            self.rest_rows.d.next = self.beyond.val();
            self.under.d.next = self.blocks_left.val();
            self.first_line.d.next = self.base.q.val();
            self.this_line.d.next = self.base.q.val();
            self.patch.d.next = self.base.q.val();
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
        self.group_now.d.next = self.column.q.val();
        self.beat_now.d.next = self.beat.val();
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
        self.step_work.next = self.on_work.q.val();
        self.group.next = self.group_now.q.val();
        self.step_beat.next = self.beat_now.q.val();
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
