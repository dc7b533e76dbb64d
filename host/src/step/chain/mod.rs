//! A layer table as a chain of its rows.

mod backward;
mod forward;

use super::StepSettings;
use super::norm::Norm;
use super::recorder::{Parameter, Recorder};
use super::value::Value;
use super::weights::Weights;
use crate::HostError;
use crate::topology::Topology;
use satkit_plan::layout;
use satkit_plan::step::{
    HostWork, ProductOperand, ProductOperation, StepOperation, StepWork, Stream,
};
use satkit_plan::{MacStage, WeightSource, Work};
use satkit_spec::{ConvShape, Sparsity, Stage};

const NOTES: [&str; 4] = [
    "rows run one after the other: a table has no graph, so residuals and branches are left out",
    "a conv row is taken to be followed by batch norm and ReLU, a linear row to have a bias; pooling, layer norm, GELU, \
     attention's softmax and the loss are not in a table and left out",
    "a row takes the output of the row before it where both are of one size, and a tensor of its own elsewhere",
    "a matmul row is run once in each of FF, BP and WU, its products one behind another",
];

/// A row on its way.
struct Link {
    name: String,
    x: Value,
    out: Value,
    /// True if `x` is the output of the row before.
    chained: bool,
    kind: Kind,
}

enum Kind {
    /// A convolution; its own output, the mask, and the tensors of its norm.
    Conv { weights: Weights, y: Value, mask: Stream, norm: Norm },
    /// A linear layer and its bias.
    Linear { weights: Weights, bias: Parameter },
    /// Products of activations.
    Products { sizes: [usize; 3], groups: usize, b: Value },
}

pub(super) fn step(
    topology: &Topology,
    settings: &StepSettings,
) -> Result<(StepWork, Vec<String>), HostError> {
    if settings.batch == 0 {
        return Err(HostError::setting("batch", 0, "at least 1 image"));
    }
    let mut recorder = Recorder::new(settings.title(&topology.name), settings);
    let mut links: Vec<Link> = Vec::with_capacity(topology.rows.len());
    for (index, row) in topology.rows.iter().enumerate() {
        let before = links.last().map(|link| link.out);
        links.push(forward::row(&mut recorder, index, row, before, settings.batch)?);
    }
    let uploaded = links.first().map_or(0, |link| link.x.stream.bytes);
    let mut gradient = None;
    for (index, link) in links.iter().enumerate().rev() {
        let before = index.checked_sub(1).and_then(|before| links.get(before));
        gradient = backward::row(&mut recorder, link, before, gradient)?.filter(|_| link.chained);
    }
    let (name, upload_bytes) = ("the first row's input up".into(), uploaded);
    recorder.work.host.push(HostWork { name, upload_bytes, download_bytes: 0 });
    Ok((recorder.finish(), NOTES.map(String::from).to_vec()))
}

/// Products of one row of a table, `sizes` being rows, terms and columns of FF: one behind another in each tensor.
fn products(
    name: &str,
    groups: usize,
    (work, stage, [rows, k, columns], source): (Work, Stage, [usize; 3], WeightSource),
    [a, w, out]: [Value; 3],
) -> Result<StepOperation, HostError> {
    let stage = MacStage::new(ConvShape::linear(rows, k, columns)?, stage, Sparsity::DENSE)?;
    let operand = |value: Value, columns: usize| ProductOperand {
        tensor: value.stream.tensor,
        offset: 0,
        pitch: layout::pitch(columns),
        head: 0,
    };
    // The columns' operand is [K][columns] or, transposed, [columns][K]; WU's has K rows of columns.
    let w_columns = if source == WeightSource::Columns { k } else { columns };
    Ok(StepOperation::Products(ProductOperation {
        name: name.into(),
        work,
        stage,
        source,
        groups,
        heads: 1,
        a: operand(a, k),
        w: operand(w, w_columns),
        out: operand(out, columns),
        single: false,
        scale: 1.0,
    }))
}
