// SPDX-License-Identifier: Apache-2.0
// mcnn_sequencer: rows one after another, one pass for each, no two roles for one buffer, an image taken when there is one, a run that is
// done when its images are, stops that are asked for, and that abort and errors end it in the next clock.
`include "formal.svh"

module sequencer_properties #(
  parameter  int unsigned NumPe       = 2,
  parameter  int unsigned NumLayers   = 4,
  localparam int unsigned RowWidth    = 32 * (8 + (NumPe + 3) / 4 + (NumPe > 32 ? 1 : 0)),
  localparam int unsigned LayerBits   = $clog2(NumLayers)
) (
  input logic                 clk_i,
  input logic                 rst_ni,
  input logic                 start_i,
  input logic                 abort_i,
  input logic                 resume_i,
  input logic                 halt_i,
  input logic [31:0]          image_count_i,
  input logic [7:0]           layer_count_i,
  input logic                 busy_o,
  input logic                 halted_o,
  input logic                 done_event_o,
  input logic                 halted_event_o,
  input logic [LayerBits-1:0] layer_o,
  input logic [1:0]           in_buffer_o,
  input logic [1:0]           out_buffer_o,
  input logic [1:0]           load_buffer_o,
  input logic                 fatal_i,
  input logic                 layer_invalid_o,
  input logic                 flush_o,
  input logic                 image_ready_i,
  input logic                 image_take_o,
  input logic                 frame_start_o,
  input logic                 result_busy_i,
  input logic                 result_send_o,
  input logic                 row_re_o,
  input logic [LayerBits-1:0] row_addr_o,
  input logic [RowWidth-1:0]  row_i,
  input logic                 start_o,
  input logic                 start_late_o,
  input logic                 pass_done_i,
  input logic                 final_o,
  input logic                 clock_o,
  input logic                 layer_clock_o,
  input logic                 stall_image_o,
  input logic                 stall_result_o,
  // inside
  input logic [2:0]           state_q,
  input logic [LayerBits-1:0] layer_q,
  input logic [31:0]          images_left_q
);

  // ------------------------------------------------------------------------------------------------------ surroundings
  // Set-up as START found it good, and constant in a run; a pass is done after its start; a result is sent to its end.
  logic        past_busy_q, past_stop_q, past_done_q, past_halted_q, past_resume_q, past_take_q, past_start_q, past_run_start_q;
  logic        past_halted_event_q, past_re_q;
  logic [40:0] settings, past_settings_q;
  logic        pass_q;  // a pass goes on
  logic        stop;
  assign settings = {halt_i, image_count_i, layer_count_i};
  assign stop     = abort_i || fatal_i || layer_invalid_o;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {past_busy_q, past_stop_q, past_done_q, past_halted_q, past_resume_q, past_take_q, past_start_q, past_run_start_q,
       past_halted_event_q, past_re_q} <= '0;
      pass_q <= 1'b0;
    end else begin
      past_busy_q         <= busy_o;
      past_stop_q         <= stop;
      past_done_q         <= done_event_o;
      past_halted_q       <= halted_o;
      past_resume_q       <= resume_i;
      past_take_q         <= image_take_o;
      past_start_q        <= start_o;
      past_run_start_q    <= start_i;
      past_halted_event_q <= halted_event_o;
      past_re_q           <= row_re_o;
      pass_q              <= busy_o && !stop && (start_o || (pass_q && !pass_done_i));
    end
  end
  always_ff @(posedge clk_i) past_settings_q <= settings;
  `MCNN_ASSUME(start_when_idle, !start_i || (!busy_o && !abort_i), "a run must begin when there is none")
  `MCNN_ASSUME(good_settings, !(start_i || busy_o) || (image_count_i != '0 && layer_count_i != '0 && 32'(layer_count_i) <= NumLayers),
               "the settings must have been checked")
  `MCNN_ASSUME(settings_stay, !(busy_o && (past_busy_q || past_run_start_q)) || settings == past_settings_q,
               "the settings must be constant in a run")
  `MCNN_ASSUME(done_after_start, !pass_done_i || pass_q, "a pass must be done once, after its start")

  // ------------------------------------------------------------------------------------------------------------- buffers
  logic [5:0] roles, past_roles_q;
  assign roles = {in_buffer_o, out_buffer_o, load_buffer_o};
  logic past_known_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) past_known_q <= 1'b0;
    else         past_known_q <= 1'b1;
  end
  always_ff @(posedge clk_i) past_roles_q <= roles;
  // What a row reads and writes, by name; the buffers of the image and of the one that loads are 0 and 2.
  logic [1:0] input_q, output_q, image;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {input_q, output_q} <= {2'd0, 2'd1};
    else if (start_o) {input_q, output_q} <= {row_i[209:208], row_i[211:210]};
  end
  assign image = 2'd2 - load_buffer_o;
  function automatic logic [1:0] named(input logic [1:0] name, input logic [1:0] of_image);
    named = name == 2'd0 ? of_image : name == 2'd1 ? 2'd1 : 2'd3;
  endfunction
  `MCNN_ASSERT(buffers_by_name, in_buffer_o == named(input_q, image) && out_buffer_o == named(output_q, image),
               "a row must read and write the buffers that it names")
  `MCNN_ASSERT(image_or_load, load_buffer_o == 2'd0 || load_buffer_o == 2'd2, "images must be in one of two buffers in turn")
  `MCNN_ASSERT(no_row_meets_the_load, !pass_q || (in_buffer_o != load_buffer_o && out_buffer_o != load_buffer_o),
               "no row must read or write the buffer that loads")
  `MCNN_ASSERT(image_becomes_buffer_0, !past_take_q || load_buffer_o == 2'd2 - past_roles_q[1:0],
               "a taken image must become buffer 0, and the old one load")
  `MCNN_ASSERT(load_buffer_stays, !past_known_q || past_take_q || load_buffer_o == past_roles_q[1:0],
               "the buffer that loads must stay until its image is taken")

  // --------------------------------------------------------------------------------------------------------------- run
  logic [31:0] taken_q;   // images of the run
  logic [8:0]  passes_q;  // begun for the image
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      taken_q  <= '0;
      passes_q <= '0;
    end else begin
      taken_q  <= !busy_o ? '0 : taken_q + 32'(image_take_o);
      passes_q <= !busy_o || image_take_o ? '0 : passes_q + 9'(start_o);
    end
  end
  `MCNN_ASSERT(begins_with_start, !(busy_o && !past_busy_q) || past_run_start_q, "a run must begin with its start")
  `MCNN_ASSERT(start_is_obeyed, !past_run_start_q || busy_o || past_stop_q, "a start must begin a run")
  `MCNN_ASSERT(stops_at_once, !past_stop_q || !busy_o, "an abort or an error must end the run in the next clock")
  `MCNN_ASSERT(flush_with_the_stop, flush_o == (busy_o && stop), "the end of a run by an abort or an error must be told to everybody")
  `MCNN_ASSERT(ends_when_done, !(past_busy_q && !busy_o) || past_stop_q || past_done_q, "a run must go on until it is done")
  `MCNN_ASSERT(done_ends, !past_done_q || !busy_o, "a run must be over when it is done")
  `MCNN_ASSERT(done_with_all_images, !done_event_o || (taken_q == image_count_i && passes_q == 9'(layer_count_i) && !pass_q),
               "a run must be done after all rows of all its images")
  `MCNN_ASSERT(done_with_all_results, !done_event_o || !result_busy_i, "a run must not be done before its last result is sent")
  `MCNN_ASSERT(images_of_the_run, !image_take_o || (busy_o && image_ready_i && taken_q < image_count_i && !pass_q),
               "an image must be taken when it is there, between two passes, and no more than asked for")
  `MCNN_ASSERT(no_image_for_a_stop, !image_take_o || !stop, "an image must not be taken by a run that ends")
  `MCNN_ASSERT(all_rows_of_an_image, !image_take_o || taken_q == '0 || passes_q == 9'(layer_count_i),
               "an image must not be taken before all rows of the last one have run")
  `MCNN_ASSERT(frame_start, frame_start_o == past_take_q, "a frame must begin with each image")

  // -------------------------------------------------------------------------------------------------------------- passes
  logic row_read_q, past_final_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) row_read_q <= 1'b0;
    else         row_read_q <= row_re_o ? 1'b1 : row_read_q && !start_o;
  end
  always_ff @(posedge clk_i) past_final_q <= row_i[0];
  `MCNN_ASSERT(row_by_row, !start_o || (9'(layer_o) == passes_q && passes_q < 9'(layer_count_i) && taken_q != '0),
               "the rows must run in their order, each once an image")
  `MCNN_ASSERT(one_pass_at_a_time, !start_o || (busy_o && !pass_q && !halted_o && !stop), "a pass must begin when none goes on")
  `MCNN_ASSERT(late_start, start_late_o == past_start_q, "the late start must follow the start")
  `MCNN_ASSERT(logits_wait, !start_o || !row_i[0] || !result_busy_i, "a row with logits must wait until the last result is sent")
  `MCNN_ASSERT(row_was_read, !start_o || row_read_q, "a row must be read before it runs")
  `MCNN_ASSERT(row_stays, !past_start_q || past_final_q == final_o, "a row must run as it was read")
  `MCNN_ASSERT(send_after_the_last, result_send_o == (pass_q && pass_done_i && 8'(layer_o) + 8'd1 == layer_count_i && busy_o && !stop),
               "a result must be sent when the last row has run, and only then")
  // --------------------------------------------------------------------------------------------------------------- halt
  `MCNN_ASSERT(halt_is_asked_for, !halted_event_o || (halt_i && pass_done_i), "a run must halt where it is asked to, after a row")
  `MCNN_ASSERT(halted_after_the_event, halted_o == (past_halted_q ? !past_resume_q && !past_stop_q : past_halted_event_q),
               "a run must be halted from the event on until it is resumed")
  `MCNN_ASSERT(halts_behind_the_last, !(halt_i && result_send_o) || halted_event_o, "with HALT a run must stop behind the last row")
  `MCNN_ASSERT(rests_when_halted, !halted_o || (!start_o && !image_take_o && !done_event_o && !clock_o && !layer_clock_o),
               "nothing must happen while a run is halted")

  // ------------------------------------------------------------------------------------------------------- bounded waiting
  // Clocks of a run in which nothing goes on: no pass, and no image, result or RESUME to wait for.
  logic [3:0] idle_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) idle_q <= '0;
    else idle_q <= busy_o && !pass_q && !stall_image_o && !stall_result_o && !halted_o ? idle_q + 4'd1 : '0;
  end
  `MCNN_ASSERT(goes_on, idle_q <= 4'd3, "a run must go on in bounded time")
  `MCNN_ASSERT(waits_for_an_image, !stall_image_o || !image_ready_i, "a wait for an image must be one")
  `MCNN_ASSERT(waits_for_a_result, !stall_result_o || result_busy_i || done_event_o || stop, "a wait for a result must be one")

  // ------------------------------------------------------------------------------------------------------------- inside
  // Idle, WaitImage, Setup, Run, Halted, Reload, Finish: how the counts here stand to the states, so that the rest follows from one
  // clock to the next.
  logic counted;
  always_comb begin
    counted = 1'b1;
    unique case (state_q)
      3'd0:    counted = taken_q == '0 || past_busy_q;
      3'd1:    counted = images_left_q != '0 && (taken_q == '0 ? passes_q == '0 : passes_q == 9'(layer_count_i));
      3'd2:    counted = passes_q == 9'(layer_q) && passes_q < 9'(layer_count_i) && taken_q != '0 && row_read_q;
      3'd3:    counted = passes_q == 9'(layer_q) + 9'd1 && passes_q <= 9'(layer_count_i) && taken_q != '0;
      3'd4:    counted = passes_q == 9'(layer_q) + 9'd1 && passes_q <= 9'(layer_count_i) && taken_q != '0;
      3'd5:    counted = passes_q == 9'(layer_q) && passes_q < 9'(layer_count_i) && taken_q != '0;
      3'd6:    counted = passes_q == 9'(layer_count_i) && images_left_q == '0;
      default: counted = 1'b0;
    endcase
  end
  `MCNN_ASSERT(counts_and_states, counted, "the counts of a state")
  `MCNN_ASSERT(a_pass_is_a_state, pass_q == (state_q == 3'd3), "a pass")
  `MCNN_ASSERT(images_are_counted, !busy_o || (images_left_q + taken_q == image_count_i && taken_q <= image_count_i), "the images of the run")
  `MCNN_ASSERT(images_are_loaded, busy_o || !past_known_q || past_busy_q || images_left_q == past_settings_q[39:8], "the images to come")
  `MCNN_ASSERT(a_start_is_a_run, !(past_run_start_q || past_busy_q) || busy_o || past_stop_q || past_done_q, "a run")

  `MCNN_COVER(two_images, done_event_o && image_count_i == 32'd2 && layer_count_i == 8'd2, "a run of two images, two rows")
  `MCNN_COVER(halted_run, start_o && layer_o == LayerBits'(1) && halt_i && past_roles_q[5:4] == 2'd1, "a row behind a halt")

endmodule

`ifndef FORMAL
bind mcnn_sequencer sequencer_properties #(.NumPe(NumPe), .NumLayers(NumLayers)) u_properties (.*);
`endif
