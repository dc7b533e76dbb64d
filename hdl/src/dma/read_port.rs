//! The read side of an AXI master.

use super::outlet::Outlet;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Sends bursts as AR and says whose beats come back. Every beat is taken in the cycle in which it is there; the client sees it in
/// the next. The bursts under way stand in a FIFO beside this block.
///
/// A beat is an error if its response is one, or if `rlast` is not where the burst ends: the burst's own length is what counts.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct ReadPort {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything; only while nothing is under way, or with the memory.
    pub reset: Signal<In, Bit>,
    /// A burst comes in; only with `room`.
    pub push: Signal<In, Bit>,
    /// The burst: beats less one 6, address in beats 30.
    pub request: Signal<In, Bits<36>>,
    /// There is room for one.
    pub room: Signal<Out, Bit>,

    /// AXI.
    pub arvalid: Signal<Out, Bit>,
    /// AXI.
    pub arready: Signal<In, Bit>,
    /// AXI, in bytes.
    pub araddr: Signal<Out, Bits<36>>,
    /// AXI, beats less one.
    pub arlen: Signal<Out, Bits<8>>,
    /// AXI.
    pub rvalid: Signal<In, Bit>,
    /// AXI.
    pub rresp: Signal<In, Bits<2>>,
    /// AXI.
    pub rlast: Signal<In, Bit>,

    /// The FIFO of bursts has room.
    pub order_room: Signal<In, Bit>,
    /// It holds one.
    pub order_holds: Signal<In, Bit>,
    /// The oldest: beats less one 6, address 30, client 3.
    pub order_head: Signal<In, Bits<39>>,
    /// The oldest is done.
    pub order_pop: Signal<Out, Bit>,

    /// A beat for the client, one bit for each, one cycle after AXI's.
    pub client_valid: Signal<Out, Bits<6>>,
    /// That beat is an error.
    pub error: Signal<Out, Bit>,
    /// The same, one bit for each client.
    pub fault: Signal<Out, Bits<6>>,
    /// Address of its burst, in beats.
    pub fault_address: Signal<Out, Bits<30>>,
    /// Something is under way.
    pub busy: Signal<Out, Bit>,

    outlet: Outlet<36>,
    beat_at: DFF<Bits<6>>,
    beat_up: Signal<Local, Bits<6>>,
    beat: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    wrong: Signal<Local, Bit>,
    owner: Signal<Local, Bits<6>>,
    to_client: DFF<Bits<6>>,
    faulty: DFF<Bits<6>>,
    address: DFF<Bits<30>>,
}

impl Logic for ReadPort {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, beat_at, to_client, faulty, address);
        self.outlet.clock.next = self.clock.val();
        self.outlet.reset.next = self.reset.val();
        self.outlet.push.next = self.push.val();
        self.outlet.data.next = self.request.val();
        self.outlet.ready.next = self.arready.val();
        self.room.next = self.outlet.room.val() & self.order_room.val();
        self.arvalid.next = self.outlet.valid.val();
        self.araddr.next =
            bit_cast::<36, 30>(self.outlet.offer.val().get_bits::<30>(6)) << bits::<6>(6);
        self.arlen.next = bit_cast::<8, 6>(self.outlet.offer.val().get_bits::<6>(0));

        self.beat.next = self.rvalid.val() & self.order_holds.val();
        self.beat_up.next = self.beat_at.q.val() + bits::<6>(1);
        self.last.next = self.beat_at.q.val() == self.order_head.val().get_bits::<6>(0);
        self.wrong.next = self.rresp.val().any() | (self.rlast.val() ^ self.last.val());
        self.order_pop.next = self.beat.val() & self.last.val();
        self.owner.next = bits::<6>(1) << self.order_head.val().get_bits::<3>(36);
        self.to_client.d.next = bits::<6>(0);
        self.faulty.d.next = bits::<6>(0);
        self.address.d.next = self.order_head.val().get_bits::<30>(6);
        if self.beat.val() {
            self.to_client.d.next = self.owner.val();
            if self.wrong.val() {
                self.faulty.d.next = self.owner.val();
            }
            self.beat_at.d.next = self.beat_up.val();
            if self.last.val() {
                self.beat_at.d.next = bits::<6>(0);
            }
        }
        if self.reset.val() {
            self.beat_at.d.next = bits::<6>(0);
            self.to_client.d.next = bits::<6>(0);
            self.faulty.d.next = bits::<6>(0);
        }
        self.client_valid.next = self.to_client.q.val();
        self.error.next = self.faulty.q.val().any();
        self.fault.next = self.faulty.q.val();
        self.fault_address.next = self.address.q.val();
        self.busy.next = self.order_holds.val() | self.to_client.q.val().any();
    }
}
