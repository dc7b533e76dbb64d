//! Instructions as text: what is printed is read back, and nothing else is read.

use proptest::prelude::*;
use satkit_spec::SpecError;
use satkit_spec::isa::{Field, Instruction, OPCODE_BITS, Semaphore, SemaphoreSet, Word, reference};

/// Any legal instruction, from the table alone: random bits in every field, zero where they mean nothing.
fn legal_instruction() -> impl Strategy<Value = Instruction> {
    let layouts: Vec<(u8, Vec<Field>)> =
        reference().map(|(_, opcode, _, fields)| (opcode, fields)).collect();
    (proptest::sample::select(layouts), any::<[u64; 4]>()).prop_filter_map(
        "no legal word",
        |((opcode, fields), bits)| {
            let mut word = [0; 4];
            let mut copy = |lsb: u32, width: u32, value: u64| {
                for bit in 0..width {
                    let at = (lsb + bit) as usize;
                    word[at / 64] &= !(1 << (at % 64));
                    word[at / 64] |= (value >> bit & 1) << (at % 64);
                }
            };
            copy(0, OPCODE_BITS, u64::from(opcode));
            let known = u64::MAX >> (64 - Semaphore::ALL.len());
            for lsb in [OPCODE_BITS, OPCODE_BITS + SemaphoreSet::BITS] {
                copy(lsb, SemaphoreSet::BITS, Word(bits).get(lsb, SemaphoreSet::BITS) & known);
            }
            for field in &fields {
                copy(field.lsb, field.width, Word(bits).get(field.lsb, field.width));
            }
            loop {
                match Instruction::decode(&Word(word)) {
                    Ok(instruction) => return Some(instruction),
                    Err(SpecError::FieldValue { field: name, .. }) => {
                        let field = fields.iter().find(|field| field.name == name)?;
                        for at in field.lsb..field.lsb + field.width {
                            word[at as usize / 64] &= !(1 << (at % 64));
                        }
                    }
                    Err(_) => return None,
                }
            }
        },
    )
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(instruction in legal_instruction()) {
        prop_assert_eq!(instruction.to_string().parse(), Ok(instruction));
    }

    #[test]
    fn fields_come_in_any_order(instruction in legal_instruction(), seed in any::<u64>()) {
        let text = instruction.to_string();
        let mut words: Vec<_> = text.split(' ').collect();
        let by = words.len() - 1;
        words[1..].rotate_left(seed as usize % by);
        prop_assert_eq!(words.join("\t ").parse(), Ok(instruction));
    }

    #[test]
    fn each_field_is_needed_and_stands_once(instruction in legal_instruction(), pick in any::<u64>()) {
        let text = instruction.to_string();
        let words: Vec<_> = text.split(' ').collect();
        let at = 1 + pick as usize % (words.len() - 1);
        let optional = words[at].starts_with("wait=") || words[at].starts_with("post=");
        let mut fewer = words.clone();
        fewer.remove(at);
        prop_assert_eq!(fewer.join(" ").parse::<Instruction>().is_ok(), optional);
        let mut more = words.clone();
        more.push(words[at]);
        prop_assert!(more.join(" ").parse::<Instruction>().is_err());
    }

    #[test]
    fn no_text_panics(text in any::<String>(), mnemonic in 0..reference().count(), words in "[a-z_]{0,9}=[a-z0-9.+=-]{0,22}") {
        let _ = text.parse::<Instruction>();
        let (mnemonic, ..) = reference().nth(mnemonic).unwrap();
        let _ = format!("{mnemonic} {words} {text}").parse::<Instruction>();
    }
}

#[test]
fn enumerated_fields_stand_by_name() {
    for (mnemonic, zero, other) in [
        ("VE", "op=add", "op=bn-apply"),
        ("GEOMETRY", "stage=ff", "stage=wu"),
        ("GEOMETRY", "dataflow=ws", "dataflow=os"),
        ("MM", "drain=0", "drain=1 wait=a.full+w.full post=d.full"),
    ] {
        let (_, opcode, ..) = reference().find(|layout| layout.0 == mnemonic).unwrap();
        let text = Instruction::decode(&Word([u64::from(opcode), 0, 0, 0])).unwrap().to_string();
        assert!(text.contains(zero), "{text}");
        let text = text.replace(zero, other);
        let again = text.parse::<Instruction>().unwrap().to_string();
        let sorted = |text: &str| {
            let mut words: Vec<_> = text.split(' ').map(str::to_owned).collect();
            words.sort();
            words
        };
        assert_eq!(sorted(&again), sorted(&text));
    }
}

#[test]
fn refusals_name_the_word_and_what_is_accepted() {
    let refused = |text: &str, words: &[&str]| {
        let message = text.parse::<Instruction>().unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{message:?} does not say {word:?}");
        }
    };
    let rest = "elements=1";
    refused("", &["\"\" is no mnemonic", "GEOMETRY", "LD.A", "VE"]);
    refused("ve op=add", &["\"ve\" is no mnemonic"]);
    refused("VE op=add", &["\"VE\" lacks elements", "all of op, elements"]);
    refused(&format!("VE op=sum {rest}"), &["\"op=sum\" names no value", "add, relu-backward"]);
    refused(&format!("VE op=3 {rest}"), &["\"op=3\" names no value"]);
    refused(&format!("VE op=add {rest} speed=3"), &["\"speed\" is no field of VE", "op, elements"]);
    refused(&format!("VE op=add {rest} post"), &["\"post\" has no value", "name=value"]);
    refused(&format!("VE op=add {rest} op=add"), &["\"op=add\" is the second of its name"]);
    refused("VE op=add elements=1099511627776", &["does not fit", "0 to 1099511627775"]);
    refused("VE op=add elements=99999999999999999999999", &["does not fit", "0 to 1099511627775"]);
    for value in ["", "+1", "-1", "0x10", "1.0", "ten"] {
        refused(&format!("VE op=add elements={value}"), &["is no decimal number", "0 to"]);
    }
    refused(
        &format!("VE op=add {rest} wait="),
        &["\"wait=\" names no semaphore", "a.free, a.full"],
    );
    refused(&format!("VE op=add {rest} wait=b.full"), &["\"wait=b.full\" names no semaphore"]);
    refused(&format!("VE op=add {rest} wait=a.full+a.full"), &["names a semaphore twice"]);
    refused(&format!("VE op=add {rest} wait=a.full wait=a.full"), &["is the second of its name"]);
    // An error does not repeat a book.
    let message = "x".repeat(1 << 20).parse::<Instruction>().unwrap_err().to_string();
    assert!(message.len() < 400, "{} bytes", message.len());
}
