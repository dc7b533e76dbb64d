//! A row's backward pass.

use super::{Kind, Link, products};
use crate::HostError;
use crate::step::recorder::Recorder;
use crate::step::value::Gradient;
use satkit_plan::step::Edge;
use satkit_plan::{WeightSource, Work};
use satkit_spec::Stage;

/// Appends a row's backward pass, from the gradient of its output or from a tensor of its own. Returns the gradient of
/// its input; None from the first row.
pub(super) fn row(
    recorder: &mut Recorder,
    link: &Link,
    before: Option<&Link>,
    gradient: Option<Gradient>,
) -> Result<Option<Gradient>, HostError> {
    let mut dy = match gradient {
        Some(gradient) => gradient,
        // Made by what the table does not have.
        None => recorder.like(format!("{}.d", link.name), link.out).into(),
    };
    let (edge, masked, summed) = match before.filter(|_| link.chained).map(|link| &link.kind) {
        Some(Kind::Conv { y, mask, .. }) => {
            let (mask, products) = (Some(mask.tensor), Some(y.stream.tensor));
            (Edge { mask, sums: true, products, ..Edge::default() }, true, true)
        }
        Some(Kind::Linear { .. }) => (Edge { sums: true, ..Edge::default() }, false, true),
        Some(Kind::Products { .. }) | None => (Edge::default(), false, false),
    };
    let name = &link.name;
    let (weights, bias) = match &link.kind {
        Kind::Products { sizes: [m, k, n], groups, b } => {
            let dx = before.map(|_| recorder.like(format!("{name}.dx"), link.x));
            let db = recorder.like(format!("{name}.db"), *b);
            recorder.flush();
            if let Some(dx) = dx {
                let backward = (Work::Bp, Stage::Ff, [*m, *n, *k], WeightSource::Columns);
                recorder.push(products(name, *groups, backward, [dy.value, *b, dx])?);
            }
            let other = (Work::Wu, Stage::Wu, [*m, *k, *n], WeightSource::Rows);
            recorder.wait(products(name, *groups, other, [link.x, dy.value, db])?);
            return Ok(dx.map(Gradient::from));
        }
        Kind::Linear { weights, bias } => (weights, Some(bias)),
        Kind::Conv { weights, y, mask, norm } => {
            let norm_name = format!("{name}.bn");
            let dz = recorder.unmask(&norm_name, dy, *mask, None);
            dy = recorder.norm_backward(&norm_name, norm, *y, dz, None).into();
            (weights, None)
        }
    };
    // Sums are per column, so the channels of the row before have to be the columns.
    let fits = |other: &Link| match &other.kind {
        Kind::Conv { weights: other, .. } | Kind::Linear { weights: other, .. } => {
            other.layer.shape.co == weights.layer.shape.ci
        }
        Kind::Products { .. } => true,
    };
    let fused = before.is_some_and(fits);
    let dx = weights.bp.is_some().then(|| {
        let dx = recorder.like(format!("{name}.dx"), link.x);
        let edge = if fused { edge } else { Edge { sums: false, products: None, ..edge } };
        recorder.bp(weights, dy.value, dx, edge, None);
        Gradient { value: dx, masked, summed: summed && fused }
    });
    recorder.wu(weights, link.x, dy, bias);
    Ok(dx)
}
