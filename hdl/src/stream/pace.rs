//! What the lanes take in each cycle.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Gives the lanes the elements of one block after another, as many per cycle as there are lanes, from the cycle in which all that the
/// block reads is there. A block takes one cycle at least, even if no element is left for it. After the last one the lanes may take
/// some cycles more. Elements of rows are given one by one, [`Pace::APART`] cycles for each, and then the lanes take the cycles more after
/// each block.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Pace {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Lanes, constant.
    pub lanes: Signal<In, Bits<7>>,
    /// An instruction starts.
    pub start: Signal<In, Bit>,
    /// Its elements.
    pub elements: Signal<In, Bits<40>>,
    /// Its blocks.
    pub blocks: Signal<In, Bits<27>>,
    /// Lane beats of every block but the last, less one.
    pub block_end: Signal<In, Bits<15>>,
    /// All of its blocks take as many cycles as the first, whatever its elements: panels.
    pub even: Signal<In, Bit>,
    /// Its elements are those of rows.
    pub by_rows: Signal<In, Bit>,
    /// Cycles that the lanes take after its last element.
    pub tail: Signal<In, Bits<17>>,
    /// The next block has arrived.
    pub arrived: Signal<In, Bit>,
    /// The lanes begin with it.
    pub begins: Signal<Out, Bit>,
    /// They are through with one.
    pub done: Signal<Out, Bit>,
    /// They take elements.
    pub take: Signal<Out, Bit>,
    /// The first of them, from the instruction's first on.
    pub first: Signal<Out, Bits<40>>,
    /// How many.
    pub count: Signal<Out, Bits<7>>,
    /// They are the instruction's last.
    pub last: Signal<Out, Bit>,

    left: DFF<Bits<40>>,
    at: DFF<Bits<40>>,
    blocks_left: DFF<Bits<27>>,
    full_at: DFF<Bits<15>>,
    evenly: DFF<Bit>,
    in_block: DFF<Bit>,
    slow: DFF<Bit>,
    phase: DFF<Bits<3>>,
    active: Signal<Local, Bit>,
    most: Signal<Local, Bits<7>>,
    tail_all: DFF<Bits<17>>,
    tail_left: DFF<Bits<17>>,
    drains: DFF<Bit>,
    waits: Signal<Local, Bit>,
    drained: Signal<Local, Bit>,
    is_last: Signal<Local, Bit>,
    position: DFF<Bits<15>>,
    position_up: Signal<Local, Bits<15>>,
    works: Signal<Local, Bit>,
    few: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    here: Signal<Local, Bits<7>>,
}

impl Pace {
    /// Cycles of an element of rows.
    pub const APART: u64 = 6;
}

impl Logic for Pace {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            left,
            at,
            blocks_left,
            full_at,
            in_block,
            position,
            evenly,
            tail_left,
            drains
        );
        dff_setup!(self, clock, slow, phase, tail_all);
        self.active.next = self.in_block.q.val() | (self.arrived.val() & !self.drains.q.val());
        // The cycle of an element of rows is its last.
        self.works.next = self.active.val()
            & (!self.slow.q.val()
                | (self.phase.q.val() == bits::<3>(5))
                | !self.left.q.val().any());
        self.phase.d.next = bits::<3>(0);
        if self.active.val() {
            self.in_block.d.next = true;
            if !self.works.val() {
                self.phase.d.next = self.phase.q.val() + bits::<3>(1);
            }
        }
        self.most.next = self.lanes.val();
        if self.slow.q.val() {
            self.most.next = bits::<7>(1);
        }
        self.few.next = self.left.q.val() <= bit_cast::<40, 7>(self.most.val());
        self.takes.next = self.works.val() & (self.left.q.val().any() | self.evenly.q.val());
        self.here.next = self.most.val();
        if self.few.val() {
            self.here.next = self.left.q.val().get_bits::<7>(0);
        }
        self.is_last.next = self.blocks_left.q.val() == bits::<27>(1);
        self.ends.next = self.works.val()
            & ((self.few.val() & !self.evenly.q.val())
                | ((!self.is_last.val() | self.evenly.q.val())
                    & (self.position.q.val() == self.full_at.q.val())));
        self.position_up.next = self.position.q.val() + bits::<15>(1);
        if self.works.val() {
            self.position.d.next = self.position_up.val();
        }
        if self.takes.val() {
            self.left.d.next = self.left.q.val() - bit_cast::<40, 7>(self.here.val());
            self.at.d.next = self.at.q.val() + bit_cast::<40, 7>(self.here.val());
        }
        if self.ends.val() {
            self.in_block.d.next = false;
            self.position.d.next = bits::<15>(0);
            self.blocks_left.d.next = self.blocks_left.q.val() - bits::<27>(1);
        }
        self.waits.next = self.ends.val()
            & (self.is_last.val() | self.slow.q.val())
            & self.tail_left.q.val().any();
        self.drained.next = self.drains.q.val() & (self.tail_left.q.val() == bits::<17>(1));
        if self.waits.val() {
            self.drains.d.next = true;
        }
        if self.drains.q.val() {
            self.tail_left.d.next = self.tail_left.q.val() - bits::<17>(1);
            if self.drained.val() {
                self.drains.d.next = false;
                self.tail_left.d.next = self.tail_all.q.val();
            }
        }
        if self.start.val() {
            self.slow.d.next = self.by_rows.val();
            self.tail_all.d.next = self.tail.val();
            self.tail_left.d.next = self.tail.val();
            self.left.d.next = self.elements.val();
            self.at.d.next = bits::<40>(0);
            self.blocks_left.d.next = self.blocks.val();
            self.full_at.d.next = self.block_end.val();
            self.evenly.d.next = self.even.val();
        }
        if self.reset.val() {
            self.in_block.d.next = false;
            self.position.d.next = bits::<15>(0);
            self.drains.d.next = false;
        }
        self.begins.next = self.arrived.val() & !self.in_block.q.val() & !self.drains.q.val();
        self.done.next = (self.ends.val() & !self.waits.val()) | self.drained.val();
        self.take.next = self.takes.val();
        self.first.next = self.at.q.val();
        self.count.next = self.here.val();
        self.last.next = self.takes.val() & self.few.val();
    }
}
