//! N:M pruning (`docs/contract.md`, Pruning): what SORE does, in bulk.

use crate::{SimError, number::canonical_f16};
use half::f16;
use rayon::prelude::*;
use satkit_spec::Sparsity;

/// Groups that one parallel task prunes at least.
const GROUPS_PER_TASK: usize = 4096;

/// Largest group.
const MAX_M: usize = 16;

/// The channels that groups run along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Along {
    /// Input channels, for FF.
    Ci,
    /// Output channels, for BP.
    Co,
}

impl Along {
    const fn name(self) -> &'static str {
        match self {
            Self::Ci => "Ci",
            Self::Co => "Co",
        }
    }
}

/// OIHW weights pruned N:M along one kind of channel, in compact form.
///
/// Group `g` counts in C order over `(co, tap, ci / M)` along Ci and over `(ci, tap, co / M)` along Co, with
/// `tap = kh * KW + kw`. Its N values are `values()[g * N..][..N]`, in ascending position; NaNs are canonical.
#[derive(Clone, Debug, PartialEq)]
pub struct Compact {
    values: Vec<f16>,
    positions: Vec<u8>,
    sparsity: Sparsity,
    along: Along,
    co: usize,
    ci: usize,
    taps: usize,
}

impl Compact {
    /// Puts together what another has taken apart: values and positions `(G, N)`, positions below M, and `(Co, Ci, taps)`.
    pub(crate) fn from_parts(
        values: Vec<f16>,
        positions: Vec<u8>,
        sparsity: Sparsity,
        along: Along,
        (co, ci, taps): (usize, usize, usize),
    ) -> Self {
        Self { values, positions, sparsity, along, co, ci, taps }
    }

    /// Kept values, `(G, N)`.
    #[must_use]
    pub fn values(&self) -> &[f16] {
        &self.values
    }

    /// Position of each kept value in its group, 0 to M - 1, `(G, N)`.
    #[must_use]
    pub fn positions(&self) -> &[u8] {
        &self.positions
    }

    /// N:M of the groups.
    #[must_use]
    pub const fn sparsity(&self) -> Sparsity {
        self.sparsity
    }

    /// The channels that the groups run along.
    #[must_use]
    pub const fn along(&self) -> Along {
        self.along
    }

    /// `(Co, Ci, taps)` of the dense weights.
    #[must_use]
    pub const fn dims(&self) -> (usize, usize, usize) {
        (self.co, self.ci, self.taps)
    }

    /// The dense OIHW weights, `(Co, Ci, taps)`, with +0.0 where values were pruned.
    #[must_use]
    pub fn to_dense_oihw(&self) -> Vec<f16> {
        let mut dense = vec![f16::ZERO; self.co * self.ci * self.taps];
        self.for_each_kept(|slot, at| dense[at] = self.values[slot]);
        dense
    }

    /// One flag per OIHW weight: true if it was kept (a kept value may be zero).
    #[must_use]
    pub fn mask_oihw(&self) -> Vec<bool> {
        let mut mask = vec![false; self.co * self.ci * self.taps];
        self.for_each_kept(|_, at| mask[at] = true);
        mask
    }

    /// Calls `visit(slot, OIHW index)` for each kept value.
    fn for_each_kept(&self, mut visit: impl FnMut(usize, usize)) {
        let (n, m) = (self.sparsity.n(), self.sparsity.m());
        let layout = Layout::of(self.along, self.co, self.ci, self.taps, m);
        for (group, positions) in self.positions.chunks_exact(n).enumerate() {
            let first = layout.first(group);
            for (slot, &position) in positions.iter().enumerate() {
                visit(group * n + slot, first + usize::from(position) * layout.pitch);
            }
        }
    }
}

/// Where groups lie in OIHW weights.
#[derive(Clone, Copy)]
struct Layout {
    /// Groups of one (outer channel, tap).
    groups: usize,
    taps: usize,
    /// Distance between outer channels.
    outer_pitch: usize,
    /// Distance between members of a group.
    pitch: usize,
    m: usize,
}

impl Layout {
    const fn of(along: Along, co: usize, ci: usize, taps: usize, m: usize) -> Self {
        match along {
            Along::Ci => Self { groups: ci / m, taps, outer_pitch: ci * taps, pitch: taps, m },
            Along::Co => Self { groups: co / m, taps, outer_pitch: taps, pitch: ci * taps, m },
        }
    }

    /// Index of the first member of group `group`.
    const fn first(&self, group: usize) -> usize {
        let (line, group) = (group / self.groups, group % self.groups);
        let (outer, tap) = (line / self.taps, line % self.taps);
        outer * self.outer_pitch + tap + group * self.m * self.pitch
    }
}

/// Prunes OIHW weights, `(co, ci, taps)` in C order, along Ci: the FF operand.
///
/// # Errors
/// [`SimError::Groups`] if M does not divide Ci, [`SimError::Length`] if `weights` has another size.
pub fn prune_ci(
    weights: &[f16],
    co: usize,
    ci: usize,
    taps: usize,
    sparsity: Sparsity,
) -> Result<Compact, SimError> {
    prune(weights, (co, ci, taps), sparsity, Along::Ci)
}

/// Prunes OIHW weights, `(co, ci, taps)` in C order, along Co: the BP operand.
///
/// # Errors
/// [`SimError::Groups`] if M does not divide Co, [`SimError::Length`] if `weights` has another size.
pub fn prune_co(
    weights: &[f16],
    co: usize,
    ci: usize,
    taps: usize,
    sparsity: Sparsity,
) -> Result<Compact, SimError> {
    prune(weights, (co, ci, taps), sparsity, Along::Co)
}

/// Prunes NCHW gradients, `(batch, co, pixels)` in C order, along Co per pixel; pruned values become +0.0 and NaNs
/// canonical. The dense operand of sdgp's BP.
///
/// # Errors
/// [`SimError::Groups`] if M does not divide Co, [`SimError::Length`] if the gradient has another size.
pub fn prune_gradient(
    gradient: &[f16],
    batch: usize,
    co: usize,
    pixels: usize,
    sparsity: Sparsity,
) -> Result<Vec<f16>, SimError> {
    check(gradient.len(), "dY", (batch, co, pixels), Along::Co, sparsity)?;
    // One image is a weight tensor of `pixels` taps and one input channel.
    let image_len = co * pixels;
    let mut dense = vec![f16::ZERO; gradient.len()];
    if image_len == 0 {
        return Ok(dense);
    }
    let (n, m) = (sparsity.n(), sparsity.m());
    dense.par_chunks_mut(image_len).zip(gradient.par_chunks(image_len)).for_each(
        |(dense, gradient)| {
            let layout = Layout::of(Along::Co, co, 1, pixels, m);
            let (mut values, mut positions) = ([f16::ZERO; MAX_M], [0; MAX_M]);
            for group in 0..image_len / m {
                let first = layout.first(group);
                let kept = (&mut values[..n], &mut positions[..n]);
                prune_groups(gradient, layout, sparsity, group, kept);
                for (value, position) in values[..n].iter().zip(&positions[..n]) {
                    dense[first + usize::from(*position) * layout.pitch] = *value;
                }
            }
        },
    );
    Ok(dense)
}

fn check(
    len: usize,
    what: &'static str,
    (outer, channels, inner): (usize, usize, usize),
    along: Along,
    sparsity: Sparsity,
) -> Result<(), SimError> {
    let expected = outer.checked_mul(channels).and_then(|len| len.checked_mul(inner));
    SimError::check_len(what, len, expected.unwrap_or(usize::MAX))?;
    if channels.is_multiple_of(sparsity.m()) {
        return Ok(());
    }
    Err(SimError::Groups { what: along.name(), channels, m: sparsity.m() })
}

fn prune(
    weights: &[f16],
    (co, ci, taps): (usize, usize, usize),
    sparsity: Sparsity,
    along: Along,
) -> Result<Compact, SimError> {
    let dims = match along {
        Along::Ci => (co, ci, taps),
        Along::Co => (ci, co, taps),
    };
    check(weights.len(), "W", dims, along, sparsity)?;
    let n = sparsity.n();
    let kept = sparsity.kept(weights.len());
    let (mut values, mut positions) = (vec![f16::ZERO; kept], vec![0; kept]);
    let layout = Layout::of(along, co, ci, taps, sparsity.m());
    let task = GROUPS_PER_TASK * n;
    values
        .par_chunks_mut(task)
        .zip(positions.par_chunks_mut(task))
        .enumerate()
        .for_each(|(i, kept)| prune_groups(weights, layout, sparsity, i * GROUPS_PER_TASK, kept));
    Ok(Compact { values, positions, sparsity, along, co, ci, taps })
}

/// Prunes consecutive groups from `first_group` on, as many as the targets hold.
fn prune_groups(
    source: &[f16],
    layout: Layout,
    sparsity: Sparsity,
    first_group: usize,
    kept: (&mut [f16], &mut [u8]),
) {
    match sparsity.m() {
        1 => prune_groups_of::<1>(source, layout, sparsity.n(), first_group, kept),
        2 => prune_groups_of::<2>(source, layout, sparsity.n(), first_group, kept),
        4 => prune_groups_of::<4>(source, layout, sparsity.n(), first_group, kept),
        8 => prune_groups_of::<8>(source, layout, sparsity.n(), first_group, kept),
        _ => prune_groups_of::<16>(source, layout, sparsity.n(), first_group, kept),
    }
}

fn prune_groups_of<const M: usize>(
    source: &[f16],
    layout: Layout,
    n: usize,
    first_group: usize,
    (values, positions): (&mut [f16], &mut [u8]),
) {
    let groups = values.chunks_exact_mut(n).zip(positions.chunks_exact_mut(n));
    for (group, (values, positions)) in groups.enumerate() {
        let members = &source[layout.first(first_group + group)..];
        let members: [f16; M] = std::array::from_fn(|i| canonical_f16(members[i * layout.pitch]));
        let rank = ranks(members);
        // Without branches, which would be mispredicted: every member is written where the next kept one belongs, and only
        // a kept one moves that place on.
        let mut at = 0;
        let (mut kept, mut kept_at) = ([f16::ZERO; MAX_M + 1], [0_u8; MAX_M + 1]);
        for (position, (member, rank)) in members.iter().zip(rank).enumerate() {
            (kept[at], kept_at[at]) = (*member, position as u8);
            at += usize::from(rank < n as u32);
        }
        values.copy_from_slice(&kept[..n]);
        positions.copy_from_slice(&kept_at[..n]);
    }
}

/// The rank of each member by descending magnitude, ties by ascending position: a permutation of 0..M, found without
/// branches by comparing all pairs.
fn ranks<const M: usize>(members: [f16; M]) -> [u32; M] {
    // Magnitude first, then a lower position is greater: unique keys.
    let mut keys = [0_u32; M];
    for (position, (key, member)) in keys.iter_mut().zip(members).enumerate() {
        *key = u32::from(member.to_bits() & 0x7FFF) << 4 | (15 - position as u32);
    }
    let mut ranks = [0; M];
    for other in keys {
        for (rank, key) in ranks.iter_mut().zip(keys) {
            *rank += u32::from(other > key);
        }
    }
    ranks
}
