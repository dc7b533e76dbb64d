//! What a mapping's check finds to be the most words is the most that any chunk of any tile needs.

use super::{Mapping, extents};
use crate::given::{any_shape, any_sparsity, config, mapping, stage_of};
use crate::{traffic, weight_source};
use proptest::prelude::*;
use satkit_spec::{ArrayConfig, ConvShape, Stage};

/// Layers with many channel blocks, many taps, or images that chunks do not divide.
fn any_large_shape() -> impl Strategy<Value = ConvShape> {
    let channels = || prop_oneof![(1_usize..40).prop_map(|c| c * 8), 1_usize..600];
    let sizes = (1_usize..5, channels(), (3_usize..20, 3_usize..20), channels());
    let kind = (1_usize..8, 1_usize..8, 1_usize..4, 0_usize..3);
    (sizes, kind).prop_filter_map(
        "the kernel fits",
        |((n, ci, sides, co), (kh, kw, stride, pad))| {
            ConvShape::new(n, ci, sides, co, (kh, kw), stride, pad).ok()
        },
    )
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn the_most_words_are_those_of_some_chunk(
        shape in prop_oneof![1 => any_shape(), 3 => any_large_shape()],
        stage in prop::sample::select(Stage::ALL.to_vec()), sparsity in any_sparsity(),
        draw in crate::given::any_draw(), shrink in 1_usize..60, tiny in any::<bool>(),
    ) {
        let mut config = if tiny { ArrayConfig::tiny() } else { ArrayConfig::vcu1525() };
        (config.w2e_words_per_row, config.n2s_entries_per_col) = (65_536, 65_536);
        let stage = stage_of(shape, stage, sparsity);
        let problem = stage.problems()[0];
        let mut mapping = mapping(&config, &problem, &(false, draw.1, draw.2, draw.3));
        let Mapping::Os(os) = &mut mapping else { unreachable!("asked for OS") };
        os.chunk_slots = os.chunk_slots.div_ceil(shrink);
        let os = *os;
        let Ok(space) = mapping.space(&config, &problem, weight_source(stage.stage)) else {
            return Ok(());
        };
        let chunks = extents(problem.slots, os.chunk_slots);
        let tiles = extents(space.row_count(), mapping.tile_rows(&config, &space));
        if chunks.len() * tiles.len() > 20_000 {
            return Ok(());
        }
        let mut most = 0;
        for rows in &tiles {
            for slots in &chunks {
                let (rows, slots) = (rows.base..rows.base + rows.len, slots.base..slots.base + slots.len);
                most = most.max(traffic::words(&config, &space, rows, slots));
            }
        }
        prop_assert_eq!(mapping.most_words(&config, &space, &os), most);
    }
}
