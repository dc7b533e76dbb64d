//! Reading NumPy archives that nobody has checked.
//!
//! A header can promise any shape, and a compressed stream can be a thousand times its size. So the header is checked
//! before the parser multiplies its numbers, and no more is read than it promises, up to a limit.

use crate::CliError;
use half::f16;
use ndarray::{ArrayD, IxDyn, ShapeBuilder as _};
use npyz::npz::{self, NpzArchive};
use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Most elements of an array, in a file or computed: 1 GiB of FP32.
pub(super) const MAX_ELEMENTS: usize = 1 << 28;
/// Longest header text that is looked at; NumPy's have about a hundred bytes.
const MAX_HEADER_BYTES: usize = 1 << 16;
/// Magic, version and the longest form of the header's length.
const PREAMBLE_BYTES: usize = 12;

/// An open archive of input arrays. Arrays that nobody asks for are never looked at.
pub(super) struct Archive {
    path: PathBuf,
    zip: NpzArchive<BufReader<File>>,
}

/// An input array in C order.
pub(super) struct Array {
    /// Shape.
    pub(super) shape: Vec<usize>,
    values: Values,
}

enum Values {
    Half(Vec<f16>),
    Single(Vec<f32>),
}

impl Array {
    /// The values as operands: FP32 rounded to FP16, nearest even; NaNs canonical.
    pub(super) fn into_halves(self) -> Vec<f16> {
        let mut halves = match self.values {
            Values::Half(values) => values,
            Values::Single(values) => values.into_iter().map(f16::from_f32).collect(),
        };
        halves.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = f16::NAN);
        halves
    }

    /// The values as FP32; FP16 is widened exactly.
    pub(super) fn into_singles(self) -> Vec<f32> {
        match self.values {
            Values::Half(values) => values.into_iter().map(f16::to_f32).collect(),
            Values::Single(values) => values,
        }
    }
}

impl Archive {
    /// Opens an archive.
    ///
    /// # Errors
    /// [`CliError::Input`] if it is no file, cannot be read, or is no archive.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let refuse = |reason: String| CliError::Input { path: path.into(), reason };
        let metadata = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?;
        if !metadata.is_file() {
            return Err(refuse("it is no regular file; accepted: a NumPy archive (.npz)".into()));
        }
        let zip = NpzArchive::open(path).map_err(|error| {
            refuse(format!("it is no NumPy archive ({error}); accepted: .npz from numpy.savez"))
        })?;
        Ok(Self { path: path.into(), zip })
    }

    /// The array `name`.
    ///
    /// # Errors
    /// [`CliError::Input`] if it is absent or anything is wrong with it.
    pub(super) fn array(&mut self, name: &str) -> Result<Array, CliError> {
        self.require(name)?;
        self.read(name).map_err(|reason| self.refuse(name, &reason))
    }

    /// The shape of the array `name`, of any type, without its values; `None` if it is absent.
    ///
    /// # Errors
    /// [`CliError::Input`] if its header is broken.
    pub(super) fn shape(&mut self, name: &str) -> Result<Option<Vec<usize>>, CliError> {
        if !self.has(name) {
            return Ok(None);
        }
        let header = self.header(name).map_err(|reason| self.refuse(name, &reason))?;
        Ok(Some(header.shape))
    }

    /// An error about the array `name`.
    pub(super) fn refuse(&self, name: &str, reason: &str) -> CliError {
        CliError::Input { path: self.path.clone(), reason: format!("array {name:?}: {reason}") }
    }

    fn has(&self, name: &str) -> bool {
        self.zip.array_names().any(|known| known == name)
    }

    fn require(&self, name: &str) -> Result<(), CliError> {
        if self.has(name) {
            return Ok(());
        }
        let mut names: Vec<&str> = self.zip.array_names().collect();
        names.sort_unstable();
        let there = if names.is_empty() {
            "the file has none".into()
        } else {
            format!("the file has {names:?}")
        };
        Err(self.refuse(name, &format!("it is missing; {there}")))
    }

    fn header(&mut self, name: &str) -> Result<Header, String> {
        let file = self.zip.zip_archive().by_name(&npz::file_name_from_array_name(name));
        Header::read(&mut file.map_err(|error| error.to_string())?)
    }

    fn read(&mut self, name: &str) -> Result<Array, String> {
        let file = self.zip.zip_archive().by_name(&npz::file_name_from_array_name(name));
        let mut file = file.map_err(|error| error.to_string())?;
        let header = Header::read(&mut file)?;
        let bytes = header.check()?;
        let mut data = Vec::new();
        // One byte more shows whether there is more, and makes the archive check its checksum.
        file.take(bytes as u64 + 1).read_to_end(&mut data).map_err(|error| error.to_string())?;
        if data.len() != bytes {
            let more = if data.len() > bytes { "more" } else { "fewer" };
            return Err(format!("{more} bytes than its shape {:?} needs", header.shape));
        }
        Ok(header.decode(&data))
    }
}

/// What an array's header says.
struct Header {
    shape: Vec<usize>,
    order: Order,
    dtype: DType,
}

impl Header {
    /// Reads a header, refusing what its parser should not see.
    fn read(file: &mut impl Read) -> Result<Self, String> {
        let broken = |_| "its header is truncated or corrupt".to_string();
        let mut text = vec![0; PREAMBLE_BYTES];
        file.read_exact(&mut text).map_err(broken)?;
        let (start, length) = match text[6] {
            1 => (10, u32::from(u16::from_le_bytes([text[8], text[9]]))),
            2 | 3 => (12, u32::from_le_bytes([text[8], text[9], text[10], text[11]])),
            version => return Err(format!("npy format {version}; accepted: 1, 2 or 3")),
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if !(PREAMBLE_BYTES - start..=MAX_HEADER_BYTES).contains(&length) {
            return Err(format!("a header of {length} bytes; accepted: up to {MAX_HEADER_BYTES}"));
        }
        text.resize(start + length, 0);
        file.read_exact(&mut text[PREAMBLE_BYTES..]).map_err(broken)?;
        check_text(&text[start..])?;
        let header = NpyHeader::from_reader(&text[..]).map_err(|error| error.to_string())?;
        let shape = header.shape().iter().map(|&size| usize::try_from(size).ok());
        let shape: Option<Vec<usize>> = shape.collect();
        Ok(Self {
            shape: shape.ok_or("its sizes are too large")?,
            order: header.order(),
            dtype: header.dtype(),
        })
    }

    /// Checks type and size; returns the bytes of the values.
    fn check(&self) -> Result<usize, String> {
        let size = match self.kind() {
            Some((TypeChar::Float, size @ (2 | 4), _)) => size,
            _ => {
                let given = self.dtype.descr();
                return Err(format!("values of type {given}; accepted: float16 or float32"));
            }
        };
        // `check_text` bounds the product.
        let elements: usize = self.shape.iter().product();
        if elements > MAX_ELEMENTS {
            return Err(format!("{elements} elements; accepted: up to {MAX_ELEMENTS}"));
        }
        Ok(elements * size)
    }

    fn kind(&self) -> Option<(TypeChar, usize, Endianness)> {
        match &self.dtype {
            DType::Plain(kind) => Some((kind.type_char(), kind.num_bytes()?, kind.endianness())),
            _ => None,
        }
    }

    /// The values, in C order. `data` has the length that [`Header::check`] gave.
    fn decode(self, data: &[u8]) -> Array {
        let (size, big) = match self.kind() {
            Some((_, size, endianness)) => (size, endianness == Endianness::Big),
            None => (4, false),
        };
        let values = if size == 2 {
            let values = data.chunks_exact(2).map(|bytes| {
                let bytes = [bytes[0], bytes[1]];
                if big { f16::from_be_bytes(bytes) } else { f16::from_le_bytes(bytes) }
            });
            Values::Half(in_c_order(&self.shape, self.order, values.collect()))
        } else {
            let values = data.chunks_exact(4).map(|bytes| {
                let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
                if big { f32::from_be_bytes(bytes) } else { f32::from_le_bytes(bytes) }
            });
            Values::Single(in_c_order(&self.shape, self.order, values.collect()))
        };
        Array { shape: self.shape, values }
    }
}

/// Checks a header's text before the parser recurses into its brackets and multiplies its numbers.
fn check_text(text: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(text).map_err(|_| "its header is corrupt")?;
    if text.chars().filter(|c| "([{".contains(*c)).count() > 2 {
        return Err("its type or shape is nested; accepted: plain arrays".into());
    }
    // All numbers together, those of the type included, so that no product of some can overflow.
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
    let product = numbers.map(|number| number.parse::<u64>().ok()).try_fold(1u64, |product, n| {
        product.checked_mul(n?.max(1)).filter(|&product| product < 1 << 62)
    });
    match product {
        Some(_) => Ok(()),
        None => Err("its header promises more values than any file holds".into()),
    }
}

fn in_c_order<T: Copy>(shape: &[usize], order: Order, values: Vec<T>) -> Vec<T> {
    match order {
        Order::C => values,
        Order::Fortran => match ArrayD::from_shape_vec(IxDyn(shape).f(), values) {
            Ok(array) => array.iter().copied().collect(),
            // The lengths agree by `Header::check`.
            Err(_) => Vec::new(),
        },
    }
}
