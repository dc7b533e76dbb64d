//! A listing as a program file.

use super::error::{ListingError, ListingProblem};
use super::{ProgramFile, word};
use crate::{Program, Section, Work};
use satkit_spec::isa::Instruction;
use satkit_spec::{ArrayConfig, contract_hash};

const DIRECTIVES: &str = ".contract, .title, .array, .section, .end";

/// Reads a listing, such as [`disassemble`](super::disassemble) makes it or a person edits it.
///
/// Blank lines and what follows `;` or `#` do not count. Instructions may go without their `index:`, `.array` takes a
/// configuration in JSON or the name of a committed one, `.title` and `.contract` may be left out. A section goes to the
/// next `.section`, to `.end` or to the end.
///
/// # Errors
/// [`ListingError`] naming the line and what would be accepted.
pub fn assemble(text: &str) -> Result<ProgramFile, ListingError> {
    let mut listing = Listing::default();
    let mut lines = 0;
    for line in text.lines() {
        lines += 1;
        listing.line(line).map_err(|problem| ListingError { line: lines, problem })?;
    }
    let Listing { title, array, sections, instructions, .. } = listing;
    let array = array.ok_or(ListingError { line: lines + 1, problem: ListingProblem::NoArray })?;
    // Sections are counted as they are read, so they are in order and within the program.
    let program = Program::with_sections(instructions, sections).unwrap_or_default();
    Ok(ProgramFile { title: title.unwrap_or_default(), array, program })
}

/// What was read so far.
#[derive(Default)]
struct Listing {
    contract: Option<String>,
    title: Option<String>,
    array: Option<ArrayConfig>,
    sections: Vec<Section>,
    in_section: bool,
    instructions: Vec<Instruction>,
}

impl Listing {
    fn line(&mut self, line: &str) -> Result<(), ListingProblem> {
        let line = line.trim();
        if word::is_comment(line) {
            return Ok(());
        }
        if !line.starts_with('.') {
            return self.instruction(line);
        }
        let (directive, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match directive {
            ".contract" => self.contract(rest),
            ".title" => {
                let [title] = words(".title", "a title in double quotes", rest)?;
                once(".title", self.title.replace(title))
            }
            ".array" => {
                let array = array(rest)?;
                once(".array", self.array.replace(array))
            }
            ".section" => {
                const ACCEPTED: &str = "a name, and ff, bp, wu, update or elementwise";
                let [name, work] = words(".section", ACCEPTED, rest)?;
                let work = Work::ALL.into_iter().find(|w| w.token() == work).ok_or_else(|| {
                    let reason = format!(
                        "{:?} is no kind of work",
                        work.chars().take(64).collect::<String>()
                    );
                    ListingProblem::Argument { directive: ".section", reason, accepted: ACCEPTED }
                })?;
                let first = self.instructions.len();
                self.sections.push(Section { name, work, first, count: 0 });
                self.in_section = true;
                Ok(())
            }
            ".end" => {
                let [] = words(".end", "nothing", rest)?;
                if !std::mem::take(&mut self.in_section) {
                    return Err(ListingProblem::End);
                }
                Ok(())
            }
            given => {
                let given = given.chars().take(64).collect();
                Err(ListingProblem::Directive { given, accepted: DIRECTIVES })
            }
        }
    }

    fn contract(&mut self, rest: &str) -> Result<(), ListingProblem> {
        let [listing] = words(".contract", "a contract hash", rest)?;
        let build = contract_hash().to_string();
        if listing != build {
            let listing = listing.chars().take(64).collect();
            return Err(ListingProblem::Contract { listing, build });
        }
        once(".contract", self.contract.replace(listing))
    }

    fn instruction(&mut self, line: &str) -> Result<(), ListingProblem> {
        let expected = self.instructions.len();
        if expected >= Program::MAX_INSTRUCTIONS {
            return Err(ListingProblem::TooLong { limit: Program::MAX_INSTRUCTIONS });
        }
        let text = line.split([';', '#']).next().unwrap_or("");
        let text = match text.split_once(':') {
            Some((label, text)) => {
                // A wrong label betrays a lost or doubled line.
                if label.trim().parse() != Ok(expected) {
                    let given = label.trim().chars().take(64).collect();
                    return Err(ListingProblem::Index { given, expected });
                }
                text
            }
            None => text,
        };
        self.instructions.push(text.parse().map_err(ListingProblem::Instruction)?);
        if let Some(section) = self.sections.last_mut().filter(|_| self.in_section) {
            section.count += 1;
        }
        Ok(())
    }
}

fn once<T>(directive: &'static str, before: Option<T>) -> Result<(), ListingProblem> {
    before.map_or(Ok(()), |_| Err(ListingProblem::Twice { directive }))
}

/// Exactly `N` words behind a directive.
fn words<const N: usize>(
    directive: &'static str,
    accepted: &'static str,
    mut rest: &str,
) -> Result<[String; N], ListingProblem> {
    let refused = |reason: String| ListingProblem::Argument { directive, reason, accepted };
    let mut words = [const { String::new() }; N];
    for word in &mut words {
        (*word, rest) = word::first(rest).map_err(refused)?;
    }
    if word::is_comment(rest) {
        return Ok(words);
    }
    let more: String = rest.trim_start().chars().take(64).collect();
    Err(refused(format!("{more:?} is more than it takes")))
}

/// The array of the words behind `.array`.
fn array(rest: &str) -> Result<ArrayConfig, ListingProblem> {
    let rest = rest.trim_start();
    let accepted = "a configuration in JSON, or tiny, small or vcu1525";
    let (array, rest): (ArrayConfig, &str) = if rest.starts_with('{') {
        word::json(rest).map_err(|reason| ListingProblem::Argument {
            directive: ".array",
            reason,
            accepted,
        })?
    } else {
        let [name] = words(".array", accepted, rest)?;
        (ArrayConfig::named(&name).map_err(ListingProblem::Array)?, "")
    };
    let [] = words(".array", accepted, rest)?;
    array.validate().map_err(ListingProblem::Array)?;
    Ok(array)
}
