//! Elementwise operations over whole tensors.

use super::tensor::{Images, read_bytes, read_singles, write_singles};
use super::{Machine, ValueFault, at, missing};
use crate::elementwise::{self, EmbeddingShape, LogitGradient, Planes, PoolShape, RowStatistics};
use crate::number::{to_f16, to_f32};
use crate::prune::prune_gradient;
use half::f16;
use satkit_plan::layout::pitch;
use satkit_spec::Sparsity;
use satkit_spec::isa::{Parameters, Shape, Tensors, VectorOp, scalar};

/// An operation with its fields.
pub(super) struct Operation<'m, 'a> {
    pub(super) machine: &'m mut Machine<'a>,
    pub(super) shape: Shape,
    pub(super) tensors: Tensors,
    pub(super) parameters: Parameters,
}

impl Machine<'_> {
    /// Computes an operation whose last piece has come.
    pub(super) fn vector(&mut self, op: VectorOp) -> Result<(), ValueFault> {
        let shape = missing(self.shape, "SHAPE")?;
        let tensors = missing(self.tensors, "TENSORS")?;
        let parameters = missing(self.parameters, "PARAMETERS")?;
        Operation { machine: self, shape, tensors, parameters }.compute(op)
    }
}

impl Operation<'_, '_> {
    fn compute(&mut self, op: VectorOp) -> Result<(), ValueFault> {
        match op {
            VectorOp::Add => self.add(),
            VectorOp::ReluBackward => self.relu_backward(),
            // The machine keeps these sums by it; they follow from tensors that are in memory.
            VectorOp::BatchNormStatistics | VectorOp::BatchNormBackwardSums => Ok(()),
            VectorOp::BatchNormScale => self.norm_scale(),
            VectorOp::BatchNormApply => self.norm_apply(),
            VectorOp::BatchNormBackwardScale => self.norm_backward_scale(),
            VectorOp::BatchNormBackwardApply => self.norm_backward_apply(),
            VectorOp::LayerNorm => self.layer_norm(),
            VectorOp::LayerNormBackward => self.layer_norm_backward(),
            VectorOp::Gelu => {
                let x = self.a()?;
                let mut y = vec![f16::ZERO; x.len()];
                elementwise::gelu(&x, &mut y)?;
                self.x(&y)
            }
            VectorOp::GeluBackward => {
                let (x, dy) = (self.a()?, self.b()?);
                let mut dx = vec![f16::ZERO; x.len()];
                elementwise::gelu_backward(&x, &dy, &mut dx)?;
                self.x(&dx)
            }
            VectorOp::Pool => self.pool(),
            VectorOp::PoolBackward => self.pool_backward(),
            VectorOp::Softmax => self.softmax(),
            VectorOp::SoftmaxBackward => self.softmax_backward(),
            VectorOp::CrossEntropy => self.cross_entropy(),
            VectorOp::BiasGradient => {
                let dy = self.a()?;
                let gradient = elementwise::bias_gradient(self.planes()?, &dy)?;
                self.gradient(self.tensors.x, &gradient)
            }
            VectorOp::Embed => self.embed(),
            VectorOp::EmbedBackward => self.embed_backward(),
            VectorOp::PruneGradient => {
                let dy = self.a()?;
                let (batch, channels, pixels) = self.sizes();
                let sparsity = Sparsity::new(usize::from(self.shape.n), usize::from(self.shape.m));
                let sparsity = sparsity.map_err(|error| error.to_string())?;
                let pruned = prune_gradient(&dy, batch, channels, pixels, sparsity)?;
                self.x(&pruned)
            }
            VectorOp::Fill => self.fill(),
            VectorOp::FirstToken => {
                let tokens = self.rows().read(self.machine.memory, at(self.tensors.a))?;
                let (batch, width, count) = self.sizes();
                let images = tokens.chunks_exact(count * width);
                let first: Vec<f16> = images.flat_map(|image| &image[..width]).copied().collect();
                let rows = Images::new(batch, width, 1);
                rows.write(self.machine.memory, at(self.tensors.x), &first)?;
                Ok(())
            }
            VectorOp::Flatten => {
                let x = self.a()?;
                self.flat().write(self.machine.memory, at(self.tensors.x), &x)?;
                Ok(())
            }
            VectorOp::Unflatten => {
                let dy = self.flat().read(self.machine.memory, at(self.tensors.a))?;
                self.x(&dy)
            }
        }
    }

    const fn sizes(&self) -> (usize, usize, usize) {
        let Shape { batch, channels, h, w, .. } = self.shape;
        (batch as usize, channels as usize, h as usize * w as usize)
    }

    const fn images(&self) -> Images {
        let (batch, channels, pixels) = self.sizes();
        Images::new(batch, channels, pixels)
    }

    /// The rows that images are when they are flat.
    const fn flat(&self) -> Images {
        let (batch, channels, pixels) = self.sizes();
        Images::new(batch, channels * pixels, 1)
    }

    /// Tokens as rows.
    const fn rows(&self) -> Images {
        let (batch, channels, pixels) = self.sizes();
        Images::new(batch * pixels, channels, 1)
    }

    pub(super) fn planes(&self) -> Result<Planes, ValueFault> {
        let (batch, channels, pixels) = self.sizes();
        Ok(Planes::new(batch, channels, pixels)?)
    }

    fn read(&self, address: u32) -> Result<Vec<f16>, ValueFault> {
        Ok(self.images().read(self.machine.memory, at(address))?)
    }

    pub(super) fn a(&self) -> Result<Vec<f16>, ValueFault> {
        self.read(self.tensors.a)
    }

    pub(super) fn b(&self) -> Result<Vec<f16>, ValueFault> {
        self.read(self.tensors.b)
    }

    /// Writes the first result.
    pub(super) fn x(&self, values: &[f16]) -> Result<(), ValueFault> {
        Ok(self.images().write(self.machine.memory, at(self.tensors.x), values)?)
    }

    /// Reads one FP32 value per channel.
    pub(super) fn vector(&self, address: u32) -> Result<Vec<f32>, ValueFault> {
        let channels = self.shape.channels as usize;
        Ok(read_singles(self.machine.memory, at(address), channels)?)
    }

    /// Writes a parameter's gradient.
    pub(super) fn gradient(&mut self, address: u32, values: &[f32]) -> Result<(), ValueFault> {
        self.machine.watch(values);
        Ok(write_singles(self.machine.memory, at(address), values)?)
    }

    /// Writes the mask of a ReLU whose output is `y`: true where it passes a gradient.
    pub(super) fn mask(&self, y: &[f16]) -> Result<(), ValueFault> {
        if self.shape.relu && self.shape.bits {
            // A NaN passes it too.
            let passes =
                y.iter().map(|y| !matches!(y.partial_cmp(&f16::ZERO), Some(o) if o.is_le()));
            self.images().write_bits(self.machine.memory, at(self.tensors.y), passes)?;
        }
        Ok(())
    }

    fn add(&mut self) -> Result<(), ValueFault> {
        let (a, b) = (self.a()?, self.b()?);
        let mut sum = vec![f16::ZERO; a.len()];
        elementwise::residual_add(&a, &b, self.shape.relu, &mut sum)?;
        self.x(&sum)?;
        self.mask(&sum)
    }

    fn relu_backward(&mut self) -> Result<(), ValueFault> {
        let dy = self.a()?;
        let mut dx = dy.clone();
        if self.shape.bits {
            let mask = self.images().read_bits(self.machine.memory, at(self.tensors.b))?;
            for (dx, _) in dx.iter_mut().zip(mask).filter(|(_, passes)| !passes) {
                *dx = f16::ZERO;
            }
        } else {
            elementwise::relu_backward(&self.b()?, &dy, &mut dx)?;
        }
        self.x(&dx)
    }

    fn layer_norm(&mut self) -> Result<(), ValueFault> {
        let rows = self.rows();
        let memory = self.machine.memory;
        let x = rows.read(memory, at(self.tensors.a))?;
        let (gamma, beta) =
            (self.vector(self.parameters.first)?, self.vector(self.parameters.second)?);
        let mut y = vec![f16::ZERO; x.len()];
        let saved = elementwise::layer_norm(rows.batch, rows.channels, &x, &gamma, &beta, &mut y)?;
        rows.write(memory, at(self.tensors.x), &y)?;
        let pairs = saved.mean().iter().zip(saved.inv());
        let kept: Vec<f32> = pairs.flat_map(|(&mean, &inv)| [mean, inv]).collect();
        Ok(write_singles(memory, at(self.tensors.y), &kept)?)
    }

    fn layer_norm_backward(&mut self) -> Result<(), ValueFault> {
        let rows = self.rows();
        let memory = self.machine.memory;
        let x = rows.read(memory, at(self.tensors.a))?;
        let dy = rows.read(memory, at(self.tensors.b))?;
        let kept = read_singles(memory, at(self.tensors.c), 2 * rows.batch)?;
        let (pairs, _) = kept.as_chunks::<2>();
        let saved = RowStatistics::from_parts(
            pairs.iter().map(|pair| pair[0]).collect(),
            pairs.iter().map(|pair| pair[1]).collect(),
        );
        let gamma = self.vector(self.parameters.first)?;
        let mut dx = vec![f16::ZERO; x.len()];
        let gradient = elementwise::layer_norm_backward(
            rows.batch,
            rows.channels,
            &x,
            &dy,
            &gamma,
            &saved,
            &mut dx,
        )?;
        rows.write(memory, at(self.tensors.x), &dx)?;
        self.gradient(self.tensors.y, &gradient.dgamma)?;
        self.gradient(self.tensors.z, &gradient.dbeta)
    }

    /// The windows of a pooling, and its output; none where all pixels are averaged.
    fn windows(&self) -> Result<Option<(PoolShape, Images)>, ValueFault> {
        let Shape { batch, channels, h, w, window, stride, pad, pooling, .. } = self.shape;
        if pooling == 2 {
            return Ok(None);
        }
        let (batch, channels) = (batch as usize, channels as usize);
        let [window, stride, pad] = [window, stride, pad].map(usize::from);
        let shape = PoolShape::new(batch, channels, [h as usize, w as usize], window, stride, pad)?;
        Ok(Some((shape, Images::new(batch, channels, shape.out_h() * shape.out_w()))))
    }

    /// The output where all pixels are averaged.
    const fn averages(&self) -> Images {
        let (batch, channels, _) = self.sizes();
        Images::new(batch, channels, 1)
    }

    fn pool(&mut self) -> Result<(), ValueFault> {
        let x = self.a()?;
        let (memory, target) = (self.machine.memory, at(self.tensors.x));
        let Some((shape, images)) = self.windows()? else {
            let images = self.averages();
            let mut y = vec![f16::ZERO; images.len()];
            elementwise::global_average_pool(self.planes()?, &x, &mut y)?;
            return Ok(images.write(memory, target, &y)?);
        };
        let mut y = vec![f16::ZERO; images.len()];
        if self.shape.pooling == 0 {
            let mut best = vec![0; images.len()];
            elementwise::max_pool(shape, &x, &mut y, &mut best)?;
        } else {
            elementwise::average_pool(shape, &x, &mut y)?;
        }
        Ok(images.write(memory, target, &y)?)
    }

    /// A greatest-value pooling finds its best pixels again from X, the first tensor; the others read dY only.
    fn pool_backward(&mut self) -> Result<(), ValueFault> {
        let memory = self.machine.memory;
        let mut dx = vec![f16::ZERO; self.images().len()];
        match self.windows()? {
            None => {
                let dy = self.averages().read(memory, at(self.tensors.a))?;
                elementwise::global_average_pool_backward(self.planes()?, &dy, &mut dx)?;
            }
            Some((shape, images)) if self.shape.pooling == 0 => {
                let x = self.a()?;
                let dy = images.read(memory, at(self.tensors.b))?;
                let (mut y, mut best) = (vec![f16::ZERO; images.len()], vec![0; images.len()]);
                elementwise::max_pool(shape, &x, &mut y, &mut best)?;
                elementwise::max_pool_backward(shape, &best, &dy, &mut dx)?;
            }
            Some((shape, images)) => {
                let dy = images.read(memory, at(self.tensors.a))?;
                elementwise::average_pool_backward(shape, &dy, &mut dx)?;
            }
        }
        self.x(&dx)
    }

    /// First elements of the rows of scores: image, token, head.
    fn score_rows(&self) -> (impl Iterator<Item = u64> + use<>, usize) {
        let Shape { batch, h, heads, .. } = self.shape;
        let count = u64::from(batch) * u64::from(h) * u64::from(heads);
        let (width, room) = (h as usize, pitch(h as usize) as u64);
        ((0..count).map(move |row| row * room), width)
    }

    fn softmax(&mut self) -> Result<(), ValueFault> {
        let (rows, width) = self.score_rows();
        let memory = self.machine.memory;
        for first in rows {
            let bytes = read_bytes(memory, at(self.tensors.a) + first * 2, width * 2)?;
            let scores: Vec<f16> =
                bytes.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes)).collect();
            let mut p = vec![f16::ZERO; width];
            elementwise::softmax_row(&scores, &mut p);
            let bytes: Vec<u8> = p.iter().flat_map(|p| p.to_le_bytes()).collect();
            memory.write(at(self.tensors.x) + first * 2, &bytes)?;
        }
        Ok(())
    }

    fn softmax_backward(&mut self) -> Result<(), ValueFault> {
        let (rows, width) = self.score_rows();
        let memory = self.machine.memory;
        let scale = f32::from_bits(self.shape.scale);
        for first in rows {
            let bytes = read_bytes(memory, at(self.tensors.a) + first * 2, width * 2)?;
            let p = bytes.as_chunks().0.iter().map(|bytes| to_f32(f16::from_le_bytes(*bytes)));
            let p: Vec<f32> = p.collect();
            let dp = read_singles(memory, at(self.tensors.b) + first * 4, width)?;
            let r = dp.iter().zip(&p).fold(0.0, |sum, (dp, p)| sum + dp * p);
            let ds = dp.iter().zip(&p).map(|(dp, p)| to_f16((p * (dp - r)) * scale));
            let bytes: Vec<u8> = ds.flat_map(|ds| ds.to_le_bytes()).collect();
            memory.write(at(self.tensors.x) + first * 2, &bytes)?;
        }
        Ok(())
    }

    fn cross_entropy(&mut self) -> Result<(), ValueFault> {
        let rows = self.images();
        let memory = self.machine.memory;
        let logits = rows.read(memory, at(self.tensors.a))?;
        let labels = read_bytes(memory, at(self.tensors.b), rows.batch * 4)?;
        let (labels, _) = labels.as_chunks();
        let labels: Vec<u32> = labels.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        let mut dlogits = vec![f16::ZERO; logits.len()];
        let gradient = if self.shape.gradient {
            let reads = missing(self.machine.reads, "READS")?;
            if reads.third_beats == 0 {
                return Err("what it reads third are the step's numbers, a beat".to_owned().into());
            }
            let numbers = read_singles(memory, at(reads.third), scalar::COUNT)?;
            let loss_scale = numbers[scalar::LOSS_SCALE];
            Some(LogitGradient { loss_scale, dlogits: &mut dlogits })
        } else {
            None
        };
        let loss =
            elementwise::cross_entropy(rows.batch, rows.channels, &logits, &labels, gradient)?;
        let pairs = loss.rows.iter().zip(&loss.predicted);
        let bytes: Vec<u8> = pairs
            .flat_map(|(loss, class)| [loss.to_le_bytes(), class.to_le_bytes()].concat())
            .collect();
        let mut target = self.tensors.x;
        if self.shape.gradient {
            self.x(&dlogits)?;
            target = self.tensors.y;
        }
        Ok(memory.write(at(target), &bytes)?)
    }

    fn embedding(&self) -> Result<(EmbeddingShape, Images, Images), ValueFault> {
        let (batch, width, tokens) = self.sizes();
        let shape = EmbeddingShape::new(batch, tokens, width)?;
        let rows = |count| Images::new(batch * count, width, 1);
        Ok((shape, rows(tokens), rows(tokens + 1)))
    }

    fn embed(&mut self) -> Result<(), ValueFault> {
        let (shape, tokens, all) = self.embedding()?;
        let memory = self.machine.memory;
        let x = tokens.read(memory, at(self.tensors.a))?;
        let class = self.vector(self.tensors.b)?;
        let positions = (self.shape.h as usize + 1) * self.shape.channels as usize;
        let positions = read_singles(memory, at(self.tensors.c), positions)?;
        let mut y = vec![f16::ZERO; all.len()];
        elementwise::embed(shape, &x, &class, &positions, &mut y)?;
        Ok(all.write(memory, at(self.tensors.x), &y)?)
    }

    fn embed_backward(&mut self) -> Result<(), ValueFault> {
        let (shape, tokens, all) = self.embedding()?;
        let memory = self.machine.memory;
        let dy = all.read(memory, at(self.tensors.a))?;
        let mut dx = vec![f16::ZERO; tokens.len()];
        let gradient = elementwise::embed_backward(shape, &dy, &mut dx)?;
        tokens.write(memory, at(self.tensors.x), &dx)?;
        self.gradient(self.tensors.y, &gradient.dclass)?;
        self.gradient(self.tensors.z, &gradient.dposition)
    }

    /// The gradient of tokens of which the first alone is used.
    fn fill(&mut self) -> Result<(), ValueFault> {
        let (batch, width, tokens) = self.sizes();
        let memory = self.machine.memory;
        let first = Images::new(batch, width, 1).read(memory, at(self.tensors.a))?;
        let mut dx = vec![f16::ZERO; batch * tokens * width];
        for (image, first) in dx.chunks_exact_mut(tokens * width).zip(first.chunks_exact(width)) {
            image[..width].copy_from_slice(first);
        }
        Ok(self.rows().write(memory, at(self.tensors.x), &dx)?)
    }
}
