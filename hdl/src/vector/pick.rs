//! Elements out of a beat.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// `W` bits out of a beat of 512, from any bit on; one edge later.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Pick<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The beat.
    pub beat: Signal<In, Bits<512>>,
    /// The lowest bit that is wanted.
    pub offset: Signal<In, Bits<9>>,
    /// Bits from there on.
    pub elements: Signal<Out, Bits<W>>,

    shifted_unused: Signal<Local, Bits<512>>,
    picked: DFF<Bits<W>>,
}

impl<const W: usize> Logic for Pick<W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, picked);
        self.shifted_unused.next = self.beat.val() >> self.offset.val();
        self.picked.d.next = self.shifted_unused.val().get_bits::<W>(0);
        self.elements.next = self.picked.q.val();
    }
}
