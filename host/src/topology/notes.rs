//! What was inferred from a layer table, or ignored in it.

use super::format::Format;
use super::layer::Layer;
use super::scale_sim::is_depthwise;
use super::table::Table;
use crate::network::MacKind;
use satkit_spec::ConvShape;
use std::collections::HashSet;

/// Names that a note repeats.
const NAMED: usize = 4;

/// The notes on a table, after that on its format.
pub(super) fn of(format: Format, table: &Table, layers: &[Layer]) -> Vec<String> {
    let mut notes = Vec::new();
    columns(format, table, &mut notes);
    match format {
        Format::Satkit => {}
        Format::ScaleSimConv => scale_sim_conv(layers, &mut notes),
        Format::ScaleSimGemm => notes.push(
            "GEMM rows are linear layers with weights: M rows, N outputs, K inputs; the format does not tell products of \
             activations (such as QK^T) apart, type matmul of a satkit layer table does"
                .into(),
        ),
    }
    let mut note = |chosen: &dyn Fn(&Layer) -> bool, words: &str| {
        let names = layers.iter().filter(|&layer| chosen(layer)).map(|layer| layer.name.as_str());
        notes.extend(named(names.collect(), words));
    };
    note(
        &|layer| matches!(layer.kind, MacKind::Matmul { .. }),
        "products of activations, which stay dense",
    );
    note(
        &|layer| layer.copies > 1 && !(format == Format::ScaleSimConv && is_depthwise(&layer.name)),
        "as many rows of the same name as they repeat",
    );
    let orphans = orphans(layers);
    let words = "Ci is the Co of no earlier row: a concatenation, groups, or a row that lacks; read as stated";
    notes.extend(named(orphans, words));
    notes
}

fn columns(format: Format, table: &Table, notes: &mut Vec<String>) {
    let is_sparsity = |name: &str| name.starts_with("sparsity") || name == "n:m";
    for column in table.header.columns(is_sparsity) {
        notes.push(format!(
            "the column {column:?} is ignored: the command's --sparsity applies to every layer that may be pruned"
        ));
    }
    for column in table.header.columns(|name| !is_sparsity(name) && !format.reads(name)) {
        notes.push(format!("the column {column:?} is ignored"));
    }
    let strays: Vec<_> =
        table.rows().filter_map(|row| row.stray().map(|cell| (row.line, cell))).collect();
    if let Some((line, cell)) = strays.first() {
        notes.push(format!(
            "cells outside of the header's columns are ignored, rows: {}, the first in line {line}: {cell:?}",
            strays.len()
        ));
    }
    if format.has_labels() {
        let labels = table.rows().filter(|row| row.is_label()).count();
        if labels > 0 {
            notes.push(format!("rows with a name alone are headings and skipped: {labels}"));
        }
    }
}

fn scale_sim_conv(layers: &[Layer], notes: &mut Vec<String>) {
    notes.push(
        "the format has no padding: pad is 0 everywhere, as if the IFMAP sizes included what padding there is".into(),
    );
    let convs = |chosen: &dyn Fn(&Layer, &ConvShape) -> bool| -> Vec<&str> {
        let named = layers.iter().filter(|layer| match &layer.kind {
            MacKind::Conv(shape) => chosen(layer, shape),
            _ => false,
        });
        named.map(|layer| layer.name.as_str()).collect()
    };
    let uneven = convs(&|_, shape| {
        !(shape.h - shape.kh).is_multiple_of(shape.stride)
            || !(shape.w - shape.kw).is_multiple_of(shape.stride)
    });
    let words = "the stride does not divide image minus kernel; SCALE-Sim rounds the output's sides up, satkit down";
    notes.extend(named(uneven, words));
    let split = convs(&|layer, _| is_depthwise(&layer.name));
    notes.extend(named(
        split,
        "DP in the name: one row of one input channel per channel, as in SCALE-Sim",
    ));
    let depthwise = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("depthwise") || name.contains("dw")
    };
    let whole = convs(&|layer, _| depthwise(&layer.name) && !is_depthwise(&layer.name));
    notes.extend(named(
        whole,
        "named like depthwise layers, read as ordinary convolutions of the stated sizes",
    ));
}

/// Convolutions whose input channels no earlier row makes.
fn orphans(layers: &[Layer]) -> Vec<&str> {
    let mut made = HashSet::new();
    let mut orphans = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        if let MacKind::Conv(shape) = layer.kind
            && index > 0
            && !made.contains(&shape.ci)
        {
            orphans.push(layer.name.as_str());
        }
        if let MacKind::Conv(shape) | MacKind::Linear(shape) = layer.kind {
            made.insert(shape.co);
        }
    }
    orphans
}

/// A note on rows with these names, if there are any.
fn named(names: Vec<&str>, words: &str) -> Option<String> {
    let more = names.len().saturating_sub(NAMED);
    let shown: Vec<_> = names.iter().take(NAMED).map(|name| format!("{name:?}")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!shown.is_empty()).then(|| format!("{}{more}: {words}", shown.join(", ")))
}
