//! The order of a step's operations and what is fused.

use super::given::{bdwp, mixed, residual, tokens};
use satkit_host::HostError;
use satkit_host::network::Network;
use satkit_host::step::{StepSettings, network_step};
use satkit_plan::step::{Edge, MacOperation, StepOperation, StepWork};
use satkit_spec::Method;
use satkit_spec::isa::VectorOp;

fn lines(work: &StepWork) -> Vec<String> {
    let tensor = |id: satkit_plan::step::TensorId| &work.tensors[id.0].name;
    let edge = |mac: &MacOperation| {
        let Edge { bias, add, relu, mask, sums, products } = mac.edge;
        let mut text = String::new();
        text += if bias { " +bias" } else { "" };
        text += &add.map_or(String::new(), |add| format!(" +{}", tensor(add)));
        text += if relu { " +relu" } else { "" };
        text += if mask.is_some() { " +mask" } else { "" };
        text += if sums { " +sums" } else { "" };
        text += &products.map_or(String::new(), |y| format!(" *{}", tensor(y)));
        text
    };
    let line = |operation: &StepOperation| match operation {
        StepOperation::Mac(mac) => format!("{} {}{}", mac.stage.stage, mac.name, edge(mac)),
        StepOperation::Products(p) => format!("{} {}", p.work.name(), p.name),
        StepOperation::Vector(vector) => format!("{} {}", vector.op.name(), vector.name),
        StepOperation::Update(update) => format!("update {}", update.name),
        StepOperation::Prune(prune) => format!("prune {}", prune.name),
    };
    work.operations.iter().map(line).collect()
}

fn count(work: &StepWork, op: VectorOp) -> usize {
    let is =
        |operation: &&StepOperation| matches!(operation, StepOperation::Vector(v) if v.op == op);
    work.operations.iter().filter(is).count()
}

#[test]
fn weight_gradients_wait_for_the_next_backward_stage() {
    let work = network_step(&residual().unwrap(), &bdwp(4)).unwrap().work;
    let expected = [
        "FF stem +sums",
        "bn-scale stem.bn",
        "bn-apply stem.bn",
        "FF body +sums",
        "FF down +sums",
        "bn-scale down.bn",
        "bn-apply down.bn",
        "bn-scale body.bn",
        "bn-apply body.bn",
        "FF next +sums",
        "bn-scale next.bn",
        "bn-apply next.bn",
        "FF last +sums",
        "bn-scale last.bn",
        "bn-apply last.bn",
        "pool average",
        "FF fc +bias",
        "cross-entropy loss",
        "BP fc",
        "pool-backward average",
        "relu-backward last.bn",
        "bn-backward-sums last.bn",
        "bn-backward-scale last.bn",
        "bn-backward-apply last.bn",
        "update last.bn.gamma",
        "update last.bn.beta",
        "bias-gradient fc.bias",
        "WU fc",
        "update fc",
        "update fc.bias",
        "BP last +mask +sums *next",
        "bn-backward-scale next.bn",
        "bn-backward-apply next.bn",
        "update next.bn.gamma",
        "update next.bn.beta",
        "WU last",
        "update last",
        // The residual's gradient is the one after the mask, added at the drain.
        "BP next +last.bn.masked +mask +sums *body",
        "bn-backward-scale body.bn",
        "bn-backward-apply body.bn",
        "update body.bn.gamma",
        "update body.bn.beta",
        // The projection's norm has no ReLU: the residual's gradient is its own.
        "bn-backward-sums down.bn",
        "bn-backward-scale down.bn",
        "bn-backward-apply down.bn",
        "update down.bn.gamma",
        "update down.bn.beta",
        "WU next",
        "update next",
        "BP down",
        "WU down",
        "update down",
        "BP body +stem.bn.d +mask +sums *stem",
        "bn-backward-scale stem.bn",
        "bn-backward-apply stem.bn",
        "update stem.bn.gamma",
        "update stem.bn.beta",
        "WU body",
        "update body",
        "WU stem",
        "update stem",
    ];
    assert_eq!(lines(&work), expected);
}

#[test]
fn streams_are_left_where_nothing_is_fused() {
    let network = mixed().unwrap();
    let work = network_step(&network, &bdwp(4)).unwrap().work;
    let lines = lines(&work);
    for line in [
        // No layer made the value.
        "bn-statistics norm",
        "FF b +bias +a +relu",
        // The bias gradient of fc1.
        "BP fc2 +sums",
        "BP f +sums *e",
        "BP g +sums *f",
        "relu-backward stem",
        "relu-backward b",
        "add a",
        "bias-gradient a.bias",
    ] {
        assert!(lines.iter().any(|other| other == line), "{line}: {lines:#?}");
    }
    assert!(!lines.iter().any(|line| line == "bias-gradient fc1.bias"));
}

#[test]
fn attention_is_products_and_a_softmax() {
    let network = tokens(32).unwrap();
    let work = network_step(&network, &bdwp(4)).unwrap().work;
    let lines = lines(&work);
    let around = |line: &str, count: usize| {
        let at = lines.iter().position(|other| other == line).unwrap();
        lines[at..at + count].join(", ")
    };
    assert_eq!(around("FF blk.qkT", 3), "FF blk.qkT, softmax blk.attention, FF blk.av");
    let backward = "BP blk.dP, softmax-backward blk.attention, WU blk.dV, BP blk.dQ, WU blk.dK";
    assert_eq!(around("BP blk.dP", 5), backward);
    assert_eq!(count(&work, VectorOp::Fill), 1);
    let error = network_step(&tokens(24).unwrap(), &bdwp(4)).unwrap_err();
    assert!(matches!(&error, HostError::Network { .. }));
    assert!(error.to_string().contains("multiples of 32"), "{error}");
}

#[test]
fn gradients_are_pruned_where_the_method_says() {
    for network in super::given::networks() {
        let prunable =
            network.layers().iter().filter(|l| l.prunable && l.shape.co.is_multiple_of(8));
        let settings = StepSettings { method: Method::Sdgp, ..bdwp(4) };
        let work = network_step(&network, &settings).unwrap().work;
        assert_eq!(count(&work, VectorOp::PruneGradient), prunable.count(), "{}", network.name());
    }
}

#[test]
fn impossible_batches_are_refused_in_words() {
    for name in ["resnet50", "vit"] {
        let network = Network::named(name).unwrap();
        for batch in [0, usize::MAX, 1 << 24] {
            let error = network_step(&network, &bdwp(batch)).unwrap_err();
            assert!(matches!(error, HostError::Setting { .. }), "{error}");
        }
    }
}
