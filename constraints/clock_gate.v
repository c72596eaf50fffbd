// SPDX-License-Identifier: Apache-2.0
// Clock gates, put in by synth.tcl for a configuration that ends in -gated. Flip-flops with the same enable lose it and get a clock that
// runs only while the enable is 1:
//
//               mcnn_clock_enable                     mcnn_clock_gate
//              +------------------+              +----------------------+
//   enable ----| D  LATCH       Q |--- open --+--| NAND --- INV         |--- gated clock, to a few dozen flip-flops
//   clock --+--| INV --- CLK      |           |  |                      |
//           |  +------------------+           +--| next mcnn_clock_gate |--- ...
//           +------------------------------------|                      |
//                                                +----------------------+
//
// The latch follows the enable while the clock is low and keeps it while the clock is high, so that the gated clock has only whole
// pulses. An enable has nearly the time of any other register input: until shortly before the rising edge (mcnn.sdc).
//
// These are techmap files: Yosys replaces a cell by the contents of the module of that name, or of the type in techmap_celltype.
// Enables that are the same are merged between clock_gate_ff.v and this file.

module mcnn_clock_enable (
  input  clk,
  input  enable,
  output open
);
  wire clk_n;
  INVX1 invert (.A(clk), .Y(clk_n));
  LATCH latch (.CLK(clk_n), .D(enable), .Q(open));
endmodule

module mcnn_clock_gate #(
  parameter KEY = "2_00"  // drive of the inverter, and a number that keeps the gates of one enable apart
) (
  input  clk,
  input  open,
  output gated
);
  wire gated_n;
  NAND2X1 gate (.A(clk), .B(open), .Y(gated_n));
  if (KEY[31:24] == "2") INVX2 drive (.A(gated_n), .Y(gated));
  else if (KEY[31:24] == "4") INVX4 drive (.A(gated_n), .Y(gated));
  else INVX8 drive (.A(gated_n), .Y(gated));
endmodule
