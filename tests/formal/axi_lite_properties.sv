// SPDX-License-Identifier: Apache-2.0
// mcnn_axi_lite: the slave's half of AXI4-Lite (IHI 0022, A3.2 and A3.3), and that every transaction becomes one request with
// its address and data, and every request the answer that it was given.
`include "formal.svh"

module axi_lite_properties #(
  localparam int unsigned AddressBits = mcnn_pkg::AddressBits,
  localparam int unsigned AnswerClocks = 6  // most clocks from a read request to its answer
) (
  input logic clk_i,
  input logic rst_ni,
  input logic [AddressBits-1:0] s_axil_awaddr_i,
  input logic                   s_axil_awvalid_i,
  input logic                   s_axil_awready_o,
  input logic [31:0]            s_axil_wdata_i,
  input logic [3:0]             s_axil_wstrb_i,
  input logic                   s_axil_wvalid_i,
  input logic                   s_axil_wready_o,
  input logic [1:0]             s_axil_bresp_o,
  input logic                   s_axil_bvalid_o,
  input logic                   s_axil_bready_i,
  input logic [AddressBits-1:0] s_axil_araddr_i,
  input logic                   s_axil_arvalid_i,
  input logic                   s_axil_arready_o,
  input logic [31:0]            s_axil_rdata_o,
  input logic [1:0]             s_axil_rresp_o,
  input logic                   s_axil_rvalid_o,
  input logic                   s_axil_rready_i,
  input logic                   wr_valid_o,
  input logic [AddressBits-1:0] wr_addr_o,
  input logic [31:0]            wr_data_o,
  input logic                   wr_whole_o,
  input logic                   wr_ok_i,
  input logic                   rd_valid_o,
  input logic [AddressBits-1:0] rd_addr_o,
  input logic                   rd_valid_i,
  input logic                   rd_ok_i,
  input logic [31:0]            rd_data_i
);

  localparam logic [1:0] Okay = 2'b00, Slverr = 2'b10;

  logic aw, w, b, ar, r;  // a transfer on each channel
  assign aw = s_axil_awvalid_i && s_axil_awready_o;
  assign w  = s_axil_wvalid_i && s_axil_wready_o;
  assign b  = s_axil_bvalid_o && s_axil_bready_i;
  assign ar = s_axil_arvalid_i && s_axil_arready_o;
  assign r  = s_axil_rvalid_o && s_axil_rready_i;

  // ------------------------------------------------------------------------------------- the master keeps what it offers
  logic                   aw_waits_q, w_waits_q, ar_waits_q, b_waits_q, r_waits_q;
  logic [AddressBits-1:0] past_awaddr_q, past_araddr_q;
  logic [31:0]            past_wdata_q, past_rdata_q;
  logic [3:0]             past_wstrb_q;
  logic [1:0]             past_bresp_q, past_rresp_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {aw_waits_q, w_waits_q, ar_waits_q, b_waits_q, r_waits_q} <= '0;
    end else begin
      aw_waits_q <= s_axil_awvalid_i && !s_axil_awready_o;
      w_waits_q  <= s_axil_wvalid_i && !s_axil_wready_o;
      ar_waits_q <= s_axil_arvalid_i && !s_axil_arready_o;
      b_waits_q  <= s_axil_bvalid_o && !s_axil_bready_i;
      r_waits_q  <= s_axil_rvalid_o && !s_axil_rready_i;
    end
  end
  always_ff @(posedge clk_i) begin
    past_awaddr_q <= s_axil_awaddr_i;
    past_araddr_q <= s_axil_araddr_i;
    past_wdata_q  <= s_axil_wdata_i;
    past_wstrb_q  <= s_axil_wstrb_i;
    past_bresp_q  <= s_axil_bresp_o;
    past_rresp_q  <= s_axil_rresp_o;
    past_rdata_q  <= s_axil_rdata_o;
  end
  `MCNN_ASSUME(master_keeps_aw, !aw_waits_q || (s_axil_awvalid_i && s_axil_awaddr_i == past_awaddr_q),
               "a write address must stay until it is taken")
  `MCNN_ASSUME(master_keeps_w,
               !w_waits_q || (s_axil_wvalid_i && s_axil_wdata_i == past_wdata_q && s_axil_wstrb_i == past_wstrb_q),
               "write data must stay until they are taken")
  `MCNN_ASSUME(master_keeps_ar, !ar_waits_q || (s_axil_arvalid_i && s_axil_araddr_i == past_araddr_q),
               "a read address must stay until it is taken")

  // --------------------------------------------------------------------------------------- the slave keeps what it offers
  `MCNN_ASSERT(b_stays, !b_waits_q || (s_axil_bvalid_o && s_axil_bresp_o == past_bresp_q),
               "a write response must stay as it is until it is taken")
  `MCNN_ASSERT(r_stays,
               !r_waits_q || (s_axil_rvalid_o && s_axil_rresp_o == past_rresp_q && s_axil_rdata_o == past_rdata_q),
               "read data and response must stay as they are until they are taken")

  // ---------------------------------------------------------------------------------------------------------- writes
  // Transfers that have no request yet, and requests whose response has not been taken.
  logic                   aw_open_q, w_open_q, b_open_q, ok_q, past_request_q;
  logic [AddressBits-1:0] awaddr_q;
  logic [31:0]            wdata_q;
  logic [3:0]             wstrb_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {aw_open_q, w_open_q, b_open_q, past_request_q} <= '0;
    end else begin
      aw_open_q      <= aw || (aw_open_q && !wr_valid_o);
      w_open_q       <= w || (w_open_q && !wr_valid_o);
      b_open_q       <= wr_valid_o || (b_open_q && !b);
      past_request_q <= wr_valid_o;
    end
  end
  always_ff @(posedge clk_i) begin
    if (aw) awaddr_q <= s_axil_awaddr_i;
    if (w) {wstrb_q, wdata_q} <= {s_axil_wstrb_i, s_axil_wdata_i};
    if (wr_valid_o) ok_q <= wr_ok_i;
  end
  `MCNN_ASSERT(one_aw, !(aw && aw_open_q && !wr_valid_o), "a write address must not be taken before the last one is used")
  `MCNN_ASSERT(one_w, !(w && w_open_q && !wr_valid_o), "write data must not be taken before the last ones are used")
  `MCNN_ASSERT(request_has_both, !wr_valid_o || (aw_open_q && w_open_q),
               "a write request must have an address and data of its own")
  `MCNN_ASSERT(request_is_the_write,
               !wr_valid_o || (wr_addr_o == awaddr_q && wr_data_o == wdata_q && wr_whole_o == &wstrb_q),
               "a write request must have the address and data that came first")
  `MCNN_ASSERT(request_when_complete, wr_valid_o || !(aw_open_q && w_open_q) || s_axil_bvalid_o,
               "a whole write must be asked for at once, unless a response waits")
  `MCNN_ASSERT(no_request_over_a_response, !wr_valid_o || !b_open_q || b,
               "a write must wait for the response of the one before it")
  `MCNN_ASSERT(response_has_a_request, !s_axil_bvalid_o || b_open_q, "no write response without a request")
  `MCNN_ASSERT(response_follows, !past_request_q || s_axil_bvalid_o, "a write response must follow its request")
  `MCNN_ASSERT(response_is_the_answer, !s_axil_bvalid_o || s_axil_bresp_o == (ok_q ? Okay : Slverr),
               "a write response must be the answer to its request")

  // ----------------------------------------------------------------------------------------------------------- reads
  logic                   ar_open_q, r_open_q, answered_q, past_ar_q, rd_ok_q;
  logic [AddressBits-1:0] araddr_q;
  logic [31:0]            rdata_q;
  logic [3:0]             answer_q;  // clocks since the request
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {ar_open_q, r_open_q, answered_q, past_ar_q} <= '0;
      answer_q <= '0;
    end else begin
      ar_open_q  <= ar || (ar_open_q && !rd_valid_i);  // no answer yet
      r_open_q   <= rd_valid_i || (r_open_q && !r);    // answered, not taken
      answered_q <= rd_valid_i;
      past_ar_q  <= ar;
      answer_q   <= rd_valid_o ? 4'd1 : answer_q != '0 && !rd_valid_i ? answer_q + 4'd1 : '0;
    end
  end
  always_ff @(posedge clk_i) begin
    if (ar) araddr_q <= s_axil_araddr_i;
    if (rd_valid_i) {rd_ok_q, rdata_q} <= {rd_ok_i, rd_data_i};
  end
  `MCNN_ASSUME(one_answer_a_request, !rd_valid_i || answer_q != '0, "a read must be answered once, after its request")
  `MCNN_ASSUME(answer_in_time, 32'(answer_q) < AnswerClocks || rd_valid_i, "a read must be answered in bounded time")
  `MCNN_ASSERT(one_read_at_a_time, !ar || (!ar_open_q && !r_open_q), "a read must wait until the last one is over")
  `MCNN_ASSERT(read_request_follows, rd_valid_o == past_ar_q, "a read request must follow its address, once")
  `MCNN_ASSERT(read_address_stays, !ar_open_q || rd_addr_o == araddr_q, "a read address must stay until the answer")
  `MCNN_ASSERT(data_have_an_answer, s_axil_rvalid_o == r_open_q, "read data must follow their answer, once")
  `MCNN_ASSERT(data_are_the_answer,
               !s_axil_rvalid_o || (s_axil_rresp_o == (rd_ok_q ? Okay : Slverr) && s_axil_rdata_o == (rd_ok_q ? rdata_q : '0)),
               "read data and response must be the answer to the request")

  // -------------------------------------------------------------------------------------------------- bounded waiting
  // Clocks that an offer has waited for the slave, while the master takes responses and offers the other half of a write.
  logic [3:0] aw_wait_q, w_wait_q, ar_wait_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {aw_wait_q, w_wait_q, ar_wait_q} <= '0;
    end else begin
      aw_wait_q <= s_axil_awvalid_i && !s_axil_awready_o && s_axil_bready_i && (w_open_q || w) ? aw_wait_q + 4'd1 : '0;
      w_wait_q  <= s_axil_wvalid_i && !s_axil_wready_o && s_axil_bready_i && (aw_open_q || aw) ? w_wait_q + 4'd1 : '0;
      ar_wait_q <= s_axil_arvalid_i && !s_axil_arready_o && s_axil_rready_i ? ar_wait_q + 4'd1 : '0;
    end
  end
  `MCNN_ASSERT(aw_is_taken, aw_wait_q <= 4'd3, "a write address must be taken in bounded time")
  `MCNN_ASSERT(w_is_taken, w_wait_q <= 4'd3, "write data must be taken in bounded time")
  `MCNN_ASSERT(ar_is_taken, 32'(ar_wait_q) <= AnswerClocks + 2, "a read address must be taken in bounded time")

  // --------------------------------------------------------------------------------------------------------- possible
  `MCNN_COVER(write_over_a_response, aw_open_q && w_open_q && s_axil_bvalid_o, "a whole write behind a response that waits")
  `MCNN_COVER(refused_write, b && s_axil_bresp_o == Slverr, "a write that is refused")
  `MCNN_COVER(read_with_data, r && s_axil_rresp_o == Okay && s_axil_rdata_o == 32'h4D43_4E4E, "a read that gets its data")

endmodule

`ifndef FORMAL
bind mcnn_axi_lite axi_lite_properties u_properties (.*);
`endif
