// SPDX-License-Identifier: Apache-2.0
// mcnn_pool_write: what its banks share. The row groups of a pass are the rows 0, GROUP_ROWS, 2*GROUP_ROWS, ...; each PE that ends a
// segment has the rows of its replica in each of them, within the group and within the map. A group of kernels is at word
// column + group * pitch of a row, an element of a vector at word element / 4 of bank element % 4, of no other. Nothing is read or
// written that is not given out.
`include "formal.svh"

module pool_write_properties #(
  parameter  int unsigned NumPe     = 2,
  parameter  int unsigned Windows   = 1,
  parameter  int unsigned Lanes     = 2,
  parameter  int unsigned NumGroups = 4,
  parameter  int unsigned ActBits   = 1,
  parameter  int unsigned Signed    = 0,
  parameter  int unsigned RowBanks  = 4,
  parameter  int unsigned BankDepth = 4,
  parameter  int unsigned MaxDim    = 4,
  localparam int unsigned AddrBits  = $clog2(BankDepth),
  localparam int unsigned BankBits  = $clog2(RowBanks),
  localparam int unsigned DimBits   = $clog2(MaxDim + 1),
  localparam int unsigned GroupBits = (NumGroups > 1) ? $clog2(NumGroups) : 1,
  localparam int unsigned ArrayBits = (Windows > 1) ? $clog2(Windows) : 1,
  localparam int unsigned InBits    = ActBits + Signed,
  localparam int unsigned RowBits   = DimBits + BankBits + 2,
  localparam int unsigned SumBits   = 16
) (
  input logic                             clk_i,
  input logic                             rst_ni,
  input logic                             start_i,
  input logic                             vector_i,
  input logic                             add_i,
  input logic [NumPe-1:0]                 segment_end_i,
  input logic [NumPe*4-1:0]               replica_i,
  input logic [3:0]                       array_rows_i,
  input logic [3:0]                       group_rows_i,
  input logic [7:0]                       out_height_i,
  input logic [7:0]                       pool_rows_i,
  input logic [7:0]                       pool_row_stride_i,
  input logic [7:0]                       pooled_height_i,
  input logic [7:0]                       pooled_width_i,
  input logic [15:0]                      out_pitch_i,
  input logic [15:0]                      out_base_i,
  input logic                             early_valid_i,
  input logic [GroupBits-1:0]             early_group_i,
  input logic [7:0]                       early_column_i,
  input logic                             valid_i,
  input logic                             emit_i,
  input logic [Lanes-1:0]                 there_i,
  input logic [ArrayBits-1:0]             array_row_i,
  input logic                             column_first_i,
  input logic                             group_end_i,
  input logic [NumPe*Lanes*InBits-1:0]    act_i,
  input logic [RowBanks-1:0]              read_o,
  input logic [RowBanks*AddrBits-1:0]     read_addr_o,
  input logic [RowBanks*Lanes*ActBits-1:0] read_data_i,
  input logic [RowBanks*Lanes-1:0]        write_o,
  input logic [RowBanks*AddrBits-1:0]     write_addr_o,
  input logic [RowBanks*Lanes*ActBits-1:0] write_data_o,
  input logic                             error_o,

  // inside
  input logic                             step,
  input logic [RowBits-1:0]               upcoming_q,
  input logic [RowBits-1:0]               row_next,
  input logic [Windows*NumPe*RowBits-1:0] pe_row,
  input logic [Windows*NumPe-1:0]         pe_row_in,
  input logic [SumBits-1:0]               pitch_q,
  input logic [SumBits-1:0]               offset_q,
  input logic [BankBits-1:0]              vector_bank_q
);

  // -------------------------------------------------------------------------------------------------- the pass as it began
  localparam int unsigned FieldBits = 2 + 5 * NumPe + 4 + 4 + 8 + 8 + 8 + 8 + 8 + 16 + 16;
  logic [FieldBits-1:0] fields, fields_q;
  logic                 good, begun_q, over_q;  // over: behind the last row group
  logic [8:0]           row_q;                  // first row of the row group
  assign fields = {vector_i, add_i, segment_end_i, replica_i, array_rows_i, group_rows_i, out_height_i, pool_rows_i, pool_row_stride_i,
                   pooled_height_i, pooled_width_i, out_pitch_i, out_base_i};
  // What the sequencer lets pass.
  always_comb begin
    good = 32'(out_height_i) - 1 < MaxDim && 32'(pooled_height_i) - 1 < MaxDim && 32'(group_rows_i) - 1 < RowBanks &&
           32'(array_rows_i) < Windows;
    for (int unsigned p = 0; p < NumPe; p++) good = good && 5'(replica_i[p*4+:4]) + 5'(array_rows_i) < 5'(group_rows_i);
  end
  logic good_q;
  initial {begun_q, good_q} = '0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {begun_q, good_q} <= '0;
    else if (start_i) {begun_q, good_q} <= {1'b1, good};
  end
  logic [3:0] group_rows_q;
  logic [7:0] out_height_q;
  assign group_rows_q = fields_q[72+:4];
  assign out_height_q = fields_q[64+:8];
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      fields_q <= fields;
      row_q    <= '0;
      over_q   <= 1'b0;
    end else if (step) begin
      row_q  <= row_q + 9'(group_rows_i);
      over_q <= row_q + 9'(group_rows_i) >= 9'(out_height_i);
    end
  end

  // ------------------------------------------------------------------------------------------------------ surroundings
  logic                 early_q;
  logic [GroupBits-1:0] group_q;
  logic [7:0]           column_q;
  initial early_q = 1'b0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) early_q <= 1'b0;
    else         early_q <= early_valid_i;
  end
  always_ff @(posedge clk_i) if (early_valid_i) {group_q, column_q} <= {early_group_i, early_column_i};
  logic met_q;  // group_q is one
  initial met_q = 1'b0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) met_q <= 1'b0;
    else         met_q <= !start_i && (met_q || early_valid_i);
  end
`ifdef FORMAL
  always @* if (!rst_ni) assume (!start_i && !valid_i);
  always @* assume (!start_i || good);  // others have no group
`endif
  `MCNN_ASSUME(in_a_pass, !(early_valid_i || valid_i) || (begun_q && good_q && !start_i && fields == fields_q), "groups must be those of a pass")
  `MCNN_ASSUME(within_the_map, !valid_i || !over_q, "a group must be one of the map's rows")
  `MCNN_ASSUME(told_before, !valid_i || early_q, "a group must be told of a clock before")
  `MCNN_ASSUME(groups_in_order, !early_valid_i || early_group_i == '0 || (met_q && early_group_i == group_q + 1'b1 && group_q != '1),
               "the groups must come in their order")

  // ----------------------------------------------------------------------------------------------------------- row groups
  logic rows_right;
  logic [8:0] first;
  assign first = start_i ? '0 : row_q + 9'(group_rows_i);
  always_comb begin
    rows_right = 1'b1;
    for (int unsigned j = 0; j < Windows; j++)
      for (int unsigned p = 0; p < NumPe; p++)
        rows_right = rows_right && pe_row_in[j*NumPe+p] ==
                     (segment_end_i[p] && j <= 32'(array_rows_i) && 32'(first) + 32'(replica_i[p*4+:4]) + j < 32'(out_height_i)) &&
                     (!pe_row_in[j*NumPe+p] || (32'(pe_row[(j*NumPe+p)*RowBits+:RowBits]) == 32'(first) + 32'(replica_i[p*4+:4]) + j &&
                      32'(pe_row[(j*NumPe+p)*RowBits+:RowBits]) < 32'(first) + 32'(group_rows_i)));
  end
  `MCNN_ASSERT(rows_of_a_group, !(start_i || step) || !good || (32'(row_next) == 32'(first) && rows_right),
               "the PEs must have the rows of their replicas")
  `MCNN_ASSERT(a_row_group_ends, step == (valid_i && group_end_i), "a row group must end with its last group of kernels")
  // Inside.
  `MCNN_ASSERT(row_group_of_the_map, !good_q || (begun_q && 32'(group_rows_q) - 1 < RowBanks && 32'(out_height_q) - 1 < MaxDim &&
               (over_q || row_q < 9'(out_height_q))), "a row group of the map")
  `MCNN_ASSERT(next_row_group, !good_q || over_q || 32'(upcoming_q) == 32'(row_q) + 32'(group_rows_q), "the row group that comes")

  // --------------------------------------------------------------------------------------------------------------- words
  logic [SumBits-1:0] pitch, times;  // group * pitch
  assign pitch = fields_q[16+:16];
  always_comb begin
    times = '0;
    for (int unsigned k = 1; k < NumGroups; k++)
      if (32'(group_q) >= k) times = times + pitch;
  end
  logic [15:0] element;
  assign element = out_base_i + 16'(group_q);
  `MCNN_ASSERT(pitch_of_a_group, !met_q || pitch_q == times, "the words from group 0 to a group")
  `MCNN_ASSERT(word_of_a_group, !valid_i || vector_i || offset_q == times + SumBits'(column_q), "a group must be at its word")
  `MCNN_ASSERT(word_of_an_element, !valid_i || !vector_i || (offset_q == 16'(element >> 2) && vector_bank_q == BankBits'(element[1:0])),
               "an element must be at its word")

  logic one_bank;
  logic [RowBanks-1:0] written;
  always_comb begin
    for (int unsigned b = 0; b < RowBanks; b++) written[b] = |write_o[b*Lanes+:Lanes];
    one_bank = (written & (written - RowBanks'(1))) == '0;
  end
  logic given_q, vector_q;
  initial {given_q, vector_q} = '0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {given_q, vector_q} <= '0;
    else         {given_q, vector_q} <= {valid_i && emit_i, valid_i && vector_i};
  end
  `MCNN_ASSERT(reads_what_is_given, read_o == '0 || (valid_i && emit_i && !vector_i), "nothing must be read that is not given out")
  `MCNN_ASSERT(writes_what_is_given, written == '0 || given_q, "nothing must be written that is not given out")
  `MCNN_ASSERT(one_element, !vector_q || one_bank, "an element must be in one bank")

  `MCNN_COVER(second_group, step && row_q != '0 && pe_row_in != '0, "a third row group")
  `MCNN_COVER(all_banks, written == '1, "a row in every bank at once")

endmodule

`ifndef FORMAL
bind mcnn_pool_write pool_write_properties #(
  .NumPe(NumPe), .Windows(Windows), .Lanes(Lanes), .NumGroups(NumGroups), .ActBits(ActBits), .Signed(Signed), .RowBanks(RowBanks),
  .BankDepth(BankDepth), .MaxDim(MaxDim)
) u_properties (.pool_rows_i(8'(pool_rows_i)), .pool_row_stride_i(8'(pool_row_stride_i)), .*);
`endif
