//! A manifest for a file that stands for a bitstream, as a build for the VCU1525 would write it.

use satkit_host::bitstream::{Board, MANIFEST_FORMAT, Manifest, digest};
use satkit_spec::{ArrayConfig, Resources, contract_hash};
use std::path::{Path, PathBuf};

/// Content of the file.
pub(crate) const BITSTREAM: &[u8] = b"not a bitstream, but it has a hash";

/// Writes a file that stands for a bitstream into `folder`; returns it and its manifest.
pub(crate) fn bitstream(folder: &Path) -> (PathBuf, Manifest) {
    let path = folder.join("satkit-vcu1525.bit");
    std::fs::write(&path, BITSTREAM).unwrap();
    let found = digest(&path, 1 << 20).unwrap();
    let config = ArrayConfig::vcu1525();
    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        file: "satkit-vcu1525.bit".into(),
        bytes: found.bytes,
        sha256: found.sha256.clone(),
        contract_hash: contract_hash().to_string(),
        configuration: config.name.clone(),
        configuration_hash: format!("{:#010x}", config.hash_word()),
        git_commit: "0123456789abcdef0123456789abcdef01234567".into(),
        vivado: "2023.2".into(),
        part: Board::vcu1525().unwrap().part.value,
        clock_mhz: config.clock_hz as f64 / 1e6,
        worst_slack_ns: 0.012,
        power_w: 61.5,
        utilisation: Resources { luts: 9, registers: 9, dsps: 1_024, bram36: 700.5, urams: 256 },
        cfgmem: "satkit-vcu1525.mcs".into(),
        cfgmem_sha256: found.sha256,
        build_date: "2026-11-28".parse().unwrap(),
        manifest_sha256: String::new(),
    };
    (path, manifest)
}

/// Writes the manifest beside its bitstream, sealed.
pub(crate) fn write(manifest: &Manifest, bitstream: &Path) -> PathBuf {
    let path = Manifest::path_for(bitstream);
    std::fs::write(&path, manifest.to_text().unwrap()).unwrap();
    path
}
