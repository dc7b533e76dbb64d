//! What an update unit is to give, and when: plain Rust, written from `docs/contract.md` and `docs/contract-elementwise.md`.

use crate::support::Bench;
use crate::update_lane::Sgd;
use half::f16;
use satkit_spec::ArrayConfig;
use std::collections::BTreeMap;

/// What is made of the weights of one instruction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Made {
    pub(super) prune_only: bool,
    pub(super) srste: bool,
    pub(super) make_ff: bool,
    pub(super) make_bp: bool,
    pub(super) prune_ff: bool,
    pub(super) prune_bp: bool,
    pub(super) mask_bp: bool,
    pub(super) m: usize,
    pub(super) n: usize,
}

impl Made {
    pub(super) const fn transposes(&self) -> bool {
        self.prune_ff && self.prune_bp && !self.mask_bp
    }

    /// Weights that belong together.
    pub(super) const fn unit(&self) -> usize {
        if self.transposes() {
            self.m * self.m
        } else if self.prune_ff || self.prune_bp || self.mask_bp || self.srste {
            self.m
        } else {
            1
        }
    }
}

/// One instruction: settings, weights, and the idle cycles before each beat.
pub(super) struct Job {
    pub(super) made: Made,
    pub(super) sgd: Sgd,
    /// dw, w, v and the FP16 weight.
    pub(super) weights: Vec<[u32; 4]>,
    pub(super) gaps: Vec<u32>,
}

/// Flags of the N of largest magnitude, the lowest position first among equals.
fn kept(group: &[u16], n: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..group.len()).collect();
    order.sort_by_key(|&at| (std::cmp::Reverse(group[at] & 0x7FFF), at));
    let mut kept = vec![false; group.len()];
    order[..n].iter().for_each(|&at| kept[at] = true);
    kept
}

fn canonical(half: u16) -> u16 {
    if half & 0x7FFF > 0x7C00 { 0x7E00 } else { half }
}

fn narrow(single: u32) -> u16 {
    canonical(f16::from_f32(f32::from_bits(single)).to_bits())
}

/// A vector of `width`-bit elements, `count` of them, in words as the bench has them.
fn packed(elements: &[u32], width: usize, count: usize) -> Vec<u32> {
    let mut words = vec![0_u32; (width * count).div_ceil(32)];
    for (at, &element) in elements.iter().enumerate() {
        words[at * width / 32] |= element << (at * width % 32);
    }
    words
}

/// A unit with everything that is due, cycle by cycle.
pub(super) struct Truth {
    lanes: usize,
    m_lanes: usize,
    config: ArrayConfig,
    input: Vec<u32>,
    pub(super) due: BTreeMap<(u64, u32), Vec<u32>>,
    cycle: u64,
    /// Where the input stood, and the cycle, before each beat of the last job.
    pub(super) beats: Vec<(usize, u64)>,
    pub(super) parameters: u64,
    pub(super) groups: u64,
}

pub(super) const WUVE_CYCLES: u64 = 32;

impl Truth {
    pub(super) fn new(config: &ArrayConfig) -> Self {
        Self {
            lanes: config.wuve_lanes,
            m_lanes: config.m_lanes,
            config: config.clone(),
            input: vec![3],
            due: BTreeMap::new(),
            cycle: 1,
            beats: Vec::new(),
            parameters: 0,
            groups: 0,
        }
    }

    fn word(&self) -> usize {
        self.lanes.max(self.m_lanes)
    }

    pub(super) fn idle(&mut self, cycles: u32) {
        self.input.extend([2, cycles]);
        self.cycle += u64::from(cycles);
    }

    /// Gives a job's beats, and notes what comes of them. Nothing of the job before may be on its way.
    pub(super) fn job(&mut self, job: &Job) {
        let Job { made, sgd, weights, gaps } = job;
        let flags = [
            made.prune_only,
            sgd.skip,
            made.srste,
            made.make_ff,
            made.make_bp,
            made.prune_ff,
            made.prune_bp,
            made.mask_bp,
        ];
        let flags = flags.iter().enumerate().map(|(at, &flag)| u32::from(flag) << at).sum();
        self.input.extend([0, flags, made.m.ilog2(), made.n as u32]);
        self.input.extend(sgd.words());
        assert!(weights.len().is_multiple_of(made.unit()));

        let old: Vec<u16> = weights.iter().map(|&[_, w, ..]| narrow(w)).collect();
        let mut decays = vec![false; weights.len()];
        if made.srste && sgd.lambda != 0.0 {
            for (group, decays) in old.chunks(made.m).zip(decays.chunks_mut(made.m)) {
                for (decays, kept) in decays.iter_mut().zip(kept(group, made.n)) {
                    *decays = !kept;
                }
            }
        }
        let new: Vec<[u32; 2]> = weights
            .iter()
            .zip(&decays)
            .map(|(&[dw, w, v, _], &decays)| sgd.update(dw, w, v, decays))
            .collect();
        let halves: Vec<u16> = if made.prune_only {
            weights.iter().map(|&[.., half]| canonical(half as u16)).collect()
        } else {
            new.iter().map(|&[w, _]| narrow(w)).collect()
        };

        // The cycle in which SORE takes each beat.
        let mut taken = Vec::new();
        self.beats.clear();
        for (beat, weights) in weights.chunks(self.lanes).enumerate() {
            let gap = gaps.get(beat).copied().unwrap_or(0);
            if gap > 0 {
                self.idle(gap);
            }
            self.beats.push((self.input.len(), self.cycle));
            let valid = (1 << weights.len()) - 1;
            self.input.extend([1, valid]);
            for field in [1, 2, 0] {
                let values: Vec<u32> = weights.iter().map(|weight| weight[field]).collect();
                self.input.extend(packed(&values, 32, self.lanes));
            }
            let values: Vec<u32> = weights.iter().map(|weight| weight[3]).collect();
            self.input.extend(packed(&values, 16, self.lanes));
            if made.prune_only {
                taken.push(self.cycle);
            } else {
                let new = &new[beat * self.lanes..][..weights.len()];
                // What invalid lanes hold is not said: it is compared with nothing.
                let mut event = vec![valid];
                for field in 0..2 {
                    event.extend(new.iter().map(|new| new[field]));
                    event.extend(std::iter::repeat_n(0, self.lanes - new.len()));
                }
                self.due.insert((self.cycle + WUVE_CYCLES, 0), event);
                taken.push(self.cycle + WUVE_CYCLES);
                self.parameters += if sgd.skip { 0 } else { weights.len() as u64 };
            }
            self.cycle += 1;
        }

        if made.make_ff {
            let (m, n) = if made.prune_ff { (made.m, made.n) } else { (1, 1) };
            self.select(1, &halves, &taken, (m, n), false);
            if made.prune_ff {
                self.groups += (halves.len() / m) as u64;
            }
        }
        if made.make_bp {
            let selects = made.prune_bp || made.mask_bp;
            let (m, n) = if selects { (made.m, made.n) } else { (1, 1) };
            if selects {
                self.groups += (halves.len() / m) as u64;
            }
            if made.transposes() {
                let mut across = halves.clone();
                for (to, from) in across.chunks_mut(m * m).zip(halves.chunks(m * m)) {
                    for (at, to) in to.iter_mut().enumerate() {
                        *to = from[at % m * m + at / m];
                    }
                }
                // A block leaves from the second cycle after its last beat on.
                let beats = (m * m).div_ceil(self.lanes);
                let last = |beat: usize| taken[beat / beats * beats + beats - 1];
                let turned: Vec<u64> =
                    (0..taken.len()).map(|beat| last(beat) + 2 + (beat % beats) as u64).collect();
                self.select(2, &across, &turned, (m, n), false);
                let due = self.due.range(..).rev().find(|((_, what), _)| *what == 2);
                let out = due.map_or(0, |((cycle, _), _)| *cycle);
                assert_eq!(out, taken[taken.len() - 1] + self.config.sore_cycles(Some(m)) as u64);
            } else {
                self.select(2, &halves, &taken, (m, n), made.mask_bp);
            }
        }
    }

    /// Notes the words of one selection whose beats come in these cycles.
    fn select(
        &mut self,
        what: u32,
        values: &[u16],
        beats: &[u64],
        (m, n): (usize, usize),
        dense: bool,
    ) {
        // Rounding takes two cycles, gathering one, comparing to filling slots five.
        let latency = 2 + u64::from(self.lanes < self.m_lanes) + 5;
        let length = m.max(self.lanes);
        for (word, values) in values.chunks(length).enumerate() {
            let last = (word * length + values.len() - 1) / self.lanes;
            let (mut slots, mut positions) = (Vec::new(), Vec::new());
            for group in values.chunks(m) {
                for (at, kept) in kept(group, n).into_iter().enumerate() {
                    if kept || dense {
                        slots.push(if kept { u32::from(group[at]) } else { 0 });
                        positions.push(at as u32);
                    }
                }
            }
            let mut event = vec![slots.len() as u32];
            event.extend(packed(&slots, 16, self.word()));
            event.extend(packed(&positions, 4, self.word()));
            self.due.insert((beats[last] + latency, what), event);
        }
    }

    /// Resets the unit in place of beat `at` of the last job; behind the last there is none to replace. What is on its way is
    /// gone.
    pub(super) fn reset(&mut self, at: usize) {
        if let Some(&(words, cycle)) = self.beats.get(at) {
            self.input.truncate(words);
            self.cycle = cycle;
        }
        self.input.push(3);
        let now = self.cycle;
        self.due.retain(|&(cycle, _), _| cycle <= now);
        self.cycle += 1;
        (self.parameters, self.groups) = (0, 0);
    }

    /// Lets everything come out.
    pub(super) fn flush(&mut self) {
        self.idle(128);
    }

    pub(super) fn counters(&mut self) {
        self.input.push(4);
        let counters = [self.parameters, self.groups];
        let words = counters.iter().flat_map(|c| [*c as u32, (*c >> 32) as u32]).collect();
        self.due.insert((self.cycle, 3), words);
    }

    /// Runs the bench and compares everything that comes out with what is due.
    pub(super) fn check(mut self, bench: &Bench) -> usize {
        self.flush();
        self.counters();
        let input = std::mem::take(&mut self.input);
        let output = bench.run(|pipe| {
            for word in &input {
                pipe.write_all(&word.to_le_bytes()).unwrap();
            }
        });
        let mut words = output.chunks_exact(4).map(|w| u32::from_le_bytes(w.try_into().unwrap()));
        let lengths = [
            1 + 2 * self.lanes,
            1 + (16 * self.word()).div_ceil(32) + (4 * self.word()).div_ceil(32),
        ];
        let lengths = [lengths[0], lengths[1], lengths[1], 4];
        let count = self.due.len();
        for ((cycle, what), mut expected) in self.due {
            let head = (words.next(), words.next());
            assert_eq!(head, (Some(cycle as u32), Some(what)), "due: {expected:x?}");
            let mut event: Vec<u32> = words.by_ref().take(lengths[what as usize]).collect();
            if what == 0 {
                let valid = event[0];
                for lane in (0..self.lanes).filter(|lane| valid >> lane & 1 == 0) {
                    for at in [1 + lane, 1 + self.lanes + lane] {
                        (event[at], expected[at]) = (0, 0);
                    }
                }
            }
            assert_eq!(event, expected, "cycle {cycle}, output {what}");
        }
        assert_eq!(words.next(), None);
        count
    }
}
