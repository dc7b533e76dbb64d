//! Which sums there are, and which of them begin.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Two sets of sums, one per stage: which tensor each is of, and which words of the later one have a term. A word has the sums of
/// neighbouring channels, one for each column of the array.
///
/// A set begins with a start and is known by its tensor from then on; its terms come later, after all of the set before.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Sets {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets all sets.
    pub reset: Signal<In, Bit>,
    /// A set begins.
    pub begins: Signal<In, Bit>,
    /// In which bank.
    pub begins_bank: Signal<In, Bit>,
    /// Beat of the tensor whose sums they are.
    pub tensor: Signal<In, Bits<30>>,

    /// There are terms.
    pub valid: Signal<In, Bit>,
    /// In which bank.
    pub bank: Signal<In, Bit>,
    /// Their word.
    pub word: Signal<In, Bits<6>>,
    /// They are the first of their sums.
    pub first: Signal<Out, Bit>,

    /// Beat of a tensor.
    pub sought: Signal<In, Bits<30>>,
    /// There are sums of it, with the next edge.
    pub found: Signal<Out, Bit>,
    /// The bank that has the latest, with the next edge.
    pub found_bank: Signal<Out, Bit>,

    tensor_0: DFF<Bits<30>>,
    tensor_1: DFF<Bits<30>>,
    holds_0: DFF<Bit>,
    holds_1: DFF<Bit>,
    latest: DFF<Bit>,
    hits_0: Signal<Local, Bit>,
    hits_1: Signal<Local, Bit>,
    found_now: DFF<Bit>,
    bank_found: DFF<Bit>,

    begun: DFF<Bits<64>>,
    begun_bank: DFF<Bit>,
    known: Signal<Local, Bits<64>>,
    known_unused: Signal<Local, Bits<64>>,
}

impl Logic for Sets {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, tensor_0, tensor_1, holds_0, holds_1, latest, found_now);
        dff_setup!(self, clock, bank_found, begun, begun_bank);
        if self.begins.val() {
            self.latest.d.next = self.begins_bank.val();
            if self.begins_bank.val() {
                self.tensor_1.d.next = self.tensor.val();
                self.holds_1.d.next = true;
            } else {
                self.tensor_0.d.next = self.tensor.val();
                self.holds_0.d.next = true;
            }
        }
        self.hits_0.next = self.holds_0.q.val() & (self.tensor_0.q.val() == self.sought.val());
        self.hits_1.next = self.holds_1.q.val() & (self.tensor_1.q.val() == self.sought.val());
        self.found_now.d.next = self.hits_0.val() | self.hits_1.val();
        self.bank_found.d.next = !self.hits_0.val();
        if self.latest.q.val() {
            self.bank_found.d.next = self.hits_1.val();
        }
        self.found.next = self.found_now.q.val();
        self.found_bank.next = self.bank_found.q.val();

        // Of a set that begins no word has a term.
        self.known.next = self.begun.q.val();
        if self.bank.val() != self.begun_bank.q.val() {
            self.known.next = bits::<64>(0);
        }
        self.known_unused.next = self.known.val() >> self.word.val();
        self.first.next = !self.known_unused.val().get_bit(0);
        if self.valid.val() {
            self.begun.d.next = self.known.val() | (bits::<64>(1) << self.word.val());
            self.begun_bank.d.next = self.bank.val();
        }
        if self.reset.val() {
            self.holds_0.d.next = false;
            self.holds_1.d.next = false;
            self.begun.d.next = bits::<64>(0);
        }
    }
}
