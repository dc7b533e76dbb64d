//! Where a tile of patches lies.

use super::Divide;
use crate::float::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Finds the patch that a tile begins with, by division of its number, and what [`super::Walk`] has to know of the images around it.
/// Patches beside each other in an image are a stripe, whose rows of pixels are lines.
///
/// Places are in units of 8 values from the results' address on, below 2^32 on the card. Everything stands
/// [`Place::LATENCY_CYCLES`] after `begins`.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Place {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Divides from the next cycle on: all that follows from kept instructions and the ST stands.
    pub begins: Signal<In, Bit>,
    /// `row_base` of the ST: the first patch.
    pub patch: Signal<In, Bits<32>>,
    /// Its `rows`.
    pub patches: Signal<In, Bits<16>>,
    /// From a pixel in memory to the next.
    pub eights: Signal<In, Bits<16>>,
    /// See [`super::Grid`].
    pub full_h: Signal<In, Bits<16>>,
    /// See [`super::Grid`].
    pub full_w: Signal<In, Bits<16>>,
    /// See [`super::Grid`].
    pub apart: Signal<In, Bits<4>>,
    /// See [`super::Grid`].
    pub top: Signal<In, Bits<4>>,
    /// See [`super::Grid`].
    pub left: Signal<In, Bits<4>>,
    /// See [`super::Grid`].
    pub image_w: Signal<In, Bits<16>>,
    /// See [`super::Grid`].
    pub patches_h: Signal<In, Bits<16>>,
    /// See [`super::Grid`].
    pub patches_w: Signal<In, Bits<16>>,
    /// See [`super::Grid`].
    pub row_pixels: Signal<In, Bits<17>>,
    /// See [`super::Grid`].
    pub patch_h: Signal<In, Bits<5>>,
    /// See [`super::Grid`].
    pub patch_w: Signal<In, Bits<5>>,
    /// See [`super::Grid`].
    pub last_lines: Signal<In, Bits<5>>,

    /// The first pixel.
    pub first: Signal<Out, Bits<32>>,
    /// First pixel of the stripe below, if there is one in the image.
    pub block_next: Signal<Out, Bits<32>>,
    /// First pixel of the next image.
    pub image_next: Signal<Out, Bits<32>>,
    /// From a pixel that is written to the next.
    pub distance: Signal<Out, Bits<20>>,
    /// From a line to the next.
    pub line: Signal<Out, Bits<32>>,
    /// From a stripe to the next.
    pub block: Signal<Out, Bits<32>>,
    /// From an image to the next.
    pub image: Signal<Out, Bits<32>>,
    /// Pixels of a line of the first stripe.
    pub width: Signal<Out, Bits<21>>,
    /// Its lines.
    pub lines: Signal<Out, Bits<5>>,
    /// Pixels that the patches behind it would have beside each other.
    pub rest: Signal<Out, Bits<21>>,
    /// Stripes below each other in an image, less one.
    pub blocks_last: Signal<Out, Bits<16>>,
    /// Stripes below the first.
    pub blocks_left: Signal<Out, Bits<16>>,

    // Which patch of which image.
    age: DFF<Bits<5>>,
    age_up: Signal<Local, Bits<5>>,
    by_row: Divide,
    by_image: Divide,
    digits: DFF<Bits<32>>,
    number: DFF<Bits<32>>,
    number_unused: Signal<Local, Bits<32>>,

    // Distances.
    row_product: Product<16, 16, 32>,
    row: DFF<Bits<32>>,
    apart_product: Product<16, 4, 20>,
    apart_now: DFF<Bits<20>>,
    line_product: Product<32, 4, 36>,
    line_unused: Signal<Local, Bits<36>>,
    line_now: DFF<Bits<32>>,
    block_product: Product<32, 5, 37>,
    block_unused: Signal<Local, Bits<37>>,
    block_now: DFF<Bits<32>>,
    image_product: Product<32, 16, 48>,
    image_unused: Signal<Local, Bits<48>>,
    image_now: DFF<Bits<32>>,
    top_product: Product<32, 4, 36>,
    top_unused: Signal<Local, Bits<36>>,
    top_now: DFF<Bits<32>>,
    left_product: Product<16, 4, 20>,
    left_now: DFF<Bits<20>>,

    // The first patch.
    low_product: Product<24, 16, 40>,
    low_unused: Signal<Local, Bits<40>>,
    low: DFF<Bits<32>>,
    high_product: Product<24, 16, 40>,
    high_unused: Signal<Local, Bits<40>>,
    high: DFF<Bits<32>>,
    x_product: Product<16, 5, 21>,
    x_unused: Signal<Local, Bits<21>>,
    x: DFF<Bits<16>>,
    y_product: Product<16, 5, 21>,
    y_unused: Signal<Local, Bits<21>>,
    y_lines: DFF<Bits<16>>,
    last_block: Signal<Local, Bits<16>>,
    below: DFF<Bits<16>>,
    height_now: DFF<Bits<5>>,
    images_before: DFF<Bits<32>>,
    y_product_2: Product<32, 16, 48>,
    y_2_unused: Signal<Local, Bits<48>>,
    y_here: DFF<Bits<32>>,
    x_product_2: Product<20, 16, 36>,
    x_2_unused: Signal<Local, Bits<36>>,
    x_here: DFF<Bits<32>>,
    wanted_product: Product<16, 5, 21>,
    wanted: DFF<Bits<21>>,
    to_edge: DFF<Bits<21>>,
    in_image: DFF<Bits<21>>,
    width_now: DFF<Bits<21>>,
    rest_now: DFF<Bits<21>>,
    stripe: DFF<Bits<32>>,
    first_now: DFF<Bits<32>>,
    next_image: DFF<Bits<32>>,
    next_block: DFF<Bits<32>>,
}

impl Place {
    /// Cycles in which a number of 32 bits is divided.
    const DIVISION_CYCLES: usize = 16;
    /// Rising edges from `begins` to all that follows.
    pub const LATENCY_CYCLES: usize = 1 + Self::DIVISION_CYCLES + 1 + 6;
}

impl Logic for Place {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, age, digits, number, row, apart_now, line_now, block_now);
        dff_setup!(self, clock, image_now, top_now, left_now, low, high, x, y_lines, below);
        dff_setup!(
            self,
            clock,
            height_now,
            images_before,
            y_here,
            x_here,
            wanted,
            to_edge,
            in_image
        );
        dff_setup!(self, clock, width_now, rest_now, stripe, first_now, next_image, next_block);
        self.by_row.clock.next = self.clock.val();
        self.by_image.clock.next = self.clock.val();

        // Digits of the number of a row of patches go from one division into the other.
        self.age_up.next = self.age.q.val() + bits::<5>(1);
        if !self.age.q.val().all() {
            self.age.d.next = self.age_up.val();
        }
        self.digits.d.next = self.digits.q.val() << bits::<6>(2);
        if self.begins.val() {
            self.age.d.next = bits::<5>(0);
            self.digits.d.next = self.patch.val();
        }
        self.by_row.run.next = self.age.q.val() < bits::<5>(16);
        self.by_row.first.next = self.age.q.val() == bits::<5>(0);
        self.by_row.digit.next = self.digits.q.val().get_bits::<2>(30);
        self.by_row.divisor.next = self.patches_w.val();
        self.by_image.run.next = (self.age.q.val() < bits::<5>(17)) & self.age.q.val().any();
        self.by_image.first.next = self.age.q.val() == bits::<5>(1);
        self.by_image.digit.next = self.by_row.quotient.val();
        self.by_image.divisor.next = self.patches_h.val();
        if self.age.q.val() < bits::<5>(18) {
            self.number.d.next = (self.number.q.val() << bits::<6>(2))
                | bit_cast::<32, 2>(self.by_image.quotient.val());
        }
        self.number_unused.next = self.number.q.val();

        // Distances.
        self.row_product.left.next = self.full_w.val();
        self.row_product.right.next = self.eights.val();
        self.row.d.next = self.row_product.product.val();
        self.apart_product.left.next = self.eights.val();
        self.apart_product.right.next = self.apart.val();
        self.apart_now.d.next = self.apart_product.product.val();
        self.line_product.left.next = self.row.q.val();
        self.line_product.right.next = self.apart.val();
        self.line_unused.next = self.line_product.product.val();
        self.line_now.d.next = self.line_unused.val().get_bits::<32>(0);
        self.block_product.left.next = self.line_now.q.val();
        self.block_product.right.next = self.patch_h.val();
        self.block_unused.next = self.block_product.product.val();
        self.block_now.d.next = self.block_unused.val().get_bits::<32>(0);
        self.image_product.left.next = self.row.q.val();
        self.image_product.right.next = self.full_h.val();
        self.image_unused.next = self.image_product.product.val();
        self.image_now.d.next = self.image_unused.val().get_bits::<32>(0);
        self.top_product.left.next = self.row.q.val();
        self.top_product.right.next = self.top.val();
        self.top_unused.next = self.top_product.product.val();
        self.top_now.d.next = self.top_unused.val().get_bits::<32>(0);
        self.left_product.left.next = self.eights.val();
        self.left_product.right.next = self.left.val();
        self.left_now.d.next = self.left_product.product.val();
        self.distance.next = self.apart_now.q.val();
        self.line.next = self.line_now.q.val();
        self.block.next = self.block_now.q.val();
        self.image.next = self.image_now.q.val();

        // Patches in front of the first one, images in front of its.
        self.low_product.left.next = self.number_unused.val().get_bits::<24>(0);
        self.low_product.right.next = self.image_now.q.val().get_bits::<16>(0);
        self.low_unused.next = self.low_product.product.val();
        self.low.d.next = self.low_unused.val().get_bits::<32>(0);
        self.high_product.left.next = self.number_unused.val().get_bits::<24>(0);
        self.high_product.right.next = self.image_now.q.val().get_bits::<16>(16);
        self.high_unused.next = self.high_product.product.val();
        self.high.d.next = self.high_unused.val().get_bits::<32>(0) << bits::<6>(16);
        self.images_before.d.next = self.low.q.val() + self.high.q.val();
        self.x_product.left.next = self.by_row.remainder.val();
        self.x_product.right.next = self.patch_w.val();
        self.x_unused.next = self.x_product.product.val();
        self.x.d.next = self.x_unused.val().get_bits::<16>(0);
        self.last_block.next = self.patches_h.val() - bits::<16>(1);
        self.blocks_last.next = self.last_block.val();
        self.below.d.next = self.last_block.val() - self.by_image.remainder.val();
        self.blocks_left.next = self.below.q.val();
        self.height_now.d.next = self.patch_h.val();
        if !self.below.q.val().any() {
            self.height_now.d.next = self.last_lines.val();
        }
        self.lines.next = self.height_now.q.val();
        self.y_product.left.next = self.by_image.remainder.val();
        self.y_product.right.next = self.patch_h.val();
        self.y_unused.next = self.y_product.product.val();
        self.y_lines.d.next = self.y_unused.val().get_bits::<16>(0);
        self.y_product_2.left.next = self.line_now.q.val();
        self.y_product_2.right.next = self.y_lines.q.val();
        self.y_2_unused.next = self.y_product_2.product.val();
        self.y_here.d.next = self.y_2_unused.val().get_bits::<32>(0);
        self.x_product_2.left.next = self.apart_now.q.val();
        self.x_product_2.right.next = self.x.q.val();
        self.x_2_unused.next = self.x_product_2.product.val();
        self.x_here.d.next = self.x_2_unused.val().get_bits::<32>(0);

        // What of the tile is in the first stripe.
        self.wanted_product.left.next = self.patches.val();
        self.wanted_product.right.next = self.patch_w.val();
        self.wanted.d.next = self.wanted_product.product.val();
        self.to_edge.d.next =
            bit_cast::<21, 17>(self.row_pixels.val()) - bit_cast::<21, 16>(self.x.q.val());
        self.in_image.d.next =
            bit_cast::<21, 16>(self.image_w.val()) - bit_cast::<21, 16>(self.x.q.val());
        self.width_now.d.next = self.wanted.q.val();
        self.rest_now.d.next = bits::<21>(0);
        if self.wanted.q.val() >= self.to_edge.q.val() {
            self.width_now.d.next = self.in_image.q.val();
            self.rest_now.d.next = self.wanted.q.val() - self.to_edge.q.val();
        }
        self.width.next = self.width_now.q.val();
        self.rest.next = self.rest_now.q.val();

        // Where it is, and where others are.
        self.stripe.d.next = self.images_before.q.val()
            + self.y_here.q.val()
            + self.top_now.q.val()
            + bit_cast::<32, 20>(self.left_now.q.val());
        self.first_now.d.next = self.stripe.q.val() + self.x_here.q.val();
        self.next_block.d.next = self.stripe.q.val() + self.block_now.q.val();
        self.next_image.d.next = self.images_before.q.val()
            + self.image_now.q.val()
            + self.top_now.q.val()
            + bit_cast::<32, 20>(self.left_now.q.val());
        self.first.next = self.first_now.q.val();
        self.block_next.next = self.next_block.q.val();
        self.image_next.next = self.next_image.q.val();
    }
}
