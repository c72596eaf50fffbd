// SPDX-License-Identifier: Apache-2.0
// mcnn_feature_maps: a pixel is read, by window fetch, pool write or the host, as it was written last, by the loader or by pool write; no two
// of them meet in a memory. `probe_*` is any pixel.
`include "formal.svh"

module feature_maps_properties #(
  parameter  int unsigned ActBits   = 2,
  parameter  int unsigned Lanes     = 2,
  parameter  int unsigned NumBuffers = 3,
  parameter  int unsigned RowBanks  = 4,
  parameter  int unsigned BankDepth = 2,
  parameter  int unsigned LoadRows  = 1,
  localparam int unsigned AddrBits  = $clog2(BankDepth),
  localparam int unsigned BankBits  = $clog2(RowBanks),
  localparam int unsigned LaneBits  = $clog2(Lanes),
  localparam int unsigned Groups    = RowBanks / 4,
  localparam int unsigned GroupBits = (Groups > 1) ? $clog2(Groups) : 1
) (
  input logic                           clk_i,
  input logic [1:0]                     in_buffer_i,
  input logic [1:0]                     out_buffer_i,
  input logic [1:0]                     write_buffer_i,
  input logic [1:0]                     load_buffer_i,
  input logic [RowBanks*Lanes-1:0]      fetch_re_i,
  input logic [RowBanks*AddrBits-1:0]   fetch_addr_i,
  input logic [RowBanks*Lanes*ActBits-1:0] fetch_data_o,
  input logic [RowBanks-1:0]            pool_re_i,
  input logic [RowBanks*AddrBits-1:0]   pool_raddr_i,
  input logic [RowBanks*Lanes*ActBits-1:0] pool_rdata_o,
  input logic [RowBanks*Lanes-1:0]      pool_we_i,
  input logic [RowBanks*AddrBits-1:0]   pool_waddr_i,
  input logic [RowBanks*Lanes*ActBits-1:0] pool_wdata_i,
  input logic [LoadRows-1:0]            load_we_i,
  input logic [LaneBits-1:0]            load_lane_i,
  input logic [BankBits-1:0]            load_bank_i,
  input logic [AddrBits-1:0]            load_addr_i,
  input logic [LoadRows*ActBits-1:0]    load_data_i,
  input logic                           host_re_i,
  input logic [1:0]                     host_buffer_i,
  input logic [LaneBits-1:0]            host_lane_i,
  input logic [GroupBits-1:0]           host_group_i,
  input logic [AddrBits-1:0]            host_addr_i,
  input logic [31:0]                    host_data_o
);

  logic rst_ni;  // the module has none
  assign rst_ni = 1'b1;

  // ------------------------------------------------------------------------------------------------------ surroundings
  `MCNN_ASSUME(roles_exist, (fetch_re_i == '0 || 32'(in_buffer_i) < NumBuffers) && (pool_re_i == '0 || 32'(out_buffer_i) < NumBuffers) &&
               (pool_we_i == '0 || 32'(write_buffer_i) < NumBuffers) && (load_we_i == '0 || 32'(load_buffer_i) < NumBuffers),
               "a role must have a buffer")
  `MCNN_ASSUME(one_reader, !(fetch_re_i != '0 && pool_re_i != '0) || in_buffer_i != out_buffer_i, "one reader a buffer")
  `MCNN_ASSUME(host_alone, !host_re_i || (fetch_re_i == '0 && pool_re_i == '0), "the host must read while the chip is at rest")
  `MCNN_ASSUME(group_exists, !host_re_i || 32'(host_group_i) < Groups, "a group of banks must exist")
  `MCNN_ASSUME(one_writer, !(load_we_i != '0 && pool_we_i != '0) || load_buffer_i != write_buffer_i, "one writer a buffer")
  `MCNN_ASSUME(rows_of_a_beat, load_we_i == '0 || 32'(load_bank_i) % LoadRows == 0, "a load must begin at a multiple of its rows")

  // ------------------------------------------------------------------------------------------------------------- a pixel
  `MCNN_ANY(probe_buffer, 2)
  `MCNN_ANY(probe_lane, LaneBits)
  `MCNN_ANY(probe_bank, BankBits)
  `MCNN_ANY(probe_addr, AddrBits)
  logic               loads, pools;  // it is written
  logic [ActBits-1:0] pooled, loaded, pixel_q;
  logic               known_q;
  logic [AddrBits-1:0] fetch_addr, pool_raddr, pool_waddr;  // at its bank
  logic [ActBits-1:0]  fetch_data, pool_rdata, host_data;
  logic                fetch_re, pool_re, pool_we;
  always_comb begin
    fetch_addr = '0;
    pool_raddr = '0;
    pool_waddr = '0;
    fetch_re   = 1'b0;
    pool_re    = 1'b0;
    pool_we    = 1'b0;
    pooled     = '0;
    loaded     = '0;
    loads      = 1'b0;
    fetch_data = '0;
    pool_rdata = '0;
    host_data  = '0;
    for (int unsigned b = 0; b < RowBanks; b++) begin
      if (probe_bank == BankBits'(b)) begin
        fetch_addr = fetch_addr_i[b*AddrBits+:AddrBits];
        pool_raddr = pool_raddr_i[b*AddrBits+:AddrBits];
        pool_waddr = pool_waddr_i[b*AddrBits+:AddrBits];
        pool_re    = pool_re_i[b];
        for (int unsigned l = 0; l < Lanes; l++) begin
          if (probe_lane == LaneBits'(l)) begin
            fetch_re   = fetch_re_i[b*Lanes+l];
            pool_we    = pool_we_i[b*Lanes+l];
            pooled     = pool_wdata_i[(b*Lanes+l)*ActBits+:ActBits];
            fetch_data = fetch_data_o[(b*Lanes+l)*ActBits+:ActBits];
            pool_rdata = pool_rdata_o[(b*Lanes+l)*ActBits+:ActBits];
          end
        end
        host_data  = ActBits'(host_data_o[(b%4)*8+:8]);
      end
    end
    // A loaded row goes to the bank that is as far from the first one.
    for (int unsigned r = 0; r < LoadRows; r++) begin
      if (load_we_i[r] && load_buffer_i == probe_buffer && load_lane_i == probe_lane &&
          load_bank_i + BankBits'(r) == probe_bank && load_addr_i == probe_addr) begin
        loads  = 1'b1;
        loaded = load_data_i[r*ActBits+:ActBits];
      end
    end
  end
  assign pools = pool_we && write_buffer_i == probe_buffer && pool_waddr == probe_addr;
  initial known_q = 1'b0;
  always_ff @(posedge clk_i) begin
    if (loads || pools) begin
      known_q <= 1'b1;
      pixel_q <= loads ? loaded : pooled;
    end
  end

  // It was read, and what it was then.
  logic               fetched_q, pool_read_q, host_q, host_read_q;
  logic [ActBits-1:0] then_q, before_q;
  initial {fetched_q, pool_read_q, host_q, host_read_q} = '0;
  always_ff @(posedge clk_i) begin
    fetched_q   <= known_q && fetch_re && in_buffer_i == probe_buffer && fetch_addr == probe_addr;
    pool_read_q <= known_q && pool_re && out_buffer_i == probe_buffer && pool_raddr == probe_addr;
    host_q      <= known_q && host_re_i && host_buffer_i == probe_buffer && host_lane_i == probe_lane &&
                   host_addr_i == probe_addr && (Groups == 1 || 32'(host_group_i) == 32'(probe_bank) / 4);
    host_read_q <= host_q;
    then_q      <= pixel_q;
    before_q    <= then_q;
  end
  `MCNN_ASSERT(fetched_as_written, !fetched_q || fetch_data == then_q, "window fetch must get a pixel as it was written last")
  `MCNN_ASSERT(pooled_as_written, !pool_read_q || pool_rdata == then_q, "pool write must get a pixel as it was written last")
  `MCNN_ASSERT(host_as_written, !host_read_q || host_data == before_q, "the host must get a pixel as it was written last")

  `MCNN_COVER(all_at_once, fetched_q && loads, "a pixel that is read, and written anew")
  `MCNN_COVER(host_sees_pooled, host_read_q && before_q == '1, "the host reads what pool write wrote")

endmodule

`ifndef FORMAL
bind mcnn_feature_maps feature_maps_properties #(
  .ActBits(ActBits), .Lanes(Lanes), .NumBuffers(NumBuffers), .RowBanks(RowBanks), .BankDepth(BankDepth), .LoadRows(LoadRows)
) u_properties (.*);
`endif
