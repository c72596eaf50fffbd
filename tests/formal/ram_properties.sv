// SPDX-License-Identifier: Apache-2.0
// mcnn_ram: a word read is what was written there before, lane by lane; a word that is written in the same clock is read as it was; the
// output stays while nothing is read. `probe` is any word.
`include "formal.svh"

module ram_properties #(
  parameter  int unsigned LaneBits  = 2,
  parameter  int unsigned Lanes     = 2,
  parameter  int unsigned Depth     = 5,
  localparam int unsigned Width     = LaneBits * Lanes,
  localparam int unsigned AddrWidth = (Depth > 1) ? $clog2(Depth) : 1
) (
  input logic                 clk_i,
  input logic [Lanes-1:0]     re_i,
  input logic [AddrWidth-1:0] raddr_i,
  input logic [Width-1:0]     rdata_o,
  input logic [Lanes-1:0]     we_i,
  input logic [AddrWidth-1:0] waddr_i,
  input logic [Width-1:0]     wdata_i
);

  logic rst_ni;  // the module has none: nothing is known of what was not written
  assign rst_ni = 1'b1;

  `MCNN_ANY(any_word, AddrWidth)
  logic [AddrWidth-1:0] probe;
  assign probe = 32'(any_word) < Depth ? any_word : '0;
  logic [Width-1:0] word_q, read_q, past_data_q;
  logic [Lanes-1:0] known_q, read_known_q;
  logic             past_known_q;  // there was a clock before,
  logic [Lanes-1:0] past_read_q;   // with a read
  initial {known_q, read_known_q, past_known_q, past_read_q} = '0;
  always_ff @(posedge clk_i) begin
    for (int unsigned l = 0; l < Lanes; l++) begin
      if (we_i[l] && waddr_i == probe) begin
        word_q[l*LaneBits+:LaneBits] <= wdata_i[l*LaneBits+:LaneBits];
        known_q[l] <= 1'b1;
      end
    end
    for (int unsigned l = 0; l < Lanes; l++) begin
      if (re_i[l]) begin
        read_known_q[l]                <= raddr_i == probe && known_q[l];
        read_q[l*LaneBits+:LaneBits] <= word_q[l*LaneBits+:LaneBits];
      end
    end
    past_known_q <= 1'b1;
    past_read_q  <= re_i;
    past_data_q  <= rdata_o;
  end
  `MCNN_ASSUME(addresses_exist, (we_i == '0 || 32'(waddr_i) < Depth) && (re_i == '0 || 32'(raddr_i) < Depth),
               "an address must be one of the memory")
  logic [Lanes-1:0] good, kept;
  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    assign kept[l] = past_read_q[l] || rdata_o[l*LaneBits+:LaneBits] == past_data_q[l*LaneBits+:LaneBits];
    assign good[l] = !read_known_q[l] || rdata_o[l*LaneBits+:LaneBits] == read_q[l*LaneBits+:LaneBits];
  end
  `MCNN_ASSERT(reads_what_was_written, good == {Lanes{1'b1}}, "a lane must be read as it was written last")
  `MCNN_ASSERT(keeps_its_output, !past_known_q || kept == {Lanes{1'b1}}, "a lane of the output must stay without a read")
  `MCNN_COVER(lanes_apart, read_known_q == '1 && read_q != word_q, "a word read while a lane of it is written")

endmodule

`ifndef FORMAL
bind mcnn_ram ram_properties #(.LaneBits(LaneBits), .Lanes(Lanes), .Depth(Depth)) u_properties (.*);
`endif
