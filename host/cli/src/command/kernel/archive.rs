//! Operands from a NumPy archive.

use half::f16;
use satkit_host::HostError;
use satkit_host::npz::{NpzReader, NpzValues};
use satkit_sim::number::to_f16;
use std::path::Path;

/// Most elements of an array, in a file or computed: 1 GiB of FP32.
pub(super) const MAX_ELEMENTS: usize = 1 << 28;

/// An open archive of input arrays. Arrays that nobody asks for are never looked at.
pub(super) struct Archive(NpzReader);

/// An input array in C order. FP16 is widened, which is exact.
pub(super) struct Array {
    /// Shape.
    pub(super) shape: Vec<usize>,
    values: Vec<f32>,
}

impl Array {
    /// The values as operands: FP32 rounded to FP16, nearest even; NaNs canonical.
    pub(super) fn into_halves(self) -> Vec<f16> {
        self.values.into_iter().map(to_f16).collect()
    }

    /// The values as FP32.
    pub(super) fn into_singles(self) -> Vec<f32> {
        self.values
    }
}

impl Archive {
    /// Opens an archive.
    ///
    /// # Errors
    /// Those of [`NpzReader::open`].
    pub(super) fn open(path: &Path) -> Result<Self, HostError> {
        NpzReader::open(path).map(Self)
    }

    /// The array `name`.
    ///
    /// # Errors
    /// [`HostError::Data`] if it is absent, not of FP16 or FP32, too large, or anything is wrong with it.
    pub(super) fn array(&mut self, name: &str) -> Result<Array, HostError> {
        let elements = match self.0.shape(name)? {
            Some(shape) => shape.iter().product::<usize>(),
            None => return Err(self.missing(name)),
        };
        if elements > MAX_ELEMENTS {
            let reason = format!("{elements} elements; accepted: up to {MAX_ELEMENTS}");
            return Err(self.refuse(name, &reason));
        }
        let Some(array) = self.0.read(name)? else { return Err(self.missing(name)) };
        match array.values {
            NpzValues::Floats(values) if array.is_half_or_single() => {
                Ok(Array { shape: array.shape, values })
            }
            _ => {
                let dtype = &array.dtype;
                let reason = format!("values of type {dtype}; accepted: float16 or float32");
                Err(self.refuse(name, &reason))
            }
        }
    }

    /// The shape of the array `name`, of any type, without its values; `None` if it is absent.
    ///
    /// # Errors
    /// [`HostError::Data`] if its header is broken.
    pub(super) fn shape(&mut self, name: &str) -> Result<Option<Vec<usize>>, HostError> {
        self.0.shape(name)
    }

    /// An error about the array `name`.
    pub(super) fn refuse(&self, name: &str, reason: &str) -> HostError {
        self.0.refuse(name, reason)
    }

    fn missing(&self, name: &str) -> HostError {
        let names = self.0.names();
        let there = if names.is_empty() {
            "the file has none".into()
        } else {
            format!("the file has {names:?}")
        };
        self.refuse(name, &format!("it is missing; {there}"))
    }
}
