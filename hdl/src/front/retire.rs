//! What has retired, which instruction is the oldest that has not, and who is at fault.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Counts cycles and retired instructions of a program, and keeps the cycle in which the last one ended; fires the watchdog.
///
/// `ends` are pulses in the cycle before an instruction's end cycle, so that what the end gives is there in it. From a fault on
/// nothing counts: RETIRED and JOB_CYCLES say what was when it came.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Progress {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// A program starts: everything to 0.
    pub load: Signal<In, Bit>,
    /// The program runs; job cycle 0 is the first such cycle.
    pub runs: Signal<In, Bit>,
    /// Something stops the program in this cycle, the watchdog aside.
    pub fault: Signal<In, Bit>,
    /// A kept instruction is dispatched.
    pub kept: Signal<In, Bit>,
    /// Instructions of the engines that end.
    pub ends: Signal<In, Bits<6>>,
    /// Cycles without an end at which the watchdog fires; 0 is never.
    pub watchdog_cycles: Signal<In, Bits<32>>,
    /// Instructions that have retired.
    pub retired: Signal<Out, Bits<32>>,
    /// This cycle of the program.
    pub cycle: Signal<Out, Bits<64>>,
    /// The cycle in which the last instruction ended; 0 before.
    pub last_end: Signal<Out, Bits<64>>,
    /// The watchdog fires.
    pub fires: Signal<Out, Bit>,

    now: DFF<Bits<64>>,
    last: DFF<Bits<64>>,
    count: DFF<Bits<32>>,
    since: DFF<Bits<32>>,
    cycle_up: Signal<Local, Bits<64>>,
    since_up: Signal<Local, Bits<32>>,
    low: Signal<Local, Bits<3>>,
    high: Signal<Local, Bits<3>>,
    total: Signal<Local, Bits<4>>,
    counted: Signal<Local, Bits<32>>,
    barks: Signal<Local, Bit>,
    counts: Signal<Local, Bit>,
}

impl Logic for Progress {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, now, last, count, since);
        self.cycle_up.next = self.now.q.val() + bits::<64>(1);
        self.since_up.next = self.since.q.val() + bits::<32>(1);
        self.low.next = bit_cast::<3, 1>(self.ends.val().get_bits::<1>(0))
            + bit_cast::<3, 1>(self.ends.val().get_bits::<1>(1))
            + bit_cast::<3, 1>(self.ends.val().get_bits::<1>(2));
        self.high.next = bit_cast::<3, 1>(self.ends.val().get_bits::<1>(3))
            + bit_cast::<3, 1>(self.ends.val().get_bits::<1>(4))
            + bit_cast::<3, 1>(self.ends.val().get_bits::<1>(5));
        self.total.next = bit_cast::<4, 3>(self.low.val())
            + bit_cast::<4, 3>(self.high.val())
            + bit_cast::<4, 1>(self.kept.val().into());
        self.counted.next = self.count.q.val() + bit_cast::<32, 4>(self.total.val());
        self.barks.next = self.runs.val()
            & self.watchdog_cycles.val().any()
            & (self.since.q.val() == self.watchdog_cycles.val());
        self.counts.next = self.runs.val() & !self.fault.val() & !self.barks.val();
        if self.runs.val() {
            self.now.d.next = self.cycle_up.val();
        }
        if self.counts.val() {
            self.count.d.next = self.counted.val();
            self.since.d.next = self.since_up.val();
            if self.ends.val().any() {
                self.last.d.next = self.cycle_up.val();
                self.since.d.next = bits::<32>(0);
            }
        }
        if self.load.val() {
            self.now.d.next = bits::<64>(0);
            self.last.d.next = bits::<64>(0);
            self.count.d.next = bits::<32>(0);
            self.since.d.next = bits::<32>(0);
        }
        self.retired.next = self.count.q.val();
        self.cycle.next = self.now.q.val();
        self.last_end.next = self.last.q.val();
        self.fires.next = self.barks.val();
    }
}

/// The smaller of two indices, of those that are there.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Older {
    /// There is one.
    pub left: Signal<In, Bit>,
    /// It.
    pub left_index: Signal<In, Bits<32>>,
    /// There is another.
    pub right: Signal<In, Bit>,
    /// It.
    pub right_index: Signal<In, Bits<32>>,
    /// There is one.
    pub any: Signal<Out, Bit>,
    /// The smaller.
    pub index: Signal<Out, Bits<32>>,
}

impl Logic for Older {
    #[hdl_gen]
    fn update(&mut self) {
        self.any.next = self.left.val() | self.right.val();
        self.index.next = self.right_index.val();
        if self.left.val() & (!self.right.val() | (self.left_index.val() < self.right_index.val()))
        {
            self.index.next = self.left_index.val();
        }
    }
}

/// One fault of two that come at once: the first.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct FaultPair {
    /// A fault comes.
    pub first: Signal<In, Bit>,
    /// It is of AXI.
    pub first_axi: Signal<In, Bit>,
    /// Instruction at fault.
    pub first_index: Signal<In, Bits<32>>,
    /// Byte of card memory.
    pub first_address: Signal<In, Bits<38>>,
    /// Another comes.
    pub second: Signal<In, Bit>,
    /// The same of it.
    pub second_axi: Signal<In, Bit>,
    /// The same of it.
    pub second_index: Signal<In, Bits<32>>,
    /// The same of it.
    pub second_address: Signal<In, Bits<38>>,
    /// One comes.
    pub any: Signal<Out, Bit>,
    /// The same of it.
    pub axi: Signal<Out, Bit>,
    /// The same of it.
    pub index: Signal<Out, Bits<32>>,
    /// The same of it.
    pub address: Signal<Out, Bits<38>>,
}

impl Logic for FaultPair {
    #[hdl_gen]
    fn update(&mut self) {
        self.any.next = self.first.val() | self.second.val();
        self.axi.next = self.second_axi.val();
        self.index.next = self.second_index.val();
        self.address.next = self.second_address.val();
        if self.first.val() {
            self.axi.next = self.first_axi.val();
            self.index.next = self.first_index.val();
            self.address.next = self.first_address.val();
        }
    }
}
