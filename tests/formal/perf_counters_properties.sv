// SPDX-License-Identifier: Apache-2.0
// mcnn_perf_counters: every counter is the number of its events since the clear, as far behind as the header says. Events are counted
// here when they happen and the numbers delayed; the module delays the events and counts then.
`include "formal.svh"

module perf_counters_properties #(
  parameter  int unsigned NumPe     = 2,
  parameter  int unsigned ActBits   = 4,
  parameter  int unsigned NumLayers = 2,
  localparam int unsigned LayerBits = $clog2(NumLayers)
) (
  input logic                 clk_i,
  input logic                 rst_ni,
  input logic                 clear_i,
  input logic                 clock_i,
  input logic                 layer_clock_i,
  input logic [LayerBits-1:0] layer_i,
  input logic                 stall_image_i,
  input logic                 stall_result_i,
  input logic                 stall_beat_i,
  input logic                 beat_i,
  input logic                 result_i,
  input logic [31:0]          clocks_o,
  input logic [31:0]          beats_o,
  input logic [31:0]          stall_image_o,
  input logic [31:0]          stall_result_o,
  input logic [31:0]          stall_beat_o,
  input logic [31:0]          results_o,
  input logic [LayerBits-1:0] layer_select_i,
  input logic [31:0]          layer_clocks_o
);

  // The six counters of single events, one behind their event: {clocks, beats, image, result, beat, results}.
  logic [5:0]    event_now, past_q;
  logic [6*32-1:0] seen, past_seen_q;
  logic          past_clear_q, known_q;
  assign event_now = {clock_i, beat_i, stall_image_i, stall_result_i, stall_beat_i, result_i};
  assign seen      = {clocks_o, beats_o, stall_image_o, stall_result_o, stall_beat_o, results_o};
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      known_q      <= 1'b0;
      past_clear_q <= 1'b0;
      past_q       <= '0;
    end else begin
      known_q      <= 1'b1;
      past_clear_q <= clear_i;
      past_q       <= event_now;
    end
  end
  logic [5:0] before_q;  // the events of the clock before the last
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) before_q <= '0;
    else         before_q <= past_q;
  end
  always_ff @(posedge clk_i) past_seen_q <= seen;
  logic [5:0] good;
  for (genvar c = 0; c < 6; c++) begin : gen_counter
    assign good[c] = seen[c*32+:32] == (past_clear_q ? 32'd0 : past_seen_q[c*32+:32] + 32'(before_q[c]));
  end
  `MCNN_ASSERT(counts, !known_q || good == 6'b111111, "a counter must count each of its events, or be cleared")

  // The clocks of a layer row: `probe` is any.
  `MCNN_ANY(probe, LayerBits)
  logic                 past_layer_clock_q, before_layer_clock_q, past_select_q;
  logic [LayerBits-1:0] past_layer_q, before_layer_q;
  logic [31:0]          past_layer_clocks_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {past_layer_clock_q, before_layer_clock_q, past_select_q} <= '0;
    else {past_layer_clock_q, before_layer_clock_q, past_select_q} <= {layer_clock_i, past_layer_clock_q, layer_select_i == probe};
  end
  always_ff @(posedge clk_i) begin
    past_layer_q        <= layer_i;
    before_layer_q      <= past_layer_q;
    past_layer_clocks_q <= layer_clocks_o;
  end
  `MCNN_ASSUME(layer_exists, !layer_clock_i || 32'(layer_i) < NumLayers, "a layer row must exist")
  logic layer_event;
  assign layer_event = before_layer_clock_q && before_layer_q == probe;
  `MCNN_ASSERT(counts_layer_clocks, 32'(probe) >= NumLayers || !past_select_q || layer_select_i != probe ||
               layer_clocks_o == (past_clear_q ? 32'd0 : past_layer_clocks_q + 32'(layer_event)),
               "the clocks of a layer row must be counted for it")
  `MCNN_COVER(counted, clocks_o == 32'd3 && beats_o == 32'd2 && layer_clocks_o == 32'd2, "three clocks, two beats")

endmodule

`ifndef FORMAL
bind mcnn_perf_counters perf_counters_properties #(.NumPe(NumPe), .ActBits(ActBits), .NumLayers(NumLayers)) u_properties (.*);
`endif
