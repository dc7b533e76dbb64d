//! When MMs end, and when their outputs may be stored, against plain Rust: sequences of MMs as the array has them.

use crate::support::Random;
use crate::trace::{Cycle, Replay, in_rusthdl, traced};
use crate::verilog::has_verilog_tool;
use satkit_hdl::array::Ends;
use satkit_hdl::emit::emit;
use std::collections::BTreeMap;

const FEW: usize = 4_000;
const MANY: usize = 400_000;

traced!(
    Ends,
    [forget start drains posts streams outputs interleave ending reaching],
    [first_out ended idle]
);

/// Inputs of a cycle and what is due.
#[derive(Clone, Copy, Default)]
struct Now {
    /// Drains, posts, streams, outputs, interleave.
    start: Option<(bool, bool, bool, u64, u64)>,
    ending: bool,
    reaching: bool,
    first_out: bool,
    ended: bool,
}

/// The cycles of a sequence: an MM starts when the array is free and its outputs find the drain path free.
fn sequence(random: &mut Random, mms: usize) -> (BTreeMap<u64, Now>, u64) {
    let mut cycles: BTreeMap<u64, Now> = BTreeMap::new();
    let (mut free, mut drain_free, mut last_end) = (1u64, 0u64, 0u64);
    // The number of MMs that have started and not ended, by changes.
    for _ in 0..mms {
        let (drains, streams) = (random.below(3) == 0, random.below(4) == 0);
        let posts = drains && random.below(4) > 0;
        let interleave = 1 + random.below(16);
        let outputs = if streams { 1 + random.below(40) } else { 4 * interleave };
        let spread = if random.below(4) == 0 { 60 } else { 3 };
        let array = 5 + random.below(spread);
        let reach = array - 5 + 23;
        let gap = if random.below(3) == 0 { random.below(20) } else { 0 };
        let mut start = free + gap;
        if drains {
            start = start.max(drain_free.saturating_sub(reach));
        }
        free = start + array;
        let mut own = free;
        cycles.entry(start).or_default().start =
            Some((drains, posts, streams, outputs, interleave));
        cycles.entry(free - 1).or_default().ending = true;
        if drains {
            let first = start + reach;
            drain_free = first + outputs;
            for at in first..drain_free {
                cycles.entry(at - 1).or_default().reaching = true;
            }
            // A row of the array has come out, or the first that is streamed comes.
            let ready = if streams { first } else { first + interleave };
            cycles.entry(ready - 1).or_default().first_out |= posts;
            own = own.max(drain_free);
        }
        last_end = own.max(last_end + 1);
        cycles.entry(last_end - 1).or_default().ended = true;
    }
    (cycles, last_end + 3)
}

fn cycles(seed: u64) -> impl Iterator<Item = Cycle> + Send {
    let mut random = Random(seed);
    std::iter::repeat_with(move || {
        let (events, len) = sequence(&mut random, 200);
        let stops = random.below(len);
        let cut = if random.below(2) == 0 { stops } else { len };
        let mut open = 0;
        let mut cycles = Vec::new();
        for at in 0..=cut {
            let forget = at == cut;
            let now = events.get(&at).copied().unwrap_or_default();
            let (drains, posts, streams, outputs, interleave) = now.start.unwrap_or_default();
            let mut cycle = Cycle::default();
            cycle
                .give(1, forget.into())
                .give(1, now.start.is_some().into())
                .give(1, drains.into())
                .give(1, posts.into())
                .give(1, streams.into())
                .give(16, outputs)
                .give(5, interleave)
                .give(1, now.ending.into())
                .give(1, now.reaching.into())
                .expect(1, now.first_out.into())
                .expect(1, now.ended.into())
                .expect(1, (open == 0).into());
            open += i64::from(now.start.is_some()) - i64::from(now.ended);
            cycles.push(cycle);
        }
        // What registers still had to say is forgotten a cycle later.
        let mut rest = Cycle::default();
        rest.give(1, 1);
        for width in [1, 1, 1, 1, 16, 5, 1, 1] {
            rest.give(width, 0);
        }
        rest.expect_bits(1, 0, 0).expect_bits(1, 0, 0).expect(1, 1);
        cycles.push(rest);
        cycles
    })
    .flatten()
}

#[test]
fn ends_in_rusthdl() {
    in_rusthdl::<Ends>(cycles(1).take(FEW));
}

#[test]
fn ends_in_verilog() {
    if has_verilog_tool("verilator") {
        Replay::build::<Ends>(&emit("mm_ends", Ends::default)).check(|| cycles(2), MANY);
    }
}
