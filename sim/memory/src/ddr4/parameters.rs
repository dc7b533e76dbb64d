//! The parameters of [`super::Ddr4`], and the same in ticks.

use super::timing;
use crate::key::{Key, Keyed, narrow};

/// Parameters of [`crate::Ddr4`]; [`crate::timing`] has the defaults with their sources, and what is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Ddr4Parameters {
    /// Controller and interconnect on every read, nanoseconds.
    pub latency_ns: u32,
    /// Read command to data, DRAM clocks.
    pub cl: u32,
    /// Activate to command, DRAM clocks.
    pub trcd: u32,
    /// Precharge to activate, DRAM clocks.
    pub trp: u32,
    /// Activate to precharge, DRAM clocks.
    pub tras: u32,
    /// Refresh to refresh, nanoseconds.
    pub trefi_ns: u32,
    /// Refresh to activate, nanoseconds.
    pub trfc_ns: u32,
    /// Bursts of 64 bytes that the write buffer collects before it drains.
    pub write_batch: u32,
}

impl Default for Ddr4Parameters {
    fn default() -> Self {
        Self {
            latency_ns: timing::LATENCY_NS,
            cl: timing::CL,
            trcd: timing::TRCD,
            trp: timing::TRP,
            tras: timing::TRAS,
            trefi_ns: timing::TREFI_NS,
            trfc_ns: timing::TRFC_NS,
            write_batch: timing::WRITE_BATCH,
        }
    }
}

const CLOCKS: &str = "DRAM clocks";

// The bounds keep a refresh with all it closes and opens again shorter than the shortest tREFI: the memory always
// gets on.
impl Keyed for Ddr4Parameters {
    const MODEL: &'static str = "ddr4";
    const KEYS: &'static [Key<Self>] = &[
        Key {
            name: "latency-ns",
            unit: "nanoseconds",
            min: 0,
            max: 100_000,
            get: |p| p.latency_ns.into(),
            set: |p, value| p.latency_ns = narrow(value),
        },
        Key {
            name: "cl",
            unit: CLOCKS,
            min: 9,
            max: 64,
            get: |p| p.cl.into(),
            set: |p, value| p.cl = narrow(value),
        },
        Key {
            name: "trcd",
            unit: CLOCKS,
            min: 1,
            max: 64,
            get: |p| p.trcd.into(),
            set: |p, value| p.trcd = narrow(value),
        },
        Key {
            name: "trp",
            unit: CLOCKS,
            min: 1,
            max: 64,
            get: |p| p.trp.into(),
            set: |p, value| p.trp = narrow(value),
        },
        Key {
            name: "tras",
            unit: CLOCKS,
            min: 1,
            max: 128,
            get: |p| p.tras.into(),
            set: |p, value| p.tras = narrow(value),
        },
        Key {
            name: "trefi-ns",
            unit: "nanoseconds",
            min: 1950,
            max: 1_000_000_000,
            get: |p| p.trefi_ns.into(),
            set: |p, value| p.trefi_ns = narrow(value),
        },
        Key {
            name: "trfc-ns",
            unit: "nanoseconds",
            min: 0,
            max: 1000,
            get: |p| p.trfc_ns.into(),
            set: |p, value| p.trfc_ns = narrow(value),
        },
        Key {
            name: "write-batch",
            unit: "bursts of 64 bytes",
            min: 1,
            max: 1024,
            get: |p| p.write_batch.into(),
            set: |p, value| p.write_batch = narrow(value),
        },
    ];
}

/// What the channels wait for, in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticks {
    pub(super) burst: u64,
    pub(super) read_data: u64,
    pub(super) write_data: u64,
    pub(super) activate: u64,
    pub(super) precharge: u64,
    pub(super) row: u64,
    pub(super) write_recovery: u64,
    /// End of read data to precharge may be negative, so this is subtracted: last read command to its data's end,
    /// less tRTP.
    pub(super) read_recovery: u64,
    pub(super) write_to_read: u64,
    pub(super) read_to_write: u64,
    pub(super) four_activates: u64,
    pub(super) refresh_interval: u64,
    pub(super) refresh: u64,
}

impl Ticks {
    pub(super) fn new(parameters: &Ddr4Parameters) -> Self {
        let clocks = |clocks: u64| clocks * timing::TICKS_PER_CLOCK;
        let cl = u64::from(parameters.cl);
        Self {
            burst: clocks(timing::BURST_CLOCKS),
            read_data: clocks(cl),
            write_data: clocks(timing::CWL),
            activate: clocks(parameters.trcd.into()),
            precharge: clocks(parameters.trp.into()),
            row: clocks(parameters.tras.into()),
            write_recovery: clocks(timing::TWR),
            // Not below 0, because the table asks for CL of at least tRTP.
            read_recovery: clocks(cl + timing::BURST_CLOCKS - timing::TRTP),
            write_to_read: clocks(timing::TWTR + cl),
            read_to_write: clocks(timing::READ_TO_WRITE),
            four_activates: clocks(timing::TFAW),
            refresh_interval: u64::from(parameters.trefi_ns) * timing::TICKS_PER_NS,
            refresh: u64::from(parameters.trfc_ns) * timing::TICKS_PER_NS,
        }
    }
}
