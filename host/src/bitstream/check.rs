//! Whether a bitstream belongs to this program and to the board.

use super::{BitstreamError, Board, Manifest, digest};
use satkit_spec::{ArrayConfig, Resources, contract_hash};
use std::path::Path;

/// Largest bitstream that is read: three times the 80.2 MB of an uncompressed one of the XCVU9P (641,272,864 bits; UG570,
/// UltraScale Architecture Configuration, table of bitstream lengths).
const MAX_BITSTREAM_BYTES: u64 = 256 << 20;

impl Manifest {
    /// Checks that the bitstream at `bitstream` is the manifest's, and that it may be loaded: [`Self::check_design`] and
    /// [`Self::check_file`].
    ///
    /// # Errors
    /// [`BitstreamError`] saying what disagrees, with both values.
    pub fn check(&self, bitstream: &Path) -> Result<(), BitstreamError> {
        self.check_design()?;
        self.check_file(bitstream)
    }

    /// Checks that the bitstream was built from this program's definitions, for the board, within its timing and its resources.
    ///
    /// # Errors
    /// [`BitstreamError`] saying what disagrees, with both values.
    pub fn check_design(&self) -> Result<(), BitstreamError> {
        let expected = contract_hash().to_string();
        if self.contract_hash != expected {
            let found = self.contract_hash.clone();
            return Err(BitstreamError::Contract { found, expected });
        }
        self.check_configuration()?;
        let board = Board::vcu1525()?;
        if self.part != board.part.value {
            let (found, expected) = (self.part.clone(), board.part.value);
            return Err(BitstreamError::Part { found, board: board.name, expected });
        }
        if self.worst_slack_ns < 0.0 {
            let (slack_ns, clock_mhz) = (self.worst_slack_ns, self.clock_mhz);
            return Err(BitstreamError::Slack { slack_ns, clock_mhz });
        }
        let (used, available) = (&self.utilisation, &Resources::VCU1525);
        let counts = [
            ("LUTs", used.luts as f64, available.luts as f64),
            ("flip-flops", used.registers as f64, available.registers as f64),
            ("DSP slices", used.dsps as f64, available.dsps as f64),
            ("block memories", used.bram36, available.bram36),
            ("UltraRAMs", used.urams as f64, available.urams as f64),
        ];
        for (what, used, available) in counts {
            if used > available {
                return Err(BitstreamError::Resources { what, used, board: board.name, available });
            }
        }
        Ok(())
    }

    /// Checks size and hash of the bitstream at `bitstream`.
    ///
    /// # Errors
    /// [`BitstreamError`] if it cannot be read or is another one.
    pub fn check_file(&self, bitstream: &Path) -> Result<(), BitstreamError> {
        let (path, expected) = (bitstream.to_path_buf(), self.digest());
        let found = digest(bitstream, MAX_BITSTREAM_BYTES)?;
        if found.bytes != expected.bytes {
            return Err(BitstreamError::Size {
                path,
                found: found.bytes,
                expected: expected.bytes,
            });
        }
        if found.sha256 != expected.sha256 {
            let (found, expected) = (found.sha256, expected.sha256);
            return Err(BitstreamError::Hash { path, found, expected });
        }
        Ok(())
    }

    fn check_configuration(&self) -> Result<(), BitstreamError> {
        let refuse = |reason: String| {
            Err(BitstreamError::Configuration { name: self.configuration.clone(), reason })
        };
        let Ok(config) = ArrayConfig::named(&self.configuration) else {
            return refuse(format!("is not one of {}", ArrayConfig::NAMES.join(", ")));
        };
        let hash = format!("{:#010x}", config.hash_word());
        if self.configuration_hash != hash {
            return refuse(format!("has hash {}, this program's {hash}", self.configuration_hash));
        }
        // Megahertz with three digits are what a clock is asked for with.
        let clock_hz = (self.clock_mhz * 1e6).round();
        if (clock_hz - config.clock_hz as f64).abs() >= 1e3 {
            return refuse(format!(
                "runs at {} MHz, this program's at {} MHz",
                self.clock_mhz,
                config.clock_hz as f64 / 1e6
            ));
        }
        Ok(())
    }
}
