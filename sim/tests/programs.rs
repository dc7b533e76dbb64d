//! Programs, executed: any schedule gives the bits of the whole stage, and a broken one is refused.

use half::f16;
use proptest::prelude::*;
use satkit_plan::{
    DataflowChoice, MacStage, Mapping, Order, OsMapping, Problem, WsMapping, plan_mapped,
    plan_stage, weight_source,
};
use satkit_sim::exec::{execute, execute_tiles, lower};
use satkit_sim::mac::{self, StageOperands};
use satkit_sim::{Accelerator, Weights};
use satkit_spec::isa::{Instruction, Operation};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage, WeightOperand};

/// A layer with its stage, sparsity and operands.
#[derive(Clone, Debug)]
struct Case {
    shape: ConvShape,
    stage: Stage,
    sparsity: Sparsity,
    x: Vec<f16>,
    w: Vec<f16>,
    dy: Vec<f16>,
}

impl Case {
    fn weights(&self) -> Weights {
        let operand = match (self.sparsity.is_dense(), self.stage) {
            (true, _) | (_, Stage::Wu) => WeightOperand::Dense,
            (_, Stage::Ff) => WeightOperand::PrunedCi,
            (_, Stage::Bp) => WeightOperand::PrunedCo,
        };
        Weights::new(&self.shape, &self.w, operand, self.sparsity).unwrap()
    }

    fn operands(&self) -> StageOperands {
        match self.stage {
            Stage::Ff => StageOperands::ff(&self.shape, &self.x, &self.weights()),
            Stage::Bp => StageOperands::bp(&self.shape, &self.dy, &self.weights()),
            Stage::Wu => StageOperands::wu(&self.shape, &self.x, &self.dy),
        }
        .unwrap()
    }

    fn whole(&self) -> Vec<f32> {
        let operands = self.operands();
        let mut out = vec![0.0; operands.out_len()];
        operands.run_all(&mut out).unwrap();
        out
    }

    fn mac_stage(&self) -> MacStage {
        let sparsity = if self.stage == Stage::Wu { Sparsity::DENSE } else { self.sparsity };
        MacStage::new(self.shape, self.stage, sparsity).unwrap()
    }

    fn on(&self, config: ArrayConfig, choice: DataflowChoice) -> (Vec<f32>, u64) {
        let accelerator = Accelerator::new(config, choice).unwrap();
        let run = match self.stage {
            Stage::Ff => accelerator.ff(&self.shape, &self.x, &self.weights()),
            Stage::Bp => accelerator.bp(&self.shape, &self.dy, &self.weights()),
            Stage::Wu => accelerator.wu(&self.shape, &self.x, &self.dy),
        }
        .unwrap();
        (run.values, run.report.cycles)
    }
}

fn any_f16() -> impl Strategy<Value = f16> {
    prop_oneof![
        4 => (-2.0f32..2.0).prop_map(f16::from_f32),
        1 => any::<u16>().prop_map(f16::from_bits),
    ]
}

fn any_case() -> impl Strategy<Value = Case> {
    let sparsity = proptest::sample::select(vec![(1, 1), (1, 2), (2, 4), (2, 8), (5, 8)])
        .prop_map(|(n, m)| Sparsity::new(n, m).unwrap());
    let channels = (1usize..4, 1usize..4, 1usize..20, 1usize..20);
    let sides = (1usize..7, 1usize..7, 1usize..4, 1usize..4, 1usize..4, 0usize..3);
    (1usize..4, channels, sides, sparsity, proptest::sample::select(Stage::ALL.to_vec()))
        .prop_filter_map("kernel larger than image", |(batch, channels, sides, sparsity, stage)| {
            let (h, w, kh, kw, stride, pad) = sides;
            let (ci, co) = match sparsity.m() {
                1 => (channels.2 * 7, channels.3 * 5),
                m => (channels.0 * m, channels.1 * m),
            };
            let shape = ConvShape::new(batch, ci, (h, w), co, (kh, kw), stride, pad).ok()?;
            Some((shape, sparsity, stage))
        })
        .prop_flat_map(|(shape, sparsity, stage)| {
            let values = |len| proptest::collection::vec(any_f16(), len);
            (values(shape.x_len()), values(shape.w_len()), values(shape.y_len()))
                .prop_map(move |(x, w, dy)| Case { shape, stage, sparsity, x, w, dy })
        })
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// A legal mapping of a problem: the first of ever smaller chunks, passes and groups.
fn legal_mapping(config: &ArrayConfig, problem: &Problem, draw: &Draw) -> Option<Mapping> {
    let source = weight_source(problem.mac.stage);
    let shape = &problem.mac.shape;
    let line = problem.mac.stage == Stage::Wu
        || (shape.kh, shape.kw, shape.stride, shape.pad) == (1, 1, 1, 0);
    let patch_h = if line { 1 } else { draw.patch.0 };
    let patch_w = (16 / patch_h).min(draw.patch.1);
    let iq = (16 / (patch_h * patch_w)).min(draw.iq);
    let mut mapping = if draw.ws {
        let rows = draw.size.index(problem.rows.clamp(1, config.psum_depth)) + 1;
        Mapping::Ws(WsMapping { rows, col_group: draw.patch.0 })
    } else {
        let chunk_slots = draw.size.index(problem.slots.max(1)) + 1;
        let order = if draw.columns { Order::Columns } else { Order::Rows };
        Mapping::Os(OsMapping { patch_h, patch_w, iq, chunk_slots, order })
    };
    loop {
        if mapping.space(config, problem, source).is_ok() {
            return Some(mapping);
        }
        match &mut mapping {
            Mapping::Os(os) if os.chunk_slots > 1 => os.chunk_slots = os.chunk_slots * 3 / 4,
            Mapping::Ws(ws) if ws.col_group > 1 => ws.col_group -= 1,
            Mapping::Ws(ws) if ws.rows > 1 => ws.rows = ws.rows * 3 / 4,
            _ => return None,
        }
    }
}

/// From what a mapping is made.
#[derive(Clone, Debug)]
struct Draw {
    ws: bool,
    patch: (usize, usize),
    iq: usize,
    size: proptest::sample::Index,
    columns: bool,
}

fn any_draw() -> impl Strategy<Value = Draw> {
    let sizes = (1_usize..6, 1_usize..17, 1_usize..17);
    (any::<bool>(), sizes, any::<proptest::sample::Index>(), any::<bool>())
        .prop_map(|(ws, (h, w, iq), size, columns)| Draw { ws, patch: (h, w), iq, size, columns })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn ws_and_os_on_any_array_give_the_whole_stage_s_bits(case in any_case()) {
        let whole = bits(&case.whole());
        for config in ArrayConfig::all() {
            for choice in DataflowChoice::ALL {
                let (values, cycles) = case.on(config.clone(), choice);
                prop_assert_eq!(&bits(&values), &whole);
                prop_assert!(cycles > 0);
            }
        }
    }

    /// Tile by tile, and as whatever the CPU likes.
    #[test]
    fn any_legal_mapping_gives_the_whole_stage_s_bits(
        case in any_case(), draws in proptest::collection::vec(any_draw(), 9),
        config in proptest::sample::select(ArrayConfig::all()),
    ) {
        let (whole, stage) = (bits(&case.whole()), case.mac_stage());
        // Each phase has a mapping of its own.
        let problems = stage.problems();
        let mappings = problems.iter().zip(&draws).map(|(p, draw)| legal_mapping(&config, p, draw));
        let Some(mappings) = mappings.collect::<Option<Vec<_>>>() else { return Ok(()) };
        prop_assert_eq!(mappings.len(), problems.len());
        let plan = plan_mapped(&config, stage, &mappings).unwrap();
        let lowered = lower(&config, &stage, plan.program.instructions()).unwrap();
        let operands = case.operands();
        for run in [execute, execute_tiles] {
            // Outputs that nothing writes would stay what no result can be.
            let mut out = vec![f32::from_bits(0x7FC0_BAD0); operands.out_len()];
            run(&lowered, &operands, &mut out).unwrap();
            prop_assert_eq!(&bits(&out), &whole);
        }
    }

    #[test]
    fn a_program_that_misses_an_instruction_is_refused_or_misses_slots(
        case in any_case(), pick in any::<proptest::sample::Index>(), swap in any::<bool>(),
    ) {
        let config = ArrayConfig::tiny();
        let stage = case.mac_stage();
        let plan = plan_stage(&config, stage, DataflowChoice::Auto).unwrap();
        let whole = lower(&config, &stage, plan.program.instructions()).unwrap();
        let mut instructions = plan.program.instructions().to_vec();
        let matters = |i: &Instruction| matches!(i.operation, Operation::MatMul(_) | Operation::Store(_));
        let candidates: Vec<usize> =
            (0..instructions.len()).filter(|&i| matters(&instructions[i])).collect();
        let at = candidates[pick.index(candidates.len())];
        if swap {
            let Some(&next) = candidates.iter().find(|&&i| i > at) else { return Ok(()) };
            prop_assume!(instructions[at].operation != instructions[next].operation);
            instructions.swap(at, next);
        } else {
            instructions.remove(at);
        }
        if let Ok(other) = lower(&config, &stage, &instructions) {
            // Two tiles may change places; a range of slots that is gone shows.
            prop_assert!(swap || other != whole);
        }
    }
}

/// Operands whose sum depends on the order: large, small, minus large.
#[test]
fn slots_out_of_order_give_other_bits() {
    let shape = ConvShape::linear(1, 24, 1).unwrap();
    let mut x = vec![f16::ONE; 24];
    (x[0], x[23]) = (f16::from_f32(60000.0), f16::from_f32(-60000.0));
    let w: Vec<f16> =
        (0..24).map(|i| f16::from_f32(if i % 23 == 0 { 1000.0 } else { 1.0 / 1024.0 })).collect();
    let weights = Weights::new(&shape, &w, WeightOperand::Dense, Sparsity::DENSE).unwrap();
    let config = ArrayConfig::tiny();
    let stage = MacStage::new(shape, Stage::Ff, Sparsity::DENSE).unwrap();
    let plan = plan_stage(&config, stage, DataflowChoice::Ws).unwrap();
    let operands = StageOperands::ff(&shape, &x, &weights).unwrap();
    let run = |program: &[Instruction]| {
        let mut out = vec![0.0];
        execute(&lower(&config, &stage, program).unwrap(), &operands, &mut out).unwrap();
        out[0]
    };
    let right = run(plan.program.instructions());
    let mut y = vec![0.0];
    mac::ff(&shape, &x, &weights, &mut y).unwrap();
    assert_eq!(right.to_bits(), y[0].to_bits());
    // The first and the second pass exchange their slots.
    let mut instructions = plan.program.instructions().to_vec();
    let passes: Vec<usize> = (0..instructions.len())
        .filter(|&i| matches!(instructions[i].operation, Operation::MatMul(_)))
        .collect();
    let slot_base = |i: &Instruction| match i.operation {
        Operation::MatMul(mm) => mm.slot_base,
        _ => unreachable!("filtered"),
    };
    let (first, last) = (passes[0], passes[passes.len() - 1]);
    let (a, b) = (slot_base(&instructions[first]), slot_base(&instructions[last]));
    for (at, base) in [(first, b), (last, a)] {
        if let Operation::MatMul(mm) = &mut instructions[at].operation {
            mm.slot_base = base;
        }
    }
    assert_ne!(run(&instructions).to_bits(), right.to_bits());
}

#[test]
fn programs_of_another_layer_are_refused_with_the_instruction() {
    let config = ArrayConfig::tiny();
    let stage =
        |co| MacStage::new(ConvShape::linear(8, 8, co).unwrap(), Stage::Ff, Sparsity::DENSE);
    let (stage_8, stage_4) = (stage(8).unwrap(), stage(4).unwrap());
    let plan = plan_stage(&config, stage_8, DataflowChoice::Os).unwrap();
    let error = lower(&config, &stage_4, plan.program.instructions()).unwrap_err().to_string();
    assert!(error.contains("(GEOMETRY") && error.contains("not the layer"), "{error}");
    // A program cut short stores too little.
    let geometry = |i: &Instruction| matches!(i.operation, Operation::Geometry(_));
    let at = plan.program.instructions().iter().position(geometry).unwrap();
    let short = &plan.program.instructions()[..=at];
    let error = lower(&config, &stage_8, short).unwrap_err().to_string();
    assert!(error.contains("stores 0 of 64 outputs"), "{error}");
    // A tile larger than the array.
    let mut instructions = plan.program.instructions().to_vec();
    for instruction in &mut instructions {
        if let Operation::MatMul(mm) = &mut instruction.operation {
            (mm.ip, mm.iq) = (1, 1);
        }
    }
    let error = lower(&config, &stage_8, &instructions).unwrap_err().to_string();
    assert!(error.contains("does not fit 4 x 4 USPEs"), "{error}");
    // Operands of another size than the program's.
    let lowered = lower(&config, &stage_8, plan.program.instructions()).unwrap();
    let shape = ConvShape::linear(8, 8, 4).unwrap();
    let weights =
        Weights::new(&shape, &[f16::ONE; 32], WeightOperand::Dense, Sparsity::DENSE).unwrap();
    let operands = StageOperands::ff(&shape, &[f16::ONE; 64], &weights).unwrap();
    assert!(execute(&lowered, &operands, &mut [0.0; 32]).is_err());
}
