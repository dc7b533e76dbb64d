//! The mask of a ReLU on its way to the lanes.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Keeps the beat of the mask that the pieces are in, and gives each piece its bits. A beat of it has the bits of 16 beats of results.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Gate {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// A tile starts.
    pub start: Signal<In, Bit>,
    /// First beat of its results.
    pub out: Signal<In, Bits<30>>,
    /// A piece.
    pub step: Signal<In, Bit>,
    /// The mask is applied to it.
    pub masked: Signal<In, Bit>,
    /// Its beat.
    pub beat: Signal<In, Bits<30>>,
    /// Its place in the beat.
    pub place: Signal<In, Bits<5>>,
    /// The next beat of the mask.
    pub head: Signal<In, Bits<512>>,
    /// It is taken.
    pub pop: Signal<Out, Bit>,
    /// Values that pass, the piece's first lowest, [`Gate::LATENCY_CYCLES`] later. Without a mask all do.
    pub passes: Signal<Out, Bits<32>>,

    on_out: DFF<Bits<30>>,
    offset: Signal<Local, Bits<30>>,
    index: Signal<Local, Bits<26>>,
    takes: Signal<Local, Bit>,
    loaded: DFF<Bit>,
    index_now: DFF<Bits<26>>,
    mask: DFF<Bits<512>>,
    word: DFF<Bits<9>>,
    place_1: DFF<Bits<5>>,
    masked_1: DFF<Bit>,
    shifted_unused: Signal<Local, Bits<512>>,
    bits_2: DFF<Bits<32>>,
    place_2: DFF<Bits<5>>,
    masked_2: DFF<Bit>,
    passes_3: DFF<Bits<32>>,
}

impl Gate {
    /// Rising edges from a piece to its bits.
    pub const LATENCY_CYCLES: usize = 3;
}

impl Logic for Gate {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, on_out, loaded, index_now, mask, word, place_1, masked_1, bits_2);
        dff_setup!(self, clock, place_2, masked_2, passes_3);
        self.offset.next = self.beat.val() - self.on_out.q.val();
        self.index.next = self.offset.val().get_bits::<26>(4);
        self.takes.next = self.step.val()
            & self.masked.val()
            & (!self.loaded.q.val() | (self.index.val() != self.index_now.q.val()));
        self.pop.next = self.takes.val();
        if self.takes.val() {
            self.loaded.d.next = true;
            self.index_now.d.next = self.index.val();
            self.mask.d.next = self.head.val();
        }
        if self.start.val() {
            self.on_out.d.next = self.out.val();
            self.loaded.d.next = false;
        }
        self.word.d.next = bit_cast::<9, 4>(self.offset.val().get_bits::<4>(0)) << bits::<4>(5);
        self.place_1.d.next = self.place.val();
        self.masked_1.d.next = self.masked.val();
        self.shifted_unused.next = self.mask.q.val() >> self.word.q.val();
        self.bits_2.d.next = self.shifted_unused.val().get_bits::<32>(0);
        self.place_2.d.next = self.place_1.q.val();
        self.masked_2.d.next = self.masked_1.q.val();
        self.passes_3.d.next = self.bits_2.q.val() >> self.place_2.q.val();
        if !self.masked_2.q.val() {
            self.passes_3.d.next = (bits::<32>(0xFFFF) << bits::<6>(16)) | bits::<32>(0xFFFF);
        }
        self.passes.next = self.passes_3.q.val();
    }
}
