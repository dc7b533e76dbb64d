//! Where the rows and slots of a MAC stage lie in memory.

use satkit_spec::K_BLOCK;
use std::ops::Range;

/// One axis of a problem: maps an index to an offset, as runs of evenly spaced offsets.
#[derive(Clone, Debug)]
pub(super) enum Axis {
    /// Pixels in the order image, row, column.
    Pixels {
        /// Offset of the first pixel.
        base: usize,
        /// Images, rows of an image, pixels of a row.
        size: [usize; 3],
        /// Distance between images, rows and pixels.
        pitch: [usize; 3],
    },
    /// Tap-major: `index = tap * channels + channel`.
    TapChannels {
        /// Offset of each tap.
        taps: Vec<usize>,
        /// Channels of a tap.
        channels: usize,
        /// Distance between channels.
        step: usize,
    },
    /// The K order of FF and BP: channel block, tap, channel in the block.
    KOrder {
        /// Offset of each tap.
        taps: Vec<usize>,
        /// Channels.
        channels: usize,
        /// Distance between channels.
        step: usize,
    },
}

impl Axis {
    /// Pixels, with dimensions merged where their pitches allow, so that runs are long.
    pub(super) fn pixels(base: usize, mut size: [usize; 3], mut pitch: [usize; 3]) -> Self {
        // A dimension of one element, or one that continues the next inner one, is folded into it.
        for _ in 0..2 {
            for inner in [2, 1] {
                let outer = inner - 1;
                if size[inner] == 1 {
                    (size[inner], pitch[inner]) = (size[outer], pitch[outer]);
                    size[outer] = 1;
                } else if size[outer] > 1 && pitch[outer] == size[inner] * pitch[inner] {
                    size[inner] *= size[outer];
                    size[outer] = 1;
                }
                if size[outer] == 1 {
                    pitch[outer] = 0;
                }
            }
        }
        Self::Pixels { base, size, pitch }
    }

    /// Indices of the axis.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Pixels { size, .. } => size.iter().product(),
            Self::TapChannels { taps, channels, .. } | Self::KOrder { taps, channels, .. } => {
                taps.len() * channels
            }
        }
    }

    /// Distance between the neighbours of a run.
    pub(super) const fn step(&self) -> usize {
        match self {
            Self::Pixels { pitch, .. } => pitch[2],
            Self::TapChannels { step, .. } | Self::KOrder { step, .. } => *step,
        }
    }

    /// Calls `visit(first offset, length)` for each run of `range`, ascending.
    pub(super) fn runs(&self, range: Range<usize>, mut visit: impl FnMut(usize, usize)) {
        let mut index = range.start;
        while index < range.end {
            let (offset, left) = self.locate(index);
            let len = left.min(range.end - index);
            visit(offset, len);
            index += len;
        }
    }

    /// The offset of `index` and the indices from it to the end of its run.
    fn locate(&self, index: usize) -> (usize, usize) {
        match self {
            Self::Pixels { base, size, pitch } => {
                let (line, x) = (index / size[2], index % size[2]);
                let (image, y) = (line / size[1], line % size[1]);
                (base + image * pitch[0] + y * pitch[1] + x * pitch[2], size[2] - x)
            }
            Self::TapChannels { taps, channels, step } => {
                let (tap, channel) = (index / channels, index % channels);
                (taps[tap] + channel * step, channels - channel)
            }
            Self::KOrder { taps, channels, step } => {
                let block = index / (K_BLOCK * taps.len()) * K_BLOCK;
                let block_len = K_BLOCK.min(channels - block);
                let within = index - block * taps.len();
                let (tap, channel) = (within / block_len, within % block_len);
                (taps[tap] + (block + channel) * step, block_len - channel)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Axis;
    use satkit_spec::{ConvShape, K_BLOCK};
    use std::ops::Range;

    fn offsets(axis: &Axis, range: Range<usize>) -> Vec<usize> {
        let mut offsets = Vec::new();
        axis.runs(range, |offset, len| offsets.extend((0..len).map(|i| offset + i * axis.step())));
        offsets
    }

    #[test]
    fn pixels_keep_their_order_however_they_merge() {
        for size in [[1, 1, 1], [3, 1, 1], [1, 3, 1], [1, 1, 3], [2, 3, 1], [2, 1, 3], [2, 3, 4]] {
            for pitch in [[12, 4, 1], [100, 10, 2], [24, 8, 2], [1, 1, 1], [7, 50, 3]] {
                let axis = Axis::pixels(5, size, pitch);
                let mut expected = Vec::new();
                for n in 0..size[0] {
                    for y in 0..size[1] {
                        for x in 0..size[2] {
                            expected.push(5 + n * pitch[0] + y * pitch[1] + x * pitch[2]);
                        }
                    }
                }
                assert_eq!(offsets(&axis, 0..axis.len()), expected, "{size:?} {pitch:?}");
                assert_eq!(offsets(&axis, 1..axis.len()), expected[1..]);
            }
        }
    }

    #[test]
    fn one_by_one_convolutions_are_one_run() {
        let axis = Axis::pixels(0, [4, 8, 8], [64, 8, 1]);
        let mut runs = Vec::new();
        axis.runs(0..axis.len(), |offset, len| runs.push((offset, len)));
        assert_eq!(runs, [(0, 256)]);
    }

    #[test]
    fn k_order_is_the_specification_s() {
        for channels in [1, 3, K_BLOCK - 1, K_BLOCK, K_BLOCK + 8, 3 * K_BLOCK] {
            for taps in [1, 2, 9] {
                let tap_offsets = (0..taps).map(|tap| 7 * tap).collect();
                let axis = Axis::KOrder { taps: tap_offsets, channels, step: 100 };
                let expected: Vec<usize> = ConvShape::k_order(channels, taps)
                    .map(|slot| slot.tap * 7 + slot.channel * 100)
                    .collect();
                assert_eq!(offsets(&axis, 0..axis.len()), expected);
            }
        }
    }
}
