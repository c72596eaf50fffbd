# SPDX-License-Identifier: Apache-2.0
# The RTL of a configuration as synthesis takes it, for what compares its netlist with it too: a module for every instance right
# below the chip ("room"), whatever is inside it flattened; memories are black boxes. Environment: MCNN_CONFIG, MCNN_SOURCES,
# MCNN_PARAMS as in synth.tcl. The folder $out is for what has to be read back from Yosys.

proc fail {text} {
  puts stderr "$::env(MCNN_CONFIG): $text"
  exit 1
}
proc read_lines {file} {
  set channel [open $file]
  set lines [split [string trim [read $channel]] "\n"]
  close $channel
  return $lines
}
proc write_text {file text} {
  set channel [open $file w]
  puts -nonewline $channel $text
  close $channel
}
# Objects of a selection, one a line.
proc selected {args} {
  set file $::out/selection.[pid].txt
  yosys tee -q -o $file select -list {*}$args
  set lines [read_lines $file]
  file delete $file
  return [lsearch -all -inline -not $lines ""]
}
# Modules of a selection: the lines that are not module/object.
proc modules {args} {
  set names {}
  foreach line [selected {*}$args] { if {[string first / $line] < 0} { lappend names $line } }
  return $names
}
proc must_be_empty {what args} {
  set found [selected {*}$args]
  if {[llength $found] > 0} { fail "$what:\n  [join $found "\n  "]" }
}
# A module gets a readable name, and so do its instances.
proc rename_module {old new} {
  if {$old eq $new} { return }
  yosys chtype -set $new t:$old
  yosys rename $old $new
}

# Reads the chip and makes its rooms. Returns the memory macros: {lane_bits lanes depth} of each geometry.
proc read_rooms {} {
  yosys read_verilog -sv -Irtl/include {*}$::env(MCNN_SOURCES)
  set parameters {}
  foreach pair $::env(MCNN_PARAMS) {
    lassign [split $pair =] key value
    lappend parameters -set $key $value
  }
  if {[llength $parameters] > 0} { yosys chparam {*}$parameters mcnn_chip }
  yosys hierarchy -check -top mcnn_chip
  yosys rename -top mcnn_chip
  yosys proc
  yosys check -assert

  # Memory macros: one black box a geometry.
  yosys blackbox *mcnn_ram*
  yosys dump -m -o $::out/memories.txt =A:blackbox
  set geometries {}
  set module ""
  foreach line [read_lines $::out/memories.txt] {
    if {[regexp {^\s*module (\S+)} $line -> module]} { array unset parameter }
    if {[regexp {^\s*parameter \\(LaneBits|Lanes|Depth) (\d+)} $line -> name value]} {
      set parameter($name) $value
      if {[array size parameter] == 3} {
        set geometry [list $parameter(LaneBits) $parameter(Lanes) $parameter(Depth)]
        rename_module $module [memory::name {*}$geometry]
        lappend geometries $geometry
      }
    }
  }
  file delete $::out/memories.txt
  if {[llength $geometries] == 0} { fail "no memory (mcnn_ram) found" }

  # The rooms keep their borders; what is inside a room is flattened into it.
  yosys setattr -mod -set keep_hierarchy 1 mcnn_chip/c:* %M =A:blackbox %d
  yosys flatten
  foreach room [modules mcnn_chip/c:* %M =A:blackbox %d] {
    set short [lindex [split $room \\] end]
    if {[info exists taken($short)]} { fail "two different $short below the chip: name them apart" }
    set taken($short) 1
    rename_module $room $short
  }
  yosys hierarchy -check -top mcnn_chip
  return [lsort -unique $geometries]
}
