//! Random programs of READS, WRITES, VE, WU and SORE.

use super::lanes::Widths;
use super::random::Random;
use satkit_spec::ROW_TAIL_CYCLES;
use satkit_spec::isa::{
    Engine, Instruction, Operation, Prune, Reads, Semaphore, SemaphoreSet, Update, Vector,
    VectorOp, Weights, Writes,
};
use satkit_spec::{WeightOperand, weight_tile_beats};

/// What an engine's instruction does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    /// Its place in the program.
    pub(crate) index: usize,
    pub(crate) engine: Engine,
    pub(crate) elements: u64,
    pub(crate) widths: Widths,
    pub(crate) reads: [u64; 3],
    pub(crate) writes: [u64; 3],
    /// Beats of the streams that are read, and written.
    pub(crate) beats: [[u64; 3]; 2],
    /// What it writes comes at its end.
    pub(crate) reduces: bool,
    /// Its elements come one by one.
    pub(crate) by_rows: bool,
    /// Cycles of its lanes after its last element, or after that of each block of rows.
    pub(crate) tail_cycles: u64,
    /// Streams are as long as their elements, so that their values follow.
    pub(crate) is_whole: bool,
}

pub(crate) struct Made {
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) works: Vec<Work>,
}

/// A layer whose weights are taken panel by panel: what WEIGHTS says of it.
pub(crate) fn layer(random: &mut Random) -> Weights {
    let (n, m) = [(2, 8), (1, 4), (4, 8), (1, 8), (2, 4), (1, 2), (8, 8)][random.below(7) as usize];
    let kernel = random.below(3) == 0;
    let (kh, kw) =
        if kernel { (1 + random.below(2) as u8, 1 + random.below(3) as u8) } else { (1, 1) };
    // Of larger kernels, taps begin at whole beats of positions.
    let unit = if kernel && n != m { 4 * m / n } else { m };
    let channels = |random: &mut Random, least: u64, most: u64| {
        (least + random.below(most)).next_multiple_of(unit.into()) as u32
    };
    let ci = channels(random, 1, if kernel { 110 } else { 140 });
    let co = channels(random, 9, if kernel { 90 } else { 120 });
    let ff = [WeightOperand::PrunedCi, WeightOperand::Dense][usize::from(random.below(3) == 0)];
    let bp = [WeightOperand::PrunedCo, WeightOperand::Dense][usize::from(random.below(3) == 0)];
    let stride = 1 + u8::from(!kernel && random.below(4) == 0);
    Weights { ci, co, h: 4, w: 4, kh, kw, stride, pad: 0, n, m, ff, bp, decays_pruned: false }
}

/// Weights of a layer.
pub(crate) fn weights(layer: &Weights) -> u64 {
    u64::from(layer.ci) * u64::from(layer.co) * u64::from(layer.kh) * u64::from(layer.kw)
}

/// Beats of W, of FF's operand and of BP's.
pub(crate) fn layer_beats(layer: &Weights) -> [u64; 3] {
    let (ci, co) = (u64::from(layer.ci), u64::from(layer.co));
    let (n, m) = (u64::from(layer.n), u64::from(layer.m));
    let taps = u64::from(layer.kh) * u64::from(layer.kw);
    let made = |tiles: u64, channels: u64, operand| {
        let compact = operand != WeightOperand::Dense && n != m;
        let slots = taps * if compact { channels / m * n } else { channels };
        tiles.div_ceil(32) * weight_tile_beats(slots, compact)
    };
    let master = ci * taps * co.next_multiple_of(32) / 16;
    [master, made(co, ci, layer.ff), made(ci, co, layer.bp)]
}

/// An update that makes operand weights, or their making from W alone, and its streams: what is read, what is written.
fn panels(
    random: &mut Random,
    layer: &Weights,
    results: &mut u64,
) -> (Operation, [[(u64, u64); 3]; 2]) {
    let [master, ff, bp] = layer_beats(layer);
    let parameters = weights(layer);
    // Rows of weights begin at even beats.
    let mut target = |beats: u64, random: &mut Random| {
        let at = (*results + random.below(64)) & !1;
        *results += beats + 130;
        (at, beats)
    };
    let source = |beats: u64, random: &mut Random| (2 * random.below(1 << 19), beats);
    if random.below(3) == 0 {
        let along_co = random.below(2) == 1;
        let reads = [source(master, random), (0, 0), (0, 0)];
        let writes = [target(if along_co { bp } else { ff }, random), (0, 0), (0, 0)];
        let prune = Prune { parameters, along_co, single: true };
        return (Operation::Prune(prune), [reads, writes]);
    }
    let (make_ff, make_bp) = [(true, true), (true, false), (false, true)][random.below(3) as usize];
    let reads = [source(2 * master, random), source(master, random), source(1, random)];
    let mut writes = [target(2 * master, random), (0, 0), (0, 0)];
    let made = [(make_ff, ff), (make_bp, bp)].into_iter().filter(|made| made.0);
    for (at, (_, beats)) in made.enumerate() {
        writes[1 + at] = target(beats, random);
    }
    let update = Update { parameters, make_ff, make_bp, weights: true, guarded: false };
    (Operation::Update(update), [reads, writes])
}

/// Where the results begin, in beats: each stream has its own place, which nobody reads.
const RESULTS: u64 = 1 << 26;

/// Most elements of rows, which take their time.
const MOST_OF_ROWS: u64 = 4096;

/// Sizes of a program.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) instructions: u64,
    pub(crate) most_beats: u64,
}

pub(crate) fn program(random: &mut Random, sizes: Sizes, lanes: [usize; 2]) -> Made {
    let mut made = Made { instructions: Vec::new(), works: Vec::new() };
    let mut results = RESULTS;
    let (mut reads, mut writes) = ([(0, 0); 3], [(0, 0); 3]);
    let mut tokens = 0;
    let mut layers = 0;
    for _ in 0..1 + random.below(sizes.instructions) {
        let engine = if random.below(3) == 0 { Engine::Update } else { Engine::Vector };
        let most_beats = match random.below(4) {
            0 => 1 + random.below(3),
            1 => 64 + random.below(4),
            _ => 1 + random.below(sizes.most_beats),
        };
        // What WU's lanes do with its streams is for the engine's own test.
        let is_whole = random.below(3) > 0 && engine == Engine::Vector;
        let by_rows = engine == Engine::Vector && random.below(4) == 0;
        let mut widths = Widths::default();
        let mut elements = random.below(most_beats * 16 + 1);
        if by_rows {
            elements %= MOST_OF_ROWS;
        }
        if random.below(12) == 0 {
            elements = 0;
        }
        let mut beats = [[0; 3]; 2];
        for (side, all) in [&mut widths.reads, &mut widths.writes].into_iter().enumerate() {
            for (k, width) in all.iter_mut().enumerate() {
                *width = [0, 1, 16, 16, 32][random.below(5) as usize];
                if random.below(16) == 0 {
                    *width = 0;
                }
                let is_numbers = by_rows && (side, k) == (0, 2);
                if is_numbers {
                    *width = 0;
                }
                beats[side][k] = (elements * u64::from(*width)).div_ceil(512);
                if is_numbers {
                    beats[side][k] = random.below(3);
                }
                if !is_whole {
                    beats[side][k] = match random.below(5) {
                        0 => 0,
                        1 => 1,
                        _ => random.below(most_beats + 1),
                    };
                }
            }
        }
        if !is_whole {
            widths = Widths::default();
            elements = match random.below(3) {
                0 => random.below(40),
                1 => random.below(most_beats * 40),
                _ => random
                    .below(most_beats * lanes[usize::from(engine == Engine::Vector)] as u64 + 1),
            };
            if by_rows {
                elements %= MOST_OF_ROWS;
            }
        }
        let reduces = engine == Engine::Vector && !by_rows && !is_whole && random.below(4) == 0;
        if reduces {
            beats[1] = [beats[1][0].min(256), 0, 0];
        }
        let layer = (engine == Engine::Update && random.below(2) == 0).then(|| layer(random));
        // Some use the streams of the instruction before.
        let fresh =
            is_whole || reduces || layer.is_some() || made.works.is_empty() || random.below(4) > 0;
        if !fresh && let Some(before) = made.works.last_mut() {
            // Its results are written over.
            before.is_whole = false;
        }
        let mut made_of = None;
        if fresh {
            reads = beats[0].map(|beats| (random.below(1 << 20), beats));
            writes = beats[1].map(|beats| {
                let at = results + random.below(64);
                results += beats + 130;
                (at, beats)
            });
            if let Some(layer) = layer {
                let (operation, streams) = panels(random, &layer, &mut results);
                [reads, writes] = streams;
                elements = weights(&layer);
                made_of = Some(operation);
                made.instructions.push(Instruction::new(Operation::Weights(layer)));
                layers += 1;
            }
            let [a, b, c] = reads.map(|(at, beats)| (at as u32, beats as u32));
            let [x, y, z] = writes.map(|(at, beats)| (at as u32, beats as u32));
            let mut both = [
                Operation::Reads(Reads {
                    first: a.0,
                    first_beats: a.1,
                    second: b.0,
                    second_beats: b.1,
                    third: c.0,
                    third_beats: c.1,
                }),
                Operation::Writes(Writes {
                    first: x.0,
                    first_beats: x.1,
                    second: y.0,
                    second_beats: y.1,
                    third: z.0,
                    third_beats: z.1,
                }),
            ];
            if random.below(2) == 0 {
                both.swap(0, 1);
            }
            made.instructions.extend(both.map(Instruction::new));
        }
        // With a layer there would be panels of it.
        let flag = random.below(2) == 1 && layers == 0;
        let operation = match engine {
            _ if made_of.is_some() => made_of.unwrap(),
            Engine::Vector => {
                let op = match (reduces, by_rows) {
                    (true, _) => VectorOp::BiasGradient,
                    (_, true) => VectorOp::CrossEntropy,
                    _ => VectorOp::Add,
                };
                Operation::Vector(Vector { op, elements, last: false })
            }
            _ if random.below(2) == 0 => Operation::Update(Update {
                parameters: elements,
                make_ff: flag,
                make_bp: random.below(2) == 1 && layers == 0,
                weights: true,
                guarded: false,
            }),
            _ => Operation::Prune(Prune { parameters: elements, along_co: flag, single: flag }),
        };
        let mut instruction = Instruction::new(operation);
        if engine == Engine::Vector && random.below(3) == 0 {
            instruction.post = SemaphoreSet::of(&[Semaphore::VectorForUpdate]);
            tokens += 1;
        }
        if engine == Engine::Update && tokens > 0 && random.below(2) == 0 {
            instruction.wait = SemaphoreSet::of(&[Semaphore::VectorForUpdate]);
            tokens -= 1;
        }
        made.instructions.push(instruction);
        let first = |streams: [(u64, u64); 3]| streams.map(|stream| stream.0);
        let mut all_beats = [reads, writes].map(|streams| streams.map(|stream| stream.1));
        if engine == Engine::Update || by_rows {
            // One beat of the third is read.
            all_beats[0][2] = all_beats[0][2].min(1);
        }
        made.works.push(Work {
            index: made.instructions.len() - 1,
            engine,
            elements,
            widths,
            reads: first(reads),
            writes: first(writes),
            beats: all_beats,
            reduces,
            by_rows,
            tail_cycles: match (reduces, by_rows) {
                (true, _) => writes[0].1 * 16_u64.div_ceil(lanes[1] as u64),
                (_, true) => ROW_TAIL_CYCLES as u64,
                _ => 0,
            },
            is_whole,
        });
    }
    made
}
