//! The program's way out of card memory: bursts that are asked for ahead, and the buffer that they arrive in.
//!
//! Beats are numbered through card memory, 64 bytes each. A beat's place in the buffer is its number modulo
//! [`satkit_spec::FETCH_BUFFER_BEATS`], so that beats which arrive through several ports at once need no order among them.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Asks for the program, one burst per cycle while the buffer has room for it.
///
/// Bursts have 16 beats and are aligned to as much; the first and the last may be shorter. It stands apart from [`Fetch`], so that what is
/// asked does not follow from what is granted, not even to tools that look at whole blocks.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Ask {
    /// The program runs.
    pub runs: Signal<In, Bit>,
    /// Beats of the buffer, constant.
    pub buffer_beats: Signal<In, Bits<8>>,
    /// The next beat.
    pub next_beat: Signal<In, Bits<30>>,
    /// Beats from there to the end of the program.
    pub beats_left: Signal<In, Bits<30>>,
    /// Beats in the buffer, or on their way to it.
    pub held_beats: Signal<In, Bits<8>>,
    /// A burst is asked for.
    pub ar_valid: Signal<Out, Bit>,
    /// Its first beat.
    pub ar_address: Signal<Out, Bits<30>>,
    /// Its beats.
    pub ar_beats: Signal<Out, Bits<7>>,

    to_boundary: Signal<Local, Bits<5>>,
    beats: Signal<Local, Bits<5>>,
    held_with: Signal<Local, Bits<8>>,
}

impl Logic for Ask {
    #[hdl_gen]
    fn update(&mut self) {
        self.to_boundary.next =
            bits::<5>(16) - bit_cast::<5, 4>(self.next_beat.val().get_bits::<4>(0));
        self.beats.next = self.to_boundary.val();
        if self.beats_left.val() < bit_cast::<30, 5>(self.to_boundary.val()) {
            self.beats.next = self.beats_left.val().get_bits::<5>(0);
        }
        self.held_with.next = self.held_beats.val() + bit_cast::<8, 5>(self.beats.val());
        self.ar_valid.next = self.runs.val()
            & self.beats_left.val().any()
            & (self.held_with.val() <= self.buffer_beats.val());
        self.ar_address.next = self.next_beat.val();
        self.ar_beats.next = bit_cast::<7, 5>(self.beats.val());
    }
}

/// Keeps what is to be asked for, and how full the buffer is.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Fetch {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Takes the program over and forgets what was.
    pub load: Signal<In, Bit>,
    /// First beat of the program.
    pub first_beat: Signal<In, Bits<30>>,
    /// Beats of the program.
    pub program_beats: Signal<In, Bits<30>>,
    /// The last instruction of a burst is dispatched in this cycle.
    pub frees: Signal<In, Bit>,
    /// Beats of that burst.
    pub freed_beats: Signal<In, Bits<8>>,
    /// A burst is asked for.
    pub ar_valid: Signal<In, Bit>,
    /// Its beats.
    pub ar_beats: Signal<In, Bits<7>>,
    /// It is granted.
    pub ar_ready: Signal<In, Bit>,
    /// The next beat.
    pub next_beat: Signal<Out, Bits<30>>,
    /// Beats from there to the end of the program.
    pub beats_left: Signal<Out, Bits<30>>,
    /// Beats in the buffer, or on their way to it.
    pub held_beats: Signal<Out, Bits<8>>,

    next: DFF<Bits<30>>,
    left: DFF<Bits<30>>,
    held: DFF<Bits<8>>,
    taken: Signal<Local, Bits<7>>,
    given: Signal<Local, Bits<8>>,
}

impl Logic for Fetch {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, next, left, held);
        self.taken.next = bits::<7>(0);
        if self.ar_valid.val() & self.ar_ready.val() {
            self.taken.next = self.ar_beats.val();
        }
        self.given.next = bits::<8>(0);
        if self.frees.val() {
            self.given.next = self.freed_beats.val();
        }
        self.next.d.next = self.next.q.val() + bit_cast::<30, 7>(self.taken.val());
        self.left.d.next = self.left.q.val() - bit_cast::<30, 7>(self.taken.val());
        self.held.d.next =
            self.held.q.val() + bit_cast::<8, 7>(self.taken.val()) - self.given.val();
        if self.load.val() {
            self.next.d.next = self.first_beat.val();
            self.left.d.next = self.program_beats.val();
            self.held.d.next = bits::<8>(0);
        }
        self.next_beat.next = self.next.q.val();
        self.beats_left.next = self.left.q.val();
        self.held_beats.next = self.held.q.val();
    }
}

/// Follows the beats that arrive through one port: where each goes, and how many whole bursts wait there.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Arrivals {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Takes the program over and forgets what was.
    pub load: Signal<In, Bit>,
    /// First beat of the program.
    pub first_beat: Signal<In, Bits<30>>,
    /// Its last beat.
    pub last_beat: Signal<In, Bits<30>>,
    /// The port, constant.
    pub port: Signal<In, Bits<2>>,
    /// Ports less one, constant; they take turns page by page.
    pub other_ports: Signal<In, Bits<2>>,
    /// A beat arrives.
    pub arrives: Signal<In, Bit>,
    /// The first burst that waits here is dispatched to its end.
    pub frees: Signal<In, Bit>,
    /// Place of the beat in the buffer.
    pub place: Signal<Out, Bits<7>>,
    /// The first burst that waits here is complete.
    pub complete: Signal<Out, Bit>,

    beat: DFF<Bits<30>>,
    bursts: DFF<Bits<4>>,
    apart: Signal<Local, Bits<2>>,
    ahead: Signal<Local, Bits<2>>,
    page: Signal<Local, Bits<24>>,
    step: Signal<Local, Bits<30>>,
    next: Signal<Local, Bits<30>>,
    ends: Signal<Local, Bit>,
    more: Signal<Local, Bits<4>>,
    less: Signal<Local, Bits<4>>,
    counted: Signal<Local, Bits<4>>,
}

impl Logic for Arrivals {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, beat, bursts);
        // Behind a page, the port's next one comes after the pages of the others.
        self.step.next = bits::<30>(1);
        if self.beat.q.val().get_bits::<6>(0).all() {
            self.step.next =
                (bit_cast::<30, 2>(self.other_ports.val()) << bits::<5>(6)) | bits::<30>(1);
        }
        self.next.next = self.beat.q.val() + self.step.val();
        self.ends.next = self.arrives.val()
            & (self.beat.q.val().get_bits::<4>(0).all()
                | (self.beat.q.val() == self.last_beat.val()));
        if self.arrives.val() {
            self.beat.d.next = self.next.val();
        }
        self.more.next = bits::<4>(0);
        if self.ends.val() {
            self.more.next = bits::<4>(1);
        }
        self.less.next = bits::<4>(0);
        if self.frees.val() {
            self.less.next = bits::<4>(1);
        }
        self.counted.next = self.bursts.q.val() + self.more.val() - self.less.val();
        self.bursts.d.next = self.counted.val();

        // The program's first page of this port.
        self.apart.next = self.port.val() - self.first_beat.val().get_bits::<2>(6);
        self.ahead.next = self.apart.val() & self.other_ports.val();
        self.page.next =
            self.first_beat.val().get_bits::<24>(6) + bit_cast::<24, 2>(self.ahead.val());
        if self.load.val() {
            self.bursts.d.next = bits::<4>(0);
            self.beat.d.next = bit_cast::<30, 24>(self.page.val()) << bits::<5>(6);
            if !self.ahead.val().any() {
                self.beat.d.next = self.first_beat.val();
            }
        }
        self.place.next = self.beat.q.val().get_bits::<7>(0);
        self.complete.next = self.bursts.q.val().any();
    }
}
