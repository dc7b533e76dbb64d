//! What stores leave in memory, from the description of the array's drain, of tiles and of numbers.

use super::given::{self, Tile};
use crate::vector::exact::Sum;
use half::f16;
use satkit_plan::{Grid, Rows, TileSpace, layout};
use satkit_spec::{ArrayConfig, Dataflow, Stage};
use std::collections::{BTreeMap, HashMap};

/// FP32 bits of a scaled value, NaNs canonical.
fn scaled(value: u32, scale: u32) -> f32 {
    let product = f32::from_bits(value) * f32::from_bits(scale);
    if product.is_nan() { f32::from_bits(0x7FC0_0000) } else { product }
}

/// The pixel in memory that is an output of a patch; `None` if it is outside of the image.
fn pixel(space: &TileSpace, grid: &Grid, patch: usize, output: usize) -> Option<usize> {
    let (across, down) = (grid.image_w.div_ceil(grid.patch_w), grid.image_h.div_ceil(grid.patch_h));
    let (image, row, column) = (patch / across / down, patch / across % down, patch % across);
    let y = row * grid.patch_h + output / grid.patch_w;
    let x = column * grid.patch_w + output % grid.patch_w;
    if y >= grid.image_h || x >= grid.image_w {
        return None;
    }
    let shape = &space.problem.mac.shape;
    Some(match space.problem.phase {
        Some(phase) if !grid.flat => {
            let (y, x) = (phase.first_ih + y * shape.stride, phase.first_iw + x * shape.stride);
            (image * shape.h + y) * shape.w + x
        }
        _ => (image * grid.image_h + y) * grid.image_w + x,
    })
}

/// The row of the results, in memory order, and the column that a word's value is of; `None` if it is of none.
fn place(config: &ArrayConfig, tile: &Tile, word: usize, column: usize) -> Option<(u64, u64)> {
    let Tile { space, store, mm, .. } = tile;
    let first = store.row_base as usize;
    let (array_row, group, output) = if space.dataflow == Dataflow::WeightStationary {
        (word, 0, 0)
    } else {
        let (ip, iq) = (usize::from(mm.ip), usize::from(mm.iq));
        let (array_row, place) = (word / (ip * iq), word % (ip * iq));
        (array_row, place / ip, place % ip)
    };
    let row = match space.rows {
        Rows::Patches(grid) => {
            let inside = array_row < store.rows as usize;
            inside.then(|| pixel(space, &grid, first + array_row, output)).flatten()?
        }
        Rows::WeightRows { .. } => {
            let own = output * config.rows + array_row;
            (own < store.rows as usize).then_some(first + own)?
        }
    };
    let col = group * config.cols + column;
    (col < store.cols as usize).then_some((row as u64, u64::from(store.col_base) + col as u64))
}

/// The value of a tensor, FP16.
fn read(address: u64) -> u16 {
    (given::stored(address / 4 * 4) >> (address % 4 * 8)) as u16
}

/// Exact sums of the stores behind a RESULTS: of values, of products.
#[derive(Debug)]
pub(super) struct Set {
    /// First beat of the tensor.
    pub(super) tensor: u64,
    /// Which stores are the first and the last.
    pub(super) stores: [usize; 2],
    /// By channel.
    pub(super) sums: BTreeMap<u64, [Sum; 2]>,
}

/// The sets of sums that the tiles make, in order, and the bytes that they leave.
pub(super) fn of(config: &ArrayConfig, tiles: &[Tile]) -> (HashMap<u64, u8>, Vec<Set>) {
    let (mut bytes, mut sets, mut given) = (HashMap::new(), Vec::<Set>::new(), 0);
    for (number, tile) in tiles.iter().enumerate() {
        let mut none = BTreeMap::new();
        let sums = if tile.store.sums {
            if tile.given != given {
                let tensor = u64::from(tile.results.out);
                sets.push(Set { tensor, stores: [number; 2], sums: BTreeMap::new() });
                given = tile.given;
            }
            let set = sets.last_mut().unwrap();
            set.stores[1] = number;
            &mut set.sums
        } else {
            &mut none
        };
        store(config, tile, &mut bytes, sums);
    }
    (bytes, sets)
}

/// Adds the bytes of a tile, and what it adds to its sums.
fn store(
    config: &ArrayConfig,
    tile: &Tile,
    bytes: &mut HashMap<u64, u8>,
    sums: &mut BTreeMap<u64, [Sum; 2]>,
) {
    let Tile { space, results, store, .. } = tile;
    let element = if store.fp32 { 4 } else { 2 };
    let pitch = u64::from(results.pitch) * 8 * element;
    let columns = space.problem.cols;
    let end = u64::from(store.col_base + store.cols);
    let natural = layout::pitch(columns) as u64 * element;
    let fills = end == columns as u64 && results.heads <= 1 && natural >= pitch;
    let base = u64::from(results.out) * 64;
    for (word, values) in tile.words.iter().enumerate() {
        for (column, &value) in values.iter().enumerate() {
            let Some((row, col)) = place(config, tile, word, column) else { continue };
            let mut result = scaled(value, results.scale);
            if store.bias {
                let bias = u64::from(tile.parameters.first) * 64 + col * 4;
                result += f32::from_bits(given::stored(bias));
            }
            let element_at = row * (pitch / element) + col;
            if store.add {
                if space.problem.mac.stage == Stage::Bp {
                    result = f16::from_f32(result).to_f32();
                }
                let address = u64::from(results.add) * 64 + element_at * 2;
                result += f16::from_bits(read(address)).to_f32();
            }
            if store.relu && result <= 0.0 {
                result = 0.0;
            }
            let half = f16::from_f32(result);
            let mut half = if half.is_nan() { 0x7E00 } else { half.to_bits() };
            if store.mask {
                let word = given::stored(u64::from(results.mask) * 64 + element_at / 32 * 4);
                half *= (word >> (element_at % 32) & 1) as u16;
            }
            if store.sums {
                let factor = u64::from(results.sum) * 64 + element_at * 2;
                let factor = if store.products { read(factor) } else { half };
                let [values, products] = sums.entry(col).or_default();
                values.add_value(f16::from_bits(half));
                products.add_product(f16::from_bits(half), f16::from_bits(factor));
            }
            let (single, half) = (result.to_bits().to_le_bytes(), half.to_le_bytes());
            let encoded = if store.fp32 { &single[..] } else { &half[..] };
            let address = base + row * pitch + col * element;
            bytes.extend((address..).zip(encoded.iter().copied()));
            if fills && col + 1 == end {
                let padding = base + row * pitch + end * element..base + (row + 1) * pitch;
                bytes.extend(padding.map(|address| (address, 0)));
            }
        }
    }
}
