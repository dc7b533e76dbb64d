# Memory: one DDR4 controller per channel, and the way there from PCIe and from the core.
#
# The card's memory is interleaved over the channels (hdl/spec/src/memory_map.rs), which an interconnect cannot decode. So every
# master goes through interleave.v, behind which each module is one piece.

proc log2 {value} {
    set bits 0
    while {(1 << $bits) < $value} { incr bits }
    if {(1 << $bits) != $value} { refuse "$value of facts.tcl is not a power of two, which addresses are made of" }
    return $bits
}

# Addresses have as many bits as the master's, so that both ends of its bus are alike.
proc make_interleave {name clock address_bits} {
    module interleave $name [list \
        ADDRESS_BITS $address_bits DATA_BITS [fact beat_bits] STEP_BITS [log2 [fact interleave_bytes]] \
        CHANNEL_BITS [log2 [fact channels]] MEMORY_BITS [log2 [fact memory_bytes]]]
    wire $clock $name/clock
}

# The controller of channel k: `ddr4_k`.
proc make_controller {k} {
    # ECC: the modules have 72 bits, and every byte has to be written once before it is read.
    cell xilinx.com:ip:ddr4:2.2 ddr4_$k [list \
        C0_DDR4_BOARD_INTERFACE [fact ddr4_memory_interface]$k \
        C0_CLOCK_BOARD_INTERFACE [fact ddr4_clock_interface]$k \
        C0.ControllerType DDR4_SDRAM C0.DDR4_MemoryType [fact ddr4_module_kind] C0.DDR4_MemoryPart [fact ddr4_module] \
        C0.DDR4_TimePeriod [fact ddr4_period_ps] C0.DDR4_InputClockPeriod [fact ddr4_refclk_period_ps] \
        C0.DDR4_CasLatency [fact ddr4_read_latency] C0.DDR4_CasWriteLatency [fact ddr4_write_latency] \
        C0.DDR4_DataWidth [fact ddr4_data_bits] C0.DDR4_DataMask NONE C0.DDR4_Ecc true \
        C0.DDR4_AxiSelection true C0.DDR4_AxiDataWidth [fact beat_bits] C0.DDR4_AxiAddressWidth [fact ddr4_address_bits]]
    card_bus Slave xilinx.com:interface:diff_clock_rtl:1.0 ddr4_refclk_$k ddr4_$k/C0_SYS_CLK
    card_bus Master xilinx.com:interface:ddr4_rtl:1.0 ddr4_sdram_$k ddr4_$k/C0_DDR4
    wire card_reset/Res ddr4_$k/sys_rst
    cell xilinx.com:ip:proc_sys_reset:5.0 ddr4_reset_$k {C_EXT_RESET_HIGH 1}
    wire ddr4_$k/c0_ddr4_ui_clk ddr4_reset_$k/slowest_sync_clk
    wire ddr4_$k/c0_ddr4_ui_clk_sync_rst ddr4_reset_$k/ext_reset_in
    wire ddr4_reset_$k/peripheral_aresetn ddr4_$k/c0_ddr4_aresetn
}

# Where PCIe and core meet in front of channel k: `channel_k`, which crosses to the controller's clock.
proc make_channel {k} {
    cell xilinx.com:ip:smartconnect:1.0 channel_$k {NUM_SI 2 NUM_MI 1 NUM_CLKS 3}
    wire ddr4_$k/c0_ddr4_ui_clk channel_$k/aclk
    wire pcie/axi_aclk channel_$k/aclk1
    wire core_clock/clk_out1 channel_$k/aclk2
    wire ddr4_reset_$k/interconnect_aresetn channel_$k/aresetn
    bus [format host_split/M%02d_AXI $k] channel_$k/S00_AXI
    bus channel_$k/M00_AXI ddr4_$k/C0_DDR4_S_AXI
    # The core's master k speaks to channel k alone, in the same addresses as PCIe; it has as many bits as the memory needs.
    make_interleave core_interleave_$k core_clock/clk_out1 [log2 [fact memory_bytes]]
    bus core/m_axi_$k core_interleave_$k/s_axi
    bus core_interleave_$k/m_axi channel_$k/S01_AXI
}

proc make_memory {} {
    set channels [fact channels]
    if {[fact core_masters] != $channels} {
        refuse "the core has [fact core_masters] masters for $channels memory channels: this recipe wires one to each"
    }
    # The DMA engine's addresses have 64 bits (PG195, AXI4 memory mapped master).
    make_interleave host_interleave pcie/axi_aclk 64
    bus pcie/M_AXI host_interleave/s_axi
    cell xilinx.com:ip:smartconnect:1.0 host_split [list NUM_SI 1 NUM_MI $channels]
    wire pcie/axi_aclk host_split/aclk
    wire pcie/axi_aresetn host_split/aresetn
    bus host_interleave/m_axi host_split/S00_AXI
    cell xilinx.com:ip:xlconcat:2.1 calibrated [list NUM_PORTS $channels]
    for {set k 0} {$k < $channels} {incr k} {
        make_controller $k
        make_channel $k
        wire ddr4_$k/c0_init_calib_complete calibrated/In$k
    }
    module synchronise calibrated_synchronise [list WIDTH $channels]
    wire core_clock/clk_out1 calibrated_synchronise/clock
    wire calibrated/dout calibrated_synchronise/level
    wire calibrated_synchronise/settled core/ddr_calibrated
}

# One piece of a master's addresses.
proc place {space segment offset range} {
    assign_bd_address -offset [format 0x%X $offset] -range [format 0x%X $range] \
        -target_address_space [get_bd_addr_spaces $space] [get_bd_addr_segs $segment] -force
}

proc place_memory {} {
    set masters [list {pcie/M_AXI host_interleave}]
    for {set k 0} {$k < [fact channels]} {incr k} {
        lappend masters [list core/m_axi_$k core_interleave_$k]
        set at [expr {[fact memory_base] + $k * [fact module_bytes]}]
        foreach interleave [list host_interleave core_interleave_$k] {
            place $interleave/m_axi ddr4_$k/C0_DDR4_MEMORY_MAP/C0_DDR4_ADDRESS_BLOCK $at [fact module_bytes]
        }
    }
    foreach master $masters {
        lassign $master space interleave
        place $space $interleave/s_axi/reg0 [fact memory_base] [fact memory_bytes]
    }
}
