//! Executing a stage's program with values.
//!
//! [`lower`] walks the instructions once and turns them into finished tiles: a rectangle of outputs and the ranges of
//! K slots that it takes, in the order of the MMs. The ranges are the instructions' own, so a schedule that misses a
//! slot, takes one twice or takes them out of order computes other bits. [`execute`] computes the tiles, on
//! all threads: tiles are disjoint, and inside a tile K stays in order.

use crate::SimError;
use crate::mac::{ProblemSize, StageOperands, TileRun};
use satkit_plan::{MacStage, Problem, Program};
use satkit_spec::isa::{Geometry, Instruction, MatMul, Operation, Store};
use satkit_spec::{ArrayConfig, Dataflow, Sparsity};
use std::collections::VecDeque;

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
    tiles: Vec<TileRun>,
}

/// A tile between its first MM and its store.
struct OpenTile {
    run: TileRun,
    cols_base: u32,
    rows_base: u32,
}

struct Walk<'s> {
    stage: &'s MacStage,
    config: &'s ArrayConfig,
    problems: Vec<Problem>,
    /// Problem and dataflow of the last GEOMETRY.
    current: Option<(usize, Dataflow)>,
    /// OS: at most one. WS: the tiles whose partial sums share the psum buffer.
    open: Vec<OpenTile>,
    drained: VecDeque<OpenTile>,
    tiles: Vec<TileRun>,
    stored: Vec<Vec<bool>>,
}

/// Turns the program of `stage` into tiles, checking every instruction against the stage and the machine.
///
/// # Errors
/// [`ExecError`] naming the first instruction that is out of range, continues a tile that is not open, overflows the
/// psum buffer, or stores what is not drained or already stored; or that outputs are left over.
pub fn lower(
    config: &ArrayConfig,
    stage: &MacStage,
    program: &Program,
) -> Result<Lowered, ExecError> {
    let problems = stage.problems();
    let stored = problems.iter().map(|p| vec![false; p.rows.saturating_mul(p.cols)]).collect();
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
    for (index, instruction) in program.instructions().iter().enumerate() {
        walk.step(instruction).map_err(|reason| ExecError::Instruction {
            index,
            instruction: instruction.to_string(),
            reason,
        })?;
    }
    for (problem, stored) in walk.stored.iter().enumerate() {
        let count = stored.iter().filter(|&&done| done).count();
        if count < stored.len() {
            return Err(ExecError::Incomplete { problem, stored: count, outputs: stored.len() });
        }
    }
    let size = |p: &Problem| ProblemSize { rows: p.rows, cols: p.cols, slots: p.slots };
    Ok(Lowered { sizes: walk.problems.iter().map(size).collect(), tiles: walk.tiles })
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
    if operands.sizes() != lowered.sizes {
        return Err(SimError::Operand {
            what: "the operands' problems",
            given: format!("{:?}", operands.sizes()),
            accepted: format!("those of the program, {:?}", lowered.sizes),
        });
    }
    // SAFETY: `lower` checks that tiles lie within problems of these sizes and store each output once.
    unsafe { operands.run_tiles(&lowered.tiles, out) }
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
        let shape = &self.stage.shape;
        let given = [
            geometry.batch as usize,
            geometry.ci as usize,
            geometry.co as usize,
            geometry.h as usize,
            geometry.w as usize,
            usize::from(geometry.kh),
            usize::from(geometry.kw),
            usize::from(geometry.stride),
            usize::from(geometry.pad),
            usize::from(geometry.n),
            usize::from(geometry.m),
        ];
        let sparsity = self.stage.sparsity;
        let expected = [
            shape.batch,
            shape.ci,
            shape.co,
            shape.h,
            shape.w,
            shape.kh,
            shape.kw,
            shape.stride,
            shape.pad,
            sparsity.n(),
            sparsity.m(),
        ];
        if geometry.stage != self.stage.stage
            || given != expected
            || geometry.compact != (sparsity != Sparsity::DENSE)
        {
            return Err(format!("it is not the layer and stage executed, {:?}", self.stage));
        }
        let phase = usize::from(geometry.phase);
        let problem = self.problems.iter().position(|problem| problem.phase_index == phase);
        let problem = problem.ok_or_else(|| format!("there is no phase {phase}"))?;
        if !self.open.is_empty() || !self.drained.is_empty() {
            return Err("tiles of the geometry before it are not stored".into());
        }
        self.current = Some((problem, geometry.dataflow));
        Ok(())
    }

    fn matmul(&mut self, mm: &MatMul) -> Result<(), String> {
        let (problem, dataflow) = self.current.ok_or("there is no GEOMETRY before it")?;
        let size = self.problems[problem];
        let range = |what: &str, base: u32, len: u32, limit: usize| {
            let (start, end) = (base as usize, base as usize + len as usize);
            if end <= limit {
                Ok(start..end)
            } else {
                Err(format!("{what} {start}..{end} of {limit}"))
            }
        };
        let rows = range("rows", mm.row_base, mm.rows, size.rows)?;
        let cols = range("columns", mm.col_base, mm.cols, size.cols)?;
        let slots = range("slots", mm.slot_base, mm.slots, size.slots)?;
        self.check_array(mm, dataflow)?;
        let at = self.open.iter().position(|tile| tile.run.rows == rows && tile.run.cols == cols);
        let at = match (mm.accumulate, at) {
            (true, Some(at)) => at,
            (true, None) => return Err("it continues a tile that is not open".into()),
            (false, Some(_)) => return Err("it starts a tile that is open".into()),
            (false, None) => {
                let run = TileRun { problem, rows, cols, slots: Vec::new() };
                self.open.push(OpenTile { run, cols_base: mm.col_base, rows_base: mm.row_base });
                self.open.len() - 1
            }
        };
        match self.open[at].run.slots.last_mut() {
            // Neighbouring ranges are one range: K goes on where it stopped.
            Some(last) if last.end == slots.start => last.end = slots.end,
            _ => self.open[at].run.slots.push(slots),
        }
        self.check_accumulators(dataflow)?;
        if mm.drain {
            self.drained.push_back(self.open.remove(at));
        }
        Ok(())
    }

    /// The tile and the pass fit the array.
    fn check_array(&self, mm: &MatMul, dataflow: Dataflow) -> Result<(), String> {
        let (rows, cols) = (self.config.rows, self.config.cols);
        let (ip, iq) = (usize::from(mm.ip), usize::from(mm.iq));
        let fits = match dataflow {
            Dataflow::OutputStationary => {
                ip * iq <= satkit_spec::MAX_INTERLEAVE
                    && mm.rows as usize <= rows * ip
                    && mm.cols as usize <= cols * iq
            }
            Dataflow::WeightStationary => {
                ip == 1 && iq == 1 && mm.cols as usize <= cols && mm.slots as usize <= rows
            }
        };
        if fits {
            Ok(())
        } else {
            Err(format!("it does not fit {rows} x {cols} USPEs in {dataflow}"))
        }
    }

    /// Open tiles fit the accumulator rings (OS: one tile) or the psum buffer (WS).
    fn check_accumulators(&self, dataflow: Dataflow) -> Result<(), String> {
        match dataflow {
            Dataflow::OutputStationary if self.open.len() > 1 => {
                Err("the accumulators still hold another tile".into())
            }
            Dataflow::OutputStationary => Ok(()),
            Dataflow::WeightStationary => {
                let needed: usize = self.open.iter().map(|tile| tile.run.rows.len()).sum();
                if needed <= self.config.psum_depth {
                    return Ok(());
                }
                Err(format!("{needed} partial sums in a buffer of {}", self.config.psum_depth))
            }
        }
    }

    fn store(&mut self, store: &Store) -> Result<(), String> {
        let tile = self.drained.pop_front().ok_or("nothing is drained")?;
        let (rows, cols) = (store.rows as usize, store.cols as usize);
        let same = tile.rows_base == store.row_base
            && tile.cols_base == store.col_base
            && tile.run.rows.len() == rows
            && tile.run.cols.len() == cols;
        if !same {
            return Err("the tile that drained first is another".into());
        }
        let pitch = self.problems[tile.run.problem].rows;
        let stored = &mut self.stored[tile.run.problem];
        for col in tile.run.cols.clone() {
            let outputs = &mut stored[col * pitch..][tile.run.rows.clone()];
            if outputs.contains(&true) {
                return Err("it stores outputs that are already stored".into());
            }
            outputs.fill(true);
        }
        self.tiles.push(tile.run);
        Ok(())
    }
}
