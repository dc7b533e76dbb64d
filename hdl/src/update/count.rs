//! Counting.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// How many of 15 bits are 1, at once.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Popcount {
    /// The bits.
    pub word: Signal<In, Bits<15>>,
    /// Ones among them.
    pub count: Signal<Out, Bits<4>>,

    threes: [Signal<Local, Bits<2>>; 5],
    sixes: [Signal<Local, Bits<3>>; 2],
    twelve: Signal<Local, Bits<4>>,
}

impl Logic for Popcount {
    #[hdl_gen]
    fn update(&mut self) {
        self.threes[0].next = bit_cast::<2, 1>(self.word.val().get_bits::<1>(0))
            + bit_cast::<2, 1>(self.word.val().get_bits::<1>(5))
            + bit_cast::<2, 1>(self.word.val().get_bits::<1>(10));
        self.threes[1].next = bit_cast::<2, 1>(self.word.val().get_bits::<1>(1))
            + bit_cast::<2, 1>(self.word.val().get_bits::<1>(6))
            + bit_cast::<2, 1>(self.word.val().get_bits::<1>(11));
        self.threes[2].next = bit_cast::<2, 1>(self.word.val().get_bits::<1>(2))
            + bit_cast::<2, 1>(self.word.val().get_bits::<1>(7))
            + bit_cast::<2, 1>(self.word.val().get_bits::<1>(12));
        self.threes[3].next = bit_cast::<2, 1>(self.word.val().get_bits::<1>(3))
            + bit_cast::<2, 1>(self.word.val().get_bits::<1>(8))
            + bit_cast::<2, 1>(self.word.val().get_bits::<1>(13));
        self.threes[4].next = bit_cast::<2, 1>(self.word.val().get_bits::<1>(4))
            + bit_cast::<2, 1>(self.word.val().get_bits::<1>(9))
            + bit_cast::<2, 1>(self.word.val().get_bits::<1>(14));
        self.sixes[0].next =
            bit_cast::<3, 2>(self.threes[0].val()) + bit_cast::<3, 2>(self.threes[2].val());
        self.sixes[1].next =
            bit_cast::<3, 2>(self.threes[1].val()) + bit_cast::<3, 2>(self.threes[3].val());
        self.twelve.next =
            bit_cast::<4, 3>(self.sixes[0].val()) + bit_cast::<4, 3>(self.sixes[1].val());
        self.count.next = self.twelve.val() + bit_cast::<4, 2>(self.threes[4].val());
    }
}

/// The number of slots that a word fills: with what is in the first of them, two edges after it is known who stays.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct SlotCount {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Who takes a slot.
    pub stays: Signal<In, Bits<16>>,
    /// Slots, 0 to 16, three rising edges later.
    pub slots: Signal<Out, Bits<5>>,

    popcount: Popcount,
    count: Signal<Local, Bits<5>>,
    s1: DFF<Bits<5>>,
    s2: DFF<Bits<5>>,
    s3: DFF<Bits<5>>,
}

impl Logic for SlotCount {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, s1, s2, s3);
        self.popcount.word.next = self.stays.val().get_bits::<15>(0);
        self.count.next = bit_cast::<5, 4>(self.popcount.count.val())
            + bit_cast::<5, 1>(self.stays.val().get_bits::<1>(15));
        self.s1.d.next = self.count.val();
        self.s2.d.next = self.s1.q.val();
        self.s3.d.next = self.s2.q.val();
        self.slots.next = self.s3.q.val();
    }
}

/// Adds up the ones of two words of each cycle.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Total {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Back to 0.
    pub reset: Signal<In, Bit>,
    /// Each one counts.
    pub first: Signal<In, Bits<16>>,
    /// Each one counts.
    pub second: Signal<In, Bits<16>>,
    /// The sum of what has been counted until two edges ago.
    pub total: Signal<Out, Bits<64>>,

    first_count: Popcount,
    second_count: Popcount,
    sum: DFF<Bits<6>>,
    state: DFF<Bits<64>>,
}

impl Logic for Total {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum, state);
        self.first_count.word.next = self.first.val().get_bits::<15>(0);
        self.second_count.word.next = self.second.val().get_bits::<15>(0);
        self.sum.d.next = bit_cast::<6, 4>(self.first_count.count.val())
            + bit_cast::<6, 4>(self.second_count.count.val())
            + bit_cast::<6, 1>(self.first.val().get_bits::<1>(15))
            + bit_cast::<6, 1>(self.second.val().get_bits::<1>(15));
        self.state.d.next = self.state.q.val() + bit_cast::<64, 6>(self.sum.q.val());
        if self.reset.val() {
            self.sum.d.next = bits::<6>(0);
            self.state.d.next = bits::<64>(0);
        }
        self.total.next = self.state.q.val();
    }
}
