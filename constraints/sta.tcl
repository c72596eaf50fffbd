# SPDX-License-Identifier: Apache-2.0
# Static timing of one configuration with OpenSTA; scripts/sta.sh calls it from the repository root. Environment:
#   MCNN_CELLS    folder of the cell library (scripts/cells.sh)
#   MCNN_SYNTH    folder with the netlist and the memories' timing      MCNN_OUT  folder for the results
# The script must not go on after an error, which OpenSTA does by itself.

# Worst setup slack. A latch (of a clock gate) is open while the clock is low: a path into it that is in time takes what it
# needs of that and has slack 0, which says nothing; the path goes on to the gate's NAND, where it is checked (mcnn.sdc).
proc worst_setup {} {
  if {[llength [all_registers -level_sensitive -cells]] == 0} { return [worst_slack -max] }
  set worst [worst_slack -max]
  if {$worst < 0} { return $worst }
  with_output_to_variable text { report_checks -path_delay max -group_count 5000 -format summary }
  set worst ""
  foreach line [split $text "\n"] {
    if {[regexp {^\S+ .* (\S+) \(\S+\) +(-?[0-9.]+)$} $line -> end slack] || [regexp {^\S+ .* (\S+) \(output\) +(-?[0-9.]+)$} $line -> end slack]} {
      if {![regexp {enable_[0-9]+\.latch/D$} $end] && ($worst eq "" || $slack < $worst)} { set worst $slack }
    }
  }
  if {$worst eq ""} { error "no setup check that is not a clock gate's latch" }
  return $worst
}

proc analyse {} {
  set out $::env(MCNN_OUT)
  source $::env(MCNN_CELLS)/cells.tcl
  read_liberty $::env(MCNN_CELLS)/cells.lib
  read_liberty $::env(MCNN_SYNTH)/memory.lib
  read_verilog $::env(MCNN_SYNTH)/mcnn_chip.v
  link_design mcnn_chip
  source constraints/mcnn.sdc
  set_operating_conditions -analysis_type bc_wc

  # Ports without a delay, ends without a constraint, loops: nothing may pass unseen.
  check_setup -verbose > $out/check_setup.txt
  set setup [worst_setup]
  set hold [worst_slack -min]
  set tns [total_negative_slack -max]
  report_checks -path_delay max -group_count 20 -fields {slew capacitance} -format full > $out/setup.txt
  report_checks -path_delay min -group_count 20 -fields {slew capacitance} -format full > $out/hold.txt
  report_checks -path_delay max -group_count 2000 -format summary > $out/setup_ends.txt
  report_check_types -max_transition -all_violators > $out/slew.txt
  report_check_types -min_pulse_width -verbose > $out/pulse_width.txt

  # Once more with the estimate of the wires (constraints/memory.tcl).
  set_wire_load_mode top
  set_wire_load_model -name estimate -library mcnn_memory
  set setup_wires [worst_setup]
  set hold_wires [worst_slack -min]
  set tns_wires [total_negative_slack -max]
  report_checks -path_delay max -group_count 20 -fields {slew capacitance} -format full > $out/setup_wires.txt
  report_checks -path_delay max -group_count 2000 -format summary > $out/setup_wires_ends.txt

  set channel [open $out/slack.txt w]
  puts $channel "$::clock_period $setup $hold $tns $setup_wires $hold_wires $tns_wires"
  close $channel
}

if {[catch analyse message]} {
  puts stderr "error: $message"
  exit 1
}
exit 0
