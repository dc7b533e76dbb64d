//! What a network learns: names, shapes, initial values.

use crate::HostError;
use crate::backend::RunningStatistics;
use crate::network::Network;
use crate::random::{Purpose, Random};

/// How a parameter starts. All are uniform or constant, so that they are the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Every value the same.
    Constant(f32),
    /// Uniform with variance `2 / fan_in`, for layers before a ReLU (He et al., arXiv 1502.01852).
    He {
        /// Values that one output sums.
        fan_in: usize,
    },
    /// Uniform with variance `2 / (fan_in + fan_out)` (Glorot and Bengio, AISTATS 2010).
    Xavier {
        /// Values that one output sums.
        fan_in: usize,
        /// Outputs that one input reaches.
        fan_out: usize,
    },
    /// Uniform with this standard deviation.
    Deviation(f32),
}

impl Init {
    /// Zeros.
    pub const ZERO: Self = Self::Constant(0.0);

    /// Fills `values` from the sequence of parameter `index` for `seed`.
    fn fill(self, values: &mut [f32], seed: u64, index: usize) {
        // A uniform distribution on -b..b has the variance b^2 / 3.
        let bound = match self {
            Self::Constant(value) => return values.fill(value),
            Self::He { fan_in } => (6.0 / fan_in as f32).sqrt(),
            Self::Xavier { fan_in, fan_out } => (6.0 / (fan_in + fan_out) as f32).sqrt(),
            Self::Deviation(deviation) => deviation * 3.0_f32.sqrt(),
        };
        let mut random = Random::new(seed, Purpose::Parameter(index));
        values.fill_with(|| random.symmetric() * bound);
    }
}

/// One FP32 parameter tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    /// Name, such as `conv1.weight`.
    pub name: String,
    /// Shape: OIHW or (Co, Ci) for weights, (C) for biases and norms.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
    /// Index of the MAC layer whose weight it is; other parameters have none, and no weight decay.
    pub layer: Option<usize>,
}

impl ParameterSpec {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// True if it holds no value; no network has such a parameter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Everything that training changes: parameters, their momentum, running statistics. Indices are those of
/// [`Network::parameters`] and [`Network::norms`].
#[derive(Clone, Debug, PartialEq)]
pub struct ModelState {
    /// FP32 values of each parameter, in C order.
    pub values: Vec<Vec<f32>>,
    /// FP32 momentum of each parameter.
    pub momentum: Vec<Vec<f32>>,
    /// Running statistics of each batch norm.
    pub running: Vec<RunningStatistics>,
}

impl ModelState {
    /// The initial state of `network` for `seed`: the same on every machine.
    #[must_use]
    pub fn initial(network: &Network, seed: u64) -> Self {
        let zeros = || network.parameters().iter().map(|spec| vec![0.0; spec.len()]).collect();
        let mut values: Vec<Vec<f32>> = zeros();
        for (index, (spec, values)) in network.parameters().iter().zip(&mut values).enumerate() {
            spec.init.fill(values, seed, index);
        }
        let running = |norm: &super::NormSpec| RunningStatistics {
            mean: vec![0.0; norm.channels],
            var: vec![1.0; norm.channels],
        };
        Self { values, momentum: zeros(), running: network.norms().iter().map(running).collect() }
    }

    /// Checks that every tensor has the length that `network` gives it.
    ///
    /// # Errors
    /// [`HostError::Network`] naming the first tensor that has not.
    pub fn check(&self, network: &Network) -> Result<(), HostError> {
        let refuse = |reason| Err(HostError::Network { network: network.name().into(), reason });
        let counts = [
            ("parameters", self.values.len(), network.parameters().len()),
            ("momentum tensors", self.momentum.len(), network.parameters().len()),
            ("running statistics", self.running.len(), network.norms().len()),
        ];
        for (what, given, expected) in counts {
            if given != expected {
                return refuse(format!("{given} {what}; accepted: {expected}"));
            }
        }
        for (index, spec) in network.parameters().iter().enumerate() {
            for tensor in [&self.values[index], &self.momentum[index]] {
                if tensor.len() != spec.len() {
                    return refuse(format!(
                        "{} values for {} of shape {:?}; accepted: {}",
                        tensor.len(),
                        spec.name,
                        spec.shape,
                        spec.len()
                    ));
                }
            }
        }
        for (norm, running) in network.norms().iter().zip(&self.running) {
            for statistics in [&running.mean, &running.var] {
                if statistics.len() != norm.channels {
                    return refuse(format!(
                        "{} running statistics for {}; accepted: {}",
                        statistics.len(),
                        norm.name,
                        norm.channels
                    ));
                }
            }
        }
        Ok(())
    }
}
