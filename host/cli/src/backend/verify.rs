//! The simulator, watched by the reference.

use super::golden::MacAt;
use super::{GoldenBackend, SimBackend, SimSaved};
use half::f16;
use satkit_host::backend::{
    Accumulator, Backend, BackendError, BackendResult, EmbedGradient, Fused, LossOutput,
    NormGradient, NormParameters, PoolWindow, RunningStatistics, SgdStep, StepCycles, Tensor,
    UpdateTarget,
};
use satkit_host::network::{MacLayer, Network};
use satkit_spec::{Method, Sparsity, Stage};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most elements of a tensor that an elementwise operation is checked on; larger ones are not.
const MAX_ELEMENTS: usize = 1 << 22;

/// The simulator and the reference disagree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "verification failed: {what} at {index:?} is {found} on the {device} and {golden} on the reference"
)]
pub struct VerifyError {
    /// The operation and its result, such as `FF of layer conv2`.
    pub what: String,
    /// Index of the first element that differs.
    pub index: Vec<usize>,
    /// What is verified, such as `simulator`.
    pub device: String,
    /// Its bits, in hexadecimal.
    pub found: String,
    /// The reference's bits.
    pub golden: String,
}

/// Trains on the simulator and compares the training steps' operations with the reference, bit for bit: a number of sampled
/// outputs of each matrix stage, and elementwise operations whole, up to 4 Mi elements. Evaluation is not compared.
#[derive(Debug)]
pub struct VerifiedBackend {
    sim: SimBackend,
    golden: GoldenBackend,
    samples: usize,
    active: bool,
    tally: Arc<Tally>,
    /// State of the generator that picks samples.
    state: u64,
}

/// What was compared so far.
#[derive(Debug, Default)]
pub struct Tally {
    outputs: AtomicU64,
    operations: AtomicU64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (outputs, operations) =
            (self.outputs.load(Ordering::Relaxed), self.operations.load(Ordering::Relaxed));
        write!(f, "{outputs} outputs of matrix stages and {operations} elementwise operations")
    }
}

/// A value whose bits are compared.
trait Bits: Copy {
    fn hexadecimal(self) -> String;
    fn same(self, other: Self) -> bool;
}

impl Bits for f16 {
    fn hexadecimal(self) -> String {
        format!("{:04X}", self.to_bits())
    }
    fn same(self, other: Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}

impl Bits for f32 {
    fn hexadecimal(self) -> String {
        format!("{:08X}", self.to_bits())
    }
    fn same(self, other: Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}

impl Bits for u32 {
    fn hexadecimal(self) -> String {
        format!("{self:08X}")
    }
    fn same(self, other: Self) -> bool {
        self == other
    }
}

fn differ<T: Bits>(what: impl fmt::Display, index: Vec<usize>, sim: T, golden: T) -> BackendError {
    BackendError::new(VerifyError {
        what: what.to_string(),
        index,
        device: "simulator".into(),
        found: sim.hexadecimal(),
        golden: golden.hexadecimal(),
    })
}

/// Compares two results of the shape `shape` element by element.
fn compare<'a, T: Bits + 'a>(
    what: &str,
    shape: &[usize],
    sim: impl IntoIterator<Item = &'a T>,
    golden: impl IntoIterator<Item = &'a T>,
) -> BackendResult<()> {
    let (mut sim, mut golden) = (sim.into_iter(), golden.into_iter());
    for at in 0.. {
        match (sim.next(), golden.next()) {
            (None, None) => break,
            (Some(sim), Some(golden)) if sim.same(*golden) => {}
            (Some(sim), Some(golden)) => {
                return Err(differ(what, unravel(at, shape), *sim, *golden));
            }
            _ => return Err(BackendError::new(format!("{what} differs in length"))),
        }
    }
    Ok(())
}

fn compare_tensors(what: &str, sim: &Tensor, golden: &Tensor) -> BackendResult<()> {
    compare(what, sim.shape(), sim, golden)
}

fn compare_values(what: &str, sim: &[f32], golden: &[f32]) -> BackendResult<()> {
    compare(what, &[sim.len()], sim, golden)
}

/// The index of element `at` in C order.
fn unravel(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (index, &size) in index.iter_mut().zip(shape).rev() {
        *index = at % size.max(1);
        at /= size.max(1);
    }
    index
}

impl VerifiedBackend {
    /// Watches `sim`, which was built for `method` and `sparsity`, with `samples` outputs per matrix operation.
    #[must_use]
    pub fn new(sim: SimBackend, method: Method, sparsity: Sparsity, samples: usize) -> Self {
        let golden = GoldenBackend::new(method, sparsity);
        Self { sim, golden, samples, active: true, tally: Arc::default(), state: 1 }
    }

    /// The count of what was compared; it goes on counting.
    #[must_use]
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// True if an elementwise operation of that many elements is compared, which is then counted.
    fn checks(&self, elements: usize) -> bool {
        let checks = self.active && elements <= MAX_ELEMENTS;
        self.tally.operations.fetch_add(u64::from(checks), Ordering::Relaxed);
        checks
    }

    fn check_samples(
        &mut self,
        stage: Stage,
        layer: &MacLayer,
        sim: &[f32],
        golden: &MacAt<'_>,
    ) -> BackendResult<()> {
        let dims = golden.dims();
        let all = self.samples >= sim.len();
        for sample in 0..self.samples.min(sim.len()) {
            let at = if all { sample } else { self.random(sim.len()) };
            let index = unravel(at, &dims);
            let expected = golden.at([index[0], index[1], index[2], index[3]])?;
            if !sim[at].same(expected) {
                let what = format!("{stage} of layer {}", layer.name);
                return Err(differ(what, index, sim[at], expected));
            }
            self.tally.outputs.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// A number below `len`, which is not 0.
    const fn random(&mut self, len: usize) -> usize {
        // Knuth's linear congruential generator; its high bits are good enough to pick samples.
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.state >> 20) % len as u64) as usize
    }
}

impl Backend for VerifiedBackend {
    type Saved = SimSaved;

    fn prepare(&mut self, network: &Network, batch: usize) -> BackendResult<()> {
        self.sim.prepare(network, batch)
    }

    fn finish_step(&mut self, applied: bool) -> BackendResult<()> {
        self.sim.finish_step(applied)
    }

    fn cycles(&self) -> StepCycles {
        self.sim.cycles()
    }

    fn set_counting(&mut self, counting: bool) {
        self.active = counting;
        self.sim.set_counting(counting);
    }

    fn ff(&mut self, layer: &MacLayer, x: &Tensor, w: &[f32]) -> BackendResult<Accumulator> {
        let y = self.sim.ff(layer, x, w)?;
        if self.active {
            let golden = self.golden.ff_at(layer, x, w)?;
            self.check_samples(Stage::Ff, layer, super::elements(&y)?, &golden)?;
        }
        Ok(y)
    }

    fn bp(&mut self, layer: &MacLayer, dy: &Tensor, w: &[f32]) -> BackendResult<Accumulator> {
        let dx = self.sim.bp(layer, dy, w)?;
        if self.active {
            let golden = self.golden.bp_at(layer, dy, w)?;
            self.check_samples(Stage::Bp, layer, super::elements(&dx)?, &golden)?;
        }
        Ok(dx)
    }

    fn wu(&mut self, layer: &MacLayer, x: &Tensor, dy: &Tensor) -> BackendResult<Vec<f32>> {
        let dw = self.sim.wu(layer, x, dy)?;
        if self.active {
            let golden = self.golden.wu_at(layer, x, dy)?;
            self.check_samples(Stage::Wu, layer, &dw, &golden)?;
        }
        Ok(dw)
    }

    fn store(
        &mut self,
        acc: Accumulator,
        bias: Option<&[f32]>,
        fused: Fused<'_>,
    ) -> BackendResult<Tensor> {
        if !self.checks(acc.len()) {
            return self.sim.store(acc, bias, fused);
        }
        let y = self.sim.store(acc.clone(), bias, fused)?;
        compare_tensors("store", &y, &self.golden.store(acc, bias, fused)?)?;
        Ok(y)
    }

    fn bias_gradient(&mut self, dy: &Tensor) -> BackendResult<Vec<f32>> {
        let db = self.sim.bias_gradient(dy)?;
        if self.checks(dy.len()) {
            compare_values("bias gradient", &db, &self.golden.bias_gradient(dy)?)?;
        }
        Ok(db)
    }

    fn relu_backward(&mut self, y: &Tensor, dy: &Tensor) -> BackendResult<Tensor> {
        let dx = self.sim.relu_backward(y, dy)?;
        if self.checks(dy.len()) {
            compare_tensors("ReLU backward", &dx, &self.golden.relu_backward(y, dy)?)?;
        }
        Ok(dx)
    }

    fn add(&mut self, a: &Tensor, b: &Tensor, relu: bool) -> BackendResult<Tensor> {
        let y = self.sim.add(a, b, relu)?;
        if self.checks(a.len()) {
            compare_tensors("residual add", &y, &self.golden.add(a, b, relu)?)?;
        }
        Ok(y)
    }

    fn merge(&mut self, sofar: &Tensor, new: &Tensor) -> BackendResult<Tensor> {
        let sum = self.sim.merge(sofar, new)?;
        if self.checks(new.len()) {
            compare_tensors("sum of gradients", &sum, &self.golden.merge(sofar, new)?)?;
        }
        Ok(sum)
    }

    fn batch_norm_train(
        &mut self,
        y: &Tensor,
        parameters: NormParameters<'_>,
        running: &mut RunningStatistics,
        fused: Fused<'_>,
    ) -> BackendResult<(Tensor, SimSaved)> {
        let mut expected = running.clone();
        let result = self.sim.batch_norm_train(y, parameters, running, fused)?;
        if self.checks(y.len()) {
            let (golden, ()) = self.golden.batch_norm_train(y, parameters, &mut expected, fused)?;
            compare_tensors("batch norm", &result.0, &golden)?;
            compare_values("running mean", &running.mean, &expected.mean)?;
            compare_values("running variance", &running.var, &expected.var)?;
        }
        Ok(result)
    }

    fn batch_norm_eval(
        &mut self,
        y: &Tensor,
        parameters: NormParameters<'_>,
        running: &RunningStatistics,
        fused: Fused<'_>,
    ) -> BackendResult<Tensor> {
        let out = self.sim.batch_norm_eval(y, parameters, running, fused)?;
        if self.checks(y.len()) {
            let golden = self.golden.batch_norm_eval(y, parameters, running, fused)?;
            compare_tensors("batch norm", &out, &golden)?;
        }
        Ok(out)
    }

    fn batch_norm_backward(
        &mut self,
        y: &Tensor,
        dz: &Tensor,
        parameters: NormParameters<'_>,
        saved: &SimSaved,
    ) -> BackendResult<NormGradient> {
        let gradient = self.sim.batch_norm_backward(y, dz, parameters, saved)?;
        if self.checks(y.len()) {
            let golden = self.golden.batch_norm_backward(y, dz, parameters, &())?;
            compare_gradients("batch norm backward", &gradient, &golden)?;
        }
        Ok(gradient)
    }

    fn layer_norm(
        &mut self,
        x: &Tensor,
        parameters: NormParameters<'_>,
    ) -> BackendResult<(Tensor, SimSaved)> {
        let result = self.sim.layer_norm(x, parameters)?;
        if self.checks(x.len()) {
            let (golden, ()) = self.golden.layer_norm(x, parameters)?;
            compare_tensors("layer norm", &result.0, &golden)?;
        }
        Ok(result)
    }

    fn layer_norm_backward(
        &mut self,
        x: &Tensor,
        dy: &Tensor,
        parameters: NormParameters<'_>,
        saved: &SimSaved,
    ) -> BackendResult<NormGradient> {
        let gradient = self.sim.layer_norm_backward(x, dy, parameters, saved)?;
        if self.checks(x.len()) {
            let golden = self.golden.layer_norm_backward(x, dy, parameters, &())?;
            compare_gradients("layer norm backward", &gradient, &golden)?;
        }
        Ok(gradient)
    }

    fn gelu(&mut self, x: &Tensor) -> BackendResult<Tensor> {
        let y = self.sim.gelu(x)?;
        if self.checks(x.len()) {
            compare_tensors("GELU", &y, &self.golden.gelu(x)?)?;
        }
        Ok(y)
    }

    fn gelu_backward(&mut self, x: &Tensor, dy: &Tensor) -> BackendResult<Tensor> {
        let dx = self.sim.gelu_backward(x, dy)?;
        if self.checks(x.len()) {
            compare_tensors("GELU backward", &dx, &self.golden.gelu_backward(x, dy)?)?;
        }
        Ok(dx)
    }

    fn max_pool(&mut self, x: &Tensor, window: PoolWindow) -> BackendResult<(Tensor, SimSaved)> {
        let result = self.sim.max_pool(x, window)?;
        if self.checks(x.len()) {
            let (golden, ()) = self.golden.max_pool(x, window)?;
            compare_tensors("max pooling", &result.0, &golden)?;
        }
        Ok(result)
    }

    fn max_pool_backward(
        &mut self,
        x: &Tensor,
        dy: &Tensor,
        window: PoolWindow,
        saved: &SimSaved,
    ) -> BackendResult<Tensor> {
        let dx = self.sim.max_pool_backward(x, dy, window, saved)?;
        if self.checks(x.len()) {
            let golden = self.golden.max_pool_backward(x, dy, window, &())?;
            compare_tensors("max pooling backward", &dx, &golden)?;
        }
        Ok(dx)
    }

    fn average_pool(&mut self, x: &Tensor, window: PoolWindow) -> BackendResult<Tensor> {
        let y = self.sim.average_pool(x, window)?;
        if self.checks(x.len()) {
            compare_tensors("average pooling", &y, &self.golden.average_pool(x, window)?)?;
        }
        Ok(y)
    }

    fn average_pool_backward(
        &mut self,
        x_shape: [usize; 4],
        dy: &Tensor,
        window: PoolWindow,
    ) -> BackendResult<Tensor> {
        let dx = self.sim.average_pool_backward(x_shape, dy, window)?;
        if self.checks(dx.len()) {
            let golden = self.golden.average_pool_backward(x_shape, dy, window)?;
            compare_tensors("average pooling backward", &dx, &golden)?;
        }
        Ok(dx)
    }

    fn global_average_pool(&mut self, x: &Tensor) -> BackendResult<Tensor> {
        let y = self.sim.global_average_pool(x)?;
        if self.checks(x.len()) {
            compare_tensors("global pooling", &y, &self.golden.global_average_pool(x)?)?;
        }
        Ok(y)
    }

    fn global_average_pool_backward(
        &mut self,
        x_shape: [usize; 4],
        dy: &Tensor,
    ) -> BackendResult<Tensor> {
        let dx = self.sim.global_average_pool_backward(x_shape, dy)?;
        if self.checks(dx.len()) {
            let golden = self.golden.global_average_pool_backward(x_shape, dy)?;
            compare_tensors("global pooling backward", &dx, &golden)?;
        }
        Ok(dx)
    }

    fn softmax_cross_entropy(
        &mut self,
        logits: &Tensor,
        labels: &[u32],
        loss_scale: Option<f32>,
    ) -> BackendResult<LossOutput> {
        let sim = self.sim.softmax_cross_entropy(logits, labels, loss_scale)?;
        if self.checks(logits.len()) {
            let golden = self.golden.softmax_cross_entropy(logits, labels, loss_scale)?;
            compare_values("loss", &[sim.loss], &[golden.loss])?;
            compare("class", &[labels.len()], &sim.predicted, &golden.predicted)?;
            if let (Some(sim), Some(golden)) = (&sim.dlogits, &golden.dlogits) {
                compare_tensors("gradient of the logits", sim, golden)?;
            }
        }
        Ok(sim)
    }

    fn attention(&mut self, qkv: &Tensor, heads: usize) -> BackendResult<(Tensor, SimSaved)> {
        let result = self.sim.attention(qkv, heads)?;
        if self.checks(qkv.len()) {
            let (golden, ()) = self.golden.attention(qkv, heads)?;
            compare_tensors("attention", &result.0, &golden)?;
        }
        Ok(result)
    }

    fn attention_backward(
        &mut self,
        qkv: &Tensor,
        dout: &Tensor,
        heads: usize,
        saved: &SimSaved,
    ) -> BackendResult<Tensor> {
        let dqkv = self.sim.attention_backward(qkv, dout, heads, saved)?;
        if self.checks(qkv.len()) {
            let golden = self.golden.attention_backward(qkv, dout, heads, &())?;
            compare_tensors("attention backward", &dqkv, &golden)?;
        }
        Ok(dqkv)
    }

    fn embed(&mut self, x: &Tensor, cls: &[f32], pos: &[f32]) -> BackendResult<Tensor> {
        let y = self.sim.embed(x, cls, pos)?;
        if self.checks(y.len()) {
            compare_tensors("token embedding", &y, &self.golden.embed(x, cls, pos)?)?;
        }
        Ok(y)
    }

    fn embed_backward(&mut self, dy: &Tensor) -> BackendResult<EmbedGradient> {
        let sim = self.sim.embed_backward(dy)?;
        if self.checks(dy.len()) {
            let golden = self.golden.embed_backward(dy)?;
            compare_tensors("token embedding backward", &sim.dx, &golden.dx)?;
            compare_values("gradient of the class token", &sim.dcls, &golden.dcls)?;
            compare_values("gradient of the positions", &sim.dpos, &golden.dpos)?;
        }
        Ok(sim)
    }

    fn update(
        &mut self,
        target: UpdateTarget<'_>,
        w: &mut [f32],
        v: &mut [f32],
        dw: &[f32],
        step: &SgdStep,
    ) -> BackendResult<()> {
        if !self.checks(w.len()) {
            return self.sim.update(target, w, v, dw, step);
        }
        let (mut golden_w, mut golden_v) = (w.to_vec(), v.to_vec());
        self.sim.update(target, w, v, dw, step)?;
        self.golden.update(target, &mut golden_w, &mut golden_v, dw, step)?;
        compare_values("updated weights", w, &golden_w)?;
        compare_values("updated momentum", v, &golden_v)
    }

    fn all_finite(&mut self, values: &[f32]) -> bool {
        self.sim.all_finite(values)
    }
}

fn compare_gradients(what: &str, sim: &NormGradient, golden: &NormGradient) -> BackendResult<()> {
    compare_tensors(what, &sim.dx, &golden.dx)?;
    compare_values(&format!("{what}, scale"), &sim.dgamma, &golden.dgamma)?;
    compare_values(&format!("{what}, shift"), &sim.dbeta, &golden.dbeta)
}

#[cfg(test)]
mod tests {
    use super::{compare_values, unravel};

    #[test]
    fn the_first_difference_is_named_with_its_bits() {
        assert_eq!(unravel(7, &[2, 2, 3]), [1, 0, 1]);
        assert!(compare_values("w", &[1.0, -0.0], &[1.0, -0.0]).is_ok());
        let error = compare_values("w", &[1.0, -0.0], &[1.0, 0.0]).unwrap_err().to_string();
        assert!(error.contains("w at [1] is 80000000") && error.contains("00000000"), "{error}");
        assert!(compare_values("w", &[1.0], &[1.0, 2.0]).is_err());
    }
}
