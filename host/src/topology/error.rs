//! Why a layer table cannot be read.

use satkit_spec::SpecError;

/// Why a layer table cannot be read. Lines count from 1, comments and blank lines included.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// Bytes that are no text.
    #[error("line {line}: not UTF-8 text; accepted: a CSV file")]
    NotText {
        /// The line.
        line: usize,
    },
    /// A line that is no CSV record.
    #[error(
        "line {line}: {reason}; accepted: one CSV record per line, lines that end in LF or CRLF"
    )]
    NotCsv {
        /// The line.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Nothing but comments and blank lines.
    #[error("the file is empty; accepted: a header line and one line per layer")]
    Empty,
    /// A header without layers.
    #[error("line {line}: nothing follows the header; accepted: one line per layer")]
    NoRows {
        /// Line of the header.
        line: usize,
    },
    /// A header of no known format.
    #[error("line {line}: the header {found:?} is of no known format; accepted: {accepted}")]
    Header {
        /// The line.
        line: usize,
        /// The header.
        found: String,
        /// The headers of the known formats.
        accepted: String,
    },
    /// A header that lacks columns.
    #[error("line {line}: the header lacks {missing}; accepted for a {format}: {accepted}")]
    MissingColumns {
        /// The line.
        line: usize,
        /// The columns that lack.
        missing: String,
        /// The format.
        format: &'static str,
        /// All of its columns.
        accepted: String,
    },
    /// A header with a column twice.
    #[error("line {line}: the header has the column {column:?} twice; accepted: once")]
    RepeatedColumn {
        /// The line.
        line: usize,
        /// The column.
        column: String,
    },
    /// A cell that must not be empty.
    #[error("line {line}: {column} is empty; accepted: {accepted}")]
    Missing {
        /// The line.
        line: usize,
        /// The column.
        column: &'static str,
        /// What would be accepted.
        accepted: String,
    },
    /// A cell that holds no number, or one outside of its limits.
    #[error("line {line}: {column} is {value:?}; accepted: a whole number from {low} to {high}")]
    Number {
        /// The line.
        line: usize,
        /// The column.
        column: &'static str,
        /// The cell.
        value: String,
        /// The smallest number accepted.
        low: usize,
        /// The largest number accepted.
        high: usize,
    },
    /// A row of an unknown type.
    #[error("line {line}: type {value:?} is unknown; accepted: conv, linear, matmul")]
    Kind {
        /// The line.
        line: usize,
        /// The type.
        value: String,
    },
    /// A cell that contradicts the others of its row.
    #[error(
        "line {line}: {column} is {value}, but {reason}; accepted: {expected}, or an empty cell"
    )]
    Contradiction {
        /// The line.
        line: usize,
        /// The column.
        column: &'static str,
        /// The number.
        value: usize,
        /// The number that agrees with the rest of the row.
        expected: usize,
        /// Why.
        reason: &'static str,
    },
    /// Sizes that make no layer together.
    #[error("line {line}: {source}")]
    Shape {
        /// The line.
        line: usize,
        /// What is wrong.
        source: SpecError,
    },
    /// More rows than a topology may have.
    #[error(
        "line {line}: more than {limit} rows, repeats included; accepted: a smaller repeat, or a part of the network"
    )]
    TooManyRows {
        /// The line.
        line: usize,
        /// The limit.
        limit: usize,
    },
    /// More work than can be counted.
    #[error("line {line}: more than 2^62 multiply-accumulates so far; accepted: smaller sizes")]
    TooLarge {
        /// The line.
        line: usize,
    },
}
