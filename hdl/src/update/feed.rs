//! Between an engine's streams and the update unit.

use rust_hdl_core::prelude::*;

/// Which beats have the parameters that are taken, and which of the lanes get one.
///
/// A beat has 16 FP32 values; parameters of one cycle never lie in two.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Feed {
    /// Parameters are taken.
    pub take: Signal<In, Bit>,
    /// The first of them, from the instruction's first on.
    pub first: Signal<In, Bits<40>>,
    /// How many.
    pub count: Signal<In, Bits<7>>,
    /// First beat of W.
    pub w_at: Signal<In, Bits<30>>,
    /// The same of V.
    pub v_at: Signal<In, Bits<30>>,
    /// The same of dW.
    pub dw_at: Signal<In, Bits<30>>,
    /// The beat of W.
    pub w: Signal<Out, Bits<32>>,
    /// The same of V.
    pub v: Signal<Out, Bits<32>>,
    /// The same of dW.
    pub dw: Signal<Out, Bits<32>>,
    /// Lowest bit of the parameters in their beats.
    pub offset: Signal<Out, Bits<9>>,
    /// A bit for each lane that gets one.
    pub lanes: Signal<Out, Bits<16>>,
    /// They are the first of their instruction.
    pub begins: Signal<Out, Bit>,

    beat: Signal<Local, Bits<32>>,
    above: Signal<Local, Bits<17>>,
    mask: Signal<Local, Bits<17>>,
    unused: Signal<Local, Bits<5>>,
}

impl Logic for Feed {
    #[hdl_gen]
    fn update(&mut self) {
        self.beat.next = self.first.val().get_bits::<32>(4);
        self.w.next = bit_cast::<32, 30>(self.w_at.val()) + self.beat.val();
        self.v.next = bit_cast::<32, 30>(self.v_at.val()) + self.beat.val();
        self.dw.next = bit_cast::<32, 30>(self.dw_at.val()) + self.beat.val();
        self.offset.next = bit_cast::<9, 4>(self.first.val().get_bits::<4>(0)) << bits::<4>(5);
        self.above.next = bits::<17>(1) << self.count.val();
        self.mask.next = self.above.val() - bits::<17>(1);
        self.unused.next = bit_cast::<5, 4>(self.first.val().get_bits::<4>(36))
            | (bit_cast::<5, 1>(self.mask.val().get_bits::<1>(16)) << bits::<3>(4));
        self.lanes.next = bits::<16>(0);
        if self.take.val() {
            self.lanes.next = self.mask.val().get_bits::<16>(0);
        }
        self.begins.next = self.take.val() & !self.first.val().any();
    }
}

/// An update's numbers, as the unit wants them.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Numbers {
    /// FP32, a power of two from 2^-126 to 2^126. Nobody looks whether it is.
    pub loss_scale: Signal<In, Bits<32>>,
    /// FP32.
    pub weight_decay: Signal<In, Bits<32>>,
    /// The parameters are weights; others do not decay.
    pub weights: Signal<In, Bit>,
    /// 1 / loss scale.
    pub inverse_loss_scale: Signal<Out, Bits<32>>,
    /// What decays them, or +0.
    pub decay: Signal<Out, Bits<32>>,

    exponent: Signal<Local, Bits<8>>,
    unused: Signal<Local, Bits<24>>,
}

impl Logic for Numbers {
    #[hdl_gen]
    fn update(&mut self) {
        self.exponent.next = bits::<8>(254) - self.loss_scale.val().get_bits::<8>(23);
        self.unused.next = bit_cast::<24, 23>(self.loss_scale.val().get_bits::<23>(0))
            | (bit_cast::<24, 1>(self.loss_scale.val().get_bits::<1>(31)) << bits::<5>(23));
        self.inverse_loss_scale.next = bit_cast::<32, 8>(self.exponent.val()) << bits::<5>(23);
        self.decay.next = bits::<32>(0);
        if self.weights.val() {
            self.decay.next = self.weight_decay.val();
        }
    }
}

/// What the engine cannot do of what it is given.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Refusal {
    /// WU, and not SORE.
    pub updates: Signal<In, Bit>,
    /// It makes operand weights.
    pub makes: Signal<In, Bits<2>>,
    /// It depends on other gradients.
    pub guarded: Signal<In, Bit>,
    /// Parameters.
    pub parameters: Signal<In, Bits<40>>,
    /// They are weights.
    pub weights: Signal<In, Bit>,
    /// There are READS, WRITES, WEIGHTS, PARAMETERS.
    pub has: Signal<In, Bits<4>>,
    /// Pruned weights decay.
    pub decays_pruned: Signal<In, Bit>,
    /// Beats of W and V.
    pub master_beats: Signal<In, Bits<32>>,
    /// Beats of dW.
    pub gradient_beats: Signal<In, Bits<32>>,
    /// Beats of the numbers.
    pub number_beats: Signal<In, Bits<32>>,
    /// Where they are.
    pub numbers: Signal<In, Bits<30>>,
    /// Where PARAMETERS says that they are.
    pub scalars: Signal<In, Bits<30>>,
    /// Beats of W and V that are written.
    pub written_beats: Signal<In, Bits<32>>,
    /// Beats of operand weights.
    pub operand_beats: Signal<In, Bits<64>>,
    /// It cannot.
    pub refuse: Signal<Out, Bit>,

    beats: Signal<Local, Bits<40>>,
    pair: Signal<Local, Bits<33>>,
    cannot: Signal<Local, Bit>,
    misses: Signal<Local, Bit>,
    differs: Signal<Local, Bit>,
}

impl Logic for Refusal {
    #[hdl_gen]
    fn update(&mut self) {
        // Eight parameters for each beat of W and V together: whole beats of both.
        self.beats.next = bit_cast::<40, 32>(self.master_beats.val()) << bits::<6>(3);
        self.pair.next = bit_cast::<33, 32>(self.gradient_beats.val()) << bits::<6>(1);
        self.cannot.next = !self.updates.val()
            | self.makes.val().any()
            | self.guarded.val()
            | self.operand_beats.val().any()
            | (self.weights.val() & self.decays_pruned.val());
        self.misses.next = !self.has.val().get_bit(0)
            | !self.has.val().get_bit(1)
            | (self.weights.val() & !self.has.val().get_bit(2))
            | !self.has.val().get_bit(3);
        self.differs.next = (self.parameters.val() != self.beats.val())
            | (self.pair.val() != bit_cast::<33, 32>(self.master_beats.val()))
            | (self.written_beats.val() != self.master_beats.val())
            | (self.number_beats.val() != bits::<32>(1))
            | (self.numbers.val() != self.scalars.val());
        self.refuse.next = self.cannot.val() | self.misses.val() | self.differs.val();
    }
}
