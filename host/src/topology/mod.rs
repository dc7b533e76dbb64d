//! Networks as layer tables: the matrix products of a forward pass over one image, read from CSV.
//!
//! Three formats are read and told apart by their headers: satkit's own (`host/networks/*.csv`), and the
//! convolution and GEMM topologies of SCALE-Sim (its `topologies` folder; its reader, `topology_utils.py`, is the
//! source of what is said about it here). What a file leaves open is decided and said in [`Topology::notes`].

mod error;
mod format;
mod layer;
mod notes;
mod scale_sim;
mod table;

pub use error::TopologyError;

use crate::network::{MacKind, MacRow};
use crate::{HostError, files};
use format::Format;
use layer::Layer;
use std::path::Path;
use table::Table;

/// Most multiply-accumulates of a forward pass over one image.
const MAX_MACS: u64 = 1 << 62;

/// A network as its matrix products, without their wiring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// Name.
    pub name: String,
    /// The products of one image in the order of the forward pass; at least one.
    pub rows: Vec<MacRow>,
    /// What was inferred or ignored, one sentence each.
    pub notes: Vec<String>,
}

impl Topology {
    /// Most rows, repeated ones counted as often as they repeat.
    pub const MAX_ROWS: usize = 1 << 16;

    /// Reads a layer table from a file. The topology is named after the file, without its extension.
    ///
    /// # Errors
    /// [`HostError::Io`] and [`HostError::Data`] if it cannot be read, [`HostError::Topology`] if it is no layer table.
    pub fn read(path: &Path) -> Result<Self, HostError> {
        let bytes = files::read_regular(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::parse(&name, &bytes)
            .map_err(|source| HostError::Topology { path: path.into(), source })
    }

    /// Reads a layer table from the bytes of a file.
    ///
    /// # Errors
    /// [`TopologyError`] naming the line, the value and what would be accepted.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, TopologyError> {
        let table = Table::of(bytes)?;
        let format = Format::of(&table.header)?;
        let mut notes = vec![format.note(table.header.line)];
        let mut layers = Vec::new();
        for row in table.rows() {
            if !(format.has_labels() && row.is_label()) {
                layers.push(format.layer(&row)?);
            }
        }
        notes.extend(notes::of(format, &table, &layers));
        let rows = rows(&layers)?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Err(TopologyError::NoRows { line: table.header.line });
        };
        notes.push(if rows.len() == 1 {
            format!("the only row, {:?}, stays dense", first.name)
        } else {
            format!("the first row, {:?}, and the last, {:?}, stay dense", first.name, last.name)
        });
        Ok(Self { name: name.into(), rows, notes })
    }
}

/// The rows of the layers, each as often as it repeats; inner ones with weights are prunable.
fn rows(layers: &[Layer]) -> Result<Vec<MacRow>, TopologyError> {
    let mut rows: Vec<MacRow> = Vec::new();
    let mut macs = 0_u64;
    for layer in layers {
        let too_many = TopologyError::TooManyRows { line: layer.line, limit: Topology::MAX_ROWS };
        if layer.copies > Topology::MAX_ROWS - rows.len() {
            return Err(too_many);
        }
        let has_weights = !matches!(layer.kind, MacKind::Matmul { .. });
        let row = MacRow { name: layer.name.clone(), kind: layer.kind, prunable: has_weights };
        macs = row
            .macs()
            .checked_mul(layer.copies as u64)
            .and_then(|added| macs.checked_add(added))
            .filter(|&macs| macs <= MAX_MACS)
            .ok_or(TopologyError::TooLarge { line: layer.line })?;
        rows.extend(std::iter::repeat_n(row, layer.copies));
    }
    for end in [0, rows.len().saturating_sub(1)] {
        if let Some(row) = rows.get_mut(end) {
            row.prunable = false;
        }
    }
    Ok(rows)
}
