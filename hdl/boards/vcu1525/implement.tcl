# Synthesis, placement, routing, and what has to be true before a bitstream is written.

# The slack of the worst path of a kind, max for setup and min for hold, in nanoseconds.
proc worst_slack {kind} {
    set path [get_timing_paths -quiet -delay_type $kind -max_paths 1 -nworst 1]
    if {[llength $path] == 0} { refuse "no path has a $kind constraint: clocks are missing, and nothing is known of timing" }
    set slack [get_property SLACK $path]
    if {![string is double -strict $slack] || abs($slack) > 1000} {
        refuse "the slack of the worst $kind path is '$slack', which is no time: clocks are missing"
    }
    return $slack
}

proc check_timing_closed {out} {
    set setup [worst_slack max]
    set hold [worst_slack min]
    set worst [expr {min($setup, $hold)}]
    if {$worst < 0} {
        refuse "timing is not met at [fact core_clock_mhz] MHz: setup $setup ns, hold $hold ns (see $out/timing.txt);\
            no bitstream was written"
    }
    return $worst
}

proc check_rules {out} {
    report_drc -name satkit_drc -file $out/drc.txt
    set filter {SEVERITY == "Critical Warning" || SEVERITY == "Error" || SEVERITY == "Fatal"}
    set violations [get_drc_violations -quiet -name satkit_drc -filter $filter]
    if {[llength $violations] > 0} {
        refuse "[llength $violations] critical violations of design rules: [join [lrange $violations 0 9] {, }] (see $out/drc.txt);\
            no bitstream was written"
    }
}

# The first number in the row of a report's table.
proc table_value {report row} {
    if {![regexp -line "^\\|\\s*${row}\\*?\\s*\\|\\s*(\[0-9.\]+)\\s*\\|" $report -> value]} {
        refuse "the report has no row '$row': this version of Vivado writes it otherwise"
    }
    return $value
}

# What is in the manifest, as a dictionary.
proc figures {out slack} {
    set used [report_utilization -return_string]
    set power [report_power -return_string]
    foreach {name text} [list utilisation $used power $power] {
        set channel [open $out/$name.txt w]
        puts $channel $text
        close $channel
    }
    return [dict create \
        slack $slack \
        power [table_value $power {Total On-Chip Power \(W\)}] \
        luts [table_value $used {CLB LUTs}] \
        registers [table_value $used {CLB Registers}] \
        dsps [table_value $used {DSPs}] \
        bram36 [table_value $used {Block RAM Tile}] \
        urams [table_value $used {URAM}]]
}

# Builds the bitstream and its flash image in $out, and returns the manifest's figures.
proc implement {out name} {
    synth_design -top shell_wrapper -part [fact part]
    write_checkpoint $out/synth.dcp
    opt_design
    place_design
    phys_opt_design
    write_checkpoint $out/place.dcp
    route_design
    phys_opt_design
    write_checkpoint $out/route.dcp

    report_timing_summary -file $out/timing.txt
    report_route_status -file $out/route.txt
    report_cdc -file $out/crossings.txt
    report_utilization -hierarchical -file $out/hierarchy.txt
    set slack [check_timing_closed $out]
    check_rules $out
    set figures [figures $out $slack]

    write_bitstream $out/$name.bit
    write_cfgmem -format mcs -size [fact flash_megabytes] -interface [fact flash_interface] \
        -loadbit "up 0x00000000 $out/$name.bit" -file $out/$name.mcs
    return $figures
}
