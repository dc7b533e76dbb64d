//! One word of the register window: what holds it, and what it reads as.
//!
//! Which word it is comes in as a constant, so that offsets have one definition, [`satkit_spec::regs`]. What a block shows is 0
//! for every other word: the window is all of them together.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// A word that the core or the board says.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Shows {
    /// Its place, constant.
    pub word: Signal<In, Bits<10>>,
    /// Word that is read.
    pub read_word: Signal<In, Bits<10>>,
    /// Its value.
    pub value: Signal<In, Bits<32>>,
    /// Its value while it is read.
    pub shown: Signal<Out, Bits<32>>,
}

impl Logic for Shows {
    #[hdl_gen]
    fn update(&mut self) {
        self.shown.next = bits::<32>(0);
        if self.read_word.val() == self.word.val() {
            self.shown.next = self.value.val();
        }
    }
}

/// A word that holds what the host has written.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Holds {
    /// Clock of the register.
    pub clock: Signal<In, Clock>,
    /// Back to 0.
    pub clear: Signal<In, Bit>,
    /// Its place, constant.
    pub word: Signal<In, Bits<10>>,
    /// Bits that it has, constant.
    pub has: Signal<In, Bits<32>>,
    /// A word is written.
    pub write: Signal<In, Bit>,
    /// Which.
    pub write_word: Signal<In, Bits<10>>,
    /// What.
    pub write_data: Signal<In, Bits<32>>,
    /// Bits of the bytes that are written.
    pub write_mask: Signal<In, Bits<32>>,
    /// What it holds.
    pub value: Signal<Out, Bits<32>>,

    held: DFF<Bits<32>>,
    kept: Signal<Local, Bits<32>>,
}

impl Logic for Holds {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        self.kept.next = !self.write_mask.val();
        if self.write.val() & (self.write_word.val() == self.word.val()) {
            self.held.d.next = (self.held.q.val() & self.kept.val())
                | (self.write_data.val() & self.write_mask.val() & self.has.val());
        }
        if self.clear.val() {
            self.held.d.next = bits::<32>(0);
        }
        self.value.next = self.held.q.val();
    }
}

/// Two words of one counter: reading the low one latches the high one.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Pair {
    /// Clock of the latch.
    pub clock: Signal<In, Clock>,
    /// Back to 0.
    pub reset: Signal<In, Bit>,
    /// Place of the low word, constant.
    pub low: Signal<In, Bits<10>>,
    /// Place of the high word, constant.
    pub high: Signal<In, Bits<10>>,
    /// A word is read.
    pub read: Signal<In, Bit>,
    /// Which.
    pub read_word: Signal<In, Bits<10>>,
    /// The counter.
    pub value: Signal<In, Bits<64>>,
    /// The word that is read, if it is one of them.
    pub shown: Signal<Out, Bits<32>>,

    latched: DFF<Bits<32>>,
}

impl Logic for Pair {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, latched);
        self.shown.next = bits::<32>(0);
        if self.read_word.val() == self.high.val() {
            self.shown.next = self.latched.q.val();
        }
        if self.read_word.val() == self.low.val() {
            self.shown.next = self.value.val().get_bits::<32>(0);
            if self.read.val() {
                self.latched.d.next = self.value.val().get_bits::<32>(32);
            }
        }
        if self.reset.val() {
            self.latched.d.next = bits::<32>(0);
        }
    }
}

/// Sticky status: a bit that is set stays until a one is written to it; set and cleared at once, it stays.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Status {
    /// Clock of the registers.
    pub clock: Signal<In, Clock>,
    /// Back to 0.
    pub clear: Signal<In, Bit>,
    /// Its place, constant.
    pub word: Signal<In, Bits<10>>,
    /// A word is written.
    pub write: Signal<In, Bit>,
    /// Which.
    pub write_word: Signal<In, Bits<10>>,
    /// What.
    pub write_data: Signal<In, Bits<32>>,
    /// Bits of the bytes that are written.
    pub write_mask: Signal<In, Bits<32>>,
    /// What happens in this cycle.
    pub raised: Signal<In, Bits<32>>,
    /// Bits that interrupt.
    pub enable: Signal<In, Bits<32>>,
    /// What has happened.
    pub value: Signal<Out, Bits<32>>,
    /// A bit that interrupts is set: the line, out of a register.
    pub signals: Signal<Out, Bit>,

    sticky: DFF<Bits<32>>,
    line: DFF<Bit>,
    acknowledged: Signal<Local, Bits<32>>,
    kept: Signal<Local, Bits<32>>,
    enabled: Signal<Local, Bits<32>>,
}

impl Logic for Status {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sticky, line);
        self.acknowledged.next = bits::<32>(0);
        if self.write.val() & (self.write_word.val() == self.word.val()) {
            self.acknowledged.next = self.write_data.val() & self.write_mask.val();
        }
        self.kept.next = !self.acknowledged.val();
        self.sticky.d.next = (self.sticky.q.val() & self.kept.val()) | self.raised.val();
        self.enabled.next = self.sticky.q.val() & self.enable.val();
        self.line.d.next = self.enabled.val().any();
        if self.clear.val() {
            self.sticky.d.next = bits::<32>(0);
            self.line.d.next = false;
        }
        self.value.next = self.sticky.q.val();
        self.signals.next = self.line.q.val();
    }
}

/// Strobes: what the host wants done. A reset lasts until the core says that it is done, and takes no other wish with it.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Control {
    /// Clock of the register.
    pub clock: Signal<In, Clock>,
    /// Forgets a wish.
    pub reset: Signal<In, Bit>,
    /// Its place, constant.
    pub word: Signal<In, Bits<10>>,
    /// Bit of `CONTROL` that starts, constant.
    pub start_bit: Signal<In, Bits<32>>,
    /// Bit that cancels, constant.
    pub cancel_bit: Signal<In, Bits<32>>,
    /// Bit that resets, constant.
    pub reset_bit: Signal<In, Bits<32>>,
    /// A word is written.
    pub write: Signal<In, Bit>,
    /// Which.
    pub write_word: Signal<In, Bits<10>>,
    /// What.
    pub write_data: Signal<In, Bits<32>>,
    /// Bits of the bytes that are written.
    pub write_mask: Signal<In, Bits<32>>,
    /// The core has been reset, with the end of this cycle.
    pub reset_done: Signal<In, Bit>,
    /// A program is to start.
    pub start: Signal<Out, Bit>,
    /// The program is to end.
    pub cancel: Signal<Out, Bit>,
    /// The core is to be reset.
    pub resetting: Signal<Out, Bit>,

    wish: DFF<Bit>,
    strobes: Signal<Local, Bits<32>>,
    starts: Signal<Local, Bits<32>>,
    cancels: Signal<Local, Bits<32>>,
    resets: Signal<Local, Bits<32>>,
}

impl Logic for Control {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, wish);
        self.strobes.next = bits::<32>(0);
        if self.write.val() & (self.write_word.val() == self.word.val()) {
            self.strobes.next = self.write_data.val() & self.write_mask.val();
        }
        self.starts.next = self.strobes.val() & self.start_bit.val();
        self.cancels.next = self.strobes.val() & self.cancel_bit.val();
        self.resets.next = self.strobes.val() & self.reset_bit.val();
        self.start.next = self.starts.val().any() & !self.resets.val().any();
        self.cancel.next = self.cancels.val().any() & !self.resets.val().any();
        if self.resets.val().any() {
            self.wish.d.next = true;
        }
        if self.reset_done.val() | self.reset.val() {
            self.wish.d.next = false;
        }
        self.resetting.next = self.wish.q.val();
    }
}
