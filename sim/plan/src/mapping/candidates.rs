//! The mappings that the scheduler looks at.

use super::{Mapping, Order, OsMapping, WsMapping, ws_floor};
use crate::problem::Problem;
use crate::space::WeightSource;
use satkit_spec::{ArrayConfig, Dataflow, MAX_INTERLEAVE, Stage};

/// Legal mappings of a problem in one dataflow: every patch shape and interleave, both tile orders, and for K the
/// coarsest chunks that fit and a few finer ones. The list always has a mapping for a problem with outputs.
#[must_use]
pub fn candidates(
    config: &ArrayConfig,
    problem: &Problem,
    source: WeightSource,
    dataflow: Dataflow,
) -> Vec<Mapping> {
    match dataflow {
        Dataflow::OutputStationary => output_stationary(config, problem, source),
        Dataflow::WeightStationary => weight_stationary(config, problem),
    }
}

/// Patch shapes, or for WU the weight rows of one array row, that could be of use.
fn patches(config: &ArrayConfig, problem: &Problem) -> Vec<(usize, usize)> {
    if problem.mac.stage == Stage::Wu {
        let most = problem.rows.div_ceil(config.rows).min(MAX_INTERLEAVE);
        return (1..=most).map(|ip| (1, ip)).collect();
    }
    let shape = &problem.mac.shape;
    let (image_h, image_w) = if crate::space::Grid::may_be_flat(problem) {
        (1, problem.rows)
    } else {
        problem.phase.map_or((shape.out_h(), shape.out_w()), |phase| (phase.rows, phase.cols))
    };
    let heights = 1..=image_h.min(MAX_INTERLEAVE);
    heights.flat_map(|h| (1..=image_w.min(MAX_INTERLEAVE / h)).map(move |w| (h, w))).collect()
}

fn output_stationary(
    config: &ArrayConfig,
    problem: &Problem,
    source: WeightSource,
) -> Vec<Mapping> {
    let mut list = Vec::new();
    let most_columns = problem.cols.div_ceil(config.cols);
    for (patch_h, patch_w) in patches(config, problem) {
        for iq in 1..=(MAX_INTERLEAVE / (patch_h * patch_w)).min(most_columns) {
            let one = OsMapping { patch_h, patch_w, iq, chunk_slots: 1, order: Order::Rows };
            for chunk_slots in os_chunks(config, problem, source, &one) {
                for order in [Order::Rows, Order::Columns] {
                    list.push(Mapping::Os(OsMapping { chunk_slots, order, ..one }));
                }
            }
        }
    }
    list
}

/// FP16 channels of one beat.
const BEAT_CHANNELS: usize = (crate::layout::BEAT_BYTES / crate::layout::HALF_BYTES) as usize;
/// Ideal cycles up to which the first load is a good part of all: finer chunks start sooner.
const SHORT_CYCLES: u64 = 20_000;
/// Into how many halves of a part the coarsest parts that fit are cut then: even ones, or a last that is half as long.
const FINER: [usize; 8] = [3, 4, 5, 6, 7, 8, 12, 16];

/// Lengths of those finer parts of `all`, of which `fewest` parts fit.
fn finer(all: usize, fewest: usize) -> impl Iterator<Item = usize> {
    FINER.into_iter().map(move |halves| (2 * all).div_ceil(fewest * halves))
}

fn is_short(config: &ArrayConfig, problem: &Problem) -> bool {
    problem.macs() / config.peak_macs_per_cycle() <= SHORT_CYCLES
}

/// Units that K is cut at, the coarsest first: channel blocks, (channel block, tap) runs and whole beats of them in FF and
/// BP, images and output rows in WU.
fn units(problem: &Problem) -> Vec<usize> {
    match problem.mac.stage {
        Stage::Wu => {
            let shape = &problem.mac.shape;
            let (row, image) = (shape.out_w(), shape.out_h() * shape.out_w());
            vec![image, row, 8, 1]
        }
        _ => {
            let (_, kernel_w) = problem.kernel();
            let tap = problem.unit_slots();
            let beat = problem.mac.sparsity.kept(BEAT_CHANNELS);
            vec![problem.block_slots(), tap * kernel_w, tap, beat, problem.mac.sparsity.n(), 1]
        }
    }
}

/// True if each chunk of so many slots is one piece for LD.A: of kernels of several taps a part of a block, or whole blocks with all of their
/// taps, but not the end of a block with the beginning of the next.
fn is_one_piece(problem: &Problem, chunk: usize) -> bool {
    let (kernel_h, kernel_w) = problem.kernel();
    let block = problem.block_slots();
    problem.mac.stage == Stage::Wu
        || kernel_h * kernel_w == 1
        || chunk >= problem.slots
        || chunk.is_multiple_of(block)
        || block.is_multiple_of(chunk)
}

/// The greatest numbers of units, up to `most`, of which a block is whole parts.
fn whole_parts(problem: &Problem, unit: usize, most: usize) -> impl Iterator<Item = usize> {
    let (kernel_h, kernel_w) = problem.kernel();
    let is_cut = problem.mac.stage != Stage::Wu && kernel_h * kernel_w > 1;
    let block = if is_cut { problem.block_slots() } else { 0 };
    let units = if block.is_multiple_of(unit) { block / unit } else { 0 };
    (1..=most.min(units)).rev().filter(move |length| units.is_multiple_of(*length)).take(3)
}

/// Chunk sizes in slots that fit both buffers' halves: the coarsest even cut into whole units, of the largest units of
/// which one fits, and some finer ones, which start sooner; for a short problem also of smaller units.
#[must_use]
pub(super) fn os_chunks(
    config: &ArrayConfig,
    problem: &Problem,
    source: WeightSource,
    mapping: &OsMapping,
) -> Vec<usize> {
    let slots = problem.slots;
    let fits = |chunk_slots: usize| {
        let mapping = Mapping::Os(OsMapping { chunk_slots, ..*mapping });
        mapping.checked_space(config, problem, source).is_ok()
    };
    if slots == 0 {
        return if fits(1) { vec![1] } else { Vec::new() };
    }
    let mut chunks: Vec<usize> = Vec::new();
    let short = is_short(config, problem);
    let mut fewest = 0;
    for unit in units(problem).into_iter().filter(|&unit| unit > 0 && unit <= slots) {
        let all = slots.div_ceil(unit);
        if fewest == 0 {
            // Fits get rarer with size: find the most units by halving.
            let (mut low, mut high) = (0, all);
            while low < high {
                let middle = (low + high).div_ceil(2);
                if fits((middle * unit).min(slots)) {
                    low = middle;
                } else {
                    high = middle - 1;
                }
            }
            if low == 0 {
                continue;
            }
            fewest = all.div_ceil(low);
        }
        let even = [fewest, fewest + 1, 2 * fewest, 4 * fewest].map(|count| all.div_ceil(count));
        let finer = finer(all, fewest).filter(|_| short);
        let low = all.div_ceil(fewest);
        for length in even.into_iter().chain(finer).chain(whole_parts(problem, unit, low)) {
            let chunk = (length * unit).min(slots);
            if !chunks.contains(&chunk) && is_one_piece(problem, chunk) && fits(chunk) {
                chunks.push(chunk);
            }
        }
        if !short {
            break;
        }
    }
    chunks
}

fn weight_stationary(config: &ArrayConfig, problem: &Problem) -> Vec<Mapping> {
    let bank = (config.w2e_words_per_row / 2).min(config.psum_depth);
    let col_tiles = problem.cols.div_ceil(config.cols);
    let floor = ws_floor(config);
    let mut list: Vec<Mapping> = Vec::new();
    let mut groups = vec![1, 2, 3, 4, 6, 8, col_tiles];
    groups.retain(|&group| group <= col_tiles);
    for col_group in groups {
        let most = (config.psum_depth / col_group).min(bank);
        // As many rows as fit, as many as an even cut needs, and the fewest that leave no idle cycles; for a short
        // problem finer cuts too, which start sooner.
        let fewest = problem.rows.div_ceil(most.max(1)).max(1);
        let mut counts = vec![most, problem.rows.div_ceil(fewest), floor];
        if is_short(config, problem) {
            counts.extend(finer(problem.rows, fewest));
        }
        for rows in counts {
            if rows == 0 || rows > most {
                continue;
            }
            let mapping = Mapping::Ws(WsMapping { rows, col_group });
            if !list.contains(&mapping) {
                list.push(mapping);
            }
        }
    }
    list
}
