# SPDX-License-Identifier: Apache-2.0
# Power of one room of a configuration's netlist with OpenSTA; scripts/power.sh calls it from the repository root. Environment:
#   MCNN_CELLS     folder of the library   MCNN_SYNTH     folder with the netlist and the memories' timing
#   MCNN_ROOM      module of the room      MCNN_ACTIVITY  its bits: name, changes a clock, duty (mcnn_activity, without instance)
#   MCNN_KIND      rest or run             MCNN_OUT       file: one line, see below
# `run` gives the power of the run with the clock of all flip-flops; `rest` that with their data at rest, as long at 1 as in the run and with
# all clock gates closed, and what closed gates save in the run; gates, the part of the clocks in which they are open, the same
# for their flip-flops; and the leakage, which is in none of the others. All in W. Two calls, because OpenSTA keeps activities that are
# set once more.
#
# Every flip-flop's and memory's output and every input port has its own activity of the real run; OpenSTA carries them through the
# gates between. It takes no activity at the output of a register, only at what the output drives, so it is set there; what the
# flip-flop itself needs to change its output comes from the activity that OpenSTA finds at its input. It is room by room because
# OpenSTA 2.0 ends with a segmentation fault when it carries activities through the whole chip. Memories have no power in the library:
# they are not in the result.
#
# OpenSTA has the full clock behind a clock gate, whatever activity it is given. So what the flip-flops behind a gate and the gate itself
# (a NAND with its driver, or an integrated one) take for the clock, which is their power with all data at rest, counts by the part of the
# clocks in which the gate was open (gate_<number>.open of the activity); at rest all gates are closed. The latches of gates that are made
# of one, with their inverters, have every clock; a closed integrated gate takes what its library says for its clock pin.

proc mean {sum count} { return [expr {$count > 0 ? $sum / $count : 0.0}] }

# What a cell takes without its leakage, which stays.
proc clock_power {cell} {
  lassign [sta::instance_power $cell [sta::cmd_corner]] internal switching
  return [expr {$internal + $switching}]
}

proc write_line {line} {
  set channel [open $::env(MCNN_OUT) w]
  puts $channel $line
  close $channel
}

# The cells that a net drives.
proc loads {pin} { return [get_pins -of_objects [[get_pins $pin] net]] }

proc analyse {} {
  global cells
  set rest [expr {$::env(MCNN_KIND) eq "rest"}]
  source $::env(MCNN_CELLS)/cells.tcl
  array set registers $cells(registers)
  set outputs {}
  foreach {type pins} $cells(registers) { lappend outputs {*}$pins }
  if {[info exists cells(latch)]} { lappend outputs [lindex $cells(latch_pins) 2] }
  set outputs [lsort -unique $outputs]
  read_liberty $::env(MCNN_CELLS)/power.lib
  read_liberty $::env(MCNN_SYNTH)/memory.lib
  read_verilog $::env(MCNN_SYNTH)/mcnn_chip.v
  link_design $::env(MCNN_ROOM)
  create_clock -name clk -period 5.0 [get_ports clk_i]
  set_clock_transition 0.15 [get_clocks clk]

  set channel [open $::env(MCNN_ACTIVITY)]
  while {[gets $channel line] >= 0} {
    lassign $line name changes duty
    set activity($name) [list $changes $duty]
  }
  close $channel
  # What the run does not name is at rest.
  set_power_activity -input -activity 0 -duty 0
  # set_power_activity -pins takes input pins only and ends in a missing procedure; what it calls takes any pin.
  set known {}
  set missing 0
  foreach cell [all_registers -cells] {
    set name [get_full_name $cell]
    set type [get_property $cell ref_name]
    set pins [$cell pin_iterator]
    while {[$pins has_next]} {
      set pin [$pins next]
      set full [get_full_name $pin]
      set port [lindex [split $full /] end]
      if {[lsearch -exact $outputs $port] >= 0} {
        set bit $name
        if {[string match "*_$type" $name]} { set bit [string range $name 0 end-[expr {[string length $type] + 1}]] }
        if {[regexp {^enable_[0-9]+\.latch$} $name]} {
          # It shows what opens its gates.
          foreach load [loads $full] { if {[regexp {^(gate_[0-9]+)\.} [get_full_name $load] -> gate]} { set bit $gate.open } }
        }
      } elseif {[regexp {/rdata_o} $full]} {
        regsub {/(rdata_o[^/]*)$} $full {.\1} bit
      } else {
        continue
      }
      if {![info exists activity($bit)]} {
        incr missing
        continue
      }
      lappend known $pin {*}$activity($bit)
    }
    $pins finish
  }
  set ports {}
  foreach port [all_inputs] {
    set name [get_full_name $port]
    if {$name ne "clk_i" && [info exists activity($name)]} { lappend ports $port {*}$activity($name) }
  }
  foreach {pin changes duty} $known {
    if {$rest} { set changes 0 }
    sta::set_power_pin_activity $pin $changes $duty
    set net [$pin net]
    if {$net ne "NULL"} {
      foreach load [get_pins -of_objects $net] { sta::set_power_pin_activity $load $changes $duty }
    }
  }
  foreach {port changes duty} $ports {
    if {$rest} { set changes 0 }
    sta::set_power_input_port_activity $port $changes $duty
  }
  lassign [sta::design_power [sta::cmd_corner]] - - leakage power
  set power [expr {$power - $leakage}]
  if {!$rest} {
    write_line "run_W $power"
    return
  }

  # The clock behind the gates.
  foreach gate $cells(gates) {
    lassign $gate type most clock enable output others closed
    set integrated($type) [list $output [expr {$closed * 1e-12 / 5e-9}]]
  }
  set gated_clock 0.0
  set closed_clock 0.0
  set gates 0
  set open_sum 0.0
  set members 0
  set open_members 0.0
  foreach cell [get_cells gate_*gate] {
    set name [get_full_name $cell]
    if {![regexp {^(gate_[0-9]+)\.(.*\.)?gate$} $name -> gate]} { continue }
    if {![info exists activity($gate.open)]} { error "$gate.open: not in the activity" }
    set open [lindex $activity($gate.open) 1]
    set clocked [clock_power $cell]
    set type [get_property $cell ref_name]
    if {[info exists integrated($type)]} {
      lassign $integrated($type) pin closed
      set output $name/$pin
      set clocked [expr {$clocked > $closed ? $clocked - $closed : 0.0}]
    } else {
      foreach pin [loads $name/Y] {
        if {[string match */A [get_full_name $pin]]} { set drive [$pin instance] }
      }
      set output [get_full_name $drive]/Y
      set clocked [expr {$clocked + [clock_power $drive]}]
    }
    foreach pin [loads $output] {
      if {[get_full_name $pin] eq $output} { continue }
      set clocked [expr {$clocked + [clock_power [$pin instance]]}]
      incr members
      set open_members [expr {$open_members + $open}]
    }
    set closed_clock [expr {$closed_clock + (1.0 - $open) * $clocked}]
    set gated_clock [expr {$gated_clock + $clocked}]
    incr gates
    set open_sum [expr {$open_sum + $open}]
  }
  write_line "$::env(MCNN_ROOM) outputs [expr {[llength $known] / 3}] without_activity $missing input_ports [expr {[llength $ports] / 3}]\
    idle_W [expr {$power - $gated_clock}] closed_W $closed_clock gates $gates open [mean $open_sum $gates]\
    gated $members open [mean $open_members $members] leakage_W $leakage"
}

if {[catch analyse message]} {
  puts stderr "error: $message"
  exit 1
}
exit 0
