//! Which poolings there are, and where their pixels lie.

use rust_hdl_core::prelude::*;

/// The power that a small number is of two.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PowerOfTwo {
    /// Number.
    pub value: Signal<In, Bits<16>>,
    /// Its power.
    pub log2: Signal<Out, Bits<3>>,
    /// It has one, up to 6.
    pub exact: Signal<Out, Bit>,
}

impl Logic for PowerOfTwo {
    #[hdl_gen]
    fn update(&mut self) {
        self.log2.next = bits::<3>(0);
        self.exact.next = self.value.val() == bits::<16>(1);
        if self.value.val() == bits::<16>(2) {
            self.log2.next = bits::<3>(1);
            self.exact.next = true;
        }
        if self.value.val() == bits::<16>(4) {
            self.log2.next = bits::<3>(2);
            self.exact.next = true;
        }
        if self.value.val() == bits::<16>(8) {
            self.log2.next = bits::<3>(3);
            self.exact.next = true;
        }
        if self.value.val() == bits::<16>(16) {
            self.log2.next = bits::<3>(4);
            self.exact.next = true;
        }
        if self.value.val() == bits::<16>(32) {
            self.log2.next = bits::<3>(5);
            self.exact.next = true;
        }
        if self.value.val() == bits::<16>(64) {
            self.log2.next = bits::<3>(6);
            self.exact.next = true;
        }
    }
}

/// What of a SHAPE matters to [`PoolOrder`](super::PoolOrder): windows of 2 x 2 side by side, or all pixels of an image.
///
/// A block of a stream has whole rows of windows, or whole images: all their sizes are powers of two, and 64 beats hold them.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PoolKind {
    /// Channels.
    pub channels: Signal<In, Bits<20>>,
    /// Rows of an image.
    pub h: Signal<In, Bits<16>>,
    /// Pixels of a row.
    pub w: Signal<In, Bits<16>>,
    /// Side of a window.
    pub window: Signal<In, Bits<5>>,
    /// Stride of the windows.
    pub stride: Signal<In, Bits<4>>,
    /// Padding.
    pub pad: Signal<In, Bits<5>>,
    /// 0 the greatest, 1 the average, 2 the average of all pixels.
    pub pooling: Signal<In, Bits<2>>,

    /// There is such a pooling.
    pub known: Signal<Out, Bit>,
    /// It is that of the greatest.
    pub greatest: Signal<Out, Bit>,
    /// Pixels of a window, as a power of two.
    pub taps: Signal<Out, Bits<3>>,
    /// Beats of a pixel, as a power of two.
    pub pixel: Signal<Out, Bits<3>>,
    /// Beats of a row of windows, a beat of each counted, as a power of two; of all pixels those of a pixel.
    pub row: Signal<Out, Bits<3>>,

    up_to_beats: Signal<Local, Bits<21>>,
    unused_in_beat: Signal<Local, Bits<5>>,
    beats: PowerOfTwo,
    rows: PowerOfTwo,
    columns: PowerOfTwo,
    image: Signal<Local, Bits<5>>,
    row_beats: Signal<Local, Bits<4>>,
    windows_fit: Signal<Local, Bit>,
    image_fits: Signal<Local, Bit>,
    is_greatest: Signal<Local, Bit>,
}

impl Logic for PoolKind {
    #[hdl_gen]
    fn update(&mut self) {
        self.up_to_beats.next = bit_cast::<21, 20>(self.channels.val()) + bits::<21>(31);
        self.unused_in_beat.next = self.up_to_beats.val().get_bits::<5>(0);
        self.beats.value.next = self.up_to_beats.val().get_bits::<16>(5);
        self.rows.value.next = self.h.val();
        self.columns.value.next = self.w.val();
        self.is_greatest.next = self.pooling.val() == bits::<2>(0);

        self.row_beats.next =
            bit_cast::<4, 3>(self.beats.log2.val()) + bit_cast::<4, 3>(self.columns.log2.val());
        self.windows_fit.next = self.is_greatest.val()
            & (self.window.val() == bits::<5>(2))
            & (self.stride.val() == bits::<4>(2))
            & !self.pad.val().any()
            & self.columns.exact.val()
            & self.columns.log2.val().any()
            & self.h.val().any()
            & !self.h.val().get_bit(0)
            & (self.row_beats.val() <= bits::<4>(5));
        self.image.next = bit_cast::<5, 3>(self.beats.log2.val())
            + bit_cast::<5, 3>(self.rows.log2.val())
            + bit_cast::<5, 3>(self.columns.log2.val());
        self.image_fits.next = (self.pooling.val() == bits::<2>(2))
            & self.rows.exact.val()
            & self.columns.exact.val()
            & (self.image.val() <= bits::<5>(6));
        // Of up to 8 channels a beat has several pixels.
        self.known.next = (self.channels.val() > bits::<20>(8))
            & self.beats.exact.val()
            & (self.windows_fit.val() | self.image_fits.val());
        self.greatest.next = self.is_greatest.val();
        self.pixel.next = self.beats.log2.val();
        self.taps.next = self.rows.log2.val() + self.columns.log2.val();
        self.row.next = self.beats.log2.val();
        if self.is_greatest.val() {
            self.taps.next = bits::<3>(2);
            self.row.next = self.row_beats.val().get_bits::<3>(0) - bits::<3>(1);
        }
    }
}
