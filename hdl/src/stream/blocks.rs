//! An instruction's blocks, one after another: which beats of each stream belong to each.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// A stream's part of one block after another: `floor((b + 1) * 64 * beats / longest) - floor(b * 64 * beats / longest)`, by the sum
/// of the remainders. What is left belongs to the last.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Portion {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// An instruction's blocks begin.
    pub load: Signal<In, Bit>,
    /// Its beats of the stream.
    pub beats: Signal<In, Bits<32>>,
    /// Whole beats of a block.
    pub quotient: Signal<In, Bits<7>>,
    /// And what is left, in parts of a beat.
    pub remainder: Signal<In, Bits<32>>,
    /// All beats belong to the last block.
    pub at_end: Signal<In, Bit>,
    /// There is a beat at most, and it belongs to the first block.
    pub at_start: Signal<In, Bit>,
    /// Parts of a beat: beats of the longest stream, while there are blocks.
    pub longest: Signal<In, Bits<32>>,
    /// The block is the last.
    pub last: Signal<In, Bit>,
    /// On to the next block.
    pub step: Signal<In, Bit>,
    /// Beats of the block: at most 64, but 256 if all are there at once.
    pub portion: Signal<Out, Bits<9>>,

    left: DFF<Bits<32>>,
    first: DFF<Bit>,
    whole: DFF<Bits<7>>,
    part: DFF<Bits<32>>,
    sum: DFF<Bits<32>>,
    added: Signal<Local, Bits<33>>,
    over: Signal<Local, Bits<33>>,
    carries: Signal<Local, Bit>,
    here: Signal<Local, Bits<9>>,
    unused_over: Signal<Local, Bit>,
}

impl Logic for Portion {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, left, first, whole, part, sum);
        self.added.next =
            bit_cast::<33, 32>(self.sum.q.val()) + bit_cast::<33, 32>(self.part.q.val());
        self.over.next = self.added.val() - bit_cast::<33, 32>(self.longest.val());
        self.unused_over.next = self.over.val().get_bit(32);
        self.carries.next = self.added.val() >= bit_cast::<33, 32>(self.longest.val());
        self.here.next = bit_cast::<9, 7>(self.whole.q.val());
        if self.carries.val() {
            self.here.next = bit_cast::<9, 7>(self.whole.q.val()) + bits::<9>(1);
        }
        if self.last.val() | self.first.q.val() {
            self.here.next = self.left.q.val().get_bits::<9>(0);
        }
        self.portion.next = self.here.val();
        if self.step.val() {
            self.first.d.next = false;
            self.left.d.next = self.left.q.val() - bit_cast::<32, 9>(self.here.val());
            self.sum.d.next = self.added.val().get_bits::<32>(0);
            if self.carries.val() {
                self.sum.d.next = self.over.val().get_bits::<32>(0);
            }
        }
        if self.load.val() {
            self.left.d.next = self.beats.val();
            self.whole.d.next = self.quotient.val();
            self.part.d.next = self.remainder.val();
            self.first.d.next = self.at_start.val();
            if self.at_start.val() & self.beats.val().any() {
                self.left.d.next = bits::<32>(1);
            }
            if self.at_end.val() | self.at_start.val() {
                self.whole.d.next = bits::<7>(0);
                self.part.d.next = bits::<32>(0);
            }
            self.sum.d.next = bits::<32>(0);
        }
    }
}

/// A stream of one beat, if any, which is read with an instruction's first block.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct First {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// An instruction's blocks begin.
    pub load: Signal<In, Bit>,
    /// Its beats of the stream: none, or it has one.
    pub beats: Signal<In, Bits<32>>,
    /// On to the next block.
    pub step: Signal<In, Bit>,
    /// Beats of the block.
    pub portion: Signal<Out, Bits<9>>,

    left: DFF<Bit>,
}

impl Logic for First {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, left);
        if self.step.val() {
            self.left.d.next = false;
        }
        if self.load.val() {
            self.left.d.next = self.beats.val().any();
        }
        self.portion.next = bit_cast::<9, 1>(self.left.q.val().into());
    }
}

/// A stream of two halves, one behind the other, of which the first is the larger; or of one.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Halves {
    /// It has two.
    pub splits: Signal<In, Bit>,
    /// Its first beat.
    pub address: Signal<In, Bits<30>>,
    /// Its beats.
    pub beats: Signal<In, Bits<32>>,
    /// Those of the first half.
    pub first_beats: Signal<Out, Bits<32>>,
    /// Those of the second.
    pub second_beats: Signal<Out, Bits<32>>,
    /// The second's first beat.
    pub second: Signal<Out, Bits<30>>,

    up: Signal<Local, Bits<33>>,
    half: Signal<Local, Bits<32>>,
    unused: Signal<Local, Bits<3>>,
}

impl Logic for Halves {
    #[hdl_gen]
    fn update(&mut self) {
        self.up.next = bit_cast::<33, 32>(self.beats.val()) + bits::<33>(1);
        self.half.next = self.up.val().get_bits::<32>(1);
        self.unused.next = bit_cast::<3, 2>(self.half.val().get_bits::<2>(30))
            | (bit_cast::<3, 1>(self.up.val().get_bits::<1>(0)) << bits::<2>(2));
        self.first_beats.next = self.beats.val();
        self.second_beats.next = bits::<32>(0);
        if self.splits.val() {
            self.first_beats.next = self.half.val();
            self.second_beats.next = bit_cast::<32, 31>(self.beats.val().get_bits::<31>(1));
        }
        self.second.next = self.address.val() + self.half.val().get_bits::<30>(0);
    }
}

/// Goes through the blocks of one instruction after another, as far ahead as they are taken. Between the parts and the block that is
/// offered stands a register.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Blocks {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Step of the decoding.
    pub step: Signal<In, Bits<6>>,
    /// The instruction that is decoded starts.
    pub start: Signal<In, Bit>,
    /// Its blocks, from step 16 on.
    pub count: Signal<In, Bits<27>>,
    /// Beats of its longest stream.
    pub longest: Signal<In, Bits<32>>,
    /// Who takes blocks has none.
    pub idle: Signal<In, Bit>,
    /// Its blocks begin.
    pub load: Signal<Out, Bit>,
    /// Beats of the longest stream of the instruction whose blocks these are.
    pub parts: Signal<Out, Bits<32>>,
    /// The parts are of the last block.
    pub last: Signal<Out, Bit>,
    /// They are taken.
    pub steps: Signal<Out, Bit>,
    /// Beats of the streams that are read, 9 each.
    pub reads: Signal<In, Bits<36>>,
    /// The same of those that are written.
    pub writes: Signal<In, Bits<36>>,
    /// A block is offered.
    pub holds: Signal<Out, Bit>,
    /// It is taken.
    pub pop: Signal<In, Bit>,
    /// What it reads.
    pub block_reads: Signal<Out, Bits<36>>,
    /// It is the last 1; its beats, of what is read or of what is written, 11; what it writes 36.
    pub about: Signal<Out, Bits<48>>,

    left: DFF<Bits<27>>,
    parts_now: DFF<Bits<32>>,
    loaded: DFF<Bit>,
    has: DFF<Bit>,
    has_reads: DFF<Bits<36>>,
    has_writes: DFF<Bits<36>>,
    has_last: DFF<Bit>,
    offers: DFF<Bit>,
    offer_reads: DFF<Bits<36>>,
    offer_about: DFF<Bits<48>>,
    loads: Signal<Local, Bit>,
    any: Signal<Local, Bit>,
    moves: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    is_last: Signal<Local, Bit>,
    read_sum: Signal<Local, Bits<11>>,
    write_sum: Signal<Local, Bits<11>>,
    sum: Signal<Local, Bits<11>>,
}

impl Logic for Blocks {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            left,
            parts_now,
            loaded,
            has,
            has_reads,
            has_writes,
            has_last,
            offers,
            offer_reads,
            offer_about
        );
        self.any.next = self.left.q.val().any();
        self.is_last.next = self.left.q.val() == bits::<27>(1);
        self.moves.next = self.has.q.val() & (!self.offers.q.val() | self.pop.val());
        self.takes.next = self.any.val() & (!self.has.q.val() | self.moves.val());
        self.loads.next = (self.step.val() >= bits::<6>(16))
            & !self.loaded.q.val()
            & !self.any.val()
            & !self.has.q.val()
            & !self.offers.q.val()
            & self.idle.val();
        self.read_sum.next = bit_cast::<11, 9>(self.has_reads.q.val().get_bits::<9>(0))
            + bit_cast::<11, 9>(self.has_reads.q.val().get_bits::<9>(9))
            + bit_cast::<11, 9>(self.has_reads.q.val().get_bits::<9>(18))
            + bit_cast::<11, 9>(self.has_reads.q.val().get_bits::<9>(27));
        self.write_sum.next = bit_cast::<11, 9>(self.has_writes.q.val().get_bits::<9>(0))
            + bit_cast::<11, 9>(self.has_writes.q.val().get_bits::<9>(9))
            + bit_cast::<11, 9>(self.has_writes.q.val().get_bits::<9>(18))
            + bit_cast::<11, 9>(self.has_writes.q.val().get_bits::<9>(27));
        self.sum.next = self.read_sum.val();
        if self.write_sum.val() > self.read_sum.val() {
            self.sum.next = self.write_sum.val();
        }
        if self.pop.val() {
            self.offers.d.next = false;
        }
        if self.moves.val() {
            self.offers.d.next = true;
            self.offer_reads.d.next = self.has_reads.q.val();
            self.offer_about.d.next = bit_cast::<48, 1>(self.has_last.q.val().into())
                | (bit_cast::<48, 11>(self.sum.val()) << bits::<6>(1))
                | (bit_cast::<48, 36>(self.has_writes.q.val()) << bits::<6>(12));
            self.has.d.next = false;
        }
        if self.takes.val() {
            self.has.d.next = true;
            self.has_reads.d.next = self.reads.val();
            self.has_writes.d.next = self.writes.val();
            self.has_last.d.next = self.is_last.val();
            self.left.d.next = self.left.q.val() - bits::<27>(1);
        }
        if self.loads.val() {
            self.left.d.next = self.count.val();
            self.parts_now.d.next = self.longest.val();
            self.loaded.d.next = true;
        }
        if self.start.val() {
            self.loaded.d.next = false;
        }
        if self.reset.val() {
            self.left.d.next = bits::<27>(0);
            self.loaded.d.next = false;
            self.has.d.next = false;
            self.offers.d.next = false;
        }
        self.load.next = self.loads.val();
        self.parts.next = self.parts_now.q.val();
        self.last.next = self.is_last.val();
        self.steps.next = self.takes.val();
        self.holds.next = self.offers.q.val();
        self.block_reads.next = self.offer_reads.q.val();
        self.about.next = self.offer_about.q.val();
    }
}
