// SPDX-License-Identifier: Apache-2.0
// mcnn_image_loader: every pixel of an image goes to its word and no other byte of a beat does, an image of another length is
// dropped and told, a loaded one waits until it is taken, and after a flush the rest of the image is dropped, whatever the source does (REGISTERS.md, Streams).
`include "formal.svh"

module image_loader_properties #(
  parameter  int unsigned ActBits   = 2,
  parameter  int unsigned Lanes     = 2,
  parameter  int unsigned RowBanks  = 4,
  parameter  int unsigned BankDepth = 16,
  parameter  int unsigned LoadRows  = 1,
  localparam int unsigned AddrBits  = $clog2(BankDepth),
  localparam int unsigned BankBits  = $clog2(RowBanks),
  localparam int unsigned LaneBits  = $clog2(Lanes)
) (
  input logic                clk_i,
  input logic                rst_ni,
  input logic                enable_i,
  input logic                flush_i,
  input logic                restart_i,
  input logic                take_i,
  input logic                ready_o,
  input logic                drop_o,
  input logic [7:0]          height_i,
  input logic [7:0]          width_i,
  input logic [15:0]         channels_i,
  input logic [15:0]         pitch_i,
  input logic [LoadRows*ActBits-1:0] s_axis_tdata_i,
  input logic                s_axis_tvalid_i,
  input logic                s_axis_tready_o,
  input logic                s_axis_tlast_i,
  input logic [LoadRows-1:0] we_o,
  input logic [LaneBits-1:0] lane_o,
  input logic [BankBits-1:0] bank_o,
  input logic [AddrBits-1:0] addr_o,
  input logic [LoadRows*ActBits-1:0] data_o,
  input logic                short_o,
  input logic                long_o,
  input logic                beyond_o,
  // inside
  input logic [7:0]          x_q,
  input logic [7:0]          y_q,
  input logic [15:0]         channel_q,
  input logic [15:0]         channel_base_q,
  input logic [15:0]         row_base_q
);

  logic taken;
  assign taken = s_axis_tvalid_i && s_axis_tready_o;

  // ------------------------------------------------------------------------------------------------------ surroundings
  // The shape stays while an image comes or its rest is due.
  logic [47:0] past_shape_q;
  `ifdef FORMAL
  // Sizes whose products a proof can multiply.
  `MCNN_ASSUME(small, height_i <= 8'(RowBanks + LoadRows) && width_i <= 8'd3 && channels_i <= 16'd3 && pitch_i <= 16'd3, "a small image")
  `endif
  `MCNN_ASSUME(shape_is_there, !s_axis_tready_o || (height_i != '0 && width_i != '0 && channels_i != '0),
               "an image must have a pixel")
  logic begun_q;  // a beat of an image has been taken, TLAST has not
  `MCNN_ASSUME(shape_stays, !(begun_q || drop_o) || past_shape_q == {height_i, width_i, channels_i, pitch_i},
               "the shape must stay while an image comes")
  `MCNN_ASSUME(take_what_is_ready, !take_i || ready_o, "an image must be there when it is taken")

  always_ff @(posedge clk_i) past_shape_q <= {height_i, width_i, channels_i, pitch_i};

  // ---------------------------------------------------------------------------------------------- where the stream is
  // Counted here as the specification counts: beats since the first one of an image. row_q is the first row of the beat.
  logic [15:0] chan_q;
  logic [7:0]  row_q, column_q;
  logic        last;
  logic        last_rows;
  assign last_rows = 9'(row_q) + 9'(LoadRows) >= 9'(height_i);
  assign last      = column_q + 8'd1 == width_i && last_rows && chan_q + 16'd1 == channels_i;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {chan_q, row_q, column_q} <= '0;
      begun_q <= 1'b0;
    end else begin
      if (restart_i) begun_q <= 1'b0;
      else if (taken) begun_q <= !s_axis_tlast_i;
      if (restart_i || (taken && (s_axis_tlast_i || last))) begin
        {chan_q, row_q, column_q} <= '0;
      end else if (taken) begin
        column_q <= column_q + 8'd1 == width_i ? 8'd0 : column_q + 8'd1;
        if (column_q + 8'd1 == width_i) row_q <= last_rows ? 8'd0 : row_q + 8'(LoadRows);
        if (column_q + 8'd1 == width_i && last_rows) chan_q <= chan_q + 16'd1;
      end
    end
  end

  // What became of the image that comes: it is loaded (0), its rest (1) or all up to TLAST (2) is dropped; or one is loaded (3).
  logic [1:0] fate_q, fate;
  always_comb begin
    fate = fate_q;
    if (fate_q == 2'd3) begin
      if (take_i || flush_i) fate = 2'd0;
    end else if (taken && s_axis_tlast_i) begin
      fate = fate_q == 2'd0 && last && !flush_i ? 2'd3 : 2'd0;
    end else if (restart_i) begin
      fate = 2'd0;
    end else if (taken && last) begin
      fate = 2'd2;
    end else if (fate_q == 2'd0 && flush_i && (taken || begun_q)) begin
      fate = 2'd1;
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) fate_q <= 2'd0;
    else         fate_q <= fate;
  end
  `MCNN_ASSERT(ready_when_loaded, ready_o == (fate_q == 2'd3), "an image must be ready from its TLAST on until it is taken")
  `MCNN_ASSERT(drops_what_is_over, drop_o == (fate_q == 2'd1 || fate_q == 2'd2), "beats must be dropped up to TLAST")
  `MCNN_ASSERT(waits_while_loaded, !(ready_o && s_axis_tready_o), "no beat must be taken while a loaded image waits")
  `MCNN_ASSERT(takes_what_is_wanted, s_axis_tready_o == (drop_o || (enable_i && !ready_o)),
               "a beat must be taken at once where it is wanted or dropped")

  // ------------------------------------------------------------------------------------------------------------ errors
  logic [15:0] addr;
  logic        past_short_q, past_long_q, past_beyond_q, past_write_q;
  // Of a row of the channel; the rows of a beat have one word in common.
  function automatic logic [15:0] word_of(input logic [7:0] row);
    word_of = 16'(pitch_i * (chan_q >> LaneBits)) + 16'((16'(row) >> BankBits) * 16'(width_i)) + 16'(column_q);
  endfunction
  assign addr = word_of(row_q);
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {past_short_q, past_long_q, past_beyond_q, past_write_q} <= '0;
    end else begin
      past_short_q  <= fate_q == 2'd0 && taken && s_axis_tlast_i && !last;
      past_long_q   <= fate_q <= 2'd1 && taken && !s_axis_tlast_i && last;
      past_beyond_q <= fate_q == 2'd0 && taken && 32'(addr) >= BankDepth;
      past_write_q  <= fate_q == 2'd0 && taken;
    end
  end
  `MCNN_ASSERT(short_is_told, short_o == past_short_q, "TLAST before the last beat must be told, once")
  `MCNN_ASSERT(long_is_told, long_o == past_long_q, "a last beat without TLAST must be told, once")
  `MCNN_ASSERT(beyond_is_told, beyond_o == past_beyond_q, "a pixel beyond the memory must be told")

  // ------------------------------------------------------------------------------------------------------------ words
  logic [LaneBits-1:0] past_lane_q;
  logic [7:0]          past_row_q;
  logic [LoadRows-1:0] past_there_q;
  logic [AddrBits-1:0] past_addr_q[LoadRows];
  logic [LoadRows*ActBits-1:0] past_data_q;
  always_ff @(posedge clk_i) begin
    past_lane_q <= chan_q[LaneBits-1:0];
    past_row_q  <= row_q;
    past_data_q <= s_axis_tdata_i;
    for (int unsigned r = 0; r < LoadRows; r++) begin
      past_there_q[r] <= row_q + 8'(r) < height_i;
      past_addr_q[r]  <= AddrBits'(word_of(row_q + 8'(r)));
    end
  end
  `MCNN_ASSERT(channel_to_its_lane, we_o == '0 || lane_o == past_lane_q, "a pixel must go to the lane of its channel")
  logic written, to_bank, to_word, as_it_came;  // every row of the beat
  always_comb begin
    {written, to_bank, to_word, as_it_came} = '1;
    for (int unsigned r = 0; r < LoadRows; r++) begin
      if (we_o[r] != (past_write_q && past_there_q[r])) written = 1'b0;
      if (we_o[r] && bank_o + BankBits'(r) != BankBits'(past_row_q + 8'(r))) to_bank = 1'b0;
      if (we_o[r] && addr_o != past_addr_q[r]) to_word = 1'b0;
      if (we_o[r] && data_o[r*ActBits+:ActBits] != past_data_q[r*ActBits+:ActBits]) as_it_came = 1'b0;
    end
  end
  `MCNN_ASSERT(pixels_are_written, written,
               "a pixel must be written when it was taken to be loaded, and only then, and a row beyond the image never")
  `MCNN_ASSERT(pixel_to_its_bank, to_bank, "a pixel must go to the bank of its row")
  `MCNN_ASSERT(pixel_to_its_word, to_word, "a pixel must go to the word of its place")
  `MCNN_ASSERT(pixel_as_it_came, as_it_came, "a pixel must be written as it came")
  `MCNN_ASSERT(banks_of_a_beat, we_o == '0 || 32'(bank_o) % LoadRows == 0, "the rows of a beat must go to neighbouring banks")

  // The module keeps what is multiplied here as sums. With these the rest follows from one clock to the next.
  `MCNN_ASSERT(counts_alike, drop_o || ready_o || (x_q == column_q && y_q == row_q && channel_q == chan_q),
               "the place in the image")
  `MCNN_ASSERT(whole_beats, 32'(row_q) % LoadRows == 0, "a beat begins at a multiple of its rows")
  `MCNN_ASSERT(within_the_image, (column_q == '0 || column_q < width_i) && (row_q == '0 || row_q < height_i) &&
               (chan_q == '0 || chan_q < channels_i), "the place in the image is one")
  `MCNN_ASSERT(channel_alike, drop_o || ready_o || channel_base_q == 16'(pitch_i * (chan_q >> LaneBits)), "the first word of the channel")
  `MCNN_ASSERT(row_alike, drop_o || ready_o || row_base_q == 16'(addr - 16'(column_q)), "the first word of the row")

  `MCNN_COVER(loaded, fate == 2'd3 && fate_q != 2'd3 && chan_q != '0 && row_q != '0 && column_q != '0, "an image is loaded")
  logic past_rest_q;
  always_ff @(posedge clk_i) past_rest_q <= fate_q == 2'd1;
  `MCNN_COVER(rest_is_another, past_rest_q && long_o, "after a flush another image comes than the rest")
  `MCNN_COVER(second_word, we_o != '0 && lane_o == LaneBits'(1) && bank_o == '0 && past_addr_q[0] > AddrBits'(1),
              "an odd channel beyond the first row")
  if (LoadRows > 1) begin : gen_rows
    `MCNN_COVER(part_of_a_beat, we_o[0] && !we_o[LoadRows-1] && past_row_q != '0, "the last rows of an image are fewer than a beat has")
  end

endmodule

`ifndef FORMAL
bind mcnn_image_loader image_loader_properties #(
  .ActBits(ActBits), .Lanes(Lanes), .RowBanks(RowBanks), .BankDepth(BankDepth), .LoadRows(LoadRows)
) u_properties (.*);
`endif
