//! The binary form.

use crate::given::{any_file, file, instructions, program};
use proptest::prelude::*;
use satkit_plan::{Program, ProgramFile, ProgramFileError, Section, Work};
use satkit_spec::isa::{Operation, Word};
use sha2::{Digest as _, Sha256};

const JSON_AT: usize = 48;

fn written(file: &ProgramFile) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.write_to(&mut bytes).unwrap();
    bytes
}

fn read(mut bytes: &[u8]) -> Result<ProgramFile, ProgramFileError> {
    ProgramFile::read_from(&mut bytes)
}

/// The bytes with the right digest for their contents.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let content = bytes.len() - 32;
    let digest = Sha256::digest(&bytes[..content]);
    bytes[content..].copy_from_slice(&digest);
    bytes
}

/// The test file's bytes, with its header changed.
fn with_header(change: impl Fn(&str) -> String) -> Vec<u8> {
    let bytes = written(&file());
    let length = u32::from_le_bytes(bytes[44..48].try_into().unwrap()) as usize;
    let json = change(std::str::from_utf8(&bytes[JSON_AT..JSON_AT + length]).unwrap());
    let mut changed = bytes[..44].to_vec();
    changed.extend_from_slice(&(json.len() as u32).to_le_bytes());
    changed.extend_from_slice(json.as_bytes());
    changed.extend_from_slice(&bytes[JSON_AT + length..]);
    sealed(changed)
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(file in any_file()) {
        prop_assert_eq!(read(&written(&file)).unwrap(), file);
    }

    #[test]
    fn random_bytes_are_refused(bytes in any::<Vec<u8>>(), keep in 0..JSON_AT) {
        prop_assert!(read(&bytes).is_err());
        let mut bytes = [&written(&file())[..keep], &bytes].concat();
        prop_assert!(read(&bytes).is_err());
        bytes.resize(bytes.len() + 32, 0);
        prop_assert!(read(&sealed(bytes)).is_err());
    }

    #[test]
    fn cut_and_flipped_files_are_refused(file in any_file(), at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut bytes = written(&file);
        let at = at.index(bytes.len());
        let truncated = matches!(read(&bytes[..at]), Err(ProgramFileError::Truncated { .. }));
        prop_assert!(truncated);
        bytes[at] ^= 1 << bit;
        prop_assert!(read(&bytes).is_err());
    }

    /// What reading takes once the digest is right can be written again.
    #[test]
    fn changed_files_with_a_right_digest_are_refused_or_whole(
        file in any_file(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = written(&file);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(file) = read(&sealed(bytes)) {
            prop_assert_eq!(read(&written(&file)).unwrap(), file);
        }
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    let good = written(&file());
    let refused = |bytes: &[u8], words: &[&str]| {
        let message = read(bytes).unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{message:?} does not say {word:?}");
        }
    };
    let changed = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    refused(b"", &["truncated", "after 0 bytes"]);
    refused(b"SATKIT", &["truncated", "after 6 bytes"]);
    refused(b"\x7fELF\x02\x01\x01\x00", &["not a program", "SATKITPR"]);
    refused(&changed(8, 7), &["version 7", "accepted: 1"]);
    let contract = satkit_spec::contract_hash().to_string();
    refused(&changed(12, good[12] ^ 1), &[&contract, &contract[2..], "plan it again"]);
    refused(&good[..good.len() - 40], &["truncated", "in its instructions"]);
    refused(&good[..good.len() - 1], &["truncated", "in its digest"]);
    refused(&[&good[..], b"\n"].concat(), &["goes on after its digest"]);
    refused(&changed(good.len() - 1, good[good.len() - 1] ^ 1), &["digest is wrong"]);
    refused(&changed(good.len() - 40, 1), &["digest is wrong"]);
    refused(&with_header(|_| "{}".into()), &["header is not valid", "title"]);
    refused(&with_header(|json| json[1..].into()), &["header is not valid"]);
    refused(&with_header(|json| json.replace("\"rows\"", "\"lines\"")), &["lines", "rows"]);
    let rows = |json: &str| json.replace("\"rows\":4", "\"rows\":5");
    refused(&with_header(rows), &["header is not valid", "5 rows", "a power of two"]);
    let work = |json: &str| json.replace("\"work\":\"bp\"", "\"work\":\"rest\"");
    refused(&with_header(work), &["header is not valid", "rest", "elementwise"]);
    let latency = |json: &str| {
        json.replace("\"dram_latency_cycles\":80", "\"dram_latency_cycles\":99999999999999")
    };
    refused(&with_header(latency), &["99999999999999", "up to 65536"]);
    for first in ["3", "8", "18446744073709551615"] {
        let moved = |json: &str| json.replace("\"first\":5", &format!("\"first\":{first}"));
        refused(&with_header(moved), &["section 1 (\"conv 2\")", first, "within 4..9"]);
    }
    // The last instruction gets an opcode that is none.
    let last = good.len() - 32 - Word::BYTES;
    refused(&sealed(changed(last, 0xEE)), &["instruction 8:", "unknown opcode 0xee"]);
}

#[test]
fn a_length_that_is_only_claimed_takes_no_memory() {
    let good = written(&file());
    let json_bytes = u32::from_le_bytes(good[44..48].try_into().unwrap()) as usize;
    let with = |at: usize, number: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + number.len()].copy_from_slice(number);
        read(&bytes).unwrap_err()
    };
    let count_at = JSON_AT + json_bytes;
    let truncated = |error| matches!(error, ProgramFileError::Truncated { .. });
    assert!(truncated(with(44, &u32::MAX.to_le_bytes())));
    assert!(truncated(with(count_at, &(Program::MAX_INSTRUCTIONS as u64).to_le_bytes())));
    for count in [Program::MAX_INSTRUCTIONS as u64 + 1, u64::MAX] {
        let error = with(count_at, &count.to_le_bytes());
        assert!(matches!(error, ProgramFileError::TooLong { count: c, .. } if c == count));
    }
}

#[test]
fn what_could_not_be_read_is_not_written() {
    let refused = |change: fn(&mut ProgramFile)| {
        let mut file = file();
        change(&mut file);
        let mut bytes = Vec::new();
        let error = file.write_to(&mut bytes).unwrap_err();
        assert!(bytes.is_empty());
        error.to_string()
    };
    assert!(refused(|file| file.array.rows = 0).contains("0 rows"));
    let too_wide = |file: &mut ProgramFile| {
        let mut instructions = instructions().to_vec();
        let store =
            instructions.iter_mut().find_map(|instruction| match &mut instruction.operation {
                Operation::Store(store) => Some(store),
                _ => None,
            });
        store.unwrap().rows = 1 << 20;
        file.program = Program::new(instructions);
    };
    assert!(refused(too_wide).contains(": instruction ST: field rows is 1048576"));
}

#[test]
fn sections_lie_in_order_inside_their_program() {
    let section = |first, count| Section { name: "conv".into(), work: Work::Ff, first, count };
    let refused = |sections: &[Section]| {
        Program::with_sections(instructions()[..9].to_vec(), sections.to_vec()).unwrap_err()
    };
    assert_eq!(refused(&[section(0, 4), section(5, 5)]), 1);
    assert_eq!(refused(&[section(5, 2), section(0, 4)]), 1);
    assert_eq!(refused(&[section(0, 4), section(3, 1)]), 1);
    assert_eq!(refused(&[section(usize::MAX, 1)]), 0);
    assert_eq!(program(&instructions()[..9], &[("conv", Work::Ff, 9, 0)]).sections().len(), 1);
}
