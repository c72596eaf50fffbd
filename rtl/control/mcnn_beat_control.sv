// SPDX-License-Identifier: Apache-2.0
// Beat control: lets the three stages of a pass advance together. Fetch loads the windows of the next step, drive sends the
// planes of this one, reduce walks the sums of the last one; a beat ends when all three have done their part, so it
// is as long as its slowest stage and nothing here counts to a fixed length.
//
// The reduce walk is generated here, at the beat it belongs to, and delayed to where the sums are (`WalkDelay` clocks). It goes over
// the groups of Lanes pairs, for each output row of an array those of its kernels; after the last step of a pass it gives the
// partial sums out, once for every pooled column that
// contains this convolution column.
//
//   clock   B         advance: the loaded windows become the driven ones
//           B+1 ..    tick, one plane every ReadClocks clocks       walk of the beat before, one group a clock
`include "mcnn_assert.svh"

module mcnn_beat_control #(
  parameter  int unsigned NumPe       = 8,
  parameter  int unsigned Windows     = 1,   // output rows of an array, at most
  parameter  int unsigned Lanes       = 2,   // pairs of a group
  parameter  int unsigned NumGroups   = 8,   // groups of a pass
  parameter  int unsigned ActBits     = 8,   // bit planes
  parameter  int unsigned ReadClocks  = 1,   // clocks of a plane
  parameter  int unsigned WalkDelay   = 3,   // clocks from the walk to the sums
  parameter  int unsigned MaxDim      = 32,  // rows or columns of a map
  localparam int unsigned DimBits     = $clog2(MaxDim + 1),
  localparam int unsigned GroupBits   = (NumGroups > 1) ? $clog2(NumGroups) : 1,
  localparam int unsigned RowBits     = (Windows > 1) ? $clog2(Windows) : 1,
  localparam int unsigned PlaneBits   = $clog2(ActBits),
  localparam int unsigned WaitBits    = (ReadClocks > 1) ? $clog2(ReadClocks) : 1
) (
  input logic clk_i,
  input logic rst_ni,
  input logic start_i,  // a pass begins
  input logic flush_i,  // forget everything

  // the pass; constant while it runs, valid one clock after start_i
  input logic [5:0] kernels_i,
  input logic [5:0] pairs_i,
  input logic [7:0] out_width_i,
  input logic [DimBits-1:0] pool_columns_i,
  input logic [DimBits-1:0] pool_column_stride_i,
  input logic [7:0] pooled_width_i,
  input logic       skip_i,  // leave out the leading planes that are zero in every PE

  // fetch
  input  logic load_end_i,    // the last column of a step is loaded in this clock
  input  logic pass_first_i,  // with it: the step is the first of a pass,
  input  logic pass_last_i,   // the last of a pass,
  input  logic walk_last_i,   // the last of all
  output logic load_ready_o,  // columns may be loaded

  // drive
  output logic                 advance_o,
  input  logic [NumPe*ActBits-1:0] plane_used_i,  // planes with a pulse, of each PE
  output logic                 tick_o,
  output logic                 first_o,
  output logic [PlaneBits-1:0] plane_o,
  output logic                 survey_o,      // the planes with a pulse are needed
  output logic                 code_tick_o,   // tick_o when its codes are back
  output logic                 code_first_o,  // first_o, with it

  // counters
  output logic beat_o,   // a beat begins
  output logic stall_o,  // the PEs wait for fetch or reduce

  // reduce: the token of a walk, delayed to the sums
  output logic                 hold_o,          // the PEs hold their sums
  output logic                 walk_valid_o,
  output logic [GroupBits-1:0] walk_pairs_o,    // group of pairs in the PEs
  output logic [RowBits-1:0]   walk_row_o,      // output row of the arrays that it belongs to
  output logic [GroupBits-1:0] walk_group_o,    // group of kernels
  output logic                 walk_first_o,    // the partial sum begins
  output logic                 walk_add_o,      // the sums are added (once a step)
  output logic                 walk_emit_o,     // the partial sum is given out to a pooled column
  output logic [7:0]           walk_column_o,   // which one
  output logic                 walk_column_first_o,  // this is the first column of its window
  output logic                 walk_group_end_o,     // last token of a row group
  output logic                 walk_end_o            // last token of all
);

  // --------------------------------------------------------------------------------------------------------- fetch
  logic full_q;  // a step is loaded and waits
  logic next_first_q, next_last_q, next_end_q;
  logic have_step;
  assign have_step    = full_q || load_end_i;
  assign load_ready_o = !full_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                      full_q <= 1'b0;
    else if (flush_i || advance_o)    full_q <= 1'b0;
    else if (load_end_i)              full_q <= 1'b1;
  end
  always_ff @(posedge clk_i) begin
    if (load_end_i) begin
      next_first_q <= pass_first_i;
      next_last_q  <= pass_last_i;
      next_end_q   <= walk_last_i;
      `MCNN_CHECK(no_column_while_a_step_waits, !full_q, "a column must not be loaded while a whole step waits")
    end
  end

  // --------------------------------------------------------------------------------------------------------- drive
  logic                 drive_q;       // a step is driven
  logic                 drive_first_q, drive_last_q, drive_end_q;
  logic                 begin_q;       // first clock of the beat
  logic [PlaneBits-1:0] plane_q;
  logic [WaitBits-1:0]  wait_q;        // clocks of the plane that are over
  logic                 planes_done_q;
  logic                 plane_end, drive_done;

  // The highest plane with a pulse in any PE.
  logic [ActBits-1:0]   used;
  logic [PlaneBits-1:0] top_plane;
  always_comb begin
    used = '0;
    for (int unsigned p = 0; p < NumPe; p++) used = used | plane_used_i[p*ActBits+:ActBits];
    top_plane = PlaneBits'(1);  // at least two planes
    for (int unsigned b = 2; b < ActBits; b++) begin
      if (used[b] || !skip_i) top_plane = PlaneBits'(b);
    end
  end

  // Codes come back one clock before the sums are held.
  logic [WalkDelay-2:0] tick_q, first_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) tick_q <= '0;
    else         tick_q <= (WalkDelay - 1)'({tick_q, tick_o});
  end
  always_ff @(posedge clk_i) first_q <= (WalkDelay - 1)'({first_q, first_o});
  assign code_tick_o  = tick_q[WalkDelay-2];
  assign code_first_o = first_q[WalkDelay-2];

  assign plane_o    = begin_q ? top_plane : plane_q;
  assign tick_o     = drive_q && !planes_done_q && wait_q == '0;
  assign first_o    = begin_q;
  assign survey_o   = skip_i && begin_q;
  assign plane_end  = 32'(wait_q) == ReadClocks - 1;
  assign drive_done = !drive_q || planes_done_q || (plane_end && plane_o == '0);
  assign stall_o    = drive_q && planes_done_q;
  assign beat_o     = advance_o && have_step;

  // After the last step there is none to wait for.
  assign advance_o = drive_done && reduce_done && (have_step || (drive_q && drive_end_q));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      drive_q       <= 1'b0;
      begin_q       <= 1'b0;
      planes_done_q <= 1'b0;
      wait_q        <= '0;
    end else if (flush_i) begin
      drive_q       <= 1'b0;
      begin_q       <= 1'b0;
      planes_done_q <= 1'b0;
      wait_q        <= '0;
    end else if (advance_o) begin
      drive_q       <= have_step;
      begin_q       <= have_step;
      planes_done_q <= 1'b0;
      wait_q        <= '0;
    end else if (drive_q && !planes_done_q) begin
      begin_q <= begin_q && !plane_end;
      wait_q  <= plane_end ? '0 : wait_q + WaitBits'(1);
      if (plane_end && plane_o == '0) planes_done_q <= 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (advance_o) begin
      drive_first_q <= load_end_i ? pass_first_i : next_first_q;
      drive_last_q  <= load_end_i ? pass_last_i : next_last_q;
      drive_end_q   <= load_end_i ? walk_last_i : next_end_q;
    end
    if (drive_q && plane_end) plane_q <= plane_o - PlaneBits'(1);
  end

  // ---------------------------------------------------------------------------------------------------- reduce walk
  logic                 reduce_q, reduce_first_q, reduce_last_q, reduce_end_q;
  logic [GroupBits-1:0] pairs_q;          // groups of pairs that are over
  logic [GroupBits-1:0] group;            // of the output row
  logic [RowBits-1:0]   row;              // output row
  logic                 again_q;          // the groups are walked once more
  logic [7:0]           x_q;              // convolution column
  logic [7:0]           open_q, px_q;     // lowest open pooled column; the one that is given out to
  logic [8:0]           open_x_q, px_x_q; // first columns of their windows
  logic                 group_last, open, more, walk_done, reduce_done, closes, row_end;
  logic [8:0]           px_x_next, open_x_next;
  logic [7:0]           open_next;

  assign group_last  = ends(pairs_q, pairs_i);
  assign open        = reduce_last_q && px_x_q <= 9'(x_q) && px_q < pooled_width_i;
  assign px_x_next   = px_x_q + 9'(pool_column_stride_i);
  assign more        = open && px_x_next <= 9'(x_q) && px_q + 8'd1 < pooled_width_i;
  assign walk_done   = group_last && !more;
  assign reduce_done = !reduce_q || walk_done;
  assign row_end     = x_q + 8'd1 == out_width_i;
  assign closes      = open_x_q + 9'(pool_columns_i) == 9'(x_q) + 9'd1;
  assign open_next   = closes ? open_q + 8'd1 : open_q;
  assign open_x_next = closes ? open_x_q + 9'(pool_column_stride_i) : open_x_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)        reduce_q <= 1'b0;
    else if (flush_i)   reduce_q <= 1'b0;
    else if (advance_o) reduce_q <= drive_q;
    else if (walk_done) reduce_q <= 1'b0;
  end
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      x_q      <= '0;
      open_q   <= '0;
      open_x_q <= '0;
      px_q     <= '0;
      px_x_q   <= '0;
    end else if (reduce_q && group_last) begin
      if (more) begin
        px_q   <= px_q + 8'd1;
        px_x_q <= px_x_next;
      end else if (reduce_last_q) begin
        x_q      <= row_end ? '0 : x_q + 8'd1;
        open_q   <= row_end ? '0 : open_next;
        open_x_q <= row_end ? '0 : open_x_next;
        px_q     <= row_end ? '0 : open_next;
        px_x_q   <= row_end ? '0 : open_x_next;
      end
    end
    if (advance_o) begin
      reduce_first_q <= drive_first_q;
      reduce_last_q  <= drive_last_q;
      reduce_end_q   <= drive_end_q;
    end
    if (advance_o) begin
      pairs_q <= '0;
      again_q <= 1'b0;
    end else if (reduce_q) begin
      pairs_q <= group_last ? '0 : pairs_q + GroupBits'(1);
      if (group_last) again_q <= 1'b1;
    end
  end

  // A group is the last one of so many pairs or kernels.
  function automatic logic ends(input logic [GroupBits-1:0] group_of, input logic [5:0] count);
    ends = ((7'(group_of) + 7'd1) << $clog2(Lanes)) >= 7'(count);
  endfunction

  if (Windows > 1) begin : gen_rows
    logic [GroupBits-1:0] group_q;
    logic [RowBits-1:0]   row_q;
    always_ff @(posedge clk_i) begin
      if (advance_o || (reduce_q && group_last)) begin
        group_q <= '0;
        row_q   <= '0;
      end else if (reduce_q) begin
        group_q <= ends(group_q, kernels_i) ? '0 : group_q + GroupBits'(1);
        if (ends(group_q, kernels_i)) row_q <= row_q + RowBits'(1);
      end
    end
    assign group = group_q;
    assign row   = row_q;
  end else begin : gen_one_row
    logic unused_kernels;
    assign unused_kernels = ^kernels_i;
    assign group = pairs_q;
    assign row   = '0;
  end

  // ---------------------------------------------------------------------------------------------- delay to the sums
  localparam int unsigned TokenBits = 2 * GroupBits + RowBits + 8 + 6;
  logic [TokenBits-1:0] token_q[WalkDelay];
  logic [WalkDelay-1:0] valid_q;
  logic [WalkDelay-1:0] hold_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= '0;
      hold_q  <= '0;
    end else if (flush_i) begin
      valid_q <= '0;
      hold_q  <= '0;
    end else begin
      valid_q <= WalkDelay'({valid_q, reduce_q});
      hold_q  <= WalkDelay'({hold_q, advance_o && drive_q});
    end
  end
  always_ff @(posedge clk_i) begin
    if (reduce_q)
      token_q[0] <= {pairs_q, row, group, px_q, reduce_first_q, !again_q, open, px_x_q == 9'(x_q),
                     walk_done && reduce_last_q && row_end, walk_done && reduce_end_q};
    for (int unsigned i = 1; i < WalkDelay; i++)
      if (valid_q[i-1]) token_q[i] <= token_q[i-1];
  end
  assign hold_o       = hold_q[WalkDelay-1];
  assign walk_valid_o = valid_q[WalkDelay-1];
  assign {walk_pairs_o, walk_row_o, walk_group_o, walk_column_o, walk_first_o, walk_add_o, walk_emit_o, walk_column_first_o,
          walk_group_end_o, walk_end_o} = token_q[WalkDelay-1];

endmodule
