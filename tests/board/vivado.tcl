# Vivado for tests: every command that the recipe may call writes itself down, and some answer. Anything else is an error, as in
# Vivado. Usage: tclsh vivado.tcl RECIPE LOG ANSWERS ARGUMENTS...; ANSWERS sets what a build comes to.

set log [open [lindex $argv 1] w]
fconfigure $log -buffering line

# What this build comes to; ANSWERS changes it.
array set answer {
    setup 0.120 hold 0.015 violations {} boards {xilinx.com:vcu1525:part0:1.10 xilinx.com:vcu1525:part0:1.3}
    changes {} commit 89abcdef0123456789abcdef0123456789abcdef version 2023.2 bitstream {bits of a test} paths path
    utilisation {
| CLB LUTs*                  | 812345 |     0 |          0 |   1182240 | 68.71 |
|   LUT as Logic             | 800000 |     0 |          0 |   1182240 | 67.00 |
| CLB Registers              | 654321 |     0 |          0 |   2364480 | 27.67 |
| Block RAM Tile             |  700.5 |     0 |          0 |      2160 | 32.43 |
| URAM                       |    256 |     0 |          0 |       960 | 26.67 |
| DSPs                       |   1088 |     0 |          0 |      6840 | 15.91 |
}
    power {
| Total On-Chip Power (W)  | 58.250       |
| Design Power Budget (W)  | Unspecified* |
}
}
source [lindex $argv 2]

# One line per call, words apart by the unit separator.
proc record {name words} {
    puts $::log [join [concat [list $name] [lmap word $words { string map {\n { }} $word }]] \x1f]
}

proc after_option {words option} {
    return [lindex $words [expr {[lsearch -exact $words $option] + 1}]]
}

foreach name {
    create_project read_verilog read_xdc create_bd_design create_bd_cell create_bd_port create_bd_intf_port connect_bd_net
    connect_bd_intf_net assign_bd_address validate_bd_design save_bd_design generate_target set_property synth_design opt_design
    place_design phys_opt_design route_design write_checkpoint report_timing_summary report_route_status report_cdc report_drc
} { proc $name args "record $name \$args" }

# Objects are named by what was asked for.
foreach name {get_bd_cells get_bd_pins get_bd_ports get_bd_intf_pins get_bd_intf_ports get_bd_addr_spaces get_bd_addr_segs get_files} {
    proc $name args { return [lindex $args end] }
}
proc current_project args { return project }
proc get_board_parts args { return $::answer(boards) }
proc make_wrapper args { record make_wrapper $args; return shell_wrapper.v }
proc get_timing_paths args {
    if {$::answer(paths) eq ""} { return {} }
    return [after_option $args -delay_type]
}
proc get_property {name object} {
    if {$name ne "SLACK"} { error "no property $name" }
    return [expr {$object eq "max" ? $::answer(setup) : $::answer(hold)}]
}
proc get_drc_violations args { record get_drc_violations $args; return $::answer(violations) }
proc report_utilization args { record report_utilization $args; return $::answer(utilisation) }
proc report_power args { record report_power $args; return $::answer(power) }
proc write_bitstream {file} {
    record write_bitstream [list $file]
    set channel [open $file w]
    puts -nonewline $channel $::answer(bitstream)
    close $channel
}
proc write_cfgmem args {
    record write_cfgmem $args
    set channel [open [after_option $args -file] w]
    puts $channel "flash image of a test"
    close $channel
}
proc version args { return $::answer(version) }

rename unknown tcl_unknown

# git is asked for this repository's state, which is not the test's matter.
rename exec tcl_exec
proc exec args {
    if {[lindex $args 0] ne "git"} { return [tcl_exec {*}$args] }
    record git $args
    return [expr {"status" in $args ? $::answer(changes) : $::answer(commit)}]
}

# Tcl loads pieces of itself on demand.
proc unknown args {
    set name [lindex $args 0]
    if {[string match ::tcl::* $name] || [auto_load $name]} { return [uplevel 1 [list tcl_unknown {*}$args]] }
    error "Vivado has no command $name"
}

set recipe [lindex $argv 0]
set argv [lrange $argv 3 end]
set argv0 $recipe
info script $recipe
source $recipe
