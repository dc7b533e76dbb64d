//! The MM engine of the accelerator: the array with its buffers at the sequencer.

use super::{MmEngine, check};
use crate::emit::{Design, Wiring, check_stack};
use crate::float::Product;
use crate::{HdlError, memory};
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};
use satkit_spec::ArrayConfig;

/// Sees whether the array can do the MM that was taken; one that it cannot never starts, and is at fault once it is the oldest.
///
/// There is a GEOMETRY before it. One that posts `d.full` drains. Its WALKs, at most four, have as many slots as it has, in a pass as many as it has rows. A tile has 1
/// to 16 outputs of a USPE. A pass has one, streams at least one row and no more than the psum buffer holds, over no more slots
/// than the array has rows.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Legal {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub forget: Signal<In, Bit>,
    /// Rows of the array, constant.
    pub array_rows: Signal<In, Bits<32>>,
    /// Partial sums of a column, constant.
    pub psum_depth: Signal<In, Bits<16>>,
    /// A GEOMETRY is taken.
    pub geometry: Signal<In, Bit>,
    /// It is weight-stationary.
    pub geometry_streams: Signal<In, Bit>,
    /// A WALK is taken.
    pub walk: Signal<In, Bit>,
    /// Its slots.
    pub walk_slots: Signal<In, Bits<16>>,
    /// An MM is taken.
    pub mm: Signal<In, Bit>,
    /// Its K slots.
    pub slots: Signal<In, Bits<32>>,
    /// Its rows.
    pub rows: Signal<In, Bits<16>>,
    /// Its outputs of a USPE along the rows.
    pub ip: Signal<In, Bits<5>>,
    /// Its columns of a USPE.
    pub iq: Signal<In, Bits<5>>,
    /// It drains.
    pub drains: Signal<In, Bit>,
    /// It posts that it has.
    pub posts: Signal<In, Bit>,
    /// All that have started have ended.
    pub idle: Signal<In, Bit>,
    /// The one that was taken may start.
    pub may: Signal<Out, Bit>,
    /// It is at fault, and nothing is older.
    pub fault: Signal<Out, Bit>,

    known: DFF<Bit>,
    streams: DFF<Bit>,
    walks: DFF<Bits<3>>,
    walked: DFF<Bits<32>>,
    illegal: DFF<Bit>,
    told: DFF<Bit>,
    walks_up: Signal<Local, Bits<3>>,
    outputs: Product<5, 5, 10>,
    rows_wide: Signal<Local, Bits<32>>,
    tile: Signal<Local, Bit>,
    pass: Signal<Local, Bit>,
    fits: Signal<Local, Bit>,
}

impl Logic for Legal {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, known, streams, walks, walked, illegal, told);
        if self.geometry.val() {
            self.known.d.next = true;
            self.streams.d.next = self.geometry_streams.val();
        }
        self.walks_up.next = self.walks.q.val() + bits::<3>(1);
        if self.walk.val() {
            // More than four stay more than four.
            if !self.walks.q.val().get_bit(2) | !self.walks.q.val().get_bit(0) {
                self.walks.d.next = self.walks_up.val();
            }
            self.walked.d.next = self.walked.q.val() + bit_cast::<32, 16>(self.walk_slots.val());
        }
        self.outputs.left.next = self.ip.val();
        self.outputs.right.next = self.iq.val();
        self.rows_wide.next = bit_cast::<32, 16>(self.rows.val());
        self.tile.next = self.outputs.product.val().any()
            & (self.outputs.product.val() <= bits::<10>(16))
            & (self.walked.q.val() == self.slots.val())
            & !self.slots.val().get_bits::<16>(16).any();
        self.pass.next = (self.outputs.product.val() == bits::<10>(1))
            & self.rows.val().any()
            & (self.rows.val() <= self.psum_depth.val())
            & (self.slots.val() <= self.array_rows.val())
            & (self.walked.q.val() == self.rows_wide.val());
        self.fits.next = self.tile.val();
        if self.streams.q.val() {
            self.fits.next = self.pass.val();
        }
        self.told.d.next = self.told.q.val() | (self.illegal.q.val() & self.idle.val());
        if self.mm.val() {
            self.illegal.d.next = !self.known.q.val()
                | !self.fits.val()
                | (self.posts.val() & !self.drains.val())
                | (self.walks.q.val() > bits::<3>(4));
            self.told.d.next = false;
            self.walks.d.next = bits::<3>(0);
            self.walked.d.next = bits::<32>(0);
        }
        self.may.next = !self.illegal.q.val();
        self.fault.next = self.illegal.q.val() & self.idle.val() & !self.told.q.val();
        if self.forget.val() {
            self.known.d.next = false;
            self.streams.d.next = false;
            self.walks.d.next = bits::<3>(0);
            self.walked.d.next = bits::<32>(0);
            self.illegal.d.next = false;
            self.told.d.next = false;
        }
    }
}

/// The array as an engine of the accelerator, top `mm_engine`: the signals of `front` with `mm_` before them, the write ports of
/// its buffers for the load engines, and what it drains for the store engine.
///
/// # Errors
/// As [`check`].
pub fn engine(config: &ArrayConfig) -> Result<Design, HdlError> {
    check(config)?;
    check_stack()?;
    let mm = MmEngine::new(config);
    let mut text = Wiring::new("mm_engine");
    for (name, bits) in
        [("clock", 1), ("reset", 1), ("mm_valid", 1), ("mm_word", 256), ("mm_go", 1)]
    {
        text.input(name, bits);
    }
    mm.buffer_ports(&mut text);
    for (name, bits) in
        [("mm_ready", 1), ("mm_fault", 1), ("mm_fault_axi", 1), ("mm_fault_address", 38)]
    {
        text.output(name, bits);
    }
    mm.news_ports(&mut text);
    // The buffers are filled on the array's own clock.
    for (name, bits, value) in [
        ("load_clock", 1, "clock"),
        ("run", 1, "1'b1"),
        ("forget", 1, "reset"),
        ("instruction", 256, "mm_word"),
        ("instruction_valid", 1, "mm_valid & mm_ready"),
        ("go", 1, "mm_go & may"),
    ] {
        text.value(name, bits, value);
    }
    for (name, bits) in [("may", 1), ("instruction_ready", 1), ("mm_free", 1), ("mm_idle", 1)] {
        text.wire(name, bits);
    }
    for unused in ["mm_busy", "multiplies"] {
        text.wire(unused, 1);
    }
    text.value("unused_news", 3, "{mm_busy, multiplies, mm_free}");
    text.value("unused_ready", 1, "instruction_ready");
    mm.body(&mut text);
    // What comes behind an MM that has not started stays in the queue, whatever it is.
    text.assign("mm_ready", "mm_room & walk_room");
    text.assign("mm_fault_axi", "1'b0");
    text.assign("mm_fault_address", "38'h0");
    mm.legal(&mut text);
    let mut parts = super::edges();
    parts.push(crate::emit::emit("mm_legal", Legal::default));
    parts.push(super::stce(config)?);
    parts.push(super::row_bank(config));
    let wiring = vec![
        memory::bank_ram(),
        memory::block_ram(),
        memory::small_ram(),
        memory::delay_line(),
        text.finish(),
    ];
    Ok(Design::join("mm_engine", parts, wiring))
}
