//! Lays one matrix problem over the array as instructions.
//!
//! Both schedules are simple and legal: tiles in row-major order, K in ascending chunks that fit the buffers,
//! double-buffered by semaphores. The order of K inside each output is the contract's, so values cannot depend on
//! the choice.

mod os;
mod ws;

pub(crate) use os::OsMapping;
pub(crate) use ws::WsMapping;

use crate::{PlanError, Problem};
use satkit_spec::isa::{Geometry, LoadActivations, LoadWeights, MatMul, Operation, Store};
use satkit_spec::{Dataflow, Sparsity, Stage};

/// A range of output rows, columns or K slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) base: usize,
    pub(crate) len: usize,
}

/// Cuts `0..total` into extents of at most `step`.
pub(crate) fn extents(total: usize, step: usize) -> impl Iterator<Item = Extent> + Clone {
    (0..total).step_by(step.max(1)).map(move |base| Extent { base, len: step.min(total - base) })
}

/// Narrows a count to its instruction field's type; `encode` checks the exact width.
fn narrow(what: &'static str, value: u64) -> Result<u32, PlanError> {
    let max = u64::from(u32::MAX);
    u32::try_from(value).map_err(|_| PlanError::TooLarge { what, value, max })
}

pub(crate) fn geometry(problem: &Problem, dataflow: Dataflow) -> Operation {
    let shape = &problem.mac.shape;
    let sparsity = problem.mac.sparsity;
    // ConvShape's limits are those of the fields, so nothing is cut here.
    Operation::Geometry(Geometry {
        stage: problem.mac.stage,
        dataflow,
        compact: sparsity != Sparsity::DENSE,
        n: sparsity.n() as u8,
        m: sparsity.m() as u8,
        phase: problem.phase_index as u8,
        batch: shape.batch as u32,
        ci: shape.ci as u32,
        co: shape.co as u32,
        h: shape.h as u32,
        w: shape.w as u32,
        kh: shape.kh as u8,
        kw: shape.kw as u8,
        stride: shape.stride as u8,
        pad: shape.pad as u8,
    })
}

fn load_activations(
    problem: &Problem,
    rows: Extent,
    words: usize,
    slots: Extent,
) -> Result<Operation, PlanError> {
    Ok(Operation::LoadActivations(LoadActivations {
        row_base: narrow("output rows", rows.base as u64)?,
        rows: narrow("rows of a tile", rows.len as u64)?,
        slot_base: narrow("K slots", slots.base as u64)?,
        slots: narrow("K slots", slots.len as u64)?,
        words: narrow("words of a row bank", words as u64)?,
        bytes: narrow("bytes of a load", problem.activation_bytes(rows.base, rows.len, slots.len))?,
    }))
}

fn load_weights(
    problem: &Problem,
    cols: Extent,
    entries: usize,
    slots: Extent,
) -> Result<Operation, PlanError> {
    Ok(Operation::LoadWeights(LoadWeights {
        col_base: narrow("output columns", cols.base as u64)?,
        cols: narrow("columns of a tile", cols.len as u64)?,
        slot_base: narrow("K slots", slots.base as u64)?,
        slots: narrow("K slots", slots.len as u64)?,
        entries: narrow("entries of a column bank", entries as u64)?,
        bytes: narrow("bytes of a load", problem.weight_bytes(cols.len, slots.len))?,
    }))
}

struct TileStep {
    rows: Extent,
    cols: Extent,
    slots: Extent,
    ip: usize,
    iq: usize,
    first: bool,
    last: bool,
}

fn matmul(step: &TileStep) -> Result<Operation, PlanError> {
    Ok(Operation::MatMul(MatMul {
        row_base: narrow("output rows", step.rows.base as u64)?,
        rows: narrow("rows of a tile", step.rows.len as u64)?,
        col_base: narrow("output columns", step.cols.base as u64)?,
        cols: narrow("columns of a tile", step.cols.len as u64)?,
        slot_base: narrow("K slots", step.slots.base as u64)?,
        slots: narrow("K slots", step.slots.len as u64)?,
        ip: step.ip as u8,
        iq: step.iq as u8,
        accumulate: !step.first,
        drain: step.last,
    }))
}

fn store(problem: &Problem, rows: Extent, cols: Extent) -> Result<Operation, PlanError> {
    let fp32 = problem.mac.stage == Stage::Wu;
    let element_bytes = if fp32 { 4 } else { 2 };
    Ok(Operation::Store(Store {
        row_base: narrow("output rows", rows.base as u64)?,
        rows: narrow("rows of a tile", rows.len as u64)?,
        col_base: narrow("output columns", cols.base as u64)?,
        cols: narrow("columns of a tile", cols.len as u64)?,
        fp32,
        bytes: narrow("bytes of a store", (rows.len * cols.len * element_bytes) as u64)?,
    }))
}
