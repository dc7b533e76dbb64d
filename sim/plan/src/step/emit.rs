//! The instructions of each kind of operation.

use super::depend::{Ledger, Needs};
use super::memory::Places;
use super::work::{
    DrainValues, Edge, MacOperation, ProductOperand, ProductOperation, PruneOperation, Stream,
    TensorId, UpdateOperation, UpdateValues, VectorOperation, VectorTensors,
};
use crate::layout::{self, BEAT_BYTES, HALF_BYTES, SINGLE_BYTES};
use crate::mapping::{Emitter, Mapping, StoreWork, emit};
use crate::space::{Grid, Rows, TileSpace, WeightSource};
use crate::{PlanError, Problem};
use satkit_memory::PAGE_BYTES;
use satkit_spec::isa::{
    self, Engine, Instruction, LoadActivations, LoadWeights, Operands, Operation, Reads, Results,
    Store, Update, Vector, Writes,
};
use satkit_spec::{ArrayConfig, NORM_PIECE_CHANNELS, Stage};

/// Most pieces of a divisible stream, and the beats that a piece has at least.
const MOST_PIECES: u64 = 32;
const LEAST_PIECE_BEATS: u64 = 2048;

/// Tensors with the byte up to which a piece reads or writes each.
type Ends = Vec<(TensorId, u64)>;

/// Appends operations to a step.
pub(super) struct StepEmitter<'s> {
    pub(super) config: &'s ArrayConfig,
    pub(super) places: &'s Places,
    pub(super) ledger: &'s mut Ledger,
    /// Tensors whose values a guarded update waits for.
    pub(super) gradients: &'s [TensorId],
}

const fn eights(elements: usize) -> u32 {
    (elements / 8) as u32
}

impl StepEmitter<'_> {
    fn set(&mut self, operation: Operation) -> Result<(), PlanError> {
        self.ledger.push(Instruction::new(operation), &Needs::default())
    }

    /// A MAC stage under the mapping of each of its problems.
    pub(super) fn mac(
        &mut self,
        operation: &MacOperation,
        problems: &[(Problem, TileSpace, Mapping)],
    ) -> Result<(), PlanError> {
        let shape = &operation.stage.shape;
        let (a, w, out) = match operation.stage.stage {
            Stage::Ff | Stage::Wu => (shape.ci, shape.co, shape.co),
            Stage::Bp => (shape.co, shape.ci, shape.ci),
        };
        let operand = |tensor, channels| ProductOperand {
            tensor,
            offset: 0,
            pitch: layout::pitch(channels),
            head: 0,
        };
        let mut work = operation.store_work();
        if let Some(DrainValues { bias, bias_gradient }) = operation.values
            && (bias.is_some() || bias_gradient.is_some())
        {
            work.bias_gradient = bias_gradient.is_some();
            self.set(Operation::Parameters(isa::Parameters {
                scalars: 0,
                first: self.places.optional(bias),
                second: 0,
                running: 0,
                sums: self.places.optional(bias_gradient),
            }))?;
        }
        let mut tiles = TileEmitter {
            ledger: &mut *self.ledger,
            a: operand(operation.a, a),
            w: operand(operation.w, w),
            out: operand(operation.out, out),
            edge: operation.edge,
            heads: 1,
            tile_beats: layout::tile_beats(&operation.stage) as u32,
            // WU's results are marked when they are complete.
            out_bytes: if operation.single { SINGLE_BYTES } else { HALF_BYTES },
            whole: problems.len() == 1,
            scale: 1.0,
        };
        tiles.tensors(self.places)?;
        for (_, space, mapping) in problems {
            emit(self.config, space, mapping, work, 1, &mut tiles)?;
        }
        // The last store completes whatever the marks do not cover.
        self.ledger.mark(operation.out, Engine::Store, u64::MAX);
        Ok(())
    }

    /// Batched products under one mapping.
    pub(super) fn products(
        &mut self,
        operation: &ProductOperation,
        space: &TileSpace,
        mapping: &Mapping,
    ) -> Result<(), PlanError> {
        let mut tiles = TileEmitter {
            ledger: &mut *self.ledger,
            a: operation.a,
            w: operation.w,
            out: operation.out,
            edge: Edge::default(),
            heads: operation.heads,
            tile_beats: 0,
            out_bytes: if operation.single { SINGLE_BYTES } else { HALF_BYTES },
            whole: true,
            scale: operation.scale,
        };
        tiles.tensors(self.places)?;
        let work = StoreWork { single: operation.single, ..StoreWork::default() };
        emit(self.config, space, mapping, work, operation.groups as u32, &mut tiles)?;
        self.ledger.mark(operation.out.tensor, Engine::Store, u64::MAX);
        Ok(())
    }

    /// The streams of the next WU or VE: beats `from..to` of `of` parts of each.
    fn streams(
        &mut self,
        reads: &[Stream],
        writes: &[Stream],
        piece: (u64, u64),
    ) -> Result<(Ends, Ends), PlanError> {
        let longest = longest_beats(reads, writes);
        let part = |stream: &Stream| {
            let beats = stream.bytes.div_ceil(BEAT_BYTES);
            let share =
                |at: u64| (u128::from(at) * u128::from(beats) / u128::from(longest.max(1))) as u64;
            let (from, to) = (share(piece.0), share(piece.1));
            // Places are below 2^30 beats, and no stream is longer than the card.
            let address = (self.places.bytes(stream.tensor) / BEAT_BYTES + from) as u32;
            (stream.tensor, address, (to - from) as u32, to * BEAT_BYTES)
        };
        let none = (TensorId(0), 0, 0, 0);
        let three = |streams: &[Stream]| -> [(TensorId, u32, u32, u64); 3] {
            std::array::from_fn(|at| streams.get(at).map_or(none, part))
        };
        let (r, w) = (three(reads), three(writes));
        self.set(Operation::Reads(Reads {
            first: r[0].1,
            first_beats: r[0].2,
            second: r[1].1,
            second_beats: r[1].2,
            third: r[2].1,
            third_beats: r[2].2,
        }))?;
        self.set(Operation::Writes(Writes {
            first: w[0].1,
            first_beats: w[0].2,
            second: w[1].1,
            second_beats: w[1].2,
            third: w[2].1,
            third_beats: w[2].2,
        }))?;
        let ends = |streams: &[Stream], parts: &[(TensorId, u32, u32, u64); 3]| {
            streams.iter().zip(parts).map(|(_, part)| (part.0, part.3)).collect()
        };
        Ok((ends(reads, &r), ends(writes, &w)))
    }

    /// What VE computes.
    fn values(&mut self, operation: &VectorOperation) -> Result<(), PlanError> {
        let Some(values) = operation.values else { return Ok(()) };
        let streamed = || {
            let at =
                |streams: &[Stream], index: usize| streams.get(index).map(|stream| stream.tensor);
            let (reads, writes) = (&operation.reads, &operation.writes);
            let [a, b, c] = [0, 1, 2].map(|index| at(reads, index));
            let [x, y, z] = [0, 1, 2].map(|index| at(writes, index));
            VectorTensors { a, b, c, x, y, z }
        };
        let named = values.tensors.unwrap_or_else(streamed);
        let tensors = isa::Tensors {
            a: self.places.optional(named.a),
            b: self.places.optional(named.b),
            c: self.places.optional(named.c),
            x: self.places.optional(named.x),
            y: self.places.optional(named.y),
            z: self.places.optional(named.z),
        };
        let parameters = isa::Parameters {
            scalars: self.places.optional(values.scalars),
            first: self.places.optional(values.first),
            second: self.places.optional(values.second),
            running: self.places.optional(values.running),
            sums: self.places.optional(values.sums),
        };
        self.set(Operation::Shape(values.shape))?;
        self.set(Operation::Tensors(tensors))?;
        self.set(Operation::Parameters(parameters))
    }

    /// An elementwise stream, in pieces if it is divisible.
    pub(super) fn vector(&mut self, operation: &VectorOperation) -> Result<(), PlanError> {
        self.values(operation)?;
        let longest = longest_beats(&operation.reads, &operation.writes);
        let by_channels = operation.op.is_by_channels();
        let pieces = if by_channels {
            operation.elements.div_ceil(NORM_PIECE_CHANNELS as u64).max(1)
        } else if operation.divisible {
            (longest / LEAST_PIECE_BEATS).clamp(1, MOST_PIECES)
        } else {
            1
        };
        let page_beats = PAGE_BYTES / BEAT_BYTES;
        let cut = |piece: u64| {
            if by_channels {
                // Each stream has whole beats of each unit of channels.
                let channels = (piece * NORM_PIECE_CHANNELS as u64).min(operation.elements);
                return longest * channels / operation.elements.max(1);
            }
            let at = (u128::from(longest) * u128::from(piece) / u128::from(pieces)) as u64;
            if piece == pieces { longest } else { at.next_multiple_of(page_beats).min(longest) }
        };
        // Beats of all pieces but the last are full.
        let beat = layout::beat_elements(operation.elements, longest);
        let elements = |piece: u64| {
            let all = operation.elements;
            if by_channels {
                return all.min(piece * NORM_PIECE_CHANNELS as u64);
            }
            if piece == pieces { all } else { all.min(cut(piece) * beat) }
        };
        for piece in 0..pieces {
            let range = (cut(piece), cut(piece + 1));
            let (reads, writes) = self.streams(&operation.reads, &operation.writes, range)?;
            let mut needs = Needs::default();
            for (tensor, bytes) in reads {
                let bytes = if pieces == 1 { u64::MAX } else { bytes };
                self.ledger.need(&mut needs, tensor, bytes);
            }
            for &tensor in operation.barrier.iter().filter(|_| piece == 0) {
                self.ledger.need(&mut needs, tensor, u64::MAX);
            }
            let elements = if pieces == 1 {
                operation.elements
            } else {
                elements(piece + 1) - elements(piece)
            };
            let last = operation.values.is_some() && piece + 1 == pieces;
            let vector = Operation::Vector(Vector { op: operation.op, elements, last });
            self.ledger.push(Instruction::new(vector), &needs)?;
            for (tensor, bytes) in writes {
                let bytes = if piece + 1 == pieces { u64::MAX } else { bytes };
                self.ledger.mark(tensor, Engine::Vector, bytes);
            }
        }
        Ok(())
    }

    /// An update of parameters.
    pub(super) fn update(&mut self, operation: &UpdateOperation) -> Result<(), PlanError> {
        let mut reads = vec![operation.master, operation.gradient];
        let numbers = |values: UpdateValues| Stream { tensor: values.scalars, bytes: BEAT_BYTES };
        reads.extend(operation.values.map(numbers));
        let mut writes = vec![operation.master];
        writes.extend(operation.ff.map(|(stream, _)| stream));
        writes.extend(operation.bp.map(|(stream, _)| stream));
        let longest = longest_beats(&reads, &writes);
        self.streams(&reads, &writes, (0, longest))?;
        if let Some(weights) = operation.weights {
            self.set(Operation::Weights(weights))?;
        }
        let mut guarded = false;
        if let Some(values) = operation.values {
            guarded = values.guarded;
            let scalars = self.places.field(values.scalars);
            let none = isa::Parameters { scalars, first: 0, second: 0, running: 0, sums: 0 };
            self.set(Operation::Parameters(none))?;
        }
        let mut needs = Needs::default();
        self.ledger.need(&mut needs, operation.gradient.tensor, u64::MAX);
        for &gradient in self.gradients.iter().filter(|_| guarded) {
            self.ledger.need(&mut needs, gradient, u64::MAX);
        }
        let update = Operation::Update(Update {
            parameters: operation.parameters,
            make_ff: operation.ff.is_some(),
            make_bp: operation.bp.is_some(),
            weights: operation.weights.is_some(),
            guarded,
        });
        self.ledger.push(Instruction::new(update), &needs)
    }

    /// Operand weights made on the fly.
    pub(super) fn prune(&mut self, operation: &PruneOperation) -> Result<(), PlanError> {
        let (reads, writes) = ([operation.from], [operation.to]);
        self.streams(&reads, &writes, (0, longest_beats(&reads, &writes)))?;
        if let Some(weights) = operation.values {
            self.set(Operation::Weights(weights))?;
        }
        let prune = Operation::Prune(isa::Prune {
            parameters: operation.parameters,
            along_co: operation.along_co,
            single: operation.single,
        });
        self.ledger.push(Instruction::new(prune), &Needs::default())?;
        self.ledger.mark(operation.to.tensor, Engine::Update, u64::MAX);
        Ok(())
    }
}

fn longest_beats(reads: &[Stream], writes: &[Stream]) -> u64 {
    let beats = |stream: &Stream| stream.bytes.div_ceil(BEAT_BYTES);
    reads.iter().chain(writes).map(beats).max().unwrap_or(0)
}

/// Ties the tiles of one operation to what they read, and marks what they write.
struct TileEmitter<'l> {
    ledger: &'l mut Ledger,
    a: ProductOperand,
    w: ProductOperand,
    out: ProductOperand,
    edge: Edge,
    heads: usize,
    tile_beats: u32,
    /// Bytes of a result.
    out_bytes: u64,
    /// One problem writes all results, so they grow from the start.
    whole: bool,
    /// Multiplies the accumulators.
    scale: f32,
}

impl TileEmitter<'_> {
    /// OPERANDS and RESULTS.
    fn tensors(&mut self, places: &Places) -> Result<(), PlanError> {
        let address = |operand: &ProductOperand| {
            let bytes = places.bytes(operand.tensor) + operand.offset as u64 * HALF_BYTES;
            (bytes / BEAT_BYTES) as u32
        };
        let heads = self.heads as u8;
        let operands = Operands {
            a: address(&self.a),
            w: address(&self.w),
            a_pitch: eights(self.a.pitch),
            w_pitch: eights(self.w.pitch),
            heads,
            a_head: eights(self.a.head),
            w_head: eights(self.w.head),
            tile_beats: self.tile_beats,
        };
        let results = Results {
            out: address(&self.out),
            add: places.optional(self.edge.add),
            sum: places.optional(self.edge.products),
            mask: places.optional(self.edge.mask),
            pitch: eights(self.out.pitch),
            heads,
            head: eights(self.out.head),
            scale: self.scale.to_bits(),
        };
        for operation in [Operation::Operands(operands), Operation::Results(results)] {
            self.ledger.push(Instruction::new(operation), &Needs::default())?;
        }
        Ok(())
    }

    /// Bytes of a tensor up to and including row or pixel `last` of product `group`, `rows` of them an image.
    fn bytes_to(&self, operand: &ProductOperand, group: u32, rows: usize, last: usize) -> u64 {
        let image = group as usize / self.heads;
        ((image * rows + last + 1) * operand.pitch) as u64 * HALF_BYTES
    }

    fn needs_of_activations(&self, space: &TileSpace, load: &LoadActivations) -> Needs {
        let mut needs = Needs::default();
        if load.slots == 0 || load.rows == 0 {
            return needs;
        }
        let shape = &space.problem.mac.shape;
        let (h, w) = match space.problem.mac.stage {
            Stage::Ff | Stage::Wu => (shape.h, shape.w),
            Stage::Bp => (shape.out_h(), shape.out_w()),
        };
        let last = match space.rows {
            Rows::Patches(grid) => last_pixel(&grid, load.row_base, load.rows, h * w),
            Rows::WeightRows { .. } => {
                let slot = (load.slot_base + load.slots - 1) as usize;
                if Grid::may_be_flat(&space.problem) {
                    slot
                } else {
                    (slot / (shape.out_h() * shape.out_w()) + 1) * h * w - 1
                }
            }
        };
        let bytes = self.bytes_to(&self.a, load.group, shape.batch * h * w, last);
        self.ledger.need(&mut needs, self.a.tensor, bytes);
        needs
    }

    fn needs_of_weights(&self, space: &TileSpace, load: &LoadWeights) -> Needs {
        let mut needs = Needs::default();
        if load.slots == 0 || load.cols == 0 {
            return needs;
        }
        let bytes = match space.source {
            WeightSource::Tiles => u64::MAX,
            WeightSource::Rows => {
                let last = (load.slot_base + load.slots - 1) as usize;
                self.bytes_to(&self.w, load.group, space.problem.slots, last)
            }
            WeightSource::Columns => {
                let last = (load.col_base + load.cols - 1) as usize;
                self.bytes_to(&self.w, load.group, space.problem.cols, last)
            }
        };
        self.ledger.need(&mut needs, self.w.tensor, bytes);
        needs
    }

    /// Bytes of the results up to the last output of a store's rows, whole images where rows are patches.
    fn stored_to(&self, space: &TileSpace, store: &Store) -> u64 {
        let shape = &space.problem.mac.shape;
        match space.rows {
            Rows::Patches(grid) => {
                let pixels = match space.problem.mac.stage {
                    Stage::Bp => shape.h * shape.w,
                    _ => shape.out_h() * shape.out_w(),
                };
                let last = last_pixel(&grid, store.row_base, store.rows, pixels);
                self.bytes_to(&self.out, store.group, shape.batch * pixels, last)
            }
            Rows::WeightRows { .. } => u64::MAX,
        }
    }

    /// Bytes of the results that are complete after a store.
    fn completed_to(&self, space: &TileSpace, store: &Store) -> Option<u64> {
        let last_columns = (store.col_base + store.cols) as usize == space.problem.cols;
        if !self.whole || !last_columns {
            return None;
        }
        let shape = &space.problem.mac.shape;
        let rows = (store.row_base + store.rows) as usize;
        if self.heads > 1 || store.group > 0 {
            // A row of the tensor holds all heads: an image is complete with its last one.
            let last_head = (store.group as usize + 1).is_multiple_of(self.heads);
            let image = store.group as usize / self.heads + 1;
            let image_rows = space.problem.rows;
            return (last_head && rows == space.row_count())
                .then(|| (image * image_rows * self.out.pitch) as u64 * self.out_bytes);
        }
        let Rows::Patches(grid) = space.rows else { return None };
        let pixels = if grid.flat {
            (rows * grid.patch_w).min(grid.image_w)
        } else {
            let image_pixels = match space.problem.mac.stage {
                Stage::Bp => shape.h * shape.w,
                _ => shape.out_h() * shape.out_w(),
            };
            rows / grid.patches_per_image() * image_pixels
        };
        (pixels > 0).then(|| (pixels * self.out.pitch) as u64 * self.out_bytes)
    }
}

/// The last pixel, of images of `pixels` pixels, that rows of a grid need: their own if flat, else all of their image.
fn last_pixel(grid: &Grid, base: u32, rows: u32, pixels: usize) -> usize {
    let end = (base + rows) as usize;
    if grid.flat {
        return (end * grid.patch_w).min(grid.image_w) - 1;
    }
    ((end - 1) / grid.patches_per_image() + 1) * pixels - 1
}

impl Emitter for TileEmitter<'_> {
    fn push(&mut self, space: &TileSpace, instruction: Instruction) -> Result<(), PlanError> {
        match &instruction.operation {
            Operation::LoadActivations(load) => {
                let needs = self.needs_of_activations(space, load);
                self.ledger.push(instruction, &needs)
            }
            Operation::LoadWeights(load) => {
                let needs = self.needs_of_weights(space, load);
                self.ledger.push(instruction, &needs)
            }
            Operation::Store(store) => {
                let mut needs = Needs::default();
                let bytes = self.stored_to(space, store);
                for tensor in [self.edge.add, self.edge.products].into_iter().flatten() {
                    self.ledger.need(&mut needs, tensor, bytes);
                }
                if let Some(mask) = self.edge.mask {
                    self.ledger.need(&mut needs, mask, bytes / 16);
                }
                self.ledger.push(instruction, &needs)?;
                if let Some(bytes) = self.completed_to(space, store) {
                    self.ledger.mark(self.out.tensor, Engine::Store, bytes);
                }
                Ok(())
            }
            _ => self.ledger.push(instruction, &Needs::default()),
        }
    }
}
