//! Emission on small designs: modules are merged, and the tools accept what comes out.

use crate::support::accepted_by_the_tools;
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};
use satkit_hdl::emit::{Design, emit};

/// Four registers in a row.
#[derive(Clone, Debug, Default, LogicBlock)]
struct Chain<const W: usize> {
    clock: Signal<In, Clock>,
    from: Signal<In, Bits<W>>,
    to: Signal<Out, Bits<W>>,
    stage: [DFF<Bits<W>>; 4],
}

impl<const W: usize> Logic for Chain<W> {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..4 {
            self.stage[i].clock.next = self.clock.val();
        }
        self.stage[0].d.next = self.from.val();
        for i in 1..4 {
            self.stage[i].d.next = self.stage[i - 1].q.val();
        }
        self.to.next = self.stage[3].q.val();
    }
}

/// Chains of two widths beside each other, and registers of its own.
#[derive(Clone, Debug, Default, LogicBlock)]
struct Pair {
    clock: Signal<In, Clock>,
    from: Signal<In, Bits<8>>,
    to: Signal<Out, Bits<12>>,
    wide: Signal<Local, Bits<12>>,
    left: Chain<8>,
    right: Chain<8>,
    other: Chain<12>,
    last: DFF<Bits<12>>,
}

impl Logic for Pair {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, last);
        self.left.clock.next = self.clock.val();
        self.right.clock.next = self.clock.val();
        self.other.clock.next = self.clock.val();
        self.left.from.next = self.from.val();
        self.right.from.next = self.left.to.val();
        self.wide.next = bit_cast::<12, 8>(self.right.to.val());
        self.other.from.next = self.wide.val() + bits::<12>(3);
        self.last.d.next = self.other.to.val();
        self.to.next = self.last.q.val();
    }
}

/// Chains in a row, from west to east.
#[derive(Clone, Debug, Default, LogicBlock)]
struct Row {
    clock: Signal<In, Clock>,
    from: Signal<In, Bits<8>>,
    to: Signal<Out, Bits<8>>,
    cell: [Chain<8>; 16],
}

impl Logic for Row {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..16 {
            self.cell[i].clock.next = self.clock.val();
        }
        self.cell[0].from.next = self.from.val();
        for i in 1..16 {
            self.cell[i].from.next = self.cell[i - 1].to.val();
        }
        self.to.next = self.cell[15].to.val();
    }
}

/// Rows one after the other.
#[derive(Clone, Debug, Default, LogicBlock)]
struct Grid {
    clock: Signal<In, Clock>,
    from: Signal<In, Bits<8>>,
    to: Signal<Out, Bits<8>>,
    row: [Row; 16],
}

impl Logic for Grid {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..16 {
            self.row[i].clock.next = self.clock.val();
        }
        self.row[0].from.next = self.from.val();
        for i in 1..16 {
            self.row[i].from.next = self.row[i - 1].to.val();
        }
        self.to.next = self.row[15].to.val();
    }
}

/// A box from elsewhere, twice.
#[derive(Clone, Debug, Default, LogicBlock)]
struct Inverter {
    from: Signal<In, Bit>,
    to: Signal<Out, Bit>,
}

impl Logic for Inverter {
    fn update(&mut self) {
        self.to.next = !self.from.val();
    }

    fn connect(&mut self) {
        self.to.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Blackbox(BlackBox {
            code:
                "module inverter(input wire from, output wire to);\nassign to = ~from;\nendmodule"
                    .into(),
            name: "inverter".into(),
        })
    }
}

#[derive(Clone, Debug, Default, LogicBlock)]
struct Twice {
    from: Signal<In, Bit>,
    to: Signal<Out, Bit>,
    first: Inverter,
    second: Inverter,
}

impl Logic for Twice {
    #[hdl_gen]
    fn update(&mut self) {
        self.first.from.next = self.from.val();
        self.second.from.next = self.first.to.val();
        self.to.next = self.second.to.val();
    }
}

fn names(design: &Design) -> Vec<&str> {
    design.modules().iter().map(|module| module.name.as_str()).collect()
}

#[test]
fn an_array_of_registers_is_one_module() {
    let design = emit("chain", Chain::<8>::default);
    assert_eq!(names(&design), ["chain_dff_8", "chain"]);
    let top = &design.modules()[1].text;
    assert_eq!(top.matches("chain_dff_8 stage$").count(), 4, "{top}");
    assert_eq!(top.matches(".clock(clock)").count(), 4, "{top}");
}

#[test]
fn kinds_are_merged_from_the_leaves_up() {
    let design = emit("pair", Pair::default);
    assert_eq!(
        names(&design),
        ["pair_dff_8", "pair_left", "pair_dff_12", "pair_other", "pair"],
        "{}",
        design.text()
    );
    let top = &design.modules()[4].text;
    for instance in
        ["pair_left left(", "pair_left right(", "pair_other other(", "pair_dff_12 last("]
    {
        assert_eq!(top.matches(instance).count(), 1, "{instance} in {top}");
    }
    assert!(top.contains("wide = {4'h0, right$to};"), "{top}");
    assert!(top.contains("other$from = wide + 12'h3;"), "{top}");
}

#[test]
fn a_grid_of_256_cells_is_four_modules() {
    let design = emit("grid", Grid::default);
    assert_eq!(names(&design), ["grid_dff_8", "grid_cell", "grid_row", "grid"]);
    assert_eq!(design.modules()[2].text.matches("    grid_cell cell$").count(), 16);
}

#[test]
fn the_text_does_not_change_from_run_to_run() {
    assert_eq!(emit("pair", Pair::default), emit("pair", Pair::default));
}

#[test]
fn a_black_box_is_declared_once() {
    let design = emit("twice", Twice::default);
    assert_eq!(names(&design), ["inverter", "twice"], "{}", design.text());
}

#[test]
fn files_are_one_per_module_and_a_list() {
    let directory = tempfile::tempdir().unwrap();
    let list = emit("pair", Pair::default).write_to(directory.path()).unwrap();
    assert_eq!(list.file_name().unwrap(), "pair.f");
    let list = std::fs::read_to_string(list).unwrap();
    assert_eq!(list, "pair_dff_8.v\npair_left.v\npair_dff_12.v\npair_other.v\npair.v\n");
    for file in list.lines() {
        let text = std::fs::read_to_string(directory.path().join(file)).unwrap();
        assert_eq!(text.matches("endmodule").count(), 1, "{file}");
    }
}

fn designs() -> [Design; 4] {
    [
        emit("chain", Chain::<1>::default),
        emit("pair", Pair::default),
        emit("grid", Grid::default),
        emit("twice", Twice::default),
    ]
}

accepted_by_the_tools!(designs);
