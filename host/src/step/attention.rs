//! Attention: batched products, with the softmax of their scores between.
//!
//! A row of `qkv` holds q, k and v, each of them the heads side by side. A row of the scores holds those of each head,
//! each from a multiple of the layout's pitch on.

use super::calls::Call;
use super::graph::Graph;
use super::value::{Size, Value, product};
use super::values::{plain, shape_of};
use crate::HostError;
use crate::network::NodeId;
use satkit_plan::layout::{HALF_BYTES, pitch};
use satkit_plan::step::{ProductOperand, ProductOperation, StepOperation, TensorId};
use satkit_plan::{MacStage, WeightSource, Work};
use satkit_spec::isa::{self, VectorOp};
use satkit_spec::{ConvShape, Sparsity, Stage};

/// Sizes of an attention.
struct Heads {
    /// Name of its block.
    block: String,
    batch: usize,
    tokens: usize,
    heads: usize,
    /// Values of one head.
    width: usize,
}

impl Heads {
    /// `1 / sqrt(d)`.
    fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// The shape of the scores.
    fn shape(&self) -> isa::Shape {
        let mut shape = shape_of(self.batch, &[self.tokens, self.heads * self.width]);
        // Heads of more than the field holds are refused by the encoder with the products' heads.
        shape.heads = u8::try_from(self.heads).unwrap_or(u8::MAX);
        shape.scale = self.scale().to_bits();
        shape
    }

    /// The parts of a tensor with one head's values side by side, from `part` times all heads on, in rows of `row`
    /// values.
    const fn values(&self, tensor: TensorId, part: usize, row: usize) -> ProductOperand {
        let offset = part * self.heads * self.width;
        ProductOperand { tensor, offset, pitch: pitch(row), head: self.width }
    }

    const fn scores(&self, tensor: TensorId) -> ProductOperand {
        let head = pitch(self.tokens);
        ProductOperand { tensor, offset: 0, pitch: self.heads * head, head }
    }

    /// Products under `work`, of `stage` with `k` terms (WU: `k` rows of results) and `columns`.
    fn products(
        &self,
        name: &str,
        work: Work,
        (stage, k, columns, source): (Stage, usize, usize, WeightSource),
        [a, w, out]: [ProductOperand; 3],
    ) -> Result<StepOperation, HostError> {
        let shape = ConvShape::linear(self.tokens, k, columns)?;
        Ok(StepOperation::Products(ProductOperation {
            name: format!("{}.{name}", self.block),
            work,
            stage: MacStage::new(shape, stage, Sparsity::DENSE)?,
            source,
            groups: self.batch * self.heads,
            heads: self.heads,
            a,
            w,
            out,
            single: name == "dP",
            // Scores are scaled as they are stored.
            scale: if name == "qkT" { self.scale() } else { 1.0 },
        }))
    }
}

impl Graph<'_> {
    fn heads(&self, index: usize, heads: usize) -> Result<(Heads, Size), HostError> {
        let node = &self.network.nodes()[index];
        let (tokens, all) = match node.shape[..] {
            [tokens, all] => (tokens, all),
            _ => return Err(self.error(index, "no tokens; accepted: [t, d]")),
        };
        let width = all / heads.max(1);
        if !all.is_multiple_of(32) || !width.is_multiple_of(8) {
            let reason = format!(
                "q, k and v of {all} values, {width} a head; accepted: multiples of 32 and of 8, where the machine can \
                 fetch them"
            );
            return Err(self.error(index, &reason));
        }
        let block = node.name.strip_suffix(".attention").unwrap_or(&node.name).into();
        let (name, batch) = (&node.name, self.batch);
        let elements = product(name, batch, [batch, heads, tokens, tokens].into_iter())?;
        let padded = product(name, batch, [batch, heads, tokens, pitch(tokens)].into_iter())?;
        let size = Size { elements, bytes: padded * HALF_BYTES };
        Ok((Heads { block, batch, tokens, heads, width }, size))
    }

    /// `S = Q.K^T`, `P = softmax(S)`, `O = P.V`.
    pub(super) fn attention(
        &mut self,
        index: usize,
        qkv: NodeId,
        heads: usize,
    ) -> Result<(), HostError> {
        let (heads, size) = self.heads(index, heads)?;
        let (x, out) = (self.value(qkv), self.values[index]);
        self.call(Call::Attention, x.elements);
        let name = &self.network.nodes()[index].name;
        let s = self.recorder.value(format!("{name}.scores"), size);
        let p = self.recorder.value(format!("{name}.probabilities"), size);
        self.kept[index] = Some(p);
        let all = heads.heads * heads.width;
        let part = |part| heads.values(x.stream.tensor, part, 3 * all);
        let (t, d) = (heads.tokens, heads.width);
        let scores = [part(0), part(1), heads.scores(s.stream.tensor)];
        let shape = (Stage::Ff, d, t, WeightSource::Columns);
        self.recorder.push(heads.products("qkT", Work::Ff, shape, scores)?);
        let (reads, writes) = (vec![s.stream], vec![p.stream]);
        self.recorder.stream(name, VectorOp::Softmax, s.padded(), reads, writes);
        self.recorder.describe(plain(heads.shape()));
        let to = heads.values(out.stream.tensor, 0, all);
        let shape = (Stage::Ff, t, d, WeightSource::Rows);
        let operands = [heads.scores(p.stream.tensor), part(2), to];
        self.recorder.push(heads.products("av", Work::Ff, shape, operands)?);
        Ok(())
    }

    /// `dP = dO.V^T`, then `dV = P^T.dO` beside the softmax's `dS`, `dQ = dS.K`, `dK = dS^T.Q`.
    pub(super) fn attention_backward(
        &mut self,
        index: usize,
        qkv: NodeId,
        heads: usize,
        dy: Value,
    ) -> Result<(), HostError> {
        let (heads, size) = self.heads(index, heads)?;
        let (x, name) = (self.value(qkv), &self.network.nodes()[index].name);
        self.call(Call::AttentionBackward, x.elements);
        let missing = || self.error(index, "its probabilities are used before they are made");
        let p = self.kept[index].ok_or_else(missing)?;
        // The softmax's backward pass takes dP as the accumulators hold it.
        let singles = Size { bytes: 2 * size.bytes, ..size };
        let dp = self.recorder.value(format!("{name}.dprobabilities"), singles);
        let ds = self.recorder.value(format!("{name}.dscores"), size);
        let dx = self.like(qkv);
        let all = heads.heads * heads.width;
        let part = |value: Value, part| heads.values(value.stream.tensor, part, 3 * all);
        let scores = |value: Value| heads.scores(value.stream.tensor);
        let d_out = heads.values(dy.stream.tensor, 0, all);
        let (t, d) = (heads.tokens, heads.width);
        let (columns, rows) =
            ((Stage::Ff, d, t, WeightSource::Columns), (Stage::Ff, t, d, WeightSource::Rows));
        let gradient = (Stage::Wu, t, d, WeightSource::Rows);
        let make = |name, work, shape, operands| heads.products(name, work, shape, operands);
        let dp_made = make("dP", Work::Bp, columns, [d_out, part(x, 2), scores(dp)])?;
        let dv_made = make("dV", Work::Wu, gradient, [scores(p), d_out, part(dx, 2)])?;
        let dq_made = make("dQ", Work::Bp, rows, [scores(ds), part(x, 1), part(dx, 0)])?;
        let dk_made = make("dK", Work::Wu, gradient, [scores(ds), part(x, 0), part(dx, 1)])?;
        self.recorder.flush();
        self.recorder.push(dp_made);
        let (reads, writes) = (vec![p.stream, dp.stream], vec![ds.stream]);
        self.recorder.stream(name, VectorOp::SoftmaxBackward, ds.padded(), reads, writes);
        self.recorder.describe(plain(heads.shape()));
        for operation in [dv_made, dq_made, dk_made] {
            self.recorder.push(operation);
        }
        self.give(qkv, dx.into());
        Ok(())
    }
}
