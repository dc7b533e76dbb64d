//! What a program asks of card memory, and which instruction it is that memory answers with an error.
//!
//! Values are computed in bulk, and hardware moves them burst by burst. The timing model makes the requests of the hardware; what memory says of
//! each is asked of the card's memory, as a port does.

use super::memory::{CardMemory, MemoryFault};
use super::watch::{Fault, FaultKind, Watch};
use satkit_memory::{
    AnyMemory, Direction, Memory, MemoryError, MemoryModel, PAGE_BYTES, Ports, Request, Statistics,
    Transfer,
};
use satkit_plan::layout::BEAT_BYTES;
use satkit_plan::{Observer, PlanError, Program, Retired, time};
use satkit_spec::ArrayConfig;
use std::cell::Cell;
use std::collections::HashSet;
use std::ops::Range;

const fn bytes_of(request: &Request) -> u64 {
    request.beats as u64 * BEAT_BYTES
}

/// A memory in time that keeps which pages it is asked for.
pub(super) struct Asked {
    model: AnyMemory,
    /// One bit per page.
    pages: Vec<u64>,
}

impl Asked {
    /// One without requests.
    ///
    /// # Errors
    /// [`MemoryError`] if the model does not fit the array.
    pub(super) fn new(config: &ArrayConfig, dram: &MemoryModel) -> Result<Self, MemoryError> {
        Ok(Self { model: dram.build(&Ports::from(config))?, pages: Vec::new() })
    }

    /// The bytes of the pages, in order, those side by side as one.
    pub(super) fn runs(&self) -> Vec<Range<u64>> {
        let mut runs: Vec<Range<u64>> = Vec::new();
        for (word, &bits) in self.pages.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            for bit in (0..u64::BITS).filter(|bit| bits >> bit & 1 == 1) {
                let start = (word as u64 * u64::from(u64::BITS) + u64::from(bit)) * PAGE_BYTES;
                match runs.last_mut() {
                    Some(run) if run.end == start => run.end += PAGE_BYTES,
                    _ => runs.push(start..start + PAGE_BYTES),
                }
            }
        }
        runs
    }
}

impl Memory for Asked {
    fn transfer(&mut self, request: Request) -> Transfer {
        let end = request.address + bytes_of(&request);
        for page in request.address / PAGE_BYTES..end.div_ceil(PAGE_BYTES) {
            let word = (page / u64::from(u64::BITS)) as usize;
            if word >= self.pages.len() {
                self.pages.resize(word + 1, 0);
            }
            self.pages[word] |= 1 << (page % u64::from(u64::BITS));
        }
        self.model.transfer(request)
    }

    fn paged(&self) -> bool {
        self.model.paged()
    }

    fn statistics(&self) -> &Statistics {
        self.model.statistics()
    }
}

/// Looks for the request of the watch's program that `memory` answers with an error before it does with any other, and before the program
/// ends for another reason: in cycle `until`, by the watchdog, or at an impossible instruction. The watch is told how far it has come by then.
///
/// # Errors
/// [`Fault`] with the instruction that asked, and the first byte of its request that is not there; or that the host wants no more.
pub(super) fn check(
    config: &ArrayConfig,
    program: &Program,
    memory: &CardMemory,
    until: Option<u64>,
    watch: &Watch,
) -> Result<(), Fault> {
    let found = Found::default();
    let Ok(model) = watch.dram.build(&Ports::from(config)) else { return Ok(()) };
    let mut port = Port { model, memory, written: HashSet::new(), found: &found };
    let mut listener = Listener { watch, found: &found, ends: Vec::new(), kept: Vec::new() };
    let until = match time(config, program, watch.address, &mut port, &mut listener) {
        Ok(_) | Err(PlanError::Stopped { .. } | PlanError::Deadlock { .. }) => until,
        // It is found when it would be dispatched.
        Err(_) => Some(until.map_or(found.cycle.get(), |until| until.min(found.cycle.get()))),
    };
    let Listener { ends, kept, .. } = listener;
    if watch.cancelled() {
        return Err(Fault { instruction: ends.len() + kept.len(), kind: FaultKind::Cancelled });
    }
    let Some(Error { cycle, instruction, address }) = found.error.get() else { return Ok(()) };
    if until.is_some_and(|until| until < cycle) {
        return Ok(());
    }
    let before = |ends: &[u64]| ends.iter().filter(|&&end| end < cycle).count() as u32;
    let last = ends.iter().filter(|&&end| end < cycle).max();
    watch.progress(before(&ends) + before(&kept), last.copied().unwrap_or(0));
    Err(Fault { instruction, kind: FaultKind::Axi { address } })
}

/// An answer that is an error.
#[derive(Clone, Copy, Debug)]
struct Error {
    /// The cycle in which it comes.
    cycle: u64,
    /// Who asked.
    instruction: usize,
    /// The first byte that is not there.
    address: u64,
}

/// What ports and engines tell each other.
#[derive(Debug, Default)]
struct Found {
    /// Whose request is next; `None` for the fetch.
    asking: Cell<Option<usize>>,
    /// The first error so far.
    error: Cell<Option<Error>>,
    /// The cycle of the last request.
    cycle: Cell<u64>,
}

/// A memory in time with the answers of the card's.
struct Port<'a> {
    model: AnyMemory,
    memory: &'a CardMemory,
    /// Pages that the program has written as a whole.
    written: HashSet<u64>,
    found: &'a Found,
}

impl Port<'_> {
    fn answer(&mut self, request: &Request) -> Result<(), MemoryFault> {
        let (address, bytes) = (request.address, bytes_of(request));
        if self.written.contains(&(address / PAGE_BYTES)) {
            return Ok(());
        }
        match request.direction {
            Direction::Read => self.memory.check_read(address, bytes as usize),
            Direction::Write => {
                self.memory.check_write(address, bytes as usize)?;
                let whole = address.div_ceil(PAGE_BYTES)..(address + bytes) / PAGE_BYTES;
                self.written.extend(whole);
                Ok(())
            }
        }
    }
}

impl Memory for Port<'_> {
    fn transfer(&mut self, request: Request) -> Transfer {
        let transfer = self.model.transfer(request);
        self.found.cycle.set(request.cycle);
        // A program that is not there as a whole is not begun.
        let Some(instruction) = self.found.asking.get() else { return transfer };
        if let Err(MemoryFault { address, .. }) = self.answer(&request) {
            let cycle = match request.direction {
                Direction::Read => transfer.start_cycle + (address - request.address) / BEAT_BYTES,
                Direction::Write => transfer.end_cycle,
            };
            if self.found.error.get().is_none_or(|first| cycle < first.cycle) {
                self.found.error.set(Some(Error { cycle, instruction, address }));
            }
        }
        transfer
    }

    fn paged(&self) -> bool {
        self.model.paged()
    }

    fn statistics(&self) -> &Statistics {
        self.model.statistics()
    }
}

struct Listener<'a> {
    watch: &'a Watch,
    found: &'a Found,
    /// The cycle in which each instruction of an engine ended, and each that is kept.
    ends: Vec<u64>,
    kept: Vec<u64>,
}

impl Observer for Listener<'_> {
    fn retired(&mut self, retired: &Retired) {
        self.ends.push(retired.end_cycle);
    }

    fn kept(&mut self, _: usize, cycle: u64) {
        self.kept.push(cycle + 1);
    }

    fn asking(&mut self, index: Option<usize>) {
        self.found.asking.set(index);
    }

    /// What is asked for once the first error has come is answered later.
    fn stops(&self) -> bool {
        let past = |error: Error| error.cycle < self.found.cycle.get();
        self.found.error.get().is_some_and(past) || self.watch.cancelled()
    }
}
