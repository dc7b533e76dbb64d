# The top of the RTL: what this recipe wires to the card.

# Signals of an AXI4-Lite port and of an AXI4 port without identifiers, by who drives them: the port's master or its slave.
set lite_master {awaddr awvalid wdata wstrb wvalid bready araddr arvalid rready}
set lite_slave {awready wready bresp bvalid arready rdata rresp rvalid}
set full_master [concat $lite_master {awlen awsize awburst wlast arlen arsize arburst}]
set full_slave [concat $lite_slave {rlast}]

# The ports of the module `satkit`, as a dictionary from name to direction.
proc top_ports {} {
    global lite_master lite_slave full_master full_slave
    set ports [dict create clock input reset input interrupt output ddr_calibrated input git_hash input build_date input]
    foreach signal $lite_master { dict set ports s_axi_control_$signal input }
    foreach signal $lite_slave { dict set ports s_axi_control_$signal output }
    for {set k 0} {$k < [fact core_masters]} {incr k} {
        foreach signal $full_master { dict set ports m_axi_${k}_$signal output }
        foreach signal $full_slave { dict set ports m_axi_${k}_$signal input }
    }
    return $ports
}

# Checks that the folder holds the module `satkit` with its ports, and returns its Verilog files.
proc check_top {rtl} {
    set list [file join $rtl satkit.f]
    if {![file isfile $list]} {
        set found "no list of Verilog files"
        if {[file isfile [file join $rtl core.f]]} {
            set found "core.f: the compute core, which has no AXI ports"
        }
        refuse "$rtl holds $found. What is missing is satkit.f with the module `satkit`: AXI4-Lite registers (s_axi_control), sequencer and\
            [fact core_masters] AXI4 masters to memory (m_axi_0 and on). Write it with `satkit verilog --top satkit`; no bitstream was built"
    }
    set files [list]
    foreach line [split [read_text $list] \n] {
        if {[string trim $line] ne ""} { lappend files [file join $rtl [string trim $line]] }
    }
    set top [file join $rtl satkit.v]
    if {$top ni $files} { refuse "$list does not name satkit.v: write the Verilog again" }
    foreach file $files {
        if {![file isfile $file]} { refuse "$file is missing, though $list names it: write the Verilog again" }
    }
    set declared [dict create]
    foreach {- direction name} [regexp -all -inline {(input|output)\s+(?:wire|reg)?\s*(?:\[[^\]]*\])?\s*(\w+)\s*[;,)]} [read_text $top]] {
        dict set declared $name $direction
    }
    set missing [list]
    dict for {name direction} [top_ports] {
        if {![dict exists $declared $name] || [dict get $declared $name] ne $direction} { lappend missing "$direction $name" }
    }
    if {[llength $missing] > 0} {
        refuse "the module satkit in $top lacks [llength $missing] of the ports that are wired to the card: [join $missing {, }];\
            no bitstream was built"
    }
    return $files
}

proc read_text {file} {
    set channel [open $file r]
    set text [read $channel]
    close $channel
    return $text
}
