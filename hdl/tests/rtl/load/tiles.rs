//! Programs of LD.A alone, and what each of them leaves in the row banks.

use super::card::Content;
use crate::support::Random;
use satkit_plan::layout::{pitch, tensor_bytes};
use satkit_plan::{BankLayout, Grid, MacStage, Rows, Source, TileSpace, WeightSource};
use satkit_spec::isa::{
    Instruction, LoadActivations, Operands, Operation, Semaphore, SemaphoreSet,
};
use satkit_spec::{ArrayConfig, ConvShape, Dataflow, K_BLOCK, MAX_INTERLEAVE, Sparsity, Stage};

/// A load and what it leaves.
pub(super) struct Tile {
    pub(super) index: usize,
    pub(super) space: TileSpace,
    pub(super) layout: BankLayout,
    /// Outputs of a row that are read at an offset of their own.
    pub(super) outputs: usize,
    /// The last of its table's that is written: where rows have outputs of their own, those that they have, else all.
    pub(super) last_entry: usize,
    /// Rows that array rows have, one each.
    rows: usize,
    /// From one of an array row to its next.
    array_rows: usize,
    /// First byte of the tensor, and bytes of a pixel.
    a: u64,
    pixel: u64,
    /// A value that it reads.
    first: Source,
}

impl Tile {
    /// An array row has this output.
    pub(super) fn has(&self, row: usize, output: usize) -> bool {
        let is_wu = self.space.problem.mac.stage == Stage::Wu;
        row + if is_wu { output * self.array_rows } else { 0 } < self.rows
    }

    fn address(&self, source: Source) -> u64 {
        let shape = &self.space.problem.mac.shape;
        let (h, w) = match self.space.problem.mac.stage {
            Stage::Bp => (shape.out_h(), shape.out_w()),
            _ => (shape.h, shape.w),
        };
        let pixel = (source.image * h + source.y) * w + source.x;
        self.a + pixel as u64 * self.pixel + source.channel as u64 * 2
    }

    /// What card memory holds there.
    pub(super) fn value(&self, content: &Content, source: Source) -> u16 {
        content.half(self.address(source))
    }

    /// Byte address of a beat that it reads.
    pub(super) fn first_beat(&self) -> u64 {
        self.address(self.first) / 64 * 64
    }
}

/// A problem of patches of images in OS: kernels of several taps, with padding, in FF with strides up to the kernel's.
fn images(random: &mut Random) -> Option<TileSpace> {
    let stage = [Stage::Ff, Stage::Bp][random.below(2) as usize];
    let (n, m) = [(1, 1), (2, 8), (1, 8), (3, 8), (2, 4), (1, 2)][random.below(6) as usize];
    let channels = |random: &mut Random| match random.below(4) {
        0 => 1 + random.below(9),
        1 => 8 * (1 + random.below(20)),
        _ => 32 * (1 + random.below(4)),
    };
    let (ci, co) = (channels(random) as usize, channels(random) as usize);
    let batch = 1 + random.below(5) as usize;
    let side = |random: &mut Random| 1 + random.below(9) as usize;
    let (h, w) = (side(random), side(random));
    let mut kernel = || 1 + random.below(4) as usize;
    let (kh, kw) = (kernel(), kernel());
    let stride = if stage == Stage::Ff { 1 + random.below(kh.min(kw) as u64) as usize } else { 1 };
    let pad = random.below(3) as usize;
    let shape = ConvShape::new(batch, ci, (h, w), co, (kh, kw), stride, pad).ok()?;
    let problem = MacStage::new(shape, stage, Sparsity::new(n, m).unwrap()).ok()?.problems()[0];
    let high = 1 + random.below(4) as usize;
    let wide = 1 + random.below(4) as usize;
    let rows = Rows::Patches(Grid::new(&problem, false, high, wide).ok()?);
    let (dataflow, source) = (Dataflow::OutputStationary, WeightSource::Tiles);
    Some(TileSpace { problem, dataflow, rows, source })
}

/// Weight rows of kernels of several taps, of a single channel or a multiple of the array's rows.
fn halos(random: &mut Random, array_rows: usize) -> Option<TileSpace> {
    let ci = match random.below(3) {
        0 => 1,
        _ => array_rows * (1 + random.below(64 / array_rows as u64) as usize),
    };
    let co = 1 + random.below(40) as usize;
    let batch = 1 + random.below(6) as usize;
    let side = |random: &mut Random| 1 + random.below(9) as usize;
    let (h, w) = (side(random), side(random));
    let mut kernel = || 1 + random.below(4) as usize;
    let (kh, kw) = (kernel(), kernel());
    let stride = 1 + random.below(kh.min(kw) as u64) as usize;
    let pad = random.below(3) as usize;
    let shape = ConvShape::new(batch, ci, (h, w), co, (kh, kw), stride, pad).ok()?;
    let problem = MacStage::new(shape, Stage::Wu, Sparsity::DENSE).ok()?.problems()[0];
    let rows = Rows::WeightRows { block: array_rows.min(ci) };
    let (dataflow, source) = (Dataflow::OutputStationary, WeightSource::Rows);
    Some(TileSpace { problem, dataflow, rows, source })
}

/// A problem of a 1 x 1 kernel, whose patches are flat, its weight rows channels; or of patches of images.
fn space(random: &mut Random, array_rows: usize) -> TileSpace {
    loop {
        if random.below(2) == 0 {
            let space =
                if random.below(2) == 0 { images(random) } else { halos(random, array_rows) };
            let Some(space) = space else { continue };
            return space;
        }
        let stage = Stage::ALL[random.below(3) as usize];
        let sparse = [(1, 1), (2, 8), (1, 8), (4, 8), (3, 8), (2, 4), (3, 4), (1, 2)];
        let (n, m) = if stage == Stage::Wu { (1, 1) } else { sparse[random.below(8) as usize] };
        let channels = |random: &mut Random| match random.below(3) {
            0 => 1 + random.below(40),
            1 => 8 * (1 + random.below(30)),
            _ => 32 * (1 + random.below(4)),
        };
        let (ci, co) = (channels(random) as usize, channels(random) as usize);
        let batch = 1 + random.below(9) as usize;
        let (h, w) =
            if random.below(3) == 0 { (1, 1) } else { (1 + random.below(9), 1 + random.below(9)) };
        let shape = ConvShape::new(batch, ci, (h as usize, w as usize), co, (1, 1), 1, 0).unwrap();
        let Ok(mac) = MacStage::new(shape, stage, Sparsity::new(n, m).unwrap()) else { continue };
        let problem = mac.problems()[0];
        if stage == Stage::Wu {
            let rows = Rows::WeightRows { block: array_rows };
            let (dataflow, source) = (Dataflow::OutputStationary, WeightSource::Rows);
            return TileSpace { problem, dataflow, rows, source };
        }
        let streams = random.below(2) == 0;
        let width = if streams { 1 } else { 1 + random.below(16) as usize };
        let rows = Rows::Patches(Grid::new(&problem, true, 1, width).unwrap());
        let dataflow =
            if streams { Dataflow::WeightStationary } else { Dataflow::OutputStationary };
        return TileSpace { problem, dataflow, rows, source: WeightSource::Tiles };
    }
}

/// Any part of `count`, `most` at most.
fn part(random: &mut Random, count: usize, most: usize) -> std::ops::Range<usize> {
    let base = random.below(count as u64) as usize;
    let most = most.min(count - base) as u64;
    let len = if random.below(2) == 0 { most } else { 1 + random.below(most) };
    base..base + len as usize
}

/// Slots of a chunk. Of several taps either a part of one channel block, or whole blocks.
fn slots(random: &mut Random, space: &TileSpace, most: usize) -> std::ops::Range<usize> {
    let problem = &space.problem;
    let Rows::Patches(grid) = space.rows else { return part(random, problem.slots, most) };
    let (shape, sparsity) = (&problem.mac.shape, problem.mac.sparsity);
    if grid.flat || shape.taps() == 1 {
        return part(random, problem.slots, most);
    }
    let channels = if problem.mac.stage == Stage::Bp { shape.co } else { shape.ci };
    let block = sparsity.kept(channels.min(K_BLOCK)) * shape.taps();
    let blocks = part(random, channels.div_ceil(K_BLOCK), usize::MAX);
    let all = blocks.start * block..(blocks.end * block).min(problem.slots);
    // Taps of a rectangle of fewer lines than a stride has are seen apart.
    if random.below(2) == 0 || shape.stride > 1 {
        return all;
    }
    let one = all.start..(all.start + block).min(problem.slots);
    let inside = part(random, one.len(), usize::MAX);
    one.start + inside.start..one.start + inside.end
}

/// A load that fits.
fn tile(
    random: &mut Random,
    config: &ArrayConfig,
    space: &TileSpace,
) -> Option<(Tile, LoadActivations)> {
    let streams = space.dataflow == Dataflow::WeightStationary;
    let is_wu = space.problem.mac.stage == Stage::Wu;
    let most = match () {
        () if streams => (usize::MAX, config.rows),
        () if is_wu => (MAX_INTERLEAVE * config.rows, usize::MAX),
        () => (config.rows, usize::MAX),
    };
    let shape = &space.problem.mac.shape;
    let by_taps = is_wu && (shape.taps() > 1 || shape.pad > 0);
    let mut rows = part(random, space.row_count(), most.0);
    if by_taps {
        let block = config.rows.min(shape.ci);
        // Taps of a part of a line, or of whole lines, are seen apart with strides.
        if shape.stride > 1 {
            rows = 0..(shape.taps() * block).min(space.row_count());
            if rows.len() > most.0 {
                return None;
            }
        }
        rows.start -= rows.start % block;
        rows.end = rows.end.min(rows.start + most.0);
    }
    // Of a channel pixels as far as there is room.
    let channels = rows.len().div_ceil(config.rows);
    let fitting = (config.w2e_words_per_row / 2 / channels).saturating_sub(1) * config.m_lanes;
    let most = if is_wu { fitting } else { most.1 };
    let slots = slots(random, space, most);
    let slots = if by_taps { part(random, space.problem.slots, 200) } else { slots };
    let layout = BankLayout::new(config, space, rows.clone(), slots.clone()).ok()?;
    // Of each channel block an array row has a channel.
    let of_block = config.rows.min(shape.ci) * shape.taps();
    let blocks = (rows.end - 1) / of_block - rows.start / of_block + 1;
    let of_taps = layout.words() + blocks;
    if by_taps && of_taps > config.w2e_words_per_row / 2 {
        return None;
    }
    // As programs say it: a run of so many pixels may be a word longer.
    let words = match () {
        () if by_taps => of_taps,
        () if is_wu => channels * (slots.len().div_ceil(config.m_lanes) + 1),
        () => layout.words(),
    };
    let mut first = None;
    for row in 0..rows.len().min(config.rows) {
        layout.elements(space, row, |element| first = first.or(element.source));
    }
    let load = LoadActivations {
        group: 0,
        row_base: rows.start as u32,
        rows: rows.len() as u32,
        slot_base: slots.start as u32,
        slots: slots.len() as u32,
        words: words as u32,
    };
    let outputs = match space.rows {
        Rows::Patches(grid) if !streams => grid.area(),
        Rows::WeightRows { .. } => channels,
        _ => 1,
    };
    let tile = Tile {
        index: 0,
        space: *space,
        layout,
        outputs,
        last_entry: if by_taps && shape.ci == 1 { channels - 1 } else { MAX_INTERLEAVE - 1 },
        rows: if streams { slots.len() } else { rows.len() },
        array_rows: config.rows,
        a: 0,
        pixel: 0,
        first: first?,
    };
    Some((tile, load))
}

/// A program of a few problems and loads.
pub(super) fn program(random: &mut Random, config: &ArrayConfig) -> (Vec<Instruction>, Vec<Tile>) {
    let (mut program, mut tiles): (Vec<Instruction>, Vec<Tile>) = (Vec::new(), Vec::new());
    while tiles.is_empty() || random.below(3) > 0 {
        let space = space(random, config.rows);
        let mac = &space.problem.mac;
        let shape = &mac.shape;
        let channels = if mac.stage == Stage::Bp { shape.co } else { shape.ci };
        let mut pitch = pitch(channels);
        if pitch > 8 {
            pitch += 32 * random.below(3).saturating_sub(1) as usize;
        }
        let bytes = tensor_bytes((shape.batch * shape.h * shape.w) as u64, pitch);
        let most = (32_u64 << 30) - bytes.next_multiple_of(64);
        let a = if random.below(4) == 0 { random.below(64) } else { random.below(most / 64) };
        let operands = Operands {
            a: a as u32,
            w: 0,
            a_pitch: (pitch / 8) as u32,
            w_pitch: 4,
            heads: 1,
            a_head: 0,
            w_head: 0,
            tile_beats: space.problem.tile_beats() as u32,
        };
        let mut kept = [Operation::Geometry(space.geometry()), Operation::Operands(operands)]
            .map(Instruction::new);
        if random.below(2) == 0 {
            kept.reverse();
        }
        program.extend(kept);
        for _ in 0..1 + random.below(8) {
            let Some((mut tile, load)) = tile(random, config, &space) else { continue };
            (tile.index, tile.a, tile.pixel) = (program.len(), a * 64, pitch as u64 * 2);
            let mut instruction = Instruction::new(Operation::LoadActivations(load));
            // Both halves are free at the start.
            if tiles.len() < 2 {
                instruction.wait = SemaphoreSet::of(&[Semaphore::ActivationsFree]);
            }
            instruction.post = SemaphoreSet::of(&[Semaphore::ActivationsFull]);
            program.push(instruction);
            tiles.push(tile);
        }
    }
    (program, tiles)
}
