//! Who has which part of card memory.

use satkit_plan::layout::TENSOR_ALIGN_BYTES;
use std::collections::BTreeMap;
use std::ops::Range;

/// First fit over the holes of a memory, in units of [`TENSOR_ALIGN_BYTES`].
#[derive(Clone, Debug)]
pub(super) struct Allocator {
    /// End of each hole by its start; no two of them touch.
    holes: BTreeMap<u64, u64>,
}

impl Allocator {
    /// All of a memory of `bytes` bytes is one hole; what is left behind the last whole unit is not used.
    pub(super) fn new(bytes: u64) -> Self {
        let end = bytes / TENSOR_ALIGN_BYTES * TENSOR_ALIGN_BYTES;
        Self { holes: (end > 0).then_some((0, end)).into_iter().collect() }
    }

    /// Takes the first place that has `bytes` bytes, rounded up to whole units and at least one.
    ///
    /// # Errors
    /// Bytes of the largest hole, if that is not enough.
    pub(super) fn take(&mut self, bytes: u64) -> Result<Range<u64>, u64> {
        let wanted = Self::rounded(bytes);
        let fits = |(start, end): (&u64, &u64)| {
            let place = *start..start.checked_add(wanted?)?;
            (place.end <= *end).then_some(place)
        };
        let found = self.holes.iter().find_map(fits);
        match found {
            Some(place) => {
                self.cut(&place);
                Ok(place)
            }
            None => Err(self.holes.iter().map(|(start, end)| end - start).max().unwrap_or(0)),
        }
    }

    /// Takes `bytes` bytes, rounded up, at `address`.
    ///
    /// # Errors
    /// What is in the way.
    pub(super) fn take_at(&mut self, address: u64, bytes: u64) -> Result<Range<u64>, &'static str> {
        if !address.is_multiple_of(TENSOR_ALIGN_BYTES) {
            return Err("it does not start at a multiple of 64 KiB");
        }
        let end = Self::rounded(bytes).and_then(|bytes| address.checked_add(bytes));
        let hole = self.holes.range(..=address).next_back();
        match (hole, end) {
            (Some((_, hole_end)), Some(end)) if end <= *hole_end => {
                self.cut(&(address..end));
                Ok(address..end)
            }
            _ => Err("a part of it is taken, or beyond the memory"),
        }
    }

    /// Gives back what was taken as one.
    pub(super) fn free(&mut self, place: &Range<u64>) {
        let Range { mut start, mut end } = *place;
        if let Some((&before, &before_end)) = self.holes.range(..start).next_back()
            && before_end == start
        {
            self.holes.remove(&before);
            start = before;
        }
        if let Some(after_end) = self.holes.remove(&end) {
            end = after_end;
        }
        self.holes.insert(start, end);
    }

    #[cfg(test)]
    fn holes(&self) -> impl Iterator<Item = Range<u64>> {
        self.holes.iter().map(|(&start, &end)| start..end)
    }

    fn rounded(bytes: u64) -> Option<u64> {
        bytes.max(1).checked_next_multiple_of(TENSOR_ALIGN_BYTES)
    }

    /// Cuts a place out of the hole that holds it.
    fn cut(&mut self, place: &Range<u64>) {
        let Some((&start, &end)) = self.holes.range(..=place.start).next_back() else { return };
        self.holes.remove(&start);
        if start < place.start {
            self.holes.insert(start, place.start);
        }
        if place.end < end {
            self.holes.insert(place.end, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNIT: u64 = TENSOR_ALIGN_BYTES;
    const UNITS: u64 = 40;

    #[derive(Clone, Debug)]
    enum Act {
        Take(u64),
        TakeAt(u64, u64),
        Free(prop::sample::Index),
    }

    fn act() -> impl Strategy<Value = Act> {
        let bytes = || prop_oneof![0..8 * UNIT, Just(u64::MAX)];
        prop_oneof![
            3 => bytes().prop_map(Act::Take),
            2 => (0..UNITS + 2, bytes()).prop_map(|(at, bytes)| Act::TakeAt(at * UNIT, bytes)),
            3 => any::<prop::sample::Index>().prop_map(Act::Free),
        ]
    }

    fn units(place: &Range<u64>) -> Range<usize> {
        (place.start / UNIT) as usize..(place.end / UNIT) as usize
    }

    proptest! {
        #[test]
        fn places_never_overlap_and_come_back_whole(acts in prop::collection::vec(act(), 0..60)) {
            let mut allocator = Allocator::new(UNITS * UNIT + 5);
            let mut places: Vec<Range<u64>> = Vec::new();
            for act in acts {
                // Which units are taken, kept without any cleverness.
                let mut taken = [false; UNITS as usize];
                places.iter().for_each(|place| taken[units(place)].fill(true));
                let wanted = |bytes: u64| bytes.max(1).div_ceil(UNIT) as usize;
                let is_free = |at: usize, len: usize| {
                    at.checked_add(len).and_then(|end| taken.get(at..end)).is_some_and(|r| !r.contains(&true))
                };
                match act {
                    Act::Take(bytes) => {
                        let first = (0..UNITS as usize).find(|&at| is_free(at, wanted(bytes)));
                        let place = allocator.take(bytes).ok();
                        let expected = first.map(|at| at..at + wanted(bytes));
                        prop_assert_eq!(place.as_ref().map(units), expected);
                        places.extend(place);
                    }
                    Act::TakeAt(at, bytes) => {
                        let place = allocator.take_at(at, bytes).ok();
                        let at = (at / UNIT) as usize;
                        let expected = is_free(at, wanted(bytes)).then(|| at..at + wanted(bytes));
                        prop_assert_eq!(place.as_ref().map(units), expected);
                        places.extend(place);
                    }
                    Act::Free(index) if !places.is_empty() => {
                        allocator.free(&places.swap_remove(index.index(places.len())));
                    }
                    Act::Free(_) => {}
                }
            }
            places.iter().for_each(|place| allocator.free(place));
            prop_assert_eq!(allocator.holes().collect::<Vec<_>>(), vec![0..UNITS * UNIT]);
        }
    }
}
