// SPDX-License-Identifier: Apache-2.0
// Memory with one read and one write port, the only memory of the chip. Synthesis takes it as a memory macro; everything
// else is flip-flops. A word has one or more lanes, each with a read and a write enable of its own.
// Read: a lane of `rdata_o` is that of the word at `raddr_i` one clock after its `re_i`, and keeps its value while that is low.
// Reading the word that is written in the same clock gives the old one.
module mcnn_ram #(
  parameter  int unsigned LaneBits  = 8,    // bits of a lane
  parameter  int unsigned Lanes     = 1,    // lanes of a word
  parameter  int unsigned Depth     = 256,  // words
  localparam int unsigned Width     = LaneBits * Lanes,
  localparam int unsigned AddrWidth = (Depth > 1) ? $clog2(Depth) : 1
) (
  input  logic                 clk_i,
  input  logic [Lanes-1:0]     re_i,
  input  logic [AddrWidth-1:0] raddr_i,
  output logic [Width-1:0]     rdata_o,
  input  logic [Lanes-1:0]     we_i,
  input  logic [AddrWidth-1:0] waddr_i,
  input  logic [Width-1:0]     wdata_i
);

  logic [Width-1:0] mem[Depth];

  // A word with some of its lanes from another one.
  function automatic logic [Width-1:0] mixed(
      input logic [Width-1:0] word, input logic [Width-1:0] other, input logic [Lanes-1:0] lanes);
    mixed = word;
    for (int unsigned l = 0; l < Lanes; l++)
      if (lanes[l]) mixed[l*LaneBits+:LaneBits] = other[l*LaneBits+:LaneBits];
  endfunction

  always_ff @(posedge clk_i) begin
    if (|we_i) mem[waddr_i] <= mixed(mem[waddr_i], wdata_i, we_i);
    if (|re_i) rdata_o <= mixed(rdata_o, mem[raddr_i], re_i);
  end

endmodule
