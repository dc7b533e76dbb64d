//! Instructions that wait for each other are found and named.

use crate::given::{changed, fixed, timed};
use crate::hand::{geometry, load_a, load_w, matmul, mm, operands, results, store, tied, tile};
use satkit_plan::PlanError;
use satkit_spec::Dataflow::OutputStationary;
use satkit_spec::isa::Semaphore::{
    ActivationsFree, ActivationsFull, DrainFree, DrainFull, StoredForActivations, WeightsFull,
};
use satkit_spec::isa::{Instruction, Operation, Vector, VectorOp};
use satkit_spec::{ArrayConfig, isa::Semaphore};

fn start() -> [Instruction; 3] {
    [geometry(OutputStationary, 1), operands(), results()]
}

fn multiply(wait: &[Semaphore], post: &[Semaphore], drain: bool) -> Instruction {
    tied(mm(matmul(1, 1, 1, 1, drain)), wait, post)
}

/// Behind the three that set the stage, instruction `index` waits for `semaphore` in vain.
fn deadlocks(config: &ArrayConfig, instructions: &[Instruction], index: usize, semaphore: &str) {
    let program = [&start()[..], instructions].concat();
    let error = timed(config, &program, &fixed(80, 64)).unwrap_err();
    let PlanError::Deadlock { index: at, semaphore: missing, .. } = error else {
        panic!("{error}");
    };
    assert_eq!((at, missing), (index + 3, semaphore));
}

fn runs(config: &ArrayConfig, instructions: &[Instruction]) {
    let program = [&start()[..], instructions].concat();
    timed(config, &program, &fixed(80, 64)).unwrap();
}

#[test]
fn a_post_is_missing() {
    let config = ArrayConfig::vcu1525();
    deadlocks(&config, &[tied(store(tile(1, 1)), &[DrainFull], &[])], 0, "d.full");
    let load = tied(load_a(0, 1, 8, 8), &[ActivationsFree], &[]);
    deadlocks(&config, &[load, multiply(&[ActivationsFull], &[], false)], 1, "a.full");
    // The third load finds both halves taken.
    deadlocks(&config, &[load, load, load], 2, "a.free");
    // One post serves one taker.
    let load = tied(load_a(0, 1, 8, 8), &[], &[ActivationsFull]);
    let mm = multiply(&[ActivationsFull], &[], false);
    runs(&config, &[load, mm]);
    deadlocks(&config, &[load, mm, mm], 2, "a.full");
}

#[test]
fn the_first_in_the_program_is_named() {
    let config = ArrayConfig::vcu1525();
    let mm = multiply(&[WeightsFull], &[DrainFull], true);
    let st = tied(store(tile(1, 1)), &[DrainFull], &[]);
    // The store waits too, but for the MM.
    deadlocks(&config, &[mm, st], 0, "w.full");
    // Of two semaphores the one that is missing.
    let load = tied(load_a(0, 1, 8, 8), &[], &[ActivationsFull]);
    let mm = multiply(&[ActivationsFull, WeightsFull], &[], false);
    deadlocks(&config, &[load, mm], 1, "w.full");
}

#[test]
fn a_circle_waits_for_ever() {
    let config = ArrayConfig::vcu1525();
    // LD.A waits for what ST stores, ST for the MM, the MM for LD.A.
    let circle = [
        tied(load_a(0, 1, 8, 8), &[StoredForActivations], &[ActivationsFull]),
        multiply(&[ActivationsFull], &[DrainFull], true),
        tied(store(tile(1, 1)), &[DrainFull], &[StoredForActivations]),
    ];
    deadlocks(&config, &circle, 0, "st.a");
    // The third tile finds no drain buffer, because what would free one is stored after it.
    let drained = multiply(&[DrainFree], &[DrainFull], true);
    let st = tied(store(tile(1, 1)), &[DrainFull], &[DrainFree]);
    deadlocks(&config, &[drained, drained, drained, multiply(&[], &[], false)], 2, "d.free");
    runs(&config, &[drained, drained, drained, st, st, st]);
    // In its own queue, nothing overtakes.
    let load = |wait: &[Semaphore]| tied(load_a(0, 1, 8, 8), wait, &[ActivationsFull]);
    let mm = multiply(&[ActivationsFull], &[ActivationsFree], false);
    let free = [ActivationsFree];
    runs(&config, &[load(&free), load(&free), load(&free), mm, mm, mm]);
}

#[test]
fn a_full_queue_hides_what_would_go_on() {
    // The third load needs a half that only an MM behind all five frees. It waits in the engine and two more behind it in a
    // queue of two, so that the MM is dispatched; with one the sequencer stands at the fifth load.
    let load = tied(load_a(0, 1, 8, 8), &[ActivationsFree], &[ActivationsFull]);
    let mm = multiply(&[ActivationsFull], &[ActivationsFree], false);
    let program = [load, load, load, load, load, mm, mm, mm, mm, mm];
    runs(&changed(|config| config.queue_depth = 2), &program);
    deadlocks(&changed(|config| config.queue_depth = 1), &program, 2, "a.free");
    // What is behind the full queue is never looked at.
    let weights = tied(load_w(32, 1, 1), &[], &[WeightsFull]);
    let waits = multiply(&[WeightsFull], &[], false);
    let program = [waits, waits, waits, weights, weights, weights];
    runs(&changed(|config| config.queue_depth = 2), &program);
    deadlocks(&changed(|config| config.queue_depth = 1), &program, 0, "w.full");
}

#[test]
fn streams_wait_like_tiles() {
    let config = ArrayConfig::vcu1525();
    let vector =
        Instruction::new(Operation::Vector(Vector { op: VectorOp::Add, elements: 1, last: false }));
    let waits = tied(vector, &[Semaphore::StoredForVector], &[]);
    deadlocks(&config, &[waits], 0, "st.ve");
    let st = tied(store(tile(1, 1)), &[], &[Semaphore::StoredForVector]);
    runs(&config, &[waits, st]);
}
