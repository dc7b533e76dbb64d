//! SHA-256 of files, in pieces: a bitstream need not fit into memory twice.

use super::BitstreamError;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 1 << 16;

/// Size and hash of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Size and hash of the regular file at `path`, which may have `limit` bytes.
///
/// # Errors
/// [`BitstreamError::Read`], [`BitstreamError::NotAFile`], [`BitstreamError::TooLarge`], also if it grows past `limit` meanwhile.
pub fn digest(path: &Path, limit: u64) -> Result<Digest, BitstreamError> {
    let mut file = open(path, limit)?;
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE_BYTES]);
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(Digest { bytes, sha256: hexadecimal(&hash.finalize()) }),
            Ok(count) => {
                bytes += count as u64;
                if bytes > limit {
                    return Err(BitstreamError::TooLarge { path: path.into(), bytes, limit });
                }
                hash.update(&piece[..count]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(source) => return Err(BitstreamError::Read { path: path.into(), source }),
        }
    }
}

/// Opens a regular file of at most `limit` bytes. It is looked at before it is opened: opening a pipe would wait.
pub(super) fn open(path: &Path, limit: u64) -> Result<File, BitstreamError> {
    let failed = |source| BitstreamError::Read { path: path.into(), source };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(BitstreamError::NotAFile { path: path.into() });
    }
    let bytes = metadata.len();
    if bytes > limit {
        return Err(BitstreamError::TooLarge { path: path.into(), bytes, limit });
    }
    File::open(path).map_err(failed)
}

/// SHA-256 of `bytes` in hexadecimal.
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
