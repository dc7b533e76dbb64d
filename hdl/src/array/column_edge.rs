//! The north and the south edge of a column: weights, partial sums, results.

use crate::delay::Delay;
use crate::float::NormalizeHalf;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Takes the control token of its column, reads the weight that the column's bank holds for it, and hands it to the first
/// element; in weight-stationary passes it also reads the partial sum that the first element adds to.
///
/// | bus | bits, lowest first |
/// |---|---|
/// | token | entry 16, half 1, live 1, every row 1, row 6, from zero 1, psum 16 |
#[derive(LogicBlock, Default)]
pub struct ColumnHead {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Token, out of a register.
    pub token: Signal<In, Bits<42>>,
    /// Entry of the bank: half, then the entry.
    pub bank_entry: Signal<Out, Bits<17>>,
    /// What the bank gave, two edges later: FP16 value 16, position 4.
    pub bank_data: Signal<In, Bits<20>>,
    /// Word of the psum buffer that is read.
    pub psum_read: Signal<Out, Bits<16>>,
    /// What it gave, one edge later.
    pub psum_data: Signal<In, Bits<32>>,

    /// Token for the next column, one edge later.
    pub token_east: Signal<Out, Bits<42>>,
    /// Weight for the first element, normalised FP16.
    pub weight: Signal<Out, Bits<17>>,
    /// Its tag.
    pub tag: Signal<Out, Bits<11>>,
    /// FP32 partial sum for the first element.
    pub sum: Signal<Out, Bits<32>>,

    next: DFF<Bits<42>>,
    entry: DFF<Bits<17>>,
    lane: NormalizeHalf,
    position: DFF<Bits<3>>,
    unused_position: Signal<Local, Bit>,
    held: Delay<8, 4>,
    psum: Delay<16, 7>,
    from_zero: Delay<1, 8>,
}

impl Logic for ColumnHead {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, next, entry, position);
        self.lane.clock.next = self.clock.val();
        self.held.clock.next = self.clock.val();
        self.psum.clock.next = self.clock.val();
        self.from_zero.clock.next = self.clock.val();

        self.next.d.next = self.token.val();
        self.token_east.next = self.next.q.val();
        self.entry.d.next = self.token.val().get_bits::<17>(0);
        self.bank_entry.next = self.entry.q.val();
        self.lane.half.next = self.bank_data.val().get_bits::<16>(0);
        self.weight.next = self.lane.normal.val();
        self.position.d.next = self.bank_data.val().get_bits::<3>(16);
        // An element has 8 lanes.
        self.unused_position.next = self.bank_data.val().get_bit(19);
        // Row, live, every row: in the order of the tag.
        self.held.d.next = bit_cast::<8, 6>(self.token.val().get_bits::<6>(19))
            | (bit_cast::<8, 2>(self.token.val().get_bits::<2>(17)) << bits::<4>(6));
        self.tag.next = bit_cast::<11, 3>(self.position.q.val())
            | (bit_cast::<11, 8>(self.held.q.val()) << bits::<4>(3));

        self.psum.d.next = self.token.val().get_bits::<16>(26);
        self.psum_read.next = self.psum.q.val();
        self.from_zero.d.next = self.token.val().get_bits::<1>(25);
        self.sum.next = self.psum_data.val();
        if self.from_zero.q.val().any() {
            self.sum.next = bits::<32>(0);
        }
    }
}

/// Takes what leaves the last element of its column: a weight-stationary sum goes back to the psum buffer or out, a drained
/// word goes out.
///
/// | bus | bits, lowest first |
/// |---|---|
/// | token | psum 16, live 1, drains 1 |
#[derive(LogicBlock, Default)]
pub struct ColumnFoot {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Token that belongs to `sum`, out of a register.
    pub token: Signal<In, Bits<18>>,
    /// FP32 sum of the last element.
    pub sum: Signal<In, Bits<32>>,
    /// FP32 drained word of the last element.
    pub drained: Signal<In, Bits<32>>,
    /// Token for the next column, one edge later.
    pub token_east: Signal<Out, Bits<18>>,
    /// The psum buffer is written.
    pub psum_write: Signal<Out, Bit>,
    /// Word of the psum buffer that is written.
    pub psum_word: Signal<Out, Bits<16>>,
    /// FP32 value that goes out, one edge later.
    pub out: Signal<Out, Bits<32>>,

    next: DFF<Bits<18>>,
    result: DFF<Bits<32>>,
}

impl Logic for ColumnFoot {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, next, result);
        self.next.d.next = self.token.val();
        self.token_east.next = self.next.q.val();
        self.psum_write.next = self.token.val().get_bit(16) & !self.token.val().get_bit(17);
        self.psum_word.next = self.token.val().get_bits::<16>(0);
        // Sums that stay pass while words of the tile before still drain.
        self.result.d.next = self.drained.val();
        if self.token.val().get_bit(16) & self.token.val().get_bit(17) {
            self.result.d.next = self.sum.val();
        }
        self.out.next = self.result.q.val();
    }
}
