//! The compute core: the array with its buffers and the MM engine, and the update unit; top `core`.

use crate::HdlError;
use crate::array::{self, MmEngine};
use crate::emit::{Design, Direction, Wiring, check_stack, emit};
use crate::{memory, update};
use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};
use satkit_spec::ArrayConfig;

/// Counts the cycles in which `count` is high.
#[derive(LogicBlock, Default)]
pub struct Counter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Counts this cycle.
    pub count: Signal<In, Bit>,
    /// Cycles counted before this one.
    pub value: Signal<Out, Bits<64>>,
    counted: DFF<Bits<64>>,
    up: Signal<Local, Bits<64>>,
}

impl Logic for Counter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, counted);
        self.up.next = self.counted.q.val() + bits::<64>(1);
        if self.count.val() {
            self.counted.d.next = self.up.val();
        }
        self.value.next = self.counted.q.val();
    }
}

/// Modules that are counted by themselves when the core's size is estimated, and what they are.
pub const BLOCKS: &[(&str, &str)] = &[
    ("uspe", "one processing element"),
    ("row_edge", "one row's edge"),
    ("column_head", "one column's north edge"),
    ("column_foot", "one column's south edge"),
    ("controller", "the MM engine's controller"),
    ("update_lane", "one lane of WUVE"),
    ("update_select", "SORE's selection in one direction"),
    ("update_transpose", "SORE's turning of blocks"),
    ("update", "the rest of WUVE and SORE"),
];

/// The core of a configuration, top `core`.
///
/// `clock` is the array's, `load_clock` that of the buffers; both are one clock in hardware, with `run` high. Where the buffers are
/// to be filled while the array stands still, as a test does that has no DMA, `load_clock` goes on alone with `run` low.
///
/// # Errors
/// As [`array::check`] and [`update::design`].
pub fn design(config: &ArrayConfig) -> Result<Design, HdlError> {
    array::check(config)?;
    check_stack()?;
    let mut core = Wiring::new("core");
    for name in ["clock", "load_clock", "run"] {
        core.input(name, 1);
    }
    let engine = MmEngine::new(config);
    engine.ports(&mut core);
    for name in ["cycle_count", "mac_slots", "busy_cycles"] {
        core.output(name, 64);
    }
    // The update unit stands beside the array; its ports are the core's.
    let update = update::design(config)?;
    let mut connections: Vec<(String, String)> = Vec::new();
    for port in update.ports() {
        let name = match port.name.as_str() {
            "clock" => "clock".into(),
            name => format!("update_{name}"),
        };
        match (port.name.as_str(), port.direction) {
            ("clock", _) => {}
            (_, Direction::Input) => core.input(&name, port.width),
            (_, Direction::Output) => core.output(&name, port.width),
        }
        connections.push((port.name, name));
    }
    engine.body(&mut core);
    let connections: Vec<(&str, String)> =
        connections.iter().map(|(port, to)| (port.as_str(), to.clone())).collect();
    core.instance("update", "update", &[], &connections);
    for (counter, counts) in
        [("cycle_count", "1'b1"), ("mac_slots", "multiplies"), ("busy_cycles", "mm_busy")]
    {
        core.instance(
            "counter",
            &format!("count_{counter}"),
            &[],
            &[("clock", "clock".into()), ("count", counts.into()), ("value", counter.into())],
        );
    }
    let mut parts = array::edges();
    parts.push(emit("counter", Counter::default));
    let stce = array::stce(config)?;
    parts.push(stce);
    parts.push(array::row_bank(config));
    parts.push(update);
    let wiring = vec![
        memory::bank_ram(),
        memory::block_ram(),
        memory::small_ram(),
        memory::delay_line(),
        core.finish(),
    ];
    Ok(Design::join("core", parts, wiring))
}
