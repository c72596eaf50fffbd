// SPDX-License-Identifier: Apache-2.0
// mcnn_result: one packet for every `send_i`, class first, then the logits as they arrived, TLAST on the last; the class is the
// lowest of the largest. AXI4-Stream: what is offered stays until it is taken.
// The logits are looked at one at a time: `probe` is any of them.
`include "formal.svh"

module result_properties #(
  parameter  int unsigned NumLogits = 8,
  parameter  int unsigned Lanes     = 2,
  parameter  int unsigned PsumBits  = 4,
  localparam int unsigned LaneBits  = $clog2(Lanes),
  localparam int unsigned RowBits   = $clog2(NumLogits / Lanes)
) (
  input logic                  clk_i,
  input logic                  rst_ni,
  input logic                  frame_start_i,
  input logic                  valid_i,
  input logic [Lanes-1:0]      there_i,
  input logic [RowBits-1:0]    row_i,
  input logic [Lanes*PsumBits-1:0] logit_i,
  input logic                  send_i,
  input logic [7:0]            count_i,
  input logic                  busy_o,
  input logic                  done_o,
  input logic [31:0]           m_axis_tdata_o,
  input logic                  m_axis_tvalid_o,
  input logic                  m_axis_tready_i,
  input logic                  m_axis_tlast_o
);

  logic taken;
  assign taken = m_axis_tvalid_o && m_axis_tready_i;

  // ------------------------------------------------------------------------------------------------------ surroundings
  logic [7:0] logits_q;   // of this image, up to now
  logic       closed_q;   // no more of it: the last row was not full
  logic       sent_q;     // its packet has been asked for
  logic       past_send_q, past_busy_q;
  logic [7:0] past_count_q;
  logic       image_q;    // there was a frame start
  logic [7:0] logits;     // with those of this clock
  logic [7:0] arrive;
  always_comb begin
    arrive = '0;
    for (int unsigned l = 0; l < Lanes; l++) if (there_i[l]) arrive = arrive + 8'd1;
  end
  assign logits = logits_q + (valid_i ? arrive : 8'd0);
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      logits_q    <= '0;
      closed_q    <= 1'b0;
      sent_q      <= 1'b0;
      image_q     <= 1'b0;
      past_send_q <= 1'b0;
      past_busy_q <= 1'b0;
    end else begin
      logits_q    <= frame_start_i ? '0 : logits;
      closed_q    <= !frame_start_i && (closed_q || (valid_i && !(&there_i)));
      sent_q      <= !frame_start_i && (sent_q || send_i);
      image_q     <= image_q || frame_start_i;
      past_send_q <= send_i;
      past_busy_q <= busy_o;
    end
  end
  always_ff @(posedge clk_i) past_count_q <= count_i;
  `MCNN_ASSUME(pairs_ascend, !valid_i || (image_q && !frame_start_i && !closed_q && 8'(row_i) == logits_q >> LaneBits && there_i[0] &&
               (there_i & (there_i + Lanes'(1))) == '0 &&
               logits <= 8'(NumLogits)), "the logits of an image must arrive row by row, in ascending order")
  `MCNN_ASSUME(logits_stay, !valid_i || (!busy_o && !sent_q) || past_send_q,
               "the logits must not change while a packet is being sent")
  `MCNN_ASSUME(one_packet_an_image, !send_i || (!busy_o && !sent_q && image_q && !frame_start_i),
               "a packet must be asked for once an image, when there is no other")
  `MCNN_ASSUME(all_logits_are_there, !past_send_q || (logits == count_i && count_i != 0),
               "a packet must have the logits that arrived, one or more")
  `MCNN_ASSUME(count_stays, !(past_busy_q && busy_o) || count_i == past_count_q, "the number of logits must stay while a packet is sent")
  `MCNN_ASSUME(frames_do_not_overlap, !past_send_q || !frame_start_i, "an image must not begin while the last one's logits arrive")

  // ------------------------------------------------------------------------------------------------------------ packet
  logic [8:0]  beats_q;  // taken of this packet
  logic [2:0]  gap_q;    // clocks without an offer
  logic        waits_q, past_done_q, past_last_q;
  logic [31:0] past_data_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      beats_q     <= '0;
      gap_q       <= '0;
      waits_q     <= 1'b0;
      past_done_q <= 1'b0;
    end else begin
      beats_q     <= !busy_o || done_o ? '0 : beats_q + 9'(taken);
      gap_q       <= busy_o && !m_axis_tvalid_o ? gap_q + 3'd1 : '0;
      waits_q     <= m_axis_tvalid_o && !m_axis_tready_i;
      past_done_q <= done_o;
    end
  end
  always_ff @(posedge clk_i) begin
    past_data_q <= m_axis_tdata_o;
    past_last_q <= m_axis_tlast_o;
  end
  `MCNN_ASSERT(offer_stays,
               !waits_q || (m_axis_tvalid_o && m_axis_tdata_o == past_data_q && m_axis_tlast_o == past_last_q),
               "a beat of the packet must stay as it is until it is taken")
  `MCNN_ASSERT(no_packet_unasked, !m_axis_tvalid_o || busy_o, "no beat without a packet that was asked for")
  `MCNN_ASSERT(busy_after_send, !past_send_q || busy_o, "a packet that is asked for must be sent")
  `MCNN_ASSERT(busy_means_packet, !busy_o || past_busy_q || past_send_q, "a packet must begin with its request")
  `MCNN_ASSERT(busy_to_the_end, !past_busy_q || busy_o || past_done_q, "a packet must be sent to its end")
  `MCNN_ASSERT(idle_after_done, !past_done_q || !busy_o, "a packet must end with its last beat")
  `MCNN_ASSERT(last_on_the_last, !m_axis_tvalid_o || m_axis_tlast_o == (beats_q == 9'(count_i)),
               "TLAST must be on the last logit, and there alone")
  `MCNN_ASSERT(done_with_the_last, done_o == (taken && m_axis_tlast_o), "done must be told when the last beat is taken")
  `MCNN_ASSERT(offers_in_time, gap_q <= 3'd3, "a packet must go on in bounded time")

  // ------------------------------------------------------------------------------------------------------------- data
  `MCNN_ANY(probe, RowBits + LaneBits)
  logic                       probe_there_q;
  logic signed [PsumBits-1:0] probe_q;
  logic [7:0]                 class_q;
  logic signed [31:0]         data;
  assign data = m_axis_tdata_o;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                                                probe_there_q <= 1'b0;
    else if (valid_i && row_i == probe[RowBits+LaneBits-1:LaneBits]) probe_there_q <= there_i[probe[LaneBits-1:0]];
    else if (valid_i && row_i == '0)                            probe_there_q <= 1'b0;
  end
  always_ff @(posedge clk_i) begin
    if (valid_i && row_i == probe[RowBits+LaneBits-1:LaneBits])
      for (int unsigned l = 0; l < Lanes; l++)
        if (probe[LaneBits-1:0] == LaneBits'(l)) probe_q <= logit_i[l*PsumBits+:PsumBits];
    if (taken && beats_q == '0) class_q <= m_axis_tdata_o[7:0];
  end
  `MCNN_ASSERT(logits_as_they_came, !m_axis_tvalid_o || !probe_there_q || beats_q != 9'(probe) + 9'd1 || data == 32'(probe_q),
               "a logit must be sent as it arrived, with its sign")
  `MCNN_ASSERT(class_exists, !m_axis_tvalid_o || beats_q != '0 || m_axis_tdata_o < 32'(count_i),
               "the class must be one of the logits")
  `MCNN_ASSERT(class_is_the_largest, !m_axis_tvalid_o || !probe_there_q || beats_q == '0 || beats_q != 9'(class_q) + 9'd1 ||
               (8'(probe) < class_q ? data > 32'(probe_q) : data >= 32'(probe_q)),
               "the class must be the largest logit, the lowest of equal ones")

  `MCNN_COVER(whole_packet, done_o && count_i == 8'd5 && class_q == 8'd3, "a packet of five logits, the fourth is the largest")
  `MCNN_COVER(stalled_class, waits_q && beats_q == '0, "a class that waits")

endmodule

`ifndef FORMAL
bind mcnn_result result_properties #(.NumLogits(NumLogits), .Lanes(Lanes), .PsumBits(PsumBits)) u_properties (.*);
`endif
