//! Results into beats.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Beats of 512 bits of items of `W` bits each, the first lowest; beats of a stream lie one after another. A beat is written in the
/// cycle after its last item came, or after the last item of all: what is missing then is 0.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Gather<const W: usize> {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// A stream begins; items follow from the next cycle on, and none of the one before.
    pub start: Signal<In, Bit>,
    /// Its first beat.
    pub base: Signal<In, Bits<32>>,
    /// `W`, which is a power of two, or 0 if it is 512. Constant.
    pub width: Signal<In, Bits<9>>,
    /// There is an item.
    pub valid: Signal<In, Bit>,
    /// It is the last.
    pub last: Signal<In, Bit>,
    /// The item.
    pub item: Signal<In, Bits<W>>,
    /// The beat is complete.
    pub write: Signal<Out, Bit>,
    /// Which beat it is.
    pub address: Signal<Out, Bits<32>>,
    /// The beat.
    pub data: Signal<Out, Bits<512>>,

    offset: DFF<Bits<9>>,
    following: Signal<Local, Bits<9>>,
    kept: Signal<Local, Bits<512>>,
    placed: Signal<Local, Bits<512>>,
    completes: Signal<Local, Bit>,
    beat: DFF<Bits<512>>,
    complete: DFF<Bit>,
    now: DFF<Bits<32>>,
    next_beat: DFF<Bits<32>>,
}

impl<const W: usize> Logic for Gather<W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, offset, beat, complete, now, next_beat);
        self.following.next = self.offset.q.val() + self.width.val();
        self.completes.next = self.valid.val() & (self.last.val() | !self.following.val().any());
        self.placed.next = bit_cast::<512, W>(self.item.val()) << self.offset.q.val();
        self.kept.next = self.beat.q.val();
        if !self.offset.q.val().any() {
            self.kept.next = bits::<512>(0);
        }
        if self.valid.val() {
            self.beat.d.next = self.kept.val() | self.placed.val();
            self.offset.d.next = self.following.val();
        }
        self.complete.d.next = self.completes.val();
        if self.completes.val() {
            self.offset.d.next = bits::<9>(0);
            self.now.d.next = self.next_beat.q.val();
            self.next_beat.d.next = self.next_beat.q.val() + bits::<32>(1);
        }
        if self.start.val() {
            self.offset.d.next = bits::<9>(0);
            self.next_beat.d.next = self.base.val();
        }
        self.write.next = self.complete.q.val();
        self.address.next = self.now.q.val();
        self.data.next = self.beat.q.val();
    }
}
