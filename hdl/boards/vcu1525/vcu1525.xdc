# Pins of the VCU1525; each is in vcu1525.toml with its source, and a test compares the two. Lanes of PCIe and everything of
# DDR4 but its reference clocks is placed by the board file, through the interfaces that design.tcl names.
#
# Never run through Vivado.

# PCIe reference clock: a transceiver's clock pins have no I/O standard.
set_property PACKAGE_PIN AM11 [get_ports {pcie_refclk_clk_p[0]}]
set_property PACKAGE_PIN AM10 [get_ports {pcie_refclk_clk_n[0]}]
create_clock -name pcie_refclk -period 10.000 [get_ports {pcie_refclk_clk_p[0]}]

# PCIe reset comes at any time.
set_property -dict {PACKAGE_PIN BD21 IOSTANDARD LVCMOS12} [get_ports {pcie_perstn}]
set_false_path -from [get_ports {pcie_perstn}]

# DDR4 reference clocks. The memory controllers' own constraints say their period: a second clock here would be in their way.
set_property -dict {PACKAGE_PIN AY37 IOSTANDARD LVDS} [get_ports {ddr4_refclk_0_clk_p}]
set_property -dict {PACKAGE_PIN AY38 IOSTANDARD LVDS} [get_ports {ddr4_refclk_0_clk_n}]
set_property -dict {PACKAGE_PIN AW20 IOSTANDARD LVDS} [get_ports {ddr4_refclk_1_clk_p}]
set_property -dict {PACKAGE_PIN AW19 IOSTANDARD LVDS} [get_ports {ddr4_refclk_1_clk_n}]
set_property -dict {PACKAGE_PIN F32 IOSTANDARD LVDS} [get_ports {ddr4_refclk_2_clk_p}]
set_property -dict {PACKAGE_PIN E32 IOSTANDARD LVDS} [get_ports {ddr4_refclk_2_clk_n}]
set_property -dict {PACKAGE_PIN J16 IOSTANDARD LVDS} [get_ports {ddr4_refclk_3_clk_p}]
set_property -dict {PACKAGE_PIN H16 IOSTANDARD LVDS} [get_ports {ddr4_refclk_3_clk_n}]

# Levels that cross from another clock settle in synchronise.v.
set_false_path -to [get_pins -hierarchical -filter {NAME =~ *first_reg[*]/D}]

# Configuration.
set_property CONFIG_VOLTAGE 1.8 [current_design]
set_property BITSTREAM.CONFIG.SPI_32BIT_ADDR YES [current_design]
set_property BITSTREAM.CONFIG.SPI_BUSWIDTH 4 [current_design]
set_property BITSTREAM.CONFIG.SPI_FALL_EDGE YES [current_design]
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
