//! Programs of LD.W alone, and what each of them leaves in the column banks.

use super::card::Content;
use crate::support::Random;
use satkit_plan::layout::{for_each_operand, pitch, tensor_bytes, weight_bytes};
use satkit_plan::{Grid, MacStage, Rows, TileSpace, WeightSource};
use satkit_spec::isa::{Instruction, LoadWeights, Operands, Operation, Semaphore, SemaphoreSet};
use satkit_spec::{ArrayConfig, ConvShape, Dataflow, Sparsity, Stage};

/// Where a weight lies: byte of its value, byte and bit of its position.
type Place = (u64, Option<(u64, u32)>);

/// The columns' operand of one problem.
struct Operand {
    w: u64,
    /// By column, then by slot of the problem.
    places: Vec<Vec<Place>>,
}

/// A load and what it leaves.
pub(super) struct Load {
    pub(super) index: usize,
    /// Entries of the half, each of all columns; none where nothing is said of it.
    pub(super) entries: Vec<Vec<Option<Place>>>,
    w: u64,
}

impl Load {
    /// Byte address of a beat that it reads.
    pub(super) fn first_beat(&self) -> u64 {
        let place = self.entries[0][0].expect("the first column");
        (self.w + place.0) / 64 * 64
    }

    /// Value 16, position 4 of an entry.
    pub(super) fn due(&self, content: &Content, (value, position): Place) -> u32 {
        let position = position.map_or(0, |(byte, bit)| {
            let half = content.half((self.w + byte) & !1);
            u32::from(half) >> ((self.w + byte) % 2 * 8) >> bit & 0xF
        });
        u32::from(content.half(self.w + value)) | position << 16
    }
}

fn shape(random: &mut Random) -> ConvShape {
    let kernel = if random.below(2) == 0 { 1 } else { 3 };
    let (h, w) = (kernel + random.below(4), kernel + random.below(4));
    let stride = 1 + random.below(2) as usize;
    let pad = if kernel == 3 { random.below(2) } else { 0 } as usize;
    let channels = |random: &mut Random| {
        if random.below(3) == 0 { 1 + random.below(140) } else { 8 * (1 + random.below(24)) }
    };
    let (ci, co) = (channels(random) as usize, channels(random) as usize);
    let (batch, kernel) = (1 + random.below(3) as usize, kernel as usize);
    ConvShape::new(batch, ci, (h as usize, w as usize), co, (kernel, kernel), stride, pad).unwrap()
}

/// A problem with slots, and how its columns come.
fn space(random: &mut Random) -> TileSpace {
    loop {
        let stage = Stage::ALL[random.below(3) as usize];
        let sparse = [(1, 1), (2, 8), (1, 8), (4, 8), (2, 4), (1, 4), (1, 2)];
        let (n, m) = sparse[random.below(7) as usize];
        let sparsity =
            if stage == Stage::Wu { Sparsity::DENSE } else { Sparsity::new(n, m).unwrap() };
        let shape = shape(random);
        let Ok(mac) = MacStage::new(shape, stage, sparsity) else { continue };
        let problems = mac.problems();
        let problem = problems[random.below(problems.len() as u64) as usize];
        // Rows of 8 elements are refused.
        if problem.slots == 0 || stage == Stage::Wu && shape.co <= 8 {
            continue;
        }
        let (rows, source) = match stage {
            Stage::Wu => (Rows::WeightRows { block: 1 }, WeightSource::Rows),
            _ => (Rows::Patches(Grid::new(&problem, false, 1, 1).unwrap()), WeightSource::Tiles),
        };
        return TileSpace { problem, dataflow: Dataflow::OutputStationary, rows, source };
    }
}

/// The operand of a problem, and its OPERANDS.
fn operand(random: &mut Random, space: &TileSpace) -> (Operand, Operands) {
    let problem = &space.problem;
    let mac = &problem.mac;
    let natural = pitch(problem.cols);
    let mut w_pitch = natural;
    let mut places = vec![Vec::new(); problem.cols];
    let bytes = if space.source == WeightSource::Rows {
        w_pitch += 32 * random.below(3) as usize;
        for (column, places) in places.iter_mut().enumerate() {
            places.extend(
                (0..problem.slots).map(|slot| (((slot * w_pitch + column) * 2) as u64, None)),
            );
        }
        tensor_bytes(problem.slots as u64, w_pitch)
    } else {
        for_each_operand(mac, |entry| {
            let position = (entry.position_byte as u64, entry.position_bit as u32);
            let position = (mac.sparsity != Sparsity::DENSE).then_some(position);
            places[entry.column].push((entry.value_byte as u64, position));
        });
        for places in &mut places {
            *places = places[problem.first_slot..][..problem.slots].to_vec();
        }
        weight_bytes(mac)
    };
    let most = (32_u64 << 30) - bytes.next_multiple_of(64);
    let w = if random.below(4) == 0 { random.below(64) } else { random.below(most / 64) };
    let operands = Operands {
        a: 0,
        w: w as u32,
        a_pitch: (pitch(mac.shape.ci.max(mac.shape.co)) / 8) as u32,
        w_pitch: (w_pitch / 8) as u32,
        heads: 1,
        a_head: 0,
        w_head: 0,
        tile_beats: problem.tile_beats() as u32,
    };
    (Operand { w: w * 64, places }, operands)
}

fn load(
    random: &mut Random,
    config: &ArrayConfig,
    space: &TileSpace,
    operand: &Operand,
) -> (LoadWeights, Load) {
    let (cols, slots, c) = (space.problem.cols, space.problem.slots, config.cols);
    let first = random.below(cols.div_ceil(c) as u64) as usize * c;
    let most = (cols - first).min(16 * c);
    let count = if random.below(2) == 0 { most } else { 1 + random.below(most as u64) as usize };
    let groups = count.div_ceil(c);
    let most = (config.n2s_entries_per_col / 2 / groups).min(slots);
    let most = if random.below(8) == 0 { most } else { most.min(40) };
    let chunk = 1 + random.below(most as u64) as usize;
    let slot = random.below((slots - chunk + 1) as u64) as usize;
    let entry = |entry: usize| {
        let (slot, group) = (slot + entry / groups, entry % groups);
        let column = |column: usize| {
            let at = group * c + column;
            (at < count).then(|| operand.places[first + at][slot])
        };
        (0..c).map(column).collect()
    };
    let entries: Vec<Vec<_>> = (0..chunk * groups).map(entry).collect();
    let instruction = LoadWeights {
        group: 0,
        col_base: first as u32,
        cols: count as u32,
        slot_base: slot as u32,
        slots: chunk as u32,
        entries: entries.len() as u32,
    };
    (instruction, Load { index: 0, entries, w: operand.w })
}

/// A program of a few problems and loads.
pub(super) fn program(random: &mut Random, config: &ArrayConfig) -> (Vec<Instruction>, Vec<Load>) {
    let (mut program, mut loads) = (Vec::new(), Vec::new());
    for _ in 0..1 + random.below(3) {
        let space = space(random);
        let (operand, operands) = operand(random, &space);
        let mut kept = [Operation::Geometry(space.geometry()), Operation::Operands(operands)]
            .map(Instruction::new);
        if random.below(2) == 0 {
            kept.reverse();
        }
        program.extend(kept);
        for _ in 0..1 + random.below(6) {
            let (instruction, mut load) = load(random, config, &space, &operand);
            load.index = program.len();
            let mut instruction = Instruction::new(Operation::LoadWeights(instruction));
            // Both halves are free at the start.
            if loads.len() < 2 {
                instruction.wait = SemaphoreSet::of(&[Semaphore::WeightsFree]);
            }
            instruction.post = SemaphoreSet::of(&[Semaphore::WeightsFull]);
            program.push(instruction);
            loads.push(load);
        }
    }
    (program, loads)
}
