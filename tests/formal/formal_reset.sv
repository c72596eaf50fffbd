// SPDX-License-Identifier: Apache-2.0
// The reset of a proof: low in the first clock, at any time afterwards. scripts/formal.sh puts it into the module that is proved.
module formal_reset (
  input logic clk_i,
  input logic rst_ni
);

  logic running_q;
  initial running_q = 1'b0;
  always @(posedge clk_i) running_q <= 1'b1;
  always @* begins_in_reset: assume (running_q || !rst_ni);

endmodule
