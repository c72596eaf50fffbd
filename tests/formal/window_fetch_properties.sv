// SPDX-License-Identifier: Apache-2.0
// mcnn_window_fetch: the positions of a pass in their order, at each of them its records in theirs, of each record its columns once, or the
// last one alone where the others are those of the position before; none lost, doubled or out of order, however long the PEs hold it up;
// the last one is marked and nothing comes behind it. A pixel that a PE may take is read at its word when it is in the map, no other
// pixel is read, and what is not read is 0. A word beyond the memory is told of. `probe_*` is any pixel of a column.
`include "formal.svh"

module window_fetch_properties #(
  parameter  int unsigned NumPe      = 2,
  parameter  int unsigned NumSl      = 8,
  parameter  int unsigned Windows    = 1,
  parameter  int unsigned Lanes      = 2,
  parameter  int unsigned ActBits    = 1,
  parameter  int unsigned RowBanks   = 4,
  parameter  int unsigned BankDepth  = 8,
  parameter  int unsigned MaxDim     = 8,
  parameter  int unsigned NumRecords = 4,
  localparam int unsigned AddrBits   = $clog2(BankDepth),
  localparam int unsigned BankBits   = $clog2(RowBanks),
  localparam int unsigned DimBits    = $clog2(MaxDim + 1),
  localparam int unsigned CoordBits  = DimBits + 3,
  localparam int unsigned RecBits    = $clog2(NumRecords),
  localparam int unsigned LaneBits   = $clog2(Lanes),
  localparam int unsigned RecWidth   = 32 * (2 + (NumPe + 1) / 2),
  localparam int unsigned LineBits   = $clog2(NumSl / 4),
  localparam int unsigned ReadBits   = AddrBits + 6  // an address, wherever it is
) (
  input logic clk_i,
  input logic rst_ni,
  input logic                start_i,
  input logic                flush_i,
  input logic [RecBits-1:0]  first_record_i,
  input logic [5:0]          pairs_i,
  input logic [3:0]          array_rows_i,
  input logic [7:0]          in_height_i,
  input logic [7:0]          in_width_i,
  input logic [2:0]          stride_i,
  input logic [6:0]          row_step_i,
  input logic [3:0]          group_rows_i,
  input logic [7:0]          out_height_i,
  input logic [7:0]          out_width_i,
  input logic [NumPe*4-1:0]  row_offset_i,
  input logic                record_re_o,
  input logic [RecBits-1:0]  record_addr_o,
  input logic [RecWidth-1:0] record_i,
  input logic [RowBanks*Lanes-1:0]         fetch_re_o,
  input logic [RowBanks*AddrBits-1:0]      fetch_addr_o,
  input logic [RowBanks*Lanes*ActBits-1:0] fetch_data_i,
  input logic                              ready_i,
  input logic                              valid_o,
  input logic [Lanes*ActBits*RowBanks-1:0] planes_o,
  input logic [NumPe*BankBits-1:0]         first_bank_o,
  input logic [NumPe-1:0]                  active_o,
  input logic [NumPe*LineBits-1:0]         line_o,
  input logic [NumPe*LaneBits-1:0]         lane_o,
  input logic [3:0]                        windows_o,
  input logic [1:0]                        column_o,
  input logic                              first_o,
  input logic                              slide_o,
  input logic [1:0]                        rows_o,
  input logic                              step_begin_o,
  input logic                              step_end_o,
  input logic                              pass_first_o,
  input logic                              pass_last_o,
  input logic                              walk_last_o,
  input logic                              error_o,

  // inside
  input logic                              busy_q,
  input logic [RecBits-1:0]                record_q,
  input logic [1:0]                        column_q,
  input logic                              single_q,
  input logic                              step_begin_q,
  input logic                              pass_first_q,
  input logic [7:0]                        x_q,
  input logic [7:0]                        y_q,
  input logic signed [CoordBits-1:0]       in_x_q,
  input logic signed [CoordBits-1:0]       in_y_q,
  input logic                              b_valid_q,
  input logic                              c_valid_q,
  input logic                              d_valid_q,
  input logic [3:0]                        lowest_q,
  input logic signed [CoordBits-1:0]       b_x_q,
  input logic signed [CoordBits-1:0]       b_y_q,
  input logic [15:0]                       b_base_q,
  input logic [1:0]                        b_column_q,
  input logic [1:0]                        b_rows_q,
  input logic                              b_first_q,
  input logic                              b_slide_q,
  input logic                              b_step_begin_q,
  input logic                              b_step_end_q,
  input logic                              b_pass_first_q,
  input logic                              b_pass_last_q,
  input logic                              b_walk_last_q,
  input logic [NumPe-1:0]                  b_active_q,
  input logic [NumPe*8-1:0]                b_line_q,
  input logic [NumPe*4-1:0]                b_lane_q,
  input logic [3:0]                        b_windows_q,
  input logic [RowBanks-1:0]               c_row_read_q,
  input logic [Lanes-1:0]                  c_lane_read_q,
  input logic [1:0]                        c_column_q,
  input logic [1:0]                        c_rows_q,
  input logic                              c_first_q,
  input logic                              c_slide_q,
  input logic                              c_step_begin_q,
  input logic                              c_step_end_q,
  input logic                              c_pass_first_q,
  input logic                              c_pass_last_q,
  input logic                              c_walk_last_q,
  input logic [NumPe-1:0]                  c_active_q,
  input logic [NumPe*LineBits-1:0]         c_line_q,
  input logic [NumPe*LaneBits-1:0]         c_lane_q,
  input logic [3:0]                        c_windows_q
);

  // --------------------------------------------------------------------------------------------------------------- record
  logic        last_step, last_pass;
  logic [1:0]  columns;
  assign last_step = record_i[0];
  assign last_pass = record_i[1];
  assign columns   = record_i[5:4];

  // ---------------------------------------------------------------------------------------------------------------- walk
  // The column that is to be asked for: position, record, column.
  logic                        walk_q, begun_q;
  logic [RecBits-1:0]          at_record_q;
  logic [1:0]                  at_column_q;
  logic [7:0]                  at_x_q, at_y_q;
  logic signed [CoordBits-1:0] at_in_x_q, at_in_y_q;  // STRIDE * x, ROW_STEP * row group
  logic                        at_step_q, at_first_q, at_single_q;  // the step begins; it is the first of the position; the only one
  logic                        asks, slides, record_over, position_over, row_over, walk_over;
  logic [1:0]                  at_column;
  assign asks          = walk_q && ready_i;
  assign slides        = at_single_q && at_x_q != '0 && stride_i == 3'd1;
  assign at_column     = slides ? columns : at_column_q;
  assign record_over   = at_column == columns;
  assign position_over = record_over && last_pass;
  assign row_over      = position_over && 32'(at_x_q) + 32'd1 == 32'(out_width_i);
  assign walk_over     = row_over && 32'(at_y_q) + 32'(group_rows_i) >= 32'(out_height_i);
  initial {walk_q, begun_q} = '0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                {walk_q, begun_q} <= '0;
    else if (flush_i)           {walk_q, begun_q} <= '0;
    else if (start_i)           {walk_q, begun_q} <= '1;
    else if (asks && walk_over) walk_q <= 1'b0;
  end
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      at_record_q                                   <= first_record_i;
      {at_column_q, at_x_q, at_y_q}                 <= '0;
      {at_in_x_q, at_in_y_q}                        <= '0;
      {at_step_q, at_first_q, at_single_q}          <= 3'b110;
    end else if (asks) begin
      at_column_q <= record_over ? '0 : at_column_q + 2'd1;
      at_step_q   <= record_over && last_step;
      if (record_over) at_record_q <= last_pass ? first_record_i : at_record_q + RecBits'(1);
      if (record_over && last_step) at_first_q <= last_pass;
      if (position_over) begin
        at_single_q <= at_first_q;
        at_x_q      <= row_over ? '0 : at_x_q + 8'd1;
        at_in_x_q   <= row_over ? '0 : at_in_x_q + CoordBits'(stride_i);
      end
      if (row_over) begin
        at_y_q    <= at_y_q + 8'(group_rows_i);
        at_in_y_q <= at_in_y_q + CoordBits'(row_step_i);
      end
    end
  end

  // ------------------------------------------------------------------------------------------------------ surroundings
  logic [2:0]           there_q;  // what is on its way: D, C, B
  localparam int unsigned FieldBits = 6 + 4 + 8 + 8 + 3 + 7 + 4 + 8 + 8 + 4 * NumPe + RecBits;
  logic [FieldBits-1:0] fields, past_fields_q;
  logic                 started_q, in_flight, past_re_q;
  logic [RecWidth-1:0]  past_record_q;
  assign fields = {pairs_i, array_rows_i, in_height_i, in_width_i, stride_i, row_step_i, group_rows_i, out_height_i, out_width_i,
                   row_offset_i, first_record_i};
  assign in_flight = walk_q || there_q != '0;
  initial {started_q, past_re_q} = '0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {started_q, past_re_q} <= '0;
    else         {started_q, past_re_q} <= {start_i && !flush_i, record_re_o};
  end
  always_ff @(posedge clk_i) {past_fields_q, past_record_q} <= {fields, record_i};
  `MCNN_ASSUME(one_pass, !start_i || !in_flight, "a pass must begin when the last one has ended")
  `MCNN_ASSUME(fields_stay, !in_flight || started_q || fields == past_fields_q, "the fields of a pass must stay")
  `MCNN_ASSUME(first_record_stays, !started_q || first_record_i == past_fields_q[RecBits-1:0], "the first record must stay")
  // Of a layer row that the chip does not have two clocks pass before the flush.
  logic good;
  assign good = 32'(in_height_i) - 1 < MaxDim && 32'(in_width_i) - 1 < MaxDim && 32'(out_height_i) - 1 < MaxDim &&
                32'(out_width_i) - 1 < MaxDim && group_rows_i != '0;
  `MCNN_ASSUME(map_exists, there_q[2:1] == '0 || good, "a map must be one that the chip has")
  `MCNN_ASSUME(record_stays, !walk_q || past_re_q || record_i == past_record_q, "a record must stay until the next one is read")

  // ------------------------------------------------------------------------------------- what is on its way: stages B, C, D
  localparam int unsigned TagBits = 2 + 2 + 2 + 5 + NumPe + NumPe * (LineBits + LaneBits) + 4;
  logic [TagBits-1:0]          tag, tag_b_q, tag_c_q, tag_d_q;
  logic signed [CoordBits-1:0] asked_x_q, asked_y_q;
  logic [15:0]                 asked_base_q;
  logic [NumPe-1:0]            asked_active_q;
  logic [NumPe*4-1:0]          asked_lane_q;
  logic [3:0]                  asked_windows_q;
  logic [1:0]                  asked_rows_q;
  logic [NumPe*LineBits-1:0]   lines;
  logic [NumPe*LaneBits-1:0]   lanes;
  logic [NumPe-1:0]            active;
  always_comb begin
    for (int unsigned p = 0; p < NumPe; p++) begin
      active[p]                    = record_i[64+p*16+15];
      lines[p*LineBits+:LineBits]  = record_i[64+p*16+:LineBits];
      lanes[p*LaneBits+:LaneBits]  = record_i[64+p*16+8+:LaneBits];
    end
  end
  assign tag = {at_column, record_i[7:6], at_column_q == '0, slides, at_step_q, record_over && last_step, at_first_q, last_pass, walk_over,
                active, lines, lanes, record_i[27:24]};
  initial there_q = '0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)      there_q <= '0;
    else if (flush_i) there_q <= '0;
    else if (ready_i) there_q <= {there_q[1:0], walk_q};
  end
  always_ff @(posedge clk_i) begin
    if (asks) begin
      tag_b_q     <= tag;
      asked_x_q       <= at_in_x_q + CoordBits'(signed'(record_i[15:8])) + CoordBits'({1'b0, at_column});
      asked_y_q       <= at_in_y_q + CoordBits'(signed'(record_i[23:16]));
      asked_base_q      <= record_i[47:32];
      asked_active_q  <= active;
      asked_windows_q <= record_i[27:24];
      asked_rows_q    <= record_i[7:6];
      for (int unsigned p = 0; p < NumPe; p++) asked_lane_q[p*4+:4] <= record_i[64+p*16+8+:4];
    end
    if (ready_i && there_q[0]) tag_c_q <= tag_b_q;
    if (ready_i && there_q[1]) tag_d_q <= tag_c_q;
  end
  `MCNN_ASSERT(every_column, valid_o == (there_q[2] && ready_i), "every column that was asked for must come, and no other")
  `MCNN_ASSERT(columns_in_order, !there_q[2] || tag_d_q == {column_o, rows_o, first_o, slide_o, step_begin_o, step_end_o, pass_first_o, pass_last_o,
               walk_last_o, active_o, line_o, lane_o, windows_o}, "the columns must come in their order, each with what its record says")
  `MCNN_ASSERT(one_record_a_time, !record_re_o || start_i || (asks && record_over && !walk_over && record_addr_o != at_record_q),
               "a record must be read when the one before it is over")
  `MCNN_ASSERT(records_in_order, !record_re_o || record_addr_o == (start_i || last_pass ? first_record_i : at_record_q + RecBits'(1)),
               "the records must be read in their order")
  `MCNN_ASSERT(next_record, !asks || start_i || !record_over || walk_over || record_re_o || (last_pass ? first_record_i : at_record_q + RecBits'(1)) == at_record_q,
               "the next record must be read")

  // --------------------------------------------------------------------------------------------------------------- a pixel
  `MCNN_ANY(any_bank, BankBits)
  `MCNN_ANY(any_lane, LaneBits)
  `MCNN_ANY(any_bit, 3)
  logic [31:0] probe_bit;
  assign probe_bit = 32'(any_bit) < ActBits ? 32'(any_bit) : '0;
  // The row of the column that is in the bank: the first of its rows that is not above the column.
  logic signed [CoordBits:0] row, into;  // of the map; of the column
  logic                      in_map, wanted, taken, reads;
  logic [3:0]                lowest;
  logic [31:0]               last;
  logic [ReadBits-1:0]       word;
  logic [AddrBits-1:0]       asked_addr;
  always_comb begin
    into = {(CoordBits + 1 - BankBits)'(0), BankBits'(any_bank - asked_y_q[BankBits-1:0])};
    row  = (CoordBits + 1)'(asked_y_q) + into;
    in_map = row >= 0 && row < signed'((CoordBits + 1)'(in_height_i)) && asked_x_q >= 0 && (CoordBits + 1)'(asked_x_q) < signed'((CoordBits + 1)'(in_width_i));
    // The last row that any PE may take.
    lowest = '0;
    for (int unsigned p = 0; p < NumPe; p++)
      if (row_offset_i[p*4+:4] > lowest) lowest = row_offset_i[p*4+:4];
    last = 32'(lowest) + 32'(asked_rows_q);
    for (int unsigned k = 0; k < 15; k++)
      if (k < 32'(array_rows_i)) last = last + 32'(stride_i);
    wanted = 32'(unsigned'(into)) <= last;
    // A PE takes the channel: it is that of one of its windows.
    taken = 1'b0;
    for (int unsigned p = 0; p < NumPe; p++)
      if (asked_active_q[p] && (32'(asked_lane_q[p*4+:4]) == 32'(any_lane) || (array_rows_i == '0 && 32'(any_lane) >= 32'(asked_lane_q[p*4+:4]) &&
          32'(any_lane) <= 32'(asked_lane_q[p*4+:4]) + 32'(asked_windows_q)))) taken = 1'b1;
    // Word 0 of a bank has its row in the first octet, and so on.
    word = ReadBits'(asked_base_q[AddrBits-1:0]) + ReadBits'(unsigned'(asked_x_q));
    for (int unsigned k = 1; k <= MaxDim / RowBanks; k++)
      if (row >= signed'((CoordBits + 1)'(k * RowBanks))) word = word + ReadBits'(in_width_i);
    reads = 1'b0;
    asked_addr = '0;
    for (int unsigned b = 0; b < RowBanks; b++)
      for (int unsigned l = 0; l < Lanes; l++)
        if (32'(any_bank) == b && 32'(any_lane) == l) begin
          reads      = fetch_re_o[b*Lanes+l];
          asked_addr = fetch_addr_o[b*AddrBits+:AddrBits];
        end
  end
  logic lane_there;
  assign lane_there = 32'(any_lane) < Lanes;
  `MCNN_ASSERT(reads_what_is_taken, !good || !lane_there || reads == (there_q[0] && ready_i && in_map && wanted && taken),
               "a pixel must be read when it is in the map and a PE may take it, and no other")
  `MCNN_ASSERT(reads_its_word, !good || !lane_there || !reads || asked_addr == word[AddrBits-1:0], "a pixel must be read at its word")
  logic beyond_q;
  initial beyond_q = 1'b0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) beyond_q <= 1'b0;
    else         beyond_q <= good && there_q[0] && ready_i && in_map && |(word >> AddrBits);
  end
  `MCNN_ASSERT(tells_beyond, !beyond_q || error_o, "a word beyond the memory must be told of")

  logic pixel, past_pixel_q, pixel_read_q, plane;
  always_comb begin
    pixel = 1'b0;
    plane = 1'b0;
    for (int unsigned b = 0; b < RowBanks; b++)
      for (int unsigned l = 0; l < Lanes; l++)
        for (int unsigned k = 0; k < ActBits; k++)
          if (32'(any_bank) == b && 32'(any_lane) == l && probe_bit == k) begin
            pixel = fetch_data_i[(b*Lanes+l)*ActBits+k];
            plane = planes_o[(l*ActBits+k)*RowBanks+b];
          end
  end
  logic c_read_q, c_pixel_q, c_taken_q, d_pixel_q, d_taken_q;
  initial pixel_read_q = 1'b0;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) pixel_read_q <= 1'b0;
    else         pixel_read_q <= reads;
  end
  always_ff @(posedge clk_i) begin
    past_pixel_q <= pixel;
    if (ready_i && there_q[0]) begin
      c_read_q  <= reads;
      c_taken_q <= taken;
    end
    if (pixel_read_q) c_pixel_q <= pixel;
    if (ready_i && there_q[1]) begin
      d_pixel_q <= c_read_q && (pixel_read_q ? pixel : c_pixel_q);
      d_taken_q <= c_taken_q;
    end
  end
  `MCNN_ASSUME(pixels_stay, pixel_read_q || !(there_q[1] && c_read_q) || pixel == past_pixel_q, "a pixel must stay at the memory's output until the next one is read")
  `MCNN_ASSERT(pixels_as_read, !lane_there || !there_q[2] || !d_taken_q || plane == d_pixel_q, "a pixel must come as it was read, one that was not read as 0")

  // Inside: the cursor is there.
  `MCNN_ASSERT(cursor, busy_q == walk_q && {d_valid_q, c_valid_q, b_valid_q} == there_q && (!walk_q || (record_q == at_record_q &&
               column_q == at_column_q && x_q == at_x_q && y_q == at_y_q && in_x_q == at_in_x_q && in_y_q == at_in_y_q &&
               single_q == at_single_q && step_begin_q == at_step_q && pass_first_q == at_first_q)), "the cursor")

  logic [NumPe*LineBits-1:0] b_lines;
  logic [NumPe*LaneBits-1:0] b_lanes;
  always_comb begin
    for (int unsigned p = 0; p < NumPe; p++) begin
      b_lines[p*LineBits+:LineBits] = b_line_q[p*8+:LineBits];
      b_lanes[p*LaneBits+:LaneBits] = b_lane_q[p*4+:LaneBits];
    end
  end
  logic inside_reads, inside_taken;
  always_comb begin
    inside_reads = 1'b0;
    inside_taken = 1'b0;
    for (int unsigned l = 0; l < Lanes; l++)
      if (32'(any_lane) == l) inside_taken = c_lane_read_q[l];
    for (int unsigned b = 0; b < RowBanks; b++)
      for (int unsigned l = 0; l < Lanes; l++)
        if (32'(any_bank) == b && 32'(any_lane) == l) inside_reads = c_row_read_q[b] && c_lane_read_q[l];
  end
  `MCNN_ASSERT(stage_b, !there_q[0] || (lowest_q == lowest && b_x_q == asked_x_q && b_y_q == asked_y_q && b_base_q == asked_base_q && b_rows_q == asked_rows_q &&
               b_active_q == asked_active_q && b_lane_q == asked_lane_q && b_windows_q == asked_windows_q &&
               tag_b_q == {b_column_q, b_rows_q, b_first_q, b_slide_q, b_step_begin_q, b_step_end_q, b_pass_first_q, b_pass_last_q, b_walk_last_q,
                           b_active_q, b_lines, b_lanes, b_windows_q}), "stage B")
  `MCNN_ASSERT(stage_c, !there_q[1] || tag_c_q == {c_column_q, c_rows_q, c_first_q, c_slide_q, c_step_begin_q, c_step_end_q, c_pass_first_q, c_pass_last_q,
               c_walk_last_q, c_active_q, c_line_q, c_lane_q, c_windows_q}, "stage C")
  `MCNN_ASSERT(stage_c_reads, !there_q[1] || !lane_there || (inside_taken == c_taken_q && inside_reads == c_read_q && (!c_read_q || pixel_read_q || pixel == c_pixel_q)),
               "what is read in stage C")

  `MCNN_COVER(slid, there_q[2] && slide_o && step_end_o && walk_last_o, "a window that slides and is the last")
  `MCNN_COVER(two_octets, lane_there && reads && row >= signed'((CoordBits + 1)'(RowBanks)) && asked_y_q < signed'(CoordBits'(RowBanks)), "rows of two octets in a column")
  `MCNN_COVER(held_up, valid_o && pass_last_o && !pass_first_o && at_y_q != '0, "a pass of two steps, in its second row group")

endmodule

`ifndef FORMAL
bind mcnn_window_fetch window_fetch_properties #(
  .NumPe(NumPe), .NumSl(NumSl), .Windows(Windows), .Lanes(Lanes), .ActBits(ActBits), .RowBanks(RowBanks), .BankDepth(BankDepth),
  .MaxDim(MaxDim), .NumRecords(NumRecords)
) u_properties (.*);
`endif
