//! What a bitstream is, in a file beside it.
//!
//! Its last line seals it: the SHA-256 of all bytes before. A manifest that was cut, edited or damaged is refused as such, however
//! plausible its values.

use super::digest::{of_bytes, open};
use super::{BitstreamError, Digest};
use satkit_spec::Resources;
use serde::{Deserialize, Serialize};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use toml::value::Datetime;

/// The format that this version writes and reads.
pub const MANIFEST_FORMAT: u32 = 1;

/// Largest manifest in bytes; one has about a thousand.
const MAX_MANIFEST_BYTES: u64 = 64 << 10;
/// What the last line starts with.
const SEAL: &str = "manifest_sha256 = \"";

/// What a bitstream is. Fields are those of the file, in its order; `bitstreams/README.md` describes them to people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// Name of the bitstream, which lies beside the manifest.
    pub file: String,
    /// Bytes of the bitstream.
    pub bytes: u64,
    /// SHA-256 of the bitstream, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Contract hash, 64 lower-case hexadecimal digits.
    pub contract_hash: String,
    /// Name of the array configuration.
    pub configuration: String,
    /// The configuration's hash as its register holds it: `0x` and 8 lower-case hexadecimal digits.
    pub configuration_hash: String,
    /// The commit that it was built from, 40 lower-case hexadecimal digits.
    pub git_commit: String,
    /// Version of Vivado.
    pub vivado: String,
    /// The FPGA.
    pub part: String,
    /// Core clock in megahertz.
    pub clock_mhz: f64,
    /// The smallest slack of setup and hold in nanoseconds.
    pub worst_slack_ns: f64,
    /// Power of the chip in watts, as Vivado estimates it.
    pub power_w: f64,
    /// What it takes of the FPGA, the shell included.
    pub utilisation: Resources,
    /// Name of the image for the configuration flash, which lies beside the manifest.
    pub cfgmem: String,
    /// SHA-256 of that image.
    pub cfgmem_sha256: String,
    /// Day of the build, in UTC.
    pub build_date: Datetime,
    /// SHA-256 of all bytes before this line.
    pub manifest_sha256: String,
}

impl Manifest {
    /// Reads the manifest at `path`, and checks that it is whole and that its values mean something.
    ///
    /// # Errors
    /// [`BitstreamError`] if the file cannot be read, is no manifest, or was changed after it was written.
    pub fn load(path: &Path) -> Result<Self, BitstreamError> {
        let mut text = Vec::new();
        let file = open(path, MAX_MANIFEST_BYTES)?;
        // One that grows meanwhile is cut, which its seal shows.
        file.take(MAX_MANIFEST_BYTES)
            .read_to_end(&mut text)
            .map_err(|source| BitstreamError::Read { path: path.into(), source })?;
        Self::parse(path, &text)
    }

    /// The manifest that is `text`; `path` is for errors alone.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(path: &Path, text: &[u8]) -> Result<Self, BitstreamError> {
        let broken =
            |reason: &str| BitstreamError::Seal { path: path.into(), reason: reason.into() };
        let text = std::str::from_utf8(text).map_err(|_| broken("it is not text"))?;
        let start = text.rfind(SEAL).filter(|&at| at == 0 || text[..at].ends_with('\n'));
        let start = start.ok_or_else(|| broken("its last line, manifest_sha256, is missing"))?;
        let manifest: Self = toml::from_str(text).map_err(|source| BitstreamError::Syntax {
            path: path.into(),
            source: Box::new(source),
        })?;
        let sum = of_bytes(&text.as_bytes()[..start]);
        if text[start + SEAL.len()..].trim_end() != format!("{sum}\"") {
            return Err(broken(&format!(
                "its text has SHA-256 {sum}, its last line says {}",
                manifest.manifest_sha256
            )));
        }
        manifest.check_fields(path)?;
        Ok(manifest)
    }

    /// The file's text with its seal, whatever [`Self::manifest_sha256`] says.
    ///
    /// # Errors
    /// If a value cannot be written as TOML, such as a count of 2^63.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        let mut table = toml::Table::try_from(self)?;
        table.remove("manifest_sha256");
        // Inline: a table of its own would take the seal in.
        let lines = table.iter().map(|(key, value)| format!("{key} = {value}\n"));
        let text: String = lines.collect();
        let sum = of_bytes(text.as_bytes());
        Ok(format!("{text}{SEAL}{sum}\"\n"))
    }

    /// Where the manifest of the bitstream at `bitstream` is.
    #[must_use]
    pub fn path_for(bitstream: &Path) -> PathBuf {
        bitstream.with_extension("toml")
    }

    /// Where the bitstream of the manifest at `manifest` is.
    #[must_use]
    pub fn bitstream_beside(&self, manifest: &Path) -> PathBuf {
        manifest.with_file_name(&self.file)
    }

    /// What the bitstream's file has to be.
    pub(super) fn digest(&self) -> Digest {
        Digest { bytes: self.bytes, sha256: self.sha256.clone() }
    }

    fn check_fields(&self, path: &Path) -> Result<(), BitstreamError> {
        let refuse = |field, given: String, accepted: String| {
            Err(BitstreamError::Field { path: path.into(), field, given, accepted })
        };
        if self.format != MANIFEST_FORMAT {
            return refuse("format", self.format.to_string(), MANIFEST_FORMAT.to_string());
        }
        for (field, name) in [("file", &self.file), ("cfgmem", &self.cfgmem)] {
            if !is_file_name(name) {
                let accepted = "a file's name of letters, digits, `.`, `-` and `_`";
                return refuse(field, format!("{name:?}"), accepted.into());
            }
        }
        let digits = [
            ("sha256", &self.sha256, "", 64),
            ("contract_hash", &self.contract_hash, "", 64),
            ("configuration_hash", &self.configuration_hash, "0x", 8),
            ("git_commit", &self.git_commit, "", 40),
            ("cfgmem_sha256", &self.cfgmem_sha256, "", 64),
        ];
        for (field, value, prefix, count) in digits {
            if !value.strip_prefix(prefix).is_some_and(|rest| is_hexadecimal(rest, count)) {
                let accepted = format!("{prefix}, then {count} lower-case hexadecimal digits");
                return refuse(field, format!("{value:?}"), accepted);
            }
        }
        let figures = [
            ("clock_mhz", self.clock_mhz, 1e-3..=1e4),
            ("worst_slack_ns", self.worst_slack_ns, -1e3..=1e3),
            ("power_w", self.power_w, 0.0..=1e3),
            ("utilisation.bram36", self.utilisation.bram36, 0.0..=1e6),
        ];
        for (field, value, range) in figures {
            if !range.contains(&value) {
                let accepted = format!("{} to {}", range.start(), range.end());
                return refuse(field, value.to_string(), accepted);
            }
        }
        if self.build_date.date.is_none() || self.build_date.time.is_some() {
            return refuse(
                "build_date",
                self.build_date.to_string(),
                "a day, as 2026-01-31".into(),
            );
        }
        Ok(())
    }
}

/// True for a name that stays in its folder and is no option of a program.
fn is_file_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.len() <= 255
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(plain)
}

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
