//! Which bytes each instruction of a program writes.

use crate::layout::BEAT_BYTES;
use crate::program::Program;
use crate::space::TileSpace;
use crate::traffic::{self, Bursts, bytes_at};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Operation, Results, Writes};
use std::ops::Range;

/// The runs of bytes of card memory that each instruction writes: those of ST exactly, those of WU, SORE and VE in whole beats. A program
/// that has a time has them too; of what comes before its GEOMETRY, RESULTS or WRITES there are none.
///
/// The sums that ST writes beside its tile (bias gradients) are not among them.
#[must_use]
pub fn written(config: &ArrayConfig, program: &Program) -> Vec<Vec<Range<u64>>> {
    let mut space: Option<TileSpace> = None;
    let mut results: Option<Results> = None;
    let mut writes: Option<Writes> = None;
    let mut bursts = Bursts::with_runs();
    let of = |operation: &Operation| match operation {
        Operation::Geometry(geometry) => {
            space = TileSpace::read(geometry).ok();
            Vec::new()
        }
        Operation::Results(given) => {
            results = Some(*given);
            Vec::new()
        }
        Operation::Writes(given) => {
            writes = Some(*given);
            Vec::new()
        }
        Operation::Store(store) => {
            let (Some(space), Some(results)) = (&space, &results) else { return Vec::new() };
            traffic::store(config, space, results, store, &mut bursts);
            bursts.runs().to_vec()
        }
        Operation::Update(_) | Operation::Prune(_) | Operation::Vector(_) => {
            let streams = writes.map_or_else(Vec::new, |w| {
                vec![(w.first, w.first_beats), (w.second, w.second_beats), (w.third, w.third_beats)]
            });
            let run = |(address, beats): (u32, u32)| {
                let start = bytes_at(address);
                start..start + u64::from(beats) * BEAT_BYTES
            };
            streams.into_iter().map(run).filter(|run| !run.is_empty()).collect()
        }
        _ => Vec::new(),
    };
    program.instructions().iter().map(|instruction| &instruction.operation).map(of).collect()
}
