//! The write side of an AXI master.

use super::outlet::Outlet;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Sends bursts as AW, pulls their beats from the clients in the same order, and says whose responses come back. Every response is
/// taken in the cycle in which it is there; the client sees it in the next.
///
/// Beats are pulled ahead of the memory, at most 8 of them, so that the way from a client costs nothing between bursts. The
/// FIFOs of bursts (for data, and for responses) and of beats stand beside this block.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct WritePort {
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
    pub awvalid: Signal<Out, Bit>,
    /// AXI.
    pub awready: Signal<In, Bit>,
    /// AXI, in bytes.
    pub awaddr: Signal<Out, Bits<36>>,
    /// AXI, beats less one.
    pub awlen: Signal<Out, Bits<8>>,
    /// AXI: a beat leaves.
    pub beat_leaves: Signal<In, Bit>,
    /// AXI.
    pub bvalid: Signal<In, Bit>,
    /// AXI.
    pub bresp: Signal<In, Bits<2>>,

    /// Both FIFOs of bursts have room.
    pub order_room: Signal<In, Bit>,
    /// There is a burst whose beats are to be pulled.
    pub data_holds: Signal<In, Bit>,
    /// The oldest: beats less one 6, client 3.
    pub data_head: Signal<In, Bits<9>>,
    /// Its last beat is pulled.
    pub data_pop: Signal<Out, Bit>,
    /// There is a burst without a response.
    pub response_holds: Signal<In, Bit>,
    /// The oldest: address 30, client 3.
    pub response_head: Signal<In, Bits<33>>,
    /// It has its response.
    pub response_pop: Signal<Out, Bit>,

    /// A client's beat is pulled, one bit for each.
    pub pull: Signal<Out, Bits<6>>,
    /// It is the last of its burst.
    pub pull_last: Signal<Out, Bit>,
    /// A response for the client, one bit for each, one cycle after AXI's.
    pub client_done: Signal<Out, Bits<6>>,
    /// That response is an error.
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
    ahead: DFF<Bits<4>>,
    ahead_up: Signal<Local, Bits<4>>,
    ahead_down: Signal<Local, Bits<4>>,
    pulls: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    done: Signal<Local, Bit>,
    owner: Signal<Local, Bits<6>>,
    to_client: DFF<Bits<6>>,
    faulty: DFF<Bits<6>>,
    address: DFF<Bits<30>>,
}

impl Logic for WritePort {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, beat_at, ahead, to_client, faulty, address);
        self.outlet.clock.next = self.clock.val();
        self.outlet.reset.next = self.reset.val();
        self.outlet.push.next = self.push.val();
        self.outlet.data.next = self.request.val();
        self.outlet.ready.next = self.awready.val();
        self.room.next = self.outlet.room.val() & self.order_room.val();
        self.awvalid.next = self.outlet.valid.val();
        self.awaddr.next =
            bit_cast::<36, 30>(self.outlet.offer.val().get_bits::<30>(6)) << bits::<6>(6);
        self.awlen.next = bit_cast::<8, 6>(self.outlet.offer.val().get_bits::<6>(0));

        // Beats.
        self.pulls.next = self.data_holds.val() & !self.ahead.q.val().get_bit(3);
        self.last.next = self.beat_at.q.val() == self.data_head.val().get_bits::<6>(0);
        self.beat_up.next = self.beat_at.q.val() + bits::<6>(1);
        self.ahead_up.next = self.ahead.q.val() + bits::<4>(1);
        self.ahead_down.next = self.ahead.q.val() - bits::<4>(1);
        self.pull.next = bits::<6>(0);
        if self.pulls.val() {
            self.pull.next = bits::<6>(1) << self.data_head.val().get_bits::<3>(6);
            self.beat_at.d.next = self.beat_up.val();
            if self.last.val() {
                self.beat_at.d.next = bits::<6>(0);
            }
            if !self.beat_leaves.val() {
                self.ahead.d.next = self.ahead_up.val();
            }
        } else {
            if self.beat_leaves.val() {
                self.ahead.d.next = self.ahead_down.val();
            }
        }
        self.pull_last.next = self.last.val();
        self.data_pop.next = self.pulls.val() & self.last.val();

        // Responses.
        self.done.next = self.bvalid.val() & self.response_holds.val();
        self.response_pop.next = self.done.val();
        self.owner.next = bits::<6>(1) << self.response_head.val().get_bits::<3>(30);
        self.to_client.d.next = bits::<6>(0);
        self.faulty.d.next = bits::<6>(0);
        self.address.d.next = self.response_head.val().get_bits::<30>(0);
        if self.done.val() {
            self.to_client.d.next = self.owner.val();
            if self.bresp.val().any() {
                self.faulty.d.next = self.owner.val();
            }
        }
        if self.reset.val() {
            self.beat_at.d.next = bits::<6>(0);
            self.ahead.d.next = bits::<4>(0);
            self.to_client.d.next = bits::<6>(0);
            self.faulty.d.next = bits::<6>(0);
        }
        self.client_done.next = self.to_client.q.val();
        self.error.next = self.faulty.q.val().any();
        self.fault.next = self.faulty.q.val();
        self.fault_address.next = self.address.q.val();
        self.busy.next = self.response_holds.val()
            | self.data_holds.val()
            | self.ahead.q.val().any()
            | self.to_client.q.val().any();
    }
}
