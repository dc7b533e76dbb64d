//! Training on a virtual card that fails in every way it can: what is not told does not happen.

use crate::given::{PATIENCE, array, sim_card};
use crate::served::{serve, stops_with};
use satkit::backend::GoldenBackend;
use satkit_host::HostError;
use satkit_host::card::{CardMachine, CardSettings};
use satkit_host::checkpoint::{Checkpoint, FILE_NAME};
use satkit_host::data::Dataset;
use satkit_host::network::{ModelState, Network};
use satkit_host::session::{Session, SessionError, SessionSettings, SessionStats};
use satkit_host::train::{Operations, RunLength, Silent, StepMachine, TrainSettings, Trainer};
use satkit_transport::CardError;
use satkit_virtual_card::{FaultKind, Faults};
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

/// Faults of each kind, in the order of [`FaultKind::ALL`].
type Counts = [u64; FaultKind::ALL.len()];

/// Probabilities of the kinds on every card, and on those of a seed that has more of the kind, both of which leave most epochs
/// whole. Kinds that end a run are the rare ones, as what they end has no other faults.
const PROBABILITIES: [(FaultKind, f64, f64); FaultKind::ALL.len()] = [
    (FaultKind::Eio, 0.004, 0.03),
    (FaultKind::Etimedout, 0.004, 0.03),
    (FaultKind::Short, 0.01, 0.03),
    (FaultKind::Ones, 0.004, 0.06),
    (FaultKind::LostIrq, 0.2, 0.5),
    (FaultKind::SpuriousIrq, 0.05, 0.3),
    (FaultKind::Flip, 0.004, 0.03),
    (FaultKind::Die, 0.001, 0.01),
];
/// More cards than any seed here uses up.
const MOST_CARDS: u64 = 400;

/// How a seed's card of this number fails; seeds have more of one kind each, by turns.
fn faults(seed: u64, card: u64, kinds: &[FaultKind]) -> Faults {
    let mut spec = format!("seed={}", seed * MOST_CARDS + card);
    let favoured = FaultKind::ALL[(seed % FaultKind::ALL.len() as u64) as usize];
    for (kind, usual, much) in PROBABILITIES.into_iter().filter(|(kind, ..)| kinds.contains(kind)) {
        spec += &format!(",{}={}", kind.name(), if kind == favoured { much } else { usual });
    }
    spec.parse().unwrap()
}

/// What the cards of a seed came to.
#[derive(Debug, Default)]
struct Campaign {
    /// Why each card but the last stopped. Each is the error of a kind of fault that this card had.
    stopped: Vec<CardError>,
    injected: Counts,
    retried_transfers: u64,
    corrupt_transfers: u64,
    lost_interrupts: u64,
    spurious_interrupts: u64,
}

impl Campaign {
    fn add(&mut self, stats: &SessionStats) {
        self.retried_transfers += stats.retried_transfers;
        self.corrupt_transfers += stats.corrupt_transfers;
        self.lost_interrupts += stats.lost_interrupts;
        self.spurious_interrupts += stats.spurious_interrupts;
    }
}

/// The bits that the reference trains.
struct Reference {
    network: Network,
    data: Dataset,
    bits: Vec<u32>,
}

impl Reference {
    fn new() -> Self {
        let network = Network::named("digits-mlp").unwrap();
        let data = Dataset::random(&network, 8, 4, 7);
        let TrainSettings { method, sparsity, .. } = settings();
        let golden = Operations::new(GoldenBackend::new(method, sparsity), &network);
        let directory = tempfile::tempdir().unwrap();
        let bits = bits(&train(&network, &data, golden, directory.path()).unwrap());
        Self { network, data, bits }
    }

    /// Trains to the end on as many cards as it takes: one that stops says why, and the next resumes its checkpoint.
    fn campaign(&self, seed: u64, kinds: &[FaultKind]) -> Campaign {
        let checked = SessionSettings {
            verify_uploads: true,
            verify_downloads: true,
            ..SessionSettings::default()
        };
        let deadline = CardSettings { deadline: PATIENCE, ..CardSettings::default() };
        let directory = tempfile::tempdir().unwrap();
        let mut campaign = Campaign::default();
        for card in 0..MOST_CARDS {
            let served = serve(sim_card(), faults(seed, card, kinds));
            let start = Instant::now();
            let outcome = Session::open_with(served.clone(), &array(), checked)
                .map_err(|error| HostError::Card { what: "session", source: error.into() })
                .and_then(|session| {
                    let session = Arc::new(session);
                    let machine = CardMachine::new(Arc::clone(&session), deadline);
                    let outcome = train(&self.network, &self.data, machine, directory.path());
                    campaign.add(&session.stats());
                    outcome
                });
            assert!(start.elapsed() < PATIENCE, "seed {seed}, card {card} hung");
            let injected = FaultKind::ALL.map(|kind| served.mount.injected(kind));
            for (sum, count) in campaign.injected.iter_mut().zip(injected) {
                *sum += count;
            }
            match outcome {
                Ok(state) => {
                    assert_eq!(bits(&state), self.bits, "seed {seed}, card {card}");
                    return campaign;
                }
                Err(HostError::Card { source: SessionError::Card(error), .. }) => {
                    let mut came = FaultKind::ALL.into_iter().zip(injected);
                    assert!(
                        came.any(|(kind, count)| count > 0 && stops_with(kind, &error)),
                        "seed {seed}, card {card}: {error:?} is of no kind in {injected:?}"
                    );
                    campaign.stopped.push(error);
                }
                Err(other) => panic!("seed {seed}, card {card}: {other:?}"),
            }
        }
        panic!("seed {seed} is not trained to the end on {MOST_CARDS} cards");
    }
}

/// The number in a variable of the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Until every kind of fault has come `SATKIT_FAULTS` times [default: 3], on one seed after the other; or on the seed
/// `SATKIT_SEED` alone.
#[test]
fn faults_are_told_and_weights_stay_those_of_the_reference() {
    if !satkit_tests::has_fuse() {
        return;
    }
    let wanted = number("SATKIT_FAULTS").unwrap_or(3);
    let alone = number("SATKIT_SEED");
    let reference = Reference::new();
    let begun = Instant::now();
    let mut total = Campaign::default();
    for seed in alone.unwrap_or(0).. {
        let campaign = reference.campaign(seed, &FaultKind::ALL);
        for (sum, count) in total.injected.iter_mut().zip(campaign.injected) {
            *sum += count;
        }
        total.retried_transfers += campaign.retried_transfers;
        total.corrupt_transfers += campaign.corrupt_transfers;
        total.lost_interrupts += campaign.lost_interrupts;
        total.spurious_interrupts += campaign.spurious_interrupts;
        let counts = FaultKind::ALL.iter().zip(total.injected);
        let counts: Vec<_> =
            counts.map(|(kind, count)| format!("{} {count}", kind.name())).collect();
        total.stopped.extend(campaign.stopped);
        println!(
            "seeds {} to {seed}, {:.0} s: as many runs to the end, {} stopped; injected {}",
            alone.unwrap_or(0),
            begun.elapsed().as_secs_f64(),
            total.stopped.len(),
            counts.join(", ")
        );
        if alone.is_some() || total.injected.iter().all(|&count| count >= wanted) {
            break;
        }
    }
    println!(
        "noticed: {} transfers retried, {} corrupt, {} interrupts lost, {} spurious",
        total.retried_transfers,
        total.corrupt_transfers,
        total.lost_interrupts,
        total.spurious_interrupts
    );
    assert!(alone.is_some() || !total.stopped.is_empty());
}

/// Cards that fail in one way only, so that each fault can be found again in what sessions noticed: no fault passes unseen, and
/// those that stop a run do it with the error of their kind. A short count is made up for below the session, an all-ones
/// reading is read again and a spurious interrupt wakes it for nothing, none of which it counts one by one:
/// `short_counts_are_made_up_for`, `all_ones_are_the_value_or_a_lost_device` and `interrupts_are_lost_and_spurious` of
/// `tests/virtual_card` look at those.
#[test]
fn every_fault_is_noticed() {
    if !satkit_tests::has_fuse() {
        return;
    }
    let reference = Reference::new();
    for kind in FaultKind::ALL {
        // A seed that has more of the kind.
        let at = FaultKind::ALL.iter().position(|&other| other == kind).unwrap();
        let campaign = reference.campaign(at as u64, &[kind]);
        let injected = campaign.injected[at];
        let stopped = campaign.stopped.len() as u64;
        assert!(injected > 0, "{kind:?} never came");
        let of_it = |error: &CardError| stops_with(kind, error);
        assert!(campaign.stopped.iter().all(of_it), "{kind:?}: {:?}", campaign.stopped);
        let (noticed, exact) = match kind {
            // The first time a transfer is tried again, the second time the run stops.
            FaultKind::Eio | FaultKind::Etimedout => (campaign.retried_transfers + stopped, true),
            FaultKind::Die => (stopped, true),
            // A bit that flips in the second of two readings makes it differ from the first and from the third.
            FaultKind::Flip => (campaign.corrupt_transfers, false),
            // An interrupt that is late counts as lost, too.
            FaultKind::LostIrq => (campaign.lost_interrupts, false),
            // Counted below the session, or not at all.
            FaultKind::Short | FaultKind::Ones | FaultKind::SpuriousIrq => continue,
        };
        assert!(noticed >= injected, "{kind:?}: {campaign:?}");
        assert!(!exact || noticed == injected, "{kind:?}: {campaign:?}");
    }
}

/// Faults of transfers do not depend on time, as those of registers do, which are read as long as a job takes.
#[test]
fn a_seed_fails_the_same_way_again() {
    const KINDS: [FaultKind; 5] =
        [FaultKind::Eio, FaultKind::Etimedout, FaultKind::Short, FaultKind::Flip, FaultKind::Die];
    if !satkit_tests::has_fuse() {
        return;
    }
    let reference = Reference::new();
    // Not interrupts, which may come later than a session waits for them.
    let seen = |campaign: &Campaign| {
        let Campaign { injected, retried_transfers, corrupt_transfers, .. } = campaign;
        let stopped: Vec<_> = campaign.stopped.iter().map(CardError::to_string).collect();
        (stopped, *injected, *retried_transfers, *corrupt_transfers)
    };
    let campaign = reference.campaign(8, &KINDS);
    assert!(campaign.injected.iter().sum::<u64>() > 0 && !campaign.stopped.is_empty());
    assert_eq!(seen(&campaign), seen(&reference.campaign(8, &KINDS)));
}
