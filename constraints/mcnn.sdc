# SPDX-License-Identifier: Apache-2.0
# Timing constraints of the chip: one clock of 200 MHz. Times in ns, loads in pF. Before layout: the clock tree and the reset tree
# are ideal, their imperfection is in the uncertainty. What belongs to the cell library is in the array cells (constraints/cells).

set clock_period 5.0
create_clock -name clk -period $clock_period [get_ports clk_i]

# Skew and jitter of the tree that is still to be built; hold sees the skew only.
set_clock_uncertainty -setup 0.20 [get_clocks clk]
set_clock_uncertainty -hold  0.05 [get_clocks clk]
set_clock_transition 0.15 [get_clocks clk]

# Reset: asserted at any time, released by a synchroniser outside the chip (or the pad ring) through a tree that is built like the
# clock's, so it is no timing path here.
set_false_path -from [get_ports rst_ni]

# The bus side: the neighbour's register and a little logic, and what it needs before its clock edge.
set bus_inputs  [get_ports {s_axil_awaddr_i* s_axil_awvalid_i s_axil_wdata_i* s_axil_wstrb_i* s_axil_wvalid_i s_axil_bready_i
                            s_axil_araddr_i* s_axil_arvalid_i s_axil_rready_i
                            s_axis_tdata_i* s_axis_tvalid_i s_axis_tlast_i m_axis_tready_i}]
set bus_outputs [get_ports {s_axil_awready_o s_axil_wready_o s_axil_bresp_o* s_axil_bvalid_o
                            s_axil_arready_o s_axil_rdata_o* s_axil_rresp_o* s_axil_rvalid_o
                            s_axis_tready_o m_axis_tdata_o* m_axis_tvalid_o m_axis_tlast_o
                            irq_o frame_start_o layer_o* program_start_o}]
set_input_delay  -max 1.0 -clock clk $bus_inputs
set_input_delay  -min 0.2 -clock clk $bus_inputs
set_output_delay -max 1.0 -clock clk $bus_outputs
set_output_delay -min 0.0 -clock clk $bus_outputs

# The macros: codes are there at the latest 1.5 ns after the edge (the converters' output registers and the way), and the strobe with
# what goes with it must be there 1 ns before the edge that samples it.
set_input_delay  -max 1.5 -clock clk [get_ports macro_code_i*]
set_input_delay  -min 0.2 -clock clk [get_ports macro_code_i*]
set macro_outputs [get_ports {macro_read_o* macro_pulse_o* macro_line_o* macro_count_o* macro_range_o*
                              macro_program_o* macro_set_o* macro_amplitude_o*}]
set_output_delay -max 1.0 -clock clk $macro_outputs
set_output_delay -min 0.0 -clock clk $macro_outputs

set_driving_cell -lib_cell $cells(driving_cell) $bus_inputs
set_driving_cell -lib_cell $cells(driving_cell) [get_ports macro_code_i*]
set_load $cells(load_pF) [all_outputs]

# A clock gate sits before the end of the tree: its enable must be there earlier than the data of a register, by what the gate and the
# tree behind it take. (At the gate, where nothing arrives while the clock is high: the latch is shut. An integrated gate says itself
# what it needs.)
set_clock_gating_check -setup 0.5 -hold 0.0 [get_clocks clk]

# The delay tables of the cells end at some slope: slower edges would be extrapolated.
set_max_transition $cells(max_slew_ns) [current_design]
