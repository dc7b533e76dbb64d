//! What a row bank takes of a beat.

use crate::float::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Finds for each of the four words of a beat whether the row's bank holds it, and where, and turns the beat so that each word stands at
/// its sub-bank: a bank is four memories, of the words whose address leaves 0, 1, 2 and 3.
///
/// In OS a row holds what its patch sees: the words of a line that lie in a window, which begins a patch further in each row. In WS it holds
/// of each pixel the word that has the group of its own K slot.
///
/// Inputs come in the cycle that their name ends with, 1 is the one after the step; all rows have the same. The bank is written at the edge
/// that ends cycle 5.
#[derive(LogicBlock, Default)]
pub struct ActivationRow {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Number of the row, constant.
    pub row: Signal<In, Bits<6>>,
    /// First row of the stripe.
    pub row_first_1: Signal<In, Bits<7>>,
    /// First row behind it.
    pub row_end_1: Signal<In, Bits<7>>,
    /// Slots of the first row's group that come before the first row's, in WS.
    pub skipped_1: Signal<In, Bits<5>>,
    /// Words from the first that a row's patch sees to the first that the next row's does.
    pub patch_words_2: Signal<In, Bits<16>>,
    /// 2048 / N, rounded up.
    pub share_2: Signal<In, Bits<12>>,
    /// WS, else OS.
    pub streams_3: Signal<In, Bit>,
    /// A beat has words of several pixels.
    pub packed_3: Signal<In, Bit>,
    /// Words of the beat that belong to the load.
    pub mask_3: Signal<In, Bits<4>>,
    /// Words of a line that a row holds.
    pub line_words_3: Signal<In, Bits<16>>,
    /// Address of the line.
    pub at_3: Signal<In, Bits<16>>,
    /// Word of the line at which the beat's pixel begins, from the first that the stripe sees on; in WS the pixel. 24 bits with a sign, as
    /// all that is counted.
    pub pixel_3: Signal<In, Bits<24>>,
    /// Word of that pixel at which the beat begins.
    pub word_3: Signal<In, Bits<24>>,
    /// Channel of the first row's group inside of its word.
    pub lane_3: Signal<In, Bits<3>>,
    /// Channels of a group, to the power of two.
    pub group_log2_3: Signal<In, Bits<2>>,
    /// The beat.
    pub beat_4: Signal<In, Bits<512>>,
    /// The beat's values go to words of their own, as the next three say; else as above.
    pub scatters_4: Signal<In, Bit>,
    /// Sub-banks that are written then.
    pub scattered_write_4: Signal<In, Bits<4>>,
    /// Address inside of each.
    pub scattered_lines_4: Signal<In, Bits<56>>,
    /// What each gets.
    pub scattered_4: Signal<In, Bits<512>>,
    /// No beat: zeros go to an address of all sub-banks.
    pub clear_4: Signal<In, Bit>,
    /// That address.
    pub clear_line_4: Signal<In, Bits<14>>,

    /// Sub-banks that are written.
    pub write: Signal<Out, Bits<4>>,
    /// Address inside of each, 14 bits.
    pub lines: Signal<Out, Bits<56>>,
    /// What each gets.
    pub data: Signal<Out, Bits<512>>,

    row_7: Signal<Local, Bits<7>>,
    distance: Signal<Local, Bits<7>>,
    place: Signal<Local, Bits<7>>,
    distance_2: DFF<Bits<7>>,
    place_2: DFF<Bits<7>>,
    inside_2: DFF<Bit>,

    patches: Product<7, 16, 23>,
    unused_groups: Product<7, 12, 19>,
    from_3: DFF<Bits<23>>,
    group_3: DFF<Bits<8>>,
    inside_3: DFF<Bit>,

    in_line: Signal<Local, Bits<24>>,
    in_window: Signal<Local, Bits<24>>,
    in_window_1: Signal<Local, Bits<24>>,
    in_window_2: Signal<Local, Bits<24>>,
    in_window_3: Signal<Local, Bits<24>>,
    line_words: Signal<Local, Bits<24>>,
    sees_0: Signal<Local, Bits<4>>,
    sees_1: Signal<Local, Bits<4>>,
    sees_2: Signal<Local, Bits<4>>,
    sees_3: Signal<Local, Bits<4>>,
    unused_channel: Signal<Local, Bits<12>>,
    turned: Signal<Local, Bits<24>>,
    taken: Signal<Local, Bits<4>>,
    unused_own: Signal<Local, Bits<24>>,
    sum: Signal<Local, Bits<16>>,
    words_4: DFF<Bits<4>>,
    address_4: DFF<Bits<16>>,

    base: Signal<Local, Bits<14>>,
    base_up: Signal<Local, Bits<14>>,
    low: Signal<Local, Bits<14>>,
    middle: Signal<Local, Bits<14>>,
    high: Signal<Local, Bits<14>>,
    write_5: DFF<Bits<4>>,
    lines_5: DFF<Bits<56>>,
    data_5: DFF<Bits<512>>,
}

impl Logic for ActivationRow {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, distance_2, place_2, inside_2, from_3, group_3, inside_3);
        dff_setup!(self, clock, words_4, address_4, write_5, lines_5, data_5);

        // How many patches the row is behind the stripe's first, and slots behind the first group's first.
        self.row_7.next = bit_cast::<7, 6>(self.row.val());
        self.distance.next = self.row_7.val() - self.row_first_1.val();
        self.distance_2.d.next = self.distance.val();
        self.place.next = self.row_7.val() + bit_cast::<7, 5>(self.skipped_1.val());
        self.place_2.d.next = self.place.val();
        self.inside_2.d.next = (self.row_7.val() >= self.row_first_1.val())
            & (self.row_7.val() < self.row_end_1.val());

        // Up to 127 slots, of up to 16 to a group: the rounded reciprocal is exact.
        self.patches.left.next = self.distance_2.q.val();
        self.patches.right.next = self.patch_words_2.val();
        self.from_3.d.next = self.patches.product.val();
        self.unused_groups.left.next = self.place_2.q.val();
        self.unused_groups.right.next = self.share_2.val();
        self.group_3.d.next = self.unused_groups.product.val().get_bits::<8>(11);
        self.inside_3.d.next = self.inside_2.q.val();

        self.in_line.next = self.pixel_3.val() + self.word_3.val();
        self.in_window.next = self.in_line.val() - bit_cast::<24, 23>(self.from_3.q.val());
        self.in_window_1.next = self.in_window.val() + bits::<24>(1);
        self.in_window_2.next = self.in_window.val() + bits::<24>(2);
        self.in_window_3.next = self.in_window.val() + bits::<24>(3);
        // Below 0 is more than any line has.
        self.line_words.next = bit_cast::<24, 16>(self.line_words_3.val());
        self.sees_0.next = bits::<4>(0);
        if self.in_window.val() < self.line_words.val() {
            self.sees_0.next = bits::<4>(1);
        }
        self.sees_1.next = bits::<4>(0);
        if self.in_window_1.val() < self.line_words.val() {
            self.sees_1.next = bits::<4>(2);
        }
        self.sees_2.next = bits::<4>(0);
        if self.in_window_2.val() < self.line_words.val() {
            self.sees_2.next = bits::<4>(4);
        }
        self.sees_3.next = bits::<4>(0);
        if self.in_window_3.val() < self.line_words.val() {
            self.sees_3.next = bits::<4>(8);
        }
        self.unused_channel.next = bit_cast::<12, 3>(self.lane_3.val())
            + (bit_cast::<12, 8>(self.group_3.q.val()) << self.group_log2_3.val());
        self.turned.next =
            bit_cast::<24, 9>(self.unused_channel.val().get_bits::<9>(3)) - self.word_3.val();
        self.taken.next =
            self.sees_0.val() | self.sees_1.val() | self.sees_2.val() | self.sees_3.val();
        self.unused_own.next = self.in_window.val();
        if self.streams_3.val() {
            self.taken.next = bits::<4>(15);
            self.unused_own.next = self.in_line.val();
            if !self.packed_3.val() {
                self.taken.next = bits::<4>(0);
                if self.turned.val() < bits::<24>(4) {
                    self.taken.next = bits::<4>(1) << self.turned.val().get_bits::<2>(0);
                }
                self.unused_own.next = self.pixel_3.val() - self.turned.val();
            }
        }
        self.sum.next = self.at_3.val() + self.unused_own.val().get_bits::<16>(0);
        self.address_4.d.next = self.sum.val();
        self.words_4.d.next = bits::<4>(0);
        if self.inside_3.q.val() {
            self.words_4.d.next = self.taken.val() & self.mask_3.val();
        }

        // The beat's first word goes to the sub-bank that its address leaves.
        self.base.next = self.address_4.q.val().get_bits::<14>(2);
        self.base_up.next = self.base.val() + bits::<14>(1);
        self.low.next = self.base.val();
        self.middle.next = self.base.val();
        self.high.next = self.base.val();
        self.write_5.d.next = self.words_4.q.val();
        self.data_5.d.next = self.beat_4.val();
        if self.address_4.q.val().get_bits::<2>(0) == bits::<2>(1) {
            self.low.next = self.base_up.val();
            self.write_5.d.next = (self.words_4.q.val() << bits::<2>(1))
                | bit_cast::<4, 1>(self.words_4.q.val().get_bits::<1>(3));
            self.data_5.d.next = (self.beat_4.val() << bits::<9>(128))
                | bit_cast::<512, 128>(self.beat_4.val().get_bits::<128>(384));
        }
        if self.address_4.q.val().get_bits::<2>(0) == bits::<2>(2) {
            self.low.next = self.base_up.val();
            self.middle.next = self.base_up.val();
            self.write_5.d.next = (self.words_4.q.val() << bits::<2>(2))
                | bit_cast::<4, 2>(self.words_4.q.val().get_bits::<2>(2));
            self.data_5.d.next = (self.beat_4.val() << bits::<9>(256))
                | bit_cast::<512, 256>(self.beat_4.val().get_bits::<256>(256));
        }
        if self.address_4.q.val().get_bits::<2>(0) == bits::<2>(3) {
            self.low.next = self.base_up.val();
            self.middle.next = self.base_up.val();
            self.high.next = self.base_up.val();
            self.write_5.d.next = (self.words_4.q.val() << bits::<2>(3))
                | bit_cast::<4, 3>(self.words_4.q.val().get_bits::<3>(1));
            self.data_5.d.next = (self.beat_4.val() << bits::<9>(384))
                | bit_cast::<512, 384>(self.beat_4.val().get_bits::<384>(128));
        }
        self.lines_5.d.next = bit_cast::<56, 14>(self.low.val())
            | (bit_cast::<56, 14>(self.middle.val()) << bits::<6>(14))
            | (bit_cast::<56, 14>(self.high.val()) << bits::<6>(28))
            | (bit_cast::<56, 14>(self.base.val()) << bits::<6>(42));
        if self.scatters_4.val() {
            self.write_5.d.next = self.scattered_write_4.val();
            self.lines_5.d.next = self.scattered_lines_4.val();
            self.data_5.d.next = self.scattered_4.val();
        }
        if self.clear_4.val() {
            self.write_5.d.next = bits::<4>(15);
            self.data_5.d.next = bits::<512>(0);
            self.lines_5.d.next = bit_cast::<56, 14>(self.clear_line_4.val())
                | (bit_cast::<56, 14>(self.clear_line_4.val()) << bits::<6>(14))
                | (bit_cast::<56, 14>(self.clear_line_4.val()) << bits::<6>(28))
                | (bit_cast::<56, 14>(self.clear_line_4.val()) << bits::<6>(42));
        }
        self.write.next = self.write_5.q.val();
        self.lines.next = self.lines_5.q.val();
        self.data.next = self.data_5.q.val();
    }
}
