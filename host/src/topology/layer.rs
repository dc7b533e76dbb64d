//! A row of a layer table, and how satkit's own tables write it.

use super::TopologyError;
use super::table::Row;
use crate::network::MacKind;
use satkit_spec::ConvShape;

/// The columns of satkit's own tables. H and W are the input's pixels.
pub(super) const COLUMNS: &[&[&str]] = &[
    &["name"],
    &["type"],
    &["H"],
    &["W"],
    &["Ci"],
    &["Co"],
    &["Kh"],
    &["Kw"],
    &["stride"],
    &["pad"],
    &["M"],
    &["N"],
    &["K"],
    &["repeat"],
];

/// One row of a table.
pub(super) struct Layer {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) kind: MacKind,
    /// Times that the layer stands in the network, one after the other.
    pub(super) copies: usize,
}

const SIDE: usize = ConvShape::MAX_SIDE;
const CHANNELS: usize = ConvShape::MAX_CHANNELS;
const KERNEL: usize = ConvShape::MAX_KERNEL;
const ROWS: usize = ConvShape::MAX_BATCH;
/// Most repeats of a row. As products of one layer, such as heads of attention, they are no rows of their own.
pub(super) const REPEATS: usize = 1 << 20;

/// The layer of a row of satkit's own tables. Cells that its type does not need agree with it or are empty.
pub(super) fn of(row: &Row<'_>) -> Result<Layer, TopologyError> {
    let name = row.name("name")?;
    let repeat = row.optional("repeat", 1, REPEATS)?.unwrap_or(1);
    let kind = match row.text("type").to_ascii_lowercase().as_str() {
        "conv" => conv(row)?,
        "linear" => linear(row)?,
        "matmul" => {
            let (m, n) = (row.number("M", 1, ROWS)?, row.number("N", 1, CHANNELS)?);
            let k = row.number("K", 1, CHANNELS)?;
            row.agrees("Ci", k, "K is the terms of each sum")?;
            row.agrees("Co", n, "N is the columns of the output")?;
            no_image(row)?;
            matmul(row, m, n, k, repeat)?
        }
        _ => {
            let value = row.text("type").chars().take(80).collect();
            return Err(TopologyError::Kind { line: row.line, value });
        }
    };
    let copies = if matches!(kind, MacKind::Matmul { .. }) { 1 } else { repeat };
    Ok(Layer { line: row.line, name, kind, copies })
}

fn conv(row: &Row<'_>) -> Result<MacKind, TopologyError> {
    let shape = ConvShape::new(
        1,
        row.number("Ci", 1, CHANNELS)?,
        (row.number("H", 1, SIDE)?, row.number("W", 1, SIDE)?),
        row.number("Co", 1, CHANNELS)?,
        (row.number("Kh", 1, KERNEL)?, row.number("Kw", 1, KERNEL)?),
        row.number("stride", 1, ConvShape::MAX_STRIDE)?,
        row.number("pad", 0, ConvShape::MAX_PAD)?,
    );
    let shape = shape.map_err(|source| TopologyError::Shape { line: row.line, source })?;
    row.agrees("M", shape.out_h() * shape.out_w(), "the layer has that many output pixels")?;
    row.agrees("N", shape.co, "N is the output channels")?;
    row.agrees("K", shape.ci * shape.taps(), "K is Ci x Kh x Kw")?;
    Ok(MacKind::Conv(shape))
}

fn linear(row: &Row<'_>) -> Result<MacKind, TopologyError> {
    let m = row.number("M", 1, ROWS)?;
    // Either name will do; if both are there, they must agree.
    let either = |column: &'static str, other: &'static str| match row.text(column) {
        "" => row.number(other, 1, CHANNELS),
        _ => row.number(column, 1, CHANNELS),
    };
    let (ci, co) = (either("Ci", "K")?, either("Co", "N")?);
    row.agrees("K", ci, "K of a linear layer is Ci")?;
    row.agrees("N", co, "N of a linear layer is Co")?;
    no_image(row)?;
    linear_layer(row, m, ci, co)
}

/// A linear layer of `m` rows per image.
pub(super) fn linear_layer(
    row: &Row<'_>,
    m: usize,
    ci: usize,
    co: usize,
) -> Result<MacKind, TopologyError> {
    let shape = ConvShape::linear(m, ci, co);
    shape.map(MacKind::Linear).map_err(|source| TopologyError::Shape { line: row.line, source })
}

/// `repeat` products of activations, checked to be countable.
pub(super) fn matmul(
    row: &Row<'_>,
    m: usize,
    n: usize,
    k: usize,
    repeat: usize,
) -> Result<MacKind, TopologyError> {
    let product =
        [n, k, repeat].into_iter().try_fold(m as u64, |macs, size| macs.checked_mul(size as u64));
    product
        .map(|_| MacKind::Matmul { m, n, k, repeat })
        .ok_or(TopologyError::TooLarge { line: row.line })
}

/// Checks that a row without an image has none.
fn no_image(row: &Row<'_>) -> Result<(), TopologyError> {
    for column in ["H", "W", "Kh", "Kw", "stride"] {
        row.agrees(column, 1, "only conv has images")?;
    }
    row.agrees("pad", 0, "only conv has images")
}
