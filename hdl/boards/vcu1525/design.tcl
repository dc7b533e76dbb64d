# The block design `shell`: PCIe with its DMA engine, the core, its registers and interrupt, and the memory of memory.tcl.

proc make_pcie {} {
    cell xilinx.com:ip:util_ds_buf:2.2 pcie_refclk_buffer [list \
        USE_BOARD_FLOW true DIFF_CLK_IN_BOARD_INTERFACE [fact pcie_refclk_interface] C_BUF_TYPE IBUFDSGTE]
    card_bus Slave xilinx.com:interface:diff_clock_rtl:1.0 pcie_refclk pcie_refclk_buffer/CLK_IN_D
    set_property CONFIG.FREQ_HZ [expr {[fact pcie_refclk_mhz] * 1000000}] [get_bd_intf_ports pcie_refclk]

    # Kilobytes of the register window's BAR; the smallest page is as large.
    set window_kilobytes [expr {max(4, [fact window_bytes] / 1024)}]
    # The MSI-X table lies in the DMA engine's own BAR, where the IP core has it by default.
    cell xilinx.com:ip:xdma:4.1 pcie [list \
        PCIE_BOARD_INTERFACE [fact pcie_lanes_interface] SYS_RST_N_BOARD_INTERFACE [fact pcie_reset_interface] \
        mode_selection Advanced en_gt_selection true select_quad [fact pcie_quad] \
        pl_link_cap_max_link_width X[fact pcie_lanes] pl_link_cap_max_link_speed [fact pcie_speed] \
        ref_clk_freq [fact pcie_refclk_mhz]_MHz axi_data_width [fact beat_bits]_bit axisten_freq 250 \
        pf0_device_id [fact pcie_device_id] xdma_axi_intf_mm AXI_Memory_Mapped \
        xdma_rnum_chnl [fact dma_channels] xdma_wnum_chnl [fact dma_channels] \
        axilite_master_en true axilite_master_scale Kilobytes axilite_master_size $window_kilobytes \
        pciebar2axibar_axil_master 0x00000000 \
        xdma_num_usr_irq [fact events] pf0_interrupt_pin NONE pf0_msi_enabled false pf0_msix_enabled true \
        pf0_msix_cap_table_size 01F pf0_msix_cap_table_offset 00008000 pf0_msix_cap_table_bir BAR_1 \
        pf0_msix_cap_pba_offset 00008FE0 pf0_msix_cap_pba_bir BAR_1]
    card_bus Master xilinx.com:interface:pcie_7x_mgt_rtl:1.0 pcie_lanes pcie/pcie_mgt
    wire pcie_refclk_buffer/IBUF_OUT pcie/sys_clk_gt
    wire pcie_refclk_buffer/IBUF_DS_ODIV2 pcie/sys_clk
    create_bd_port -dir I -type rst pcie_perstn
    set_property CONFIG.POLARITY ACTIVE_LOW [get_bd_ports pcie_perstn]
}

# The core's registers, its identity and its interrupt.
proc make_control {hash day} {
    cell xilinx.com:ip:smartconnect:1.0 control {NUM_SI 1 NUM_MI 1 NUM_CLKS 2}
    wire pcie/axi_aclk control/aclk
    wire core_clock/clk_out1 control/aclk1
    wire pcie/axi_aresetn control/aresetn
    bus pcie/M_AXI_LITE control/S00_AXI
    bus control/M00_AXI core/s_axi_control

    # As the registers GIT_HASH and BUILD_DATE hold them: the first 32 bits, and the day's digits in hexadecimal.
    constant git_hash 32 0x[string range $hash 0 7]
    wire git_hash/dout core/git_hash
    constant build_date 32 0x[string map {- {}} $day]
    wire build_date/dout core/build_date

    module synchronise interrupt_synchronise [list WIDTH 1]
    wire pcie/axi_aclk interrupt_synchronise/clock
    wire core/interrupt interrupt_synchronise/level
    if {[fact events] != 1 || [fact status_event] != 0} {
        refuse "the card has [fact events] interrupt lines: this recipe wires one, line 0"
    }
    wire interrupt_synchronise/settled pcie/usr_irq_req
}

# Makes the block design below $out, and returns the file of the module that holds it: the top of the design.
proc make_shell {out hash day} {
    create_bd_design -dir $out shell
    make_pcie
    module satkit core
    make_clocks
    make_control $hash $day
    make_memory

    place pcie/M_AXI_LITE core/s_axi_control/reg0 0 [fact window_bytes]
    place_memory
    validate_bd_design
    save_bd_design

    # Synthesised with all else: non-project mode has no runs for the pieces.
    set design [get_files shell.bd]
    set_property synth_checkpoint_mode None $design
    generate_target all $design
    return [make_wrapper -files $design -top]
}
