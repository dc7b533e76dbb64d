//! The arithmetic of the elementwise unit (VE) and of the drain (ST), block by block, and VE's lanes made of them ([`design`]), which are an
//! engine with the shell of streams around them ([`engine`]).
//!
//! | block | computes | rate | latency |
//! |---|---|---|---|
//! | [`Lane`] | what is done with one element of a drained tile or of a stream | one per cycle | 28 |
//! | [`ExactSum`] | sums of FP16 values and of their products, per channel, without rounding | one pair per cycle | 5 |
//! | [`Statistics`] | mean, variance, `k`, running statistics; `dbeta`, `dgamma`, `a`, `b`: from exact sums | one channel at a time | [`Program::cycles`]: 460 forwards, 244 backwards |
//! | [`ExactRatio`] | an exact integer over 1, `n` or `n * n`, rounded once to FP32 | one at a time | 10 to 239 |
//! | [`DivideSingle`], [`RootSingle`] | FP32 quotient, FP32 square root | one at a time | 18, 16 |
//! | [`rows`] | softmax cross-entropy of rows of up to 32 classes: gradient, loss, predicted class | a row per 192 cycles | up to [`ROW_LATENCY_CYCLES`] |
//! | [`PoolOrder`] | where the elements of pooling lie, window by window | one per cycle | 4 |
//! | [`PoolBest`] | the best pixel of a window of 2 x 2 | one pixel per cycle | 1 |
//! | [`norm`] | what lanes need of batch norm's channels, from their exact sums | as many channels at a time as lanes, up to 16 | [`NormSteps::cycles`] and those of the [`Program`] |
//! | [`CountSingle`] | a count below 2^24 as FP32 | one at a time | 24 |
//! | [`RoundSum`] | an exact sum, rounded once to FP32 | one per cycle | 4 |
//! | [`WidenHalf`] | FP16 to FP32 | one per cycle | 1 |
//!
//! A latency of n: what is at the inputs at a rising edge is at the output after the n-th edge, that one counted. No block's time
//! depends on values. Results are those of `docs/contract-elementwise.md`, bit by bit.

mod count_single;
mod cursor;
mod divide_single;
mod exact_ratio;
mod exact_sum;
mod exact_term;
mod flow;
mod gather;
mod lane;
mod lanes;
mod loss;
mod microcode;
mod norm;
mod norm_drain;
mod norm_lanes;
mod norm_steps;
mod normalize_single;
mod pick;
mod pool;
mod pool_best;
mod pool_kind;
mod pool_order;
mod root_single;
mod round_sum;
mod row_scan;
mod rows;
mod statistics;
mod widen_half;

pub use count_single::CountSingle;
pub use cursor::{Cursor, Tail};
pub use divide_single::DivideSingle;
pub use exact_ratio::ExactRatio;
pub use exact_sum::{Accumulator, ExactSum};
pub use exact_term::ExactTerm;
pub use gather::Gather;
pub use lane::Lane;
pub use microcode::{Microcode, Program, Register};
pub use norm_drain::NormDrain;
pub use norm_steps::NormSteps;
pub use normalize_single::NormalizeSingle;
pub use pick::Pick;
pub use pool_best::{PoolBest, PoolShare, PoolSpread};
pub use pool_kind::{PoolKind, PowerOfTwo};
pub use pool_order::PoolOrder;
pub use root_single::RootSingle;
pub use round_sum::RoundSum;
pub use row_scan::RowScan;
pub use rows::LATENCY_CYCLES as ROW_LATENCY_CYCLES;
pub use statistics::Statistics;
pub use widen_half::WidenHalf;

use crate::HdlError;
use crate::emit::{Design, check_stack};
use crate::{memory, stream};
use satkit_spec::isa::Engine;
use satkit_spec::{ArrayConfig, VECTOR_LATENCY_CYCLES};

// Streams, timing model and lanes agree on when results are there.
const _: () = assert!(lanes::LATENCY_CYCLES == VECTOR_LATENCY_CYCLES);
const _: () = assert!(pool::LATENCY_CYCLES <= VECTOR_LATENCY_CYCLES);

/// Checks that the lanes of a configuration can be built.
fn check(config: &ArrayConfig) -> Result<(), HdlError> {
    check_stack()?;
    config.validate()?;
    if has_lanes(config) {
        return Ok(());
    }
    Err(HdlError::Unbuildable {
        array: config.name.clone(),
        what: "VE lanes",
        given: config.ve_lanes.to_string(),
        accepted: "4, 8 or 32".into(),
    })
}

/// The elementwise unit's lanes, top `vector_lanes`: the datapath between rings of beats that are read and rings that are written
/// ([`read_rings`](crate::dma::read_rings), [`write_rings`](crate::dma::write_rings)).
///
/// | ports | meaning |
/// |---|---|
/// | `clock`, `reset` | `reset` forgets what is under way |
/// | `take`, `first`, `count`, `last` | `count` elements are taken in this cycle, the first of which is `first` of the instruction; they are its last |
/// | `wrong` | what it has read makes no sense: a label that is no class, or a loss scale that is no power of two; held until the reset |
/// | `own`, `shape`, `tensors` | words of the instruction that runs, and of what it was given; held until its last result |
/// | `next_own`, `next_shape`, `next_reads`, `has_next_shape`, `has_next_tensors`, `has_next_reads` | the same of the one that is decoded |
/// | `refuse` | the lanes cannot do that one |
/// | `next_reduces` | all that it writes comes with its last elements |
/// | `next_by_rows` | its elements are taken one by one, every six cycles |
/// | `next_tail_cycles` | so many cycles later than other results, of rows those of each block; else 0 |
/// | `read_at_k`, `write_at_k` | first beats of READS and WRITES, held as the words are |
/// | `read_address_k` | in a cycle with `take`, or of pooling [`PoolOrder::CYCLES`] later: the beat of stream k that has the elements; `read_data_k` is that beat [`LANE_READ_CYCLES`](crate::dma::LANE_READ_CYCLES) later |
/// | `write_k`, `write_address_k`, `write_data_k` | a beat of a stream is complete |
///
/// Results of elements taken in cycle c, and of all before, are written in c + `VECTOR_LATENCY_CYCLES` at the latest; of an instruction
/// that reduces, and of rows, `next_tail_cycles` later.
///
/// Streams are whole tensors, padding channels included: `elements` is a multiple of 8, and `count` always the lanes, or 1 of rows; 32 lanes take less with
/// the last pixels of up to 8 channels, four of which are a beat. Such they do not sum, for a lane has no channel of its own then. Padding becomes
/// +0.0, and mask bits of 0, whatever was read there; what is beyond the last element of a stream's last beat is 0. A tensor may be
/// done in pieces, instruction by instruction in order; the first is the one that begins where TENSORS says that `a` does.
///
/// | operation | `a` | `b` | `c` | `x` | `y` |
/// |---|---|---|---|---|---|
/// | `add` | A | B | | sum | ReLU's mask, if `relu` and `bits` |
/// | `relu-backward` | dY | mask if `bits`, else ReLU's output | | dX | |
/// | `bias-gradient` | dY | | | sums, FP32; up to `VectorOp::MOST_SUMS` channels | |
/// | `pool` | X | | | Y | |
/// | `pool-backward` | X, or dY of averages | dY, with X | | dX | |
/// | `cross-entropy` | logits | labels | with `gradient` the step's numbers | with `gradient` dX, else losses and classes | with `gradient` these |
/// | `bn-statistics` | Y | | | | |
/// | `bn-scale` | gamma | beta | running statistics | these, but in evaluation | what is kept; the same |
/// | `bn-apply` | Y | residual, if `residual` | | Z | ReLU's mask, if `relu` and `bits` |
/// | `bn-backward-sums` | Y | dZ | | | |
/// | `bn-backward-scale` | what is kept | | | gradient of gamma | gradient of beta |
/// | `bn-backward-apply` | Y | dZ | | dY | |
///
/// A batch norm has up to 1024 channels. Those of `bn-scale` and `bn-backward-scale` come in place of elements, whole units of 16 and up to 128, with the names
/// of the other operations' tensors in TENSORS; their sums are those that ST has of the tensor `sums` of PARAMETERS (`sums_*`), or 0 stands there and they
/// are those that were made last. What is applied is what came last.
///
/// Rows of cross-entropy have 9 to 32 classes, so that each is a beat; all of a batch are one instruction's.
///
/// Poolings are those that [`PoolKind`] knows: of the greatest of 2 x 2 pixels, and of all pixels. Their elements are taken in
/// [another order](PoolOrder), and an instruction has whole rows of windows, or whole images.
///
/// # Errors
/// [`HdlError`] if the array is impossible or has other than 4, 8 or 32 VE lanes.
pub fn design(config: &ArrayConfig) -> Result<Design, HdlError> {
    check(config)?;
    let lanes = config.ve_lanes;
    let mut wiring = vec![memory::delay_line()];
    wiring.extend(norm::wiring(lanes));
    wiring.extend([pool::module(lanes), lanes::module(lanes)]);
    Ok(Design::join("vector_lanes", lanes::parts(lanes), wiring))
}

/// Softmax cross-entropy of one row of up to 32 classes after another, top `vector_rows`.
///
/// # Errors
/// [`HdlError`] if the system gives no thread with a large stack.
pub fn rows() -> Result<Design, HdlError> {
    check_stack()?;
    Ok(rows::design())
}

/// The same between rings of beats, top `vector_loss`: all rows of an instruction, a beat each, with labels and the step's numbers; gradients
/// in the first ring that is written and losses with classes in the second, or these alone in the first.
///
/// A row is taken with its first elements (`take` with `position` 0, `starts` with the first row), 192 cycles after the one before at
/// the earliest; `read_data_k` is a beat, [`LANE_READ_CYCLES`](crate::dma::LANE_READ_CYCLES) after its address. All of it is written
/// [`ROW_LATENCY_CYCLES`] + 4 cycles after the last row is taken.
///
/// # Errors
/// As [`rows`].
pub fn loss() -> Result<Design, HdlError> {
    check_stack()?;
    Ok(loss::design())
}

/// Batch norm's channels, top `vector_norm`: a [`Statistics`] for each lane, 16 at most, and the memories out of which the lanes take mean, factor,
/// shift and rate of their channels ([`Lane`]), up to 1024 channels.
///
/// From `start` on it goes through the `channels` of an instruction, whole units of 16, as many in a turn as there are [`Statistics`]
/// ([`NormSteps::cycles`] and those of the [`Program`]), until `busy` falls. It asks for `kind` of `channel`; [`NormSteps::READ_CYCLES`] later `given` is
/// that, and the sums are the channel's; or, with `own`, `own_*` are those of all channels of turn `group`. `backward`, `evaluates`, `n` (values of a
/// channel), `present` (channels that are no padding) and `first_turn` (turns of the tensor before these) are held.
///
/// | `kind` | forwards | backwards |
/// |---|---|---|
/// | 0 | gamma | k |
/// | 1 | beta | inv |
/// | 2 | running mean | mean |
/// | 3 | running variance | S1, lower half |
/// | 4 | | S1, upper half |
/// | 5 | | what S1 has that is no number |
///
/// Sums are S1 and S2, backwards D1 and D2. When all channels are through, what is kept of them is written, beat by beat ([`NormDrain`]), from
/// `write_at_0` and `write_at_1` on. `mean`, `factor`, `shift` and `rate` are those of the channels from `slot` times the lanes on, a cycle after `slot`.
///
/// # Errors
/// As [`design`].
pub fn norm(config: &ArrayConfig) -> Result<Design, HdlError> {
    check(config)?;
    Ok(norm::design(config.ve_lanes))
}

/// True if there are lanes for a configuration ([`design`]): up to those that take a beat of FP16 in a cycle.
#[must_use]
pub fn has_lanes(config: &ArrayConfig) -> bool {
    matches!(config.ve_lanes, 4 | 8 | 32)
}

/// The engine of VE, top `ve`: the shell of a stream engine ([`crate::stream`]) with [`design`] as its lanes.
///
/// Its ports are those of the engine `vector` at the sequencer ([`crate::front`]) and of the client `vector` of `dma` ([`crate::dma`]), under
/// the names that they have there but for `vector_memory_fault`, `vector_memory_fault_address`, which are the client's `fault`,
/// `fault_address`. `flush` is the sequencer's.
///
/// It adds, takes gradients back through ReLU, sums those of biases, pools, norms batches, and does the cross-entropy of rows that are a beat each. All else is
/// illegal to it, and so are labels that are no class, and a loss scale that is no power of two: there it stops in the middle of its
/// instruction.
///
/// # Errors
/// As [`design`] and [`stream::design`].
pub fn engine(config: &ArrayConfig) -> Result<Design, HdlError> {
    stream::engine(config, Engine::Vector, design(config)?)
}
