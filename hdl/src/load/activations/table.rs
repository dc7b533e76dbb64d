//! The offsets of a row's outputs.

use crate::float::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Counts through the 16 outputs of a row when a load starts, and makes the offset of each: outputs of a patch lie `across` elements beside each
/// other and `down` elements below. The first is written two cycles after the one behind the start, so that [`ActivationLane`] knows the row's own.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct OffsetTable {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything: the next load is of the lower half.
    pub reset: Signal<In, Bit>,
    /// A load starts.
    pub start: Signal<In, Bit>,
    /// Elements from an output to the next of its line.
    pub across: Signal<In, Bits<20>>,
    /// Elements from a line of outputs to the next.
    pub down: Signal<In, Bits<20>>,
    /// Outputs of a line.
    pub width: Signal<In, Bits<5>>,
    /// An entry is written.
    pub write: Signal<Out, Bit>,
    /// The half, and the output.
    pub entry: Signal<Out, Bits<5>>,
    /// Its offset.
    pub offset: Signal<Out, Bits<20>>,

    count: DFF<Bits<5>>,
    count_up: Signal<Local, Bits<5>>,
    writes: Signal<Local, Bit>,
    upper: DFF<Bit>,
    kept_across: DFF<Bits<20>>,
    kept_down: DFF<Bits<20>>,
    kept_width: DFF<Bits<5>>,
    column: DFF<Bits<5>>,
    column_up: Signal<Local, Bits<5>>,
    line: DFF<Bits<20>>,
    line_up: Signal<Local, Bits<20>>,
    at: DFF<Bits<20>>,
    at_up: Signal<Local, Bits<20>>,
    number: DFF<Bits<4>>,
    number_up: Signal<Local, Bits<4>>,
}

impl OffsetTable {
    /// Cycles from the one in which a load starts to the first in which all its offsets can be read.
    pub const CYCLES: usize = 19;
}

impl Logic for OffsetTable {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, count, upper, kept_across, kept_down, kept_width, column, line);
        dff_setup!(self, clock, at, number);
        self.count_up.next = self.count.q.val() + bits::<5>(1);
        self.column_up.next = self.column.q.val() + bits::<5>(1);
        self.line_up.next = self.line.q.val() + self.kept_down.q.val();
        self.at_up.next = self.at.q.val() + self.kept_across.q.val();
        self.number_up.next = self.number.q.val() + bits::<4>(1);
        self.writes.next = self.count.q.val() >= bits::<5>(3);
        if self.count.q.val().any() {
            self.count.d.next = self.count_up.val();
            if self.count.q.val() == bits::<5>(18) {
                self.count.d.next = bits::<5>(0);
                self.upper.d.next = !self.upper.q.val();
            }
        }
        if self.writes.val() {
            self.number.d.next = self.number_up.val();
            self.at.d.next = self.at_up.val();
            self.column.d.next = self.column_up.val();
            if self.column_up.val() == self.kept_width.q.val() {
                self.at.d.next = self.line_up.val();
                self.line.d.next = self.line_up.val();
                self.column.d.next = bits::<5>(0);
            }
        }
        if self.start.val() {
            self.count.d.next = bits::<5>(1);
            self.kept_across.d.next = self.across.val();
            self.kept_down.d.next = self.down.val();
            self.kept_width.d.next = self.width.val();
            self.column.d.next = bits::<5>(0);
            self.line.d.next = bits::<20>(0);
            self.at.d.next = bits::<20>(0);
            self.number.d.next = bits::<4>(0);
        }
        if self.reset.val() {
            self.count.d.next = bits::<5>(0);
            self.upper.d.next = false;
        }
        self.write.next = self.writes.val();
        self.entry.next = bit_cast::<5, 4>(self.number.q.val())
            | (bit_cast::<5, 1>(self.upper.q.val().into()) << bits::<3>(4));
        self.offset.next = self.at.q.val();
    }
}

/// The offsets of weight rows of larger kernels: walks from weight row to weight row, channels of a block inside, then columns and lines of
/// taps, then blocks. If the array's rows have a channel each, neighbouring weight rows are those of all of them, whose offsets are the
/// same; of a single channel they are taps, one row of the array after another. An entry is written when all rows have theirs, and which load may begin to
/// write into the banks follows from that.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct TapTable {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Stops.
    pub reset: Signal<In, Bit>,
    /// A load starts.
    pub start: Signal<In, Bit>,
    /// The half that it fills.
    pub half: Signal<In, Bit>,
    /// It has weight rows of larger kernels.
    pub by_taps: Signal<In, Bit>,
    /// They are of a single channel.
    pub narrow: Signal<In, Bit>,
    /// Weight rows.
    pub rows: Signal<In, Bits<9>>,
    /// Rows of the array less one, constant.
    pub last_row: Signal<In, Bits<5>>,
    /// Tap of the first.
    pub tap_h: Signal<In, Bits<8>>,
    /// Its column.
    pub tap_w: Signal<In, Bits<8>>,
    /// Lines of the kernel.
    pub kernel_h: Signal<In, Bits<8>>,
    /// Columns.
    pub kernel_w: Signal<In, Bits<8>>,
    /// Words of a channel.
    pub run_words: Signal<In, Bits<16>>,
    /// Pixels of a line, 20 bits for each of four segments.
    pub widths: Signal<In, Bits<80>>,
    /// Offset of the first weight row, the same.
    pub begins: Signal<In, Bits<80>>,
    /// Cycles from a load's start until it may begin, constant: more only if its table takes longer.
    pub least: Signal<In, Bits<9>>,

    /// A load may begin.
    pub may: Signal<Out, Bit>,
    /// The load has such a table.
    pub own: Signal<Out, Bit>,
    /// Rows of the array take an offset: this one, or all.
    pub gives: Signal<Out, Bit>,
    /// All do.
    pub all: Signal<Out, Bit>,
    /// The row.
    pub row: Signal<Out, Bits<5>>,
    /// Offsets in four segments.
    pub offsets: Signal<Out, Bits<80>>,
    /// All rows have an entry: it is written.
    pub write: Signal<Out, Bit>,
    /// The half, and the output.
    pub entry: Signal<Out, Bits<5>>,

    age: DFF<Bits<9>>,
    due: DFF<Bits<9>>,
    kept: DFF<Bit>,
    kept_narrow: DFF<Bit>,
    kept_half: DFF<Bit>,
    left: DFF<Bits<9>>,
    column: DFF<Bits<8>>,
    line: DFF<Bits<8>>,
    columns: DFF<Bits<8>>,
    lines: DFF<Bits<8>>,
    kept_widths: DFF<Bits<80>>,
    run: DFF<Bits<20>>,
    at: DFF<Bits<80>>,
    line_at: DFF<Bits<80>>,
    block_at: DFF<Bits<20>>,
    own_row: DFF<Bits<5>>,
    number: DFF<Bits<4>>,
    writes: DFF<Bit>,
    written: DFF<Bits<4>>,
    works: Signal<Local, Bit>,
    is_last: Signal<Local, Bit>,
    completes: Signal<Local, Bit>,
    column_up: Signal<Local, Bits<8>>,
    line_up: Signal<Local, Bits<8>>,
    block_up: Signal<Local, Bits<20>>,
    line_0: Signal<Local, Bits<20>>,
    line_1: Signal<Local, Bits<20>>,
    line_2: Signal<Local, Bits<20>>,
    line_3: Signal<Local, Bits<20>>,
    next_0: Signal<Local, Bits<20>>,
    next_1: Signal<Local, Bits<20>>,
    next_2: Signal<Local, Bits<20>>,
    next_3: Signal<Local, Bits<20>>,
    next_line: Signal<Local, Bits<80>>,
    own_column: Signal<Local, Bits<20>>,
}

impl Logic for TapTable {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, age, due, kept, kept_narrow, kept_half, left, column, line);
        dff_setup!(self, clock, columns, lines, kept_widths, run, at, line_at, block_at, own_row);
        dff_setup!(self, clock, number, writes, written);
        // When a load may begin.
        self.may.next = self.age.q.val().any() & (self.age.q.val() == self.due.q.val());
        if self.age.q.val().any() {
            self.age.d.next = self.age.q.val() + bits::<9>(1);
            if self.may.val() {
                self.age.d.next = bits::<9>(0);
            }
        }

        // From a weight row to the next.
        self.works.next = self.left.q.val().any();
        self.is_last.next = self.left.q.val() == bits::<9>(1);
        self.column_up.next = self.column.q.val() + bits::<8>(1);
        self.line_up.next = self.line.q.val() + bits::<8>(1);
        self.block_up.next = self.block_at.q.val() + self.run.q.val();
        self.line_0.next =
            self.line_at.q.val().get_bits::<20>(0) + self.kept_widths.q.val().get_bits::<20>(0);
        self.line_1.next =
            self.line_at.q.val().get_bits::<20>(20) + self.kept_widths.q.val().get_bits::<20>(20);
        self.line_2.next =
            self.line_at.q.val().get_bits::<20>(40) + self.kept_widths.q.val().get_bits::<20>(40);
        self.line_3.next =
            self.line_at.q.val().get_bits::<20>(60) + self.kept_widths.q.val().get_bits::<20>(60);
        if self.line_up.val() == self.lines.q.val() {
            self.line_0.next = self.block_up.val();
            self.line_1.next = self.block_up.val();
            self.line_2.next = self.block_up.val();
            self.line_3.next = self.block_up.val();
        }
        self.next_line.next = bit_cast::<80, 20>(self.line_0.val())
            | (bit_cast::<80, 20>(self.line_1.val()) << bits::<7>(20))
            | (bit_cast::<80, 20>(self.line_2.val()) << bits::<7>(40))
            | (bit_cast::<80, 20>(self.line_3.val()) << bits::<7>(60));
        self.next_0.next = self.at.q.val().get_bits::<20>(0) + bits::<20>(1);
        self.next_1.next = self.at.q.val().get_bits::<20>(20) + bits::<20>(1);
        self.next_2.next = self.at.q.val().get_bits::<20>(40) + bits::<20>(1);
        self.next_3.next = self.at.q.val().get_bits::<20>(60) + bits::<20>(1);
        self.completes.next = self.works.val()
            & (!self.kept_narrow.q.val()
                | self.is_last.val()
                | (self.own_row.q.val() == self.last_row.val()));
        self.writes.d.next = self.completes.val();
        self.written.d.next = self.number.q.val();
        if self.works.val() {
            self.left.d.next = self.left.q.val() - bits::<9>(1);
            self.at.d.next = bit_cast::<80, 20>(self.next_0.val())
                | (bit_cast::<80, 20>(self.next_1.val()) << bits::<7>(20))
                | (bit_cast::<80, 20>(self.next_2.val()) << bits::<7>(40))
                | (bit_cast::<80, 20>(self.next_3.val()) << bits::<7>(60));
            self.column.d.next = self.column_up.val();
            if self.column_up.val() == self.columns.q.val() {
                self.column.d.next = bits::<8>(0);
                self.at.d.next = self.next_line.val();
                self.line_at.d.next = self.next_line.val();
                self.line.d.next = self.line_up.val();
                if self.line_up.val() == self.lines.q.val() {
                    self.line.d.next = bits::<8>(0);
                    self.block_at.d.next = self.block_up.val();
                }
            }
            self.own_row.d.next = self.own_row.q.val() + bits::<5>(1);
            if self.completes.val() {
                self.own_row.d.next = bits::<5>(0);
                self.number.d.next = self.number.q.val() + bits::<4>(1);
            }
        }
        self.own_column.next = bit_cast::<20, 8>(self.tap_w.val());
        if self.start.val() {
            self.age.d.next = bits::<9>(1);
            self.due.d.next = self.least.val();
            self.kept.d.next = self.by_taps.val();
            self.kept_narrow.d.next = self.narrow.val();
            self.kept_half.d.next = self.half.val();
            self.left.d.next = bits::<9>(0);
            if self.by_taps.val() {
                self.left.d.next = bits::<9>(16);
                if self.narrow.val() {
                    self.left.d.next = self.rows.val();
                    if self.rows.val() > bits::<9>(16) {
                        self.due.d.next = self.rows.val() - bits::<9>(4);
                    }
                }
            }
            self.column.d.next = self.tap_w.val();
            self.line.d.next = self.tap_h.val();
            self.columns.d.next = self.kernel_w.val();
            self.lines.d.next = self.kernel_h.val();
            self.kept_widths.d.next = self.widths.val();
            self.run.d.next = bit_cast::<20, 16>(self.run_words.val()) << bits::<3>(3);
            self.at.d.next = self.begins.val();
            self.line_at.d.next = self.begins.val()
                - (bit_cast::<80, 20>(self.own_column.val())
                    | (bit_cast::<80, 20>(self.own_column.val()) << bits::<7>(20))
                    | (bit_cast::<80, 20>(self.own_column.val()) << bits::<7>(40))
                    | (bit_cast::<80, 20>(self.own_column.val()) << bits::<7>(60)));
            self.block_at.d.next = bits::<20>(0);
            self.own_row.d.next = bits::<5>(0);
            self.number.d.next = bits::<4>(0);
        }
        if self.reset.val() {
            self.age.d.next = bits::<9>(0);
            self.left.d.next = bits::<9>(0);
            self.kept.d.next = false;
            self.writes.d.next = false;
        }
        self.own.next = self.kept.q.val();
        self.gives.next = self.works.val();
        self.all.next = !self.kept_narrow.q.val();
        self.row.next = self.own_row.q.val();
        self.offsets.next = self.at.q.val();
        self.write.next = self.writes.q.val();
        self.entry.next = bit_cast::<5, 4>(self.written.q.val())
            | (bit_cast::<5, 1>(self.kept_half.q.val().into()) << bits::<3>(4));
    }
}

/// What a row has of the table: in WS the lane in which the groups of its own K slot begin, in OS what all rows have.
#[derive(LogicBlock, Default)]
pub struct ActivationLane {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Number of the row, constant.
    pub row: Signal<In, Bits<6>>,
    /// A load starts.
    pub start: Signal<In, Bit>,
    /// WS, else OS.
    pub streams: Signal<In, Bit>,
    /// Slots of the first row's group that come before the first row's.
    pub skipped: Signal<In, Bits<5>>,
    /// 2048 / N, rounded up.
    pub share: Signal<In, Bits<12>>,
    /// Lane of the first row's group.
    pub lane: Signal<In, Bits<3>>,
    /// Channels of a group, to the power of two.
    pub group_log2: Signal<In, Bits<2>>,
    /// Offsets of all rows, of four segments.
    pub offsets: Signal<In, Bits<80>>,
    /// The load's are those of weight rows of larger kernels.
    pub by_taps: Signal<In, Bit>,
    /// A row takes one, or all do.
    pub gives: Signal<In, Bit>,
    /// All do.
    pub all: Signal<In, Bit>,
    /// The row.
    pub gives_row: Signal<In, Bits<5>>,
    /// The offsets, of four segments.
    pub given: Signal<In, Bits<80>>,
    /// The row's.
    pub values: Signal<Out, Bits<80>>,

    place: DFF<Bits<7>>,
    place_sum: Signal<Local, Bits<7>>,
    kept_streams: DFF<Bit>,
    kept_share: DFF<Bits<12>>,
    kept_lane: DFF<Bits<3>>,
    kept_log2: DFF<Bits<2>>,
    unused_groups: Product<7, 12, 19>,
    group: DFF<Bits<8>>,
    unused_channel: Signal<Local, Bits<12>>,
    own: DFF<Bits<3>>,
    held: DFF<Bits<80>>,
}

impl Logic for ActivationLane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            place,
            kept_streams,
            kept_share,
            kept_lane,
            kept_log2,
            group,
            own,
            held
        );
        self.place_sum.next =
            bit_cast::<7, 6>(self.row.val()) + bit_cast::<7, 5>(self.skipped.val());
        if self.start.val() {
            self.place.d.next = self.place_sum.val();
            self.kept_streams.d.next = self.streams.val();
            self.kept_share.d.next = self.share.val();
            self.kept_lane.d.next = self.lane.val();
            self.kept_log2.d.next = self.group_log2.val();
        }
        self.unused_groups.left.next = self.place.q.val();
        self.unused_groups.right.next = self.kept_share.q.val();
        self.group.d.next = self.unused_groups.product.val().get_bits::<8>(11);
        self.unused_channel.next = bit_cast::<12, 3>(self.kept_lane.q.val())
            + (bit_cast::<12, 8>(self.group.q.val()) << self.kept_log2.q.val());
        self.own.d.next = self.unused_channel.val().get_bits::<3>(0);
        if self.gives.val()
            & (self.all.val() | (self.row.val() == bit_cast::<6, 5>(self.gives_row.val())))
        {
            self.held.d.next = self.given.val();
        }
        self.values.next = self.offsets.val();
        if self.by_taps.val() {
            self.values.next = self.held.q.val();
        }
        if self.kept_streams.q.val() {
            self.values.next = bit_cast::<80, 3>(self.own.q.val())
                | (bit_cast::<80, 3>(self.own.q.val()) << bits::<7>(20))
                | (bit_cast::<80, 3>(self.own.q.val()) << bits::<7>(40))
                | (bit_cast::<80, 3>(self.own.q.val()) << bits::<7>(60));
        }
    }
}
