// SPDX-License-Identifier: Apache-2.0
// AXI4-Lite slave: turns bus transactions into one write or read request at a time. Every input is registered before it is
// used. Requests are answered by `wr_ok_i` in the request's clock, and by `rd_valid_i` one clock or more after it.
module mcnn_axi_lite #(
  localparam int unsigned AddressBits = mcnn_pkg::AddressBits
) (
  input logic clk_i,
  input logic rst_ni,

  input  logic [AddressBits-1:0] s_axil_awaddr_i,
  input  logic                   s_axil_awvalid_i,
  output logic                   s_axil_awready_o,
  input  logic [31:0]            s_axil_wdata_i,
  input  logic [3:0]             s_axil_wstrb_i,
  input  logic                   s_axil_wvalid_i,
  output logic                   s_axil_wready_o,
  output logic [1:0]             s_axil_bresp_o,
  output logic                   s_axil_bvalid_o,
  input  logic                   s_axil_bready_i,
  input  logic [AddressBits-1:0] s_axil_araddr_i,
  input  logic                   s_axil_arvalid_i,
  output logic                   s_axil_arready_o,
  output logic [31:0]            s_axil_rdata_o,
  output logic [1:0]             s_axil_rresp_o,
  output logic                   s_axil_rvalid_o,
  input  logic                   s_axil_rready_i,

  output logic                   wr_valid_o,  // one clock
  output logic [AddressBits-1:0] wr_addr_o,
  output logic [31:0]            wr_data_o,
  output logic                   wr_whole_o,  // all four bytes are written
  input  logic                   wr_ok_i,

  output logic                   rd_valid_o,  // one clock
  output logic [AddressBits-1:0] rd_addr_o,   // constant until the answer
  input  logic                   rd_valid_i,
  input  logic                   rd_ok_i,
  input  logic [31:0]            rd_data_i
);

  localparam logic [1:0] RespOkay = 2'b00, RespSlverr = 2'b10;

  // ---------------------------------------------------------------------------------------------------------- write
  logic aw_full_q, w_full_q;
  assign s_axil_awready_o = !aw_full_q;
  assign s_axil_wready_o  = !w_full_q;
  assign wr_valid_o       = aw_full_q && w_full_q && !s_axil_bvalid_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      aw_full_q       <= 1'b0;
      w_full_q        <= 1'b0;
      s_axil_bvalid_o <= 1'b0;
    end else begin
      if (s_axil_awvalid_i && s_axil_awready_o) aw_full_q <= 1'b1;
      else if (wr_valid_o)                      aw_full_q <= 1'b0;
      if (s_axil_wvalid_i && s_axil_wready_o)   w_full_q <= 1'b1;
      else if (wr_valid_o)                      w_full_q <= 1'b0;
      if (wr_valid_o)                           s_axil_bvalid_o <= 1'b1;
      else if (s_axil_bready_i)                 s_axil_bvalid_o <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) begin
    if (s_axil_awvalid_i && s_axil_awready_o) wr_addr_o <= s_axil_awaddr_i;
    if (s_axil_wvalid_i && s_axil_wready_o) begin
      wr_data_o  <= s_axil_wdata_i;
      wr_whole_o <= &s_axil_wstrb_i;
    end
    if (wr_valid_o) s_axil_bresp_o <= wr_ok_i ? RespOkay : RespSlverr;
  end

  // ----------------------------------------------------------------------------------------------------------- read
  logic ar_full_q;
  assign s_axil_arready_o = !ar_full_q && !s_axil_rvalid_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ar_full_q       <= 1'b0;
      rd_valid_o      <= 1'b0;
      s_axil_rvalid_o <= 1'b0;
    end else begin
      rd_valid_o <= s_axil_arvalid_i && s_axil_arready_o;
      if (s_axil_arvalid_i && s_axil_arready_o) ar_full_q <= 1'b1;
      else if (rd_valid_i)                      ar_full_q <= 1'b0;
      if (rd_valid_i)                           s_axil_rvalid_o <= 1'b1;
      else if (s_axil_rready_i)                 s_axil_rvalid_o <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) begin
    if (s_axil_arvalid_i && s_axil_arready_o) rd_addr_o <= s_axil_araddr_i;
    if (rd_valid_i) begin
      s_axil_rdata_o <= rd_ok_i ? rd_data_i : '0;
      s_axil_rresp_o <= rd_ok_i ? RespOkay : RespSlverr;
    end
  end

endmodule
