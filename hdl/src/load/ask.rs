//! What a load asks for: runs of beats, cut at the ends of pages.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Where the next burst begins. It asks from the cycle after a load's start on, and is free in the cycle after the last burst was
/// taken.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Runs {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything, or asks for nothing more.
    pub reset: Signal<In, Bit>,
    /// A load starts, only while there is none.
    pub start: Signal<In, Bit>,
    /// First beat of its first run.
    pub first: Signal<In, Bits<32>>,
    /// Its runs.
    pub runs: Signal<In, Bits<16>>,
    /// Beats of a run.
    pub beats: Signal<In, Bits<32>>,
    /// Beats from a run's first to the next one's.
    pub stride: Signal<In, Bits<32>>,
    /// Beats of the burst that is asked for.
    pub burst: Signal<In, Bits<7>>,
    /// It is taken.
    pub taken: Signal<In, Bit>,
    /// There is a load.
    pub busy: Signal<Out, Bit>,
    /// First beat of the burst.
    pub address: Signal<Out, Bits<32>>,
    /// Beats that are left of its run.
    pub left: Signal<Out, Bits<32>>,

    asks: DFF<Bit>,
    at: DFF<Bits<32>>,
    run_at: DFF<Bits<32>>,
    beats_left: DFF<Bits<32>>,
    runs_left: DFF<Bits<16>>,
    run_beats: DFF<Bits<32>>,
    run_stride: DFF<Bits<32>>,
    at_up: Signal<Local, Bits<32>>,
    left_down: Signal<Local, Bits<32>>,
    runs_down: Signal<Local, Bits<16>>,
    run_up: Signal<Local, Bits<32>>,
}

impl Logic for Runs {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, asks, at, run_at, beats_left, runs_left, run_beats, run_stride);
        self.at_up.next = self.at.q.val() + bit_cast::<32, 7>(self.burst.val());
        self.left_down.next = self.beats_left.q.val() - bit_cast::<32, 7>(self.burst.val());
        self.runs_down.next = self.runs_left.q.val() - bits::<16>(1);
        self.run_up.next = self.run_at.q.val() + self.run_stride.q.val();
        if self.taken.val() {
            self.at.d.next = self.at_up.val();
            self.beats_left.d.next = self.left_down.val();
            if !self.left_down.val().any() {
                self.at.d.next = self.run_up.val();
                self.run_at.d.next = self.run_up.val();
                self.beats_left.d.next = self.run_beats.q.val();
                self.runs_left.d.next = self.runs_down.val();
                if !self.runs_down.val().any() {
                    self.asks.d.next = false;
                }
            }
        }
        if self.start.val() {
            self.asks.d.next = true;
            self.at.d.next = self.first.val();
            self.run_at.d.next = self.first.val();
            self.beats_left.d.next = self.beats.val();
            self.runs_left.d.next = self.runs.val();
            self.run_beats.d.next = self.beats.val();
            self.run_stride.d.next = self.stride.val();
        }
        if self.reset.val() {
            self.asks.d.next = false;
        }
        self.busy.next = self.asks.q.val();
        self.address.next = self.at.q.val();
        self.left.next = self.beats_left.q.val();
    }
}

/// Beats of the next burst: what is left of the run, up to the end of the page. It stands apart from [`Runs`], so that what is asked
/// does not follow from what is taken, not even to tools that look at whole blocks.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Burst {
    /// First beat inside of its page.
    pub in_page: Signal<In, Bits<6>>,
    /// Beats that are left of the run.
    pub left: Signal<In, Bits<32>>,
    /// Beats of the burst.
    pub beats: Signal<Out, Bits<7>>,

    to_page: Signal<Local, Bits<7>>,
}

impl Logic for Burst {
    #[hdl_gen]
    fn update(&mut self) {
        self.to_page.next = bits::<7>(64) - bit_cast::<7, 6>(self.in_page.val());
        self.beats.next = self.to_page.val();
        if self.left.val() < bit_cast::<32, 7>(self.to_page.val()) {
            self.beats.next = self.left.val().get_bits::<7>(0);
        }
    }
}

/// Whether the load that is decoded can start. It does with `go`, which this does not look at: the sequencer does the same, and nothing
/// goes in a circle.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Start {
    /// It is decoded.
    pub decoded: Signal<In, Bit>,
    /// The one before still asks.
    pub busy: Signal<In, Bit>,
    /// Something is at fault.
    pub halted: Signal<In, Bit>,
    /// It can.
    pub can: Signal<Out, Bit>,
}

impl Logic for Start {
    #[hdl_gen]
    fn update(&mut self) {
        self.can.next = self.decoded.val() & !self.busy.val() & !self.halted.val();
    }
}
