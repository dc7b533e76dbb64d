//! The block design that the recipe makes: cores, their pins, addresses.

use crate::cores::{self, is_vendors};
use crate::recipe::{built, tcl};
use crate::recorded::Run;
use satkit_host::bitstream::Board;
use satkit_spec::{memory_map, regs};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn cores_have_their_versions_and_properties() {
    if !tcl() {
        return;
    }
    let (_build, run) = built();
    let cells = run.cells();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, _) in cells.values() {
        *kinds.entry(kind.strip_prefix("xilinx.com:ip:").unwrap_or(kind)).or_default() += 1;
    }
    let expected = [
        ("clk_wiz:6.0", 1),
        ("ddr4:2.2", 4),
        ("interleave", 5),
        ("proc_sys_reset:5.0", 5),
        ("satkit", 1),
        ("smartconnect:1.0", 6),
        ("synchronise", 2),
        ("util_ds_buf:2.2", 1),
        ("util_vector_logic:2.0", 1),
        ("xdma:4.1", 1),
        ("xlconcat:2.1", 1),
        ("xlconstant:1.1", 2),
    ];
    assert_eq!(kinds, expected.into());
    let board = Board::vcu1525().unwrap();
    let check = |cell: &str, expected: &[(&str, &str)]| {
        for (property, value) in expected {
            assert_eq!(
                cells[cell].1.get(*property).map(String::as_str),
                Some(*value),
                "{cell} {property}"
            );
        }
    };
    check(
        "pcie",
        &[
            ("pl_link_cap_max_link_width", "X16"),
            ("pl_link_cap_max_link_speed", "8.0_GT/s"),
            ("axi_data_width", "512_bit"),
            ("axilite_master_en", "true"),
            ("axilite_master_scale", "Kilobytes"),
            ("axilite_master_size", &(regs::WINDOW_BYTES / 1024).to_string()),
            ("pf0_msix_enabled", "true"),
            ("xdma_axi_intf_mm", "AXI_Memory_Mapped"),
            ("xdma_rnum_chnl", &memory_map::DMA_CHANNELS.to_string()),
            ("xdma_wnum_chnl", &memory_map::DMA_CHANNELS.to_string()),
            ("xdma_num_usr_irq", &memory_map::EVENTS.to_string()),
            ("pf0_device_id", &board.pcie.device_id.value),
            ("PCIE_BOARD_INTERFACE", "pci_express_x16"),
        ],
    );
    check("core_clock", &[("CLKOUT1_REQUESTED_OUT_FREQ", "200.000"), ("PRIM_IN_FREQ", "250.000")]);
    for k in 0..memory_map::CHANNELS {
        check(
            &format!("ddr4_{k}"),
            &[
                ("C0_DDR4_BOARD_INTERFACE", &format!("ddr4_sdram_c{k}")),
                ("C0_CLOCK_BOARD_INTERFACE", &format!("default_300mhz_clk{k}")),
                ("C0.DDR4_MemoryPart", &board.ddr4.module.value),
                ("C0.DDR4_DataWidth", "72"),
                ("C0.DDR4_Ecc", "true"),
                ("C0.DDR4_TimePeriod", "833"),
                ("C0.DDR4_AxiDataWidth", "512"),
                ("C0.DDR4_AxiAddressWidth", "34"),
            ],
        );
    }
    for (name, (kind, properties)) in cells.iter().filter(|(_, (kind, _))| kind == "interleave") {
        let bits = |property: &str| 1u64 << properties[property].parse::<u32>().unwrap();
        assert_eq!(bits("STEP_BITS"), memory_map::INTERLEAVE_BYTES, "{name} {kind}");
        assert_eq!(bits("CHANNEL_BITS"), u64::from(memory_map::CHANNELS));
        assert_eq!(bits("MEMORY_BITS"), memory_map::BYTES);
    }
    // What the registers of the identity will show.
    check("git_hash", &[("CONST_VAL", "0x89abcdef"), ("CONST_WIDTH", "32")]);
    let day = &cells["build_date"].1["CONST_VAL"];
    assert!(day.len() == 10 && day.starts_with("0x20"), "{day}");
}

/// Pins of a cell that have to be connected.
fn needed(kind: &str, properties: &BTreeMap<String, String>) -> Vec<String> {
    let fixed: &[&str] = match kind {
        "interleave" => &["clock", "s_axi", "m_axi"],
        "synchronise" => &["clock", "level", "settled"],
        "satkit" => &[
            "clock",
            "reset",
            "interrupt",
            "ddr_calibrated",
            "git_hash",
            "build_date",
            "s_axi_control",
            "m_axi_0",
            "m_axi_1",
            "m_axi_2",
            "m_axi_3",
        ],
        _ => {
            let pins = cores::pins(kind, properties).into_keys();
            return pins.filter(|pin| !cores::may_stay_open(kind, pin)).collect();
        }
    };
    fixed.iter().map(|&pin| pin.to_owned()).collect()
}

#[test]
fn every_pin_is_connected_and_driven_once() {
    if !tcl() {
        return;
    }
    let (_build, run) = built();
    let cells = run.cells();
    let (mut connected, mut driven) = (BTreeSet::new(), BTreeSet::new());
    for net in run.nets() {
        for (place, end) in net.iter().enumerate() {
            connected.insert(end.clone());
            assert!(place == 0 || driven.insert(end.clone()), "{end} is driven twice");
        }
    }
    let needed: BTreeSet<String> = cells
        .iter()
        .flat_map(|(name, (kind, properties))| {
            needed(kind, properties).into_iter().map(move |pin| format!("{name}/{pin}"))
        })
        .collect();
    let missing: Vec<_> = needed.difference(&connected).collect();
    assert!(missing.is_empty(), "not connected: {missing:?}");
    for (cell, pin) in connected.difference(&needed).filter_map(|end| end.split_once('/')) {
        let (kind, properties) = &cells[cell];
        let is_pin = is_vendors(kind) && cores::pins(kind, properties).contains_key(pin);
        assert!(is_pin, "{cell}/{pin} is not a pin of {kind}");
    }
    // Ports are what the constraints place, and what the board file does.
    let ports: BTreeSet<_> = connected.iter().filter(|end| !end.contains('/')).cloned().collect();
    let board = Board::vcu1525().unwrap();
    for pin in &board.pins {
        let port = pin.port.split("_clk_").next().unwrap();
        assert!(ports.contains(port), "{port} of the constraints is no port of the design");
    }
    let made: BTreeSet<_> = ["create_bd_port", "create_bd_intf_port"]
        .into_iter()
        .flat_map(|name| run.of(name))
        .map(|call| call.last().unwrap().clone())
        .collect();
    assert_eq!(ports, made);
    assert_eq!(ports.len(), 3 + 2 * memory_map::CHANNELS as usize, "{ports:?}");
}

/// Ranges of each master, in ascending order, by segment.
fn addresses(run: &Run) -> BTreeMap<String, Vec<(u64, u64, String)>> {
    let mut spaces: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for call in run.of("assign_bd_address") {
        let [offset_name, offset, range_name, range, space_name, space, segment, force] = call
        else {
            panic!("{call:?}")
        };
        assert_eq!(
            [offset_name, range_name, space_name, force],
            ["-offset", "-range", "-target_address_space", "-force"]
        );
        let number =
            |text: &str| u64::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap();
        spaces.entry(space.clone()).or_default().push((
            number(offset),
            number(range),
            segment.clone(),
        ));
    }
    spaces.values_mut().for_each(|ranges| ranges.sort());
    spaces
}

#[test]
fn addresses_are_the_memory_map_and_the_window() {
    if !tcl() {
        return;
    }
    let (_build, run) = built();
    let spaces = addresses(&run);
    let whole = (memory_map::BASE, memory_map::BYTES);
    let mut expected = BTreeMap::from([
        (
            "pcie/M_AXI_LITE".to_owned(),
            vec![(0, u64::from(regs::WINDOW_BYTES), "core/s_axi_control/reg0".to_owned())],
        ),
        (
            "pcie/M_AXI".to_owned(),
            vec![(whole.0, whole.1, "host_interleave/s_axi/reg0".to_owned())],
        ),
    ]);
    for k in 0..memory_map::CHANNELS {
        let module = (
            memory_map::BASE + u64::from(k) * memory_map::MODULE_BYTES,
            memory_map::MODULE_BYTES,
            format!("ddr4_{k}/C0_DDR4_MEMORY_MAP/C0_DDR4_ADDRESS_BLOCK"),
        );
        expected.entry("host_interleave/m_axi".into()).or_default().push(module.clone());
        expected.insert(format!("core_interleave_{k}/m_axi"), vec![module]);
        expected.insert(
            format!("core/m_axi_{k}"),
            vec![(whole.0, whole.1, format!("core_interleave_{k}/s_axi/reg0"))],
        );
    }
    assert_eq!(spaces, expected);
    // The modules, one behind the other, are the memory, without a gap and without anything twice.
    let mut end = memory_map::BASE;
    for (offset, range, _) in &spaces["host_interleave/m_axi"] {
        assert_eq!(*offset, end);
        end += range;
    }
    assert_eq!(end, memory_map::BASE + memory_map::BYTES);
}
