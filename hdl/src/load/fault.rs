//! What stops a load engine.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Says when the oldest load that has not ended is at fault, after those before it have ended: it is none, one of its bursts is not
/// in card memory, or one of its beats came with an error.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct LoadFault {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// The load that has been decoded is none.
    pub illegal: Signal<In, Bit>,
    /// Loads before it have not had their last step.
    pub runs: Signal<In, Bit>,
    /// The end of one that has had it has not been said.
    pub ending: Signal<In, Bit>,
    /// A burst that is asked for is refused.
    pub refused: Signal<In, Bit>,
    /// All beats that were asked for have been taken.
    pub idle: Signal<In, Bit>,
    /// A beat has come with an error.
    pub failed: Signal<In, Bit>,
    /// It is at fault.
    pub fault: Signal<Out, Bit>,
    /// For what memory said.
    pub axi: Signal<Out, Bit>,
    /// Nothing more starts, and nothing is asked for.
    pub halted: Signal<Out, Bit>,

    lost: DFF<Bit>,
    by_axi: DFF<Bit>,
    at_fault: DFF<Bit>,
    stops: Signal<Local, Bit>,
}

impl Logic for LoadFault {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, lost, by_axi, at_fault);
        self.lost.d.next = self.lost.q.val() | self.refused.val();
        self.by_axi.d.next =
            self.by_axi.q.val() | self.failed.val() | (self.lost.q.val() & self.idle.val());
        self.stops.next = self.failed.val()
            | (self.lost.q.val() & self.idle.val())
            | (self.illegal.val() & !self.runs.val());
        self.at_fault.d.next = self.at_fault.q.val() | (self.stops.val() & !self.ending.val());
        if self.reset.val() {
            self.lost.d.next = false;
            self.by_axi.d.next = false;
            self.at_fault.d.next = false;
        }
        self.fault.next = self.at_fault.q.val();
        self.axi.next = self.by_axi.q.val();
        self.halted.next = self.lost.q.val() | self.failed.val();
    }
}
