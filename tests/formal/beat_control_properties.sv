// SPDX-License-Identifier: Apache-2.0
// mcnn_beat_control: every step that is loaded becomes one beat, in order; a beat has each of its planes once, most significant first, and
// ends only then; its sums are held once and walked once, group by group; a beat ends in bounded time; a flush leaves nothing.
`include "formal.svh"

module beat_control_properties #(
  parameter  int unsigned NumPe      = 1,
  parameter  int unsigned Windows    = 1,
  parameter  int unsigned Lanes      = 2,
  parameter  int unsigned NumGroups  = 2,
  parameter  int unsigned ActBits    = 4,
  parameter  int unsigned ReadClocks = 1,
  parameter  int unsigned WalkDelay  = 3,
  parameter  int unsigned MaxDim     = 32,
  localparam int unsigned DimBits    = $clog2(MaxDim + 1),
  localparam int unsigned GroupBits  = (NumGroups > 1) ? $clog2(NumGroups) : 1,
  localparam int unsigned RowBits    = (Windows > 1) ? $clog2(Windows) : 1,
  localparam int unsigned PlaneBits  = $clog2(ActBits)
) (
  input logic                     clk_i,
  input logic                     rst_ni,
  input logic                     start_i,
  input logic                     flush_i,
  input logic [5:0]               kernels_i,
  input logic [5:0]               pairs_i,
  input logic [7:0]               out_width_i,
  input logic [DimBits-1:0]       pool_columns_i,
  input logic [DimBits-1:0]       pool_column_stride_i,
  input logic [7:0]               pooled_width_i,
  input logic                     skip_i,
  input logic                     load_end_i,
  input logic                     load_ready_o,
  input logic                     walk_last_i,
  input logic                     advance_o,
  input logic [NumPe*ActBits-1:0] plane_used_i,
  input logic                     tick_o,
  input logic                     first_o,
  input logic [PlaneBits-1:0]     plane_o,
  input logic                     survey_o,
  input logic                     code_tick_o,
  input logic                     code_first_o,
  input logic                     beat_o,
  input logic                     stall_o,
  input logic                     hold_o,
  input logic                     walk_valid_o,
  input logic [GroupBits-1:0]     walk_pairs_o,
  input logic [RowBits-1:0]       walk_row_o,
  input logic [GroupBits-1:0]     walk_group_o,
  input logic                     walk_add_o,
  input logic                     walk_end_o
);

  // ------------------------------------------------------------------------------------------------------ surroundings
  localparam int unsigned SettingBits = 6 + 6 + 8 + 2 * DimBits + 8 + 1;
  logic                   past_known_q, past_start_q;
  logic [SettingBits-1:0] settings, past_settings_q;
  assign settings = {kernels_i, pairs_i, out_width_i, pool_columns_i, pool_column_stride_i, pooled_width_i, skip_i};
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {past_known_q, past_start_q} <= '0;
    else {past_known_q, past_start_q} <= {1'b1, start_i};
  end
  always_ff @(posedge clk_i) past_settings_q <= settings;
  logic walks;  // something of a pass goes on
  `MCNN_ASSUME(load_when_ready, !load_end_i || load_ready_o, "a step must be loaded when there is room for it")
  // The steps of a pass come between its start and the one that is marked as the last of all.
  logic pass_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                                   pass_q <= 1'b0;
    else if (flush_i || (load_end_i && walk_last_i)) pass_q <= 1'b0;
    else if (start_i)                              pass_q <= 1'b1;
  end
  `MCNN_ASSUME(steps_of_a_pass, !load_end_i || pass_q, "a step must be one of a pass that has begun")
  `MCNN_ASSUME(pass_after_pass, !start_i || (!walks && !pass_q), "a pass must begin when the last one is through")
  `MCNN_ASSUME(settings_stay, !walks || settings == past_settings_q, "the pass must stay as it is while it runs")
  `MCNN_ASSUME(good_settings, !walks || (kernels_i != '0 && pairs_i >= kernels_i && (Windows > 1 || pairs_i == kernels_i) &&
               32'(pairs_i) <= Lanes * NumGroups), "the kernels of a pass must be those that there are lanes for")

  logic                     past_survey_q;
  logic [NumPe*ActBits-1:0] past_used_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) past_survey_q <= 1'b0;
    else         past_survey_q <= survey_o && !advance_o && !flush_i;
  end
  always_ff @(posedge clk_i) past_used_q <= plane_used_i;
  `ifdef FORMAL
  `MCNN_ASSUME(used_planes_stay, !(past_survey_q && survey_o) || plane_used_i == past_used_q,
               "the planes with a pulse must stay while they are asked for")
  `endif

  // --------------------------------------------------------------------------------------------------------------- steps
  logic waits_q;   // a loaded step has no beat yet
  logic drives_q;  // a beat goes on
  logic walks_q;   // the sums of a beat are walked
  assign walks = waits_q || drives_q || walks_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {waits_q, drives_q} <= '0;
    end else if (flush_i) begin
      {waits_q, drives_q} <= '0;
    end else begin
      waits_q <= (waits_q || load_end_i) && !beat_o;
      if (advance_o) drives_q <= beat_o;
    end
  end
  `MCNN_ASSERT(one_step_waits, load_ready_o == !waits_q, "there must be room for a step when none waits, and only then")
  `MCNN_ASSERT(beat_has_a_step, beat_o == (advance_o && (waits_q || load_end_i)), "a beat must be one of a step, and every step one")

  // -------------------------------------------------------------------------------------------------------------- planes
  logic                 began_q;      // the clock before was the advance
  logic [7:0]           planes_q;     // of this beat, up to now
  logic [PlaneBits-1:0] last_plane_q;
  logic [7:0]           since_q;      // clocks since the last one
  logic [ActBits-1:0]   used;
  always_comb begin
    used = '0;
    for (int unsigned p = 0; p < NumPe; p++) used = used | plane_used_i[p*ActBits+:ActBits];
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      began_q  <= 1'b0;
      planes_q <= '0;
      since_q  <= '0;
    end else begin
      began_q  <= beat_o && !flush_i;
      planes_q <= advance_o || flush_i ? '0 : planes_q + 8'(tick_o);
      since_q  <= tick_o || advance_o || flush_i ? 8'd1 : since_q == '1 ? since_q : since_q + 8'd1;
    end
  end
  always_ff @(posedge clk_i) if (tick_o) last_plane_q <= plane_o;
  `MCNN_ASSERT(plane_of_a_beat, !tick_o || drives_q, "no plane without a window")
  `MCNN_ASSERT(first_plane_at_once, tick_o || !began_q, "the first plane must be driven at once")
  `MCNN_ASSERT(first_is_told, !tick_o || first_o == (planes_q == '0), "the first plane of a beat must be told, and no other")
  `MCNN_ASSERT(all_planes, !(tick_o && first_o) || skip_i || 32'(plane_o) == ActBits - 1, "without SKIP all planes must be driven")
  `MCNN_ASSERT(no_used_plane_is_skipped, !(tick_o && first_o) || (used >> plane_o) <= ActBits'(1) || !skip_i,
               "a plane with a pulse must be driven")
  `MCNN_ASSERT(no_other_plane_is_driven, !(tick_o && first_o && skip_i) || 32'(plane_o) <= 1 || used[plane_o],
               "with SKIP the planes above the first with a pulse must be left out")
  `MCNN_ASSERT(plane_by_plane, !tick_o || first_o || (plane_o == last_plane_q - PlaneBits'(1) && last_plane_q != '0),
               "the planes must follow each other downwards, none twice and none left out")
  `MCNN_ASSERT(plane_in_its_time, !tick_o || first_o || 32'(since_q) == ReadClocks, "a plane must last as long as a read")
  `MCNN_ASSERT(down_to_the_last, !(advance_o && drives_q) || (tick_o ? plane_o == '0 : planes_q != '0 && last_plane_q == '0),
               "a beat must not end before its last plane")
  `MCNN_ASSERT(survey_at_the_first, survey_o == (skip_i && began_q) || (32'(ReadClocks) > 1 && survey_o && planes_q <= 8'd1),
               "the planes with a pulse must be asked for in the first clock")
  `MCNN_ASSERT(stall_is_one, !stall_o || (drives_q && !tick_o && last_plane_q == '0), "a stall must be a wait of the PEs")

  // ------------------------------------------------------------------------------------------------ delays, holds, walks
  logic [WalkDelay-1:0] ticks_q, holds_q;
  logic [7:0]           group_q;    // next group to be added of the step that was held last
  logic                 walked_q;   // all of them were, or there was none
  logic [7:0]           groups;
  assign groups = (8'(pairs_i) + 8'(Lanes - 1)) >> $clog2(Lanes);
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ticks_q <= '0;
      holds_q <= '0;
    end else begin
      ticks_q <= {ticks_q[WalkDelay-2:0], tick_o};
      holds_q <= flush_i ? '0 : {holds_q[WalkDelay-2:0], advance_o && drives_q};
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      walked_q <= 1'b1;
      walks_q  <= 1'b0;
      group_q  <= '0;
    end else if (flush_i) begin
      walked_q <= 1'b1;
      walks_q  <= 1'b0;
      group_q  <= '0;
    end else begin
      if (hold_o) begin
        walked_q <= 1'b0;
        group_q  <= '0;
      end else if (walk_valid_o && walk_add_o) begin
        group_q  <= group_q + 8'd1;
        walked_q <= group_q + 8'd1 == groups;
      end
      // Until the last token of the last step is out, whatever is on its way.
      walks_q <= (advance_o && drives_q) || (walks_q && !(walk_valid_o && walk_end_o));
    end
  end
  logic past_flush_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) past_flush_q <= 1'b0;
    else         past_flush_q <= flush_i;
  end
  `MCNN_ASSERT(code_tick_is_the_tick, code_tick_o == ticks_q[WalkDelay-2], "a plane's codes must be told when they are back")
  `MCNN_ASSERT(hold_behind_the_beat, hold_o == holds_q[WalkDelay-1], "the sums of a beat must be held once, behind its last codes")
  `MCNN_ASSERT(walked_before_the_next, !hold_o || walked_q || (walk_valid_o && walk_add_o && group_q + 8'd1 == groups),
               "all sums of a step must be added before the next ones are held")
  `MCNN_ASSERT(group_by_group, !(walk_valid_o && walk_add_o) || (!walked_q && 8'(walk_pairs_o) == group_q),
               "every group of a step must be added once, in order")
  // The groups of an output row of the arrays are those of its kernels, from 0 on.
  logic [7:0] kernel_groups;
  assign kernel_groups = (8'(kernels_i) + 8'(Lanes - 1)) >> $clog2(Lanes);
  logic                 past_walk_q;
  logic [GroupBits-1:0] past_pairs_q, past_group_q;
  logic [RowBits-1:0]   past_row_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) past_walk_q <= 1'b0;
    else         past_walk_q <= walk_valid_o && !flush_i;
  end
  always_ff @(posedge clk_i) {past_pairs_q, past_group_q, past_row_q} <= {walk_pairs_o, walk_group_o, walk_row_o};
  `MCNN_ASSERT(first_group_of_a_walk, !walk_valid_o || walk_pairs_o != '0 || (walk_group_o == '0 && walk_row_o == '0),
               "a walk must begin with the first kernels of the first output row")
  `MCNN_ASSERT(row_by_row, !(past_walk_q && walk_valid_o && walk_pairs_o != '0) ||
               (8'(past_group_q) + 8'd1 == kernel_groups ?
                walk_group_o == '0 && (Windows == 1 || walk_row_o == past_row_q + RowBits'(1)) :
                walk_group_o == past_group_q + GroupBits'(1) && walk_row_o == past_row_q),
               "the kernels of an output row must be walked before those of the next")
  `MCNN_ASSERT(flush_leaves_nothing, !past_flush_q || (!tick_o && !hold_o && !walk_valid_o && load_ready_o),
               "a flush must leave no step, plane or walk")

  `MCNN_COVER(two_beats, hold_o && walked_q && drives_q && waits_q, "a step is held, one driven, one waits")
  `MCNN_COVER(short_beat, advance_o && drives_q && planes_q == 8'd1 && skip_i, "a beat of two planes")

endmodule

`ifndef FORMAL
bind mcnn_beat_control beat_control_properties #(
  .NumPe(NumPe), .Windows(Windows), .Lanes(Lanes), .NumGroups(NumGroups), .ActBits(ActBits), .ReadClocks(ReadClocks), .WalkDelay(WalkDelay),
  .MaxDim(MaxDim)
) u_properties (.*);
`endif
