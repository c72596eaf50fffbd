# SPDX-License-Identifier: Apache-2.0
# The memory macros of the chip (rtl/memory/mcnn_ram.sv: one read port, one write port) as synthesis and timing see them.
# There is no memory generator for the cell libraries: every number is an assumption of their descriptions (constraints/cells), the same
# for every geometry, see README.md.

namespace eval memory {
  variable hold      0.0
  variable data_slew 0.15

  # The macro of a geometry: bits of a lane, lanes of a word (written separately), words.
  proc name {lane_bits lanes depth} {
    set name "mcnn_ram_[expr {$lane_bits * $lanes}]x$depth"
    if {$lanes > 1} { append name "_w$lanes" }
    return $name
  }

  proc address_bits {depth} {
    set bits 1
    while {(1 << $bits) < $depth} { incr bits }
    return $bits
  }

  proc constraints {} {
    lassign $::cells(memory_ns) clock_to_data setup
    variable hold
    set text ""
    foreach {type value} [list setup_rising $setup hold_rising $hold] {
      append text "      timing() { related_pin : \"clk_i\"; timing_type : $type;\n" \
        "        rise_constraint(scalar) { values(\"$value\"); } fall_constraint(scalar) { values(\"$value\"); } }\n"
    }
    return $text
  }

  # The macros of a netlist as the RTL's memory, for a simulation of the netlist.
  proc verilog {geometries} {
    set text "// Generated: the memory macros of the netlist.\n"
    foreach geometry $geometries {
      lassign $geometry lane_bits lanes depth
      set width [expr {$lane_bits * $lanes}]
      set address [address_bits $depth]
      append text "module [name $lane_bits $lanes $depth] (\n  input logic clk_i,\n  input logic \[[expr {$lanes - 1}]:0\] re_i,\n" \
        "  input logic \[[expr {$address - 1}]:0\] raddr_i, waddr_i,\n  output logic \[[expr {$width - 1}]:0\] rdata_o,\n" \
        "  input logic \[[expr {$lanes - 1}]:0\] we_i,\n  input logic \[[expr {$width - 1}]:0\] wdata_i\n);\n" \
        "  mcnn_ram #(.LaneBits($lane_bits), .Lanes($lanes), .Depth($depth)) ram (.*);\nendmodule\n"
    }
    return $text
  }

  # A Liberty library with a cell for every {lane_bits lanes depth} of the list, and the wire estimate.
  proc liberty {geometries} {
    variable data_slew
    lassign $::cells(memory_ns) clock_to_data setup
    lassign $::cells(memory_pF) input_cap clock_cap max_load
    set text "/* Generated: timing view of the memory macros. Assumed numbers, see constraints/README.md. */
library(mcnn_memory) {
  delay_model : table_lookup;
  time_unit : \"1ns\";
  voltage_unit : \"1V\";
  current_unit : \"1uA\";
  pulling_resistance_unit : \"1kohm\";
  leakage_power_unit : \"1nW\";
  capacitive_load_unit (1,pf);
  slew_upper_threshold_pct_rise : 80;
  slew_lower_threshold_pct_rise : 20;
  slew_upper_threshold_pct_fall : 80;
  slew_lower_threshold_pct_fall : 20;
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  nom_process : 1;
  nom_voltage : $::cells(voltage);
  nom_temperature : 25;
  wire_load(\"estimate\") {
    resistance : 0.0;
    capacitance : [expr {$::cells(wire_fF_um) * 1e-3}];
    area : 0.0;
    slope : $::cells(wire_um);
    fanout_length(1, $::cells(wire_um));
  }
"
    # bus types
    set sizes {}
    foreach geometry $geometries {
      lassign $geometry lane_bits lanes depth
      lappend sizes [expr {$lane_bits * $lanes}] $lanes [address_bits $depth]
    }
    foreach bits [lsort -integer -unique $sizes] {
      append text "  type(bus$bits) { base_type : array; data_type : bit; bit_width : $bits; bit_from : [expr {$bits - 1}];\
        bit_to : 0; downto : true; }\n"
    }
    foreach geometry $geometries {
      lassign $geometry lane_bits lanes depth
      set width [expr {$lane_bits * $lanes}]
      set address bus[address_bits $depth]
      set data bus$width
      set area [expr {[lindex $::cells(memory_um2_bit) 1] * $width * $depth}]
      append text "  cell([name $lane_bits $lanes $depth]) {\n    area : $area;\n    dont_touch : true;\n    interface_timing : true;\n" \
        "    pin(clk_i) { direction : input; clock : true; capacitance : $clock_cap; }\n"
      set pins {}
      set buses [list raddr_i $address waddr_i $address wdata_i $data]
      if {$lanes > 1} { lappend buses re_i bus$lanes we_i bus$lanes } else { lappend pins re_i we_i }
      foreach pin $pins {
        append text "    pin($pin) { direction : input; capacitance : $input_cap;\n[constraints]    }\n"
      }
      foreach {bus type} $buses {
        append text "    bus($bus) { bus_type : $type; direction : input; capacitance : $input_cap;\n[constraints]    }\n"
      }
      append text "    bus(rdata_o) { bus_type : $data; direction : output; max_capacitance : $max_load;\n" \
        "      timing() { related_pin : \"clk_i\"; timing_type : rising_edge;\n" \
        "        cell_rise(scalar) { values(\"$clock_to_data\"); } cell_fall(scalar) { values(\"$clock_to_data\"); }\n" \
        "        rise_transition(scalar) { values(\"$data_slew\"); } fall_transition(scalar) { values(\"$data_slew\"); } }\n" \
        "    }\n  }\n"
    }
    append text "}\n"
    return $text
  }
}
