//! What settings mean, and where in a group or a block a beat is.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// What the settings of an instruction mean to the parts of the unit.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Settings {
    /// M is 2 to this, 0 to 4.
    pub m_log2: Signal<In, Bits<3>>,
    /// N, 1 to M.
    pub n: Signal<In, Bits<5>>,
    /// FF's weights are pruned along Ci.
    pub prune_ff: Signal<In, Bit>,
    /// BP's weights are pruned along Co.
    pub prune_bp: Signal<In, Bit>,
    /// BP's weights are dense, with +0.0 where FF's are pruned.
    pub mask_bp: Signal<In, Bit>,
    /// `lambda` decays what FF prunes.
    pub srste: Signal<In, Bit>,
    /// The low 31 bits of `lambda`: the term is left out if they are 0.
    pub lambda: Signal<In, Bits<31>>,
    /// M - 1.
    pub group: Signal<Out, Bits<4>>,
    /// M * M - 1.
    pub block: Signal<Out, Bits<8>>,
    /// M - 1 for FF, 0 if its weights are only copied.
    pub ff_group: Signal<Out, Bits<4>>,
    /// N for FF, 1 if its weights are only copied.
    pub ff_n: Signal<Out, Bits<5>>,
    /// M - 1 for BP, 0 if its weights are only copied.
    pub bp_group: Signal<Out, Bits<4>>,
    /// N for BP, 1 if its weights are only copied.
    pub bp_n: Signal<Out, Bits<5>>,
    /// BP's groups stand across FF's.
    pub transpose: Signal<Out, Bit>,
    /// There are groups of FF or BP to count.
    pub selects_ff: Signal<Out, Bit>,
    /// The same for BP.
    pub selects_bp: Signal<Out, Bit>,
    /// A weight that FF prunes decays.
    pub decays: Signal<Out, Bit>,
}

impl Logic for Settings {
    #[hdl_gen]
    fn update(&mut self) {
        self.group.next = bits::<4>(0);
        self.block.next = bits::<8>(0);
        if self.m_log2.val() == bits::<3>(1) {
            self.group.next = bits::<4>(1);
            self.block.next = bits::<8>(3);
        }
        if self.m_log2.val() == bits::<3>(2) {
            self.group.next = bits::<4>(3);
            self.block.next = bits::<8>(15);
        }
        if self.m_log2.val() == bits::<3>(3) {
            self.group.next = bits::<4>(7);
            self.block.next = bits::<8>(63);
        }
        if self.m_log2.val() == bits::<3>(4) {
            self.group.next = bits::<4>(15);
            self.block.next = bits::<8>(255);
        }
        self.ff_group.next = bits::<4>(0);
        self.ff_n.next = bits::<5>(1);
        if self.prune_ff.val() {
            self.ff_group.next = self.group.val();
            self.ff_n.next = self.n.val();
        }
        self.selects_bp.next = self.prune_bp.val() | self.mask_bp.val();
        self.bp_group.next = bits::<4>(0);
        self.bp_n.next = bits::<5>(1);
        if self.selects_bp.val() {
            self.bp_group.next = self.group.val();
            self.bp_n.next = self.n.val();
        }
        self.transpose.next = self.prune_ff.val() & self.prune_bp.val() & !self.mask_bp.val();
        self.selects_ff.next = self.prune_ff.val();
        self.decays.next = self.srste.val() & self.lambda.val().any();
    }
}

/// Where beats are in something of a power of two elements: the position of a beat's first element, and whether the beat
/// is the last.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Walk {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Back to the start.
    pub reset: Signal<In, Bit>,
    /// There is a beat.
    pub beat: Signal<In, Bit>,
    /// Elements of a beat.
    pub step: Signal<In, Bits<8>>,
    /// Elements of the whole, less one.
    pub mask: Signal<In, Bits<8>>,
    /// Elements before this beat.
    pub position: Signal<Out, Bits<8>>,
    /// With this beat it is complete.
    pub completes: Signal<Out, Bit>,

    state: DFF<Bits<8>>,
    sum: Signal<Local, Bits<8>>,
    following: Signal<Local, Bits<8>>,
}

impl Logic for Walk {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state);
        self.sum.next = self.state.q.val() + self.step.val();
        self.following.next = self.sum.val() & self.mask.val();
        if self.beat.val() {
            self.state.d.next = self.following.val();
        }
        if self.reset.val() {
            self.state.d.next = bits::<8>(0);
        }
        self.position.next = self.state.q.val();
        self.completes.next = self.beat.val() & !self.following.val().any();
    }
}

/// Writes blocks into two banks in turn, and reads a block as soon as it is complete, one beat per cycle.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PingPong {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Back to the start.
    pub reset: Signal<In, Bit>,
    /// There is a beat to write.
    pub beat: Signal<In, Bit>,
    /// Elements of a beat.
    pub step: Signal<In, Bits<8>>,
    /// Elements of a block, less one.
    pub mask: Signal<In, Bits<8>>,
    /// Elements of the block before the beat that is written.
    pub write_position: Signal<Out, Bits<8>>,
    /// The bank that is written; the other is read.
    pub write_bank: Signal<Out, Bit>,
    /// Elements of the block before the beat that is read.
    pub read_position: Signal<Out, Bits<8>>,
    /// A beat is read.
    pub reads: Signal<Out, Bit>,

    writer: Walk,
    reader: Walk,
    bank: DFF<Bit>,
    reading: DFF<Bit>,
}

impl Logic for PingPong {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, bank, reading);
        self.writer.clock.next = self.clock.val();
        self.reader.clock.next = self.clock.val();
        self.writer.reset.next = self.reset.val();
        self.reader.reset.next = self.reset.val();
        self.writer.step.next = self.step.val();
        self.reader.step.next = self.step.val();
        self.writer.mask.next = self.mask.val();
        self.reader.mask.next = self.mask.val();
        self.writer.beat.next = self.beat.val();
        self.reader.beat.next = self.reading.q.val();
        self.bank.d.next = self.bank.q.val() ^ self.writer.completes.val();
        // A block takes no less time to arrive than the one before takes to leave.
        self.reading.d.next =
            self.writer.completes.val() | (self.reading.q.val() & !self.reader.completes.val());
        if self.reset.val() {
            self.bank.d.next = false;
            self.reading.d.next = false;
        }
        self.write_position.next = self.writer.position.val();
        self.write_bank.next = self.bank.q.val();
        self.read_position.next = self.reader.position.val();
        self.reads.next = self.reading.q.val();
    }
}

/// The part of a word that one beat of a group fills: the beat itself while it is there, later what has been kept of it.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Part<const W: usize> {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// The beat.
    pub beat: Signal<In, Bits<W>>,
    /// The beat fills this part.
    pub is_here: Signal<In, Bit>,
    /// The beat fills one after this.
    pub is_past: Signal<In, Bit>,
    /// The part; 0 before it is filled.
    pub part: Signal<Out, Bits<W>>,

    stored: DFF<Bits<W>>,
}

impl<const W: usize> Logic for Part<W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, stored);
        self.part.next = bits::<W>(0);
        if self.is_past.val() {
            self.part.next = self.stored.q.val();
        }
        if self.is_here.val() {
            self.stored.d.next = self.beat.val();
            self.part.next = self.beat.val();
        }
    }
}

/// Gives the flags of a group that came in several beats back beat by beat, each the same time after its beat, whatever M is:
/// six cycles after the first beat's, if a group's beats follow each other.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Serial<const W: usize, const L: usize> {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Flags of a word, from its first element up.
    pub flags: Signal<In, Bits<W>>,
    /// There is a word.
    pub valid: Signal<In, Bit>,
    /// Beats of a group, less one: 0, 1 or 3.
    pub more_beats: Signal<In, Bits<2>>,
    /// Elements of a beat.
    pub step: Signal<In, Bits<5>>,
    /// Flags of the beat, L of them.
    pub beat: Signal<Out, Bits<L>>,

    late_1: DFF<Bits<W>>,
    late_2: DFF<Bits<W>>,
    late_3: DFF<Bits<W>>,
    valid_1: DFF<Bit>,
    valid_2: DFF<Bit>,
    valid_3: DFF<Bit>,
    state: DFF<Bits<W>>,
}

impl<const W: usize, const L: usize> Logic for Serial<W, L> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, late_1, late_2, late_3, valid_1, valid_2, valid_3, state);
        self.late_1.d.next = self.flags.val();
        self.late_2.d.next = self.late_1.q.val();
        self.late_3.d.next = self.late_2.q.val();
        self.valid_1.d.next = self.valid.val();
        self.valid_2.d.next = self.valid_1.q.val();
        self.valid_3.d.next = self.valid_2.q.val();
        self.state.d.next = self.state.q.val() >> self.step.val();
        if (self.more_beats.val() == bits::<2>(0)) & self.valid_3.q.val() {
            self.state.d.next = self.late_3.q.val();
        }
        if (self.more_beats.val() == bits::<2>(1)) & self.valid_2.q.val() {
            self.state.d.next = self.late_2.q.val();
        }
        if (self.more_beats.val() == bits::<2>(3)) & self.valid.val() {
            self.state.d.next = self.flags.val();
        }
        self.beat.next = bit_cast::<L, W>(self.state.q.val());
    }
}
