//! Which bytes each instruction of a program reads and writes.

use crate::space::TileSpace;
use crate::traffic::{Bursts, Requests, Steps, load_activations, load_weights, store};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Instruction, Operands, Operation, Reads, Results, Writes};
use std::ops::Range;

/// Bytes that one instruction writes alone, whatever the tiles: four channels, the fewest columns of an array.
const GRAIN: u64 = 8;

/// What the sequencer has set.
#[derive(Default)]
pub(super) struct Context {
    space: Option<TileSpace>,
    operands: Option<Operands>,
    results: Option<Results>,
    reads: Option<Reads>,
    writes: Option<Writes>,
}

impl Context {
    /// Bytes that an instruction reads and writes.
    pub(super) fn runs(
        &mut self,
        config: &ArrayConfig,
        i: &Instruction,
    ) -> (Vec<Range<u64>>, Vec<Range<u64>>) {
        let mut requests = Requests::default();
        requests.clear();
        let stream = |(address, beats): (u32, u32)| {
            u64::from(address) * 64..(u64::from(address) + u64::from(beats)) * 64
        };
        match &i.operation {
            Operation::Geometry(geometry) => self.space = TileSpace::read(geometry).ok(),
            Operation::Operands(operands) => self.operands = Some(*operands),
            Operation::Results(results) => self.results = Some(*results),
            Operation::Reads(reads) => self.reads = Some(*reads),
            Operation::Writes(writes) => self.writes = Some(*writes),
            Operation::LoadActivations(load) => {
                let (space, operands) = (self.space.unwrap(), self.operands.unwrap());
                let steps = &mut Steps::default();
                load_activations(&space, &operands, load, config.rows, &mut requests, steps);
                return (requests.runs, Vec::new());
            }
            Operation::LoadWeights(load) => {
                let (space, operands) = (self.space.unwrap(), self.operands.unwrap());
                let steps = &mut Steps::default();
                load_weights(&space, &operands, load, config.cols, &mut requests, steps);
                return (requests.runs, Vec::new());
            }
            Operation::Store(st) => {
                let results = self.results.unwrap();
                let mut bursts = Bursts::with_runs();
                store(config, &self.space.unwrap(), &results, st, &mut bursts);
                let at = |field: u32, divide: u64| {
                    let moved = move |byte: u64| {
                        u64::from(field) * 64 + (byte - u64::from(results.out) * 64) / divide
                    };
                    bursts.runs().iter().map(move |run| moved(run.start)..moved(run.end))
                };
                let mut reads = Vec::new();
                if st.add {
                    reads.extend(at(results.add, 1));
                }
                if st.mask {
                    reads.extend(at(results.mask, 16));
                }
                return (reads, bursts.runs().to_vec());
            }
            Operation::Update(_) | Operation::Prune(_) | Operation::Vector(_) => {
                let (r, w) = (self.reads.unwrap(), self.writes.unwrap());
                let reads = [
                    (r.first, r.first_beats),
                    (r.second, r.second_beats),
                    (r.third, r.third_beats),
                ];
                let writes = [
                    (w.first, w.first_beats),
                    (w.second, w.second_beats),
                    (w.third, w.third_beats),
                ];
                return (reads.map(stream).to_vec(), writes.map(stream).to_vec());
            }
            Operation::MatMul(_)
            | Operation::Walk(_)
            | Operation::Weights(_)
            | Operation::Shape(_)
            | Operation::Tensors(_)
            | Operation::Parameters(_) => {}
        }
        (Vec::new(), Vec::new())
    }
}

pub(super) fn grains(runs: &[Range<u64>]) -> impl Iterator<Item = u64> {
    runs.iter().flat_map(|run| run.start / GRAIN..run.end.div_ceil(GRAIN))
}
