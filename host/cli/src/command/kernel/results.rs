//! Writing results to NumPy archives, whole or not at all.

use crate::{CliError, output};
use half::f16;
use npyz::npz::NpzWriter;
use satkit_host::npz::write_array;
use std::io;
use std::path::Path;

/// A result.
pub(super) struct Output {
    /// Name in the archive.
    pub(super) name: &'static str,
    /// Shape.
    pub(super) shape: Vec<usize>,
    /// Values in C order.
    pub(super) values: OutputValues,
}

/// Values of a result, by type.
pub(super) enum OutputValues {
    /// `u1`.
    Bytes(Vec<u8>),
    /// `f2`.
    Halves(Vec<f16>),
    /// `f4`.
    Singles(Vec<f32>),
}

/// Writes results to an archive as `numpy.savez` does, not compressed.
///
/// # Errors
/// [`CliError::Write`] naming the file.
pub(super) fn write(path: &Path, outputs: &[Output]) -> Result<(), CliError> {
    output::write_atomically(path, |file| {
        let mut writer = NpzWriter::new(io::BufWriter::new(file));
        for output in outputs {
            let shape: Vec<u64> = output.shape.iter().map(|&size| size as u64).collect();
            match &output.values {
                OutputValues::Bytes(values) => {
                    write_array(&mut writer, output.name, &shape, values)?
                }
                OutputValues::Halves(values) => {
                    write_array(&mut writer, output.name, &shape, values)?
                }
                OutputValues::Singles(values) => {
                    write_array(&mut writer, output.name, &shape, values)?
                }
            }
        }
        writer.zip_writer().finish().map_err(io::Error::other)?.into_inner()?;
        Ok(())
    })
}
