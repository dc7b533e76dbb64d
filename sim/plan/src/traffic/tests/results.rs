//! ST: every result, and what pads it, once.

use super::{OUT, Touched, channels, results};
use crate::given::{PLAIN_STORE, any_config, any_draw, any_stage, config, legal_mappings};
use crate::layout::{self, HALF_BYTES, SINGLE_BYTES};
use crate::mapping::extents;
use crate::traffic::{Bursts, store};
use crate::weight_source;
use proptest::prelude::*;
use satkit_spec::Stage;
use satkit_spec::isa::Store;

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn every_result_is_stored_once(
        stage in any_stage(), config in any_config(), draw in any_draw(),
    ) {
        let Some(mappings) = legal_mappings(&config, &stage, &draw) else { return Ok(()) };
        let shape = &stage.shape;
        let (rows, element) = match stage.stage {
            Stage::Ff => (shape.batch * shape.out_h() * shape.out_w(), HALF_BYTES),
            Stage::Bp => (shape.batch * shape.h * shape.w, HALF_BYTES),
            Stage::Wu => (shape.ci * shape.taps(), SINGLE_BYTES),
        };
        let spaces: Vec<_> = stage.problems().iter().zip(&mappings)
            .map(|(problem, mapping)| mapping.space(&config, problem, weight_source(stage.stage)).unwrap())
            .collect();
        let columns = channels(&spaces[0]).2;
        let pitch = layout::pitch(columns) as u64 * element;
        let mut touched = Touched::new(OUT, rows as u64 * pitch);
        for (space, mapping) in spaces.iter().zip(&mappings) {
            for rows in extents(space.row_count(), mapping.tile_rows(&config, space)) {
                for cols in extents(space.problem.cols, mapping.tile_cols(&config)) {
                    let st = Store {
                        row_base: rows.base as u32,
                        rows: rows.len as u32,
                        col_base: cols.base as u32,
                        cols: cols.len as u32,
                        fp32: stage.stage == Stage::Wu,
                        ..PLAIN_STORE
                    };
                    let mut bursts = Bursts::with_runs();
                    store(&config, space, &results(space), &st, &mut bursts);
                    touched.add_tile(&bursts);
                }
            }
        }
        // The channels that pad a pixel are written with its last ones.
        prop_assert!(touched.counts.iter().all(|&times| times == 1));
    }
}
