//! No idle slot in steady state: of a sequence of MMs without a gap, dense and of every N:M, in both dataflows, the slots of the
//! controller's tokens are counted in RustHDL's simulation.

use crate::controller::{Item, Mm, Offer, Walk};
use crate::trace::{Traced, settle};
use rust_hdl_core::prelude::*;
use satkit_hdl::array::Controller;
use satkit_spec::ArrayConfig;
use std::collections::VecDeque;

const ADDER: u64 = 5;

/// The row of a weight that goes to no single one.
const NO_ROW: u8 = 63;

/// Slots between the first and the last live one of the first row, both included, and how many of them are idle.
struct Slots {
    all: u64,
    idle: u64,
    /// Live weights that go to every row at once: a use of the slot's element in all of them.
    weights: u64,
    /// Live weights that go to one row, which a pass keeps there.
    held: u64,
}

/// Gives a controller instructions as fast as it takes them, and counts.
fn count(config: &ArrayConfig, items: Vec<Item>) -> Slots {
    let timing = config.array_timing();
    let mut block = Box::new(Controller::default());
    block.connect_all();
    let mut items = VecDeque::from(items);
    let mut store = [Walk::default(); 16];
    let (mut slots, mut since_live) = (Slots { all: 0, idle: 0, weights: 0, held: 0 }, None);
    let mut quiet = 0;
    while quiet < 32 {
        let offer = Offer { item: items.front().copied(), go: true };
        let walk = store[block.walk_read.val().to_u8() as usize];
        let cycle = offer.inputs(config.rows as u64, &timing, &walk, (false, Mm::default()));
        block.drive(false, cycle.inputs());
        settle(&mut *block);
        let taken = match offer.item {
            Some(Item::Geometry { .. }) => true,
            Some(Item::Walk(walk)) => {
                store[block.walk_write.val().to_u8() as usize] = walk;
                block.walk_room.val()
            }
            Some(Item::Mm(_)) => block.mm_room.val(),
            None => false,
        };
        if taken {
            items.pop_front();
        }
        let live = block.row_token.val().get_bit(4);
        let column = block.column_token.val();
        let (weight, every_row) = (column.get_bit(17), column.get_bit(18));
        let one_row = column.get_bits::<6>(19).to_u8() != NO_ROW;
        slots.weights += u64::from(weight && every_row);
        slots.held += u64::from(weight && one_row);
        quiet = if live || !items.is_empty() || block.busy.val() { 0 } else { quiet + 1 };
        if live {
            slots.all += 1 + since_live.unwrap_or(0);
            slots.idle += since_live.unwrap_or(0);
            since_live = Some(0);
        } else {
            since_live = since_live.map(|idle: u64| idle + 1);
        }
        block.drive(true, cycle.inputs());
        settle(&mut *block);
    }
    slots
}

fn walk(slots: u64, kept: u64, groups: u64) -> Walk {
    let sizes = [kept, groups, 1, 1];
    Walk { slots, start: 0, sizes, left: sizes, steps: [8, 8, 8, 8], psum: 0 }
}

/// Chunks of one tile, then of the next; the last of each is drained.
fn tiles(tiles: u64, chunks: u64, one: impl Fn() -> (Walk, Mm)) -> Vec<Item> {
    let of = |chunk: u64| {
        let (walk, mm) = one();
        let mm = Mm { accumulate: chunk > 0, drain: chunk + 1 == chunks, ..mm };
        [Item::Walk(walk), Item::Mm(Mm { activations: true, weights: true, ..mm })]
    };
    (0..tiles).flat_map(|_| (0..chunks).flat_map(of)).collect()
}

fn sparsities() -> impl Iterator<Item = (u64, u64)> {
    [1, 2, 4, 8].into_iter().flat_map(|m| (1..=m).map(move |n| (n, m)))
}

/// Ring lengths with the outputs of a USPE along rows and columns.
const INTERLEAVES: [(u64, u64); 9] =
    [(1, 1), (2, 1), (1, 3), (2, 2), (5, 1), (3, 2), (2, 4), (1, 13), (4, 4)];

/// Rounds or rows of an MM that is longer than any power of two that a slip could hide behind for the short ones.
const LONG: u64 = 300;

#[test]
fn output_stationary_rounds_have_no_idle_slot_but_those_below_the_adders_latency() {
    let config = ArrayConfig::tiny();
    for (n, m) in sparsities() {
        // As many groups as hide the drain of the tile before, 4 rows of the ring.
        let few = (4_u64).div_ceil(n) + 1;
        let short =
            INTERLEAVES.into_iter().flat_map(|outputs| [(outputs, few, 2), (outputs, few, 1)]);
        let long = [((2, 3), LONG.div_ceil(n), 1)];
        for ((ip, iq), groups, chunks) in short.chain(long) {
            let (rounds, ring) = (groups * n, ip * iq);
            let mm = Mm { slots: rounds, rows: 4 * ip, ip, iq, ..Mm::default() };
            let mut items = vec![Item::Geometry { streams: false }];
            items.extend(tiles(3, chunks, || (walk(rounds, n, groups), mm)));
            let slots = count(&config, items);
            let (rounds, idle) = (3 * chunks * rounds, ADDER.saturating_sub(ring));
            let what =
                format!("{n}:{m}, {ip} x {iq} outputs, {rounds} rounds in {chunks} chunks a tile");
            // The idle slots of the very last round come after the last live one.
            assert_eq!(slots.idle, idle * (rounds - 1), "idle slots, {what}");
            assert_eq!(slots.all - slots.idle, rounds * ring, "live slots, {what}");
            assert_eq!(slots.weights, rounds * ring, "weights for every row, {what}");
            assert_eq!(slots.held, 0, "weights for one row, {what}");
        }
    }
}

#[test]
fn weight_stationary_passes_have_no_idle_slot_from_their_floor_on() {
    for config in [ArrayConfig::tiny(), ArrayConfig::small()] {
        let floor = config.array_timing().ws_pass_floor_cycles as u64;
        for (n, m) in sparsities() {
            // Compact weights of whole groups, and as many as there are rows.
            let rows = config.rows as u64;
            let whole = (rows / n * n).max(n.min(rows));
            let passes = [
                (floor, 2),
                (floor, 1),
                (floor + 1, 2),
                (floor + 13, 2),
                (floor - 1, 2),
                (1, 2),
                (LONG, 1),
            ];
            let all = passes.into_iter().flat_map(|pass| [(pass, whole), (pass, rows)]);
            for ((rows, chunks), held) in all {
                let mm = Mm { slots: held, rows, ip: 1, iq: 1, ..Mm::default() };
                let mut items = vec![Item::Geometry { streams: true }];
                items.extend(tiles(3, chunks, || (walk(rows, 1, rows), mm)));
                let slots = count(&config, items);
                let passes = 3 * chunks;
                let what = format!("{n}:{m}, {} rows, {passes} passes of {rows}", config.rows);
                let idle = (passes - 1) * floor.saturating_sub(rows);
                assert_eq!(slots.idle, idle, "idle slots, {what}");
                assert_eq!(slots.all - slots.idle, passes * rows, "live slots, {what}");
                // A row without its weight multiplies for nothing, however busy its slots are.
                assert_eq!(slots.held, passes * held, "weights for one row, {what}");
                assert_eq!(slots.weights, 0, "weights for every row, {what}");
            }
        }
    }
}
