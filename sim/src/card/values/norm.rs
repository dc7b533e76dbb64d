//! Batch norm: its channels first, then all of its elements.

use super::tensor::{read_words, write_words};
use super::vector::Operation;
use super::{ValueFault, at};
use crate::elementwise::{self, BatchStatistics, ExactSum, Fused};
use crate::number::canonical;
use half::f16;
use satkit_spec::{
    NORM_INVERSE, NORM_K, NORM_KEPT_WORDS, NORM_MEAN, NORM_RUNNING_WORDS, NORM_SUM_HIGH,
    NORM_SUM_LOW, NORM_SUM_SPECIAL, NORM_UNIT_CHANNELS, norm_place, norm_units,
};

/// What is done with the elements of each channel, until the next channels come.
#[derive(Debug)]
pub(super) struct Norm {
    /// The tensor `a` of TENSORS that it is for.
    a: u32,
    of: Constants,
}

/// Constants of each channel.
#[derive(Debug)]
enum Constants {
    /// Mean, `k`, beta.
    Forward([Vec<f32>; 3]),
    /// Mean, `a`, `b`, `k`.
    Backward([Vec<f32>; 4]),
}

impl Operation<'_, '_> {
    /// `bn-scale`.
    pub(super) fn norm_scale(&mut self) -> Result<(), ValueFault> {
        let gamma = self.vector(self.parameters.first)?;
        let beta = self.vector(self.parameters.second)?;
        let [mut mean, mut var] = self.running()?;
        let (mean, k) = if self.shape.running {
            let inv: Vec<f32> =
                var.iter().map(|&var| elementwise::inverse_deviation(var)).collect();
            (mean, elementwise::product(&gamma, &inv))
        } else {
            let y = self.a()?;
            let statistics = elementwise::statistics(self.planes()?, &y, &mut mean, &mut var)?;
            let k = elementwise::product(&gamma, statistics.inv());
            let words: Vec<u32> = mean.iter().chain(&var).map(|value| value.to_bits()).collect();
            self.write_norm(self.parameters.running, NORM_RUNNING_WORDS, &words)?;
            self.keep(&statistics, &k)?;
            (statistics.mean().to_vec(), k)
        };
        let of = Constants::Forward([mean, k, beta]);
        self.machine.norm = Some(Norm { a: self.tensors.a, of });
        Ok(())
    }

    /// `bn-apply`.
    pub(super) fn norm_apply(&mut self) -> Result<(), ValueFault> {
        let (planes, y) = (self.planes()?, self.a()?);
        let residual = if self.shape.residual { Some(self.b()?) } else { None };
        let fused = Fused { residual: residual.as_deref(), relu: self.shape.relu };
        let mut z = vec![f16::ZERO; y.len()];
        match &self.machine.norm {
            Some(Norm { a, of: Constants::Forward([mean, k, beta]) }) if *a == self.tensors.a => {
                elementwise::apply(planes, &y, [mean, k, beta], fused, &mut z)?;
            }
            _ => return Err(self.no_channels("bn-scale")),
        }
        self.x(&z)?;
        self.mask(&z)
    }

    /// `bn-backward-scale`.
    pub(super) fn norm_backward_scale(&mut self) -> Result<(), ValueFault> {
        let (planes, y, dz) = (self.planes()?, self.a()?, self.b()?);
        let (kept, k) = self.kept()?;
        let (gradient, [a, b]) = elementwise::gradient(planes, &y, &dz, &kept)?;
        let of = Constants::Backward([kept.mean().to_vec(), a, b, k]);
        self.machine.norm = Some(Norm { a: self.tensors.a, of });
        self.gradient(self.tensors.y, &gradient.dgamma)?;
        self.gradient(self.tensors.z, &gradient.dbeta)
    }

    /// `bn-backward-apply`.
    pub(super) fn norm_backward_apply(&mut self) -> Result<(), ValueFault> {
        let (planes, y, dz) = (self.planes()?, self.a()?, self.b()?);
        let mut dy = vec![f16::ZERO; y.len()];
        match &self.machine.norm {
            Some(Norm { a, of: Constants::Backward([mean, of_a, b, k]) })
                if *a == self.tensors.a =>
            {
                let constants: [&[f32]; 4] = [mean, of_a, b, k];
                elementwise::apply_backward(planes, [&y, &dz], constants, &mut dy)?;
            }
            _ => return Err(self.no_channels("bn-backward-scale")),
        }
        self.x(&dy)
    }

    fn no_channels(&self, op: &str) -> ValueFault {
        let beat = self.tensors.a;
        format!("the channels of the tensor at {beat:#x} are not those of the last {op}").into()
    }

    /// Running means and variances.
    fn running(&self) -> Result<[Vec<f32>; NORM_RUNNING_WORDS], ValueFault> {
        let words = self.read_norm(self.parameters.running, NORM_RUNNING_WORDS)?;
        let (mean, var) = words.split_at(self.shape.channels as usize);
        Ok([mean, var].map(|words| words.iter().map(|&word| f32::from_bits(word)).collect()))
    }

    /// Writes what the backward pass needs.
    fn keep(&self, statistics: &BatchStatistics, k: &[f32]) -> Result<(), ValueFault> {
        let channels = k.len();
        let mut words = vec![0; NORM_KEPT_WORDS * channels];
        for channel in 0..channels {
            let (sum, special) = statistics.sums()[channel].to_words();
            for (word, value) in [
                (NORM_K, canonical(k[channel]).to_bits()),
                (NORM_INVERSE, statistics.inv()[channel].to_bits()),
                (NORM_MEAN, statistics.mean()[channel].to_bits()),
                (NORM_SUM_LOW, sum as u32),
                (NORM_SUM_HIGH, (sum >> 32) as u32),
                (NORM_SUM_SPECIAL, special),
            ] {
                words[word * channels + channel] = value;
            }
        }
        self.write_norm(self.tensors.c, NORM_KEPT_WORDS, &words)
    }

    /// What the forward pass kept, and `k`.
    fn kept(&self) -> Result<(BatchStatistics, Vec<f32>), ValueFault> {
        let channels = self.shape.channels as usize;
        let words = self.read_norm(self.tensors.c, NORM_KEPT_WORDS)?;
        let word = |word: usize| &words[word * channels..][..channels];
        let single = |at: usize| word(at).iter().map(|&bits| f32::from_bits(bits)).collect();
        let high = word(NORM_SUM_HIGH).iter().zip(word(NORM_SUM_SPECIAL));
        let sums = word(NORM_SUM_LOW).iter().zip(high).map(|(&low, (&high, &special))| {
            ExactSum::from_words(u64::from(high) << 32 | u64::from(low), special)
        });
        let statistics =
            BatchStatistics::from_parts(sums.collect(), single(NORM_MEAN), single(NORM_INVERSE));
        Ok((statistics, single(NORM_K)))
    }

    /// Reads `words` words of each channel, word by word.
    fn read_norm(&self, address: u32, words: usize) -> Result<Vec<u32>, ValueFault> {
        let channels = self.shape.channels as usize;
        let beats = norm_units(channels) * words;
        let read = read_words(self.machine.memory, at(address), beats * NORM_UNIT_CHANNELS)?;
        let mut values = Vec::with_capacity(words * channels);
        for word in 0..words {
            for channel in 0..channels {
                let (beat, value) = norm_place(words, channel, word);
                values.push(read[beat * NORM_UNIT_CHANNELS + value]);
            }
        }
        Ok(values)
    }

    /// Writes them, with zeros behind the last channel.
    fn write_norm(&self, address: u32, words: usize, values: &[u32]) -> Result<(), ValueFault> {
        let channels = self.shape.channels as usize;
        let mut written = vec![0; norm_units(channels) * words * NORM_UNIT_CHANNELS];
        for (index, &value) in values.iter().enumerate() {
            let (beat, at) = norm_place(words, index % channels, index / channels);
            written[beat * NORM_UNIT_CHANNELS + at] = value;
        }
        Ok(write_words(self.machine.memory, at(address), &written)?)
    }
}
