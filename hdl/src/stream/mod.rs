//! The shell of a stream engine, WU or VE: everything but its lanes.
//!
//! [`design`] gives module `update_stream` or `vector_stream`. It takes instructions as [`crate::front`] has it, asks `dma`
//! ([`crate::dma`]) for what they read and write, and tells the lanes which elements to take. What it does in each cycle is what
//! the timing model charges: blocks of a page of the longest stream, read ahead as far as the buffers have room, through the lanes in
//! order, written in order.
//!
//! | module | what |
//! |---|---|
//! | [`Control`] | an instruction is taken, decoded, started, ended; faults |
//! | [`Kind`], [`Kept`] | kept instructions, for the one that is decoded and for the one that runs |
//! | [`Decode`], [`Share`] | the longest stream, its blocks, and what part of a block each other stream has |
//! | [`Blocks`], [`Portion`], [`First`], [`Halves`] | one block after another, with the beats of each stream |
//! | [`Requests`] | their bursts |
//! | [`Reading`], [`Writing`] | when these are asked for |
//! | [`Pace`] | what the lanes take |
//!
//! **Lanes.** In names, `e` is `update` or `vector`; `k` is 0 to 2, the first, second or third stream in a direction. WU has 0 to 3: the
//! first stream of an update holds W and V, which are a stream each ([`Halves`]), the second and the third follow. The third that
//! WU reads is a beat of numbers, which comes with the first block ([`First`]).
//!
//! | ports | by | meaning |
//! |---|---|---|
//! | `e_take`, `e_first`, `e_count`, `e_last` | shell | the lanes take `e_count` elements in this cycle, the first of which is `e_first` of the instruction; they are its last |
//! | `e_read_at_k`, `e_write_at_k` | shell | address of the first beat of a stream, in beats; held while the instruction runs |
//! | `e_read_address_k` | lanes | a beat of the stream (its address, in beats) |
//! | `e_read_data_k` | shell | that beat, [`LANE_READ_CYCLES`](crate::dma::LANE_READ_CYCLES) later |
//! | `e_write_k`, `e_write_address_k`, `e_write_data_k` | lanes | a beat is written; before the latency of the instruction is over, counted from the block's last elements |
//! | `e_own`, `e_shape`, `e_tensors`, `e_parameters`, `e_weights` | shell | words of the instruction that runs and of what it was given, `e_has_*` that there is one |
//! | `e_next_*`, `e_has_next_*` | shell | the same of the one that is decoded |
//! | `e_refuse` | lanes | they cannot do the one that is decoded, from `e_next_*` alone: it is an illegal instruction |
//! | `vector_next_by_rows` | lanes | elements of that one are taken one by one, six cycles for each, in the last of them; `vector_next_tail_cycles` go by after each of its blocks, and the third stream that it reads is a beat of numbers, which comes with the first block |
//! | `vector_wrong` | lanes | what the one that runs has read makes no sense, held until the reset: it is an illegal instruction |
//! | `vector_next_reduces`, `vector_next_tail_cycles` | lanes | what that one writes, 256 beats at most, comes after its last elements, so many cycles later than other results |
//!
//! An element of w bits that is element n of its instruction lies in beat `n * w / 512` of a stream. All that a block's elements read
//! is there when the lanes take them, and lanes need to ask for it within the cycles in which it stays: until the block's writes are
//! answered. They take a block without a pause.
//!
//! **More lanes.** A ring gives a beat per cycle: 32 elements of FP16, or 16 of FP32. WU's 16 lanes need no more. 64 lanes of VE take
//! two beats of FP16 per cycle: then each bank is two, of even and of odd beats, so that two beats side by side can be read, and
//! written, in a cycle.

mod blocks;
mod control;
mod decode;
mod geometry;
mod issue;
mod kept;
mod pace;
mod panel;
mod panel_runs;
mod requests;
mod wiring;

pub use blocks::{Blocks, First, Halves, Portion};
pub use control::Control;
pub use decode::{Decode, Share};

pub use issue::{Latency, Reading, Writing};
pub use kept::{Kept, Kind};
pub use pace::Pace;
pub use panel::PanelWalk;
pub use panel_runs::PanelRuns;
pub use requests::Requests;

use crate::HdlError;
use crate::dma;
use crate::emit::{Design, check_stack, emit};
use crate::memory;
use satkit_spec::isa::Engine;
use satkit_spec::{
    ArrayConfig, BEAT_ELEMENTS, STREAM_BUFFERS, UPDATE_BUFFER_CYCLES, UPDATE_DECODE_CYCLES,
    VECTOR_DECODE_CYCLES, VECTOR_LATENCY_CYCLES,
};

/// Beats of a block of the longest stream: a page.
const PAGE_BEATS: usize = 64;
/// Bits of what goes with a block: it is the last of its instruction, and its beats.
const BLOCK: usize = 12;
/// The same with what it writes.
const BLOCK_AND_WRITES: usize = BLOCK + 36;
/// Cycles of decoding: done in step 16, and five registers to the first burst.
const DECODE_CYCLES: usize = 22;

// The blocks have these numbers in their widths and steps.
const _: () = assert!(BEAT_ELEMENTS == 512);
const _: () = assert!(UPDATE_DECODE_CYCLES >= DECODE_CYCLES && UPDATE_DECODE_CYCLES <= 64);
const _: () = assert!(VECTOR_DECODE_CYCLES >= DECODE_CYCLES && VECTOR_DECODE_CYCLES <= 64);

/// Lanes of a stream engine.
fn lanes(config: &ArrayConfig, engine: Engine) -> usize {
    if engine == Engine::Update { config.wuve_lanes } else { config.ve_lanes }
}

/// Checks that the shell can be built.
fn check(config: &ArrayConfig, engine: Engine) -> Result<(), HdlError> {
    check_stack()?;
    config.validate()?;
    let refuse = |what, given: usize, accepted: &str| {
        let (array, given) = (config.name.clone(), given.to_string());
        Err(HdlError::Unbuildable { array, what, given, accepted: accepted.into() })
    };
    if lanes(config, engine) > PAGE_BEATS {
        return refuse("stream lanes", lanes(config, engine), "up to 64");
    }
    // A block has up to four pages in a direction.
    if !(64..=1024).contains(&config.axi_inflight_beats) {
        return refuse("beats in flight", config.axi_inflight_beats, "64 to 1024");
    }
    let latency = if engine == Engine::Update {
        config.wuve_latency_cycles + config.sore_latency_cycles + UPDATE_BUFFER_CYCLES
    } else {
        VECTOR_LATENCY_CYCLES
    };
    // A reading, its elements and its results are at least as long behind each other as a decoding takes after step 16.
    if !(8..=64).contains(&latency) {
        return refuse("cycles of lanes", latency, "8 to 64");
    }
    Ok(())
}

/// An engine, top `wu` or `ve`: its shell with `lanes`, a module whose ports are called as the shell's, without `e_`. The engine's ports are
/// those of the sequencer and of the ports to memory, and what the lanes have beside the shell's.
///
/// # Errors
/// As [`design`].
///
/// # Panics
/// As [`design`].
pub fn engine(config: &ArrayConfig, engine: Engine, lanes: Design) -> Result<Design, HdlError> {
    let shell = design(config, engine)?;
    let name = if engine == Engine::Update { "wu" } else { "ve" };
    let module = wiring::engine(name, engine, &shell, &lanes);
    Ok(Design::join(name, vec![shell, lanes], vec![module]))
}

/// The shell of an engine, top `update_stream` or `vector_stream`.
///
/// # Errors
/// [`HdlError`] if the array is impossible, or has other buffers, lanes or latencies than the shell can have.
///
/// # Panics
/// If the engine is neither WU nor VE.
pub fn design(config: &ArrayConfig, engine: Engine) -> Result<Design, HdlError> {
    assert!(matches!(engine, Engine::Update | Engine::Vector), "{engine:?} has no streams");
    check(config, engine)?;
    let capacity = STREAM_BUFFERS * config.axi_inflight_beats;
    let module = wiring::shell(config, engine, capacity);
    let parts = vec![
        dma::read_rings(config, capacity)?,
        dma::write_rings(config, capacity)?,
        dma::blocks(config, capacity)?,
        emit("stream_control", Control::default),
        emit("stream_kind", Kind::default),
        emit("stream_kept", Kept::default),
        emit("stream_decode", Decode::default),
        emit("stream_share", Share::default),
        emit("stream_blocks_of", Blocks::default),
        emit("stream_portion", Portion::default),
        emit("stream_first", First::default),
        emit("stream_halves", Halves::default),
        emit("stream_read_requests", Requests::<BLOCK_AND_WRITES>::default),
        emit("stream_write_requests", Requests::<BLOCK>::default),
        emit("stream_reading", Reading::default),
        emit("stream_writing", Writing::default),
        emit("stream_latency", Latency::default),
        emit("stream_pace", Pace::default),
    ];
    let panels = match engine {
        Engine::Update => vec![
            emit("panel_walk", PanelWalk::default),
            emit("panel_reads", PanelRuns::<BLOCK_AND_WRITES>::default),
            emit("panel_writes", PanelRuns::<BLOCK>::default),
        ],
        _ => Vec::new(),
    };
    let parts = parts.into_iter().chain(panels).collect();
    let top = module.name.clone();
    Ok(Design::join(&top, parts, vec![memory::fifo_ram(), module]))
}
