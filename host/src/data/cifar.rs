//! CIFAR-10 and CIFAR-100, binary version.
//!
//! A record is one label byte (CIFAR-100: coarse, then fine), then 3,072 pixels: 32 x 32 red, green, blue.

use super::samples::Normalisation;
use super::{Dataset, Samples};
use crate::HostError;
use crate::files::read_regular;
use std::path::{Path, PathBuf};

const IMAGE: [usize; 3] = [3, 32, 32];
const PIXELS: usize = 3072;

/// One of the two datasets.
struct Cifar {
    name: &'static str,
    /// Directory in the archive that is distributed.
    inner: &'static str,
    classes: u8,
    label_bytes: usize,
    /// Mean and deviation of the training pixels, red, green, blue.
    normalisation: [(f32, f32); 3],
}

const CIFAR10: Cifar = Cifar {
    name: "cifar10",
    inner: "cifar-10-batches-bin",
    classes: 10,
    label_bytes: 1,
    normalisation: [(0.4914, 0.2470), (0.4822, 0.2435), (0.4465, 0.2616)],
};

const CIFAR100: Cifar = Cifar {
    name: "cifar100",
    inner: "cifar-100-binary",
    classes: 100,
    label_bytes: 2,
    normalisation: [(0.5071, 0.2673), (0.4866, 0.2564), (0.4409, 0.2762)],
};

/// `data_batch_1.bin` and, as far as they are there, `_2` to `_5`; `test_batch.bin`.
pub(super) fn load10(directory: &Path) -> Result<Dataset, HostError> {
    let directory = CIFAR10.directory(directory);
    let batch = |number| directory.join(format!("data_batch_{number}.bin"));
    let mut files = vec![batch(1)];
    files.extend((2..=5).map(batch).take_while(|path| path.exists()));
    if let Some(stray) = (files.len() + 1..=5).map(batch).find(|path| path.exists()) {
        let reason =
            format!("without {}; accepted: batches from 1 on", batch(files.len() + 1).display());
        return Err(HostError::data(&stray, reason));
    }
    CIFAR10.load(&files, &directory.join("test_batch.bin"))
}

/// `train.bin` and `test.bin`; labels are the fine ones.
pub(super) fn load100(directory: &Path) -> Result<Dataset, HostError> {
    let directory = CIFAR100.directory(directory);
    CIFAR100.load(&[directory.join("train.bin")], &directory.join("test.bin"))
}

impl Cifar {
    fn directory(&self, given: &Path) -> PathBuf {
        let inner = given.join(self.inner);
        if inner.is_dir() { inner } else { given.into() }
    }

    fn load(&self, train: &[PathBuf], test: &Path) -> Result<Dataset, HostError> {
        let classes = usize::from(self.classes);
        let train = self.samples(train)?;
        let test = self.samples(&[test.into()])?;
        Ok(Dataset::new(self.name, IMAGE, classes, train, test))
    }

    fn samples(&self, files: &[PathBuf]) -> Result<Samples, HostError> {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for path in files {
            let bytes = read_regular(path)?;
            let record = self.label_bytes + PIXELS;
            if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
                let reason = format!(
                    "{} bytes; accepted: one or more records of {record} bytes ({} binary version)",
                    bytes.len(),
                    self.name
                );
                return Err(HostError::data(path, reason));
            }
            for (at, record) in bytes.chunks_exact(record).enumerate() {
                let label = record[self.label_bytes - 1];
                if label >= self.classes {
                    let reason =
                        format!("label {label} of image {at}; accepted: 0 to {}", self.classes - 1);
                    return Err(HostError::data(path, reason));
                }
                labels.push(u32::from(label));
                pixels.extend_from_slice(&record[self.label_bytes..]);
            }
        }
        let channels = self.normalisation.map(|(mean, deviation)| Normalisation {
            top: 255.0,
            mean,
            deviation,
        });
        Ok(Samples::bytes(IMAGE, pixels, labels, &channels))
    }
}
