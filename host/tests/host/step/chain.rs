//! Layer tables as chains.

use super::contents::check_tensors;
use super::given::{LARGE, bdwp};
use satkit_host::HostError;
use satkit_host::network::MacKind;
use satkit_host::step::{StepSettings, topology_step};
use satkit_host::topology::Topology;
use satkit_plan::step::StepOperation;
use satkit_spec::{Method, Sparsity, Stage};

fn check(topology: &Topology, settings: &StepSettings) -> usize {
    let (work, notes) = topology_step(topology, settings).unwrap();
    assert!(!notes.is_empty());
    check_tensors(&work, |name| {
        [
            ".ff",
            ".bp",
            ".unpruned",
            ".master",
            ".x",
            ".b",
            ".d",
            ".bias",
            ".gamma",
            ".beta",
            ".running",
        ]
        .iter()
        .chain(&[".bias.gradient"])
        .any(|end| name.ends_with(end))
    });
    let mut expected = 0;
    for (index, row) in topology.rows.iter().enumerate() {
        let first = index == 0;
        expected += match row.kind {
            MacKind::Conv(shape) | MacKind::Linear(shape) => {
                let bp = if first { 0 } else { shape.dense_macs(Stage::Bp) };
                shape.dense_macs(Stage::Ff) + bp + shape.dense_macs(Stage::Wu)
            }
            MacKind::Matmul { .. } => row.macs() * if first { 2 } else { 3 },
        };
    }
    assert_eq!(work.dense_macs(), expected * settings.batch as u64, "{}", topology.name);
    work.operations
        .iter()
        .filter(|operation| matches!(operation, StepOperation::Mac(mac) if mac.edge.mask.is_some()))
        .count()
}

#[test]
fn tables_are_chains() {
    for (name, table) in LARGE {
        let topology = Topology::parse(name, table.as_bytes()).unwrap();
        let masks = check(&topology, &bdwp(256));
        let dense = StepSettings::new(256, Method::Dense, Sparsity::TWO_OF_EIGHT);
        check(&topology, &dense);
        check(&topology, &StepSettings { pregenerate: false, ..bdwp(256) });
        // Most convolutions take the value of the one before.
        let convs = topology.rows.iter().filter(|row| matches!(row.kind, MacKind::Conv(_)));
        let convs = convs.count();
        assert!(2 * masks >= convs, "{name}: {masks} of {convs}");
    }
}

#[test]
fn products_and_odd_rows_are_taken() {
    let table = "Layer,M,N,K,Batch\nfirst,5,7,9,3\nsecond,5,11,7,\n";
    let topology = Topology::parse("gemm", table.as_bytes()).unwrap();
    check(&topology, &bdwp(2));
    let table = "name,type,H,W,Ci,Co,Kh,Kw,stride,pad,M,N,K,repeat\na,matmul,,,,,,,,,5,7,9,2\n";
    let topology = Topology::parse("one", table.as_bytes()).unwrap();
    check(&topology, &bdwp(2));
    assert!(topology_step(&topology, &bdwp(0)).unwrap_err().to_string().contains("batch 0"));
    let table = "name,type,H,W,Ci,Co,Kh,Kw,stride,pad,M,N,K,repeat\n\
                 a,matmul,,,,,,,,,5,7,9,300\nb,matmul,,,,,,,,,5,3,7,300\nc,linear,,,3,8,,,,,5,,,\n\
                 d,linear,,,8,8,,,,,5,,,\ne,conv,4,4,8,8,3,3,2,1,,,,\n";
    let topology = Topology::parse("odd", table.as_bytes()).unwrap();
    check(&topology, &bdwp(2));
    for batch in [0, usize::MAX, 1 << 24] {
        let error = topology_step(&topology, &bdwp(batch)).unwrap_err();
        assert!(matches!(error, HostError::Setting { .. }), "{error}");
    }
}
