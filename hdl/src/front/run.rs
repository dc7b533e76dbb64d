//! The life of a program: checked, run, stopped, drained, booked.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Starts a program, ends it for whatever reason, and says so to the registers.
///
/// A program that cannot be fetched as a whole ends before it begins, as [`satkit_spec::regs`] has it: its address is no multiple of a
/// beat, it is too long, or it leaves card memory. Faults in one cycle: engines in their order, dispatch, watchdog, cancel.
///
/// States: 0 idle; 1 check, whether the program can be fetched; 2 run; 3 drain, nothing starts any more and what runs ends; 4 book, the
/// end is told and everything forgotten.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Run {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Back to nothing.
    pub reset: Signal<In, Bit>,
    /// A program is to start; ignored while one runs.
    pub start: Signal<In, Bit>,
    /// It is to end.
    pub cancel: Signal<In, Bit>,
    /// It is to end, and nothing of it is to be seen.
    pub resetting: Signal<In, Bit>,
    /// Byte address of the program.
    pub program_address: Signal<In, Bits<64>>,
    /// Instructions of the program.
    pub length: Signal<In, Bits<32>>,
    /// Most instructions of a program, constant.
    pub most: Signal<In, Bits<32>>,
    /// Bytes of card memory, constant.
    pub memory_bytes: Signal<In, Bits<40>>,
    /// Bit of `STATUS` of an ended program, constant.
    pub done_bit: Signal<In, Bits<32>>,
    /// Of an illegal instruction, constant.
    pub illegal_bit: Signal<In, Bits<32>>,
    /// Of an AXI error, constant.
    pub axi_bit: Signal<In, Bits<32>>,
    /// Of the watchdog, constant.
    pub watchdog_bit: Signal<In, Bits<32>>,
    /// Of a cancelled program, constant.
    pub cancelled_bit: Signal<In, Bits<32>>,
    /// Of a gradient that is not finite, constant.
    pub not_finite_bit: Signal<In, Bits<32>>,

    /// Everything is dispatched and has ended.
    pub complete: Signal<In, Bit>,
    /// Instructions of the engines that run.
    pub running: Signal<In, Bits<6>>,
    /// Nothing is under way to or from card memory.
    pub dma_idle: Signal<In, Bit>,
    /// Engines at fault in this cycle; theirs need not end.
    pub faulty: Signal<In, Bits<6>>,
    /// Something is at fault.
    pub fault: Signal<In, Bit>,
    /// It is of AXI, else an illegal instruction.
    pub fault_axi: Signal<In, Bit>,
    /// Instruction at fault.
    pub fault_index: Signal<In, Bits<32>>,
    /// Byte of card memory.
    pub fault_address: Signal<In, Bits<38>>,
    /// The watchdog fires.
    pub watchdog: Signal<In, Bit>,
    /// Oldest instruction that has not retired.
    pub oldest: Signal<In, Bits<32>>,
    /// This cycle of the program.
    pub cycle: Signal<In, Bits<64>>,
    /// The cycle in which the last instruction ended.
    pub last_end: Signal<In, Bits<64>>,
    /// A gradient is not finite.
    pub not_finite: Signal<In, Bit>,

    /// Fetch, dispatch and counters take the program over.
    pub load: Signal<Out, Bit>,
    /// The program runs.
    pub runs: Signal<Out, Bit>,
    /// Something else than the watchdog stops it in this cycle.
    pub stops: Signal<Out, Bit>,
    /// Nothing starts any more.
    pub stop: Signal<Out, Bit>,
    /// Everything forgets.
    pub flush: Signal<Out, Bit>,
    /// There is a program.
    pub busy: Signal<Out, Bit>,
    /// The reset is done with the end of this cycle.
    pub reset_done: Signal<Out, Bit>,
    /// Bits of `STATUS` that are set.
    pub raised: Signal<Out, Bits<32>>,
    /// Instruction of the last fault.
    pub shown_index: Signal<Out, Bits<32>>,
    /// Byte of card memory of the last AXI error.
    pub shown_address: Signal<Out, Bits<64>>,
    /// Cycles of the last program.
    pub shown_cycles: Signal<Out, Bits<64>>,

    state: DFF<Bits<3>>,
    why: DFF<Bits<32>>,
    index: DFF<Bits<32>>,
    address: DFF<Bits<64>>,
    cycles: DFF<Bits<64>>,
    ended_badly: DFF<Bit>,
    by_axi: DFF<Bit>,
    lost: DFF<Bits<6>>,
    unseen: DFF<Bit>,
    infinite: DFF<Bit>,
    seen_index: DFF<Bits<32>>,
    seen_address: DFF<Bits<64>>,
    seen_cycles: DFF<Bits<64>>,
    idles: Signal<Local, Bit>,
    looks: Signal<Local, Bit>,
    works: Signal<Local, Bit>,
    drains: Signal<Local, Bit>,
    books: Signal<Local, Bit>,
    program_end: Signal<Local, Bits<40>>,
    beyond: Signal<Local, Bits<32>>,
    begins_outside: Signal<Local, Bit>,
    wanted: Signal<Local, Bit>,
    waits_for: Signal<Local, Bits<6>>,
    alive: Signal<Local, Bits<6>>,
    extra: Signal<Local, Bits<32>>,
}

impl Logic for Run {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            why,
            index,
            address,
            cycles,
            ended_badly,
            by_axi,
            lost,
            unseen,
            infinite,
            seen_index,
            seen_address,
            seen_cycles
        );
        self.idles.next = self.state.q.val() == bits::<3>(0);
        self.looks.next = self.state.q.val() == bits::<3>(1);
        self.works.next = self.state.q.val() == bits::<3>(2);
        self.drains.next = self.state.q.val() == bits::<3>(3);
        self.books.next = self.state.q.val() == bits::<3>(4);
        self.wanted.next = self.cancel.val() | self.resetting.val();
        // From the state itself, not by way of the signals above, which tools would take for a loop through what these lead to.
        self.load.next = self.state.q.val() == bits::<3>(1);
        self.runs.next = self.state.q.val() == bits::<3>(2);
        self.stops.next = (self.state.q.val() == bits::<3>(2))
            & !self.complete.val()
            & (self.cancel.val() | self.resetting.val() | self.fault.val());
        self.stop.next = self.state.q.val() != bits::<3>(2);
        self.flush.next = (self.state.q.val() == bits::<3>(0))
            | (self.state.q.val() == bits::<3>(1))
            | (self.state.q.val() == bits::<3>(4))
            | self.reset.val();
        self.busy.next = self.state.q.val() != bits::<3>(0);
        self.reset_done.next = (self.state.q.val() == bits::<3>(0)) & self.resetting.val();
        self.raised.next = bits::<32>(0);
        self.extra.next = bits::<32>(0);
        if self.infinite.q.val() & !self.ended_badly.q.val() {
            self.extra.next = self.not_finite_bit.val();
        }
        // A multiple of 32 bytes behind an address below 2^38: 40 bits hold the end.
        self.program_end.next = bit_cast::<40, 38>(self.program_address.val().get_bits::<38>(0))
            + (bit_cast::<40, 25>(self.length.val().get_bits::<25>(0)) << bits::<6>(5));
        self.begins_outside.next = self.program_address.val().get_bits::<26>(38).any()
            | (bit_cast::<40, 38>(self.program_address.val().get_bits::<38>(0))
                > self.memory_bytes.val());
        // Instructions that lie in memory, of a program that begins there.
        self.beyond.next = self.memory_bytes.val().get_bits::<32>(5)
            - self.program_address.val().get_bits::<32>(5);
        self.alive.next = !self.lost.q.val();
        self.waits_for.next = self.running.val() & self.alive.val();
        if self.not_finite.val() {
            self.infinite.d.next = true;
        }
        if self.resetting.val() {
            self.unseen.d.next = true;
        }
        if self.idles.val() {
            self.ended_badly.d.next = false;
            self.by_axi.d.next = false;
            self.infinite.d.next = false;
            self.unseen.d.next = false;
            self.lost.d.next = bits::<6>(0);
            self.why.d.next = bits::<32>(0);
            if self.start.val() & !self.resetting.val() {
                self.state.d.next = bits::<3>(1);
            }
        }
        if self.looks.val() {
            self.cycles.d.next = bits::<64>(0);
            self.index.d.next = bits::<32>(0);
            self.state.d.next = bits::<3>(2);
            if self.begins_outside.val() | (self.program_end.val() > self.memory_bytes.val()) {
                self.why.d.next = self.axi_bit.val();
                self.by_axi.d.next = true;
                self.ended_badly.d.next = true;
                self.address.d.next = self.program_address.val();
                if !self.begins_outside.val() {
                    self.address.d.next = bit_cast::<64, 40>(self.memory_bytes.val());
                    self.index.d.next = self.beyond.val();
                }
                self.state.d.next = bits::<3>(3);
            }
            if self.length.val() > self.most.val() {
                self.why.d.next = self.illegal_bit.val();
                self.by_axi.d.next = false;
                self.ended_badly.d.next = true;
                self.index.d.next = self.most.val();
                self.state.d.next = bits::<3>(3);
            }
            if self.program_address.val().get_bits::<6>(0).any() {
                self.why.d.next = self.axi_bit.val();
                self.by_axi.d.next = true;
                self.ended_badly.d.next = true;
                self.index.d.next = bits::<32>(0);
                self.address.d.next = self.program_address.val();
                self.state.d.next = bits::<3>(3);
            }
            if self.wanted.val() {
                self.why.d.next = self.cancelled_bit.val();
                self.by_axi.d.next = false;
                self.ended_badly.d.next = true;
                self.index.d.next = bits::<32>(0);
                self.state.d.next = bits::<3>(3);
            }
        }
        if self.works.val() {
            self.cycles.d.next = self.last_end.val();
            if self.complete.val() {
                self.state.d.next = bits::<3>(3);
            } else {
                if self.wanted.val() | self.watchdog.val() | self.fault.val() {
                    self.ended_badly.d.next = true;
                    self.index.d.next = self.oldest.val();
                    self.lost.d.next = self.faulty.val();
                    self.state.d.next = bits::<3>(3);
                }
                if self.wanted.val() {
                    self.why.d.next = self.cancelled_bit.val();
                }
                if self.watchdog.val() {
                    self.why.d.next = self.watchdog_bit.val();
                    self.cycles.d.next = self.cycle.val();
                }
                if self.fault.val() {
                    self.why.d.next = self.illegal_bit.val();
                    self.index.d.next = self.fault_index.val();
                    self.cycles.d.next = self.last_end.val();
                    if self.fault_axi.val() {
                        self.why.d.next = self.axi_bit.val();
                        self.by_axi.d.next = true;
                        self.address.d.next = bit_cast::<64, 38>(self.fault_address.val());
                    }
                }
            }
        }
        if self.drains.val() {
            self.lost.d.next = self.lost.q.val() | self.faulty.val();
            if self.dma_idle.val() & !self.waits_for.val().any() {
                self.state.d.next = bits::<3>(4);
            }
        }
        if self.books.val() {
            self.seen_cycles.d.next = self.cycles.q.val();
            if self.by_axi.q.val() {
                self.seen_address.d.next = self.address.q.val();
            }
            if !self.unseen.q.val() & !self.resetting.val() {
                self.raised.next = self.done_bit.val() | self.why.q.val() | self.extra.val();
                if self.ended_badly.q.val() {
                    self.seen_index.d.next = self.index.q.val();
                }
            }
            self.state.d.next = bits::<3>(0);
        }
        if self.reset.val() {
            self.state.d.next = bits::<3>(0);
            self.seen_index.d.next = bits::<32>(0);
            self.seen_address.d.next = bits::<64>(0);
            self.seen_cycles.d.next = bits::<64>(0);
        }
        self.shown_index.next = self.seen_index.q.val();
        self.shown_address.next = self.seen_address.q.val();
        self.shown_cycles.next = self.seen_cycles.q.val();
    }
}
