//! What a run leaves: totals, sections, and each instruction to whoever listens.

use super::array::Busy;
use super::queues::Entry;
use super::share::share;
use crate::program::{Section, Work};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Instruction};

/// One instruction that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Index in the program.
    pub index: usize,
    /// Its engine.
    pub engine: Engine,
    /// First cycle: first slot (MM) or first request.
    pub start_cycle: u64,
    /// First cycle after its last: its data has arrived, left or is stored, and its semaphores are posted.
    pub end_cycle: u64,
    /// First cycle in which what it held (array, drain buffer) is free; at most `end_cycle`.
    pub released_cycle: u64,
    /// Cycles that its engine is taken by slots, lanes or beats.
    pub busy_cycles: u64,
    /// Beats read.
    pub read_beats: u64,
    /// Beats written.
    pub write_beats: u64,
}

/// What an MM waited for, and when it drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Index in the program.
    pub index: usize,
    /// First cycle in which it can be taken from the array's queue: it is in there, and kept instructions before it are taken.
    /// The array takes it when it has also started the MM before.
    pub queued_cycle: u64,
    /// First cycle in which every semaphore that it waits for has its token.
    pub tokens_cycle: u64,
    /// First cycle in which a store may take its outputs, if it drains.
    pub first_out_cycle: u64,
    /// First cycle after its last output is at the edge; the end of its slots if it does not drain.
    pub drained_cycle: u64,
    /// First cycle in which the halves of the banks that it read may be filled again.
    pub read_cycle: u64,
}

/// What a store waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreIssued {
    /// Index in the program.
    pub index: usize,
    /// First cycle in which it can be taken from the engine's queue, as of an MM.
    pub queued_cycle: u64,
    /// First cycle in which every semaphore that it waits for has its token.
    pub tokens_cycle: u64,
    /// Its first cycle.
    pub start_cycle: u64,
}

/// What the lanes of WU and SORE do for one block of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneBlock {
    /// Index of the instruction in the program.
    pub index: usize,
    /// The block, from 0 on.
    pub block: u64,
    /// Elements of the instruction up to the end of the block.
    pub elements: u64,
    /// First cycle: its data has arrived, and the block before has left the lanes' input. Each cycle from here on takes a
    /// beat of `wuve_lanes` elements.
    pub start_cycle: u64,
    /// First cycle after the last beat.
    pub free_cycle: u64,
    /// Its results are all out: its first write may be issued.
    pub ready_cycle: u64,
}

/// Is told of each instruction when its end is known: in program order of each engine, the engines interleaved.
pub trait Observer {
    /// An instruction is done.
    fn retired(&mut self, retired: &Retired);

    /// A kept instruction is done: it is dispatched in `cycle`. In the order of the program, ahead of what retires.
    fn kept(&mut self, index: usize, cycle: u64) {
        let _ = (index, cycle);
    }

    /// An MM starts; its `retired` follows.
    fn issued(&mut self, issued: &Issued) {
        let _ = issued;
    }

    /// A store starts; its `retired` follows.
    fn stored(&mut self, issued: &StoreIssued) {
        let _ = issued;
    }

    /// The lanes of WU or SORE have their work of a block set: in program order, blocks of an instruction in theirs, and before
    /// the instruction retires.
    fn lanes(&mut self, block: &LaneBlock) {
        let _ = block;
    }

    /// The next request is made for this instruction, or by the fetch. It is made again in a later cycle if its port is taken.
    #[inline]
    fn asking(&mut self, index: Option<usize>) {
        let _ = index;
    }

    /// A section is done, and no later instruction can change what it took: each section once, in the order of their ends.
    fn section(&mut self, index: usize, timing: &SectionTiming) {
        let _ = (index, timing);
    }

    /// True to end the run with [`PlanError::Stopped`](crate::PlanError::Stopped).
    fn stops(&self) -> bool {
        false
    }
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn retired(&mut self, _: &Retired) {}
}

/// When an instruction ran: `start_cycle` is its first cycle, `end_cycle` the first after its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// First cycle.
    pub start_cycle: u64,
    /// First cycle after the last.
    pub end_cycle: u64,
}

/// Keeps one span per instruction; those that are kept have 0..0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(pub Vec<Span>);

impl Observer for Spans {
    fn retired(&mut self, retired: &Retired) {
        if self.0.len() <= retired.index {
            self.0.resize(retired.index + 1, Span::default());
        }
        self.0[retired.index] =
            Span { start_cycle: retired.start_cycle, end_cycle: retired.end_cycle };
    }
}

/// What one section of a program took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionTiming {
    /// Start of its first instruction.
    pub start_cycle: u64,
    /// End of its last instruction.
    pub end_cycle: u64,
    /// Cycles of the program that are its own; over all sections they add up to the program's cycles. While the array
    /// works they belong to the section that it works for, else to the section whose end is waited for, from its start on;
    /// cycles before that are the array's next section's.
    pub cycles: u64,
    /// First slot of the array for it, and first cycle after its last; both 0 without MMs.
    pub array_cycles: (u64, u64),
    /// Cycles that each engine was taken by it, in the order of `Engine::ALL`.
    pub busy_cycles: [u64; Engine::ALL.len()],
    /// Cycles that the array waited for the drain path.
    pub drain_wait_cycles: u64,
    /// Useful multiply-accumulates.
    pub useful_macs: u64,
    /// Bytes read from DRAM.
    pub dram_read_bytes: u64,
    /// Bytes written to DRAM.
    pub dram_write_bytes: u64,
}

/// What timing a program gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Cycles from the fetch's first request to the end of the last instruction. A kept one ends in the cycle after its dispatch.
    pub cycles: u64,
    /// Cycles that each engine was taken, in the order of `Engine::ALL`.
    pub busy_cycles: [u64; Engine::ALL.len()],
    /// Cycles that the array waited for the drain path.
    pub drain_wait_cycles: u64,
    /// Useful multiply-accumulates of all MMs: pairs of operands inside images and their padding.
    pub useful_macs: u64,
    /// Bytes that engines read from DRAM, whole beats.
    pub dram_read_bytes: u64,
    /// Bytes that engines write to DRAM, whole beats.
    pub dram_write_bytes: u64,
    /// One per section of the program.
    pub sections: Vec<SectionTiming>,
}

impl Timing {
    /// Useful MACs per USPE and cycle, 0 to 1.
    #[must_use]
    pub fn utilization(&self, config: &ArrayConfig) -> f64 {
        utilization(config, self.useful_macs, self.cycles)
    }

    /// Busy cycles of one engine.
    #[must_use]
    pub const fn busy(&self, engine: Engine) -> u64 {
        self.busy_cycles[engine as usize]
    }

    /// Cycles of the sections of one kind; together with the rest they add up to `cycles`.
    #[must_use]
    pub fn work_cycles(&self, sections: &[Section], work: Work) -> u64 {
        let of = sections.iter().zip(&self.sections).filter(|(section, _)| section.work == work);
        of.map(|(_, timing)| timing.cycles).sum()
    }
}

/// Useful MACs per USPE and cycle, 0 to 1; 0 where there is no cycle.
#[must_use]
pub fn utilization(config: &ArrayConfig, useful_macs: u64, cycles: u64) -> f64 {
    if cycles == 0 {
        return 0.0;
    }
    useful_macs as f64 / (config.peak_macs_per_cycle() as f64 * cycles as f64)
}

pub(super) struct Recorder<'p, 'o, O> {
    sections: &'p [Section],
    observer: &'o mut O,
    timing: Timing,
    /// The section that each engine is in.
    current: [usize; Engine::ALL.len()],
    /// Instructions that each section still has to retire, and MMs among them.
    open: Vec<usize>,
    open_mms: Vec<usize>,
    /// Sections that are done, and that the observer has not heard of.
    unreported: Vec<usize>,
    /// No instruction that is still to retire ends before this cycle, and no MM starts before it.
    settled_cycle: u64,
    pending_macs: u64,
    pending_wait: u64,
    retired: usize,
}

impl<'p, 'o, O: Observer> Recorder<'p, 'o, O> {
    pub(super) fn new(
        instructions: &[Instruction],
        sections: &'p [Section],
        observer: &'o mut O,
    ) -> Self {
        let count = |counts: fn(Engine) -> bool| -> Vec<usize> {
            let of = |section: &Section| {
                let own = &instructions[section.first..section.first + section.count];
                own.iter().filter(|own| own.operation.engine().is_some_and(counts)).count()
            };
            sections.iter().map(of).collect()
        };
        let open = count(|_| true);
        let open_mms = count(|engine| engine == Engine::Mm);
        let unreported = (0..sections.len()).filter(|&index| open[index] == 0).collect();
        let empty = SectionTiming {
            start_cycle: u64::MAX,
            end_cycle: 0,
            cycles: 0,
            array_cycles: (0, 0),
            busy_cycles: [0; Engine::ALL.len()],
            drain_wait_cycles: 0,
            useful_macs: 0,
            dram_read_bytes: 0,
            dram_write_bytes: 0,
        };
        let timing = Timing {
            cycles: 0,
            busy_cycles: [0; Engine::ALL.len()],
            drain_wait_cycles: 0,
            useful_macs: 0,
            dram_read_bytes: 0,
            dram_write_bytes: 0,
            sections: vec![empty; sections.len()],
        };
        let current = [0; Engine::ALL.len()];
        Self {
            sections,
            observer,
            timing,
            current,
            open,
            open_mms,
            unreported,
            settled_cycle: 0,
            pending_macs: 0,
            pending_wait: 0,
            retired: 0,
        }
    }

    pub(super) fn lanes(&mut self, block: &LaneBlock) {
        self.observer.lanes(block);
    }

    /// What the MM that retires next did.
    pub(super) const fn array(&mut self, busy: Busy, useful_macs: u64) {
        (self.pending_macs, self.pending_wait) = (useful_macs, busy.drain_wait_cycles);
    }

    /// Instructions that are done, if the observer wants no more of them.
    pub(super) fn stopped(&self) -> Option<usize> {
        self.observer.stops().then_some(self.retired)
    }

    #[inline]
    pub(super) fn asking(&mut self, index: Option<usize>) {
        self.observer.asking(index);
    }

    pub(super) fn issued(&mut self, issued: Issued) {
        self.observer.issued(&issued);
    }

    pub(super) fn retire(&mut self, retired: Retired) {
        self.retired += 1;
        let engine = retired.engine as usize;
        let macs = std::mem::take(&mut self.pending_macs);
        let wait = std::mem::take(&mut self.pending_wait);
        let (read, write) = (
            retired.read_beats * crate::layout::BEAT_BYTES,
            retired.write_beats * crate::layout::BEAT_BYTES,
        );
        let timing = &mut self.timing;
        timing.cycles = timing.cycles.max(retired.end_cycle);
        timing.busy_cycles[engine] += retired.busy_cycles;
        timing.drain_wait_cycles += wait;
        timing.useful_macs += macs;
        timing.dram_read_bytes += read;
        timing.dram_write_bytes += write;
        let current = &mut self.current[engine];
        while self.sections.get(*current).is_some_and(|s| s.first + s.count <= retired.index) {
            *current += 1;
        }
        if self.sections.get(*current).is_some_and(|s| s.first <= retired.index) {
            let open = &mut self.open[*current];
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.unreported.push(*current);
            }
            let section = &mut timing.sections[*current];
            section.start_cycle = section.start_cycle.min(retired.start_cycle);
            section.end_cycle = section.end_cycle.max(retired.end_cycle);
            section.busy_cycles[engine] += retired.busy_cycles;
            if retired.engine == Engine::Mm {
                if section.array_cycles.1 == 0 {
                    section.array_cycles.0 = retired.start_cycle;
                }
                section.array_cycles.1 = retired.released_cycle;
                let open = &mut self.open_mms[*current];
                *open = open.saturating_sub(1);
            }
            section.drain_wait_cycles += wait;
            section.useful_macs += macs;
            section.dram_read_bytes += read;
            section.dram_write_bytes += write;
        }
        self.observer.retired(&retired);
    }

    /// A store starts.
    pub(super) fn stored(&mut self, entry: &Entry, start_cycle: u64) {
        let (queued_cycle, tokens_cycle) = (entry.queued_cycle, entry.tokens_cycle);
        let index = entry.index;
        self.observer.stored(&StoreIssued { index, queued_cycle, tokens_cycle, start_cycle });
    }

    /// A kept instruction is dispatched.
    pub(super) fn kept(&mut self, index: usize, cycle: u64) {
        self.timing.cycles = self.timing.cycles.max(cycle + 1);
        self.observer.kept(index, cycle);
    }

    /// All requests before this cycle have been made, so that whatever retires later ends after it. What the array does is
    /// known ahead, and what it is still to do waits for what retires later.
    pub(super) fn settle(&mut self, cycle: u64) {
        if cycle > self.settled_cycle {
            self.settled_cycle = cycle;
            self.report();
        }
    }

    /// Tells the observer of the sections whose share of the cycles is settled.
    fn report(&mut self) {
        let settled = |index: &usize| self.timing.sections[*index].end_cycle < self.settled_cycle;
        if !self.unreported.iter().any(settled) {
            return;
        }
        let mut sections = self.timing.sections.clone();
        for (section, open_mms) in sections.iter_mut().zip(&self.open_mms) {
            section.start_cycle = section.start_cycle.min(section.end_cycle);
            if section.array_cycles.1 > 0 && *open_mms > 0 {
                section.array_cycles.1 = u64::MAX;
            }
        }
        share(&mut sections, |index| self.open[index] == 0);
        let (mut known, open) = self.unreported.iter().partition::<Vec<usize>, _>(|i| settled(i));
        self.unreported = open;
        known.sort_by_key(|&index| (sections[index].end_cycle, index));
        for index in known {
            self.observer.section(index, &sections[index]);
        }
    }

    pub(super) fn finish(mut self) -> Timing {
        for section in &mut self.timing.sections {
            section.start_cycle = section.start_cycle.min(section.end_cycle);
        }
        share(&mut self.timing.sections, |_| true);
        let sections = &self.timing.sections;
        self.unreported.sort_by_key(|&index| (sections[index].end_cycle, index));
        for index in self.unreported {
            self.observer.section(index, &sections[index]);
        }
        self.timing
    }
}
