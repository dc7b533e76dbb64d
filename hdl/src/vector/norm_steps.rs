//! The channels of a batch norm, as many at a time as there are lanes.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Leads the channels through a [`Statistics`](super::Statistics) for each lane, all in step: what belongs to the channels is asked for, four values of
/// one after another; when all is there, the programs run; then the next channels.
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
    /// Lanes, as a power of two: 2 or 3. Constant.
    pub lanes_log2: Signal<In, Bits<2>>,
    /// The programs run.
    pub runs: Signal<In, Bit>,

    /// There are channels under way.
    pub busy: Signal<Out, Bit>,
    /// A value is asked for.
    pub asks: Signal<Out, Bit>,
    /// Which of the channel's four.
    pub kind: Signal<Out, Bits<2>>,
    /// Whose: the channel's lane.
    pub lane: Signal<Out, Bits<3>>,
    /// The channel.
    pub channel: Signal<Out, Bits<11>>,
    /// The programs begin.
    pub opens: Signal<Out, Bit>,
    /// Channels before these, in lanes.
    pub group: Signal<Out, Bits<9>>,

    loads: DFF<Bit>,
    index: DFF<Bits<5>>,
    waits: DFF<Bit>,
    waited: DFF<Bits<3>>,
    computes: DFF<Bit>,
    at: DFF<Bits<9>>,
    following: Signal<Local, Bits<9>>,
    done: Signal<Local, Bits<12>>,
    last_index: Signal<Local, Bits<5>>,
    begins: Signal<Local, Bit>,
}

impl NormSteps {
    /// Cycles from that in which a value is asked for to the one in which it is there.
    pub const READ_CYCLES: usize = 4;

    /// Cycles of as many channels as there are lanes, beside those of the program.
    #[must_use]
    pub const fn cycles(lanes: usize) -> usize {
        4 * lanes + Self::READ_CYCLES + 1
    }
}

impl Logic for NormSteps {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, loads, index, waits, waited, computes, at);
        self.last_index.next = bits::<5>(15);
        if self.lanes_log2.val() == bits::<2>(3) {
            self.last_index.next = bits::<5>(31);
        }
        if self.loads.q.val() {
            self.index.d.next = self.index.q.val() + bits::<5>(1);
            if self.index.q.val() == self.last_index.val() {
                self.loads.d.next = false;
                self.waits.d.next = true;
                self.waited.d.next = bits::<3>(0);
            }
        }
        // The last value is in its register.
        self.begins.next = self.waits.q.val() & (self.waited.q.val() == bits::<3>(4));
        if self.waits.q.val() {
            self.waited.d.next = self.waited.q.val() + bits::<3>(1);
        }
        if self.begins.val() {
            self.waits.d.next = false;
            self.computes.d.next = true;
        }
        self.following.next = self.at.q.val() + bits::<9>(1);
        self.done.next = bit_cast::<12, 9>(self.following.val()) << self.lanes_log2.val();
        if self.computes.q.val() & !self.runs.val() {
            self.computes.d.next = false;
            self.at.d.next = self.following.val();
            if self.done.val() < bit_cast::<12, 11>(self.channels.val()) {
                self.loads.d.next = true;
                self.index.d.next = bits::<5>(0);
            }
        }
        if self.start.val() {
            self.loads.d.next = true;
            self.index.d.next = bits::<5>(0);
            self.at.d.next = bits::<9>(0);
        }
        if self.reset.val() {
            self.loads.d.next = false;
            self.waits.d.next = false;
            self.computes.d.next = false;
        }
        self.busy.next = self.loads.q.val() | self.waits.q.val() | self.computes.q.val();
        self.asks.next = self.loads.q.val();
        self.kind.next = self.index.q.val().get_bits::<2>(0);
        self.lane.next = self.index.q.val().get_bits::<3>(2);
        self.channel.next = (bit_cast::<11, 9>(self.at.q.val()) << self.lanes_log2.val())
            | bit_cast::<11, 3>(self.index.q.val().get_bits::<3>(2));
        self.opens.next = self.begins.val();
        self.group.next = self.at.q.val();
    }
}
