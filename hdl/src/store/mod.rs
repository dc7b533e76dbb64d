//! The store engine, ST: tiles from the array to card memory.
//!
//! [`design`] gives module `store`. On one side it has the signals of an engine (`store_*`, see [`crate::front`]), on another the drain
//! of the array, on the third those of a client that reads and writes (`ar_*`, `r_*`, `aw_*`, `w_*`, `b_valid`, see [`crate::dma`]).
//!
//! | module | what |
//! |---|---|
//! | [`Decode`] | keeps GEOMETRY and RESULTS; what an ST says of its tile |
//! | [`Grid`], [`Place`] | patches of images: how many there are, and which one a tile begins with |
//! | [`Walk`] | the tile's pieces, one per cycle, and the bursts that they fill |
//! | [`Ask`], [`Demand`] | what is read: bias, tensors that are added, masks. A second [`Walk`] ahead of the first knows the bursts |
//! | [`Gate`] | the bits of the mask that a piece needs |
//! | [`Lane`] | a column's values: scale, bias, addition, ReLU, rounding, mask |
//! | [`Beat`] | pieces in their places in beats |
//! | [`Sets`], [`ExactSum`] | exact sums of each column's values and products, of the last two stages that have them |
//! | [`Ledger`] | bursts that wait for their response; ends of tiles |
//!
//! **Drain buffer.** What leaves the array is written word after word into a ring for two of the largest tiles, one value of each
//! column in a word, so nothing holds the array up. Where a tile begins follows from the sizes of those before it: each drained tile
//! has one ST, in the same order.
//!
//! **Time.** The first piece is read in the cycle after the start at the earliest, and then one in each cycle, unless the array has not
//! drained far enough (weight rows that go round the array rows, patches of several pixels) or there is no room for a burst. In the cycle after the last
//! one the next tile may start; `store_released` is then. A burst is asked for [`satkit_spec::STORE_LATENCY_CYCLES`] after that
//! cycle, and ends [`satkit_spec::STORE_DONE_CYCLES`] after its response. Words of 32 columns give a beat of FP16 values per
//! piece; of fewer, as much of one as they have.
//!
//! **Bytes.** FP32 values, or FP16 ones rounded to nearest even; NaNs canonical. Beats that are not all the tile's have strobes. The
//! tile with a row's last columns fills it with zeros up to its pitch.
//!
//! **Sums.** `sums` adds up what is stored, channel by channel: values and their squares, or with `products` values times those of the tensor
//! `sum` of RESULTS. The first such store after a RESULTS begins a set of sums, which is known by the address of the results. The last two
//! sets stay, so that one can be read while the next stage is stored:
//!
//! | port | meaning |
//! |---|---|
//! | `sums_tensor`, `sums_channel` | the tensor, by its first beat, and its channel |
//! | `sums_found` | there are sums of that tensor, [`SUMS_READ_CYCLES`] later, as all that follows |
//! | `sums_values`, `sums_values_special` | the sum of its values, as [`ExactSum`] gives it |
//! | `sums_products`, `sums_products_special` | that of products |
//!
//! A store's terms are in its sums when it ends. `reset` forgets all sets.
//!
//! Not there yet, and illegal: bias gradients at the drain, products of a batch (`group` above 0), and a strided BP of images smaller than
//! the stride, whose phases have other numbers. Bias, addition, mask and sums are for FP16 results of FF and BP in tiles that begin with a multiple of
//! the array's columns; what is read for them needs pieces that lie in one beat each: rows are 8 elements or a multiple of 32 apart. ReLU does not go
//! with an addition in BP. Sums are of at most 64 channels for each column.

mod ask;
mod beat;
mod decode;
mod demand;
mod divide;
mod gate;
mod grid;
mod lane;
mod ledger;
mod place;
mod sets;
mod walk;
mod wiring;

pub use ask::Ask;
pub use beat::Beat;
pub use decode::Decode;
pub use demand::Demand;
pub use divide::{Divide, SmallQuotient};
pub use gate::Gate;
pub use grid::Grid;
pub use lane::Lane;
pub use ledger::Ledger;
pub use place::Place;
pub use sets::Sets;
pub use walk::Walk;

use crate::HdlError;
use crate::emit::{Design, check_stack, emit};
use crate::vector::{ExactSum, Pick};
use crate::{array, dma, memory};
use satkit_spec::{ArrayConfig, STORE_BURST_BEATS};

/// Rising edges from a tensor and its channel at the ports to the sums.
pub const SUMS_READ_CYCLES: usize = 4;

/// Sums of a column: 64 channels of two sets.
type Sums = ExactSum<7>;

/// The store engine of a configuration, top `store`.
///
/// # Errors
/// [`HdlError`] if the array is impossible, or has ports or buffers that cannot be built.
pub fn design(config: &ArrayConfig) -> Result<Design, HdlError> {
    array::check(config)?;
    let refuse = |what, given: usize, accepted: String| {
        let (array, given) = (config.name.clone(), given.to_string());
        Err(HdlError::Unbuildable { array, what, given, accepted })
    };
    if !matches!(config.dram_channels, 1 | 2 | 4) {
        return refuse("DRAM channels", config.dram_channels, "1, 2 or 4".into());
    }
    let beats = wiring::capacity_beats(config);
    if !(STORE_BURST_BEATS..=1024).contains(&beats) {
        return refuse(
            "beats in ST's buffers",
            beats,
            format!("{STORE_BURST_BEATS} to 1024, so 16 to 256 in flight"),
        );
    }
    check_stack()?;
    let parts = vec![
        dma::in_order(config, wiring::read_beats(config))?,
        emit("store_decode", Decode::default),
        emit("store_grid", Grid::default),
        emit("store_place", Place::default),
        emit("store_walk", Walk::default),
        emit("store_ask", Ask::default),
        emit("store_demand", Demand::default),
        emit("store_gate", Gate::default),
        emit("store_pick", Pick::<512>::default),
        emit("store_lane", Lane::default),
        emit("store_beat", Beat::default),
        emit("store_ledger", Ledger::default),
        emit("store_sets", Sets::default),
        emit("store_exact_sum", Sums::default),
    ];
    let wiring = vec![
        memory::delay_line(),
        memory::fifo_ram(),
        memory::block_ram(),
        memory::small_ram(),
        wiring::store(config),
    ];
    Ok(Design::join("store", parts, wiring))
}
