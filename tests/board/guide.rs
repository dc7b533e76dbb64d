//! `docs/guide-card.md` has a section for each error of a card, and what it names is there.

use crate::repository;
use std::collections::BTreeSet;

fn read(name: &str) -> String {
    std::fs::read_to_string(repository(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Names of the variants of `pub enum CardError`, from its source.
fn variants(source: &str) -> Vec<String> {
    let body = source.split_once("pub enum CardError {").expect("the enum").1;
    let body = body.split_once("\n}").expect("its end").0;
    let name = |line: &str| {
        let line = line.strip_prefix("    ")?;
        let end = line.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(line.len());
        // `Name {`, `Name(` or `Name,`; attributes and fields begin otherwise.
        let is_variant = line.starts_with(|c: char| c.is_ascii_uppercase())
            && (line[end..].starts_with('(') || matches!(line[end..].trim(), "{" | "," | ""));
        is_variant.then(|| line[..end].to_owned())
    };
    body.lines().filter_map(name).collect()
}

#[test]
fn every_error_of_a_card_has_its_section() {
    let variants = variants(&read("host/transport/src/error.rs"));
    assert!(variants.len() >= 16 && variants.contains(&"DeviceLost".into()), "{variants:?}");
    let guide = read("docs/guide-card.md");
    let (_, troubleshooting) = guide.split_once("\n## Troubleshooting").expect("the section");
    let mut sections = Vec::new();
    let mut text = 0;
    for line in troubleshooting.lines().skip(1).take_while(|line| !line.starts_with("## ")) {
        match line.strip_prefix("### ") {
            Some(name) => {
                assert!(sections.is_empty() || text > 0, "{sections:?}: the last has no text");
                sections.push(name.to_owned());
                text = 0;
            }
            None => text += usize::from(!line.trim().is_empty()),
        }
    }
    assert!(text > 0);
    let (have, need): (BTreeSet<_>, BTreeSet<_>) =
        (sections.iter().collect(), variants.iter().collect());
    assert_eq!(have, need);
    assert_eq!(sections.len(), have.len(), "a section is there twice");
}

/// Files that the pages for a user with a card name in code, and anchors that they link to.
#[test]
fn what_the_pages_name_is_there() {
    for page in ["docs/guide-card.md", "docs/first-day.md", "bitstreams/README.md"] {
        let text = read(page);
        let folder = page.rsplit_once('/').unwrap().0;
        for part in text.split("](").skip(1) {
            let target = part.split_once(')').unwrap().0;
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { page.to_owned() } else { format!("{folder}/{file}") };
            let linked = read(&file);
            let mut anchors = linked.lines().filter(|line| line.starts_with('#')).map(|line| {
                line.trim_start_matches('#')
                    .trim()
                    .to_lowercase()
                    .replace(' ', "-")
                    .replace(['`', ',', '.', ':'], "")
            });
            assert!(
                anchor.is_empty() || anchors.any(|a| a == anchor),
                "{page}: no {anchor} in {file}"
            );
        }
        let roots = ["hdl/", "host/", "docs/", "tests/", "bitstreams/"];
        for word in text.split('`').skip(1).step_by(2).flat_map(str::split_whitespace) {
            if roots.iter().any(|root| word.starts_with(root))
                && !word.contains(['*', '<'])
                && !word.contains("satkit-vcu1525")
            {
                assert!(repository(word).exists(), "{page} names {word}");
            }
        }
        assert!(
            text.contains("has run on a card") || text.contains("on hardware"),
            "{page} says what never ran"
        );
    }
}

/// The rule matches the files that the driver makes for a user, and not the engine's own registers.
#[test]
fn the_udev_rule_is_for_a_users_files() {
    let rule = read("host/udev/60-satkit-xdma.rules");
    let rule: Vec<&str> = rule.lines().filter(|line| !line.starts_with('#')).collect();
    let [rule] = rule[..] else { panic!("one rule: {rule:?}") };
    let names = rule.split_once("KERNEL==\"").unwrap().1.split_once('"').unwrap().0;
    let matches = |name: &str| {
        names.split('|').any(|pattern| {
            let pattern = format!("^{}$", pattern.replace('*', ".*"));
            regex::Regex::new(&pattern).unwrap().is_match(name)
        })
    };
    for name in ["xdma0_user", "xdma0_h2c_0", "xdma1_c2h_3", "xdma0_events_0"] {
        assert!(matches(name), "{name}");
    }
    assert!(!matches("xdma0_control") && !matches("xdma0_bypass"));
    assert!(
        rule.contains("SUBSYSTEM==\"xdma\"")
            && rule.contains("GROUP=\"xdma\"")
            && rule.contains("MODE=\"0660\"")
    );
}
