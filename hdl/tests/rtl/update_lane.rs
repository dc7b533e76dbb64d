//! One lane of the update unit at three levels: the update as `docs/contract-elementwise.md` writes it in plain Rust, RustHDL's
//! simulation, and the emitted Verilog under Verilator.

use crate::support::{Bench, Random, accepted_by_the_tools};
use crate::verilog::has_verilog_tool;
use rust_hdl_core::prelude::*;
use satkit_hdl::emit::{Design, emit};
use satkit_hdl::update::lane::UpdateLane;
use satkit_spec::ArrayConfig;

/// What is held during a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sgd {
    pub(crate) inverse_loss_scale: f32,
    pub(crate) lambda: f32,
    pub(crate) weight_decay: f32,
    pub(crate) momentum: f32,
    pub(crate) learning_rate: f32,
    pub(crate) skip: bool,
}

impl Sgd {
    pub(crate) fn words(&self) -> [u32; 5] {
        [self.inverse_loss_scale, self.lambda, self.weight_decay, self.momentum, self.learning_rate]
            .map(f32::to_bits)
    }

    /// Settings of all kinds: terms that are left out, zeros of both signs, large and tiny ones.
    pub(crate) fn any(random: &mut Random) -> Self {
        let mut setting = |usual: f32| match random.below(8) {
            0 | 1 => 0.0,
            2 => -0.0,
            3 => {
                let bits = random.single();
                let finite = f32::from_bits(bits & 0xBFFF_FFFF);
                if finite.is_finite() { finite } else { -usual }
            }
            _ => usual,
        };
        let lambda = setting(2e-4);
        let weight_decay = setting(5e-4);
        let momentum = setting(0.9);
        let learning_rate = setting(0.1);
        let inverse_loss_scale = f32::from_bits((127 - random.below(25) as u32) << 23);
        let skip = random.below(16) == 0;
        Self { inverse_loss_scale, lambda, weight_decay, momentum, learning_rate, skip }
    }

    /// The new weight and momentum.
    pub(crate) fn update(&self, dw: u32, w: u32, v: u32, decays: bool) -> [u32; 2] {
        if self.skip {
            return [w, v];
        }
        let [dw, w, v] = [dw, w, v].map(f32::from_bits);
        let mut g = dw * self.inverse_loss_scale;
        if decays {
            let term = self.lambda * w;
            g += term;
        }
        if self.weight_decay != 0.0 {
            let term = self.weight_decay * w;
            g += term;
        }
        let kept = self.momentum * v;
        let v = kept + g;
        let step = self.learning_rate * v;
        let w = w - step;
        [w, v].map(|value| if value.is_nan() { 0x7FC0_0000 } else { value.to_bits() })
    }
}

/// Gradient, weight and momentum that meet: the gradient is scaled, and sometimes cancels the momentum.
pub(crate) fn weight(random: &mut Random, sgd: &Sgd) -> [u32; 3] {
    match random.below(8) {
        0 => std::array::from_fn(|_| random.single()),
        1 => {
            // Zeros of both signs, where a term that is added instead of left out would tell.
            let mut zero = || (random.next() as u32 & 1) << 31;
            [zero(), zero(), zero()]
        }
        2 => {
            let [g, v] = random.terms();
            [g, random.single(), v]
        }
        kind => {
            let near = |random: &mut Random, exponent: u32| {
                let bits = random.next() as u32;
                bits & 0x807F_FFFF | (exponent + random.below(12) as u32) << 23
            };
            let v = near(random, 115);
            let w = near(random, 118);
            let g = if kind == 3 {
                (-(sgd.momentum * f32::from_bits(v))).to_bits().wrapping_add(random.below(3) as u32)
            } else {
                near(random, 112)
            };
            let scale = (127 - (sgd.inverse_loss_scale.to_bits() >> 23)) << 23;
            let scaled = if (g >> 23 & 0xFF) > 0 { g.wrapping_add(scale) } else { g };
            [scaled, w, v]
        }
    }
}

/// Runs of `length` weights under settings of their own; a weight is dw, w, v, decays, new w, new v.
fn runs(seed: u64, length: usize) -> impl Iterator<Item = (Sgd, Vec<[u32; 6]>)> + Send {
    let mut random = Random(seed);
    std::iter::repeat_with(move || {
        let sgd = Sgd::any(&mut random);
        let weights = std::iter::repeat_with(|| {
            let [dw, w, v] = weight(&mut random, &sgd);
            let decays = random.below(2) == 0;
            let [new_w, new_v] = sgd.update(dw, w, v, decays);
            [dw, w, v, u32::from(decays), new_w, new_v]
        });
        let weights = weights.take(length).collect();
        (sgd, weights)
    })
}

fn designs() -> [Design; 1] {
    [emit("update_lane", UpdateLane::default)]
}

#[test]
fn latency_is_that_of_the_configurations() {
    for config in ArrayConfig::all() {
        assert_eq!(config.wuve_latency_cycles, UpdateLane::LATENCY_CYCLES);
    }
}

#[test]
fn a_lane_in_rusthdl() {
    let mut lane = UpdateLane::default();
    lane.connect_all();
    let bit = |value: u32| value == 1;
    for (sgd, weights) in runs(1, 400).take(12) {
        let [inverse_loss_scale, lambda, weight_decay, momentum, learning_rate] = sgd.words();
        lane.inverse_loss_scale.next = u64::from(inverse_loss_scale).to_bits();
        lane.lambda.next = u64::from(lambda).to_bits();
        lane.weight_decay.next = u64::from(weight_decay).to_bits();
        lane.momentum.next = u64::from(momentum).to_bits();
        lane.learning_rate.next = u64::from(learning_rate).to_bits();
        lane.skip.next = sgd.skip;
        for cycle in 0..weights.len() + UpdateLane::LATENCY_CYCLES {
            let [dw, w, v, ..] = weights.get(cycle).copied().unwrap_or_default();
            lane.dw.next = u64::from(dw).to_bits();
            lane.w.next = u64::from(w).to_bits();
            lane.v.next = u64::from(v).to_bits();
            let late = cycle.checked_sub(UpdateLane::DECAYS_AFTER_CYCLES);
            lane.decays.next = late.and_then(|at| weights.get(at)).is_some_and(|w| bit(w[3]));
            lane.clock.next = Clock { clk: false };
            assert!(simulate(&mut lane, 200));
            if let Some(at) = cycle.checked_sub(UpdateLane::LATENCY_CYCLES) {
                let got = [lane.new_w.val().to_u32(), lane.new_v.val().to_u32()];
                assert_eq!(got, weights[at][4..], "{sgd:?}, {:08x?}", weights[at]);
            }
            lane.clock.next = Clock { clk: true };
            assert!(simulate(&mut lane, 200));
        }
    }
}

fn verdict(bench: &Bench, runs: impl Iterator<Item = (Sgd, Vec<[u32; 6]>)> + Send) -> String {
    let output = bench.run(|input| {
        for (sgd, weights) in runs {
            let settings = [u32::from(sgd.skip), weights.len() as u32, 0];
            let words = sgd.words().into_iter().chain(settings);
            for word in words.chain(weights.into_iter().flatten()) {
                input.write_all(&word.to_le_bytes()).unwrap();
            }
        }
    });
    String::from_utf8(output).unwrap().trim().to_owned()
}

#[test]
fn a_lane_in_verilog() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let flags = format!(
        "-O2 -DLATENCY={} -DDECAYS_AFTER={}",
        UpdateLane::LATENCY_CYCLES,
        UpdateLane::DECAYS_AFTER_CYCLES
    );
    let bench = Bench::build(&designs()[0], "update_lane.cpp", &flags);
    assert_eq!(verdict(&bench, runs(1, 400).take(12)), "0 of 4800 wrong");
    let (count, length) = (5_000, 2_048);
    let all = count * length;
    assert_eq!(verdict(&bench, runs(2, length).take(count)), format!("0 of {all} wrong"));
    // The bench itself sees a wrong bit, in the last of a run too.
    let spoilt = runs(1, 400).take(2).map(|(sgd, mut weights)| {
        weights[399][5] ^= 1;
        (sgd, weights)
    });
    assert!(verdict(&bench, spoilt).ends_with("2 of 800 wrong"));
}

accepted_by_the_tools!(designs);
