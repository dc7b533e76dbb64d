//! NumPy archives: reading files that nobody has checked, writing files that are whole or absent.
//!
//! A header can promise any shape. Before anything is allocated for it, the promise is compared with the bytes
//! that are there, and those with the size of the file, which a compressed stream exceeds by a known factor at most.

use crate::HostError;
use crate::files::{read_regular, write_atomically};
use npyz::npz::{self, NpzArchive};
use npyz::{AutoSerialize, DType, Endianness, NpyFile, NpyHeader, Order, TypeChar, WriterBuilder};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

/// Largest array that is read, in bytes.
const MAX_ARRAY_BYTES: u64 = 4 << 30;
/// DEFLATE makes at most about this many bytes from one.
const MAX_EXPANSION: u64 = 1100;
/// Longest array header that is looked at; NumPy's are about a hundred bytes.
const MAX_HEADER_BYTES: usize = 1 << 16;

/// Values of an array, by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum NpzValues {
    /// `u1`.
    Bytes(Vec<u8>),
    /// `f2`, `f4` or `f8`, as FP32 (`f8` rounded to nearest even).
    Floats(Vec<f32>),
    /// Any other integer type.
    Integers(Vec<i64>),
}

/// An array, in C order whatever the file's order was.
#[derive(Clone, Debug, PartialEq)]
pub struct NpzArray {
    /// Shape.
    pub shape: Vec<usize>,
    /// Type in the file, as NumPy writes it, such as `<f4`.
    pub dtype: String,
    /// Values.
    pub values: NpzValues,
}

impl NpzArray {
    /// True for `f2` and `f4`, whose values are the file's own.
    #[must_use]
    pub fn is_half_or_single(&self) -> bool {
        matches!(self.dtype.trim_matches(['\'', '<', '>', '=']), "f2" | "f4")
    }
}

/// An open archive.
#[derive(Debug)]
pub struct NpzReader {
    path: PathBuf,
    archive: Archive,
    file_bytes: u64,
}

struct Archive(NpzArchive<Cursor<Vec<u8>>>);

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Archive")
    }
}

impl NpzReader {
    /// Opens an archive.
    ///
    /// # Errors
    /// [`HostError::Io`] if it cannot be read, [`HostError::Data`] if it is not an archive.
    pub fn open(path: &Path) -> Result<Self, HostError> {
        let bytes = read_regular(path)?;
        let file_bytes = bytes.len() as u64;
        let archive = NpzArchive::new(Cursor::new(bytes)).map_err(|error| {
            HostError::data(path, format!("not a NumPy archive ({error}); accepted: .npz"))
        })?;
        Ok(Self { path: path.into(), archive: Archive(archive), file_bytes })
    }

    /// Names of the arrays, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.archive.0.array_names().map(String::from).collect();
        names.sort_unstable();
        names
    }

    /// The array of that name, if there is one.
    ///
    /// # Errors
    /// [`HostError::Data`] naming what is wrong with it: truncated, corrupt, a type or shape that is not accepted.
    pub fn read(&mut self, name: &str) -> Result<Option<NpzArray>, HostError> {
        if !self.names().iter().any(|known| known == name) {
            return Ok(None);
        }
        self.read_present(name).map(Some).map_err(|reason| self.refuse(name, &reason))
    }

    /// The shape of the array of that name, of any type, without its values; `None` if it is not there.
    ///
    /// # Errors
    /// [`HostError::Data`] if its header is broken.
    pub fn shape(&mut self, name: &str) -> Result<Option<Vec<usize>>, HostError> {
        if !self.names().iter().any(|known| known == name) {
            return Ok(None);
        }
        let read = |reader: &mut Self| {
            let zip = reader.archive.0.zip_archive();
            let entry = zip.by_name(&npz::file_name_from_array_name(name));
            let (_, header, _) = read_header(&mut entry.map_err(|error| error.to_string())?)?;
            shape_of(&header)
        };
        read(self).map(Some).map_err(|reason| self.refuse(name, &reason))
    }

    /// An error about the array of that name, with the file's.
    #[must_use]
    pub fn refuse(&self, name: &str, reason: &str) -> HostError {
        HostError::data(&self.path, format!("array {name:?} cannot be used: {reason}"))
    }

    fn read_present(&mut self, name: &str) -> Result<NpzArray, String> {
        let limit = MAX_ARRAY_BYTES.min(self.file_bytes.saturating_mul(MAX_EXPANSION));
        let zip = self.archive.0.zip_archive();
        let mut entry = zip
            .by_name(&npz::file_name_from_array_name(name))
            .map_err(|error| error.to_string())?;
        let (mut bytes, header, start) = read_header(&mut entry)?;
        let shape = shape_of(&header)?;
        let dtype = header.dtype().descr();
        let value_bytes = match header.dtype() {
            DType::Plain(kind) => kind.num_bytes(),
            _ => None,
        };
        // `check_header` bounds the product. No more is read than the header promises, and one byte, which shows whether
        // there is more and makes the archive check its checksum.
        let elements: u64 = header.shape().iter().product();
        let promised = elements.saturating_mul(value_bytes.unwrap_or(1) as u64);
        if promised > limit {
            return Err(format!(
                "its shape {shape:?} promises {promised} bytes; a file of {} holds at most {limit}",
                self.file_bytes
            ));
        }
        let left = (start as u64 + promised + 1).saturating_sub(bytes.len() as u64);
        entry.take(left).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        let file = NpyFile::new(&bytes[..]).map_err(|error| error.to_string())?;
        let order = file.order();
        let values = decode(file)?;
        let values = match order {
            Order::C => values,
            Order::Fortran => match values {
                NpzValues::Bytes(values) => NpzValues::Bytes(from_fortran(&shape, &values)),
                NpzValues::Floats(values) => NpzValues::Floats(from_fortran(&shape, &values)),
                NpzValues::Integers(values) => NpzValues::Integers(from_fortran(&shape, &values)),
            },
        };
        Ok(NpzArray { shape, dtype, values })
    }
}

/// Reads what comes before the values, and perhaps some of them, and parses it once it is checked. Returns what was read, the
/// header, and where in it the values start.
fn read_header(entry: &mut impl Read) -> Result<(Vec<u8>, NpyHeader, usize), String> {
    let mut bytes = Vec::new();
    let most = (12 + MAX_HEADER_BYTES) as u64;
    entry.take(most).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let start = check_header(&bytes)?;
    let header = NpyHeader::from_reader(&bytes[..]).map_err(|error| error.to_string())?;
    Ok((bytes, header, start))
}

fn shape_of(header: &NpyHeader) -> Result<Vec<usize>, String> {
    let sizes = header.shape().iter().map(|&size| usize::try_from(size));
    sizes.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// Checks the header's length and numbers before the parser multiplies them. Returns where the values start.
fn check_header(bytes: &[u8]) -> Result<usize, String> {
    let broken = || "its header is broken or truncated".to_string();
    let length = |range: std::ops::Range<usize>| {
        let digits = bytes.get(range)?;
        Some(digits.iter().rev().fold(0usize, |length, &byte| length << 8 | usize::from(byte)))
    };
    let (start, length) = match bytes.get(6) {
        Some(1) => (10, length(8..10)),
        Some(2 | 3) => (12, length(8..12)),
        _ => return Err(broken()),
    };
    let length = length.filter(|&length| length <= MAX_HEADER_BYTES).ok_or_else(broken)?;
    let text = bytes.get(start..start + length).ok_or_else(broken)?;
    let text = std::str::from_utf8(text).map_err(|_| broken())?;
    // Nested brackets would recurse in the parser; a plain array has one pair of each kind.
    if text.chars().filter(|c| "([{".contains(*c)).count() > 2 {
        return Err("its type or shape is nested; accepted: plain arrays".into());
    }
    // The product of all numbers, those in the type included, bounds every product of sizes.
    let mut product = 1u64;
    for number in text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()) {
        product = number
            .parse::<u64>()
            .ok()
            .and_then(|number| product.checked_mul(number.max(1)))
            .filter(|&product| product < 1 << 62)
            .ok_or_else(|| format!("its header promises too many values ({text:?})"))?;
    }
    Ok(start + length)
}

fn decode(file: NpyFile<&[u8]>) -> Result<NpzValues, String> {
    let accepted = "accepted: u1, f2, f4, f8 or an integer type, little-endian or big-endian";
    let DType::Plain(kind) = file.dtype() else {
        return Err(format!("structured values; {accepted}"));
    };
    let refuse = || Err(format!("values of type {kind}; {accepted}"));
    let Some(size) = kind.num_bytes() else { return refuse() };
    let given = file.clone().into_inner().len() as u64;
    if file.len().checked_mul(size as u64) != Some(given) {
        return Err(format!(
            "its shape {:?} needs {} values of {size} bytes, but it holds {given} bytes",
            file.shape(),
            file.len()
        ));
    }
    // Only the types that are read below may reach the reader; a big-endian byte does not exist.
    let big = kind.endianness() == Endianness::Big;
    let values = match (kind.type_char(), size) {
        (TypeChar::Uint, 1) => file.into_vec().map(NpzValues::Bytes),
        (TypeChar::Bool, 1) => file
            .into_vec::<bool>()
            .map(|values| NpzValues::Integers(values.into_iter().map(i64::from).collect())),
        (TypeChar::Float, 2) => {
            file.into_vec::<half::f16>().map(|values| floats(values, half::f16::to_f32))
        }
        (TypeChar::Float, 4) => file.into_vec().map(NpzValues::Floats),
        (TypeChar::Float, 8) => file.into_vec::<f64>().map(|values| floats(values, |v| v as f32)),
        (TypeChar::Int, 1) => file.into_vec::<i8>().map(integers),
        (TypeChar::Int, 2) => file.into_vec::<i16>().map(integers),
        (TypeChar::Int, 4) => file.into_vec::<i32>().map(integers),
        (TypeChar::Int, 8) => file.into_vec::<i64>().map(integers),
        (TypeChar::Uint, 2) => file.into_vec::<u16>().map(integers),
        (TypeChar::Uint, 4) => file.into_vec::<u32>().map(integers),
        (TypeChar::Uint, 8) => file.into_vec::<u64>().and_then(|values| {
            let values: Result<_, _> = values.into_iter().map(i64::try_from).collect();
            values.map(NpzValues::Integers).map_err(io::Error::other)
        }),
        _ => return refuse(),
    };
    values.map_err(|error| format!("{error}{}", if big { " (big-endian)" } else { "" }))
}

fn floats<T>(values: Vec<T>, convert: impl Fn(T) -> f32) -> NpzValues {
    NpzValues::Floats(values.into_iter().map(convert).collect())
}

fn integers<T: Into<i64>>(values: Vec<T>) -> NpzValues {
    NpzValues::Integers(values.into_iter().map(Into::into).collect())
}

/// The values of an array in Fortran order (first axis fastest), in C order (last axis fastest).
fn from_fortran<T: Copy>(shape: &[usize], values: &[T]) -> Vec<T> {
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let at: usize = index.iter().zip(&strides).map(|(index, stride)| index * stride).sum();
        out.push(values[at]);
        // Count up in C order.
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    out
}

/// Writes FP32 arrays, `(name, shape, values)`, to an archive at `path`, whole or not at all.
///
/// # Errors
/// [`HostError::Io`] if it cannot be written.
pub fn write_npz<'a>(
    path: &Path,
    arrays: impl IntoIterator<Item = (String, Vec<usize>, &'a [f32])>,
) -> Result<(), HostError> {
    write_atomically(path, |file| {
        let mut writer = npz::NpzWriter::new(io::BufWriter::new(file));
        for (name, shape, values) in arrays {
            let shape: Vec<u64> = shape.into_iter().map(|size| size as u64).collect();
            write_array(&mut writer, &name, &shape, values)?;
        }
        writer.zip_writer().finish().map_err(io::Error::other)?.into_inner()?;
        Ok(())
    })
}

/// Appends an array in C order to an archive, not compressed, as `numpy.savez` does. Equal arrays make equal archives.
///
/// # Errors
/// Those of the writer below.
pub fn write_array<W: io::Write + io::Seek, T: AutoSerialize>(
    writer: &mut npz::NpzWriter<W>,
    name: &str,
    shape: &[u64],
    values: &[T],
) -> io::Result<()> {
    // A file's date is that of its writing unless it is fixed.
    let options = zip::write::FileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    let mut array = writer.array(name, options)?.default_dtype().shape(shape).begin_nd()?;
    array.extend(values)?;
    array.finish()
}
