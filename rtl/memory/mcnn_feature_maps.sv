// SPDX-License-Identifier: Apache-2.0
// The feature-map buffers. Each has RowBanks memories whose words hold a pixel of Lanes channels, so that one clock reads a
// column of up to RowBanks rows of up to Lanes channels (window fetch), updates one (pool write) and takes LoadRows neighbouring rows of a
// column of a channel of the next image (load), each in the buffer that plays that role. Which buffer plays which role comes
// from the sequencer; the host reads any buffer while the chip is at rest.
//
//   row y of channel c -> lane c%Lanes, bank y%RowBanks, word base(c) + (y/RowBanks)*width + x
//
// Latency: 1 clock from a read request to its data, 2 clocks for the host; one request a clock on every port.
module mcnn_feature_maps #(
  parameter  int unsigned ActBits   = 8,    // bits of a pixel
  parameter  int unsigned Lanes     = 2,    // channels of a word
  parameter  int unsigned NumBuffers = 3,
  parameter  int unsigned RowBanks  = 8,    // banks
  parameter  int unsigned BankDepth = 256,  // words of a bank
  parameter  int unsigned LoadRows  = 1,    // rows that the loader writes in a clock
  localparam int unsigned AddrBits  = $clog2(BankDepth),
  localparam int unsigned BankBits  = $clog2(RowBanks),
  localparam int unsigned LaneBits  = $clog2(Lanes),
  localparam int unsigned Groups    = RowBanks / 4,
  localparam int unsigned GroupBits = (Groups > 1) ? $clog2(Groups) : 1
) (
  input  logic clk_i,

  // roles
  input  logic [1:0] in_buffer_i,    // window fetch reads it
  input  logic [1:0] out_buffer_i,   // pool write reads it
  input  logic [1:0] write_buffer_i, // pool write writes it (out_buffer_i, one clock later)
  input  logic [1:0] load_buffer_i,  // the image loader writes it

  // window fetch: one column, an address a bank; pixels and data as [bank][lane]
  input  logic [RowBanks*Lanes-1:0]         fetch_re_i,
  input  logic [RowBanks*AddrBits-1:0]      fetch_addr_i,
  output logic [RowBanks*Lanes*ActBits-1:0] fetch_data_o,

  // pool write: one column, an address a bank; data as [bank][lane]
  input  logic [RowBanks-1:0]               pool_re_i,
  input  logic [RowBanks*AddrBits-1:0]      pool_raddr_i,
  output logic [RowBanks*Lanes*ActBits-1:0] pool_rdata_o,
  input  logic [RowBanks*Lanes-1:0]         pool_we_i,
  input  logic [RowBanks*AddrBits-1:0]      pool_waddr_i,
  input  logic [RowBanks*Lanes*ActBits-1:0] pool_wdata_i,

  // image load: LoadRows rows of a column, in as many banks from load_bank_i on, a multiple of LoadRows
  input  logic [LoadRows-1:0]         load_we_i,
  input  logic [LaneBits-1:0]         load_lane_i,
  input  logic [BankBits-1:0]         load_bank_i,
  input  logic [AddrBits-1:0]         load_addr_i,
  input  logic [LoadRows*ActBits-1:0] load_data_i,

  // host read-back: four banks of any buffer
  input  logic                 host_re_i,
  input  logic [1:0]           host_buffer_i,
  input  logic [LaneBits-1:0]  host_lane_i,
  input  logic [GroupBits-1:0] host_group_i,
  input  logic [AddrBits-1:0]  host_addr_i,
  output logic [31:0]          host_data_o
);

  localparam int unsigned WordBits = Lanes * ActBits;
  logic [WordBits-1:0] word[NumBuffers*RowBanks];  // [buffer][bank]

  for (genvar g = 0; g < NumBuffers; g++) begin : gen_buffer
    logic is_in, is_out, is_write, is_load, is_host;
    assign is_in    = |fetch_re_i && in_buffer_i == 2'(g);  // only one of fetch and host asks
    assign is_out   = out_buffer_i == 2'(g);
    assign is_write = write_buffer_i == 2'(g);
    assign is_load  = load_buffer_i == 2'(g);
    assign is_host  = host_re_i && host_buffer_i == 2'(g);

    for (genvar b = 0; b < RowBanks; b++) begin : gen_bank
      localparam int unsigned Row = b % LoadRows;  // of a loaded column
      logic load;
      assign load = is_load && load_we_i[Row] && load_bank_i == BankBits'(b - Row);
      mcnn_ram #(
        .LaneBits(ActBits),
        .Lanes   (Lanes),
        .Depth   (BankDepth)
      ) u_ram (
        .clk_i,
        .re_i   (is_in ? fetch_re_i[b*Lanes+:Lanes] : {Lanes{is_host || (is_out && pool_re_i[b])}}),
        .raddr_i(is_in ? fetch_addr_i[b*AddrBits+:AddrBits] :
                 is_host ? host_addr_i : pool_raddr_i[b*AddrBits+:AddrBits]),
        .rdata_o(word[g*RowBanks+b]),
        .we_i   (load ? Lanes'(1) << load_lane_i : is_write ? pool_we_i[b*Lanes+:Lanes] : '0),
        .waddr_i(load ? load_addr_i : pool_waddr_i[b*AddrBits+:AddrBits]),
        .wdata_i(load ? {Lanes{load_data_i[Row*ActBits+:ActBits]}} : pool_wdata_i[b*WordBits+:WordBits])
      );
    end
  end

  // The answers follow their requests by one clock, and so do the selections of their buffers.
  logic [1:0]           fetch_buffer_q, pool_buffer_q, host_buffer_q;
  logic [LaneBits-1:0]  host_lane_q;
  logic [GroupBits-1:0] host_group_q;

  always_ff @(posedge clk_i) begin
    if (|fetch_re_i) fetch_buffer_q <= in_buffer_i;
    if (|pool_re_i) pool_buffer_q <= out_buffer_i;
    if (host_re_i) begin
      host_buffer_q <= host_buffer_i;
      host_lane_q   <= host_lane_i;
      host_group_q  <= host_group_i;
    end
  end

  for (genvar b = 0; b < RowBanks; b++) begin : gen_column
    always_comb begin
      fetch_data_o[b*WordBits+:WordBits] = word[(NumBuffers-1)*RowBanks+b];
      pool_rdata_o[b*WordBits+:WordBits] = word[(NumBuffers-1)*RowBanks+b];
      for (int unsigned g = 0; g + 1 < NumBuffers; g++) begin
        if (fetch_buffer_q == 2'(g)) fetch_data_o[b*WordBits+:WordBits] = word[g*RowBanks+b];
        if (pool_buffer_q == 2'(g)) pool_rdata_o[b*WordBits+:WordBits] = word[g*RowBanks+b];
      end
    end
  end

  // Four banks of the group, first bank in the lowest byte.
  logic host_re_q;
  always_ff @(posedge clk_i) begin
    host_re_q <= host_re_i;
    if (host_re_q) begin
      for (int unsigned g = 0; g < NumBuffers; g++)
        for (int unsigned k = 0; k < Groups; k++)
          for (int unsigned l = 0; l < Lanes; l++)
            if (host_buffer_q == 2'(g) && 32'(host_group_q) == k && host_lane_q == LaneBits'(l))
              for (int unsigned b = 0; b < 4; b++)
                host_data_o[b*8+:8] <= 8'(word[g*RowBanks+k*4+b][l*ActBits+:ActBits]);
    end
  end

  if (BankDepth != (1 << AddrBits)) $error("BankDepth must be a power of two");
  if (RowBanks % 4 != 0 || RowBanks != (1 << BankBits)) $error("RowBanks must be 4, 8, 16, ...");
  if (LoadRows < 1 || RowBanks % LoadRows != 0) $error("LoadRows must divide RowBanks");
  if (ActBits > 8) $error("ActBits must be at most 8: the host reads four banks as four bytes");

endmodule
