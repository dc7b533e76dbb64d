//! The next request of a store.

use rust_hdl_core::prelude::*;

/// What [`super::Ask`] asks for next, without a register. It stands apart, so that what is asked does not follow from what is taken, not even
/// to tools that look at whole blocks. Addresses are in beats.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Demand {
    /// Beats under way.
    pub held: Signal<In, Bits<13>>,
    /// Beats under way with which there is room for the longest burst, constant.
    pub room_beats: Signal<In, Bits<13>>,
    /// See [`super::Ask`].
    pub burst_holds: Signal<In, Bit>,
    /// The burst: where it begins in the results 30, its beats 7.
    pub burst: Signal<In, Bits<37>>,
    /// See [`super::Ask`].
    pub runs: Signal<In, Bit>,
    /// See [`super::Ask`].
    pub phase: Signal<In, Bits<3>>,
    /// See [`super::Ask`].
    pub on_add: Signal<In, Bit>,
    /// See [`super::Ask`].
    pub on_factor: Signal<In, Bit>,
    /// See [`super::Ask`].
    pub on_mask: Signal<In, Bit>,
    /// See [`super::Ask`].
    pub on_add_base: Signal<In, Bits<30>>,
    /// See [`super::Ask`].
    pub on_factor_base: Signal<In, Bits<30>>,
    /// See [`super::Ask`].
    pub on_mask_base: Signal<In, Bits<30>>,
    /// See [`super::Ask`].
    pub at: Signal<In, Bits<30>>,
    /// See [`super::Ask`].
    pub part_left: Signal<In, Bits<7>>,
    /// See [`super::Ask`].
    pub last_mask: Signal<In, Bits<30>>,
    /// See [`super::Ask`].
    pub has_last: Signal<In, Bit>,

    /// Something can be asked for, or a burst needs nothing.
    pub can: Signal<Out, Bit>,
    /// The burst needs nothing.
    pub nothing: Signal<Out, Bit>,
    /// A request.
    pub request_valid: Signal<Out, Bit>,
    /// Where.
    pub request_address: Signal<Out, Bits<30>>,
    /// Its beats.
    pub request_beats: Signal<Out, Bits<7>>,
    /// It is of the bias.
    pub request_bias: Signal<Out, Bit>,
    /// It is of the tensor whose products are summed.
    pub request_factor: Signal<Out, Bit>,
    /// It is of the mask, or of the bias.
    pub request_mask: Signal<Out, Bit>,
    /// Beats of the same that are left, in the next page.
    pub rest: Signal<Out, Bits<7>>,
    /// Where they are.
    pub after: Signal<Out, Bits<30>>,
    /// The tensor whose products are summed is asked for after what is added.
    pub factor_follows: Signal<Out, Bit>,
    /// The mask is asked for next.
    pub mask_follows: Signal<Out, Bit>,
    /// Last beat of the burst's mask.
    pub mask_to: Signal<Out, Bits<30>>,

    offset: Signal<Local, Bits<30>>,
    beats: Signal<Local, Bits<7>>,
    end_offset: Signal<Local, Bits<30>>,
    mask_from: Signal<Local, Bits<30>>,
    mask_span_unused: Signal<Local, Bits<30>>,
    mask_same: Signal<Local, Bit>,
    mask_skip: Signal<Local, Bits<30>>,
    mask_first: Signal<Local, Bits<30>>,
    mask_count: Signal<Local, Bits<7>>,
    has_mask: Signal<Local, Bit>,
    is_add: Signal<Local, Bit>,
    is_factor: Signal<Local, Bit>,
    begins: Signal<Local, Bit>,
    address: Signal<Local, Bits<30>>,
    count: Signal<Local, Bits<7>>,
    to_page: Signal<Local, Bits<7>>,
    now: Signal<Local, Bits<7>>,
    fits: Signal<Local, Bit>,
    does: Signal<Local, Bit>,
    wants_nothing: Signal<Local, Bit>,
    left_over: Signal<Local, Bits<7>>,
    mask_end: Signal<Local, Bits<30>>,
}

impl Logic for Demand {
    #[hdl_gen]
    fn update(&mut self) {
        self.fits.next = self.held.val() <= self.room_beats.val();
        // The mask's beats of a burst: each has the bits of 16 beats.
        self.offset.next = self.burst.val().get_bits::<30>(7);
        self.beats.next = self.burst.val().get_bits::<7>(0);
        self.end_offset.next =
            self.offset.val() + bit_cast::<30, 7>(self.beats.val()) - bits::<30>(1);
        self.mask_from.next = self.offset.val() >> bits::<5>(4);
        self.mask_end.next = self.end_offset.val() >> bits::<5>(4);
        self.mask_same.next = self.has_last.val() & (self.last_mask.val() == self.mask_from.val());
        self.mask_skip.next = bit_cast::<30, 1>(self.mask_same.val().into());
        self.mask_first.next =
            self.on_mask_base.val() + self.mask_from.val() + self.mask_skip.val();
        self.mask_span_unused.next =
            self.mask_end.val() + bits::<30>(1) - self.mask_from.val() - self.mask_skip.val();
        self.mask_count.next = self.mask_span_unused.val().get_bits::<7>(0);
        self.has_mask.next = self.on_mask.val() & self.mask_count.val().any();

        // The request.
        self.is_add.next = ((self.phase.val() == bits::<3>(0)) & self.on_add.val())
            | (self.phase.val() == bits::<3>(1));
        self.is_factor.next =
            ((self.phase.val() == bits::<3>(0)) & !self.on_add.val() & self.on_factor.val())
                | (self.phase.val() == bits::<3>(5))
                | (self.phase.val() == bits::<3>(6));
        self.begins.next = (self.phase.val() == bits::<3>(0))
            | (self.phase.val() == bits::<3>(2))
            | (self.phase.val() == bits::<3>(5));
        self.address.next = self.at.val();
        self.count.next = self.part_left.val();
        if self.begins.val() {
            self.address.next = self.mask_first.val();
            self.count.next = self.mask_count.val();
            if self.is_add.val() {
                self.address.next = self.on_add_base.val() + self.offset.val();
                self.count.next = self.beats.val();
            }
            if self.is_factor.val() {
                self.address.next = self.on_factor_base.val() + self.offset.val();
                self.count.next = self.beats.val();
            }
        }
        self.to_page.next = bits::<7>(64) - bit_cast::<7, 6>(self.address.val().get_bits::<6>(0));
        self.now.next = self.count.val();
        if self.to_page.val() < self.count.val() {
            self.now.next = self.to_page.val();
        }
        self.left_over.next = self.count.val() - self.now.val();
        self.after.next = self.address.val() + bit_cast::<30, 7>(self.now.val());
        self.does.next =
            self.phase.val().any() | (self.runs.val() & self.burst_holds.val() & self.fits.val());
        self.wants_nothing.next = (self.phase.val() == bits::<3>(0))
            & !self.on_add.val()
            & !self.on_factor.val()
            & !self.has_mask.val();
        self.request_valid.next = self.does.val() & !self.wants_nothing.val();
        self.request_address.next = self.address.val();
        self.request_beats.next = self.now.val();
        self.request_bias.next = self.phase.val() == bits::<3>(4);
        self.request_factor.next = self.is_factor.val();
        self.request_mask.next = !self.is_add.val() & !self.is_factor.val();
        self.can.next = self.does.val();
        self.nothing.next = self.wants_nothing.val();
        self.rest.next = self.left_over.val();
        self.mask_to.next = self.mask_end.val();
        self.factor_follows.next = self.is_add.val() & self.on_factor.val();
        self.mask_follows.next = ((self.is_add.val() & !self.on_factor.val())
            | self.is_factor.val())
            & self.has_mask.val();
    }
}
