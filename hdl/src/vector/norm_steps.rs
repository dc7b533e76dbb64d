//! The channels of a batch norm, as many at a time as there are lanes.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Leads the channels through a [`Statistics`](super::Statistics) for each lane, all in step: what belongs to the channels is asked for, one value
/// after another, all of a channel before the next; when all is there, the programs run; then the next channels.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct NormSteps {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets what is under way.
    pub reset: Signal<In, Bit>,
    /// The first channels begin.
    pub start: Signal<In, Bit>,
    /// Channels, held.
    pub channels: Signal<In, Bits<11>>,
    /// The last of the values of a channel, from 0 on, held.
    pub last_kind: Signal<In, Bits<3>>,
    /// Lanes, as a power of two: up to 5. Constant.
    pub lanes_log2: Signal<In, Bits<3>>,
    /// The programs run.
    pub runs: Signal<In, Bit>,

    /// There are channels under way.
    pub busy: Signal<Out, Bit>,
    /// A value is asked for.
    pub asks: Signal<Out, Bit>,
    /// Which of the channel's.
    pub kind: Signal<Out, Bits<3>>,
    /// Whose: the channel's lane.
    pub lane: Signal<Out, Bits<5>>,
    /// The channel.
    pub channel: Signal<Out, Bits<11>>,
    /// The programs begin.
    pub opens: Signal<Out, Bit>,
    /// Channels before these, in lanes.
    pub group: Signal<Out, Bits<9>>,
    /// The last channels are through in this cycle.
    pub ends: Signal<Out, Bit>,

    loads: DFF<Bit>,
    at_kind: DFF<Bits<3>>,
    at_lane: DFF<Bits<5>>,
    last_lane: Signal<Local, Bits<5>>,
    waits: DFF<Bit>,
    waited: DFF<Bits<3>>,
    computes: DFF<Bit>,
    at: DFF<Bits<9>>,
    following: Signal<Local, Bits<9>>,
    done: Signal<Local, Bits<14>>,
    begins: Signal<Local, Bit>,
    over: Signal<Local, Bit>,
}

impl NormSteps {
    /// Cycles from that in which a value is asked for to the one in which it is there.
    pub const READ_CYCLES: usize = 5;

    /// Cycles of as many channels as there are lanes, beside those of the program, where `kinds` values of each are read.
    #[must_use]
    pub const fn cycles(lanes: usize, kinds: usize) -> usize {
        kinds * lanes + Self::READ_CYCLES + 1
    }
}

impl Logic for NormSteps {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, loads, at_kind, at_lane, waits, waited, computes, at);
        self.last_lane.next = (bits::<5>(1) << self.lanes_log2.val()) - bits::<5>(1);
        if self.loads.q.val() {
            self.at_kind.d.next = self.at_kind.q.val() + bits::<3>(1);
            if self.at_kind.q.val() == self.last_kind.val() {
                self.at_kind.d.next = bits::<3>(0);
                self.at_lane.d.next = self.at_lane.q.val() + bits::<5>(1);
                if self.at_lane.q.val() == self.last_lane.val() {
                    self.loads.d.next = false;
                    self.waits.d.next = true;
                    self.waited.d.next = bits::<3>(0);
                }
            }
        }
        // The last value is in its register.
        self.begins.next = self.waits.q.val() & (self.waited.q.val() == bits::<3>(5));
        if self.waits.q.val() {
            self.waited.d.next = self.waited.q.val() + bits::<3>(1);
        }
        if self.begins.val() {
            self.waits.d.next = false;
            self.computes.d.next = true;
        }
        self.following.next = self.at.q.val() + bits::<9>(1);
        self.done.next = bit_cast::<14, 9>(self.following.val()) << self.lanes_log2.val();
        self.over.next = self.computes.q.val()
            & !self.runs.val()
            & (self.done.val() >= bit_cast::<14, 11>(self.channels.val()));
        if self.computes.q.val() & !self.runs.val() {
            self.computes.d.next = false;
            self.at.d.next = self.following.val();
            if !self.over.val() {
                self.loads.d.next = true;
                self.at_kind.d.next = bits::<3>(0);
                self.at_lane.d.next = bits::<5>(0);
            }
        }
        if self.start.val() {
            self.loads.d.next = true;
            self.at_kind.d.next = bits::<3>(0);
            self.at_lane.d.next = bits::<5>(0);
            self.at.d.next = bits::<9>(0);
        }
        if self.reset.val() {
            self.loads.d.next = false;
            self.waits.d.next = false;
            self.computes.d.next = false;
        }
        self.busy.next = self.loads.q.val() | self.waits.q.val() | self.computes.q.val();
        self.asks.next = self.loads.q.val();
        self.kind.next = self.at_kind.q.val();
        self.lane.next = self.at_lane.q.val();
        self.channel.next = (bit_cast::<11, 9>(self.at.q.val()) << self.lanes_log2.val())
            | bit_cast::<11, 5>(self.at_lane.q.val());
        self.opens.next = self.begins.val();
        self.group.next = self.at.q.val();
        self.ends.next = self.over.val();
    }
}
