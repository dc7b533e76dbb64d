//! LD.W's instructions: what is kept of GEOMETRY and OPERANDS, and which beats a load takes of card memory.

use crate::float::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Takes instructions from the queue, and makes runs of beats of a load: `runs` times `beats` beats, `stride` apart.
///
/// Weights in tiles have a run in each tile, of the slots of the chunk; rows of activations have one for each slot. Runs that touch are one.
/// It takes the cycles of `satkit_spec::LOAD_DECODE_CYCLES`, one stage of registers each.
#[derive(LogicBlock, Default)]
pub struct WeightDecode {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Cycles of decoding less one, constant.
    pub decode_cycles: Signal<In, Bits<4>>,
    /// The array's columns less one, constant.
    pub cols_mask: Signal<In, Bits<5>>,
    /// Entries of half a column bank, constant.
    pub most_entries: Signal<In, Bits<17>>,

    /// GEOMETRY is at the queue's head.
    pub geometry: Signal<In, Bit>,
    /// OPERANDS is.
    pub operands: Signal<In, Bit>,
    /// LD.W is.
    pub load: Signal<In, Bit>,
    /// Fields of GEOMETRY.
    pub weight_source: Signal<In, Bits<2>>,
    /// Another.
    pub compact: Signal<In, Bit>,
    /// Another.
    pub first_slot: Signal<In, Bits<30>>,
    /// Fields of OPERANDS.
    pub w: Signal<In, Bits<30>>,
    /// Another.
    pub w_pitch: Signal<In, Bits<16>>,
    /// Another.
    pub tile_beats: Signal<In, Bits<30>>,
    /// Fields of LD.W.
    pub group: Signal<In, Bits<24>>,
    /// Another.
    pub col_base: Signal<In, Bits<20>>,
    /// Another.
    pub cols: Signal<In, Bits<16>>,
    /// Another.
    pub slot_base: Signal<In, Bits<32>>,
    /// Another.
    pub slots: Signal<In, Bits<32>>,
    /// Another.
    pub entries: Signal<In, Bits<16>>,
    /// The load that has been taken starts.
    pub start: Signal<In, Bit>,

    /// The queue's head is taken, if there is one.
    pub ready: Signal<Out, Bit>,
    /// A load has been decoded and may start.
    pub decoded: Signal<Out, Bit>,
    /// A load has been decoded that is none.
    pub illegal: Signal<Out, Bit>,
    /// First beat of the first run.
    pub address: Signal<Out, Bits<32>>,
    /// Runs.
    pub runs: Signal<Out, Bits<16>>,
    /// Beats of a run.
    pub beats: Signal<Out, Bits<32>>,
    /// Beats from a run's first to the next one's.
    pub stride: Signal<Out, Bits<32>>,
    /// Weights in tiles, else rows of activations.
    pub is_tiles: Signal<Out, Bit>,
    /// Weights are compact.
    pub is_compact: Signal<Out, Bit>,
    /// Slots before the chunk's that its first beats hold.
    pub skipped: Signal<Out, Bits<2>>,
    /// Slots of the chunk.
    pub slot_count: Signal<Out, Bits<16>>,
    /// Columns of the load and the array's less one.
    pub cols_up: Signal<Out, Bits<17>>,
    /// First column inside of its tile.
    pub first_col: Signal<Out, Bits<5>>,

    has_geometry: DFF<Bit>,
    has_operands: DFF<Bit>,
    kept_source: DFF<Bits<2>>,
    kept_compact: DFF<Bit>,
    kept_first: DFF<Bits<30>>,
    kept_w: DFF<Bits<30>>,
    kept_pitch: DFF<Bits<16>>,
    kept_tile: DFF<Bits<30>>,
    own_group: DFF<Bits<24>>,
    own_col: DFF<Bits<20>>,
    own_cols: DFF<Bits<16>>,
    own_slot: DFF<Bits<32>>,
    own_slots: DFF<Bits<32>>,
    own_entries: DFF<Bits<16>>,
    pending: DFF<Bit>,
    count: DFF<Bits<4>>,
    count_down: Signal<Local, Bits<4>>,
    tiles: Signal<Local, Bit>,
    reads_compact: Signal<Local, Bit>,
    done: Signal<Local, Bit>,
    unsupported: Signal<Local, Bit>,
    crooked: Signal<Local, Bit>,
    empty: Signal<Local, Bit>,
    too_many: Signal<Local, Bit>,
    bad: DFF<Bit>,

    factor: DFF<Bits<16>>,
    counted: DFF<Bits<32>>,
    slot: DFF<Bits<32>>,
    slot_sum: Signal<Local, Bits<32>>,
    end_col: DFF<Bits<21>>,
    end_sum: Signal<Local, Bits<21>>,

    product_low: Product<16, 16, 32>,
    product_high: Product<16, 16, 32>,
    low: DFF<Bits<32>>,
    high: DFF<Bits<32>>,
    last_slot: DFF<Bits<32>>,
    last_sum: Signal<Local, Bits<32>>,
    last_col: DFF<Bits<21>>,
    last_less: Signal<Local, Bits<21>>,

    offset: DFF<Bits<32>>,
    offset_sum: Signal<Local, Bits<32>>,
    part_first: DFF<Bits<32>>,
    first_sum: Signal<Local, Bits<32>>,
    part_last: DFF<Bits<32>>,
    part_sum: Signal<Local, Bits<32>>,
    across: DFF<Bits<16>>,
    across_sum: Signal<Local, Bits<16>>,

    base: DFF<Bits<32>>,
    base_sum: Signal<Local, Bits<32>>,
    part_beats: DFF<Bits<32>>,
    beats_sum: Signal<Local, Bits<32>>,

    first: DFF<Bits<32>>,
    address_sum: Signal<Local, Bits<32>>,
    address_more: Signal<Local, Bits<32>>,
    run_count: DFF<Bits<16>>,
    run_beats: DFF<Bits<16>>,
    run_stride: DFF<Bits<32>>,

    product_all: Product<16, 16, 32>,
    all: DFF<Bits<32>>,
    touch: DFF<Bit>,

    out_runs: DFF<Bits<16>>,
    out_beats: DFF<Bits<32>>,
    up_sum: Signal<Local, Bits<17>>,
}

impl Logic for WeightDecode {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, has_geometry, has_operands, kept_source, kept_compact, kept_first);
        dff_setup!(self, clock, kept_w, kept_pitch, kept_tile, own_group, own_col, own_cols);
        dff_setup!(self, clock, own_slot, own_slots, own_entries, pending, count, bad);
        dff_setup!(self, clock, factor, counted, slot, end_col, low, high, last_slot, last_col);
        dff_setup!(self, clock, offset, part_first, part_last, across, base, part_beats);
        dff_setup!(self, clock, first, run_count, run_beats, run_stride, all, touch);
        dff_setup!(self, clock, out_runs, out_beats);

        // What is taken. A kept instruction says what the loads after it mean.
        if !self.pending.q.val() & self.geometry.val() {
            self.has_geometry.d.next = true;
            self.kept_source.d.next = self.weight_source.val();
            self.kept_compact.d.next = self.compact.val();
            self.kept_first.d.next = self.first_slot.val();
        }
        if !self.pending.q.val() & self.operands.val() {
            self.has_operands.d.next = true;
            self.kept_w.d.next = self.w.val();
            self.kept_pitch.d.next = self.w_pitch.val();
            self.kept_tile.d.next = self.tile_beats.val();
        }
        self.count_down.next = self.count.q.val() - bits::<4>(1);
        if self.count.q.val().any() {
            self.count.d.next = self.count_down.val();
        }
        if self.start.val() {
            self.pending.d.next = false;
        }
        if !self.pending.q.val() & self.load.val() {
            self.pending.d.next = true;
            self.count.d.next = self.decode_cycles.val();
            self.own_group.d.next = self.group.val();
            self.own_col.d.next = self.col_base.val();
            self.own_cols.d.next = self.cols.val();
            self.own_slot.d.next = self.slot_base.val();
            self.own_slots.d.next = self.slots.val();
            self.own_entries.d.next = self.entries.val();
        }
        if self.reset.val() {
            self.has_geometry.d.next = false;
            self.has_operands.d.next = false;
            self.pending.d.next = false;
            self.count.d.next = bits::<4>(0);
        }

        self.tiles.next = !self.kept_source.q.val().any();
        self.reads_compact.next = self.tiles.val() & self.kept_compact.q.val();
        self.unsupported.next = self.kept_source.q.val().get_bit(1)
            | (!self.tiles.val()
                & (self.own_group.q.val().any() | self.kept_pitch.q.val().get_bits::<2>(0).any()));
        self.crooked.next = (self.own_col.q.val().get_bits::<5>(0) & self.cols_mask.val()).any();
        self.empty.next = !self.own_cols.q.val().any() | !self.own_slots.q.val().any();
        self.too_many.next = (bit_cast::<17, 16>(self.own_entries.q.val())
            > self.most_entries.val())
            | (self.own_slots.q.val() > bit_cast::<32, 17>(self.most_entries.val()));
        self.bad.d.next = self.unsupported.val()
            | self.crooked.val()
            | self.empty.val()
            | self.too_many.val()
            | !self.has_geometry.q.val()
            | !self.has_operands.q.val();

        // Tile or row, and what it is multiplied with.
        self.slot_sum.next = self.own_slot.q.val() + bit_cast::<32, 30>(self.kept_first.q.val());
        self.slot.d.next = self.own_slot.q.val();
        self.factor.d.next = bit_cast::<16, 14>(self.kept_pitch.q.val().get_bits::<14>(2));
        self.counted.d.next = self.own_slot.q.val();
        if self.tiles.val() {
            self.slot.d.next = self.slot_sum.val();
            self.factor.d.next = bit_cast::<16, 15>(self.own_col.q.val().get_bits::<15>(5));
            self.counted.d.next = bit_cast::<32, 30>(self.kept_tile.q.val());
        }
        self.end_sum.next =
            bit_cast::<21, 20>(self.own_col.q.val()) + bit_cast::<21, 16>(self.own_cols.q.val());
        self.end_col.d.next = self.end_sum.val();

        self.product_low.left.next = self.factor.q.val();
        self.product_low.right.next = self.counted.q.val().get_bits::<16>(0);
        self.low.d.next = self.product_low.product.val();
        self.product_high.left.next = self.factor.q.val();
        self.product_high.right.next = self.counted.q.val().get_bits::<16>(16);
        self.high.d.next = self.product_high.product.val();
        self.last_sum.next = self.slot.q.val() + self.own_slots.q.val() - bits::<32>(1);
        self.last_slot.d.next = self.last_sum.val();
        self.last_less.next = self.end_col.q.val() - bits::<21>(1);
        self.last_col.d.next = self.last_less.val();

        // In compact tiles every four slots come with a beat of positions before them.
        self.offset_sum.next = self.low.q.val() + (self.high.q.val() << bits::<5>(16));
        self.offset.d.next = self.offset_sum.val();
        self.first_sum.next = ((self.slot.q.val() >> bits::<2>(2)) << bits::<2>(2))
            + (self.slot.q.val() >> bits::<2>(2));
        self.part_sum.next =
            self.last_slot.q.val() + (self.last_slot.q.val() >> bits::<2>(2)) + bits::<32>(1);
        self.part_first.d.next = self.slot.q.val();
        self.part_last.d.next = self.last_slot.q.val();
        if self.reads_compact.val() {
            self.part_first.d.next = self.first_sum.val();
            self.part_last.d.next = self.part_sum.val();
        }
        self.across_sum.next = self.last_col.q.val().get_bits::<16>(5)
            - bit_cast::<16, 15>(self.own_col.q.val().get_bits::<15>(5))
            + bits::<16>(1);
        self.across.d.next = self.across_sum.val();

        self.base_sum.next = bit_cast::<32, 30>(self.kept_w.q.val()) + self.offset.q.val();
        self.base.d.next = self.base_sum.val();
        self.beats_sum.next = self.part_last.q.val() - self.part_first.q.val() + bits::<32>(1);
        self.part_beats.d.next = self.beats_sum.val();

        self.address_more.next = bit_cast::<32, 15>(self.own_col.q.val().get_bits::<15>(5));
        self.run_count.d.next = self.own_slots.q.val().get_bits::<16>(0);
        self.run_beats.d.next = self.across.q.val();
        self.run_stride.d.next = bit_cast::<32, 14>(self.kept_pitch.q.val().get_bits::<14>(2));
        if self.tiles.val() {
            self.address_more.next = self.part_first.q.val();
            self.run_count.d.next = self.across.q.val();
            self.run_beats.d.next = self.part_beats.q.val().get_bits::<16>(0);
            self.run_stride.d.next = bit_cast::<32, 30>(self.kept_tile.q.val());
        }
        self.address_sum.next = self.base.q.val() + self.address_more.val();
        self.first.d.next = self.address_sum.val();

        self.product_all.left.next = self.run_count.q.val();
        self.product_all.right.next = self.run_beats.q.val();
        self.all.d.next = self.product_all.product.val();
        self.touch.d.next = bit_cast::<32, 16>(self.run_beats.q.val()) == self.run_stride.q.val();

        self.out_runs.d.next = self.run_count.q.val();
        self.out_beats.d.next = bit_cast::<32, 16>(self.run_beats.q.val());
        if self.touch.q.val() {
            self.out_runs.d.next = bits::<16>(1);
            self.out_beats.d.next = self.all.q.val();
        }

        self.ready.next = !self.pending.q.val();
        self.done.next = self.pending.q.val() & !self.count.q.val().any();
        self.decoded.next = self.done.val() & !self.bad.q.val();
        self.illegal.next = self.done.val() & self.bad.q.val();
        self.address.next = self.first.q.val();
        self.runs.next = self.out_runs.q.val();
        self.beats.next = self.out_beats.q.val();
        self.stride.next = self.run_stride.q.val();
        self.is_tiles.next = self.tiles.val();
        self.is_compact.next = self.reads_compact.val();
        self.skipped.next = bits::<2>(0);
        if self.reads_compact.val() {
            self.skipped.next = self.slot.q.val().get_bits::<2>(0);
        }
        self.slot_count.next = self.own_slots.q.val().get_bits::<16>(0);
        self.up_sum.next =
            bit_cast::<17, 16>(self.own_cols.q.val()) + bit_cast::<17, 5>(self.cols_mask.val());
        self.cols_up.next = self.up_sum.val();
        self.first_col.next = self.own_col.q.val().get_bits::<5>(0);
    }
}
