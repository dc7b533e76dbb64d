//! Who may use a port.

use rust_hdl_core::prelude::*;

/// Looks at a client's request: a burst lies in one page of 4 KiB, which is in the card's memory, and so has at most 64 beats.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Check {
    /// The client asks.
    pub valid: Signal<In, Bit>,
    /// Address of the first beat, in beats.
    pub address: Signal<In, Bits<32>>,
    /// Beats.
    pub beats: Signal<In, Bits<7>>,
    /// Nobody is to get a port.
    pub hold: Signal<In, Bit>,
    /// The memory's last page, constant.
    pub last_page: Signal<In, Bits<26>>,
    /// It may have its port.
    pub asks: Signal<Out, Bit>,
    /// There is no such burst.
    pub refused: Signal<Out, Bit>,
    /// The burst: beats less one 6, address in beats 30.
    pub request: Signal<Out, Bits<36>>,

    past: Signal<Local, Bits<8>>,
    less: Signal<Local, Bits<7>>,
    legal: Signal<Local, Bit>,
    unused_less: Signal<Local, Bit>,
}

impl Logic for Check {
    #[hdl_gen]
    fn update(&mut self) {
        self.past.next = bit_cast::<8, 6>(self.address.val().get_bits::<6>(0))
            + bit_cast::<8, 7>(self.beats.val());
        self.less.next = self.beats.val() - bits::<7>(1);
        self.unused_less.next = self.less.val().get_bit(6);
        self.legal.next = self.beats.val().any()
            & (self.past.val() <= bits::<8>(64))
            & (self.address.val().get_bits::<26>(6) <= self.last_page.val());
        self.asks.next = self.valid.val() & self.legal.val() & !self.hold.val();
        self.refused.next = self.valid.val() & !self.legal.val();
        self.request.next = bit_cast::<36, 6>(self.less.val().get_bits::<6>(0))
            | (bit_cast::<36, 30>(self.address.val().get_bits::<30>(0)) << bits::<6>(6));
    }
}

/// Gives a port to the first of its clients that asks, for one request.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Arbiter {
    /// Which clients ask for this port, the first lowest.
    pub asks: Signal<In, Bits<6>>,
    /// The port has room.
    pub room: Signal<In, Bit>,
    /// Burst of a client.
    pub request_0: Signal<In, Bits<36>>,
    /// Burst of a client.
    pub request_1: Signal<In, Bits<36>>,
    /// Burst of a client.
    pub request_2: Signal<In, Bits<36>>,
    /// Burst of a client.
    pub request_3: Signal<In, Bits<36>>,
    /// Burst of a client.
    pub request_4: Signal<In, Bits<36>>,
    /// Burst of a client.
    pub request_5: Signal<In, Bits<36>>,
    /// Whose request is taken.
    pub grant: Signal<Out, Bits<6>>,
    /// One is.
    pub taken: Signal<Out, Bit>,
    /// Its client's number.
    pub client: Signal<Out, Bits<3>>,
    /// The burst.
    pub request: Signal<Out, Bits<36>>,
}

impl Logic for Arbiter {
    #[hdl_gen]
    fn update(&mut self) {
        self.grant.next = bits::<6>(0);
        self.client.next = bits::<3>(0);
        self.request.next = self.request_0.val();
        // The last assignment wins.
        if self.asks.val().get_bit(5) {
            self.grant.next = bits::<6>(32);
            self.client.next = bits::<3>(5);
            self.request.next = self.request_5.val();
        }
        if self.asks.val().get_bit(4) {
            self.grant.next = bits::<6>(16);
            self.client.next = bits::<3>(4);
            self.request.next = self.request_4.val();
        }
        if self.asks.val().get_bit(3) {
            self.grant.next = bits::<6>(8);
            self.client.next = bits::<3>(3);
            self.request.next = self.request_3.val();
        }
        if self.asks.val().get_bit(2) {
            self.grant.next = bits::<6>(4);
            self.client.next = bits::<3>(2);
            self.request.next = self.request_2.val();
        }
        if self.asks.val().get_bit(1) {
            self.grant.next = bits::<6>(2);
            self.client.next = bits::<3>(1);
            self.request.next = self.request_1.val();
        }
        if self.asks.val().get_bit(0) {
            self.grant.next = bits::<6>(1);
            self.client.next = bits::<3>(0);
            self.request.next = self.request_0.val();
        }
        self.taken.next = self.asks.val().any() & self.room.val();
        if !self.room.val() {
            self.grant.next = bits::<6>(0);
        }
    }
}
