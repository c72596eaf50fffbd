// SPDX-License-Identifier: Apache-2.0
// Window fetch: walks the output positions of a pass (row groups, columns) and at each position the step records, and
// reads one column of up to RowBanks input rows of up to Lanes channels a clock. The same column serves every PE of the record:
// PEs take the channels that they name, and those of other replicas other rows. What no PE takes is not read.
//
// Sliding windows: in a pass of one step a position and stride 1, only the last column of a window is fetched behind the
// first position of a row; the others are those of the position before, and the PEs shift the window that they drive.
// A record that follows itself is not read again.
//
//   stage A  record and cursor -> input row and column of the fetched column
//   stage B  memory addresses (at most two: the rows of a column lie in two neighbouring octets of RowBanks rows)
//   stage C  memory data, rows and columns outside the map replaced by 0
//   stage D  the column, bit plane by bit plane, with what the PEs need to take it
//
// Latency 4 clocks from `start_i` + 1 to the first column in stage D, one column a clock. The pipeline holds as it is
// while `ready_i` is low.
module mcnn_window_fetch #(
  parameter  int unsigned NumPe      = 8,
  parameter  int unsigned NumSl      = 128,  // source lines of a PE
  parameter  int unsigned Windows    = 1,    // windows of a PE
  parameter  int unsigned Lanes      = 2,    // channels of a word
  parameter  int unsigned ActBits    = 8,    // bits of a pixel
  parameter  int unsigned RowBanks   = 8,    // rows of a column
  parameter  int unsigned BankDepth  = 256,  // words of a bank
  parameter  int unsigned MaxDim     = 32,   // rows or columns of a map
  parameter  int unsigned NumRecords = 128,  // step records
  localparam int unsigned AddrBits   = $clog2(BankDepth),
  localparam int unsigned BankBits   = $clog2(RowBanks),
  localparam int unsigned DimBits    = $clog2(MaxDim + 1),
  localparam int unsigned CoordBits  = DimBits + 3,  // signed coordinates, with offsets
  localparam int unsigned RecBits    = $clog2(NumRecords),
  localparam int unsigned LaneBits   = $clog2(Lanes),
  localparam int unsigned RecWidth   = 32 * (2 + (NumPe + 1) / 2),
  localparam int unsigned LineBits   = $clog2(NumSl / 4)
) (
  input logic clk_i,
  input logic rst_ni,

  // a pass
  input logic               start_i,         // one clock; the layer fields below are valid from the next clock on
  input logic               flush_i,         // forget everything
  input logic [RecBits-1:0] first_record_i,  // valid with start_i and after it
  input logic [5:0]         pairs_i,
  input logic [3:0]         array_rows_i,    // ARRAY_ROWS - 1
  input logic [7:0]         in_height_i,
  input logic [7:0]         in_width_i,
  input logic [2:0]         stride_i,
  input logic [6:0]         row_step_i,
  input logic [3:0]         group_rows_i,
  input logic [7:0]         out_height_i,
  input logic [7:0]         out_width_i,
  input logic [NumPe*4-1:0] row_offset_i,    // ROW_OFFSET of each PE

  // step records
  output logic                record_re_o,
  output logic [RecBits-1:0]  record_addr_o,
  input  logic [RecWidth-1:0] record_i,

  // feature-map memory
  output logic [RowBanks*Lanes-1:0]         fetch_re_o,      // pixels that are read, [bank][lane]
  output logic [RowBanks*AddrBits-1:0]      fetch_addr_o,
  input  logic [RowBanks*Lanes*ActBits-1:0] fetch_data_i,  // [bank][lane]

  // a column for the PEs
  input  logic                              ready_i,       // the windows of the step can be loaded
  output logic                              valid_o,       // a column, taken in this clock
  output logic [Lanes*ActBits*RowBanks-1:0] planes_o,      // bit b of bank r of lane l at [(l*ActBits + b)*RowBanks + r]
  output logic [NumPe*BankBits-1:0]         first_bank_o,  // bank of row 0 of window 0, for each PE
  output logic [NumPe-1:0]                  active_o,      // PEs of the record
  output logic [NumPe*LineBits-1:0]         line_o,        // their first source line, divided by 4
  output logic [NumPe*LaneBits-1:0]         lane_o,        // their channel of the word, that of window 0
  output logic [3:0]                        windows_o,     // windows of each - 1
  output logic [Windows*BankBits-1:0]       row_shift_o,   // rows from window 0 to each window; constant during a pass
  output logic [1:0]                        column_o,      // window column
  output logic                        first_o,         // first column of a record
  output logic                        slide_o,         // with it: the other columns are those of the window before
  output logic [1:0]                  rows_o,          // window rows - 1
  output logic                        step_begin_o,    // first column of a step
  output logic                        step_end_o,      // last column of a step
  output logic                        pass_first_o,    // the step is the first of a pass (with step_end_o)
  output logic                        pass_last_o,     // the step is the last of a pass (with step_end_o)
  output logic                        walk_last_o,     // the step is the last of all (with step_end_o)

  output logic error_o                                 // one clock: a record that the chip cannot serve
);

  // ---------------------------------------------------------------------------------------------- stage A: cursor
  logic ce;
  assign ce = ready_i;

  logic                        busy_q;        // the record at the memory's output is to be fetched
  logic [RecBits-1:0]          record_q;      // its number
  logic [1:0]                  column_q;      // columns of the record that have been fetched
  logic                        single_q;      // a position is one step
  logic                        step_begin_q, pass_first_q;
  logic [7:0]                  x_q, y_q;      // output position
  logic signed [CoordBits-1:0] in_x_q, in_y_q;  // STRIDE * position

  logic                        rec_last_step, rec_last_pass;
  logic [1:0]                  rec_columns, rec_rows;
  logic signed [7:0]           rec_dx, rec_dy;
  assign rec_last_step = record_i[0];
  assign rec_last_pass = record_i[1];
  assign rec_columns   = record_i[5:4];
  assign rec_rows      = record_i[7:6];
  assign rec_dx        = record_i[15:8];
  assign rec_dy        = record_i[23:16];

  logic       slides;
  logic [1:0] column;
  assign slides = single_q && x_q != 0 && stride_i == 3'd1;
  assign column = slides ? rec_columns : column_q;

  logic               record_end, position_end, row_end, walk_end;
  logic [8:0]         y_next;
  logic [RecBits-1:0] record_next;
  assign record_end   = column == rec_columns;
  assign position_end = record_end && rec_last_pass;
  assign row_end      = 9'(x_q) + 9'd1 == 9'(out_width_i);
  assign y_next       = 9'(y_q) + 9'(group_rows_i);
  assign walk_end     = position_end && row_end && y_next >= 9'(out_height_i);
  assign record_next  = rec_last_pass ? first_record_i : record_q + 1'b1;

  assign record_re_o   = start_i || (ce && busy_q && record_end && !walk_end && record_next != record_q);
  assign record_addr_o = start_i ? first_record_i : record_next;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
    end else if (flush_i) begin
      busy_q <= 1'b0;
    end else if (start_i) begin
      busy_q <= 1'b1;
    end else if (ce && busy_q && walk_end) begin
      busy_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      record_q     <= first_record_i;
      column_q     <= '0;
      step_begin_q <= 1'b1;
      pass_first_q <= 1'b1;
      single_q     <= 1'b0;
      x_q          <= '0;
      y_q          <= '0;
      in_x_q       <= '0;
      in_y_q       <= '0;
    end else if (ce && busy_q) begin
      column_q     <= record_end ? 2'd0 : column_q + 2'd1;
      step_begin_q <= record_end && rec_last_step;
      if (record_end) begin
        record_q <= record_next;
        if (rec_last_step) pass_first_q <= rec_last_pass;
      end
      if (position_end) begin
        single_q <= pass_first_q;
        x_q    <= row_end ? 8'd0 : x_q + 8'd1;
        in_x_q <= row_end ? '0 : in_x_q + CoordBits'(stride_i);
        if (row_end) begin
          y_q    <= y_next[7:0];
          in_y_q <= in_y_q + CoordBits'(row_step_i);
        end
      end
    end
  end

  // ------------------------------------------------------------------------------------------- stage B: addresses
  logic                        b_valid_q, b_first_record_q;
  logic signed [CoordBits-1:0] b_x_q, b_y_q;
  logic [15:0]                 b_base_q;
  logic [1:0]                  b_column_q, b_rows_q;
  logic                        b_first_q, b_slide_q;
  logic                        b_step_begin_q, b_step_end_q, b_pass_first_q, b_pass_last_q, b_walk_last_q;
  logic [NumPe-1:0]            b_active_q;
  logic [NumPe*8-1:0]          b_line_q;
  logic [NumPe*4-1:0]          b_lane_q;
  logic [3:0]                  b_windows_q;
  logic                        b_bad_order_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      b_valid_q <= 1'b0;
    end else if (flush_i) begin
      b_valid_q <= 1'b0;
    end else if (ce) begin
      b_valid_q <= busy_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (ce && busy_q) begin
      b_x_q            <= in_x_q + CoordBits'(rec_dx) + CoordBits'({1'b0, column});
      b_y_q            <= in_y_q + CoordBits'(rec_dy);
      b_windows_q      <= record_i[27:24];
      b_base_q         <= record_i[47:32];
      b_column_q       <= column;
      b_first_q        <= column_q == 0;
      b_slide_q        <= slides;
      b_rows_q         <= rec_rows;
      b_step_begin_q   <= step_begin_q;
      b_step_end_q     <= record_end && rec_last_step;
      b_pass_first_q   <= pass_first_q;
      b_pass_last_q    <= rec_last_pass;
      b_walk_last_q    <= walk_end;
      b_first_record_q <= x_q == 0 && y_q == 0 && column_q == 0;
      b_bad_order_q    <= (rec_last_pass && !rec_last_step) ||
                          (!rec_last_pass && 32'(record_q) == NumRecords - 1);
      for (int unsigned p = 0; p < NumPe; p++) begin
        b_active_q[p]    <= record_i[64+p*16+15];
        b_line_q[p*8+:8] <= record_i[64+p*16+:8];
        b_lane_q[p*4+:4] <= record_i[64+p*16+8+:4];
      end
    end
  end

  // The rows of the column are b_y_q .. b_y_q + RowBanks - 1: banks at or above `split` hold rows of octet `octet`, those
  // below it rows of the next one.
  localparam int unsigned OctetBits  = CoordBits - BankBits;
  localparam int unsigned NumOctets  = (MaxDim + RowBanks - 1) / RowBanks;
  localparam int unsigned OffsetBits = AddrBits + 2;

  // width * octet for a constant octet: a few additions, no multiplier.
  function automatic logic [OffsetBits-1:0] octet_offset(input logic [7:0] width, input int unsigned octet);
    octet_offset = '0;
    for (int unsigned k = 0; k < 8; k++) begin
      if (octet[k]) octet_offset = octet_offset + (OffsetBits'(width) << k);
    end
  endfunction

  logic [OffsetBits-1:0] octet_base_q[NumOctets];
  for (genvar o = 0; o < NumOctets; o++) begin : gen_octet_base
    always_ff @(posedge clk_i) octet_base_q[o] <= octet_offset(in_width_i, o);
  end

  logic signed [OctetBits-1:0] octet, octet_above;
  logic        [BankBits-1:0]  split;
  logic                         column_in;
  logic        [OffsetBits-1:0] offset_low, offset_high, addr_low, addr_high;
  assign octet          = b_y_q[CoordBits-1:BankBits];
  assign octet_above    = octet + 1'b1;
  assign split          = b_y_q[BankBits-1:0];
  assign column_in      = !b_x_q[CoordBits-1] && unsigned'(b_x_q) < CoordBits'(in_width_i);
  always_comb begin
    offset_low  = '0;
    offset_high = '0;
    for (int unsigned o = 0; o < NumOctets; o++) begin
      if (octet == OctetBits'(o)) offset_low = octet_base_q[o];
      if (octet_above == OctetBits'(o)) offset_high = octet_base_q[o];
    end
  end
  logic [OffsetBits-1:0] column_base;
  assign column_base = OffsetBits'(b_base_q[AddrBits-1:0]) + OffsetBits'(unsigned'(b_x_q));
  assign addr_low    = column_base + offset_low;
  assign addr_high   = column_base + offset_high;

  // Bank b holds row octet*RowBanks + b of the map, or the one RowBanks further down.
  logic [RowBanks-1:0] row_in, low;
  assign low = '1 << split;
  for (genvar b = 0; b < RowBanks; b++) begin : gen_bank
    logic [CoordBits-1:0] row;
    assign row = {low[b] ? octet : octet_above, BankBits'(b)};
    assign row_in[b] = !row[CoordBits-1] && row < CoordBits'(in_height_i);
    assign fetch_addr_o[b*AddrBits+:AddrBits] = low[b] ? addr_low[AddrBits-1:0] : addr_high[AddrBits-1:0];
  end

  // Rows from the first window to the others: STRIDE apart when they belong to output rows, none when they are channels.
  logic [6:0] row_span_q;  // to the last one
  function automatic logic [6:0] times(input logic [2:0] stride, input logic [3:0] count);
    times = '0;
    for (int unsigned k = 0; k < 4; k++) if (count[k]) times = times + (7'(stride) << k);
  endfunction
  always_ff @(posedge clk_i) begin
    row_span_q <= times(stride_i, array_rows_i);
    for (int unsigned w = 0; w < Windows; w++)
      row_shift_o[w*BankBits+:BankBits] <= array_rows_i == '0 ? '0 : BankBits'(times(stride_i, 4'(w)));
  end

  // Rows and channels that are read: of the rows in the map those down to the last that any PE may take, and the channels that
  // a PE of the record takes.
  logic [3:0]          lowest_q;  // row of the column at which the lowest PE's first window begins
  logic [7:0]          last;      // row at which the lowest window ends
  logic [RowBanks-1:0] row_read;
  logic [Lanes-1:0]    lane_read;
  function automatic logic [3:0] largest(input logic [NumPe*4-1:0] row_offset);
    largest = '0;
    for (int unsigned p = 0; p < NumPe; p++)
      if (row_offset[p*4+:4] > largest) largest = row_offset[p*4+:4];
  endfunction
  always_ff @(posedge clk_i) if (!b_valid_q) lowest_q <= largest(row_offset_i);  // the same in all of a pass
  assign last = 8'(lowest_q) + 8'(row_span_q) + 8'(b_rows_q);
  always_comb begin
    row_read   = '0;
    lane_read  = '0;
    fetch_re_o = '0;
    if (ce && b_valid_q) begin
      for (int unsigned b = 0; b < RowBanks; b++)
        row_read[b] = column_in && row_in[b] && 8'({BankBits'(b) - split}) <= last;
      for (int unsigned l = 0; l < Lanes; l++)
        for (int unsigned p = 0; p < NumPe; p++)
          if (b_active_q[p] && (b_lane_q[p*4+:4] == 4'(l) || (array_rows_i == '0 && b_lane_q[p*4+:4] <= 4'(l) &&
              5'(b_lane_q[p*4+:4]) + 5'(b_windows_q) >= 5'(l))))
            lane_read[l] = 1'b1;
      for (int unsigned b = 0; b < RowBanks; b++)
        if (row_read[b]) fetch_re_o[b*Lanes+:Lanes] = lane_read;
    end
  end

  // What a record may not ask for. The record itself is checked at the first position only: it is the same at all of them.
  logic [RowBanks-1:0] beyond;  // the row is in the map, its word is not in the memory
  assign beyond = row_in & ((low & {RowBanks{|(addr_low >> AddrBits)}}) | (~low & {RowBanks{|(addr_high >> AddrBits)}}));

  logic [NumPe-1:0] bad_pe;
  logic             bad_windows;
  assign bad_windows = 32'(b_windows_q) >= Windows || (array_rows_i != '0 && b_windows_q != array_rows_i);
  for (genvar p = 0; p < NumPe; p++) begin : gen_bad
    logic [3:0] lane;
    logic       bad_lane;
    assign lane      = b_lane_q[p*4+:4];
    assign bad_lane  = 32'(lane) >= Lanes ||
                       (array_rows_i == '0 && b_windows_q != '0 &&
                        ((32'(lane) & (Windows - 1)) != 0 || 32'(lane) + 32'(b_windows_q) >= Lanes));
    assign bad_pe[p] = b_active_q[p] && (bad_lane ||
                                         8'(row_offset_i[p*4+:4]) + 8'(row_span_q) + 8'(b_rows_q) + 8'd1 > 8'(RowBanks) ||
                                         32'({b_line_q[p*8+:8], 2'b00}) + 32'({pairs_i, 1'b0}) > NumSl);
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      error_o <= 1'b0;
    end else begin
      error_o <= ce && b_valid_q && column_in && |beyond;
      if (ce && b_valid_q && b_first_record_q && (b_bad_order_q || |(b_base_q >> AddrBits) || bad_windows || |bad_pe)) error_o <= 1'b1;
    end
  end

  // ------------------------------------------------------------------------------------------------ stage C: data
  logic                      c_valid_q;
  logic [RowBanks-1:0]       c_row_read_q;
  logic [Lanes-1:0]          c_lane_read_q;
  logic [NumPe*BankBits-1:0] c_first_bank_q;
  logic [1:0]                c_column_q, c_rows_q;
  logic                      c_first_q, c_slide_q;
  logic                      c_step_begin_q, c_step_end_q, c_pass_first_q, c_pass_last_q, c_walk_last_q;
  logic [NumPe-1:0]          c_active_q;
  logic [NumPe*LineBits-1:0] c_line_q;
  logic [NumPe*LaneBits-1:0] c_lane_q;
  logic [3:0]                c_windows_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      c_valid_q <= 1'b0;
    end else if (flush_i) begin
      c_valid_q <= 1'b0;
    end else if (ce) begin
      c_valid_q <= b_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (ce && b_valid_q) begin
      c_row_read_q   <= row_read;
      c_lane_read_q  <= lane_read;
      c_column_q     <= b_column_q;
      c_first_q      <= b_first_q;
      c_slide_q      <= b_slide_q;
      c_rows_q       <= b_rows_q;
      c_step_begin_q <= b_step_begin_q;
      c_step_end_q   <= b_step_end_q;
      c_pass_first_q <= b_pass_first_q;
      c_pass_last_q  <= b_pass_last_q;
      c_walk_last_q  <= b_walk_last_q;
      c_active_q     <= b_active_q;
      c_windows_q    <= b_windows_q;
      for (int unsigned p = 0; p < NumPe; p++) begin
        c_line_q[p*LineBits+:LineBits]       <= b_line_q[p*8+:LineBits];
        c_lane_q[p*LaneBits+:LaneBits]       <= b_lane_q[p*4+:LaneBits];
        c_first_bank_q[p*BankBits+:BankBits] <= split + BankBits'(row_offset_i[p*4+:4]);
      end
    end
  end

  // --------------------------------------------------------------------------------------------- stage D: to the PEs
  // Channels that no PE takes do not move on.
  logic d_valid_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      d_valid_q <= 1'b0;
    end else if (flush_i) begin
      d_valid_q <= 1'b0;
    end else if (ce) begin
      d_valid_q <= c_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (ce && c_valid_q) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        if (c_lane_read_q[l]) begin
          for (int unsigned b = 0; b < ActBits; b++)
            for (int unsigned r = 0; r < RowBanks; r++)
              planes_o[(l*ActBits+b)*RowBanks+r] <= fetch_data_i[(r*Lanes+l)*ActBits+b] && c_row_read_q[r];
        end
      end
      first_bank_o <= c_first_bank_q;
      active_o     <= c_active_q;
      line_o       <= c_line_q;
      lane_o       <= c_lane_q;
      windows_o    <= c_windows_q;
      column_o     <= c_column_q;
      first_o      <= c_first_q;
      slide_o      <= c_slide_q;
      rows_o       <= c_rows_q;
      step_begin_o <= c_step_begin_q;
      step_end_o   <= c_step_end_q;
      pass_first_o <= c_pass_first_q;
      pass_last_o  <= c_pass_last_q;
      walk_last_o  <= c_walk_last_q;
    end
  end
  assign valid_o = d_valid_q && ce;

  if (NumSl % 4 != 0) $error("NumSl must be a multiple of 4: windows of source lines begin at multiples of 4");

endmodule
