//! ST: every result once.

use super::{OUT, Touched, channels, empty, results};
use crate::given::{PLAIN_STORE, any_config, any_draw, any_stage, config, legal_mappings};
use crate::layout::{self, HALF_BYTES, SINGLE_BYTES};
use crate::mapping::extents;
use crate::traffic::store;
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
                    let mut requests = empty();
                    store(space, &results(space), &st, &mut requests);
                    touched.add(&requests);
                }
            }
        }
        for row in 0..rows as u64 {
            let times = touched.times(row * pitch, columns as u64 * element);
            prop_assert_eq!(times, Some(1), "row {} of {}", row, rows);
        }
        // The channels that pad a pixel may be written with it, but not twice.
        prop_assert!(touched.counts.iter().all(|&times| times <= 1));
    }
}
