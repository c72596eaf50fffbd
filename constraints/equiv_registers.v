// SPDX-License-Identifier: Apache-2.0
// Registers as equiv.tcl compares them, a techmap file: a name, and a function of inputs and registers, the clock one of the inputs. With
// the clock 0 it is what set and reset do at any time, with the clock 1 what the rising edge takes. A clock gate makes the clock
// of its flip-flops 0 where they keep what they have.
module \$_DFF_P_ (input C, D, output Q);
  \$_FF_ _TECHMAP_REPLACE_ (.D(C ? D : Q), .Q(Q));
endmodule

module \$_DFFSR_PNN_ (input C, S, R, D, output Q);
  \$_FF_ _TECHMAP_REPLACE_ (.D(R & (~S | (C ? D : Q))), .Q(Q));
endmodule
