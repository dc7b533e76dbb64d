//! Pieces become beats.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Puts pieces into their places in beats. Lengths and places are in units of 2 bytes.
///
/// 1. shift by up to three units
/// 2. shift by the rest, and join what the pieces before have left
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Beat {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets what is left.
    pub reset: Signal<In, Bit>,
    /// There is a piece, or what is left goes.
    pub step: Signal<In, Bit>,
    /// The piece, zeros above its length.
    pub piece: Signal<In, Bits<512>>,
    /// Its length; 0 if there is none.
    pub length: Signal<In, Bits<6>>,
    /// Its place.
    pub place: Signal<In, Bits<5>>,
    /// With it the beat is complete.
    pub emits: Signal<In, Bit>,
    /// A beat, [`Beat::LATENCY_CYCLES`] after the piece that completes it.
    pub beat: Signal<Out, Bits<512>>,
    /// Its units that are written.
    pub strobe: Signal<Out, Bits<32>>,

    by_1: Signal<Local, Bits<560>>,
    by_2: Signal<Local, Bits<560>>,
    shifted: DFF<Bits<560>>,
    power: Signal<Local, Bits<33>>,
    ones: Signal<Local, Bits<33>>,
    unused_one: Signal<Local, Bit>,
    units: DFF<Bits<32>>,
    place_high: DFF<Bits<3>>,
    place_low: DFF<Bits<2>>,
    step_now: DFF<Bit>,
    emits_now: DFF<Bit>,

    by_4: Signal<Local, Bits<1024>>,
    by_8: Signal<Local, Bits<1024>>,
    by_16: Signal<Local, Bits<1024>>,
    units_low: Signal<Local, Bits<64>>,
    units_4: Signal<Local, Bits<64>>,
    units_8: Signal<Local, Bits<64>>,
    units_shifted: Signal<Local, Bits<64>>,
    joined: Signal<Local, Bits<512>>,
    joined_units: Signal<Local, Bits<32>>,
    left: DFF<Bits<512>>,
    left_units: DFF<Bits<32>>,
    beat_now: DFF<Bits<512>>,
    strobe_now: DFF<Bits<32>>,
}

impl Beat {
    /// Rising edges from a piece to the beat that it completes.
    pub const LATENCY_CYCLES: usize = 2;
}

impl Logic for Beat {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, shifted, units, place_high, place_low, step_now, emits_now);
        dff_setup!(self, clock, left, left_units, beat_now, strobe_now);
        self.by_1.next = bit_cast::<560, 512>(self.piece.val());
        if self.place.val().get_bit(0) {
            self.by_1.next = bit_cast::<560, 512>(self.piece.val()) << bits::<6>(16);
        }
        self.by_2.next = self.by_1.val();
        if self.place.val().get_bit(1) {
            self.by_2.next = self.by_1.val() << bits::<6>(32);
        }
        self.shifted.d.next = self.by_2.val();
        self.power.next = bits::<33>(1) << self.length.val();
        self.ones.next = self.power.val() - bits::<33>(1);
        self.units.d.next = self.ones.val().get_bits::<32>(0);
        self.unused_one.next = self.ones.val().get_bit(32);
        self.place_high.d.next = self.place.val().get_bits::<3>(2);
        self.place_low.d.next = self.place.val().get_bits::<2>(0);
        self.step_now.d.next = self.step.val();
        self.emits_now.d.next = self.emits.val();

        self.by_4.next = bit_cast::<1024, 560>(self.shifted.q.val());
        if self.place_high.q.val().get_bit(0) {
            self.by_4.next = bit_cast::<1024, 560>(self.shifted.q.val()) << bits::<7>(64);
        }
        self.by_8.next = self.by_4.val();
        if self.place_high.q.val().get_bit(1) {
            self.by_8.next = self.by_4.val() << bits::<8>(128);
        }
        self.by_16.next = self.by_8.val();
        if self.place_high.q.val().get_bit(2) {
            self.by_16.next = self.by_8.val() << bits::<9>(256);
        }
        self.units_low.next = bit_cast::<64, 32>(self.units.q.val()) << self.place_low.q.val();
        self.units_4.next = self.units_low.val();
        if self.place_high.q.val().get_bit(0) {
            self.units_4.next = self.units_low.val() << bits::<3>(4);
        }
        self.units_8.next = self.units_4.val();
        if self.place_high.q.val().get_bit(1) {
            self.units_8.next = self.units_4.val() << bits::<4>(8);
        }
        self.units_shifted.next = self.units_8.val();
        if self.place_high.q.val().get_bit(2) {
            self.units_shifted.next = self.units_8.val() << bits::<5>(16);
        }
        self.joined.next = self.left.q.val() | self.by_16.val().get_bits::<512>(0);
        self.joined_units.next =
            self.left_units.q.val() | self.units_shifted.val().get_bits::<32>(0);
        if self.step_now.q.val() {
            self.left.d.next = self.joined.val();
            self.left_units.d.next = self.joined_units.val();
            if self.emits_now.q.val() {
                self.left.d.next = self.by_16.val().get_bits::<512>(512);
                self.left_units.d.next = self.units_shifted.val().get_bits::<32>(32);
            }
        }
        if self.reset.val() {
            self.left.d.next = bits::<512>(0);
            self.left_units.d.next = bits::<32>(0);
        }
        self.beat_now.d.next = self.joined.val();
        self.strobe_now.d.next = self.joined_units.val();
        self.beat.next = self.beat_now.q.val();
        self.strobe.next = self.strobe_now.q.val();
    }
}
