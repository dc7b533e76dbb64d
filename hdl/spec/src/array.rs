//! Array configurations: the sizes of a machine, named and checked.

use crate::{Sparsity, SpecError};

/// Longest accumulator ring: outputs that one USPE may own (`Ip * Iq`).
pub const MAX_INTERLEAVE: usize = 16;

/// One machine. The named ones are committed; a changed one passes [`ArrayConfig::validate`]
/// before anything is planned or generated for it, and so does one that is read from a file: reading does not
/// check it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ArrayConfig {
    /// Name, as given to `--array`.
    pub name: String,
    /// USPE rows, R.
    pub rows: usize,
    /// USPE columns, C.
    pub cols: usize,
    /// Lanes of an activation word; the largest M that runs sparse.
    pub m_lanes: usize,
    /// Core clock in hertz.
    pub clock_hz: u64,
    /// Pipeline stages of the FP32 adder.
    pub adder_latency_cycles: usize,
    /// Pipeline stages of the FP16 multiplier.
    pub multiplier_latency_cycles: usize,
    /// Activation words per row bank, both halves of the double buffer together.
    pub w2e_words_per_row: usize,
    /// Weight entries (value and position) per column bank, both halves together.
    pub n2s_entries_per_col: usize,
    /// FP32 partial sums per column for WS passes over K.
    pub psum_depth: usize,
    /// Elementwise lanes at the array's edge.
    pub ve_lanes: usize,
    /// Momentum SGD lanes.
    pub wuve_lanes: usize,
    /// Cycles from a beat of weights and gradients into WUVE to the new weights.
    pub wuve_latency_cycles: usize,
    /// Cycles from the last beat of a weight block into SORE to the last of its compact forms:
    /// [`ArrayConfig::sore_latency`] of the lanes.
    pub sore_latency_cycles: usize,
    /// Bytes of one AXI beat.
    pub axi_beat_bytes: usize,
    /// Beats that one load or store engine may have requested and not yet received.
    pub axi_inflight_beats: usize,
    /// Instructions that one engine's queue holds, kept ones among them.
    pub queue_depth: usize,
    /// Cycles from a read's address to its first beat in the memory of fixed latency.
    pub dram_latency_cycles: usize,
    /// DRAM channels, each with one AXI port of one beat per cycle and direction.
    pub dram_channels: usize,
}

impl ArrayConfig {
    /// Names of the committed configurations.
    pub const NAMES: [&'static str; 3] = ["tiny", "small", "vcu1525"];

    /// The named configurations, smallest first.
    #[must_use]
    pub fn all() -> Vec<Self> {
        vec![Self::tiny(), Self::small(), Self::vcu1525()]
    }

    /// 4 x 4, for RTL unit tests.
    #[must_use]
    pub fn tiny() -> Self {
        Self {
            name: "tiny".into(),
            rows: 4,
            cols: 4,
            w2e_words_per_row: 1024,
            n2s_entries_per_col: 1024,
            ve_lanes: 4,
            wuve_lanes: 4,
            sore_latency_cycles: Self::sore_latency(4, 8),
            ..Self::vcu1525()
        }
    }

    /// 8 x 8, for RTL system tests.
    #[must_use]
    pub fn small() -> Self {
        Self {
            name: "small".into(),
            rows: 8,
            cols: 8,
            ve_lanes: 8,
            wuve_lanes: 8,
            sore_latency_cycles: Self::sore_latency(8, 8),
            ..Self::tiny()
        }
    }

    /// 32 x 32 on the VCU1525 at 200 MHz: every published figure.
    #[must_use]
    pub fn vcu1525() -> Self {
        Self {
            name: "vcu1525".into(),
            rows: 32,
            cols: 32,
            m_lanes: 8,
            clock_hz: 200_000_000,
            adder_latency_cycles: 5,
            multiplier_latency_cycles: 3,
            w2e_words_per_row: 16_384,
            n2s_entries_per_col: 4096,
            psum_depth: 1024,
            ve_lanes: 32,
            wuve_lanes: 16,
            wuve_latency_cycles: 32,
            sore_latency_cycles: Self::sore_latency(16, 8),
            axi_beat_bytes: 64,
            axi_inflight_beats: 256,
            queue_depth: 256,
            dram_latency_cycles: 80,
            dram_channels: 4,
        }
    }

    /// SORE's longest latency in cycles with `lanes` values per beat and groups of up to `m_lanes`: that of the largest blocks, which
    /// are given column by column ([`ArrayConfig::sore_cycles`]).
    #[must_use]
    pub const fn sore_latency(lanes: usize, m_lanes: usize) -> usize {
        Self::sore_along_latency(lanes, m_lanes) + Self::sore_turn_latency(lanes, m_lanes)
    }

    /// The same of weights that are made in the order in which they come: 2 to round to FP16, 1 to gather groups that are longer
    /// than a beat, 5 to select.
    const fn sore_along_latency(lanes: usize, m_lanes: usize) -> usize {
        2 + (lanes < m_lanes) as usize + 5
    }

    /// What blocks of M x M that are given column by column take more: 1 and their beats.
    const fn sore_turn_latency(lanes: usize, m: usize) -> usize {
        1 + (m * m).div_ceil(lanes)
    }

    /// Cycles from the last beat of weights into SORE to the last word that it makes of them. Blocks of M x M weights that it
    /// prunes along both channels are given column by column for BP, which takes longer; there `turned_m` is M.
    #[must_use]
    pub const fn sore_cycles(&self, turned_m: Option<usize>) -> usize {
        let along = Self::sore_along_latency(self.wuve_lanes, self.m_lanes);
        match turned_m {
            Some(m) => along + Self::sore_turn_latency(self.wuve_lanes, m),
            None => along,
        }
    }

    /// The configuration of that name.
    ///
    /// # Errors
    /// [`SpecError::Name`] listing the names.
    pub fn named(name: &str) -> Result<Self, SpecError> {
        Self::all().into_iter().find(|config| config.name == name).ok_or_else(|| SpecError::Name {
            what: "array",
            given: name.into(),
            accepted: Self::NAMES.join(", "),
        })
    }

    /// The same machine with words of `m_lanes` lanes, named so.
    ///
    /// # Errors
    /// [`SpecError::Array`] if that cannot be built.
    pub fn with_m_lanes(mut self, m_lanes: usize) -> Result<Self, SpecError> {
        self.name = format!("{}-m{m_lanes}", self.name);
        self.m_lanes = m_lanes;
        self.validate()?;
        self.sore_latency_cycles = Self::sore_latency(self.wuve_lanes, m_lanes);
        Ok(self)
    }

    /// The same machine with `rows` by `cols` USPEs, named so.
    ///
    /// # Errors
    /// [`SpecError::Array`] if that cannot be built.
    pub fn with_size(mut self, rows: usize, cols: usize) -> Result<Self, SpecError> {
        self.name = format!("{rows}x{cols}");
        (self.rows, self.cols) = (rows, cols);
        self.validate()?;
        Ok(self)
    }

    /// The same machine at another core clock.
    ///
    /// # Errors
    /// [`SpecError::Array`] if that cannot be built.
    pub fn with_clock(mut self, clock_hz: u64) -> Result<Self, SpecError> {
        self.clock_hz = clock_hz;
        self.validate()?;
        Ok(self)
    }

    /// Checks that the machine can be built.
    ///
    /// # Errors
    /// [`SpecError::Array`] naming the value and what would be accepted.
    pub fn validate(&self) -> Result<(), SpecError> {
        let check = |ok: bool, reason: String| {
            if ok { Ok(()) } else { Err(SpecError::Array { name: self.name.clone(), reason }) }
        };
        let side = |what: &str, value: usize| {
            check(
                value.is_power_of_two() && (2..=64).contains(&value),
                format!("{value} {what}; accepted: a power of two from 2 to 64"),
            )
        };
        side("rows", self.rows)?;
        side("columns", self.cols)?;
        check(
            matches!(self.m_lanes, 8 | 16),
            format!("{} lanes per word; accepted: 8 or 16", self.m_lanes),
        )?;
        check(
            (2..=MAX_INTERLEAVE).contains(&self.adder_latency_cycles),
            format!(
                "an adder of {} stages; accepted: 2 to {MAX_INTERLEAVE}",
                self.adder_latency_cycles
            ),
        )?;
        check(
            (1..=8).contains(&self.multiplier_latency_cycles),
            format!("a multiplier of {} stages; accepted: 1 to 8", self.multiplier_latency_cycles),
        )?;
        for (what, value) in [
            ("cycles of WUVE latency", self.wuve_latency_cycles),
            ("cycles of SORE latency", self.sore_latency_cycles),
            ("cycles of DRAM latency", self.dram_latency_cycles),
        ] {
            check(value <= 65_536, format!("{value} {what}; accepted: up to 65536"))?;
        }
        check(self.clock_hz > 0, "a clock of 0 Hz; accepted: at least 1 Hz".into())?;
        for (what, value) in [
            ("words per W2E row bank", self.w2e_words_per_row),
            ("entries per N2S column bank", self.n2s_entries_per_col),
        ] {
            check(
                value.is_power_of_two() && (256..=65_536).contains(&value),
                format!("{value} {what}; accepted: a power of two from 256 to 65536"),
            )?;
        }
        let psum_needed = self.rows * self.adder_latency_cycles + 8;
        check(
            self.psum_depth >= psum_needed && self.psum_depth <= 65_536,
            format!(
                "{} partial sums per column; accepted: {psum_needed} (R * adder latency + 8) to 65536",
                self.psum_depth
            ),
        )?;
        check(
            self.axi_beat_bytes as u64 == crate::isa::ADDRESS_UNIT_BYTES,
            format!(
                "{} bytes per AXI beat; accepted: {}",
                self.axi_beat_bytes,
                crate::isa::ADDRESS_UNIT_BYTES
            ),
        )?;
        for (what, value) in [
            ("VE lanes", self.ve_lanes),
            ("WUVE lanes", self.wuve_lanes),
            ("DRAM channels", self.dram_channels),
            ("beats in flight", self.axi_inflight_beats),
            ("instructions per queue", self.queue_depth),
        ] {
            check(
                value.is_power_of_two() && value <= 1024,
                format!("{value} {what}; accepted: a power of two up to 1024"),
            )?;
        }
        Ok(())
    }

    /// True if words of this machine hold a group of `sparsity`.
    #[must_use]
    pub const fn supports(&self, sparsity: Sparsity) -> bool {
        sparsity.m() <= self.m_lanes
    }

    /// Checks that groups of `sparsity` fit this machine's words.
    ///
    /// # Errors
    /// [`SpecError::Array`] naming both.
    pub fn check_sparsity(&self, sparsity: Sparsity) -> Result<(), SpecError> {
        if self.supports(sparsity) {
            return Ok(());
        }
        Err(SpecError::Array {
            name: self.name.clone(),
            reason: format!(
                "sparsity {sparsity} has groups of {} values, but a word has {} lanes; accepted: M up to {}, \
                 or an array with more lanes",
                sparsity.m(),
                self.m_lanes,
                self.m_lanes
            ),
        })
    }

    /// First 32 bits of the SHA-256 of all of it but the name, as `regs::CONFIGURATION_HASH` holds them.
    #[must_use]
    pub fn hash_word(&self) -> u32 {
        use sha2::{Digest as _, Sha256};
        // Every field is in the debug form, so a field that is added counts too.
        let unnamed = Self { name: String::new(), ..self.clone() };
        let digest = Sha256::digest(format!("{unnamed:?}"));
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
    }

    /// Peak dense rate, one multiply-accumulate per USPE and cycle.
    #[must_use]
    pub const fn peak_macs_per_cycle(&self) -> u64 {
        (self.rows * self.cols) as u64
    }
}
