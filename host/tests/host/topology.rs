//! Layer tables: satkit's own and SCALE-Sim's.

use proptest::prelude::*;
use satkit_host::HostError;
use satkit_host::network::{MacKind, MacRow};
use satkit_host::topology::{Topology, TopologyError};
use satkit_spec::{ConvShape, Sparsity};

const OWN: &str = "name,type,H,W,Ci,Co,Kh,Kw,stride,pad,M,N,K,repeat\n";
const CONV: &str = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n";

fn parse(text: &str) -> Topology {
    Topology::parse("test", text.as_bytes()).unwrap()
}

fn noted(topology: &Topology, words: &str) -> bool {
    topology.notes.iter().any(|note| note.contains(words))
}

fn conv(sizes: [usize; 7]) -> MacKind {
    let [h, w, kh, kw, ci, co, stride] = sizes;
    MacKind::Conv(ConvShape::new(1, ci, (h, w), co, (kh, kw), stride, 0).unwrap())
}

fn linear(m: usize, n: usize, k: usize) -> MacKind {
    MacKind::Linear(ConvShape::linear(m, k, n).unwrap())
}

fn row(name: &str, kind: MacKind, prunable: bool) -> MacRow {
    MacRow { name: name.into(), kind, prunable }
}

#[test]
fn a_transformer_block_is_read_from_its_file() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/networks/llm_block_d1024.csv");
    let topology = Topology::read(path.as_ref()).unwrap();
    assert_eq!((topology.name.as_str(), topology.rows.len()), ("llm_block_d1024", 8));
    assert_eq!(topology.rows[0], row("blk.q", linear(1024, 1024, 1024), false));
    let heads = MacKind::Matmul { m: 1024, n: 1024, k: 64, repeat: 16 };
    assert_eq!(topology.rows[3], row("blk.qkT", heads, false));
    assert_eq!(topology.rows[6], row("blk.fc1", linear(1024, 4096, 1024), true));
    assert!(!topology.rows[7].prunes(Sparsity::TWO_OF_EIGHT));
    // 4 projections, 2 products of attention, 2 layers of the MLP.
    let macs: u64 = topology.rows.iter().map(MacRow::macs).sum();
    assert_eq!(macs, (4 + 2 + 2 * 4) << 30);
    assert!(noted(&topology, "satkit layer table, by the header in line 2"));
    assert!(noted(&topology, "\"blk.qkT\", \"blk.av\": products of activations"));
    assert!(noted(&topology, "\"blk.q\", and the last, \"blk.fc2\", stay dense"));
}

#[test]
fn repeats_and_loose_cells_are_read() {
    let topology = parse(
        "\u{feff}# comment\r\n Name , TYPE,h,w,ci,CO,kh,kw,Stride,pad,m,n,k,repeat,colour\r\n\r\na,Conv,8,8,3,16,3,3,1,1,,,,,\r\n\
         b,conv,8,8,16,16,3,3,1,1,64,16,144,3,red\r\nc,linear,1,1,,,1,1,1,0,1,10,16,1\r\n,,,,\r\n",
    );
    let shape = |ci| MacKind::Conv(ConvShape::new(1, ci, (8, 8), 16, (3, 3), 1, 1).unwrap());
    let b = row("b", shape(16), true);
    let expected =
        [row("a", shape(3), false), b.clone(), b.clone(), b, row("c", linear(1, 10, 16), false)];
    assert_eq!(topology.rows, expected);
    assert!(noted(&topology, "the column \"colour\" is ignored"));
    assert!(noted(&topology, "\"b\": as many rows of the same name"));
    let topology = parse(&format!("{OWN}a,matmul,,,,,,,,,2,3,4,5\n"));
    let kind = MacKind::Matmul { m: 2, n: 3, k: 4, repeat: 5 };
    assert_eq!(topology.rows, [row("a", kind, false)]);
    assert!(noted(&topology, "the only row, \"a\", stays dense"));
}

#[test]
fn scale_sim_convolutions_are_read() {
    let topology = parse(&format!(
        "{CONV}\nSome net,\nstem, 224, 224, 7, 7, 3, 64, 2,\nmid_dw, 56, 56, 3, 3, 64, 64, 1, NPU\n\
         mid DP, 5,5,3,3,2,1,1,\nwide,28,28,1,1,100,10,1,\nFC,1,1,1,1,512,1000,1"
    ));
    let expected = [
        row("stem", conv([224, 224, 7, 7, 3, 64, 2]), false),
        row("mid_dw", conv([56, 56, 3, 3, 64, 64, 1]), true),
        row("mid DP", conv([5, 5, 3, 3, 1, 1, 1]), true),
        row("mid DP", conv([5, 5, 3, 3, 1, 1, 1]), true),
        row("wide", conv([28, 28, 1, 1, 100, 10, 1]), true),
        row("FC", conv([1, 1, 1, 1, 512, 1000, 1]), false),
    ];
    assert_eq!(topology.rows, expected);
    for words in [
        "SCALE-Sim convolution topology, by the header in line 1",
        "pad is 0 everywhere",
        "\"stem\": the stride does not divide",
        "\"mid_dw\": named like depthwise",
        "\"mid DP\": DP in the name",
        "\"mid DP\", \"wide\", \"FC\": Ci is the Co of no earlier row",
        "ignored, rows: 1, the first in line 5: \"NPU\"",
        "headings and skipped: 1",
        "\"stem\", and the last, \"FC\", stay dense",
    ] {
        assert!(noted(&topology, words), "{words} is not in {:#?}", topology.notes);
    }
    let topology = parse(
        "layer NAME,ifmap height,ifmap width,filter height,filter width,channels,num filter,stride height,stride width,\
         Sparsity,\nc,5,5,3,3,2,6,1,1,2:4,\n",
    );
    assert_eq!(topology.rows, [row("c", conv([5, 5, 3, 3, 2, 6, 1]), false)]);
    assert!(noted(&topology, "\"Sparsity\" is ignored: the command's --sparsity"));
}

#[test]
fn scale_sim_gemms_are_read() {
    let topology = parse("Layer,M,N,K,\nqkv,128,1536,512,\nout,128,512,512,\nup,128,768,512\n");
    let expected = [
        row("qkv", linear(128, 1536, 512), false),
        row("out", linear(128, 512, 512), true),
        row("up", linear(128, 768, 512), false),
    ];
    assert_eq!(topology.rows, expected);
    assert!(noted(&topology, "SCALE-Sim GEMM topology"));
    assert!(noted(&topology, "GEMM rows are linear layers"));
    let topology = parse("Layer Name, M, N, K, Sparsity, Batch,\na, 1, 5, 16, 1:4, 12,\n");
    let kind = MacKind::Matmul { m: 1, n: 5, k: 16, repeat: 12 };
    assert_eq!(topology.rows, [row("a", kind, false)]);
    assert!(noted(&topology, "\"Sparsity\" is ignored"));
}

#[test]
fn what_is_no_layer_table_is_refused_in_words() {
    let refused = |text: &str, words: &[&str]| {
        let error = Topology::parse("test", text.as_bytes()).unwrap_err();
        let message = error.to_string();
        for word in words {
            assert!(message.contains(word), "{message:?} does not say {word:?}");
        }
    };
    let own = |rows: &str, words: &[&str]| refused(&format!("{OWN}{rows}"), words);
    let scale = |rows: &str, words: &[&str]| refused(&format!("{CONV}{rows}"), words);
    refused("", &["the file is empty"]);
    refused("# only\n\n", &["the file is empty"]);
    refused(OWN, &["line 1: nothing follows the header"]);
    refused(
        "a,b,c\n1,2,3",
        &["line 1", "\"a,b,c\"", "name,type,H,W", "IFMAP Height", "Layer,M,N,K"],
    );
    refused("name,type,H,W\n", &["line 1", "lacks Ci, Co, Kh", "satkit layer table"]);
    refused("Layer,IFMAP Height\n", &["lacks IFMAP Width, Filter Height", "SCALE-Sim convolution"]);
    refused("M,N,K\n1,2,3", &["lacks Layer"]);
    refused("Layer,M,N,K,m\n", &["the column \"m\" twice"]);
    refused("Layer,M,N,K\na\rb,1,2,3\n", &["line 2", "carriage return", "LF or CRLF"]);
    own("a,pool,8,8,3,3,2,2,2,0,,,,1", &["line 2", "type \"pool\"", "conv, linear, matmul"]);
    own("\n\n,conv,8,8,3,16,3,3,1,1,,,,1", &["line 4: name is empty"]);
    own("a,conv,8,8,3,16,3,3,1,,,,,1", &["line 2: pad is empty", "from 0 to 31"]);
    own("a,conv,8,8,three,16,3,3,1,1,,,,1", &["line 2: Ci is \"three\"", "from 1 to 1048575"]);
    own("a,conv,8,8,-3,16,3,3,1,1,,,,1", &["Ci is \"-3\""]);
    own("a,conv,8,8,+3,16,3,3,1,1,,,,1", &["Ci is \"+3\""]);
    own("a,conv,8,8,3.0,16,3,3,1,1,,,,1", &["Ci is \"3.0\""]);
    own("a,conv,8,0,3,16,3,3,1,1,,,,1", &["W is \"0\"", "from 1 to 65535"]);
    own("a,conv,8,8,3,16,3,3,99999999999999999999999,1,,,,1", &["stride is", "from 1 to 15"]);
    own("a,conv,8,8,3,16,3,3,1,1,,,,0", &["repeat is \"0\"", "from 1 to"]);
    own("a,conv,4,8,3,16,7,3,1,1,,,,1", &["line 2", "kernel's height 7 does not fit", "at most 6"]);
    own("a,conv,8,8,3,16,3,3,1,1,63,,,1", &["M is 63", "output pixels", "accepted: 64"]);
    own("a,conv,8,8,3,16,3,3,1,1,,,,65537", &["line 2: more than 65536 rows"]);
    own("a,conv,8,8,3,16,3,3,1,1,,,,65536\nb,conv,8,8,3,16,3,3,1,1,,,,1", &["line 3: more than"]);
    own("a,conv,65535,65535,1048575,1048575,31,31,1,1,,,,1", &["line 2", "2^62"]);
    own(
        "a,linear,,,8,16,,,,,4,16,9,1",
        &["line 2: K is 9, but K of a linear layer is Ci", "accepted: 8"],
    );
    own("a,linear,,,8,16,,,,,4,17,8,1", &["N is 17", "Co", "accepted: 16"]);
    own("a,linear,7,,8,16,,,,,4,16,8,1", &["H is 7, but only conv has images"]);
    own("a,linear,,,8,16,,,,,,16,8,1", &["M is empty"]);
    own("a,matmul,,,,,,,,,0,3,4,1", &["M is \"0\""]);
    own("a,matmul,,,9,,,,,,2,3,4,1", &["Ci is 9", "accepted: 4"]);
    let huge = "a,matmul,,,,,,,,,16777215,1048575,1048575,1048576";
    own(huge, &["line 2: more than 2^62 multiply-accumulates"]);
    let large = "a,matmul,,,,,,,,,16777215,1048575,1048575,1\n".repeat(2);
    own(&large, &["more than 2^62 multiply-accumulates"]);
    scale("a,5,5,7,3,1,1,1,", &["line 2", "kernel's height 7 does not fit", "padding 0"]);
    scale("a,5,5,3,3,1,1,,", &["line 2: Strides is empty"]);
    scale("a,5,5,3,3,1,0,1,", &["Num Filter is \"0\""]);
    scale("a,5,5,3,3,1,\"2,1", &["line 2: Num Filter is \"2,1\""]);
    scale("heading,\n", &["nothing follows the header"]);
    refused("Layer,M,N,K\na,4,0,4\n", &["line 2: N is \"0\""]);
    let stride = CONV.replace("Strides", "Stride height, Stride width");
    refused(&format!("{stride}a,5,5,3,3,1,1,1,2"), &["Stride width is 2", "accepted: 1"]);
    let error = Topology::parse("test", b"Layer,M,N,K\na,1,2,\xFF\n").unwrap_err();
    assert_eq!(error, TopologyError::NotText { line: 2 });
}

#[test]
fn errors_of_files_name_the_file() {
    let missing = Topology::read("no/such/table.csv".as_ref()).unwrap_err();
    assert!(matches!(missing, HostError::Io { .. }) && missing.is_bad_input());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("net.csv");
    std::fs::write(&path, "Layer,M,N,K\na,1,2,x\n").unwrap();
    let error = Topology::read(&path).unwrap_err();
    assert!(matches!(error, HostError::Topology { .. }) && error.is_bad_input());
    let message = error.to_string();
    assert!(message.contains("net.csv: line 2: K is \"x\""), "{message}");
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in any::<Vec<u8>>(), text in any::<String>()) {
        let _ = Topology::parse("test", &bytes);
        for header in [OWN, CONV, "Layer,M,N,K,Batch,\n"] {
            let _ = Topology::parse("test", &[header.as_bytes(), &bytes].concat());
            let _ = Topology::parse("test", format!("{header}{text}").as_bytes());
        }
    }

    #[test]
    fn random_numbers_never_panic(
        kind in "conv|linear|matmul|DP",
        cells in proptest::collection::vec(prop_oneof![any::<u64>(), 0..40u64, 1..3u64], 12),
    ) {
        let cells: Vec<_> = cells.iter().map(u64::to_string).collect();
        let cells = cells.join(",");
        for text in [format!("{OWN}a,{kind},{cells}"), format!("{CONV}{kind},{cells}")] {
            if let Ok(topology) = Topology::parse("test", text.as_bytes()) {
                let macs: u64 = topology.rows.iter().map(MacRow::macs).sum();
                prop_assert!((1..=1 << 62).contains(&macs));
            }
        }
    }
}
