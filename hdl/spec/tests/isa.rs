//! The instruction encoding, from its table.

use proptest::prelude::*;
use satkit_spec::isa::{
    Field, HEADER_BITS, Instruction, OPCODE_BITS, Operation, Semaphore, SemaphoreSet, VectorOp,
    Word, reference,
};
use satkit_spec::{Dataflow, MAX_INTERLEAVE, SpecError, Stage, isa};
use std::collections::HashSet;

const WAIT_LSB: u32 = OPCODE_BITS;
const POST_LSB: u32 = OPCODE_BITS + SemaphoreSet::BITS;

/// Any word whose opcode and enumerated fields mean something: built from the table alone.
fn legal_word() -> impl Strategy<Value = Word> {
    let layouts: Vec<(u8, Vec<Field>)> =
        reference().map(|(_, opcode, _, fields)| (opcode, fields)).collect();
    (proptest::sample::select(layouts), any::<[u64; 24]>(), any::<[u64; 2]>()).prop_map(
        |((opcode, fields), values, semaphores)| {
            assert!(fields.len() <= values.len());
            let mut bits = vec![(0, OPCODE_BITS, u64::from(opcode))];
            for (lsb, chosen) in [WAIT_LSB, POST_LSB].into_iter().zip(semaphores) {
                bits.push((lsb, Semaphore::ALL.len() as u32, chosen));
            }
            for (field, value) in fields.iter().zip(values) {
                let meaningful = match field.name {
                    "stage" => value % Stage::ALL.len() as u64,
                    "op" => value % VectorOp::ALL.len() as u64,
                    _ => value & field.max(),
                };
                bits.push((field.lsb, field.width, meaningful));
            }
            let mut word = [0u64; 4];
            for (lsb, width, value) in bits {
                for bit in 0..width {
                    let at = lsb + bit;
                    word[at as usize / 64] |= (value >> bit & 1) << (at % 64);
                }
            }
            Word(word)
        },
    )
}

proptest! {
    #[test]
    fn every_legal_word_round_trips(word in legal_word()) {
        let instruction = Instruction::decode(&word).unwrap();
        prop_assert_eq!(instruction.encode().unwrap(), word);
        prop_assert_eq!(Word::from_bytes(&word.to_bytes()), word);
        prop_assert!(instruction.to_string().starts_with(instruction.mnemonic()));
    }

    #[test]
    fn any_word_decodes_to_itself_or_is_refused(parts in any::<[u64; 4]>()) {
        if let Ok(instruction) = Instruction::decode(&Word(parts)) {
            prop_assert_eq!(instruction.encode().unwrap(), Word(parts));
        }
    }

    #[test]
    fn a_bit_outside_the_fields_is_refused(word in legal_word(), pick in 0u32..256) {
        let opcode = word.get(0, 8) as u8;
        let (_, _, _, fields) = reference().find(|layout| layout.1 == opcode).unwrap();
        let end = fields.last().map_or(HEADER_BITS, |f| f.lsb + f.width);
        prop_assume!(pick >= end);
        let mut parts = word.0;
        parts[pick as usize / 64] |= 1 << (pick % 64);
        let refused = matches!(
            Instruction::decode(&Word(parts)),
            Err(SpecError::ReservedBit { bit, .. }) if bit == pick
        );
        prop_assert!(refused);
    }
}

#[test]
fn fields_do_not_overlap_and_fit_the_word() {
    for (mnemonic, _, doc, fields) in reference() {
        assert!(!doc.is_empty());
        let mut next = HEADER_BITS;
        for field in fields {
            assert_eq!(field.lsb, next, "{mnemonic} {}", field.name);
            assert!((1..=64).contains(&field.width) && !field.doc.is_empty());
            next += field.width;
        }
        assert!(next <= Word::BITS, "{mnemonic} ends at bit {next}");
    }
}

#[test]
fn a_value_too_wide_for_its_field_is_refused_by_name() {
    let store = isa::Store {
        group: 0,
        row_base: 0,
        rows: 1 << 16,
        col_base: 0,
        cols: 1,
        fp32: false,
        bias: false,
        add: false,
        relu: false,
        mask: false,
        sums: false,
        products: false,
        bias_gradient: false,
    };
    let error = Instruction::new(Operation::Store(store)).encode().unwrap_err();
    assert_eq!(error.to_string(), "instruction ST: field rows is 65536, but holds at most 65535");
}

#[test]
fn unknown_opcodes_and_meaningless_values_are_refused() {
    assert_eq!(Instruction::decode(&Word([0xEE, 0, 0, 0])), Err(SpecError::UnknownOpcode(0xEE)));
    // GEOMETRY with stage 3, which does not exist.
    let word = Word([0x01 | 3 << HEADER_BITS, 0, 0, 0]);
    assert!(matches!(
        Instruction::decode(&word),
        Err(SpecError::FieldValue { field: "stage", value: 3, .. })
    ));
    // A semaphore that does not exist, in either set.
    for lsb in [WAIT_LSB, POST_LSB] {
        for spare in Semaphore::ALL.len() as u32..SemaphoreSet::BITS {
            let word = Word([0x01 | 1 << (lsb + spare), 0, 0, 0]);
            assert!(matches!(Instruction::decode(&word), Err(SpecError::FieldValue { .. })));
        }
    }
}

#[test]
fn a_semaphore_has_a_bit_and_a_name_of_its_own_and_joins_two_engines() {
    assert!(Semaphore::ALL.len() <= SemaphoreSet::BITS as usize);
    let names: HashSet<_> = Semaphore::ALL.iter().map(|semaphore| semaphore.name()).collect();
    assert_eq!(names.len(), Semaphore::ALL.len());
    for (bit, &semaphore) in Semaphore::ALL.iter().enumerate() {
        assert_ne!(semaphore.poster(), semaphore.taker(), "{}", semaphore.name());
        let set = SemaphoreSet::of(&[semaphore]);
        assert_eq!(set, SemaphoreSet::EMPTY.with(semaphore));
        assert!(set.contains(semaphore) && !set.is_empty());
        assert_eq!(set.iter().collect::<Vec<_>>(), [semaphore]);
        let vector = isa::Vector { op: VectorOp::Fill, elements: 1, last: false };
        let mut instruction = Instruction::new(Operation::Vector(vector));
        let bare = instruction.encode().unwrap();
        (instruction.wait, instruction.post) = (set, set);
        let word = instruction.encode().unwrap();
        let bits = 1 << (WAIT_LSB + bit as u32) | 1 << (POST_LSB + bit as u32);
        assert_eq!(word.0[0] ^ bare.0[0], bits, "{}", semaphore.name());
    }
    let all = SemaphoreSet::of(Semaphore::ALL);
    assert_eq!(all.iter().collect::<Vec<_>>(), Semaphore::ALL);
}

#[test]
fn opcodes_and_mnemonics_are_unique() {
    let opcodes: HashSet<_> = reference().map(|layout| layout.1).collect();
    let mnemonics: HashSet<_> = reference().map(|layout| layout.0).collect();
    assert_eq!((opcodes.len(), mnemonics.len()), (reference().count(), reference().count()));
}

#[test]
fn geometry_holds_every_possible_shape_limit() {
    use satkit_spec::ConvShape;
    let fits = |name: &str, value: usize| {
        let (_, _, _, fields) = reference().find(|l| l.0 == "GEOMETRY").unwrap();
        let field = fields.into_iter().find(|f| f.name == name).unwrap();
        assert!(value as u64 <= field.max(), "{name} {value}");
    };
    fits("batch", ConvShape::MAX_BATCH);
    fits("ci", ConvShape::MAX_CHANNELS);
    fits("co", ConvShape::MAX_CHANNELS);
    fits("h", ConvShape::MAX_SIDE);
    fits("w", ConvShape::MAX_SIDE);
    fits("kh", ConvShape::MAX_KERNEL);
    fits("kw", ConvShape::MAX_KERNEL);
    fits("stride", ConvShape::MAX_STRIDE);
    fits("pad", ConvShape::MAX_PAD);
    fits("phase", ConvShape::MAX_STRIDE * ConvShape::MAX_STRIDE - 1);
    fits("n", 16);
    fits("m", 16);
    fits("patch_h", MAX_INTERLEAVE);
    fits("patch_w", MAX_INTERLEAVE);
    // As many channels as the largest array has rows.
    fits("block", 64);
    fits("weight_source", 2);
}

#[test]
fn listings_name_fields_and_semaphores() {
    let instruction = Instruction {
        wait: SemaphoreSet::of(&[Semaphore::ActivationsFull, Semaphore::WeightsFull]),
        post: SemaphoreSet::of(&[Semaphore::DrainFull]),
        operation: Operation::Geometry(isa::Geometry {
            stage: Stage::Bp,
            dataflow: Dataflow::OutputStationary,
            compact: true,
            n: 2,
            m: 8,
            phase: 0,
            batch: 1,
            ci: 8,
            co: 8,
            h: 4,
            w: 4,
            kh: 3,
            kw: 3,
            stride: 1,
            pad: 1,
            flat: false,
            patch_h: 2,
            patch_w: 2,
            block: 1,
            weight_source: 0,
            first_slot: 0,
        }),
    };
    let text = instruction.to_string();
    assert!(text.contains("n=2 m=8") && text.ends_with("wait=a.full+w.full post=d.full"), "{text}");
}
