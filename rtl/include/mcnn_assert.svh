// SPDX-License-Identifier: Apache-2.0
// Assertions of the chip, one macro for every tool:
//   a simulator that checks concurrent assertions (SIMULATION_ASSERTIONS or the VERILATOR define) reports the sentence and stops;
//   a formal run (FORMAL) takes them as properties to prove; synthesis sees nothing.
// The expression is checked at every rising edge of clk_i outside reset.
`ifndef MCNN_ASSERT_SVH
`define MCNN_ASSERT_SVH

`ifdef FORMAL
`define MCNN_ASSERT(name, expr, sentence) \
  always @(posedge clk_i) if (rst_ni) name: assert (expr);
`elsif VERILATOR
`define MCNN_ASSERT(name, expr, sentence) \
  always_ff @(posedge clk_i or negedge rst_ni) begin \
    if (!rst_ni) begin end \
    else begin name: assert (expr) else $error("%m: %s", sentence); end \
  end
`else
`define MCNN_ASSERT(name, expr, sentence)
`endif

`endif
