//! The panels of an update that makes operand weights, and of what makes them from master weights alone.
//!
//! A panel is a tap's weights of 32 input channels and 32 output channels: 32 runs of rows of W, of V and of dW, a run of K slots of
//! FF's tile of these output channels, and one of BP's tile of these input channels.

use super::stream_job::BlockRequests;
use crate::MacStage;
use crate::layout::{BEAT_BYTES, SINGLE_BYTES, master_bytes, pitch, weight_row_block};
use satkit_spec::isa::Weights;
use satkit_spec::{
    ArrayConfig, BpPhase, ConvShape, K_BLOCK, PANEL_CHANNELS, PANEL_STEP_CYCLES, POSITION_SLOTS,
    Sparsity, Stage, WeightOperand, position_beat, weight_beat,
};

/// Operand weights that are made: where they lie, and what they are.
#[derive(Clone, Copy)]
pub(super) struct Made {
    /// First byte.
    pub(super) address: u64,
    sparsity: Sparsity,
    tile_beats: u64,
}

/// A tap among those of its phase of BP: K slots of the phases before for each group, the phase's taps and its place among them.
type Place = (usize, usize, usize);

/// A layer whose weights are taken panel by panel.
pub(super) struct Panels {
    shape: ConvShape,
    row_block: usize,
    /// Bytes of W, of V, of dW that are read, and of W and V that are written: where each begins.
    pub(super) reads: Vec<u64>,
    pub(super) writes: Vec<u64>,
    pub(super) ff: Option<Made>,
    pub(super) bp: Option<Made>,
    places: Vec<Option<Place>>,
    lane_cycles: u64,
}

impl Panels {
    /// The panels of the layer of WEIGHTS, of which `makes` FF's and BP's operands; `None` if there is no such layer.
    pub(super) fn new(config: &ArrayConfig, weights: &Weights, makes: [bool; 2]) -> Option<Self> {
        let shape = ConvShape::new(
            1,
            weights.ci as usize,
            (weights.h as usize, weights.w as usize),
            weights.co as usize,
            (usize::from(weights.kh), usize::from(weights.kw)),
            usize::from(weights.stride),
            usize::from(weights.pad),
        )
        .ok()?;
        let pruned = Sparsity::new(usize::from(weights.n), usize::from(weights.m)).ok()?;
        let made = |stage, operand, made: bool| {
            if !made {
                return Some((None, None));
            }
            let compact = matches!(operand, WeightOperand::PrunedCi | WeightOperand::PrunedCo);
            let sparsity = if compact { pruned } else { Sparsity::DENSE };
            let mac = MacStage::new(shape, stage, sparsity).ok()?;
            let tile_beats = crate::layout::tile_beats(&mac);
            Some((Some(Made { address: 0, sparsity: mac.sparsity, tile_beats }), Some(mac)))
        };
        let (ff, _) = made(Stage::Ff, weights.ff, makes[0])?;
        let (bp, stage) = made(Stage::Bp, weights.bp, makes[1])?;
        let mut places = vec![None; shape.taps()];
        let mut before = 0;
        for phase in stage.iter().flat_map(MacStage::problems).filter_map(|problem| problem.phase) {
            let taps = phase_taps(&shape, &phase);
            for (at, &tap) in taps.iter().enumerate() {
                places[tap] = Some((before, taps.len(), at));
            }
            before += taps.len();
        }
        let passes = 1 + makes.iter().filter(|&&made| made).count();
        let beats = (PANEL_CHANNELS * PANEL_CHANNELS).div_ceil(config.wuve_lanes);
        Some(Self {
            shape,
            row_block: weight_row_block(config, &shape),
            reads: Vec::new(),
            writes: Vec::new(),
            ff,
            bp,
            places,
            lane_cycles: (passes * (beats + PANEL_STEP_CYCLES)) as u64,
        })
    }

    /// Beats of W.
    pub(super) const fn master_beats(&self) -> u64 {
        master_bytes(&self.shape).div_ceil(BEAT_BYTES)
    }

    fn ci_blocks(&self) -> u64 {
        self.shape.ci.div_ceil(PANEL_CHANNELS) as u64
    }

    pub(super) fn count(&self) -> u64 {
        let co_blocks = self.shape.co.div_ceil(PANEL_CHANNELS) as u64;
        co_blocks * self.ci_blocks() * self.shape.taps() as u64
    }

    /// Cycles that the lanes take for a panel.
    pub(super) const fn lane_cycles(&self) -> u64 {
        self.lane_cycles
    }

    /// Block of output channels, block of input channels, tap.
    fn place(&self, panel: u64) -> [usize; 3] {
        let taps = self.shape.taps() as u64;
        let (block, tap) = (panel / taps, panel % taps);
        [(block / self.ci_blocks()) as usize, (block % self.ci_blocks()) as usize, tap as usize]
    }

    /// Weights of the panels before `panel`.
    pub(super) fn elements(&self, panel: u64) -> u64 {
        let [co_block, ci_block, tap] = self.place(panel);
        let (ci, co, taps) = (self.shape.ci, self.shape.co, self.shape.taps());
        let done = |channels: usize, block: usize| channels.min(block * PANEL_CHANNELS);
        let width = |channels, block| done(channels, block + 1) - done(channels, block);
        let before = done(ci, ci_block) * taps + tap * width(ci, ci_block);
        (done(co, co_block) * ci * taps + width(co, co_block) * before) as u64
    }

    /// The rows of a panel of a tensor that lies like the master weights: a request for each run of beats.
    fn rows(&self, panel: u64, base: u64, paged: bool, requests: &mut BlockRequests) {
        let [co_block, ci_block, tap] = self.place(panel);
        let row_bytes = pitch(self.shape.co) as u64 * SINGLE_BYTES;
        let first = ci_block * PANEL_CHANNELS;
        let mut end = 0;
        for channel in first..self.shape.ci.min(first + PANEL_CHANNELS) {
            let (block, inside) = (channel / self.row_block, channel % self.row_block);
            let width = self.row_block.min(self.shape.ci - block * self.row_block);
            let row = block * self.row_block * self.shape.taps() + tap * width + inside;
            let byte =
                base + row as u64 * row_bytes + (co_block * PANEL_CHANNELS) as u64 * SINGLE_BYTES;
            let bytes = row_bytes.min(PANEL_CHANNELS as u64 * SINGLE_BYTES);
            // Rows of 8 channels share beats.
            let from = (byte / BEAT_BYTES).max(end);
            end = (byte + bytes).div_ceil(BEAT_BYTES).max(from);
            requests.push(paged, from * BEAT_BYTES, end - from);
        }
    }

    pub(super) fn read(&self, panel: u64, paged: bool, requests: &mut BlockRequests) {
        self.reads.iter().for_each(|&base| self.rows(panel, base, paged, requests));
    }

    pub(super) fn write(&self, panel: u64, paged: bool, requests: &mut BlockRequests) {
        self.writes.iter().for_each(|&base| self.rows(panel, base, paged, requests));
        let [co_block, ci_block, tap] = self.place(panel);
        let taps = self.shape.taps();
        if let Some(ff) = &self.ff {
            let place = (0, taps, tap);
            ff.run((co_block, ci_block, self.shape.ci), place, paged, requests);
        }
        if let Some(bp) = &self.bp
            && let Some(place) = self.places[tap]
        {
            bp.run((ci_block, co_block, self.shape.co), place, paged, requests);
        }
    }
}

impl Made {
    /// The beats of a tile that have a tap of a block of the reduced channels.
    fn run(
        &self,
        (tile, panel, channels): (usize, usize, usize),
        (before, taps, at): Place,
        paged: bool,
        requests: &mut BlockRequests,
    ) {
        let first = panel * PANEL_CHANNELS;
        let width = PANEL_CHANNELS.min(channels - first);
        let slots = |weights: usize| (weights / self.sparsity.m() * self.sparsity.n()) as u64;
        // K goes through the taps of a block of channels.
        let block = first / K_BLOCK * K_BLOCK;
        let tap = K_BLOCK.min(channels - block);
        let start = slots(before * channels + block * taps + at * tap + first - block);
        let end = start + slots(width);
        let base = self.address / BEAT_BYTES + tile as u64 * self.tile_beats;
        let compact = !self.sparsity.is_dense();
        let begins = start.is_multiple_of(POSITION_SLOTS as u64);
        let from =
            if compact && begins { position_beat(start) } else { weight_beat(start, compact) };
        if end > start {
            let beats = weight_beat(end - 1, compact) + 1 - from;
            requests.push(paged, (base + from) * BEAT_BYTES, beats);
            if compact && !begins {
                // Positions that the tap before has begun.
                requests.push(paged, (base + position_beat(start)) * BEAT_BYTES, 1);
            }
        }
    }
}

/// The taps of a phase of BP, in the order of K.
fn phase_taps(shape: &ConvShape, phase: &BpPhase) -> Vec<usize> {
    let axis = |first: usize, count| (0..count).map(move |i| first + i * shape.stride);
    axis(phase.phase_h, phase.taps_h)
        .flat_map(|kh| axis(phase.phase_w, phase.taps_w).map(move |kw| kh * shape.kw + kw))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{for_each_operand, weight_bytes};
    use std::collections::BTreeSet;

    /// Layers by channels, kernel, stride and N:M; the last have channels that do not fill blocks, and more of them than one has.
    const LAYERS: [([usize; 2], usize, usize, [usize; 2]); 8] = [
        ([32, 32], 1, 1, [2, 8]),
        ([72, 40], 1, 2, [2, 8]),
        ([64, 96], 3, 1, [2, 8]),
        ([96, 160], 3, 1, [4, 8]),
        ([136, 72], 3, 2, [2, 8]),
        ([24, 104], 2, 1, [1, 8]),
        ([100, 68], 3, 2, [1, 4]),
        ([35, 70], 3, 1, [1, 1]),
    ];

    #[test]
    fn a_panel_writes_the_beats_of_its_weights() {
        for ([ci, co], kernel, stride, [n, m]) in LAYERS {
            let weights = Weights {
                ci: ci as u32,
                co: co as u32,
                h: 6,
                w: 6,
                kh: kernel as u8,
                kw: kernel as u8,
                stride: stride as u8,
                pad: 0,
                n: n as u8,
                m: m as u8,
                ff: WeightOperand::PrunedCi,
                bp: WeightOperand::PrunedCo,
                decays_pruned: false,
            };
            let shape = ConvShape::new(1, ci, (6, 6), co, (kernel, kernel), stride, 0).unwrap();
            let sparsity = Sparsity::new(n, m).unwrap();
            for stage in [Stage::Ff, Stage::Bp] {
                let is_ff = stage == Stage::Ff;
                let makes = [is_ff, !is_ff];
                let panels = Panels::new(&ArrayConfig::tiny(), &weights, makes).unwrap();
                let written: Vec<BTreeSet<u64>> = (0..panels.count())
                    .map(|panel| {
                        let mut requests = BlockRequests::default();
                        panels.write(panel, false, &mut requests);
                        let runs = requests.list().iter();
                        let beats = runs.flat_map(|run| {
                            let first = run.address / BEAT_BYTES;
                            first..first + u64::from(run.beats)
                        });
                        beats.collect()
                    })
                    .collect();
                let mac = MacStage::new(shape, stage, sparsity).unwrap();
                let blocks = ci.div_ceil(PANEL_CHANNELS);
                for_each_operand(&mac, |entry| {
                    let reduced = entry.group * mac.sparsity.m();
                    let (i, o) =
                        if is_ff { (reduced, entry.column) } else { (entry.column, reduced) };
                    let block = o / PANEL_CHANNELS * blocks + i / PANEL_CHANNELS;
                    let own = &written[block * shape.taps() + entry.tap];
                    let beat = entry.value_byte as u64 / BEAT_BYTES;
                    assert!(own.contains(&beat), "{beat} of {entry:?} of {weights:?}");
                });
                let all: BTreeSet<u64> = written.into_iter().flatten().collect();
                let beats = weight_bytes(&mac) / BEAT_BYTES;
                assert!(all.into_iter().eq(0..beats), "{stage:?} of {weights:?}");
            }
        }
    }
}
