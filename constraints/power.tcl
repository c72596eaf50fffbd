# SPDX-License-Identifier: Apache-2.0
# Power of one room of a configuration's netlist with OpenSTA; scripts/power.sh calls it from the repository root. Environment:
#   MCNN_LIBERTY   cell library            MCNN_SYNTH     folder with the netlist and the memories' timing
#   MCNN_ROOM      module of the room      MCNN_ACTIVITY  its bits: name, changes a clock, duty (mcnn_activity, without instance)
#   MCNN_OUT       file: one line, room, pins, power at rest and in the run [W]; gated enables, part of the clocks in which they
#                  are 1, and the same for their flip-flops
# Every flip-flop's and memory's output and every input port has its own activity of the real run; OpenSTA carries them through the
# gates between. It takes no activity at the output of a register, only at what the output drives, so it is set there; what the
# flip-flop itself needs to change its output comes from the activity that OpenSTA finds at its input. It is room by room because OpenSTA 2.0 ends with a segmentation fault when it carries activities through the whole
# chip. Memories have no power in the library: they are not in the result.
#
# OpenSTA has the full clock behind a clock gate, whatever activity it is given. So what the flip-flops behind a gate, its NAND and its
# driver take for the clock (their power with all data at rest) counts by the part of the clocks in which the gate was open,
# which is the duty of enable_<number>.latch.Q in a simulation of the netlist; at rest all gates are closed. The latches and their inverters
# have every clock.

proc mean {sum count} { return [expr {$count > 0 ? $sum / $count : 0.0}] }

# What a cell takes without its leakage, which stays.
proc clock_power {cell} {
  lassign [sta::instance_power $cell [sta::cmd_corner]] internal switching
  return [expr {$internal + $switching}]
}

proc analyse {} {
  read_liberty $::env(MCNN_LIBERTY)
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
  set found 0
  set missing 0
  # set_power_activity -pins takes input pins only and ends in a missing procedure; what it calls takes any pin.
  foreach cell [all_registers -cells] {
    set name [get_full_name $cell]
    set pins [$cell pin_iterator]
    while {[$pins has_next]} {
      set pin [$pins next]
      set full [get_full_name $pin]
      if {[string match "*/Q" $full]} {
        regsub {_(DFFPOSX1|DFFSR)$} $name {} bit
        if {[regexp {^enable_[0-9]+\.latch$} $name]} { set bit $name.Q }
      } elseif {[regexp {/rdata_o} $full]} {
        regsub {/(rdata_o[^/]*)$} $full {.\1} bit
      } else {
        continue
      }
      if {[info exists activity($bit)]} {
        sta::set_power_pin_activity $pin {*}$activity($bit)
        set net [$pin net]
        if {$net ne "NULL"} {
          foreach load [get_pins -of_objects $net] { sta::set_power_pin_activity $load {*}$activity($bit) }
        }
        incr found
      } else {
        incr missing
      }
    }
    $pins finish
  }
  set ports 0
  foreach port [all_inputs] {
    set name [get_full_name $port]
    if {$name ne "clk_i" && [info exists activity($name)]} {
      sta::set_power_input_port_activity $port {*}$activity($name)
      incr ports
    }
  }
  set run [lindex [sta::design_power [sta::cmd_corner]] 3]
  # Data at rest: what the clock alone costs. A global activity hides all others, so it comes last.
  set_power_activity -global -activity 0 -duty 0
  set idle [lindex [sta::design_power [sta::cmd_corner]] 3]

  # The clock behind the gates.
  set enables 0
  set open_sum 0.0
  set members 0
  set open_members 0.0
  foreach latch [all_registers -level_sensitive -cells] {
    set name [get_full_name $latch]
    if {![regexp {^(enable_[0-9]+)\.latch$} $name -> enable]} { error "$name: a latch that is not a clock gate's" }
    if {![info exists activity($name.Q)]} { error "$name.Q: not in the activity" }
    set open [lindex $activity($name.Q) 1]
    set clocked 0.0
    foreach input [get_pins -of_objects [[get_pins $name/Q] net]] {
      if {![regexp {^(gate_[0-9]+)\.gate/B$} [get_full_name $input] -> gate]} { continue }
      foreach pin [get_pins -of_objects [[get_pins $gate.gate/Y] net]] {
        if {[string match */A [get_full_name $pin]]} { set drive [$pin instance] }
      }
      set clocked [expr {$clocked + [clock_power [$input instance]] + [clock_power $drive]}]
      foreach pin [get_pins -of_objects [[get_pins [get_full_name $drive]/Y] net]] {
        if {![string match */CLK [get_full_name $pin]]} { continue }
        set clocked [expr {$clocked + [clock_power [$pin instance]]}]
        incr members
        set open_members [expr {$open_members + $open}]
      }
    }
    set idle [expr {$idle - $clocked}]
    set run [expr {$run - (1.0 - $open) * $clocked}]
    incr enables
    set open_sum [expr {$open_sum + $open}]
  }
  set channel [open $::env(MCNN_OUT) w]
  puts $channel "$::env(MCNN_ROOM) outputs $found without_activity $missing input_ports $ports idle_W $idle run_W $run\
    enables $enables open [mean $open_sum $enables] gated $members open [mean $open_members $members]"
  close $channel
}

if {[catch analyse message]} {
  puts stderr "error: $message"
  exit 1
}
exit 0
