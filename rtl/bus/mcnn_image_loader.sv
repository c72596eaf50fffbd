// SPDX-License-Identifier: Apache-2.0
// Image loader: writes the AXI4-Stream image into the feature-map buffer that loads, while another image is computed. A beat is a
// column of LoadRows neighbouring rows of one channel, the lowest row in the lowest bits: they lie in neighbouring banks at one
// address, so a clock writes them all. An image of the wrong length is dropped up to its TLAST and reported.
//
//   LoadRows 2, a map of 3 x 2:   beat 0      beat 1      beat 2      beat 3
//                                 (0,0)       (0,1)       (2,0)       (2,1)     row 0, 2: s_axis_tdata_i[ActBits-1:0]
//                                 (1,0)       (1,1)        -           -        row 1, -: beyond the map, not written
//
//           last beat, TLAST                        take, flush
//   Load ------------------------------> Ready ------------------> Load
//     |  flush within an image         too many beats
//     +-----------------------> Rest -----------------+
//     |  last beat, no TLAST     |                    v
//     +--------------------------|-----------------> Drop      Rest, Drop: back to Load with TLAST
//
// A stream does not say where an image begins. After a flush the source may go on with the image that it is sending: its rest is
// taken and dropped. Beats are still counted, so that a source that sends another image instead is noticed (long_o). Or the
// source has been stopped, and the host says so: with restart_i the next beat is a first one.
module mcnn_image_loader #(
  parameter  int unsigned ActBits   = 8,
  parameter  int unsigned Lanes     = 2,
  parameter  int unsigned RowBanks  = 8,
  parameter  int unsigned BankDepth = 256,
  parameter  int unsigned LoadRows  = 1,    // rows of a beat
  localparam int unsigned AddrBits  = $clog2(BankDepth),
  localparam int unsigned BankBits  = $clog2(RowBanks),
  localparam int unsigned LaneBits  = $clog2(Lanes)
) (
  input logic clk_i,
  input logic rst_ni,

  // run
  input  logic        enable_i,  // images are wanted
  input  logic        flush_i,   // drop what is loaded or loading
  input  logic        restart_i, // an image that has begun will not be continued: forget it; a whole one stays
  input  logic        take_i,    // the loaded image is taken: the next one may come
  output logic        ready_o,   // an image is loaded
  output logic        drop_o,    // beats are dropped up to TLAST
  input  logic [7:0]  height_i,
  input  logic [7:0]  width_i,
  input  logic [15:0] channels_i,
  input  logic [15:0] pitch_i,   // words from channel c to channel c + Lanes

  // image stream
  input  logic [LoadRows*ActBits-1:0] s_axis_tdata_i,
  input  logic                        s_axis_tvalid_i,
  output logic                        s_axis_tready_o,
  input  logic                        s_axis_tlast_i,

  // feature-map memory
  output logic [LoadRows-1:0]         we_o,    // of each row: one beyond the map is not written
  output logic [LaneBits-1:0]         lane_o,
  output logic [BankBits-1:0]         bank_o,  // of the first row, a multiple of LoadRows
  output logic [AddrBits-1:0]         addr_o,
  output logic [LoadRows*ActBits-1:0] data_o,

  output logic short_o,   // one clock: TLAST too early
  output logic long_o,    // one clock: no TLAST on the last beat
  output logic beyond_o   // one clock: the image does not fit the memory
);

  typedef enum logic [1:0] {
    Load,
    Rest,   // what is left of an image that was flushed, up to TLAST
    Drop,   // an image that is too long, up to TLAST
    Ready
  } state_e;
  state_e state_q;

  localparam logic [7:0] RowMask = 8'(LoadRows - 1);  // rows of a beat behind the first one

  logic [7:0]  x_q, y_q;  // of the first row
  logic [7:0]  rows;      // rows that beats have, those beyond the map too
  logic [15:0] channel_q, channel_base_q, row_base_q;
  logic        within_q;  // beats of an image have been taken
  logic        taken, x_end, y_end, image_end, whole, word_end, bank_end;
  logic [15:0] addr;
  logic [LoadRows-1:0] there;  // rows of the beat that the map has

  assign drop_o          = state_q == Rest || state_q == Drop;
  assign s_axis_tready_o = (state_q == Load && enable_i) || drop_o;
  assign taken           = s_axis_tvalid_i && s_axis_tready_o;
  assign x_end           = x_q + 8'd1 == width_i;
  assign rows            = (height_i + RowMask) & ~RowMask;
  assign y_end           = y_q + 8'(LoadRows) == rows;
  assign image_end       = x_end && y_end && channel_q + 16'd1 == channels_i;
  assign whole           = state_q == Load && taken && image_end && s_axis_tlast_i;
  assign word_end        = &channel_q[LaneBits-1:0];
  assign bank_end        = &(y_q[BankBits-1:0] | RowMask[BankBits-1:0]);
  assign addr            = row_base_q + 16'(x_q);
  assign ready_o         = state_q == Ready;
  assign there[0]        = 1'b1;
  for (genvar r = 1; r < LoadRows; r++) begin : gen_there
    assign there[r] = (y_q | 8'(r)) < height_i;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q  <= Load;
      short_o  <= 1'b0;
      long_o   <= 1'b0;
      beyond_o <= 1'b0;
      within_q <= 1'b0;
    end else begin
      short_o  <= state_q == Load && taken && s_axis_tlast_i && !image_end;
      long_o   <= (state_q == Load || state_q == Rest) && taken && !s_axis_tlast_i && image_end;
      beyond_o <= state_q == Load && taken && |(addr >> AddrBits);
      if (restart_i)  within_q <= 1'b0;
      else if (taken) within_q <= !s_axis_tlast_i;
      unique case (state_q)
        Load: begin
          if (whole)                                                state_q <= flush_i ? Load : Ready;
          else if (taken && image_end)                              state_q <= Drop;
          else if (flush_i && (taken ? !s_axis_tlast_i : within_q)) state_q <= Rest;
        end
        Rest: if (taken && (s_axis_tlast_i || image_end)) state_q <= s_axis_tlast_i ? Load : Drop;
        Drop: if (taken && s_axis_tlast_i) state_q <= Load;
        Ready: if (take_i || flush_i) state_q <= Load;
        default: state_q <= Load;
      endcase
      if (restart_i && state_q != Ready && !whole) state_q <= Load;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      x_q            <= '0;
      y_q            <= '0;
      channel_q      <= '0;
      channel_base_q <= '0;
      row_base_q     <= '0;
    end else if (restart_i || state_q == Drop || state_q == Ready || (taken && s_axis_tlast_i)) begin
      x_q            <= '0;
      y_q            <= '0;
      channel_q      <= '0;
      channel_base_q <= '0;
      row_base_q     <= '0;
    end else if (taken) begin
      x_q <= x_end ? 8'd0 : x_q + 8'd1;
      if (x_end) begin
        y_q <= y_end ? 8'd0 : y_q + 8'(LoadRows);
        if (y_end) begin
          channel_q <= channel_q + 16'd1;
          // The channels of a word have the same addresses, in different lanes.
          if (word_end) channel_base_q <= channel_base_q + pitch_i;
          row_base_q <= word_end ? channel_base_q + pitch_i : channel_base_q;
        end else if (bank_end) begin
          row_base_q <= row_base_q + 16'(width_i);
        end
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) we_o <= '0;
    else         we_o <= state_q == Load && taken ? there : '0;
  end
  always_ff @(posedge clk_i) begin
    if (taken) begin
      lane_o <= channel_q[LaneBits-1:0];
      bank_o <= y_q[BankBits-1:0];
      addr_o <= addr[AddrBits-1:0];
      data_o <= s_axis_tdata_i;
    end
  end

  if (LoadRows != 1 && LoadRows != 2 && LoadRows != 4 && LoadRows != 8) $error("LoadRows must be 1, 2, 4 or 8");
  if (LoadRows > RowBanks) $error("LoadRows must be at most RowBanks: a clock writes a row into each bank");

endmodule
