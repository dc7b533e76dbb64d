//! Merges identical modules of RustHDL's text, from the leaves up.

use super::{Module, tidy::tidy};
use regex::{Captures, Regex};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// How RustHDL writes an instance: `kind name(` alone on a line.
static INSTANCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^    ([\w$\[\]]+) ([\w$\[\]]+)\($").expect("a valid pattern")
});
static REGISTER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"output reg  (?:\[(\d+):0\] )?q;").expect("a valid pattern"));
static CORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?ms)^\s*(?:\(\*[^\n]*\*\)\s*)?module\s+([\w$]+).*?^\s*endmodule[^\n]*$")
        .expect("a valid pattern")
});

/// Stands for a module's own name while texts are compared.
const OWN_NAME: &str = "\u{0}";

#[derive(Default)]
struct Merger<'a> {
    /// What RustHDL wrote, by its name.
    sources: BTreeMap<&'a str, String>,
    /// Every kind's text, with kinds as numbers, and how its instances are called.
    kinds: Vec<(String, BTreeSet<String>)>,
    by_text: BTreeMap<String, usize>,
    kind_of: BTreeMap<&'a str, usize>,
}

/// The modules of `verilog`, which RustHDL wrote for a block it calls `top`, each kind once and children first.
pub(super) fn merge(top: &str, verilog: &str) -> Vec<Module> {
    let mut merger = Merger::default();
    let cores = merger.read(verilog);
    merger.kind("top", top);
    let names = merger.names(top);
    let mut modules = unique_cores(&cores);
    modules.extend(merger.kinds.iter().zip(&names).map(|((text, _), name)| {
        let text = text.replace(OWN_NAME, name);
        let text = INSTANCE.replace_all(&text, |found: &Captures<'_>| {
            let kind = found[1].strip_prefix(KIND_PREFIX).and_then(|kind| kind.parse().ok());
            let kind = kind.map_or(&found[1], |kind: usize| names[kind].as_str());
            format!("    {kind} {}(", &found[2])
        });
        Module { name: name.clone(), text: text.into_owned() }
    }));
    modules
}

/// Stands before the number of a kind in compared texts.
const KIND_PREFIX: &str = "$kind$";

impl<'a> Merger<'a> {
    /// Takes RustHDL's modules apart. What stands outside of them is returned: the modules of wrapped and black boxes.
    fn read(&mut self, verilog: &'a str) -> String {
        let ended: BTreeSet<&str> = verilog
            .lines()
            .filter_map(|line| line.trim_end().strip_prefix("endmodule // "))
            .collect();
        let mut outside = String::new();
        let mut module: Option<(&str, String)> = None;
        for line in verilog.lines().map(str::trim_end) {
            let starts = line.strip_prefix("module ").and_then(|rest| rest.split_once('('));
            match (&mut module, starts) {
                (Some((name, text)), _) => {
                    *text += line;
                    *text += "\n";
                    if line.strip_prefix("endmodule // ") == Some(name) {
                        self.sources.insert(name, tidy(text));
                        module = None;
                    }
                }
                (None, Some((name, _))) if ended.contains(name) => {
                    module = Some((name, format!("{line}\n")));
                }
                (None, _) => {
                    outside += line;
                    outside += "\n";
                }
            }
        }
        outside
    }

    /// The kind of a module by RustHDL's name, and those of everything below it.
    fn kind(&mut self, module: &str, instance: &str) -> usize {
        let (&module, source) = self.sources.get_key_value(module).expect("a module by that name");
        let base = base_name(instance, source);
        if let Some(&kind) = self.kind_of.get(module) {
            self.kinds[kind].1.insert(base);
            return kind;
        }
        let source = source.clone();
        let text = INSTANCE.replace_all(&source, |found: &Captures<'_>| {
            if self.sources.contains_key(&found[1]) {
                let kind = self.kind(&found[1], &found[2]);
                format!("    {KIND_PREFIX}{kind} {}(", &found[2])
            } else {
                found[0].to_owned()
            }
        });
        let text = text.replacen(&format!("module {module}("), &format!("module {OWN_NAME}("), 1);
        let text = text.replace(&format!("endmodule // {module}\n"), "endmodule\n");
        let kind = *self.by_text.entry(text.clone()).or_insert_with(|| {
            self.kinds.push((text, BTreeSet::new()));
            self.kinds.len() - 1
        });
        self.kinds[kind].1.insert(base);
        self.kind_of.insert(module, kind);
        kind
    }

    /// A name per kind: the shortest name among its instances, numbered from the second kind with that name on.
    fn names(&self, top: &str) -> Vec<String> {
        let mut taken = BTreeSet::from([top.to_owned()]);
        let last = self.kinds.len() - 1;
        let kinds = self.kinds.iter().enumerate();
        let names = kinds.map(|(index, (_, bases))| {
            if index == last {
                return top.to_owned();
            }
            let base = bases.iter().min_by_key(|base| base.len()).expect("an instance");
            let numbered = (2..).map(|number| format!("{top}_{base}_{number}"));
            let mut candidates = std::iter::once(format!("{top}_{base}")).chain(numbered);
            candidates.find(|name| taken.insert(name.clone())).expect("numbers do not end")
        });
        names.collect()
    }
}

/// What an instance is called without its place in an array; a register is called by its width.
fn base_name(instance: &str, source: &str) -> String {
    if source.contains("q <= d;")
        && let Some(found) = REGISTER.captures(source)
    {
        let high = found.get(1).map_or(0, |high| high.as_str().parse::<usize>().unwrap());
        return format!("dff_{}", high + 1);
    }
    let end = instance.trim_end_matches(|c: char| c.is_ascii_digit() || "$[]".contains(c));
    let has_index = instance[end.len()..].contains(['$', '[']);
    if has_index { end } else { instance }.replace('$', "_")
}

/// The modules of wrapped and black boxes, each once, though RustHDL writes them once per instance.
fn unique_cores(cores: &str) -> Vec<Module> {
    let mut modules: Vec<Module> = Vec::new();
    for found in CORE.captures_iter(cores) {
        let module = Module { name: found[1].to_owned(), text: format!("{}\n", found[0].trim()) };
        match modules.iter().find(|known| known.name == module.name) {
            Some(known) => {
                assert!(known.text == module.text, "two different modules named {}", module.name);
            }
            None => modules.push(module),
        }
    }
    modules
}
