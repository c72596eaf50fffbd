// SPDX-License-Identifier: Apache-2.0
// Result: keeps the logits of an image, finds the largest, and sends class and logits to the host as one AXI4-Stream packet.
// The logits arrive two a clock, in ascending order; of equal ones the lowest wins. While a packet is being sent the
// logits must not change: the sequencer does not begin a last layer before `busy_o` is low.
module mcnn_result #(
  parameter  int unsigned NumLogits = 64,
  parameter  int unsigned PsumBits  = 24,
  localparam int unsigned PairDepth = NumLogits / 2,
  localparam int unsigned PairBits  = $clog2(PairDepth)
) (
  input logic clk_i,
  input logic rst_ni,

  // logits 2*pair and 2*pair + 1
  input logic                  frame_start_i,  // a new image: forget the largest
  input logic                  valid_i,
  input logic                  odd_i,          // the second one exists
  input logic [PairBits-1:0]   pair_i,
  input logic [2*PsumBits-1:0] logit_i,

  // send
  input  logic       send_i,   // at the earliest in the clock before the last pair arrives
  input  logic [7:0] count_i,  // logits of the packet
  output logic       busy_o,
  output logic       done_o,   // one clock: the packet was taken

  output logic [31:0] m_axis_tdata_o,
  output logic        m_axis_tvalid_o,
  input  logic        m_axis_tready_i,
  output logic        m_axis_tlast_o
);

  // ------------------------------------------------------------------------------------------------------- arg-max
  logic signed [PsumBits-1:0] even, odd, pair_max_q, max_q;
  logic                       pair_valid_q, pair_odd_q, any_q;
  logic [PairBits-1:0]        pair_q;
  logic [PairBits:0]          class_q;
  assign even = logit_i[0+:PsumBits];
  assign odd  = logit_i[PsumBits+:PsumBits];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pair_valid_q <= 1'b0;
      any_q        <= 1'b0;
    end else begin
      pair_valid_q <= valid_i;
      if (frame_start_i)     any_q <= 1'b0;
      else if (pair_valid_q) any_q <= 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      pair_odd_q <= odd_i && odd > even;
      pair_max_q <= (odd_i && odd > even) ? odd : even;
      pair_q     <= pair_i;
    end
    if (pair_valid_q && (!any_q || pair_max_q > max_q)) begin
      max_q   <= pair_max_q;
      class_q <= {pair_q, pair_odd_q};
    end
  end

  // ---------------------------------------------------------------------------------------------------------- send
  typedef enum logic [2:0] {
    Idle,
    Settle0,  // the last logits are on their way
    Settle1,
    Settle2,
    Class,
    Fetch,    // read a pair of logits
    Send
  } state_e;
  state_e state_q;

  logic [7:0]            index_q;
  logic [2*PsumBits-1:0] pair_data;
  logic signed [PsumBits-1:0] logit;
  logic                  last, taken;

  mcnn_ram #(
    .LaneBits(2 * PsumBits),
    .Depth   (PairDepth)
  ) u_logits (
    .clk_i,
    .re_i   (state_q == Fetch),
    .raddr_i(index_q[PairBits:1]),
    .rdata_o(pair_data),
    .we_i   (valid_i),
    .waddr_i(pair_i),
    .wdata_i(logit_i)
  );

  assign logit           = index_q[0] ? pair_data[PsumBits+:PsumBits] : pair_data[0+:PsumBits];
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
          else if (index_q[0]) state_q <= Fetch;  // the even one of the next pair
        end
        default: state_q <= Idle;
      endcase
    end
  end

  if (NumLogits < 4 || NumLogits % 2 != 0 || NumLogits > 254)
    $error("NumLogits must be even and within 4..254");

endmodule
