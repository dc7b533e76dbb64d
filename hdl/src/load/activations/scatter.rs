//! Weight gradients: each value of a beat goes into a lane of its own.
//!
//! K runs over pixels there, so a word of a row bank has a channel's value of eight pixels, and a beat one pixel's of 32 channels (or four
//! pixels' of eight). Channel c of a load is the one with number `c / R` of array row `c % R`, and has a run of words there: an odd number of
//! them, so that in the four memories of a bank a pixel's values of four channels have different ones. A step writes all of them. What a
//! word has of the pixels before stands beside the bank, because only whole words are written.

use crate::array::SmallRam;
use crate::float::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Finds pixel and channels of a step. All rows have the same.
///
/// Inputs and outputs belong to the cycle that their name ends with, 1 is the one after the step.
#[derive(LogicBlock, Default)]
pub struct Scatter {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Rows of the array, to the power of two, constant.
    pub rows_log2: Signal<In, Bits<3>>,
    /// Rows less one, constant.
    pub rows_mask: Signal<In, Bits<5>>,
    /// The step is one of values for lanes.
    pub scatters_1: Signal<In, Bit>,
    /// A beat has words of several pixels.
    pub packed_1: Signal<In, Bit>,
    /// Part of the beat.
    pub part_1: Signal<In, Bits<2>>,
    /// Words of the beat that belong to the load.
    pub mask_1: Signal<In, Bits<4>>,
    /// Number of the first pixel of the line.
    pub line_at_1: Signal<In, Bits<16>>,
    /// Number of the pixel in the line.
    pub pixel_at_1: Signal<In, Bits<16>>,
    /// Word of the load's words of the pixel, or its pixel if several share a beat, at which the beat begins, with a sign.
    pub word_at_1: Signal<In, Bits<16>>,
    /// First channel inside of its word.
    pub lane_1: Signal<In, Bits<3>>,
    /// Words of a channel.
    pub run_words_2: Signal<In, Bits<16>>,

    /// Something is written.
    pub inside_3: Signal<Out, Bit>,
    /// Row that the part's first channel belongs to.
    pub turn_3: Signal<Out, Bits<5>>,
    /// Number of that channel in its row, and as many more as 32 channels have.
    pub number_3: Signal<Out, Bits<7>>,
    /// Where that channel has the pixel's word.
    pub base_3: Signal<Out, Bits<16>>,
    /// The pixel's lane.
    pub lane_3: Signal<Out, Bits<3>>,

    part_16: Signal<Local, Bits<16>>,
    part_channels: Signal<Local, Bits<16>>,
    word_channels: Signal<Local, Bits<16>>,
    unused_channel: Signal<Local, Bits<16>>,
    first_pixel: Signal<Local, Bits<16>>,
    pixel: Signal<Local, Bits<16>>,
    unused_masked: Signal<Local, Bits<4>>,
    inside_2: DFF<Bit>,
    channel_2: DFF<Bits<11>>,
    pixel_2: DFF<Bits<16>>,

    unused_number: Signal<Local, Bits<11>>,
    own_number: Signal<Local, Bits<7>>,
    unused_before: Product<7, 16, 23>,
    biased: Signal<Local, Bits<16>>,
    bias_log2: Signal<Local, Bits<3>>,
    more: Signal<Local, Bits<16>>,
    base: Signal<Local, Bits<16>>,
    inside_held: DFF<Bit>,
    turn: DFF<Bits<5>>,
    number: DFF<Bits<7>>,
    base_held: DFF<Bits<16>>,
    lane: DFF<Bits<3>>,
}

impl Logic for Scatter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            inside_2,
            channel_2,
            pixel_2,
            inside_held,
            turn,
            number,
            base_held,
            lane
        );
        // The part's first channel from the load's first on, and 32 more, so that it has no sign.
        self.part_16.next = bit_cast::<16, 2>(self.part_1.val());
        self.part_channels.next = (self.part_16.val() << bits::<2>(2)) << self.rows_log2.val();
        self.word_channels.next = self.word_at_1.val() << bits::<2>(3);
        self.unused_channel.next =
            bits::<16>(32) + self.word_channels.val() + self.part_channels.val()
                - bit_cast::<16, 3>(self.lane_1.val());
        self.first_pixel.next = self.line_at_1.val() + self.pixel_at_1.val();
        self.pixel.next = self.first_pixel.val();
        self.unused_masked.next = bits::<4>(1);
        if self.packed_1.val() {
            self.unused_channel.next = bits::<16>(32) - bit_cast::<16, 3>(self.lane_1.val());
            self.pixel.next = self.first_pixel.val() + self.word_at_1.val() + self.part_16.val();
            self.unused_masked.next = self.mask_1.val() >> self.part_1.val();
        }
        self.channel_2.d.next = self.unused_channel.val().get_bits::<11>(0);
        self.pixel_2.d.next = self.pixel.val();
        self.inside_2.d.next = self.scatters_1.val() & self.unused_masked.val().get_bit(0);

        // Its row, its number there, and its word.
        self.unused_number.next = self.channel_2.q.val() >> self.rows_log2.val();
        self.own_number.next = self.unused_number.val().get_bits::<7>(0);
        self.number.d.next = self.own_number.val();
        self.turn.d.next = self.channel_2.q.val().get_bits::<5>(0) & self.rows_mask.val();
        self.unused_before.left.next = self.own_number.val();
        self.unused_before.right.next = self.run_words_2.val();
        self.bias_log2.next = bits::<3>(5) - self.rows_log2.val();
        self.biased.next = self.run_words_2.val() << self.bias_log2.val();
        self.more.next = self.unused_before.product.val().get_bits::<16>(0) - self.biased.val();
        self.base.next = self.more.val() + (self.pixel_2.q.val() >> bits::<2>(3));
        self.base_held.d.next = self.base.val();
        self.lane.d.next = self.pixel_2.q.val().get_bits::<3>(0);
        self.inside_held.d.next = self.inside_2.q.val();

        self.inside_3.next = self.inside_held.q.val();
        self.turn_3.next = self.turn.q.val();
        self.number_3.next = self.number.q.val();
        self.base_3.next = self.base_held.q.val();
        self.lane_3.next = self.lane.q.val();
    }
}

/// Turns a beat so that each value stands at its row: of 32 values, or of the first 16 or 8 if the array has only four or two rows.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct ScatterTurn {
    /// Clock of the register.
    pub clock: Signal<In, Clock>,
    /// Values that are turned, to the power of two, constant.
    pub width_log2: Signal<In, Bits<3>>,
    /// Bits of these values, constant.
    pub mask: Signal<In, Bits<512>>,
    /// The beat.
    pub beat_3: Signal<In, Bits<512>>,
    /// A beat has words of several pixels.
    pub packed_3: Signal<In, Bit>,
    /// Part of the beat.
    pub part_3: Signal<In, Bits<2>>,
    /// Place at which its first value is to stand.
    pub turn_3: Signal<In, Bits<5>>,
    /// The values, the first row's first.
    pub values_4: Signal<Out, Bits<512>>,

    down_log2: Signal<Local, Bits<3>>,
    down: Signal<Local, Bits<10>>,
    up: Signal<Local, Bits<10>>,
    width: Signal<Local, Bits<10>>,
    back: Signal<Local, Bits<10>>,
    own: Signal<Local, Bits<512>>,
    held: DFF<Bits<512>>,
}

impl Logic for ScatterTurn {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        self.down_log2.next = self.width_log2.val();
        if self.packed_3.val() {
            self.down_log2.next = bits::<3>(3);
        }
        // In bits; a value has 16.
        self.down.next =
            (bit_cast::<10, 2>(self.part_3.val()) << self.down_log2.val()) << bits::<3>(4);
        self.up.next = bit_cast::<10, 5>(self.turn_3.val()) << bits::<3>(4);
        self.width.next = bits::<10>(16) << self.width_log2.val();
        self.back.next = self.width.val() - self.up.val();
        self.own.next = (self.beat_3.val() >> self.down.val()) & self.mask.val();
        self.held.d.next = self.own.val();
        if self.turn_3.val().any() {
            self.held.d.next =
                (self.own.val() << self.up.val()) | (self.own.val() >> self.back.val());
        }
        self.values_4.next = self.held.q.val();
    }
}

/// What one of the four memories of a row bank takes of a step: the word of one of four channels in a row.
#[derive(LogicBlock, Default)]
pub struct ScatterBank {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Number of the row, constant.
    pub row: Signal<In, Bits<5>>,
    /// Which memory, constant.
    pub bank: Signal<In, Bits<2>>,
    /// Channels of the row in a step less one, constant.
    pub places: Signal<In, Bits<2>>,
    /// Channels that a row has of 32, constant.
    pub bias: Signal<In, Bits<8>>,
    /// Something is written.
    pub inside_3: Signal<In, Bit>,
    /// Row that the first channel belongs to.
    pub turn_3: Signal<In, Bits<5>>,
    /// Number of the first channel in its row, and `bias` more.
    pub number_3: Signal<In, Bits<7>>,
    /// Where it has the pixel's word.
    pub base_3: Signal<In, Bits<16>>,
    /// Words of a channel, odd.
    pub run_words_3: Signal<In, Bits<16>>,
    /// Channels of a row in the load.
    pub channels_3: Signal<In, Bits<5>>,
    /// The pixel's lane.
    pub lane_4: Signal<In, Bits<3>>,
    /// Values of the row's channels, up to four.
    pub values_4: Signal<In, Bits<64>>,
    /// A load begins: no word has been written.
    pub clear_4: Signal<In, Bit>,

    /// A word is written.
    pub write: Signal<Out, Bit>,
    /// Its address in the memory.
    pub line: Signal<Out, Bits<14>>,
    /// The word.
    pub data: Signal<Out, Bits<128>>,

    wraps: Signal<Local, Bits<1>>,
    own_base: Signal<Local, Bits<16>>,
    difference: Signal<Local, Bits<2>>,
    step: Signal<Local, Bits<2>>,
    once: Signal<Local, Bits<16>>,
    twice: Signal<Local, Bits<16>>,
    unused_address: Signal<Local, Bits<16>>,
    number: Signal<Local, Bits<8>>,
    place: Signal<Local, Bits<2>>,
    write_4: DFF<Bit>,
    line_4: DFF<Bits<14>>,
    place_4: DFF<Bits<2>>,
    index_4: DFF<Bits<2>>,

    place_bits: Signal<Local, Bits<6>>,
    lane_bits: Signal<Local, Bits<7>>,
    unused_value: Signal<Local, Bits<64>>,
    kept: SmallRam<2, 128>,
    kept_line: SmallRam<2, 14>,
    begun: DFF<Bits<4>>,
    own_bit: Signal<Local, Bits<4>>,
    goes_on: Signal<Local, Bit>,
    word: Signal<Local, Bits<128>>,
}

impl Logic for ScatterBank {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, write_4, line_4, place_4, index_4, begun);
        // Rows before the first channel's have the next number.
        self.wraps.next = bits::<1>(0);
        self.own_base.next = self.base_3.val();
        if self.row.val() < self.turn_3.val() {
            self.wraps.next = bits::<1>(1);
            self.own_base.next = self.base_3.val() + self.run_words_3.val();
        }
        // The channel whose word is in this memory: runs are 1 or 3 modulo 4 words long.
        self.difference.next = self.bank.val() - self.own_base.val().get_bits::<2>(0);
        self.step.next = self.difference.val();
        if self.run_words_3.val().get_bit(1) {
            self.step.next = bits::<2>(0) - self.difference.val();
        }
        self.once.next = bits::<16>(0);
        if self.step.val().get_bit(0) {
            self.once.next = self.run_words_3.val();
        }
        self.twice.next = bits::<16>(0);
        if self.step.val().get_bit(1) {
            self.twice.next = self.run_words_3.val() << bits::<2>(1);
        }
        self.unused_address.next = self.own_base.val() + self.once.val() + self.twice.val();
        self.number.next = bit_cast::<8, 7>(self.number_3.val())
            + bit_cast::<8, 1>(self.wraps.val())
            + bit_cast::<8, 2>(self.step.val())
            - self.bias.val();
        self.place.next = self.step.val() + bit_cast::<2, 1>(self.wraps.val());
        // One before the load's first is more than all.
        self.write_4.d.next = self.inside_3.val()
            & (self.step.val() <= self.places.val())
            & (self.number.val() < bit_cast::<8, 5>(self.channels_3.val()));
        self.line_4.d.next = self.unused_address.val().get_bits::<14>(2);
        self.place_4.d.next = self.place.val() & self.places.val();
        self.index_4.d.next = self.number.val().get_bits::<2>(2);

        // With what the word has of the pixels before. Those of padding are zeros.
        self.place_bits.next = bit_cast::<6, 2>(self.place_4.q.val()) << bits::<3>(4);
        self.lane_bits.next = bit_cast::<7, 3>(self.lane_4.val()) << bits::<3>(4);
        self.unused_value.next = self.values_4.val() >> self.place_bits.val();
        self.kept.clock.next = self.clock.val();
        self.kept.read_index.next = self.index_4.q.val();
        self.word.next =
            bit_cast::<128, 16>(self.unused_value.val().get_bits::<16>(0)) << self.lane_bits.val();
        self.kept_line.clock.next = self.clock.val();
        self.kept_line.read_index.next = self.index_4.q.val();
        self.own_bit.next = bits::<4>(1) << self.index_4.q.val();
        self.goes_on.next = (self.begun.q.val() & self.own_bit.val()).any()
            & (self.kept_line.read_data.val() == self.line_4.q.val());
        if self.goes_on.val() {
            self.word.next = self.kept.read_data.val()
                | (bit_cast::<128, 16>(self.unused_value.val().get_bits::<16>(0))
                    << self.lane_bits.val());
        }
        self.kept.write.next = self.write_4.q.val();
        self.kept.write_index.next = self.index_4.q.val();
        self.kept.write_data.next = self.word.val();
        self.kept_line.write.next = self.write_4.q.val();
        self.kept_line.write_index.next = self.index_4.q.val();
        self.kept_line.write_data.next = self.line_4.q.val();
        if self.write_4.q.val() {
            self.begun.d.next = self.begun.q.val() | self.own_bit.val();
        }
        if self.clear_4.val() {
            self.begun.d.next = bits::<4>(0);
        }
        self.write.next = self.write_4.q.val();
        self.line.next = self.line_4.q.val();
        self.data.next = self.word.val();
    }
}
