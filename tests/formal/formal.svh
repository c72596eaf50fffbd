// SPDX-License-Identifier: Apache-2.0
// What the properties of a module are written in; mcnn_assert.svh is for what is to hold.
//   MCNN_ASSUME(name, expr, sentence)   what the module's surroundings keep: taken as given in a proof, checked in simulation
//   MCNN_COVER(name, expr, sentence)    what must be possible, so that a proof is not one about nothing (FORMAL_COVER: the run
//                                       looks for a way to each of them; the assertions are then left out). Counted in simulation
//                                       where MCNN_COVERAGE is defined (scripts/coverage.sh)
//   MCNN_ANY(name, bits)                a constant: any in a proof, a random one in simulation
`ifndef MCNN_FORMAL_SVH
`define MCNN_FORMAL_SVH

`include "mcnn_assert.svh"

`ifdef FORMAL
`define MCNN_ASSUME(name, expr, sentence) \
  always @* if (rst_ni) name: assume (expr);
`define MCNN_ANY(name, bits) \
  logic [(bits)-1:0] name; \
  assign name = $anyconst;
`else
`define MCNN_ANY(name, bits) \
  logic [(bits)-1:0] name; \
  initial name = (bits)'($urandom);
`define MCNN_ASSUME(name, expr, sentence) `MCNN_ASSERT(name, expr, sentence)
`endif

`ifdef FORMAL_COVER
`undef MCNN_CHECK
`undef MCNN_ASSERT
`define MCNN_CHECK(name, expr, sentence)
`define MCNN_ASSERT(name, expr, sentence)
`define MCNN_COVER(name, expr, sentence) \
  always @* if (rst_ni) name: assert (!(expr));
`elsif MCNN_COVERAGE
`define MCNN_COVER(name, expr, sentence) \
  name: cover property (@(posedge clk_i) disable iff (!rst_ni) expr);
`else
`define MCNN_COVER(name, expr, sentence)
`endif

`endif
