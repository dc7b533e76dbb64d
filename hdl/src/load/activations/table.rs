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
}

impl Logic for ActivationLane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, place, kept_streams, kept_share, kept_lane, kept_log2, group, own);
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
        self.values.next = self.offsets.val();
        if self.kept_streams.q.val() {
            self.values.next = bit_cast::<80, 3>(self.own.q.val())
                | (bit_cast::<80, 3>(self.own.q.val()) << bits::<7>(20))
                | (bit_cast::<80, 3>(self.own.q.val()) << bits::<7>(40))
                | (bit_cast::<80, 3>(self.own.q.val()) << bits::<7>(60));
        }
    }
}
