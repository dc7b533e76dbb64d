//! Filling the core's buffers.

use super::Core;
use satkit_plan::BankLayout;
use satkit_plan::{Source, TileSpace};
use std::collections::BTreeMap;

/// Outputs of an array row that have an offset each.
const OUTPUTS: usize = 16;
/// Value 16 and position 4 of a column.
const ENTRY_BITS: usize = 20;

impl Core {
    /// Ticks the load clock once per row of `words`, with `ports` set from it.
    fn load(&mut self, ports: &[crate::PortId], words: &[u32]) {
        if words.is_empty() {
            return;
        }
        self.model.set(self.ports.run, 0);
        self.model.play(self.ports.load_clock, ports, words);
        // The first port is the write enable.
        self.model.set(ports[0], 0);
        self.model.set(self.ports.run, 1);
        self.model.eval();
    }

    /// Fills half of the row banks with a chunk, and the tables of offsets.
    pub(super) fn fill_activations(
        &mut self,
        half: bool,
        space: &TileSpace,
        layout: &BankLayout,
        value: impl Fn(Source) -> u16,
    ) {
        let lanes = self.config.m_lanes;
        let first_word = if half { self.config.w2e_words_per_row / 2 } else { 0 };
        let mut rows: Vec<u32> = Vec::new();
        for row in 0..self.config.rows {
            let mut words: BTreeMap<usize, (u32, Vec<u16>)> = BTreeMap::new();
            layout.elements(space, row, |element| {
                let (word, lane) = (element.element / lanes, element.element % lanes);
                let (mask, values) = words.entry(word).or_insert_with(|| (0, vec![0; lanes]));
                *mask |= 1 << lane;
                values[lane] = element.source.map_or(0, &value);
            });
            for (word, (mask, values)) in words {
                rows.extend([1, 1 << row, (first_word + word) as u32, mask]);
                rows.extend(
                    values.chunks(2).map(|pair| u32::from(pair[0]) | u32::from(pair[1]) << 16),
                );
            }
        }
        self.load(&self.ports.w2e.clone(), &rows);

        let all = u32::MAX >> (32 - self.config.rows);
        let mut entries = Vec::new();
        for segment in 0..layout.walks().len() {
            for output in 0..OUTPUTS {
                let offset = |row: usize| layout.offset(row, segment, output);
                let entry = u32::from(half) << 6 | (segment << 4 | output) as u32;
                if (1..self.config.rows).all(|row| offset(row) == offset(0)) {
                    entries.extend([1, all, entry, offset(0) as u32]);
                    continue;
                }
                for row in 0..self.config.rows {
                    entries.extend([1, 1 << row, entry, offset(row) as u32]);
                }
            }
        }
        self.load(&self.ports.table.clone(), &entries);
    }

    /// Fills half of the column banks: `entries` of each column, value and position.
    pub(super) fn fill_weights(
        &mut self,
        half: bool,
        entries: usize,
        value: impl Fn(usize, usize) -> Option<(u16, u8)>,
    ) {
        let first = if half { self.config.n2s_entries_per_col / 2 } else { 0 };
        let cols = self.config.cols;
        let mut rows = Vec::new();
        for entry in 0..entries {
            // A row of all columns, 20 bits each; what a column has no use for is 0.
            let mut words = vec![0_u32; (cols * ENTRY_BITS).div_ceil(32)];
            for column in 0..cols {
                let (value, position) = value(column, entry).unwrap_or_default();
                let bits = u64::from(value) | u64::from(position) << 16;
                let (word, bit) = (column * ENTRY_BITS / 32, column * ENTRY_BITS % 32);
                words[word] |= (bits << bit) as u32;
                if bit + ENTRY_BITS > 32 {
                    words[word + 1] |= (bits << bit >> 32) as u32;
                }
            }
            rows.extend([1, (first + entry) as u32]);
            rows.extend(words);
        }
        self.load(&self.ports.n2s.clone(), &rows);
    }
}
