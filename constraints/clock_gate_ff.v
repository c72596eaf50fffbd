// SPDX-License-Identifier: Apache-2.0
// Flip-flops with enable become plain ones behind a clock gate (clock_gate.v). synth.tcl has appended drive and number of
// the gate, counted from 0 for every enable, to the type of the flip-flop: the KEY of the gate.
(* techmap_celltype = "gated_dff_[248]_[0123456789][0123456789]" *)
module gated_dff (
  input  C, E, D,
  output Q
);
  parameter _TECHMAP_CELLTYPE_ = "";
  wire open, gated;
  mcnn_clock_enable enable (.clk(C), .enable(E), .open(open));
  mcnn_clock_gate #(.KEY(_TECHMAP_CELLTYPE_[31:0])) gate (.clk(C), .open(open), .gated(gated));
  \$_DFF_P_ _TECHMAP_REPLACE_ (.C(gated), .D(D), .Q(Q));
endmodule

(* techmap_celltype = "gated_dffsr_[248]_[0123456789][0123456789]" *)
module gated_dffsr (
  input  C, S, R, E, D,
  output Q
);
  parameter _TECHMAP_CELLTYPE_ = "";
  wire open, gated;
  mcnn_clock_enable enable (.clk(C), .enable(E), .open(open));
  mcnn_clock_gate #(.KEY(_TECHMAP_CELLTYPE_[31:0])) gate (.clk(C), .open(open), .gated(gated));
  \$_DFFSR_PNN_ _TECHMAP_REPLACE_ (.C(gated), .S(S), .R(R), .D(D), .Q(Q));
endmodule
