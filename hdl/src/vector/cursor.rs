//! Where in the streams, and in which channels, the lanes are.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// For how many cycles sums are given after the last element: those of whole beats of FP32.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Tail {
    /// Channels of the tensor.
    pub channels: Signal<In, Bits<20>>,
    /// There are sums.
    pub reduces: Signal<In, Bit>,
    /// Cycles in which the sums of a beat are given, as a power of two. Constant.
    pub beat_log2: Signal<In, Bits<2>>,
    /// Cycles, 0 without sums.
    pub cycles: Signal<Out, Bits<17>>,

    up_to_beats_unused: Signal<Local, Bits<21>>,
    beats: Signal<Local, Bits<17>>,
}

impl Logic for Tail {
    #[hdl_gen]
    fn update(&mut self) {
        self.up_to_beats_unused.next = bit_cast::<21, 20>(self.channels.val()) + bits::<21>(15);
        self.beats.next = self.up_to_beats_unused.val().get_bits::<17>(4);
        self.cycles.next = bits::<17>(0);
        if self.reduces.val() {
            self.cycles.next = self.beats.val() << self.beat_log2.val();
        }
    }
}

/// Position of the elements that the lanes take, and of the channels whose sums they give afterwards.
///
/// A tensor is channels side by side, padded to the pitch (8 up to 8 channels, else a multiple of 32), pixel after pixel; a stream's
/// first element is channel 0 of the first pixel, and pieces of a tensor go on where the one before ended.
///
/// After the last element of sums the cursor walks through the channels once more, `step` of them per cycle, beginning in the next one:
/// as many as whole beats of FP32 hold. 32 are walked in two cycles, half of them in each.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Cursor {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets what is under way.
    pub reset: Signal<In, Bit>,
    /// Elements that are taken in a cycle: 4, 8 or 32. Constant.
    pub step: Signal<In, Bits<6>>,
    /// They are 32: a beat, whole pixels or one pixel's. Constant.
    pub wide: Signal<In, Bit>,
    /// Cycles in which the sums of a beat are given, as a power of two. Constant.
    pub beat_log2: Signal<In, Bits<2>>,
    /// Elements are taken.
    pub take: Signal<In, Bit>,
    /// First of them, counted from the piece's first, modulo 512.
    pub position: Signal<In, Bits<9>>,
    /// It is the piece's first.
    pub starts: Signal<In, Bit>,
    /// The piece is its tensor's first.
    pub begins: Signal<In, Bit>,
    /// They are the last of the piece.
    pub last: Signal<In, Bit>,
    /// Channels of the tensor.
    pub channels: Signal<In, Bits<20>>,
    /// Sums are given after the last element.
    pub reduces: Signal<In, Bit>,
    /// The second stream has one bit for each element, not 16.
    pub b_is_bits: Signal<In, Bit>,
    /// First beat of the first stream.
    pub a_base: Signal<In, Bits<32>>,
    /// First beat of the second stream.
    pub b_base: Signal<In, Bits<32>>,

    /// Beat of the first stream that has the elements of this cycle.
    pub a_address: Signal<Out, Bits<32>>,
    /// The same of the second stream.
    pub b_address: Signal<Out, Bits<32>>,
    /// Which of 32 elements from the first on are no padding, as far as they are taken.
    pub valid: Signal<Out, Bits<32>>,
    /// Where in the memories of sums this cycle's channels are.
    pub slot: Signal<Out, Bits<10>>,
    /// The elements are those of the first pixel.
    pub first: Signal<Out, Bit>,
    /// In this cycle sums are given instead of elements taken.
    pub drains: Signal<Out, Bit>,
    /// They are those of the upper half of 32 channels.
    pub upper: Signal<Out, Bit>,

    a: DFF<Bits<32>>,
    b: DFF<Bits<32>>,
    a_here: Signal<Local, Bits<32>>,
    b_here: Signal<Local, Bits<32>>,
    following: Signal<Local, Bits<9>>,
    beat_ends: Signal<Local, Bit>,

    wide_channels: Signal<Local, Bits<21>>,
    rounded_up: Signal<Local, Bits<21>>,
    pitch: Signal<Local, Bits<21>>,
    wide_step: Signal<Local, Bits<21>>,
    room: DFF<Bits<21>>,
    left: DFF<Bits<20>>,
    index: DFF<Bits<10>>,
    in_first: DFF<Bit>,
    room_here: Signal<Local, Bits<21>>,
    left_here: Signal<Local, Bits<20>>,
    index_here: Signal<Local, Bits<10>>,
    first_here: Signal<Local, Bit>,
    left_after: Signal<Local, Bits<20>>,
    counted: Signal<Local, Bits<32>>,
    shifted: Signal<Local, Bits<32>>,
    in_eight: Signal<Local, Bits<32>>,

    tail: Tail,
    remaining: DFF<Bits<17>>,
    half: DFF<Bit>,
    draining: Signal<Local, Bit>,
    walks: Signal<Local, Bit>,
}

impl Logic for Cursor {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, a, b, room, left, index, in_first, remaining, half);

        self.draining.next = self.remaining.q.val().any();
        self.walks.next =
            self.take.val() | (self.draining.val() & (!self.wide.val() | self.half.q.val()));

        // Elements of a stream, in beats of 32 or 512.
        self.a_here.next = self.a.q.val();
        self.b_here.next = self.b.q.val();
        if self.starts.val() {
            self.a_here.next = self.a_base.val();
            self.b_here.next = self.b_base.val();
        }
        self.following.next = self.position.val() + bit_cast::<9, 6>(self.step.val());
        self.beat_ends.next = !self.following.val().get_bits::<5>(0).any();
        if self.take.val() {
            self.a.d.next = self.a_here.val();
            self.b.d.next = self.b_here.val();
            if self.beat_ends.val() {
                self.a.d.next = self.a_here.val() + bits::<32>(1);
            }
            if (!self.b_is_bits.val() & self.beat_ends.val()) | !self.following.val().any() {
                self.b.d.next = self.b_here.val() + bits::<32>(1);
            }
        }

        // Channels of a pixel.
        self.wide_channels.next = bit_cast::<21, 20>(self.channels.val());
        self.rounded_up.next = self.wide_channels.val() + bits::<21>(31);
        self.pitch.next = self.rounded_up.val() & bits::<21>(0x1F_FFE0);
        if self.channels.val() <= bits::<20>(8) {
            self.pitch.next = bits::<21>(8);
            // Four pixels in a cycle.
            if self.wide.val() {
                self.pitch.next = bits::<21>(32);
            }
        }
        self.room_here.next = self.room.q.val();
        self.left_here.next = self.left.q.val();
        self.index_here.next = self.index.q.val();
        self.first_here.next = self.in_first.q.val();
        if self.take.val() & self.starts.val() & self.begins.val() {
            self.room_here.next = self.pitch.val();
            self.left_here.next = self.channels.val();
            self.index_here.next = bits::<10>(0);
            self.first_here.next = true;
        }
        self.wide_step.next = bit_cast::<21, 6>(self.step.val());
        self.left_after.next = bits::<20>(0);
        if self.left_here.val() > bit_cast::<20, 6>(self.step.val()) {
            self.left_after.next = self.left_here.val() - bit_cast::<20, 6>(self.step.val());
        }
        if self.walks.val() {
            self.left.d.next = self.left_after.val();
            self.room.d.next = self.room_here.val() - self.wide_step.val();
            self.index.d.next = self.index_here.val() + bits::<10>(1);
            self.in_first.d.next = self.first_here.val();
            if !self.draining.val() & (self.room_here.val() == self.wide_step.val()) {
                self.left.d.next = self.channels.val();
                self.room.d.next = self.pitch.val();
                self.index.d.next = bits::<10>(0);
                self.in_first.d.next = false;
            }
        }
        self.shifted.next = bits::<32>(1) << self.left_here.val().get_bits::<5>(0);
        self.counted.next = self.shifted.val() - bits::<32>(1);
        if self.left_here.val() >= bits::<20>(32) {
            self.counted.next = bits::<32>(0) - bits::<32>(1);
        }
        self.in_eight.next = self.counted.val() & bits::<32>(0xFF);
        self.valid.next = self.counted.val();
        if self.channels.val() <= bits::<20>(8) {
            self.valid.next = self.in_eight.val()
                | (self.in_eight.val() << bits::<5>(8))
                | (self.in_eight.val() << bits::<5>(16))
                | (self.in_eight.val() << bits::<5>(24));
        }

        self.tail.channels.next = self.channels.val();
        self.tail.reduces.next = self.reduces.val();
        self.tail.beat_log2.next = self.beat_log2.val();
        if self.draining.val() {
            self.remaining.d.next = self.remaining.q.val() - bits::<17>(1);
            self.half.d.next = !self.half.q.val();
        }
        if self.take.val() & self.last.val() & self.reduces.val() {
            self.remaining.d.next = self.tail.cycles.val();
            self.half.d.next = false;
            self.left.d.next = self.channels.val();
            self.index.d.next = bits::<10>(0);
        }
        if self.reset.val() {
            self.remaining.d.next = bits::<17>(0);
        }

        self.a_address.next = self.a_here.val();
        self.b_address.next = self.b_here.val();
        self.slot.next = self.index_here.val();
        self.first.next = self.first_here.val();
        self.drains.next = self.draining.val();
        self.upper.next = self.half.q.val();
    }
}
