//! A set of addresses, kept as ranges.

use std::collections::BTreeMap;
use std::ops::Range;

/// Addresses; ranges that touch are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranges {
    /// End of each range by its start.
    ends: BTreeMap<u64, u64>,
}

impl Ranges {
    /// Adds all of `range`.
    pub(super) fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let Range { mut start, mut end } = range;
        while let Some((&other, &other_end)) = self.ends.range(..=end).next_back()
            && other_end >= start
        {
            self.ends.remove(&other);
            start = start.min(other);
            end = end.max(other_end);
        }
        self.ends.insert(start, end);
    }

    /// What of `range` is not in the set, in ascending order.
    pub(super) fn missing(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut next = range.start;
        let mut missing = Vec::new();
        let before = self.ends.range(..range.start).next_back();
        for (&start, &end) in before.into_iter().chain(self.ends.range(range.clone())) {
            if next < start {
                missing.push(next..start);
            }
            next = next.max(end);
        }
        if next < range.end {
            missing.push(next..range.end);
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_missing_is_what_was_never_inserted(
            inserted in prop::collection::vec((0u64..100, 0u64..20), 0..20),
            (start, len) in (0u64..100, 0u64..50),
        ) {
            let mut ranges = Ranges::default();
            for &(start, len) in &inserted {
                ranges.insert(start..start + len);
            }
            let missing = ranges.missing(start..start + len);
            prop_assert!(missing.iter().all(|range| !range.is_empty()));
            prop_assert!(missing.windows(2).all(|pair| pair[0].end < pair[1].start));
            for at in start..start + len {
                let is_in = inserted.iter().any(|&(start, len)| (start..start + len).contains(&at));
                prop_assert_eq!(is_in, !missing.iter().any(|range| range.contains(&at)));
            }
        }
    }
}
