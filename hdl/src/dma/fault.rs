//! The first fault of a client.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Keeps the address of a client's first burst that went wrong, from the cycle after it was seen on. Of several in one cycle a refused
/// read counts, then a refused write, then the ports' reads from the first on, then their writes.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct FirstFault {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets it.
    pub clear: Signal<In, Bit>,
    /// A read is refused.
    pub read_refused: Signal<In, Bit>,
    /// Its address, in beats.
    pub read_address: Signal<In, Bits<32>>,
    /// A write is refused.
    pub write_refused: Signal<In, Bit>,
    /// Its address, in beats.
    pub write_address: Signal<In, Bits<32>>,
    /// Which ports' reads have a fault.
    pub reads: Signal<In, Bits<4>>,
    /// Addresses of their bursts, in beats, the first port's lowest.
    pub read_addresses: Signal<In, Bits<120>>,
    /// Which ports' writes have a fault.
    pub writes: Signal<In, Bits<4>>,
    /// Addresses of their bursts.
    pub write_addresses: Signal<In, Bits<120>>,
    /// There was a fault.
    pub fault: Signal<Out, Bit>,
    /// Address of its burst, in bytes.
    pub address: Signal<Out, Bits<38>>,

    seen: DFF<Bit>,
    kept: DFF<Bits<32>>,
    now: Signal<Local, Bit>,
    here: Signal<Local, Bits<32>>,
}

impl Logic for FirstFault {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, seen, kept);
        self.now.next = self.read_refused.val()
            | self.write_refused.val()
            | self.reads.val().any()
            | self.writes.val().any();
        // The last assignment wins.
        self.here.next = bit_cast::<32, 30>(self.write_addresses.val().get_bits::<30>(90));
        if self.writes.val().get_bit(2) {
            self.here.next = bit_cast::<32, 30>(self.write_addresses.val().get_bits::<30>(60));
        }
        if self.writes.val().get_bit(1) {
            self.here.next = bit_cast::<32, 30>(self.write_addresses.val().get_bits::<30>(30));
        }
        if self.writes.val().get_bit(0) {
            self.here.next = bit_cast::<32, 30>(self.write_addresses.val().get_bits::<30>(0));
        }
        if self.reads.val().get_bit(3) {
            self.here.next = bit_cast::<32, 30>(self.read_addresses.val().get_bits::<30>(90));
        }
        if self.reads.val().get_bit(2) {
            self.here.next = bit_cast::<32, 30>(self.read_addresses.val().get_bits::<30>(60));
        }
        if self.reads.val().get_bit(1) {
            self.here.next = bit_cast::<32, 30>(self.read_addresses.val().get_bits::<30>(30));
        }
        if self.reads.val().get_bit(0) {
            self.here.next = bit_cast::<32, 30>(self.read_addresses.val().get_bits::<30>(0));
        }
        if self.write_refused.val() {
            self.here.next = self.write_address.val();
        }
        if self.read_refused.val() {
            self.here.next = self.read_address.val();
        }
        if self.now.val() & !self.seen.q.val() {
            self.seen.d.next = true;
            self.kept.d.next = self.here.val();
        }
        if self.clear.val() {
            self.seen.d.next = false;
        }
        self.fault.next = self.seen.q.val();
        self.address.next = bit_cast::<38, 32>(self.kept.q.val()) << bits::<6>(6);
    }
}
