# SPDX-License-Identifier: Apache-2.0
# What the flow has to know of a cell library, from its Liberty file and its description (constraints/cells/<name>.cells); scripts/cells.sh
# calls it from the repository root with Yosys. What a description leaves out is looked up by the attributes of the cells. Environment:
#   MCNN_LIBERTY      the library, plain text      MCNN_DESCRIPTION  its description; empty: there is none
#   MCNN_OUT          folder for the results: cells.tcl (the array cells), synth.lib and power.lib (the library for mapping and for
#                     power), clock_gate.v (techmap of the gates), clock_gate_models.v (integrated gates for a simulation), abc.constr
#
# The array cells of cells.tcl: what the description says (README.md), and
#   voltage           nominal supply [V]
#   registers         flip-flops: name and output pins of each
#   latches           names of the latches
#   enable_register   smallest flip-flop with an enable, without reset: name, pins of clock, data, enable, output; may be empty
#   gates             integrated clock gates: {name most_flip_flops clock enable output {other inputs} pJ_closed}
#   latch_pins        of the latch of a discrete gate: clock, data, output

proc fail {text} {
  puts stderr $text
  exit 1
}
set out     $::env(MCNN_OUT)
set liberty $::env(MCNN_LIBERTY)
set named   [expr {$::env(MCNN_DESCRIPTION) ne "" ? $::env(MCNN_DESCRIPTION) : $liberty}]

# -------------------------------------------------------------------------------------------------------------- description
set known {technology node_nm liberty package latch latch_inverter gate_nand gate_driver clock_gate tie_high tie_low dont_use area
           driving_cell load_pF abc_load_fF max_slew_ns wire_um wire_fF_um memory_ns memory_pF memory_um2_bit}
array set cells {}
if {$::env(MCNN_DESCRIPTION) ne ""} {
  set channel [open $::env(MCNN_DESCRIPTION)]
  set number 0
  while {[gets $channel line] >= 0} {
    incr number
    if {[regexp {^\s*(#|$)} $line]} { continue }
    if {![regexp {^(\w+)\s*=\s*(\S.*?)\s*$} $line -> key value]} { fail "$named:$number: found '$line', allowed: key = value" }
    if {[lsearch -exact $known $key] < 0} { fail "$named:$number: found key '$key', allowed: $known" }
    set cells($key) $value
  }
  close $channel
}

# ------------------------------------------------------------------------------------------------------------------ Liberty
# A group of the library that is open: its head and its contents but for the groups inside it, which have been handed on before.
set channel [open $liberty]
set contents [read $channel]
close $channel
regsub -all {/\*([^*]|\*+[^*/])*\*+/} $contents " " bare
if {![regexp {^\s*library\s*\(\s*"?([^"()\s]+)"?\s*\)\s*\x7b} $bare -> library]} { fail "$liberty: no Liberty library: it does not begin with library(...)" }

proc attribute {text name} {
  if {[regexp "\[\\s;{}\]$name\\s*:\\s*\"?(\[^\";\\n\]*?)\\s*\"?\\s*\[;\\n\]" " $text\n" -> value]} { return [string trim $value] }
  return ""
}
# The groups `kind` right inside text: name and contents of each.
proc groups {text kind} {
  set found {}
  set at 0
  while {[regexp -indices -start $at "(?:^|\[\\s;{}\])${kind}\\s*\\(\\s*\"?(\[^()\]*?)\"?\\s*\\)\\s*\\x7b" $text whole name]} {
    set begin [expr {[lindex $whole 1] + 1}]
    set depth 1
    set end $begin
    while {$depth > 0 && [regexp -indices -start $end {[{}]} $text brace]} {
      set end [expr {[lindex $brace 1] + 1}]
      incr depth [expr {[string index $text [lindex $brace 0]] eq "\x7b" ? 1 : -1}]
    }
    lappend found [string trim [string range $text {*}$name] "\" "] [string range $text $begin [expr {$end - 2}]]
    set at $end
  }
  return $found
}
# Text before the first group in it: its own attributes, if they come first.
proc head {text} {
  set at [string first "\{" $text]
  return [expr {$at < 0 ? $text : [string range $text 0 $at]}]
}
proc bare_function {text} { return [string map {" " "" "\t" "" "(" "" ")" "" "\"" ""} $text] }

# Tables of values are of no use here but for the clock pins of clock gates, and are most of the text.
set first_cell [string first "cell" $bare]
set front [string range $bare 0 [expr {[lindex [lindex [regexp -inline -indices {\scell\s*\(} $bare] 0] 0] - 1}]]
set voltage [attribute $front nom_voltage]
if {$voltage eq ""} { fail "$liberty: no nom_voltage" }
if {![regexp {capacitive_load_unit\s*\(\s*([0-9.eE+-]+)\s*,\s*"?([fp]f)"?\s*\)} [string tolower $front] -> number unit]} { fail "$liberty: no capacitive_load_unit in ff or pf" }
set unit_pF [expr {double($number) * ($unit eq "ff" ? 1e-3 : 1.0)}]
set all [groups $bare cell]
if {[llength $all] == 0} { fail "$liberty: no cell in it" }

proc middle {text} {
  if {![regexp {values\s*\(([^)]*)\)} $text -> values]} { return "" }
  set numbers [regexp -all -inline {[-0-9.][0-9.eE+-]*} $values]
  return [lindex $numbers [expr {[llength $numbers] / 2}]]
}
# What the clock costs inside a gate that is closed [pJ a clock]: the power of the clock pin while the output does not move.
proc closed_energy {clock output enable} {
  set best ""
  foreach {name group} [groups $clock internal_power] {
    set when [bare_function [attribute [head $group] when]]
    if {[attribute [head $group] related_pin] ne ""} { continue }
    set sum 0.0
    foreach kind {rise_power fall_power} {
      foreach {table values} [groups $group $kind] { set value [middle $values]; if {$value ne ""} { set sum [expr {$sum + $value}] } }
    }
    if {$when eq ""} { set best $sum }
    if {[regexp "!${output}\\M|${output}'" $when] && [regexp "!${enable}\\M|${enable}'" $when]} { return $sum }
  }
  return $best
}

set registers {}
set enable_registers {}
set latches {}
set icgs {}
set buffers {}
set tie_high {}
set tie_low {}
array set area {}
foreach {name text} $all {
  set outputs {}
  set inputs {}
  array unset role
  set constant ""
  foreach {pin body} [groups $text pin] {
    set direction [string tolower [attribute $body direction]]
    if {$direction eq "output"} {
      lappend outputs $pin
      set function [bare_function [attribute [head $body] function]]
      if {$function eq ""} { set function [bare_function [attribute $body function]] }
      if {$function eq "1"} { lappend constant high $pin }
      if {$function eq "0"} { lappend constant low $pin }
      set function_of($pin) $function
    } elseif {$direction eq "input"} {
      lappend inputs $pin
    }
    foreach kind {clock enable out} {
      if {[attribute $body clock_gate_${kind}_pin] eq "true"} { set role($kind) $pin }
    }
    set body_of($pin) $body
  }
  set dont_use [expr {[attribute [head $text] dont_use] eq "true"}]
  set area($name) [attribute $text area]
  if {$area($name) eq ""} { set area($name) 0 }
  set kind [attribute $text clock_gating_integrated_cell]
  if {$kind ne ""} {
    if {![regexp {^latch_posedge} $kind] || [array size role] < 3} { continue }
    set rest {}
    foreach pin $inputs { if {$pin ne $role(clock) && $pin ne $role(enable)} { lappend rest $pin } }
    set closed [closed_energy $body_of($role(clock)) $role(out) $role(enable)]
    if {$closed ne ""} { set closed [expr {$closed * $unit_pF}] }
    set icg($name) [list $role(clock) $role(enable) $role(out) $rest $closed]
    lappend icgs $name
  } elseif {[llength [groups $text ff]] > 0} {
    lappend registers $name $outputs
    set outputs_of($name) $outputs
    set body [lindex [groups $text ff] 1]
    lassign [split [lindex [groups $text ff] 0] ,] state
    # Of two outputs the inverted one is not used: registers keep the names of what they drive.
    set state [string trim $state "\" "]
    foreach pin $outputs {
      if {$function_of($pin) eq $state} { set kept_outputs($name) $pin }
    }
    set next [bare_function [attribute $body next_state]]
    if {[regexp {^(\w+)[&*](\w+)[|+](\w+)[&*]!?(\w+)'?$} $next -> data enable kept again] && $enable eq $again && $kept eq $state
        && [regexp {^\w+$} [bare_function [attribute $body clocked_on]]] && [attribute $body clear] eq "" && [attribute $body preset] eq ""} {
      foreach pin $outputs { if {$function_of($pin) eq $kept} { set enabled [list [bare_function [attribute $body clocked_on]] $data $enable $pin] } }
      if {[info exists enabled]} { lappend enable_registers [list $area($name) $name {*}$enabled] }
      unset -nocomplain enabled
    }
  } elseif {[llength [groups $text latch]] > 0} {
    set body [lindex [groups $text latch] 1]
    set latch($name) [list [bare_function [attribute $body enable]] [bare_function [attribute $body data_in]] [lindex $outputs 0]]
    lappend latches $name
  } elseif {[llength $inputs] == 0 && !$dont_use || [llength $inputs] == 0 && [regexp {^(tie|logic)} [string tolower $name]]} {
    if {[llength $outputs] <= 2} {
      foreach {level pin} $constant { lappend tie_$level $name $pin }
    }
  } elseif {[llength $inputs] == 1 && [llength $outputs] == 1 && $function_of([lindex $outputs 0]) eq [lindex $inputs 0] && !$dont_use} {
    lappend buffers [list $area($name) $name]
  }
}

# ------------------------------------------------------------------------------------------- what the description leaves out
set cells(voltage) $voltage
set cells(registers) $registers
set cells(latches) $latches
set cells(enable_register) [lrange [lindex [lsort -real -index 0 $enable_registers] 0] 1 end]
if {[llength $registers] == 0} { fail "$liberty: no flip-flop (a cell with a group ff)" }
set guessed {}
proc guess {key value} {
  if {[info exists ::cells($key)]} { return }
  set ::cells($key) $value
  lappend ::guessed "$key = $value"
}
guess technology $library
if {![info exists cells(clock_gate)] && ![info exists cells(latch)] && [llength $icgs] > 0} {
  # The plain ones (without a pin for tests), smallest first.
  set plain {}
  foreach name $icgs { if {[llength [lindex $icg($name) 3]] == 0} { lappend plain [list $area($name) $name] } }
  if {[llength $plain] == 0} { foreach name $icgs { lappend plain [list $area($name) $name] } }
  set choice {}
  set most 8
  foreach item [lsort -real -index 0 $plain] {
    if {$most > 24} { break }
    lappend choice [lindex $item 1]:$most
    incr most 8
  }
  guess clock_gate [join $choice " "]
}
if {[llength $tie_high] > 0} { guess tie_high [lrange $tie_high 0 1] }
if {[llength $tie_low] > 0} { guess tie_low [lrange $tie_low 0 1] }
if {[llength $buffers] == 0} { fail "$liberty: no buffer (a cell of one input whose output is it)" }
set buffers [lsort -real -index 0 $buffers]
guess driving_cell [lindex [lindex $buffers [expr {[llength $buffers] > 1}]] 1]
foreach {key value} {max_slew_ns 1.2 wire_um 60 wire_fF_um 0.15 load_pF 0.05 abc_load_fF 30 memory_ns {2.0 0.5}
                     memory_pF {0.02 0.05 0.5} memory_um2_bit {15 30 60}} { guess $key $value }

# What is named must be there.
foreach key {latch latch_inverter gate_nand driving_cell} {
  if {[info exists cells($key)] && ![info exists area($cells($key))]} { fail "$named: $key: found '$cells($key)', allowed: a cell of $liberty" }
}
foreach key {tie_high tie_low} {
  if {[info exists cells($key)] && ![info exists area([lindex $cells($key) 0])]} { fail "$named: $key: found '[lindex $cells($key) 0]', allowed: a cell of $liberty" }
}
if {[info exists cells(area)]} {
  foreach item $cells(area) { lassign [split $item :] name value; set area($name) $value }
}

# ---------------------------------------------------------------------------------------------------------------- clock gates
# Two techmap modules (synth.tcl): the enable of a gate, once for all gates of it, and a gate, whose KEY begins with the number of its kind.
#
#   an integrated gate:     enable -------------- open --- CELL --- gated
#
#   one of a latch:         enable -- D LATCH Q -- open --+-- NAND -- INV -- gated clock, to a few dozen flip-flops
#                           clock -- INV - CLK            +-- next gate
#
# The latch follows the enable while the clock is low and keeps it while the clock is high, so that the gated clock has only whole
# pulses. An enable has nearly the time of any other register input: until shortly before the rising edge (mcnn.sdc).
set cells(gates) {}
set cells(gate_sizes) {}
set models ""
set enable_body ""
set gate_body ""
if {[info exists cells(clock_gate)]} {
  set number 0
  foreach item $cells(clock_gate) {
    if {![regexp {^([^:]+):(\d+)$} $item -> name most]} { fail "$named: clock_gate: found '$item', allowed: cell:flip-flops" }
    if {![info exists icg($name)]} { fail "$named: clock_gate: found '$name', allowed: integrated clock gates of the rising edge of $liberty: $icgs" }
    lassign $icg($name) clock enable output rest closed
    if {$closed eq ""} { fail "$liberty: cell $name: pin $clock has no internal_power for a gate that is closed" }
    lappend cells(gates) [list $name $most $clock $enable $output $rest $closed]
    lappend cells(gate_sizes) $most
    set others ""
    foreach pin $rest { append others ", .${pin}(1'b0)" }
    append gate_body "  [expr {$number > 0 ? "else " : ""}]if (KEY\[39:32\] == \"$number\") $name gate (.${clock}(clk), .${enable}(open), .${output}(gated)$others);\n"
    append models "module $name (input [join [list $clock $enable {*}$rest] {, }], output $output);\n  reg open;\n" \
      "  always @* if (!$clock) open = [join [list $enable {*}$rest] { || }];\n  assign $output = $clock && open;\nendmodule\n"
    incr number
  }
  set enable_body "  assign open = enable;\n"
} elseif {[info exists cells(latch)]} {
  foreach key {latch_inverter gate_nand gate_driver} { if {![info exists cells($key)]} { fail "$named: latch without $key" } }
  lassign $latch($cells(latch)) clock data output
  set cells(latch_pins) [list $clock $data $output]
  set enable_body "  wire clk_n;\n  $cells(latch_inverter) invert (.A(clk), .Y(clk_n));\n  $cells(latch) latch (.${clock}(clk_n), .${data}(enable), .${output}(open));\n"
  set gate_body "  wire gated_n;\n  $cells(gate_nand) gate (.A(clk), .B(open), .Y(gated_n));\n"
  set number 0
  foreach item $cells(gate_driver) {
    lassign [split $item :] name most
    if {![info exists area($name)]} { fail "$named: gate_driver: found '$name', allowed: a cell of $liberty" }
    lappend cells(gate_sizes) $most
    append gate_body "  [expr {$number > 0 ? "else " : ""}]if (KEY\[39:32\] == \"$number\") $name drive (.A(gated_n), .Y(gated));\n"
    incr number
  }
}
set channel [open $out/clock_gate.v w]
puts $channel "// Generated: clock gates of $cells(technology), a techmap file.
module mcnn_clock_enable (input clk, enable, output open);
${enable_body}endmodule

module mcnn_clock_gate #(
  parameter KEY = \"0_000\"  // kind of the gate, and a number that keeps the gates of one enable apart
) (input clk, open, output gated);
${gate_body}endmodule"
close $channel
set channel [open $out/clock_gate_models.v w]
puts -nonewline $channel $models
close $channel

# --------------------------------------------------------------------------------------------- libraries for mapping and power
# For mapping: without the cells that are not to be used and the inverted outputs of flip-flops, with the wire estimate in place of
# the library's own. For power: without those outputs too. Libraries give what a flip-flop takes to change for both of its outputs, and
# OpenSTA would add them; and it takes the outputs that a condition (when) names as independent.
if {[info exists cells(dont_use)]} {
  foreach name [array names area] {
    foreach pattern $cells(dont_use) { if {[string match $pattern $name]} { set excluded($name) 1; break } }
  }
}
# Braces that a line leaves open.
proc depth {line} { return [expr {[regexp -all {\{} $line] - [regexp -all {\}} $line]}] }
foreach purpose {synth power} {
  set channel [open $out/$purpose.lib w]
  set name ""
  set skip 0
  set begun 0
  foreach line [split $contents "\n"] {
    if {$skip > 0} {
      incr skip [depth $line]
      continue
    }
    if {[regexp {^\s*cell\s*\(\s*"?([^"()\s]+)"?\s*\)} $line -> name]} {
      if {$purpose eq "synth" && [info exists excluded($name)]} {
        set skip [depth $line]
        if {$skip == 0} { fail "$liberty: cell($name): the brace of a cell has to be on its line" }
        continue
      }
    } elseif {[info exists kept_outputs($name)]} {
      if {[regexp {^\s*pin\s*\(\s*"?([^"()\s]+)"?\s*\)} $line -> pin] && $pin ne $kept_outputs($name)
          && [lsearch -exact $outputs_of($name) $pin] >= 0} {
        set skip [depth $line]
        if {$skip == 0} { fail "$liberty: cell($name): the brace of pin($pin) has to be on its line" }
        continue
      }
      if {[regexp {^\s*when\s*:} $line]} {
        foreach pin $outputs_of($name) {
          if {$pin eq $kept_outputs($name)} { continue }
          regsub -all "\\s*\[*&\]\\s*!?${pin}\\M'?" $line "" line
          regsub -all "!?\\m${pin}\\M'?\\s*\[*&\]\\s*" $line "" line
        }
      }
    }
    if {$purpose eq "synth" && [regexp {^\s*default_wire_load(_selection)?\s*:} $line]} { continue }
    puts $channel $line
    if {!$begun && [regexp {^\s*library\s*\(.*\{} $line]} {
      set begun 1
      if {$purpose eq "power"} { continue }
      puts $channel "  wire_load(\"mcnn_estimate\") {\n    resistance : 0.0;\n    capacitance : [expr {$cells(wire_fF_um) * 1e-3 / $unit_pF}];\n    area : 0.0;\n    slope : $cells(wire_um);\n    fanout_length(1, $cells(wire_um));\n  }\n  default_wire_load : \"mcnn_estimate\";"
    }
  }
  close $channel
  if {!$begun} { fail "$liberty: library(...) and its brace have to be on a line" }
}
set channel [open $out/abc.constr w]
puts $channel "set_driving_cell $cells(driving_cell)\nset_load $cells(abc_load_fF)"
close $channel

set cells(areas) {}
if {[info exists cells(area)]} { foreach item $cells(area) { lappend cells(areas) {*}[split $item :] } }
set channel [open $out/cells.tcl w]
puts $channel "# Generated by constraints/cells.tcl"
puts $channel "array set cells {"
foreach key [lsort [array names cells]] { puts $channel "  $key {$cells($key)}" }
puts $channel "}"
close $channel
if {$::env(MCNN_DESCRIPTION) eq ""} {
  puts "$liberty has no description in constraints/cells; found or assumed:"
  foreach line $guessed { puts "  $line" }
}
