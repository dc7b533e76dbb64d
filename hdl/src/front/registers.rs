//! How the register window is wired: one block per register of [`regs::MAP`].

use crate::emit::{Design, Module, Wiring, emit, side_by_side};
use crate::front::lite::LitePort;
use crate::front::word::{Control, Holds, Pair, Shows, Status};
use crate::front::{NEWS, ORDERS};
use satkit_spec::regs::{self, Register, control, status};
use satkit_spec::{ArrayConfig, CONTRACT_VERSION, contract_hash, memory_map};

/// The blocks of the window.
pub(super) fn parts() -> Vec<Design> {
    vec![
        emit("front_lite_port", LitePort::default),
        emit("front_shows", Shows::default),
        emit("front_holds", Holds::default),
        emit("front_pair", Pair::default),
        emit("front_status", Status::default),
        emit("front_control", Control::default),
    ]
}

/// Signals of the AXI4-Lite port that the master drives, with their bits.
const LITE_MASTER: [(&str, usize); 9] = [
    ("awaddr", ADDRESS_BITS),
    ("awvalid", 1),
    ("wdata", 32),
    ("wstrb", 4),
    ("wvalid", 1),
    ("bready", 1),
    ("araddr", ADDRESS_BITS),
    ("arvalid", 1),
    ("rready", 1),
];
/// Those that the slave drives.
const LITE_SLAVE: [(&str, usize); 8] = [
    ("awready", 1),
    ("wready", 1),
    ("bresp", 2),
    ("bvalid", 1),
    ("arready", 1),
    ("rdata", 32),
    ("rresp", 2),
    ("rvalid", 1),
];

/// Whether a port of the window is of AXI4-Lite.
pub(super) fn is_lite(port: &str) -> bool {
    LITE_MASTER.iter().chain(&LITE_SLAVE).any(|&(name, _)| name == port)
}

/// Bits of an address in the window.
const ADDRESS_BITS: usize = regs::WINDOW_BYTES.ilog2() as usize;
/// Bits of a word's number.
const WORD_BITS: usize = ADDRESS_BITS - 2;

/// Whence a register has what it shows.
enum Source {
    /// It holds what was written; cleared by `1'b0`-like text of this signal.
    Held { clear: &'static str, has: u32 },
    /// A value of the core, the board or the configuration.
    Shown(String),
    /// The low word of a counter, whose high word is the next register.
    Counter(&'static str),
    /// What is shown with the register before.
    HighWord,
    /// It has a block of its own.
    Own,
}

/// All bits of `STATUS`.
fn status_bits() -> u32 {
    status::BITS.iter().fold(0, |bits, (_, bit, _)| bits | 1 << bit)
}

fn hexadecimal(value: u32) -> String {
    format!("32'h{value:x}")
}

/// Everything of the window, so that a register that is new is not forgotten.
fn source(register: &Register, config: &ArrayConfig) -> Source {
    let shown = |text: &str| Source::Shown(text.into());
    match *register {
        regs::IDENTITY_MAGIC => Source::Shown(hexadecimal(regs::MAGIC)),
        regs::CONTRACT_VERSION => Source::Shown(hexadecimal(CONTRACT_VERSION)),
        regs::CONTRACT_HASH => Source::Shown(hexadecimal(contract_hash().first_word())),
        regs::CONFIGURATION_HASH => Source::Shown(hexadecimal(config.hash_word())),
        regs::GIT_HASH => shown("git_hash"),
        regs::BUILD_DATE => shown("build_date"),
        regs::DDR_CALIBRATED => {
            let channels = memory_map::CHANNELS as usize;
            Source::Shown(format!("{{{}'h0, ddr_calibrated}}", 32 - channels))
        }
        regs::SCRATCH | regs::WATCHDOG_CYCLES => Source::Held { clear: "reset", has: u32::MAX },
        regs::CYCLES_LOW => Source::Counter("cycles"),
        regs::JOB_CYCLES_LOW => Source::Counter("job_cycles"),
        regs::CYCLES_HIGH | regs::JOB_CYCLES_HIGH => Source::HighWord,
        regs::CONTROL | regs::STATUS => Source::Own,
        regs::INTERRUPT_ENABLE => Source::Held { clear: "clear", has: status_bits() },
        regs::PROGRAM_LOW | regs::PROGRAM_HIGH | regs::PROGRAM_LENGTH => {
            Source::Held { clear: "clear", has: u32::MAX }
        }
        regs::FAULT_INSTRUCTION => shown("fault_index"),
        regs::RUNNING => shown("{31'h0, busy}"),
        regs::RETIRED => shown("retired"),
        regs::FAULT_ADDRESS_LOW => shown("fault_address[31:0]"),
        regs::FAULT_ADDRESS_HIGH => shown("fault_address[63:32]"),
        Register { name, .. } => panic!("the register {name} has no block in the window"),
    }
}

fn own(name: &str) -> (&str, String) {
    (name, name.to_owned())
}

fn word(register: &Register) -> String {
    format!("{WORD_BITS}'h{:x}", register.offset / 4)
}

/// The window of a configuration: AXI4-Lite on one side, the core's wishes and news on the other.
pub(super) fn window(config: &ArrayConfig) -> Module {
    let mut text = Wiring::new("registers");
    text.input("clock", 1);
    text.input("reset", 1);
    LITE_MASTER.iter().for_each(|&(name, bits)| text.input(name, bits));
    LITE_SLAVE.iter().for_each(|&(name, bits)| text.output(name, bits));
    for (name, bits) in [
        ("git_hash", 32),
        ("build_date", 32),
        ("ddr_calibrated", memory_map::CHANNELS as usize),
        ("cycles", 64),
    ] {
        text.input(name, bits);
    }
    NEWS.iter().for_each(|&(name, bits)| text.input(name, bits));
    text.output("signals", 1);
    ORDERS.iter().for_each(|&(name, bits)| text.output(name, bits));
    port(&mut text);
    text.value("clear", 1, "reset | reset_done");
    let is_held = |register: &&Register| matches!(source(register, config), Source::Held { .. });
    let held = regs::MAP.iter().filter(is_held).chain([&regs::STATUS]);
    held.for_each(|register| text.wire(&value(register), 32));
    let shown: Vec<String> =
        regs::MAP.iter().filter_map(|register| block(&mut text, register, config)).collect();
    text.assign("read_data", &shown.join(" | "));
    text.assign(
        "program_address",
        &format!("{{{}, {}}}", value(&regs::PROGRAM_HIGH), value(&regs::PROGRAM_LOW)),
    );
    text.assign("length", &value(&regs::PROGRAM_LENGTH));
    text.assign("watchdog_cycles", &value(&regs::WATCHDOG_CYCLES));
    text.finish()
}

/// The wire of what a register holds.
fn value(register: &Register) -> String {
    format!("value_{}", register.name.to_lowercase())
}

fn port(text: &mut Wiring) {
    for (name, bits) in [
        ("write", 1),
        ("write_word", WORD_BITS),
        ("write_data", 32),
        ("write_mask", 32),
        ("read", 1),
        ("read_word", WORD_BITS),
        ("read_data", 32),
    ] {
        text.wire(name, bits);
    }
    // Words are read and written whole; which bytes of them, the strobes say.
    text.value(
        "unused_addresses",
        4,
        &side_by_side(["awaddr[1:0]", "araddr[1:0]"].map(String::from).into_iter()),
    );
    let whole = |name: &'static str| match name {
        "awaddr" | "araddr" => (name, format!("{name}[{}:2]", ADDRESS_BITS - 1)),
        _ => own(name),
    };
    let mut connections: Vec<_> =
        LITE_MASTER.iter().chain(&LITE_SLAVE).map(|&(name, _)| whole(name)).collect();
    connections.extend([own("clock"), own("reset"), ("hold", "resetting".into())]);
    connections.extend(
        ["write", "write_word", "write_data", "write_mask", "read", "read_word", "read_data"]
            .map(own),
    );
    text.instance("front_lite_port", "port", &[], &connections);
}

/// Wires up a register; gives the wire that it shows itself on, if it has one of its own.
fn block(text: &mut Wiring, register: &Register, config: &ArrayConfig) -> Option<String> {
    let name = register.name.to_lowercase();
    let shown = format!("shown_{name}");
    let at = ("word", word(register));
    let writes = ["write", "write_word", "write_data", "write_mask"].map(own);
    let shows = |text: &mut Wiring, of: String| {
        text.wire(&shown, 32);
        let connections = [at.clone(), own("read_word"), ("value", of), ("shown", shown.clone())];
        text.instance("front_shows", &format!("shows_{name}"), &[], &connections);
    };
    match source(register, config) {
        Source::Held { clear, has } => {
            let value = value(register);
            let mut connections =
                vec![own("clock"), ("clear", clear.into()), at.clone(), ("has", hexadecimal(has))];
            connections.extend(writes);
            connections.push(("value", value.clone()));
            text.instance("front_holds", &format!("holds_{name}"), &[], &connections);
            shows(text, value);
        }
        Source::Shown(of) => shows(text, of),
        Source::Counter(of) => {
            text.wire(&shown, 32);
            let high = regs::MAP.iter().find(|high| high.offset == register.offset + 4);
            let high = high.expect("a counter has two words");
            let connections = [
                own("clock"),
                own("reset"),
                ("low", word(register)),
                ("high", word(high)),
                own("read"),
                own("read_word"),
                ("value", of.into()),
                ("shown", shown.clone()),
            ];
            text.instance("front_pair", &format!("pair_{name}"), &[], &connections);
        }
        Source::Own if *register == regs::STATUS => {
            let value = value(register);
            let mut connections = vec![own("clock"), own("clear"), at.clone()];
            connections.extend(writes);
            connections.extend([
                own("raised"),
                ("enable", self::value(&regs::INTERRUPT_ENABLE)),
                ("value", value.clone()),
                own("signals"),
            ]);
            text.instance("front_status", "status", &[], &connections);
            shows(text, value);
        }
        Source::Own => {
            let mut connections = vec![own("clock"), own("reset"), at];
            connections.extend([
                ("start_bit", hexadecimal(control::START)),
                ("cancel_bit", hexadecimal(control::CANCEL)),
                ("reset_bit", hexadecimal(control::RESET)),
            ]);
            connections.extend(writes);
            connections.extend(["reset_done", "start", "cancel", "resetting"].map(own));
            text.instance("front_control", "control", &[], &connections);
            return None;
        }
        Source::HighWord => return None,
    }
    Some(shown)
}
