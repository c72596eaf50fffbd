// SPDX-License-Identifier: Apache-2.0
// Pool write: max pooling as a running maximum in the output feature map. Every bank takes the maximum of what it holds and
// of all rows of the row group whose pooling window it keeps; the first pixel of a window overwrites. No line buffers, any
// window and stride, any number of replicas.
//
// Bank b keeps pooled rows b, b + RowBanks, ...: one of them at a time is open. A tracker a bank knows the first convolution row
// of its window, and moves on to the next one when the row group that closed it has passed.
//
//   stage P0  maximum over the rows of the group, read request
//   stage P1  maximum with what is held, write
//
// Latency 2 clocks, one group of two kernels (both halves) a clock, cannot stall.
module mcnn_pool_write #(
  parameter  int unsigned NumPe     = 8,
  parameter  int unsigned NumGroups = 8,    // groups of two kernels in a pass
  parameter  int unsigned ActBits   = 8,
  parameter  int unsigned RowBanks  = 8,
  parameter  int unsigned BankDepth = 256,  // words of a bank
  parameter  int unsigned MaxDim    = 32,   // rows or columns of a map
  localparam int unsigned AddrBits  = $clog2(BankDepth),
  localparam int unsigned BankBits  = $clog2(RowBanks),
  localparam int unsigned DimBits   = $clog2(MaxDim + 1),
  localparam int unsigned GroupBits = (NumGroups > 1) ? $clog2(NumGroups) : 1
) (
  input logic clk_i,
  input logic rst_ni,

  // the pass; constant while it runs
  input logic               start_i,  // one clock, the fields below are valid
  input logic               vector_i,
  input logic [5:0]         kernels_i,
  input logic [NumPe-1:0]   segment_end_i,
  input logic [NumPe*3-1:0] replica_i,
  input logic [3:0]         group_rows_i,
  input logic [7:0]         out_height_i,
  input logic [5:0]         pool_rows_i,
  input logic [5:0]         pool_row_stride_i,
  input logic [7:0]         pooled_height_i,
  input logic [7:0]         pooled_width_i,
  input logic [15:0]        out_pitch_i,
  input logic [15:0]        out_base_i,

  // a group, one clock before its activations
  input logic                 early_valid_i,   // a token of the walk (whether it is written or not)
  input logic [GroupBits-1:0] early_group_i,
  input logic [7:0]           early_column_i,  // pooled column

  // the group
  input logic                       valid_i,
  input logic                       emit_i,          // it is written
  input logic [GroupBits-1:0]       group_i,
  input logic                       column_first_i,  // first column of the pooling window
  input logic                       group_end_i,     // last token of a row group
  input logic [NumPe*2*ActBits-1:0] act_i,           // [PE][kernel]

  // output feature map: [half][bank]
  output logic [RowBanks-1:0]           read_o,
  output logic [RowBanks*AddrBits-1:0]  read_addr_o,
  input  logic [2*RowBanks*ActBits-1:0] read_data_i,
  output logic [2*RowBanks-1:0]         write_o,
  output logic [RowBanks*AddrBits-1:0]  write_addr_o,
  output logic [2*RowBanks*ActBits-1:0] write_data_o,

  output logic error_o  // one clock: an address beyond the memory
);

  // --------------------------------------------------------------------------------------------- trackers of the banks
  localparam int unsigned RowBits = DimBits + BankBits + 2;  // a row number, up to RowBanks strides ahead
  

  localparam int unsigned SumBits = 16;                      // an address before it is checked

  logic [RowBits-1:0] first_row_q[RowBanks];  // first convolution row of the open window
  logic [RowBits-1:0] pooled_row_q[RowBanks];
  logic [SumBits-1:0] bank_base_q[RowBanks];  // first word of the open row
  logic [RowBits-1:0] row_q;                  // first row of the row group
  logic [NumPe-1:0]   rows_q[RowBanks];       // PEs whose rows are in the window
  logic [RowBanks-1:0] row_first_q;           // the window begins in this row group

  logic               step;
  logic [RowBits-1:0] row_next;
  logic [NumPe*RowBits-1:0] pe_row;
  logic [NumPe-1:0]   pe_row_in;
  assign step     = valid_i && group_end_i;
  assign row_next = start_i ? '0 : row_q + RowBits'(group_rows_i);
  for (genvar p = 0; p < NumPe; p++) begin : gen_pe_row
    assign pe_row[p*RowBits+:RowBits] = row_next + RowBits'(replica_i[p*3+:3]);
    assign pe_row_in[p] = segment_end_i[p] && pe_row[p*RowBits+:RowBits] < RowBits'(out_height_i);
  end

  always_ff @(posedge clk_i) if (start_i || step) row_q <= row_next;

  // b * stride for a constant b: additions only.
  function automatic logic [RowBits-1:0] stride_times(input logic [5:0] stride, input int unsigned b);
    stride_times = '0;
    for (int unsigned k = 0; k < 6; k++) begin
      if (b[k]) stride_times = stride_times + (RowBits'(stride) << k);
    end
  endfunction

  for (genvar b = 0; b < RowBanks; b++) begin : gen_tracker
    logic [RowBits-1:0] first_next, pooled_next, last_next;
    logic [SumBits-1:0] base_next;
    logic               closed;
    assign closed = first_row_q[b] + RowBits'(pool_rows_i) <= row_next;
    always_comb begin
      first_next  = first_row_q[b];
      pooled_next = pooled_row_q[b];
      base_next   = bank_base_q[b];
      if (start_i) begin
        first_next  = stride_times(pool_row_stride_i, b);
        pooled_next = RowBits'(b);
        base_next   = vector_i ? '0 : SumBits'(out_base_i[AddrBits-1:0]);
      end else if (closed) begin
        first_next  = first_row_q[b] + (RowBits'(pool_row_stride_i) << BankBits);
        pooled_next = pooled_row_q[b] + RowBits'(RowBanks);
        base_next   = bank_base_q[b] + SumBits'(pooled_width_i);
      end
    end
    assign last_next = first_next + RowBits'(pool_rows_i);
    always_ff @(posedge clk_i) begin
      if (start_i || step) begin
        first_row_q[b]  <= first_next;
        pooled_row_q[b] <= pooled_next;
        bank_base_q[b]  <= base_next;
        row_first_q[b]  <= first_next >= row_next;
        for (int unsigned p = 0; p < NumPe; p++) begin
          rows_q[b][p] <= pe_row_in[p] && pooled_next < RowBits'(pooled_height_i) &&
                          pe_row[p*RowBits+:RowBits] >= first_next && pe_row[p*RowBits+:RowBits] < last_next;
        end
      end
    end
  end

  // ---------------------------------------------------------------------------------------- address within the channel
  // Conv: column + group * pitch, the product by adding the pitch once a group. Vector: (base + group) / 4, bank by the rest.
  logic [15:0]         pitch_q, pitch_sum;
  logic [15:0]         offset_q;
  logic [BankBits-1:0] vector_bank_q;
  logic [15:0]         element;
  assign pitch_sum = early_group_i == '0 ? '0 : pitch_q + out_pitch_i;
  assign element   = out_base_i + 16'(early_group_i);
  always_ff @(posedge clk_i) begin
    if (early_valid_i) begin
      pitch_q       <= pitch_sum;
      offset_q      <= vector_i ? SumBits'(element[15:2]) : pitch_sum + SumBits'(early_column_i);
      vector_bank_q <= BankBits'(element[1:0]);
    end
  end

  // ------------------------------------------------------------------------------------------------------ stage P0
  logic                emit;
  logic [RowBanks-1:0] touched, first;
  logic [SumBits-1:0]  addr[RowBanks];
  logic [RowBanks-1:0] beyond;
  assign emit = valid_i && emit_i;
  for (genvar b = 0; b < RowBanks; b++) begin : gen_address
    assign touched[b] = emit && (vector_i ? vector_bank_q == BankBits'(b) : |rows_q[b]);
    assign first[b]   = vector_i || (column_first_i && row_first_q[b]);
    assign addr[b]    = bank_base_q[b] + offset_q;
    assign beyond[b]  = touched[b] && |(addr[b] >> AddrBits);
    assign read_addr_o[b*AddrBits+:AddrBits] = addr[b][AddrBits-1:0];
  end
  assign read_o = touched & ~first;

  logic [2*RowBanks*ActBits-1:0] group_max_q;
  for (genvar h = 0; h < 2; h++) begin : gen_max_half
    for (genvar b = 0; b < RowBanks; b++) begin : gen_max_bank
      logic [ActBits-1:0] tree[NumPe];  // maximum in place: after the last level in tree[0]
      always_comb begin
        for (int unsigned p = 0; p < NumPe; p++)
          tree[p] = (vector_i ? p == NumPe - 1 : rows_q[b][p]) ? act_i[(2*p+h)*ActBits+:ActBits] : '0;
        for (int unsigned l = 0; l < $clog2(NumPe); l++)
          for (int unsigned p = 0; p < NumPe; p++)
            if ((p & ((2 << l) - 1)) == 0 && p + (1 << l) < NumPe && tree[p+(1<<l)] > tree[p])
              tree[p] = tree[p+(1<<l)];
      end
      always_ff @(posedge clk_i)
        if (touched[b]) group_max_q[(h*RowBanks+b)*ActBits+:ActBits] <= tree[0];
    end
  end

  // ------------------------------------------------------------------------------------------------------ stage P1
  logic [RowBanks-1:0]          touched_q, first_q;
  logic                         odd_q;        // the second kernel exists
  logic [RowBanks*AddrBits-1:0] addr_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) touched_q <= '0;
    else         touched_q <= touched;
  end
  always_ff @(posedge clk_i) begin
    if (emit) begin
      first_q <= first;
      odd_q   <= 7'({group_i, 1'b1}) < 7'(kernels_i);
      addr_q  <= read_addr_o;
    end
  end

  // A word that was written in the clock of its read request was not yet in the memory.
  logic [RowBanks-1:0]           written_q;
  logic [RowBanks*AddrBits-1:0]  written_addr_q;
  logic [2*RowBanks*ActBits-1:0] written_data_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) written_q <= '0;
    else         written_q <= touched_q;
  end
  for (genvar b = 0; b < RowBanks; b++) begin : gen_write
    logic again;
    assign again = written_q[b] &&
                   written_addr_q[b*AddrBits+:AddrBits] == addr_q[b*AddrBits+:AddrBits];
    always_ff @(posedge clk_i)
      if (touched_q[b]) written_addr_q[b*AddrBits+:AddrBits] <= addr_q[b*AddrBits+:AddrBits];
    for (genvar h = 0; h < 2; h++) begin : gen_half
      localparam int unsigned Byte = (h * RowBanks + b) * ActBits;
      logic [ActBits-1:0] held, value;
      assign held  = again ? written_data_q[Byte+:ActBits] : read_data_i[Byte+:ActBits];
      assign value = (first_q[b] || group_max_q[Byte+:ActBits] > held) ? group_max_q[Byte+:ActBits] : held;
      assign write_data_o[Byte+:ActBits] = value;
      always_ff @(posedge clk_i) if (touched_q[b]) written_data_q[Byte+:ActBits] <= value;
      assign write_o[h*RowBanks+b] = touched_q[b] && (h == 0 || odd_q);
    end
  end
  assign write_addr_o = addr_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) error_o <= 1'b0;
    else         error_o <= |beyond || (start_i && |(out_base_i >> AddrBits) && !vector_i);
  end

endmodule
