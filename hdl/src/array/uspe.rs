//! The processing element.

use super::SmallRam;
use crate::float::{AccumulateSingle, MultiplyHalf};
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// USPE: one multiplier, one adder, a word register of 8 lanes, the accumulator ring and the drain buffer.
///
/// A token comes from the west with a word of activations, a weight from the north; both go on one element further with the
/// next edge. The token's lane or'ed with the weight's position selects the activation: a dense stream sends lanes and positions
/// 0, an N:M stream the group's first lane.
///
/// Output-stationary: the weight register takes every weight, and the ring accumulates at the token's index. The last round also
/// writes the drain buffer, whose words leave to the south when a drain token comes. Weight-stationary: the
/// weight register takes the weight that is tagged with the element's row, and the adder takes the partial sum from the north.
///
/// | bus | bits, lowest first |
/// |---|---|
/// | token | index in the ring 4, live 1, first (from +0.0) 1, last (to the drain buffer) 1, streams (sum from the north) 1, lane 3 |
/// | tag of a weight | position 3, row that takes it 6, live (else products are +0.0) 1, every row takes it 1 |
/// | drain token | index in the drain buffer 4, load 1 |
#[derive(LogicBlock, Default)]
pub struct Uspe {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Row of the element, constant.
    pub row: Signal<In, Bits<6>>,
    /// From the west: 8 lanes of normalised FP16, lane 0 lowest.
    pub word: Signal<In, Bits<136>>,
    /// From the west.
    pub token: Signal<In, Bits<11>>,
    /// From the west.
    pub drain: Signal<In, Bits<5>>,
    /// From the north: normalised FP16.
    pub weight: Signal<In, Bits<17>>,
    /// From the north: the weight's tag.
    pub tag: Signal<In, Bits<11>>,
    /// From the north: FP32 partial sum.
    pub north_sum: Signal<In, Bits<32>>,
    /// From the north: FP32 drained word.
    pub north_drained: Signal<In, Bits<32>>,

    /// To the east, one edge later.
    pub word_east: Signal<Out, Bits<136>>,
    /// To the east, one edge later.
    pub token_east: Signal<Out, Bits<11>>,
    /// To the east, one edge later.
    pub drain_east: Signal<Out, Bits<5>>,
    /// To the south, one edge later.
    pub weight_south: Signal<Out, Bits<17>>,
    /// To the south, one edge later.
    pub tag_south: Signal<Out, Bits<11>>,
    /// To the south: the sum that leaves the adder.
    pub sum: Signal<Out, Bits<32>>,
    /// To the south.
    pub drained: Signal<Out, Bits<32>>,
    /// A token meets a weight, both live.
    pub multiplies: Signal<Out, Bit>,

    word_register: DFF<Bits<136>>,
    token_register: DFF<Bits<11>>,
    drain_register: DFF<Bits<5>>,
    passing_weight: DFF<Bits<17>>,
    passing_tag: DFF<Bits<11>>,
    held_weight: DFF<Bits<17>>,
    held_position: DFF<Bits<3>>,
    held_live: DFF<Bit>,
    takes: Signal<Local, Bit>,

    lane: Signal<Local, Bits<3>>,
    pair_0: Signal<Local, Bits<17>>,
    pair_1: Signal<Local, Bits<17>>,
    pair_2: Signal<Local, Bits<17>>,
    pair_3: Signal<Local, Bits<17>>,
    half_0: Signal<Local, Bits<17>>,
    half_1: Signal<Local, Bits<17>>,
    activation: Signal<Local, Bits<17>>,
    multiplier: MultiplyHalf,

    multiplied_1: DFF<Bits<8>>,
    multiplied_2: DFF<Bits<8>>,
    multiplied_3: DFF<Bits<8>>,
    ring: SmallRam<4, 32>,
    accumulator: Signal<Local, Bits<32>>,
    adder: AccumulateSingle,
    added_1: DFF<Bits<7>>,
    added_2: DFF<Bits<7>>,
    added_3: DFF<Bits<7>>,
    added_4: DFF<Bits<7>>,
    drain_buffer: SmallRam<4, 32>,
    drained_register: DFF<Bits<32>>,
}

impl Logic for Uspe {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, word_register, token_register, drain_register);
        dff_setup!(self, clock, passing_weight, passing_tag, held_weight, held_position, held_live);
        dff_setup!(self, clock, multiplied_1, multiplied_2, multiplied_3);
        dff_setup!(self, clock, added_1, added_2, added_3, added_4, drained_register);
        self.multiplier.clock.next = self.clock.val();
        self.adder.clock.next = self.clock.val();
        self.ring.clock.next = self.clock.val();
        self.drain_buffer.clock.next = self.clock.val();

        self.word_register.d.next = self.word.val();
        self.token_register.d.next = self.token.val();
        self.drain_register.d.next = self.drain.val();
        self.word_east.next = self.word_register.q.val();
        self.token_east.next = self.token_register.q.val();
        self.drain_east.next = self.drain_register.q.val();
        self.passing_weight.d.next = self.weight.val();
        self.passing_tag.d.next = self.tag.val();
        self.weight_south.next = self.passing_weight.q.val();
        self.tag_south.next = self.passing_tag.q.val();
        self.takes.next =
            self.tag.val().get_bit(10) | (self.tag.val().get_bits::<6>(3) == self.row.val());
        if self.takes.val() {
            self.held_weight.d.next = self.weight.val();
            self.held_position.d.next = self.tag.val().get_bits::<3>(0);
            self.held_live.d.next = self.tag.val().get_bit(9);
        }

        self.lane.next = self.token_register.q.val().get_bits::<3>(8) | self.held_position.q.val();
        self.pair_0.next = self.word_register.q.val().get_bits::<17>(0);
        self.pair_1.next = self.word_register.q.val().get_bits::<17>(34);
        self.pair_2.next = self.word_register.q.val().get_bits::<17>(68);
        self.pair_3.next = self.word_register.q.val().get_bits::<17>(102);
        if self.lane.val().get_bit(0) {
            self.pair_0.next = self.word_register.q.val().get_bits::<17>(17);
            self.pair_1.next = self.word_register.q.val().get_bits::<17>(51);
            self.pair_2.next = self.word_register.q.val().get_bits::<17>(85);
            self.pair_3.next = self.word_register.q.val().get_bits::<17>(119);
        }
        self.half_0.next = self.pair_0.val();
        self.half_1.next = self.pair_2.val();
        if self.lane.val().get_bit(1) {
            self.half_0.next = self.pair_1.val();
            self.half_1.next = self.pair_3.val();
        }
        self.activation.next = self.half_0.val();
        if self.lane.val().get_bit(2) {
            self.activation.next = self.half_1.val();
        }
        self.multiplier.a.next = self.activation.val();
        self.multiplier.b.next = self.held_weight.q.val();
        self.multiplier.idle.next = !self.held_live.q.val();
        self.multiplies.next = self.token_register.q.val().get_bit(4) & self.held_live.q.val();

        // The token follows its product, then its sum.
        self.multiplied_1.d.next = self.token_register.q.val().get_bits::<8>(0);
        self.multiplied_2.d.next = self.multiplied_1.q.val();
        self.multiplied_3.d.next = self.multiplied_2.q.val();
        self.added_1.d.next = self.multiplied_3.q.val().get_bits::<7>(0);
        self.added_2.d.next = self.added_1.q.val();
        self.added_3.d.next = self.added_2.q.val();
        self.added_4.d.next = self.added_3.q.val();

        self.ring.read_index.next = self.multiplied_3.q.val().get_bits::<4>(0);
        self.accumulator.next = self.ring.read_data.val();
        if self.multiplied_3.q.val().get_bit(5) {
            self.accumulator.next = bits::<32>(0);
        }
        if self.multiplied_3.q.val().get_bit(7) {
            self.accumulator.next = self.north_sum.val();
        }
        self.adder.accumulator.next = self.accumulator.val();
        self.adder.product.next = self.multiplier.product.val();
        self.sum.next = self.adder.sum.val();
        // Written with the adder's last edge, so that a ring as long as the adder finds its sum.
        self.ring.write.next = self.added_4.q.val().get_bit(4);
        self.ring.write_index.next = self.added_4.q.val().get_bits::<4>(0);
        self.ring.write_data.next = self.adder.early.val();
        self.drain_buffer.write.next =
            self.added_4.q.val().get_bit(4) & self.added_4.q.val().get_bit(6);
        self.drain_buffer.write_index.next = self.added_4.q.val().get_bits::<4>(0);
        self.drain_buffer.write_data.next = self.adder.early.val();

        self.drain_buffer.read_index.next = self.drain_register.q.val().get_bits::<4>(0);
        self.drained_register.d.next = self.north_drained.val();
        if self.drain_register.q.val().get_bit(4) {
            self.drained_register.d.next = self.drain_buffer.read_data.val();
        }
        self.drained.next = self.drained_register.q.val();
    }
}
