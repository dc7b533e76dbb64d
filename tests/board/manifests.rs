//! The manifests in `bitstreams/`.

use crate::{given, repository};
use satkit_host::bitstream::Manifest;
use std::path::{Path, PathBuf};

/// Checks every manifest in a folder, and its bitstream where that is there too; returns how many there are.
fn check(folder: &Path) -> Result<usize, String> {
    let mut count = 0;
    for path in manifests(folder) {
        let failed = |error| format!("{}: {error}", path.display());
        let manifest = Manifest::load(&path).map_err(failed)?;
        manifest.check_design().map_err(failed)?;
        let bitstream = manifest.bitstream_beside(&path);
        if bitstream.exists() {
            manifest.check_file(&bitstream).map_err(failed)?;
        }
        count += 1;
    }
    Ok(count)
}

fn manifests(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect()
}

#[test]
fn every_manifest_is_valid() {
    check(&repository("bitstreams")).unwrap();
    // There may be none, so the check itself is checked: it finds a good one, and each that is not.
    let folder = tempfile::tempdir().unwrap();
    let (bitstream, manifest) = given::bitstream(folder.path());
    assert_eq!(check(folder.path()), Ok(0));
    let path = given::write(&manifest, &bitstream);
    assert_eq!(check(folder.path()), Ok(1));
    std::fs::write(&bitstream, "another").unwrap();
    assert!(check(folder.path()).unwrap_err().contains("manifest says"));
    std::fs::remove_file(&bitstream).unwrap();
    assert_eq!(check(folder.path()), Ok(1), "a manifest may be there without its bitstream");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("2023.2", "2023.1")).unwrap();
    assert!(check(folder.path()).unwrap_err().contains("SHA-256"));
}

/// The page that describes the fields has each of them, and none else.
#[test]
fn the_page_has_every_field() {
    let (_, manifest) = given::bitstream(tempfile::tempdir().unwrap().path());
    let page = std::fs::read_to_string(repository("bitstreams/README.md")).unwrap();
    let described: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name))
        .collect();
    let text = manifest.to_text().unwrap();
    let mut fields: Vec<&str> = text.lines().map(|l| l.split_once(" = ").unwrap().0).collect();
    fields.sort_unstable();
    let mut sorted = described.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, fields);
}
