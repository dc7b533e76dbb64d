//! Joins designs and hand-written modules to one design.

use super::{Design, Module};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

/// An instance: it begins a line, with `kind name (` or `kind #(`.
static INSTANCE: LazyLock<Regex> = LazyLock::new(|| {
    let rest = r"(?:\s+[\w$]+(?:\s*\[[^\]\n]*\])?\s*\(|\s*#\s*\()";
    Regex::new(&format!(r"(?m)^[ \t]*(?<kind>[A-Za-z_][\w$]*){rest}")).expect("a valid pattern")
});
static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s*(?:\(\*[^\n]*\*\)\s*)?module\s+(?<name>[\w$]+)").unwrap()
});

/// Stands for a module's own name while texts are compared.
const OWN_NAME: &str = "\u{0}";

impl Design {
    /// One design of several and of modules written by hand, such as the wiring of an array: `top_name` is the module among
    /// them that is the top.
    ///
    /// Modules that differ in nothing but their names become one, and who instantiates them follows. Such a module is called as
    /// the first of them that is written by hand or the top of a part; else by the new top and its kind (`a_dff_8` and `b_dff_8`
    /// become `<top_name>_dff_8`) or, where that is taken, as in the part that comes first. What the top does not use is left
    /// out. The order follows from the text alone.
    ///
    /// Names inside a part are its own: where another part has given one to something else, this part's gets a number. Two parts that hold
    /// the same block, with registers that each has named in its own way, so get it once.
    ///
    /// In modules written by hand an instance begins its line.
    ///
    /// # Panics
    /// If no module is called `top_name`, if two tops of parts or two modules written by hand differ and have one name, or if a module
    /// contains itself.
    #[must_use]
    pub fn join(top_name: &str, parts: Vec<Self>, wiring: Vec<Module>) -> Self {
        let mut join = Join { top: top_name, ..Join::default() };
        for part in parts {
            let part_top = part.top().to_owned();
            let mut renamed = BTreeMap::new();
            for module in part.modules {
                let module = join.set_apart(module, &part_top, &mut renamed);
                let kind = module.name.strip_prefix(&format!("{part_top}_")).map(str::to_owned);
                join.add(module, kind);
            }
        }
        for module in wiring {
            join.add(module, None);
        }
        join.visit(top_name);
        join.finish()
    }
}

#[derive(Default)]
struct Join<'a> {
    top: &'a str,
    /// Every module given, with its kind if it is a part's, by its name.
    given: BTreeMap<String, (String, Option<String>)>,
    /// In which order they were given.
    order: BTreeMap<String, usize>,
    /// Numbers of modules that have been visited; none while it is under way.
    number_of: BTreeMap<String, Option<usize>>,
    by_text: BTreeMap<String, usize>,
    /// Texts, with references as numbers, and the names that stand for them.
    kinds: Vec<(String, BTreeSet<String>)>,
}

/// Stands before the number of a module in compared texts.
const NUMBER_PREFIX: &str = "\u{1}";

impl Join<'_> {
    /// Gives a part's module another name if another part has given its own to something else, and follows the names below it.
    fn set_apart(
        &self,
        module: Module,
        part_top: &str,
        renamed: &mut BTreeMap<String, String>,
    ) -> Module {
        let Module { name, text } = module;
        let text = replace_instances(&text, |kind| renamed.get(kind).cloned());
        let is_taken = self.given.get(&name).is_some_and(|(known, _)| *known != text);
        if !is_taken || name == part_top {
            return Module { name, text };
        }
        let mut numbered = (2..).map(|number| format!("{name}_{number}"));
        let free = numbered.find(|name| !self.given.contains_key(name)).expect("a free name");
        let head = head(&name, &text);
        let text = format!("{}{free}{}", &text[..head.start], &text[head.end..]);
        renamed.insert(name, free.clone());
        Module { name: free, text }
    }

    fn add(&mut self, module: Module, kind: Option<String>) {
        let Module { name, text } = module;
        match self.given.get(&name) {
            Some((known, _)) => assert!(known == &text, "two different modules named {name}"),
            None => {
                self.order.insert(name.clone(), self.order.len());
                self.given.insert(name, (text, kind));
            }
        }
    }

    /// Numbers a module after all below it.
    fn visit(&mut self, name: &str) -> usize {
        if let Some(number) = self.number_of.get(name) {
            return number.unwrap_or_else(|| panic!("the module {name} contains itself"));
        }
        let Some((text, _)) = self.given.get(name) else { panic!("no module named {name}") };
        let text = text.clone();
        self.number_of.insert(name.to_owned(), None);
        let text = replace_instances(&text, |kind| {
            self.given.contains_key(kind).then(|| format!("{NUMBER_PREFIX}{}", self.visit(kind)))
        });
        let head = head(name, &text);
        let text = format!("{}{OWN_NAME}{}", &text[..head.start], &text[head.end..]);
        let number = *self.by_text.entry(text.clone()).or_insert_with(|| {
            self.kinds.push((text, BTreeSet::new()));
            self.kinds.len() - 1
        });
        self.kinds[number].1.insert(name.to_owned());
        self.number_of.insert(name.to_owned(), Some(number));
        number
    }

    fn finish(self) -> Design {
        let mut taken: BTreeSet<String> = self.given.keys().cloned().collect();
        let names: Vec<String> = self
            .kinds
            .iter()
            .map(|(_, names)| {
                if names.contains(self.top) {
                    return self.top.to_owned();
                }
                // Names of their own come before those that a part gave.
                let is_kind = |name: &String| self.given[name].1.is_some();
                let first = names.iter().min_by_key(|name| (is_kind(name), self.order[*name]));
                let first = first.expect("a name");
                let shared = self.given[first].1.as_ref().filter(|_| names.len() > 1);
                let shared = shared.map(|kind| format!("{}_{kind}", self.top));
                shared.filter(|name| taken.insert(name.clone())).unwrap_or_else(|| first.clone())
            })
            .collect();
        let modules = self.kinds.iter().zip(&names).map(|((text, _), name)| {
            let mut text = text.replace(OWN_NAME, name);
            // From the highest down, so that no number is the beginning of one that is still there.
            for (number, name) in names.iter().enumerate().rev() {
                text = text.replace(&format!("{NUMBER_PREFIX}{number}"), name);
            }
            Module { name: name.clone(), text }
        });
        Design { modules: modules.collect() }
    }
}

/// Where the text of a module has its name.
fn head(name: &str, text: &str) -> Range<usize> {
    let head = HEAD.captures(text).and_then(|found| found.name("name"));
    let head = head.filter(|head| head.as_str() == name);
    head.unwrap_or_else(|| panic!("the text of {name} does not declare it")).range()
}

/// Renames the kinds of instances where `rename` says so.
fn replace_instances(text: &str, mut rename: impl FnMut(&str) -> Option<String>) -> String {
    let (mut renamed, mut copied) = (String::with_capacity(text.len()), 0);
    for found in INSTANCE.captures_iter(text) {
        let kind = found.name("kind").expect("an instance has a kind");
        if let Some(name) = rename(kind.as_str()) {
            renamed += &text[copied..kind.start()];
            renamed += &name;
            copied = kind.end();
        }
    }
    renamed + &text[copied..]
}

#[cfg(test)]
mod tests {
    use super::{Design, Module};

    fn module(name: &str, body: &str) -> Module {
        let text = format!("module {name}(clock);\n{body}endmodule\n");
        Module { name: name.into(), text }
    }

    /// A register and a block that holds two of them.
    fn part(name: &str, register: &str) -> Design {
        let leaf = format!("{name}_dff_8");
        let body = format!("    reg value;\n    {leaf} x(\n    );\n    {leaf} y(\n    );\n");
        Design { modules: vec![module(&leaf, register), module(name, &body)] }
    }

    fn names(design: &Design) -> Vec<&str> {
        design.modules().iter().map(|module| module.name.as_str()).collect()
    }

    #[test]
    fn modules_that_differ_in_their_name_become_one() {
        let top = "    lane a(.clock(clock));\n    rank #(.W(1)) b [1:0] (.clock(clock));\n";
        // `rank` holds one more module than `lane`; their registers are the same.
        let mut other = part("rank", "q;\n");
        other.modules[1] = module("rank", "    rank_dff_8 x(\n    );\n    rank_own y(\n    );\n");
        other.modules.insert(1, module("rank_own", "r;\n"));
        let join = || {
            let parts = vec![part("lane", "q;\n"), other.clone()];
            Design::join("top", parts, vec![module("top", top), module("unused", "")])
        };
        let design = join();
        assert_eq!(names(&design), ["top_dff_8", "lane", "rank_own", "rank", "top"]);
        for (name, users) in [("lane", 2), ("rank", 1), ("top", 0)] {
            let module = design.modules().iter().find(|module| module.name == name).unwrap();
            assert_eq!(module.text.matches("    top_dff_8 ").count(), users, "{}", module.text);
            assert!(module.text.starts_with(&format!("module {name}(clock);\n")));
        }
        assert_eq!(design.modules()[4].text, module("top", top).text);
        assert_eq!(design, join());
    }

    #[test]
    fn merging_goes_up_from_the_leaves() {
        let top = module("top", "    b u(\n    );\n    a v(\n    );\n");
        let design = Design::join("top", vec![part("a", "q;\n"), part("b", "q;\n")], vec![top]);
        // Tops of parts are not renamed to a kind: the first part's name stays.
        assert_eq!(names(&design), ["top_dff_8", "a", "top"]);
        assert_eq!(design.modules()[2].text.matches("    a ").count(), 2);
        let different = vec![part("a", "q;\n"), part("b", "r;\n")];
        let top = module("top", "    b u(\n    );\n    a v(\n    );\n");
        let design = Design::join("top", different, vec![top]);
        assert_eq!(names(&design), ["b_dff_8", "b", "a_dff_8", "a", "top"]);
    }

    #[test]
    fn a_name_that_is_taken_is_not_given_again() {
        let top = module("top", "    a u(\n    );\n    b v(\n    );\n    top_dff_8 w(\n    );\n");
        let wiring = vec![module("top_dff_8", "other;\n"), top];
        let parts = vec![part("a", "q;\n"), part("b", "q;\n")];
        let design = Design::join("top", parts, wiring);
        assert_eq!(names(&design), ["a_dff_8", "a", "top_dff_8", "top"]);
    }

    #[test]
    fn many_modules_keep_their_numbers_apart() {
        let parts = (0..12).map(|i| part(&format!("p{i}"), &format!("q{i};\n"))).collect();
        let body: String = (0..12).map(|i| format!("    p{i} u{i}(\n    );\n")).collect();
        let design = Design::join("top", parts, vec![module("top", &body)]);
        assert_eq!(design.modules().len(), 25);
        assert_eq!(design.modules()[24], module("top", &body));
    }

    /// Two engines hold the same block, whose registers are called as in the engine: it is one, and so are they.
    #[test]
    fn blocks_of_several_parts_are_one() {
        let engine = |name: &str, register: &str| {
            let block = format!("    {name}_dff_8 x(\n    );\n    {name}_dff_8 y(\n    );\n");
            let mut design = part(name, register);
            design.modules.insert(1, module("block", &block));
            design.modules[2] = module(name, "    block u(\n    );\n");
            design
        };
        let top = || module("top", "    a u(\n    );\n    b v(\n    );\n");
        let same = Design::join("top", vec![engine("a", "q;\n"), engine("b", "q;\n")], vec![top()]);
        assert_eq!(names(&same), ["top_dff_8", "block", "a", "top"]);
        let parts = vec![engine("a", "q;\n"), engine("b", "r;\n")];
        let different = Design::join("top", parts, vec![top()]);
        assert_eq!(names(&different), ["a_dff_8", "block", "a", "b_dff_8", "block_2", "b", "top"]);
        assert!(different.modules()[5].text.contains("    block_2 u("));
    }

    #[test]
    #[should_panic(expected = "two different modules named a")]
    fn one_name_for_two_modules_is_refused() {
        let _ = Design::join("a", vec![part("a", "q;\n"), part("a", "r;\n")], vec![]);
    }

    #[test]
    #[should_panic(expected = "the module top contains itself")]
    fn a_loop_is_refused() {
        let loop_back = module("mid", "    top u(\n    );\n");
        let _ = Design::join("top", vec![], vec![loop_back, module("top", "    mid u(\n    );\n")]);
    }

    #[test]
    #[should_panic(expected = "no module named top")]
    fn a_missing_top_is_refused() {
        let _ = Design::join("top", vec![part("a", "q;\n")], vec![]);
    }
}
