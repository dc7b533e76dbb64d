//! Images in patches: what a GEOMETRY says of them.

use super::SmallQuotient;
use crate::float::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// The output images of FF, or the pixels of a BP phase, in patches. Everything is computed in every cycle, stage behind stage, and
/// stands [`Grid::LATENCY_CYCLES`] after the GEOMETRY.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Grid {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// A GEOMETRY is taken.
    pub geometry: Signal<In, Bit>,
    /// Its `stage`.
    pub geometry_stage: Signal<In, Bits<2>>,
    /// Its `h`.
    pub geometry_h: Signal<In, Bits<16>>,
    /// Its `w`.
    pub geometry_w: Signal<In, Bits<16>>,
    /// Its `kh`.
    pub geometry_kh: Signal<In, Bits<5>>,
    /// Its `kw`.
    pub geometry_kw: Signal<In, Bits<5>>,
    /// Its `stride`.
    pub geometry_stride: Signal<In, Bits<4>>,
    /// Its `pad`.
    pub geometry_pad: Signal<In, Bits<5>>,
    /// Its `phase`.
    pub geometry_phase: Signal<In, Bits<8>>,
    /// Its `patch_h`.
    pub geometry_patch_h: Signal<In, Bits<5>>,
    /// Its `patch_w`.
    pub geometry_patch_w: Signal<In, Bits<5>>,

    /// Height in pixels of the image in memory.
    pub full_h: Signal<Out, Bits<16>>,
    /// Its width.
    pub full_w: Signal<Out, Bits<16>>,
    /// From a pixel that is written to the next, in pixels of memory.
    pub apart: Signal<Out, Bits<4>>,
    /// First row of memory's pixels that is written.
    pub top: Signal<Out, Bits<4>>,
    /// First column.
    pub left: Signal<Out, Bits<4>>,
    /// Height of what is written.
    pub image_h: Signal<Out, Bits<16>>,
    /// Its width.
    pub image_w: Signal<Out, Bits<16>>,
    /// Patches below each other.
    pub patches_h: Signal<Out, Bits<16>>,
    /// Patches beside each other.
    pub patches_w: Signal<Out, Bits<16>>,
    /// Pixels that these patches would have beside each other.
    pub row_pixels: Signal<Out, Bits<17>>,
    /// Height of a patch.
    pub patch_h: Signal<Out, Bits<5>>,
    /// Width of a patch.
    pub patch_w: Signal<Out, Bits<5>>,
    /// Height of the lowest patches.
    pub last_lines: Signal<Out, Bits<5>>,
    /// The image has a phase without pixels, so that the numbers of phases are others.
    pub odd: Signal<Out, Bit>,

    backward: DFF<Bit>,
    height: DFF<Bits<16>>,
    width: DFF<Bits<16>>,
    kernel_h: DFF<Bits<5>>,
    kernel_w: DFF<Bits<5>>,
    stride: DFF<Bits<4>>,
    pad: DFF<Bits<5>>,
    phase: DFF<Bits<8>>,
    side_h: DFF<Bits<5>>,
    side_w: DFF<Bits<5>>,

    // Where the phase's pixels are.
    phase_by: SmallQuotient,
    pad_by: SmallQuotient,
    stride_5: Signal<Local, Bits<5>>,
    phase_h: Signal<Local, Bits<5>>,
    phase_h_unused: Signal<Local, Bits<17>>,
    pad_q_unused: Signal<Local, Bits<17>>,
    phase_whole: Product<4, 4, 8>,
    pad_whole: Product<5, 4, 9>,
    phase_h_kept: DFF<Bits<5>>,
    phase_w: DFF<Bits<5>>,
    phase_w_unused: Signal<Local, Bits<8>>,
    pad_rest: DFF<Bits<5>>,
    pad_rest_unused: Signal<Local, Bits<9>>,
    back_h: Signal<Local, Bits<5>>,
    round_h: Signal<Local, Bits<5>>,
    back_w: Signal<Local, Bits<5>>,
    round_w: Signal<Local, Bits<5>>,
    first_h: DFF<Bits<5>>,
    first_w: DFF<Bits<5>>,

    // How many there are.
    forward_h: Signal<Local, Bits<17>>,
    forward_w: Signal<Local, Bits<17>>,
    backward_h: Signal<Local, Bits<17>>,
    backward_w: Signal<Local, Bits<17>>,
    number_h: DFF<Bits<17>>,
    number_w: DFF<Bits<17>>,
    image_h_by: SmallQuotient,
    image_w_by: SmallQuotient,
    up_h: DFF<Bits<17>>,
    up_w: DFF<Bits<17>>,
    patches_h_by: SmallQuotient,
    patches_w_by: SmallQuotient,
    high_unused: Signal<Local, Bits<17>>,
    wide_unused: Signal<Local, Bits<17>>,
    image_high_unused: Signal<Local, Bits<17>>,
    image_wide_unused: Signal<Local, Bits<17>>,
    row_product: Product<16, 5, 21>,
    row_unused: Signal<Local, Bits<21>>,
    row: DFF<Bits<17>>,
    above: Signal<Local, Bits<16>>,
    above_product: Product<16, 5, 21>,
    above_unused: Signal<Local, Bits<21>>,
    above_lines: DFF<Bits<16>>,
    last_unused: Signal<Local, Bits<16>>,
    last: DFF<Bits<5>>,
}

impl Grid {
    /// Rising edges from a GEOMETRY, taken, to all that follows from it.
    pub const LATENCY_CYCLES: usize = 11;
}

impl Logic for Grid {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, backward, height, width, kernel_h, kernel_w, stride, pad, phase);
        dff_setup!(self, clock, side_h, side_w, phase_h_kept, phase_w, pad_rest, first_h, first_w);
        dff_setup!(self, clock, number_h, number_w, up_h, up_w, row, above_lines, last);
        self.phase_by.clock.next = self.clock.val();
        self.pad_by.clock.next = self.clock.val();
        self.image_h_by.clock.next = self.clock.val();
        self.image_w_by.clock.next = self.clock.val();
        self.patches_h_by.clock.next = self.clock.val();
        self.patches_w_by.clock.next = self.clock.val();
        if self.geometry.val() {
            self.backward.d.next = self.geometry_stage.val() == bits::<2>(1);
            self.height.d.next = self.geometry_h.val();
            self.width.d.next = self.geometry_w.val();
            self.kernel_h.d.next = self.geometry_kh.val();
            self.kernel_w.d.next = self.geometry_kw.val();
            self.stride.d.next = self.geometry_stride.val();
            self.pad.d.next = self.geometry_pad.val();
            self.phase.d.next = self.geometry_phase.val();
            self.side_h.d.next = self.geometry_patch_h.val();
            self.side_w.d.next = self.geometry_patch_w.val();
        }
        self.stride_5.next = bit_cast::<5, 4>(self.stride.q.val());

        // The first index i >= 0 with (i + pad) % stride == phase.
        self.phase_by.number.next = bit_cast::<17, 8>(self.phase.q.val());
        self.phase_by.divisor.next = self.stride_5.val();
        self.pad_by.number.next = bit_cast::<17, 5>(self.pad.q.val());
        self.pad_by.divisor.next = self.stride_5.val();
        self.phase_h_unused.next = self.phase_by.quotient.val();
        self.phase_h.next = self.phase_h_unused.val().get_bits::<5>(0);
        self.pad_q_unused.next = self.pad_by.quotient.val();
        self.phase_whole.left.next = self.phase_h_unused.val().get_bits::<4>(0);
        self.phase_whole.right.next = self.stride.q.val();
        self.pad_whole.left.next = self.pad_q_unused.val().get_bits::<5>(0);
        self.pad_whole.right.next = self.stride.q.val();
        self.phase_h_kept.d.next = self.phase_h.val();
        self.phase_w_unused.next = self.phase.q.val() - self.phase_whole.product.val();
        self.phase_w.d.next = self.phase_w_unused.val().get_bits::<5>(0);
        self.pad_rest_unused.next =
            bit_cast::<9, 5>(self.pad.q.val()) - self.pad_whole.product.val();
        self.pad_rest.d.next = self.pad_rest_unused.val().get_bits::<5>(0);
        self.back_h.next = self.phase_h_kept.q.val() - self.pad_rest.q.val();
        self.round_h.next = self.back_h.val() + self.stride_5.val();
        self.back_w.next = self.phase_w.q.val() - self.pad_rest.q.val();
        self.round_w.next = self.back_w.val() + self.stride_5.val();
        self.first_h.d.next = self.back_h.val();
        if self.phase_h_kept.q.val() < self.pad_rest.q.val() {
            self.first_h.d.next = self.round_h.val();
        }
        self.first_w.d.next = self.back_w.val();
        if self.phase_w.q.val() < self.pad_rest.q.val() {
            self.first_w.d.next = self.round_w.val();
        }
        if !self.backward.q.val() {
            self.first_h.d.next = bits::<5>(0);
            self.first_w.d.next = bits::<5>(0);
        }

        // Sizes of images: FF has those of the output, BP every stride-th pixel of the input.
        self.forward_h.next = bit_cast::<17, 16>(self.height.q.val())
            + (bit_cast::<17, 5>(self.pad.q.val()) << bits::<5>(1))
            + bit_cast::<17, 4>(self.stride.q.val())
            - bit_cast::<17, 5>(self.kernel_h.q.val());
        self.forward_w.next = bit_cast::<17, 16>(self.width.q.val())
            + (bit_cast::<17, 5>(self.pad.q.val()) << bits::<5>(1))
            + bit_cast::<17, 4>(self.stride.q.val())
            - bit_cast::<17, 5>(self.kernel_w.q.val());
        self.backward_h.next = bit_cast::<17, 16>(self.height.q.val())
            + bit_cast::<17, 4>(self.stride.q.val())
            - bit_cast::<17, 5>(self.first_h.q.val())
            - bits::<17>(1);
        self.backward_w.next = bit_cast::<17, 16>(self.width.q.val())
            + bit_cast::<17, 4>(self.stride.q.val())
            - bit_cast::<17, 5>(self.first_w.q.val())
            - bits::<17>(1);
        self.number_h.d.next = self.forward_h.val();
        self.number_w.d.next = self.forward_w.val();
        if self.backward.q.val() {
            self.number_h.d.next = self.backward_h.val();
            self.number_w.d.next = self.backward_w.val();
        }
        self.image_h_by.number.next = self.number_h.q.val();
        self.image_h_by.divisor.next = self.stride_5.val();
        self.image_w_by.number.next = self.number_w.q.val();
        self.image_w_by.divisor.next = self.stride_5.val();
        self.image_high_unused.next = self.image_h_by.quotient.val();
        self.image_wide_unused.next = self.image_w_by.quotient.val();
        self.image_h.next = self.image_high_unused.val().get_bits::<16>(0);
        self.image_w.next = self.image_wide_unused.val().get_bits::<16>(0);
        self.up_h.d.next =
            self.image_h_by.quotient.val() + bit_cast::<17, 5>(self.side_h.q.val()) - bits::<17>(1);
        self.up_w.d.next =
            self.image_w_by.quotient.val() + bit_cast::<17, 5>(self.side_w.q.val()) - bits::<17>(1);
        self.patches_h_by.number.next = self.up_h.q.val();
        self.patches_h_by.divisor.next = self.side_h.q.val();
        self.patches_w_by.number.next = self.up_w.q.val();
        self.patches_w_by.divisor.next = self.side_w.q.val();
        self.high_unused.next = self.patches_h_by.quotient.val();
        self.wide_unused.next = self.patches_w_by.quotient.val();
        self.patches_h.next = self.high_unused.val().get_bits::<16>(0);
        self.patches_w.next = self.wide_unused.val().get_bits::<16>(0);
        self.row_product.left.next = self.wide_unused.val().get_bits::<16>(0);
        self.row_product.right.next = self.side_w.q.val();
        self.row_unused.next = self.row_product.product.val();
        self.row.d.next = self.row_unused.val().get_bits::<17>(0);
        self.row_pixels.next = self.row.q.val();
        self.above.next = self.high_unused.val().get_bits::<16>(0) - bits::<16>(1);
        self.above_product.left.next = self.above.val();
        self.above_product.right.next = self.side_h.q.val();
        self.above_unused.next = self.above_product.product.val();
        self.above_lines.d.next = self.above_unused.val().get_bits::<16>(0);
        self.last_unused.next =
            self.image_high_unused.val().get_bits::<16>(0) - self.above_lines.q.val();
        self.last.d.next = self.last_unused.val().get_bits::<5>(0);
        self.last_lines.next = self.last.q.val();
        self.patch_h.next = self.side_h.q.val();
        self.patch_w.next = self.side_w.q.val();

        // Images in memory.
        self.full_h.next = self.height.q.val();
        self.full_w.next = self.width.q.val();
        self.apart.next = self.stride.q.val();
        if !self.backward.q.val() {
            self.full_h.next = self.image_high_unused.val().get_bits::<16>(0);
            self.full_w.next = self.image_wide_unused.val().get_bits::<16>(0);
            self.apart.next = bits::<4>(1);
        }
        self.top.next = self.first_h.q.val().get_bits::<4>(0);
        self.left.next = self.first_w.q.val().get_bits::<4>(0);
        self.odd.next = self.backward.q.val()
            & ((self.height.q.val() < bit_cast::<16, 4>(self.stride.q.val()))
                | (self.width.q.val() < bit_cast::<16, 4>(self.stride.q.val())));
    }
}
