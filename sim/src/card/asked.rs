//! What a program asks of card memory, and which instruction it is that memory answers with an error.
//!
//! Values are computed in bulk, and hardware moves them burst by burst. The timing model makes the requests of the hardware; what memory says of
//! each is asked of the card's memory, as a port does.

use super::memory::{CardMemory, MemoryFault};
use super::watch::{Fault, FaultKind, Watch};
use satkit_memory::{Direction, PAGE_BYTES, Ports, Request, Told, Transfer};
use satkit_plan::layout::{BEAT_BYTES, CARD_BYTES};
use satkit_plan::{Observer, PlanError, Program, Retired, time};
use satkit_spec::ArrayConfig;
use std::cell::Cell;
use std::collections::HashSet;

const WORD_BITS: u64 = u64::BITS as u64;

/// The parts of a request in one page each: first byte, and bytes. A memory that is not paged is asked for more than a page at once.
fn parts(request: &Request) -> impl Iterator<Item = (u64, u64)> + use<> {
    let end = request.address.saturating_add(u64::from(request.beats) * BEAT_BYTES);
    let mut next = request.address;
    std::iter::from_fn(move || {
        let start = next;
        next = (start / PAGE_BYTES + 1).saturating_mul(PAGE_BYTES).min(end);
        (start < next).then(|| (start, next - start))
    })
}

/// The pages that a program asks for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// One bit per page of a card.
    pages: Vec<u64>,
    /// It asks for more than any card has.
    beyond: bool,
}

impl Asked {
    /// Keeps the pages of a request.
    pub(super) fn note(&mut self, request: &Request) {
        for (start, _) in parts(request) {
            if start >= CARD_BYTES {
                self.beyond = true;
                return;
            }
            let (word, bit) = (start / PAGE_BYTES / WORD_BITS, start / PAGE_BYTES % WORD_BITS);
            let word = word as usize;
            if word >= self.pages.len() {
                self.pages.resize(word + 1, 0);
            }
            self.pages[word] |= 1 << bit;
        }
    }

    /// True if `memory` answers a read of each page.
    pub(super) fn is_in(&self, memory: &CardMemory) -> bool {
        let pages = self.pages.iter().zip(0..).flat_map(|(&bits, word)| {
            (0..WORD_BITS)
                .filter(move |bit| bits >> bit & 1 == 1)
                .map(move |bit| word * WORD_BITS + bit)
        });
        let is_there = |page| memory.check_read(page * PAGE_BYTES, PAGE_BYTES as usize).is_ok();
        !self.beyond && pages.into_iter().all(is_there)
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
    let mut answers = Answers { memory, written: HashSet::new(), found: &found };
    let mut port = Told::new(model, |request: &Request, transfer: &Transfer| {
        answers.hear(request, transfer);
    });
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

/// The answers of the card's memory to a program under way.
struct Answers<'a> {
    memory: &'a CardMemory,
    /// Pages that the program has written as a whole.
    written: HashSet<u64>,
    found: &'a Found,
}

impl Answers<'_> {
    fn answer(&mut self, request: &Request) -> Result<(), MemoryFault> {
        for (start, bytes) in parts(request) {
            let page = start / PAGE_BYTES;
            if self.written.contains(&page) {
                continue;
            }
            match request.direction {
                Direction::Read => self.memory.check_read(start, bytes as usize)?,
                Direction::Write => self.memory.check_write(start, bytes as usize)?,
            }
            if request.direction == Direction::Write && bytes == PAGE_BYTES {
                self.written.insert(page);
            }
        }
        Ok(())
    }

    fn hear(&mut self, request: &Request, transfer: &Transfer) {
        self.found.cycle.set(request.cycle);
        // A program that is not there as a whole is not begun.
        let Some(instruction) = self.found.asking.get() else { return };
        let Err(MemoryFault { address, .. }) = self.answer(request) else { return };
        let cycle = match request.direction {
            Direction::Read => transfer.start_cycle + (address - request.address) / BEAT_BYTES,
            Direction::Write => transfer.end_cycle,
        };
        if self.found.error.get().is_none_or(|first| cycle < first.cycle) {
            self.found.error.set(Some(Error { cycle, instruction, address }));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages 0 to 3, of which page 2 is not there.
    fn memory() -> CardMemory {
        let memory = CardMemory::new(4 * PAGE_BYTES);
        for page in [0, 1, 3] {
            memory.write(page * PAGE_BYTES, &[0; PAGE_BYTES as usize]).unwrap();
        }
        memory
    }

    fn request(direction: Direction, beat: u64, beats: u32) -> Request {
        Request { cycle: 0, address: beat * BEAT_BYTES, beats, direction }
    }

    #[test]
    fn each_page_of_a_request_is_asked_for() {
        for (beat, beats, is_there) in [
            (0, 128, true),
            (100, 28, true),
            (100, 29, false),
            (191, 2, false),
            (192, 64, true),
            (192, 65, false),
        ] {
            let mut asked = Asked::default();
            asked.note(&request(Direction::Read, beat, beats));
            assert_eq!(asked.is_in(&memory()), is_there, "{beats} from {beat}");
        }
        let mut asked = Asked::default();
        asked.note(&request(Direction::Write, CARD_BYTES / BEAT_BYTES - 1, 2));
        assert!(!asked.is_in(&memory()));
    }

    #[test]
    fn a_page_is_there_once_it_is_written_as_a_whole() {
        let (memory, found) = (memory(), Found::default());
        let mut answers = Answers { memory: &memory, written: HashSet::new(), found: &found };
        let mut fault = |request| answers.answer(&request).err().map(|fault| fault.address);
        let (read, write) = (
            |beat, beats| request(Direction::Read, beat, beats),
            |beat, beats| request(Direction::Write, beat, beats),
        );
        assert_eq!(fault(read(64, 192)), Some(2 * PAGE_BYTES));
        assert_eq!(fault(write(128, 63)), Some(2 * PAGE_BYTES));
        assert_eq!(fault(write(100, 92)), None);
        assert_eq!(fault(read(150, 2)), None);
        // Behind a page that has been written is the end of the memory.
        assert_eq!(fault(read(128, 129)), Some(4 * PAGE_BYTES));
    }
}
