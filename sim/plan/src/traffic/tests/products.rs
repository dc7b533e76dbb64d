//! Batched products: heads side by side in the rows of their tensors.

use super::{A, OUT, Touched, W, empty, field};
use crate::given::{PLAIN_STORE, config};
use crate::layout::HALF_BYTES;
use crate::mapping::{Mapping, WsMapping, extents};
use crate::space::{TileSpace, WeightSource};
use crate::traffic::{Bursts, Steps, load_activations, load_weights, store};
use crate::{MacStage, Problem};
use proptest::prelude::*;
use satkit_spec::isa::{LoadActivations, LoadWeights, Operands, Results, Store};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};

#[derive(Clone, Debug)]
struct Case {
    problem: Problem,
    source: WeightSource,
    heads: usize,
    images: usize,
    /// Eights of channels beside the heads of a row.
    spare: usize,
}

fn any_case() -> impl Strategy<Value = Case> {
    let sizes = (1_usize..20, 1_usize..40, 1_usize..40);
    let kind = prop::sample::select(vec![
        (Stage::Ff, WeightSource::Rows),
        (Stage::Ff, WeightSource::Columns),
        (Stage::Wu, WeightSource::Rows),
    ]);
    (sizes, kind, 1_usize..5, 1_usize..4, 0_usize..3).prop_map(
        |((rows, k, cols), (stage, source), heads, images, spare)| {
            let shape = match stage {
                Stage::Wu => ConvShape::linear(k, rows, cols),
                _ => ConvShape::linear(rows, k, cols),
            };
            let mac = MacStage::new(shape.unwrap(), stage, Sparsity::DENSE).unwrap();
            Case { problem: mac.problems()[0], source, heads, images, spare }
        },
    )
}

/// Rows of one product in a tensor, and elements of a row.
struct Tensor {
    rows: usize,
    width: usize,
    head: usize,
    pitch: usize,
    touched: Touched,
}

impl Tensor {
    fn new(case: &Case, base: u64, rows: usize, width: usize) -> Self {
        let head = width.next_multiple_of(8);
        let pitch = case.heads * head + case.spare * 8;
        let bytes = (case.images * rows * pitch) as u64 * HALF_BYTES;
        Self { rows, width, head, pitch, touched: Touched::new(base, bytes) }
    }

    /// Offset and bytes of the elements of row `row` of a product.
    fn row(&self, case: &Case, group: usize, row: usize) -> (u64, u64) {
        let (image, head) = (group / case.heads, group % case.heads);
        let offset = (image * self.rows + row) * self.pitch + head * self.head;
        (offset as u64 * HALF_BYTES, self.width as u64 * HALF_BYTES)
    }

    /// True if each element of a product is touched once, or at least once.
    fn complete(&self, case: &Case, group: usize, once: bool) -> bool {
        (0..self.rows).map(|row| self.row(case, group, row)).all(|(offset, bytes)| {
            self.touched.has(offset, bytes)
                && (!once || self.touched.times(offset, bytes) == Some(1))
        })
    }
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn products_load_and_store_their_own_part_of_each_row(case in any_case()) {
        let config = ArrayConfig::tiny();
        let mapping = Mapping::Ws(WsMapping { rows: 8, col_group: 1 });
        let space: TileSpace = mapping.space(&config, &case.problem, case.source).unwrap();
        let Problem { rows, cols, slots, .. } = case.problem;
        let (a_rows, a_width) = if space.problem.mac.stage == Stage::Wu { (slots, rows) } else { (rows, slots) };
        let (w_rows, w_width) =
            if case.source == WeightSource::Columns { (cols, slots) } else { (slots, cols) };
        let mut a = Tensor::new(&case, A, a_rows, a_width);
        let mut w = Tensor::new(&case, W, w_rows, w_width);
        let mut out = Tensor::new(&case, OUT, rows, cols);
        let eights = |elements: usize| (elements / 8) as u32;
        let operands = Operands {
            a: field(A),
            w: field(W),
            a_pitch: eights(a.pitch),
            w_pitch: eights(w.pitch),
            heads: case.heads as u8,
            a_head: eights(a.head),
            w_head: eights(w.head),
            tile_beats: 0,
        };
        let (add, sum, mask) = (0, 0, 0);
        let (pitch, heads, head) = (eights(out.pitch), case.heads as u8, eights(out.head));
        let results = Results { out: field(OUT), add, sum, mask, pitch, heads, head, scale: 1f32.to_bits() };
        for group in 0..(case.heads * case.images) as u32 {
            for tile in extents(space.row_count(), 8) {
                let (row_base, rows) = (tile.base as u32, tile.len as u32);
                for chunk in extents(slots, config.rows) {
                    let (slot_base, slots) = (chunk.base as u32, chunk.len as u32);
                    let load = LoadActivations { group, row_base, rows, slot_base, slots, words: 0 };
                    let mut requests = empty();
                    let steps = &mut Steps::default();
                    load_activations(&space, &operands, &load, config.rows, &mut requests, steps);
                    a.touched.add(&requests);
                }
                for tile in extents(cols, config.cols) {
                    let (col_base, cols) = (tile.base as u32, tile.len as u32);
                    let st = Store { row_base, rows, col_base, cols, group, ..PLAIN_STORE };
                    let mut bursts = Bursts::with_runs();
                    store(&config, &space, &results, &st, &mut bursts);
                    out.touched.add_tile(&bursts);
                }
            }
            for tile in extents(cols, config.cols) {
                let (col_base, cols, slots) = (tile.base as u32, tile.len as u32, slots as u32);
                let load = LoadWeights { group, col_base, cols, slot_base: 0, slots, entries: 0 };
                let mut requests = empty();
                let steps = &mut Steps::default();
                load_weights(&space, &operands, &load, config.cols, &mut requests, steps);
                w.touched.add(&requests);
            }
        }
        for group in 0..case.heads * case.images {
            prop_assert!(out.complete(&case, group, true));
            // Four pixels of the smallest pitch share a beat, and each tile of columns loads it.
            prop_assert!(w.complete(&case, group, w.pitch > 8));
            prop_assert!(a.complete(&case, group, false));
        }
        // One product's stores leave the others' results alone.
        prop_assert!(out.touched.counts.iter().all(|&times| times <= 1));
    }
}
