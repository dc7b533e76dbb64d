//! How long beats of a load take on the way into the banks.

use super::Requests;

/// Cycles that the beats of a request take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestSteps {
    /// All of them.
    pub(crate) all: u32,
    /// The last of them.
    pub(crate) last: u32,
}

/// Cycles that beats take where that may be more than one each: the requests' in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps {
    list: Vec<RequestSteps>,
    all: u64,
    beats: u64,
}

impl Steps {
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        (self.all, self.beats) = (0, 0);
    }

    /// Appends the beats that these requests have more than before: beat `i` of them takes `of(i)` cycles, 1 to `most`.
    pub(super) fn run(&mut self, requests: &Requests, most: u32, of: impl Fn(usize) -> u32) {
        let count = (requests.beats() - self.beats) as usize;
        self.beats = requests.beats();
        let sum = |beats: std::ops::Range<usize>| -> u32 {
            if most == 1 { beats.len() as u32 } else { beats.map(&of).sum() }
        };
        if requests.is_whole() {
            let all = sum(0..count);
            let last = if count == 0 { 1 } else { of(count - 1) };
            self.all += u64::from(all);
            self.list = vec![RequestSteps { all: self.all as u32, last }];
            return;
        }
        let mut at = 0;
        for request in &requests.list()[self.list.len()..] {
            let end = at + request.beats as usize;
            let all = sum(at..end);
            self.all += u64::from(all);
            self.list.push(RequestSteps { all, last: of(end - 1) });
            at = end;
        }
    }

    /// One request of a memory that is not paged, whose steps are known.
    pub(crate) fn known(&mut self, steps: RequestSteps) {
        self.list.push(steps);
        self.all = steps.all.into();
    }

    /// Those of request `index`; without any, each of its `beats` takes one.
    pub(crate) fn of(&self, index: usize, beats: u32) -> RequestSteps {
        self.list.get(index).copied().unwrap_or(RequestSteps { all: beats, last: 1 })
    }

    /// All cycles.
    pub(crate) const fn all(&self) -> u64 {
        self.all
    }
}
