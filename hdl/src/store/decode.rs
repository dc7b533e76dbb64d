//! What the instructions say of the next tile.

use crate::float::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Keeps GEOMETRY and RESULTS, and makes of an ST what the walk needs. Addresses and lengths are in units of 2 bytes, the width of an
/// FP16 value.
///
/// Everything is computed in every cycle, stage behind stage, and the start waits for [`satkit_spec::STORE_DECODE_CYCLES`]. Rows of
/// the tile lie one after another in memory (flat patches, single pixels, weight rows), or where [`super::Place`] says (patches
/// of images). Products of a batch and bias gradients at the drain are illegal here.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Decode {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets the ST.
    pub reset: Signal<In, Bit>,
    /// Cycles from the first in which an ST is known to that in which it may start, constant.
    pub last_age: Signal<In, Bits<6>>,
    /// The same to that in which [`super::Grid`] stands, constant.
    pub grid_age: Signal<In, Bits<6>>,
    /// Log2 of the array's rows, constant.
    pub row_bits: Signal<In, Bits<3>>,
    /// Log2 of its columns, constant.
    pub col_bits: Signal<In, Bits<3>>,
    /// Its rows less one, constant.
    pub last_row: Signal<In, Bits<5>>,
    /// Its columns less one, constant.
    pub last_col: Signal<In, Bits<5>>,

    /// A GEOMETRY is taken.
    pub geometry: Signal<In, Bit>,
    /// Its `stage`.
    pub geometry_stage: Signal<In, Bits<2>>,
    /// Its `dataflow`: it is output-stationary.
    pub geometry_stays: Signal<In, Bit>,
    /// Its `batch`.
    pub geometry_batch: Signal<In, Bits<24>>,
    /// Its `ci`.
    pub geometry_ci: Signal<In, Bits<20>>,
    /// Its `co`.
    pub geometry_co: Signal<In, Bits<20>>,
    /// Its `h`.
    pub geometry_h: Signal<In, Bits<16>>,
    /// Its `w`.
    pub geometry_w: Signal<In, Bits<16>>,
    /// Its `stride`.
    pub geometry_stride: Signal<In, Bits<4>>,
    /// Its `flat`.
    pub geometry_flat: Signal<In, Bit>,
    /// Its `patch_h`.
    pub geometry_patch_h: Signal<In, Bits<5>>,
    /// Its `patch_w`.
    pub geometry_patch_w: Signal<In, Bits<5>>,

    /// A RESULTS is taken.
    pub results: Signal<In, Bit>,
    /// Its `out`.
    pub results_out: Signal<In, Bits<30>>,
    /// Its `pitch`.
    pub results_pitch: Signal<In, Bits<16>>,
    /// Its `add`.
    pub results_add: Signal<In, Bits<30>>,
    /// Its `sum`.
    pub results_sum: Signal<In, Bits<30>>,
    /// Its `mask`.
    pub results_mask: Signal<In, Bits<30>>,
    /// Its `heads`.
    pub results_heads: Signal<In, Bits<8>>,
    /// Its `scale`.
    pub results_scale: Signal<In, Bits<32>>,

    /// An ST is taken.
    pub store: Signal<In, Bit>,
    /// Its `group`.
    pub store_group: Signal<In, Bits<24>>,
    /// Its `row_base`.
    pub store_row_base: Signal<In, Bits<32>>,
    /// Its `rows`.
    pub store_rows: Signal<In, Bits<16>>,
    /// Its `col_base`.
    pub store_col_base: Signal<In, Bits<20>>,
    /// Its `cols`.
    pub store_cols: Signal<In, Bits<16>>,
    /// Its `fp32`.
    pub store_fp32: Signal<In, Bit>,
    /// Its `relu`.
    pub store_relu: Signal<In, Bit>,
    /// Its `bias`.
    pub store_bias: Signal<In, Bit>,
    /// Its `add`.
    pub store_add: Signal<In, Bit>,
    /// Its `mask`.
    pub store_mask: Signal<In, Bit>,
    /// Its `sums`.
    pub store_sums: Signal<In, Bit>,
    /// Its `products`.
    pub store_products: Signal<In, Bit>,
    /// Its `bias_gradient`.
    pub store_bias_gradient: Signal<In, Bit>,

    /// The ST says where patches of images are, so that they can be found.
    pub begins: Signal<Out, Bit>,
    /// `row_base` of the ST.
    pub patch: Signal<Out, Bits<32>>,
    /// Its `rows`.
    pub patches: Signal<Out, Bits<16>>,
    /// `pitch` of RESULTS.
    pub eights: Signal<Out, Bits<16>>,
    /// See [`super::Grid`].
    pub odd: Signal<In, Bit>,
    /// See [`super::Place`].
    pub place_first: Signal<In, Bits<32>>,
    /// See [`super::Place`].
    pub place_block_next: Signal<In, Bits<32>>,
    /// See [`super::Place`].
    pub place_image_next: Signal<In, Bits<32>>,
    /// See [`super::Place`].
    pub place_distance: Signal<In, Bits<20>>,
    /// See [`super::Place`].
    pub place_line: Signal<In, Bits<32>>,
    /// See [`super::Place`].
    pub place_block: Signal<In, Bits<32>>,
    /// See [`super::Place`].
    pub place_image: Signal<In, Bits<32>>,
    /// See [`super::Place`].
    pub place_width: Signal<In, Bits<21>>,
    /// See [`super::Place`].
    pub place_lines: Signal<In, Bits<5>>,
    /// See [`super::Place`].
    pub place_rest: Signal<In, Bits<21>>,

    /// The ST that waits has its tokens.
    pub go: Signal<In, Bit>,
    /// The walk can take a tile.
    pub free: Signal<In, Bit>,
    /// No tile is under way.
    pub idle: Signal<In, Bit>,
    /// The walk ahead can take a tile.
    pub ahead_free: Signal<In, Bit>,
    /// It does.
    pub ahead: Signal<Out, Bit>,
    /// The next instruction may come.
    pub ready: Signal<Out, Bit>,
    /// The tile starts.
    pub start: Signal<Out, Bit>,
    /// It is none that this engine can store, and those before it have ended.
    pub illegal: Signal<Out, Bit>,

    /// Address of the first row.
    pub address: Signal<Out, Bits<35>>,
    /// From a row to the next of its line.
    pub pitch: Signal<Out, Bits<24>>,
    /// What is written of a row.
    pub row_length: Signal<Out, Bits<20>>,
    /// Rows of a line of the first stripe.
    pub width: Signal<Out, Bits<21>>,
    /// Lines of the first stripe.
    pub lines: Signal<Out, Bits<5>>,
    /// Rows that the patches behind it would have in one line.
    pub beyond: Signal<Out, Bits<21>>,
    /// First row of the stripe below.
    pub block_next: Signal<Out, Bits<35>>,
    /// First row of the next image.
    pub image_next: Signal<Out, Bits<35>>,
    /// From a line to the next.
    pub line_pitch: Signal<Out, Bits<35>>,
    /// From a stripe to the one below.
    pub block_pitch: Signal<Out, Bits<35>>,
    /// From an image to the next.
    pub image_pitch: Signal<Out, Bits<35>>,
    /// Words from a line to the next.
    pub line_step: Signal<Out, Bits<5>>,
    /// Columns of the tile.
    pub cols: Signal<Out, Bits<16>>,
    /// Words of the drain buffer from a group of columns to the next.
    pub group_step: Signal<Out, Bits<5>>,
    /// Rows before the outer step, less one.
    pub inner_last: Signal<Out, Bits<5>>,
    /// Words from a row to the next.
    pub inner_step: Signal<Out, Bits<5>>,
    /// Words from the first of so many rows to the first of the next so many.
    pub outer_step: Signal<Out, Bits<5>>,
    /// Words of the tile.
    pub words: Signal<Out, Bits<17>>,
    /// Words that have to be there before the walk begins.
    pub needed: Signal<Out, Bits<17>>,
    /// FP32 values.
    pub single: Signal<Out, Bit>,
    /// ReLU follows.
    pub relu: Signal<Out, Bit>,
    /// Factor of all values.
    pub scale: Signal<Out, Bits<32>>,
    /// Tensors are read for each burst.
    pub reads: Signal<Out, Bit>,
    /// The work: bias 1, addition 1, mask 1, rounding before an addition 1, sums 1, products with a tensor 1, bank of the sums 1, the first
    /// lowest.
    pub work: Signal<Out, Bits<7>>,
    /// With the start new sums begin.
    pub begins_sums: Signal<Out, Bit>,
    /// First column.
    pub first_column: Signal<Out, Bits<20>>,
    /// First beat of the results.
    pub out_beat: Signal<Out, Bits<30>>,
    /// First beat of what is added.
    pub add_beat: Signal<Out, Bits<30>>,
    /// First beat of the tensor whose products are summed.
    pub factor_beat: Signal<Out, Bits<30>>,
    /// First beat of the mask.
    pub mask_beat: Signal<Out, Bits<30>>,

    stage: DFF<Bits<2>>,
    stays: DFF<Bit>,
    batch: DFF<Bits<24>>,
    ci: DFF<Bits<20>>,
    co: DFF<Bits<20>>,
    height: DFF<Bits<16>>,
    wide: DFF<Bits<16>>,
    stride: DFF<Bits<4>>,
    flat: DFF<Bit>,
    patch_h: DFF<Bits<5>>,
    patch_w: DFF<Bits<5>>,
    out: DFF<Bits<30>>,
    eights_kept: DFF<Bits<16>>,
    heads: DFF<Bits<8>>,
    factor: DFF<Bits<32>>,
    full: DFF<Bit>,
    age: DFF<Bits<6>>,
    age_up: Signal<Local, Bits<6>>,
    aged: Signal<Local, Bit>,
    group: DFF<Bits<24>>,
    row_base: DFF<Bits<32>>,
    tile_rows: DFF<Bits<16>>,
    col_base: DFF<Bits<20>>,
    tile_cols: DFF<Bits<16>>,
    fp32: DFF<Bit>,
    rectifies: DFF<Bit>,
    others: DFF<Bit>,
    with_bias: DFF<Bit>,
    with_add: DFF<Bit>,
    with_mask: DFF<Bit>,
    with_sums: DFF<Bit>,
    with_products: DFF<Bit>,
    factor_kept: DFF<Bits<30>>,
    fresh_sums: DFF<Bit>,
    bank: DFF<Bit>,
    renews: Signal<Local, Bit>,
    bank_now: Signal<Local, Bit>,
    last_channel: Signal<Local, Bits<21>>,
    last_word_unused: Signal<Local, Bits<21>>,
    add_kept: DFF<Bits<30>>,
    mask_kept: DFF<Bits<30>>,
    fresh: DFF<Bit>,
    seen: DFF<Bit>,
    goes_ahead: Signal<Local, Bit>,
    does_read: Signal<Local, Bit>,
    works: Signal<Local, Bit>,
    is_backward: Signal<Local, Bit>,
    merges: Signal<Local, Bit>,
    aside: Signal<Local, Bits<5>>,
    whole_beats: Signal<Local, Bit>,
    starts: Signal<Local, Bit>,

    // Which tile it is.
    weights: Signal<Local, Bit>,
    one_pixel: Signal<Local, Bit>,
    in_line: Signal<Local, Bit>,
    refused: DFF<Bit>,
    area_product: Product<5, 5, 10>,
    area_unused: Signal<Local, Bits<10>>,
    area: DFF<Bits<5>>,
    is_large: Signal<Local, Bit>,

    // The first pixel, and how many there are.
    first_product: Product<32, 5, 37>,
    unused_first: Signal<Local, Bits<5>>,
    first: DFF<Bits<32>>,
    wanted_product: Product<16, 5, 21>,
    wanted: DFF<Bits<21>>,
    image_product: Product<16, 16, 32>,
    image: DFF<Bits<32>>,
    all_low_product: Product<24, 16, 40>,
    all_high_product: Product<24, 16, 40>,
    unused_all: Signal<Local, Bits<32>>,
    all_low: DFF<Bits<32>>,
    all_high: DFF<Bits<32>>,
    all: DFF<Bits<32>>,
    left: DFF<Bits<32>>,
    count: DFF<Bits<21>>,

    // Where it lies.
    low_product: Product<16, 16, 32>,
    high_product: Product<16, 16, 32>,
    low: DFF<Bits<32>>,
    high: DFF<Bits<32>>,
    offset: DFF<Bits<35>>,
    offset_32: Signal<Local, Bits<32>>,
    column: DFF<Bits<35>>,
    pitch_2: DFF<Bits<20>>,
    distance_2: DFF<Bits<24>>,
    offset_block: DFF<Bits<35>>,
    offset_image: DFF<Bits<35>>,
    line_2: DFF<Bits<35>>,
    block_2: DFF<Bits<35>>,
    image_2: DFF<Bits<35>>,
    begin_address: Signal<Local, Bits<35>>,
    start_address: DFF<Bits<35>>,
    block_address: DFF<Bits<35>>,
    image_address: DFF<Bits<35>>,
    columns: Signal<Local, Bits<20>>,
    columns_32: Signal<Local, Bits<20>>,
    natural: Signal<Local, Bits<20>>,
    natural_up: Signal<Local, Bits<20>>,
    natural_sum: Signal<Local, Bits<20>>,
    past: Signal<Local, Bits<21>>,
    fills: DFF<Bit>,
    used: DFF<Bits<20>>,
    up_to_pitch: Signal<Local, Bits<20>>,
    length: DFF<Bits<20>>,

    // How it lies in the drain buffer.
    cols_up: Signal<Local, Bits<17>>,
    rows_up: Signal<Local, Bits<17>>,
    col_groups: Signal<Local, Bits<17>>,
    row_groups: Signal<Local, Bits<17>>,
    unused_groups: Signal<Local, Bits<12>>,
    iq: DFF<Bits<5>>,
    ip: DFF<Bits<5>>,
    interleave_product: Product<5, 5, 10>,
    unused_interleave: Signal<Local, Bits<5>>,
    interleave: DFF<Bits<5>>,
    other_words: Signal<Local, Bits<5>>,
    ip_less: Signal<Local, Bits<5>>,
    inner: DFF<Bits<5>>,
    step_in: DFF<Bits<5>>,
    step_out: DFF<Bits<5>>,
    size: DFF<Bits<17>>,
    least: DFF<Bits<17>>,
}

impl Logic for Decode {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, stage, stays, batch, ci, co, height, wide, stride, flat);
        dff_setup!(self, clock, patch_h, patch_w, out, eights_kept, heads, factor, full, age);
        dff_setup!(self, clock, group, row_base, tile_rows, col_base, tile_cols, fp32, others);
        dff_setup!(self, clock, with_bias, with_add, with_mask, add_kept, mask_kept, fresh, seen);
        dff_setup!(self, clock, rectifies, with_sums, with_products, factor_kept, fresh_sums, bank);
        dff_setup!(self, clock, refused, first, wanted, image, all_low, all_high, all, left, count);
        dff_setup!(self, clock, low, high, offset, column, pitch_2, start_address, fills, used);
        dff_setup!(self, clock, area, distance_2, offset_block, offset_image, line_2, block_2);
        dff_setup!(self, clock, image_2, block_address, image_address);
        dff_setup!(self, clock, length, iq, ip, interleave, inner, step_in, step_out, size, least);

        // Pieces of tiles that read lie in one beat each.
        self.does_read.next =
            self.with_add.q.val() | self.with_mask.q.val() | self.with_products.q.val();
        self.works.next = self.does_read.val() | self.with_bias.q.val() | self.with_sums.q.val();
        self.aside.next = self.col_base.q.val().get_bits::<5>(0) & self.last_col.val();
        self.whole_beats.next = (self.eights_kept.q.val() == bits::<16>(1))
            | !self.eights_kept.q.val().get_bits::<2>(0).any();
        self.is_backward.next = self.stage.q.val() == bits::<2>(1);
        self.merges.next = self.is_backward.val() & self.with_add.q.val();
        self.reads.next = self.does_read.val();
        // The first sums behind a RESULTS are new ones, in the other bank.
        self.renews.next = self.with_sums.q.val() & self.fresh_sums.q.val();
        self.bank_now.next = self.bank.q.val() ^ self.renews.val();
        self.work.next = bit_cast::<7, 1>(self.with_bias.q.val().into())
            | (bit_cast::<7, 1>(self.with_add.q.val().into()) << bits::<3>(1))
            | (bit_cast::<7, 1>(self.with_mask.q.val().into()) << bits::<3>(2))
            | (bit_cast::<7, 1>(self.merges.val().into()) << bits::<3>(3))
            | (bit_cast::<7, 1>(self.with_sums.q.val().into()) << bits::<3>(4))
            | (bit_cast::<7, 1>(self.with_products.q.val().into()) << bits::<3>(5))
            | (bit_cast::<7, 1>(self.bank_now.val().into()) << bits::<3>(6));
        self.first_column.next = self.col_base.q.val();
        self.out_beat.next = self.out.q.val();
        self.add_beat.next = self.add_kept.q.val();
        self.factor_beat.next = self.factor_kept.q.val();
        self.mask_beat.next = self.mask_kept.q.val();

        // What is kept, and the ST.
        if self.geometry.val() {
            self.stage.d.next = self.geometry_stage.val();
            self.stays.d.next = self.geometry_stays.val();
            self.batch.d.next = self.geometry_batch.val();
            self.ci.d.next = self.geometry_ci.val();
            self.co.d.next = self.geometry_co.val();
            self.height.d.next = self.geometry_h.val();
            self.wide.d.next = self.geometry_w.val();
            self.stride.d.next = self.geometry_stride.val();
            self.flat.d.next = self.geometry_flat.val();
            self.patch_h.d.next = self.geometry_patch_h.val();
            self.patch_w.d.next = self.geometry_patch_w.val();
        }
        if self.results.val() {
            self.out.d.next = self.results_out.val();
            self.eights_kept.d.next = self.results_pitch.val();
            self.heads.d.next = self.results_heads.val();
            self.add_kept.d.next = self.results_add.val();
            self.factor_kept.d.next = self.results_sum.val();
            self.fresh_sums.d.next = true;
            self.mask_kept.d.next = self.results_mask.val();
            self.fresh.d.next = true;
            self.factor.d.next = self.results_scale.val();
        }
        self.ready.next = !self.full.q.val();
        self.age_up.next = self.age.q.val() + bits::<6>(1);
        self.aged.next = self.full.q.val() & (self.age.q.val() == self.last_age.val());
        if self.full.q.val() & !self.aged.val() {
            self.age.d.next = self.age_up.val();
        }
        self.begins.next = self.full.q.val() & (self.age.q.val() == self.grid_age.val());
        self.patch.next = self.row_base.q.val();
        self.patches.next = self.tile_rows.q.val();
        self.eights.next = self.eights_kept.q.val();
        self.starts.next = self.aged.val()
            & !self.refused.q.val()
            & self.go.val()
            & self.free.val()
            & (!self.does_read.val() | !self.fresh.q.val() | self.idle.val());
        self.goes_ahead.next = self.aged.val()
            & !self.refused.q.val()
            & self.does_read.val()
            & !self.seen.q.val()
            & self.ahead_free.val();
        self.ahead.next = self.goes_ahead.val();
        if self.goes_ahead.val() {
            self.seen.d.next = true;
        }
        self.start.next = self.starts.val();
        self.begins_sums.next = self.starts.val() & self.renews.val();
        self.illegal.next = self.aged.val() & self.refused.q.val() & self.idle.val();
        if self.starts.val() {
            self.full.d.next = false;
            self.fresh.d.next = false;
            self.bank.d.next = self.bank_now.val();
            if self.with_sums.q.val() {
                self.fresh_sums.d.next = false;
            }
        }
        if self.store.val() {
            self.full.d.next = true;
            self.age.d.next = bits::<6>(0);
            self.group.d.next = self.store_group.val();
            self.row_base.d.next = self.store_row_base.val();
            self.tile_rows.d.next = self.store_rows.val();
            self.col_base.d.next = self.store_col_base.val();
            self.tile_cols.d.next = self.store_cols.val();
            self.fp32.d.next = self.store_fp32.val();
            self.rectifies.d.next = self.store_relu.val();
            self.with_bias.d.next = self.store_bias.val();
            self.with_add.d.next = self.store_add.val();
            self.with_mask.d.next = self.store_mask.val();
            self.with_sums.d.next = self.store_sums.val();
            self.with_products.d.next = self.store_products.val();
            self.others.d.next = self.store_bias_gradient.val();
            self.seen.d.next = false;
        }
        if self.reset.val() {
            self.full.d.next = false;
            self.bank.d.next = false;
        }

        self.weights.next = self.stage.q.val() == bits::<2>(2);
        self.one_pixel.next = (self.patch_h.q.val() == bits::<5>(1))
            & (self.patch_w.q.val() == bits::<5>(1))
            & ((self.stage.q.val() == bits::<2>(0)) | (self.stride.q.val() == bits::<4>(1)));
        self.in_line.next = self.weights.val() | self.flat.q.val() | self.one_pixel.val();
        // There are sums of 64 channels for each column of the array.
        self.last_channel.next = bit_cast::<21, 20>(self.col_base.q.val())
            + bit_cast::<21, 16>(self.tile_cols.q.val())
            - bits::<21>(1);
        self.last_word_unused.next = self.last_channel.val() >> self.col_bits.val();
        self.refused.d.next = (!self.in_line.val() & self.odd.val())
            | self.others.q.val()
            | (self.with_products.q.val() & !self.with_sums.q.val())
            | (self.with_sums.q.val() & self.last_word_unused.val().get_bits::<15>(6).any())
            | (self.works.val() & (self.fp32.q.val() | self.weights.val()))
            | (self.rectifies.q.val() & self.fp32.q.val())
            | (self.rectifies.q.val() & self.merges.val())
            | (self.works.val() & self.aside.val().any())
            | (self.does_read.val() & !self.whole_beats.val())
            | self.group.q.val().any()
            | !self.tile_rows.q.val().any()
            | !self.tile_cols.q.val().any();

        // Pixels of the tile: those of its patches that there are. Numbers of pixels are below 2^32 on the card.
        self.first_product.left.next = self.row_base.q.val();
        self.first_product.right.next = self.patch_w.q.val();
        self.first.d.next = self.first_product.product.val().get_bits::<32>(0);
        self.unused_first.next = self.first_product.product.val().get_bits::<5>(32);
        self.wanted_product.left.next = self.tile_rows.q.val();
        self.wanted_product.right.next = self.patch_w.q.val();
        self.wanted.d.next = self.wanted_product.product.val();
        self.image_product.left.next = self.height.q.val();
        self.image_product.right.next = self.wide.q.val();
        self.image.d.next = self.image_product.product.val();
        self.all_low_product.left.next = self.batch.q.val();
        self.all_low_product.right.next = self.image.q.val().get_bits::<16>(0);
        self.all_high_product.left.next = self.batch.q.val();
        self.all_high_product.right.next = self.image.q.val().get_bits::<16>(16);
        self.all_low.d.next = self.all_low_product.product.val().get_bits::<32>(0);
        self.all_high.d.next =
            self.all_high_product.product.val().get_bits::<32>(0) << bits::<5>(16);
        self.unused_all.next =
            bit_cast::<32, 8>(self.all_low_product.product.val().get_bits::<8>(32))
                | (bit_cast::<32, 8>(self.all_high_product.product.val().get_bits::<8>(32))
                    << bits::<5>(8));
        self.all.d.next = self.all_low.q.val() + self.all_high.q.val();
        self.left.d.next = self.all.q.val() - self.first.q.val();
        self.count.d.next = self.wanted.q.val();
        if self.flat.q.val() & (self.left.q.val() < bit_cast::<32, 21>(self.wanted.q.val())) {
            self.count.d.next = self.left.q.val().get_bits::<21>(0);
        }
        self.width.next = self.place_width.val();
        self.lines.next = self.place_lines.val();
        self.beyond.next = self.place_rest.val();
        if self.in_line.val() {
            self.width.next = self.count.q.val();
            self.lines.next = bits::<5>(1);
            self.beyond.next = bits::<21>(0);
        }

        // The first row's address: pitches in front of it, and columns.
        self.low_product.left.next = self.first.q.val().get_bits::<16>(0);
        self.low_product.right.next = self.eights_kept.q.val();
        self.high_product.left.next = self.first.q.val().get_bits::<16>(16);
        self.high_product.right.next = self.eights_kept.q.val();
        self.low.d.next = self.low_product.product.val();
        self.high.d.next = self.high_product.product.val() << bits::<5>(16);
        self.offset_32.next = self.place_first.val();
        if self.in_line.val() {
            self.offset_32.next = self.low.q.val() + self.high.q.val();
        }
        self.columns.next = self.col_base.q.val();
        self.columns_32.next = bit_cast::<20, 16>(self.tile_cols.q.val());
        self.offset.d.next = bit_cast::<35, 32>(self.offset_32.val()) << bits::<6>(3);
        self.column.d.next = bit_cast::<35, 20>(self.columns.val());
        self.offset_block.d.next = bit_cast::<35, 32>(self.place_block_next.val()) << bits::<6>(3);
        self.offset_image.d.next = bit_cast::<35, 32>(self.place_image_next.val()) << bits::<6>(3);
        self.line_2.d.next = bit_cast::<35, 32>(self.place_line.val()) << bits::<6>(3);
        self.block_2.d.next = bit_cast::<35, 32>(self.place_block.val()) << bits::<6>(3);
        self.image_2.d.next = bit_cast::<35, 32>(self.place_image.val()) << bits::<6>(3);
        self.pitch_2.d.next = bit_cast::<20, 16>(self.eights_kept.q.val()) << bits::<5>(3);
        self.distance_2.d.next = bit_cast::<24, 20>(self.place_distance.val()) << bits::<5>(3);
        self.used.d.next = self.columns_32.val();
        if self.fp32.q.val() {
            self.offset.d.next = bit_cast::<35, 32>(self.offset_32.val()) << bits::<6>(4);
            self.column.d.next = bit_cast::<35, 20>(self.columns.val()) << bits::<6>(1);
            self.offset_block.d.next =
                bit_cast::<35, 32>(self.place_block_next.val()) << bits::<6>(4);
            self.offset_image.d.next =
                bit_cast::<35, 32>(self.place_image_next.val()) << bits::<6>(4);
            self.line_2.d.next = bit_cast::<35, 32>(self.place_line.val()) << bits::<6>(4);
            self.block_2.d.next = bit_cast::<35, 32>(self.place_block.val()) << bits::<6>(4);
            self.image_2.d.next = bit_cast::<35, 32>(self.place_image.val()) << bits::<6>(4);
            self.pitch_2.d.next = bit_cast::<20, 16>(self.eights_kept.q.val()) << bits::<5>(4);
            self.distance_2.d.next = bit_cast::<24, 20>(self.place_distance.val()) << bits::<5>(4);
            self.used.d.next = self.columns_32.val() << bits::<5>(1);
        }
        self.begin_address.next =
            (bit_cast::<35, 30>(self.out.q.val()) << bits::<6>(5)) + self.column.q.val();
        self.start_address.d.next = self.begin_address.val() + self.offset.q.val();
        self.block_address.d.next = self.begin_address.val() + self.offset_block.q.val();
        self.image_address.d.next = self.begin_address.val() + self.offset_image.q.val();
        self.address.next = self.start_address.q.val();
        self.block_next.next = self.block_address.q.val();
        self.image_next.next = self.image_address.q.val();
        self.line_pitch.next = self.line_2.q.val();
        self.block_pitch.next = self.block_2.q.val();
        self.image_pitch.next = self.image_2.q.val();
        self.pitch.next = self.distance_2.q.val();
        if self.in_line.val() {
            self.pitch.next = bit_cast::<24, 20>(self.pitch_2.q.val());
        }

        // The tile with the last columns fills the row, unless other products are beside it or the row is longer than it should be.
        self.natural.next = self.co.q.val();
        if self.stage.q.val() == bits::<2>(1) {
            self.natural.next = self.ci.q.val();
        }
        self.natural_up.next = self.natural.val() + bits::<20>(31);
        self.natural_sum.next = (self.natural_up.val() >> bits::<5>(5)) << bits::<5>(2);
        if self.natural.val() <= bits::<20>(8) {
            self.natural_sum.next = bits::<20>(1);
        }
        self.past.next =
            bit_cast::<21, 20>(self.col_base.q.val()) + bit_cast::<21, 16>(self.tile_cols.q.val());
        self.fills.d.next = (self.past.val() == bit_cast::<21, 20>(self.natural.val()))
            & (self.heads.q.val() <= bits::<8>(1))
            & (self.natural_sum.val() >= bit_cast::<20, 16>(self.eights_kept.q.val()));
        self.up_to_pitch.next = self.pitch_2.q.val() - self.column.q.val().get_bits::<20>(0);
        self.length.d.next = self.used.q.val();
        if self.fills.q.val() {
            self.length.d.next = self.up_to_pitch.val();
        }
        self.row_length.next = self.length.q.val();
        self.cols.next = self.tile_cols.q.val();
        self.single.next = self.fp32.q.val();
        self.relu.next = self.rectifies.q.val();
        self.scale.next = self.factor.q.val();

        // Words of the drain buffer: array row by array row, and in a row columns outside, outputs inside.
        self.cols_up.next =
            bit_cast::<17, 5>(self.last_col.val()) + bit_cast::<17, 16>(self.tile_cols.q.val());
        self.rows_up.next =
            bit_cast::<17, 5>(self.last_row.val()) + bit_cast::<17, 16>(self.tile_rows.q.val());
        self.col_groups.next = self.cols_up.val() >> self.col_bits.val();
        self.row_groups.next = self.rows_up.val() >> self.row_bits.val();
        self.unused_groups.next =
            self.col_groups.val().get_bits::<12>(5) | self.row_groups.val().get_bits::<12>(5);
        self.iq.d.next = self.col_groups.val().get_bits::<5>(0);
        self.area_product.left.next = self.patch_h.q.val();
        self.area_product.right.next = self.patch_w.q.val();
        self.area_unused.next = self.area_product.product.val();
        self.area.d.next = self.area_unused.val().get_bits::<5>(0);
        self.is_large.next = !self.in_line.val() & (self.area.q.val() != bits::<5>(1));
        self.line_step.next = self.patch_w.q.val();
        self.ip.d.next = self.area.q.val();
        if self.weights.val() {
            self.ip.d.next = self.row_groups.val().get_bits::<5>(0);
        }
        self.interleave_product.left.next = self.ip.q.val();
        self.interleave_product.right.next = self.iq.q.val();
        self.interleave.d.next = self.interleave_product.product.val().get_bits::<5>(0);
        self.unused_interleave.next = self.interleave_product.product.val().get_bits::<5>(5);
        self.other_words.next = self.interleave.q.val() - self.iq.q.val();
        self.ip_less.next = self.patch_w.q.val() - bits::<5>(1);
        self.size.d.next = bit_cast::<17, 5>(self.interleave.q.val()) << self.row_bits.val();
        self.group_step.next = self.ip.q.val();
        if self.weights.val() {
            // Weight rows go round all array rows; the last one's first have to be there.
            self.inner.d.next = self.last_row.val();
            self.step_in.d.next = self.interleave.q.val();
            self.step_out.d.next = bits::<5>(1);
            self.least.d.next = (bit_cast::<17, 5>(self.other_words.val()) << self.row_bits.val())
                + bit_cast::<17, 5>(self.iq.q.val());
        } else {
            self.inner.d.next = self.ip_less.val();
            self.step_in.d.next = bits::<5>(1);
            self.step_out.d.next = self.interleave.q.val();
            self.least.d.next = bit_cast::<17, 5>(self.interleave.q.val());
            if self.is_large.val() {
                // Lines go round the patches, so that all of the tile has to be there.
                self.least.d.next = self.size.q.val();
            }
        }
        if !self.stays.q.val() {
            self.inner.d.next = bits::<5>(0);
            self.step_out.d.next = bits::<5>(1);
            self.size.d.next = bit_cast::<17, 16>(self.tile_rows.q.val());
            self.least.d.next = bits::<17>(1);
        }
        self.inner_last.next = self.inner.q.val();
        self.inner_step.next = self.step_in.q.val();
        self.outer_step.next = self.step_out.q.val();
        self.words.next = self.size.q.val();
        self.needed.next = self.least.q.val();
    }
}
