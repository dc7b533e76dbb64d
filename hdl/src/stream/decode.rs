//! What an instruction's streams mean for its blocks, found while it is decoded.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// The longest of six streams, the blocks that it makes, and how many beats the lanes take for one.
///
/// The six are compared one by one in steps 0 to 5. A full beat of the longest has a power of two elements, 512 at most: the
/// smallest that leaves none over, found in steps 7 to 15. Done in step 16.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Decode {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Step of the decoding.
    pub step: Signal<In, Bits<6>>,
    /// Beats of a stream.
    pub beats_0: Signal<In, Bits<32>>,
    /// The same of another.
    pub beats_1: Signal<In, Bits<32>>,
    /// The same of another.
    pub beats_2: Signal<In, Bits<32>>,
    /// The same of another.
    pub beats_3: Signal<In, Bits<32>>,
    /// The same of another.
    pub beats_4: Signal<In, Bits<32>>,
    /// The same of another.
    pub beats_5: Signal<In, Bits<32>>,
    /// Elements of the instruction.
    pub elements: Signal<In, Bits<40>>,
    /// Lane beats of a block whose beats have one element each, constant.
    pub least: Signal<In, Bits<15>>,
    /// Beats of the longest.
    pub longest: Signal<Out, Bits<32>>,
    /// Blocks, one at least.
    pub blocks: Signal<Out, Bits<27>>,
    /// Lane beats of every block but the last, less one.
    pub block_end: Signal<Out, Bits<15>>,

    most: DFF<Bits<32>>,
    here: Signal<Local, Bits<32>>,
    covered: DFF<Bits<42>>,
    lane_beats: DFF<Bits<15>>,
    doubles: Signal<Local, Bit>,
    pages: Signal<Local, Bits<33>>,
    unused_pages: Signal<Local, Bits<6>>,
}

impl Logic for Decode {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, most, covered, lane_beats);
        self.here.next = self.beats_0.val();
        if self.step.val() == bits::<6>(1) {
            self.here.next = self.beats_1.val();
        }
        if self.step.val() == bits::<6>(2) {
            self.here.next = self.beats_2.val();
        }
        if self.step.val() == bits::<6>(3) {
            self.here.next = self.beats_3.val();
        }
        if self.step.val() == bits::<6>(4) {
            self.here.next = self.beats_4.val();
        }
        if self.step.val() == bits::<6>(5) {
            self.here.next = self.beats_5.val();
        }
        if self.step.val() == bits::<6>(0) {
            self.most.d.next = self.here.val();
        } else {
            if (self.step.val() < bits::<6>(6)) & (self.here.val() > self.most.q.val()) {
                self.most.d.next = self.here.val();
            }
        }
        self.doubles.next = (self.step.val() >= bits::<6>(7))
            & (self.step.val() <= bits::<6>(15))
            & (self.covered.q.val() < bit_cast::<42, 40>(self.elements.val()));
        if self.step.val() == bits::<6>(6) {
            self.covered.d.next = bit_cast::<42, 32>(self.most.q.val());
            self.lane_beats.d.next = self.least.val();
        }
        if self.doubles.val() {
            self.covered.d.next = self.covered.q.val() << bits::<6>(1);
            self.lane_beats.d.next = self.lane_beats.q.val() << bits::<4>(1);
        }
        self.longest.next = self.most.q.val();
        self.pages.next = bit_cast::<33, 32>(self.most.q.val()) + bits::<33>(63);
        self.unused_pages.next = self.pages.val().get_bits::<6>(0);
        self.blocks.next = self.pages.val().get_bits::<27>(6);
        if !self.most.q.val().any() {
            self.blocks.next = bits::<27>(1);
        }
        self.block_end.next = self.lane_beats.q.val() - bits::<15>(1);
    }
}

/// The part of a stream that belongs to a block, with 64 beats of the longest: `64 * beats / longest`, whole beats and remainder.
///
/// One bit of the quotient per step, in steps 7 to 13. Done in step 14.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Share {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Step of the decoding.
    pub step: Signal<In, Bits<6>>,
    /// Beats of the stream, at most the longest's.
    pub beats: Signal<In, Bits<32>>,
    /// Beats of the longest, from step 6 on.
    pub longest: Signal<In, Bits<32>>,
    /// Whole beats, at most 64.
    pub quotient: Signal<Out, Bits<7>>,
    /// What is left, in parts of a beat of which `longest` are a whole.
    pub remainder: Signal<Out, Bits<32>>,

    // Twice the remainder so far: below twice the longest.
    rest: DFF<Bits<33>>,
    bits_so_far: DFF<Bits<7>>,
    less: Signal<Local, Bits<33>>,
    fits: Signal<Local, Bit>,
    divides: Signal<Local, Bit>,
    shifted: Signal<Local, Bits<7>>,
    unused_rest: Signal<Local, Bit>,
}

impl Logic for Share {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, rest, bits_so_far);
        self.divides.next = (self.step.val() >= bits::<6>(7)) & (self.step.val() <= bits::<6>(13));
        self.fits.next = self.rest.q.val() >= bit_cast::<33, 32>(self.longest.val());
        self.less.next = self.rest.q.val() - bit_cast::<33, 32>(self.longest.val());
        self.shifted.next = self.bits_so_far.q.val() << bits::<3>(1);
        if self.step.val() == bits::<6>(6) {
            self.rest.d.next = bit_cast::<33, 32>(self.beats.val());
            self.bits_so_far.d.next = bits::<7>(0);
        }
        if self.divides.val() {
            self.bits_so_far.d.next = self.shifted.val();
            self.rest.d.next = self.rest.q.val() << bits::<6>(1);
            if self.fits.val() {
                self.bits_so_far.d.next = self.shifted.val() | bits::<7>(1);
                self.rest.d.next = self.less.val() << bits::<6>(1);
            }
        }
        self.quotient.next = self.bits_so_far.q.val();
        self.remainder.next = self.rest.q.val().get_bits::<32>(1);
        self.unused_rest.next = self.rest.q.val().get_bit(0);
    }
}
