// SPDX-License-Identifier: Apache-2.0
// The library's flip-flops and its latch as Yosys knows registers, for equiv.tcl: a techmap file.
module DFFPOSX1 (input CLK, D, output Q);
  \$_DFF_P_ _TECHMAP_REPLACE_ (.C(CLK), .D(D), .Q(Q));
endmodule

module DFFSR (input CLK, S, R, D, output Q);
  \$_DFFSR_PNN_ _TECHMAP_REPLACE_ (.C(CLK), .S(S), .R(R), .D(D), .Q(Q));
endmodule

// The latch of a clock gate has to be open while the clock is low. Then it shows, with the clock high, what was at its input before:
// the value that the step has there. A latch that is open in the other half shows anything else.
module LATCH (input CLK, D, CLOCK, output Q);
  assign Q = CLK == CLOCK ? ~D : D;
endmodule
