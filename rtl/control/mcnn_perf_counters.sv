// SPDX-License-Identifier: Apache-2.0
// Performance counters: clocks, beats, reads, skipped planes, conversions, stalls; and the clocks of every layer row. 32 bits, cleared by
// the start of a run, wrapping.
module mcnn_perf_counters #(
  parameter  int unsigned NumPe     = 8,
  parameter  int unsigned ActBits   = 8,   // planes of a beat
  parameter  int unsigned NumLayers = 16,
  localparam int unsigned LayerBits = $clog2(NumLayers)
) (
  input logic clk_i,
  input logic rst_ni,
  input logic clear_i,

  input logic                 clock_i,
  input logic                 layer_clock_i,
  input logic [LayerBits-1:0] layer_i,
  input logic                 stall_image_i,
  input logic                 stall_result_i,
  input logic                 stall_beat_i,
  input logic                 beat_i,
  input logic                 beat_first_i,  // first clock of the planes of a beat
  input logic [NumPe-1:0]     active_i,      // PEs that take part in it
  input logic [NumPe-1:0]     strobe_i,      // PEs that read a plane
  input logic [6:0]           count_i,       // conversions of a read
  input logic                 result_i,

  output logic [31:0] clocks_o,
  output logic [31:0] beats_o,
  output logic [31:0] reads_o,
  output logic [31:0] skipped_o,
  output logic [31:0] conversions_o,
  output logic [31:0] stall_image_o,
  output logic [31:0] stall_result_o,
  output logic [31:0] stall_beat_o,
  output logic [31:0] results_o,
  input  logic [LayerBits-1:0] layer_select_i,
  output logic [31:0] layer_clocks_o  // of the selected layer row
);

  // Events arrive late in their clock: they are registered, then summed over the PEs, then counted. The counters are
  // two (conversions three) clocks behind.
  localparam int unsigned PeBits = $clog2(NumPe + 1);
  logic                 clock_q, stall_image_q, stall_result_q, stall_beat_q, beat_q, result_q;
  logic [NumPe-1:0]     strobe_q, taking_q;
  logic [PeBits-1:0]    reads, taking, reads_q;
  logic [PeBits+6:0]    conversions, conversions_q;
  logic [31:0]          planes_q, planes_add_q;
  always_comb begin
    reads  = '0;
    taking = '0;
    for (int unsigned p = 0; p < NumPe; p++) begin
      reads  = reads + PeBits'(strobe_q[p]);
      taking = taking + PeBits'(taking_q[p]);
    end
    conversions = '0;
    for (int unsigned b = 0; b < PeBits; b++)
      if (reads_q[b]) conversions = conversions + ((PeBits + 7)'(count_i) << b);
  end

  // Planes that were not read: all planes of the active PEs, less the reads.
  assign skipped_o = planes_q - reads_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      clocks_o       <= '0;
      beats_o        <= '0;
      reads_o        <= '0;
      planes_q       <= '0;
      conversions_o  <= '0;
      stall_image_o  <= '0;
      stall_result_o <= '0;
      stall_beat_o   <= '0;
      results_o      <= '0;
      clock_q        <= 1'b0;
      stall_image_q  <= 1'b0;
      stall_result_q <= 1'b0;
      stall_beat_q   <= 1'b0;
      beat_q         <= 1'b0;
      result_q       <= 1'b0;
      strobe_q       <= '0;
      taking_q       <= '0;
      reads_q        <= '0;
      conversions_q  <= '0;
      planes_add_q   <= '0;
    end else begin
      clock_q        <= clock_i;
      stall_image_q  <= stall_image_i;
      stall_result_q <= stall_result_i;
      stall_beat_q   <= stall_beat_i;
      beat_q         <= beat_i;
      result_q       <= result_i;
      strobe_q       <= strobe_i;
      taking_q       <= active_i & {NumPe{beat_first_i}};
      reads_q        <= reads;
      conversions_q  <= conversions;
      planes_add_q   <= 32'(taking) << $clog2(ActBits);
      if (clear_i) begin
        clocks_o       <= '0;
        beats_o        <= '0;
        reads_o        <= '0;
        planes_q       <= '0;
        conversions_o  <= '0;
        stall_image_o  <= '0;
        stall_result_o <= '0;
        stall_beat_o   <= '0;
        results_o      <= '0;
      end else begin
        if (clock_q) clocks_o <= clocks_o + 32'd1;
        if (beat_q) beats_o <= beats_o + 32'd1;
        if (reads_q != '0) reads_o <= reads_o + 32'(reads_q);
        if (conversions_q != '0) conversions_o <= conversions_o + 32'(conversions_q);
        if (planes_add_q != '0) planes_q <= planes_q + planes_add_q;
        if (stall_image_q) stall_image_o <= stall_image_o + 32'd1;
        if (stall_result_q) stall_result_o <= stall_result_o + 32'd1;
        if (stall_beat_q) stall_beat_o <= stall_beat_o + 32'd1;
        if (result_q) results_o <= results_o + 32'd1;
      end
    end
  end

  logic                 layer_clock_q;
  logic [LayerBits-1:0] layer_q;
  logic [31:0]          layer_clocks_q[NumLayers];
  assign layer_clocks_o = layer_clocks_q[layer_select_i];
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) layer_clock_q <= 1'b0;
    else         layer_clock_q <= layer_clock_i;
  end
  always_ff @(posedge clk_i) layer_q <= layer_i;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      for (int unsigned l = 0; l < NumLayers; l++) layer_clocks_q[l] <= '0;
    end else if (clear_i) begin
      for (int unsigned l = 0; l < NumLayers; l++) layer_clocks_q[l] <= '0;
    end else if (layer_clock_q) begin
      layer_clocks_q[layer_q] <= layer_clocks_q[layer_q] + 32'd1;
    end
  end

  if (ActBits != (1 << $clog2(ActBits))) $error("ActBits must be a power of two");

endmodule
