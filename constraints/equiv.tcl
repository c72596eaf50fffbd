# SPDX-License-Identifier: Apache-2.0
# Is the netlist of a configuration its RTL? scripts/equiv.sh calls this from the repository root: with MCNN_MODULE=gold it leaves
# every module of the chip, and the chip, as <module>.gold.il, the RTL as synthesis reads it; with MCNN_MODULE=gate as <module>.gate.il,
# the netlist; then for one module it makes of both <module>.gold.blif and <module>.gate.blif, which abc compares. Environment: MCNN_CONFIG,
# MCNN_SOURCES, MCNN_PARAMS as in synth.tcl; MCNN_NETLIST: folder of the netlist; MCNN_OUT: folder for the results.
#
# Both sides have the same registers by name, so what has to be equal are functions without state: every output and the next value of
# every register, of the inputs and all registers. Memories, and in the chip the modules, are outside: their inputs are outputs here.
# The clock is an input like any other (equiv_registers.v); that makes a gated clock, and set and reset, part of the comparison.

source constraints/memory.tcl
source constraints/rooms.tcl
set out    $::env(MCNN_OUT)
set module $::env(MCNN_MODULE)

# Every module into a file of its own with the memories, then the chip without their insides.
proc write_modules {side} {
  foreach room [modules mcnn_* mcnn_chip %d] {
    yosys select $room =mcnn_ram_*
    yosys write_rtlil -selected $::out/$room.$side.il
    yosys select -clear
  }
  yosys blackbox mcnn_* mcnn_chip %d
  yosys write_rtlil $::out/mcnn_chip.$side.il
}

if {$module eq "gold"} {
  read_rooms
  yosys opt
  write_modules gold
  exit 0
}
if {$module eq "gate"} {
  yosys read_verilog -lib -sv $::env(MCNN_NETLIST)/memory.v
  yosys read_verilog $::env(MCNN_NETLIST)/mcnn_chip.v
  # Names that say nothing hide those of the registers behind them.
  yosys rename -hide w:_*_
  write_modules gate
  exit 0
}

# Registers as equiv_registers.v has them, the rest as gates; instances of memories and modules as inputs and outputs. What is there twice
# becomes one.
proc write_functions {side} {
  yosys techmap
  yosys opt_merge
  yosys opt_clean
  yosys techmap -map constraints/equiv_registers.v
  yosys techmap
  yosys expose -evert t:mcnn_*
  yosys opt_clean -purge
  yosys aigmap
  yosys opt_clean -purge
  must_be_empty "cells that have no function" t:* {t:$_AND_} %d {t:$_NOT_} %d {t:$_FF_} %d
  yosys write_blif $::out/$::module.$side.blif
}

yosys read_rtlil $out/$module.gold.il
yosys hierarchy -top $module
yosys memory -nomap -nordff
yosys memory_map
yosys opt
yosys simplemap
yosys opt -full
yosys dfflegalize -cell {$_DFF_P_} x -cell {$_DFFSR_PNN_} x
yosys setundef -zero
write_functions gold

yosys design -reset
yosys read_rtlil $out/$module.gate.il
yosys hierarchy -top $module
yosys cd $module
foreach latch [selected t:LATCH] { yosys connect -port [lindex [split $latch /] end] CLOCK clk_i }
yosys cd ..
yosys techmap -map constraints/equiv_cells.v
yosys techmap -map $::env(MCNN_NETLIST)/cells.v
write_functions gate
