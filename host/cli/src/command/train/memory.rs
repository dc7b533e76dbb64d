//! Refusing a batch that the machine's memory cannot hold, before the machine finds out.

use satkit_host::HostError;
use satkit_host::network::Network;

/// Bytes that a training step needs at least: every value of the network in FP16 for each image, and every
/// parameter, its momentum and its gradient in FP32.
fn least_bytes(network: &Network, batch: usize) -> u64 {
    let size =
        |shape: &[usize]| shape.iter().fold(1u64, |all, &axis| all.saturating_mul(axis as u64));
    let values: u64 = network.nodes().iter().map(|node| size(&node.shape)).sum();
    let parameters: u64 = network.parameters().iter().map(|spec| spec.len() as u64).sum();
    values.saturating_mul(2 * batch as u64).saturating_add(parameters.saturating_mul(12))
}

/// Bytes of memory that are free or can be freed; `None` where the system does not say.
fn available_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Checks that a step of `batch` images can fit.
///
/// # Errors
/// [`HostError::Setting`] naming the batch and the largest one that could.
pub(super) fn check(network: &Network, batch: usize) -> Result<(), HostError> {
    let Some(available) = available_bytes() else { return Ok(()) };
    let needed = least_bytes(network, batch);
    if needed <= available {
        return Ok(());
    }
    let per_image = (least_bytes(network, 1) - least_bytes(network, 0)).max(1);
    let most = available.saturating_sub(least_bytes(network, 0)) / per_image;
    let mebibytes = |bytes: u64| bytes >> 20;
    Err(HostError::Setting {
        setting: "batch",
        given: batch.to_string(),
        accepted: format!(
            "less than {most} images: {} needs more than {} MiB for {batch}, and {} MiB are free",
            network.name(),
            mebibytes(needed),
            mebibytes(available)
        ),
    })
}
