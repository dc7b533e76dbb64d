//! MNIST and its like: IDX files, uncompressed.
//!
//! Big-endian: two zero bytes, a type (8: unsigned byte), the number of axes, a 32-bit size for each axis, then
//! the values. Images have three axes (count, rows, columns), labels one.

use super::samples::Normalisation;
use super::{Dataset, Samples};
use crate::HostError;
use crate::files::read_regular;
use std::path::{Path, PathBuf};

/// Mean and deviation of MNIST's training pixels.
const NORMALISATION: Normalisation = Normalisation { top: 255.0, mean: 0.1307, deviation: 0.3081 };
const CLASSES: u32 = 10;

/// The four files of `directory`.
pub(super) fn load(directory: &Path) -> Result<Dataset, HostError> {
    let (image, train) = half(directory, "train")?;
    let (test_image, test) = half(directory, "t10k")?;
    if image != test_image {
        let reason = format!("training images of {image:?} and test images of {test_image:?}");
        return Err(HostError::data(
            directory,
            reason + " (1, rows, columns); accepted: one shape",
        ));
    }
    Ok(Dataset::new("mnist", image, CLASSES as usize, train, test))
}

fn half(directory: &Path, prefix: &str) -> Result<([usize; 3], Samples), HostError> {
    let images_path = find(directory, &format!("{prefix}-images"), "idx3-ubyte")?;
    let labels_path = find(directory, &format!("{prefix}-labels"), "idx1-ubyte")?;
    let ([count, rows, columns], pixels) = read_idx::<3>(&images_path)?;
    let ([labelled], labels) = read_idx::<1>(&labels_path)?;
    if count != labelled {
        let reason =
            format!("{labelled} labels for the {count} images of {}", images_path.display());
        return Err(HostError::data(&labels_path, reason));
    }
    if count == 0 || rows == 0 || columns == 0 {
        let reason = format!("{count} images of {rows} x {columns}; accepted: at least 1");
        return Err(HostError::data(&images_path, reason));
    }
    let labels: Vec<u32> = labels.into_iter().map(u32::from).collect();
    if let Some(at) = labels.iter().position(|&label| label >= CLASSES) {
        let reason = format!("label {} of image {at}; accepted: 0 to 9", labels[at]);
        return Err(HostError::data(&labels_path, reason));
    }
    let image = [1, rows, columns];
    Ok((image, Samples::bytes(image, pixels, labels, &[NORMALISATION])))
}

/// `NAME-KIND` or `NAME.KIND`: both spellings are in use.
fn find(directory: &Path, name: &str, kind: &str) -> Result<PathBuf, HostError> {
    let paths = [format!("{name}-{kind}"), format!("{name}.{kind}")].map(|n| directory.join(n));
    if let Some(path) = paths.iter().find(|path| path.exists()) {
        return Ok(path.clone());
    }
    let packed = directory.join(format!("{name}-{kind}.gz"));
    let reason = if packed.exists() {
        format!("it is compressed; unpack it first: gunzip -k {}", packed.display())
    } else {
        "no such file; accepted: a directory with the four IDX files of MNIST, train-images-idx3-ubyte, \
         train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte"
            .into()
    };
    Err(HostError::data(&paths[0], reason))
}

/// Sizes and values of an IDX file of unsigned bytes with `AXES` axes.
fn read_idx<const AXES: usize>(path: &Path) -> Result<([usize; AXES], Vec<u8>), HostError> {
    let mut bytes = read_regular(path)?;
    let refuse = |reason: String| Err(HostError::data(path, reason));
    let word = |index: usize| {
        let word = bytes.get(4 * index..4 * index + 4)?;
        Some(u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
    };
    let expected = 0x0800 | AXES as u32;
    match word(0) {
        Some(magic) if magic == expected => {}
        Some(magic) => {
            return refuse(format!(
                "starts with {magic:#010x}; accepted: {expected:#010x}, an IDX file of bytes with {AXES} axes"
            ));
        }
        None => return refuse(format!("{} bytes, shorter than an IDX header", bytes.len())),
    }
    let mut sizes = [0; AXES];
    for (axis, size) in sizes.iter_mut().enumerate() {
        match word(axis + 1) {
            Some(value) => *size = value as usize,
            None => return refuse(format!("{} bytes, shorter than its header", bytes.len())),
        }
    }
    let header = 4 * (AXES + 1);
    let promised = sizes.iter().try_fold(1u64, |product, &size| product.checked_mul(size as u64));
    let held = (bytes.len() - header) as u64;
    if promised != Some(held) {
        let reason = format!(
            "its header promises values of shape {sizes:?}, but it holds {held} bytes of them"
        );
        return refuse(reason + "; it is truncated or corrupt");
    }
    bytes.drain(..header);
    Ok((sizes, bytes))
}
