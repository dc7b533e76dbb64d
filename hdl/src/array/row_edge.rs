//! The west edge of a row: where its words come from.

use crate::delay::Delay;
use crate::float::NormalizeHalf;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Takes the control token of its row, reads the word that the row's bank holds for it, and hands both to the first element.
///
/// The address is the token's plus an offset out of a table of 128 entries (half of the bank 1, segment of the walk 2,
/// output of the row 4), which is of the row's own. The next row gets the token one edge later, or as many as the adder has stages if
/// it is weight-stationary.
///
/// From the token's register to the first element's input: address, bank, bank's output register, normalised.
///
/// | bus | bits, lowest first |
/// |---|---|
/// | token | index 4, live 1, first 1, last 1, streams 1, output of the row 4, segment 2, half 1, element 20, psum 16 |
/// | drain | outputs of a USPE less one 4, start 1 |
#[derive(LogicBlock, Default)]
pub struct RowEdge {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Token, out of a register.
    pub token: Signal<In, Bits<51>>,
    /// Start of the drain, out of a register.
    pub drain: Signal<In, Bits<5>>,
    /// Drained words of the row to the north are at the edge.
    pub north_valid: Signal<In, Bit>,
    /// Entry of the table that is read, at once.
    pub table_entry: Signal<Out, Bits<7>>,
    /// Offset of that entry.
    pub table_offset: Signal<In, Bits<20>>,
    /// Word of the bank: half, then the word.
    pub bank_word: Signal<Out, Bits<18>>,
    /// What the bank gave, two edges later: 8 lanes of FP16.
    pub bank_data: Signal<In, Bits<128>>,

    /// Token for the next row.
    pub token_south: Signal<Out, Bits<51>>,
    /// Start of the drain for the next row.
    pub drain_south: Signal<Out, Bits<5>>,
    /// Word for the first element.
    pub word: Signal<Out, Bits<136>>,
    /// Token for the first element.
    pub token_east: Signal<Out, Bits<11>>,
    /// Drain token for the first element.
    pub drain_east: Signal<Out, Bits<5>>,
    /// The word that the first element drained is one.
    pub valid: Signal<Out, Bit>,

    next_1: DFF<Bits<51>>,
    next_5: Delay<51, 4>,
    address: DFF<Bits<20>>,
    address_half: DFF<Bit>,
    sum: Signal<Local, Bits<20>>,
    held: Delay<11, 3>,
    last: Signal<Local, Bit>,
    own: Signal<Local, Bits<11>>,
    lanes: [NormalizeHalf; 8],
    delivered: DFF<Bits<11>>,

    draining: DFF<Bit>,
    drain_count: DFF<Bits<4>>,
    drain_most: DFF<Bits<4>>,
    drain_next: DFF<Bit>,
    count_up: Signal<Local, Bits<4>>,
    valid_1: DFF<Bit>,
    valid_2: DFF<Bit>,
}

impl Logic for RowEdge {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, next_1, address, address_half, delivered);
        dff_setup!(self, clock, draining, drain_count, drain_most, drain_next, valid_1, valid_2);
        self.next_5.clock.next = self.clock.val();
        self.held.clock.next = self.clock.val();

        // Weight-stationary rows are an adder apart.
        self.next_1.d.next = self.token.val();
        self.next_5.d.next = self.next_1.q.val();
        self.token_south.next = bits::<51>(0);
        if self.next_1.q.val().get_bit(4) & !self.next_1.q.val().get_bit(7) {
            self.token_south.next = self.next_1.q.val();
        }
        if self.next_5.q.val().get_bit(4) & self.next_5.q.val().get_bit(7) {
            self.token_south.next = self.next_5.q.val();
        }

        self.table_entry.next = self.token.val().get_bits::<7>(8);
        self.sum.next = self.token.val().get_bits::<20>(15) + self.table_offset.val();
        self.address.d.next = self.sum.val();
        self.address_half.d.next = self.token.val().get_bit(14);
        self.bank_word.next = (bit_cast::<18, 1>(self.address_half.q.val().into())
            << bits::<5>(17))
            | bit_cast::<18, 17>(self.address.q.val().get_bits::<17>(3));

        // Partial sums leave through the adders, not through the drain buffer.
        self.last.next = self.token.val().get_bit(6) & !self.token.val().get_bit(7);
        self.own.next = bit_cast::<11, 6>(self.token.val().get_bits::<6>(0))
            | (bit_cast::<11, 1>(self.last.val().into()) << bits::<4>(6))
            | (bit_cast::<11, 1>(self.token.val().get_bit(7).into()) << bits::<4>(7))
            | (bit_cast::<11, 3>(self.sum.val().get_bits::<3>(0)) << bits::<4>(8));
        self.held.d.next = self.own.val();
        self.delivered.d.next = self.held.q.val();
        self.token_east.next = self.delivered.q.val();
        for i in 0..8 {
            self.lanes[i].clock.next = self.clock.val();
        }
        self.lanes[0].half.next = self.bank_data.val().get_bits::<16>(0);
        self.lanes[1].half.next = self.bank_data.val().get_bits::<16>(16);
        self.lanes[2].half.next = self.bank_data.val().get_bits::<16>(32);
        self.lanes[3].half.next = self.bank_data.val().get_bits::<16>(48);
        self.lanes[4].half.next = self.bank_data.val().get_bits::<16>(64);
        self.lanes[5].half.next = self.bank_data.val().get_bits::<16>(80);
        self.lanes[6].half.next = self.bank_data.val().get_bits::<16>(96);
        self.lanes[7].half.next = self.bank_data.val().get_bits::<16>(112);
        self.word.next = bit_cast::<136, 17>(self.lanes[0].normal.val())
            | (bit_cast::<136, 17>(self.lanes[1].normal.val()) << bits::<8>(17))
            | (bit_cast::<136, 17>(self.lanes[2].normal.val()) << bits::<8>(34))
            | (bit_cast::<136, 17>(self.lanes[3].normal.val()) << bits::<8>(51))
            | (bit_cast::<136, 17>(self.lanes[4].normal.val()) << bits::<8>(68))
            | (bit_cast::<136, 17>(self.lanes[5].normal.val()) << bits::<8>(85))
            | (bit_cast::<136, 17>(self.lanes[6].normal.val()) << bits::<8>(102))
            | (bit_cast::<136, 17>(self.lanes[7].normal.val()) << bits::<8>(119));

        // A row's outputs leave one after another; the next row follows when the last is one element further.
        self.count_up.next = self.drain_count.q.val() + bits::<4>(1);
        self.drain_next.d.next = false;
        if self.draining.q.val() {
            self.drain_count.d.next = self.count_up.val();
            if self.drain_count.q.val() == self.drain_most.q.val() {
                self.draining.d.next = false;
                self.drain_next.d.next = true;
            }
        }
        if self.drain.val().get_bit(4) {
            self.draining.d.next = true;
            self.drain_count.d.next = bits::<4>(0);
            self.drain_most.d.next = self.drain.val().get_bits::<4>(0);
        }
        self.drain_east.next = bit_cast::<5, 4>(self.drain_count.q.val())
            | (bit_cast::<5, 1>(self.draining.q.val().into()) << bits::<3>(4));
        self.drain_south.next = bit_cast::<5, 4>(self.drain_most.q.val())
            | (bit_cast::<5, 1>(self.drain_next.q.val().into()) << bits::<3>(4));
        self.valid_1.d.next = self.draining.q.val();
        self.valid_2.d.next = self.valid_1.q.val() | self.north_valid.val();
        self.valid.next = self.valid_2.q.val();
    }
}
