//! The engines.

use crate::described::described;

described! {
    /// The engines, each with an in-order instruction queue of its own.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum Engine {
        /// Loads activations from DRAM into the W2E row banks.
        LoadActivations = "LD.A",
        /// Loads the operand of the columns, mostly weights, from DRAM into the N2S column banks.
        LoadWeights = "LD.W",
        /// The USPE array.
        Mm = "MM",
        /// Stores drained outputs to DRAM.
        Store = "ST",
        /// WUVE and SORE: the update and the pre-generation of pruned weights.
        Update = "WU",
        /// The elementwise unit.
        Vector = "VE",
    }
}
