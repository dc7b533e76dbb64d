//! Compact N:M weights: N values and N positions per group, and the mask that they stand for.

use crate::error::{GoldenError, check_not_empty, check_shape, check_value};
use crate::number::canon16;
use bitvec::prelude::{BitSlice, BitVec, Lsb0};
use half::f16;
use ndarray::{Array2, Array4, ArrayView2};
use satkit_spec::Sparsity;
use std::ops::Range;

/// Bits of one packed position.
const POSITION_BITS: usize = 4;

/// The channels that a group runs along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PruneAxis {
    /// Along input channels, for FF.
    Ci,
    /// Along output channels, for BP.
    Co,
}

impl PruneAxis {
    /// `Ci` or `Co`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ci => "Ci",
            Self::Co => "Co",
        }
    }

    /// OIHW index of reduced channel `channel` for `[the other channel, kh, kw]`.
    pub(crate) const fn oihw(self, [outer, kh, kw]: [usize; 3], channel: usize) -> [usize; 4] {
        match self {
            Self::Ci => [outer, channel, kh, kw],
            Self::Co => [channel, outer, kh, kw],
        }
    }
}

/// Weights pruned N:M along Ci or Co, in compact form.
///
/// Groups are counted in C order over (co, kh, kw, ci / M) along Ci and over (ci, kh, kw, co / M) along Co.
/// Each holds exactly N FP16 values and their N positions inside the group, ascending.
#[derive(Clone, Debug)]
pub struct Pruned {
    axis: PruneAxis,
    sparsity: Sparsity,
    /// Co, Ci, kh, kw.
    dims: [usize; 4],
    values: Array2<f16>,
    positions: Array2<u8>,
    mask: BitVec,
}

impl Pruned {
    /// Checks and makes compact weights of an OIHW tensor of shape `dims` from values `(G, N)` and positions
    /// `(G, N)`. NaNs become canonical.
    ///
    /// # Errors
    /// [`GoldenError::Shape`] if the arrays have other shapes or `dims` has a zero, [`GoldenError::Groups`] if M does
    /// not divide the channels, [`GoldenError::Value`] for positions that are not ascending or not below M.
    pub fn new(
        axis: PruneAxis,
        sparsity: Sparsity,
        dims: [usize; 4],
        values: Array2<f16>,
        positions: Array2<u8>,
    ) -> Result<Self, GoldenError> {
        check_not_empty("W", &dims)?;
        let [co, ci, kh, kw] = dims;
        let (outer, reduced) = match axis {
            PruneAxis::Ci => (co, ci),
            PruneAxis::Co => (ci, co),
        };
        if !reduced.is_multiple_of(sparsity.m()) {
            return Err(GoldenError::Groups { axis: axis.name(), channels: reduced, sparsity });
        }
        // A product beyond usize cannot be the length of the arrays in memory.
        let groups = [kh, kw, reduced / sparsity.m()]
            .into_iter()
            .try_fold(outer, usize::checked_mul)
            .unwrap_or(usize::MAX);
        let wanted = [groups, sparsity.n()];
        check_shape("values", values.shape(), &wanted, "groups, N")?;
        check_shape("positions", positions.shape(), &wanted, "groups, N")?;
        for row in positions.rows() {
            let ascending = row.windows(2).into_iter().all(|pair| pair[0] < pair[1]);
            let below_m = row.iter().all(|&position| usize::from(position) < sparsity.m());
            check_value(
                ascending && below_m,
                "the positions of a group",
                row,
                format!("ascending positions below {}", sparsity.m()),
            )?;
        }
        let values = values.mapv(canon16);
        // Every group has M bits, so the length below is at most M/N times that of `values`.
        let mask = BitVec::repeat(false, groups * sparsity.m());
        let mut pruned = Self { axis, sparsity, dims, values, positions, mask };
        for (index, _) in pruned.kept_weights() {
            let flat = pruned.oihw_offset(index);
            pruned.mask.set(flat, true);
        }
        Ok(pruned)
    }

    /// The axis that groups run along.
    #[must_use]
    pub const fn axis(&self) -> PruneAxis {
        self.axis
    }

    /// N:M of every group.
    #[must_use]
    pub const fn sparsity(&self) -> Sparsity {
        self.sparsity
    }

    /// Shape of the weights that were pruned: Co, Ci, kh, kw.
    #[must_use]
    pub const fn dims(&self) -> [usize; 4] {
        self.dims
    }

    /// Kept FP16 values, shape `(G, N)`.
    #[must_use]
    pub fn values(&self) -> ArrayView2<'_, f16> {
        self.values.view()
    }

    /// Positions of the kept values inside their group, `0..M`, shape `(G, N)`.
    #[must_use]
    pub fn positions(&self) -> ArrayView2<'_, u8> {
        self.positions.view()
    }

    /// One bit per weight in OIHW order, set where the weight is kept.
    #[must_use]
    pub fn mask(&self) -> &BitSlice {
        &self.mask
    }

    /// The weights OIHW with +0.0 where a value was pruned.
    #[must_use]
    pub fn to_dense(&self) -> Array4<f16> {
        let mut dense = Array4::from_elem(self.dims, f16::ZERO);
        for (index, value) in self.kept_weights() {
            dense[index] = value;
        }
        dense
    }

    /// The positions as they lie in memory: 4 bits each, in (G, N) order, low half of a byte first.
    #[must_use]
    pub fn packed_positions(&self) -> BitVec<u8, Lsb0> {
        self.positions
            .iter()
            .flat_map(|&position| (0..POSITION_BITS).map(move |bit| position >> bit & 1 == 1))
            .collect()
    }

    /// Kept weights of the reduced channels `channels` (whole groups) for `[the other channel, kh, kw]`, as
    /// (channel, value) in ascending channel.
    pub(crate) fn kept_channels(
        &self,
        outer: [usize; 3],
        channels: Range<usize>,
    ) -> impl Iterator<Item = (usize, f16)> + '_ {
        let m = self.sparsity.m();
        (channels.start / m..channels.end / m).flat_map(move |group_in_row| {
            let group = self.first_group(outer) + group_in_row;
            let slots = self.positions.row(group).into_iter().zip(self.values.row(group));
            slots.map(move |(&position, &value)| (group_in_row * m + usize::from(position), value))
        })
    }

    /// Every kept weight with its OIHW index, in (G, N) order.
    fn kept_weights(&self) -> Vec<([usize; 4], f16)> {
        let [co, ci, kh, kw] = self.dims;
        let (outer, reduced) = match self.axis {
            PruneAxis::Ci => (co, ci),
            PruneAxis::Co => (ci, co),
        };
        let mut kept = Vec::with_capacity(self.values.len());
        for outer in 0..outer {
            for kh in 0..kh {
                for kw in 0..kw {
                    let place = [outer, kh, kw];
                    for (channel, value) in self.kept_channels(place, 0..reduced) {
                        kept.push((self.axis.oihw(place, channel), value));
                    }
                }
            }
        }
        kept
    }

    /// Index of the first group of `[the other channel, kh, kw]`.
    fn first_group(&self, [outer, kh, kw]: [usize; 3]) -> usize {
        let [co, ci, kernel_h, kernel_w] = self.dims;
        let reduced = match self.axis {
            PruneAxis::Ci => ci,
            PruneAxis::Co => co,
        };
        ((outer * kernel_h + kh) * kernel_w + kw) * (reduced / self.sparsity.m())
    }

    fn oihw_offset(&self, [co, ci, kh, kw]: [usize; 4]) -> usize {
        let [_, input_channels, kernel_h, kernel_w] = self.dims;
        ((co * input_channels + ci) * kernel_h + kh) * kernel_w + kw
    }
}

/// Positions `(groups, N)` from their packed form of 4 bits each, low half of a byte first.
///
/// # Errors
/// [`GoldenError::Value`] if `packed` has another number of bits than `groups * N * 4`.
pub fn unpack_positions(
    packed: &BitSlice<u8, Lsb0>,
    groups: usize,
    kept: usize,
) -> Result<Array2<u8>, GoldenError> {
    let bits = groups.checked_mul(kept).and_then(|slots| slots.checked_mul(POSITION_BITS));
    let refuse = || GoldenError::Value {
        what: "the number of packed bits",
        given: packed.len().to_string(),
        accepted: format!("{groups} groups of {kept} positions of {POSITION_BITS} bits"),
    };
    if bits != Some(packed.len()) {
        return Err(refuse());
    }
    let positions = packed
        .chunks(POSITION_BITS)
        .map(|bits| bits.iter().rev().fold(0, |position, bit| position << 1 | u8::from(*bit)))
        .collect();
    Array2::from_shape_vec((groups, kept), positions).map_err(|_| refuse())
}
