//! The listing.

use crate::given::{any_file, file, instructions, program};
use proptest::prelude::*;
use satkit_plan::{ListingProblem, ProgramFile, Work, assemble, disassemble};
use satkit_spec::ArrayConfig;

fn listing(file: &ProgramFile) -> String {
    disassemble(file).map(|line| line + "\n").collect()
}

proptest! {
    #[test]
    fn what_is_listed_is_assembled(file in any_file()) {
        prop_assert_eq!(assemble(&listing(&file)).unwrap(), file);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), directive in "\\.(contract|title|array|section|end) [\"{a-z; ]{0,6}") {
        let _ = assemble(&text);
        let _ = assemble(&format!("{directive}{text}\n{directive}"));
        let _ = assemble(&format!(".array tiny\n{text}"));
    }

    #[test]
    fn a_damaged_listing_is_refused_or_whole(file in any_file(), at in any::<prop::sample::Index>(), c in any::<char>()) {
        let text = listing(&file);
        let mut chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        chars[at] = c;
        if let Ok(file) = assemble(&chars.into_iter().collect::<String>()) {
            file.check().unwrap();
            prop_assert_eq!(assemble(&listing(&file)).unwrap(), file);
        }
    }
}

#[test]
fn a_listing_reads_well() {
    let file = file();
    let listed: Vec<String> = disassemble(&file).collect();
    let contract = satkit_spec::contract_hash();
    assert_eq!(listed[0], "; satkit program: 9 instructions in 2 sections for array tiny");
    assert_eq!(listed[1], format!(".contract {contract}"));
    assert_eq!(listed[2], ".title \"a test\"");
    assert!(listed[3].starts_with(".array {\"name\":\"tiny\",\"rows\":4,"));
    assert_eq!(listed[4..7], ["", "; section conv1 ff 0..4", ".section conv1 ff"]);
    assert_eq!(listed[7], format!("    0: {}", instructions()[0]));
    assert_eq!(listed[11], ".end");
    assert_eq!(listed[12], format!("    4: {}", instructions()[4]));
    assert_eq!(listed[15], ".section \"conv 2\" bp");
    assert_eq!(listed[18], ".end");
    assert_eq!(listed.len(), 21);
}

#[test]
fn a_listing_can_be_written_by_hand() {
    let instruction = instructions()[0];
    let text = format!(
        "# by hand\n\n.array small ; the second smallest\n  {instruction} ; first\n.section conv1 ff # all\n\
         1: {instruction}\r\n.end\n"
    );
    let file = assemble(&text).unwrap();
    assert_eq!(file.array, ArrayConfig::small());
    assert_eq!(file.title, "");
    assert_eq!(file.program, program(&[instruction; 2], &[("conv1", Work::Ff, 1, 1)]));
}

#[test]
fn refusals_name_the_line() {
    let refused = |text: &str, line: usize, words: &[&str]| {
        let error = assemble(text).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        let message = error.to_string();
        assert!(message.starts_with(&format!("line {line}: ")), "{message}");
        for word in words {
            assert!(message.contains(word), "{message:?} does not say {word:?}");
        }
    };
    let good = instructions()[0];
    assert_eq!(assemble("").unwrap_err().problem, ListingProblem::NoArray);
    refused("; nothing\n\n", 3, &["names no array", ".array vcu1525"]);
    refused(".array tiny\nMUL a=1", 2, &["\"MUL\" is no mnemonic", "GEOMETRY"]);
    refused(".array tiny\n0: MM rows=1", 2, &["\"MM\" lacks group, row_base"]);
    refused(&format!("\n\n7: {good}"), 3, &["labelled \"7\"", "accepted: 0, or no label"]);
    refused(&format!("x: {good}"), 1, &["labelled \"x\""]);
    refused(".text 3", 1, &["\".text\" is unknown", ".contract, .title"]);
    refused(".title one two", 1, &[".title", "\"two\" is more than it takes"]);
    refused(".title", 1, &[".title", "missing", "a title"]);
    refused(".title \"open", 1, &[".title", "EOF"]);
    refused(".title \"a\"\n.title \"b\"", 2, &[".title stands here for the second time"]);
    refused(".section conv1", 1, &[".section", "missing", "a name, and ff, bp, wu, update"]);
    refused(".section conv1 FF", 1, &[".section", "\"FF\" is no kind of work", "a name, and ff"]);
    refused(".section a ff b", 1, &[".section", "\"b\" is more than it takes"]);
    refused(".array tiny\n.end", 2, &[".end closes no section"]);
    refused(".section a ff\n.end\n.end", 3, &[".end closes no section"]);
    refused(".array huge", 1, &["\"huge\" is unknown", "tiny, small, vcu1525"]);
    refused(".array {\"name\":3}", 1, &[".array", "accepted: a configuration in JSON"]);
    let listed = listing(&file());
    refused(&listed.replace("\"rows\":4", "\"rows\":3"), 4, &["3 rows", "a power of two"]);
    let contract = satkit_spec::contract_hash().to_string();
    refused(
        &format!(".contract {}", "0".repeat(64)),
        1,
        &["contract 000", &contract, "leave .contract out"],
    );
}
