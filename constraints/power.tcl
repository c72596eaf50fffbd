# SPDX-License-Identifier: Apache-2.0
# Power of one room of a configuration's netlist with OpenSTA; scripts/power.sh calls it from the repository root. Environment:
#   MCNN_LIBERTY   cell library            MCNN_SYNTH     folder with the netlist and the memories' timing
#   MCNN_ROOM      module of the room      MCNN_ACTIVITY  its bits: name, changes a clock, duty (mcnn_activity, without instance)
#   MCNN_OUT       file: one line, room, pins, power at rest and in the run [W]
# Every flip-flop's and memory's output and every input port has its own activity of the real run; OpenSTA carries them through the
# gates between. It takes no activity at the output of a register, only at what the output drives, so it is set there; what the
# flip-flop itself needs to change its output comes from the activity that OpenSTA finds at its input. It is room by room because OpenSTA 2.0 ends with a segmentation fault when it carries activities through the whole
# chip. Memories have no power in the library: they are not in the result.

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
  set channel [open $::env(MCNN_OUT) w]
  puts $channel "$::env(MCNN_ROOM) outputs $found without_activity $missing input_ports $ports idle_W $idle run_W $run"
  close $channel
}

if {[catch analyse message]} {
  puts stderr "error: $message"
  exit 1
}
exit 0
