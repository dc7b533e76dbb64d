//! Files: read whole, written whole or not at all.

use crate::HostError;
use crate::error::READ;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Largest file that is read into memory.
const MAX_FILE_BYTES: u64 = 4 << 30;

/// Reads a regular file of at most 4 GiB.
pub(crate) fn read_regular(path: &Path) -> Result<Vec<u8>, HostError> {
    let metadata = std::fs::metadata(path).map_err(HostError::io(READ, path))?;
    if !metadata.is_file() {
        return Err(HostError::data(path, "not a regular file; accepted: a file"));
    }
    let bytes = metadata.len();
    if bytes > MAX_FILE_BYTES {
        let reason = format!("{bytes} bytes; accepted: up to {MAX_FILE_BYTES}");
        return Err(HostError::data(path, reason));
    }
    let mut contents = Vec::with_capacity(bytes as usize);
    // A file that grows while it is read is not read further than it was.
    File::open(path)
        .and_then(|file| file.take(bytes).read_to_end(&mut contents))
        .map_err(HostError::io(READ, path))?;
    Ok(contents)
}

/// Writes a file beside `path`, syncs it and renames it to `path`, so that `path` is the old file or the new one,
/// never a part of either, even after a crash.
pub(crate) fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), HostError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let attempt = || -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".satkit-").tempfile_in(directory)?;
        write(file.as_file_mut())?;
        set_default_permissions(file.as_file())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The rename itself is durable once the directory is.
        #[cfg(unix)]
        File::open(directory)?.sync_all()?;
        Ok(())
    };
    attempt().map_err(HostError::io("write", path))
}

/// A temporary file is private to its owner; a result is not.
#[cfg(unix)]
fn set_default_permissions(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_default_permissions(_: &File) -> io::Result<()> {
    Ok(())
}
