//! Training on a virtual card that fails in every way it can: what is not told does not happen.

use crate::given::{PATIENCE, array, sim_card};
use crate::served::{is_a_faults, serve};
use satkit::backend::GoldenBackend;
use satkit_host::HostError;
use satkit_host::card::{CardMachine, CardSettings};
use satkit_host::checkpoint::{Checkpoint, FILE_NAME};
use satkit_host::data::Dataset;
use satkit_host::network::{ModelState, Network};
use satkit_host::session::{Session, SessionError, SessionSettings};
use satkit_host::train::{Operations, RunLength, Silent, StepMachine, TrainSettings, Trainer};
use satkit_virtual_card::FaultKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

fn settings() -> TrainSettings {
    TrainSettings { length: RunLength::Epochs(3), batch: 4, ..TrainSettings::default() }
}

/// Every FP32 of a state, as bits.
fn bits(state: &ModelState) -> Vec<u32> {
    let running = state.running.iter().flat_map(|r| [&r.mean, &r.var]);
    let all = state.values.iter().chain(&state.momentum).chain(running);
    all.flatten().map(|value| value.to_bits()).collect()
}

/// Trains on, from the checkpoint if there is one.
fn train<M: StepMachine>(
    network: &Network,
    data: &Dataset,
    machine: M,
    directory: &Path,
) -> Result<ModelState, HostError> {
    let mut trainer = if directory.join(FILE_NAME).exists() {
        Trainer::resume(network, data, Checkpoint::load(directory)?, machine)?
    } else {
        Trainer::new(network, data, settings(), machine)?
    };
    trainer.run(&mut Silent, &AtomicBool::new(false), Some(directory))?;
    Ok(trainer.state().clone())
}

/// Until every kind of fault has come `SATKIT_FAULTS` times [default: 3], on one seed after the other: a run that stops says
/// why, the next one resumes its checkpoint on a new card, and what is trained to the end has the bits of the reference.
#[test]
fn faults_are_told_and_weights_stay_those_of_the_reference() {
    if !satkit_tests::has_fuse() {
        return;
    }
    let wanted: u64 =
        std::env::var("SATKIT_FAULTS").map_or(3, |count| count.parse().expect("a number"));
    let network = Network::named("digits-mlp").unwrap();
    let data = Dataset::random(&network, 8, 4, 7);
    let TrainSettings { method, sparsity, .. } = settings();
    let golden = Operations::new(GoldenBackend::new(method, sparsity), &network);
    let expected =
        bits(&train(&network, &data, golden, tempfile::tempdir().unwrap().path()).unwrap());

    let checked = SessionSettings {
        verify_uploads: true,
        verify_downloads: true,
        ..SessionSettings::default()
    };
    let deadline = CardSettings { deadline: PATIENCE, ..CardSettings::default() };
    let mut counts = [0; FaultKind::ALL.len()];
    let mut directory = tempfile::tempdir().unwrap();
    let (mut trained, mut stopped) = (0, 0);
    for seed in 0.. {
        let spec = format!(
            "seed={seed},eio=0.004,etimedout=0.004,short=0.02,ones=0.004,lost-irq=0.2,spurious-irq=0.2,flip=0.01,die=0.002"
        );
        let served = serve(sim_card(), spec.parse().unwrap());
        let start = Instant::now();
        let outcome = Session::open_with(served.clone(), &array(), checked)
            .map_err(|error| HostError::Card { what: "session", source: error.into() })
            .and_then(|session| {
                let machine = CardMachine::new(Arc::new(session), deadline);
                train(&network, &data, machine, directory.path())
            });
        match outcome {
            Ok(state) => {
                assert_eq!(bits(&state), expected, "seed {seed}");
                trained += 1;
                directory = tempfile::tempdir().unwrap();
            }
            Err(HostError::Card { source: SessionError::Card(error), .. })
                if is_a_faults(&error) =>
            {
                stopped += 1;
            }
            Err(other) => panic!("seed {seed}: {other:?}"),
        }
        assert!(start.elapsed() < PATIENCE, "seed {seed} hung");
        for (count, kind) in counts.iter_mut().zip(FaultKind::ALL) {
            *count += served.mount.injected(kind);
        }
        if counts.iter().all(|&count| count >= wanted) && trained > 0 && stopped > 0 {
            break;
        }
    }
    let counts: Vec<_> =
        FaultKind::ALL.iter().zip(counts).map(|(kind, count)| (kind.name(), count)).collect();
    println!("{trained} runs to the end, {stopped} stopped; injected: {counts:?}");
}
