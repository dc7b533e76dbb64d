# Loads a bitstream over JTAG: vivado -mode batch -source program.tcl -tclargs FILE. `satkit card program --tool vivado` runs it,
# after the bitstream's manifest has been checked. Never run: no card and no Vivado were at hand.

set file [lindex $argv 0]
open_hw_manager
connect_hw_server
open_hw_target
set devices [get_hw_devices -quiet xcvu9p*]
if {[llength $devices] != 1} {
    puts stderr "error: [llength $devices] devices xcvu9p on the JTAG chain; one is needed"
    exit 1
}
current_hw_device $devices
set_property PROGRAM.FILE $file $devices
program_hw_devices $devices
close_hw_manager
