//! The calls that a step stands for, against those that the trainer makes.

use super::given::{bdwp, mixed, residual, tokens};
use crate::training::{settings, trainer};
use satkit_host::data::Dataset;
use satkit_host::network::Network;
use satkit_host::step::network_step;
use satkit_host::train::{RunLength, Silent};
use std::sync::atomic::AtomicBool;

#[test]
fn calls_are_those_of_the_trainer() {
    let named = ["digits-cnn", "digits-mlp"].map(Network::named);
    for network in named.into_iter().chain([residual(), mixed(), tokens(32)]) {
        let network = network.unwrap();
        let data = Dataset::random(&network, 8, 4, 0);
        let mut trainer = trainer(&network, &data, settings(RunLength::Steps(1))).unwrap();
        trainer.run(&mut Silent, &AtomicBool::new(false), None).unwrap();
        let step = network_step(&network, &bdwp(4)).unwrap();
        assert_eq!(step.calls, trainer.machine().backend().counted, "{}", network.name());
    }
}
