//! Which panels the engine cannot take.

use rust_hdl_core::prelude::*;

/// What the engine cannot do of what makes operand weights.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PanelRefusal {
    /// WU; else SORE.
    pub updates: Signal<In, Bit>,
    /// SORE takes FP32 weights.
    pub single: Signal<In, Bit>,
    /// FF's operand is made.
    pub makes_ff: Signal<In, Bit>,
    /// BP's operand is made.
    pub makes_bp: Signal<In, Bit>,
    /// It depends on other gradients.
    pub guarded: Signal<In, Bit>,
    /// The parameters are weights.
    pub weights: Signal<In, Bit>,
    /// There are READS, WRITES, WEIGHTS, PARAMETERS.
    pub has: Signal<In, Bits<4>>,
    /// Pruned weights decay.
    pub decays_pruned: Signal<In, Bit>,
    /// Taps of the kernel.
    pub taps: Signal<In, Bits<10>>,
    /// Stride.
    pub stride: Signal<In, Bits<4>>,
    /// Of the last input channels, a tap's compact weights do not fill whole beats of positions.
    pub shares_ff: Signal<In, Bit>,
    /// The same of the last output channels.
    pub shares_bp: Signal<In, Bit>,
    /// Input channels.
    pub ci: Signal<In, Bits<20>>,
    /// Output channels.
    pub co: Signal<In, Bits<20>>,
    /// M.
    pub m: Signal<In, Bits<5>>,
    /// N is M.
    pub keeps_all: Signal<In, Bit>,
    /// The operand of FF is dense, compact along Ci.
    pub ff: Signal<In, Bits<2>>,
    /// The operand of BP is dense, compact along Co.
    pub bp: Signal<In, Bits<2>>,
    /// Beats of W, from the layer.
    pub layer_beats: Signal<In, Bits<36>>,
    /// Beats of W and V, or of W.
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
    /// W, dW or what is written of W begins at an odd beat.
    pub odd: Signal<In, Bits<3>>,
    /// It cannot.
    pub refuse: Signal<Out, Bit>,

    whole: Signal<Local, Bits<20>>,
    groups_ff: Signal<Local, Bit>,
    groups_bp: Signal<Local, Bit>,
    few: Signal<Local, Bit>,
    kernel: Signal<Local, Bit>,
    cannot: Signal<Local, Bit>,
    misses: Signal<Local, Bit>,
    masters: Signal<Local, Bits<36>>,
    differs: Signal<Local, Bit>,
}

impl Logic for PanelRefusal {
    #[hdl_gen]
    fn update(&mut self) {
        // M - 1 of 2, 4 and 8.
        self.whole.next = bit_cast::<20, 5>(self.m.val()) - bits::<20>(1);
        self.few.next = (self.m.val() == bits::<5>(2))
            | (self.m.val() == bits::<5>(4))
            | (self.m.val() == bits::<5>(8))
            | self.keeps_all.val();
        self.groups_ff.next = !(self.ci.val() & self.whole.val()).any() | self.keeps_all.val();
        self.groups_bp.next = !(self.co.val() & self.whole.val()).any() | self.keeps_all.val();
        self.kernel.next = (self.makes_bp.val() & (self.stride.val() != bits::<4>(1)))
            | (self.makes_ff.val()
                & self.ff.val().get_bit(1)
                & !self.keeps_all.val()
                & self.shares_ff.val())
            | (self.makes_bp.val()
                & self.bp.val().get_bit(1)
                & !self.keeps_all.val()
                & self.shares_bp.val());
        self.cannot.next = (!self.updates.val() & !self.single.val())
            | (self.makes_ff.val() & !self.ff.val().any())
            | (self.makes_bp.val() & !self.bp.val().any())
            | (self.makes_ff.val()
                & self.ff.val().get_bit(1)
                & (!self.few.val() | !self.groups_ff.val()))
            | (self.makes_bp.val()
                & self.bp.val().get_bit(1)
                & (!self.few.val() | !self.groups_bp.val()))
            | ((self.taps.val() > bits::<10>(1)) & self.kernel.val())
            | (self.co.val() <= bits::<20>(8))
            | self.odd.val().get_bit(0);
        self.misses.next = !self.has.val().get_bit(0)
            | !self.has.val().get_bit(1)
            | !self.has.val().get_bit(2)
            | (self.updates.val() & !self.has.val().get_bit(3));
        self.masters.next = bit_cast::<36, 32>(self.master_beats.val());
        self.differs.next = self.masters.val() != self.layer_beats.val();
        if self.updates.val() {
            self.differs.next = (self.masters.val() != (self.layer_beats.val() << bits::<6>(1)))
                | (bit_cast::<36, 32>(self.gradient_beats.val()) != self.layer_beats.val())
                | (self.written_beats.val() != self.master_beats.val())
                | (self.number_beats.val() != bits::<32>(1))
                | (self.numbers.val() != self.scalars.val())
                | self.odd.val().any()
                | !self.weights.val()
                | self.guarded.val()
                | self.decays_pruned.val();
        }
        self.refuse.next = self.cannot.val() | self.misses.val() | self.differs.val();
    }
}
