//! Prints the speed of the MAC kernels on ResNet-18's layers: `cargo bench -p satkit-sim [-- --quick] [-- --all-isas]`.
//! The instruction set is the fastest, or the one named in `SATKIT_ISA`.

use satkit_sim::{Isa, bench};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut isas = vec![Isa::chosen()];
    let mut quick = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => quick = true,
            "--all-isas" => isas = Isa::available().collect(),
            // Cargo adds it.
            "--bench" => {}
            other => {
                eprintln!("option {other:?} is unknown; accepted: --quick, --all-isas");
                return ExitCode::from(2);
            }
        }
    }
    for isa in isas {
        match bench::resnet18(isa, quick) {
            Ok(report) => println!("{report}\n"),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}
