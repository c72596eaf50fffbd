# SPDX-License-Identifier: Apache-2.0
# Synthesis of one configuration with Yosys; scripts/synth.sh calls it from the repository root. Environment:
#   MCNN_CONFIG   name of the configuration     MCNN_SOURCES  RTL files
#   MCNN_CELLS    folder of the cell library that scripts/cells.sh made
#   MCNN_PARAMS   NAME=VALUE ...                MCNN_OUT      folder for the results (exists)
#   MCNN_GATING   flip-flops that must share an enable to get a clock gate; 0: no clock gates
#   MCNN_FRONT    the configuration as gates, if it is there and younger than the RTL; otherwise it is left in MCNN_OUT/front.il
#   MCNN_QUICK    1: stop after the checks, map only a PE
#
# Every module right below the chip ("room") is synthesised once, whatever is inside it flattened; the chip keeps the rooms.
# Memories stay macros. Registers of mcnn_pe, mcnn_reduce and so on that are arrays in the RTL become flip-flops.

source constraints/memory.tcl
source constraints/rooms.tcl
source constraints/clock_gates.tcl

set folder  $::env(MCNN_CELLS)
source $folder/cells.tcl
set out     $::env(MCNN_OUT)
set liberty $folder/cells.lib
set quick   $::env(MCNN_QUICK)
set gating  $::env(MCNN_GATING)
set clock_gates 0
set clock_enables 0
set started [clock seconds]

proc progress {text} {
  puts [format "%-14s %4d s  %s" $::env(MCNN_CONFIG) [expr {[clock seconds] - $::started}] $text]
  flush stdout
}

# ------------------------------------------------------------------------------------------------------------- read, check
if {[file exists $::env(MCNN_FRONT)]} {
  progress "gates, as before"
  yosys read_rtlil $::env(MCNN_FRONT)
  set geometries [read_lines $::env(MCNN_FRONT).memories]
} else {
  progress "read"
  set geometries [read_rooms]

  # Products by a constant power of two are wires after opt; any other product, quotient or remainder is an error.
  yosys opt
  must_be_empty "latches (module/cell, with source line)" t:\$dlatch t:\$adlatch t:\$dlatchsr t:\$sr
  must_be_empty "multipliers or dividers (module/cell, with source line)" \
    t:\$mul t:\$macc t:\$div t:\$mod t:\$divfloor t:\$modfloor t:\$pow

  # --------------------------------------------------------------------------------------------------- coarse to fine grain
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
  if {!$quick} {
    yosys write_rtlil $out/front.il
    write_text $out/front.il.memories "[join $geometries \n]\n"
  }
}
# A flip-flop with an enable is one with a multiplexer where the library has none, or, behind a clock gate, a plain one.
if {$gating > 0} {
  progress "clock gates"
  gate_clocks
}
if {$cells(enable_register) ne ""} {
  yosys dfflegalize -cell {$_DFF_P_} 01 -cell {$_DFFE_PP_} 01 -cell {$_DFF_PN?_} 01
  lassign $cells(enable_register) type clock data enable output
  write_text $out/enable_ff.v "(* techmap_celltype = \"\$_DFFE_PP_\" *)\nmodule enabled (input C, E, D, output Q);\n\
    $type _TECHMAP_REPLACE_ (.${clock}(C), .${data}(D), .${enable}(E), .${output}(Q));\nendmodule\n"
  yosys techmap -map $out/enable_ff.v
  file delete $out/enable_ff.v
} elseif {$gating == 0} {
  yosys dfflibmap -prepare -liberty $folder/synth.lib
  yosys opt
}
yosys dfflibmap -liberty $folder/synth.lib
yosys opt_clean

# ------------------------------------------------------------------------------------------------------------------- mapping
progress "cells"
yosys abc -liberty $folder/synth.lib -constr $folder/abc.constr -script constraints/abc.script
yosys opt_clean
# Constants get a cell where the library has one, one a module.
if {[info exists cells(tie_high)] && [info exists cells(tie_low)]} {
  yosys hilomap -singleton -hicell {*}$cells(tie_high) -locell {*}$cells(tie_low)
}

progress "checks"
yosys read_liberty -lib -ignore_miss_func $liberty
yosys check -assert
set mapped [expr {$quick ? "mcnn_pe/" : ""}]
# Every latch is that of a clock gate.
set latches {}
foreach cell $cells(latches) { lappend latches ${mapped}t:$cell }
set found [expr {[llength $latches] > 0 ? [llength [selected {*}$latches]] : 0}]
set expected [expr {[info exists cells(latch)] ? $clock_enables : 0}]
if {$found != $expected} { fail "$found latches, but $expected gated enables" }
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
array set added $cells(areas)
array set registers $cells(registers)
set module ""
foreach line [read_lines $out/stat.txt] {
  if {[regexp {^=== (.*) ===$} $line -> name]} {
    set module [string trimleft $name \\]
    set cells_of($module) 0
    set flops($module) 0
    set enables($module) 0
    set area($module) 0.0
    set extra 0.0
    set uses($module) {}
  } elseif {[regexp {Number of cells: +(\d+)} $line -> count]} {
    set cells_of($module) $count
  } elseif {[regexp {Chip area for (?:top )?module .*: ([\d.]+)} $line -> value]} {
    # Cells whose area the library's text leaves out.
    set area($module) [expr {$value + $extra}]
  } elseif {[regexp {^ +(\S+) +(\d+)$} $line -> type count]} {
    if {[info exists registers($type)]} { incr flops($module) $count }
    if {[string match mcnn_* $type]} { lappend uses($module) $type $count }
    if {[info exists added($type)]} { set extra [expr {$extra + $added($type) * $count}] }
  }
}
foreach {room count} [array get enables_of] { set enables($room) $count }

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
  set own $cells_of($room)
  foreach {type instances} $uses($room) {
    incr own -$instances
    if {$room ne "mcnn_chip"} { incr macros($type) [expr {$instances * $count}] }
  }
  lappend rows [list $room $count $own $flops($room) $area($room) [expr {$area($room) * $count}]]
  incr total_cells [expr {$own * $count}]
  incr total_flops [expr {$flops($room) * $count}]
  incr total_enables [expr {$enables($room) * $count}]
  set total_area [expr {$total_area + $area($room) * $count}]
}
set rows [lsort -real -decreasing -index 5 $rows]
lassign $cells(memory_um2_bit) low typical high
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

set text "Area of configuration $::env(MCNN_CONFIG), $cells(technology), before layout (no filler, no clock tree).\n\n"
append text [format "%-22s %9s %9s %10s %14s %14s\n" module instances cells flip-flops "um2 each" "um2 together"]
foreach row $rows { append text [format "%-22s %9d %9d %10d %14.0f %14.0f\n" {*}$row] }
append text [format "%-22s %9s %9d %10d %14s %14.0f\n\n" logic "" $total_cells $total_flops "" $total_area]
if {$gating > 0} { append text "$total_enables gated enables of $gating and more flip-flops, $clock_gates gates.\n\n" }
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
  \"library\": \"$::env(MCNN_CELLS_NAME)\",
  \"technology\": \"$cells(technology)\",
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
yosys read_liberty -ignore_miss_func -ignore_miss_dir $liberty
yosys write_verilog -noattr $out/cells.v
write_text $out/cells.v "[join [read_lines $out/cells.v] \n]\n[join [read_lines $folder/clock_gate_models.v] \n]\n"
progress "done"
