//! The formats of layer tables, told apart by their headers.

use super::TopologyError;
use super::layer::{self, Layer};
use super::scale_sim;
use super::table::{Header, Row};

/// A format of layer tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// satkit's own.
    Satkit,
    /// SCALE-Sim's convolution topology.
    ScaleSimConv,
    /// SCALE-Sim's GEMM topology.
    ScaleSimGemm,
}

impl Format {
    const ALL: [Self; 3] = [Self::Satkit, Self::ScaleSimConv, Self::ScaleSimGemm];

    /// The format of a table with that header.
    pub(super) fn of(header: &Header) -> Result<Self, TopologyError> {
        let line = header.line;
        let format =
            Self::ALL.into_iter().find(|format| format.sign().iter().all(|c| header.has(c)));
        let Some(format) = format else {
            let accepted = Self::ALL.map(Self::header).join("; or ");
            return Err(TopologyError::Header { line, found: header.text(), accepted });
        };
        let missing = format.columns().iter().filter(|names| !names.iter().any(|c| header.has(c)));
        let missing: Vec<_> = missing.map(|names| names[0]).collect();
        if missing.is_empty() {
            return Ok(format);
        }
        Err(TopologyError::MissingColumns {
            line,
            missing: missing.join(", "),
            format: format.name(),
            accepted: format.header(),
        })
    }

    /// The layer of a row.
    pub(super) fn layer(self, row: &Row<'_>) -> Result<Layer, TopologyError> {
        match self {
            Self::Satkit => layer::of(row),
            Self::ScaleSimConv => scale_sim::conv(row),
            Self::ScaleSimGemm => scale_sim::gemm(row),
        }
    }

    /// True if rows with a name alone are headings. SCALE-Sim's older files have such.
    pub(super) fn has_labels(self) -> bool {
        self != Self::Satkit
    }

    /// What the format is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Satkit => "satkit layer table",
            Self::ScaleSimConv => "SCALE-Sim convolution topology",
            Self::ScaleSimGemm => "SCALE-Sim GEMM topology",
        }
    }

    pub(super) fn note(self, line: usize) -> String {
        format!("read as a {}, by the header in line {line}", self.name())
    }

    /// The columns by which the format is known.
    fn sign(self) -> &'static [&'static str] {
        match self {
            Self::Satkit => &["type"],
            Self::ScaleSimConv => &["IFMAP Height"],
            Self::ScaleSimGemm => &["M", "N", "K"],
        }
    }

    /// The columns that the format must have, each with its other names.
    fn columns(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Satkit => layer::COLUMNS,
            Self::ScaleSimConv => scale_sim::CONV_COLUMNS,
            Self::ScaleSimGemm => scale_sim::GEMM_COLUMNS,
        }
    }

    /// True if the compared name `name` is that of a column that is read.
    pub(super) fn reads(self, name: &str) -> bool {
        let also: &[&str] = match self {
            Self::Satkit => &[],
            Self::ScaleSimConv => &[scale_sim::STRIDE_WIDTH],
            Self::ScaleSimGemm => &[scale_sim::BATCH],
        };
        self.columns().iter().copied().flatten().chain(also).any(|c| Header::is(name, c))
    }

    fn header(self) -> String {
        self.columns().iter().map(|names| names[0]).collect::<Vec<_>>().join(",")
    }
}
