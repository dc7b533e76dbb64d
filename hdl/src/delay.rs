//! A shift register.

use rust_hdl_core::prelude::*;
use std::collections::VecDeque;

/// `W` bits, `D` edges later. It becomes shift register LUTs.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Delay<const W: usize, const D: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// What comes in.
    pub d: Signal<In, Bits<W>>,
    /// What came in `D` edges ago; 0 before.
    pub q: Signal<Out, Bits<W>>,
    _stages: VecDeque<Bits<W>>,
}

impl<const W: usize, const D: usize> Logic for Delay<W, D> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self._stages.push_back(self.d.val());
            if self._stages.len() == D {
                self.q.next = self._stages.pop_front().unwrap_or_default();
            }
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        assert!(D >= 2, "a delay of {D} edges; accepted: at least 2");
        Verilog::Custom(format!(
            "\
reg [{high}:0] stages;
initial stages = {all}'h0;

always @(posedge clock) stages <= {{stages[{kept}:0], d}};

always @(*) q = stages[{high}:{low}];",
            all = W * D,
            high = W * D - 1,
            kept = W * (D - 1) - 1,
            low = W * (D - 1),
        ))
    }
}
