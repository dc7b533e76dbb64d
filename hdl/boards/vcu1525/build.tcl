# From the Verilog of satkit to a bitstream for the VCU1525, with its manifest:
#
#   satkit verilog --array vcu1525 --top satkit --out rtl
#   satkit card facts --array vcu1525 --out facts.tcl
#   vivado -mode batch -source hdl/boards/vcu1525/build.tcl -tclargs rtl facts.tcl out
#
# Never run through Vivado: tests/board runs it with every Vivado command replaced by one that records its arguments. It builds
# around the top `satkit`, which has not all of its engines yet (docs/guide-rtl.md).
#
# Vivado commands are those of UG835 (Tcl Command Reference), the flow is the non-project mode of UG892 (Design Flows Overview),
# properties of IP cores are those of PG195 (XDMA), PG150 (DDR4), PG247 (SmartConnect) and PG065 (Clocking Wizard). The versions
# of the cores are those of Vivado 2021.1 and later.

set here [file dirname [file normalize [info script]]]

# Ends the build in words.
proc refuse {words} {
    return -code error -errorcode SATKIT $words
}

# A fact; they come from `satkit card facts`.
proc fact {name} {
    global facts
    if {![dict exists $facts $name]} {
        refuse "facts.tcl has no $name: write it again with `satkit card facts` of the same version as this recipe"
    }
    return [dict get $facts $name]
}

foreach part {top clocks memory design implement manifest} {
    source [file join $here $part.tcl]
}

# Checks the folders, and returns them as a dictionary: rtl, out.
proc arguments {given} {
    if {[llength $given] != 3} {
        refuse "three arguments are needed: the folder of `satkit verilog`, the file of `satkit card facts`, a new folder to build in"
    }
    lassign $given rtl facts_file out
    if {![file isdirectory $rtl]} {
        refuse "$rtl is no folder: write it with `satkit verilog --array vcu1525 --top satkit --out $rtl`"
    }
    if {![file isfile $facts_file]} {
        refuse "$facts_file is no file: write it with `satkit card facts --out $facts_file`"
    }
    if {[file exists $out]} {
        refuse "$out exists: name a new folder, so that nothing of an earlier build gets into this one"
    }
    uplevel #0 [list source $facts_file]
    if {![info exists ::facts]} {
        refuse "$facts_file sets no facts: write it again with `satkit card facts`"
    }
    return [dict create rtl [file normalize $rtl] out [file normalize $out]]
}

# The commit that is built. A bitstream of files that are in no commit could not be built again.
proc commit {} {
    global here
    if {[catch {exec git -C $here rev-parse HEAD} hash]} {
        refuse "git does not say which commit this is: $hash"
    }
    if {[catch {exec git -C $here status --porcelain --untracked-files=no} changes]} {
        refuse "git does not say what has changed: $changes"
    }
    if {$changes ne ""} {
        refuse "there are changes that are in no commit; commit them first:\n$changes"
    }
    return $hash
}

# The newest version of the board file that Vivado has.
proc board_part {} {
    set parts [lsort -dictionary [get_board_parts -quiet -filter "NAME =~ [fact board_part]:*"]]
    if {[llength $parts] == 0} {
        refuse "Vivado has no board file [fact board_part]: install it (Tools, Vivado Store, Boards), the DDR4 and PCIe pins are in it"
    }
    return [lindex $parts end]
}

proc build {given} {
    global here
    set folders [arguments $given]
    set out [dict get $folders out]
    set sources [check_top [dict get $folders rtl]]
    set hash [commit]
    set day [clock format [clock seconds] -format %Y-%m-%d -gmt 1]
    file mkdir $out

    create_project -in_memory -part [fact part]
    set_property board_part [board_part] [current_project]
    read_verilog $sources
    read_verilog [list [file join $here interleave.v] [file join $here synchronise.v]]
    set wrapper [make_shell $out $hash $day]
    read_verilog $wrapper
    read_xdc [file join $here vcu1525.xdc]

    set name "satkit-[fact configuration]"
    set figures [implement $out $name]
    set manifest [write_manifest $out $name $hash $day $figures]
    puts "built $manifest; it has not run on a card"
}

if {[catch {build $argv} words options]} {
    puts stderr "error: $words"
    if {[dict get $options -errorcode] ne "SATKIT"} {
        puts stderr [dict get $options -errorinfo]
    }
    exit 1
}
