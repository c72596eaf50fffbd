// SPDX-License-Identifier: Apache-2.0
// Result: keeps the logits of an image, finds the largest, and sends class and logits to the host as one AXI4-Stream packet.
// The logits arrive Lanes a clock, in ascending order; of equal ones the lowest wins. While a packet is being sent the
// logits must not change: the sequencer does not begin a last layer before `busy_o` is low.
module mcnn_result #(
  parameter  int unsigned NumLogits = 64,
  parameter  int unsigned Lanes     = 2,
  parameter  int unsigned PsumBits  = 24,
  localparam int unsigned LaneBits  = $clog2(Lanes),
  localparam int unsigned Depth     = NumLogits / Lanes,
  localparam int unsigned RowBits   = $clog2(Depth)
) (
  input logic clk_i,
  input logic rst_ni,

  // a row: logits Lanes*row and the ones behind it
  input logic                      frame_start_i,  // a new image: forget the largest
  input logic                      valid_i,
  input logic [Lanes-1:0]          there_i,        // those that exist, the first one among them
  input logic [RowBits-1:0]        row_i,
  input logic [Lanes*PsumBits-1:0] logit_i,

  // send
  input  logic       send_i,   // at the earliest in the clock before the last row arrives
  input  logic [7:0] count_i,  // logits of the packet
  output logic       busy_o,
  output logic       done_o,   // one clock: the packet was taken

  output logic [31:0] m_axis_tdata_o,
  output logic        m_axis_tvalid_o,
  input  logic        m_axis_tready_i,
  output logic        m_axis_tlast_o
);

  // ------------------------------------------------------------------------------------------------------- arg-max
  // The largest of a row is chosen by a tree, in place; of neighbours the upper one only when it is larger.
  logic signed [PsumBits-1:0] row_max, row_max_q, max_q;
  logic        [LaneBits-1:0] row_lane, row_lane_q;
  logic signed [PsumBits-1:0] value[Lanes];
  logic        [LaneBits-1:0] lane[Lanes];
  always_comb begin
    for (int unsigned l = 0; l < Lanes; l++) begin
      value[l] = logit_i[l*PsumBits+:PsumBits];
      lane[l]  = LaneBits'(l);
    end
    for (int unsigned step = 1; step < Lanes; step = 2 * step)
      for (int unsigned l = 0; l < Lanes; l = l + 2 * step)
        if (there_i[l+step] && value[l+step] > value[l]) begin
          value[l] = value[l+step];
          lane[l]  = lane[l+step];
        end
    row_max  = value[0];
    row_lane = lane[0];
  end

  logic                        row_valid_q, any_q;
  logic [RowBits-1:0]          row_q;
  logic [RowBits+LaneBits-1:0] class_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      row_valid_q <= 1'b0;
      any_q       <= 1'b0;
    end else begin
      row_valid_q <= valid_i;
      if (frame_start_i)    any_q <= 1'b0;
      else if (row_valid_q) any_q <= 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      row_lane_q <= row_lane;
      row_max_q  <= row_max;
      row_q      <= row_i;
    end
    if (row_valid_q && (!any_q || row_max_q > max_q)) begin
      max_q   <= row_max_q;
      class_q <= {row_q, row_lane_q};
    end
  end

  // ---------------------------------------------------------------------------------------------------------- send
  typedef enum logic [2:0] {
    Idle,
    Settle0,  // the last logits are on their way
    Settle1,
    Settle2,
    Class,
    Fetch,    // read a row of logits
    Send
  } state_e;
  state_e state_q;

  logic [7:0]                index_q;
  logic [Lanes*PsumBits-1:0] row_data;
  logic signed [PsumBits-1:0] logit;
  logic                  last, taken;

  mcnn_ram #(
    .LaneBits(Lanes * PsumBits),
    .Depth   (Depth)
  ) u_logits (
    .clk_i,
    .re_i   (state_q == Fetch),
    .raddr_i(index_q[LaneBits+:RowBits]),
    .rdata_o(row_data),
    .we_i   (valid_i),
    .waddr_i(row_i),
    .wdata_i(logit_i)
  );

  always_comb begin
    logit = '0;
    for (int unsigned l = 0; l < Lanes; l++)
      if (index_q[LaneBits-1:0] == LaneBits'(l)) logit = row_data[l*PsumBits+:PsumBits];
  end
  assign last            = index_q + 8'd1 == count_i;
  assign m_axis_tvalid_o = state_q == Class || state_q == Send;
  assign m_axis_tlast_o  = state_q == Send && last;
  assign m_axis_tdata_o  = state_q == Class ? 32'(class_q) : 32'(logit);
  assign taken           = m_axis_tvalid_o && m_axis_tready_i;
  assign busy_o          = state_q != Idle;
  assign done_o          = taken && m_axis_tlast_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      index_q <= '0;
    end else begin
      unique case (state_q)
        Idle: if (send_i) state_q <= Settle0;
        Settle0: state_q <= Settle1;
        Settle1: state_q <= Settle2;
        Settle2: state_q <= Class;
        Class: if (taken) begin
          state_q <= Fetch;
          index_q <= '0;
        end
        Fetch: state_q <= Send;
        Send: if (taken) begin
          index_q <= index_q + 8'd1;
          if (last)            state_q <= Idle;
          else if (&index_q[LaneBits-1:0]) state_q <= Fetch;  // the first one of the next row
        end
        default: state_q <= Idle;
      endcase
    end
  end

  if (NumLogits < 2 * Lanes || NumLogits % Lanes != 0 || NumLogits > 254)
    $error("NumLogits must be a multiple of Lanes, from 2*Lanes, and at most 254");

endmodule
