//! What a step writes into the banks.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Keeps a beat of positions for the values of four slots that come after it.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Positions {
    /// Clock of the register.
    pub clock: Signal<In, Clock>,
    /// This beat is one.
    pub keeps: Signal<In, Bit>,
    /// The beat.
    pub beat: Signal<In, Bits<512>>,
    /// The last one: for each of four slots 32 positions of 4 bits.
    pub kept: Signal<Out, Bits<512>>,

    held: DFF<Bits<512>>,
}

impl Logic for Positions {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        if self.keeps.val() {
            self.held.d.next = self.beat.val();
        }
        self.kept.next = self.held.q.val();
    }
}

/// The entry of one column: the value and the position of the step's group.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct WeightColumn {
    /// Clock of the register.
    pub clock: Signal<In, Clock>,
    /// The column's value in each group of the beat, 16 bits each.
    pub values: Signal<In, Bits<256>>,
    /// Its position in each group of each quarter, 4 bits each.
    pub positions: Signal<In, Bits<256>>,
    /// The group.
    pub value_at: Signal<In, Bits<4>>,
    /// The quarter and the group.
    pub position_at: Signal<In, Bits<6>>,
    /// There are positions; else they are 0.
    pub is_compact: Signal<In, Bit>,
    /// Value 16, position 4, one cycle later.
    pub entry: Signal<Out, Bits<20>>,

    held: DFF<Bits<20>>,
    value: Signal<Local, Bits<256>>,
    position: Signal<Local, Bits<256>>,
    unused_choices: Signal<Local, Bit>,
    value_shift: Signal<Local, Bits<8>>,
    position_shift: Signal<Local, Bits<8>>,
}

impl Logic for WeightColumn {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        self.value_shift.next = bit_cast::<8, 4>(self.value_at.val()) << bits::<3>(4);
        self.position_shift.next = bit_cast::<8, 6>(self.position_at.val()) << bits::<2>(2);
        self.value.next = self.values.val() >> self.value_shift.val();
        self.position.next = self.positions.val() >> self.position_shift.val();
        self.unused_choices.next = self.value.val().any() | self.position.val().any();
        self.held.d.next = bit_cast::<20, 16>(self.value.val().get_bits::<16>(0));
        if self.is_compact.val() {
            self.held.d.next = bit_cast::<20, 16>(self.value.val().get_bits::<16>(0))
                | (bit_cast::<20, 4>(self.position.val().get_bits::<4>(0)) << bits::<5>(16));
        }
        self.entry.next = self.held.q.val();
    }
}
