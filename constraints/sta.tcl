# SPDX-License-Identifier: Apache-2.0
# Static timing of one configuration with OpenSTA; scripts/sta.sh calls it from the repository root. Environment:
#   MCNN_LIBERTY  cell library      MCNN_SYNTH  folder with the netlist and the memories' timing
#   MCNN_OUT      folder for the results
# The script must not go on after an error, which OpenSTA does by itself.

proc analyse {} {
  set out $::env(MCNN_OUT)
  read_liberty $::env(MCNN_LIBERTY)
  read_liberty $::env(MCNN_SYNTH)/memory.lib
  read_verilog $::env(MCNN_SYNTH)/mcnn_chip.v
  link_design mcnn_chip
  source constraints/mcnn.sdc
  set_operating_conditions -analysis_type bc_wc

  # Ports without a delay, ends without a constraint, loops: nothing may pass unseen.
  check_setup -verbose > $out/check_setup.txt
  set setup [worst_slack -max]
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
  set setup_wires [worst_slack -max]
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
