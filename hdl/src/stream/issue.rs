//! When a block's requests are made.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Reads of the instruction that runs, one block after another, each once the buffers have room for all of it. A block without reads
/// takes a cycle.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Reading {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// An instruction starts.
    pub start: Signal<In, Bit>,
    /// Nothing is asked for any more.
    pub fault: Signal<In, Bit>,
    /// There is a burst, perhaps of the instruction that is decoded.
    pub valid: Signal<In, Bit>,
    /// It has beats.
    pub asks: Signal<In, Bit>,
    /// It is the last of its block.
    pub closes: Signal<In, Bit>,
    /// Its block is the last of its instruction.
    pub last: Signal<In, Bit>,
    /// There is room for the block.
    pub room: Signal<In, Bit>,
    /// Asks the memory.
    pub request: Signal<Out, Bit>,
    /// Is taken there.
    pub granted: Signal<In, Bit>,
    /// The burst is done with.
    pub taken: Signal<Out, Bit>,
    /// So is its block, which has its room.
    pub opens: Signal<Out, Bit>,

    reads: DFF<Bit>,
    begun: DFF<Bit>,
    runs: Signal<Local, Bit>,
    may: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    done: Signal<Local, Bit>,
}

impl Logic for Reading {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, reads, begun);
        self.runs.next = self.start.val() | self.reads.q.val();
        self.may.next = self.runs.val()
            & self.valid.val()
            & !self.fault.val()
            & (self.begun.q.val() | self.room.val());
        self.takes.next = self.may.val() & (!self.asks.val() | self.granted.val());
        self.done.next = self.takes.val() & self.closes.val();
        self.reads.d.next = self.runs.val() & !(self.done.val() & self.last.val());
        if self.takes.val() {
            self.begun.d.next = !self.closes.val();
        }
        if self.reset.val() {
            self.reads.d.next = false;
            self.begun.d.next = false;
        }
        self.request.next = self.may.val() & self.asks.val();
        self.taken.next = self.takes.val();
        self.opens.next = self.done.val();
    }
}

/// Writes, one block after another, each when all its results are out: a constant number of cycles after the lanes' last beat of it. A
/// block without writes takes a cycle.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Writing {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// An instruction starts: all blocks of the one before have left.
    pub start: Signal<In, Bit>,
    /// Nothing is asked for any more.
    pub fault: Signal<In, Bit>,
    /// The lanes have taken the last beat of a block.
    pub done: Signal<In, Bit>,
    /// Cycles from the next one to the block's first write, less one; held while there are blocks.
    pub latency: Signal<In, Bits<6>>,
    /// There is a burst.
    pub valid: Signal<In, Bit>,
    /// It has beats.
    pub asks: Signal<In, Bit>,
    /// It is the last of its block.
    pub last: Signal<In, Bit>,
    /// Asks the memory.
    pub request: Signal<Out, Bit>,
    /// Is taken there.
    pub granted: Signal<In, Bit>,
    /// The burst is done with.
    pub taken: Signal<Out, Bit>,
    /// So is its block.
    pub closes: Signal<Out, Bit>,

    line: DFF<Bits<64>>,
    shifted: Signal<Local, Bits<64>>,
    out: Signal<Local, Bit>,
    ready: DFF<Bits<7>>,
    more: Signal<Local, Bits<7>>,
    less: Signal<Local, Bits<7>>,
    may: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    unused_shifted: Signal<Local, Bits<63>>,
}

impl Logic for Writing {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, line, ready);
        self.line.d.next =
            (self.line.q.val() << bits::<6>(1)) | bit_cast::<64, 1>(self.done.val().into());
        self.shifted.next = self.line.q.val() >> self.latency.val();
        self.unused_shifted.next = self.shifted.val().get_bits::<63>(1);
        self.out.next = self.shifted.val().get_bit(0);
        self.may.next = self.valid.val() & self.ready.q.val().any() & !self.fault.val();
        self.takes.next = self.may.val() & (!self.asks.val() | self.granted.val());
        self.ends.next = self.takes.val() & self.last.val();
        self.more.next = bits::<7>(0);
        if self.out.val() {
            self.more.next = bits::<7>(1);
        }
        self.less.next = bits::<7>(0);
        if self.ends.val() {
            self.less.next = bits::<7>(1);
        }
        self.ready.d.next = self.ready.q.val() + self.more.val() - self.less.val();
        if self.start.val() {
            // What has come out stays in the line; to an instruction of more latency it would come out again.
            self.line.d.next = bits::<64>(0);
        }
        if self.reset.val() {
            self.line.d.next = bits::<64>(0);
            self.ready.d.next = bits::<7>(0);
        }
        self.request.next = self.may.val() & self.asks.val();
        self.taken.next = self.takes.val();
        self.closes.next = self.ends.val();
    }
}

/// Cycles that the results of WU's lanes take: of WUVE, of SORE, or of both.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Latency {
    /// It is an update; else weights are only pruned.
    pub updates: Signal<In, Bit>,
    /// An update makes FF weights, BP weights.
    pub makes: Signal<In, Bits<2>>,
    /// Its blocks are panels.
    pub panels: Signal<In, Bit>,
    /// Cycles of a panel, less one; constant.
    pub panel: Signal<In, Bits<6>>,
    /// Cycles of an update without weights, less one; constant.
    pub wuve: Signal<In, Bits<6>>,
    /// Of pruning alone, less one; constant.
    pub sore: Signal<In, Bits<6>>,
    /// What pruning adds to an update; constant.
    pub sore_only: Signal<In, Bits<6>>,
    /// Cycles of the instruction, less one.
    pub latency: Signal<Out, Bits<6>>,

    both: Signal<Local, Bits<6>>,
}

impl Logic for Latency {
    #[hdl_gen]
    fn update(&mut self) {
        self.both.next = self.wuve.val() + self.sore_only.val();
        self.latency.next = self.sore.val();
        if self.updates.val() {
            self.latency.next = self.wuve.val();
            if self.makes.val().any() {
                self.latency.next = self.both.val();
            }
        }
        if self.panels.val() {
            self.latency.next = self.panel.val();
        }
    }
}
