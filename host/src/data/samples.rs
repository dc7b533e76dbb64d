//! Images with labels, and batches of them.

use crate::HostError;
use crate::backend::Tensor;
use crate::random::{Purpose, Random};
use half::f16;
use ndarray::{ArrayD, IxDyn};
use sha2::{Digest as _, Sha256};

/// Labelled images of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    image: [usize; 3],
    images: Images,
    labels: Vec<u32>,
}

/// Where pixels come from.
#[derive(Clone, Debug, PartialEq)]
enum Images {
    /// Raw bytes, one image after the other, and the FP16 value of each byte in each channel.
    Bytes { bytes: Vec<u8>, values: Vec<[f16; 256]> },
    /// FP16 values, one image after the other.
    Halves(Vec<f16>),
    /// Made when used, from a seed and the index of the first sample.
    Random { seed: u64, first: usize },
}

/// Mean and deviation by which a channel is normalised: `(v / top - mean) / deviation`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Normalisation {
    pub(super) top: f32,
    pub(super) mean: f32,
    pub(super) deviation: f32,
}

impl Normalisation {
    /// The FP16 value of each byte.
    fn table(self) -> [f16; 256] {
        std::array::from_fn(|byte| {
            f16::from_f32((byte as f32 / self.top - self.mean) / self.deviation)
        })
    }
}

impl Samples {
    /// Images of bytes, `labels.len()` of them, normalised per channel.
    pub(super) fn bytes(
        image: [usize; 3],
        bytes: Vec<u8>,
        labels: Vec<u32>,
        channels: &[Normalisation],
    ) -> Self {
        let values = channels.iter().map(|channel| channel.table()).collect();
        Self { image, images: Images::Bytes { bytes, values }, labels }
    }

    /// Images of FP16 values.
    pub(super) fn halves(image: [usize; 3], values: Vec<f16>, labels: Vec<u32>) -> Self {
        Self { image, images: Images::Halves(values), labels }
    }

    /// Random images and labels, numbered from `first`.
    pub(super) fn random(
        image: [usize; 3],
        classes: usize,
        first: usize,
        count: usize,
        seed: u64,
    ) -> Self {
        let label = |index| {
            let mut random = Random::new(seed, Purpose::Sample(index));
            random.below(classes as u64) as u32
        };
        let labels = (first..first + count).map(label).collect();
        Self { image, images: Images::Random { seed, first }, labels }
    }

    /// Number of images.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.labels.len()
    }

    /// True if there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Labels of all images.
    #[must_use]
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The images of these indices, FP16 `(n, c, h, w)`, and their labels.
    ///
    /// # Errors
    /// [`HostError::Setting`] if an index is not below the number of images.
    pub fn batch(&self, indices: &[usize]) -> Result<(Tensor, Vec<u32>), HostError> {
        let pixels: usize = self.image.iter().product();
        let mut values = Vec::with_capacity(indices.len() * pixels);
        let mut labels = Vec::with_capacity(indices.len());
        for &index in indices {
            let Some(&label) = self.labels.get(index) else {
                return Err(HostError::setting("image", index, format!("below {}", self.len())));
            };
            labels.push(label);
            self.push_image(index, pixels, &mut values);
        }
        let [c, h, w] = self.image;
        let shape = IxDyn(&[indices.len(), c, h, w]);
        let images = ArrayD::from_shape_vec(shape, values).map_err(|error| {
            HostError::setting("image shape", error, "one that its pixels fill")
        })?;
        Ok((images, labels))
    }

    fn push_image(&self, index: usize, pixels: usize, out: &mut Vec<f16>) {
        let range = index * pixels..(index + 1) * pixels;
        match &self.images {
            Images::Bytes { bytes, values } => {
                let plane = pixels / self.image[0];
                for (plane, values) in bytes[range].chunks_exact(plane).zip(values) {
                    out.extend(plane.iter().map(|&byte| values[usize::from(byte)]));
                }
            }
            Images::Halves(values) => out.extend_from_slice(&values[range]),
            Images::Random { seed, first } => {
                let mut random = Random::new(*seed, Purpose::Sample(first + index));
                // The label takes the first number of the sequence.
                random.below(1);
                let deviation = 3.0_f32.sqrt();
                out.extend((0..pixels).map(|_| f16::from_f32(random.symmetric() * deviation)));
            }
        }
    }

    /// The images of these indices as a set of their own.
    pub(super) fn select(&self, indices: &[usize]) -> Self {
        let pixels: usize = self.image.iter().product();
        let labels = indices.iter().map(|&index| self.labels[index]).collect();
        let range = |index: usize| index * pixels..(index + 1) * pixels;
        let images = match &self.images {
            Images::Bytes { bytes, values } => Images::Bytes {
                bytes: indices.iter().flat_map(|&index| &bytes[range(index)]).copied().collect(),
                values: values.clone(),
            },
            _ => {
                let mut values = Vec::with_capacity(indices.len() * pixels);
                for &index in indices {
                    self.push_image(index, pixels, &mut values);
                }
                Images::Halves(values)
            }
        };
        Self { image: self.image, images, labels }
    }

    pub(super) fn hash(&self, hash: &mut Sha256) {
        hash.update((self.len() as u64).to_le_bytes());
        for label in &self.labels {
            hash.update(label.to_le_bytes());
        }
        let half_bytes = |values: &[f16]| -> Vec<u8> {
            values.iter().flat_map(|value| value.to_bits().to_le_bytes()).collect()
        };
        match &self.images {
            Images::Bytes { bytes, values } => {
                for values in values {
                    hash.update(half_bytes(values));
                }
                hash.update(bytes);
            }
            Images::Halves(values) => hash.update(half_bytes(values)),
            Images::Random { seed, first } => hash.update(format!("random {seed} {first}")),
        }
    }
}
