// SPDX-License-Identifier: Apache-2.0
// One bank of pool write: the pooled rows Bank, Bank + RowBanks, ... of the output feature map, one of them at a time open.
//
// The tracker knows the first convolution row of the open row's window, and moves on to the next row when the row group that
// closed it has passed. For a group of Lanes kernels the bank takes the maximum of its PEs (stage P0, with a read request), then the
// maximum with what it holds, or the sum (stage P1), and writes.
`include "mcnn_assert.svh"

module mcnn_pool_bank #(
  parameter  int unsigned Bank      = 0,
  parameter  int unsigned NumPe     = 8,
  parameter  int unsigned Windows   = 1,    // output rows of an array, at most
  parameter  int unsigned Lanes     = 2,    // kernels of a group
  parameter  int unsigned ActBits   = 8,
  parameter  int unsigned Signed    = 0,    // 1: activations have a sign (mcnn_activate), and may be added
  parameter  int unsigned RowBanks  = 8,
  parameter  int unsigned BankDepth = 256,  // words
  parameter  int unsigned DimBits   = 6,    // of rows or columns of a map
  parameter  int unsigned SumBits   = 16,   // of an address before it is checked
  localparam int unsigned AddrBits  = $clog2(BankDepth),
  localparam int unsigned BankBits  = $clog2(RowBanks),
  localparam int unsigned RowBits   = DimBits + BankBits + 2,  // of a row number, up to RowBanks strides ahead
  localparam int unsigned ArrayBits = (Windows > 1) ? $clog2(Windows) : 1,
  localparam int unsigned WordBits  = Lanes * ActBits,
  localparam int unsigned InBits    = ActBits + Signed
) (
  input logic clk_i,
  input logic rst_ni,

  // tracker
  input logic                     start_i,     // a pass begins
  input logic                     step_i,      // a row group has passed
  input logic [RowBits-1:0]       row_next_i,  // first row of the group that begins
  input logic [Windows*NumPe*RowBits-1:0] pe_row_i,     // the rows of each PE in it: [output row of an array][PE]
  input logic [Windows*NumPe-1:0]         pe_row_in_i,  // they exist
  input logic                     vector_i,
  input logic                     add_i,       // to what the bank holds
  input logic [DimBits-1:0]       pool_rows_i,
  input logic [DimBits-1:0]       pool_row_stride_i,
  input logic [7:0]               pooled_height_i,
  input logic [7:0]               pooled_width_i,
  input logic [AddrBits-1:0]      out_base_i,

  // a group
  input logic                       emit_i,
  input logic [Lanes-1:0]               there_i,         // its kernels that exist
  input logic [ArrayBits-1:0]           array_row_i,     // output row of the arrays
  input logic                           column_first_i,  // first column of the pooling window
  input logic [SumBits-1:0]             offset_i,        // word within the row
  input logic [BankBits-1:0]            vector_bank_i,   // bank of a vector's element
  input logic [NumPe*Lanes*InBits-1:0]  act_i,           // [PE][kernel]

  // memory: a word of Lanes channels
  output logic                read_o,
  output logic [AddrBits-1:0] read_addr_o,
  input  logic [WordBits-1:0] read_data_i,
  output logic [Lanes-1:0]    write_o,
  output logic [AddrBits-1:0] write_addr_o,
  output logic [WordBits-1:0] write_data_o,
  output logic                beyond_o  // the address is beyond the memory
);

  // ------------------------------------------------------------------------------------------------------- tracker
  logic [RowBits-1:0] first_row_q, first_row;    // first convolution row of the open row's window
  logic [RowBits-1:0] end_row_q, end_row;        // first convolution row behind it
  logic [RowBits-1:0] pooled_row_q, pooled_row;  // the open row
  logic [SumBits-1:0] base_q, base;              // its first word
  logic [Windows*NumPe-1:0] rows_q;              // PEs whose rows are in its window: [output row of an array][PE]
  logic [Windows-1:0]       row_first_q;         // the first of them in the window, which begins in this row group

  // Bank * stride: additions only.
  function automatic logic [RowBits-1:0] bank_times(input logic [DimBits-1:0] stride);
    bank_times = '0;
    for (int unsigned k = 0; k < BankBits; k++) begin
      if (((Bank >> k) & 1) == 1) bank_times = bank_times + (RowBits'(stride) << k);
    end
  endfunction

  always_comb begin
    first_row  = first_row_q;
    end_row    = end_row_q;
    pooled_row = pooled_row_q;
    base       = base_q;
    if (start_i) begin
      first_row  = bank_times(pool_row_stride_i);
      end_row    = first_row + RowBits'(pool_rows_i);
      pooled_row = RowBits'(Bank);
      base       = vector_i ? '0 : SumBits'(out_base_i);
    end else if (step_i && end_row_q <= row_next_i) begin  // closed
      first_row  = first_row_q + (RowBits'(pool_row_stride_i) << BankBits);
      end_row    = end_row_q + (RowBits'(pool_row_stride_i) << BankBits);
      pooled_row = pooled_row_q + RowBits'(RowBanks);
      base       = base_q + SumBits'(pooled_width_i);
    end
  end

  logic [Windows*NumPe-1:0] rows;
  logic [Windows-1:0]       above;  // an output row above this one is in the window
  always_comb begin
    rows  = '0;
    above = '0;
    if (start_i || step_i) begin
      for (int unsigned r = 0; r < Windows * NumPe; r++)
        rows[r] = pe_row_in_i[r] && pooled_row < RowBits'(pooled_height_i) &&
                  pe_row_i[r*RowBits+:RowBits] >= first_row && pe_row_i[r*RowBits+:RowBits] < end_row;
      for (int unsigned j = 1; j < Windows; j++) above[j] = above[j-1] || |rows[(j-1)*NumPe+:NumPe];
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i || step_i) begin
      first_row_q  <= first_row;
      end_row_q    <= end_row;
      pooled_row_q <= pooled_row;
      base_q       <= base;
      rows_q       <= rows;
      row_first_q  <= first_row >= row_next_i ? ~above : '0;
      for (int unsigned r = 0; r < Windows * NumPe; r++) begin
        `MCNN_CHECK(one_pooled_row_a_bank, !pe_row_in_i[r] || vector_i ||
                    pooled_row + RowBits'(RowBanks) >= RowBits'(pooled_height_i) ||
                    pe_row_i[r*RowBits+:RowBits] < first_row + (RowBits'(pool_row_stride_i) << BankBits),
                    "a row group must touch at most RowBanks pooled rows")
      end
    end
  end

  // ------------------------------------------------------------------------------------------------------ stage P0
  logic               touched, first;
  logic [SumBits-1:0] addr;
  logic [NumPe-1:0]   in_window;
  logic               row_first;
  always_comb begin
    in_window = '0;
    row_first = 1'b0;
    for (int unsigned j = 0; j < Windows; j++)
      if (Windows == 1 || array_row_i == ArrayBits'(j)) begin
        in_window = rows_q[j*NumPe+:NumPe];
        row_first = row_first_q[j];
      end
  end
  always_comb begin
    touched = 1'b0;
    first   = vector_i || (column_first_i && row_first && !add_i);
    addr    = '0;
    if (emit_i) begin
      touched = vector_i ? vector_bank_i == BankBits'(Bank) : |in_window;
      addr    = base_q + offset_i;
    end
  end
  assign read_o      = touched && !first;
  assign read_addr_o = addr[AddrBits-1:0];
  assign beyond_o    = touched && |(addr >> AddrBits);

  // The largest activation of one kernel over the rows in the window: a tree, in place.
  function automatic logic [InBits-1:0] largest(
      input logic [NumPe*Lanes*InBits-1:0] act, input logic [NumPe-1:0] among, input int unsigned kernel);
    logic [NumPe*InBits-1:0] tree;
    for (int unsigned p = 0; p < NumPe; p++)
      tree[p*InBits+:InBits] = among[p] ? act[(Lanes*p+kernel)*InBits+:InBits] : '0;
    for (int unsigned l = 1; l < NumPe; l = 2 * l)
      for (int unsigned p = 0; p + l < NumPe; p = p + 2 * l)
        if (tree[(p+l)*InBits+:InBits] > tree[p*InBits+:InBits])
          tree[p*InBits+:InBits] = tree[(p+l)*InBits+:InBits];
    largest = tree[InBits-1:0];
  endfunction

  logic                touched_q, first_q, add_q;
  logic [Lanes-1:0]    there_q;
  logic [AddrBits-1:0] addr_q;
  logic [Lanes*InBits-1:0] largest_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) touched_q <= 1'b0;
    else         touched_q <= touched;
  end
  always_ff @(posedge clk_i) begin
    if (touched) begin
      first_q <= first;
      add_q   <= add_i;
      there_q <= there_i;
      addr_q  <= read_addr_o;
      // A vector's element comes from the last PE.
      for (int unsigned l = 0; l < Lanes; l++)
        largest_q[l*InBits+:InBits] <= vector_i ? act_i[(Lanes*(NumPe-1)+l)*InBits+:InBits] : largest(act_i, in_window, l);
    end
  end

  // ------------------------------------------------------------------------------------------------------ stage P1
  // A word that was written in the clock of its read request was not yet in the memory.
  function automatic logic [ActBits-1:0] next_pixel(
      input logic [ActBits-1:0] pixel, input logic [InBits-1:0] act, input logic begins, input logic adds);
    logic [ActBits-1:0] most;
    logic [ActBits+1:0] sum;  // plus 2^ActBits where activations have that offset
    most = Signed == 0 || act[InBits-1] ? act[ActBits-1:0] : '0;
    sum  = (ActBits + 2)'(pixel) + (ActBits + 2)'(act);
    if (Signed != 0 && adds) next_pixel = sum[ActBits+1] ? '1 : sum[ActBits] ? sum[ActBits-1:0] : '0;
    else                     next_pixel = !begins && pixel > most ? pixel : most;
  endfunction

  logic                written_q;
  logic [AddrBits-1:0] written_addr_q;
  logic [WordBits-1:0] written_data_q, held;
  always_comb begin
    held         = '0;
    write_data_o = '0;
    if (touched_q) begin
      held         = (written_q && written_addr_q == addr_q) ? written_data_q : read_data_i;
      for (int unsigned l = 0; l < Lanes; l++)
        write_data_o[l*ActBits+:ActBits] =
            next_pixel(held[l*ActBits+:ActBits], largest_q[l*InBits+:InBits], first_q, add_q);
    end
  end
  assign write_o      = touched_q ? there_q : '0;
  assign write_addr_o = addr_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) written_q <= 1'b0;
    else         written_q <= touched_q;
  end
  always_ff @(posedge clk_i) begin
    if (touched_q) begin
      written_addr_q <= addr_q;
      written_data_q <= write_data_o;
    end
  end

endmodule
