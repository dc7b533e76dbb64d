//! What an instruction must satisfy before it is queued. Everything behind this may rely on it.

use super::sequencer::Context;
use crate::PlanError;
use crate::layout::BEAT_BYTES;
use crate::space::{Rows, TileSpace};
use crate::{traffic, walk};
use satkit_spec::isa::{
    Engine, Instruction, LoadActivations, LoadWeights, MAX_WALKS, MatMul, Operation, Semaphore,
    Store, Walk,
};
use satkit_spec::{ArrayConfig, Dataflow, MAX_INTERLEAVE};

/// Instructions that are kept neither take nor post.
pub(super) fn no_semaphores(index: usize, instruction: &Instruction) -> Result<(), PlanError> {
    if instruction.wait.is_empty() && instruction.post.is_empty() {
        return Ok(());
    }
    let reason = "it goes to no engine, so it can use no semaphore".into();
    Err(PlanError::Instruction { index, instruction: instruction.to_string(), reason })
}

/// Each semaphore has one engine that posts it and one that takes it.
pub(super) fn semaphores(
    index: usize,
    instruction: &Instruction,
    engine: Engine,
) -> Result<(), PlanError> {
    let refuse = |semaphore: satkit_spec::isa::Semaphore, does: &'static str, owner: Engine| {
        PlanError::WrongSemaphore {
            index,
            semaphore: semaphore.name(),
            engine: engine.name(),
            does,
            owner: owner.name(),
        }
    };
    if let Some(semaphore) = instruction.wait.iter().find(|s| s.taker() != engine) {
        return Err(refuse(semaphore, "takes", semaphore.taker()));
    }
    if let Some(semaphore) = instruction.post.iter().find(|s| s.poster() != engine) {
        return Err(refuse(semaphore, "posts", semaphore.poster()));
    }
    Ok(())
}

pub(super) fn operation(
    config: &ArrayConfig,
    index: usize,
    instruction: &Instruction,
    context: &Context,
    words: &mut Words,
) -> Result<(), PlanError> {
    let refuse = |reason: String| PlanError::Instruction {
        index,
        instruction: instruction.to_string(),
        reason,
    };
    let operands =
        || context.operands.as_ref().ok_or_else(|| refuse("it comes before any OPERANDS".into()));
    let space = || {
        context
            .space
            .as_ref()
            .ok_or_else(|| PlanError::NoGeometry { index, instruction: instruction.to_string() })
    };
    match &instruction.operation {
        Operation::LoadActivations(load) => {
            let space = space()?;
            let operands = operands()?;
            rows(space, load.row_base, load.rows).map_err(refuse)?;
            slots(space, load.slot_base, load.slots).map_err(refuse)?;
            if space.dataflow == Dataflow::OutputStationary {
                match space.rows {
                    Rows::Patches(_) => banks("rows", load.rows, config.rows),
                    Rows::WeightRows { .. } => weight_rows(config, load.rows),
                }
                .map_err(refuse)?;
            }
            traffic::check_activations(space, operands, load.group).map_err(refuse)?;
            let needed = words.needed(config, space, load);
            bank(config, index, instruction, load.words as usize, needed)
        }
        Operation::LoadWeights(load) => {
            let space = space()?;
            let operands = operands()?;
            traffic::check_weights(space, operands, load.group).map_err(refuse)?;
            cols(space, load.col_base, load.cols).map_err(refuse)?;
            slots(space, load.slot_base, load.slots).map_err(refuse)?;
            whole_groups(config, load).map_err(refuse)?;
            let needed = entries(config, space, load);
            bank(config, index, instruction, load.entries as usize, needed)
        }
        Operation::MatMul(mm) => {
            let space = space()?;
            rows(space, mm.row_base, mm.rows).map_err(refuse)?;
            cols(space, mm.col_base, mm.cols).map_err(refuse)?;
            slots(space, mm.slot_base, mm.slots).map_err(refuse)?;
            if !mm.drain && instruction.post.contains(Semaphore::DrainFull) {
                let reason = "it posts d.full and does not drain";
                return Err(refuse(reason.into()));
            }
            check_array(config, space, mm).map_err(refuse)
        }
        Operation::Store(store) => {
            let space = space()?;
            let results = context.results.as_ref();
            let results = results.ok_or_else(|| refuse("it comes before any RESULTS".into()))?;
            rows(space, store.row_base, store.rows).map_err(refuse)?;
            cols(space, store.col_base, store.cols).map_err(refuse)?;
            if store.rows == 0 || store.cols == 0 {
                return Err(refuse("a tile without outputs; accepted: at least one".into()));
            }
            drained(config, space, store).map_err(refuse)?;
            traffic::check_results(space, results, store).map_err(refuse)
        }
        _ => Ok(()),
    }
}

fn range(what: &str, base: u32, len: u32, limit: usize) -> Result<(), String> {
    let (start, end) = (u64::from(base), u64::from(base) + u64::from(len));
    if end <= limit as u64 { Ok(()) } else { Err(format!("{what} {start}..{end} of {limit}")) }
}

fn rows(space: &TileSpace, base: u32, len: u32) -> Result<(), String> {
    range("rows", base, len, space.row_count())
}

fn cols(space: &TileSpace, base: u32, len: u32) -> Result<(), String> {
    range("columns", base, len, space.problem.cols)
}

fn slots(space: &TileSpace, base: u32, len: u32) -> Result<(), String> {
    range("slots", base, len, space.problem.slots)
}

fn banks(what: &str, given: u32, available: usize) -> Result<(), String> {
    if given as usize <= available {
        Ok(())
    } else {
        Err(format!("{given} {what} on {available} banks"))
    }
}

/// A tile has no more weight rows than the array has outputs of a column.
fn weight_rows(config: &ArrayConfig, given: u32) -> Result<(), String> {
    let most = config.rows.saturating_mul(MAX_INTERLEAVE);
    if given as usize <= most {
        Ok(())
    } else {
        Err(format!("{given} weight rows in a tile; accepted: up to {most}"))
    }
}

/// A tile to store is one that the array can drain.
fn drained(config: &ArrayConfig, space: &TileSpace, store: &Store) -> Result<(), String> {
    let (rows, cols) = (store.rows as usize, store.cols as usize);
    let fits = match (space.dataflow, space.rows) {
        (Dataflow::WeightStationary, _) => rows <= config.psum_depth && cols <= config.cols,
        (Dataflow::OutputStationary, Rows::Patches(grid)) => {
            rows <= config.rows && grid.area() * cols.div_ceil(config.cols) <= MAX_INTERLEAVE
        }
        (Dataflow::OutputStationary, Rows::WeightRows { .. }) => {
            rows.div_ceil(config.rows) * cols.div_ceil(config.cols) <= MAX_INTERLEAVE
        }
    };
    if fits {
        return Ok(());
    }
    let (rows, cols) = (config.rows, config.cols);
    Err(format!("no tile of {rows} x {cols} USPEs in {} is so large", space.dataflow))
}

/// The streams of READS or WRITES lie on the card.
pub(super) fn streams(streams: [(u32, u32); 3]) -> Result<(), String> {
    streams.into_iter().filter(|&(_, beats)| beats > 0).try_for_each(|(address, beats)| {
        traffic::on_card((u128::from(address) + u128::from(beats)) * u128::from(BEAT_BYTES))
    })
}

/// Words of a row bank that the last load needed: the next one of the same slots often needs the same.
#[derive(Default)]
pub(super) struct Words {
    slots: Option<(u32, u32)>,
    words: usize,
}

impl Words {
    /// Words of a row bank that a load of this space needs.
    fn needed(&mut self, config: &ArrayConfig, space: &TileSpace, load: &LoadActivations) -> usize {
        let slots = Some((load.slot_base, load.slots));
        let patches = matches!(space.rows, Rows::Patches(_));
        let streamed = space.dataflow == Dataflow::WeightStationary;
        if patches && !streamed && load.rows > 0 && self.slots == slots {
            return self.words;
        }
        let (row, slot) = (load.row_base as usize, load.slot_base as usize);
        let rows = row..row + load.rows as usize;
        self.words = traffic::words(config, space, rows, slot..slot + load.slots as usize);
        self.slots = slots.filter(|_| load.rows > 0);
        self.words
    }
}

/// The WALKs since the last MM, and those that the last MM had to have.
#[derive(Default)]
pub(super) struct Walks {
    given: Vec<Walk>,
    due: Vec<Walk>,
    /// Rows and slots of these in the space that was set last.
    of: Option<[u32; 4]>,
}

impl Walks {
    /// A WALK for the next MM.
    pub(super) fn push(&mut self, walk: Walk) -> Result<(), String> {
        if self.given.len() == MAX_WALKS {
            return Err(format!("it is one more for its MM; accepted: up to {MAX_WALKS}"));
        }
        self.given.push(walk);
        Ok(())
    }

    /// Another space is set.
    pub(super) fn forget(&mut self) {
        self.of = None;
    }

    /// The walks of an MM are those of its chunk. In WS its sums may lie anywhere in the psum buffer.
    pub(super) fn take(
        &mut self,
        config: &ArrayConfig,
        space: &TileSpace,
        mm: &MatMul,
    ) -> Result<(), String> {
        let streamed = space.dataflow == Dataflow::WeightStationary;
        let mut of = [mm.row_base, mm.rows, mm.slot_base, mm.slots];
        if matches!(space.rows, Rows::Patches(_)) && !streamed {
            // Patches are walked through alike.
            (of[0], of[1]) = (0, 0);
        }
        if self.of != Some(of) {
            let range = |base: u32, len: u32| base as usize..base as usize + len as usize;
            let (rows, slots) = (range(mm.row_base, mm.rows), range(mm.slot_base, mm.slots));
            self.due = walk::walks(config, space, rows, slots);
            self.of = Some(of);
        }
        let psum = |walk: &Walk| if streamed { walk.psum } else { 0 };
        let due =
            self.due.iter().zip(&self.given).map(|(due, given)| Walk { psum: psum(given), ..*due });
        let verdict = if self.due.len() != self.given.len()
            || !due.clone().eq(self.given.iter().copied())
        {
            let list = |walks: &mut dyn Iterator<Item = Walk>| -> String {
                let all: Vec<String> =
                    walks.map(|walk| Instruction::new(Operation::Walk(walk)).to_string()).collect();
                if all.is_empty() { "no WALK".into() } else { all.join("; ") }
            };
            let (given, due) =
                (list(&mut self.given.iter().copied()), list(&mut self.due.iter().copied()));
            Err(format!("it has {given}; accepted for its chunk: {due}"))
        } else if let Some(walk) = self.given.iter().find(|walk| {
            streamed && u64::from(walk.psum) + u64::from(mm.rows) > config.psum_depth as u64
        }) {
            let (psum, rows, depth) = (walk.psum, mm.rows, config.psum_depth);
            Err(format!("{rows} sums from word {psum} on in a psum buffer of {depth}"))
        } else {
            Ok(())
        };
        self.given.clear();
        verdict
    }
}

/// A row of the column banks is written whole: a load begins with one, and is not empty.
fn whole_groups(config: &ArrayConfig, load: &LoadWeights) -> Result<(), String> {
    if load.cols == 0 || load.slots == 0 {
        return Err(format!("a load of {} columns of {} slots", load.cols, load.slots));
    }
    if !(load.col_base as usize).is_multiple_of(config.cols) {
        let (base, cols) = (load.col_base, config.cols);
        return Err(format!("columns from {base} on; accepted: a multiple of {cols}"));
    }
    Ok(())
}

/// Entries of a column bank that a load needs.
fn entries(config: &ArrayConfig, _space: &TileSpace, load: &LoadWeights) -> usize {
    (load.cols as usize).div_ceil(config.cols).saturating_mul(load.slots as usize)
}

/// The bank's half holds what the load says, and the load says what it needs.
fn bank(
    config: &ArrayConfig,
    index: usize,
    instruction: &Instruction,
    said: usize,
    needed: usize,
) -> Result<(), PlanError> {
    let (unit, available) = match instruction.operation {
        Operation::LoadActivations(_) => ("words", config.w2e_words_per_row / 2),
        _ => ("entries", config.n2s_entries_per_col / 2),
    };
    if said.max(needed) > available {
        let needed = said.max(needed);
        let instruction = instruction.to_string();
        return Err(PlanError::BankOverflow { index, instruction, unit, needed, available });
    }
    if said < needed {
        let reason = format!("it says {said} {unit}, but needs {needed}");
        return Err(PlanError::Instruction { index, instruction: instruction.to_string(), reason });
    }
    Ok(())
}

/// Checks that the tile and the pass of an MM fit the array.
///
/// # Errors
/// The reason, in words.
pub fn check_array(config: &ArrayConfig, space: &TileSpace, mm: &MatMul) -> Result<(), String> {
    let (rows, cols) = (config.rows, config.cols);
    let (ip, iq) = (usize::from(mm.ip), usize::from(mm.iq));
    let fits = match space.dataflow {
        Dataflow::OutputStationary => {
            let rows_fit = match space.rows {
                Rows::Patches(grid) => mm.rows as usize <= rows && ip == grid.area(),
                Rows::WeightRows { .. } => mm.rows as usize <= rows * ip,
            };
            rows_fit && (1..=MAX_INTERLEAVE).contains(&(ip * iq)) && mm.cols as usize <= cols * iq
        }
        Dataflow::WeightStationary => {
            let single = match space.rows {
                Rows::Patches(grid) => grid.area() == 1,
                Rows::WeightRows { .. } => true,
            };
            single
                && (ip, iq) == (1, 1)
                && mm.rows as usize <= config.psum_depth
                && mm.cols as usize <= cols
                && mm.slots as usize <= rows
        }
    };
    if fits {
        Ok(())
    } else {
        Err(format!("it does not fit {rows} x {cols} USPEs in {}", space.dataflow))
    }
}
