//! What a load asks for: runs of beats, cut at the ends of pages.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Where the next burst begins. It asks from the cycle after a load's start on, and is free in the cycle after the last burst was
/// taken.
///
/// Places and lengths are in words of 8 FP16 values, four to a beat: a run is all beats that it touches.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Runs {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything, or asks for nothing more.
    pub reset: Signal<In, Bit>,
    /// Lines of runs are to be asked for, only while none are or as the last burst is taken.
    pub start: Signal<In, Bit>,
    /// First word of their first run.
    pub first: Signal<In, Bits<34>>,
    /// Words of a run.
    pub length: Signal<In, Bits<34>>,
    /// Runs of a line.
    pub runs: Signal<In, Bits<16>>,
    /// Words from a run's first to the next one's.
    pub stride: Signal<In, Bits<34>>,
    /// Lines; without any, nothing is asked for.
    pub lines: Signal<In, Bits<16>>,
    /// Words from a line's first to the next one's.
    pub line_stride: Signal<In, Bits<34>>,
    /// Beats of the burst that is asked for.
    pub burst: Signal<In, Bits<7>>,
    /// It is taken.
    pub taken: Signal<In, Bit>,
    /// There is something to ask for.
    pub busy: Signal<Out, Bit>,
    /// First beat of the burst.
    pub address: Signal<Out, Bits<32>>,
    /// Beats that are left of its run.
    pub left: Signal<Out, Bits<32>>,
    /// It is of the last run.
    pub last_run: Signal<Out, Bit>,

    asks: DFF<Bit>,
    at: DFF<Bits<32>>,
    beats_left: DFF<Bits<32>>,
    run_at: DFF<Bits<34>>,
    runs_left: DFF<Bits<16>>,
    line_at: DFF<Bits<34>>,
    lines_left: DFF<Bits<16>>,
    run_length: DFF<Bits<34>>,
    run_stride: DFF<Bits<34>>,
    line_runs: DFF<Bits<16>>,
    lines_stride: DFF<Bits<34>>,
    at_up: Signal<Local, Bits<32>>,
    left_down: Signal<Local, Bits<32>>,
    runs_down: Signal<Local, Bits<16>>,
    lines_down: Signal<Local, Bits<16>>,
    run_up: Signal<Local, Bits<34>>,
    line_up: Signal<Local, Bits<34>>,
    next: Signal<Local, Bits<34>>,
    next_length: Signal<Local, Bits<34>>,
    end_unused: Signal<Local, Bits<34>>,
    opens: Signal<Local, Bit>,
}

impl Logic for Runs {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, asks, at, beats_left, run_at, runs_left, line_at, lines_left);
        dff_setup!(self, clock, run_length, run_stride, line_runs, lines_stride);
        self.at_up.next = self.at.q.val() + bit_cast::<32, 7>(self.burst.val());
        self.left_down.next = self.beats_left.q.val() - bit_cast::<32, 7>(self.burst.val());
        self.runs_down.next = self.runs_left.q.val() - bits::<16>(1);
        self.lines_down.next = self.lines_left.q.val() - bits::<16>(1);
        self.run_up.next = self.run_at.q.val() + self.run_stride.q.val();
        self.line_up.next = self.line_at.q.val() + self.lines_stride.q.val();

        self.opens.next = self.start.val() | (self.taken.val() & !self.left_down.val().any());
        self.next.next = self.run_up.val();
        self.next_length.next = self.run_length.q.val();
        if !self.runs_down.val().any() {
            self.next.next = self.line_up.val();
        }
        if self.start.val() {
            self.next.next = self.first.val();
            self.next_length.next = self.length.val();
        }
        self.end_unused.next = bit_cast::<34, 2>(self.next.val().get_bits::<2>(0))
            + self.next_length.val()
            + bits::<34>(3);
        if self.taken.val() {
            self.at.d.next = self.at_up.val();
            self.beats_left.d.next = self.left_down.val();
        }
        if self.opens.val() {
            self.at.d.next = self.next.val().get_bits::<32>(2);
            self.beats_left.d.next = self.end_unused.val().get_bits::<32>(2);
            self.run_at.d.next = self.next.val();
            self.runs_left.d.next = self.runs_down.val();
            if !self.runs_down.val().any() {
                self.runs_left.d.next = self.line_runs.q.val();
                self.line_at.d.next = self.line_up.val();
                self.lines_left.d.next = self.lines_down.val();
                if !self.lines_down.val().any() {
                    self.asks.d.next = false;
                }
            }
        }
        if self.start.val() {
            self.asks.d.next = self.lines.val().any();
            self.line_at.d.next = self.first.val();
            self.runs_left.d.next = self.runs.val();
            self.lines_left.d.next = self.lines.val();
            self.run_length.d.next = self.length.val();
            self.run_stride.d.next = self.stride.val();
            self.line_runs.d.next = self.runs.val();
            self.lines_stride.d.next = self.line_stride.val();
        }
        if self.reset.val() {
            self.asks.d.next = false;
        }
        self.busy.next = self.asks.q.val();
        self.address.next = self.at.q.val();
        self.left.next = self.beats_left.q.val();
        self.last_run.next =
            (self.runs_left.q.val() == bits::<16>(1)) & (self.lines_left.q.val() == bits::<16>(1));
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

/// Whether the burst that is taken is the last one of all lines. It stands apart from [`Runs`] as [`Burst`] does.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct RunsEnd {
    /// A burst is taken.
    pub taken: Signal<In, Bit>,
    /// It is of the last run.
    pub last_run: Signal<In, Bit>,
    /// Beats that are left of the run.
    pub left: Signal<In, Bits<32>>,
    /// Beats of the burst.
    pub beats: Signal<In, Bits<7>>,
    /// It is the last.
    pub ends: Signal<Out, Bit>,
}

impl Logic for RunsEnd {
    #[hdl_gen]
    fn update(&mut self) {
        self.ends.next = self.taken.val()
            & self.last_run.val()
            & (self.left.val() == bit_cast::<32, 7>(self.beats.val()));
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
