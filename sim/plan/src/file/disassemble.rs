//! A program file as a listing.

use super::{ProgramFile, word};
use satkit_spec::contract_hash;

/// The lines of the file's listing, without line ends: what [`assemble`](super::assemble) reads back.
///
/// Directives hold the header (`.contract`, `.title`, `.array`, `.section NAME STAGE`, and `.end` where
/// instructions outside of all sections follow), lines such as `   12: MM row_base=0 ...` the instructions; lines that
/// start with `;` are for people.
pub fn disassemble(file: &ProgramFile) -> impl Iterator<Item = String> {
    let sections = file.program.sections();
    let instructions = file.program.instructions();
    // Serialising a structure of numbers and a string cannot fail.
    let array = serde_json::to_string(&file.array).unwrap_or_default();
    let head = [
        format!(
            "; satkit program: {} instructions in {} sections for array {}",
            instructions.len(),
            sections.len(),
            word::written(&file.array.name)
        ),
        format!(".contract {}", contract_hash()),
        format!(".title {}", word::quoted(&file.title)),
        format!(".array {array}"),
    ];
    let mut sections = sections.iter().peekable();
    let mut end_of_section = None;
    let body = (0..=instructions.len()).flat_map(move |index| {
        let mut lines = Vec::new();
        while let Some(section) = sections.next_if(|section| section.first == index) {
            let end = section.first.saturating_add(section.count);
            let (name, stage) = (word::written(&section.name), section.work.token());
            lines.push(String::new());
            lines.push(format!("; section {name} {stage} {index}..{end}"));
            lines.push(format!(".section {name} {stage}"));
            end_of_section = Some(end);
        }
        if let Some(instruction) = instructions.get(index) {
            if end_of_section == Some(index) {
                lines.push(".end".into());
            }
            lines.push(format!("{index:5}: {instruction}"));
        }
        lines
    });
    head.into_iter().chain(body)
}
