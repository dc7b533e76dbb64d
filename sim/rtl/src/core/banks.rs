//! Filling the core's buffers.

use super::Core;
use satkit_plan::BankLayout;
use satkit_plan::{Source, TileSpace};
use std::collections::{BTreeMap, VecDeque};

/// Memories of a row bank: each has every fourth word.
const SUB_BANKS: usize = 4;
/// Outputs of an array row that have an offset each, in each of the segments.
const OUTPUTS: usize = 16;
const SEGMENTS: usize = 4;
const OFFSET_BITS: usize = 20;
/// Value 16 and position 4 of a column.
const ENTRY_BITS: usize = 20;

/// The value of a port.
struct Bits(Vec<u32>);

impl Bits {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(32)])
    }

    /// Sets bits that are 0, from `at` on.
    fn put(&mut self, at: usize, value: u32) {
        let (word, bits) = (at / 32, u64::from(value) << (at % 32));
        self.0[word] |= bits as u32;
        if bits >> 32 != 0 {
            self.0[word + 1] |= (bits >> 32) as u32;
        }
    }
}

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

    /// Fills half of the row banks with a chunk, and the tables of offsets. Tags are 0 throughout: a word that was not written is not read.
    pub(super) fn fill_activations(
        &mut self,
        half: bool,
        space: &TileSpace,
        layout: &BankLayout,
        value: impl Fn(Source) -> u16,
    ) {
        let words = self.row_words(half, space, layout, value);
        self.load(&self.ports.w2e.clone(), &words);
        let offsets = self.offsets(half, layout);
        self.load(&self.ports.table.clone(), &offsets);
    }

    /// The write ports of the row banks, tick by tick: in each the next word of every sub-bank of every row.
    fn row_words(
        &self,
        half: bool,
        space: &TileSpace,
        layout: &BankLayout,
        value: impl Fn(Source) -> u16,
    ) -> Vec<u32> {
        let (lanes, rows) = (self.config.m_lanes, self.config.rows);
        let first_word = if half { self.config.w2e_words_per_row / 2 } else { 0 };
        let line_bits = self.config.w2e_words_per_row.ilog2() as usize - 2;
        let mut left: Vec<VecDeque<(usize, Vec<u16>)>> = Vec::new();
        for row in 0..rows {
            let mut words: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
            layout.elements(space, row, |element| {
                let (word, lane) = (element.element / lanes, element.element % lanes);
                let values = words.entry(word).or_insert_with(|| vec![0; lanes]);
                values[lane] = element.source.map_or(0, &value);
            });
            let mut banks = vec![VecDeque::new(); SUB_BANKS];
            for (word, values) in words {
                let word = first_word + word;
                banks[word % SUB_BANKS].push_back((word / SUB_BANKS, values));
            }
            left.extend(banks);
        }
        let mut ticks = Vec::new();
        while left.iter().any(|bank| !bank.is_empty()) {
            let mut write = Bits::new(left.len());
            let mut lines = Bits::new(line_bits * left.len());
            let mut data = Bits::new(16 * lanes * left.len());
            for (bank, words) in left.iter_mut().enumerate() {
                let Some((line, values)) = words.pop_front() else { continue };
                write.put(bank, 1);
                lines.put(bank * line_bits, line as u32);
                for (lane, value) in values.into_iter().enumerate() {
                    data.put(16 * (bank * lanes + lane), value.into());
                }
            }
            ticks.extend([write.0, lines.0, data.0].concat());
        }
        ticks
    }

    /// The write ports of the tables of offsets, tick by tick: in each an output of all segments of every row.
    fn offsets(&self, half: bool, layout: &BankLayout) -> Vec<u32> {
        let mut ticks = Vec::new();
        for output in 0..OUTPUTS {
            let mut values = Bits::new(OFFSET_BITS * SEGMENTS * self.config.rows);
            for row in 0..self.config.rows {
                for segment in 0..layout.walks().len() {
                    // Of outputs that the rows do not have it may be any.
                    let offset = layout.offset(row, segment, output) as u32 % (1 << OFFSET_BITS);
                    values.put(OFFSET_BITS * (SEGMENTS * row + segment), offset);
                }
            }
            ticks.extend([1, u32::from(half) << 4 | output as u32]);
            ticks.extend(values.0);
        }
        ticks
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
            let mut words = Bits::new(cols * ENTRY_BITS);
            for column in 0..cols {
                let (value, position) = value(column, entry).unwrap_or_default();
                words.put(column * ENTRY_BITS, u32::from(value) | u32::from(position) << 16);
            }
            rows.extend([1, (first + entry) as u32]);
            rows.extend(words.0);
        }
        self.load(&self.ports.n2s.clone(), &rows);
    }
}
