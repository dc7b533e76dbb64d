//! What batch norm's channels leave in card memory, word by word.

use super::Register;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Walks through the results of all channels when the last are there, as many of them in a cycle as there are lanes: what the first stream gets, then
/// what the second gets. A stream has, of each 16 channels, a beat of each of its words.
///
/// | | first stream | second stream |
/// |---|---|---|
/// | forwards | running mean, running variance | `k`, `inv`, mean, S1 in three words |
/// | backwards | gradient of gamma | gradient of beta |
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct NormDrain {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Ends the walk.
    pub reset: Signal<In, Bit>,
    /// It begins with the next cycle.
    pub start: Signal<In, Bit>,
    /// Backwards, held.
    pub backward: Signal<In, Bit>,
    /// 16 channels of the instruction, less one, held.
    pub last_unit: Signal<In, Bits<7>>,
    /// Groups of 16 channels: 16 over the lanes, less one. Constant.
    pub last_part: Signal<In, Bits<3>>,

    /// A result is given.
    pub valid: Signal<Out, Bit>,
    /// Which register of the channels' results it is: those of [`Register`], and of S1 [`NormDrain::SUM_LOW`] and what follows it.
    pub register: Signal<Out, Bits<3>>,
    /// Whose: channels before these, in lanes.
    pub group: Signal<Out, Bits<9>>,
    /// It goes to the second stream.
    pub second: Signal<Out, Bit>,
    /// The stream begins with the next cycle.
    pub opens: Signal<Out, Bit>,
    /// Which: the second.
    pub opens_second: Signal<Out, Bit>,

    active: DFF<Bit>,
    ring: DFF<Bit>,
    unit: DFF<Bits<7>>,
    word: DFF<Bits<3>>,
    part: DFF<Bits<3>>,
    first_of_unit: DFF<Bits<9>>,
    last_word: Signal<Local, Bits<3>>,
    unit_ends: Signal<Local, Bit>,
    ring_ends: Signal<Local, Bit>,
}

impl NormDrain {
    /// Where the lower half of S1 is kept: no result is gamma.
    pub const SUM_LOW: u8 = Register::Gamma as u8;
    /// Its upper half; forwards there is no gradient.
    pub const SUM_HIGH: u8 = Register::BetaGradient as u8;
    /// Its special bits; the same.
    pub const SUM_SPECIAL: u8 = Register::GammaGradient as u8;
}

impl Logic for NormDrain {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, active, ring, unit, word, part, first_of_unit);
        self.last_word.next = bits::<3>(0);
        if !self.backward.val() {
            self.last_word.next = bits::<3>(1);
            if self.ring.q.val() {
                self.last_word.next = bits::<3>(5);
            }
        }
        self.unit_ends.next = self.active.q.val()
            & (self.part.q.val() == self.last_part.val())
            & (self.word.q.val() == self.last_word.val());
        self.ring_ends.next = self.unit_ends.val() & (self.unit.q.val() == self.last_unit.val());
        if self.active.q.val() {
            self.part.d.next = self.part.q.val() + bits::<3>(1);
            if self.part.q.val() == self.last_part.val() {
                self.part.d.next = bits::<3>(0);
                self.word.d.next = self.word.q.val() + bits::<3>(1);
            }
            if self.unit_ends.val() {
                self.word.d.next = bits::<3>(0);
                self.unit.d.next = self.unit.q.val() + bits::<7>(1);
                self.first_of_unit.d.next = self.first_of_unit.q.val()
                    + bit_cast::<9, 3>(self.last_part.val())
                    + bits::<9>(1);
            }
            if self.ring_ends.val() {
                self.unit.d.next = bits::<7>(0);
                self.first_of_unit.d.next = bits::<9>(0);
                self.ring.d.next = true;
                if self.ring.q.val() {
                    self.active.d.next = false;
                }
            }
        }
        if self.start.val() {
            self.active.d.next = true;
            self.ring.d.next = false;
            self.unit.d.next = bits::<7>(0);
            self.word.d.next = bits::<3>(0);
            self.part.d.next = bits::<3>(0);
            self.first_of_unit.d.next = bits::<9>(0);
        }
        if self.reset.val() {
            self.active.d.next = false;
        }

        self.register.next = bits::<3>(7);
        if self.backward.val() {
            if self.ring.q.val() {
                self.register.next = bits::<3>(6);
            }
        } else {
            if self.ring.q.val() {
                if self.word.q.val() == bits::<3>(0) {
                    self.register.next = bits::<3>(5);
                }
                if self.word.q.val() == bits::<3>(1) {
                    self.register.next = bits::<3>(4);
                }
                if self.word.q.val() == bits::<3>(2) {
                    self.register.next = bits::<3>(3);
                }
                if self.word.q.val() == bits::<3>(3) {
                    self.register.next = bits::<3>(0);
                }
                if self.word.q.val() == bits::<3>(4) {
                    self.register.next = bits::<3>(6);
                }
            } else {
                self.register.next = self.word.q.val() + bits::<3>(1);
            }
        }
        self.valid.next = self.active.q.val();
        self.group.next = self.first_of_unit.q.val() + bit_cast::<9, 3>(self.part.q.val());
        self.second.next = self.ring.q.val();
        self.opens.next = self.start.val() | (self.ring_ends.val() & !self.ring.q.val());
        self.opens_second.next = !self.start.val();
    }
}

// The registers that the walk names by numbers, in the order of `satkit_spec`'s words.
const _: () = assert!(
    Register::RunningMean as u8 == 1
        && Register::RunningVariance as u8 == 2
        && Register::K as u8 == 5
        && Register::Inverse as u8 == 4
        && Register::Mean as u8 == 3
        && NormDrain::SUM_LOW == 0
        && NormDrain::SUM_HIGH == 6
        && NormDrain::SUM_SPECIAL == 7
);
const _: () = assert!(
    satkit_spec::NORM_K == 0
        && satkit_spec::NORM_INVERSE == 1
        && satkit_spec::NORM_MEAN == 2
        && satkit_spec::NORM_SUM_LOW == 3
        && satkit_spec::NORM_SUM_HIGH == 4
        && satkit_spec::NORM_SUM_SPECIAL == 5
);
