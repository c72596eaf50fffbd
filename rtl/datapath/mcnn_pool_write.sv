// SPDX-License-Identifier: Apache-2.0
// Pool write: max pooling as a running maximum in the output feature map. Every bank takes the maximum of what it holds and
// of all rows of the row group whose pooling window it keeps; the first pixel of a window overwrites. No line buffers, any
// window and stride, any number of replicas. Or, with add_i, the activation is added to what the bank holds.
//
// Here is what the banks share: the row group, and the address within a row. mcnn_pool_bank does the rest.
//
// Latency 2 clocks, one group of Lanes kernels of one output row of the arrays a clock, cannot stall.
module mcnn_pool_write #(
  parameter  int unsigned NumPe     = 8,
  parameter  int unsigned Windows   = 1,    // output rows of an array, at most
  parameter  int unsigned Lanes     = 2,    // kernels of a group, channels of a word
  parameter  int unsigned NumGroups = 8,    // groups of a pass
  parameter  int unsigned ActBits   = 8,
  parameter  int unsigned Signed    = 0,    // 1: activations have a sign (mcnn_activate), and may be added
  parameter  int unsigned RowBanks  = 8,
  parameter  int unsigned BankDepth = 256,  // words of a bank
  parameter  int unsigned MaxDim    = 32,   // rows or columns of a map
  localparam int unsigned AddrBits  = $clog2(BankDepth),
  localparam int unsigned BankBits  = $clog2(RowBanks),
  localparam int unsigned DimBits   = $clog2(MaxDim + 1),
  localparam int unsigned GroupBits = (NumGroups > 1) ? $clog2(NumGroups) : 1,
  localparam int unsigned ArrayBits = (Windows > 1) ? $clog2(Windows) : 1,
  localparam int unsigned InBits    = ActBits + Signed
) (
  input logic clk_i,
  input logic rst_ni,

  // the pass; constant while it runs
  input logic               start_i,  // one clock, the fields below are valid
  input logic               vector_i,
  input logic               add_i,
  input logic [NumPe-1:0]   segment_end_i,
  input logic [NumPe*4-1:0] replica_i,
  input logic [3:0]         array_rows_i,  // - 1
  input logic [3:0]         group_rows_i,
  input logic [7:0]         out_height_i,
  input logic [DimBits-1:0] pool_rows_i,
  input logic [DimBits-1:0] pool_row_stride_i,
  input logic [7:0]         pooled_height_i,
  input logic [7:0]         pooled_width_i,
  input logic [15:0]        out_pitch_i,
  input logic [15:0]        out_base_i,

  // a group, one clock before its activations
  input logic                 early_valid_i,   // a token of the walk (whether it is written or not)
  input logic [GroupBits-1:0] early_group_i,
  input logic [7:0]           early_column_i,  // pooled column

  // the group
  input logic                           valid_i,
  input logic                           emit_i,          // it is written
  input logic [Lanes-1:0]               there_i,         // its kernels that exist
  input logic [ArrayBits-1:0]           array_row_i,     // output row of the arrays
  input logic                           column_first_i,  // first column of the pooling window
  input logic                           group_end_i,     // last token of a row group
  input logic [NumPe*Lanes*InBits-1:0]  act_i,           // [PE][kernel]

  // output feature map: [bank][lane]
  output logic [RowBanks-1:0]               read_o,
  output logic [RowBanks*AddrBits-1:0]      read_addr_o,
  input  logic [RowBanks*Lanes*ActBits-1:0] read_data_i,
  output logic [RowBanks*Lanes-1:0]         write_o,
  output logic [RowBanks*AddrBits-1:0]      write_addr_o,
  output logic [RowBanks*Lanes*ActBits-1:0] write_data_o,

  output logic error_o  // one clock: an address beyond the memory
);

  localparam int unsigned RowBits = DimBits + BankBits + 2;  // a row number, up to RowBanks strides ahead
  localparam int unsigned SumBits = 16;                      // an address before it is checked

  // ------------------------------------------------------------------------------------------------------ row group
  logic                     step;
  logic [RowBits-1:0]       upcoming_q;  // first row of the group after this one
  logic [RowBits-1:0]       row_next;    // first row of the group that begins
  // Of each output row of the arrays, [row][PE].
  logic [Windows*NumPe*RowBits-1:0] pe_row;
  logic [Windows*NumPe-1:0]         pe_row_in;
  assign step     = valid_i && group_end_i;
  assign row_next = start_i ? '0 : upcoming_q;
  always_ff @(posedge clk_i) if (start_i || step) upcoming_q <= row_next + RowBits'(group_rows_i);
  always_comb begin
    pe_row    = '0;
    pe_row_in = '0;
    if (start_i || step) begin
      for (int unsigned j = 0; j < Windows; j++) begin
        for (int unsigned p = 0; p < NumPe; p++) begin
          pe_row[(j*NumPe+p)*RowBits+:RowBits] = row_next + RowBits'(replica_i[p*4+:4]) + RowBits'(j);
          pe_row_in[j*NumPe+p] = segment_end_i[p] && 5'(j) < 5'(array_rows_i) + 5'd1 &&
                                 pe_row[(j*NumPe+p)*RowBits+:RowBits] < RowBits'(out_height_i);
        end
      end
    end
  end

  // ---------------------------------------------------------------------------------------- address within the channel
  // Map: column + group * pitch, the product by adding the pitch once a group. Vector: (base + group) / 4, bank by the rest.
  logic [SumBits-1:0]  pitch_q, pitch_sum, offset_q;
  logic [BankBits-1:0] vector_bank_q;
  logic [15:0]         element;
  assign pitch_sum = early_group_i == '0 ? '0 : pitch_q + SumBits'(out_pitch_i);
  assign element   = out_base_i + 16'(early_group_i);
  always_ff @(posedge clk_i) begin
    if (early_valid_i) begin
      pitch_q       <= pitch_sum;
      offset_q      <= vector_i ? SumBits'(element[15:2]) : pitch_sum + SumBits'(early_column_i);
      vector_bank_q <= BankBits'(element[1:0]);
    end
  end

  // ---------------------------------------------------------------------------------------------------------- banks
  logic                emit;
  logic [RowBanks-1:0] beyond;
  assign emit = valid_i && emit_i;
  for (genvar b = 0; b < RowBanks; b++) begin : gen_bank
    mcnn_pool_bank #(
      .Bank     (b),
      .NumPe    (NumPe),
      .Windows  (Windows),
      .Lanes    (Lanes),
      .ActBits  (ActBits),
      .Signed   (Signed),
      .RowBanks (RowBanks),
      .BankDepth(BankDepth),
      .DimBits  (DimBits),
      .SumBits  (SumBits)
    ) u_pool_bank (
      .clk_i,
      .rst_ni,
      .start_i,
      .step_i           (step),
      .row_next_i       (row_next),
      .pe_row_i         (pe_row),
      .pe_row_in_i      (pe_row_in),
      .vector_i,
      .add_i,
      .pool_rows_i,
      .pool_row_stride_i,
      .pooled_height_i,
      .pooled_width_i,
      .out_base_i       (out_base_i[AddrBits-1:0]),
      .emit_i           (emit),
      .there_i,
      .array_row_i,
      .column_first_i,
      .offset_i         (offset_q),
      .vector_bank_i    (vector_bank_q),
      .act_i,
      .read_o           (read_o[b]),
      .read_addr_o      (read_addr_o[b*AddrBits+:AddrBits]),
      .read_data_i      (read_data_i[b*Lanes*ActBits+:Lanes*ActBits]),
      .write_o          (write_o[b*Lanes+:Lanes]),
      .write_addr_o     (write_addr_o[b*AddrBits+:AddrBits]),
      .write_data_o     (write_data_o[b*Lanes*ActBits+:Lanes*ActBits]),
      .beyond_o         (beyond[b])
    );
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) error_o <= 1'b0;
    else         error_o <= |beyond || (start_i && |(out_base_i >> AddrBits) && !vector_i);
  end

endmodule
