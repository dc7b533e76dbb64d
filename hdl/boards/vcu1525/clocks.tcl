# Clocks and resets. PCIe's user clock (250 MHz at this width and speed; PG195, clocking) feeds the core's clock, so registers
# answer as soon as PCIe does; each memory channel has the clock of its own controller.

proc cell {vlnv name {properties {}}} {
    create_bd_cell -type ip -vlnv $vlnv $name
    configure $name $properties
}

proc module {reference name {properties {}}} {
    create_bd_cell -type module -reference $reference $name
    configure $name $properties
}

proc configure {name properties} {
    set settings [list]
    foreach {property value} $properties { lappend settings CONFIG.$property $value }
    if {[llength $settings] > 0} { set_property -dict $settings [get_bd_cells $name] }
}

# One net from a pin, or from a port, to pins.
proc wire {from args} {
    set ends [list]
    foreach end $args { lappend ends [get_bd_pins $end] }
    if {[string first / $from] < 0} { set from [get_bd_ports $from] } else { set from [get_bd_pins $from] }
    connect_bd_net $from {*}$ends
}

proc bus {from to} {
    connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to]
}

# The card's own interface `port`, to a pin.
proc card_bus {mode vlnv port pin} {
    create_bd_intf_port -mode $mode -vlnv $vlnv $port
    connect_bd_intf_net [get_bd_intf_ports $port] [get_bd_intf_pins $pin]
}

proc constant {name width value} {
    cell xilinx.com:ip:xlconstant:1.1 $name [list CONST_WIDTH $width CONST_VAL $value]
}

proc make_clocks {} {
    # The core.
    cell xilinx.com:ip:clk_wiz:6.0 core_clock [list \
        PRIM_SOURCE No_buffer PRIM_IN_FREQ 250.000 CLKOUT1_REQUESTED_OUT_FREQ [fact core_clock_mhz] \
        RESET_TYPE ACTIVE_LOW USE_LOCKED true USE_RESET true]
    wire pcie/axi_aclk core_clock/clk_in1
    wire pcie/axi_aresetn core_clock/resetn
    cell xilinx.com:ip:proc_sys_reset:5.0 core_reset
    wire core_clock/clk_out1 core_reset/slowest_sync_clk core/clock
    wire pcie/axi_aresetn core_reset/ext_reset_in
    wire core_clock/locked core_reset/dcm_locked
    wire core_reset/peripheral_reset core/reset

    # Memory controllers start with the card, whatever PCIe does later, so that a hot reset of PCIe keeps memory's contents.
    cell xilinx.com:ip:util_vector_logic:2.0 card_reset {C_SIZE 1 C_OPERATION not}
    wire pcie_perstn pcie/sys_rst_n card_reset/Op1
}
