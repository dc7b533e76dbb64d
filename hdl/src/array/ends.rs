//! When MMs hand out their outputs, and when they end.

use super::SmallRam;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Follows MMs from their start to the end: one that drains ends with its last output at the edge, another when the array is
/// free. Ends come in the order of the starts, one per cycle, each pulse in the cycle before the end.
///
/// At most 16 MMs that drain, and 256 in all, have started and not ended.
#[derive(LogicBlock, Default)]
pub struct Ends {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub forget: Signal<In, Bit>,
    /// An MM starts.
    pub start: Signal<In, Bit>,
    /// It drains.
    pub drains: Signal<In, Bit>,
    /// It posts when a store may take its outputs.
    pub posts: Signal<In, Bit>,
    /// It is weight-stationary.
    pub streams: Signal<In, Bit>,
    /// Cycles in which its outputs are at the edge, at least one.
    pub outputs: Signal<In, Bits<16>>,
    /// Outputs of a USPE.
    pub interleave: Signal<In, Bits<5>>,
    /// The array is free from the next cycle on.
    pub ending: Signal<In, Bit>,
    /// Outputs are at the edge in the next cycle.
    pub reaching: Signal<In, Bit>,
    /// From the next cycle on a store may take outputs of an MM that posts it: those of the first array row are out, or the first row
    /// streamed is.
    pub first_out: Signal<Out, Bit>,
    /// The oldest MM ends with this cycle.
    pub ended: Signal<Out, Bit>,
    /// All that have started have ended.
    pub idle: Signal<Out, Bit>,

    waiting: SmallRam<4, 23>,
    write_at: DFF<Bits<4>>,
    read_at: DFF<Bits<4>>,
    write_up: Signal<Local, Bits<4>>,
    read_up: Signal<Local, Bits<4>>,
    done: DFF<Bits<16>>,
    done_up: Signal<Local, Bits<16>>,
    first: Signal<Local, Bits<16>>,
    row_out: DFF<Bit>,
    drained: DFF<Bit>,

    kinds: SmallRam<8, 1>,
    kind_write: DFF<Bits<8>>,
    kind_read: DFF<Bits<8>>,
    kind_write_up: Signal<Local, Bits<8>>,
    kind_read_up: Signal<Local, Bits<8>>,
    freed: DFF<Bits<8>>,
    freed_now: Signal<Local, Bits<8>>,
    freed_less: Signal<Local, Bits<8>>,
    drains_done: DFF<Bits<4>>,
    drains_now: Signal<Local, Bits<4>>,
    drains_less: Signal<Local, Bits<4>>,
    waits: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
}

impl Logic for Ends {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, write_at, read_at, done, row_out, drained);
        dff_setup!(self, clock, kind_write, kind_read, freed, drains_done);

        // What is at the edge belongs to the oldest MM whose outputs are not all out.
        self.write_up.next = self.write_at.q.val() + bits::<4>(1);
        self.read_up.next = self.read_at.q.val() + bits::<4>(1);
        self.waiting.clock.next = self.clock.val();
        self.waiting.write.next = self.start.val() & self.drains.val();
        self.waiting.write_index.next = self.write_at.q.val();
        self.waiting.write_data.next = bit_cast::<23, 16>(self.outputs.val())
            | (bit_cast::<23, 5>(self.interleave.val()) << bits::<5>(16))
            | (bit_cast::<23, 1>(self.streams.val().into()) << bits::<5>(21))
            | (bit_cast::<23, 1>(self.posts.val().into()) << bits::<5>(22));
        self.waiting.read_index.next = self.read_at.q.val();
        if self.start.val() & self.drains.val() {
            self.write_at.d.next = self.write_up.val();
        }
        self.done_up.next = self.done.q.val() + bits::<16>(1);
        self.first.next = bit_cast::<16, 5>(self.waiting.read_data.val().get_bits::<5>(16));
        self.row_out.d.next = false;
        self.drained.d.next = false;
        self.first_out.next = self.row_out.q.val();
        if self.reaching.val() {
            self.done.d.next = self.done_up.val();
            if self.waiting.read_data.val().get_bit(21) {
                if !self.done.q.val().any() {
                    self.first_out.next = self.waiting.read_data.val().get_bit(22);
                }
            } else {
                self.row_out.d.next = self.waiting.read_data.val().get_bit(22)
                    & (self.done_up.val() == self.first.val());
            }
            if self.done_up.val() == self.waiting.read_data.val().get_bits::<16>(0) {
                self.done.d.next = bits::<16>(0);
                self.drained.d.next = true;
                self.read_at.d.next = self.read_up.val();
            }
        }

        // The oldest ends when the array is free, and if it drains, when that is done.
        self.kind_write_up.next = self.kind_write.q.val() + bits::<8>(1);
        self.kind_read_up.next = self.kind_read.q.val() + bits::<8>(1);
        self.kinds.clock.next = self.clock.val();
        self.kinds.write.next = self.start.val();
        self.kinds.write_index.next = self.kind_write.q.val();
        self.kinds.write_data.next = bit_cast::<1, 1>(self.drains.val().into());
        self.kinds.read_index.next = self.kind_read.q.val();
        if self.start.val() {
            self.kind_write.d.next = self.kind_write_up.val();
        }
        self.freed_now.next = self.freed.q.val() + bit_cast::<8, 1>(self.ending.val().into());
        self.drains_now.next =
            self.drains_done.q.val() + bit_cast::<4, 1>(self.drained.q.val().into());
        self.waits.next = self.kinds.read_data.val().any() & !self.drains_now.val().any();
        self.ends.next = self.freed_now.val().any() & !self.waits.val();
        self.freed_less.next = self.freed_now.val() - bits::<8>(1);
        self.drains_less.next = self.drains_now.val() - bits::<4>(1);
        self.freed.d.next = self.freed_now.val();
        self.drains_done.d.next = self.drains_now.val();
        if self.ends.val() {
            self.freed.d.next = self.freed_less.val();
            self.kind_read.d.next = self.kind_read_up.val();
            if self.kinds.read_data.val().any() {
                self.drains_done.d.next = self.drains_less.val();
            }
        }
        self.ended.next = self.ends.val();
        self.idle.next = self.kind_write.q.val() == self.kind_read.q.val();

        if self.forget.val() {
            self.write_at.d.next = bits::<4>(0);
            self.read_at.d.next = bits::<4>(0);
            self.done.d.next = bits::<16>(0);
            self.kind_write.d.next = bits::<8>(0);
            self.kind_read.d.next = bits::<8>(0);
            self.freed.d.next = bits::<8>(0);
            self.drains_done.d.next = bits::<4>(0);
        }
    }
}
