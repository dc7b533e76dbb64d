//! Rows of SCALE-Sim's topologies.

use super::TopologyError;
use super::layer::{Layer, REPEATS, linear_layer, matmul};
use super::table::Row;
use crate::network::MacKind;
use satkit_spec::ConvShape;

/// The columns of a convolution topology, each with its other names.
pub(super) const CONV_COLUMNS: &[&[&str]] = &[
    &["Layer name", "Layer"],
    &["IFMAP Height"],
    &["IFMAP Width"],
    &["Filter Height"],
    &["Filter Width"],
    &["Channels"],
    &["Num Filter"],
    &["Strides", "Stride height"],
];
/// The second stride of files that SCALE-Sim itself writes.
pub(super) const STRIDE_WIDTH: &str = "Stride width";
/// The columns of a GEMM topology, each with its other names.
pub(super) const GEMM_COLUMNS: &[&[&str]] = &[&["Layer", "Layer name"], &["M"], &["N"], &["K"]];
/// Products of one GEMM row, such as heads.
pub(super) const BATCH: &str = "Batch";

/// A convolution. SCALE-Sim takes a name with `DP` in it for a depthwise one: that many of one channel.
pub(super) fn conv(row: &Row<'_>) -> Result<Layer, TopologyError> {
    let name = name(row)?;
    let side = |column| row.number(column, 1, ConvShape::MAX_SIDE);
    let kernel = |column| row.number(column, 1, ConvShape::MAX_KERNEL);
    let channels = |column| row.number(column, 1, ConvShape::MAX_CHANNELS);
    let image = (side("IFMAP Height")?, side("IFMAP Width")?);
    let filter = (kernel("Filter Height")?, kernel("Filter Width")?);
    let (ci, co) = (channels("Channels")?, channels("Num Filter")?);
    let (ci, copies) = if is_depthwise(&name) { (1, ci) } else { (ci, 1) };
    let column = if row.has("Strides") { "Strides" } else { "Stride height" };
    let stride = row.number(column, 1, ConvShape::MAX_STRIDE)?;
    row.agrees(STRIDE_WIDTH, stride, "satkit's convolutions have one stride for both directions")?;
    let shape = ConvShape::new(1, ci, image, co, filter, stride, 0);
    let shape = shape.map_err(|source| TopologyError::Shape { line: row.line, source })?;
    Ok(Layer { line: row.line, name, kind: MacKind::Conv(shape), copies })
}

/// A GEMM: a linear layer, or products of activations if there are several of it.
pub(super) fn gemm(row: &Row<'_>) -> Result<Layer, TopologyError> {
    let name = name(row)?;
    let m = row.number("M", 1, ConvShape::MAX_BATCH)?;
    let n = row.number("N", 1, ConvShape::MAX_CHANNELS)?;
    let k = row.number("K", 1, ConvShape::MAX_CHANNELS)?;
    let kind = match row.optional(BATCH, 1, REPEATS)?.unwrap_or(1) {
        1 => linear_layer(row, m, k, n)?,
        batch => matmul(row, m, n, k, batch)?,
    };
    Ok(Layer { line: row.line, name, kind, copies: 1 })
}

/// True if SCALE-Sim reads a convolution of that name channel by channel.
pub(super) fn is_depthwise(name: &str) -> bool {
    name.contains("DP")
}

fn name(row: &Row<'_>) -> Result<String, TopologyError> {
    let column = if row.has("Layer") { "Layer" } else { "Layer name" };
    row.name(column)
}
