//! The checks of a card: a good one passes all, one that computes wrongly does not.

use crate::faulty::FaultyCard;
use crate::given::sim_card;
use satkit_host::validate::{Check, Outcome, validate};
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::ArrayConfig;
use satkit_transport::Card;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Small: the speed is of no interest.
const BANDWIDTH_BYTES: usize = 1 << 16;

fn failed(card: Arc<dyn Card>) -> Vec<Check> {
    let report = validate(&card, BANDWIDTH_BYTES, |_| {});
    report.checks.into_iter().filter(|check| check.outcome != Outcome::Passed).collect()
}

#[test]
fn every_array_with_a_name_or_a_size_passes() {
    let sized = ArrayConfig::vcu1525().with_size(16, 4).unwrap();
    let wide = sized.clone().with_m_lanes(16).unwrap();
    for config in ArrayConfig::all().into_iter().chain([sized, wide]) {
        let card = SimCard::new(&config, &SimCardOptions::default()).unwrap();
        assert_eq!(failed(Arc::new(card)), [], "{}", config.name);
    }
}

#[test]
fn a_core_that_no_array_of_this_program_has_is_told() {
    let mut config = ArrayConfig::tiny();
    config.queue_depth = 32;
    let card = SimCard::new(&config, &SimCardOptions::default()).unwrap();
    let failed = failed(Arc::new(card));
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].name, "jobs");
    let hash = format!("{:#010x}", config.hash_word());
    assert!(failed[0].detail.contains(&hash), "{failed:?}");
}

#[test]
fn a_card_that_computes_wrongly_is_found() {
    let card = FaultyCard::new(sim_card());
    card.wrong.store(true, Ordering::Relaxed);
    let failed = failed(card);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].name, "jobs");
    assert!(failed[0].detail.contains("value 0 of prune is"), "{failed:?}");
    assert!(failed[0].detail.contains("computes wrongly"), "{failed:?}");
}
