// SPDX-License-Identifier: Apache-2.0
// Assertions of the chip, for every tool:
//   MCNN_ASSERT(name, expr, sentence)   in a module: holds at every rising edge of clk_i outside reset
//   MCNN_CHECK(name, expr, sentence)    a statement of a clocked block: holds where the block comes by. Several of them behind one
//                                       condition cost a simulation one comparison a clock
// In simulation (Verilator) the sentence is reported and the run stops; a formal run (FORMAL) takes them as properties to prove; synthesis sees nothing.
`ifndef MCNN_ASSERT_SVH
`define MCNN_ASSERT_SVH

`ifdef FORMAL
// Without its name: Yosys would have the same one for every turn of a loop.
`define MCNN_CHECK(name, expr, sentence) assert (expr);
`define MCNN_ASSERT(name, expr, sentence) \
  always @* if (rst_ni) name: assert (expr);
`elsif VERILATOR
`define MCNN_CHECK(name, expr, sentence) name: assert (expr) else $error("%m: %s", sentence);
`define MCNN_ASSERT(name, expr, sentence) \
  always_ff @(posedge clk_i or negedge rst_ni) begin \
    if (!rst_ni) begin end \
    else begin `MCNN_CHECK(name, expr, sentence) end \
  end
`else
`define MCNN_CHECK(name, expr, sentence)
`define MCNN_ASSERT(name, expr, sentence)
`endif

`endif
