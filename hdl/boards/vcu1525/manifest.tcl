# The manifest of a bitstream: the fields of bitstreams/README.md, sealed by the SHA-256 of its own text.

proc sha256 {file} {
    return [lindex [exec sha256sum $file] 0]
}

# Writes the manifest beside the bitstream, whole or not at all, and returns its file.
proc write_manifest {out name hash day figures} {
    foreach file [list $out/$name.bit $out/$name.mcs] {
        if {![file isfile $file]} { refuse "Vivado wrote no $file" }
    }
    dict with figures {
        set counts "luts = $luts, registers = $registers, dsps = $dsps, bram36 = [format %.1f $bram36], urams = $urams"
        set lines [list \
            "format = 1" \
            "file = \"$name.bit\"" \
            "bytes = [file size $out/$name.bit]" \
            "sha256 = \"[sha256 $out/$name.bit]\"" \
            "contract_hash = \"[fact contract_hash]\"" \
            "configuration = \"[fact configuration]\"" \
            "configuration_hash = \"[fact configuration_hash]\"" \
            "git_commit = \"$hash\"" \
            "vivado = \"[version -short]\"" \
            "part = \"[fact part]\"" \
            "clock_mhz = [fact core_clock_mhz]" \
            "worst_slack_ns = [format %.3f $slack]" \
            "power_w = [format %.3f $power]" \
            "utilisation = { $counts }" \
            "cfgmem = \"$name.mcs\"" \
            "cfgmem_sha256 = \"[sha256 $out/$name.mcs]\"" \
            "build_date = $day"]
    }
    set part $out/.$name.part
    set channel [open $part w]
    fconfigure $channel -encoding utf-8 -translation lf
    puts $channel [join $lines \n]
    close $channel
    set seal [sha256 $part]
    set channel [open $part a]
    fconfigure $channel -encoding utf-8 -translation lf
    puts $channel "manifest_sha256 = \"$seal\""
    close $channel
    file rename $part $out/$name.toml
    return $out/$name.toml
}
