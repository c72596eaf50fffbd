// SPDX-License-Identifier: Apache-2.0
// The three feature-map buffers. Each has two halves (even and odd channels) of RowBanks memories, so that one clock reads a
// column of RowBanks rows of one channel (window fetch), updates a column of two channels (pool write) and takes one
// pixel of the next image (load), each in the buffer that plays that role. Which buffer plays which role comes from the
// sequencer; the host reads any buffer while the chip is at rest.
//
//   row y of channel c -> half c%2, bank y%RowBanks, word base(c) + (y/RowBanks)*width + x
//
// Latency: 1 clock from every read request to its data, one request a clock on every port.
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
  localparam int unsigned HalfBits = RowBanks * ActBits;

  // read data of every half: [buffer][half]
  logic [HalfBits-1:0] half_data[NumBuffers*2];

  for (genvar g = 0; g < NumBuffers; g++) begin : gen_buffer
    logic is_in, is_out, is_write, is_load, is_host;
    assign is_in    = in_buffer_i == 2'(g);
    assign is_out   = out_buffer_i == 2'(g);
    assign is_write = write_buffer_i == 2'(g);
    assign is_load  = load_we_i && load_buffer_i == 2'(g);
    assign is_host  = host_re_i && host_buffer_i == 2'(g);

    for (genvar b = 0; b < RowBanks; b++) begin : gen_bank
      // The two halves of a bank share their addresses.
      logic [AddrBits-1:0] raddr, waddr;
      assign raddr = host_re_i ? host_addr_i :
                     (is_in && fetch_re_i) ? fetch_addr_i[b*AddrBits+:AddrBits] :
                                             pool_raddr_i[b*AddrBits+:AddrBits];
      assign waddr = is_load ? load_addr_i : pool_waddr_i[b*AddrBits+:AddrBits];

      for (genvar h = 0; h < 2; h++) begin : gen_half
        logic re, we, load;
        assign re = (is_in && fetch_re_i && fetch_half_i == 1'(h)) ||
                    (is_out && pool_re_i[b]) || is_host;
        assign load = is_load && load_half_i == 1'(h) && load_bank_i == BankBits'(b);
        assign we = load || (is_write && pool_we_i[h*RowBanks+b]);
        mcnn_ram #(
          .Width(ActBits),
          .Depth(BankDepth)
        ) u_ram (
          .clk_i,
          .re_i   (re),
          .raddr_i(raddr),
          .rdata_o(half_data[g*2+h][b*ActBits+:ActBits]),
          .we_i   (we),
          .waddr_i(waddr),
          .wdata_i(load ? load_data_i : pool_wdata_i[(h*RowBanks+b)*ActBits+:ActBits])
        );
      end
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

  logic [HalfBits-1:0] host_column;
  always_comb begin
    unique case (fetch_buffer_q)
      2'd0:    fetch_data_o = fetch_half_q ? half_data[1] : half_data[0];
      2'd1:    fetch_data_o = fetch_half_q ? half_data[3] : half_data[2];
      default: fetch_data_o = fetch_half_q ? half_data[5] : half_data[4];
    endcase
  end
  always_comb begin
    unique case (pool_buffer_q)
      2'd0:    pool_rdata_o = {half_data[1], half_data[0]};
      2'd1:    pool_rdata_o = {half_data[3], half_data[2]};
      default: pool_rdata_o = {half_data[5], half_data[4]};
    endcase
  end
  always_comb begin
    unique case (host_buffer_q)
      2'd0:    host_column = host_half_q ? half_data[1] : half_data[0];
      2'd1:    host_column = host_half_q ? half_data[3] : half_data[2];
      default: host_column = host_half_q ? half_data[5] : half_data[4];
    endcase
  end
  if (Groups > 1) begin : gen_group
    logic [31:0] word[Groups];
    for (genvar k = 0; k < Groups; k++) begin : gen_word
      for (genvar b = 0; b < 4; b++) begin : gen_byte
        assign word[k][b*8+:8] = 8'(host_column[(k*4+b)*ActBits+:ActBits]);
      end
    end
    assign host_data_o = word[host_group_q];
  end else begin : gen_one_group
    for (genvar b = 0; b < 4; b++) begin : gen_byte
      assign host_data_o[b*8+:8] = 8'(host_column[b*ActBits+:ActBits]);
    end
    logic unused_group;
    assign unused_group = host_group_q[0];
  end

  if (BankDepth != (1 << AddrBits)) $error("BankDepth must be a power of two");
  if (RowBanks % 4 != 0 || RowBanks != (1 << BankBits)) $error("RowBanks must be 4, 8, 16, ...");
  if (ActBits > 8) $error("ActBits must be at most 8: the host reads four banks as four bytes");

endmodule
