//! Networks: layer shapes against the tables, figures, refusals.

use satkit_host::HostError;
use satkit_host::backend::PoolWindow;
use satkit_host::network::{Builder, Epilogue, Kernel, MacLayer, ModelState, Network};
use satkit_host::topology::Topology;
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};

#[test]
fn layers_are_those_of_the_tables() {
    let tables = [
        ("resnet9", include_str!("../../networks/resnet9_cifar10.csv")),
        ("vgg19", include_str!("../../networks/vgg19_cifar100.csv")),
        ("resnet18", include_str!("../../networks/resnet18_tinyimagenet_cifarstem.csv")),
        ("resnet50", include_str!("../../networks/resnet50_imagenet.csv")),
        ("vit", include_str!("../../networks/vit_cifar100.csv")),
    ];
    for (name, table) in tables {
        let topology = Topology::parse(name, table.as_bytes()).unwrap();
        assert_eq!(topology.rows, Network::named(name).unwrap().mac_rows(), "{name}");
    }
}

#[test]
fn figures_are_the_known_ones() {
    let summary = |name: &str| Network::named(name).unwrap().describe();
    // torchvision's resnet50: 25,557,032 parameters, 4.09 G multiply-accumulates without padding terms.
    let resnet50 = summary("resnet50");
    assert_eq!(resnet50.parameters, 25_557_032);
    assert!((4.0e9..4.3e9).contains(&(resnet50.macs_per_image as f64)));
    assert_eq!((resnet50.input, resnet50.classes), ([3, 224, 224], 1000));
    assert_eq!((summary("resnet18").input, summary("resnet18").classes), ([3, 64, 64], 200));
    for name in Network::NAMES {
        let network = Network::named(name).unwrap();
        let layers = network.mac_layers(4).unwrap();
        let last = layers.len() - 1;
        for (id, layer) in layers.iter().enumerate() {
            assert_eq!(layer.id, id);
            assert_eq!(layer.is_first, id == 0, "{name} {}", layer.name);
            assert_eq!(layer.prunable, id != 0 && id != last, "{name} {}", layer.name);
            assert_eq!(layer.shape.batch % 4, 0);
        }
        let share = summary(name).prunable_share;
        assert!((0.8..1.0).contains(&share), "{name}: {share}");
    }
}

#[test]
fn initial_states_depend_on_the_seed_only() {
    let network = Network::named("digits-cnn").unwrap();
    let state = ModelState::initial(&network, 7);
    assert_eq!(state, ModelState::initial(&network, 7));
    assert_ne!(state, ModelState::initial(&network, 8));
    state.check(&network).unwrap();
    let weight = network.parameters().iter().position(|p| p.name == "conv2.weight").unwrap();
    let values = &state.values[weight];
    assert_eq!(values.len(), 64 * 32 * 9);
    let power = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / values.len() as f64;
    let expected = 2.0 / (32.0 * 9.0);
    assert!((power / expected - 1.0).abs() < 0.05, "{power} is not about {expected}");
    assert!(values.iter().all(|value| value.abs() <= (6.0_f32 / 288.0).sqrt()));
    // The very bits: they are the same on every machine.
    assert_eq!(values[0].to_bits(), 3_183_012_180);
}

#[test]
fn small_networks_spare_cycles() {
    for name in ["digits-cnn", "digits-mlp"] {
        let config = ArrayConfig::vcu1525();
        let cycles = |sparsity: Sparsity| -> u64 {
            let layers = Network::named(name).unwrap().mac_layers(32).unwrap();
            let stage = |layer: &MacLayer, stage: Stage| {
                let dense = stage == Stage::Wu || !layer.prunable;
                let sparsity = if dense { Sparsity::DENSE } else { sparsity };
                let mac = satkit_plan::MacStage::new(layer.shape, stage, sparsity).unwrap();
                let choice = satkit_plan::DataflowChoice::Auto;
                satkit_plan::plan_stage(&config, mac, choice).unwrap().report.cycles
            };
            let stages = |layer: &MacLayer| {
                let bp = if layer.is_first { 0 } else { stage(layer, Stage::Bp) };
                stage(layer, Stage::Ff) + bp + stage(layer, Stage::Wu)
            };
            layers.iter().map(stages).sum()
        };
        let (dense, sparse) = (cycles(Sparsity::DENSE), cycles(Sparsity::TWO_OF_EIGHT));
        let ratio = dense as f64 / sparse as f64;
        println!("{name}: {dense} / {sparse} = {ratio:.3} (MAC stages)");
        assert!(ratio >= 1.3, "{name}: {ratio}");
    }
}

#[test]
fn what_cannot_be_built_is_refused_in_words() {
    let refused = |result: Result<Network, HostError>, words: &str| {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(words), "{message:?} does not say {words:?}");
    };
    refused(Network::named("alexnet"), "accepted: digits-cnn, digits-mlp, resnet9");
    refused(Network::named_for("vgg19", [1, 8, 8]), "accepted: 3 x 32 x 32");
    refused(Network::named_for("digits-cnn", [3, 32, 32]), "accepted: 1 channel");
    assert_eq!(Network::named_for("digits-cnn", [1, 28, 28]).unwrap().input(), [1, 28, 28]);
    let build = |body: fn(&mut Builder) -> Result<(), HostError>| {
        let (mut builder, _) = Builder::new("test", [2, 4, 4])?;
        body(&mut builder)?;
        builder.finish()
    };
    refused(build(|_| Ok(())), "accepted: a linear layer");
    refused(Builder::new("test", [0, 4, 4]).map(|_| unreachable!()), "at least 1");
    let conv = Kernel { co: 4, side: 7, stride: 1, pad: 0 };
    let images = Builder::new("other", [2, 4, 4]).unwrap().1;
    let with = |body: &dyn Fn(&mut Builder) -> Result<(), HostError>| {
        let (mut builder, _) = Builder::new("test", [2, 4, 4]).unwrap();
        body(&mut builder).and_then(|()| builder.finish())
    };
    refused(with(&|b| b.conv("c", images, conv, Epilogue::NONE).map(drop)), "does not fit");
    refused(with(&|b| b.linear("l", images, 3, Epilogue::NONE).map(drop)), "flatten images");
    refused(with(&|b| b.patches("p", images, 3).map(drop)), "a divisor of both");
    refused(with(&|b| b.embed("e", images).map(drop)), "tokens [t, d]");
    for window in [
        PoolWindow { window: 5, stride: 1, pad: 0 },
        PoolWindow { window: 0, stride: 1, pad: 0 },
        PoolWindow { window: 2, stride: 0, pad: 0 },
        PoolWindow { window: 3, stride: 1, pad: 2 },
        PoolWindow { window: usize::MAX, stride: 1, pad: usize::MAX / 2 },
    ] {
        refused(with(&|b| b.max_pool("m", images, window).map(drop)), "half the window");
    }
    refused(
        with(&|b| {
            let y = b.conv("c", images, Kernel::same(4, 3, 1), Epilogue::NONE)?;
            b.batch_norm("n", y, Epilogue::NONE.with_residual(images)).map(drop)
        }),
        "a residual of [2, 4, 4]; accepted: [4, 4, 4]",
    );
    refused(
        with(&|b| {
            let x = b.patches("p", images, 2)?;
            b.attention("a", x, 5).map(drop)
        }),
        "5 heads",
    );
    refused(
        with(&|b| {
            let x = b.flatten("x", images)?;
            b.linear("x", x, 3, Epilogue::NONE).map(drop)
        }),
        "two nodes of this name",
    );
    refused(
        with(&|b| {
            let x = b.flatten("x", images)?;
            b.linear("unused", x, 3, Epilogue::NONE)?;
            b.linear("y", x, 3, Epilogue::NONE).map(drop)
        }),
        "never used",
    );
    for batch in [0, usize::MAX, ConvShape::MAX_BATCH + 1] {
        assert!(Network::named("vit").unwrap().mac_layers(batch).is_err());
    }
}
