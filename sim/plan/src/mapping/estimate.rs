//! A quick look at a mapping: how long each engine is taken. It only ranks candidates; cycles come from the timing.

use super::{Mapping, Order, extents};
use crate::cost;
use crate::layout;
use crate::space::TileSpace;
use crate::traffic::{self, Bursts, Requests, Steps};
use satkit_spec::isa::{LoadActivations, LoadWeights, MatMul, Store};
use satkit_spec::{ArrayConfig, Dataflow, Stage};

/// Estimated cycles of each engine for one product.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Estimate {
    pub(crate) array: u64,
    pub(crate) load_a: u64,
    pub(crate) load_w: u64,
    pub(crate) store: u64,
    /// The first chunk's load, before which nothing is multiplied.
    pub(crate) first_load: u64,
    /// The array's cycles for the last chunk, of which its load is the last, and for a tile.
    pub(crate) chunk_array: u64,
    pub(crate) tile_array: u64,
    /// The last tile's way out of the array, and its store.
    pub(crate) drain: u64,
    pub(crate) tile_store: u64,
}

impl Estimate {
    /// The slowest engine, and what it waits for at both ends.
    pub(crate) fn cycles(&self) -> u64 {
        let array = self.first_load + self.array + self.drain + self.tile_store;
        let load = self.load_a.max(self.load_w) + self.chunk_array + self.drain + self.tile_store;
        let store = self.first_load + self.tile_array + self.store;
        array.max(load).max(store)
    }

    pub(crate) fn of(config: &ArrayConfig, space: &TileSpace, mapping: &Mapping) -> Self {
        let rows = extents(space.row_count(), mapping.tile_rows(config, space));
        let cols = extents(space.problem.cols, mapping.tile_cols(config));
        let slots = space.problem.slots;
        let chunks = match mapping {
            Mapping::Os(os) => extents(slots, os.chunk_slots),
            Mapping::Ws(_) => extents(slots, config.rows),
        };
        let tiles = (rows.len() * cols.len()) as u64;
        // A tile, and a chunk, from the middle stand for all.
        let (row, col, chunk) =
            (rows[rows.len() / 2], cols[cols.len() / 2], chunks[chunks.len() / 2]);
        let (operands, results) = layout::operands(&space.problem.mac);
        let mut requests = Requests::default();
        requests.clear();
        let load = LoadActivations {
            group: 0,
            row_base: row.base as u32,
            rows: row.len as u32,
            slot_base: chunk.base as u32,
            slots: chunk.len as u32,
            words: 0,
        };
        let mut steps = Steps::default();
        let array_rows = config.rows;
        traffic::load_activations(space, &operands, &load, array_rows, &mut requests, &mut steps);
        let chunk_a = requests.beats().max(steps.all());
        requests.clear();
        steps.clear();
        let load = LoadWeights {
            group: 0,
            col_base: col.base as u32,
            cols: col.len as u32,
            slot_base: chunk.base as u32,
            slots: chunk.len as u32,
            entries: 0,
        };
        traffic::load_weights(space, &operands, &load, config.cols, &mut requests, &mut steps);
        let chunk_w = steps.all();
        requests.clear();
        let fp32 = space.problem.mac.stage == Stage::Wu;
        let store = Store {
            group: 0,
            row_base: row.base as u32,
            rows: row.len as u32,
            col_base: col.base as u32,
            cols: col.len as u32,
            fp32,
            bias: false,
            add: false,
            relu: false,
            mask: false,
            sums: false,
            products: false,
            bias_gradient: false,
        };
        let mut bursts = Bursts::new(false);
        traffic::store(config, space, &results, &store, &mut bursts);
        let tile_store = bursts.cycles();
        let loads = |stays: bool, outer: usize| -> u64 {
            if stays && chunks.len() == 1 { outer as u64 } else { tiles }
        };
        let (loads_a, loads_w) = match mapping {
            Mapping::Os(os) => match os.order {
                Order::Rows => (loads(true, rows.len()), loads(cols.len() == 1, 1)),
                Order::Columns => (loads(rows.len() == 1, 1), loads(true, cols.len())),
            },
            Mapping::Ws(ws) => {
                (rows.len() as u64 * (cols.len().div_ceil(ws.col_group)) as u64, tiles)
            }
        };
        let per_load = chunks.len() as u64;
        let (mut array, mut last) = (0, 0);
        for (row, row_times) in ends(&rows) {
            for (col, col_times) in ends(&cols) {
                let (cycles, drained) = tile_cycles(config, space, mapping, row, col, slots);
                array += cycles * (row_times * col_times) as u64;
                last = drained;
            }
        }
        Self {
            array,
            load_a: loads_a * per_load * chunk_a,
            load_w: loads_w * per_load * chunk_w,
            store: tiles * tile_store,
            first_load: chunk_a.max(chunk_w),
            chunk_array: array / (tiles * per_load),
            tile_array: array / tiles,
            drain: last,
            tile_store,
        }
    }
}

/// The lengths of all extents but the last, and of the last, with how often each is there.
fn ends(extents: &[super::Extent]) -> impl Iterator<Item = (usize, usize)> + Clone {
    let last = extents[extents.len() - 1].len;
    [(extents[0].len, extents.len() - 1), (last, 1)].into_iter().filter(|&(_, times)| times > 0)
}

/// Cycles of the array for one tile, at least those of its drain; and cycles of the drain after the last round.
fn tile_cycles(
    config: &ArrayConfig,
    space: &TileSpace,
    mapping: &Mapping,
    rows: usize,
    cols: usize,
    slots: usize,
) -> (u64, u64) {
    let iq = cols.div_ceil(config.cols);
    let ip = match (mapping, space.problem.mac.stage) {
        (Mapping::Os(_), Stage::Wu) => rows.div_ceil(config.rows),
        _ => mapping.interleave().0,
    };
    let mm = MatMul {
        group: 0,
        row_base: 0,
        rows: rows as u32,
        col_base: 0,
        cols: cols as u32,
        slot_base: 0,
        slots: slots as u32,
        ip: ip as u8,
        iq: iq as u8,
        accumulate: false,
        drain: true,
    };
    let cost = cost::matmul(config, mapping.dataflow(), &mm);
    match mapping.dataflow() {
        Dataflow::OutputStationary => {
            (cost.array_cycles.max(cost.drain_cycles), cost.drain_cycles - cost.first_cycles)
        }
        Dataflow::WeightStationary => {
            let passes = slots.div_ceil(config.rows).max(1) as u64;
            (passes * cost.array_cycles, cost.drain_cycles)
        }
    }
}
