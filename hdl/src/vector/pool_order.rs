//! The order in which pooling takes its elements.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Where the elements of pooling lie.
///
/// They are taken window by window: as many channels as there are lanes, all pixels of a window one after another, before the next
/// channels; then the next beat of the window, then the next window. So nothing has to be kept but the best pixel, or the sum, of these channels, and
/// what a window gives comes in the order of memory. Rows of windows, and images, fill blocks ([`PoolKind`](super::PoolKind)), so
/// that a place is its number with its bits in another order:
///
/// | bits of the number, the highest first | bits of the beat's place |
/// |---|---|
/// | rows of windows; window, beat of a pixel; channels; row and column in the window | rows of windows; row; window; column; beat |
/// | images; beat of a pixel; channels; pixel | images; pixel; beat |
///
/// Where an average goes back to all pixels, elements are those of dX in their order (`natural`), and their dY is read again for each pixel.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PoolOrder {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Elements that are taken in a cycle, as a power of two: 2, 3 or 5. Constant.
    pub step_log2: Signal<In, Bits<3>>,
    /// Which bits of a place in a beat count those. Constant.
    pub groups: Signal<In, Bits<5>>,
    /// The first of the elements that are taken.
    pub position: Signal<In, Bits<37>>,
    /// Channels.
    pub channels: Signal<In, Bits<11>>,
    /// Windows are 2 x 2.
    pub greatest: Signal<In, Bit>,
    /// Elements are in the order of memory.
    pub natural: Signal<In, Bit>,
    /// Pixels of a window, as a power of two.
    pub taps: Signal<In, Bits<3>>,
    /// Beats of a pixel, as a power of two.
    pub pixel: Signal<In, Bits<3>>,
    /// Beats of a row of windows, a beat of each counted, as a power of two.
    pub row: Signal<In, Bits<3>>,
    /// First beat of the first stream.
    pub a_base: Signal<In, Bits<32>>,
    /// First beat of the second stream.
    pub b_base: Signal<In, Bits<32>>,

    /// Beat of the first stream that has the elements, [`PoolOrder::CYCLES`] later as everything.
    pub a_address: Signal<Out, Bits<32>>,
    /// Beat of the second stream: that of the window.
    pub b_address: Signal<Out, Bits<32>>,
    /// The first of the elements in their beats.
    pub offset: Signal<Out, Bits<5>>,
    /// The window's first beat, counted from the stream's first.
    pub corner: Signal<Out, Bits<32>>,
    /// Row and column in a window of 2 x 2.
    pub tap: Signal<Out, Bits<2>>,
    /// The pixel is the window's first.
    pub first: Signal<Out, Bit>,
    /// It is the last.
    pub last: Signal<Out, Bit>,
    /// Which of 32 elements from the first on are no padding, as far as they are taken.
    pub valid: Signal<Out, Bits<32>>,

    number: DFF<Bits<37>>,
    beats: Signal<Local, Bits<32>>,
    turned: Signal<Local, Bits<11>>,
    unused_turned: Signal<Local, Bits<6>>,
    stepped: Signal<Local, Bits<11>>,
    unused_stepped: Signal<Local, Bits<5>>,
    tap_mask: Signal<Local, Bits<7>>,
    unused_tap_mask: Signal<Local, Bit>,
    tap_here: Signal<Local, Bits<6>>,

    s2_beats: DFF<Bits<32>>,
    s2_window: DFF<Bits<32>>,
    s2_offset: DFF<Bits<5>>,
    s2_tap: DFF<Bits<6>>,
    s2_first: DFF<Bit>,
    s2_last: DFF<Bit>,
    pixel_mask: Signal<Local, Bits<32>>,
    row_mask: Signal<Local, Bits<32>>,
    whole: Signal<Local, Bits<4>>,
    whole_mask: Signal<Local, Bits<32>>,
    in_pixel: Signal<Local, Bits<32>>,
    in_pixel_here: Signal<Local, Bits<32>>,
    unused_in_pixel: Signal<Local, Bits<26>>,
    window_corner: Signal<Local, Bits<32>>,
    column_bit: Signal<Local, Bits<32>>,
    row_up: Signal<Local, Bits<4>>,
    row_bit: Signal<Local, Bits<32>>,
    tap_place: Signal<Local, Bits<32>>,

    s3_a: DFF<Bits<32>>,
    s3_b: DFF<Bits<32>>,
    s3_corner: DFF<Bits<32>>,
    s3_channel: DFF<Bits<11>>,
    s3_offset: DFF<Bits<5>>,
    s3_tap: DFF<Bits<2>>,
    s3_first: DFF<Bit>,
    s3_last: DFF<Bit>,
    left: Signal<Local, Bits<11>>,
    shifted: Signal<Local, Bits<32>>,

    s4_a: DFF<Bits<32>>,
    s4_b: DFF<Bits<32>>,
    s4_corner: DFF<Bits<32>>,
    s4_offset: DFF<Bits<5>>,
    s4_tap: DFF<Bits<2>>,
    s4_first: DFF<Bit>,
    s4_last: DFF<Bit>,
    s4_valid: DFF<Bits<32>>,
}

impl PoolOrder {
    /// Rising edges from a number to its place.
    pub const CYCLES: usize = 4;
}

impl Logic for PoolOrder {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, number, s2_beats, s2_window, s2_offset, s2_tap, s2_first, s2_last);
        dff_setup!(self, clock, s3_a, s3_b, s3_corner, s3_channel, s3_offset);
        dff_setup!(self, clock, s3_tap, s3_first, s3_last);
        dff_setup!(self, clock, s4_a, s4_b, s4_corner, s4_offset, s4_tap);
        dff_setup!(self, clock, s4_first, s4_last, s4_valid);

        // 1. The number apart.
        self.number.d.next = self.position.val();
        self.beats.next = self.number.q.val().get_bits::<32>(5);
        self.turned.next = self.number.q.val().get_bits::<11>(0) >> self.taps.val();
        self.unused_turned.next = self.turned.val().get_bits::<6>(5);
        self.stepped.next = self.number.q.val().get_bits::<11>(0) >> self.step_log2.val();
        self.unused_stepped.next = self.stepped.val().get_bits::<5>(6);
        self.tap_mask.next = (bits::<7>(1) << self.taps.val()) - bits::<7>(1);
        self.unused_tap_mask.next = self.tap_mask.val().get_bit(6);
        self.tap_here.next =
            self.stepped.val().get_bits::<6>(0) & self.tap_mask.val().get_bits::<6>(0);
        self.s2_beats.d.next = self.beats.val();
        self.s2_window.d.next = self.beats.val() >> self.taps.val();
        self.s2_offset.d.next = self.turned.val().get_bits::<5>(0) & self.groups.val();
        if self.natural.val() {
            self.s2_offset.d.next = self.number.q.val().get_bits::<5>(0);
        }
        self.s2_tap.d.next = self.tap_here.val();
        self.s2_first.d.next = !self.tap_here.val().any();
        self.s2_last.d.next = self.tap_here.val() == self.tap_mask.val().get_bits::<6>(0);

        // 2. The place put together.
        self.column_bit.next = bits::<32>(1) << self.pixel.val();
        self.pixel_mask.next = self.column_bit.val() - bits::<32>(1);
        self.row_mask.next = (bits::<32>(1) << self.row.val()) - bits::<32>(1);
        self.whole.next = bit_cast::<4, 3>(self.row.val()) + bit_cast::<4, 3>(self.taps.val());
        self.whole_mask.next = (bits::<32>(1) << self.whole.val()) - bits::<32>(1);
        self.in_pixel.next = self.s2_window.q.val() & self.pixel_mask.val();
        self.window_corner.next = (self.s2_beats.q.val() & !self.whole_mask.val())
            | ((self.s2_window.q.val() & self.row_mask.val() & !self.pixel_mask.val())
                << bits::<5>(1))
            | self.in_pixel.val();
        self.row_up.next = bit_cast::<4, 3>(self.row.val()) + bits::<4>(1);
        self.row_bit.next = bits::<32>(1) << self.row_up.val();
        self.tap_place.next = bit_cast::<32, 6>(self.s2_tap.q.val()) << self.pixel.val();
        if self.greatest.val() {
            self.tap_place.next = bits::<32>(0);
            if self.s2_tap.q.val().get_bit(0) {
                self.tap_place.next = self.column_bit.val();
            }
            if self.s2_tap.q.val().get_bit(1) {
                self.tap_place.next = self.row_bit.val();
                if self.s2_tap.q.val().get_bit(0) {
                    self.tap_place.next = self.row_bit.val() | self.column_bit.val();
                }
            }
        }
        self.s3_corner.d.next = self.window_corner.val();
        self.s3_a.d.next = self.window_corner.val() | self.tap_place.val();
        self.in_pixel_here.next = self.in_pixel.val();
        if self.natural.val() {
            self.in_pixel_here.next = self.s2_beats.q.val() & self.pixel_mask.val();
        }
        self.unused_in_pixel.next = self.in_pixel_here.val().get_bits::<26>(6);
        self.s3_channel.d.next = (bit_cast::<11, 6>(self.in_pixel_here.val().get_bits::<6>(0))
            << bits::<4>(5))
            | bit_cast::<11, 5>(self.s2_offset.q.val());
        if self.natural.val() {
            self.s3_a.d.next = (self.s2_window.q.val() & !self.pixel_mask.val())
                | (self.s2_beats.q.val() & self.pixel_mask.val());
        }
        self.s3_b.d.next = self.s2_window.q.val();
        self.s3_offset.d.next = self.s2_offset.q.val();
        self.s3_tap.d.next = self.s2_tap.q.val().get_bits::<2>(0);
        self.s3_first.d.next = self.s2_first.q.val();
        self.s3_last.d.next = self.s2_last.q.val();

        // 3. In memory.
        self.s4_a.d.next = self.a_base.val() + self.s3_a.q.val();
        self.s4_b.d.next = self.b_base.val() + self.s3_b.q.val();
        self.s4_corner.d.next = self.s3_corner.q.val();
        self.s4_offset.d.next = self.s3_offset.q.val();
        self.s4_tap.d.next = self.s3_tap.q.val();
        self.s4_first.d.next = self.s3_first.q.val();
        self.s4_last.d.next = self.s3_last.q.val();
        self.left.next = self.channels.val() - self.s3_channel.q.val();
        self.shifted.next = bits::<32>(1) << self.left.val().get_bits::<5>(0);
        self.s4_valid.d.next = self.shifted.val() - bits::<32>(1);
        if self.left.val() >= bits::<11>(32) {
            self.s4_valid.d.next = bits::<32>(0) - bits::<32>(1);
        }
        if self.s3_channel.q.val() >= self.channels.val() {
            self.s4_valid.d.next = bits::<32>(0);
        }

        self.a_address.next = self.s4_a.q.val();
        self.b_address.next = self.s4_b.q.val();
        self.corner.next = self.s4_corner.q.val();
        self.offset.next = self.s4_offset.q.val();
        self.tap.next = self.s4_tap.q.val();
        self.first.next = self.s4_first.q.val();
        self.last.next = self.s4_last.q.val();
        self.valid.next = self.s4_valid.q.val();
    }
}
