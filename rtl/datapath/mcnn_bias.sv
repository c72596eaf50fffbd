// SPDX-License-Identifier: Apache-2.0
// Biases of a pass: a row of the bias table is read when its group of kernels is met for the first time in the pass, and kept in
// flip-flops from then on.
//
// Latency 1 clock from `get_i` to the biases, one group a clock, cannot stall.
module mcnn_bias #(
  parameter  int unsigned Lanes       = 2,   // biases of a row
  parameter  int unsigned NumGroups   = 8,   // groups of Lanes kernels in a pass
  parameter  int unsigned PsumBits    = 24,
  parameter  int unsigned NumBiasRows = 64,
  localparam int unsigned GroupBits   = (NumGroups > 1) ? $clog2(NumGroups) : 1,
  localparam int unsigned BiasBits    = $clog2(NumBiasRows),
  localparam int unsigned RowBits     = Lanes * PsumBits
) (
  input logic clk_i,
  input logic start_i,  // a pass begins: nothing is known

  input  logic                 get_i,    // the biases of a group are needed
  input  logic [GroupBits-1:0] group_i,
  input  logic [BiasBits-1:0]  base_i,   // table row of group 0; constant during a pass
  output logic [RowBits-1:0]   bias_o,   // [kernel], signed

  // the table
  output logic                re_o,
  output logic [BiasBits-1:0] addr_o,
  input  logic [RowBits-1:0]  row_i
);

  logic [NumGroups-1:0] known_q;  // groups that were read
  logic                 read_q;   // the row of group_q is at row_i
  logic [GroupBits-1:0] group_q;
  logic [RowBits-1:0]   kept_q[NumGroups];
  logic [RowBits-1:0]   again_q;  // of a group that is known

  assign re_o   = get_i && !known_q[group_i];
  assign addr_o = base_i + BiasBits'(group_i);
  assign bias_o = read_q ? row_i : again_q;

  always_ff @(posedge clk_i) begin
    if (start_i)   known_q <= '0;
    else if (re_o) known_q[group_i] <= 1'b1;
    read_q <= re_o;
    if (re_o) group_q <= group_i;
    if (get_i && !re_o) again_q <= read_q && group_q == group_i ? row_i : kept_q[group_i];
    if (read_q) kept_q[group_q] <= row_i;
  end

endmodule
