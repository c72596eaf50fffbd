// SPDX-License-Identifier: Apache-2.0
// The three feature-map buffers. Each has RowBanks memories whose words hold two halves (an even and an odd channel), so that one clock
// reads a column of RowBanks rows of one channel (window fetch), updates a column of two channels (pool write) and takes one
// pixel of the next image (load), each in the buffer that plays that role. Which buffer plays which role comes from the
// sequencer; the host reads any buffer while the chip is at rest.
//
//   row y of channel c -> half c%2, bank y%RowBanks, word base(c) + (y/RowBanks)*width + x
//
// Latency: 1 clock from a read request to its data, 2 clocks for the host; one request a clock on every port.
module mcnn_feature_maps #(
  parameter  int unsigned ActBits   = 8,    // bits of a pixel
  parameter  int unsigned RowBanks  = 8,    // banks of a half
  parameter  int unsigned BankDepth = 256,  // words of a bank
  localparam int unsigned AddrBits  = $clog2(BankDepth),
  localparam int unsigned BankBits  = $clog2(RowBanks),
  localparam int unsigned Groups    = RowBanks / 4,
  localparam int unsigned GroupBits = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  logic clk_i,

  // roles
  input  logic [1:0] in_buffer_i,    // window fetch reads it
  input  logic [1:0] out_buffer_i,   // pool write reads it
  input  logic [1:0] write_buffer_i, // pool write writes it (out_buffer_i, one clock later)
  input  logic [1:0] load_buffer_i,  // the image loader writes it

  // window fetch: one column of one half
  input  logic                         fetch_re_i,
  input  logic                         fetch_half_i,
  input  logic [RowBanks*AddrBits-1:0] fetch_addr_i,
  output logic [RowBanks*ActBits-1:0]  fetch_data_o,

  // pool write: both halves, an address a bank; data as [half][bank]
  input  logic [RowBanks-1:0]           pool_re_i,
  input  logic [RowBanks*AddrBits-1:0]  pool_raddr_i,
  output logic [2*RowBanks*ActBits-1:0] pool_rdata_o,
  input  logic [2*RowBanks-1:0]         pool_we_i,
  input  logic [RowBanks*AddrBits-1:0]  pool_waddr_i,
  input  logic [2*RowBanks*ActBits-1:0] pool_wdata_i,

  // image load: one pixel
  input  logic                load_we_i,
  input  logic                load_half_i,
  input  logic [BankBits-1:0] load_bank_i,
  input  logic [AddrBits-1:0] load_addr_i,
  input  logic [ActBits-1:0]  load_data_i,

  // host read-back: four banks of any buffer
  input  logic                 host_re_i,
  input  logic [1:0]           host_buffer_i,
  input  logic                 host_half_i,
  input  logic [GroupBits-1:0] host_group_i,
  input  logic [AddrBits-1:0]  host_addr_i,
  output logic [31:0]          host_data_o
);

  localparam int unsigned NumBuffers = mcnn_pkg::NumBuffers;

  // The halves of a bank are the lanes of one memory: [buffer][bank] {odd, even}.
  logic [2*ActBits-1:0] word[NumBuffers*RowBanks];

  for (genvar g = 0; g < NumBuffers; g++) begin : gen_buffer
    logic is_in, is_out, is_write, is_load, is_host;
    assign is_in    = fetch_re_i && in_buffer_i == 2'(g);
    assign is_out   = out_buffer_i == 2'(g);
    assign is_write = write_buffer_i == 2'(g);
    assign is_load  = load_we_i && load_buffer_i == 2'(g);
    assign is_host  = host_re_i && host_buffer_i == 2'(g);

    for (genvar b = 0; b < RowBanks; b++) begin : gen_bank
      logic load;
      assign load = is_load && load_bank_i == BankBits'(b);
      mcnn_ram #(
        .LaneBits(ActBits),
        .Lanes   (2),
        .Depth   (BankDepth)
      ) u_ram (
        .clk_i,
        .re_i   (is_in || is_host || (is_out && pool_re_i[b])),
        .raddr_i(is_in ? fetch_addr_i[b*AddrBits+:AddrBits] :
                 is_host ? host_addr_i : pool_raddr_i[b*AddrBits+:AddrBits]),
        .rdata_o(word[g*RowBanks+b]),
        .we_i   (load ? {load_half_i, !load_half_i} :
                 is_write ? {pool_we_i[RowBanks+b], pool_we_i[b]} : 2'b00),
        .waddr_i(load ? load_addr_i : pool_waddr_i[b*AddrBits+:AddrBits]),
        .wdata_i(load ? {load_data_i, load_data_i} :
                 {pool_wdata_i[(RowBanks+b)*ActBits+:ActBits], pool_wdata_i[b*ActBits+:ActBits]})
      );
    end
  end

  // The answers follow their requests by one clock, and so do the selections of their buffers.
  logic                 fetch_half_q;
  logic [1:0]           fetch_buffer_q, pool_buffer_q, host_buffer_q;
  logic                 host_half_q;
  logic [GroupBits-1:0] host_group_q;

  always_ff @(posedge clk_i) begin
    if (fetch_re_i) begin
      fetch_half_q   <= fetch_half_i;
      fetch_buffer_q <= in_buffer_i;
    end
    if (|pool_re_i) pool_buffer_q <= out_buffer_i;
    if (host_re_i) begin
      host_buffer_q <= host_buffer_i;
      host_half_q   <= host_half_i;
      host_group_q  <= host_group_i;
    end
  end

  for (genvar b = 0; b < RowBanks; b++) begin : gen_column
    logic [2*ActBits-1:0] fetched, pooled;
    assign fetched = fetch_buffer_q == 2'd0 ? word[b] : fetch_buffer_q == 2'd1 ? word[RowBanks+b] : word[2*RowBanks+b];
    assign pooled  = pool_buffer_q == 2'd0 ? word[b] : pool_buffer_q == 2'd1 ? word[RowBanks+b] : word[2*RowBanks+b];
    assign fetch_data_o[b*ActBits+:ActBits] =
        fetch_half_q ? fetched[2*ActBits-1:ActBits] : fetched[ActBits-1:0];
    assign pool_rdata_o[b*ActBits+:ActBits]            = pooled[ActBits-1:0];
    assign pool_rdata_o[(RowBanks+b)*ActBits+:ActBits] = pooled[2*ActBits-1:ActBits];
  end

  // Four banks of the group, first bank in the lowest byte.
  logic host_re_q;
  always_ff @(posedge clk_i) begin
    host_re_q <= host_re_i;
    if (host_re_q) begin
      for (int unsigned g = 0; g < NumBuffers; g++)
        for (int unsigned k = 0; k < Groups; k++)
          if (host_buffer_q == 2'(g) && 32'(host_group_q) == k)
            for (int unsigned b = 0; b < 4; b++)
              host_data_o[b*8+:8] <= host_half_q ? 8'(word[g*RowBanks+k*4+b][2*ActBits-1:ActBits]) :
                                                   8'(word[g*RowBanks+k*4+b][ActBits-1:0]);
    end
  end

  if (BankDepth != (1 << AddrBits)) $error("BankDepth must be a power of two");
  if (RowBanks % 4 != 0 || RowBanks != (1 << BankBits)) $error("RowBanks must be 4, 8, 16, ...");
  if (ActBits > 8) $error("ActBits must be at most 8: the host reads four banks as four bytes");

endmodule
