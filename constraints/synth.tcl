# SPDX-License-Identifier: Apache-2.0
# Synthesis of one configuration with Yosys; scripts/synth.sh calls it from the repository root. Environment:
#   MCNN_CONFIG   name of the configuration     MCNN_SOURCES  RTL files
#   MCNN_LIBERTY  cell library                  MCNN_OUT      folder for the results (exists)
#   MCNN_PARAMS   NAME=VALUE ...                MCNN_QUICK    1: stop after the checks, map only a PE
#
# Every module right below the chip ("room") is synthesised once, whatever is inside it flattened; the chip keeps the rooms.
# Memories stay macros. Registers of mcnn_pe, mcnn_reduce and so on that are arrays in the RTL become flip-flops.

source constraints/memory.tcl
source constraints/rooms.tcl

set out     $::env(MCNN_OUT)
set liberty $::env(MCNN_LIBERTY)
set quick   $::env(MCNN_QUICK)
set gating  $::env(MCNN_GATING)
set gate_fanout $::env(MCNN_GATE_FANOUT)
set clock_gates 0
set clock_enables 0
set started [clock seconds]

proc progress {text} {
  puts [format "%-14s %4d s  %s" $::env(MCNN_CONFIG) [expr {[clock seconds] - $::started}] $text]
  flush stdout
}
# Clock gates (clock_gate.v) for the flip-flops that share an enable, if there are at least $gating of them; one for at most
# $gate_fanout. The others keep their multiplexer.
proc gate_clocks {} {
  yosys dfflegalize -cell {$_DFF_P_} 01 -cell {$_DFFE_PP_} 01 -cell {$_DFFSR_PNN_} 01 -cell {$_DFFSRE_PNNP_} 01 -mince $::gating
  # Enables that are the same, are one.
  yosys opt_expr
  yosys opt_merge
  yosys opt_clean
  array set chunks {}
  foreach {type gated} {{$_DFFE_PP_} gated_dff {$_DFFSRE_PNNP_} gated_dffsr} {
    yosys dump -m -o $::out/enabled.txt t:$type
    set module ""
    set cell ""
    foreach line [read_lines $::out/enabled.txt] {
      if {[regexp {^\s*module (\S+)} $line -> name]} {
        set module $name
      } elseif {[regexp {^\s*cell (\S+) (\S+)} $line -> kind name]} {
        set cell $name
      } elseif {[regexp {^\s*connect \\E (.*\S)} $line -> enable] && $cell ne ""} {
        lappend users($module,$enable) [list $gated $module $cell]
        set cell ""
      }
    }
    file delete $::out/enabled.txt
  }
  foreach key [lsort [array names users]] {
    # As many gates as it takes, each with its share.
    set all [lsort -dictionary $users($key)]
    set gates [expr {([llength $all] + $::gate_fanout - 1) / $::gate_fanout}]
    # The drive that takes least energy a flip-flop (constraints/README.md).
    set share [expr {double([llength $all]) / $gates}]
    set drive [expr {$share <= 5 ? 2 : $share <= 12 ? 4 : 8}]
    set index 0
    foreach user $all {
      lassign $user gated module cell
      lappend members(${gated}_${drive}_[format %02d [expr {$index * $gates / [llength $all]}]]) $module/$cell
      incr index
    }
  }
  foreach type [lsort [array names members]] {
    write_text $::out/members.txt "[join $members($type) \n]\n"
    yosys select -read $::out/members.txt
    yosys chtype -set $type
    yosys select -clear
    if {$::quick} { yosys select mcnn_pe }
  }
  file delete $::out/members.txt
  yosys techmap -map constraints/clock_gate_ff.v
  yosys read_verilog -lib constraints/clock_gate.v
  # One latch an enable, then one gate a latch and KEY. Names that the analyses find: enable_<number>.latch, gate_<number>.drive.
  foreach {type name counter} {mcnn_clock_enable enable clock_enables mcnn_clock_gate gate clock_gates} {
    yosys opt_merge -share_all t:$type
    set ::$counter 0
    foreach cell [selected t:$type] {
      lassign [split $cell /] module cell
      yosys cd $module
      yosys rename $cell ${name}_[set ::$counter]
      yosys cd ..
      incr ::$counter
    }
  }
  yosys techmap -map constraints/clock_gate.v
  yosys delete =mcnn_clock_enable =mcnn_clock_gate
}

# ------------------------------------------------------------------------------------------------------------- read, check
progress "read"
set geometries [read_rooms]

# Products by a constant power of two are wires after opt; any other product, quotient or remainder is an error.
yosys opt
must_be_empty "latches (module/cell, with source line)" t:\$dlatch t:\$adlatch t:\$dlatchsr t:\$sr
must_be_empty "multipliers or dividers (module/cell, with source line)" \
  t:\$mul t:\$macc t:\$div t:\$mod t:\$divfloor t:\$modfloor t:\$pow

# ------------------------------------------------------------------------------------------------------- coarse to fine grain
progress "word level"
if {$quick} { yosys select mcnn_pe }
yosys wreduce
yosys peepopt
yosys opt_clean
yosys alumacc
yosys opt
yosys memory -nomap
yosys memory_map
yosys opt
progress "gates"
yosys techmap
yosys opt -full
# The library has a flip-flop without reset and one with asynchronous set and reset (active low); no enable: that is a
# multiplexer, or a gated clock.
if {$gating > 0} {
  progress "clock gates"
  gate_clocks
} else {
  yosys dfflegalize -cell {$_DFF_P_} 01 -cell {$_DFFSR_PNN_} 01
  yosys opt
}
yosys dfflibmap -liberty $liberty
yosys opt_clean

# ------------------------------------------------------------------------------------------------------------------- mapping
# abc gets a copy of the library with the wire estimate, so that it sizes for wires.
set channel [open $liberty]
set text [read $channel]
close $channel
if {![regsub {default_operating_conditions *: *typical *;} $text \
      "&\n[memory::wire_load]  default_wire_load : \"estimate\";" text]} {
  fail "$liberty is not the library that this flow knows: no default_operating_conditions"
}
write_text $out/abc.lib $text
progress "cells"
yosys abc -liberty $out/abc.lib -constr constraints/abc.constr -script constraints/abc.script
yosys opt_clean
file delete $out/abc.lib

progress "checks"
yosys read_liberty -lib $liberty
yosys check -assert
set mapped [expr {$quick ? "mcnn_pe/" : ""}]
set latches [llength [selected ${mapped}t:LATCH]]
if {$latches != $clock_enables} { fail "$latches latches, but $clock_enables gated enables" }
must_be_empty "cells that are not mapped" ${mapped}t:\$*
if {$quick} {
  progress "done"
  exit 0
}

# ------------------------------------------------------------------------------------------------------------------- results
yosys rename -wire
yosys write_verilog -noattr -simple-lhs $out/mcnn_chip.v
yosys tee -q -o $out/stat.txt stat -liberty $liberty
write_text $out/memory.lib [memory::liberty $geometries]
write_text $out/memory.v [memory::verilog $geometries]

# Cells, flip-flops and area of every module from the statistics; instances from the chip.
set module ""
foreach line [read_lines $out/stat.txt] {
  if {[regexp {^=== (.*) ===$} $line -> name]} {
    set module [string trimleft $name \\]
    set cells($module) 0
    set flops($module) 0
    set latches_of($module) 0
    set area($module) 0.0
    set uses($module) {}
  } elseif {[regexp {Number of cells: +(\d+)} $line -> count]} {
    set cells($module) $count
  } elseif {[regexp {Chip area for (?:top )?module .*: ([\d.]+)} $line -> value]} {
    # A latch is 0 um2 in the library's text; its layout (osu018_stdcells.lef) is 5.6 um x 10 um.
    set area($module) [expr {$value + 56.0 * $latches_of($module)}]
  } elseif {[regexp {^ +(\S+) +(\d+)$} $line -> type count]} {
    if {[string match DFF* $type]} { incr flops($module) $count }
    if {[string match mcnn_* $type]} { lappend uses($module) $type $count }
    if {$type eq "LATCH"} { set latches_of($module) $count }
  }
}

set um2_low 0.0; set um2 0.0; set um2_high 0.0
set bits_total 0
set total_cells 0; set total_flops 0; set total_enables 0; set total_area 0.0
set rows {}; set memory_rows {}
array set macros {}
set rooms [list mcnn_chip 1]
foreach {type count} $uses(mcnn_chip) {
  if {[string match mcnn_ram_* $type]} { incr macros($type) $count } else { lappend rooms $type $count }
}
foreach {room count} $rooms {
  # Instances of rooms and memories are not cells.
  set own $cells($room)
  foreach {type instances} $uses($room) {
    incr own -$instances
    if {$room ne "mcnn_chip"} { incr macros($type) [expr {$instances * $count}] }
  }
  lappend rows [list $room $count $own $flops($room) $area($room) [expr {$area($room) * $count}]]
  incr total_cells [expr {$own * $count}]
  incr total_flops [expr {$flops($room) * $count}]
  incr total_enables [expr {$latches_of($room) * $count}]
  set total_area [expr {$total_area + $area($room) * $count}]
}
set rows [lsort -real -decreasing -index 5 $rows]
lassign $memory::area_per_bit low typical high
foreach geometry $geometries {
  lassign $geometry lane_bits lanes depth
  set name [memory::name $lane_bits $lanes $depth]
  set width [expr {$lane_bits * $lanes}]
  if {![info exists macros($name)]} { continue }
  set bits [expr {$width * $depth * $macros($name)}]
  lappend memory_rows [list $name $macros($name) $width $depth $bits [expr {$bits * $typical}]]
  incr bits_total $bits
}
foreach {name factor} [list um2_low $low um2 $typical um2_high $high] { set $name [expr {$bits_total * $factor}] }

set text "Area of configuration $::env(MCNN_CONFIG), cells of [file tail $liberty], before layout (no filler, no clock tree).\n\n"
append text [format "%-22s %9s %9s %10s %14s %14s\n" module instances cells flip-flops "um2 each" "um2 together"]
foreach row $rows { append text [format "%-22s %9d %9d %10d %14.0f %14.0f\n" {*}$row] }
append text [format "%-22s %9s %9d %10d %14s %14.0f\n\n" logic "" $total_cells $total_flops "" $total_area]
if {$gating > 0} { append text "$total_enables gated enables of $gating and more flip-flops, a gate for at most $gate_fanout of them.\n\n" }
append text [format "%-22s %9s %9s %10s %14s %14s\n" memory macros bits "" "" "um2 (estimate)"]
foreach row $memory_rows {
  lassign $row name count width depth bits um
  append text [format "%-22s %9d %9d %10s %14s %14.0f\n" $name $count $bits "" "" $um]
}
append text [format "%-22s %9s %9d %10s %14s %14.0f\n\n" memory "" $bits_total "" "" $um2]
append text [format "logic %.3f mm2; memory estimate %.3f mm2 (%.3f to %.3f, %s um2 a bit assumed); together %.3f mm2\n" \
  [expr {$total_area / 1e6}] [expr {$um2 / 1e6}] [expr {$um2_low / 1e6}] [expr {$um2_high / 1e6}] $typical \
  [expr {($total_area + $um2) / 1e6}]]
write_text $out/area.txt $text

set module_items {}
foreach row $rows {
  lappend module_items [format {    {"module": "%s", "instances": %d, "cells": %d, "flip_flops": %d, "area_um2": %.0f, "area_together_um2": %.0f}} {*}$row]
}
set memory_items {}
foreach row $memory_rows {
  lappend memory_items [format {    {"macro": "%s", "instances": %d, "width": %d, "depth": %d, "bits": %d, "estimate_um2": %.0f}} {*}$row]
}
write_text $out/area.json "{
  \"configuration\": \"$::env(MCNN_CONFIG)\",
  \"library\": \"[file tail $liberty]\",
  \"cells\": $total_cells,
  \"flip_flops\": $total_flops,
  \"gated_enables\": $total_enables,
  \"logic_um2\": [format %.0f $total_area],
  \"memory_bits\": $bits_total,
  \"memory_estimate_um2\": [format %.0f $um2],
  \"memory_estimate_low_um2\": [format %.0f $um2_low],
  \"memory_estimate_high_um2\": [format %.0f $um2_high],
  \"modules\": \[\n[join $module_items ",\n"]\n  \],
  \"memories\": \[\n[join $memory_items ",\n"]\n  \]
}
"
# What the cells do, from the library, for a simulation of the netlist.
yosys design -reset
yosys read_liberty $liberty
yosys write_verilog -noattr $out/cells.v
progress "done"
