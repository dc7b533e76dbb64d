//! Executing a stage's program with values.
//!
//! [`lower`] walks the instructions once and turns them into finished tiles: rows of the geometry by columns, and the ranges
//! of K slots that they take, in the order of the MMs. The ranges are the instructions' own, so a schedule that misses a
//! slot, takes one twice or takes them out of order computes other bits. Where every output takes all slots in order, once,
//! tiles need not be computed one by one: [`execute`] then computes the stage in the rectangles that suit the CPU, which
//! changes no bit. [`execute_tiles`] keeps to the program's tiles.

use crate::SimError;
use crate::mac::{ProblemSize, StageOperands, TileRun};
use satkit_plan::{MacStage, Problem, TileSpace};
use satkit_spec::isa::{Geometry, Instruction, MatMul, Operation, Store};
use satkit_spec::{ArrayConfig, Dataflow};
use std::collections::VecDeque;
use std::ops::Range;

/// Why a program cannot be executed; names the instruction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecError {
    /// An instruction that makes no sense where it stands.
    #[error("instruction {index} ({instruction}): {reason}")]
    Instruction {
        /// Index in the program.
        index: usize,
        /// The instruction.
        instruction: String,
        /// What is wrong.
        reason: String,
    },
    /// Outputs that no instruction stores.
    #[error("the program stores {stored} of {outputs} outputs of problem {problem}")]
    Incomplete {
        /// Index of the matrix problem.
        problem: usize,
        /// Outputs stored.
        stored: usize,
        /// Outputs that there are.
        outputs: usize,
    },
}

/// A program as tiles that are ready to compute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// Sizes of the problems that the tiles are parts of.
    sizes: Vec<ProblemSize>,
    /// Disjoint, and within those sizes.
    tiles: Vec<Tile>,
    /// Every output takes all its slots in order, once.
    in_order: bool,
}

/// Rows of a geometry by columns, with the slots that they take.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tile {
    problem: usize,
    space: TileSpace,
    rows: Range<usize>,
    cols: Range<usize>,
    slots: Vec<Range<usize>>,
}

impl Tile {
    fn is(&self, rows: &Range<usize>, cols: &Range<usize>) -> bool {
        self.rows == *rows && self.cols == *cols
    }

    /// The rectangles of the matrix problem that the tile is.
    fn runs(&self) -> Vec<TileRun> {
        let mut runs: Vec<TileRun> = Vec::new();
        self.space.problem_rows(self.rows.start, self.rows.len(), |rows| match runs.last_mut() {
            // Patches that touch are one run.
            Some(last) if last.rows.end == rows.start => last.rows.end = rows.end,
            _ => runs.push(TileRun {
                problem: self.problem,
                rows,
                cols: self.cols.clone(),
                slots: self.slots.clone(),
            }),
        });
        runs
    }
}

struct Walk<'s> {
    stage: &'s MacStage,
    config: &'s ArrayConfig,
    problems: Vec<Problem>,
    /// Problem and space of the last GEOMETRY.
    current: Option<(usize, TileSpace)>,
    /// OS: at most one. WS: the tiles whose partial sums share the psum buffer.
    open: Vec<Tile>,
    drained: VecDeque<Tile>,
    tiles: Vec<Tile>,
    /// For each problem, its row numbering and which (column, row of the geometry) are stored.
    stored: Vec<(Option<TileSpace>, Vec<bool>)>,
}

/// Turns the program of `stage` into tiles, checking every instruction against the stage and the machine.
///
/// # Errors
/// [`ExecError`] naming the first instruction that is out of range, continues a tile that is not open, overflows the
/// psum buffer, or stores what is not drained or already stored; or that outputs are left over.
pub fn lower(
    config: &ArrayConfig,
    stage: &MacStage,
    program: &[Instruction],
) -> Result<Lowered, ExecError> {
    let problems = stage.problems();
    let stored = problems.iter().map(|_| (None, Vec::new())).collect();
    let mut walk = Walk {
        stage,
        config,
        problems,
        current: None,
        open: Vec::new(),
        drained: VecDeque::new(),
        tiles: Vec::new(),
        stored,
    };
    for (index, instruction) in program.iter().enumerate() {
        walk.step(instruction).map_err(|reason| ExecError::Instruction {
            index,
            instruction: instruction.to_string(),
            reason,
        })?;
    }
    for (problem, ((numbering, stored), size)) in walk.stored.iter().zip(&walk.problems).enumerate()
    {
        let complete = !stored.is_empty() && stored.iter().all(|&done| done);
        let outputs = size.rows * size.cols;
        if outputs > 0 && !complete {
            let of = |space: &TileSpace| {
                let done = stored.iter().enumerate().filter(|(_, done)| **done);
                done.map(|(at, _)| space.outputs(at % space.row_count(), 1) as usize).sum()
            };
            let stored = numbering.as_ref().map_or(0, of);
            return Err(ExecError::Incomplete { problem, stored, outputs });
        }
    }
    let all = |tile: &Tile| match (&tile.slots[..], walk.problems[tile.problem].slots) {
        ([], slots) => slots == 0,
        ([only], slots) => *only == (0..slots),
        _ => false,
    };
    let in_order = walk.tiles.iter().all(all);
    let size = |p: &Problem| ProblemSize { rows: p.rows, cols: p.cols, slots: p.slots };
    Ok(Lowered { sizes: walk.problems.iter().map(size).collect(), tiles: walk.tiles, in_order })
}

/// Computes a lowered program into `out`: NCHW (FF, BP) or OIHW (WU), FP32 before rounding, NaNs canonical.
///
/// # Errors
/// [`SimError::Length`] if `out` is not of the operands' size, [`SimError::Operand`] if the operands are of another
/// stage than the program.
pub fn execute(
    lowered: &Lowered,
    operands: &StageOperands,
    out: &mut [f32],
) -> Result<(), SimError> {
    if lowered.in_order {
        check_sizes(lowered, operands)?;
        return operands.run_all(out);
    }
    execute_tiles(lowered, operands, out)
}

/// The same, tile by tile as the program has them.
///
/// # Errors
/// As [`execute`].
pub fn execute_tiles(
    lowered: &Lowered,
    operands: &StageOperands,
    out: &mut [f32],
) -> Result<(), SimError> {
    check_sizes(lowered, operands)?;
    let runs: Vec<TileRun> = lowered.tiles.iter().flat_map(Tile::runs).collect();
    // SAFETY: `lower` checks that tiles lie within problems of these sizes and store each output once.
    unsafe { operands.run_tiles(&runs, out) }
}

fn check_sizes(lowered: &Lowered, operands: &StageOperands) -> Result<(), SimError> {
    if operands.sizes() == lowered.sizes {
        return Ok(());
    }
    Err(SimError::Operand {
        what: "the operands' problems",
        given: format!("{:?}", operands.sizes()),
        accepted: format!("those of the program, {:?}", lowered.sizes),
    })
}

impl Walk<'_> {
    fn step(&mut self, instruction: &Instruction) -> Result<(), String> {
        match &instruction.operation {
            Operation::Geometry(geometry) => self.geometry(geometry),
            Operation::MatMul(mm) => self.matmul(mm),
            Operation::Store(store) => self.store(store),
            // Loads move what the operands already hold; updates and vectors have no MACs.
            _ => Ok(()),
        }
    }

    fn geometry(&mut self, geometry: &Geometry) -> Result<(), String> {
        let space = TileSpace::read(geometry)?;
        if space.problem.mac != *self.stage {
            return Err(format!("it is not the layer and stage executed, {:?}", self.stage));
        }
        let phase = space.problem.phase_index;
        let problem = self.problems.iter().position(|problem| problem.phase_index == phase);
        let problem = problem.ok_or_else(|| format!("there is no phase {phase}"))?;
        if !self.open.is_empty() || !self.drained.is_empty() {
            return Err("tiles of the geometry before it are not stored".into());
        }
        let (numbering, stored) = &mut self.stored[problem];
        match numbering {
            None => {
                *stored = vec![false; space.row_count().saturating_mul(space.problem.cols)];
                *numbering = Some(space);
            }
            Some(before) if before.rows == space.rows => {}
            Some(_) => return Err("it numbers the rows of a problem in another way".into()),
        }
        self.current = Some((problem, space));
        Ok(())
    }

    fn matmul(&mut self, mm: &MatMul) -> Result<(), String> {
        let (problem, space) = self.current.ok_or("there is no GEOMETRY before it")?;
        let size = self.problems[problem];
        let range = |what: &str, base: u32, len: u32, limit: usize| {
            let (start, end) = (base as usize, base as usize + len as usize);
            if end <= limit {
                Ok(start..end)
            } else {
                Err(format!("{what} {start}..{end} of {limit}"))
            }
        };
        if mm.group != 0 {
            return Err(format!("product {} of a layer; accepted: 0", mm.group));
        }
        let rows = range("rows", mm.row_base, mm.rows, space.row_count())?;
        let cols = range("columns", mm.col_base, mm.cols, size.cols)?;
        let slots = range("slots", mm.slot_base, mm.slots, size.slots)?;
        satkit_plan::check_array(self.config, &space, mm)?;
        let at = self.open.iter().position(|tile| tile.is(&rows, &cols));
        let at = match (mm.accumulate, at) {
            (true, Some(at)) => at,
            (true, None) => return Err("it continues a tile that is not open".into()),
            (false, Some(_)) => return Err("it starts a tile that is open".into()),
            (false, None) => {
                self.open.push(Tile { problem, space, rows, cols, slots: Vec::new() });
                self.open.len() - 1
            }
        };
        match self.open[at].slots.last_mut() {
            // Neighbouring ranges are one range: K goes on where it stopped.
            Some(last) if last.end == slots.start => last.end = slots.end,
            _ if slots.is_empty() => {}
            _ => self.open[at].slots.push(slots),
        }
        self.check_accumulators(space.dataflow)?;
        if mm.drain {
            self.drained.push_back(self.open.remove(at));
        }
        Ok(())
    }

    /// Open tiles fit the accumulator rings (OS: one tile) or the psum buffer (WS).
    fn check_accumulators(&self, dataflow: Dataflow) -> Result<(), String> {
        match dataflow {
            Dataflow::OutputStationary if self.open.len() > 1 => {
                Err("the accumulators still hold another tile".into())
            }
            Dataflow::OutputStationary => Ok(()),
            Dataflow::WeightStationary => {
                let needed: usize = self.open.iter().map(|tile| tile.rows.len()).sum();
                if needed <= self.config.psum_depth {
                    return Ok(());
                }
                Err(format!("{needed} partial sums in a buffer of {}", self.config.psum_depth))
            }
        }
    }

    fn store(&mut self, store: &Store) -> Result<(), String> {
        let tile = self.drained.pop_front().ok_or("nothing is drained")?;
        let range = |base: u32, len: u32| base as usize..base as usize + len as usize;
        if !tile.is(&range(store.row_base, store.rows), &range(store.col_base, store.cols)) {
            return Err("the tile that drained first is another".into());
        }
        let pitch = tile.space.row_count();
        let (_, stored) = &mut self.stored[tile.problem];
        for col in tile.cols.clone() {
            let outputs = &mut stored[col * pitch..][tile.rows.clone()];
            if outputs.contains(&true) {
                return Err("it stores outputs that are already stored".into());
            }
            outputs.fill(true);
        }
        self.tiles.push(tile);
        Ok(())
    }
}
