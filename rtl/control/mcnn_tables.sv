// SPDX-License-Identifier: Apache-2.0
// The tables that the host writes: layer rows, step records, biases. The chip reads a whole row at a time, the host one
// 32-bit word. A read port serves one of the two: the host reads only while the chip is at rest.
// Latency from a read request: 1 clock to the chip's row, 2 clocks to the host's word.
module mcnn_tables #(
  parameter  int unsigned NumPe       = 8,
  parameter  int unsigned Lanes       = 2,  // biases of a row
  parameter  int unsigned NumLayers   = 16,
  parameter  int unsigned NumRecords  = 128,
  parameter  int unsigned NumBiasRows = 64,
  parameter  int unsigned PsumBits    = 24,
  localparam int unsigned LayerWords  = 8 + (NumPe + 3) / 4 + (NumPe > 32 ? 1 : 0),
  localparam int unsigned RecordWords = 2 + (NumPe + 1) / 2,
  localparam int unsigned LayerBits   = $clog2(NumLayers),
  localparam int unsigned RecordBits  = $clog2(NumRecords),
  localparam int unsigned BiasBits    = $clog2(NumBiasRows)
) (
  input logic clk_i,

  // host: table 0 layer, 1 record, 2 bias
  input  logic        host_we_i,
  input  logic [1:0]  host_wr_table_i,
  input  logic [11:0] host_wr_row_i,
  input  logic [5:0]  host_wr_word_i,
  input  logic [31:0] host_wdata_i,
  input  logic        host_re_i,
  input  logic [1:0]  host_rd_table_i,
  input  logic [11:0] host_rd_row_i,
  input  logic [5:0]  host_rd_word_i,
  output logic [31:0] host_rdata_o,

  // chip
  input  logic                      layer_re_i,
  input  logic [LayerBits-1:0]      layer_addr_i,
  output logic [LayerWords*32-1:0]  layer_o,
  input  logic                      record_re_i,
  input  logic [RecordBits-1:0]     record_addr_i,
  output logic [RecordWords*32-1:0] record_o,
  input  logic                      bias_re_i,
  input  logic [BiasBits-1:0]       bias_addr_i,
  output logic [Lanes*PsumBits-1:0] bias_o
);

  // The register file has checked that the row exists.
  logic unused_row_bits;
  assign unused_row_bits = ^{host_wr_row_i, host_rd_row_i};

  logic [1:0] table_q;
  logic [5:0] word_q;
  always_ff @(posedge clk_i) begin
    if (host_re_i) begin
      table_q <= host_rd_table_i;
      word_q  <= host_rd_word_i;
    end
  end

  // One memory a table, a lane a word.
  logic [LayerWords-1:0]  layer_we;
  logic [RecordWords-1:0] record_we;
  logic [Lanes-1:0]       bias_we;
  assign layer_we  = (host_we_i && host_wr_table_i == 2'd0) ? LayerWords'(1) << host_wr_word_i : '0;
  assign record_we = (host_we_i && host_wr_table_i == 2'd1) ? RecordWords'(1) << host_wr_word_i : '0;
  assign bias_we   = (host_we_i && host_wr_table_i == 2'd2) ? Lanes'(1) << host_wr_word_i : '0;

  mcnn_ram #(.LaneBits(32), .Lanes(LayerWords), .Depth(NumLayers)) u_layers (
    .clk_i,
    .re_i   ({LayerWords{layer_re_i || (host_re_i && host_rd_table_i == 2'd0)}}),
    .raddr_i(layer_re_i ? layer_addr_i : host_rd_row_i[LayerBits-1:0]),
    .rdata_o(layer_o),
    .we_i   (layer_we),
    .waddr_i(host_wr_row_i[LayerBits-1:0]),
    .wdata_i({LayerWords{host_wdata_i}})
  );

  mcnn_ram #(.LaneBits(32), .Lanes(RecordWords), .Depth(NumRecords)) u_records (
    .clk_i,
    .re_i   ({RecordWords{record_re_i || (host_re_i && host_rd_table_i == 2'd1)}}),
    .raddr_i(record_re_i ? record_addr_i : host_rd_row_i[RecordBits-1:0]),
    .rdata_o(record_o),
    .we_i   (record_we),
    .waddr_i(host_wr_row_i[RecordBits-1:0]),
    .wdata_i({RecordWords{host_wdata_i}})
  );

  mcnn_ram #(.LaneBits(PsumBits), .Lanes(Lanes), .Depth(NumBiasRows)) u_biases (
    .clk_i,
    .re_i   ({Lanes{bias_re_i || (host_re_i && host_rd_table_i == 2'd2)}}),
    .raddr_i(bias_re_i ? bias_addr_i : host_rd_row_i[BiasBits-1:0]),
    .rdata_o(bias_o),
    .we_i   (bias_we),
    .waddr_i(host_wr_row_i[BiasBits-1:0]),
    .wdata_i({Lanes{host_wdata_i[PsumBits-1:0]}})
  );

  localparam int unsigned MostWords = LayerWords > RecordWords ? LayerWords : RecordWords;
  function automatic logic [31:0] word_of_row(input logic [MostWords*32-1:0] row, input logic [5:0] word);
    word_of_row = '0;
    for (int unsigned w = 0; w < MostWords; w++) if (word == 6'(w)) word_of_row = row[w*32+:32];
  endfunction
  function automatic logic [31:0] bias_of_row(input logic [Lanes*PsumBits-1:0] row, input logic [5:0] word);
    bias_of_row = '0;
    for (int unsigned w = 0; w < Lanes; w++)
      if (word == 6'(w)) bias_of_row = 32'(signed'(row[w*PsumBits+:PsumBits]));
  endfunction

  logic host_re_q;
  always_ff @(posedge clk_i) begin
    host_re_q <= host_re_i;
    if (host_re_q) begin
      unique case (table_q)
        2'd0:    host_rdata_o <= word_of_row((MostWords * 32)'(layer_o), word_q);
        2'd1:    host_rdata_o <= word_of_row((MostWords * 32)'(record_o), word_q);
        default: host_rdata_o <= bias_of_row(bias_o, word_q);
      endcase
    end
  end

  if (NumPe > 64) $error("NumPe must be at most 64: a layer row has 32 words, a step record 64");
  if (NumRecords > 1024 || NumBiasRows > 1024 || NumLayers > 64)
    $error("NumLayers, NumRecords and NumBiasRows must be at most 64, 1024 and 1024: the tables have no more addresses");

endmodule
