//! One AXI4 read port for the fetch alone.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Puts requests of the port's pages on AR, and hands on what comes back: a request is on AR in the cycle after it was granted, a
/// beat is handed on in the cycle after it was taken.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct FetchPort {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Back to the start.
    pub reset: Signal<In, Bit>,
    /// The port, constant.
    pub port: Signal<In, Bits<2>>,
    /// Ports less one, constant; they take turns page by page.
    pub other_ports: Signal<In, Bits<2>>,
    /// A burst is asked for.
    pub ask: Signal<In, Bit>,
    /// Its first beat.
    pub address: Signal<In, Bits<30>>,
    /// Its beats, 1 to 64.
    pub beats: Signal<In, Bits<7>>,
    /// It is of this port, and granted.
    pub grants: Signal<Out, Bit>,
    /// AR: byte address.
    pub araddr: Signal<Out, Bits<36>>,
    /// AR: beats less one.
    pub arlen: Signal<Out, Bits<8>>,
    /// AR.
    pub arvalid: Signal<Out, Bit>,
    /// AR.
    pub arready: Signal<In, Bit>,
    /// R.
    pub rdata: Signal<In, Bits<512>>,
    /// R: OKAY is 0.
    pub rresp: Signal<In, Bits<2>>,
    /// R.
    pub rlast: Signal<In, Bit>,
    /// R.
    pub rvalid: Signal<In, Bit>,
    /// A beat.
    pub valid: Signal<Out, Bit>,
    /// It.
    pub data: Signal<Out, Bits<512>>,
    /// It came with an error.
    pub error: Signal<Out, Bit>,
    /// A burst is under way.
    pub busy: Signal<Out, Bit>,

    asked: DFF<Bit>,
    at: DFF<Bits<30>>,
    len: DFF<Bits<7>>,
    has_beat: DFF<Bit>,
    beat: DFF<Bits<512>>,
    bad: DFF<Bit>,
    open: DFF<Bits<5>>,
    own: Signal<Local, Bit>,
    page: Signal<Local, Bits<2>>,
    more: Signal<Local, Bits<5>>,
    less: Signal<Local, Bits<5>>,
    counted: Signal<Local, Bits<5>>,
}

impl Logic for FetchPort {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, asked, at, len, has_beat, beat, bad, open);
        self.page.next = self.address.val().get_bits::<2>(6) & self.other_ports.val();
        self.own.next = self.ask.val()
            & (self.page.val() == self.port.val())
            & (!self.asked.q.val() | self.arready.val());
        if self.arready.val() {
            self.asked.d.next = false;
        }
        self.more.next = bits::<5>(0);
        if self.own.val() {
            self.more.next = bits::<5>(1);
            self.asked.d.next = true;
            self.at.d.next = self.address.val();
            self.len.d.next = self.beats.val() - bits::<7>(1);
        }
        self.less.next = bits::<5>(0);
        if self.rvalid.val() & self.rlast.val() {
            self.less.next = bits::<5>(1);
        }
        self.counted.next = self.open.q.val() + self.more.val() - self.less.val();
        self.open.d.next = self.counted.val();
        self.has_beat.d.next = self.rvalid.val();
        self.beat.d.next = self.rdata.val();
        self.bad.d.next = self.rresp.val().any();
        if self.reset.val() {
            self.asked.d.next = false;
            self.has_beat.d.next = false;
            self.open.d.next = bits::<5>(0);
        }
        self.grants.next = self.own.val();
        self.araddr.next = bit_cast::<36, 30>(self.at.q.val()) << bits::<5>(6);
        self.arlen.next = bit_cast::<8, 7>(self.len.q.val());
        self.arvalid.next = self.asked.q.val();
        self.valid.next = self.has_beat.q.val();
        self.data.next = self.beat.q.val();
        self.error.next = self.bad.q.val();
        self.busy.next = self.open.q.val().any() | self.has_beat.q.val();
    }
}
