//! Whose the cycles of a program are.

use super::record::SectionTiming;

/// Gives each cycle up to the end of the last section that `is_done` to one section. What a section gets depends only on those
/// that end before it, and on those of the array that start before its end.
pub(super) fn share(sections: &mut [SectionTiming], is_done: impl Fn(usize) -> bool) {
    // Sections of the array follow each other; the others, by their ends, fill the gaps.
    let array: Vec<usize> =
        (0..sections.len()).filter(|&index| sections[index].array_cycles.1 > 0).collect();
    let mut others: Vec<usize> = (0..sections.len()).filter(|&index| is_done(index)).collect();
    let all_are_done = others.len() == sections.len();
    others.sort_by_key(|&index| (sections[index].end_cycle, index));
    let last = others.last().copied().filter(|_| all_are_done);
    let mut others = others.into_iter().peekable();
    // Gaps in which no section that has ended was at work, in their order: those of whoever ends later.
    let mut gaps: Vec<(u64, u64)> = Vec::new();
    let mut now = 0;
    for section in array.into_iter().map(Some).chain([None]) {
        let (start, end) = section.map_or((u64::MAX, 0), |index| sections[index].array_cycles);
        // Whatever ends before the array goes on was waited for, from its own start on.
        while let Some(&other) = others.peek()
            && sections[other].end_cycle <= start
        {
            others.next();
            let section = &mut sections[other];
            if section.end_cycle > now {
                gaps.push((now, section.end_cycle));
                now = section.end_cycle;
            }
            while let Some((first, end)) = gaps.pop_if(|gap| gap.1 > section.start_cycle) {
                let own = first.max(section.start_cycle);
                section.cycles += end - own;
                if first < own {
                    gaps.push((first, own));
                }
            }
        }
        if let Some(section) = section {
            let waited: u64 = gaps.drain(..).map(|(first, end)| end - first).sum();
            sections[section].cycles += waited + end.saturating_sub(now);
            now = now.max(end);
        }
    }
    // Nothing was at work in what is left after the array's last section.
    if let Some(last) = last {
        sections[last].cycles += gaps.into_iter().map(|(first, end)| end - first).sum::<u64>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A section from `start` to `end`, without the array or with its slots in between.
    fn section((start_cycle, end_cycle): (u64, u64), array_cycles: (u64, u64)) -> SectionTiming {
        SectionTiming {
            start_cycle,
            end_cycle,
            cycles: 0,
            array_cycles,
            busy_cycles: Default::default(),
            drain_wait_cycles: 0,
            useful_macs: 0,
            dram_read_bytes: 0,
            dram_write_bytes: 0,
        }
    }

    fn shares(mut sections: Vec<SectionTiming>, is_done: impl Fn(usize) -> bool) -> Vec<u64> {
        share(&mut sections, is_done);
        sections.into_iter().map(|section| section.cycles).collect()
    }

    /// Sections of the array behind each other, with loads before and a drain after, and others that are anywhere.
    fn any_sections() -> impl Strategy<Value = Vec<SectionTiming>> {
        let array = proptest::collection::vec((0u64..40, 1u64..40, 0u64..60, 0u64..60), 0..5);
        let others = proptest::collection::vec((0u64..200, 0u64..120), 0..6);
        (array, others).prop_map(|(array, others)| {
            let mut now = 0;
            let array = array.into_iter().map(|(gap, slots, before, after)| {
                let start = now + gap;
                now = start + slots;
                section((start.saturating_sub(before), now + after), (start, now))
            });
            let mut all: Vec<_> = array.collect();
            all.extend(others.into_iter().map(|(at, len)| section((at, at + len), (0, 0))));
            all
        })
    }

    #[test]
    fn a_section_has_no_cycles_from_before_it_began() {
        // All is covered by the second, which ends later than the first.
        let all = [section((50, 60), (0, 0)), section((0, 1000), (0, 0))];
        assert_eq!(shares(all.to_vec(), |_| true), [10, 990]);
        let all = [all[0].clone(), all[1].clone(), section((250, 420), (300, 400))];
        assert_eq!(shares(all.to_vec(), |_| true), [10, 580, 410]);
    }

    proptest! {
        #[test]
        fn shares_are_final_and_add_up(all in any_sections(), settled in 0u64..300) {
            let ends = all.iter().map(|section| section.end_cycle);
            let shared = shares(all.clone(), |_| true);
            prop_assert_eq!(shared.iter().sum::<u64>(), ends.clone().max().unwrap_or(0));
            let last = (0..all.len()).max_by_key(|&index| (all[index].end_cycle, index));
            for (index, section) in all.iter().enumerate() {
                let span = section.end_cycle - section.start_cycle;
                let is_bounded = section.array_cycles.1 == 0 && Some(index) != last;
                prop_assert!(!is_bounded || shared[index] <= span, "{} {:?}", index, all);
            }
            // The same while later sections are open: of the array's it is known where they began, if they did.
            let mut partial = all.clone();
            for section in &mut partial {
                if section.array_cycles.0 >= settled {
                    section.array_cycles = (0, 0);
                } else if section.array_cycles.1 >= settled {
                    section.array_cycles.1 = u64::MAX;
                }
                if section.end_cycle >= settled {
                    (section.start_cycle, section.end_cycle) = (0, 0);
                }
            }
            let done = |index: usize| all[index].end_cycle < settled;
            let early = shares(partial, done);
            for index in (0..all.len()).filter(|&index| done(index)) {
                prop_assert_eq!(early[index], shared[index], "{} {:?}", index, all);
            }
        }
    }
}
