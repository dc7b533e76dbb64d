//! A load's beats on their way into the row banks.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Says of each beat which words of which line it holds. A beat is taken per cycle, or in several where its values are scattered; before the first of a load there is a cycle in which
/// the banks' tag goes up and a line of them is cleared.
///
/// **Tags.** What a load does not write has to be read as zeros: padding, and rows and columns behind the image. So each word has the tag of the
/// load that wrote it beside it, and a word of another tag is zero. A half's tag counts its loads, modulo the lines of the half: the four words
/// of an address of the sub-banks. Load t writes zeros into line t before anything else, so that no word is older than the tags tell apart.
///
/// What it says of a step it says in registers, in the cycle after it.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct ActivationSteps {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything but the tags: the next load fills the lower half.
    pub reset: Signal<In, Bit>,
    /// One load more may begin.
    pub may: Signal<In, Bit>,
    /// A beat is there.
    pub beat: Signal<In, Bit>,
    /// It came with an error.
    pub error: Signal<In, Bit>,

    /// A stripe is there: lines of pixels.
    pub holds: Signal<In, Bit>,
    /// It is its load's first.
    pub is_first: Signal<In, Bit>,
    /// It is its load's last.
    pub is_last: Signal<In, Bit>,
    /// Its lines; without any it has no beats.
    pub lines: Signal<In, Bits<16>>,
    /// Pixels of a line; beats that hold several pixels have one of all words of the line.
    pub pixels: Signal<In, Bits<16>>,
    /// Words of a pixel.
    pub words: Signal<In, Bits<16>>,
    /// Address of its first line.
    pub at: Signal<In, Bits<16>>,
    /// From a line's address to the next one's.
    pub line_words: Signal<In, Bits<16>>,
    /// Word of a line at which its first pixel begins.
    pub pixel: Signal<In, Bits<16>>,
    /// From a pixel's word to the next one's.
    pub pixel_step: Signal<In, Bits<16>>,
    /// Words of the first beat before the first pixel's.
    pub lead: Signal<In, Bits<2>>,
    /// By how much that grows from one line to the next, modulo 4.
    pub line_lead: Signal<In, Bits<2>>,
    /// And from one pixel to the next.
    pub pixel_lead: Signal<In, Bits<2>>,

    /// Each value goes to a lane of its own.
    pub scatters: Signal<In, Bit>,
    /// A beat has words of several pixels, of which such a step takes one.
    pub shares_beat: Signal<In, Bit>,
    /// Steps of another beat of such values less one, constant.
    pub parts: Signal<In, Bits<2>>,

    /// The beat is taken.
    pub ready: Signal<Out, Bit>,
    /// The stripe's last step.
    pub leaves: Signal<Out, Bit>,
    /// The load's last step was in the cycle before.
    pub ended: Signal<Out, Bit>,
    /// A beat with an error has come; nothing more is written.
    pub failed: Signal<Out, Bit>,
    /// A line is cleared.
    pub clears: Signal<Out, Bit>,
    /// Values of a part of a beat go to lanes of their own.
    pub scattered: Signal<Out, Bit>,
    /// The part.
    pub part: Signal<Out, Bits<2>>,
    /// Words of the beat that are written somewhere.
    pub mask: Signal<Out, Bits<4>>,
    /// Address of the line.
    pub line_at: Signal<Out, Bits<16>>,
    /// Word of the line at which the pixel begins.
    pub pixel_at: Signal<Out, Bits<24>>,
    /// Word of the pixel at which the beat begins, with a sign.
    pub word_at: Signal<Out, Bits<24>>,
    /// The half.
    pub half: Signal<Out, Bit>,
    /// Tag of what is written.
    pub tag: Signal<Out, Bits<14>>,
    /// Tag of the lower half.
    pub lower_tag: Signal<Out, Bits<14>>,
    /// Tag of the upper half.
    pub upper_tag: Signal<Out, Bits<14>>,

    allowed: DFF<Bits<10>>,
    allowed_sum: Signal<Local, Bits<10>>,
    begun: DFF<Bit>,
    opened: DFF<Bit>,
    upper: DFF<Bit>,
    wrong: DFF<Bit>,
    lower_count: DFF<Bits<14>>,
    upper_count: DFF<Bits<14>>,
    word: DFF<Bits<24>>,
    pixel_word: DFF<Bits<24>>,
    pixel_count: DFF<Bits<16>>,
    line_count: DFF<Bits<16>>,
    address: DFF<Bits<16>>,
    run_lead: DFF<Bits<2>>,
    first_lead: DFF<Bits<2>>,
    finished: DFF<Bit>,
    cleared: DFF<Bit>,
    written: DFF<Bits<4>>,
    written_at: DFF<Bits<16>>,
    written_pixel: DFF<Bits<24>>,
    written_word: DFF<Bits<24>>,
    written_half: DFF<Bit>,
    written_tag: DFF<Bits<14>>,
    scatters_now: DFF<Bit>,
    next_part: DFF<Bits<2>>,
    written_part: DFF<Bits<2>>,

    last_part: Signal<Local, Bits<2>>,
    part_up: Signal<Local, Bits<2>>,
    ends_beat: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    clear: Signal<Local, Bit>,
    empty: Signal<Local, Bit>,
    works: Signal<Local, Bit>,
    completes: Signal<Local, Bit>,
    lower_up: Signal<Local, Bits<14>>,
    upper_up: Signal<Local, Bits<14>>,
    now_word: Signal<Local, Bits<24>>,
    now_pixel: Signal<Local, Bits<24>>,
    now_count: Signal<Local, Bits<16>>,
    now_line: Signal<Local, Bits<16>>,
    now_address: Signal<Local, Bits<16>>,
    now_lead: Signal<Local, Bits<2>>,
    now_first: Signal<Local, Bits<2>>,
    word_1: Signal<Local, Bits<24>>,
    word_2: Signal<Local, Bits<24>>,
    word_3: Signal<Local, Bits<24>>,
    word_4: Signal<Local, Bits<24>>,
    word_count: Signal<Local, Bits<24>>,
    is_0: Signal<Local, Bits<4>>,
    is_1: Signal<Local, Bits<4>>,
    is_2: Signal<Local, Bits<4>>,
    is_3: Signal<Local, Bits<4>>,
    pixel_ends: Signal<Local, Bit>,
    line_ends: Signal<Local, Bit>,
    last_line: Signal<Local, Bit>,
    count_up: Signal<Local, Bits<16>>,
    line_up: Signal<Local, Bits<16>>,
    pixel_up: Signal<Local, Bits<24>>,
    address_up: Signal<Local, Bits<16>>,
    lead_up: Signal<Local, Bits<2>>,
    first_up: Signal<Local, Bits<2>>,
    next_lead: Signal<Local, Bits<2>>,
    before_lead: Signal<Local, Bits<24>>,
    next_before: Signal<Local, Bits<24>>,
}

impl Logic for ActivationSteps {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            allowed,
            begun,
            opened,
            upper,
            wrong,
            lower_count,
            upper_count,
            word
        );
        dff_setup!(self, clock, pixel_word, pixel_count, line_count, address, run_lead);
        dff_setup!(self, clock, first_lead, finished, cleared, written, written_at);
        dff_setup!(self, clock, written_pixel, written_word, written_half, written_tag);
        dff_setup!(self, clock, scatters_now, next_part, written_part);
        self.clear.next = self.holds.val()
            & self.is_first.val()
            & self.allowed.q.val().any()
            & !self.begun.q.val()
            & !self.wrong.q.val();
        self.allowed_sum.next = self.allowed.q.val();
        if self.may.val() & !self.clear.val() {
            self.allowed_sum.next = self.allowed.q.val() + bits::<10>(1);
        }
        if !self.may.val() & self.clear.val() {
            self.allowed_sum.next = self.allowed.q.val() - bits::<10>(1);
        }
        self.allowed.d.next = self.allowed_sum.val();
        self.empty.next = !self.lines.val().any()
            & self.holds.val()
            & (self.clear.val() | !self.is_first.val())
            & !self.wrong.q.val();
        self.works.next = self.beat.val()
            & !self.error.val()
            & !self.wrong.q.val()
            & self.holds.val()
            & self.lines.val().any()
            & (self.begun.q.val() | !self.is_first.val());
        // A beat is taken in the last of its steps.
        self.last_part.next = bits::<2>(0);
        if self.scatters.val() {
            self.last_part.next = self.parts.val();
            if self.shares_beat.val() {
                self.last_part.next = bits::<2>(3);
            }
        }
        self.part_up.next = self.next_part.q.val() + bits::<2>(1);
        self.ends_beat.next = self.next_part.q.val() == self.last_part.val();
        self.takes.next = self.works.val() & self.ends_beat.val();
        if self.works.val() {
            self.next_part.d.next = self.part_up.val();
            if self.ends_beat.val() {
                self.next_part.d.next = bits::<2>(0);
            }
        }
        self.scatters_now.d.next = self.works.val() & self.scatters.val();
        self.written_part.d.next = self.next_part.q.val();

        // Where the beat begins.
        self.before_lead.next = bits::<24>(0) - bit_cast::<24, 2>(self.lead.val());
        self.now_word.next = self.before_lead.val();
        self.now_pixel.next = bit_cast::<24, 16>(self.pixel.val());
        self.now_count.next = bits::<16>(0);
        self.now_line.next = bits::<16>(0);
        self.now_address.next = self.at.val();
        self.now_lead.next = self.lead.val();
        self.now_first.next = self.lead.val();
        if self.opened.q.val() {
            self.now_word.next = self.word.q.val();
            self.now_pixel.next = self.pixel_word.q.val();
            self.now_count.next = self.pixel_count.q.val();
            self.now_line.next = self.line_count.q.val();
            self.now_address.next = self.address.q.val();
            self.now_lead.next = self.run_lead.q.val();
            self.now_first.next = self.first_lead.q.val();
        }

        // Which of its words are the pixel's; one before it is more than all.
        self.word_count.next = bit_cast::<24, 16>(self.words.val());
        self.word_1.next = self.now_word.val() + bits::<24>(1);
        self.word_2.next = self.now_word.val() + bits::<24>(2);
        self.word_3.next = self.now_word.val() + bits::<24>(3);
        self.word_4.next = self.now_word.val() + bits::<24>(4);
        self.is_0.next = bits::<4>(0);
        if self.now_word.val() < self.word_count.val() {
            self.is_0.next = bits::<4>(1);
        }
        self.is_1.next = bits::<4>(0);
        if self.word_1.val() < self.word_count.val() {
            self.is_1.next = bits::<4>(2);
        }
        self.is_2.next = bits::<4>(0);
        if self.word_2.val() < self.word_count.val() {
            self.is_2.next = bits::<4>(4);
        }
        self.is_3.next = bits::<4>(0);
        if self.word_3.val() < self.word_count.val() {
            self.is_3.next = bits::<4>(8);
        }

        // Where the next one does.
        self.pixel_ends.next = self.word_4.val() >= self.word_count.val();
        self.count_up.next = self.now_count.val() + bits::<16>(1);
        self.line_ends.next = self.pixel_ends.val() & (self.count_up.val() == self.pixels.val());
        self.line_up.next = self.now_line.val() + bits::<16>(1);
        self.last_line.next = self.line_ends.val() & (self.line_up.val() == self.lines.val());
        self.pixel_up.next = self.now_pixel.val() + bit_cast::<24, 16>(self.pixel_step.val());
        self.address_up.next = self.now_address.val() + self.line_words.val();
        self.lead_up.next = self.now_lead.val() + self.pixel_lead.val();
        self.first_up.next = self.now_first.val() + self.line_lead.val();
        self.next_lead.next = self.lead_up.val();
        if self.line_ends.val() {
            self.next_lead.next = self.first_up.val();
        }
        self.next_before.next = bits::<24>(0) - bit_cast::<24, 2>(self.next_lead.val());
        self.written.d.next = bits::<4>(0);
        self.finished.d.next = false;
        self.leaves.next = self.empty.val();
        if self.works.val() {
            self.written.d.next =
                self.is_0.val() | self.is_1.val() | self.is_2.val() | self.is_3.val();
        }
        if self.takes.val() {
            self.opened.d.next = !self.last_line.val();
            self.leaves.next = self.last_line.val();
            self.word.d.next = self.word_4.val();
            self.pixel_word.d.next = self.now_pixel.val();
            self.pixel_count.d.next = self.now_count.val();
            self.line_count.d.next = self.now_line.val();
            self.address.d.next = self.now_address.val();
            self.run_lead.d.next = self.now_lead.val();
            self.first_lead.d.next = self.now_first.val();
            if self.pixel_ends.val() {
                self.word.d.next = self.next_before.val();
                self.run_lead.d.next = self.next_lead.val();
                self.pixel_word.d.next = self.pixel_up.val();
                self.pixel_count.d.next = self.count_up.val();
            }
            if self.line_ends.val() {
                self.pixel_word.d.next = bit_cast::<24, 16>(self.pixel.val());
                self.pixel_count.d.next = bits::<16>(0);
                self.line_count.d.next = self.line_up.val();
                self.address.d.next = self.address_up.val();
                self.first_lead.d.next = self.first_up.val();
            }
        }

        // The load as a whole.
        self.lower_up.next = self.lower_count.q.val() + bits::<14>(1);
        self.upper_up.next = self.upper_count.q.val() + bits::<14>(1);
        self.written_tag.d.next = self.lower_count.q.val();
        if self.upper.q.val() {
            self.written_tag.d.next = self.upper_count.q.val();
        }
        if self.clear.val() {
            self.begun.d.next = true;
            if self.upper.q.val() {
                self.upper_count.d.next = self.upper_up.val();
                self.written_tag.d.next = self.upper_up.val();
            } else {
                self.lower_count.d.next = self.lower_up.val();
                self.written_tag.d.next = self.lower_up.val();
            }
        }
        self.completes.next =
            (self.empty.val() | (self.takes.val() & self.last_line.val())) & self.is_last.val();
        if self.completes.val() {
            self.begun.d.next = false;
            self.upper.d.next = !self.upper.q.val();
            self.finished.d.next = true;
        }
        if self.beat.val() & self.error.val() {
            self.wrong.d.next = true;
        }
        self.cleared.d.next = self.clear.val();
        self.written_at.d.next = self.now_address.val();
        self.written_pixel.d.next = self.now_pixel.val();
        self.written_word.d.next = self.now_word.val();
        self.written_half.d.next = self.upper.q.val();
        if self.reset.val() {
            self.allowed.d.next = bits::<10>(0);
            self.begun.d.next = false;
            self.opened.d.next = false;
            self.upper.d.next = false;
            self.wrong.d.next = false;
            self.finished.d.next = false;
            self.next_part.d.next = bits::<2>(0);
        }

        // What is lost is not waited for.
        self.ready.next = self.takes.val() | self.error.val() | self.wrong.q.val();
        self.ended.next = self.finished.q.val();
        self.failed.next = self.wrong.q.val();
        self.clears.next = self.cleared.q.val();
        self.scattered.next = self.scatters_now.q.val();
        self.part.next = self.written_part.q.val();
        self.mask.next = self.written.q.val();
        self.line_at.next = self.written_at.q.val();
        self.pixel_at.next = self.written_pixel.q.val();
        self.word_at.next = self.written_word.q.val();
        self.half.next = self.written_half.q.val();
        self.tag.next = self.written_tag.q.val();
        self.lower_tag.next = self.lower_count.q.val();
        self.upper_tag.next = self.upper_count.q.val();
    }
}
