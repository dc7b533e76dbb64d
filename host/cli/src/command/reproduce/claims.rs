//! What the paper says, and what is assumed to compare with it.

/// A claim of the paper: arXiv 2309.13015, abstract.
pub(super) struct Claim {
    pub(super) what: &'static str,
    pub(super) paper: &'static str,
}

/// The average speed-up that the paper reports.
pub(super) const PAPER_SPEEDUP: f64 = 1.75;

pub(super) const SPEEDUP: Claim = Claim {
    what: "average speed-up of BDWP 2:8 over dense training",
    paper: "1.75x, on a Xilinx VCU1525",
};

/// Claims that simulation cannot check.
pub(super) const NOT_SIMULATED: &[Claim] = &[
    Claim {
        what: "accuracy loss of BDWP 2:8, average",
        paper: "0.56 %; `satkit train` measures it on the data sets that one has",
    },
    Claim {
        what: "energy, and comparisons with other accelerators",
        paper: "2.97 to 25.22 times the throughput and 1.36 to 3.58 times the energy efficiency of earlier FPGA accelerators; there is no power model and no other accelerator here",
    },
];

/// What the comparison rests on.
pub(super) const ASSUMPTIONS: &[&str] = &[
    "The paper's abstract is its public text in full; networks, batch sizes and layer shapes are those of \
     `host/networks`, which are the usual ones of these names. The paper's own may differ.",
    "The machine is this project's design of SAT (`docs/machine.md`), 32 x 32 USPEs at 200 MHz. It has not been placed \
     on a device yet, and no card has run it.",
    "Both runs are whole training steps: forward, backward, weight gradients, updates, batch norm, pooling, residuals, \
     softmax and loss. Weight gradients are dense in both, so the ceiling for these networks is about 1.96x.",
    "Dense runs use the same machine, the same scheduler and the same memory. The first and the last layer and \
     attention's products stay dense in both.",
    "Elementwise work runs on 32 lanes beside the array, or at its drain; operand weights of the next step are made during the \
     update. Uploads of images overlap the step before and are not in the cycles.",
    "Exact sums of channels go from the drain to the elementwise unit without a charge; what is computed of them, read and written is charged.",
];
