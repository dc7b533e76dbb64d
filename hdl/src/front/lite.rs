//! The AXI4-Lite handshakes.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// A slave for one write and one read at a time, which may be under way together.
///
/// Address and data of a write come in any order. When both are there, `write` is high for one cycle; the answer follows, but not
/// while `hold` is high: a reset that waits for the core answers when it is done, and until then no read begins either. Every
/// answer is OKAY. Addresses count words of 32 bits.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct LitePort {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Back to the start.
    pub reset: Signal<In, Bit>,
    /// No answer to a write, and no read.
    pub hold: Signal<In, Bit>,

    /// AW: word that is written.
    pub awaddr: Signal<In, Bits<10>>,
    /// AW.
    pub awvalid: Signal<In, Bit>,
    /// AW.
    pub awready: Signal<Out, Bit>,
    /// W.
    pub wdata: Signal<In, Bits<32>>,
    /// W: bytes that are written.
    pub wstrb: Signal<In, Bits<4>>,
    /// W.
    pub wvalid: Signal<In, Bit>,
    /// W.
    pub wready: Signal<Out, Bit>,
    /// B: OKAY.
    pub bresp: Signal<Out, Bits<2>>,
    /// B.
    pub bvalid: Signal<Out, Bit>,
    /// B.
    pub bready: Signal<In, Bit>,
    /// AR: word that is read.
    pub araddr: Signal<In, Bits<10>>,
    /// AR.
    pub arvalid: Signal<In, Bit>,
    /// AR.
    pub arready: Signal<Out, Bit>,
    /// R.
    pub rdata: Signal<Out, Bits<32>>,
    /// R: OKAY.
    pub rresp: Signal<Out, Bits<2>>,
    /// R.
    pub rvalid: Signal<Out, Bit>,
    /// R.
    pub rready: Signal<In, Bit>,

    /// A word is written in this cycle.
    pub write: Signal<Out, Bit>,
    /// Which.
    pub write_word: Signal<Out, Bits<10>>,
    /// What.
    pub write_data: Signal<Out, Bits<32>>,
    /// Bits of the bytes that are written.
    pub write_mask: Signal<Out, Bits<32>>,
    /// A word is read in this cycle.
    pub read: Signal<Out, Bit>,
    /// Which.
    pub read_word: Signal<Out, Bits<10>>,
    /// What it holds.
    pub read_data: Signal<In, Bits<32>>,

    has_address: DFF<Bit>,
    address: DFF<Bits<10>>,
    has_data: DFF<Bit>,
    data: DFF<Bits<32>>,
    strobes: DFF<Bits<4>>,
    written: DFF<Bit>,
    answers: DFF<Bit>,
    has_read: DFF<Bit>,
    read_address: DFF<Bits<10>>,
    shows: DFF<Bit>,
    shown: DFF<Bits<32>>,
    writes: Signal<Local, Bit>,
    reads: Signal<Local, Bit>,
    byte_0: Signal<Local, Bits<32>>,
    byte_1: Signal<Local, Bits<32>>,
    byte_2: Signal<Local, Bits<32>>,
    byte_3: Signal<Local, Bits<32>>,
}

impl Logic for LitePort {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            has_address,
            address,
            has_data,
            data,
            strobes,
            written,
            answers,
            has_read,
            read_address,
            shows,
            shown
        );
        // What is held takes nothing more until it has been answered.
        self.awready.next = !self.has_address.q.val();
        self.wready.next = !self.has_data.q.val();
        self.arready.next = !self.has_read.q.val();
        if self.awvalid.val() & !self.has_address.q.val() {
            self.has_address.d.next = true;
            self.address.d.next = self.awaddr.val();
        }
        if self.wvalid.val() & !self.has_data.q.val() {
            self.has_data.d.next = true;
            self.data.d.next = self.wdata.val();
            self.strobes.d.next = self.wstrb.val();
        }
        if self.arvalid.val() & !self.has_read.q.val() {
            self.has_read.d.next = true;
            self.read_address.d.next = self.araddr.val();
        }

        self.writes.next = self.has_address.q.val()
            & self.has_data.q.val()
            & !self.written.q.val()
            & !self.answers.q.val();
        if self.writes.val() {
            self.written.d.next = true;
        }
        if self.written.q.val() & !self.hold.val() {
            self.written.d.next = false;
            self.answers.d.next = true;
        }
        if self.answers.q.val() & self.bready.val() {
            self.answers.d.next = false;
            self.has_address.d.next = false;
            self.has_data.d.next = false;
        }

        // A write whose effect is not yet complete is seen by no read.
        self.reads.next = self.has_read.q.val()
            & !self.shows.q.val()
            & !self.hold.val()
            & !self.written.q.val()
            & !self.writes.val();
        if self.reads.val() {
            self.shows.d.next = true;
            self.shown.d.next = self.read_data.val();
        }
        if self.shows.q.val() & self.rready.val() {
            self.shows.d.next = false;
            self.has_read.d.next = false;
        }
        if self.reset.val() {
            self.has_address.d.next = false;
            self.has_data.d.next = false;
            self.written.d.next = false;
            self.answers.d.next = false;
            self.has_read.d.next = false;
            self.shows.d.next = false;
        }

        self.byte_0.next = bits::<32>(0);
        self.byte_1.next = bits::<32>(0);
        self.byte_2.next = bits::<32>(0);
        self.byte_3.next = bits::<32>(0);
        if self.strobes.q.val().get_bit(0) {
            self.byte_0.next = bits::<32>(255);
        }
        if self.strobes.q.val().get_bit(1) {
            self.byte_1.next = bits::<32>(255) << bits::<5>(8);
        }
        if self.strobes.q.val().get_bit(2) {
            self.byte_2.next = bits::<32>(255) << bits::<5>(16);
        }
        if self.strobes.q.val().get_bit(3) {
            self.byte_3.next = bits::<32>(255) << bits::<5>(24);
        }
        self.write.next = self.writes.val();
        self.write_word.next = self.address.q.val();
        self.write_data.next = self.data.q.val();
        self.write_mask.next =
            self.byte_0.val() | self.byte_1.val() | self.byte_2.val() | self.byte_3.val();
        self.read.next = self.reads.val();
        self.read_word.next = self.read_address.q.val();
        self.bvalid.next = self.answers.q.val();
        self.bresp.next = bits::<2>(0);
        self.rvalid.next = self.shows.q.val();
        self.rdata.next = self.shown.q.val();
        self.rresp.next = bits::<2>(0);
    }
}
