// SPDX-License-Identifier: Apache-2.0
// mcnn_pool_bank: in a row group the bank keeps one pooled row, the first of its rows whose window is not over; it writes when a row of
// the group is in that window and never otherwise, one word of that row, one clock after it read it; what it writes is the largest of
// what the word holds and of the rows in the window, or the sum, also when the word was written in the clock in which it was read.
// `probe_*` is any pixel of the memory.
`include "formal.svh"

module pool_bank_properties #(
  parameter  int unsigned Bank      = 0,
  parameter  int unsigned NumPe     = 2,
  parameter  int unsigned Windows   = 1,
  parameter  int unsigned Lanes     = 2,
  parameter  int unsigned ActBits   = 1,
  parameter  int unsigned Signed    = 0,
  parameter  int unsigned RowBanks  = 2,
  parameter  int unsigned BankDepth = 4,
  parameter  int unsigned DimBits   = 3,
  parameter  int unsigned SumBits   = 3,
  localparam int unsigned AddrBits  = $clog2(BankDepth),
  localparam int unsigned BankBits  = $clog2(RowBanks),
  localparam int unsigned ArrayBits = (Windows > 1) ? $clog2(Windows) : 1,
  localparam int unsigned WordBits  = Lanes * ActBits,
  localparam int unsigned InBits    = ActBits + Signed,
  localparam int unsigned LaneBits  = (Lanes > 1) ? $clog2(Lanes) : 1,
  localparam int unsigned NumRows   = Windows * NumPe,  // rows of a row group, at most
  localparam int unsigned RowBits   = DimBits + BankBits + 2,
  localparam int unsigned MaxDim    = (1 << DimBits) - 1,
  localparam int unsigned Rounds    = MaxDim / RowBanks + 1  // pooled rows of the bank, at most
) (
  input logic                       clk_i,
  input logic                       rst_ni,
  input logic                       start_i,
  input logic                       step_i,
  input logic [RowBits-1:0]         row_next_i,
  input logic [NumRows*RowBits-1:0] pe_row_i,
  input logic [NumRows-1:0]         pe_row_in_i,
  input logic                       vector_i,
  input logic                       add_i,
  input logic [7:0]                 pool_rows_i,
  input logic [7:0]                 pool_row_stride_i,
  input logic [7:0]                 pooled_height_i,
  input logic [7:0]                 pooled_width_i,
  input logic [AddrBits-1:0]        out_base_i,
  input logic                       emit_i,
  input logic [Lanes-1:0]           there_i,
  input logic [ArrayBits-1:0]       array_row_i,
  input logic                       column_first_i,
  input logic [SumBits-1:0]         offset_i,
  input logic [BankBits-1:0]        vector_bank_i,
  input logic [NumPe*Lanes*InBits-1:0] act_i,
  input logic                       read_o,
  input logic [AddrBits-1:0]        read_addr_o,
  input logic [WordBits-1:0]        read_data_i,
  input logic [Lanes-1:0]           write_o,
  input logic [AddrBits-1:0]        write_addr_o,
  input logic [WordBits-1:0]        write_data_o,
  input logic                       beyond_o,

  // inside
  input logic [RowBits-1:0]         first_row_q,
  input logic [RowBits-1:0]         end_row_q,
  input logic [RowBits-1:0]         pooled_row_q,
  input logic [SumBits-1:0]         base_q,
  input logic [NumRows-1:0]         rows_q,
  input logic [Windows-1:0]         row_first_q,
  input logic                       touched_q,
  input logic                       first_q,
  input logic                       add_q,
  input logic [Lanes-1:0]           there_q,
  input logic [AddrBits-1:0]        addr_q,
  input logic [Lanes*InBits-1:0]    largest_q,
  input logic                       written_q,
  input logic [AddrBits-1:0]        written_addr_q,
  input logic [WordBits-1:0]        written_data_q
);

  `MCNN_ANY(probe_addr, AddrBits)
  `MCNN_ANY(any_lane, LaneBits)
  logic [LaneBits-1:0] probe_lane;
  assign probe_lane = 32'(any_lane) < Lanes ? any_lane : '0;

  // -------------------------------------------------------------------------------------------------- the pass as it began
  logic               begun_q, good_q;  // a pass has begun; its layer row is one that the sequencer lets pass
  logic               vector_q, pass_add_q;
  logic [7:0]         window_rows_q, stride_q;
  logic [7:0]         height_q, width_q;
  logic [AddrBits-1:0] out_base_q;
  logic [RowBits-1:0] row_q;            // first row of the group
  logic               over_q;           // behind the last group: that of a vector is one row
  logic               good;
  assign good = !(vector_i && add_i) && 32'(pool_rows_i) - 32'd1 < MaxDim && 32'(pool_row_stride_i) - 32'd1 < MaxDim &&
                32'(pooled_height_i) - 32'd1 < MaxDim;
  initial {begun_q, good_q} = '0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {begun_q, good_q} <= '0;
    else if (start_i) {begun_q, good_q} <= {1'b1, good};
  end
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      {vector_q, pass_add_q}   <= {vector_i, add_i};
      {window_rows_q, stride_q}  <= {pool_rows_i, pool_row_stride_i};
      {height_q, width_q} <= {pooled_height_i, pooled_width_i};
      out_base_q          <= out_base_i;
    end
    if (start_i || step_i) begin
      row_q  <= row_next_i;
      over_q <= step_i && (pe_row_in_i == '0 || vector_i);
    end
  end
  logic same;
  assign same = {vector_i, add_i} == {vector_q, pass_add_q} && {window_rows_q, stride_q} == {pool_rows_i, pool_row_stride_i} &&
                {height_q, width_q} == {pooled_height_i, pooled_width_i} && out_base_i == out_base_q;

  // ------------------------------------------------------------------------------------------------- the row that is open
  // By the definition: the first of the bank's rows whose window ends behind the first row of the group.
  function automatic logic [RowBits-1:0] first_of(input int unsigned round, input logic [7:0] stride);
    first_of = '0;
    for (int unsigned b = 0; b < RowBits; b++)
      if ((((Bank + round * RowBanks) >> b) & 1) == 1) first_of = first_of + (RowBits'(stride) << b);
  endfunction
  function automatic logic is_row(input int unsigned round, input logic [7:0] height);
    is_row = 32'(height) > Bank + round * RowBanks;
  endfunction

  logic [NumRows-1:0]  hits, hits_q;    // rows of the group in the window
  logic [RowBits-1:0]  open_first, open_first_q, left_limit;
  logic [SumBits-1:0]  open_base, open_base_q;
  logic                open, open_q, last, left_last, open_begins_q;
  logic [7:0]          round, round_q;
  always_comb begin
    open       = 1'b0;
    open_first = '0;
    open_base  = '0;
    round      = '0;
    for (int unsigned k = Rounds; k > 0; k--)
      if (is_row(k - 1, pooled_height_i) && first_of(k - 1, pool_row_stride_i) + RowBits'(pool_rows_i) > row_next_i) begin
        open       = 1'b1;
        open_first = first_of(k - 1, pool_row_stride_i);
        round      = 8'(k - 1);
      end
    for (int unsigned k = 0; k < Rounds; k++)
      if (8'(k) < round) open_base = open_base + SumBits'(pooled_width_i);
    open_base = open_base + SumBits'(out_base_i);
    // At the start the first row, whatever its window.
    limit = (start_i ? first_of(0, pool_row_stride_i) : open_first) + (RowBits'(pool_row_stride_i) << BankBits);
    last  = RowBits'(Bank) + (start_i ? '0 : (RowBits'(round) << BankBits)) + RowBits'(RowBanks) >= RowBits'(pooled_height_i) || (!open && !start_i);
    hits  = '0;
    for (int unsigned r = 0; r < NumRows; r++)
      hits[r] = open && pe_row_in_i[r] && pe_row_i[r*RowBits+:RowBits] >= open_first &&
                pe_row_i[r*RowBits+:RowBits] < open_first + RowBits'(pool_rows_i);
    left_limit = open_first_q + (RowBits'(stride_q) << BankBits);
    left_last  = !open_q || RowBits'(Bank) + (RowBits'(round_q) << BankBits) + RowBits'(RowBanks) >= RowBits'(height_q);
  end
  always_ff @(posedge clk_i) begin
    if (start_i || step_i) begin
      hits_q        <= hits;
      open_q        <= open;
      round_q       <= round;
      open_first_q  <= open_first;
      open_base_q   <= vector_i ? '0 : open_base;
      open_begins_q <= open_first >= row_next_i;
    end
  end

  // ------------------------------------------------------------------------------------------------------ surroundings
  logic [RowBits-1:0] limit;  // first row of the window of the bank's next row
  logic               in_place;
  always_comb begin
    in_place = 1'b1;
    for (int unsigned r = 0; r < NumRows; r++)
      if (pe_row_in_i[r])
        in_place = in_place && pe_row_i[r*RowBits+:RowBits] >= row_next_i && 32'(pe_row_i[r*RowBits+:RowBits]) < MaxDim && (last || pe_row_i[r*RowBits+:RowBits] < limit);
  end
`ifdef FORMAL
  // The sequencer and the walk are in reset too.
  always @* if (!rst_ni) assume (!start_i && !step_i);
`endif
  `MCNN_ASSUME(in_a_pass, !(emit_i || step_i) || (begun_q && good_q && same && !start_i && !over_q), "rows and groups must be those of a pass")
  `MCNN_ASSUME(start_at_row_0, !start_i || row_next_i == '0, "a pass must begin with row 0")
  `MCNN_ASSUME(rows_go_on, !step_i || row_next_i > row_q, "row groups must be downwards")
  `MCNN_ASSUME(rows_kept, !(start_i || step_i) || vector_i || in_place,
               "a row of a group must be in it, and not in the window of a row RowBanks below one that is open")
  `MCNN_ASSUME(nothing_skipped, !step_i || vector_i || left_last || pe_row_in_i == '0 || row_next_i <= left_limit,
               "a row group must not reach the window of a row RowBanks below one that is open")
  `MCNN_ASSUME(array_rows_exist, !emit_i || 32'(array_row_i) < Windows, "an output row of the arrays must exist")

  // Inside: the tracker is there, and what is counted here goes together.
  logic               known, counted;
  logic [SumBits-1:0] counted_base;
  assign known = begun_q && good_q && !over_q;
  always_comb begin
    counted      = !open_q && hits_q == '0;
    counted_base = SumBits'(out_base_q);
    for (int unsigned k = Rounds; k > 0; k--)
      if (is_row(k - 1, height_q) && first_of(k - 1, stride_q) + RowBits'(window_rows_q) > row_q)
        counted = open_q && round_q == 8'(k - 1) && open_first_q == first_of(k - 1, stride_q);
    for (int unsigned k = 0; k < Rounds; k++)
      if (8'(k) < round_q) counted_base = counted_base + SumBits'(width_q);
  end
  `MCNN_ASSERT(row_is_good, !good_q || (begun_q && 32'(window_rows_q) - 32'd1 < MaxDim && 32'(stride_q) - 32'd1 < MaxDim && 32'(height_q) - 32'd1 < MaxDim && !(vector_q && pass_add_q)),
               "the layer row")
  `MCNN_ASSERT(open_is_counted, !known || vector_q || (counted && (!open_q || open_base_q == counted_base)), "the open row")
  `MCNN_ASSERT(tracks_the_open_row, !known || vector_q || !open_q ||
               (pooled_row_q == RowBits'(Bank) + (RowBits'(round_q) << BankBits) && first_row_q == open_first_q &&
                end_row_q == first_row_q + RowBits'(window_rows_q)), "the tracker must be at the open row")
  `MCNN_ASSERT(behind_the_last_row, !known || vector_q || ((open_q || 32'(pooled_row_q) >= 32'(height_q)) && 32'(row_q) < MaxDim &&
               32'(pooled_row_q) <= Bank + (32'(row_q) << BankBits)), "the rows behind the last one")
  `MCNN_ASSERT(base_of_the_open_row, !known || !(open_q || vector_q) || base_q == open_base_q, "the base must be that of the open row")

  // ------------------------------------------------------------------------------------------------------------ a group
  logic [NumPe-1:0]    among;
  logic                touch, begins, touch_q, begins_q, adding_q;
  logic [SumBits-1:0]  word;
  logic [AddrBits-1:0] word_q;
  logic [Lanes-1:0]    kernels_q;
  always_comb begin
    among  = '0;
    begins = open_begins_q;
    for (int unsigned j = 0; j < Windows; j++) begin
      if (32'(array_row_i) == j) among = hits_q[j*NumPe+:NumPe];
      if (j < 32'(array_row_i)) begins = begins && hits_q[j*NumPe+:NumPe] == '0;
    end
    touch = emit_i && (vector_i ? vector_bank_i == BankBits'(Bank) : among != '0);
    word  = open_base_q + offset_i;
  end
  `MCNN_ASSERT(reads_an_open_row, !read_o || (touch && read_addr_o == word[AddrBits-1:0]), "a word of the open row must be read, when a group has a row in its window")
  `MCNN_ASSERT(reads_what_goes_on, read_o == (touch && !vector_i && (add_i || !column_first_i || !begins)), "a word that another group began must be read")
  `MCNN_ASSERT(tells_beyond, beyond_o == (touch && |(word >> AddrBits)), "a word beyond the memory must be told of")

  logic [InBits-1:0] new_pixel, new_q;
  always_comb begin
    new_pixel = '0;
    for (int unsigned p = 0; p < NumPe; p++)
      for (int unsigned l = 0; l < Lanes; l++)
        if (32'(probe_lane) == l && (vector_i ? p == NumPe - 1 : among[p] && act_i[(Lanes*p+l)*InBits+:InBits] > new_pixel))
          new_pixel = act_i[(Lanes*p+l)*InBits+:InBits];
  end
  initial touch_q = 1'b0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) touch_q <= 1'b0;
    else         touch_q <= touch;
  end
  always_ff @(posedge clk_i) begin
    if (touch) begin
      begins_q  <= vector_i || (column_first_i && begins && !add_i);
      adding_q  <= add_i;
      word_q    <= word[AddrBits-1:0];
      kernels_q   <= there_i;
      new_q <= new_pixel;
    end
  end
  `MCNN_ASSUME(kernels_of_a_word, !touch || !touch_q || word[AddrBits-1:0] != word_q || there_i == kernels_q, "a word must be that of the same kernels")
  `MCNN_ASSERT(writes_what_was_read, write_o == (touch_q ? kernels_q : '0), "a group must be written one clock later, its kernels and nothing else")
  `MCNN_ASSERT(writes_the_open_row, !touch_q || write_addr_o == word_q, "a word of the open row must be written")

  // ------------------------------------------------------------------------------------------------------------- a pixel
  logic               known_q, was_known_q;  // the pixel was written
  logic [ActBits-1:0] pixel_q, was_q;        // what it holds
  logic               asked_q;               // it was read in the clock before, when it held was_q
  logic               written, was_there_q;
  logic [ActBits-1:0] data, read, most, expected;
  logic [ActBits+1:0] sum;
  always_comb begin
    written = 1'b0;
    data    = '0;
    read    = '0;
    for (int unsigned l = 0; l < Lanes; l++)
      if (32'(probe_lane) == l) begin
        written = write_o[l] && write_addr_o == probe_addr;
        data    = write_data_o[l*ActBits+:ActBits];
        read    = read_data_i[l*ActBits+:ActBits];
      end
  end
  initial {known_q, was_known_q, asked_q} = '0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {known_q, was_known_q, asked_q} <= '0;
    else begin
      known_q     <= known_q || written;
      was_known_q <= known_q;
      asked_q     <= read_o && read_addr_o == probe_addr;
    end
  end
  always_ff @(posedge clk_i) begin
    if (written) pixel_q <= data;
    was_q <= pixel_q;
    was_there_q <= written;
  end
  `MCNN_ASSUME(memory_reads, !asked_q || !was_known_q || read == was_q,
               "a word must be read as it was before the clock of its read")
  // The activation: with a sign it has an offset of 2^ActBits.
  always_comb begin
    most     = Signed == 0 || new_q[InBits-1] ? new_q[ActBits-1:0] : '0;
    sum      = (ActBits + 2)'(pixel_q) + (ActBits + 2)'(new_q);
    expected = begins_q || pixel_q < most ? most : pixel_q;
    if (Signed != 0 && adding_q)
      expected = sum < (ActBits + 2)'(1 << ActBits) ? '0 : sum >= (ActBits + 2)'(2 << ActBits) ? '1 : sum[ActBits-1:0];
  end
  `MCNN_ASSERT(running_maximum, !written || !(known_q || (begins_q && !(Signed != 0 && adding_q))) || data == expected,
               "a pixel must become the largest of what it holds and of the rows in the window, or the sum")

  // Inside: registers, and what is counted here.
  logic [InBits-1:0]  inside_new;
  logic [ActBits-1:0] inside_written;
  logic [Windows-1:0] inside_begins;
  always_comb begin
    inside_new     = '0;
    inside_written = '0;
    for (int unsigned l = 0; l < Lanes; l++)
      if (32'(probe_lane) == l) begin
        inside_new     = largest_q[l*InBits+:InBits];
        inside_written = written_data_q[l*ActBits+:ActBits];
      end
    inside_begins = open_begins_q ? '1 : '0;
    for (int unsigned j = 1; j < Windows; j++)
      inside_begins[j] = inside_begins[j-1] && hits_q[(j-1)*NumPe+:NumPe] == '0;
  end
  `MCNN_ASSERT(rows_in_window, !known || vector_q || rows_q == hits_q, "the rows in the window")
  `MCNN_ASSERT(rows_that_begin, !known || vector_q || !open_q || row_first_q == inside_begins, "the rows that begin a window")
  `MCNN_ASSERT(touched_word, touched_q == touch_q && (!touch_q || (first_q == begins_q && add_q == adding_q && there_q == kernels_q &&
               addr_q == word_q && inside_new == new_q)), "the word that is written")
  `MCNN_ASSERT(written_word, !written_q || written_addr_q != probe_addr || !was_there_q || (known_q && inside_written == pixel_q), "the word that was written")
  `MCNN_ASSERT(asked_word, !asked_q || !was_known_q || (known_q && (was_q == pixel_q || (written_q && written_addr_q == probe_addr && was_there_q))),
               "the word that was read")
  `MCNN_ASSERT(words_are_known, !was_known_q || known_q, "a word that was written")
  `MCNN_COVER(third_row, touch && !vector_i && round_q == 8'd2, "the third row of a bank")
  `MCNN_COVER(over_itself, written && known_q && asked_q && was_q != pixel_q && !begins_q && !vector_q, "a word that is written in the clock of its read")

endmodule

`ifndef FORMAL
bind mcnn_pool_bank pool_bank_properties #(
  .Bank(Bank), .NumPe(NumPe), .Windows(Windows), .Lanes(Lanes), .ActBits(ActBits), .Signed(Signed), .RowBanks(RowBanks),
  .BankDepth(BankDepth), .DimBits(DimBits), .SumBits(SumBits)
) u_properties (.pool_rows_i(8'(pool_rows_i)), .pool_row_stride_i(8'(pool_row_stride_i)), .*);
`endif
