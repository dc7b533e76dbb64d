//! Transposition of FP16 matrices in 8 x 8 blocks.

/// A matrix of FP16 bits inside a slice: element `(r, c)` is `values[r * pitch + c]`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    /// The elements.
    pub(super) values: &'a [u16],
    /// Rows.
    pub(super) rows: usize,
    /// Columns.
    pub(super) cols: usize,
    /// Values from a row to the next.
    pub(super) pitch: usize,
}

/// Writes the transpose of `source`: `target[c * target_pitch + r] = source(r, c)`. Nothing else of `target` changes.
pub(super) fn transpose(source: Matrix<'_>, target: &mut [u16], target_pitch: usize) {
    let Matrix { values, rows, cols, pitch } = source;
    if rows == 0 || cols == 0 {
        return;
    }
    assert!(values.len() > (rows - 1) * pitch + cols - 1, "the source holds the matrix");
    assert!(target.len() > (cols - 1) * target_pitch + rows - 1, "the target holds its transpose");
    let (whole_rows, whole_cols) = (rows & !7, cols & !7);
    for col in (0..whole_cols).step_by(8) {
        for row in (0..whole_rows).step_by(8) {
            // SAFETY: rows row..row+8 and columns col..col+8 lie inside both matrices, checked above.
            unsafe {
                transpose_8x8(
                    values.as_ptr().add(row * pitch + col),
                    pitch,
                    target.as_mut_ptr().add(col * target_pitch + row),
                    target_pitch,
                );
            }
        }
    }
    let mut scalar = |rows: std::ops::Range<usize>, cols: std::ops::Range<usize>| {
        for row in rows {
            for col in cols.clone() {
                target[col * target_pitch + row] = values[row * pitch + col];
            }
        }
    };
    scalar(0..whole_rows, whole_cols..cols);
    scalar(whole_rows..rows, 0..cols);
}

/// # Safety
/// Eight values at each of eight rows `pitch` apart are readable at `source`, writable at `target`.
#[cfg(target_arch = "x86_64")]
#[inline]
unsafe fn transpose_8x8(source: *const u16, pitch: usize, target: *mut u16, target_pitch: usize) {
    use std::arch::x86_64::{
        __m128i, _mm_loadu_si128, _mm_storeu_si128, _mm_unpackhi_epi16, _mm_unpackhi_epi32,
        _mm_unpackhi_epi64, _mm_unpacklo_epi16, _mm_unpacklo_epi32, _mm_unpacklo_epi64,
    };
    // SAFETY: the caller's contract; SSE2 belongs to x86-64.
    unsafe {
        let row = |r: usize| _mm_loadu_si128(source.add(r * pitch).cast::<__m128i>());
        let pairs: [__m128i; 8] = std::array::from_fn(|i| {
            let (low, high) = (row(i / 2 * 2), row(i / 2 * 2 + 1));
            if i % 2 == 0 { _mm_unpacklo_epi16(low, high) } else { _mm_unpackhi_epi16(low, high) }
        });
        // pairs[2p + h]: rows 2p and 2p+1, columns 4h..4h+4. Quads: rows 4q..4q+4, two columns each.
        let quads: [__m128i; 8] = std::array::from_fn(|i| {
            let (q, h) = (i / 4, i % 4 / 2);
            let (low, high) = (pairs[4 * q + h], pairs[4 * q + 2 + h]);
            if i % 2 == 0 { _mm_unpacklo_epi32(low, high) } else { _mm_unpackhi_epi32(low, high) }
        });
        for col in 0..8 {
            let (low, high) = (quads[col / 2], quads[4 + col / 2]);
            let column = if col % 2 == 0 {
                _mm_unpacklo_epi64(low, high)
            } else {
                _mm_unpackhi_epi64(low, high)
            };
            _mm_storeu_si128(target.add(col * target_pitch).cast(), column);
        }
    }
}

/// # Safety
/// As above.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
unsafe fn transpose_8x8(source: *const u16, pitch: usize, target: *mut u16, target_pitch: usize) {
    for row in 0..8 {
        for col in 0..8 {
            // SAFETY: the caller's contract.
            unsafe { *target.add(col * target_pitch + row) = *source.add(row * pitch + col) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Matrix, transpose};

    #[test]
    fn every_size_up_to_two_blocks_and_a_bit() {
        for rows in 0..19 {
            for cols in 0..19 {
                let (pitch, target_pitch) = (cols + 2, rows + 3);
                let values: Vec<u16> = (0..(rows * pitch + 2) as u16).collect();
                let mut target = vec![9999; cols * target_pitch + 3];
                transpose(Matrix { values: &values, rows, cols, pitch }, &mut target, target_pitch);
                for (at, value) in target.iter().enumerate() {
                    let (col, row) = (at / target_pitch, at % target_pitch);
                    let inside = row < rows && col < cols;
                    let expected = if inside { values[row * pitch + col] } else { 9999 };
                    assert_eq!(*value, expected, "{rows}x{cols} at ({row},{col})");
                }
            }
        }
    }
}
