//! What a mapping's check accepts runs, and what it refuses does not fit.

use crate::given::{
    any_choice, any_config, any_draw, any_stage, any_tight_config, config, mapping,
};
use proptest::prelude::*;
use satkit_plan::{
    DataflowChoice, MacStage, Mapping, Order, OsMapping, PlanError, Scheduler, StoreWork, Task,
    WsMapping, plan_mapped, plan_stage, weight_source,
};
use satkit_spec::isa::Operation;
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};

proptest! {
    #![proptest_config(config(600))]

    /// Some chunk of some tile may need more than the others: all of them are looked at.
    #[test]
    fn a_legal_mapping_runs(
        stage in any_stage(), config in any_tight_config(), draw in any_draw(), shrink in 1_usize..40,
    ) {
        let source = weight_source(stage.stage);
        let mut mappings = Vec::new();
        for problem in stage.problems() {
            let mut mapping = mapping(&config, &problem, &draw);
            if let Mapping::Os(os) = &mut mapping {
                os.chunk_slots = os.chunk_slots.div_ceil(shrink);
            }
            if mapping.space(&config, &problem, source).is_err() {
                return Ok(());
            }
            mappings.push(mapping);
        }
        let plan = plan_mapped(&config, stage, &mappings);
        prop_assert!(plan.is_ok(), "{mappings:?} {}", plan.unwrap_err());
    }

    /// Half a bank more makes no difference to what the program says it needs.
    #[test]
    fn an_illegal_mapping_would_overflow(
        stage in any_stage(), config in any_tight_config(), draw in any_draw(),
    ) {
        let source = weight_source(stage.stage);
        let mut large = config.clone();
        (large.w2e_words_per_row, large.n2s_entries_per_col) = (65_536, 65_536);
        let mappings: Vec<Mapping> =
            stage.problems().iter().map(|problem| mapping(&config, problem, &draw)).collect();
        let problems = stage.problems();
        let fits = |config: &ArrayConfig| {
            let mut all = problems.iter().zip(&mappings);
            all.all(|(problem, mapping)| mapping.space(config, problem, source).is_ok())
        };
        if fits(&config) || !fits(&large) {
            return Ok(());
        }
        let plan = plan_mapped(&large, stage, &mappings).unwrap();
        let over = plan.program.instructions().iter().any(|i| match i.operation {
            Operation::LoadActivations(load) => load.words as usize > config.w2e_words_per_row / 2,
            Operation::LoadWeights(load) => load.entries as usize > config.n2s_entries_per_col / 2,
            _ => false,
        });
        prop_assert!(over, "{mappings:?}");
    }

    #[test]
    fn a_tight_machine_is_planned_or_refused_in_words(
        stage in any_stage(), config in any_tight_config(), choice in any_choice(),
    ) {
        match plan_stage(&config, stage, choice) {
            Ok(plan) => prop_assert!(plan.report.utilization <= 1.0),
            Err(error) => prop_assert!(error.to_string().contains("no tile fits"), "{error}"),
        }
    }

    #[test]
    fn candidates_are_legal_or_dropped_and_differ(stage in any_stage(), config in any_config()) {
        for problem in stage.problems() {
            for choice in [DataflowChoice::Os, DataflowChoice::Ws] {
                let dataflow = match choice {
                    DataflowChoice::Os => satkit_spec::Dataflow::OutputStationary,
                    _ => satkit_spec::Dataflow::WeightStationary,
                };
                let source = weight_source(stage.stage);
                let list = satkit_plan::candidates(&config, &problem, source, dataflow);
                let unique: std::collections::HashSet<_> = list.iter().collect();
                prop_assert_eq!(unique.len(), list.len());
                let legal = list.iter().filter(|m| m.space(&config, &problem, source).is_ok());
                prop_assert!(legal.count() > 0);
                prop_assert!(list.iter().all(|mapping| mapping.dataflow() == dataflow));
            }
        }
    }
}

/// Candidates are priced on two images, where a chunk of more than one begins in the first only.
#[test]
fn a_choice_made_on_a_part_is_legal_for_the_whole() {
    let mut config = ArrayConfig::tiny();
    for (side, batch, channels) in [(14, 7, 32), (9, 11, 64), (5, 40, 96), (7, 31, 64)] {
        for words in [256, 512] {
            config.w2e_words_per_row = words;
            let shape =
                ConvShape::new(batch, channels, (side, side), channels, (3, 3), 1, 1).unwrap();
            let stage = MacStage::new(shape, Stage::Wu, Sparsity::DENSE).unwrap();
            let problem = stage.problems()[0];
            let source = weight_source(Stage::Wu);
            let task = Task { problem, source, work: StoreWork::default(), groups: 1 };
            let scheduler = Scheduler::new(&config, DataflowChoice::Os).unwrap();
            let choice = scheduler.choose(&task).unwrap();
            choice.mapping.space(&config, &problem, source).unwrap();
        }
    }
}

#[test]
fn mappings_that_do_not_fit_are_refused_in_words() {
    let config = ArrayConfig::tiny();
    let shape = ConvShape::new(2, 64, (8, 8), 64, (3, 3), 1, 1).unwrap();
    let stage = MacStage::new(shape, Stage::Ff, Sparsity::DENSE).unwrap();
    let good = OsMapping { patch_h: 2, patch_w: 2, iq: 2, chunk_slots: 64, order: Order::Rows };
    plan_mapped(&config, stage, &[Mapping::Os(good)]).unwrap();
    let refused = |mapping: Mapping, words: &str| {
        let error = plan_mapped(&config, stage, &[mapping]).unwrap_err();
        assert!(matches!(error, PlanError::Mapping { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    refused(Mapping::Os(OsMapping { patch_h: 5, patch_w: 4, ..good }), "outputs per USPE");
    refused(Mapping::Os(OsMapping { iq: 5, ..good }), "20 outputs per USPE");
    refused(Mapping::Os(OsMapping { patch_w: 0, ..good }), "0 outputs per USPE");
    refused(Mapping::Os(OsMapping { chunk_slots: 0, ..good }), "0 slots");
    // Two columns of each USPE by 257 slots are two entries more than half a bank of 512.
    refused(
        Mapping::Os(OsMapping { chunk_slots: 257, ..good }),
        "514 entries in half a bank of 512",
    );
    // One column of each by 576 slots: 4 x 4 pixels by 8 words of 8 channels would fit, the entries do not.
    refused(Mapping::Os(OsMapping { iq: 1, chunk_slots: 576, ..good }), "576 entries");
    refused(Mapping::Ws(WsMapping { rows: 0, col_group: 1 }), "no rows");
    refused(Mapping::Ws(WsMapping { rows: 1, col_group: 0 }), "no columns");
    refused(Mapping::Ws(WsMapping { rows: 513, col_group: 1 }), "513 words in half a bank of 512");
    refused(
        Mapping::Ws(WsMapping { rows: 400, col_group: 3 }),
        "1200 partial sums in a buffer of 1024",
    );
}

#[test]
fn sparsity_that_does_not_divide_or_fit_is_refused_in_words() {
    let two_of_eight = Sparsity::TWO_OF_EIGHT;
    let odd = ConvShape::linear(4, 12, 16).unwrap();
    let error = MacStage::new(odd, Stage::Ff, two_of_eight).unwrap_err().to_string();
    assert!(error.contains("12 reduced channels") && error.contains("2:8"), "{error}");
    MacStage::new(odd, Stage::Bp, two_of_eight).unwrap();
    let wide = Sparsity::new(2, 16).unwrap();
    let stage = MacStage::new(ConvShape::linear(4, 32, 32).unwrap(), Stage::Ff, wide).unwrap();
    let error = plan_stage(&ArrayConfig::vcu1525(), stage, DataflowChoice::Auto).unwrap_err();
    assert!(matches!(error, PlanError::Spec(_)) && error.to_string().contains("2:16"), "{error}");
    let lanes = ArrayConfig::vcu1525().with_m_lanes(16).unwrap();
    plan_stage(&lanes, stage, DataflowChoice::Auto).unwrap();
}
