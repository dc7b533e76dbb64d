//! A small memory with a read that needs no clock.

use rust_hdl_core::prelude::*;
use std::collections::BTreeMap;

/// Memory of `2^A` words of `W` bits: written at the rising edge, read at once. It becomes LUT RAM.
#[derive(LogicBlock, Default)]
pub struct SmallRam<const A: usize, const W: usize> {
    /// Clock of writes.
    pub clock: Signal<In, Clock>,
    /// Writes at the next edge.
    pub write: Signal<In, Bit>,
    /// Word that is written.
    pub write_index: Signal<In, Bits<A>>,
    /// What is written.
    pub write_data: Signal<In, Bits<W>>,
    /// Word that is read.
    pub read_index: Signal<In, Bits<A>>,
    /// Its content, 0 if it was never written.
    pub read_data: Signal<Out, Bits<W>>,
    _content: BTreeMap<Bits<A>, Bits<W>>,
}

impl<const A: usize, const W: usize> Logic for SmallRam<A, W> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.write.val() {
            self._content.insert(self.write_index.val(), self.write_data.val());
        }
        let content = self._content.get(&self.read_index.val()).copied();
        self.read_data.next = content.unwrap_or_default();
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "\
reg [{high}:0] content [0:{last}];
wire [{high}:0] fetched = content[read_index];
integer i;
initial for (i = 0; i <= {last}; i = i + 1) content[i] = {W}'h0;

always @(posedge clock) if (write) content[write_index] <= write_data;

always @(*) read_data = fetched;",
            high = W - 1,
            last = (1 << A) - 1,
        ))
    }
}
