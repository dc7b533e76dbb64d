//! A CSV file as header and rows, line by line.

use super::{Topology, TopologyError};
use csv::{ReaderBuilder, StringRecord, Trim};

/// The longest part of a cell that an error or a note repeats, in characters.
const QUOTED: usize = 80;

/// A CSV file.
pub(super) struct Table {
    pub(super) header: Header,
    records: Vec<(usize, StringRecord)>,
}

/// The header of a table.
pub(super) struct Header {
    /// Its line in the file.
    pub(super) line: usize,
    cells: StringRecord,
    /// The cells as they are compared.
    names: Vec<String>,
}

/// One row of a table.
pub(super) struct Row<'a> {
    header: &'a Header,
    /// Its line in the file.
    pub(super) line: usize,
    cells: &'a StringRecord,
}

impl Table {
    /// Splits the file. Blank lines, rows of empty cells and lines that start with `#` do not count.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, TopologyError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let good = &bytes[..error.valid_up_to()];
            TopologyError::NotText { line: good.iter().filter(|&&byte| byte == b'\n').count() + 1 }
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let mut lines = lines.filter(|(_, line)| !is_comment(line));
        let (line, cells) = lines.next().ok_or(TopologyError::Empty)?;
        let header = Header::new(line, record(line, cells)?)?;
        let mut records = Vec::new();
        for (line, cells) in lines {
            if records.len() >= Topology::MAX_ROWS {
                return Err(TopologyError::TooManyRows { line, limit: Topology::MAX_ROWS });
            }
            let cells = record(line, cells)?;
            if cells.iter().any(|cell| !cell.is_empty()) {
                records.push((line, cells));
            }
        }
        Ok(Self { header, records })
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.records.iter().map(|(line, cells)| Row { header: &self.header, line: *line, cells })
    }
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// The cells of one line. A quote that is never closed ends with its line instead of swallowing the file.
fn record(line: usize, text: &str) -> Result<StringRecord, TopologyError> {
    let mut records = ReaderBuilder::new()
        .has_headers(false)
        .trim(Trim::All)
        .buffer_capacity(text.len().max(1))
        .from_reader(text.as_bytes())
        .into_records();
    let refused = |reason: String| TopologyError::NotCsv { line, reason };
    let first = records.next().unwrap_or_else(|| Ok(StringRecord::new()));
    if records.next().is_some() {
        return Err(refused("a carriage return inside of a line".into()));
    }
    first.map_err(|error| refused(error.to_string()))
}

/// A column's name without case and white space.
fn normal(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// The beginning of a text that may be long.
fn beginning(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}

impl Header {
    fn new(line: usize, cells: StringRecord) -> Result<Self, TopologyError> {
        let names: Vec<String> = cells.iter().map(normal).collect();
        let mut sorted: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
        sorted.sort();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(TopologyError::RepeatedColumn { line, column: beginning(pair[0]) });
        }
        Ok(Self { line, cells, names })
    }

    fn find(&self, column: &str) -> Option<usize> {
        let column = normal(column);
        self.names.iter().position(|name| *name == column)
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.find(column).is_some()
    }

    /// The header as it stands in the file.
    pub(super) fn text(&self) -> String {
        beginning(&self.cells.iter().collect::<Vec<_>>().join(","))
    }

    /// The named columns for which `other` holds.
    pub(super) fn columns(&self, other: impl Fn(&str) -> bool) -> Vec<String> {
        let named = self.cells.iter().zip(&self.names).filter(|(_, name)| !name.is_empty());
        named.filter(|(_, name)| other(name)).map(|(cell, _)| beginning(cell)).collect()
    }

    /// True if the compared name `name` is that of `column`.
    pub(super) fn is(name: &str, column: &str) -> bool {
        name == normal(column)
    }
}

impl Row<'_> {
    /// True if the header has the column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.header.has(column)
    }

    /// The cell, empty if the row is too short.
    pub(super) fn text(&self, column: &str) -> &str {
        self.header.find(column).and_then(|at| self.cells.get(at)).unwrap_or("")
    }

    /// The name in `column`, which must not be empty.
    pub(super) fn name(&self, column: &'static str) -> Result<String, TopologyError> {
        match self.text(column) {
            "" => {
                let accepted = "a name".into();
                Err(TopologyError::Missing { line: self.line, column, accepted })
            }
            name => Ok(name.into()),
        }
    }

    /// The number in `column`.
    pub(super) fn number(
        &self,
        column: &'static str,
        low: usize,
        high: usize,
    ) -> Result<usize, TopologyError> {
        self.optional(column, low, high)?.ok_or_else(|| TopologyError::Missing {
            line: self.line,
            column,
            accepted: format!("a whole number from {low} to {high}"),
        })
    }

    /// The number in `column`, if the cell is not empty.
    pub(super) fn optional(
        &self,
        column: &'static str,
        low: usize,
        high: usize,
    ) -> Result<Option<usize>, TopologyError> {
        let cell = self.text(column);
        if cell.is_empty() {
            return Ok(None);
        }
        let digits = cell.bytes().all(|byte| byte.is_ascii_digit());
        let number = cell.parse().ok().filter(|number| digits && (low..=high).contains(number));
        let refused =
            || TopologyError::Number { line: self.line, column, value: beginning(cell), low, high };
        number.map(Some).ok_or_else(refused)
    }

    /// Checks that `column` holds `expected` or nothing.
    pub(super) fn agrees(
        &self,
        column: &'static str,
        expected: usize,
        reason: &'static str,
    ) -> Result<(), TopologyError> {
        match self.optional(column, 0, usize::MAX)? {
            Some(value) if value != expected => {
                let line = self.line;
                Err(TopologyError::Contradiction { line, column, value, expected, reason })
            }
            _ => Ok(()),
        }
    }

    /// True if all cells but the first are empty.
    pub(super) fn is_label(&self) -> bool {
        self.cells.iter().skip(1).all(str::is_empty)
    }

    /// The first cell that stands in no named column.
    pub(super) fn stray(&self) -> Option<String> {
        let name = |at: usize| self.header.names.get(at).map_or("", String::as_str);
        let mut cells = self.cells.iter().enumerate();
        let stray = cells.find(|(at, cell)| !cell.is_empty() && name(*at).is_empty());
        stray.map(|(_, cell)| beginning(cell))
    }
}
