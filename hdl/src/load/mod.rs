//! The load engines: from card memory into the array's banks.
//!
//! [`activations()`] gives module `load_a`, the engine of LD.A: see [`activations`](mod@activations).
//!
//! [`weights`] gives module `load_w`, the engine of LD.W. Its ports are those of an engine at the sequencer ([`crate::front`]) and of a
//! client of `dma` ([`crate::dma`]), under the names that they have there; beside them:
//!
//! | port | meaning |
//! |---|---|
//! | `reset` | forgets everything, as the sequencer's `flush` asks for; the next load fills the lower half of the banks |
//! | `load_w_start` | the load that it has taken can start: it does with `load_w_go` |
//! | `load_w_memory_fault_address` | what `dma` calls the client's `fault_address` |
//! | `n2s_write`, `n2s_entry`, `n2s_data` | an entry of all column banks is written: value 16, position 4 of each column |
//!
//! | module | what |
//! |---|---|
//! | [`WeightDecode`] | GEOMETRY, OPERANDS, and the runs of beats that a load takes |
//! | [`Runs`], [`Burst`], [`Start`] | bursts of these runs |
//! | [`WeightSteps`] | which part of a beat goes where in which cycle |
//! | [`Positions`], [`WeightColumn`] | what is written |
//! | [`LoadFault`] | what stops the engine |
//!
//! A beat of a tile holds 32 columns of one slot: it takes as many cycles as the array needs of its own widths for the columns of the load
//! in it, a row of the array's columns in each. The timing model counts the same (`sim/plan/src/traffic/steps.rs`).
//!
//! It does not load, and takes for illegal: products of a batch (`group` above 0), rows of less than 32 elements, and columns that are
//! to be turned over (`weight_source` 2). It does not look whether columns and slots are those of the layer.

pub mod activations;
mod ask;
mod column;
mod decode;
mod fault;
mod steps;
mod wiring;

pub use activations::activations;
pub use ask::{Burst, Runs, RunsEnd, Start};
pub use column::{Positions, WeightColumn};
pub use decode::WeightDecode;
pub use fault::LoadFault;
pub use steps::WeightSteps;

use crate::emit::{Design, check_stack, emit};
use crate::{HdlError, array, dma, memory};
use satkit_spec::ArrayConfig;

/// Entries of a column bank that the engine can count.
const MOST_ENTRIES: usize = 1 << 15;

/// The engine of LD.W, top `load_w`.
///
/// # Errors
/// As [`array::check`] and [`dma::design`], or [`HdlError`] for column banks that are no power of two of up to 32768 entries.
pub fn weights(config: &ArrayConfig) -> Result<Design, HdlError> {
    array::check(config)?;
    check_stack()?;
    let entries = config.n2s_entries_per_col;
    if !entries.is_power_of_two() || !(4..=MOST_ENTRIES).contains(&entries) {
        return Err(HdlError::Unbuildable {
            array: config.name.clone(),
            what: "column banks",
            given: format!("of {entries} entries"),
            accepted: format!("a power of two, 4 to {MOST_ENTRIES}"),
        });
    }
    let client = dma::in_order(config, config.axi_inflight_beats)?;
    let module = wiring::weights(config, client.top());
    let parts = vec![
        client,
        emit("load_w_decode", WeightDecode::default),
        emit("load_runs", Runs::default),
        emit("load_burst", Burst::default),
        emit("load_start", Start::default),
        emit("load_w_steps", WeightSteps::default),
        emit("load_w_positions", Positions::default),
        emit("load_w_column", WeightColumn::default),
        emit("load_fault", LoadFault::default),
    ];
    Ok(Design::join("load_w", parts, vec![memory::fifo_ram(), module]))
}
