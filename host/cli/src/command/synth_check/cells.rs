//! Cells of a netlist as resources of a card.

use satkit_spec::Resources;
use std::collections::BTreeMap;

/// A synthesised module: how many cells it has of which type. Instances of other modules are cells too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) cells: BTreeMap<String, u64>,
}

impl Module {
    /// What its own cells take.
    pub(super) fn resources(&self) -> Resources {
        let mut sum = Resources::default();
        for (kind, &count) in &self.cells {
            sum += cell(kind).times(count);
        }
        sum
    }

    /// LUTs that its own cells take if two functions share one wherever they fit without a common input.
    ///
    /// A LUT of six inputs has two outputs, and is two of five common inputs where both are used (AMD UG574, "Look-Up Table"). Pairs that fit
    /// because of inputs that they have in common are not looked for, and a placer that has to be fast leaves some apart.
    pub(super) fn paired_luts(&self) -> u64 {
        let of =
            |kinds: &[&str]| -> u64 { kinds.iter().filter_map(|kind| self.cells.get(*kind)).sum() };
        let mut functions = [0, of(&["INV", "LUT1"]), of(&["LUT2"]), of(&["LUT3"]), of(&["LUT4"])];
        let mut pairs = 0;
        // Those of many inputs first, each with the largest that fits, so that the small ones are left for what fits nowhere else.
        for large in (1..=4).rev() {
            for small in (1..=large.min(5 - large)).rev() {
                let made = match large == small {
                    true => functions[large] / 2,
                    false => functions[large].min(functions[small]),
                };
                functions[large] -= made;
                functions[small] -= made;
                pairs += made;
            }
        }
        self.resources().luts - pairs
    }
}

/// One cell of UltraScale+. Carry chains, wide multiplexers and buffers lie in slices that are counted by their LUTs.
fn cell(kind: &str) -> Resources {
    let luts = |luts| Resources { luts, ..Resources::default() };
    match kind {
        "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6" | "LUT6_2" | "INV" | "SRL16E"
        | "SRLC32E" | "RAM32X1S" | "RAM64X1S" => luts(1),
        "RAM32X1D" | "RAM64X1D" | "RAM128X1S" => luts(2),
        "RAM32M" | "RAM64M" | "RAM128X1D" | "RAM256X1S" => luts(4),
        "RAM32M16" | "RAM64M8" | "RAM256X1D" | "RAM512X1S" => luts(8),
        "FDRE" | "FDSE" | "FDCE" | "FDPE" | "FDRE_1" | "FDSE_1" | "FDCE_1" | "FDPE_1" | "LDCE"
        | "LDPE" => Resources { registers: 1, ..Resources::default() },
        "DSP48E2" => Resources { dsps: 1, ..Resources::default() },
        "RAMB36E2" => Resources { bram36: 1.0, ..Resources::default() },
        "RAMB18E2" => Resources { bram36: 0.5, ..Resources::default() },
        "URAM288" => Resources { urams: 1, ..Resources::default() },
        _ => Resources::default(),
    }
}

/// True if a module of that name is the block: under its name, behind its top's, or with Yosys's mark of parameters.
pub(super) fn is(module: &str, block: &str) -> bool {
    let name = match module.strip_prefix("$paramod") {
        Some(rest) => rest.split('\\').find(|part| part.ends_with(block)).unwrap_or(rest),
        None => module,
    };
    name == block || name.strip_suffix(block).is_some_and(|rest| rest.ends_with('_'))
}

/// How often each module is there below `top`.
pub(super) fn counts<'a>(
    top: &'a str,
    modules: &'a BTreeMap<String, Module>,
) -> BTreeMap<&'a str, u64> {
    let mut counts = BTreeMap::new();
    let mut open = vec![(top, 1)];
    while let Some((name, count)) = open.pop() {
        *counts.entry(name).or_default() += count;
        let Some(module) = modules.get(name) else { continue };
        for (kind, number) in &module.cells {
            if modules.contains_key(kind) {
                open.push((kind, count * number));
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::{Module, counts, is};
    use std::collections::BTreeMap;

    fn module(cells: &[(&str, u64)]) -> Module {
        Module { cells: cells.iter().map(|&(kind, count)| (kind.to_owned(), count)).collect() }
    }

    #[test]
    fn instances_multiply_down_the_tree() {
        let modules = BTreeMap::from([
            ("core".to_owned(), module(&[("row", 4), ("uspe", 1), ("LUT2", 3)])),
            ("row".to_owned(), module(&[("uspe", 8), ("FDRE", 5)])),
            ("uspe".to_owned(), module(&[("DSP48E2", 1), ("RAM32M16", 2), ("RAMB18E2", 3)])),
        ]);
        let counts = counts("core", &modules);
        assert_eq!((counts["core"], counts["row"], counts["uspe"]), (1, 4, 33));
        let uspe = modules["uspe"].resources();
        assert_eq!((uspe.dsps, uspe.luts, uspe.bram36), (1, 16, 1.5));
    }

    #[test]
    fn small_functions_share_a_lut() {
        let paired = |cells: &[(&str, u64)]| module(cells).paired_luts();
        assert_eq!(paired(&[("LUT6", 3), ("LUT5", 2), ("FDRE", 9), ("SRL16E", 4)]), 9);
        assert_eq!(paired(&[("LUT2", 5), ("LUT3", 5)]), 5);
        assert_eq!(paired(&[("LUT2", 5), ("LUT3", 2)]), 2 + 2);
        assert_eq!(paired(&[("LUT3", 7)]), 7);
        assert_eq!(paired(&[("LUT4", 3), ("INV", 1), ("LUT1", 1)]), 3);
        assert_eq!(paired(&[("LUT1", 5)]), 3);
        assert_eq!(paired(&[("LUT4", 1), ("LUT3", 4), ("LUT2", 3), ("INV", 2)]), 1 + 3 + 1);
    }

    #[test]
    fn a_block_is_known_under_its_names() {
        assert!(is("uspe", "uspe") && is("core_uspe", "uspe"));
        assert!(is("$paramod\\core_uspe\\LANES=8", "uspe"));
        assert!(!is("core_uspe_dff_8", "uspe") && !is("notuspe", "uspe"));
    }
}
