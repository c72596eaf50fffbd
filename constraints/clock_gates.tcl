# SPDX-License-Identifier: Apache-2.0
# Clock gates for synth.tcl: flip-flops that share an enable lose it and get a clock that runs only while the enable is 1. What a gate
# is made of says the description of the cell library (cells.tcl); how the flip-flops come to it, clock_gate_ff.v. Leaves
# enables/<room>.aag: for each gate of a room what opens it, a function of registers, memory outputs and inputs, so that the waves of
# the RTL say how often it is open (mcnn_activity).

# For the flip-flops that share an enable, if there are at least $gating of them; the others keep their multiplexer. A gate has as many
# flip-flops as the largest one of the library is for.
proc gate_clocks {} {
  set sizes $::cells(gate_sizes)
  if {[llength $sizes] == 0} {
    fail "clock gates: $::cells(liberty) has no integrated clock gate of the rising edge (clock_gating_integrated_cell : latch_posedge),\
      and no description in constraints/cells says what to make one of (latch, latch_inverter, gate_nand, gate_driver)"
  }
  yosys dfflegalize -cell {$_DFF_P_} 01 -cell {$_DFFE_PP_} 01 -cell {$_DFF_PN?_} 01 -cell {$_DFFE_PN?P_} 01 -mince $::gating
  # Enables that are the same, are one.
  yosys opt_expr
  yosys opt_merge
  yosys opt_clean
  foreach {type gated} {{$_DFFE_PP_} gated_dff {$_DFFE_PN0P_} gated_dff0 {$_DFFE_PN1P_} gated_dff1} {
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
  set fanout [lindex $sizes end]
  if {$::env(MCNN_GATE_FANOUT) ne ""} { set fanout $::env(MCNN_GATE_FANOUT) }
  foreach key [lsort [array names users]] {
    # As many gates as it takes, each with its share, of the smallest kind that is for so many.
    set all [lsort -dictionary $users($key)]
    set gates [expr {([llength $all] + $fanout - 1) / $fanout}]
    set share [expr {double([llength $all]) / $gates}]
    set kind 0
    while {$kind + 1 < [llength $sizes] && $share > [lindex $sizes $kind]} { incr kind }
    set index 0
    foreach user $all {
      lassign $user gated module cell
      lappend members(${gated}_${kind}_[format %03d [expr {$index * $gates / [llength $all]}]]) $module/$cell
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
  yosys read_verilog -lib $::folder/clock_gate.v
  # One enable, then one gate an enable and KEY. Names that the analyses find: enable_<number>, gate_<number>.
  foreach {type name counter} {mcnn_clock_enable enable clock_enables mcnn_clock_gate gate clock_gates} {
    yosys opt_merge -share_all t:$type
    set ::$counter 0
    foreach cell [selected t:$type] {
      lassign [split $cell /] module cell
      yosys cd $module
      yosys rename $cell ${name}_[set ::$counter]
      yosys cd ..
      incr ::$counter
      if {$type eq "mcnn_clock_enable"} { incr ::enables_of($module) }
    }
  }
  if {!$::quick} {
    file mkdir $::out/enables
    # The power of the chip itself, what connects the rooms, is not analysed.
    write_enables [lsearch -all -inline -not -exact [lsort [array names ::enables_of]] mcnn_chip]
  }
  yosys techmap -map $::folder/clock_gate.v
  yosys delete =mcnn_clock_enable =mcnn_clock_gate
}

# The enables of each room as outputs gate_<number>.open of a network of AND gates (AIGER, text, with names).
proc write_enables {rooms} {
  yosys design -push-copy
  yosys delete =mcnn_chip
  yosys delete -output */o:*
  write_text $::out/through.v "module mcnn_clock_enable (input clk, enable, output open);\n  assign open = enable;\nendmodule\n"
  yosys techmap -map $::out/through.v
  file delete $::out/through.v
  yosys expose -evert t:mcnn_clock_gate
  yosys delete {t:$_DFF*} t:mcnn_ram_*
  yosys opt_clean -purge
  yosys splitnets -ports
  yosys opt_clean -purge
  yosys setundef -undriven -expose
  yosys aigmap
  yosys opt_clean -purge
  yosys design -save enables
  foreach room $rooms {
    yosys design -load enables
    yosys hierarchy -top $room
    yosys write_aiger -ascii -symbols $::out/enables/$room.aag
  }
  yosys design -delete enables
  yosys design -pop
}
