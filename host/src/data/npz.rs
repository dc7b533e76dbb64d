//! Images and labels in one NumPy archive.
//!
//! `x` (or `X`, `x_train`): `(n, c, h, w)`, or `(n, h, w)` for grey images. `y` (or `Y`, `labels`, `y_train`): `(n)`
//! integers from 0. With `x_test` and `y_test` these are the test images; without, a fifth of `x` is, chosen by a
//! fixed seed. `u1` values are divided by 255, FP values are taken as they are; both become FP16.

use super::samples::Normalisation;
use super::{Dataset, Samples, split};
use crate::HostError;
use crate::npz::{NpzArray, NpzReader, NpzValues};
use half::f16;
use std::path::Path;

/// The largest label that is accepted: no network has more classes.
const MAX_LABEL: i64 = (1 << 20) - 1;

/// The archive `path`.
pub(super) fn load(path: &Path) -> Result<Dataset, HostError> {
    let mut archive = Archive { path, reader: NpzReader::open(path)? };
    let (image, samples) =
        archive.samples(&["x", "X", "x_train"], &["y", "Y", "labels", "y_train"])?;
    let has_test = archive.reader.names().iter().any(|name| name == "x_test" || name == "y_test");
    let (train, test) = if has_test {
        let (test_image, test) = archive.samples(&["x_test"], &["y_test"])?;
        if test_image != image {
            return Err(archive.refuse(format!(
                "training images of {image:?} and test images of {test_image:?} (channels, height, width); accepted: \
                 one shape"
            )));
        }
        (samples, test)
    } else {
        let count = samples.len();
        if count < 2 {
            return Err(archive
                .refuse(format!("{count} image; accepted: at least 2, to train and to test")));
        }
        let (train, test) = split(count, count - (count / 5).max(1));
        (samples.select(&train), samples.select(&test))
    };
    let labels = train.labels().iter().chain(test.labels());
    let classes = labels.max().map_or(0, |&label| label as usize + 1);
    Ok(Dataset::new(format!("npz:{}", path.display()), image, classes, train, test))
}

struct Archive<'a> {
    path: &'a Path,
    reader: NpzReader,
}

impl Archive<'_> {
    fn refuse(&self, reason: String) -> HostError {
        HostError::data(self.path, reason)
    }

    /// The first of these arrays that is there.
    fn first(&mut self, names: &[&str]) -> Result<(String, NpzArray), HostError> {
        for name in names {
            if let Some(array) = self.reader.read(name)? {
                return Ok(((*name).into(), array));
            }
        }
        let given = self.reader.names().join(", ");
        Err(self.refuse(format!("arrays {given:?}; accepted: one named {}", names.join(" or "))))
    }

    fn samples(&mut self, x: &[&str], y: &[&str]) -> Result<([usize; 3], Samples), HostError> {
        let (x_name, x) = self.first(x)?;
        let (y_name, y) = self.first(y)?;
        let (count, image) = match x.shape[..] {
            [n, c, h, w] => (n, [c, h, w]),
            [n, h, w] => (n, [1, h, w]),
            _ => {
                return Err(self.refuse(format!(
                    "{x_name} of shape {:?}; accepted: (n, channels, height, width) or (n, height, width)",
                    x.shape
                )));
            }
        };
        if count == 0 || image.contains(&0) {
            let reason = format!("{x_name} of shape {:?}; accepted: sizes of at least 1", x.shape);
            return Err(self.refuse(reason));
        }
        let labels = self.labels(&y_name, &y, count)?;
        let samples = match x.values {
            NpzValues::Bytes(bytes) => {
                let channel = Normalisation { top: 255.0, mean: 0.0, deviation: 1.0 };
                Samples::bytes(image, bytes, labels, &vec![channel; image[0]])
            }
            NpzValues::Floats(values) => {
                let halves: Vec<f16> = values.iter().map(|&value| f16::from_f32(value)).collect();
                if let Some(at) = halves.iter().position(|value| !value.is_finite()) {
                    return Err(self.refuse(format!(
                        "{x_name} holds {} at position {at}; accepted: values of FP16, up to 65504",
                        values[at]
                    )));
                }
                Samples::halves(image, halves, labels)
            }
            NpzValues::Integers(_) => {
                return Err(
                    self.refuse(format!("{x_name} of integers; accepted: u1, f2, f4 or f8"))
                );
            }
        };
        Ok((image, samples))
    }

    fn labels(&self, name: &str, y: &NpzArray, count: usize) -> Result<Vec<u32>, HostError> {
        if y.shape != [count] && y.shape != [count, 1] {
            let reason =
                format!("{name} of shape {:?}; accepted: ({count}), one label per image", y.shape);
            return Err(self.refuse(reason));
        }
        let wide: Vec<i64> = match &y.values {
            NpzValues::Bytes(labels) => labels.iter().map(|&label| label.into()).collect(),
            NpzValues::Integers(labels) => labels.clone(),
            NpzValues::Floats(_) => {
                return Err(self.refuse(format!("{name} of floats; accepted: integers")));
            }
        };
        let label = |(at, label): (usize, i64)| match u32::try_from(label) {
            Ok(small) if label <= MAX_LABEL => Ok(small),
            _ => {
                let reason = format!("label {label} of image {at}; accepted: 0 to {MAX_LABEL}");
                Err(self.refuse(reason))
            }
        };
        wide.into_iter().enumerate().map(label).collect()
    }
}
