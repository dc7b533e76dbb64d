//! A row's forward pass.

use super::{Kind, Link, products};
use crate::HostError;
use crate::network::{LayerSpec, MacKind, MacRow};
use crate::step::recorder::Recorder;
use crate::step::value::{Size, Value, product};
use satkit_plan::layout::{self, HALF_BYTES};
use satkit_plan::step::Edge;
use satkit_plan::{WeightSource, Work};
use satkit_spec::Stage;

/// Appends the forward pass of row `index`, which takes the output of the row `before` if it fits.
pub(super) fn row(
    recorder: &mut Recorder,
    index: usize,
    row: &MacRow,
    before: Option<Value>,
    batch: usize,
) -> Result<Link, HostError> {
    let name = &row.name;
    let input = |recorder: &mut Recorder, size: Size| match before {
        Some(before) if before.stream.bytes == size.bytes => (before, true),
        _ => (recorder.value(format!("{name}.x"), size), false),
    };
    let (shape, is_linear) = match row.kind {
        MacKind::Conv(shape) => (shape, false),
        MacKind::Linear(shape) => (shape, true),
        MacKind::Matmul { m, n, k, repeat } => {
            let size = |rows: usize, columns: usize| -> Result<Size, HostError> {
                let factors = [batch, repeat, rows];
                let elements = product(name, batch, factors.into_iter().chain([columns]))?;
                let padded = factors.into_iter().chain([layout::pitch(columns)]);
                Ok(Size { elements, bytes: product(name, batch, padded)? * HALF_BYTES })
            };
            let (a_size, b_size, out_size) = (size(m, k)?, size(k, n)?, size(m, n)?);
            let (x, chained) = input(recorder, a_size);
            let b = recorder.value(format!("{name}.b"), b_size);
            let out = recorder.value(format!("{name}.y"), out_size);
            let groups = batch * repeat;
            let sizes = [m, k, n];
            let forward = (Work::Ff, Stage::Ff, sizes, WeightSource::Rows);
            recorder.push(products(name, groups, forward, [x, b, out])?);
            let kind = Kind::Products { sizes, groups, b };
            return Ok(Link { name: name.clone(), x, out, chained, kind });
        }
    };
    let is_first = index == 0;
    let (prunable, name) = (row.prunable, name.clone());
    let spec = LayerSpec { name, shape, is_linear, prunable, is_first, weight: index };
    let layer = spec.with_batch(index, batch)?;
    let (shape, name) = (layer.shape, &row.name);
    let (x, chained) = input(recorder, Size::of(name, shape.batch, &[shape.ci, shape.h, shape.w])?);
    let out_size = Size::of(name, shape.batch, &[shape.co, shape.out_h(), shape.out_w()])?;
    let weights = recorder.weights(layer)?;
    let y = recorder.value(format!("{name}.y"), out_size);
    if is_linear {
        let bias = recorder.parameter(&format!("{name}.bias"), shape.co);
        recorder.ff(&weights, x, y, Edge { bias: true, ..Edge::default() }, None);
        return Ok(Link {
            name: name.clone(),
            x,
            out: y,
            chained,
            kind: Kind::Linear { weights, bias },
        });
    }
    let parameters =
        ["gamma", "beta"].map(|end| recorder.parameter(&format!("{name}.bn.{end}"), shape.co));
    let bytes = layout::running_bytes(shape.co);
    let running = recorder.work.tensor(format!("{name}.bn.running"), bytes);
    recorder.ff(&weights, x, y, Edge { sums: true, ..Edge::default() }, None);
    let norm_name = format!("{name}.bn");
    let out = recorder.like(format!("{norm_name}.y"), y);
    let mask = recorder.mask(&norm_name, out);
    let norm = recorder.norm_tensors(&norm_name, &parameters, running, shape.co);
    recorder.norm(&norm_name, &norm, y, true, None, out, Some(mask), None);
    Ok(Link { name: name.clone(), x, out, chained, kind: Kind::Conv { weights, y, mask, norm } })
}
