// SPDX-License-Identifier: Apache-2.0
// mcnn_bias: in a pass the row of a group is read when the group is met first, and never again; every time the group is met, its biases are
// that row, one clock later. `probe` is any group.
`include "formal.svh"

module bias_properties #(
  parameter  int unsigned Lanes       = 2,
  parameter  int unsigned NumGroups   = 2,
  parameter  int unsigned PsumBits    = 2,
  parameter  int unsigned NumBiasRows = 4,
  localparam int unsigned GroupBits   = (NumGroups > 1) ? $clog2(NumGroups) : 1,
  localparam int unsigned BiasBits    = $clog2(NumBiasRows),
  localparam int unsigned RowBits     = Lanes * PsumBits
) (
  input logic                 clk_i,
  input logic                 start_i,
  input logic                 get_i,
  input logic [GroupBits-1:0] group_i,
  input logic [BiasBits-1:0]  base_i,
  input logic [RowBits-1:0]   bias_o,
  input logic                 re_o,
  input logic [BiasBits-1:0]  addr_o,
  input logic [RowBits-1:0]   row_i
);

  logic rst_ni;  // the module has none: nothing is known before a pass begins
  assign rst_ni = 1'b1;

  `MCNN_ANY(any_group, GroupBits)
  logic [GroupBits-1:0] probe;
  assign probe = 32'(any_group) < NumGroups ? any_group : '0;

  logic               begun_q;   // a pass has begun
  logic               read_q;    // in it the row was read,
  logic               here_q;    // with the last clock: it is at row_i
  logic               met_q;     // the group was met with the last clock
  logic [RowBits-1:0] first_q;   // the row as it was read
  initial {begun_q, read_q, here_q, met_q} = '0;
  logic met;
  assign met = get_i && group_i == probe;
  always_ff @(posedge clk_i) begin
    if (start_i) begun_q <= 1'b1;
    if (start_i)          read_q <= 1'b0;
    else if (met && re_o) read_q <= 1'b1;
    here_q <= met && re_o;
    met_q  <= met;
    if (here_q) first_q <= row_i;
  end
  `MCNN_ASSUME(in_a_pass, !get_i || (begun_q && !start_i), "biases must be asked for while a pass runs")
  `MCNN_ASSUME(groups_exist, !get_i || 32'(group_i) < NumGroups, "a group must exist")
  `MCNN_ASSERT(read_once, !met || re_o == !read_q, "a row must be read when its group is met first, and then only")
  `MCNN_ASSERT(reads_its_row, !re_o || (get_i && addr_o == base_i + BiasBits'(group_i)), "the row of the group must be read")
  `MCNN_ASSERT(same_row, !met_q || bias_o == (here_q ? row_i : first_q), "the biases must be the row as it was read in the pass")

  `MCNN_COVER(met_again, met_q && !here_q && first_q != row_i, "a group that is met again while another row is at the table")

endmodule

`ifndef FORMAL
bind mcnn_bias bias_properties #(
  .Lanes(Lanes), .NumGroups(NumGroups), .PsumBits(PsumBits), .NumBiasRows(NumBiasRows)
) u_properties (.*);
`endif
