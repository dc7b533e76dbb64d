//! Large scratch buffers, aligned to cache lines and used again.
//!
//! A fresh allocation of some megabytes costs a page fault per 4 KiB, which is a few per cent of a whole layer's time.
//! Dropped buffers go to a small process-wide shelf, so memory stays flat over the steps of a training run.

use std::{
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
};

/// One cache line; its alignment is the buffers' alignment.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u32; 16]);

/// Dropped buffers kept for the next user. More than these are freed.
const SHELF_LEN: usize = 16;

/// Buffers above this size are freed at once when dropped.
const SHELF_MAX_BYTES: usize = 256 << 20;

static SHELF: Mutex<Vec<Vec<Line>>> = Mutex::new(Vec::new());

/// Types that a [`Buffer`] may hold.
///
/// # Safety
/// Any bits are a value, there is no padding, and alignment is at most 64 bytes.
pub(crate) unsafe trait Plain: Copy + Send + Sync {}
// SAFETY: any bits are a value of these numbers.
unsafe impl Plain for u16 {}
// SAFETY: as above.
unsafe impl Plain for f32 {}

/// `len` values of `T`, aligned to 64 bytes. The contents are unspecified but initialised.
pub(crate) struct Buffer<T: Plain> {
    lines: Vec<Line>,
    len: usize,
    values: PhantomData<T>,
}

impl<T: Plain> Buffer<T> {
    /// A buffer of `len` values of unspecified contents.
    pub(crate) fn take(len: usize) -> Self {
        let needed = (len * size_of::<T>()).div_ceil(size_of::<Line>());
        let mut lines = Self::from_shelf(needed).unwrap_or_default();
        if lines.len() < needed {
            // Clearing first keeps `resize` from copying contents that nobody wants.
            lines.clear();
            lines.resize(needed, Line([0; 16]));
        }
        Self { lines, len, values: PhantomData }
    }

    /// The smallest buffer on the shelf that is large enough and not wastefully so, else none.
    fn from_shelf(needed: usize) -> Option<Vec<Line>> {
        let mut shelf = SHELF.lock().unwrap_or_else(PoisonError::into_inner);
        let best = (0..shelf.len())
            .filter(|&i| shelf[i].len() >= needed && shelf[i].len() / 4 <= needed)
            .min_by_key(|&i| shelf[i].len())?;
        Some(shelf.swap_remove(best))
    }

    /// Makes room for `len` values; contents become unspecified.
    pub(crate) fn reserve(&mut self, len: usize) {
        if len > self.len {
            *self = Self::take(len.next_power_of_two());
        }
    }
}

impl<T: Plain> Drop for Buffer<T> {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        if lines.is_empty() || lines.len() * size_of::<Line>() > SHELF_MAX_BYTES {
            return;
        }
        let mut shelf = SHELF.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.len() == SHELF_LEN {
            shelf.remove(0);
        }
        shelf.push(lines);
    }
}

impl<T: Plain> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the lines hold at least `len` values, are initialised and aligned, and any bits are a `T`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T: Plain> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`; the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn buffers_are_aligned_and_hold_their_length() {
        for len in [0, 1, 31, 32, 33, 5000] {
            let mut buffer = Buffer::<u16>::take(len);
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.as_ptr().addr() % 64, 0);
            buffer.fill(7);
            drop(buffer);
            let again = Buffer::<f32>::take(len);
            assert_eq!(again.len(), len);
        }
    }
}
