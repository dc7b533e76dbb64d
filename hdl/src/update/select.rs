//! The selection of N among M: who beats whom, who stays, and where the kept ones go.
//!
//! A word of up to 16 values holds one group of M values or several side by side. Every two values are compared once; a value
//! stays if fewer than N of its group beat it. What stays then moves down by the number of values dropped before it, modulo 4
//! first and by multiples of 4 after that: moves of one step never meet, because the distance grows with the position, and by
//! less than the position does.

use super::count::Popcount;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// FP32 weight of an update, or FP16 weight of a pruning on the fly, to the FP16 value that is pruned, its NaN canonical.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Source {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// The FP16 weight is taken.
    pub from_half: Signal<In, Bit>,
    /// FP32 weight.
    pub single: Signal<In, Bits<32>>,
    /// FP16 weight.
    pub half: Signal<In, Bits<16>>,
    /// FP16 value.
    pub value: Signal<Out, Bits<16>>,

    narrow: crate::float::NarrowSingle,
    s1: DFF<Bits<16>>,
    s2: DFF<Bits<16>>,
}

impl Source {
    /// Rising edges from a weight to its value.
    pub const LATENCY_CYCLES: usize = crate::float::NarrowSingle::LATENCY_CYCLES;
}

impl Logic for Source {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, s1, s2);
        self.narrow.clock.next = self.clock.val();
        self.narrow.single.next = self.single.val();
        self.s1.d.next = self.half.val();
        if self.half.val().get_bits::<5>(10).all() & self.half.val().get_bits::<10>(0).any() {
            self.s1.d.next = bits::<16>(0x7E00);
        }
        self.s2.d.next = self.s1.q.val();
        self.value.next = self.narrow.half.val();
        if self.from_half.val() {
            self.value.next = self.s2.q.val();
        }
    }
}

/// Which of two FP16 values goes first: the one of larger magnitude, or the earlier one.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Compare {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Low 15 bits of the value at the lower position.
    pub earlier: Signal<In, Bits<15>>,
    /// Low 15 bits of the other.
    pub later: Signal<In, Bits<15>>,
    /// The earlier one beats the later one.
    pub earlier_wins: Signal<Out, Bit>,
    /// The later one beats the earlier one.
    pub later_wins: Signal<Out, Bit>,

    wins: DFF<Bit>,
}

impl Logic for Compare {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, wins);
        self.wins.d.next = self.earlier.val() >= self.later.val();
        self.earlier_wins.next = self.wins.q.val();
        self.later_wins.next = !self.wins.q.val();
    }
}

/// Whether a value is one of its group's N largest.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Keep {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Who of its group beats it.
    pub beaten_by: Signal<In, Bits<15>>,
    /// N, 1 to 16.
    pub n: Signal<In, Bits<5>>,
    /// There is a value.
    pub valid: Signal<In, Bit>,
    /// It is kept.
    pub kept: Signal<Out, Bit>,

    rank: Popcount,
    wide: Signal<Local, Bits<5>>,
    result: DFF<Bit>,
}

impl Logic for Keep {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, result);
        self.rank.word.next = self.beaten_by.val();
        self.wide.next = bit_cast::<5, 4>(self.rank.count.val());
        self.result.d.next = self.valid.val() & (self.wide.val() < self.n.val());
        self.kept.next = self.result.q.val();
    }
}

/// A value on its way to its slot: 16 bits of value, 4 of position, one that says it is there, and 4 of distance.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Depart {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// FP16 value.
    pub value: Signal<In, Bits<16>>,
    /// Its position in the group.
    pub position: Signal<In, Bits<4>>,
    /// It is one of the N largest.
    pub kept: Signal<In, Bit>,
    /// It takes a slot: it is kept, or becomes +0.0 in its place.
    pub stays: Signal<In, Bit>,
    /// Who before it takes no slot.
    pub dropped_before: Signal<In, Bits<15>>,
    /// Value, position, presence and distance, from bit 0 up.
    pub traveller: Signal<Out, Bits<25>>,

    distance: Popcount,
    parts: Signal<Local, Bits<25>>,
    result: DFF<Bits<25>>,
}

impl Logic for Depart {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, result);
        self.distance.word.next = self.dropped_before.val();
        self.parts.next = bit_cast::<25, 4>(self.position.val()) << bits::<5>(16);
        if self.kept.val() {
            self.parts.next = (bit_cast::<25, 4>(self.position.val()) << bits::<5>(16))
                | bit_cast::<25, 16>(self.value.val());
        }
        self.result.d.next = self.parts.val()
            | (bit_cast::<25, 1>(self.stays.val().into()) << bits::<5>(20))
            | (bit_cast::<25, 4>(self.distance.count.val()) << bits::<5>(21));
        self.traveller.next = self.result.q.val();
    }
}

/// Takes what moves here from 0, 1, 2 or 3 places up.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct GatherNear {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// What is here.
    pub from_0: Signal<In, Bits<25>>,
    /// What is one place up.
    pub from_1: Signal<In, Bits<25>>,
    /// What is two places up.
    pub from_2: Signal<In, Bits<25>>,
    /// What is three places up.
    pub from_3: Signal<In, Bits<25>>,
    /// What is here now, with a distance in fours.
    pub traveller: Signal<Out, Bits<23>>,

    slot: Signal<Local, Bits<21>>,
    fours: Signal<Local, Bits<2>>,
    result: DFF<Bits<23>>,
}

impl Logic for GatherNear {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, result);
        self.slot.next = bits::<21>(0);
        self.fours.next = bits::<2>(0);
        if self.from_0.val().get_bits::<3>(20) == bits::<3>(1) {
            self.slot.next = self.from_0.val().get_bits::<21>(0);
            self.fours.next = self.from_0.val().get_bits::<2>(23);
        }
        if self.from_1.val().get_bits::<3>(20) == bits::<3>(3) {
            self.slot.next = self.from_1.val().get_bits::<21>(0);
            self.fours.next = self.from_1.val().get_bits::<2>(23);
        }
        if self.from_2.val().get_bits::<3>(20) == bits::<3>(5) {
            self.slot.next = self.from_2.val().get_bits::<21>(0);
            self.fours.next = self.from_2.val().get_bits::<2>(23);
        }
        if self.from_3.val().get_bits::<3>(20) == bits::<3>(7) {
            self.slot.next = self.from_3.val().get_bits::<21>(0);
            self.fours.next = self.from_3.val().get_bits::<2>(23);
        }
        self.result.d.next = bit_cast::<23, 21>(self.slot.val())
            | (bit_cast::<23, 2>(self.fours.val()) << bits::<5>(21));
        self.traveller.next = self.result.q.val();
    }
}

/// Takes what moves here from 0, 4, 8 or 12 places up: the slot.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct GatherFar {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// What is here.
    pub from_0: Signal<In, Bits<23>>,
    /// What is four places up.
    pub from_4: Signal<In, Bits<23>>,
    /// What is eight places up.
    pub from_8: Signal<In, Bits<23>>,
    /// What is twelve places up.
    pub from_12: Signal<In, Bits<23>>,
    /// FP16 value of the slot, 0 if nothing is in it.
    pub value: Signal<Out, Bits<16>>,
    /// Its position in its group.
    pub position: Signal<Out, Bits<4>>,

    result: DFF<Bits<20>>,
}

impl Logic for GatherFar {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, result);
        self.result.d.next = bits::<20>(0);
        if self.from_0.val().get_bits::<3>(20) == bits::<3>(1) {
            self.result.d.next = self.from_0.val().get_bits::<20>(0);
        }
        if self.from_4.val().get_bits::<3>(20) == bits::<3>(3) {
            self.result.d.next = self.from_4.val().get_bits::<20>(0);
        }
        if self.from_8.val().get_bits::<3>(20) == bits::<3>(5) {
            self.result.d.next = self.from_8.val().get_bits::<20>(0);
        }
        if self.from_12.val().get_bits::<3>(20) == bits::<3>(7) {
            self.result.d.next = self.from_12.val().get_bits::<20>(0);
        }
        self.value.next = self.result.q.val().get_bits::<16>(0);
        self.position.next = self.result.q.val().get_bits::<4>(16);
    }
}
