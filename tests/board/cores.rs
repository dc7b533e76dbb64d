//! Pins of the vendor's cores, as far as the recipe may connect them, from the tables of ports of PG195 (XDMA), PG150 (DDR4),
//! PG247 (SmartConnect), PG065 (Clocking Wizard), PG164 (Processor System Reset), PB040 (Constant), PB041 (Concat), PB043 (Utility
//! Buffer) and PB046 (Utility Vector Logic). Widths of DDR4's own signals are from the board file that vcu1525.toml names.

use std::collections::BTreeMap;

/// A wire: core, pin, direction, bits. A signal of an interface, after a dot, and its port in the end. Bits may be a property's.
const WIRES: &str = "
    xdma sys_clk input 1
    xdma sys_clk_gt input 1
    xdma sys_rst_n input 1
    xdma axi_aclk output 1
    xdma axi_aresetn output 1
    xdma usr_irq_req input xdma_num_usr_irq
    xdma pcie_mgt.rxp input pl_link_cap_max_link_width pci_exp_rxp
    xdma pcie_mgt.rxn input pl_link_cap_max_link_width pci_exp_rxn
    xdma pcie_mgt.txp output pl_link_cap_max_link_width pci_exp_txp
    xdma pcie_mgt.txn output pl_link_cap_max_link_width pci_exp_txn
    ddr4 sys_rst input 1
    ddr4 c0_ddr4_ui_clk output 1
    ddr4 c0_ddr4_ui_clk_sync_rst output 1
    ddr4 c0_ddr4_aresetn input 1
    ddr4 c0_init_calib_complete output 1
    ddr4 C0_SYS_CLK.clk_p input 1 c0_sys_clk_p
    ddr4 C0_SYS_CLK.clk_n input 1 c0_sys_clk_n
    ddr4 C0_DDR4.act_n output 1 c0_ddr4_act_n
    ddr4 C0_DDR4.adr output 17 c0_ddr4_adr
    ddr4 C0_DDR4.ba output 2 c0_ddr4_ba
    ddr4 C0_DDR4.bg output 2 c0_ddr4_bg
    ddr4 C0_DDR4.ck_c output 1 c0_ddr4_ck_c
    ddr4 C0_DDR4.ck_t output 1 c0_ddr4_ck_t
    ddr4 C0_DDR4.cke output 1 c0_ddr4_cke
    ddr4 C0_DDR4.cs_n output 1 c0_ddr4_cs_n
    ddr4 C0_DDR4.dq inout C0.DDR4_DataWidth c0_ddr4_dq
    ddr4 C0_DDR4.dqs_c inout 18 c0_ddr4_dqs_c
    ddr4 C0_DDR4.dqs_t inout 18 c0_ddr4_dqs_t
    ddr4 C0_DDR4.odt output 1 c0_ddr4_odt
    ddr4 C0_DDR4.par output 1 c0_ddr4_parity
    ddr4 C0_DDR4.reset_n output 1 c0_ddr4_reset_n
    smartconnect aresetn input 1
    clk_wiz clk_in1 input 1
    clk_wiz resetn input 1
    clk_wiz clk_out1 output 1
    clk_wiz locked output 1
    proc_sys_reset slowest_sync_clk input 1
    proc_sys_reset ext_reset_in input 1
    proc_sys_reset dcm_locked input 1
    proc_sys_reset peripheral_reset output 1
    proc_sys_reset peripheral_aresetn output 1
    proc_sys_reset interconnect_aresetn output 1
    util_ds_buf CLK_IN_D.clk_p input 1 IBUF_DS_P
    util_ds_buf CLK_IN_D.clk_n input 1 IBUF_DS_N
    util_ds_buf IBUF_OUT output 1
    util_ds_buf IBUF_DS_ODIV2 output 1
    util_vector_logic Op1 input C_SIZE
    util_vector_logic Res output C_SIZE
    xlconstant dout output CONST_WIDTH
    xlconcat dout output NUM_PORTS";

/// An AXI4 interface: core, pin, side, bits of identifiers, of addresses and of data, its ports' prefix, what it is without.
const INTERFACES: &str = "
    xdma M_AXI master 4 64 axi_data_width m_axi awqos arqos
    xdma M_AXI_LITE master 0 32 32 m_axil awqos arqos awlen awsize awburst awlock awcache wlast arlen arsize arburst arlock arcache rlast
    ddr4 C0_DDR4_S_AXI slave 1 C0.DDR4_AxiAddressWidth C0.DDR4_AxiDataWidth c0_ddr4_s_axi";

/// Signals of AXI4 and their bits, of those that a master drives and of those that a slave does.
const AXI4: [&str; 2] = [
    "awid=ID awaddr=ADDRESS awlen=8 awsize=3 awburst=2 awlock=1 awcache=4 awprot=3 awqos=4 awvalid=1 \
     wdata=DATA wstrb=BYTES wlast=1 wvalid=1 bready=1 \
     arid=ID araddr=ADDRESS arlen=8 arsize=3 arburst=2 arlock=1 arcache=4 arprot=3 arqos=4 arvalid=1 rready=1",
    "awready=1 wready=1 bid=ID bresp=2 bvalid=1 arready=1 rid=ID rdata=DATA rresp=2 rlast=1 rvalid=1",
];

/// A port of a module: its direction as Verilog says it.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) direction: String,
    pub(crate) bits: usize,
}

/// The ports behind what a block design connects as one, by signal; a wire has one, whose signal has no name.
pub(crate) type Ports = BTreeMap<String, Port>;

/// What a slave reads and a master need not have: it is 0 then (AMBA AXI4 specification, default signal values).
pub(crate) fn may_be_zero(signal: &str) -> bool {
    let of = |channel: &str| signal.strip_prefix(channel);
    of("aw").or(of("ar")).is_some_and(|s| ["id", "lock", "cache", "prot", "qos"].contains(&s))
}

/// True if the core works without the pin: outputs, and an input that is inactive when open (PG164).
pub(crate) fn may_stay_open(kind: &str, pin: &str) -> bool {
    core_of(kind) == "proc_sys_reset" && !["slowest_sync_clk", "ext_reset_in"].contains(&pin)
}

fn core_of(kind: &str) -> &str {
    kind.trim_start_matches("xilinx.com:ip:").split(':').next().unwrap()
}

/// The vendor's cores have a version, our modules have none.
pub(crate) fn is_vendors(kind: &str) -> bool {
    kind.starts_with("xilinx.com:")
}

fn axi4(prefix: &str, side: &str, id: usize, address: usize, data: usize) -> Ports {
    let mut ports = Ports::new();
    for (signals, driver) in AXI4.into_iter().zip(["master", "slave"]) {
        for (signal, bits) in signals.split_whitespace().map(|s| s.split_once('=').unwrap()) {
            let bits = match bits {
                "ID" => id,
                "ADDRESS" => address,
                "DATA" => data,
                "BYTES" => data / 8,
                bits => bits.parse().unwrap(),
            };
            let direction = if driver == side { "output" } else { "input" }.to_owned();
            if bits > 0 {
                let name = format!("{prefix}_{signal}");
                ports.insert(signal.to_owned(), Port { name, direction, bits });
            }
        }
    }
    ports
}

/// A side of a SmartConnect, S00_AXI and so on. Its signals and widths are "determined by the tools based on system connectivity"
/// (PG247): they are those of the `other` end of its bus. It has no identifiers for a slave (PG247, feature comparison).
pub(crate) fn fitted(pin: &str, other: Option<&Ports>) -> Ports {
    let is_slave = pin.starts_with('S');
    let mut ports =
        axi4(pin, if is_slave { "slave" } else { "master" }, usize::from(is_slave), 64, 512);
    if let Some(other) = other {
        ports.retain(|signal, _| other.contains_key(signal));
        ports.iter_mut().for_each(|(signal, port)| port.bits = other[signal].bits);
    }
    ports
}

/// Pins of a core with these properties; a side of a SmartConnect is `None` until it is fitted.
pub(crate) fn pins(
    kind: &str,
    properties: &BTreeMap<String, String>,
) -> BTreeMap<String, Option<Ports>> {
    let core = core_of(kind);
    let number = |text: &str| {
        let text = properties.get(text).map_or(text, String::as_str);
        text.trim_matches(|c: char| !c.is_ascii_digit()).parse::<usize>().unwrap()
    };
    let rows = |table: &'static str| {
        let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        rows.filter(move |row| row.first() == Some(&core))
    };
    let mut pins: BTreeMap<String, Option<Ports>> = BTreeMap::new();
    for row in rows(WIRES) {
        let (pin, signal) = row[1].split_once('.').unwrap_or((row[1], ""));
        let name = (*row.get(4).unwrap_or(&pin)).to_owned();
        let port = Port { name, direction: row[2].to_owned(), bits: number(row[3]) };
        pins.entry(pin.to_owned())
            .or_default()
            .get_or_insert_default()
            .insert(signal.to_owned(), port);
    }
    for row in rows(INTERFACES) {
        let [id, address, data] = [3, 4, 5].map(|column| number(row[column]));
        let mut ports = axi4(row[6], row[2], id, address, data);
        ports.retain(|signal, _| !row[7..].contains(&signal.as_str()));
        pins.insert(row[1].to_owned(), Some(ports));
    }
    let input = |name: String| {
        let port = Port { name: name.clone(), direction: "input".to_owned(), bits: 1 };
        (name, Some(Ports::from([(String::new(), port)])))
    };
    if core == "smartconnect" {
        pins.extend((0..number("NUM_SI")).map(|k| (format!("S{k:02}_AXI"), None)));
        pins.extend((0..number("NUM_MI")).map(|k| (format!("M{k:02}_AXI"), None)));
        let clock = |k| if k == 0 { "aclk".to_owned() } else { format!("aclk{k}") };
        let clocks = properties.get("NUM_CLKS").map_or(1, |count| count.parse().unwrap());
        pins.extend((0..clocks).map(|k| input(clock(k))));
    }
    if core == "xlconcat" {
        pins.extend((0..number("NUM_PORTS")).map(|k| input(format!("In{k}"))));
    }
    assert!(!pins.is_empty(), "{kind} has no table of pins");
    pins
}
