//! Whoever reads has waited for who wrote.

use super::moved::{Context, grains};
use crate::Span;
use crate::given::timed;
use proptest::prelude::*;
use satkit_memory::MemoryModel;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Instruction, Semaphore};
use std::collections::HashMap;

/// For each engine the last instruction that is known to be done.
type Done = [Option<usize>; Engine::ALL.len()];

fn join(done: &mut Done, other: &Done) {
    for (mine, other) in done.iter_mut().zip(other) {
        *mine = (*mine).max(*other);
    }
}

/// What each instruction knows to be done when it starts, from semaphores and the order of its engine alone: so in no
/// memory, however slow, is anything else certain.
fn known(program: &[Instruction]) -> Vec<Done> {
    let mut known = vec![Done::default(); program.len()];
    let mut last = Done::default();
    let posts = |semaphore: Semaphore| -> Vec<usize> {
        (0..program.len()).filter(|&i| program[i].post.contains(semaphore)).collect()
    };
    let posts: Vec<Vec<usize>> = Semaphore::ALL.iter().map(|&semaphore| posts(semaphore)).collect();
    let mut taken = vec![0_usize; posts.len()];
    for (index, instruction) in program.iter().enumerate() {
        let Some(engine) = instruction.operation.engine() else { continue };
        let mut done = last[engine as usize].map_or(Done::default(), |before| known[before]);
        for semaphore in instruction.wait.iter() {
            let token = taken[semaphore as usize];
            taken[semaphore as usize] += 1;
            let Some(token) = token.checked_sub(semaphore.initial() as usize) else { continue };
            let poster = posts[semaphore as usize][token];
            // Posters stand before those who wait, so what they know is known.
            assert!(poster < index, "{index} waits for what {poster} posts");
            join(&mut done, &known[poster]);
            // A drain buffer is free before its tile is stored.
            if semaphore != Semaphore::DrainFree {
                let engine = &mut done[semaphore.poster() as usize];
                *engine = (*engine).max(Some(poster));
            }
        }
        known[index] = done;
        last[engine as usize] = Some(index);
    }
    known
}

/// Each instruction has waited for whatever wrote what it reads, and for whatever reads what it writes over.
pub(super) fn check_semaphores(
    config: &ArrayConfig,
    program: &[Instruction],
) -> Result<(), TestCaseError> {
    let known = known(program);
    let mut context = Context::default();
    let mut writers: HashMap<u64, usize> = HashMap::new();
    let mut readers: HashMap<(u64, Engine), usize> = HashMap::new();
    for (index, instruction) in program.iter().enumerate() {
        let Some(engine) = instruction.operation.engine() else {
            context.runs(config, instruction);
            continue;
        };
        let done = |other: usize| {
            let of = program[other].operation.engine().unwrap();
            of == engine || known[index][of as usize] >= Some(other)
        };
        let (reads, writes) = context.runs(config, instruction);
        for grain in grains(&reads) {
            if let Some(&writer) = writers.get(&grain) {
                let at = &program[writer];
                prop_assert!(done(writer), "{index} {instruction} reads what {writer} {at} writes");
            }
            readers.insert((grain, engine), index);
        }
        for grain in grains(&writes) {
            for reader in Engine::ALL.iter().filter_map(|&e| readers.get(&(grain, e))) {
                let at = &program[*reader];
                prop_assert!(done(*reader), "{index} {instruction} overwrites {reader} {at}");
            }
            writers.insert(grain, index);
        }
    }
    Ok(())
}

/// In time: what wrote each grain is done when it is read, and what reads it when it is written again.
pub(super) fn check_in_time(
    config: &ArrayConfig,
    program: &[Instruction],
    memory: &MemoryModel,
) -> Result<(), TestCaseError> {
    let (_, spans) = timed(config, program, memory).unwrap();
    let mut context = Context::default();
    let (mut writers, mut readers): (HashMap<u64, usize>, HashMap<u64, usize>) = Default::default();
    for (index, instruction) in program.iter().enumerate() {
        let (reads, writes) = context.runs(config, instruction);
        for grain in grains(&reads) {
            if let Some(&writer) = writers.get(&grain) {
                let (from, to): (Span, Span) = (spans.0[writer], spans.0[index]);
                let same = program[writer].operation.engine() == instruction.operation.engine();
                prop_assert!(
                    from.end_cycle <= to.start_cycle || (same && from.start_cycle < to.start_cycle),
                    "{} {} reads in cycle {} what {} {} writes until {}",
                    index,
                    instruction,
                    to.start_cycle,
                    writer,
                    program[writer],
                    from.end_cycle
                );
            }
            readers.insert(grain, index);
        }
        for grain in grains(&writes) {
            if let Some(&reader) = readers.get(&grain).filter(|&&reader| reader != index) {
                let (before, after): (Span, Span) = (spans.0[reader], spans.0[index]);
                prop_assert!(
                    before.end_cycle <= after.end_cycle,
                    "{} overwrites for {}",
                    index,
                    reader
                );
            }
            writers.insert(grain, index);
        }
    }
    Ok(())
}
