//! The UCI handwritten digits that come with satkit (`host/data/README.md`).

use super::samples::Normalisation;
use super::{Dataset, Samples, split};
use crate::HostError;
use std::path::Path;

const FILE: &str = include_str!("../../data/digits.csv");
const TRAIN: usize = 1437;
/// Mean and deviation of `v / 16` over all pixels.
const NORMALISATION: Normalisation = Normalisation { top: 16.0, mean: 0.3053, deviation: 0.3760 };

/// 1,797 images of 8 x 8 pixels with 17 grey levels: a label, then the pixels row by row.
pub(super) fn load() -> Result<Dataset, HostError> {
    let path = Path::new("host/data/digits.csv");
    let refuse = |reason: String| HostError::data(path, reason);
    let (mut bytes, mut labels) = (Vec::new(), Vec::new());
    for record in csv::Reader::from_reader(FILE.as_bytes()).into_deserialize() {
        let record: Vec<u8> = record.map_err(|error: csv::Error| refuse(error.to_string()))?;
        let [label @ 0..=9, pixels @ ..] = &record[..] else {
            return Err(refuse(format!("a record starts with {:?}", record.first())));
        };
        labels.push(u32::from(*label));
        bytes.extend_from_slice(pixels);
    }
    if bytes.len() != labels.len() * 64 || labels.len() <= TRAIN {
        return Err(refuse(format!("{} images, {} pixels", labels.len(), bytes.len())));
    }
    let (train, test) = split(labels.len(), TRAIN);
    let image = [1, 8, 8];
    let all = Samples::bytes(image, bytes, labels, &[NORMALISATION]);
    Ok(Dataset::new("digits", image, 10, all.select(&train), all.select(&test)))
}
