//! The MM engine's controller.

use crate::delay::Delay;
use crate::float::Product;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Executes MM: one token per cycle for the rows and one for the columns, from the first slot to the last.
///
/// An MM is decoded while the one before it runs, in 4 cycles from the cycle that hands it over
/// ([`satkit_spec::MM_DECODE_CYCLES`]). It starts when it may (`go`), the array is free, and its outputs find the drain path
/// free; a drain waits for the output-stationary tile after a weight-stationary pass to let the rows run dry.
///
/// Each round of the ring is one K slot: the outputs of a USPE, column by column and in it row by row, then idle slots up to
/// the adder's latency. The walk through the banks goes one step per round. In a weight-stationary pass each cycle is a
/// round, and the weights of row r are sent r times the adder's latency less one cycles after the first.
///
/// Constants come in as ports, fields of instructions already cut out, so that both have one definition.
#[derive(LogicBlock, Default)]
pub struct Controller {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Rows of the array, constant.
    pub rows: Signal<In, Bits<7>>,
    /// Last row, constant.
    pub last_row: Signal<In, Bits<6>>,
    /// Fewest cycles of a weight-stationary pass, constant.
    pub pass_floor: Signal<In, Bits<16>>,
    /// Cycles from the start of an output-stationary tile's last round to its first output at the edge, constant.
    pub reach_outputs: Signal<In, Bits<16>>,
    /// The same from the start of a weight-stationary pass, constant.
    pub reach_sums: Signal<In, Bits<16>>,
    /// Cycles that the rows of a pass run on after it, constant.
    pub run_on: Signal<In, Bits<16>>,

    /// A GEOMETRY is handed over.
    pub geometry: Signal<In, Bit>,
    /// It is weight-stationary.
    pub geometry_streams: Signal<In, Bit>,
    /// A WALK is handed over.
    pub walk: Signal<In, Bit>,
    /// There is room for it.
    pub walk_room: Signal<Out, Bit>,
    /// Its place in the store of walks.
    pub walk_write: Signal<Out, Bits<4>>,
    /// An MM is handed over.
    pub mm: Signal<In, Bit>,
    /// There is room for it.
    pub mm_room: Signal<Out, Bit>,
    /// K slots.
    pub mm_slots: Signal<In, Bits<16>>,
    /// Rows; those that a weight-stationary pass streams.
    pub mm_rows: Signal<In, Bits<16>>,
    /// Outputs of a USPE along the rows.
    pub mm_ip: Signal<In, Bits<5>>,
    /// Columns of a USPE.
    pub mm_iq: Signal<In, Bits<5>>,
    /// Goes on from what is accumulated.
    pub mm_accumulate: Signal<In, Bit>,
    /// Hands its outputs to the drain.
    pub mm_drain: Signal<In, Bit>,
    /// Posts when a store may take them.
    pub mm_posts: Signal<In, Bit>,
    /// Takes the next half of the row banks.
    pub mm_activations: Signal<In, Bit>,
    /// Takes the next half of the column banks.
    pub mm_weights: Signal<In, Bit>,
    /// The MM at the head has all it waits for.
    pub go: Signal<In, Bit>,
    /// Forgets GEOMETRY, the walks and the MM that has not started, and begins with the first halves again; only while no MM runs.
    pub forget: Signal<In, Bit>,
    /// It starts in this cycle.
    pub starts: Signal<Out, Bit>,
    /// Of the MM that starts: it is weight-stationary.
    pub start_streams: Signal<Out, Bit>,
    /// Of the MM that starts: it drains.
    pub start_drains: Signal<Out, Bit>,
    /// Of the MM that starts: it posts when a store may take its outputs.
    pub start_posts: Signal<Out, Bit>,
    /// Of the MM that starts: cycles in which its outputs are at the edge.
    pub start_outputs: Signal<Out, Bits<16>>,
    /// Of the MM that starts: outputs of a USPE.
    pub start_interleave: Signal<Out, Bits<5>>,
    /// The array is free from the next cycle on.
    pub ending: Signal<Out, Bit>,
    /// The MM that runs is weight-stationary.
    pub running_streams: Signal<Out, Bit>,
    /// The array is free from this cycle on.
    pub ended: Signal<Out, Bit>,
    /// An MM has the array.
    pub busy: Signal<Out, Bit>,

    /// Place of the current walk.
    pub walk_read: Signal<Out, Bits<4>>,
    /// Fields of WALK.
    pub walk_slots: Signal<In, Bits<16>>,
    /// Fields of WALK.
    pub walk_start: Signal<In, Bits<20>>,
    /// Fields of WALK.
    pub walk_kept: Signal<In, Bits<5>>,
    /// Fields of WALK.
    pub walk_kept_left: Signal<In, Bits<5>>,
    /// Fields of WALK.
    pub walk_groups: Signal<In, Bits<16>>,
    /// Fields of WALK.
    pub walk_groups_left: Signal<In, Bits<16>>,
    /// Fields of WALK.
    pub walk_taps: Signal<In, Bits<5>>,
    /// Fields of WALK.
    pub walk_taps_left: Signal<In, Bits<5>>,
    /// Fields of WALK.
    pub walk_lines: Signal<In, Bits<16>>,
    /// Fields of WALK.
    pub walk_lines_left: Signal<In, Bits<16>>,
    /// Fields of WALK.
    pub walk_group_step: Signal<In, Bits<20>>,
    /// Fields of WALK.
    pub walk_tap_step: Signal<In, Bits<20>>,
    /// Fields of WALK.
    pub walk_line_step: Signal<In, Bits<20>>,
    /// Fields of WALK.
    pub walk_block_step: Signal<In, Bits<20>>,
    /// Fields of WALK.
    pub walk_psum: Signal<In, Bits<16>>,

    /// Token of the first row, out of a register (`RowEdge`).
    pub row_token: Signal<Out, Bits<51>>,
    /// Token of the first column, out of a register (`ColumnHead`).
    pub column_token: Signal<Out, Bits<42>>,
    /// Start of the first row's drain, out of a register (`RowEdge`).
    pub row_drain: Signal<Out, Bits<5>>,

    // The walks.
    write_at: DFF<Bits<4>>,
    read_at: DFF<Bits<4>>,
    write_up: Signal<Local, Bits<4>>,
    read_up: Signal<Local, Bits<4>>,
    waiting_walks: Signal<Local, Bits<4>>,

    // The next MM, and its decoding.
    streams: DFF<Bit>,
    full: DFF<Bit>,
    decoded_1: DFF<Bit>,
    decoded_2: DFF<Bit>,
    decoded_3: DFF<Bit>,
    next_streams: DFF<Bit>,
    next_slots: DFF<Bits<16>>,
    next_rows: DFF<Bits<16>>,
    next_ip: DFF<Bits<5>>,
    next_iq: DFF<Bits<5>>,
    next_accumulate: DFF<Bit>,
    next_drain: DFF<Bit>,
    next_posts: DFF<Bit>,
    next_activations: DFF<Bit>,
    next_weights: DFF<Bit>,
    interleave_product: Product<5, 5, 10>,
    unused_interleave: Signal<Local, Bits<5>>,
    interleave: DFF<Bits<5>>,
    empty: Signal<Local, Bit>,
    slots_down: Signal<Local, Bits<16>>,
    before_rounds: DFF<Bits<16>>,
    longest: Signal<Local, Bits<5>>,
    ring_product: Product<5, 16, 21>,
    outputs_product: Product<7, 5, 12>,
    ring: DFF<Bits<5>>,
    before_last: DFF<Bits<21>>,
    outputs: DFF<Bits<12>>,
    pass: Signal<Local, Bits<16>>,
    tile_cycles: Signal<Local, Bits<24>>,
    tile_reach: Signal<Local, Bits<24>>,
    array_cycles: DFF<Bits<24>>,
    reach: DFF<Bits<24>>,
    drain_cycles: DFF<Bits<16>>,

    // What keeps an MM from starting.
    busy_left: DFF<Bits<24>>,
    busy_down: Signal<Local, Bits<24>>,
    drain_left: DFF<Bits<24>>,
    drain_down: Signal<Local, Bits<24>>,
    drain_end: Signal<Local, Bits<24>>,
    rows_left: DFF<Bits<24>>,
    rows_down: Signal<Local, Bits<24>>,
    rows_end: Signal<Local, Bits<24>>,
    array_down: Signal<Local, Bits<24>>,
    start: Signal<Local, Bit>,
    last_cycle: DFF<Bit>,

    // The MM that runs.
    on_streams: DFF<Bit>,
    on_last_place: DFF<Bits<4>>,
    on_last_output: DFF<Bits<4>>,
    on_last_ip: DFF<Bits<4>>,
    ring_down: Signal<Local, Bits<4>>,
    interleave_down: Signal<Local, Bits<4>>,
    ip_down: Signal<Local, Bits<4>>,
    on_empty: DFF<Bit>,
    on_slots: DFF<Bits<7>>,
    on_from_zero: DFF<Bit>,
    on_drain: DFF<Bit>,
    activations_half: DFF<Bit>,
    weights_half: DFF<Bit>,
    on_activations: DFF<Bit>,
    on_weights: DFF<Bit>,
    rounds_left: DFF<Bits<16>>,
    rounds_down: Signal<Local, Bits<16>>,
    first_round: DFF<Bit>,
    place: DFF<Bits<4>>,
    place_up: Signal<Local, Bits<4>>,
    owned: DFF<Bits<4>>,
    owned_up: Signal<Local, Bits<4>>,
    entry: DFF<Bits<16>>,
    entry_up: Signal<Local, Bits<16>>,
    runs: Signal<Local, Bit>,
    live: Signal<Local, Bit>,
    round_ends: Signal<Local, Bit>,

    // Where the walk is: at its beginning, or where the registers say.
    begins: DFF<Bit>,
    segment: DFF<Bits<2>>,
    segment_up: Signal<Local, Bits<2>>,
    slots_left: DFF<Bits<16>>,
    element: DFF<Bits<20>>,
    kept_left: DFF<Bits<5>>,
    groups_left: DFF<Bits<16>>,
    taps_left: DFF<Bits<5>>,
    lines_left: DFF<Bits<16>>,
    psum: DFF<Bits<16>>,
    here_slots: Signal<Local, Bits<16>>,
    here_element: Signal<Local, Bits<20>>,
    here_kept: Signal<Local, Bits<5>>,
    here_groups: Signal<Local, Bits<16>>,
    here_taps: Signal<Local, Bits<5>>,
    here_lines: Signal<Local, Bits<16>>,
    here_psum: Signal<Local, Bits<16>>,
    slots_less: Signal<Local, Bits<16>>,
    kept_less: Signal<Local, Bits<5>>,
    groups_less: Signal<Local, Bits<16>>,
    taps_less: Signal<Local, Bits<5>>,
    lines_less: Signal<Local, Bits<16>>,
    psum_up: Signal<Local, Bits<16>>,
    step: Signal<Local, Bits<20>>,
    stepped: Signal<Local, Bits<20>>,

    // The weights of a pass.
    sends: DFF<Bit>,
    send_wait: DFF<Bits<2>>,
    send_row: DFF<Bits<6>>,
    wait_down: Signal<Local, Bits<2>>,
    row_up: Signal<Local, Bits<6>>,
    sending: Signal<Local, Bit>,
    weight_live: Signal<Local, Bit>,
    every_row: Signal<Local, Bit>,
    weight_row: Signal<Local, Bits<6>>,
    weight_entry: Signal<Local, Bits<16>>,

    first: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    row_register: DFF<Bits<51>>,
    column_register: DFF<Bits<42>>,
    drains: Signal<Local, Bit>,
    drain_delay: Delay<5, 12>,
}

impl Logic for Controller {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, write_at, read_at, streams, full, decoded_1, decoded_2, decoded_3);
        dff_setup!(self, clock, next_streams, next_slots, next_rows, next_ip, next_iq);
        dff_setup!(self, clock, next_accumulate, next_drain, next_posts);
        dff_setup!(self, clock, next_activations, next_weights);
        dff_setup!(self, clock, interleave, before_rounds, ring, before_last, outputs);
        dff_setup!(
            self,
            clock,
            array_cycles,
            reach,
            drain_cycles,
            busy_left,
            drain_left,
            rows_left
        );
        dff_setup!(
            self,
            clock,
            last_cycle,
            on_streams,
            on_last_place,
            on_last_output,
            on_last_ip,
            on_empty
        );
        dff_setup!(self, clock, on_slots, on_from_zero, on_drain, activations_half, weights_half);
        dff_setup!(self, clock, on_activations, on_weights, rounds_left, first_round, place, owned);
        dff_setup!(
            self,
            clock,
            entry,
            begins,
            segment,
            slots_left,
            element,
            kept_left,
            groups_left
        );
        dff_setup!(self, clock, taps_left, lines_left, psum, sends, send_wait, send_row);
        dff_setup!(self, clock, row_register, column_register);
        self.drain_delay.clock.next = self.clock.val();

        // Walks wait in a ring of 16, of which an MM uses 4 at most.
        self.write_up.next = self.write_at.q.val() + bits::<4>(1);
        self.read_up.next = self.read_at.q.val() + bits::<4>(1);
        self.waiting_walks.next = self.write_at.q.val() - self.read_at.q.val();
        self.walk_room.next = !self.waiting_walks.val().all();
        self.walk_write.next = self.write_at.q.val();
        self.walk_read.next = self.read_at.q.val();
        if self.walk.val() & self.walk_room.val() {
            self.write_at.d.next = self.write_up.val();
        }
        if self.geometry.val() {
            self.streams.d.next = self.geometry_streams.val();
        }

        // The next MM.
        self.mm_room.next = !self.full.q.val();
        if self.mm.val() & self.mm_room.val() {
            self.full.d.next = true;
            self.next_streams.d.next = self.streams.q.val();
            self.next_slots.d.next = self.mm_slots.val();
            self.next_rows.d.next = self.mm_rows.val();
            self.next_ip.d.next = self.mm_ip.val();
            self.next_iq.d.next = self.mm_iq.val();
            self.next_accumulate.d.next = self.mm_accumulate.val();
            self.next_drain.d.next = self.mm_drain.val();
            self.next_posts.d.next = self.mm_posts.val();
            self.next_activations.d.next = self.mm_activations.val();
            self.next_weights.d.next = self.mm_weights.val();
        }
        self.decoded_1.d.next = self.full.q.val();
        self.decoded_2.d.next = self.decoded_1.q.val();
        self.decoded_3.d.next = self.decoded_2.q.val();
        self.interleave_product.left.next = self.next_ip.q.val();
        self.interleave_product.right.next = self.next_iq.q.val();
        self.interleave.d.next = self.interleave_product.product.val().get_bits::<5>(0);
        self.unused_interleave.next = self.interleave_product.product.val().get_bits::<5>(5);
        self.empty.next = !self.next_slots.q.val().any();
        self.slots_down.next = self.next_slots.q.val() - bits::<16>(1);
        self.before_rounds.d.next = self.slots_down.val();
        if self.empty.val() {
            self.before_rounds.d.next = bits::<16>(0);
        }
        self.longest.next = self.interleave.q.val();
        if self.interleave.q.val() < bits::<5>(5) {
            self.longest.next = bits::<5>(5);
        }
        self.ring_product.left.next = self.longest.val();
        self.ring_product.right.next = self.before_rounds.q.val();
        self.outputs_product.left.next = self.rows.val();
        self.outputs_product.right.next = self.interleave.q.val();
        self.ring.d.next = self.longest.val();
        self.before_last.d.next = self.ring_product.product.val();
        self.outputs.d.next = self.outputs_product.product.val();
        self.pass.next = self.next_rows.q.val();
        if self.next_rows.q.val() < self.pass_floor.val() {
            self.pass.next = self.pass_floor.val();
        }
        self.tile_cycles.next =
            bit_cast::<24, 21>(self.before_last.q.val()) + bit_cast::<24, 5>(self.ring.q.val());
        self.tile_reach.next = bit_cast::<24, 21>(self.before_last.q.val())
            + bit_cast::<24, 16>(self.reach_outputs.val());
        self.array_cycles.d.next = self.tile_cycles.val();
        self.reach.d.next = self.tile_reach.val();
        self.drain_cycles.d.next = bit_cast::<16, 12>(self.outputs.q.val());
        if self.next_streams.q.val() {
            self.array_cycles.d.next = bit_cast::<24, 16>(self.pass.val());
            self.reach.d.next = bit_cast::<24, 16>(self.reach_sums.val());
            self.drain_cycles.d.next = self.next_rows.q.val();
        }

        // When it starts.
        self.start.next = self.decoded_3.q.val()
            & self.go.val()
            & !self.busy_left.q.val().any()
            & (self.next_streams.q.val() | !self.rows_left.q.val().any())
            & (!self.next_drain.q.val() | (self.drain_left.q.val() <= self.reach.q.val()));
        self.starts.next = self.start.val();
        self.busy.next = self.start.val() | self.busy_left.q.val().any();
        self.ended.next = self.last_cycle.q.val();
        self.last_cycle.d.next = self.busy_left.q.val() == bits::<24>(1);
        self.ending.next = self.busy_left.q.val() == bits::<24>(1);
        self.running_streams.next = self.on_streams.q.val();
        self.start_streams.next = self.next_streams.q.val();
        self.start_drains.next = self.next_drain.q.val();
        self.start_posts.next = self.next_posts.q.val();
        self.start_outputs.next = self.drain_cycles.q.val();
        self.start_interleave.next = self.interleave.q.val();
        self.busy_down.next = self.busy_left.q.val() - bits::<24>(1);
        self.drain_down.next = self.drain_left.q.val() - bits::<24>(1);
        self.rows_down.next = self.rows_left.q.val() - bits::<24>(1);
        if self.busy_left.q.val().any() {
            self.busy_left.d.next = self.busy_down.val();
        }
        if self.drain_left.q.val().any() {
            self.drain_left.d.next = self.drain_down.val();
        }
        if self.rows_left.q.val().any() {
            self.rows_left.d.next = self.rows_down.val();
        }
        self.array_down.next = self.array_cycles.q.val() - bits::<24>(1);
        self.drain_end.next =
            self.reach.q.val() + bit_cast::<24, 16>(self.drain_cycles.q.val()) - bits::<24>(1);
        self.rows_end.next = self.array_down.val() + bit_cast::<24, 16>(self.run_on.val());

        // The MM that runs: one place of the ring per cycle.
        self.runs.next = self.rounds_left.q.val().any();
        self.live.next = self.runs.val() & (self.place.q.val() <= self.on_last_output.q.val());
        self.round_ends.next = self.runs.val() & (self.place.q.val() == self.on_last_place.q.val());
        self.rounds_down.next = self.rounds_left.q.val() - bits::<16>(1);
        self.place_up.next = self.place.q.val() + bits::<4>(1);
        self.owned_up.next = self.owned.q.val() + bits::<4>(1);
        self.entry_up.next = self.entry.q.val() + bits::<16>(1);
        if self.live.val() {
            self.owned.d.next = self.owned_up.val();
            if self.owned.q.val() == self.on_last_ip.q.val() {
                self.owned.d.next = bits::<4>(0);
                self.entry.d.next = self.entry_up.val();
            }
        }
        if self.runs.val() {
            self.place.d.next = self.place_up.val();
        }
        if self.round_ends.val() {
            self.place.d.next = bits::<4>(0);
            self.owned.d.next = bits::<4>(0);
            self.rounds_left.d.next = self.rounds_down.val();
            self.first_round.d.next = false;
        }

        // Where the walk is.
        self.here_slots.next = self.slots_left.q.val();
        self.here_element.next = self.element.q.val();
        self.here_kept.next = self.kept_left.q.val();
        self.here_groups.next = self.groups_left.q.val();
        self.here_taps.next = self.taps_left.q.val();
        self.here_lines.next = self.lines_left.q.val();
        self.here_psum.next = self.psum.q.val();
        if self.begins.q.val() {
            self.here_slots.next = self.walk_slots.val();
            self.here_element.next = self.walk_start.val();
            self.here_kept.next = self.walk_kept_left.val();
            self.here_groups.next = self.walk_groups_left.val();
            self.here_taps.next = self.walk_taps_left.val();
            self.here_lines.next = self.walk_lines_left.val();
            self.here_psum.next = self.walk_psum.val();
        }
        self.slots_less.next = self.here_slots.val() - bits::<16>(1);
        self.kept_less.next = self.here_kept.val() - bits::<5>(1);
        self.groups_less.next = self.here_groups.val() - bits::<16>(1);
        self.taps_less.next = self.here_taps.val() - bits::<5>(1);
        self.lines_less.next = self.here_lines.val() - bits::<16>(1);
        self.psum_up.next = self.here_psum.val() + bits::<16>(1);
        self.segment_up.next = self.segment.q.val() + bits::<2>(1);
        self.step.next = bits::<20>(0);
        if !self.kept_less.val().any() {
            self.step.next = self.walk_group_step.val();
            if !self.groups_less.val().any() {
                self.step.next = self.walk_tap_step.val();
                if !self.taps_less.val().any() {
                    self.step.next = self.walk_line_step.val();
                    if !self.lines_less.val().any() {
                        self.step.next = self.walk_block_step.val();
                    }
                }
            }
        }
        self.stepped.next = self.here_element.val() + self.step.val();
        if self.round_ends.val() & (self.on_streams.q.val() | !self.on_empty.q.val()) {
            self.begins.d.next = false;
            self.slots_left.d.next = self.slots_less.val();
            self.element.d.next = self.stepped.val();
            self.psum.d.next = self.psum_up.val();
            self.kept_left.d.next = self.kept_less.val();
            self.groups_left.d.next = self.here_groups.val();
            self.taps_left.d.next = self.here_taps.val();
            self.lines_left.d.next = self.here_lines.val();
            if !self.kept_less.val().any() {
                self.kept_left.d.next = self.walk_kept.val();
                self.groups_left.d.next = self.groups_less.val();
                if !self.groups_less.val().any() {
                    self.groups_left.d.next = self.walk_groups.val();
                    self.taps_left.d.next = self.taps_less.val();
                    if !self.taps_less.val().any() {
                        self.taps_left.d.next = self.walk_taps.val();
                        self.lines_left.d.next = self.lines_less.val();
                        if !self.lines_less.val().any() {
                            self.lines_left.d.next = self.walk_lines.val();
                        }
                    }
                }
            }
            if !self.slots_less.val().any() {
                self.begins.d.next = true;
                self.segment.d.next = self.segment_up.val();
                self.read_at.d.next = self.read_up.val();
            }
        }

        // The weights of a pass go to one row after another.
        self.wait_down.next = self.send_wait.q.val() - bits::<2>(1);
        self.row_up.next = self.send_row.q.val() + bits::<6>(1);
        self.sending.next = self.sends.q.val() & !self.send_wait.q.val().any();
        if self.sends.q.val() {
            self.send_wait.d.next = self.wait_down.val();
        }
        if self.sending.val() {
            self.send_row.d.next = self.row_up.val();
            if self.send_row.q.val() == self.last_row.val() {
                self.sends.d.next = false;
            }
        }

        // A start overrides what the MM before leaves.
        // At most 16 of each, so that 4 bits count up to the last.
        self.interleave_down.next = self.interleave.q.val().get_bits::<4>(0) - bits::<4>(1);
        self.ring_down.next = self.ring.q.val().get_bits::<4>(0) - bits::<4>(1);
        self.ip_down.next = self.next_ip.q.val().get_bits::<4>(0) - bits::<4>(1);
        if self.start.val() {
            self.full.d.next = false;
            self.decoded_1.d.next = false;
            self.decoded_2.d.next = false;
            self.decoded_3.d.next = false;
            self.busy_left.d.next = self.array_down.val();
            if self.next_drain.q.val() {
                self.drain_left.d.next = self.drain_end.val();
            }
            self.on_streams.d.next = self.next_streams.q.val();
            self.on_last_place.d.next = self.ring_down.val();
            self.on_last_output.d.next = self.interleave_down.val();
            self.on_last_ip.d.next = self.ip_down.val();
            self.on_empty.d.next = self.empty.val();
            self.on_slots.d.next = self.next_slots.q.val().get_bits::<7>(0);
            self.on_from_zero.d.next = !self.next_accumulate.q.val();
            self.on_drain.d.next = self.next_drain.q.val();
            // A half that is taken is the one after the last; one that is kept is the last.
            self.on_activations.d.next =
                self.activations_half.q.val() ^ !self.next_activations.q.val();
            self.on_weights.d.next = self.weights_half.q.val() ^ !self.next_weights.q.val();
            self.activations_half.d.next =
                self.activations_half.q.val() ^ self.next_activations.q.val();
            self.weights_half.d.next = self.weights_half.q.val() ^ self.next_weights.q.val();
            self.rounds_left.d.next = self.next_slots.q.val();
            if self.empty.val() {
                self.rounds_left.d.next = bits::<16>(1);
            }
            self.first_round.d.next = true;
            self.place.d.next = bits::<4>(0);
            self.owned.d.next = bits::<4>(0);
            self.entry.d.next = bits::<16>(0);
            self.begins.d.next = true;
            self.segment.d.next = bits::<2>(0);
            if self.next_streams.q.val() {
                self.on_last_place.d.next = bits::<4>(0);
                self.on_last_output.d.next = bits::<4>(0);
                self.rounds_left.d.next = self.next_rows.q.val();
                self.rows_left.d.next = self.rows_end.val();
                self.sends.d.next = true;
                self.send_wait.d.next = bits::<2>(0);
                self.send_row.d.next = bits::<6>(0);
            }
        }

        if self.forget.val() {
            self.write_at.d.next = bits::<4>(0);
            self.read_at.d.next = bits::<4>(0);
            self.streams.d.next = false;
            self.full.d.next = false;
            self.decoded_1.d.next = false;
            self.decoded_2.d.next = false;
            self.decoded_3.d.next = false;
            self.activations_half.d.next = false;
            self.weights_half.d.next = false;
        }

        // Tokens.
        self.first.next = self.first_round.q.val() & self.on_from_zero.q.val();
        self.last.next = self.on_drain.q.val()
            & (self.on_streams.q.val() | (self.rounds_left.q.val() == bits::<16>(1)));
        self.row_register.d.next = bit_cast::<51, 4>(self.place.q.val())
            | (bit_cast::<51, 1>(self.live.val().into()) << bits::<6>(4))
            | (bit_cast::<51, 1>(self.first.val().into()) << bits::<6>(5))
            | (bit_cast::<51, 1>(self.last.val().into()) << bits::<6>(6))
            | (bit_cast::<51, 1>(self.on_streams.q.val().into()) << bits::<6>(7))
            | (bit_cast::<51, 4>(self.owned.q.val()) << bits::<6>(8))
            | (bit_cast::<51, 2>(self.segment.q.val()) << bits::<6>(12))
            | (bit_cast::<51, 1>(self.on_activations.q.val().into()) << bits::<6>(14))
            | (bit_cast::<51, 20>(self.here_element.val()) << bits::<6>(15))
            | (bit_cast::<51, 16>(self.here_psum.val()) << bits::<6>(35));
        self.row_token.next = self.row_register.q.val();

        self.weight_entry.next = self.entry.q.val();
        self.weight_live.next = self.live.val() & !self.on_empty.q.val();
        self.every_row.next = self.runs.val() & !self.on_streams.q.val();
        self.weight_row.next = bits::<6>(63);
        if self.on_streams.q.val() {
            self.weight_entry.next = bit_cast::<16, 6>(self.send_row.q.val());
            self.weight_live.next = bit_cast::<7, 6>(self.send_row.q.val()) < self.on_slots.q.val();
            if self.sending.val() {
                self.weight_row.next = self.send_row.q.val();
            }
        }
        self.column_register.d.next = bit_cast::<42, 16>(self.weight_entry.val())
            | (bit_cast::<42, 1>(self.on_weights.q.val().into()) << bits::<6>(16))
            | (bit_cast::<42, 1>(self.weight_live.val().into()) << bits::<6>(17))
            | (bit_cast::<42, 1>(self.every_row.val().into()) << bits::<6>(18))
            | (bit_cast::<42, 6>(self.weight_row.val()) << bits::<6>(19))
            | (bit_cast::<42, 1>(self.on_from_zero.q.val().into()) << bits::<6>(25))
            | (bit_cast::<42, 16>(self.here_psum.val()) << bits::<6>(26));
        self.column_token.next = self.column_register.q.val();

        self.drains.next = self.live.val()
            & self.last.val()
            & !self.on_streams.q.val()
            & !self.place.q.val().any();
        self.drain_delay.d.next = bit_cast::<5, 4>(self.on_last_output.q.val())
            | (bit_cast::<5, 1>(self.drains.val().into()) << bits::<3>(4));
        self.row_drain.next = self.drain_delay.q.val();
    }
}
