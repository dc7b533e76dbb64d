//! A load's beats on their way into the column banks: a row of the array's columns in each cycle.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Says for each beat which of its groups of columns goes where, group after group.
///
/// Slot s and group q of a load lie at entry `s * groups + q` of the banks' half. In tiles all slots of a tile come before the next tile's; of
/// rows all groups of a slot. A beat of positions, and one of a slot before the chunk's, takes a cycle in which nothing is written.
///
/// What it says of a step it says in registers: the banks are written in the cycle after the step, and `ended` is in it.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct WeightSteps {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Forgets everything: the next load fills the lower half.
    pub reset: Signal<In, Bit>,
    /// Groups of a tile less one, constant.
    pub last_group: Signal<In, Bits<4>>,
    /// A beat is there.
    pub beat: Signal<In, Bit>,
    /// It came with an error.
    pub error: Signal<In, Bit>,
    /// Its load is of tiles.
    pub is_tiles: Signal<In, Bit>,
    /// Of compact ones.
    pub is_compact: Signal<In, Bit>,
    /// Slots before the chunk's that its first beats hold.
    pub skipped: Signal<In, Bits<2>>,
    /// Slots of the chunk.
    pub slots: Signal<In, Bits<16>>,
    /// Groups of the load's columns.
    pub groups: Signal<In, Bits<16>>,
    /// First group inside of its tile.
    pub first_group: Signal<In, Bits<4>>,

    /// The beat's last step.
    pub ready: Signal<Out, Bit>,
    /// The load's last step.
    pub ends: Signal<Out, Bit>,
    /// Positions are kept from this beat.
    pub keeps: Signal<Out, Bit>,
    /// Group of the beat's columns that this step writes.
    pub group: Signal<Out, Bits<4>>,
    /// Quarter of the positions that belongs to it.
    pub quarter: Signal<Out, Bits<2>>,
    /// The banks are written.
    pub write: Signal<Out, Bit>,
    /// Entry of the half.
    pub entry: Signal<Out, Bits<16>>,
    /// The half.
    pub half: Signal<Out, Bit>,
    /// The load ends with the next cycle.
    pub ended: Signal<Out, Bit>,
    /// A beat with an error has come; nothing more is written.
    pub failed: Signal<Out, Bit>,

    slot: DFF<Bits<16>>,
    slot_entry: DFF<Bits<16>>,
    at: DFF<Bits<16>>,
    tile_at: DFF<Bits<16>>,
    midway: DFF<Bit>,
    group_at: DFF<Bits<4>>,
    phase: DFF<Bits<3>>,
    upper: DFF<Bit>,
    wrong: DFF<Bit>,
    written: DFF<Bit>,
    written_entry: DFF<Bits<16>>,
    written_half: DFF<Bit>,
    finished: DFF<Bit>,

    works: Signal<Local, Bit>,
    is_position: Signal<Local, Bit>,
    is_skipped: Signal<Local, Bit>,
    is_value: Signal<Local, Bit>,
    now: Signal<Local, Bits<4>>,
    earlier: Signal<Local, Bits<3>>,
    last_here: Signal<Local, Bit>,
    last_of_load: Signal<Local, Bit>,
    last_slot: Signal<Local, Bit>,
    leaves: Signal<Local, Bit>,
    phase_up: Signal<Local, Bits<3>>,
    group_up: Signal<Local, Bits<4>>,
    at_up: Signal<Local, Bits<16>>,
    slot_up: Signal<Local, Bits<16>>,
    entry_up: Signal<Local, Bits<16>>,
    place: Signal<Local, Bits<16>>,
}

impl Logic for WeightSteps {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, slot, slot_entry, at, tile_at, midway, group_at, phase, upper);
        dff_setup!(self, clock, wrong, written, written_entry, written_half, finished);
        self.works.next = self.beat.val() & !self.error.val() & !self.wrong.q.val();
        self.earlier.next = self.phase.q.val() - bits::<3>(1);
        self.is_position.next = self.is_compact.val() & !self.phase.q.val().any();
        self.is_skipped.next = self.is_compact.val()
            & self.phase.q.val().any()
            & !self.slot.q.val().any()
            & (self.earlier.val() < bit_cast::<3, 2>(self.skipped.val()));
        self.is_value.next = !self.is_position.val() & !self.is_skipped.val();

        // The first group of a load may not be the first of its tile.
        self.now.next = bits::<4>(0);
        if !self.at.q.val().any() {
            self.now.next = self.first_group.val();
        }
        if self.midway.q.val() {
            self.now.next = self.group_at.q.val();
        }
        self.group_up.next = self.now.val() + bits::<4>(1);
        self.at_up.next = self.at.q.val() + bits::<16>(1);
        self.slot_up.next = self.slot.q.val() + bits::<16>(1);
        self.entry_up.next = self.slot_entry.q.val() + self.groups.val();
        self.phase_up.next = self.phase.q.val() + bits::<3>(1);
        self.place.next = self.slot_entry.q.val() + self.at.q.val();
        self.last_of_load.next = self.at_up.val() == self.groups.val();
        self.last_here.next = self.last_of_load.val() | (self.now.val() == self.last_group.val());
        self.last_slot.next = self.slot_up.val() == self.slots.val();
        self.leaves.next = self.works.val() & (!self.is_value.val() | self.last_here.val());
        self.finished.d.next = false;
        self.ends.next = false;

        if self.leaves.val() {
            self.phase.d.next = self.phase_up.val();
            if self.phase.q.val() == bits::<3>(4) {
                self.phase.d.next = bits::<3>(0);
            }
        }
        if self.works.val() & self.is_value.val() {
            self.midway.d.next = !self.last_here.val();
            self.group_at.d.next = self.group_up.val();
            self.at.d.next = self.at_up.val();
            if self.last_here.val() & self.is_tiles.val() {
                // The tile's next slot, or the next tile.
                self.at.d.next = self.tile_at.q.val();
                self.slot.d.next = self.slot_up.val();
                self.slot_entry.d.next = self.entry_up.val();
                if self.last_slot.val() {
                    self.at.d.next = self.at_up.val();
                    self.tile_at.d.next = self.at_up.val();
                    self.slot.d.next = bits::<16>(0);
                    self.slot_entry.d.next = bits::<16>(0);
                    self.phase.d.next = bits::<3>(0);
                }
            }
            if self.last_of_load.val() & !self.is_tiles.val() {
                self.at.d.next = bits::<16>(0);
                self.slot.d.next = self.slot_up.val();
                self.slot_entry.d.next = self.entry_up.val();
            }
            if self.last_of_load.val() & self.last_slot.val() {
                self.at.d.next = bits::<16>(0);
                self.tile_at.d.next = bits::<16>(0);
                self.slot.d.next = bits::<16>(0);
                self.slot_entry.d.next = bits::<16>(0);
                self.phase.d.next = bits::<3>(0);
                self.upper.d.next = !self.upper.q.val();
                self.finished.d.next = true;
                self.ends.next = true;
            }
        }
        if self.beat.val() & self.error.val() {
            self.wrong.d.next = true;
        }
        if self.reset.val() {
            self.slot.d.next = bits::<16>(0);
            self.slot_entry.d.next = bits::<16>(0);
            self.at.d.next = bits::<16>(0);
            self.tile_at.d.next = bits::<16>(0);
            self.midway.d.next = false;
            self.phase.d.next = bits::<3>(0);
            self.upper.d.next = false;
            self.wrong.d.next = false;
            self.finished.d.next = false;
        }
        self.written.d.next = self.works.val() & self.is_value.val();
        self.written_entry.d.next = self.place.val();
        self.written_half.d.next = self.upper.q.val();

        // What is lost is not waited for.
        self.ready.next = self.leaves.val() | self.error.val() | self.wrong.q.val();
        self.keeps.next = self.works.val() & self.is_position.val();
        self.group.next = self.now.val();
        self.quarter.next = self.earlier.val().get_bits::<2>(0);
        self.write.next = self.written.q.val();
        self.entry.next = self.written_entry.q.val();
        self.half.next = self.written_half.q.val();
        self.ended.next = self.finished.q.val();
        self.failed.next = self.wrong.q.val();
    }
}
