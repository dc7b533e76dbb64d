//! Transfers in pieces that the driver takes, and what its error numbers mean.

use rustix::io::Errno;
use satkit_transport::{CardError, CardResult, Direction};
use std::io;
use std::ops::Range;

/// Bytes of one system call. The driver moves at most 0x7fff_f000; less keeps a transfer below its 10 s time-out.
pub(super) const CHUNK_BYTES: usize = 64 << 20;
/// Interruptions in a row, without a byte moved, after which a call is given up.
const MOST_INTERRUPTIONS: u32 = 1000;
/// `ERESTARTSYS`, which the kernel keeps to itself; old versions of the driver return it when a signal ends a wait.
const ERESTARTSYS: i32 = 512;

/// Repeats a call that a signal has interrupted.
pub(super) fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..MOST_INTERRUPTIONS {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
    call()
}

/// Moves `bytes` bytes at `address`: `step` moves a part of the buffer and says how far it came.
pub(super) fn run(
    direction: Direction,
    address: u64,
    bytes: usize,
    mut step: impl FnMut(Range<usize>) -> io::Result<usize>,
) -> CardResult<()> {
    let mut done = 0;
    while done < bytes {
        // Pieces end at multiples of their size, so that they stay aligned after a short count.
        let end = bytes.min((done / CHUNK_BYTES + 1) * CHUNK_BYTES);
        match uninterrupted(|| step(done..end)) {
            Ok(moved) if (1..=end - done).contains(&moved) => done += moved,
            // Nothing moved: asking again could go on for ever.
            Ok(_) => return Err(short(direction, address, done, bytes)),
            Err(error) => return Err(transfer_error(error, direction, address, done, bytes)),
        }
    }
    Ok(())
}

fn short(direction: Direction, address: u64, done: usize, bytes: usize) -> CardError {
    CardError::ShortTransfer { direction, address, done: done as u64, bytes: bytes as u64 }
}

/// What the driver's error says of a transfer that had moved `done` of `bytes` bytes.
fn transfer_error(
    error: io::Error,
    direction: Direction,
    address: u64,
    done: usize,
    bytes: usize,
) -> CardError {
    let operation = match direction {
        Direction::HostToCard => "h2c",
        Direction::CardToHost => "c2h",
    };
    if let Some(lost) = lost(&error, operation) {
        return lost;
    }
    match Errno::from_io_error(&error) {
        Some(Errno::TIMEDOUT) => CardError::Timeout { operation, address, done: done as u64 },
        Some(Errno::IO) => CardError::Axi { direction, address, done: done as u64 },
        // The driver has stopped the engine half-way because of a signal; the card is well.
        _ if error.raw_os_error() == Some(ERESTARTSYS) => short(direction, address, done, bytes),
        _ => CardError::Io { what: format!("{direction} at {address:#x}"), source: error },
    }
}

/// What the driver's error says of a register.
pub(super) fn register_error(
    error: io::Error,
    what: &'static str,
    offset: u32,
    name: &str,
) -> CardError {
    if let Some(lost) = lost(&error, name) {
        return lost;
    }
    match Errno::from_io_error(&error) {
        Some(Errno::TIMEDOUT) => {
            CardError::Timeout { operation: what, address: offset.into(), done: 0 }
        }
        _ => {
            CardError::Io { what: format!("{what} register {offset:#x} of {name}"), source: error }
        }
    }
}

/// [`CardError::DeviceLost`] if the error means that nobody is there any more.
pub(super) fn lost(error: &io::Error, name: &str) -> Option<CardError> {
    let reason = match Errno::from_io_error(error)? {
        // The driver answers so while the device is offline: after a fatal PCIe error, and during a reset.
        Errno::BUSY => "the driver has taken it offline",
        Errno::NODEV | Errno::NXIO => "the driver has no device behind the file",
        // How the kernel answers for a FUSE server that is gone, during a request and after it.
        Errno::NOTCONN | Errno::CONNABORTED => "the virtual card's server is gone",
        _ => return None,
    };
    Some(CardError::DeviceLost { reason: format!("{name}: {reason}") })
}
