//! Damaged and random programs are timed or refused: they neither hang nor panic.

use crate::given::{any_config, any_draw, any_stage, config, fixed, legal_mappings, timed};
use proptest::prelude::*;
use satkit_plan::{DataflowChoice, MacStage, PlanError, plan_mapped, plan_stage};
use satkit_spec::isa::{self, Instruction, Operation, Word};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};

/// What is done to a list of instructions.
#[derive(Clone, Debug)]
enum Damage {
    Drop(prop::sample::Index),
    Repeat(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    /// Another value in a field: of the header or of the operation.
    Flip(prop::sample::Index, prop::sample::Index, u32),
}

fn any_damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        index().prop_map(Damage::Drop),
        index().prop_map(Damage::Repeat),
        (index(), index()).prop_map(|(a, b)| Damage::Swap(a, b)),
        (index(), index(), 0_u32..8).prop_map(|(at, field, bit)| Damage::Flip(at, field, bit)),
    ]
}

/// The instruction with one bit of one field changed, if that means something.
fn flipped(instruction: &Instruction, field: prop::sample::Index, bit: u32) -> Instruction {
    let mnemonic = instruction.mnemonic();
    let (.., fields) = isa::reference().find(|(name, ..)| *name == mnemonic).unwrap();
    let mut places: Vec<(u32, u32)> = fields.iter().map(|f| (f.lsb, f.width)).collect();
    places.extend([(8, 15), (24, 15)]);
    let (lsb, width) = places[field.index(places.len())];
    let at = lsb + bit % width;
    let mut word = instruction.encode().unwrap();
    word.0[(at / 64) as usize] ^= 1 << (at % 64);
    Instruction::decode(&word).unwrap_or(*instruction)
}

fn damage(list: &mut Vec<Instruction>, damage: &Damage) {
    if list.is_empty() {
        return;
    }
    let len = list.len();
    match damage {
        Damage::Drop(at) => {
            list.remove(at.index(len));
        }
        Damage::Repeat(at) => {
            let at = at.index(len);
            list.insert(at, list[at]);
        }
        Damage::Swap(a, b) => list.swap(a.index(len), b.index(len)),
        Damage::Flip(at, field, bit) => {
            let at = at.index(len);
            list[at] = flipped(&list[at], *field, *bit);
        }
    }
}

/// Runs, or is refused with the index of an instruction; twice the same.
fn run(config: &ArrayConfig, list: &[Instruction]) -> Result<bool, TestCaseError> {
    let result = timed(config, list, &fixed(20, 64));
    let index = match &result {
        Ok((timing, spans)) => {
            prop_assert!(timing.busy_cycles.iter().all(|&busy| busy <= timing.cycles));
            prop_assert!(timing.utilization(config) <= 1.0);
            prop_assert!(spans.0.len() <= list.len());
            None
        }
        Err(
            PlanError::Deadlock { index, .. }
            | PlanError::WrongSemaphore { index, .. }
            | PlanError::Instruction { index, .. }
            | PlanError::NoGeometry { index, .. }
            | PlanError::BankOverflow { index, .. },
        ) => Some(*index),
        Err(other) => return Err(TestCaseError::fail(other.to_string())),
    };
    prop_assert!(index.is_none_or(|index| index < list.len()));
    let again = timed(config, list, &fixed(20, 64));
    prop_assert_eq!(&again, &result);
    Ok(result.is_ok())
}

/// A word of any instruction with fields of a few bits.
fn any_instruction() -> impl Strategy<Value = Instruction> {
    let opcodes: Vec<u8> = isa::reference().map(|(_, opcode, ..)| opcode).collect();
    let value = prop_oneof![6 => 0_u64..40, 2 => 0_u64..4096, 1 => any::<u64>()];
    let semaphores = prop_oneof![3 => Just(0_u64), 1 => (0_u32..15).prop_map(|bit| 1 << bit)];
    let header = (prop::sample::select(opcodes), semaphores.clone(), semaphores);
    (header, prop::collection::vec(value, 24)).prop_filter_map(
        "its fields mean something",
        |((opcode, wait, post), values)| {
            let (.., fields) = isa::reference().find(|(_, code, ..)| *code == opcode)?;
            let mut word = Word([u64::from(opcode) | wait << 8 | post << 24, 0, 0, 0]);
            for (field, value) in fields.iter().zip(values) {
                // Lengths of streams stay short: it is legal to stream the whole card for hours.
                let short = field.name.ends_with("_beats") || field.name == "elements";
                let value = if short { value % 10_000 } else { value & field.max() };
                let pair = u128::from(value) << (field.lsb % 64);
                word.0[(field.lsb / 64) as usize] |= pair as u64;
                if let Some(next) = word.0.get_mut(field.lsb as usize / 64 + 1) {
                    *next |= (pair >> 64) as u64;
                }
            }
            Instruction::decode(&word).ok()
        },
    )
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn a_damaged_program_is_timed_or_refused(
        stage in any_stage(), config in any_config(), draw in any_draw(), depth in 0_u32..7,
        damages in prop::collection::vec(any_damage(), 1..4),
    ) {
        let mut config = config;
        let Some(mappings) = legal_mappings(&config, &stage, &draw) else { return Ok(()) };
        let plan = plan_mapped(&config, stage, &mappings).unwrap();
        if plan.program.instructions().len() > 3000 {
            return Ok(());
        }
        config.queue_depth = 1 << depth;
        let mut list = plan.program.instructions().to_vec();
        for one in &damages {
            damage(&mut list, one);
        }
        run(&config, &list)?;
    }

    #[test]
    fn random_instructions_are_timed_or_refused(
        list in prop::collection::vec(any_instruction(), 0..20), config in any_config(),
    ) {
        run(&config, &list)?;
    }

    /// Behind a real GEOMETRY, OPERANDS and RESULTS more of them make sense.
    #[test]
    fn random_instructions_of_a_layer_are_timed_or_refused(
        stage in any_stage(), config in any_config(), draw in any_draw(),
        list in prop::collection::vec(any_instruction(), 0..12), keep_geometry in any::<bool>(),
    ) {
        let Some(mappings) = legal_mappings(&config, &stage, &draw) else { return Ok(()) };
        let plan = plan_mapped(&config, stage, &mappings).unwrap();
        let mut all = plan.program.instructions()[..3].to_vec();
        all.extend(list.into_iter().filter(|instruction| {
            let sets = matches!(
                instruction.operation,
                Operation::Geometry(_) | Operation::Operands(_) | Operation::Results(_)
            );
            !(keep_geometry && sets)
        }));
        // One by one, so that each is reached.
        for index in 3..all.len() {
            let one = [&all[..3], &all[index..=index]].concat();
            run(&config, &one)?;
        }
        run(&config, &all)?;
    }
}

/// A store or a middle MM that is gone leaves nobody waiting; executing the program shows it.
#[test]
fn what_another_engine_waits_for_is_missed() {
    let config = ArrayConfig::tiny();
    let shape = ConvShape::new(2, 16, (6, 6), 16, (3, 3), 1, 1).unwrap();
    let stage = MacStage::new(shape, Stage::Ff, Sparsity::DENSE).unwrap();
    for choice in [DataflowChoice::Os, DataflowChoice::Ws] {
        let plan = plan_stage(&config, stage, choice).unwrap();
        let all = plan.program.instructions();
        for at in 0..all.len() {
            let missed = match all[at].operation {
                Operation::MatMul(mm) => mm.drain,
                Operation::Store(_) => false,
                _ => true,
            };
            let rest = [&all[..at], &all[at + 1..]].concat();
            let error = timed(&config, &rest, &fixed(20, 64)).err();
            assert!(!missed || error.is_some(), "{}", all[at]);
        }
    }
}
