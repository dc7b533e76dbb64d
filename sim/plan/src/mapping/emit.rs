//! The instructions of a mapping.

use super::{Extent, Mapping, Order, OsMapping, WsMapping, extents};
use crate::space::{Rows, TileSpace};
use crate::{PlanError, traffic, walk};
use satkit_spec::isa::Semaphore::{
    self, ActivationsFree, ActivationsFull, DrainFree, DrainFull, WeightsFree, WeightsFull,
};
use satkit_spec::isa::{
    Instruction, LoadActivations, LoadWeights, MAX_WALKS, MatMul, Operation, SemaphoreSet, Store,
    Walk,
};
use satkit_spec::{ArrayConfig, Stage};

/// Takes the instructions one by one.
pub trait Emitter {
    /// Appends an instruction of the space last announced.
    ///
    /// # Errors
    /// [`PlanError::TooLong`] if a program has no room for it.
    fn push(&mut self, space: &TileSpace, instruction: Instruction) -> Result<(), PlanError>;
}

/// The elementwise work that stores do (fields of ST).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StoreWork {
    /// Adds the bias of each column.
    pub bias: bool,
    /// Adds a tensor.
    pub add: bool,
    /// Applies ReLU.
    pub relu: bool,
    /// Applies a ReLU mask.
    pub mask: bool,
    /// Sums values.
    pub sums: bool,
    /// Sums products with a tensor.
    pub products: bool,
    /// Writes the rounded sums with the last tile: a bias gradient.
    pub bias_gradient: bool,
    /// Stores FP32 accumulators instead of rounding to FP16.
    pub single: bool,
}

/// Narrows a count to its instruction field's type; `encode` checks the exact width.
fn narrow(what: &'static str, value: usize) -> Result<u32, PlanError> {
    let max = u64::from(u32::MAX);
    u32::try_from(value).map_err(|_| PlanError::TooLarge { what, value: value as u64, max })
}

struct Tile<'s> {
    config: &'s ArrayConfig,
    space: &'s TileSpace,
    work: StoreWork,
    group: u32,
    rows: Extent,
    cols: Extent,
}

impl Tile<'_> {
    /// Words of a row bank that a chunk of this tile takes.
    fn words(&self, slots: Extent) -> usize {
        let range = |e: Extent| e.base..e.base + e.len;
        traffic::words(self.config, self.space, range(self.rows), range(slots))
    }

    /// How the array walks through a chunk of this tile.
    fn walks(&self, slots: Extent) -> Result<Vec<Walk>, PlanError> {
        let range = |e: Extent| e.base..e.base + e.len;
        let walks = walk::walks(self.config, self.space, range(self.rows), range(slots));
        if walks.len() > MAX_WALKS {
            let (value, max) = (walks.len() as u64, MAX_WALKS as u64);
            return Err(PlanError::TooLarge { what: "walks of an MM", value, max });
        }
        Ok(walks)
    }

    fn load_activations(&self, slots: Extent, words: usize) -> Result<Operation, PlanError> {
        let rows = self.rows;
        Ok(Operation::LoadActivations(LoadActivations {
            group: self.group,
            row_base: narrow("rows", rows.base)?,
            rows: narrow("rows of a tile", rows.len)?,
            slot_base: narrow("K slots", slots.base)?,
            slots: narrow("K slots", slots.len)?,
            words: narrow("words of a row bank", words)?,
        }))
    }

    fn load_weights(&self, slots: Extent) -> Result<Operation, PlanError> {
        let entries = self.cols.len.div_ceil(self.config.cols) * slots.len;
        Ok(Operation::LoadWeights(LoadWeights {
            group: self.group,
            col_base: narrow("columns", self.cols.base)?,
            cols: narrow("columns of a tile", self.cols.len)?,
            slot_base: narrow("K slots", slots.base)?,
            slots: narrow("K slots", slots.len)?,
            entries: narrow("entries of a column bank", entries)?,
        }))
    }

    fn matmul(
        &self,
        slots: Extent,
        (ip, iq): (usize, usize),
        (first, last): (bool, bool),
    ) -> Result<Operation, PlanError> {
        Ok(Operation::MatMul(MatMul {
            group: self.group,
            row_base: narrow("rows", self.rows.base)?,
            rows: narrow("rows of a tile", self.rows.len)?,
            col_base: narrow("columns", self.cols.base)?,
            cols: narrow("columns of a tile", self.cols.len)?,
            slot_base: narrow("K slots", slots.base)?,
            slots: narrow("K slots", slots.len)?,
            ip: ip as u8,
            iq: iq as u8,
            accumulate: !first,
            drain: last,
        }))
    }

    fn store(&self) -> Result<Operation, PlanError> {
        let work = self.work;
        Ok(Operation::Store(Store {
            group: self.group,
            row_base: narrow("rows", self.rows.base)?,
            rows: narrow("rows of a tile", self.rows.len)?,
            col_base: narrow("columns", self.cols.base)?,
            cols: narrow("columns of a tile", self.cols.len)?,
            fp32: work.single,
            bias: work.bias,
            add: work.add,
            relu: work.relu,
            mask: work.mask,
            sums: work.sums,
            products: work.products,
            bias_gradient: work.bias_gradient,
        }))
    }
}

/// Emits the instructions of `groups` products of a space under its mapping, GEOMETRY first.
///
/// # Errors
/// [`PlanError::TooLarge`] if a count does not fit its field, or the emitter's.
pub fn emit(
    config: &ArrayConfig,
    space: &TileSpace,
    mapping: &Mapping,
    work: StoreWork,
    groups: u32,
    out: &mut impl Emitter,
) -> Result<(), PlanError> {
    out.push(space, Instruction::new(Operation::Geometry(space.geometry())))?;
    match mapping {
        Mapping::Os(os) => output_stationary(config, space, mapping, os, work, groups, out),
        Mapping::Ws(ws) => weight_stationary(config, space, ws, work, groups, out),
    }
}

fn instruction(operation: Operation, wait: &[Semaphore], post: &[Semaphore]) -> Instruction {
    Instruction { wait: SemaphoreSet::of(wait), post: SemaphoreSet::of(post), operation }
}

/// Sets of semaphores that grow.
#[derive(Default)]
struct Ties {
    wait: SemaphoreSet,
    post: SemaphoreSet,
}

impl Ties {
    fn buffers(load_a: bool, free_a: bool, load_w: bool, free_w: bool, last: bool) -> Self {
        let mut ties = Self::default();
        for (wanted, semaphore) in
            [(load_a, ActivationsFull), (load_w, WeightsFull), (last, DrainFree)]
        {
            if wanted {
                ties.wait = ties.wait.with(semaphore);
            }
        }
        for (wanted, semaphore) in
            [(free_a, ActivationsFree), (free_w, WeightsFree), (last, DrainFull)]
        {
            if wanted {
                ties.post = ties.post.with(semaphore);
            }
        }
        ties
    }
}

/// What of a tile a buffer's half holds: group, row or column tile, chunk.
type Held = (u32, usize, usize);

fn output_stationary(
    config: &ArrayConfig,
    space: &TileSpace,
    mapping: &Mapping,
    os: &OsMapping,
    work: StoreWork,
    groups: u32,
    out: &mut impl Emitter,
) -> Result<(), PlanError> {
    let rows = extents(space.row_count(), mapping.tile_rows(config, space));
    let cols = extents(space.problem.cols, mapping.tile_cols(config));
    // K = 0 is legal: one empty chunk drains +0.0.
    let chunks = extents(space.problem.slots, os.chunk_slots);
    let (row_tiles, col_tiles, chunk_count) = (rows.len(), cols.len(), chunks.len());
    let steps = row_tiles * col_tiles * chunk_count;
    let place = |step: usize| {
        let (tile, chunk) = (step / chunk_count, step % chunk_count);
        match os.order {
            Order::Rows => (tile / col_tiles, tile % col_tiles, chunk),
            Order::Columns => (tile % row_tiles, tile / row_tiles, chunk),
        }
    };
    let held = |group: u32, step: usize| -> (Held, Held) {
        let (row, col, chunk) = place(step);
        ((group, row, chunk), (group, col, chunk))
    };
    // Patches take the same words everywhere, and are walked through alike.
    let patches = matches!(space.rows, Rows::Patches(_));
    let mut words: Vec<Option<usize>> = vec![None; chunk_count];
    let mut walks: Vec<Option<Vec<Walk>>> = vec![None; chunk_count];
    let mut before: Option<(Held, Held)> = None;
    for group in 0..groups {
        for step in 0..steps {
            let (row, col, chunk) = place(step);
            let slots = chunks[chunk];
            let (first, last) = (chunk == 0, chunk + 1 == chunk_count);
            let tile = Tile { config, space, work, group, rows: rows[row], cols: cols[col] };
            let here = held(group, step);
            let next = if step + 1 < steps {
                Some(held(group, step + 1))
            } else if group + 1 < groups {
                Some(held(group + 1, 0))
            } else {
                None
            };
            // What a half already holds is not loaded again; it is freed when the next step needs something else.
            // K = 0 needs nothing.
            let empty = slots.len == 0;
            let load_a = !empty && before.is_none_or(|before| before.0 != here.0);
            let load_w = !empty && before.is_none_or(|before| before.1 != here.1);
            let free_a = !empty && next.is_none_or(|next| next.0 != here.0);
            let free_w = !empty && next.is_none_or(|next| next.1 != here.1);
            before = Some(here);
            if load_a {
                let known = words[chunk].filter(|_| patches);
                let needed = known.unwrap_or_else(|| tile.words(slots));
                words[chunk] = Some(needed);
                let load = tile.load_activations(slots, needed)?;
                out.push(space, instruction(load, &[ActivationsFree], &[ActivationsFull]))?;
            }
            if load_w {
                let load = tile.load_weights(slots)?;
                out.push(space, instruction(load, &[WeightsFree], &[WeightsFull]))?;
            }
            let ip = match space.problem.mac.stage {
                Stage::Wu => tile.rows.len.div_ceil(config.rows),
                _ => os.ip(),
            };
            let iq = tile.cols.len.div_ceil(config.cols);
            let known = walks[chunk].take().filter(|_| patches);
            let walks = walks[chunk].insert(known.map_or_else(|| tile.walks(slots), Ok)?);
            for walk in walks {
                out.push(space, Instruction::new(Operation::Walk(*walk)))?;
            }
            let ties = Ties::buffers(load_a, free_a, load_w, free_w, last);
            let operation = tile.matmul(slots, (ip, iq), (first, last))?;
            let (wait, post) = (ties.wait, ties.post);
            out.push(space, Instruction { wait, post, operation })?;
            if last {
                out.push(space, instruction(tile.store()?, &[DrainFull], &[DrainFree]))?;
            }
        }
    }
    Ok(())
}

fn weight_stationary(
    config: &ArrayConfig,
    space: &TileSpace,
    ws: &WsMapping,
    work: StoreWork,
    groups: u32,
    out: &mut impl Emitter,
) -> Result<(), PlanError> {
    let rows = extents(space.row_count(), ws.rows);
    let cols = extents(space.problem.cols, config.cols);
    let passes = extents(space.problem.slots, config.rows);
    for group in 0..groups {
        for &rows in &rows {
            for share in cols.chunks(ws.col_group) {
                for (pass, &slots) in passes.iter().enumerate() {
                    let (first, last) = (pass == 0, pass + 1 == passes.len());
                    for (at, &cols) in share.iter().enumerate() {
                        let tile = Tile { config, space, work, group, rows, cols };
                        let some = slots.len > 0;
                        let (load_a, free_a) = (some && at == 0, some && at + 1 == share.len());
                        if load_a {
                            let load = tile.load_activations(slots, tile.words(slots))?;
                            let load = instruction(load, &[ActivationsFree], &[ActivationsFull]);
                            out.push(space, load)?;
                        }
                        if some {
                            let load = tile.load_weights(slots)?;
                            out.push(space, instruction(load, &[WeightsFree], &[WeightsFull]))?;
                        }
                        // The sums of a share's columns lie side by side until their last pass.
                        let psum = if first && last { 0 } else { at * rows.len };
                        for walk in tile.walks(slots)? {
                            let psum = narrow("partial sums", psum)?;
                            out.push(
                                space,
                                Instruction::new(Operation::Walk(Walk { psum, ..walk })),
                            )?;
                        }
                        let ties = Ties::buffers(load_a, free_a, some, some, last);
                        let operation = tile.matmul(slots, (1, 1), (first, last))?;
                        let (wait, post) = (ties.wait, ties.post);
                        out.push(space, Instruction { wait, post, operation })?;
                        if last {
                            let store = tile.store()?;
                            out.push(space, instruction(store, &[DrainFull], &[DrainFree]))?;
                        }
                    }
                }
            }
        }
    }
    Ok(())
}
