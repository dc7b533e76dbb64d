//! The engine of LD.A: module `load_a`.
//!
//! Its ports are those of an engine at the sequencer ([`crate::front`]) and of a client of `dma` ([`crate::dma`]), under the names that they have
//! there; beside them, for an array of R rows whose banks have 2^A words:
//!
//! | port | bits | meaning |
//! |---|---|---|
//! | `reset` | 1 | forgets everything, as the sequencer's `flush` asks for; the next load fills the lower half of the banks |
//! | `load_a_start` | 1 | the load that it has taken can start: it does with `load_a_go` |
//! | `load_a_memory_fault_address` | 38 | what `dma` calls the client's `fault_address` |
//! | `w2e_write` | 4 R | sub-banks that are written, four of each row: each has every fourth word |
//! | `w2e_lines` | 4 R | address in each, the half highest |
//! | `w2e_data` | 512 R | words of 8 FP16 values, one for each sub-bank |
//! | `w2e_tag` | A-3 | tag of these words |
//! | `w2e_tags` | 2 (A-3) | tags of the words of the lower and of the upper half that are no zeros |
//! | `table_write`, `table_entry` | 1, 5 | offsets of output `entry[3:0]` in half `entry[4]` are written |
//! | `table_values` | 80 R | them, for each row of four segments 20 bits |
//!
//! [`array::row_bank`] is the bank of a row behind these ports, with its table.
//!
//! | module | what |
//! |---|---|
//! | [`ActivationTake`], [`Taken`] | what comes out of the queue |
//! | [`Reckoner`], [`ProgramSteps`], [`Divide`], [`Given`] | the lines of a load, as numbers |
//! | [`Stripes`], [`Runs`], [`RunsEnd`], [`Burst`], [`Start`] | their bursts |
//! | [`ActivationSteps`], [`ActivationRow`] | which words of a beat go where |
//! | [`Scatter`], [`ScatterTurn`], [`ScatterBank`] | in WU, which values of a beat go where |
//! | [`OffsetTable`], [`TapTable`], [`ActivationLane`] | offsets of the outputs |
//! | [`LoadFault`] | what stops the engine |
//!
//! It loads what 1 x 1 kernels without stride or padding see: flat patches of FF and BP, in both dataflows, and weight rows of WU in OS; and in
//! OS patches of images, for kernels of all sizes, with padding, in FF also with strides up to the kernel's, and weight rows of WU of such
//! kernels, of a single input channel or a multiple of the array's rows. It takes for illegal: patches of
//! images in WS, strided BP, strides that skip pixels, chunks whose channel blocks have parts of the kernel of their own, WU of other channels
//! and in WS, products of a batch (`group` above 0), and pixels of 16 or 24 elements. It does not look whether rows and slots are those of the
//! layer, but for the pixels or patches of the batch and the channels of a pixel.

mod divide;
mod program;
mod reckoner;
mod row;
mod scatter;
mod steps;
mod table;
mod take;
mod wiring;

pub use divide::{Divide, DivideBit};
pub use program::ProgramSteps;
pub use reckoner::Reckoner;
pub use row::ActivationRow;
pub use scatter::{Scatter, ScatterBank, ScatterTurn};
pub use steps::ActivationSteps;
pub use table::{ActivationLane, OffsetTable, TapTable};
pub use take::{ActivationTake, Given, Stripes, Taken};

use super::{Burst, LoadFault, Runs, RunsEnd, Start};
use crate::emit::{Design, check_stack, emit};
use crate::{HdlError, array, dma, memory};
use satkit_spec::ArrayConfig;

/// Words of a row bank that the engine can count.
const MOST_WORDS: usize = 1 << 15;

/// The engine of LD.A, top `load_a`.
///
/// # Errors
/// As [`array::check`] and [`dma::design`], or [`HdlError`] for row banks that are no power of two of up to 32768 words.
pub fn activations(config: &ArrayConfig) -> Result<Design, HdlError> {
    check_stack()?;
    array::check(config)?;
    let words = config.w2e_words_per_row;
    if !words.is_power_of_two() || !(256..=MOST_WORDS).contains(&words) {
        return Err(HdlError::Unbuildable {
            array: config.name.clone(),
            what: "row banks",
            given: format!("of {words} words"),
            accepted: format!("a power of two, 256 to {MOST_WORDS}"),
        });
    }
    let client = dma::in_order(config, config.axi_inflight_beats)?;
    let module = wiring::activations(config, client.top());
    let parts = vec![
        client,
        emit("load_a_take", ActivationTake::default),
        emit("load_a_taken", Taken::default),
        emit("load_a_reckoner", Reckoner::default),
        emit("load_a_given", Given::default),
        emit("load_a_stripes", Stripes::default),
        emit("load_runs", Runs::default),
        emit("load_burst", Burst::default),
        emit("load_runs_end", RunsEnd::default),
        emit("load_start", Start::default),
        emit("load_a_steps", ActivationSteps::default),
        emit("load_a_row", ActivationRow::default),
        emit("load_a_scatter", Scatter::default),
        emit("load_a_turn", ScatterTurn::default),
        emit("load_a_bank", ScatterBank::default),
        emit("load_a_table", OffsetTable::default),
        emit("load_a_taps", TapTable::default),
        emit("load_a_lane", ActivationLane::default),
        emit("load_fault", LoadFault::default),
    ];
    let own = vec![memory::fifo_ram(), memory::delay_line(), module];
    Ok(Design::join("load_a", parts, own))
}
