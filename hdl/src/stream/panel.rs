//! Panels of weights: 32 input channels by 32 output channels, one after another.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Where one panel after another lies: output channels outside, then input channels, taps inside.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PanelWalk {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// A layer's panels begin.
    pub load: Signal<In, Bit>,
    /// Its input channels.
    pub ci: Signal<In, Bits<20>>,
    /// Its output channels.
    pub co: Signal<In, Bits<20>>,
    /// Beats from one row of weights to the next.
    pub pitch: Signal<In, Bits<16>>,
    /// Operand weights of a full panel: beats of FF 7, of BP 7, K slots of FF 6, of BP 6.
    pub full: Signal<In, Bits<26>>,
    /// The same of the last channels of each direction.
    pub rest: Signal<In, Bits<26>>,
    /// Beats of a tile of BP's operand.
    pub tile: Signal<In, Bits<32>>,
    /// Taps of the kernel.
    pub taps: Signal<In, Bits<10>>,
    /// Beats from 32 input channels to the next.
    pub block: Signal<In, Bits<32>>,
    /// Beats from a tap of a block of rows to the next.
    pub tap: Signal<In, Bits<32>>,
    /// The same of the last block, if it has fewer rows.
    pub short_tap: Signal<In, Bits<32>>,
    /// The first row of that block among those of its panel; 32 if there is none.
    pub short: Signal<In, Bits<6>>,
    /// Beats from the last row of a block to the first of the next.
    pub jump: Signal<In, Bits<32>>,
    /// Beats of BP's operand of all taps of a full panel.
    pub bp_taps: Signal<In, Bits<17>>,
    /// On to the next panel.
    pub step: Signal<In, Bit>,
    /// First beat of the panel, from the tensor's first on.
    pub base: Signal<Out, Bits<32>>,
    /// The same, as if its rows began where those of the last block do.
    pub base_short: Signal<Out, Bits<32>>,
    /// First row of the last block.
    pub short_from: Signal<Out, Bits<6>>,
    /// Beats from a block's last row to the next block's first.
    pub over: Signal<Out, Bits<32>>,
    /// Beats from one row to the next.
    pub row: Signal<Out, Bits<32>>,
    /// Input channels, 1 to 32.
    pub rows: Signal<Out, Bits<6>>,
    /// Output channels, 1 to 32.
    pub cols: Signal<Out, Bits<6>>,
    /// First beat of FF's operand, from the operand's first on.
    pub ff: Signal<Out, Bits<32>>,
    /// The same of BP's.
    pub bp: Signal<Out, Bits<32>>,
    /// Beats of FF's operand.
    pub ff_beats: Signal<Out, Bits<7>>,
    /// The same of BP's.
    pub bp_beats: Signal<Out, Bits<7>>,
    /// K slots of FF's.
    pub ff_slots: Signal<Out, Bits<6>>,
    /// The same of BP's.
    pub bp_slots: Signal<Out, Bits<6>>,

    taps_now: DFF<Bits<10>>,
    taps_left: DFF<Bits<10>>,
    block_now: DFF<Bits<32>>,
    tap_now: DFF<Bits<32>>,
    short_tap_now: DFF<Bits<32>>,
    short_now: DFF<Bits<6>>,
    jump_now: DFF<Bits<32>>,
    bp_taps_now: DFF<Bits<17>>,
    first: DFF<Bits<32>>,
    at_short: DFF<Bits<32>>,
    bp_first: DFF<Bits<32>>,
    ff_first: DFF<Bits<32>>,
    bp_block: DFF<Bits<32>>,
    ci_odd: DFF<Bit>,
    co_odd: DFF<Bit>,
    all: DFF<Bits<20>>,
    ci_left: DFF<Bits<20>>,
    co_left: DFF<Bits<20>>,
    pitch_now: DFF<Bits<16>>,
    full_now: DFF<Bits<26>>,
    rest_now: DFF<Bits<26>>,
    tile_now: DFF<Bits<32>>,
    at: DFF<Bits<32>>,
    column: DFF<Bits<32>>,
    ff_at: DFF<Bits<32>>,
    bp_at: DFF<Bits<32>>,
    bp_column: DFF<Bits<32>>,
    ends_ci: Signal<Local, Bit>,
    ends_co: Signal<Local, Bit>,
    ff_here: Signal<Local, Bits<7>>,
    bp_here: Signal<Local, Bits<7>>,
    ff_full: Signal<Local, Bits<7>>,
    bp_full: Signal<Local, Bits<7>>,
    ff_other: Signal<Local, Bits<7>>,
    bp_other: Signal<Local, Bits<7>>,
    ff_pair: Signal<Local, Bits<8>>,
    bp_pair: Signal<Local, Bits<8>>,
    ff_up: Signal<Local, Bits<32>>,
    next_first: Signal<Local, Bits<32>>,
    next_column: Signal<Local, Bits<32>>,
    next_bp_first: Signal<Local, Bits<32>>,
    next_bp: Signal<Local, Bits<32>>,
}

impl Logic for PanelWalk {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            taps_now,
            taps_left,
            block_now,
            tap_now,
            short_tap_now,
            short_now,
            jump_now,
            bp_taps_now,
            first,
            at_short,
            bp_first,
            ff_first,
            bp_block,
            ci_odd,
            co_odd,
            all,
            ci_left,
            co_left,
            pitch_now,
            full_now,
            rest_now,
            tile_now,
            at,
            column,
            ff_at,
            bp_at,
            bp_column
        );
        self.ends_ci.next = self.ci_left.q.val() <= bits::<20>(32);
        self.ends_co.next = self.co_left.q.val() <= bits::<20>(32);
        self.short_from.next = bits::<6>(32);
        self.rows.next = bits::<6>(32);
        self.ff_here.next = self.full_now.q.val().get_bits::<7>(0);
        self.ff_slots.next = self.full_now.q.val().get_bits::<6>(14);
        if self.ends_ci.val() {
            self.short_from.next = self.short_now.q.val();
            self.rows.next = self.ci_left.q.val().get_bits::<6>(0);
            self.ff_here.next = self.rest_now.q.val().get_bits::<7>(0);
            self.ff_slots.next = self.rest_now.q.val().get_bits::<6>(14);
        }
        self.cols.next = bits::<6>(32);
        self.bp_here.next = self.full_now.q.val().get_bits::<7>(7);
        self.bp_slots.next = self.full_now.q.val().get_bits::<6>(20);
        if self.ends_co.val() {
            self.cols.next = self.co_left.q.val().get_bits::<6>(0);
            self.bp_here.next = self.rest_now.q.val().get_bits::<7>(7);
            self.bp_slots.next = self.rest_now.q.val().get_bits::<6>(20);
        }
        self.ff_beats.next = self.ff_here.val();
        self.bp_beats.next = self.bp_here.val();
        self.next_column.next = self.column.q.val() + bits::<32>(2);
        self.next_first.next = self.first.q.val() + self.block_now.q.val();
        // K goes through the taps of 64 channels: two panels beside each other.
        self.ff_full.next = self.full_now.q.val().get_bits::<7>(0);
        self.bp_full.next = self.full_now.q.val().get_bits::<7>(7);
        self.ff_other.next = self.ff_full.val();
        if !self.ci_odd.q.val() & (self.ci_left.q.val() <= bits::<20>(64)) {
            self.ff_other.next = self.rest_now.q.val().get_bits::<7>(0);
            if self.ends_ci.val() {
                self.ff_other.next = bits::<7>(0);
            }
        }
        self.bp_other.next = self.bp_full.val();
        if !self.co_odd.q.val() & (self.co_left.q.val() <= bits::<20>(64)) {
            self.bp_other.next = self.rest_now.q.val().get_bits::<7>(7);
            if self.ends_co.val() {
                self.bp_other.next = bits::<7>(0);
            }
        }
        self.ff_pair.next =
            bit_cast::<8, 7>(self.ff_here.val()) + bit_cast::<8, 7>(self.ff_other.val());
        self.bp_pair.next =
            bit_cast::<8, 7>(self.bp_here.val()) + bit_cast::<8, 7>(self.bp_other.val());
        self.ff_up.next = self.ff_at.q.val() + bit_cast::<32, 7>(self.ff_here.val());
        self.next_bp.next = self.bp_column.q.val() + bit_cast::<32, 7>(self.bp_full.val());
        if self.co_odd.q.val() {
            self.next_bp.next = self.bp_block.q.val()
                + (bit_cast::<32, 17>(self.bp_taps_now.q.val()) << bits::<5>(1));
        }
        self.next_bp_first.next = self.bp_first.q.val() + self.tile_now.q.val();
        if self.step.val() {
            self.ff_at.d.next = self.ff_at.q.val() + bit_cast::<32, 8>(self.ff_pair.val());
            self.taps_left.d.next = self.taps_left.q.val() - bits::<10>(1);
            self.at.d.next = self.at.q.val() + self.tap_now.q.val();
            self.at_short.d.next = self.at_short.q.val() + self.short_tap_now.q.val();
            self.bp_at.d.next = self.bp_at.q.val() + bit_cast::<32, 8>(self.bp_pair.val());
            if self.taps_left.q.val() == bits::<10>(1) {
                self.taps_left.d.next = self.taps_now.q.val();
                self.ci_left.d.next = self.ci_left.q.val() - bits::<20>(32);
                self.first.d.next = self.next_first.val();
                self.at.d.next = self.next_first.val();
                self.at_short.d.next = self.next_first.val();
                self.bp_first.d.next = self.next_bp_first.val();
                self.bp_at.d.next = self.next_bp_first.val();
                self.ci_odd.d.next = true;
                self.ff_at.d.next = self.ff_first.q.val() + bit_cast::<32, 7>(self.ff_full.val());
                if self.ci_odd.q.val() | self.ends_ci.val() {
                    self.ci_odd.d.next = false;
                    self.ff_first.d.next = self.ff_up.val();
                    self.ff_at.d.next = self.ff_up.val();
                }
                if self.ends_ci.val() {
                    self.ci_left.d.next = self.all.q.val();
                    self.co_left.d.next = self.co_left.q.val() - bits::<20>(32);
                    self.column.d.next = self.next_column.val();
                    self.first.d.next = self.next_column.val();
                    self.at.d.next = self.next_column.val();
                    self.at_short.d.next = self.next_column.val();
                    self.bp_column.d.next = self.next_bp.val();
                    self.co_odd.d.next = true;
                    if self.co_odd.q.val() {
                        self.co_odd.d.next = false;
                        self.bp_block.d.next = self.next_bp.val();
                    }
                    self.bp_first.d.next = self.next_bp.val();
                    self.bp_at.d.next = self.next_bp.val();
                }
            }
        }
        if self.load.val() {
            self.all.d.next = self.ci.val();
            self.ci_left.d.next = self.ci.val();
            self.co_left.d.next = self.co.val();
            self.pitch_now.d.next = self.pitch.val();
            self.full_now.d.next = self.full.val();
            self.rest_now.d.next = self.rest.val();
            self.tile_now.d.next = self.tile.val();
            self.taps_now.d.next = self.taps.val();
            self.taps_left.d.next = self.taps.val();
            self.block_now.d.next = self.block.val();
            self.tap_now.d.next = self.tap.val();
            self.short_tap_now.d.next = self.short_tap.val();
            self.short_now.d.next = self.short.val();
            self.jump_now.d.next = self.jump.val();
            self.bp_taps_now.d.next = self.bp_taps.val();
            self.first.d.next = bits::<32>(0);
            self.at_short.d.next = bits::<32>(0);
            self.bp_first.d.next = bits::<32>(0);
            self.ff_first.d.next = bits::<32>(0);
            self.bp_block.d.next = bits::<32>(0);
            self.ci_odd.d.next = false;
            self.co_odd.d.next = false;
            self.at.d.next = bits::<32>(0);
            self.column.d.next = bits::<32>(0);
            self.ff_at.d.next = bits::<32>(0);
            self.bp_at.d.next = bits::<32>(0);
            self.bp_column.d.next = bits::<32>(0);
        }
        self.base.next = self.at.q.val();
        self.base_short.next = self.at_short.q.val();
        self.over.next = self.jump_now.q.val();
        self.row.next = bit_cast::<32, 16>(self.pitch_now.q.val());
        self.ff.next = self.ff_at.q.val();
        self.bp.next = self.bp_at.q.val();
    }
}
