//! Sums without rounding, of several channels in turn.

use super::ExactTerm;
use crate::array::SmallRam;
use crate::delay::Delay;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// A running sum per channel: `W` bits in two's complement and two sticky bits, as [`ExactTerm`] has them. `M` bits of
/// magnitude come in; `E` is `W + 1`, for the carry into the lowest bit.
///
/// The sum of a channel is read with the edge at which the term arrives, and changed and written with the next one. So a term
/// that follows another of its channel at once does not find that in the memory: it takes what is being written.
#[derive(Default, LogicBlock)]
pub struct Accumulator<const A: usize, const M: usize, const W: usize, const E: usize> {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Channel of the term that will be here with the next edge.
    pub next_channel: Signal<In, Bits<A>>,
    /// Channel of the term.
    pub channel: Signal<In, Bits<A>>,
    /// There is a term; else the sum is only read.
    pub valid: Signal<In, Bit>,
    /// The term is the first of its sum.
    pub first: Signal<In, Bit>,
    /// The term's magnitude.
    pub magnitude: Signal<In, Bits<M>>,
    /// The term's sign.
    pub negative: Signal<In, Bit>,
    /// The term is infinite or NaN.
    pub special: Signal<In, Bits<2>>,
    /// The channel's sum with this term, with the next edge.
    pub sum: Signal<Out, Bits<W>>,
    /// What infinities and NaNs have made of it.
    pub sum_special: Signal<Out, Bits<2>>,

    memory: SmallRam<A, W>,
    special_memory: SmallRam<A, 2>,
    old: DFF<Bits<W>>,
    old_special: DFF<Bits<2>>,
    kept: Signal<Local, Bits<W>>,
    kept_special: Signal<Local, Bits<2>>,
    extended: Signal<Local, Bits<W>>,
    term: Signal<Local, Bits<W>>,
    carry: Signal<Local, Bit>,
    left: Signal<Local, Bits<E>>,
    right: Signal<Local, Bits<E>>,
    sum_over_unused: Signal<Local, Bits<E>>,
    changed: Signal<Local, Bits<W>>,
    changed_special: Signal<Local, Bits<2>>,
    result: DFF<Bits<W>>,
    result_special: DFF<Bits<2>>,
}

impl<const A: usize, const M: usize, const W: usize, const E: usize> Logic
    for Accumulator<A, M, W, E>
{
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, old, old_special, result, result_special);
        self.memory.clock.next = self.clock.val();
        self.special_memory.clock.next = self.clock.val();

        self.kept.next = self.old.q.val();
        self.kept_special.next = self.old_special.q.val();
        if self.valid.val() & self.first.val() {
            self.kept.next = bits::<W>(0);
            self.kept_special.next = bits::<2>(0);
        }
        self.extended.next = bit_cast::<W, M>(self.magnitude.val());
        self.term.next = bits::<W>(0);
        self.carry.next = false;
        self.changed_special.next = self.kept_special.val();
        if self.valid.val() {
            self.term.next = self.extended.val();
            self.carry.next = self.negative.val();
            self.changed_special.next = self.kept_special.val() | self.special.val();
            if self.negative.val() {
                self.term.next = !self.extended.val();
            }
        }
        self.left.next = (bit_cast::<E, W>(self.kept.val()) << bits::<2>(1))
            | bit_cast::<E, 1>(self.carry.val().into());
        self.right.next = (bit_cast::<E, W>(self.term.val()) << bits::<2>(1))
            | bit_cast::<E, 1>(self.carry.val().into());
        self.sum_over_unused.next = self.left.val() + self.right.val();
        self.changed.next = self.sum_over_unused.val().get_bits::<W>(1);
        self.result.d.next = self.changed.val();
        self.result_special.d.next = self.changed_special.val();

        self.memory.write.next = self.valid.val();
        self.memory.write_index.next = self.channel.val();
        self.memory.write_data.next = self.changed.val();
        self.special_memory.write.next = self.valid.val();
        self.special_memory.write_index.next = self.channel.val();
        self.special_memory.write_data.next = self.changed_special.val();

        self.memory.read_index.next = self.next_channel.val();
        self.special_memory.read_index.next = self.next_channel.val();
        self.old.d.next = self.memory.read_data.val();
        self.old_special.d.next = self.special_memory.read_data.val();
        if self.next_channel.val() == self.channel.val() {
            self.old.d.next = self.changed.val();
            self.old_special.d.next = self.changed_special.val();
        }
        self.sum.next = self.result.q.val();
        self.sum_special.next = self.result_special.q.val();
    }
}

/// Exact sums of `2^A` channels: of FP16 values and of their products, one pair per cycle in any order of channels.
///
/// With batch norm's forward pass both factors are the value; with its backward pass they are the gradient and the value. At most 2^22
/// terms go into a sum: then values stay within 63 bits, products within 103.
///
/// A channel is read by naming it without `valid`.
#[derive(Default, LogicBlock)]
pub struct ExactSum<const A: usize> {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// There is a pair; else the channel is only read.
    pub valid: Signal<In, Bit>,
    /// The pair is the first of its channel's sums.
    pub first: Signal<In, Bit>,
    /// Channel.
    pub channel: Signal<In, Bits<A>>,
    /// FP16 value.
    pub a: Signal<In, Bits<16>>,
    /// FP16 factor of its product.
    pub b: Signal<In, Bits<16>>,
    /// The channel's sum of values with this one, in units of 2^-24.
    pub sum: Signal<Out, Bits<64>>,
    /// Bit 0: it is +Inf; bit 1: -Inf; both: NaN. The sum means nothing then.
    pub sum_special: Signal<Out, Bits<2>>,
    /// The channel's sum of products with this one, in units of 2^-48.
    pub products: Signal<Out, Bits<104>>,
    /// The same of the products.
    pub products_special: Signal<Out, Bits<2>>,

    term: ExactTerm,
    channel_early: Delay<A, 3>,
    channel_now: DFF<Bits<A>>,
    valid_now: Delay<1, 4>,
    first_now: Delay<1, 4>,
    values: Accumulator<A, 40, 64, 65>,
    pairs: Accumulator<A, 80, 104, 105>,
}

impl<const A: usize> ExactSum<A> {
    /// Rising edges from a pair to the sums that it is in.
    pub const LATENCY_CYCLES: usize = ExactTerm::LATENCY_CYCLES + 1;
}

impl<const A: usize> Logic for ExactSum<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, channel_now);
        self.term.clock.next = self.clock.val();
        self.channel_early.clock.next = self.clock.val();
        self.valid_now.clock.next = self.clock.val();
        self.first_now.clock.next = self.clock.val();
        self.values.clock.next = self.clock.val();
        self.pairs.clock.next = self.clock.val();

        self.term.a.next = self.a.val();
        self.term.b.next = self.b.val();
        self.channel_early.d.next = self.channel.val();
        self.channel_now.d.next = self.channel_early.q.val();
        self.valid_now.d.next = bit_cast::<1, 1>(self.valid.val().into());
        self.first_now.d.next = bit_cast::<1, 1>(self.first.val().into());

        self.values.next_channel.next = self.channel_early.q.val();
        self.values.channel.next = self.channel_now.q.val();
        self.values.valid.next = self.valid_now.q.val().any();
        self.values.first.next = self.first_now.q.val().any();
        self.values.magnitude.next = self.term.value.val();
        self.values.negative.next = self.term.value_negative.val();
        self.values.special.next = self.term.value_special.val();
        self.pairs.next_channel.next = self.channel_early.q.val();
        self.pairs.channel.next = self.channel_now.q.val();
        self.pairs.valid.next = self.valid_now.q.val().any();
        self.pairs.first.next = self.first_now.q.val().any();
        self.pairs.magnitude.next = self.term.product.val();
        self.pairs.negative.next = self.term.product_negative.val();
        self.pairs.special.next = self.term.product_special.val();

        self.sum.next = self.values.sum.val();
        self.sum_special.next = self.values.sum_special.val();
        self.products.next = self.pairs.sum.val();
        self.products_special.next = self.pairs.sum_special.val();
    }
}
