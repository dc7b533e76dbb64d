//! Labelled images: built in, made up, or read from files.
//!
//! | source | images | values | split |
//! |---|---|---|---|
//! | `digits` | 1 x 8 x 8, 10 classes | `(v / 16 - 0.3053) / 0.3760` | 1,437 / 360, fixed seed |
//! | `random` | as the network takes | uniform, variance 1 | 4 batches / 1 batch |
//! | `mnist:DIR` | IDX, grey, 10 classes | `(v / 255 - 0.1307) / 0.3081` | the files' |
//! | `cifar10:DIR`, `cifar100:DIR` | binary, 3 x 32 x 32 | `(v / 255 - mean) / deviation` per channel | the files' |
//! | `npz:FILE` | any | `u1`: `v / 255`; floats as they are | the file's, or 4 to 1 by a fixed seed |
//!
//! Values are computed in FP32 and rounded once to FP16.

mod cifar;
mod digits;
mod mnist;
mod npz;
mod samples;
mod source;

pub use samples::Samples;
pub use source::DataSource;

use crate::HostError;
use crate::network::Network;
use crate::random::{Purpose, Random};
use sha2::{Digest as _, Sha256};

/// Seed of the splits that are ours to make: fixed, so that accuracies can be compared between runs.
const SPLIT_SEED: u64 = 2023;

/// Training and test images of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    name: String,
    image: [usize; 3],
    classes: usize,
    train: Samples,
    test: Samples,
}

impl Dataset {
    fn new(
        name: impl Into<String>,
        image: [usize; 3],
        classes: usize,
        train: Samples,
        test: Samples,
    ) -> Self {
        Self { name: name.into(), image, classes, train, test }
    }

    /// The 8 x 8 digits that come with satkit.
    ///
    /// # Errors
    /// None with the file that is compiled in.
    pub fn digits() -> Result<Self, HostError> {
        digits::load()
    }

    /// Random images and labels that `network` takes: `train` and `test` of them, the same for one `seed`.
    /// They take no memory; each is made when it is used.
    #[must_use]
    pub fn random(network: &Network, train: usize, test: usize, seed: u64) -> Self {
        let (image, classes) = (network.input(), network.classes());
        let samples = |first, count| Samples::random(image, classes, first, count, seed);
        Self::new("random", image, classes, samples(0, train), samples(train, test))
    }

    /// Name, such as `digits`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Shape of an image, `[c, h, w]`.
    #[must_use]
    pub const fn image(&self) -> [usize; 3] {
        self.image
    }

    /// Classes: labels are below this.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Images to train on.
    #[must_use]
    pub const fn train(&self) -> &Samples {
        &self.train
    }

    /// Images to test with.
    #[must_use]
    pub const fn test(&self) -> &Samples {
        &self.test
    }

    /// Checks that `network` takes these images and tells these classes apart.
    ///
    /// # Errors
    /// [`HostError::Fit`] naming what disagrees.
    pub fn check_fits(&self, network: &Network) -> Result<(), HostError> {
        let refuse = |reason| {
            Err(HostError::Fit { data: self.name.clone(), network: network.name().into(), reason })
        };
        let words = |[c, h, w]: [usize; 3]| format!("{c} x {h} x {w}");
        if self.image != network.input() {
            return refuse(format!(
                "images of {} (channels, height, width); accepted: {}",
                words(self.image),
                words(network.input())
            ));
        }
        if self.classes > network.classes() {
            return refuse(format!(
                "{} classes; accepted: up to {}",
                self.classes,
                network.classes()
            ));
        }
        Ok(())
    }

    /// SHA-256 over shapes, values and labels, in hexadecimal: two datasets with one fingerprint train alike.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{:?} {}", self.image, self.classes));
        self.train.hash(&mut hash);
        self.test.hash(&mut hash);
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Splits `0..len` by the fixed seed; the first `train` indices are the training images.
fn split(len: usize, train: usize) -> (Vec<usize>, Vec<usize>) {
    let mut train_indices = Random::new(SPLIT_SEED, Purpose::Split).permutation(len);
    let test = train_indices.split_off(train.min(len));
    (train_indices, test)
}
