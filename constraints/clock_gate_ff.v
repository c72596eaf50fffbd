// SPDX-License-Identifier: Apache-2.0
// Flip-flops with enable become plain ones behind a clock gate (clock_gates.tcl), which has appended kind and number of the gate,
// counted from 0 for every enable, to the type of the flip-flop: the KEY of the gate. A techmap file: Yosys replaces a cell by the
// contents of the module of the type in techmap_celltype. Enables that are the same are merged before a gate becomes cells.
(* techmap_celltype = "gated_dff_[0123456789]_[0123456789][0123456789][0123456789]" *)
module gated_dff (
  input  C, E, D,
  output Q
);
  parameter _TECHMAP_CELLTYPE_ = "";
  wire open, gated;
  mcnn_clock_enable enable (.clk(C), .enable(E), .open(open));
  mcnn_clock_gate #(.KEY(_TECHMAP_CELLTYPE_[39:0])) gate (.clk(C), .open(open), .gated(gated));
  \$_DFF_P_ _TECHMAP_REPLACE_ (.C(gated), .D(D), .Q(Q));
endmodule

// With an asynchronous reset to 0.
(* techmap_celltype = "gated_dff0_[0123456789]_[0123456789][0123456789][0123456789]" *)
module gated_dff0 (
  input  C, R, E, D,
  output Q
);
  parameter _TECHMAP_CELLTYPE_ = "";
  wire open, gated;
  mcnn_clock_enable enable (.clk(C), .enable(E), .open(open));
  mcnn_clock_gate #(.KEY(_TECHMAP_CELLTYPE_[39:0])) gate (.clk(C), .open(open), .gated(gated));
  \$_DFF_PN0_ _TECHMAP_REPLACE_ (.C(gated), .R(R), .D(D), .Q(Q));
endmodule

// With an asynchronous reset to 1.
(* techmap_celltype = "gated_dff1_[0123456789]_[0123456789][0123456789][0123456789]" *)
module gated_dff1 (
  input  C, R, E, D,
  output Q
);
  parameter _TECHMAP_CELLTYPE_ = "";
  wire open, gated;
  mcnn_clock_enable enable (.clk(C), .enable(E), .open(open));
  mcnn_clock_gate #(.KEY(_TECHMAP_CELLTYPE_[39:0])) gate (.clk(C), .open(open), .gated(gated));
  \$_DFF_PN1_ _TECHMAP_REPLACE_ (.C(gated), .R(R), .D(D), .Q(Q));
endmodule
