//! Lanes in Rust: what they are told to take they read from the rings, mix, and write into the rings.

use super::memory::Beat;
use satkit_hdl::dma::LANE_READ_CYCLES;
use satkit_rtl::{Model, PortId};
use std::collections::{BTreeMap, VecDeque};

/// What the streams of an instruction hold: the bits of an element of each that is read, and of each that is written; 0 is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Widths {
    pub(crate) reads: [u32; 3],
    pub(crate) writes: [u32; 3],
}

/// Bits of element `index` of width `bits` in a beat.
fn element(beat: &Beat, bits: u32, index: u64) -> u32 {
    let at = (index % (512 / u64::from(bits)) * u64::from(bits)) as usize;
    let word = beat[at / 32] >> (at % 32);
    if bits == 32 { word } else { word & ((1 << bits) - 1) }
}

fn put(beat: &mut Beat, bits: u32, index: u64, value: u32) {
    let at = (index % (512 / u64::from(bits)) * u64::from(bits)) as usize;
    let value = if bits == 32 { value } else { value & ((1 << bits) - 1) };
    beat[at / 32] |= value << (at % 32);
}

/// What stream `k` gets of element `index`.
fn mixed(reads: [u32; 3], index: u64, k: usize) -> u32 {
    let [a, b, c] = reads;
    let noise = (index.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 20) as u32;
    (a ^ b.rotate_left(5) ^ c.rotate_left(11) ^ noise).rotate_right(7 * k as u32)
}

/// What an instruction writes, by address in beats.
pub(crate) fn truth(
    widths: Widths,
    elements: u64,
    reads: [u64; 3],
    writes: [u64; 3],
    beat: impl Fn(u64) -> Beat,
) -> BTreeMap<u64, Beat> {
    let mut written: BTreeMap<u64, Beat> = BTreeMap::new();
    for index in 0..elements {
        let operands = std::array::from_fn(|k| match widths.reads[k] {
            0 => 0,
            bits => element(&beat(reads[k] + index * u64::from(bits) / 512), bits, index),
        });
        for (k, bits) in widths.writes.into_iter().enumerate().filter(|(_, bits)| *bits > 0) {
            let at = writes[k] + index * u64::from(bits) / 512;
            put(written.entry(at).or_default(), bits, index, mixed(operands, index, k));
        }
    }
    written
}

#[derive(Clone, Copy)]
struct Taken {
    widths: Widths,
    first: u64,
    count: u64,
    last: bool,
    write_at: [u64; 3],
}

/// The lanes of one engine.
pub(crate) struct Lanes {
    start: PortId,
    take: [PortId; 4],
    at: [[PortId; 3]; 2],
    read_address: [PortId; 3],
    read_data: [PortId; 3],
    write: [[PortId; 3]; 3],
    /// Widths of the instructions to come; those of the one that runs.
    pub(crate) instructions: VecDeque<Widths>,
    running: Widths,
    /// Elements whose beats come so many cycles from now.
    coming: VecDeque<Option<Taken>>,
    building: [Beat; 3],
    /// Elements that have been taken.
    pub(crate) elements: u64,
}

impl Lanes {
    pub(crate) fn new(model: &Model, engine: &str) -> Self {
        let pin = |name: &str| model.port(&format!("{engine}_{name}")).unwrap();
        let three = |name: &str| std::array::from_fn(|k| pin(&format!("{name}_{k}")));
        Self {
            start: pin("start"),
            take: ["take", "first", "count", "last"].map(pin),
            at: [three("read_at"), three("write_at")],
            read_address: three("read_address"),
            read_data: three("read_data"),
            write: [three("write"), three("write_address"), three("write_data")],
            instructions: VecDeque::new(),
            running: Widths::default(),
            coming: VecDeque::new(),
            building: [[0; 16]; 3],
            elements: 0,
        }
    }

    pub(crate) fn forget(&mut self) {
        self.instructions.clear();
        self.coming.clear();
        self.building = [[0; 16]; 3];
    }

    /// The outputs of a cycle are there: takes what comes, and puts what follows on the pins before the cycle ends.
    pub(crate) fn step(&mut self, model: &mut Model) {
        let [take, first, count, last] = self.take.map(|pin| model.get(pin));
        let at = |pins: [PortId; 3]| pins.map(|pin| model.get(pin));
        let (read_at, write_at) = (at(self.at[0]), at(self.at[1]));
        let taken = (take == 1).then_some(Taken {
            widths: self.running,
            first,
            count,
            last: last == 1,
            write_at,
        });
        self.elements += if take == 1 { count } else { 0 };
        // Its addresses are on the pins in this cycle, its beats there so many cycles later.
        self.coming.push_back(taken);
        let now = if self.coming.len() > LANE_READ_CYCLES {
            self.coming.pop_front().flatten()
        } else {
            None
        };
        let mut beats = [[0; 16]; 3];
        if now.is_some() {
            for (beat, &pin) in beats.iter_mut().zip(&self.read_data) {
                model.get_words(pin, beat);
            }
        }
        for (k, at) in read_at.into_iter().enumerate() {
            let bits = u64::from(self.running.reads[k]);
            model.set(self.read_address[k], at + first * bits / 512);
            model.set(self.write[0][k], 0);
        }
        if let Some(taken) = now {
            self.finish(model, taken, &beats);
        }
        if model.get(self.start) == 1 {
            self.running = self.instructions.pop_front().unwrap_or_default();
        }
    }

    fn finish(&mut self, model: &mut Model, taken: Taken, beats: &[Beat; 3]) {
        let Taken { widths, first, count, last, write_at } = taken;
        for index in first..first + count {
            let operands = std::array::from_fn(|k| match widths.reads[k] {
                0 => 0,
                bits => element(&beats[k], bits, index),
            });
            for (k, bits) in widths.writes.into_iter().enumerate().filter(|(_, bits)| *bits > 0) {
                put(&mut self.building[k], bits, index, mixed(operands, index, k));
                let of_beat = 512 / u64::from(bits);
                if (index + 1) % of_beat == 0 || (last && index + 1 == first + count) {
                    model.set(self.write[0][k], 1);
                    model.set(self.write[1][k], write_at[k] + index / of_beat);
                    model.set_wide(self.write[2][k], &self.building[k]);
                    self.building[k] = [0; 16];
                }
            }
        }
    }
}
