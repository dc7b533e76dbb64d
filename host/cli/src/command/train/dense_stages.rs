//! Which stages run dense because M does not divide their channels.

use satkit_host::HostError;
use satkit_host::network::Network;
use satkit_host::train::TrainSettings;
use satkit_spec::Stage;

/// A note for each prunable layer of which a stage that the method prunes runs dense.
///
/// # Errors
/// [`HostError::Setting`] if no layer can have that batch.
pub(super) fn dense_stages(
    network: &Network,
    settings: &TrainSettings,
) -> Result<Vec<String>, HostError> {
    let (method, m) = (settings.method, settings.sparsity.m());
    let misfits = |channels: usize| !channels.is_multiple_of(m);
    let mut notes = Vec::new();
    for layer in network.mac_layers(settings.batch)?.iter().filter(|layer| layer.prunable) {
        let mut stages = Vec::new();
        if method.prunes_ci() && misfits(layer.shape.ci) {
            stages.push(format!("{} (Ci = {})", Stage::Ff, layer.shape.ci));
        }
        if method.prunes_co() && misfits(layer.shape.co) {
            stages.push(format!("{} (Co = {})", Stage::Bp, layer.shape.co));
        }
        if !stages.is_empty() {
            notes.push(format!(
                "note: layer {} runs {} dense: {m} does not divide its channels",
                layer.name,
                stages.join(" and ")
            ));
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::dense_stages;
    use satkit_host::network::{Builder, Epilogue, Kernel, Network};
    use satkit_host::train::TrainSettings;
    use satkit_spec::Method;

    /// 1 -> 8 -> 12 -> 16 -> 10 channels; the first and the last layer stay dense anyway.
    fn network() -> Network {
        let (mut builder, x) = Builder::new("odd", [1, 4, 4]).unwrap();
        let mut conv = |name: &str, x, co| {
            builder.conv(name, x, Kernel::same(co, 3, 1), Epilogue::BIAS_RELU).unwrap()
        };
        let x = conv("conv1", x, 8);
        let x = conv("conv2", x, 12);
        let x = conv("conv3", x, 16);
        let x = builder.global_average_pool("pool", x).unwrap();
        builder.linear("head", x, 10, Epilogue::BIAS).unwrap();
        builder.finish().unwrap()
    }

    #[test]
    fn each_stage_is_named_once_and_only_where_it_would_be_pruned() {
        let notes = |method| {
            let settings = TrainSettings { method, ..TrainSettings::default() };
            dense_stages(&network(), &settings).unwrap()
        };
        let ends = "dense: 8 does not divide its channels";
        let conv2 = format!("note: layer conv2 runs BP (Co = 12) {ends}");
        let conv3 = format!("note: layer conv3 runs FF (Ci = 12) {ends}");
        let both = [conv2, conv3];
        assert_eq!(notes(Method::Bdwp), both);
        assert_eq!(notes(Method::Srste), both[1..]);
        assert_eq!(notes(Method::Sdwp), both[..1]);
        assert_eq!(notes(Method::Sdgp), both[..1]);
        assert!(notes(Method::Dense).is_empty());
    }
}
